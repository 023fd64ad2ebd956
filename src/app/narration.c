/* SPDX-License-Identifier: MIT */
#include "app/narration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "tcp/state.h"

#define LINES_MOST 256u /* of narration; more are not looked at */
#define NAMED_MOST 8u /* variants by their numbers */

struct end {
    uint32_t conn;
    uint8_t host, side, state;
};

/* What there is of connections at one time, in the order of connections. */
struct ends {
    struct end *list;
    uint32_t count, capacity;
};

/* A line of narration in the base, and the variants in which it says what may not be so. */
struct spoken {
    uint32_t line;
    struct place place;
    bool ask;
    struct ends ends;
    uint16_t variants[NAMED_MOST];
    unsigned variant_count;
    char differs[96]; /* what in the first of them */
};

struct listening {
    const struct story *story;
    struct ends now;
    struct spoken *spoken;
    uint32_t count;
    bool failed; /* out of memory */
};

/* ---- the ends as they are ---- */

static bool room_for(struct ends *ends, uint32_t count)
{
    if (count <= ends->capacity)
        return true;
    const uint32_t capacity = count < 16 ? 16 : count * 2;
    struct end *list = realloc(ends->list, capacity * sizeof *list);
    if (list == NULL)
        return false;
    ends->list = list;
    ends->capacity = capacity;
    return true;
}

static int before(const struct end *a, const struct end *b)
{
    if (a->conn != b->conn)
        return a->conn < b->conn ? -1 : 1;
    return a->side != b->side ? (int)a->side - (int)b->side : (int)a->host - (int)b->host;
}

/* Where it is, or belongs. */
static uint32_t place_of(const struct ends *ends, const struct end *end)
{
    uint32_t low = 0, high = ends->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (before(&ends->list[middle], end) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void moved(struct listening *listening, const struct trace_event *event)
{
    struct ends *ends = &listening->now;
    const struct end end = {.conn = event->conn, .host = event->host, .side = event->state.side, .state = event->state.to};
    const bool gone = end.state == TCP_CLOSED || end.state == TCP_LISTEN;
    const uint32_t at = place_of(ends, &end);
    const bool known = at < ends->count && before(&ends->list[at], &end) == 0;
    if (!known && !gone) {
        if (!room_for(ends, ends->count + 1)) {
            listening->failed = true;
            return;
        }
        memmove(&ends->list[at + 1], &ends->list[at], (ends->count++ - at) * sizeof *ends->list);
    }
    if (known && gone)
        memmove(&ends->list[at], &ends->list[at + 1], (--ends->count - at) * sizeof *ends->list);
    else if (!gone)
        ends->list[at] = end;
}

static bool keep(struct ends *to, const struct ends *from)
{
    if (!room_for(to, from->count))
        return false;
    to->count = from->count;
    if (from->count > 0)
        memcpy(to->list, from->list, from->count * sizeof *to->list);
    return true;
}

/* ---- what is said ---- */

static bool may_mislead(const struct story_statement *s)
{
    return s->when == WHEN_AT &&
           (s->kind == STATEMENT_SAY || (s->kind == STATEMENT_ASK && (s->ask == ASK_TIMER || s->ask == ASK_UNACKED || s->ask == ASK_SEES)));
}

/* The last time at which something is said; -1: nothing is. */
static int64_t last_said_ns(const struct story *story)
{
    int64_t last_ns = -1;
    for (uint32_t i = 0; i < story->statement_count; i++) {
        const struct story_statement *s = &story->statements[i];
        last_ns = may_mislead(s) && s->at_ns > last_ns ? s->at_ns : last_ns;
    }
    return last_ns;
}

static const char *state_of(const struct ends *ends, uint32_t at, const struct end *end)
{
    const bool there = at < ends->count && before(&ends->list[at], end) == 0;
    return tcp_state_name(there ? (enum tcp_state)ends->list[at].state : TCP_CLOSED);
}

/* "client is ESTABLISHED then, not FIN_WAIT_2", of the first end that is another; "" if none is. */
static void compare(char *differs, size_t size, const struct story *story, const struct ends *base, const struct ends *variant)
{
    uint32_t a = 0, b = 0;
    *differs = '\0';
    while (a < base->count || b < variant->count) {
        const struct end *mine = a < base->count ? &base->list[a] : NULL, *its = b < variant->count ? &variant->list[b] : NULL;
        const struct end *first = mine == NULL || (its != NULL && before(its, mine) < 0) ? its : mine;
        const char *was = state_of(base, a, first), *is = state_of(variant, b, first);
        if (strcmp(was, is) != 0) {
            snprintf(differs, size, "%.24s is %s then, not %s", story->nodes[first->host].name, is, was);
            return;
        }
        a++;
        b++;
    }
}

static void said(struct listening *listening, const struct trace_event *event)
{
    const struct story_statement *s = &listening->story->statements[event->statement - 1];
    if (!may_mislead(s))
        return;
    if (listening->story->variant == 0) {
        struct spoken *spoken = &listening->spoken[listening->count];
        if (listening->count == LINES_MOST)
            return;
        *spoken = (struct spoken){.line = s->place.line, .place = s->place, .ask = s->kind == STATEMENT_ASK};
        listening->failed = listening->failed || !keep(&spoken->ends, &listening->now);
        listening->count++;
        return;
    }
    for (uint32_t i = 0; i < listening->count; i++) {
        struct spoken *spoken = &listening->spoken[i];
        char differs[sizeof spoken->differs];
        if (spoken->line != s->place.line)
            continue;
        compare(differs, sizeof differs, listening->story, &spoken->ends, &listening->now);
        if (*differs == '\0')
            continue;
        if (spoken->variant_count == 0)
            memcpy(spoken->differs, differs, sizeof differs);
        if (spoken->variant_count < NAMED_MOST)
            spoken->variants[spoken->variant_count] = listening->story->variant;
        spoken->variant_count++;
    }
}

static void hear(void *ctx, uint32_t number, const struct trace_event *first, uint32_t count)
{
    struct listening *listening = ctx;
    (void)number;
    for (const struct trace_event *event = first; count != 0; event = trace_next(event), count--) {
        if (event->kind == TRACE_STATE && event->conn != 0)
            moved(listening, event);
        else if (event->kind == TRACE_NOTE && event->statement > 0)
            said(listening, event);
    }
}

/* ---- all variants ---- */

/* What cannot be played is no mistake of the narration. */
static enum status listen_to(struct play *play, uint16_t variant, struct listening *listening)
{
    play->options.variant = variant;
    if (!play_parse(play))
        return STATUS_OUTSIDE;
    const int64_t until_ns = last_said_ns(play->story);
    if (until_ns < 0)
        return STATUS_HELD;
    listening->story = play->story;
    listening->now.count = 0;
    const enum status status = play_begin(play);
    if (status != STATUS_HELD)
        return status;
    play->engine.sink = hear;
    play->engine.sink_ctx = listening;
    return engine_run(&play->engine, until_ns) == ENGINE_NO_MEMORY || listening->failed ? STATUS_OUTSIDE : STATUS_HELD;
}

/* "variant 2 says", "variants 1, 3 and 4 ask" */
static void who_speaks(char *words, size_t size, const struct spoken *spoken)
{
    const unsigned count = spoken->variant_count, named = count < NAMED_MOST ? count : NAMED_MOST;
    size_t length = (size_t)snprintf(words, size, count == 1 ? "variant" : "variants");
    for (unsigned i = 0; i < named; i++) {
        const char *joint = i == 0 ? "" : i + 1 == count ? " and" : ",";
        length += (size_t)snprintf(words + length, size - length, "%s %u", joint, (unsigned)spoken->variants[i]);
    }
    if (named < count)
        length += (size_t)snprintf(words + length, size - length, " and %u more", count - named);
    snprintf(words + length, size - length, " %s%s", spoken->ask ? "ask" : "say", count == 1 ? "s" : "");
}

static void warn(struct diagnostics *warnings, const struct spoken *spoken)
{
    if (warnings->count++ >= DIAGNOSTICS_MAX)
        return;
    struct diagnostic *d = &warnings->list[warnings->count - 1];
    char who[80];
    who_speaks(who, sizeof who, spoken);
    *d = (struct diagnostic){
        .severity = SEVERITY_WARNING, .line = spoken->place.line, .column = spoken->place.column, .width = spoken->place.width};
    snprintf(d->message, sizeof d->message, "%s this too, where %s", who, spoken->differs);
    snprintf(
        d->help, sizeof d->help,
        "is it so there?\ngive the line a label, and let the variant state it anew, or `LABEL: none`; or say it `when` something happens");
}

static enum status listen_to_all(struct play *play, struct listening *listening)
{
    const uint16_t variants = play->story->variants;
    enum status status = STATUS_HELD;
    for (uint32_t variant = 0; variant <= variants && status == STATUS_HELD && (variant == 0 || listening->count > 0); variant++)
        status = listen_to(play, (uint16_t)variant, listening);
    play->options.variant = 0;
    return status;
}

bool narration_check(struct play *play, struct diagnostics *warnings)
{
    struct listening listening = {.spoken = NULL};
    if (!play_parse(play))
        return false;
    if (play->story->variants == 0 || last_said_ns(play->story) < 0)
        return true;
    listening.spoken = calloc(LINES_MOST, sizeof *listening.spoken);
    enum status status = listening.spoken != NULL ? listen_to_all(play, &listening) : STATUS_OUTSIDE;
    for (uint32_t i = 0; i < listening.count; i++) {
        if (listening.spoken[i].variant_count > 0 && status == STATUS_HELD)
            warn(warnings, &listening.spoken[i]);
        free(listening.spoken[i].ends.list);
    }
    free(listening.spoken);
    free(listening.now.list);
    if (status == STATUS_OUTSIDE)
        complain("check", "out of memory");
    return status != STATUS_OUTSIDE && play_parse(play);
}
