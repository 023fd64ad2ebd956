/* SPDX-License-Identifier: MIT */
/* Each invariant holds in one story and breaks in another, in which a TCP has one bug: those about streams, FINs and states, and what a
 * break says. */
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

static void nothing_breaks(struct builder *b)
{
    const struct judgement *judgement = judged(b);
    for (unsigned i = 0; i < INVARIANTS; i++)
        if (judgement->invariant_broken[i])
            fail_msg("%s is broken: %s", invariant_name((enum invariant)i), judgement->failures.list[0].message);
    assert_int_equal(judgement->failures.count, 0);
}

/* ---- an ordinary life ---- */

static void an_orderly_life_breaks_nothing(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    nothing_breaks(b);
}

/* RFC 9293 figure 13. */
static void a_simultaneous_close_breaks_nothing(void **state)
{
    struct builder *b = *state;
    handshake(b);
    at(b, 1000);
    for (unsigned host = 0; host < 2; host++) {
        calls(b, host, CALL_CLOSE, host == CLIENT ? 4 : 10);
        enters(b, host, TCP_FIN_WAIT_1);
        returns(b, host, CALL_CLOSE, host == CLIENT ? 4 : 10, 0);
    }
    uint32_t fins[2], acks[2];
    for (unsigned host = 0; host < 2; host++)
        fins[host] = sends(b, host, "F.", 1, 0, 1);
    at(b, 1010);
    for (unsigned host = 0; host < 2; host++) {
        arrives(b, fins[1 - host]);
        enters(b, host, TCP_CLOSING);
        acks[host] = sends(b, host, ".", 2, 0, 2);
    }
    at(b, 1020);
    for (unsigned host = 0; host < 2; host++) {
        arrives(b, acks[1 - host]);
        enters(b, host, TCP_TIME_WAIT);
    }
    at(b, 61020);
    ends(b, CLIENT, WHY_ORDINARY);
    ends(b, SERVER, WHY_ORDINARY);
    nothing_breaks(b);
}

/* The send returns only when its bytes fit; by then the reader may have read most of them. */
static void a_reader_may_be_ahead_of_a_send_that_has_not_returned(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    passes(b, CLIENT, "P.", 1, 1000, 1);
    returns(b, SERVER, CALL_DRAIN, 9, 1000);
    passes(b, SERVER, ".", 1, 0, 1001);
    returns(b, CLIENT, CALL_SEND, 1, 1000);
    orderly_close(b, 1000);
    time_wait_ends(b);
    nothing_breaks(b);
}

/* ---- prefix ---- */

static void bytes_that_nobody_wrote_break_prefix(void **state)
{
    struct builder *b = *state;
    handshake(b);
    client_sends(b, 300);
    returns(b, SERVER, CALL_DRAIN, 9, 1);
    orderly_close(b, 300);
    time_wait_ends(b);
    assert_true(breaks(b, INVARIANT_PREFIX));
}

static void bytes_beyond_a_gap_break_prefix(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 2000);
    const uint32_t lost = sends(b, CLIENT, ".", 1, 1000, 1);
    dropped(b, lost, DROP_LOSS, 0);
    passes(b, CLIENT, "P.", 1001, 1000, 1);
    returns(b, SERVER, CALL_DRAIN, 9, 1000);
    assert_true(breaks(b, INVARIANT_PREFIX));
}

/* ---- no-silent-loss ---- */

static void an_early_end_of_file_is_a_silent_loss(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 2000);
    passes(b, CLIENT, "P.", 1, 1000, 1);
    returns(b, SERVER, CALL_DRAIN, 9, 1000);
    returns_eof(b, SERVER, CALL_DRAIN, 9, 0);
    assert_true(breaks(b, INVARIANT_NO_SILENT_LOSS));
}

/* recv after shutdown(SHUT_RD) shows an end that is the reader's own doing. */
static void a_reader_that_shut_its_side_sees_an_end_of_its_own(void **state)
{
    struct builder *b = *state;
    b->steps[6].how = SHUTDOWN_READ;
    handshake(b);
    calls(b, SERVER, CALL_SHUTDOWN, 6);
    returns(b, SERVER, CALL_SHUTDOWN, 6, 0);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 1000);
    returns_eof(b, SERVER, CALL_RECV_EOF, 8, 0);
    assert_false(breaks(b, INVARIANT_NO_SILENT_LOSS));
}

/* ---- ack-means-kept ---- */

static void an_acknowledged_fin_whose_data_never_arrived_breaks_ack_means_kept(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 1000);
    dropped(b, sends(b, CLIENT, "P.", 1, 1000, 1), DROP_LOSS, 0);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    passes(b, CLIENT, "F.", 1001, 0, 1);
    passes(b, SERVER, ".", 1, 0, 1002);
    assert_true(breaks(b, INVARIANT_ACK_MEANS_KEPT));
}

/* ---- fin-once ---- */

static void a_fin_with_two_numbers_breaks_fin_once(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    dropped(b, sends(b, CLIENT, "F.", 1, 0, 1), DROP_LOSS, 0);
    at(b, 500);
    passes(b, CLIENT, "F.", 2, 0, 1);
    assert_true(breaks(b, INVARIANT_FIN_ONCE));
}

static void data_behind_the_fin_breaks_fin_once(void **state)
{
    struct builder *b = *state;
    handshake(b);
    dropped(b, sends(b, CLIENT, "F.", 1, 0, 1), DROP_LOSS, 0);
    sends(b, CLIENT, "P.", 2, 10, 1);
    assert_true(breaks(b, INVARIANT_FIN_ONCE));
}

/* it may come back with data in front. */
static void a_fin_that_is_cut_anew_keeps_its_number(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 100);
    dropped(b, sends(b, CLIENT, "P.", 1, 100, 1), DROP_LOSS, 0);
    dropped(b, sends(b, CLIENT, "F.", 101, 0, 1), DROP_LOSS, 0);
    sends(b, CLIENT, "FP.", 1, 100, 1);
    assert_false(breaks(b, INVARIANT_FIN_ONCE));
}

/* ---- legal-moves ---- */

static void an_edge_that_figure_5_lacks_breaks_legal_moves(void **state)
{
    struct builder *b = *state;
    handshake(b);
    enters(b, CLIENT, TCP_CLOSING);
    assert_true(breaks(b, INVARIANT_LEGAL_MOVES));
}

/* R-125, T-10. */
static void a_fin_above_a_gap_moves_nothing(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 1000);
    dropped(b, sends(b, CLIENT, "P.", 1, 1000, 1), DROP_LOSS, 0);
    passes(b, CLIENT, "F.", 1001, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    assert_true(breaks(b, INVARIANT_LEGAL_MOVES));
}

/* an ACK of data is not the ACK of the FIN. */
static void last_ack_waits_for_the_ack_of_its_fin(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    passes(b, CLIENT, "F.", 1, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    passes(b, SERVER, ".", 1, 0, 2);
    enters(b, CLIENT, TCP_FIN_WAIT_2);
    b->now_ns += MS;
    calls(b, SERVER, CALL_CLOSE, 10);
    enters(b, SERVER, TCP_LAST_ACK);
    dropped(b, sends(b, SERVER, "F.", 1, 0, 2), DROP_LOSS, 0);
    b->now_ns += MS;
    passes(b, CLIENT, ".", 2, 0, 1);
    ends(b, SERVER, WHY_ORDINARY);
    assert_true(breaks(b, INVARIANT_LEGAL_MOVES));
}

/* ---- fin-is-answered ---- */

static void a_fin_without_an_answer_is_noticed(void **state)
{
    struct builder *b = *state;
    handshake(b);
    client_sends(b, 300);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    passes(b, CLIENT, "F.", 301, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    at(b, 2000);
    passes(b, SERVER, ".", 1, 0, 302);
    assert_true(breaks(b, INVARIANT_FIN_IS_ANSWERED));
}

static void an_answer_may_wait_for_the_delayed_ack(void **state)
{
    struct builder *b = *state;
    handshake(b);
    client_sends(b, 300);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    passes(b, CLIENT, "F.", 301, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    at(b, 110);
    passes(b, SERVER, ".", 1, 0, 302);
    assert_false(breaks(b, INVARIANT_FIN_IS_ANSWERED));
}

/* T-4: the server's last ACK is lost, it repeats its FIN, and TIME_WAIT says nothing. */
static void a_time_wait_that_does_not_answer_is_noticed(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    passes(b, CLIENT, "F.", 1, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    passes(b, SERVER, ".", 1, 0, 2);
    enters(b, CLIENT, TCP_FIN_WAIT_2);
    enters(b, SERVER, TCP_LAST_ACK);
    passes(b, SERVER, "F.", 1, 0, 2);
    enters(b, CLIENT, TCP_TIME_WAIT);
    dropped(b, sends(b, CLIENT, ".", 2, 0, 2), DROP_LOSS, 0);
    for (int64_t ms = 300; ms < 5000; ms *= 2) {
        at(b, ms);
        passes(b, SERVER, "F.", 1, 0, 2);
    }
    at(b, 8000);
    assert_true(breaks(b, INVARIANT_FIN_IS_ANSWERED));
}

static void a_paused_host_owes_no_answer(void **state)
{
    struct builder *b = *state;
    handshake(b);
    passes(b, CLIENT, "F.", 1, 0, 1);
    fault(b, FAULT_PAUSE, 0, SERVER);
    at(b, 5000);
    fault(b, FAULT_RESUME, 0, SERVER);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    passes(b, SERVER, ".", 1, 0, 2);
    assert_false(breaks(b, INVARIANT_FIN_IS_ANSWERED));
}

/* ---- declared ---- */

static void a_declared_break_must_break(void **state)
{
    struct builder *b = *state;
    whole_life(b);
    expects(b, EXPECT_BREAKS, CLIENT)->invariant = INVARIANT_TIME_WAIT;
    assert_int_equal(judged(b)->failures.count, 1);
    assert_string_equal(b->judgement.failures.list[0].message, "expected a break of time-wait, but it held (seed 7, trace 9f3c11d0)");
    b->expects[0].maybe = true;
    assert_int_equal(judged(b)->failures.count, 0);
}

static void an_undeclared_break_names_the_line_and_what_to_add(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_CLOSE, 4);
    b->last_recv = b->trace.count;
    enters(b, CLIENT, TCP_TIME_WAIT);
    const struct judgement *judgement = judged(b);
    assert_int_equal(judgement->failures.count, 1);
    assert_int_equal(judgement->failures.list[0].line, 14); /* the close */
    assert_string_equal(judgement->failures.list[0].message,
                        "legal-moves is broken: the client went from ESTABLISHED to TIME_WAIT (seed 7, trace 9f3c11d0)");
    assert_non_null(strstr(judgement->failures.list[0].help, "if it is meant: expect breaks legal-moves"));
    expects(b, EXPECT_BREAKS, CLIENT)->invariant = INVARIANT_LEGAL_MOVES;
    assert_int_equal(judged(b)->failures.count, 0);
}

/* A run of many connections leaves nothing behind for the next. */
static void the_online_consumer_can_be_used_again(void **state)
{
    struct builder *b = *state;
    handshake(b);
    enters(b, CLIENT, TCP_CLOSING);
    struct invariants *all = invariants_new(&b->story);
    for (uint32_t i = 0; i < b->trace.count; i++)
        invariants_feed(all, i + 1, &b->trace.events[i], 1);
    uint32_t number = 0;
    assert_true((invariants_end(all, b->now_ns) & (1u << INVARIANT_LEGAL_MOVES)) != 0);
    assert_non_null(invariants_message(all, INVARIANT_LEGAL_MOVES, &number));
    assert_int_equal(number, b->trace.count);
    b->trace.count = 0;
    memset(b->states, 0, sizeof b->states);
    at(b, 0);
    whole_life(b);
    invariants_reset(all, &b->story);
    for (uint32_t i = 0; i < b->trace.count; i++)
        invariants_feed(all, i + 1, &b->trace.events[i], 1);
    assert_int_equal(invariants_end(all, b->now_ns), 0);
    assert_null(invariants_message(all, INVARIANT_LEGAL_MOVES, &number));
    invariants_free(all);
}

#define LINUX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINUX(an_orderly_life_breaks_nothing),
        LINUX(a_simultaneous_close_breaks_nothing),
        LINUX(a_reader_may_be_ahead_of_a_send_that_has_not_returned),
        LINUX(bytes_that_nobody_wrote_break_prefix),
        LINUX(bytes_beyond_a_gap_break_prefix),
        LINUX(an_early_end_of_file_is_a_silent_loss),
        LINUX(a_reader_that_shut_its_side_sees_an_end_of_its_own),
        LINUX(an_acknowledged_fin_whose_data_never_arrived_breaks_ack_means_kept),
        LINUX(a_fin_with_two_numbers_breaks_fin_once),
        LINUX(data_behind_the_fin_breaks_fin_once),
        LINUX(a_fin_that_is_cut_anew_keeps_its_number),
        LINUX(an_edge_that_figure_5_lacks_breaks_legal_moves),
        LINUX(a_fin_above_a_gap_moves_nothing),
        LINUX(last_ack_waits_for_the_ack_of_its_fin),
        LINUX(a_fin_without_an_answer_is_noticed),
        LINUX(an_answer_may_wait_for_the_delayed_ack),
        LINUX(a_time_wait_that_does_not_answer_is_noticed),
        LINUX(a_paused_host_owes_no_answer),
        LINUX(a_declared_break_must_break),
        LINUX(an_undeclared_break_names_the_line_and_what_to_add),
        LINUX(the_online_consumer_can_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
