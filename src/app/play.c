/* SPDX-License-Identifier: MIT */
#include "app/play.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/library.h"
#include "app/typed.h"
#include "base/duration.h"

static void pair(struct text *out, const char *option, const char *name, const char *value)
{
    struct text both = {0};
    text_printf(&both, "%s=%s", name, value);
    text_puts(out, option);
    typed_shell(out, both.bytes != NULL ? both.bytes : "");
    out->failed = out->failed || both.failed;
    text_free(&both);
}

static void asked(struct text *out, const struct scenario_options *o)
{
    out->length = 0;
    for (unsigned i = 0; i < o->set_count; i++)
        pair(out, " --set ", o->sets[i].name, o->sets[i].value);
    if (o->profile_all != NULL) {
        text_puts(out, " --profile ");
        typed_shell(out, o->profile_all);
    }
    for (unsigned i = 0; i < o->host_profile_count; i++)
        pair(out, " --profile ", o->host_profiles[i].host, o->host_profiles[i].profile);
}

/* A saved trace begins so (view/jsonl.c). */
static const char saved_head[] = "{\"lastack\":";

enum status play_open(struct play *play, const char *word)
{
    enum status status = play_open_most(play, word, (size_t)SCENARIO_BYTES_MAX + 1);
    if (status == STATUS_HELD && play->file.length > sizeof saved_head &&
        memcmp(play->file.bytes, saved_head, sizeof saved_head - 1) == 0) {
        complain(NULL, "%s is a run that was saved, no scenario: lastack view and lastack plot show it", play->path);
        return STATUS_WRONG;
    }
    return status;
}

enum status play_open_same(struct play *play, const struct play *from)
{
    file_free(&play->file);
    play->path = from->path;
    play->file.bytes = malloc(from->file.length + 1);
    if (play->file.bytes == NULL) {
        complain(NULL, "out of memory");
        return STATUS_OUTSIDE;
    }
    memcpy(play->file.bytes, from->file.bytes, from->file.length);
    play->file.length = from->file.length;
    return STATUS_HELD;
}

enum status play_open_most(struct play *play, const char *word, size_t most)
{
    file_free(&play->file);
    free(play->found);
    enum status status = library_resolve(word, &play->found);
    play->path = play->found != NULL ? play->found : word;
    return status == STATUS_HELD ? file_read_most(play->path, &play->file, most) : status;
}

bool play_parse(struct play *play)
{
    play_clear(play);
    memset(&play->diagnostics, 0, sizeof play->diagnostics);
    play->story = scenario_read(play->path, play->file.bytes, play->file.length, &play->options, &play->diagnostics);
    if (play->story == NULL)
        return false;
    asked(&play->asked, &play->options);
    play->story->asked = play->asked.length > 0 ? play->asked.bytes : NULL;
    story_draw(play->story, play->story->seed);
    return true;
}

enum status play_read(struct play *play)
{
    const bool read = play_parse(play);
    diagnostics_print(&play->diagnostics, play->path, &play->file);
    if (read)
        return STATUS_HELD;
    if (play->diagnostics.count > 0)
        return STATUS_WRONG;
    complain(NULL, "out of memory");
    return STATUS_OUTSIDE;
}

static void *block_new(size_t bytes)
{
    void *block;
    bytes = (bytes + 63) & ~(size_t)63;
    return posix_memalign(&block, 64, bytes) == 0 ? block : NULL;
}

/* The engine copies the world out of the old block after this returns, so that goes with the next one. */
static void *grow(void *ctx, void *old_block, size_t bytes)
{
    struct play *play = ctx;
    void *block = block_new(bytes);
    (void)old_block;
    if (block == NULL)
        return NULL;
    free(play->outgrown);
    play->outgrown = play->block;
    play->block = block;
    play->bytes = bytes;
    return block;
}

/* A heap wins while few events are pending, the wheel beyond a thousand (PERFORMANCE.md); the trace is the same. */
static enum queue_kind queue_for(const struct story *story)
{
    uint64_t copies = 0;
    for (uint32_t i = 0; i < story->program_count; i++)
        copies += story->programs[i].copies;
    return copies > 256 ? QUEUE_WHEEL : QUEUE_HEAP;
}

static bool world_make(struct play *play)
{
    size_t wanted = world_bytes_wanted(play->story);
    if (wanted > play->bytes) {
        free(play->block);
        play->block = block_new(wanted);
        play->bytes = play->block != NULL ? wanted : 0;
    }
    if (play->block == NULL)
        return false;
    play->engine = (struct engine){
        .world = world_init(play->block, play->bytes, play->story, queue_for(play->story)),
        .story = play->story,
        .sink = trace_keep,
        .sink_ctx = &play->trace,
        .choose = play->choose,
        .choose_ctx = play->choose_ctx,
        .grow = grow,
        .grow_ctx = play,
    };
    return true;
}

static enum status run(struct play *play, int64_t until_ns)
{
    enum engine_status status = engine_run(&play->engine, until_ns);
    if (status == ENGINE_NO_MEMORY || play->trace.failed) {
        complain(NULL, "out of memory after %u events", (unsigned)world_events(play->engine.world));
        return STATUS_OUTSIDE;
    }
    if (status == ENGINE_LIMIT)
        return fault_limit("this run is larger than the program can play");
    bool cut = status == ENGINE_RUNNING;
    int64_t end_ns = cut ? until_ns : engine_end_ns(&play->engine);
    play_unjudge(play);
    judge_run(&play->judgement, play->story, &play->trace, end_ns, world_hash(play->engine.world), cut);
    play->judged = true;
    return play->judgement.failures.count > 0 ? STATUS_FAILED : STATUS_HELD;
}

enum status play_begin(struct play *play)
{
    struct diagnostics limit = {0};
    play->trace.count = 0;
    if (!engine_supports(play->story, &limit.list[0])) {
        limit.count = 1;
        diagnostics_print(&limit, play->path, &play->file);
        return STATUS_OURS;
    }
    if (!world_make(play)) {
        complain(NULL, "out of memory for a world of %zu bytes", world_bytes_wanted(play->story));
        return STATUS_OUTSIDE;
    }
    return STATUS_HELD;
}

enum status play_run(struct play *play, int64_t until_ns, const char *again)
{
    enum status status = play_begin(play);
    if (status != STATUS_HELD)
        return status;
    fault_watch(play->path, play->story->seed, again, &play->engine);
    status = run(play, until_ns);
    fault_watch(NULL, 0, NULL, NULL);
    return status;
}

void play_unjudge(struct play *play)
{
    if (play->judged)
        judgement_free(&play->judgement);
    memset(&play->judgement, 0, sizeof play->judgement);
    play->judged = false;
}

void play_clear(struct play *play)
{
    play_unjudge(play);
    if (play->story != NULL)
        story_free(play->story);
    play->story = NULL;
}

void play_free(struct play *play)
{
    play_clear(play);
    file_free(&play->file);
    free(play->found);
    text_free(&play->asked);
    trace_free(&play->trace);
    free(play->block);
    free(play->outgrown);
    *play = (struct play){0};
}

uint32_t play_connection(const struct play *play, const char *word)
{
    char *end;
    for (uint32_t i = 0; i < play->judgement.connection_count; i++) {
        const struct connection_report *c = &play->judgement.connections[i];
        if (c->name != STORY_NONE && strcmp(play->story->names[c->name], word) == 0)
            return c->conn;
    }
    const unsigned long number = strtoul(word, &end, 10);
    return *end == '\0' && number >= 1 && number <= play->judgement.connection_count ? (uint32_t)number : 0;
}

void play_again(struct text *out, const struct play *play)
{
    play_again_as(out, play, play->path);
}

void play_again_as(struct text *out, const struct play *play, const char *path)
{
    const struct scenario_options *o = &play->options;
    text_puts(out, "lastack run ");
    typed_shell(out, path);
    text_printf(out, " --seed %" PRIu64, play->story->seed);
    if (play->asked.length > 0)
        text_puts(out, play->asked.bytes);
    if (o->variant != 0)
        text_printf(out, " --variant %u", (unsigned)o->variant);
}
