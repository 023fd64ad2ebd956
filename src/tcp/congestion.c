/* SPDX-License-Identifier: MIT */
/* Congestion control: how many segments may be in flight (RFC 5681, RFC 6937 for the reduction, RFC 9438 for cubic). Integers. */
#include "tcp/scoreboard.h"

#define SSTHRESH_INFINITE 0x7FFFFFFFu
enum { CC_NONE, CC_RENO, CC_CUBIC };

#define CUBIC_BETA 717u /* of 1024: the window after a loss */
#define CUBIC_SCALE 41u /* C = 0.4, as 41/1024 a unit of 2^40/(10 * RTT^3) */

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
    tcb->cubic_epoch_ms = 0;
    /* Fast convergence: a window that is lower than the last one gives room to newcomers. */
    tcb->cubic_last_max = tcb->cwnd < tcb->cubic_last_max ? tcb->cwnd * (1024 + CUBIC_BETA) / 2048 : tcb->cwnd;
    return max_u32((uint32_t)((uint64_t)tcb->cwnd * CUBIC_BETA / 1024), 2);
}

/* RFC 5681 section 4.1: after an idle time of one RTO the window starts again from its initial size. */
void congestion_restart_after_idle(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (ctx->profile->cc == CC_NONE)
        return;
    int64_t idle = ctx->now_ns - tcb->sent_ns;
    if (idle <= rto_ns(tcb))
        return;
    uint32_t restart = min_u32((uint32_t)ctx->profile->initial_cwnd, tcb->cwnd);
    tcb->ssthresh = congestion_current_ssthresh(tcb);
    tcb->cubic_epoch_ms = 0;
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

static uint32_t cube_root(uint64_t value)
{
    uint64_t root = 0;
    for (int bit = 21; bit >= 0; bit--) {
        uint64_t next = root | (UINT64_C(1) << bit);
        if (next * next * next <= value)
            root = next;
    }
    return (uint32_t)root;
}

/* RFC 9438: how many ACKs one more segment costs now. Times in units of 1/1024 s. */
static uint32_t cubic_count(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t acked)
{
    const uint32_t now = now_ms(ctx) + 1;
    tcb->cubic_acked += acked;
    if (tcb->cubic_epoch_ms == 0) {
        tcb->cubic_epoch_ms = now;
        tcb->cubic_acked = acked;
        tcb->cubic_reno_cwnd = tcb->cwnd;
        if (tcb->cubic_last_max <= tcb->cwnd) {
            tcb->cubic_k = 0;
            tcb->cubic_origin = tcb->cwnd;
        } else {
            /* K = cubic root of (W_max - cwnd) / C, in 1/1024 s */
            uint64_t factor = (UINT64_C(1) << 40) / (CUBIC_SCALE * 10);
            tcb->cubic_k = cube_root(factor * (tcb->cubic_last_max - tcb->cwnd));
            tcb->cubic_origin = tcb->cubic_last_max;
        }
    }
    uint64_t t = ((uint64_t)(now - tcb->cubic_epoch_ms) + tcb->min_rtt_us / 1000) * 1024 / 1000;
    uint64_t distance = t < tcb->cubic_k ? tcb->cubic_k - t : t - tcb->cubic_k;
    uint64_t delta = (CUBIC_SCALE * 10 * distance * distance * distance) >> 40;
    uint64_t target = t < tcb->cubic_k ? tcb->cubic_origin - min_u32((uint32_t)delta, tcb->cubic_origin) : tcb->cubic_origin + delta;
    uint32_t count = target > tcb->cwnd ? (uint32_t)max_i64(tcb->cwnd / (int64_t)(target - tcb->cwnd), 1) : 100 * tcb->cwnd;
    if (tcb->cubic_last_max == 0 && count > 20)
        count = 20;
    /* Never slower than Reno with the same loss rate would be. */
    uint32_t step = (tcb->cwnd * (8 * (1024 + CUBIC_BETA) / 3 / (1024 - CUBIC_BETA))) >> 3;
    while (step > 0 && tcb->cubic_acked > step) {
        tcb->cubic_acked -= step;
        tcb->cubic_reno_cwnd++;
    }
    if (tcb->cubic_reno_cwnd > tcb->cwnd)
        count = min_u32(count, max_u32(tcb->cwnd / (tcb->cubic_reno_cwnd - tcb->cwnd), 1));
    return max_u32(count, 2);
}

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
    if (ctx->profile->cc == CC_NONE || acked == 0)
        return;
    const bool slow_start = tcb->cwnd < tcb->ssthresh;
    if (!tcb->cwnd_limited && !(slow_start && tcb->cwnd < 2 * tcb->max_packets_out))
        return;
    if (slow_start) {
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
