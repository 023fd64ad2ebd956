/* SPDX-License-Identifier: MIT */
/* What programs got: receives, sees, and the `= VALUE` of a call. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "judge/internal.h"
#include "judge/invariants.h"

static bool reads(unsigned call)
{
    return call == CALL_RECV || call == CALL_RECV_EOF || call == CALL_DRAIN;
}

/* ---- receives N then ... ---- */

struct received {
    uint64_t bytes;
    bool eof, error_seen; /* error_seen: the one that was asked for */
    const struct trace_event *end; /* the first that told of an end */
};

/* EAGAIN is no end: there was nothing yet. */
static struct received received_by(const struct judge_index *index, uint32_t conn, unsigned host, enum tcp_errno error)
{
    struct received got = {0};
    for (uint32_t i = 0; i < index->conn[conn].calls; i++) {
        const struct trace_event *event = index_call(index, conn, i);
        if (event->kind != TRACE_RETURN || event->host != host)
            continue;
        const struct trace_call *call = &event->call;
        if (error != TCP_OK && call->error == error)
            got.error_seen = true;
        if (!reads(call->call))
            continue;
        if (call->value > 0)
            got.bytes += (uint64_t)call->value;
        got.eof |= call->eof;
        if (got.end == NULL && (call->eof || (call->error != TCP_OK && call->error != TCP_EAGAIN)))
            got.end = event;
    }
    return got;
}

static const char *then_words(const struct story_expect *expect)
{
    switch (expect->then) {
    case THEN_EOF:
        return " then eof";
    case THEN_NOTHING:
        return " then nothing";
    case THEN_ERROR:
        return " then ";
    case THEN_UNSAID:
        return "";
    }
    return "";
}

enum outcome expect_receives(struct judge *judge, const struct story_expect *expect)
{
    unsigned side;
    enum outcome outcome;
    const uint32_t conn = judge_resolve(judge, expect, &side, &outcome);
    if (conn == 0)
        return outcome;
    struct received got = received_by(&judge->index, conn, expect->host, expect->then == THEN_ERROR ? expect->error : TCP_OK);
    got.bytes += invariants_in_hand(judge->invariants, conn, side);
    bool held = got.bytes == expect->low;
    if (expect->then == THEN_EOF)
        held = held && got.eof;
    else if (expect->then == THEN_NOTHING)
        held = held && got.end == NULL;
    else if (expect->then == THEN_ERROR)
        held = held && got.error_seen;
    const bool exceeded = got.bytes > expect->low || (expect->then == THEN_NOTHING && got.end != NULL);
    if (held)
        return judge->cut && (expect->then == THEN_NOTHING || expect->then == THEN_UNSAID) ? OUTCOME_UNDECIDED : OUTCOME_HELD;
    if (judge->cut && !exceeded && got.end == NULL)
        return OUTCOME_UNDECIDED;

    struct help help = {"", 0};
    if (got.end != NULL)
        help_line(&help, "it received %" PRIu64 " bytes, then %s at %s", got.bytes,
                  got.end->call.error != TCP_OK ? tcp_errno_name((enum tcp_errno)got.end->call.error) : "eof",
                  words_time(got.end->time_ns).s);
    else
        help_line(&help, "it received %" PRIu64 " bytes, then nothing", got.bytes);
    if (got.end == NULL && !judge->cut)
        explain_end(judge, &help, conn, side, judge->index.end_ns);
    judge_fail(judge, expect->place, &help, true, got.end != NULL ? got.end->time_ns : TIME_NEVER, "expected %s to receive %" PRIu64 "%s%s",
               words_end(judge->story, expect->host, expect->name).s, expect->low, then_words(expect),
               expect->then == THEN_ERROR ? tcp_errno_name(expect->error) : "");
    return OUTCOME_FAILED;
}

/* ---- sees ---- */

enum outcome expect_sees(struct judge *judge, const struct story_expect *expect)
{
    const struct trace *trace = judge->index.trace;
    const struct trace_event *other = NULL; /* what it was told instead */
    uint64_t seen = 0;
    int64_t last_ns = 0;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->kind != TRACE_RETURN || event->host != expect->host)
            continue;
        if (expect->name != STORY_NONE && (event->conn == 0 || judge->index.conn[event->conn].name != expect->name))
            continue;
        if (expect->error == TCP_OK ? event->call.eof && event->call.error == TCP_OK : event->call.error == expect->error) {
            seen++;
            last_ns = event->time_ns;
        } else if (event->call.eof || event->call.error != TCP_OK) {
            other = other == NULL ? event : other;
        }
    }
    const char *const what = expect->error == TCP_OK ? "eof" : tcp_errno_name(expect->error);
    const uint64_t low = expect->times_given ? expect->low : 1, high = expect->times_given ? expect->high : UINT64_MAX;
    if (seen >= low && seen <= high)
        return judge->cut && expect->times_given ? OUTCOME_UNDECIDED : OUTCOME_HELD;
    if (judge->cut && seen < low)
        return OUTCOME_UNDECIDED;
    struct help help = {"", 0};
    if (seen == 0 && other != NULL)
        help_line(&help, "it never saw that; it saw %s at %s",
                  other->call.error != TCP_OK ? tcp_errno_name((enum tcp_errno)other->call.error) : "eof", words_time(other->time_ns).s);
    else if (seen == 0)
        help_line(&help, "it never saw that");
    else
        help_line(&help, "it saw that %s, last at %s", words_times(seen).s, words_time(last_ns).s);
    const struct words who = words_end(judge->story, expect->host, expect->name);
    if (!expect->times_given)
        judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected %s to see %s", who.s, what);
    else if (low == high)
        judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected %s to see %s %s", who.s, what, words_times(low).s);
    else
        judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected %s to see %s %" PRIu64 "..%" PRIu64 " times", who.s, what, low,
                   high);
    return OUTCOME_FAILED;
}

/* ---- = VALUE ---- */

struct step_tally {
    uint32_t calls, returns;
    bool failed; /* has been reported */
};

static struct words wanted_words(const struct story_step *step)
{
    struct words words = {""};
    if (step->expect_error != TCP_OK)
        words_add(&words, "%s", tcp_errno_name(step->expect_error));
    else
        words_add(&words, "%" PRId64, step->expect_value);
    return words;
}

static struct place place_of(const struct story_step *step)
{
    return step->expect_place.line != 0 ? step->expect_place : step->place;
}

static bool host_loses_programs(const struct story *story, unsigned host)
{
    for (uint32_t s = 0; s < story->statement_count; s++)
        if ((story->statements[s].kind == STATEMENT_CRASH || story->statements[s].kind == STATEMENT_KILL) &&
            story->statements[s].from == host)
            return true;
    return false;
}

/* Was this service called at all? */
static bool service_ran(const struct judge *judge, const struct story_program *program)
{
    for (uint32_t conn = 1; conn <= judge->index.conns; conn++)
        for (uint32_t i = 0; i < judge->index.conn[conn].states; i++) {
            const struct trace_event *event = index_state(&judge->index, conn, i);
            if (event->host == program->host && event->state.side == 1 && event->state.to == TCP_ESTABLISHED)
                return true;
        }
    return false;
}

static void judge_step(struct judge *judge, const struct story_program *program, uint32_t number, const struct step_tally *tally)
{
    const struct story_step *step = &judge->story->steps[number];
    if (!step->expects || tally->failed || host_loses_programs(judge->story, program->host))
        return;
    if (tally->calls > tally->returns)
        judge_fail(judge, place_of(step), NULL, true, TIME_NEVER,
                   "expected this call to return %s, but it was still waiting when the run ended", wanted_words(step).s);
    else if (tally->returns == 0 && !program->after_boot && (!program->service || service_ran(judge, program)))
        judge_fail(judge, place_of(step), NULL, true, TIME_NEVER, "expected this call to return %s, but the program never came to it",
                   wanted_words(step).s);
    else if (tally->returns > 0)
        judge->out->held++;
}

void judge_calls(struct judge *judge)
{
    const struct story *story = judge->story;
    const struct trace *trace = judge->index.trace;
    struct step_tally *tallies = calloc((size_t)story->step_count + 1, sizeof *tallies);
    if (tallies == NULL) {
        judge->index.failed = true;
        return;
    }
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if ((event->kind != TRACE_CALL && event->kind != TRACE_RETURN) || event->call.step >= story->step_count)
            continue;
        const struct story_step *step = &story->steps[event->call.step];
        struct step_tally *tally = &tallies[event->call.step];
        if (event->call.call != step->call)
            continue; /* what a relay does to its sockets */
        if (event->kind == TRACE_CALL) {
            tally->calls++;
            continue;
        }
        tally->returns++;
        if (!event->call.failed || tally->failed)
            continue;
        tally->failed = true;
        judge_fail(judge, place_of(step), NULL, true, event->time_ns, "expected this call to return %s, but at %s it returned %s",
                   wanted_words(step).s, words_time(event->time_ns).s, words_call(&event->call).s);
    }
    for (uint32_t p = 0; p < story->program_count && !judge->cut; p++)
        for (uint32_t s = story->programs[p].first_step; s < story->programs[p].first_step + story->programs[p].steps; s++)
            judge_step(judge, &story->programs[p], s, &tallies[s]);
    free(tallies);
}
