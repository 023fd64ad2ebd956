/* SPDX-License-Identifier: MIT */
/* The retransmission queue: what an ACK takes from it, and what is sent again (RFC 6298 section 5, RFC 5681). */
#include "tcp/internal.h"

enum { CA_OPEN, CA_LOSS = 4 };

/* Everything acknowledged leaves the queue. Returns how many segments; *rtt_us: the sample, or -1 (Karn: R-164). */
static uint32_t take_acknowledged(struct tcp_ctx *ctx, struct tcb *tcb, int64_t *rtt_us)
{
    uint32_t count = 0;
    bool resent = false;
    int64_t first_ns = -1;
    while (tcb->sent_head != 0 && seq_leq(record_at(ctx, tcb->sent_head)->end, tcb->snd.una)) {
        uint32_t index = tcb->sent_head;
        struct tcp_record *record = record_at(ctx, index);
        if (record->flags & (RECORD_RETRANS | RECORD_EVER))
            resent = true;
        else if (first_ns < 0)
            first_ns = record->sent_ns;
        if (record->flags & RECORD_SACKED)
            tcb->sacked_out--;
        if (record->flags & RECORD_LOST)
            tcb->lost_out--;
        if (record->flags & RECORD_RETRANS)
            tcb->retrans_out--;
        tcb->packets_out--;
        count++;
        tcb->sent_head = record->next;
        record_free(ctx, index);
    }
    if (tcb->sent_head == 0)
        tcb->sent_tail = 0;
    *rtt_us = first_ns >= 0 && !resent ? (ctx->now_ns - first_ns) / NS_PER_US : -1;
    return count;
}

static void grow_window(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t acked)
{
    if (ctx->profile->cc == 0 || !tcb->cwnd_limited)
        return;
    if (tcb->cwnd < tcb->ssthresh) {
        uint32_t room = min_u32(acked, tcb->ssthresh - tcb->cwnd);
        tcb->cwnd += room;
        acked -= room;
    }
    tcb->cwnd_count += acked;
    if (tcb->cwnd_count >= tcb->cwnd) {
        tcb->cwnd_count -= tcb->cwnd;
        tcb->cwnd++;
    }
}

void recovery_ack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una, uint32_t prior_in_flight,
                  bool window_changed)
{
    (void)prior_in_flight;
    (void)window_changed;
    int64_t rtt_us;
    uint32_t acked = take_acknowledged(ctx, tcb, &rtt_us);
    if (acked == 0 && tcb->snd.una == prior_una)
        return;
    tcb->progress_ns = ctx->now_ns;
    if (rtt_us < 0 && tcb->ts_ok && (seg->options & TCPOPT_TS) && seg->tsecr != 0 &&
        acked > 0) /* Karn's rule does not bind a timestamp's echo */
        rtt_us = (int64_t)max_u32(ts_now(ctx, tcb->ts_offset) - seg->tsecr, 1) * (ctx->profile->ts_clock_ns / NS_PER_US);
    if (rtt_us >= 0)
        rtt_sample(ctx, tcb, rtt_us);
    if (tcb->ca_state == CA_LOSS && seq_geq(tcb->snd.una, tcb->high_seq))
        tcb->ca_state = CA_OPEN;
    if (acked > 0) {
        tcb->retransmits = 0;
        tcb->first_rto_ns = 0;
        grow_window(ctx, tcb, acked);
        rto_rearm(ctx, tcb);
    }
    if (tcb->ca_state == CA_LOSS)
        recovery_continue(ctx, tcb);
    if (!tcb->orphan && acked > 0)
        tcp_signal(ctx, SIGNAL_WRITABLE);
}

void recovery_continue(struct tcp_ctx *ctx, struct tcb *tcb)
{
    for (uint32_t i = tcb->sent_head; i != 0; i = record_at(ctx, i)->next) {
        struct tcp_record *record = record_at(ctx, i);
        if ((record->flags & RECORD_LOST) == 0 || (record->flags & RECORD_RETRANS))
            continue;
        if (packets_in_flight(tcb) >= tcb->cwnd || !retransmit_record(ctx, tcb, i))
            return;
    }
}

void recovery_rto(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->ca_state != CA_LOSS && ctx->profile->cc != 0)
        tcb->ssthresh = max_u32(packets_in_flight(tcb) / 2, 2);
    tcb->ca_state = CA_LOSS;
    tcb->high_seq = tcb->snd.nxt;
    if (ctx->profile->cc != 0)
        tcb->cwnd = 1;
    tcb->lost_out = tcb->retrans_out = 0;
    for (uint32_t i = tcb->sent_head; i != 0; i = record_at(ctx, i)->next) {
        struct tcp_record *record = record_at(ctx, i);
        record->flags &= (uint16_t)~RECORD_RETRANS;
        record->flags |= RECORD_LOST;
        tcb->lost_out++;
    }
    retransmit_record(ctx, tcb, tcb->sent_head);
}

void recovery_arm_after_send(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (!timer_runs(tcb, SLOT_RETRANSMIT) || tcb->slot[SLOT_RETRANSMIT].kind == TIMER_PERSIST) {
        tcb->progress_ns = ctx->now_ns;
        rto_rearm(ctx, tcb);
    }
}

void recovery_probe(struct tcp_ctx *ctx, struct tcb *tcb)
{
    rto_rearm(ctx, tcb);
}

void recovery_reorder_timeout(struct tcp_ctx *ctx, struct tcb *tcb)
{
    rto_rearm(ctx, tcb);
}
