/* SPDX-License-Identifier: MIT */
/* The words of a link, which are tc-netem's. */
#include "scenario/internal.h"

#include <stddef.h>
#include <string.h>

#define GEMODEL_H_DEFAULT PPB_ONE /* every segment is lost in the bad state */
#define GEMODEL_K_DEFAULT 0 /* none in the good one */

void links_start(struct reader *r)
{
    uint32_t nodes = r->story->node_count, links = 0;
    for (uint32_t i = 0; i < r->list_count; i++)
        links += r->items[r->list[i].item].kind == ITEM_LINK;
    r->link_of = arena_take(r->arena, (size_t)nodes * nodes * sizeof *r->link_of + 1);
    r->link_now = arena_take(r->arena, (links + 1) * sizeof *r->link_now);
}

void link_add(struct reader *r, uint32_t index)
{
    const struct story_link *link = &r->story->links[index];
    uint32_t nodes = r->story->node_count;
    r->link_of[link->a * nodes + link->b] = r->link_of[link->b * nodes + link->a] = index + 1;
    r->link_now[index] = (struct link_now){.params = {&link->dir[0], &link->dir[1]}, .first_use = {r->use_count, r->use_count}};
}

const struct story_link *link_between(const struct reader *r, uint16_t a, uint16_t b, unsigned *direction)
{
    uint32_t index = r->link_of[a * r->story->node_count + b];
    if (index == 0)
        return NULL;
    const struct story_link *link = &r->story->links[index - 1];
    *direction = link->a == a ? 0 : 1;
    return link;
}

/* A field of the parameters. */
struct field {
    size_t offset;
    uint8_t bytes;
};
#define FIELD_OF(name) \
    { \
        offsetof(struct link_params, name), sizeof((struct link_params){0}.name) \
    }
#define FIELD(name) ((struct field)FIELD_OF(name))

/* What a line changes: the same fields of one direction or two, and since when draws may have gone into them. */
struct change {
    struct link_params *const *params;
    unsigned directions;
    const uint32_t *first_use;
};

/* Writes a value into the field of each direction, over what a line above may have drawn for it. */
static void put(struct reader *r, const struct change *change, struct field field, const struct value *value)
{
    for (unsigned i = 0; i < change->directions; i++) {
        char *place = (char *)change->params[i] + field.offset;
        for (uint32_t use = change->first_use[i]; use < r->use_count; use++)
            if (r->uses[use].use.field == place)
                r->uses[use].let = NULL;
        uint32_t narrow = (uint32_t)value->low;
        memcpy(place, field.bytes == 8 ? (const void *)&value->low : (const void *)&narrow, field.bytes);
        if (value->let != NULL)
            store_add(r, place, field.bytes, value, 0, false);
    }
}

static bool share_taken(struct reader *r, const struct change *change, struct field field)
{
    struct value value;
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "a share", "shares end in %: 1%, 0.02%");
    if (!value_share(r, &r->word, &value))
        return false;
    put(r, change, field, &value);
    cursor_next(r);
    return true;
}

/* `loss gemodel P R [H K]`: P good to bad, R bad to good, H and K the shares that are lost in the bad and in the good state (net/link.h).
 */
static bool gemodel_taken(struct reader *r, const struct change *change)
{
    static const struct value none = {0, 0, NULL}, h = {GEMODEL_H_DEFAULT, GEMODEL_H_DEFAULT, NULL},
                              k = {GEMODEL_K_DEFAULT, GEMODEL_K_DEFAULT, NULL};
    put(r, change, FIELD(loss_ppb), &none);
    put(r, change, FIELD(ge_h_ppb), &h);
    put(r, change, FIELD(ge_k_ppb), &k);
    if (!share_taken(r, change, FIELD(ge_p_ppb)) || !share_taken(r, change, FIELD(ge_r_ppb)))
        return false;
    if (r->word.kind != TOKEN_WORD || word_index(&r->word, link_word_list) >= 0)
        return true;
    return share_taken(r, change, FIELD(ge_h_ppb)) && share_taken(r, change, FIELD(ge_k_ppb));
}

static bool loss_taken(struct reader *r, const struct change *change)
{
    bool gemodel = cursor_take(r, "gemodel");
    for (unsigned i = 0; i < change->directions; i++)
        change->params[i]->gemodel = gemodel;
    return gemodel ? gemodel_taken(r, change) : share_taken(r, change, FIELD(loss_ppb));
}

static bool rate_taken(struct reader *r, struct value *value)
{
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "a rate", "rates end in bit kbit mbit or gbit: 10mbit");
    if (!value_rate(r, &r->word, value))
        return false;
    if (value->low == 0)
        return report(r, r->word.place, "leave `rate` out for a link without a limit", "a rate of nothing carries nothing"), false;
    cursor_next(r);
    return true;
}

/* `which` is the word's place in link_word_list. */
static bool word_value_taken(struct reader *r, int which, const struct change *change)
{
    static const struct field fields[] = {
        FIELD_OF(delay_ns),    FIELD_OF(jitter_ns), FIELD_OF(loss_ppb), FIELD_OF(duplicate_ppb), FIELD_OF(reorder_ppb),
        FIELD_OF(corrupt_ppb), FIELD_OF(rate_bps),  FIELD_OF(limit),    FIELD_OF(mtu),
    };
    struct value value;
    bool taken;
    if (which == 2)
        return loss_taken(r, change);
    if (which >= 3 && which <= 5)
        return share_taken(r, change, fields[which]);
    if (which == 6)
        taken = rate_taken(r, &value);
    else if (which == 7)
        taken = count_taken(r, &value, "a number of segments", 1, UINT32_MAX);
    else if (which == 8)
        taken = count_taken(r, &value, "an MTU", 68, 65535); /* RFC 791: every link carries 68 bytes */
    else
        taken = duration_taken(r, &value, "a duration");
    if (taken)
        put(r, change, fields[which], &value);
    return taken;
}

bool link_words(struct reader *r, struct link_params *const params[2], const uint32_t first_use[2], unsigned directions)
{
    const struct change change = {params, directions, first_use};
    unsigned given = 0;
    while (!cursor_at_end(r)) {
        struct word word = r->word;
        int which = word_index(&word, link_word_list);
        if (which < 0) {
            const char *help = "links have delay jitter loss duplicate reorder corrupt rate limit mtu";
            if (word_is(&word, "latency") || word_is(&word, "rtt"))
                help = "write delay, which is one way";
            else if (word_is(&word, "bandwidth") || word_is(&word, "bw"))
                help = "write rate, as in rate 10mbit";
            else if (word_is(&word, "queue"))
                help = "write limit, which is the queue in segments";
            else
                help = near_of(r, &word, link_word_list, help);
            return expected(r, "a word of a link", help);
        }
        if ((given >> which & 1) != 0)
            return report(r, word.place, NULL, "%.*s is given twice", SHOWN(&word)), false;
        given |= 1u << which;
        cursor_next(r);
        if (!word_value_taken(r, which, &change))
            return false;
    }
    return true;
}
