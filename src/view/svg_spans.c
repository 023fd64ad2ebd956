/* SPDX-License-Identifier: MIT */
/* What lasts: an end's states, its timers from being set to going off, a partition, a host that is down or stopped, a box's memory of a
 * flow, and the time in which one end is gone and the other does not know. */
#include <stdlib.h>
#include <string.h>

#include "tcp/state.h"
#include "view/svg.h"

/* What one end has open while the trace is read: spans are named by index + 1, 0 is none. */
struct end {
    uint32_t state, timers[TCP_TIMERS];
    bool made;
    uint8_t is;
};
struct reading {
    struct svg *svg;
    struct end *ends; /* two a connection */
    uint32_t *disagree; /* by connection */
    uint32_t conns; /* the highest shown */
    uint32_t *cuts; /* by statement */
    uint32_t down[SVG_NODES], paused[SVG_NODES];
};

static uint32_t begin(struct reading *reading, struct svg_span span)
{
    struct svg *svg = reading->svg;
    if (svg->span_count == svg->span_capacity) {
        uint32_t capacity = svg->span_capacity == 0 ? 64 : svg->span_capacity * 2;
        struct svg_span *spans = realloc(svg->spans, capacity * sizeof *spans);
        if (spans == NULL) {
            svg->failed = true;
            return 0;
        }
        svg->spans = spans;
        svg->span_capacity = capacity;
    }
    const struct trace_event *e = &svg->glossary->trace->events[span.from];
    span.to = SPAN_OPEN;
    span.from_ns = e->time_ns;
    span.to_ns = svg->ladder.judgement->end_ns;
    svg->spans[svg->span_count++] = span;
    return svg->span_count;
}

static void finish(struct reading *reading, uint32_t *span, uint32_t event)
{
    if (*span != 0) {
        struct svg_span *s = &reading->svg->spans[*span - 1];
        s->to = event;
        s->to_ns = reading->svg->glossary->trace->events[event].time_ns;
    }
    *span = 0;
}

static bool is_gone(uint8_t state)
{
    return state == TCP_CLOSED || state == TCP_LISTEN;
}

/* The state of the end that is left, CLOSED if the ends agree. */
static uint8_t left_over(const struct end *ends)
{
    for (unsigned side = 0; side < 2; side++) {
        if (ends[0].made && ends[1].made && is_gone(ends[side].is) && !is_gone(ends[1 - side].is) && ends[1 - side].is != TCP_TIME_WAIT)
            return ends[1 - side].is;
    }
    return TCP_CLOSED;
}

static void disagreement(struct reading *reading, const struct trace_event *e, uint32_t event)
{
    const struct end *ends = &reading->ends[(size_t)e->conn * 2];
    uint32_t *open = &reading->disagree[e->conn];
    uint8_t state = left_over(ends);
    unsigned side = ends[0].is == state ? 0 : 1;
    if (state == TCP_CLOSED) {
        finish(reading, open, event);
    } else if (*open == 0) {
        unsigned lane = reading->svg->ladder.lane_of[e->host];
        unsigned there = side == e->state.side ? lane : reading->svg->peer_lane[(size_t)e->conn * 2 + e->state.side];
        if (there != LANE_NONE)
            *open = begin(reading, (struct svg_span){.kind = SPAN_DISAGREE,
                                                     .value = state,
                                                     .from = event,
                                                     .conn = e->conn,
                                                     .lane = (uint8_t)there,
                                                     .side = (uint8_t)svg_side(reading->svg, there, e->conn, side)});
    }
}

static void state(struct reading *reading, const struct trace_event *e, uint32_t event)
{
    unsigned lane = reading->svg->ladder.lane_of[e->host];
    if (e->conn == 0 || e->conn > reading->conns || e->state.side > 1 || lane == LANE_NONE)
        return;
    struct end *end = &reading->ends[(size_t)e->conn * 2 + e->state.side];
    finish(reading, &end->state, event);
    end->made = true;
    end->is = e->state.to;
    if (is_gone(e->state.to)) {
        for (unsigned t = 0; t < TCP_TIMERS; t++)
            finish(reading, &end->timers[t], event);
    } else {
        end->state = begin(reading, (struct svg_span){.kind = SPAN_STATE,
                                                      .value = e->state.to,
                                                      .from = event,
                                                      .conn = e->conn,
                                                      .lane = (uint8_t)lane,
                                                      .side = (uint8_t)svg_side(reading->svg, lane, e->conn, e->state.side)});
    }
    disagreement(reading, e, event);
}

static void timer(struct reading *reading, const struct trace_event *e, uint32_t event)
{
    unsigned lane = reading->svg->ladder.lane_of[e->host];
    if (e->conn == 0 || e->conn > reading->conns || e->timer.side > 1 || e->timer.timer >= TCP_TIMERS || lane == LANE_NONE)
        return;
    uint32_t *open = &reading->ends[(size_t)e->conn * 2 + e->timer.side].timers[e->timer.timer];
    if (*open != 0)
        reading->svg->spans[*open - 1].what = e->what;
    finish(reading, open, event);
    if (e->what == TIMER_ARMED)
        *open = begin(reading, (struct svg_span){.kind = SPAN_TIMER,
                                                 .value = e->timer.timer,
                                                 .what = TIMER_ARMED,
                                                 .from = event,
                                                 .conn = e->conn,
                                                 .lane = (uint8_t)lane,
                                                 .side = (uint8_t)svg_side(reading->svg, lane, e->conn, e->timer.side)});
}

static void fault(struct reading *reading, const struct trace_event *e, uint32_t event)
{
    const struct story *story = reading->svg->glossary->story;
    const struct story_statement *s =
        e->statement >= 1 && e->statement <= story->statement_count ? &story->statements[e->statement - 1] : NULL;
    uint32_t *cut = s != NULL ? &reading->cuts[e->statement] : NULL;
    switch ((enum fault_what)e->what) {
    case FAULT_CUT_BEGINS:
        if (cut != NULL && *cut == 0 && s->to != STORY_NONE)
            *cut = begin(reading, (struct svg_span){.kind = SPAN_CUT, .from = event, .lane = (uint8_t)s->from, .side = (uint8_t)s->to});
        break;
    case FAULT_CUT_ENDS:
        if (cut != NULL)
            finish(reading, cut, event);
        break;
    case FAULT_CRASH:
        if (reading->down[e->host] == 0)
            reading->down[e->host] = begin(reading, (struct svg_span){.kind = SPAN_DOWN, .from = event, .lane = e->host});
        break;
    case FAULT_BOOT:
        finish(reading, &reading->down[e->host], event);
        break;
    case FAULT_PAUSE:
        if (reading->paused[e->host] == 0)
            reading->paused[e->host] = begin(reading, (struct svg_span){.kind = SPAN_PAUSE, .from = event, .lane = e->host});
        break;
    case FAULT_RESUME:
        finish(reading, &reading->paused[e->host], event);
        break;
    case FAULT_KILL:
    case FAULT_LINK:
        break;
    }
}

/* A box remembers a flow from its SYN until it forgets it, which it says later, when somebody asks. */
static void flow(struct reading *reading, const struct trace_event *e, uint32_t event)
{
    struct svg *svg = reading->svg;
    if (e->what == FLOW_NEW) {
        begin(reading, (struct svg_span){.kind = SPAN_FLOW, .from = event, .conn = e->conn, .lane = e->host});
        return;
    }
    for (uint32_t s = svg->span_count; s-- > 0 && e->what == FLOW_FORGOTTEN;) {
        struct svg_span *span = &svg->spans[s];
        if (span->kind == SPAN_FLOW && span->lane == e->host && span->conn == e->conn && span->to == SPAN_OPEN) {
            span->to = event;
            span->to_ns = e->flow.at_ns;
            return;
        }
    }
}

static void read_events(struct reading *reading)
{
    const struct trace *trace = reading->svg->glossary->trace;
    for (uint32_t i = 0; i < trace->count && !reading->svg->failed; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind == TRACE_STATE && e->state.from != e->state.to)
            state(reading, e, i);
        else if (e->kind == TRACE_TIMER)
            timer(reading, e, i);
        else if (e->kind == TRACE_FAULT)
            fault(reading, e, i);
        else if (e->kind == TRACE_FLOW && e->conn <= reading->conns)
            flow(reading, e, i);
    }
}

/* Who is at the other end: the two hosts of a connection's first segment. */
static bool peers(struct svg *svg)
{
    const struct trace *trace = svg->glossary->trace;
    size_t count = ((size_t)svg->glossary->conns + 1) * 2;
    svg->peer_lane = malloc(count);
    if (svg->peer_lane == NULL)
        return false;
    memset(svg->peer_lane, LANE_NONE, count);
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        uint8_t *lanes = &svg->peer_lane[(size_t)e->conn * 2];
        if (e->kind != TRACE_SEND || e->conn == 0 || lanes[0] != LANE_NONE || glossary_is_box(svg->glossary, e->host))
            continue;
        lanes[0] = svg->ladder.lane_of[e->peer]; /* the first to send is side 0 */
        lanes[1] = svg->ladder.lane_of[e->host];
    }
    return true;
}

unsigned svg_side(const struct svg *svg, unsigned lane, uint32_t conn, unsigned conn_side)
{
    unsigned peer = conn <= svg->glossary->conns ? svg->peer_lane[(size_t)conn * 2 + (conn_side & 1)] : LANE_NONE;
    if (peer == LANE_NONE || peer == lane)
        return lane + 1 < svg->ladder.lanes || lane == 0 ? 1 : 0;
    return svg_facing(lane, peer);
}

bool svg_spans_build(struct svg *svg)
{
    struct reading reading = {.svg = svg};
    reading.conns = svg->ladder.shown < svg->glossary->conns ? svg->ladder.shown : svg->glossary->conns;
    reading.ends = calloc(((size_t)reading.conns + 1) * 2, sizeof *reading.ends);
    reading.disagree = calloc((size_t)reading.conns + 1, sizeof *reading.disagree);
    reading.cuts = calloc((size_t)svg->glossary->story->statement_count + 1, sizeof *reading.cuts);
    if (reading.ends != NULL && reading.disagree != NULL && reading.cuts != NULL && peers(svg))
        read_events(&reading);
    else
        svg->failed = true;
    free(reading.ends);
    free(reading.disagree);
    free(reading.cuts);
    return !svg->failed;
}

/* ---- places beside each other ---- */

/* What a place beside the others was last given to. */
struct place_taken {
    uint32_t to, conn;
};

/* The first place that is free again; a connection keeps its own from its first state to its last. */
static uint8_t place(struct place_taken *taken, const struct svg_span *span)
{
    uint8_t slot = 0;
    while (slot < SVG_SLOTS && span->kind == SPAN_STATE && (taken[slot].conn != span->conn || taken[slot].to != span->from))
        slot++;
    if (slot == SVG_SLOTS || span->kind != SPAN_STATE) {
        slot = 0;
        while (slot < SVG_SLOTS && taken[slot].to > span->from)
            slot++;
    }
    if (slot < SVG_SLOTS)
        taken[slot] = (struct place_taken){.to = span->to, .conn = span->conn};
    return slot;
}

/* A timer that is set and stopped within a line would not be seen. */
static bool in_one_line(const struct svg *svg, const struct svg_span *span)
{
    return span->to != SPAN_OPEN && svg->line_of[span->from] != 0 && svg->line_of[span->from] == svg->line_of[span->to];
}

void svg_spans_slots(struct svg *svg)
{
    struct place_taken *taken = calloc((size_t)svg->ladder.lanes * 4 * SVG_SLOTS, sizeof *taken);
    svg->failed = svg->failed || taken == NULL;
    for (uint32_t s = 0; s < svg->span_count && taken != NULL; s++) {
        struct svg_span *span = &svg->spans[s];
        if (span->kind != SPAN_STATE && span->kind != SPAN_TIMER)
            continue;
        struct svg_lane *lane = &svg->lanes[span->lane];
        bool timer = span->kind == SPAN_TIMER;
        int *count = timer ? &lane->strips[span->side] : &lane->bars[span->side];
        span->slot = timer && in_one_line(svg, span) ? SVG_SLOTS
                                                     : place(taken + (((size_t)span->lane * 2 + span->side) * 2 + timer) * SVG_SLOTS, span);
        if (span->slot < SVG_SLOTS && *count <= span->slot)
            *count = span->slot + 1;
    }
    free(taken);
}
