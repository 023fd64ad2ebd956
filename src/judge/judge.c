/* SPDX-License-Identifier: MIT */
/* Judges a run: reports, the calls' own expectations, the expectations of the file, silence, the invariants. */
#include "judge/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/internal.h"
#include "judge/invariants.h"

/* ---- which connection is meant ---- */

uint32_t judge_candidates(const struct judge_index *index, uint16_t host, uint16_t name, uint32_t before, uint32_t *first, char *names,
                          size_t size)
{
    uint32_t count = 0;
    size_t length = 0;
    names[0] = '\0';
    for (uint32_t conn = 1; conn <= index->conns; conn++) {
        const unsigned side = index_side(index, conn, host);
        if (side > 1 || !index_made(index, conn, side, before) || (name != STORY_NONE && index->conn[conn].name != name))
            continue;
        if (count++ == 0)
            *first = conn;
        const uint16_t other = index->conn[conn].name;
        if (other >= index->story->name_count)
            continue;
        const int written = snprintf(names + length, size - length, "%s%s.%s", length > 0 ? ", " : "", words_host(index->story, host),
                                     index->story->names[other]);
        if (written > 0 && length + (size_t)written < size)
            length += (size_t)written;
        else
            names[length] = '\0';
    }
    return count;
}

void names_help(const struct judge *judge, struct help *help, uint16_t host, const char *names)
{
    if (names[0] != '\0')
        help_line(help, "these have names: %s", names);
    else
        help_line(help, "give them names: connect %s:PORT as NAME, or accept as NAME", words_host(judge->story, host));
}

uint32_t judge_resolve(struct judge *judge, const struct story_expect *expect, unsigned *side, enum outcome *outcome)
{
    char names[160];
    uint32_t conn = 0;
    uint32_t count = judge_candidates(&judge->index, expect->host, expect->name, judge->index.trace->count, &conn, names, sizeof names);
    if (count == 0)
        count = judge_candidates(&judge->index, expect->host, expect->name, NEVER_MADE, &conn, names, sizeof names);
    *outcome = OUTCOME_FAILED;
    *side = 0;
    if (count == 1) {
        *side = index_side(&judge->index, conn, expect->host);
        return conn;
    }
    if (judge->cut) {
        *outcome = OUTCOME_UNDECIDED;
        return 0;
    }
    const struct words end = words_end(judge->story, expect->host, expect->name);
    struct help help = {"", 0};
    if (count == 0) {
        help_line(&help, expect->name == STORY_NONE ? "it never opened nor was offered one" : "no connection of that name came to be");
        judge_fail(judge, expect->place, &help, true, TIME_NEVER, "%s had no connection", end.s);
        return 0;
    }
    names_help(judge, &help, expect->host, names);
    judge_fail(judge, expect->place, &help, true, TIME_NEVER, "%s had %u connections: name one", end.s, (unsigned)count);
    return 0;
}

/* ---- expectations ---- */

static enum outcome judge_expect(struct judge *judge, const struct story_expect *expect)
{
    switch (expect->kind) {
    case EXPECT_PATH:
        return expect_path(judge, expect);
    case EXPECT_IS_AT:
    case EXPECT_IS_BY:
        return expect_is(judge, expect);
    case EXPECT_SPENDS:
        return expect_spends(judge, expect);
    case EXPECT_NEVER_STATE:
        return expect_never_state(judge, expect);
    case EXPECT_WIRE:
        return expect_wire(judge, expect);
    case EXPECT_SENDS_TIMES:
        return expect_sends(judge, expect);
    case EXPECT_SEGMENT_AT:
    case EXPECT_SEGMENT_AFTER:
        return expect_segment_time(judge, expect);
    case EXPECT_NEVER_SEGMENT:
        return expect_never_segment(judge, expect);
    case EXPECT_RECEIVES:
        return expect_receives(judge, expect);
    case EXPECT_SEES:
        return expect_sees(judge, expect);
    case EXPECT_HOLDS:
        return expect_holds(judge, expect);
    case EXPECT_VERDICT:
        return expect_verdict(judge, expect);
    case EXPECT_BREAKS:
        return expect_breaks(judge, expect);
    }
    return OUTCOME_UNDECIDED;
}

enum outcome expect_breaks(struct judge *judge, const struct story_expect *expect)
{
    if (expect->maybe)
        return judge->cut ? OUTCOME_UNDECIDED : OUTCOME_HELD;
    if (judge->out->invariant_broken[expect->invariant])
        return OUTCOME_HELD;
    if (judge->cut)
        return OUTCOME_UNDECIDED;
    struct help help = {"", 0};
    help_line(&help, "if either may be: expect maybe breaks %s", invariant_name(expect->invariant));
    judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected a break of %s, but it held", invariant_name(expect->invariant));
    return OUTCOME_FAILED;
}

/* ---- invariants ---- */

static const char *const rules[INVARIANTS] = {
    [INVARIANT_PREFIX] = "what a program is given is a prefix of what was written",
    [INVARIANT_NO_SILENT_LOSS] = "no end-of-file while an accepted byte is missing",
    [INVARIANT_ACK_MEANS_KEPT] = "an acknowledged FIN means that the peer's TCP had every byte",
    [INVARIANT_FIN_ONCE] = "a FIN has one number for life, and nothing new lies beyond it",
    [INVARIANT_LEGAL_MOVES] = "a state change is an edge of RFC 9293 figure 5, or one that the profile declares",
    [INVARIANT_FIN_IS_ANSWERED] = "an acceptable FIN is acknowledged within the delayed-ACK maximum",
    [INVARIANT_ENDS_AGREE] = "when a run ends, no end holds a connection whose other end is gone",
    [INVARIANT_NO_SOCKET_FOR_EVER] = "once both programs have closed, both ends are freed within the bound",
    [INVARIANT_ORPHAN_BOUND] = "an end without a program whose peer never answers is freed within the bound",
    [INVARIANT_TIME_WAIT] = "the last ACK of the FIN is followed by the profile's whole TIME_WAIT",
    [INVARIANT_NO_OLD_DUPLICATES] = "nothing of one incarnation touches a later one",
    [INVARIANT_RST_IS_LAWFUL] = "no RST answers a RST; a RST is obeyed as RFC 5961 and the profile allow",
    [INVARIANT_ERRORS_ARE_TOLD] = "an unclean end is told to its owner exactly once",
    [INVARIANT_COMES_TO_REST] = "after the last fault the network falls silent within the bound",
};

/* The line that an event stands for: a fault's, a call's; line 0 if none. */
static struct place line_of(const struct judge *judge, const struct trace_event *event)
{
    if (event->statement > 0 && event->statement <= judge->story->statement_count)
        return judge->story->statements[event->statement - 1].place;
    if ((event->kind == TRACE_CALL || event->kind == TRACE_RETURN) && event->call.step < judge->story->step_count)
        return judge->story->steps[event->call.step].place;
    return (struct place){0, 0, 0};
}

/* The line of the story's nearest cause: up the chain of causes to a call or a fault. A chain that begins with a timer says nothing of
 * the story; then it is the last fault or call of that connection. */
static struct place nearest_cause(const struct judge *judge, uint32_t number)
{
    const struct trace *trace = judge->index.trace;
    if (number == 0 || number > trace->count)
        return (struct place){0, 0, 0};
    for (uint32_t at = number; at > 0;) {
        const struct trace_event *event = &trace->events[at - 1];
        const struct place place = line_of(judge, event);
        if (place.line != 0 || event->cause >= at)
            return place;
        at = event->cause;
    }
    const uint32_t conn = trace->events[number - 1].conn;
    for (uint32_t at = number; at > 0; at--) {
        const struct place place = line_of(judge, &trace->events[at - 1]);
        if (place.line != 0 && trace->events[at - 1].conn == conn)
            return place;
    }
    return (struct place){0, 0, 0};
}

static bool declared(const struct story *story, enum invariant which)
{
    for (uint32_t i = 0; i < story->expect_count; i++) {
        const struct story_expect *expect = &story->expects[i];
        if (expect->kind == EXPECT_BREAKS && expect->invariant == which)
            return true;
        if (expect->kind == EXPECT_VERDICT && expect->verdict == VERDICT_HALF_OPEN && which == INVARIANT_ENDS_AGREE)
            return true;
    }
    return false;
}

void judge_invariants(struct judge *judge)
{
    for (unsigned i = 0; i < INVARIANTS; i++) {
        const enum invariant which = (enum invariant)i;
        uint32_t number = 0;
        const char *const message = invariants_message(judge->invariants, which, &number);
        if (message == NULL || declared(judge->story, which))
            continue;
        const uint32_t segment = judge->invariants->breaks[which].segment;
        const int64_t time_ns =
            number > 0 && number <= judge->index.trace->count ? judge->index.trace->events[number - 1].time_ns : judge->index.end_ns;
        struct help help = {"", 0};
        if (segment != 0)
            help_line(&help, "segment %u, at %s", (unsigned)segment, words_time(time_ns).s);
        else
            help_line(&help, "at %s", words_time(time_ns).s);
        help_line(&help, "the rule: %s", rules[which]);
        help_line(&help, "if it is meant: expect breaks %s", invariant_name(which));
        judge_fail(judge, nearest_cause(judge, number), &help, true, time_ns, "%s is broken: %s", invariant_name(which), message);
    }
}

static bool watch(struct judge *judge)
{
    const struct trace *trace = judge->index.trace;
    judge->invariants = invariants_new(judge->story);
    if (judge->invariants == NULL)
        return false;
    for (uint32_t i = 0; i < trace->count; i++)
        invariants_feed(judge->invariants, i + 1, &trace->events[i], 1);
    const uint32_t broken = invariants_finish(judge->invariants, judge->index.end_ns, judge->cut);
    for (unsigned i = 0; i < INVARIANTS; i++)
        judge->out->invariant_broken[i] = (broken & (1u << i)) != 0;
    return !judge->invariants->failed;
}

void judge_run(struct judgement *out, const struct story *story, const struct trace *trace, int64_t end_ns, uint64_t hash, bool until_cut)
{
    memset(out, 0, sizeof *out);
    out->end_ns = end_ns;
    out->hash = hash;
    out->cut = until_cut;
    struct judge judge = {.story = story, .out = out, .cut = until_cut};
    if (index_build(&judge.index, story, trace, end_ns) && watch(&judge) && judge_reports(&judge)) {
        judge_calls(&judge);
        for (uint32_t i = 0; i < story->expect_count; i++)
            out->held += judge_expect(&judge, &story->expects[i]) == OUTCOME_HELD;
        judge_silence(&judge);
        judge_asks(&judge);
        judge_invariants(&judge);
    } else {
        judge.index.failed = true;
    }
    if (judge.index.failed)
        judge_fail(&judge, (struct place){0, 0, 0}, NULL, false, TIME_NEVER, "there was not enough memory to judge this run");
    invariants_free(judge.invariants);
    index_free(&judge.index);
}

void judgement_free(struct judgement *judgement)
{
    free(judgement->connections);
    judgement->connections = NULL;
    judgement->connection_count = 0;
}
