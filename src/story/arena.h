/* SPDX-License-Identifier: MIT */
/* Memory that is given back all at once: a story's arrays and strings live in one arena and die with story_free. */
#ifndef LASTACK_STORY_ARENA_H
#define LASTACK_STORY_ARENA_H

#include <stddef.h>

struct arena;

/* A new arena whose chunks hold at least `chunk_bytes`. Never NULL: without memory a program that only reads a file of at
 * most 1 MiB has nothing left to do, so that is an assertion. */
struct arena *arena_new(size_t chunk_bytes);

/* `bytes` zeroed bytes, aligned for any type; valid until the arena is reset or freed. */
void *arena_take(struct arena *arena, size_t bytes);

/* A NUL-terminated copy. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/* An array of `count` elements with room for one more: returned as it is, or moved to twice the room. `capacity` starts as 0. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t element_bytes);

/* Forgets everything that was taken, keeps the memory. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
