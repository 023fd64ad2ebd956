/* SPDX-License-Identifier: MIT */
/* A hierarchical timing wheel of chunks (Varghese and Lauck's scheme 7), with the exact order of a heap.
 *
 * Time is cut into ticks of 33 us. The events of the current tick, and any that were pushed for an earlier one after a peek had turned
 * the wheel, are due: they lie in the queue's short list, into which another is easily put since most come in their order anyway; what it
 * has no room for, if the tick is a crowded one, lies in a 4-ary heap. Every other event lies in a slot, at the lowest level that reaches
 * so far: a slot of level l spans 2048^l ticks, and each level is a ring that begins at the current tick. So most events go straight to
 * where they will be taken from. When nothing is due, the slot that begins first is taken (of two that begin together the wider): from
 * the lowest level its events become due, from another they are placed anew.
 *
 * The levels reach to the end of int64 time: there is no overflow list. A slot is a ring of chunks of 3 or 15 events, whichever costs the
 * least memory for the capacity; the heap's storage is made of chunks of the same pool, found through a table. Only the bitmaps are
 * cleared at the start: a slot's head has a meaning only while its bit is set.
 *
 * Everything is an index or an offset: the queue may be copied to another address at any moment. */
#include <string.h>

#include "base/invariant.h"
#include "sim/queue_kinds.h"

/* A tick of 33 us holds a few events when a thousand connections are at work, and the lowest level then reaches 67 ms: further than the
 * delay of most links, and than the timers that wait for an answer over them. */
#define TICK_BITS 15
_Static_assert(QUEUE_GRAIN == (INT64_C(1) << TICK_BITS) - 1, "one tick becomes due at a time");
#define SLOT_BITS 11
#define SLOTS (1U << SLOT_BITS)
#define SLOT_MASK (SLOTS - 1)
#define LEVELS 5
#define WORDS (SLOTS / 64) /* of a level's bitmap */
#define CHUNKS_SCANNED 4 /* a slot of up to so many chunks is searched for its first event, and the wheel turned right to it */
_Static_assert(TICK_BITS + LEVELS * SLOT_BITS >= 63, "the levels reach to the end of time");

#define NO_TICK UINT64_MAX

struct chunk { /* known by its first cache line in the pool */
    uint32_t next; /* in a slot: of the newest chunk the oldest; in the list of those given back 0: none. Index 0 is the heap's first */
    uint32_t used;
    uint64_t unused; /* aligns the events */
    struct queue_event events[];
};
_Static_assert(sizeof(struct chunk) == sizeof(struct queue_event), "a chunk of the heap holds one event more");

struct wheel {
    struct queue head;
    uint64_t upper; /* where the first slot above the lowest level begins, NO_TICK: none is in use */
    uint32_t heaped; /* events in the heap */
    uint32_t freed, fresh; /* chunks: the list of those given back; the first never used */
    uint32_t lines, chunk_lines; /* of the pool; of a chunk: 1 or 4 */
    uint32_t chunk_events; /* in a slot; one more in the heap */
    uint32_t heap_bits; /* log2 of that */
    uint32_t levels_in_use; /* a bit for each level */
    uint32_t words_in_use[LEVELS]; /* for each level, a bit for each word of its bitmap that is not zero */
    uint64_t bits[LEVELS][WORDS];
    size_t table_at, pool_at; /* offsets from the queue */
    uint32_t slot[LEVELS][SLOTS]; /* the newest chunk */
};

struct geometry {
    uint32_t chunks, chunk_bits;
    size_t table_at, pool_at, bytes;
};

/* How many chunks the worst case takes, when each slot in use holds a chunk that is not full: see below. */
static uint64_t chunks_wanted(uint64_t capacity, uint64_t slots, uint64_t chunk_events)
{
    /* n events in s slots fill at most (n + (chunk_events - 1) * s) / chunk_events chunks, and s is at most n. The heap's chunks
     * hold more; its first is always there, and while a slot is emptied one more chunk may be in use on both sides. */
    uint64_t partial = slots < capacity ? slots : capacity;
    return (capacity + (chunk_events - 1) * partial) / chunk_events + 2;
}

static struct geometry geometry_for(uint32_t capacity)
{
    static const uint8_t chunk_bits[] = {8, 6};
    struct geometry shape = {.table_at = sizeof(struct wheel)};
    uint64_t pool_bytes = UINT64_MAX;
    for (unsigned k = 0; k < sizeof chunk_bits; k++) {
        uint64_t chunks = chunks_wanted(capacity, LEVELS * SLOTS, (1U << chunk_bits[k]) / sizeof(struct queue_event) - 1);
        if (chunks << chunk_bits[k] < pool_bytes) {
            pool_bytes = chunks << chunk_bits[k];
            shape.chunk_bits = chunk_bits[k];
            shape.chunks = (uint32_t)chunks;
        }
    }
    size_t heap_chunks = capacity / ((1U << shape.chunk_bits) / sizeof(struct queue_event)) + 1;
    shape.pool_at = shape.table_at + sizeof(uint32_t) * heap_chunks;
    shape.pool_at = (shape.pool_at + QUEUE_LINE - 1) / QUEUE_LINE * QUEUE_LINE;
    shape.bytes = shape.pool_at + pool_bytes;
    return shape;
}

size_t queue_wheel_bytes(uint32_t capacity)
{
    return geometry_for(capacity).bytes;
}

size_t queue_wheel_bytes_used(const struct queue *queue)
{
    const struct wheel *wheel = (const struct wheel *)(const void *)queue;
    return wheel->pool_at + (size_t)wheel->fresh * QUEUE_LINE;
}

static inline struct wheel *wheel_of(struct queue *queue)
{
    return (struct wheel *)(void *)queue;
}

/* The tick up to which events are due: it may be so in part. */
static inline uint64_t current_of(const struct wheel *wheel)
{
    return (uint64_t)wheel->head.due_ns >> TICK_BITS;
}

static inline uint32_t *heap_table(struct wheel *wheel)
{
    return (uint32_t *)(void *)((char *)wheel + wheel->table_at);
}

static inline struct chunk *chunk_at(struct wheel *wheel, uint32_t index)
{
    return (struct chunk *)(void *)((char *)wheel + wheel->pool_at + (size_t)index * QUEUE_LINE);
}

static inline struct queue_event *heaped_at(void *queue, uint32_t index)
{
    struct wheel *wheel = queue;
    struct queue_event *events = (struct queue_event *)(void *)chunk_at(wheel, heap_table(wheel)[index >> wheel->heap_bits]);
    return events + (index & wheel->chunk_events);
}

static inline uint32_t chunk_take(struct wheel *wheel)
{
    uint32_t index = wheel->freed;
    if (index != 0) {
        wheel->freed = chunk_at(wheel, index)->next;
        return index;
    }
    ASSERT(wheel->fresh < wheel->lines); /* chunks_wanted() proves it */
    index = wheel->fresh;
    wheel->fresh += wheel->chunk_lines;
    return index;
}

static inline void chunk_give(struct wheel *wheel, uint32_t index)
{
    chunk_at(wheel, index)->next = wheel->freed;
    wheel->freed = index;
}

const struct queue_event *queue_wheel_top(struct queue *queue)
{
    return wheel_of(queue)->heaped != 0 ? heaped_at(queue, 0) : NULL;
}

void queue_wheel_take(struct queue *queue, struct queue_event *event)
{
    struct wheel *wheel = wheel_of(queue);
    *event = *heaped_at(wheel, 0);
    uint32_t left = --wheel->heaped;
    heap_close(wheel, heaped_at, left);
    if (left != 0 && (left & wheel->chunk_events) == 0)
        chunk_give(wheel, heap_table(wheel)[left >> wheel->heap_bits]);
}

static __attribute__((noinline, cold)) void heap_add(struct wheel *wheel, const struct queue_event *event)
{
    uint32_t index = wheel->heaped++;
    if (index != 0 && (index & wheel->chunk_events) == 0)
        heap_table(wheel)[index >> wheel->heap_bits] = chunk_take(wheel);
    heap_push(wheel, heaped_at, index, event);
}

static inline void due_add(struct wheel *wheel, const struct queue_event *event)
{
    if (!near_add(&wheel->head, event))
        queue_push_due(&wheel->head, *event);
}

/* Its newest chunk is full. */
static __attribute__((noinline)) struct chunk *slot_widen(struct wheel *wheel, uint32_t *head)
{
    struct chunk *chunk = chunk_at(wheel, *head);
    uint32_t index = chunk_take(wheel);
    struct chunk *fresh = chunk_at(wheel, index);
    fresh->used = 0;
    fresh->next = chunk->next;
    chunk->next = *head = index;
    return fresh;
}

static inline void slot_add(struct wheel *wheel, unsigned level, uint64_t tick_at_level, const struct queue_event *event)
{
    uint32_t slot = (uint32_t)tick_at_level & SLOT_MASK;
    uint64_t *word = &wheel->bits[level][slot / 64], mask = UINT64_C(1) << (slot % 64);
    uint32_t *head = &wheel->slot[level][slot];
    struct chunk *chunk;
    if ((*word & mask) == 0) {
        uint32_t index = chunk_take(wheel);
        chunk = chunk_at(wheel, index);
        chunk->used = 0;
        chunk->next = *head = index;
        *word |= mask;
        wheel->words_in_use[level] |= 1U << (slot / 64);
        wheel->levels_in_use |= 1U << level;
    } else {
        chunk = chunk_at(wheel, *head);
        if (chunk->used == wheel->chunk_events)
            chunk = slot_widen(wheel, head);
    }
    chunk->events[chunk->used++] = *event;
}

/* Later than what is due: at the lowest level that reaches so far. */
static inline void place(struct wheel *wheel, const struct queue_event *event)
{
    uint64_t tick = (uint64_t)event->time_ns >> TICK_BITS, now = current_of(wheel);
    unsigned level = 0;
    while (tick - now >= SLOTS) {
        level++;
        tick >>= SLOT_BITS;
        now >>= SLOT_BITS;
    }
    slot_add(wheel, level, tick, event);
    uint64_t start = tick << (level * SLOT_BITS);
    if (level != 0 && start < wheel->upper)
        wheel->upper = start;
}

/* Where the first slot in use of a level begins, in that level's unit, from `from` on; NO_TICK: none is. */
static inline uint64_t level_first(const struct wheel *wheel, unsigned level, uint64_t from)
{
    uint32_t words = wheel->words_in_use[level], slot = (uint32_t)from & SLOT_MASK, at = slot / 64;
    const uint64_t *bits = wheel->bits[level];
    uint64_t here = bits[at] >> (slot % 64);
    if (here != 0)
        return from + (unsigned)__builtin_ctzll(here);
    if (words == 0)
        return NO_TICK;
    uint32_t later = words >> at >> 1, nth = later != 0 ? at + 1 + (unsigned)__builtin_ctz(later) : (unsigned)__builtin_ctz(words);
    uint32_t found = nth * 64 + (unsigned)__builtin_ctzll(bits[nth]);
    return from + ((found - slot) & SLOT_MASK);
}

static uint64_t level_start(const struct wheel *wheel, unsigned level)
{
    unsigned shift = level * SLOT_BITS;
    return level_first(wheel, level, current_of(wheel) >> shift) << shift; /* NO_TICK never comes here: the level is in use */
}

static void upper_find(struct wheel *wheel)
{
    wheel->upper = NO_TICK;
    for (uint32_t levels = wheel->levels_in_use & ~1U; levels != 0; levels &= levels - 1) {
        uint64_t start = level_start(wheel, (unsigned)__builtin_ctz(levels));
        wheel->upper = start < wheel->upper ? start : wheel->upper;
    }
}

/* Takes the slot's ring out of the wheel and opens it: returns its oldest chunk. */
static inline uint32_t slot_take(struct wheel *wheel, unsigned level, uint64_t tick_at_level)
{
    uint32_t slot = (uint32_t)tick_at_level & SLOT_MASK;
    uint64_t *word = &wheel->bits[level][slot / 64];
    *word &= ~(UINT64_C(1) << (slot % 64));
    if (*word == 0) {
        wheel->words_in_use[level] &= ~(1U << (slot / 64));
        if (wheel->words_in_use[level] == 0)
            wheel->levels_in_use &= ~(1U << level);
    }
    uint32_t newest = wheel->slot[level][slot], oldest = chunk_at(wheel, newest)->next;
    chunk_at(wheel, newest)->next = 0;
    return oldest;
}

/* The first tick among the events of a list, if they are few: for then the wheel turns right to it, and they need not come down level
 * by level. Of a longer list only `start` is known. */
static uint64_t first_tick(struct wheel *wheel, uint32_t first, uint64_t start)
{
    uint64_t least = NO_TICK;
    unsigned scanned = 0;
    for (uint32_t index = first; index != 0; index = chunk_at(wheel, index)->next) {
        const struct chunk *chunk = chunk_at(wheel, index);
        if (++scanned > CHUNKS_SCANNED)
            return start;
        for (uint32_t i = 0; i < chunk->used; i++) {
            uint64_t tick = (uint64_t)chunk->events[i].time_ns >> TICK_BITS;
            least = tick < least ? tick : least;
        }
    }
    return least;
}

static inline void current_set(struct wheel *wheel, uint64_t tick)
{
    due_until(&wheel->head, (int64_t)((tick << TICK_BITS) | QUEUE_GRAIN));
}

/* The widest of the slots that begin at `upper` is taken, and its events placed anew. `lowest`: the first tick of the lowest level. */
static __attribute__((noinline)) void upper_turn(struct wheel *wheel, uint64_t lowest, queue_stale stale, const void *ctx)
{
    uint64_t start = wheel->upper, current = current_of(wheel);
    unsigned level = 31U - (unsigned)__builtin_clz(wheel->levels_in_use);
    while (level_start(wheel, level) != start)
        do
            level--;
        while ((wheel->levels_in_use >> level & 1) == 0);
    uint32_t index = slot_take(wheel, level, start >> (level * SLOT_BITS));
    upper_find(wheel);
    start = start > current ? start : current; /* a slot may have begun, if none of its events has come yet */
    uint64_t tick = first_tick(wheel, index, start), lane = (uint64_t)wheel->head.lane_front.time_ns >> TICK_BITS;
    tick = lane < tick && lane > start ? lane : tick; /* what is pushed before that need not be due */
    tick = tick < lowest && tick < wheel->upper ? tick : start;
    current_set(wheel, tick);
    while (index != 0) {
        struct chunk *chunk = chunk_at(wheel, index);
        uint32_t next = chunk->next;
        for (uint32_t i = 0; i < chunk->used; i++) {
            const struct queue_event *event = &chunk->events[i];
            uint64_t at = (uint64_t)event->time_ns >> TICK_BITS;
            if (drop_stale(&wheel->head, event, stale, ctx))
                continue;
            if (at <= tick)
                due_add(wheel, event);
            else
                place(wheel, event);
        }
        chunk_give(wheel, index);
        index = next;
    }
}

static inline void lowest_turn(struct wheel *wheel, uint64_t tick, queue_stale stale, const void *ctx)
{
    current_set(wheel, tick);
    uint32_t index = slot_take(wheel, 0, tick);
    do {
        struct chunk *chunk = chunk_at(wheel, index);
        uint32_t next = chunk->next;
        for (uint32_t i = chunk->used; i-- > 0;) { /* most came in their order: the earliest goes in front */
            if (!drop_stale(&wheel->head, &chunk->events[i], stale, ctx))
                due_add(wheel, &chunk->events[i]);
        }
        chunk_give(wheel, index);
        index = next;
    } while (index != 0);
}

static inline int64_t start_ns(uint64_t tick)
{
    return tick == NO_TICK ? INT64_MAX : (int64_t)(tick << TICK_BITS);
}

/* On to the next tick that has events, all of which become due. */
bool queue_wheel_turn(struct queue *queue, queue_stale stale, const void *ctx)
{
    struct wheel *wheel = wheel_of(queue);
    uint64_t current, lowest = level_first(wheel, 0, current_of(wheel));
    int64_t next_ns = start_ns(lowest < wheel->upper ? lowest : wheel->upper);
    if (next_ns == INT64_MAX || next_ns > *near_end_ns(queue))
        return near_ends_later(queue, next_ns);
    do {
        if (wheel->upper <= lowest)
            upper_turn(wheel, lowest, stale, ctx);
        else
            lowest_turn(wheel, lowest, stale, ctx);
        current = current_of(wheel);
        lowest = level_first(wheel, 0, current);
    } while (wheel->upper <= current || lowest == current);
    *near_end_ns(queue) = start_ns(lowest < wheel->upper ? lowest : wheel->upper);
    return true;
}

void queue_wheel_init(struct queue *queue)
{
    struct wheel *wheel = wheel_of(queue);
    const struct geometry shape = geometry_for(queue->capacity);
    memset((char *)wheel + offsetof(struct wheel, upper), 0, offsetof(struct wheel, slot) - offsetof(struct wheel, upper));
    wheel->chunk_lines = 1U << (shape.chunk_bits - 6);
    wheel->lines = shape.chunks * wheel->chunk_lines;
    wheel->heap_bits = shape.chunk_bits - 4;
    wheel->chunk_events = (1U << wheel->heap_bits) - 1;
    wheel->table_at = shape.table_at;
    wheel->pool_at = shape.pool_at;
    wheel->upper = NO_TICK;
    wheel->fresh = wheel->chunk_lines;
    heap_table(wheel)[0] = 0;
}

__attribute__((noinline)) void queue_wheel_push(struct queue *queue, struct queue_event event)
{
    place(wheel_of(queue), &event);
}

void queue_wheel_crowd(struct queue *queue, struct queue_event event)
{
    heap_add(wheel_of(queue), &event);
}

static void copy_slot(struct wheel *wheel, unsigned level, uint32_t slot, struct queue *to)
{
    uint32_t newest = wheel->slot[level][slot], index = newest;
    do {
        index = chunk_at(wheel, index)->next;
        const struct chunk *chunk = chunk_at(wheel, index);
        for (uint32_t i = 0; i < chunk->used; i++)
            queue_push(to, chunk->events[i]);
    } while (index != newest);
}

void queue_wheel_copy(struct queue *from, struct queue *to)
{
    struct wheel *wheel = wheel_of(from);
    for (uint32_t i = 0; i < wheel->heaped; i++)
        queue_push(to, *heaped_at(wheel, i));
    for (unsigned level = 0; level < LEVELS; level++) {
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            if ((wheel->bits[level][slot / 64] >> (slot % 64) & 1) != 0)
                copy_slot(wheel, level, slot, to);
    }
}
