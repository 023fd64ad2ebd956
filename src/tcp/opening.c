/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.10.7.1 to 3.10.7.3: a segment arrives in CLOSED, LISTEN, SYN_SENT; and the passive OPEN that a SYN starts. */
#include "tcp/internal.h"

/* ---- CLOSED (3.10.7.1) ---- */

bool tcp_segment_arrives_closed(const struct segment *seg, struct segment *reply)
{
    if (seg->flags & TCP_RST)
        return false;
    *reply = (struct segment){.conn = seg->conn};
    if (seg->flags & TCP_ACK) {
        reply->seq = seg->ack;
        reply->flags = TCP_RST;
    } else {
        reply->ack = seg->seq + segment_length(seg);
        reply->flags = TCP_RST | TCP_ACK;
    }
    return true;
}

/* ---- LISTEN (3.10.7.2) ---- */

enum listen_answer tcp_segment_arrives_listen(const struct tcp_profile *profile, const struct segment *seg, struct segment *reply)
{
    if (seg->flags & TCP_RST)
        return LISTEN_IGNORE;
    if (seg->flags & TCP_ACK) {
        tcp_segment_arrives_closed(seg, reply);
        return LISTEN_RESET;
    }
    if ((seg->flags & TCP_SYN) == 0)
        return LISTEN_IGNORE;
    if ((seg->flags & TCP_FIN) && profile->syn_fin_ignored)
        return LISTEN_IGNORE; /* FACTS 14: a SYN with a FIN gets no answer */
    return LISTEN_OPEN;
}

/* ---- options of a SYN ---- */

static void take_syn_options(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *syn)
{
    const struct tcp_profile *profile = ctx->profile;
    uint32_t mss = (syn->options & TCPOPT_MSS) ? syn->mss : MSS_DEFAULT;
    tcb->mss = (uint16_t)max_u32(min_u32(mss, tcb->advmss), 48);
    tcb->wscale_ok = profile->window_scaling && (syn->options & TCPOPT_WSCALE);
    tcb->snd_wscale = tcb->wscale_ok ? syn->wscale : 0;
    if (!tcb->wscale_ok)
        tcb->rcv_wscale = 0;
    tcb->sack_ok = profile->sack && (syn->options & TCPOPT_SACK_OK);
    tcb->ts_ok = profile->timestamps && (syn->options & TCPOPT_TS);
    if (tcb->ts_ok) {
        tcb->ts_recent = syn->tsval;
        tcb->ts_recent_ms = now_ms(ctx);
        tcb->ts_recent_valid = true;
        tcb->mss = (uint16_t)(tcb->mss - TIMESTAMPS_BYTES);
    }
    tcb->rcv.irs = syn->seq;
    tcb->rcv.nxt = tcb->rcv.wup = tcb->rcv.read = syn->seq + 1;
    tcb->snd.wnd = tcb->snd.max_wnd = syn->wnd;
    tcb->snd.wl1 = syn->seq;
}

static void size_receiver(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t mss)
{
    tcb->window_clamp = tcb->wscale_ok ? UINT32_MAX : 65535;
    tcb->rcv.wnd = window_initial(ctx->profile, tcb, mss);
    tcb->rcv_ssthresh = tcb->rcv.wnd;
    tcb->rcv_mss = (uint16_t)max_u32(min_u32(min_u32(tcb->mss, tcb->rcv.wnd / 2), MSS_DEFAULT), MSS_MIN);
}

void opening_passive(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t iss, const struct segment *syn)
{
    tcb->passive = true;
    tcb->state = TCP_LISTEN;
    tcb->rcv_wscale = ctx->profile->window_scaling ? window_choose_scale(ctx->profile, tcb) : 0;
    take_syn_options(ctx, tcb, syn);
    size_receiver(ctx, tcb, tcb->mss);
    tcb->snd.iss = tcb->snd.una = iss;
    tcb->snd.nxt = tcb->snd.end = tcb->snd.piece = tcb->snd.small = iss + 1;
    tcb->received_ns = tcb->sent_ns = ctx->now_ns;
    congestion_init(ctx, tcb);
}

void tcp_open_passive(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t iss, const struct segment *syn)
{
    opening_passive(ctx, tcb, iss, syn);
    tcp_enter_state(ctx, tcb, TCP_SYN_RECEIVED, TCP_WHY_ORDINARY);
    send_syn(ctx, tcb, true);
    timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION, ctx->now_ns + rto_ns(tcb));
}

/* ---- SYN_SENT (3.10.7.3) ---- */

/* the ACK is for something that we never sent: RST, and stay. Linux resends its SYN two ticks later (FACTS 9, 14). */
static void unacceptable_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if (!(seg->flags & TCP_RST))
        send_reset_reply(ctx, seg);
    if (ctx->profile->syn_resent_after_rst != TIME_NEVER && tcb->retransmits == 0) /* FACTS 14: after a RST too; once (source) */
        timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION, ctx->now_ns + ctx->profile->syn_resent_after_rst);
}

static void synchronized(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    uint32_t prior = tcb->snd.una;
    take_syn_options(ctx, tcb, seg);
    tcb->window_clamp = tcb->wscale_ok ? UINT32_MAX : 65535;
    tcb->snd.una = seg->ack;
    tcb->snd.wl2 = seg->ack;
    tcb->rcv_mss = (uint16_t)max_u32(min_u32(min_u32(tcb->mss, tcb->rcv.wnd / 2), MSS_DEFAULT), MSS_MIN);
    tcb->established_once = true;
    tcb->received_ns = ctx->now_ns;
    window_autotune_begin(ctx, tcb);
    recovery_ack(ctx, tcb, seg, prior, false);
    send_buffer_grow(ctx, tcb);
    cubic_begin(ctx, tcb);
    tcp_enter_state(ctx, tcb, TCP_ESTABLISHED, TCP_WHY_ORDINARY);
    if (tcb->keepalive_on)
        tcp_set_keepalive(ctx, tcb, true, (int64_t)tcb->keepalive_idle_ms * NS_PER_MS, (int64_t)tcb->keepalive_interval_ms * NS_PER_MS,
                          tcb->keepalive_count);
    send_ack(ctx, tcb);
    tcp_signal(ctx, SIGNAL_CONNECTED);
    /* further controls and text of the SYN-ACK. Linux drops the text (FACTS 14). */
    if ((seg->len > 0 || (seg->flags & TCP_FIN)) && ctx->profile->synack_data_kept) {
        struct segment rest = *seg;
        rest.flags &= (uint8_t)~TCP_SYN;
        rest.seq++;
        tcp_segment_arrives_synchronized(ctx, tcb, &rest, true);
    }
    if (tcb->state != TCP_CLOSED) {
        tcp_output(ctx, tcb);
        send_buffer_check(ctx, tcb);
    }
}

void opening_segment_arrives(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    bool ack = (seg->flags & TCP_ACK) != 0;
    if (ack && (seq_leq(seg->ack, tcb->snd.iss) || seq_gt(seg->ack, tcb->snd.nxt))) {
        unacceptable_ack(ctx, tcb, seg);
        return;
    }
    if (ack && (seg->options & TCPOPT_TS) && seg->tsecr != 0 && ctx->profile->timestamps &&
        (int32_t)(seg->tsecr - ts_now(ctx, tcb->ts_offset)) > 0) {
        unacceptable_ack(ctx, tcb, seg); /* it echoes a timestamp that we never sent: from an older incarnation */
        return;
    }
    if (seg->flags & TCP_RST) {
        if (ack) /* R-027; without ACK: drop */
            tcp_done(ctx, tcb, TCP_ECONNREFUSED, TCP_WHY_RST_RECEIVED);
        return;
    }
    if ((seg->flags & TCP_SYN) == 0)
        return; /* */
    if (ack) {
        synchronized(ctx, tcb, seg);
        return;
    }
    /* simultaneous open. */
    take_syn_options(ctx, tcb, seg);
    tcb->window_clamp = tcb->wscale_ok ? UINT32_MAX : 65535;
    tcp_enter_state(ctx, tcb, TCP_SYN_RECEIVED, TCP_WHY_ORDINARY);
    send_syn(ctx, tcb, false);
}
