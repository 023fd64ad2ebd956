/* SPDX-License-Identifier: MIT */
/* The page that a ladder is drawn on: where its columns stand, and the lines of the row being drawn. Inside the view room only. */
#ifndef LASTACK_VIEW_LADDER_PAGE_H
#define LASTACK_VIEW_LADDER_PAGE_H

#include "view/canvas.h"
#include "view/ladder.h"

#define PAGE_LINES 6u /* at most so many for a row */
#define PAGE_LANES 16u
#define CELL_COMMON 17 /* columns of a lane's words: "old: SYN_RECEIVED", "◷ retransmission" */

/* Two alphabets. */
struct glyphs {
    uint32_t lane, gone; /* a host with a connection, and without */
    uint32_t dash, flight; /* an arrow; its part that is left open because the segment is under way */
    uint32_t heavy; /* the arrow of a RST */
    uint32_t right, left; /* heads */
    uint32_t cross; /* where a segment died */
    uint32_t dots, pass;
    uint32_t down_right, down_left; /* the knee at a departure to the right, to the left */
    uint32_t up_right, up_left; /* the knee at its arrival */
    uint32_t crossing; /* an arrow over a lane */
};

struct page {
    const struct ladder *ladder;
    const struct glyphs *glyphs;
    struct canvas canvas[PAGE_LINES];
    unsigned lines; /* of them in use */
    int left, right; /* first and last column of the ladder, behind the time */
    int decimals, hour_clock; /* of the times */
    int lane_x[PAGE_LANES], cell_width[PAGE_LANES];
    int open[PAGE_LANES], sum[PAGE_LANES]; /* connections of each host, and the sum of their states: with one, its state */
    int64_t idle_ns; /* a longer silence is folded */
    int64_t last_ns, shown_ns; /* the last row's instant; the last time printed */
    bool name_connections, after_note, failed;
    int knee_x; /* the bend of the arrow whose departure was just drawn */
    uint32_t knee_row; /* the row of its arrival; 0: none */
};

/* false if the hosts do not fit the width. */
bool page_init(struct page *page, const struct ladder *ladder);
void page_head(struct page *page, struct text *out);

void page_begin(struct page *page); /* a new row, one empty line */
struct canvas *page_line(struct page *page, unsigned line); /* adds lines as needed */
void page_lanes(struct page *page); /* draws the lanes where nothing stands yet */
void page_time(struct page *page, int64_t time_ns); /* unless it was the last one printed */
void page_end(struct page *page, struct text *out);

/* The states in which the events before the first row left the ends, and their time. */
void page_before(struct page *page);
/* Draws one row of the ladder, with the silence before it. */
void ladder_row(struct page *page, struct text *out, uint32_t index);

/* The words of a cell; without their arguments calls are shorter. */
enum style page_cell_text(struct text *out, const struct page *page, const struct cell *cell, bool arguments);
/* The columns that the longest cell of a lane takes; of a run that goes on, those that it may take. */
int page_cell_wanted(const struct page *page, unsigned lane, bool arguments);

/* The silence that is folded. */
int64_t page_idle_ns(const struct story *story);
/* For people: "59.8 s", "4 min 7 s", "200 ms"; three digits are enough. */
void page_span(struct text *out, int64_t ns);
/* "… 34 data segments, 35:49281, and 17 ACKs". */
void page_fold_text(struct text *out, const struct page *page, uint32_t first);

/* How many decimals the times of a page have: three at a time, as clocks are read. Instants that are whole milli- or microseconds are shown
 * in full, so that the numbers of the scenario are found again. Where jitter or a fast link leaves others nobody reads them off to the last
 * digit: then as few as keep neighbours apart that are not the same instant. Cut off, not rounded: what is seen begins the true number.
 * Begin with zeros and add the shown times in their order. */
struct page_decimals {
    int64_t before_ns; /* the last one added */
    int exact, apart;
};
void page_decimals_add(struct page_decimals *decimals, int64_t time_ns);
int page_decimals(const struct page_decimals *decimals);
/* An instant as the page shows it: "1.000", "10:30:01.123"; returns its length. */
int page_time_text(const struct page *page, char *buffer, size_t size, int64_t time_ns);

/* "↻ old: FIN ACK seq 1 ack 1": a segment, and what is special about this one. */
void arrow_name(struct text *out, const struct page *page, const struct trace_event *event, enum glossary_detail detail);
/* Why a segment died: "cut, line 7", "fw: forgotten after 350s". */
void arrow_reason(const struct page *page, const struct trace_event *drop, char *buffer, size_t size);
void arrow_draw(struct page *page, uint32_t row);
void arrow_pass(struct page *page);

#endif
