/* SPDX-License-Identifier: MIT */
/* One pass over the trace. */
#include <stdlib.h>

#include "judge/internal.h"

static bool is_call(const struct trace_event *event)
{
    return event->kind == TRACE_CALL || event->kind == TRACE_RETURN;
}

static void conn_learns_hosts(struct judge_conn *conn, const struct trace_event *event)
{
    if (event->kind == TRACE_STATE && event->state.side < 2) {
        conn->host[event->state.side] = event->host;
        conn->made[event->state.side] = true;
    } else if (event->kind == TRACE_SEND) {
        if (conn->host[0] == STORY_NONE && conn->host[1] == STORY_NONE) {
            conn->host[0] = event->host;
            conn->host[1] = event->peer;
        } else if (conn->host[0] == STORY_NONE) {
            conn->host[0] = conn->host[1] == event->host ? event->peer : event->host;
        } else if (conn->host[1] == STORY_NONE) {
            conn->host[1] = conn->host[0] == event->host ? event->peer : event->host;
        }
    }
}

/* The port that was connected to is the step's; so is the local one if the program chose it. */
static void learn_ports(struct judge_index *index, struct judge_conn *conn, const struct trace_event *event)
{
    const struct trace_event *call = event;
    if (event->kind == TRACE_STATE) {
        if (event->state.to != TCP_SYN_SENT || event->cause == 0 || event->cause > index->trace->count)
            return;
        call = &index->trace->events[event->cause - 1];
    }
    if (!is_call(call) || call->call.call != CALL_CONNECT || call->call.step >= index->story->step_count)
        return;
    const struct story_step *step = &index->story->steps[call->call.step];
    const unsigned side = conn->host[0] == STORY_NONE || conn->host[0] == call->host ? 0 : 1; /* who connects first sends the SYN */
    conn->port[1 - side] = step->port;
    if (step->from_port != 0)
        conn->port[side] = step->from_port;
}

static bool count(struct judge_index *index)
{
    const struct trace *trace = index->trace;
    for (uint32_t i = 0; i < trace->count; i++)
        if (trace->events[i].conn > index->conns)
            index->conns = trace->events[i].conn;
    index->conn = calloc((size_t)index->conns + 1, sizeof *index->conn);
    if (index->conn == NULL)
        return false;
    for (uint32_t c = 0; c <= index->conns; c++) {
        index->conn[c].host[0] = index->conn[c].host[1] = STORY_NONE;
        index->conn[c].name = STORY_NONE;
    }
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        struct judge_conn *conn = &index->conn[event->conn];
        conn->states += event->kind == TRACE_STATE;
        conn->calls += is_call(event);
        index->send_count += event->kind == TRACE_SEND;
        if (event->conn != 0) {
            conn_learns_hosts(conn, event);
            learn_ports(index, conn, event);
        }
        if (event->kind == TRACE_NAME && event->note.value >= 0 && event->note.value < index->story->name_count)
            conn->name = (uint16_t)event->note.value;
    }
    return true;
}

static bool fill(struct judge_index *index)
{
    const struct trace *trace = index->trace;
    uint32_t states = 0, calls = 0, sends = 0;
    for (uint32_t c = 0; c <= index->conns; c++) {
        index->conn[c].first_state = states;
        index->conn[c].first_call = calls;
        states += index->conn[c].states;
        calls += index->conn[c].calls;
        index->conn[c].states = 0;
        index->conn[c].calls = 0;
    }
    index->states = calloc((size_t)states + 1, sizeof *index->states);
    index->calls = calloc((size_t)calls + 1, sizeof *index->calls);
    index->sends = calloc((size_t)index->send_count + 1, sizeof *index->sends);
    if (index->states == NULL || index->calls == NULL || index->sends == NULL)
        return false;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        struct judge_conn *conn = &index->conn[event->conn];
        if (event->kind == TRACE_STATE)
            index->states[conn->first_state + conn->states++] = i;
        else if (is_call(event))
            index->calls[conn->first_call + conn->calls++] = i;
        else if (event->kind == TRACE_SEND)
            index->sends[sends++] = i;
    }
    return true;
}

/* Which copies of which programs have run their last call. */
static bool follow_programs(struct judge_index *index)
{
    const struct story *story = index->story;
    const struct trace *trace = index->trace;
    index->first_copy = calloc((size_t)story->program_count + 1, sizeof *index->first_copy);
    if (index->first_copy == NULL)
        return false;
    uint32_t *const room = index->first_copy + 1; /* first the number of copies of each, then the sums */
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (is_call(event) && event->call.program < story->program_count && event->call.copy >= room[event->call.program])
            room[event->call.program] = event->call.copy + 1;
    }
    for (uint32_t p = 0; p < story->program_count; p++)
        room[p] += index->first_copy[p];
    index->copies = calloc((size_t)index->first_copy[story->program_count] + 1, sizeof *index->copies);
    if (index->copies == NULL)
        return false;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (!is_call(event) || event->call.program >= story->program_count)
            continue;
        const struct story_program *program = &story->programs[event->call.program];
        struct judge_copy *copy = &index->copies[index->first_copy[event->call.program] + event->call.copy];
        copy->acted = true;
        /* What a relay does to its sockets has the relay's step. */
        if (event->kind == TRACE_RETURN && program->steps > 0 && event->call.step == program->first_step + program->steps - 1 &&
            event->call.call == story->steps[event->call.step].call)
            copy->finished = true;
    }
    return true;
}

bool index_build(struct judge_index *index, const struct story *story, const struct trace *trace, int64_t end_ns)
{
    *index = (struct judge_index){.story = story, .trace = trace, .end_ns = end_ns};
    index->failed = !count(index) || !fill(index) || !follow_programs(index);
    return !index->failed;
}

void index_free(struct judge_index *index)
{
    free(index->conn);
    free(index->states);
    free(index->calls);
    free(index->sends);
    free(index->copies);
    free(index->first_copy);
}

unsigned index_side(const struct judge_index *index, uint32_t conn, unsigned host)
{
    return index->conn[conn].host[0] == host ? 0 : index->conn[conn].host[1] == host ? 1 : 2;
}

const struct trace_event *index_state(const struct judge_index *index, uint32_t conn, uint32_t i)
{
    return &index->trace->events[index->states[index->conn[conn].first_state + i]];
}

const struct trace_event *index_call(const struct judge_index *index, uint32_t conn, uint32_t i)
{
    return &index->trace->events[index->calls[index->conn[conn].first_call + i]];
}

const struct trace_event *index_send(const struct judge_index *index, uint32_t i)
{
    return &index->trace->events[index->sends[i]];
}

enum tcp_state index_state_at(const struct judge_index *index, uint32_t conn, unsigned side, int64_t time_ns)
{
    enum tcp_state state = TCP_CLOSED;
    for (uint32_t i = 0; i < index->conn[conn].states; i++) {
        const struct trace_event *event = index_state(index, conn, i);
        if (event->time_ns > time_ns)
            break;
        if (event->state.side == side)
            state = (enum tcp_state)event->state.to;
    }
    return state;
}

bool index_matches(const struct judge_index *index, const struct segment_match *match, const struct trace_event *send)
{
    if ((send->segment.classes & match->classes) != match->classes)
        return false;
    if ((match->from != STORY_NONE && match->from != send->host) || (match->to != STORY_NONE && match->to != send->peer))
        return false;
    return match->of == STORY_NONE || index->conn[send->conn].name == match->of;
}

bool state_is_gone(enum tcp_state state)
{
    return state == TCP_CLOSED || state == TCP_LISTEN;
}

bool index_made(const struct judge_index *index, uint32_t conn, unsigned side, uint32_t before)
{
    const struct judge_conn *made = &index->conn[conn];
    for (uint32_t i = 0; i < made->states && before != NEVER_MADE; i++) {
        const uint32_t at = index->states[made->first_state + i];
        if (at >= before)
            return false;
        if (index->trace->events[at].state.side == side)
            return true;
    }
    return before == NEVER_MADE;
}
