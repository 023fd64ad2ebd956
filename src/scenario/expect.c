/* SPDX-License-Identifier: MIT */
/* What must come of it. */
#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "scenario/internal.h"

static const char *const forms =
    "write expect HOST path|is|spends|never|sends|receives|sees|holds ..., or expect SEGMENT|wire|never|verdict|breaks ...";

static bool tolerance_read(struct reader *r, struct story_expect *e)
{
    struct value value;
    if (r->word.kind == TOKEN_TOLERANCE) {
        cursor_next(r);
        if (!duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, e->tolerance_ns, &value);
    }
    return cursor_end(r, "behind a time may stand a tolerance: `+- 2ms`");
}

static bool plain_end(struct reader *r, const char *help)
{
    if (r->word.kind == TOKEN_TOLERANCE)
        return cursor_end(r, "a tolerance is for times");
    return cursor_end(r, help);
}

/* ---- segments ---- */

static struct segment_match *match_new(struct reader *r, struct story_expect *e)
{
    struct story *story = r->story;
    if (e->matches++ == 0)
        e->first_match = story->match_count;
    story->matches = arena_grow(r->arena, story->matches, story->match_count, &r->match_room, sizeof *story->matches);
    struct segment_match *match = &story->matches[story->match_count++];
    *match = (struct segment_match){.from = STORY_NONE, .to = STORY_NONE, .of = STORY_NONE, .ordinals = {1, 1}};
    return match;
}

static bool at_host(const struct reader *r)
{
    return node_find(r, &r->word) != STORY_NONE;
}

/* A -> B [of NAME]; which of the two names it also knows. */
static bool match_path_read(struct reader *r, struct segment_match *match)
{
    return path_taken(r, &match->from, &match->to, NULL, PATH_TO_HOST) && of_taken(r, &match->of);
}

static bool wire_read(struct reader *r, struct story_expect *e)
{
    e->kind = EXPECT_WIRE;
    do {
        if (r->word.kind == TOKEN_COMMA)
            cursor_next(r);
        struct segment_match *match = match_new(r, e);
        if (r->word.kind == TOKEN_WORD && r->word.text[0] >= '0' && r->word.text[0] <= '9')
            return expected(r, "a segment", "in `expect wire` the order alone counts; name the segment without an ordinal");
        if (!segment_taken(r, &match->classes, false) || !match_path_read(r, match))
            return false;
    } while (r->word.kind == TOKEN_COMMA);
    if (segment_looks(r, &r->word))
        return cursor_end(r, "a comma divides the segments");
    return plain_end(r, "segments are divided by commas");
}

static bool sends_read(struct reader *r, struct story_expect *e)
{
    static const char *const form = "write `expect server sends FIN 2 times`, or `2..4 times`";
    struct value low, high;
    e->kind = EXPECT_SENDS_TIMES;
    struct segment_match *match = match_new(r, e);
    match->from = e->host;
    if (r->word.kind == TOKEN_WORD && r->word.text[0] >= '0' && r->word.text[0] <= '9')
        return expected(r, "a segment", form);
    if (!segment_taken(r, &match->classes, false))
        return false;
    if (r->word.kind == TOKEN_ARROW)
        return cursor_end(r, form);
    if (!of_taken(r, &match->of))
        return false;
    if (match->of == STORY_NONE)
        match->of = e->name;
    static const char *const counts[] = {"never", "once", "twice", "thrice", NULL};
    int spelled = word_index(&r->word, counts);
    if (spelled >= 0)
        return expected(r, "a number", hint(r, "write `%d times`", spelled));
    if (!count_range_taken(r, &low, &high, "how many times"))
        return false;
    STORE(r, e->low, &low);
    STORE(r, e->high, &high);
    return cursor_require(r, "times", form) && plain_end(r, NULL);
}

/* at T | at T..T | D after ORDINAL [SEGMENT A -> B [of NAME]] */
static bool segment_read(struct reader *r, struct story_expect *e)
{
    static const char *const form = "write `at 1.123s`, or `200ms after 1st`";
    struct value low, high;
    struct segment_match *match = match_new(r, e);
    struct place ordinal = r->word.place;
    if (!ordinals_taken(r, &match->ordinals, &match->ordinals_given))
        return false;
    if (match->ordinals.first != match->ordinals.last)
        return report(r, ordinal, "write one ordinal: `expect 1st FIN client -> server at 1.123s`", "one segment is meant here"), false;
    if (!segment_taken(r, &match->classes, false))
        return false;
    if (word_is(&r->word, "never"))
        return report(r, r->word.place, "`never` stands before it: `expect never RST`", "a path is missing"), false;
    if (!match_path_read(r, match))
        return false;
    if (cursor_take(r, "at")) {
        e->kind = EXPECT_SEGMENT_AT;
        struct place place = r->word.place;
        if (!duration_range_taken(r, &low, &high, "a time") || !time_named(r, place, &high, false))
            return false;
        STORE(r, e->low_ns, &low);
        STORE(r, e->high_ns, &high);
        return tolerance_read(r, e);
    }
    if (cursor_at_end(r) || (r->word.kind == TOKEN_WORD && (r->word.text[0] < '0' || r->word.text[0] > '9')))
        return expected(r, "when it is sent", form);
    e->kind = EXPECT_SEGMENT_AFTER;
    if (!duration_range_taken(r, &low, &high, "a duration"))
        return false;
    STORE(r, e->low_ns, &low);
    STORE(r, e->high_ns, &high);
    if (!cursor_require(r, "after", form))
        return false;
    struct segment_match first = *match, *second = match_new(r, e);
    *second = first;
    if (cursor_at_end(r))
        return expected(r, "after which", "write `200ms after 1st`");
    ordinal = r->word.place;
    if (!ordinals_taken(r, &second->ordinals, &second->ordinals_given))
        return false;
    if (second->ordinals.first != second->ordinals.last)
        return report(r, ordinal, "write one ordinal: `200ms after 1st`", "one segment is meant here"), false;
    if (segment_looks(r, &r->word)) { /* another segment than the first */
        if (!segment_taken(r, &second->classes, false) || !match_path_read(r, second))
            return false;
    }
    return tolerance_read(r, e);
}

enum { TALKS = 1, TALKS_DATA = 2 };

/* Who can send to whom: programs say who connects where, and who ever hands over a byte. The last row and column: anyone. */
static void talks_find(struct reader *r)
{
    const struct story *story = r->story;
    uint32_t nodes = story->node_count, any = nodes, width = nodes + 1;
    bool data[SCENARIO_NODES_MAX + 1] = {false};
    r->talks = arena_take(r->arena, (size_t)width * width);
    for (uint32_t p = 0; p < story->program_count; p++) {
        const struct story_program *program = &story->programs[p];
        for (uint32_t i = program->first_step; i < program->first_step + program->steps; i++) {
            const struct story_step *step = &story->steps[i];
            if (step->call == CALL_SEND || step->call == CALL_RELAY)
                data[program->host] = data[any] = true;
            if (step->call == CALL_CONNECT) {
                r->talks[any * width + any] = TALKS;
                r->talks[program->host * width + step->host] = r->talks[step->host * width + program->host] = TALKS;
            }
        }
    }
    for (uint32_t box = 0; box < nodes; box++) /* resets, to anyone */
        for (uint32_t to = 0; to <= nodes && story->nodes[box].kind != NODE_HOST && story->nodes[box].reset; to++)
            r->talks[box * width + to] |= TALKS;
    for (uint32_t from = 0; from <= nodes; from++)
        for (uint32_t to = 0; to <= nodes; to++)
            if (data[from] && r->talks[from * width + to] != 0)
                r->talks[from * width + to] |= TALKS_DATA;
}

static bool nobody_sends(struct reader *r, const struct segment_match *match)
{
    uint32_t nodes = r->story->node_count;
    if (r->talks == NULL)
        talks_find(r);
    uint32_t from = match->from == STORY_NONE ? nodes : match->from, to = match->to == STORY_NONE ? nodes : match->to;
    uint8_t talks = r->talks[from * (nodes + 1) + to];
    return (talks & TALKS) == 0 || ((match->classes & CLASS_DATA) != 0 && (talks & TALKS_DATA) == 0);
}

static bool never_read(struct reader *r, struct story_expect *e)
{
    struct place place = r->word.place;
    e->kind = EXPECT_NEVER_SEGMENT;
    struct segment_match *match = match_new(r, e);
    if (r->word.kind == TOKEN_WORD && ((r->word.text[0] >= '0' && r->word.text[0] <= '9') || word_is(&r->word, "every")))
        return expected(r, "a segment", "`never` means all of them: write `expect never RST`; to count, `expect server sends FIN 1 times`");
    if (!segment_taken(r, &match->classes, false))
        return false;
    if (at_host(r) || (r->word.kind == TOKEN_WORD && !word_is(&r->word, "of"))) {
        if (!match_path_read(r, match))
            return false;
    } else if (!of_taken(r, &match->of)) {
        return false;
    }
    if (!plain_end(r, "write `expect never RST`, or `expect never RST client -> server`"))
        return false;
    if (!r->broken_program && nobody_sends(r, match))
        return report(r, place, "no program makes it possible: this holds whatever happens", "nobody could send this"), false;
    return true;
}

/* ---- states ---- */

static bool path_read(struct reader *r, struct story_expect *e)
{
    struct story *story = r->story;
    e->kind = EXPECT_PATH;
    e->first_state = story->path_state_count;
    do {
        enum tcp_state state;
        if (r->word.kind == TOKEN_COMMA || r->word.kind == TOKEN_ARROW)
            return expected(r, "a TCP state", "states stand one after the other, divided by blanks");
        struct place place = r->word.place;
        if (!state_taken(r, &state))
            return false;
        if (e->states > 0 && story->path_states[story->path_state_count - 1] == state)
            return report(r, place, "a path names each state that is entered", "nothing goes from %s to %s", tcp_state_name(state),
                          tcp_state_name(state)),
                   false;
        story->path_states =
            arena_grow(r->arena, story->path_states, story->path_state_count, &r->path_state_room, sizeof *story->path_states);
        story->path_states[story->path_state_count++] = state;
        e->states++;
    } while (!cursor_at_end(r));
    return true;
}

static bool is_read(struct reader *r, struct story_expect *e)
{
    static const char *const form = "write `at 5s`, or `by 10s` for some time up to then";
    struct value value;
    if (!state_taken(r, &e->state))
        return false;
    bool at = word_is(&r->word, "at");
    e->kind = at ? EXPECT_IS_AT : EXPECT_IS_BY;
    if (!at && !word_is(&r->word, "by"))
        return expected(r, "a time", form);
    cursor_next(r);
    if (!time_taken(r, &value, "a time"))
        return false;
    if (at)
        STORE(r, e->at_ns, &value);
    else
        STORE(r, e->high_ns, &value);
    return tolerance_read(r, e);
}

static bool spends_read(struct reader *r, struct story_expect *e)
{
    struct value low, high;
    e->kind = EXPECT_SPENDS;
    if (!duration_range_taken(r, &low, &high, "a duration"))
        return false;
    STORE(r, e->low_ns, &low);
    STORE(r, e->high_ns, &high);
    return cursor_require(r, "in", "write `expect client spends 60s in TIME_WAIT`") && state_taken(r, &e->state) && tolerance_read(r, e);
}

static bool never_state_read(struct reader *r, struct story_expect *e)
{
    e->kind = EXPECT_NEVER_STATE;
    if (segment_looks(r, &r->word))
        return expected(r, "a TCP state", hint(r, "write `expect never %.*s %s -> HOST`", SHOWN(&r->word), r->story->nodes[e->host].name));
    return state_taken(r, &e->state) && plain_end(r, NULL);
}

static bool holds_read(struct reader *r, struct story_expect *e)
{
    static const char *const form = "write `expect server holds 1000 TIME_WAIT at 2s`";
    struct value value;
    e->kind = EXPECT_HOLDS;
    if (!count_range_taken(r, &value, &value, "how many"))
        return false;
    STORE(r, e->low, &value);
    e->high = e->low;
    if (!state_taken(r, &e->state) || !cursor_require(r, "at", form) || !time_taken(r, &value, "a time"))
        return false;
    STORE(r, e->at_ns, &value);
    return tolerance_read(r, e);
}

/* ---- programs ---- */

static bool receives_read(struct reader *r, struct story_expect *e)
{
    static const char *const form = "behind the number may stand `then eof`, `then ECONNRESET` or `then nothing`";
    struct value value;
    e->kind = EXPECT_RECEIVES;
    if (segment_looks(r, &r->word))
        return expected(r, "a size", "`receives` counts bytes: `expect server receives 300 then eof`");
    if (!size_taken(r, &value, "a size"))
        return false;
    STORE(r, e->low, &value);
    STORE(r, e->high, &value);
    if (!cursor_take(r, "then"))
        return plain_end(r, form);
    if (cursor_take(r, "eof"))
        e->then = THEN_EOF;
    else if (cursor_take(r, "nothing"))
        e->then = THEN_NOTHING;
    else if (!errno_taken(r, &e->error, "eof, nothing or an error"))
        return false;
    else
        e->then = THEN_ERROR;
    return plain_end(r, NULL);
}

static bool sees_read(struct reader *r, struct story_expect *e)
{
    struct value low, high;
    e->kind = EXPECT_SEES;
    e->low = e->high = 1;
    if (!cursor_take(r, "eof") && !errno_taken(r, &e->error, "eof or an error"))
        return false;
    if (cursor_at_end(r))
        return true;
    e->times_given = true;
    if (r->word.kind != TOKEN_WORD || r->word.text[0] < '0' || r->word.text[0] > '9')
        return plain_end(r, "behind it may stand how often: `3 times`");
    if (!count_range_taken(r, &low, &high, "how many times"))
        return false;
    STORE(r, e->low, &low);
    STORE(r, e->high, &high);
    return cursor_require(r, "times", "write `3 times`") && plain_end(r, NULL);
}

/* ---- the whole ---- */

static bool verdict_read(struct reader *r, struct story_expect *e)
{
    const char *words[VERDICTS + 1] = {NULL};
    for (int i = 0; i < VERDICTS; i++)
        words[i] = verdict_name((enum verdict)i);
    e->kind = EXPECT_VERDICT;
    int which = word_index(&r->word, words);
    if (which < 0)
        return expected(r, "a verdict",
                        near_of(r, &r->word, words, "verdicts are refused half-open leaked open reset timeout short clean"));
    e->verdict = (enum verdict)which;
    cursor_next(r);
    return of_taken(r, &e->name) && plain_end(r, "behind the verdict may stand `of NAME`");
}

static bool breaks_read(struct reader *r, struct story_expect *e)
{
    const char *words[INVARIANTS + 1] = {NULL};
    for (int i = 0; i < INVARIANTS; i++)
        words[i] = invariant_name((enum invariant)i);
    e->kind = EXPECT_BREAKS;
    int which = word_index(&r->word, words);
    if (which < 0)
        return expected(
            r, "an invariant",
            near_of(
                r, &r->word, words,
                "invariants are prefix no-silent-loss ack-means-kept fin-once legal-moves fin-is-answered ends-agree no-socket-for-ever "
                "orphan-bound time-wait no-old-duplicates rst-is-lawful errors-are-told comes-to-rest"));
    e->invariant = (enum invariant)which;
    cursor_next(r);
    return plain_end(r, NULL);
}

static bool about_end(struct reader *r, struct story_expect *e)
{
    static bool (*const readers[])(struct reader *, struct story_expect *) = {path_read,  is_read,       spends_read, never_state_read,
                                                                              sends_read, receives_read, sees_read,   holds_read};
    static const struct {
        const char *word, *help;
    } others[] = {{"enters", "write `path`, or `is STATE by 10s`"},
                  {"reaches", "write `is STATE by 10s`"},
                  {"gets", "write `receives 300`, or `sees ECONNRESET`"},
                  {"closes", "write `is CLOSED by 10s`"},
                  {"verdict", "write `expect verdict clean`, or `expect verdict clean of NAME`"},
                  {"stays", "write `is STATE at 5s`"},
                  {"in", "write `is STATE at 5s`"},
                  {"has", "write `holds 1 TIME_WAIT at 2s`"}};
    if (!end_taken(r, &e->host, &e->name))
        return false;
    int verb = word_index(&r->word, expect_words);
    if (verb >= 0) {
        cursor_next(r);
        return readers[verb](r, e);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (word_is(&r->word, others[i].word))
            return expected(r, "an expectation", others[i].help);
    if (r->word.kind == TOKEN_WORD && r->word.text[0] >= 'A' && r->word.text[0] <= 'Z') /* a state, or what was meant as one */
        return expected(r, "an expectation", "write `path FIN_WAIT_1 FIN_WAIT_2`, `is FIN_WAIT_2 at 5s` or `never FIN_WAIT_2`");
    return expected(r, "an expectation", near_of(r, &r->word, expect_words, "an end path|is|spends|never|sends|receives|sees|holds"));
}

static bool unknown(struct reader *r)
{
    static const char *const words[] = {"wire", "never", "verdict", "breaks", "maybe", "every", "any",
                                        "data", "SYN",   "FIN",     "RST",    "ACK",   "probe", NULL};
    struct near near;
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "an expectation", forms);
    near_start(r, &near, r->word.text, word_find(&r->word, "."));
    for (size_t i = 0; words[i] != NULL; i++)
        near_try(&near, words[i]);
    for (uint16_t i = 0; i < r->story->node_count; i++)
        near_try(&near, r->story->nodes[i].name);
    return expected(r, "a host, a segment or an expectation", near_hint(r, &near, forms));
}

bool expect_read(struct reader *r, struct story_expect *e)
{
    static const char *const verdicts_alone[] = {"clean", "half-open", "leaked", "refused", NULL};
    *e = (struct story_expect){.host = STORY_NONE, .name = STORY_NONE, .place = item_place(r, r->item)};
    cursor_next(r);
    if (cursor_take(r, "maybe")) {
        e->maybe = true;
        if (!word_is(&r->word, "breaks"))
            return cursor_wants(r, "breaks", "write `expect maybe breaks INVARIANT`");
    }
    if (cursor_take(r, "breaks"))
        return breaks_read(r, e);
    if (cursor_take(r, "verdict"))
        return verdict_read(r, e);
    if (cursor_take(r, "never"))
        return never_read(r, e);
    if (cursor_take(r, "wire"))
        return wire_read(r, e);
    if (r->word.kind == TOKEN_WORD) {
        uint32_t dot = word_find(&r->word, ".");
        struct word host = r->word;
        host.length = dot;
        if (node_find(r, &host) != STORY_NONE)
            return about_end(r, e);
        if ((r->word.text[0] >= '0' && r->word.text[0] <= '9') || word_is(&r->word, "every") || segment_looks(r, &r->word))
            return segment_read(r, e);
        if (dot < r->word.length && r->word.text[0] == '$') /* $HOST.old */
            return about_end(r, e);
        if (word_index(&r->word, verdicts_alone) >= 0)
            return expected(r, "an expectation", hint(r, "write `expect verdict %.*s`", SHOWN(&r->word)));
        if (dot < r->word.length &&
            word_index(&(struct word){.text = r->word.text, .length = dot, .kind = TOKEN_WORD}, verdicts_alone) < 0) {
            struct word end = r->word;
            end.length = dot;
            end.place.width = dot;
            uint16_t node;
            return node_of(r, &end, &node, true);
        }
    }
    return unknown(r);
}
