/* SPDX-License-Identifier: MIT */
/* A profile is data: the constants and choices in which TCP stacks differ, each with its source. Where an operating system
 * differs in logic, the code asks the profile for the behaviour, never for the system's name. */
#ifndef LASTACK_TCP_PROFILE_H
#define LASTACK_TCP_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum profile_unit { UNIT_DURATION, UNIT_BYTES, UNIT_COUNT, UNIT_SWITCH, UNIT_CHOICE };
enum profile_id { PROFILE_RFC9293, PROFILE_LINUX, PROFILE_FREEBSD, PROFILE_WINDOWS };
#define PROFILES 4

/* Every field, in the order of the table that `lastack profiles` prints. Values are int64: ns, bytes, a count, 0/1 or a choice's index.
 * Kept as an X-macro so that the struct, its names and its table cannot come apart:
 * X(field, unit) -- values and sources are in profile.c. A duration of TIME_NEVER is "none" / "for ever". */
#define PROFILE_TABLE(X) \
    X(msl, UNIT_DURATION) \
    X(time_wait, UNIT_DURATION) /* how long TIME_WAIT lasts; 0: the state is passed through */ \
    X(fin_timeout, UNIT_DURATION) /* FIN_WAIT_2 of an orphan */ \
    X(fin_timeout_held, UNIT_DURATION) /* the same for a socket that a program still holds */ \
    X(rto_initial, UNIT_DURATION) \
    X(rto_min, UNIT_DURATION) \
    X(rto_max, UNIT_DURATION) \
    X(rto_min_on_variance, \
      UNIT_SWITCH) /* rto_min bounds 4*RTTVAR (Linux: RTO = SRTT + max(rto_min, 4*RTTVAR)) and not the RTO (RFC 6298 2.4) */ \
    X(syn_retries, UNIT_COUNT) \
    X(syn_linear_timeouts, UNIT_COUNT) /* SYN retransmissions without back-off before it begins */ \
    X(synack_retries, UNIT_COUNT) \
    X(retries2, UNIT_COUNT) /* data, FIN of a held socket */ \
    X(orphan_retries, UNIT_COUNT) /* FIN of an orphan; 0: Linux's 8 */ \
    X(give_up_by_time, UNIT_SWITCH) /* L-15: the bound is a time model counted from the first RTO retransmission */ \
    X(user_timeout, UNIT_DURATION) /* TIME_NEVER: off unless the socket sets it */ \
    X(delack, UNIT_DURATION) /* delayed-ACK minimum (Linux 40 ms) or the fixed delay */ \
    X(delack_max, UNIT_DURATION) \
    X(quick_acks, UNIT_COUNT) /* segments acknowledged at once at a connection's start */ \
    X(comp_sack_nr, UNIT_COUNT) /* ACKs of segments above a gap that may be held back to go as one; 0: none */ \
    X(comp_sack_delay, UNIT_DURATION) /* for so long, or a twentieth of the round trip */ \
    X(comp_sack_slack, UNIT_DURATION) /* what the timer takes on top */ \
    X(fin_ack_delayed, UNIT_SWITCH) /* FACTS 5: a FIN in ESTABLISHED is acknowledged with the delayed ACK */ \
    X(nagle_minshall, UNIT_SWITCH) /* Nagle waits for small segments only, not for everything unacknowledged */ \
    X(bunches, UNIT_SWITCH) /* segments leave in bunches, and one alone may wait for its fellow (tcp_tso_should_defer) */ \
    X(tlp, UNIT_SWITCH) \
    X(rack, UNIT_SWITCH) \
    X(cc, UNIT_CHOICE) /* 0 none, 1 reno, 2 cubic */ \
    X(initial_cwnd, UNIT_COUNT) /* segments */ \
    X(hystart, UNIT_SWITCH) /* cubic leaves slow start when round trips grow or ACKs come in a long train */ \
    X(hystart_low_window, UNIT_COUNT) /* segments: not below this window */ \
    X(hystart_ack_delta, UNIT_DURATION) /* ACKs so near each other make a train */ \
    X(timestamps, UNIT_SWITCH) \
    X(sack, UNIT_SWITCH) \
    X(dsack, UNIT_SWITCH) \
    X(window_scaling, UNIT_SWITCH) \
    X(mss, UNIT_BYTES) /* 0: from the link's MTU, minus 40 */ \
    X(rcvbuf, UNIT_BYTES) /* as the socket option counts */ \
    X(sndbuf, UNIT_BYTES) \
    X(rcvbuf_max, UNIT_BYTES) /* decides the window scale; autotuning's limit */ \
    X(sndbuf_max, UNIT_BYTES) \
    X(buffers_doubled, UNIT_SWITCH) /* setsockopt doubles what it is given */ \
    X(keepalive_time, UNIT_DURATION) \
    X(keepalive_intvl, UNIT_DURATION) \
    X(keepalive_probes, UNIT_COUNT) \
    X(keepalive_death_rst, UNIT_SWITCH) /* L-21 */ \
    X(close_unread_rst, UNIT_SWITCH) /* close() with unread data resets */ \
    X(data_after_close_rst, UNIT_SWITCH) /* new data at an end whose program is gone draws a RST */ \
    X(data_across_fin_rst, UNIT_SWITCH) /* so does a segment that begins before the peer's FIN and ends behind it */ \
    X(rst_flushes_receive, UNIT_SWITCH) /* a RST discards received, unread data */ \
    X(linger_timeout_aborts, UNIT_SWITCH) /* SO_LINGER expiry terminates the connection (Windows) instead of going on in the background */ \
    X(rfc5961, UNIT_SWITCH) /* exact RST, challenge ACKs */ \
    X(invalid_ratelimit, UNIT_DURATION) /* per connection: one ACK for unacceptable segments in this time; 0 off */ \
    X(challenge_ack_limit, UNIT_COUNT) /* RFC 5961 section 7: per connection and 5 s; 0 none */ \
    X(rfc1337, UNIT_SWITCH) /* RST in TIME_WAIT is ignored */ \
    X(rst_in_time_wait, UNIT_CHOICE) /* 0 ignored, 1 exact (RCV.NXT), 2 in window */ \
    X(syn_in_time_wait, UNIT_CHOICE) /* 0 challenge ACK, 1 RFC 6191 else ACK, 2 higher number else silence */ \
    X(tw_restart, UNIT_CHOICE) /* 0 by an acceptable FIN (R-142), 1 Linux (L-08, L-10), 2 FreeBSD (B-06) */ \
    X(tw_paws_binds_rst, UNIT_SWITCH) /* a RST to a small record must pass PAWS, while TS.Recent is not a minute old */ \
    X(tw_reuse, UNIT_COUNT) /* connect() over a TIME_WAIT of one's own: 0, 1, 2 as the sysctl */ \
    X(tw_reuse_delay, UNIT_DURATION) \
    X(bare_fin_zero_window, UNIT_SWITCH) /* a bare FIN may be sent into a zero window */ \
    X(orphan_fw2_mini, UNIT_SWITCH) /* an orphan's FIN_WAIT_2 is a small record (L-05 to L-07) */ \
    X(closewait_rst_epipe, UNIT_SWITCH) /* L-13 */ \
    X(abort_always_rst, UNIT_CHOICE) /* abort in CLOSING, LAST_ACK: 0 never (R-052), 1 with unsent data (L-03) */ \
    X(active_rst_ack, UNIT_SWITCH) /* L-04: a reset of one's own carries ACK */ \
    X(synack_data_kept, UNIT_SWITCH) /* data on a SYN-ACK or SYN is kept (FACTS 14) */ \
    X(syn_resent_after_rst, \
      UNIT_DURATION) /* SYN_SENT: after answering an unacceptable ACK the SYN is resent so soon; TIME_NEVER: at its own timer */ \
    X(accept_overflow_rst, UNIT_SWITCH) /* L-20 */ \
    X(syn_cookies, UNIT_COUNT) /* as the sysctl: 0 no, 1 if the queue of half-open connections is full, 2 always */ \
    X(half_open_pruned, UNIT_SWITCH) /* half-open connections that are old are given up sooner when they fill half of their queue */ \
    X(backlog_max, UNIT_COUNT) /* somaxconn */ \
    X(max_orphans, UNIT_COUNT) /* of a host; 0: no limit */ \
    X(max_tw_buckets, UNIT_COUNT) /* of a host: small records, TIME_WAIT's and FIN_WAIT_2's; 0: no limit */ \
    X(isn_clock_ns, UNIT_COUNT) /* the ISN's clock steps once in so many ns */ \
    X(ts_clock_ns, UNIT_COUNT) /* the timestamp clock's step in ns */ \
    X(rst_at_sack_edge, UNIT_SWITCH) /* L-12: a RST at the right edge of the last SACK block is exact too */ \
    X(window_edge_inclusive, UNIT_SWITCH) /* FACTS 14: the sequence test is overlap with [last ACK sent, right edge], the edge included */ \
    X(missing_ts_dropped, UNIT_SWITCH) /* R-211: a segment without the negotiated timestamps is dropped */ \
    X(paws_spares_acks, UNIT_SWITCH) /* a reordered pure ACK passes PAWS */ \
    X(syn_fin_ignored, UNIT_SWITCH) /* FACTS 14: a SYN with a FIN gets no answer in LISTEN */ \
    X(synack_repeated, UNIT_SWITCH) /* a repeated SYN in SYN_RECEIVED draws the SYN-ACK again, not an ACK */ \
    X(syn_received_refused, UNIT_SWITCH) /* R-032: a RST in SYN_RECEIVED of an active open says ECONNREFUSED, else ECONNRESET */ \
    X(tw_bound_reuse, UNIT_SWITCH) /* FACTS 8: connect() from a port of one's own choice takes a TIME_WAIT with timestamps over */ \
    X(old_ack_bounded, UNIT_SWITCH) /* an ACK below what was ever acknowledged is answered, however large the window was */ \
    X(zero_window_fin_taken, UNIT_SWITCH) /* a bare FIN in order is taken although the window is closed */ \
    X(jiffy, UNIT_DURATION) /* "at the next tick" */ \
    X(ticks, UNIT_SWITCH) /* retransmission timeouts are whole ticks, rounded up */ \
    X(timeout_min, UNIT_DURATION) /* what a tail loss probe and the reordering timer wait on top */ \
    X(hz, UNIT_COUNT) /* 0: timers are exact; else rounded as the kernel's timer wheel of that HZ */

enum profile_field {
#define X(name, unit) PROFILE_##name,
    PROFILE_TABLE(X)
#undef X
        PROFILE_FIELDS
};

struct tcp_profile {
#define X(name, unit) int64_t name;
    PROFILE_TABLE(X)
#undef X
};

/* The defaults of a profile. */
const struct tcp_profile *profile_defaults(enum profile_id id);
const char *profile_name(enum profile_id id); /* "rfc9293", "linux", "freebsd", "windows" */
/* false if there is no profile of that name. */
bool profile_find(const char *name, enum profile_id *id);

const char *profile_field_name(enum profile_field field);
enum profile_unit profile_field_unit(enum profile_field field);
/* One line: what the field means. */
const char *profile_field_help(enum profile_field field);
/* Where the value of `id` comes from: an RFC's section, a row of RULES.md or FACTS.md. */
const char *profile_field_source(enum profile_field field, enum profile_id id);
/* false if no field has that name. */
bool profile_field_find(const char *name, enum profile_field *field);
/* The words of a UNIT_CHOICE field by index ("reno"), NULL beyond the last. */
const char *profile_choice_name(enum profile_field field, int64_t index);

static inline int64_t profile_get(const struct tcp_profile *profile, enum profile_field field)
{
    return ((const int64_t *)(const void *)profile)[field];
}
static inline void profile_set(struct tcp_profile *profile, enum profile_field field, int64_t value)
{
    ((int64_t *)(void *)profile)[field] = value;
}

#endif
