/* SPDX-License-Identifier: MIT */
/* LANGUAGE.md "The world": firewalls and nats. Nothing tells the ends that a box has forgotten them: to both the line is merely quiet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "net/middlebox.h"
#include "sim/play.h"

#define MS NS_PER_MS

/* Client and server, a box between them, 5 ms and 20 ms away. */
static struct play *with(const char *box, const char *rest, enum queue_kind queue)
{
    char text[4096];
    int length = snprintf(text, sizeof text,
                          "host client\nhost server\n%s\nlink client -- box  delay 5ms\nlink box -- server  delay 20ms\n%s", box, rest);
    assert_true(length > 0 && (size_t)length < sizeof text);
    return play_whole(text, queue);
}

static void done(struct play *play)
{
    play_close(play);
    free(play);
}

static const char idle_connection[] = "stop 1h\n"
                                      "app client\n    connect server:80\n    send 10\n    recv until eof\n"
                                      "service server 80\n    recv 10\n    at 10min  send 10\n    recv until eof\n";

static void a_flow_that_was_silent_for_too_long_is_forgotten_and_what_comes_then_dies_in_the_box(void **state)
{
    (void)state;
    struct play *play = with("firewall box idle 350s then drop", idle_connection, QUEUE_HEAP);
    const struct trace_event *flow = play_event(play, TRACE_FLOW, "box", 1), *drop = play_event(play, TRACE_DROP, "box", 1);
    assert_int_equal(flow->what, FLOW_NEW);
    assert_true(flow->time_ns == 5 * MS);
    flow = play_event(play, TRACE_FLOW, "box", 2);
    assert_int_equal(flow->what, FLOW_FORGOTTEN);
    assert_true(flow->flow.limit_ns == 350 * NS_PER_S);
    assert_true(flow->flow.at_ns == 350 * NS_PER_S + 95 * MS); /* the last ACK passed then */
    assert_true(flow->time_ns == 600 * NS_PER_S + 20 * MS); /* and nobody noticed until then */
    assert_int_equal(drop->what, DROP_FIREWALL);
    assert_true(drop->time_ns == flow->time_ns);
    assert_null(play_event(play, TRACE_SEND, "box", 1));
    assert_int_equal(play_return(play, "server", CALL_RECV_EOF, 1)->call.error, TCP_ETIMEDOUT);
    assert_null(play_return(play, "client", CALL_RECV_EOF, 1));
    done(play);
}

static void then_reset_tells_the_sender_and_nobody_else(void **state)
{
    (void)state;
    struct play *play = with("nat box idle 350s then reset", idle_connection, QUEUE_HEAP);
    const struct trace_event *sent = play_event(play, TRACE_SEND, "box", 1);
    assert_non_null(sent);
    assert_int_equal(sent->peer, play_host(play, "server"));
    assert_int_equal(sent->segment.flags, TCP_RST);
    assert_int_equal(sent->segment.seq, 11);
    assert_int_equal(play_count(play, TRACE_SEND, "box"), 1);
    const struct trace_event *told = play_return(play, "server", CALL_RECV_EOF, 1);
    assert_int_equal(told->call.error, TCP_ECONNRESET);
    assert_true(told->time_ns == 600 * NS_PER_S + 40 * MS);
    assert_null(play_return(play, "client", CALL_RECV_EOF, 1));
    done(play);
}

static void a_flow_that_keeps_talking_is_kept(void **state)
{
    (void)state;
    struct play *play = with("firewall box idle 350s then drop",
                             "stop 20min\napp client\n    connect server:80\n    set keepalive 60s 10s 5\n    sleep 19min\n    close\n"
                             "service server 80\n    recv until eof\n    close\n",
                             QUEUE_HEAP);
    assert_null(play_event(play, TRACE_DROP, NULL, 1));
    const struct trace_event *last = &play->trace.events[play->trace.count - 1];
    assert_int_equal(last->kind, TRACE_FLOW); /* the table when the run ends */
    assert_int_equal(last->what, FLOW_HELD);
    assert_int_equal(last->flow.state, BOX_TIME_WAIT);
    done(play);
}

static void a_memory_keeps_no_run_going(void **state)
{
    (void)state;
    struct play *play =
        with("firewall box idle 10h then drop",
             "app client\n    connect server:80\n    close\nservice server 80\n    recv until eof\n    close\n", QUEUE_HEAP);
    assert_true(engine_end_ns(&play->engine) < 120 * NS_PER_S);
    done(play);
}

static void the_closing_limit_cuts_a_half_closed_connection_in_two(void **state)
{
    (void)state;
    const char half_close[] = "stop 10min\napp client\n    connect server:80\n    shutdown write\n    recv until eof\n"
                              "service server 80\n    recv until eof\n    after 61s  send 5\n    close\n";
    struct play *cut = with("nat box idle 1h closing 60s then drop", half_close, QUEUE_HEAP);
    assert_int_equal(play_event(cut, TRACE_FLOW, "box", 2)->what, FLOW_CLOSING);
    assert_null(play_return(cut, "client", CALL_RECV_EOF, 1));
    done(cut);
    struct play *whole = with("nat box idle 1h then drop", half_close, QUEUE_HEAP);
    assert_int_equal(play_return(whole, "client", CALL_RECV_EOF, 1)->call.value, 5);
    done(whole);
    struct play *conntrack = with("nat box then drop", half_close, QUEUE_HEAP); /* CLOSE_WAIT: 60 s */
    assert_null(play_return(conntrack, "client", CALL_RECV_EOF, 1));
    done(conntrack);
}

static void a_new_connection_over_the_same_addresses_is_a_new_flow(void **state)
{
    (void)state;
    struct play *play = with("firewall box idle 5s then reset",
                             "app client\n    connect server:80 from 5000\n    abort\n    sleep 20s\n    connect server:80 from 5000 = 0\n"
                             "    send 3 = 3\n    close\n"
                             "service server 80\n    recv until eof\n    close\n",
                             QUEUE_HEAP);
    assert_int_equal(play_count(play, TRACE_DROP, NULL), 0);
    unsigned begun = 0;
    for (unsigned n = 1; play_event(play, TRACE_FLOW, "box", n) != NULL; n++)
        begun += play_event(play, TRACE_FLOW, "box", n)->what == FLOW_NEW;
    assert_int_equal(begun, 2);
    done(play);
}

/* The answer goes over the link back, and may be lost there. */
static void a_boxs_reset_is_cut_like_any_segment(void **state)
{
    (void)state;
    struct play *play = with("firewall box idle 1min then reset",
                             "stop 3min\napp client\n    connect server:80\n    at 2min  send 5\n    recv until eof\n"
                             "service server 80\n    recv until eof\ncut box -> client from 2min for 100ms\n",
                             QUEUE_HEAP);
    assert_true(play_count(play, TRACE_SEND, "box") >= 2);
    assert_int_equal(play_event(play, TRACE_DROP, "box", 2)->what, DROP_CUT);
    assert_int_equal(play_return(play, "client", CALL_RECV_EOF, 1)->call.error, TCP_ECONNRESET);
    done(play);
}

/* The table grows with the world, and every queue gives the same trace. */
static void a_crowd_through_two_boxes_gives_one_trace(void **state)
{
    (void)state;
    const char text[] = "host a\nhost b\nfirewall f idle 1s then reset\nnat g idle 2s closing 1s then drop\n"
                        "link a -- f  delay 1ms\nlink f -- g  delay 1ms  loss 2%\nlink g -- b  delay 1ms\n"
                        "app a x 3000 every 1ms\n    connect b:80\n    send 100\n    recv 10 within 20s\n    close\n"
                        "service b 80\n    recv 100\n    after 990ms  send 10\n    recv until eof within 20s\n    close\nstop 1min\n";
    struct play *heap = play_whole(text, QUEUE_HEAP), *wheel = play_whole(text, QUEUE_WHEEL);
    assert_true(world_hash(heap->engine.world) == world_hash(wheel->engine.world));
    assert_int_equal(heap->trace.count, wheel->trace.count);
    assert_true(play_count(heap, TRACE_SEND, "f") > 0);
    done(heap);
    done(wheel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flow_that_was_silent_for_too_long_is_forgotten_and_what_comes_then_dies_in_the_box),
        cmocka_unit_test(then_reset_tells_the_sender_and_nobody_else),
        cmocka_unit_test(a_flow_that_keeps_talking_is_kept),
        cmocka_unit_test(a_memory_keeps_no_run_going),
        cmocka_unit_test(the_closing_limit_cuts_a_half_closed_connection_in_two),
        cmocka_unit_test(a_new_connection_over_the_same_addresses_is_a_new_flow),
        cmocka_unit_test(a_boxs_reset_is_cut_like_any_segment),
        cmocka_unit_test(a_crowd_through_two_boxes_gives_one_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
