/* SPDX-License-Identifier: MIT */
/* lastack why: a chain of causes that begins where a reader would look, and claims of what would have prevented it that are played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

#define WORLD "host client linux\nhost server linux\nlink client -- server  delay 10ms\n"

/* A FIN that is cut off for good: the client gives up. */
static const char cut_scn[] = "scenario \"cut\"\nstop 30min\n" WORLD "app client\n    connect server:80\n    at 1s  close\n"
                              "service server 80\n    recv until eof\n    close\n"
                              "cut client -- server  from 500ms\nexpect verdict half-open\n";

static void a_fin_that_is_given_up_is_traced_to_the_cut_and_the_call(void **state)
{
    struct shell *s = *state;
    shell_file(s, "cut.scn", cut_scn);
    shell_expect(s, "$L why cut.scn --width 160", 0);
    expect_out(s, "client: FIN_WAIT_1 -> CLOSED, giving up");
    expect_out(s, "client's retransmission timer runs out");
    expect_out(s, "cut off (line 12)");
    expect_out(s, "client's program calls close() (line 8)");
    expect_out(s, "the outcome is another:\n  without line 12: cut client -- server  from 500ms\n");
    expect_out(s, "verdict clean\n");
    expect_out(s, "\nWhen the run ends these calls still wait:\n  server: recv(), line 10\n");
    assert_string_equal(s->err, "");
}

static void an_error_that_is_told_late_is_traced_to_when_the_end_came_to_harm(void **state)
{
    struct shell *s = *state;
    shell_file(s, "late.scn",
               "scenario \"late\"\n" WORLD "app client\n    connect server:80\n    send 100\n    at 5s  recv 1 = ECONNRESET\n"
               "service server 80\n    after 1s  close\nexpect verdict reset\n");
    shell_expect(s, "$L why late.scn --width 160", 0);
    expect_out(s, "returns from recv(1) with ECONNRESET (line 8)");
    expect_out(s, "client: ESTABLISHED -> CLOSED, reset by a RST");
    expect_out(s, "closing with unread data");
    expect_out(s, "with close_unread_rst off at server, where it is on");
}

/* With loss by chance the segment that is spared is the one that was lost: what it prevents shows it. */
static void a_loss_by_chance_is_taken_back_and_nothing_else_changes(void **state)
{
    struct shell *s = *state;
    shell_file(s, "chance.scn",
               "scenario \"chance\"\nseed 4\nhost client linux\nhost server linux\nlink client -- server  delay 10ms  loss 30%\n"
               "app client\n    connect server:80\n    send 1000\n    at 3s  close\n"
               "service server 80\n    recv until eof\n    close\n");
    shell_expect(s,
                 "$L run chance.scn --format table >t || exit 9; n=$(awk '/ state  ESTABLISHED -> FIN_WAIT_1/ { fin = 1 } "
                 "fin && / timer  retransmission fired/ { print $1; exit }' t); [ -n \"$n\" ] || exit 8; $L why chance.scn --event $n",
                 0);
    expect_out(s, "lost by chance");
    expect_out(s, "the outcome is another:\n  without the chance loss of segment ");
}

static void the_event_is_chosen_by_number_by_time_or_by_end(void **state)
{
    struct shell *s = *state;
    shell_file(s, "cut.scn", cut_scn);
    shell_expect(s, "$L why cut.scn --event 3", 0);
    expect_out(s, "client: CLOSED -> SYN_SENT");
    shell_expect(s, "$L why cut.scn --at 1s", 0);
    expect_out(s, "client: ESTABLISHED -> FIN_WAIT_1\n");
    shell_expect(s, "$L why cut.scn --of server", 0);
    expect_out(s, "server: SYN_RECEIVED -> ESTABLISHED\n");
    shell_expect(s, "$L why cut.scn --of server.1 --at 1s", 0);
    expect_out(s, "server: SYN_RECEIVED -> ESTABLISHED\n");
    shell_expect(s, "$L why cut.scn --profile rfc9293 --of client", 0);
    expect_out(s, "--profile rfc9293");
}

/* Jitter makes instants of many nanoseconds; the ladder shows three decimals of them, cut off. The server's LAST_ACK is at 3.008461931 s.
 */
static const char jitter_scn[] = "scenario \"jitter\"\nseed 4\nclock 10:30:00\nhost client linux\nhost server linux\n"
                                 "link client -- server  delay 10ms  jitter 3ms\napp client\n    connect server:80\n    send 1000\n"
                                 "    at 3s  close\nservice server 80\n    recv until eof\n    close\n";

static void a_time_as_the_ladder_shows_it_finds_what_happens_then(void **state)
{
    struct shell *s = *state;
    shell_file(s, "jitter.scn", jitter_scn);
    shell_expect(s, "$L run jitter.scn --width 100 | grep -c '^ 10:30:03.008 .*CLOSE_WAIT'", 0);
    static const char *const words[] = {"10:30:03.008", "3.008",     "'3.008 s'",      "3.008s",
                                        "3008ms",       "3.008461s", "10:30:03.00846", "3.008461931"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        char command[80];
        snprintf(command, sizeof command, "$L why jitter.scn --at %s", words[i]);
        shell_expect(s, command, 0);
        expect_out(s, " 3.008461931 s  server: CLOSE_WAIT -> LAST_ACK\n");
        assert_null(strstr(s->out, "nothing happens"));
    }
    shell_expect(s, "$L why jitter.scn --at 3.008462", 0);
    expect_out(s, "nothing happens at 3.008462; this is the last change before\n");
    expect_out(s, " 3.008461931 s  server: CLOSE_WAIT -> LAST_ACK\n");
}

/* A segment's departure, a timer that runs out: no state changes, and the answer is about it all the same. */
static void where_no_state_changes_the_answer_is_about_what_happens_then(void **state)
{
    struct shell *s = *state;
    shell_file(s, "cut.scn", cut_scn);
    shell_expect(s, "$L why cut.scn --at 0.020", 0);
    expect_out(s, "0.020 s  client: SYN_SENT -> ESTABLISHED\n");
    shell_expect(s, "$L why cut.scn --at 10ms", 0);
    expect_out(s, "0.010 s  server: LISTEN -> SYN_RECEIVED\n");
    shell_expect(s, "$L why cut.scn --at 1.224", 0);
    expect_out(s, "1.224 s  segment ");
    expect_out(s, "tail-loss-probe timer runs out");
}

/* Two ends change at one instant: the last is told, and the other is named. */
static void of_several_the_answer_says_which_it_takes(void **state)
{
    struct shell *s = *state;
    shell_file(s, "both.scn",
               "scenario \"both\"\n" WORLD "app client\n    connect server:80\n    at 1s  close\n"
               "service server 80\n    at 1s  close\n");
    shell_expect(s, "$L why both.scn --at 1s --width 160", 0);
    expect_out(s, "s  server: ESTABLISHED -> FIN_WAIT_1\n");
    expect_out(s, "at that time too:\n  --event ");
    expect_out(s, ", 1.000 s: client: ESTABLISHED -> FIN_WAIT_1\n");
    shell_expect(s, "$L why both.scn --at 1s --of client", 0);
    expect_out(s, "s  client: ESTABLISHED -> FIN_WAIT_1\n");
    assert_null(strstr(s->out, "at that time too"));
}

static void what_cannot_be_asked_exits_2(void **state)
{
    struct shell *s = *state;
    shell_file(s, "cut.scn", cut_scn);
    shell_expect(s, "$L why cut.scn --event 100000", 2);
    expect_err(s, "this run has ");
    shell_expect(s, "$L why cut.scn --event 3 --at 1s", 2);
    shell_expect(s, "$L why cut.scn --of sever", 2);
    expect_err(s, "did you mean server?");
    shell_expect(s, "$L why cut.scn --of server.9", 2);
    static const char *const times[] = {"5.1m", "10:30:01", "1..2", ".5", "5.", "-1s", "''", "1x:2"};
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        char command[80];
        snprintf(command, sizeof command, "$L why cut.scn --at=%s", times[i]);
        shell_expect(s, command, 2);
        expect_err(s, "--at ");
    }
    shell_file(s, "jitter.scn", jitter_scn);
    shell_expect(s, "$L why jitter.scn --at 25:00:00", 2);
    shell_expect(s, "$L why jitter.scn --at 10:30:00.", 2);
    shell_expect(s, "$L why jitter.scn --at 10:30:00.1s", 2);
    shell_expect(s, "$L why", 2);
    shell_expect(s, "$L why cut.scn --event 0", 2);
    shell_expect(s, "$L why missing.scn", 2);
    assert_string_equal(s->out, "");
}

static void the_answer_is_the_same_bytes_each_time(void **state)
{
    struct shell *s = *state;
    shell_file(s, "cut.scn", cut_scn);
    shell_expect(s, "$L why cut.scn >a && $L why cut.scn >b && cmp a b", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fin_that_is_given_up_is_traced_to_the_cut_and_the_call),
        cmocka_unit_test(an_error_that_is_told_late_is_traced_to_when_the_end_came_to_harm),
        cmocka_unit_test(a_loss_by_chance_is_taken_back_and_nothing_else_changes),
        cmocka_unit_test(the_event_is_chosen_by_number_by_time_or_by_end),
        cmocka_unit_test(a_time_as_the_ladder_shows_it_finds_what_happens_then),
        cmocka_unit_test(where_no_state_changes_the_answer_is_about_what_happens_then),
        cmocka_unit_test(of_several_the_answer_says_which_it_takes),
        cmocka_unit_test(what_cannot_be_asked_exits_2),
        cmocka_unit_test(the_answer_is_the_same_bytes_each_time),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
