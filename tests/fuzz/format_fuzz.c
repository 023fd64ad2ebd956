/* SPDX-License-Identifier: MIT */
/* fmt under libFuzzer. What the reader accepts can be laid out; the answer is accepted too, and laying it out again changes nothing. What
 * is not a scenario is never laid out by the command, but must not hurt either.
 *
 *   CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
 *   build-fuzz/tests/format-fuzz -max_total_time=60 corpus/
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/format.h"
#include "scenario/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics diagnostics;
    struct scenario_options options = {0};
    struct text once = {0}, twice = {0};
    const char *text = (const char *)data;
    struct story *story = scenario_read("fuzz.scn", text, size, &options, &diagnostics);
    bool laid = scenario_format(text, size, &once);
    if (story != NULL) {
        if (!laid || once.failed)
            abort();
        if (once.length <= SCENARIO_BYTES_MAX) { /* blanks between words may make a large file too large */
            struct story *again = scenario_read("fuzz.scn", once.bytes, once.length, &options, &diagnostics);
            if (again == NULL || again->step_count != story->step_count || again->statement_count != story->statement_count ||
                again->expect_count != story->expect_count || again->variants != story->variants)
                abort();
            story_free(again);
            if (!scenario_format(once.bytes, once.length, &twice) || twice.length != once.length ||
                memcmp(once.bytes, twice.bytes, once.length) != 0)
                abort();
        }
    }
    story_free(story);
    text_free(&once);
    text_free(&twice);
    return 0;
}
