/* SPDX-License-Identifier: MIT */
/* A growing text. A failed allocation sets `failed`; later calls do nothing; the owner looks once, at the end. */
#ifndef LASTACK_BASE_TEXT_H
#define LASTACK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes; /* always NUL-terminated once something was added; NULL before */
    size_t length, capacity;
    bool failed;
};

void text_add(struct text *text, const char *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_putc(struct text *text, char c);
void text_repeat(struct text *text, const char *string, unsigned times);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_u64(struct text *text, uint64_t value);
void text_i64(struct text *text, int64_t value);
/* ns as the language writes it, exactly: whole hours and minutes as such ("1h", "2min"), all else in the largest of s, ms, us, ns that
 * it reaches ("90s", "1.5s", "500ms", "250us"); "0" for none, "never" for TIME_NEVER, a minus sign before a negative one. */
void text_duration(struct text *text, int64_t ns);
/* ns as seconds with three decimals, or six or nine where those are not all zero: "5.040", "0.000500"; "never" for TIME_NEVER. */
void text_seconds(struct text *text, int64_t ns);
size_t text_line_count(const struct text *text); /* line feeds in it */
void text_free(struct text *text);

/* How many letters somebody mistyped who wrote one word for the other: one inserted, left out, changed, or two neighbours exchanged count
 * one (the optimal string alignment distance). Words longer than this many bytes are that far from all others. */
#define WORD_LONGEST 64u
unsigned word_distance(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
