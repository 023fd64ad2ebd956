/* SPDX-License-Identifier: MIT */
/* The event queue: a total order by (time, number). Swappable: every kind pops the same sequence. Relocatable: no pointers. */
#ifndef LASTACK_SIM_QUEUE_H
#define LASTACK_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct queue { /* the head of every kind; lies inside the world's block */
    uint32_t kind; /* enum queue_kind */
    uint32_t capacity, count;
    int64_t last_ns; /* time of the last popped event: none may be pushed before it */
};

/* Bytes for `capacity` pending events (a multiple of 64). */
size_t queue_bytes(enum queue_kind kind, uint32_t capacity);
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
/* The queue must have room (queue_count < queue_capacity): it then always succeeds. time_ns must be >= 0 and must not lie before the
 * last popped event's; what a peek has shown does not count. */
void queue_push(struct queue *queue, struct queue_event event);
/* The earliest without taking it; false if empty. Not const: a wheel may turn. */
bool queue_peek(struct queue *queue, struct queue_event *event);
bool queue_pop(struct queue *queue, struct queue_event *event);
/* Takes the earliest if it is not later than until_ns; false if there is none. */
bool queue_pop_until(struct queue *queue, int64_t until_ns, struct queue_event *event);
/* Copies all pending events of `from` into the freshly initialised `to` of at least as much capacity (any kinds); `from` stays. */
void queue_move(struct queue *to, struct queue *from);

/* For large worlds: where an event's target has its record, so that a wheel can fetch its first two cache lines a while before the
 * event is due: at `queue + offset + (target & mask) * stride`. Relocatable as long as the records move with the queue. A wrong
 * place costs time and harms nothing; a stride of 0, the default, is none. */
void queue_prefetch(struct queue *queue, int64_t offset, uint32_t stride, uint32_t mask);

#endif
