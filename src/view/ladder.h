/* SPDX-License-Identifier: MIT */
/* The ladder in three steps: ladder.c lays the events into rows, ladder_fold.c hides what is only more of the same,
 * ladder_draw.c draws. Inside the view room only. */
#ifndef LASTACK_VIEW_LADDER_H
#define LASTACK_VIEW_LADDER_H

#include "view/glossary.h"

enum row_kind {
    ROW_EVENTS, /* at most one segment, and at most one cell a lane */
    ROW_NOTE, /* a say or an ask */
    ROW_FAULT,
    ROW_OTHERS, /* what connections did that the ladder does not show */
};
enum wire_kind {
    WIRE_NONE,
    WIRE_LEAVES,
    WIRE_ARRIVES,
    WIRE_WHOLE, /* leaves and arrives at the same instant */
    WIRE_DIES_NEAR, /* lost as soon as it was sent */
    WIRE_DIES_FAR, /* lost on its way or at the receiver, later */
};
enum cell_kind { CELL_NONE, CELL_STATE, CELL_CALL, CELL_RETURN, CELL_TIMER };

struct cell {
    uint32_t event; /* index in trace.events */
    uint32_t done; /* CELL_CALL: its return in the same instant, index + 1; 0: it waits */
    uint8_t kind; /* enum cell_kind */
};

struct row {
    int64_t time_ns, to_ns; /* to: the last instant that a ROW_OTHERS or a folded run stands for */
    uint32_t event; /* NOTE, FAULT: the record; OTHERS: how many records */
    uint32_t first, last; /* OTHERS: the lowest and the highest connection number */
    uint32_t segment; /* wire: its SEND, RECV, DUP or INJECT, index in trace.events */
    uint32_t drop; /* DIES: its DROP */
    uint32_t folds; /* this row and so many in all are shown as one line; 0: shown as it is */
    uint8_t kind, wire, from, to; /* from, to: lanes */
};

#define LANE_NONE UINT8_MAX

struct ladder {
    const struct glossary *glossary;
    const struct judgement *judgement;
    const struct view_options *options;
    uint8_t *lane_of; /* by node; LANE_NONE: a middlebox */
    unsigned lanes;
    bool live; /* the run goes on: nothing is known of what comes */
    uint32_t first; /* index of the event with which its rows begin */
    bool outside; /* the words of a lane stand where no arrow crosses them */
    uint32_t shown; /* connections beyond this number are only counted */
    struct row *rows;
    struct cell *cells; /* lanes to a row */
    uint32_t count, capacity;
    bool failed; /* out of memory */
};

static inline struct cell *ladder_cells(const struct ladder *ladder, uint32_t row)
{
    return ladder->cells + (size_t)row * ladder->lanes;
}
static inline const struct trace_event *ladder_event(const struct ladder *ladder, uint32_t index)
{
    return &ladder->glossary->trace->events[index];
}
/* With two hosts the words stand outside, left and right; else a text has them to the right of each lane, where arrows may cross. */
static inline bool ladder_outside(const struct ladder *ladder)
{
    return ladder->outside;
}

/* Lays the events into rows and folds them, unless `options` ask for all. `columns`: whatever the number of hosts, words stand outside.
 * false: out of memory. Free it in any case. */
bool ladder_build(struct ladder *ladder, const struct glossary *glossary, const struct judgement *judgement,
                  const struct view_options *options, bool columns);
/* The rows of a run that goes on, from event `first` (an index) to the last; nothing is folded. */
bool ladder_build_live(struct ladder *ladder, const struct glossary *glossary, const struct judgement *judgement,
                       const struct view_options *options, uint32_t first);
void ladder_free(struct ladder *ladder);

void ladder_fold(struct ladder *ladder);
void ladder_draw(struct text *out, const struct ladder *ladder);

#endif
