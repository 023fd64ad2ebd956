/* SPDX-License-Identifier: MIT */
/* Every host has a column for its words, with the bars of its states at the side where its arrows come and go; so no arrow between
 * neighbours crosses a word, however many hosts there are. */
#include "tcp/state.h"
#include "view/svg.h"

#define PAGE_WIDTH 960 /* of two hosts: legible on A4, whole on a projector */
#define GAP_TWO 400 /* between two hosts */
#define GAP_MANY 244
#define WORDS_MIN 104 /* SYN_RECEIVED */
#define WORDS_TWO 250
#define WORDS_MANY 216
#define MARGIN 14
#define PAD 7 /* between bars and words */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* ---- how wide ---- */

static int cell_width(const struct svg *svg, const struct cell *cell)
{
    struct text text = {0};
    enum style style = page_cell_text(&text, &svg->words, cell, true);
    if (style == STYLE_TIMER)
        text_puts(&text, ", 888 ms");
    int width = text.bytes != NULL ? svg_text_width(text.bytes, SVG_WORD, style == STYLE_STATE) : 0;
    text_free(&text);
    return width;
}

static int words_wanted(const struct svg *svg, unsigned lane)
{
    int wanted = larger(WORDS_MIN, svg_text_width(svg->glossary->story->nodes[svg->lanes[lane].node].name, 15, true));
    for (uint32_t l = 0; l < svg->line_count; l++) {
        if (svg->lines[l].kind == LINE_IDLE)
            wanted = larger(wanted, svg_text_width("waits: retransmission", SVG_SMALL, false));
        const struct cell *cell = &ladder_cells(&svg->ladder, svg->lines[l].row)[lane];
        if (svg->lines[l].kind == LINE_EVENTS && cell->kind != CELL_NONE)
            wanted = larger(wanted, cell_width(svg, cell));
    }
    int most = svg->ladder.lanes <= 2 ? WORDS_TWO : WORDS_MANY;
    return wanted < most ? wanted : most;
}

static void use_sides(struct svg *svg)
{
    for (uint32_t l = 0; l < svg->line_count; l++) {
        const struct row *row = &svg->ladder.rows[svg->lines[l].row];
        if (svg->lines[l].kind != LINE_EVENTS || row->wire == WIRE_NONE)
            continue;
        svg->lanes[row->from].used[svg_facing(row->from, row->to)] = true;
        svg->lanes[row->to].used[svg_facing(row->to, row->from)] = true;
    }
    for (unsigned i = 0; i < svg->ladder.lanes; i++) { /* a host without arrows shows where they would come */
        struct svg_lane *lane = &svg->lanes[i];
        for (unsigned side = 0; side < 2; side++)
            lane->used[side] = lane->used[side] || lane->bars[side] > 0;
        if (!lane->used[0] && !lane->used[1])
            lane->used[i > 0] = true;
    }
}

static int side_width(const struct svg_lane *lane, unsigned side)
{
    return lane->used[side] ? larger(lane->bars[side], 1) * (SVG_BAR + 2) + lane->strips[side] * SVG_STRIP + PAD : 0;
}

static int axis_width(struct svg *svg)
{
    char buffer[48];
    struct page_decimals decimals = {0};
    for (uint32_t l = 0; l < svg->line_count; l++)
        page_decimals_add(&decimals, svg->lines[l].time_ns);
    svg->words.decimals = page_decimals(&decimals);
    page_time_text(&svg->words, buffer, sizeof buffer, svg->ladder.judgement->end_ns);
    return MARGIN + larger(svg_text_width(buffer, SVG_LABEL, false), 40) + 24;
}

/* ---- boxes ---- */

/* Out of a box over one of its links, through other boxes, to a host's lane; how many links that is. */
static unsigned host_beyond(const struct svg *svg, unsigned box, uint32_t link, unsigned *lane)
{
    const struct story *story = svg->glossary->story;
    unsigned node = box;
    for (unsigned hops = 1; hops <= story->node_count; hops++) {
        node = story->links[link].a == node ? story->links[link].b : story->links[link].a;
        *lane = svg->ladder.lane_of[node & 255];
        if (*lane != LANE_NONE)
            return hops;
        uint32_t next = 0;
        while (next < story->link_count && (next == link || (story->links[next].a != node && story->links[next].b != node)))
            next++;
        if (next == story->link_count)
            break;
        link = next;
    }
    *lane = LANE_NONE;
    return 0;
}

static void box_place(struct svg *svg, unsigned box, unsigned nth, unsigned boxes)
{
    const struct story *story = svg->glossary->story;
    unsigned lanes[2] = {LANE_NONE, LANE_NONE}, hops[2] = {1, 1}, found = 0;
    for (uint32_t l = 0; l < story->link_count && found < 2; l++) {
        if (story->links[l].a == box || story->links[l].b == box) {
            hops[found] = host_beyond(svg, box, l, &lanes[found]);
            found++;
        }
    }
    unsigned left = lanes[0] < lanes[1] ? 0 : 1;
    if (found < 2 || lanes[0] == LANE_NONE || lanes[1] == LANE_NONE || lanes[0] == lanes[1]) {
        if (svg->ladder.lanes < 2)
            return;
        lanes[0] = 0;
        lanes[1] = 1;
        hops[0] = nth + 1;
        hops[1] = boxes - nth;
        left = 0;
    }
    int from = svg->lanes[lanes[left]].rail[1], to = svg->lanes[lanes[left] + 1].rail[0];
    svg->box_x[box] = from + (to - from) * (int)hops[left] / (int)(hops[0] + hops[1]);
}

static void boxes_place(struct svg *svg)
{
    const struct story *story = svg->glossary->story;
    unsigned boxes = 0, nth = 0;
    for (unsigned node = 0; node < story->node_count && node < SVG_NODES; node++)
        boxes += story->nodes[node].kind != NODE_HOST;
    for (unsigned node = 0; node < story->node_count && node < SVG_NODES; node++) {
        if (story->nodes[node].kind != NODE_HOST)
            box_place(svg, node, nth++, boxes);
    }
}

/* ---- places ---- */

void svg_columns(struct svg *svg)
{
    unsigned lanes = svg->ladder.lanes;
    int used = 0, gap = lanes == 2 ? GAP_TWO : GAP_MANY;
    use_sides(svg);
    svg->axis_x = axis_width(svg);
    for (unsigned i = 0; i < lanes; i++) {
        struct svg_lane *lane = &svg->lanes[i];
        lane->words_width = words_wanted(svg, i);
        used += side_width(lane, 0) + lane->words_width + side_width(lane, 1);
    }
    used += svg->axis_x + 2 * MARGIN;
    if (lanes > 1 && used + (int)(lanes - 1) * gap < PAGE_WIDTH)
        gap = (PAGE_WIDTH - used) / (int)(lanes - 1);
    int x = svg->axis_x + MARGIN;
    for (unsigned i = 0; i < lanes; i++) {
        struct svg_lane *lane = &svg->lanes[i];
        lane->rail[0] = x;
        lane->words_x = x + side_width(lane, 0);
        x = lane->words_x + lane->words_width + side_width(lane, 1);
        lane->rail[1] = x;
        x += i + 1 < lanes ? gap : 0;
    }
    svg->width = larger(x + MARGIN, lanes > 1 ? PAGE_WIDTH : 640);
    boxes_place(svg);
}

int svg_node_x(const struct svg *svg, unsigned node, unsigned other)
{
    unsigned lane = node < SVG_NODES ? svg->ladder.lane_of[node] : LANE_NONE;
    if (lane == LANE_NONE)
        return node < SVG_NODES ? svg->box_x[node] : 0;
    unsigned there = other < SVG_NODES ? svg->ladder.lane_of[other] : LANE_NONE;
    if (there != LANE_NONE)
        return svg->lanes[lane].rail[svg_facing(lane, there)];
    int box = other < SVG_NODES ? svg->box_x[other] : 0;
    return svg->lanes[lane].rail[box > svg->lanes[lane].rail[1] ? 1 : 0];
}
