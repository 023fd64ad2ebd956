/* SPDX-License-Identifier: MIT */
/* The ladder as a picture, in four steps: svg_lines.c lays the rows of the ladder on a time axis, svg_spans.c finds what lasts (states,
 * timers, cuts, disagreement), svg_columns.c gives every host its column, svg_draw.c and svg_rows.c draw. All numbers are integers. Inside
 * the view room only. */
#ifndef LASTACK_VIEW_SVG_H
#define LASTACK_VIEW_SVG_H

#include "view/ladder_page.h"

/* Pixels. */
#define SVG_PITCH 21 /* between two lines of one instant */
#define SVG_WAY 42 /* what the usual way through the network takes of the axis */
#define SVG_NOTE_LINE 18
#define SVG_NOTE_PAD 10
#define SVG_SAID_LINE 16
#define SVG_BAR 16 /* the width of a bar of states */
#define SVG_STRIP 13 /* and of a timer's */

enum svg_line_kind {
    LINE_EVENTS,
    LINE_FOLD, /* more of the same */
    LINE_NOTE,
    LINE_FAULT,
    LINE_OTHERS, /* what connections did that are not shown */
    LINE_IDLE, /* nothing happens */
    LINE_DISAGREE, /* from here on the ends disagree */
    LINE_END
};
/* What the axis does between a line and the one before it. */
enum svg_scale { SCALE_INSTANT, SCALE_TRUE, SCALE_STRETCHED, SCALE_FOLDED };

struct svg_line {
    int64_t time_ns, to_ns;
    uint32_t row; /* of the ladder; DISAGREE: of svg.spans */
    int top, y, height; /* y: where its arrow leaves or arrives */
    uint8_t kind, scale;
};

enum svg_span_kind { SPAN_STATE, SPAN_TIMER, SPAN_CUT, SPAN_PAUSE, SPAN_DOWN, SPAN_DISAGREE, SPAN_FLOW };
#define SPAN_OPEN UINT32_MAX

/* Something that lasts, from one event to another. */
struct svg_span {
    uint32_t from, to; /* index in trace.events; SPAN_OPEN: to the end */
    uint32_t conn;
    int64_t from_ns, to_ns;
    uint8_t kind, value; /* STATE, DISAGREE: the state (of the end that is left); TIMER: enum tcp_timer */
    uint8_t what; /* TIMER: how it ended (enum timer_what; ARMED: it still runs, or was armed anew) */
    uint8_t lane, side, slot; /* side 0: of the left bars of its host, 1: of the right ones; CUT, FLOW: lane is a node, side another */
};

/* A host's column: left bars, left timers, words, right timers, right bars. */
struct svg_lane {
    uint16_t node;
    bool used[2]; /* arrows come to this side */
    int bars[2], strips[2]; /* how many lie beside each other */
    int rail[2]; /* where arrows begin and end */
    int words_x, words_width;
};

/* What a group of the drawing takes of the height. */
struct svg_part {
    int top, bottom;
};

#define SVG_SLOTS 12u /* bars beside each other; more are not drawn */
#define SVG_NODES 256u

struct svg {
    struct ladder ladder;
    const struct glossary *glossary;
    struct page words; /* for the names that the text ladder gives things */
    const char *prefix; /* of every id */
    struct text *out;
    struct svg_line *lines;
    uint32_t line_count, line_capacity;
    uint32_t *line_of; /* by event: index of its line + 1 */
    uint32_t *leaves, *arrives; /* by segment: index of the line where it leaves, where it arrives or dies far, + 1 */
    struct svg_span *spans;
    uint32_t span_count, span_capacity;
    struct svg_lane *lanes;
    uint8_t *peer_lane; /* by connection and side: the lane of the other end; LANE_NONE: not known */
    int box_x[SVG_NODES]; /* by node: where its line stands; 0: none */
    int64_t way_ns, idle_ns; /* the usual way through the network; a longer silence is folded */
    int axis_x, width, head, bottom;
    struct svg_part *parts; /* of a long page: so much of it at a time that a browser need not draw where nobody looks */
    uint32_t part_count, part_capacity, in_part;
    bool page, failed;
};

/* ---- text (svg_text.c) ---- */

/* Pixels that a text takes at most, in any usual font. */
int svg_text_width(const char *utf8, int size, bool bold);
/* As text content or attribute: markup and what is no ASCII become references. */
void svg_escape(struct text *out, const char *utf8);
/* Bytes of `utf8` that fit, at least one character, broken at a space if there is one. */
size_t svg_break(const char *utf8, int size, int width);
/* Cuts what does not fit, and shows that it did. */
void svg_cut(struct text *text, int size, bool bold, int width);
enum svg_anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };
void svg_text(struct svg *svg, int x, int y, const char *classes, enum svg_anchor anchor, const char *utf8);
/* The size of the letters of a class in the style of svg.c. */
#define SVG_WORD 13
#define SVG_LABEL 12
#define SVG_SMALL 11
#define SVG_CLOCK 10

/* ---- lines (svg_lines.c) ---- */

bool svg_lines_build(struct svg *svg);
/* After the spans are known. */
void svg_lines_disagree(struct svg *svg);
/* Which line an event stands in. */
bool svg_lines_index(struct svg *svg);
/* After the columns are known: notes are wrapped to the width. */
void svg_lines_place(struct svg *svg);
int svg_y_of_time(const struct svg *svg, int64_t time_ns);
int svg_y_of_event(const struct svg *svg, uint32_t event);
/* Where notes stand: between the first two hosts, so that no bar is hidden. */
int svg_note_x(const struct svg *svg);
int svg_note_width(const struct svg *svg);
/* The text of a note, and the answer of a question; NULL: none. */
/* What a line says in the middle: a fold, a fault, "⚠ the ends disagree for 10 ms: server is gone, client in ESTABLISHED". */
void svg_said(const struct svg *svg, const struct svg_line *line, struct text *out);
const char *svg_note(const struct svg *svg, uint32_t event, char *buffer, size_t size, const char **answer);

/* ---- spans (svg_spans.c) ---- */

bool svg_spans_build(struct svg *svg);
/* Gives bars and timers their places beside each other. */
void svg_spans_slots(struct svg *svg);
/* The side of its host at which this connection's bars stand. */
unsigned svg_side(const struct svg *svg, unsigned lane, uint32_t conn, unsigned conn_side);
static inline bool svg_span_open(const struct svg_span *span)
{
    return span->to == SPAN_OPEN;
}

/* ---- columns (svg_columns.c) ---- */

void svg_columns(struct svg *svg);
/* The side of lane `from` that faces lane `to`. */
static inline unsigned svg_facing(unsigned from, unsigned to)
{
    return to > from ? 1 : 0;
}
/* Where a host's or a box's line stands, seen from the other node. */
int svg_node_x(const struct svg *svg, unsigned node, unsigned other);

/* ---- drawing ---- */

void svg_background(struct svg *svg); /* svg_draw.c */
void svg_axis(struct svg *svg);
void svg_rows(struct svg *svg); /* svg_rows.c */
void svg_arrow(struct svg *svg, const struct svg_line *line); /* svg_arrow.c */

/* Before each thing that is drawn: it belongs to the open part, or to the next. In a short page, and in a picture, there are none. */
void svg_part(struct svg *svg, int top, int bottom); /* svg_parts.c */
void svg_part_end(struct svg *svg);
bool svg_has_parts(const struct svg *svg);

/* Lays the picture out. `page`: the style, the title, the report and the white ground belong to the page around it. Close it in any case.
 */
bool svg_open(struct svg *svg, const struct glossary *glossary, const struct judgement *judgement, const struct view_options *options,
              const char *prefix, bool page);
/* From <svg> to </svg>. */
void svg_draw(struct svg *svg, struct text *out);
/* The names of hosts and boxes over their columns, as wide as the picture: a page keeps them in sight. */
void svg_names(struct svg *svg, struct text *out);
/* What the lines and bars mean. */
#define SVG_KEYS 3
extern const char *const svg_keys[SVG_KEYS];
void svg_close(struct svg *svg);

#endif
