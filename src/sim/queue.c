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
    memset(queue, 0, offsetof(struct queue, near));
    queue->kind = (uint32_t)kind;
    queue->capacity = capacity;
    queue->due_ns = -1;
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

__attribute__((noinline)) void queue_push_later(struct queue *queue, struct queue_event event)
{
    if (queue->kind == QUEUE_HEAP)
        queue_heap_push(queue, event);
    else
        queue_wheel_push(queue, event);
}

/* Into the kind's own heap of those that are due. */
static void crowd_add(struct queue *queue, struct queue_event event)
{
    if (queue->kind == QUEUE_HEAP)
        queue_heap_push(queue, event);
    else
        queue_wheel_crowd(queue, event);
}

__attribute__((noinline)) void queue_push_due(struct queue *queue, struct queue_event event)
{
    if (queue_near_add(queue, &event))
        return;
    if (queue->first != 0) {
        memmove(queue->near, queue->near + queue->first, (queue->end - queue->first) * sizeof event);
        queue->end -= queue->first;
        queue->first = 0;
        queue_near_add(queue, &event);
    } else {
        queue->crowded = 1;
        crowd_add(queue, event);
    }
}

/* In front of all that is near; what has no room there goes into the heap. */
static void near_prepend(struct queue *queue, struct queue_event event)
{
    if (queue->first == 0) {
        struct queue_event last = queue->near[QUEUE_NEAR - 1];
        bool full = queue->end == QUEUE_NEAR;
        memmove(queue->near + 1, queue->near, (queue->end - full) * sizeof event);
        queue->first = 1;
        queue->end += !full;
        if (full)
            crowd_add(queue, last);
    }
    queue->near[--queue->first] = event;
}

/* The list is full, or was: the earliest may lie in the heap. */
static void crowd_thins(struct queue *queue)
{
    bool heap = queue->kind == QUEUE_HEAP;
    const struct queue_event *top = heap ? queue_heap_top(queue) : queue_wheel_top(queue);
    if (top == NULL || top->time_ns > queue->due_ns) {
        queue->crowded = 0;
    } else if (queue->first == queue->end || queue_before(top, &queue->near[queue->first])) {
        struct queue_event event;
        if (heap)
            queue_heap_take(queue, &event);
        else
            queue_wheel_take(queue, &event);
        near_prepend(queue, event);
    }
}

bool queue_turn(struct queue *queue)
{
    if (queue->count == 0)
        return false;
    if (queue->crowded != 0)
        crowd_thins(queue);
    if (queue->first == queue->end) {
        queue->first = queue->end = 0;
        if (queue->kind == QUEUE_HEAP)
            queue_heap_turn(queue);
        else
            queue_wheel_turn(queue);
        if (queue->crowded != 0)
            crowd_thins(queue);
    }
    return true;
}

void queue_move(struct queue *to, struct queue *from)
{
    ASSERT(to->count == 0 && to->capacity >= from->count);
    to->last_ns = from->last_ns;
    if (to->kind == QUEUE_WHEEL)
        queue_wheel_turn_to(to, from->last_ns);
    for (uint32_t i = from->first; i < from->end; i++)
        queue_push(to, from->near[i]);
    if (from->kind == QUEUE_HEAP)
        queue_heap_copy(from, to);
    else
        queue_wheel_copy(from, to);
}
