/* SPDX-License-Identifier: MIT */
/* An idle connection in a tenth of a TCB: established, nothing in flight, nothing unread, no timer. Most of a large world is in this
 * state most of the time. */
#ifndef LASTACK_TCP_IDLE_H
#define LASTACK_TCP_IDLE_H

#include "tcp/profile.h"
#include "tcp/tcb.h"

/* How many of `room` bytes it takes; 0: this TCB is not at rest, or has so much to remember that it must stay as it is. 36 to 43 for one
 * that has lost nothing. `profile` is its host's. */
unsigned tcp_idle_pack(const struct tcb *tcb, const struct tcp_profile *profile, unsigned char *bytes, unsigned room);
void tcp_idle_unpack(unsigned char *bytes, unsigned count, const struct tcp_profile *profile, struct tcb *tcb);

#endif
