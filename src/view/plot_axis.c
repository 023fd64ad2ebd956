/* SPDX-License-Identifier: MIT */
#include "view/plot_axis.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/duration.h"
#include "view/ladder_page.h"

#define TICS 12 /* at most so many marks of time */
#define FOLD_SHARE 24 /* a fold takes at least this part of what is not folded */
#define FOLD_STATES 10 /* and where only changes of state stand */

void plot_seconds(struct text *out, int64_t ns)
{
    text_printf(out, "%" PRId64 ".%09" PRId64, ns / NS_PER_S, ns % NS_PER_S);
}

static bool is_on(const struct trace_event *e, uint32_t conn)
{
    return conn == 0 || e->conn == conn;
}

static void times_find(struct axis *axis, const struct trace *trace, uint32_t conn)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (is_on(e, conn) && (axis->count == 0 || axis->times_ns[axis->count - 1] != e->time_ns))
            axis->times_ns[axis->count++] = e->time_ns;
    }
}

/* What is not longer than `silence_ns` is not folded; in a long run a fold is no hair's breadth. */
static int64_t fold_of(const struct axis *axis, int64_t silence_ns, int64_t share)
{
    int64_t busy_ns = 0;
    for (uint32_t i = 1; i < axis->count; i++) {
        const int64_t gap_ns = axis->times_ns[i] - axis->times_ns[i - 1];
        busy_ns += gap_ns <= silence_ns ? gap_ns : 0;
    }
    return busy_ns / share > silence_ns ? busy_ns / share : silence_ns;
}

static bool axis_room(struct axis *axis, const struct trace *trace)
{
    const size_t room = ((size_t)trace->count + 2) * sizeof *axis->times_ns;
    *axis = (struct axis){.times_ns = malloc(room), .places_ns = malloc(room)};
    axis->failed = axis->times_ns == NULL || axis->places_ns == NULL;
    return !axis->failed;
}

static void places(struct axis *axis)
{
    for (uint32_t i = 0; i < axis->count; i++) {
        const int64_t gap_ns = i > 0 ? axis->times_ns[i] - axis->times_ns[i - 1] : 0;
        axis->places_ns[i] = i > 0 ? axis->places_ns[i - 1] + (gap_ns < axis->fold_ns ? gap_ns : axis->fold_ns) : 0;
    }
}

void axis_init(struct axis *axis, const struct story *story, const struct trace *trace, uint32_t conn)
{
    if (!axis_room(axis, trace))
        return;
    times_find(axis, trace, conn);
    axis->fold_ns = fold_of(axis, page_idle_ns(story), FOLD_SHARE); /* long enough to fold as for the ladder */
    places(axis);
}

static int by_length(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The longest silence that leaves room for the rest: it is at most half as long as all shorter ones together. */
static int64_t bearable_ns(const struct axis *axis)
{
    int64_t *gaps_ns = axis->places_ns, shorter_ns = 0, longest_ns = 0;
    for (uint32_t i = 1; i < axis->count; i++)
        gaps_ns[i - 1] = axis->times_ns[i] - axis->times_ns[i - 1];
    const uint32_t count = axis->count > 0 ? axis->count - 1 : 0;
    qsort(gaps_ns, count, sizeof *gaps_ns, by_length);
    for (uint32_t i = 0; i < count; shorter_ns += gaps_ns[i++]) {
        if (gaps_ns[i] <= shorter_ns / 2 || longest_ns == 0)
            longest_ns = gaps_ns[i];
    }
    return longest_ns;
}

void axis_init_states(struct axis *axis, const struct trace *trace, int64_t end_ns)
{
    if (!axis_room(axis, trace))
        return;
    axis->times_ns[axis->count++] = 0;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind == TRACE_STATE && e->conn != 0 && axis->times_ns[axis->count - 1] != e->time_ns)
            axis->times_ns[axis->count++] = e->time_ns;
    }
    if (axis->times_ns[axis->count - 1] < end_ns)
        axis->times_ns[axis->count++] = end_ns;
    axis->fold_ns = fold_of(axis, bearable_ns(axis), FOLD_STATES);
    places(axis);
}

void axis_free(struct axis *axis)
{
    free(axis->times_ns);
    free(axis->places_ns);
}

int64_t axis_place(const struct axis *axis, int64_t time_ns)
{
    uint32_t low = 0, high = axis->count;
    if (axis->failed || axis->count == 0)
        return time_ns;
    while (low + 1 < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (axis->times_ns[middle] <= time_ns)
            low = middle;
        else
            high = middle;
    }
    return axis->places_ns[low];
}

int64_t axis_end(const struct axis *axis)
{
    const int64_t end_ns = axis->failed || axis->count == 0 ? 0 : axis->places_ns[axis->count - 1];
    return end_ns > 0 ? end_ns : 1;
}

static void tics(struct text *out, const struct axis *axis)
{
    int64_t last_ns = 0;
    text_puts(out, "set xtics (");
    for (uint32_t i = 0; i < axis->count; i++) {
        const int64_t place_ns = axis->places_ns[i];
        if (i > 0 && place_ns - last_ns < axis_end(axis) / TICS)
            continue;
        text_puts(out, i > 0 ? ", \"" : "\"");
        text_seconds(out, axis->times_ns[i]);
        text_puts(out, "\" ");
        plot_seconds(out, place_ns);
        last_ns = place_ns;
    }
    text_puts(out, ")\n");
}

void axis_marks(struct text *out, const struct axis *axis)
{
    if (axis->failed)
        return;
    tics(out, axis);
    for (uint32_t i = 1; i < axis->count; i++) {
        const int64_t gap_ns = axis->times_ns[i] - axis->times_ns[i - 1];
        if (gap_ns <= axis->fold_ns)
            continue;
        text_puts(out, "set object rectangle from first ");
        plot_seconds(out, axis->places_ns[i - 1]);
        text_puts(out, ", graph 0 to first ");
        plot_seconds(out, axis->places_ns[i]);
        text_puts(out, ", graph 1 behind fillcolor rgb \"#e8e8e8\" fillstyle solid noborder\nset label \"");
        page_span(out, gap_ns);
        text_puts(out, "\" at first ");
        plot_seconds(out, axis->places_ns[i - 1] + axis->fold_ns / 2);
        text_puts(out, ", graph 0.97 right rotate by 90 textcolor rgb \"#606060\" front\n");
    }
}
