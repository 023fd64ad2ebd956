/* SPDX-License-Identifier: MIT */
/* The report of each connection, and its verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/internal.h"
#include "judge/invariants.h"
#include "sim/ask.h"

/* What the state events of a connection tell in one walk. */
struct life {
    enum tcp_state state[2];
    int64_t made_ns[2];
    bool made[2], orphan[2];
    bool refused, reset, timed_out;
};

static void follow(struct life *life, const struct trace_event *event)
{
    const unsigned side = event->state.side, from = event->state.from, why = event->what;
    life->state[side] = (enum tcp_state)event->state.to;
    life->orphan[side] = event->state.orphan != 0;
    if (event->state.to != TCP_CLOSED || from == TCP_TIME_WAIT)
        return;
    if (why == WHY_RST_RECEIVED && from == TCP_SYN_SENT)
        life->refused = true;
    life->reset |= why == WHY_RST_RECEIVED || why == WHY_RST_SENT;
    life->timed_out |= why == WHY_TIMEOUT || why == WHY_KEEPALIVE || why == WHY_USER_TIMEOUT || why == WHY_FIN_WAIT_2_TIMEOUT;
}

static bool disagree(const struct life *life)
{
    for (unsigned side = 0; side < 2; side++)
        if (life->made[side] && life->made[1 - side] && state_is_gone(life->state[side]) && !state_is_gone(life->state[1 - side]) &&
            life->state[1 - side] != TCP_TIME_WAIT)
            return true;
    return false;
}

static struct life live(const struct judge_index *index, uint32_t conn, struct connection_report *report)
{
    struct life life = {{TCP_CLOSED, TCP_CLOSED}, {0, 0}, {false, false}, {false, false}, false, false, false};
    int64_t disagreed_since = -1;
    for (uint32_t i = 0; i < index->conn[conn].states; i++) {
        const struct trace_event *event = index_state(index, conn, i);
        const unsigned side = event->state.side;
        if (side > 1)
            continue;
        if (!life.made[side] || state_is_gone(life.state[side]))
            life.made_ns[side] = event->time_ns;
        life.made[side] = true;
        follow(&life, event);
        if (state_is_gone(life.state[side]))
            report->held_ns[side] += event->time_ns - life.made_ns[side];
        const bool now = disagree(&life);
        if (now && disagreed_since < 0)
            disagreed_since = event->time_ns;
        if (!now && disagreed_since >= 0) {
            report->disagreed_ns += event->time_ns - disagreed_since;
            disagreed_since = -1;
        }
    }
    for (unsigned side = 0; side < 2; side++)
        if (life.made[side] && !state_is_gone(life.state[side]))
            report->held_ns[side] += index->end_ns - life.made_ns[side];
    if (disagreed_since >= 0)
        report->disagreed_ns += index->end_ns - disagreed_since;
    return life;
}

/* Calls of one connection: bytes, and who holds an end. */
struct holding {
    const struct trace_event *last[2]; /* the last call of each end's program */
    bool closed[2];
};

static struct holding follow_calls(const struct judge_index *index, uint32_t conn, struct connection_report *report)
{
    struct holding holding = {{NULL, NULL}, {false, false}};
    for (uint32_t i = 0; i < index->conn[conn].calls; i++) {
        const struct trace_event *event = index_call(index, conn, i);
        const unsigned side = index_side(index, conn, event->host), call = event->call.call;
        if (side > 1)
            continue;
        holding.last[side] = event;
        holding.closed[side] |= call == CALL_CLOSE || call == CALL_ABORT;
        if (event->kind != TRACE_RETURN || event->call.value <= 0)
            continue;
        if (call == CALL_SEND && event->call.error == TCP_OK)
            report->written[side] += (uint64_t)event->call.value;
        else if (call == CALL_RECV || call == CALL_RECV_EOF || call == CALL_DRAIN)
            report->delivered[1 - side] += (uint64_t)event->call.value;
    }
    return holding;
}

/* Has the program that holds this end run its last call? A service without any call has, as soon as it holds something. */
static bool holder_finished(const struct judge_index *index, uint32_t conn, unsigned side, const struct holding *holding)
{
    const struct story *story = index->story;
    const struct trace_event *last = holding->last[side];
    if (last != NULL && last->call.program < story->program_count)
        return index->copies[index->first_copy[last->call.program] + last->call.copy].finished;
    if (side == 0)
        return false;
    for (uint32_t p = 0; p < story->program_count; p++) {
        const struct story_program *program = &story->programs[p];
        if (program->service && program->host == index->conn[conn].host[1] && program->steps == 0 &&
            (index->conn[conn].port[1] == 0 || index->conn[conn].port[1] == program->port))
            return true;
    }
    return false;
}

/* An end that waits for its program, which has nothing more to say. FIN_WAIT_2 waits for the peer's. */
static bool leaks(const struct judge_index *index, uint32_t conn, unsigned side, const struct life *life, const struct holding *holding)
{
    if (life->state[side] != TCP_ESTABLISHED && life->state[side] != TCP_CLOSE_WAIT)
        return false;
    return !holding->closed[side] && holder_finished(index, conn, side, holding);
}

/* Both ends gone, or in TIME_WAIT, or never made. */
static bool over(const struct life *life, unsigned side)
{
    return !life->made[side] || state_is_gone(life->state[side]) || life->state[side] == TCP_TIME_WAIT;
}

static enum verdict judge_connection(const struct judge_index *index, uint32_t conn, struct connection_report *report)
{
    const struct life life = live(index, conn, report);
    const struct holding holding = follow_calls(index, conn, report);
    if (life.refused)
        return VERDICT_REFUSED;
    if (disagree(&life))
        return VERDICT_HALF_OPEN;
    if (leaks(index, conn, 0, &life, &holding) || leaks(index, conn, 1, &life, &holding))
        return VERDICT_LEAKED;
    if (!over(&life, 0) || !over(&life, 1))
        return VERDICT_OPEN;
    if (life.reset)
        return VERDICT_RESET;
    if (life.timed_out)
        return VERDICT_TIMEOUT;
    if (report->delivered[0] < report->written[0] || report->delivered[1] < report->written[1])
        return VERDICT_SHORT;
    return VERDICT_CLEAN;
}

bool judge_reports(struct judge *judge)
{
    const struct judge_index *index = &judge->index;
    judge->out->connections = calloc((size_t)index->conns + 1, sizeof *judge->out->connections);
    if (judge->out->connections == NULL)
        return false;
    for (uint32_t conn = 1; conn <= index->conns; conn++) {
        struct connection_report *report = &judge->out->connections[judge->out->connection_count++];
        report->conn = conn;
        report->name = index->conn[conn].name;
        memcpy(report->host, index->conn[conn].host, sizeof report->host);
        memcpy(report->port, index->conn[conn].port, sizeof report->port);
        for (unsigned side = 0; side < 2; side++)
            report->delivered[1 - side] += invariants_in_hand(judge->invariants, conn, side);
        report->verdict = judge_connection(index, conn, report);
    }
    return true;
}

/* ---- expect verdict ---- */

static struct words conn_words(const struct judge *judge, const struct connection_report *report)
{
    struct words words = {""};
    if (report->name < judge->story->name_count)
        words_add(&words, "%s", judge->story->names[report->name]);
    else
        words_add(&words, "connection %u", (unsigned)report->conn);
    return words;
}

enum outcome expect_verdict(struct judge *judge, const struct story_expect *expect)
{
    if (judge->cut)
        return OUTCOME_UNDECIDED;
    uint32_t asked = 0, others = 0;
    const struct connection_report *other = NULL;
    for (uint32_t i = 0; i < judge->out->connection_count; i++) {
        const struct connection_report *report = &judge->out->connections[i];
        if (expect->name != STORY_NONE && report->name != expect->name)
            continue;
        asked++;
        if (report->verdict == expect->verdict)
            continue;
        others++;
        if (other == NULL)
            other = report;
    }
    if (asked > 0 && others == 0)
        return OUTCOME_HELD;
    struct help help = {"", 0};
    if (other == NULL) {
        help_line(&help, expect->name == STORY_NONE ? "there was no connection" : "there was no connection of that name");
    } else {
        help_line(&help, "%s was %s%s", conn_words(judge, other).s, verdict_name(other->verdict),
                  others > 1 ? ", and it is not the only one" : "");
        for (unsigned side = 0; side < 2; side++)
            explain_end(judge, &help, other->conn, side, judge->index.end_ns);
        for (unsigned side = 0; side < 2; side++)
            if (other->verdict == VERDICT_SHORT && other->delivered[side] < other->written[side])
                help_line(&help, "of the %s's %llu bytes, %llu were read", words_host(judge->story, other->host[side]),
                          (unsigned long long)other->written[side], (unsigned long long)other->delivered[side]);
    }
    judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected verdict %s%s%s", verdict_name(expect->verdict),
               expect->name == STORY_NONE ? "" : " of ", expect->name < judge->story->name_count ? judge->story->names[expect->name] : "");
    return OUTCOME_FAILED;
}

/* ---- the answer to an `ask` ---- */

static const char *answer_verdict(const struct judgement *judgement, const struct story *story, uint16_t name, char *buffer, size_t size)
{
    size_t length = 0;
    const char *only = NULL;
    bool same = true;
    buffer[0] = '\0';
    if (judgement->cut && judgement->connections == NULL) { /* nobody has judged yet */
        (void)snprintf(buffer, size, "known when the run has ended");
        return buffer;
    }
    for (uint32_t i = 0; i < judgement->connection_count; i++) {
        const struct connection_report *report = &judgement->connections[i];
        if (name != STORY_NONE && report->name != name)
            continue;
        const char *const verdict = verdict_name(report->verdict);
        same = same && (only == NULL || only == verdict);
        only = verdict;
        int written;
        if (report->name < story->name_count)
            written = snprintf(buffer + length, size - length, "%s%s %s", length > 0 ? ", " : "", story->names[report->name], verdict);
        else
            written = snprintf(buffer + length, size - length, "%s%u %s", length > 0 ? ", " : "", (unsigned)report->conn, verdict);
        if (written > 0)
            length = length + (size_t)written < size ? length + (size_t)written : size - 1;
    }
    if (only == NULL || same)
        (void)snprintf(buffer, size, "%s", only == NULL ? "no connection" : only);
    return buffer;
}

const char *judge_answer(const struct judgement *judgement, const struct story *story, const struct trace_event *note, char *buffer,
                         size_t size)
{
    if (note->kind != TRACE_NOTE || note->statement == 0 || note->statement > story->statement_count || size == 0)
        return NULL;
    const struct story_statement *ask = &story->statements[note->statement - 1];
    const int64_t value = note->note.value;
    if (ask->kind != STATEMENT_ASK)
        return NULL;
    buffer[0] = '\0';
    switch (ask->ask) {
    case ASK_STATE:
        if (value >= 0 && value < TCP_STATES)
            (void)snprintf(buffer, size, "%s", tcp_state_name((enum tcp_state)value));
        break;
    case ASK_TIMER:
        if (value >= 0 && value < TCP_TIMERS)
            (void)snprintf(buffer, size, "%s", tcp_timer_name((enum tcp_timer)value));
        break;
    case ASK_UNACKED:
        (void)snprintf(buffer, size, "%lld", (long long)value);
        break;
    case ASK_SEES:
        if (value > 0)
            (void)snprintf(buffer, size, "%lld bytes", (long long)value);
        else if (value == ASK_SEES_EOF)
            (void)snprintf(buffer, size, "eof");
        else if (value < ASK_SEES_NOTHING && value > -1 - TCP_ERRNOS)
            (void)snprintf(buffer, size, "%s", tcp_errno_name(ask_sees_which_error(value)));
        else
            (void)snprintf(buffer, size, "nothing yet");
        break;
    case ASK_VERDICT:
        return answer_verdict(judgement, story, ask->ask_name, buffer, size);
    }
    return buffer;
}
