/* SPDX-License-Identifier: MIT */
/* The one door through which a state changes, and the two ways in which a TCB ends. */
#include "tcp/internal.h"

void tcp_enter_state(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_state state, uint8_t why)
{
    enum tcp_state from = (enum tcp_state)tcb->state;
    if (from == state)
        return;
    tcb->state = (uint8_t)state;
    ctx->sink->state(ctx->sink->ctx, from, state, why);
}

static void release(struct tcp_ctx *ctx, struct tcb *tcb)
{
    for (int slot = 0; slot < TCP_SLOTS; slot++)
        timer_stop(ctx, tcb, (enum tcp_slot)slot);
    records_free(ctx, &tcb->sent_head);
    tcb->sent_tail = 0;
    records_free(ctx, &tcb->ooo_head);
    tcb->packets_out = tcb->sacked_out = tcb->lost_out = tcb->retrans_out = 0;
}

void tcp_done(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_errno error, uint8_t why)
{
    release(ctx, tcb);
    if (error != TCP_OK && !tcb->orphan)
        tcb->error = (uint8_t)error;
    tcb->shut_read = tcb->shut_write = true;
    tcp_enter_state(ctx, tcb, TCP_CLOSED, why);
    if (!tcb->orphan)
        tcp_signal(ctx, error != TCP_OK ? SIGNAL_ERROR : SIGNAL_READABLE);
    tcp_signal(ctx, SIGNAL_CLOSE_DONE);
    tcp_signal(ctx, SIGNAL_GONE);
}

void tcp_become_mini(struct tcp_ctx *ctx, struct tcb *tcb, enum tcp_state state, int64_t length_ns)
{
    if (ctx->minis_full) /* tcp_max_tw_buckets: no room to remember it in */
        length_ns = 0;
    ctx->mini = (struct tcp_mini){
        .snd_nxt = tcb->snd.nxt,
        .rcv_nxt = tcb->rcv.nxt,
        .rcv_wnd = window_offered(tcb),
        .ts_recent = tcb->ts_recent,
        .ts_recent_ms = tcb->ts_recent_ms,
        .ts_offset = tcb->ts_offset,
        .oow_ack_ms = tcb->oow_ack_ms,
        .length_ns = length_ns,
        .state = (uint8_t)state,
        .ts_ok = tcb->ts_ok,
        .ts_recent_valid = tcb->ts_recent_valid,
        .rcv_wscale = tcb->rcv_wscale,
        .number = (*ctx->next_number)++,
        .at_ns = TIME_NEVER,
    };
    if (length_ns != TIME_NEVER)
        ctx->mini.at_ns = timer_wheel(ctx->profile, ctx->now_ns, time_add(ctx->now_ns, length_ns));
    release(ctx, tcb);
    tcp_enter_state(ctx, tcb, state, TCP_WHY_ORDINARY);
    /* From here on the state belongs to the small record; the TCB is CLOSED for its program without a word (FACTS 6). */
    tcb->state = TCP_CLOSED;
    tcb->became_mini = true;
    tcb->shut_write = true;
    tcp_signal(ctx, SIGNAL_MINI);
    if (!tcb->orphan)
        tcp_signal(ctx, SIGNAL_READABLE);
    tcp_signal(ctx, SIGNAL_CLOSE_DONE);
    tcp_signal(ctx, SIGNAL_GONE);
}

void tcp_vanish(struct tcp_ctx *ctx, struct tcb *tcb, uint8_t why)
{
    release(ctx, tcb);
    tcp_enter_state(ctx, tcb, TCP_CLOSED, why);
    tcp_signal(ctx, SIGNAL_GONE);
}
