/* SPDX-License-Identifier: MIT */
/* Hosts, middleboxes, links, lets: what there is before anything moves. */
#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "scenario/internal.h"

/* ---- let ---- */

struct let *let_parse(struct reader *r, const struct item *item)
{
    struct let *let = arena_take(r->working, sizeof *let);
    cursor_set(r, item, false);
    cursor_next(r);
    if (r->word.kind != TOKEN_WORD || !is_name(r->word.text, r->word.length)) {
        expected(r, "a name", "write `let NAME = 5s`");
        return NULL;
    }
    let->name = arena_copy(r->kept, r->word.text, r->word.length);
    let->place = r->word.place;
    cursor_next(r);
    if (!cursor_require_sign(r, TOKEN_EQUALS, "=", "write `let NAME = 5s`, or a range `5s..40s`"))
        return NULL;
    struct word word = r->word;
    if (word.kind != TOKEN_WORD && word.kind != TOKEN_STRING) {
        expected(r, "a value", "write a value, a word, or a range as in 5s..40s");
        return NULL;
    }
    let->token =
        (struct token){.text = word.text, .length = word.length, .column = word.place.column, .width = word.place.width, .kind = word.kind};
    if (!value_range(r, &word, let, &let->range))
        return NULL;
    cursor_next(r);
    return cursor_end(r, "a let stands for one word; text of several stands in double quotes") ? let : NULL;
}

/* ---- overrides of a profile ---- */

static const char *override_hint(struct reader *r, const struct word *word)
{
    static const struct {
        const char *other, *name;
    } others[] = {{"rto", "rto_min, rto_max or rto_initial"},
                  {"tcp_fin_timeout", "fin_timeout"},
                  {"timewait", "time_wait"},
                  {"congestion", "cc"},
                  {"congestion_control", "cc"},
                  {"ports", "local_port_range"},
                  {"ip_local_port_range", "local_port_range"},
                  {"delayed_ack", "delack"}};
    struct near near;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (word_is(word, others[i].other))
            return hint(r, "did you mean %s?", others[i].name);
    uint32_t skip = word->length > 4 && memcmp(word->text, "tcp_", 4) == 0 ? 4 : 0; /* the sysctl's prefix */
    near_start(r, &near, word->text + skip, word->length - skip);
    for (int i = 0; i < PROFILE_FIELDS; i++)
        near_try(&near, profile_field_name((enum profile_field)i));
    near_try(&near, "local_port_range");
    near_try(&near, "isn");
    for (int i = 0; i < PROFILES; i++)
        near_try(&near, profile_name((enum profile_id)i));
    return near_hint(r, &near, "`lastack profiles` lists every name");
}

static bool field_of(const struct word *word, enum profile_field *field)
{
    char name[40];
    if (word->kind != TOKEN_WORD || word->length >= sizeof name)
        return false;
    memcpy(name, word->text, word->length);
    name[word->length] = '\0';
    return profile_field_find(name, field);
}

static bool choice_taken(struct reader *r, enum profile_field field, struct value *out)
{
    const char *words[16];
    int n = 0;
    for (const char *name; n < 15 && (name = profile_choice_name(field, n)) != NULL; n++)
        words[n] = name;
    words[n] = NULL;
    int index = word_index(&r->word, words);
    if (index < 0) {
        char list[160] = "write one of";
        for (int i = 0; i < n; i++)
            if (strlen(list) + strlen(words[i]) + 2 < sizeof list)
                strcat(strcat(list, " "), words[i]);
        char what[64] = "a value of ";
        strncat(what, profile_field_name(field), 40);
        return expected(r, what, near_of(r, &r->word, words, list));
    }
    *out = (struct value){index, index, NULL};
    cursor_next(r);
    return true;
}

/* Kept in 32 bits of microseconds. */
static bool rto_taken(struct reader *r, enum profile_field field, const struct word *word, const struct value *value)
{
    if ((field == PROFILE_rto_initial || field == PROFILE_rto_min || field == PROFILE_rto_max) && value->high > 3600 * NS_PER_S)
        return report(r, word->place, NULL, "a retransmission timeout is at most 1h"), false;
    return true;
}

static bool field_value_taken(struct reader *r, enum profile_field field, struct value *out)
{
    const struct word word = r->word;
    int64_t on = 0;
    *out = (struct value){0, 0, NULL};
    switch (profile_field_unit(field)) {
    case UNIT_DURATION:
        if (word_is(&r->word, "off") || word_is(&r->word, "none")) {
            out->low = out->high = TIME_NEVER;
            cursor_next(r);
            return rto_taken(r, field, &word, out);
        }
        return duration_taken(r, out, "a duration") && rto_taken(r, field, &word, out);
    case UNIT_BYTES:
        return size_taken(r, out, "a size");
    case UNIT_COUNT:
        return count_taken(r, out, field == PROFILE_tw_reuse ? "0, 1 or 2" : "a number", 0, field == PROFILE_tw_reuse ? 2 : INT32_MAX);
    case UNIT_SWITCH:
        if (!switch_taken(r, &on))
            return false;
        out->low = out->high = on;
        return true;
    case UNIT_CHOICE:
        return choice_taken(r, field, out);
    }
    return false;
}

/* What one override implies for its relatives, unless they are given too. */
static void field_implies(struct reader *r, struct story_node *node, const uint32_t *given, enum profile_field field,
                          const struct value *value)
{
    struct tcp_profile *profile = &node->profile;
    bool time_wait_given = (given[PROFILE_time_wait / 32] >> (PROFILE_time_wait % 32) & 1) != 0;
    if (field == PROFILE_msl && !time_wait_given && value->high < TIME_NEVER / 2) { /* RFC 9293 section 3.6.1: TIME_WAIT lasts two MSL */
        profile->time_wait = 2 * value->low;
        if (value->let != NULL) {
            store_add(r, &profile->time_wait, 8, value, 0, false);
            store_add(r, &profile->time_wait, 8, value, 0, true);
        }
    }
    if (field == PROFILE_delack && profile->delack_max < value->high)
        profile->delack_max = value->high;
}

static bool port_range_taken(struct reader *r, struct story_node *node)
{
    struct value low, high;
    struct word word = r->word;
    uint32_t dots = word.kind == TOKEN_WORD ? word_find(&word, "..") : 0;
    if (word.kind != TOKEN_WORD || dots == word.length)
        return expected(r, "a range of ports", "write local_port_range 40000..40999");
    struct word part = word_part(r, &word, 0, dots);
    if (!value_count(r, &part, "a port", 1, 65535, &low))
        return false;
    part = word_part(r, &word, dots + 2, word.length - dots - 2);
    if (!value_count(r, &part, "a port", 1, 65535, &high))
        return false;
    if (low.low > high.low)
        return report(r, word.place, NULL, "%.*s ends before it begins", SHOWN(&word)), false;
    node->port_low = (uint16_t)low.low;
    node->port_high = (uint16_t)high.low;
    cursor_next(r);
    return true;
}

static bool overrides_read(struct reader *r, struct story_node *node)
{
    uint32_t *given = node->overridden;
    bool ports_given = false;
    while (!cursor_at_end(r)) {
        struct word word = r->word;
        enum profile_field field = 0;
        struct value value;
        bool again, port_range = word_is(&word, "local_port_range"), isn = word_is(&word, "isn"), known = field_of(&word, &field);
        if (!port_range && !isn && !known)
            return expected(r, "an override", override_hint(r, &word));
        again = port_range ? ports_given : isn ? node->isn_fixed : (given[field / 32] >> (field % 32) & 1) != 0;
        if (again)
            return report(r, word.place, NULL, "%.*s is given twice", SHOWN(&word)), false;
        cursor_next(r);
        if (port_range) {
            ports_given = true;
            if (!port_range_taken(r, node))
                return false;
        } else if (isn) {
            node->isn_fixed = true;
            if (!count_taken(r, &value, "a sequence number", 0, UINT32_MAX))
                return false;
            STORE(r, node->isn, &value);
        } else {
            if (!field_value_taken(r, field, &value))
                return false;
            given[field / 32] |= UINT32_C(1) << (field % 32);
            int64_t *place = &((int64_t *)(void *)&node->profile)[field];
            STORE(r, *place, &value);
            field_implies(r, node, given, field, &value);
        }
    }
    return true;
}

/* ---- hosts and middleboxes ---- */

static const char *asked_profile(const struct reader *r, const char *host)
{
    const char *name = r->options->profile_all;
    for (unsigned i = 0; i < r->options->host_profile_count; i++)
        if (strcmp(r->options->host_profiles[i].host, host) == 0)
            name = r->options->host_profiles[i].profile;
    return name;
}

static bool profile_of(const struct word *word, enum profile_id *id)
{
    char name[24];
    if (word->kind != TOKEN_WORD || word->length >= sizeof name)
        return false;
    memcpy(name, word->text, word->length);
    name[word->length] = '\0';
    return profile_find(name, id);
}

static bool host_read(struct reader *r, struct story_node *node)
{
    enum profile_id id = PROFILE_LINUX;
    if (profile_of(&r->word, &id))
        cursor_next(r);
    else if (r->word.kind == TOKEN_WORD) {
        enum profile_field field;
        if (!field_of(&r->word, &field) && !word_is(&r->word, "isn") && !word_is(&r->word, "local_port_range"))
            return expected(r, "a profile or an override", override_hint(r, &r->word));
    }
    const char *asked = asked_profile(r, node->name);
    if (asked != NULL)
        profile_find(asked, &id); /* options_check has refused unknown ones */
    node->base = id;
    node->profile = *profile_defaults(id);
    node->port_low = id == PROFILE_LINUX ? 32768 : 49152;
    node->port_high = id == PROFILE_LINUX ? 60999 : 65535;
    return overrides_read(r, node);
}

static bool middlebox_read(struct reader *r, struct story_node *node)
{
    static const char *const form[] = {"write `firewall fw  idle 350s  then drop`", "write `nat gw  idle 5min  closing 4min  then reset`"};
    const char *help = form[node->kind == NODE_NAT];
    struct value value;
    node->idle_ns = node->closing_ns = TIME_NEVER; /* conntrack's limits hold */
    if (cursor_take(r, "idle")) {
        if (!duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, node->idle_ns, &value);
    } else if (!word_is(&r->word, "closing") && !word_is(&r->word, "then")) {
        return cursor_require(r, "idle", help);
    }
    if (cursor_take(r, "closing")) {
        if (!duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, node->closing_ns, &value);
    }
    if (!cursor_require(r, "then", help))
        return false;
    node->reset = word_is(&r->word, "reset");
    if (!node->reset && !word_is(&r->word, "drop"))
        return expected(r, "drop or reset", help);
    cursor_next(r);
    return cursor_end(r, help);
}

/* Words that a line may begin an end or a path with; a host of that name could not be told apart. */
static const char *const no_host_names[] = {"never", "wire", "verdict", "breaks", "maybe", "every", "any", "data",
                                            "probe", "SYN",  "FIN",     "RST",    "ACK",   "none",  NULL};

/* All nodes are known before any line is read that names one. */
static void node_declare(struct reader *r, const struct item *item)
{
    struct story *story = r->story;
    cursor_set(r, item, false);
    enum node_kind kind = word_is(&r->word, "firewall") ? NODE_FIREWALL : word_is(&r->word, "nat") ? NODE_NAT : NODE_HOST;
    cursor_next(r);
    if (r->word.kind != TOKEN_WORD || !is_name(r->word.text, r->word.length)) {
        expected(r, "a name", "a name is letters, digits, _ and -, a letter first");
        return;
    }
    if (word_index(&r->word, no_host_names) >= 0) {
        report(r, r->word.place, "call it something else", "%.*s is a word of the language", SHOWN(&r->word));
        return;
    }
    if (story->node_count == SCENARIO_NODES_MAX) {
        report(r, r->word.place, NULL, "a scenario has at most %u hosts and middleboxes", SCENARIO_NODES_MAX);
        return;
    }
    bool found;
    char *name = arena_copy(r->kept, r->word.text, r->word.length);
    uint32_t *index = table_put(&r->table, TABLE_NODE, r->variant, name, r->word.length, &found);
    if (found)
        return;
    *index = story->node_count;
    story->nodes[story->node_count++] = (struct story_node){.name = name, .kind = kind, .place = r->word.place};
}

static bool node_read(struct reader *r, const struct item *item, bool inherited)
{
    cursor_set(r, item, inherited);
    cursor_next(r);
    uint16_t index = node_find(r, &r->word);
    if (index == STORY_NONE)
        return false;
    struct story_node *node = &r->story->nodes[index];
    cursor_next(r);
    return node->kind == NODE_HOST ? host_read(r, node) : middlebox_read(r, node);
}

/* ---- the whole ---- */

static bool link_read(struct reader *r)
{
    struct story *story = r->story;
    uint16_t a, b;
    bool both;
    struct place place = r->word.place;
    cursor_next(r);
    struct word first = r->word;
    if (!path_taken(r, &a, &b, &both, PATH_NODES))
        return false;
    unsigned direction = 0;
    const struct story_link *known = link_between(r, a, b, &direction);
    if (!both && known == NULL) {
        report(r, place,
               hint(r, "write `link %.*s -- %s ...` above it; this line then changes one direction", SHOWN(&first), story->nodes[b].name),
               "there is no such link yet");
        return false;
    }
    struct story_link *link = both ? &story->links[story->link_count++] : &story->links[known - story->links];
    if (both)
        *link = (struct story_link){.a = a, .b = b, .place = place};
    uint32_t index = (uint32_t)(link - story->links);
    if (both)
        link_add(r, index);
    struct link_params *params[2] = {&link->dir[both ? 0 : direction], &link->dir[1]};
    const struct link_now *now = &r->link_now[index];
    const uint32_t first_use[2] = {now->first_use[both ? 0 : direction], now->first_use[1]};
    bool read = link_words(r, params, first_use, both ? 2 : 1);
    for (unsigned i = 0; i < 2; i++)
        if (both || i == direction)
            r->link_now[index].last_use[i] = r->use_count;
    return read;
}

/* The group of each node by the links between them. */
static void reach(struct reader *r)
{
    const struct story *story = r->story;
    r->reached = arena_take(r->working, story->node_count + 1u);
    for (uint16_t i = 0; i < story->node_count; i++)
        r->reached[i] = (uint8_t)i;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < story->link_count; i++) {
            uint8_t a = r->reached[story->links[i].a], b = r->reached[story->links[i].b];
            for (uint16_t n = 0; a != b && n < story->node_count; n++)
                if (r->reached[n] == (a > b ? a : b))
                    r->reached[n] = a > b ? b : a;
            changed = changed || a != b;
        }
    }
}

bool joined(const struct reader *r, uint16_t a, uint16_t b)
{
    return r->reached[a] == r->reached[b];
}

/* A node that nobody reaches may be another one's name, misspelt: a variant that states it again. */
static const char *unlinked_hint(struct reader *r, uint16_t lone, const uint32_t *counts)
{
    const struct story_node *node = &r->story->nodes[lone];
    struct near near;
    near_start(r, &near, node->name, (uint32_t)strlen(node->name));
    for (uint16_t i = 0; i < r->story->node_count && near.distance > 0; i++)
        if (i != lone && counts[i] > 0)
            near_try(&near, r->story->nodes[i].name);
    if (near.best != NULL && node->kind == NODE_HOST)
        return hint(r, "did you mean %s? If not, write `link %s -- HOST  delay 10ms`", near.best, node->name);
    if (near.best != NULL)
        return hint(r, "did you mean %s? If not: a firewall or nat stands between exactly two links", near.best);
    return node->kind == NODE_HOST ? hint(r, "write `link %s -- HOST  delay 10ms`", node->name)
                                   : "a firewall or nat stands between exactly two links";
}

static void links_check(struct reader *r, bool complete)
{
    const struct story *story = r->story;
    uint32_t counts[SCENARIO_NODES_MAX] = {0};
    for (uint32_t i = 0; i < story->link_count; i++) {
        counts[story->links[i].a]++;
        counts[story->links[i].b]++;
    }
    for (uint16_t i = 0; i < story->node_count && complete; i++) {
        const struct story_node *node = &story->nodes[i];
        uint32_t links = counts[i];
        if (mentioned(r, node->name))
            continue;
        if (node->kind == NODE_HOST && links == 0)
            report(r, node->place, unlinked_hint(r, i, counts), "no link reaches %s", node->name);
        else if (node->kind != NODE_HOST && links != 2)
            report(r, node->place, unlinked_hint(r, i, counts), "%s has %" PRIu32 " link%s", node->name, links, links == 1 ? "" : "s");
    }
}

void world_read(struct reader *r)
{
    bool complete = true;
    for (uint32_t i = 0; i < r->list_count; i++) {
        enum item_kind kind = r->items[r->list[i].item].kind;
        if (kind == ITEM_HOST || kind == ITEM_MIDDLEBOX)
            node_declare(r, &r->items[r->list[i].item]);
    }
    for (uint32_t i = 0; i < r->list_count; i++) {
        const struct item *item = &r->items[r->list[i].item];
        if ((item->kind == ITEM_HOST || item->kind == ITEM_MIDDLEBOX) && !node_read(r, item, r->list[i].inherited))
            mention_line(r, item);
    }
    links_start(r);
    for (uint32_t i = 0; i < r->list_count; i++) {
        const struct item *item = &r->items[r->list[i].item];
        if (item->kind != ITEM_LINK)
            continue;
        cursor_set(r, item, r->list[i].inherited);
        if (!link_read(r)) {
            mention_line(r, item);
            complete = false;
        }
    }
    reach(r);
    links_check(r, complete);
}
