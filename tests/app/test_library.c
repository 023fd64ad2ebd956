/* SPDX-License-Identifier: MIT */
/* Scenarios that are found by name: in the working folder, in the tree that the program was built in, or only where the environment says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

static const char tiny_scn[] = "# Two lines of stakes,\n# told by a Gardener.\nscenario \"A tiny one\"\nhost a\nhost b\n"
                               "link a -- b  delay 1ms\napp a\n    connect b:80\n    close\nservice b 80\n    close\n";

static void list_shows_the_trees_scenarios_by_theme_with_their_titles(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L list", 0);
    expect_out(s, "first: the stories to begin with\n  four-packets ");
    expect_out(s, "Four packets end a connection\n");
    expect_out(s, "\n\nresets: an abort where ");
    expect_out(s, "\n  a-relay-that-hides-the-reset ");
    assert_string_equal(s->err, "");
    shell_expect(s, "test $($L list --format tsv | tail -n +2 | wc -l) = $(find " SOURCE_ROOT "/scenarios -name '*.scn' | wc -l)", 0);
    shell_expect(s, "$L list --format tsv | awk -F'\\t' 'NF != 5 || $3 == \"\" { exit 9 }'", 0);
}

static void list_takes_a_theme_and_words(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L list --theme resets BLIND", 0);
    expect_out(s, "resets: an abort where ");
    expect_out(s, "\n  blind-reset ");
    shell_expect(s, "$L list --format tsv --theme resets | cut -f1 | sort -u | tr '\\n' ' '", 0);
    assert_string_equal(s->out, "resets theme ");
    shell_expect(s, "$L list 'TCP SO_LINGER carrots'", 2);
    expect_err(s, "no scenario has all of these words");
    shell_expect(s, "$L list --theme reset", 2);
    expect_err(s, "did you mean resets?");
}

static void a_name_is_found_where_a_file_is_wanted(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "$L show blind-reset | cmp - " SOURCE_ROOT "/scenarios/resets/blind-reset.scn", 0);
    shell_expect(s, "test $($L show --path blind-reset) = " SOURCE_ROOT "/scenarios/resets/blind-reset.scn", 0);
    shell_expect(s, "$L run resets/blind-reset >a && $L run blind-reset >b && cmp a b && $L check blind-reset", 0);
    shell_expect(s, "$L run scenarios/four-packets.scn", 0);
    shell_expect(s, "$L test four-packets linger", 0);
    expect_out(s, "/scenarios/linger/");
    shell_expect(s, "$L fmt --check blind-reset", 0);
    shell_expect(s, "$L fmt blind-reset", 2); /* nothing is written to by its name */
}

static void a_file_and_the_working_folder_come_first(void **state)
{
    struct shell *s = *state;
    shell_file(s, "four-packets", tiny_scn);
    shell_expect(s, "$L run four-packets", 0);
    expect_out(s, "A tiny one\n");
    shell_expect(s, "mkdir -p scenarios/mine && mv four-packets scenarios/mine/blind-reset.scn && mkdir blind-reset", 0);
    shell_expect(s, "$L run blind-reset", 0);
    expect_out(s, "A tiny one\nscenarios/mine/blind-reset.scn ");
    shell_expect(s, "$L list gardener", 0);
    assert_string_equal(s->out, "mine\n  blind-reset  A tiny one\n");
    shell_expect(s, "$L run four-packets", 0);
    expect_out(s, "Four packets end a connection\n");
    shell_expect(s, "rm -r scenarios blind-reset", 0);
}

static void a_name_of_two_scenarios_says_so_and_an_unknown_one_gives_a_near_miss(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "mkdir -p g/a g/b && cd g && $L new a/x.scn && cp a/x.scn b/x.scn && echo nonsense >b/y.scn", 0);
    shell_expect(s, "LASTACK_SCENARIOS=g $L run x", 2);
    expect_err(s, "x is the name of several scenarios: write a/x or b/x\n");
    shell_expect(s, "LASTACK_SCENARIOS=g $L run b/x", 0);
    shell_expect(s, "LASTACK_SCENARIOS=g $L list", 0);
    assert_string_equal(s->out, "a\n  x  The final ACK is lost\n\nb\n  x  The final ACK is lost\n  y  (has errors: see lastack check)\n");
    shell_expect(s, "LASTACK_SCENARIOS=g $L run four-packets", 2);
    shell_expect(s, "LASTACK_SCENARIOS=none $L list", 3);
    expect_err(s, "looked for none\n");
    shell_expect(s, "$L run four-pakcets", 2);
    expect_err(s, "did you mean four-packets?");
    shell_expect(s, "$L show assassin", 2);
    expect_err(s, "did you mean assassination?");
    shell_expect(s, "$L run missing.scn", 2);
    expect_err(s, "cannot read missing.scn: ");
    shell_expect(s, "$L show", 2);
    shell_expect(s, "rm -r g", 0);
}

static void test_goes_on_behind_a_path_that_has_nothing(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "mkdir -p none some && $L new some/a.scn && $L test none some missing", 2);
    expect_out(s, "failed  none\nfailed  missing\nok      some/a.scn\n");
    expect_out(s, "3 passed, 2 failed\n");
    expect_err(s, "no .scn file in none\n");
    shell_expect(s, "$L test --tap none some", 2);
    expect_out(s, "not ok 1 - none\nok 2 - some/a.scn\n");
    expect_out(s, "1..4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_shows_the_trees_scenarios_by_theme_with_their_titles),
        cmocka_unit_test(list_takes_a_theme_and_words),
        cmocka_unit_test(a_name_is_found_where_a_file_is_wanted),
        cmocka_unit_test(a_file_and_the_working_folder_come_first),
        cmocka_unit_test(a_name_of_two_scenarios_says_so_and_an_unknown_one_gives_a_near_miss),
        cmocka_unit_test(test_goes_on_behind_a_path_that_has_nothing),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
