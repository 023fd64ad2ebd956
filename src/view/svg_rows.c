/* SPDX-License-Identifier: MIT */
/* The words of each line: a time at the axis, what each host's program did and its TCP became, what somebody says. A line is a group with
 * coordinates of its own, so that one that comes in anew moves the others without changing them. */
#include "tcp/state.h"
#include "view/svg.h"

/* ---- what an end waits for ---- */

/* The state that a host is in, if it has one connection; NULL otherwise. */
static const char *only_state(const struct svg *svg, unsigned lane, int64_t time_ns)
{
    const struct svg_span *only = NULL;
    for (uint32_t s = 0; s < svg->span_count; s++) {
        const struct svg_span *span = &svg->spans[s];
        if (span->kind != SPAN_STATE || span->lane != lane || span->from_ns > time_ns || (!svg_span_open(span) && span->to_ns <= time_ns))
            continue;
        if (only != NULL)
            return NULL;
        only = span;
    }
    return only != NULL ? tcp_state_name((enum tcp_state)only->value) : NULL;
}

/* The timer that goes off first. */
static const char *next_timer(const struct svg *svg, unsigned lane, int64_t time_ns)
{
    const struct svg_span *next = NULL;
    int64_t next_ns = TIME_NEVER;
    for (uint32_t s = 0; s < svg->span_count; s++) {
        const struct svg_span *span = &svg->spans[s];
        if (span->kind != SPAN_TIMER || span->lane != lane || span->from_ns > time_ns || (!svg_span_open(span) && span->to_ns <= time_ns))
            continue;
        int64_t at_ns = ladder_event(&svg->ladder, span->from)->timer.at_ns;
        if (next == NULL || at_ns < next_ns) {
            next = span;
            next_ns = at_ns;
        }
    }
    return next != NULL ? tcp_timer_name((enum tcp_timer)next->value) : NULL;
}

/* ---- beside the lanes ---- */

/* The side of its column that an event's words stand at. */
static unsigned words_side(const struct svg *svg, unsigned lane, uint32_t conn)
{
    const struct svg_lane *l = &svg->lanes[lane];
    if (!l->used[0] || !l->used[1])
        return l->used[1];
    if (conn == 0 || conn > svg->glossary->conns)
        return 0;
    return svg_side(svg, lane, conn, svg->peer_lane[(size_t)conn * 2] == lane);
}

static void beside(struct svg *svg, unsigned lane, uint32_t conn, int y, const char *classes, const char *words)
{
    const struct svg_lane *l = &svg->lanes[lane];
    unsigned side = words_side(svg, lane, conn);
    svg_text(svg, side == 0 ? l->words_x : l->words_x + l->words_width, y, classes, side == 0 ? ANCHOR_START : ANCHOR_END, words);
}

/* How long the timer that goes off here had run: the back-off, told. */
static void ran_for(const struct svg *svg, struct text *text, const struct cell *cell)
{
    for (uint32_t s = svg->span_count; s-- > 0;) {
        const struct svg_span *span = &svg->spans[s];
        if (span->kind == SPAN_TIMER && span->to == cell->event) {
            text_puts(text, ", ");
            page_span(text, span->to_ns - span->from_ns);
            return;
        }
    }
}

static const char *class_of(const struct svg *svg, const struct cell *cell, enum style style)
{
    const struct trace_event *done = cell->done != 0 ? ladder_event(&svg->ladder, cell->done - 1) : ladder_event(&svg->ladder, cell->event);
    if (style == STYLE_STATE)
        return "word became";
    if (style == STYLE_TIMER)
        return "word fires";
    return style == STYLE_LOST || (done->kind == TRACE_RETURN && done->call.error != TCP_OK) ? "word error" : "word";
}

static void cell(struct svg *svg, unsigned lane, const struct cell *cell)
{
    const struct trace_event *e = ladder_event(&svg->ladder, cell->event);
    const struct trace_event *done = cell->done != 0 ? ladder_event(&svg->ladder, cell->done - 1) : e;
    struct text text = {0}, whole = {0};
    enum style style = page_cell_text(&text, &svg->words, cell, true);
    int width = svg->lanes[lane].words_width;
    if (style == STYLE_TIMER)
        ran_for(svg, &text, cell);
    text_puts(&whole, text.bytes != NULL ? text.bytes : "");
    if (style == STYLE_CALL && svg_text_width(whole.bytes != NULL ? whole.bytes : "", SVG_WORD, false) > width) {
        text.length = 0;
        page_cell_text(&text, &svg->words, cell, false);
    }
    svg_cut(&text, SVG_WORD, style == STYLE_STATE, width);
    text_printf(svg->out, "<g id=\"%se%u\" class=\"event\"><title>", svg->prefix, (unsigned)cell->event + 1);
    svg_escape(svg->out, whole.bytes != NULL ? whole.bytes : "");
    text_printf(svg->out, ", %s</title>\n", glossary_host(svg->glossary, svg->lanes[lane].node));
    beside(svg, lane, e->conn != 0 ? e->conn : done->conn, 4, class_of(svg, cell, style), text.bytes != NULL ? text.bytes : "");
    text_puts(svg->out, "</g>\n");
    svg->failed = svg->failed || text.failed || whole.failed;
    text_free(&text);
    text_free(&whole);
}

static void events(struct svg *svg, const struct svg_line *line)
{
    const struct row *row = &svg->ladder.rows[line->row];
    const struct cell *cells = ladder_cells(&svg->ladder, line->row);
    if (row->wire != WIRE_NONE)
        svg_arrow(svg, line);
    for (unsigned lane = 0; lane < svg->ladder.lanes; lane++) {
        if (cells[lane].kind != CELL_NONE)
            cell(svg, lane, &cells[lane]);
    }
}

/* ---- across ---- */

static int middle(const struct svg *svg)
{
    return svg->ladder.lanes == 2 ? (svg->lanes[0].rail[1] + svg->lanes[1].rail[0]) / 2 : (svg->axis_x + svg->width) / 2;
}

/* The middle, or where no box stands. */
static int idle_x(const struct svg *svg, int left, int right)
{
    int x = (left + right) / 2;
    for (unsigned node = 0; node < SVG_NODES; node++) {
        if (svg->box_x[node] > x - 50 && svg->box_x[node] < x + 50)
            return left + (svg->box_x[node] - left) / 2;
    }
    return x;
}

/* How long nothing happens, and what each end waits for. */
static void idle(struct svg *svg, const struct svg_line *line)
{
    struct text text = {0};
    int gap = svg->ladder.lanes > 1 ? idle_x(svg, svg->lanes[0].rail[1], svg->lanes[1].rail[0]) : middle(svg);
    text_puts(&text, "⋮ ");
    page_span(&text, line->to_ns - line->time_ns);
    svg_text(svg, gap, 4, "idle", ANCHOR_MIDDLE, text.bytes != NULL ? text.bytes : "");
    for (unsigned lane = 0; lane < svg->ladder.lanes && svg->ladder.shown == UINT32_MAX; lane++) {
        const char *state = only_state(svg, lane, line->time_ns), *timer = next_timer(svg, lane, line->time_ns);
        if (state == NULL)
            continue;
        beside(svg, lane, 0, -4, svg->page ? "still\" aria-hidden=\"true" : "still", state);
        text.length = 0;
        text_printf(&text, "%s%s", timer != NULL ? "waits: " : "no timer runs", timer != NULL ? timer : "");
        beside(svg, lane, 0, 12, svg->page ? "still\" aria-hidden=\"true" : "still", text.bytes != NULL ? text.bytes : "");
    }
    svg->failed = svg->failed || text.failed;
    text_free(&text);
}

static int paragraph(struct svg *svg, int y, const char *classes, const char *words)
{
    while (words != NULL && *words != '\0') {
        size_t bytes = svg_break(words, SVG_WORD, svg_note_width(svg) - 2 * SVG_NOTE_PAD);
        struct text text = {0};
        text_add(&text, words, bytes);
        svg_text(svg, svg_note_x(svg) + SVG_NOTE_PAD, y, classes, ANCHOR_START, text.bytes != NULL ? text.bytes : "");
        svg->failed = svg->failed || text.failed;
        text_free(&text);
        words += bytes;
        words += *words == ' ' || *words == '\n';
        y += SVG_NOTE_LINE;
    }
    return y;
}

static void note(struct svg *svg, const struct svg_line *line)
{
    char buffer[128];
    const char *answer;
    uint32_t event = svg->ladder.rows[line->row].event;
    const char *words = svg_note(svg, event, buffer, sizeof buffer, &answer);
    text_printf(svg->out, "<g id=\"%se%u\" class=\"%s\">\n", svg->prefix, (unsigned)event + 1, answer != NULL ? "ask" : "say");
    text_printf(svg->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\"/>\n", svg_note_x(svg), 4 - line->height / 2,
                svg_note_width(svg), line->height - 8);
    int y = paragraph(svg, 8 + 13 - line->height / 2, "word", words);
    paragraph(svg, y, "word answer", answer);
    text_puts(svg->out, "</g>\n");
}

/* What a line says on as many lines as it takes: a disagreement beside the mark of the end that does not know, all else in the middle. */
static void said(struct svg *svg, const struct svg_line *line, const char *classes)
{
    int x = svg_note_x(svg) + svg_note_width(svg) / 2, y = 12 - line->height / 2;
    enum svg_anchor anchor = ANCHOR_MIDDLE;
    struct text text = {0};
    if (line->kind == LINE_DISAGREE) {
        const struct svg_span *span = &svg->spans[line->row];
        x = svg->lanes[span->lane].rail[span->side] + (span->side == 0 ? -12 : 12);
        anchor = span->side == 0 ? ANCHOR_END : ANCHOR_START;
    }
    svg_said(svg, line, &text);
    for (const char *words = text.bytes; words != NULL && *words != '\0'; y += SVG_SAID_LINE) {
        struct text piece = {0};
        size_t bytes = svg_break(words, SVG_LABEL + 1, svg_note_width(svg));
        text_add(&piece, words, bytes);
        svg_text(svg, x, y, classes, anchor, piece.bytes != NULL ? piece.bytes : "");
        svg->failed = svg->failed || piece.failed;
        text_free(&piece);
        words += bytes;
        words += *words == ' ';
    }
    svg->failed = svg->failed || text.failed;
    text_free(&text);
}

static void fault(struct svg *svg, const struct svg_line *line)
{
    text_printf(svg->out, "<g id=\"%se%u\" class=\"fault\">\n", svg->prefix, (unsigned)svg->ladder.rows[line->row].event + 1);
    text_printf(svg->out, "<path d=\"M%d 0H%d\"/>\n", svg->axis_x, svg->width - 10);
    said(svg, line, "weather");
    text_puts(svg->out, "</g>\n");
}

static void time_mark(struct svg *svg, const struct svg_line *line)
{
    char buffer[48];
    if (line->kind == LINE_IDLE || line->kind == LINE_DISAGREE || (line->scale == SCALE_INSTANT && line != svg->lines))
        return;
    page_time_text(&svg->words, buffer, sizeof buffer, line->time_ns);
    text_printf(svg->out, "<path d=\"M%d 0H%d\" class=\"tick\"/>\n", svg->axis_x - 13, svg->axis_x - 3);
    svg_text(svg, svg->axis_x - 17, 4, svg->page ? "time\" aria-hidden=\"true" : "time", ANCHOR_END, buffer);
}

static void draw(struct svg *svg, const struct svg_line *line)
{
    time_mark(svg, line);
    switch ((enum svg_line_kind)line->kind) {
    case LINE_EVENTS:
        events(svg, line);
        break;
    case LINE_FOLD:
        said(svg, line, "fold");
        break;
    case LINE_NOTE:
        note(svg, line);
        break;
    case LINE_FAULT:
        fault(svg, line);
        break;
    case LINE_OTHERS:
        said(svg, line, "fold");
        break;
    case LINE_IDLE:
        idle(svg, line);
        break;
    case LINE_DISAGREE:
        said(svg, line, "weather");
        break;
    case LINE_END:
        svg_text(svg, middle(svg), 4, "fold", ANCHOR_MIDDLE, "the run ends");
        break;
    }
}

/* A line, and as far as its arrow reaches. */
static void part_of(struct svg *svg, const struct svg_line *line)
{
    int top = line->top, bottom = line->top + line->height;
    const struct row *row = line->kind == LINE_EVENTS ? &svg->ladder.rows[line->row] : NULL;
    if (row != NULL && row->wire != WIRE_NONE) {
        uint32_t number = ladder_event(&svg->ladder, row->segment)->segment.number;
        const struct trace_event *sent = glossary_send_of(svg->glossary, number);
        int end = svg->arrives[number] != 0 ? svg->lines[svg->arrives[number] - 1].y + SVG_PITCH : bottom;
        int begin = sent != NULL && row->wire == WIRE_ARRIVES ? svg_y_of_time(svg, sent->time_ns) : top;
        top = begin < top ? begin : top;
        bottom = end > bottom ? end : bottom;
    }
    svg_part(svg, top, bottom);
}

void svg_rows(struct svg *svg)
{
    for (uint32_t l = 0; l < svg->line_count; l++) {
        part_of(svg, &svg->lines[l]);
        text_printf(svg->out, "<g id=\"%sl%u\" transform=\"translate(0,%d)\">\n", svg->prefix, (unsigned)l + 1, svg->lines[l].y);
        draw(svg, &svg->lines[l]);
        text_puts(svg->out, "</g>\n");
    }
    svg_part_end(svg);
}
