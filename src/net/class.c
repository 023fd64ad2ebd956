/* SPDX-License-Identifier: MIT */
#include "net/class.h"

_Static_assert(TCP_FIN == 1, "a FIN takes one number");

void flow_begin(struct flow *flow, const struct segment *first)
{
    *flow = (struct flow){
        .side = {{.host = (uint8_t)first->src_host, .port = first->src_port}, {.host = (uint8_t)first->dst_host, .port = first->dst_port}},
    };
}

/* The number of the segment's FIN: behind its SYN and its payload. */
static uint32_t fin_number(const struct segment *seg)
{
    return seg->seq + segment_length(seg) - 1;
}

static bool is_retransmission(const struct flow_side *from, const struct segment *seg)
{
    if ((from->known & FLOW_SYN) == 0 || (seg->flags & TCP_RST) != 0 || segment_length(seg) == 0)
        return false;
    /* A SYN of another number is a new beginning, wherever that number lies. */
    return (seg->flags & TCP_SYN) != 0 ? seg->seq == from->iss : flow_before(seg->seq, from->nxt);
}

static bool is_probe(const struct flow_side *from, const struct flow_side *peer, const struct segment *seg)
{
    if ((from->known & FLOW_SYN) == 0 || (seg->flags & (TCP_SYN | TCP_FIN | TCP_RST)) != 0 || seg->len > 1)
        return false;
    if (seg->len == 0) {
        /* Linux sends both kinds of probe so, at SND.UNA - 1. What lies further below is only an old ACK. */
        bool recent = (peer->known & FLOW_ACKED) == 0 || !flow_before(seg->seq, peer->ack_max - 1);
        return (seg->flags & TCP_ACK) != 0 && flow_before(seg->seq, from->nxt) && recent;
    }
    bool old_octet = seg->seq == from->nxt - 1 && (peer->known & FLOW_ACKED) != 0 && flow_before(seg->seq, peer->ack_max);
    bool beyond_window = (peer->known & FLOW_EDGE) != 0 && !flow_before(seg->seq, peer->edge);
    return old_octet || beyond_window;
}

static bool is_ack_of_fin(const struct flow_side *peer, const struct segment *seg)
{
    return (seg->flags & (TCP_ACK | TCP_RST)) == TCP_ACK && (peer->known & FLOW_FIN_ARRIVED) != 0 && flow_before(peer->fin, seg->ack);
}

static uint32_t classes_of(const struct flow_side *from, const struct flow_side *peer, const struct segment *seg)
{
    uint32_t classes = CLASS_ANY;
    if ((seg->flags & TCP_SYN) != 0)
        classes |= CLASS_SYN;
    if ((seg->flags & TCP_FIN) != 0)
        classes |= CLASS_FIN;
    if ((seg->flags & TCP_RST) != 0)
        classes |= CLASS_RST;
    if (seg->len > 0)
        classes |= CLASS_DATA;
    if (classes == CLASS_ANY && (seg->flags & TCP_ACK) != 0)
        classes |= CLASS_ACK;
    if (is_probe(from, peer, seg))
        classes |= CLASS_PROBE;
    if (is_retransmission(from, seg))
        classes |= CLASS_RETRANSMISSION;
    return classes;
}

/* What the segment shows of its sender's numbers. A RST shows none: it may be made from the segment that it answers. */
static void take_note(struct flow_side *from, const struct segment *seg)
{
    uint32_t end = seg->seq + segment_length(seg);
    if ((seg->flags & TCP_RST) != 0)
        return;
    if ((seg->flags & TCP_SYN) != 0 && ((from->known & FLOW_SYN) == 0 || from->iss != seg->seq)) {
        from->iss = seg->seq;
        from->nxt = end;
        from->known = FLOW_SYN;
    }
    if ((from->known & FLOW_SYN) != 0 && flow_before(from->nxt, end))
        from->nxt = end;
    if ((seg->flags & TCP_FIN) != 0) {
        from->fin = fin_number(seg);
        from->known |= FLOW_FIN;
    }
    if ((seg->flags & TCP_ACK) != 0)
        flow_note_ack(from, seg->ack);
}

uint32_t flow_note_sent_from(struct flow_side *from, struct flow_side *peer, const struct segment *seg)
{
    uint32_t classes = classes_of(from, peer, seg);
    if ((seg->marks & (SEGMENT_INJECTED | SEGMENT_COPY)) != 0)
        return classes;
    if (is_ack_of_fin(peer, seg)) {
        classes |= CLASS_ACK_FIN;
        peer->known &= (uint8_t)~FLOW_FIN_ARRIVED;
    }
    take_note(from, seg);
    return classes;
}

uint32_t flow_note_sent(struct flow *flow, const struct segment *seg)
{
    unsigned side = flow_side_of(flow, seg);
    return flow_note_sent_from(&flow->side[side], &flow->side[side ^ 1], seg);
}

/* A FIN is at the door of the peer, whose next acknowledgement of it is ACK(FIN). */
static void note_fin_arrived(struct flow_side *from, const struct flow_side *peer, const struct segment *seg)
{
    uint32_t number = fin_number(seg);
    bool own = (from->known & FLOW_FIN) != 0 && number == from->fin;
    if (!own) {
        /* Forged: the peer cannot tell, and may take it for real if it lies beyond all that it has acknowledged. */
        if ((from->known & FLOW_FIN) != 0 || ((peer->known & FLOW_ACKED) != 0 && flow_before(number, peer->ack_max)))
            return;
        from->fin = number;
    }
    from->known |= FLOW_FIN_ARRIVED;
}

void flow_note_arrived_from(struct flow_side *from, const struct flow_side *peer, const struct segment *seg)
{
    if ((seg->flags & TCP_RST) != 0 || (seg->marks & SEGMENT_CORRUPT) != 0)
        return;
    if ((seg->flags & TCP_FIN) != 0)
        note_fin_arrived(from, peer, seg);
    if ((seg->flags & TCP_ACK) != 0 && (seg->marks & SEGMENT_INJECTED) == 0)
        flow_note_edge(from, seg);
}

void flow_note_arrived(struct flow *flow, const struct segment *seg)
{
    unsigned side = flow_side_of(flow, seg);
    flow_note_arrived_from(&flow->side[side], &flow->side[side ^ 1], seg);
}
