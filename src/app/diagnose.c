/* SPDX-License-Identifier: MIT */
/* Diagnostics as text:
 *
 *   cut.scn:12:20: error: FINWAIT1 is not a TCP state
 *      12 | when client enters FINWAIT1  cut client -- server for 5s
 *         |                    ^~~~~~~~ did you mean FIN_WAIT_1?
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/typed.h"

#define LINE_SHOWN 160u /* characters of a line; of a longer one the part around the column */

struct shown_line {
    const char *bytes;
    size_t length;
};

static bool line_find(const struct file *file, uint32_t number, struct shown_line *line)
{
    const char *at = file->bytes, *end = file->bytes + file->length;
    if (file->bytes == NULL || number == 0)
        return false;
    for (uint32_t i = 1; i < number; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (at == NULL)
            return false;
        at++;
    }
    const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    line->bytes = at;
    line->length = (size_t)((stop != NULL ? stop : end) - at);
    if (line->length > 0 && at[line->length - 1] == '\r')
        line->length--;
    return true;
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Steps over `count` characters. */
static size_t skip(const struct shown_line *line, size_t at, uint32_t count)
{
    while (count > 0 && at < line->length) {
        at++;
        while (at < line->length && continues(line->bytes[at]))
            at++;
        count--;
    }
    return at;
}

/* Bytes of the well-formed character at `at`, as far as a terminal is concerned; 0: none. */
static size_t character(const struct shown_line *line, size_t at)
{
    unsigned char c = (unsigned char)line->bytes[at];
    size_t more = c < 0x80 ? 0 : c >= 0xF0 && c < 0xF5 ? 3 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xC2 && c < 0xE0 ? 1 : SIZE_MAX;
    if (more == SIZE_MAX || (c < 0x20 && c != '\t') || c == 0x7F || more >= line->length - at)
        return 0;
    if (c == 0xC2 && (unsigned char)line->bytes[at + 1] < 0xA0) /* C1 controls */
        return 0;
    for (size_t i = 1; i <= more; i++) {
        if (!continues(line->bytes[at + i]))
            return 0;
    }
    return more + 1;
}

/* The line, without what would move the cursor or the colours of a terminal; tabs stay. */
static void line_text(struct text *out, const struct shown_line *line, size_t from, size_t to)
{
    for (size_t i = from; i < to;) {
        size_t bytes = character(line, i);
        if (bytes == 0)
            text_putc(out, '?');
        else
            text_add(out, line->bytes + i, bytes);
        i += bytes == 0 ? 1 : bytes;
    }
}

static void caret(struct text *out, const struct shown_line *line, size_t from, const struct diagnostic *d, uint32_t column,
                  const char *help)
{
    size_t at = from;
    text_puts(out, "      | ");
    for (uint32_t i = 1; i < column; i++) {
        text_putc(out, at < line->length && line->bytes[at] == '\t' ? '\t' : ' ');
        at = skip(line, at, 1);
    }
    text_putc(out, '^');
    text_repeat(out, "~", d->width > 1 ? (d->width < LINE_SHOWN ? d->width : LINE_SHOWN) - 1 : 0);
    if (*help != '\0') {
        text_putc(out, ' ');
        text_add(out, help, strcspn(help, "\n"));
    }
    text_putc(out, '\n');
}

/* The line and its caret; returns what of the help is still to be said. */
static const char *show(struct text *out, const struct diagnostic *d, const struct file *file)
{
    struct shown_line line;
    const char *help = d->help;
    uint32_t column = d->column == 0 ? 1 : d->column;
    if (d->width == 0 || !line_find(file, d->line, &line))
        return help;
    uint32_t before = column > LINE_SHOWN / 2 ? column - LINE_SHOWN / 2 : 0;
    size_t all = skip(&line, 0, LINE_SHOWN);
    size_t from = all == line.length ? 0 : skip(&line, 0, before);
    column -= from == 0 ? 0 : before;
    text_printf(out, "%5u | ", (unsigned)d->line);
    line_text(out, &line, from, skip(&line, from, LINE_SHOWN));
    text_putc(out, '\n');
    if (d->severity == SEVERITY_FAILED)
        return help;
    caret(out, &line, from, d, column, help);
    help += strcspn(help, "\n");
    return *help == '\n' ? help + 1 : help;
}

/* What does not fit stays as it was. */
static void as_typed(char *message, size_t size)
{
    struct text text = {0};
    typed_text(&text, message);
    if (text.length < size && text.bytes != NULL)
        memcpy(message, text.bytes, text.length + 1);
    text_free(&text);
}

static void one(struct text *out, const struct diagnostic *said, const char *name, const struct file *file, bool colour)
{
    struct diagnostic typed = *said;
    const struct diagnostic *d = &typed;
    as_typed(typed.message, sizeof typed.message);
    as_typed(typed.help, sizeof typed.help);
    static const char *const words[] = {[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_FAILED] = "failed"};
    text_printf(out, "%s%s:", colour ? "\033[1m" : "", name);
    if (d->line != 0)
        text_printf(out, "%u:%u:", (unsigned)d->line, (unsigned)(d->column == 0 ? 1 : d->column));
    text_printf(out, "%s %s%s:%s %s\n", colour ? "\033[0m" : "",
                colour ? (d->severity == SEVERITY_WARNING ? "\033[1;33m" : "\033[1;31m") : "", words[d->severity], colour ? "\033[0m" : "",
                d->message);
    const char *help = show(out, d, file);
    while (*help != '\0') {
        size_t length = strcspn(help, "\n");
        text_puts(out, "      | ");
        text_add(out, help, length);
        text_putc(out, '\n');
        help += length + (help[length] == '\n');
    }
}

void diagnostics_text(struct text *out, const struct diagnostics *diagnostics, const char *name, const struct file *file, bool colour)
{
    for (uint32_t i = 0; i < diagnostics->count && i < DIAGNOSTICS_MAX; i++) {
        if (i > 0)
            text_putc(out, '\n');
        one(out, &diagnostics->list[i], name, file, colour);
    }
    if (diagnostics->count > DIAGNOSTICS_MAX)
        text_printf(out, "\n%s: and %u more\n", name, (unsigned)(diagnostics->count - DIAGNOSTICS_MAX));
}

void diagnostics_print(const struct diagnostics *diagnostics, const char *name, const struct file *file)
{
    struct text text = {0};
    diagnostics_text(&text, diagnostics, name, file, terminal_colour(STDERR_FILENO));
    if (text.bytes != NULL)
        fputs(text.bytes, stderr);
    text_free(&text);
}
