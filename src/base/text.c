/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"

#define TEXT_FIRST_CAPACITY 256
#define DIGITS_MAX 20 /* of a uint64_t */

/* Room for `more` bytes and the NUL behind them. */
static bool text_reserve(struct text *text, size_t more)
{
    if (text->failed)
        return false;
    if (more < text->capacity - text->length)
        return true;
    size_t wanted;
    size_t capacity = text->capacity == 0 ? TEXT_FIRST_CAPACITY : text->capacity;
    if (__builtin_add_overflow(text->length, more, &wanted) || wanted >= SIZE_MAX / 2) {
        text->failed = true;
        return false;
    }
    while (capacity <= wanted)
        capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    if (bytes == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    if (!text_reserve(text, length))
        return;
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_puts(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_putc(struct text *text, char c)
{
    text_add(text, &c, 1);
}

void text_repeat(struct text *text, const char *string, unsigned times)
{
    size_t length = strlen(string);
    for (; times > 0 && !text->failed; times--)
        text_add(text, string, length);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
        return;
    }
    if (!text_reserve(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

/* The decimal digits of `value`, at least `width` of them, into the end of `digits`; returns where they begin. */
static unsigned digits_of(char digits[DIGITS_MAX], uint64_t value, unsigned width)
{
    unsigned at = DIGITS_MAX;
    while (value != 0 || at > DIGITS_MAX - width) {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    }
    return at;
}

void text_u64(struct text *text, uint64_t value)
{
    char digits[DIGITS_MAX];
    unsigned at = digits_of(digits, value, 1);
    text_add(text, digits + at, DIGITS_MAX - at);
}

/* |value| as unsigned, the sign written; INT64_MIN included. */
static uint64_t text_sign(struct text *text, int64_t value)
{
    if (value >= 0)
        return (uint64_t)value;
    text_putc(text, '-');
    return -(uint64_t)value;
}

void text_i64(struct text *text, int64_t value)
{
    text_u64(text, text_sign(text, value));
}

/* value / unit, `unit` a power of ten of `decimals` zeros, without trailing zeros behind the point. */
static void text_decimal(struct text *text, uint64_t value, uint64_t unit, unsigned decimals)
{
    text_u64(text, value / unit);
    uint64_t rest = value % unit;
    if (rest == 0)
        return;
    for (; rest % 10 == 0; decimals--)
        rest /= 10;
    char digits[DIGITS_MAX];
    unsigned at = digits_of(digits, rest, decimals);
    text_putc(text, '.');
    text_add(text, digits + at, DIGITS_MAX - at);
}

void text_duration(struct text *text, int64_t ns)
{
    const uint64_t us = (uint64_t)NS_PER_US, ms = (uint64_t)NS_PER_MS, s = (uint64_t)NS_PER_S, min = 60 * s, h = 60 * min;
    if (ns == 0 || ns == TIME_NEVER) {
        text_puts(text, ns == 0 ? "0" : "never");
        return;
    }
    uint64_t value = text_sign(text, ns);
    if (value % min == 0) { /* whole minutes and hours only: 90s, not 1.5min */
        text_u64(text, value % h == 0 ? value / h : value / min);
        text_puts(text, value % h == 0 ? "h" : "min");
    } else if (value >= s) {
        text_decimal(text, value, s, 9);
        text_putc(text, 's');
    } else if (value >= ms) {
        text_decimal(text, value, ms, 6);
        text_puts(text, "ms");
    } else if (value >= us) {
        text_decimal(text, value, us, 3);
        text_puts(text, "us");
    } else {
        text_u64(text, value);
        text_puts(text, "ns");
    }
}

void text_seconds(struct text *text, int64_t ns)
{
    if (ns == TIME_NEVER) {
        text_puts(text, "never");
        return;
    }
    uint64_t value = text_sign(text, ns);
    uint64_t fraction = value % (uint64_t)NS_PER_S;
    unsigned decimals = 9;
    for (; decimals > 3 && fraction % 1000 == 0; decimals -= 3) /* three at a time, as clocks are read: milli, micro, nano */
        fraction /= 1000;
    char digits[DIGITS_MAX];
    unsigned at = digits_of(digits, fraction, decimals);
    text_u64(text, value / (uint64_t)NS_PER_S);
    text_putc(text, '.');
    text_add(text, digits + at, DIGITS_MAX - at);
}

size_t text_line_count(const struct text *text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text->length; i++)
        lines += text->bytes[i] == '\n';
    return lines;
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

unsigned word_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_LONGEST + 1];
    if (a_length > WORD_LONGEST || b_length > WORD_LONGEST)
        return WORD_LONGEST;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_length % 3][b_length];
}
