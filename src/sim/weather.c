/* SPDX-License-Identifier: MIT */
/* The network's weather: targeted rules, cuts, then the link's own fate. LANGUAGE.md: counted, cut, dropped, lost, corrupted,
 * duplicated, delayed. */
#include "sim/sim.h"

static bool is_rule(enum statement_kind kind)
{
    return kind == STATEMENT_DROP || kind == STATEMENT_DELAY || kind == STATEMENT_DUPLICATE || kind == STATEMENT_CORRUPT;
}

void weather_init(struct world *world, const struct story *story)
{
    struct host *hosts = region_at(world, REGION_HOSTS);
    struct statement_state *states = region_at(world, REGION_STATEMENTS);
    for (uint32_t s = 0; s < story->statement_count; s++) {
        const struct story_statement *statement = &story->statements[s];
        if (!is_rule(statement->kind))
            continue;
        states[s].active = statement->when == WHEN_START;
        hosts[statement->from].asks |= HOST_RULES;
        if (statement->both)
            hosts[statement->to].asks |= HOST_RULES;
    }
}

/* What rules and cuts ask for, and which statement asks for what (+ 1). */
struct asked {
    struct link_orders orders;
    uint32_t drop, cut, duplicate, corrupt;
};

static bool path_matches(const struct story_statement *statement, uint16_t from, uint16_t to)
{
    return (statement->from == from && statement->to == to) || (statement->both && statement->from == to && statement->to == from);
}

static void ask(struct asked *asked, const struct story_statement *statement, uint32_t number)
{
    struct link_orders *orders = &asked->orders;
    if (statement->kind == STATEMENT_DROP) {
        orders->drop = true;
        asked->drop = asked->drop != 0 ? asked->drop : number;
    } else if (statement->kind == STATEMENT_CORRUPT) {
        orders->corrupt = true;
        asked->corrupt = asked->corrupt != 0 ? asked->corrupt : number;
    } else if (statement->kind == STATEMENT_DUPLICATE) {
        orders->duplicate = true;
        orders->duplicate_after_ns = statement->by_ns;
        asked->duplicate = asked->duplicate != 0 ? asked->duplicate : number;
    } else {
        orders->delay_ns = time_add(orders->delay_ns, statement->by_ns);
    }
}

static void rules_count(struct sim *sim, struct asked *asked, const struct segment *seg)
{
    for (uint32_t s = 0; s < sim->story->statement_count; s++) {
        const struct story_statement *statement = &sim->story->statements[s];
        const struct segment_match *match = &statement->segment;
        if (!is_rule(statement->kind) || !sim->statements[s].active || !path_matches(statement, seg->src_host, seg->dst_host) ||
            (match->classes & seg->classes) != match->classes)
            continue;
        if (match->of != STORY_NONE && (seg->conn == 0 || flow_at(sim, (flow_id){seg->conn})->name != match->of))
            continue;
        uint32_t count = ++sim->statements[s].occurrences;
        uint32_t first = match->ordinals_given ? match->ordinals.first : 1, last = match->ordinals_given ? match->ordinals.last : 1;
        if (count >= first && count <= last)
            ask(asked, statement, s + 1);
    }
}

/* A cut between neighbours is their link's; between others it is meant for that pair, on the first link. */
static void cuts_ask(const struct sim *sim, struct asked *asked, const struct segment *seg, const struct channel *channel)
{
    if (sim->world->cuts == 0)
        return;
    for (uint32_t s = 0; s < sim->story->statement_count; s++) {
        const struct story_statement *statement = &sim->story->statements[s];
        if (statement->kind != STATEMENT_CUT || !sim->statements[s].active)
            continue;
        uint16_t direct = route_next(sim, statement->from, statement->to);
        bool neighbours = direct != ROUTE_NONE && sim->channels[direct].to == statement->to;
        bool hit = neighbours ? path_matches(statement, channel->from, channel->to)
                              : channel->from == seg->src_host && path_matches(statement, seg->src_host, seg->dst_host);
        if (!hit)
            continue;
        asked->orders.cut = true;
        asked->cut = s + 1;
        return;
    }
}

void flight_add(struct sim *sim, const struct flight *flight, int64_t arrival_ns, unsigned lane)
{
    if (arrival_ns == TIME_NEVER)
        return;
    uint32_t index = pool_take_raw(sim, REGION_FLIGHTS);
    if (index == 0)
        return;
    sim->flights[index - 1] = *flight;
    flight_push(sim, index, arrival_ns, lane);
}

static struct trace_event event_of(const struct sim *sim, enum trace_kind kind, uint8_t what, const struct flight *flight, uint16_t host)
{
    (void)sim;
    return (struct trace_event){.kind = (uint8_t)kind,
                                .what = what,
                                .host = (uint8_t)host,
                                .peer = (uint8_t)(host == flight->seg.dst_host ? flight->seg.src_host : flight->seg.dst_host),
                                .cause = flight->cause};
}

static uint32_t asked_by(const struct asked *asked, enum drop_why why)
{
    return why == DROP_RULE ? asked->drop : why == DROP_CUT ? asked->cut : 0;
}

/* Over one link. */
static void channel_carry(struct sim *sim, uint16_t c, struct flight *flight, const struct asked *asked)
{
    struct channel *channel = &sim->channels[c];
    uint16_t here = channel->from;
    choose_fn choose = sim->engine->choose != NULL ? sim->engine->choose : chance_choose;
    uint64_t seed = sim->story->seed;
    struct link_fate fate =
        link_carry(&channel->state, channel_params(sim, c), channel->subject, packet_bytes(&flight->seg), &asked->orders,
                   sim->world->now_ns, choose, sim->engine->choose != NULL ? sim->engine->choose_ctx : &seed);
    flight->node = channel->to;
    if (fate.lost != DROP_NONE) {
        struct trace_event event = event_of(sim, TRACE_DROP, (uint8_t)fate.lost, flight, here);
        event.statement = asked_by(asked, fate.lost);
        trace_segment_put(sim, &event, &flight->seg);
        trace_put(sim, &event);
        return;
    }
    if (fate.corrupt) {
        flight->seg.marks |= SEGMENT_CORRUPT;
        flight->statement = asked->corrupt;
    }
    /* Behind one that a rule delays no other could take its place in the lane. */
    unsigned lane = asked->orders.delay_ns == 0 && !asked->orders.duplicate ? channel->lane : QUEUE_NO_LANE;
    flight_add(sim, flight, fate.arrival_ns, lane);
    if (!fate.copied)
        return;
    struct trace_event event = event_of(sim, TRACE_DUP, 0, flight, here);
    uint32_t of = flight->seg.number;
    flight->seg.number = sim->world->next_segment++;
    flight->seg.marks |= SEGMENT_COPY;
    event.statement = asked->duplicate;
    trace_segment_put(sim, &event, &flight->seg);
    event.segment.of = of;
    flight->cause = trace_put(sim, &event);
    flight_add(sim, flight, fate.copy_arrival_ns, lane);
}

void weather_send(struct sim *sim, const struct segment *seg, uint32_t cause)
{
    struct asked asked = {.orders = {.delay_ns = 0}};
    uint16_t c = route_next(sim, seg->src_host, seg->dst_host);
    if (c == ROUTE_NONE)
        return;
    if ((sim->hosts[seg->src_host].asks & HOST_RULES) != 0)
        rules_count(sim, &asked, seg);
    cuts_ask(sim, &asked, seg, &sim->channels[c]);
    struct flight flight = {.seg = *seg, .cause = cause};
    channel_carry(sim, c, &flight, &asked);
}

void weather_onward(struct sim *sim, struct flight *flight)
{
    struct asked asked = {.orders = {.delay_ns = 0}};
    uint16_t c = route_next(sim, flight->node, flight->seg.dst_host);
    if (c == ROUTE_NONE)
        return;
    cuts_ask(sim, &asked, &flight->seg, &sim->channels[c]);
    channel_carry(sim, c, flight, &asked);
}

void weather_forward(struct sim *sim, uint32_t index)
{
    struct flight flight = sim->flights[index - 1];
    pool_give(sim, REGION_FLIGHTS, index);
    if (sim->story->nodes[flight.node].kind == NODE_HOST || box_passes(sim, &flight))
        weather_onward(sim, &flight);
}
