/* SPDX-License-Identifier: MIT */
/* An idle connection in an eighth of a TCB: established, nothing in flight, nothing unread, no timer. Most of a large world is in this
 * state most of the time. */
#ifndef LASTACK_TCP_IDLE_H
#define LASTACK_TCP_IDLE_H

#include "tcp/profile.h"
#include "tcp/tcb.h"

#define TCP_IDLE_BYTES 52
struct tcp_idle {
    unsigned char bytes[TCP_IDLE_BYTES];
};

/* False: this TCB is not at rest, or has so much to remember that it must stay as it is. `profile` is its host's. */
bool tcp_idle_pack(const struct tcb *tcb, const struct tcp_profile *profile, struct tcp_idle *idle);
void tcp_idle_unpack(const struct tcp_idle *idle, const struct tcp_profile *profile, struct tcb *tcb);

#endif
