/* SPDX-License-Identifier: MIT */
/* A hierarchical timing wheel of chunks (Varghese and Lauck's scheme 7), with the exact order of a heap.
 *
 * Time is cut into ticks of 2^tick_bits ns. The events of the current tick, and any that were pushed for an earlier one after a
 * peek had turned the wheel, are `due`: they lie in a small 4-ary heap, which gives the order within the tick. Every other event lies
 * in a slot: at the level of the highest digit (of slot_bits bits) in which its tick differs from the current one. So each level is
 * later than all levels below it, a level's slots are in order, and all of them lie ahead: the next events are those of the lowest
 * level's first slot in use. When nothing is due, that slot is taken and its events are placed anew, most of them one level lower.
 *
 * The levels reach to the end of int64 time: there is no overflow list. A slot is a list of chunks of 1, 3 or 15 events, whichever
 * costs the least memory for the capacity; the heap's storage is made of chunks of the same pool, found through a table. Only the
 * bitmaps are cleared at the start: a slot's head has a meaning only while its bit is set.
 *
 * Everything is an index or an offset: the queue may be copied to another address at any moment. */
#include <string.h>

#include "base/invariant.h"
#include "sim/queue_kinds.h"

#define LEVELS_MAX 16
#define CHUNKS_SCANNED 4 /* a slot of up to so many chunks is searched for its first event, and the wheel turned right to it */

struct chunk {
    uint32_t next; /* 0: none; index 0 is the heap's first chunk, never in a list */
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
    uint32_t due; /* events in the heap */
    uint32_t freed, fresh; /* chunks: the list of those given back; the first never used */
    uint32_t levels_in_use; /* a bit for each level */
    uint32_t words_in_use[LEVELS_MAX]; /* for each level, a bit for each word of its bitmap that is not zero */
    uint32_t level_of; /* bit * level_of >> 9 is the level of that bit: a division */
    uint32_t prefetch_stride, prefetch_mask;
    int64_t prefetch_offset;
    struct geometry shape;
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
     * of them. The tick is about a microsecond: enough that few events share one, were there a million pending. */
    static const struct {
        uint32_t capacity;
        uint8_t tick_bits, slot_bits, levels;
    } shapes[] = {{256, 10, 4, 14}, {8192, 9, 6, 9}, {1 << 18, 10, 8, 7}, {UINT32_MAX, 10, 10, 6}};
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

static inline struct queue_event *due_at(void *queue, uint32_t index)
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

static void due_push(struct wheel *wheel, const struct queue_event *event)
{
    uint32_t index = wheel->due++;
    if (index != 0 && (index & (heap_chunk_events(wheel) - 1)) == 0)
        heap_table(wheel)[index >> (wheel->shape.chunk_bits - 4)] = chunk_take(wheel);
    heap_push(wheel, due_at, index, event);
}

static void due_pop(struct wheel *wheel, struct queue_event *event)
{
    *event = *due_at(wheel, 0);
    uint32_t left = --wheel->due;
    heap_close(wheel, due_at, left);
    if (left != 0 && (left & (heap_chunk_events(wheel) - 1)) == 0)
        chunk_give(wheel, heap_table(wheel)[left >> (wheel->shape.chunk_bits - 4)]);
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

static void place(struct wheel *wheel, const struct queue_event *event)
{
    uint64_t tick = (uint64_t)event->time_ns >> wheel->shape.tick_bits;
    if (tick <= wheel->current) {
        due_push(wheel, event);
        return;
    }
    unsigned bit = 63U - (unsigned)__builtin_clzll(tick ^ wheel->current);
    unsigned level = bit * wheel->level_of >> 9;
    uint32_t slot = (uint32_t)(tick >> (level * wheel->shape.slot_bits)) & ((1U << wheel->shape.slot_bits) - 1);
    uint64_t *word = bitmap(wheel, level) + slot / 64, mask = UINT64_C(1) << (slot % 64);
    uint32_t *head = slot_head(wheel, level, slot);
    uint32_t first = (*word & mask) != 0 ? *head : 0;
    uint32_t room = heap_chunk_events(wheel) - 1;
    if (first == 0 || chunk_at(wheel, first)->used == room) {
        uint32_t index = chunk_take(wheel);
        chunk_at(wheel, index)->next = first;
        chunk_at(wheel, index)->used = 0;
        *head = first = index;
        *word |= mask;
        wheel->words_in_use[level] |= 1U << (slot / 64);
        wheel->levels_in_use |= 1U << level;
    }
    struct chunk *chunk = chunk_at(wheel, first);
    chunk->events[chunk->used++] = *event;
    if (level == 0)
        prefetch(wheel, event->target);
}

/* Where the wheel turns to for the slot that begins at tick `start`: the first of its events if they are few, for then it need not
 * come down level by level. Nothing is pending before that. */
static uint64_t first_tick(struct wheel *wheel, uint32_t first, uint64_t start)
{
    uint64_t least = UINT64_MAX;
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

/* Nothing is due and something is pending: the next slot's events are placed anew. */
static void turn(struct wheel *wheel)
{
    unsigned level = (unsigned)__builtin_ctz(wheel->levels_in_use);
    unsigned nth = (unsigned)__builtin_ctz(wheel->words_in_use[level]);
    uint64_t *word = bitmap(wheel, level) + nth;
    uint32_t slot = nth * 64 + (uint32_t)__builtin_ctzll(*word);
    *word &= *word - 1;
    if (*word == 0)
        wheel->words_in_use[level] &= ~(1U << nth);
    if (wheel->words_in_use[level] == 0)
        wheel->levels_in_use &= ~(1U << level);

    unsigned shift = level * wheel->shape.slot_bits;
    uint64_t above = wheel->current >> shift >> wheel->shape.slot_bits << wheel->shape.slot_bits;
    uint32_t index = *slot_head(wheel, level, slot);
    uint64_t start = (above | slot) << shift;
    wheel->current = level == 0 ? start : first_tick(wheel, index, start);
    while (index != 0) {
        struct chunk *chunk = chunk_at(wheel, index);
        uint32_t next = chunk->next;
        for (uint32_t i = 0; i < chunk->used; i++)
            place(wheel, &chunk->events[i]);
        chunk_give(wheel, index);
        index = next;
    }
}

void queue_wheel_init(struct queue *queue)
{
    struct wheel *wheel = (struct wheel *)(void *)queue;
    struct queue head = *queue;
    memset(wheel, 0, sizeof *wheel);
    wheel->head = head;
    wheel->shape = geometry_for(head.capacity);
    wheel->level_of = 512U / wheel->shape.slot_bits + 1;
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
    while (wheel->due == 0)
        turn(wheel);
    return due_at(wheel, 0);
}

void queue_wheel_pop(struct queue *queue, struct queue_event *event)
{
    struct wheel *wheel = (struct wheel *)(void *)queue;
    while (wheel->due == 0)
        turn(wheel);
    due_pop(wheel, event);
}

static void copy_slot(struct wheel *wheel, unsigned level, uint32_t slot, struct queue *to)
{
    for (uint32_t index = *slot_head(wheel, level, slot); index != 0; index = chunk_at(wheel, index)->next) {
        const struct chunk *chunk = chunk_at(wheel, index);
        for (uint32_t i = 0; i < chunk->used; i++)
            queue_push(to, chunk->events[i]);
    }
}

void queue_wheel_copy(struct queue *from, struct queue *to)
{
    struct wheel *wheel = (struct wheel *)(void *)from;
    for (uint32_t i = 0; i < wheel->due; i++)
        queue_push(to, *due_at(wheel, i));
    for (unsigned level = 0; level < wheel->shape.levels; level++) {
        for (uint32_t slot = 0; slot < 1U << wheel->shape.slot_bits; slot++)
            if ((bitmap(wheel, level)[slot / 64] >> (slot % 64) & 1) != 0)
                copy_slot(wheel, level, slot, to);
    }
}
