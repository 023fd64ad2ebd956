/* SPDX-License-Identifier: MIT */
/* The invariants as an online consumer of the trace: keeps the records that invariants.h describes and asks each rule when
 * something happens that it is about. Nothing is allocated for an event; arrays grow with the run. */
#include "judge/invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"

/* Many records are heard in a row, in one loop; what is seldom asked stands outside of it. */
#define IN_LOOP inline __attribute__((always_inline))
#define OUTLINED __attribute__((noinline))

#define RUN_LONGEST_NS (24 * 3600 * NS_PER_S) /* LANGUAGE, "The world": at most 24h */

struct invariants *invariants_new(const struct story *story)
{
    struct invariants *all = calloc(1, sizeof *all);
    if (all != NULL)
        invariants_reset(all, story);
    return all;
}

void invariants_reset(struct invariants *all, const struct story *story)
{
    all->story = story;
    conns_reset(all);
    all->range_count = 1;
    all->range_free = 0;
    all->forged_count = 0;
    all->last = (struct arrival){0};
    all->last_state_event = 0;
    all->fault_ns = 0;
    all->now_ns = 0;
    all->failed = false;
    for (unsigned i = 0; i < INVARIANTS; i++)
        all->breaks[i].event = 0;
    all->broken = 0;
    limits_learn(all);
}

void invariants_free(struct invariants *all)
{
    if (all == NULL)
        return;
    conns_free(all);
    free(all->ranges);
    free(all->forged);
    free(all->hosts);
    free(all);
}

void invariant_broken(struct invariants *all, enum invariant which, uint32_t segment, const char *format, ...)
{
    struct invariant_break *broken = &all->breaks[which];
    if ((all->broken & (1u << which)) != 0 || all->failed)
        return;
    all->broken |= 1u << which;
    broken->event = all->number;
    broken->segment = segment;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(broken->message, sizeof broken->message, format, arguments);
    va_end(arguments);
}

const char *invariants_message(const struct invariants *all, enum invariant invariant, uint32_t *event_number)
{
    if ((all->broken & (1u << invariant)) == 0)
        return NULL;
    if (event_number != NULL)
        *event_number = all->breaks[invariant].event;
    return all->breaks[invariant].message;
}

const char *invariant_host(const struct invariants *all, unsigned host)
{
    return host < all->story->node_count ? all->story->nodes[host].name : "an unknown host";
}

/* The side at `host`, 2 if the connection has no end there: a middlebox speaks. */
static inline unsigned side_at(const struct conn_record *conn, unsigned host)
{
    return conn->end[0].host == host ? 0 : conn->end[1].host == host ? 1 : 2;
}

/* The connection's first segments tell where its ends are. */
static void learn_hosts(struct conn_record *conn, unsigned from, unsigned to)
{
    struct end_record *end = conn->end;
    if (end[0].host == NO_HOST && end[1].host == NO_HOST) {
        end[0].host = (uint8_t)from;
        end[1].host = (uint8_t)to;
    } else if (end[0].host == NO_HOST) {
        end[0].host = (uint8_t)(end[1].host == from ? to : from);
    } else if (end[1].host == NO_HOST) {
        end[1].host = (uint8_t)(end[0].host == from ? to : from);
    }
}

static IN_LOOP void sent(struct invariants *all, const struct trace_event *event)
{
    struct conn_record *conn = conn_at(all, event->conn);
    if (conn == NULL)
        return;
    unsigned side = side_at(conn, event->host);
    if (__builtin_expect(side > 1 || conn->end[side ^ 1].host == NO_HOST, 0)) {
        learn_hosts(conn, event->host, event->peer);
        side = side_at(conn, event->host);
        if (side > 1)
            return;
    }
    const struct trace_segment *seg = &event->segment;
    struct end_record *end = conn->end + side;
    end->spoke_ns = event->time_ns;
    if (conn->flags & CONN_MURKY)
        return;
    if (__builtin_expect((seg->flags & TCP_RST) != 0, 0)) {
        resets_answered(all, end, event);
        return; /* its number is the peer's idea of ours as often as our own */
    }
    const uint32_t right = trace_segment_end(seg);
    if ((seg->flags & TCP_FIN) != 0 || (end->flags & END_FIN) != 0)
        fin_sent(all, conn, side, seg, right);
    if (seg->flags & TCP_ACK) {
        const uint32_t edge = seg->ack + seg->wnd;
        if (seq_after(seg->ack, end->got_edge))
            resets_acknowledged(all, end, seg);
        if ((end->flags & END_ACKED) == 0 || seq_after(seg->ack, end->ack_sent))
            end->ack_sent = seg->ack;
        if ((end->flags & END_ACKED) == 0 || seq_after(edge, end->window_edge))
            end->window_edge = edge;
        end->flags |= END_ACKED;
        if (end->flags & (END_OWES_ACK | END_FIN_ARRIVED))
            fin_acknowledged_by(all, conn, side, seg);
    }
    if ((end->flags & END_SENT) == 0 || seq_after(right, end->sent_edge)) {
        end->sent_edge = right;
        end->flags |= END_SENT;
    }
    agree_sent(all, conn, side, event);
}

static bool is_forged(const struct invariants *all, uint32_t segment)
{
    for (uint32_t i = all->forged_count; i > 0 && all->forged[i - 1] >= segment; i--)
        if (all->forged[i - 1] == segment)
            return true;
    return false;
}

static OUTLINED void injected(struct invariants *all, const struct trace_event *event)
{
    all->fault_ns = event->time_ns;
    if (all->forged_count == all->forged_capacity) {
        uint32_t capacity = all->forged_capacity < 16 ? 16 : all->forged_capacity * 2;
        uint32_t *grown = realloc(all->forged, capacity * sizeof *grown);
        if (grown == NULL) {
            all->failed = true;
            return;
        }
        all->forged = grown;
        all->forged_capacity = capacity;
    }
    all->forged[all->forged_count++] = event->segment.number;
}

/* Certainly accepted: synchronized, new timestamp, the newest ACK, all before it taken, within the window offered. */
static bool surely_taken(struct end_record *end, const struct trace_segment *seg, uint32_t right)
{
    if (!state_synchronized(end->state) || (seg->flags & (TCP_ACK | TCP_SYN)) != TCP_ACK || seg->ack != end->acked)
        return false;
    if (end->flags & END_TIMESTAMPS && ((seg->options & TCPOPT_TS) == 0 || seq_after(end->ts_max, seg->tsval)))
        return false;
    if ((end->flags & END_ACKED) == 0)
        return false;
    if (seq_after(end->ack_sent, end->sure_edge))
        end->sure_edge = end->ack_sent;
    if (seq_after(seg->seq, end->sure_edge) || seq_after(right, end->window_edge))
        return false;
    if (seq_after(right, end->sure_edge))
        end->sure_edge = right;
    return true;
}

static IN_LOOP void arrived(struct invariants *all, const struct trace_event *event)
{
    const struct trace_segment *seg = &event->segment;
    const bool forged = all->forged_count > 0 && is_forged(all, seg->number);
    all->last.number = all->number;
    all->last.conn = event->conn;
    all->last.seq = seg->seq;
    all->last.ack = seg->ack;
    all->last.flags = seg->flags;
    all->last.host = event->host;
    all->last.forged = forged;
    all->last.idle_ack = pure_ack(seg) && (seg->classes & CLASS_PROBE) == 0;
    all->last_state_event = 0;

    struct conn_record *conn = conn_at(all, event->conn);
    const unsigned side = conn == NULL ? 2 : side_at(conn, event->host);
    if (side > 1)
        return;
    struct end_record *end = conn->end + side;
    end->heard_ns = event->time_ns;
    if (seg->flags & TCP_SYN && seg->seq != 0)
        conn->flags |= CONN_MURKY; /* the SYN-ACK of a half-open end that was forgotten since */
    if (conn->flags & CONN_MURKY || seg->flags & TCP_RST)
        return;

    if (seg->flags & TCP_ACK && end->flags & END_SENT && !seq_after(seg->ack, end->sent_edge)) {
        if (seq_after(seg->ack, end->acked)) {
            end->acked = seg->ack;
            if (forged)
                end->flags |= END_FORGED_ACK;
            conn->progress_ns = event->time_ns;
            conn->idle_acks = 0;
        }
        if ((end->flags & (END_FIN | END_FIN_KEPT)) == END_FIN && end_fin_acked(end))
            data_fin_acknowledged(all, conn, side, seg);
    }
    end->window_seen = seg->wnd;

    const uint32_t right = trace_segment_end(seg);
    bool sure = false;
    if (right != seg->seq) {
        sure = !forged && surely_taken(end, seg, right);
        if (end_gone(end) && (seg->flags & TCP_SYN) == 0)
            all->hosts[event->host].strays = true;
        if (ranges_arrived(all, end, seg->seq, right)) {
            conn->progress_ns = event->time_ns;
            conn->idle_acks = 0;
        }
    }
    if (seg->flags & TCP_FIN) {
        if (forged)
            end->flags |= END_FORGED_FIN;
        else
            fin_arrived(all, conn, side, seg, sure);
    }
    if (seg->options & TCPOPT_TS && !forged && ((end->flags & END_TIMESTAMPS) == 0 || seq_after(seg->tsval, end->ts_max))) {
        end->ts_max = seg->tsval;
        end->flags |= END_TIMESTAMPS;
    }
}

/* The passive end was forgotten before anybody had heard of it, and the peer, which still tries, has made another: nothing but the
 * peer's SYN counts. */
static bool half_open_again(const struct conn_record *conn, unsigned side)
{
    const struct end_record *end = conn->end + side, *peer = conn->end + (1 - side);
    return (conn->flags & CONN_MURKY) == 0 && end_gone(end) && end->from == TCP_SYN_RECEIVED && peer->state == TCP_SYN_SENT &&
           peer->got_edge == 0;
}

/* A SYN opens this end. */
static OUTLINED void end_opens(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_event *event,
                               bool by_last)
{
    /* Of another connection, a forged or an old one (RFC 9293 figure 9): no number of its peer's was ever its own. */
    if (by_last && (event->state.from == TCP_LISTEN || event->state.from == TCP_SYN_SENT) &&
        (all->last.conn != event->conn || all->last.forged))
        conn->flags |= CONN_MURKY;
    /* What it came with is here, under whichever number it was sent. */
    if (event->state.from == TCP_LISTEN && event->cause == all->last.number && all->last.flags & TCP_SYN && all->last.seq == 0)
        ranges_arrived(all, conn->end + side, 0, 1);
}

/* Another end under the same number. False: this is not its life that counts. */
static OUTLINED bool end_again(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_event *event)
{
    struct end_record *end = conn->end + side;
    if (event->state.from != TCP_LISTEN && event->state.from != TCP_CLOSED)
        return false;
    if (half_open_again(conn, side)) {
        ranges_drop(all, end);
        *end = (struct end_record){.host = event->host, .fin_acked_ns = -1, .closed_ns = -1, .state = event->state.from};
    } else {
        conn->flags |= CONN_MURKY; /* an old duplicate SYN has made a second end under the same number */
        end->state = event->state.from;
    }
    return true;
}

static IN_LOOP void state_changed(struct invariants *all, const struct trace_event *event)
{
    struct conn_record *conn = conn_at(all, event->conn);
    const unsigned side = event->state.side, from = event->state.from, to = event->state.to;
    const bool by_last = event->cause == all->last.number && event->cause != 0;
    if (by_last)
        all->last_state_event = all->number;
    if (conn == NULL || side > 1)
        return; /* a listener: it has no life that an invariant speaks of */
    struct end_record *end = conn->end + side;
    if ((end->flags & END_MADE) == 0) {
        if (end->host == NO_HOST)
            end->host = event->host;
        end->state = (uint8_t)from;
        end->identity = event->state.end;
        end->flags |= END_MADE;
    } else if (end->identity != event->state.end) {
        if (!end_again(all, conn, side, event))
            return;
        end->identity = event->state.end;
        end->flags |= END_MADE;
    }
    if (to == TCP_SYN_RECEIVED)
        end_opens(all, conn, side, event, by_last);
    if ((conn->flags & CONN_MURKY) == 0) {
        if (!moves_in_order(end, conn->end + (1 - side), from, to))
            moves_state(all, conn, side, event);
        if (by_last && all->last.conn != event->conn && all->last.conn != 0)
            resets_moved(all, end, event);
        if (event->what != WHY_ORDINARY)
            resets_ended(all, end, event);
        if (end->flags & END_MUST_RESET)
            resets_hidden(all, end, to);
        agree_state(all, conn, side, event);
    }
    end->from = end->state;
    end->state = (uint8_t)to;
    end->entered_ns = event->time_ns;
    end->state_event = all->number;
    conn->progress_ns = event->time_ns;
    conn->idle_acks = 0;
    if (end_gone(end)) {
        fin_deadline(all, end, event->time_ns);
        end->flags &= ~(uint32_t)(END_OWES_ACK | END_MUST_RESET);
        if (end->gaps != 0)
            ranges_drop(all, end);
    }
}

static uint64_t size_of(const struct invariants *all, const struct trace_call *call, uint64_t without)
{
    if (call->step >= all->story->step_count || all->story->steps[call->step].size <= 0)
        return without;
    return (uint64_t)all->story->steps[call->step].size;
}

/* A program does something about a connection: that moves it. NULL: about none, or none of its ends is there. */
static inline struct conn_record *program_acts(struct invariants *all, const struct trace_event *event, unsigned *side)
{
    struct conn_record *conn = conn_at(all, event->conn);
    if (conn == NULL)
        return NULL;
    *side = side_at(conn, event->host);
    if (*side > 1)
        return NULL;
    conn->progress_ns = event->time_ns;
    conn->idle_acks = 0;
    return conn;
}

static IN_LOOP void called(struct invariants *all, const struct trace_event *event)
{
    unsigned side;
    struct conn_record *conn = program_acts(all, event, &side);
    if (conn == NULL)
        return;
    struct end_record *end = conn->end + side;
    const struct trace_call *call = &event->call;
    switch ((enum call_kind)call->call) {
    case CALL_SEND:
        end->promised = size_of(all, call, 0);
        break;
    case CALL_RECV:
    case CALL_RECV_EOF:
        end->flags |= END_READING;
        end->wanted = call->call == CALL_RECV ? size_of(all, call, UINT64_MAX) : UINT64_MAX;
        break;
    case CALL_DRAIN:
        end->flags |= END_DRAINING;
        break;
    case CALL_DRAIN_OFF:
        end->flags &= ~(uint32_t)END_DRAINING;
        break;
    case CALL_SHUTDOWN:
        if (call->step < all->story->step_count && (all->story->steps[call->step].how & SHUTDOWN_READ) != 0)
            end->flags |= END_SHUT_READ;
        break;
    case CALL_CLOSE:
    case CALL_ABORT:
        resets_called(all, conn, side, call);
        end->flags = (end->flags | END_CLOSED | END_CLOSING_CALL) & ~(uint32_t)(END_READING | END_DRAINING);
        end->closed_ns = all->now_ns;
        break;
    case CALL_LISTEN:
    case CALL_ACCEPT:
    case CALL_CONNECT:
    case CALL_SET:
    case CALL_RELAY:
    case CALL_SLEEP:
    case CALL_EXIT:
        break;
    }
}

static IN_LOOP void returned(struct invariants *all, const struct trace_event *event)
{
    unsigned side;
    struct conn_record *conn = program_acts(all, event, &side);
    if (conn == NULL)
        return;
    struct end_record *end = conn->end + side;
    const struct trace_call *call = &event->call;
    switch ((enum call_kind)call->call) {
    case CALL_SEND:
        end->promised = 0;
        if (call->value > 0 && call->error == TCP_OK)
            end->written += (uint64_t)call->value;
        break;
    case CALL_RECV:
    case CALL_RECV_EOF:
        end->flags &= ~(uint32_t)END_READING;
        end->wanted = 0;
        data_returned(all, conn, side, call);
        break;
    case CALL_DRAIN:
        data_returned(all, conn, side, call);
        break;
    case CALL_CLOSE:
    case CALL_ABORT:
        end->flags &= ~(uint32_t)END_CLOSING_CALL;
        end->closed_ns = all->now_ns;
        break;
    case CALL_DRAIN_OFF:
    case CALL_SHUTDOWN:
    case CALL_LISTEN:
    case CALL_ACCEPT:
    case CALL_CONNECT:
    case CALL_SET:
    case CALL_RELAY:
    case CALL_SLEEP:
    case CALL_EXIT:
        break;
    }
    resets_returned(all, conn, side, call);
}

/* A host that stands still owes no answer, and one without power has no programs. */
static void host_stops(struct invariants *all, unsigned host, bool crashed)
{
    for (uint32_t i = 1; i < all->conn_count; i++) {
        struct conn_record *conn = conn_at(all, i);
        for (unsigned side = 0; side < 2 && conn != NULL; side++) {
            struct end_record *end = conn->end + side;
            if (end->host != host)
                continue;
            end->flags &= ~(uint32_t)END_OWES_ACK;
            if (crashed)
                end->flags = (end->flags | END_CLOSED) & ~(uint32_t)(END_READING | END_DRAINING | END_CLOSING_CALL);
        }
    }
}

static OUTLINED void fault(struct invariants *all, const struct trace_event *event)
{
    all->fault_ns = event->time_ns;
    if (event->host >= all->host_count)
        return;
    struct host_limits *host = &all->hosts[event->host];
    switch ((enum fault_what)event->what) {
    case FAULT_PAUSE:
        host->pauses++;
        host_stops(all, event->host, false);
        break;
    case FAULT_RESUME:
        if (host->pauses > 0)
            host->pauses--;
        break;
    case FAULT_CRASH:
        host->pauses = 0;
        host_stops(all, event->host, true);
        break;
    case FAULT_CUT_BEGINS:
    case FAULT_CUT_ENDS:
    case FAULT_BOOT:
    case FAULT_KILL:
    case FAULT_LINK:
        break;
    }
}

void invariants_feed(void *invariants, uint32_t number, const struct trace_event *first, uint32_t count)
{
    struct invariants *all = invariants;
    const struct trace_event *event = first;
    for (; count != 0; count--) {
        all->number = number++;
        all->now_ns = event->time_ns;
        switch ((enum trace_kind)event->kind) { /* how long the record is comes with its kind: what trace_next() would ask again */
        case TRACE_SEND:
            sent(all, event);
            event = trace_behind(event, trace_segment_bytes(event));
            break;
        case TRACE_RECV:
            arrived(all, event);
            event = trace_behind(event, trace_segment_bytes(event));
            break;
        case TRACE_STATE:
            state_changed(all, event);
            event = trace_behind(event, TRACE_STATE_BYTES);
            break;
        case TRACE_CALL:
            called(all, event);
            event = trace_behind(event, TRACE_CALL_BYTES);
            break;
        case TRACE_RETURN:
            returned(all, event);
            event = trace_behind(event, TRACE_CALL_BYTES);
            break;
        case TRACE_TIMER:
            event = trace_behind(event, TRACE_TIMER_BYTES);
            break;
        case TRACE_INJECT:
            injected(all, event);
            event = trace_next(event);
            break;
        case TRACE_FAULT:
            fault(all, event);
            event = trace_next(event);
            break;
        case TRACE_DROP:
        case TRACE_DUP:
        case TRACE_NOTE:
        case TRACE_NAME:
        case TRACE_FLOW: /* like timers they say nothing that a rule needs */
            event = trace_next(event);
            break;
        }
    }
}

uint32_t invariants_finish(struct invariants *all, int64_t end_ns, bool cut)
{
    if (all->failed)
        return all->broken;
    /* Without a `stop` a run ends when nothing is left to happen: what has not come will never come. */
    const bool quiet = !cut && all->story->stop_ns == TIME_NEVER && end_ns < RUN_LONGEST_NS;
    all->now_ns = end_ns;
    for (uint32_t i = 1; i < all->conn_count; i++) {
        struct conn_record copy, *conn = &copy;
        conn_look(all, i, conn);
        for (unsigned side = 0; side < 2; side++) {
            fin_deadline(all, conn->end + side, quiet ? TIME_NEVER : end_ns);
            if (!cut)
                resets_finish(all, conn, side);
        }
        agree_finish(all, conn, end_ns, quiet, cut);
    }
    return all->broken;
}

uint32_t invariants_end(struct invariants *all, int64_t end_ns)
{
    return invariants_finish(all, end_ns, false);
}
