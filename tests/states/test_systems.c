/* SPDX-License-Identifier: MIT */
/* RULES part 2, B and W: what the profiles of FreeBSD and Windows claim to do otherwise, met in the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "states/table.h"

static struct outcome met(enum profile_id profile, enum situation at, const char *name)
{
    struct outcome outcome = {0};
    for (unsigned event = 0; event < events_count(); event++) {
        if (strcmp(event_about(event)->name, name) == 0)
            table_play(profile, at, event, &outcome);
    }
    assert_true(outcome.possible);
    return outcome;
}

static void seconds_between(int64_t ns, int64_t low, int64_t high)
{
    assert_in_range(ns, low * NS_PER_S, high * NS_PER_S);
}

/* B-01: no RST for unread data at close(): the buffer is flushed, and a FIN goes out. */
static void freebsd_closes_over_unread_data_in_order(void **state)
{
    (void)state;
    const struct outcome outcome = met(PROFILE_FREEBSD, AT_ESTABLISHED, "close(), data unread");
    assert_int_equal(outcome.state, TCP_FIN_WAIT_1);
    assert_int_equal(outcome.sent[outcome.sent_count - 1].flags & (TCP_FIN | TCP_RST), TCP_FIN);
}

/* B-02: new data for a process that is gone draws a RST. */
static void freebsd_resets_data_that_comes_after_close(void **state)
{
    (void)state;
    const struct outcome outcome = met(PROFILE_FREEBSD, AT_FIN_WAIT_2_ORPHAN, "data");
    assert_int_equal(outcome.state, TCP_CLOSED);
    assert_true(outcome.sent[0].flags & TCP_RST);
}

/* B-03, B-08: an orphan's FIN_WAIT_2 lasts 600 s; its FIN_WAIT_1 has no limit of its own. */
static void freebsd_is_patient_with_orphans(void **state)
{
    (void)state;
    seconds_between(met(PROFILE_FREEBSD, AT_FIN_WAIT_2_ORPHAN, "first timeout").after_ns, 600, 600);
    assert_int_equal(met(PROFILE_FREEBSD, AT_FIN_WAIT_1, "no answer, ever").after_ns,
                     met(PROFILE_FREEBSD, AT_FIN_WAIT_1_ORPHAN, "no answer, ever").after_ns);
}

/* B-04 to B-06: in TIME_WAIT no RST counts, a SYN with a lower number is met with silence, a pure ACK with nothing, the FIN with an ACK. */
static void freebsd_keeps_time_wait_against_everything_but_a_higher_syn(void **state)
{
    static const char *const resets[] = {"RST", "RST, in the window", "RST, one below RCV.NXT", "RST, outside the window"};
    (void)state;
    for (unsigned i = 0; i < sizeof resets / sizeof *resets; i++) {
        const struct outcome outcome = met(PROFILE_FREEBSD, AT_TIME_WAIT, resets[i]);
        assert_int_equal(outcome.state, TCP_TIME_WAIT);
        assert_int_equal(outcome.sent_count, 0);
    }
    assert_int_equal(met(PROFILE_FREEBSD, AT_TIME_WAIT, "SYN, a lower number").sent_count, 0);
    assert_int_equal(met(PROFILE_FREEBSD, AT_TIME_WAIT, "SYN, a higher number").state, TCP_SYN_RECEIVED);
    assert_int_equal(met(PROFILE_FREEBSD, AT_TIME_WAIT, "ACK of all that was sent").sent_count, 0);
    assert_int_equal(met(PROFILE_FREEBSD, AT_TIME_WAIT, "FIN again").sent_count, 1);
    seconds_between(met(PROFILE_FREEBSD, AT_TIME_WAIT, "first timeout").after_ns, 60, 60);
}

/* B-07: RFC 5961 is on; the exception for a RST one below RCV.NXT is Linux's alone. */
static void freebsd_goes_by_rfc_5961(void **state)
{
    (void)state;
    assert_int_equal(met(PROFILE_FREEBSD, AT_ESTABLISHED, "RST, in the window").state, TCP_ESTABLISHED);
    assert_int_equal(met(PROFILE_FREEBSD, AT_ESTABLISHED, "SYN, in the window").state, TCP_ESTABLISHED);
    assert_int_equal(met(PROFILE_FREEBSD, AT_LAST_ACK, "RST, one below RCV.NXT").state, TCP_LAST_ACK);
}

/* B-12: a tail loss probe only in the optional stack. */
static void freebsd_has_no_tail_loss_probe(void **state)
{
    (void)state;
    assert_int_equal(met(PROFILE_FREEBSD, AT_FIN_WAIT_1, "first timeout").timer, TIMER_RETRANSMISSION);
    assert_int_equal(met(PROFILE_LINUX, AT_FIN_WAIT_1, "first timeout").timer, TIMER_TAIL_LOSS_PROBE);
}

/* W-02: a RST takes what was received and not read with it. */
static void windows_loses_what_was_not_read(void **state)
{
    (void)state;
    assert_true(profile_defaults(PROFILE_WINDOWS)->rst_flushes_receive);
    const struct outcome outcome = met(PROFILE_WINDOWS, AT_CLOSE_WAIT, "RST");
    assert_int_equal(outcome.state, TCP_CLOSED);
    assert_int_equal(met(PROFILE_WINDOWS, AT_ESTABLISHED, "RST").told_error, TCP_ECONNRESET);
}

/* W-06, W-07: TIME_WAIT lasts two minutes; five retransmissions and it is over. */
static void windows_waits_twice_as_long_and_gives_up_soon(void **state)
{
    (void)state;
    seconds_between(met(PROFILE_WINDOWS, AT_TIME_WAIT, "first timeout").after_ns, 120, 120);
    seconds_between(met(PROFILE_WINDOWS, AT_ESTABLISHED, "no answer, ever").after_ns, 15, 25);
    seconds_between(met(PROFILE_LINUX, AT_ESTABLISHED, "no answer, ever").after_ns, 900, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freebsd_closes_over_unread_data_in_order),
        cmocka_unit_test(freebsd_resets_data_that_comes_after_close),
        cmocka_unit_test(freebsd_is_patient_with_orphans),
        cmocka_unit_test(freebsd_keeps_time_wait_against_everything_but_a_higher_syn),
        cmocka_unit_test(freebsd_goes_by_rfc_5961),
        cmocka_unit_test(freebsd_has_no_tail_loss_probe),
        cmocka_unit_test(windows_loses_what_was_not_read),
        cmocka_unit_test(windows_waits_twice_as_long_and_gives_up_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
