/* SPDX-License-Identifier: MIT */
/* RULES I, R-194: the tail loss probe (RFC 8985 section 7; FACTS 2, 3), and what selective acknowledgements repair before any timeout. */
#include "endpoint.h"

/* Linux with SACK agreed, over a round trip of `rtt_ns`. */
static void connected(struct end *end, int64_t rtt_ns, bool sack)
{
    end_init(end, PROFILE_LINUX);
    end_connect(end);
    end_passes(end, rtt_ns);
    end_arrives(end, sack ? "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><SACK_OK>" : "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>");
    end_forget(end);
}

static void fin_leaves_at(struct end *end, int64_t start_ns, const int64_t *at_ms, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_sent_at(end, start_ns + at_ms[i] * NS_PER_MS, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    expect_silence(end);
}

/* R-194, FACTS 2: a lone FIN is probed first, and the RTO then starts with its full length: 0, R, 2R, 4R, 8R. */
STORY(a_lone_fin_is_probed_before_its_timeout_begins)
{
    static const int64_t at_ms[] = {0, 224, 448, 896, 1792};
    struct end end;
    connected(&end, 20 * NS_PER_MS, true);
    int64_t start = end.clock;
    end_shutdown_write(&end);
    expect_timer(&end, TIMER_TAIL_LOSS_PROBE, 224 * NS_PER_MS); /* 2*SRTT + 200 = 240 ms, but not later than the RTO */
    end_passes(&end, 3 * NS_PER_S);
    fin_leaves_at(&end, start, at_ms, sizeof at_ms / sizeof at_ms[0]);
}

/* R-194, FACTS 2: with a round trip of 300 ms the probe is due at the tick after 2*300 + 200, before the RTO of 904. */
STORY(over_a_long_path_the_probe_comes_after_two_round_trips_and_200_ms)
{
    struct end end;
    connected(&end, 300 * NS_PER_MS, true);
    end_shutdown_write(&end);
    expect_timer(&end, TIMER_TAIL_LOSS_PROBE, 804 * NS_PER_MS);
}

/* R-194, FACTS 2: without SACK there is no probe: R, 3R, 7R. */
STORY(without_sack_there_is_no_probe)
{
    static const int64_t at_ms[] = {0, 224, 672, 1568};
    struct end end;
    connected(&end, 20 * NS_PER_MS, false);
    int64_t start = end.clock;
    end_shutdown_write(&end);
    end_passes(&end, 3 * NS_PER_S);
    fin_leaves_at(&end, start, at_ms, sizeof at_ms / sizeof at_ms[0]);
}

/* R-194, FACTS 2: with more than one segment out no delayed ACK is waited for, and the probe is the last one: the FIN. */
STORY(behind_data_the_probe_is_the_fin_after_two_round_trips_and_2_ms)
{
    struct end end;
    connected(&end, 20 * NS_PER_MS, true);
    end_send(&end, 2920);
    int64_t start = end.clock;
    end_shutdown_write(&end);
    end_forget(&end);
    end_passes(&end, 100 * NS_PER_MS);
    expect_sent_at(&end, start + 44 * NS_PER_MS, "<SEQ=2921><ACK=1><CTL=FIN,ACK>");
    expect_silence(&end); /* one probe an episode */
}

/* where there is unsent data and a window for it, the probe is new data. */
STORY(the_probe_is_new_data_if_there_is_any)
{
    struct end end;
    connected(&end, 20 * NS_PER_MS, true);
    end_send(&end, 1460 * 11); /* ten fit the congestion window */
    end_forget(&end);
    end_passes(&end, 100 * NS_PER_MS);
    expect_sent(&end, "<SEQ=14601><ACK=1><LEN=1460><CTL=ACK>");
}

/* L-15, FACTS 3: the probe does not count in the time after which an end gives up: an orphan with one retry sends its FIN four times. */
STORY(the_probe_does_not_count_in_giving_up)
{
    struct end end;
    connected(&end, 20 * NS_PER_MS, true);
    end.profile.orphan_retries = 1;
    int64_t start = end.clock;
    end_close(&end);
    end_passes(&end, 10 * NS_PER_S);
    assert_int_equal(end_sent_times(&end, "FIN"), 4);
    assert_int_equal(end.path[end.path_count - 1].at_ns - start, 1792 * NS_PER_MS);
    connected(&end, 20 * NS_PER_MS, true);
    start = end.clock;
    end_close(&end);
    end_passes(&end, 200 * NS_PER_S);
    assert_int_equal(end_sent_times(&end, "FIN"), 10);
    assert_int_equal(end.path[end.path_count - 1].at_ns - start, 114688 * NS_PER_MS);
}

/* With SACK a hole is repaired by what its neighbours tell, within a round trip or so; without it three duplicate ACKs do. */
STORY(a_lost_segment_is_repaired_before_its_timeout)
{
    static const bool sack[] = {true, false};
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_init(&pair, PROFILE_LINUX, PROFILE_LINUX);
        pair.client.profile.sack = sack[i];
        pair_opens(&pair);
        pair.server.drains = true;
        int64_t start = pair.now;
        pair_drops(&pair, &pair.client, "data", 3);
        end_send(&pair.client, 1448 * 8);
        pair_passes(&pair, NS_PER_S);
        assert_int_equal(pair.server.got, 1448 * 8);
        assert_int_equal(end_sent_times(&pair.client, "data"), 9);
        for (uint32_t k = 0; k < pair.client.sent_count; k++)
            assert_true(pair.client.sent[k].len == 0 || pair.client.sent_ns[k] - start < 50 * NS_PER_MS);
    }
}

/* Whatever is lost, all is delivered, once and in order, and everything comes to rest. */
STORY(every_third_segment_lost_for_a_while_and_all_is_delivered)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX, PROFILE_FREEBSD, PROFILE_WINDOWS};
    for (int i = 0; i < 4; i++) {
        struct pair pair;
        pair_init(&pair, profiles[i], profiles[i]);
        pair_opens(&pair);
        pair.server.drains = true;
        pair.server.closes_at_eof = true;
        for (uint32_t k = 0; k < 4; k++) {
            pair_drops(&pair, &pair.client, "any", 3 + 3 * k);
            pair_drops(&pair, &pair.server, "any", 2 + 3 * k);
        }
        pair.client.closes_when_written = true;
        end_send(&pair.client, 60000);
        pair_passes(&pair, 1000 * NS_PER_S);
        assert_int_equal(pair.server.got, 60000);
        assert_true(pair.server.eof);
        expect_state(&pair.client, TCP_CLOSED);
        expect_state(&pair.server, TCP_CLOSED);
        assert_int_equal(pair.client.used + pair.server.used, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_fin_is_probed_before_its_timeout_begins),
        cmocka_unit_test(over_a_long_path_the_probe_comes_after_two_round_trips_and_200_ms),
        cmocka_unit_test(without_sack_there_is_no_probe),
        cmocka_unit_test(behind_data_the_probe_is_the_fin_after_two_round_trips_and_2_ms),
        cmocka_unit_test(the_probe_is_new_data_if_there_is_any),
        cmocka_unit_test(the_probe_does_not_count_in_giving_up),
        cmocka_unit_test(a_lost_segment_is_repaired_before_its_timeout),
        cmocka_unit_test(every_third_segment_lost_for_a_while_and_all_is_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
