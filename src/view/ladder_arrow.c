/* SPDX-License-Identifier: MIT */
/* The arrows. Distances are counted from the sender's lane, so that both directions are one drawing. */
#include <stdio.h>
#include <string.h>

#include "net/class.h"
#include "net/link.h"
#include "view/ladder_page.h"

#define WIDE 52 /* columns for a name beyond which everything is told */
#define TIGHT 5 /* columns that an arrow needs beside its name */
#define SPAN_BOX 24 /* between the lanes: less, and nothing is drawn of the way to a box */
#define JOIN_ROWS 5u /* rows that a bent arrow may pass */

struct arrow {
    int from_x, sign, room; /* the sender's lane; +1 to the right; columns between the lanes */
    uint32_t line; /* the glyph of the shaft */
    enum style style;
    const struct trace_event *event;
};

static int at(const struct arrow *arrow, int distance)
{
    return arrow->from_x + arrow->sign * distance;
}

static void shaft(struct page *page, const struct arrow *arrow, int from, int to, uint32_t glyph)
{
    for (int d = from; d <= to; d++)
        canvas_put(page_line(page, 0), at(arrow, d), glyph, arrow->style);
}

/* A name whose nearest column is `distance` away from the sender; it reads from left to right in either direction. */
static void name_at(struct page *page, const struct arrow *arrow, unsigned line, int distance, const char *name, enum style style)
{
    int x = arrow->sign > 0 ? at(arrow, distance) : at(arrow, distance + canvas_width(name) - 1);
    canvas_text(page_line(page, line), x, name, style);
}

/* A middlebox's answer comes from between the lanes, under another's address; that it is the box's stands in front of its name. */
static bool from_box(const struct page *page, const struct trace_event *sent)
{
    return sent != NULL && sent->kind == TRACE_SEND && glossary_is_box(page->ladder->glossary, sent->host);
}

void arrow_name(struct text *out, const struct page *page, const struct trace_event *e, enum glossary_detail detail)
{
    const struct trace_event *sent = glossary_send_of(page->ladder->glossary, e->segment.number);
    if (e->segment.classes & CLASS_RETRANSMISSION)
        text_puts(out, page->canvas[0].unicode ? "↻ " : "again: ");
    if (sent != NULL && sent->kind == TRACE_DUP)
        text_puts(out, "copy: ");
    if (sent != NULL && sent->kind == TRACE_INJECT)
        text_puts(out, "forged ");
    if (from_box(page, sent))
        text_printf(out, "%s: ", glossary_host(page->ladder->glossary, sent->host));
    if (page->name_connections && e->conn != 0) {
        glossary_conn(out, page->ladder->glossary, e->conn);
        text_puts(out, ": ");
    }
    glossary_segment(out, &e->segment, e->sack, detail);
}

/* The fullest name that fits. */
static void name_of(const struct page *page, const struct arrow *arrow, enum glossary_detail detail, int width, char *buffer, size_t size)
{
    const struct trace_event *e = arrow->event;
    bool again = (e->segment.classes & CLASS_RETRANSMISSION) != 0;
    if (detail == GLOSSARY_ALL && width < WIDE)
        detail = GLOSSARY_SACK;
    for (; detail < GLOSSARY_DETAILS; detail++) {
        struct text text = {0};
        arrow_name(&text, page, e, detail);
        if (again && page->canvas[0].unicode && text.bytes != NULL && canvas_width(text.bytes) + 17 <= width)
            text_puts(&text, " (retransmission)");
        snprintf(buffer, size, "%s", text.bytes != NULL ? text.bytes : "");
        text_free(&text);
        if (canvas_width(buffer) <= width)
            return;
    }
    if (width >= 0 && (size_t)width < size)
        buffer[canvas_break(buffer, width < 1 ? 1 : width)] = '\0';
}

static bool same_segment(const struct ladder *ladder, const struct row *a, const struct row *b)
{
    return ladder_event(ladder, a->segment)->segment.number == ladder_event(ladder, b->segment)->segment.number;
}

/* The row in which the segment that leaves here arrives, if nothing else is on the wire in between; 0: drawn apart. */
static uint32_t arrival(const struct page *page, uint32_t index)
{
    const struct ladder *ladder = page->ladder;
    for (uint32_t r = index + 1; r < ladder->count && r <= index + JOIN_ROWS; r++) {
        const struct row *row = &ladder->rows[r];
        if (row->kind != ROW_EVENTS || row->folds > 0 || row->time_ns - ladder->rows[r - 1].time_ns > page->idle_ns)
            return 0;
        if (row->wire != WIRE_NONE)
            return row->wire == WIRE_ARRIVES && same_segment(ladder, row, &ladder->rows[index]) ? r : 0;
    }
    return 0;
}

static uint32_t knee_down(const struct page *page, const struct arrow *arrow)
{
    return arrow->sign > 0 ? page->glyphs->down_right : page->glyphs->down_left;
}
static uint32_t knee_up(const struct page *page, const struct arrow *arrow)
{
    return arrow->sign > 0 ? page->glyphs->up_right : page->glyphs->up_left;
}
static void head(struct page *page, const struct arrow *arrow)
{
    canvas_put(page_line(page, 0), at(arrow, arrow->room), arrow->sign > 0 ? page->glyphs->right : page->glyphs->left, arrow->style);
}

/* Two strokes before the name, or one where it is narrow. */
static int lead_of(const struct arrow *arrow, const char *name)
{
    return arrow->room - canvas_width(name) >= 9 ? 2 : 1;
}

/* A few strokes for what is under way; among more than two hosts all the way, or nobody would know from where or to whom. */
static int flight_end(const struct page *page, const struct arrow *arrow, int few)
{
    return few > arrow->room || page->ladder->lanes > 2 ? arrow->room : few;
}
static int flight_begin(const struct page *page, int few)
{
    return few < 1 || page->ladder->lanes > 2 ? 1 : few;
}

static void leaves(struct page *page, const struct arrow *arrow, uint32_t index, bool whole)
{
    char name[160];
    name_of(page, arrow, GLOSSARY_ALL, arrow->room - TIGHT, name, sizeof name);
    int lead = lead_of(arrow, name), end = lead + 2 + canvas_width(name); /* end: the column behind the name */
    int knee = arrow->room * 3 / 5 > end + lead ? arrow->room * 3 / 5 : end + lead;
    uint32_t to = whole ? 0 : arrival(page, index);

    shaft(page, arrow, 1, lead, arrow->line);
    name_at(page, arrow, 0, lead + 2, name, arrow->style);
    if (whole) {
        shaft(page, arrow, end + 1, arrow->room - 1, arrow->line);
        head(page, arrow);
    } else if (to != 0) {
        shaft(page, arrow, end + 1, knee - 1, arrow->line);
        canvas_put(page_line(page, 0), at(arrow, knee), knee_down(page, arrow), arrow->style);
        page->knee_x = at(arrow, knee);
        page->knee_row = to;
    } else {
        shaft(page, arrow, end + 1, end + lead, arrow->line);
        shaft(page, arrow, end + lead + 1, flight_end(page, arrow, end + lead + 4), page->glyphs->flight);
    }
}

static void arrives(struct page *page, const struct arrow *arrow, uint32_t index)
{
    char name[160];
    head(page, arrow);
    if (page->knee_row == index && index != 0) {
        int knee = (page->knee_x - arrow->from_x) * arrow->sign;
        canvas_put(page_line(page, 0), page->knee_x, knee_up(page, arrow), arrow->style);
        shaft(page, arrow, knee + 1, arrow->room - 1, arrow->line);
        page->knee_row = 0;
        return;
    }
    name_of(page, arrow, GLOSSARY_SACK, arrow->room - TIGHT, name, sizeof name);
    int lead = lead_of(arrow, name), begin = arrow->room - lead - 1 - canvas_width(name);
    const struct trace_event *sent = glossary_send_of(page->ladder->glossary, arrow->event->segment.number);
    int flight = from_box(page, sent) ? arrow->room / 2 + 1 : flight_begin(page, begin - 5);
    shaft(page, arrow, flight, begin - 2, page->glyphs->flight);
    name_at(page, arrow, 0, begin, name, arrow->style);
    shaft(page, arrow, arrow->room - lead, arrow->room - 1, arrow->line);
}

/* "fw: forgotten after 350s" */
static void firewall_text(const struct page *page, const struct trace_event *drop, char *buffer, size_t size)
{
    const struct glossary *glossary = page->ladder->glossary;
    struct text text = {0};
    int64_t silence_ns;
    text_puts(&text, glossary_host(glossary, drop->host));
    if (glossary_forgotten(glossary, drop, &silence_ns)) {
        text_puts(&text, ": forgotten after ");
        text_duration(&text, silence_ns);
    } else {
        text_puts(&text, ": not known");
    }
    snprintf(buffer, size, "%s", text.bytes != NULL ? text.bytes : "");
    text_free(&text);
}

void arrow_reason(const struct page *page, const struct trace_event *drop, char *buffer, size_t size)
{
    uint32_t line = glossary_line(page->ladder->glossary, drop->statement);
    const char *why = "lost";
    switch ((enum drop_why)drop->what) {
    case DROP_NONE:
    case DROP_LOSS:
        break;
    case DROP_RULE:
        why = "dropped";
        break;
    case DROP_CUT:
        why = "cut";
        break;
    case DROP_QUEUE:
        why = "queue full";
        break;
    case DROP_CORRUPT:
        why = "bad checksum";
        break;
    case DROP_MTU:
        why = "too long for the link";
        break;
    case DROP_FIREWALL:
        firewall_text(page, drop, buffer, size);
        return;
    case DROP_HOST_DOWN:
        why = "host is down";
        break;
    }
    if (line != 0)
        snprintf(buffer, size, "%s, line %u", why, (unsigned)line);
    else
        snprintf(buffer, size, "%s", why);
}

/* Under the cross, or where there is room for it. */
static void reason_below(struct page *page, const struct arrow *arrow, int cross, const char *reason)
{
    int width = canvas_width(reason);
    int begin = cross + width - 1 <= arrow->room ? cross : arrow->room - width;
    name_at(page, arrow, 1, begin < 1 ? 1 : begin, reason, STYLE_LOST);
}

/* In a box between the lanes, or on its first steps from there: half of the way is not drawn. */
static void dies_between(struct page *page, const struct arrow *arrow, const char *reason)
{
    char name[160];
    int begin = arrow->room < SPAN_BOX ? 2 : 6;
    name_of(page, arrow, GLOSSARY_SACK, arrow->room - TIGHT - begin, name, sizeof name);
    int end = begin + canvas_width(name), cross = end + 2 > arrow->room / 2 ? end + 2 : arrow->room / 2;
    if (!from_box(page, glossary_send_of(page->ladder->glossary, arrow->event->segment.number)))
        shaft(page, arrow, 1, begin - 2, page->glyphs->flight);
    name_at(page, arrow, 0, begin, name, arrow->style);
    shaft(page, arrow, end + 1, cross - 1, arrow->line);
    canvas_put(page_line(page, 0), at(arrow, cross), page->glyphs->cross, STYLE_LOST);
    if (cross + 2 + canvas_width(reason) <= arrow->room)
        name_at(page, arrow, 0, cross + 2, reason, STYLE_LOST);
    else
        reason_below(page, arrow, cross, reason);
}

static void dies(struct page *page, const struct arrow *arrow, const struct row *row)
{
    char name[160], reason[80];
    const struct trace_event *drop = ladder_event(page->ladder, row->drop);
    bool far = row->wire == WIRE_DIES_FAR;
    arrow_reason(page, drop, reason, sizeof reason);
    if (far && glossary_is_box(page->ladder->glossary, drop->host)) {
        dies_between(page, arrow, reason);
        return;
    }
    name_of(page, arrow, far ? GLOSSARY_SACK : GLOSSARY_ALL, arrow->room - TIGHT, name, sizeof name);
    int width = canvas_width(name), lead = lead_of(arrow, name);
    int begin = far ? arrow->room - lead - 1 - width : lead + 2;
    int cross = far ? arrow->room : begin + width + lead + 1;

    if (far)
        shaft(page, arrow, flight_begin(page, begin - 5), begin - 2, page->glyphs->flight);
    else
        shaft(page, arrow, 1, lead, arrow->line);
    name_at(page, arrow, 0, begin, name, arrow->style);
    shaft(page, arrow, begin + width + 1, cross - 1, arrow->line);
    canvas_put(page_line(page, 0), at(arrow, cross), page->glyphs->cross, STYLE_LOST);
    if (!far && cross + 2 + canvas_width(reason) <= arrow->room)
        name_at(page, arrow, 0, cross + 2, reason, STYLE_LOST);
    else
        reason_below(page, arrow, cross, reason);
}

void arrow_draw(struct page *page, uint32_t index)
{
    const struct row *row = &page->ladder->rows[index];
    const struct trace_event *e = ladder_event(page->ladder, row->segment);
    int from = page->lane_x[row->from], to = page->lane_x[row->to];
    bool rst = (e->segment.flags & TCP_RST) != 0;
    struct arrow arrow = {
        .from_x = from,
        .sign = to > from ? 1 : -1,
        .room = (to > from ? to - from : from - to) - 1,
        .line = rst ? page->glyphs->heavy : page->glyphs->dash,
        .style = rst                                         ? STYLE_RST
                 : e->segment.classes & CLASS_RETRANSMISSION ? STYLE_AGAIN
                                                             : STYLE_PLAIN,
        .event = e,
    };
    switch ((enum wire_kind)row->wire) {
    case WIRE_NONE:
        break;
    case WIRE_LEAVES:
        leaves(page, &arrow, index, false);
        break;
    case WIRE_WHOLE:
        leaves(page, &arrow, index, true);
        break;
    case WIRE_ARRIVES:
        arrives(page, &arrow, index);
        break;
    case WIRE_DIES_NEAR:
    case WIRE_DIES_FAR:
        dies(page, &arrow, row);
        break;
    }
}

/* Between the departure and the arrival of a bent arrow its bend goes on. */
void arrow_pass(struct page *page)
{
    for (unsigned line = 0; line < page->lines && page->knee_row != 0; line++) {
        if (page->canvas[line].glyph[page->knee_x] == ' ')
            canvas_put(&page->canvas[line], page->knee_x, page->glyphs->pass, STYLE_DIM);
    }
}
