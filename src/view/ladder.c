/* SPDX-License-Identifier: MIT */
/* Events into rows. A row has one instant, at most one segment and at most one cell for each lane; what happens at one
 * instant shares a row where that does not turn its order round. */
#include "view/ladder.h"

#include <stdlib.h>
#include <string.h>

#include "net/class.h"

#define CONNECTIONS_ALL 8u /* so many are shown in full */
#define CONNECTIONS_FEW 2u /* of more, the first ones */
#define BLOCK_MAX 64u /* rows of one instant that a new item looks back at */

static uint32_t row_add(struct ladder *ladder, enum row_kind kind, int64_t time_ns)
{
    if (ladder->count == ladder->capacity) {
        uint32_t capacity = ladder->capacity == 0 ? 256 : ladder->capacity * 2;
        struct row *rows = realloc(ladder->rows, capacity * sizeof *rows);
        if (rows != NULL)
            ladder->rows = rows;
        struct cell *cells = realloc(ladder->cells, (size_t)capacity * ladder->lanes * sizeof *cells);
        if (cells != NULL)
            ladder->cells = cells;
        if (rows == NULL || cells == NULL) {
            ladder->failed = true;
            return UINT32_MAX;
        }
        ladder->capacity = capacity;
    }
    ladder->rows[ladder->count] = (struct row){.kind = (uint8_t)kind, .time_ns = time_ns, .to_ns = time_ns};
    memset(ladder_cells(ladder, ladder->count), 0, ladder->lanes * sizeof(struct cell));
    return ladder->count++;
}

/* The first row of this instant that a new item may join. */
static uint32_t block_start(const struct ladder *ladder, int64_t time_ns)
{
    uint32_t row = ladder->count;
    while (row > 0 && ladder->count - row < BLOCK_MAX && ladder->rows[row - 1].kind == ROW_EVENTS &&
           ladder->rows[row - 1].time_ns == time_ns)
        row--;
    return row;
}

static bool wire_touches(const struct row *row, unsigned lane)
{
    return row->wire != WIRE_NONE && (row->from == lane || row->to == lane);
}

/* Would the words of this lane lie under the arrow? */
static bool wire_covers(const struct ladder *ladder, const struct row *row, unsigned lane)
{
    if (row->wire == WIRE_NONE || ladder_outside(ladder))
        return false;
    unsigned left = row->from < row->to ? row->from : row->to, right = row->from < row->to ? row->to : row->from;
    return lane >= left && lane < right;
}

/* A cell comes behind what its lane did before: in the row of the segment that caused it, or below. */
static struct cell *cell_add(struct ladder *ladder, unsigned lane, enum cell_kind kind, uint32_t event)
{
    int64_t time_ns = ladder_event(ladder, event)->time_ns;
    uint32_t row = block_start(ladder, time_ns);
    for (uint32_t r = row; r < ladder->count; r++) {
        if (ladder_cells(ladder, r)[lane].kind != CELL_NONE || wire_covers(ladder, &ladder->rows[r], lane))
            row = r + 1;
        else if (wire_touches(&ladder->rows[r], lane))
            row = r;
    }
    if (row >= ladder->count)
        row = row_add(ladder, ROW_EVENTS, time_ns);
    if (row == UINT32_MAX)
        return NULL;
    struct cell *cell = &ladder_cells(ladder, row)[lane];
    *cell = (struct cell){.kind = (uint8_t)kind, .event = event};
    return cell;
}

/* A segment comes behind the segment before it, and not above what its host did before. */
static void wire_add(struct ladder *ladder, enum wire_kind kind, unsigned from, unsigned to, uint32_t event)
{
    int64_t time_ns = ladder_event(ladder, event)->time_ns;
    unsigned lane = kind == WIRE_ARRIVES || kind == WIRE_DIES_FAR ? to : from;
    uint32_t row = block_start(ladder, time_ns);
    struct row arrow = {.wire = (uint8_t)kind, .from = (uint8_t)from, .to = (uint8_t)to};
    for (uint32_t r = row; r < ladder->count; r++) {
        if (ladder->rows[r].wire != WIRE_NONE) {
            row = r + 1;
            continue;
        }
        for (unsigned l = 0; l < ladder->lanes; l++) {
            if (ladder_cells(ladder, r)[l].kind == CELL_NONE)
                continue;
            if (wire_covers(ladder, &arrow, l))
                row = r + 1;
            else if (l == lane && row < r)
                row = r;
        }
    }
    if (row >= ladder->count)
        row = row_add(ladder, ROW_EVENTS, time_ns);
    if (row == UINT32_MAX)
        return;
    struct row *at = &ladder->rows[row];
    at->wire = (uint8_t)kind;
    at->from = (uint8_t)from;
    at->to = (uint8_t)to;
    at->segment = event;
}

/* The row of this instant in which the segment left, or NULL. */
static struct row *leaving(const struct ladder *ladder, const struct trace_event *e)
{
    uint32_t start = block_start(ladder, e->time_ns);
    for (uint32_t r = ladder->count; r > start; r--) {
        struct row *row = &ladder->rows[r - 1];
        if (row->wire == WIRE_LEAVES && ladder_event(ladder, row->segment)->segment.number == e->segment.number)
            return row;
    }
    return NULL;
}

static void segment(struct ladder *ladder, const struct trace_event *e, uint32_t index)
{
    unsigned here = ladder->lane_of[e->host], there = ladder->lane_of[e->peer];
    if (here == LANE_NONE || there == LANE_NONE || here == there)
        return;
    if (e->kind != TRACE_RECV) {
        wire_add(ladder, WIRE_LEAVES, here, there, index);
        return;
    }
    struct row *row = leaving(ladder, e);
    if (row != NULL)
        row->wire = WIRE_WHOLE;
    else
        wire_add(ladder, WIRE_ARRIVES, there, here, index);
}

/* The lane from which a segment seems to come: a box answers what it has refused, in the name of whom that was sent to. */
static unsigned lane_from(const struct ladder *ladder, const struct trace_event *sent)
{
    const struct trace *trace = ladder->glossary->trace;
    if (!glossary_is_box(ladder->glossary, sent->host) || sent->cause == 0 || sent->cause > trace->count)
        return ladder->lane_of[sent->host];
    const struct trace_event *refused = &trace->events[sent->cause - 1];
    const struct trace_event *asked = refused->kind == TRACE_DROP ? glossary_send_of(ladder->glossary, refused->segment.number) : NULL;
    return asked != NULL ? ladder->lane_of[asked->peer] : LANE_NONE;
}

static void dropped(struct ladder *ladder, const struct trace_event *e, uint32_t index)
{
    const struct trace_event *sent = glossary_send_of(ladder->glossary, e->segment.number);
    struct row *row = leaving(ladder, e);
    if (row == NULL) {
        unsigned from = sent != NULL ? lane_from(ladder, sent) : LANE_NONE;
        unsigned to = sent != NULL ? ladder->lane_of[sent->peer] : LANE_NONE;
        if (from == LANE_NONE || to == LANE_NONE || from == to)
            return;
        uint32_t before = ladder->count;
        wire_add(ladder, WIRE_DIES_FAR, from, to, index);
        for (uint32_t r = before > 0 ? block_start(ladder, e->time_ns) : 0; r < ladder->count; r++) {
            if (ladder->rows[r].wire == WIRE_DIES_FAR && ladder->rows[r].segment == index) {
                ladder->rows[r].segment = (uint32_t)(sent - ladder->glossary->trace->events);
                ladder->rows[r].drop = index;
            }
        }
        return;
    }
    row->wire = WIRE_DIES_NEAR;
    row->drop = index;
}

/* A service's own listen and accept are the host's work, not a line of the story. */
static bool call_is_quiet(const struct ladder *ladder, const struct trace_call *call)
{
    const struct story *story = ladder->glossary->story;
    return call->error == TCP_OK && (call->call == CALL_LISTEN || call->call == CALL_ACCEPT) && call->program < story->program_count &&
           story->programs[call->program].service;
}

static void returned(struct ladder *ladder, const struct trace_event *e, uint32_t index)
{
    unsigned lane = ladder->lane_of[e->host];
    for (uint32_t r = ladder->count; r > 0 && ladder->rows[r - 1].time_ns == e->time_ns; r--) {
        struct cell *cell = &ladder_cells(ladder, r - 1)[lane];
        if (cell->kind != CELL_CALL || cell->done != 0)
            continue;
        const struct trace_call *call = &ladder_event(ladder, cell->event)->call;
        if (call->call == e->call.call && call->program == e->call.program && call->copy == e->call.copy && call->step == e->call.step) {
            cell->done = index + 1;
            return;
        }
    }
    if (e->call.call != CALL_SLEEP)
        cell_add(ladder, lane, CELL_RETURN, index);
}

static void other(struct ladder *ladder, const struct trace_event *e)
{
    uint32_t row = ladder->count - 1;
    if (ladder->count == 0 || ladder->rows[row].kind != ROW_OTHERS) {
        row = row_add(ladder, ROW_OTHERS, e->time_ns);
        if (row == UINT32_MAX)
            return;
        ladder->rows[row].first = ladder->rows[row].last = e->conn;
    }
    struct row *others = &ladder->rows[row];
    others->to_ns = e->time_ns;
    others->event++;
    others->first = e->conn < others->first ? e->conn : others->first;
    others->last = e->conn > others->last ? e->conn : others->last;
}

static void event(struct ladder *ladder, const struct trace_event *e, uint32_t index)
{
    uint32_t row;
    if (e->conn > ladder->shown) {
        other(ladder, e);
        return;
    }
    switch ((enum trace_kind)e->kind) {
    case TRACE_SEND:
    case TRACE_RECV:
    case TRACE_DUP:
    case TRACE_INJECT:
        segment(ladder, e, index);
        break;
    case TRACE_DROP:
        dropped(ladder, e, index);
        break;
    case TRACE_STATE:
        if (e->state.from != e->state.to)
            cell_add(ladder, ladder->lane_of[e->host], CELL_STATE, index);
        break;
    case TRACE_TIMER:
        if (e->what == TIMER_FIRED)
            cell_add(ladder, ladder->lane_of[e->host], CELL_TIMER, index);
        break;
    case TRACE_CALL:
        if (!call_is_quiet(ladder, &e->call))
            cell_add(ladder, ladder->lane_of[e->host], CELL_CALL, index);
        break;
    case TRACE_RETURN:
        if (!call_is_quiet(ladder, &e->call))
            returned(ladder, e, index);
        break;
    case TRACE_NOTE:
    case TRACE_FAULT:
        row = row_add(ladder, e->kind == TRACE_NOTE ? ROW_NOTE : ROW_FAULT, e->time_ns);
        if (row != UINT32_MAX)
            ladder->rows[row].event = index;
        break;
    case TRACE_NAME:
    case TRACE_FLOW:
        break;
    }
}

static bool lanes_init(struct ladder *ladder)
{
    const struct story *story = ladder->glossary->story;
    ladder->lane_of = malloc((size_t)UINT8_MAX + 1); /* a record's node is a byte: any value finds an entry */
    if (ladder->lane_of == NULL)
        return false;
    memset(ladder->lane_of, LANE_NONE, (size_t)UINT8_MAX + 1);
    for (unsigned i = 0; i < story->node_count && i < LANE_NONE; i++) {
        if (story->nodes[i].kind == NODE_HOST)
            ladder->lane_of[i] = (uint8_t)ladder->lanes++;
    }
    return ladder->lanes > 0;
}

static void rows(struct ladder *ladder)
{
    const struct trace *trace = ladder->glossary->trace;
    for (uint32_t i = ladder->first; i < trace->count && !ladder->failed; i++) {
        const struct trace_event *e = &trace->events[i];
        bool placed = e->kind == TRACE_NOTE || e->kind == TRACE_FAULT || e->kind == TRACE_DROP || ladder->lane_of[e->host] != LANE_NONE;
        if (placed)
            event(ladder, e, i);
    }
}

static bool build(struct ladder *ladder, bool columns)
{
    ladder->failed = ladder->glossary->failed || !lanes_init(ladder);
    ladder->outside = columns || ladder->lanes == 2;
    if (!ladder->failed)
        rows(ladder);
    if (!ladder->failed && !ladder->options->full && !ladder->live)
        ladder_fold(ladder);
    return !ladder->failed;
}

bool ladder_build(struct ladder *ladder, const struct glossary *glossary, const struct judgement *judgement,
                  const struct view_options *options, bool columns)
{
    *ladder = (struct ladder){.glossary = glossary, .judgement = judgement, .options = options};
    ladder->shown = glossary->conns > CONNECTIONS_ALL && !options->full ? CONNECTIONS_FEW : UINT32_MAX;
    return build(ladder, columns);
}

bool ladder_build_live(struct ladder *ladder, const struct glossary *glossary, const struct judgement *judgement,
                       const struct view_options *options, uint32_t first)
{
    *ladder = (struct ladder){
        .glossary = glossary, .judgement = judgement, .options = options, .shown = UINT32_MAX, .live = true, .first = first};
    return build(ladder, false);
}

void ladder_free(struct ladder *ladder)
{
    free(ladder->lane_of);
    free(ladder->rows);
    free(ladder->cells);
}

void view_ladder(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options)
{
    struct glossary glossary;
    struct ladder ladder;

    glossary_init(&glossary, story, trace);
    if (ladder_build(&ladder, &glossary, judgement, options, false)) {
        ladder_draw(out, &ladder);
        view_report(out, story, trace, judgement, options);
    }
    out->failed = out->failed || ladder.failed;
    ladder_free(&ladder);
    glossary_done(&glossary);
}
