/* SPDX-License-Identifier: MIT */
/* The eight verdicts, the first that applies; the report; the answers to `ask`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sim/ask.h"
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

static const struct connection_report *report(struct builder *b)
{
    assert_int_equal(judged(b)->connection_count, 1);
    return &b->judgement.connections[0];
}

static void a_whole_life_is_clean_and_reported(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    const struct connection_report *r = report(b);
    assert_int_equal(r->verdict, VERDICT_CLEAN);
    assert_int_equal(r->written[CLIENT], 300);
    assert_int_equal(r->delivered[CLIENT], 300);
    assert_int_equal(r->written[SERVER], 0);
    assert_int_equal(r->port[SERVER], 80);
    assert_int_equal(r->held_ns[CLIENT], 60090 * MS);
    assert_int_equal(r->held_ns[SERVER], 80 * MS);
    assert_int_equal(r->disagreed_ns, 0); /* TIME_WAIT does not count */
}

static void a_byte_that_nobody_read_makes_it_short(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 300);
    passes(b, CLIENT, "P.", 1, 300, 1);
    returns(b, SERVER, CALL_DRAIN, 9, 299);
    passes(b, SERVER, ".", 1, 0, 301);
    orderly_close(b, 300);
    time_wait_ends(b);
    assert_int_equal(report(b)->verdict, VERDICT_SHORT);
}

static void a_syn_that_meets_nobody_is_refused(void **state)
{
    struct builder *b = *state;
    enters(b, CLIENT, TCP_SYN_SENT);
    passes(b, CLIENT, "S", 0, 0, 0);
    passes(b, SERVER, "R.", 0, 0, 1);
    ends(b, CLIENT, WHY_RST_RECEIVED);
    returns_error(b, CLIENT, CALL_CONNECT, 0, TCP_ECONNREFUSED);
    assert_int_equal(report(b)->verdict, VERDICT_REFUSED);
}

static void one_end_gone_and_the_other_not_is_half_open(void **state)
{
    struct builder *b = *state;
    handshake(b);
    at(b, 1000);
    ends(b, CLIENT, WHY_CRASH);
    at(b, 3000);
    expects(b, EXPECT_VERDICT, STORY_NONE)->verdict = VERDICT_HALF_OPEN;
    assert_int_equal(report(b)->verdict, VERDICT_HALF_OPEN);
    assert_int_equal(b->judgement.connections[0].disagreed_ns, 2 * NS_PER_S);
    assert_int_equal(b->judgement.failures.count, 0); /* `expect verdict half-open` implies `breaks ends-agree` */
    assert_true(b->judgement.invariant_broken[INVARIANT_ENDS_AGREE]);
}

/* The client's program has run its last call and never closed; the server's is still in its own. */
static void a_program_that_forgot_to_close_leaks(void **state)
{
    struct builder *b = *state;
    b->programs[CLIENT].steps = 2;
    handshake(b);
    client_sends(b, 300);
    calls(b, SERVER, CALL_RECV_EOF, 8);
    assert_int_equal(report(b)->verdict, VERDICT_LEAKED);
}

static void a_program_still_in_a_call_is_acting(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_RECV_EOF, 2);
    calls(b, SERVER, CALL_RECV_EOF, 8);
    assert_int_equal(report(b)->verdict, VERDICT_OPEN);
}

static void a_rst_makes_it_reset(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_ABORT, 5);
    const uint32_t rst = sends(b, CLIENT, "R.", 1, 0, 1);
    ends(b, CLIENT, WHY_RST_SENT);
    arrives(b, rst);
    ends(b, SERVER, WHY_RST_RECEIVED);
    assert_int_equal(report(b)->verdict, VERDICT_RESET);
}

/* A RST that ends TIME_WAIT ends nothing that was alive. */
static void a_rst_into_time_wait_leaves_it_clean(void **state)
{
    struct builder *b = *state;
    handshake(b);
    orderly_close(b, 0);
    passes(b, SERVER, "R", 2, 0, 0);
    ends(b, CLIENT, WHY_RST_RECEIVED);
    assert_int_equal(report(b)->verdict, VERDICT_CLEAN);
}

static void an_end_that_gave_up_makes_it_timeout(void **state)
{
    struct builder *b = *state;
    handshake(b);
    ends(b, CLIENT, WHY_TIMEOUT);
    ends(b, SERVER, WHY_KEEPALIVE);
    assert_int_equal(report(b)->verdict, VERDICT_TIMEOUT);
}

static void a_wrong_verdict_is_explained(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    expects(b, EXPECT_VERDICT, STORY_NONE)->verdict = VERDICT_RESET;
    assert_int_equal(judged(b)->failures.count, 1);
    assert_string_equal(b->judgement.failures.list[0].message, "expected verdict reset (seed 7, trace 9f3c11d0)");
    assert_non_null(strstr(b->judgement.failures.list[0].help, "connection 1 was clean"));
}

static void questions_are_answered_from_the_run(void **state)
{
    struct builder *b = *state;
    char answer[40];
    struct story_statement *ask = states(b, STATEMENT_ASK);
    ask->maybe = true;
    whole_life(b);
    struct trace_event note = {.kind = TRACE_NOTE, .statement = 1};
    judged(b);
    ask->ask = ASK_STATE;
    note.note.value = TCP_LAST_ACK;
    assert_string_equal(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer), "LAST_ACK");
    ask->ask = ASK_TIMER;
    note.note.value = TIMER_TIME_WAIT;
    assert_string_equal(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer), "time-wait");
    ask->ask = ASK_UNACKED;
    note.note.value = 300;
    assert_string_equal(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer), "300");
    ask->ask = ASK_SEES; /* the encoding of sim/ask.h, odd errors and even ones */
    note.note.value = ask_sees_error(TCP_ECONNRESET);
    assert_string_equal(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer), "ECONNRESET");
    note.note.value = ask_sees_error(TCP_ETIMEDOUT);
    assert_string_equal(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer), "ETIMEDOUT");
    note.note.value = ASK_SEES_NOTHING;
    assert_string_equal(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer), "nothing yet");
    ask->ask = ASK_VERDICT;
    assert_string_equal(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer), "clean");
    note.kind = TRACE_SEND;
    assert_null(judge_answer(&b->judgement, &b->story, &note, answer, sizeof answer));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_life_is_clean_and_reported),
        TEST(a_byte_that_nobody_read_makes_it_short),
        TEST(a_syn_that_meets_nobody_is_refused),
        TEST(one_end_gone_and_the_other_not_is_half_open),
        TEST(a_program_that_forgot_to_close_leaks),
        TEST(a_program_still_in_a_call_is_acting),
        TEST(a_rst_makes_it_reset),
        TEST(a_rst_into_time_wait_leaves_it_clean),
        TEST(an_end_that_gave_up_makes_it_timeout),
        TEST(a_wrong_verdict_is_explained),
        TEST(questions_are_answered_from_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
