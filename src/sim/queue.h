/* SPDX-License-Identifier: MIT */
/* The event queue: a total order by (time, number). Swappable: every kind pops the same sequence. Relocatable: no pointers.
 *
 * What every kind has is a short list in order, `near`, of the events that are due: those up to due_ns, the present instant of a heap, the
 * present tick of a wheel. Half of all events are pushed for the instant in which they are pushed, most often in front of all others: a
 * program that goes on. They never leave the list. If it is full, the rest of the due ones lies in the kind's own heap (`crowded`). */
#ifndef LASTACK_SIM_QUEUE_H
#define LASTACK_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/invariant.h"

/* 16 bytes. `number` holds the class of the event in its two top bits (0 statements, 1 arrivals and timers, 2 programs), then
 * the number given when it was sent or armed; (time_ns, number) is unique among pending events. */
struct queue_event {
    int64_t time_ns;
    uint32_t number;
    uint32_t target; /* what it is for; opaque here */
};

enum queue_kind { QUEUE_HEAP, QUEUE_WHEEL };
#define QUEUE_KINDS 2
#define QUEUE_CAPACITY_MAX (UINT32_C(1) << 30)
#define QUEUE_NEAR 32

struct queue { /* the head of every kind; lies inside the world's block */
    uint32_t kind; /* enum queue_kind */
    uint32_t capacity, count;
    uint32_t crowded; /* some that are due may lie in the kind's heap */
    uint32_t first, end; /* of `near` */
    int64_t last_ns; /* time of the last popped event: none may be pushed before it */
    int64_t due_ns; /* events up to this time are due */
    struct queue_event near[QUEUE_NEAR]; /* the earliest first */
};

/* Bytes for `capacity` pending events (a multiple of 64). */
size_t queue_bytes(enum queue_kind kind, uint32_t capacity);
/* Of them, those that were ever written. */
size_t queue_bytes_used(const struct queue *queue);
/* `memory` holds queue_bytes(kind, capacity), 64-byte aligned. */
struct queue *queue_init(void *memory, enum queue_kind kind, uint32_t capacity);
enum queue_kind queue_kind_of(const struct queue *queue);
static inline uint32_t queue_count(const struct queue *queue)
{
    return queue->count;
}
static inline uint32_t queue_capacity(const struct queue *queue)
{
    return queue->capacity;
}
static inline bool queue_before(const struct queue_event *a, const struct queue_event *b)
{
    /* Without a branch: which of two events is earlier is anybody's guess. */
    return (a->time_ns < b->time_ns) | ((a->time_ns == b->time_ns) & (a->number < b->number));
}

/* Later than what is due; due, and not in front of all others. */
void queue_push_later(struct queue *queue, struct queue_event event);
void queue_push_due(struct queue *queue, struct queue_event event);
/* The earliest event comes to the front of `near`; false if there is none. */
bool queue_turn(struct queue *queue);

/* Does a due event come before all others, and is there room for it in front? Then it is put there. */
static inline bool queue_near_front(struct queue *queue, const struct queue_event *event)
{
    uint32_t first = queue->first;
    if (first == 0 || (first != queue->end && !queue_before(event, &queue->near[first])))
        return false;
    queue->near[first - 1] = *event;
    queue->first = first - 1;
    return true;
}

/* Puts a due event in its place; false if the list is full. */
static inline bool queue_near_add(struct queue *queue, const struct queue_event *event)
{
    uint32_t first = queue->first, at = queue->end;
    if (queue_near_front(queue, event))
        return true;
    if (at == QUEUE_NEAR)
        return false;
    queue->end = at + 1;
    for (; at > first && queue_before(event, &queue->near[at - 1]); at--)
        queue->near[at] = queue->near[at - 1];
    queue->near[at] = *event;
    return true;
}

/* The queue must have room (queue_count < queue_capacity): it then always succeeds. time_ns must be >= 0 and must not lie before the
 * last popped event's; what a peek has shown does not count. */
static inline void queue_push(struct queue *queue, struct queue_event event)
{
    ASSERT(queue->count < queue->capacity);
    ASSERT(event.time_ns >= queue->last_ns);
    queue->count++;
    if (event.time_ns > queue->due_ns)
        queue_push_later(queue, event);
    else if (!queue_near_front(queue, &event))
        queue_push_due(queue, event);
}

/* The earliest without taking it; false if empty. Not const: a wheel may turn. */
static inline bool queue_peek(struct queue *queue, struct queue_event *event)
{
    if (((queue->first == queue->end) | (queue->crowded != 0)) && !queue_turn(queue))
        return false;
    *event = queue->near[queue->first];
    return true;
}

/* Is all that is pending later than that? False if that cannot be told without turning. */
static inline bool queue_front_is_later(const struct queue *queue, int64_t time_ns, uint32_t number)
{
    const struct queue_event event = {.time_ns = time_ns, .number = number};
    bool later = queue->first != queue->end ? queue_before(&event, &queue->near[queue->first]) : time_ns <= queue->due_ns;
    return later & (queue->crowded == 0);
}

/* Takes the earliest if it is not later than until_ns; false if there is none. */
static inline bool queue_pop_until(struct queue *queue, int64_t until_ns, struct queue_event *event)
{
    if (!queue_peek(queue, event) || event->time_ns > until_ns)
        return false;
    queue->first++;
    queue->count--;
    queue->last_ns = event->time_ns;
    return true;
}

static inline bool queue_pop(struct queue *queue, struct queue_event *event)
{
    return queue_pop_until(queue, INT64_MAX, event);
}

/* Copies all pending events of `from` into the freshly initialised `to` of at least as much capacity (any kinds); `from` stays. */
void queue_move(struct queue *to, struct queue *from);

#endif
