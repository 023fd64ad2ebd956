/* SPDX-License-Identifier: MIT */
/* Nothing is silent: a fault that never happened, a trigger that never matched, ordinals that were not met, a cut that lost nothing.
 * Each names its line. `maybe` excuses. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "judge/internal.h"

/* What the trace says of each statement. */
struct deed {
    uint32_t records; /* events that name it */
    uint32_t cuts; /* segments that it, a cut, lost */
    int64_t from_ns, to_ns; /* a cut: when it held */
};

/* ---- has an event happened? ---- */

static bool names_agree(const struct judge_index *index, const struct story_event *event, uint32_t conn)
{
    return event->name == STORY_NONE || (conn <= index->conns && index->conn[conn].name == event->name);
}

static bool segment_matches(const struct judge_index *index, const struct story_event *event, const struct trace_event *seen)
{
    const bool sends = event->kind == EVENT_SENDS;
    if (seen->kind != (sends ? TRACE_SEND : TRACE_RECV) || seen->host != event->host)
        return false;
    if ((seen->segment.classes & event->segment.classes) != event->segment.classes)
        return false;
    return event->segment.of == STORY_NONE || index->conn[seen->conn].name == event->segment.of;
}

static bool event_is(const struct judge_index *index, const struct story_event *event, const struct trace_event *seen)
{
    switch (event->kind) {
    case EVENT_NONE:
        return false;
    case EVENT_ENTERS:
        return seen->kind == TRACE_STATE && seen->host == event->host && seen->state.to == event->state &&
               names_agree(index, event, seen->conn);
    case EVENT_LEAVES:
        return seen->kind == TRACE_STATE && seen->host == event->host && seen->state.from == event->state &&
               names_agree(index, event, seen->conn);
    case EVENT_SENDS:
    case EVENT_RECEIVES:
        return segment_matches(index, event, seen);
    case EVENT_SEES_EOF:
        return seen->kind == TRACE_RETURN && seen->host == event->host && seen->call.eof && names_agree(index, event, seen->conn);
    case EVENT_SEES_ERROR:
        return seen->kind == TRACE_RETURN && seen->host == event->host && seen->call.error == event->error &&
               names_agree(index, event, seen->conn);
    }
    return false;
}

/* The index in the trace at which the event has happened as often as asked for; trace->count if never. */
static uint32_t event_met(const struct judge_index *index, const struct story_event *event)
{
    const bool counted = event->kind == EVENT_SENDS || event->kind == EVENT_RECEIVES;
    const uint32_t wanted =
        counted && event->segment.ordinals_given && event->segment.ordinals.first > 1 ? event->segment.ordinals.first : 1;
    uint32_t met = 0;
    for (uint32_t i = 0; i < index->trace->count; i++)
        if (event_is(index, event, &index->trace->events[i]) && ++met == wanted)
            return i;
    return index->trace->count;
}

/* ---- rules with ordinals ---- */

struct counted {
    uint32_t matches;
    int64_t first_ns, last_ns;
};

/* Matching segments from the statement's own beginning on. One that a cut swallowed was counted all the same. */
static struct counted count_matches(const struct judge_index *index, const struct story_statement *statement)
{
    uint32_t begin = 0;
    int64_t begin_ns = statement->when == WHEN_AT ? statement->at_ns : 0;
    if (statement->when == WHEN_EVENT) {
        begin = event_met(index, &statement->event);
        if (begin < index->trace->count && statement->after_ns > 0)
            begin_ns = time_add(index->trace->events[begin].time_ns, statement->after_ns);
    }
    struct counted counted = {0, 0, 0};
    for (uint32_t i = 0; i < index->send_count; i++) {
        const struct trace_event *send = index_send(index, i);
        if (index->sends[i] < begin || send->time_ns < begin_ns || !index_matches(index, &statement->segment, send))
            continue;
        if (counted.matches++ == 0)
            counted.first_ns = send->time_ns;
        counted.last_ns = send->time_ns;
    }
    return counted;
}

static uint32_t ordinals_wanted(const struct story_statement *statement)
{
    const struct ordinals *ordinals = &statement->segment.ordinals;
    if (!statement->segment.ordinals_given)
        return 1;
    return ordinals->last == ORDINAL_LAST ? (ordinals->first > 0 ? ordinals->first : 1) : ordinals->last;
}

/* "the client sent ACK(FIN) once, at 5.040s; use 1st, or make it send one more" */
static void ordinals_help(const struct judge *judge, struct help *help, const struct story_statement *statement,
                          const struct counted *counted)
{
    const struct segment_match *match = &statement->segment;
    const char *const from = words_host(judge->story, match->from), *const to = words_host(judge->story, match->to);
    const struct words classes = words_classes(match->classes);
    if (counted->matches == 0)
        help_line(help, "the %s sent no %s to the %s", from, classes.s, to);
    else if (counted->matches == 1)
        help_line(help, "the %s sent %s once, at %s; use 1st, or make it be sent again", from, classes.s, words_time(counted->first_ns).s);
    else
        help_line(help, "the %s sent %s %s, last at %s; use 1st..%s, or make it be sent more often", from, classes.s,
                  words_times(counted->matches).s, words_time(counted->last_ns).s, words_ordinal(counted->matches).s);
}

/* ---- cuts ---- */

static bool same_path(const struct story_statement *a, const struct story_statement *b)
{
    if (a->from == b->from && a->to == b->to)
        return true;
    return (a->both || b->both) && a->from == b->to && a->to == b->from;
}

/* Where two cuts of one path overlap, what either lost both have lost. */
static bool cut_lost_something(const struct judge *judge, const struct deed *deeds, uint32_t which)
{
    if (deeds[which].cuts > 0)
        return true;
    const struct trace *trace = judge->index.trace;
    const struct story_statement *statement = &judge->story->statements[which];
    for (uint32_t i = 0; i < trace->count && deeds[which].records > 0; i++) {
        const struct trace_event *drop = &trace->events[i];
        if (drop->kind != TRACE_DROP || drop->what != DROP_CUT || drop->statement == 0)
            continue;
        if (drop->time_ns >= deeds[which].from_ns && drop->time_ns < deeds[which].to_ns &&
            same_path(statement, &judge->story->statements[drop->statement - 1]))
            return true;
    }
    return false;
}

static void collect(const struct judge *judge, struct deed *deeds)
{
    const struct trace *trace = judge->index.trace;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        const bool tells = event->kind == TRACE_DROP || event->kind == TRACE_DUP || event->kind == TRACE_NOTE ||
                           event->kind == TRACE_FAULT || event->kind == TRACE_INJECT;
        if (!tells || event->statement == 0 || event->statement > judge->story->statement_count)
            continue;
        struct deed *deed = &deeds[event->statement - 1];
        deed->records++;
        if (event->kind == TRACE_DROP)
            deed->cuts += event->what == DROP_CUT;
        if (event->kind == TRACE_FAULT && event->what == FAULT_CUT_BEGINS) {
            deed->from_ns = event->time_ns;
            deed->to_ns = TIME_NEVER;
        } else if (event->kind == TRACE_FAULT && event->what == FAULT_CUT_ENDS) {
            deed->to_ns = event->time_ns;
        }
    }
}

/* ---- statements ---- */

/* A line of the base file, seen from a variant: it is not indented. */
static bool inherited(const struct story *story, const struct place *place)
{
    if (story->variant == 0)
        return false;
    if (story->lines == NULL || place->line == 0 || place->line > story->line_count)
        return place->column <= 1;
    const char first = story->lines[place->line - 1][0];
    return first != ' ' && first != '\t';
}

static const char *noun(enum statement_kind kind)
{
    return kind == STATEMENT_SAY || kind == STATEMENT_ASK ? "moment" : kind == STATEMENT_INJECT ? "segment" : "fault";
}

static void trigger_help(const struct judge *judge, struct help *help, const struct story_event *event)
{
    if (event->kind != EVENT_ENTERS && event->kind != EVENT_LEAVES)
        return;
    for (uint32_t conn = 1; conn <= judge->index.conns; conn++) {
        const unsigned side = index_side(&judge->index, conn, event->host);
        if (side > 1 || (event->name != STORY_NONE && judge->index.conn[conn].name != event->name))
            continue;
        explain_path(judge, help, conn, side);
        return;
    }
}

static void judge_statement(struct judge *judge, const struct deed *deeds, uint32_t which)
{
    const struct story_statement *statement = &judge->story->statements[which];
    struct help help = {"", 0};
    bool happened = deeds[which].records > 0;
    switch (statement->kind) {
    case STATEMENT_CUT:
        if (happened && !cut_lost_something(judge, deeds, which)) {
            judge_fail(judge, statement->place, NULL, false, TIME_NEVER,
                       "this cut lost nothing: nothing was sent on that way while it held");
            return;
        }
        break;
    case STATEMENT_DROP:
    case STATEMENT_DELAY:
    case STATEMENT_DUPLICATE:
    case STATEMENT_CORRUPT: {
        const struct counted counted = count_matches(&judge->index, statement);
        happened = counted.matches >= ordinals_wanted(statement);
        if (!happened)
            ordinals_help(judge, &help, statement, &counted);
        break;
    }
    case STATEMENT_SAY:
    case STATEMENT_ASK:
        happened |= inherited(judge->story, &statement->place);
        break;
    case STATEMENT_CRASH:
    case STATEMENT_BOOT:
    case STATEMENT_PAUSE:
    case STATEMENT_KILL:
    case STATEMENT_LINK:
    case STATEMENT_INJECT:
        break;
    }
    if (happened)
        return;
    if (statement->when == WHEN_EVENT && event_met(&judge->index, &statement->event) == judge->index.trace->count) {
        trigger_help(judge, &help, &statement->event);
        judge_fail(judge, statement->place, &help, false, TIME_NEVER, "this trigger never matched");
        return;
    }
    if (statement->kind == STATEMENT_BOOT)
        help_line(&help, "the %s was running: a host boots after a crash", words_host(judge->story, statement->from));
    if (statement->kind == STATEMENT_CRASH)
        help_line(&help, "the %s was down already", words_host(judge->story, statement->from));
    judge_fail(judge, statement->place, &help, false, TIME_NEVER, "this %s never happened", noun(statement->kind));
}

/* ---- guards ---- */

/* Did anything run it? A service that nobody called is legal. */
static bool program_ran(const struct judge *judge, uint32_t program)
{
    const struct judge_index *index = &judge->index;
    if (index->first_copy[program + 1] > index->first_copy[program])
        return true;
    if (!judge->story->programs[program].service)
        return !judge->story->programs[program].after_boot;
    for (uint32_t conn = 1; conn <= index->conns; conn++)
        for (uint32_t i = 0; i < index->conn[conn].states; i++) {
            const struct trace_event *event = index_state(index, conn, i);
            if (event->host == judge->story->programs[program].host && event->state.side == 1 && event->state.to == TCP_ESTABLISHED)
                return true;
        }
    return false;
}

/* A guard with a deadline says itself that its event may not come. */
static void judge_guards(struct judge *judge)
{
    const struct story *story = judge->story;
    bool *called = calloc((size_t)story->step_count + 1, sizeof *called);
    if (called == NULL) {
        judge->index.failed = true;
        return;
    }
    for (uint32_t i = 0; i < judge->index.trace->count; i++) {
        const struct trace_event *event = &judge->index.trace->events[i];
        if (event->kind == TRACE_CALL && event->call.step < story->step_count)
            called[event->call.step] = true;
    }
    for (uint32_t p = 0; p < story->program_count; p++) {
        const struct story_program *program = &story->programs[p];
        for (uint32_t s = program->first_step; s < program->first_step + program->steps; s++) {
            const struct story_guard *guard = &story->steps[s].guard;
            if (guard->event.kind == EVENT_NONE || guard->within_ns != TIME_NEVER || called[s] || !program_ran(judge, p))
                continue;
            if (event_met(&judge->index, &guard->event) < judge->index.trace->count)
                continue;
            struct help help = {"", 0};
            trigger_help(judge, &help, &guard->event);
            judge_fail(judge, guard->event.place.line != 0 ? guard->event.place : story->steps[s].place, &help, false, TIME_NEVER,
                       "this trigger never matched");
        }
    }
    free(called);
}

void judge_silence(struct judge *judge)
{
    if (judge->cut)
        return;
    struct deed *deeds = calloc((size_t)judge->story->statement_count + 1, sizeof *deeds);
    if (deeds == NULL) {
        judge->index.failed = true;
        return;
    }
    collect(judge, deeds);
    for (uint32_t s = 0; s < judge->story->statement_count; s++)
        if (!judge->story->statements[s].maybe)
            judge_statement(judge, deeds, s);
    free(deeds);
    judge_guards(judge);
}
