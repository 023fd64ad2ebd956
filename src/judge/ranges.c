/* SPDX-License-Identifier: MIT */
/* Which of a stream's numbers have arrived: one edge, and beyond it a short list of ranges in one pool. */
#include <stdlib.h>

#include "judge/invariants.h"

static uint32_t range_take(struct invariants *all)
{
    uint32_t index = all->range_free;
    if (index != 0) {
        all->range_free = all->ranges[index].next;
        return index;
    }
    if (all->range_count >= all->range_capacity) {
        uint32_t capacity = all->range_capacity < 64 ? 64 : all->range_capacity * 2;
        struct range *grown = realloc(all->ranges, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            all->failed = true;
            return 0;
        }
        all->ranges = grown;
        all->range_capacity = capacity;
    }
    return all->range_count++;
}

static void range_give_back(struct invariants *all, uint32_t index)
{
    all->ranges[index].next = all->range_free;
    all->range_free = index;
}

/* Beyond the edge: one range more, joined with those that it touches. */
static void keep_for_later(struct invariants *all, struct end_record *end, uint32_t left, uint32_t right)
{
    const uint32_t fresh = range_take(all);
    if (fresh == 0)
        return;
    uint32_t *link = &end->gaps;
    while (*link != 0 && seq_after(left, all->ranges[*link].right))
        link = &all->ranges[*link].next;
    uint32_t next = *link;
    while (next != 0 && !seq_after(all->ranges[next].left, right)) {
        const struct range joined = all->ranges[next];
        if (seq_after(left, joined.left))
            left = joined.left;
        if (seq_after(joined.right, right))
            right = joined.right;
        range_give_back(all, next);
        next = joined.next;
    }
    all->ranges[fresh] = (struct range){left, right, next};
    *link = fresh;
}

/* Something lies beyond the edge already, or what arrives does. */
bool ranges_arrived_apart(struct invariants *all, struct end_record *end, uint32_t left, uint32_t right)
{
    if (seq_after(left, end->got_edge)) {
        keep_for_later(all, end, left, right);
        return false;
    }
    end->got_edge = right;
    while (end->gaps != 0 && !seq_after(all->ranges[end->gaps].left, end->got_edge)) {
        const uint32_t first = end->gaps;
        if (seq_after(all->ranges[first].right, end->got_edge))
            end->got_edge = all->ranges[first].right;
        end->gaps = all->ranges[first].next;
        range_give_back(all, first);
    }
    return true;
}

uint32_t ranges_right_edge(const struct invariants *all, const struct end_record *end)
{
    uint32_t edge = end->got_edge;
    for (uint32_t i = end->gaps; i != 0; i = all->ranges[i].next)
        edge = all->ranges[i].right;
    return edge;
}

void ranges_drop(struct invariants *all, struct end_record *end)
{
    while (end->gaps != 0) {
        const uint32_t first = end->gaps;
        end->gaps = all->ranges[first].next;
        range_give_back(all, first);
    }
}
