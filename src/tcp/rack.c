/* SPDX-License-Identifier: MIT */
/* RFC 8985: RACK, loss detection by time; and tail loss probes (section 7). */
#include "tcp/scoreboard.h"

void rack_advance(struct tcp_ctx *ctx, struct tcb *tcb, const struct tcp_record *record)
{
    int64_t rtt_us = measured_us(ctx, record->sent_ns);
    if (rtt_us < (int64_t)tcb->min_rtt_us && (record->flags & (RECORD_RETRANS | RECORD_EVER)))
        return; /* too soon for an answer to the retransmission: it was the original that arrived */
    rack_arrived(tcb, record->sent_ns, record->order, rtt_us);
}

static int64_t reordering_window_us(const struct tcb *tcb)
{
    if (!tcb->reord_seen && (tcb->ca_state >= CA_RECOVERY || tcb->sacked_out >= tcb->reordering_degree))
        return 0;
    return min_i64((int64_t)(tcb->min_rtt_us >> 2) * (tcb->reo_steps + 1), (int64_t)(tcb->srtt_us >> 3));
}

int64_t rack_time_left(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct tcp_record *record, int64_t reo_wnd_us)
{
    return (int64_t)tcb->rack_rtt_us + reo_wnd_us - measured_us(ctx, record->sent_ns);
}

/* Whatever was sent before the latest segment known to have arrived, and long enough ago, is lost. Returns the time until the
 * last of those that may still be merely reordered, us; 0: none. */
static int64_t detect_loss(struct tcp_ctx *ctx, struct tcb *tcb)
{
    const int64_t window = reordering_window_us(tcb);
    int64_t wait = 0;
    for (uint32_t i = tcb->sent_head; i != 0; i = record_at(ctx, i)->next) {
        struct tcp_record *record = record_at(ctx, i);
        if (record->flags & RECORD_SACKED)
            continue;
        if ((record->flags & RECORD_LOST) && (record->flags & RECORD_RETRANS) == 0)
            continue;
        if (!sent_after(tcb->rack_sent_ns, record->sent_ns, tcb->rack_order, record->order))
            continue;
        int64_t left = rack_time_left(ctx, tcb, record, window);
        /* The round trip is that of the last segment looked at, not of the one sent last. What one instant holds is told apart by its
         * order: a segment that went a moment later than the one measured has that moment left. */
        if (left < 0 || (left == 0 && !seq_gt(record->order, tcb->rack_rtt_order)))
            scoreboard_mark_lost(tcb, record);
        else
            wait = max_i64(wait, max_i64(left, 1));
    }
    return wait;
}

bool rack_mark_lost(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!tcb->rack_advanced)
        return false;
    tcb->rack_advanced = false;
    int64_t wait_us = detect_loss(ctx, tcb);
    if (wait_us == 0)
        return false;
    timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_REORDERING,
              ctx->now_ns + timer_ticks(ctx->profile, wait_us * NS_PER_US + ctx->profile->timeout_min));
    return true;
}

void recovery_reorder_timeout(struct tcp_ctx *ctx, struct tcb *tcb)
{
    uint32_t before = packets_in_flight(tcb);
    int64_t wait_us = detect_loss(ctx, tcb);
    if (before != packets_in_flight(tcb)) {
        if (tcb->ca_state != CA_RECOVERY) {
            recovery_enter(ctx, tcb);
            congestion_reduce(tcb, 1, 0, false);
        }
        recovery_continue(ctx, tcb);
    }
    if (wait_us != 0 && !timer_runs(tcb, SLOT_RETRANSMIT))
        timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_REORDERING,
                  ctx->now_ns + timer_ticks(ctx->profile, wait_us * NS_PER_US + ctx->profile->timeout_min));
    else if (!timer_runs(tcb, SLOT_RETRANSMIT))
        rto_rearm(ctx, tcb);
}

#define REO_STEPS_MOST 254u

/* Reported duplicates widen the window by a step a round, for sixteen recoveries. */
void rack_update_window(struct tcb *tcb)
{
    if (tcb->rack_dsack_seen) {
        tcb->reo_steps = (uint8_t)min_u32(tcb->reo_steps + 1u, REO_STEPS_MOST);
        tcb->rack_dsack_seen = false;
        tcb->reo_persist = 16;
    } else if (tcb->reo_persist == 0) {
        tcb->reo_steps = 0;
    }
}

/* ---- tail loss probe ---- */

static int64_t rto_left_us(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    return (record_at(ctx, tcb->sent_head)->sent_ns + rto_ns(tcb) - ctx->now_ns) / NS_PER_US;
}

bool tlp_schedule(struct tcp_ctx *ctx, struct tcb *tcb, bool advancing)
{
    if (!ctx->profile->tlp || !tcb->sack_ok || tcb->packets_out == 0 || (tcb->ca_state != CA_OPEN && tcb->ca_state != CA_CWR))
        return false;
    int64_t wait_us = ctx->profile->rto_initial / NS_PER_US;
    if (tcb->rtt_seen) /* 2*SRTT, and room for a delayed ACK where only one segment is out */
        wait_us = (int64_t)(tcb->srtt_us >> 2) + (tcb->packets_out == 1 ? ctx->profile->rto_min : ctx->profile->timeout_min) / NS_PER_US;
    int64_t limit_us = advancing ? (int64_t)tcb->rto_us : rto_left_us(ctx, tcb);
    if (limit_us > 0)
        wait_us = min_i64(wait_us, limit_us);
    timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_TAIL_LOSS_PROBE, ctx->now_ns + timer_ticks(ctx->profile, wait_us * NS_PER_US));
    return true;
}

void recovery_probe(struct tcp_ctx *ctx, struct tcb *tcb)
{
    bool sent = false;
    if (!tcb->tlp_out && tcb->packets_out > 0) {
        uint32_t len = min_u32(tcb->snd.end - tcb->snd.nxt, current_mss(tcb));
        tcb->tlp_retrans = false;
        if (has_unsent(tcb) && seq_leq(tcb->snd.nxt + len, window_edge(tcb))) {
            sent = send_one_new(ctx, tcb, UINT32_MAX, false); /* new data, if there is any */
        } else {
            bool counted = (record_at(ctx, tcb->sent_tail)->flags & RECORD_RETRANS) != 0;
            uint32_t tail = tcb->sent_tail;
            sent = retransmit_record(ctx, tcb, tail);
            if (sent && !counted) { /* a probe is no retransmission of recovery's */
                record_at(ctx, tail)->flags &= (uint16_t)~RECORD_RETRANS;
                tcb->retrans_out--;
            }
            tcb->tlp_retrans = sent;
            if (sent)
                tcb->total_retrans++;
        }
        if (sent) {
            tcb->tlp_out = true;
            tcb->tlp_high_seq = tcb->snd.nxt;
            tcb->slot[SLOT_RETRANSMIT].kind = TIMER_NONE; /* the RTO starts again with its full length */
        }
    }
    if (tcb->packets_out > 0)
        rto_rearm(ctx, tcb);
}

void tlp_acknowledged(struct tcp_ctx *ctx, struct tcb *tcb, const struct ack_news *news)
{
    if (!tcb->tlp_out || seq_lt(tcb->snd.una, tcb->tlp_high_seq))
        return;
    if (!tcb->tlp_retrans || news->dsack_of_probe) {
        tcb->tlp_out = false;
    } else if (seq_gt(tcb->snd.una, tcb->tlp_high_seq)) { /* the probe repaired a loss: it counts as one */
        congestion_begin_reduction(ctx, tcb);
        tcb->ca_state = CA_CWR;
        congestion_end_reduction(tcb);
        recovery_keep_open(ctx, tcb);
    } else if (!news->advanced && !news->not_duplicate && !news->sacked) {
        tcb->tlp_out = false; /* a pure duplicate ACK: both the original and the probe arrived */
    }
}
