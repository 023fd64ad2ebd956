/* SPDX-License-Identifier: MIT */
/* What the invariants remember of a run: a compact record a connection, filled from calls, state changes and the wire as they go
 * by. Each number of TCP has up to two estimates, because nobody asks the endpoint: one that is never too low and one that is
 * never too high. A check uses the one that cannot accuse a correct stack. */
#ifndef LASTACK_JUDGE_INVARIANTS_H
#define LASTACK_JUDGE_INVARIANTS_H

#include "judge/judge.h"
#include "net/class.h"

/* What is nearly always so is a bit that is not set, so that one test tells whether anything about an end is out of the ordinary. */
enum end_flag {
    /* What a state asks of the wire (moves_excused): set until it is certainly there. */
    END_LACKS_SYN = 1u << 0, /* the peer's SYN */
    END_LACKS_SYN_ACK = 1u << 1, /* the acknowledgement of its own */
    END_LACKS_FIN = 1u << 2, /* the peer's FIN, without a gap before it */
    END_LACKS_FIN_ACK = 1u << 3, /* the acknowledgement of its own; set: ack-means-kept has not been judged */
    END_ALWAYS = 1u << 4, /* set: for moves that are always asked about, for other reasons than the wire */
    END_SILENT = 1u << 5, /* it has sent no segment: sent_edge is not valid */
    END_ACKS_NOTHING = 1u << 6, /* it has sent no ACK: ack_sent and window_edge are not valid */
    END_UNMADE = 1u << 7, /* it has had no state */
    END_MURKY = 1u << 8, /* of both ends: one lived twice under this number: its numbers mean nothing any more */
    END_MUST_RESET = 1u << 9, /* it was closed with unread data, so a FIN would hide the loss */

    END_FIN = 1u << 10, /* it sent a FIN: fin is valid */
    END_FIN_OUT = 1u << 11, /* and END_LACKS_FIN_ACK */
    END_TIMESTAMPS = 1u << 12, /* timestamps arrived: ts_max is valid */
    END_CLOSED = 1u << 13, /* its program has called close or abort, or the kernel did so for it */
    END_CLOSING_CALL = 1u << 14, /* that call has not returned: a lingering close */
    END_SHUT_READ = 1u << 15, /* its program has shut the reading side */
    END_READING = 1u << 16, /* a recv waits */
    END_DRAINING = 1u << 17, /* drain is on */
    END_UNCLEAN = 1u << 18, /* it ended by a RST or by giving up, and its program still held it */
    END_TOLD = 1u << 19, /* its program was told an error */
    END_FORGED_FIN = 1u << 20, /* an injected FIN arrived: the wire no longer says where the stream ends */
    END_FORGED_ACK = 1u << 21, /* an injected segment arrived that may have moved its acknowledged edge */
    END_FIN_ARRIVED = 1u << 22, /* the peer's FIN arrived and nothing has acknowledged it since: the next ACK starts TIME_WAIT */
    END_OWES_ACK = 1u << 23, /* answer_by_ns is valid */
    END_PIPE = 1u << 24, /* its program was told EPIPE after the end was gone: again and again, as often as it sends */
};
#define END_FRESH \
    (END_LACKS_SYN | END_LACKS_SYN_ACK | END_LACKS_FIN | END_LACKS_FIN_ACK | END_ALWAYS | END_SILENT | END_ACKS_NOTHING | END_UNMADE)

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
    uint64_t delivered; /* D: of the peer's W */
    uint32_t send_step; /* of the story: a send that has not returned, and may still add to W; NO_STEP: none */
    uint32_t recv_step; /* END_READING: what it may take; NO_STEP: all that comes */
    int64_t heard_ns, spoke_ns; /* the last segment that arrived; that was sent */
    int64_t closed_ns, entered_ns; /* END_CLOSED; the present state */
    int64_t answer_by_ns; /* fin-is-answered */
    int64_t fin_acked_ns; /* time-wait: the latest ACK of the peer's FIN; -1 none */
};
#define NO_HOST UINT8_MAX
#define NO_STEP UINT32_MAX
#define END_NEW \
    { \
        .flags = END_FRESH, .host = NO_HOST, .send_step = NO_STEP, .recv_step = NO_STEP, .closed_ns = -1, .fin_acked_ns = -1 \
    }

struct conn_record {
    struct end_record end[2]; /* [0] sent the first SYN */
    int64_t progress_ns; /* when something last moved: bytes, acknowledgements, states, calls */
    uint32_t idle_acks; /* ACKs in answer to ACKs since then */
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
    const struct trace_event *event; /* its record: where it was heard, then a copy; of an arrival that never was, zeros */
    uint32_t number; /* UINT32_MAX: likewise */
    bool forged;
};

struct invariants {
    const struct story *story;
    struct conn_rest *conns; /* by number */
    uint32_t conn_count, conn_capacity; /* conns[0] is not used: count is the highest number + 1 */
    struct lent_record *lent; /* lent[0] is not used */
    uint32_t lent_count, lent_capacity, lent_free;
    uint32_t lent_wanted; /* when so many are lent, those at rest are packed */
    uint32_t recent_number; /* the connection that was asked for last, and its record */
    struct conn_record *recent;
    struct conn_record nobody; /* number 0, and all when there is no memory: murky, so nothing is asked of it */
    struct conn_surplus *surplus;
    uint32_t surplus_count, surplus_capacity, surplus_free;
    struct range *ranges; /* ranges[0] is not used */
    uint32_t range_count, range_capacity, range_free;
    uint32_t *forged; /* numbers of injected segments, ascending */
    uint32_t forged_count, forged_capacity;
    struct host_limits *hosts;
    uint32_t host_count, host_capacity;
    struct arrival last;
    struct trace_event last_kept; /* for those records that are heard later */
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
static inline struct end_record *end_peer(struct conn_record *conn, const struct end_record *end)
{
    return conn->end + (end == conn->end);
}
static inline unsigned end_side(const struct conn_record *conn, const struct end_record *end)
{
    return end != conn->end;
}
static inline bool conn_murky(const struct conn_record *conn)
{
    return (conn->end[0].flags & END_MURKY) != 0;
}
static inline void conn_is_murky(struct conn_record *conn)
{
    conn->end[0].flags |= END_MURKY;
    conn->end[1].flags |= END_MURKY;
}
/* Something has moved. */
static inline void conn_moves(struct conn_record *conn, int64_t now_ns)
{
    conn->progress_ns = now_ns;
    conn->idle_acks = 0;
}
/* RFC 9293 section 3.4: SYN and FIN have numbers. */
static inline uint32_t segment_right(const struct trace_segment *seg, unsigned flags)
{
    return seg->seq + seg->len + ((flags & TCP_SYN) / TCP_SYN + (flags & TCP_FIN) / TCP_FIN);
}
static inline bool end_gone(const struct end_record *end)
{
    return end->state == TCP_CLOSED || end->state == TCP_LISTEN; /* SYN_RECEIVED may fall back to LISTEN: the connection's end is gone */
}
static inline bool state_synchronized(unsigned state)
{
    return state >= TCP_ESTABLISHED;
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
static inline bool idle_ack(const struct trace_segment *seg)
{
    return seg->len == 0 && (seg->flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0 && (seg->classes & CLASS_PROBE) == 0;
}

/* rest.c */
void conns_reset(struct invariants *all);
void conns_free(struct invariants *all);
/* A record of which something is heard; `nobody` of number 0, and without memory. Other records may move. */
struct conn_record *conn_lend(struct invariants *all, uint32_t number);
/* A copy of what is known of a connection below conn_count. */
void conn_look(const struct invariants *all, uint32_t number, struct conn_record *conn);
/* NULL: it is not lent. */
static inline struct conn_record *conn_lent(struct invariants *all, uint32_t number)
{
    const uint32_t lent = number < all->conn_count ? all->conns[number].lent : CONN_UNHEARD;
    return __builtin_expect((int32_t)lent > 0, 1) ? &all->lent[lent].conn : NULL;
}
void conn_init(struct conn_record *conn);

/* limits.c */
void limits_learn(struct invariants *all);
int64_t limits_bound(const struct host_limits *host, const struct end_record *end);

/* invariant_faults.c */
void faults_injected(struct invariants *all, const struct trace_event *event);
bool faults_forged(const struct invariants *all, uint32_t segment);
void faults_happen(struct invariants *all, const struct trace_event *event);

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

/* The record that is being heard; most speak of the connection of the one before. */
struct ear {
    struct invariants *all;
    const struct trace_event *event;
    uint32_t number; /* the event's */
    uint32_t conn_number;
    struct conn_record *conn;
};
/* Before a rule is asked, it is told when. */
static inline struct invariants *ear_asks(const struct ear *ear)
{
    ear->all->number = ear->number;
    ear->all->now_ns = ear->event->time_ns;
    return ear->all;
}

/* What follows belongs to the files of its name; `side` is the end where the event happens. What is asked of each segment or each state
 * has a short answer here, "certainly in order"; only where that fails is the rule itself asked, which knows every exception. */
void data_given(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call);
/* A call that reads has returned. Without an end-of-file, certainly in order: no more than was written, nor than came without a gap. */
static inline void data_returned(const struct ear *ear, struct end_record *end, const struct trace_call *call)
{
    struct conn_record *conn = ear->conn;
    const struct end_record *peer = end_peer(conn, end);
    if (call->value > 0)
        end->delivered += (uint64_t)call->value;
    if (call->eof || end->delivered > peer->written || end->delivered + 1 + ((peer->flags & END_FIN) != 0) > end->got_edge)
        data_given(ear_asks(ear), conn, end_side(conn, end), call);
}
void data_fin_acknowledged(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg);

void fin_sent(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg, uint32_t right);
/* Anything leaves after a FIN: neither it nor a byte, nor a number beyond it, so certainly not one that is not the stream's. */
static inline bool fin_is_last(const struct end_record *end, const struct trace_segment *seg, unsigned flags, uint32_t right)
{
    return (flags & TCP_FIN) == 0 && seg->len == 0 && !seq_after(right, end->fin + 1);
}
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
/* Of an edge of the figure: the bits of an end's flags that do not speak against it, not 0. No edge: 0. */
extern const uint32_t moves_excused[16][16];
/* Which bits do speak against a move? 0, none: it is certainly an edge, and all that it asks of the wire is there. */
static inline uint32_t moves_spoken_against(const struct end_record *end, unsigned from, unsigned to)
{
    return ((from | to) & ~15u) == 0 && from == end->state ? end->flags & ~moves_excused[from][to] : UINT32_MAX;
}

void agree_overdue(struct invariants *all, const struct conn_record *conn, unsigned side, const struct trace_segment *seg);
void agree_storm(struct invariants *all, const struct conn_record *conn, const struct trace_segment *seg);
#define STORM 1000 /* so many ACKs in answer to ACKs, with nothing moved by any of them, are a storm (P-5) */
/* A segment of an end in order leaves: nothing for ever. It is no RST; its flags, of SYN, FIN and ACK, are `flags`. */
static inline void agree_sent(const struct ear *ear, const struct end_record *end, unsigned flags)
{
    struct invariants *all = ear->all;
    struct conn_record *conn = ear->conn;
    const struct trace_event *event = ear->event;
    const struct trace_segment *seg = &event->segment;
    if (seg->len == 0 && (flags & (TCP_SYN | TCP_FIN)) == 0 && (seg->classes & CLASS_PROBE) == 0) {
        const uint32_t cause = event->cause;
        if ((cause == all->last.number || cause == all->last_state_event) && cause != 0 && idle_ack(&all->last.event->segment) &&
            all->last.event->conn == event->conn && ++conn->idle_acks > STORM)
            agree_storm(ear_asks(ear), conn, seg);
    } else if (event->time_ns - conn->progress_ns > all->rest_least_ns) {
        agree_overdue(ear_asks(ear), conn, end_side(conn, end), seg);
    }
}
void agree_time_wait(struct invariants *all, const struct end_record *end, unsigned why);
void agree_too_late(struct invariants *all, const struct conn_record *conn, unsigned side, int64_t now_ns);
void agree_finish(struct invariants *all, struct conn_record *conn, int64_t end_ns, bool quiet, bool cut);

void resets_answered(struct invariants *all, const struct end_record *end, const struct trace_event *event);
void resets_acknowledged(struct invariants *all, const struct end_record *end, const struct trace_segment *seg);
void resets_moved(struct invariants *all, const struct end_record *end, const struct trace_event *event);
void resets_ended(struct invariants *all, struct end_record *end, const struct trace_event *event);
void resets_hidden(struct invariants *all, const struct end_record *end, unsigned to);
void resets_closed(struct invariants *all, struct conn_record *conn, unsigned side);
/* close(). Of what it acknowledged, all was certainly read. */
static inline void resets_called(const struct ear *ear, struct end_record *end, const struct trace_call *call)
{
    if (call->call == CALL_CLOSE && end->ack_sent > end->delivered + 1)
        resets_closed(ear_asks(ear), ear->conn, end_side(ear->conn, end));
}
void resets_told(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call);
static inline void resets_returned(const struct ear *ear, struct end_record *end, const struct trace_call *call)
{
    if (call->error != TCP_OK || call->eof)
        resets_told(ear_asks(ear), ear->conn, end_side(ear->conn, end), call);
}
void resets_finish(struct invariants *all, struct conn_record *conn, unsigned side);

#endif
