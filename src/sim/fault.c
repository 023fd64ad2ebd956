/* SPDX-License-Identifier: MIT */
/* Statements have their moment: cuts, crashes, pauses, narration. LANGUAGE.md "The network's weather", "Teaching". */
#include "sim/ask.h"
#include "sim/sim.h"

static uint32_t fault_put(struct sim *sim, uint32_t s, enum fault_what what, uint32_t cause)
{
    const struct story_statement *statement = &sim->story->statements[s];
    struct trace_event event = {
        .kind = TRACE_FAULT, .what = (uint8_t)what, .host = (uint8_t)statement->from, .statement = s + 1, .cause = cause};
    event.peer = (uint8_t)(statement->to != STORY_NONE ? statement->to : statement->from);
    return trace_put(sim, &event);
}

static void cuts_count(struct sim *sim, int change)
{
    sim->world->cuts += (uint32_t)change;
    for (uint32_t n = 0; n < sim->story->node_count; n++) {
        struct host *host = &sim->hosts[n];
        host->asks = (uint8_t)(sim->world->cuts != 0 ? host->asks | HOST_CUTS : host->asks & ~HOST_CUTS);
    }
}

static void cut_begins(struct sim *sim, uint32_t s, uint32_t cause)
{
    const struct story_statement *statement = &sim->story->statements[s];
    struct statement_state *state = &sim->statements[s];
    int64_t until_ns = statement->when == WHEN_START ? statement->cut_to_ns : time_add(sim->world->now_ns, statement->for_ns);
    if (!state->active)
        cuts_count(sim, 1);
    state->until_ns = state->active && state->until_ns > until_ns ? state->until_ns : until_ns;
    state->active = true;
    fault_put(sim, s, FAULT_CUT_BEGINS, cause);
    statement_push(sim, s, until_ns, TARGET_STATEMENT_ENDS);
}

static void pause_begins(struct sim *sim, uint32_t s, uint32_t cause)
{
    const struct story_statement *statement = &sim->story->statements[s];
    struct host *host = &sim->hosts[statement->from];
    int64_t until_ns = time_add(sim->world->now_ns, statement->for_ns);
    sim->world->cares |= CARES_PAUSED;
    if (until_ns > host->paused_until_ns)
        host->paused_until_ns = until_ns;
    fault_put(sim, s, FAULT_PAUSE, cause);
    statement_push(sim, s, until_ns, TARGET_STATEMENT_ENDS);
}

void statement_ends(struct sim *sim, uint32_t s)
{
    struct statement_state *state = &sim->statements[s];
    if (sim->story->statements[s].kind == STATEMENT_PAUSE) {
        fault_put(sim, s, FAULT_RESUME, 0);
        return;
    }
    if (!state->active || state->until_ns > sim->world->now_ns)
        return;
    state->active = false;
    cuts_count(sim, -1);
    fault_put(sim, s, FAULT_CUT_ENDS, 0);
}

/* ---- hosts ---- */

static void starters_stop(struct sim *sim, uint16_t host)
{
    for (uint32_t p = 0; p < sim->story->program_count; p++) {
        if (sim->story->programs[p].host == host)
            sim->starters[p].start_ns = TIME_NEVER;
    }
}

static void endpoints_vanish(struct sim *sim, uint16_t host)
{
    for (uint32_t e = 1; e <= ends_last(sim); e++) {
        struct endpoint *endpoint = endpoint_living(sim, e);
        if (endpoint == NULL || tuple_host(endpoint->tuple) != host)
            continue;
        endpoint->flags &= (uint8_t) ~(END_HELD | END_QUEUED | END_DRAINS);
        if (endpoint->flow.index == 0 || (endpoint->flags & END_GONE) != 0) {
            endpoint_free(sim, e);
            continue;
        }
        tcp_vanish(&sim->ctx, tcp_begin(sim, e), WHY_CRASH);
        tcp_end(sim);
        step_flush(sim);
    }
    for (uint32_t m = 1; m <= ends_last(sim); m++) {
        struct mini *mini = mini_living(sim, m);
        if (mini == NULL || tuple_host(mini->tuple) != host)
            continue;
        state_put(sim, host, mini->flow.index, mini->side, mini->identity, (enum tcp_state)mini->tcp.state, TCP_CLOSED, WHY_CRASH);
        mini_free(sim, m);
    }
}

/* Power loss: all state is gone, nothing is sent. */
static void host_crashes(struct sim *sim, uint16_t host)
{
    for (uint32_t p = 1; p <= sim->world->region[REGION_PROCESSES].high; p++) {
        const struct process *process = process_at(sim, p);
        if (process->state != PROCESS_FREE && sim->story->programs[process->program].host == host)
            process_vanish(sim, p);
    }
    starters_stop(sim, host);
    endpoints_vanish(sim, host);
    for (uint32_t l = 1; l <= sim->world->region[REGION_LISTENERS].high; l++) {
        const struct listener *listener = listener_at(sim, l);
        if (listener->identity == 0 || listener->host != host)
            continue;
        state_put(sim, host, 0, 1, listener->identity, TCP_LISTEN, TCP_CLOSED, WHY_CRASH);
        if (listener->options.index != 0)
            pool_give(sim, REGION_OPTIONS, listener->options.index);
        pool_give(sim, REGION_LISTENERS, l);
    }
    sim->hosts[host].asks |= HOST_DOWN;
}

void services_listen(struct sim *sim, uint16_t host)
{
    for (uint32_t p = 0; p < sim->story->program_count; p++) {
        const struct story_program *program = &sim->story->programs[p];
        if (program->service && program->host == host) {
            uint32_t made = listener_open(sim, host, program->port, program->backlog, (process_id){0}, p, (options_id){0});
            sim->starters[p].listener.index = made;
        }
    }
}

/* Back with the same address and no memory. */
static void host_boots(struct sim *sim, uint16_t host)
{
    sim->hosts[host].asks &= (uint8_t)~HOST_DOWN;
    sim->hosts[host].paused_until_ns = 0;
    services_listen(sim, host);
    for (uint32_t p = 0; p < sim->story->program_count; p++) {
        const struct story_program *program = &sim->story->programs[p];
        if (program->host == host && program->after_boot && !program->service)
            program_schedule(sim, p, sim->world->now_ns);
    }
}

/* SIGKILL: the kernel closes the sockets of its programs and its services' listeners. */
static void host_is_killed(struct sim *sim, uint16_t host)
{
    uint32_t led_to = sim->cause;
    for (uint32_t p = 1; p <= sim->world->region[REGION_PROCESSES].high && sim->status == ENGINE_RUNNING; p++) {
        const struct process *process = process_at(sim, p);
        if (process->state == PROCESS_FREE || sim->story->programs[process->program].host != host)
            continue;
        sim->cause = led_to;
        process_exit(sim, p);
        step_flush(sim);
    }
    for (uint32_t l = 1; l <= sim->world->region[REGION_LISTENERS].high && sim->status == ENGINE_RUNNING; l++) {
        sim->cause = led_to;
        if (listener_at(sim, l)->identity != 0 && listener_at(sim, l)->host == host)
            listener_close(sim, l);
    }
}

static void link_changes(struct sim *sim, uint32_t s)
{
    const struct story_statement *statement = &sim->story->statements[s];
    uint16_t there = route_next(sim, statement->from, statement->to), back = route_next(sim, statement->to, statement->from);
    if (there != ROUTE_NONE && sim->channels[there].to == statement->to) {
        sim->channels[there].changed_by = s + 1;
        sim->channels[there].changed_side = 0;
        channel_learn(sim->channels, there, channel_params(sim, there));
    }
    if (statement->both && back != ROUTE_NONE && sim->channels[back].to == statement->from) {
        sim->channels[back].changed_by = s + 1;
        sim->channels[back].changed_side = 1;
        channel_learn(sim->channels, back, channel_params(sim, back));
    }
}

static void note_put(struct sim *sim, uint32_t s, uint32_t cause)
{
    const struct story_statement *statement = &sim->story->statements[s];
    struct trace_event event = {.kind = TRACE_NOTE, .statement = s + 1, .cause = cause};
    if (statement->kind == STATEMENT_ASK) {
        event.host = (uint8_t)(statement->ask_host != STORY_NONE ? statement->ask_host : 0);
        event.note.value = ask_answer(sim, statement);
    }
    trace_put(sim, &event);
}

void statement_run(struct sim *sim, uint32_t s, uint32_t cause)
{
    const struct story_statement *statement = &sim->story->statements[s];
    if (!sim_make_room(sim))
        return;
    switch (statement->kind) {
    case STATEMENT_CUT:
        cut_begins(sim, s, cause);
        break;
    case STATEMENT_DROP: /* from here on it counts */
    case STATEMENT_DELAY:
    case STATEMENT_DUPLICATE:
    case STATEMENT_CORRUPT:
        sim->statements[s].active = true;
        sim->statements[s].occurrences = 0;
        break;
    case STATEMENT_CRASH: /* what is down cannot crash, and what runs cannot boot: that has not happened */
        if ((sim->hosts[statement->from].asks & HOST_DOWN) != 0)
            break;
        sim->cause = fault_put(sim, s, FAULT_CRASH, cause);
        host_crashes(sim, statement->from);
        break;
    case STATEMENT_BOOT:
        if ((sim->hosts[statement->from].asks & HOST_DOWN) == 0)
            break;
        sim->cause = fault_put(sim, s, FAULT_BOOT, cause);
        host_boots(sim, statement->from);
        break;
    case STATEMENT_PAUSE:
        pause_begins(sim, s, cause);
        break;
    case STATEMENT_KILL:
        sim->cause = fault_put(sim, s, FAULT_KILL, cause);
        host_is_killed(sim, statement->from);
        break;
    case STATEMENT_LINK:
        fault_put(sim, s, FAULT_LINK, cause);
        link_changes(sim, s);
        break;
    case STATEMENT_INJECT:
        inject_run(sim, s, cause);
        break;
    case STATEMENT_SAY:
    case STATEMENT_ASK:
        note_put(sim, s, cause);
        break;
    }
}
