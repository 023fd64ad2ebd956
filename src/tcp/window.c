/* SPDX-License-Identifier: MIT */
/* The receive window: how much to advertise (RFC 9293 section 3.8.6.2.2, receiver's silly-window avoidance), never shrinking. */
#include "tcp/internal.h"

uint32_t unread_bytes(const struct tcb *tcb)
{
    return tcb->rcv.nxt - tcb->rcv.read - (tcb->fin_received ? 1u : 0u);
}

/* Half of a doubled buffer is for the kernel's own bookkeeping, as with Linux's tcp_adv_win_scale = 1. */
uint32_t window_full_space(const struct tcp_profile *profile, const struct tcb *tcb)
{
    return profile->buffers_doubled ? tcb->rcvbuf / 2 : tcb->rcvbuf;
}

static uint32_t round_down(uint32_t value, uint32_t unit)
{
    return unit == 0 ? value : value / unit * unit;
}

uint32_t window_initial(const struct tcp_profile *profile, const struct tcb *tcb, uint32_t mss)
{
    uint32_t space = min_u32(window_full_space(profile, tcb), 65535);
    return space > mss ? round_down(space, mss) : space;
}

uint8_t window_choose_scale(const struct tcp_profile *profile, const struct tcb *tcb)
{
    uint64_t space = (uint64_t)max_i64(profile->rcvbuf_max, (int64_t)tcb->rcvbuf);
    uint8_t scale = 0;
    while (scale < 14 && space > 65535) {
        space >>= 1;
        scale++;
    }
    return scale;
}

uint32_t window_offered(const struct tcb *tcb)
{
    int32_t left = (int32_t)(tcb->rcv.wup + tcb->rcv.wnd - tcb->rcv.nxt);
    return left > 0 ? (uint32_t)left : 0;
}

uint32_t window_select(struct tcp_ctx *ctx, struct tcb *tcb)
{
    const uint32_t full = window_full_space(ctx->profile, tcb);
    const uint32_t used = unread_bytes(tcb);
    uint32_t mss = min_u32(tcb->rcv_mss, full);
    uint32_t free = full > used ? full - used : 0;
    if (free < full / 2) {
        tcb->quick = 0;
        free = tcb->rcv_wscale ? free >> tcb->rcv_wscale << tcb->rcv_wscale : free;
        if (free < full / 16 || free < mss)
            return 0;
    }
    free = min_u32(free, tcb->rcv_ssthresh);
    if (tcb->rcv_wscale != 0) {
        uint32_t unit = 1u << tcb->rcv_wscale;
        return (free + unit - 1) / unit * unit;
    }
    uint32_t window = tcb->rcv.wnd;
    if (free < mss)
        return min_u32(window, free);
    if (window <= free - mss || window > free)
        window = round_down(free, mss);
    else if (mss == full && free > window + full / 2)
        window = free;
    return window;
}

/* Each arrival of data raises what may be offered, up to what the buffer holds (slow start of the advertised window). */
void window_grow(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len)
{
    uint32_t limit = min_u32(window_full_space(ctx->profile, tcb), tcb->window_clamp);
    if (len > 0 && tcb->rcv_ssthresh < limit)
        tcb->rcv_ssthresh = min_u32(limit, tcb->rcv_ssthresh + 2 * (uint32_t)tcb->advmss);
}
