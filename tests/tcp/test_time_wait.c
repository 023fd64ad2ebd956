/* SPDX-License-Identifier: MIT */
/* RULES F: TIME_WAIT (RFC 9293 sections 3.4.2, 3.6.1, 3.10.7.4; RFC 1337, RFC 6191). What Linux does otherwise is in test_linux.c. */
#include "endpoint.h"

/* 2 MSL = 240 s by the book, then gone without a segment. */
STORY(time_wait_lasts_four_minutes_by_the_book_and_ends_in_silence)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_TIME_WAIT);
    end_passes(&end, 240 * NS_PER_S - 1);
    expect_state(&end, TCP_TIME_WAIT);
    end_passes(&end, 1);
    expect_path(&end, "CLOSED");
    expect_silence(&end);
    assert_int_equal(end.path[end.path_count - 1].why, TCP_WHY_ORDINARY);
}

/* after an abort nobody waits. (Who does after a close: test_fin.c.) */
STORY(after_an_abort_nobody_waits)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    end_abort(&pair.client);
    pair_passes(&pair, NS_PER_S);
    expect_path(&pair.client, "CLOSED");
    expect_path(&pair.server, "CLOSED");
}

/* R-142, T-4: the final ACK is lost; the repeated FIN is acknowledged and 2MSL starts anew. */
STORY(a_lost_final_ack_is_given_again_and_the_wait_begins_anew)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    end_close(&pair.client);
    pair_passes(&pair, 100 * NS_PER_MS);
    pair_drops(&pair, &pair.client, "ACK", 1);
    end_close(&pair.server);
    int64_t fin_ns = pair.now;
    pair_passes(&pair, 10 * NS_PER_S);
    expect_path(&pair.server, "CLOSE_WAIT LAST_ACK CLOSED");
    assert_int_equal(end_sent_when(&pair.server, "FIN", 2), fin_ns + NS_PER_S);
    expect_state(&pair.client, TCP_TIME_WAIT);
    assert_int_equal(pair.client.mini.at_ns, fin_ns + NS_PER_S + 10 * NS_PER_MS + 240 * NS_PER_S);
}

/* T-4: it is not restarted by anything else. */
STORY(nothing_but_a_fin_restarts_time_wait_by_the_book)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_TIME_WAIT);
    end_passes(&end, 100 * NS_PER_S);
    end_arrives(&end, "<SEQ=2><ACK=2><CTL=ACK>"); /* an ACK that says nothing new */
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>"); /* a keep-alive probe */
    end_arrives(&end, "<SEQ=-500><ACK=1><LEN=100><CTL=ACK>"); /* old data */
    end_arrives(&end, "<SEQ=50><CTL=SYN><WND=100>");
    if (end_state(&end) == TCP_TIME_WAIT)
        expect_timer(&end, TIMER_TIME_WAIT, 140 * NS_PER_S);
}

/* Both sides of a connection with timestamps; the peer's last TSval was 5000. */
static void waits_with_timestamps(struct end *end, bool timestamps)
{
    end_init(end, PROFILE_RFC9293);
    end->profile.timestamps = timestamps;
    end_connect(end);
    end_arrives(end, timestamps ? "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><TS=4000,0>" : "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>");
    end_shutdown_write(end);
    end_arrives(end, timestamps ? "<SEQ=1><ACK=2><CTL=ACK><TS=4500,0>" : "<SEQ=1><ACK=2><CTL=ACK>");
    end_arrives(end, timestamps ? "<SEQ=1><ACK=2><CTL=FIN,ACK><TS=5000,0>" : "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    expect_state(end, TCP_TIME_WAIT);
    end_listen(end);
    end_forget(end);
}

/* a newer timestamp opens, even with a lower number. R-143: the new ISS lies above all that the old one used. */
STORY(a_syn_with_a_newer_timestamp_opens_a_new_incarnation)
{
    struct end end;
    waits_with_timestamps(&end, true);
    uint32_t old_iss = end.iss;
    end_arrives(&end, "<SEQ=-70000><CTL=SYN><MSS=1460><TS=5001,0>");
    expect_path(&end, "CLOSED SYN_RECEIVED");
    assert_true((int32_t)(end.iss - (old_iss + 2)) > 0);
    assert_int_equal(end.sent[end.seen].flags, TCP_SYN | TCP_ACK);
    assert_int_equal(end.path[end.path_count - 2].why, TCP_WHY_REUSED);
}

/* an equal timestamp needs a higher number. */
STORY(a_syn_with_an_equal_timestamp_opens_only_with_a_higher_number)
{
    struct end end;
    waits_with_timestamps(&end, true);
    end_arrives(&end, "<SEQ=1><CTL=SYN><MSS=1460><TS=5000,0>");
    expect_state(&end, TCP_TIME_WAIT);
    end_arrives(&end, "<SEQ=2000><CTL=SYN><MSS=1460><TS=5000,0>");
    expect_state(&end, TCP_SYN_RECEIVED);
}

/* an older timestamp does not open, whatever its number; it is answered by an ACK, which is R-080's answer too. */
STORY(a_syn_with_an_older_timestamp_does_not_open)
{
    struct end end;
    waits_with_timestamps(&end, true);
    end_arrives(&end, "<SEQ=2000><CTL=SYN><MSS=1460><TS=4999,0>");
    expect_state(&end, TCP_TIME_WAIT);
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
}

/* without timestamps the number decides; a lower one draws the challenge ACK of R-080. */
STORY(without_timestamps_a_syn_opens_only_with_a_higher_number)
{
    struct end end;
    waits_with_timestamps(&end, false);
    end_arrives(&end, "<SEQ=-5><CTL=SYN><MSS=1460>");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_state(&end, TCP_TIME_WAIT);
    end_arrives(&end, "<SEQ=200><CTL=SYN><MSS=1460>");
    expect_path(&end, "CLOSED SYN_RECEIVED");
}

/* A SYN can open nothing where nobody listens: at the end that connected TIME_WAIT answers it and stays. A RST from nobody's
 * socket would tell the peer that there is none (measured: k_tw_syn_nobody_listens). */
STORY(a_syn_where_nobody_listens_is_answered_and_opens_nothing)
{
    struct end end;
    waits_with_timestamps(&end, true);
    end.listens = false;
    end_arrives(&end, "<SEQ=2000><CTL=SYN><MSS=1460><TS=5001,0>");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_state(&end, TCP_TIME_WAIT);
}

/* where the profile allows no reopening, every SYN draws a challenge ACK. */
STORY(a_profile_that_never_reopens_challenges_every_syn)
{
    struct end end;
    waits_with_timestamps(&end, false);
    end.profile.syn_in_time_wait = 0;
    end_arrives(&end, "<SEQ=200><CTL=SYN><MSS=1460>");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_state(&end, TCP_TIME_WAIT);
}

/* by the book a RST ends TIME_WAIT, and nobody is told. */
STORY(a_reset_ends_time_wait_by_the_book)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_TIME_WAIT);
    end_arrives(&end, "<SEQ=2><CTL=RST>");
    expect_path(&end, "CLOSED");
    expect_silence(&end);
    assert_int_equal(end.signals[SIGNAL_ERROR], 0);
}

/* RFC 1337's remedy F1: resets are ignored. */
STORY(with_rfc_1337_a_reset_does_not_end_time_wait)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.rfc1337 = 1;
    end_reaches(&end, TCP_TIME_WAIT);
    end_arrives(&end, "<SEQ=2><CTL=RST>");
    expect_state(&end, TCP_TIME_WAIT);
    assert_int_equal(end.sent_count - end.seen, 0);
}

/* R-150, FACTS 8: an old duplicate of the peer's FIN kills TIME_WAIT by way of the ACK that it draws, for the peer is gone. */
STORY(an_old_duplicate_of_the_last_fin_assassinates_time_wait)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    end_close(&pair.client);
    pair_passes(&pair, 100 * NS_PER_MS);
    uint32_t fin = pair.server.sent_count;
    end_close(&pair.server);
    pair_passes(&pair, NS_PER_S);
    expect_state(&pair.client, TCP_TIME_WAIT);
    expect_state(&pair.server, TCP_CLOSED);
    pair_duplicates(&pair, &pair.server, fin);
    pair_passes(&pair, NS_PER_S);
    expect_state(&pair.client, TCP_CLOSED);
    assert_int_equal(end_sent_times(&pair.server, "RST"), 1);
}

/* A TIME_WAIT of no length is passed through. */
STORY(a_time_wait_of_no_length_ends_in_the_instant_it_begins)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.time_wait = 0;
    end_connect(&end);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
    end_close(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    end_passes(&end, 0);
    expect_path(&end, "SYN_SENT ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_wait_lasts_four_minutes_by_the_book_and_ends_in_silence),
        cmocka_unit_test(after_an_abort_nobody_waits),
        cmocka_unit_test(a_lost_final_ack_is_given_again_and_the_wait_begins_anew),
        cmocka_unit_test(nothing_but_a_fin_restarts_time_wait_by_the_book),
        cmocka_unit_test(a_syn_with_a_newer_timestamp_opens_a_new_incarnation),
        cmocka_unit_test(a_syn_with_an_equal_timestamp_opens_only_with_a_higher_number),
        cmocka_unit_test(a_syn_with_an_older_timestamp_does_not_open),
        cmocka_unit_test(without_timestamps_a_syn_opens_only_with_a_higher_number),
        cmocka_unit_test(a_syn_where_nobody_listens_is_answered_and_opens_nothing),
        cmocka_unit_test(a_profile_that_never_reopens_challenges_every_syn),
        cmocka_unit_test(a_reset_ends_time_wait_by_the_book),
        cmocka_unit_test(with_rfc_1337_a_reset_does_not_end_time_wait),
        cmocka_unit_test(an_old_duplicate_of_the_last_fin_assassinates_time_wait),
        cmocka_unit_test(a_time_wait_of_no_length_ends_in_the_instant_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
