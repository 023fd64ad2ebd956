/* SPDX-License-Identifier: MIT */
/* The eleven states of RFC 9293 section 3.3.2. */
#ifndef LASTACK_TCP_STATE_H
#define LASTACK_TCP_STATE_H

#include <stdint.h>

enum tcp_state {
    TCP_CLOSED = 0,
    TCP_LISTEN,
    TCP_SYN_SENT,
    TCP_SYN_RECEIVED,
    TCP_ESTABLISHED,
    TCP_FIN_WAIT_1,
    TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT,
    TCP_CLOSING,
    TCP_LAST_ACK,
    TCP_TIME_WAIT,
};
#define TCP_STATES 11

/* The timers an end can have running; the names are those of the scenario language (tcp_timer_name). */
enum tcp_timer {
    TIMER_NONE = 0,
    TIMER_RETRANSMISSION,
    TIMER_TAIL_LOSS_PROBE,
    TIMER_REORDERING,
    TIMER_PERSIST,
    TIMER_DELAYED_ACK,
    TIMER_KEEPALIVE,
    TIMER_FIN_WAIT_2,
    TIMER_TIME_WAIT,
};
#define TCP_TIMERS 9

/* What the program is told, as errno names; 0 none. Own numbers, the same on every system; tcp_errno_name() gives "ECONNRESET". */
enum tcp_errno {
    TCP_OK = 0,
    TCP_EAGAIN,
    TCP_EBADF,
    TCP_EPIPE,
    TCP_ECONNRESET,
    TCP_ECONNREFUSED,
    TCP_ETIMEDOUT,
    TCP_EADDRINUSE,
    TCP_EADDRNOTAVAIL,
    TCP_ENOTCONN,
    TCP_EISCONN,
    TCP_EINPROGRESS,
    TCP_EINVAL,
    TCP_ECONNABORTED,
    TCP_ENETUNREACH,
    TCP_EHOSTUNREACH,
    TCP_EALREADY,
    TCP_EOPNOTSUPP,
};
#define TCP_ERRNOS 18

/* Names in the language's spelling ("FIN_WAIT_1", "delayed-ack", "ECONNRESET"); never NULL for a valid value. */
const char *tcp_state_name(enum tcp_state state);
const char *tcp_timer_name(enum tcp_timer timer);
const char *tcp_errno_name(enum tcp_errno error);

#endif
