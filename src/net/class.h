/* SPDX-License-Identifier: MIT */
/* What a segment is called in the scenario language, and the passive observer of headers that knows it: the very same code
 * serves a simulated wire and a real one, so it sees headers only and never a TCB. */
#ifndef LASTACK_NET_CLASS_H
#define LASTACK_NET_CLASS_H

#include "tcp/segment.h"

/* Joined by `+` all must hold; CLASS_ANY holds for every segment. */
enum segment_class {
    CLASS_ANY = 1,
    CLASS_SYN = 2, /* SYN or SYN-ACK */
    CLASS_FIN = 4,
    CLASS_RST = 8,
    CLASS_DATA = 16, /* any payload */
    CLASS_ACK = 32, /* an ACK with no SYN, FIN, RST or payload */
    CLASS_PROBE = 64, /* keep-alive or zero-window probe, by its numbers alone (RFC 9293 3.8.4, 3.8.6.1): no payload and a sequence
                         number below what was sent; or one old octet that the peer has acknowledged; or one octet beyond the window.
                         Without payload it is an ACK too */
    CLASS_ACK_FIN = 128, /* the first segment after each arrival of the peer's FIN that acknowledges it, whatever else it carries */
    CLASS_RETRANSMISSION = 256, /* a range (or FIN, or SYN) that was sent before; not a word of the language, a field of the trace */
};

/* One side of a connection as its headers show it. `known` bits say which numbers have been seen. All comparisons are modulo 2^32. */
struct flow_side {
    uint32_t iss; /* sequence number of its SYN */
    uint32_t nxt; /* one past the highest number sent */
    uint32_t fin; /* the number of its FIN */
    uint32_t ack_max; /* the highest acknowledgement number sent */
    uint32_t edge; /* the right edge of the window that it has offered, as far as the peer has been told */
    uint16_t port;
    uint8_t host; /* a node; a world has at most 255 */
    uint8_t known; /* FLOW_* bits */
};
enum {
    FLOW_SYN = 1, /* it sent a SYN: iss and nxt are valid */
    FLOW_FIN = 2, /* it sent a FIN: fin is valid */
    FLOW_FIN_ARRIVED = 4, /* its FIN has arrived at the peer since the peer last acknowledged it: the peer's next such ACK is ACK(FIN) */
    FLOW_ACKED = 8, /* it sent an ACK: ack_max is valid */
    FLOW_EDGE = 16, /* an ACK of it has arrived: edge is valid */
};

/* One connection (one incarnation of a four-tuple). side[0] sent the first SYN. */
struct flow {
    struct flow_side side[2];
};

/* A fresh flow between the two addresses of its first SYN, `first`; takes no further note of that segment. */
void flow_begin(struct flow *flow, const struct segment *first);

static inline struct flow_side *flow_side_at(struct flow *flow, unsigned side)
{
    return side != 0 ? &flow->side[1] : &flow->side[0]; /* chosen, not computed: the address is then all there is to keep */
}

/* The side (0 or 1) of `flow` that `seg` was sent by. */
static inline unsigned flow_side_of(const struct flow *flow, const struct segment *seg)
{
    /* Both ends of a loopback connection have one host: the port tells. */
    return (flow->side[0].host != seg->src_host) | (flow->side[0].port != seg->src_port);
}

/* A segment leaves its sender: returns its classes (a mask of enum segment_class, always with CLASS_ANY) and takes note of it.
 * One that its sender did not send (SEGMENT_INJECTED, SEGMENT_COPY) is classed but leaves no note, and is never an ACK(FIN). */
uint32_t flow_note_sent(struct flow *flow, const struct segment *seg);

/* A segment arrives intact at its destination; copies and forgeries too. */
void flow_note_arrived(struct flow *flow, const struct segment *seg);

/* The same where the two sides are known. */
uint32_t flow_note_sent_from(struct flow_side *from, struct flow_side *peer, const struct segment *seg);
void flow_note_arrived_from(struct flow_side *from, const struct flow_side *peer, const struct segment *seg);

static inline bool flow_before(uint32_t a, uint32_t b) /* modulo 2^32 (RFC 9293 section 3.4) */
{
    return (int32_t)(a - b) < 0;
}
static inline void flow_note_ack(struct flow_side *from, uint32_t ack)
{
    if ((from->known & FLOW_ACKED) == 0 || flow_before(from->ack_max, ack)) {
        from->ack_max = ack;
        from->known |= FLOW_ACKED;
    }
}
/* The furthest edge counts, so that reordering cannot take a window back; one that keeps its promise never does. */
static inline void flow_note_edge(struct flow_side *from, const struct segment *seg)
{
    const uint32_t edge = seg->ack + seg->wnd;
    if ((from->known & FLOW_EDGE) == 0 || flow_before(from->edge, edge)) {
        from->edge = edge;
        from->known |= FLOW_EDGE;
    }
}

/* Most segments are plain: both sides have sent their SYN, and it is an ACK without one, or without RST, with no option but a timestamp. */
static inline bool flow_is_plain(const struct flow_side *from, const struct flow_side *peer, const struct segment *seg)
{
    return (from->known & peer->known & FLOW_SYN) != 0 && (seg->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK &&
           (seg->options & ~TCPOPT_TS) == 0;
}

/* The classes of a plain segment that is its sender's own, noted. Most stand at the sender's next number and are no probe. */
static inline uint32_t flow_note_plain_sent(struct flow_side *from, struct flow_side *peer, const struct segment *seg)
{
    uint32_t end = seg->seq + seg->len, classes;
    if (__builtin_expect(seg->seq != from->nxt || seg->len == 1, 0))
        return flow_note_sent_from(from, peer, seg);
    if ((seg->flags & TCP_FIN) == 0) {
        classes = seg->len == 0 ? CLASS_ANY | CLASS_ACK : CLASS_ANY | CLASS_DATA;
    } else {
        classes = seg->len == 0 ? CLASS_ANY | CLASS_FIN : CLASS_ANY | CLASS_FIN | CLASS_DATA;
        from->fin = end++;
        from->known |= FLOW_FIN;
    }
    from->nxt = end;
    if ((peer->known & FLOW_FIN_ARRIVED) != 0 && flow_before(peer->fin, seg->ack)) {
        classes |= CLASS_ACK_FIN;
        peer->known &= (uint8_t)~FLOW_FIN_ARRIVED;
    }
    flow_note_ack(from, seg->ack);
    return classes;
}

/* A plain segment arrives, which is neither forged nor damaged. */
static inline void flow_note_plain_arrived(struct flow_side *from, const struct flow_side *peer, const struct segment *seg)
{
    if ((seg->flags & TCP_FIN) != 0)
        flow_note_arrived_from(from, peer, seg);
    else
        flow_note_edge(from, seg);
}

#endif
