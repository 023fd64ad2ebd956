/* SPDX-License-Identifier: MIT */
/* The transmission control block (RFC 9293 section 3.3.1) with the RFC's names: tcb->snd.una is SND.UNA. No pointers inside:
 * a TCB may be copied to another address between any two events. */
#ifndef LASTACK_TCP_TCB_H
#define LASTACK_TCP_TCB_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/segment.h"
#include "tcp/state.h"

/* A record of the retransmission queue or of the reassembly queue; they are lent from a pool that an idle connection gives back. */
struct tcp_record {
    uint32_t next; /* index of the next record, 0: the last */
    uint32_t seq, end; /* [seq, end); end counts SYN and FIN */
    uint32_t conn; /* reassembly: whose bytes these are */
    int64_t sent_ns; /* retransmission queue: when it was last sent */
    uint16_t flags; /* RECORD_* */
    uint16_t sent; /* how often it was sent */
    uint32_t order; /* retransmission queue: place in the order of last sendings (RACK) */
};
enum {
    RECORD_FIN = TCP_FIN, /* these as its segment has them */
    RECORD_SYN = TCP_SYN,
    RECORD_PUSH = TCP_PSH,
    RECORD_SACKED = 32, /* selectively acknowledged */
    RECORD_LOST = 64, /* marked lost, waits for its retransmission */
    RECORD_RETRANS = 128, /* a retransmission of it is in flight */
    RECORD_EVER = 256, /* was retransmitted at some time (Karn) */
};

struct tcp_pool { /* a view of the world's record pool, made anew for each step */
    struct tcp_record *records; /* [0] is never used */
    uint32_t *free_head; /* index of the first free record, linked by `next` */
    uint32_t *used; /* how many are lent */
};

/* One running timer. `number` is its place in the total order of events, given when it was armed. */
struct tcp_timer_slot {
    int64_t at_ns; /* TIME_NEVER: not running */
    uint32_t number;
    uint8_t kind; /* enum tcp_timer */
};
enum tcp_slot { SLOT_RETRANSMIT, SLOT_DELAYED_ACK, SLOT_KEEPALIVE, TCP_SLOTS };
/* SLOT_RETRANSMIT: retransmission, tail loss probe, reordering or persist: one at a time, as in the kernels.
 * SLOT_KEEPALIVE: keep-alive, or the FIN_WAIT_2 limit of a full record. */

struct tcb {
    struct {
        uint32_t una, nxt, wnd, wl1, wl2, iss;
        uint32_t end; /* one past the last byte that the program has handed over; the FIN's number once it is queued */
        uint32_t max_wnd; /* the largest window the peer ever offered (MAX.SND.WND) */
        uint32_t piece; /* where the last piece of unsent data begins: it is filled up before another one asks for memory */
        uint32_t small; /* one past the last small (sub-MSS) segment sent (Nagle, Minshall's variant) */
    } snd;
    struct {
        uint32_t nxt, irs;
        uint32_t wup; /* RCV.NXT as last acknowledged (Last.ACK.sent) */
        uint32_t wnd; /* the window advertised then, counted from wup */
        uint32_t read; /* the next byte that the program will take */
    } rcv;
    struct tcp_timer_slot slot[TCP_SLOTS];

    uint8_t state; /* enum tcp_state; only tcp_enter_state() writes it */
    uint8_t error; /* pending socket error (enum tcp_errno) */
    /* what was agreed */
    uint8_t snd_wscale, rcv_wscale;
    bool wscale_ok, ts_ok, sack_ok;
    bool passive; /* came from LISTEN */
    /* the program's side */
    bool orphan; /* no program holds it any more */
    bool shut_read, shut_write, fin_queued, fin_sent, fin_received;
    bool nodelay, cork;
    bool no_space; /* a SEND found the buffer full, and waits */
    bool rcvbuf_locked, sndbuf_locked; /* the program fixed it: no autotuning */
    bool became_mini; /* the end goes on as a small record; what is left here is for the program that still reads */
    /* acknowledgement */
    bool ack_now, ack_due; /* an ACK must go at the end of this step; one is owed (delayed) */
    uint8_t pushed; /* small segments received since the last ACK (Linux: ICSK_ACK_PUSHED, PUSHED2) */
    uint8_t compressed_acks; /* so many ACKs of segments above a gap wait to go as one. The next ACK ends these four */
    uint8_t quick; /* quick ACKs still to be given */
    uint8_t pingpong; /* interactive: ACKs wait for data to ride on */
    uint8_t dup_acks; /* ACKs sent for such segments at dup_ack_rcv_nxt */
    bool rtt_seen;
    uint8_t backoff, retransmits, probes_out, keepalive_count;
    bool dsack_due, keepalive_on, fin_timer_full, ts_recent_valid, established_once;
    uint16_t mss; /* what one segment carries now, options taken off (Eff.snd.MSS) */
    uint16_t advmss, rcv_mss;

    uint32_t srtt_us, rttvar_us, mdev_us, mdev_max_us; /* srtt scaled by 8, the deviations by 4, as RFC 6298 and the kernels do */
    uint32_t rtt_seq; /* end of the round in which mdev_max is collected */
    uint32_t rto_us; /* without back-off */
    uint32_t ts_recent, ts_offset;
    uint32_t ts_recent_ms; /* when ts_recent was set, ms of world time */
    uint32_t ato_us; /* delayed-ACK interval; 0: no data was ever received */
    uint32_t oow_ack_ms, challenge_ms, challenge_count; /* limiters: time of the last; 0: never (times are stored + 1) */
    uint32_t rcvbuf, sndbuf, rcv_ssthresh, window_clamp;
    uint32_t rcv_memory; /* what the segments that wait for the program take of the buffer */
    uint32_t rcvq_space, rcvq_seq; /* what the program took in the best round trip so far; where this round trip's count began */
    int64_t rcvq_ns; /* when it began */
    uint32_t rcv_rtt_us, rcv_rtt_tsecr, rcv_rtt_seq; /* the receiver's own measure of the round trip, times 8; its last echo, its window */
    int64_t rcv_rtt_ns; /* when that window was offered; 0: none yet */
    uint16_t rcv_room; /* room behind the last segment that waits */
    uint16_t rcv_eaten; /* bytes taken of the first segment that waits: its memory is freed when all of it is taken */
    uint16_t last_seg; /* length of the last segment if it was not full */
    uint8_t rcv_ratio; /* of 256 parts of memory so many are data; 0: not measured yet */
    uint32_t keepalive_idle_ms, keepalive_interval_ms, user_timeout_ms;
    int32_t linger2_ms; /* 0: the profile's; -1: no FIN_WAIT_2 at all */
    uint32_t dup_ack_rcv_nxt;
    uint32_t dsack_left, dsack_right;
    uint32_t sent_head, sent_tail; /* retransmission queue, by seq */
    uint32_t ooo_head; /* reassembly queue, by seq */
    struct sack_block sacks[SEGMENT_SACK_MAX]; /* what of it is reported, the latest first; what falls out at the end is forgotten */
    uint8_t sack_count;
    uint32_t ooo_fin; /* number of a FIN seen above a gap, valid with ooo_fin_seen */
    bool ooo_fin_seen;
    /* congestion control and recovery (RFC 5681, 6675, 8985); counts in segments */
    uint32_t cwnd, ssthresh, cwnd_count, prior_cwnd, prior_ssthresh;
    uint32_t packets_out;
    union {
        struct {
            uint32_t sacked_out, lost_out, retrans_out; /* without SACK, sacked_out counts duplicate ACKs */
            uint8_t ca_state; /* enum ca_state of recovery */
            uint8_t reo_steps; /* RACK's reordering window, in steps above the first */
            bool tlp_out, rack_dsack_seen;
        };
        uint64_t doubts[2]; /* all of these at once: nothing is in doubt where all are 0 (recovery_in_doubt) */
    };
    uint32_t lost; /* how often something was taken for lost */
    uint32_t high_seq; /* SND.NXT when this recovery began */
    uint32_t high_sack; /* start of the highest segment that was SACKed; valid while sacked_out > 0 */
    uint32_t undo_marker; /* SND.UNA when it began, valid with undo_possible */
    int32_t undo_retrans; /* retransmissions not yet known to have been needless; -1: none was made */
    uint32_t prr_delivered, prr_out; /* proportional rate reduction (RFC 6937) */
    uint32_t max_packets_out, cwnd_usage_seq;
    uint32_t order; /* counter for records' order */
    uint32_t tlp_high_seq; /* SND.NXT when the last tail loss probe went out, valid with tlp_out */
    uint32_t total_retrans, dsack_dups;
    uint32_t min_rtt_us, rack_rtt_us, rack_order, rack_rtt_order;
    uint32_t reordering_degree; /* duplicate ACKs that may be mere reordering */
    uint32_t cubic_epoch, cubic_last_max, cubic_origin, cubic_k, cubic_count, cubic_acked, cubic_reno_cwnd; /* cubic.c */
    uint32_t cubic_last_cwnd, cubic_last_tick, cubic_rtt_us;
    uint32_t hystart_round_us, hystart_ack_us, hystart_end, hystart_rtt_us;
    uint8_t hystart_samples;
    bool hystart_found;
    uint32_t retrans_stamp; /* our timestamp clock at the first retransmission of this recovery (Eifel, RFC 3522) */
    uint8_t reo_persist;
    bool undo_possible, tlp_retrans, cwnd_limited, frto, rack_advanced, reord_seen, stamp_valid;
    int64_t first_rto_ns; /* when the first RTO retransmission of this outage was sent; 0: none (give-up by time) */
    int64_t progress_ns; /* since when the front of the queue is unacknowledged */
    int64_t probe_since_ns; /* since when window probes go out (user timeout); 0: none */
    int64_t sent_ns; /* when data was last sent */
    int64_t received_ns; /* when anything acceptable was last received */
    int64_t data_received_ns; /* when data was last received */
    int64_t rack_sent_ns;
};

/* The small record of an end whose program is gone (FIN_WAIT_2) or which only waits (TIME_WAIT), as in the kernels. */
struct tcp_mini {
    int64_t at_ns; /* when it ends */
    uint32_t number; /* the place of that timer in the order of events */
    uint32_t snd_nxt, rcv_nxt, rcv_wnd, ts_recent, ts_recent_ms, ts_offset;
    uint32_t oow_ack_ms;
    int64_t length_ns; /* how long it lasts from each restart */
    uint8_t state; /* TCP_FIN_WAIT_2 or TCP_TIME_WAIT */
    bool ts_ok, ts_recent_valid;
    uint8_t rcv_wscale;
};

#endif
