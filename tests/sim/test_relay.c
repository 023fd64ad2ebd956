/* SPDX-License-Identifier: MIT */
/* LANGUAGE.md "Programs": relay copies both ways until both ends are finished, then closes both; passes a half-close on as one, a
 * reset as a reset. I-68 ff.: what a proxy in between makes of a close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sim/play.h"

#define MS NS_PER_MS

static struct play *with(const char *rest)
{
    char text[4096];
    int length =
        snprintf(text, sizeof text,
                 "host client\nhost proxy\nhost server\nlink client -- proxy  delay 5ms\nlink proxy -- server  delay 20ms\n%s", rest);
    assert_true(length > 0 && (size_t)length < sizeof text);
    return play_whole(text, QUEUE_HEAP);
}

static void done(struct play *play)
{
    play_close(play);
    free(play);
}

static unsigned flags_sent(const struct play *play, const char *host, const char *peer, unsigned flags)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        count += event->kind == TRACE_SEND && event->host == play_host(play, host) && event->peer == play_host(play, peer) &&
                 (event->segment.flags & flags) != 0;
    }
    return count;
}

static void a_half_close_is_passed_on_as_one_and_the_answer_comes_back(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect proxy:80\n    send 300kB\n    shutdown write\n    recv until eof\n    close\n"
                             "service proxy 80 as down\n    connect server:8080 as up\n    relay down up\n"
                             "service server 8080\n    recv until eof\n    after 1s  send 5000\n    close\n");
    assert_int_equal(play_return(play, "server", CALL_RECV_EOF, 1)->call.value, 300000);
    assert_true(play_return(play, "server", CALL_RECV_EOF, 1)->call.eof);
    assert_int_equal(play_return(play, "client", CALL_RECV_EOF, 1)->call.value, 5000);
    const struct trace_event *relay = play_return(play, "proxy", CALL_RELAY, 1);
    assert_int_equal(relay->call.value, 305000);
    assert_int_equal(relay->call.error, TCP_OK);
    assert_int_equal(play_count(play, TRACE_DROP, NULL), 0);
    assert_int_equal(flags_sent(play, "proxy", "server", TCP_RST) + flags_sent(play, "proxy", "client", TCP_RST), 0);
    assert_int_equal(play_return(play, "proxy", CALL_CLOSE, 2)->time_ns, relay->time_ns);
    done(play);
}

static void full_close_makes_of_a_half_close_a_close_of_both(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect proxy:80\n    send 10\n    shutdown write\n    recv until eof\n    close\n"
                             "service proxy 80 as down\n    connect server:8080 as up\n    relay down up full-close\n"
                             "service server 8080\n    recv until eof\n    after 1s  send 5000\n    after 1s  send 5 = EPIPE\n");
    assert_int_equal(play_return(play, "client", CALL_RECV_EOF, 1)->call.value, 0); /* the answer is lost */
    assert_true(play_return(play, "client", CALL_RECV_EOF, 1)->call.eof);
    assert_true(flags_sent(play, "proxy", "server", TCP_RST) > 0); /* and this is what the server gets for it */
    assert_int_equal(play_return(play, "server", CALL_SEND, 2)->call.error, TCP_EPIPE);
    done(play);
}

static void a_reset_is_passed_on_as_one_in_either_direction(void **state)
{
    (void)state;
    const char *const aborts[2] = {"app client\n    connect proxy:80\n    send 10\n    at 1s  abort\n"
                                   "service proxy 80 as down\n    connect server:8080 as up\n    relay down up\n"
                                   "service server 8080\n    recv 10\n    recv until eof = ECONNRESET\n",
                                   "app client\n    connect proxy:80\n    send 10\n    recv until eof = ECONNRESET\n"
                                   "service proxy 80 as down\n    connect server:8080 as up\n    relay down up\n"
                                   "service server 8080\n    recv 10\n    at 1s  abort\n"};
    for (unsigned i = 0; i < 2; i++) {
        struct play *play = with(aborts[i]);
        const struct trace_event *told = play_return(play, i == 0 ? "server" : "client", CALL_RECV_EOF, 1);
        assert_int_equal(told->call.error, TCP_ECONNRESET);
        assert_true(told->time_ns == 1025 * MS);
        const struct trace_event *relay = play_return(play, "proxy", CALL_RELAY, 1);
        assert_int_equal(relay->call.error, TCP_OK); /* it has done what it is for */
        assert_int_equal(relay->call.value, 10);
        done(play);
    }
}

/* The reset comes after the end has been passed on: nobody reads there any more, and the relay hears of it all the same. */
static void a_reset_after_the_end_is_passed_on_too(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect proxy:80\n    send 10\n    shutdown write\n    at 1s  abort\n"
                             "service proxy 80 as down\n    connect server:8080 as up\n    relay down up\n"
                             "service server 8080\n    recv until eof = 10\n    at 2s  send 10 = ECONNRESET\n");
    assert_true(play_return(play, "proxy", CALL_RELAY, 1)->time_ns == 1005 * MS);
    assert_true(flags_sent(play, "proxy", "server", TCP_RST) == 1);
    done(play);
}

/* Real buffers: what the slow side does not take holds the fast side back. */
static void it_reads_no_more_than_the_other_side_takes(void **state)
{
    (void)state;
    struct play *play =
        with("app client\n    set sndbuf 16KiB\n    connect proxy:80\n    send 2MB\n    close\n"
             "service proxy 80 as down\n    set rcvbuf 16KiB\n    connect server:8080 as up\n    set sndbuf 16KiB\n    relay down up\n"
             "service server 8080\n    at 30s  recv until eof\n    close\n");
    assert_true(play_return(play, "client", CALL_SEND, 1)->time_ns > 30 * NS_PER_S);
    assert_int_equal(play_return(play, "server", CALL_RECV_EOF, 1)->call.value, 2000000);
    int64_t read = 0, early = 0;
    for (unsigned n = 1; play_return(play, "proxy", CALL_RECV, n) != NULL; n++) {
        const struct trace_event *event = play_return(play, "proxy", CALL_RECV, n);
        read += event->call.value;
        early += event->time_ns < 29 * NS_PER_S ? event->call.value : 0;
    }
    assert_int_equal(read, 2000000);
    assert_true(early < 500000);
    done(play);
}

static void a_deadline_ends_the_call_and_leaves_the_sockets_open(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect proxy:80\n    at 3s  send 10\n    recv until eof\n    close\n"
                             "service proxy 80 as down\n    connect server:8080 as up\n    relay down up within 1s = EAGAIN\n"
                             "    relay down up within 10s = 10\n    close up = 0\n    close down = 0\n"
                             "service server 8080\n    recv until eof = 10\n    close\n");
    const struct trace_event *first = play_return(play, "proxy", CALL_RELAY, 1), *second = play_return(play, "proxy", CALL_RELAY, 2);
    assert_int_equal(first->call.error, TCP_EAGAIN);
    assert_int_equal(second->call.value, 10);
    assert_true(second->time_ns == first->time_ns + 10 * NS_PER_S);
    for (uint32_t i = 0; i < play->trace.count; i++)
        assert_false(play->trace.events[i].kind == TRACE_RETURN && play->trace.events[i].call.failed);
    done(play);
}

static void both_connections_must_be_open(void **state)
{
    (void)state;
    struct play *play =
        with("app client\n    connect proxy:80\n    recv until eof\n    close\n"
             "service proxy 80 as down\n    connect server:8080 as up\n    close up\n    relay down up = EBADF\n    close down\n"
             "service server 8080\n    recv until eof\n    close\n");
    assert_int_equal(play_return(play, "proxy", CALL_RELAY, 1)->call.error, TCP_EBADF);
    assert_false(play_return(play, "proxy", CALL_RELAY, 1)->call.failed);
    done(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_half_close_is_passed_on_as_one_and_the_answer_comes_back),
        cmocka_unit_test(full_close_makes_of_a_half_close_a_close_of_both),
        cmocka_unit_test(a_reset_is_passed_on_as_one_in_either_direction),
        cmocka_unit_test(a_reset_after_the_end_is_passed_on_too),
        cmocka_unit_test(it_reads_no_more_than_the_other_side_takes),
        cmocka_unit_test(a_deadline_ends_the_call_and_leaves_the_sockets_open),
        cmocka_unit_test(both_connections_must_be_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
