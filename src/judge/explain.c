/* SPDX-License-Identifier: MIT */
/* Why an end was in the state in which it was: what it had sent or was waiting for, and what became of that. */
#include <inttypes.h>
#include <stdio.h>

#include "judge/internal.h"
#include "net/class.h"

static const struct trace_event *event_at(const struct judge *judge, uint32_t index)
{
    return &judge->index.trace->events[index];
}

/* The last FIN that this end sent up to a time; the index in the trace, or UINT32_MAX. */
static uint32_t last_fin(const struct judge *judge, uint32_t conn, unsigned side, int64_t time_ns)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < judge->index.send_count; i++) {
        const struct trace_event *send = index_send(&judge->index, i);
        if (send->time_ns > time_ns)
            break;
        if (send->conn == conn && send->host == judge->index.conn[conn].host[side] && send->segment.flags & TCP_FIN)
            found = judge->index.sends[i];
    }
    return found;
}

/* Where a segment ended: the index of its RECV or DROP, or UINT32_MAX if it was still on its way when the run ended. */
static uint32_t fate(const struct judge *judge, uint32_t send)
{
    const uint32_t number = event_at(judge, send)->segment.number;
    for (uint32_t i = send + 1; i < judge->index.trace->count; i++) {
        const struct trace_event *event = event_at(judge, i);
        if ((event->kind == TRACE_RECV || event->kind == TRACE_DROP) && event->segment.number == number)
            return i;
    }
    return UINT32_MAX;
}

/* ", which line 10 dropped" */
static struct words drop_words(const struct judge *judge, const struct trace_event *drop)
{
    struct words words = {""};
    if (drop->statement > 0 && drop->statement <= judge->story->statement_count) {
        const uint32_t line = judge->story->statements[drop->statement - 1].place.line;
        words_add(&words, "which line %" PRIu32 " %s", line, drop->what == DROP_CUT ? "cut off" : "dropped");
    } else if (drop->what == DROP_FIREWALL) {
        words_add(&words, "which %s did not let through", words_host(judge->story, drop->host));
    } else {
        words_add(&words, "which was lost (%s)", drop_why_name((enum drop_why)drop->what));
    }
    return words;
}

/* The segment that acknowledged number `fin`, sent by the peer once the FIN had arrived. */
static uint32_t answer_to(const struct judge *judge, uint32_t arrival, uint32_t fin)
{
    const struct trace_event *recv = event_at(judge, arrival);
    for (uint32_t i = arrival + 1; i < judge->index.trace->count; i++) {
        const struct trace_event *event = event_at(judge, i);
        if (event->kind == TRACE_SEND && event->conn == recv->conn && event->host == recv->host && event->segment.flags & TCP_ACK &&
            (int32_t)(event->segment.ack - fin) > 0)
            return i;
    }
    return UINT32_MAX;
}

static struct words own_fin(const struct judge *judge, uint32_t conn, unsigned side, int64_t time_ns)
{
    struct words words = {""};
    const uint32_t send = last_fin(judge, conn, side, time_ns);
    if (send == UINT32_MAX) {
        words_add(&words, "it had not sent its FIN");
        return words;
    }
    const struct trace_event *fin = event_at(judge, send);
    const uint32_t end = fate(judge, send);
    words_add(&words, "its FIN (segment %" PRIu32 ", sent %s)", fin->segment.number, words_time(fin->time_ns).s);
    if (end == UINT32_MAX || event_at(judge, end)->time_ns > time_ns) {
        words_add(&words, " was on its way");
        return words;
    }
    if (event_at(judge, end)->kind == TRACE_DROP) {
        words_add(&words, ", %s", drop_words(judge, event_at(judge, end)).s);
        return words;
    }
    const uint32_t answer = answer_to(judge, end, fin->segment.seq + fin->segment.len);
    if (answer == UINT32_MAX || event_at(judge, answer)->time_ns > time_ns) {
        words_add(&words, " had arrived and was not acknowledged");
        return words;
    }
    const uint32_t answer_end = fate(judge, answer);
    words_add(&words, " was acknowledged by segment %" PRIu32, event_at(judge, answer)->segment.number);
    if (answer_end != UINT32_MAX && event_at(judge, answer_end)->kind == TRACE_DROP)
        words_add(&words, ", %s", drop_words(judge, event_at(judge, answer_end)).s);
    return words;
}

static struct words peers_fin(const struct judge *judge, uint32_t conn, unsigned side, int64_t time_ns)
{
    struct words words = {""};
    const char *const peer = words_host(judge->story, judge->index.conn[conn].host[1 - side]);
    const uint32_t send = last_fin(judge, conn, 1 - side, time_ns);
    if (send == UINT32_MAX) {
        words_add(&words, "the %s had sent no FIN", peer);
        return words;
    }
    const struct trace_event *fin = event_at(judge, send);
    const uint32_t end = fate(judge, send);
    if (end != UINT32_MAX && event_at(judge, end)->kind == TRACE_DROP)
        words_add(&words, "the %s's FIN is segment %" PRIu32 ", %s", peer, fin->segment.number, drop_words(judge, event_at(judge, end)).s);
    else
        words_add(&words, "the %s's FIN (segment %" PRIu32 ") was sent %s", peer, fin->segment.number, words_time(fin->time_ns).s);
    return words;
}

/* The last state event of an end up to a time, NULL without. */
static const struct trace_event *last_move(const struct judge *judge, uint32_t conn, unsigned side, int64_t time_ns)
{
    const struct trace_event *last = NULL;
    for (uint32_t i = 0; i < judge->index.conn[conn].states; i++) {
        const struct trace_event *event = index_state(&judge->index, conn, i);
        if (event->time_ns > time_ns)
            break;
        if (event->state.side == side)
            last = event;
    }
    return last;
}

static const char *why_words(unsigned why)
{
    switch ((enum state_why)why) {
    case WHY_RST_RECEIVED:
        return ", by a RST";
    case WHY_RST_SENT:
        return ", with a RST of its own";
    case WHY_TIMEOUT:
        return ", having given up";
    case WHY_KEEPALIVE:
        return ", by keep-alive";
    case WHY_USER_TIMEOUT:
        return ", by its user timeout";
    case WHY_FIN_WAIT_2_TIMEOUT:
        return ", after FIN_WAIT_2's time";
    case WHY_CRASH:
        return ", as its host crashed";
    case WHY_CLOSED_EARLY:
        return ", closed early";
    case WHY_REUSED:
        return ", its four-tuple taken over";
    case WHY_ORDINARY:
        return "";
    }
    return "";
}

void explain_end(const struct judge *judge, struct help *help, uint32_t conn, unsigned side, int64_t time_ns)
{
    const char *const host = words_host(judge->story, judge->index.conn[conn].host[side]);
    const enum tcp_state state = index_state_at(&judge->index, conn, side, time_ns);
    const struct trace_event *move = last_move(judge, conn, side, time_ns);
    struct words reason = {""};
    switch (state) {
    case TCP_FIN_WAIT_1:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
        reason = own_fin(judge, conn, side, time_ns);
        break;
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_2:
        reason = peers_fin(judge, conn, side, time_ns);
        break;
    case TCP_CLOSE_WAIT:
        words_add(&reason, "its program had not closed");
        break;
    case TCP_CLOSED:
    case TCP_LISTEN:
        if (move == NULL)
            words_add(&reason, "it had not been opened");
        else
            words_add(&reason, "it had left %s at %s%s", tcp_state_name((enum tcp_state)move->state.from), words_time(move->time_ns).s,
                      why_words(move->what));
        break;
    case TCP_TIME_WAIT:
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
        if (move != NULL)
            words_add(&reason, "since %s", words_time(move->time_ns).s);
        break;
    }
    help_line(help, "at %s the %s was %s%s%s", words_time(time_ns).s, host, tcp_state_name(state), reason.s[0] == '\0' ? "" : ": ",
              reason.s);
}

void explain_path(const struct judge *judge, struct help *help, uint32_t conn, unsigned side)
{
    char path[200] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < judge->index.conn[conn].states; i++) {
        const struct trace_event *event = index_state(&judge->index, conn, i);
        if (event->state.side != side || event->state.from == event->state.to)
            continue;
        const int written = snprintf(path + length, sizeof path - length, " %s", tcp_state_name((enum tcp_state)event->state.to));
        if (written < 0 || length + (size_t)written >= sizeof path)
            break;
        length += (size_t)written;
    }
    const char *const host = words_host(judge->story, judge->index.conn[conn].host[side]);
    if (length == 0)
        help_line(help, "the %s never opened an end", host);
    else
        help_line(help, "the %s went%s", host, path);
}
