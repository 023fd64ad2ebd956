/* SPDX-License-Identifier: MIT */
/* The send buffer. Linux keeps it in pieces of many segments, asks for memory piece by piece, and lets segments leave in bunches
 * whether or not there is hardware to cut them (measured: docs/notes/send-buffer.md). Other profiles count bytes. */
#include "tcp/scoreboard.h"

#define PIECE_MAX 65279u /* the largest piece: 64 KiB less its headers */
#define PIECE_OVERHEAD 832u /* its bookkeeping */
#define SEGMENT_HEADROOM 576u /* headers and bookkeeping of the segments for which a buffer is sized */
#define SEGMENT_RECORD 256u
#define WINDOW_LEAST 10u
#define BUNCH_LEAST 2u /* segments */
#define BUNCH_PAUSE_NS NS_PER_MS /* only one who has sent within this time waits for a fellow */

/* The data that Linux has not sent yet stands in pieces of so many bytes: whole segments, at most half of the largest window. */
static uint32_t piece_size(const struct tcb *tcb)
{
    uint32_t size = PIECE_MAX;
    if (tcb->snd.max_wnd > MSS_DEFAULT)
        size = min_u32(size, tcb->snd.max_wnd / 2);
    return max_u32(size / tcb->mss, 1) * tcb->mss;
}

/* How much of the first piece is still to be sent; `last`: what a SEND adds may join it. */
static uint32_t first_piece(const struct tcb *tcb, bool *last)
{
    *last = !seq_gt(tcb->snd.piece, tcb->snd.nxt);
    if (*last)
        return tcb->snd.end - tcb->snd.nxt;
    return (tcb->snd.piece - tcb->snd.nxt - 1) % piece_size(tcb) + 1;
}

/* What was sent left in pieces of two segments. A loss cuts them: what was resent stands alone, and what was SACKed grows together. */
static uint32_t sent_pieces(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    if (tcb->sacked_out + tcb->lost_out + tcb->retrans_out == 0)
        return (tcb->packets_out + 1) / 2;
    uint32_t pieces = 0, in_a_row = 0;
    unsigned before = RECORD_EVER;
    for (uint32_t i = tcb->sent_head; i != 0; i = record_at(ctx, i)->next) {
        unsigned kind = record_at(ctx, i)->flags & (RECORD_SACKED | RECORD_LOST | RECORD_EVER);
        kind = kind & RECORD_SACKED ? RECORD_SACKED : kind;
        in_a_row = kind == before ? in_a_row + 1 : 0;
        before = kind;
        if (kind == RECORD_SACKED ? in_a_row == 0 : kind != 0 || in_a_row % 2 == 0)
            pieces++;
    }
    return pieces;
}

/* What is queued, with the kernel's own bookkeeping of each piece, which counts too. */
static uint32_t queued_memory(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    uint32_t unsent = tcb->snd.end - tcb->snd.nxt;
    uint32_t before_last = seq_gt(tcb->snd.piece, tcb->snd.nxt) ? tcb->snd.piece - tcb->snd.nxt : 0;
    uint32_t size = piece_size(tcb);
    uint32_t pieces = sent_pieces(ctx, tcb) + (before_last + size - 1) / size + (unsent > before_last ? 1 : 0);
    return tcb->snd.end - tcb->snd.una + pieces * PIECE_OVERHEAD;
}

/* How much a SEND may add now. Linux asks for memory only where a new piece begins, and always fills the one that has begun. */
uint32_t send_buffer_room(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!ctx->profile->buffers_doubled) {
        uint32_t queued = tcb->snd.end - tcb->snd.una;
        tcb->no_space = queued >= tcb->sndbuf;
        return tcb->no_space ? 0 : tcb->sndbuf - queued;
    }
    if (seq_lt(tcb->snd.piece, tcb->snd.nxt))
        tcb->snd.piece = tcb->snd.nxt;
    uint32_t filled = tcb->snd.end - tcb->snd.piece;
    uint32_t size = piece_size(tcb);
    if (filled > 0 && filled < size)
        return size - filled;
    tcb->no_space = queued_memory(ctx, tcb) >= tcb->sndbuf;
    if (tcb->no_space)
        return 0;
    tcb->snd.piece = tcb->snd.end;
    return size;
}

/* A buffer that the program has not fixed is made for two windows, each segment in a power of two. */
static int64_t two_windows(const struct tcb *tcb, uint32_t segments)
{
    const uint32_t memory = power_of_two(tcb->mss + SEGMENT_HEADROOM);
    return 2 * (int64_t)segments * (memory + SEGMENT_RECORD);
}

void send_buffer_grow(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!ctx->profile->buffers_doubled || tcb->sndbuf_locked)
        return;
    uint32_t segments = max_u32(max_u32(tcb->cwnd, WINDOW_LEAST), tcb->reordering_degree + 1);
    tcb->sndbuf = (uint32_t)max_i64(tcb->sndbuf, min_i64(two_windows(tcb, segments), ctx->profile->sndbuf_max));
}

uint32_t send_buffer_ordinary(const struct tcp_profile *profile, const struct tcb *tcb)
{
    return (uint32_t)(profile->buffers_doubled ? max_i64(profile->sndbuf, two_windows(tcb, WINDOW_LEAST)) : profile->sndbuf);
}

/* Who waits to write is woken when a third of the buffer is free. Where the window was not what held sending back, it grows first. */
void send_buffer_check(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!tcb->no_space || tcb->orphan)
        return;
    if (ctx->profile->buffers_doubled) {
        if (packets_in_flight(tcb) < tcb->cwnd)
            send_buffer_grow(ctx, tcb);
        uint32_t queued = queued_memory(ctx, tcb);
        if (queued >= tcb->sndbuf || tcb->sndbuf - queued < queued / 2)
            return;
    }
    tcb->no_space = false;
    tcp_signal(ctx, SIGNAL_WRITABLE);
}

/* ---- bunches ---- */

/* Bytes a second: twice the window a round trip, 1.2 times where slow start ends; 0: no round trip is known. */
uint64_t send_pace(const struct tcb *tcb)
{
    if (tcb->srtt_us == 0)
        return 0;
    const uint64_t percent = tcb->cwnd < tcb->ssthresh / 2 ? 200 : 120;
    return (uint64_t)tcb->mss * 80000 * percent * max_u32(tcb->cwnd, tcb->packets_out) / tcb->srtt_us;
}

/* How many segments make a bunch: about a millisecond's worth at that pace. */
static uint32_t bunch_size(const struct tcb *tcb, uint32_t mss)
{
    uint64_t bytes = tcb->srtt_us != 0 ? send_pace(tcb) / 1024 : PIECE_MAX;
    uint32_t near = tcb->min_rtt_us == 0 ? 32 : tcb->min_rtt_us >> 9;
    if (near < 32) /* a peer so near gets longer ones */
        bytes += PIECE_MAX >> near;
    return max_u32((uint32_t)(bytes < PIECE_MAX ? bytes : PIECE_MAX) / mss, BUNCH_LEAST);
}

/* Less than a bunch could go: is it wiser to wait for the next ACK? */
static bool bunch_waits(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t mss, uint32_t size, uint32_t piece, bool last)
{
    const uint32_t window = window_edge(tcb) - tcb->snd.nxt;
    const uint32_t allowed = (tcb->cwnd - packets_in_flight(tcb)) * mss;
    const uint32_t limit = min_u32(window, allowed);
    if (tcb->ca_state >= CA_RECOVERY || ctx->now_ns - tcb->sent_ns > BUNCH_PAUSE_NS)
        return false;
    if (limit >= size * mss || (!last && limit >= piece) || limit >= min_u32(tcb->snd.wnd, tcb->cwnd * mss) / 3)
        return false;
    if (tcb->sent_head == 0 || ctx->now_ns - record_at(ctx, tcb->sent_head)->sent_ns < (int64_t)(tcb->srtt_us >> 4) * NS_PER_US)
        return false; /* the next ACK is not near */
    if (allowed < window ? allowed <= piece : window <= piece)
        return true;
    return !(last && tcb->fin_queued);
}

/* What a bunch lacks is taken from the pieces behind: of one at each try to send, and tries are many (tcp_grow_skb(), Linux 6.10). */
static uint32_t grown(const struct tcb *tcb, uint32_t piece, uint32_t wanted, bool *last)
{
    const uint32_t left = tcb->snd.end - tcb->snd.nxt;
    if (piece >= wanted)
        return piece;
    *last = wanted >= left;
    return min_u32(wanted, left);
}

uint32_t bunch_next(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t mss)
{
    bool last;
    if (!ctx->profile->bunches || tcb->snd.end - tcb->snd.nxt <= mss)
        return mss;
    const uint32_t first = first_piece(tcb, &last);
    const uint32_t window = seq_gt(window_edge(tcb), tcb->snd.nxt) ? window_edge(tcb) - tcb->snd.nxt : 0;
    if (window < mss)
        return mss;
    const uint32_t most = bunch_size(tcb, mss);
    const uint32_t size = min_u32(most, min_u32(max_u32(tcb->cwnd / 2, 1), tcb->cwnd - packets_in_flight(tcb)));
    const uint32_t piece = grown(tcb, first, size * mss, &last);
    if (piece <= mss)
        return mss;
    if (bunch_waits(ctx, tcb, mss, most, piece, last))
        return 0;
    const uint32_t needed = min_u32(piece, window);
    if (size * mss <= needed)
        return size * mss;
    return nagle_holds(ctx, tcb, mss, needed % mss, false) ? needed - needed % mss : needed;
}
