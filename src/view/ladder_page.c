/* SPDX-License-Identifier: MIT */
#include "view/ladder_page.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "net/class.h"

#define IDLE_MIN (20 * NS_PER_MS) /* a shorter silence is never folded */
#define CELL_MIN 12 /* "SYN_RECEIVED" */
#define CELL_MAX 40
#define SPAN_WANTED 28 /* between two lanes: "FIN ACK seq 301 ack 1" and its arrow */
#define SPAN_MORE 2 /* before the arguments of calls are told */
#define SPAN_MAX 78 /* between two lanes; longer arrows are harder to follow */
#define SPAN_MIN 14

static const struct glyphs unicode = {
    .lane = 0x2502,
    .gone = 0x254E,
    .dash = 0x2500,
    .flight = 0x254C,
    .heavy = 0x2501,
    .right = 0x25B6,
    .left = 0x25C0,
    .cross = 0x2717,
    .dots = 0x22EE,
    .pass = 0x250A,
    .down_right = 0x256E,
    .down_left = 0x256D,
    .up_right = 0x2570,
    .up_left = 0x256F,
    .crossing = 0x253C,
};
static const struct glyphs ascii = {
    .lane = '|',
    .gone = ':',
    .dash = '-',
    .flight = '.',
    .heavy = '=',
    .right = '>',
    .left = '<',
    .cross = 'X',
    .dots = ':',
    .pass = '|',
    .down_right = '.',
    .down_left = '.',
    .up_right = '\'',
    .up_left = '\'',
    .crossing = '+',
};

/* ---- times ---- */

int page_time_text(const struct page *page, char *buffer, size_t size, int64_t time_ns)
{
    int64_t shown = time_ns, fraction;
    char digits[16];
    int length;
    if (page->hour_clock) {
        shown = (time_ns + page->ladder->glossary->story->clock_ns) % (24 * 3600 * NS_PER_S);
        int64_t s = shown / NS_PER_S;
        length = snprintf(buffer, size, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    } else {
        length = snprintf(buffer, size, "%" PRId64, shown / NS_PER_S);
    }
    fraction = shown % NS_PER_S;
    snprintf(digits, sizeof digits, "%09" PRId64, fraction);
    return length + snprintf(buffer + length, size - (size_t)length, ".%.*s", page->decimals, digits);
}

/* What the story says of times: the links', and those at which something is to happen. */
static bool is_whole_ms(const struct story *story)
{
    for (uint32_t i = 0; i < story->link_count; i++) {
        for (unsigned d = 0; d < 2; d++) {
            const struct link_params *link = &story->links[i].dir[d];
            if (link->delay_ns % NS_PER_MS != 0 || link->jitter_ns != 0 || link->rate_bps != 0)
                return false;
        }
    }
    for (uint32_t i = 0; i < story->statement_count; i++) {
        if (story->statements[i].when == WHEN_AT && story->statements[i].at_ns % NS_PER_MS != 0)
            return false;
    }
    return true;
}

static int decimals_of(int64_t ns)
{
    return ns % NS_PER_MS == 0 ? 3 : ns % NS_PER_US == 0 ? 6 : 9;
}

static int decimals_between(int64_t a_ns, int64_t b_ns)
{
    return a_ns == b_ns || a_ns / NS_PER_MS != b_ns / NS_PER_MS ? 3 : a_ns / NS_PER_US != b_ns / NS_PER_US ? 6 : 9;
}

void page_decimals_add(struct page_decimals *decimals, int64_t time_ns)
{
    const int exact = decimals_of(time_ns), apart = decimals_between(decimals->before_ns, time_ns);
    decimals->exact = exact > decimals->exact ? exact : decimals->exact;
    decimals->apart = apart > decimals->apart ? apart : decimals->apart;
    decimals->before_ns = time_ns;
}

int page_decimals(const struct page_decimals *decimals)
{
    const int shown = decimals->exact <= 6 ? decimals->exact : decimals->apart;
    return shown > 3 ? shown : 3; /* nothing was added */
}

/* On a narrow page at most 6, and in a run that goes on, whose column is to stand still. */
static int decimals_needed(const struct ladder *ladder, unsigned width)
{
    struct page_decimals decimals = {0};
    if (ladder->live && !is_whole_ms(ladder->glossary->story))
        return 6;
    for (uint32_t i = 0; i < ladder->count;) {
        page_decimals_add(&decimals, ladder->rows[i].time_ns);
        i += ladder->rows[i].folds > 0 ? ladder->rows[i].folds : 1;
    }
    int needed = page_decimals(&decimals);
    return (width < 100 || ladder->live) && needed > 6 ? 6 : needed;
}

void page_span(struct text *out, int64_t ns)
{
    int64_t minutes = ns / (60 * NS_PER_S), seconds = ns / NS_PER_S, hundredths = ns % NS_PER_S / (10 * NS_PER_MS);
    if (minutes >= 60) {
        text_printf(out, "%" PRId64 " h", minutes / 60);
        if (minutes % 60 != 0)
            text_printf(out, " %" PRId64 " min", minutes % 60);
    } else if (minutes >= 2) {
        text_printf(out, "%" PRId64 " min", minutes);
        if (seconds % 60 != 0)
            text_printf(out, " %" PRId64 " s", seconds % 60);
    } else if (seconds >= 10 || (seconds > 0 && hundredths % 10 == 0)) {
        text_printf(out, hundredths < 10 ? "%" PRId64 " s" : "%" PRId64 ".%" PRId64 " s", seconds, hundredths / 10);
    } else if (seconds > 0) {
        text_printf(out, "%" PRId64 ".%02" PRId64 " s", seconds, hundredths);
    } else {
        text_printf(out, "%" PRId64 " ms", ns / NS_PER_MS);
    }
}

/* Several times as long as the longest way through the network. */
int64_t page_idle_ns(const struct story *story)
{
    int64_t way = 0;
    for (uint32_t i = 0; i < story->link_count; i++) {
        int64_t there = time_add(story->links[i].dir[0].delay_ns, story->links[i].dir[0].jitter_ns);
        int64_t back = time_add(story->links[i].dir[1].delay_ns, story->links[i].dir[1].jitter_ns);
        way = time_add(way, there > back ? there : back);
    }
    way = way > 1000 * NS_PER_S ? 1000 * NS_PER_S : way;
    return way * 3 > IDLE_MIN ? way * 3 : IDLE_MIN;
}

/* ---- columns ---- */

static int clamped(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* What "old: " adds to the name of each arrow. */
static int name_columns(const struct page *page)
{
    const struct glossary *glossary = page->ladder->glossary;
    int widest = 1;
    for (uint32_t conn = 1; conn <= glossary->conns && page->name_connections; conn++) {
        int width = glossary->names[conn] != STORY_NONE ? canvas_width(glossary->story->names[glossary->names[conn]]) : 1;
        widest = width > widest ? width : widest;
    }
    return page->name_connections ? clamped(widest, 1, 8) + 2 : 0;
}

/* Two hosts: each side is as wide as its words ask for, as long as the arrows keep their room; calls give up their arguments first. */
static void columns_outside(struct page *page, int room)
{
    int all = room - 4 - SPAN_WANTED - name_columns(page), cell[2], full[2];
    for (unsigned lane = 0; lane < 2; lane++) {
        full[lane] = clamped(page_cell_wanted(page, lane, true), CELL_MIN, CELL_MAX);
        cell[lane] = clamped(page_cell_wanted(page, lane, false), CELL_MIN, full[lane]);
    }
    for (unsigned lane = 0; lane < 2 && cell[0] + cell[1] > all; lane++)
        cell[lane] = clamped(cell[lane], CELL_MIN, CELL_COMMON + (page->name_connections ? 2 : 0));
    for (unsigned lane = 2; lane-- > 0;) { /* what is left goes to the arguments */
        int left = all - SPAN_MORE - cell[0] - cell[1];
        cell[lane] += clamped(full[lane] - cell[lane], 0, left > 0 ? left : 0);
    }
    int span = clamped(room - 4 - cell[0] - cell[1], SPAN_MIN, SPAN_MAX);
    page->lane_x[0] = page->left + cell[0] + 1;
    page->lane_x[1] = page->lane_x[0] + span + 1;
    page->cell_width[0] = cell[0];
    page->cell_width[1] = cell[1];
    page->right = page->lane_x[1] + 1 + cell[1];
}

static bool columns(struct page *page, int width)
{
    unsigned lanes = page->ladder->lanes;
    int room = width - page->left;
    int cell = clamped((room - 2) * 23 / 100, CELL_COMMON, CELL_MAX);

    if (lanes > PAGE_LANES)
        return false;
    if (ladder_outside(page->ladder)) {
        columns_outside(page, room);
        return true;
    }
    int span = lanes > 1 ? (room - cell - 4) / (int)(lanes - 1) : 0;
    span = span > SPAN_MAX ? SPAN_MAX : span;
    if (lanes > 1 && span < SPAN_MIN)
        return false;
    for (unsigned lane = 0; lane < lanes; lane++) {
        page->lane_x[lane] = page->left + 1 + (int)lane * span;
        page->cell_width[lane] = lane + 1 < lanes ? span - 3 : cell;
    }
    if (lanes == 1)
        page->cell_width[0] = room - 4;
    page->right = page->lane_x[lanes - 1] + 1 + page->cell_width[lanes - 1];
    return true;
}

/* Will connections need to be told apart? */
static bool has_several(const struct ladder *ladder)
{
    const struct story *story = ladder->glossary->story;
    uint64_t connects = 0;
    for (uint32_t p = 0; p < story->program_count && ladder->live; p++) {
        const struct story_program *program = &story->programs[p];
        for (uint32_t s = program->first_step; s < program->first_step + program->steps; s++)
            connects += story->steps[s].call == CALL_CONNECT ? program->copies : 0;
    }
    return ladder->glossary->conns > 1 || connects > 1;
}

/* The latest time that the page has to have room for: of a run that goes on it is a guess, that it will take less than a thousand
 * seconds or what the story names. */
static int64_t latest_ns(const struct ladder *ladder)
{
    const struct trace *trace = ladder->glossary->trace;
    if (!ladder->live)
        return ladder->judgement->end_ns;
    const int64_t now_ns = trace->count > 0 ? trace->events[trace->count - 1].time_ns : 0,
                  named_ns = ladder->glossary->story->last_named_ns;
    const int64_t latest = now_ns > named_ns ? now_ns : named_ns;
    return latest > 999 * NS_PER_S ? latest : 999 * NS_PER_S;
}

bool page_init(struct page *page, const struct ladder *ladder)
{
    unsigned width = ladder->options->width;
    char buffer[48];
    width = width < VIEW_WIDTH_MIN ? VIEW_WIDTH_MIN : width > VIEW_WIDTH_MAX ? VIEW_WIDTH_MAX : width;
    *page = (struct page){
        .ladder = ladder,
        .glyphs = ladder->options->unicode ? &unicode : &ascii,
        .hour_clock = ladder->glossary->story->clock_ns >= 0,
        .decimals = decimals_needed(ladder, width),
        .idle_ns = page_idle_ns(ladder->glossary->story),
        .shown_ns = -1,
        .name_connections = has_several(ladder),
    };
    for (unsigned i = 0; i < PAGE_LINES; i++) {
        page->canvas[i].width = width;
        page->canvas[i].colour = ladder->options->colour;
        page->canvas[i].unicode = ladder->options->unicode;
    }
    page->left = 3 + page_time_text(page, buffer, sizeof buffer, latest_ns(ladder));
    return columns(page, (int)width);
}

/* ---- the lines of a row ---- */

void page_begin(struct page *page)
{
    page->lines = 1;
    canvas_clear(&page->canvas[0]);
}

struct canvas *page_line(struct page *page, unsigned line)
{
    while (page->lines <= line)
        canvas_clear(&page->canvas[page->lines++]);
    return &page->canvas[line];
}

static bool is_word(const struct page *page, uint32_t glyph)
{
    return glyph != ' ' && glyph != page->glyphs->dash && glyph != page->glyphs->heavy && glyph != page->glyphs->flight;
}

/* A lane does not run through the middle of a name. */
static bool between_words(const struct page *page, const struct canvas *canvas, int x)
{
    return x > 0 && is_word(page, canvas->glyph[x - 1]) && is_word(page, canvas->glyph[x + 1]);
}

void page_lanes(struct page *page)
{
    for (unsigned line = 0; line < page->lines; line++) {
        for (unsigned lane = 0; lane < page->ladder->lanes; lane++) {
            struct canvas *canvas = &page->canvas[line];
            int x = page->lane_x[lane];
            if (canvas->glyph[x] == ' ' && !between_words(page, canvas, x))
                canvas_put(canvas, x, page->open[lane] > 0 ? page->glyphs->lane : page->glyphs->gone,
                           page->open[lane] > 0 ? STYLE_PLAIN : STYLE_DIM);
            else if (canvas->glyph[x] == page->glyphs->dash || canvas->glyph[x] == page->glyphs->heavy)
                canvas_put(canvas, x, page->glyphs->crossing, (enum style)canvas->style[x]);
        }
    }
}

void page_time(struct page *page, int64_t time_ns)
{
    char buffer[48];
    if (time_ns == page->shown_ns)
        return;
    page->shown_ns = time_ns;
    int length = page_time_text(page, buffer, sizeof buffer, time_ns);
    canvas_text(&page->canvas[0], page->left - 2 - length, buffer, STYLE_PLAIN);
}

void page_end(struct page *page, struct text *out)
{
    for (unsigned line = 0; line < page->lines; line++)
        canvas_flush(&page->canvas[line], out);
}

/* ---- head ---- */

static void wrapped(struct page *page, struct text *out, const char *s, enum style style)
{
    char piece[1024];
    do {
        size_t bytes = canvas_break(s, (int)page->canvas[0].width);
        snprintf(piece, sizeof piece, "%.*s", (int)(bytes < sizeof piece ? bytes : sizeof piece - 1), s);
        page_begin(page);
        canvas_text(&page->canvas[0], 0, piece, style);
        page_end(page, out);
        s += bytes;
        s += *s == ' ';
    } while (*s != '\0');
}

/* A box has no lane: its name stands where arrows pass it, between the lanes of its two neighbours, or of the two hosts. */
static void box_name(struct page *page, unsigned node, unsigned nth, unsigned boxes)
{
    const struct story *story = page->ladder->glossary->story;
    int low = INT_MAX, high = -1;
    char name[80];
    for (uint32_t l = 0; l < story->link_count; l++) {
        const struct story_link *link = &story->links[l];
        unsigned lane = page->ladder->lane_of[link->a == node ? link->b : link->a];
        if ((link->a != node && link->b != node) || lane == LANE_NONE)
            continue;
        low = page->lane_x[lane] < low ? page->lane_x[lane] : low;
        high = page->lane_x[lane] > high ? page->lane_x[lane] : high;
    }
    int x = low + (high - low) / 2;
    if (ladder_outside(page->ladder))
        x = page->lane_x[0] + (page->lane_x[1] - page->lane_x[0]) * (int)(nth + 1) / (int)(boxes + 1);
    else if (high <= low)
        return;
    snprintf(name, sizeof name, "[%s]", story->nodes[node].name);
    canvas_text(&page->canvas[0], x - canvas_width(name) / 2, name, STYLE_DIM);
}

static void box_names(struct page *page)
{
    const struct story *story = page->ladder->glossary->story;
    unsigned boxes = 0, nth = 0;
    for (unsigned node = 0; node < story->node_count; node++)
        boxes += story->nodes[node].kind != NODE_HOST;
    for (unsigned node = 0; node < story->node_count && node < LANE_NONE; node++) {
        if (story->nodes[node].kind != NODE_HOST)
            box_name(page, node, nth++, boxes);
    }
}

void page_head(struct page *page, struct text *out)
{
    const struct story *story = page->ladder->glossary->story;
    const char *dot = page->canvas[0].unicode ? "·" : "|";
    struct text line = {0};

    wrapped(page, out, story->title, STYLE_BOLD);
    if (story->variant_title != NULL) {
        text_printf(&line, "variant %u: %s", (unsigned)story->variant, story->variant_title);
        wrapped(page, out, line.bytes != NULL ? line.bytes : "", STYLE_PLAIN);
        line.length = 0;
    }
    text_printf(&line, "%s %s seed %" PRIu64 " %s lastack %s", story->file, dot, story->seed, dot, page->ladder->options->version);
    wrapped(page, out, line.bytes != NULL ? line.bytes : "", STYLE_DIM);
    text_putc(out, '\n');
    page->failed = page->failed || line.failed;
    text_free(&line);

    page_begin(page);
    box_names(page);
    for (unsigned node = 0; node < story->node_count && node < LANE_NONE; node++) {
        unsigned lane = page->ladder->lane_of[node];
        if (lane == LANE_NONE)
            continue;
        int x = page->lane_x[lane] - canvas_width(story->nodes[node].name) / 2;
        canvas_text(&page->canvas[0], x < 0 ? 0 : x, story->nodes[node].name, STYLE_BOLD);
    }
    page_end(page, out);
}

/* ---- folds ---- */

struct tally {
    uint32_t data, acks, lost, again, low, high;
};

static void count_segment(struct tally *tally, const struct trace_segment *s)
{
    if (s->classes & CLASS_RETRANSMISSION)
        tally->again++;
    if (s->len == 0) {
        tally->acks++;
        return;
    }
    if (tally->data++ == 0) {
        tally->low = s->seq;
        tally->high = s->seq;
    }
    tally->low = s->seq < tally->low ? s->seq : tally->low;
    tally->high = s->seq + s->len > tally->high ? s->seq + s->len : tally->high;
}

static void counted(struct text *out, uint32_t n, const char *one, const char *many, const char *separator)
{
    if (n > 0)
        text_printf(out, "%s%u %s", out->length > 4 ? separator : "", (unsigned)n, n == 1 ? one : many);
}

void page_fold_text(struct text *out, const struct page *page, uint32_t first)
{
    const struct ladder *ladder = page->ladder;
    const struct row *row = &ladder->rows[first];
    struct tally to[LANE_NONE] = {0};
    uint32_t acks = 0, lost = 0, again = 0;

    for (uint32_t i = first; i < first + row->folds; i++) {
        const struct row *r = &ladder->rows[i];
        lost += r->wire == WIRE_DIES_NEAR || r->wire == WIRE_DIES_FAR;
        if (r->wire == WIRE_LEAVES || r->wire == WIRE_WHOLE || r->wire == WIRE_DIES_NEAR)
            count_segment(&to[r->to], &ladder_event(ladder, r->segment)->segment);
    }
    text_puts(out, page->canvas[0].unicode ? "… " : "... ");
    for (unsigned lane = 0; lane < ladder->lanes; lane++) {
        counted(out, to[lane].data, "data segment", "data segments", ", ");
        if (to[lane].data > 0)
            text_printf(out, ", %u:%u", (unsigned)to[lane].low, (unsigned)to[lane].high);
        acks += to[lane].acks;
        again += to[lane].again;
    }
    counted(out, lost, "lost", "lost", ", ");
    counted(out, again, "retransmitted", "retransmitted", ", ");
    counted(out, acks, "ACK", "ACKs", ", and ");
    text_puts(out, " in ");
    page_span(out, row->to_ns - row->time_ns);
}
