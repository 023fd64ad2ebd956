/* SPDX-License-Identifier: MIT */
/* RFC 7323: the timestamp clock, and protection against wrapped sequence numbers. */
#include "tcp/internal.h"

uint32_t ts_at(const struct tcp_ctx *ctx, int64_t at_ns, uint32_t offset)
{
    return (uint32_t)((uint64_t)at_ns / (uint64_t)ctx->profile->ts_clock_ns) + offset;
}

uint32_t ts_now(const struct tcp_ctx *ctx, uint32_t offset)
{
    return ts_at(ctx, ctx->now_ns, offset);
}

/* an older timestamp is not acceptable; a RST is never subject to this; after 24 idle days it does not count. */
bool paws_rejects(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct segment *seg)
{
    if (!tcb->ts_ok || !tcb->ts_recent_valid || (seg->options & TCPOPT_TS) == 0 || (seg->flags & TCP_RST) != 0)
        return false;
    if (now_ms(ctx) - tcb->ts_recent_ms > PAWS_IDLE_MS)
        return false;
    return (int32_t)(seg->tsval - tcb->ts_recent) < 0;
}
