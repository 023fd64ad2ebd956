/* SPDX-License-Identifier: MIT */
/* The one door that moves the clock: takes the earliest event, lets its door act, and sends what came of it on its way. */
#include "sim/engine.h"

#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

#define LONGEST_RUN_NS (24 * 3600 * NS_PER_S) /* LANGUAGE.md: at most 24h */
#define NODES_MAX 255
#define STATEMENTS_MAX 65535

static void statement_schedule(struct sim *sim, uint32_t s)
{
    const struct story_statement *statement = &sim->story->statements[s];
    switch (statement->when) {
    case WHEN_EVENT:
        return;
    case WHEN_AT:
        statement_push(sim, s, statement->at_ns, TARGET_STATEMENT);
        return;
    case WHEN_START:
        if (statement->kind == STATEMENT_CUT && statement->cut_to_ns > statement->cut_from_ns)
            statement_push(sim, s, statement->cut_from_ns, TARGET_STATEMENT);
        return; /* rules hold from the beginning (weather_init) */
    }
}

/* Before the first event of time 0: services listen, programs and statements take their places. */
static void world_begin(struct sim *sim)
{
    sim->world->begun = true;
    for (uint16_t n = 0; n < sim->story->node_count; n++)
        services_listen(sim, n);
    for (uint32_t s = 0; s < sim->story->statement_count; s++)
        statement_schedule(sim, s);
    for (uint32_t p = 0; p < sim->story->program_count; p++) {
        const struct story_program *program = &sim->story->programs[p];
        sim->starters[p].start_ns = TIME_NEVER;
        if (!program->service && !program->after_boot)
            program_schedule(sim, p, 0);
    }
}

/* The host where an event happens, or STORY_NONE for one of the network or of nobody any more. */
static uint16_t event_host(const struct sim *sim, struct queue_event event)
{
    uint32_t index = event.target & TARGET_INDEX;
    switch ((enum target)(event.target >> TARGET_SHIFT)) {
    case TARGET_STATEMENT:
    case TARGET_STATEMENT_ENDS:
    case TARGET_DELAYED:
        return STORY_NONE;
    case TARGET_FLIGHT:
        return sim->flights[index - 1].node;
    case TARGET_ENDPOINT:
        return tuple_host(endpoint_at(sim, index)->tuple);
    case TARGET_MINI:
        return tuple_host(mini_at(sim, index)->tuple);
    case TARGET_PROCESS:
        return sim->story->programs[process_at(sim, index)->program].host;
    case TARGET_START:
        return sim->story->programs[index].host;
    }
    return STORY_NONE;
}

static inline bool process_is_stale(const struct sim *sim, struct queue_event event)
{
    const struct process *process = process_at(sim, event.target & TARGET_INDEX);
    return process->state == PROCESS_FREE || process->wake_ns != event.time_ns ||
           process_number(sim, process->program, process->copy) != (event.number & NUMBER_MAX);
}

/* Was it overtaken by an earlier one, or did its end go away? Never a cancel in the queue. */
static bool is_stale(const struct sim *sim, struct queue_event event)
{
    uint32_t index = event.target & TARGET_INDEX, number = event.number & NUMBER_MAX;
    switch ((enum target)(event.target >> TARGET_SHIFT)) {
    case TARGET_ENDPOINT: {
        const struct endpoint *endpoint = endpoint_at(sim, index);
        if (endpoint->identity == 0 || endpoint->small || !tcb_is_lent(endpoint->tcb)) /* at rest it has no timer */
            return true;
        const struct lent_tcb *lent = lent_at(sim, endpoint->tcb);
        return lent->event_ns != event.time_ns || (lent->event_number & NUMBER_MAX) != number;
    }
    case TARGET_MINI: {
        const struct mini *mini = mini_at(sim, index);
        return mini->identity == 0 || !mini->small || mini->event_ns != event.time_ns || (mini->event_number & NUMBER_MAX) != number;
    }
    case TARGET_PROCESS:
        return process_is_stale(sim, event);
    case TARGET_STATEMENT:
    case TARGET_STATEMENT_ENDS:
    case TARGET_DELAYED:
    case TARGET_FLIGHT:
    case TARGET_START:
        break;
    }
    return false;
}

/* A stopped virtual machine: its segments and timers wait until it goes on, in their order. */
static bool waits_for_host(struct sim *sim, struct queue_event event)
{
    uint16_t host = event_host(sim, event);
    if (host == STORY_NONE || sim->hosts[host].paused_until_ns <= event.time_ns)
        return false;
    int64_t at_ns = sim->hosts[host].paused_until_ns;
    uint32_t index = event.target & TARGET_INDEX;
    enum target target = (enum target)(event.target >> TARGET_SHIFT);
    if (target == TARGET_ENDPOINT)
        lent_at(sim, endpoint_at(sim, index)->tcb)->event_ns = at_ns;
    else if (target == TARGET_MINI)
        mini_at(sim, index)->event_ns = at_ns;
    else if (target == TARGET_PROCESS)
        process_at(sim, index)->wake_ns = at_ns;
    else if (target == TARGET_START)
        sim->starters[index].start_ns = time_add(sim->starters[index].start_ns, at_ns - event.time_ns);
    queue_push(sim->queue, (struct queue_event){.time_ns = at_ns, .number = event.number, .target = event.target});
    return true;
}

static void event_act(struct sim *sim, struct queue_event event)
{
    uint32_t index = event.target & TARGET_INDEX;
    switch ((enum target)(event.target >> TARGET_SHIFT)) {
    case TARGET_STATEMENT:
        statement_run(sim, index, 0);
        break;
    case TARGET_STATEMENT_ENDS:
        statement_ends(sim, index);
        break;
    case TARGET_DELAYED:
        statement_delayed(sim, index);
        break;
    case TARGET_FLIGHT:
        host_flight_arrives(sim, index);
        break;
    case TARGET_ENDPOINT:
        host_endpoint_timer(sim, index, event);
        break;
    case TARGET_MINI:
        host_mini_timer(sim, index, event);
        break;
    case TARGET_PROCESS:
        process_run(sim, index);
        break;
    case TARGET_START:
        program_start(sim, index);
        break;
    }
}

static bool event_is_stale(const void *sim, const struct queue_event *event)
{
    return is_stale(sim, *event);
}

/* What a step may have to look after before it begins. False: it does not begin. */
static __attribute__((noinline, cold)) bool event_cares(struct sim *sim, struct queue_event event)
{
    struct world *world = sim->world;
    if ((world->cares & CARES_PAUSED) != 0 && waits_for_host(sim, event))
        return false;
    world->now_ns = event.time_ns;
    if (tcbs_are_many(sim))
        tcbs_pack(sim);
    if (!tcbs_are_many(sim))
        world->cares &= (uint8_t)~CARES_TCBS;
    return true;
}

/* The queue has given this event: false if its host stands still. */
static inline bool event_begins(struct sim *sim, struct queue_event event)
{
    if (__builtin_expect(sim->world->cares != 0, 0) && !event_cares(sim, event))
        return false;
    sim->world->now_ns = event.time_ns;
    sim->world->steps++;
    sim->cause = 0;
    return true;
}

/* One event not later than until_ns; false if there is none. Arrivals and programs are most of all, and most often what a step has woken
 * goes on at once: then the queue need not have it. */
static inline __attribute__((always_inline)) bool sim_step(struct sim *sim, int64_t until_ns)
{
    struct queue_event event;
    for (;;) {
        struct queue *queue = sim->queue;
        const struct queue_event *near = &queue->near[queue->first];
        if (sim->held.target != 0) {
            event = sim->held;
            sim->held.target = 0;
            if (!queue_front_is_later(queue, event.time_ns, event.number)) {
                queue_push(queue, event);
                continue;
            }
        } else if (queue_comes_first(&queue->lane_front, near)) {
            event = queue->lane_front;
            if (event.time_ns > until_ns)
                return false;
            queue_lane_take(queue);
            if (!event_begins(sim, event))
                continue;
            if (sim_make_room(sim))
                host_flight_arrives(sim, event.target & TARGET_INDEX);
            break;
        } else if (queue->first == QUEUE_NEAR) {
            if (!queue_turn(queue, event_is_stale, sim))
                return false;
            continue;
        } else {
            event = *near;
            if (event.time_ns > until_ns)
                return false;
            queue_near_take(queue);
        }
        const bool goes_on = event.target >> TARGET_SHIFT == TARGET_PROCESS;
        if ((goes_on ? process_is_stale(sim, event) : is_stale(sim, event)) || !event_begins(sim, event))
            continue;
        if (!sim_make_room(sim))
            break;
        if (goes_on)
            process_run(sim, event.target & TARGET_INDEX);
        else
            event_act(sim, event);
        break;
    }
    if (!step_is_finished(sim))
        step_finish(sim);
    return true;
}

static int64_t latest_end_ns(const struct story *story)
{
    return story->stop_ns < LONGEST_RUN_NS ? story->stop_ns : LONGEST_RUN_NS;
}

static int64_t rest_ns(const struct engine *engine)
{
    int64_t rest = engine->world->ended ? engine->world->now_ns : engine->world->acted_ns;
    if (engine->story->last_named_ns > rest)
        rest = engine->story->last_named_ns;
    int64_t latest = latest_end_ns(engine->story);
    return rest < latest && engine->story->stop_ns == TIME_NEVER ? rest : latest;
}

int64_t engine_end_ns(const struct engine *engine)
{
    return engine->world->ended ? engine->world->now_ns : rest_ns(engine);
}

static void sim_open(struct sim *sim, struct engine *engine)
{
    sim->engine = engine;
    sim->story = engine->story;
    sim->heard = engine->world->tape.used;
    sim->heard_count = engine->world->events;
    sim->status = ENGINE_RUNNING;
    sim->cause = 0;
    sim->held.target = 0;
    sim->turn.process = 1; /* whoever that is */
    sim_bind(sim);
    effects_init(sim);
    if (!sim->world->begun && sim_make_room(sim))
        world_begin(sim);
}

/* One that was pushed for a timer which has been stopped since: it comes to nothing, and need not be waited for. */
static bool is_idle(const struct sim *sim, struct queue_event event)
{
    if (is_stale(sim, event))
        return true;
    if (event.target >> TARGET_SHIFT != TARGET_ENDPOINT)
        return false;
    return tcp_next_slot(tcb_of(sim, endpoint_at(sim, event.target & TARGET_INDEX))) < 0;
}

/* Nothing is left to do up to until_ns: has the run ended, or does the clock only stand there? */
static enum engine_status sim_rests(struct sim *sim, int64_t until_ns)
{
    struct queue_event event;
    struct world *world = sim->world;
    int64_t latest = latest_end_ns(sim->story);
    bool pending = queue_peek(sim->queue, &event);
    while (pending && until_ns >= latest && is_idle(sim, event)) {
        queue_pop(sim->queue, &event);
        pending = queue_peek(sim->queue, &event);
    }
    bool more = pending && event.time_ns <= latest;
    int64_t end_ns = pending ? latest : rest_ns(sim->engine);
    if (until_ns >= end_ns && !more) {
        world->now_ns = end_ns;
        world->ended = true;
        sim->cause = 0;
        for (uint32_t p = 1; p <= world->region[REGION_PROCESSES].high; p++)
            process_breaks_off(sim, p);
        box_tables_end(sim);
        return ENGINE_ENDED;
    }
    if (until_ns > world->now_ns)
        world->now_ns = until_ns < end_ns ? until_ns : end_ns;
    return ENGINE_RUNNING;
}

static enum engine_status sim_close(struct sim *sim, int64_t until_ns, bool stepped)
{
    if (sim->held.target != 0)
        queue_push(sim->queue, sim->held);
    enum engine_status status = sim->status == ENGINE_RUNNING && !stepped ? sim_rests(sim, until_ns) : sim->status;
    trace_tell(sim);
    return status;
}

enum engine_status engine_run(struct engine *engine, int64_t until_ns)
{
    struct sim sim;
    if (engine->world->ended)
        return ENGINE_ENDED;
    sim_open(&sim, engine);
    int64_t latest = latest_end_ns(engine->story), limit = until_ns < latest ? until_ns : latest;
    while (sim.status == ENGINE_RUNNING && sim_step(&sim, limit))
        ;
    return sim_close(&sim, until_ns, false);
}

enum engine_status engine_step(struct engine *engine)
{
    struct sim sim;
    if (engine->world->ended)
        return ENGINE_ENDED;
    sim_open(&sim, engine);
    bool stepped = sim.status == ENGINE_RUNNING && sim_step(&sim, latest_end_ns(engine->story));
    return sim_close(&sim, TIME_NEVER, stepped);
}

/* ---- what this engine cannot play ---- */

static bool unsupported(struct diagnostic *diagnostic, const struct place *place, const char *message)
{
    if (diagnostic != NULL) {
        memset(diagnostic, 0, sizeof *diagnostic);
        diagnostic->severity = SEVERITY_ERROR;
        diagnostic->line = place->line;
        diagnostic->column = place->column;
        diagnostic->width = place->width;
        snprintf(diagnostic->message, sizeof diagnostic->message, "%s", message);
    }
    return false;
}

bool engine_supports(const struct story *story, struct diagnostic *diagnostic)
{
    const struct place whole = {0};
    if (story->node_count > NODES_MAX)
        return unsupported(diagnostic, &whole, "a scenario can have at most 255 hosts and middleboxes");
    if (story->statement_count > STATEMENTS_MAX || story->program_count > STATEMENTS_MAX)
        return unsupported(diagnostic, &whole, "a scenario can have at most 65535 statements and as many programs");
    for (uint32_t s = 0; s < story->step_count; s++) {
        const struct story_step *step = &story->steps[s];
        if ((step->call == CALL_SEND || step->call == CALL_RECV) && step->size > UINT32_MAX)
            return unsupported(diagnostic, &step->place, "one call can move at most 4294967295 bytes");
    }
    return true;
}
