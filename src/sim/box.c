/* SPDX-License-Identifier: MIT */
/* Firewalls and nats: the tables of what they know. A box acts only when a segment passes: that it has forgotten a flow shows when
 * the next one comes, so a long memory keeps no run going. Both kinds do the same here: a nat gives each flow its inside port on the
 * outside too, as netfilter's masquerade does while no other flow has it, and a host keeps its own address, so no two ever ask for one
 * port; what a nat is known for in these stories is that it forgets. */
#include <string.h>

#include "sim/sim.h"

static struct box_entry *entry_at(const struct sim *sim, uint32_t index)
{
    return &sim->box_entries[index - 1];
}

static struct box_limits limits_of(const struct sim *sim, uint16_t node)
{
    return (struct box_limits){.idle_ns = sim->story->nodes[node].idle_ns, .closing_ns = sim->story->nodes[node].closing_ns};
}

static uint32_t *box_bucket(const struct sim *sim, uint16_t node, uint16_t host, uint16_t port, uint16_t peer, uint16_t peer_port)
{
    uint64_t here = ((uint64_t)host << 16) | port, there = ((uint64_t)peer << 16) | peer_port;
    uint64_t key = here < there ? (here << 32) | there : (there << 32) | here; /* the same for both directions */
    uint32_t mask = sim->world->region[REGION_BOX_BUCKETS].capacity - 1;
    return &sim->box_buckets[(uint32_t)(mix64(key) + node) & mask];
}

static bool entry_is(const struct box_entry *entry, uint16_t node, const struct segment *seg)
{
    const struct box_side *a = &entry->flow.side[0], *b = &entry->flow.side[1];
    if (entry->node != node)
        return false;
    return (a->host == seg->src_host && a->port == seg->src_port && b->host == seg->dst_host && b->port == seg->dst_port) ||
           (b->host == seg->src_host && b->port == seg->src_port && a->host == seg->dst_host && a->port == seg->dst_port);
}

static uint32_t entry_find(const struct sim *sim, uint16_t node, const struct segment *seg)
{
    uint32_t index = *box_bucket(sim, node, seg->src_host, seg->src_port, seg->dst_host, seg->dst_port);
    while (index != 0 && !entry_is(entry_at(sim, index), node, seg))
        index = entry_at(sim, index)->hash_next;
    return index;
}

static void entry_link(struct sim *sim, uint32_t index)
{
    struct box_entry *entry = entry_at(sim, index);
    const struct box_side *a = &entry->flow.side[0], *b = &entry->flow.side[1];
    uint32_t *bucket = box_bucket(sim, entry->node, a->host, a->port, b->host, b->port);
    entry->hash_next = *bucket;
    *bucket = index;
}

void box_rebuild(struct sim *sim)
{
    struct region *buckets = &sim->world->region[REGION_BOX_BUCKETS];
    buckets->high = buckets->capacity;
    memset(sim->box_buckets, 0, (size_t)buckets->capacity * sizeof *sim->box_buckets);
    for (uint32_t i = 1; i <= sim->world->region[REGION_BOX_FLOWS].high; i++)
        entry_link(sim, i);
}

static uint32_t entry_put(struct sim *sim, const struct box_entry *entry, enum flow_what what, uint32_t cause)
{
    const struct box_limits limits = limits_of(sim, entry->node);
    const struct box_side *side = entry->flow.side;
    struct trace_event event = {.kind = TRACE_FLOW,
                                .what = (uint8_t)what,
                                .host = (uint8_t)entry->node,
                                .peer = (uint8_t)side[0].host,
                                .conn = entry->conn,
                                .cause = cause};
    event.flow.at_ns = box_flow_forgets(&entry->flow, &limits);
    event.flow.limit_ns = box_flow_limit(&entry->flow, &limits);
    event.flow.port[0] = side[0].port;
    event.flow.port[1] = side[1].port;
    event.flow.to = (uint8_t)side[1].host;
    event.flow.state = entry->flow.state;
    return trace_put(sim, &event);
}

/* Was it silent for too long by now? Written once. */
static bool entry_forgotten(struct sim *sim, struct box_entry *entry, uint32_t cause)
{
    const struct box_limits limits = limits_of(sim, entry->node);
    if (!entry->forgotten && box_flow_forgets(&entry->flow, &limits) <= sim->world->now_ns) {
        entry_put(sim, entry, FLOW_FORGOTTEN, cause);
        entry->forgotten = true;
    }
    return entry->forgotten;
}

static void entry_begin(struct sim *sim, uint32_t index, const struct flight *flight)
{
    bool made = index == 0;
    if (made && (index = pool_take(sim, REGION_BOX_FLOWS)) == 0)
        return;
    struct box_entry *entry = entry_at(sim, index);
    box_flow_begin(&entry->flow, &flight->seg, sim->world->now_ns);
    entry->node = flight->node;
    entry->conn = flight->seg.conn;
    entry->forgotten = false;
    if (made)
        entry_link(sim, index);
    entry_put(sim, entry, FLOW_NEW, flight->cause);
}

static void entry_pass(struct sim *sim, struct box_entry *entry, const struct flight *flight)
{
    unsigned was = entry->flow.state;
    box_flow_pass(&entry->flow, &flight->seg, sim->world->now_ns);
    if (entry->flow.state < was) { /* never back, but by a new beginning */
        entry->conn = flight->seg.conn;
        entry_put(sim, entry, FLOW_NEW, flight->cause);
    } else if (was < BOX_FIN_WAIT && entry->flow.state == BOX_FIN_WAIT) {
        entry_put(sim, entry, FLOW_CLOSING, flight->cause);
    }
}

static void flight_refused(struct sim *sim, const struct flight *flight)
{
    struct segment reply;
    struct trace_event event = {.kind = TRACE_DROP,
                                .what = DROP_FIREWALL,
                                .host = (uint8_t)flight->node,
                                .peer = (uint8_t)flight->seg.dst_host,
                                .cause = flight->cause};
    trace_segment_put(sim, &event, &flight->seg);
    uint32_t dropped = trace_put(sim, &event);
    if (!sim->story->nodes[flight->node].reset || !box_reset(&flight->seg, &reply))
        return;
    struct flight answer = {.seg = reply, .node = flight->node};
    answer.seg.classes = CLASS_ANY | CLASS_RST;
    answer.seg.number = sim->world->next_segment++;
    struct trace_event sent = {.kind = TRACE_SEND, .host = (uint8_t)flight->node, .peer = (uint8_t)reply.dst_host, .cause = dropped};
    trace_segment_put(sim, &sent, &answer.seg);
    answer.cause = trace_put(sim, &sent);
    weather_onward(sim, &answer);
}

bool box_passes(struct sim *sim, const struct flight *flight)
{
    uint32_t index = entry_find(sim, flight->node, &flight->seg);
    bool known = index != 0 && !entry_forgotten(sim, entry_at(sim, index), flight->cause);
    if (known) {
        entry_pass(sim, entry_at(sim, index), flight);
        return true;
    }
    if (box_flow_begins(&flight->seg)) {
        entry_begin(sim, index, flight);
        return sim->status == ENGINE_RUNNING;
    }
    flight_refused(sim, flight);
    return false;
}

void box_tables_end(struct sim *sim)
{
    for (uint32_t i = 1; i <= sim->world->region[REGION_BOX_FLOWS].high; i++) {
        struct box_entry *entry = entry_at(sim, i);
        if (!entry->forgotten && !entry_forgotten(sim, entry, 0))
            entry_put(sim, entry, FLOW_HELD, 0);
    }
}
