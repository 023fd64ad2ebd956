/* SPDX-License-Identifier: MIT */
/* A 4-ary heap in one array. The best there is for up to a hundred pending events, and simple enough to judge the others by. When nothing
 * is due, the events of the next instant become so. */
#include "sim/queue_kinds.h"

struct heap {
    struct queue head;
    uint32_t heaped; /* events in the heap */
};

/* The root lies at the end of a cache line, so that each four children share one. */
#define ROOT_OFFSET \
    ((sizeof(struct heap) + sizeof(struct queue_event) + QUEUE_LINE - 1) / QUEUE_LINE * QUEUE_LINE - sizeof(struct queue_event))

static inline struct queue_event *event_at(void *queue, uint32_t index)
{
    return (struct queue_event *)(void *)((char *)queue + ROOT_OFFSET) + index;
}

static inline struct heap *heap_of(struct queue *queue)
{
    return (struct heap *)(void *)queue;
}

size_t queue_heap_bytes(uint32_t capacity)
{
    return ROOT_OFFSET + (size_t)capacity * sizeof(struct queue_event);
}

void queue_heap_init(struct queue *queue)
{
    heap_of(queue)->heaped = 0;
}

__attribute__((noinline)) void queue_heap_push(struct queue *queue, struct queue_event event)
{
    heap_push(queue, event_at, heap_of(queue)->heaped++, &event);
}

const struct queue_event *queue_heap_top(struct queue *queue)
{
    return heap_of(queue)->heaped != 0 ? event_at(queue, 0) : NULL;
}

void queue_heap_take(struct queue *queue, struct queue_event *event)
{
    *event = *event_at(queue, 0);
    heap_close(queue, event_at, --heap_of(queue)->heaped);
}

bool queue_heap_turn(struct queue *queue, queue_stale stale, const void *ctx)
{
    struct heap *heap = heap_of(queue);
    while (heap->heaped != 0 && drop_stale(queue, event_at(queue, 0), stale, ctx))
        heap_close(queue, event_at, --heap->heaped);
    if (heap->heaped == 0 || event_at(queue, 0)->time_ns > *near_end_ns(queue))
        return near_ends_later(queue, heap->heaped == 0 ? INT64_MAX : event_at(queue, 0)->time_ns);
    due_until(queue, event_at(queue, 0)->time_ns);
    queue->first = QUEUE_NEAR - 1;
    queue_heap_take(queue, &queue->near[QUEUE_NEAR - 1]);
    queue->crowded = heap->heaped != 0 && event_at(queue, 0)->time_ns == queue->due_ns;
    return true;
}

void queue_heap_copy(struct queue *from, struct queue *to)
{
    for (uint32_t i = 0; i < heap_of(from)->heaped; i++)
        queue_push(to, *event_at(from, i));
}
