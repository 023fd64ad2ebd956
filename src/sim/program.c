/* SPDX-License-Identifier: MIT */
/* Programs: copies and runs, guards, what follows a call's return, exit. LANGUAGE.md "Programs". */
#include "sim/sim.h"

static const struct story_program *program_of(const struct sim *sim, const struct process *process)
{
    return &sim->story->programs[process->program];
}

/* ---- trace ---- */

/* `step`: in the program; UINT32_MAX: the process's own. */
static struct turn turn_of(const struct sim *sim, uint32_t index, uint32_t step)
{
    struct process *caller = process_at(sim, index);
    const struct story_program *program = program_of(sim, caller);
    return (struct turn){
        .process = index, .step_number = step == UINT32_MAX ? step : program->first_step + step, .caller = caller, .program = program};
}

void call_put(struct sim *sim, uint32_t process, uint32_t step, enum call_kind call, struct about about)
{
    const struct turn turn = turn_of(sim, process, step);
    if (call_write(sim, TRACE_CALL, &turn, call, about, 0, ENDS_WELL, false))
        tape_full(sim);
}

void turn_put(struct sim *sim, const struct turn *turn, struct about about)
{
    if (turn_write(sim, turn, about))
        tape_full(sim);
}

static void program_sees(struct sim *sim, uint32_t process, uint16_t host, struct about about, struct ending ending)
{
    if ((!ending.eof && ending.error == TCP_OK) || (sim->hosts[host].asks & HOST_AWAITS_SEES) == 0)
        return;
    struct happening happening = {.kind = ending.error == TCP_OK ? EVENT_SEES_EOF : EVENT_SEES_ERROR,
                                  .host = host,
                                  .flow = {about.conn},
                                  .endpoint_identity = about.socket,
                                  .owner = process,
                                  .error = (enum tcp_errno)ending.error,
                                  .record = sim->cause};
    trigger_happens(sim, &happening, false);
}

/* A return; what it tells of the connection is what the program sees. */
void return_put(struct sim *sim, uint32_t process, uint32_t step, enum call_kind call, struct about about, int64_t value,
                struct ending ending)
{
    const struct turn turn = turn_of(sim, process, step);
    if (call_write(sim, TRACE_RETURN, &turn, call, about, value, ending, false))
        tape_full(sim);
    program_sees(sim, process, turn.program->host, about, ending);
}

/* ---- sockets of a program ---- */

static void connection_name(struct sim *sim, flow_id flow, uint16_t name, uint16_t host)
{
    if (flow.index == 0 || name == STORY_NONE || flow_at(sim, flow)->name != STORY_NONE)
        return;
    flow_at(sim, flow)->name = name;
    struct trace_event event = {.kind = TRACE_NAME, .host = (uint8_t)host, .conn = flow.index, .cause = sim->cause};
    event.note.value = name;
    trace_put(sim, &event);
}

void process_adopt(struct sim *sim, uint32_t index, socket_id socket, uint16_t name)
{
    struct process *process = process_at(sim, index);
    if ((socket.handle & SOCKET_LISTENER) != 0) {
        struct listener *listener = listener_at(sim, socket.handle & ~SOCKET_LISTENER);
        listener->next = process->sockets;
        listener->name = name;
        process->newest = listener->identity;
        process->sockets = socket;
        return;
    }
    struct endpoint *endpoint = endpoint_at(sim, socket.handle);
    endpoint->next = process->sockets;
    endpoint->owner.index = index;
    endpoint->name = name;
    endpoint->flags |= END_HELD;
    process->newest = endpoint->identity;
    process->sockets = socket;
    connection_name(sim, endpoint->flow, name, tuple_host(endpoint->tuple));
    if (sim->world->guards != 0)
        trigger_newest(sim, index, endpoint);
}

/* ---- waking ---- */

void process_wake(struct sim *sim, uint32_t index, int64_t at_ns, uint32_t cause)
{
    struct process *process = process_at(sim, index);
    if (at_ns >= process->wake_ns)
        return;
    process->wake_ns = at_ns;
    process->cause = cause;
    sim_push(sim, at_ns, CLASS_PROGRAMS, process_number(sim, process->program, process->copy), TARGET_PROCESS, index);
}

__attribute__((noinline)) void process_wake_second(struct sim *sim, struct queue_event event)
{
    queue_push(sim->queue, event);
}

/* When the guard of the step ahead lets it go on, as things stand; *cause: what led to that. */
static int64_t guard_ready(const struct sim *sim, uint32_t index, uint32_t *cause)
{
    const struct process *process = process_at(sim, index);
    uint32_t step = program_of(sim, process)->first_step + process->step;
    const struct story_guard *guard = &sim->story->steps[step].guard;
    int64_t ready_ns = process->returned_ns;
    *cause = process->cause;
    if (guard->event.kind != EVENT_NONE) {
        const struct memory *memory = trigger_memory(sim, index, step);
        *cause = memory->cause;
        if (memory->at_ns == TIME_NEVER)
            return guard->within_ns == TIME_NEVER ? TIME_NEVER : time_add(process->returned_ns, guard->within_ns);
        ready_ns = guard->after_ns == TIME_NEVER ? memory->at_ns : time_add(memory->at_ns, guard->after_ns);
    } else if (guard->after_ns != TIME_NEVER) {
        ready_ns = time_add(ready_ns, guard->after_ns);
        *cause = guard->after_ns == 0 ? *cause : 0;
    }
    if (guard->at_ns != TIME_NEVER && guard->at_ns > ready_ns) {
        ready_ns = guard->at_ns;
        *cause = 0;
    }
    return ready_ns > sim->world->now_ns ? ready_ns : sim->world->now_ns;
}

static void process_free(struct sim *sim, uint32_t index)
{
    struct process *process = process_at(sim, index);
    struct starter *starter = &sim->starters[process->program];
    if (starter->newest == index)
        starter->newest = 0;
    if (process->options.index != 0)
        pool_give(sim, REGION_OPTIONS, process->options.index);
    struct region *region = &sim->world->region[REGION_PROCESSES];
    process->state = PROCESS_FREE;
    process->next_free = region->free;
    region->free = index;
}

/* When the guard of the step ahead says. */
static __attribute__((noinline)) void guard_waits(struct sim *sim, uint32_t index)
{
    uint32_t cause;
    const int64_t ready_ns = guard_ready(sim, index, &cause);
    process_wake(sim, index, ready_ns, process_at(sim, index)->cause);
}

/* The next step waits for its guard; after the last one the program keeps its sockets, as a process that sleeps would. */
static __attribute__((noinline)) void process_goes_on(struct sim *sim, uint32_t index, struct process *process,
                                                      const struct story_program *program)
{
    if (process->step < program->steps) {
        if (guard_is_plain(&sim->story->steps[program->first_step + process->step].guard))
            process_wake_now(sim, process, index, process->cause);
        else
            guard_waits(sim, index);
        return;
    }
    process->state = PROCESS_DONE;
    if (process->sockets.handle == 0)
        process_free(sim, index);
}

/* Between two calls: the next step has not begun. */
static inline void process_rests(const struct sim *sim, struct process *process)
{
    process->waits = WAIT_NOTHING;
    process->waits_on = 0;
    process->returned_ns = sim->world->now_ns;
    process->cause = sim->cause;
    process->state = PROCESS_GUARD;
}

void trigger_guard_met(struct sim *sim, uint32_t index)
{
    guard_waits(sim, index);
}

/* ---- one step of a program ---- */

__attribute__((noinline)) bool guard_passes(struct sim *sim, uint32_t index)
{
    uint32_t cause;
    const int64_t ready_ns = guard_ready(sim, index, &cause);
    if (ready_ns > sim->world->now_ns) {
        process_wake(sim, index, ready_ns, process_at(sim, index)->cause);
        return false;
    }
    sim->cause = cause;
    return true;
}

/* `= VALUE`: has it come so? */
static bool as_expected(const struct story_step *step, int64_t value, enum tcp_errno error)
{
    if (step->expect_error != TCP_OK)
        return error == step->expect_error;
    return error == TCP_OK && value == step->expect_value;
}

/* A call that fails without saying so ends its program as a process exit would; a deadline's EAGAIN is no failure. */
__attribute__((noinline)) void process_returns(struct sim *sim, const struct turn *turn, struct about about, int64_t value,
                                               struct ending ending)
{
    const uint32_t index = turn->process;
    struct process *process = turn->caller;
    const struct story_step *step = turn->step;
    const bool failed = step->expects && !as_expected(step, value, (enum tcp_errno)ending.error);
    const bool ends = ending.error != TCP_OK && !ending.patient && !(step->expects && ending.error == step->expect_error);
    process->step++;
    if (call_write(sim, TRACE_RETURN, turn, step->call, about, value, ending, failed))
        tape_full(sim);
    program_sees(sim, index, turn->program->host, about, ending);
    if (ends) {
        process->state = PROCESS_GUARD; /* no call is under way */
        process_exit(sim, index);
    } else {
        process_rests(sim, process);
        process_goes_on(sim, index, process, turn->program);
    }
}

static __attribute__((noinline)) void returned_full(struct sim *sim, uint32_t index, struct process *process,
                                                    const struct story_program *program)
{
    tape_full(sim);
    process_goes_on(sim, index, process, program);
}

/* Most often nothing else was expected, and nothing keeps the program from its next step. Calls stand at the ends only. */
void process_returns_value(struct sim *sim, const struct turn *turn, struct about about, int64_t value)
{
    struct process *process = turn->caller;
    const struct story_step *step = turn->step;
    if (__builtin_expect(step->expects, 0)) {
        process_returns(sim, turn, about, value, ENDS_WELL);
        return;
    }
    const uint32_t at = ++process->step;
    const bool full = call_write(sim, TRACE_RETURN, turn, step->call, about, value, ENDS_WELL, false);
    process_rests(sim, process);
    if (__builtin_expect(full, 0))
        returned_full(sim, turn->process, process, turn->program);
    else if (at >= turn->program->steps || !guard_is_plain(&step[1].guard))
        process_goes_on(sim, turn->process, process, turn->program);
    else
        process_wake_now(sim, process, turn->process, process->cause);
}

/* ---- beginnings ---- */

static uint32_t process_new(struct sim *sim, uint32_t program)
{
    struct starter *starter = &sim->starters[program];
    if (starter->next_copy >= UINT32_C(1) << sim->world->program_shift) {
        sim->status = ENGINE_LIMIT;
        return 0;
    }
    uint32_t index = pool_take_raw(sim, REGION_PROCESSES);
    if (index == 0)
        return 0;
    starter = &sim->starters[program];
    struct process *process = process_at(sim, index);
    *process = (struct process){.program = (uint16_t)program,
                                .copy = starter->next_copy++,
                                .wake_ns = TIME_NEVER,
                                .state = PROCESS_GUARD,
                                .returned_ns = sim->world->now_ns};
    for (uint32_t g = 0; g < sim->world->guards; g++)
        sim->memories[(index - 1) * (size_t)sim->world->guards + g] = (struct memory){.at_ns = TIME_NEVER};
    starter->newest = index;
    return index;
}

static int64_t copy_starts_ns(const struct sim *sim, uint32_t program)
{
    const struct starter *starter = &sim->starters[program];
    if (starter->start_ns == TIME_NEVER || starter->next_copy >= sim->story->programs[program].copies)
        return TIME_NEVER;
    int64_t offset;
    if (__builtin_mul_overflow(sim->story->programs[program].every_ns, (int64_t)starter->next_copy, &offset))
        return TIME_NEVER;
    return time_add(starter->start_ns, offset);
}

static void start_push(struct sim *sim, uint32_t program)
{
    sim_push(sim, copy_starts_ns(sim, program), CLASS_PROGRAMS, process_number(sim, program, sim->starters[program].next_copy),
             TARGET_START, program);
}

/* Copy 0 starts at at_ns; each copy, when it starts, sets the time of the next. */
void program_schedule(struct sim *sim, uint32_t program, int64_t at_ns)
{
    sim->starters[program].next_copy = 0;
    sim->starters[program].start_ns = at_ns;
    start_push(sim, program);
}

void program_start(struct sim *sim, uint32_t program)
{
    if (copy_starts_ns(sim, program) != sim->world->now_ns)
        return;
    uint32_t index = process_new(sim, program);
    if (index == 0)
        return;
    start_push(sim, program);
    if (sim->story->programs[program].steps == 0)
        process_free(sim, index);
    else
        process_run(sim, index);
}

void program_accepted(struct sim *sim, uint32_t program, uint32_t endpoint)
{
    uint32_t index = process_new(sim, program), led_to = sim->cause;
    if (index == 0)
        return;
    process_adopt(sim, index, (socket_id){endpoint}, sim->story->programs[program].name);
    return_put(sim, index, UINT32_MAX, CALL_ACCEPT, about_of(endpoint_at(sim, endpoint)), 0, ENDS_WELL);
    process_rests(sim, process_at(sim, index));
    process_goes_on(sim, index, process_at(sim, index), &sim->story->programs[program]);
    sim->cause = led_to;
}

/* ---- ends ---- */

/* Nobody is told: the CALL stands for what the kernel does, and has no RETURN. */
static void socket_close_now(struct sim *sim, uint32_t index, socket_id socket)
{
    bool listens = (socket.handle & SOCKET_LISTENER) != 0;
    uint32_t at = socket.handle & ~SOCKET_LISTENER, led_to = sim->cause;
    call_put(sim, index, UINT32_MAX, CALL_CLOSE,
             listens ? (struct about){.socket = listener_at(sim, at)->identity} : about_of(endpoint_at(sim, at)));
    socket_release(sim, index, socket);
    if (listens)
        listener_close(sim, at);
    else
        endpoint_close_now(sim, at);
    sim->cause = led_to;
    step_flush(sim);
}

static socket_id oldest_socket(const struct sim *sim, const struct process *process)
{
    socket_id oldest = process->sockets, next = oldest;
    while (next.handle != 0) {
        oldest = next;
        next = (next.handle & SOCKET_LISTENER) != 0 ? listener_at(sim, next.handle & ~SOCKET_LISTENER)->next
                                                    : endpoint_at(sim, next.handle)->next;
    }
    return oldest;
}

/* A call under way never returns; what it had moved by now is written all the same, as a return of the process's own. */
void process_breaks_off(struct sim *sim, uint32_t index)
{
    const struct process *process = process_at(sim, index);
    if (process->state != PROCESS_CALL || process->done_bytes == 0 || (process->waits != WAIT_READ && process->waits != WAIT_WRITE))
        return;
    const struct story_step *step = &sim->story->steps[program_of(sim, process)->first_step + process->step];
    uint32_t led_to = sim->cause;
    return_put(sim, index, UINT32_MAX, step->call, about_of(endpoint_at(sim, process->waits_on)), process->done_bytes, ENDS_WELL);
    sim->cause = led_to;
}

/* The kernel closes what it held, the oldest first; a close() that lingered no longer waits (FACTS 10). */
void process_exit(struct sim *sim, uint32_t index)
{
    struct process *process = process_at(sim, index);
    process_breaks_off(sim, index);
    if (process->state == PROCESS_CALL && process->waits == WAIT_LINGER) {
        uint32_t lingering = process->waits_on;
        process->waits = WAIT_NOTHING;
        endpoint_orphan(sim, lingering);
    }
    process_at(sim, index)->state = PROCESS_DONE;
    while (sim->status == ENGINE_RUNNING && process_at(sim, index)->sockets.handle != 0)
        socket_close_now(sim, index, oldest_socket(sim, process_at(sim, index)));
    process_free(sim, index);
}

void process_vanish(struct sim *sim, uint32_t index)
{
    process_breaks_off(sim, index);
    process_free(sim, index);
}
