/* SPDX-License-Identifier: MIT */
/* What lies behind the words: the axis, bars of states, timers, partitions, hosts that are down, the boxes' memory, disagreement. */
#include "tcp/state.h"
#include "view/svg.h"

#define STATE_REPEATS 460 /* a long bar says its name again after so many pixels */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int y_from(const struct svg *svg, const struct svg_span *span)
{
    return svg_y_of_event(svg, span->from);
}

static int y_to(const struct svg *svg, const struct svg_span *span)
{
    return svg_span_open(span) ? svg->bottom : svg_y_of_event(svg, span->to);
}

/* "FIN_WAIT_1, client, 1.000 to 1.020 (20 ms)" */
static void title(struct svg *svg, const struct svg_span *span, const char *what, const char *who)
{
    char from[48], to[48];
    page_time_text(&svg->words, from, sizeof from, span->from_ns);
    page_time_text(&svg->words, to, sizeof to, span->to_ns);
    text_puts(svg->out, "<title>");
    svg_escape(svg->out, what);
    text_puts(svg->out, ", ");
    svg_escape(svg->out, who);
    text_printf(svg->out, ", %s to %s (", from, svg_span_open(span) ? "the end" : to);
    page_span(svg->out, span->to_ns - span->from_ns);
    text_puts(svg->out, ")</title>");
}

/* Reads upwards, its middle at x, y. */
static void upright(struct svg *svg, int x, int y, const char *classes, const char *words)
{
    text_printf(svg->out, "<text transform=\"translate(%d,%d) rotate(-90)\" class=\"%s\" text-anchor=\"middle\">", x, y, classes);
    svg_escape(svg->out, words);
    text_puts(svg->out, "</text>\n");
}

static void bar_names(struct svg *svg, int x, int y, int height, const char *name)
{
    int wanted = svg_text_width(name, SVG_SMALL, true) + 8, names = larger(1, height / STATE_REPEATS);
    for (int i = 0; i < names && height / names >= wanted; i++) {
        int middle = y + (int)((int64_t)(2 * i + 1) * height / (2 * names));
        if (names > 1)
            svg_part(svg, middle - wanted / 2, middle + wanted / 2);
        upright(svg, x, middle, "bar", name);
    }
}

static void state_bar(struct svg *svg, const struct svg_span *span)
{
    const struct svg_lane *lane = &svg->lanes[span->lane];
    const char *name = tcp_state_name((enum tcp_state)span->value);
    int y = y_from(svg, span), height = larger(y_to(svg, span) - y, 2);
    int x = span->side == 0 ? lane->rail[0] + span->slot * (SVG_BAR + 2) : lane->rail[1] - SVG_BAR - span->slot * (SVG_BAR + 2);
    text_printf(svg->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" class=\"state %s\">", x, y, SVG_BAR, height, name);
    title(svg, span, name, glossary_host(svg->glossary, lane->node));
    text_puts(svg->out, "</rect>\n");
    bar_names(svg, x + SVG_BAR / 2 + 4, y, height, name);
}

/* A name where there is room for it, else a letter; the legend says which. */
static void timer_name(struct svg *svg, const struct svg_span *span, int x, int y, int height)
{
    static const char *const names[TCP_TIMERS][2] = {{"", ""},         {"RTO", "R"},         {"tail-loss probe", "T"}, {"reordering", "O"},
                                                     {"persist", "P"}, {"delayed ACK", "D"}, {"keep-alive", "K"},      {"FIN_WAIT_2", "F"},
                                                     {"2 MSL", "W"}};
    struct text words = {0};
    for (unsigned brief = 0; brief < 2; brief++) {
        words.length = 0;
        text_printf(&words, "%s ", names[span->value][brief]);
        page_span(&words, ladder_event(&svg->ladder, span->from)->timer.at_ns - span->from_ns);
        if (words.bytes != NULL && svg_text_width(words.bytes, SVG_CLOCK, false) + 4 <= height) {
            upright(svg, x + SVG_STRIP / 2 + 4, y + height / 2, "clock", words.bytes);
            break;
        }
        if (brief == 1 && height >= 14)
            svg_text(svg, x + SVG_STRIP / 2, y + 11, "clock", ANCHOR_MIDDLE, names[span->value][1]);
    }
    svg->failed = svg->failed || words.failed;
    text_free(&words);
}

/* From being set to going off (filled), to being stopped or set anew (hollow). */
static void timer_bar(struct svg *svg, const struct svg_span *span)
{
    const struct svg_lane *lane = &svg->lanes[span->lane];
    const char *name = tcp_timer_name((enum tcp_timer)span->value);
    int y = y_from(svg, span), height = larger(y_to(svg, span) - y, 2);
    int bars = larger(lane->bars[span->side], 1) * (SVG_BAR + 2) + span->slot * SVG_STRIP;
    int x = span->side == 0 ? lane->rail[0] + bars : lane->rail[1] - bars - SVG_STRIP;
    text_printf(svg->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"timer %s %s\">", x + 1, y, SVG_STRIP - 2, height,
                name, span->what == TIMER_FIRED ? "fired" : "unfired");
    title(svg, span, name, glossary_host(svg->glossary, lane->node));
    text_puts(svg->out, "</rect>\n");
    timer_name(svg, span, x, y, height);
}

static void cut_band(struct svg *svg, const struct svg_span *span)
{
    int a = svg_node_x(svg, span->lane, span->side), b = svg_node_x(svg, span->side, span->lane), y = y_from(svg, span);
    struct text who = {0};
    if (a == b)
        return;
    text_printf(&who, "%s and %s", glossary_host(svg->glossary, span->lane), glossary_host(svg->glossary, span->side));
    text_printf(svg->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"cut\" fill=\"url(#%shatch)\">", a < b ? a : b, y,
                a < b ? b - a : a - b, larger(y_to(svg, span) - y, 2), svg->prefix);
    title(svg, span, "no segment passes", who.bytes != NULL ? who.bytes : "");
    text_puts(svg->out, "</rect>\n");
    svg->failed = svg->failed || who.failed;
    text_free(&who);
}

static void host_band(struct svg *svg, const struct svg_span *span)
{
    unsigned index = svg->ladder.lane_of[span->lane];
    int y = y_from(svg, span);
    if (index == LANE_NONE)
        return;
    const struct svg_lane *lane = &svg->lanes[index];
    const char *what = span->kind == SPAN_DOWN ? "down" : "paused";
    text_printf(svg->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\">", lane->rail[0], y,
                lane->rail[1] - lane->rail[0], larger(y_to(svg, span) - y, 2), what);
    title(svg, span, what, glossary_host(svg->glossary, lane->node));
    text_puts(svg->out, "</rect>\n");
}

/* A dashed line costs a browser as much as it is long, seen or not: in a long page it comes in pieces, of whole dashes. `span`: what it
 * shows, and at whom; NULL: nothing to say. */
#define PIECE 3000

static void dashed(struct svg *svg, int x, int from, int to, const char *class, const struct svg_span *span)
{
    for (int y = from, end; y < to; y = end) {
        end = svg_has_parts(svg) && to - y > PIECE ? y + PIECE : to;
        svg_part(svg, y, end);
        text_printf(svg->out, "<path d=\"M%d %dV%d\" class=\"%s\"", x, y, end, class);
        if (span != NULL) {
            text_putc(svg->out, '>');
            title(svg, span, "the ends disagree", glossary_host(svg->glossary, svg->lanes[span->lane].node));
        }
        text_puts(svg->out, span != NULL ? "</path>\n" : "/>\n");
    }
}

static void disagree_mark(struct svg *svg, const struct svg_span *span)
{
    const struct svg_lane *lane = &svg->lanes[span->lane];
    int x = span->side == 0 ? lane->rail[0] - 4 : lane->rail[1] + 4, y = y_from(svg, span);
    dashed(svg, x, y, larger(y_to(svg, span), y + 3), "disagree", span);
}

static void flow_bar(struct svg *svg, const struct svg_span *span, unsigned nth)
{
    int y = y_from(svg, span), to = svg_span_open(span) ? svg->bottom : svg_y_of_time(svg, span->to_ns);
    if (svg->box_x[span->lane] == 0 || nth > 3)
        return;
    text_printf(svg->out, "<rect x=\"%d\" y=\"%d\" width=\"6\" height=\"%d\" class=\"flow\">", svg->box_x[span->lane] - 3 + (int)nth * 8, y,
                larger(to - y, 2));
    title(svg, span, "remembers the connection", glossary_host(svg->glossary, span->lane));
    text_puts(svg->out, "</rect>\n");
}

static void rails(struct svg *svg)
{
    for (unsigned i = 0; i < svg->ladder.lanes; i++) {
        for (unsigned side = 0; side < 2; side++) {
            if (svg->lanes[i].used[side])
                dashed(svg, svg->lanes[i].rail[side], svg->head - 4, svg->bottom, "rail", NULL);
        }
    }
    for (unsigned node = 0; node < SVG_NODES; node++) {
        if (svg->box_x[node] != 0)
            dashed(svg, svg->box_x[node], svg->head - 4, svg->bottom, "box", NULL);
    }
    svg_part_end(svg);
}

static void span(struct svg *svg, const struct svg_span *span, unsigned *flows)
{
    bool slotted = (span->kind == SPAN_STATE || span->kind == SPAN_TIMER) && span->slot < SVG_SLOTS;
    if (!slotted && span->kind != SPAN_DISAGREE && span->kind != SPAN_FLOW)
        return;
    if (span->kind != SPAN_DISAGREE)
        svg_part(svg, y_from(svg, span), y_to(svg, span));
    if (span->kind == SPAN_STATE)
        state_bar(svg, span);
    else if (span->kind == SPAN_TIMER)
        timer_bar(svg, span);
    else if (span->kind == SPAN_DISAGREE)
        disagree_mark(svg, span);
    else
        flow_bar(svg, span, flows[span->lane]++);
}

void svg_background(struct svg *svg)
{
    unsigned flows[SVG_NODES] = {0};
    for (uint32_t s = 0; s < svg->span_count; s++) {
        if (svg->spans[s].kind == SPAN_CUT)
            cut_band(svg, &svg->spans[s]);
        else if (svg->spans[s].kind == SPAN_DOWN || svg->spans[s].kind == SPAN_PAUSE)
            host_band(svg, &svg->spans[s]);
    }
    rails(svg);
    for (uint32_t s = 0; s < svg->span_count; s++)
        span(svg, &svg->spans[s], flows);
    svg_part_end(svg);
}

/* ---- the axis ---- */

static void zigzag(struct svg *svg, int x, int from, int to)
{
    int middle = (from + to) / 2;
    text_printf(svg->out, "<path d=\"M%d %dV%dl-5 4 10 8 -10 8 5 4V%d\" class=\"axis\"/>\n", x, from, middle - 12, to);
}

/* From line to line: drawn solid where it is true, dotted where it is stretched, broken where it is folded, thick within an instant. */
void svg_axis(struct svg *svg)
{
    static const char *const classes[] = {
        [SCALE_INSTANT] = "axis instant", [SCALE_TRUE] = "axis", [SCALE_STRETCHED] = "axis stretched", [SCALE_FOLDED] = "axis"};
    int x = svg->axis_x - 8;
    for (uint32_t l = 1; l < svg->line_count;) {
        uint32_t end = l; /* so many lines of the same kind are one stroke */
        while (svg->lines[l].scale != SCALE_FOLDED && end + 1 < svg->line_count && svg->lines[end + 1].scale == svg->lines[l].scale)
            end++;
        int from = svg->lines[l - 1].y, to = svg->lines[end].y;
        svg_part(svg, from, svg->lines[end + 1 < svg->line_count ? end + 1 : end].y);
        if (svg->lines[l].kind == LINE_IDLE && l + 1 < svg->line_count) {
            end = l + 1;
            zigzag(svg, x, from, svg->lines[end].y);
        } else {
            text_printf(svg->out, "<path d=\"M%d %dV%d\" class=\"%s\"/>\n", x, from, to, classes[svg->lines[l].scale]);
        }
        l = end + 1;
    }
    svg_part_end(svg);
}
