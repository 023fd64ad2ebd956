/* SPDX-License-Identifier: MIT */
/* What the reader's tests share: reading a text, and saying what was found when it is not what should be. */
#ifndef LASTACK_TESTS_SCENARIO_READING_H
#define LASTACK_TESTS_SCENARIO_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/reader.h"

/* Two hosts, a program each: the ground that a mistake is put on. Eight lines. */
#define GROUND \
    "host client\nhost server\nlink client -- server  delay 10ms\n" \
    "app client\n    connect server:80\n    close\n" \
    "service server 80\n    close\n"

static inline struct story *read_text(const char *text, const struct scenario_options *options, struct diagnostics *diagnostics)
{
    return scenario_read("test.scn", text, strlen(text), options, diagnostics);
}

/* Reads what must be right. */
static inline struct story *read_right(const char *text, uint16_t variant)
{
    struct diagnostics diagnostics;
    struct scenario_options options = {.variant = variant};
    struct story *story = read_text(text, &options, &diagnostics);
    if (story == NULL)
        fail_msg("line %u column %u: %s (%s)", diagnostics.list[0].line, diagnostics.list[0].column, diagnostics.list[0].message,
                 diagnostics.list[0].help);
    return story;
}

/* Reads what must have this error, as its first, at this place. */
static inline void read_wrong(const char *text, uint32_t line, uint32_t column, const char *message)
{
    struct diagnostics diagnostics;
    struct story *story = read_text(text, NULL, &diagnostics);
    if (story != NULL)
        fail_msg("no error in:\n%s", text);
    const struct diagnostic *first = &diagnostics.list[0];
    if (first->line != line || first->column != column || strcmp(first->message, message) != 0)
        fail_msg("%u:%u: %s\nwanted %u:%u: %s\nin:\n%s", first->line, first->column, first->message, line, column, message, text);
}

#endif
