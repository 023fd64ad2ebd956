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

/* The socket that the call is about: by name, or the newest that is still open; accept looks at listeners only. None: EBADF. */
static socket_id socket_resolve(const struct sim *sim, const struct process *process, const struct story_step *step)
{
    socket_id socket = process->sockets;
    while (socket.handle != 0) {
        bool kind = step->call != CALL_ACCEPT || (socket.handle & SOCKET_LISTENER) != 0;
        if (kind && (step->on == STORY_NONE || socket_is_called(sim, socket, step->on)))
            break;
        socket = socket_older(sim, socket);
    }
    return socket;
}

socket_id socket_named(const struct sim *sim, const struct process *process, uint16_t name)
{
    socket_id socket = process->sockets;
    while (socket.handle != 0 && !socket_is_called(sim, socket, name))
        socket = socket_older(sim, socket);
    return socket;
}

static struct outcome outcome_of(const struct sim *sim, socket_id socket)
{
    struct outcome outcome = {0};
    if (socket.handle == 0)
        return outcome;
    if ((socket.handle & SOCKET_LISTENER) != 0) {
        outcome.socket = listener_at(sim, socket.handle & ~SOCKET_LISTENER)->identity;
        return outcome;
    }
    const struct endpoint *endpoint = endpoint_at(sim, socket.handle);
    outcome.socket = endpoint->identity;
    outcome.conn = endpoint->flow.index;
    outcome.endpoint = socket.handle;
    return outcome;
}

static void returns_error(struct sim *sim, const struct turn *turn, socket_id socket, enum tcp_errno error)
{
    struct outcome outcome = outcome_of(sim, socket);
    outcome.error = error;
    process_returns(sim, turn, &outcome);
}

static void returns_value(struct sim *sim, const struct turn *turn, socket_id socket, int64_t value)
{
    struct outcome outcome = outcome_of(sim, socket);
    outcome.value = value;
    process_returns(sim, turn, &outcome);
}

static void waits(struct sim *sim, const struct turn *turn, uint32_t on, unsigned what)
{
    struct process *process = process_at(sim, turn->process);
    process->waits = (uint8_t)what;
    process->waits_on = on;
    process_wake(sim, turn->process, process->deadline_ns, 0);
}

/* ---- accept, connect ---- */

static void accept_go(struct sim *sim, const struct turn *turn, uint32_t listener)
{
    const struct story_step *step = turn->step;
    options_id options = listener_at(sim, listener)->options;
    uint32_t taken = listener_take(sim, listener);
    if (taken != 0) {
        process_adopt(sim, turn->process, (socket_id){taken}, step->name);
        returns_value(sim, turn, (socket_id){taken}, 0);
    } else if (options.index != 0 && sim->options[options.index - 1].nonblocking) {
        returns_error(sim, turn, (socket_id){listener | SOCKET_LISTENER}, TCP_EAGAIN);
    } else {
        waits(sim, turn, listener | SOCKET_LISTENER, WAIT_ACCEPT);
    }
}

static void connect_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    struct endpoint *endpoint = endpoint_at(sim, at);
    struct tcb *tcb = tcb_of(sim, endpoint);
    enum tcp_errno error = (enum tcp_errno)tcb->error;
    if (error != TCP_OK || (endpoint->flags & END_GONE) != 0) {
        tcp_take_error(tcb);
        returns_error(sim, turn, (socket_id){at}, error != TCP_OK ? error : TCP_ECONNABORTED);
    } else if (tcb->state == TCP_SYN_SENT || tcb->state == TCP_SYN_RECEIVED) {
        if ((endpoint->flags & END_NONBLOCKING) != 0)
            returns_error(sim, turn, (socket_id){at}, TCP_EINPROGRESS);
        else
            waits(sim, turn, at, WAIT_CONNECT);
    } else {
        returns_value(sim, turn, (socket_id){at}, 0);
    }
}

static void connect_begin(struct sim *sim, const struct turn *turn)
{
    uint32_t made, conn;
    enum tcp_errno error = socket_connect(sim, turn, &made, &conn);
    if (made == 0 || sim->status != ENGINE_RUNNING)
        return;
    if (error != TCP_OK)
        returns_error(sim, turn, (socket_id){made}, error);
    else
        connect_go(sim, turn, made);
}

static void listen_begin(struct sim *sim, const struct turn *turn)
{
    struct process *process = process_at(sim, turn->process);
    const struct story_step *step = turn->step;
    const struct story_program *program = &sim->story->programs[process->program];
    sim->cause = turn_put(sim, turn, 0, 0);
    const bool reuseaddr = process->options.index != 0 && sim->options[process->options.index - 1].reuseaddr;
    const bool taken = port_in_use(sim, program->host, step->port, reuseaddr);
    uint32_t made = taken ? 0
                          : listener_open(sim, program->host, step->port, step->backlog, (process_id){turn->process}, process->program,
                                          process->options);
    if (made == 0) {
        returns_error(sim, turn, (socket_id){0}, TCP_EADDRINUSE);
        return;
    }
    process_at(sim, turn->process)->options.index = 0;
    process_adopt(sim, turn->process, (socket_id){made | SOCKET_LISTENER}, step->name);
    returns_value(sim, turn, (socket_id){made | SOCKET_LISTENER}, 0);
}

/* ---- send, recv ---- */

static void send_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    struct process *process = process_at(sim, turn->process);
    int64_t size = turn->step->size;
    struct endpoint *endpoint = endpoint_at(sim, at);
    bool nonblocking = (endpoint->flags & END_NONBLOCKING) != 0;
    enum tcp_errno error = TCP_OK;
    while (process->done_bytes < size && error == TCP_OK) {
        if (process->done_bytes != 0 && tcb_of(sim, endpoint)->error != TCP_OK) { /* cut short: what it was is for the next call to say */
            error = (enum tcp_errno)tcb_of(sim, endpoint)->error;
            break;
        }
        uint32_t taken = tcp_send(&sim->ctx, tcp_begin(sim, at), (uint32_t)(size - process->done_bytes), &error);
        process->done_bytes += taken;
        tcp_end(sim);
        if (taken == 0)
            break;
    }
    process->wake_ns = TIME_NEVER; /* room made by this very call needs no waking */
    if (process->done_bytes == size || (process->done_bytes != 0 && (error != TCP_OK || nonblocking)))
        returns_value(sim, turn, (socket_id){at}, process->done_bytes);
    else if (error != TCP_OK)
        returns_error(sim, turn, (socket_id){at}, error);
    else if (nonblocking)
        returns_error(sim, turn, (socket_id){at}, TCP_EAGAIN);
    else
        waits(sim, turn, at, WAIT_WRITE);
}

/* Bytes are taken, and the window opened, as they come. An error is returned in place of the count; the trace keeps both. */
static void recv_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    struct process *process = process_at(sim, turn->process);
    const struct story_step *step = turn->step;
    int64_t size = step->call == CALL_RECV ? step->size : UINT32_MAX;
    struct endpoint *endpoint = endpoint_at(sim, at);
    struct tcp_read read = {0};
    while (process->done_bytes < size) {
        read = tcp_peek(tcb_of(sim, endpoint)); /* most calls find nothing, or the end */
        if (read.bytes == 0 && read.error == TCP_OK)
            break;
        read = tcp_recv(&sim->ctx, tcp_begin(sim, at), (uint32_t)(size - process->done_bytes));
        process->done_bytes += read.bytes;
        tcp_end(sim);
        if (read.bytes == 0)
            break;
    }
    struct outcome outcome = outcome_of(sim, (socket_id){at});
    outcome.value = process->done_bytes;
    if (process->done_bytes < size) {
        bool late = sim->world->now_ns >= process->deadline_ns, nonblocking = (endpoint->flags & END_NONBLOCKING) != 0;
        outcome.eof = read.eof;
        outcome.error = read.error;
        if (!read.eof && read.error == TCP_OK && !late && !nonblocking) {
            waits(sim, turn, at, WAIT_READ);
            return;
        }
        if (!read.eof && read.error == TCP_OK && outcome.value == 0) {
            outcome.error = TCP_EAGAIN;
            outcome.patient = late;
        }
    }
    process->wake_ns = TIME_NEVER;
    process_returns(sim, turn, &outcome);
}

static void drain_begin(struct sim *sim, const struct turn *turn, uint32_t at, bool on)
{
    struct endpoint *endpoint = endpoint_at(sim, at);
    uint32_t identity = endpoint->identity;
    endpoint->drain_step = process_at(sim, turn->process)->step;
    endpoint->flags = (uint8_t)(on ? endpoint->flags | END_DRAINS : endpoint->flags & ~END_DRAINS);
    returns_value(sim, turn, (socket_id){at}, 0);
    if (on && endpoint_at(sim, at)->identity == identity && (endpoint_at(sim, at)->flags & END_DRAINS) != 0)
        endpoint_drain(sim, at);
}

/* ---- close ---- */

static void linger_go(struct sim *sim, const struct turn *turn, uint32_t at)
{
    struct process *process = process_at(sim, turn->process);
    struct endpoint *endpoint = endpoint_at(sim, at);
    bool late = sim->world->now_ns >= process->deadline_ns;
    if ((endpoint->flags & END_GONE) == 0 && tcp_close_must_wait(tcb_of(sim, endpoint)) && !late) {
        waits(sim, turn, at, WAIT_LINGER);
        return;
    }
    struct outcome outcome = outcome_of(sim, (socket_id){at});
    outcome.endpoint = 0;
    process->waits = WAIT_NOTHING;
    process->wake_ns = TIME_NEVER;
    if (late && (endpoint->flags & END_GONE) == 0 && tcp_close_must_wait(tcb_of(sim, endpoint)) &&
        sim->story->nodes[tuple_host(endpoint->tuple)].profile.linger_timeout_aborts)
        endpoint_abort(sim, at);
    else
        endpoint_orphan(sim, at);
    process_returns(sim, turn, &outcome);
}

static void close_begin(struct sim *sim, const struct turn *turn, socket_id socket, bool abort)
{
    struct outcome outcome = outcome_of(sim, socket);
    outcome.endpoint = 0;
    socket_release(sim, turn->process, socket);
    if ((socket.handle & SOCKET_LISTENER) != 0) {
        listener_close(sim, socket.handle & ~SOCKET_LISTENER);
    } else {
        struct endpoint *endpoint = endpoint_at(sim, socket.handle);
        bool linked = endpoint->flow.index != 0 && (endpoint->flags & END_GONE) == 0;
        if (!abort && linked && (endpoint->flags & END_LINGERS) != 0 && endpoint->linger_ms != 0) {
            process_at(sim, turn->process)->deadline_ns = time_add(sim->world->now_ns, (int64_t)endpoint->linger_ms * NS_PER_MS);
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
    process_returns(sim, turn, &outcome);
}

static void shutdown_begin(struct sim *sim, const struct turn *turn, uint32_t at)
{
    const struct story_step *step = turn->step;
    enum tcp_errno error = tcp_shutdown(&sim->ctx, tcp_begin(sim, at), (step->how & SHUTDOWN_READ) != 0, (step->how & SHUTDOWN_WRITE) != 0);
    tcp_end(sim);
    if (error == TCP_OK)
        returns_value(sim, turn, (socket_id){at}, 0);
    else
        returns_error(sim, turn, (socket_id){at}, error);
}

/* ---- dispatch ---- */

static void deadline_set(struct sim *sim, const struct turn *turn, int64_t within_ns)
{
    process_at(sim, turn->process)->deadline_ns = time_add(sim->world->now_ns, within_ns);
}

static void endpoint_call(struct sim *sim, const struct turn *turn, socket_id socket)
{
    const struct story_step *step = turn->step;
    if ((socket.handle & SOCKET_LISTENER) != 0) {
        returns_error(sim, turn, socket, step->call == CALL_SHUTDOWN || step->call == CALL_SEND ? TCP_EPIPE : TCP_ENOTCONN);
        return;
    }
    if (step->call == CALL_SEND)
        send_go(sim, turn, socket.handle);
    else if (step->call == CALL_RECV || step->call == CALL_RECV_EOF)
        recv_go(sim, turn, socket.handle);
    else if (step->call == CALL_SHUTDOWN)
        shutdown_begin(sim, turn, socket.handle);
    else
        drain_begin(sim, turn, socket.handle, step->call == CALL_DRAIN);
}

static void socket_call(struct sim *sim, const struct turn *turn)
{
    struct process *process = process_at(sim, turn->process);
    const struct story_step *step = turn->step;
    socket_id socket = socket_resolve(sim, process, step);
    struct outcome about = outcome_of(sim, socket);
    sim->cause = turn_put(sim, turn, about.socket, about.conn);
    if (socket.handle == 0 && !(step->call == CALL_SET && step->on == STORY_NONE)) {
        returns_error(sim, turn, socket, TCP_EBADF);
        return;
    }
    if (step->call == CALL_ACCEPT) {
        accept_go(sim, turn, socket.handle & ~SOCKET_LISTENER);
    } else if (step->call == CALL_CLOSE || step->call == CALL_ABORT) {
        close_begin(sim, turn, socket, step->call == CALL_ABORT);
    } else if (step->call == CALL_SET) {
        enum tcp_errno error = socket_set(sim, turn->process, socket, step);
        if (error == TCP_OK)
            returns_value(sim, turn, socket, 0);
        else
            returns_error(sim, turn, socket, error);
    } else {
        if (step->call == CALL_RECV || step->call == CALL_RECV_EOF)
            deadline_set(sim, turn, step->within_ns);
        endpoint_call(sim, turn, socket);
    }
}

void call_begin(struct sim *sim, const struct turn *turn)
{
    switch (turn->step->call) {
    case CALL_LISTEN:
        listen_begin(sim, turn);
        break;
    case CALL_CONNECT:
        connect_begin(sim, turn);
        break;
    case CALL_ACCEPT:
    case CALL_SEND:
    case CALL_RECV:
    case CALL_RECV_EOF:
    case CALL_DRAIN:
    case CALL_DRAIN_OFF:
    case CALL_SHUTDOWN:
    case CALL_CLOSE:
    case CALL_ABORT:
    case CALL_SET:
        socket_call(sim, turn);
        break;
    case CALL_RELAY:
        relay_begin(sim, turn);
        break;
    case CALL_SLEEP:
        sim->cause = turn_put(sim, turn, 0, 0);
        deadline_set(sim, turn, turn->step->size);
        waits(sim, turn, 0, WAIT_TIME);
        break;
    case CALL_EXIT:
        sim->cause = turn_put(sim, turn, 0, 0);
        process_exit(sim, turn->process);
        break;
    }
}

void call_continue(struct sim *sim, const struct turn *turn)
{
    const struct process *process = process_at(sim, turn->process);
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
            returns_value(sim, turn, (socket_id){0}, 0);
        else
            process_wake(sim, turn->process, process->deadline_ns, 0);
        break;
    default:
        break;
    }
}
