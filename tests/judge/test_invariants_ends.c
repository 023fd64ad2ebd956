/* SPDX-License-Identifier: MIT */
/* Each invariant holds in one story and breaks in another, in which a TCP has one bug: those about ends, resets and rest. */
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

static int setup_rfc(void **state)
{
    *state = builder_new(PROFILE_RFC9293);
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

/* ---- ends-agree ---- */

static void a_half_open_connection_breaks_ends_agree(void **state)
{
    struct builder *b = *state;
    handshake(b);
    at(b, 1000);
    calls(b, CLIENT, CALL_ABORT, 5);
    dropped(b, sends(b, CLIENT, "R.", 1, 0, 1), DROP_CUT, 0);
    ends(b, CLIENT, WHY_RST_SENT);
    returns(b, CLIENT, CALL_ABORT, 5, 0);
    at(b, 2000);
    assert_true(breaks_only(b, INVARIANT_ENDS_AGREE));
}

/* ---- no-socket-for-ever, orphan-bound ---- */

/* Both have closed, and the client's FIN_WAIT_2 has no timer. */
static void fin_wait_2_without_a_timer_is_a_socket_for_ever(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, SERVER, CALL_CLOSE, 10);
    calls(b, CLIENT, CALL_CLOSE, 4);
    returns(b, SERVER, CALL_CLOSE, 10, 0);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    passes(b, CLIENT, "F.", 1, 0, 1);
    passes(b, SERVER, ".", 1, 0, 2);
    enters(b, CLIENT, TCP_FIN_WAIT_2);
    ends(b, SERVER, WHY_RST_SENT);
    assert_true(breaks(b, INVARIANT_NO_SOCKET_FOR_EVER));
}

/* RULES P-6: the RFC has no timer in FIN_WAIT_2, and it is no fault of the stack's. */
static void the_rfc_has_no_bound_in_fin_wait_2(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_CLOSE, 4);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    passes(b, CLIENT, "F.", 1, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    passes(b, SERVER, ".", 1, 0, 2);
    enters(b, CLIENT, TCP_FIN_WAIT_2);
    at(b, 3600 * 1000);
    nothing_breaks(b);
}

static void orphan_alone(struct builder *b, int64_t seconds)
{
    handshake(b);
    at(b, 1000);
    fault(b, FAULT_CUT_BEGINS, 0, 0);
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    for (int64_t s = 1; s < seconds; s += s < 100 ? s : 100) {
        at(b, 1000 + s * 1000);
        dropped(b, sends(b, CLIENT, "F.", 1, 0, 1), DROP_CUT, 0);
    }
}

static void an_orphan_that_never_gives_up_breaks_orphan_bound(void **state)
{
    struct builder *b = *state;
    orphan_alone(b, 1000);
    at(b, 1000 * 1000);
    ends(b, CLIENT, WHY_TIMEOUT);
    assert_true(breaks(b, INVARIANT_ORPHAN_BOUND));
}

static void an_orphan_that_gives_up_in_time_is_lawful(void **state)
{
    struct builder *b = *state;
    orphan_alone(b, 100);
    at(b, 118 * 1000);
    ends(b, CLIENT, WHY_TIMEOUT);
    assert_true(breaks_only(b, INVARIANT_ENDS_AGREE)); /* that it must be, behind a cut */
}

/* ---- time-wait ---- */

static void a_time_wait_cut_short_is_noticed(void **state)
{
    struct builder *b = *state;
    handshake(b);
    client_sends(b, 300);
    orderly_close(b, 300);
    b->now_ns += 59 * NS_PER_S;
    b->last_recv = 0;
    ends(b, CLIENT, WHY_ORDINARY);
    assert_true(breaks_only(b, INVARIANT_TIME_WAIT));
}

/* FACTS 8: a RST at RCV.NXT kills it, unless tcp_rfc1337 says otherwise. */
static void a_declared_rule_may_end_time_wait(void **state)
{
    struct builder *b = *state;
    handshake(b);
    orderly_close(b, 0);
    passes(b, SERVER, "R", 2, 0, 0);
    ends(b, CLIENT, WHY_RST_RECEIVED);
    nothing_breaks(b);
    b->nodes[CLIENT].profile.rfc1337 = 1;
    assert_true(breaks_only(b, INVARIANT_TIME_WAIT));
}

/* ---- no-old-duplicates ---- */

static void a_segment_of_an_older_incarnation_must_not_move_a_later_one(void **state)
{
    struct builder *b = *state;
    handshake(b);
    const uint32_t old = sends(b, SERVER, "R", 1, 0, 0); /* delayed */
    calls(b, CLIENT, CALL_ABORT, 5);
    passes(b, CLIENT, "R.", 1, 0, 1);
    ends(b, SERVER, WHY_RST_RECEIVED);
    ends(b, CLIENT, WHY_RST_SENT);
    b->conn = 2;
    at(b, 1000);
    handshake(b);
    arrives(b, old);
    ends(b, CLIENT, WHY_RST_RECEIVED);
    assert_true(breaks(b, INVARIANT_NO_OLD_DUPLICATES));
}

static void bytes_of_an_older_incarnation_must_not_be_acknowledged(void **state)
{
    struct builder *b = *state;
    handshake(b);
    const uint32_t old = sends(b, CLIENT, "P.", 1, 100, 1);
    calls(b, CLIENT, CALL_ABORT, 5);
    passes(b, CLIENT, "R.", 101, 0, 1);
    ends(b, SERVER, WHY_RST_RECEIVED);
    ends(b, CLIENT, WHY_RST_SENT);
    b->conn = 2;
    at(b, 1000);
    handshake(b);
    arrives(b, old);
    sends(b, SERVER, ".", 1, 0, 101);
    assert_true(breaks(b, INVARIANT_NO_OLD_DUPLICATES));
}

/* ---- rst-is-lawful ---- */

static void a_rst_that_answers_a_rst_is_unlawful(void **state)
{
    struct builder *b = *state;
    handshake(b);
    passes(b, CLIENT, "R.", 1, 0, 1);
    passes(b, SERVER, "R", 1, 0, 0);
    assert_true(breaks(b, INVARIANT_RST_IS_LAWFUL));
}

/* R-072. */
static void a_rst_in_the_window_but_not_at_its_edge_is_not_obeyed(void **state)
{
    struct builder *b = *state;
    handshake(b);
    injected(b, SERVER, "R", 101, 0, 0);
    ends(b, SERVER, WHY_RST_RECEIVED);
    assert_true(breaks(b, INVARIANT_RST_IS_LAWFUL));
}

/* R-073: without RFC 5961 it is. */
static void a_rst_in_the_window_is_obeyed_without_rfc_5961(void **state)
{
    struct builder *b = *state;
    b->nodes[SERVER].profile.rfc5961 = 0;
    handshake(b);
    injected(b, SERVER, "R", 101, 0, 0);
    ends(b, SERVER, WHY_RST_RECEIVED);
    assert_false(breaks(b, INVARIANT_RST_IS_LAWFUL));
}

/* R-027. */
static void syn_sent_is_refused_by_an_acceptable_ack_only(void **state)
{
    struct builder *b = *state;
    enters(b, CLIENT, TCP_SYN_SENT);
    passes(b, CLIENT, "S", 0, 0, 0);
    passes(b, SERVER, "R.", 0, 0, 1);
    ends(b, CLIENT, WHY_RST_RECEIVED);
    returns_error(b, CLIENT, CALL_CONNECT, 0, TCP_ECONNREFUSED);
    nothing_breaks(b);
    b->segments[2].segment.ack = 77;
    b->trace.events[3].segment.ack = b->trace.events[4].segment.ack = 77;
    assert_true(breaks_only(b, INVARIANT_RST_IS_LAWFUL));
}

/* ---- errors-are-told ---- */

static void reset_while_the_server_reads(struct builder *b)
{
    handshake(b);
    calls(b, SERVER, CALL_RECV_EOF, 8);
    at(b, 1000);
    calls(b, CLIENT, CALL_ABORT, 5);
    const uint32_t rst = sends(b, CLIENT, "R.", 1, 0, 1);
    ends(b, CLIENT, WHY_RST_SENT);
    returns(b, CLIENT, CALL_ABORT, 5, 0);
    b->now_ns += 10 * MS;
    arrives(b, rst);
    ends(b, SERVER, WHY_RST_RECEIVED);
}

static void a_reset_is_told_once(void **state)
{
    struct builder *b = *state;
    reset_while_the_server_reads(b);
    assert_true(breaks_only(b, INVARIANT_ERRORS_ARE_TOLD)); /* it still reads, and nobody tells */
    returns_error(b, SERVER, CALL_RECV_EOF, 8, TCP_ECONNRESET);
    nothing_breaks(b);
    returns_error(b, SERVER, CALL_RECV_EOF, 8, TCP_ECONNRESET);
    assert_true(breaks_only(b, INVARIANT_ERRORS_ARE_TOLD)); /* twice */
}

static void a_reset_is_not_told_as_end_of_file(void **state)
{
    struct builder *b = *state;
    reset_while_the_server_reads(b);
    returns_eof(b, SERVER, CALL_RECV_EOF, 8, 0);
    assert_true(breaks_only(b, INVARIANT_ERRORS_ARE_TOLD));
}

/* L-01: unread data answered by a FIN would tell the peer that all is well. */
static void close_with_unread_data_must_not_look_orderly(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 300);
    passes(b, CLIENT, "P.", 1, 300, 1);
    passes(b, SERVER, ".", 1, 0, 301);
    at(b, 1000);
    calls(b, SERVER, CALL_CLOSE, 10);
    enters(b, SERVER, TCP_FIN_WAIT_1);
    assert_true(breaks(b, INVARIANT_ERRORS_ARE_TOLD));
    b->nodes[SERVER].profile.close_unread_rst = 0; /* FreeBSD declares it */
    assert_false(breaks(b, INVARIANT_ERRORS_ARE_TOLD));
}

/* ---- comes-to-rest ---- */

static void a_storm_of_acks_is_noticed(void **state)
{
    struct builder *b = *state;
    handshake(b);
    for (unsigned i = 0; i < 1200; i++)
        passes(b, i % 2, ".", 1, 0, 1);
    assert_true(breaks(b, INVARIANT_COMES_TO_REST));
}

static void what_is_not_acknowledged_needs_a_timer(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 300);
    dropped(b, sends(b, CLIENT, "P.", 1, 300, 1), DROP_LOSS, 0);
    assert_true(breaks(b, INVARIANT_COMES_TO_REST)); /* nothing is left to happen, and the bytes are not across */
}

static void a_closed_window_needs_a_persist_timer(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 2000);
    passes(b, CLIENT, "P.", 1, 1000, 1);
    const uint32_t full = sends_window(b, SERVER, ".", 1, 0, 1001, 0);
    b->now_ns += 10 * MS;
    arrives(b, full);
    assert_true(breaks_only(b, INVARIANT_COMES_TO_REST));
}

static void probes_that_are_answered_may_go_on(void **state)
{
    struct builder *b = *state;
    handshake(b);
    for (int64_t s = 1; s < 100; s++) {
        at(b, s * 100 * 1000);
        const uint32_t probe = sends(b, CLIENT, ".", 0, 0, 1);
        b->segments[probe % BUILDER_SEGMENTS].segment.classes |= CLASS_PROBE;
        b->trace.events[b->trace.count - 1].segment.classes |= CLASS_PROBE;
        b->now_ns += 10 * MS;
        arrives(b, probe);
        passes(b, SERVER, ".", 1, 0, 1);
    }
    nothing_breaks(b);
}

static void data_is_not_repeated_for_ever(void **state)
{
    struct builder *b = *state;
    handshake(b);
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, 300);
    for (int64_t s = 1; s < 60; s++) {
        at(b, s * 60 * 1000);
        dropped(b, sends(b, CLIENT, "P.", 1, 300, 1), DROP_LOSS, 0);
    }
    ends(b, CLIENT, WHY_TIMEOUT);
    assert_true(breaks(b, INVARIANT_COMES_TO_REST));
}

#define LINUX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define RFC(test) cmocka_unit_test_setup_teardown(test, setup_rfc, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINUX(a_half_open_connection_breaks_ends_agree),
        LINUX(fin_wait_2_without_a_timer_is_a_socket_for_ever),
        RFC(the_rfc_has_no_bound_in_fin_wait_2),
        LINUX(an_orphan_that_never_gives_up_breaks_orphan_bound),
        LINUX(an_orphan_that_gives_up_in_time_is_lawful),
        LINUX(a_time_wait_cut_short_is_noticed),
        LINUX(a_declared_rule_may_end_time_wait),
        LINUX(a_segment_of_an_older_incarnation_must_not_move_a_later_one),
        LINUX(bytes_of_an_older_incarnation_must_not_be_acknowledged),
        LINUX(a_rst_that_answers_a_rst_is_unlawful),
        LINUX(a_rst_in_the_window_but_not_at_its_edge_is_not_obeyed),
        LINUX(a_rst_in_the_window_is_obeyed_without_rfc_5961),
        LINUX(syn_sent_is_refused_by_an_acceptable_ack_only),
        LINUX(a_reset_is_told_once),
        LINUX(a_reset_is_not_told_as_end_of_file),
        LINUX(close_with_unread_data_must_not_look_orderly),
        LINUX(a_storm_of_acks_is_noticed),
        LINUX(what_is_not_acknowledged_needs_a_timer),
        LINUX(a_closed_window_needs_a_persist_timer),
        LINUX(probes_that_are_answered_may_go_on),
        LINUX(data_is_not_repeated_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
