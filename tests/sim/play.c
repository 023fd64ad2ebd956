/* SPDX-License-Identifier: MIT */
#include "sim/play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"

struct story *play_story(const char *text)
{
    const struct scenario_options options = {0};
    struct diagnostics diagnostics = {0};
    struct story *story = scenario_read("test.scn", text, strlen(text), &options, &diagnostics);
    if (story == NULL)
        fail_msg("line %u: %s", diagnostics.list[0].line, diagnostics.list[0].message);
    story_draw(story, story->seed);
    return story;
}

void *play_block(struct play *play, size_t bytes)
{
    void *block = NULL;
    if (posix_memalign(&block, 64, bytes) != 0 || play->block_count == sizeof play->blocks / sizeof play->blocks[0])
        fail_msg("no block of %zu bytes", bytes);
    play->blocks[play->block_count++] = block;
    return block;
}

static void *grow(void *ctx, void *old_block, size_t bytes)
{
    (void)old_block;
    return play_block(ctx, bytes);
}

void play_open(struct play *play, const char *text, enum queue_kind queue)
{
    memset(play, 0, sizeof *play);
    play->story = play_story(text);
    size_t bytes = world_bytes_wanted(play->story);
    void *block = play_block(play, bytes);
    memset(block, 0xA5, bytes); /* nothing may depend on what was there */
    play->engine = (struct engine){.story = play->story, .sink = trace_keep, .sink_ctx = &play->trace, .grow = grow, .grow_ctx = play};
    play->engine.world = world_init(block, bytes, play->story, queue);
}

struct play *play_whole(const char *text, enum queue_kind queue)
{
    struct play *play = calloc(1, sizeof *play);
    assert_non_null(play);
    play_open(play, text, queue);
    assert_int_equal(engine_run(&play->engine, TIME_NEVER), ENGINE_ENDED);
    assert_false(play->trace.failed);
    return play;
}

void play_close(struct play *play)
{
    for (unsigned i = 0; i < play->block_count; i++)
        free(play->blocks[i]);
    trace_free(&play->trace);
    story_free(play->story);
}

uint8_t play_host(const struct play *play, const char *host)
{
    for (uint16_t n = 0; n < play->story->node_count; n++) {
        if (strcmp(play->story->nodes[n].name, host) == 0)
            return (uint8_t)n;
    }
    fail_msg("no host %s", host);
    return 0;
}

static bool is_at(const struct play *play, const struct trace_event *event, const char *host)
{
    return host == NULL || event->host == play_host(play, host);
}

const struct trace_event *play_event(const struct play *play, enum trace_kind kind, const char *host, unsigned nth)
{
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->kind == kind && is_at(play, event, host) && --nth == 0)
            return event;
    }
    return NULL;
}

unsigned play_count(const struct play *play, enum trace_kind kind, const char *host)
{
    unsigned count = 0;
    while (play_event(play, kind, host, count + 1) != NULL)
        count++;
    return count;
}

const struct trace_event *play_return(const struct play *play, const char *host, enum call_kind call, unsigned nth)
{
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->kind == TRACE_RETURN && is_at(play, event, host) && event->call.call == call && --nth == 0)
            return event;
    }
    return NULL;
}

int64_t play_enters(const struct play *play, const char *host, enum tcp_state state)
{
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->kind == TRACE_STATE && is_at(play, event, host) && event->conn != 0 && event->state.to == state)
            return event->time_ns;
    }
    return TIME_NEVER;
}
