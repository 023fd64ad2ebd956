/* SPDX-License-Identifier: MIT */
/* RULES H: zero windows and persistence, also at close (RFC 9293 section 3.8.6). */
#include "endpoint.h"

static void facing_a_closed_window(struct end *end, enum profile_id profile)
{
    end_reaches_from(end, profile, TCP_ESTABLISHED);
    end_arrives(end, "<SEQ=1><ACK=1><CTL=ACK><WND=0>");
    end_send(end, 100);
    expect_silence(end);
}

/* R-180, T-12: the first probe after one RTO, then with exponentially growing distance. */
STORY(a_closed_window_is_probed_after_one_rto_and_then_less_and_less_often)
{
    struct end end;
    facing_a_closed_window(&end, PROFILE_RFC9293);
    expect_timer(&end, TIMER_PERSIST, NS_PER_S);
    end_passes(&end, 40 * NS_PER_S);
    static const int64_t at_s[] = {1, 3, 7, 15, 31};
    for (size_t i = 0; i < sizeof at_s / sizeof at_s[0]; i++) {
        assert_int_equal(end.sent_ns[end.seen], at_s[i] * NS_PER_S);
        expect_sent(&end, "<SEQ=0><ACK=1><CTL=ACK>"); /* an old number, which the peer must answer */
    }
    expect_silence(&end);
}

/* while its probes are answered the connection is kept, however long. */
STORY(while_its_probes_are_answered_the_sender_waits_however_long)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_init(&pair, profiles[i], profiles[i]);
        pair.server.profile.rcvbuf = 4000;
        pair_opens(&pair);
        end_send(&pair.client, 100000);
        pair_passes(&pair, 4 * 3600 * NS_PER_S);
        expect_state(&pair.client, TCP_ESTABLISHED);
        assert_int_equal(end_timer(&pair.client), TIMER_PERSIST);
        pair.server.drains = true;
        end_settle(&pair.server);
        pair_passes(&pair, 600 * NS_PER_S);
        assert_int_equal(pair.server.got, 100000);
    }
}

/* R-182, L-16: one whose probes nobody answers is given up; an orphan after orphan_retries of them. */
STORY(a_closed_window_that_nobody_answers_is_given_up)
{
    struct end end;
    facing_a_closed_window(&end, PROFILE_RFC9293);
    end_passes(&end, 3600 * NS_PER_S);
    expect_state(&end, TCP_CLOSED);
    end_init(&end, PROFILE_LINUX);
    end.profile.orphan_retries = 3;
    end_reaches(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK><WND=0>");
    end_send(&end, 100);
    end_close(&end);
    end_passes(&end, 60 * NS_PER_S);
    assert_int_equal(end_sent_times(&end, "ACK"), 4); /* that of the handshake, and three probes */
    expect_state(&end, TCP_CLOSED);
}

/* with its window closed an end still answers with RCV.NXT and window 0. */
STORY(a_full_receiver_answers_a_probe_with_window_zero)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.rcvbuf = 2000;
    end.profile.mss = 1000;
    end_reaches(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=1000><CTL=ACK>");
    end_arrives(&end, "<SEQ=1001><ACK=1><LEN=1000><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    end_forget(&end);
    end_arrives(&end, "<SEQ=2000><ACK=1><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=2001><CTL=ACK><WND=0>");
    end_arrives(&end, "<SEQ=2001><ACK=1><LEN=1><CTL=ACK>"); /* a probe with one byte */
    expect_sent(&end, "<SEQ=1><ACK=2001><CTL=ACK><WND=0>");
    expect_read(&end, 2000, false, TCP_OK); /* and the byte was not taken */
    expect_sent(&end, "<SEQ=1><ACK=2001><CTL=ACK><WND=2000>"); /* the window opens again */
}

/* a bare FIN needs one number of window. */
STORY(a_bare_fin_waits_for_a_window)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK><WND=0>");
    end_close(&end);
    expect_path(&end, "FIN_WAIT_1");
    expect_silence(&end);
    assert_int_equal(end_timer(&end), TIMER_PERSIST);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK><WND=1>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
}

/* a profile may send it into the closed window. */
STORY(a_profile_may_send_a_bare_fin_into_a_closed_window)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.bare_fin_zero_window = 1;
    end_reaches(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK><WND=0>");
    end_close(&end);
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
}

/* a window that shrinks below what was sent does not end the connection, and what lies beyond is sent again when it opens. */
STORY(a_window_that_shrinks_below_what_was_sent_is_survived)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_send(&end, 2920);
    end_arrives(&end, "<SEQ=1><ACK=1461><CTL=ACK><WND=0>");
    end_forget(&end);
    end_passes(&end, 10 * NS_PER_S);
    expect_state(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1461><CTL=ACK><WND=0>");
    end_arrives(&end, "<SEQ=1><ACK=1461><CTL=ACK><WND=65535>");
    end_passes(&end, 60 * NS_PER_S);
    end.seen = end.sent_count - 1;
    assert_true(end.sent[end.seen].len > 0);
    end_arrives(&end, "<SEQ=1><ACK=2921><CTL=ACK>");
    expect_timer(&end, TIMER_NONE, 0);
    expect_state(&end, TCP_ESTABLISHED);
}

/* Section 3.8.6.2.2: a reader in small sips does not make the window open in small steps. */
STORY(a_window_does_not_open_in_silly_steps)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.rcvbuf = 8000;
    end.profile.mss = 1000;
    end_reaches(&end, TCP_ESTABLISHED);
    for (int i = 0; i < 8; i++) {
        char data[64];
        snprintf(data, sizeof data, "<SEQ=%d><ACK=1><LEN=1000><CTL=ACK>", 1 + 1000 * i);
        end_arrives(&end, data);
    }
    end_passes(&end, NS_PER_S);
    end_forget(&end);
    for (int i = 0; i < 9; i++)
        assert_int_equal(end_recv(&end, 100).bytes, 100);
    expect_silence(&end);
    end_recv(&end, 4000);
    assert_int_equal(end.sent_count - end.seen, 1);
    assert_true(end.sent[end.seen].wnd >= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_window_is_probed_after_one_rto_and_then_less_and_less_often),
        cmocka_unit_test(while_its_probes_are_answered_the_sender_waits_however_long),
        cmocka_unit_test(a_closed_window_that_nobody_answers_is_given_up),
        cmocka_unit_test(a_full_receiver_answers_a_probe_with_window_zero),
        cmocka_unit_test(a_bare_fin_waits_for_a_window),
        cmocka_unit_test(a_profile_may_send_a_bare_fin_into_a_closed_window),
        cmocka_unit_test(a_window_that_shrinks_below_what_was_sent_is_survived),
        cmocka_unit_test(a_window_does_not_open_in_silly_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
