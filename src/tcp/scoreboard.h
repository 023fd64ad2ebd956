/* SPDX-License-Identifier: MIT */
/* What one ACK brought, handed along the steps of recovery: scoreboard -> rack -> recovery -> congestion. */
#ifndef LASTACK_TCP_SCOREBOARD_H
#define LASTACK_TCP_SCOREBOARD_H

#include "tcp/internal.h"

enum ca_state { CA_OPEN, CA_DISORDER, CA_CWR, CA_RECOVERY, CA_LOSS };

struct ack_news {
    bool advanced; /* SND.UNA moved */
    bool data_acked, syn_acked;
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
};

/* Does it echo a timestamp of ours? */
static inline bool echoes(const struct tcb *tcb, const struct ack_news *news)
{
    return tcb->ts_ok && (news->seg->options & TCPOPT_TS) != 0 && news->seg->tsecr != 0;
}

/* ---- scoreboard.c ---- */
void scoreboard_sack(struct tcp_ctx *ctx, struct tcb *tcb, const struct segment *seg, uint32_t prior_una, struct ack_news *news);
void scoreboard_clean(struct tcp_ctx *ctx, struct tcb *tcb, struct ack_news *news);
void scoreboard_mark_lost(struct tcb *tcb, struct tcp_record *record);
void scoreboard_note_reordering(struct tcb *tcb, uint32_t low_seq);
bool scoreboard_any_resent(const struct tcp_ctx *ctx, const struct tcb *tcb);

/* ---- rack.c (RFC 8985) ---- */
void rack_advance(struct tcp_ctx *ctx, struct tcb *tcb, const struct tcp_record *record);
bool rack_mark_lost(struct tcp_ctx *ctx, struct tcb *tcb); /* true: the reordering timer was set */
int64_t rack_time_left(const struct tcp_ctx *ctx, const struct tcb *tcb, const struct tcp_record *record, int64_t reo_wnd_us);
void rack_update_window(struct tcb *tcb);
bool tlp_schedule(struct tcp_ctx *ctx, struct tcb *tcb, bool advancing);
void tlp_acknowledged(struct tcp_ctx *ctx, struct tcb *tcb, const struct ack_news *news);

/* ---- congestion.c ---- */
enum { CC_NONE, CC_RENO, CC_CUBIC }; /* profile->cc */
uint32_t congestion_ssthresh(const struct tcp_ctx *ctx, struct tcb *tcb);
uint32_t congestion_current_ssthresh(const struct tcb *tcb);
void congestion_begin_reduction(const struct tcp_ctx *ctx, struct tcb *tcb);
void congestion_reduce(struct tcb *tcb, uint32_t delivered, uint32_t newly_lost, bool advanced);
void congestion_end_reduction(struct tcb *tcb);
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
