/* SPDX-License-Identifier: MIT */
/* RULES D4: the segment's text (RFC 9293 section 3.10.7.4, seventh check). There is no urgent data in this TCP: docs/deviations.md. */
#include "endpoint.h"

/* */
STORY(text_is_taken_in_established_and_in_both_fin_waits)
{
    static const enum tcp_state states[] = {TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=1><ACK=1><LEN=10><CTL=ACK>");
        end_passes(&end, 300 * NS_PER_MS);
        expect_read(&end, 10, false, TCP_OK);
        assert_int_equal(end.tcb.rcv.nxt - end.irs, 11);
        assert_int_equal(end.sent[end.seen].ack - end.irs, 11);
    }
}

/* after the peer's FIN there is no more text, whatever arrives. */
STORY(text_beyond_the_peers_fin_is_ignored)
{
    static const enum tcp_state states[] = {TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct end end;
        end_reaches_from(&end, PROFILE_RFC9293, states[i]);
        end_arrives(&end, "<SEQ=2><ACK=1><LEN=10><CTL=ACK>");
        expect_state(&end, states[i]);
        for (; end.seen < end.sent_count; end.seen++)
            assert_int_equal(end.sent[end.seen].ack - end.irs, 2);
        expect_read(&end, 0, true, TCP_OK);
    }
}

/* the right edge of the window never moves to the left, however the buffer fills. */
STORY(the_offered_window_never_shrinks)
{
    static const enum profile_id profiles[] = {PROFILE_RFC9293, PROFILE_LINUX};
    for (int i = 0; i < 2; i++) {
        struct end end;
        end_init(&end, profiles[i]);
        end.profile.rcvbuf = 20000;
        end.profile.window_scaling = 0;
        end_reaches(&end, TCP_ESTABLISHED);
        uint32_t edge = end.tcb.rcv.wup + end.tcb.rcv.wnd;
        uint32_t at = 1;
        for (int k = 0; k < 40; k++) {
            uint32_t room = edge - end.irs - at;
            uint32_t len = room < 700 ? room : 700;
            struct segment seg = {.seq = end.irs + at, .ack = end.iss + 1, .len = len, .wnd = 65535, .flags = TCP_ACK, .conn = 1};
            if (len > 0)
                end_arrives_segment(&end, &seg);
            at += len;
            end_passes(&end, 50 * NS_PER_MS);
            if (k % 7 == 6)
                end_recv(&end, 3000);
            for (; end.seen < end.sent_count; end.seen++) {
                const struct segment *sent = &end.sent[end.seen];
                assert_true((int32_t)(sent->ack + sent->wnd - edge) >= 0);
                edge = sent->ack + sent->wnd;
            }
        }
        assert_true(at > 7000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_taken_in_established_and_in_both_fin_waits),
        cmocka_unit_test(text_beyond_the_peers_fin_is_ignored),
        cmocka_unit_test(the_offered_window_never_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
