/* SPDX-License-Identifier: MIT */
/* The edges of the state diagram: those of RFC 9293 figure 5, those that the code takes when it is driven through every pair of state and
 * event, and how often runs took each. */
#ifndef LASTACK_STATES_EDGES_H
#define LASTACK_STATES_EDGES_H

#include "sim/trace.h"
#include "states/table.h"
#include "story/story.h"

#define EDGES_MAX 128

struct edge {
    uint8_t from, to, why; /* enum tcp_state, enum tcp_why */
    unsigned profiles; /* 1 << enum profile_id: who takes it */
    unsigned event; /* an event that makes it be taken, valid with `profiles` */
    const char *figure; /* what figure 5 writes at it ("rcv FIN / snd ACK"), NULL: not in the figure */
    uint64_t taken[PROFILES]; /* by ends of hosts of that profile */
};

struct edges {
    struct edge list[EDGES_MAX]; /* figure 5 first, in its order; then by state */
    unsigned count;
    /* of the run that is counted */
    uint8_t *embryos; /* a bit an end: it came from LISTEN */
    size_t embryo_bytes;
    uint32_t last_end, last_cause; /* the state event before */
    unsigned last_edge;
    bool failed; /* out of memory */
};

/* Drives every pair for these profiles (1 << enum profile_id). */
void edges_drive(struct edges *edges, unsigned profiles);
/* Counts the state events of a run. */
void edges_count(struct edges *edges, const struct story *story, const struct trace *trace);
/* By ends of one of these profiles that have the edge; of an edge of figure 5, by any. */
uint64_t edge_taken(const struct edge *edge, unsigned profiles);
/* Figure 5 has one edge that no sockets program can take: SEND in LISTEN. */
bool edge_can_be_taken(const struct edge *edge);
/* "a RST arrives": why the edge is taken, where the figure says nothing. */
const char *edge_why(const struct edge *edge);
void edges_free(struct edges *edges);

#endif
