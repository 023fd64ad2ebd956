/* SPDX-License-Identifier: MIT */
/* lastack fmt as its users meet it: what it writes, and what it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

static const char untidy[] = "host a linux\nhost b linux\nlink a--b delay 10ms # one way\napp a\n\tconnect b:80\n\tclose\n"
                             "service b 80\n  close\nexpect verdict clean\n";
static const char tidy[] = "host a  linux\nhost b  linux\nlink a -- b  delay 10ms  # one way\napp a\n    connect b:80\n    close\n"
                           "service b 80\n    close\nexpect verdict clean\n";

static void a_file_is_written_only_if_something_changes(void **state)
{
    struct shell *s = *state;
    shell_file(s, "a.scn", untidy);
    shell_file(s, "b.scn", tidy);
    shell_expect(s, "chmod 640 a.scn; touch -d 2020-01-01 b.scn; ls -l b.scn >before; $L fmt a.scn b.scn", 0);
    assert_string_equal(s->out, "");
    assert_string_equal(s->err, "");
    shell_expect(s, "cmp a.scn b.scn && ls -l b.scn | cmp - before && ls -l a.scn", 0);
    expect_out(s, "-rw-r-----");
}

static void check_names_the_files_that_would_change_and_exits_1(void **state)
{
    struct shell *s = *state;
    shell(s, "rm -rf in && mkdir in");
    shell_file(s, "in/a.scn", untidy);
    shell_file(s, "in/b.scn", tidy);
    shell_expect(s, "cp in/a.scn same; $L fmt --check in", 1);
    assert_string_equal(s->out, "in/a.scn\n");
    shell_expect(s, "cmp in/a.scn same && $L fmt in && $L fmt --check in", 0);
    assert_string_equal(s->out, "");
}

static void a_dash_reads_standard_input_and_writes_standard_output(void **state)
{
    struct shell *s = *state;
    shell_file(s, "a.scn", untidy);
    shell_expect(s, "$L fmt - <a.scn", 0);
    assert_string_equal(s->out, tidy);
    shell_expect(s, "$L fmt --check - <a.scn", 1);
    shell_expect(s, "$L fmt - <a.scn >/dev/full", 3);
    shell_expect(s, "$L fmt", 2);
}

static void a_file_with_errors_is_left_as_it_is(void **state)
{
    struct shell *s = *state;
    shell_file(s, "a.scn", untidy);
    shell_file(s, "wrong.scn", "host a linux\nhost b linux\nlnk a -- b\n");
    shell_expect(s, "cp wrong.scn same; $L fmt wrong.scn a.scn", 2);
    expect_err(s, "wrong.scn:3:1: error: lnk is not a statement");
    shell_expect(s, "cmp wrong.scn same && $L fmt --check a.scn", 0);
    shell_expect(s, "chmod 555 . ; $L fmt missing.scn", 2);
    shell(s, "chmod 755 .");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written_only_if_something_changes),
        cmocka_unit_test(check_names_the_files_that_would_change_and_exits_1),
        cmocka_unit_test(a_dash_reads_standard_input_and_writes_standard_output),
        cmocka_unit_test(a_file_with_errors_is_left_as_it_is),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
