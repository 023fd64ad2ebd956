/* SPDX-License-Identifier: MIT */
#include "view/plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "net/class.h"
#include "tcp/state.h"
#include "view/glossary.h"
#include "view/plot_axis.h"
#include "view/plot_templates.h"

/* A block is never empty, or gnuplot would not count it: a point far outside of every plot, and the end of its line. */
#define NOTHING "-9e9 9e9 9e9 0\n\n"

const char *plot_name(enum plot plot)
{
    static const char *const names[] = {"sequence", "states", "timers", "sockets"};
    return names[plot];
}

const char *plot_template(enum plot plot)
{
    static const char *const templates[] = {plot_sequence_gp, plot_states_gp, plot_timers_gp, plot_sockets_gp};
    return templates[plot];
}

static void block(struct text *out, const char *comment)
{
    text_printf(out, "%s# %s\n" NOTHING, out->length > 0 ? "\n\n" : "", comment);
}

/* The host of a connection's side (0: the one that sent the first SYN); UINT8_MAX: there is none. */
static uint8_t host_of(const struct trace *trace, uint32_t conn, unsigned side)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->conn == conn && (e->kind == TRACE_SEND || e->kind == TRACE_INJECT) && e->segment.flags & TCP_SYN)
            return side == 0 ? e->host : e->peer;
    }
    return UINT8_MAX;
}

/* ---- sequence ---- */

enum series { SERIES_SENT, SERIES_AGAIN, SERIES_LOST, SERIES_FIN, SERIES_RST, SERIES_ACK };
#define SERIES 6

static bool is_in(const struct trace_event *e, enum series series)
{
    const bool sent = e->kind == TRACE_SEND || e->kind == TRACE_DUP || e->kind == TRACE_INJECT;
    const bool again = (e->segment.classes & CLASS_RETRANSMISSION) != 0 || e->kind == TRACE_DUP;
    switch (series) {
    case SERIES_SENT:
        return sent && e->segment.len > 0 && !again;
    case SERIES_AGAIN:
        return sent && e->segment.len > 0 && again;
    case SERIES_LOST:
        return e->kind == TRACE_DROP;
    case SERIES_FIN:
        return sent && (e->segment.flags & TCP_FIN) != 0;
    case SERIES_RST:
        return sent && (e->segment.flags & TCP_RST) != 0;
    case SERIES_ACK:
        return e->kind == TRACE_RECV && (e->segment.flags & TCP_ACK) != 0 && (e->segment.flags & TCP_RST) == 0;
    }
    return false;
}

/* A record of a segment of this direction: those that `from` sent; for the ACKs, those that `from` was sent. */
static bool is_of(const struct glossary *glossary, const struct trace_event *e, uint32_t conn, uint8_t from, enum series series)
{
    if (e->conn != conn || !is_in(e, series))
        return false;
    if (series == SERIES_ACK)
        return e->host == from;
    if (e->kind != TRACE_DROP)
        return e->host == from;
    const struct trace_event *sent = glossary_send_of(glossary, e->segment.number);
    return sent != NULL && sent->host == from;
}

/* x, the lowest and the highest number, the time. */
static void sequence_row(struct text *out, const struct axis *axis, const struct trace_event *e, enum series series)
{
    const struct trace_segment *s = &e->segment;
    const uint32_t low = series == SERIES_ACK ? s->ack : series == SERIES_FIN ? s->seq + s->len : s->seq;
    plot_seconds(out, axis_place(axis, e->time_ns));
    text_printf(out, " %u %u ", (unsigned)low, (unsigned)(series == SERIES_SENT || series == SERIES_AGAIN ? s->seq + s->len : low));
    plot_seconds(out, e->time_ns);
    text_putc(out, '\n');
}

static void sequence_data(struct text *out, const struct story *story, const struct trace *trace, uint32_t conn)
{
    static const char *const names[] = {"sent", "sent again", "lost", "FIN", "RST", "acknowledged"};
    struct axis axis;
    struct glossary glossary;
    axis_init(&axis, story, trace, conn);
    glossary_init(&glossary, story, trace);
    for (unsigned side = 0; side < 2; side++) {
        const uint8_t from = host_of(trace, conn, side);
        for (unsigned series = 0; series < SERIES; series++) {
            struct text comment = {0};
            text_printf(&comment, "%s by %s: place, from, to, time", names[series], glossary_host(&glossary, from));
            block(out, comment.bytes != NULL ? comment.bytes : "");
            text_free(&comment);
            for (uint32_t i = 0; i < trace->count; i++) {
                if (is_of(&glossary, &trace->events[i], conn, from, (enum series)series))
                    sequence_row(out, &axis, &trace->events[i], (enum series)series);
            }
        }
    }
    out->failed = out->failed || axis.failed || glossary.failed;
    glossary_done(&glossary);
    axis_free(&axis);
}

/* The highest number that a direction's plot shows. */
static uint32_t sequence_top(const struct trace *trace, uint32_t conn, uint8_t from)
{
    uint32_t top = 1;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->conn != conn)
            continue;
        const uint32_t end = e->segment.seq + e->segment.len;
        if ((e->kind == TRACE_SEND || e->kind == TRACE_INJECT) && e->host == from && end > top && end < UINT32_MAX / 2)
            top = end;
        if (e->kind == TRACE_RECV && e->host == from && (e->segment.flags & TCP_ACK) && e->segment.ack > top &&
            e->segment.ack < UINT32_MAX / 2)
            top = e->segment.ack;
    }
    return top;
}

/* ---- states ---- */

static void states_data(struct text *out, const struct story *story, const struct trace *trace, uint32_t conn, int64_t end_ns)
{
    struct axis axis;
    axis_init(&axis, story, trace, conn);
    for (unsigned side = 0; side < 2; side++) {
        uint8_t state = TCP_CLOSED;
        block(out, side == 0 ? "the end that opened: place, state, time" : "the other end: place, state, time");
        for (uint32_t i = 0; i < trace->count; i++) {
            const struct trace_event *e = &trace->events[i];
            if (e->kind != TRACE_STATE || e->conn != conn || e->state.side != side)
                continue;
            state = e->state.to;
            plot_seconds(out, axis_place(&axis, e->time_ns));
            text_printf(out, " %u ", (unsigned)state);
            plot_seconds(out, e->time_ns);
            text_putc(out, '\n');
        }
        plot_seconds(out, axis_end(&axis));
        text_printf(out, " %u ", (unsigned)state);
        plot_seconds(out, end_ns);
        text_putc(out, '\n');
    }
    out->failed = out->failed || axis.failed;
    axis_free(&axis);
}

/* ---- timers ---- */

/* How long the timer that is set by event i runs, and how it ends: fired or stopped (or set anew). */
static int64_t timer_runs(const struct trace *trace, uint32_t i, bool *fired)
{
    const struct trace_event *armed = &trace->events[i];
    *fired = false;
    for (uint32_t k = i + 1; k < trace->count; k++) {
        const struct trace_event *e = &trace->events[k];
        if (e->kind != TRACE_TIMER || e->host != armed->host || e->conn != armed->conn || e->timer.side != armed->timer.side ||
            e->timer.timer != armed->timer.timer)
            continue;
        *fired = e->what == TIMER_FIRED;
        return e->time_ns - armed->time_ns;
    }
    return armed->timer.at_ns - armed->time_ns;
}

static void timer_rows(struct text *out, const struct axis *axis, const struct trace *trace, uint32_t conn, unsigned side, unsigned timer)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        bool fired;
        if (e->kind != TRACE_TIMER || e->what != TIMER_ARMED || e->conn != conn || e->timer.side != side || e->timer.timer != timer ||
            e->timer.at_ns == TIME_NEVER || e->timer.at_ns <= e->time_ns)
            continue;
        const int64_t ran_ns = timer_runs(trace, i, &fired);
        plot_seconds(out, axis_place(axis, e->time_ns));
        text_putc(out, ' ');
        plot_seconds(out, e->timer.at_ns - e->time_ns);
        text_putc(out, ' ');
        plot_seconds(out, ran_ns);
        text_printf(out, " %d\n", fired ? 1 : 0);
    }
}

static void timers_data(struct text *out, const struct story *story, const struct trace *trace, uint32_t conn)
{
    struct axis axis;
    axis_init(&axis, story, trace, conn);
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned timer = TIMER_RETRANSMISSION; timer < TCP_TIMERS; timer++) {
            struct text comment = {0};
            text_printf(&comment, "%s, side %u: set at, for, ran, fired", tcp_timer_name((enum tcp_timer)timer), side + 1);
            block(out, comment.bytes != NULL ? comment.bytes : "");
            text_free(&comment);
            timer_rows(out, &axis, trace, conn, side, timer);
        }
    }
    out->failed = out->failed || axis.failed;
    axis_free(&axis);
}

/* The numbers, from 1, of what occurs: gnuplot draws and explains only these. At least one. */
static void seen(struct text *out, const bool *occurs, unsigned count)
{
    bool any = false;
    text_puts(out, "seen = \"");
    for (unsigned i = 0; i < count; i++) {
        if (occurs[i]) {
            text_printf(out, "%s%u", any ? " " : "", i + 1);
            any = true;
        }
    }
    text_puts(out, any ? "\"\n" : "1\"\n");
}

static void timers_range(struct text *out, const struct trace *trace, uint32_t conn)
{
    int64_t low_ns = TIME_NEVER, high_ns = 1;
    bool occurs[TCP_TIMERS] = {false};
    uint32_t count = 0;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind != TRACE_TIMER || e->what != TIMER_ARMED || e->conn != conn || e->timer.at_ns == TIME_NEVER)
            continue;
        const int64_t for_ns = e->timer.at_ns - e->time_ns;
        if (for_ns <= 0)
            continue;
        low_ns = for_ns < low_ns ? for_ns : low_ns;
        high_ns = for_ns > high_ns ? for_ns : high_ns;
        occurs[e->timer.timer - TIMER_RETRANSMISSION] = true;
        count++;
    }
    if (count == 0)
        low_ns = high_ns = NS_PER_S;
    text_puts(out, "y_low = ");
    plot_seconds(out, low_ns);
    text_puts(out, "\ny_high = ");
    plot_seconds(out, high_ns);
    text_printf(out, "\ntimers = %u\n", (unsigned)count);
    seen(out, occurs, TCP_TIMERS - TIMER_RETRANSMISSION);
}

/* ---- sockets ---- */

static bool is_held(unsigned state)
{
    return state != TCP_CLOSED && state != TCP_LISTEN;
}

/* A row at each change of a count, of one host: the place, the states in their order, the time. */
static void socket_rows(struct text *out, const struct axis *axis, const struct trace *trace, uint8_t host, int64_t end_ns)
{
    int32_t held[TCP_STATES] = {0};
    for (uint32_t i = 0; i <= trace->count; i++) {
        const struct trace_event *e = i < trace->count ? &trace->events[i] : NULL;
        if (e != NULL && (e->kind != TRACE_STATE || e->host != host || e->conn == 0))
            continue;
        if (e != NULL) {
            held[e->state.from] -= is_held(e->state.from);
            held[e->state.to] += is_held(e->state.to);
        }
        plot_seconds(out, axis_place(axis, e != NULL ? e->time_ns : end_ns));
        for (unsigned s = TCP_SYN_SENT; s < TCP_STATES; s++)
            text_printf(out, " %d", (int)held[s]);
        text_putc(out, ' ');
        plot_seconds(out, e != NULL ? e->time_ns : end_ns);
        text_putc(out, '\n');
    }
}

static void sockets_data(struct text *out, const struct story *story, const struct trace *trace, int64_t end_ns)
{
    struct axis axis;
    axis_init_states(&axis, trace, end_ns);
    for (uint16_t n = 0; n < story->node_count; n++) {
        struct text comment = {0};
        if (story->nodes[n].kind != NODE_HOST)
            continue;
        text_printf(&comment, "%s: place", story->nodes[n].name);
        for (unsigned s = TCP_SYN_SENT; s < TCP_STATES; s++)
            text_printf(&comment, ", %s", tcp_state_name((enum tcp_state)s));
        text_puts(&comment, ", time");
        text_printf(out, "%s# %s\n0.000000000", out->length > 0 ? "\n\n" : "", comment.bytes != NULL ? comment.bytes : "");
        for (unsigned s = TCP_SYN_SENT; s < TCP_STATES; s++)
            text_puts(out, " 0");
        text_puts(out, " 0.000000000\n");
        text_free(&comment);
        socket_rows(out, &axis, trace, (uint8_t)n, end_ns);
    }
    out->failed = out->failed || axis.failed;
    axis_free(&axis);
}

static uint32_t sockets_most(const struct trace *trace)
{
    uint32_t most = 1;
    for (unsigned host = 0; host < UINT8_MAX; host++) {
        uint32_t held[TCP_STATES] = {0};
        for (uint32_t i = 0; i < trace->count; i++) {
            const struct trace_event *e = &trace->events[i];
            if (e->kind != TRACE_STATE || e->host != host || e->conn == 0)
                continue;
            held[e->state.from] -= is_held(e->state.from);
            held[e->state.to] += is_held(e->state.to);
            most = held[e->state.to] > most ? held[e->state.to] : most;
        }
    }
    return most;
}

static void states_seen(struct text *out, const struct trace *trace)
{
    bool occurs[TCP_STATES] = {false};
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind == TRACE_STATE && e->conn != 0)
            occurs[e->state.to] = true;
    }
    seen(out, occurs + TCP_SYN_SENT, TCP_STATES - TCP_SYN_SENT);
}

/* ---- both files ---- */

void plot_data(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement, enum plot plot,
               uint32_t conn)
{
    const int64_t end_ns = trace->count > 0 ? trace->events[trace->count - 1].time_ns : 0;
    switch (plot) {
    case PLOT_SEQUENCE:
        sequence_data(out, story, trace, conn);
        break;
    case PLOT_STATES:
        states_data(out, story, trace, conn, end_ns);
        break;
    case PLOT_TIMERS:
        timers_data(out, story, trace, conn);
        break;
    case PLOT_SOCKETS:
        sockets_data(out, story, trace, judgement->end_ns);
        break;
    }
}

/* A gnuplot string in single quotes: a quote is doubled, and nothing else is special. */
static void quoted(struct text *out, const char *name, const char *value)
{
    text_printf(out, "%s = '", name);
    for (; *value != '\0'; value++)
        text_printf(out, "%s%c", *value == '\'' ? "'" : "", *value);
    text_puts(out, "'\n");
}

static void hosts(struct text *out, const struct story *story, const struct trace *trace, enum plot plot, uint32_t conn)
{
    unsigned count = 0;
    char name[16] = "host_1";
    for (unsigned side = 0; side < 2 && plot != PLOT_SOCKETS; side++) {
        const uint8_t host = host_of(trace, conn, side);
        name[5] = (char)('1' + side);
        quoted(out, name, host < story->node_count ? story->nodes[host].name : "nobody");
    }
    text_puts(out, "hosts = \"");
    for (uint16_t n = 0; n < story->node_count; n++) {
        if (story->nodes[n].kind == NODE_HOST)
            text_printf(out, "%s%s", count++ > 0 ? " " : "", story->nodes[n].name);
    }
    text_printf(out, "\"\n");
}

static void range(struct text *out, const struct story *story, const struct trace *trace, enum plot plot, uint32_t conn, int64_t end_ns)
{
    struct axis axis;
    if (plot == PLOT_TIMERS)
        timers_range(out, trace, conn);
    if (plot == PLOT_SOCKETS) {
        text_printf(out, "y_max = %u\n", (unsigned)sockets_most(trace));
        states_seen(out, trace);
        axis_init_states(&axis, trace, end_ns);
    } else {
        axis_init(&axis, story, trace, conn);
    }
    text_puts(out, "x_max = ");
    plot_seconds(out, axis_end(&axis));
    text_putc(out, '\n');
    for (unsigned side = 0; side < 2 && plot == PLOT_SEQUENCE; side++)
        text_printf(out, "y_max_%u = %u\n", side + 1, (unsigned)sequence_top(trace, conn, host_of(trace, conn, side)));
    axis_marks(out, &axis);
    out->failed = out->failed || axis.failed;
    axis_free(&axis);
}

void plot_head(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement, enum plot plot,
               uint32_t conn, const char *data, const char *picture, const char *format)
{
    struct text title = {0};
    text_printf(&title, "%s", story->title);
    if (story->variant_title != NULL)
        text_printf(&title, ": %s", story->variant_title);
    text_printf(&title, ", seed %" PRIu64, story->seed);
    if (judgement->connection_count > 1 && plot != PLOT_SOCKETS)
        text_printf(&title, ", connection %u of %u", (unsigned)conn, (unsigned)judgement->connection_count);
    quoted(out, "title", title.bytes != NULL ? title.bytes : "");
    quoted(out, "data", data);
    quoted(out, "picture", picture);
    quoted(out, "format", format);
    hosts(out, story, trace, plot, conn);
    range(out, story, trace, plot, conn, judgement->end_ns);
    out->failed = out->failed || title.failed;
    text_free(&title);
}
