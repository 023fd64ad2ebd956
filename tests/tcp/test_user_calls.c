/* SPDX-License-Identifier: MIT */
/* RULES C: the user's calls, state by state (RFC 9293 sections 3.10.2 to 3.10.6). What LISTEN answers to calls is
 * the socket layer's: docs/deviations.md. */
#include "endpoint.h"

/* on a connection that does not exist calls fail. */
STORY(calls_on_a_closed_connection_fail)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end_socket(&end);
    assert_int_equal(end_send_error(&end), TCP_ENOTCONN);
    expect_read(&end, 0, false, TCP_ENOTCONN);
    struct tcp_ctx ctx = end_ctx(&end);
    assert_int_equal(tcp_shutdown(&ctx, &end.tcb, true, true), TCP_ENOTCONN);
    end_close(&end);
    end_abort(&end);
    expect_silence(&end);
    expect_path(&end, "");
}

/* in SYN_SENT neither CLOSE nor ABORT sends anything; a SYN-ACK that comes late finds nobody. */
STORY(closing_or_aborting_in_syn_sent_is_silent)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_close(&end);
    expect_path(&end, "CLOSED");
    expect_silence(&end);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
    expect_sent(&end, "<SEQ=1><CTL=RST>");
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_abort(&end);
    expect_path(&end, "CLOSED");
    end_passes(&end, 10 * NS_PER_S);
    expect_silence(&end);
}

/* CLOSE in SYN_RECEIVED with nothing queued. */
STORY(closing_in_syn_received_sends_a_fin)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=0><CTL=SYN><MSS=1460>");
    end_forget(&end);
    end_close(&end);
    expect_path(&end, "FIN_WAIT_1");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    end_passes(&end, NS_PER_S); /* what is resent is still an answer to the peer's SYN */
    expect_sent(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>"); /* acknowledges the SYN and the FIN */
    expect_path(&end, "FIN_WAIT_2");
}

/* with data queued the data goes first, after the SYN was acknowledged, and the FIN is on its end. */
STORY(closing_in_syn_received_with_data_queued_waits_for_the_ack_of_the_syn)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=0><CTL=SYN><MSS=1460>");
    end_forget(&end);
    end_send(&end, 20);
    end_close(&end);
    expect_silence(&end);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=20><CTL=FIN,ACK>");
    expect_state(&end, TCP_FIN_WAIT_1);
}

/* the FIN goes out behind all that was sent, on the last segment if that still waits. The state moves at once. */
STORY(closing_in_established_queues_the_fin_behind_the_data)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.peer_wnd = 1000;
    end_reaches(&end, TCP_ESTABLISHED);
    end_send(&end, 1500);
    end_forget(&end);
    end_close(&end);
    expect_path(&end, "FIN_WAIT_1");
    expect_silence(&end);
    end_arrives(&end, "<SEQ=1><ACK=1001><CTL=ACK>");
    end.seen = end.sent_count - 1;
    struct segment last = end.sent[end.seen];
    assert_true(last.flags & TCP_FIN);
    assert_int_equal(last.seq + last.len, end.iss + 1501);
    expect_state(&end, TCP_FIN_WAIT_1);
}

/* T-11, L-02, R-184: FIN_WAIT_1 does not mean that the FIN is on the wire. */
STORY(fin_wait_1_is_entered_though_the_window_holds_the_fin_back)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_reaches_from(&end, profiles[i], TCP_ESTABLISHED);
        end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK><WND=0>");
        end_send(&end, 100);
        end_close(&end);
        expect_path(&end, "FIN_WAIT_1");
        expect_silence(&end);
        expect_timer(&end, TIMER_PERSIST, end_timer(&end) == TIMER_PERSIST ? end.tcb.slot[SLOT_RETRANSMIT].at_ns - end.clock : 0);
        end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK><WND=5000>");
        expect_sent(&end, "<SEQ=1><ACK=1><LEN=100><CTL=FIN,ACK>");
    }
}

/* */
STORY(closing_in_close_wait_sends_what_is_left_and_a_fin_and_waits_for_its_ack)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_CLOSE_WAIT);
    end_send(&end, 40);
    expect_sent(&end, "<SEQ=1><ACK=2><LEN=40><CTL=ACK>");
    end_close(&end);
    expect_sent(&end, "<SEQ=41><ACK=2><CTL=FIN,ACK>");
    expect_path(&end, "LAST_ACK");
}

/* a second CLOSE sends no second FIN. */
STORY(a_second_close_sends_no_second_fin)
{
    static const enum tcp_state states[] = {TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        struct tcp_ctx ctx = end_ctx(&end);
        tcp_shutdown(&ctx, &end.tcb, false, true);
        end_close(&end);
        expect_silence(&end);
        expect_state(&end, states[i]);
    }
}

/* R-051, T-8: ABORT sends one RST at SND.NXT, forgets everything, and is not a CLOSE. */
STORY(abort_sends_a_reset_where_the_peer_still_cares)
{
    static const enum tcp_state states[] = {TCP_SYN_RECEIVED, TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        char reset[64];
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end.listens = false;
        end_abort(&end);
        snprintf(reset, sizeof reset, "<SEQ=%u><CTL=RST>", end_snd_nxt(states[i]));
        expect_sent(&end, reset);
        expect_path(&end, "CLOSED");
        expect_timer(&end, TIMER_NONE, 0);
        assert_int_equal(end.used, 0); /* every queue is flushed */
        end_passes(&end, 100 * NS_PER_S);
        expect_silence(&end);
    }
}

/* R-051, FACTS 9: the reset stands after all that was sent, so that the peer takes it after the data in flight. */
STORY(abort_resets_after_the_data_in_flight)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_send(&end, 300);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=300><CTL=ACK>");
    end_abort(&end);
    expect_sent(&end, "<SEQ=301><ACK=1><CTL=RST,ACK>"); /* L-04 */
}

/* R-052, T-14: in CLOSING, LAST_ACK and TIME_WAIT there is nothing left to reset. */
STORY(abort_is_silent_once_both_fins_are_sent)
{
    static const enum tcp_state states[] = {TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_abort(&end);
        expect_silence(&end);
        if (states[i] != TCP_TIME_WAIT)
            expect_state(&end, TCP_CLOSED);
    }
}

/* */
STORY(send_segmentises_in_established_and_in_close_wait)
{
    static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_CLOSE_WAIT};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_send(&end, 2000);
        end_arrives(&end, i == 0 ? "<SEQ=1><ACK=1461><CTL=ACK>" : "<SEQ=2><ACK=1461><CTL=ACK>");
        expect_sent(&end, i == 0 ? "<SEQ=1><ACK=1><LEN=1460><CTL=ACK>" : "<SEQ=1><ACK=2><LEN=1460><CTL=ACK>");
        expect_sent(&end, i == 0 ? "<SEQ=1461><ACK=1><LEN=540><CTL=ACK>" : "<SEQ=1461><ACK=2><LEN=540><CTL=ACK>");
    }
}

/* after CLOSE nothing more can be sent. */
STORY(send_after_close_fails_and_sends_nothing)
{
    static const enum tcp_state states[] = {TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        assert_int_equal(end_send_error(&end), TCP_EPIPE);
        expect_silence(&end);
    }
}

/* half-closed, one can go on reading. */
STORY(receive_goes_on_after_ones_own_fin)
{
    static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2};
    for (int i = 0; i < 3; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=70><CTL=ACK>");
        expect_read(&end, 70, false, TCP_OK);
        expect_state(&end, states[i]);
    }
}

/* what is on hand is read first, then the end, and the end stays. */
STORY(receive_in_close_wait_gives_the_data_and_then_the_end)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=70><CTL=FIN,ACK>");
    struct tcp_read first = end_recv(&end, 30);
    assert_int_equal(first.bytes, 30);
    assert_false(first.eof);
    assert_int_equal(end_recv(&end, 40).bytes, 40);
    expect_read(&end, 0, true, TCP_OK);
    expect_read(&end, 0, true, TCP_OK);
}

/* */
STORY(receive_after_both_fins_gives_the_end)
{
    static const enum tcp_state states[] = {TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT};
    for (int i = 0; i < 3; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        expect_read(&end, 0, true, TCP_OK);
    }
}

/* an orderly end and an abort are told apart. */
STORY(the_user_can_tell_an_orderly_end_from_an_abort)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_read(&end, 0, true, TCP_OK);
    assert_int_equal(end.signals[SIGNAL_ERROR], 0);
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><CTL=RST>");
    expect_read(&end, 0, false, TCP_ECONNRESET);
    assert_int_equal(end.signals[SIGNAL_ERROR], 1);
}

/* CLOSE pushes what is queued: Nagle does not hold it back, and it carries PSH. */
STORY(close_pushes_what_was_held_back)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_send(&end, 100);
    end_send(&end, 200); /* Nagle holds it */
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=100><CTL=PSH,ACK>");
    expect_silence(&end);
    end_shutdown_write(&end);
    expect_sent(&end, "<SEQ=101><ACK=1><LEN=200><CTL=FIN,PSH,ACK>");
}

/* a FIN that arrives pushes what was received before it to the reader. */
STORY(an_arriving_fin_wakes_the_reader)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=FIN,ACK>");
    assert_true(end.signals[SIGNAL_READABLE] > 0);
    expect_read(&end, 5, true, TCP_OK);
}

/* R-060, T-8: close() with received data unread is an abort, and the peer is told. */
STORY(closing_with_unread_data_resets)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    end_forget(&end);
    end_close(&end);
    expect_sent(&end, "<SEQ=1><CTL=RST>");
    expect_path(&end, "CLOSED");
}

/* R-060, L-01: a FIN alone is not unread data. */
STORY(closing_with_an_unread_end_of_file_does_not_reset)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_CLOSE_WAIT);
    end_close(&end);
    expect_sent(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    expect_path(&end, "LAST_ACK");
}

/* so does data that arrives when the program is gone. */
STORY(data_for_a_program_that_has_closed_is_reset)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_reaches_from(&end, profiles[i], TCP_ESTABLISHED);
        end_close(&end);
        end_forget(&end);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK>");
        end.seen = end.sent_count - 1;
        assert_true(end.sent[end.seen].flags & TCP_RST);
        expect_state(&end, TCP_CLOSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_on_a_closed_connection_fail),
        cmocka_unit_test(closing_or_aborting_in_syn_sent_is_silent),
        cmocka_unit_test(closing_in_syn_received_sends_a_fin),
        cmocka_unit_test(closing_in_syn_received_with_data_queued_waits_for_the_ack_of_the_syn),
        cmocka_unit_test(closing_in_established_queues_the_fin_behind_the_data),
        cmocka_unit_test(fin_wait_1_is_entered_though_the_window_holds_the_fin_back),
        cmocka_unit_test(closing_in_close_wait_sends_what_is_left_and_a_fin_and_waits_for_its_ack),
        cmocka_unit_test(a_second_close_sends_no_second_fin),
        cmocka_unit_test(abort_sends_a_reset_where_the_peer_still_cares),
        cmocka_unit_test(abort_resets_after_the_data_in_flight),
        cmocka_unit_test(abort_is_silent_once_both_fins_are_sent),
        cmocka_unit_test(send_segmentises_in_established_and_in_close_wait),
        cmocka_unit_test(send_after_close_fails_and_sends_nothing),
        cmocka_unit_test(receive_goes_on_after_ones_own_fin),
        cmocka_unit_test(receive_in_close_wait_gives_the_data_and_then_the_end),
        cmocka_unit_test(receive_after_both_fins_gives_the_end),
        cmocka_unit_test(the_user_can_tell_an_orderly_end_from_an_abort),
        cmocka_unit_test(close_pushes_what_was_held_back),
        cmocka_unit_test(an_arriving_fin_wakes_the_reader),
        cmocka_unit_test(closing_with_unread_data_resets),
        cmocka_unit_test(closing_with_an_unread_end_of_file_does_not_reset),
        cmocka_unit_test(data_for_a_program_that_has_closed_is_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
