/* SPDX-License-Identifier: MIT */
/* A run in rows, a fact in each, that can be laid beside those of another run of the same scenario. */
#ifndef LASTACK_VIEW_OUTLINE_H
#define LASTACK_VIEW_OUTLINE_H

#include "view/view.h"

struct outline_row {
    uint64_t place; /* the same for the same fact of any run; rows are sorted by it */
    struct text what, is; /* "client in TIME_WAIT", "1 min" */
};
struct outline {
    struct outline_row *rows;
    uint32_t count, capacity;
    bool failed; /* out of memory */
};

/* Verdicts, the time of each end in each state and how it ended, what it sent, what the programs were told, what held. */
void view_outline(struct outline *outline, const struct story *story, const struct trace *trace, const struct judgement *judgement);
void outline_free(struct outline *outline);
/* The row at that place, NULL if there is none. */
const struct outline_row *outline_at(const struct outline *outline, uint64_t place);

#endif
