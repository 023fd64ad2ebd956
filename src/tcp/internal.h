/* SPDX-License-Identifier: MIT */
/* What the files of this room share and nobody else sees. */
#ifndef LASTACK_TCP_INTERNAL_H
#define LASTACK_TCP_INTERNAL_H

#include "base/duration.h"
#include "base/invariant.h"
#include "tcp/seq.h"
#include "tcp/tcp.h"

#define MSS_DEFAULT 536u /* MUST-15: without an MSS option */
#define TIMESTAMPS_BYTES 12u /* what the option takes of each segment, padded (RFC 7323 appendix A) */
#define ATO_MIN_US 40000u /* Linux's TCP_ATO_MIN and TCP_DELACK_MIN */
#define MSS_MIN 88u
#define DUP_ACK_THRESHOLD 3u /* RFC 5681 section 3.2 */
#define PAWS_IDLE_MS (24u * 24 * 3600 * 1000) /* RFC 7323 section 5.5: TS.Recent is invalid after 24 days */

static inline uint32_t now_ms(const struct tcp_ctx *ctx)
{
    return (uint32_t)((uint64_t)ctx->now_ns / (uint64_t)NS_PER_MS);
}
static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}
static inline uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}
/* The bits of a number; none of 0. */
static inline unsigned bit_length(uint64_t value)
{
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}
/* The next power of two that is not less. */
static inline uint32_t power_of_two(uint32_t least)
{
    return UINT32_C(1) << bit_length(least - 1);
}
static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- state.c is for names; the one function that changes a state is in effects.c ---- */
void tcp_enter_state(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_state state, uint8_t why);
static inline void tcp_signal(struct tcp_ctx *ctx, enum tcp_signal signal)
{
    ctx->signals |= (uint8_t)(1u << signal);
}
/* The end is over: timers stopped, queues given back, state CLOSED, error (if any) for the owner, SIGNAL_GONE. */
void tcp_done(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_errno error, uint8_t why);
/* The end goes on as a small record in `state` (FIN_WAIT_2 or TIME_WAIT) for `length_ns`. */
void tcp_held_enters_fin_wait_2(struct tcp_ctx *ctx, struct tcb *tcb);
void tcp_become_mini(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_state state, int64_t length_ns);

/* ---- timer.c ---- */
void timer_arm(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot, enum tcp_timer kind, int64_t at_ns);
void timer_arm_exact(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot, enum tcp_timer kind, int64_t at_ns);
void timer_stop(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot);
void timers_init(struct tcb *tcb);
static inline bool timer_runs(const struct tcb *tcb, enum tcp_slot slot)
{
    return tcb->slot[slot].at_ns != TIME_NEVER;
}
/* A timeout of the retransmission family, in whole ticks where the profile counts in them. */
static inline int64_t timer_ticks(const struct tcp_profile *profile, int64_t wait_ns)
{
    return profile->ticks ? (wait_ns + profile->jiffy - 1) / profile->jiffy * profile->jiffy : wait_ns;
}
/* How long ago something was sent, as a kernel that counts in ticks measures it: what its hosts take comes on top of the link's delay,
 * so that a round trip never ends on a tick. Ours take no time; the least that can be measured stands for it. */
static inline int64_t measured_us(const struct tcp_ctx *ctx, int64_t sent_ns)
{
    return (int64_t)((uint64_t)(ctx->now_ns - sent_ns) / (uint64_t)NS_PER_US) + ctx->profile->ticks;
}
/* Where the profile's clock (hz) lets a timer set now for `at_ns` really fire. */
int64_t timer_wheel_slot(const struct tcp_profile *profile, int64_t now_ns, int64_t at_ns);
static inline int64_t timer_wheel(const struct tcp_profile *profile, int64_t now_ns, int64_t at_ns)
{
    return __builtin_expect(profile->hz == 0, 1) || at_ns == TIME_NEVER ? at_ns : timer_wheel_slot(profile, now_ns, at_ns);
}

/* ---- opening.c, segment_arrives.c ---- */
void opening_passive(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t iss, const struct segment *syn);
void opening_segment_arrives(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg);
void tcp_segment_arrives_synchronized(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, bool sequence_checked);

/* ---- user_calls.c ---- */
void tcp_orphan_enters_fin_wait_2(struct tcp_ctx *ctx, struct tcb *tcb);

/* ---- send_buffer.c ---- */
uint32_t send_buffer_room(const struct tcp_ctx *ctx, struct tcb *tcb); /* how much a SEND may add now */
uint32_t send_buffer_ordinary(const struct tcp_profile *profile, const struct tcb *tcb); /* its size when a connection has begun */
void send_buffer_grow(struct tcp_ctx *ctx, struct tcb *tcb);
uint64_t send_pace(const struct tcb *tcb);
/* How many bytes may leave now in a row, a segment at the least; 0: better wait for the next ACK. */
uint32_t bunch_next(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t mss);
void send_buffer_check(struct tcp_ctx *ctx, struct tcb *tcb); /* has it room again for who waits to write? */

/* ---- records.c ---- */
uint32_t record_alloc(struct tcp_ctx *ctx); /* all zeros; 0: none left */
void record_free(struct tcp_ctx *ctx, uint32_t index);
void records_free(struct tcp_ctx *ctx, uint32_t *head);
static inline struct tcp_record *record_at(const struct tcp_ctx *ctx, uint32_t index)
{
    return &ctx->pool.records[index];
}
static inline bool record_left(const struct tcp_ctx *ctx)
{
    return *ctx->pool.free_head != 0;
}
/* As record_alloc, for who knows that there is one and writes all of it. */
static inline uint32_t record_take(struct tcp_ctx *ctx)
{
    uint32_t index = *ctx->pool.free_head;
    *ctx->pool.free_head = record_at(ctx, index)->next;
    ++*ctx->pool.used;
    return index;
}

/* ---- rtt.c (RFC 6298) ---- */
void rtt_sample(struct tcp_ctx *ctx, struct tcb *tcb, int64_t rtt_us);
static inline int64_t rto_ns(const struct tcb *tcb)
{
    return (int64_t)tcb->rto_us * NS_PER_US;
}
void rto_rearm(struct tcp_ctx *ctx, struct tcb *tcb);

/* ---- timestamps.c (RFC 7323) ---- */
uint32_t ts_at(const struct tcp_ctx *ctx, int64_t at_ns, uint32_t offset);
uint32_t ts_now(const struct tcp_ctx *ctx, uint32_t offset);
bool paws_rejects(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct segment *seg);

/* ---- window.c ---- */
#define RATIO_ONE 256u
#define RATIO_START 128u /* half of the buffer, until a segment has shown how much of its memory is data */
static inline uint32_t window_of(const struct tcp_profile *profile, const struct tcb *tcb, uint32_t memory)
{
    uint32_t ratio = tcb->rcv_ratio != 0 ? tcb->rcv_ratio : RATIO_START;
    return profile->buffers_doubled ? (uint32_t)((uint64_t)memory * ratio / RATIO_ONE) : memory;
}
static inline uint32_t window_full_space(const struct tcp_profile *profile, const struct tcb *tcb)
{
    return window_of(profile, tcb, tcb->rcvbuf);
}
static inline uint32_t window_space(const struct tcp_profile *profile, const struct tcb *tcb)
{
    return tcb->rcvbuf > tcb->rcv_memory ? window_of(profile, tcb, tcb->rcvbuf - tcb->rcv_memory) : 0;
}
static inline uint32_t window_round_up(uint32_t window, unsigned scale)
{
    return (window + (1u << scale) - 1) >> scale << scale;
}
/* What window_select() says as long as half of the buffer is free and the window is scaled; 0: it has more to ask. */
static inline uint32_t window_select_large(const struct tcp_profile *profile, const struct tcb *tcb)
{
    if (__builtin_expect(tcb->rcv_memory > tcb->rcvbuf / 2 || tcb->rcv_wscale == 0, 0))
        return 0;
    return window_round_up(min_u32(window_of(profile, tcb, tcb->rcvbuf - tcb->rcv_memory), tcb->rcv_ssthresh), tcb->rcv_wscale);
}
uint32_t window_initial(const struct tcp_profile *profile, const struct tcb *tcb, uint32_t mss);
uint8_t window_choose_scale(const struct tcp_profile *profile, const struct tcb *tcb);
uint32_t window_select(struct tcp_ctx *ctx, struct tcb *tcb); /* what would be advertised now, before "never shrink" */
static inline uint32_t window_offered(const struct tcb *tcb) /* what of the last advertisement is left */
{
    int32_t left = (int32_t)(tcb->rcv.wup + tcb->rcv.wnd - tcb->rcv.nxt);
    return left > 0 ? (uint32_t)left : 0;
}
void window_grow(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len);
void window_measure(const struct tcp_profile *profile, struct tcb *tcb, uint32_t len); /* a full segment has come */
void window_queued(const struct tcp_profile *profile, struct tcb *tcb, uint32_t len, bool in_order); /* text was kept */
void window_taken(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes); /* the program took some */
void window_above_gap(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, uint32_t end); /* text above a gap was kept */
void window_measure_echo(const struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg);
void window_measure_trip(const struct tcp_ctx *ctx, struct tcb *tcb); /* data has come in order */
void window_autotune_begin(struct tcp_ctx *ctx, struct tcb *tcb);
void window_autotune(struct tcp_ctx *ctx, struct tcb *tcb);
uint32_t unread_bytes(const struct tcb *tcb);

/* ---- output.c ---- */
void send_ack(struct tcp_ctx *ctx, struct tcb *tcb);
void send_reset_active(struct tcp_ctx *ctx, struct tcb *tcb);
void send_reset_reply(struct tcp_ctx *ctx, const struct segment *seg);
void syn_segment(const struct tcp_ctx *ctx, const struct tcb *tcb, struct segment *seg); /* or the SYN-ACK */
void send_syn(struct tcp_ctx *ctx, struct tcb *tcb, bool first);
void send_probe(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t seq);
bool retransmit_record(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t index);
uint32_t current_mss(const struct tcb *tcb);
bool send_one_new(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t limit,
                  bool push); /* one segment of new data (or the FIN), at most `limit` bytes, whatever cwnd and Nagle say */
static inline bool has_unsent(const struct tcb *tcb)
{
    return seq_lt(tcb->snd.nxt, tcb->snd.end) || (tcb->fin_queued && !tcb->fin_sent);
}
/* SACK blocks go with the next ACK. */
static inline bool sack_waits(const struct tcb *tcb)
{
    return (tcb->sack_count | tcb->dsack_due) != 0 && tcb->sack_ok;
}
/* A segment of `len` bytes, where `mss` is a full one, must wait. */
bool nagle_holds(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t mss, uint32_t len, bool fin);
static inline uint32_t window_edge(const struct tcb *tcb)
{
    return tcb->snd.una + tcb->snd.wnd;
}
/* Nothing is in flight but something waits (for the window): the persist timer must run. */
void persist_check(struct tcp_ctx *ctx, struct tcb *tcb);
int64_t persist_interval_ns(const struct tcp_ctx *ctx, const struct tcb *tcb);
void persist_rearm(struct tcp_ctx *ctx, struct tcb *tcb);

/* ---- acking.c: when an ACK goes out ---- */
void ack_data_received(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, bool push);
void ack_data_above_gap(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, bool push);
void ack_compressed_first(struct tcp_ctx *ctx, struct tcb *tcb);
void ack_enter_quick(struct tcp_ctx *ctx, struct tcb *tcb);
void ack_schedule_check(struct tcp_ctx *ctx, struct tcb *tcb);
void ack_sent(struct tcp_ctx *ctx, struct tcb *tcb);
void ack_after_read(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t copied);
/* An ACK for a segment that is not acceptable, within the profile's limit. */
void ack_unacceptable(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg);
bool ack_throttled(const struct tcp_ctx *ctx, struct tcb *tcb); /* may no answer go now? counts it if one may */
void ack_challenge(struct tcp_ctx *ctx, struct tcb *tcb);

/* ---- reassembly.c ---- */
/* False: all of it was here already, or there is no memory for it. */
bool reassembly_insert(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t seq, uint32_t end, uint32_t conn, bool fin);
void reassembly_forget(struct tcp_ctx *ctx, struct tcb *tcb); /* all that waits is thrown away */
bool reassembly_advance(struct tcp_ctx *ctx, struct tcb *tcb); /* takes what joins RCV.NXT; true if a FIN was reached */

/* ---- congestion.c, recovery.c ---- */
void congestion_init(struct tcp_ctx *ctx, struct tcb *tcb);
void cubic_begin(const struct tcp_ctx *ctx, struct tcb *tcb); /* the connection is established */
uint32_t packets_in_flight(const struct tcb *tcb);
bool congestion_rested(const struct tcp_ctx *ctx, const struct tcb *tcb); /* has nothing been sent for so long that it starts again? */
void congestion_restart_after_idle(struct tcp_ctx *ctx, struct tcb *tcb);
void congestion_sent(struct tcb *tcb, bool limited);
void recovery_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una, bool window_changed);
void recovery_rto(struct tcp_ctx *ctx, struct tcb *tcb); /* everything is taken for lost; the front is resent */
void recovery_continue(struct tcp_ctx *ctx, struct tcb *tcb); /* resends what is marked lost, as the window allows */
void recovery_arm_after_send(struct tcp_ctx *ctx, struct tcb *tcb);
void recovery_probe(struct tcp_ctx *ctx, struct tcb *tcb); /* tail loss probe */
void recovery_reorder_timeout(struct tcp_ctx *ctx, struct tcb *tcb);

#endif
