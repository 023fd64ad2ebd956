/* SPDX-License-Identifier: MIT */
/* HyStart: how cubic leaves slow start before a loss does (src/tcp/cubic.c; measured: docs/notes/hystart.md). */
#include "endpoint.h"

#define SEGMENT 1460u
#define TRIP (20 * NS_PER_MS)

struct flow {
    struct end end;
    uint32_t acked; /* relative: the next byte that the peer awaits */
};

static void begin(struct flow *flow, uint32_t initial_cwnd)
{
    end_init(&flow->end, PROFILE_LINUX);
    flow->end.profile.initial_cwnd = initial_cwnd;
    flow->end.profile.bunches = 0; /* a segment for each that is acknowledged, and none waits for its fellow */
    flow->acked = 1;
    end_connect(&flow->end);
    end_passes(&flow->end, TRIP);
    end_arrives(&flow->end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><SACK_OK><WSCALE=7><WND=65535>");
    end_send(&flow->end, 1000 * SEGMENT);
}

/* So many segments are acknowledged one by one, `gap` apart. */
static void acks(struct flow *flow, uint32_t segments, int64_t gap)
{
    char text[64];
    for (uint32_t i = 0; i < segments; i++) {
        end_passes(&flow->end, i == 0 ? 0 : gap);
        flow->acked += SEGMENT;
        snprintf(text, sizeof text, "<SEQ=1><ACK=%u><CTL=ACK><WND=1000000>", flow->acked);
        end_arrives(&flow->end, text);
    }
}

/* Two round trips as a fast path gives them: the window is 40, and its 40 segments leave within 20 us. */
static void grows_to_40(struct flow *flow)
{
    end_passes(&flow->end, TRIP);
    acks(flow, 10, NS_PER_US);
    end_passes(&flow->end, TRIP - 9 * NS_PER_US);
    acks(flow, 20, NS_PER_US);
    assert_int_equal(flow->end.tcb.cwnd, 40);
    assert_true(flow->end.tcb.ssthresh > 1000000);
}

/* The path's round trip is 20 ms, and bunches may take 1 ms of it: half of 21 ms after the round's first ACK is too long. */
STORY(a_train_of_acks_longer_than_half_a_round_trip_ends_slow_start)
{
    struct flow flow;
    begin(&flow, 10);
    grows_to_40(&flow);
    end_passes(&flow.end, TRIP - 19 * NS_PER_US);
    acks(&flow, 6, 1900 * NS_PER_US); /* 9.5 ms */
    assert_int_equal(flow.end.tcb.cwnd, 46);
    assert_true(flow.end.tcb.ssthresh > 1000000);
    end_passes(&flow.end, 1900 * NS_PER_US);
    acks(&flow, 1, 0); /* 11.4 ms */
    assert_int_equal(flow.end.tcb.ssthresh, 46);
    assert_int_equal(flow.end.tcb.cwnd, 46);
}

/* A pause of more than 2 ms ends the train, and what comes after it in this round is none. (Round trips stay short of the other way.) */
STORY(a_pause_ends_the_train)
{
    struct flow flow;
    begin(&flow, 10);
    grows_to_40(&flow);
    end_passes(&flow.end, TRIP - 19 * NS_PER_US);
    acks(&flow, 2, 2100 * NS_PER_US);
    acks(&flow, 6, NS_PER_MS / 10);
    end_passes(&flow.end, 8 * NS_PER_MS); /* eight samples were taken, all of them short */
    acks(&flow, 10, 1900 * NS_PER_US);
    assert_int_equal(flow.end.tcb.cwnd, 58);
    assert_true(flow.end.tcb.ssthresh > 1000000);
}

/* The ninth round trip of a round tells: when all of them are longer than the path's by 4 ms (an eighth would be 2.5). */
STORY(round_trips_that_have_grown_by_4_ms_end_slow_start)
{
    for (int more = 0; more < 2; more++) {
        struct flow flow;
        begin(&flow, 10);
        grows_to_40(&flow);
        end_passes(&flow.end, TRIP + (more ? 4100 : 3900) * NS_PER_US);
        acks(&flow, 8, NS_PER_US);
        assert_int_equal(flow.end.tcb.cwnd, 48);
        assert_true(flow.end.tcb.ssthresh > 1000000);
        acks(&flow, 2, NS_PER_US);
        assert_int_equal(flow.end.tcb.ssthresh < 1000000, more);
        if (more)
            assert_int_equal(flow.end.tcb.ssthresh, 48);
    }
}

STORY(a_window_below_16_is_let_grow)
{
    struct flow flow;
    begin(&flow, 4);
    end_passes(&flow.end, TRIP);
    acks(&flow, 4, NS_PER_US);
    end_passes(&flow.end, TRIP);
    acks(&flow, 7, 1900 * NS_PER_US); /* 11.4 ms, and cwnd 15 */
    assert_int_equal(flow.end.tcb.cwnd, 15);
    assert_true(flow.end.tcb.ssthresh > 1000000);
}

STORY(without_hystart_slow_start_goes_on)
{
    struct flow flow;
    begin(&flow, 10);
    flow.end.profile.hystart = 0;
    grows_to_40(&flow);
    end_passes(&flow.end, TRIP);
    acks(&flow, 20, 1900 * NS_PER_US);
    assert_int_equal(flow.end.tcb.cwnd, 60);
    assert_true(flow.end.tcb.ssthresh > 1000000);
}

/* A timeout begins everything anew: another slow start, with HyStart looking at it (the kernel resets cubic when it enters Loss). */
STORY(a_timeout_forgets_what_was_found)
{
    struct flow flow;
    begin(&flow, 10);
    grows_to_40(&flow);
    end_passes(&flow.end, TRIP);
    acks(&flow, 8, 1900 * NS_PER_US);
    assert_true(flow.end.tcb.hystart_found);
    end_passes(&flow.end, NS_PER_S);
    assert_int_equal(flow.end.tcb.cwnd, 1);
    assert_false(flow.end.tcb.hystart_found);
    assert_int_equal(flow.end.tcb.cubic_rtt_us, 0);
    assert_int_equal(flow.end.tcb.cubic_last_max, 0);
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        cmocka_unit_test(a_train_of_acks_longer_than_half_a_round_trip_ends_slow_start),
        cmocka_unit_test(a_pause_ends_the_train),
        cmocka_unit_test(round_trips_that_have_grown_by_4_ms_end_slow_start),
        cmocka_unit_test(a_window_below_16_is_let_grow),
        cmocka_unit_test(without_hystart_slow_start_goes_on),
        cmocka_unit_test(a_timeout_forgets_what_was_found),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
