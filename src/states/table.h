/* SPDX-License-Identifier: MIT */
/* The state x event table of a profile, got by driving src/tcp: each situation is reached anew, by playing, for each event. */
#ifndef LASTACK_STATES_TABLE_H
#define LASTACK_STATES_TABLE_H

#include "states/bench.h"

/* A state, and how an end came there where that matters. */
enum situation {
    AT_CLOSED,
    AT_LISTEN,
    AT_SYN_SENT,
    AT_SYN_RECEIVED, /* from LISTEN */
    AT_SYN_RECEIVED_BOTH, /* from SYN_SENT: both opened */
    AT_ESTABLISHED,
    AT_FIN_WAIT_1, /* the program has shut its writing side and holds the socket */
    AT_FIN_WAIT_1_ORPHAN, /* it has closed */
    AT_FIN_WAIT_2,
    AT_FIN_WAIT_2_ORPHAN,
    AT_CLOSE_WAIT,
    AT_CLOSING,
    AT_CLOSING_ORPHAN,
    AT_LAST_ACK,
    AT_LAST_ACK_ORPHAN,
    AT_TIME_WAIT,
    SITUATIONS
};
enum tcp_state situation_state(enum situation situation);
/* What sets it apart from others in the same state ("its program has closed"), NULL. */
const char *situation_note(enum situation situation);
/* Plays until it is reached; what led there is forgotten. */
void situation_reach(struct bench *bench, enum profile_id profile, enum situation situation);

/* Events stand in three groups: calls of the program, segments, time. */
enum event_group { EVENTS_CALLS, EVENTS_SEGMENTS, EVENTS_TIME };
struct event_about {
    const char *name; /* "FIN, above a gap" */
    enum event_group group;
    bool any_timer; /* of whichever timer fires first: it is better called by that one's name */
};
unsigned events_count(void);
const struct event_about *event_about(unsigned event);

struct outcome {
    bool possible; /* the event can happen in that situation */
    bool call; /* `value` or `error` is what the call returned */
    bool waits; /* or would not return yet */
    enum tcp_errno error;
    uint32_t value;
    bool eof; /* a RECEIVE said end-of-file */
    /* what the program is told without asking: */
    bool connected, told_eof;
    uint32_t told_bytes;
    enum tcp_errno told_error;
    enum tcp_timer timer; /* time: which fired first, and when the last did */
    int64_t after_ns;
    enum tcp_state state; /* where it ends */
    struct bench_move moves[BENCH_MOVES];
    unsigned move_count;
    struct segment sent[BENCH_SENT];
    unsigned sent_count;
};
void table_play(enum profile_id profile, enum situation situation, unsigned event, struct outcome *outcome);

#endif
