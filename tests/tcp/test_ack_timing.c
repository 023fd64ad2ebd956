/* SPDX-License-Identifier: MIT */
/* RULES I: when ACKs, small segments and probes go out (RFC 9293 sections 3.7.4, 3.8.6.3; RFC 5681 section 4.2; FACTS 5). */
#include "endpoint.h"

/* an ACK may wait, less than half a second, but every second full segment is acknowledged. */
STORY(an_ack_waits_for_less_than_half_a_second_or_for_a_second_full_segment)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=1460><CTL=ACK>");
    expect_silence(&end);
    expect_timer(&end, TIMER_DELAYED_ACK, 200 * NS_PER_MS);
    end_passes(&end, 200 * NS_PER_MS);
    expect_sent(&end, "<SEQ=1><ACK=1461><CTL=ACK>");
    end_arrives(&end, "<SEQ=1461><ACK=1><LEN=1460><CTL=ACK>");
    expect_silence(&end);
    end_arrives(&end, "<SEQ=2921><ACK=1><LEN=1460><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=4381><CTL=ACK>");
    expect_timer(&end, TIMER_NONE, 0);
}

/* an ACK that is owed rides on data that leaves. */
STORY(an_owed_ack_rides_on_data)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK>");
    end_send(&end, 50);
    expect_sent(&end, "<SEQ=1><ACK=101><LEN=50><CTL=ACK>");
    end_passes(&end, 500 * NS_PER_MS);
    expect_silence(&end);
}

/* out of order, and the segment that fills the gap: at once. */
STORY(what_is_out_of_order_or_fills_a_gap_is_acknowledged_at_once)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=101><ACK=1><LEN=100><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    end_arrives(&end, "<SEQ=201><ACK=1><LEN=100><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=50><CTL=ACK>"); /* a part of the gap */
    expect_sent(&end, "<SEQ=1><ACK=51><CTL=ACK>");
    end_arrives(&end, "<SEQ=51><ACK=1><LEN=50><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><ACK=301><CTL=ACK>");
}

/* by the book a FIN is acknowledged at once (test_fin.c); on Linux in ESTABLISHED after 40 ms, or at the next tick if the end never
 * had data; elsewhere at once (FACTS 5). */
STORY(linux_acknowledges_a_fin_after_40_ms_or_at_the_next_tick_if_it_never_had_data)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    end_forget(&end);
    end_arrives(&end, "<SEQ=101><ACK=1><CTL=FIN,ACK>");
    expect_silence(&end);
    end_passes(&end, 40 * NS_PER_MS);
    expect_sent_at(&end, NS_PER_S + 40 * NS_PER_MS, "<SEQ=1><ACK=102><CTL=ACK>");
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_passes(&end, NS_PER_S);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_silence(&end);
    end_passes(&end, 40 * NS_PER_MS);
    expect_sent_at(&end, NS_PER_S + 4 * NS_PER_MS, "<SEQ=1><ACK=2><CTL=ACK>");
    end_reaches_from(&end, PROFILE_LINUX, TCP_FIN_WAIT_1);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    end_reaches_from(&end, PROFILE_LINUX, TCP_FIN_WAIT_2);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
}

/* R-192, FACTS 5: an application that closes within that time puts the ACK on its own FIN. */
STORY(a_linux_application_that_closes_at_once_needs_three_segments)
{
    struct pair pair;
    pair_init(&pair, PROFILE_LINUX, PROFILE_LINUX);
    pair_opens(&pair);
    end_send(&pair.client, 100);
    pair_passes(&pair, NS_PER_S);
    end_recv(&pair.server, 100);
    end_forget(&pair.client);
    end_forget(&pair.server);
    end_close(&pair.client);
    pair_passes(&pair, 30 * NS_PER_MS);
    end_close(&pair.server);
    pair_passes(&pair, NS_PER_S);
    expect_sent(&pair.client, "<SEQ=101><ACK=1><CTL=FIN,ACK>");
    expect_sent(&pair.server, "<SEQ=1><ACK=102><CTL=FIN,ACK>");
    expect_sent(&pair.client, "<SEQ=102><ACK=2><CTL=ACK>");
    expect_silence(&pair.client);
    expect_silence(&pair.server);
}

/* a small segment waits while something is unacknowledged, but not for ever, and not with a FIN on it. */
STORY(nagle_holds_a_small_segment_back_until_all_is_acknowledged)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_send(&end, 100);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK>");
    end_send(&end, 100);
    end_send(&end, 100);
    expect_silence(&end);
    end_arrives(&end, "<SEQ=1><ACK=101><CTL=ACK>");
    expect_sent(&end, "<SEQ=101><ACK=1><LEN=200><CTL=ACK>");
    end_send(&end, 100);
    expect_silence(&end);
    end_shutdown_write(&end);
    expect_sent(&end, "<SEQ=301><ACK=1><LEN=100><CTL=FIN,ACK>");
}

/* Nagle can be turned off. */
STORY(nodelay_sends_small_segments_at_once)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    struct tcp_ctx ctx = end_ctx(&end);
    tcp_set_nodelay(&ctx, &end.tcb, true);
    end_send(&end, 100);
    end_send(&end, 100);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK>");
    expect_sent(&end, "<SEQ=101><ACK=1><LEN=100><CTL=ACK>");
}

/* the congestion window bounds what is sent at close too; the FIN waits with the data that waits. */
STORY(the_fin_waits_for_the_congestion_window_with_its_data)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.initial_cwnd = 2;
    end_reaches(&end, TCP_ESTABLISHED);
    end_send(&end, 4000);
    end_close(&end);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=1460><CTL=ACK>");
    expect_sent(&end, "<SEQ=1461><ACK=1><LEN=1460><CTL=ACK>");
    expect_silence(&end);
    expect_state(&end, TCP_FIN_WAIT_1);
    end_arrives(&end, "<SEQ=1><ACK=2921><CTL=ACK>");
    expect_sent(&end, "<SEQ=2921><ACK=1><LEN=1080><CTL=FIN,ACK>");
}

/* FACTS 5: data sent soon after data came makes an end converse, and its ACKs wait for something to ride on. A retransmission counts as
 * well (tcp_event_data_sent(); measured: k_cross_both). */
STORY(who_resends_soon_after_data_came_delays_its_next_ack)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_send(&end, 1000);
    end_passes(&end, 190 * NS_PER_MS);
    end_forget(&end);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK>");
    expect_sent(&end, "<SEQ=1001><ACK=101><CTL=ACK>"); /* not yet */
    end_passes(&end, 30 * NS_PER_MS);
    expect_sent(&end, "<SEQ=1><ACK=101><LEN=1000><CTL=PSH,ACK>"); /* lost, and sent again */
    end_arrives(&end, "<SEQ=101><ACK=1001><LEN=100><CTL=ACK>");
    expect_silence(&end);
    end_passes(&end, 40 * NS_PER_MS);
    expect_sent_at(&end, 260 * NS_PER_MS, "<SEQ=1001><ACK=201><CTL=ACK>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_waits_for_less_than_half_a_second_or_for_a_second_full_segment),
        cmocka_unit_test(an_owed_ack_rides_on_data),
        cmocka_unit_test(what_is_out_of_order_or_fills_a_gap_is_acknowledged_at_once),
        cmocka_unit_test(linux_acknowledges_a_fin_after_40_ms_or_at_the_next_tick_if_it_never_had_data),
        cmocka_unit_test(a_linux_application_that_closes_at_once_needs_three_segments),
        cmocka_unit_test(nagle_holds_a_small_segment_back_until_all_is_acknowledged),
        cmocka_unit_test(nodelay_sends_small_segments_at_once),
        cmocka_unit_test(the_fin_waits_for_the_congestion_window_with_its_data),
        cmocka_unit_test(who_resends_soon_after_data_came_delays_its_next_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
