/* SPDX-License-Identifier: MIT */
/* The values of the four profiles. RULES and FACTS are the project's rulebook and its measurements of Linux 6.18; R-, L-, B-
 * and W-numbers are rows of the former, numbers after FACTS sections of the latter. "unverified": from secondary or old texts,
 * or from memory; not checked on a real machine. */
#include <string.h>

#include "base/duration.h"
#include "tcp/profile.h"

/* clang-format off */
#define HELP(X) \
    X(msl, "maximum segment lifetime") \
    X(time_wait, "how long TIME_WAIT lasts; 0: it is passed through") \
    X(fin_timeout, "how long an orphan stays in FIN_WAIT_2") \
    X(fin_timeout_held, "how long a socket that is shut down but not closed may stay in FIN_WAIT_2") \
    X(rto_initial, "retransmission timeout before the first sample") \
    X(rto_min, "smallest retransmission timeout") \
    X(rto_max, "largest retransmission timeout") \
    X(rto_min_on_variance, "rto_min bounds the variance's part of the timeout, not the whole") \
    X(syn_retries, "retransmissions of a SYN after the linear ones, before connect() fails") \
    X(syn_linear_timeouts, "retransmissions of a SYN without back-off before it begins") \
    X(synack_retries, "retransmissions of a SYN-ACK before the half-open connection is forgotten") \
    X(retries2, "retransmissions of data, or of the FIN of a held socket, before giving up") \
    X(orphan_retries, "the same for an orphan; 0: Linux's 8") \
    X(give_up_by_time, "the retries stand for a time counted from the first retransmission") \
    X(user_timeout, "how long sent data may stay unacknowledged; none: off unless the socket sets it") \
    X(delack, "how long an ACK may wait for data or a second segment; the minimum where it adapts") \
    X(delack_max, "the longest delay of an ACK") \
    X(quick_acks, "segments acknowledged at once at a connection's start") \
    X(comp_sack_nr, "ACKs of segments above a gap that may be held back to go as one; 0: none") \
    X(comp_sack_delay, "for how long at the most; a twentieth of the round trip is enough") \
    X(comp_sack_slack, "what that timer takes on top") \
    X(fin_ack_delayed, "the ACK of a FIN in ESTABLISHED is delayed as that of data") \
    X(nagle_minshall, "Nagle waits for unacknowledged small segments only") \
    X(bunches, "segments leave in bunches, and one alone may wait for its fellow") \
    X(tlp, "tail loss probe (RFC 8985 section 7); needs sack") \
    X(rack, "loss detection by time (RFC 8985); needs sack") \
    X(cc, "congestion control") \
    X(initial_cwnd, "initial congestion window, segments") \
    X(hystart, "cubic leaves slow start when round trips grow or ACKs come in a long train (HyStart)") \
    X(hystart_low_window, "not below this window, segments") \
    X(hystart_ack_delta, "ACKs that follow each other within this time make a train") \
    X(timestamps, "offer the timestamps option (RFC 7323)") \
    X(sack, "offer selective acknowledgements (RFC 2018)") \
    X(dsack, "report duplicates in a SACK block (RFC 2883)") \
    X(window_scaling, "offer the window scale option (RFC 7323)") \
    X(mss, "maximum segment size offered; 0: the link's MTU less 40") \
    X(rcvbuf, "receive buffer at a connection's start, as the socket option counts") \
    X(sndbuf, "send buffer at a connection's start, as the socket option counts") \
    X(rcvbuf_max, "limit of the receive buffer's growth; decides the window scale") \
    X(sndbuf_max, "limit of the send buffer's growth") \
    X(buffers_doubled, "setsockopt doubles the buffer size that it is given") \
    X(keepalive_time, "idle time before the first keep-alive probe") \
    X(keepalive_intvl, "time between keep-alive probes") \
    X(keepalive_probes, "unanswered keep-alive probes before giving up") \
    X(keepalive_death_rst, "giving up by keep-alive sends a RST") \
    X(close_unread_rst, "close() with unread data resets") \
    X(data_after_close_rst, "new data for an end whose program is gone draws a RST") \
    X(data_across_fin_rst, "so does a segment that begins before the peer's FIN and ends behind it") \
    X(rst_flushes_receive, "a RST discards data that was received and not read") \
    X(linger_timeout_aborts, "a lingering close() that expires terminates the connection") \
    X(rfc5961, "exact RST, challenge ACKs, bounds on SEG.ACK") \
    X(invalid_ratelimit, "a connection answers unacceptable segments once in this time; 0: always") \
    X(challenge_ack_limit, "challenge ACKs of a connection in 5 s; 0: no limit") \
    X(rfc1337, "a RST in TIME_WAIT is ignored (RFC 1337, remedy F1)") \
    X(rst_in_time_wait, "which RST ends TIME_WAIT") \
    X(syn_in_time_wait, "which SYN reopens a connection in TIME_WAIT") \
    X(tw_restart, "what starts the time of TIME_WAIT anew") \
    X(tw_paws_binds_rst, "a RST with an older timestamp is ignored in TIME_WAIT") \
    X(tw_reuse, "connect() over a TIME_WAIT of one's own: 0 no, 1 yes, 2 loopback only") \
    X(tw_reuse_delay, "how old such a TIME_WAIT must be") \
    X(bare_fin_zero_window, "a FIN without data may be sent into a zero window") \
    X(orphan_fw2_mini, "an orphan in FIN_WAIT_2 is kept as a small record with rules of its own") \
    X(closewait_rst_epipe, "a RST in CLOSE_WAIT is told as EPIPE") \
    X(abort_always_rst, "whether an abort in CLOSING or LAST_ACK sends a RST") \
    X(active_rst_ack, "a reset of one's own accord carries an ACK") \
    X(synack_data_kept, "data on a SYN or a SYN-ACK is kept") \
    X(syn_resent_after_rst, "in SYN_SENT, how soon the SYN is sent again after an unacceptable ACK; none: at its timer") \
    X(accept_overflow_rst, "a third ACK that finds the accept queue full draws a RST") \
    X(syn_cookies, "SYN cookies: 0 no, 1 when the queue of half-open connections is full, 2 always") \
    X(half_open_pruned, "old half-open connections are given up sooner when they fill half of their queue") \
    X(backlog_max, "the longest accept queue that listen() grants") \
    X(max_orphans, "closed sockets of a host beyond this are reset at once; 0: no limit") \
    X(max_tw_buckets, "small records of a host beyond this are not made: no TIME_WAIT; 0: no limit") \
    X(isn_clock_ns, "the initial sequence number's clock steps once in so many ns") \
    X(ts_clock_ns, "the timestamp clock steps once in so many ns") \
    X(rst_at_sack_edge, "a RST at the right edge of the last SACK block counts as exact") \
    X(window_edge_inclusive, "the sequence test takes what begins at the window's right edge") \
    X(missing_ts_dropped, "a segment that lacks the negotiated timestamps is dropped") \
    X(paws_spares_acks, "a reordered pure ACK with an older timestamp passes PAWS") \
    X(syn_fin_ignored, "LISTEN gives no answer to a SYN that carries a FIN") \
    X(synack_repeated, "a repeated SYN draws the SYN-ACK again, not an ACK") \
    X(syn_received_refused, "a RST in SYN_RECEIVED of an active open says ECONNREFUSED") \
    X(tw_bound_reuse, "connect() from a bound port may take over a TIME_WAIT that has timestamps") \
    X(old_ack_bounded, "an ACK of less than was ever acknowledged is answered, however large the window was") \
    X(zero_window_fin_taken, "a bare FIN is taken although the window is closed") \
    X(jiffy, "the tick of the kernel's clock, for what happens at the next tick") \
    X(ticks, "retransmission timeouts are whole ticks, rounded up") \
    X(timeout_min, "what a tail loss probe and the reordering timer wait on top") \
    X(hz, "timers are rounded as the timer wheel of that HZ does; 0: they are exact")

#define RFC9293(X) \
    X(msl, 120 * NS_PER_S, "RFC 9293 section 3.4.2") \
    X(time_wait, 240 * NS_PER_S, "R-140: 2 MSL") \
    X(fin_timeout, TIME_NEVER, "R-175: no such timer") \
    X(fin_timeout_held, TIME_NEVER, "R-175: no such timer") \
    X(rto_initial, 1 * NS_PER_S, "R-160: RFC 6298 (2.1)") \
    X(rto_min, 1 * NS_PER_S, "R-162: RFC 6298 (2.4)") \
    X(rto_max, 60 * NS_PER_S, "R-163: RFC 6298 (2.5)") \
    X(rto_min_on_variance, 0, "R-162: RFC 6298 (2.4)") \
    X(syn_retries, 7, "R-170: R2 of 183 s with rto_max 60 s") \
    X(syn_linear_timeouts, 0, "R-165: back-off from the first") \
    X(synack_retries, 7, "R-170: as for the SYN") \
    X(retries2, 9, "R-169: R2 of 303 s, so that the user timeout rules") \
    X(orphan_retries, 9, "R-174: as data, the user timeout rules") \
    X(give_up_by_time, 0, "R-169: R2 as a count") \
    X(user_timeout, 300 * NS_PER_S, "R-172: RFC 9293 section 3.9.1.1") \
    X(delack, 200 * NS_PER_MS, "R-190: below 0.5 s") \
    X(delack_max, 500 * NS_PER_MS, "R-190: MUST-40") \
    X(quick_acks, 0, "RFC 9293 knows none") \
    X(comp_sack_nr, 0, "RFC 5681 section 4.2: an ACK for each") \
    X(comp_sack_delay, 1 * NS_PER_MS, "not used: comp_sack_nr is 0") \
    X(comp_sack_slack, 0, "not used: comp_sack_nr is 0") \
    X(fin_ack_delayed, 0, "R-192: section 3.10.7.4, eighth") \
    X(nagle_minshall, 0, "R-193: section 3.7.4") \
    X(bunches, 0, "RFC 9293 knows segments only") \
    X(tlp, 0, "R-194: optional") \
    X(rack, 0, "R-194: optional") \
    X(cc, 1, "RFC 9293 section 3.8.2: RFC 5681") \
    X(initial_cwnd, 3, "RFC 5681 section 3.1") \
    X(hystart, 0, "RFC 5681 section 3.1: slow start ends at ssthresh") \
    X(hystart_low_window, 16, "not used: hystart is 0") \
    X(hystart_ack_delta, 2 * NS_PER_MS, "not used: hystart is 0") \
    X(timestamps, 0, "RFC 9293 section 3.1: not required") \
    X(sack, 0, "RFC 9293 section 3.1: not required") \
    X(dsack, 0, "no SACK") \
    X(window_scaling, 0, "RFC 9293 section 3.1: not required") \
    X(mss, 0, "RFC 9293 section 3.7.1: from the MTU") \
    X(rcvbuf, 65535, "largest window without scaling") \
    X(sndbuf, 65535, "as rcvbuf: RFC 9293 gives no size") \
    X(rcvbuf_max, 65535, "does not grow") \
    X(sndbuf_max, 65535, "does not grow") \
    X(buffers_doubled, 0, "RFC 9293 counts bytes of data") \
    X(keepalive_time, 7200 * NS_PER_S, "R-200: at least two hours") \
    X(keepalive_intvl, 75 * NS_PER_S, "RFC 9293 gives none: BSD's") \
    X(keepalive_probes, 9, "R-203: more than one; RFC 9293 gives no number") \
    X(keepalive_death_rst, 0, "RFC 9293 section 3.8.4 asks for none") \
    X(close_unread_rst, 1, "R-060: SHLD-3") \
    X(data_after_close_rst, 1, "R-060: SHLD-3") \
    X(data_across_fin_rst, 0, "R-106: ignored") \
    X(rst_flushes_receive, 1, "R-074: all queues are flushed") \
    X(linger_timeout_aborts, 0, "RFC 9293 has no linger") \
    X(rfc5961, 1, "R-070 to R-072, R-080, R-091") \
    X(invalid_ratelimit, 0, "R-007: each is answered") \
    X(challenge_ack_limit, 10, "R-078: RFC 5961 section 7") \
    X(rfc1337, 0, "R-152") \
    X(rst_in_time_wait, 2, "R-075, R-152") \
    X(syn_in_time_wait, 1, "R-144: SHLD-4") \
    X(tw_restart, 0, "R-142") \
    X(tw_paws_binds_rst, 0, "RFC 7323 section 5.2") \
    X(tw_reuse, 0, "RULES part 3: none") \
    X(tw_reuse_delay, 1 * NS_PER_S, "not used: tw_reuse is 0") \
    X(bare_fin_zero_window, 0, "R-184: section 3.10.7.4, table 6") \
    X(orphan_fw2_mini, 0, "RFC 9293 has one kind of TCB") \
    X(closewait_rst_epipe, 0, "R-074: connection reset") \
    X(abort_always_rst, 0, "R-052") \
    X(active_rst_ack, 0, "R-051: SEQ=SND.NXT, CTL=RST") \
    X(synack_data_kept, 1, "R-024, R-029") \
    X(syn_resent_after_rst, TIME_NEVER, "R-026: the timer runs on") \
    X(accept_overflow_rst, 0, "RFC 9293 has no accept queue") \
    X(syn_cookies, 0, "RFC 4987 section 3.6: optional") \
    X(half_open_pruned, 0, "RFC 9293 knows none") \
    X(backlog_max, 128, "RFC 9293 has no accept queue") \
    X(max_orphans, 0, "RFC 9293 knows none") \
    X(max_tw_buckets, 0, "RFC 9293 knows none") \
    X(isn_clock_ns, 4000, "R-230: RFC 9293 section 3.4.1") \
    X(ts_clock_ns, 1000000, "RFC 7323 section 5.4: 1 ms to 1 s") \
    X(rst_at_sack_edge, 0, "R-071") \
    X(window_edge_inclusive, 0, "R-003 to R-006: Table 6") \
    X(missing_ts_dropped, 1, "R-211: RFC 7323 section 3.2, SHOULD") \
    X(paws_spares_acks, 0, "R-212") \
    X(syn_fin_ignored, 0, "R-024") \
    X(synack_repeated, 0, "R-007, R-080") \
    X(syn_received_refused, 1, "R-032") \
    X(tw_bound_reuse, 0, "R-021") \
    X(old_ack_bounded, 0, "R-091: RFC 5961 section 5.2") \
    X(zero_window_fin_taken, 0, "R-005: Table 6") \
    X(jiffy, 1 * NS_PER_MS, "RFC 6298 section 4: finer than 100 ms") \
    X(ticks, 0, "RFC 6298 (2.3): G may be as fine as one likes") \
    X(timeout_min, 0, "no tail loss probe, no RACK") \
    X(hz, 0, "LANGUAGE: exact unless hz is given")

#define LINUX(X) \
    X(msl, 30 * NS_PER_S, "RULES part 3: implied by TIME_WAIT") \
    X(time_wait, 60 * NS_PER_S, "FACTS 8: fixed, TCP_TIMEWAIT_LEN") \
    X(fin_timeout, 60 * NS_PER_S, "FACTS 7: tcp_fin_timeout") \
    X(fin_timeout_held, TIME_NEVER, "FACTS 7: no limit for a held socket") \
    X(rto_initial, 1 * NS_PER_S, "FACTS 2") \
    X(rto_min, 200 * NS_PER_MS, "FACTS 2: tcp_rto_min_us") \
    X(rto_max, 120 * NS_PER_S, "FACTS 2: tcp_rto_max_ms") \
    X(rto_min_on_variance, 1, "FACTS 2: SRTT + max(200 ms, 4 RTTVAR)") \
    X(syn_retries, 6, "FACTS: tcp_syn_retries") \
    X(syn_linear_timeouts, 4, "FACTS 3: tcp_syn_linear_timeouts") \
    X(synack_retries, 5, "FACTS: tcp_synack_retries") \
    X(retries2, 15, "FACTS: tcp_retries2") \
    X(orphan_retries, 0, "FACTS 3: tcp_orphan_retries, 0 means 8") \
    X(give_up_by_time, 1, "FACTS 3, L-15") \
    X(user_timeout, TIME_NEVER, "L-17: TCP_USER_TIMEOUT, off by default") \
    X(delack, 40 * NS_PER_MS, "FACTS 5: TCP_DELACK_MIN") \
    X(delack_max, 200 * NS_PER_MS, "RULES part 3: 40 to 200 ms") \
    X(quick_acks, 16, "RULES part 3: first 16") \
    X(comp_sack_nr, 44, "tcp_comp_sack_nr; docs/notes") \
    X(comp_sack_delay, 1 * NS_PER_MS, "tcp_comp_sack_delay_ns") \
    X(comp_sack_slack, 100 * NS_PER_US, "tcp_comp_sack_slack_ns") \
    X(fin_ack_delayed, 1, "FACTS 5: pingpong mode") \
    X(nagle_minshall, 1, "tcp_minshall_check() of the kernel") \
    X(bunches, 1, "tcp_tso_should_defer() of the kernel; docs/notes") \
    X(tlp, 1, "FACTS 2: tcp_early_retrans 3") \
    X(rack, 1, "FACTS: tcp_recovery 1") \
    X(cc, 2, "FACTS: the sockets used cubic") \
    X(initial_cwnd, 10, "TCP_INIT_CWND, RFC 6928") \
    X(hystart, 1, "tcp_cubic's hystart; docs/notes/hystart.md") \
    X(hystart_low_window, 16, "tcp_cubic's hystart_low_window") \
    X(hystart_ack_delta, 2 * NS_PER_MS, "tcp_cubic's hystart_ack_delta_us") \
    X(timestamps, 1, "FACTS: tcp_timestamps 1") \
    X(sack, 1, "FACTS: tcp_sack 1") \
    X(dsack, 1, "FACTS: tcp_dsack 1") \
    X(window_scaling, 1, "FACTS: window scale 10 is offered") \
    X(mss, 0, "RFC 9293 section 3.7.1: from the MTU") \
    X(rcvbuf, 131072, "tcp_rmem default") \
    X(sndbuf, 16384, "tcp_wmem default") \
    X(rcvbuf_max, 33554432, "FACTS: tcp_rmem max 32 MB, window scale 10") \
    X(sndbuf_max, 4194304, "tcp_wmem max") \
    X(buffers_doubled, 1, "socket(7): SO_RCVBUF, SO_SNDBUF") \
    X(keepalive_time, 7200 * NS_PER_S, "FACTS: tcp_keepalive_time") \
    X(keepalive_intvl, 75 * NS_PER_S, "FACTS: tcp_keepalive_intvl") \
    X(keepalive_probes, 9, "FACTS: tcp_keepalive_probes") \
    X(keepalive_death_rst, 1, "FACTS 12, L-21") \
    X(close_unread_rst, 1, "FACTS 9, L-01") \
    X(data_after_close_rst, 1, "FACTS 9, L-11") \
    X(data_across_fin_rst, 1, "docs/notes/forged-fin.md") \
    X(rst_flushes_receive, 0, "L-13: the queue stays readable") \
    X(linger_timeout_aborts, 0, "FACTS 10: goes on in the background") \
    X(rfc5961, 1, "FACTS 9") \
    X(invalid_ratelimit, 500 * NS_PER_MS, "FACTS 8, 11: tcp_invalid_ratelimit") \
    X(challenge_ack_limit, 0, "FACTS: tcp_challenge_ack_limit is off") \
    X(rfc1337, 0, "FACTS: tcp_rfc1337 0") \
    X(rst_in_time_wait, 1, "FACTS 8, L-08") \
    X(syn_in_time_wait, 1, "FACTS 8, L-09") \
    X(tw_restart, 1, "FACTS 8, L-10, docs/notes") \
    X(tw_paws_binds_rst, 1, "tcp_paws_reject() of the kernel; docs/notes") \
    X(tw_reuse, 2, "FACTS 8: tcp_tw_reuse") \
    X(tw_reuse_delay, 1 * NS_PER_S, "FACTS 8: tcp_tw_reuse_delay") \
    X(bare_fin_zero_window, 0, "FACTS 4, 11") \
    X(orphan_fw2_mini, 1, "FACTS 7, L-05 to L-07") \
    X(closewait_rst_epipe, 1, "FACTS 10, L-13") \
    X(abort_always_rst, 1, "L-03") \
    X(active_rst_ack, 1, "FACTS 9, L-04") \
    X(synack_data_kept, 0, "FACTS 14") \
    X(syn_resent_after_rst, 8 * NS_PER_MS, "FACTS 9: 2 jiffies") \
    X(accept_overflow_rst, 0, "L-20: tcp_abort_on_overflow 0") \
    X(syn_cookies, 1, "tcp_syncookies 1; docs/notes/listen-queues.md") \
    X(half_open_pruned, 1, "reqsk_timer_handler() of the kernel") \
    X(backlog_max, 4096, "net.core.somaxconn") \
    X(max_orphans, 0, "the kernel sets it by the memory") \
    X(max_tw_buckets, 0, "the kernel sets it by the memory") \
    X(isn_clock_ns, 64, "RULES part 3: 64 ns (unverified)") \
    X(ts_clock_ns, 1000000, "FACTS 1") \
    X(rst_at_sack_edge, 1, "L-12") \
    X(window_edge_inclusive, 1, "FACTS 14") \
    X(missing_ts_dropped, 0, "the kernel accepts it") \
    X(paws_spares_acks, 1, "tcp_disordered_ack() of the kernel") \
    X(syn_fin_ignored, 1, "FACTS 14") \
    X(synack_repeated, 1, "tcp_check_req() of the kernel") \
    X(syn_received_refused, 0, "FACTS 14") \
    X(tw_bound_reuse, 1, "FACTS 8") \
    X(old_ack_bounded, 1, "tcp_ack() of the kernel") \
    X(zero_window_fin_taken, 1, "tcp_data_queue() of the kernel") \
    X(jiffy, 4 * NS_PER_MS, "FACTS: HZ 250") \
    X(ticks, 1, "FACTS 1: rounded up to jiffies") \
    X(timeout_min, 2 * NS_PER_MS, "TCP_TIMEOUT_MIN_US of the kernel") \
    X(hz, 0, "LANGUAGE: exact unless hz is given")

#define FREEBSD(X) \
    X(msl, 30 * NS_PER_S, "RULES part 3: net.inet.tcp.msl") \
    X(time_wait, 60 * NS_PER_S, "RULES part 3: 2 msl") \
    X(fin_timeout, 600 * NS_PER_S, "B-03: keepcnt * keepintvl") \
    X(fin_timeout_held, TIME_NEVER, "B-03: where the receiving side is closed too") \
    X(rto_initial, 1 * NS_PER_S, "RULES part 3: TCPTV_RTOBASE") \
    X(rto_min, 230 * NS_PER_MS, "RULES part 3: 30 ms and 200 ms slop") \
    X(rto_max, 64 * NS_PER_S, "RULES part 3") \
    X(rto_min_on_variance, 0, "RULES part 3 (unverified)") \
    X(syn_retries, 5, "RULES part 3: keepinit 75 s allows 63 s (unverified)") \
    X(syn_linear_timeouts, 0, "FACTS 14: 1.0, 2.2 s (unverified)") \
    X(synack_retries, 3, "RULES part 3: syncache.rexmtlimit (unverified)") \
    X(retries2, 12, "RULES part 3: 12 shifts") \
    X(orphan_retries, 12, "RULES part 3: as data (B-08)") \
    X(give_up_by_time, 0, "RULES part 3: a count of shifts") \
    X(user_timeout, TIME_NEVER, "B-08: TCP_MAXUNACKTIME 0") \
    X(delack, 40 * NS_PER_MS, "RULES part 3: release 14") \
    X(delack_max, 40 * NS_PER_MS, "RULES part 3: fixed") \
    X(quick_acks, 0, "no quick ACKs in the base stack (unverified)") \
    X(comp_sack_nr, 0, "unknown (unverified)") \
    X(comp_sack_delay, 1 * NS_PER_MS, "not used: comp_sack_nr is 0") \
    X(comp_sack_slack, 0, "not used: comp_sack_nr is 0") \
    X(fin_ack_delayed, 0, "RULES part 3: at once") \
    X(nagle_minshall, 0, "unknown (unverified)") \
    X(bunches, 0, "unknown (unverified)") \
    X(tlp, 0, "B-12: only in the RACK stack") \
    X(rack, 0, "B-12: only in the RACK stack") \
    X(cc, 2, "default of release 14 (unverified)") \
    X(initial_cwnd, 10, "initcwnd_segments (unverified)") \
    X(hystart, 0, "HyStart++ (RFC 9406) instead, off by default (unverified)") \
    X(hystart_low_window, 16, "not used: hystart is 0") \
    X(hystart_ack_delta, 2 * NS_PER_MS, "not used: hystart is 0") \
    X(timestamps, 1, "net.inet.tcp.rfc1323 (unverified)") \
    X(sack, 1, "net.inet.tcp.sack.enable (unverified)") \
    X(dsack, 1, "release 13 and later (unverified)") \
    X(window_scaling, 1, "net.inet.tcp.rfc1323 (unverified)") \
    X(mss, 0, "RFC 9293 section 3.7.1: from the MTU") \
    X(rcvbuf, 65536, "net.inet.tcp.recvspace (unverified)") \
    X(sndbuf, 32768, "net.inet.tcp.sendspace (unverified)") \
    X(rcvbuf_max, 2097152, "net.inet.tcp.recvbuf_max (unverified)") \
    X(sndbuf_max, 2097152, "net.inet.tcp.sendbuf_max (unverified)") \
    X(buffers_doubled, 0, "setsockopt(2) (unverified)") \
    X(keepalive_time, 7200 * NS_PER_S, "RULES part 3 (unverified)") \
    X(keepalive_intvl, 75 * NS_PER_S, "RULES part 3 (unverified)") \
    X(keepalive_probes, 8, "RULES part 3 (unverified)") \
    X(keepalive_death_rst, 1, "tcp_drop() (unverified)") \
    X(close_unread_rst, 0, "B-01: FIN") \
    X(data_after_close_rst, 1, "B-02: rcvafterclose") \
    X(data_across_fin_rst, 0, "unknown (unverified)") \
    X(rst_flushes_receive, 0, "soisdisconnected() drops so_snd alone, soreceive() delivers before so_error") \
    X(linger_timeout_aborts, 0, "RULES part 3 (unverified)") \
    X(rfc5961, 1, "B-07") \
    X(invalid_ratelimit, 0, "B-11 limits by count") \
    X(challenge_ack_limit, 25, "B-11: 5 a second, scope (unverified)") \
    X(rfc1337, 1, "B-04: every RST is dropped") \
    X(rst_in_time_wait, 0, "B-04") \
    X(syn_in_time_wait, 2, "B-05") \
    X(tw_restart, 2, "B-06") \
    X(tw_paws_binds_rst, 0, "B-06: tcp_twcheck()") \
    X(tw_reuse, 0, "RULES part 3: no") \
    X(tw_reuse_delay, 1 * NS_PER_S, "not used: tw_reuse is 0") \
    X(bare_fin_zero_window, 1, "RULES part 3 (unverified)") \
    X(orphan_fw2_mini, 0, "B-03: a full connection") \
    X(closewait_rst_epipe, 0, "FACTS 14: ECONNRESET") \
    X(abort_always_rst, 1, "tcp_drop(), the nearest choice (unverified)") \
    X(active_rst_ack, 1, "tcp_outflags of CLOSED (unverified)") \
    X(synack_data_kept, 1, "FACTS 14") \
    X(syn_resent_after_rst, TIME_NEVER, "FACTS 14: at its timer") \
    X(accept_overflow_rst, 1, "B-10: rst_on_sock_fail") \
    X(syn_cookies, 0, "its syncache has cookies of its own (unverified)") \
    X(half_open_pruned, 0, "unknown (unverified)") \
    X(backlog_max, 128, "kern.ipc.soacceptqueue (unverified)") \
    X(max_orphans, 0, "B-08: none") \
    X(max_tw_buckets, 0, "unknown (unverified)") \
    X(isn_clock_ns, 4000, "RULES part 3: RFC 6528 (unverified)") \
    X(ts_clock_ns, 1000000, "1 ms (unverified)") \
    X(rst_at_sack_edge, 0, "unknown (unverified)") \
    X(window_edge_inclusive, 0, "FACTS 14") \
    X(missing_ts_dropped, 0, "R-211: tolerates by default") \
    X(paws_spares_acks, 0, "unknown (unverified)") \
    X(syn_fin_ignored, 0, "FACTS 14: unless drop_synfin") \
    X(synack_repeated, 1, "syncache_add() (unverified)") \
    X(syn_received_refused, 1, "FACTS 14") \
    X(tw_bound_reuse, 0, "RULES part 3") \
    X(old_ack_bounded, 0, "unknown (unverified)") \
    X(zero_window_fin_taken, 0, "unknown (unverified)") \
    X(jiffy, 1 * NS_PER_MS, "kern.hz 1000 (unverified)") \
    X(ticks, 0, "callout(9): precise") \
    X(timeout_min, 0, "no tail loss probe, no RACK") \
    X(hz, 0, "LANGUAGE: exact unless hz is given")

#define WINDOWS(X) \
    X(msl, 60 * NS_PER_S, "RULES part 3: implied by 120 s (unverified)") \
    X(time_wait, 120 * NS_PER_S, "W-06: text for Server 2003 (unverified)") \
    X(fin_timeout, 120 * NS_PER_S, "W-04: offload specification (unverified)") \
    X(fin_timeout_held, TIME_NEVER, "W-04: 300 s until KB 813056, since then unknown (unverified)") \
    X(rto_initial, 1 * NS_PER_S, "RULES part 3: newer releases (unverified)") \
    X(rto_min, 300 * NS_PER_MS, "RULES part 3: Internet template (unverified)") \
    X(rto_max, 60 * NS_PER_S, "unknown; RFC 6298 (2.5) (unverified)") \
    X(rto_min_on_variance, 0, "unknown (unverified)") \
    X(syn_retries, 4, "RULES part 3: newer releases (unverified)") \
    X(syn_linear_timeouts, 0, "RULES part 3: 21 s with 3 s (unverified)") \
    X(synack_retries, 2, "RULES part 3 (unverified)") \
    X(retries2, 5, "W-07: KB 170359") \
    X(orphan_retries, 5, "RULES part 3: as data (unverified)") \
    X(give_up_by_time, 0, "W-07: a count") \
    X(user_timeout, TIME_NEVER, "TCP_MAXRT is not set by default (unverified)") \
    X(delack, 40 * NS_PER_MS, "RULES part 3: 40 or 200 ms by template (unverified)") \
    X(delack_max, 200 * NS_PER_MS, "RULES part 3: 40 or 200 ms by template (unverified)") \
    X(quick_acks, 0, "unknown (unverified)") \
    X(comp_sack_nr, 0, "unknown (unverified)") \
    X(comp_sack_delay, 1 * NS_PER_MS, "not used: comp_sack_nr is 0") \
    X(comp_sack_slack, 0, "not used: comp_sack_nr is 0") \
    X(fin_ack_delayed, 0, "RULES part 3: at once (unverified)") \
    X(nagle_minshall, 0, "unknown (unverified)") \
    X(bunches, 0, "unknown (unverified)") \
    X(tlp, 1, "RULES part 3: recent versions (unverified)") \
    X(rack, 1, "RULES part 3: recent versions (unverified)") \
    X(cc, 2, "default of recent versions (unverified)") \
    X(initial_cwnd, 10, "Internet template (unverified)") \
    X(hystart, 0, "HyStart++ (RFC 9406) instead (unverified)") \
    X(hystart_low_window, 16, "not used: hystart is 0") \
    X(hystart_ack_delta, 2 * NS_PER_MS, "not used: hystart is 0") \
    X(timestamps, 0, "off by default (unverified)") \
    X(sack, 1, "on by default (unverified)") \
    X(dsack, 1, "on by default (unverified)") \
    X(window_scaling, 1, "on by default (unverified)") \
    X(mss, 0, "RFC 9293 section 3.7.1: from the MTU") \
    X(rcvbuf, 65536, "typical default (unverified)") \
    X(sndbuf, 65536, "typical default (unverified)") \
    X(rcvbuf_max, 16777216, "autotuning level normal (unverified)") \
    X(sndbuf_max, 16777216, "dynamic send buffering (unverified)") \
    X(buffers_doubled, 0, "SO_RCVBUF (unverified)") \
    X(keepalive_time, 7200 * NS_PER_S, "RULES part 3 (unverified)") \
    X(keepalive_intvl, 1 * NS_PER_S, "RULES part 3 (unverified)") \
    X(keepalive_probes, 10, "RULES part 3 (unverified)") \
    X(keepalive_death_rst, 1, "unknown (unverified)") \
    X(close_unread_rst, 1, "RULES part 3 (unverified)") \
    X(data_after_close_rst, 1, "RULES part 3 (unverified)") \
    X(data_across_fin_rst, 0, "unknown (unverified)") \
    X(rst_flushes_receive, 1, "W-02: dotnet/runtime 57186") \
    X(linger_timeout_aborts, 1, "W-01: closesocket") \
    X(rfc5961, 1, "RULES part 3: since 2012 (unverified)") \
    X(invalid_ratelimit, 0, "unknown (unverified)") \
    X(challenge_ack_limit, 10, "R-078 (unverified)") \
    X(rfc1337, 0, "unknown (unverified)") \
    X(rst_in_time_wait, 1, "unknown (unverified)") \
    X(syn_in_time_wait, 1, "unknown (unverified)") \
    X(tw_restart, 0, "unknown (unverified)") \
    X(tw_paws_binds_rst, 0, "unknown (unverified)") \
    X(tw_reuse, 0, "unknown (unverified)") \
    X(tw_reuse_delay, 1 * NS_PER_S, "not used: tw_reuse is 0 (unverified)") \
    X(bare_fin_zero_window, 0, "unknown (unverified)") \
    X(orphan_fw2_mini, 0, "unknown (unverified)") \
    X(closewait_rst_epipe, 0, "unknown (unverified)") \
    X(abort_always_rst, 0, "unknown (unverified)") \
    X(active_rst_ack, 1, "unknown (unverified)") \
    X(synack_data_kept, 0, "unknown (unverified)") \
    X(syn_resent_after_rst, TIME_NEVER, "unknown (unverified)") \
    X(accept_overflow_rst, 1, "W-05: old text (unverified)") \
    X(syn_cookies, 0, "unknown (unverified)") \
    X(half_open_pruned, 0, "unknown (unverified)") \
    X(backlog_max, 200, "SOMAXCONN of a server (unverified)") \
    X(max_orphans, 0, "unknown (unverified)") \
    X(max_tw_buckets, 0, "unknown (unverified)") \
    X(isn_clock_ns, 4000, "RULES part 3: RFC 6528-like (unverified)") \
    X(ts_clock_ns, 1000000, "1 ms (unverified)") \
    X(rst_at_sack_edge, 0, "unknown (unverified)") \
    X(window_edge_inclusive, 0, "unknown (unverified)") \
    X(missing_ts_dropped, 0, "unknown (unverified)") \
    X(paws_spares_acks, 0, "unknown (unverified)") \
    X(syn_fin_ignored, 0, "unknown (unverified)") \
    X(synack_repeated, 1, "unknown (unverified)") \
    X(syn_received_refused, 1, "unknown (unverified)") \
    X(tw_bound_reuse, 0, "unknown (unverified)") \
    X(old_ack_bounded, 0, "unknown (unverified)") \
    X(zero_window_fin_taken, 0, "unknown (unverified)") \
    X(jiffy, 15625 * NS_PER_US, "64 ticks a second (unverified)") \
    X(ticks, 0, "unknown (unverified)") \
    X(timeout_min, 2 * NS_PER_MS, "as Linux (unverified)") \
    X(hz, 0, "LANGUAGE: exact unless hz is given")

/* clang-format on */

#define VALUE_OF(name, value, source) .name = (value),
#define SOURCE_OF(name, value, source) [PROFILE_##name] = (source),
#define HELP_OF(name, help) [PROFILE_##name] = (help),
#define NAME_OF(name, unit) [PROFILE_##name] = #name,
#define UNIT_OF(name, unit) [PROFILE_##name] = (unit),

static const struct tcp_profile defaults[PROFILES] = {
    [PROFILE_RFC9293] = {RFC9293(VALUE_OF)},
    [PROFILE_LINUX] = {LINUX(VALUE_OF)},
    [PROFILE_FREEBSD] = {FREEBSD(VALUE_OF)},
    [PROFILE_WINDOWS] = {WINDOWS(VALUE_OF)},
};

static const char *const sources[PROFILES][PROFILE_FIELDS] = {
    [PROFILE_RFC9293] = {RFC9293(SOURCE_OF)},
    [PROFILE_LINUX] = {LINUX(SOURCE_OF)},
    [PROFILE_FREEBSD] = {FREEBSD(SOURCE_OF)},
    [PROFILE_WINDOWS] = {WINDOWS(SOURCE_OF)},
};

static const char *const help[PROFILE_FIELDS] = {HELP(HELP_OF)};
static const char *const field_names[PROFILE_FIELDS] = {PROFILE_TABLE(NAME_OF)};
static const uint8_t units[PROFILE_FIELDS] = {PROFILE_TABLE(UNIT_OF)};
static const char *const profile_names[PROFILES] = {
    [PROFILE_RFC9293] = "rfc9293",
    [PROFILE_LINUX] = "linux",
    [PROFILE_FREEBSD] = "freebsd",
    [PROFILE_WINDOWS] = "windows",
};

#define CHOICES_MAX 3
static const struct {
    enum profile_field field;
    const char *words[CHOICES_MAX];
} choices[] = {
    {PROFILE_cc, {"none", "reno", "cubic"}},
    {PROFILE_rst_in_time_wait, {"ignored", "exact", "in-window"}},
    {PROFILE_syn_in_time_wait, {"challenge-ack", "rfc6191", "higher-number"}},
    {PROFILE_tw_restart, {"fin", "linux", "freebsd"}},
    {PROFILE_abort_always_rst, {"never", "unsent-data", NULL}},
};

const struct tcp_profile *profile_defaults(enum profile_id id)
{
    return &defaults[id];
}

const char *profile_name(enum profile_id id)
{
    return profile_names[id];
}

bool profile_find(const char *name, enum profile_id *id)
{
    for (int i = 0; i < PROFILES; i++) {
        if (strcmp(name, profile_names[i]) == 0) {
            *id = (enum profile_id)i;
            return true;
        }
    }
    return false;
}

const char *profile_field_name(enum profile_field field)
{
    return field_names[field];
}

enum profile_unit profile_field_unit(enum profile_field field)
{
    return (enum profile_unit)units[field];
}

const char *profile_field_help(enum profile_field field)
{
    return help[field];
}

const char *profile_field_source(enum profile_field field, enum profile_id id)
{
    return sources[id][field];
}

bool profile_field_find(const char *name, enum profile_field *field)
{
    for (int i = 0; i < PROFILE_FIELDS; i++) {
        if (strcmp(name, field_names[i]) == 0) {
            *field = (enum profile_field)i;
            return true;
        }
    }
    return false;
}

const char *profile_choice_name(enum profile_field field, int64_t index)
{
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (choices[i].field == field)
            return index >= 0 && index < CHOICES_MAX ? choices[i].words[index] : NULL;
    }
    return NULL;
}
