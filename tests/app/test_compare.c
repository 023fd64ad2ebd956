/* SPDX-License-Identifier: MIT */
/* lastack compare: the rows in which profiles differ, and constants that are not guessed but played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

#define PROGRAMS \
    "link client -- server  delay 10ms\n" \
    "app client\n    connect server:80\n    at 1s  close\n" \
    "service server 80\n    recv until eof\n    close\n" \
    "drop 1st ACK(FIN) client -> server\nexpect verdict clean\n"

static const char lost_scn[] = "scenario \"lost\"\nhost client\nhost server\n" PROGRAMS;

static void each_system_is_a_column_and_each_difference_a_row(void **state)
{
    struct shell *s = *state;
    shell_file(s, "lost.scn", lost_scn);
    shell_expect(s, "$L compare lost.scn rfc9293 freebsd windows", 0);
    expect_out(s, "                     rfc9293    freebsd       windows\n");
    expect_out(s, "client in TIME_WAIT  4 min 1 s  1 min 0.23 s  2 min 0.3 s\n");
    expect_out(s, "server in LAST_ACK   1.02 s     250 ms        320 ms\n");
    assert_null(strstr(s->out, "verdict")); /* the same in all */
    expect_out(s, " more lines are the same in all; --all shows them.\n");
    shell_expect(s, "$L compare lost.scn --all", 0);
    expect_out(s, " clean      clean          clean         clean\n");
    assert_string_equal(s->err, "");
}

/* The list that is named is played by hand: written behind the hosts it gives the other's run, and without one of them it does not. */
static void the_constants_that_are_named_are_the_whole_difference(void **state)
{
    struct shell *s = *state;
    shell_file(s, "lost.scn", lost_scn);
    shell_expect(s, "$L compare lost.scn rfc9293 freebsd", 0);
    expect_out(s, "\nfreebsd differs from rfc9293 here by\n"
                  "  time_wait 1min, not 4min\n"
                  "      client in TIME_WAIT: 1 min 1 s, not 4 min 1 s\n"
                  "  rto_min 230ms, not 1s\n"
                  "      client in TIME_WAIT: 4 min 0.23 s, not 4 min 1 s\n"
                  "      server in LAST_ACK: 250 ms, not 1.02 s\n"
                  "\nEach list was played: ");
    shell_file(s, "all.scn",
               "scenario \"all\"\nhost client rfc9293 time_wait 1min rto_min 230ms\n"
               "host server rfc9293 time_wait 1min rto_min 230ms\n" PROGRAMS "expect client spends 60.23s in TIME_WAIT\n"
               "expect server spends 250ms in LAST_ACK\n");
    shell_expect(s, "$L test all.scn", 0);
    shell_expect(s, "$L run lost.scn --profile freebsd --format table", 0);
    expect_out(s, " 61.250000000  client 1     state  TIME_WAIT -> CLOSED");
}

static void what_the_file_overrides_and_a_host_that_is_named_stay(void **state)
{
    struct shell *s = *state;
    shell_file(s, "mine.scn", "scenario \"mine\"\nhost client linux time_wait 5s\nhost server linux\n" PROGRAMS);
    shell_expect(s, "$L compare mine.scn linux windows", 0);
    assert_null(strstr(s->out, "time_wait"));
    shell_expect(s, "$L compare mine.scn linux windows --profile server=linux", 0);
    expect_out(s, "every host with the profile of its column, but server linux\n");
    assert_null(strstr(s->out, "server in LAST_ACK"));
}

static void without_a_difference_it_says_so(void **state)
{
    struct shell *s = *state;
    shell_file(s, "none.scn",
               "scenario \"none\"\nhost client\nhost server\nlink client -- server\n"
               "app client\n    connect server:80\n    abort\nservice server 80\n    recv 1 = ECONNRESET\n");
    shell_expect(s, "$L compare none.scn freebsd windows", 0);
    expect_out(s, "No difference: ");
}

static void what_cannot_be_compared_exits_2(void **state)
{
    struct shell *s = *state;
    shell_file(s, "lost.scn", lost_scn);
    shell_expect(s, "$L compare", 2);
    expect_err(s, "which file?");
    shell_expect(s, "$L compare lost.scn linux", 2);
    expect_err(s, "with which other profile?");
    shell_expect(s, "$L compare lost.scn linux linux", 2);
    expect_err(s, "each profile once");
    shell_expect(s, "$L compare lost.scn linux freebds", 2);
    expect_err(s, "there is no profile freebds; did you mean freebsd?");
    shell_expect(s, "$L compare lost.scn --profile linux", 2);
    expect_err(s, "the columns are words");
    shell_expect(s, "$L compare nowhere.scn", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_system_is_a_column_and_each_difference_a_row),
        cmocka_unit_test(the_constants_that_are_named_are_the_whole_difference),
        cmocka_unit_test(what_the_file_overrides_and_a_host_that_is_named_stay),
        cmocka_unit_test(without_a_difference_it_says_so),
        cmocka_unit_test(what_cannot_be_compared_exits_2),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
