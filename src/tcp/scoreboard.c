/* SPDX-License-Identifier: MIT */
/* The retransmission queue as a scoreboard: what was acknowledged leaves it, what was SACKed is marked (RFC 2018, 2883, 6675). */
#include "tcp/scoreboard.h"

void scoreboard_mark_lost(struct tcb *tcb, struct tcp_record *record)
{
    if (record->flags & RECORD_SACKED)
        return;
    if (record->flags & RECORD_LOST) {
        if (record->flags & RECORD_RETRANS) { /* its retransmission is lost as well */
            record->flags &= (uint16_t)~RECORD_RETRANS;
            tcb->retrans_out--;
            tcb->lost++;
        }
        return;
    }
    record->flags |= RECORD_LOST;
    tcb->lost_out++;
    tcb->lost++;
}

bool scoreboard_any_resent(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    if (tcb->retrans_out > 0)
        return true;
    return tcb->sent_head != 0 && (record_at(ctx, tcb->sent_head)->flags & RECORD_EVER) != 0;
}

/* A segment below the highest SACKed one arrived without having been resent: the network reorders, by so many segments. */
void scoreboard_note_reordering(struct tcb *tcb, uint32_t low_seq)
{
    if (tcb->sacked_out == 0 || !seq_lt(low_seq, tcb->high_sack))
        return;
    uint32_t metric = tcb->high_sack - low_seq;
    if (metric > tcb->reordering_degree * tcb->mss)
        tcb->reordering_degree = min_u32((metric + tcb->mss - 1) / tcb->mss, 300);
    tcb->reord_seen = true;
}

static void sack_one(struct tcp_ctx *ctx, struct tcb *tcb, struct tcp_record *record, struct ack_news *news, uint32_t *reordered)
{
    if (record->flags & RECORD_SACKED)
        return;
    rack_advance(ctx, tcb, record);
    if (record->flags & RECORD_RETRANS) {
        if (record->flags & RECORD_LOST) {
            record->flags &= (uint16_t) ~(RECORD_LOST | RECORD_RETRANS);
            tcb->lost_out--;
            tcb->retrans_out--;
        }
    } else {
        if ((record->flags & RECORD_EVER) == 0) {
            if (tcb->sacked_out > 0 && seq_lt(record->seq, tcb->high_sack) && seq_lt(record->seq, *reordered))
                *reordered = record->seq;
            if (!seq_gt(record->end, tcb->high_seq))
                news->original_sacked = true;
            if (news->first_sack_ns < 0) {
                news->first_sack_ns = record->sent_ns;
                news->first_sack_order = record->order;
            }
            news->last_sack_ns = record->sent_ns;
        }
        if (record->flags & RECORD_LOST) {
            record->flags &= (uint16_t)~RECORD_LOST;
            tcb->lost_out--;
        }
    }
    record->flags |= RECORD_SACKED;
    if (tcb->sacked_out == 0 || seq_gt(record->seq, tcb->high_sack))
        tcb->high_sack = record->seq;
    tcb->sacked_out++;
    news->delivered++;
    news->sacked = true;
}

/* RFC 2883: a first block below the cumulative ACK, or inside the second, reports a duplicate. */
static bool is_dsack(const struct segment *seg)
{
    if (seq_lt(seg->sack[0].left, seg->ack))
        return true;
    return seg->sack_count > 1 && !seq_gt(seg->sack[0].right, seg->sack[1].right) && !seq_lt(seg->sack[0].left, seg->sack[1].left);
}

static void take_dsack(struct tcp_ctx *ctx, struct tcb *tcb, struct sack_block block, uint32_t prior_una, struct ack_news *news)
{
    uint32_t len = block.right - block.left;
    uint32_t segments = 1;
    if (!seq_lt(block.left, block.right) || len > tcb->snd.max_wnd)
        return;
    if (len > tcb->mss)
        segments = (len + tcb->mss - 1) / tcb->mss;
    else if (tcb->tlp_out && tcb->tlp_high_seq == block.right)
        news->dsack_of_probe = true;
    tcb->dsack_dups += segments;
    if (tcb->dsack_dups > tcb->total_retrans)
        return; /* the network's copy, not a retransmission of ours */
    if (tcb->reord_seen && !news->dsack_of_probe)
        tcb->rack_dsack_seen = true;
    news->dsack = true;
    news->delivered += segments;
    if (!seq_gt(block.right, prior_una) && tcb->undo_possible && seq_gt(block.right, tcb->undo_marker) && tcb->undo_retrans > 0)
        tcb->undo_retrans = tcb->undo_retrans > (int32_t)segments ? tcb->undo_retrans - (int32_t)segments : 0;
    for (uint32_t i = tcb->sent_head; i != 0; i = record_at(ctx, i)->next) {
        struct tcp_record *record = record_at(ctx, i);
        if (seq_lt(record->seq, block.left) || seq_gt(record->end, block.right))
            continue;
        if (tcb->undo_possible && tcb->undo_retrans > 0 && (record->flags & RECORD_EVER) && seq_gt(record->end, tcb->undo_marker))
            tcb->undo_retrans--;
        if (record->flags & RECORD_RETRANS) {
            record->flags &= (uint16_t)~RECORD_RETRANS;
            tcb->retrans_out--;
        }
    }
}

void scoreboard_sack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una, struct ack_news *news)
{
    unsigned first = 0;
    uint32_t reordered = tcb->snd.nxt;
    if (!tcb->sack_ok || (seg->options & TCPOPT_SACK) == 0 || seg->sack_count == 0)
        return;
    if (is_dsack(seg)) {
        take_dsack(ctx, tcb, seg->sack[0], prior_una, news);
        first = 1;
    }
    for (uint32_t i = tcb->sent_head; i != 0 && first < seg->sack_count; i = record_at(ctx, i)->next) {
        struct tcp_record *record = record_at(ctx, i);
        for (unsigned b = first; b < seg->sack_count; b++) {
            if (seq_gt(seg->sack[b].right, tcb->snd.nxt) || !seq_lt(tcb->snd.una, seg->sack[b].right))
                continue; /* never sent, or already acknowledged */
            if (!seq_lt(record->seq, seg->sack[b].left) && !seq_gt(record->end, seg->sack[b].right) && seq_gt(record->end, tcb->snd.una)) {
                sack_one(ctx, tcb, record, news, &reordered);
                break;
            }
        }
    }
    if (seq_lt(reordered, tcb->snd.nxt) && tcb->ca_state != CA_LOSS)
        scoreboard_note_reordering(tcb, reordered);
}

/* The round trip of the first segment that was (S)ACKed is for the timeout, which must not be too short; that of the last, which waited
 * least for its ACK, tells how long the path is. */
void scoreboard_round_trip(struct tcp_ctx *ctx, struct tcb *tcb, int64_t first_us, int64_t last_us, bool syn_acked)
{
    const uint32_t last = (uint32_t)max_i64(last_us, 1);
    if (tcb->min_rtt_us - 1 >= last) /* shorter, or the first */
        tcb->min_rtt_us = last;
    rtt_sample(ctx, tcb, first_us);
    if (!syn_acked)
        cubic_sample(ctx, tcb, last);
}

/* The same where some of them may have been resent: both are below 0 if all were. */
static bool update_rtt(struct tcp_ctx *ctx, struct tcb *tcb, int64_t first_us, int64_t last_us, const struct ack_news *news)
{
    if (first_us < 0 && news->front.acked > 0 && echoes(tcb, news)) {
        /* Karn's rule does not bind a timestamp's echo: it may be as long as an outage (FACTS 3). */
        uint32_t ticks = ts_now(ctx, tcb->ts_offset) - news->seg->tsecr;
        first_us = last_us = (int64_t)max_u32(ticks, 1) * (ctx->profile->ts_clock_ns / NS_PER_US);
    }
    if (first_us < 0)
        return false;
    scoreboard_round_trip(ctx, tcb, first_us, last_us, news->front.syn_acked);
    return true;
}

/* The timestamp that came back is from before the retransmission: it was an earlier sending that arrived. */
static bool echo_is_older(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct tcp_record *record, const struct ack_news *news)
{
    if ((record->flags & (RECORD_RETRANS | RECORD_EVER)) == 0 || !echoes(tcb, news))
        return false;
    return (int32_t)(news->seg->tsecr - ts_at(ctx, record->sent_ns, tcb->ts_offset)) < 0;
}

/* The first of the queue is acknowledged, and was resent or SACKed. */
static void take_other(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news)
{
    const uint32_t index = tcb->sent_head;
    const struct tcp_record *record = record_at(ctx, index);
    if (record->flags & RECORD_RETRANS)
        tcb->retrans_out--;
    if (record->flags & (RECORD_RETRANS | RECORD_EVER))
        news->resent_acked = true;
    if (record->flags & RECORD_SACKED)
        tcb->sacked_out--;
    else if (tcb->sack_ok && !echo_is_older(ctx, tcb, record, news))
        rack_advance(ctx, tcb, record);
    if (record->flags & RECORD_LOST)
        tcb->lost_out--;
    if (record->flags & RECORD_SYN)
        news->front.syn_acked = true;
    news->front.acked++;
    tcb->packets_out--;
    tcb->sent_head = record->next;
    if (tcb->sent_head == 0)
        tcb->sent_tail = 0;
    record_free(ctx, index);
}

void scoreboard_clean(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news)
{
    const struct ack_front *front = &news->front;
    const uint32_t sacked_before = tcb->sacked_out;
    uint32_t reordered = tcb->snd.nxt; /* the first of those that nobody had resent */
    for (;;) {
        const struct tcp_record next = *record_at(ctx, tcb->sent_head);
        const bool none = front->first_ns < 0;
        const bool all = scoreboard_take_front(ctx, tcb, &news->front);
        if (none && front->first_ns >= 0) {
            reordered = next.seq;
            if (!seq_gt(next.end, tcb->high_seq))
                news->original_sacked = true;
        }
        if (all)
            break;
        take_other(ctx, tcb, news);
    }
    if (tcb->sent_head != 0 && record_at(ctx, tcb->sent_head)->flags & RECORD_SACKED)
        news->reneged = true; /* the receiver acknowledged up to what it once SACKed and no further */
    const bool known = front->first_ns >= 0 && !news->resent_acked, sacked = news->first_sack_ns >= 0;
    const int64_t sack_rtt_us = sacked ? measured_us(ctx, news->first_sack_ns) : -1;
    const int64_t first_us = known ? measured_us(ctx, front->first_ns) : sack_rtt_us;
    const int64_t last_us = sacked ? measured_us(ctx, news->last_sack_ns) : known ? measured_us(ctx, front->last_ns) : -1;
    const bool updated = update_rtt(ctx, tcb, first_us, last_us, news);
    if (front->acked > 0) {
        news->set_timer = true;
        if (!tcb->sack_ok) { /* duplicate ACKs stood for arrivals; what an advance covers is counted off */
            if (news->resent_acked) /* which of them arrived first is not known: no proof of a spurious timeout */
                news->original_sacked = false;
            news->delivered += front->acked > tcb->sacked_out ? front->acked - tcb->sacked_out : 0;
            tcb->sacked_out = tcb->sacked_out > front->acked - 1 ? tcb->sacked_out - (front->acked - 1) : 0;
        } else {
            news->delivered += front->acked - (sacked_before - tcb->sacked_out);
            if (seq_lt(reordered, news->prior_fack)) /* a hole was filled that nobody had resent */
                scoreboard_note_reordering(tcb, reordered);
        }
    } else if (tcb->sent_head != 0 && updated && sack_rtt_us >= 0) {
        /* What was sent after the front's last sending says nothing about the front: it must not put its timeout off. */
        const struct tcp_record *first = record_at(ctx, tcb->sent_head);
        news->set_timer =
            news->first_sack_ns < first->sent_ns || (news->first_sack_ns == first->sent_ns && seq_lt(news->first_sack_order, first->order));
    }
}
