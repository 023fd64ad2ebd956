/* SPDX-License-Identifier: MIT */
/* What the kinds of queue share, and nobody else sees: what each can do, a 4-ary heap over any storage. */
#ifndef LASTACK_SIM_QUEUE_KINDS_H
#define LASTACK_SIM_QUEUE_KINDS_H

#include "sim/queue.h"

#define QUEUE_LINE 64 /* bytes of a cache line; every queue begins on one */

/* Of each kind. push: an event later than what is due. crowd: one that is due, into the heap. top, take: of the heap where those due lie
 * that the list has no room for. turn: nothing is due; what comes next in the store becomes so. Or, if that is later than was known,
 * near_end_ns tells it now; false if there is no news, for the store is empty. */
size_t queue_heap_bytes(uint32_t capacity);
void queue_heap_init(struct queue *queue);
void queue_heap_push(struct queue *queue, struct queue_event event); /* and for its crowd too: it has one heap */
const struct queue_event *queue_heap_top(struct queue *queue);
void queue_heap_take(struct queue *queue, struct queue_event *event);
bool queue_heap_turn(struct queue *queue, queue_stale stale, const void *ctx);
void queue_heap_copy(struct queue *from, struct queue *to);

size_t queue_wheel_bytes(uint32_t capacity);
size_t queue_wheel_bytes_used(const struct queue *queue);
void queue_wheel_init(struct queue *queue);
void queue_wheel_push(struct queue *queue, struct queue_event event);
void queue_wheel_crowd(struct queue *queue, struct queue_event event);
const struct queue_event *queue_wheel_top(struct queue *queue);
void queue_wheel_take(struct queue *queue, struct queue_event *event);
bool queue_wheel_turn(struct queue *queue, queue_stale stale, const void *ctx);
void queue_wheel_copy(struct queue *from, struct queue *to);

/* What stands behind the last of `near`: a time before which nothing in the store is. */
static inline int64_t *near_end_ns(struct queue *queue)
{
    return &queue->near[QUEUE_NEAR].time_ns;
}

/* None in the store comes before then; true if that is news. */
static inline bool near_ends_later(struct queue *queue, int64_t time_ns)
{
    bool later = time_ns > *near_end_ns(queue);
    *near_end_ns(queue) = time_ns;
    return later;
}

/* Everything up to due_ns is in `near` or its crowd now, and there is something. */
static inline void due_until(struct queue *queue, int64_t due_ns)
{
    queue->due_ns = due_ns;
    bool ever = due_ns == INT64_MAX;
    queue->near[QUEUE_NEAR] = (struct queue_event){.time_ns = due_ns + !ever, .number = ever ? UINT32_MAX : 0};
}

static inline bool drop_stale(struct queue *queue, const struct queue_event *event, queue_stale stale, const void *ctx)
{
    bool drop = stale != NULL && stale(ctx, event);
    queue->count -= drop;
    return drop;
}

/* Puts a due event in its place; false if the list is full. */
static inline bool near_add(struct queue *queue, const struct queue_event *event)
{
    uint32_t at = queue->first;
    if (at == 0)
        return false;
    queue->first = at - 1;
    for (; queue_before(&queue->near[at], event); at++) /* what stands behind the last is later */
        queue->near[at - 1] = queue->near[at];
    queue->near[at - 1] = *event;
    return true;
}

/* Where the element of this index lies. Always a constant, so that the compiler puts it in place. */
typedef struct queue_event *(*heap_at)(void *heap, uint32_t index);
#define HEAP_INLINE static inline __attribute__((always_inline))

/* `event` joins a heap of `count`, whose storage has room at index `count`. */
HEAP_INLINE void heap_push(void *heap, heap_at at, uint32_t count, const struct queue_event *event)
{
    const struct queue_event added = *event;
    uint32_t hole = count;
    while (hole > 0) {
        uint32_t parent = (hole - 1) / 4;
        const struct queue_event *above = at(heap, parent);
        if (!queue_before(&added, above))
            break;
        *at(heap, hole) = *above;
        hole = parent;
    }
    *at(heap, hole) = added;
}

/* The root is gone and `count` others are left, the last of them at index `count`: that one goes where it belongs. */
HEAP_INLINE void heap_close(void *heap, heap_at at, uint32_t count)
{
    if (count == 0)
        return;
    const struct queue_event moved = *at(heap, count);
    uint32_t hole = 0;
    for (uint32_t child = 1; child < count; child = 4 * hole + 1) {
        uint32_t end = count - child < 4 ? count : child + 4;
        const struct queue_event *least = at(heap, child);
        uint32_t least_index = child;
        for (uint32_t other = child + 1; other < end; other++) {
            const struct queue_event *next = at(heap, other);
            bool earlier = queue_before(next, least);
            least = earlier ? next : least;
            least_index = earlier ? other : least_index;
        }
        if (!queue_before(least, &moved))
            break;
        *at(heap, hole) = *least;
        hole = least_index;
    }
    *at(heap, hole) = moved;
}

#endif
