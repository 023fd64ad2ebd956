/* SPDX-License-Identifier: MIT */
/* Forged segments: numbers are sums of the receiver's own variables; a socket that is gone keeps its last values. */
#include "sim/sim.h"

#define OLD_TIMESTAMP_STEPS 100000 /* `tsval old`: so far behind the last one that was seen */
#define WINDOW_DEFAULT 65535

static struct last_values *lasts_of(const struct sim *sim, flow_id flow, unsigned side)
{
    if (flow.index == 0 || sim->world->region[REGION_LASTS].capacity == 0)
        return NULL;
    return (struct last_values *)region_at(sim->world, REGION_LASTS) + 2 * (size_t)(flow.index - 1) + side;
}

static struct last_values values_of_tcb(const struct tcb *tcb)
{
    return (struct last_values){.rcv_nxt = tcb->rcv.nxt,
                                .rcv_wnd = tcb->rcv.wup + tcb->rcv.wnd - tcb->rcv.nxt,
                                .snd_una = tcb->snd.una,
                                .snd_nxt = tcb->snd.nxt,
                                .ts_recent = tcb->ts_recent,
                                .ts_ok = tcb->ts_ok,
                                .valid = true};
}

static struct last_values values_of_mini(const struct tcp_mini *mini)
{
    return (struct last_values){.rcv_nxt = mini->rcv_nxt,
                                .rcv_wnd = mini->rcv_wnd,
                                .snd_una = mini->snd_nxt,
                                .snd_nxt = mini->snd_nxt,
                                .ts_recent = mini->ts_recent,
                                .ts_ok = mini->ts_ok,
                                .valid = true};
}

void lasts_keep(struct sim *sim, const struct endpoint *endpoint)
{
    struct last_values *lasts = lasts_of(sim, endpoint->flow, endpoint->side);
    if (lasts != NULL && (endpoint->flags & END_GONE) == 0)
        *lasts = values_of_tcb(tcb_of(sim, endpoint));
}

void lasts_keep_mini(struct sim *sim, const struct mini *mini)
{
    struct last_values *lasts = lasts_of(sim, mini->flow, mini->side);
    if (lasts != NULL)
        *lasts = values_of_mini(&mini->tcp);
}

static struct last_values values_of(const struct sim *sim, flow_id flow, unsigned side)
{
    end_id end = flow_at(sim, flow)->end[side];
    if ((end.handle & END_MINI) != 0)
        return values_of_mini(&mini_at(sim, end.handle & ~END_MINI)->tcp);
    if (end.handle != 0)
        return values_of_tcb(tcb_of(sim, endpoint_at(sim, end.handle)));
    const struct last_values *lasts = lasts_of(sim, flow, side);
    return lasts != NULL ? *lasts : (struct last_values){0};
}

struct forgery {
    const struct flow *flow;
    unsigned side; /* the receiver's */
    struct last_values values;
};

static uint32_t bases_sum(const struct forgery *forgery, uint32_t bases)
{
    uint32_t sum = 0;
    sum += (bases & BASE_RCV_NXT) != 0 ? forgery->values.rcv_nxt : 0;
    sum += (bases & BASE_RCV_WND) != 0 ? forgery->values.rcv_wnd : 0;
    sum += (bases & BASE_IRS) != 0 ? forgery->flow->side[forgery->side ^ 1].iss : 0;
    sum += (bases & BASE_SND_UNA) != 0 ? forgery->values.snd_una : 0;
    sum += (bases & BASE_SND_NXT) != 0 ? forgery->values.snd_nxt : 0;
    sum += (bases & BASE_ISS) != 0 ? forgery->flow->side[forgery->side].iss : 0;
    return sum;
}

static uint32_t number_of(const struct forgery *forgery, const struct inject_number *number, uint32_t otherwise)
{
    if (!number->given)
        return otherwise;
    return bases_sum(forgery, number->plus) - bases_sum(forgery, number->minus) + (uint32_t)(uint64_t)number->constant;
}

static uint8_t flags_of(uint32_t classes, bool ack_given)
{
    uint8_t flags = 0;
    flags |= (classes & CLASS_SYN) != 0 ? TCP_SYN : 0;
    flags |= (classes & CLASS_FIN) != 0 ? TCP_FIN : 0;
    flags |= (classes & CLASS_RST) != 0 ? TCP_RST : 0;
    if ((classes & (CLASS_SYN | CLASS_RST)) == 0 || ack_given)
        flags |= TCP_ACK;
    return flags;
}

static void options_forge(const struct sim *sim, const struct story_statement *statement, const struct forgery *forgery,
                          struct segment *seg)
{
    const struct tcp_profile *from = &sim->story->nodes[seg->src_host].profile, *to = &sim->story->nodes[seg->dst_host].profile;
    if ((seg->flags & TCP_SYN) != 0) {
        seg->options = TCPOPT_MSS;
        seg->mss = (uint16_t)route_mss(sim, seg->src_host, seg->dst_host);
        seg->options |= from->sack ? TCPOPT_SACK_OK : 0;
        seg->options |= from->window_scaling ? TCPOPT_WSCALE : 0;
    }
    if (statement->tsval == TSVAL_NONE || (statement->tsval == TSVAL_DEFAULT && !forgery->values.ts_ok))
        return;
    seg->options |= TCPOPT_TS;
    seg->tsval = (uint32_t)(sim->world->now_ns / (from->ts_clock_ns > 0 ? from->ts_clock_ns : NS_PER_MS));
    if (statement->tsval == TSVAL_OLD)
        seg->tsval = forgery->values.ts_recent - OLD_TIMESTAMP_STEPS;
    seg->tsecr = (seg->flags & TCP_ACK) != 0 ? (uint32_t)(sim->world->now_ns / (to->ts_clock_ns > 0 ? to->ts_clock_ns : NS_PER_MS)) : 0;
}

/* It passes no link, cut or ordinal. Where there never was a connection nothing can be forged: the statement has not happened. */
void inject_run(struct sim *sim, uint32_t s, uint32_t cause)
{
    const struct story_statement *statement = &sim->story->statements[s];
    flow_id flow = flow_latest(sim, statement->from, statement->to, statement->segment.of);
    if (flow.index == 0)
        return;
    const struct flow *headers = &flow_at(sim, flow)->flow;
    struct forgery forgery = {.flow = headers, .side = headers->side[0].host == statement->to ? 0 : 1};
    forgery.values = values_of(sim, flow, forgery.side);
    const struct flow_side *from = &headers->side[forgery.side ^ 1], *to = &headers->side[forgery.side];
    struct segment seg = {.conn = flow.index, .src_host = from->host, .src_port = from->port, .dst_host = to->host, .dst_port = to->port};
    seg.flags = flags_of(statement->segment.classes, statement->ack.given);
    seg.seq = number_of(&forgery, &statement->seq, forgery.values.rcv_nxt);
    seg.ack = (seg.flags & TCP_ACK) != 0 ? number_of(&forgery, &statement->ack, forgery.values.snd_nxt) : 0;
    seg.len = number_of(&forgery, &statement->len, (statement->segment.classes & CLASS_DATA) != 0 ? 1 : 0);
    seg.wnd = number_of(&forgery, &statement->wnd, (seg.flags & TCP_RST) != 0 ? 0 : WINDOW_DEFAULT);
    seg.marks = SEGMENT_INJECTED;
    seg.side = (uint8_t)flow_side_of(headers, &seg);
    seg.number = sim->world->next_segment++;
    options_forge(sim, statement, &forgery, &seg);
    seg.classes = (uint16_t)(CLASS_ANY | statement->segment.classes);
    struct flight flight = {.seg = seg, .node = seg.dst_host};
    struct trace_event event = {
        .kind = TRACE_INJECT, .host = (uint8_t)seg.src_host, .peer = (uint8_t)seg.dst_host, .statement = s + 1, .cause = cause};
    trace_segment_put(sim, &event, &seg);
    flight.cause = trace_put(sim, &event);
    flight_add(sim, &flight, sim->world->now_ns, QUEUE_NO_LANE);
}
