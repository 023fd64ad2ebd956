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
    all->last_kept = (struct trace_event){0};
    all->last = (struct arrival){.event = &all->last_kept, .number = UINT32_MAX};
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

/* The end at `host`. NULL: the connection has none there: a middlebox speaks. */
static inline struct end_record *end_at(struct conn_record *conn, uint8_t host)
{
    if (conn->end[0].host == host)
        return &conn->end[0];
    return __builtin_expect(conn->end[1].host == host, 1) ? &conn->end[1] : NULL;
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

#define WIRE_FLAGS (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)

/* A segment leaves an end. It is asked from two places, and in one of them some of this is constant: `flags`, the segment's, and what of
 * `odd` the end's flags may have. */
#define LEAVES_ODDLY (END_MURKY | END_SILENT | END_ACKS_NOTHING)
static IN_LOOP void leaves(const struct ear *ear, struct end_record *end, unsigned flags, uint32_t odd)
{
    struct conn_record *conn = ear->conn;
    const struct trace_segment *seg = &ear->event->segment;
    const uint32_t right = segment_right(seg, flags);
    if (odd & END_MURKY)
        return;
    if (flags & TCP_RST) {
        resets_answered(ear_asks(ear), end, ear->event);
        return; /* its number is the peer's idea of ours as often as our own */
    }
    if ((flags & TCP_FIN) != 0 || ((end->flags & END_FIN) != 0 && !fin_is_last(end, seg, flags, right)))
        fin_sent(ear_asks(ear), conn, end_side(conn, end), seg, right);
    if (flags & TCP_ACK) {
        const uint32_t edge = seg->ack + seg->wnd;
        if (seq_after(seg->ack, end->got_edge))
            resets_acknowledged(ear_asks(ear), end, seg);
        if ((odd & END_ACKS_NOTHING) != 0 || seq_after(seg->ack, end->ack_sent))
            end->ack_sent = seg->ack;
        if ((odd & END_ACKS_NOTHING) != 0 || seq_after(edge, end->window_edge))
            end->window_edge = edge;
        if (odd & END_ACKS_NOTHING)
            end->flags &= ~(uint32_t)END_ACKS_NOTHING;
        if (end->flags & (END_OWES_ACK | END_FIN_ARRIVED))
            fin_acknowledged_by(ear_asks(ear), conn, end_side(conn, end), seg);
    }
    if ((odd & END_SILENT) != 0 || seq_after(right, end->sent_edge))
        end->sent_edge = right;
    if (odd & END_SILENT)
        end->flags &= ~(uint32_t)END_SILENT;
    agree_sent(ear, end, flags);
}

static OUTLINED void leaves_oddly(struct invariants *all, struct conn_record *conn, struct end_record *end, const struct trace_event *event,
                                  uint32_t number)
{
    const struct ear ear = {all, event, number, event->conn, conn};
    if ((end->flags & END_SILENT) != 0 && end_peer(conn, end)->host == NO_HOST)
        learn_hosts(conn, event->host, event->peer);
    leaves(&ear, end, event->segment.flags & WIRE_FLAGS, end->flags);
}

static IN_LOOP void sent(const struct ear *ear)
{
    const struct trace_event *event = ear->event;
    struct end_record *end = end_at(ear->conn, event->host);
    const unsigned flags = event->segment.flags & WIRE_FLAGS;
    if (end == NULL) {
        learn_hosts(ear->conn, event->host, event->peer);
        end = end_at(ear->conn, event->host);
        if (end == NULL)
            return;
    }
    end->spoke_ns = event->time_ns;
    if ((flags & ~(unsigned)TCP_FIN) != TCP_ACK || (end->flags & LEAVES_ODDLY) != 0)
        leaves_oddly(ear->all, ear->conn, end, event, ear->number);
    else
        leaves(ear, end, TCP_ACK | (flags & TCP_FIN), 0);
}

/* Certainly accepted: synchronized, new timestamp, the newest ACK, all before it taken, within the window offered. */
static IN_LOOP bool surely_taken(struct end_record *end, const struct trace_segment *seg, unsigned flags, uint32_t right)
{
    if (!state_synchronized(end->state) || (flags & (TCP_ACK | TCP_SYN)) != TCP_ACK || seg->ack != end->acked)
        return false;
    if (end->flags & END_TIMESTAMPS && ((seg->options & TCPOPT_TS) == 0 || seq_after(end->ts_max, seg->tsval)))
        return false;
    if (end->flags & END_ACKS_NOTHING)
        return false;
    if (seq_after(end->ack_sent, end->sure_edge))
        end->sure_edge = end->ack_sent;
    if (seq_after(seg->seq, end->sure_edge) || seq_after(right, end->window_edge))
        return false;
    if (seq_after(right, end->sure_edge))
        end->sure_edge = right;
    return true;
}

/* A segment reaches an end; `flags` and `odd` as above. */
#define REACHES_ODDLY (END_MURKY | END_SILENT)
static IN_LOOP void reaches(const struct ear *ear, struct end_record *end, unsigned flags, uint32_t odd, bool forged)
{
    struct invariants *all = ear->all;
    struct conn_record *conn = ear->conn;
    const struct trace_event *event = ear->event;
    const struct trace_segment *seg = &event->segment;
    const uint32_t right = segment_right(seg, flags);
    if (flags & TCP_SYN && seg->seq != 0) {
        conn_is_murky(conn); /* the SYN-ACK of a half-open end that was forgotten since */
        return;
    }
    if ((odd & END_MURKY) != 0 || (flags & TCP_RST) != 0)
        return;

    if ((flags & TCP_ACK) != 0 && (odd & END_SILENT) == 0 && !seq_after(seg->ack, end->sent_edge)) {
        if (seq_after(seg->ack, end->acked)) {
            end->acked = seg->ack;
            end->flags &= ~(uint32_t)END_LACKS_SYN_ACK;
            if (forged)
                end->flags |= END_FORGED_ACK;
            conn_moves(conn, event->time_ns);
        }
        if ((end->flags & END_FIN_OUT) != 0 && seq_after(end->acked, end->fin))
            data_fin_acknowledged(ear_asks(ear), conn, end_side(conn, end), seg);
    }
    end->window_seen = seg->wnd;

    bool sure = false;
    if (right != seg->seq) {
        sure = !forged && surely_taken(end, seg, flags, right);
        if (end_gone(end) && (flags & TCP_SYN) == 0)
            all->hosts[event->host].strays = true;
        if (ranges_arrived(all, end, seg->seq, right))
            conn_moves(conn, event->time_ns);
        if (flags & TCP_SYN && end->got_edge >= 1)
            end->flags &= ~(uint32_t)END_LACKS_SYN;
    }
    if (flags & TCP_FIN) {
        if (end_has_fin(end, end_peer(conn, end)))
            end->flags &= ~(uint32_t)END_LACKS_FIN;
        if (forged)
            end->flags |= END_FORGED_FIN;
        else
            fin_arrived(ear_asks(ear), conn, end_side(conn, end), seg, sure);
    }
    if ((seg->options & TCPOPT_TS) != 0 && !forged && (seq_after(seg->tsval, end->ts_max) || (end->flags & END_TIMESTAMPS) == 0)) {
        end->ts_max = seg->tsval;
        end->flags |= END_TIMESTAMPS;
    }
}

static OUTLINED void reaches_oddly(struct invariants *all, struct conn_record *conn, struct end_record *end,
                                   const struct trace_event *event)
{
    const struct ear ear = {all, event, all->last.number, event->conn, conn};
    reaches(&ear, end, event->segment.flags & WIRE_FLAGS, end->flags, all->last.forged);
}

static IN_LOOP void arrived(const struct ear *ear)
{
    struct invariants *all = ear->all;
    const struct trace_event *event = ear->event;
    struct end_record *end = end_at(ear->conn, event->host);
    const unsigned flags = event->segment.flags & WIRE_FLAGS;
    all->last.event = event;
    all->last.number = ear->number;
    all->last.forged = all->forged_count > 0 && faults_forged(all, event->segment.number);
    all->last_state_event = 0;
    if (end == NULL)
        return;
    end->heard_ns = event->time_ns;
    if ((flags & (TCP_SYN | TCP_RST)) != 0 || (end->flags & REACHES_ODDLY) != 0 || all->last.forged)
        reaches_oddly(all, ear->conn, end, event);
    else
        reaches(ear, end, flags & (TCP_FIN | TCP_ACK), 0, false);
}

/* The passive end was forgotten before anybody had heard of it, and the peer, which still tries, has made another: nothing but the
 * peer's SYN counts. */
static bool half_open_again(const struct conn_record *conn, unsigned side)
{
    const struct end_record *end = conn->end + side, *peer = conn->end + (1 - side);
    return !conn_murky(conn) && end_gone(end) && end->from == TCP_SYN_RECEIVED && peer->state == TCP_SYN_SENT && peer->got_edge == 0;
}

/* A SYN opens this end. */
static OUTLINED void end_opens(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_event *event,
                               bool by_last)
{
    /* Of another connection, a forged or an old one (RFC 9293 figure 9): no number of its peer's was ever its own. */
    if (by_last && (event->state.from == TCP_LISTEN || event->state.from == TCP_SYN_SENT) &&
        (all->last.event->conn != event->conn || all->last.forged))
        conn_is_murky(conn);
    /* What it came with is here, under whichever number it was sent. */
    struct end_record *end = conn->end + side;
    const struct trace_segment *last = &all->last.event->segment;
    if (event->state.from == TCP_LISTEN && event->cause == all->last.number && last->flags & TCP_SYN && last->seq == 0)
        ranges_arrived(all, end, 0, 1);
    if (end->got_edge >= 1)
        end->flags &= ~(uint32_t)END_LACKS_SYN;
}

/* Another end under the same number. False: this is not its life that counts. */
static OUTLINED bool end_again(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_event *event)
{
    struct end_record *end = conn->end + side;
    if (event->state.from != TCP_LISTEN && event->state.from != TCP_CLOSED)
        return false;
    if (half_open_again(conn, side)) {
        ranges_drop(all, end);
        *end = (struct end_record)END_NEW;
        end->host = event->host;
        end->state = event->state.from;
    } else {
        conn_is_murky(conn); /* an old duplicate SYN has made a second end under the same number */
        end->state = event->state.from;
    }
    return true;
}

/* A state that is asked about. False: this is not the life of an end that counts. */
static OUTLINED bool state_asked(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_event *event)
{
    struct end_record *end = conn->end + side;
    const bool by_last = event->cause == all->last.number;
    if (end->flags & END_UNMADE) {
        if (end->host == NO_HOST)
            end->host = event->host;
        end->state = event->state.from;
    } else if (end->identity != event->state.end && !end_again(all, conn, side, event)) {
        return false;
    }
    end->identity = event->state.end;
    end->flags &= ~(uint32_t)END_UNMADE;
    if (event->state.to == TCP_SYN_RECEIVED)
        end_opens(all, conn, side, event, by_last);
    if (end->flags & END_MURKY)
        return true;
    if (moves_spoken_against(end, event->state.from, event->state.to) & ~(uint32_t)(END_ALWAYS | END_MUST_RESET))
        moves_state(all, conn, side, event);
    if (by_last && all->last.event->conn != event->conn && all->last.event->conn != 0)
        resets_moved(all, end, event);
    if (event->what != WHY_ORDINARY)
        resets_ended(all, end, event);
    if (end->flags & END_MUST_RESET)
        resets_hidden(all, end, event->state.to);
    if (all->now_ns - end->entered_ns > all->bound_least_ns)
        agree_too_late(all, conn, side, all->now_ns);
    if (event->state.from == TCP_TIME_WAIT && event->state.to > TCP_LISTEN)
        agree_time_wait(all, end, event->what);
    return true;
}

/* The state that it has entered holds no connection. */
static OUTLINED void end_goes(struct invariants *all, struct end_record *end, const struct trace_event *event)
{
    if (event->state.from == TCP_TIME_WAIT && (end->flags & END_MURKY) == 0)
        agree_time_wait(all, end, event->what);
    fin_deadline(all, end, all->now_ns);
    end->flags &= ~(uint32_t)(END_OWES_ACK | END_MUST_RESET);
    if (end->gaps != 0)
        ranges_drop(all, end);
}

static IN_LOOP void state_changed(const struct ear *ear)
{
    struct invariants *all = ear->all;
    struct conn_record *conn = ear->conn;
    const struct trace_event *event = ear->event;
    const unsigned from = event->state.from, to = event->state.to, side = event->state.side;
    if (event->cause == all->last.number)
        all->last_state_event = ear->number;
    if (side > 1)
        return;
    struct end_record *end = conn->end + side;
    /* What is certainly in order need not be asked. */
    const bool plain = moves_spoken_against(end, from, to) == 0 && end->identity == event->state.end && event->what == WHY_ORDINARY &&
                       event->time_ns - end->entered_ns <= all->bound_least_ns &&
                       (event->cause != all->last.number || event->conn == all->last.event->conn);
    if (!plain && !state_asked(ear_asks(ear), conn, side, event))
        return;
    end->from = end->state;
    end->state = (uint8_t)to;
    end->entered_ns = event->time_ns;
    end->state_event = ear->number;
    conn_moves(conn, event->time_ns);
    if (to <= TCP_LISTEN)
        end_goes(ear_asks(ear), end, event);
}

static OUTLINED void called_seldom(const struct story *story, struct end_record *end, const struct trace_call *call)
{
    if (call->call == CALL_DRAIN)
        end->flags |= END_DRAINING;
    else if (call->call == CALL_DRAIN_OFF)
        end->flags &= ~(uint32_t)END_DRAINING;
    else if (call->call == CALL_SHUTDOWN && call->step < story->step_count && (story->steps[call->step].how & SHUTDOWN_READ) != 0)
        end->flags |= END_SHUT_READ;
}

/* A program does something about a connection: that moves it. */
static IN_LOOP void called(const struct ear *ear)
{
    const struct trace_call *call = &ear->event->call;
    struct end_record *end = end_at(ear->conn, ear->event->host);
    if (end == NULL)
        return;
    conn_moves(ear->conn, ear->event->time_ns);
    if (call->call == CALL_SEND) {
        end->send_step = call->step;
    } else if (call->call == CALL_RECV || call->call == CALL_RECV_EOF) {
        end->flags |= END_READING;
        end->recv_step = call->call == CALL_RECV ? call->step : NO_STEP;
    } else if (call->call == CALL_CLOSE || call->call == CALL_ABORT) {
        resets_called(ear, end, call);
        end->flags = (end->flags | END_CLOSED | END_CLOSING_CALL) & ~(uint32_t)(END_READING | END_DRAINING);
        end->closed_ns = ear->event->time_ns;
    } else {
        called_seldom(ear->all->story, end, call);
    }
}

/* So does what comes of it. */
static IN_LOOP void returned(const struct ear *ear)
{
    const struct trace_call *call = &ear->event->call;
    struct end_record *end = end_at(ear->conn, ear->event->host);
    if (end == NULL)
        return;
    conn_moves(ear->conn, ear->event->time_ns);
    if (call->call == CALL_SEND) {
        end->send_step = NO_STEP;
        if (call->value > 0 && call->error == TCP_OK)
            end->written += (uint64_t)call->value;
    } else if (call->call == CALL_RECV || call->call == CALL_RECV_EOF) {
        end->flags &= ~(uint32_t)END_READING;
        end->recv_step = NO_STEP;
        data_returned(ear, end, call);
    } else if (call->call == CALL_CLOSE || call->call == CALL_ABORT) {
        end->flags &= ~(uint32_t)END_CLOSING_CALL;
        end->closed_ns = ear->event->time_ns;
    } else if (call->call == CALL_DRAIN) {
        data_returned(ear, end, call);
    }
    resets_returned(ear, end, call);
}

/* Records of the rarer kinds. */
static OUTLINED void heard_seldom(struct invariants *all, const struct trace_event *event)
{
    switch ((enum trace_kind)event->kind) {
    case TRACE_INJECT:
        faults_injected(all, event);
        break;
    case TRACE_FAULT:
        faults_happen(all, event);
        break;
    case TRACE_SEND:
    case TRACE_RECV:
    case TRACE_STATE:
    case TRACE_CALL:
    case TRACE_RETURN:
        break; /* not rare */
    case TRACE_TIMER:
    case TRACE_DROP:
    case TRACE_DUP:
    case TRACE_NOTE:
    case TRACE_NAME:
    case TRACE_FLOW:
        break; /* they say nothing that a rule needs */
    }
}

static IN_LOOP void ear_turns(struct ear *ear)
{
    const uint32_t number = ear->event->conn;
    if (number != ear->conn_number) {
        ear->conn = conn_lent(ear->all, number);
        if (__builtin_expect(ear->conn == NULL, 0))
            ear->conn = conn_lend(ear_asks(ear), number);
        ear->conn_number = number;
    }
}

void invariants_feed(void *invariants, uint32_t number, const struct trace_event *first, uint32_t count)
{
    struct invariants *all = invariants;
    const struct trace_event *event = first;
    struct ear ear = {.all = all, .conn_number = all->recent_number, .conn = all->recent};
    const uint32_t behind = number + count;
    for (; number != behind; number++) {
        const unsigned kind = event->kind;
        if (kind == TRACE_TIMER) { /* says nothing that a rule needs */
            event = trace_behind(event, TRACE_TIMER_BYTES);
            continue;
        }
        ear.event = event;
        ear.number = number;
        /* How long the record is comes with its kind: what trace_next() would ask again. */
        if (kind == TRACE_STATE) {
            ear_turns(&ear);
            state_changed(&ear);
            event = trace_behind(event, TRACE_STATE_BYTES);
        } else if (kind == TRACE_RECV) {
            ear_turns(&ear);
            arrived(&ear);
            event = trace_behind(event, trace_segment_bytes(event));
        } else if (kind == TRACE_SEND) {
            ear_turns(&ear);
            sent(&ear);
            event = trace_behind(event, trace_segment_bytes(event));
        } else if (kind == TRACE_RETURN) {
            ear_turns(&ear);
            returned(&ear);
            event = trace_behind(event, TRACE_CALL_BYTES);
        } else if (kind == TRACE_CALL) {
            ear_turns(&ear);
            called(&ear);
            event = trace_behind(event, TRACE_CALL_BYTES);
        } else {
            heard_seldom(ear_asks(&ear), event);
            ear.conn = &all->nobody; /* other records may have moved */
            ear.conn_number = 0;
            event = trace_next(event);
        }
    }
    all->number = behind - 1;
    all->recent = ear.conn;
    all->recent_number = ear.conn_number;
    if (all->last.event != &all->last_kept) {
        memcpy(&all->last_kept, all->last.event, TRACE_SEGMENT_BYTES);
        all->last.event = &all->last_kept;
    }
}

/* Both ends are gone in order: certainly nothing is left to be said. */
static inline bool conn_is_over(const struct conn_record *conn)
{
    return end_gone(conn->end) && end_gone(conn->end + 1) &&
           ((conn->end[0].flags | conn->end[1].flags) & (END_OWES_ACK | END_UNCLEAN | END_UNMADE | END_MURKY)) == 0;
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
        const uint32_t lent = all->conns[i].lent;
        if ((int32_t)lent > 0)
            conn = &all->lent[lent].conn;
        else
            conn_look(all, i, conn);
        if (conn_is_over(conn)) {
            all->number = conn->end[1].state_event;
            continue;
        }
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
