/* SPDX-License-Identifier: MIT */
/* LANGUAGE.md "Time and order": what happens at one instant happens in one order, and a step is whole before the next begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sim/ask.h"
#include "sim/play.h"

#define MS NS_PER_MS

static uint32_t index_of(const struct play *play, const struct trace_event *event)
{
    return (uint32_t)(event - play->trace.events);
}

/* Statements first, in file order; then what arrives; then programs in file order. */
static void at_one_instant_statements_come_first_then_arrivals_then_programs(void **state)
{
    (void)state;
    struct play *play = play_whole(TWO_HOSTS "app client\n"
                                             "    connect server:80\n"
                                             "    at 100ms  send 10\n"
                                             "    at 110ms  send 20\n"
                                             "app client\n"
                                             "    at 110ms  connect server:80\n"
                                             "service server 80\n"
                                             "at 110ms  say \"first\"\n"
                                             "at 110ms  say \"second\"\n",
                                   QUEUE_HEAP);
    const struct trace_event *first = play_event(play, TRACE_NOTE, NULL, 1), *second = play_event(play, TRACE_NOTE, NULL, 2);
    const struct trace_event *arrival = NULL, *call = NULL, *other = NULL;
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->time_ns != 110 * MS)
            continue;
        if (event->kind == TRACE_RECV)
            arrival = event;
        if (event->kind == TRACE_CALL && event->call.program == 0)
            call = event;
        if (event->kind == TRACE_CALL && event->call.program == 1)
            other = event;
    }
    assert_non_null(second);
    assert_int_equal(first->statement, 1);
    assert_int_equal(second->statement, 2);
    assert_true(first < second && second < arrival && arrival < call && call < other);
    play_close(play);
    free(play);
}

/* `when client enters FIN_WAIT_1  cut`: the FIN of that very step is cut; one that comes after the send would come too late. */
static void a_when_runs_before_its_step_reaches_the_link(void **state)
{
    (void)state;
    struct play *play = play_whole(TWO_HOSTS "stop 2s\n"
                                             "app client\n"
                                             "    connect server:80\n"
                                             "    at 1s  close\n"
                                             "service server 80\n"
                                             "    recv until eof\n"
                                             "    close\n"
                                             "when client enters FIN_WAIT_1  cut client -- server for 10ms\n",
                                   QUEUE_HEAP);
    const struct trace_event *drop = play_event(play, TRACE_DROP, "client", 1);
    assert_non_null(drop);
    assert_int_equal(drop->what, DROP_CUT);
    assert_int_equal(drop->statement, 1);
    assert_true(drop->time_ns == NS_PER_S);
    assert_true((drop->segment.flags & TCP_FIN) != 0);
    play_close(play);
    free(play);
}

/* An interval includes its start and excludes its end. */
static void a_cut_holds_from_its_start_up_to_its_end(void **state)
{
    (void)state;
    struct play *play = play_whole(TWO_HOSTS "stop 150ms\n"
                                             "app client\n"
                                             "    set nodelay on\n"
                                             "    connect server:80\n"
                                             "    at 50ms  send 1\n"
                                             "    at 60ms  send 1\n"
                                             "service server 80\n"
                                             "    drain\n"
                                             "cut client -> server  from 50ms to 60ms\n",
                                   QUEUE_HEAP);
    assert_int_equal(play_count(play, TRACE_DROP, "client"), 1);
    assert_true(play_event(play, TRACE_DROP, "client", 1)->time_ns == 50 * MS);
    const struct trace_event *ends = play_event(play, TRACE_FAULT, NULL, 2);
    assert_int_equal(ends->what, FAULT_CUT_ENDS);
    assert_true(ends->time_ns == 60 * MS);
    play_close(play);
    free(play);
}

/* Which event led to which: from a state back to the call that began it all. */
static void every_event_names_the_one_that_caused_it(void **state)
{
    (void)state;
    struct play *play = play_whole(TWO_HOSTS "app client\n"
                                             "    connect server:80\n"
                                             "    at 1s  close\n"
                                             "service server 80\n"
                                             "    recv until eof\n"
                                             "    close\n",
                                   QUEUE_HEAP);
    for (uint32_t i = 0; i < play->trace.count; i++)
        assert_true(play->trace.events[i].cause <= i);
    const struct trace_event *at = NULL;
    for (uint32_t i = 0; i < play->trace.count; i++) {
        const struct trace_event *event = &play->trace.events[i];
        if (event->kind == TRACE_STATE && event->host == play_host(play, "client") && event->state.to == TCP_TIME_WAIT)
            at = event;
    }
    /* TIME_WAIT <- RECV <- SEND (the server's FIN) <- its close() <- its recv's return <- RECV <- SEND (the client's FIN) <- CALL */
    static const enum trace_kind chain[] = {TRACE_STATE,  TRACE_RECV, TRACE_SEND, TRACE_CALL,
                                            TRACE_RETURN, TRACE_RECV, TRACE_SEND, TRACE_CALL};
    for (unsigned i = 0; i < sizeof chain / sizeof chain[0]; i++) {
        assert_non_null(at);
        assert_int_equal(at->kind, chain[i]);
        assert_true(index_of(play, at) < play->trace.count);
        at = at->cause != 0 ? &play->trace.events[at->cause - 1] : NULL;
    }
    assert_null(at);
    play_close(play);
    free(play);
}

/* The world stands still until `stop`; without one a run ends when nothing is left, not before the last time that the file names. */
static void a_run_ends_at_stop_or_when_nothing_is_left(void **state)
{
    (void)state;
    static const char line[] = TWO_HOSTS "app client\n    connect server:80\n    abort\nservice server 80\n    recv until eof\n";
    char text[512];
    struct play *rest = play_whole(line, QUEUE_HEAP);
    assert_true(engine_end_ns(&rest->engine) == 30 * MS);
    strcpy(text, line);
    struct play *stop = play_whole(strcat(text, "stop 7s\n"), QUEUE_HEAP);
    assert_true(engine_end_ns(&stop->engine) == 7 * NS_PER_S && world_now(stop->engine.world) == 7 * NS_PER_S);
    strcpy(text, line);
    struct play *named = play_whole(strcat(text, "at 3s  say \"nothing happens\"\n"), QUEUE_HEAP);
    assert_true(engine_end_ns(&named->engine) == 3 * NS_PER_S);
    play_close(rest), play_close(stop), play_close(named);
    free(rest), free(stop), free(named);
}

/* Each statement counts for itself; `of` narrows to one connection. */
static void ordinals_count_what_leaves_and_of_narrows_to_one_connection(void **state)
{
    (void)state;
    struct play *play = play_whole(TWO_HOSTS "stop 1s\n"
                                             "app client\n"
                                             "    set nodelay on\n"
                                             "    connect server:80 as one\n"
                                             "    at 100ms  send 1 on one\n"
                                             "    at 200ms  send 2 on one\n"
                                             "    at 400ms  send 3 on one\n"
                                             "app client\n"
                                             "    connect server:80\n"
                                             "    at 150ms  send 4\n"
                                             "service server 80\n"
                                             "    drain\n"
                                             "drop 2nd data client -> server of one\n"
                                             "duplicate 2nd data client -> server\n",
                                   QUEUE_HEAP);
    assert_int_equal(play_event(play, TRACE_DROP, "client", 1)->segment.len, 2);
    assert_int_equal(play_event(play, TRACE_DUP, "client", 1)->segment.len, 4);
    play_close(play);
    free(play);
}

static void what_is_asked_is_answered_from_the_run(void **state)
{
    (void)state;
    struct play *play = play_whole(TWO_HOSTS "app client\n"
                                             "    connect server:80\n"
                                             "    at 100ms  send 300\n"
                                             "    at 200ms  shutdown write\n"
                                             "    sleep 1s\n"
                                             "    recv until eof\n"
                                             "    close\n"
                                             "service server 80\n"
                                             "    recv until eof\n"
                                             "    send 50\n"
                                             "    close\n"
                                             "at 0  ask \"?\" = client.state\n"
                                             "at 105ms  ask \"?\" = client.unacked\n"
                                             "at 105ms  ask \"?\" = client.timer\n"
                                             "at 105ms  ask \"?\" = client.sees\n"
                                             "at 500ms  ask \"?\" = client.sees\n"
                                             "at 500ms  ask \"?\" = client.state\n",
                                   QUEUE_HEAP);
    assert_int_equal(play_event(play, TRACE_NOTE, NULL, 1)->note.value, TCP_CLOSED);
    assert_int_equal(play_event(play, TRACE_NOTE, NULL, 2)->note.value, 300);
    assert_int_equal(play_event(play, TRACE_NOTE, NULL, 3)->note.value, TIMER_TAIL_LOSS_PROBE);
    assert_int_equal(play_event(play, TRACE_NOTE, NULL, 4)->note.value, ASK_SEES_NOTHING);
    assert_int_equal(play_event(play, TRACE_NOTE, NULL, 5)->note.value, 50);
    assert_int_equal(play_event(play, TRACE_NOTE, NULL, 6)->note.value, TCP_TIME_WAIT);
    play_close(play);
    free(play);
}

/* Over several links a segment is forwarded; a cut between neighbours is their link's, one between others is for that pair. */
static void segments_are_routed_over_the_fewest_links(void **state)
{
    (void)state;
    static const char text[] = "host a  linux\nhost r  linux\nhost s  linux\nhost b  linux\n"
                               "link a -- r  delay 1ms\nlink r -- b  delay 2ms  mtu 1000\nlink r -- s  delay 1ms\nlink s -- b  delay 1ms\n"
                               "app a\n    connect b:80\n    at 1s  send 3000\n    at 2s  send 1\n    at 3s  close\n"
                               "service b 80\n    recv until eof\n    close\n"
                               "cut r -> b  from 2s for 100ms\n";
    struct play *play = play_whole(text, QUEUE_HEAP);
    assert_true(play_event(play, TRACE_RECV, "b", 1)->time_ns == 3 * MS);
    const struct trace_event *drop = NULL;
    for (unsigned n = 1; (drop = play_event(play, TRACE_DROP, NULL, n)) != NULL && drop->what != DROP_CUT; n++)
        ;
    assert_non_null(drop);
    assert_int_equal(drop->host, play_host(play, "r"));
    assert_int_equal(play_return(play, "b", CALL_RECV_EOF, 1)->call.value, 3001);
    play_close(play);
    free(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_one_instant_statements_come_first_then_arrivals_then_programs),
        cmocka_unit_test(a_when_runs_before_its_step_reaches_the_link),
        cmocka_unit_test(a_cut_holds_from_its_start_up_to_its_end),
        cmocka_unit_test(every_event_names_the_one_that_caused_it),
        cmocka_unit_test(a_run_ends_at_stop_or_when_nothing_is_left),
        cmocka_unit_test(ordinals_count_what_leaves_and_of_narrows_to_one_connection),
        cmocka_unit_test(what_is_asked_is_answered_from_the_run),
        cmocka_unit_test(segments_are_routed_over_the_fewest_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
