/* SPDX-License-Identifier: MIT */
/* The IPv4 packet of a segment, as it would stand on a wire: what a trace knows in relative numbers and without payload becomes bytes.
 * What the trace does not have is made up, the same for every view and every run: see packet_flows_init(). Inside the view room only. */
#ifndef LASTACK_VIEW_PACKET_H
#define LASTACK_VIEW_PACKET_H

#include "base/text.h"
#include "view/glossary.h"

/* One side of a connection on the wire. */
struct packet_side {
    uint32_t isn;
    uint16_t host, port;
    uint8_t shift; /* of its windows, once both SYNs have offered scaling (RFC 7323 section 2.2) */
};

struct packet_flows {
    const struct glossary *glossary;
    struct packet_side (*sides)[2]; /* by connection number; 0 is unused */
    uint32_t count;
    bool failed; /* out of memory */
};

/* Addresses are 10.0.0.1, 10.0.0.2 ... in file order. A port that the scenario leaves to the host, and no middlebox has seen, is the
 * next of the host's range; initial sequence numbers are drawn as the engine draws them (RFC 6528), by these ports. */
void packet_flows_init(struct packet_flows *flows, const struct glossary *glossary, const struct judgement *judgement);
void packet_flows_done(struct packet_flows *flows);

/* 10.0.0.1 as 0x0A000001. */
uint32_t packet_address(uint16_t node);
/* How many nodes lie between the two, on the shortest way. */
unsigned packet_hops(const struct story *story, uint16_t from, uint16_t to);

/* Header bytes of the segment's options, padded to a multiple of four; at most 40. */
unsigned packet_options(uint8_t *bytes, const struct packet_flows *flows, const struct trace_event *event);
/* The window field: as the sender's scale leaves it. */
uint16_t packet_window(const struct packet_flows *flows, const struct trace_event *event);
/* Adds the packet of a SEND, RECV, DUP, INJECT or DROP. `ttl` as it stands; `corrupt`: its checksum does not hold. The payload is text,
 * each byte told by its place in the stream. Returns the packet's length. */
uint32_t packet_put(struct text *out, const struct packet_flows *flows, const struct trace_event *event, uint8_t ttl, bool corrupt);

#endif
