/* SPDX-License-Identifier: MIT */
/* Whatever bytes a file has, the reader gives a story or errors. The first byte chooses the variant, the rest is the text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "scenario/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics diagnostics;
    struct scenario_options options = {0};
    if (size == 0)
        return 0;
    options.variant = data[0] % 3;
    struct story *story = scenario_read("fuzz.scn", (const char *)data + 1, size - 1, &options, &diagnostics);
    if ((story == NULL) != (diagnostics.count > 0))
        abort();
    if (story != NULL)
        story_draw(story, size);
    story_free(story);
    return 0;
}
