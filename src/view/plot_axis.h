/* SPDX-License-Identifier: MIT */
/* A time axis on which long silences are folded. Inside the view room only. */
#ifndef LASTACK_VIEW_PLOT_AXIS_H
#define LASTACK_VIEW_PLOT_AXIS_H

#include "view/view.h"

struct axis {
    int64_t *times_ns; /* of the events on it, ascending, each once */
    int64_t *places_ns; /* where they stand */
    uint32_t count;
    int64_t fold_ns; /* a longer silence takes this much room */
    bool failed; /* out of memory: nothing is folded */
};

/* Of the events of connection `conn`; 0: of all. */
void axis_init(struct axis *axis, const struct story *story, const struct trace *trace, uint32_t conn);
/* Of the changes of state of all connections, from time 0 to `end_ns`: only silences that would leave no room for the rest are folded. */
void axis_init_states(struct axis *axis, const struct trace *trace, int64_t end_ns);
void axis_free(struct axis *axis);
int64_t axis_place(const struct axis *axis, int64_t time_ns);
int64_t axis_end(const struct axis *axis); /* the place of the last event, at least 1 */

/* gnuplot's `set xtics`, and a grey band with its length for each silence that is folded. */
void axis_marks(struct text *out, const struct axis *axis);

/* ns as seconds with nine decimals, as gnuplot reads them. */
void plot_seconds(struct text *out, int64_t ns);

#endif
