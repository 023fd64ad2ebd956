/* SPDX-License-Identifier: MIT */
/* Sockets: what the calls of a program come to, apart from waiting (call.c). */
#include "sim/sim.h"

uint32_t listener_take(struct sim *sim, uint32_t index)
{
    struct listener *listener = listener_at(sim, index);
    uint32_t taken = listener->first.index;
    if (taken == 0)
        return 0;
    struct endpoint *endpoint = endpoint_at(sim, taken);
    listener->first.index = endpoint->next.handle;
    if (listener->first.index == 0)
        listener->last.index = 0;
    listener->waiting--;
    endpoint->flags &= (uint8_t)~END_QUEUED;
    endpoint->next.handle = 0;
    endpoint->name = STORY_NONE;
    return taken;
}

/* ---- options ---- */

static void linger_set(struct endpoint *endpoint, bool on, int64_t ns)
{
    endpoint->flags = (uint8_t)(on ? endpoint->flags | END_LINGERS : endpoint->flags & ~END_LINGERS);
    endpoint->linger_ms = (uint32_t)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

void options_apply(struct sim *sim, uint32_t index, const struct options *from)
{
    const struct options options = *from;
    struct endpoint *endpoint = endpoint_at(sim, index);
    struct tcb *tcb = tcp_begin(sim, index);
    if ((options.given >> OPTION_REUSEADDR) & 1)
        endpoint->reuseaddr = options.reuseaddr;
    if ((options.given >> OPTION_LINGER) & 1)
        linger_set(endpoint, options.linger, options.linger_ns);
    if ((options.given >> OPTION_NODELAY) & 1)
        tcp_set_nodelay(&sim->ctx, tcb, options.nodelay);
    if ((options.given >> OPTION_CORK) & 1)
        tcp_set_cork(&sim->ctx, tcb, options.cork);
    if ((options.given >> OPTION_QUICKACK) & 1)
        tcp_set_quickack(&sim->ctx, tcb, options.quickack);
    if ((options.given >> OPTION_KEEPALIVE) & 1)
        tcp_set_keepalive(&sim->ctx, tcb, options.keepalive, options.keepalive_idle_ns, options.keepalive_interval_ns,
                          options.keepalive_count);
    if ((options.given >> OPTION_USER_TIMEOUT) & 1)
        tcp_set_user_timeout(&sim->ctx, tcb, options.user_timeout_ns);
    if ((options.given >> OPTION_LINGER2) & 1)
        tcp_set_linger2(&sim->ctx, tcb, options.linger2_ns);
    if ((options.given >> OPTION_RCVBUF) & 1)
        tcp_set_rcvbuf(&sim->ctx, tcb, options.rcvbuf);
    if ((options.given >> OPTION_SNDBUF) & 1)
        tcp_set_sndbuf(&sim->ctx, tcb, options.sndbuf);
    tcp_end(sim);
}

static void options_note(struct options *options, const struct story_step *step)
{
    options->given |= (uint16_t)(1U << step->option);
    switch (step->option) {
    case OPTION_LINGER:
        options->linger = step->a != 0;
        options->linger_ns = step->b;
        break;
    case OPTION_NODELAY:
        options->nodelay = step->a != 0;
        break;
    case OPTION_CORK:
        options->cork = step->a != 0;
        break;
    case OPTION_QUICKACK:
        options->quickack = step->a != 0;
        break;
    case OPTION_REUSEADDR:
        options->reuseaddr = step->a != 0;
        break;
    case OPTION_NONBLOCKING:
        options->nonblocking = step->a != 0;
        break;
    case OPTION_KEEPALIVE:
        options->keepalive = step->a != 0;
        options->keepalive_idle_ns = step->b;
        options->keepalive_interval_ns = step->c;
        options->keepalive_count = (uint32_t)step->d;
        break;
    case OPTION_USER_TIMEOUT:
        options->user_timeout_ns = step->b;
        break;
    case OPTION_LINGER2:
        options->linger2_ns = step->b;
        break;
    case OPTION_RCVBUF:
        options->rcvbuf = (uint32_t)step->b;
        break;
    case OPTION_SNDBUF:
        options->sndbuf = (uint32_t)step->b;
        break;
    }
}

/* Without a socket the option waits for the next one; a listener hands it on to those that it makes. */
enum tcp_errno socket_set(struct sim *sim, uint32_t process, socket_id socket, const struct story_step *step)
{
    if (socket.handle != 0 && (socket.handle & SOCKET_LISTENER) == 0) {
        struct options one = {0};
        options_note(&one, step);
        if (step->option == OPTION_NONBLOCKING) {
            struct endpoint *endpoint = endpoint_at(sim, socket.handle);
            endpoint->flags = (uint8_t)(one.nonblocking ? endpoint->flags | END_NONBLOCKING : endpoint->flags & ~END_NONBLOCKING);
        }
        options_apply(sim, socket.handle, &one);
        return TCP_OK;
    }
    uint32_t listener = socket.handle & ~SOCKET_LISTENER;
    uint32_t index = listener != 0 ? listener_at(sim, listener)->options.index : process_at(sim, process)->options.index;
    if (index == 0) {
        index = pool_take(sim, REGION_OPTIONS);
        if (index == 0)
            return TCP_OK;
        if (listener != 0)
            listener_at(sim, listener)->options.index = index;
        else
            process_at(sim, process)->options.index = index;
    }
    options_note(&sim->options[index - 1], step);
    return TCP_OK;
}

/* ---- connect ---- */

/* Is this four-tuple free, or a TIME_WAIT that makes room (FACTS 8)? */
static bool tuple_is_free(struct sim *sim, tuple_t tuple, bool bound, uint32_t *reused, uint32_t *iss)
{
    end_id end = demux_find(sim, tuple);
    *reused = 0;
    if (end.handle == 0)
        return true;
    if ((end.handle & END_MINI) == 0)
        return false;
    mini_begin(sim, end.handle & ~END_MINI);
    *reused = end.handle & ~END_MINI;
    return tcp_mini_may_reuse(&sim->ctx, &mini_at(sim, *reused)->tcp, bound, iss);
}

/* Ports are given in their order, from where the last search ended; used four-tuples are passed over. */
static bool port_choose(struct sim *sim, uint16_t host, const struct story_step *step, tuple_t *tuple, uint32_t *reused, uint32_t *iss)
{
    const struct story_node *node = &sim->story->nodes[host];
    if (step->from_port != 0) {
        *tuple = tuple_of(host, step->from_port, step->host, step->port);
        return tuple_is_free(sim, *tuple, true, reused, iss);
    }
    uint32_t ports = (uint32_t)node->port_high - node->port_low + 1;
    for (uint32_t i = 0; i < ports; i++) {
        uint16_t port = sim->hosts[host].port_next;
        sim->hosts[host].port_next = port >= node->port_high ? node->port_low : (uint16_t)(port + 1);
        *tuple = tuple_of(host, port, step->host, step->port);
        if (tuple_is_free(sim, *tuple, false, reused, iss))
            return true;
    }
    return false;
}

static void mini_makes_room(struct sim *sim, uint32_t index)
{
    struct mini *mini = mini_at(sim, index);
    mini_begin(sim, index);
    mini->tcp.at_ns = TIME_NEVER;
    mini_end(sim);
    sim->sink.state(sim, (enum tcp_state)mini->tcp.state, TCP_CLOSED, WHY_REUSED);
    mini_free(sim, index);
}

/* Writes the CALL, makes the socket and sends the SYN. The socket exists, and must be closed, even if there is no such connection. */
enum tcp_errno socket_connect(struct sim *sim, const struct turn *turn, uint32_t *made, uint32_t *conn)
{
    const struct story_program *program = turn->program;
    const struct story_step *step = turn->step;
    uint32_t process = turn->process;
    options_id options = process_at(sim, process)->options;
    uint32_t iss = 0, reused = 0, index;
    flow_id flow = {0};
    uint8_t side = 0;
    tuple_t tuple = 0;
    bool routed = step->host != program->host && route_next(sim, program->host, step->host) != ROUTE_NONE;
    bool chosen = routed && port_choose(sim, program->host, step, &tuple, &reused, &iss);
    *made = *conn = 0;
    if (chosen && (flow = flow_open(sim, tuple, &side)).index == 0)
        return TCP_OK;
    if ((index = endpoint_new(sim, program->host, routed ? step->host : program->host, options)) == 0)
        return TCP_OK;
    *made = index;
    *conn = flow.index;
    process_at(sim, process)->options.index = 0;
    if (options.index != 0) {
        if (sim->options[options.index - 1].nonblocking)
            endpoint_at(sim, index)->flags |= END_NONBLOCKING;
        pool_give(sim, REGION_OPTIONS, options.index);
    }
    turn_put(sim, turn, (struct about){.socket = endpoint_at(sim, index)->identity, .conn = flow.index});
    endpoint_at(sim, index)->flow = flow;
    process_adopt(sim, process, (socket_id){index}, step->name);
    if (!routed)
        return TCP_ENETUNREACH;
    if (!chosen)
        return TCP_EADDRNOTAVAIL;
    if (reused != 0)
        mini_makes_room(sim, reused);
    struct endpoint *endpoint = endpoint_at(sim, index);
    endpoint->side = side;
    endpoint->tuple = tuple;
    demux_add(sim, tuple, (end_id){index});
    flow_at(sim, flow)->end[side] = (end_id){index};
    tcp_open_active(&sim->ctx, tcp_begin(sim, index), reused != 0 ? iss : chance_isn(sim, program->host, tuple));
    tcp_end(sim);
    return TCP_OK;
}

/* ---- letting go ---- */

static socket_id *socket_next(struct sim *sim, socket_id socket)
{
    return (socket.handle & SOCKET_LISTENER) != 0 ? &listener_at(sim, socket.handle & ~SOCKET_LISTENER)->next
                                                  : &endpoint_at(sim, socket.handle)->next;
}

void socket_release(struct sim *sim, uint32_t process, socket_id socket)
{
    socket_id *at = &process_at(sim, process)->sockets;
    while (at->handle != 0 && at->handle != socket.handle)
        at = socket_next(sim, *at);
    if (at->handle != 0)
        *at = *socket_next(sim, socket);
}

/* No program holds it any more. */
void endpoint_orphan(struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    endpoint->flags &= (uint8_t) ~(END_HELD | END_DRAINS);
    if (endpoint->flow.index == 0 || (endpoint->flags & END_GONE) != 0) {
        endpoint_free(sim, index);
        return;
    }
    tcp_orphan(&sim->ctx, tcp_begin(sim, index));
    tcp_end(sim);
}

void endpoint_abort(struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    endpoint->flags &= (uint8_t) ~(END_HELD | END_DRAINS);
    if (endpoint->flow.index == 0 || (endpoint->flags & END_GONE) != 0) {
        endpoint_free(sim, index);
        return;
    }
    tcp_abort(&sim->ctx, tcp_begin(sim, index));
    tcp_end(sim);
}

/* Linger 0 aborts; a linger time counts for nothing here (an exit does not wait, FACTS 10). */
void endpoint_close_now(struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    if ((endpoint->flags & END_LINGERS) != 0 && endpoint->linger_ms == 0) {
        endpoint_abort(sim, index);
        return;
    }
    if (endpoint->flow.index != 0 && (endpoint->flags & END_GONE) == 0) {
        endpoint->flags &= (uint8_t) ~(END_HELD | END_DRAINS);
        struct tcb *tcb = tcp_begin(sim, index);
        tcp_close(&sim->ctx, tcb);
        tcp_orphan(&sim->ctx, tcb);
        tcp_end(sim);
        return;
    }
    endpoint_orphan(sim, index);
}

/* ---- drain ---- */

static void drain_returns(struct sim *sim, uint32_t index, const struct tcp_read *read)
{
    const struct endpoint *endpoint = endpoint_at(sim, index);
    uint32_t led_to = sim->cause;
    return_put(sim, endpoint->owner.index, endpoint->drain_step, CALL_DRAIN, about_of(endpoint), read->bytes,
               (struct ending){.error = (uint8_t)read->error, .eof = read->eof});
    sim->cause = led_to;
}

/* Reads what there is, as an event loop would; the end, or an error, is told once. */
void endpoint_drain(struct sim *sim, uint32_t index)
{
    for (;;) {
        struct endpoint *endpoint = endpoint_at(sim, index);
        if ((endpoint->flags & END_EOF_TOLD) != 0)
            return;
        struct tcp_read read = tcp_recv(&sim->ctx, tcp_begin(sim, index), UINT32_MAX);
        uint32_t bytes = read.bytes;
        if (bytes != 0)
            read.eof = false, read.error = TCP_OK;
        if (read.eof || read.error != TCP_OK)
            endpoint->flags |= END_EOF_TOLD;
        tcp_end(sim);
        if (bytes != 0 || read.eof || read.error != TCP_OK)
            drain_returns(sim, index, &read);
        if (bytes == 0)
            return;
    }
}
