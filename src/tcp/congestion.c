/* SPDX-License-Identifier: MIT */
/* Congestion control (RFC 5681; counts in segments): how many segments may be in flight. */
#include "tcp/internal.h"

#define SSTHRESH_INFINITE 0x7FFFFFFFu

void congestion_init(struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->cwnd = ctx->profile->cc == 0 ? SSTHRESH_INFINITE : (uint32_t)ctx->profile->initial_cwnd;
    tcb->ssthresh = SSTHRESH_INFINITE;
}

uint32_t packets_in_flight(const struct tcb *tcb)
{
    return tcb->packets_out - tcb->sacked_out - tcb->lost_out + tcb->retrans_out;
}

/* RFC 5681 section 4.1: after an idle time of one RTO the window starts again from its initial size. */
void congestion_restart_after_idle(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (ctx->profile->cc == 0)
        return;
    int64_t idle = ctx->now_ns - tcb->sent_ns - rto_ns(tcb);
    uint32_t restart = min_u32((uint32_t)ctx->profile->initial_cwnd, tcb->cwnd);
    if (idle > 0 && tcb->cwnd > restart)
        tcb->ssthresh = max_u32(tcb->ssthresh, (tcb->cwnd >> 1) + (tcb->cwnd >> 2));
    for (; idle > 0 && tcb->cwnd > restart; idle -= rto_ns(tcb))
        tcb->cwnd = max_u32(tcb->cwnd / 2, restart);
}

void congestion_sent(struct tcp_ctx *ctx, struct tcb *tcb)
{
    (void)ctx;
    tcb->max_packets_out = max_u32(tcb->max_packets_out, tcb->packets_out);
    if (packets_in_flight(tcb) >= tcb->cwnd)
        tcb->cwnd_limited = true;
}
