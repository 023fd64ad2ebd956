/* SPDX-License-Identifier: MIT */
/* Who a segment is for. A segment names its connection, whose record names its two ends; only what outlived its end, or came from
 * somewhere else, is looked up by its four-tuple. Never a walk over all. */
#include <string.h>

#include "sim/sim.h"

static uint32_t bucket_of(const struct sim *sim, tuple_t tuple)
{
    return (uint32_t)mix64(tuple) & (sim->world->region[REGION_BUCKETS].capacity - 1);
}

static uint32_t *end_next(const struct sim *sim, uint32_t handle)
{
    return (handle & END_MINI) != 0 ? &mini_at(sim, handle & ~END_MINI)->hash_next : &endpoint_at(sim, handle)->hash_next;
}

static tuple_t end_tuple(const struct sim *sim, uint32_t handle)
{
    return (handle & END_MINI) != 0 ? mini_at(sim, handle & ~END_MINI)->tuple : endpoint_at(sim, handle)->tuple;
}

end_id demux_find(const struct sim *sim, tuple_t tuple)
{
    uint32_t handle = sim->buckets[bucket_of(sim, tuple)];
    while (handle != 0 && end_tuple(sim, handle) != tuple)
        handle = *end_next(sim, handle);
    return (end_id){handle};
}

void demux_add(struct sim *sim, tuple_t tuple, end_id end)
{
    uint32_t *head = &sim->buckets[bucket_of(sim, tuple)];
    *end_next(sim, end.handle) = *head;
    *head = end.handle;
}

void demux_remove(struct sim *sim, tuple_t tuple, end_id end)
{
    uint32_t *at = &sim->buckets[bucket_of(sim, tuple)];
    while (*at != 0 && *at != end.handle)
        at = end_next(sim, *at);
    if (*at != 0)
        *at = *end_next(sim, end.handle);
}

/* After the world has grown: in the order of the old chains' records, which any copy of the world has too. */
void demux_rebuild(struct sim *sim)
{
    struct world *world = sim->world;
    world->region[REGION_BUCKETS].high = world->region[REGION_BUCKETS].capacity;
    memset(sim->buckets, 0, (size_t)world->region[REGION_BUCKETS].capacity * sizeof *sim->buckets);
    for (uint32_t i = 1; i <= ends_last(sim); i++) {
        const struct endpoint *endpoint = endpoint_living(sim, i);
        if (endpoint != NULL && endpoint->tuple != 0 && (endpoint->flags & END_GONE) == 0)
            demux_add(sim, endpoint->tuple, (end_id){i});
    }
    for (uint32_t i = 1; i <= ends_last(sim); i++) {
        const struct mini *mini = mini_living(sim, i);
        if (mini != NULL)
            demux_add(sim, mini->tuple, (end_id){i | END_MINI});
    }
}

listener_id demux_listener(const struct sim *sim, uint16_t host, uint16_t port)
{
    for (uint32_t i = 1; i <= sim->world->region[REGION_LISTENERS].high; i++) {
        const struct listener *listener = listener_at(sim, i);
        if (listener->identity != 0 && listener->host == host && listener->port == port)
            return (listener_id){i};
    }
    return (listener_id){0};
}

static void side_set(struct flow_side *side, uint16_t host, uint16_t port)
{
    *side = (struct flow_side){.host = (uint8_t)host, .port = port};
}

flow_id flow_open(struct sim *sim, tuple_t tuple, uint8_t *side)
{
    end_id crossing = demux_find(sim, tuple_mirrored(tuple));
    if (crossing.handle != 0 && (crossing.handle & END_MINI) == 0) {
        const struct endpoint *peer = endpoint_at(sim, crossing.handle);
        if (tcb_of(sim, peer)->state == TCP_SYN_SENT && peer->side == 0 && (flow_at(sim, peer->flow)->flow.side[1].known & FLOW_SYN) == 0 &&
            flow_at(sim, peer->flow)->end[1].handle == 0) {
            *side = 1;
            return peer->flow;
        }
    }
    flow_id flow = {pool_take(sim, REGION_FLOWS)};
    if (flow.index == 0)
        return flow;
    struct connection *connection = flow_at(sim, flow);
    side_set(&connection->flow.side[0], tuple_host(tuple), tuple_port(tuple));
    side_set(&connection->flow.side[1], tuple_peer(tuple), tuple_peer_port(tuple));
    connection->name = STORY_NONE;
    connection->channel[0] = route_next(sim, tuple_host(tuple), tuple_peer(tuple));
    connection->channel[1] = route_next(sim, tuple_peer(tuple), tuple_host(tuple));
    if (sim->world->region[REGION_LASTS].capacity != 0)
        memset((struct last_values *)region_at(sim->world, REGION_LASTS) + 2 * (size_t)(flow.index - 1), 0, 2 * sizeof(struct last_values));
    *side = 0;
    return flow;
}

flow_id flow_latest(const struct sim *sim, uint16_t a, uint16_t b, uint16_t name)
{
    for (uint32_t i = sim->world->region[REGION_FLOWS].high; i > 0; i--) {
        const struct connection *connection = flow_at(sim, (flow_id){i});
        const struct flow_side *side = connection->flow.side;
        if (name != STORY_NONE && connection->name != name)
            continue;
        bool at_a = a == STORY_NONE || side[0].host == a || side[1].host == a;
        bool at_b = b == STORY_NONE || side[0].host == b || side[1].host == b;
        if (at_a && at_b)
            return (flow_id){i};
    }
    return (flow_id){0};
}
