/* SPDX-License-Identifier: MIT */
/* One endpoint of TCP, pure: (tcb, event, now) -> effects. It reads no clock, draws no chance, allocates nothing and knows no
 * addresses; what it wants done it says through the sink, in order. RFC 9293 section 3.10 is the table of contents:
 * user_calls.c (3.10.1 to 3.10.6), segment_arrives.c (3.10.7), timeouts.c (3.10.8), output.c. */
#ifndef LASTACK_TCP_TCP_H
#define LASTACK_TCP_TCP_H

#include "base/duration.h"
#include "tcp/profile.h"
#include "tcp/tcb.h"

enum tcp_signal {
    SIGNAL_CONNECTED, /* connect() has succeeded; or a passive end is established and may be accepted */
    SIGNAL_READABLE, /* data, end-of-file or an error: a waiting reader should look (tcp_recv) */
    SIGNAL_WRITABLE, /* send buffer has room: a waiting writer should go on (tcp_send) */
    SIGNAL_ERROR, /* the connection has failed: tcb->error is set for the owner; readers, writers, connect() should look */
    SIGNAL_CLOSE_DONE, /* a lingering close() may return: FIN acknowledged, or the connection is gone */
    SIGNAL_MINI, /* the end goes on as a small record: mini is filled in; the TCB is CLOSED for its program (unread data stays readable) */
    SIGNAL_GONE, /* state is CLOSED and nothing is left on the wire: free the TCB (if a program still holds the socket, when it closes it)
                  */
};

struct tcp_sink {
    void *ctx;
    /* Where the next segment is made, and that it is to be sent: conn, number, ports and hosts are the engine's to fill in. */
    struct segment *place;
    void (*send)(void *ctx, struct segment *seg);
    void (*state)(void *ctx, enum tcp_state from, enum tcp_state to, uint8_t why /* enum state_why of sim/trace.h, TCP_WHY_* here */);
};
/* Why a state changed; the same numbers as enum state_why of the trace. */
enum tcp_why {
    TCP_WHY_ORDINARY = 0,
    TCP_WHY_RST_RECEIVED,
    TCP_WHY_RST_SENT,
    TCP_WHY_TIMEOUT,
    TCP_WHY_KEEPALIVE,
    TCP_WHY_USER_TIMEOUT,
    TCP_WHY_FIN_WAIT_2,
    TCP_WHY_CRASH,
    TCP_WHY_CLOSED_EARLY,
    TCP_WHY_REUSED
};

struct tcp_ctx {
    int64_t now_ns;
    const struct tcp_profile *profile;
    const struct tcp_sink *sink;
    struct tcp_pool pool;
    uint32_t *next_number; /* each armed timer takes one */
    uint32_t record_limit; /* records that the pool holds: free ones are record_limit - *pool.used */
    int32_t room; /* data segments that may still be sent in this step, 0 or less: none; the engine keeps a reserve of 16 for the rest */
    uint32_t synack_retries; /* in: for a half-open passive end whose listener is pressed; 0: the profile's */
    bool starved; /* out: room or records ran out: flush, grow, and call tcp_output() */
    bool accept_full; /* in: the listener's accept queue is full (a third ACK is dropped, L-20) */
    bool orphans_full, minis_full; /* in: the host has as many as its profile allows (max_orphans, max_tw_buckets) */
    uint8_t timers_set; /* out: mask of the slots that were armed or stopped; what stood there before is in timers_before */
    uint8_t signals; /* out: mask of 1 << enum tcp_signal, for when the call is over */
    struct tcp_timer_slot timers_before[TCP_SLOTS];
    struct tcp_mini mini; /* out, with SIGNAL_MINI */
};

/* ---- before a connection: the socket's options live in a TCB from the start ---- */
/* A fresh CLOSED endpoint with the profile's defaults. link_mss: what the interface's MTU allows (MTU - 40). */
void tcp_init(struct tcb *tcb, const struct tcp_profile *profile, uint32_t link_mss);
/* SO_RCVBUF and SO_SNDBUF as the socket option counts them. */
void tcp_set_rcvbuf(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes);
void tcp_set_sndbuf(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes);
void tcp_set_nodelay(struct tcp_ctx *ctx, struct tcb *tcb, bool on);
void tcp_set_cork(struct tcp_ctx *ctx, struct tcb *tcb, bool on);
void tcp_set_quickack(struct tcp_ctx *ctx, struct tcb *tcb, bool on);
/* TCP_KEEPIDLE, _INTVL, _CNT and SO_KEEPALIVE in one; times in ns; on an open connection the timer starts at once. */
void tcp_set_keepalive(struct tcp_ctx *ctx, struct tcb *tcb, bool on, int64_t idle_ns, int64_t interval_ns, uint32_t count);
void tcp_set_user_timeout(struct tcp_ctx *ctx, struct tcb *tcb, int64_t ns);
void tcp_set_linger2(struct tcp_ctx *ctx, struct tcb *tcb, int64_t ns /* or -1 */);

/* ---- user calls (RFC 9293 sections 3.10.1 to 3.10.6) ---- */
/* OPEN, active: sends the SYN, SYN_SENT. */
void tcp_open_active(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t iss);
/* The passive half: `tcb` was made by tcp_init and has the listener's options; `syn` is what arrived in LISTEN. Sends the SYN-ACK,
 * SYN_RECEIVED. */
void tcp_open_passive(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t iss, const struct segment *syn);
/* SYN cookies: `keys` are secrets of the four-tuple, the timed ones of this minute and of the last. */
struct tcp_cookie_keys {
    uint32_t fixed, minute, timed[2];
};
uint32_t tcp_cookie(const struct tcp_cookie_keys *keys, const struct segment *syn);
/* The SYN-ACK that carries it. `fresh` was made by tcp_init, has the listener's options, and is of no use afterwards. */
void tcp_cookie_answer(struct tcp_ctx *ctx, struct tcb *fresh, uint32_t cookie, const struct segment *syn, struct segment *answer);
/* `ack`, which nobody awaits, answers a cookie: what its SYN must have been. */
bool tcp_cookie_read(const struct tcp_profile *profile, const struct tcp_cookie_keys *keys, const struct segment *ack, struct segment *syn);
/* As tcp_open_passive, but the SYN-ACK has been sent; give it the ACK then. */
void tcp_open_by_cookie(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t cookie, const struct segment *syn);
/* SEND: how many of `bytes` the buffer takes now (0: full, wait for SIGNAL_WRITABLE), or an error. */
uint32_t tcp_send(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes, enum tcp_errno *error);
/* RECEIVE: takes up to `max` bytes and opens the window. 0 bytes with no error and no eof: wait for SIGNAL_READABLE. An error is told once.
 */
struct tcp_read {
    uint32_t bytes;
    bool eof;
    enum tcp_errno error;
};
struct tcp_read tcp_recv(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t max);
/* What the next tcp_recv would be told, without taking anything. */
struct tcp_read tcp_peek(const struct tcb *tcb);
enum tcp_errno tcp_shutdown(struct tcp_ctx *ctx, struct tcb *tcb, bool read, bool write);
/* close(): unread data resets, otherwise the FIN is queued (L-01). The socket becomes an orphan with tcp_orphan(): at once, or for a
 * lingering close() after SIGNAL_CLOSE_DONE or the linger time (then, with profile->linger_timeout_aborts, after tcp_abort). */
void tcp_close(struct tcp_ctx *ctx, struct tcb *tcb);
bool tcp_close_must_wait(const struct tcb *tcb); /* a lingering close() would block now */
void tcp_orphan(struct tcp_ctx *ctx, struct tcb *tcb);
/* ABORT: linger 0, then close (L-03, R-051, R-052). The socket is not held afterwards. */
void tcp_abort(struct tcp_ctx *ctx, struct tcb *tcb);
/* The pending error, taken (what connect() or a send would be told); TCP_OK if none. */
enum tcp_errno tcp_take_error(struct tcb *tcb);
/* The host lost power: the TCB is CLOSED without a word to anybody (STATE event with why CRASH). */
void tcp_vanish(struct tcp_ctx *ctx, struct tcb *tcb, uint8_t why);

/* ---- segment arrives (3.10.7) ---- */
/* CLOSED (3.10.7.1): true if `reply` must be sent (a RST; addresses are `seg`'s, turned round). */
bool tcp_segment_arrives_closed(const struct segment *seg, struct segment *reply);
enum listen_answer { LISTEN_IGNORE, LISTEN_RESET, LISTEN_OPEN };
/* LISTEN (3.10.7.2). LISTEN_OPEN: make a TCB and call tcp_open_passive. */
enum listen_answer tcp_segment_arrives_listen(const struct tcp_profile *profile, const struct segment *seg, struct segment *reply);
/* All other states (3.10.7.3, 3.10.7.4). */
void tcp_segment_arrives(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg);

/* ---- timeouts (3.10.8) ---- */
/* When the next timer fires; TIME_NEVER: none runs. */
static inline int64_t tcp_next_ns(const struct tcb *tcb)
{
    int64_t next_ns = tcb->slot[0].at_ns;
    for (int i = 1; i < TCP_SLOTS; i++)
        next_ns = tcb->slot[i].at_ns < next_ns ? tcb->slot[i].at_ns : next_ns;
    return next_ns;
}
/* And its number; `next_ns`: tcp_next_ns(). */
static inline uint32_t tcp_next_number(const struct tcb *tcb, int64_t next_ns)
{
    uint32_t number = UINT32_MAX;
    for (int i = 0; i < TCP_SLOTS; i++)
        number = tcb->slot[i].at_ns == next_ns && tcb->slot[i].number < number ? tcb->slot[i].number : number;
    return number;
}
/* Its slot, or -1. Order: (at_ns, number). */
static inline int tcp_next_slot(const struct tcb *tcb)
{
    int best = 0;
    for (int i = 1; i < TCP_SLOTS; i++) {
        const struct tcp_timer_slot *slot = &tcb->slot[i], *first = &tcb->slot[best];
        if (slot->at_ns < first->at_ns || (slot->at_ns == first->at_ns && slot->number < first->number))
            best = i;
    }
    return tcb->slot[best].at_ns != TIME_NEVER ? best : -1;
}
enum tcp_timer tcp_next_timer(const struct tcb *tcb);
/* Slot `slot` is due now: fires it. */
void tcp_timeout(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot);
/* Goes on sending what may be sent (after `starved`). */
void tcp_output(struct tcp_ctx *ctx, struct tcb *tcb);

/* ---- small records ---- */
enum mini_answer {
    MINI_STAYS, /* still there (its timer may have been armed anew: look at at_ns, number) */
    MINI_ENDS, /* free it; sink->state has said why */
    MINI_REOPENS, /* a SYN that may open a new incarnation: free it, give the SYN to the listener, with `*iss` as its initial number
                   */
};
/* The sink's send() is used for answers. `iss` is NULL where nobody listens on the port. */
enum mini_answer tcp_mini_segment_arrives(struct tcp_ctx *ctx, struct tcp_mini *mini, const struct segment *seg, uint32_t *iss);
/* The mini's time is over: sink->state TIME_WAIT or FIN_WAIT_2 -> CLOSED. Always free it. */
void tcp_mini_timeout(struct tcp_ctx *ctx, struct tcp_mini *mini);
/* May connect() take this four-tuple over (FACTS 8)? `bound`: the program chose the local port itself. If so `*iss` is the new initial
 * number. */
bool tcp_mini_may_reuse(const struct tcp_ctx *ctx, const struct tcp_mini *mini, bool bound, uint32_t *iss);

#endif
