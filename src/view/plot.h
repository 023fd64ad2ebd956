/* SPDX-License-Identifier: MIT */
/* Plots for gnuplot: what a run's figures are and where its axes end. The drawing is a template in plots/. */
#ifndef LASTACK_VIEW_PLOT_H
#define LASTACK_VIEW_PLOT_H

#include "view/view.h"

enum plot {
    PLOT_SEQUENCE, /* sequence numbers of both directions of a connection, its FINs, RSTs and losses */
    PLOT_STATES, /* the states of its ends */
    PLOT_TIMERS, /* its timers: when they were set, for how long, and what became of them */
    PLOT_SOCKETS, /* how many sockets each host holds in which state */
};
#define PLOTS 4

const char *plot_name(enum plot plot); /* "sequence" */
const char *plot_template(enum plot plot); /* the text of plots/NAME.gp */

/* The figures of connection `conn` (SOCKETS: of all): blocks that gnuplot counts by `index`, a comment in front of each. Times are seconds;
 * silences are folded, so that the first column is a place on that axis; the last one, but for TIMERS, the time itself. */
void plot_data(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement, enum plot plot,
               uint32_t conn);
/* What stands before the template: title, ranges, marks of time, and the names of the files. `format` is svg or png. */
void plot_head(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement, enum plot plot,
               uint32_t conn, const char *data, const char *picture, const char *format);

#endif
