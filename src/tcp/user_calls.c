/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.10.1 to 3.10.6: OPEN, SEND, RECEIVE, CLOSE, ABORT, as the sockets interface spells them. */
#include "tcp/internal.h"

/* ---- OPEN (3.10.1) ---- */

void tcp_init(struct tcb *tcb, const struct tcp_profile *profile, uint32_t link_mss)
{
    *tcb = (struct tcb){.state = TCP_CLOSED};
    timers_init(tcb);
    tcb->advmss = (uint16_t)(profile->mss != 0 ? min_i64(profile->mss, link_mss) : link_mss);
    tcb->mss = (uint16_t)min_u32(tcb->advmss, MSS_DEFAULT);
    tcb->rcvbuf = (uint32_t)profile->rcvbuf;
    tcb->sndbuf = (uint32_t)profile->sndbuf;
    tcb->rto_us = (uint32_t)(profile->rto_initial / NS_PER_US);
    tcb->ts_offset = 0;
}

static void start_receiver(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t mss)
{
    tcb->window_clamp = UINT32_MAX;
    tcb->rcv_wscale = ctx->profile->window_scaling ? window_choose_scale(ctx->profile, tcb) : 0;
    tcb->rcv.wnd = window_initial(ctx->profile, tcb, mss);
    tcb->rcv_ssthresh = tcb->rcv.wnd;
}

static void start_sender(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t iss)
{
    tcb->snd.iss = tcb->snd.una = iss;
    tcb->snd.nxt = tcb->snd.end = tcb->snd.piece = tcb->snd.small = iss + 1;
    tcb->rcv_mss = (uint16_t)max_u32(min_u32(min_u32(tcb->advmss, tcb->rcv.wnd / 2), MSS_DEFAULT), MSS_MIN);
    tcb->received_ns = tcb->sent_ns = ctx->now_ns;
    congestion_init(ctx, tcb);
}

void tcp_open_active(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t iss)
{
    ASSERT(tcb->state == TCP_CLOSED);
    start_receiver(ctx, tcb, tcb->advmss);
    start_sender(ctx, tcb, iss);
    tcp_enter_state(ctx, tcb, TCP_SYN_SENT, TCP_WHY_ORDINARY);
    send_syn(ctx, tcb, true);
    timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION, ctx->now_ns + rto_ns(tcb));
}

/* ---- options ---- */

void tcp_set_rcvbuf(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes)
{
    tcb->rcvbuf = ctx->profile->buffers_doubled ? bytes * 2 : bytes;
    tcb->rcvbuf = max_u32(tcb->rcvbuf, ctx->profile->buffers_doubled ? 2304 : 1);
    tcb->rcvbuf_locked = true;
}

void tcp_set_sndbuf(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes)
{
    tcb->sndbuf = ctx->profile->buffers_doubled ? bytes * 2 : bytes;
    tcb->sndbuf = max_u32(tcb->sndbuf, ctx->profile->buffers_doubled ? 4608 : 1);
    tcb->sndbuf_locked = true;
}

void tcp_set_nodelay(struct tcp_ctx *ctx, struct tcb *tcb, bool on)
{
    tcb->nodelay = on;
    if (on && !tcb->cork)
        tcp_output(ctx, tcb);
}

void tcp_set_cork(struct tcp_ctx *ctx, struct tcb *tcb, bool on)
{
    bool pushes = tcb->cork && !on;
    tcb->cork = on;
    if (pushes) {
        /* Pulling the cork pushes what waited, Nagle or not. */
        bool nodelay = tcb->nodelay;
        tcb->nodelay = true;
        tcp_output(ctx, tcb);
        tcb->nodelay = nodelay;
    }
}

void tcp_set_quickack(struct tcp_ctx *ctx, struct tcb *tcb, bool on)
{
    tcb->pingpong = on ? 0 : 1;
    if (on && tcb->ack_due && (tcb->state == TCP_ESTABLISHED || tcb->state == TCP_CLOSE_WAIT))
        send_ack(ctx, tcb);
}

static int64_t keepalive_idle_ns(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    return tcb->keepalive_idle_ms != 0 ? (int64_t)tcb->keepalive_idle_ms * NS_PER_MS : ctx->profile->keepalive_time;
}

void tcp_set_keepalive(struct tcp_ctx *ctx, struct tcb *tcb, bool on, int64_t idle_ns, int64_t interval_ns, uint32_t count)
{
    tcb->keepalive_on = on;
    if (on) {
        tcb->keepalive_idle_ms = (uint32_t)(idle_ns / NS_PER_MS);
        tcb->keepalive_interval_ms = (uint32_t)(interval_ns / NS_PER_MS);
        tcb->keepalive_count = (uint8_t)min_u32(count, 255);
    }
    if (tcb->state == TCP_CLOSED || tcb->state == TCP_LISTEN || tcb->state == TCP_SYN_SENT)
        return;
    if (tcb->fin_timer_full)
        return;
    if (!on) {
        timer_stop(ctx, tcb, SLOT_KEEPALIVE);
        return;
    }
    int64_t silent = ctx->now_ns - max_i64(tcb->received_ns, tcb->data_received_ns);
    timer_arm(ctx, tcb, SLOT_KEEPALIVE, TIMER_KEEPALIVE, ctx->now_ns + max_i64(0, keepalive_idle_ns(ctx, tcb) - silent));
}

void tcp_set_user_timeout(struct tcp_ctx *ctx, struct tcb *tcb, int64_t ns)
{
    (void)ctx;
    tcb->user_timeout_ms = (uint32_t)(ns / NS_PER_MS);
}

void tcp_set_linger2(struct tcp_ctx *ctx, struct tcb *tcb, int64_t ns)
{
    (void)ctx;
    tcb->linger2_ms = ns < 0 ? -1 : (int32_t)(min_i64(ns, 120 * NS_PER_S) / NS_PER_MS); /* L-06: at most 120 s */
}

/* ---- SEND (3.10.2) ---- */

uint32_t tcp_send(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bytes, enum tcp_errno *error)
{
    *error = TCP_OK;
    if (tcb->error != TCP_OK) {
        *error = tcp_take_error(tcb);
        return 0;
    }
    switch ((enum tcp_state)tcb->state) {
    case TCP_CLOSED:
        *error = tcb->established_once ? TCP_EPIPE : TCP_ENOTCONN; /* */
        return 0;
    case TCP_LISTEN:
        *error = TCP_ENOTCONN;
        return 0;
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
        break;
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
        *error = TCP_EPIPE; /* */
        return 0;
    }
    if (tcb->shut_write) {
        *error = TCP_EPIPE;
        return 0;
    }
    uint32_t taken = min_u32(bytes, send_buffer_room(ctx, tcb));
    tcb->snd.end += taken;
    tcp_output(ctx, tcb);
    return taken;
}

/* ---- RECEIVE (3.10.3) ---- */

enum tcp_errno tcp_take_error(struct tcb *tcb)
{
    enum tcp_errno error = (enum tcp_errno)tcb->error;
    tcb->error = TCP_OK;
    return error;
}

struct tcp_read tcp_peek(const struct tcb *tcb)
{
    struct tcp_read read = {.bytes = unread_bytes(tcb)};
    if (read.bytes > 0)
        return read;
    if (tcb->fin_received)
        read.eof = true;
    else if (tcb->error != TCP_OK)
        read.error = (enum tcp_errno)tcb->error;
    else if (tcb->shut_read || (tcb->state == TCP_CLOSED && tcb->established_once))
        read.eof = true;
    else if (tcb->state == TCP_CLOSED)
        read.error = TCP_ENOTCONN;
    return read;
}

struct tcp_read tcp_recv(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t max)
{
    struct tcp_read read = tcp_peek(tcb);
    if (read.bytes > max)
        read.bytes = max;
    if (read.error != TCP_OK)
        tcb->error = TCP_OK;
    if (read.bytes > 0) {
        tcb->rcv.read += read.bytes;
        window_taken(ctx, tcb, read.bytes);
        window_autotune(ctx, tcb);
        ack_after_read(ctx, tcb, read.bytes);
    }
    return read;
}

/* ---- CLOSE (3.10.4) ---- */

/* Queues the FIN behind all SENDs; the state moves at once even if the FIN must wait (L-02). False: nothing to do in this state. */
static bool queue_fin(struct tcp_ctx *ctx, struct tcb *tcb)
{
    switch ((enum tcp_state)tcb->state) {
    case TCP_SYN_RECEIVED: /* R-045; R-046: with data queued the CLOSE waits until ESTABLISHED */
        if (has_unsent(tcb)) {
            tcb->fin_queued = tcb->shut_write = true;
            return true;
        }
        tcb->fin_queued = tcb->shut_write = true;
        tcp_enter_state(ctx, tcb, TCP_FIN_WAIT_1, TCP_WHY_ORDINARY);
        break;
    case TCP_ESTABLISHED:
        tcb->fin_queued = tcb->shut_write = true;
        tcp_enter_state(ctx, tcb, TCP_FIN_WAIT_1, TCP_WHY_ORDINARY);
        break;
    case TCP_CLOSE_WAIT:
        tcb->fin_queued = tcb->shut_write = true;
        tcp_enter_state(ctx, tcb, TCP_LAST_ACK, TCP_WHY_ORDINARY);
        break;
    case TCP_FIN_WAIT_1: /* never a second FIN */
    case TCP_FIN_WAIT_2:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT:
        return false;
    }
    tcp_output(ctx, tcb);
    return true;
}

enum tcp_errno tcp_shutdown(struct tcp_ctx *ctx, struct tcb *tcb, bool read, bool write)
{
    if (tcb->state == TCP_CLOSED || tcb->state == TCP_LISTEN)
        return tcb->fin_received && tcb->shut_write && tcb->established_once && tcb->became_mini ? TCP_OK : TCP_ENOTCONN;
    if (tcb->state == TCP_SYN_SENT)
        return TCP_ENOTCONN;
    if (read) {
        tcb->shut_read = true;
        tcp_signal(ctx, SIGNAL_READABLE);
    }
    if (write)
        queue_fin(ctx, tcb);
    return TCP_OK;
}

void tcp_close(struct tcp_ctx *ctx, struct tcb *tcb)
{
    uint32_t unread = unread_bytes(tcb);
    tcb->rcv.read += unread;
    if (unread > 0)
        window_taken(ctx, tcb, unread); /* B-01: the buffer is flushed, and the window opens */
    tcb->shut_read = true;
    if (tcb->state == TCP_CLOSED)
        return;
    if (tcb->state == TCP_SYN_SENT) { /* no segment */
        tcb->orphan = true;
        tcp_done(ctx, tcb, TCP_OK, TCP_WHY_CLOSED_EARLY);
        return;
    }
    /* L-01, SHLD-3: what was received and not read is lost, and the peer is told so. A bare FIN does not count. */
    if (unread > 0 && ctx->profile->close_unread_rst) {
        send_reset_active(ctx, tcb);
        tcb->orphan = true;
        tcp_done(ctx, tcb, TCP_OK, TCP_WHY_RST_SENT);
        return;
    }
    queue_fin(ctx, tcb);
}

bool tcp_close_must_wait(const struct tcb *tcb)
{
    return tcb->state == TCP_FIN_WAIT_1 || tcb->state == TCP_CLOSING || tcb->state == TCP_LAST_ACK;
}

/* W-04: some systems have a limit even for a program that only shut down its side, and may still be reading. */
void tcp_held_enters_fin_wait_2(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (ctx->profile->fin_timeout_held == TIME_NEVER)
        return;
    tcb->fin_timer_full = true;
    timer_arm(ctx, tcb, SLOT_KEEPALIVE, TIMER_FIN_WAIT_2, ctx->now_ns + ctx->profile->fin_timeout_held);
}

/* How long an orphan stays in FIN_WAIT_2; TIME_NEVER for ever. */
static int64_t fin_wait_2_ns(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    int64_t ns = tcb->linger2_ms > 0 ? (int64_t)tcb->linger2_ms * NS_PER_MS : ctx->profile->fin_timeout;
    return ns == TIME_NEVER ? ns : max_i64(ns, rto_ns(tcb) * 7 / 2);
}

void tcp_orphan_enters_fin_wait_2(struct tcp_ctx *ctx, struct tcb *tcb)
{
    int64_t ns = fin_wait_2_ns(ctx, tcb);
    if (ns == TIME_NEVER) /* there is no such timer in the RFC */
        return;
    if (!ctx->profile->orphan_fw2_mini) {
        tcb->fin_timer_full = true;
        timer_arm(ctx, tcb, SLOT_KEEPALIVE, TIMER_FIN_WAIT_2, ctx->now_ns + ns);
        return;
    }
    /* L-06, FACTS 7: the small record lasts at most TIME_WAIT's length; what is above it the full one waits first, and then that again. */
    if (ns > ctx->profile->time_wait && ctx->profile->time_wait > 0) {
        tcb->fin_timer_full = true;
        timer_arm(ctx, tcb, SLOT_KEEPALIVE, TIMER_FIN_WAIT_2, ctx->now_ns + ns - ctx->profile->time_wait);
        return;
    }
    tcp_become_mini(ctx, tcb, TCP_FIN_WAIT_2, ns);
}

void tcp_orphan(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->orphan)
        return;
    tcb->orphan = true;
    if (tcb->state == TCP_CLOSED) {
        tcp_signal(ctx, SIGNAL_GONE);
        return;
    }
    if (tcb->state != TCP_FIN_WAIT_2) {
        if (ctx->orphans_full) { /* tcp_max_orphans; the FIN has left already */
            send_reset_active(ctx, tcb);
            tcp_done(ctx, tcb, TCP_OK, TCP_WHY_RST_SENT);
        }
        return;
    }
    if (tcb->linger2_ms < 0) { /* FACTS 7: closing in FIN_WAIT_2 resets at once */
        send_reset_active(ctx, tcb);
        tcp_done(ctx, tcb, TCP_OK, TCP_WHY_RST_SENT);
        return;
    }
    tcp_orphan_enters_fin_wait_2(ctx, tcb);
}

/* ---- ABORT (3.10.5) ---- */

static bool abort_needs_reset(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    switch ((enum tcp_state)tcb->state) {
    case TCP_SYN_RECEIVED: /* */
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
    case TCP_CLOSE_WAIT:
        return true;
    case TCP_CLOSING: /* R-052; L-03: the state may be ahead of the wire */
    case TCP_LAST_ACK:
        return ctx->profile->abort_always_rst && has_unsent(tcb);
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT: /* */
    case TCP_TIME_WAIT:
        return false;
    }
    return false;
}

void tcp_abort(struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->orphan = true;
    if (tcb->state == TCP_CLOSED) {
        tcp_signal(ctx, SIGNAL_GONE);
        return;
    }
    bool reset = abort_needs_reset(ctx, tcb);
    if (reset)
        send_reset_active(ctx, tcb);
    tcp_done(ctx, tcb, TCP_OK, reset ? TCP_WHY_RST_SENT : TCP_WHY_CLOSED_EARLY);
}
