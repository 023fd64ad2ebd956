/* SPDX-License-Identifier: MIT */
/* The ladder as it stands at one moment of the run, on a screen of so many lines: the hosts' names, then the newest lines. The columns are
 * those of the whole run, so that nothing jumps as it is played. */
#include <string.h>

#include "view/ladder_page.h"

/* Takes away what comes after event `until` (its index + 1); true: something of the row is left. */
static bool row_cut(struct ladder *ladder, uint32_t index, uint32_t until, int64_t until_ns)
{
    struct row *row = &ladder->rows[index];
    struct cell *cells = ladder_cells(ladder, index);
    bool left = false;
    if (row->kind == ROW_OTHERS)
        return row->time_ns <= until_ns;
    if (row->kind != ROW_EVENTS)
        return row->event < until;
    if (row->wire != WIRE_NONE && row->segment >= until)
        row->wire = WIRE_NONE;
    if ((row->wire == WIRE_DIES_NEAR || row->wire == WIRE_DIES_FAR) && row->drop >= until)
        row->wire = WIRE_LEAVES;
    left = row->wire != WIRE_NONE;
    for (unsigned lane = 0; lane < ladder->lanes; lane++) {
        if (cells[lane].kind != CELL_NONE && cells[lane].event >= until)
            cells[lane].kind = CELL_NONE;
        if (cells[lane].kind == CELL_CALL && cells[lane].done > until)
            cells[lane].done = 0;
        left = left || cells[lane].kind != CELL_NONE;
    }
    return left;
}

static void cut(struct ladder *ladder, uint32_t until)
{
    const struct trace *trace = ladder->glossary->trace;
    const int64_t until_ns = until > 0 ? trace->events[until - 1].time_ns : -1;
    uint32_t count = 0;
    while (count < ladder->count && ladder->rows[count].time_ns < until_ns) {
        row_cut(ladder, count, until, until_ns);
        count++;
    }
    for (uint32_t i = count; i < ladder->count && ladder->rows[i].time_ns <= until_ns; i++) {
        if (row_cut(ladder, i, until, until_ns))
            count = i + 1;
    }
    ladder->count = count;
}

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

static void screen(struct text *out, struct ladder *ladder, uint32_t until, unsigned rows)
{
    struct page page;
    struct text head = {0}, body = {0};
    if (!page_init(&page, ladder)) {
        text_puts(out, "more hosts than fit a screen of this width\n");
        return;
    }
    page_head(&page, &head);
    lines_add(out, &head, 1);
    cut(ladder, until);
    for (uint32_t i = 0; i < ladder->count; i++)
        ladder_row(&page, &body, i);
    lines_add(out, &body, rows - 1);
    out->failed = out->failed || page.failed;
}

void view_screen(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options, uint32_t until, unsigned rows)
{
    struct glossary glossary;
    struct ladder ladder;
    struct view_options all = *options;
    all.full = true;
    glossary_init(&glossary, story, trace);
    if (ladder_build(&ladder, &glossary, judgement, &all, false))
        screen(out, &ladder, until, rows);
    out->failed = out->failed || ladder.failed;
    ladder_free(&ladder);
    glossary_done(&glossary);
}
