/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.8 and RFC 6298 section 5: what each timer does when it fires, and when an end gives up. */
#include "tcp/internal.h"

/* ---- giving up ---- */

/* L-15: the time that `retries` retransmissions would take if they began at the minimal RTO, doubled each time up to the maximum. */
static int64_t model_timeout(const struct tcp_profile *profile, int64_t retries, int64_t base)
{
    int64_t doublings = 0;
    while ((base << (doublings + 1)) <= profile->rto_max)
        doublings++;
    if (retries <= doublings)
        return ((INT64_C(2) << retries) - 1) * base;
    return ((INT64_C(2) << doublings) - 1) * base + (retries - doublings) * profile->rto_max;
}

static int64_t user_timeout_ns(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    return tcb->user_timeout_ms != 0 ? (int64_t)tcb->user_timeout_ms * NS_PER_MS : ctx->profile->user_timeout;
}

/* L-16: an orphan has its own limit; 0 stands for 8 while its RTO still grows. */
static int64_t orphan_retries(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    if (!ctx->profile->give_up_by_time)
        return ctx->profile->orphan_retries != 0 ? ctx->profile->orphan_retries : ctx->profile->retries2;
    bool grows = rto_ns(tcb) < ctx->profile->rto_max;
    return ctx->profile->orphan_retries == 0 && grows ? 8 : ctx->profile->orphan_retries;
}

static bool handshake(const struct tcb *tcb)
{
    return tcb->state == TCP_SYN_SENT || tcb->state == TCP_SYN_RECEIVED;
}

/* L-17: a limit by time counts from the first RTO retransmission, in SYN_SENT from the SYN itself; without one, from the last progress
 * (R-171). */
static int64_t counted_from(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    return ctx->profile->give_up_by_time && tcb->state != TCP_SYN_SENT ? tcb->first_rto_ns : tcb->progress_ns;
}

static bool user_timeout_reached(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    int64_t limit = user_timeout_ns(ctx, tcb);
    if (limit == TIME_NEVER || (ctx->profile->give_up_by_time && tcb->retransmits == 0))
        return false;
    return ctx->now_ns - counted_from(ctx, tcb) >= limit;
}

/* A SYN may be resent so often, and (where time rules) for as long as that would take if each timeout were twice the last: the linear
 * timeouts come on top of the count but not of the time. */
static bool connect_gives_up(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    const struct tcp_profile *profile = ctx->profile;
    if (tcb->retransmits >= profile->syn_retries + profile->syn_linear_timeouts)
        return true;
    return profile->give_up_by_time && tcb->retransmits > 0 &&
           ctx->now_ns - tcb->progress_ns >= model_timeout(profile, profile->syn_retries, profile->rto_initial);
}

static bool gives_up(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    if (tcb->state == TCP_SYN_SENT && connect_gives_up(ctx, tcb))
        return true;
    if (tcb->state == TCP_SYN_RECEIVED &&
        tcb->retransmits >= (ctx->synack_retries != 0 ? ctx->synack_retries : ctx->profile->synack_retries))
        return true;
    if (user_timeout_reached(ctx, tcb))
        return true;
    if (handshake(tcb))
        return false;
    int64_t retries = tcb->orphan ? orphan_retries(ctx, tcb) : ctx->profile->retries2;
    if (!ctx->profile->give_up_by_time)
        return tcb->retransmits >= retries; /* */
    if (tcb->user_timeout_ms != 0)
        return false; /* it replaces the model */
    return tcb->retransmits > 0 && ctx->now_ns - tcb->first_rto_ns >= model_timeout(ctx->profile, retries, ctx->profile->rto_min);
}

/* Silently, as a retransmission timeout ends a connection: no segment. */
static void timed_out(struct tcp_ctx *ctx, struct tcb *tcb)
{
    bool user = user_timeout_reached(ctx, tcb);
    tcp_done(ctx, tcb, tcb->state == TCP_SYN_RECEIVED && tcb->passive ? TCP_OK : TCP_ETIMEDOUT,
             user ? TCP_WHY_USER_TIMEOUT : TCP_WHY_TIMEOUT);
}

/* An expiry must not come later than the user timeout (FACTS 3). */
static int64_t clamp_to_user_timeout(const struct tcp_ctx *ctx, const struct tcb *tcb, int64_t wait_ns)
{
    int64_t limit = user_timeout_ns(ctx, tcb);
    if (limit == TIME_NEVER)
        return wait_ns;
    if (ctx->profile->give_up_by_time && tcb->first_rto_ns == 0)
        return wait_ns;
    int64_t left = limit - (ctx->now_ns - counted_from(ctx, tcb));
    return left <= 0 ? ctx->profile->jiffy : min_i64(wait_ns, left);
}

/* ---- retransmission ---- */

void rto_rearm(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->packets_out == 0) {
        timer_stop(ctx, tcb, SLOT_RETRANSMIT);
        return;
    }
    int64_t wait = rto_ns(tcb);
    const struct tcp_timer_slot *slot = &tcb->slot[SLOT_RETRANSMIT];
    if (slot->kind == TIMER_TAIL_LOSS_PROBE || slot->kind == TIMER_REORDERING) {
        /* A probe's timer stood in the way: the RTO counts from the front's last sending. */
        int64_t left = record_at(ctx, tcb->sent_head)->sent_ns + wait - ctx->now_ns;
        wait = timer_ticks(ctx->profile, max_i64(left, 1000));
    }
    if (!ctx->profile->give_up_by_time)
        wait = clamp_to_user_timeout(ctx, tcb, wait);
    timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION, ctx->now_ns + wait);
}

/* double it, but Linux lets the first SYNs go without (FACTS 3: 1, 1, 1, 1, 1, 2, 4 s). */
static void back_off(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->state == TCP_SYN_SENT && tcb->retransmits <= ctx->profile->syn_linear_timeouts)
        return;
    tcb->backoff++;
    tcb->rto_us = (uint32_t)min_i64((int64_t)tcb->rto_us * 2, ctx->profile->rto_max / NS_PER_US);
}

static void retransmission_timeout(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->packets_out == 0)
        return;
    if (gives_up(ctx, tcb)) {
        timed_out(ctx, tcb);
        return;
    }
    if (handshake(tcb)) {
        if (tcb->retransmits < UINT8_MAX)
            tcb->retransmits++;
        if (tcb->first_rto_ns == 0)
            tcb->first_rto_ns = ctx->now_ns;
        retransmit_record(ctx, tcb, tcb->sent_head);
    } else {
        recovery_rto(ctx, tcb);
    }
    back_off(ctx, tcb);
    timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION, ctx->now_ns + clamp_to_user_timeout(ctx, tcb, rto_ns(tcb)));
}

/* ---- persist (R-180 to R-182) ---- */

/* What fits the window goes as data (a cork, a small window); otherwise an old number that the peer must answer. */
static void probe_window(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (has_unsent(tcb) && seq_lt(tcb->snd.nxt, window_edge(tcb)) && send_one_new(ctx, tcb, window_edge(tcb) - tcb->snd.nxt, false))
        return;
    send_probe(ctx, tcb, tcb->snd.una - 1);
}

/* The next probe, or the end of the user's patience if that comes first (FACTS 11: though the peer answers). */
void persist_rearm(struct tcp_ctx *ctx, struct tcb *tcb)
{
    int64_t wait = persist_interval_ns(ctx, tcb);
    if (tcb->user_timeout_ms != 0 && tcb->probe_since_ns != 0) {
        int64_t left = tcb->probe_since_ns + user_timeout_ns(ctx, tcb) - ctx->now_ns;
        wait = left <= 0 ? ctx->profile->jiffy : min_i64(wait, left);
    }
    timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_PERSIST, ctx->now_ns + wait);
}

static void persist_timeout(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->packets_out != 0 || !has_unsent(tcb)) {
        tcb->probes_out = 0;
        tcb->probe_since_ns = 0;
        return;
    }
    int64_t limit = user_timeout_ns(ctx, tcb);
    if (tcb->probe_since_ns == 0)
        tcb->probe_since_ns = ctx->now_ns;
    else if (tcb->user_timeout_ms != 0 && ctx->now_ns - tcb->probe_since_ns >= limit) {
        tcp_done(ctx, tcb, TCP_ETIMEDOUT, TCP_WHY_USER_TIMEOUT);
        return;
    }
    int64_t most = ctx->profile->retries2;
    if (tcb->orphan) { /* an orphan's patience is its own */
        bool grows = persist_interval_ns(ctx, tcb) < ctx->profile->rto_max;
        most = ctx->profile->orphan_retries == 0 && grows && ctx->profile->give_up_by_time ? 8 : orphan_retries(ctx, tcb);
        if (!grows && ctx->profile->give_up_by_time && tcb->backoff >= most) {
            tcp_done(ctx, tcb, TCP_ETIMEDOUT, TCP_WHY_TIMEOUT);
            return;
        }
    }
    if (tcb->probes_out >= most) { /* an answer sets this count back, so only silence ends it */
        tcp_done(ctx, tcb, TCP_ETIMEDOUT, TCP_WHY_TIMEOUT);
        return;
    }
    probe_window(ctx, tcb);
    if (tcb->packets_out != 0 || !has_unsent(tcb)) {
        tcb->probes_out = 0;
        tcb->backoff = 0;
        recovery_arm_after_send(ctx, tcb);
        return;
    }
    tcb->probes_out++;
    if (tcb->backoff < ctx->profile->retries2)
        tcb->backoff++;
    persist_rearm(ctx, tcb);
}

/* ---- delayed ACK ---- */

static void delayed_ack_timeout(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!tcb->ack_due)
        return;
    if (ctx->profile->quick_acks != 0 && tcb->compressed_acks == 0) {
        if (tcb->pingpong) { /* the reply that it waited for did not come */
            tcb->pingpong = 0;
            tcb->ato_us = ATO_MIN_US;
        } else {
            tcb->ato_us = min_u32(tcb->ato_us << 1, tcb->rto_us);
        }
    }
    send_ack(ctx, tcb);
}

/* ---- keep-alive and the FIN_WAIT_2 limit of a full record ---- */

static void keepalive_timeout(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!tcb->keepalive_on)
        return;
    const int64_t idle = tcb->keepalive_idle_ms != 0 ? (int64_t)tcb->keepalive_idle_ms * NS_PER_MS : ctx->profile->keepalive_time;
    const int64_t interval =
        tcb->keepalive_interval_ms != 0 ? (int64_t)tcb->keepalive_interval_ms * NS_PER_MS : ctx->profile->keepalive_intvl;
    const uint32_t count = tcb->keepalive_count != 0 ? tcb->keepalive_count : (uint32_t)ctx->profile->keepalive_probes;
    int64_t wait = idle;
    if (tcb->packets_out == 0 && !has_unsent(tcb)) { /* */
        int64_t silent = ctx->now_ns - max_i64(tcb->received_ns, tcb->data_received_ns);
        if (silent >= idle) {
            bool dead = tcb->user_timeout_ms != 0 ? silent >= (int64_t)tcb->user_timeout_ms * NS_PER_MS && tcb->probes_out > 0
                                                  : tcb->probes_out >= count;
            if (dead) {
                if (ctx->profile->keepalive_death_rst)
                    send_reset_active(ctx, tcb); /* L-21 */
                tcp_done(ctx, tcb, TCP_ETIMEDOUT, TCP_WHY_KEEPALIVE);
                return;
            }
            send_probe(ctx, tcb, tcb->snd.una - 1); /* */
            tcb->probes_out++;
            wait = interval;
        } else {
            wait = idle - silent;
        }
    }
    timer_arm(ctx, tcb, SLOT_KEEPALIVE, TIMER_KEEPALIVE, ctx->now_ns + wait);
}

static void fin_wait_2_timeout(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->state != TCP_FIN_WAIT_2)
        return;
    if (!tcb->orphan) { /* W-04: its reader is told */
        tcp_done(ctx, tcb, TCP_ECONNRESET, TCP_WHY_FIN_WAIT_2);
        return;
    }
    if (ctx->profile->orphan_fw2_mini) { /* L-06: what is left above TIME_WAIT's length, once more as a small record */
        int64_t whole = tcb->linger2_ms > 0 ? (int64_t)tcb->linger2_ms * NS_PER_MS : ctx->profile->fin_timeout;
        tcp_become_mini(ctx, tcb, TCP_FIN_WAIT_2, max_i64(whole, rto_ns(tcb) * 7 / 2) - ctx->profile->time_wait);
        return;
    }
    tcp_done(ctx, tcb, TCP_OK, TCP_WHY_FIN_WAIT_2);
}

void tcp_timeout(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_slot slot)
{
    enum tcp_timer kind = (enum tcp_timer)tcb->slot[slot].kind;
    timer_stop(ctx, tcb, slot);
    switch (kind) {
    case TIMER_NONE:
        break;
    case TIMER_RETRANSMISSION:
        retransmission_timeout(ctx, tcb);
        break;
    case TIMER_TAIL_LOSS_PROBE:
        tcb->slot[slot].kind = TIMER_TAIL_LOSS_PROBE; /* rto_rearm counts from the front's last sending */
        recovery_probe(ctx, tcb);
        break;
    case TIMER_REORDERING:
        tcb->slot[slot].kind = TIMER_REORDERING;
        recovery_reorder_timeout(ctx, tcb);
        break;
    case TIMER_PERSIST:
        persist_timeout(ctx, tcb);
        break;
    case TIMER_DELAYED_ACK:
        delayed_ack_timeout(ctx, tcb);
        break;
    case TIMER_KEEPALIVE:
        keepalive_timeout(ctx, tcb);
        break;
    case TIMER_FIN_WAIT_2:
        fin_wait_2_timeout(ctx, tcb);
        break;
    case TIMER_TIME_WAIT:
        tcp_done(ctx, tcb, TCP_OK, TCP_WHY_ORDINARY);
        break;
    }
}
