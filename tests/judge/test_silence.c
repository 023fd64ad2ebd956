/* SPDX-License-Identifier: MIT */
/* Nothing is silent: what a file says and a run does not do is a failure at its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "net/class.h"
#include "trace_builder.h"

static int setup(void **state)
{
    *state = builder_new(PROFILE_LINUX);
    return 0;
}

static int teardown(void **state)
{
    builder_free(*state);
    return 0;
}

static void is_silent_about(struct builder *b, const char *message)
{
    if (judged(b)->failures.count != 1)
        fail_msg("%u failures, the first: %s", (unsigned)b->judgement.failures.count, b->judgement.failures.list[0].message);
    assert_string_equal(b->judgement.failures.list[0].message, message);
    assert_int_equal(b->judgement.failures.list[0].line, 5);
}

static void a_rule_whose_ordinal_was_not_met_is_named(void **state)
{
    struct builder *b = *state;
    struct story_statement *drop = states(b, STATEMENT_DROP);
    drop->segment.classes = CLASS_FIN;
    drop->segment.ordinals = (struct ordinals){2, 2};
    whole_life(b);
    is_silent_about(b, "this fault never happened (seed 7)");
    assert_string_equal(b->judgement.failures.list[0].help, "the client sent FIN once, at 0.050s; use 1st, or make it be sent again");
    drop->segment.ordinals = (struct ordinals){1, 1};
    assert_int_equal(judged(b)->failures.count, 0);
}

static void a_range_of_ordinals_has_happened_when_all_were_met(void **state)
{
    struct builder *b = *state;
    struct story_statement *drop = states(b, STATEMENT_DROP);
    drop->segment.classes = CLASS_ACK;
    drop->segment.ordinals = (struct ordinals){1, 3};
    whole_life(b); /* the client sends two pure ACKs */
    is_silent_about(b, "this fault never happened (seed 7)");
    drop->segment.ordinals.last = 2;
    assert_int_equal(judged(b)->failures.count, 0);
    drop->segment.ordinals.last = ORDINAL_LAST; /* every: one is enough */
    assert_int_equal(judged(b)->failures.count, 0);
}

static void maybe_excuses(void **state)
{
    struct builder *b = *state;
    struct story_statement *drop = states(b, STATEMENT_DROP);
    drop->segment.classes = CLASS_RST;
    drop->maybe = true;
    whole_life(b);
    assert_int_equal(judged(b)->failures.count, 0);
}

static void a_cut_that_lost_nothing_is_named(void **state)
{
    struct builder *b = *state;
    states(b, STATEMENT_CUT);
    whole_life(b);
    fault(b, FAULT_CUT_BEGINS, 1, 0);
    is_silent_about(b, "this cut lost nothing: nothing was sent on that way while it held (seed 7)");
}

static void a_cut_that_lost_something_has_happened(void **state)
{
    struct builder *b = *state;
    states(b, STATEMENT_CUT);
    handshake(b);
    fault(b, FAULT_CUT_BEGINS, 1, 0);
    dropped(b, sends(b, CLIENT, "P.", 1, 10, 1), DROP_CUT, 1);
    fault(b, FAULT_CUT_ENDS, 1, 0);
    passes(b, CLIENT, "P.", 1, 10, 1);
    passes(b, SERVER, ".", 1, 0, 11);
    assert_int_equal(judged(b)->failures.count, 0);
}

static void a_trigger_that_never_matched_is_named(void **state)
{
    struct builder *b = *state;
    struct story_statement *cut = states(b, STATEMENT_CUT);
    cut->when = WHEN_EVENT;
    cut->event.kind = EVENT_ENTERS;
    cut->event.host = CLIENT;
    cut->event.state = TCP_CLOSING;
    whole_life(b);
    is_silent_about(b, "this trigger never matched (seed 7)");
    assert_string_equal(b->judgement.failures.list[0].help, "the client went SYN_SENT ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSED");
}

static void a_guard_whose_event_never_came_is_named(void **state)
{
    struct builder *b = *state;
    struct story_guard *guard = &b->steps[2].guard;
    guard->event.kind = EVENT_SEES_ERROR;
    guard->event.host = CLIENT;
    guard->event.name = STORY_NONE;
    guard->event.error = TCP_ECONNRESET;
    guard->event.place.line = 5;
    whole_life(b);
    is_silent_about(b, "this trigger never matched (seed 7)");
    guard->within_ns = 30 * NS_PER_S; /* a deadline: the program goes on without it */
    assert_int_equal(judged(b)->failures.count, 0);
}

static void a_say_has_its_moment(void **state)
{
    struct builder *b = *state;
    struct story_statement *say = states(b, STATEMENT_SAY);
    say->when = WHEN_AT;
    whole_life(b);
    is_silent_about(b, "this moment never happened (seed 7)");
    const struct trace_event note = {.kind = TRACE_NOTE, .statement = 1};
    event(b, &note);
    assert_int_equal(judged(b)->failures.count, 0);
}

/* LANGUAGE, "Teaching": an inherited say whose event does not occur in a variant is left out there; one of the variant's own is not. */
static void a_variant_leaves_out_what_it_inherited_and_could_not_say(void **state)
{
    static const char *lines[] = {"scenario", "host client", "host server", "link client -- server",
                                  "when client enters CLOSING  say \"x\""};
    struct builder *b = *state;
    struct story_statement *say = states(b, STATEMENT_SAY);
    say->when = WHEN_EVENT;
    say->event.kind = EVENT_ENTERS;
    say->event.state = TCP_CLOSING;
    b->story.variant = b->story.variants = 1;
    b->story.lines = lines;
    b->story.line_count = 5;
    whole_life(b);
    assert_int_equal(judged(b)->failures.count, 0);
    lines[4] = "    when client enters CLOSING  say \"x\"";
    is_silent_about(b, "this trigger never matched (seed 7)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rule_whose_ordinal_was_not_met_is_named),
        TEST(a_range_of_ordinals_has_happened_when_all_were_met),
        TEST(maybe_excuses),
        TEST(a_cut_that_lost_nothing_is_named),
        TEST(a_cut_that_lost_something_has_happened),
        TEST(a_trigger_that_never_matched_is_named),
        TEST(a_guard_whose_event_never_came_is_named),
        TEST(a_say_has_its_moment),
        TEST(a_variant_leaves_out_what_it_inherited_and_could_not_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
