/* SPDX-License-Identifier: MIT */
/* The receive window: how much to advertise (RFC 9293 section 3.8.6.2.2, receiver's silly-window avoidance), never shrinking. */
#include "tcp/internal.h"

#define GROW_LEAST 128u /* shorter segments do not raise the window */
#define RCVQ_SEGMENTS 10u /* what a round trip is first taken to bring */

uint32_t unread_bytes(const struct tcb *tcb)
{
    return tcb->rcv.nxt - tcb->rcv.read - (tcb->fin_received ? 1u : 0u);
}

/* ---- memory: a profile that doubles its buffers counts what its kernel needs to keep a segment, not only the bytes ---- */

#define SEGMENT_RECORD 256u /* the kernel's own record of a segment */
#define SEGMENT_TAIL 320u
#define SEGMENT_HEAD (64u + 52) /* room in front, and the headers */
#define SEGMENT_SMALL 576u /* the smallest buffer; the others are powers of two */

static uint32_t segment_memory(const struct tcp_profile *profile, uint32_t len)
{
    if (!profile->buffers_doubled)
        return len;
    uint32_t size = (SEGMENT_HEAD + len + 63) / 64 * 64 + SEGMENT_TAIL;
    return (size <= SEGMENT_SMALL ? SEGMENT_SMALL : max_u32(power_of_two(size), 1024)) + SEGMENT_RECORD;
}

void window_queued(const struct tcp_profile *profile, struct tcb *tcb, uint32_t len, bool in_order)
{
    if (in_order && profile->buffers_doubled && len <= tcb->rcv_room) { /* it fits behind the last segment */
        tcb->rcv_room = (uint16_t)(tcb->rcv_room - len);
        return;
    }
    uint32_t memory = segment_memory(profile, len);
    tcb->rcv_memory += memory;
    if (in_order)
        tcb->rcv_room = (uint16_t)(profile->buffers_doubled ? memory - SEGMENT_RECORD - SEGMENT_TAIL - SEGMENT_HEAD - len : 0);
}

void window_taken(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes)
{
    uint32_t kept = unread_bytes(tcb);
    const uint32_t segment = ctx->profile->buffers_doubled ? max_u32(tcb->rcv_mss, 1) : 1;
    uint32_t eaten = kept == 0 ? 0 : (tcb->rcv_eaten + bytes) % segment;
    bytes = tcb->rcv_eaten + bytes - eaten;
    tcb->rcv_eaten = (uint16_t)eaten;
    if (kept == 0)
        tcb->rcv_room = 0;
    for (uint32_t i = tcb->ooo_head; i != 0; i = record_at(ctx, i)->next)
        kept += record_at(ctx, i)->end - record_at(ctx, i)->seq;
    kept += eaten;
    tcb->rcv_memory = kept == 0 ? 0 : (uint32_t)((uint64_t)tcb->rcv_memory * kept / (kept + bytes));
}

/* How much of a segment's memory is data decides how much of the buffer may be offered. */
void window_measure(const struct tcp_profile *profile, struct tcb *tcb, uint32_t len)
{
    if (!profile->buffers_doubled)
        return;
    uint32_t ratio = max_u32(len * RATIO_ONE / segment_memory(profile, len), 1);
    if (ratio == tcb->rcv_ratio)
        return;
    tcb->rcv_ratio = (uint8_t)min_u32(ratio, 255);
    uint32_t full = window_full_space(profile, tcb);
    tcb->rcv_ssthresh = full < tcb->rcv_ssthresh ? full : max_u32(tcb->rcv_ssthresh, min_u32(tcb->rcv.wnd, full));
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
    if (tcb->rcvbuf_locked && profile->buffers_doubled) /* it will never grow */
        space = window_full_space(profile, tcb);
    return (uint8_t)min_u32(max_u32(bit_length(space), 16) - 16, 14); /* so that what is left fits in 16 bits */
}

uint32_t window_select(struct tcp_ctx *ctx, struct tcb *tcb)
{
    const uint32_t large = window_select_large(ctx->profile, tcb);
    if (large != 0)
        return large;
    const uint32_t full = window_full_space(ctx->profile, tcb);
    uint32_t mss = min_u32(tcb->rcv_mss, full);
    uint32_t free = window_space(ctx->profile, tcb);
    if (free < full / 2) {
        tcb->quick = 0;
        free = tcb->rcv_wscale ? free >> tcb->rcv_wscale << tcb->rcv_wscale : free;
        if (free < full / 16 || free < mss)
            return 0;
    }
    free = min_u32(free, tcb->rcv_ssthresh);
    if (tcb->rcv_wscale != 0)
        return window_round_up(free, tcb->rcv_wscale);
    uint32_t window = tcb->rcv.wnd;
    if (window > free || (free >= mss && window <= free - mss))
        window = round_down(free, mss);
    else if (mss == full && free > window + full / 2)
        window = free;
    return window;
}

/* Each arrival of data raises what may be offered, up to what the buffer holds (slow start of the advertised window); while it does,
 * the sender is in its own slow start and wants its ACKs at once. */
void window_grow(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len)
{
    const bool doubled = ctx->profile->buffers_doubled != 0;
    uint32_t limit = min_u32(doubled ? window_space(ctx->profile, tcb) : tcb->rcvbuf, tcb->window_clamp);
    if (tcb->rcv_ssthresh >= limit || len == 0 || (doubled && len < GROW_LEAST))
        return;
    uint32_t more = 2 * (uint32_t)tcb->advmss;
    if (doubled && window_of(ctx->profile, tcb, segment_memory(ctx->profile, len)) > len) {
        /* Segments with much memory and little data: only while the window is small beside what the buffer may become. */
        uint32_t memory = window_of(ctx->profile, tcb, segment_memory(ctx->profile, len)) / 2;
        uint32_t window = window_of(ctx->profile, tcb, (uint32_t)ctx->profile->rcvbuf_max) / 2;
        while (memory > len && tcb->rcv_ssthresh <= window) {
            memory /= 2;
            window /= 2;
        }
        more = tcb->rcv_ssthresh <= window ? 2 * (uint32_t)tcb->rcv_mss : 0;
    }
    if (more == 0)
        return;
    tcb->rcv_ssthresh = min_u32(limit, tcb->rcv_ssthresh + max_u32(more, 2 * len));
    if (ctx->profile->quick_acks != 0)
        tcb->quick |= 1;
}

/* Room for twice what a round trip brings, for twice what more it brought than the last one, and for what waits above a gap. */
static void buffer_follows(const struct tcp_profile *profile, struct tcb *tcb, uint32_t space, uint32_t above_gap)
{
    const uint32_t before = tcb->rcvq_space;
    tcb->rcvq_space = space;
    if (!profile->buffers_doubled || tcb->rcvbuf_locked)
        return;
    uint64_t window = 2 * (uint64_t)space;
    window += 2 * window * (space - before) / before + above_gap;
    uint64_t memory = window * RATIO_ONE / (tcb->rcv_ratio != 0 ? tcb->rcv_ratio : RATIO_START);
    memory = memory < (uint64_t)profile->rcvbuf_max ? memory : (uint64_t)profile->rcvbuf_max;
    if (memory > tcb->rcvbuf)
        tcb->rcvbuf = (uint32_t)memory;
}

void window_above_gap(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, uint32_t end)
{
    if (tcb->sack_ok && ctx->profile->quick_acks != 0) /* without SACK a window that grows would hide the duplicate ACK */
        window_grow(ctx, tcb, len);
    window_queued(ctx->profile, tcb, len, false);
    if (!tcb->orphan && tcb->rcvq_space != 0)
        buffer_follows(ctx->profile, tcb, tcb->rcvq_space, end - tcb->rcv.nxt);
}

/* ---- autotuning ---- */

/* The receiver's own measure of the round trip: the least that was seen, or an eighth of the way up while nothing waits to be read. */
static void trip_measured(struct tcb *tcb, int64_t us, bool by_window)
{
    const int64_t scaled = 8 * us;
    if (tcb->rcv_rtt_us == 0 || scaled < (int64_t)tcb->rcv_rtt_us)
        tcb->rcv_rtt_us = (uint32_t)scaled;
    else if (!by_window && unread_bytes(tcb) == 0)
        tcb->rcv_rtt_us += (uint32_t)us - (tcb->rcv_rtt_us >> 3);
}

/* By the timestamp that a full segment echoes, in milliseconds. */
void window_measure_echo(const struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if (!tcb->ts_ok || (seg->options & TCPOPT_TS) == 0 || seg->tsecr == tcb->rcv_rtt_tsecr)
        return;
    tcb->rcv_rtt_tsecr = seg->tsecr;
    const int32_t ticks = (int32_t)(ts_now(ctx, tcb->ts_offset) - seg->tsecr);
    if (segment_length(seg) >= tcb->rcv_mss && ticks > 0 && ctx->profile->buffers_doubled)
        trip_measured(tcb, (int64_t)ticks * (ctx->profile->ts_clock_ns / NS_PER_US), false);
}

/* And by the time in which a whole window has come. */
void window_measure_trip(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!ctx->profile->buffers_doubled || (tcb->rcv_rtt_ns != 0 && seq_lt(tcb->rcv.nxt, tcb->rcv_rtt_seq)))
        return;
    if (tcb->rcv_rtt_ns != 0)
        trip_measured(tcb, max_i64((ctx->now_ns - tcb->rcv_rtt_ns) / NS_PER_US, 1), true);
    tcb->rcv_rtt_seq = tcb->rcv.nxt + tcb->rcv.wnd;
    tcb->rcv_rtt_ns = ctx->now_ns;
}

/* A buffer that the program has not fixed follows what the program takes in a round trip: twice that, and more while it still grows. */
void window_autotune(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!ctx->profile->buffers_doubled || tcb->rcv_rtt_us == 0)
        return;
    if (measured_us(ctx, tcb->rcvq_ns) < (int64_t)(tcb->rcv_rtt_us >> 3))
        return;
    const uint32_t taken = tcb->rcv.read - tcb->rcvq_seq, waiting = unread_bytes(tcb);
    if (taken > waiting && taken - waiting > tcb->rcvq_space)
        buffer_follows(ctx->profile, tcb, taken - waiting, 0);
    tcb->rcvq_seq = tcb->rcv.read;
    tcb->rcvq_ns = ctx->now_ns;
}

void window_autotune_begin(struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->rcvq_ns = ctx->now_ns;
    tcb->rcvq_seq = tcb->rcv.read;
    const uint32_t full = tcb->advmss - (tcb->ts_ok ? TIMESTAMPS_BYTES : 0);
    tcb->rcvq_space = max_u32(min_u32(min_u32(tcb->rcv_ssthresh, tcb->rcv.wnd), RCVQ_SEGMENTS * full), 1);
}
