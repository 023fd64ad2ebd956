/* SPDX-License-Identifier: MIT */
#include "view/svg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/state.h"

#define TITLE 19
#define MARGIN 14
#define PAGE_HEAD 8 /* above the first line, where the names of the hosts are a picture of their own */
#define NAMES_HEIGHT 26

/* Colours are never the only signal: each state and timer also says its name. No variables: not every reader of SVG knows them. */
static const char style[] =
    "<style>\n"
    "text{font-family:system-ui,'Segoe UI',Roboto,Helvetica,Arial,'DejaVu Sans',sans-serif;fill:#1b1f24}\n"
    ".title{font-size:19px;font-weight:bold}\n"
    ".host{font-size:15px;font-weight:bold}\n"
    ".word{font-size:13px}\n"
    ".label,.time,.idle,.fold,.weather{font-size:12px}\n"
    ".reason,.still,.key,.small{font-size:11px}\n"
    ".became,.bar,.idle,.weather{font-weight:bold}\n"
    ".bar{font-size:11px;font-weight:bold;fill:#ffffff}\n"
    ".clock{font-size:10px}\n"
    ".report{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}\n"
    ".time,.still,.small,.fold,.key{fill:#57606a}\n"
    ".idle{fill:#57606a}\n"
    ".label,.reason,.idle,.fold,.weather,.word,.still{paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}\n"
    ".label,.reason,.idle,.fold,.weather{stroke-width:9px}\n"
    ".say .word,.ask .word{stroke:none}\n"
    ".error,.reason,.rst .label,.weather{fill:#b3261e}\n"
    ".fires{fill:#7a4a00}\n"
    ".fin .label{fill:#8a3b00;font-weight:bold}\n"
    ".answer{font-weight:bold}\n"
    ".ground{fill:#ffffff}\n"
    ".rail{stroke:#8c959f;stroke-dasharray:2 4;fill:none}\n"
    ".box{stroke:#57606a;stroke-dasharray:7 5;fill:none}\n"
    ".axis,.tick{stroke:#8c959f;fill:none;stroke-width:2}\n"
    ".stretched{stroke-dasharray:2 4}\n"
    ".instant{stroke-width:7}\n"
    ".hatch{stroke:#f5cac6;stroke-width:3}\n"
    ".cut{stroke:#b3261e;stroke-dasharray:5 4}\n"
    ".down{fill:#d0d7de}\n"
    ".paused{fill:#fff1c2}\n"
    ".flow{fill:#6e7781}\n"
    ".disagree{stroke:#b3261e;stroke-width:4;stroke-dasharray:8 4;fill:none}\n"
    ".timer{fill:#ffffff;stroke:#9a6700}\n"
    ".timer.fired{fill:#ffd98a}\n"
    ".state{stroke:none}\n"
    ".LISTEN,.CLOSED{fill:#8c959f}.SYN_SENT{fill:#5b7fb3}.SYN_RECEIVED{fill:#3f6591}.ESTABLISHED{fill:#1a7f37}\n"
    ".FIN_WAIT_1{fill:#bc4c00}.FIN_WAIT_2{fill:#8a6100}.CLOSING{fill:#a0358c}.TIME_WAIT{fill:#6639ba}\n"
    ".CLOSE_WAIT{fill:#b3261e}.LAST_ACK{fill:#7d2239}\n"
    ".segment path{fill:none;stroke:#1b1f24;stroke-width:2}\n"
    ".segment.ack path{stroke:#57606a;stroke-width:1}\n"
    ".segment.syn path{stroke:#0a5cad}.segment.fin path{stroke:#bc4c00;stroke-width:3}.segment.rst path{stroke:#b3261e;stroke-width:3}\n"
    ".segment.again path{stroke-dasharray:9 4}\n"
    ".segment path.cross{stroke:#b3261e;stroke-width:3;stroke-dasharray:none}\n"
    ".say rect,.ask rect{fill-opacity:.86}\n" /* arrows go on below it, and are seen to */
    ".say rect{fill:#eaf2ff;stroke:#0a5cad}\n"
    ".ask rect{fill:#fff8e1;stroke:#9a6700}\n"
    ".fault path{stroke:#b3261e;stroke-dasharray:3 4;fill:none}\n"
    "</style>\n";

static void defs(struct svg *svg)
{
    text_printf(svg->out,
                "<defs>\n"
                "<marker id=\"%shead\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"11\" markerHeight=\"11\" "
                "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 1l10 4 -10 4z\" class=\"head\"/></marker>\n"
                "<pattern id=\"%shatch\" width=\"10\" height=\"10\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
                "<path d=\"M0 0V10\" class=\"hatch\"/></pattern>\n"
                "</defs>\n",
                svg->prefix, svg->prefix);
}

/* ---- above ---- */

static int head_text(struct svg *svg, int y, const char *classes, int size, int step, const char *words)
{
    while (*words != '\0') {
        struct text text = {0};
        size_t bytes = svg_break(words, size + size / 9, svg->width - 2 * MARGIN);
        text_add(&text, words, bytes);
        svg_text(svg, MARGIN, y, classes, ANCHOR_START, text.bytes != NULL ? text.bytes : "");
        svg->failed = svg->failed || text.failed;
        text_free(&text);
        words += bytes;
        words += *words == ' ' || *words == '\n';
        y += step;
    }
    return y;
}

static void host_names(struct svg *svg, int y)
{
    const struct story *story = svg->glossary->story;
    for (unsigned i = 0; i < svg->ladder.lanes; i++) {
        const struct svg_lane *lane = &svg->lanes[i];
        unsigned side = lane->used[0] && lane->used[1] ? 2 : lane->used[1];
        int x = side == 2 ? (lane->rail[0] + lane->rail[1]) / 2 : side == 1 ? lane->rail[1] : lane->rail[0];
        svg_text(svg, x, y, "host", side == 2 ? ANCHOR_MIDDLE : side == 1 ? ANCHOR_END : ANCHOR_START, story->nodes[lane->node].name);
    }
    for (unsigned node = 0; node < story->node_count && node < SVG_NODES; node++) {
        if (svg->box_x[node] != 0)
            svg_text(svg, svg->box_x[node], y, "host", ANCHOR_MIDDLE, story->nodes[node].name);
    }
}

static void head(struct svg *svg)
{
    const struct story *story = svg->glossary->story;
    struct text line = {0};
    if (svg->page) {
        svg->head = PAGE_HEAD;
        return;
    }
    int y = head_text(svg, 32, "title", TITLE, 24, story->title);
    if (story->variant_title != NULL) {
        text_printf(&line, "variant %u: %s", (unsigned)story->variant, story->variant_title);
        y = head_text(svg, y, "word", SVG_WORD, 19, line.bytes != NULL ? line.bytes : "");
        line.length = 0;
    }
    text_printf(&line, "%s · seed %" PRIu64 " · lastack %s", story->file, story->seed, svg->ladder.options->version);
    y = head_text(svg, y - 2, "small", SVG_SMALL, 17, line.bytes != NULL ? line.bytes : "");
    svg->head = y + 28;
    host_names(svg, y + 14);
    svg->failed = svg->failed || line.failed;
    text_free(&line);
}

/* ---- below ---- */

const char *const svg_keys[SVG_KEYS] = {
    ("Time runs down. Its axis is solid where it is to scale, dotted where it is stretched, broken where it is folded, thick within one "
     "instant."),
    "Bars: the state of each end. Beside them its timers, filled if they went off: R retransmission, T tail-loss probe, O reordering,",
    "P persist, D delayed ACK, K keep-alive, F FIN_WAIT_2, W TIME_WAIT. Dashed arrows are retransmissions.",
};

static void legend(struct svg *svg, int y)
{
    for (unsigned i = 0; i < SVG_KEYS; i++)
        svg_text(svg, MARGIN, y + (int)i * 16, "key", ANCHOR_START, svg_keys[i]);
}

/* The lines of the report, as the terminal shows them. */
static int report(struct svg *svg, int y)
{
    struct view_options options = *svg->ladder.options;
    struct text text = {0};
    options.colour = false;
    options.unicode = true;
    view_report(&text, svg->glossary->story, svg->glossary->trace, svg->ladder.judgement, &options);
    for (char *line = text.bytes; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        size_t fits = canvas_break(line, (svg->width - 2 * MARGIN) / 8);
        char kept = line[fits];
        line[fits] = '\0';
        if (*line != '\0')
            svg_text(svg, MARGIN, y, "report\" xml:space=\"preserve", ANCHOR_START, line);
        line[fits] = kept;
        y += 16;
        line = kept != '\0' ? line + fits : end != NULL ? end + 1 : NULL;
    }
    svg->failed = svg->failed || text.failed;
    text_free(&text);
    return y;
}

/* ---- the whole ---- */

static void describe(struct svg *svg)
{
    const struct story *story = svg->glossary->story;
    text_printf(svg->out, "<title id=\"%stitle\">", svg->prefix);
    svg_escape(svg->out, story->title);
    text_printf(svg->out, "</title>\n<desc id=\"%sdesc\">Time runs down, each host has a column:", svg->prefix);
    for (unsigned i = 0; i < svg->ladder.lanes; i++) {
        text_puts(svg->out, i == 0 ? " " : ", ");
        svg_escape(svg->out, story->nodes[svg->lanes[i].node].name);
    }
    text_printf(svg->out, ". %u events", (unsigned)svg->glossary->trace->count);
    for (uint32_t i = 0; i < svg->ladder.judgement->connection_count && i < 8; i++) {
        const struct connection_report *c = &svg->ladder.judgement->connections[i];
        text_puts(svg->out, ", ");
        svg_escape(svg->out, glossary_host(svg->glossary, c->host[0]));
        text_puts(svg->out, " to ");
        svg_escape(svg->out, glossary_host(svg->glossary, c->host[1]));
        text_printf(svg->out, ": %s", verdict_name(c->verdict));
    }
    text_puts(svg->out, ".</desc>\n");
}

static void lanes_name(struct svg *svg)
{
    const struct story *story = svg->glossary->story;
    for (unsigned node = 0; node < story->node_count && node < LANE_NONE; node++) {
        if (svg->ladder.lane_of[node] != LANE_NONE)
            svg->lanes[svg->ladder.lane_of[node]].node = (uint16_t)node;
    }
}

static bool lay_out(struct svg *svg)
{
    svg->lanes = calloc(svg->ladder.lanes, sizeof *svg->lanes);
    if (svg->lanes == NULL)
        return false;
    lanes_name(svg);
    svg->words.ladder = &svg->ladder;
    svg->words.canvas[0].unicode = true;
    svg->words.hour_clock = svg->glossary->story->clock_ns >= 0;
    svg->words.name_connections = svg->glossary->conns > 1;
    if (!svg_lines_build(svg) || !svg_lines_index(svg) || !svg_spans_build(svg))
        return false;
    svg_lines_disagree(svg);
    svg_spans_slots(svg);
    svg_columns(svg);
    return !svg->failed;
}

bool svg_open(struct svg *svg, const struct glossary *glossary, const struct judgement *judgement, const struct view_options *options,
              const char *prefix, bool page)
{
    struct text above = {0};
    *svg = (struct svg){.glossary = glossary, .prefix = prefix, .page = page, .out = &above};
    svg->failed = !ladder_build(&svg->ladder, glossary, judgement, options, true) || !lay_out(svg);
    if (svg->failed)
        return false;
    head(svg); /* to know how high it is */
    text_free(&above);
    svg_lines_place(svg);
    return true;
}

void svg_close(struct svg *svg)
{
    ladder_free(&svg->ladder);
    free(svg->lanes);
    free(svg->lines);
    free(svg->line_of);
    free(svg->leaves);
    free(svg->spans);
    free(svg->peer_lane);
    free(svg->parts);
}

/* A picture by itself is one image with a name and a description to a screen reader, its words are for the eyes (and to be copied, and
 * found); in the page it is a group, whose rows are read one by one. */
static void opening(struct svg *svg, int height)
{
    text_printf(svg->out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"%s\" "
                "aria-labelledby=\"%stitle\" aria-describedby=\"%sdesc\"%s>\n",
                svg->width, height, svg->width, height, svg->page ? "group" : "img", svg->prefix, svg->prefix,
                svg->page ? "" : " style=\"display:block;margin:auto;max-width:100%;height:auto\"");
    describe(svg);
    if (!svg->page) {
        text_puts(svg->out, style);
        text_printf(svg->out, "<g aria-hidden=\"true\">\n<rect width=\"%d\" height=\"%d\" class=\"ground\"/>\n", svg->width, height);
    }
    defs(svg);
}

void svg_draw(struct svg *svg, struct text *out)
{
    struct text below = {0};
    int height = svg->bottom + 10;
    svg->out = &below;
    if (!svg->page) {
        legend(svg, height + 14);
        height = report(svg, height + 84) + 4;
    }
    svg->out = out;
    opening(svg, height);
    head(svg);
    text_puts(out, svg->page ? "<g aria-hidden=\"true\">\n" : "");
    svg_background(svg);
    svg_axis(svg);
    text_puts(out, svg->page ? "</g>\n" : "");
    svg_rows(svg);
    text_add(out, below.bytes != NULL ? below.bytes : "", below.length);
    text_puts(out, svg->page ? "</svg>\n" : "</g>\n</svg>\n");
    svg->failed = svg->failed || below.failed;
    text_free(&below);
}

void svg_names(struct svg *svg, struct text *out)
{
    svg->out = out;
    text_printf(out, "<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", svg->width, NAMES_HEIGHT, svg->width, NAMES_HEIGHT);
    host_names(svg, NAMES_HEIGHT - 8);
    text_puts(out, "</svg>\n");
}

void view_svg(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
              const struct view_options *options)
{
    struct glossary glossary;
    struct svg svg;
    glossary_init(&glossary, story, trace);
    if (svg_open(&svg, &glossary, judgement, options, "", false))
        svg_draw(&svg, out);
    out->failed = out->failed || svg.failed;
    svg_close(&svg);
    glossary_done(&glossary);
}
