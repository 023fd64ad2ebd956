/* SPDX-License-Identifier: MIT */
/* A segment: a slanted line from when it leaves to when it arrives, its name above its beginning, a cross where it died. It is drawn in
 * the line that it leaves from; only what left unseen (in a fold, from a box) is drawn where it arrives. The name comes first: its ground
 * hides the arrows that it stands on, not its own. */
#include <stdlib.h>

#include "net/class.h"
#include "net/link.h"
#include "view/svg.h"

struct arrow {
    const struct row *row;
    const struct trace_event *event, *drop; /* drop: NULL if it did not die */
    int x0, x1, sign; /* the two rails; +1 to the right */
    int room; /* from the sender to the next column */
};

static struct arrow arrow_of(const struct svg *svg, const struct row *row)
{
    struct arrow arrow = {.row = row, .event = ladder_event(&svg->ladder, row->segment)};
    unsigned side = svg_facing(row->from, row->to);
    arrow.sign = side == 1 ? 1 : -1;
    arrow.x0 = svg->lanes[row->from].rail[side];
    arrow.x1 = svg->lanes[row->to].rail[1 - side];
    arrow.room = (svg->lanes[row->from + (side == 1 ? 1 : -1)].rail[1 - side] - arrow.x0) * arrow.sign;
    if (row->wire == WIRE_DIES_NEAR || row->wire == WIRE_DIES_FAR)
        arrow.drop = ladder_event(&svg->ladder, row->drop);
    return arrow;
}

static const char *class_of(const struct trace_event *e)
{
    if (e->segment.flags & TCP_RST)
        return "rst";
    if (e->segment.flags & TCP_FIN)
        return "fin";
    if (e->segment.flags & TCP_SYN)
        return "syn";
    return e->segment.len > 0 ? "data" : "ack";
}

/* All that the segment says, who sent it when, and what became of it. */
static void title(struct svg *svg, const struct arrow *arrow)
{
    const struct glossary *glossary = svg->glossary;
    const struct trace_event *e = arrow->event, *sent = glossary_send_of(glossary, e->segment.number);
    uint32_t arrived = svg->arrives[e->segment.number];
    char time[48];
    struct text name = {0};
    arrow_name(&name, &svg->words, sent != NULL ? sent : e, GLOSSARY_ALL);
    text_printf(&name, ", segment %u", (unsigned)e->segment.number);
    if (sent != NULL) {
        page_time_text(&svg->words, time, sizeof time, sent->time_ns);
        text_printf(&name, ", sent by %s at %s", glossary_host(glossary, sent->kind == TRACE_INJECT ? sent->peer : sent->host), time);
    }
    if (arrow->drop != NULL) {
        char reason[96];
        arrow_reason(&svg->words, arrow->drop, reason, sizeof reason);
        text_printf(&name, ", lost: %s", reason);
    } else if (arrived != 0) {
        page_time_text(&svg->words, time, sizeof time, svg->lines[arrived - 1].time_ns);
        text_printf(&name, ", arrived at %s", time);
    }
    text_puts(svg->out, "<title>");
    svg_escape(svg->out, name.bytes != NULL ? name.bytes : "");
    text_puts(svg->out, "</title>\n");
    svg->failed = svg->failed || name.failed;
    text_free(&name);
}

static void open_group(struct svg *svg, const struct arrow *arrow)
{
    text_printf(svg->out, "<g id=\"%ss%u\" class=\"segment %s%s\">", svg->prefix, (unsigned)arrow->event->segment.number,
                class_of(arrow->event), arrow->event->segment.classes & CLASS_RETRANSMISSION ? " again" : "");
    title(svg, arrow);
}

static void shaft(struct svg *svg, int x0, int y0, int x1, int y1, bool head)
{
    text_printf(svg->out, "<path d=\"M%d %dL%d %d\"%s%s%s/>\n", x0, y0, x1, y1, head ? " marker-end=\"url(#" : " class=\"flight\"",
                head ? svg->prefix : "", head ? "head)\"" : "");
}

static void cross(struct svg *svg, int x, int y)
{
    text_printf(svg->out, "<path d=\"M%d %dl10 10m0 -10l-10 10\" class=\"cross\"/>\n", x - 5, y - 5);
}

/* The fullest name that fits; returns its width. */
static int name(struct svg *svg, const struct arrow *arrow, enum glossary_detail detail, int y, int room, bool at_end)
{
    struct text text = {0};
    int width = room + 1;
    for (; detail < GLOSSARY_DETAILS && width > room; detail++) {
        text.length = 0;
        arrow_name(&text, &svg->words, arrow->event, detail);
        width = svg_text_width(text.bytes != NULL ? text.bytes : "", SVG_LABEL, false);
    }
    svg_cut(&text, SVG_LABEL, false, room);
    int x = at_end ? arrow->x1 - arrow->sign * 12 : arrow->x0 + arrow->sign * 8;
    if (text.bytes != NULL)
        svg_text(svg, x, y, "label", (arrow->sign > 0) == at_end ? ANCHOR_END : ANCHOR_START, text.bytes);
    svg->failed = svg->failed || text.failed;
    text_free(&text);
    return width < room ? width : room;
}

/* ---- what becomes of it ---- */

static void dies_near(struct svg *svg, const struct arrow *arrow)
{
    char reason[96];
    arrow_reason(&svg->words, arrow->drop, reason, sizeof reason);
    int wanted = svg_text_width(reason, SVG_SMALL, false) + 46;
    int width = name(svg, arrow, GLOSSARY_SACK, -4, arrow->room - wanted, false);
    int x = arrow->x0 + arrow->sign * (width + 24);
    shaft(svg, arrow->x0, 0, x, 2, false);
    cross(svg, x, 2);
    svg_text(svg, x + arrow->sign * 11, 3, "reason", arrow->sign > 0 ? ANCHOR_START : ANCHOR_END, reason);
}

/* The line in which a segment that leaves here arrives or dies; NULL: it is still under way when the run ends. */
static const struct svg_line *end_of(const struct svg *svg, const struct arrow *arrow)
{
    uint32_t line = svg->arrives[arrow->event->segment.number];
    return line != 0 ? &svg->lines[line - 1] : NULL;
}

static int death_x(const struct svg *svg, const struct arrow *arrow, const struct trace_event *drop)
{
    int box = svg->box_x[drop->host];
    return box != 0 ? box : arrow->x1;
}

static void leaves(struct svg *svg, const struct arrow *arrow, const struct svg_line *line)
{
    const struct svg_line *end = end_of(svg, arrow);
    const struct row *there = end != NULL && end->kind == LINE_EVENTS ? &svg->ladder.rows[end->row] : NULL;
    name(svg, arrow, GLOSSARY_SACK, -4, arrow->room - 24, false);
    if (end == NULL) {
        shaft(svg, arrow->x0, 0, arrow->x0 + arrow->sign * arrow->room * 3 / 5, SVG_PITCH - 4, false);
    } else if (there != NULL && there->wire == WIRE_DIES_FAR) {
        int x = death_x(svg, arrow, ladder_event(&svg->ladder, there->drop));
        shaft(svg, arrow->x0, 0, x, end->y - line->y, false);
        cross(svg, x, end->y - line->y);
    } else {
        shaft(svg, arrow->x0, 0, arrow->x1, end->y - line->y, true);
    }
}

/* It left where nobody saw it: in a fold, or from a box. */
static void arrives(struct svg *svg, const struct arrow *arrow, const struct svg_line *line)
{
    const struct trace_event *sent = glossary_send_of(svg->glossary, arrow->event->segment.number);
    int box = sent != NULL && sent->kind == TRACE_SEND ? svg->box_x[sent->host] : 0;
    int x = arrow->x1 - arrow->sign * arrow->room * 2 / 5, y = 4 - SVG_PITCH;
    if (box != 0) {
        x = box;
        y = svg_y_of_time(svg, sent->time_ns) - line->y;
    }
    shaft(svg, x, y, arrow->x1, 0, true); /* it comes from above, where the name stands */
    name(svg, arrow, GLOSSARY_SACK, -4, (box != 0 ? abs(arrow->x1 - box) : arrow->room) - 24, true);
}

static bool was_drawn(const struct svg *svg, uint32_t segment)
{
    uint32_t line = svg->leaves[segment];
    return line != 0 && svg->lines[line - 1].kind == LINE_EVENTS;
}

/* Where a drawn arrow ends: why it died, or what it was if its beginning is far up. */
static void ends(struct svg *svg, const struct arrow *arrow, const struct svg_line *line)
{
    const struct svg_line *begin = &svg->lines[svg->leaves[arrow->event->segment.number] - 1];
    if (arrow->drop != NULL) {
        char reason[96];
        struct text text = {0};
        int x = death_x(svg, arrow, arrow->drop);
        bool beyond = x != arrow->x1;
        arrow_reason(&svg->words, arrow->drop, reason, sizeof reason);
        text_puts(&text, reason);
        svg_cut(&text, SVG_SMALL, false, beyond ? abs(arrow->x1 - x) - 16 : arrow->room - 30);
        svg_text(svg, x + (beyond ? 11 : -11) * arrow->sign, 3, "reason", (arrow->sign > 0) == beyond ? ANCHOR_START : ANCHOR_END,
                 text.bytes != NULL ? text.bytes : "");
        text_free(&text);
    } else if (line->y - begin->y > 12 * SVG_PITCH) {
        name(svg, arrow, GLOSSARY_KIND, -4, arrow->room / 2, true);
    }
}

void svg_arrow(struct svg *svg, const struct svg_line *line)
{
    const struct row *row = &svg->ladder.rows[line->row];
    struct arrow arrow = arrow_of(svg, row);
    if ((row->wire == WIRE_ARRIVES || row->wire == WIRE_DIES_FAR) && was_drawn(svg, arrow.event->segment.number)) {
        ends(svg, &arrow, line);
        return;
    }
    open_group(svg, &arrow);
    switch ((enum wire_kind)row->wire) {
    case WIRE_NONE:
        break;
    case WIRE_LEAVES:
        leaves(svg, &arrow, line);
        break;
    case WIRE_WHOLE:
        name(svg, &arrow, GLOSSARY_SACK, -4, arrow.room - 24, false);
        shaft(svg, arrow.x0, 0, arrow.x1, 0, true);
        break;
    case WIRE_ARRIVES:
        arrives(svg, &arrow, line);
        break;
    case WIRE_DIES_NEAR:
        dies_near(svg, &arrow);
        break;
    case WIRE_DIES_FAR:
        cross(svg, death_x(svg, &arrow, arrow.drop), 0);
        name(svg, &arrow, GLOSSARY_KIND, -4, arrow.room / 2, true);
        break;
    }
    text_puts(svg->out, "</g>\n");
}
