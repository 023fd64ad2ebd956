/* SPDX-License-Identifier: MIT */
/* An idle connection in a third of a TCB: established, nothing in flight, nothing unread, no timer. Most of a large world is in
 * this state most of the time. What is left out has, at rest, a value that follows from the rest or that nothing reads. */
#ifndef LASTACK_TCP_IDLE_H
#define LASTACK_TCP_IDLE_H

#include "tcp/tcb.h"

struct tcp_idle {
    int64_t sent_ns, received_ns, data_received_ns, rcvq_ns;
    uint32_t snd_una, snd_wnd, snd_wl1, snd_iss, snd_max_wnd;
    uint32_t rcv_nxt, rcv_irs, rcv_wnd;
    uint32_t srtt_us, rttvar_us, mdev_us, mdev_max_us, rtt_seq, rto_us;
    uint32_t ts_recent, ts_recent_ms, ato_us;
    uint32_t rcvbuf, sndbuf, rcv_ssthresh, rcvq_space, rcvq_taken;
    uint32_t cwnd, ssthresh, cwnd_count, max_packets_out, cwnd_usage_seq, min_rtt_us, rack_rtt_us;
    uint16_t mss, advmss, rcv_mss, last_seg;
    uint16_t switches; /* IDLE_* */
    uint8_t scales; /* send scale in the upper half, receive scale in the lower */
    uint8_t quick, pingpong, rcv_ratio;
};

/* False: this TCB is not at rest and must stay as it is. */
bool tcp_idle_pack(const struct tcb *tcb, struct tcp_idle *idle);
void tcp_idle_unpack(const struct tcp_idle *idle, struct tcb *tcb);

#endif
