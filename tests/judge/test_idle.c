/* SPDX-License-Identifier: MIT */
/* What a connection costs that only waits: both ends with their programs, timers, hash and invariants (docs/notes/performance.md).
 * Counted, not measured: what of the blocks was ever written, and only how it grows with the crowd, for the ends at work take what they
 * take however many wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/duration.h"
#include "base/text.h"
#include "judge/judge.h"
#include "scenario/reader.h"
#include "sim/engine.h"

static void *grow(void *ctx, void *old_block, size_t bytes)
{
    (void)ctx, (void)old_block, (void)bytes;
    fail_msg("the place that was reserved for the crowd is enough");
    return NULL;
}

/* The bytes in use when `n` connections are open, each having sent a little both ways. */
static size_t bytes_of_a_crowd(unsigned n, const char *weather)
{
    struct text text = {0};
    struct diagnostics diagnostics = {0};
    const struct scenario_options options = {0};
    text_printf(&text,
                "host client  linux  local_port_range 1024..65535\nhost server  linux\nlink client -- server  delay 10ms%s\n"
                "app client x %u every 100us\n    connect server:80\n    send 1000\n    recv 1000\n    after 100s  close\n"
                "service server 80\n    recv 1000\n    send 1000\n    recv until eof\n    close\n",
                weather, n);
    struct story *story = scenario_read("crowd.scn", text.bytes, text.length, &options, &diagnostics);
    assert_non_null(story);
    story_draw(story, 1);
    struct invariants *invariants = invariants_new(story);
    size_t bytes = world_bytes_wanted(story);
    void *block = NULL;
    assert_int_equal(posix_memalign(&block, 64, bytes), 0);
    struct engine engine = {.story = story, .sink = invariants_feed, .sink_ctx = invariants, .grow = grow};
    engine.world = world_init(block, bytes, story, QUEUE_WHEEL);
    assert_int_equal(engine_run(&engine, 20 * NS_PER_S), ENGINE_RUNNING);
    size_t used = world_bytes_used(engine.world) + invariants_bytes_used(invariants);
    invariants_free(invariants);
    free(block);
    story_free(story);
    text_free(&text);
    return used;
}

static size_t bytes_of_one(const char *weather)
{
    return (bytes_of_a_crowd(24000, weather) - bytes_of_a_crowd(12000, weather)) / 12000;
}

static void an_open_connection_at_rest_takes_less_than_512_bytes(void **state)
{
    (void)state;
    size_t bytes = bytes_of_one("");
    print_message("%zu bytes\n", bytes);
    assert_in_range(bytes, 400, 472);
}

static void after_losses_it_takes_little_more(void **state)
{
    (void)state;
    size_t bytes = bytes_of_one("  loss 5%");
    print_message("%zu bytes\n", bytes);
    assert_in_range(bytes, 400, 496);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_connection_at_rest_takes_less_than_512_bytes),
        cmocka_unit_test(after_losses_it_takes_little_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
