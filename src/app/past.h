/* SPDX-License-Identifier: MIT */
/* What a run that is played step by step, and may go on for ever, remembers of itself: its newest events, and snapshots of its world from
 * which all that was before can be played again. Both are bounded, however long the run is. */
#ifndef LASTACK_APP_PAST_H
#define LASTACK_APP_PAST_H

#include "sim/engine.h"

#ifndef PAST_EVENTS /* a test makes do with fewer */
#define PAST_EVENTS 65536u /* so many at least; at times twice as many */
#define PAST_STEPS 16384u /* of the engine, between two snapshots at least */
#define PAST_BYTES_A_STEP 256u /* of a large world a copy takes as long as many steps: it is made the more rarely */
#endif
#define PAST_SNAPSHOTS 40u
#define PAST_BYTES ((size_t)128 << 20) /* all snapshots together, if more than one */

/* The newest events of a run, as a trace of its own that begins with what is left of the time before: the names of the connections, and
 * the state that each end was in. */
struct recent {
    struct trace trace;
    uint32_t forgotten; /* the run's event N has number N - forgotten here */
    uint32_t left; /* its first so many events are what is left of the time before */
};
/* Events of the run; also a trace_sink. */
void recent_keep(void *recent, uint32_t number, const struct trace_event *first, uint32_t count);
/* Lets go of all but the last `most` events. */
void recent_forget(struct recent *recent, uint32_t most);

bool recent_copy(struct recent *to, const struct recent *from);

struct snapshot {
    void *world;
    size_t world_bytes, bytes; /* bytes: with what is known of the time before */
    uint64_t steps;
    int64_t now_ns;
    struct recent before; /* what is to be known of the time before it: no event, only what is left of it */
};

/* Oldest first. The older, the further apart: each gap is about as long as the way back to it. The beginning needs none. */
struct past {
    struct snapshot list[PAST_SNAPSHOTS];
    unsigned count;
    size_t bytes;
};

/* After a step of the engine: takes a snapshot if it is time for one. */
void past_take(struct past *past, const struct world *world, const struct recent *recent);
/* The newest snapshot with at most so many events, from before that time; NULL: only the beginning is. Later ones are let go. */
const struct snapshot *past_find(struct past *past, uint32_t events, int64_t time_ns);
void past_clear(struct past *past);

#endif
