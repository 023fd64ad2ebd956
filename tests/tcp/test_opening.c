/* SPDX-License-Identifier: MIT */
/* RULES B: opening, as far as closing needs it (RFC 9293 sections 3.10.1, 3.10.7.2, 3.10.7.3). What belongs to the socket layer
 * above and what is left out has its row in docs/deviations.md. */
#include "endpoint.h"

/* an active OPEN sends the SYN; SND.UNA = ISS, SND.NXT = ISS+1. */
STORY(an_active_open_sends_a_syn)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end_connect(&end);
    expect_sent(&end, "<SEQ=0><CTL=SYN><MSS=1460>");
    expect_silence(&end);
    expect_path(&end, "SYN_SENT");
    assert_int_equal(end.tcb.snd.una, end.iss);
    assert_int_equal(end.tcb.snd.nxt, end.iss + 1);
    expect_timer(&end, TIMER_RETRANSMISSION, NS_PER_S);
}

/* LISTEN ignores a RST, answers an ACK by a RST with its number, and drops what is none of these. */
STORY(a_listener_ignores_a_reset_and_resets_an_ack)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_LISTEN);
    end_arrives(&end, "<SEQ=5><CTL=RST>");
    end_arrives(&end, "<SEQ=5><ACK=40><CTL=RST,ACK>");
    end_arrives(&end, "<SEQ=5><CTL=PSH><LEN=3>");
    expect_silence(&end);
    end_arrives(&end, "<SEQ=5><ACK=40><CTL=ACK>");
    expect_sent(&end, "<SEQ=40><CTL=RST>");
    end_arrives(&end, "<SEQ=5><ACK=41><CTL=SYN,ACK>"); /* FACTS 14: Linux too */
    expect_sent(&end, "<SEQ=41><CTL=RST>");
    expect_state(&end, TCP_LISTEN);
}

/* a SYN in LISTEN draws a SYN-ACK of SEG.SEQ+1. */
STORY(a_listener_answers_a_syn_and_is_established_by_its_ack)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_LISTEN);
    end_arrives(&end, "<SEQ=0><CTL=SYN><MSS=1460>");
    expect_sent(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>");
    expect_state(&end, TCP_SYN_RECEIVED);
    assert_int_equal(end.signals[SIGNAL_CONNECTED], 0);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_silence(&end);
    expect_state(&end, TCP_ESTABLISHED);
    assert_int_equal(end.signals[SIGNAL_CONNECTED], 1);
}

/* text and a FIN on the SYN are for the time after the handshake. We do not keep them (docs/deviations.md): they are not
 * acknowledged, so they come again. */
STORY(text_and_a_fin_on_a_syn_are_taken_when_they_come_again)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_LISTEN);
    end_arrives(&end, "<SEQ=0><LEN=5><CTL=SYN,FIN><MSS=1460>");
    expect_sent(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_path(&end, "SYN_RECEIVED ESTABLISHED");
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=FIN,ACK>");
    expect_path(&end, "CLOSE_WAIT");
    expect_read(&end, 5, true, TCP_OK);
}

/* T-7: an ACK of something never sent is reset, and the SYN goes on being sent. */
STORY(in_syn_sent_an_ack_of_nothing_is_reset_and_the_syn_goes_on)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=900><ACK=5000><CTL=ACK>");
    expect_sent(&end, "<SEQ=5000><CTL=RST>");
    end_arrives(&end, "<SEQ=900><ACK=0><CTL=SYN,ACK>"); /* ISS itself is not acceptable */
    expect_sent(&end, "<SEQ=0><CTL=RST>");
    end_arrives(&end, "<SEQ=900><ACK=5000><CTL=RST,ACK>");
    expect_silence(&end);
    expect_state(&end, TCP_SYN_SENT);
    end_passes(&end, NS_PER_S);
    expect_sent_at(&end, NS_PER_S, "<SEQ=0><CTL=SYN>");
}

/* R-026, FACTS 9: Linux pulls the SYN's timer in by that: 2 jiffies. */
STORY(linux_sends_the_syn_again_8_ms_after_it_reset_an_ack_of_nothing)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=900><ACK=5000><CTL=ACK>");
    expect_sent(&end, "<SEQ=5000><CTL=RST>");
    end_passes(&end, 8 * NS_PER_MS);
    expect_sent_at(&end, 8 * NS_PER_MS, "<SEQ=0><CTL=SYN>");
}

/* R-027, L-13: a RST that acknowledges the SYN refuses; one without ACK is dropped. */
STORY(in_syn_sent_only_a_reset_that_acknowledges_the_syn_refuses)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_reaches_from(&end, profiles[i], TCP_SYN_SENT);
        end_arrives(&end, "<SEQ=0><CTL=RST>");
        expect_state(&end, TCP_SYN_SENT);
        end_arrives(&end, "<SEQ=0><ACK=1><CTL=RST,ACK>");
        expect_state(&end, TCP_CLOSED);
        expect_silence(&end);
        assert_int_equal(end.signals[SIGNAL_ERROR], 1);
        assert_int_equal(tcp_take_error(&end.tcb), TCP_ECONNREFUSED);
        assert_int_equal(tcp_take_error(&end.tcb), TCP_OK); /* told once */
    }
}

/* SYN and acceptable ACK: established, ACK sent. */
STORY(a_syn_ack_establishes_and_is_acknowledged)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1000>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_state(&end, TCP_ESTABLISHED);
    assert_int_equal(end.signals[SIGNAL_CONNECTED], 1);
    expect_timer(&end, TIMER_NONE, 0); /* an idle ESTABLISHED has no timer */
    end_send(&end, 1500);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=1000><CTL=ACK>"); /* the peer's MSS is kept */
}

/* text and FIN on the SYN-ACK are processed from the URG check on; R-031 does not apply, for the state is ESTABLISHED by then. */
STORY(by_the_book_text_and_fin_on_a_syn_ack_are_taken)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=0><ACK=1><LEN=3><CTL=SYN,FIN,ACK><MSS=1460>");
    expect_path(&end, "ESTABLISHED CLOSE_WAIT");
    end.seen = end.sent_count - 1;
    expect_sent(&end, "<SEQ=1><ACK=5><CTL=ACK>");
    expect_read(&end, 3, true, TCP_OK);
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,FIN,ACK><MSS=1460>");
    expect_path(&end, "ESTABLISHED CLOSE_WAIT");
}

/* FACTS 14: Linux drops data on a SYN-ACK; it is sent again. */
STORY(linux_drops_text_on_a_syn_ack)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=0><ACK=1><LEN=3><CTL=SYN,ACK><MSS=1460>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_read(&end, 0, false, TCP_OK);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=3><CTL=ACK>");
    expect_read(&end, 3, false, TCP_OK);
}

/* simultaneous open; both ends answer a SYN by a SYN-ACK and both are established. */
STORY(two_syns_that_cross_open_one_connection)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_init(&pair, profiles[i], profiles[i]);
        end_connect(&pair.client);
        end_connect(&pair.server);
        pair_passes(&pair, 100 * NS_PER_MS);
        expect_sent(&pair.client, "<SEQ=0><CTL=SYN>");
        expect_sent(&pair.client, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
        expect_path(&pair.client, "SYN_SENT SYN_RECEIVED ESTABLISHED");
        expect_path(&pair.server, "SYN_SENT SYN_RECEIVED ESTABLISHED");
        end_send(&pair.client, 100);
        pair_passes(&pair, NS_PER_S);
        expect_read(&pair.server, 100, false, TCP_OK);
    }
}

/* where its number cannot be checked, a FIN is not processed. */
STORY(a_fin_to_nobody_to_a_listener_or_into_syn_sent_is_not_processed)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_LISTEN);
    end_arrives(&end, "<SEQ=50><CTL=FIN>");
    expect_silence(&end);
    expect_state(&end, TCP_LISTEN);
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_SENT);
    end_arrives(&end, "<SEQ=50><CTL=FIN>");
    end_arrives(&end, "<SEQ=50><ACK=1><CTL=FIN,ACK>");
    expect_silence(&end);
    expect_state(&end, TCP_SYN_SENT);
}

/* a RST in a SYN_RECEIVED that came from LISTEN: back to listening, and no user is told. */
STORY(a_reset_of_a_half_open_passive_end_is_told_to_nobody)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_RECEIVED);
    end_arrives(&end, "<SEQ=1><CTL=RST>");
    expect_state(&end, TCP_LISTEN);
    expect_silence(&end);
    assert_int_equal(end.signals[SIGNAL_CONNECTED] + end.signals[SIGNAL_ERROR], 0);
    end_arrives(&end, "<SEQ=0><CTL=SYN><MSS=1460>"); /* and a new SYN is welcome */
    expect_sent(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
}

static void half_open_from_both_sides(struct end *end, enum profile_id profile)
{
    end_reaches_from(end, profile, TCP_SYN_SENT);
    end_arrives(end, "<SEQ=0><CTL=SYN><MSS=1460>");
    expect_sent(end, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
    expect_state(end, TCP_SYN_RECEIVED);
}

/* from an active OPEN the user hears of it: refused by the book, reset on Linux (FACTS 14). */
STORY(a_reset_of_a_half_open_active_end_is_told_to_its_owner)
{
    struct end end;
    half_open_from_both_sides(&end, PROFILE_RFC9293);
    end_arrives(&end, "<SEQ=1><CTL=RST>");
    expect_state(&end, TCP_CLOSED);
    assert_int_equal(tcp_take_error(&end.tcb), TCP_ECONNREFUSED);
    half_open_from_both_sides(&end, PROFILE_LINUX);
    end_arrives(&end, "<SEQ=1><CTL=RST>");
    expect_state(&end, TCP_CLOSED);
    assert_int_equal(tcp_take_error(&end.tcb), TCP_ECONNRESET);
}

/* another SYN in the window sends a passive SYN_RECEIVED back to LISTEN. */
STORY(another_syn_in_the_window_of_a_half_open_passive_end_sends_it_back_to_listen)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_RECEIVED);
    end_arrives(&end, "<SEQ=100><CTL=SYN><MSS=1460>");
    expect_state(&end, TCP_LISTEN);
    assert_int_equal(end.signals[SIGNAL_CONNECTED] + end.signals[SIGNAL_ERROR], 0);
}

/* one that came from an active OPEN treats it as a synchronized state does: challenge ACK. */
STORY(another_syn_for_a_half_open_active_end_draws_a_challenge_ack)
{
    struct end end;
    half_open_from_both_sides(&end, PROFILE_RFC9293);
    end_arrives(&end, "<SEQ=100><CTL=SYN>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_state(&end, TCP_SYN_RECEIVED);
}

/* an ACK of something never sent is reset, the state stays; the right one establishes and sets SND.WND. */
STORY(in_syn_received_an_ack_of_nothing_is_reset_and_the_right_one_establishes)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_RECEIVED);
    end_arrives(&end, "<SEQ=1><ACK=77><CTL=ACK>");
    expect_sent(&end, "<SEQ=77><CTL=RST>");
    end_arrives(&end, "<SEQ=1><ACK=0><CTL=ACK>");
    expect_sent(&end, "<SEQ=0><CTL=RST>");
    expect_state(&end, TCP_SYN_RECEIVED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK><WND=4321>");
    expect_state(&end, TCP_ESTABLISHED);
    assert_int_equal(end.tcb.snd.wnd, 4321);
    assert_int_equal(end.tcb.snd.wl1 - end.irs, 1);
    assert_int_equal(end.tcb.snd.wl2 - end.iss, 1);
}

/* the third ACK was lost and the FIN comes first: its ACK establishes, its FIN leads on, in one segment. */
STORY(a_fin_as_the_first_segment_after_the_syn_leads_to_close_wait_at_once)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_SYN_RECEIVED);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_path(&end, "ESTABLISHED CLOSE_WAIT");
    expect_sent(&end, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_read(&end, 0, true, TCP_OK);
}

/* A SYN that arrives again, because the SYN-ACK was lost, is answered and opens no second connection. */
STORY(a_repeated_syn_is_answered_again)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_drops(&pair, &pair.server, "SYN", 1);
    end_listen(&pair.server);
    end_connect(&pair.client);
    pair_passes(&pair, 5 * NS_PER_S);
    expect_path(&pair.client, "SYN_SENT ESTABLISHED");
    expect_state(&pair.server, TCP_ESTABLISHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_active_open_sends_a_syn),
        cmocka_unit_test(a_listener_ignores_a_reset_and_resets_an_ack),
        cmocka_unit_test(a_listener_answers_a_syn_and_is_established_by_its_ack),
        cmocka_unit_test(text_and_a_fin_on_a_syn_are_taken_when_they_come_again),
        cmocka_unit_test(in_syn_sent_an_ack_of_nothing_is_reset_and_the_syn_goes_on),
        cmocka_unit_test(linux_sends_the_syn_again_8_ms_after_it_reset_an_ack_of_nothing),
        cmocka_unit_test(in_syn_sent_only_a_reset_that_acknowledges_the_syn_refuses),
        cmocka_unit_test(a_syn_ack_establishes_and_is_acknowledged),
        cmocka_unit_test(by_the_book_text_and_fin_on_a_syn_ack_are_taken),
        cmocka_unit_test(linux_drops_text_on_a_syn_ack),
        cmocka_unit_test(two_syns_that_cross_open_one_connection),
        cmocka_unit_test(a_fin_to_nobody_to_a_listener_or_into_syn_sent_is_not_processed),
        cmocka_unit_test(a_reset_of_a_half_open_passive_end_is_told_to_nobody),
        cmocka_unit_test(a_reset_of_a_half_open_active_end_is_told_to_its_owner),
        cmocka_unit_test(another_syn_in_the_window_of_a_half_open_passive_end_sends_it_back_to_listen),
        cmocka_unit_test(another_syn_for_a_half_open_active_end_draws_a_challenge_ack),
        cmocka_unit_test(in_syn_received_an_ack_of_nothing_is_reset_and_the_right_one_establishes),
        cmocka_unit_test(a_fin_as_the_first_segment_after_the_syn_leads_to_close_wait_at_once),
        cmocka_unit_test(a_repeated_syn_is_answered_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
