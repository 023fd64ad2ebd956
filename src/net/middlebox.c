/* SPDX-License-Identifier: MIT */
#include "net/middlebox.h"

#include "base/duration.h"
#include "tcp/tcp.h"

/* net.netfilter.nf_conntrack_tcp_timeout_*, RULES.md part 3. */
static const int64_t conntrack_ns[BOX_STATES] = {
    [BOX_SYN_SENT] = 120 * NS_PER_S,  [BOX_SYN_RECV] = 60 * NS_PER_S,   [BOX_ESTABLISHED] = 5 * 24 * 3600 * NS_PER_S,
    [BOX_FIN_WAIT] = 120 * NS_PER_S,  [BOX_CLOSE_WAIT] = 60 * NS_PER_S, [BOX_LAST_ACK] = 30 * NS_PER_S,
    [BOX_TIME_WAIT] = 120 * NS_PER_S, [BOX_CLOSE] = 10 * NS_PER_S,
};
#define CONNTRACK_UNACKNOWLEDGED_NS (300 * NS_PER_S) /* the most while something is on its way unacknowledged */

const char *box_state_name(enum box_state state)
{
    static const char *const names[BOX_STATES] = {
        [BOX_SYN_SENT] = "SYN_SENT",     [BOX_SYN_RECV] = "SYN_RECV", [BOX_ESTABLISHED] = "ESTABLISHED", [BOX_FIN_WAIT] = "FIN_WAIT",
        [BOX_CLOSE_WAIT] = "CLOSE_WAIT", [BOX_LAST_ACK] = "LAST_ACK", [BOX_TIME_WAIT] = "TIME_WAIT",     [BOX_CLOSE] = "CLOSE",
    };
    return names[state];
}

/* a comes before b, modulo 2^32 (RFC 9293 section 3.4). */
static bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static unsigned side_of(const struct box_flow *flow, const struct segment *seg)
{
    return !(flow->side[0].host == seg->src_host && flow->side[0].port == seg->src_port);
}

static void note_numbers(struct box_side *side, const struct segment *seg)
{
    uint32_t end = seg->seq + segment_length(seg);
    if (!side->seen || seq_before(side->end, end))
        side->end = end;
    side->seen = true;
    if ((seg->flags & TCP_ACK) == 0)
        return;
    if (!side->acked || seq_before(side->ack, seg->ack))
        side->ack = seg->ack;
    side->acked = true;
}

bool box_flow_begins(const struct segment *seg)
{
    return (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && (seg->marks & SEGMENT_CORRUPT) == 0;
}

void box_flow_begin(struct box_flow *flow, const struct segment *seg, int64_t now_ns)
{
    *flow = (struct box_flow){
        .last_ns = now_ns,
        .side = {{.host = seg->src_host, .port = seg->src_port}, {.host = seg->dst_host, .port = seg->dst_port}},
        .state = BOX_SYN_SENT,
    };
    note_numbers(&flow->side[0], seg);
}

/* A SYN in a flow that the box has seen end begins another (conntrack: TIME_WAIT, CLOSE -> SYN_SENT), from either side: that the box
 * remembers longer than the hosts do must not keep them apart. In one that still lives it may be an old duplicate: it passes, and
 * counts when a SYN-ACK answers it. */
static void pass_syn(struct box_flow *flow, const struct segment *seg, int64_t now_ns)
{
    if (flow->state == BOX_TIME_WAIT || flow->state == BOX_CLOSE) {
        box_flow_begin(flow, seg, now_ns);
        return;
    }
    if (flow->state == BOX_SYN_SENT) {
        note_numbers(&flow->side[side_of(flow, seg)], seg);
        return;
    }
    flow->syn = seg->seq + segment_length(seg);
    flow->syn_again = true;
}

static void pass_syn_ack(struct box_flow *flow, const struct segment *seg)
{
    unsigned side = side_of(flow, seg);
    if (flow->state != BOX_SYN_SENT && !(flow->syn_again && seg->ack == flow->syn))
        return;
    struct box_side *from = &flow->side[side], *to = &flow->side[side ^ 1];
    if (flow->state != BOX_SYN_SENT) {
        *from = (struct box_side){.host = from->host, .port = from->port};
        *to = (struct box_side){.host = to->host, .port = to->port, .end = flow->syn, .seen = true};
    }
    flow->syn_again = false;
    flow->state = BOX_SYN_RECV;
    note_numbers(from, seg);
}

/* The number must be what the receiver expects, or follow the sender's own last segment; another may be answered by a challenge ACK,
 * and the connection lives on (RFC 5961 section 3.2). */
static void pass_rst(struct box_flow *flow, const struct segment *seg)
{
    const struct box_side *from = &flow->side[side_of(flow, seg)], *to = &flow->side[side_of(flow, seg) ^ 1];
    bool expected = !to->acked || seg->seq == to->ack || (from->seen && seg->seq == from->end);
    if (expected || flow->state < BOX_ESTABLISHED)
        flow->state = BOX_CLOSE;
}

static void pass_fin(struct box_flow *flow)
{
    if (flow->state == BOX_SYN_RECV || flow->state == BOX_ESTABLISHED)
        flow->state = BOX_FIN_WAIT;
    else if (flow->state == BOX_FIN_WAIT || flow->state == BOX_CLOSE_WAIT)
        flow->state = BOX_LAST_ACK;
}

static void pass_ack(struct box_flow *flow, unsigned side)
{
    if (flow->state == BOX_SYN_RECV && side == 0)
        flow->state = BOX_ESTABLISHED;
    else if (flow->state == BOX_FIN_WAIT)
        flow->state = BOX_CLOSE_WAIT;
    else if (flow->state == BOX_LAST_ACK)
        flow->state = BOX_TIME_WAIT;
}

void box_flow_pass(struct box_flow *flow, const struct segment *seg, int64_t now_ns)
{
    unsigned side = side_of(flow, seg);
    if ((seg->marks & SEGMENT_CORRUPT) != 0)
        return;
    flow->last_ns = now_ns;
    if ((seg->flags & TCP_RST) != 0) {
        pass_rst(flow, seg);
        return;
    }
    if ((seg->flags & TCP_SYN) != 0) {
        if ((seg->flags & TCP_ACK) != 0)
            pass_syn_ack(flow, seg);
        else
            pass_syn(flow, seg, now_ns);
        return;
    }
    note_numbers(&flow->side[side], seg);
    if ((seg->flags & TCP_FIN) != 0)
        pass_fin(flow);
    else if ((seg->flags & TCP_ACK) != 0)
        pass_ack(flow, side);
}

static bool unacknowledged(const struct box_flow *flow)
{
    for (unsigned s = 0; s < 2; s++) {
        const struct box_side *from = &flow->side[s], *to = &flow->side[s ^ 1];
        if (from->seen && to->acked && seq_before(to->ack, from->end))
            return true;
    }
    return false;
}

static bool closing(const struct box_flow *flow)
{
    return flow->state >= BOX_FIN_WAIT && flow->state <= BOX_TIME_WAIT;
}

int64_t box_flow_limit(const struct box_flow *flow, const struct box_limits *limits)
{
    int64_t limit = limits->idle_ns;
    if (closing(flow) && limits->closing_ns != TIME_NEVER)
        return limits->closing_ns;
    if (limit == TIME_NEVER) {
        limit = conntrack_ns[flow->state];
        if (limit > CONNTRACK_UNACKNOWLEDGED_NS && unacknowledged(flow))
            limit = CONNTRACK_UNACKNOWLEDGED_NS;
    }
    /* Nothing more is to come after a RST; a scenario has no word for that limit. */
    if (flow->state == BOX_CLOSE && limit > conntrack_ns[BOX_CLOSE])
        limit = conntrack_ns[BOX_CLOSE];
    return limit;
}

int64_t box_flow_forgets(const struct box_flow *flow, const struct box_limits *limits)
{
    return time_add(flow->last_ns, box_flow_limit(flow, limits));
}

bool box_reset(const struct segment *seg, struct segment *reply)
{
    *reply = (struct segment){0};
    if ((seg->marks & SEGMENT_CORRUPT) != 0 || !tcp_segment_arrives_closed(seg, reply))
        return false;
    reply->src_host = seg->dst_host;
    reply->src_port = seg->dst_port;
    reply->dst_host = seg->src_host;
    reply->dst_port = seg->src_port;
    reply->conn = seg->conn;
    reply->marks = SEGMENT_INJECTED;
    reply->side = seg->side ^ 1;
    return true;
}
