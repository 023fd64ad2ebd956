/* SPDX-License-Identifier: MIT */
/* Each expectation holds in one run and fails in another; and what a failure says. */
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

static const char *only_failure(struct builder *b)
{
    if (judged(b)->failures.count != 1)
        fail_msg("%u failures, the first: %s", (unsigned)b->judgement.failures.count, b->judgement.failures.list[0].message);
    return b->judgement.failures.list[0].message;
}

static void all_hold(struct builder *b)
{
    if (judged(b)->failures.count != 0)
        fail_msg("%s\n%s", b->judgement.failures.list[0].message, b->judgement.failures.list[0].help);
    assert_int_equal(b->judgement.held, b->story.expect_count);
}

/* whole_life(): client FIN at 50 ms, ACK 60, FIN 70 (sent 70, arrives 80), last ACK 80 to 90; TIME_WAIT from 80 ms to 60.09 s. */

/* ---- path ---- */

static struct story_expect *expects_path(struct builder *b, unsigned host, const enum tcp_state *path, uint32_t states)
{
    struct story_expect *expect = expects(b, EXPECT_PATH, host);
    memcpy(b->path_states, path, states * sizeof *path);
    expect->states = states;
    return expect;
}

static void a_path_is_followed_state_by_state(void **state)
{
    static const enum tcp_state path[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_TIME_WAIT, TCP_CLOSED};
    struct builder *b = *state;
    whole_life(b);
    expects_path(b, CLIENT, path, 5);
    all_hold(b);
}

static void a_path_may_begin_where_the_end_began(void **state)
{
    static const enum tcp_state path[] = {TCP_LISTEN, TCP_SYN_RECEIVED, TCP_ESTABLISHED};
    struct builder *b = *state;
    whole_life(b);
    expects_path(b, SERVER, path, 3);
    all_hold(b);
}

static void a_path_with_a_state_between_fails(void **state)
{
    static const enum tcp_state path[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_TIME_WAIT};
    struct builder *b = *state;
    whole_life(b);
    expects_path(b, CLIENT, path, 3);
    assert_string_equal(only_failure(b), "expected client path ESTABLISHED FIN_WAIT_1 TIME_WAIT (seed 7, trace 9f3c11d0)");
    assert_string_equal(b->judgement.failures.list[0].help, "the client went SYN_SENT ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSED\n"
                                                            "see it: lastack run by-hand.scn --seed 7 --until 70ms");
}

/* ---- is ... at, is ... by ---- */

static void a_state_at_a_time_is_that_after_all_of_the_instant(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *before = expects(b, EXPECT_IS_AT, CLIENT), *then = expects(b, EXPECT_IS_AT, CLIENT),
                        *gone = expects(b, EXPECT_IS_AT, CLIENT);
    before->state = TCP_FIN_WAIT_2;
    before->at_ns = 80 * MS - 1;
    then->state = TCP_TIME_WAIT;
    then->at_ns = 80 * MS;
    gone->state = TCP_CLOSED;
    gone->at_ns = 3600 * NS_PER_S;
    all_hold(b);
}

static void a_socket_not_yet_made_is_closed(void **state)
{
    struct builder *b = *state;
    at(b, 500);
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_IS_AT, SERVER);
    expect->state = TCP_CLOSED;
    expect->at_ns = 100 * MS;
    all_hold(b);
}

/* The example of LANGUAGE, "Errors". */
static void a_late_end_is_explained(void **state)
{
    struct builder *b = *state;
    struct story_statement *drop = states(b, STATEMENT_DROP);
    drop->segment.classes = CLASS_ACK;
    drop->place.line = 10;
    handshake(b);
    at(b, 5000);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    passes(b, CLIENT, "F.", 1, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    passes(b, SERVER, ".", 1, 0, 2);
    enters(b, CLIENT, TCP_FIN_WAIT_2);
    at(b, 5030);
    calls(b, SERVER, CALL_CLOSE, 10);
    enters(b, SERVER, TCP_LAST_ACK);
    returns(b, SERVER, CALL_CLOSE, 10, 0);
    passes(b, SERVER, "F.", 1, 0, 2);
    enters(b, CLIENT, TCP_TIME_WAIT);
    dropped(b, sends(b, CLIENT, ".", 2, 0, 2), DROP_RULE, 1);
    at(b, 5440);
    passes(b, SERVER, "F.", 1, 0, 2);
    passes(b, CLIENT, ".", 2, 0, 2);
    ends(b, SERVER, WHY_ORDINARY);
    time_wait_ends(b);
    struct story_expect *expect = expects(b, EXPECT_IS_BY, SERVER);
    expect->state = TCP_CLOSED;
    expect->high_ns = 5100 * MS;
    assert_string_equal(only_failure(b), "expected server CLOSED by 5.100s (seed 7, trace 9f3c11d0)");
    assert_string_equal(
        b->judgement.failures.list[0].help,
        "at 5.100s the server was LAST_ACK: its FIN (segment 6, sent 5.030s) was acknowledged by segment 7, which line 10 dropped\n"
        "it reached CLOSED at 5.460s, after resending the FIN at 5.440s\n"
        "see it: lastack run by-hand.scn --seed 7 --until 5.1s");
    assert_int_equal(b->judgement.failures.list[0].line, 21);
    expect->high_ns = 5460 * MS;
    all_hold(b);
}

/* ---- spends, never, holds ---- */

static void time_in_a_state_is_measured(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_SPENDS, CLIENT);
    expect->state = TCP_TIME_WAIT;
    expect->low_ns = expect->high_ns = 60 * NS_PER_S;
    assert_string_equal(only_failure(b), "expected client to spend 1min in TIME_WAIT (seed 7, trace 9f3c11d0)");
    assert_string_equal(b->judgement.failures.list[0].help, "it was there from 0.080s to 60.090s: 60.010s\n"
                                                            "see it: lastack run by-hand.scn --seed 7 --until 60.09s");
    expect->tolerance_ns = 10 * MS;
    all_hold(b);
    expect->tolerance_ns = 0;
    expect->low_ns = 55 * NS_PER_S;
    expect->high_ns = 65 * NS_PER_S;
    all_hold(b);
}

static void a_state_that_was_entered_was_not_never(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    expects(b, EXPECT_NEVER_STATE, CLIENT)->state = TCP_CLOSING;
    all_hold(b);
    expects(b, EXPECT_NEVER_STATE, SERVER)->state = TCP_CLOSE_WAIT;
    assert_string_equal(only_failure(b), "expected server never CLOSE_WAIT (seed 7, trace 9f3c11d0)");
}

static void never_of_an_end_that_nobody_opened_says_so(void **state)
{
    struct builder *b = *state;
    expects(b, EXPECT_NEVER_STATE, SERVER)->state = TCP_CLOSE_WAIT;
    assert_string_equal(only_failure(b), "server never had a connection, so it could not be CLOSE_WAIT (seed 7)");
}

static void held_sockets_are_counted(void **state)
{
    struct builder *b = *state;
    handshake(b);
    b->conn = 2;
    handshake(b);
    b->story.stop_ns = b->now_ns;
    struct story_expect *expect = expects(b, EXPECT_HOLDS, SERVER);
    expect->state = TCP_ESTABLISHED;
    expect->low = expect->high = 2;
    expect->at_ns = b->now_ns;
    all_hold(b);
    expect->at_ns = 40 * MS;
    assert_string_equal(only_failure(b), "expected server to hold 2 ESTABLISHED at 0.040s (seed 7, trace 9f3c11d0)");
    assert_non_null(strstr(b->judgement.failures.list[0].help, "at 0.040s it held 1 of them"));
}

/* ---- segments ---- */

static void the_wire_is_a_subsequence(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_WIRE, STORY_NONE);
    matches(b, expect, CLASS_FIN, CLIENT, SERVER);
    matches(b, expect, CLASS_ACK, SERVER, CLIENT);
    matches(b, expect, CLASS_FIN, SERVER, CLIENT);
    all_hold(b);
    matches(b, expect, CLASS_FIN, CLIENT, SERVER);
    assert_string_equal(only_failure(b), "expected on the wire, as number 4 of the list: FIN client -> server (seed 7, trace 9f3c11d0)");
}

static void sendings_are_counted(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_SENDS_TIMES, SERVER);
    matches(b, expect, CLASS_FIN, SERVER, STORY_NONE);
    expect->low = expect->high = 1;
    all_hold(b);
    expect->low = expect->high = 2;
    assert_string_equal(only_failure(b), "expected server to send FIN twice (seed 7, trace 9f3c11d0)");
    assert_non_null(strstr(b->judgement.failures.list[0].help, "it did so once: at 0.070s"));
    expect->low = 0;
    all_hold(b);
}

static void a_segment_is_sent_at_its_time(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_SEGMENT_AT, STORY_NONE);
    matches(b, expect, CLASS_FIN, CLIENT, SERVER)->ordinals_given = true;
    expect->low_ns = expect->high_ns = 50 * MS;
    all_hold(b);
    expect->low_ns = expect->high_ns = 51 * MS;
    assert_string_equal(only_failure(b), "expected 1st FIN client -> server at 0.051s (seed 7, trace 9f3c11d0)");
    expect->tolerance_ns = 1 * MS;
    all_hold(b);
}

static void a_segment_is_sent_after_another(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_SEGMENT_AFTER, STORY_NONE);
    matches(b, expect, CLASS_FIN, SERVER, CLIENT)->ordinals_given = true;
    matches(b, expect, CLASS_FIN, CLIENT, SERVER)->ordinals_given = true;
    expect->low_ns = expect->high_ns = 20 * MS;
    all_hold(b);
    expect->low_ns = expect->high_ns = 200 * MS;
    assert_string_equal(only_failure(b), "expected 1st FIN server -> client 200ms after the other (seed 7, trace 9f3c11d0)");
    b->matches[1].ordinals = (struct ordinals){2, 2};
    assert_string_equal(only_failure(b), "expected a 2nd FIN client -> server (seed 7, trace 9f3c11d0)");
}

static void a_segment_that_was_sent_was_not_never(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_NEVER_SEGMENT, STORY_NONE);
    matches(b, expect, CLASS_RST, STORY_NONE, STORY_NONE);
    all_hold(b);
    b->matches[0].classes = CLASS_FIN;
    assert_string_equal(only_failure(b), "expected never FIN (seed 7, trace 9f3c11d0)");
    assert_non_null(strstr(b->judgement.failures.list[0].help, "segment 6 is one: sent at 0.050s, from client to server"));
}

/* ---- programs ---- */

static void what_was_received_is_counted_to_its_end(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_RECEIVES, SERVER);
    expect->low = 300;
    expect->then = THEN_EOF;
    all_hold(b);
    expect->then = THEN_UNSAID;
    all_hold(b);
    expect->then = THEN_NOTHING;
    assert_string_equal(only_failure(b), "expected server to receive 300 then nothing (seed 7, trace 9f3c11d0)");
    expect->then = THEN_ERROR;
    expect->error = TCP_ECONNRESET;
    assert_string_equal(only_failure(b), "expected server to receive 300 then ECONNRESET (seed 7, trace 9f3c11d0)");
    expect->then = THEN_EOF;
    expect->low = 301;
    assert_string_equal(only_failure(b), "expected server to receive 301 then eof (seed 7, trace 9f3c11d0)");
    assert_non_null(strstr(b->judgement.failures.list[0].help, "it received 300 bytes, then eof at 0.060s"));
}

/* A recv until eof takes bytes as they come, and returns only at the end. */
static void a_recv_that_waits_has_taken_what_came(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, SERVER, CALL_RECV_EOF, 8);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 300);
    passes(b, CLIENT, "P.", 1, 300, 1);
    passes(b, SERVER, ".", 1, 0, 301);
    struct story_expect *expect = expects(b, EXPECT_RECEIVES, SERVER);
    expect->low = 300;
    expect->then = THEN_NOTHING;
    all_hold(b);
    assert_int_equal(b->judgement.connections[0].delivered[0], 300);
}

static void what_programs_see_is_counted(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    struct story_expect *expect = expects(b, EXPECT_SEES, SERVER); /* eof */
    all_hold(b);
    expect->times_given = true;
    expect->low = expect->high = 3;
    assert_string_equal(only_failure(b), "expected server to see eof 3 times (seed 7, trace 9f3c11d0)");
    expect->times_given = false;
    expect->error = TCP_ECONNRESET;
    assert_string_equal(only_failure(b), "expected server to see ECONNRESET (seed 7, trace 9f3c11d0)");
}

static void a_call_must_return_what_it_says(void **state)
{
    struct builder *b = *state;
    b->steps[10].expects = true;
    whole_life(b);
    assert_int_equal(judged(b)->failures.count, 0);
    assert_int_equal(b->judgement.held, 1);
    for (uint32_t i = 0; i < b->trace.count; i++)
        if (b->trace.events[i].kind == TRACE_RETURN && b->trace.events[i].call.step == 10) {
            b->trace.events[i].call.failed = true;
            b->trace.events[i].call.error = TCP_EPIPE;
        }
    assert_string_equal(only_failure(b), "expected this call to return 0, but at 0.070s it returned EPIPE (seed 7, trace 9f3c11d0)");
    assert_int_equal(b->judgement.failures.list[0].line, 20);
}

static void a_call_that_never_returns_fails_its_value(void **state)
{
    struct builder *b = *state;
    handshake(b);
    b->steps[2].expects = true;
    b->steps[2].expect_value = 5000;
    calls(b, CLIENT, CALL_RECV_EOF, 2);
    assert_string_equal(only_failure(b),
                        "expected this call to return 5000, but it was still waiting when the run ended (seed 7, trace 9f3c11d0)");
}

/* ---- which connection ---- */

static void a_host_with_several_connections_must_name_one(void **state)
{
    struct builder *b = *state;
    handshake(b);
    b->conn = 2;
    handshake(b);
    struct trace_event name = {.kind = TRACE_NAME, .conn = 1, .note = {.value = 0}};
    event(b, &name);
    name.conn = 2;
    name.note.value = 1;
    event(b, &name);
    struct story_expect *expect = expects(b, EXPECT_IS_AT, CLIENT);
    expect->state = TCP_ESTABLISHED;
    expect->at_ns = b->now_ns;
    assert_string_equal(only_failure(b), "client had 2 connections: name one (seed 7, trace 9f3c11d0)");
    assert_non_null(strstr(b->judgement.failures.list[0].help, "these have names: client.old, client.new"));
    expect->name = 1;
    all_hold(b);
}

/* --until: what lies beyond is neither held nor failed. */
static void a_run_that_is_cut_short_is_judged_as_far_as_it_went(void **state)
{
    struct builder *b = *state;
    handshake(b);
    struct story_expect *verdict = expects(b, EXPECT_VERDICT, STORY_NONE), *is = expects(b, EXPECT_IS_AT, CLIENT),
                        *by = expects(b, EXPECT_IS_BY, CLIENT);
    verdict->verdict = VERDICT_CLEAN;
    is->state = TCP_CLOSED;
    is->at_ns = 60 * NS_PER_S;
    by->state = TCP_ESTABLISHED;
    by->high_ns = 60 * NS_PER_S;
    judge_run(&b->judgement, &b->story, &b->trace, b->now_ns, 0, true);
    b->judged = true;
    assert_int_equal(b->judgement.failures.count, 0);
    assert_int_equal(b->judgement.held, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_is_followed_state_by_state),
        TEST(a_path_may_begin_where_the_end_began),
        TEST(a_path_with_a_state_between_fails),
        TEST(a_state_at_a_time_is_that_after_all_of_the_instant),
        TEST(a_socket_not_yet_made_is_closed),
        TEST(a_late_end_is_explained),
        TEST(time_in_a_state_is_measured),
        TEST(a_state_that_was_entered_was_not_never),
        TEST(never_of_an_end_that_nobody_opened_says_so),
        TEST(held_sockets_are_counted),
        TEST(the_wire_is_a_subsequence),
        TEST(sendings_are_counted),
        TEST(a_segment_is_sent_at_its_time),
        TEST(a_segment_is_sent_after_another),
        TEST(a_segment_that_was_sent_was_not_never),
        TEST(what_was_received_is_counted_to_its_end),
        TEST(a_recv_that_waits_has_taken_what_came),
        TEST(what_programs_see_is_counted),
        TEST(a_call_must_return_what_it_says),
        TEST(a_call_that_never_returns_fails_its_value),
        TEST(a_host_with_several_connections_must_name_one),
        TEST(a_run_that_is_cut_short_is_judged_as_far_as_it_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
