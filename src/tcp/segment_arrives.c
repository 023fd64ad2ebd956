/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.7.4: a segment arrives in a synchronized state (or SYN_RECEIVED): eight checks in the RFC's order.
 * 3.10.7.1 to 3.10.7.3 (CLOSED, LISTEN, SYN_SENT) are in opening.c. */
#include "tcp/internal.h"

/* What a check says: go on with the next, or the segment is done with. */
enum check { GO_ON, DONE };

static uint32_t segment_end(const struct segment *seg)
{
    return seg->seq + segment_length(seg);
}

/* ---- first: sequence number and PAWS ---- */

/* Table 6 of RFC 9293. Linux's window includes its right edge for a segment's beginning (FACTS 14). */
static bool acceptable(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct segment *seg)
{
    const uint32_t wnd = window_offered(tcb);
    const uint32_t nxt = tcb->rcv.nxt;
    const uint32_t len = segment_length(seg);
    if (ctx->profile->window_edge_inclusive) /* the kernel's own test: whatever overlaps [last ACK sent, right edge] */
        return !seq_lt(segment_end(seg), tcb->rcv.wup) && !seq_gt(seg->seq, nxt + wnd);
    if (len == 0)
        return wnd == 0 ? seg->seq == nxt : seq_leq(nxt, seg->seq) && seq_lt(seg->seq, nxt + wnd);
    if (wnd == 0)
        return false;
    const uint32_t last = segment_end(seg) - 1;
    return (seq_leq(nxt, seg->seq) && seq_lt(seg->seq, nxt + wnd)) || (seq_leq(nxt, last) && seq_lt(last, nxt + wnd));
}

/* "All segment queues should be flushed"; a reader who loses bytes so is told the reset, not the end that lay behind them. */
static void flush_received(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!ctx->profile->rst_flushes_receive || unread_bytes(tcb) == 0)
        return;
    tcb->rcv.read = tcb->rcv.nxt;
    tcb->fin_received = false;
}

static void reset_by_peer(struct tcp_ctx *ctx, struct tcb *tcb)
{
    enum tcp_errno error = TCP_ECONNRESET;
    switch ((enum tcp_state)tcb->state) {
    case TCP_CLOSE_WAIT:
        error = ctx->profile->closewait_rst_epipe ? TCP_EPIPE : TCP_ECONNRESET; /* L-13 */
        flush_received(ctx, tcb);
        break;
    case TCP_SYN_RECEIVED: /* a passive end goes back to LISTEN and nobody is told */
        error = tcb->passive ? TCP_OK : ctx->profile->syn_received_refused ? TCP_ECONNREFUSED : TCP_ECONNRESET;
        break;
    case TCP_CLOSING: /* no signal, and nothing is flushed */
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
        error = ctx->profile->rst_flushes_receive ? TCP_OK : TCP_ECONNRESET;
        break;
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
        flush_received(ctx, tcb);
        break;
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT:
        break;
    }
    tcp_done(ctx, tcb, error, TCP_WHY_RST_RECEIVED);
}

/* L-12: after the peer's FIN its RST may carry the number before it. */
static bool reset_behind_fin(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct segment *seg)
{
    return ctx->profile->closewait_rst_epipe && seg->seq == tcb->rcv.nxt - 1 &&
           (tcb->state == TCP_CLOSE_WAIT || tcb->state == TCP_LAST_ACK || tcb->state == TCP_CLOSING);
}

/* A pure, repeated ACK that a later one has overtaken: PAWS would reject it, and nothing is lost by letting it pass. */
static bool harmless_reordered_ack(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct segment *seg)
{
    return (seg->flags & (TCP_ACK | TCP_SYN | TCP_FIN)) == TCP_ACK && seg->len == 0 && seg->seq == tcb->rcv.nxt &&
           seg->ack == tcb->snd.una && seg->wnd == tcb->snd.wnd &&
           (int32_t)(tcb->ts_recent - seg->tsval) <= (int32_t)(tcb->rto_us / 1000) && ctx->profile->paws_spares_acks;
}

static enum check check_sequence(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if (paws_rejects(ctx, tcb, seg) && !harmless_reordered_ack(ctx, tcb, seg)) {
        ack_unacceptable(ctx, tcb, seg); /* */
        return DONE;
    }
    if (tcb->ts_ok && (seg->options & TCPOPT_TS) == 0 && (seg->flags & TCP_RST) == 0 && tcb->state != TCP_SYN_RECEIVED &&
        ctx->profile->missing_ts_dropped)
        return DONE; /* SHOULD drop silently */
    if (acceptable(ctx, tcb, seg))
        return GO_ON;
    if (seg->flags & TCP_RST) {
        if (reset_behind_fin(ctx, tcb, seg))
            reset_by_peer(ctx, tcb);
        return DONE; /* */
    }
    if ((seg->flags & TCP_SYN) && ctx->profile->rfc5961)
        ack_challenge(ctx, tcb);
    else
        ack_unacceptable(ctx, tcb, seg); /* */
    return DONE;
}

/* Header prediction (Van Jacobson): the next segment in order, with an ACK and the timestamp that it should have. The first four checks
 * pass it. */
static bool is_next_in_order(const struct tcb *tcb, const struct segment *seg)
{
    return seg->seq == tcb->rcv.nxt && (seg->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK &&
           ((seg->options & TCPOPT_TS) != 0 ? (int32_t)(seg->tsval - tcb->ts_recent) >= 0 : !tcb->ts_ok);
}

/* with a zero window no segment that takes room is acceptable, but valid ACK, URG and RST information is taken. */
static bool zero_window_but_valid(const struct tcb *tcb, const struct segment *seg)
{
    return window_offered(tcb) == 0 && seg->seq == tcb->rcv.nxt && segment_length(seg) > 0 && (seg->flags & TCP_SYN) == 0;
}

/* ---- second: RST ---- */

static bool right_of_last_sack(const struct tcb *tcb, uint32_t seq)
{
    uint32_t edge = tcb->rcv.nxt;
    for (unsigned i = 0; i < tcb->sack_count; i++)
        edge = seq_max(edge, tcb->sacks[i].right);
    return tcb->sack_count > 0 && seq == edge;
}

static enum check check_reset(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if ((seg->flags & TCP_RST) == 0)
        return GO_ON;
    if (!ctx->profile->rfc5961 || seg->seq == tcb->rcv.nxt || reset_behind_fin(ctx, tcb, seg) ||
        (ctx->profile->rst_at_sack_edge && right_of_last_sack(tcb, seg->seq)))
        reset_by_peer(ctx, tcb); /* */
    else
        ack_challenge(ctx, tcb); /* */
    return DONE;
}

/* ---- fourth: SYN (third is security, which nobody has) ---- */

static enum check check_syn(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if ((seg->flags & TCP_SYN) == 0)
        return GO_ON;
    if (tcb->state == TCP_SYN_RECEIVED && tcb->passive && !ctx->profile->synack_repeated) { /* */
        tcp_done(ctx, tcb, TCP_OK, TCP_WHY_ORDINARY);
        return DONE;
    }
    if (ctx->profile->rfc5961) { /* */
        ack_challenge(ctx, tcb);
        return DONE;
    }
    send_reset_reply(ctx, seg); /* */
    tcp_done(ctx, tcb, TCP_ECONNRESET, TCP_WHY_RST_SENT);
    return DONE;
}

/* ---- fifth: ACK ---- */

static bool update_window(struct tcb *tcb, const struct segment *seg)
{
    /* only by a segment that is not older than the last one that did. */
    if (!(seq_lt(tcb->snd.wl1, seg->seq) || (tcb->snd.wl1 == seg->seq && seq_leq(tcb->snd.wl2, seg->ack))))
        return false;
    bool changed = tcb->snd.wnd != seg->wnd;
    tcb->snd.wnd = seg->wnd;
    tcb->snd.wl1 = seg->seq;
    tcb->snd.wl2 = seg->ack;
    tcb->snd.max_wnd = max_u32(tcb->snd.max_wnd, seg->wnd);
    return changed;
}

static __attribute__((noinline)) enum check ack_in_syn_received(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if (!(seq_lt(tcb->snd.una, seg->ack) && seq_leq(seg->ack, tcb->snd.nxt))) {
        send_reset_reply(ctx, seg); /* */
        return DONE;
    }
    if (tcb->passive && ctx->accept_full) {
        if (ctx->profile->accept_overflow_rst) {
            send_reset_reply(ctx, seg);
            tcp_done(ctx, tcb, TCP_OK, TCP_WHY_RST_SENT);
        }
        return DONE; /* L-20 */
    }
    tcb->snd.wnd = seg->wnd;
    tcb->snd.wl1 = seg->seq;
    tcb->snd.wl2 = seg->ack;
    tcb->snd.max_wnd = max_u32(tcb->snd.max_wnd, seg->wnd);
    tcb->established_once = true;
    send_buffer_grow(ctx, tcb);
    window_autotune_begin(ctx, tcb);
    cubic_begin(ctx, tcb);
    tcp_enter_state(ctx, tcb, TCP_ESTABLISHED, TCP_WHY_ORDINARY);
    if (tcb->fin_queued)
        tcp_enter_state(ctx, tcb, TCP_FIN_WAIT_1, TCP_WHY_ORDINARY); /* */
    if (tcb->keepalive_on)
        tcp_set_keepalive(ctx, tcb, true, (int64_t)tcb->keepalive_idle_ms * NS_PER_MS, (int64_t)tcb->keepalive_interval_ms * NS_PER_MS,
                          tcb->keepalive_count);
    tcp_signal(ctx, SIGNAL_CONNECTED);
    return GO_ON;
}

/* There is data beyond RCV.NXT: the segment carries some, or is a FIN above a gap. */
static bool tells_of_data(const struct tcb *tcb, const struct segment *seg)
{
    return (seg->len != 0 || (seg->flags & (TCP_SYN | TCP_FIN)) != 0) && seq_gt(seg->seq + seg->len, tcb->rcv.nxt);
}

static bool fin_acknowledged(const struct tcb *tcb)
{
    return tcb->fin_sent && tcb->snd.una == tcb->snd.nxt;
}

/* */
static bool too_old(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t ack)
{
    uint32_t oldest = tcb->snd.max_wnd;
    if (ctx->profile->old_ack_bounded) /* nor can it be older than anything that was acknowledged */
        oldest = min_u32(oldest, tcb->snd.una - tcb->snd.iss - (tcb->passive ? 1 : 0));
    return ctx->profile->rfc5961 && seq_lt(ack, tcb->snd.una - oldest);
}

/* An ACK of what was never sent, or one that is too old. True: it is nonsense, and was answered. */
static __attribute__((noinline)) bool ack_is_nonsense(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if (seq_gt(seg->ack, tcb->snd.nxt)) { /* */
        if (ctx->profile->rfc5961)
            ack_challenge(ctx, tcb); /* section 5: as seldom as the others, a FIN's too (docs/notes/forged-fin.md) */
        else
            ack_unacceptable(ctx, tcb, seg);
        return true;
    }
    if (seq_lt(seg->ack, tcb->snd.una) && too_old(ctx, tcb, seg->ack)) {
        ack_challenge(ctx, tcb);
        return true;
    }
    return false;
}

/* Waiting for the window: an answer that opens it ends the wait, another that does not sets the next probe (FACTS 11). */
static __attribute__((noinline)) void probe_answered(struct tcp_ctx *ctx, struct tcb *tcb)
{
    uint32_t len = min_u32(tcb->snd.end - tcb->snd.nxt, current_mss(tcb));
    uint32_t fin = tcb->fin_queued && tcb->snd.nxt + len == tcb->snd.end ? 1 : 0;
    if (!has_unsent(tcb) || seq_leq(tcb->snd.nxt + len + fin, window_edge(tcb))) {
        tcb->backoff = 0;
        tcb->probe_since_ns = 0;
        timer_stop(ctx, tcb, SLOT_RETRANSMIT);
    } else {
        persist_rearm(ctx, tcb);
    }
}

/* The ACK advances nothing or something; window, retransmission queue, congestion. False: the ACK is nonsense and was answered. */
static bool take_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    const uint32_t prior_una = tcb->snd.una;
    const bool between = seg->ack - prior_una <= tcb->snd.nxt - prior_una; /* SND.UNA =< SEG.ACK =< SND.NXT */
    if (!between && ack_is_nonsense(ctx, tcb, seg))
        return false;
    tcb->probes_out = 0;
    tcb->received_ns = ctx->now_ns;
    bool window_changed = false;
    if (between) {
        window_changed = update_window(tcb, seg);
        tcb->snd.una = seg->ack;
    }
    recovery_ack(ctx, tcb, seg, prior_una, window_changed);
    if (tcb->slot[SLOT_RETRANSMIT].kind == TIMER_PERSIST && tcb->packets_out == 0 && timer_runs(tcb, SLOT_RETRANSMIT))
        probe_answered(ctx, tcb);
    return true;
}

/* What the acknowledgement of our FIN means, by state. DONE: the TCB has ended or has become a small record. */
static __attribute__((noinline)) enum check fin_was_acknowledged(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    switch ((enum tcp_state)tcb->state) {
    case TCP_FIN_WAIT_1:
        tcp_enter_state(ctx, tcb, TCP_FIN_WAIT_2, TCP_WHY_ORDINARY);
        if (!tcb->orphan) {
            tcp_held_enters_fin_wait_2(ctx, tcb);
            tcp_signal(ctx, SIGNAL_CLOSE_DONE);
            return GO_ON;
        }
        if (tcb->linger2_ms < 0) { /* L-05 */
            send_reset_reply(ctx, seg);
            tcp_done(ctx, tcb, TCP_OK, TCP_WHY_RST_SENT);
            return DONE;
        }
        if (ctx->profile->data_after_close_rst && tells_of_data(tcb, seg)) {
            send_reset_reply(ctx, seg);
            tcp_done(ctx, tcb, TCP_OK, TCP_WHY_RST_SENT);
            return DONE;
        }
        if (ctx->profile->orphan_fw2_mini && (seg->flags & TCP_FIN))
            return GO_ON; /* this very segment closes the other half too: no small FIN_WAIT_2 in between */
        tcp_orphan_enters_fin_wait_2(ctx, tcb);
        return tcb->state == TCP_CLOSED ? DONE : GO_ON;
    case TCP_CLOSING:
        tcp_become_mini(ctx, tcb, TCP_TIME_WAIT, ctx->profile->time_wait);
        return DONE;
    case TCP_LAST_ACK:
        tcp_done(ctx, tcb, TCP_OK, TCP_WHY_ORDINARY);
        return DONE;
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_2:
    case TCP_CLOSE_WAIT:
    case TCP_TIME_WAIT:
        break;
    }
    return GO_ON;
}

static enum check check_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if ((seg->flags & TCP_ACK) == 0)
        return DONE; /* */
    if (tcb->state == TCP_SYN_RECEIVED && ack_in_syn_received(ctx, tcb, seg) == DONE)
        return DONE;
    if (!take_ack(ctx, tcb, seg))
        return DONE;
    return fin_acknowledged(tcb) ? fin_was_acknowledged(ctx, tcb, seg) : GO_ON;
}

/* TS.Recent is what the segment that covers the left edge of what was last acknowledged carried. */
static void note_timestamp(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    if (!tcb->ts_ok || (seg->options & TCPOPT_TS) == 0 || seq_gt(seg->seq, tcb->rcv.wup))
        return;
    if (!tcb->ts_recent_valid || (int32_t)(seg->tsval - tcb->ts_recent) >= 0 || now_ms(ctx) - tcb->ts_recent_ms > PAWS_IDLE_MS) {
        tcb->ts_recent = seg->tsval;
        tcb->ts_recent_ms = now_ms(ctx);
        tcb->ts_recent_valid = true;
    }
}

/* ---- seventh: text (sixth is URG, which we do not model) ---- */

static bool takes_text(const struct tcb *tcb, const struct segment *seg)
{
    switch ((enum tcp_state)tcb->state) {
    case TCP_ESTABLISHED: /* */
    case TCP_FIN_WAIT_1:
    case TCP_FIN_WAIT_2:
        return true;
    case TCP_CLOSE_WAIT: /* R-106; what was here before is answered all the same (R-115, FACTS 5) */
    case TCP_CLOSING:
    case TCP_LAST_ACK:
        return seq_leq(segment_end(seg), tcb->rcv.nxt);
    case TCP_TIME_WAIT:
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
        return false;
    }
    return false;
}

/* L-11, SHLD-3: new data for an end whose program reads no more; or data that the peer's FIN, a forged one, has cut in two. */
static bool nobody_reads(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct segment *seg)
{
    if (!tcb->shut_read || !tells_of_data(tcb, seg))
        return false;
    if (tcb->state == TCP_FIN_WAIT_1 || tcb->state == TCP_FIN_WAIT_2)
        return ctx->profile->data_after_close_rst;
    return tcb->fin_received && seg->len > 0 && seq_lt(seg->seq, tcb->rcv.nxt) && ctx->profile->data_across_fin_rst;
}

static void fin_arrived(struct tcp_ctx *ctx, struct tcb *tcb);

/* What a segment brings: [seq, end), and the end of it all. */
struct text {
    uint32_t seq, end;
    bool fin;
};

/* Text that is not simply the next: only what is new, and what the window holds, is left of it. False: nothing is, or it waits. */
static __attribute__((noinline)) bool text_is_cut(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t edge,
                                                  struct text *text)
{
    if (edge == tcb->rcv.nxt && seq_geq(text->seq, tcb->rcv.nxt) &&
        !(ctx->profile->zero_window_fin_taken && seg->len == 0 && text->seq == tcb->rcv.nxt)) {
        ack_enter_quick(ctx, tcb); /* no room, and that is what the answer says */
        tcb->ack_now = true;
        return false;
    }
    if (tcb->ooo_fin_seen && seq_gt(text->end, tcb->ooo_fin)) /* nothing lies beyond the FIN */
        text->end = tcb->ooo_fin;
    if (seq_leq(text->end + text->fin, tcb->rcv.nxt)) { /* all of it was here before */
        ack_enter_quick(ctx, tcb);
        if (tcb->sack_ok && ctx->profile->dsack) {
            tcb->dsack_due = true;
            tcb->dsack_left = text->seq;
            tcb->dsack_right = text->end + text->fin;
        }
        tcb->ack_now = true;
        return false;
    }
    if (seq_gt(text->end + text->fin, edge) && !(text->fin && seg->len == 0)) { /* only what the window holds */
        text->end = seq_min(text->end, edge);
        text->fin = text->fin && seq_lt(seg->seq + seg->len, edge);
    }
    if (seq_gt(text->seq, tcb->rcv.nxt)) { /* above a gap: kept, acknowledged at once */
        ack_data_above_gap(ctx, tcb, seg->len, (seg->flags & TCP_PSH) != 0);
        if (reassembly_insert(ctx, tcb, text->seq, text->end + text->fin, seg->conn, text->fin))
            window_above_gap(ctx, tcb, seg->len, text->end);
        return false;
    }
    if (seq_lt(text->seq, tcb->rcv.nxt) && tcb->sack_ok && ctx->profile->dsack && seg->len > 0) {
        tcb->dsack_due = true;
        tcb->dsack_left = text->seq;
        tcb->dsack_right = tcb->rcv.nxt;
    }
    return true;
}

static void take_text(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    struct text text = {.seq = seg->seq, .end = seg->seq + seg->len, .fin = (seg->flags & TCP_FIN) != 0};
    const uint32_t left = window_offered(tcb);
    /* The next text in order, all of it within the window, has nothing cut off. */
    const bool next = text.seq == tcb->rcv.nxt && seg->len + text.fin <= left && !tcb->ooo_fin_seen;
    if (!next && !text_is_cut(ctx, tcb, seg, tcb->rcv.nxt + left, &text))
        return;
    if (text.fin) /* nothing lies beyond it: what waits above a gap is thrown away, and no gap has been filled */
        reassembly_forget(ctx, tcb);
    const bool waited = tcb->ooo_head != 0;
    const bool grows = seq_gt(text.end, tcb->rcv.nxt);
    tcb->rcv.nxt = text.end + text.fin;
    bool reached_fin = text.fin;
    if (waited || tcb->sack_count != 0 || tcb->ooo_fin_seen)
        reached_fin = reassembly_advance(ctx, tcb) || text.fin;
    if (reached_fin)
        tcb->fin_received = true;
    if (grows) {
        window_queued(ctx->profile, tcb, seg->len, true);
        ack_data_received(ctx, tcb, seg->len, (seg->flags & TCP_PSH) != 0);
    } else
        tcb->ack_due = true;
    if (waited && tcb->ooo_head == 0)
        tcb->ack_now = true; /* what fills the last gap is acknowledged at once */
    if (grows || waited)
        tcp_signal(ctx, SIGNAL_READABLE);
    if (reached_fin) {
        if (!text.fin)
            reassembly_forget(ctx, tcb);
        fin_arrived(ctx, tcb);
    }
}

/* ---- eighth: FIN (R-110 to R-116) ---- */

static void fin_arrived(struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->shut_read = true;
    tcb->ack_due = true;
    switch ((enum tcp_state)tcb->state) {
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED: /* */
        tcp_enter_state(ctx, tcb, TCP_CLOSE_WAIT, TCP_WHY_ORDINARY);
        if (ctx->profile->fin_ack_delayed)
            tcb->pingpong = 1; /* FACTS 5: the ACK waits for something to ride on */
        else
            tcb->ack_now = true; /* */
        tcp_signal(ctx, SIGNAL_READABLE);
        return;
    case TCP_FIN_WAIT_1: /* ours is not acknowledged yet, or the ACK check would have moved on */
        send_ack(ctx, tcb);
        tcp_enter_state(ctx, tcb, TCP_CLOSING, TCP_WHY_ORDINARY);
        tcp_signal(ctx, SIGNAL_READABLE);
        return;
    case TCP_FIN_WAIT_2: /* */
        send_ack(ctx, tcb);
        tcp_become_mini(ctx, tcb, TCP_TIME_WAIT, ctx->profile->time_wait);
        return;
    case TCP_CLOSE_WAIT: /* */
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT:
        return;
    }
}

/* The first four checks of what header prediction did not pass. DONE: the segment has been answered, or is dropped. */
static __attribute__((noinline)) enum check check_header(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    /* Simultaneous open: the SYN-ACK that crosses ours begins one number below the window, but it acknowledges our SYN. */
    if (tcb->state == TCP_SYN_RECEIVED && !tcb->passive && (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) &&
        seg->seq + 1 == tcb->rcv.nxt && seg->ack == tcb->snd.nxt)
        return paws_rejects(ctx, tcb, seg) ? DONE : GO_ON;
    if (tcb->state == TCP_SYN_RECEIVED && tcb->passive && (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
        seg->seq == tcb->rcv.irs) {
        /* The peer has not seen our SYN-ACK: it is repeated at once, as seldom as other answers, and its timer starts anew. */
        if (!ctx->profile->synack_repeated) {
            ack_unacceptable(ctx, tcb, seg);
        } else if (!ack_throttled(ctx, tcb)) {
            retransmit_record(ctx, tcb, tcb->sent_head);
            timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION, ctx->now_ns + rto_ns(tcb));
        }
        return DONE;
    }
    if (!zero_window_but_valid(tcb, seg) && check_sequence(ctx, tcb, seg) == DONE)
        return DONE;
    return check_reset(ctx, tcb, seg) == DONE ? DONE : check_syn(ctx, tcb, seg);
}

/* Seventh and eighth. False: it has ended the connection. */
static bool take_text_and_fin(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, bool established)
{
    if (established && seg->len > 0)
        window_measure_echo(ctx, tcb, seg);
    if (nobody_reads(ctx, tcb, seg)) {
        send_reset_reply(ctx, seg);
        tcp_done(ctx, tcb, tcb->state == TCP_CLOSE_WAIT ? TCP_EPIPE : TCP_OK, TCP_WHY_RST_SENT);
        return false;
    }
    if (takes_text(tcb, seg))
        take_text(ctx, tcb, seg);
    return tcb->state != TCP_CLOSED;
}

void tcp_segment_arrives_synchronized(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, bool sequence_checked)
{
    if (!is_next_in_order(tcb, seg) && !sequence_checked && check_header(ctx, tcb, seg) == DONE)
        return;
    note_timestamp(ctx, tcb, seg);
    const bool established = tcb->state == TCP_ESTABLISHED;
    if (check_ack(ctx, tcb, seg) == DONE)
        return;
    if ((seg->len > 0 || (seg->flags & TCP_FIN) != 0) && !take_text_and_fin(ctx, tcb, seg, established))
        return;
    tcp_output(ctx, tcb);
    if (tcb->no_space)
        send_buffer_check(ctx, tcb);
    if (tcb->ack_due || tcb->ack_now)
        ack_schedule_check(ctx, tcb);
}

void tcp_segment_arrives(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg)
{
    const enum tcp_state state = (enum tcp_state)tcb->state;
    if (state >= TCP_SYN_RECEIVED && state <= TCP_LAST_ACK)
        tcp_segment_arrives_synchronized(ctx, tcb, seg, false);
    else if (state == TCP_SYN_SENT)
        opening_segment_arrives(ctx, tcb, seg);
    else /* CLOSED, LISTEN; TIME_WAIT lives in a small record */
        send_reset_reply(ctx, seg);
}
