/* SPDX-License-Identifier: MIT */
/* RULES J: keep-alive (RFC 9293 section 3.8.4; FACTS 12). */
#include "endpoint.h"

static void keeps_alive(struct end *end, int64_t idle_ns, int64_t interval_ns, uint32_t count)
{
    struct tcp_ctx ctx = end_ctx(end);
    tcp_set_keepalive(&ctx, &end->tcb, true, idle_ns, interval_ns, count);
}

/* off by default, and not below two hours. */
STORY(keep_alive_is_off_unless_asked_for_and_waits_two_hours_by_default)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    expect_timer(&end, TIMER_NONE, 0);
    keeps_alive(&end, 0, 0, 0);
    expect_timer(&end, TIMER_KEEPALIVE, 7200 * NS_PER_S);
    struct tcp_ctx ctx = end_ctx(&end);
    tcp_set_keepalive(&ctx, &end.tcb, false, 0, 0, 0);
    expect_timer(&end, TIMER_NONE, 0);
}

/* the options of a socket hold for the connection that it makes. */
STORY(keep_alive_asked_for_before_connecting_starts_with_the_connection)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end_socket(&end);
    keeps_alive(&end, 2 * NS_PER_S, NS_PER_S, 3);
    end_reaches(&end, TCP_ESTABLISHED);
    expect_timer(&end, TIMER_KEEPALIVE, 2 * NS_PER_S);
}

/* the probe has the number before SND.NXT and no data; the peer answers it by R-007. */
STORY(a_probe_has_an_old_number_and_is_answered)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    keeps_alive(&pair.client, 2 * NS_PER_S, NS_PER_S, 3);
    int64_t start = pair.now;
    pair_passes(&pair, 2500 * NS_PER_MS);
    expect_sent(&pair.client, "<SEQ=0><ACK=1><CTL=ACK>");
    expect_sent(&pair.server, "<SEQ=1><ACK=1><CTL=ACK>");
    assert_true(end_sent_when(&pair.client, "ACK", 2) - start <= 2 * NS_PER_S);
    pair_passes(&pair, 600 * NS_PER_S);
    expect_state(&pair.client, TCP_ESTABLISHED); /* answered, it goes on for ever */
    assert_true(end_sent_times(&pair.server, "ACK") > 200);
}

/* R-201, T-16: not while anything is outstanding, and not before the other side has been silent for so long. */
STORY(no_probe_is_sent_while_data_is_outstanding_or_the_peer_is_heard)
{
    struct end end;
    end_reaches_from(&end, PROFILE_RFC9293, TCP_ESTABLISHED);
    keeps_alive(&end, 3 * NS_PER_S, NS_PER_S, 3);
    end_passes(&end, 2 * NS_PER_S);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    end_passes(&end, 2900 * NS_PER_MS);
    expect_silence(&end);
    end_send(&end, 10);
    end_forget(&end);
    end_passes(&end, 20 * NS_PER_S);
    for (; end.seen < end.sent_count; end.seen++)
        assert_int_equal(end.sent[end.seen].len, 10); /* retransmissions only */
}

/* FACTS 12: probes at 2, 3 and 4 s, given up at 5 s; Linux sends one RST (L-21), the book none. */
STORY(a_peer_that_is_silent_to_all_probes_is_given_up)
{
    static const enum profile_id profiles[] = {PROFILE_LINUX, PROFILE_RFC9293};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_reaches_from(&end, profiles[i], TCP_ESTABLISHED);
        keeps_alive(&end, 2 * NS_PER_S, NS_PER_S, 3);
        end_passes(&end, 10 * NS_PER_S);
        for (int k = 2; k <= 4; k++)
            expect_sent_at(&end, k * NS_PER_S, "<SEQ=0><ACK=1><CTL=ACK>");
        if (profiles[i] == PROFILE_LINUX)
            expect_sent_at(&end, 5 * NS_PER_S, "<SEQ=1><ACK=1><CTL=RST,ACK>");
        expect_silence(&end);
        expect_path(&end, "CLOSED");
        assert_int_equal(end.path[end.path_count - 1].at_ns, 5 * NS_PER_S);
        assert_int_equal(end.path[end.path_count - 1].why, TCP_WHY_KEEPALIVE);
        expect_read(&end, 0, false, TCP_ETIMEDOUT);
    }
}

/* one answer among many that are missing is enough. */
STORY(one_answer_is_enough)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_ESTABLISHED);
    keeps_alive(&end, 2 * NS_PER_S, NS_PER_S, 3);
    end_passes(&end, 4500 * NS_PER_MS);
    end_arrives(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    end_passes(&end, 4 * NS_PER_S);
    expect_state(&end, TCP_ESTABLISHED);
}

/* R-204, FACTS 12: a probe to a host that has forgotten draws a RST at once, in CLOSE_WAIT too, where nothing else would notice. */
STORY(a_probe_finds_a_peer_that_has_forgotten)
{
    struct pair pair;
    pair_init(&pair, PROFILE_LINUX, PROFILE_LINUX);
    pair_opens(&pair);
    end_close(&pair.client);
    pair_passes(&pair, 100 * NS_PER_MS);
    keeps_alive(&pair.server, 100 * NS_PER_S, NS_PER_S, 3);
    pair_passes(&pair, 200 * NS_PER_S); /* the client's FIN_WAIT_2 is over after 60 s */
    expect_path(&pair.server, "CLOSE_WAIT CLOSED");
    assert_int_equal(end_sent_times(&pair.client, "RST"), 1);
}

/* Keep-alive is for FIN_WAIT_2 of a held socket too (FACTS 12). */
STORY(keep_alive_watches_a_held_fin_wait_2)
{
    struct end end;
    end_reaches_from(&end, PROFILE_LINUX, TCP_FIN_WAIT_2);
    keeps_alive(&end, 2 * NS_PER_S, NS_PER_S, 3);
    end_passes(&end, 10 * NS_PER_S);
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>"); /* the FIN's own number */
    expect_state(&end, TCP_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_alive_is_off_unless_asked_for_and_waits_two_hours_by_default),
        cmocka_unit_test(keep_alive_asked_for_before_connecting_starts_with_the_connection),
        cmocka_unit_test(a_probe_has_an_old_number_and_is_answered),
        cmocka_unit_test(no_probe_is_sent_while_data_is_outstanding_or_the_peer_is_heard),
        cmocka_unit_test(a_peer_that_is_silent_to_all_probes_is_given_up),
        cmocka_unit_test(one_answer_is_enough),
        cmocka_unit_test(a_probe_finds_a_peer_that_has_forgotten),
        cmocka_unit_test(keep_alive_watches_a_held_fin_wait_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
