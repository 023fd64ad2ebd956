/* SPDX-License-Identifier: MIT */
/* A run played live, as `lastack play` does it, without its terminal: forward, back, to a time, and on from a killed segment. What it shows
 * is compared with the run itself. It remembers so little here that each of these has to be played again from a snapshot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PAST_EVENTS 256u
#define PAST_STEPS 16u
#define PAST_BYTES_A_STEP 65536u
#include "app/past.c"
#include "app/stage.c"

#define SCENARIOS SOURCE_ROOT "/scenarios/"
#define LONG_RUN SCENARIOS "fin-wait/five-minutes-of-download.scn" /* some three thousand events */

static void opened_with(struct stage *stage, const char *path, const struct scenario_options *options)
{
    struct play play = {.options = *options};
    assert_int_equal(play_open(&play, path), STATUS_HELD);
    assert_true(play_parse(&play));
    assert_int_equal(stage_open(stage, &play), STATUS_HELD);
    assert_true(stage_work(stage, UINT32_MAX));
}

static void opened(struct stage *stage, const char *path, uint16_t variant)
{
    opened_with(stage, path, &(struct scenario_options){.variant = variant});
}

static void run_whole(struct play *play, const char *path)
{
    *play = (struct play){.path = path};
    assert_int_equal(play_open(play, path), STATUS_HELD);
    assert_true(play_parse(play));
    assert_true(play_run(play, TIME_NEVER, NULL) <= STATUS_FAILED);
}

static void is_sound(const struct stage *stage)
{
    if (stage->fault == NULL)
        return;
    print_error("%s, variant %u: %s\n%s\n", stage->play.path, (unsigned)stage->play.options.variant, stage->fault, stage->play.file.bytes);
    diagnostics_print(&stage->play.diagnostics, stage->play.path, &stage->play.file);
    fail();
}

static void go(struct stage *stage, enum goal goal)
{
    stage_go(stage, goal);
    assert_true(stage_work(stage, UINT32_MAX));
    is_sound(stage);
}

static uint32_t shown_of_run(const struct stage *stage)
{
    return stage->recent.forgotten + stage->shown;
}

/* The last events shown are those of the run, to the byte; only causes that are forgotten are none. */
static void shows_the_run(const struct stage *stage, const struct trace *run)
{
    const struct recent *recent = &stage->recent;
    const uint32_t most = PAST_EVENTS / 16;
    for (uint32_t n = stage->shown, i = 0; n > recent->left && i < most; n--, i++) {
        unsigned char here[TRACE_BYTES_MAX], there[TRACE_BYTES_MAX];
        struct trace_event mine = recent->trace.events[n - 1], its = run->events[n + recent->forgotten - 1];
        if (mine.cause != 0)
            mine.cause += recent->forgotten;
        else
            its.cause = 0;
        const size_t bytes = trace_canonical(&mine, here);
        assert_int_equal(bytes, trace_canonical(&its, there));
        assert_memory_equal(here, there, bytes);
    }
}

/* ---- steps ---- */

static void each_step_back_shows_what_was_shown_there(void **state)
{
    struct stage stage;
    struct play run;
    (void)state;
    run_whole(&run, LONG_RUN);
    opened(&stage, LONG_RUN, 0);
    uint32_t *steps = calloc(run.trace.count + 1, sizeof *steps), count = 0;
    while (!stage_over(&stage)) {
        steps[count++] = shown_of_run(&stage);
        go(&stage, GOAL_STEP);
        shows_the_run(&stage, &run.trace);
    }
    assert_true(stage.recent.forgotten > 8 * PAST_EVENTS); /* else nothing is tried here */
    assert_int_equal(shown_of_run(&stage), run.trace.count);
    assert_true(world_hash(stage.play.engine.world) == run.judgement.hash);
    while (count > 0) {
        stage_back(&stage);
        assert_int_equal(shown_of_run(&stage), steps[--count]);
        shows_the_run(&stage, &run.trace);
        assert_true(stage.shown == 0 || stage.now_ns == run.trace.events[shown_of_run(&stage) - 1].time_ns);
    }
    go(&stage, GOAL_END);
    assert_true(world_hash(stage.play.engine.world) == run.judgement.hash);
    free(steps);
    stage_free(&stage);
    play_free(&run);
}

static void changes_of_state_are_found_both_ways(void **state)
{
    struct stage stage;
    uint32_t found[64], count = 0;
    (void)state;
    opened(&stage, LONG_RUN, 0);
    for (go(&stage, GOAL_STATE); !stage_over(&stage) && count < 64; go(&stage, GOAL_STATE))
        if (stage_asks(&stage) == NULL)
            found[count++] = shown_of_run(&stage);
    assert_in_range(count, 8, 63);
    while (count > 0) {
        stage_back_to_state(&stage);
        if (shown_of_run(&stage) > found[count - 1])
            continue; /* the last one is at the end, which is no change of its own */
        assert_int_equal(shown_of_run(&stage), found[--count]);
    }
    stage_free(&stage);
}

static void a_time_is_reached_from_before_and_from_behind(void **state)
{
    struct stage stage;
    struct play run;
    (void)state;
    run_whole(&run, LONG_RUN);
    opened(&stage, LONG_RUN, 0);
    static const int64_t seconds[] = {250, 3, 299, 0, 120, 121, 60, 10000};
    for (unsigned i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        const int64_t time_ns = seconds[i] * NS_PER_S;
        uint32_t expected = 0;
        while (expected < run.trace.count && run.trace.events[expected].time_ns <= time_ns)
            expected++;
        stage_go_to(&stage, time_ns);
        assert_true(stage_work(&stage, UINT32_MAX));
        assert_int_equal(shown_of_run(&stage), expected);
        assert_true(stage.now_ns == (expected < run.trace.count ? time_ns : run.judgement.end_ns));
        shows_the_run(&stage, &run.trace);
    }
    stage_free(&stage);
    play_free(&run);
}

/* What stays of an hour is no more than what stays of a minute. */
static void however_long_the_run_the_past_stays_small(void **state)
{
    struct stage stage;
    uint32_t most = 0;
    (void)state;
    opened(&stage, SCENARIOS "fin-wait/a-fin-every-second.scn", 0);
    for (int64_t s = 60; !stage_over(&stage); s += 60) {
        stage_go_to(&stage, s * NS_PER_S);
        assert_true(stage_work(&stage, UINT32_MAX));
        most = stage.recent.trace.count > most ? stage.recent.trace.count : most;
        assert_in_range(stage.past.count, 0, 2 * 14); /* about two for each doubling of the steps */
    }
    assert_in_range(most, PAST_EVENTS, 2 * PAST_EVENTS + 512);
    assert_in_range(stage.recent.forgotten, 10000, UINT32_MAX);
    stage_free(&stage);
}

/* Nothing of the run is played before it is asked for. */
static void it_opens_at_once(void **state)
{
    struct stage stage;
    (void)state;
    opened(&stage, SCENARIOS "fin-wait/a-fin-every-second.scn", 0);
    assert_in_range(world_steps(stage.play.engine.world), 1, 8);
    go(&stage, GOAL_STEP);
    assert_in_range(world_steps(stage.play.engine.world), 1, 16);
    stage_free(&stage);
}

/* ---- branches ---- */

/* All that may fail in a branch that was saved: a program waits for what never comes, and so would wait in any scenario of this run. */
static bool only_waits(const struct judgement *judgement)
{
    for (unsigned i = 0; i < judgement->failures.count; i++) {
        if (strncmp(judgement->failures.list[i].message, "this trigger never matched", 26) != 0)
            return false;
    }
    return true;
}

static uint64_t hash_of_branch(const struct branch *branch)
{
    const struct text *text = branch_text(branch);
    struct play play = {.path = "branch.scn", .options = {.variant = (uint16_t)(branch->variants + 1)}};
    play.file = (struct file){.bytes = malloc(text->length + 1), .length = text->length};
    memcpy(play.file.bytes, text->bytes, text->length + 1);
    if (!play_parse(&play))
        diagnostics_print(&play.diagnostics, play.path, &play.file);
    assert_non_null(play.story);
    const enum status status = play_run(&play, TIME_NEVER, NULL);
    if (!only_waits(&play.judgement))
        diagnostics_print(&play.judgement.failures, play.path, &play.file);
    assert_true(status <= STATUS_FAILED && only_waits(&play.judgement));
    const uint64_t hash = play.judgement.hash;
    play_free(&play);
    return hash;
}

/* Kills the newest segment under way: it is lost at once, and the scenario that is saved plays that very run. */
static bool killed(struct stage *stage)
{
    uint32_t flights[FLIGHTS_SHOWN];
    const char *why = "";
    const unsigned all = stage_flights(stage, flights), listed = all < FLIGHTS_SHOWN ? all : FLIGHTS_SHOWN;
    if (listed == 0)
        return false;
    const struct trace_event sent = stage->recent.trace.events[flights[listed - 1] - 1];
    if (!stage_kill(stage, flights[listed - 1], &why))
        return false;
    assert_true(stage_work(stage, UINT32_MAX));
    is_sound(stage);
    bool lost = false;
    for (uint32_t n = stage_step(stage); n <= stage->shown; n++) {
        const struct trace_event *e = &stage->recent.trace.events[n - 1];
        lost = lost || (e->kind == TRACE_DROP && e->what == DROP_RULE && e->segment.number == sent.segment.number);
    }
    assert_true(lost);
    assert_true(stage->now_ns == sent.time_ns);
    assert_int_equal(stage_hold(stage), STATUS_HELD);
    go(stage, GOAL_END);
    assert_true(hash_of_branch(&stage->branch) == world_hash(stage->play.engine.world));
    return true;
}

static unsigned kills(const char *path, uint16_t variant, int64_t every_ns)
{
    struct stage stage;
    unsigned count = 0;
    opened(&stage, path, variant);
    go(&stage, GOAL_END);
    const uint64_t whole = world_hash(stage.play.engine.world);
    const int64_t end_ns = stage.now_ns;
    for (int64_t t = 0; t < end_ns && count < 12; t += every_ns) {
        stage_go_to(&stage, t);
        assert_true(stage_work(&stage, UINT32_MAX));
        if (!killed(&stage))
            continue;
        count++;
        assert_true(stage_unkill(&stage));
        assert_true(stage_work(&stage, UINT32_MAX));
        go(&stage, GOAL_END);
        assert_true(world_hash(stage.play.engine.world) == whole);
    }
    stage_free(&stage);
    return count;
}

static void a_branch_that_is_saved_plays_the_same(void **state)
{
    (void)state;
    assert_in_range(kills(SCENARIOS "four-packets.scn", 0, NS_PER_MS / 2), 4, 12);
    assert_in_range(kills(SCENARIOS "lost-final-ack.scn", 0, 5 * NS_PER_MS), 3, 12);
    assert_in_range(kills(SCENARIOS "two-incarnations.scn", 0, 5 * NS_PER_MS), 3, 12);
    assert_in_range(kills(SCENARIOS "nat-forgets.scn", 0, 10 * NS_PER_MS), 3, 12);
    assert_in_range(kills(SCENARIOS "middleboxes/the-reset-that-escaped.scn", 0, 7 * NS_PER_MS), 1, 12);
    assert_in_range(kills(LONG_RUN, 0, 7 * NS_PER_S), 3, 12);
}

static void a_branch_of_a_variant_is_one_of_that_variant(void **state)
{
    (void)state;
    assert_in_range(kills(SCENARIOS "fin-wait/too-many-orphans.scn", 2, 50 * NS_PER_MS), 2, 12);
    assert_in_range(kills(SCENARIOS "lost-final-ack.scn", 1, 5 * NS_PER_MS), 3, 12);
}

static bool flies(const struct stage *stage)
{
    uint32_t flights[FLIGHTS_SHOWN];
    return stage_flights(stage, flights) > 0;
}

static void to_a_flight(struct stage *stage)
{
    while (!flies(stage) && !stage_over(stage))
        go(stage, GOAL_STEP);
}

/* One after the other, in one run. */
static void a_branch_has_branches(void **state)
{
    struct stage stage;
    (void)state;
    opened(&stage, SCENARIOS "lost-final-ack.scn", 0);
    for (unsigned i = 1; i <= 3; i++) {
        stage_back_to_start(&stage);
        for (unsigned s = 0; s < 4 * i; s++)
            go(&stage, GOAL_STEP);
        to_a_flight(&stage);
        assert_true(killed(&stage));
        assert_int_equal(stage.branch.count, i);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_true(stage_unkill(&stage));
    assert_false(stage_unkill(&stage));
    stage_free(&stage);
}

/* Whatever stands in a scenario: labels, lets, programs that a variant gives anew. */
static void every_scenario_of_the_gallery_can_be_branched(void **state)
{
    struct paths paths = {0};
    unsigned branches = 0;
    (void)state;
    assert_int_equal(paths_find(&paths, SOURCE_ROOT "/scenarios"), STATUS_HELD);
    for (unsigned i = 0; i < paths.count; i++) {
        for (uint16_t variant = 0, variants = 0; variant <= variants; variant++) {
            struct stage stage;
            opened(&stage, paths.list[i], variant);
            variants = stage.play.story->variants;
            to_a_flight(&stage);
            branches += killed(&stage);
            stage_free(&stage);
        }
    }
    assert_in_range(branches, 300, UINT32_MAX);
    paths_free(&paths);
}

/* The file alone plays what was seen: what the command line said stands in it (killed() compares the hashes). */
static void a_branch_keeps_what_the_command_line_said(void **state)
{
    static const char text[] = "scenario \"given\"\nlet PAUSE = 1s..4s\nlet ONCE = 5ms\nlet WORD = \"x\"\n"
                               "host client  linux  time_wait 30s  # half a minute\nhost server\n"
                               "link client -- server  delay 10ms  jitter 3ms  loss 5%\n"
                               "app client\n    connect server:80\n    send 3000\n    after $PAUSE  close\n"
                               "service server 80\n    recv until eof\n    after $ONCE  close\n"
                               "at 1ms  say $WORD\nexpect client spends 30s in TIME_WAIT\n"
                               "variant \"another\"\n    let PAUSE = 7s\n    seed 12\n    host server rfc9293 timestamps off\n";
    static const struct scenario_set sets[] = {{"ONCE", "1s"}, {"ONCE", "20ms..30ms"}, {"WORD", "one \"two\""}, {"PAUSE", "2s"}};
    static const struct scenario_host_profile hosts[] = {{"server", "freebsd"}};
    static const char *const lines[] = {"\n    seed 77\n    let ONCE = 20ms..30ms\n    let WORD = \"one \\\"two\\\"\"\n    let PAUSE = 2s\n"
                                        "    host client  windows  time_wait 30s\n    host server  freebsd\n    drop ",
                                        "    host client  windows  time_wait 30s\n    host server  freebsd  timestamps off\n    drop "};
    struct paths paths = {0};
    char folder[] = "/tmp/lastack-stage-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/given.scn", folder);
    assert_int_equal(output_create(path, text, sizeof text - 1), STATUS_HELD);
    for (uint16_t variant = 0; variant < 2; variant++) {
        const struct scenario_options options = {.variant = variant,
                                                 .seed_given = true,
                                                 .seed = 77,
                                                 .sets = sets,
                                                 .set_count = 4,
                                                 .profile_all = "windows",
                                                 .host_profiles = hosts,
                                                 .host_profile_count = 1};
        struct stage stage;
        opened_with(&stage, path, &options);
        go(&stage, GOAL_END);
        const uint64_t whole = world_hash(stage.play.engine.world);
        stage_back_to_start(&stage);
        to_a_flight(&stage);
        assert_true(killed(&stage));
        if (strstr(branch_text(&stage.branch)->bytes, lines[variant]) == NULL)
            fail_msg("%s", branch_text(&stage.branch)->bytes);
        assert_true(stage_unkill(&stage));
        go(&stage, GOAL_END);
        assert_true(world_hash(stage.play.engine.world) == whole);
        stage_free(&stage);
    }
    unlink(path);
    rmdir(folder);
    assert_int_equal(paths_find(&paths, SOURCE_ROOT "/scenarios"), STATUS_HELD);
    for (unsigned i = 0; i < paths.count; i += 3) {
        const struct scenario_options options = {
            .seed_given = true, .seed = 3 + i, .profile_all = profile_name((enum profile_id)(i % PROFILES))};
        struct stage stage;
        opened_with(&stage, paths.list[i], &options);
        to_a_flight(&stage);
        killed(&stage);
        stage_free(&stage);
    }
    paths_free(&paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_back_shows_what_was_shown_there),
        cmocka_unit_test(changes_of_state_are_found_both_ways),
        cmocka_unit_test(a_time_is_reached_from_before_and_from_behind),
        cmocka_unit_test(however_long_the_run_the_past_stays_small),
        cmocka_unit_test(it_opens_at_once),
        cmocka_unit_test(a_branch_that_is_saved_plays_the_same),
        cmocka_unit_test(a_branch_of_a_variant_is_one_of_that_variant),
        cmocka_unit_test(a_branch_has_branches),
        cmocka_unit_test(a_branch_keeps_what_the_command_line_said),
        cmocka_unit_test(every_scenario_of_the_gallery_can_be_branched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
