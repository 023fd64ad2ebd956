/* SPDX-License-Identifier: MIT */
/* train FILE...: plays scenarios for the compiler, which counts (-fprofile-generate) what in the core is asked how often. Every variant; a
 * crowd with the invariants behind it, all else kept and judged as `lastack run` does, a short one with several seeds. Only what the files
 * say counts, no clock and no address, so the counts are the same in every build. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/judge.h"
#include "scenario/reader.h"
#include "sim/engine.h"

#define CROWD 256u /* from so many programs on the queue is a wheel, as in `lastack run` */
#define SEEDS 8u /* of a variant at most, */
#define EVENTS 400u /* while it has had no more events than these */

static bool file_read(struct text *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    for (int c; (c = getc(file)) != EOF;)
        text_putc(out, (char)c);
    return fclose(file) == 0 && !out->failed;
}

static bool is_crowd(const struct story *story)
{
    uint64_t copies = 0;
    for (uint32_t i = 0; i < story->program_count; i++)
        copies += story->programs[i].copies;
    return copies > CROWD;
}

struct room { /* for worlds, one after another */
    void *block[2];
    int which;
    size_t bytes;
};

static void *grow(void *ctx, void *old_block, size_t bytes)
{
    struct room *room = ctx;
    (void)old_block;
    room->which = !room->which;
    free(room->block[room->which]);
    room->block[room->which] = NULL;
    room->bytes = (bytes + 63) & ~(size_t)63;
    return posix_memalign(&room->block[room->which], 64, room->bytes) == 0 ? room->block[room->which] : NULL;
}

/* Returns how many events it had, 0 where something failed. */
static uint32_t play(struct room *room, const struct story *story, struct trace *trace, struct invariants *invariants)
{
    struct engine engine = {.story = story, .grow = grow, .grow_ctx = room};
    const bool crowd = is_crowd(story);
    size_t bytes = world_bytes_wanted(story);
    if (bytes > room->bytes && grow(room, NULL, bytes) == NULL)
        return 0;
    engine.sink = crowd ? invariants_feed : trace_keep;
    engine.sink_ctx = crowd ? (void *)invariants : (void *)trace;
    engine.world = world_init(room->block[room->which], room->bytes, story, crowd ? QUEUE_WHEEL : QUEUE_HEAP);
    if (engine_run(&engine, TIME_NEVER) != ENGINE_ENDED || trace->failed)
        return 0;
    if (crowd) {
        invariants_end(invariants, engine_end_ns(&engine));
        return world_events(engine.world);
    }
    struct judgement judgement;
    judge_run(&judgement, story, trace, engine_end_ns(&engine), world_hash(engine.world), false);
    judgement_free(&judgement);
    trace->count = 0;
    return world_events(engine.world);
}

/* One variant with all its seeds. Returns how many variants the file has, -1 where something failed. */
static int train(struct room *room, const char *path, const struct text *text, unsigned variant)
{
    struct diagnostics diagnostics = {0};
    const struct scenario_options options = {.variant = (uint16_t)variant};
    struct story *story = scenario_read(path, text->bytes, text->length, &options, &diagnostics);
    if (story == NULL) {
        fprintf(stderr, "%s: line %u: %s\n", path, diagnostics.list[0].line, diagnostics.list[0].message);
        return -1;
    }
    struct trace trace = {0};
    struct invariants *invariants = invariants_new(story);
    int variants = story->variants;
    uint32_t events = 0;
    for (unsigned i = 0; i < SEEDS && events < EVENTS && variants >= 0; i++) {
        story_draw(story, story->seed + i);
        invariants_reset(invariants, story);
        const uint32_t more = play(room, story, &trace, invariants);
        events += more;
        if (more == 0)
            variants = -1;
    }
    invariants_free(invariants);
    trace_free(&trace);
    story_free(story);
    return variants;
}

int main(int argc, char **argv)
{
    struct room room = {{NULL, NULL}, 0, 0};
    for (int i = 1; i < argc; i++) {
        struct text text = {0};
        if (!file_read(&text, argv[i])) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
        int variants = 0;
        for (unsigned k = 0; (int)k <= variants; k++) {
            variants = train(&room, argv[i], &text, k);
            if (variants < 0)
                return 1;
        }
        text_free(&text);
    }
    free(room.block[0]);
    free(room.block[1]);
    return 0;
}
