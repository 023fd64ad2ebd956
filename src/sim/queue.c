/* SPDX-License-Identifier: MIT */
#include "sim/queue.h"

#include "base/invariant.h"
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

struct queue *queue_init(void *memory, enum queue_kind kind, uint32_t capacity)
{
    struct queue *queue = memory;
    ASSERT((uintptr_t)memory % QUEUE_LINE == 0 && capacity <= QUEUE_CAPACITY_MAX);
    *queue = (struct queue){.kind = (uint32_t)kind, .capacity = capacity};
    if (kind == QUEUE_WHEEL)
        queue_wheel_init(queue);
    return queue;
}

enum queue_kind queue_kind_of(const struct queue *queue)
{
    return (enum queue_kind)queue->kind;
}

void queue_prefetch(struct queue *queue, int64_t offset, uint32_t stride, uint32_t mask)
{
    if (queue->kind == QUEUE_WHEEL)
        queue_wheel_prefetch(queue, offset, stride, mask);
}

void queue_push(struct queue *queue, struct queue_event event)
{
    ASSERT(queue->count < queue->capacity);
    ASSERT(event.time_ns >= queue->last_ns);
    if (queue->kind == QUEUE_HEAP)
        queue_heap_push(queue, &event);
    else
        queue_wheel_push(queue, &event);
    queue->count++;
}

bool queue_peek(struct queue *queue, struct queue_event *event)
{
    if (queue->count == 0)
        return false;
    *event = queue->kind == QUEUE_HEAP ? *queue_heap_peek(queue) : *queue_wheel_peek(queue);
    return true;
}

bool queue_pop(struct queue *queue, struct queue_event *event)
{
    if (queue->count == 0)
        return false;
    if (queue->kind == QUEUE_HEAP)
        queue_heap_pop(queue, event);
    else
        queue_wheel_pop(queue, event);
    queue->count--;
    queue->last_ns = event->time_ns;
    return true;
}

bool queue_pop_until(struct queue *queue, int64_t until_ns, struct queue_event *event)
{
    if (queue->count == 0)
        return false;
    const struct queue_event *first = queue->kind == QUEUE_HEAP ? queue_heap_peek(queue) : queue_wheel_peek(queue);
    if (first->time_ns > until_ns)
        return false;
    return queue_pop(queue, event);
}

void queue_move(struct queue *to, struct queue *from)
{
    ASSERT(to->count == 0 && to->capacity >= from->count);
    to->last_ns = from->last_ns;
    if (to->kind == QUEUE_WHEEL)
        queue_wheel_turn_to(to, from->last_ns);
    if (from->kind == QUEUE_HEAP)
        queue_heap_copy(from, to);
    else
        queue_wheel_copy(from, to);
}
