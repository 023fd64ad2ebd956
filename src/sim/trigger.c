/* SPDX-License-Identifier: MIT */
/* Awaited events: what a `when` statement or a program's guard waits for. A host has a mask of what anybody awaits there; only a hit is
 * looked at closer, and then only at the statements of the story and at the programs of the connection's two ends. */
#include <string.h>

#include "sim/sim.h"

#define OCCURRENCE_BITS 14 /* of a statement's number in the order of events */

static void await(struct world *world, const struct story_event *event)
{
    struct host *host = (struct host *)region_at(world, REGION_HOSTS) + event->host;
    switch (event->kind) {
    case EVENT_NONE:
        break;
    case EVENT_ENTERS:
        host->awaits_enters |= (uint16_t)(1U << event->state);
        break;
    case EVENT_LEAVES:
        host->awaits_leaves |= (uint16_t)(1U << event->state);
        break;
    case EVENT_SENDS:
        host->asks |= HOST_AWAITS_SENDS;
        break;
    case EVENT_RECEIVES:
        host->asks |= HOST_AWAITS_RECEIVES;
        break;
    case EVENT_SEES_EOF:
    case EVENT_SEES_ERROR:
        host->asks |= HOST_AWAITS_SEES;
        break;
    }
}

void trigger_init(struct world *world, const struct story *story)
{
    for (uint32_t s = 0; s < story->statement_count; s++) {
        if (story->statements[s].when == WHEN_EVENT)
            await(world, &story->statements[s].event);
    }
    if (world->guards == 0)
        return;
    for (uint32_t s = 0; s < story->step_count; s++)
        await(world, &story->steps[s].guard.event);
}

/* ---- matching ---- */

static bool is_called(const struct sim *sim, flow_id flow, uint16_t name)
{
    return name == STORY_NONE || (flow.index != 0 && flow_at(sim, flow)->name == name);
}

static bool segment_matches(const struct sim *sim, const struct story_event *event, const struct happening *happening)
{
    const struct segment_match *match = &event->segment;
    if ((match->classes & happening->classes) != match->classes || !is_called(sim, happening->flow, match->of))
        return false;
    return (match->from == STORY_NONE || match->from == happening->seg->src_host) &&
           (match->to == STORY_NONE || match->to == happening->seg->dst_host);
}

static bool event_matches(const struct sim *sim, const struct story_event *event, const struct happening *happening)
{
    if (event->kind != happening->kind || event->host != happening->host || !is_called(sim, happening->flow, event->name))
        return false;
    switch (event->kind) {
    case EVENT_NONE:
        return false;
    case EVENT_ENTERS:
    case EVENT_LEAVES:
        return event->state == happening->state;
    case EVENT_SENDS:
    case EVENT_RECEIVES:
        return segment_matches(sim, event, happening);
    case EVENT_SEES_EOF:
        return true;
    case EVENT_SEES_ERROR:
        return event->error == happening->error;
    }
    return false;
}

/* The count-th match: is it one that the event means? Without an ordinal, the first. */
static bool count_meant(const struct story_event *event, uint32_t count)
{
    bool counts = (event->kind == EVENT_SENDS || event->kind == EVENT_RECEIVES) && event->segment.ordinals_given;
    return counts ? count >= event->segment.ordinals.first && count <= event->segment.ordinals.last : count == 1;
}

/* ---- statements ---- */

static void statement_pend(struct sim *sim, uint32_t statement, uint32_t cause)
{
    struct world *world = sim->world;
    ASSERT(world->pending < world->region[REGION_PENDING].capacity);
    ((struct pending_trigger *)region_at(world, REGION_PENDING))[world->pending++] = (struct pending_trigger){statement, cause};
}

static void statements_match(struct sim *sim, const struct happening *happening, bool now)
{
    for (uint32_t s = 0; s < sim->story->statement_count; s++) {
        const struct story_statement *statement = &sim->story->statements[s];
        if (statement->when != WHEN_EVENT || !event_matches(sim, &statement->event, happening))
            continue;
        if (!count_meant(&statement->event, ++sim->statements[s].count))
            continue;
        if (now)
            statement_triggered(sim, s, happening->record);
        else
            statement_pend(sim, s, happening->record);
    }
}

/* At once, or after its D: then it takes its place among the statements of that instant. */
void statement_triggered(struct sim *sim, uint32_t s, uint32_t cause)
{
    const struct story_statement *statement = &sim->story->statements[s];
    if (statement->after_ns <= 0) {
        statement_run(sim, s, cause);
        return;
    }
    uint32_t index = pool_take(sim, REGION_DELAYED);
    if (index == 0)
        return;
    struct delayed *delayed = (struct delayed *)region_at(sim->world, REGION_DELAYED) + (index - 1);
    delayed->statement = s;
    delayed->cause = cause;
    uint32_t occurrence = ++sim->statements[s].occurrences & ((1U << OCCURRENCE_BITS) - 1);
    sim_push(sim, time_add(sim->world->now_ns, statement->after_ns), CLASS_STATEMENTS, (s << OCCURRENCE_BITS) | occurrence, TARGET_DELAYED,
             index);
}

void statement_delayed(struct sim *sim, uint32_t index)
{
    struct delayed delayed = ((struct delayed *)region_at(sim->world, REGION_DELAYED))[index - 1];
    pool_give(sim, REGION_DELAYED, index);
    statement_run(sim, delayed.statement, delayed.cause);
}

void statement_push(struct sim *sim, uint32_t s, int64_t at_ns, enum target target)
{
    sim_push(sim, at_ns, CLASS_STATEMENTS, s << OCCURRENCE_BITS, target, s);
}

/* ---- guards ---- */

struct memory *trigger_memory(const struct sim *sim, uint32_t index, uint32_t step)
{
    uint32_t guard = 0;
    for (uint32_t s = sim->story->programs[process_at(sim, index)->program].first_step; s < step; s++)
        guard += sim->story->steps[s].guard.event.kind != EVENT_NONE;
    return &sim->memories[(index - 1) * (size_t)sim->world->guards + guard];
}

struct subject {
    uint32_t identity[2], owner[2]; /* socket and program of the end where it happened, and of the other; 0 where there is none */
    bool held[2]; /* its program holds it, and so is there */
};

static void subject_end(const struct sim *sim, struct subject *subject, unsigned which, flow_id flow, unsigned side)
{
    end_id end = flow_at(sim, flow)->end[side];
    if (end.handle == 0)
        return;
    if ((end.handle & END_MINI) != 0) {
        subject->owner[which] = mini_at(sim, end.handle & ~END_MINI)->owner.index;
        subject->identity[which] = mini_at(sim, end.handle & ~END_MINI)->identity;
        return;
    }
    const struct endpoint *endpoint = endpoint_at(sim, end.handle);
    subject->owner[which] = endpoint->owner.index;
    subject->identity[which] = endpoint->identity;
    subject->held[which] = (endpoint->flags & END_HELD) != 0;
}

static bool program_is_single(const struct story_program *program)
{
    return !program->service && program->copies == 1;
}

/* `client.first enters …`, `client sends FIN of first`. */
static bool names_connection(const struct story_event *event)
{
    return event->name != STORY_NONE || ((event->kind == EVENT_SENDS || event->kind == EVENT_RECEIVES) && event->segment.of != STORY_NONE);
}

/* Without a name a guard means its program's newest connection; a program that never had one takes what it is told. */
static bool guard_means(const struct sim *sim, const struct process *process, const struct story_event *event,
                        const struct subject *subject)
{
    const struct story_program *program = &sim->story->programs[process->program];
    if (names_connection(event))
        return true;
    uint32_t identity = subject->identity[event->host == program->host ? 0 : 1];
    if (process->newest == 0 || (identity == 0 && event->host != program->host))
        return program_is_single(program);
    return identity == process->newest;
}

static void guards_match(struct sim *sim, uint32_t index, const struct happening *happening, const struct subject *subject)
{
    const struct process *process = process_at(sim, index);
    const struct story_program *program = &sim->story->programs[process->program];
    for (uint32_t s = program->first_step; s < program->first_step + program->steps; s++) {
        const struct story_event *event = &sim->story->steps[s].guard.event;
        if (event->kind == EVENT_NONE || !event_matches(sim, event, happening) || !guard_means(sim, process, event, subject))
            continue;
        struct memory *memory = trigger_memory(sim, index, s);
        if (!count_meant(event, ++memory->count) || memory->at_ns != TIME_NEVER)
            continue;
        memory->at_ns = sim->world->now_ns;
        memory->cause = happening->record;
        if (process->state == PROCESS_GUARD && program->first_step + process->step == s)
            trigger_guard_met(sim, index);
    }
}

static void programs_match(struct sim *sim, const struct happening *happening)
{
    struct subject subject = {0};
    if (happening->flow.index != 0) {
        const struct flow *flow = &flow_at(sim, happening->flow)->flow;
        unsigned side = flow->side[0].host == happening->host ? 0 : 1;
        subject_end(sim, &subject, 0, happening->flow, side);
        subject_end(sim, &subject, 1, happening->flow, side ^ 1);
    }
    if (happening->endpoint_identity != 0) {
        if (happening->endpoint_identity != subject.identity[0]) /* the end has gone, and perhaps the program; who sees is there */
            subject.held[0] = happening->kind == EVENT_SEES_EOF || happening->kind == EVENT_SEES_ERROR;
        subject.identity[0] = happening->endpoint_identity;
        subject.owner[0] = happening->owner;
    }
    for (uint32_t p = 0; p < sim->story->program_count; p++) {
        if (program_is_single(&sim->story->programs[p]) && sim->starters[p].newest != 0)
            guards_match(sim, sim->starters[p].newest, happening, &subject);
    }
    for (unsigned end = 0; end < 2; end++) {
        if (subject.owner[end] == 0 || (end == 1 && subject.owner[1] == subject.owner[0]))
            continue;
        const struct process *process = process_at(sim, subject.owner[end]);
        if (process->state == PROCESS_FREE || (process->newest != subject.identity[end] && !subject.held[end]))
            continue; /* it has gone, and another has its place */
        if (!program_is_single(&sim->story->programs[process->program]))
            guards_match(sim, subject.owner[end], happening, &subject);
    }
}

void trigger_happens(struct sim *sim, const struct happening *happening, bool now)
{
    if (sim->world->guards != 0)
        programs_match(sim, happening);
    statements_match(sim, happening, now);
}

void trigger_newest(struct sim *sim, uint32_t index, const struct endpoint *endpoint)
{
    const struct process *process = process_at(sim, index);
    const struct story_program *program = &sim->story->programs[process->program];
    for (uint32_t s = program->first_step; s < program->first_step + program->steps; s++) {
        const struct story_event *event = &sim->story->steps[s].guard.event;
        if (event->kind == EVENT_NONE)
            continue;
        struct memory *memory = trigger_memory(sim, index, s);
        if (!names_connection(event))
            *memory = (struct memory){.at_ns = TIME_NEVER};
        /* What its end has come to before the program was given it has happened all the same. */
        bool been =
            tcb_of(sim, endpoint)->state == event->state || (event->state == TCP_ESTABLISHED && tcb_of(sim, endpoint)->established_once);
        if (memory->at_ns == TIME_NEVER && event->kind == EVENT_ENTERS && event->host == program->host &&
            is_called(sim, endpoint->flow, event->name) && been)
            *memory = (struct memory){.at_ns = sim->world->now_ns, .count = 1, .cause = sim->cause};
    }
}
