/* SPDX-License-Identifier: MIT */
/* Congestion control: how many segments may be in flight (RFC 5681, RFC 6937 for the reduction; cubic.c for RFC 9438). Integers. */
#include "tcp/scoreboard.h"

#define SSTHRESH_INFINITE 0x7FFFFFFFu

void congestion_init(struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->cwnd = ctx->profile->cc == CC_NONE ? SSTHRESH_INFINITE : (uint32_t)ctx->profile->initial_cwnd;
    tcb->ssthresh = SSTHRESH_INFINITE;
    tcb->reordering_degree = DUP_ACK_THRESHOLD;
}

uint32_t packets_in_flight(const struct tcb *tcb)
{
    return tcb->packets_out - tcb->sacked_out - tcb->lost_out + tcb->retrans_out;
}

uint32_t congestion_current_ssthresh(const struct tcb *tcb)
{
    if (in_reduction(tcb))
        return tcb->ssthresh;
    return max_u32(tcb->ssthresh, (tcb->cwnd >> 1) + (tcb->cwnd >> 2));
}

uint32_t congestion_ssthresh(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (ctx->profile->cc == CC_NONE)
        return SSTHRESH_INFINITE;
    if (ctx->profile->cc == CC_RENO)
        return max_u32(tcb->cwnd / 2, 2);
    return cubic_ssthresh(tcb);
}

/* RFC 5681 section 4.1: after an idle time of one RTO the window starts again from its initial size. */
bool congestion_rested(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    return ctx->now_ns - tcb->sent_ns > rto_ns(tcb) && ctx->profile->cc != CC_NONE;
}

void congestion_restart_after_idle(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!congestion_rested(ctx, tcb))
        return;
    int64_t idle = ctx->now_ns - tcb->sent_ns;
    uint32_t restart = min_u32((uint32_t)ctx->profile->initial_cwnd, tcb->cwnd);
    tcb->ssthresh = congestion_current_ssthresh(tcb);
    for (idle -= rto_ns(tcb); idle > 0 && tcb->cwnd > restart; idle -= rto_ns(tcb))
        tcb->cwnd >>= 1;
    tcb->cwnd = max_u32(tcb->cwnd, restart);
}

/* Whether the window, and not the program, was what held sending back: only then may it grow. */
void congestion_sent(struct tcb *tcb, bool limited)
{
    limited = limited || packets_in_flight(tcb) >= tcb->cwnd;
    if (!seq_lt(tcb->snd.una, tcb->cwnd_usage_seq) || limited || (!tcb->cwnd_limited && tcb->packets_out > tcb->max_packets_out)) {
        tcb->cwnd_limited = limited;
        tcb->max_packets_out = tcb->packets_out;
        tcb->cwnd_usage_seq = tcb->snd.nxt;
    }
}

/* ---- growth ---- */

static void avoid(struct tcb *tcb, uint32_t count, uint32_t acked)
{
    if (tcb->cwnd_count >= count) {
        tcb->cwnd_count = 0;
        tcb->cwnd++;
    }
    tcb->cwnd_count += acked;
    if (tcb->cwnd_count >= count) {
        uint32_t more = tcb->cwnd_count / count;
        tcb->cwnd_count -= more * count;
        tcb->cwnd += more;
    }
}

void congestion_acked(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t acked)
{
    if (ctx->profile->cc == CC_NONE || acked == 0 || !congestion_may_grow(tcb))
        return;
    if (tcb->cwnd < tcb->ssthresh) {
        uint32_t grown = min_u32(tcb->cwnd + acked, tcb->ssthresh);
        acked -= grown - tcb->cwnd;
        tcb->cwnd = grown;
        if (acked == 0)
            return;
    }
    avoid(tcb, ctx->profile->cc == CC_CUBIC ? cubic_count(ctx, tcb, acked) : tcb->cwnd, acked);
}

/* ---- reduction (proportional rate reduction) ---- */

void congestion_begin_reduction(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->high_seq = tcb->snd.nxt;
    tcb->tlp_out = false;
    tcb->cwnd_count = 0;
    tcb->prior_cwnd = tcb->cwnd;
    tcb->prr_delivered = tcb->prr_out = 0;
    tcb->ssthresh = congestion_ssthresh(ctx, tcb);
}

void congestion_reduce(struct tcb *tcb, uint32_t delivered, uint32_t newly_lost, bool advanced)
{
    if (delivered == 0 || tcb->prior_cwnd == 0 || tcb->ssthresh >= SSTHRESH_INFINITE)
        return;
    const uint32_t in_flight = packets_in_flight(tcb);
    int64_t send;
    tcb->prr_delivered += delivered;
    if (tcb->ssthresh < in_flight) {
        send = (int64_t)(((uint64_t)tcb->ssthresh * tcb->prr_delivered + tcb->prior_cwnd - 1) / tcb->prior_cwnd) - tcb->prr_out;
    } else {
        send = max_i64((int64_t)tcb->prr_delivered - tcb->prr_out, delivered);
        if (advanced && newly_lost == 0)
            send++;
        send = min_i64(send, (int64_t)tcb->ssthresh - in_flight);
    }
    send = max_i64(send, tcb->prr_out > 0 ? 0 : 1); /* the fast retransmission itself is never held back */
    tcb->cwnd = in_flight + (uint32_t)send;
}

void congestion_end_reduction(struct tcb *tcb)
{
    if (tcb->ssthresh < SSTHRESH_INFINITE && (tcb->undo_possible || tcb->ca_state == CA_CWR))
        tcb->cwnd = tcb->ssthresh;
}
