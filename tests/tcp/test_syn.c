/* SPDX-License-Identifier: MIT */
/* RULES D2: a SYN in a synchronized state (RFC 9293 section 3.10.7.4, fourth check; RFC 5961 section 4). TIME_WAIT, the exception of R-083,
 * is in test_time_wait.c. */
#include "endpoint.h"

static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK};
#define STATES (sizeof states / sizeof states[0])

/* R-080, T-7: whatever its number, with ACK or without, it draws a challenge ACK and changes nothing. */
STORY(a_syn_in_a_synchronized_state_draws_a_challenge_ack_whatever_its_number)
{
    static const char *const syns[] = {"<SEQ=50><CTL=SYN>", "<SEQ=900000><CTL=SYN>", "<SEQ=-900000><CTL=SYN>",
                                       "<SEQ=0><ACK=1><CTL=SYN,ACK>"};
    for (size_t i = 0; i < STATES; i++) {
        struct end end;
        char challenge[64];
        snprintf(challenge, sizeof challenge, "<SEQ=%u><ACK=%u><CTL=ACK>", end_snd_nxt(states[i]), end_rcv_nxt(states[i]));
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        for (size_t k = 0; k < sizeof syns / sizeof syns[0]; k++) {
            end_arrives(&end, syns[k]);
            expect_sent(&end, challenge);
            expect_silence(&end);
            expect_path(&end, "");
        }
    }
}

/* T-7: the client's host restarts and connects again over the old connection. Challenge ACK, RST, and the SYN's own
 * repetition succeeds: by the book after one RTO of the SYN. */
STORY(a_restarted_client_gets_through_the_old_connection_after_one_rto_of_its_syn)
{
    struct pair pair;
    pair_init(&pair, PROFILE_RFC9293, PROFILE_RFC9293);
    pair_opens(&pair);
    pair_passes(&pair, 10 * NS_PER_S);
    pair.server.listens = true;
    pair.client.kind = END_NONE;
    pair.client.iss += 1000000;
    end_connect(&pair.client);
    pair_passes(&pair, 100 * NS_PER_MS);
    end_expect_path_(&pair.server, "CLOSED", __FILE__, __LINE__);
    assert_int_equal(tcp_take_error(&pair.server.tcb), TCP_ECONNRESET);
    expect_state(&pair.client, TCP_SYN_SENT);
    pair.server.irs = pair.client.iss;
    pair_passes(&pair, NS_PER_S);
    expect_path(&pair.client, "SYN_SENT ESTABLISHED");
    expect_path(&pair.server, "SYN_RECEIVED ESTABLISHED");
}

/* R-081, FACTS 9: on Linux the SYN comes again after 8 ms: 48 ms in all with 10 ms one way. */
STORY(a_restarted_linux_client_gets_through_in_five_crossings_and_two_jiffies)
{
    struct pair pair;
    pair_init(&pair, PROFILE_LINUX, PROFILE_LINUX);
    pair_opens(&pair);
    pair_passes(&pair, 10 * NS_PER_S);
    int64_t start = pair.now;
    pair.server.listens = true;
    pair.client.kind = END_NONE;
    pair.client.iss += 1000000;
    end_connect(&pair.client);
    pair_passes(&pair, 200 * NS_PER_MS);
    assert_int_equal(pair.client.path[pair.client.path_count - 1].to, TCP_ESTABLISHED);
    assert_int_equal(pair.client.path[pair.client.path_count - 1].at_ns - start, 48 * NS_PER_MS);
}

/* without RFC 5961 a SYN in the window is an error: reset, and the user is told. One outside is answered as all else is. */
STORY(without_rfc_5961_a_syn_in_the_window_resets)
{
    struct end end;
    end_init(&end, PROFILE_RFC9293);
    end.profile.rfc5961 = 0;
    end_reaches(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=0><CTL=SYN>");
    expect_sent(&end, "<SEQ=1><ACK=1><CTL=ACK>");
    expect_state(&end, TCP_ESTABLISHED);
    end_arrives(&end, "<SEQ=50><CTL=SYN>");
    assert_true(end.sent[end.seen].flags & TCP_RST);
    expect_state(&end, TCP_CLOSED);
    assert_int_equal(tcp_take_error(&end.tcb), TCP_ECONNRESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_in_a_synchronized_state_draws_a_challenge_ack_whatever_its_number),
        cmocka_unit_test(a_restarted_client_gets_through_the_old_connection_after_one_rto_of_its_syn),
        cmocka_unit_test(a_restarted_linux_client_gets_through_in_five_crossings_and_two_jiffies),
        cmocka_unit_test(without_rfc_5961_a_syn_in_the_window_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
