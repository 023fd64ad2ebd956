/* SPDX-License-Identifier: MIT */
/* Ten thousand random worlds. Each is a scenario, read and played as `lastack run` would; of each is required: none of the fourteen
 * invariants breaks, no assertion fails, the world comes to rest by itself and keeps nothing. Every tenth is played again with the other
 * queue and from a copy at another address, the original poisoned: the trace must be the same. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/invariant.h"
#include "base/mix.h"
#include "generator.h"
#include "judge/judge.h"
#include "scenario/reader.h"
#include "sim/world.h"

#define WORLDS 10000
#define STEPS_MAX 3000000
#define AGAIN_EVERY 10
#define LONGEST_NS (24 * 3600 * NS_PER_S) /* a run that gets there has not come to rest */

struct stage { /* its memory is kept for the next world */
    struct engine engine;
    void *block, *outgrown;
    size_t bytes;
};

struct player {
    struct text text; /* the world's scenario */
    const char *name;
    struct story *story;
    struct invariants *invariants;
    struct stage stage, other;
    uint8_t *ends; /* enum tcp_state, by the end's identity */
    uint32_t end_count, end_capacity;
    uint64_t steps, segments, hash;
    bool says; /* failures are printed */
    unsigned failures; /* of this world */
};

static jmp_buf assertion_jump;
static char assertion_text[256];

static void assertion_caught(const char *condition, const char *file, int line)
{
    (void)snprintf(assertion_text, sizeof assertion_text, "%s, in %s, line %d", condition, file, line);
    longjmp(assertion_jump, 1);
}

static void fails(struct player *player, const char *what, const char *message)
{
    player->failures++;
    if (player->says)
        printf("%s: %s: %s\n", player->name, what, message);
}

static void *block_new(size_t bytes)
{
    void *block;
    if (posix_memalign(&block, 64, (bytes + 63) & ~(size_t)63) != 0) {
        fputs("worlds: out of memory\n", stderr);
        exit(3);
    }
    return block;
}

/* ---- one stage ---- */

static void *grow(void *ctx, void *old_block, size_t bytes)
{
    struct stage *stage = ctx;
    (void)old_block;
    free(stage->outgrown);
    stage->outgrown = stage->block;
    stage->block = block_new(bytes);
    stage->bytes = bytes;
    return stage->block;
}

static void stage_room(struct stage *stage, size_t bytes)
{
    if (stage->bytes >= bytes)
        return;
    free(stage->block);
    stage->block = block_new(bytes);
    stage->bytes = bytes;
}

static void stage_open(struct stage *stage, const struct story *story, enum queue_kind queue)
{
    stage_room(stage, world_bytes_wanted(story));
    stage->engine =
        (struct engine){.world = world_init(stage->block, stage->bytes, story, queue), .story = story, .grow = grow, .grow_ctx = stage};
}

static void stage_free(struct stage *stage)
{
    free(stage->block);
    free(stage->outgrown);
}

/* ---- what is heard of a run ---- */

static void end_moves(struct player *player, const struct trace_event *event)
{
    if (event->kind != TRACE_STATE || event->conn == 0)
        return;
    const uint32_t end = event->state.end;
    if (end >= player->end_capacity) {
        player->end_capacity = 2 * end + 64;
        player->ends = realloc(player->ends, player->end_capacity);
        if (player->ends == NULL)
            exit(3);
    }
    for (; player->end_count <= end; player->end_count++)
        player->ends[player->end_count] = TCP_CLOSED;
    player->ends[end] = event->state.to;
}

static void hear(void *ctx, uint32_t number, const struct trace_event *first, uint32_t count)
{
    struct player *player = ctx;
    invariants_feed(player->invariants, number, first, count);
    for (const struct trace_event *event = first; count != 0; event = trace_next(event), count--)
        end_moves(player, event);
}

static uint32_t pool_lent(const struct world *world, enum region_kind kind)
{
    const struct region *region = &world->region[kind];
    uint32_t lent = region->high;
    for (uint32_t index = region->free; index != 0; lent--)
        memcpy(&index, (const char *)world + region->offset + (size_t)(index - 1) * region->stride, sizeof index);
    return lent;
}

/* Nothing may be left of the connections: no end, no record of one, no segment on its way. */
static void look_for_leftovers(struct player *player)
{
    static const struct {
        enum region_kind kind;
        const char *name;
    } pools[] = {{REGION_ENDS, "ends"}, {REGION_FLIGHTS, "segments on their way"}};
    const struct world *world = player->stage.engine.world;
    char message[80];
    for (uint32_t end = 0; end < player->end_count; end++) {
        if (player->ends[end] == TCP_CLOSED || player->ends[end] == TCP_LISTEN)
            continue;
        (void)snprintf(message, sizeof message, "end %" PRIu32 " is still %s", end, tcp_state_name((enum tcp_state)player->ends[end]));
        fails(player, "not gone", message);
        return;
    }
    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
        const uint32_t lent = pool_lent(world, pools[i].kind);
        (void)snprintf(message, sizeof message, "the world keeps %" PRIu32 " %s", lent, pools[i].name);
        if (lent != 0)
            fails(player, "leak", message);
    }
    (void)snprintf(message, sizeof message, "the world keeps %" PRIu32 " records", world->records_used);
    if (world->records_used != 0)
        fails(player, "leak", message);
}

static void ask_invariants(struct player *player, int64_t end_ns)
{
    const uint32_t broken = invariants_end(player->invariants, end_ns);
    for (int i = 0; i < INVARIANTS; i++) {
        char message[256];
        uint32_t event = 0;
        if ((broken >> i & 1) == 0)
            continue;
        const char *text = invariants_message(player->invariants, (enum invariant)i, &event);
        (void)snprintf(message, sizeof message, "%s (event %" PRIu32 ")", text, event);
        fails(player, invariant_name((enum invariant)i), message);
    }
}

/* ---- a run, and its repetitions ---- */

static bool play(struct player *player)
{
    struct engine *engine = &player->stage.engine;
    enum engine_status status = ENGINE_RUNNING;
    stage_open(&player->stage, player->story, QUEUE_HEAP);
    engine->sink = hear;
    engine->sink_ctx = player;
    player->end_count = 0;
    invariants_reset(player->invariants, player->story);
    while (status == ENGINE_RUNNING && world_steps(engine->world) < STEPS_MAX)
        status = engine_step(engine);
    player->steps = world_steps(engine->world);
    player->segments = world_segments(engine->world);
    player->hash = world_hash(engine->world);
    if (status == ENGINE_RUNNING)
        return fails(player, "no rest", "it has taken more steps than a world of this size can need"), false;
    if (status != ENGINE_ENDED)
        return fails(player, "engine", status == ENGINE_LIMIT ? "a limit was reached" : "it had no memory"), false;
    if (engine_end_ns(engine) >= LONGEST_NS)
        fails(player, "no rest", "after 24 hours something is still going on");
    ask_invariants(player, engine_end_ns(engine));
    look_for_leftovers(player);
    return true;
}

static void play_other_queue(struct player *player)
{
    struct engine *engine = &player->other.engine;
    stage_open(&player->other, player->story, QUEUE_WHEEL);
    const enum engine_status status = engine_run(engine, TIME_NEVER);
    if (status != ENGINE_ENDED || world_hash(engine->world) != player->hash || world_steps(engine->world) != player->steps)
        fails(player, "other queue", "the trace is another one");
}

/* In mid-flight the world moves to another address, and its old place is poisoned. */
static void play_moved(struct player *player, uint64_t key)
{
    struct engine *engine = &player->other.engine;
    uint64_t left = mix_below(mix64(key), player->steps + 1);
    enum engine_status status = ENGINE_RUNNING;
    stage_open(&player->other, player->story, QUEUE_HEAP);
    while (status == ENGINE_RUNNING && left-- > 0)
        status = engine_step(engine);
    const size_t bytes = world_bytes(engine->world);
    void *place = block_new(bytes);
    memcpy(place, engine->world, bytes);
    memset(player->other.block, 0xA5, player->other.bytes);
    free(player->other.block);
    player->other.block = place;
    player->other.bytes = bytes;
    engine->world = place;
    if (status == ENGINE_RUNNING)
        status = engine_run(engine, TIME_NEVER);
    if (status != ENGINE_ENDED || world_hash(engine->world) != player->hash)
        fails(player, "moved world", "the trace is another one");
}

static bool read_story(struct player *player)
{
    static struct diagnostics diagnostics;
    char message[sizeof diagnostics.list[0].message + 32];
    memset(&diagnostics, 0, sizeof diagnostics);
    player->story = scenario_read(player->name, player->text.bytes, player->text.length, &(struct scenario_options){0}, &diagnostics);
    if (player->story == NULL) {
        (void)snprintf(message, sizeof message, "line %" PRIu32 ": %s", diagnostics.list[0].line, diagnostics.list[0].message);
        return fails(player, "reader", message), false;
    }
    if (player->invariants == NULL)
        player->invariants = invariants_new(player->story);
    story_draw(player->story, player->story->seed);
    return player->invariants != NULL;
}

/* The world whose text stands in player->text. `again`: with the repetitions. */
static bool world_holds(struct player *player, bool again, uint64_t key)
{
    player->failures = 0;
    player->story = NULL;
    if (setjmp(assertion_jump) == 0) {
        assertion_set_handler(assertion_caught);
        if (read_story(player) && play(player) && again) {
            play_other_queue(player);
            play_moved(player, key);
        }
    } else {
        fails(player, "assertion", assertion_text);
    }
    story_free(player->story);
    return player->failures == 0;
}

/* ---- the program ---- */

static void write_out(const struct player *player, const char *folder, uint64_t seed, uint64_t index)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/world-%" PRIu64 "-%" PRIu64 ".scn", folder, seed, index);
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(player->text.bytes, 1, player->text.length, file) != player->text.length) {
        printf("%s: cannot be written\n", path);
    } else {
        printf("%s: written; lastack run %s\n", player->name, path);
    }
    if (file != NULL)
        (void)fclose(file);
}

static bool file_take(struct text *text, const char *path)
{
    char bytes[4096];
    size_t count;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
        text_add(text, bytes, count);
    (void)fclose(file);
    return text->length > 0;
}

static int usage(void)
{
    fputs("usage: worlds [-s SEED] [-f FIRST] [-o FOLDER] [N]   plays N worlds (10000), writes those that fail into FOLDER\n"
          "       worlds [-s SEED] -p INDEX                     prints a world's scenario\n"
          "       worlds -r FILE.scn                            judges one from a file\n",
          stderr);
    return 2;
}

static int play_file(struct player *player, const char *path)
{
    player->name = path;
    if (!file_take(&player->text, path)) {
        fprintf(stderr, "worlds: %s cannot be read\n", path);
        return 3;
    }
    const bool held = world_holds(player, true, 1);
    printf("%s: %" PRIu64 " steps, %" PRIu64 " segments, hash %016" PRIx64 ", %s\n", path, player->steps, player->segments, player->hash,
           held ? "held" : "failed");
    return held ? 0 : 1;
}

static int play_worlds(struct player *player, uint64_t seed, uint64_t first, uint64_t count, const char *folder)
{
    uint64_t failed = 0, steps = 0, segments = 0, hash = 0;
    char name[64];
    player->name = name;
    for (uint64_t index = first; index < first + count; index++) {
        (void)snprintf(name, sizeof name, "world %" PRIu64 " of seed %" PRIu64, index, seed);
        player->text.length = 0;
        generator_write(&player->text, seed, index);
        const bool held = world_holds(player, index % AGAIN_EVERY == 0, mix_keyed(seed, 1, index, 0));
        steps += player->steps;
        segments += player->segments;
        hash = mix64(hash ^ player->hash); /* of all traces: two builds that agree in it agree in every event */
        failed += !held;
        if (!held && folder != NULL)
            write_out(player, folder, seed, index);
    }
    printf("%" PRIu64 " steps, %" PRIu64 " segments, hash %016" PRIx64 "\n", steps, segments, hash);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", count - failed, failed);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct player player = {.says = true};
    uint64_t seed = 1, first = 0, count = WORLDS, print = UINT64_MAX;
    const char *folder = NULL, *file = NULL;
    for (int i = 1; i < argc; i++) {
        const char *const value = i + 1 < argc ? argv[i + 1] : NULL;
        if (argv[i][0] != '-') {
            count = strtoull(argv[i], NULL, 10);
            continue;
        }
        if (value == NULL || argv[i][1] == '\0' || argv[i][2] != '\0')
            return usage();
        if (argv[i][1] == 's')
            seed = strtoull(value, NULL, 10);
        else if (argv[i][1] == 'f')
            first = strtoull(value, NULL, 10);
        else if (argv[i][1] == 'p')
            print = strtoull(value, NULL, 10);
        else if (argv[i][1] == 'o')
            folder = value;
        else if (argv[i][1] == 'r')
            file = value;
        else
            return usage();
        i++;
    }
    int status = 0;
    if (print != UINT64_MAX) {
        generator_write(&player.text, seed, print);
        (void)fwrite(player.text.bytes, 1, player.text.length, stdout);
    } else {
        status = file != NULL ? play_file(&player, file) : play_worlds(&player, seed, first, count, folder);
    }
    invariants_free(player.invariants);
    stage_free(&player.stage);
    stage_free(&player.other);
    free(player.ends);
    text_free(&player.text);
    return status;
}
