/* SPDX-License-Identifier: MIT */
#include "app/past.h"

#include <stdlib.h>
#include <string.h>

#include "tcp/state.h"

/* ---- the newest events ---- */

void recent_keep(void *recent, uint32_t number, const struct trace_event *first, uint32_t count)
{
    struct recent *r = recent;
    for (const struct trace_event *event = first; count != 0; event = trace_next(event), count--, number++) {
        struct trace_event here = *event;
        here.cause = here.cause > r->forgotten ? here.cause - r->forgotten : 0;
        trace_keep(&r->trace, number - r->forgotten, &here, 1);
    }
}

static bool is_gone(uint8_t state)
{
    return state == TCP_CLOSED || state == TCP_LISTEN;
}

/* Copies what is left of the first `count` events: the names, and for each end that is still there one change of state, from nothing to
 * what it is in. `to` may be `from`. UINT32_MAX: out of memory; else how many they are. */
static uint32_t left_over(struct trace_event *to, const struct trace_event *from, uint32_t count)
{
    uint32_t ends = 0, left = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (from[i].kind == TRACE_STATE && from[i].state.end >= ends)
            ends = from[i].state.end + 1;
    }
    uint32_t *last = calloc((size_t)ends + 1, sizeof *last); /* by end, the place + 1 of its last change */
    if (last == NULL)
        return UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        if (from[i].kind == TRACE_STATE)
            last[from[i].state.end] = is_gone(from[i].state.to) ? 0 : i + 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        const bool stays = from[i].kind == TRACE_STATE && last[from[i].state.end] == i + 1;
        if (!stays && from[i].kind != TRACE_NAME)
            continue;
        to[left] = from[i];
        to[left].cause = 0;
        if (stays)
            to[left].state.from = TCP_CLOSED;
        left++;
    }
    free(last);
    return left;
}

void recent_forget(struct recent *recent, uint32_t most)
{
    struct trace *trace = &recent->trace;
    const uint32_t gone = trace->count > most ? trace->count - most : 0, stay = trace->count - gone;
    const uint32_t left = left_over(trace->events, trace->events, gone), by = gone - left;
    if (left == UINT32_MAX)
        return; /* it may have more memory the next time */
    memmove(trace->events + left, trace->events + gone, stay * sizeof *trace->events);
    trace->count = left + stay;
    for (uint32_t i = left; i < trace->count; i++)
        trace->events[i].cause = trace->events[i].cause > gone ? trace->events[i].cause - by : 0;
    recent->forgotten += by;
    recent->left = left;
}

/* What is left of all that was, and no event. */
static bool recent_left(struct recent *to, const struct recent *from)
{
    struct trace_event *events = malloc((size_t)from->trace.count * sizeof *events + 1);
    const uint32_t left = events != NULL ? left_over(events, from->trace.events, from->trace.count) : UINT32_MAX;
    if (left == UINT32_MAX) {
        free(events);
        return false;
    }
    struct trace_event *fitting = realloc(events, (size_t)left * sizeof *events + 1);
    to->trace = (struct trace){.events = fitting != NULL ? fitting : events, .count = left, .capacity = left};
    to->forgotten = from->forgotten + from->trace.count - left;
    to->left = left;
    return true;
}

bool recent_copy(struct recent *to, const struct recent *from)
{
    const size_t bytes = from->trace.count * sizeof *from->trace.events;
    if (to->trace.capacity < from->trace.count) {
        struct trace_event *events = realloc(to->trace.events, bytes);
        if (events == NULL)
            return false;
        to->trace.events = events;
        to->trace.capacity = from->trace.count;
    }
    if (bytes > 0)
        memcpy(to->trace.events, from->trace.events, bytes);
    to->trace.count = from->trace.count;
    to->forgotten = from->forgotten;
    to->left = from->left;
    return true;
}

/* ---- snapshots ---- */

static void snapshot_free(struct snapshot *snapshot)
{
    free(snapshot->world);
    trace_free(&snapshot->before.trace);
}

static void drop(struct past *past, unsigned index)
{
    past->bytes -= past->list[index].bytes;
    snapshot_free(&past->list[index]);
    past->count--;
    memmove(&past->list[index], &past->list[index + 1], (past->count - index) * sizeof past->list[0]);
}

/* One between two others goes if the gap that it leaves is not longer than the way back to it. */
static void thin(struct past *past, uint64_t now)
{
    for (unsigned i = past->count; i-- > 1;) {
        const uint64_t older = i > 1 ? past->list[i - 2].steps : 0, newer = past->list[i].steps;
        if (newer - older <= now - newer)
            drop(past, i - 1);
    }
    while (past->count > 1 && (past->bytes > PAST_BYTES || past->count == PAST_SNAPSHOTS))
        drop(past, 0);
}

static bool copy(struct snapshot *snapshot, const struct world *world, const struct recent *recent)
{
    *snapshot = (struct snapshot){.world_bytes = world_bytes(world),
                                  .steps = world_steps(world),
                                  .now_ns = world_now(world),
                                  .before = {.forgotten = recent->forgotten}};
    snapshot->world = malloc(snapshot->world_bytes);
    if (snapshot->world == NULL || !recent_left(&snapshot->before, recent)) {
        snapshot_free(snapshot);
        return false;
    }
    snapshot->bytes = snapshot->world_bytes + snapshot->before.trace.count * sizeof *snapshot->before.trace.events;
    memcpy(snapshot->world, world, snapshot->world_bytes);
    return true;
}

void past_take(struct past *past, const struct world *world, const struct recent *recent)
{
    const uint64_t steps = world_steps(world), last = past->count > 0 ? past->list[past->count - 1].steps : 0;
    const uint64_t large = world_bytes(world) / PAST_BYTES_A_STEP, apart = large > PAST_STEPS ? large : PAST_STEPS;
    if (steps < last + apart || !copy(&past->list[past->count], world, recent))
        return; /* without memory for it the way back is only longer */
    past->bytes += past->list[past->count++].bytes;
    thin(past, steps);
}

const struct snapshot *past_find(struct past *past, uint32_t events, int64_t time_ns)
{
    while (past->count > 0) {
        const struct snapshot *last = &past->list[past->count - 1];
        if (last->before.forgotten + last->before.trace.count <= events && last->now_ns < time_ns)
            return last;
        drop(past, past->count - 1);
    }
    return NULL;
}

void past_clear(struct past *past)
{
    while (past->count > 0)
        drop(past, past->count - 1);
}
