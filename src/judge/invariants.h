/* SPDX-License-Identifier: MIT */
/* What the invariants remember of a run: a compact record a connection, filled from calls, state changes and the wire as they go
 * by. Each number of TCP has up to two estimates, because nobody asks the endpoint: one that is never too low and one that is
 * never too high. A check uses the one that cannot accuse a correct stack. */
#ifndef LASTACK_JUDGE_INVARIANTS_H
#define LASTACK_JUDGE_INVARIANTS_H

#include "judge/judge.h"
#include "net/class.h"

enum end_flag {
    END_SENT = 1u << 0, /* it sent a segment: sent_edge is valid */
    END_FIN = 1u << 1, /* it sent a FIN: fin is valid */
    END_FIN_KEPT = 1u << 2, /* ack-means-kept has been judged */
    END_ACKED = 1u << 3, /* it sent an ACK: ack_sent and window_edge are valid */
    END_TIMESTAMPS = 1u << 4, /* timestamps arrived: ts_max is valid */
    END_CLOSED = 1u << 5, /* its program has called close or abort, or the kernel did so for it */
    END_CLOSING_CALL = 1u << 6, /* that call has not returned: a lingering close */
    END_SHUT_READ = 1u << 7, /* its program has shut the reading side */
    END_READING = 1u << 8, /* a recv waits */
    END_DRAINING = 1u << 9, /* drain is on */
    END_UNCLEAN = 1u << 10, /* it ended by a RST or by giving up, and its program still held it */
    END_TOLD = 1u << 11, /* its program was told an error */
    END_MUST_RESET = 1u << 12, /* it was closed with unread data, so a FIN would hide the loss */
    END_FORGED_FIN = 1u << 13, /* an injected FIN arrived: the wire no longer says where the stream ends */
    END_FORGED_ACK = 1u << 14, /* an injected segment arrived that may have moved its acknowledged edge */
    END_FIN_ARRIVED = 1u << 15, /* the peer's FIN arrived and nothing has acknowledged it since: the next ACK starts TIME_WAIT */
    END_OWES_ACK = 1u << 16, /* answer_by_ns is valid */
    END_MADE = 1u << 17, /* it had a state */
    END_PIPE = 1u << 18, /* its program was told EPIPE after the end was gone: again and again, as often as it sends */
};

struct end_record {
    uint32_t flags;
    uint8_t state, from, host; /* enum tcp_state; the state before CLOSED; node, NO_HOST */
    uint32_t sent_edge; /* one past the highest number that it sent */
    uint32_t acked; /* the highest of its numbers whose acknowledgement arrived */
    uint32_t fin;
    uint32_t got_edge; /* all of the peer's numbers below this arrived: never too low */
    uint32_t sure_edge; /* and these were certainly taken: never too high */
    uint32_t ack_sent; /* the highest acknowledgement that it sent */
    uint32_t window_edge; /* the right edge of the window that it offered */
    uint32_t window_seen; /* the last window that arrived */
    uint32_t ts_max;
    uint32_t gaps; /* ranges beyond got_edge: first in invariants.ranges, 0 none */
    uint32_t identity; /* the end's */
    uint32_t state_event; /* number of its last state event */
    uint64_t written; /* W */
    uint64_t promised; /* what a send that has not returned may still add to W */
    uint64_t delivered; /* D: of the peer's W */
    uint64_t wanted; /* what a recv that has not returned may take */
    int64_t heard_ns, spoke_ns; /* the last segment that arrived; that was sent */
    int64_t closed_ns, entered_ns; /* END_CLOSED; the present state */
    int64_t answer_by_ns; /* fin-is-answered */
    int64_t fin_acked_ns; /* time-wait: the latest ACK of the peer's FIN; -1 none */
};
#define NO_HOST UINT8_MAX

enum conn_flag {
    CONN_MURKY = 1u << 0, /* an end lived twice under this number: its numbers mean nothing any more */
};
struct conn_record {
    struct end_record end[2]; /* [0] sent the first SYN */
    int64_t progress_ns; /* when something last moved: bytes, acknowledgements, states, calls */
    uint32_t idle_acks; /* ACKs in answer to ACKs since then */
    uint32_t flags;
};

/* By number: a record that is lent, or one at rest (rest.c). */
struct conn_rest {
    uint32_t lent; /* index in invariants.lent; 0: packed; CONN_LONG + index in invariants.surplus: packed too; CONN_UNHEARD */
    unsigned char bytes[60];
};
#define CONN_LONG (UINT32_C(1) << 31)
#define CONN_UNHEARD UINT32_MAX /* nothing was ever heard of it */
struct conn_surplus { /* the end of a long record at rest */
    union {
        uint32_t next_free; /* + 1; 0: none */
        unsigned char bytes[40];
    };
};
struct lent_record {
    struct conn_record conn;
    uint32_t number, next_free; /* 0: free */
};

struct range {
    uint32_t left, right, next; /* [left, right); a list in order */
};

/* A host's limits, worked out once a run from its profile and the options that the story sets. */
struct host_limits {
    const struct tcp_profile *profile;
    int64_t answer_ns; /* the longest delay of an ACK, timers' coarseness included */
    int64_t quiet_ns; /* an end that has just acknowledged may keep silent so long about a repeated segment */
    int64_t orphan_ns, held_ns; /* give-up time of an end without, with a program; + one maximal RTO */
    int64_t embryo_ns; /* the same in SYN_SENT and SYN_RECEIVED */
    int64_t probes_ns; /* orphan before a window of zero that nobody answers for */
    int64_t fin_wait_2_ns, time_wait_ns;
    int64_t rest_ns; /* comes-to-rest: no end goes on for longer without progress */
    int64_t keepalive_ns;
    uint32_t pauses; /* > 0: it stands still */
    bool strays; /* bytes of an incarnation that was gone have arrived here */
};

struct invariant_break {
    uint32_t event; /* 0: it held */
    uint32_t segment; /* number of a segment, 0 none */
    char message[192];
};

struct arrival { /* the last segment that arrived: the cause of what follows */
    uint32_t number, conn, seq, ack;
    uint8_t flags, host;
    bool forged;
    bool idle_ack; /* an ACK that brings nothing and asks for nothing */
};

struct invariants {
    const struct story *story;
    struct conn_rest *conns; /* by number */
    uint32_t conn_count, conn_capacity; /* conns[0] is not used: count is the highest number + 1 */
    struct lent_record *lent; /* lent[0] is not used */
    uint32_t lent_count, lent_capacity, lent_free;
    uint32_t lent_wanted; /* when so many are lent, those at rest are packed */
    uint32_t recent_number; /* the connection that was asked for last, and its record; 0: NULL */
    struct conn_record *recent;
    struct conn_surplus *surplus;
    uint32_t surplus_count, surplus_capacity, surplus_free;
    struct range *ranges; /* ranges[0] is not used */
    uint32_t range_count, range_capacity, range_free;
    uint32_t *forged; /* numbers of injected segments, ascending */
    uint32_t forged_count, forged_capacity;
    struct host_limits *hosts;
    uint32_t host_count, host_capacity;
    struct arrival last;
    uint32_t last_state_event; /* a state event that `last` caused, 0 none */
    int64_t fault_ns; /* the latest fault */
    uint32_t broken; /* mask */
    uint32_t number; /* the event that is being judged */
    int64_t now_ns;
    int64_t rest_least_ns, bound_least_ns; /* the least rest_ns of a host, and of what limits_bound() says */
    bool corks; /* the story has such calls: bytes stay that no call accounts for */
    bool failed; /* out of memory: judged no further */
    struct invariant_break breaks[INVARIANTS];
};

/* What a recv that still waits has taken: it takes bytes as they come (LANGUAGE, "Programs"), but reports them when it returns. */
uint64_t invariants_in_hand(const struct invariants *all, uint32_t conn, unsigned side);

/* After the last event; `cut`: the run was stopped early, so nothing is said of what did not happen. */
uint32_t invariants_finish(struct invariants *invariants, int64_t end_ns, bool cut);

void invariant_broken(struct invariants *all, enum invariant which, uint32_t segment, const char *format, ...)
    __attribute__((format(printf, 4, 5), cold));

/* "the client's", for messages. */
const char *invariant_host(const struct invariants *all, unsigned host);

/* RFC 9293 section 3.4: comparisons modulo 2^32. */
static inline bool seq_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}
static inline bool end_gone(const struct end_record *end)
{
    return end->state == TCP_CLOSED || end->state == TCP_LISTEN; /* SYN_RECEIVED may fall back to LISTEN: the connection's end is gone */
}
static inline bool state_synchronized(unsigned state)
{
    return state >= TCP_ESTABLISHED;
}
static inline uint32_t trace_segment_end(const struct trace_segment *seg)
{
    return seg->seq + seg->len + ((seg->flags & TCP_SYN) != 0) + ((seg->flags & TCP_FIN) != 0);
}
/* Of the peer's numbers, is all up to and with its FIN here? */
static inline bool end_has_fin(const struct end_record *end, const struct end_record *peer)
{
    return (peer->flags & END_FIN) != 0 && seq_after(end->got_edge, peer->fin);
}
static inline bool end_fin_acked(const struct end_record *end)
{
    return (end->flags & END_FIN) != 0 && seq_after(end->acked, end->fin);
}

/* An ACK alone: it brings nothing, and does not ask for an answer. */
static inline bool pure_ack(const struct trace_segment *seg)
{
    return seg->len == 0 && (seg->flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0;
}

/* rest.c */
void conns_reset(struct invariants *all);
void conns_free(struct invariants *all);
/* NULL: no memory. Other records may move. */
struct conn_record *conn_lend(struct invariants *all, uint32_t number);
/* A copy of what is known of a connection below conn_count. */
void conn_look(const struct invariants *all, uint32_t number, struct conn_record *conn);
/* NULL: no connection, or no memory. Most records speak of the connection of the one before. */
static inline struct conn_record *conn_at(struct invariants *all, uint32_t number)
{
    if (number == all->recent_number)
        return all->recent;
    if (number == 0)
        return NULL;
    const uint32_t lent = number < all->conn_count ? all->conns[number].lent : CONN_UNHEARD;
    all->recent = __builtin_expect((int32_t)lent > 0, 1) ? &all->lent[lent].conn : conn_lend(all, number);
    all->recent_number = all->recent != NULL ? number : 0;
    return all->recent;
}

/* limits.c */
void limits_learn(struct invariants *all);
int64_t limits_bound(const struct host_limits *host, const struct end_record *end);

/* ranges.c: got_edge of an end, as segments arrive. Returns whether the edge moved. */
bool ranges_arrived_apart(struct invariants *all, struct end_record *end, uint32_t left, uint32_t right);
uint32_t ranges_right_edge(const struct invariants *all, const struct end_record *end);
void ranges_drop(struct invariants *all, struct end_record *end);
static inline bool ranges_arrived(struct invariants *all, struct end_record *end, uint32_t left, uint32_t right)
{
    if (!seq_after(right, end->got_edge))
        return false;
    if (seq_after(left, end->got_edge) || end->gaps != 0)
        return ranges_arrived_apart(all, end, left, right);
    end->got_edge = right;
    return true;
}

/* What follows belongs to the files of its name; `side` is the end where the event happens. What is asked of each segment or each state
 * has a short answer here, "certainly in order"; only where that fails is the rule itself asked, which knows every exception. */
void data_returned(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call);
void data_fin_acknowledged(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg);

void fin_sent(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg, uint32_t right);
void fin_arrived(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg, bool sure);
void fin_acknowledged_by(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg);
void fin_is_late(struct invariants *all, struct end_record *end);
/* Is it too late by now? */
static inline void fin_deadline(struct invariants *all, struct end_record *end, int64_t now_ns)
{
    if (end->flags & END_OWES_ACK && now_ns > end->answer_by_ns)
        fin_is_late(all, end);
}

void moves_state(struct invariants *all, const struct conn_record *conn, unsigned side, const struct trace_event *event);
extern const uint16_t moves_edges[TCP_STATES];
/* An edge of the figure, and all there that it asks of the wire: certainly in order. */
static inline bool moves_in_order(const struct end_record *end, const struct end_record *peer, unsigned from, unsigned to)
{
    enum { SYN_HERE = 1, SYN_ACKED = 2, FIN_HERE = 4, FIN_ACKED = 8 };
    static const uint8_t needs[TCP_STATES] = {
        [TCP_SYN_RECEIVED] = SYN_HERE, [TCP_ESTABLISHED] = SYN_HERE | SYN_ACKED, [TCP_FIN_WAIT_2] = FIN_ACKED, [TCP_CLOSE_WAIT] = FIN_HERE,
        [TCP_CLOSING] = FIN_HERE,      [TCP_TIME_WAIT] = FIN_HERE | FIN_ACKED,   [TCP_CLOSED] = FIN_ACKED};
    if (from != end->state || from >= TCP_STATES || to >= TCP_STATES || (moves_edges[from] & (1u << to)) == 0)
        return false;
    const unsigned have = (end->got_edge >= 1) * SYN_HERE | (end->acked >= 1) * SYN_ACKED | end_has_fin(end, peer) * FIN_HERE |
                          end_fin_acked(end) * FIN_ACKED;
    return (needs[to] & ~have) == 0;
}

void agree_overdue(struct invariants *all, const struct conn_record *conn, unsigned side, const struct trace_segment *seg);
void agree_storm(struct invariants *all, const struct conn_record *conn, const struct trace_segment *seg);
#define STORM 1000 /* so many ACKs in answer to ACKs, with nothing moved by any of them, are a storm (P-5) */
/* A segment of an end in order leaves: nothing for ever. `seg` is no RST. */
static inline void agree_sent(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_event *event)
{
    const struct trace_segment *seg = &event->segment;
    if (pure_ack(seg) && (seg->classes & CLASS_PROBE) == 0) {
        const uint32_t cause = event->cause;
        const bool answer = cause != 0 && (cause == all->last.number || cause == all->last_state_event);
        if (answer && all->last.idle_ack && all->last.conn == event->conn && ++conn->idle_acks > STORM)
            agree_storm(all, conn, seg);
    } else if (all->now_ns - conn->progress_ns > all->rest_least_ns) {
        agree_overdue(all, conn, side, seg);
    }
}
void agree_time_wait(struct invariants *all, const struct end_record *end, unsigned why);
void agree_too_late(struct invariants *all, const struct conn_record *conn, unsigned side, int64_t now_ns);
static inline void agree_state(struct invariants *all, const struct conn_record *conn, unsigned side, const struct trace_event *event)
{
    const struct end_record *end = conn->end + side;
    if (event->state.from == TCP_TIME_WAIT)
        agree_time_wait(all, end, event->what);
    if (all->now_ns - end->entered_ns > all->bound_least_ns)
        agree_too_late(all, conn, side, all->now_ns);
}
void agree_finish(struct invariants *all, struct conn_record *conn, int64_t end_ns, bool quiet, bool cut);

void resets_answered(struct invariants *all, const struct end_record *end, const struct trace_event *event);
void resets_acknowledged(struct invariants *all, const struct end_record *end, const struct trace_segment *seg);
void resets_moved(struct invariants *all, const struct end_record *end, const struct trace_event *event);
void resets_ended(struct invariants *all, struct end_record *end, const struct trace_event *event);
void resets_hidden(struct invariants *all, const struct end_record *end, unsigned to);
void resets_called(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call);
void resets_told(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call);
static inline void resets_returned(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call)
{
    if (call->error != TCP_OK || call->eof)
        resets_told(all, conn, side, call);
}
void resets_finish(struct invariants *all, struct conn_record *conn, unsigned side);

#endif
