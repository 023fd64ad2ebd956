/* SPDX-License-Identifier: MIT */
/* Scenario text -> the same scenario in its one layout (docs/language.md, "One layout"). */
#ifndef LASTACK_SCENARIO_FORMAT_H
#define LASTACK_SCENARIO_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Lays out what scenario_read accepts: words, comments and their order stay, blanks are the language's own. Laying out its own answer
 * changes nothing. Adds to `out`, which a file near SCENARIO_BYTES_MAX may make too large to be read; false if the words of the answer were
 * not those of the text, which is a mistake of this file. */
bool scenario_format(const char *text, size_t length, struct text *out);

#endif
