/* SPDX-License-Identifier: MIT */
/* The layout of the world, private to this room. One block: a header, then regions at offsets from the header. No pointers, so a copy of
 * the block runs on where the original stood; what is asked through a pointer is asked through struct sim (sim.h), which lives for one
 * step. */
#ifndef LASTACK_SIM_WORLD_H
#define LASTACK_SIM_WORLD_H

#include "base/duration.h"
#include "net/class.h"
#include "net/link.h"
#include "net/middlebox.h"
#include "sim/engine.h"
#include "sim/trace.h"
#include "tcp/idle.h"
#include "tcp/tcp.h"

/* Typed indices: 1-based, zero means none; mixing two kinds does not compile. */
typedef struct {
    uint32_t index;
} endpoint_id;
typedef struct {
    uint32_t index;
} mini_id;
typedef struct {
    uint32_t index;
} flow_id;
typedef struct {
    uint32_t index;
} listener_id;
typedef struct {
    uint32_t index;
} process_id;
typedef struct {
    uint32_t index;
} options_id;
/* An end that segments find: an endpoint, or a mini with END_MINI set. */
typedef struct {
    uint32_t handle;
} end_id;
#define END_MINI (UINT32_C(1) << 31)
/* A socket that a program holds: an endpoint, or a listener with SOCKET_LISTENER set. */
typedef struct {
    uint32_t handle;
} socket_id;
#define SOCKET_LISTENER (UINT32_C(1) << 31)

/* Four-tuple as its end sees it, packed: local host, local port, remote host, remote port. */
typedef uint64_t tuple_t;

enum region_kind {
    REGION_HOSTS, /* struct host, by node */
    REGION_ROUTES, /* uint16_t [from][to]: the channel to take, ROUTE_NONE */
    REGION_CHANNELS, /* struct channel: one direction of a link, 2 * link + direction */
    REGION_STATEMENTS, /* struct statement_state, by statement */
    REGION_PENDING, /* struct pending_trigger: statements triggered in this step */
    REGION_STARTERS, /* struct starter, by program */
    REGION_LISTENERS,
    REGION_OPTIONS,
    REGION_ENDS, /* union end */
    REGION_TCBS, /* struct lent_tcb, as many as endpoints: one may always be had */
    REGION_SURPLUS, /* struct surplus; none in a small world, which never packs a TCB */
    REGION_FLOWS,
    REGION_LASTS, /* struct last_values [flow][side], only if the story injects */
    REGION_PROCESSES,
    REGION_MEMORIES, /* struct memory [process][guard], only if guards wait for events */
    REGION_FLIGHTS,
    REGION_DELAYED, /* struct delayed: a `when ... after D` on its way */
    REGION_BOX_FLOWS, /* struct box_entry: the tables of firewalls and nats */
    REGION_BOX_BUCKETS, /* uint32_t: heads of their hash, a power of two; none without a box */
    REGION_RECORDS, /* struct tcp_record, lent to TCBs; [0] is never used */
    REGION_BUCKETS, /* uint32_t: heads of the hash of ends, a power of two */
    REGION_QUEUE,
    REGIONS,
};

struct region {
    uint64_t offset;
    uint32_t stride;
    uint32_t capacity;
    uint32_t high; /* elements 1..high were ever taken */
    uint32_t free; /* first returned element, linked by their first word; 0 none. Of TCBs: a handle, linked by next_free */
};

#define ROUTE_NONE UINT16_MAX

struct host {
    uint64_t key; /* from its name: chance does not depend on the order of a file */
    int64_t paused_until_ns; /* segments and timers wait until then */
    uint16_t port_next; /* where the search for an automatic port goes on */
    uint16_t awaits_enters, awaits_leaves; /* masks of states that a trigger or a guard waits for */
    uint8_t asks; /* HOST_*: what there is to ask beyond the ordinary */
};
enum {
    HOST_DOWN = 1,
    HOST_RULES = 2, /* some rule counts what leaves here */
    HOST_CUTS = 4, /* cuts are in force somewhere */
    HOST_AWAITS_SENDS = 8,
    HOST_AWAITS_RECEIVES = 16,
    HOST_AWAITS_SEES = 32,
};

struct channel {
    struct link_state state;
    uint64_t subject; /* names this direction in the key of a draw */
    int64_t plain_ns; /* its delay if it is plain (link_is_plain) and at most a day, so that no sum with it is too large; else -1 */
    int64_t steady_ns; /* its delay if that is constant, else -1 */
    uint16_t from, to; /* nodes */
    uint8_t lane; /* of the queue, for what goes over it in order */
    uint32_t changed_by; /* 0: story.links; else the statement + 1 whose parameters hold now */
    uint8_t changed_side; /* which of the statement's params */
};

struct statement_state {
    uint32_t count; /* matching segments so far: of a rule, of an event */
    uint32_t occurrences; /* delayed runs so far: each takes its own place in the order */
    int64_t until_ns; /* a cut: in force until then */
    bool active; /* a rule counts, a cut holds */
    bool fired; /* its `when` has matched */
};

struct pending_trigger {
    uint32_t statement, cause;
};

struct delayed {
    uint32_t next_free;
    uint32_t statement, cause;
};

/* How copies of a program, or the runs of a service, come to be. */
struct starter {
    uint32_t next_copy;
    listener_id listener; /* of a service */
    int64_t start_ns; /* when copy 0 starts; TIME_NEVER: stopped */
    uint32_t newest; /* process of the last started copy (single programs: their only one), 0 none or ended */
};

/* Socket options, kept until the socket that they are for exists (and by a listener, for those that it makes). */
struct options {
    uint32_t next_free;
    uint16_t given; /* mask of 1 << enum socket_option */
    bool nodelay, cork, quickack, reuseaddr, nonblocking, linger, keepalive;
    uint32_t rcvbuf, sndbuf, keepalive_count;
    int64_t linger_ns, keepalive_idle_ns, keepalive_interval_ns, user_timeout_ns, linger2_ns;
};

struct listener {
    uint32_t next_free;
    uint32_t identity;
    socket_id next; /* the next older socket of its program */
    process_id owner; /* 0: a service's */
    options_id options;
    uint32_t program;
    uint32_t backlog;
    uint32_t half_open; /* connections in SYN_RECEIVED */
    uint32_t waiting; /* established, not yet accepted */
    int64_t cookies_ns; /* when a SYN cookie was last sent, to the second; TIME_NEVER: never */
    endpoint_id first, last; /* the accept queue */
    uint16_t host, port, name;
};

enum {
    END_HELD = 1, /* a program holds the socket */
    END_GONE = 2, /* TCP has done with it: CLOSED, or goes on as a mini */
    END_HALF_OPEN = 4, /* counted by its listener */
    END_QUEUED = 8, /* in its listener's accept queue */
    END_DRAINS = 16, /* read as data comes */
    END_NONBLOCKING = 32,
    END_LINGERS = 64, /* SO_LINGER on */
    END_EOF_TOLD = 128, /* drain has told the end */
};

/* What a socket's record and a small record begin with; they share a pool, so that a small record finds the place of the socket's
 * record that it follows. */
#define END_HEAD \
    uint32_t hash_next; /* in a free one: the next free one */ \
    uint32_t identity; /* the socket's, 0: this record is free */ \
    tuple_t tuple; \
    flow_id flow; \
    process_id owner; /* the program that holds it, or held it last */ \
    uint8_t side; \
    bool small; /* a struct mini */ \
    bool reuseaddr;

#define IDLE_BYTES 52 /* few ends without a loss behind them need more */
#define TCB_AT_REST (UINT32_C(1) << 31)
static inline bool tcb_is_lent(uint32_t handle)
{
    return (int32_t)handle > 0;
}
struct endpoint {
    END_HEAD
    uint8_t flags;
    socket_id next; /* the next older socket of that program; in an accept queue: the next younger */
    union {
        listener_id listener; /* END_HALF_OPEN, END_QUEUED */
        struct { /* a program's */
            uint16_t name, drain_step;
        };
    };
    uint32_t linger_ms;
    uint32_t tcb; /* handle of the one lent to it; at rest 0, or where the rest of `idle` is + TCB_AT_REST */
    unsigned char idle[IDLE_BYTES]; /* at rest all that there is to know (tcp/idle.h), or its beginning */
};

struct mini {
    END_HEAD
    uint32_t event_number; /* its pending timer event */
    int64_t event_ns;
    struct tcp_mini tcp;
};

union end {
    struct endpoint endpoint;
    struct mini mini;
};

struct lent_tcb {
    uint32_t endpoint; /* 0: free */
    union {
        uint32_t next_free;
        uint32_t event_number; /* the end's pending timer event; what is left of one when the end goes to rest comes to nothing */
    };
    int64_t event_ns;
    struct tcb tcb;
};
/* The end of a long record at rest. */
#define SURPLUS_BYTES 60
#define IDLE_MOST (IDLE_BYTES + SURPLUS_BYTES)
struct surplus {
    union {
        uint32_t next_free;
        unsigned char bytes[SURPLUS_BYTES];
    };
};

/* Its place in the pool in words of eight bytes, + 1: to find it takes no multiplication. */
#define LENT_WORDS (sizeof(struct lent_tcb) / 8)
#define LENT_HANDLE(index) ((uint32_t)(((index)-1) * LENT_WORDS + 1))

/* One connection, one incarnation of a four-tuple, for the whole run: its number is its index. */
struct connection {
    struct flow flow;
    end_id end[2];
    uint16_t channel[2]; /* over which each side sends first; ROUTE_NONE */
    uint16_t name;
    uint16_t unused; /* what is looked for with each segment lies in one cache line */
};

struct last_values {
    uint32_t rcv_nxt, rcv_wnd, snd_una, snd_nxt, ts_recent;
    bool valid, ts_ok;
};

enum process_state { PROCESS_FREE = 0, PROCESS_GUARD, PROCESS_CALL, PROCESS_DONE };
/* What a call under way waits for: the mask of its socket's signals that let it go on. */
#define WAIT_SIGNAL(signal) (1 << (signal))
#define WAIT_FAILURE (WAIT_SIGNAL(SIGNAL_ERROR) | WAIT_SIGNAL(SIGNAL_GONE))
enum {
    WAIT_NOTHING = 0,
    WAIT_CONNECT = WAIT_FAILURE | WAIT_SIGNAL(SIGNAL_CONNECTED) | WAIT_SIGNAL(SIGNAL_READABLE),
    WAIT_READ = WAIT_FAILURE | WAIT_SIGNAL(SIGNAL_READABLE),
    WAIT_WRITE = WAIT_FAILURE | WAIT_SIGNAL(SIGNAL_WRITABLE),
    WAIT_LINGER = WAIT_FAILURE | WAIT_SIGNAL(SIGNAL_CLOSE_DONE),
    WAIT_RELAY = WAIT_CONNECT | WAIT_WRITE | WAIT_LINGER, /* all of them, of both of its sockets */
    WAIT_ACCEPT = WAIT_SIGNAL(SIGNAL_MINI), /* these two for no signal at all */
    WAIT_TIME = 0x80
};

struct process {
    union {
        uint32_t next_free;
        uint32_t copy;
    };
    socket_id sockets; /* newest first */
    int64_t wake_ns; /* its pending event, TIME_NEVER without */
    union {
        int64_t returned_ns; /* PROCESS_GUARD: when the previous call returned */
        int64_t deadline_ns; /* PROCESS_CALL: of the call under way */
    };
    union { /* of the call under way */
        struct {
            uint32_t done_bytes;
            uint32_t waits_on; /* endpoint or listener */
        };
        int64_t relayed; /* bytes that a relay has copied */
    };
    uint32_t newest; /* identity of the last socket that a call gave it, even when closed since */
    uint32_t cause; /* what led to its next event */
    options_id options; /* for its next socket */
    uint16_t program, step;
    uint8_t state, waits;
    uint8_t relay_done; /* sides whose end a relay under way has passed on: 1 A's, 2 B's */
};

/* What a program's guard has seen of its event since the program began. */
struct memory {
    int64_t at_ns; /* TIME_NEVER: not yet */
    uint32_t count, cause;
};

struct flight {
    union {
        uint32_t next_free;
        struct queue_link link; /* in a lane of the queue */
    };
    struct segment seg;
    uint32_t cause; /* the SEND or DUP that it comes from */
    uint32_t statement; /* rule that corrupts it, + 1 */
    uint16_t node; /* where it arrives next */
};

/* One line of a middlebox's table. */
struct box_entry {
    uint32_t next_free;
    uint32_t hash_next;
    uint32_t conn; /* of the SYN that began it */
    uint16_t node; /* the box */
    bool forgotten; /* and written so */
    struct box_flow flow;
};

enum {
    CARES_PAUSED = 1, /* some host has been, once */
    CARES_TCBS = 2, /* many are lent */
};

#define WORLD_MAGIC UINT32_C(0x4C41534B)

struct world {
    uint32_t magic;
    uint32_t queue_kind;
    uint64_t bytes;
    int64_t now_ns;
    int64_t acted_ns; /* when anything last happened */
    uint64_t steps, segments;
    uint32_t events; /* trace records */
    uint32_t next_number; /* of the next arrival or timer */
    uint32_t next_segment, next_socket;
    uint32_t records_free, records_used;
    uint32_t tcbs_wanted; /* when so many TCBs are lent, those at rest are packed */
    uint32_t pending; /* triggered statements that wait for the end of the step */
    uint32_t cuts; /* cuts in force */
    uint32_t guards; /* largest number of event guards in a program: elements of a process's memories */
    uint8_t program_shift; /* (program << shift) + copy is a program's place in the order */
    bool begun, ended, multihop;
    uint8_t cares; /* what a step has to look after before it begins: CARES_* */
    struct region region[REGIONS];
    struct trace_tape tape;
};

#endif
