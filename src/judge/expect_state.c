/* SPDX-License-Identifier: MIT */
/* Expectations about the states of an end: path, is ... at, is ... by, spends, never, holds. */
#include <inttypes.h>
#include <stdio.h>

#include "judge/internal.h"

static const char *name_of(enum tcp_state state)
{
    return tcp_state_name(state);
}

/* A listening socket belongs to no connection: is one of this host's listening at that time? */
static bool listens_at(const struct judge_index *index, unsigned host, int64_t time_ns)
{
    uint32_t listening = 0;
    for (uint32_t i = 0; i < index->conn[0].states; i++) {
        const struct trace_event *event = index_state(index, 0, i);
        if (event->time_ns > time_ns)
            break;
        if (event->host != host)
            continue;
        listening += event->state.to == TCP_LISTEN;
        listening -= event->state.from == TCP_LISTEN && event->state.to != TCP_LISTEN && listening > 0;
    }
    return listening > 0;
}

/* ---- is X at T, is X by T ---- */

static enum outcome is_at(struct judge *judge, const struct story_expect *expect, uint32_t conn, unsigned side)
{
    if (expect->state == TCP_LISTEN && listens_at(&judge->index, expect->host, expect->at_ns))
        return OUTCOME_HELD;
    if (index_state_at(&judge->index, conn, side, expect->at_ns) == expect->state)
        return OUTCOME_HELD;
    /* With a tolerance: at some time within it. */
    for (uint32_t i = 0; expect->tolerance_ns > 0 && i < judge->index.conn[conn].states; i++) {
        const struct trace_event *event = index_state(&judge->index, conn, i);
        const int64_t from = expect->at_ns - expect->tolerance_ns, to = time_add(expect->at_ns, expect->tolerance_ns);
        if (event->state.side != side || event->time_ns > to)
            continue;
        if (event->time_ns >= from && (event->state.to == expect->state || event->state.from == expect->state))
            return OUTCOME_HELD;
    }
    struct help help = {"", 0};
    explain_end(judge, &help, conn, side, expect->at_ns);
    judge_fail(judge, expect->place, &help, true, expect->at_ns, "expected %s %s at %s",
               words_end(judge->story, expect->host, expect->name).s, name_of(expect->state), words_time(expect->at_ns).s);
    return OUTCOME_FAILED;
}

/* "it reached CLOSED at 5.461s, after resending the FIN at 5.440s" */
static void when_reached(const struct judge *judge, struct help *help, uint32_t conn, unsigned side, enum tcp_state state, int64_t after_ns)
{
    for (uint32_t i = 0; i < judge->index.conn[conn].states; i++) {
        const struct trace_event *event = index_state(&judge->index, conn, i);
        if (event->state.side != side || event->state.to != state || event->time_ns <= after_ns)
            continue;
        const struct trace_event *resent = NULL;
        for (uint32_t k = 0; k < judge->index.send_count; k++) {
            const struct trace_event *send = index_send(&judge->index, k);
            if (send->time_ns > event->time_ns)
                break;
            if (send->time_ns > after_ns && send->conn == conn && send->host == event->host && send->segment.flags & TCP_FIN)
                resent = send;
        }
        if (resent != NULL)
            help_line(help, "it reached %s at %s, after resending the FIN at %s", name_of(state), words_time(event->time_ns).s,
                      words_time(resent->time_ns).s);
        else
            help_line(help, "it reached %s at %s", name_of(state), words_time(event->time_ns).s);
        return;
    }
    help_line(help, "it did not reach %s afterwards either", name_of(state));
}

static enum outcome is_by(struct judge *judge, const struct story_expect *expect, uint32_t conn, unsigned side)
{
    const int64_t latest = time_add(expect->high_ns, expect->tolerance_ns);
    for (uint32_t i = 0; i < judge->index.conn[conn].states; i++) {
        const struct trace_event *event = index_state(&judge->index, conn, i);
        if (event->time_ns <= latest && event->state.side == side && event->state.to == expect->state)
            return OUTCOME_HELD;
    }
    if (expect->state == TCP_LISTEN && listens_at(&judge->index, expect->host, latest))
        return OUTCOME_HELD;
    if (judge->cut && judge->index.end_ns < latest)
        return OUTCOME_UNDECIDED;
    struct help help = {"", 0};
    explain_end(judge, &help, conn, side, expect->high_ns);
    when_reached(judge, &help, conn, side, expect->state, expect->high_ns);
    judge_fail(judge, expect->place, &help, true, expect->high_ns, "expected %s %s by %s",
               words_end(judge->story, expect->host, expect->name).s, name_of(expect->state), words_time(expect->high_ns).s);
    return OUTCOME_FAILED;
}

enum outcome expect_is(struct judge *judge, const struct story_expect *expect)
{
    const bool at = expect->kind == EXPECT_IS_AT;
    if (judge->cut && at && expect->at_ns > judge->index.end_ns)
        return OUTCOME_UNDECIDED;
    if (at && expect->state == TCP_LISTEN && expect->name == STORY_NONE && listens_at(&judge->index, expect->host, expect->at_ns))
        return OUTCOME_HELD;
    unsigned side;
    enum outcome outcome;
    const uint32_t conn = judge_resolve(judge, expect, &side, &outcome);
    if (conn == 0)
        return outcome;
    return at ? is_at(judge, expect, conn, side) : is_by(judge, expect, conn, side);
}

/* ---- path ---- */

enum outcome expect_path(struct judge *judge, const struct story_expect *expect)
{
    unsigned side;
    enum outcome outcome;
    const uint32_t conn = judge_resolve(judge, expect, &side, &outcome);
    if (conn == 0)
        return outcome;
    const enum tcp_state *const wanted = &judge->story->path_states[expect->first_state];
    uint32_t met = 0;
    int64_t until_ns = TIME_NEVER;
    bool first = true, wrong = false;
    for (uint32_t i = 0; i < judge->index.conn[conn].states && met < expect->states && !wrong; i++) {
        const struct trace_event *event = index_state(&judge->index, conn, i);
        if (event->state.side != side || event->state.from == event->state.to)
            continue;
        if (first && event->state.from == wanted[0])
            met = 1;
        first = false;
        if (met < expect->states && event->state.to == wanted[met]) {
            met++;
        } else if (met > 0 && met < expect->states) {
            wrong = true;
            until_ns = event->time_ns;
        }
    }
    if (met == expect->states)
        return OUTCOME_HELD;
    if (judge->cut && !wrong)
        return OUTCOME_UNDECIDED;

    char path[120] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < expect->states; i++) {
        const int written = snprintf(path + length, sizeof path - length, " %s", name_of(wanted[i]));
        if (written < 0 || length + (size_t)written >= sizeof path)
            break;
        length += (size_t)written;
    }
    struct help help = {"", 0};
    explain_path(judge, &help, conn, side);
    judge_fail(judge, expect->place, &help, true, until_ns, "expected %s path%s", words_end(judge->story, expect->host, expect->name).s,
               path);
    return OUTCOME_FAILED;
}

/* ---- spends ---- */

enum outcome expect_spends(struct judge *judge, const struct story_expect *expect)
{
    unsigned side;
    enum outcome outcome;
    const uint32_t conn = judge_resolve(judge, expect, &side, &outcome);
    if (conn == 0)
        return outcome;
    /* The first visit counts. */
    int64_t entered = -1, left = -1;
    for (uint32_t i = 0; i < judge->index.conn[conn].states && left < 0; i++) {
        const struct trace_event *event = index_state(&judge->index, conn, i);
        if (event->state.side != side || event->state.from == event->state.to)
            continue;
        if (entered < 0 && event->state.to == expect->state)
            entered = event->time_ns;
        else if (entered >= 0 && event->state.from == expect->state)
            left = event->time_ns;
    }
    const int64_t low = expect->low_ns - expect->tolerance_ns, high = time_add(expect->high_ns, expect->tolerance_ns);
    const bool there = entered >= 0 && left < 0;
    const int64_t spent = entered < 0 ? 0 : (there ? judge->index.end_ns : left) - entered;
    if (entered >= 0 && spent >= low && spent <= high && !(there && judge->cut))
        return OUTCOME_HELD;
    if (judge->cut && (entered < 0 || (there && spent <= high)))
        return OUTCOME_UNDECIDED;

    struct help help = {"", 0};
    if (entered < 0)
        explain_path(judge, &help, conn, side);
    else if (there)
        help_line(&help, "it entered %s at %s and was still there when the run ended, %s later", name_of(expect->state),
                  words_time(entered).s, words_time(spent).s);
    else
        help_line(&help, "it was there from %s to %s: %s", words_time(entered).s, words_time(left).s, words_time(spent).s);
    const bool exact = expect->low_ns == expect->high_ns;
    judge_fail(judge, expect->place, &help, true, left >= 0 ? left : TIME_NEVER, "expected %s to spend %s%s%s in %s",
               words_end(judge->story, expect->host, expect->name).s, words_duration(expect->low_ns).s, exact ? "" : "..",
               exact ? "" : words_duration(expect->high_ns).s, name_of(expect->state));
    return OUTCOME_FAILED;
}

/* ---- never X ---- */

enum outcome expect_never_state(struct judge *judge, const struct story_expect *expect)
{
    const struct judge_index *index = &judge->index;
    bool there = false;
    for (uint32_t conn = 1; conn <= index->conns; conn++) {
        const unsigned side = index_side(index, conn, expect->host);
        if (side > 1 || (expect->name != STORY_NONE && index->conn[conn].name != expect->name))
            continue;
        there = true;
        for (uint32_t i = 0; i < index->conn[conn].states; i++) {
            const struct trace_event *event = index_state(index, conn, i);
            if (event->state.side != side || event->state.to != expect->state)
                continue;
            struct help help = {"", 0};
            help_line(&help, "it entered %s at %s, from %s", name_of(expect->state), words_time(event->time_ns).s,
                      name_of((enum tcp_state)event->state.from));
            judge_fail(judge, expect->place, &help, true, event->time_ns, "expected %s never %s",
                       words_end(judge->story, expect->host, expect->name).s, name_of(expect->state));
            return OUTCOME_FAILED;
        }
    }
    if (judge->cut)
        return OUTCOME_UNDECIDED;
    if (there)
        return OUTCOME_HELD;
    judge_fail(judge, expect->place, NULL, false, TIME_NEVER, "%s never had a connection, so it could not be %s",
               words_end(judge->story, expect->host, expect->name).s, name_of(expect->state));
    return OUTCOME_FAILED;
}

/* ---- holds N X at T ---- */

static uint64_t held_at(const struct judge_index *index, const struct story_expect *expect, int64_t time_ns)
{
    uint64_t held = 0;
    for (uint32_t conn = 1; conn <= index->conns; conn++) {
        const unsigned side = index_side(index, conn, expect->host);
        if (side < 2 && index->conn[conn].made[side] && (expect->name == STORY_NONE || index->conn[conn].name == expect->name))
            held += index_state_at(index, conn, side, time_ns) == expect->state;
    }
    return held;
}

enum outcome expect_holds(struct judge *judge, const struct story_expect *expect)
{
    const struct judge_index *index = &judge->index;
    if (judge->cut && expect->at_ns > index->end_ns)
        return OUTCOME_UNDECIDED;
    const uint64_t high = expect->high > expect->low ? expect->high : expect->low;
    const uint64_t held = held_at(index, expect, expect->at_ns);
    if (held >= expect->low && held <= high)
        return OUTCOME_HELD;
    /* With a tolerance: after some event within it. */
    int64_t tried_ns = expect->at_ns;
    for (uint32_t i = 0; expect->tolerance_ns > 0 && i < index->trace->count; i++) {
        const struct trace_event *event = &index->trace->events[i];
        const int64_t time_ns = event->time_ns;
        if (event->kind != TRACE_STATE || event->host != expect->host || time_ns == tried_ns ||
            time_ns < expect->at_ns - expect->tolerance_ns || time_ns > time_add(expect->at_ns, expect->tolerance_ns))
            continue;
        const uint64_t then = held_at(index, expect, tried_ns = time_ns);
        if (then >= expect->low && then <= high)
            return OUTCOME_HELD;
    }
    struct help help = {"", 0};
    help_line(&help, "at %s it held %" PRIu64 " of them", words_time(expect->at_ns).s, held);
    judge_fail(judge, expect->place, &help, true, expect->at_ns, "expected %s to hold %" PRIu64 " %s at %s",
               words_end(judge->story, expect->host, expect->name).s, expect->low, name_of(expect->state), words_time(expect->at_ns).s);
    return OUTCOME_FAILED;
}
