/* SPDX-License-Identifier: MIT */
/* What has arrived beyond RCV.NXT waits here, ordered and without overlaps, until the gap is filled (SHLD-31, R-010, R-125). */
#include "tcp/internal.h"

/* ---- what is reported (RFC 2018 section 4, RFC 2883) ---- */

#define BLOCKS_EXPECTED 2u /* so many blocks can be counted on to reach the peer, with an ACK or two lost */

/* The part of a segment that was here already; several of them grow together if they touch. */
static void note_duplicate(const struct tcp_ctx *ctx, struct tcb *tcb, uint32_t left, uint32_t right)
{
    if (!tcb->sack_ok || !ctx->profile->dsack || !seq_lt(left, right))
        return;
    if (!tcb->dsack_due) {
        tcb->dsack_due = true;
        tcb->dsack_left = left;
        tcb->dsack_right = right;
    } else if (seq_leq(left, tcb->dsack_right) && seq_leq(tcb->dsack_left, right)) {
        tcb->dsack_left = seq_min(tcb->dsack_left, left);
        tcb->dsack_right = seq_max(tcb->dsack_right, right);
    }
}

static bool block_joins(struct sack_block *block, struct sack_block other)
{
    if (seq_gt(other.left, block->right) || seq_gt(block->left, other.right))
        return false;
    block->left = seq_min(block->left, other.left);
    block->right = seq_max(block->right, other.right);
    return true;
}

static void block_remove(struct tcb *tcb, unsigned index)
{
    tcb->sack_count--;
    for (unsigned i = index; i < tcb->sack_count; i++)
        tcb->sacks[i] = tcb->sacks[i + 1];
}

static void block_to_front(struct tcb *tcb, unsigned index, struct sack_block block)
{
    for (unsigned i = index; i > 0; i--)
        tcb->sacks[i] = tcb->sacks[i - 1];
    tcb->sacks[0] = block;
}

/* The block that holds the latest segment comes first. A change beyond those that can be counted on sends first what was held back. */
static void report(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t left, uint32_t right, bool only)
{
    const struct sack_block latest = {left, right};
    unsigned index = 0;
    if (!tcb->sack_ok)
        return;
    if (only)
        tcb->sack_count = 0;
    while (index < tcb->sack_count && !block_joins(&tcb->sacks[index], latest))
        index++;
    if (index >= BLOCKS_EXPECTED)
        ack_compressed_first(ctx, tcb);
    if (index == tcb->sack_count) {
        if (tcb->sack_count < SEGMENT_SACK_MAX)
            tcb->sack_count++;
        block_to_front(tcb, tcb->sack_count - 1u, latest);
        return;
    }
    block_to_front(tcb, index, tcb->sacks[index]);
    for (unsigned i = 1; i < tcb->sack_count;) {
        if (block_joins(&tcb->sacks[0], tcb->sacks[i]))
            block_remove(tcb, i);
        else
            i++;
    }
}

/* ---- what is kept ---- */

bool reassembly_insert(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t seq, uint32_t end, uint32_t conn, bool fin)
{
    if (fin && !tcb->ooo_fin_seen) {
        tcb->ooo_fin_seen = true;
        tcb->ooo_fin = end - 1;
    }
    tcb->dsack_due = false;
    const bool only = tcb->ooo_head == 0;
    uint32_t previous = 0;
    uint32_t index = tcb->ooo_head;
    while (index != 0 && seq_lt(record_at(ctx, index)->end, seq)) {
        previous = index;
        index = record_at(ctx, index)->next;
    }
    if (index != 0 && seq_leq(record_at(ctx, index)->seq, end)) {
        struct tcp_record *range = record_at(ctx, index);
        const bool here = seq_leq(range->seq, seq) && seq_geq(range->end, end);
        note_duplicate(ctx, tcb, seq_max(seq, range->seq), seq_min(end, range->end));
        range->seq = seq_min(range->seq, seq);
        range->end = seq_max(range->end, end);
        while (range->next != 0 && seq_leq(record_at(ctx, range->next)->seq, range->end)) {
            uint32_t swallowed = range->next;
            note_duplicate(ctx, tcb, record_at(ctx, swallowed)->seq, seq_min(end, record_at(ctx, swallowed)->end));
            range->end = seq_max(range->end, record_at(ctx, swallowed)->end);
            range->next = record_at(ctx, swallowed)->next;
            record_free(ctx, swallowed);
        }
        report(ctx, tcb, seq, end, only);
        return !here;
    }
    uint32_t fresh = record_alloc(ctx);
    if (fresh == 0)
        return false; /* no memory for it: as if it had been lost; the peer resends */
    struct tcp_record *range = record_at(ctx, fresh);
    range->seq = seq;
    range->end = end;
    range->conn = conn;
    range->next = index;
    if (previous == 0)
        tcb->ooo_head = fresh;
    else
        record_at(ctx, previous)->next = fresh;
    report(ctx, tcb, seq, end, only);
    return true;
}

bool reassembly_advance(struct tcp_ctx *ctx, struct tcb *tcb)
{
    const uint32_t before = tcb->rcv.nxt;
    while (tcb->ooo_head != 0 && seq_leq(record_at(ctx, tcb->ooo_head)->seq, tcb->rcv.nxt)) {
        uint32_t index = tcb->ooo_head;
        note_duplicate(ctx, tcb, record_at(ctx, index)->seq, seq_min(before, record_at(ctx, index)->end));
        tcb->rcv.nxt = seq_max(tcb->rcv.nxt, record_at(ctx, index)->end);
        tcb->ooo_head = record_at(ctx, index)->next;
        record_free(ctx, index);
    }
    for (unsigned i = 0; i < tcb->sack_count;) {
        if (tcb->ooo_head == 0 || seq_leq(tcb->sacks[i].left, tcb->rcv.nxt))
            block_remove(tcb, i);
        else
            i++;
    }
    return tcb->ooo_fin_seen && seq_gt(tcb->rcv.nxt, tcb->ooo_fin);
}

void reassembly_forget(struct tcp_ctx *ctx, struct tcb *tcb)
{
    records_free(ctx, &tcb->ooo_head);
    tcb->sack_count = 0;
    tcb->dsack_due = false;
}
