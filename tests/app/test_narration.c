/* SPDX-License-Identifier: MIT */
/* lastack check: what is said at a fixed time may not be so in a variant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

#define WORLD \
    "scenario \"said\"\nhost client\nhost server\nlink client -- server  delay 10ms\n" \
    "app client\n    connect server:80\n    bye: at 1s  close\nservice server 80\n    recv until eof\n    close\n"
#define ABORTS "variant \"aborts\"\n    bye: at 1s  abort\n"
#define LATER "variant \"later\"\n    bye: at 2s  close\n"

static void narration_that_finds_other_states_in_a_variant_is_warned_of(void **state)
{
    struct shell *s = *state;
    shell_file(s, "said.scn", WORLD "at 900ms  say \"It has not hung up.\"\nat 10s  say \"The minute runs.\"\n" ABORTS LATER);
    shell_expect(s, "$L check said.scn", 0);
    assert_string_equal(s->out, "said.scn: fine, with 2 variants and 1 warning\n");
    assert_string_equal(s->err, "said.scn:12:1: warning: variant 1 says this too, where client is CLOSED then, not TIME_WAIT\n"
                                "   12 | at 10s  say \"The minute runs.\"\n"
                                "      | ^~ is it so there?\n"
                                "      | give the line a label, and let the variant state it anew, or `LABEL: none`; or say it "
                                "`when` something happens\n");
    shell_file(s, "said.scn", WORLD "at 1.5s  say \"Over.\"\nat 1.7s  ask \"When?\" = client.timer\n" ABORTS LATER);
    shell_expect(s, "$L check said.scn", 0);
    expect_err(s, "11:1: warning: variants 1 and 2 say this too, where client is CLOSED then, not TIME_WAIT\n");
    expect_err(s, "12:1: warning: variants 1 and 2 ask this too, where client is CLOSED then, not TIME_WAIT\n");
    expect_out(s, "and 2 warnings\n");
}

/* What the variant states anew was thought of; what waits for an event comes when it is so; the state is what an `ask` for it answers; what
 * is the same in both is so in both. */
static void narration_that_is_looked_after_is_not(void **state)
{
    struct shell *s = *state;
    shell_file(s, "said.scn",
               WORLD "it: at 10s  say \"The minute runs.\"\nwhen client enters TIME_WAIT  say \"A minute.\"\n"
                     "when client enters FIN_WAIT_1 after 9s  say \"Nine seconds.\"\nat 10s  ask \"And now?\" = client.state\n"
                     "at 10s  ask \"The verdict?\" = verdict\nat 900ms  say \"It has not hung up.\"\n" ABORTS
                     "    it: at 10s  say \"Nothing runs.\"\n" ABORTS "    it: none\n");
    shell_expect(s, "$L check said.scn", 0);
    assert_string_equal(s->out, "said.scn: fine, with 2 variants\n");
    assert_string_equal(s->err, "");
}

static void no_scenario_of_the_gallery_says_what_may_not_be_so(void **state)
{
    struct shell *s = *state;
    shell_expect(s, "find " SOURCE_ROOT "/scenarios " SOURCE_ROOT "/docs/lessons/tasks -name '*.scn' -exec $L check {} +", 0);
    assert_string_equal(s->err, "");
    assert_null(strstr(s->out, "warning"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narration_that_finds_other_states_in_a_variant_is_warned_of),
        cmocka_unit_test(narration_that_is_looked_after_is_not),
        cmocka_unit_test(no_scenario_of_the_gallery_says_what_may_not_be_so),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
