/* SPDX-License-Identifier: MIT */
/* A firewall's or a nat's memory of one flow, from headers only: what it has seen, and how long it remembers. Pure: the caller keeps
 * the table and the clock. Connection tracking follows nf_conntrack_proto_tcp.c (RULES.md part 3, last row), without its check of
 * windows: a box here forgets flows, it does not judge what a known one carries. */
#ifndef LASTACK_NET_MIDDLEBOX_H
#define LASTACK_NET_MIDDLEBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/segment.h"

/* How far the box believes a connection to be; conntrack's names. */
enum box_state {
    BOX_SYN_SENT,
    BOX_SYN_RECV,
    BOX_ESTABLISHED,
    BOX_FIN_WAIT, /* from here on it is closing: a FIN has passed */
    BOX_CLOSE_WAIT, /* something was acknowledged since */
    BOX_LAST_ACK, /* FINs have passed both ways, or one passed twice */
    BOX_TIME_WAIT,
    BOX_CLOSE, /* a RST has passed */
};
#define BOX_STATES 8
const char *box_state_name(enum box_state state); /* "SYN_SENT" ... "CLOSE" */

struct box_side {
    uint32_t end; /* one past the highest number that it sent */
    uint32_t ack; /* the highest acknowledgement that it sent */
    uint16_t host, port;
    bool seen, acked; /* `end`, `ack` are valid */
};

/* One entry of the table. side[0] sent the SYN. Relocatable. */
struct box_flow {
    int64_t last_ns; /* when a segment last passed */
    struct box_side side[2];
    uint32_t syn; /* the number after a SYN that came into a flow still open: if a SYN-ACK answers it, the flow begins anew */
    uint8_t state; /* enum box_state */
    bool syn_again; /* `syn` is valid */
};

/* What a scenario says of a box; TIME_NEVER where it says nothing. */
struct box_limits {
    int64_t idle_ns; /* without it conntrack's limits hold, state by state */
    int64_t closing_ns; /* the limit from the first FIN on; without it `idle_ns` holds there too */
};

/* Does this segment begin a flow that the box does not know? Only a SYN without ACK does. */
bool box_flow_begins(const struct segment *seg);
void box_flow_begin(struct box_flow *flow, const struct segment *seg, int64_t now_ns);

/* A segment of the flow passes now: takes note of it. One with a bad checksum, which the box sees as any host would, leaves none. */
void box_flow_pass(struct box_flow *flow, const struct segment *seg, int64_t now_ns);

/* How long the box remembers the flow, silent, as it stands: ns. */
int64_t box_flow_limit(const struct box_flow *flow, const struct box_limits *limits);
/* When it forgets the flow if nothing passes before: a segment that comes then or later is of an unknown flow. TIME_NEVER: never. */
int64_t box_flow_forgets(const struct box_flow *flow, const struct box_limits *limits);

/* What the box answers to the sender of a segment of an unknown flow, with `then reset`: the RST that the other end would have sent
 * had it no such connection (RFC 9293 section 3.10.7.1), under that end's address. False: none, for a RST or a bad checksum. */
bool box_reset(const struct segment *seg, struct segment *reply);

#endif
