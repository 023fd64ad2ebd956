/* SPDX-License-Identifier: MIT */
/* CUBIC (RFC 9438) as Linux computes it, in ticks of its clock, and HyStart, by which it leaves slow start before a loss does: when the
 * ACKs of a round come for longer than half a round trip without a pause, or when the round trips of a round have grown. Integers. */
#include "tcp/scoreboard.h"

#define CUBIC_BETA 717u /* of 1024: the window after a loss */
#define CUBIC_SCALE 41u /* C = 0.4, as 41/1024 a unit of 2^40/(10 * RTT^3) */
#define COUNT_UNKNOWN 20u /* as long as no loss has shown where the limit is, the window grows by 5 % a round trip at the least */

#define HYSTART_SAMPLES 8u /* so many round trips of a round must be known before they tell that it has grown */
#define HYSTART_GROWN_LEAST_US 4000u /* grown: by an eighth, within these bounds */
#define HYSTART_GROWN_MOST_US 16000u
#define BUNCH_BYTES 65215u /* the longest bunch of segments that leaves the host in one piece */
#define BUNCHES_AWAIT_US 1000u /* for what bunches delay ACKs at the most */

/* The kernel's clock of ticks; the world may begin anywhere in it, but 0 stands for "none" in cubic_epoch. */
static uint32_t ticks_now(const struct tcp_ctx *ctx)
{
    return (uint32_t)(ctx->now_ns / ctx->profile->jiffy) + 1;
}

static uint32_t ticks_in(const struct tcp_ctx *ctx, int64_t ns)
{
    return (uint32_t)(ns / ctx->profile->jiffy);
}

static uint32_t now_us(const struct tcp_ctx *ctx)
{
    return (uint32_t)((uint64_t)ctx->now_ns / (uint64_t)NS_PER_US);
}

static void begin_round(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->hystart_round_us = tcb->hystart_ack_us = now_us(ctx);
    tcb->hystart_end = tcb->snd.nxt;
    tcb->hystart_rtt_us = UINT32_MAX;
    tcb->hystart_samples = 0;
}

/* A connection has begun, or a timeout has: whatever was known of the path is forgotten. */
void cubic_begin(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (ctx->profile->cc != CC_CUBIC)
        return;
    tcb->cubic_count = tcb->cubic_last_max = tcb->cubic_last_cwnd = tcb->cubic_last_tick = 0;
    tcb->cubic_origin = tcb->cubic_k = tcb->cubic_rtt_us = tcb->cubic_epoch = tcb->cubic_acked = tcb->cubic_reno_cwnd = 0;
    tcb->hystart_found = false;
    begin_round(ctx, tcb);
}

uint32_t cubic_ssthresh(struct tcb *tcb)
{
    tcb->cubic_epoch = 0;
    /* Fast convergence: a window that is lower than the last one gives room to newcomers. */
    tcb->cubic_last_max = tcb->cwnd < tcb->cubic_last_max ? tcb->cwnd * (1024 + CUBIC_BETA) / 2048 : tcb->cwnd;
    return max_u32((uint32_t)((uint64_t)tcb->cwnd * CUBIC_BETA / 1024), 2);
}

/* Data leaves after a pause in which nothing was in flight: that time does not count. */
void cubic_after_pause(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->cubic_epoch == 0)
        return;
    const uint32_t now = ticks_now(ctx);
    tcb->cubic_epoch += now - (ticks_in(ctx, tcb->sent_ns) + 1);
    if ((int32_t)(tcb->cubic_epoch - now) > 0)
        tcb->cubic_epoch = now;
}

/* ---- growth beyond slow start ---- */

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

static void begin_epoch(struct tcb *tcb, uint32_t now, uint32_t acked)
{
    tcb->cubic_epoch = now;
    tcb->cubic_acked = acked;
    tcb->cubic_reno_cwnd = tcb->cwnd;
    tcb->cubic_k = 0;
    tcb->cubic_origin = tcb->cwnd;
    if (tcb->cubic_last_max > tcb->cwnd) { /* K = cubic root of (W_max - cwnd) / C, in 1/1024 s */
        uint64_t factor = (UINT64_C(1) << 40) / (CUBIC_SCALE * 10);
        tcb->cubic_k = cube_root(factor * (tcb->cubic_last_max - tcb->cwnd));
        tcb->cubic_origin = tcb->cubic_last_max;
    }
}

/* Where the window should be a round trip from now, and so how many ACKs one more segment costs. Times in units of 1/1024 s. */
static uint32_t count_to_target(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t now)
{
    const int64_t tick_us = ctx->profile->jiffy / NS_PER_US;
    const uint64_t ticks = (uint64_t)(now - tcb->cubic_epoch) + (uint64_t)((tcb->cubic_rtt_us + tick_us - 1) / tick_us);
    const uint64_t t = ticks * (uint64_t)ctx->profile->jiffy * 1024 / NS_PER_S;
    const uint64_t distance = t < tcb->cubic_k ? tcb->cubic_k - t : t - tcb->cubic_k;
    const uint64_t delta = (CUBIC_SCALE * 10 * distance * distance * distance) >> 40;
    const uint64_t target = t < tcb->cubic_k ? tcb->cubic_origin - min_u32((uint32_t)delta, tcb->cubic_origin) : tcb->cubic_origin + delta;
    uint32_t count = target > tcb->cwnd ? (uint32_t)(tcb->cwnd / (target - tcb->cwnd)) : 100 * tcb->cwnd;
    return tcb->cubic_last_max == 0 ? min_u32(count, COUNT_UNKNOWN) : count;
}

/* How many ACKs one more segment costs now. It is computed once a tick at the most, and once in a thirty-second of a second while the
 * window stands still. */
uint32_t cubic_count(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t acked)
{
    const uint32_t now = ticks_now(ctx);
    tcb->cubic_acked += acked;
    if (tcb->cubic_last_cwnd == tcb->cwnd && (int32_t)(now - tcb->cubic_last_tick) <= (int32_t)ticks_in(ctx, NS_PER_S / 32))
        return tcb->cubic_count;
    if (tcb->cubic_epoch == 0 || now != tcb->cubic_last_tick) {
        tcb->cubic_last_cwnd = tcb->cwnd;
        tcb->cubic_last_tick = now;
        if (tcb->cubic_epoch == 0)
            begin_epoch(tcb, now, acked);
        tcb->cubic_count = count_to_target(ctx, tcb, now);
    }
    /* Never slower than Reno with the same loss rate would be. */
    const uint32_t step = (tcb->cwnd * (8 * (1024 + CUBIC_BETA) / 3 / (1024 - CUBIC_BETA))) >> 3;
    while (step > 0 && tcb->cubic_acked > step) {
        tcb->cubic_acked -= step;
        tcb->cubic_reno_cwnd++;
    }
    if (tcb->cubic_reno_cwnd > tcb->cwnd)
        tcb->cubic_count = min_u32(tcb->cubic_count, tcb->cwnd / (tcb->cubic_reno_cwnd - tcb->cwnd));
    return tcb->cubic_count = max_u32(tcb->cubic_count, 2);
}

/* ---- HyStart ---- */

/* How much longer a round's ACKs may take because segments leave and arrive in bunches: four of the longest at the pace of sending. */
static uint32_t bunches_us(const struct tcb *tcb)
{
    const uint64_t pace = send_pace(tcb);
    if (pace == 0)
        return 0;
    const uint64_t us = UINT64_C(4) * BUNCH_BYTES * 1000000 / pace;
    return us < BUNCHES_AWAIT_US ? (uint32_t)us : BUNCHES_AWAIT_US;
}

/* The first way: ACKs have followed each other closely for more than half of the shortest round trip. */
static bool ack_train_is_long(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    const uint32_t now = now_us(ctx);
    if ((int32_t)(now - tcb->hystart_ack_us) > (int32_t)(ctx->profile->hystart_ack_delta / NS_PER_US))
        return false;
    tcb->hystart_ack_us = now;
    return (int32_t)(now - tcb->hystart_round_us) > (int32_t)((tcb->cubic_rtt_us + bunches_us(tcb)) / 2);
}

/* The second: even the shortest of this round's round trips is longer than the path's by an eighth. */
static bool delay_has_grown(struct tcb *tcb, uint32_t rtt_us)
{
    tcb->hystart_rtt_us = min_u32(tcb->hystart_rtt_us, rtt_us);
    if (tcb->hystart_samples < HYSTART_SAMPLES) {
        tcb->hystart_samples++;
        return false;
    }
    const uint32_t grown = min_u32(max_u32(tcb->cubic_rtt_us / 8, HYSTART_GROWN_LEAST_US), HYSTART_GROWN_MOST_US);
    return tcb->hystart_rtt_us > tcb->cubic_rtt_us + grown;
}

static void look_for_the_end_of_slow_start(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t rtt_us)
{
    if (seq_gt(tcb->snd.una, tcb->hystart_end))
        begin_round(ctx, tcb);
    if (tcb->cwnd < ctx->profile->hystart_low_window)
        return;
    const bool train = ack_train_is_long(ctx, tcb);
    const bool delay = delay_has_grown(tcb, rtt_us);
    if (train || delay) {
        tcb->hystart_found = true;
        tcb->ssthresh = tcb->cwnd;
    }
}

/* An ACK brought a round trip: that of the last segment it (S)ACKed which was never resent. */
void cubic_sample(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t rtt_us)
{
    if (ctx->profile->cc != CC_CUBIC)
        return;
    /* Not within a second of a reduction. */
    if (tcb->cubic_epoch != 0 && ticks_now(ctx) - tcb->cubic_epoch < ticks_in(ctx, NS_PER_S))
        return;
    if (tcb->cubic_rtt_us - 1 >= rtt_us) /* shorter, or the first */
        tcb->cubic_rtt_us = rtt_us;
    if (ctx->profile->hystart && !tcb->hystart_found && tcb->cwnd < tcb->ssthresh)
        look_for_the_end_of_slow_start(ctx, tcb, rtt_us);
}
