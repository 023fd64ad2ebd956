/* SPDX-License-Identifier: MIT */
/* LANGUAGE.md "Programs": calls in order, guards, deadlines, drain, names, copies, exit. */
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
    char text[4096] = TWO_HOSTS;
    assert_true(strlen(rest) < sizeof text - sizeof TWO_HOSTS);
    return play_whole(strcat(text, rest), QUEUE_HEAP);
}

static void done(struct play *play)
{
    play_close(play);
    free(play);
}

static void each_call_starts_when_the_one_before_has_returned(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:80\n    send 100\n    recv 50 = 50\n    after 30ms  close\n"
                             "service server 80\n    recv 100\n    at 500ms  send 50\n    recv until eof = 0\n    close\n");
    assert_true(play_return(play, "client", CALL_CONNECT, 1)->time_ns == 20 * MS);
    assert_true(play_return(play, "client", CALL_RECV, 1)->time_ns == 510 * MS);
    assert_true(play_return(play, "client", CALL_CLOSE, 1)->time_ns == 540 * MS);
    for (uint32_t i = 0; i < play->trace.count; i++)
        assert_false(play->trace.events[i].kind == TRACE_RETURN && play->trace.events[i].call.failed);
    done(play);
}

static void a_deadline_returns_what_there_is_or_eagain(void **state)
{
    (void)state;
    struct play *play = with("stop 1s\napp client\n    connect server:80\n    recv 100 within 50ms\n    recv 100 within 50ms\n    close\n"
                             "service server 80\n    send 30\n    recv until eof\n");
    const struct trace_event *first = play_return(play, "client", CALL_RECV, 1), *second = play_return(play, "client", CALL_RECV, 2);
    assert_int_equal(first->call.value, 30);
    assert_int_equal(first->call.error, TCP_OK);
    assert_true(first->time_ns == 70 * MS);
    assert_int_equal(second->call.error, TCP_EAGAIN);
    assert_true(second->time_ns == 120 * MS);
    assert_non_null(play_return(play, "client", CALL_CLOSE, 1));
    done(play);
}

static void an_event_already_past_counts_and_a_delay_runs_from_it(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:80\n    drain\n    at 300ms  send 1\n"
                             "    when client sees eof after 250ms  close\n"
                             "service server 80\n    at 90ms  shutdown write\n    recv until eof\n    close\n");
    assert_true(play_return(play, "client", CALL_CLOSE, 1)->time_ns == 350 * MS); /* the end was seen at 100 ms */
    done(play);
}

static void a_guard_gives_up_at_its_deadline_and_the_call_runs(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:80\n    drain\n    when client sees eof within 2s  close\n"
                             "service server 80\n    recv until eof\n    close\n");
    assert_true(play_return(play, "client", CALL_CLOSE, 1)->time_ns == 2020 * MS);
    done(play);
}

/* A proxy has opened its second connection: what it is told of the first one counts all the same, and from the beginning. */
#define PROXY_WORLD \
    "app client\n    connect server:80\n    send 5\n    at 100ms  send 5\n    at 500ms  close\n" \
    "host back  linux\nlink server -- back  delay 10ms\nservice back 80\n    recv until eof\n    close\n"

static void a_guard_of_a_named_connection_holds_for_a_program_with_several(void **state)
{
    (void)state;
    static const struct {
        const char *head, *event;
        int64_t at_ns;
    } rows[] = {
        {"service server 80 as front\n", "server receives 2nd data of front", 110 * MS},
        {"service server 80 as front\n", "server.front enters CLOSE_WAIT", 510 * MS},
        {"app server\n    listen 80\n    accept as front\n", "server receives data of front", 110 * MS}, /* the first before its name */
        {"app server\n    listen 80\n    accept as front\n", "server.front enters CLOSE_WAIT", 510 * MS},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char rest[1024];
        snprintf(rest, sizeof rest, PROXY_WORLD "%s    connect back:80 as up\n    when %s  send 7 on up\n", rows[i].head, rows[i].event);
        struct play *play = with(rest);
        const struct trace_event *sent = play_return(play, "server", CALL_SEND, 1);
        assert_non_null(sent);
        assert_true(sent->time_ns == rows[i].at_ns);
        done(play);
    }
}

static void drain_reads_as_data_comes_and_tells_the_end(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:80\n    drain\n    when client sees eof  close\n"
                             "service server 80\n    at 100ms  send 10\n    at 200ms  send 20\n    at 300ms  close\n");
    const struct trace_event *told = play_return(play, "client", CALL_DRAIN, 1);
    assert_int_equal(told->call.value, 0); /* drain itself */
    told = play_return(play, "client", CALL_DRAIN, 2);
    assert_int_equal(told->call.value, 10);
    assert_true(told->time_ns == 110 * MS);
    told = play_return(play, "client", CALL_DRAIN, 4);
    assert_true(told->call.eof && told->call.value == 0 && told->time_ns == 310 * MS);
    assert_null(play_return(play, "client", CALL_DRAIN, 5));
    assert_true(play_return(play, "client", CALL_CLOSE, 1)->time_ns == 310 * MS);
    done(play);
}

static void a_call_that_fails_without_saying_so_ends_its_program(void **state)
{
    (void)state;
    struct play *play = with("stop 2s\napp client\n    connect server:80\n    shutdown write\n    send 10\n    at 1s  send 10\n"
                             "service server 80\n    recv until eof\n    close\n");
    assert_int_equal(play_return(play, "client", CALL_SEND, 1)->call.error, TCP_EPIPE);
    assert_null(play_return(play, "client", CALL_SEND, 2));
    const struct trace_event *call = NULL; /* the kernel closes what it held; nobody is told */
    for (uint32_t i = 0; i < play->trace.count; i++) {
        if (play->trace.events[i].kind == TRACE_CALL && play->trace.events[i].call.step == UINT32_MAX)
            call = &play->trace.events[i];
    }
    assert_non_null(call);
    assert_int_equal(call->call.call, CALL_CLOSE);
    assert_null(play_return(play, "client", CALL_CLOSE, 1));
    done(play);
}

static void a_failure_that_the_step_expects_lets_the_program_go_on(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:81 = ECONNREFUSED\n    connect server:80\n    send 5 = 5\n    close\n"
                             "service server 80\n    recv until eof = 5\n    close\n");
    assert_int_equal(play_return(play, "client", CALL_CONNECT, 1)->call.error, TCP_ECONNREFUSED);
    assert_int_equal(play_return(play, "client", CALL_CONNECT, 2)->call.error, TCP_OK);
    assert_non_null(play_return(play, "client", CALL_CLOSE, 1));
    done(play);
}

static void calls_act_on_the_newest_socket_that_is_still_open(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:80\n    connect server:80\n    send 7\n    close\n    send 9\n"
                             "    close\n    close = EBADF\n"
                             "service server 80\n    recv until eof\n    close\n");
    const struct trace_event *first = play_return(play, "client", CALL_SEND, 1), *second = play_return(play, "client", CALL_SEND, 2);
    assert_int_equal(first->conn, 2);
    assert_int_equal(second->conn, 1);
    assert_int_equal(play_return(play, "client", CALL_CLOSE, 3)->call.error, TCP_EBADF);
    done(play);
}

static void a_name_given_at_either_end_names_both(void **state)
{
    (void)state;
    struct play *play = with("app client\n    connect server:80\n    at 1s  close one\n"
                             "app server\n    listen 80\n    accept as one\n    recv until eof on one = 0\n    close one\n");
    assert_int_equal(play_count(play, TRACE_NAME, NULL), 1);
    assert_true(play_return(play, "client", CALL_CLOSE, 1)->time_ns == NS_PER_S);
    assert_int_equal(play_return(play, "client", CALL_CLOSE, 1)->call.error, TCP_OK);
    done(play);
}

static void copies_start_one_after_the_other(void **state)
{
    (void)state;
    struct play *play = with("app client x 4 every 10ms\n    connect server:80\n    close\nservice server 80\n    close\n");
    for (unsigned i = 1; i <= 4; i++) {
        const struct trace_event *returned = play_return(play, "client", CALL_CONNECT, i);
        assert_int_equal(returned->call.copy, i - 1);
        assert_true(returned->time_ns == (int64_t)(20 + 10 * (i - 1)) * MS);
    }
    done(play);
}

static void send_blocks_until_the_buffer_has_taken_all(void **state)
{
    (void)state;
    struct play *play = with("app client\n    set sndbuf 20000\n    connect server:80\n    send 200000 = 200000\n    close\n"
                             "service server 80\n    drain\n    when server sees eof  close\n");
    assert_true(play_return(play, "client", CALL_SEND, 1)->time_ns > 60 * MS);
    int64_t got = 0;
    const struct trace_event *read;
    for (unsigned i = 1; (read = play_return(play, "server", CALL_DRAIN, i)) != NULL; i++)
        got += read->call.value;
    assert_int_equal(got, 200000);
    done(play);
}

static void nonblocking_calls_return_at_once(void **state)
{
    (void)state;
    struct play *play =
        with("stop 1s\napp client\n    set nonblocking on\n    connect server:80 = EINPROGRESS\n    at 100ms  recv 10 = EAGAIN\n"
             "    send 4000000\n    close\nservice server 80\n    sleep 10min\n");
    assert_true(play_return(play, "client", CALL_CONNECT, 1)->time_ns == 0);
    const struct trace_event *sent = play_return(play, "client", CALL_SEND, 1);
    assert_true(sent->call.value > 0 && sent->call.value < 4000000 && sent->time_ns == 100 * MS);
    done(play);
}

/* SO_LINGER with a time: close() waits for the acknowledgement of the FIN, or for that long (FACTS 10). */
static void a_lingering_close_waits_for_the_acknowledgement_or_its_time(void **state)
{
    (void)state;
    struct play *play = with("stop 30s\napp client\n    connect server:80\n    set linger 2s\n    at 1s  close = 0\n"
                             "app client\n    connect server:80 as cut\n    set linger 2s\n    at 5s  close cut = 0\n"
                             "service server 80\n    recv until eof\n    close\n"
                             "cut client -> server  from 5s for 10s\n");
    assert_true(play_return(play, "client", CALL_CLOSE, 1)->time_ns == 1020 * MS);
    assert_true(play_return(play, "client", CALL_CLOSE, 2)->time_ns == 7 * NS_PER_S);
    done(play);
}

static void a_call_under_way_leaves_its_count_when_the_run_ends(void **state)
{
    (void)state;
    struct play *play = with("stop 1s\napp client\n    connect server:80\n    send 40\n    sleep 1h\n"
                             "service server 80\n    recv until eof\n");
    const struct trace_event *left = play_return(play, "server", CALL_RECV_EOF, 1);
    assert_non_null(left);
    assert_int_equal(left->call.step, UINT32_MAX);
    assert_int_equal(left->call.value, 40);
    assert_true(left->time_ns == NS_PER_S);
    done(play);
}

/* L-20: with a full accept queue the third ACK, and later the SYN, are dropped. */
static void a_full_accept_queue_drops_the_third_ack(void **state)
{
    (void)state;
    struct play *play = with("stop 900ms\napp client x 4 every 50ms\n    connect server:80\n    sleep 1h\n"
                             "app server\n    listen 80 backlog 1\n    sleep 1h\n");
    unsigned established = 0;
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        established += event->kind == TRACE_STATE && event->host == play_host(play, "server") && event->state.to == TCP_ESTABLISHED;
    }
    assert_int_equal(established, 2);
    done(play);
}

/* I-39, docs/notes/reuseaddr.md: both the old listener and the new one must have said so. */
static void a_port_that_waits_is_given_to_those_who_reuse_addresses(void **state)
{
    (void)state;
    static const char form[] = "app client\n    connect server:80\n    recv until eof\n    close\n"
                               "app server\n    set reuseaddr %s\n    listen 80\n    accept\n    close\n    at 5s exit\n"
                               "app server\n    set reuseaddr %s\n    at 6s listen 80 = %s\n";
    static const char *const cases[][3] = {
        {"off", "off", "EADDRINUSE"}, {"off", "on", "EADDRINUSE"}, {"on", "off", "EADDRINUSE"}, {"on", "on", "0"}};
    for (unsigned i = 0; i < 4; i++) {
        char text[400];
        snprintf(text, sizeof text, form, cases[i][0], cases[i][1], cases[i][2]);
        struct play *play = with(text);
        const struct trace_event *listened = play_return(play, "server", CALL_LISTEN, 2);
        assert_non_null(listened);
        assert_int_equal(listened->call.error, i == 3 ? TCP_OK : TCP_EADDRINUSE);
        done(play);
    }
}

/* tcp_max_orphans (I-30): the second of two closed sockets is one too many, and is reset behind its FIN. */
static void a_host_with_too_many_orphans_resets_the_next(void **state)
{
    (void)state;
    struct play *play = play_whole("host client\nhost server max_orphans 1\nlink client -- server delay 10ms\nstop 2s\n"
                                   "app client x 2 every 100ms\n    connect server:80\n    sleep 1h\n"
                                   "service server 80\n    at 1s close\ncut client -- server from 900ms\n",
                                   QUEUE_HEAP);
    unsigned fins = 0, resets = 0;
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->kind != TRACE_SEND || event->host != play_host(play, "server") || event->time_ns != NS_PER_S)
            continue;
        fins += (event->segment.flags & TCP_FIN) != 0;
        resets += (event->segment.flags & TCP_RST) != 0;
    }
    assert_int_equal(fins, 2);
    assert_int_equal(resets, 1);
    done(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_starts_when_the_one_before_has_returned),
        cmocka_unit_test(a_deadline_returns_what_there_is_or_eagain),
        cmocka_unit_test(an_event_already_past_counts_and_a_delay_runs_from_it),
        cmocka_unit_test(a_guard_gives_up_at_its_deadline_and_the_call_runs),
        cmocka_unit_test(a_guard_of_a_named_connection_holds_for_a_program_with_several),
        cmocka_unit_test(drain_reads_as_data_comes_and_tells_the_end),
        cmocka_unit_test(a_call_that_fails_without_saying_so_ends_its_program),
        cmocka_unit_test(a_failure_that_the_step_expects_lets_the_program_go_on),
        cmocka_unit_test(calls_act_on_the_newest_socket_that_is_still_open),
        cmocka_unit_test(a_name_given_at_either_end_names_both),
        cmocka_unit_test(copies_start_one_after_the_other),
        cmocka_unit_test(send_blocks_until_the_buffer_has_taken_all),
        cmocka_unit_test(nonblocking_calls_return_at_once),
        cmocka_unit_test(a_lingering_close_waits_for_the_acknowledgement_or_its_time),
        cmocka_unit_test(a_call_under_way_leaves_its_count_when_the_run_ends),
        cmocka_unit_test(a_full_accept_queue_drops_the_third_ack),
        cmocka_unit_test(a_port_that_waits_is_given_to_those_who_reuse_addresses),
        cmocka_unit_test(a_host_with_too_many_orphans_resets_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
