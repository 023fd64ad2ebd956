/* SPDX-License-Identifier: MIT */
/* Timers: deadlines in the TCB, each with its place in the total order of events. Exact, or rounded as a kernel's timer wheel. */
#include "tcp/internal.h"

/* The kernel's wheel (FACTS 1): a timer fires at the next multiple, in absolute jiffies, of its level's granularity, strictly after
 * its expiry; a level holds 64 slots and each is eight times as coarse as the one below. */
__attribute__((noinline, cold)) int64_t timer_wheel_slot(const struct tcp_profile *profile, int64_t now_ns, int64_t at_ns)
{
    const int64_t jiffy = NS_PER_S / profile->hz;
    const int64_t now = now_ns / jiffy;
    const int64_t expires = now + (at_ns - now_ns + jiffy - 1) / jiffy;
    const int64_t delta = expires - now;
    unsigned level = 0;
    while (level < 8 && delta >= (INT64_C(63) << (3 * level)))
        level++;
    const unsigned shift = 3 * level;
    return (((expires + (INT64_C(1) << shift)) >> shift) << shift) * jiffy;
}

void timer_arm(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot, enum tcp_timer kind, int64_t at_ns)
{
    timer_arm_exact(ctx, tcb, slot, kind, timer_wheel(ctx->profile, ctx->now_ns, max_i64(at_ns, ctx->now_ns)));
}

/* Who writes down what has changed asks when the call of TCP is over. */
static void remember(struct tcp_ctx *ctx, const struct tcb *tcb, enum tcp_slot slot)
{
    if ((ctx->timers_set >> slot & 1) == 0) {
        ctx->timers_set |= (uint8_t)(1u << slot);
        ctx->timers_before[slot] = tcb->slot[slot];
    }
}

/* Past the wheel: what a kernel times with its high-resolution clock. */
void timer_arm_exact(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot, enum tcp_timer kind, int64_t at_ns)
{
    struct tcp_timer_slot *timer = &tcb->slot[slot];
    if (timer->at_ns == at_ns && timer->kind == kind)
        return;
    remember(ctx, tcb, slot);
    timer->at_ns = at_ns;
    timer->kind = (uint8_t)kind;
    timer->number = (*ctx->next_number)++;
}

void timer_stop(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot)
{
    if (timer_runs(tcb, slot))
        remember(ctx, tcb, slot);
    tcb->slot[slot] = (struct tcp_timer_slot){.at_ns = TIME_NEVER};
}

void timers_init(struct tcb *tcb)
{
    for (int slot = 0; slot < TCP_SLOTS; slot++)
        tcb->slot[slot] = (struct tcp_timer_slot){.at_ns = TIME_NEVER};
}

enum tcp_timer tcp_next_timer(const struct tcb *tcb)
{
    int slot = tcp_next_slot(tcb);
    return slot < 0 ? TIMER_NONE : (enum tcp_timer)tcb->slot[slot].kind;
}
