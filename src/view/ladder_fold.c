/* SPDX-License-Identifier: MIT */
/* Folding: a long run of rows that hold only data, ACKs and the programs' reads and writes becomes one line. If what is left is
 * still long, as in a lossy transfer, losses and retransmissions of data are folded too, and the line counts them. */
#include "net/class.h"
#include "view/ladder.h"

#define RUN_MIN 20u /* rows; shorter runs are shown */
#define RUN_HEAD 6u /* shown before the fold */
#define RUN_TAIL 4u /* and behind it */
#define PAGE_MAX 240u /* rows of a ladder that nobody has asked to be --full */

static bool wire_is_bulk(const struct ladder *ladder, const struct row *row, bool losses)
{
    if (row->wire == WIRE_NONE)
        return true;
    const struct trace_event *e = ladder_event(ladder, row->segment);
    if ((e->segment.flags & (TCP_SYN | TCP_FIN | TCP_RST)) || e->kind == TRACE_INJECT)
        return false;
    if (losses)
        return true;
    return row->wire != WIRE_DIES_NEAR && row->wire != WIRE_DIES_FAR && e->kind != TRACE_DUP &&
           !(e->segment.classes & CLASS_RETRANSMISSION);
}

static bool cell_is_bulk(const struct ladder *ladder, const struct cell *cell, bool losses)
{
    if (cell->kind == CELL_NONE)
        return true;
    const struct trace_event *e = ladder_event(ladder, cell->event);
    if (cell->kind == CELL_TIMER) {
        enum tcp_timer timer = (enum tcp_timer)e->timer.timer;
        return timer == TIMER_DELAYED_ACK || timer == TIMER_KEEPALIVE || timer == TIMER_PERSIST ||
               (losses && (timer == TIMER_RETRANSMISSION || timer == TIMER_TAIL_LOSS_PROBE || timer == TIMER_REORDERING));
    }
    if (cell->kind == CELL_STATE)
        return false;
    const struct trace_call *call = &e->call;
    if (cell->kind == CELL_CALL && cell->done != 0)
        call = &ladder_event(ladder, cell->done - 1)->call;
    bool transfer = call->call == CALL_SEND || call->call == CALL_RECV || call->call == CALL_RECV_EOF || call->call == CALL_DRAIN;
    return transfer && call->error == 0 && !call->eof && !call->failed;
}

static bool row_is_bulk(const struct ladder *ladder, uint32_t index, bool losses)
{
    const struct row *row = &ladder->rows[index];
    if (row->kind != ROW_EVENTS || !wire_is_bulk(ladder, row, losses))
        return false;
    for (unsigned lane = 0; lane < ladder->lanes; lane++) {
        if (!cell_is_bulk(ladder, &ladder_cells(ladder, index)[lane], losses))
            return false;
    }
    return true;
}

static bool is_arrival_of(const struct ladder *ladder, uint32_t arrival, uint32_t departure)
{
    const struct row *a = &ladder->rows[arrival], *d = &ladder->rows[departure];
    return a->wire == WIRE_ARRIVES && d->wire == WIRE_LEAVES &&
           ladder_event(ladder, a->segment)->segment.number == ladder_event(ladder, d->segment)->segment.number;
}

/* Returns how many lines the ladder now has. */
static uint32_t fold_runs(struct ladder *ladder, bool losses)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < ladder->count;) {
        uint32_t end = i;
        ladder->rows[i].folds = 0;
        while (end < ladder->count && row_is_bulk(ladder, end, losses))
            end++;
        if (end - i < RUN_MIN) {
            shown += end == i ? 1 : end - i;
            i = end == i ? i + 1 : end;
            continue;
        }
        uint32_t first = i + RUN_HEAD, last = end - RUN_TAIL; /* not through the middle of an arrow */
        first += is_arrival_of(ladder, first, first - 1);
        last -= is_arrival_of(ladder, last, last - 1);
        struct row *fold = &ladder->rows[first];
        fold->folds = last - first;
        fold->to_ns = ladder->rows[last - 1].time_ns;
        shown += end - i - fold->folds + 1;
        i = end;
    }
    return shown;
}

void ladder_fold(struct ladder *ladder)
{
    if (fold_runs(ladder, false) > PAGE_MAX) {
        for (uint32_t i = 0; i < ladder->count; i++)
            ladder->rows[i].folds = 0;
        fold_runs(ladder, true);
    }
}
