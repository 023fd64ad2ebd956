/* SPDX-License-Identifier: MIT */
/* The table and the diagram, written: for people, as a matrix, for Graphviz. */
#ifndef LASTACK_STATES_PAGE_H
#define LASTACK_STATES_PAGE_H

#include "base/text.h"
#include "states/edges.h"

/* A line an event, by state; what has no effect stands together at the end of each. */
void page_table(struct text *out, enum profile_id profile);
/* States across, events down. */
void page_matrix(struct text *out, enum profile_id profile);
/* The edges of these profiles, in lists, with how often they were taken if `counted`. */
void page_edges(struct text *out, const struct edges *edges, unsigned profiles, bool counted);
/* Those that nobody took; how many. */
unsigned page_missing(struct text *out, const struct edges *edges, unsigned profiles);
/* Figure 5 with solid lines, what the profile adds with dashed ones. */
void page_dot(struct text *out, const struct edges *edges, enum profile_id profile, bool counted);

#endif
