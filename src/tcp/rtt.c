/* SPDX-License-Identifier: MIT */
/* RFC 6298: the round-trip time, its deviation, and the retransmission timeout. Integers: srtt is kept times 8, deviations times 4. */
#include "tcp/internal.h"

/* Linux collects the largest deviation of each round, so that RTTVAR falls at most once a round, and bounds 4*RTTVAR (not the RTO)
 * from below: RTO = SRTT + max(rto_min, 4*RTTVAR) (FACTS 2). */
static void sample_bounded_variance(struct tcp_ctx *ctx, struct tcb *tcb, int64_t rtt_us)
{
    int64_t error = rtt_us - (int64_t)(tcb->srtt_us >> 3);
    int64_t deviation = tcb->mdev_us;
    tcb->srtt_us = (uint32_t)((int64_t)tcb->srtt_us + error);
    if (error < 0) {
        error = -error - (deviation >> 2);
        /* A falling round trip must not raise the deviation as fast as a rising one (Eifel). */
        if (error > 0)
            error >>= 3;
    } else {
        error -= deviation >> 2;
    }
    tcb->mdev_us = (uint32_t)(deviation + error);
    if (tcb->mdev_us > tcb->mdev_max_us) {
        tcb->mdev_max_us = tcb->mdev_us;
        tcb->rttvar_us = max_u32(tcb->rttvar_us, tcb->mdev_max_us);
    }
    if (seq_gt(tcb->snd.una, tcb->rtt_seq)) {
        if (tcb->mdev_max_us < tcb->rttvar_us)
            tcb->rttvar_us -= (tcb->rttvar_us - tcb->mdev_max_us) >> 2;
        tcb->rtt_seq = tcb->snd.nxt;
        tcb->mdev_max_us = (uint32_t)((uint64_t)ctx->profile->rto_min / (uint64_t)NS_PER_US);
    }
}

static void rto_from_rtt(struct tcp_ctx *ctx, struct tcb *tcb)
{
    int64_t rto = (int64_t)(tcb->srtt_us >> 3) + tcb->rttvar_us;
    if (!ctx->profile->rto_min_on_variance)
        rto = max_i64(rto, ctx->profile->rto_min / NS_PER_US);
    rto = min_i64(timer_ticks(ctx->profile, rto * NS_PER_US), ctx->profile->rto_max);
    tcb->rto_us = (uint32_t)((uint64_t)rto / (uint64_t)NS_PER_US);
}

void rtt_sample(struct tcp_ctx *ctx, struct tcb *tcb, int64_t rtt_us)
{
    if (rtt_us < 1)
        rtt_us = 1;
    if (!tcb->rtt_seen) {
        tcb->rtt_seen = true;
        tcb->srtt_us = (uint32_t)rtt_us << 3;
        tcb->mdev_us = (uint32_t)rtt_us << 1;
        tcb->rttvar_us = tcb->mdev_us;
        if (ctx->profile->rto_min_on_variance)
            tcb->rttvar_us = max_u32(tcb->mdev_us, (uint32_t)((uint64_t)ctx->profile->rto_min / (uint64_t)NS_PER_US));
        tcb->mdev_max_us = tcb->rttvar_us;
        tcb->rtt_seq = tcb->snd.nxt;
    } else if (ctx->profile->rto_min_on_variance) {
        sample_bounded_variance(ctx, tcb, rtt_us);
    } else { /* */
        int64_t error = rtt_us - (int64_t)(tcb->srtt_us >> 3);
        int64_t size = error < 0 ? -error : error;
        tcb->rttvar_us = (uint32_t)((int64_t)tcb->rttvar_us + size - (int64_t)(tcb->rttvar_us >> 2));
        tcb->srtt_us = (uint32_t)((int64_t)tcb->srtt_us + error);
    }
    rto_from_rtt(ctx, tcb);
    tcb->backoff = 0;
}
