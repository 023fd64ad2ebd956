/* SPDX-License-Identifier: MIT */
/* RULES D3: the ACK check (RFC 9293 section 3.10.7.4, fifth; RFC 5961 section 5). */
#include "endpoint.h"

/* without the ACK bit a segment is dropped, and a FIN on it too. */
STORY(a_segment_without_ack_is_dropped)
{
    static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=1><LEN=10><CTL=FIN>");
        expect_silence(&end);
        expect_state(&end, states[i]);
        expect_read(&end, 0, false, TCP_OK);
    }
}

/* an ACK older than the largest window that was ever offered is answered, and the segment is dropped. */
STORY(an_ack_from_before_the_largest_window_is_answered_and_its_text_dropped)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.peer_wnd = 1000;
    end_reaches(&end, TCP_ESTABLISHED);
    for (int i = 1; i <= 10; i++) {
        char ack[64];
        end_send(&end, 500);
        snprintf(ack, sizeof ack, "<SEQ=1><ACK=%d><CTL=ACK>", 1 + 500 * i);
        end_arrives(&end, ack);
    }
    end_forget(&end);
    end_arrives(&end, "<SEQ=1><ACK=4001><LEN=10><CTL=ACK>"); /* SND.UNA - MAX.SND.WND is just allowed */
    expect_read(&end, 10, false, TCP_OK);
    end_passes(&end, NS_PER_S);
    end_forget(&end);
    end_arrives(&end, "<SEQ=11><ACK=4000><LEN=10><CTL=ACK>");
    expect_sent(&end, "<SEQ=5001><ACK=11><CTL=ACK>");
    expect_read(&end, 0, false, TCP_OK);
}

/* an acceptable ACK advances SND.UNA, and what it covers is not sent again. */
STORY(an_ack_takes_what_it_covers_off_the_retransmission_queue)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_send(&end, 1460);
    end_send(&end, 1460);
    end_arrives(&end, "<SEQ=1><ACK=1461><CTL=ACK>");
    assert_int_equal(end.tcb.snd.una - end.iss, 1461);
    end_forget(&end);
    end_passes(&end, 1500 * NS_PER_MS);
    expect_sent(&end, "<SEQ=1461><ACK=1><LEN=1460><CTL=ACK>");
    end_arrives(&end, "<SEQ=1><ACK=2921><CTL=ACK>");
    expect_timer(&end, TIMER_NONE, 0);
    assert_int_equal(end.used, 0);
}

/* an ACK of something never sent is answered and dropped; an old one is ignored, but not what comes with it. */
STORY(an_ack_of_the_future_is_answered_and_one_of_the_past_ignored)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_send(&end, 100);
    end_arrives(&end, "<SEQ=1><ACK=101><CTL=ACK>");
    end_forget(&end);
    end_arrives(&end, "<SEQ=1><ACK=102><LEN=5><CTL=ACK>");
    expect_sent(&end, "<SEQ=101><ACK=1><CTL=ACK>");
    expect_read(&end, 0, false, TCP_OK);
    end_arrives(&end, "<SEQ=1><ACK=50><LEN=5><CTL=FIN,ACK>");
    expect_read(&end, 5, true, TCP_OK);
    assert_int_equal(end.tcb.snd.una - end.iss, 101);
}

/* an older segment does not bring an older window back. */
STORY(the_window_is_taken_from_the_newer_segment_only)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=ACK><WND=5000>");
    end_arrives(&end, "<SEQ=11><ACK=1><CTL=ACK><WND=6000>");
    assert_int_equal(end.tcb.snd.wnd, 6000);
    end_arrives(&end, "<SEQ=5><ACK=1><LEN=10><CTL=ACK><WND=100>"); /* older: SEG.SEQ below WL1 */
    assert_int_equal(end.tcb.snd.wnd, 6000);
    end_send(&end, 10);
    end_arrives(&end, "<SEQ=15><ACK=11><CTL=ACK><WND=7000>");
    assert_int_equal(end.tcb.snd.wnd, 7000);
    end_arrives(&end, "<SEQ=15><ACK=1><CTL=ACK><WND=200>"); /* the same number, an older ACK: below WL2 */
    assert_int_equal(end.tcb.snd.wnd, 7000);
    end_arrives(&end, "<SEQ=15><ACK=11><CTL=ACK><WND=300>");
    assert_int_equal(end.tcb.snd.wnd, 300);
}

/* the ACK of the FIN leads on, the TCB stays, and a lingering CLOSE is answered. */
STORY(the_ack_of_the_fin_leads_to_fin_wait_2)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_FIN_WAIT_1);
    assert_true(tcp_close_must_wait(&end.tcb));
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_path(&end, "FIN_WAIT_2");
    expect_silence(&end);
    assert_int_equal(end.signals[SIGNAL_CLOSE_DONE], 1);
    assert_false(tcp_close_must_wait(&end.tcb));
    expect_timer(&end, TIMER_NONE, 0); /* */
}

/* an ACK of data alone does not. */
STORY(an_ack_of_data_before_the_fin_leaves_fin_wait_1)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_send(&end, 100);
    end_shutdown_write(&end);
    end_forget(&end);
    end_arrives(&end, "<SEQ=1><ACK=101><CTL=ACK>");
    expect_path(&end, "");
    end_arrives(&end, "<SEQ=1><ACK=102><CTL=ACK>");
    expect_path(&end, "FIN_WAIT_2");
}

/* R-098, T-3: CLOSING waits for the ACK of the FIN and for nothing else. */
STORY(closing_goes_to_time_wait_by_the_ack_of_the_fin_only)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_CLOSING);
    end_arrives(&end, "<SEQ=2><ACK=1><CTL=ACK>");
    expect_path(&end, "");
    expect_silence(&end);
    end_arrives(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_path(&end, "TIME_WAIT");
    expect_silence(&end);
    expect_timer(&end, TIMER_TIME_WAIT, 240 * NS_PER_S);
}

/* LAST_ACK ends at once, without TIME_WAIT. */
STORY(last_ack_ends_by_the_ack_of_the_fin_without_time_wait)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_LAST_ACK);
    end_arrives(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_path(&end, "CLOSED");
    expect_silence(&end);
    assert_int_equal(end.signals[SIGNAL_ERROR], 0);
    assert_int_equal(end.signals[SIGNAL_GONE], 1);
    assert_int_equal(end.used, 0);
}

/* an ACK that does not cover the FIN leaves it, and what is missing is resent. */
STORY(last_ack_stays_while_data_before_the_fin_is_not_acknowledged)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_CLOSE_WAIT);
    end_send(&end, 100);
    end_shutdown_write(&end);
    end_arrives(&end, "<SEQ=2><ACK=51><CTL=ACK>");
    expect_path(&end, "LAST_ACK");
    end_forget(&end);
    end_passes(&end, 1200 * NS_PER_MS);
    assert_true(end.sent_count > end.seen);
    assert_int_equal(end.sent[end.seen].seq - end.iss, 51);
    assert_true(end.sent[end.seen].len >= 50);
    end_arrives(&end, "<SEQ=2><ACK=102><CTL=ACK>");
    expect_path(&end, "CLOSED");
}

/* T-4: TIME_WAIT acknowledges a repeated FIN and starts anew. */
STORY(time_wait_acknowledges_a_repeated_fin_and_starts_anew)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_TIME_WAIT);
    end_passes(&end, 100 * NS_PER_S);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_timer(&end, TIMER_TIME_WAIT, 240 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_without_ack_is_dropped),
        cmocka_unit_test(an_ack_from_before_the_largest_window_is_answered_and_its_text_dropped),
        cmocka_unit_test(an_ack_takes_what_it_covers_off_the_retransmission_queue),
        cmocka_unit_test(an_ack_of_the_future_is_answered_and_one_of_the_past_ignored),
        cmocka_unit_test(the_window_is_taken_from_the_newer_segment_only),
        cmocka_unit_test(the_ack_of_the_fin_leads_to_fin_wait_2),
        cmocka_unit_test(an_ack_of_data_before_the_fin_leaves_fin_wait_1),
        cmocka_unit_test(closing_goes_to_time_wait_by_the_ack_of_the_fin_only),
        cmocka_unit_test(last_ack_ends_by_the_ack_of_the_fin_without_time_wait),
        cmocka_unit_test(last_ack_stays_while_data_before_the_fin_is_not_acknowledged),
        cmocka_unit_test(time_wait_acknowledges_a_repeated_fin_and_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
