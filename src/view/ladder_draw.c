/* SPDX-License-Identifier: MIT */
/* Drawing the rows:
 *
 *         time      client                                     server
 *        1.000  FIN_WAIT_1 │── FIN ACK seq 1 ack 1 ─────╮         │
 *        1.010             │                            ╰────────▶│ CLOSE_WAIT
 *            ⋮  FIN_WAIT_1 │             ⋮ 200 ms                 │ CLOSE_WAIT
 *
 * A segment whose arrival is the next thing on the wire is one bent arrow; else its departure and its arrival each carry its name. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tcp/state.h"
#include "view/ladder_page.h"

/* Writes `s` beside its lane, on as many lines as it takes. */
static void beside(struct page *page, unsigned lane, const char *s, enum style style)
{
    bool left = ladder_outside(page->ladder) && lane == 0;
    char piece[256];
    for (unsigned line = 0; *s != '\0' && line < PAGE_LINES; line++) {
        size_t bytes = canvas_break(s, page->cell_width[lane]);
        snprintf(piece, sizeof piece, "%.*s", (int)(bytes < sizeof piece ? bytes : sizeof piece - 1), s);
        int x = left ? page->lane_x[lane] - 1 - canvas_width(piece) : page->lane_x[lane] + 2;
        canvas_text(page_line(page, line), x, piece, style);
        s += bytes;
        s += *s == ' ';
    }
}

static void cell_draw(struct page *page, unsigned lane, const struct cell *cell)
{
    if (cell->kind == CELL_NONE)
        return;
    struct text text = {0};
    enum style style = page_cell_text(&text, page, cell, true);
    if ((cell->kind == CELL_CALL || cell->kind == CELL_RETURN) && text.bytes != NULL && canvas_width(text.bytes) > page->cell_width[lane]) {
        text.length = 0;
        style = page_cell_text(&text, page, cell, false);
    }
    if (text.bytes != NULL)
        beside(page, lane, text.bytes, style);
    page->failed = page->failed || text.failed;
    text_free(&text);
}

/* ---- lines that are no events ---- */

/* Between the lanes, on as many lines as it takes; with a fill (a fault) on one line, over all of the page. */
static void centred(struct page *page, const char *s, enum style style, uint32_t fill)
{
    int left = page->left, right = page->right;
    if (fill != ' ') {
        canvas_repeat(page_line(page, 0), left, right, fill, style);
    } else if (ladder_outside(page->ladder)) {
        left = page->lane_x[0] + 1;
        right = page->lane_x[1] - 1;
    }
    for (unsigned line = 0; *s != '\0' && line < PAGE_LINES; line++) {
        char piece[256];
        size_t bytes = canvas_break(s, right - left - 1);
        snprintf(piece, sizeof piece, "%.*s", (int)(bytes < sizeof piece ? bytes : sizeof piece - 1), s);
        int x = left + (right - left + 1 - canvas_width(piece)) / 2;
        canvas_put(page_line(page, line), x - 1, ' ', STYLE_PLAIN);
        x = canvas_text(page_line(page, line), x, piece, style);
        canvas_put(page_line(page, line), x, ' ', STYLE_PLAIN);
        s += bytes;
        s += *s == ' ';
    }
}

/* Among several lanes: behind the first one's state, or below it. */
static void gap_among(struct page *page, const char *s)
{
    int x = page->left + 2;
    bool below = false;
    if (page->open[0] == 1 && page->ladder->shown == UINT32_MAX) {
        int behind = page->lane_x[0] + 2 + canvas_width(tcp_state_name((enum tcp_state)page->sum[0])) + 2;
        below = behind + canvas_width(s) >= page->lane_x[1];
        x = below ? page->lane_x[0] + 2 : behind;
    }
    canvas_text(page_line(page, below ? 1 : 0), x, s, STYLE_DIM);
    page_lanes(page);
}

/* Nothing happens for a while: how long, and the state that each end keeps. */
static void gap(struct page *page, struct text *out, int64_t ns)
{
    struct text text = {0};
    page_begin(page);
    page_lanes(page);
    canvas_put(page_line(page, 0), page->left - 3, page->glyphs->dots, STYLE_DIM);
    for (unsigned lane = 0; lane < page->ladder->lanes; lane++) {
        if (page->open[lane] == 1 && page->ladder->shown == UINT32_MAX)
            beside(page, lane, tcp_state_name((enum tcp_state)page->sum[lane]), STYLE_DIM);
    }
    text_puts(&text, page->canvas[0].unicode ? "⋮ " : ": ");
    page_span(&text, ns);
    if (ladder_outside(page->ladder) || page->ladder->lanes == 1)
        centred(page, text.bytes != NULL ? text.bytes : "", STYLE_DIM, ' ');
    else
        gap_among(page, text.bytes != NULL ? text.bytes : "");
    page_end(page, out);
    page->failed = page->failed || text.failed;
    text_free(&text);
}

static void rule(struct page *page, struct text *out)
{
    page_begin(page);
    canvas_repeat(page_line(page, 0), page->left, page->right, page->glyphs->dash, STYLE_DIM);
    page_end(page, out);
}

static void paragraph(struct page *page, struct text *out, const char *s, const char *mark, enum style style, bool timed, int64_t time_ns)
{
    char piece[1024];
    int indent = canvas_width(mark);
    bool first = true;
    while (*s != '\0' || first) {
        page_begin(page);
        if (first && timed)
            page_time(page, time_ns);
        size_t line = strcspn(s, "\n");
        size_t bytes = canvas_break(s, page->right - page->left - 3 - indent);
        bytes = bytes < line ? bytes : line;
        snprintf(piece, sizeof piece, "%.*s", (int)(bytes < sizeof piece ? bytes : sizeof piece - 1), s);
        if (first)
            canvas_text(page_line(page, 0), page->left + 2, mark, style);
        canvas_text(page_line(page, 0), page->left + 2 + indent, piece, style);
        page_end(page, out);
        s += bytes;
        s += *s == ' ' || *s == '\n';
        first = false;
    }
}

static void note(struct page *page, struct text *out, const struct row *row)
{
    const struct story *story = page->ladder->glossary->story;
    const struct trace_event *e = ladder_event(page->ladder, row->event);
    if (e->statement < 1 || e->statement > story->statement_count)
        return;
    const struct story_statement *s = &story->statements[e->statement - 1];
    bool ask = s->kind == STATEMENT_ASK;
    if (!page->after_note)
        rule(page, out);
    paragraph(page, out, s->text != NULL ? s->text : "", ask ? "? " : "", STYLE_SAY, true, row->time_ns);
    if (ask) {
        char buffer[128];
        paragraph(page, out, judge_answer(page->ladder->judgement, story, e, buffer, sizeof buffer), page->canvas[0].unicode ? "→ " : "> ",
                  STYLE_STATE, false, 0);
    }
    page->after_note = true;
}

static void fault(struct page *page, struct text *out, const struct row *row)
{
    struct text text = {0};
    glossary_fault_text(&text, page->ladder->glossary, ladder_event(page->ladder, row->event));
    page_begin(page);
    page_time(page, row->time_ns);
    centred(page, text.bytes != NULL ? text.bytes : "", STYLE_FAULT, page->glyphs->flight);
    page_end(page, out);
    page->failed = page->failed || text.failed;
    text_free(&text);
}

static void summary(struct page *page, struct text *out, const struct row *row, const char *text)
{
    page_begin(page);
    page_time(page, row->time_ns);
    centred(page, text, STYLE_DIM, ' ');
    page_lanes(page);
    page_end(page, out);
}

static void others(struct page *page, struct text *out, const struct row *row)
{
    char text[120];
    int length = snprintf(text, sizeof text, "%s %u event%s of connection", page->canvas[0].unicode ? "…" : "...", (unsigned)row->event,
                          row->event == 1 ? "" : "s");
    if (row->first == row->last)
        snprintf(text + length, sizeof text - (size_t)length, " %u", (unsigned)row->first);
    else
        snprintf(text + length, sizeof text - (size_t)length, "s %u to %u", (unsigned)row->first, (unsigned)row->last);
    summary(page, out, row, text);
}

static void fold(struct page *page, struct text *out, uint32_t first)
{
    struct text text = {0};
    page_fold_text(&text, page, first);
    summary(page, out, &page->ladder->rows[first], text.bytes != NULL ? text.bytes : "");
    page->failed = page->failed || text.failed;
    text_free(&text);
}

/* ---- events ---- */

static void follow_state(struct page *page, unsigned lane, const struct trace_event *e)
{
    if (e->kind != TRACE_STATE)
        return;
    bool was = e->state.from != TCP_CLOSED && e->state.from != TCP_LISTEN, is = e->state.to != TCP_CLOSED && e->state.to != TCP_LISTEN;
    page->open[lane] += (int)is - (int)was;
    page->sum[lane] += (is ? e->state.to : 0) - (was ? e->state.from : 0);
}

void page_before(struct page *page)
{
    const struct ladder *ladder = page->ladder;
    for (uint32_t i = 0; i < ladder->first; i++) {
        const unsigned lane = ladder->lane_of[ladder_event(ladder, i)->host];
        if (lane != LANE_NONE)
            follow_state(page, lane, ladder_event(ladder, i));
    }
    page->last_ns = ladder->first > 0 ? ladder_event(ladder, ladder->first - 1)->time_ns : 0;
}

static void events(struct page *page, struct text *out, uint32_t index)
{
    const struct row *row = &page->ladder->rows[index];
    const struct cell *cells = ladder_cells(page->ladder, index);
    page_begin(page);
    for (unsigned lane = 0; lane < page->ladder->lanes; lane++) {
        if (cells[lane].kind == CELL_STATE)
            follow_state(page, lane, ladder_event(page->ladder, cells[lane].event));
    }
    page_time(page, row->time_ns);
    if (row->wire != WIRE_NONE)
        arrow_draw(page, index);
    for (unsigned lane = 0; lane < page->ladder->lanes; lane++)
        cell_draw(page, lane, &cells[lane]);
    page_lanes(page);
    arrow_pass(page);
    page_end(page, out);
}

void ladder_row(struct page *page, struct text *out, uint32_t index)
{
    const struct row *row = &page->ladder->rows[index];
    bool idle = row->time_ns - page->last_ns > page->idle_ns;
    if (page->after_note && (idle || row->kind != ROW_NOTE)) {
        rule(page, out);
        page->after_note = false;
    }
    if (idle)
        gap(page, out, row->time_ns - page->last_ns);
    page->last_ns = row->to_ns > row->time_ns ? row->to_ns : row->time_ns;
    if (row->folds > 0) {
        fold(page, out, index);
        return;
    }
    switch ((enum row_kind)row->kind) {
    case ROW_EVENTS:
        events(page, out, index);
        break;
    case ROW_NOTE:
        note(page, out, row);
        break;
    case ROW_FAULT:
        fault(page, out, row);
        break;
    case ROW_OTHERS:
        others(page, out, row);
        break;
    }
}

static void run_ends(struct page *page, struct text *out, int64_t end_ns)
{
    if (page->after_note)
        rule(page, out);
    page->after_note = false;
    if (end_ns - page->last_ns > page->idle_ns)
        gap(page, out, end_ns - page->last_ns);
    if (end_ns > page->last_ns) {
        page_begin(page);
        page_lanes(page);
        page_time(page, end_ns);
        centred(page, "the run ends", STYLE_DIM, ' ');
        page_end(page, out);
    }
}

void ladder_draw(struct text *out, const struct ladder *ladder)
{
    struct page page;
    if (!page_init(&page, ladder)) {
        text_puts(out, "# more hosts than fit a ladder of this width: as a table\n");
        view_table(out, ladder->glossary->story, ladder->glossary->trace, ladder->judgement, ladder->options);
        return;
    }
    page_head(&page, out);
    for (uint32_t i = 0; i < ladder->count;) {
        ladder_row(&page, out, i);
        i += ladder->rows[i].folds > 0 ? ladder->rows[i].folds : 1;
    }
    run_ends(&page, out, ladder->judgement->end_ns);
    text_putc(out, '\n');
    out->failed = out->failed || page.failed;
}
