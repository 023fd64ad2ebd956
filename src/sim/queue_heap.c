/* SPDX-License-Identifier: MIT */
/* A 4-ary heap in one array. The best there is for up to a hundred pending events, and simple enough to judge the others by. */
#include "sim/queue_kinds.h"

/* The root lies at the end of the first cache line, so that each four children share one. */
#define ROOT_OFFSET (QUEUE_LINE - sizeof(struct queue_event))
_Static_assert(sizeof(struct queue) <= ROOT_OFFSET, "the head leaves the root its place");

static inline struct queue_event *event_at(void *queue, uint32_t index)
{
    return (struct queue_event *)(void *)((char *)queue + ROOT_OFFSET) + index;
}

size_t queue_heap_bytes(uint32_t capacity)
{
    return ROOT_OFFSET + (size_t)capacity * sizeof(struct queue_event);
}

void queue_heap_push(struct queue *queue, const struct queue_event *event)
{
    heap_push(queue, event_at, queue->count, event);
}

const struct queue_event *queue_heap_peek(struct queue *queue)
{
    return event_at(queue, 0);
}

void queue_heap_pop(struct queue *queue, struct queue_event *event)
{
    *event = *event_at(queue, 0);
    heap_close(queue, event_at, queue->count - 1);
}

void queue_heap_copy(const struct queue *from, struct queue *to)
{
    const struct queue_event *events = (const struct queue_event *)(const void *)((const char *)from + ROOT_OFFSET);
    for (uint32_t i = 0; i < from->count; i++)
        queue_push(to, events[i]);
}
