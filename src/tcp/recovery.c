/* SPDX-License-Identifier: MIT */
/* Loss recovery: the states Open, Disorder, CWR, Recovery and Loss, what an ACK means in each, what is resent, and when a
 * reduction turns out to have been needless (RFC 5681, 6582, 6675, 8985; Eifel RFC 3522 and DSACK RFC 3708; F-RTO RFC 5682). */
#include "tcp/scoreboard.h"

enum resend { RESEND_NOTHING, RESEND_LOST, RESEND_NEW_FIRST };

/* ---- undo ---- */

static void begin_undo(struct tcb *tcb)
{
    tcb->undo_possible = true;
    tcb->undo_marker = tcb->snd.una;
    tcb->undo_retrans = (int32_t)tcb->retrans_out + (tcb->tlp_out && tcb->tlp_retrans ? 1 : 0);
    if (tcb->undo_retrans == 0)
        tcb->undo_retrans = -1;
}

/* Eifel: the ACK echoes a timestamp older than the first retransmission, so the original had arrived. */
static bool original_was_only_late(const struct tcb *tcb, const struct ack_news *news)
{
    return tcb->stamp_valid && echoes(tcb, news) && (int32_t)(news->seg->tsecr - tcb->retrans_stamp) < 0;
}

static bool may_undo(const struct tcb *tcb, const struct ack_news *news)
{
    return tcb->undo_possible && (tcb->undo_retrans == 0 || original_was_only_late(tcb, news));
}

static void undo_reduction(struct tcp_ctx *ctx, struct tcb *tcb, bool unmark)
{
    if (unmark) {
        for (uint32_t i = tcb->sent_head; i != 0; i = record_at(ctx, i)->next)
            record_at(ctx, i)->flags &= (uint16_t)~RECORD_LOST;
        tcb->lost_out = 0;
    }
    if (tcb->prior_ssthresh != 0) {
        tcb->cwnd = max_u32(tcb->cwnd, tcb->prior_cwnd);
        tcb->ssthresh = max_u32(tcb->ssthresh, tcb->prior_ssthresh);
    }
    tcb->undo_possible = false;
    tcb->rack_advanced = true;
}

/* Without SACK the end of a recovery must not be taken for its beginning: stay until something above high_seq is acknowledged (RFC 6582).
 */
static bool hold_for_newreno(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->sack_ok || tcb->snd.una != tcb->high_seq)
        return false;
    if (!scoreboard_any_resent(ctx, tcb))
        tcb->stamp_valid = false;
    return true;
}

static bool try_undo_recovery(struct tcp_ctx *ctx, struct tcb *tcb, const struct ack_news *news)
{
    if (may_undo(tcb, news))
        undo_reduction(ctx, tcb, false);
    else if (tcb->reo_persist > 0)
        tcb->reo_persist--;
    if (hold_for_newreno(ctx, tcb))
        return true;
    tcb->ca_state = CA_OPEN;
    return false;
}

static bool try_undo_dsack(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!tcb->undo_possible || tcb->undo_retrans != 0)
        return false;
    if (tcb->reo_persist < 255)
        tcb->reo_persist++;
    undo_reduction(ctx, tcb, false);
    return true;
}

void recovery_keep_open(struct tcp_ctx *ctx, struct tcb *tcb)
{
    uint8_t state = tcb->sacked_out + tcb->lost_out > 0 || scoreboard_any_resent(ctx, tcb) ? CA_DISORDER : CA_OPEN;
    if (tcb->ca_state != state) {
        tcb->ca_state = state;
        tcb->high_seq = tcb->snd.nxt;
    }
}

static void clear_stamp_if_quiet(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!scoreboard_any_resent(ctx, tcb)) {
        tcb->stamp_valid = false;
        tcb->first_rto_ns = 0;
    }
}

static bool try_undo_loss(struct tcp_ctx *ctx, struct tcb *tcb, const struct ack_news *news, bool spurious)
{
    if (!spurious && !may_undo(tcb, news))
        return false;
    undo_reduction(ctx, tcb, true);
    tcb->retransmits = 0;
    if (hold_for_newreno(ctx, tcb))
        return true;
    if (spurious || tcb->sack_ok)
        tcb->ca_state = CA_OPEN;
    return true;
}

/* A hole was filled by a delayed original: reordering, not loss. True: send new data only. */
static bool try_undo_partial(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t prior_una, const struct ack_news *news)
{
    if (!tcb->undo_possible || !original_was_only_late(tcb, news))
        return false;
    scoreboard_note_reordering(tcb, prior_una);
    if (tcb->retrans_out > 0)
        return true;
    clear_stamp_if_quiet(ctx, tcb);
    undo_reduction(ctx, tcb, true);
    recovery_keep_open(ctx, tcb);
    return false;
}

/* ---- entering ---- */

void recovery_enter(struct tcp_ctx *ctx, struct tcb *tcb)
{
    tcb->prior_ssthresh = 0;
    begin_undo(tcb);
    if (!in_reduction(tcb)) {
        tcb->prior_ssthresh = congestion_current_ssthresh(tcb);
        congestion_begin_reduction(ctx, tcb);
    }
    tcb->ca_state = CA_RECOVERY;
}

/* An RTO takes for lost what was sent long enough ago (all of it, without RACK), and begins again from one segment. */
static void enter_loss(struct tcp_ctx *ctx, struct tcb *tcb)
{
    const bool fresh = tcb->ca_state < CA_RECOVERY;
    const bool reneged = (record_at(ctx, tcb->sent_head)->flags & RECORD_SACKED) != 0;
    if (reneged || !tcb->sack_ok)
        tcb->sacked_out = 0;
    for (uint32_t i = tcb->sent_head; i != 0; i = record_at(ctx, i)->next) {
        struct tcp_record *record = record_at(ctx, i);
        if (reneged)
            record->flags &= (uint16_t)~RECORD_SACKED;
        else if (i != tcb->sent_head && ctx->profile->rack && tcb->sack_ok && rack_time_left(ctx, tcb, record, 0) > 0)
            continue; /* sent only just now */
        scoreboard_mark_lost(tcb, record);
    }
    if (tcb->ca_state <= CA_DISORDER || !seq_gt(tcb->high_seq, tcb->snd.una) || (tcb->ca_state == CA_LOSS && tcb->retransmits == 0)) {
        tcb->prior_ssthresh = congestion_current_ssthresh(tcb);
        tcb->prior_cwnd = tcb->cwnd;
        tcb->ssthresh = congestion_ssthresh(ctx, tcb);
        begin_undo(tcb);
    }
    if (ctx->profile->cc != 0)
        tcb->cwnd = packets_in_flight(tcb) + 1;
    tcb->cwnd_count = 0;
    if (tcb->ca_state <= CA_DISORDER && tcb->sacked_out >= DUP_ACK_THRESHOLD)
        tcb->reordering_degree = min_u32(tcb->reordering_degree, DUP_ACK_THRESHOLD);
    tcb->ca_state = CA_LOSS;
    cubic_begin(ctx, tcb);
    tcb->high_seq = tcb->snd.nxt;
    tcb->tlp_out = false;
    tcb->frto = ctx->profile->rack && (fresh || tcb->retransmits > 0);
}

static bool resend(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t index)
{
    if (!retransmit_record(ctx, tcb, index))
        return false;
    tcb->total_retrans++;
    if (!tcb->stamp_valid) {
        tcb->stamp_valid = true;
        tcb->retrans_stamp = ts_now(ctx, tcb->ts_offset);
    }
    if (tcb->first_rto_ns == 0)
        tcb->first_rto_ns = ctx->now_ns;
    if (tcb->undo_retrans < 0)
        tcb->undo_retrans = 0;
    tcb->undo_retrans++;
    return true;
}

void recovery_rto(struct tcp_ctx *ctx, struct tcb *tcb)
{
    enter_loss(ctx, tcb);
    if (tcb->retransmits < UINT8_MAX)
        tcb->retransmits++;
    resend(ctx, tcb, tcb->sent_head); /* the front of the queue */
}

/* ---- an ACK arrives ---- */

/* Without SACK a duplicate ACK stands for one segment that has left the network. */
static void count_duplicate(struct tcb *tcb, uint32_t duplicates, struct ack_news *news)
{
    if (duplicates == 0 || tcb->sack_ok)
        return;
    uint32_t room = tcb->packets_out - tcb->lost_out;
    uint32_t before = tcb->sacked_out;
    tcb->sacked_out = min_u32(tcb->sacked_out + duplicates, room > 0 ? room - 1 : 0);
    if (tcb->sacked_out > before)
        news->delivered += tcb->sacked_out - before;
}

static void mark_front(struct tcp_ctx *ctx, struct tcb *tcb, bool advanced)
{
    bool enough = tcb->ca_state < CA_RECOVERY ? tcb->sacked_out >= tcb->reordering_degree : tcb->ca_state == CA_RECOVERY && advanced;
    if (enough && (record_at(ctx, tcb->sent_head)->flags & RECORD_LOST) == 0) {
        if (tcb->sacked_out > 0 && tcb->sacked_out + tcb->lost_out + 1 > tcb->packets_out)
            tcb->sacked_out--;
        scoreboard_mark_lost(tcb, record_at(ctx, tcb->sent_head));
    }
}

static void identify_loss(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news)
{
    if (tcb->sent_head == 0)
        return;
    if (!tcb->sack_ok) {
        mark_front(ctx, tcb, news->advanced);
    } else if (ctx->profile->rack) {
        uint32_t before = tcb->retrans_out;
        if (rack_mark_lost(ctx, tcb))
            news->set_timer = false;
        if (before > tcb->retrans_out)
            news->lost_retransmission = true;
    }
}

static void try_to_open(struct tcp_ctx *ctx, struct tcb *tcb)
{
    clear_stamp_if_quiet(ctx, tcb);
    if (tcb->ca_state != CA_CWR)
        recovery_keep_open(ctx, tcb);
}

static enum resend in_loss(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news, uint32_t duplicates)
{
    const bool recovered = !seq_lt(tcb->snd.una, tcb->high_seq);
    if (news->advanced && try_undo_loss(ctx, tcb, news, false))
        return RESEND_NOTHING;
    if (tcb->frto) { /* RFC 5682 section 3.1: was the timeout spurious? */
        if (news->original_sacked && try_undo_loss(ctx, tcb, news, true))
            return RESEND_NOTHING;
        if (seq_gt(tcb->snd.nxt, tcb->high_seq)) {
            if (news->sacked || duplicates > 0)
                tcb->frto = false;
        } else if (news->advanced && !recovered) {
            tcb->high_seq = tcb->snd.nxt;
            if (has_unsent(tcb) && seq_gt(window_edge(tcb), tcb->snd.nxt))
                return RESEND_NEW_FIRST;
            tcb->frto = false;
        }
    }
    if (recovered) {
        try_undo_recovery(ctx, tcb, news);
        return RESEND_NOTHING;
    }
    if (!tcb->sack_ok) {
        if (seq_gt(tcb->snd.nxt, tcb->high_seq) && duplicates > 0)
            count_duplicate(tcb, duplicates, news);
        else if (news->advanced)
            tcb->sacked_out = 0;
    }
    return RESEND_LOST;
}

static enum resend in_open_or_disorder(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news, uint32_t duplicates)
{
    if (!tcb->sack_ok) {
        if (news->advanced)
            tcb->sacked_out = 0;
        count_duplicate(tcb, duplicates, news);
    }
    if (tcb->ca_state <= CA_DISORDER)
        try_undo_dsack(ctx, tcb);
    identify_loss(ctx, tcb, news);
    if (tcb->lost_out == 0) {
        try_to_open(ctx, tcb);
        return RESEND_NOTHING;
    }
    recovery_enter(ctx, tcb);
    return RESEND_LOST;
}

static enum resend judge_ack(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news, uint32_t prior_una, uint32_t duplicates)
{
    if (tcb->packets_out == 0)
        tcb->sacked_out = 0;
    if (news->reneged && tcb->sent_head != 0) { /* RFC 2018 section 8: everything may have been dropped again; wait a little for proof */
        timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION,
                  ctx->now_ns + max_i64((int64_t)(tcb->srtt_us >> 4) * NS_PER_US, 10 * NS_PER_MS));
        news->set_timer = false;
        return RESEND_NOTHING;
    }
    if (tcb->ca_state == CA_OPEN) {
        if (tcb->retrans_out == 0) {
            tcb->stamp_valid = false;
            tcb->first_rto_ns = 0;
        }
    } else if (!seq_lt(tcb->snd.una, tcb->high_seq)) {
        if (tcb->ca_state == CA_CWR && tcb->snd.una != tcb->high_seq) {
            congestion_end_reduction(tcb);
            tcb->ca_state = CA_OPEN;
        } else if (tcb->ca_state == CA_RECOVERY) {
            if (!tcb->sack_ok)
                tcb->sacked_out = 0;
            uint8_t was = tcb->ca_state;
            if (try_undo_recovery(ctx, tcb, news))
                return RESEND_NOTHING;
            tcb->ca_state = was;
            congestion_end_reduction(tcb);
            tcb->ca_state = CA_OPEN;
        }
    }
    switch ((enum ca_state)tcb->ca_state) {
    case CA_RECOVERY:
        if (!news->advanced)
            count_duplicate(tcb, duplicates, news);
        else if (try_undo_partial(ctx, tcb, prior_una, news))
            return RESEND_NOTHING;
        if (try_undo_dsack(ctx, tcb))
            try_to_open(ctx, tcb);
        identify_loss(ctx, tcb, news);
        if (tcb->ca_state != CA_RECOVERY) {
            if (tcb->lost_out == 0)
                return RESEND_NOTHING;
            recovery_enter(ctx, tcb);
        }
        return RESEND_LOST;
    case CA_LOSS: {
        enum resend what = in_loss(ctx, tcb, news, duplicates);
        identify_loss(ctx, tcb, news);
        if (tcb->ca_state != CA_OPEN && !news->lost_retransmission)
            return what;
        enum resend more = in_open_or_disorder(ctx, tcb, news, 0);
        return more == RESEND_NOTHING ? what : more;
    }
    case CA_OPEN:
    case CA_DISORDER:
    case CA_CWR:
        break;
    }
    return in_open_or_disorder(ctx, tcb, news, duplicates);
}

/* A tail loss probe where one may be, or the RTO (RFC 6298 sections 5.1 and 5.3). */
static void set_timer(struct tcp_ctx *ctx, struct tcb *tcb, bool advancing)
{
    if (tcb->packets_out == 0 || !tlp_schedule(ctx, tcb, advancing))
        rto_rearm(ctx, tcb);
}

/* The SYN is acknowledged; if it was resent, less is known than otherwise. */
static void finish_handshake(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!tcb->rtt_seen) { /* R-167, L-19: the SYN was resent, and there is no sample */
        if (tcb->retransmits > 0)
            tcb->rto_us = (uint32_t)(max_i64(3 * NS_PER_S, ctx->profile->rto_initial) / NS_PER_US);
        tcb->rttvar_us = tcb->mdev_us = tcb->mdev_max_us = tcb->rto_us;
    }
    if (tcb->retransmits > 1 && ctx->profile->cc != 0)
        tcb->cwnd = 1; /* RFC 5681 section 3.1 */
}

/* An ACK about which more must be asked; `front` is what it has taken off already. */
static __attribute__((noinline)) void doubtful_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una,
                                                   bool window_changed, const struct ack_front *front)
{
    struct ack_news news = {.seg = seg,
                            .front = *front,
                            .first_sack_ns = -1,
                            .last_sack_ns = -1,
                            .lost_before = tcb->lost,
                            .advanced = seq_gt(tcb->snd.una, prior_una)};
    news.prior_fack = tcb->sacked_out > 0 && tcb->sack_ok ? tcb->high_sack : prior_una;
    const uint32_t prior_packets = tcb->packets_out + front->acked;
    const bool old = seq_lt(seg->ack, prior_una);
    if (news.advanced)
        tcb->progress_ns = ctx->now_ns;
    scoreboard_sack(ctx, tcb, seg, prior_una, &news);
    if (prior_packets > 0)
        scoreboard_clean(ctx, tcb, &news);
    if (news.front.syn_acked)
        finish_handshake(ctx, tcb);
    if (news.advanced)
        tcb->retransmits = 0;
    rack_update_window(tcb);
    news.not_duplicate = news.front.acked > 0 || window_changed || seg->len > 0 || (seg->flags & TCP_FIN) != 0;
    tlp_acknowledged(ctx, tcb, &news);
    enum resend what = RESEND_NOTHING;
    const bool dubious = !news.not_duplicate || news.sacked || news.dsack || tcb->ca_state != CA_OPEN;
    if (dubious && (prior_packets > 0 || news.dsack)) {
        uint32_t duplicates = !old && !news.advanced && !news.not_duplicate && !news.dsack ? 1 : 0;
        what = judge_ack(ctx, tcb, &news, prior_una, duplicates);
    }
    if (old)
        return;
    if (news.set_timer)
        set_timer(ctx, tcb, true);
    if (in_reduction(tcb))
        congestion_reduce(tcb, news.delivered, tcb->lost - news.lost_before, news.advanced);
    else if (data_acked(&news.front) || (tcb->reordering_degree > DUP_ACK_THRESHOLD && (news.advanced || news.sacked)))
        congestion_acked(ctx, tcb, news.delivered);
    if (what == RESEND_NEW_FIRST) {
        tcp_output(ctx, tcb);
        if (!seq_gt(tcb->snd.nxt, tcb->high_seq)) {
            tcb->frto = false;
            recovery_continue(ctx, tcb);
        }
    } else if (what == RESEND_LOST) {
        recovery_continue(ctx, tcb);
    }
}

/* An advance, where nothing is in doubt. */
static __attribute__((noinline)) void ordinary_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una,
                                                   bool window_changed)
{
    struct ack_front front = {.first_ns = -1};
    if (!scoreboard_take_front(ctx, tcb, &front) || front.acked == 0) {
        const struct ack_front taken = front;
        doubtful_ack(ctx, tcb, seg, prior_una, window_changed, &taken);
        return;
    }
    tcb->progress_ns = ctx->now_ns;
    tcb->retransmits = 0;
    scoreboard_round_trip(ctx, tcb, front.first_ns == front.last_ns ? front.last_us : measured_us(ctx, front.first_ns), front.last_us,
                          front.syn_acked);
    set_timer(ctx, tcb, true);
    if ((data_acked(&front) || tcb->reordering_degree > DUP_ACK_THRESHOLD) && congestion_may_grow(tcb))
        congestion_acked(ctx, tcb, front.acked);
}

void recovery_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una, bool window_changed)
{
    static const struct ack_front nothing = {.first_ns = -1};
    if (seg->sack_count != 0 || recovery_in_doubt(tcb))
        doubtful_ack(ctx, tcb, seg, prior_una, window_changed, &nothing);
    else if (tcb->snd.una != prior_una)
        ordinary_ack(ctx, tcb, seg, prior_una, window_changed);
    else if (tcb->packets_out != 0 && !window_changed && seg->len == 0 && (seg->flags & TCP_FIN) == 0)
        doubtful_ack(ctx, tcb, seg, prior_una, window_changed, &nothing); /* a duplicate */
}

/* ---- sending again ---- */

void recovery_continue(struct tcp_ctx *ctx, struct tcb *tcb)
{
    bool front = false;
    for (uint32_t i = tcb->sent_head; i != 0 && tcb->retrans_out < tcb->lost_out; i = record_at(ctx, i)->next) {
        const struct tcp_record *record = record_at(ctx, i);
        if (packets_in_flight(tcb) >= tcb->cwnd)
            break;
        if ((record->flags & RECORD_LOST) == 0 || (record->flags & (RECORD_SACKED | RECORD_RETRANS)))
            continue;
        if (!resend(ctx, tcb, i))
            break;
        if (in_reduction(tcb))
            tcb->prr_out++;
        if (i == tcb->sent_head && tcb->slot[SLOT_RETRANSMIT].kind != TIMER_REORDERING)
            front = true;
    }
    if (front)
        timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_RETRANSMISSION, ctx->now_ns + rto_ns(tcb));
}

void recovery_arm_after_send(struct tcp_ctx *ctx, struct tcb *tcb)
{
    const struct tcp_timer_slot *slot = &tcb->slot[SLOT_RETRANSMIT];
    if (!timer_runs(tcb, SLOT_RETRANSMIT) || slot->kind == TIMER_PERSIST) {
        tcb->progress_ns = ctx->now_ns;
        timer_stop(ctx, tcb, SLOT_RETRANSMIT);
        set_timer(ctx, tcb, false);
        return;
    }
    if (slot->kind == TIMER_TAIL_LOSS_PROBE)
        rto_rearm(ctx, tcb);
    tlp_schedule(ctx, tcb, false);
}
