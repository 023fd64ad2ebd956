/* SPDX-License-Identifier: MIT */
/* When an ACK goes out: at once, with data that leaves soon, or by the delayed-ACK timer (RFC 9293 section 3.8.6.3; FACTS 5).
 * A profile with quick_acks adapts as Linux does; one without uses a fixed delay and acknowledges every second full segment. */
#include "tcp/internal.h"

static void add_quick(const struct tcp_ctx *ctx, struct tcb *tcb, int64_t most)
{
    if (ctx->profile->quick_acks == 0)
        return;
    uint32_t quick = tcb->rcv.wnd / (2 * max_u32(tcb->rcv_mss, 1));
    if (quick == 0)
        quick = 2;
    quick = min_u32(quick, (uint32_t)most);
    if (quick > tcb->quick)
        tcb->quick = (uint8_t)quick;
}

void ack_enter_quick(struct tcp_ctx *ctx, struct tcb *tcb)
{
    add_quick(ctx, tcb, ctx->profile->quick_acks);
    tcb->pingpong = 0;
    tcb->ato_us = ATO_MIN_US;
}

/* The receiver's estimate of the peer's segment size, and whether small (pushed) segments have come. */
static void measure_mss(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, bool push)
{
    const uint32_t last = tcb->last_seg;
    tcb->last_seg = 0;
    if (len >= tcb->rcv_mss) {
        if (len != tcb->rcv_mss)
            window_measure(ctx->profile, tcb, len);
        tcb->rcv_mss = (uint16_t)min_u32(len, tcb->advmss);
        if (push && tcb->pushed == 0) /* the end of a bunch: there may be no more soon */
            tcb->pushed = 1;
        return;
    }
    if (len >= MSS_DEFAULT) { /* twice the same: a peer of smaller segments */
        tcb->last_seg = (uint16_t)len;
        if (len == last) {
            tcb->rcv_mss = (uint16_t)len;
            return;
        }
    }
    if (tcb->pushed < 2)
        tcb->pushed++;
}

void ack_data_received(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, bool push)
{
    tcb->ack_due = true;
    measure_mss(ctx, tcb, len, push);
    window_measure_trip(ctx, tcb);
    if (ctx->profile->quick_acks == 0) {
        tcb->ato_us = (uint32_t)(ctx->profile->delack / NS_PER_US);
    } else if (tcb->ato_us == 0) {
        add_quick(ctx, tcb, ctx->profile->quick_acks);
        tcb->ato_us = ATO_MIN_US;
    } else {
        int64_t gap_us = (ctx->now_ns - tcb->data_received_ns) / NS_PER_US;
        if (gap_us <= ATO_MIN_US / 2) {
            tcb->ato_us = (tcb->ato_us >> 1) + ATO_MIN_US / 2;
        } else if (gap_us < tcb->ato_us) {
            tcb->ato_us = min_u32((tcb->ato_us >> 1) + (uint32_t)gap_us, tcb->rto_us);
        } else if (gap_us > tcb->rto_us) {
            /* The peer has paused: it may start slowly again and wants every ACK. */
            add_quick(ctx, tcb, ctx->profile->quick_acks);
        }
    }
    tcb->data_received_ns = ctx->now_ns;
    window_grow(ctx, tcb, len);
}

/* Data above a gap is acknowledged at once; but see compress(). What of it is kept, window_above_gap() counts. */
void ack_data_above_gap(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, bool push)
{
    if (ctx->profile->quick_acks == 0) {
        ack_data_received(ctx, tcb, len, push);
        tcb->ack_now = true;
        return;
    }
    tcb->ack_due = true;
    measure_mss(ctx, tcb, len, push);
    if (!tcb->sack_ok)
        tcb->ack_now = true;
}

/* A twentieth of the round trip, by the shorter of the two that this end measures; what only receives may know none. */
static int64_t compression_ns(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    uint32_t trip_us = tcb->rcv_rtt_us;
    if (tcb->rtt_seen && tcb->srtt_us < trip_us)
        trip_us = tcb->srtt_us;
    return min_i64(ctx->profile->comp_sack_delay, (int64_t)trip_us * (NS_PER_US / 8) / 20) + ctx->profile->comp_sack_slack;
}

/* Linux acknowledges the first three segments above a gap one by one, as duplicate ACKs for fast retransmit, and holds those that
 * follow together for a moment (RFC 9293 allows it, SACK makes it harmless). True: the ACK waits. */
static bool compress(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->compressed_acks >= ctx->profile->comp_sack_nr)
        return false;
    if (tcb->dup_ack_rcv_nxt != tcb->rcv.nxt) {
        tcb->dup_ack_rcv_nxt = tcb->rcv.nxt;
        tcb->dup_acks = 0;
    }
    if (tcb->dup_acks < DUP_ACK_THRESHOLD) {
        tcb->dup_acks++;
        return false;
    }
    if (tcb->compressed_acks++ == 0) {
        const int64_t at_ns = ctx->now_ns + compression_ns(ctx, tcb);
        if (!timer_runs(tcb, SLOT_DELAYED_ACK) || tcb->slot[SLOT_DELAYED_ACK].at_ns > at_ns)
            timer_arm_exact(ctx, tcb, SLOT_DELAYED_ACK, TIMER_DELAYED_ACK, at_ns); /* a fine timer, not the wheel */
    }
    return true;
}

/* The blocks that the next ACK can be expected to bring are about to change more than it could tell: what waits goes first. */
void ack_compressed_first(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->compressed_acks > 0)
        send_ack(ctx, tcb);
}

static void arm_delayed(struct tcp_ctx *ctx, struct tcb *tcb)
{
    int64_t ato = (int64_t)tcb->ato_us * NS_PER_US;
    if (ctx->profile->quick_acks != 0 && tcb->ato_us > ATO_MIN_US) {
        int64_t most = tcb->pingpong || tcb->pushed ? ctx->profile->delack_max : 500 * NS_PER_MS;
        if (tcb->rtt_seen)
            most = min_i64(most, max_i64((int64_t)(tcb->srtt_us >> 3), ATO_MIN_US) * NS_PER_US);
        ato = min_i64(ato, most);
    }
    ato = min_i64(ato, ctx->profile->delack_max);
    if (ato == 0)
        ato = ctx->profile->jiffy; /* an end that never had data acknowledges at the next tick */
    int64_t at_ns = ctx->now_ns + ato;
    const struct tcp_timer_slot *slot = &tcb->slot[SLOT_DELAYED_ACK];
    if (timer_runs(tcb, SLOT_DELAYED_ACK)) {
        if (ctx->profile->quick_acks != 0 && slot->at_ns <= ctx->now_ns + ato / 4) {
            send_ack(ctx, tcb);
            return;
        }
        if (at_ns >= slot->at_ns)
            return;
    }
    timer_arm(ctx, tcb, SLOT_DELAYED_ACK, TIMER_DELAYED_ACK, at_ns);
}

void ack_schedule_check(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->state == TCP_CLOSED)
        return;
    const uint32_t waiting = tcb->rcv.nxt - tcb->rcv.wup;
    const bool gap = tcb->ooo_head != 0;
    bool now = tcb->ack_now;
    if (ctx->profile->quick_acks == 0) /* SHLD-19: at least every second full segment */
        now = now || gap || waiting >= 2u * tcb->rcv_mss;
    else
        now = now || (tcb->quick > 0 && !tcb->pingpong) ||
              (waiting > tcb->rcv_mss && (unread_bytes(tcb) == 0 || window_select(ctx, tcb) >= tcb->rcv.wnd));
    if (now || (gap && !(tcb->sack_ok && compress(ctx, tcb))))
        send_ack(ctx, tcb);
    else if (!gap)
        arm_delayed(ctx, tcb);
}

void ack_sent(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->quick > 0 && tcb->ack_due) {
        tcb->quick--;
        if (tcb->quick == 0)
            tcb->ato_us = ATO_MIN_US;
    }
    tcb->ack_now = tcb->ack_due = false;
    tcb->pushed = tcb->compressed_acks = 0;
    if (timer_runs(tcb, SLOT_DELAYED_ACK))
        timer_stop(ctx, tcb, SLOT_DELAYED_ACK);
}

/* A read frees buffer: it may release an ACK that waits, or be worth a window update (RFC 9293 section 3.8.6.2.2). */
void ack_after_read(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t copied)
{
    bool now = false;
    if (tcb->state == TCP_CLOSED || tcb->state == TCP_TIME_WAIT || tcb->state == TCP_SYN_SENT || tcb->state == TCP_SYN_RECEIVED)
        return;
    if (tcb->ack_due && ctx->profile->quick_acks != 0) {
        now = tcb->rcv.nxt - tcb->rcv.wup > tcb->rcv_mss ||
              (copied > 0 && unread_bytes(tcb) == 0 && (tcb->pushed == 2 || (tcb->pushed == 1 && !tcb->pingpong)));
    }
    if (copied > 0 && !now && !tcb->fin_received && !tcb->shut_read) {
        uint32_t left = window_offered(tcb);
        if (2 * left <= window_full_space(ctx->profile, tcb)) {
            uint32_t fresh = window_select(ctx, tcb);
            now = fresh > 0 && fresh >= 2 * left;
        }
    }
    if (now)
        send_ack(ctx, tcb);
}

/* One for the limiters' time: 0 means "never", so times are kept one higher. */
static bool limited(const struct tcp_ctx *ctx, uint32_t *last_ms)
{
    if (ctx->profile->invalid_ratelimit == 0)
        return false;
    if (*last_ms != 0 && now_ms(ctx) + 1 - *last_ms < (uint32_t)(ctx->profile->invalid_ratelimit / NS_PER_MS))
        return true;
    *last_ms = now_ms(ctx) + 1;
    return false;
}

/* RFC 5961 section 7: how often a connection answers what a loop of ACKs could be made of (I-79, P-5). */
bool ack_throttled(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (limited(ctx, &tcb->oow_ack_ms))
        return true;
    if (ctx->profile->challenge_ack_limit == 0)
        return false;
    if (tcb->challenge_ms == 0 || now_ms(ctx) + 1 - tcb->challenge_ms >= 5000) {
        tcb->challenge_ms = now_ms(ctx) + 1;
        tcb->challenge_count = 0;
    }
    return ++tcb->challenge_count > (uint32_t)ctx->profile->challenge_ack_limit;
}

void ack_unacceptable(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    /* Segments with data or FIN are no part of an ACK loop: not limited (FACTS 8). */
    bool counts = segment_length(seg) == 0 || (seg->flags & TCP_SYN) != 0;
    if (counts && ack_throttled(ctx, tcb))
        return;
    uint32_t end = seg->seq + segment_length(seg);
    if (segment_length(seg) > 0 && seq_lt(seg->seq, tcb->rcv.nxt)) {
        ack_enter_quick(ctx, tcb);
        if (tcb->sack_ok && ctx->profile->dsack) {
            tcb->dsack_due = true;
            tcb->dsack_left = seg->seq;
            tcb->dsack_right = seq_min(end, tcb->rcv.nxt);
        }
    }
    send_ack(ctx, tcb);
}

/* RFC 5961 sections 5 and 7: `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`. */
void ack_challenge(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!ack_throttled(ctx, tcb))
        send_ack(ctx, tcb);
}
