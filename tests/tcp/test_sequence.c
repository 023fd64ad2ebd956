/* SPDX-License-Identifier: MIT */
/* RULES A: sequence space and acceptability (RFC 9293 sections 3.4 and 3.10.7.4, first check). All of these ends start just below 2^32, so
 * that numbers wrap on the way (endpoint.c). */
#include "endpoint.h"

/* comparisons are modulo 2^32, and the FIN itself may have number 0. */
STORY(a_fin_whose_number_wraps_to_zero_closes_as_any_other)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.iss = UINT32_MAX - 10;
    end.irs = UINT32_MAX;
    end_reaches(&end, TCP_ESTABLISHED);
    end_send(&end, 10);
    end_arrives(&end, "<SEQ=1><ACK=11><CTL=ACK>");
    end_forget(&end);
    end_shutdown_write(&end);
    assert_int_equal(end.sent[end.seen].seq, 0); /* the FIN's number */
    expect_sent(&end, "<SEQ=11><ACK=1><CTL=FIN,ACK>");
    end_arrives(&end, "<SEQ=1><ACK=12><CTL=ACK>");
    end_arrives(&end, "<SEQ=1><ACK=12><LEN=5><CTL=FIN,ACK>");
    expect_path(&end, "FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT");
    expect_sent(&end, "<SEQ=12><ACK=7><CTL=ACK>");
}

/* SYN and FIN count one number each, ACK and PSH none: a FIN after n bytes has number x+n and its ACK is x+n+1. */
STORY(the_ack_of_a_fin_after_five_bytes_is_six_higher)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=FIN,PSH,ACK>");
    expect_sent(&end, "<SEQ=1><ACK=7><CTL=ACK>");
    expect_state(&end, TCP_CLOSE_WAIT);
}

/* A buffer of 4000 bytes, full. */
static void window_is_closed(struct end *end)
{
    end_init(end, PROFILE_RFC9293);
    end->profile.rcvbuf = 4000;
    end->profile.mss = 1000;
    end_reaches(end, TCP_ESTABLISHED);
    end_arrives(end, "<SEQ=1><ACK=1><LEN=1000><CTL=ACK>");
    end_arrives(end, "<SEQ=1001><ACK=1><LEN=1000><CTL=ACK>");
    end_arrives(end, "<SEQ=2001><ACK=1><LEN=1000><CTL=ACK>");
    end_arrives(end, "<SEQ=3001><ACK=1><LEN=1000><CTL=ACK>");
    end_passes(end, NS_PER_S);
    end->seen = end->sent_count - 1;
    expect_sent(end, "<SEQ=1><ACK=4001><CTL=ACK><WND=0>");
}

/* without data and with a closed window only SEG.SEQ = RCV.NXT is acceptable. */
STORY(with_a_closed_window_only_an_ack_at_rcv_nxt_is_acceptable)
{
    struct end end;
    window_is_closed(&end);
    end_arrives(&end, "<SEQ=4001><ACK=1><CTL=ACK>");
    expect_silence(&end);
    end_arrives(&end, "<SEQ=4000><ACK=1><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=4001><CTL=ACK><WND=0>");
    end_arrives(&end, "<SEQ=4002><ACK=1><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=4001><CTL=ACK><WND=0>");
    expect_silence(&end);
}

/* without data, the window's first and last number are acceptable, their neighbours are not. */
STORY(an_ack_is_acceptable_from_rcv_nxt_to_the_last_number_of_the_window)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    uint32_t last = end.tcb.rcv.wup + end.tcb.rcv.wnd - 1 - end.irs;
    struct segment seg = {.seq = end.irs + last, .ack = end.iss + 1, .wnd = 65535, .flags = TCP_ACK};
    end_arrives_segment(&end, &seg);
    expect_silence(&end);
    seg.seq++;
    end_arrives_segment(&end, &seg);
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
}

/* nothing that takes a number is acceptable in a closed window, a bare FIN neither; its ACK counts all the same. */
STORY(a_closed_window_takes_neither_data_nor_a_fin_but_their_ack)
{
    struct end end;
    window_is_closed(&end);
    end_send(&end, 10);
    expect_sent(&end, "<SEQ=1><ACK=4001><LEN=10><CTL=ACK>");
    end_arrives(&end, "<SEQ=4001><ACK=11><LEN=10><CTL=ACK>");
    expect_sent(&end, "<SEQ=11><ACK=4001><CTL=ACK><WND=0>");
    expect_timer(&end, TIMER_NONE, 0); /* the ten bytes are acknowledged */
    end_arrives(&end, "<SEQ=4001><ACK=11><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=11><ACK=4001><CTL=ACK><WND=0>");
    expect_state(&end, TCP_ESTABLISHED);
}

/* a RST at RCV.NXT is obeyed in a closed window too. */
STORY(a_closed_window_takes_a_reset)
{
    struct end end;
    window_is_closed(&end);
    end_arrives(&end, "<SEQ=4001><CTL=RST>");
    expect_state(&end, TCP_CLOSED);
}

/* data is acceptable if its first or its last byte lies in the window. */
STORY(data_is_acceptable_by_its_first_or_its_last_byte)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.rcvbuf = 4000;
    end.profile.mss = 1000;
    end_reaches(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=-9><ACK=1><LEN=11><CTL=ACK>"); /* the last byte is number 1 */
    expect_read(&end, 1, false, TCP_OK);
    end_arrives(&end, "<SEQ=3902><ACK=1><LEN=1000><CTL=ACK>"); /* the first byte is in the window */
    expect_read(&end, 0, false, TCP_OK);
    end_arrives(&end, "<SEQ=2><ACK=1><LEN=1000><CTL=ACK>");
    end_arrives(&end, "<SEQ=1002><ACK=1><LEN=1000><CTL=ACK>");
    end_arrives(&end, "<SEQ=2002><ACK=1><LEN=1000><CTL=ACK>");
    end_arrives(&end, "<SEQ=3002><ACK=1><LEN=900><CTL=ACK>");
    struct tcp_read read = tcp_peek(&end.tcb);
    assert_in_range(read.bytes, 3901, 4000);
    end_arrives(&end, "<SEQ=-9><ACK=1><LEN=5><CTL=ACK>"); /* neither */
    end.seen = end.sent_count - 1;
    assert_int_equal(tcp_peek(&end.tcb).bytes, read.bytes);
    assert_int_equal(end.sent[end.seen].flags, TCP_ACK);
}

/* T-6: whatever is not acceptable is answered by an ACK of SND.NXT and RCV.NXT, and nothing else happens. */
STORY(in_every_synchronized_state_nonsense_is_answered_by_an_ack_and_changes_nothing)
{
    static const enum tcp_state states[] = SYNCHRONIZED_STATES;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=200000><ACK=1><LEN=10><CTL=ACK>");
        char ack[64];
        snprintf(ack, sizeof ack, "<SEQ=%u><ACK=%u><CTL=ACK>", end_snd_nxt(states[i]), end_rcv_nxt(states[i]));
        expect_sent(&end, ack);
        expect_silence(&end);
        expect_path(&end, "");
        expect_state(&end, states[i]);
    }
}

/* with RST it is dropped in silence. */
STORY(in_every_synchronized_state_a_reset_outside_the_window_is_dropped_in_silence)
{
    static const enum tcp_state states[] = SYNCHRONIZED_STATES;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=200000><CTL=RST>");
        end_arrives(&end, "<SEQ=-50><ACK=1><CTL=RST,ACK>");
        expect_silence(&end);
        expect_path(&end, "");
    }
}

/* of a segment that straddles RCV.NXT only the new part counts, its FIN included. */
STORY(of_a_segment_that_was_half_known_only_the_new_half_is_taken)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=ACK>");
    expect_read(&end, 10, false, TCP_OK);
    end_arrives(&end, "<SEQ=6><ACK=1><LEN=10><CTL=FIN,ACK>");
    end.seen = end.sent_count - 1;
    expect_sent(&end, "<SEQ=1><ACK=17><CTL=ACK>");
    expect_read(&end, 5, true, TCP_OK);
    expect_path(&end, "CLOSE_WAIT");
}

/* T-10: what comes early waits for what is missing, and so does its FIN. */
STORY(an_early_segment_and_its_fin_wait_until_the_gap_is_filled)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=11><ACK=1><LEN=10><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_read(&end, 0, false, TCP_OK);
    expect_state(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=22><CTL=ACK>");
    expect_read(&end, 20, true, TCP_OK);
    expect_state(&end, TCP_CLOSE_WAIT);
}

/* all that one arrival releases is processed before an ACK goes out. */
STORY(a_segment_that_fills_a_gap_draws_one_ack_for_all_that_waited)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=101><ACK=1><LEN=100><CTL=ACK>");
    end_arrives(&end, "<SEQ=201><ACK=1><LEN=100><CTL=ACK>");
    end_arrives(&end, "<SEQ=301><ACK=1><LEN=100><CTL=ACK>");
    end_forget(&end);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=401><CTL=ACK>");
    expect_silence(&end);
    expect_read(&end, 400, false, TCP_OK);
}

/* T-2: one segment acknowledges our FIN, brings data and closes: the checks follow one another within it. */
STORY(one_segment_with_ack_data_and_fin_leads_from_fin_wait_1_through_fin_wait_2_to_time_wait)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_FIN_WAIT_1);
    end_arrives(&end, "<SEQ=1><ACK=2><LEN=30><CTL=FIN,ACK>");
    expect_path(&end, "FIN_WAIT_2 TIME_WAIT");
    expect_sent(&end, "<SEQ=2><ACK=32><CTL=ACK>");
    expect_silence(&end);
    expect_timer(&end, TIMER_TIME_WAIT, 240 * NS_PER_S);
    expect_read(&end, 30, true, TCP_OK);
}

/* the sequence number is looked at before the RST, the RST before the SYN, the SYN before the ACK and the FIN. */
STORY(the_checks_come_in_the_order_of_the_rfc)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=SYN,FIN,ACK>"); /* the SYN: a challenge, and no FIN is seen */
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_state(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=99><LEN=5><CTL=ACK>"); /* an ACK of what was never sent: its text is not taken */
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_read(&end, 0, false, TCP_OK);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=SYN,FIN,RST,ACK>"); /* the RST before all else */
    expect_silence(&end);
    expect_state(&end, TCP_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fin_whose_number_wraps_to_zero_closes_as_any_other),
        cmocka_unit_test(the_ack_of_a_fin_after_five_bytes_is_six_higher),
        cmocka_unit_test(with_a_closed_window_only_an_ack_at_rcv_nxt_is_acceptable),
        cmocka_unit_test(an_ack_is_acceptable_from_rcv_nxt_to_the_last_number_of_the_window),
        cmocka_unit_test(a_closed_window_takes_neither_data_nor_a_fin_but_their_ack),
        cmocka_unit_test(a_closed_window_takes_a_reset),
        cmocka_unit_test(data_is_acceptable_by_its_first_or_its_last_byte),
        cmocka_unit_test(in_every_synchronized_state_nonsense_is_answered_by_an_ack_and_changes_nothing),
        cmocka_unit_test(in_every_synchronized_state_a_reset_outside_the_window_is_dropped_in_silence),
        cmocka_unit_test(of_a_segment_that_was_half_known_only_the_new_half_is_taken),
        cmocka_unit_test(an_early_segment_and_its_fin_wait_until_the_gap_is_filled),
        cmocka_unit_test(a_segment_that_fills_a_gap_draws_one_ack_for_all_that_waited),
        cmocka_unit_test(one_segment_with_ack_data_and_fin_leads_from_fin_wait_1_through_fin_wait_2_to_time_wait),
        cmocka_unit_test(the_checks_come_in_the_order_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
