/* SPDX-License-Identifier: MIT */
/* SYN cookies: what a listener need not remember (src/tcp/cookie.c; measured: docs/notes/listen-queues.md). */
#include "endpoint.h"

static const struct tcp_cookie_keys minute_7 = {.fixed = 0x11223344, .minute = 7, .timed = {0xAAAAAAAA, 0x55555555}};
static const struct tcp_cookie_keys minute_8 = {.fixed = 0x11223344, .minute = 8, .timed = {0x12345678, 0xAAAAAAAA}};
static const struct tcp_cookie_keys minute_9 = {.fixed = 0x11223344, .minute = 9, .timed = {0x9ABCDEF0, 0x12345678}};

static struct segment syn_of(uint8_t options)
{
    return (struct segment){.seq = 0xFFFFFFF0, .flags = TCP_SYN, .options = options, .mss = 1400, .wscale = 9, .tsval = 77, .wnd = 64240};
}

/* The SYN-ACK that a Linux listener sends for it at `now_ns`, and the ACK that a client answers it with. */
static struct segment answered(const struct tcp_cookie_keys *keys, const struct segment *syn, int64_t now_ns, struct segment *ack)
{
    const struct tcp_profile *profile = profile_defaults(PROFILE_LINUX);
    struct tcp_ctx ctx = {.now_ns = now_ns, .profile = profile};
    struct segment answer;
    struct tcb fresh;
    tcp_init(&fresh, profile, 1460);
    tcp_cookie_answer(&ctx, &fresh, tcp_cookie(keys, syn), syn, &answer);
    *ack = (struct segment){.seq = syn->seq + 1, .ack = answer.seq + 1, .flags = TCP_ACK, .wnd = 64512};
    if (answer.options & TCPOPT_TS) {
        ack->options = TCPOPT_TS;
        ack->tsval = syn->tsval + 20;
        ack->tsecr = answer.tsval;
    }
    return answer;
}

/* MSS in four steps, window scale and SACK in the timestamp, which never runs ahead of the clock. */
STORY(all_that_the_syn_offered_comes_back_with_the_ack)
{
    const uint8_t all = TCPOPT_MSS | TCPOPT_WSCALE | TCPOPT_SACK_OK | TCPOPT_TS;
    for (int64_t ms = 1000; ms < 1064; ms++) {
        struct segment ack, read, syn = syn_of(all);
        struct segment answer = answered(&minute_7, &syn, ms * NS_PER_MS, &ack);
        assert_int_equal(answer.flags, TCP_SYN | TCP_ACK);
        assert_int_equal(answer.ack, syn.seq + 1);
        assert_int_equal(answer.options, all);
        assert_true(answer.tsval <= ms && answer.tsval > ms - 128);
        assert_true(tcp_cookie_read(profile_defaults(PROFILE_LINUX), &minute_7, &ack, &read));
        assert_int_equal(read.options, all);
        assert_int_equal(read.seq, syn.seq);
        assert_int_equal(read.mss, 1300); /* of 536, 1300, 1440, 1460 */
        assert_int_equal(read.wscale, 9);
        assert_int_equal(read.tsval, 97);
    }
}

STORY(without_timestamps_only_the_mss_comes_back)
{
    struct segment ack, read, syn = syn_of(TCPOPT_MSS | TCPOPT_WSCALE | TCPOPT_SACK_OK);
    struct segment answer = answered(&minute_7, &syn, NS_PER_S, &ack);
    assert_int_equal(answer.options, TCPOPT_MSS);
    assert_true(tcp_cookie_read(profile_defaults(PROFILE_LINUX), &minute_7, &ack, &read));
    assert_int_equal(read.options, TCPOPT_MSS);
}

/* Of this minute and of the last, and of this peer's number. */
STORY(an_older_cookie_or_one_that_was_guessed_opens_nothing)
{
    struct segment ack, read, syn = syn_of(TCPOPT_MSS | TCPOPT_TS);
    answered(&minute_7, &syn, NS_PER_S, &ack);
    assert_true(tcp_cookie_read(profile_defaults(PROFILE_LINUX), &minute_8, &ack, &read));
    assert_false(tcp_cookie_read(profile_defaults(PROFILE_LINUX), &minute_9, &ack, &read));
    ack.seq += 4;
    assert_false(tcp_cookie_read(profile_defaults(PROFILE_LINUX), &minute_7, &ack, &read));
    ack.seq -= 4;
    ack.ack += 4;
    assert_false(tcp_cookie_read(profile_defaults(PROFILE_LINUX), &minute_7, &ack, &read));
}

/* A connection that begins by a cookie has measured no round trip: its first RTO is 3 s. */
STORY(a_connection_of_a_cookie_begins_with_a_timeout_of_3_s)
{
    struct end end;
    struct segment ack, read, syn = syn_of(TCPOPT_MSS);
    end_init(&end, PROFILE_LINUX);
    answered(&minute_7, &syn, NS_PER_S, &ack);
    assert_true(tcp_cookie_read(&end.profile, &minute_7, &ack, &read));
    end_socket(&end);
    struct tcp_ctx ctx = end_ctx(&end);
    tcp_open_by_cookie(&ctx, &end.tcb, ack.ack - 1, &read);
    end.kind = END_TCB;
    end.iss = ack.ack - 1;
    end.irs = syn.seq;
    expect_silence(&end);
    end_arrives_segment(&end, &ack);
    expect_path(&end, "SYN_RECEIVED ESTABLISHED");
    end_send(&end, 100);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=100><CTL=ACK>");
    expect_timer(&end, TIMER_RETRANSMISSION, 3 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_the_syn_offered_comes_back_with_the_ack),
        cmocka_unit_test(without_timestamps_only_the_mss_comes_back),
        cmocka_unit_test(an_older_cookie_or_one_that_was_guessed_opens_nothing),
        cmocka_unit_test(a_connection_of_a_cookie_begins_with_a_timeout_of_3_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
