/* SPDX-License-Identifier: MIT */
/* The names of RFC 9293's states, of the timers and of the errors, as the scenario language and the trace spell them. */
#include "tcp/state.h"

const char *tcp_state_name(enum tcp_state state)
{
    static const char *const names[TCP_STATES] = {
        [TCP_CLOSED] = "CLOSED",           [TCP_LISTEN] = "LISTEN",
        [TCP_SYN_SENT] = "SYN_SENT",       [TCP_SYN_RECEIVED] = "SYN_RECEIVED",
        [TCP_ESTABLISHED] = "ESTABLISHED", [TCP_FIN_WAIT_1] = "FIN_WAIT_1",
        [TCP_FIN_WAIT_2] = "FIN_WAIT_2",   [TCP_CLOSE_WAIT] = "CLOSE_WAIT",
        [TCP_CLOSING] = "CLOSING",         [TCP_LAST_ACK] = "LAST_ACK",
        [TCP_TIME_WAIT] = "TIME_WAIT",
    };
    return (unsigned)state < TCP_STATES ? names[state] : "?";
}

const char *tcp_timer_name(enum tcp_timer timer)
{
    static const char *const names[TCP_TIMERS] = {
        [TIMER_NONE] = "none",
        [TIMER_RETRANSMISSION] = "retransmission",
        [TIMER_TAIL_LOSS_PROBE] = "tail-loss-probe",
        [TIMER_REORDERING] = "reordering",
        [TIMER_PERSIST] = "persist",
        [TIMER_DELAYED_ACK] = "delayed-ack",
        [TIMER_KEEPALIVE] = "keepalive",
        [TIMER_FIN_WAIT_2] = "fin-wait-2",
        [TIMER_TIME_WAIT] = "time-wait",
    };
    return (unsigned)timer < TCP_TIMERS ? names[timer] : "?";
}

const char *tcp_errno_name(enum tcp_errno error)
{
    static const char *const names[TCP_ERRNOS] = {
        [TCP_OK] = "0",
        [TCP_EAGAIN] = "EAGAIN",
        [TCP_EBADF] = "EBADF",
        [TCP_EPIPE] = "EPIPE",
        [TCP_ECONNRESET] = "ECONNRESET",
        [TCP_ECONNREFUSED] = "ECONNREFUSED",
        [TCP_ETIMEDOUT] = "ETIMEDOUT",
        [TCP_EADDRINUSE] = "EADDRINUSE",
        [TCP_EADDRNOTAVAIL] = "EADDRNOTAVAIL",
        [TCP_ENOTCONN] = "ENOTCONN",
        [TCP_EISCONN] = "EISCONN",
        [TCP_EINPROGRESS] = "EINPROGRESS",
        [TCP_EINVAL] = "EINVAL",
        [TCP_ECONNABORTED] = "ECONNABORTED",
        [TCP_ENETUNREACH] = "ENETUNREACH",
        [TCP_EHOSTUNREACH] = "EHOSTUNREACH",
        [TCP_EALREADY] = "EALREADY",
        [TCP_EOPNOTSUPP] = "EOPNOTSUPP",
    };
    return (unsigned)error < TCP_ERRNOS ? names[error] : "?";
}
