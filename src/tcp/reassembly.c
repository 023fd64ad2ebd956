/* SPDX-License-Identifier: MIT */
/* What has arrived beyond RCV.NXT waits here, ordered and without overlaps, until the gap is filled (SHLD-31, R-010, R-125). */
#include "tcp/internal.h"

void reassembly_insert(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t seq, uint32_t end, uint32_t conn, bool fin)
{
    if (fin && !tcb->ooo_fin_seen) {
        tcb->ooo_fin_seen = true;
        tcb->ooo_fin = end - 1;
    }
    tcb->dsack_due = false;
    uint32_t previous = 0;
    uint32_t index = tcb->ooo_head;
    while (index != 0 && seq_lt(record_at(ctx, index)->end, seq)) {
        previous = index;
        index = record_at(ctx, index)->next;
    }
    if (index != 0 && seq_leq(record_at(ctx, index)->seq, seq) && seq_geq(record_at(ctx, index)->end, end)) {
        tcb->dsack_due = true; /* all of it was here already */
        tcb->dsack_left = seq;
        tcb->dsack_right = end;
        record_at(ctx, index)->order = ++tcb->order;
        return;
    }
    if (index != 0 && seq_leq(record_at(ctx, index)->seq, end)) {
        struct tcp_record *range = record_at(ctx, index);
        range->seq = seq_min(range->seq, seq);
        range->end = seq_max(range->end, end);
        range->order = ++tcb->order;
        while (range->next != 0 && seq_leq(record_at(ctx, range->next)->seq, range->end)) {
            uint32_t swallowed = range->next;
            range->end = seq_max(range->end, record_at(ctx, swallowed)->end);
            range->next = record_at(ctx, swallowed)->next;
            record_free(ctx, swallowed);
        }
        return;
    }
    uint32_t fresh = record_alloc(ctx);
    if (fresh == 0)
        return; /* no memory for it: as if it had been lost; the peer resends */
    struct tcp_record *range = record_at(ctx, fresh);
    range->seq = seq;
    range->end = end;
    range->conn = conn;
    range->order = ++tcb->order;
    range->next = index;
    if (previous == 0)
        tcb->ooo_head = fresh;
    else
        record_at(ctx, previous)->next = fresh;
}

bool reassembly_advance(struct tcp_ctx *ctx, struct tcb *tcb)
{
    while (tcb->ooo_head != 0 && seq_leq(record_at(ctx, tcb->ooo_head)->seq, tcb->rcv.nxt)) {
        uint32_t index = tcb->ooo_head;
        tcb->rcv.nxt = seq_max(tcb->rcv.nxt, record_at(ctx, index)->end);
        tcb->ooo_head = record_at(ctx, index)->next;
        record_free(ctx, index);
    }
    return tcb->ooo_fin_seen && seq_gt(tcb->rcv.nxt, tcb->ooo_fin);
}

/* RFC 2018 section 4: the block that holds the latest segment first, then the next latest. */
unsigned reassembly_sack(const struct tcp_ctx *ctx, const struct tcb *tcb, struct sack_block *blocks, unsigned most)
{
    unsigned count = 0;
    uint32_t before = UINT32_MAX;
    while (count < most) {
        const struct tcp_record *latest = NULL;
        for (uint32_t i = tcb->ooo_head; i != 0; i = record_at(ctx, i)->next) {
            const struct tcp_record *range = record_at(ctx, i);
            if (range->order < before && (latest == NULL || range->order > latest->order))
                latest = range;
        }
        if (latest == NULL)
            break;
        before = latest->order;
        blocks[count++] = (struct sack_block){latest->seq, latest->end};
    }
    return count;
}
