/* SPDX-License-Identifier: MIT */
/* lastack states: the table is got by driving the code, and the gallery takes every edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shell.h"

static void the_table_has_each_state_and_says_what_the_code_does(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L states", 0);
    for (unsigned i = 0; i < 11; i++) {
        static const char *const names[] = {"\nCLOSED",     "\nLISTEN",     "\nSYN_SENT", "\nSYN_RECEIVED", "\nESTABLISHED", "\nFIN_WAIT_1",
                                            "\nFIN_WAIT_2", "\nCLOSE_WAIT", "\nCLOSING",  "\nLAST_ACK",     "\nTIME_WAIT"};
        expect_out(s, names[i]);
    }
    expect_out(s, "OPEN, active: connect()         -> SYN_SENT                    SYN seq 0");
    shell_expect(s, "$L states | awk 'length($0) > 160 { exit 9 }'", 0);
}

/* Linux answers a SYN in TIME_WAIT by a new connection, the book with an ACK; FreeBSD sends no RST where Linux does. */
static void profiles_differ_where_their_systems_do(void **state)
{
    struct shell *s = *state;
    shell_expect(s,
                 "for p in rfc9293 linux freebsd windows; do $L states --profile $p >$p || exit 9; done; ! cmp -s linux rfc9293 && "
                 "! cmp -s linux freebsd && ! cmp -s linux windows && ! cmp -s rfc9293 windows",
                 0);
    shell_expect(s, "$L states --matrix --profile linux | grep -q '^SYN, a higher number .*SYNRCVD\\*$'", 0);
    shell_expect(s,
                 "$L states --matrix --profile rfc9293 | grep '^RST, in the window' | grep -q CLOSED && exit 9; $L states --matrix | awk "
                 "'length($0) > 132 { exit 9 }'",
                 0);
}

static void the_diagram_is_figure_5_and_what_is_added(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L states --edges", 0);
    expect_out(s, "FIN_WAIT_1 -> CLOSING         rcv FIN / snd ACK");
    expect_out(s, "FIN_WAIT_2 -> CLOSED          FIN_WAIT_2 limit");
    shell_expect(s, "$L states --format dot", 0);
    expect_out(s, "digraph states {");
    expect_out(s, "LAST_ACK -> END [label=\"rcv ACK of FIN\"];");
    shell_expect(s, "command -v dot >/dev/null || exit 0; $L states --format dot | dot -Tsvg | grep -q '</svg>'", 0);
}

static void scenarios_are_counted_and_what_none_took_is_named(void **state)
{
    struct shell *s = *state;
    shell_file(s, "a.scn",
               "scenario \"a\"\nhost c linux\nhost s linux\nlink c -- s delay 1ms\napp c\n    connect s:80\n    close\n"
               "service s 80\n    recv until eof\n    close\nexpect verdict clean\n");
    shell_expect(s, "$L states --count --edges a.scn | grep -Eq 'CLOSE_WAIT -> LAST_ACK +CLOSE / snd FIN +1$'", 0);
    shell_expect(s, "$L states --missing a.scn", 1);
    expect_out(s, "FIN_WAIT_1 -> CLOSING");
    shell_expect(s, "$L states --missing missing.scn", 2);
}

static void what_does_not_go_together_exits_2(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L states --profile linus", 2);
    expect_err(s, "did you mean linux?");
    shell_expect(s, "$L states --matrix --count", 2);
    shell_expect(s, "$L states a.scn", 2);
    expect_err(s, "lastack states --count a.scn");
    assert_string_equal(s->out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_each_state_and_says_what_the_code_does),
        cmocka_unit_test(profiles_differ_where_their_systems_do),
        cmocka_unit_test(the_diagram_is_figure_5_and_what_is_added),
        cmocka_unit_test(scenarios_are_counted_and_what_none_took_is_named),
        cmocka_unit_test(what_does_not_go_together_exits_2),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
