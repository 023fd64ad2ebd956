/* SPDX-License-Identifier: MIT */
/* RULES L and FACTS: how Linux closes. Tail loss probes are off where the times of plain retransmissions are looked at; with them a lone
 * FIN's schedule begins one timeout later (FACTS 2). */
#include "endpoint.h"

/* ESTABLISHED over a round trip of 20 ms: RTO = 20 + 200 and up to the next tick, 224 ms, as in FACTS. */
static void connected(struct end *end)
{
    end_init(end, PROFILE_LINUX);
    end->profile.tlp = 0;
    end_connect(end);
    end_passes(end, 20 * NS_PER_MS);
    end_arrives(end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>");
    end_forget(end);
}

static int64_t closed_at(const struct end *end)
{
    assert_int_equal(end->path[end->path_count - 1].to, TCP_CLOSED);
    return end->path[end->path_count - 1].at_ns;
}

/* L-01: unread data is looked at first, in every state in which there can be any; otherwise it is a FIN. */
STORY(close_looks_for_unread_data_first)
{
    static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        char reset[64];
        end_reaches_from(&end, PROFILE_LINUX, states[i]);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=ACK>");
        end_passes(&end, 100 * NS_PER_MS);
        end_forget(&end);
        end_close(&end);
        snprintf(reset, sizeof reset, "<SEQ=%u><ACK=6><CTL=RST,ACK>", end_snd_nxt(states[i]));
        expect_sent(&end, reset);
        expect_path(&end, "CLOSED");
    }
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=5><CTL=FIN,ACK>");
    end_passes(&end, 100 * NS_PER_MS);
    end_forget(&end);
    end_close(&end); /* in CLOSE_WAIT too */
    expect_sent(&end, "<SEQ=1><ACK=7><CTL=RST,ACK>");
}

/* L-03: an abort in LAST_ACK or CLOSING resets if the state has run ahead of the wire. */
STORY(an_abort_in_last_ack_resets_if_data_is_still_unsent)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_CLOSE_WAIT);
    end_arrives(&end, "<SEQ=2><ACK=1><CTL=ACK><WND=0>");
    end_send(&end, 100);
    end_shutdown_write(&end);
    expect_state(&end, TCP_LAST_ACK);
    end_forget(&end);
    end_abort(&end);
    expect_sent(&end, "<SEQ=1><ACK=2><CTL=RST,ACK>");
    end_reaches_from(&end, PROFILE_LINUX, TCP_LAST_ACK);
    end_abort(&end);
    expect_silence(&end);
    expect_state(&end, TCP_CLOSED);
}

static void orphan_in_fin_wait_1(struct end *end)
{
    connected(end);
    end_close(end);
    expect_path(end, "FIN_WAIT_1");
    end_forget(end);
}

/* L-05, T-9: an orphan whose FIN is acknowledged waits 60 s as a small record and goes in silence; a held socket waits for ever. */
STORY(an_orphan_waits_60_s_in_fin_wait_2_and_a_held_socket_for_ever)
{
    struct end end;
    orphan_in_fin_wait_1(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_path(&end, "FIN_WAIT_2");
    assert_int_equal(end.kind, END_MINI);
    expect_timer(&end, TIMER_FIN_WAIT_2, 60 * NS_PER_S);
    end_passes(&end, 60 * NS_PER_S);
    expect_path(&end, "CLOSED");
    assert_int_equal(end.path[end.path_count - 1].why, TCP_WHY_FIN_WAIT_2);
    expect_silence(&end);
    end_reaches_from(&end, PROFILE_LINUX, TCP_FIN_WAIT_2);
    expect_timer(&end, TIMER_NONE, 0);
    end_passes(&end, 5000 * NS_PER_S);
    expect_state(&end, TCP_FIN_WAIT_2);
    end_close(&end); /* the time begins with the close */
    expect_timer(&end, TIMER_FIN_WAIT_2, 60 * NS_PER_S);
}

/* L-05: with TCP_LINGER2 below 0 the ACK of the FIN is answered by a RST; closing in FIN_WAIT_2 resets at once (FACTS 7). */
STORY(with_a_negative_linger2_there_is_no_fin_wait_2)
{
    struct end end;
    connected(&end);
    struct tcp_ctx ctx = end_ctx(&end);
    tcp_set_linger2(&ctx, &end.tcb, -1);
    end_close(&end);
    end_forget(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_sent(&end, "<SEQ=2><CTL=RST>");
    expect_state(&end, TCP_CLOSED);
    end_reaches_from(&end, PROFILE_LINUX, TCP_FIN_WAIT_2);
    ctx = end_ctx(&end);
    tcp_set_linger2(&ctx, &end.tcb, -1);
    end_close(&end);
    expect_sent(&end, "<SEQ=2><ACK=1><CTL=RST,ACK>");
    expect_state(&end, TCP_CLOSED);
}

/* L-05: new data in the very segment that acknowledges the FIN: dead. */
STORY(an_orphan_whose_fin_is_acknowledged_with_new_data_resets)
{
    struct end end;
    orphan_in_fin_wait_1(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><LEN=10><CTL=ACK>");
    expect_sent(&end, "<SEQ=2><CTL=RST>");
    expect_state(&end, TCP_CLOSED);
}

/* L-06, FACTS 7: a time T above 60 s lasts 2*(T-60): 65 gives 10 s; TCP_LINGER2 is at most 120 s. */
STORY(a_fin_wait_2_above_60_s_lasts_twice_what_is_above)
{
    static const int64_t set_s[] = {3, 65, 64, 200};
    static const int64_t lasts_s[] = {3, 10, 8, 120};
    for (int i = 0; i < 4; i++) {
        struct end end;
        connected(&end);
        struct tcp_ctx ctx = end_ctx(&end);
        if (set_s[i] == 65)
            end.profile.fin_timeout = 65 * NS_PER_S;
        else
            tcp_set_linger2(&ctx, &end.tcb, set_s[i] * NS_PER_S);
        end_close(&end);
        end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>");
        int64_t start = end.clock;
        end_passes(&end, 1000 * NS_PER_S);
        assert_int_equal(closed_at(&end) - start, lasts_s[i] * NS_PER_S);
    }
}

static void orphan_in_fin_wait_2(struct end *end)
{
    orphan_in_fin_wait_1(end);
    end_arrives(end, "<SEQ=1><ACK=2><CTL=ACK>");
    end_passes(end, 10 * NS_PER_S);
    end_forget(end);
}

/* L-07, FACTS 7: what a small FIN_WAIT_2 does with each kind of segment. */
STORY(a_small_fin_wait_2_answers_each_kind_of_segment_in_its_way)
{
    struct end end;
    orphan_in_fin_wait_2(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>"); /* a pure ACK: silence, and the timer runs on */
    expect_silence(&end);
    expect_timer(&end, TIMER_FIN_WAIT_2, 50 * NS_PER_S);
    end_arrives(&end, "<SEQ=200000><ACK=2><CTL=ACK>"); /* outside the window: one ACK in 500 ms */
    end_arrives(&end, "<SEQ=200000><ACK=2><CTL=ACK>");
    expect_sent(&end, "<SEQ=2><ACK=1><CTL=ACK>");
    expect_silence(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>"); /* exactly the FIN */
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_path(&end, "TIME_WAIT");
    expect_timer(&end, TIMER_TIME_WAIT, 60 * NS_PER_S);

    orphan_in_fin_wait_2(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><LEN=10><CTL=ACK>"); /* new data */
    expect_sent(&end, "<SEQ=2><CTL=RST>");
    expect_path(&end, "CLOSED");

    orphan_in_fin_wait_2(&end);
    end_arrives(&end, "<SEQ=101><CTL=RST>"); /* a RST anywhere in the window */
    expect_silence(&end);
    expect_path(&end, "CLOSED");

    orphan_in_fin_wait_2(&end);
    end_arrives(&end, "<SEQ=5000><CTL=SYN>");
    assert_true(end.sent[end.seen].flags & TCP_RST);
    expect_path(&end, "CLOSED");
}

static void waiting(struct end *end)
{
    end_reaches_from(end, PROFILE_LINUX, TCP_TIME_WAIT);
    end_passes(end, 10 * NS_PER_S);
}

/* L-08, T-4: a pure ACK at RCV.NXT restarts in silence; a RST there ends it, and with rfc1337 neither ends nor restarts it (FACTS 8 is
 * right, L-08 is not: docs/notes/time-wait-and-resets.md); a RST elsewhere is ignored. */
STORY(in_time_wait_an_exact_ack_restarts_and_an_exact_reset_ends)
{
    struct end end;
    waiting(&end);
    end_arrives(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_silence(&end);
    expect_timer(&end, TIMER_TIME_WAIT, 60 * NS_PER_S);
    end_passes(&end, 5 * NS_PER_S);
    end_arrives(&end, "<SEQ=102><CTL=RST>");
    end_arrives(&end, "<SEQ=-98><CTL=RST>");
    expect_silence(&end);
    expect_timer(&end, TIMER_TIME_WAIT, 55 * NS_PER_S);
    end_arrives(&end, "<SEQ=2><CTL=RST>");
    expect_path(&end, "CLOSED");

    waiting(&end);
    end.profile.rfc1337 = 1;
    end_arrives(&end, "<SEQ=2><CTL=RST>");
    expect_silence(&end);
    expect_timer(&end, TIMER_TIME_WAIT, 50 * NS_PER_S);
}

/* L-09: a SYN with a higher number, or a newer timestamp, opens; the ISS is the old SND.NXT + 65537; there is no way back. */
STORY(in_time_wait_a_syn_above_rcv_nxt_opens_with_an_iss_65537_higher)
{
    struct end end;
    waiting(&end);
    end_listen(&end);
    end_arrives(&end, "<SEQ=2><CTL=SYN>"); /* not after RCV.NXT */
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    expect_state(&end, TCP_TIME_WAIT);
    uint32_t old_iss = end.iss;
    end_arrives(&end, "<SEQ=3><CTL=SYN>");
    expect_path(&end, "CLOSED SYN_RECEIVED");
    assert_int_equal(end.iss - old_iss, 2 + 65537);
}

/* L-10, FACTS 8: all else is acknowledged and restarts; answers to segments without data or FIN are limited to one in 500 ms. */
STORY(in_time_wait_all_else_is_acknowledged_and_restarts)
{
    struct end end;
    waiting(&end);
    for (int i = 0; i < 3; i++) { /* a repeated FIN, every time */
        end_passes(&end, 100 * NS_PER_MS);
        end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
        expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
        expect_timer(&end, TIMER_TIME_WAIT, 60 * NS_PER_S);
    }
    end_arrives(&end, "<SEQ=-100><ACK=1><LEN=50><CTL=ACK>"); /* old data */
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>"); /* old ACKs */
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    end_passes(&end, 100 * NS_PER_MS);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_silence(&end);
    expect_timer(&end, TIMER_TIME_WAIT, 60 * NS_PER_S); /* it restarts all the same */
    end_passes(&end, 600 * NS_PER_MS);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=ACK>");
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
    end_arrives(&end, "<SEQ=1><CTL=FIN>"); /* FACTS 14: a FIN without ACK is answered, but starts nothing anew */
    expect_sent(&end, "<SEQ=2><ACK=2><CTL=ACK>");
}

/* L-11, FACTS 9: new data for an end that has shut its receive side in FIN_WAIT: RST and dead; with shutdown(WR) alone it is taken. */
STORY(data_after_shutdown_of_both_sides_resets)
{
    static const enum tcp_state states[] = {TCP_FIN_WAIT_1, TCP_FIN_WAIT_2};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_LINUX, states[i]);
        end_arrives(&end, i == 0 ? "<SEQ=1><ACK=1><LEN=10><CTL=ACK>" : "<SEQ=1><ACK=2><LEN=10><CTL=ACK>");
        expect_state(&end, states[i]);
        expect_read(&end, 10, false, TCP_OK);
        end_shutdown(&end, true, true);
        end_passes(&end, 100 * NS_PER_MS);
        end_forget(&end);
        end_arrives(&end, i == 0 ? "<SEQ=11><ACK=1><LEN=10><CTL=ACK>" : "<SEQ=11><ACK=2><LEN=10><CTL=ACK>");
        expect_sent(&end, i == 0 ? "<SEQ=1><CTL=RST>" : "<SEQ=2><CTL=RST>");
        expect_path(&end, "CLOSED");
    }
}

/* FACTS 10: shutdown(RD) alone discards nothing and sends nothing. */
STORY(after_shutdown_of_the_read_side_alone_data_is_taken_all_the_same)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_shutdown(&end, true, false);
    expect_read(&end, 0, true, TCP_OK);
    end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    expect_sent(&end, "<SEQ=1><ACK=11><CTL=ACK>");
    expect_read(&end, 10, true, TCP_OK);
}

/* L-12: a RST is exact at RCV.NXT, at the right edge of the last SACK block, and behind the peer's FIN at RCV.NXT-1. */
STORY(linux_takes_a_reset_at_three_places_for_exact)
{
    struct end end;
    end_init(&end, PROFILE_LINUX);
    end_connect(&end);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><SACK_OK>");
    end_arrives(&end, "<SEQ=101><ACK=1><LEN=100><CTL=ACK>");
    end_passes(&end, NS_PER_S);
    end_forget(&end);
    end_arrives(&end, "<SEQ=150><CTL=RST>");
    assert_int_equal(end.sent[end.seen].flags, TCP_ACK);
    expect_state(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=201><CTL=RST>");
    expect_state(&end, TCP_CLOSED);
    static const enum tcp_state states[] = {TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING};
    for (int i = 0; i < 3; i++) {
        end_reaches_from(&end, PROFILE_LINUX, states[i]);
        end_arrives(&end, "<SEQ=0><CTL=RST>");
        expect_state(&end, states[i]);
        end_arrives(&end, "<SEQ=1><CTL=RST>");
        expect_state(&end, TCP_CLOSED);
    }
}

/* L-13, FACTS 10: in CLOSE_WAIT a RST is told as EPIPE. */
STORY(a_reset_in_close_wait_is_told_as_epipe)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_CLOSE_WAIT);
    end_arrives(&end, "<SEQ=2><CTL=RST>");
    assert_int_equal(end_send_error(&end), TCP_EPIPE);
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=1><CTL=RST>");
    expect_read(&end, 0, false, TCP_ECONNRESET);
    assert_int_equal(end_send_error(&end), TCP_EPIPE); /* told once; from then on EPIPE */
}

/* L-14: challenge ACKs of a connection: one in 500 ms, no limit for all together. */
STORY(linux_sends_one_challenge_ack_in_500_ms_for_each_connection)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    for (int i = 0; i < 10; i++) { /* 0, 100, ... 900 ms */
        end_arrives(&end, "<SEQ=100><CTL=RST>");
        end_passes(&end, 100 * NS_PER_MS);
    }
    assert_int_equal(end.sent_count - end.seen, 2);
}

/* L-15, T-15: it dies at the first expiry at or after the model's bound, counted from the first retransmission. */
STORY(linux_gives_up_by_time_counted_from_the_first_retransmission)
{
    struct end end;
    connected(&end);
    end.profile.retries2 = 3; /* 3.0 s */
    int64_t start = end.clock;
    end_send(&end, 100);
    end_passes(&end, 100 * NS_PER_S);
    assert_int_equal(closed_at(&end) - start, (224 + 448 + 896 + 1792) * NS_PER_MS);
    expect_read(&end, 0, false, TCP_ETIMEDOUT);
    assert_int_equal(end_sent_times(&end, "RST"), 0); /* silently */
    connected(&end);
    start = end.clock;
    end_send(&end, 100);
    end_passes(&end, 2000 * NS_PER_S);
    assert_int_equal(closed_at(&end) - start, 949152 * NS_PER_MS); /* 15: 924.6 s, and what is left of the last 120 s */
}

/* L-16, T-9, FACTS 3: an orphan has a limit of its own, by default 8: 102.2 s; retries2 does not bind it. */
STORY(an_orphan_gives_up_by_its_own_limit)
{
    struct end end;
    connected(&end);
    end.profile.retries2 = 2;
    int64_t start = end.clock;
    end_close(&end);
    end_passes(&end, 200 * NS_PER_S);
    assert_int_equal(closed_at(&end) - start, 114464 * NS_PER_MS);
    assert_int_equal(end_sent_times(&end, "FIN"), 9);
    connected(&end);
    end.profile.orphan_retries = 1; /* 0.6 s */
    start = end.clock;
    end_close(&end);
    end_passes(&end, 200 * NS_PER_S);
    assert_int_equal(closed_at(&end) - start, (224 + 448 + 896) * NS_PER_MS);
}

/* L-17, FACTS 3: TCP_USER_TIMEOUT replaces the model, counts from the first retransmission, and the timer is shortened to it. */
STORY(the_user_timeout_counts_from_the_first_retransmission_and_shortens_the_timer)
{
    for (int orphan = 0; orphan < 2; orphan++) {
        struct end end;
        connected(&end);
        struct tcp_ctx ctx = end_ctx(&end);
        tcp_set_user_timeout(&ctx, &end.tcb, 3 * NS_PER_S);
        int64_t start = end.clock;
        end_send(&end, 100);
        if (orphan)
            end_close(&end);
        end_passes(&end, 100 * NS_PER_S);
        assert_int_equal(closed_at(&end) - start, 3224 * NS_PER_MS);
        assert_int_equal(end_sent_times(&end, "RST"), 0);
        if (!orphan)
            expect_read(&end, 0, false, TCP_ETIMEDOUT);
    }
}

/* L-17, FACTS 11: it ends the wait for a window too, though the peer answers every probe. */
STORY(the_user_timeout_ends_the_wait_for_a_window_though_the_peer_answers)
{
    struct pair pair;
    pair_init(&pair, PROFILE_LINUX, PROFILE_LINUX);
    pair.server.profile.rcvbuf = 4000;
    pair_opens(&pair);
    struct tcp_ctx ctx = end_ctx(&pair.client);
    tcp_set_user_timeout(&ctx, &pair.client.tcb, 3 * NS_PER_S);
    end_send(&pair.client, 20000);
    pair_passes(&pair, 10 * NS_PER_S);
    expect_state(&pair.client, TCP_CLOSED);
    assert_in_range(closed_at(&pair.client), 3 * NS_PER_S, 4 * NS_PER_S);
    assert_int_equal(tcp_take_error(&pair.client.tcb), TCP_ETIMEDOUT);
}

/* P-6, FACTS 11: an orphan that faces a zero window whose probes are answered does not give up by its count of retries. */
STORY(an_orphan_facing_an_answering_zero_window_does_not_give_up_by_its_retries)
{
    struct pair pair;
    pair_init(&pair, PROFILE_LINUX, PROFILE_LINUX);
    pair.server.profile.rcvbuf = 4000;
    pair.client.profile.orphan_retries = 2;
    pair_opens(&pair);
    end_send(&pair.client, 20000);
    end_close(&pair.client);
    pair_passes(&pair, 140 * NS_PER_S);
    expect_state(&pair.client, TCP_FIN_WAIT_1);
}

/* L-19: without timestamps a repeated SYN leaves no sample, and data begins with 3 s; with them there is one. */
STORY(after_a_repeated_syn_data_begins_with_3_s_unless_timestamps_gave_a_sample)
{
    struct end end;
    end_init(&end, PROFILE_LINUX);
    end.profile.tlp = 0;
    end_connect(&end);
    end_passes(&end, 1500 * NS_PER_MS);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>");
    end_send(&end, 10);
    expect_timer(&end, TIMER_RETRANSMISSION, 3 * NS_PER_S);
    end_init(&end, PROFILE_LINUX);
    end.profile.tlp = 0;
    end_connect(&end);
    end_passes(&end, 1500 * NS_PER_MS);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><TS=7,1480>");
    end_send(&end, 10);
    expect_timer(&end, TIMER_RETRANSMISSION, 220 * NS_PER_MS);
}

/* L-20: a full accept queue drops the third ACK and the SYN-ACK is repeated; with tcp_abort_on_overflow it is a RST. */
STORY(a_full_accept_queue_drops_the_third_ack_or_resets)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_SYN_RECEIVED);
    end.accept_full = true;
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_silence(&end);
    expect_state(&end, TCP_SYN_RECEIVED);
    end_passes(&end, NS_PER_S);
    expect_sent_at(&end, NS_PER_S, "<SEQ=0><ACK=1><CTL=SYN,ACK>");
    end.accept_full = false;
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_state(&end, TCP_ESTABLISHED);
    end_init(&end, PROFILE_LINUX);
    end.profile.accept_overflow_rst = 1;
    end_reaches(&end, TCP_SYN_RECEIVED);
    end.accept_full = true;
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_sent(&end, "<SEQ=1><CTL=RST>");
    assert_int_equal(end.kind, END_NONE);
}

/* FACTS 3: with tcp_syn_linear_timeouts 4 the SYN goes again after 1, 1, 1, 1, 1, 2, 4 s; with syn_retries 3 that is the end, at 19 s. */
STORY(a_linux_syn_is_repeated_each_second_before_it_backs_off)
{
    static const int64_t at_s[] = {1, 2, 3, 4, 5, 7, 11};
    struct end end;
    end_init(&end, PROFILE_LINUX);
    end.profile.syn_retries = 3;
    end_reaches(&end, TCP_SYN_SENT);
    end_passes(&end, 60 * NS_PER_S);
    for (size_t i = 0; i < sizeof at_s / sizeof at_s[0]; i++)
        expect_sent_at(&end, at_s[i] * NS_PER_S, "<SEQ=0><CTL=SYN>");
    expect_silence(&end);
    assert_int_equal(closed_at(&end), 19 * NS_PER_S);
    assert_int_equal(tcp_take_error(&end.tcb), TCP_ETIMEDOUT);
}

/* FACTS 14: the window's right edge is inside for Linux: a RST there is challenged, by the book it is dropped. */
STORY(linux_counts_the_right_edge_of_the_window_as_inside)
{
    static const enum profile_id profiles[] = {PROFILE_LINUX, PROFILE_RFC9293};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_reaches_from(&end, profiles[i], TCP_ESTABLISHED);
        struct segment reset = {.seq = end.tcb.rcv.wup + end.tcb.rcv.wnd, .flags = TCP_RST};
        end_arrives_segment(&end, &reset);
        assert_int_equal(end.sent_count - end.seen, i == 0 ? 1 : 0);
        expect_state(&end, TCP_ESTABLISHED);
    }
}

/* FACTS 14: a SYN with a FIN gets no answer from a Linux listener. */
STORY(a_linux_listener_ignores_a_syn_with_a_fin)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_LISTEN);
    end_arrives(&end, "<SEQ=0><CTL=SYN,FIN>");
    expect_silence(&end);
    expect_state(&end, TCP_LISTEN);
}

/* FACTS 8: connect() over a TIME_WAIT of one's own. */
STORY(a_client_may_use_its_port_again_as_tw_reuse_and_timestamps_allow)
{
    struct end end;
    uint32_t iss = 0;
    waiting(&end); /* without timestamps */
    struct tcp_ctx ctx = end_ctx(&end);
    assert_false(tcp_mini_may_reuse(&ctx, &end.mini, true, &iss));
    end_init(&end, PROFILE_LINUX);
    end_connect(&end);
    end_arrives(&end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><TS=4000,0>");
    end_shutdown_write(&end);
    end_arrives(&end, "<SEQ=1><ACK=2><CTL=FIN,ACK><TS=5000,0>");
    expect_state(&end, TCP_TIME_WAIT);
    ctx = end_ctx(&end);
    assert_true(tcp_mini_may_reuse(&ctx, &end.mini, true, &iss)); /* a port of its own choice: at once */
    assert_true((int32_t)(iss - (end.iss + 2)) > 0);
    assert_false(tcp_mini_may_reuse(&ctx, &end.mini, false, &iss)); /* tw_reuse 2: loopback only */
    end.profile.tw_reuse = 1;
    end_passes(&end, 900 * NS_PER_MS);
    ctx = end_ctx(&end);
    assert_false(tcp_mini_may_reuse(&ctx, &end.mini, false, &iss));
    end_passes(&end, 200 * NS_PER_MS);
    ctx = end_ctx(&end);
    assert_true(tcp_mini_may_reuse(&ctx, &end.mini, false, &iss));
}

/* T-8: a crash is neither a close nor an abort: nothing is sent and nobody is told. */
STORY(a_crash_is_silent)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    end_send(&end, 10);
    end_forget(&end);
    struct tcp_ctx ctx = end_ctx(&end);
    tcp_vanish(&ctx, &end.tcb, TCP_WHY_CRASH);
    expect_silence(&end);
    expect_path(&end, "CLOSED");
    assert_int_equal(end.path[end.path_count - 1].why, TCP_WHY_CRASH);
    assert_int_equal(end.signals[SIGNAL_ERROR], 0);
    assert_int_equal(end.used, 0);
}

/* A window of two segments and a bit: data is queued in pieces of half of it, one segment each, and yet what is left of the window leaves
 * with the segment before it, for a bunch takes from the next piece what it lacks (docs/notes/send-buffer.md). */
STORY(a_bunch_takes_what_it_lacks_from_the_next_piece)
{
    struct end end;
    connected(&end);
    end.peer_wnd = 3000;
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    end_send(&end, 20000);
    expect_sent(&end, "<SEQ=1><ACK=1><LEN=1460><CTL=ACK>");
    expect_sent(&end, "<SEQ=1461><ACK=1><LEN=1460><CTL=PSH,ACK>");
    expect_silence(&end);
    end_passes(&end, 20 * NS_PER_MS);
    end_arrives(&end, "<SEQ=1><ACK=1461><CTL=ACK>");
    expect_sent(&end, "<SEQ=2921><ACK=1><LEN=1460><CTL=ACK>");
    expect_sent(&end, "<SEQ=4381><ACK=1><LEN=80><CTL=PSH,ACK>");
    expect_silence(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_looks_for_unread_data_first),
        cmocka_unit_test(an_abort_in_last_ack_resets_if_data_is_still_unsent),
        cmocka_unit_test(an_orphan_waits_60_s_in_fin_wait_2_and_a_held_socket_for_ever),
        cmocka_unit_test(with_a_negative_linger2_there_is_no_fin_wait_2),
        cmocka_unit_test(an_orphan_whose_fin_is_acknowledged_with_new_data_resets),
        cmocka_unit_test(a_fin_wait_2_above_60_s_lasts_twice_what_is_above),
        cmocka_unit_test(a_small_fin_wait_2_answers_each_kind_of_segment_in_its_way),
        cmocka_unit_test(in_time_wait_an_exact_ack_restarts_and_an_exact_reset_ends),
        cmocka_unit_test(in_time_wait_a_syn_above_rcv_nxt_opens_with_an_iss_65537_higher),
        cmocka_unit_test(in_time_wait_all_else_is_acknowledged_and_restarts),
        cmocka_unit_test(data_after_shutdown_of_both_sides_resets),
        cmocka_unit_test(after_shutdown_of_the_read_side_alone_data_is_taken_all_the_same),
        cmocka_unit_test(linux_takes_a_reset_at_three_places_for_exact),
        cmocka_unit_test(a_reset_in_close_wait_is_told_as_epipe),
        cmocka_unit_test(linux_sends_one_challenge_ack_in_500_ms_for_each_connection),
        cmocka_unit_test(linux_gives_up_by_time_counted_from_the_first_retransmission),
        cmocka_unit_test(an_orphan_gives_up_by_its_own_limit),
        cmocka_unit_test(the_user_timeout_counts_from_the_first_retransmission_and_shortens_the_timer),
        cmocka_unit_test(the_user_timeout_ends_the_wait_for_a_window_though_the_peer_answers),
        cmocka_unit_test(an_orphan_facing_an_answering_zero_window_does_not_give_up_by_its_retries),
        cmocka_unit_test(after_a_repeated_syn_data_begins_with_3_s_unless_timestamps_gave_a_sample),
        cmocka_unit_test(a_full_accept_queue_drops_the_third_ack_or_resets),
        cmocka_unit_test(a_linux_syn_is_repeated_each_second_before_it_backs_off),
        cmocka_unit_test(linux_counts_the_right_edge_of_the_window_as_inside),
        cmocka_unit_test(a_linux_listener_ignores_a_syn_with_a_fin),
        cmocka_unit_test(a_client_may_use_its_port_again_as_tw_reuse_and_timestamps_allow),
        cmocka_unit_test(a_crash_is_silent),
        cmocka_unit_test(a_bunch_takes_what_it_lacks_from_the_next_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
