/* SPDX-License-Identifier: MIT */
/* The gallery laid out anew: the story stays what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

/* The jsonl of a run names hosts, lines, times and segments: the same bytes behind its head, which has the text
 * itself, are the same story. One blank between words is how somebody
 * else might have written them. */
static void a_scenario_laid_out_tells_the_same_story(void **state)
{
    struct shell *s = *state;
    shell_expect(s,
                 "find '" SOURCE_ROOT "/scenarios' -name '*.scn' | while read -r f; do "
                 "sed 's/\\([^ ]\\)  */\\1 /g' \"$f\" >x.scn && $L fmt - <x.scn >y.scn || exit 9; for v in 0 1 2; do "
                 "$L run - --format jsonl --variant $v <x.scn >1 2>/dev/null; [ $? -eq 2 ] && break; sed -i 1d 1; "
                 "$L run - --format jsonl --variant $v <y.scn 2>/dev/null | sed 1d >2; cmp 1 2 || { echo $f; exit 9; }; "
                 "done; done",
                 0);
    assert_string_equal(s->out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scenario_laid_out_tells_the_same_story),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
