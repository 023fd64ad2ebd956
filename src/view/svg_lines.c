/* SPDX-License-Identifier: MIT */
/* The axis of time. It is true where there is room: equal times are equal lengths. Where much happens it is stretched, so that no two
 * words share a place; where nothing happens it is folded; and one instant takes as many lines as it has things to say. */
#include <stdlib.h>
#include <string.h>

#include "tcp/state.h"
#include "view/svg.h"

#define IDLE_MIN (20 * NS_PER_MS) /* a shorter silence is never folded */
#define IDLE_WAYS 4
#define FOLD_HEIGHT 50

static struct svg_line *add(struct svg *svg, uint32_t at, const struct svg_line *line)
{
    if (svg->line_count == svg->line_capacity) {
        uint32_t capacity = svg->line_capacity == 0 ? 128 : svg->line_capacity * 2;
        struct svg_line *lines = realloc(svg->lines, capacity * sizeof *lines);
        if (lines == NULL) {
            svg->failed = true;
            return NULL;
        }
        svg->lines = lines;
        svg->line_capacity = capacity;
    }
    memmove(&svg->lines[at + 1], &svg->lines[at], (svg->line_count - at) * sizeof *svg->lines);
    svg->lines[at] = *line;
    svg->line_count++;
    return &svg->lines[at];
}

static int ascending(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The usual way: the median of the segments that arrived. The trace knows it, whatever became of the links. */
static int64_t usual_way(const struct svg *svg)
{
    const struct trace *trace = svg->glossary->trace;
    int64_t *ways = malloc(((size_t)trace->count + 1) * sizeof *ways), way = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; ways != NULL && i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        const struct trace_event *sent = e->kind == TRACE_RECV ? glossary_send_of(svg->glossary, e->segment.number) : NULL;
        if (sent != NULL && sent->kind == TRACE_SEND && e->time_ns > sent->time_ns)
            ways[count++] = e->time_ns - sent->time_ns;
    }
    if (count > 0) {
        qsort(ways, count, sizeof *ways, ascending);
        way = ways[count / 2];
    }
    free(ways);
    return way > 0 ? way : 10 * NS_PER_MS;
}

static bool append(struct svg *svg, uint8_t kind, uint32_t row, int64_t from_ns, int64_t to_ns)
{
    const struct svg_line *last = svg->line_count > 0 ? &svg->lines[svg->line_count - 1] : NULL;
    if (last != NULL && from_ns - last->to_ns > svg->idle_ns) {
        struct svg_line idle = {.kind = LINE_IDLE, .row = row, .time_ns = last->to_ns, .to_ns = from_ns};
        if (add(svg, svg->line_count, &idle) == NULL)
            return false;
    }
    struct svg_line line = {.kind = kind, .row = row, .time_ns = from_ns, .to_ns = to_ns};
    return add(svg, svg->line_count, &line) != NULL;
}

bool svg_lines_build(struct svg *svg)
{
    static const uint8_t kinds[] = {
        [ROW_EVENTS] = LINE_EVENTS, [ROW_NOTE] = LINE_NOTE, [ROW_FAULT] = LINE_FAULT, [ROW_OTHERS] = LINE_OTHERS};
    const struct ladder *ladder = &svg->ladder;
    int64_t end_ns = ladder->judgement->end_ns;

    svg->way_ns = usual_way(svg);
    svg->idle_ns = svg->way_ns > INT64_MAX / 16 ? INT64_MAX : svg->way_ns * IDLE_WAYS;
    svg->idle_ns = svg->idle_ns < IDLE_MIN ? IDLE_MIN : svg->idle_ns;
    for (uint32_t i = 0; i < ladder->count;) {
        const struct row *row = &ladder->rows[i];
        int64_t to_ns = row->to_ns > row->time_ns ? row->to_ns : row->time_ns;
        if (!append(svg, row->folds > 0 ? LINE_FOLD : kinds[row->kind], i, row->time_ns, to_ns))
            return false;
        i += row->folds > 0 ? row->folds : 1;
    }
    if (svg->line_count == 0 || end_ns > svg->lines[svg->line_count - 1].to_ns)
        return append(svg, LINE_END, 0, end_ns, end_ns);
    return true;
}

/* ---- events to lines ---- */

static void claim(struct svg *svg, uint32_t line, uint32_t event)
{
    if (svg->line_of[event] == 0)
        svg->line_of[event] = line + 1;
}

static void claim_row(struct svg *svg, uint32_t line, uint32_t index)
{
    const struct row *row = &svg->ladder.rows[index];
    const struct cell *cells = ladder_cells(&svg->ladder, index);
    if (row->kind == ROW_NOTE || row->kind == ROW_FAULT)
        claim(svg, line, row->event);
    if (row->kind != ROW_EVENTS)
        return;
    if (row->wire != WIRE_NONE)
        claim(svg, line, row->wire == WIRE_DIES_FAR ? row->drop : row->segment);
    if (row->wire == WIRE_DIES_NEAR)
        claim(svg, line, row->drop);
    uint32_t number = row->wire != WIRE_NONE ? ladder_event(&svg->ladder, row->segment)->segment.number : 0;
    if ((row->wire == WIRE_ARRIVES || row->wire == WIRE_DIES_FAR) && svg->arrives[number] == 0)
        svg->arrives[number] = line + 1;
    if (row->wire == WIRE_LEAVES || row->wire == WIRE_WHOLE || row->wire == WIRE_DIES_NEAR) {
        if (svg->leaves[number] == 0)
            svg->leaves[number] = line + 1;
    }
    for (unsigned lane = 0; lane < svg->ladder.lanes; lane++) {
        if (cells[lane].kind == CELL_NONE)
            continue;
        claim(svg, line, cells[lane].event);
        if (cells[lane].done != 0)
            claim(svg, line, cells[lane].done - 1);
    }
}

/* The last line that has begun by then, counted from 1; 0: none. */
static uint32_t line_by(const struct svg *svg, int64_t time_ns)
{
    uint32_t low = 0, high = svg->line_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (svg->lines[middle].time_ns <= time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    while (low > 0 && svg->lines[low - 1].kind == LINE_IDLE)
        low--;
    return low;
}

/* What has no place of its own stands with its cause, if that was in the same instant. */
static void claim_rest(struct svg *svg)
{
    const struct trace *trace = svg->glossary->trace;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (svg->line_of[i] != 0)
            continue;
        if (e->cause != 0 && e->cause <= i && trace->events[e->cause - 1].time_ns == e->time_ns)
            svg->line_of[i] = svg->line_of[e->cause - 1];
        uint32_t line = svg->line_of[i] == 0 ? line_by(svg, e->time_ns) : 0;
        if (line != 0 && svg->lines[line - 1].to_ns >= e->time_ns)
            svg->line_of[i] = line;
    }
}

bool svg_lines_index(struct svg *svg)
{
    if (svg->line_of == NULL)
        svg->line_of = malloc(((size_t)svg->glossary->trace->count + 1) * sizeof *svg->line_of);
    size_t segments = (size_t)svg->glossary->segments + 1;
    if (svg->leaves == NULL)
        svg->leaves = malloc(segments * 2 * sizeof *svg->leaves);
    if (svg->line_of == NULL || svg->leaves == NULL) {
        svg->failed = true;
        return false;
    }
    svg->arrives = svg->leaves + segments;
    memset(svg->line_of, 0, ((size_t)svg->glossary->trace->count + 1) * sizeof *svg->line_of);
    memset(svg->leaves, 0, segments * 2 * sizeof *svg->leaves);
    for (uint32_t l = 0; l < svg->line_count; l++) {
        const struct svg_line *line = &svg->lines[l];
        if (line->kind == LINE_IDLE || line->kind == LINE_DISAGREE || line->kind == LINE_END)
            continue;
        uint32_t folds = line->kind == LINE_FOLD ? svg->ladder.rows[line->row].folds : 1;
        for (uint32_t r = line->row; r < line->row + folds; r++)
            claim_row(svg, l, r);
    }
    claim_rest(svg);
    return true;
}

void svg_lines_disagree(struct svg *svg)
{
    for (uint32_t s = 0; s < svg->span_count; s++) {
        const struct svg_span *span = &svg->spans[s];
        if (span->kind != SPAN_DISAGREE || svg->line_of[span->from] == 0)
            continue;
        uint32_t at = svg->line_of[span->from];
        struct svg_line line = {.kind = LINE_DISAGREE, .row = s, .time_ns = span->from_ns, .to_ns = span->from_ns};
        if (add(svg, at, &line) == NULL || !svg_lines_index(svg))
            return;
    }
}

/* ---- places ---- */

const char *svg_note(const struct svg *svg, uint32_t event, char *buffer, size_t size, const char **answer)
{
    const struct story *story = svg->glossary->story;
    const struct trace_event *e = ladder_event(&svg->ladder, event);
    *answer = NULL;
    if (e->statement < 1 || e->statement > story->statement_count)
        return NULL;
    const struct story_statement *s = &story->statements[e->statement - 1];
    if (s->kind == STATEMENT_ASK)
        *answer = judge_answer(svg->ladder.judgement, story, e, buffer, size);
    return s->text;
}

int svg_note_x(const struct svg *svg)
{
    return svg->ladder.lanes > 1 ? svg->lanes[0].rail[1] + 10 : svg->axis_x + 8;
}

int svg_note_width(const struct svg *svg)
{
    return (svg->ladder.lanes > 1 ? svg->lanes[1].rail[0] - 10 : svg->width - 8) - svg_note_x(svg);
}

static int text_lines(const char *text, int width)
{
    int lines = 0;
    while (text != NULL && *text != '\0') {
        text += svg_break(text, SVG_WORD, width);
        text += *text == ' ' || *text == '\n';
        lines++;
    }
    return lines;
}

static int note_height(const struct svg *svg, const struct svg_line *line)
{
    char buffer[128];
    const char *answer;
    const char *text = svg_note(svg, svg->ladder.rows[line->row].event, buffer, sizeof buffer, &answer);
    int width = svg_note_width(svg) - 2 * SVG_NOTE_PAD;
    return (text_lines(text, width) + text_lines(answer, width)) * SVG_NOTE_LINE + 16;
}

static void disagreement(const struct svg *svg, struct text *out, const struct svg_span *span)
{
    const struct trace_event *e = ladder_event(&svg->ladder, span->from);
    text_puts(out, "⚠ the ends disagree for ");
    page_span(out, span->to_ns - span->from_ns);
    text_putc(out, ':');
    if (e->state.to == TCP_CLOSED && svg->ladder.lane_of[e->host] != span->lane)
        text_printf(out, " %s is gone,", glossary_host(svg->glossary, e->host));
    text_printf(out, " %s in %s", glossary_host(svg->glossary, svg->lanes[span->lane].node), tcp_state_name((enum tcp_state)span->value));
}

void svg_said(const struct svg *svg, const struct svg_line *line, struct text *out)
{
    if (line->kind == LINE_DISAGREE) {
        disagreement(svg, out, &svg->spans[line->row]);
        return;
    }
    const struct row *row = &svg->ladder.rows[line->row];
    if (line->kind == LINE_FAULT) {
        glossary_fault_text(out, svg->glossary, ladder_event(&svg->ladder, row->event));
    } else if (line->kind == LINE_FOLD) {
        page_fold_text(out, &svg->words, line->row);
    } else {
        text_printf(out, "… %u event%s of connection", (unsigned)row->event, row->event == 1 ? "" : "s");
        text_printf(out, row->first == row->last ? " %u" : "s %u to %u", (unsigned)row->first, (unsigned)row->last);
    }
}

static int said_height(const struct svg *svg, const struct svg_line *line)
{
    struct text text = {0};
    int lines = 0;
    svg_said(svg, line, &text);
    for (const char *words = text.bytes; words != NULL && *words != '\0'; lines++) {
        words += svg_break(words, SVG_LABEL + 1, svg_note_width(svg));
        words += *words == ' ';
    }
    text_free(&text);
    return lines * SVG_SAID_LINE + 5;
}

/* The length of an interval at the axis' own scale; a run lasts a day at most, so nothing overflows. */
static int scaled(const struct svg *svg, int64_t ns)
{
    return ns / svg->way_ns > 1000 ? 1000 * SVG_WAY : (int)(ns * SVG_WAY / svg->way_ns);
}

static int height_of(const struct svg *svg, const struct svg_line *line)
{
    switch ((enum svg_line_kind)line->kind) {
    case LINE_NOTE:
        return note_height(svg, line);
    case LINE_DISAGREE:
    case LINE_FOLD:
    case LINE_FAULT:
    case LINE_OTHERS:
        return said_height(svg, line);
    case LINE_IDLE:
        return FOLD_HEIGHT;
    case LINE_EVENTS:
    case LINE_END:
        break;
    }
    return SVG_PITCH;
}

void svg_lines_place(struct svg *svg)
{
    int bottom = svg->head;
    for (uint32_t l = 0; l < svg->line_count; l++) {
        struct svg_line *line = &svg->lines[l];
        const struct svg_line *last = l > 0 ? line - 1 : NULL;
        line->height = height_of(svg, line);
        line->top = bottom;
        line->y = bottom + (line->kind == LINE_EVENTS ? 15 : line->height / 2);
        if (last == NULL || line->kind == LINE_DISAGREE) {
            line->scale = SCALE_INSTANT;
        } else if (line->kind == LINE_IDLE || last->kind == LINE_IDLE) {
            line->scale = SCALE_FOLDED;
        } else if (line->time_ns == last->to_ns) {
            line->scale = last->to_ns > last->time_ns ? SCALE_STRETCHED : SCALE_INSTANT;
        } else {
            int wanted = scaled(svg, line->time_ns - last->to_ns), has = line->y - last->y;
            line->scale = wanted >= has ? SCALE_TRUE : SCALE_STRETCHED;
            line->top += wanted > has ? wanted - has : 0;
            line->y += wanted > has ? wanted - has : 0;
        }
        bottom = line->top + line->height;
    }
    svg->bottom = bottom + 6;
}

int svg_y_of_time(const struct svg *svg, int64_t time_ns)
{
    uint32_t at = line_by(svg, time_ns);
    if (at == 0)
        return svg->head;
    const struct svg_line *before = &svg->lines[at - 1], *after = before + 1;
    while (after < svg->lines + svg->line_count && after->kind == LINE_IDLE)
        after++;
    if (time_ns <= before->to_ns)
        return before->y;
    if (after == svg->lines + svg->line_count)
        return svg->bottom;
    int64_t all = after->time_ns - before->to_ns, part = time_ns - before->to_ns;
    while (all > INT32_MAX) { /* keeps the product in range; a pixel is coarser */
        all /= 2;
        part /= 2;
    }
    return before->y + (int)((after->y - before->y) * part / all);
}

int svg_y_of_event(const struct svg *svg, uint32_t event)
{
    if (event == SPAN_OPEN)
        return svg->bottom;
    if (svg->line_of[event] != 0)
        return svg->lines[svg->line_of[event] - 1].y;
    return svg_y_of_time(svg, svg->glossary->trace->events[event].time_ns);
}
