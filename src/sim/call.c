/* SPDX-License-Identifier: MIT */
/* One socket call of a program: begins, waits, returns. Each is a step of its own. */
#include "sim/sim.h"

static uint16_t socket_name(const struct sim *sim, socket_id socket)
{
    return (socket.handle & SOCKET_LISTENER) != 0 ? listener_at(sim, socket.handle & ~SOCKET_LISTENER)->name
                                                  : endpoint_at(sim, socket.handle)->name;
}

static socket_id socket_older(const struct sim *sim, socket_id socket)
{
    return (socket.handle & SOCKET_LISTENER) != 0 ? listener_at(sim, socket.handle & ~SOCKET_LISTENER)->next
                                                  : endpoint_at(sim, socket.handle)->next;
}

static bool socket_is_called(const struct sim *sim, socket_id socket, uint16_t name)
{
    if (socket_name(sim, socket) == name)
        return true;
    if ((socket.handle & SOCKET_LISTENER) != 0)
        return false;
    flow_id flow = endpoint_at(sim, socket.handle)->flow;
    return flow.index != 0 && flow_at(sim, flow)->name == name; /* a name given at either end names both */
}

/* By name, or the newest that is still open; accept looks at listeners only. */
static __attribute__((noinline)) socket_id socket_search(const struct sim *sim, socket_id socket, const struct story_step *step)
{
    while (socket.handle != 0) {
        bool kind = step->call != CALL_ACCEPT || (socket.handle & SOCKET_LISTENER) != 0;
        if (kind && (step->on == STORY_NONE || socket_is_called(sim, socket, step->on)))
            break;
        socket = socket_older(sim, socket);
    }
    return socket;
}

/* The socket that the call is about. None: EBADF. */
static inline socket_id socket_resolve(const struct sim *sim, const struct process *process, const struct story_step *step)
{
    const bool any = (step->on == STORY_NONE) & (step->call != CALL_ACCEPT);
    return __builtin_expect(any, 1) ? process->sockets : socket_search(sim, process->sockets, step);
}

socket_id socket_named(const struct sim *sim, const struct process *process, uint16_t name)
{
    socket_id socket = process->sockets;
    while (socket.handle != 0 && !socket_is_called(sim, socket, name))
        socket = socket_older(sim, socket);
    return socket;
}

static struct about about_socket(const struct sim *sim, socket_id socket)
{
    if (socket.handle == 0)
        return ABOUT_NOTHING;
    if ((socket.handle & SOCKET_LISTENER) != 0)
        return (struct about){.socket = listener_at(sim, socket.handle & ~SOCKET_LISTENER)->identity};
    return about_of(endpoint_at(sim, socket.handle));
}

static void returns_error(struct sim *sim, const struct turn *turn, struct about about, enum tcp_errno error)
{
    process_returns(sim, turn, about, 0, ENDS_WITH(error));
}

static inline void waits(struct sim *sim, const struct turn *turn, uint32_t on, unsigned what)
{
    struct process *process = turn->caller;
    process->waits = (uint8_t)what;
    process->waits_on = on;
    if (process->deadline_ns != TIME_NEVER)
        process_wake(sim, turn->process, process->deadline_ns, 0);
}

/* ---- accept, connect ---- */

static __attribute__((noinline)) void accept_go(struct sim *sim, const struct turn *turn, uint32_t listener)
{
    const struct story_step *step = turn->step;
    options_id options = listener_at(sim, listener)->options;
    uint32_t taken = listener_take(sim, listener);
    if (taken != 0) {
        process_adopt(sim, turn->process, (socket_id){taken}, step->name);
        process_returns_value(sim, turn, about_of(endpoint_at(sim, taken)), 0);
    } else if (options.index != 0 && sim->options[options.index - 1].nonblocking) {
        returns_error(sim, turn, about_socket(sim, (socket_id){listener | SOCKET_LISTENER}), TCP_EAGAIN);
    } else {
        waits(sim, turn, listener | SOCKET_LISTENER, WAIT_ACCEPT);
    }
}

static __attribute__((noinline)) void connect_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    struct endpoint *endpoint = endpoint_at(sim, at);
    struct tcb *tcb = tcb_of(sim, endpoint);
    enum tcp_errno error = (enum tcp_errno)tcb->error;
    if (error != TCP_OK || (endpoint->flags & END_GONE) != 0) {
        tcp_take_error(tcb);
        returns_error(sim, turn, about_of(endpoint), error != TCP_OK ? error : TCP_ECONNABORTED);
    } else if (tcb->state == TCP_SYN_SENT || tcb->state == TCP_SYN_RECEIVED) {
        if ((endpoint->flags & END_NONBLOCKING) != 0)
            returns_error(sim, turn, about_of(endpoint), TCP_EINPROGRESS);
        else
            waits(sim, turn, at, WAIT_CONNECT);
    } else {
        process_returns_value(sim, turn, about_of(endpoint), 0);
    }
}

static void connect_begin(struct sim *sim, const struct turn *turn)
{
    uint32_t made, conn;
    enum tcp_errno error = socket_connect(sim, turn, &made, &conn);
    if (made == 0 || sim->status != ENGINE_RUNNING)
        return;
    if (error != TCP_OK)
        returns_error(sim, turn, about_of(endpoint_at(sim, made)), error);
    else
        connect_go(sim, turn, made);
}

static __attribute__((noinline, cold)) void listen_begin(struct sim *sim, const struct turn *turn)
{
    struct process *process = turn->caller;
    const struct story_step *step = turn->step;
    const struct story_program *program = &sim->story->programs[process->program];
    turn_put(sim, turn, ABOUT_NOTHING);
    const bool reuseaddr = process->options.index != 0 && sim->options[process->options.index - 1].reuseaddr;
    const bool taken = port_in_use(sim, program->host, step->port, reuseaddr);
    uint32_t made = taken ? 0
                          : listener_open(sim, program->host, step->port, step->backlog, (process_id){turn->process}, process->program,
                                          process->options);
    if (made == 0) {
        returns_error(sim, turn, ABOUT_NOTHING, TCP_EADDRINUSE);
        return;
    }
    turn->caller->options.index = 0;
    process_adopt(sim, turn->process, (socket_id){made | SOCKET_LISTENER}, step->name);
    process_returns_value(sim, turn, about_socket(sim, (socket_id){made | SOCKET_LISTENER}), 0);
}

/* ---- send, recv ---- */

static __attribute__((noinline)) void send_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    struct process *process = turn->caller;
    const uint32_t size = (uint32_t)turn->step->size; /* engine_supports() */
    const struct endpoint *endpoint = endpoint_at(sim, at);
    enum tcp_errno error = TCP_OK;
    while (process->done_bytes < size) {
        if (process->done_bytes != 0 && tcb_of(sim, endpoint)->error != TCP_OK) { /* cut short: what it was is for the next call to say */
            error = (enum tcp_errno)tcb_of(sim, endpoint)->error;
            break;
        }
        uint32_t taken = tcp_send(&sim->ctx, tcp_begin(sim, at), size - process->done_bytes, &error);
        process->done_bytes += taken;
        tcp_end(sim);
        if (taken == 0 || error != TCP_OK)
            break;
    }
    process->wake_ns = TIME_NEVER; /* room made by this very call needs no waking */
    const bool nonblocking = (endpoint->flags & END_NONBLOCKING) != 0;
    if (process->done_bytes == size || (process->done_bytes != 0 && (error != TCP_OK || nonblocking)))
        process_returns_value(sim, turn, about_of(endpoint), process->done_bytes);
    else if (error != TCP_OK)
        returns_error(sim, turn, about_of(endpoint), error);
    else if (nonblocking)
        returns_error(sim, turn, about_of(endpoint), TCP_EAGAIN);
    else
        waits(sim, turn, at, WAIT_WRITE);
}

/* It has less than it asked for, and there is no more now: it goes on waiting, or returns. An error is returned in place of the count; the
 * trace keeps both. */
static __attribute__((noinline)) void recv_short(struct sim *sim, const struct turn *turn, uint32_t at, struct tcp_read read)
{
    struct process *process = turn->caller;
    const struct endpoint *endpoint = endpoint_at(sim, at);
    const bool late = sim->world->now_ns >= process->deadline_ns, nothing = !read.eof && read.error == TCP_OK;
    struct ending ending = {.error = (uint8_t)read.error, .eof = read.eof};
    if (nothing && !late && (endpoint->flags & END_NONBLOCKING) == 0) {
        waits(sim, turn, at, WAIT_READ);
        return;
    }
    if (nothing && process->done_bytes == 0)
        ending = (struct ending){.error = TCP_EAGAIN, .patient = late};
    process->wake_ns = TIME_NEVER;
    process_returns(sim, turn, about_of(endpoint), process->done_bytes, ending);
}

/* Bytes are taken, and the window opened, as they come. `read`: what there is. */
static __attribute__((noinline)) void recv_takes(struct sim *sim, const struct turn *turn, uint32_t at, uint32_t size, struct tcp_read read)
{
    struct process *process = turn->caller;
    const struct endpoint *endpoint = endpoint_at(sim, at);
    while (process->done_bytes < size && (read.bytes != 0 || read.error != TCP_OK)) {
        read = tcp_recv(&sim->ctx, tcp_begin(sim, at), size - process->done_bytes);
        process->done_bytes += read.bytes;
        tcp_end(sim);
        if (read.bytes == 0)
            break;
        if (process->done_bytes < size)
            read = tcp_peek(tcb_of(sim, endpoint));
    }
    if (process->done_bytes < size) {
        recv_short(sim, turn, at, read);
        return;
    }
    process->wake_ns = TIME_NEVER;
    process_returns_value(sim, turn, about_of(endpoint), process->done_bytes);
}

/* Most calls find nothing, or the end, at first. */
static void recv_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    const struct story_step *step = turn->step;
    const uint32_t size = step->call == CALL_RECV ? (uint32_t)step->size : UINT32_MAX;
    const struct tcp_read read = tcp_peek(tcb_of(sim, endpoint_at(sim, at)));
    if (read.bytes == 0 && read.error == TCP_OK && turn->caller->done_bytes < size)
        recv_short(sim, turn, at, read);
    else
        recv_takes(sim, turn, at, size, read);
}

static __attribute__((noinline)) void drain_begin(struct sim *sim, const struct turn *turn, uint32_t at, bool on)
{
    struct endpoint *endpoint = endpoint_at(sim, at);
    const struct about about = about_of(endpoint);
    endpoint->drain_step = turn->caller->step;
    endpoint->flags = (uint8_t)(on ? endpoint->flags | END_DRAINS : endpoint->flags & ~END_DRAINS);
    process_returns_value(sim, turn, about, 0);
    if (on && endpoint_at(sim, at)->identity == about.socket && (endpoint_at(sim, at)->flags & END_DRAINS) != 0)
        endpoint_drain(sim, at);
}

/* ---- close ---- */

static __attribute__((noinline, cold)) void linger_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    struct process *process = turn->caller;
    struct endpoint *endpoint = endpoint_at(sim, at);
    bool late = sim->world->now_ns >= process->deadline_ns;
    if ((endpoint->flags & END_GONE) == 0 && tcp_close_must_wait(tcb_of(sim, endpoint)) && !late) {
        waits(sim, turn, at, WAIT_LINGER);
        return;
    }
    const struct about about = about_of(endpoint);
    process->waits = WAIT_NOTHING;
    process->wake_ns = TIME_NEVER;
    if (late && (endpoint->flags & END_GONE) == 0 && tcp_close_must_wait(tcb_of(sim, endpoint)) &&
        sim->story->nodes[tuple_host(endpoint->tuple)].profile.linger_timeout_aborts)
        endpoint_abort(sim, at);
    else
        endpoint_orphan(sim, at);
    process_returns_value(sim, turn, about, 0);
}

static __attribute__((noinline)) void close_begin(struct sim *sim, const struct turn *turn, socket_id socket, struct about about)
{
    const bool abort = turn->step->call == CALL_ABORT;
    socket_release(sim, turn->process, socket);
    if ((socket.handle & SOCKET_LISTENER) != 0) {
        listener_close(sim, socket.handle & ~SOCKET_LISTENER);
    } else {
        struct endpoint *endpoint = endpoint_at(sim, socket.handle);
        bool linked = endpoint->flow.index != 0 && (endpoint->flags & END_GONE) == 0;
        if (!abort && linked && (endpoint->flags & END_LINGERS) != 0 && endpoint->linger_ms != 0) {
            turn->caller->deadline_ns = time_add(sim->world->now_ns, (int64_t)endpoint->linger_ms * NS_PER_MS);
            endpoint->flags &= (uint8_t)~END_DRAINS; /* its program waits for this call and reads no more */
            tcp_close(&sim->ctx, tcp_begin(sim, socket.handle));
            tcp_end(sim);
            linger_go(sim, turn, socket.handle);
            return;
        }
        if (abort)
            endpoint_abort(sim, socket.handle);
        else
            endpoint_close_now(sim, socket.handle);
    }
    process_returns_value(sim, turn, about, 0);
}

static __attribute__((noinline)) void shutdown_begin(struct sim *sim, const struct turn *turn, uint32_t at)
{
    const struct story_step *step = turn->step;
    enum tcp_errno error = tcp_shutdown(&sim->ctx, tcp_begin(sim, at), (step->how & SHUTDOWN_READ) != 0, (step->how & SHUTDOWN_WRITE) != 0);
    tcp_end(sim);
    if (error == TCP_OK)
        process_returns_value(sim, turn, about_of(endpoint_at(sim, at)), 0);
    else
        returns_error(sim, turn, about_of(endpoint_at(sim, at)), error);
}

/* ---- dispatch ---- */

static inline void deadline_set(struct sim *sim, const struct turn *turn, int64_t within_ns)
{
    turn->caller->deadline_ns = time_add(sim->world->now_ns, within_ns);
}

static inline void recv_begin(struct sim *sim, const struct turn *turn, uint32_t at)
{
    if (turn->step->within_ns != TIME_NEVER)
        deadline_set(sim, turn, turn->step->within_ns);
    recv_go(sim, turn, at);
}

static __attribute__((noinline)) void set_begin(struct sim *sim, const struct turn *turn, socket_id socket)
{
    enum tcp_errno error = socket_set(sim, turn->process, socket, turn->step);
    process_returns(sim, turn, about_socket(sim, socket), 0, ENDS_WITH(error));
}

/* What a listener cannot do, nor what is no socket. */
static __attribute__((noinline)) void call_fails(struct sim *sim, const struct turn *turn, socket_id socket)
{
    const enum call_kind call = turn->step->call;
    const enum tcp_errno error = socket.handle == 0 ? TCP_EBADF : call == CALL_SHUTDOWN || call == CALL_SEND ? TCP_EPIPE : TCP_ENOTCONN;
    returns_error(sim, turn, about_socket(sim, socket), error);
}

/* The less usual calls, and sockets. */
static __attribute__((noinline)) void rare_call(struct sim *sim, const struct turn *turn, socket_id socket, struct about about)
{
    const enum call_kind call = turn->step->call;
    if (call == CALL_SET && (socket.handle != 0 || turn->step->on == STORY_NONE))
        set_begin(sim, turn, socket);
    else if (socket.handle == 0)
        call_fails(sim, turn, socket);
    else if (call == CALL_CLOSE || call == CALL_ABORT)
        close_begin(sim, turn, socket, about);
    else if (call == CALL_ACCEPT)
        accept_go(sim, turn, socket.handle & ~SOCKET_LISTENER);
    else if ((socket.handle & SOCKET_LISTENER) != 0)
        call_fails(sim, turn, socket);
    else if (call == CALL_SHUTDOWN)
        shutdown_begin(sim, turn, socket.handle);
    else
        drain_begin(sim, turn, socket.handle, call == CALL_DRAIN);
}

static inline __attribute__((always_inline)) void socket_call(struct sim *sim, const struct turn *turn, enum call_kind call)
{
    const socket_id socket = socket_resolve(sim, turn->caller, turn->step);
    const struct about about = about_socket(sim, socket);
    const bool connects = socket.handle != 0 && (socket.handle & SOCKET_LISTENER) == 0;
    if (__builtin_expect(turn_write(sim, turn, about), 0))
        tape_full(sim);
    if (connects && (call == CALL_RECV || call == CALL_RECV_EOF))
        recv_begin(sim, turn, socket.handle);
    else if (connects && call == CALL_SEND)
        send_go(sim, turn, socket.handle);
    else if (connects && call == CALL_CLOSE)
        close_begin(sim, turn, socket, about);
    else
        rare_call(sim, turn, socket, about);
}

static __attribute__((noinline)) void sleep_begin(struct sim *sim, const struct turn *turn)
{
    turn_put(sim, turn, ABOUT_NOTHING);
    deadline_set(sim, turn, turn->step->size);
    waits(sim, turn, 0, WAIT_TIME);
}

/* Those that are about no socket, or make one. */
static __attribute__((noinline)) void other_call(struct sim *sim, const struct turn *turn, enum call_kind call)
{
    if (call == CALL_LISTEN) {
        listen_begin(sim, turn);
    } else if (call == CALL_CONNECT) {
        connect_begin(sim, turn);
    } else if (call == CALL_RELAY) {
        relay_begin(sim, turn);
    } else if (call == CALL_SLEEP) {
        sleep_begin(sim, turn);
    } else {
        ASSERT(call == CALL_EXIT);
        turn_put(sim, turn, ABOUT_NOTHING);
        process_exit(sim, turn->process);
    }
}

static __attribute__((noinline)) void call_continue(struct sim *sim, const struct turn *turn)
{
    const struct process *process = turn->caller;
    uint32_t on = process->waits_on & ~SOCKET_LISTENER;
    switch (process->waits) {
    case WAIT_CONNECT:
        connect_go(sim, turn, on);
        break;
    case WAIT_ACCEPT:
        accept_go(sim, turn, on);
        break;
    case WAIT_READ:
        recv_go(sim, turn, on);
        break;
    case WAIT_WRITE:
        send_go(sim, turn, on);
        break;
    case WAIT_LINGER:
        linger_go(sim, turn, on);
        break;
    case WAIT_RELAY:
        relay_go(sim, turn);
        break;
    case WAIT_TIME:
        if (sim->world->now_ns >= process->deadline_ns)
            process_returns_value(sim, turn, ABOUT_NOTHING, 0);
        else
            process_wake(sim, turn->process, process->deadline_ns, 0);
        break;
    default:
        break;
    }
}

/* A process wakes: its call under way goes on, or that of its next step begins, if the guard lets it. */
void process_run(struct sim *sim, uint32_t index)
{
    const uint32_t others = (1U << CALL_LISTEN) | (1U << CALL_CONNECT) | (1U << CALL_RELAY) | (1U << CALL_SLEEP) | (1U << CALL_EXIT);
    struct process *process = process_at(sim, index);
    process->wake_ns = TIME_NEVER;
    sim->cause = process->cause;
    if (process->state != PROCESS_CALL && process->state != PROCESS_GUARD)
        return;
    const struct story_program *program = &sim->story->programs[process->program];
    const uint32_t number = program->first_step + process->step;
    const struct story_step *step = &sim->story->steps[number];
    sim->turn = (struct turn){.process = index, .step_number = number, .caller = process, .program = program, .step = step};
    if (process->state == PROCESS_CALL) {
        call_continue(sim, &sim->turn);
        return;
    }
    if (!guard_is_plain(&step->guard) && !guard_passes(sim, index))
        return;
    process->state = PROCESS_CALL;
    process->done_bytes = 0;
    process->deadline_ns = TIME_NEVER;
    if ((others >> step->call & 1) != 0)
        other_call(sim, &sim->turn, step->call);
    else
        socket_call(sim, &sim->turn, step->call);
}
