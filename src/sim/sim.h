/* SPDX-License-Identifier: MIT */
/* What the files of this room share: struct sim, the hands of the engine. It lives outside of the world, for one engine_step() or
 * engine_run(), and holds every pointer; sim_bind() makes them anew when the world has moved. */
#ifndef LASTACK_SIM_SIM_H
#define LASTACK_SIM_SIM_H

#include <string.h>

#include "base/invariant.h"
#include "base/mix.h"
#include "sim/world.h"

/* Segments of one step that wait for the link. Beyond DATA, data waits for the next round (tcp_ctx.starved); the rest is for what cannot
 * wait. */
#define OUTBOX_MAX 97 /* the last is where the next is made */
#define OUTBOX_DATA 64
#define OUTBOX_SMALL 4 /* so many at a time find the room in the queue that the step has made */
#define STARVED_MAX 8
struct outgoing {
    struct segment seg;
    uint32_t cause;
};

/* What an event in the queue is for: kind in the top four bits of its target, index in the others. */
enum target {
    TARGET_STATEMENT,
    TARGET_STATEMENT_ENDS,
    TARGET_DELAYED,
    TARGET_FLIGHT,
    TARGET_ENDPOINT,
    TARGET_MINI,
    TARGET_PROCESS,
    TARGET_START
};
#define TARGET_SHIFT 28
#define TARGET_INDEX ((UINT32_C(1) << TARGET_SHIFT) - 1)
static inline uint32_t flight_target(uint32_t index)
{
    return ((uint32_t)TARGET_FLIGHT << TARGET_SHIFT) | index;
}

enum number_class { CLASS_STATEMENTS = 0, CLASS_NETWORK = 1, CLASS_PROGRAMS = 2 };
#define NUMBER_SHIFT 30
#define NUMBER_MAX ((UINT32_C(1) << NUMBER_SHIFT) - 1)

/* A process at its step: what a call asks for again and again, looked up once. */
struct turn {
    uint32_t process;
    uint32_t step_number; /* in the story */
    struct process *caller; /* bound to the world's place */
    const struct story_program *program;
    const struct story_step *step;
};

struct sim {
    struct engine *engine;
    struct world *world;
    const struct story *story;
    enum engine_status status;
    uint64_t heard; /* the engine's sink has heard the records on the tape up to there, and so many in all */
    uint32_t heard_count;
    uint32_t cause; /* record that led to what happens now */
    struct turn turn; /* of the process that makes a step */
    struct queue_event held; /* a wake-up at this instant, which the queue may never have to see; target 0: none */

    /* bound to the world's place */
    struct host *hosts;
    uint16_t *routes;
    struct channel *channels;
    struct statement_state *statements;
    struct starter *starters;
    struct listener *listeners; /* these and the next: [index - 1] */
    struct options *options;
    union end *ends;
    struct lent_tcb *tcbs;
    struct connection *flows;
    struct process *processes;
    struct memory *memories;
    struct flight *flights;
    struct box_entry *box_entries;
    uint32_t *box_buckets;
    uint32_t *buckets;
    struct queue *queue;
    uint32_t queue_full; /* with more events than that the queue must grow before the next step */

    /* the end whose TCP is at work */
    struct tcp_ctx ctx;
    struct tcp_sink sink;
    union end *cur; /* what both kinds begin with (END_HEAD) is read through its endpoint */
    uint32_t cur_index;
    const struct tcb *cur_tcb; /* NULL: a mini */
    struct tcp_timer_slot mini_timer; /* as it stood before */

    uint32_t answers; /* the connection of the segment that arrives, 0 without */
    uint32_t starved[STARVED_MAX]; /* endpoints that have more to send */
    unsigned starved_count;
    unsigned out_count;
    struct outgoing *out_first;
    struct outgoing outbox[OUTBOX_MAX];
};

/* ---- world.c ---- */
void sim_bind(struct sim *sim);
/* Takes an element (all bytes zero) of a pool; the world may move. 0: no memory (sim->status says so). */
uint32_t pool_take(struct sim *sim, enum region_kind kind);
/* The same, its bytes being what they were: for who writes all of it. */
uint32_t pool_take_raw(struct sim *sim, enum region_kind kind);
void pool_give(struct sim *sim, enum region_kind kind, uint32_t index);
/* Room in the queue for the events of one step, and for a few records. The world may move. */
bool sim_widen(struct sim *sim);
#define RECORDS_MARGIN 8
#define NUMBERS_MOST (NUMBER_MAX - 4096)
static inline bool sim_make_room(struct sim *sim)
{
    bool ample = (queue_count(sim->queue) <= sim->queue_full) & (sim->ctx.record_limit - sim->world->records_used >= RECORDS_MARGIN);
    return __builtin_expect(ample, 1) || sim_widen(sim);
}
bool sim_grow_records(struct sim *sim);
static inline struct queue_event event_for(int64_t at_ns, enum number_class number_class, uint32_t number, enum target target,
                                           uint32_t index)
{
    return (struct queue_event){.time_ns = at_ns,
                                .number = ((uint32_t)number_class << NUMBER_SHIFT) | (number & NUMBER_MAX),
                                .target = ((uint32_t)target << TARGET_SHIFT) | index};
}
static inline void sim_push(struct sim *sim, int64_t at_ns, enum number_class number_class, uint32_t number, enum target target,
                            uint32_t index)
{
    if (__builtin_expect(at_ns != TIME_NEVER, 1))
        queue_push(sim->queue, event_for(at_ns, number_class, number, target, index));
}

/* It arrives then. `lane`: of the channel that it goes over, or QUEUE_NO_LANE. */
static inline void flight_push(struct sim *sim, uint32_t index, int64_t arrival_ns, unsigned lane)
{
    const struct queue_event event = {.time_ns = arrival_ns,
                                      .number = ((uint32_t)CLASS_NETWORK << NUMBER_SHIFT) | (sim->world->next_number++ & NUMBER_MAX),
                                      .target = flight_target(index)};
    queue_push_lane(sim->queue, lane, event, &sim->flights[(size_t)index - 1].link);
}

static inline void *region_at(struct world *world, enum region_kind kind)
{
    return (char *)world + world->region[kind].offset;
}
/* pool_take_raw() and pool_give() of flights, the busiest of all pools. */
static inline uint32_t flight_take(struct sim *sim)
{
    struct region *region = &sim->world->region[REGION_FLIGHTS];
    uint32_t index = region->free;
    if (__builtin_expect(index == 0, 0))
        return pool_take_raw(sim, REGION_FLIGHTS);
    region->free = sim->flights[(size_t)index - 1].next_free;
    return index;
}
static inline void flight_give(struct sim *sim, uint32_t index)
{
    struct region *region = &sim->world->region[REGION_FLIGHTS];
    sim->flights[(size_t)index - 1].next_free = region->free;
    region->free = index;
}
/* The same of ends. A free one has the identity 0, and nobody asks it more. */
static inline uint32_t end_take(struct sim *sim)
{
    struct region *region = &sim->world->region[REGION_ENDS];
    uint32_t index = region->free;
    if (index == 0)
        return pool_take_raw(sim, REGION_ENDS);
    region->free = sim->ends[index - 1].endpoint.hash_next;
    return index;
}
static inline void end_give(struct sim *sim, uint32_t index)
{
    struct region *region = &sim->world->region[REGION_ENDS];
    sim->ends[index - 1].endpoint.identity = 0;
    sim->ends[index - 1].endpoint.hash_next = region->free;
    region->free = index;
}
static inline struct endpoint *endpoint_at(const struct sim *sim, uint32_t index)
{
    return &sim->ends[(size_t)index - 1].endpoint;
}
static inline struct lent_tcb *lent_at(const struct sim *sim, uint32_t handle)
{
    return (struct lent_tcb *)(void *)((char *)sim->tcbs + ((size_t)handle * 8 - 8));
}
/* A TCB for an end that has none, its bytes being what they were. */
struct tcb *tcb_lend(const struct sim *sim, uint32_t endpoint);
/* The TCB of an end, called back from its rest if need be. */
struct tcb *tcb_wake(const struct sim *sim, uint32_t endpoint);
static inline struct tcb *tcb_of(const struct sim *sim, const struct endpoint *endpoint)
{
    if (__builtin_expect(tcb_is_lent(endpoint->tcb), 1))
        return &lent_at(sim, endpoint->tcb)->tcb;
    return tcb_wake(sim, (uint32_t)((const union end *)endpoint - sim->ends) + 1);
}
/* Its end is over. */
void tcb_give(struct sim *sim, struct endpoint *endpoint);
/* Between two steps, when many are lent. */
void tcbs_pack(struct sim *sim);
static inline bool tcbs_are_many(const struct sim *sim)
{
    const struct region *region = &sim->world->region[REGION_TCBS];
    return (region->free == 0) & (region->high >= sim->world->tcbs_wanted);
}
static inline struct mini *mini_at(const struct sim *sim, uint32_t index)
{
    return &sim->ends[(size_t)index - 1].mini;
}
/* For loops over all: NULL if the record is free or of the other kind. */
static inline struct endpoint *endpoint_living(const struct sim *sim, uint32_t index)
{
    struct endpoint *endpoint = endpoint_at(sim, index);
    return endpoint->identity != 0 && !endpoint->small ? endpoint : NULL;
}
static inline struct mini *mini_living(const struct sim *sim, uint32_t index)
{
    struct mini *mini = mini_at(sim, index);
    return mini->identity != 0 && mini->small ? mini : NULL;
}
static inline uint32_t ends_last(const struct sim *sim)
{
    return sim->world->region[REGION_ENDS].high;
}
static inline struct listener *listener_at(const struct sim *sim, uint32_t index)
{
    return &sim->listeners[(size_t)index - 1];
}
static inline struct process *process_at(const struct sim *sim, uint32_t index)
{
    return &sim->processes[(size_t)index - 1];
}
static inline struct connection *flow_at(const struct sim *sim, flow_id flow)
{
    return &sim->flows[(size_t)flow.index - 1];
}

/* ---- demux.c: who a segment is for ---- */
static inline tuple_t tuple_of(uint16_t host, uint16_t port, uint16_t peer, uint16_t peer_port)
{
    return ((uint64_t)host << 48) | ((uint64_t)port << 32) | ((uint64_t)peer << 16) | peer_port;
}
static inline uint16_t tuple_host(tuple_t tuple)
{
    return (uint16_t)(tuple >> 48);
}
static inline uint16_t tuple_port(tuple_t tuple)
{
    return (uint16_t)(tuple >> 32);
}
static inline uint16_t tuple_peer(tuple_t tuple)
{
    return (uint16_t)(tuple >> 16);
}
static inline uint16_t tuple_peer_port(tuple_t tuple)
{
    return (uint16_t)tuple;
}
static inline tuple_t tuple_mirrored(tuple_t tuple)
{
    return (tuple << 32) | (tuple >> 32);
}
end_id demux_find(const struct sim *sim, tuple_t tuple);
void demux_add(struct sim *sim, tuple_t tuple, end_id end);
void demux_remove(struct sim *sim, tuple_t tuple, end_id end);
void demux_rebuild(struct sim *sim);
listener_id demux_listener(const struct sim *sim, uint16_t host, uint16_t port);
/* A connection whose first SYN goes from `tuple`'s local end; or, when that SYN crosses the peer's, the connection that the peer began. */
flow_id flow_open(struct sim *sim, tuple_t tuple, uint8_t *side);
/* The latest connection between two nodes, or with that name; 0 none. */
flow_id flow_latest(const struct sim *sim, uint16_t a, uint16_t b, uint16_t name);

/* ---- route.c ---- */
void route_build(struct world *world, const struct story *story);
static inline uint16_t route_next(const struct sim *sim, uint16_t from, uint16_t to)
{
    return sim->routes[(uint32_t)from * sim->story->node_count + to];
}
const struct link_params *channel_params(const struct sim *sim, uint16_t channel);
/* After its parameters have changed, and at the start. */
void channel_learn(struct channel *channels, uint32_t channel, const struct link_params *params);
/* What the first link's MTU leaves for a segment's payload. */
uint32_t route_mss(const struct sim *sim, uint16_t from, uint16_t to);
uint32_t packet_bytes(const struct segment *seg);

/* ---- chance.c: the choose door ---- */
uint32_t chance_isn(const struct sim *sim, uint16_t host, tuple_t tuple);

/* ---- effects.c: what TCP wants done ---- */
/* A record made elsewhere. */
uint32_t trace_put(struct sim *sim, struct trace_event *event);
/* The engine's sink is told what it has not heard yet. */
void trace_tell(struct sim *sim);
void tape_full(struct sim *sim);
/* A record made on the tape: between open and close nobody else writes one, and the world stays where it is. The fields of its kind's
 * member have whatever was there, and must all be written. `bytes`: TRACE_STATE_BYTES and so on. */
static inline struct trace_event *trace_open(struct sim *sim, enum trace_kind kind, unsigned what, unsigned host, unsigned peer,
                                             uint32_t conn, uint32_t cause)
{
    struct trace_event *event = trace_tape_place(&sim->world->tape);
    event->time_ns = sim->world->acted_ns = sim->world->now_ns;
    event->cause = cause;
    event->conn = conn;
    event->kind = (uint8_t)kind;
    event->what = (uint8_t)what;
    event->host = (uint8_t)host;
    event->peer = (uint8_t)peer;
    event->statement = 0;
    return event;
}
/* The record, which is world->events now, is complete. True: tape_full() must be called before there is another. */
static inline bool trace_took(struct sim *sim, size_t bytes)
{
    sim->world->events++;
    return trace_tape_take(&sim->world->tape, bytes);
}
static inline uint32_t trace_close(struct sim *sim, size_t bytes)
{
    uint32_t number = sim->world->events + 1;
    if (trace_took(sim, bytes))
        tape_full(sim);
    return number;
}
/* The segment's fields of a record, but `conn`; numbers count from each side's initial sequence number. */
void trace_segment_fill(struct trace_event *event, const struct flow_side *from, const struct flow_side *to, const struct segment *seg);
/* The same for a plain one (net/class.h). */
static inline void trace_segment_plain(struct trace_event *event, const struct flow_side *from, const struct flow_side *to,
                                       const struct segment *seg)
{
    memcpy(&event->segment, seg, sizeof event->segment);
    event->segment.of = 0;
    event->segment.seq = seg->seq - from->iss;
    event->segment.ack = seg->ack - to->iss;
}
/* All of a segment's fields, for a record that is made elsewhere. */
void trace_segment_put(struct sim *sim, struct trace_event *event, const struct segment *seg);
void effects_init(struct sim *sim);
/* Around each call of TCP on an endpoint: end compares timers, then hands on what was signalled. */
struct tcb *tcp_begin(struct sim *sim, uint32_t endpoint);
void tcp_end(struct sim *sim);
void mini_begin(struct sim *sim, uint32_t mini);
/* The end that has begun does so because this slot of its timers (a mini's only one: 0) is due: writes it, as the cause of the rest. */
void timer_fires(struct sim *sim, int slot);
/* Timers of a mini that stays. */
void mini_end(struct sim *sim);
void outbox_add(struct sim *sim, struct segment *seg); /* the one at sink.place */
/* A state change that TCP does not make: a listener's, a mini's at a crash. */
void state_put(struct sim *sim, uint16_t host, uint32_t conn, uint8_t side, uint32_t identity, enum tcp_state from, enum tcp_state to,
               enum state_why why);
/* The end of a step: triggered statements, then the outbox, until nothing is left. */
void step_finish(struct sim *sim);
static inline bool step_is_finished(const struct sim *sim)
{
    return (sim->world->pending | sim->out_count | sim->starved_count) == 0;
}
/* In the middle of a long step (a host with many sockets is killed): makes room in the outbox. */
void step_flush(struct sim *sim);

/* ---- host.c: arrival, listeners, ports ---- */
void host_flight_arrives(struct sim *sim, uint32_t flight);
void host_endpoint_timer(struct sim *sim, uint32_t endpoint, struct queue_event event);
void host_mini_timer(struct sim *sim, uint32_t mini, struct queue_event event);
bool port_in_use(const struct sim *sim, uint16_t host, uint16_t port, bool reuseaddr);
uint32_t listener_open(struct sim *sim, uint16_t host, uint16_t port, uint32_t backlog, process_id owner, uint32_t program,
                       options_id options);
void listener_close(struct sim *sim, uint32_t listener);
/* Frees the records of an end; its program is not asked. */
void endpoint_free(struct sim *sim, uint32_t endpoint);
void mini_free(struct sim *sim, uint32_t mini);
void endpoint_signalled(struct sim *sim, uint32_t endpoint, uint32_t signals);
uint32_t endpoint_new(struct sim *sim, uint16_t host, uint16_t peer, options_id options);
uint32_t listener_makes(struct sim *sim, uint32_t listener, tuple_t tuple, flow_id flow, uint8_t side);
flow_id passive_flow(struct sim *sim, const struct segment *syn, uint32_t iss, uint8_t *side);
void reply_add(struct sim *sim, const struct segment *seg, const struct segment *answer); /* what nobody's end answers */

/* ---- cookie.c: SYN cookies ---- */
bool cookies_wanted(const struct sim *sim, uint32_t listener);
void cookie_answers(struct sim *sim, uint32_t listener, const struct segment *syn);
bool cookie_opens(struct sim *sim, uint32_t listener, const struct segment *ack);

/* ---- socket.c: the calls ---- */
/* Takes the first of an accept queue. */
uint32_t listener_take(struct sim *sim, uint32_t listener);
void options_apply(struct sim *sim, uint32_t endpoint, const struct options *options);
enum tcp_errno socket_connect(struct sim *sim, const struct turn *turn, uint32_t *endpoint, uint32_t *iss);
enum tcp_errno socket_set(struct sim *sim, uint32_t process, socket_id socket, const struct story_step *step);
/* The program lets go of the socket: it leaves its list. */
void socket_release(struct sim *sim, uint32_t process, socket_id socket);
/* close() without waiting: FIN or RST, and the end of the program's hold. */
void endpoint_close_now(struct sim *sim, uint32_t endpoint);
void endpoint_orphan(struct sim *sim, uint32_t endpoint);
void endpoint_abort(struct sim *sim, uint32_t endpoint);
/* Reads for a socket that drains. */
void endpoint_drain(struct sim *sim, uint32_t endpoint);

/* ---- program.c ---- */
void program_start(struct sim *sim, uint32_t program);
void program_schedule(struct sim *sim, uint32_t program, int64_t at_ns);
/* A service's run for an accepted connection. */
void program_accepted(struct sim *sim, uint32_t program, uint32_t endpoint);
void process_wake(struct sim *sim, uint32_t process, int64_t at_ns, uint32_t cause);
/* Ends it as exit does: the kernel closes what it held. */
void process_exit(struct sim *sim, uint32_t process);
/* Its call under way will not return any more. */
void process_breaks_off(struct sim *sim, uint32_t process);
/* Forgets it: the host lost power. */
void process_vanish(struct sim *sim, uint32_t process);
/* Programs come in file order, copies in theirs. */
static inline uint32_t process_number(const struct sim *sim, uint32_t program, uint32_t copy)
{
    return (program << sim->world->program_shift) | copy;
}
/* At once, unless it is to wake already. What comes next need not go through the queue: that is seen when the step is over (engine.c). */
void process_wake_second(struct sim *sim, struct queue_event event);
static inline void process_wake_now(struct sim *sim, struct process *process, uint32_t index, uint32_t cause)
{
    const int64_t now_ns = sim->world->now_ns;
    if (now_ns >= process->wake_ns)
        return;
    process->wake_ns = now_ns;
    process->cause = cause;
    const struct queue_event event =
        event_for(now_ns, CLASS_PROGRAMS, process_number(sim, process->program, process->copy), TARGET_PROCESS, index);
    if (sim->held.target == 0)
        sim->held = event;
    else
        process_wake_second(sim, event);
}
/* What a call is about: the socket's own identity, 0 none, and its connection. */
struct about {
    uint32_t socket, conn;
};
static inline struct about about_of(const struct endpoint *endpoint)
{
    return (struct about){.socket = endpoint->identity, .conn = endpoint->flow.index};
}
#define ABOUT_NOTHING ((struct about){.socket = 0})
/* How it ends. */
struct ending {
    uint8_t error; /* enum tcp_errno */
    bool eof, patient; /* patient: an EAGAIN that a deadline asked for */
};
#define ENDS_WELL ((struct ending){.error = TCP_OK})
#define ENDS_WITH(errno) ((struct ending){.error = (uint8_t)(errno)})
/* A record of a call, whole, and the cause of what follows; who makes it, and at which step, is read from `turn`, each field when it is
 * written: few are on their way at a time. True: the tape is full. */
static inline __attribute__((always_inline)) bool call_write(struct sim *sim, enum trace_kind kind, const struct turn *turn,
                                                             enum call_kind call, struct about about, int64_t value, struct ending ending,
                                                             bool failed)
{
    struct trace_event *event = trace_tape_place(&sim->world->tape);
    memset(&event->kind, 0, offsetof(struct trace_event, segment) - offsetof(struct trace_event, kind));
    memset(&event->call.call, 0, sizeof event->call - offsetof(struct trace_call, call));
    event->call.socket = about.socket;
    event->conn = about.conn;
    event->call.value = value;
    event->call.call = (uint8_t)call;
    event->call.error = ending.error;
    event->call.eof = ending.eof;
    event->call.failed = failed;
    event->kind = (uint8_t)kind;
    event->host = (uint8_t)turn->program->host;
    event->call.step = turn->step_number;
    event->call.program = turn->caller->program;
    event->call.copy = turn->caller->copy;
    event->cause = sim->cause;
    event->time_ns = sim->world->acted_ns = sim->world->now_ns;
    sim->cause = sim->world->events + 1;
    return trace_took(sim, TRACE_CALL_BYTES);
}
static inline __attribute__((always_inline)) bool turn_write(struct sim *sim, const struct turn *turn, struct about about)
{
    return call_write(sim, TRACE_CALL, turn, turn->step->call, about, 0, ENDS_WELL, false);
}
/* Nothing to wait for: the step goes on when the one before has returned. */
static inline bool guard_is_plain(const struct story_guard *guard)
{
    return (guard->event.kind == EVENT_NONE) & ((guard->after_ns & guard->at_ns) == TIME_NEVER); /* neither is negative */
}
/* As things stand: else the program wakes when its guard lets it go on. */
bool guard_passes(struct sim *sim, uint32_t process);
/* The call under way returns (call.c calls it, program.c does what follows). */
void process_returns(struct sim *sim, const struct turn *turn, struct about about, int64_t value, struct ending ending);
void process_returns_value(struct sim *sim, const struct turn *turn, struct about about, int64_t value); /* the same, and ENDS_WELL */
void return_put(struct sim *sim, uint32_t process, uint32_t step, enum call_kind call, struct about about, int64_t value,
                struct ending ending);
void call_put(struct sim *sim, uint32_t process, uint32_t step, enum call_kind call, struct about about);
/* The call of the step. Each of the three is the cause of what follows. */
void turn_put(struct sim *sim, const struct turn *turn, struct about about);
void process_adopt(struct sim *sim, uint32_t process, socket_id socket, uint16_t name);

/* ---- call.c ---- */
void process_run(struct sim *sim, uint32_t process);
/* The newest open socket of a program with this name; 0 none. */
socket_id socket_named(const struct sim *sim, const struct process *process, uint16_t name);

/* ---- relay.c ---- */
void relay_begin(struct sim *sim, const struct turn *turn);
void relay_go(struct sim *sim, const struct turn *turn);

/* ---- trigger.c ---- */
struct happening {
    enum event_kind kind;
    uint16_t host;
    flow_id flow;
    uint32_t endpoint_identity, owner; /* the end at `host`: its socket, its program */
    enum tcp_state state;
    enum tcp_errno error;
    const struct segment *seg;
    uint32_t classes;
    uint32_t record; /* its place in the trace */
};
void trigger_init(struct world *world, const struct story *story);
/* A statement's event has come: runs it, now or after its D. */
void statement_triggered(struct sim *sim, uint32_t statement, uint32_t cause);
void statement_delayed(struct sim *sim, uint32_t delayed);
void statement_push(struct sim *sim, uint32_t statement, int64_t at_ns, enum target target);
void trigger_happens(struct sim *sim, const struct happening *happening, bool now);
/* A connection has become a program's newest: guards that mean it forget what they saw of the one before. */
void trigger_newest(struct sim *sim, uint32_t process, const struct endpoint *endpoint);
/* The memory of the guard of `step` (in the story), for this process; NULL if it waits for no event. */
/* The guard that a program waits at has been met: it wakes when the guard says. (program.c) */
void trigger_guard_met(struct sim *sim, uint32_t process);
struct memory *trigger_memory(const struct sim *sim, uint32_t process, uint32_t step);

/* ---- weather.c ---- */
void weather_init(struct world *world, const struct story *story);
/* A segment enters its first link: rules, cuts, the link; its SEND is record `cause`. */
void weather_send(struct sim *sim, const struct segment *seg, uint32_t cause);
/* On its way: arrives at flight->node then. `lane`: of the channel. */
void flight_add(struct sim *sim, const struct flight *flight, int64_t arrival_ns, unsigned lane);
/* A segment is at a node on its way: a middlebox may stop it there, else it goes on over the next link. */
void weather_forward(struct sim *sim, uint32_t flight);
/* From flight->node over the next link of its way. */
void weather_onward(struct sim *sim, struct flight *flight);

/* ---- box.c: firewalls and nats ---- */
/* Does the box at flight->node know this segment's flow? If not it has been dropped, or answered too. The world may move. */
bool box_passes(struct sim *sim, const struct flight *flight);
/* The world has moved and its hash of flows has another size. */
void box_rebuild(struct sim *sim);
/* The run ends: what the tables hold is written. */
void box_tables_end(struct sim *sim);

/* ---- fault.c ---- */
/* A statement has its moment. `cause`: the record that triggered it, 0 none. */
void statement_run(struct sim *sim, uint32_t statement, uint32_t cause);
void statement_ends(struct sim *sim, uint32_t statement);
void services_listen(struct sim *sim, uint16_t host);

/* ---- inject.c ---- */
void inject_run(struct sim *sim, uint32_t statement, uint32_t cause);
void lasts_keep(struct sim *sim, const struct endpoint *endpoint);
void lasts_keep_mini(struct sim *sim, const struct mini *mini);

#endif
