/* SPDX-License-Identifier: MIT */
/* The ladder of a run that goes on, on a screen of so many lines: the hosts' names, then the newest lines. Only what fits is laid out, and
 * the columns are those that the story may come to need, so that nothing jumps while it is played. */
#include <string.h>

#include "view/ladder_page.h"
#include "view/rules.h"

#define EVENTS_A_LINE 24u /* looked at for each line of the screen: many events are no line */

/* Where the last `lines` lines of the text begin. */
static const char *tail(const char *text, size_t length, unsigned lines)
{
    const char *at = text + length;
    if (at > text)
        at--; /* the line feed at the end */
    while (at > text && (at[-1] != '\n' || --lines > 0))
        at--;
    return at;
}

static void lines_add(struct text *out, struct text *lines, unsigned count)
{
    if (lines->bytes != NULL && count > 0)
        text_puts(out, tail(lines->bytes, lines->length, count));
    out->failed = out->failed || lines->failed;
    text_free(lines);
}

/* Hosts that have no room for their lanes: what happens, in sentences. */
static void sentences(struct text *out, const struct ladder *ladder, unsigned rows)
{
    const struct trace *trace = ladder->glossary->trace;
    struct text lines = {0};
    for (uint32_t n = trace->count > rows ? trace->count - rows + 1 : 1; n <= trace->count; n++) {
        text_seconds(&lines, trace->events[n - 1].time_ns);
        text_puts(&lines, "  ");
        why_sentence(&lines, ladder->glossary, n);
        text_putc(&lines, '\n');
    }
    lines_add(out, &lines, rows);
}

static void screen(struct text *out, const struct ladder *ladder, unsigned rows)
{
    struct page page;
    struct text head = {0}, body = {0};
    if (!page_init(&page, ladder)) {
        sentences(out, ladder, rows);
        return;
    }
    page_head(&page, &head);
    lines_add(out, &head, 1);
    page_before(&page);
    for (uint32_t i = 0; i < ladder->count; i++)
        ladder_row(&page, &body, i);
    lines_add(out, &body, rows - 1);
    out->failed = out->failed || page.failed;
}

void view_screen(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options, unsigned rows)
{
    struct glossary glossary;
    struct ladder ladder;
    glossary_init(&glossary, story, trace);
    if (ladder_build_live(&ladder, &glossary, judgement, options,
                          trace->count > rows * EVENTS_A_LINE ? trace->count - rows * EVENTS_A_LINE : 0))
        screen(out, &ladder, rows);
    out->failed = out->failed || ladder.failed;
    ladder_free(&ladder);
    glossary_done(&glossary);
}
