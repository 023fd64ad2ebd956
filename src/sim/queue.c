/* SPDX-License-Identifier: MIT */
#include "sim/queue.h"

#include <string.h>

#include "sim/queue_kinds.h"

size_t queue_bytes(enum queue_kind kind, uint32_t capacity)
{
    size_t bytes = 0;
    ASSERT(capacity <= QUEUE_CAPACITY_MAX);
    switch (kind) {
    case QUEUE_HEAP:
        bytes = queue_heap_bytes(capacity);
        break;
    case QUEUE_WHEEL:
        bytes = queue_wheel_bytes(capacity);
        break;
    }
    return (bytes + QUEUE_LINE - 1) / QUEUE_LINE * QUEUE_LINE;
}

size_t queue_bytes_used(const struct queue *queue)
{
    return queue->kind == QUEUE_WHEEL ? queue_wheel_bytes_used(queue) : queue_bytes(QUEUE_HEAP, queue->capacity);
}

struct queue *queue_init(void *memory, enum queue_kind kind, uint32_t capacity)
{
    struct queue *queue = memory;
    ASSERT((uintptr_t)memory % QUEUE_LINE == 0 && capacity <= QUEUE_CAPACITY_MAX);
    memset(queue, 0, offsetof(struct queue, lane_of));
    queue->kind = (uint32_t)kind;
    queue->capacity = capacity;
    queue->first = QUEUE_NEAR;
    queue->lanes = 1U << QUEUE_NO_LANE;
    queue->lane = QUEUE_NO_LANE;
    queue->lane_front = queue->lane_of[QUEUE_NO_LANE].first = queue->lane_of[QUEUE_NO_LANE].last =
        (struct queue_event){.time_ns = INT64_MAX, .number = UINT32_MAX};
    queue->near[QUEUE_NEAR] = (struct queue_event){.time_ns = INT64_MAX};
    if (kind == QUEUE_HEAP)
        queue_heap_init(queue);
    else
        queue_wheel_init(queue);
    return queue;
}

enum queue_kind queue_kind_of(const struct queue *queue)
{
    return (enum queue_kind)queue->kind;
}

void queue_lanes_bind(struct queue *queue, const struct queue_link *link, uint32_t of, size_t bytes)
{
    queue->link_bytes = (uint32_t)bytes;
    queue->link_at = (size_t)((uintptr_t)link - (uintptr_t)queue) - of * bytes;
}

void queue_lanes_compare(struct queue *queue)
{
    uint32_t least = QUEUE_NO_LANE;
    for (uint32_t left = queue->lanes; left != 0; left &= left - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(left);
        if (queue_before(&queue->lane_of[lane].first, &queue->lane_of[least].first))
            least = lane;
    }
    queue->lane = least;
    queue->lane_front = queue->lane_of[least].first;
}

__attribute__((noinline)) void queue_push_later(struct queue *queue, struct queue_event event)
{
    if (event.time_ns < *near_end_ns(queue))
        *near_end_ns(queue) = event.time_ns;
    if (queue->kind == QUEUE_HEAP)
        queue_heap_push(queue, event);
    else
        queue_wheel_push(queue, event);
}

/* Into the kind's own heap of those that are due. */
static void crowd_add(struct queue *queue, struct queue_event event)
{
    queue->crowded = 1;
    if (queue->kind == QUEUE_HEAP)
        queue_heap_push(queue, event);
    else
        queue_wheel_crowd(queue, event);
}

__attribute__((noinline)) void queue_push_apart(struct queue *queue, int64_t time_ns, uint32_t number, uint32_t target)
{
    queue_push(queue, (struct queue_event){.time_ns = time_ns, .number = number, .target = target});
}

__attribute__((noinline)) void queue_push_due(struct queue *queue, struct queue_event event)
{
    if (near_add(queue, &event))
        return;
    /* The list is full: its last one makes room, if this one comes before it. */
    struct queue_event last = queue->near[QUEUE_NEAR - 1];
    if (queue_before(&event, &last)) {
        memmove(queue->near + 1, queue->near, (QUEUE_NEAR - 1) * sizeof event);
        queue->first = 1;
        near_add(queue, &event);
        event = last;
    }
    crowd_add(queue, event);
}

void queue_thin(struct queue *queue)
{
    bool heap = queue->kind == QUEUE_HEAP;
    const struct queue_event *top = heap ? queue_heap_top(queue) : queue_wheel_top(queue);
    if (top == NULL || top->time_ns > queue->due_ns) {
        queue->crowded = 0;
    } else if (queue_before(top, &queue->near[queue->first])) {
        struct queue_event event;
        if (heap)
            queue_heap_take(queue, &event);
        else
            queue_wheel_take(queue, &event);
        near_add(queue, &event);
    }
}

__attribute__((noinline)) bool queue_turn(struct queue *queue, queue_stale stale, const void *ctx)
{
    return queue->kind == QUEUE_HEAP ? queue_heap_turn(queue, stale, ctx) : queue_wheel_turn(queue, stale, ctx);
}

void queue_move(struct queue *to, struct queue *from)
{
    ASSERT(to->count == 0 && to->capacity >= from->count);
    to->last_ns = to->due_ns = from->last_ns;
    for (uint32_t i = from->first; i < QUEUE_NEAR; i++)
        queue_push(to, from->near[i]);
    if (from->kind == QUEUE_HEAP)
        queue_heap_copy(from, to);
    else
        queue_wheel_copy(from, to);
    to->lanes = from->lanes;
    to->lane = from->lane;
    to->lane_front = from->lane_front;
    memcpy(to->lane_of, from->lane_of, sizeof to->lane_of);
    to->count = from->count; /* those in lanes too */
}
