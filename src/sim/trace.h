/* SPDX-License-Identifier: MIT */
/* The trace: one record an event, in order, numbered from 1, each with the event that caused it. The views, the expectations
 * and the invariants are functions of it.
 *
 * The canonical bytes of a record are its fields in the order in which they stand here, little-endian and without gaps, as far as the kind
 * of event has a meaning for them, then zeros up to a multiple of eight; what lies in the union beyond its kind's member is neither read
 * nor hashed. The trace hash is XXH3-64 over the canonical bytes of all records, one after another, in blocks of 1024 bytes (the last one
 * is shorter), each seeded with the hash of those before it; the first seed is 0, and the hash of no record at all. */
#ifndef LASTACK_SIM_TRACE_H
#define LASTACK_SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/invariant.h"
#include "sim/block.h"
#include "tcp/segment.h"

enum trace_kind {
    TRACE_SEND = 1, /* segment: a host hands it to its first link */
    TRACE_RECV, /* segment: it arrives at its destination (segment fields repeated, so that a reader needs no table) */
    TRACE_DROP, /* segment; `what` is enum drop_why; statement: the rule's or cut's index + 1, 0 without; host: the node where it died */
    TRACE_DUP, /* segment: the copy (its own number); of: the number of the original */
    TRACE_INJECT, /* segment: forged, handed to `peer` at once; a RECV follows */
    TRACE_STATE, /* state: from, to; `what` is enum state_why */
    TRACE_TIMER, /* `what` is enum timer_what; timer; at_ns */
    TRACE_CALL, /* call: program, copy, step, call: a socket call begins */
    TRACE_RETURN, /* the same, with value or error; eof. `call` may be CALL_DRAIN: a read of drain */
    TRACE_NOTE, /* note; statement index: a say or an ask has its moment; for an ask, value is its answer: ASK_STATE enum tcp_state,
                   ASK_TIMER enum tcp_timer, ASK_UNACKED bytes, ASK_SEES what sim/ask.h says; ASK_VERDICT filled by the judge at the end */
    TRACE_FAULT, /* note (value 0); statement index; `what` is enum fault_what: a cut begins or ends, a host crashes, boots, pauses,
                    resumes, is killed, a link changes */
    TRACE_NAME, /* note: connection `conn` is called value = name index from now on (the views use it for the whole run) */
    TRACE_FLOW, /* flow: a firewall's or nat's table changes; host: the box, peer: who began the flow, conn: with whose SYN; `what` is enum
                   flow_what. Nothing wakes a box when it forgets: that is written when a segment finds out, or when the run ends */
};
enum state_why {
    WHY_ORDINARY = 0,
    WHY_RST_RECEIVED,
    WHY_RST_SENT,
    WHY_TIMEOUT,
    WHY_KEEPALIVE,
    WHY_USER_TIMEOUT,
    WHY_FIN_WAIT_2_TIMEOUT,
    WHY_CRASH,
    WHY_CLOSED_EARLY,
    WHY_REUSED
};
enum timer_what { TIMER_ARMED, TIMER_FIRED, TIMER_STOPPED };
enum flow_what {
    FLOW_NEW, /* a SYN has passed */
    FLOW_CLOSING, /* the first FIN */
    FLOW_FORGOTTEN, /* at_ns: when, limit_ns: after how long a silence */
    FLOW_HELD /* the run has ended, and it is still in the table, until at_ns */
};
enum fault_what { FAULT_CUT_BEGINS, FAULT_CUT_ENDS, FAULT_CRASH, FAULT_BOOT, FAULT_PAUSE, FAULT_RESUME, FAULT_KILL, FAULT_LINK };

struct trace_segment {
    uint32_t number, of; /* `seg`; DUP: of which */
    uint32_t seq, ack, len, wnd; /* relative to each side's initial sequence number */
    uint32_t tsval, tsecr;
    uint16_t mss, classes; /* classes: enum segment_class at SEND; at RECV as then */
    uint8_t flags, options, wscale, sack_count;
};
struct trace_call {
    int64_t value;
    uint32_t program, copy, step; /* story.programs, its copy (or the service's run, counted from 0), story.steps; step UINT32_MAX: the
                                     process's own (exit, kill) */
    uint32_t socket; /* the socket's own identity, 0 none: a listener too */
    uint8_t call, error; /* enum call_kind, enum tcp_errno */
    bool eof, failed; /* failed: it differs from the step's `= VALUE` */
    uint32_t zero;
};

struct trace_event {
    int64_t time_ns;
    uint32_t cause; /* number of the event that caused this one; 0: none (a statement or a program's own time) */
    uint32_t conn; /* connection number; 0: none (a listener, a call without one) */
    uint8_t kind, what; /* enum trace_kind; by kind */
    uint8_t host, peer; /* node: where it happens; peer: segments: the other host */
    uint32_t statement; /* DROP, DUP, NOTE, FAULT, INJECT: index + 1 in story.statements; 0 none */
    union {
        struct trace_segment segment;
        struct {
            uint8_t from, to, side, orphan;
            uint32_t end;
        } state; /* side 0: this end sent the connection's first SYN; end: the end's identity */
        struct {
            int64_t at_ns;
            uint8_t timer, side;
            uint8_t zero[6];
        } timer;
        struct trace_call call;
        struct {
            int64_t value;
        } note;
        struct {
            int64_t at_ns, limit_ns; /* when it is forgotten if nothing passes; how long a silence that is. TIME_NEVER: never */
            uint16_t port[2]; /* of the two sides, the beginner's first */
            uint8_t to, state; /* the other side's node; enum box_state */
            uint16_t zero;
        } flow;
    };
    struct sack_block sack[SEGMENT_SACK_MAX]; /* hashed and stored only where sack_count > 0; meaningful for segments only */
};

/* Canonical lengths, by kind. A segment's record is longer by eight for each SACK block. */
#define TRACE_SEGMENT_BYTES offsetof(struct trace_event, sack)
#define TRACE_STATE_BYTES (offsetof(struct trace_event, state) + 8)
#define TRACE_TIMER_BYTES (offsetof(struct trace_event, timer) + 16)
#define TRACE_CALL_BYTES (offsetof(struct trace_event, call) + 32)
#define TRACE_NOTE_BYTES (offsetof(struct trace_event, note) + 8)
#define TRACE_FLOW_BYTES (offsetof(struct trace_event, flow) + 24)
static inline size_t trace_segment_bytes(const struct trace_event *event)
{
    return TRACE_SEGMENT_BYTES + event->segment.sack_count * sizeof(struct sack_block);
}
/* Which member of the union the kind of event has. */
enum trace_member { MEMBER_SEGMENT, MEMBER_STATE, MEMBER_TIMER, MEMBER_CALL, MEMBER_NOTE, MEMBER_FLOW };
static inline enum trace_member trace_member(const struct trace_event *event)
{
    switch ((enum trace_kind)event->kind) {
    case TRACE_SEND:
    case TRACE_RECV:
    case TRACE_DROP:
    case TRACE_DUP:
    case TRACE_INJECT:
        return MEMBER_SEGMENT;
    case TRACE_STATE:
        return MEMBER_STATE;
    case TRACE_TIMER:
        return MEMBER_TIMER;
    case TRACE_CALL:
    case TRACE_RETURN:
        return MEMBER_CALL;
    case TRACE_NOTE:
    case TRACE_FAULT:
    case TRACE_NAME:
        return MEMBER_NOTE;
    case TRACE_FLOW:
        return MEMBER_FLOW;
    }
    assertion_failed("a kind of trace event", __FILE__, __LINE__);
}
static inline size_t trace_bytes(const struct trace_event *event)
{
    switch (trace_member(event)) {
    case MEMBER_SEGMENT:
        return trace_segment_bytes(event);
    case MEMBER_STATE:
        return TRACE_STATE_BYTES;
    case MEMBER_TIMER:
        return TRACE_TIMER_BYTES;
    case MEMBER_CALL:
        return TRACE_CALL_BYTES;
    case MEMBER_NOTE:
        return TRACE_NOTE_BYTES;
    case MEMBER_FLOW:
        return TRACE_FLOW_BYTES;
    }
    return 0;
}
/* Where the next record begins when many lie one behind the other, each as long as its canonical bytes. */
static inline const struct trace_event *trace_behind(const struct trace_event *event, size_t bytes)
{
    return (const struct trace_event *)(const void *)((const char *)event + bytes);
}
static inline const struct trace_event *trace_next(const struct trace_event *event)
{
    return trace_behind(event, trace_bytes(event));
}

/* Who listens. Called with `count` records one behind the other, `number` being the first's, once some have come together; at the latest
 * before engine_step() or engine_run() returns. Must not change the world. */
typedef void (*trace_sink)(void *ctx, uint32_t number, const struct trace_event *first, uint32_t count);

/* A whole trace kept in memory (malloc; for views and judging). */
struct trace {
    struct trace_event *events; /* events[0] has number 1 */
    uint32_t count, capacity;
    bool failed; /* out of memory */
};
void trace_keep(void *trace, uint32_t number, const struct trace_event *first, uint32_t count); /* a trace_sink */
void trace_free(struct trace *trace);

/* A run is shown in steps: one statement, call, arrival or timer, and all that comes of it at once. Does event `number` (from 1) begin one?
 * The programs that a segment wakes go on in the step of its arrival, up to their next call. */
bool trace_step_begins(const struct trace *trace, uint32_t number);
/* Does an end of a connection change its state in events first..last? */
bool trace_changes_state(const struct trace *trace, uint32_t first, uint32_t last);

/* The canonical bytes of `event`, at most TRACE_BYTES_MAX; returns how many. On a little-endian machine they are the beginning of the
 * record itself, if its zeros are zeros. */
#define TRACE_BYTES_MAX 96
size_t trace_canonical(const struct trace_event *event, unsigned char *bytes);

/* The end of the trace that is not hashed yet: less than a block, and room for the record that is being made. Records are made where they
 * are hashed, long before they are. Relocatable, zero-initialised; what lies beyond `used` has no meaning. */
struct trace_tape {
    uint64_t hash; /* of the full blocks */
    uint64_t used;
    unsigned char bytes[TRACE_BLOCK + TRACE_BYTES_MAX];
};
void trace_tape_begin(struct trace_tape *tape);
void trace_tape_fold(struct trace_tape *tape);
/* A record that was made elsewhere. */
void trace_tape_add(struct trace_tape *tape, const struct trace_event *event);
/* The trace hash so far. */
uint64_t trace_tape_hash(const struct trace_tape *tape);

/* Where the next record is to be made, its bytes being what they were: all fields of its kind must be written, the zeros too. */
static inline struct trace_event *trace_tape_place(struct trace_tape *tape)
{
    return (struct trace_event *)(void *)(tape->bytes + tape->used);
}

/* The record there is complete. `bytes`: its canonical length. True: a block is full, and must be folded before the next record. */
static inline bool trace_tape_take(struct trace_tape *tape, size_t bytes)
{
    tape->used += bytes;
    return __builtin_expect(tape->used >= TRACE_BLOCK, 0);
}

/* The records that were made on the tape from `from` on have been read: they become canonical. Before they are hashed. */
static inline void trace_tape_settle(struct trace_tape *tape, uint64_t from)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    while (from < tape->used) {
        struct trace_event event = *(struct trace_event *)(void *)(tape->bytes + from);
        from += trace_canonical(&event, tape->bytes + from);
    }
#else
    (void)tape;
    (void)from;
#endif
}

#endif
