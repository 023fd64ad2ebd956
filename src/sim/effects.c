/* SPDX-License-Identifier: MIT */
/* What TCP wants done: state changes are written at once, segments wait in the outbox until the step ends, timers are compared before
 * and after. DESIGN.md "The journey of a segment", LANGUAGE.md "Time and order". */
#include <string.h>

#include "sim/sim.h"

uint32_t trace_put(struct sim *sim, struct trace_event *event)
{
    struct world *world = sim->world;
    event->time_ns = world->acted_ns = world->now_ns;
    *trace_tape_place(&world->tape) = *event;
    return trace_close(sim, trace_bytes(event));
}

void trace_tell(struct sim *sim)
{
    const struct engine *engine = sim->engine;
    struct trace_tape *tape = &sim->world->tape;
    uint32_t count = sim->world->events - sim->heard_count;
    if (count != 0 && engine->sink != NULL)
        engine->sink(engine->sink_ctx, sim->heard_count + 1, (const void *)(tape->bytes + sim->heard), count);
    trace_tape_settle(tape, sim->heard);
    sim->heard = tape->used;
    sim->heard_count = sim->world->events;
}

__attribute__((noinline)) void tape_full(struct sim *sim)
{
    trace_tell(sim);
    trace_tape_fold(&sim->world->tape);
    sim->heard = sim->world->tape.used;
    if (sim->world->next_number > NUMBERS_MOST) /* no more than a few numbers are given for a record */
        sim->status = ENGINE_LIMIT;
}

_Static_assert(offsetof(struct segment, seq) == offsetof(struct trace_segment, seq) &&
                   offsetof(struct segment, mss) == offsetof(struct trace_segment, mss) &&
                   offsetof(struct segment, classes) == offsetof(struct trace_segment, classes) &&
                   offsetof(struct segment, sack_count) == offsetof(struct trace_segment, sack_count),
               "a segment begins as its record does");

static uint32_t relative(const struct flow_side *side, uint32_t number)
{
    return (side->known & FLOW_SYN) != 0 ? number - side->iss : number;
}

void trace_segment_fill(struct trace_event *event, const struct flow_side *from, const struct flow_side *to, const struct segment *seg)
{
    trace_segment_plain(event, from, to, seg);
    /* A reset for what carried no ACK counts from nothing; but 0 may be where the sender's numbers have come to. */
    bool rootless = seg->seq == 0 && (seg->flags & (TCP_RST | TCP_ACK)) == (TCP_RST | TCP_ACK) && from->nxt != 0;
    event->segment.seq = rootless ? 0 : relative(from, seg->seq);
    event->segment.ack = (seg->flags & TCP_ACK) != 0 ? relative(to, seg->ack) : 0;
    event->segment.tsval = (seg->options & TCPOPT_TS) != 0 ? seg->tsval : 0;
    event->segment.tsecr = (seg->options & TCPOPT_TS) != 0 ? seg->tsecr : 0;
    event->segment.mss = (seg->options & TCPOPT_MSS) != 0 ? seg->mss : 0;
    event->segment.wscale = (seg->options & TCPOPT_WSCALE) != 0 ? seg->wscale : 0;
    for (unsigned i = 0; i < seg->sack_count; i++) {
        event->sack[i].left = relative(to, seg->sack[i].left);
        event->sack[i].right = relative(to, seg->sack[i].right);
    }
}

void trace_segment_put(struct sim *sim, struct trace_event *event, const struct segment *seg)
{
    static const struct flow unknown;
    const struct flow *flow = seg->conn != 0 ? &flow_at(sim, (flow_id){seg->conn})->flow : &unknown;
    event->conn = seg->conn;
    trace_segment_fill(event, &flow->side[seg->side], &flow->side[seg->side ^ 1], seg);
}

void state_put(struct sim *sim, uint16_t host, uint32_t conn, uint8_t side, uint32_t identity, enum tcp_state from, enum tcp_state to,
               enum state_why why)
{
    struct trace_event *event = trace_open(sim, TRACE_STATE, why, host, 0, conn, sim->cause);
    event->state.from = (uint8_t)from;
    event->state.to = (uint8_t)to;
    event->state.side = side;
    event->state.orphan = false;
    event->state.end = identity;
    trace_close(sim, TRACE_STATE_BYTES);
}

/* A record of the end at work. Each field goes from there to here on its own: few are on their way at a time. */
static inline struct trace_event *trace_open_own(struct sim *sim, enum trace_kind kind, unsigned what)
{
    struct world *world = sim->world;
    const struct endpoint *end = &sim->cur->endpoint;
    struct trace_event *event = trace_tape_place(&world->tape);
    memset(&event->kind, 0, offsetof(struct trace_event, segment) - offsetof(struct trace_event, kind));
    event->kind = (uint8_t)kind;
    event->what = (uint8_t)what;
    event->time_ns = world->acted_ns = world->now_ns;
    event->cause = sim->cause;
    event->conn = end->flow.index;
    event->host = (uint8_t)tuple_host(end->tuple);
    return event;
}

/* Somebody waits for what the states at this host come to. */
static __attribute__((noinline)) void awaited_state(struct sim *sim, enum tcp_state from, enum tcp_state to, uint32_t record)
{
    const struct endpoint *end = &sim->cur->endpoint;
    const struct host *host = &sim->hosts[tuple_host(end->tuple)];
    struct happening happening = {
        .host = tuple_host(end->tuple), .flow = end->flow, .endpoint_identity = end->identity, .owner = end->owner.index, .record = record};
    if (((host->awaits_leaves >> from) & 1) != 0) {
        happening.kind = EVENT_LEAVES;
        happening.state = from;
        trigger_happens(sim, &happening, false);
    }
    if (((host->awaits_enters >> to) & 1) != 0) {
        happening.kind = EVENT_ENTERS;
        happening.state = to;
        trigger_happens(sim, &happening, false);
    }
}

/* A record that has filled the tape, or that somebody waits for. */
static __attribute__((noinline, cold)) void state_told(struct sim *sim, enum tcp_state from, enum tcp_state to, bool full)
{
    const uint32_t record = sim->world->events;
    if (full)
        tape_full(sim);
    awaited_state(sim, from, to, record);
}

static void on_state(void *ctx, enum tcp_state from, enum tcp_state to, uint8_t why)
{
    struct sim *sim = ctx;
    struct trace_event *event = trace_open_own(sim, TRACE_STATE, why);
    event->state.from = (uint8_t)from;
    event->state.to = (uint8_t)to;
    event->state.side = sim->cur->endpoint.side;
    event->state.orphan = sim->cur_tcb == NULL || sim->cur_tcb->orphan;
    event->state.end = sim->cur->endpoint.identity;
    const bool full = trace_took(sim, TRACE_STATE_BYTES);
    const struct host *host = &sim->hosts[tuple_host(sim->cur->endpoint.tuple)];
    if (__builtin_expect(full, 0) || __builtin_expect((host->awaits_leaves | host->awaits_enters) != 0, 0))
        state_told(sim, from, to, full);
}

static __attribute__((noinline, cold)) void outbox_move(struct sim *sim)
{
    ASSERT(sim->out_count < OUTBOX_MAX);
    memmove(sim->outbox, sim->out_first, sim->out_count * sizeof sim->outbox[0]);
    sim->out_first = sim->outbox;
    sim->sink.place = &sim->outbox[sim->out_count].seg;
}

/* The segment at sink.place goes, and the next is made behind it. */
static inline void outbox_take(struct sim *sim, struct segment *seg)
{
    struct outgoing *out = (struct outgoing *)(void *)seg;
    out->cause = sim->cause;
    sim->out_count++;
    sim->sink.place = &out[1].seg;
    if (__builtin_expect(out == &sim->outbox[OUTBOX_MAX - 1], 0))
        outbox_move(sim);
}

void outbox_add(struct sim *sim, struct segment *seg)
{
    outbox_take(sim, seg);
}

/* A RST that answers a segment of another incarnation speaks for that one. */
static __attribute__((noinline, cold)) void speak_for(const struct sim *sim, struct segment *out)
{
    if ((out->flags & TCP_ACK) != 0 || sim->answers == 0)
        return;
    out->conn = sim->answers;
    out->side = (uint8_t)flow_side_of(&flow_at(sim, (flow_id){out->conn})->flow, out);
}

/* Addresses are the end's. */
static void on_send(void *ctx, struct segment *out)
{
    struct sim *sim = ctx;
    const struct endpoint *end = &sim->cur->endpoint;
    out->conn = end->flow.index;
    out->marks = 0;
    out->side = end->side;
    out->dst_port = tuple_peer_port(end->tuple); /* in the order in which the tuple has them: one store */
    out->dst_host = tuple_peer(end->tuple);
    out->src_port = tuple_port(end->tuple);
    out->src_host = tuple_host(end->tuple);
    if (__builtin_expect((out->flags & TCP_RST) != 0, 0))
        speak_for(sim, out);
    outbox_take(sim, out);
}

void effects_init(struct sim *sim)
{
    sim->sink = (struct tcp_sink){.ctx = sim, .place = &sim->outbox[0].seg, .send = on_send, .state = on_state};
    sim->ctx.sink = &sim->sink;
    sim->answers = 0;
    sim->out_first = sim->outbox;
    sim->out_count = sim->starved_count = 0;
}

/* Sockets of a host that no program holds, and its small records: counted only where the profile has a limit. */
static bool orphans_full(const struct sim *sim, uint16_t host, int64_t most)
{
    int64_t count = 0;
    for (uint32_t e = 1; most != 0 && e <= ends_last(sim); e++) {
        const struct endpoint *endpoint = endpoint_living(sim, e);
        count += endpoint != NULL && endpoint != &sim->cur->endpoint && endpoint->flow.index != 0 && tuple_host(endpoint->tuple) == host &&
                 (endpoint->flags & (END_HELD | END_GONE | END_HALF_OPEN | END_QUEUED)) == 0;
    }
    return most != 0 && count >= most;
}

static bool minis_full(const struct sim *sim, uint16_t host, int64_t most)
{
    int64_t count = 0;
    for (uint32_t m = 1; most != 0 && m <= ends_last(sim); m++) {
        const struct mini *mini = mini_living(sim, m);
        count += mini != NULL && tuple_host(mini->tuple) == host;
    }
    return most != 0 && count >= most;
}

static __attribute__((noinline, cold)) struct tcb *host_counts(struct sim *sim, struct tcb *tcb)
{
    const uint16_t host = tuple_host(sim->cur->endpoint.tuple);
    sim->ctx.orphans_full = orphans_full(sim, host, sim->ctx.profile->max_orphans);
    sim->ctx.minis_full = minis_full(sim, host, sim->ctx.profile->max_tw_buckets);
    return tcb;
}

/* The end at `index` of the pool is at work: what TCP is told of the world, and that it has not said anything. */
static inline void ctx_begin(struct sim *sim, uint32_t index, const struct tcb *tcb)
{
    sim->cur = &sim->ends[index - 1];
    sim->cur_index = index;
    sim->cur_tcb = tcb;
    sim->ctx.now_ns = sim->world->now_ns;
    sim->ctx.profile = &sim->story->nodes[tuple_host(sim->cur->endpoint.tuple)].profile;
    sim->ctx.room = OUTBOX_DATA - (int32_t)sim->out_count;
    sim->ctx.starved = sim->ctx.accept_full = sim->ctx.orphans_full = sim->ctx.minis_full = false;
    sim->ctx.timers_set = sim->ctx.signals = 0;
}

static inline bool host_has_limits(const struct sim *sim)
{
    return __builtin_expect((sim->ctx.profile->max_orphans | sim->ctx.profile->max_tw_buckets) != 0, 0);
}

/* True: the tape is full. */
static inline bool timer_write(struct sim *sim, enum timer_what what, const struct tcp_timer_slot *slot)
{
    struct trace_event *event = trace_open_own(sim, TRACE_TIMER, what);
    memset(&event->timer, 0, sizeof event->timer);
    event->timer.at_ns = slot->at_ns;
    event->timer.timer = slot->kind;
    event->timer.side = sim->cur->endpoint.side;
    return trace_took(sim, TRACE_TIMER_BYTES);
}

static __attribute__((noinline)) uint32_t timer_put(struct sim *sim, enum timer_what what, const struct tcp_timer_slot *slot)
{
    const bool full = timer_write(sim, what, slot);
    const uint32_t record = sim->world->events;
    if (full)
        tape_full(sim);
    return record;
}

static __attribute__((noinline, cold)) struct tcb *tcp_begin_woken(struct sim *sim, uint32_t index)
{
    tcb_wake(sim, index);
    return tcp_begin(sim, index);
}

struct tcb *tcp_begin(struct sim *sim, uint32_t index)
{
    const uint32_t handle = endpoint_at(sim, index)->tcb;
    if (__builtin_expect(!tcb_is_lent(handle), 0))
        return tcp_begin_woken(sim, index);
    struct tcb *tcb = &lent_at(sim, handle)->tcb;
    ctx_begin(sim, index, tcb);
    return host_has_limits(sim) ? host_counts(sim, tcb) : tcb;
}

void timer_fires(struct sim *sim, int slot)
{
    struct tcp_timer_slot *was = &sim->mini_timer;
    if (sim->cur_tcb != NULL) {
        was = &sim->ctx.timers_before[slot];
        *was = sim->cur_tcb->slot[slot];
        sim->ctx.timers_set = (uint8_t)(1u << slot);
    }
    sim->cause = timer_put(sim, TIMER_FIRED, was);
    was->at_ns = TIME_NEVER;
}

/* A timer that fell due while its host stood still is late. */
static int64_t not_past(const struct sim *sim, int64_t at_ns)
{
    return at_ns > sim->world->now_ns ? at_ns : sim->world->now_ns;
}

/* One event an endpoint: pushed only when something is due before it, at `next_ns`; one that comes too early is pushed again then. Never a
 * cancel. */
static __attribute__((noinline)) void endpoint_arm(struct sim *sim, struct lent_tcb *lent, int64_t next_ns)
{
    const int64_t at_ns = not_past(sim, next_ns);
    const uint32_t number = tcp_next_number(&lent->tcb, next_ns);
    if (next_ns == TIME_NEVER || at_ns > lent->event_ns || (at_ns == lent->event_ns && number >= lent->event_number))
        return;
    lent->event_ns = at_ns;
    lent->event_number = number;
    sim_push(sim, at_ns, CLASS_NETWORK, number, TARGET_ENDPOINT, sim->cur_index);
}

static inline void endpoint_arm_if_earlier(struct sim *sim, struct lent_tcb *lent)
{
    const int64_t next_ns = tcp_next_ns(&lent->tcb);
    if (next_ns <= lent->event_ns)
        endpoint_arm(sim, lent, next_ns);
}

/* What has become of a timer is written, if it is another one now. True: the tape is full. */
static inline bool timer_tell(struct sim *sim, const struct tcp_timer_slot *was, const struct tcp_timer_slot *is)
{
    enum timer_what what = TIMER_ARMED;
    if (is->at_ns == was->at_ns && (is->at_ns == TIME_NEVER || is->kind == was->kind))
        return false;
    if (is->at_ns == TIME_NEVER) {
        what = TIMER_STOPPED;
        is = was;
    }
    return __builtin_expect(timer_write(sim, what, is), 0);
}

/* The slots of `set` that are left, the tape being full perhaps. */
static __attribute__((noinline, cold)) void timers_end_rare(struct sim *sim, struct lent_tcb *lent, unsigned set, bool full)
{
    if (full)
        tape_full(sim);
    for (; set != 0; set &= set - 1) {
        const int s = __builtin_ctz(set);
        if (timer_tell(sim, &sim->ctx.timers_before[s], &lent->tcb.slot[s]))
            tape_full(sim);
    }
    endpoint_arm_if_earlier(sim, lent);
}

/* What has become of the timers in the slots of `set` is written, and the pending event is right. Nearly always one was set, and one of
 * the first two; what is rare has a way of its own to the end, so that nothing has to be kept over a call. */
static __attribute__((noinline)) void timers_end(struct sim *sim, struct lent_tcb *lent, unsigned set)
{
    const struct tcp_timer_slot *was = sim->ctx.timers_before, *is = lent->tcb.slot;
    if ((set & 1) != 0 && timer_tell(sim, &was[0], &is[0]))
        timers_end_rare(sim, lent, set & ~1u, true);
    else if ((set & 2) != 0 && timer_tell(sim, &was[1], &is[1]))
        timers_end_rare(sim, lent, set & ~3u, true);
    else if (__builtin_expect((set & ~3u) != 0, 0))
        timers_end_rare(sim, lent, set & ~3u, false);
    else
        endpoint_arm_if_earlier(sim, lent);
}

/* It has more to send than the step has room for; a program that sends in a row is told so more than once. */
static __attribute__((noinline, cold)) void starved_add(struct sim *sim, uint32_t index)
{
    for (unsigned i = 0; i < sim->starved_count; i++) {
        if (sim->starved[i] == index)
            return;
    }
    ASSERT(sim->starved_count < STARVED_MAX);
    sim->starved[sim->starved_count++] = index;
}

void tcp_end(struct sim *sim)
{
    /* Most steps leave the timers alone; then the pending event is right too. (In a slot that was set there may be more to see.) */
    if (sim->ctx.timers_set != 0 || (sim->world->cares & CARES_PAUSED) != 0)
        timers_end(sim, lent_at(sim, sim->cur->endpoint.tcb), sim->ctx.timers_set);
    if (__builtin_expect(sim->ctx.starved, 0))
        starved_add(sim, sim->cur_index);
    if (sim->ctx.signals != 0)
        endpoint_signalled(sim, sim->cur_index, sim->ctx.signals);
}

static enum tcp_timer mini_timer_kind(const struct mini *mini)
{
    return mini->tcp.state == TCP_TIME_WAIT ? TIMER_TIME_WAIT : TIMER_FIN_WAIT_2;
}

void mini_begin(struct sim *sim, uint32_t index)
{
    const struct mini *mini = mini_at(sim, index);
    ctx_begin(sim, index, NULL);
    if (host_has_limits(sim))
        host_counts(sim, NULL);
    sim->mini_timer = (struct tcp_timer_slot){.at_ns = mini->tcp.at_ns, .kind = (uint8_t)mini_timer_kind(mini)};
}

void mini_end(struct sim *sim)
{
    struct mini *mini = &sim->cur->mini;
    const struct tcp_timer_slot *was = &sim->mini_timer, is = {.at_ns = mini->tcp.at_ns, .kind = (uint8_t)mini_timer_kind(mini)};
    if (is.at_ns != was->at_ns || is.kind != was->kind)
        timer_put(sim, is.at_ns != TIME_NEVER ? TIMER_ARMED : TIMER_STOPPED, is.at_ns != TIME_NEVER ? &is : was);
    const int64_t at_ns = not_past(sim, mini->tcp.at_ns);
    if (at_ns < mini->event_ns || (at_ns == mini->event_ns && mini->tcp.number < mini->event_number)) {
        mini->event_ns = at_ns;
        mini->event_number = mini->tcp.number;
        sim_push(sim, mini->event_ns, CLASS_NETWORK, mini->event_number, TARGET_MINI, sim->cur_index);
    }
}

/* Somebody waits for what this host sends. A copy goes on, for the outbox may be filled anew. */
static __attribute__((noinline)) void awaited_send(struct sim *sim, struct segment seg, uint32_t record)
{
    struct happening happening = {
        .kind = EVENT_SENDS, .host = seg.src_host, .flow = {seg.conn}, .seg = &seg, .classes = seg.classes, .record = record};
    uint32_t cause = sim->cause;
    trigger_happens(sim, &happening, true);
    sim->cause = cause;
    weather_send(sim, &seg, record);
}

/* Options and headers are eighty bytes at the most. */
static inline bool is_short(const struct segment *seg)
{
    return seg->len <= LINK_PLAIN_BYTES - 80 || packet_bytes(seg) <= LINK_PLAIN_BYTES;
}

/* No rule, no cut, over channel `c`: nothing may be left open there, then straight to where it arrives. False: ask weather.c. */
static inline bool plain_send(struct sim *sim, const struct segment *seg, uint16_t c, uint32_t cause)
{
    if (c == ROUTE_NONE)
        return false;
    struct channel *channel = &sim->channels[c];
    if (channel->plain_ns <= 0 || !is_short(seg))
        return false;
    const uint16_t to = channel->to;
    const unsigned lane = channel->lane;
    const int64_t arrival_ns = sim->world->now_ns + channel->plain_ns;
    link_carry_plain(&channel->state, arrival_ns);
    uint32_t index = flight_take(sim);
    if (index == 0)
        return true;
    struct flight *flight = &sim->flights[(size_t)index - 1];
    memcpy(&flight->seg, seg, offsetof(struct segment, sack));
    if (__builtin_expect(seg->sack_count != 0, 0))
        memcpy(flight->seg.sack, seg->sack, sizeof seg->sack);
    flight->cause = cause;
    flight->statement = 0;
    flight->node = to;
    flight_push(sim, index, arrival_ns, lane);
    return true;
}

static inline struct trace_event *send_open(struct sim *sim, struct outgoing *out)
{
    struct segment *seg = &out->seg;
    seg->number = sim->world->next_segment++;
    sim->world->segments++;
    return trace_open(sim, TRACE_SEND, 0, seg->src_host, seg->dst_host, seg->conn, out->cause);
}

/* The same as send_first() for a segment that is not plain, or about which there is more to ask. */
static __attribute__((noinline)) void send_asked(struct sim *sim, struct outgoing *out)
{
    struct segment *seg = &out->seg;
    const unsigned asks = sim->hosts[seg->src_host].asks;
    if ((asks & HOST_DOWN) != 0)
        return;
    struct trace_event *event = send_open(sim, out);
    if (seg->conn != 0) {
        struct flow_side *side = flow_at(sim, (flow_id){seg->conn})->flow.side;
        seg->classes = (uint16_t)flow_note_sent_from(&side[seg->side], &side[seg->side ^ 1], seg);
    } else {
        seg->classes = CLASS_ANY;
    }
    trace_segment_put(sim, event, seg);
    const uint32_t record = trace_close(sim, trace_segment_bytes(event));
    if ((asks & HOST_AWAITS_SENDS) != 0)
        awaited_send(sim, *seg, record);
    else if ((asks & (HOST_RULES | HOST_CUTS)) != 0 || !plain_send(sim, seg, route_next(sim, seg->src_host, seg->dst_host), record))
        weather_send(sim, seg, record);
}

/* The first of the outbox leaves its host: seen by the observer, written, told to who waits for it, then handed to its first link. */
static inline __attribute__((always_inline)) void send_first(struct sim *sim)
{
    struct outgoing *out = sim->out_first;
    struct segment *seg = &out->seg;
    if (__builtin_expect(--sim->out_count != 0, 0)) {
        sim->out_first = out + 1;
        if (sim->out_count >= OUTBOX_SMALL && !sim_make_room(sim))
            return;
    } else {
        sim->out_first = sim->outbox;
        sim->sink.place = &sim->outbox[0].seg;
    }
    const unsigned more = HOST_DOWN | HOST_RULES | HOST_CUTS | HOST_AWAITS_SENDS;
    if (__builtin_expect((sim->hosts[seg->src_host].asks & more) != 0 || seg->conn == 0, 0)) {
        send_asked(sim, out);
        return;
    }
    struct connection *connection = flow_at(sim, (flow_id){seg->conn});
    struct flow_side *from = flow_side_at(&connection->flow, seg->side), *to = flow_side_at(&connection->flow, seg->side ^ 1U);
    if (__builtin_expect(!flow_is_plain(from, to, seg), 0)) {
        send_asked(sim, out);
        return;
    }
    const uint16_t channel = connection->channel[seg->side];
    struct trace_event *event = send_open(sim, out);
    seg->classes = (uint16_t)flow_note_plain_sent(from, to, seg);
    trace_segment_plain(event, from, to, seg);
    const uint32_t record = trace_close(sim, TRACE_SEGMENT_BYTES);
    if (!plain_send(sim, seg, channel, record))
        weather_send(sim, seg, record);
}

static inline __attribute__((always_inline)) void outbox_flush(struct sim *sim)
{
    while (sim->out_count != 0 && sim->status == ENGINE_RUNNING)
        send_first(sim);
}

/* What the step triggered, in file order. */
static __attribute__((noinline, cold)) void pending_run(struct sim *sim)
{
    struct world *world = sim->world;
    while (world->pending != 0 && sim->status == ENGINE_RUNNING) {
        struct pending_trigger *pending = region_at(world, REGION_PENDING);
        uint32_t first = 0;
        for (uint32_t i = 1; i < world->pending; i++) {
            if (pending[i].statement < pending[first].statement)
                first = i;
        }
        struct pending_trigger next = pending[first];
        pending[first] = pending[--world->pending];
        statement_run(sim, next.statement, next.cause);
        world = sim->world;
    }
}

/* What the outbox or the pool of records had no room for goes on now. */
static __attribute__((noinline, cold)) void starved_go_on(struct sim *sim)
{
    uint32_t starved[STARVED_MAX];
    unsigned count = sim->starved_count;
    memcpy(starved, sim->starved, sizeof starved);
    sim->starved_count = 0;
    if (sim->ctx.record_limit - sim->world->records_used < 64 && !sim_grow_records(sim))
        return;
    for (unsigned i = 0; i < count; i++) {
        struct endpoint *endpoint = endpoint_at(sim, starved[i]);
        if (endpoint->identity == 0 || (endpoint->flags & END_GONE) != 0)
            continue;
        struct tcb *tcb = tcp_begin(sim, starved[i]);
        tcp_output(&sim->ctx, tcb);
        tcp_end(sim);
    }
}

void step_flush(struct sim *sim)
{
    bool starved = sim->starved_count > STARVED_MAX / 2;
    if (starved || sim->out_count > OUTBOX_DATA)
        outbox_flush(sim);
    if (starved && sim->status == ENGINE_RUNNING)
        starved_go_on(sim);
    if (sim->status == ENGINE_RUNNING)
        sim_make_room(sim);
}

void step_finish(struct sim *sim)
{
    for (;;) {
        if (__builtin_expect(sim->world->pending != 0, 0))
            pending_run(sim);
        outbox_flush(sim);
        if (__builtin_expect(sim->starved_count != 0, 0) && sim->status == ENGINE_RUNNING)
            starved_go_on(sim);
        if (__builtin_expect(step_is_finished(sim), 1) || sim->status != ENGINE_RUNNING || !sim_make_room(sim))
            return;
    }
}
