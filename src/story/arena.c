/* SPDX-License-Identifier: MIT */
#include "story/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/invariant.h"

struct chunk {
    struct chunk *next;
    size_t used, size; /* of the bytes behind this header */
};

struct arena {
    struct chunk *first, *current;
    size_t chunk_bytes;
};

#define ALIGNMENT _Alignof(max_align_t)
#define HEADER ((sizeof(struct chunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

static struct chunk *chunk_new(size_t size)
{
    struct chunk *chunk = malloc(HEADER + size);
    ASSERT(chunk != NULL);
    *chunk = (struct chunk){.size = size};
    return chunk;
}

struct arena *arena_new(size_t chunk_bytes)
{
    struct arena *arena = malloc(sizeof *arena);
    ASSERT(arena != NULL);
    arena->chunk_bytes = chunk_bytes;
    arena->first = arena->current = chunk_new(chunk_bytes);
    return arena;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    ASSERT(bytes <= SIZE_MAX / 2);
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct chunk *chunk = arena->current;
    while (chunk->size - chunk->used < bytes) {
        if (chunk->next == NULL)
            chunk->next = chunk_new(bytes > arena->chunk_bytes ? bytes : arena->chunk_bytes);
        chunk = arena->current = chunk->next;
    }
    void *memory = (char *)chunk + HEADER + chunk->used;
    chunk->used += bytes;
    return memset(memory, 0, bytes);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t element_bytes)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    void *larger = arena_take(arena, *capacity * element_bytes);
    if (count > 0)
        memcpy(larger, array, count * element_bytes);
    return larger;
}

void arena_reset(struct arena *arena)
{
    for (struct chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next)
        chunk->used = 0;
    arena->current = arena->first;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    for (struct chunk *chunk = arena->first, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}
