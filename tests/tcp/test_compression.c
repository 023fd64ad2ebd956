/* SPDX-License-Identifier: MIT */
/* What Linux tells of segments above a gap, and when: ACKs that wait for each other, blocks that are remembered and forgotten
 * (src/tcp/acking.c, src/tcp/reassembly.c; measured: docs/notes/ack-compression.md). */
#include <string.h>

#include "endpoint.h"

#define SEGMENT 1460u

static uint32_t clock_ms(const struct end *end)
{
    return (uint32_t)(end->clock / NS_PER_MS);
}

/* SACK agreed, timestamps if `trip_ms` is not 0, nothing acknowledged out of haste any more (TCP_QUICKACK off). */
static void connected(struct end *end, int64_t trip_ms)
{
    char text[128];
    end_init(end, PROFILE_LINUX);
    end->clock = NS_PER_S;
    end_connect(end);
    end_passes(end, 20 * NS_PER_MS);
    snprintf(text, sizeof text, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><SACK_OK><WSCALE=7><WND=65535>");
    if (trip_ms != 0)
        snprintf(text + strlen(text), sizeof text - strlen(text), "<TS=5000,1000>");
    end_arrives(end, text);
    struct tcp_ctx ctx = end_ctx(end);
    tcp_set_quickack(&ctx, &end->tcb, false);
    end_forget(end);
}

/* Data of `length` from `seq` on; with timestamps it echoes what left `trip_ms` ago. */
static void data(struct end *end, uint32_t seq, uint32_t length, uint32_t trip_ms)
{
    char text[128];
    snprintf(text, sizeof text, "<SEQ=%u><ACK=1><LEN=%u><CTL=ACK><WND=500>", seq, length);
    if (trip_ms != 0)
        snprintf(text + strlen(text), sizeof text - strlen(text), "<TS=%u,%u>", 5000 + clock_ms(end), clock_ms(end) - trip_ms);
    end_arrives(end, text);
}

static void expect_blocks(struct end *end, unsigned count, const uint32_t (*blocks)[2])
{
    assert_true(end->seen < end->sent_count);
    const struct segment *seg = &end->sent[end->seen++];
    assert_int_equal(seg->sack_count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(seg->sack[i].left - end->irs, blocks[i][0]);
        assert_int_equal(seg->sack[i].right - end->irs, blocks[i][1]);
    }
}

/* Three segments above a gap, each acknowledged at once. */
static void three_above_a_gap(struct end *end, uint32_t trip_ms)
{
    for (uint32_t i = 1; i <= 3; i++) {
        data(end, 1 + i * SEGMENT, SEGMENT, trip_ms);
        expect_sent(end, "<SEQ=1><ACK=1><CTL=ACK>");
    }
    expect_silence(end);
}

/* A twentieth of the round trip, but not more than a millisecond, and what the timer takes. */
STORY(the_fourth_ack_above_a_gap_waits_a_twentieth_of_the_round_trip)
{
    static const struct {
        uint32_t trip_ms;
        int64_t wait_us;
    } cases[] = {{10, 600}, {20, 1100}, {18, 1000}, {100, 1100}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct end end;
        connected(&end, cases[i].trip_ms);
        three_above_a_gap(&end, cases[i].trip_ms);
        data(&end, 1 + 4 * SEGMENT, SEGMENT, cases[i].trip_ms);
        data(&end, 1 + 5 * SEGMENT, SEGMENT, cases[i].trip_ms);
        expect_silence(&end);
        expect_timer(&end, TIMER_DELAYED_ACK, cases[i].wait_us * NS_PER_US);
        end_passes(&end, 2 * NS_PER_MS);
        expect_blocks(&end, 1, (const uint32_t[][2]){{1 + SEGMENT, 1 + 6 * SEGMENT}});
        expect_silence(&end);
    }
}

/* Whoever only receives, and without timestamps, has measured no round trip: the timer fires as soon as it can. */
STORY(without_a_round_trip_the_ack_waits_for_the_timer_only)
{
    struct end end;
    connected(&end, 0);
    three_above_a_gap(&end, 0);
    data(&end, 1 + 4 * SEGMENT, SEGMENT, 0);
    expect_silence(&end);
    expect_timer(&end, TIMER_DELAYED_ACK, 100 * NS_PER_US);
}

STORY(not_more_than_44_acks_are_held_back)
{
    struct end end;
    connected(&end, 20);
    three_above_a_gap(&end, 20);
    for (uint32_t i = 0; i < 44; i++)
        data(&end, 1 + 4 * SEGMENT + i * 100, 100, 20);
    expect_silence(&end);
    data(&end, 1 + 4 * SEGMENT + 44 * 100, 100, 20);
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_silence(&end);
}

/* A third block is about to come in front: what was held back goes first, and tells of the blocks as they were. The segment that
 * made it so is told with the next. */
STORY(a_further_block_sends_what_was_held_back)
{
    static const uint32_t before[][2] = {{7301, 10221}, {4381, 5841}, {1461, 2921}};
    static const uint32_t after[][2] = {{11681, 14601}, {7301, 10221}, {4381, 5841}, {1461, 2921}};
    struct end end;
    connected(&end, 0);
    data(&end, 1461, SEGMENT, 0);
    data(&end, 4381, SEGMENT, 0);
    data(&end, 7301, SEGMENT, 0);
    end_forget(&end);
    data(&end, 8761, SEGMENT, 0);
    expect_silence(&end);
    data(&end, 11681, SEGMENT, 0);
    expect_blocks(&end, 3, before);
    expect_silence(&end);
    end_passes(&end, NS_PER_MS);
    expect_silence(&end); /* nothing is owed */
    data(&end, 13141, SEGMENT, 0);
    end_passes(&end, NS_PER_MS);
    expect_blocks(&end, 4, after);
}

/* Four blocks are remembered. What a fifth has pushed out is kept, but told no more, though there is room for it again later. */
STORY(a_fifth_block_pushes_the_oldest_out)
{
    static const uint32_t four[][2] = {{7301, 8761}, {14601, 16061}, {29201, 30661}, {43801, 45261}};
    static const uint32_t two[][2] = {{29201, 30661}, {43801, 45261}};
    struct end end;
    connected(&end, 0);
    for (uint32_t at = 58401; at > 14601; at -= 14600)
        data(&end, at, SEGMENT, 0);
    data(&end, 14601, SEGMENT, 0);
    end_passes(&end, NS_PER_MS);
    end_forget(&end);
    data(&end, 7301, SEGMENT, 0);
    end_passes(&end, NS_PER_MS);
    expect_blocks(&end, 4, four);
    end_forget(&end);
    for (uint32_t at = 1; at < 14601; at += SEGMENT) {
        if (at != 7301)
            data(&end, at, SEGMENT, 0);
    }
    end.seen = end.sent_count - 1;
    expect_blocks(&end, 2, two);
}

/* What fills one gap of two is acknowledged as the first of three above the other. */
STORY(a_gap_that_is_not_the_last_is_filled_by_the_first_of_three_acks)
{
    struct end end;
    connected(&end, 0);
    for (uint32_t at = 101; at < 1000; at += 200)
        data(&end, at, 100, 0);
    end_passes(&end, NS_PER_MS);
    end_forget(&end);
    data(&end, 1, 100, 0);
    expect_sent(&end, "<SEQ=1><ACK=201><CTL=ACK>");
    data(&end, 1101, 100, 0);
    expect_sent(&end, "<SEQ=1><ACK=201><CTL=ACK>");
    data(&end, 1201, 100, 0);
    expect_sent(&end, "<SEQ=1><ACK=201><CTL=ACK>");
    data(&end, 1301, 100, 0);
    expect_silence(&end);
}

/* RFC 2883: the part that was here already is reported first, of a segment above the gap and of one that reaches up to it. */
STORY(the_part_that_was_here_already_is_reported)
{
    static const uint32_t above[][2] = {{2191, 2921}, {1461, 3651}};
    static const uint32_t below[][2] = {{1461, 2001}};
    for (int told = 1; told >= 0; told--) {
        struct end end;
        connected(&end, 0);
        end.profile.dsack = told;
        data(&end, 1461, SEGMENT, 0);
        end_forget(&end);
        data(&end, 2191, SEGMENT, 0);
        expect_blocks(&end, told ? 2 : 1, told ? above : above + 1);
        data(&end, 1, 2000, 0);
        expect_blocks(&end, told ? 1 : 0, below);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fourth_ack_above_a_gap_waits_a_twentieth_of_the_round_trip),
        cmocka_unit_test(without_a_round_trip_the_ack_waits_for_the_timer_only),
        cmocka_unit_test(not_more_than_44_acks_are_held_back),
        cmocka_unit_test(a_further_block_sends_what_was_held_back),
        cmocka_unit_test(a_fifth_block_pushes_the_oldest_out),
        cmocka_unit_test(a_gap_that_is_not_the_last_is_filled_by_the_first_of_three_acks),
        cmocka_unit_test(the_part_that_was_here_already_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
