/* SPDX-License-Identifier: MIT */
/* The world is one relocatable block: what runs on at another address, or from a snapshot, or behind another queue, or after it has
 * grown, gives the same trace to the last bit. DESIGN.md "The world is one relocatable block". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sim/play.h"

/* Loss, jitter, copies, a cut, guards, several programs: something of everything that lives in the world. */
static const char busy[] = "seed 5\n"
                           "host client  linux\n"
                           "host server  linux  rcvbuf 16KiB\n"
                           "host other  rfc9293\n"
                           "link client -- server  delay 10ms  jitter 3ms  loss 5%  duplicate 3%  reorder 4%  corrupt 2%\n"
                           "link other -- server  delay 7ms\n"
                           "stop 10min\n"
                           "app client x 6 every 30ms\n"
                           "    connect server:80\n"
                           "    send 20000\n"
                           "    shutdown write\n"
                           "    recv until eof within 20s\n"
                           "    close\n"
                           "service server 80\n"
                           "    drain\n"
                           "    when server sees eof within 30s  send 3000\n"
                           "    close\n"
                           "app other\n"
                           "    at 50ms  connect client:9\n"
                           "app client\n"
                           "    listen 9\n"
                           "    accept\n"
                           "    recv until eof within 2s\n"
                           "cut client -- server  from 200ms to 900ms\n"
                           "maybe when server enters CLOSE_WAIT after 5ms  say \"the end was seen\"\n"
                           "expect maybe breaks no-socket-for-ever\n";

static uint64_t whole_hash(const char *text, enum queue_kind queue)
{
    struct play *play = play_whole(text, queue);
    uint64_t hash = world_hash(play->engine.world);
    play_close(play);
    free(play);
    return hash;
}

/* Moves the world to a fresh block and overwrites the one that it leaves. */
static void move(struct play *play)
{
    size_t bytes = world_bytes(play->engine.world);
    void *to = NULL;
    struct world *from = play->engine.world;
    assert_int_equal(posix_memalign(&to, 64, bytes), 0);
    memcpy(to, from, bytes);
    memset(from, 0xDB, bytes);
    for (unsigned i = 0; i < play->block_count; i++) {
        if (play->blocks[i] == from) {
            free(from);
            play->blocks[i] = to;
        }
    }
    play->engine.world = to;
}

static void a_world_moved_after_every_step_gives_the_same_trace(void **state)
{
    (void)state;
    for (int queue = 0; queue < QUEUE_KINDS; queue++) {
        struct play play;
        uint64_t hash = whole_hash(busy, (enum queue_kind)queue);
        play_open(&play, busy, (enum queue_kind)queue);
        while (engine_step(&play.engine) == ENGINE_RUNNING)
            move(&play);
        assert_true(world_hash(play.engine.world) == hash);
        play_close(&play);
    }
}

static void every_queue_gives_the_same_trace(void **state)
{
    (void)state;
    assert_true(whole_hash(busy, QUEUE_HEAP) == whole_hash(busy, QUEUE_WHEEL));
}

static void a_snapshot_runs_on_as_the_original_does(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, busy, QUEUE_HEAP);
    for (int i = 0; i < 150; i++)
        assert_int_equal(engine_step(&play.engine), ENGINE_RUNNING);
    size_t bytes = world_bytes(play.engine.world);
    uint32_t events = world_events(play.engine.world);
    void *snapshot = play_block(&play, bytes);
    memcpy(snapshot, play.engine.world, bytes);
    assert_int_equal(engine_run(&play.engine, TIME_NEVER), ENGINE_ENDED);
    uint64_t hash = world_hash(play.engine.world);
    for (int again = 0; again < 2; again++) {
        void *block = play_block(&play, bytes);
        memcpy(block, snapshot, bytes);
        play.engine.world = block;
        play.trace.count = events;
        assert_int_equal(engine_run(&play.engine, TIME_NEVER), ENGINE_ENDED);
        assert_true(world_hash(play.engine.world) == hash);
        assert_int_equal(world_events(play.engine.world), play.trace.count);
    }
    play_close(&play);
}

static void running_in_slices_of_time_gives_the_same_trace(void **state)
{
    (void)state;
    struct play play;
    play_open(&play, busy, QUEUE_WHEEL);
    int64_t until_ns = 0;
    while (engine_run(&play.engine, until_ns) == ENGINE_RUNNING) {
        assert_true(world_now(play.engine.world) == until_ns);
        until_ns += 37 * NS_PER_MS;
    }
    assert_true(world_hash(play.engine.world) == whole_hash(busy, QUEUE_WHEEL));
    assert_true(world_now(play.engine.world) == 600 * NS_PER_S);
    play_close(&play);
}

/* A crowd outgrows its first block several times; a block that never had to grow is the same world. */
static void a_world_that_grows_stays_itself(void **state)
{
    (void)state;
    static const char crowd[] = TWO_HOSTS "app client x 3000 every 10us\n"
                                          "    connect server:80\n"
                                          "    send 100\n"
                                          "    recv until eof\n"
                                          "    close\n"
                                          "service server 80\n"
                                          "    recv 100\n"
                                          "    close\n";
    struct play *play = play_whole(crowd, QUEUE_HEAP);
    assert_true(play->block_count > 1);
    assert_true(world_hash(play->engine.world) == whole_hash(crowd, QUEUE_WHEEL));
    assert_int_equal(play_count(play, TRACE_RETURN, NULL) > 3000, 1);
    play_close(play);
    free(play);
}

static void without_a_larger_block_a_run_ends_and_says_so(void **state)
{
    (void)state;
    static const char large[] = TWO_HOSTS "app client\n"
                                          "    connect server:80\n"
                                          "    send 1000000\n"
                                          "service server 80\n"
                                          "    recv until eof\n";
    struct play play;
    play_open(&play, large, QUEUE_HEAP);
    play.engine.grow = NULL;
    assert_int_equal(engine_run(&play.engine, TIME_NEVER), ENGINE_NO_MEMORY);
    play_close(&play);
}

/* Draws are keyed by what they decide: neither a comment nor a link that has nothing to do with it changes one. */
static void a_comment_or_an_unrelated_link_changes_no_draw(void **state)
{
    (void)state;
    static const char story[] = "seed 3\n"
                                "host client  linux\n"
                                "host server  linux\n"
                                "link client -- server  delay 10ms  jitter 4ms  loss 20%  duplicate 5%\n"
                                "app client\n"
                                "    connect server:80\n"
                                "    send 40000\n"
                                "    close\n"
                                "service server 80\n"
                                "    recv until eof\n"
                                "    close\n";
    char more[1024];
    strcpy(more, "# a comment\nhost third  linux\nhost fourth  rfc9293\nlink third -- fourth  delay 1ms  loss 50%\n");
    strcat(more, story);
    struct play *one = play_whole(story, QUEUE_HEAP), *two = play_whole(more, QUEUE_HEAP);
    assert_int_equal(one->trace.count, two->trace.count);
    for (uint32_t i = 0; i < one->trace.count; i++) {
        const struct trace_event *a = &one->trace.events[i], *b = &two->trace.events[i];
        assert_true(a->time_ns == b->time_ns && a->kind == b->kind && a->what == b->what && a->cause == b->cause);
        if (a->kind == TRACE_SEND || a->kind == TRACE_RECV)
            assert_true(a->segment.seq == b->segment.seq && a->segment.ack == b->segment.ack && a->segment.len == b->segment.len);
    }
    assert_true(play_count(one, TRACE_DROP, NULL) > 3);
    play_close(one);
    play_close(two);
    free(one);
    free(two);
}

static uint64_t always_first(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options)
{
    unsigned *asked = ctx;
    (void)kind, (void)subject, (void)ordinal, (void)options;
    ++*asked;
    return 0;
}

static void a_driver_of_its_own_takes_every_open_decision(void **state)
{
    (void)state;
    static const char story[] = "host client  linux\n"
                                "host server  linux\n"
                                "link client -- server  delay 10ms  loss 20%\n"
                                "stop 5s\n"
                                "app client\n"
                                "    connect server:80\n"
                                "service server 80\n";
    struct play play;
    unsigned asked = 0;
    play_open(&play, story, QUEUE_HEAP);
    play.engine.choose = always_first;
    play.engine.choose_ctx = &asked;
    engine_run(&play.engine, TIME_NEVER);
    assert_true(asked > 2);
    assert_int_equal(play_count(&play, TRACE_DROP, NULL), play_count(&play, TRACE_SEND, NULL));
    play_close(&play);
}

static void a_small_world_fits_into_eight_kibibytes(void **state)
{
    (void)state;
    struct story *story = play_story(TWO_HOSTS "app client\n"
                                               "    connect server:80\n"
                                               "    send 1000\n"
                                               "    close\n"
                                               "service server 80\n"
                                               "    recv until eof\n"
                                               "    close\n");
    void *block = malloc(65536);
    assert_non_null(block);
    size_t bytes = world_bytes(world_init((void *)(((uintptr_t)block + 63) & ~(uintptr_t)63), 65000, story, QUEUE_HEAP));
    assert_true(bytes <= 8192);
    free(block);
    story_free(story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_world_moved_after_every_step_gives_the_same_trace),
        cmocka_unit_test(every_queue_gives_the_same_trace),
        cmocka_unit_test(a_snapshot_runs_on_as_the_original_does),
        cmocka_unit_test(running_in_slices_of_time_gives_the_same_trace),
        cmocka_unit_test(a_world_that_grows_stays_itself),
        cmocka_unit_test(without_a_larger_block_a_run_ends_and_says_so),
        cmocka_unit_test(a_comment_or_an_unrelated_link_changes_no_draw),
        cmocka_unit_test(a_driver_of_its_own_takes_every_open_decision),
        cmocka_unit_test(a_small_world_fits_into_eight_kibibytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
