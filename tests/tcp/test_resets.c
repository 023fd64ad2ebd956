/* SPDX-License-Identifier: MIT */
/* RULES D1 and E: obeying resets and generating them (RFC 9293 sections 3.5.2, 3.5.3, 3.10.7.1; RFC 5961 section 3). */
#include "endpoint.h"

static const enum tcp_state synchronized[] = SYNCHRONIZED_STATES;
#define SYNCHRONIZED (sizeof synchronized / sizeof synchronized[0])

static void reset_arrives(struct end *end, int64_t seq)
{
    struct segment reset = {.seq = end->irs + (uint32_t)seq, .flags = TCP_RST};
    end_arrives_segment(end, &reset);
}

/* R-070, T-5: outside the window a RST is dropped in silence, just below RCV.NXT too. */
STORY(a_reset_outside_the_window_is_dropped)
{
    for (size_t i = 0; i < SYNCHRONIZED; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, synchronized[i]);
        reset_arrives(&end, (int64_t)end_rcv_nxt(synchronized[i]) - 1);
        reset_arrives(&end, 70000);
        expect_silence(&end);
        expect_state(&end, synchronized[i]);
    }
}

/* exactly at RCV.NXT it resets: calls are told, queues flushed. */
STORY(a_reset_at_rcv_nxt_is_obeyed_and_told)
{
    static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        reset_arrives(&end, end_rcv_nxt(states[i]));
        expect_path(&end, "CLOSED");
        expect_silence(&end);
        expect_timer(&end, TIMER_NONE, 0);
        assert_int_equal(end.used, 0);
        assert_int_equal(end.signals[SIGNAL_ERROR], 1);
        assert_int_equal(end.signals[SIGNAL_GONE], 1);
        assert_int_equal(end.path[end.path_count - 1].why, TCP_WHY_RST_RECEIVED);
        assert_int_equal(tcp_take_error(&end.tcb), TCP_ECONNRESET);
    }
}

/* R-074, W-02: by the book unread data is flushed; Linux keeps it readable (L-13), and so does FreeBSD: soisdisconnected() drops what was
 * to be sent, soreceive_stream() looks at so_error only when its buffer is empty. */
STORY(a_reset_discards_unread_data_by_the_book_and_leaves_it_on_linux_and_freebsd)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=50><CTL=ACK>");
    reset_arrives(&end, 51);
    expect_read(&end, 0, false, TCP_ECONNRESET);
    static const enum profile_id keepers[] = {PROFILE_LINUX, PROFILE_FREEBSD};
    for (size_t i = 0; i < sizeof keepers / sizeof keepers[0]; i++) {
        end_reaches_from(&end, keepers[i], TCP_ESTABLISHED);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=50><CTL=ACK>");
        reset_arrives(&end, 51);
        expect_read(&end, 50, false, TCP_OK);
        expect_read(&end, 0, false, TCP_ECONNRESET);
        expect_read(&end, 0, true, TCP_OK);
    }
}

/* R-072, T-5: in the window but not at RCV.NXT: challenge ACK, and the connection lives. */
STORY(a_reset_elsewhere_in_the_window_draws_a_challenge_ack)
{
    for (size_t i = 0; i < SYNCHRONIZED; i++) {
        struct end end;
        if (synchronized[i] == TCP_TIME_WAIT)
            continue; /* test_time_wait.c */
        end_reaches_from(&end, PROFILE_RFC9293, synchronized[i]);
        reset_arrives(&end, (int64_t)end_rcv_nxt(synchronized[i]) + 100);
        char challenge[64];
        snprintf(challenge, sizeof challenge, "<SEQ=%u><ACK=%u><CTL=ACK>", end_snd_nxt(synchronized[i]), end_rcv_nxt(synchronized[i]));
        expect_sent(&end, challenge);
        expect_silence(&end);
        expect_state(&end, synchronized[i]);
    }
}

/* without RFC 5961 any reset in the window is obeyed, but none outside. */
STORY(without_rfc_5961_any_reset_in_the_window_is_obeyed)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.rfc5961 = 0;
    end_reaches(&end, TCP_ESTABLISHED);
    reset_arrives(&end, 0);
    reset_arrives(&end, 70000);
    expect_state(&end, TCP_ESTABLISHED);
    reset_arrives(&end, 100);
    expect_state(&end, TCP_CLOSED);
    expect_silence(&end);
}

/* in CLOSING, LAST_ACK and TIME_WAIT nobody is told. */
STORY(a_reset_after_both_fins_ends_the_connection_without_a_word)
{
    static const enum tcp_state states[] = {TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        reset_arrives(&end, 2);
        expect_path(&end, "CLOSED");
        expect_silence(&end);
        assert_int_equal(end.signals[SIGNAL_ERROR], 0);
        assert_int_equal(tcp_take_error(&end.tcb), TCP_OK);
    }
}

/* a RST may carry data. */
STORY(a_reset_with_data_is_a_reset)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=30><CTL=RST,ACK>");
    expect_state(&end, TCP_CLOSED);
    expect_silence(&end);
}

/* R-077, T-13: no RST answers a RST, in no state; and a reset that was sent is never sent again. */
STORY(no_reset_answers_a_reset_and_none_is_repeated)
{
    for (enum tcp_state state = TCP_CLOSED; state <= TCP_TIME_WAIT; state = (enum tcp_state)(state + 1)) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, state);
        end_arrives(&end, "<SEQ=1><ACK=1><CTL=RST,ACK>");
        end_arrives(&end, "<SEQ=9000><ACK=5><CTL=RST,ACK>");
        end_arrives(&end, "<SEQ=2><CTL=RST>");
        for (; end.seen < end.sent_count; end.seen++)
            assert_false(end.sent[end.seen].flags & TCP_RST);
    }
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    pair_drops(&pair, &pair.client, "RST", 1);
    end_abort(&pair.client);
    pair_passes(&pair, 1000 * NS_PER_S);
    assert_int_equal(end_sent_times(&pair.client, "RST"), 1);
    expect_state(&pair.server, TCP_ESTABLISHED); /* half-open, and it does not know */
}

/* challenge ACKs are limited for each connection, 10 in 5 s by the book. */
STORY(challenge_acks_are_limited_for_each_connection)
{
    struct end end, other;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_reaches_from(&other, PROFILE_RFC9293, TCP_ESTABLISHED);
    end_passes(&end, 60 * NS_PER_S);
    for (int i = 0; i < 50; i++)
        reset_arrives(&end, 100 + i);
    assert_int_equal(end.sent_count - end.seen, 10);
    reset_arrives(&other, 100); /* the limit is not shared (I-79) */
    assert_int_equal(other.sent_count - other.seen, 1);
    end_forget(&end);
    end_passes(&end, 5 * NS_PER_S);
    reset_arrives(&end, 100);
    assert_int_equal(end.sent_count - end.seen, 1);
}

/* */
STORY(nobody_answers_a_reset)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end_arrives(&end, "<SEQ=5><CTL=RST>");
    end_arrives(&end, "<SEQ=5><ACK=9><CTL=RST,ACK>");
    expect_silence(&end);
}

/* T-6: nobody's socket answers with numbers that its sender will believe. */
STORY(nobody_resets_what_arrives_with_the_numbers_of_the_segment)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.iss = end.irs = 0;
    end_arrives(&end, "<SEQ=5><ACK=900><LEN=10><CTL=FIN,ACK>");
    expect_sent(&end, "<SEQ=900><CTL=RST>");
    end_arrives(&end, "<SEQ=5><LEN=10><CTL=FIN>");
    expect_sent(&end, "<SEQ=0><ACK=16><CTL=RST,ACK>");
    end_arrives(&end, "<SEQ=77><CTL=SYN>");
    expect_sent(&end, "<SEQ=0><ACK=78><CTL=RST,ACK>");
}

/* R-135, T-6: the FIN that LAST_ACK repeats to a host that has forgotten draws a RST that is obeyed even under RFC 5961. */
STORY(last_ack_against_a_host_that_has_forgotten_is_freed_by_its_reset)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_init(&pair, profiles[i], profiles[i]);
        pair_opens(&pair);
        end_close(&pair.client);
        pair_passes(&pair, NS_PER_S);
        expect_state(&pair.server, TCP_CLOSE_WAIT);
        pair.client.kind = END_NONE; /* the client's host has lost its memory */
        end_close(&pair.server);
        pair_passes(&pair, NS_PER_S);
        expect_state(&pair.server, TCP_CLOSED);
        assert_int_equal(end_sent_times(&pair.client, "RST"), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_outside_the_window_is_dropped),
        cmocka_unit_test(a_reset_at_rcv_nxt_is_obeyed_and_told),
        cmocka_unit_test(a_reset_discards_unread_data_by_the_book_and_leaves_it_on_linux_and_freebsd),
        cmocka_unit_test(a_reset_elsewhere_in_the_window_draws_a_challenge_ack),
        cmocka_unit_test(without_rfc_5961_any_reset_in_the_window_is_obeyed),
        cmocka_unit_test(a_reset_after_both_fins_ends_the_connection_without_a_word),
        cmocka_unit_test(a_reset_with_data_is_a_reset),
        cmocka_unit_test(no_reset_answers_a_reset_and_none_is_repeated),
        cmocka_unit_test(challenge_acks_are_limited_for_each_connection),
        cmocka_unit_test(nobody_answers_a_reset),
        cmocka_unit_test(nobody_resets_what_arrives_with_the_numbers_of_the_segment),
        cmocka_unit_test(last_ack_against_a_host_that_has_forgotten_is_freed_by_its_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
