/* SPDX-License-Identifier: MIT */
/* What one ACK brought, handed along the steps of recovery: scoreboard -> rack -> recovery -> congestion. */
#ifndef LASTACK_TCP_SCOREBOARD_H
#define LASTACK_TCP_SCOREBOARD_H

#include "tcp/internal.h"

enum ca_state { CA_OPEN, CA_DISORDER, CA_CWR, CA_RECOVERY, CA_LOSS };

/* Nothing is in doubt: what is in flight was sent once and in order, as far as anybody knows, and nothing waits to be resent or proved.
 * Of most ACKs no more needs to be asked. */
static inline bool recovery_in_doubt(const struct tcb *tcb)
{
    return (tcb->doubts[0] | tcb->doubts[1]) != 0;
}

/* What an ACK has taken off the front of the queue so far. */
struct ack_front {
    int64_t first_ns, last_ns; /* when the first and the last that was sent only once, and not SACKed, was sent; first_ns < 0: none was */
    int64_t last_us; /* how long ago the last was */
    uint32_t acked; /* how many records, of any kind */
    bool syn_acked; /* one of them was the SYN */
};
static inline bool data_acked(const struct ack_front *front)
{
    return front->acked > front->syn_acked;
}

struct ack_news {
    bool advanced; /* SND.UNA moved */
    bool resent_acked; /* something retransmitted was acknowledged */
    bool sacked; /* something was newly SACKed */
    bool original_sacked; /* something that was never retransmitted, sent before high_seq, was (S)ACKed (F-RTO) */
    bool dsack; /* a duplicate was reported */
    bool dsack_of_probe;
    bool not_duplicate; /* data, a window update or an advance: no duplicate ACK */
    bool set_timer; /* the retransmission timer should start anew */
    bool lost_retransmission;
    bool reneged;
    uint32_t prior_fack; /* start of the highest segment that was SACKed before this ACK; SND.UNA if none was */
    uint32_t delivered; /* segments newly known to have arrived */
    uint32_t lost_before; /* tcb->lost when the ACK came */
    int64_t first_sack_ns, last_sack_ns; /* when the first and the last newly SACKed original were sent; -1: none */
    uint32_t first_sack_order;
    const struct segment *seg; /* the ACK */
    struct ack_front front;
};

/* Does it echo a timestamp of ours? */
static inline bool echoes(const struct tcb *tcb, const struct ack_news *news)
{
    return tcb->ts_ok && (news->seg->options & TCPOPT_TS) != 0 && news->seg->tsecr != 0;
}

/* ---- rack.c (RFC 8985) ---- */

/* Where RFC 8985 tells segments of one instant apart by number, we know in which order they went, resent ones too. */
static inline bool sent_after(int64_t a_ns, int64_t b_ns, uint32_t a_order, uint32_t b_order)
{
    return a_ns > b_ns || (a_ns == b_ns && seq_gt(a_order, b_order));
}
/* What was sent then has arrived. */
static inline void rack_arrived(struct tcb *tcb, int64_t sent_ns, uint32_t order, int64_t rtt_us)
{
    tcb->rack_advanced = true;
    tcb->rack_rtt_us = (uint32_t)rtt_us;
    tcb->rack_rtt_order = order;
    if (sent_after(sent_ns, tcb->rack_sent_ns, order, tcb->rack_order)) {
        tcb->rack_sent_ns = sent_ns;
        tcb->rack_order = order;
    }
}
void rack_advance(struct tcp_ctx *ctx, struct tcb *tcb, const struct tcp_record *record);
bool rack_mark_lost(struct tcp_ctx *ctx, struct tcb *tcb); /* true: the reordering timer was set */
int64_t rack_time_left(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct tcp_record *record, int64_t reo_wnd_us);
void rack_update_window(struct tcb *tcb);
bool tlp_schedule(struct tcp_ctx *ctx, struct tcb *tcb, bool advancing);
void tlp_acknowledged(struct tcp_ctx *ctx, struct tcb *tcb, const struct ack_news *news);

/* ---- scoreboard.c ---- */

/* Takes off the front what is acknowledged, was sent only once and was not SACKed. False: the next one is acknowledged too. */
static inline bool scoreboard_take_front(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_front *front)
{
    const uint32_t una = tcb->snd.una;
    uint32_t index = tcb->sent_head, order = 0, taken = 0;
    bool all = true;
    while (index != 0) {
        const struct tcp_record *record = record_at(ctx, index);
        if (seq_gt(record->end, una))
            break;
        all = (record->flags & (RECORD_SACKED | RECORD_RETRANS | RECORD_EVER)) == 0;
        if (!all)
            break;
        if (record->flags & (RECORD_LOST | RECORD_SYN)) {
            tcb->lost_out -= (record->flags & RECORD_LOST) != 0;
            front->syn_acked |= (record->flags & RECORD_SYN) != 0;
        }
        if (front->first_ns < 0)
            front->first_ns = record->sent_ns;
        front->last_ns = record->sent_ns;
        order = record->order;
        taken++;
        const uint32_t next = record->next;
        record_free(ctx, index);
        index = next;
    }
    if (taken != 0) {
        tcb->sent_head = index;
        if (index == 0)
            tcb->sent_tail = 0;
        tcb->packets_out -= taken;
        front->acked += taken;
        front->last_us = measured_us(ctx, front->last_ns);
        if (tcb->sack_ok) /* they went in this order: to RACK the last tells as much as all of them */
            rack_arrived(tcb, front->last_ns, order, front->last_us);
    }
    return all;
}
void scoreboard_sack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una, struct ack_news *news);
/* Takes off all that is acknowledged. */
void scoreboard_clean(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news);
/* The round trips of the first and the last segment that an ACK has shown to have arrived. */
void scoreboard_round_trip(struct tcp_ctx *ctx, struct tcb *tcb, int64_t first_us, int64_t last_us, bool syn_acked);
void scoreboard_mark_lost(struct tcb *tcb, struct tcp_record *record);
void scoreboard_note_reordering(struct tcb *tcb, uint32_t low_seq);
bool scoreboard_any_resent(const struct tcp_ctx *ctx, const struct tcb *tcb);

/* ---- congestion.c ---- */
enum { CC_NONE, CC_RENO, CC_CUBIC }; /* profile->cc */
uint32_t congestion_ssthresh(const struct tcp_ctx *ctx, struct tcb *tcb);
uint32_t congestion_current_ssthresh(const struct tcb *tcb);
void congestion_begin_reduction(const struct tcp_ctx *ctx, struct tcb *tcb);
void congestion_reduce(struct tcb *tcb, uint32_t delivered, uint32_t newly_lost, bool advanced);
void congestion_end_reduction(struct tcb *tcb);
/* Would ACKs let the window grow now? Only if it, and not the program, was what held sending back. */
static inline bool congestion_may_grow(const struct tcb *tcb)
{
    return tcb->cwnd_limited || (tcb->cwnd < tcb->ssthresh && tcb->cwnd < 2 * tcb->max_packets_out);
}
void congestion_acked(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t acked);
static inline bool in_reduction(const struct tcb *tcb)
{
    return tcb->ca_state == CA_CWR || tcb->ca_state == CA_RECOVERY;
}

/* ---- cubic.c ---- */
uint32_t cubic_ssthresh(struct tcb *tcb);
void cubic_after_pause(const struct tcp_ctx *ctx, struct tcb *tcb);
uint32_t cubic_count(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t acked);
void cubic_sample(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t rtt_us);

/* ---- recovery.c ---- */
void recovery_enter(struct tcp_ctx *ctx, struct tcb *tcb);
void recovery_keep_open(struct tcp_ctx *ctx, struct tcb *tcb);

#endif
