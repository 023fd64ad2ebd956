/* SPDX-License-Identifier: MIT */
/* The network's weather and the narration: faults, say, ask, and the events that set them off. */
#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "scenario/internal.h"

/* ---- events ---- */

static bool sees_read(struct reader *r, struct story_event *event)
{
    event->kind = EVENT_SEES_EOF;
    if (cursor_take(r, "eof"))
        return true;
    event->kind = EVENT_SEES_ERROR;
    return errno_taken(r, &event->error, "eof or an error");
}

static bool event_segment_read(struct reader *r, struct story_event *event, bool sends)
{
    struct segment_match *segment = &event->segment;
    *segment = (struct segment_match){.from = sends ? event->host : STORY_NONE, .to = sends ? STORY_NONE : event->host, .of = STORY_NONE};
    event->kind = sends ? EVENT_SENDS : EVENT_RECEIVES;
    if (!ordinals_taken(r, &segment->ordinals, &segment->ordinals_given) || !segment_taken(r, &segment->classes, false) ||
        !of_taken(r, &segment->of))
        return false;
    if (segment->of == STORY_NONE)
        segment->of = event->name; /* `client.old sends FIN` */
    if (r->word.kind == TOKEN_ARROW || (r->word.kind == TOKEN_WORD && r->tokens[r->at + 1].kind == TOKEN_ARROW))
        return cursor_end(r, "in an event the host stands in front: `when client sends FIN`");
    return true;
}

bool event_read(struct reader *r, struct story_event *event)
{
    static const char *const form = "an event is HOST enters|leaves STATE, HOST sends|receives SEGMENT, or HOST sees eof|ERROR";
    event->place = r->word.place;
    cursor_next(r);
    if (r->word.kind == TOKEN_END)
        return expected(r, "an event", form);
    if (!end_taken(r, &event->host, &event->name))
        return false;
    int verb = word_index(&r->word, event_words);
    if (verb < 0) {
        const char *help = word_is(&r->word, "is")     ? "write `enters`"
                           : word_is(&r->word, "gets") ? "write `receives`"
                                                       : near_of(r, &r->word, event_words, form);
        return expected(r, "an event", help);
    }
    cursor_next(r);
    bool read = verb == 4 ? sees_read(r, event) : verb >= 2 ? event_segment_read(r, event, verb == 2) : state_taken(r, &event->state);
    if (verb < 2)
        event->kind = verb == 0 ? EVENT_ENTERS : EVENT_LEAVES;
    const struct token *last = &r->tokens[r->at - 1];
    if (read)
        event->place.width = last->column + last->width - event->place.column;
    return read;
}

/* ---- faults of the path ---- */

static bool cut_read(struct reader *r, struct story_statement *s)
{
    static const char *const form = "write `cut client -- server  from 2s to 7s`, `from 2s for 5s`, or `from 2s` for good";
    struct value from, to;
    if (!path_taken(r, &s->from, &s->to, &s->both, PATH_NODES))
        return false;
    s->cut_to_ns = s->for_ns = TIME_NEVER;
    if (s->when != WHEN_START) {
        if (word_is(&r->word, "from"))
            return cursor_end(r, "a cut behind `at` or `when` begins there: write `for 5s`, or nothing for good");
        if (!cursor_take(r, "for"))
            return cursor_end(r, "write `for 5s`, or nothing for good");
        if (!duration_taken(r, &to, "a duration"))
            return false;
        STORE(r, s->for_ns, &to);
        return cursor_end(r, NULL);
    }
    if (!cursor_require(r, "from", form) || !time_taken(r, &from, "a time"))
        return false;
    STORE(r, s->cut_from_ns, &from);
    if (cursor_take(r, "to")) {
        struct place place = r->word.place;
        if (!time_taken(r, &to, "a time"))
            return false;
        if (from.let == NULL && to.let == NULL && to.low <= from.low)
            return report(r, place, NULL, "this cut ends %s it begins", to.low == from.low ? "when" : "before"), false;
        STORE(r, s->cut_to_ns, &to);
    } else if (cursor_take(r, "for")) {
        struct place place = r->word.place;
        if (!duration_taken(r, &to, "a duration"))
            return false;
        if (to.high == 0)
            return report(r, place, NULL, "this cut ends when it begins"), false;
        s->cut_to_ns = time_add(from.low, to.low);
        if (to.let != NULL)
            store_add(r, &s->cut_to_ns, 8, &to, from.let == NULL ? from.low : 0, false);
        if (from.let != NULL)
            store_add(r, &s->cut_to_ns, 8, &from, to.let == NULL ? to.low : 0, to.let != NULL);
    }
    return cursor_end(r, form);
}

/* drop, delay, duplicate, corrupt: [ORDINAL] SEGMENT A -> B [of NAME] and what is its own. */
static bool targeted_read(struct reader *r, struct story_statement *s)
{
    struct value value;
    struct segment_match *segment = &s->segment;
    bool fine = ordinals_taken(r, &segment->ordinals, &segment->ordinals_given) && segment_taken(r, &segment->classes, false) &&
                path_taken(r, &segment->from, &segment->to, NULL, PATH_HOSTS);
    if (!fine)
        return false;
    s->from = segment->from;
    s->to = segment->to;
    if (!of_taken(r, &segment->of))
        return false;
    if (s->kind == STATEMENT_DELAY) {
        if (!cursor_require(r, "by", "write by how long: `delay 1st FIN client -> server  by 300ms`") ||
            !duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, s->by_ns, &value);
    } else if (s->kind == STATEMENT_DUPLICATE && cursor_take(r, "after")) {
        if (!duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, s->by_ns, &value);
    }
    if (word_is(&r->word, "of"))
        return cursor_end(r, "`of NAME` stands right behind the path");
    return cursor_end(r, s->kind == STATEMENT_DUPLICATE ? "behind the path may stand `of NAME` and `after 30s`"
                                                        : "behind the path may stand `of NAME`");
}

/* Copies the parameters that a link has had since the last line that changed it; those that are drawn with their draws. */
static void params_copy(struct reader *r, struct link_params *to, const struct link_now *now, unsigned direction)
{
    const struct link_params *from = now->params[direction];
    *to = *from;
    uintptr_t start = (uintptr_t)from;
    for (uint32_t i = now->first_use[direction]; i < now->last_use[direction]; i++) {
        uintptr_t field = (uintptr_t)r->uses[i].use.field;
        if (r->uses[i].let == NULL || field < start || field >= start + sizeof *from)
            continue;
        struct story_let_use use = r->uses[i].use;
        struct value value = {0, 0, r->uses[i].let};
        store_add(r, (char *)to + (field - start), use.bytes, &value, use.plus, use.add);
    }
}

/* `at 4s link client -- server delay 200ms`: what it does not say stays. */
static bool link_change_read(struct reader *r, struct story_statement *s)
{
    unsigned direction = 0;
    struct word word = r->word;
    if (!path_taken(r, &s->from, &s->to, &s->both, PATH_NODES))
        return false;
    const struct story_link *link = link_between(r, s->from, s->to, &direction);
    if (link == NULL)
        return report(r, word.place, "only a link that a `link` line makes can change", "there is no such link"), false;
    struct link_now *now = &r->link_now[link - r->story->links], before = *now;
    for (unsigned i = 0; i < (s->both ? 2u : 1u); i++) {
        unsigned d = direction ^ i;
        now->params[d] = &s->params[i];
        now->first_use[d] = r->use_count;
        params_copy(r, &s->params[i], &before, d);
    }
    if (cursor_at_end(r))
        return expected(r, "a word of a link", "write what changes: `delay 200ms`");
    const uint32_t first_use[2] = {now->first_use[direction], now->first_use[1 - direction]};
    bool read = link_words(r, (struct link_params *const[2]){&s->params[0], &s->params[1]}, first_use, s->both ? 2 : 1);
    now->last_use[direction] = r->use_count;
    if (s->both)
        now->last_use[1 - direction] = r->use_count;
    return read;
}

static bool host_fault_read(struct reader *r, struct story_statement *s)
{
    struct value value;
    if (!host_taken(r, &s->from, "a host"))
        return false;
    if (s->kind == STATEMENT_PAUSE) {
        if (!cursor_require(r, "for", "write how long: `at 3s  pause server for 2s`") || !duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, s->for_ns, &value);
    }
    return cursor_end(r, NULL);
}

/* ---- narration ---- */

static bool ask_read(struct reader *r, struct story_statement *s)
{
    static const char *const form = "write `= HOST.state`, `.timer`, `.unacked` or `.sees`, or `= verdict`";
    if (!string_taken(r, &s->text, "a question"))
        return false;
    if (!cursor_require_sign(r, TOKEN_EQUALS, "=", form))
        return false;
    s->ask_host = s->ask_name = STORY_NONE;
    if (cursor_take(r, "verdict")) {
        s->ask = ASK_VERDICT;
        return cursor_end(r, NULL);
    }
    struct word word = r->word;
    if (word.kind != TOKEN_WORD)
        return expected(r, "an answer", form);
    uint32_t dot = word.length;
    while (dot > 0 && word.text[dot - 1] != '.')
        dot--;
    if (dot == 0)
        return expected(r, "an answer",
                        node_find(r, &word) != STORY_NONE ? form : near_of(r, &word, (const char *const[]){"verdict", NULL}, form));
    struct word field = word_part(r, &word, dot, word.length - dot), end = word_part(r, &word, 0, dot - 1);
    if (end.kind == TOKEN_END)
        return expected(r, "an answer", form);
    if (!end_of(r, &end, &s->ask_host, &s->ask_name))
        return false;
    int which = word_index(&field, ask_words);
    if (field.kind == TOKEN_END)
        return expected(r, "an answer", form);
    if (which < 0)
        return not_a(r, &field, "an answer", near_of(r, &field, ask_words, form));
    s->ask = (enum ask_kind)which; /* ask_words stand in the order of the enum */
    cursor_next(r);
    return cursor_end(r, NULL);
}

/* ---- statements ---- */

static const struct {
    const char *word;
    enum statement_kind kind;
    const char *timeless; /* what to write if it stands without `at` or `when`, NULL: it may */
} kinds[] = {
    {"cut", STATEMENT_CUT, NULL},
    {"drop", STATEMENT_DROP, NULL},
    {"delay", STATEMENT_DELAY, NULL},
    {"duplicate", STATEMENT_DUPLICATE, NULL},
    {"corrupt", STATEMENT_CORRUPT, NULL},
    {"say", STATEMENT_SAY, NULL},
    {"ask", STATEMENT_ASK, NULL},
    {"crash", STATEMENT_CRASH, "write `at 3s  crash HOST`, or `when ...` in front"},
    {"boot", STATEMENT_BOOT, "write `at 5s  boot HOST`, or `when ...` in front"},
    {"pause", STATEMENT_PAUSE, "write `at 3s  pause HOST for 2s`, or `when ...` in front"},
    {"kill", STATEMENT_KILL, "write `at 3s  kill HOST`, or `when ...` in front"},
    {"link", STATEMENT_LINK, NULL},
    {"inject", STATEMENT_INJECT, "write `at 5s  inject ...`, or `when ...` in front"},
};

/* What stands in front: when. Its named time is judged once the kind is known. */
static bool front_read(struct reader *r, struct story_statement *s, struct value *at, struct place *at_place)
{
    struct value after;
    if (cursor_take(r, "at")) {
        s->when = WHEN_AT;
        *at_place = r->word.place;
        if (!duration_taken(r, at, "a time"))
            return false;
        STORE(r, s->at_ns, at);
    } else if (word_is(&r->word, "when")) {
        s->when = WHEN_EVENT;
        if (!event_read(r, &s->event))
            return false;
        if (word_is(&r->word, "within"))
            return cursor_end(r, "`within` belongs to a program's guard");
        if (cursor_take(r, "after")) {
            if (!duration_taken(r, &after, "a duration"))
                return false;
            STORE(r, s->after_ns, &after);
        }
    }
    if (word_is(&r->word, "at") || word_is(&r->word, "when"))
        return cursor_end(r, "one of `at` and `when` stands in front");
    return true;
}

static bool kind_read(struct reader *r, struct story_statement *s)
{
    const struct word word = r->word;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!word_is(&word, kinds[i].word))
            continue;
        s->kind = kinds[i].kind;
        if (s->when == WHEN_START && kinds[i].timeless != NULL)
            return report(r, word.place, kinds[i].timeless, "when does it happen?"), false;
        bool targeted =
            s->kind == STATEMENT_DROP || s->kind == STATEMENT_DELAY || s->kind == STATEMENT_DUPLICATE || s->kind == STATEMENT_CORRUPT;
        if (targeted && s->when != WHEN_START) {
            report(r, word.place,
                   hint(r, "%s counts segments from the start; write `%s 1st FIN client -> server` alone", kinds[i].word, kinds[i].word),
                   "%s stands without `at` and `when`", kinds[i].word);
            return false;
        }
        return true;
    }
    if (word.kind == TOKEN_END)
        return expected(r, "a fault, say or ask", NULL);
    if (word_index(&word, call_words) >= 0)
        return report(r, word.place, "write it, indented, under an app or service line", "%.*s is a call of a program", SHOWN(&word)),
               false;
    const char *help = word_shorthand(&word);
    if (word_is(&word, "maybe"))
        help = "`maybe` stands first in the line";
    return expected(r, "a fault, say or ask",
                    help != NULL
                        ? help
                        : near_of(r, &word, fault_words, "faults are cut drop delay duplicate corrupt crash boot pause kill link inject"));
}

bool statement_read(struct reader *r, struct story_statement *s)
{
    struct value at = {0, 0, NULL};
    struct place at_place = {0, 0, 0};
    *s = (struct story_statement){.from = STORY_NONE,
                                  .to = STORY_NONE,
                                  .segment = {.from = STORY_NONE, .to = STORY_NONE, .of = STORY_NONE},
                                  .event = {.host = STORY_NONE, .name = STORY_NONE},
                                  .maybe = r->item->maybe,
                                  .place = item_place(r, r->item)};
    if (r->item->label != NO_ITEM)
        s->label = arena_copy(r->arena, r->tokens[r->item->label].text, r->tokens[r->item->label].length - 1);
    if (!front_read(r, s, &at, &at_place) || !kind_read(r, s))
        return false;
    bool inherited_narration = r->inherited && (s->kind == STATEMENT_SAY || s->kind == STATEMENT_ASK);
    s->maybe = s->maybe || inherited_narration;
    if (s->when == WHEN_AT && !time_named(r, at_place, &at, inherited_narration))
        return false;
    cursor_next(r);
    switch (s->kind) {
    case STATEMENT_CUT:
        return cut_read(r, s);
    case STATEMENT_DROP:
    case STATEMENT_DELAY:
    case STATEMENT_DUPLICATE:
    case STATEMENT_CORRUPT:
        return targeted_read(r, s);
    case STATEMENT_CRASH:
    case STATEMENT_BOOT:
    case STATEMENT_PAUSE:
    case STATEMENT_KILL:
        return host_fault_read(r, s);
    case STATEMENT_LINK:
        return link_change_read(r, s);
    case STATEMENT_INJECT:
        return inject_read(r, s);
    case STATEMENT_SAY:
        return string_taken(r, &s->text, "what is said") && cursor_end(r, NULL);
    case STATEMENT_ASK:
        return ask_read(r, s);
    }
    return false;
}
