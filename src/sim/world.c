/* SPDX-License-Identifier: MIT */
/* The block: how large, where what lies, and how it moves into a larger one. */
#include <string.h>

#include "sim/sim.h"

/* A crowd up to this size has its place from the start, in memory that costs nothing until it is used: growing would mean a copy, and
 * both at once. A larger one makes the world grow as it comes. */
#define CONNECTIONS_AT_FIRST (1 << 20)
#ifndef TCBS_AT_FIRST /* so many may be lent before any is packed; 1: each end at each rest, for a test */
#define TCBS_AT_FIRST 2048
#endif
#define ALIGN 64

static const uint32_t strides[REGIONS] = {
    [REGION_HOSTS] = sizeof(struct host),
    [REGION_ROUTES] = sizeof(uint16_t),
    [REGION_CHANNELS] = sizeof(struct channel),
    [REGION_STATEMENTS] = sizeof(struct statement_state),
    [REGION_PENDING] = sizeof(struct pending_trigger),
    [REGION_STARTERS] = sizeof(struct starter),
    [REGION_LISTENERS] = sizeof(struct listener),
    [REGION_OPTIONS] = sizeof(struct options),
    [REGION_ENDS] = sizeof(union end),
    [REGION_TCBS] = sizeof(struct lent_tcb),
    [REGION_SURPLUS] = sizeof(struct surplus),
    [REGION_FLOWS] = sizeof(struct connection),
    [REGION_LASTS] = sizeof(struct last_values),
    [REGION_PROCESSES] = sizeof(struct process),
    [REGION_MEMORIES] = sizeof(struct memory),
    [REGION_FLIGHTS] = sizeof(struct flight),
    [REGION_DELAYED] = sizeof(struct delayed),
    [REGION_BOX_FLOWS] = sizeof(struct box_entry),
    [REGION_BOX_BUCKETS] = sizeof(uint32_t),
    [REGION_RECORDS] = sizeof(struct tcp_record),
    [REGION_BUCKETS] = sizeof(uint32_t),
    [REGION_QUEUE] = 1,
};

struct plan {
    uint32_t capacity[REGIONS];
    uint32_t events; /* the queue's capacity */
    uint32_t guards;
    bool injects;
    enum queue_kind queue;
};

static uint32_t power_of_two(uint32_t least)
{
    uint32_t n = 4;
    while (n < least)
        n *= 2;
    return n;
}

static uint32_t event_guards(const struct story *story, const struct story_program *program)
{
    uint32_t guards = 0;
    for (uint32_t i = 0; i < program->steps; i++)
        guards += story->steps[program->first_step + i].guard.event.kind != EVENT_NONE;
    return guards;
}

/* Events that one step may push without looking: a few for the end at work, OUTBOX_SMALL segments and their copies, a wake-up for each
 * program that waits, each triggered statement. */
static uint32_t queue_margin(const struct story *story)
{
    return 24 + 2 * story->program_count + story->statement_count;
}

/* What depends on other regions. */
static void plan_dependent(struct plan *plan)
{
    plan->capacity[REGION_TCBS] = plan->capacity[REGION_ENDS];
    plan->capacity[REGION_SURPLUS] = plan->capacity[REGION_ENDS] > TCBS_AT_FIRST ? plan->capacity[REGION_ENDS] : 0;
    plan->capacity[REGION_LASTS] = plan->injects ? 2 * plan->capacity[REGION_FLOWS] : 0;
    plan->capacity[REGION_MEMORIES] = plan->guards * plan->capacity[REGION_PROCESSES];
    plan->capacity[REGION_BOX_BUCKETS] = plan->capacity[REGION_BOX_FLOWS] != 0 ? power_of_two(plan->capacity[REGION_BOX_FLOWS]) : 0;
    plan->capacity[REGION_BUCKETS] = power_of_two(plan->capacity[REGION_ENDS]);
}

static void plan_first(struct plan *plan, const struct story *story, enum queue_kind queue)
{
    uint64_t connections = 0, processes = 0;
    uint32_t listeners = 0;
    memset(plan, 0, sizeof *plan);
    for (uint32_t p = 0; p < story->program_count; p++) {
        const struct story_program *program = &story->programs[p];
        uint32_t connects = 0, guards = event_guards(story, program);
        for (uint32_t i = 0; i < program->steps; i++) {
            connects += story->steps[program->first_step + i].call == CALL_CONNECT;
            listeners += story->steps[program->first_step + i].call == CALL_LISTEN;
        }
        listeners += program->service;
        connections += (uint64_t)connects * program->copies;
        processes += program->service ? 0 : program->copies;
        if (guards > plan->guards)
            plan->guards = guards;
    }
    if (connections > CONNECTIONS_AT_FIRST)
        connections = CONNECTIONS_AT_FIRST;
    if (processes > CONNECTIONS_AT_FIRST)
        processes = CONNECTIONS_AT_FIRST;
    uint32_t crowd = (uint32_t)connections;
    for (uint32_t s = 0; s < story->statement_count; s++)
        plan->injects |= story->statements[s].kind == STATEMENT_INJECT;
    plan->queue = queue;
    plan->capacity[REGION_HOSTS] = story->node_count;
    plan->capacity[REGION_ROUTES] = (uint32_t)story->node_count * story->node_count;
    plan->capacity[REGION_CHANNELS] = 2 * story->link_count;
    plan->capacity[REGION_STATEMENTS] = story->statement_count;
    plan->capacity[REGION_PENDING] = 2 * story->statement_count;
    plan->capacity[REGION_STARTERS] = story->program_count;
    plan->capacity[REGION_LISTENERS] = listeners;
    plan->capacity[REGION_ENDS] = 2 * crowd + crowd / 8 + 1; /* small records of ends that programs still hold */
    plan->capacity[REGION_FLOWS] = crowd;
    plan->capacity[REGION_PROCESSES] = (uint32_t)processes + crowd;
    plan->capacity[REGION_FLIGHTS] = 6 + 2 * crowd;
    for (uint16_t n = 0; n < story->node_count; n++)
        plan->capacity[REGION_BOX_FLOWS] += story->nodes[n].kind != NODE_HOST ? 4 + crowd : 0;
    plan->capacity[REGION_RECORDS] = 16 + 2 * crowd; /* linked as they are needed */
    plan->events = 2 * queue_margin(story) + 6 * crowd;
    plan_dependent(plan);
}

static void queue_lay(struct world *world, uint32_t capacity)
{
    struct queue *queue = queue_init(region_at(world, REGION_QUEUE), (enum queue_kind)world->queue_kind, capacity);
    const struct flight *flights = region_at(world, REGION_FLIGHTS);
    queue_lanes_bind(queue, &flights->link, flight_target(1), sizeof *flights);
}

static size_t lay_out(struct world *world, const struct plan *plan)
{
    size_t at = (sizeof *world + ALIGN - 1) / ALIGN * ALIGN;
    for (int k = 0; k < REGIONS; k++) {
        size_t bytes = k == REGION_QUEUE ? queue_bytes(plan->queue, plan->events) : (size_t)plan->capacity[k] * strides[k];
        if (world != NULL) {
            world->region[k].offset = at;
            world->region[k].stride = strides[k];
            world->region[k].capacity = k == REGION_QUEUE ? plan->events : plan->capacity[k];
        }
        at += (bytes + (k >= REGION_BUCKETS ? ALIGN : 8) - 1) / (k >= REGION_BUCKETS ? ALIGN : 8) * (k >= REGION_BUCKETS ? ALIGN : 8);
        if (k + 1 == REGION_QUEUE)
            at = (at + ALIGN - 1) / ALIGN * ALIGN;
    }
    return (at + ALIGN - 1) / ALIGN * ALIGN;
}

size_t world_bytes_wanted(const struct story *story)
{
    struct plan plan;
    size_t most = 0;
    for (int kind = 0; kind < QUEUE_KINDS; kind++) {
        plan_first(&plan, story, (enum queue_kind)kind);
        size_t bytes = lay_out(NULL, &plan);
        if (bytes > most)
            most = bytes;
    }
    return most;
}

size_t world_bytes(const struct world *world)
{
    return (size_t)world->bytes;
}

size_t world_bytes_used(const struct world *world)
{
    size_t bytes = sizeof *world + queue_bytes_used((const struct queue *)((const char *)world + world->region[REGION_QUEUE].offset));
    for (int k = 0; k < REGION_QUEUE; k++)
        bytes += (size_t)world->region[k].high * world->region[k].stride;
    return bytes;
}

/* Links as many records as there are already, and some more, into the pool's free list, in front of what is there. */
static void records_link(struct world *world)
{
    struct tcp_record *records = region_at(world, REGION_RECORDS);
    struct region *region = &world->region[REGION_RECORDS];
    uint32_t first = region->high, end = 2 * first + 16 < region->capacity ? 2 * first + 16 : region->capacity;
    for (uint32_t i = end - 1; i >= first && i > 0; i--) {
        records[i].next = world->records_free;
        world->records_free = i;
    }
    region->high = end;
}

static void hosts_init(struct world *world, const struct story *story)
{
    struct host *hosts = region_at(world, REGION_HOSTS);
    for (uint16_t n = 0; n < story->node_count; n++) {
        hosts[n].key = mix_name(story->nodes[n].name);
        hosts[n].port_next = story->nodes[n].port_low;
    }
}

struct world *world_init(void *block, size_t bytes, const struct story *story, enum queue_kind queue)
{
    struct plan plan;
    struct world *world = block;
    plan_first(&plan, story, queue);
    memset(world, 0, offsetof(struct world, tape));
    trace_tape_begin(&world->tape);
    world->bytes = lay_out(world, &plan);
    ASSERT(bytes >= world->bytes);
    for (int k = 0; k <= REGION_STARTERS; k++) {
        memset(region_at(world, (enum region_kind)k), 0, (size_t)plan.capacity[k] * strides[k]);
        world->region[k].high = plan.capacity[k];
    }
    memset(region_at(world, REGION_BUCKETS), 0, (size_t)plan.capacity[REGION_BUCKETS] * sizeof(uint32_t));
    world->region[REGION_BUCKETS].high = plan.capacity[REGION_BUCKETS];
    memset(region_at(world, REGION_BOX_BUCKETS), 0, (size_t)plan.capacity[REGION_BOX_BUCKETS] * sizeof(uint32_t));
    world->region[REGION_BOX_BUCKETS].high = plan.capacity[REGION_BOX_BUCKETS];
    records_link(world);
    world->magic = WORLD_MAGIC;
    world->queue_kind = queue;
    queue_lay(world, plan.events);
    world->guards = plan.guards;
    world->tcbs_wanted = TCBS_AT_FIRST;
    world->next_number = world->next_segment = world->next_socket = 1;
    world->program_shift = NUMBER_SHIFT;
    for (uint32_t programs = 1; programs < story->program_count; programs *= 2)
        world->program_shift--;
    hosts_init(world, story);
    route_build(world, story);
    weather_init(world, story);
    trigger_init(world, story);
    return world;
}

int64_t world_now(const struct world *world)
{
    return world->now_ns;
}

uint32_t world_events(const struct world *world)
{
    return world->events;
}

uint64_t world_steps(const struct world *world)
{
    return world->steps;
}

uint64_t world_segments(const struct world *world)
{
    return world->segments;
}

uint64_t world_hash(const struct world *world)
{
    return trace_tape_hash(&world->tape);
}

void sim_bind(struct sim *sim)
{
    struct world *world = sim->engine->world;
    sim->world = world;
    sim->hosts = region_at(world, REGION_HOSTS);
    sim->routes = region_at(world, REGION_ROUTES);
    sim->channels = region_at(world, REGION_CHANNELS);
    sim->statements = region_at(world, REGION_STATEMENTS);
    sim->starters = region_at(world, REGION_STARTERS);
    sim->listeners = region_at(world, REGION_LISTENERS);
    sim->options = region_at(world, REGION_OPTIONS);
    sim->ends = region_at(world, REGION_ENDS);
    sim->tcbs = region_at(world, REGION_TCBS);
    sim->flows = region_at(world, REGION_FLOWS);
    sim->processes = region_at(world, REGION_PROCESSES);
    sim->turn.caller = process_at(sim, sim->turn.process);
    sim->memories = region_at(world, REGION_MEMORIES);
    sim->flights = region_at(world, REGION_FLIGHTS);
    sim->box_entries = region_at(world, REGION_BOX_FLOWS);
    sim->box_buckets = region_at(world, REGION_BOX_BUCKETS);
    sim->buckets = region_at(world, REGION_BUCKETS);
    sim->queue = region_at(world, REGION_QUEUE);
    sim->queue_full = queue_capacity(sim->queue) > queue_margin(sim->story) ? queue_capacity(sim->queue) - queue_margin(sim->story) : 0;
    sim->ctx.pool.records = region_at(world, REGION_RECORDS);
    sim->ctx.pool.free_head = &world->records_free;
    sim->ctx.pool.used = &world->records_used;
    sim->ctx.next_number = &world->next_number;
    sim->ctx.record_limit = world->region[REGION_RECORDS].high - 1;
}

static void region_copy(struct world *to, struct world *from, enum region_kind kind)
{
    const struct region *old = &from->region[kind];
    size_t used = old->high;
    if (kind == REGION_LASTS)
        used = old->capacity == 0 ? 0 : 2 * (size_t)from->region[REGION_FLOWS].high;
    if (kind == REGION_MEMORIES)
        used = (size_t)from->guards * from->region[REGION_PROCESSES].high;
    if (used != 0)
        memcpy(region_at(to, kind), region_at(from, kind), used * old->stride);
}

/* What one crowd fills together grows together, or each pool in turn would move the whole world. */
static void plan_larger(struct plan *plan, const struct sim *sim)
{
    static const enum region_kind crowd[] = {REGION_ENDS, REGION_FLOWS, REGION_PROCESSES, REGION_FLIGHTS, REGION_BOX_FLOWS};
    for (size_t i = 0; i < sizeof crowd / sizeof crowd[0]; i++) {
        const struct region *region = &sim->world->region[crowd[i]];
        if (region->high > region->capacity / 2)
            plan->capacity[crowd[i]] = 2 * region->capacity;
    }
    if (queue_count(sim->queue) > queue_capacity(sim->queue) / 2)
        plan->capacity[REGION_QUEUE] = 2 * queue_capacity(sim->queue);
    if (sim->world->records_used > plan->capacity[REGION_RECORDS] / 2)
        plan->capacity[REGION_RECORDS] *= 2;
}

/* Moves the world into a block where `kind` holds at least `least` elements. Called between two effects, when nobody holds a pointer. */
static bool sim_grow(struct sim *sim, enum region_kind kind, uint32_t least)
{
    struct world *old = sim->world;
    struct plan plan = {
        .queue = (enum queue_kind)old->queue_kind, .guards = old->guards, .injects = old->region[REGION_LASTS].capacity != 0};
    for (int k = 0; k < REGIONS; k++)
        plan.capacity[k] = old->region[k].capacity;
    for (uint32_t s = 0; s < sim->story->statement_count; s++)
        plan.injects |= sim->story->statements[s].kind == STATEMENT_INJECT;
    plan_larger(&plan, sim);
    if (plan.capacity[kind] == old->region[kind].capacity)
        plan.capacity[kind] *= 2;
    if (plan.capacity[kind] < least)
        plan.capacity[kind] = least;
    plan.events = plan.capacity[REGION_QUEUE];
    plan_dependent(&plan);
    if (plan.capacity[kind] > TARGET_INDEX || plan.capacity[REGION_TCBS] > (TCB_AT_REST - 1) / LENT_WORDS) {
        sim->status = ENGINE_LIMIT;
        return false;
    }
    size_t bytes = lay_out(NULL, &plan);
    struct world *world = sim->engine->grow == NULL ? NULL : sim->engine->grow(sim->engine->grow_ctx, old, bytes);
    if (world == NULL) {
        sim->status = ENGINE_NO_MEMORY;
        return false;
    }
    memcpy(world, old, sizeof *world);
    world->bytes = lay_out(world, &plan);
    for (int k = 0; k < REGION_BUCKETS; k++)
        region_copy(world, old, (enum region_kind)k);
    queue_lay(world, plan.events);
    queue_move(region_at(world, REGION_QUEUE), region_at(old, REGION_QUEUE));
    sim->engine->world = world;
    sim_bind(sim);
    if (plan.capacity[REGION_BUCKETS] != world->region[REGION_BUCKETS].high)
        demux_rebuild(sim);
    else
        region_copy(world, old, REGION_BUCKETS);
    if (plan.capacity[REGION_BOX_BUCKETS] != world->region[REGION_BOX_BUCKETS].high)
        box_rebuild(sim);
    return true;
}

uint32_t pool_take_raw(struct sim *sim, enum region_kind kind)
{
    struct region *region = &sim->world->region[kind];
    uint32_t index = region->free;
    if (index != 0) {
        memcpy(&region->free, (const char *)region_at(sim->world, kind) + (size_t)(index - 1) * region->stride, sizeof region->free);
        return index;
    }
    if (region->high == region->capacity) {
        if (!sim_grow(sim, kind, region->capacity + 4))
            return 0;
        region = &sim->world->region[kind];
    }
    return ++region->high;
}

uint32_t pool_take(struct sim *sim, enum region_kind kind)
{
    uint32_t index = pool_take_raw(sim, kind);
    size_t stride = sim->world->region[kind].stride;
    if (index != 0)
        memset((char *)region_at(sim->world, kind) + (index - 1) * stride, 0, stride);
    return index;
}

void pool_give(struct sim *sim, enum region_kind kind, uint32_t index)
{
    struct region *region = &sim->world->region[kind];
    char *element = (char *)region_at(sim->world, kind) + (size_t)(index - 1) * region->stride;
    if (kind != REGION_FLIGHTS) /* nobody asks a flight whether it is there */
        memset(element, 0, region->stride);
    memcpy(element, &region->free, sizeof region->free);
    region->free = index;
}

/* ---- TCBs ---- */

static const struct tcp_profile *profile_of(const struct sim *sim, uint32_t endpoint)
{
    return &sim->story->nodes[tuple_host(endpoint_at(sim, endpoint)->tuple)].profile;
}

struct tcb *tcb_lend(const struct sim *sim, uint32_t index)
{
    struct region *region = &sim->world->region[REGION_TCBS];
    struct endpoint *endpoint = endpoint_at(sim, index);
    uint32_t taken = region->free;
    if (taken != 0)
        region->free = lent_at(sim, taken)->next_free;
    else
        taken = LENT_HANDLE(++region->high); /* never more than there are endpoints */
    struct lent_tcb *lent = lent_at(sim, taken);
    lent->endpoint = index;
    lent->event_ns = TIME_NEVER;
    endpoint->tcb = taken;
    if (tcbs_are_many(sim))
        sim->world->cares |= CARES_TCBS;
    return &lent->tcb;
}

static struct surplus *surplus_at(const struct sim *sim, uint32_t index)
{
    return (struct surplus *)region_at(sim->world, REGION_SURPLUS) + (index - 1);
}

/* A place for what of a record at rest does not fit into its end; 0: there is none. The world stays where it is. */
static uint32_t surplus_take(const struct sim *sim)
{
    struct region *region = &sim->world->region[REGION_SURPLUS];
    uint32_t index = region->free;
    if (index != 0)
        region->free = surplus_at(sim, index)->next_free;
    else if (region->high < region->capacity)
        index = ++region->high;
    return index;
}

static void surplus_give(const struct sim *sim, uint32_t index)
{
    struct region *region = &sim->world->region[REGION_SURPLUS];
    surplus_at(sim, index)->next_free = region->free;
    region->free = index;
}

struct tcb *tcb_wake(const struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    unsigned char bytes[IDLE_MOST];
    memcpy(bytes, endpoint->idle, IDLE_BYTES);
    if (endpoint->tcb != 0) {
        memcpy(bytes + IDLE_BYTES, surplus_at(sim, endpoint->tcb - TCB_AT_REST)->bytes, SURPLUS_BYTES);
        surplus_give(sim, endpoint->tcb - TCB_AT_REST);
    }
    struct tcb *tcb = tcb_lend(sim, index);
    tcp_idle_unpack(bytes, sizeof bytes, profile_of(sim, index), tcb);
    return tcb;
}

void tcb_give(struct sim *sim, struct endpoint *endpoint)
{
    struct region *region = &sim->world->region[REGION_TCBS];
    if (!tcb_is_lent(endpoint->tcb)) {
        if (endpoint->tcb != 0)
            surplus_give(sim, endpoint->tcb - TCB_AT_REST);
    } else {
        struct lent_tcb *lent = lent_at(sim, endpoint->tcb);
        lent->endpoint = 0;
        lent->next_free = region->free;
        region->free = endpoint->tcb;
    }
    endpoint->tcb = 0;
}

/* False: it is not at rest, or has too much to remember. */
static bool tcb_pack(struct sim *sim, const struct lent_tcb *lent)
{
    struct endpoint *endpoint = endpoint_at(sim, lent->endpoint);
    unsigned char bytes[IDLE_MOST];
    unsigned count = tcp_idle_pack(&lent->tcb, profile_of(sim, lent->endpoint), bytes, sizeof bytes);
    uint32_t surplus = count > IDLE_BYTES ? surplus_take(sim) : 0;
    if (count == 0 || (count > IDLE_BYTES && surplus == 0))
        return false;
    tcb_give(sim, endpoint);
    memcpy(endpoint->idle, bytes, IDLE_BYTES);
    if (surplus != 0) {
        memcpy(surplus_at(sim, surplus)->bytes, bytes + IDLE_BYTES, SURPLUS_BYTES);
        endpoint->tcb = TCB_AT_REST + surplus;
    }
    return true;
}

/* Only when there are many, so that ends which rest for a moment keep what they will need again. If most are at work, more are lent
 * before the next time. */
void tcbs_pack(struct sim *sim)
{
    struct world *world = sim->world;
    uint32_t packed = 0;
    for (uint32_t i = 0; i < world->region[REGION_TCBS].high; i++)
        packed += sim->tcbs[i].endpoint != 0 && tcb_pack(sim, &sim->tcbs[i]);
    if (packed < world->tcbs_wanted / 4)
        world->tcbs_wanted += world->tcbs_wanted / 2;
}

bool sim_grow_records(struct sim *sim)
{
    const struct region *region = &sim->world->region[REGION_RECORDS];
    if (region->high == region->capacity && !sim_grow(sim, REGION_RECORDS, 2 * region->capacity))
        return false;
    records_link(sim->world);
    sim->ctx.record_limit = sim->world->region[REGION_RECORDS].high - 1;
    return true;
}

bool sim_widen(struct sim *sim)
{
    uint32_t margin = queue_margin(sim->story);
    if (queue_count(sim->queue) + margin > queue_capacity(sim->queue) && !sim_grow(sim, REGION_QUEUE, queue_count(sim->queue) + 2 * margin))
        return false;
    if (sim->ctx.record_limit - sim->world->records_used < RECORDS_MARGIN && !sim_grow_records(sim))
        return false;
    return true;
}
