/* SPDX-License-Identifier: MIT */
/* The command as its users meet it: exit statuses, what goes where, files whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

static const char close_scn[] = "scenario \"A close\"\n"
                                "host client linux\n"
                                "host server linux\n"
                                "link client -- server delay 10ms\n"
                                "app client\n"
                                "    connect server:80\n"
                                "    send 300\n"
                                "    at 1s  close = 0\n"
                                "service server 80\n"
                                "    recv until eof = 300\n"
                                "    close\n"
                                "expect verdict clean\n"
                                "variant \"the server is asked for more\"\n"
                                "    expect server receives 300 then eof\n";

static void what_holds_exits_0_and_says_nothing_on_stderr(void **state)
{
    struct shell *s = *state;
    shell_file(s, "close.scn", close_scn);
    shell_expect(s, "$L run close.scn", 0);
    expect_out(s, "A close\n");
    expect_out(s, "clean");
    assert_string_equal(s->err, "");
}

static void what_fails_exits_1_and_gives_the_line_that_repeats_it(void **state)
{
    struct shell *s = *state;
    shell_file(s, "close.scn", close_scn);
    shell(s, "sed 's/^expect verdict clean/expect verdict reset/' close.scn > reset.scn");
    shell_expect(s, "$L run reset.scn --seed 5", 1);
    expect_out(s, "lastack run reset.scn --seed 5\n");
    expect_err(s, "reset.scn:12:");
    expect_err(s, ": failed: ");
    expect_err(s, "lastack run reset.scn --seed 5\n");
    shell_expect(s, "$L run reset.scn --variant 1", 0);
}

static void the_same_file_and_seed_give_the_same_bytes(void **state)
{
    struct shell *s = *state;
    shell_file(s, "close.scn", close_scn);
    shell_expect(s,
                 "for f in ladder table jsonl; do $L run close.scn --format $f -o a && $L run close.scn --format $f -o b && cmp a b || "
                 "exit 9; done; "
                 "sed 1d b >c && $L run - --format jsonl <close.scn | sed 1d | cmp - c", /* the head names the file */
                 0);
}

static void mistakes_on_the_command_line_exit_2_with_a_near_miss(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L", 2);
    shell_expect(s, "$L rum close.scn", 2);
    expect_err(s, "did you mean run?");
    shell_expect(s, "$L run --sed 3 close.scn", 2);
    expect_err(s, "did you mean --seed?");
    shell_expect(s, "$L run --seed x close.scn", 2);
    shell_expect(s, "$L run --seed", 2);
    shell_expect(s, "$L run --full=yes close.scn", 2);
    shell_expect(s, "$L run --until 5 close.scn", 2);
    expect_err(s, "with its unit");
    shell_expect(s, "$L run --format laddr close.scn", 2);
    expect_err(s, "ladder, table, jsonl");
    shell_expect(s, "$L run", 2);
    shell_expect(s, "$L test", 2);
    shell_expect(s, "$L profiles linus", 2);
    expect_err(s, "did you mean linux?");
    assert_string_equal(s->out, "");
}

static void files_that_are_no_scenario_exit_2_and_say_why(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L run missing.scn", 2);
    expect_err(s, "cannot read missing.scn: ");
    shell_expect(s, "$L run .", 2);
    shell_expect(s, ": >empty.scn; $L run empty.scn", 2);
    expect_err(s, "empty.scn: error: ");
    shell_expect(s, "head -c 3000 \"$L\" >binary.scn; $L run binary.scn", 2);
    expect_err(s, "binary.scn:");
    shell_expect(s, "head -c 1048577 /dev/zero >large.scn; $L run large.scn", 2);
    expect_err(s, "1 MiB");
    shell_expect(s, "yes '    at 1s when x enters' | head -2000 >wrong.scn; $L check wrong.scn", 2);
    assert_string_equal(s->out, "");
}

static void all_errors_of_a_file_are_shown_with_the_line_and_a_caret(void **state)
{
    struct shell *s = *state;
    shell_file(s, "cut.scn",
               "scenario \"two mistakes\"\nhost client linux\nhost server linux\nlink client -- server delay 10ms\n"
               "app client\n    connect server:80\nservice server 80\n    close\n"
               "when client enters FINWAIT1  cut client -- server for 5s\nexpect verdict clen\n");
    shell_expect(s, "$L check cut.scn", 2);
    expect_err(s, "cut.scn:9:20: error: FINWAIT1 is not a TCP state\n"
                  "    9 | when client enters FINWAIT1  cut client -- server for 5s\n"
                  "      |                    ^~~~~~~~ did you mean FIN_WAIT_1?\n");
    expect_err(s, "cut.scn:10:16: error: ");
}

static void a_full_disk_and_a_closed_pipe_exit_3(void **state)
{
    struct shell *s = *state;
    shell_file(s, "close.scn", close_scn);
    shell_expect(s, "$L run close.scn >/dev/full", 3);
    expect_err(s, "cannot write");
    shell_expect(s, "$L run close.scn -o /dev/full", 3);
    shell_expect(s, "$L test close.scn >/dev/full", 3);
    shell_expect(s, "$L --help >/dev/full", 3);
    shell_expect(s, "$L run close.scn >&-", 3);
    shell_expect(s, "{ sleep 0.1; $L run close.scn; echo $? >status; } | true; sleep 0.3; exit $(cat status)", 3);
    shell_expect(s, "$L run close.scn -o missing/folder.txt", 3);
}

static void an_output_file_is_whole_or_is_not_there(void **state)
{
    struct shell *s = *state;
    shell_file(s, "close.scn", close_scn);
    shell_expect(s, "mkdir -p out && $L run close.scn -o out/a.txt", 0);
    assert_string_equal(s->out, "");
    shell_expect(s, "$L run close.scn | cmp - out/a.txt && test $(ls -A out | wc -l) = 1", 0);
    shell_expect(s, "mkdir out/folder && $L run close.scn -o out/folder", 3);
    shell_expect(s, "test $(ls -A out | wc -l) = 2", 0);
    /* a limit of 1 KiB on files stands for the disk that fills up in the middle */
    shell_expect(s, "(ulimit -f 1; $L run close.scn --format jsonl -o out/b.txt)", 3);
    assert_false(shell_exists(s, "out/b.txt"));
    shell_expect(s, "test $(ls -A out | wc -l) = 2", 0);
    shell_expect(
        s, "ln -s a.txt out/link && $L run close.scn --format table -o out/link && test -L out/link && grep -q '^# A close' out/a.txt", 0);
}

static void colour_is_for_terminals_only_unless_it_is_asked_for(void **state)
{
    struct shell *s = *state;
    shell_file(s, "close.scn", close_scn);
    shell_expect(s, "$L run close.scn", 0);
    assert_null(strchr(s->out, '\033'));
    shell_expect(s, "$L run close.scn --color always", 0);
    assert_non_null(strchr(s->out, '\033'));
    shell_expect(s, "LC_ALL=C $L run close.scn | LC_ALL=C tr -d '\\000-\\177' | wc -c | grep -qx ' *0'", 0);
}

static void new_writes_a_scenario_that_holds_and_never_over_a_file(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L new first.scn && $L check first.scn && $L test first.scn", 0);
    expect_out(s, " passed, 0 failed\n");
    shell_expect(s, "cp first.scn copy && $L new first.scn", 2);
    expect_err(s, "exists already");
    shell_expect(s, "cmp first.scn copy && $L new | cmp - copy", 0);
}

static void test_plays_folders_in_the_order_of_names_and_counts(void **state)
{
    struct shell *s = *state;
    shell_file(s, "close.scn", close_scn);
    shell_expect(
        s,
        "mkdir -p many/deep && cp close.scn many/b.scn && cp close.scn many/deep/a.scn && cp close.scn many/a.scn && echo >many/notes.txt",
        0);
    shell_expect(s, "$L test many", 0);
    assert_string_equal(s->out, "ok      many/a.scn\n"
                                "ok      many/a.scn  variant 1: the server is asked for more\n"
                                "ok      many/b.scn\n"
                                "ok      many/b.scn  variant 1: the server is asked for more\n"
                                "ok      many/deep/a.scn\n"
                                "ok      many/deep/a.scn  variant 1: the server is asked for more\n"
                                "6 passed, 0 failed\n");
    shell_expect(s, "sed -i 's/verdict clean/verdict reset/' many/b.scn; $L test many", 1);
    expect_out(s, "failed  many/b.scn\n");
    expect_out(s, "5 passed, 1 failed\n");
    expect_err(s, "many/b.scn:12:");
    shell_expect(s, "$L test --tap many --junit report.xml", 1);
    expect_out(s, "TAP version 13\nok 1 - many/a.scn\n");
    expect_out(s, "not ok 3 - many/b.scn\n# many/b.scn:12:");
    expect_out(s, "1..6\n");
    shell_expect(s, "grep -c '<testcase' report.xml", 0);
    assert_string_equal(s->out, "6\n");
    shell_expect(s, "grep -q '<testsuite name=\"lastack\" tests=\"6\" failures=\"1\">' report.xml", 0);
    shell_expect(s, "echo nonsense >many/c.scn; $L test many", 2);
    expect_out(s, "5 passed, 2 failed\n");
    shell_expect(s, "mkdir none; $L test none", 2);
}

static void every_command_has_its_help(void **state)
{
    struct shell *s = *state;
    shell_expect(
        s,
        "for c in run test check fmt new list show profiles keywords; do $L help $c | grep -q \"^usage: lastack $c\" && $L $c --help | "
        "grep -q \"^usage: "
        "lastack $c\" || exit 9; done",
        0);
    shell_expect(s, "$L --version", 0);
    assert_string_equal(s->out, "lastack " LASTACK_VERSION "\n");
}

static void profiles_stand_side_by_side_with_their_sources(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L profiles", 0);
    expect_out(s, "constant                rfc9293      linux        freebsd      windows\n");
    expect_out(s, "\ntime_wait               4min         1min         ");
    shell_expect(s, "$L profiles --format tsv linux | awk -F'\\t' 'NF != 5 || $4 == \"\" { exit 9 }'", 0);
}

/* In a clone people type ./lastack, and copy what is suggested to them. */
static void what_is_suggested_begins_as_the_program_was_called(void **state)
{
    struct shell *s = *state;
    shell_file(s, "wrong.scn", "# lastack run is no suggestion here: lastack run\nlanguage 1\n");
    shell_file(s, "reset.scn", "host a\nhost b\nlink a -- b\napp a\n    connect b:80\nexpect verdict clean\n");
    shell_expect(s, "unset LASTACK_TYPED; mkdir 'a b'; ln -s \"$L\" 'a b/lastack'; 'a b/lastack' run", 2);
    assert_string_equal(s->err, "lastack run: which file? 'a b/lastack' run FILE.scn\n");
    shell_expect(s, "unset LASTACK_TYPED; PATH=$PWD/a\\ b:$PATH lastack run", 2);
    assert_string_equal(s->err, "lastack run: which file? lastack run FILE.scn\n");
    shell_expect(s, "export LASTACK_TYPED=./lastack; $L help run | head -1; $L help | tail -1; $L run missing", 2);
    expect_out(s, "usage: ./lastack run FILE");
    expect_out(s, "Begin with: ./lastack list; ./lastack run four-packets; ./lastack new first.scn\n");
    assert_string_equal(s->err,
                        "lastack: there is no file missing and no scenario of that name; ./lastack list shows those that there are\n");
    shell_expect(s, "LASTACK_TYPED=./lastack $L check wrong.scn", 2);
    assert_null(strstr(s->err, "./lastack run"));
    shell_expect(s, "LASTACK_TYPED=./lastack $L test reset.scn", 1);
    expect_err(s, "\n      | see it: ./lastack run reset.scn --seed 1\nagain: ./lastack run reset.scn --seed 1\n");
    shell_expect(s, "LASTACK_TYPED=./lastack $L run reset.scn", 1);
    expect_err(s, "\nagain: ./lastack run reset.scn --seed 1\n");
    expect_out(s, "  again      lastack run reset.scn --seed 1\n"); /* no terminal: the same bytes for everybody */
    shell_expect(
        s,
        "mkdir -p build; touch .sources; ln -s ../.sources build/.sources; sleep 0.01; touch build/.stamp; ln -s \"$L\" build/lastack; "
        "cp " SOURCE_ROOT "/lastack .; ./lastack fmt",
        2);
    assert_string_equal(s->err, "lastack fmt: which files? ./lastack fmt FILE.scn\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_suggested_begins_as_the_program_was_called),
        cmocka_unit_test(what_holds_exits_0_and_says_nothing_on_stderr),
        cmocka_unit_test(what_fails_exits_1_and_gives_the_line_that_repeats_it),
        cmocka_unit_test(the_same_file_and_seed_give_the_same_bytes),
        cmocka_unit_test(mistakes_on_the_command_line_exit_2_with_a_near_miss),
        cmocka_unit_test(files_that_are_no_scenario_exit_2_and_say_why),
        cmocka_unit_test(all_errors_of_a_file_are_shown_with_the_line_and_a_caret),
        cmocka_unit_test(a_full_disk_and_a_closed_pipe_exit_3),
        cmocka_unit_test(an_output_file_is_whole_or_is_not_there),
        cmocka_unit_test(colour_is_for_terminals_only_unless_it_is_asked_for),
        cmocka_unit_test(new_writes_a_scenario_that_holds_and_never_over_a_file),
        cmocka_unit_test(test_plays_folders_in_the_order_of_names_and_counts),
        cmocka_unit_test(every_command_has_its_help),
        cmocka_unit_test(profiles_stand_side_by_side_with_their_sources),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
