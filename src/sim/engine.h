/* SPDX-License-Identifier: MIT */
/* The engine plays a story in a world. It is the one door that moves the clock; five doors, always in this order:
 * queue -> engine -> tcp -> engine (effects) -> net -> queue. */
#ifndef LASTACK_SIM_ENGINE_H
#define LASTACK_SIM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diagnostic.h"
#include "net/link.h"
#include "sim/queue.h"
#include "sim/trace.h"
#include "story/story.h"

struct world; /* one relocatable block, no pointers inside: copy it with memcpy(to, from, world_bytes(from)) and it runs on */

/* Gives a block of at least `bytes` for a world that outgrew its own (called between events), or NULL: the run ends with
 * ENGINE_NO_MEMORY. The caller owns both; after the call the world lives in the new block and the old one may be freed or reused. */
typedef void *(*grow_fn)(void *ctx, void *old_block, size_t bytes);

enum engine_status { ENGINE_RUNNING, ENGINE_ENDED, ENGINE_NO_MEMORY, ENGINE_LIMIT };

/* What is outside of the world: the constant story, who listens, the drivers. May be moved or made anew at any time. */
struct engine {
    struct world *world;
    const struct story *story;
    trace_sink sink; /* NULL: nobody; the hash is computed all the same */
    void *sink_ctx;
    choose_fn choose; /* NULL: seeded chance (mix_keyed with story->seed) */
    void *choose_ctx;
    grow_fn grow; /* NULL: realloc-like growth by malloc/free is NOT done; ENGINE_NO_MEMORY */
    void *grow_ctx;
};

/* The seeded chance itself, for a driver that leaves most of it as it is; `ctx` is the uint64_t seed. */
uint64_t chance_choose(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options);

/* How large a block the story's world wants at its start (it may grow later). */
size_t world_bytes_wanted(const struct story *story);
/* Bytes in use: what a snapshot copies. */
size_t world_bytes(const struct world *world);
/* Of them, those that were ever written: the others cost no memory. */
size_t world_bytes_used(const struct world *world);
/* Lays a fresh world into `block` (aligned to 64 bytes). */
struct world *world_init(void *block, size_t bytes, const struct story *story, enum queue_kind queue);

int64_t world_now(const struct world *world);
uint32_t world_events(const struct world *world); /* trace records so far: the number of the last one */
uint64_t world_steps(const struct world *world); /* queue events so far */
uint64_t world_segments(const struct world *world); /* segments sent by hosts so far, the network's copies not counted */
uint64_t world_hash(const struct world *world); /* trace hash so far */

/* One step: one statement, call, arrival or timer. */
enum engine_status engine_step(struct engine *engine);
/* Steps until the run ends, or nothing is left to happen before or at `until_ns` (the clock then stands at until_ns). */
enum engine_status engine_run(struct engine *engine, int64_t until_ns);
/* When the run ends: the story's `stop`, or when nothing is left to happen, not before story->last_named_ns; at most 24 h. */
int64_t engine_end_ns(const struct engine *engine);

/* Can this engine play the story? If not, *diagnostic (may be NULL) names the line and the reason: a limit of the program (exit status 4).
 */
bool engine_supports(const struct story *story, struct diagnostic *diagnostic);

#endif
