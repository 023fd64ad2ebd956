/* SPDX-License-Identifier: MIT */
/* The event queue: a total order by (time, number). Swappable: every kind pops the same sequence. Relocatable: no pointers.
 *
 * An event waits in one of three places, and the earliest of their fronts comes first:
 *
 * - `near`, a short list in order of the events that are due: those up to due_ns, which is never before the present. Many events are pushed
 *   for the instant in which they are pushed, most often in front of all others: a program that goes on. They never leave the list. If it
 *   is full, the rest of the due ones lies in the kind's own heap (`crowded`).
 * - a lane. What is pushed in the order in which it will be taken, as the arrivals over a link of constant delay are, needs no sorting:
 * each follows the one before. An event that would come before the last of its lane goes where all others go, so the order is exact always.
 *   A lane is a list through a pool of the caller's, in the same block: an event costs no memory there but its link.
 * - the kind's own store: all others, which are later than due_ns. */
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

/* What the caller's pool keeps of an event in a lane. */
struct queue_link {
    int64_t time_ns;
    uint32_t number;
    uint32_t next; /* target of the one that follows, if one does */
};

enum queue_kind { QUEUE_HEAP, QUEUE_WHEEL };
#define QUEUE_KINDS 2
#define QUEUE_CAPACITY_MAX (UINT32_C(1) << 30)
#define QUEUE_NEAR 16
#define QUEUE_LANES 4
#define QUEUE_NO_LANE QUEUE_LANES /* as if its first and last were never: it takes no event, and none comes of it */
#define QUEUE_GRAIN ((INT64_C(1) << 15) - 1) /* what becomes due with an event: the rest of its 33 us, a wheel's tick */

struct queue_lane {
    struct queue_event first, last;
};

struct queue { /* the head of every kind; lies inside the world's block */
    uint32_t kind; /* enum queue_kind */
    uint32_t capacity, count;
    uint32_t crowded; /* some that are due lie in the kind's heap, none of them before all of `near` */
    uint32_t first; /* of `near` */
    uint32_t lanes; /* mask of those that are not empty, and of QUEUE_NO_LANE */
    uint32_t lane; /* of them, the one whose first event is the earliest: it stands in lane_front too */
    uint32_t link_bytes; /* from one link to the next */
    size_t link_at; /* where the link of target 0 would lie, from here */
    int64_t last_ns; /* time of the last popped event: none may be pushed before it */
    int64_t due_ns; /* events up to this time are due */
    struct queue_event lane_front;
    struct queue_lane lane_of[QUEUE_LANES + 1];
    struct queue_event near[QUEUE_NEAR + 1]; /* the earliest first. Behind the last: (a time before which none in the store is, 0) */
};

/* Bytes for `capacity` pending events (a multiple of 64). */
size_t queue_bytes(enum queue_kind kind, uint32_t capacity);
/* Of them, those that were ever written. */
size_t queue_bytes_used(const struct queue *queue);
/* `memory` holds queue_bytes(kind, capacity), 64-byte aligned. */
struct queue *queue_init(void *memory, enum queue_kind kind, uint32_t capacity);
/* The link of an event for `target` lies `bytes` further than that of target - 1; `link` is that of `of`. Before the first event of a lane,
 * and after the block was laid out anew. */
void queue_lanes_bind(struct queue *queue, const struct queue_link *link, uint32_t of, size_t bytes);
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
/* The same where the times most often differ. */
static inline bool queue_comes_first(const struct queue_event *a, const struct queue_event *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->number < b->number;
}
static inline struct queue_link *queue_link_of(struct queue *queue, uint32_t target)
{
    return (struct queue_link *)(void *)((char *)queue + (ptrdiff_t)(queue->link_at + (size_t)target * queue->link_bytes));
}

/* Later than what is due; due, and not in front of all others. */
void queue_push_later(struct queue *queue, struct queue_event event);
void queue_push_due(struct queue *queue, struct queue_event event);
/* Nothing is due: what comes next in the store becomes so, or is seen to be later than `near` says. False: the store is empty. What comes
 * by on the way and is of no use any more (`stale`, NULL: none is) is dropped. */
typedef bool (*queue_stale)(const void *ctx, const struct queue_event *event);
bool queue_turn(struct queue *queue, queue_stale stale, const void *ctx);
/* After the first event of `near` was taken, when it is crowded. */
void queue_thin(struct queue *queue);
/* Which lane's first event is the earliest. */
void queue_lanes_compare(struct queue *queue);

/* The queue must have room (queue_count < queue_capacity): it then always succeeds. time_ns must be >= 0 and must not lie before the
 * last popped event's; what a peek has shown does not count. */
static inline void queue_push(struct queue *queue, struct queue_event event)
{
    uint32_t first = queue->first;
    ASSERT(queue->count < queue->capacity);
    ASSERT(event.time_ns >= queue->last_ns);
    queue->count++;
    if (event.time_ns > queue->due_ns) {
        queue_push_later(queue, event);
    } else if (first != 0 && queue_before(&event, &queue->near[first])) {
        queue->near[first - 1] = event;
        queue->first = first - 1;
    } else {
        queue_push_due(queue, event);
    }
}

/* The same, not inline. */
void queue_push_apart(struct queue *queue, int64_t time_ns, uint32_t number, uint32_t target);

/* The same for an event that most likely comes after all that were pushed to this lane. `link`: its own. */
static inline void queue_push_lane(struct queue *queue, unsigned lane, struct queue_event event, struct queue_link *link)
{
    struct queue_lane *in = &queue->lane_of[lane];
    if ((queue->lanes >> lane & 1) != 0) {
        if (__builtin_expect(!queue_comes_first(&in->last, &event), 0)) {
            queue_push_apart(queue, event.time_ns, event.number, event.target);
            return;
        }
        queue_link_of(queue, in->last.target)->next = event.target;
        in->last = event;
    } else {
        queue->lanes |= 1U << lane;
        in->first = in->last = event;
        if (queue_before(&event, &queue->lane_front)) {
            queue->lane = lane;
            queue->lane_front = event;
        }
    }
    ASSERT(queue->count < queue->capacity);
    ASSERT(event.time_ns >= queue->last_ns);
    queue->count++;
    link->time_ns = event.time_ns;
    link->number = event.number;
}

/* The earliest; NULL if there is none. Not const: a wheel may turn. */
static inline const struct queue_event *queue_front(struct queue *queue)
{
    do {
        const struct queue_event *near = &queue->near[queue->first];
        if (queue_comes_first(&queue->lane_front, near))
            return &queue->lane_front;
        if (queue->first != QUEUE_NEAR)
            return near;
    } while (queue_turn(queue, NULL, NULL));
    return NULL;
}

/* Takes the first of the lanes' events. What comes next in the store is later, so what is pushed for the present is due. */
static inline void queue_lane_take(struct queue *queue)
{
    struct queue_lane *lane = &queue->lane_of[queue->lane];
    int64_t time_ns = queue->lane_front.time_ns;
    queue->count--;
    queue->last_ns = time_ns;
    if (time_ns > queue->due_ns) {
        int64_t grain_ns = time_ns | QUEUE_GRAIN, before_ns = queue->near[QUEUE_NEAR].time_ns - 1;
        queue->due_ns = grain_ns < before_ns ? grain_ns : before_ns;
    }
    if (queue->lane_front.target == lane->last.target) {
        queue->lanes &= ~(1U << queue->lane);
        queue_lanes_compare(queue);
        return;
    }
    uint32_t next = queue_link_of(queue, queue->lane_front.target)->next;
    const struct queue_link *link = queue_link_of(queue, next);
    queue->lane_front = lane->first = (struct queue_event){.time_ns = link->time_ns, .number = link->number, .target = next};
    if ((queue->lanes & (queue->lanes - 1)) != 1U << QUEUE_NO_LANE) /* more than this one */
        queue_lanes_compare(queue);
}

/* Takes the first of `near`. */
static inline void queue_near_take(struct queue *queue)
{
    queue->count--;
    queue->last_ns = queue->near[queue->first++].time_ns;
    if (__builtin_expect(queue->crowded != 0, 0))
        queue_thin(queue);
}

/* The earliest without taking it; false if empty. */
static inline bool queue_peek(struct queue *queue, struct queue_event *event)
{
    const struct queue_event *front = queue_front(queue);
    if (front == NULL)
        return false;
    *event = *front;
    return true;
}

/* Is all that is pending later than that? False if that cannot be told without turning. */
static inline bool queue_front_is_later(const struct queue *queue, int64_t time_ns, uint32_t number)
{
    const struct queue_event event = {.time_ns = time_ns, .number = number};
    return time_ns <= queue->due_ns && queue_comes_first(&event, &queue->near[queue->first]) &&
           queue_comes_first(&event, &queue->lane_front);
}

/* Takes the earliest if it is not later than until_ns; false if there is none. */
static inline bool queue_pop_until(struct queue *queue, int64_t until_ns, struct queue_event *event)
{
    const struct queue_event *front = queue_front(queue);
    if (front == NULL || front->time_ns > until_ns)
        return false;
    *event = *front;
    if (front == &queue->lane_front)
        queue_lane_take(queue);
    else
        queue_near_take(queue);
    return true;
}

static inline bool queue_pop(struct queue *queue, struct queue_event *event)
{
    return queue_pop_until(queue, INT64_MAX, event);
}

/* Copies all pending events of `from` into the freshly initialised `to` of at least as much capacity (any kinds); `from` stays. The links
 * of the lanes' events must be there already, and bound. */
void queue_move(struct queue *to, struct queue *from);

#endif
