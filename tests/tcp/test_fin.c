/* SPDX-License-Identifier: MIT */
/* RULES D5 and D6: the FIN check and the FIN as an object in the sequence space (RFC 9293 sections 3.6, 3.10.7.4 eighth). */
#include "endpoint.h"

/* the user hears of the end, RCV.NXT goes over the FIN, and it is acknowledged. */
STORY(a_fin_in_established_leads_to_close_wait_and_is_acknowledged_at_once_by_the_book)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_path(&end, "CLOSE_WAIT");
    assert_int_equal(end.signals[SIGNAL_READABLE], 1);
    expect_timer(&end, TIMER_NONE, 0); /* T-12, R-175: CLOSE_WAIT has no timer */
    end_passes(&end, 24 * 3600 * NS_PER_S);
    expect_state(&end, TCP_CLOSE_WAIT);
    expect_silence(&end);
}

/* the FIN and the ACK of ours in one segment: TIME_WAIT, all other timers stop. */
STORY(a_fin_that_acknowledges_ours_leads_from_fin_wait_1_to_time_wait)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_FIN_WAIT_1);
    expect_timer(&end, TIMER_RETRANSMISSION, NS_PER_S);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    expect_path(&end, "FIN_WAIT_2 TIME_WAIT");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_timer(&end, TIMER_TIME_WAIT, 240 * NS_PER_S);
    end_passes(&end, 239 * NS_PER_S);
    expect_silence(&end);
}

/* R-113, T-1, T-3: FINs that cross lead to CLOSING, not to CLOSE_WAIT or TIME_WAIT, and ours is still sent again until acknowledged. */
STORY(a_fin_that_crosses_ours_leads_to_closing_and_ours_is_repeated)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_FIN_WAIT_1);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_path(&end, "CLOSING");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_timer(&end, TIMER_RETRANSMISSION, NS_PER_S);
    end_passes(&end, NS_PER_S);
    expect_sent(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    end_arrives(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_path(&end, "TIME_WAIT");
}

/* */
STORY(a_fin_in_fin_wait_2_leads_to_time_wait)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_FIN_WAIT_2);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    expect_path(&end, "TIME_WAIT");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_timer(&end, TIMER_TIME_WAIT, 240 * NS_PER_S);
    assert_true(end.signals[SIGNAL_READABLE] > 0);
}

/* a repeated FIN is answered by an ACK, which is what stops the peer, and the state stays. */
STORY(a_repeated_fin_is_acknowledged_and_changes_nothing)
{
    static const enum tcp_state states[] = {TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        char ack[64];
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
        snprintf(ack, sizeof ack, "<SEQ=%u><ACK=2><CTL=ACK>", end_snd_nxt(states[i]));
        expect_sent(&end, ack);
        expect_silence(&end);
        expect_path(&end, "");
        assert_int_equal(end.signals[SIGNAL_READABLE], 0); /* P-2: one end-of-file */
    }
}

/* also when it comes with a number in the window, beyond the first: there is one FIN only. */
STORY(a_second_fin_with_another_number_changes_nothing)
{
    static const enum tcp_state states[] = {TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=2><ACK=1><CTL=FIN,ACK>");
        expect_path(&end, "");
        for (; end.seen < end.sent_count; end.seen++)
            assert_int_equal(end.sent[end.seen].ack - end.irs, 2);
    }
}

/* and in TIME_WAIT it starts 2MSL anew: test_ack.c. */

/* one number, right behind the last byte, and always with ACK. */
STORY(the_fin_stands_right_behind_the_last_byte_and_carries_an_ack)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    pair.server.drains = true;
    end_send(&pair.client, 5000);
    end_close(&pair.client);
    pair_passes(&pair, NS_PER_S);
    uint32_t fins = 0;
    for (uint32_t i = 0; i < pair.client.sent_count; i++) {
        const struct segment *seg = &pair.client.sent[i];
        if (seg->flags & TCP_FIN) {
            fins++;
            assert_true(seg->flags & TCP_ACK);
            assert_int_equal(seg->seq + seg->len - pair.client.iss, 5001);
        }
    }
    assert_int_equal(fins, 1);
    assert_int_equal(pair.server.got, 5000);
    assert_true(pair.server.eof);
}

/* R-122, T-1: the FIN is retransmitted as data is, in FIN_WAIT_1, CLOSING and LAST_ACK, with back-off, until it is acknowledged. */
STORY(a_lone_fin_is_retransmitted_with_back_off_until_it_is_acknowledged)
{
    static const enum tcp_state states[] = {TCP_FIN_WAIT_1, TCP_CLOSING, TCP_LAST_ACK};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        char fin[64];
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        int64_t start = end.clock;
        snprintf(fin, sizeof fin, "<SEQ=1><ACK=%u><CTL=FIN,ACK>", end_rcv_nxt(states[i]));
        end_passes(&end, 8 * NS_PER_S);
        expect_sent_at(&end, start + NS_PER_S, fin);
        expect_sent_at(&end, start + 3 * NS_PER_S, fin);
        expect_sent_at(&end, start + 7 * NS_PER_S, fin);
        expect_silence(&end);
        expect_path(&end, "");
        end_arrives(&end, end_rcv_nxt(states[i]) == 1 ? "<SEQ=1><ACK=2><CTL=ACK>" : "<SEQ=2><ACK=2><CTL=ACK>");
        end_passes(&end, 100 * NS_PER_S);
        expect_silence(&end);
    }
}

/* R-123, T-1: after an outage the front of the queue is resent: the lost data first, then the FIN. */
STORY(after_an_outage_the_lost_data_goes_first_and_the_fin_follows)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_init(&pair, profiles[i], profiles[i]);
        pair_opens(&pair);
        pair.server.drains = true;
        pair.client.cut = true;
        end_send(&pair.client, 3000);
        end_close(&pair.client);
        pair_passes(&pair, 500 * NS_PER_MS);
        pair.client.cut = false;
        pair_passes(&pair, 30 * NS_PER_S);
        assert_int_equal(pair.server.got, 3000);
        assert_true(pair.server.eof);
        expect_path(&pair.server, "CLOSE_WAIT");
    }
}

/* beyond the FIN no number is ever used; every later segment stands at FIN+1. */
STORY(after_the_fin_no_new_number_is_used)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_FIN_WAIT_2);
    end_arrives(&end, "<SEQ=1><ACK=2><LEN=10><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    expect_sent(&end, "<SEQ=2><ACK=11><CTL=ACK>");
    assert_int_equal(end_send_error(&end), TCP_EPIPE);
    end_arrives(&end, "<SEQ=11><ACK=2><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=2><ACK=12><CTL=ACK>");
}

/* R-125, T-10: above a gap a FIN changes no state and is not acknowledged. */
STORY(a_fin_above_a_gap_waits_for_the_gap)
{
    static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=11><ACK=1><CTL=FIN,ACK>");
        end.seen = end.sent_count - 1;
        assert_int_equal(end.sent[end.seen++].ack - end.irs, 1);
        expect_path(&end, "");
        expect_read(&end, 0, false, TCP_OK);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=ACK>");
        assert_int_equal(end.sent[end.sent_count - 1].ack - end.irs, 12);
        expect_read(&end, 10, true, TCP_OK);
        expect_path(&end, i == 0 ? "CLOSE_WAIT" : i == 1 ? "CLOSING" : "TIME_WAIT");
    }
}

/* R-126, T-10: data on a FIN is delivered before the end. */
STORY(data_on_a_fin_is_read_before_the_end)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=FIN,ACK>");
    struct tcp_read first = end_recv(&end, 4);
    assert_int_equal(first.bytes, 4);
    assert_false(first.eof);
    expect_read(&end, 6, true, TCP_OK);
}

/* what comes again may be cut otherwise: data, then FIN; or more data with the FIN. */
STORY(a_receiver_does_not_care_how_data_and_fin_are_cut)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=6><ACK=1><LEN=5><CTL=FIN,ACK>");
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=3><CTL=ACK>");
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=FIN,ACK>");
    expect_state(&end, TCP_CLOSE_WAIT);
    expect_read(&end, 10, true, TCP_OK);
    end_arrives(&end, "<SEQ=11><ACK=1><CTL=FIN,ACK>");
    assert_int_equal(end.sent[end.sent_count - 1].ack - end.irs, 12);
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=6><ACK=1><LEN=5><CTL=FIN,ACK>");
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK>");
    expect_state(&end, TCP_CLOSE_WAIT);
    expect_read(&end, 10, true, TCP_OK);
}

/* R-141, RFC 9293 figure 12: four steps; the passive side never sees TIME_WAIT. */
STORY(one_side_closes_first_and_waits)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    end_close(&pair.client);
    pair_passes(&pair, 100 * NS_PER_MS);
    end_close(&pair.server);
    pair_passes(&pair, 300 * NS_PER_S);
    expect_path(&pair.client, "FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSED");
    expect_path(&pair.server, "CLOSE_WAIT LAST_ACK CLOSED");
    expect_sent(&pair.client, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_sent(&pair.server, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_sent(&pair.server, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    expect_sent(&pair.client, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_silence(&pair.client);
    expect_silence(&pair.server);
}

/* R-141, RFC 9293 figure 13: FINs that cross; both wait. */
STORY(both_sides_close_at_once_and_both_wait)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_init(&pair, profiles[i], profiles[i]);
        pair_opens(&pair);
        end_close(&pair.client);
        end_close(&pair.server);
        pair_passes(&pair, 300 * NS_PER_S);
        expect_path(&pair.client, "FIN_WAIT_1 CLOSING TIME_WAIT CLOSED");
        expect_path(&pair.server, "FIN_WAIT_1 CLOSING TIME_WAIT CLOSED");
        assert_int_equal(end_sent_times(&pair.client, "FIN"), 1);
        assert_int_equal(end_sent_times(&pair.server, "FIN"), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fin_in_established_leads_to_close_wait_and_is_acknowledged_at_once_by_the_book),
        cmocka_unit_test(a_fin_that_acknowledges_ours_leads_from_fin_wait_1_to_time_wait),
        cmocka_unit_test(a_fin_that_crosses_ours_leads_to_closing_and_ours_is_repeated),
        cmocka_unit_test(a_fin_in_fin_wait_2_leads_to_time_wait),
        cmocka_unit_test(a_repeated_fin_is_acknowledged_and_changes_nothing),
        cmocka_unit_test(a_second_fin_with_another_number_changes_nothing),
        cmocka_unit_test(the_fin_stands_right_behind_the_last_byte_and_carries_an_ack),
        cmocka_unit_test(a_lone_fin_is_retransmitted_with_back_off_until_it_is_acknowledged),
        cmocka_unit_test(after_an_outage_the_lost_data_goes_first_and_the_fin_follows),
        cmocka_unit_test(after_the_fin_no_new_number_is_used),
        cmocka_unit_test(a_fin_above_a_gap_waits_for_the_gap),
        cmocka_unit_test(data_on_a_fin_is_read_before_the_end),
        cmocka_unit_test(a_receiver_does_not_care_how_data_and_fin_are_cut),
        cmocka_unit_test(one_side_closes_first_and_waits),
        cmocka_unit_test(both_sides_close_at_once_and_both_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
