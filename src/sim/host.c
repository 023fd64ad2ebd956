/* SPDX-License-Identifier: MIT */
/* A host: what arrives there finds an end, a listener or nobody (RFC 9293 section 3.10.7); timers fire; ends come and go. */
#include <string.h>

#include "sim/sim.h"

/* ---- ends ---- */

/* `rcvbuf` and `sndbuf` on a host line are what every program there would have set: they count, and hold, as the socket option does. */
static void buffers_apply(struct sim *sim, uint32_t index, const struct story_node *node)
{
    bool receives = node->overridden[PROFILE_rcvbuf / 32] >> (PROFILE_rcvbuf % 32) & 1;
    bool sends = node->overridden[PROFILE_sndbuf / 32] >> (PROFILE_sndbuf % 32) & 1;
    if (!receives && !sends)
        return;
    struct tcb *tcb = tcp_begin(sim, index);
    if (receives)
        tcp_set_rcvbuf(&sim->ctx, tcb, (uint32_t)node->profile.rcvbuf);
    if (sends)
        tcp_set_sndbuf(&sim->ctx, tcb, (uint32_t)node->profile.sndbuf);
    tcp_end(sim);
}

uint32_t endpoint_new(struct sim *sim, uint16_t host, uint16_t peer, options_id options)
{
    uint32_t index = end_take(sim);
    if (index == 0)
        return 0;
    struct endpoint *endpoint = endpoint_at(sim, index);
    *endpoint = (struct endpoint){.identity = sim->world->next_socket++, .tuple = tuple_of(host, 0, peer, 0)};
    endpoint->name = STORY_NONE;
    tcp_init(tcb_lend(sim, index), &sim->story->nodes[host].profile, route_mss(sim, host, peer));
    buffers_apply(sim, index, &sim->story->nodes[host]);
    if (options.index != 0)
        options_apply(sim, index, &sim->options[options.index - 1]);
    return index;
}

/* Segments no longer find it. */
static void endpoint_unlink(struct sim *sim, struct endpoint *endpoint, uint32_t index)
{
    if (endpoint->flow.index == 0 || (endpoint->flags & END_GONE) != 0)
        return;
    demux_remove(sim, endpoint->tuple, (end_id){index});
    end_id *end = &flow_at(sim, endpoint->flow)->end[endpoint->side];
    if (end->handle == index)
        end->handle = 0;
    endpoint->flags |= END_GONE;
}

void endpoint_free(struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    lasts_keep(sim, endpoint);
    endpoint_unlink(sim, endpoint, index);
    tcb_give(sim, endpoint);
    end_give(sim, index);
}

void mini_free(struct sim *sim, uint32_t index)
{
    struct mini *mini = mini_at(sim, index);
    lasts_keep_mini(sim, mini);
    demux_remove(sim, mini->tuple, (end_id){index | END_MINI});
    end_id *end = &flow_at(sim, mini->flow)->end[mini->side];
    if (end->handle == (index | END_MINI))
        end->handle = 0;
    end_give(sim, index);
}

/* The end goes on as a small record; its TCB stays for a program that still holds the socket. */
static void endpoint_becomes_mini(struct sim *sim, uint32_t index)
{
    uint32_t made = end_take(sim);
    if (made == 0)
        return;
    struct endpoint *endpoint = endpoint_at(sim, index);
    struct mini *mini = mini_at(sim, made);
    endpoint_unlink(sim, endpoint, index);
    *mini = (struct mini){.small = true,
                          .identity = endpoint->identity,
                          .tuple = endpoint->tuple,
                          .flow = endpoint->flow,
                          .owner = endpoint->owner,
                          .side = endpoint->side,
                          .reuseaddr = endpoint->reuseaddr,
                          .tcp = sim->ctx.mini,
                          .event_ns = TIME_NEVER};
    demux_add(sim, mini->tuple, (end_id){made | END_MINI});
    flow_at(sim, mini->flow)->end[mini->side] = (end_id){made | END_MINI};
    mini_begin(sim, made);
    sim->mini_timer.at_ns = TIME_NEVER;
    mini_end(sim);
}

/* A passive connection is established: it waits in the accept queue; a service takes it at once. */
static void passive_connected(struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    struct listener *listener = listener_at(sim, endpoint->listener.index);
    endpoint->flags &= (uint8_t)~END_HALF_OPEN;
    listener->half_open--;
    if (listener->owner.index == 0) {
        endpoint->name = STORY_NONE;
        program_accepted(sim, listener->program, index);
        return;
    }
    endpoint->flags |= END_QUEUED;
    endpoint->next.handle = 0;
    if (listener->last.index != 0)
        endpoint_at(sim, listener->last.index)->next.handle = index;
    else
        listener->first.index = index;
    listener->last.index = index;
    listener->waiting++;
    struct process *owner = process_at(sim, listener->owner.index);
    if (owner->state == PROCESS_CALL && owner->waits == WAIT_ACCEPT && owner->waits_on == (endpoint->listener.index | SOCKET_LISTENER))
        process_wake_now(sim, owner, listener->owner.index, sim->cause);
}

static inline void owner_wake(struct sim *sim, const struct endpoint *endpoint, uint32_t index, uint32_t signals)
{
    if ((endpoint->flags & END_HELD) == 0 || endpoint->owner.index == 0)
        return;
    struct process *owner = process_at(sim, endpoint->owner.index);
    if ((owner->waits & signals & WAIT_RELAY) == 0 || owner->state != PROCESS_CALL)
        return;
    if (owner->waits_on == index || owner->waits == WAIT_RELAY)
        process_wake_now(sim, owner, endpoint->owner.index, sim->cause);
}

static void endpoint_gone(struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    if ((endpoint->flags & END_HALF_OPEN) != 0) {
        listener_at(sim, endpoint->listener.index)->half_open--;
        endpoint->flags &= (uint8_t)~END_HALF_OPEN;
    }
    if ((endpoint->flags & (END_HELD | END_QUEUED)) == 0) {
        endpoint_free(sim, index);
        return;
    }
    lasts_keep(sim, endpoint);
    endpoint_unlink(sim, endpoint, index);
}

/* All that a signal can lead to, in its order. */
static __attribute__((noinline)) void signals_tell(struct sim *sim, uint32_t index, uint32_t signals)
{
    const uint32_t readable = (1U << SIGNAL_READABLE) | (1U << SIGNAL_ERROR);
    if ((signals & (1U << SIGNAL_MINI)) != 0)
        endpoint_becomes_mini(sim, index);
    if (sim->status != ENGINE_RUNNING)
        return;
    if ((signals & (1U << SIGNAL_CONNECTED)) != 0 && (endpoint_at(sim, index)->flags & END_HALF_OPEN) != 0)
        passive_connected(sim, index);
    owner_wake(sim, endpoint_at(sim, index), index, signals);
    if ((signals & readable) != 0 && (endpoint_at(sim, index)->flags & (END_DRAINS | END_HELD)) == (END_DRAINS | END_HELD))
        endpoint_drain(sim, index);
    if ((signals & (1U << SIGNAL_GONE)) != 0)
        endpoint_gone(sim, index);
}

/* Most often it wakes a program, and nothing else. */
void endpoint_signalled(struct sim *sim, uint32_t index, uint32_t signals)
{
    const uint32_t rare = (1U << SIGNAL_MINI) | (1U << SIGNAL_GONE);
    const struct endpoint *endpoint = &sim->cur->endpoint;
    if ((signals & rare) != 0 || (endpoint->flags & (END_HALF_OPEN | END_DRAINS)) != 0)
        signals_tell(sim, index, signals);
    else if (sim->status == ENGINE_RUNNING)
        owner_wake(sim, endpoint, index, signals);
}

/* ---- listeners ---- */

/* bind(2): a listener shares its port with older connections only if both sides said SO_REUSEADDR, those in TIME_WAIT too. */
bool port_in_use(const struct sim *sim, uint16_t host, uint16_t port, bool reuseaddr)
{
    for (uint32_t e = 1; e <= ends_last(sim); e++) {
        const struct endpoint *endpoint = endpoint_living(sim, e);
        if (endpoint != NULL && endpoint->flow.index != 0 && (endpoint->flags & END_GONE) == 0 && tuple_host(endpoint->tuple) == host &&
            tuple_port(endpoint->tuple) == port && !(reuseaddr && endpoint->reuseaddr))
            return true;
    }
    for (uint32_t m = 1; m <= ends_last(sim); m++) {
        const struct mini *mini = mini_living(sim, m);
        if (mini != NULL && tuple_host(mini->tuple) == host && tuple_port(mini->tuple) == port && !(reuseaddr && mini->reuseaddr))
            return true;
    }
    return false;
}

uint32_t listener_open(struct sim *sim, uint16_t host, uint16_t port, uint32_t backlog, process_id owner, uint32_t program,
                       options_id options)
{
    if (demux_listener(sim, host, port).index != 0)
        return 0;
    uint32_t index = pool_take(sim, REGION_LISTENERS);
    if (index == 0)
        return 0;
    struct listener *listener = listener_at(sim, index);
    int64_t most = sim->story->nodes[host].profile.backlog_max;
    listener->identity = sim->world->next_socket++;
    listener->owner = owner;
    listener->options = options;
    listener->program = program;
    listener->backlog = backlog > (uint64_t)most ? (uint32_t)most : backlog;
    listener->cookies_ns = TIME_NEVER;
    listener->host = host;
    listener->port = port;
    listener->name = STORY_NONE;
    state_put(sim, host, 0, 1, listener->identity, TCP_CLOSED, TCP_LISTEN, WHY_ORDINARY);
    return index;
}

/* FACTS 10: what waits to be accepted is reset, half-open requests are forgotten without a word, accepted connections are untouched. */
void listener_close(struct sim *sim, uint32_t index)
{
    struct listener closed = *listener_at(sim, index);
    state_put(sim, closed.host, 0, 1, closed.identity, TCP_LISTEN, TCP_CLOSED, WHY_ORDINARY);
    for (uint32_t e = closed.first.index; e != 0;) {
        struct endpoint *endpoint = endpoint_at(sim, e);
        uint32_t next = endpoint->next.handle;
        endpoint->flags &= (uint8_t)~END_QUEUED;
        endpoint->name = STORY_NONE;
        endpoint_abort(sim, e);
        step_flush(sim);
        e = next;
    }
    uint32_t half_open = listener_at(sim, index)->half_open;
    for (uint32_t e = 1; half_open != 0 && e <= ends_last(sim); e++) {
        struct endpoint *endpoint = endpoint_living(sim, e);
        if (endpoint == NULL || (endpoint->flags & END_HALF_OPEN) == 0 || endpoint->listener.index != index)
            continue;
        half_open--;
        tcp_vanish(&sim->ctx, tcp_begin(sim, e), WHY_CLOSED_EARLY);
        tcp_end(sim);
    }
    if (closed.options.index != 0)
        pool_give(sim, REGION_OPTIONS, closed.options.index);
    pool_give(sim, REGION_LISTENERS, index);
}

/* ---- arrival ---- */

void reply_add(struct sim *sim, const struct segment *seg, const struct segment *answer)
{
    struct segment *reply = sim->sink.place;
    *reply = *answer;
    reply->src_host = seg->dst_host;
    reply->src_port = seg->dst_port;
    reply->dst_host = seg->src_host;
    reply->dst_port = seg->src_port;
    reply->conn = seg->conn;
    reply->marks = 0;
    reply->side = seg->side ^ 1;
    outbox_add(sim, reply);
}

/* Does the end that began this connection still live, and has it not heard of an end that answered with another number than `fresh`? */
static bool still_tries(const struct sim *sim, end_id end, uint32_t iss, uint32_t answered, uint32_t fresh)
{
    if (end.handle == 0 || (end.handle & END_MINI) != 0)
        return false;
    const struct tcb *tcb = tcb_of(sim, endpoint_at(sim, end.handle));
    return tcb->snd.iss == iss && (tcb->state == TCP_SYN_SENT || answered == fresh);
}

/* The connection that a SYN begins: its sender's, if this is the SYN that it began with and no answer has reached it; else a new
 * incarnation. */
flow_id passive_flow(struct sim *sim, const struct segment *syn, uint32_t iss, uint8_t *side)
{
    if (syn->conn != 0) {
        flow_id flow = {syn->conn};
        struct connection *connection = flow_at(sim, flow);
        unsigned sender = flow_side_of(&connection->flow, syn);
        struct flow_side *answers = &connection->flow.side[sender ^ 1];
        *side = (uint8_t)(sender ^ 1);
        if (connection->end[*side].handle == 0 && connection->flow.side[sender].iss == syn->seq) {
            if ((answers->known & FLOW_SYN) == 0)
                return flow;
            /* The half-open end was forgotten, and its peer has not heard of it: the same connection, answered anew. */
            if (still_tries(sim, connection->end[sender], syn->seq, answers->iss, iss)) {
                *answers = (struct flow_side){.host = answers->host, .port = answers->port};
                return flow;
            }
        }
    }
    uint8_t sender;
    flow_id flow = flow_open(sim, tuple_of(syn->src_host, syn->src_port, syn->dst_host, syn->dst_port), &sender);
    *side = sender ^ 1;
    if (flow.index != 0) {
        struct flow_side *from = &flow_at(sim, flow)->flow.side[sender];
        from->iss = syn->seq;
        from->nxt = syn->seq + segment_length(syn);
        from->known = FLOW_SYN;
    }
    return flow;
}

/* A half-open end of this listener's, CLOSED as yet; 0: there is no room for it. */
uint32_t listener_makes(struct sim *sim, uint32_t index, tuple_t tuple, flow_id flow, uint8_t side)
{
    const uint32_t made = endpoint_new(sim, tuple_host(tuple), tuple_peer(tuple), listener_at(sim, index)->options);
    if (made == 0)
        return 0;
    struct endpoint *endpoint = endpoint_at(sim, made);
    endpoint->flow = flow;
    endpoint->side = side;
    endpoint->tuple = tuple;
    endpoint->listener.index = index;
    endpoint->reuseaddr = endpoint->reuseaddr || listener_at(sim, index)->owner.index == 0; /* a service is a well-made server */
    endpoint->flags |= END_HALF_OPEN;
    listener_at(sim, index)->half_open++;
    demux_add(sim, endpoint->tuple, (end_id){made});
    flow_at(sim, flow)->end[side] = (end_id){made};
    return made;
}

static void listener_opens(struct sim *sim, uint32_t index, const struct segment *syn, const uint32_t *iss)
{
    uint8_t side;
    const struct listener *listener = listener_at(sim, index);
    if (listener->waiting > listener->backlog)
        return; /* L-20 */
    if (iss == NULL && cookies_wanted(sim, index)) {
        cookie_answers(sim, index, syn);
        return;
    }
    if (iss == NULL && listener->half_open > listener->backlog)
        return;
    tuple_t tuple = tuple_of(syn->dst_host, syn->dst_port, syn->src_host, syn->src_port);
    uint32_t own = iss != NULL ? *iss : chance_isn(sim, syn->dst_host, tuple);
    flow_id flow = passive_flow(sim, syn, own, &side);
    if (flow.index == 0)
        return;
    uint32_t made = listener_makes(sim, index, tuple, flow, side);
    if (made == 0)
        return;
    tcp_open_passive(&sim->ctx, tcp_begin(sim, made), own, syn);
    tcp_end(sim);
}

/* No end has this four-tuple: a listener, or CLOSED. `iss`: what a TIME_WAIT that makes room asks for. */
static void host_nobody(struct sim *sim, const struct segment *arrived, const uint32_t *iss)
{
    struct segment reply = {0};
    const struct segment copy = *arrived, *seg = &copy; /* the world may move */
    listener_id listener = demux_listener(sim, seg->dst_host, seg->dst_port);
    if (listener.index == 0) {
        if (tcp_segment_arrives_closed(seg, &reply))
            reply_add(sim, seg, &reply);
        return;
    }
    switch (tcp_segment_arrives_listen(&sim->story->nodes[seg->dst_host].profile, seg, &reply)) {
    case LISTEN_IGNORE:
        break;
    case LISTEN_RESET:
        if (!cookie_opens(sim, listener.index, seg))
            reply_add(sim, seg, &reply);
        break;
    case LISTEN_OPEN:
        listener_opens(sim, listener.index, seg, iss);
        break;
    }
}

static void mini_arrives(struct sim *sim, uint32_t index, const struct segment *seg)
{
    uint32_t iss = 0;
    const bool listened = (seg->flags & TCP_SYN) != 0 && demux_listener(sim, seg->dst_host, seg->dst_port).index != 0;
    mini_begin(sim, index);
    enum mini_answer answer = tcp_mini_segment_arrives(&sim->ctx, &mini_at(sim, index)->tcp, seg, listened ? &iss : NULL);
    if (answer == MINI_STAYS) {
        mini_end(sim);
        return;
    }
    mini_at(sim, index)->tcp.at_ns = TIME_NEVER;
    mini_end(sim);
    mini_free(sim, index);
    if (answer == MINI_REOPENS)
        host_nobody(sim, seg, &iss);
}

/* A segment is at its host, RECV is written: TCP takes it. */
static inline void segment_arrives(struct sim *sim, const struct segment *seg, end_id end)
{
    if (__builtin_expect(end.handle == 0, 0)) {
        end = demux_find(sim, tuple_of(seg->dst_host, seg->dst_port, seg->src_host, seg->src_port));
        if (end.handle == 0) {
            host_nobody(sim, seg, NULL);
            return;
        }
    }
    sim->answers = seg->conn;
    if ((end.handle & END_MINI) != 0) {
        mini_arrives(sim, end.handle & ~END_MINI, seg);
    } else {
        struct tcb *tcb = tcp_begin(sim, end.handle);
        if ((sim->cur->endpoint.flags & END_HALF_OPEN) != 0) {
            const struct listener *listener = listener_at(sim, sim->cur->endpoint.listener.index);
            sim->ctx.accept_full = listener->waiting > listener->backlog;
        }
        tcp_segment_arrives(&sim->ctx, tcb, seg);
        tcp_end(sim);
    }
    sim->answers = 0;
}

static void flight_drop(struct sim *sim, const struct flight *flight, enum drop_why why)
{
    struct trace_event event = {.kind = TRACE_DROP,
                                .what = (uint8_t)why,
                                .host = (uint8_t)flight->node,
                                .peer = (uint8_t)(flight->node == flight->seg.dst_host ? flight->seg.src_host : flight->seg.dst_host),
                                .statement = flight->statement,
                                .cause = flight->cause};
    trace_segment_put(sim, &event, &flight->seg);
    trace_put(sim, &event);
}

static void awaited_arrives(struct sim *sim, const struct flight *flight)
{
    struct happening happening = {.kind = EVENT_RECEIVES,
                                  .host = flight->seg.dst_host,
                                  .flow = {flight->seg.conn},
                                  .seg = &flight->seg,
                                  .classes = flight->seg.classes,
                                  .record = sim->cause};
    trigger_happens(sim, &happening, false);
}

/* At a node on its way; damaged; or the host is down. */
static __attribute__((noinline, cold)) void flight_stops(struct sim *sim, uint32_t index)
{
    const struct flight *flight = &sim->flights[index - 1];
    const bool down = (sim->hosts[flight->node].asks & HOST_DOWN) != 0;
    if (flight->node != flight->seg.dst_host && !down) {
        weather_forward(sim, index);
        return;
    }
    flight_drop(sim, flight, down ? DROP_HOST_DOWN : DROP_CORRUPT);
    pool_give(sim, REGION_FLIGHTS, index);
}

/* RECV of one that is not plain, or not its sender's own. */
static __attribute__((noinline)) void arrived(struct sim *sim, struct trace_event *event, const struct segment *seg)
{
    trace_segment_put(sim, event, seg);
    if (seg->conn != 0) {
        struct flow_side *side = flow_at(sim, (flow_id){seg->conn})->flow.side;
        flow_note_arrived_from(&side[seg->side], &side[seg->side ^ 1], seg);
    }
    sim->cause = trace_close(sim, trace_segment_bytes(event));
}

/* Its record is given back when all is done: TCP reads the segment there. */
void host_flight_arrives(struct sim *sim, uint32_t index)
{
    const struct flight *flight = &sim->flights[(size_t)index - 1];
    const struct segment *seg = &flight->seg;
    const unsigned asks = sim->hosts[seg->dst_host].asks;
    if (__builtin_expect(flight->node != seg->dst_host || (asks & HOST_DOWN) != 0 || (seg->marks & SEGMENT_CORRUPT) != 0, 0)) {
        flight_stops(sim, index);
        return;
    }
    struct trace_event *event = trace_open(sim, TRACE_RECV, 0, seg->dst_host, seg->src_host, seg->conn, flight->cause);
    end_id end = {0};
    if (__builtin_expect(seg->conn != 0, 1)) {
        struct connection *connection = flow_at(sim, (flow_id){seg->conn});
        struct flow_side *from = flow_side_at(&connection->flow, seg->side), *to = flow_side_at(&connection->flow, seg->side ^ 1U);
        end = connection->end[seg->side ^ 1];
        if (__builtin_expect(seg->marks == 0 && flow_is_plain(from, to, seg), 1)) {
            trace_segment_plain(event, from, to, seg);
            flow_note_plain_arrived(from, to, seg);
            sim->cause = trace_close(sim, TRACE_SEGMENT_BYTES);
        } else {
            arrived(sim, event, seg);
        }
    } else {
        arrived(sim, event, seg);
    }
    if (__builtin_expect((asks & HOST_AWAITS_RECEIVES) != 0, 0))
        awaited_arrives(sim, flight);
    segment_arrives(sim, seg, end);
    flight_give(sim, index);
}

/* ---- timers (RFC 9293 section 3.10.8) ---- */

/* How often a SYN-ACK may be resent. Linux keeps half of a listener's queue for young requests, which were not resent yet: the fewer of
 * them there are among the others, the sooner these are given up. */
static uint32_t half_open_retries(struct sim *sim, uint32_t index)
{
    const struct listener *listener = listener_at(sim, index);
    const struct tcp_profile *profile = &sim->story->nodes[listener->host].profile;
    int64_t retries = profile->synack_retries;
    if (!profile->half_open_pruned || 2 * listener->half_open <= (listener->backlog > 8 ? listener->backlog : 8))
        return (uint32_t)retries;
    uint64_t young = 0;
    for (uint32_t e = 1, left = listener->half_open; left != 0 && e <= ends_last(sim); e++) {
        const struct endpoint *endpoint = endpoint_living(sim, e);
        if (endpoint == NULL || (endpoint->flags & END_HALF_OPEN) == 0 || endpoint->listener.index != index)
            continue;
        left--;
        young += tcb_of(sim, endpoint)->retransmits == 0;
    }
    for (young *= 2; retries > 2 && listener->half_open >= young; young *= 2)
        retries--;
    return (uint32_t)retries;
}

void host_endpoint_timer(struct sim *sim, uint32_t index, struct queue_event event)
{
    const struct endpoint *endpoint = endpoint_at(sim, index);
    if (!tcb_is_lent(endpoint->tcb))
        return; /* at rest it has no timer */
    struct lent_tcb *lent = lent_at(sim, endpoint->tcb);
    lent->event_ns = TIME_NEVER;
    int slot = tcp_next_slot(&lent->tcb);
    if (slot < 0)
        return;
    int64_t at_ns = lent->tcb.slot[slot].at_ns;
    uint32_t number = lent->tcb.slot[slot].number & NUMBER_MAX;
    /* Not yet its turn? One that a pause has held up is late, and fires now. */
    if (at_ns > event.time_ns || (at_ns == event.time_ns && number != (event.number & NUMBER_MAX))) {
        lent->event_ns = at_ns;
        lent->event_number = number;
        sim_push(sim, at_ns, CLASS_NETWORK, number, TARGET_ENDPOINT, index);
        return;
    }
    sim->cause = 0;
    struct tcb *tcb = tcp_begin(sim, index);
    sim->ctx.synack_retries = 0;
    if ((endpoint_at(sim, index)->flags & END_HALF_OPEN) != 0)
        sim->ctx.synack_retries = half_open_retries(sim, endpoint_at(sim, index)->listener.index);
    timer_fires(sim, slot);
    tcp_timeout(&sim->ctx, tcb, (enum tcp_slot)slot);
    tcp_end(sim);
}

void host_mini_timer(struct sim *sim, uint32_t index, struct queue_event event)
{
    struct mini *mini = mini_at(sim, index);
    mini->event_ns = TIME_NEVER;
    if (mini->tcp.at_ns > event.time_ns ||
        (mini->tcp.at_ns == event.time_ns && (mini->tcp.number & NUMBER_MAX) != (event.number & NUMBER_MAX))) {
        mini->event_ns = mini->tcp.at_ns;
        mini->event_number = mini->tcp.number;
        sim_push(sim, mini->event_ns, CLASS_NETWORK, mini->event_number, TARGET_MINI, index);
        return;
    }
    sim->cause = 0;
    mini_begin(sim, index);
    timer_fires(sim, 0);
    tcp_mini_timeout(&sim->ctx, &mini->tcp);
    mini_free(sim, index);
}
