/* SPDX-License-Identifier: MIT */
/* RULES K: timestamps and PAWS (RFC 7323). The peer's clock reads 4000 in its SYN. */
#include "endpoint.h"

static void connected(struct end *end, enum profile_id profile)
{
    end_init(end, profile);
    end->profile.timestamps = 1;
    end_connect(end);
    end_passes(end, 50 * NS_PER_MS);
    end_arrives(end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><TS=4000,0>");
    expect_state(end, TCP_ESTABLISHED);
    end_forget(end);
}

/* once agreed, on every segment, echoing the peer's; not, if the peer did not offer them. */
STORY(agreed_timestamps_are_on_every_segment)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_send(&end, 10);
    assert_true(end.sent[end.seen].options & TCPOPT_TS);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=10><CTL=ACK><TS=50,4000>");
    end_passes(&end, 5 * NS_PER_MS);
    end_arrives(&end, "<SEQ=1><ACK=11><CTL=FIN,ACK><TS=4010,50>");
    expect_sent(&end, "<SEQ=11><ACK=2><CTL=ACK><TS=55,4010>");
    end_shutdown_write(&end);
    expect_sent(&end, "<SEQ=11><ACK=2><CTL=FIN,ACK><TS=55,4010>");
    end_init(&end, PROFILE_RFC9293);
    end.profile.timestamps = 1;
    end_connect(&end);
    assert_true(end.sent[0].options & TCPOPT_TS);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>");
    assert_false(end.sent[end.sent_count - 1].options & TCPOPT_TS);
}

/* TIME_WAIT keeps them too. */
STORY(time_wait_answers_with_timestamps)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_shutdown_write(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK><TS=4010,0>");
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK><TS=4020,0>");
    end_forget(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK><TS=4030,0>");
    assert_true(end.sent[end.seen].options & TCPOPT_TS);
}

/* without them a segment is dropped in silence, and the connection lives; a RST without them is good. */
STORY(a_segment_without_the_agreed_timestamps_is_dropped_in_silence)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    expect_silence(&end);
    expect_state(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><CTL=RST>");
    expect_state(&end, TCP_CLOSED);
}

/* an older timestamp: acknowledged and dropped. */
STORY(a_segment_with_an_older_timestamp_is_acknowledged_and_dropped)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct end end;
        connected(&end, profiles[i]);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=FIN,ACK><TS=3999,0>");
        expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
        expect_state(&end, TCP_ESTABLISHED);
        expect_read(&end, 0, false, TCP_OK);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK><TS=4000,0>");
        expect_read(&end, 5, false, TCP_OK);
    }
}

/* R-213, T-5: a RST is never subject to PAWS. */
STORY(a_reset_with_an_older_timestamp_is_obeyed)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_arrives(&end, "<SEQ=1><CTL=RST><TS=5,0>");
    expect_state(&end, TCP_CLOSED);
}

/* nor does it update TS.Recent. */
STORY(a_reset_that_is_not_obeyed_leaves_ts_recent_alone)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_arrives(&end, "<SEQ=100><CTL=RST><TS=900000,0>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK><TS=50,4000>"); /* the challenge */
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK><TS=4001,0>");
    expect_read(&end, 5, false, TCP_OK);
}

/* after 24 days without a segment TS.Recent does not count. */
STORY(a_timestamp_of_24_days_ago_does_not_reject)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_passes(&end, (int64_t)24 * 24 * 3600 * NS_PER_S - NS_PER_S);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK><TS=100,0>");
    expect_read(&end, 0, false, TCP_OK);
    end_passes(&end, 2 * NS_PER_S);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK><TS=100,0>");
    expect_read(&end, 5, false, TCP_OK);
}

/* only a segment that covers the left edge updates TS.Recent; the echo of a delayed ACK is the earliest of what it covers. */
STORY(ts_recent_comes_from_the_segment_at_the_left_edge)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_arrives(&end, "<SEQ=101><ACK=1><LEN=100><CTL=ACK><TS=4500,0>"); /* above a gap */
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK><TS=50,4000>");
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK><TS=4600,0>");
    expect_sent(&end, "<SEQ=1><ACK=201><CTL=ACK><TS=50,4600>");
    end_arrives(&end, "<SEQ=201><ACK=1><LEN=100><CTL=ACK><TS=4700,0>");
    end_arrives(&end, "<SEQ=301><ACK=1><LEN=100><CTL=ACK><TS=4800,0>");
    end_passes(&end, NS_PER_S);
    end.seen = end.sent_count - 1;
    assert_int_equal(end.sent[end.seen].tsecr, 4700);
}

/* the FIN counts; what TIME_WAIT remembers is its timestamp. */
STORY(time_wait_remembers_the_timestamp_of_the_fin)
{
    struct end end;
    connected(&end, PROFILE_RFC9293);
    end_shutdown_write(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK><TS=4010,0>");
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK><TS=6000,0>");
    expect_state(&end, TCP_TIME_WAIT);
    assert_int_equal(end.mini.ts_recent, 6000);
}

/* RFC 7323 section 2: the window of a segment after the handshake is scaled, if both sides offered that. */
STORY(window_scaling_is_used_when_both_sides_offer_it)
{
    struct pair pair;
    pair_init(&pair, PROFILE_LINUX, PROFILE_LINUX);
    pair_opens(&pair);
    assert_true(pair.client.tcb.wscale_ok);
    assert_int_equal(pair.client.tcb.rcv_wscale, 10); /* FACTS: tcp_rmem max 32 MB */
    pair_init(&pair, PROFILE_LINUX, PROFILE_RFC9293);
    pair_opens(&pair);
    assert_false(pair.client.tcb.wscale_ok);
    assert_false(pair.client.tcb.ts_ok);
    assert_false(pair.client.tcb.sack_ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreed_timestamps_are_on_every_segment),
        cmocka_unit_test(time_wait_answers_with_timestamps),
        cmocka_unit_test(a_segment_without_the_agreed_timestamps_is_dropped_in_silence),
        cmocka_unit_test(a_segment_with_an_older_timestamp_is_acknowledged_and_dropped),
        cmocka_unit_test(a_reset_with_an_older_timestamp_is_obeyed),
        cmocka_unit_test(a_reset_that_is_not_obeyed_leaves_ts_recent_alone),
        cmocka_unit_test(a_timestamp_of_24_days_ago_does_not_reject),
        cmocka_unit_test(ts_recent_comes_from_the_segment_at_the_left_edge),
        cmocka_unit_test(time_wait_remembers_the_timestamp_of_the_fin),
        cmocka_unit_test(window_scaling_is_used_when_both_sides_offer_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
