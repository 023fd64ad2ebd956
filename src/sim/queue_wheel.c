/* SPDX-License-Identifier: MIT */
/* A hierarchical timing wheel of chunks (Varghese and Lauck's scheme 7), with the exact order of a heap.
 *
 * Time is cut into ticks of 2^tick_bits ns. The events of the current tick, and any that were pushed for an earlier one after a
 * peek had turned the wheel, are `due`: up to NEAR of them lie in order in a short list, into which another is easily put since most
 * come in their order anyway; the others, if the tick is a crowded one, lie in a 4-ary heap. Every other event lies
 * in a slot, at the lowest level that reaches so far: a slot of level l spans 2^(l * slot_bits) ticks, and each level is a ring that
 * begins at the current tick. So most events go straight to where they will be taken from. When nothing is due, the slot that begins
 * first is taken (of two that begin together the wider): from the lowest level its events become due, from another they are placed anew.
 *
 * The levels reach to the end of int64 time: there is no overflow list. A slot is a ring of chunks of 1, 3 or 15 events, whichever
 * costs the least memory for the capacity; the heap's storage is made of chunks of the same pool, found through a table. Only the
 * bitmaps are cleared at the start: a slot's head has a meaning only while its bit is set.
 *
 * Everything is an index or an offset: the queue may be copied to another address at any moment. */
#include <string.h>

#include "base/invariant.h"
#include "sim/queue_kinds.h"

#define LEVELS_MAX 16
#define CHUNKS_SCANNED 4 /* a slot of up to so many chunks is searched for its first event, and the wheel turned right to it */

#define NO_TICK UINT64_MAX
#define NEAR 32

struct chunk {
    uint32_t next; /* in a slot: of the newest chunk the oldest; in the list of those given back 0: none. Index 0 is the heap's first */
    uint32_t used;
    uint64_t unused; /* aligns the events */
    struct queue_event events[];
};
_Static_assert(sizeof(struct chunk) == sizeof(struct queue_event), "a chunk of the heap holds one event more");

struct geometry {
    uint8_t tick_bits, slot_bits, levels;
    uint8_t chunk_bits; /* log2 of a chunk's bytes: 5, 6 or 8 */
    uint32_t words; /* of a level's bitmap */
    uint32_t chunks;
    size_t bits_at, slots_at, table_at, pool_at, bytes; /* offsets from the queue */
};

struct wheel {
    struct queue head;
    uint64_t current; /* tick */
    uint64_t upper; /* where the first slot above the lowest level begins, NO_TICK: none is in use */
    uint32_t near_first, near_end; /* of `near` */
    uint32_t heaped; /* events in the heap */
    uint32_t freed, fresh; /* chunks: the list of those given back; the first never used */
    uint32_t levels_in_use; /* a bit for each level */
    uint32_t words_in_use[LEVELS_MAX]; /* for each level, a bit for each word of its bitmap that is not zero */
    uint32_t prefetch_stride, prefetch_mask;
    int64_t prefetch_offset;
    struct geometry shape;
    struct queue_event near[NEAR]; /* the earliest first */
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
    /* Few events want few slots, which stay in the first-level cache; many want wide levels, so that an event comes down through few
     * of them. A tick of 33 us holds a few events when a thousand connections are at work, and the lowest level then reaches further
     * than the delay of most links. */
    static const struct {
        uint32_t capacity;
        uint8_t tick_bits, slot_bits, levels;
    } shapes[] = {{256, 16, 4, 12}, {UINT32_MAX, 15, 9, 6}};
    static const uint8_t chunk_bits[] = {8, 6, 5};
    unsigned i = 0;
    while (capacity > shapes[i].capacity)
        i++;
    struct geometry shape = {.tick_bits = shapes[i].tick_bits, .slot_bits = shapes[i].slot_bits, .levels = shapes[i].levels};
    uint64_t slots = (uint64_t)shape.levels << shape.slot_bits, pool_bytes = UINT64_MAX;
    for (unsigned k = 0; k < sizeof chunk_bits; k++) {
        uint64_t chunks = chunks_wanted(capacity, slots, (1U << chunk_bits[k]) / sizeof(struct queue_event) - 1);
        if (chunks << chunk_bits[k] < pool_bytes) {
            pool_bytes = chunks << chunk_bits[k];
            shape.chunk_bits = chunk_bits[k];
            shape.chunks = (uint32_t)chunks;
        }
    }
    shape.words = shape.slot_bits <= 6 ? 1 : 1U << (shape.slot_bits - 6);
    size_t heap_chunks = capacity / ((1U << shape.chunk_bits) / sizeof(struct queue_event)) + 1;
    shape.bits_at = sizeof(struct wheel);
    shape.slots_at = shape.bits_at + sizeof(uint64_t) * shape.words * shape.levels;
    shape.table_at = shape.slots_at + sizeof(uint32_t) * slots;
    shape.pool_at = shape.table_at + sizeof(uint32_t) * heap_chunks;
    shape.pool_at = (shape.pool_at + QUEUE_LINE - 1) / QUEUE_LINE * QUEUE_LINE;
    shape.bytes = shape.pool_at + pool_bytes;
    return shape;
}

size_t queue_wheel_bytes(uint32_t capacity)
{
    return geometry_for(capacity).bytes;
}

static inline uint64_t *bitmap(struct wheel *wheel, unsigned level)
{
    return (uint64_t *)(void *)((char *)wheel + wheel->shape.bits_at) + level * wheel->shape.words;
}

static inline uint32_t *slot_head(struct wheel *wheel, unsigned level, uint32_t slot)
{
    return (uint32_t *)(void *)((char *)wheel + wheel->shape.slots_at) + ((size_t)level << wheel->shape.slot_bits) + slot;
}

static inline uint32_t *heap_table(struct wheel *wheel)
{
    return (uint32_t *)(void *)((char *)wheel + wheel->shape.table_at);
}

static inline struct chunk *chunk_at(struct wheel *wheel, uint32_t index)
{
    return (struct chunk *)(void *)((char *)wheel + wheel->shape.pool_at + ((size_t)index << wheel->shape.chunk_bits));
}

static inline uint32_t heap_chunk_events(const struct wheel *wheel)
{
    return 1U << (wheel->shape.chunk_bits - 4);
}

static inline struct queue_event *heaped_at(void *queue, uint32_t index)
{
    struct wheel *wheel = queue;
    uint32_t mask = heap_chunk_events(wheel) - 1;
    struct queue_event *events = (struct queue_event *)(void *)chunk_at(wheel, heap_table(wheel)[index >> (wheel->shape.chunk_bits - 4)]);
    return events + (index & mask);
}

static uint32_t chunk_take(struct wheel *wheel)
{
    uint32_t index = wheel->freed;
    if (index != 0) {
        wheel->freed = chunk_at(wheel, index)->next;
        return index;
    }
    ASSERT(wheel->fresh < wheel->shape.chunks); /* chunks_wanted() proves it */
    return wheel->fresh++;
}

static void chunk_give(struct wheel *wheel, uint32_t index)
{
    chunk_at(wheel, index)->next = wheel->freed;
    wheel->freed = index;
}

static void heap_take(struct wheel *wheel, struct queue_event *event)
{
    *event = *heaped_at(wheel, 0);
    uint32_t left = --wheel->heaped;
    heap_close(wheel, heaped_at, left);
    if (left != 0 && (left & (heap_chunk_events(wheel) - 1)) == 0)
        chunk_give(wheel, heap_table(wheel)[left >> (wheel->shape.chunk_bits - 4)]);
}

static __attribute__((noinline)) void heap_add(struct wheel *wheel, const struct queue_event *event)
{
    uint32_t index = wheel->heaped++;
    if (index != 0 && (index & (heap_chunk_events(wheel) - 1)) == 0)
        heap_table(wheel)[index >> (wheel->shape.chunk_bits - 4)] = chunk_take(wheel);
    heap_push(wheel, heaped_at, index, event);
}

static inline void due_push(struct wheel *wheel, const struct queue_event *event)
{
    const struct queue_event added = *event;
    uint32_t first = wheel->near_first, at = wheel->near_end;
    if (first == at) {
        first = wheel->near_first = at = 0;
    } else if (at == NEAR) {
        if (first == 0) {
            heap_add(wheel, &added);
            return;
        }
        memmove(wheel->near, wheel->near + first, (at - first) * sizeof added);
        at -= first;
        first = wheel->near_first = 0;
    }
    wheel->near_end = at + 1;
    for (; at > first && queue_before(&added, &wheel->near[at - 1]); at--)
        wheel->near[at] = wheel->near[at - 1];
    wheel->near[at] = added;
}

static inline bool is_due(const struct wheel *wheel)
{
    return wheel->near_first != wheel->near_end || wheel->heaped != 0;
}

/* Is the earliest of the due ones in the heap? */
static inline bool heap_is_first(struct wheel *wheel)
{
    return wheel->heaped != 0 &&
           (wheel->near_first == wheel->near_end || queue_before(heaped_at(wheel, 0), &wheel->near[wheel->near_first]));
}

static inline void prefetch(const struct wheel *wheel, uint32_t target)
{
    if (wheel->prefetch_stride == 0)
        return;
    /* By number and not by pointer: a target may be something else, with no record at that place. */
    uintptr_t record =
        (uintptr_t)wheel + (uintptr_t)wheel->prefetch_offset + (uintptr_t)(target & wheel->prefetch_mask) * wheel->prefetch_stride;
    __builtin_prefetch((const void *)record, 1);
    __builtin_prefetch((const void *)(record + QUEUE_LINE), 1);
}

static inline void slot_add(struct wheel *wheel, unsigned level, uint64_t tick_at_level, const struct queue_event *event)
{
    uint32_t slot = (uint32_t)tick_at_level & ((1U << wheel->shape.slot_bits) - 1);
    uint64_t *word = bitmap(wheel, level) + slot / 64, mask = UINT64_C(1) << (slot % 64);
    uint32_t *head = slot_head(wheel, level, slot);
    uint32_t newest = (*word & mask) != 0 ? *head : 0;
    if (newest == 0 || chunk_at(wheel, newest)->used == heap_chunk_events(wheel) - 1) {
        uint32_t index = chunk_take(wheel);
        struct chunk *fresh = chunk_at(wheel, index);
        fresh->used = 0;
        if (newest != 0) {
            fresh->next = chunk_at(wheel, newest)->next;
            chunk_at(wheel, newest)->next = index;
        } else {
            fresh->next = index;
            *word |= mask;
            wheel->words_in_use[level] |= 1U << (slot / 64);
            wheel->levels_in_use |= 1U << level;
        }
        *head = newest = index;
    }
    struct chunk *chunk = chunk_at(wheel, newest);
    chunk->events[chunk->used++] = *event;
}

static inline void place(struct wheel *wheel, const struct queue_event *event)
{
    uint64_t tick = (uint64_t)event->time_ns >> wheel->shape.tick_bits, now = wheel->current, slots = UINT64_C(1) << wheel->shape.slot_bits;
    if (tick <= now) {
        due_push(wheel, event);
        return;
    }
    if (tick - now < slots) {
        slot_add(wheel, 0, tick, event);
        prefetch(wheel, event->target);
        return;
    }
    unsigned level = 0;
    do {
        level++;
        tick >>= wheel->shape.slot_bits;
        now >>= wheel->shape.slot_bits;
    } while (tick - now >= slots);
    slot_add(wheel, level, tick, event);
    uint64_t start = tick << (level * wheel->shape.slot_bits);
    if (start < wheel->upper)
        wheel->upper = start;
}

/* Where the first slot in use of a level begins, in that level's unit, from `from` on; NO_TICK: none is. */
static inline uint64_t level_first(struct wheel *wheel, unsigned level, uint64_t from)
{
    uint32_t words = wheel->words_in_use[level], slot = (uint32_t)from & ((1U << wheel->shape.slot_bits) - 1), at = slot / 64;
    const uint64_t *bits = bitmap(wheel, level);
    if (words == 0)
        return NO_TICK;
    uint64_t here = bits[at] >> (slot % 64);
    if (here != 0)
        return from + (unsigned)__builtin_ctzll(here);
    uint32_t later = words >> at >> 1, nth = later != 0 ? at + 1 + (unsigned)__builtin_ctz(later) : (unsigned)__builtin_ctz(words);
    uint32_t found = nth * 64 + (unsigned)__builtin_ctzll(bits[nth]);
    return from + ((found - slot) & ((1U << wheel->shape.slot_bits) - 1));
}

static uint64_t level_start(struct wheel *wheel, unsigned level)
{
    unsigned shift = level * wheel->shape.slot_bits;
    return level_first(wheel, level, wheel->current >> shift) << shift; /* NO_TICK never comes here: the level is in use */
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
    uint32_t slot = (uint32_t)tick_at_level & ((1U << wheel->shape.slot_bits) - 1);
    uint64_t *word = bitmap(wheel, level) + slot / 64;
    *word &= ~(UINT64_C(1) << (slot % 64));
    if (*word == 0) {
        wheel->words_in_use[level] &= ~(1U << (slot / 64));
        if (wheel->words_in_use[level] == 0)
            wheel->levels_in_use &= ~(1U << level);
    }
    uint32_t newest = *slot_head(wheel, level, slot), oldest = chunk_at(wheel, newest)->next;
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
            uint64_t tick = (uint64_t)chunk->events[i].time_ns >> wheel->shape.tick_bits;
            least = tick < least ? tick : least;
        }
    }
    return least;
}

/* The widest of the slots that begin at `upper` is taken, and its events placed anew. `lowest`: the first tick of the lowest level. */
static void upper_turn(struct wheel *wheel, uint64_t lowest)
{
    uint64_t start = wheel->upper;
    unsigned level = 31U - (unsigned)__builtin_clz(wheel->levels_in_use);
    while (level_start(wheel, level) != start)
        do
            level--;
        while ((wheel->levels_in_use >> level & 1) == 0);
    uint32_t index = slot_take(wheel, level, start >> (level * wheel->shape.slot_bits));
    upper_find(wheel);
    uint64_t tick = first_tick(wheel, index, start);
    wheel->current = tick < lowest && tick < wheel->upper ? tick : start;
    while (index != 0) {
        struct chunk *chunk = chunk_at(wheel, index);
        uint32_t next = chunk->next;
        for (uint32_t i = 0; i < chunk->used; i++)
            place(wheel, &chunk->events[i]);
        chunk_give(wheel, index);
        index = next;
    }
}

static void lowest_turn(struct wheel *wheel, uint64_t tick)
{
    wheel->current = tick;
    uint32_t index = slot_take(wheel, 0, tick);
    do {
        struct chunk *chunk = chunk_at(wheel, index);
        uint32_t next = chunk->next;
        for (uint32_t i = 0; i < chunk->used; i++)
            due_push(wheel, &chunk->events[i]);
        chunk_give(wheel, index);
        index = next;
    } while (index != 0);
}

/* Nothing is due and something is pending: on to the next tick that has events, all of which become due. */
static void turn(struct wheel *wheel)
{
    uint64_t lowest;
    do {
        lowest = level_first(wheel, 0, wheel->current);
        if (wheel->upper <= lowest)
            upper_turn(wheel, lowest);
        else
            lowest_turn(wheel, lowest);
    } while (!is_due(wheel) || wheel->upper <= wheel->current || level_first(wheel, 0, wheel->current) == wheel->current);
}

void queue_wheel_init(struct queue *queue)
{
    struct wheel *wheel = (struct wheel *)(void *)queue;
    struct queue head = *queue;
    memset(wheel, 0, sizeof *wheel);
    wheel->head = head;
    wheel->shape = geometry_for(head.capacity);
    wheel->upper = NO_TICK;
    wheel->fresh = 1;
    memset((char *)wheel + wheel->shape.bits_at, 0, wheel->shape.slots_at - wheel->shape.bits_at);
    heap_table(wheel)[0] = 0;
}

void queue_wheel_prefetch(struct queue *queue, int64_t offset, uint32_t stride, uint32_t mask)
{
    struct wheel *wheel = (struct wheel *)(void *)queue;
    wheel->prefetch_offset = offset;
    wheel->prefetch_stride = stride;
    wheel->prefetch_mask = mask;
}

void queue_wheel_turn_to(struct queue *queue, int64_t now_ns)
{
    struct wheel *wheel = (struct wheel *)(void *)queue;
    wheel->current = (uint64_t)now_ns >> wheel->shape.tick_bits;
}

void queue_wheel_push(struct queue *queue, const struct queue_event *event)
{
    place((struct wheel *)(void *)queue, event);
}

const struct queue_event *queue_wheel_peek(struct queue *queue)
{
    struct wheel *wheel = (struct wheel *)(void *)queue;
    while (!is_due(wheel))
        turn(wheel);
    return heap_is_first(wheel) ? heaped_at(wheel, 0) : &wheel->near[wheel->near_first];
}

void queue_wheel_pop(struct queue *queue, struct queue_event *event)
{
    struct wheel *wheel = (struct wheel *)(void *)queue;
    while (!is_due(wheel))
        turn(wheel);
    if (__builtin_expect(heap_is_first(wheel), 0))
        heap_take(wheel, event);
    else
        *event = wheel->near[wheel->near_first++];
}

static void copy_slot(struct wheel *wheel, unsigned level, uint32_t slot, struct queue *to)
{
    uint32_t newest = *slot_head(wheel, level, slot), index = newest;
    do {
        index = chunk_at(wheel, index)->next;
        const struct chunk *chunk = chunk_at(wheel, index);
        for (uint32_t i = 0; i < chunk->used; i++)
            queue_push(to, chunk->events[i]);
    } while (index != newest);
}

void queue_wheel_copy(struct queue *from, struct queue *to)
{
    struct wheel *wheel = (struct wheel *)(void *)from;
    for (uint32_t i = wheel->near_first; i < wheel->near_end; i++)
        queue_push(to, wheel->near[i]);
    for (uint32_t i = 0; i < wheel->heaped; i++)
        queue_push(to, *heaped_at(wheel, i));
    for (unsigned level = 0; level < wheel->shape.levels; level++) {
        for (uint32_t slot = 0; slot < 1U << wheel->shape.slot_bits; slot++)
            if ((bitmap(wheel, level)[slot / 64] >> (slot % 64) & 1) != 0)
                copy_slot(wheel, level, slot, to);
    }
}
