/* SPDX-License-Identifier: MIT */
/* LANGUAGE.md "The network's weather": crash, boot, pause, kill, a link that changes, forged segments. Trap T-17: a partition is not a
 * crash, and neither is a pause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sim/play.h"

#define MS NS_PER_MS

static struct play *with(const char *rest)
{
    char text[4096] = TWO_HOSTS;
    assert_true(strlen(rest) < sizeof text - sizeof TWO_HOSTS);
    return play_whole(strcat(text, rest), QUEUE_HEAP);
}

static void done(struct play *play)
{
    play_close(play);
    free(play);
}

static void a_crash_forgets_everything_and_sends_nothing(void **state)
{
    (void)state;
    struct play *play = with("stop 5s\napp client\n    connect server:80\n    at 1s  send 10\n    recv until eof = ECONNRESET\n"
                             "service server 80\n    recv until eof\n"
                             "at 500ms  crash server\nat 900ms  boot server\n");
    const struct trace_event *fault = play_event(play, TRACE_FAULT, "server", 1);
    assert_int_equal(fault->what, FAULT_CRASH);
    const struct trace_event *gone = NULL;
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->kind == TRACE_STATE && event->what == WHY_CRASH && event->conn == 1)
            gone = event;
        if (event->kind == TRACE_SEND && event->host == play_host(play, "server"))
            assert_false(event->time_ns >= 500 * MS && event->time_ns < 900 * MS);
    }
    assert_non_null(gone);
    assert_int_equal(gone->state.from, TCP_ESTABLISHED);
    /* The rebooted host knows nothing of the connection: data is answered by a reset (FACTS 9). */
    assert_int_equal(play_return(play, "client", CALL_RECV_EOF, 1)->call.error, TCP_ECONNRESET);
    done(play);
}

static void what_reaches_a_host_without_power_is_lost(void **state)
{
    (void)state;
    struct play *play = with("stop 1s\napp client\n    connect server:80\n    at 500ms  send 10\n"
                             "service server 80\n    recv until eof\nat 400ms  crash server\n");
    const struct trace_event *drop = play_event(play, TRACE_DROP, "server", 1);
    assert_non_null(drop);
    assert_int_equal(drop->what, DROP_HOST_DOWN);
    done(play);
}

static void programs_after_boot_start_when_the_host_comes_back(void **state)
{
    (void)state;
    struct play *play = with("stop 5s\napp client\n    connect server:80\n    sleep 1h\n"
                             "app client after boot\n    connect server:80\n    send 5\n"
                             "service server 80\n    recv until eof\nat 1s  crash client\nat 2s  boot client\n");
    const struct trace_event *call = NULL;
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->kind == TRACE_CALL && event->call.program == 1 && call == NULL)
            call = event;
    }
    assert_non_null(call);
    assert_true(call->time_ns == 2 * NS_PER_S);
    done(play);
}

/* A stopped virtual machine: segments wait, timers fire late, nothing is lost. */
static void a_pause_delays_and_loses_nothing(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:80\n    at 1s  send 10\n    recv 10 = 10\n    close\n"
                             "service server 80\n    recv 10 = 10\n    send 10\n    recv until eof\n    close\n"
                             "at 990ms  pause server for 100ms\n");
    assert_int_equal(play_count(play, TRACE_DROP, NULL), 0);
    assert_true(play_return(play, "server", CALL_RECV, 1)->time_ns == 1090 * MS);
    assert_true(play_return(play, "client", CALL_RECV, 1)->time_ns == 1100 * MS);
    assert_int_equal(play_event(play, TRACE_FAULT, "server", 2)->what, FAULT_RESUME);
    done(play);
}

static void killed_programs_leave_their_sockets_to_the_kernel(void **state)
{
    (void)state;
    struct play *play = with("stop 3s\napp client\n    connect server:80\n    recv until eof = 0\n    connect server:80 = ECONNREFUSED\n"
                             "service server 80\n    sleep 1h\nat 1s  kill server\n");
    assert_true(play_return(play, "client", CALL_RECV_EOF, 1)->call.eof);
    assert_int_equal(play_return(play, "client", CALL_CONNECT, 2)->call.error, TCP_ECONNREFUSED);
    done(play);
}

static void a_link_changes_from_that_moment_on(void **state)
{
    (void)state;
    struct play *play = with("stop 3s\napp client\n    set nodelay on\n    connect server:80\n    at 1s  send 1\n    at 2s  send 1\n"
                             "service server 80\n    drain\nat 1500ms  link client -- server  delay 200ms\n");
    assert_true(play_return(play, "server", CALL_DRAIN, 2)->time_ns == 1010 * MS);
    assert_true(play_return(play, "server", CALL_DRAIN, 3)->time_ns == 2200 * MS);
    done(play);
}

static void an_exact_forged_reset_kills_and_one_in_the_window_does_not(void **state)
{
    (void)state;
    struct play *play = with("stop 5s\napp client\n    connect server:80\n    recv until eof = ECONNRESET\n"
                             "service server 80\n    sleep 1h\n"
                             "at 1s  inject server -> client  RST seq rcv.nxt+1\nat 2s  inject server -> client  RST seq rcv.nxt\n");
    assert_int_equal(play_count(play, TRACE_INJECT, "server"), 2);
    const struct trace_event *told = play_return(play, "client", CALL_RECV_EOF, 1);
    assert_int_equal(told->call.error, TCP_ECONNRESET);
    assert_true(told->time_ns == 2 * NS_PER_S);
    done(play);
}

static void a_forged_segment_to_a_socket_that_is_gone_counts_from_its_last_values(void **state)
{
    (void)state;
    struct play *play = with("stop 70s\napp client\n    connect server:80\n    send 10\n    close\n"
                             "service server 80\n    recv until eof\n    close\n"
                             "at 65s  inject server -> client  ACK seq rcv.nxt\n");
    const struct trace_event *forged = play_event(play, TRACE_INJECT, "server", 1);
    assert_non_null(forged);
    assert_int_equal(forged->segment.seq, 2);
    assert_int_equal(forged->segment.ack, 12);
    const struct trace_event *last = NULL; /* CLOSED answers with a reset */
    for (unsigned i = 1; play_event(play, TRACE_SEND, "client", i) != NULL; i++)
        last = play_event(play, TRACE_SEND, "client", i);
    assert_int_equal(last->segment.flags, TCP_RST);
    done(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_forgets_everything_and_sends_nothing),
        cmocka_unit_test(what_reaches_a_host_without_power_is_lost),
        cmocka_unit_test(programs_after_boot_start_when_the_host_comes_back),
        cmocka_unit_test(a_pause_delays_and_loses_nothing),
        cmocka_unit_test(killed_programs_leave_their_sockets_to_the_kernel),
        cmocka_unit_test(a_link_changes_from_that_moment_on),
        cmocka_unit_test(an_exact_forged_reset_kills_and_one_in_the_window_does_not),
        cmocka_unit_test(a_forged_segment_to_a_socket_that_is_gone_counts_from_its_last_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
