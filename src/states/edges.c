/* SPDX-License-Identifier: MIT */
#include "states/edges.h"

#include <stdlib.h>
#include <string.h>

/* RFC 9293 figure 5 with its notes 1 and 2, in the order of a connection's life. */
static const struct edge figure[] = {
    {.from = TCP_CLOSED, .to = TCP_LISTEN, .figure = "passive OPEN"},
    {.from = TCP_CLOSED, .to = TCP_SYN_SENT, .figure = "active OPEN / snd SYN"},
    {.from = TCP_LISTEN, .to = TCP_CLOSED, .figure = "CLOSE"},
    {.from = TCP_LISTEN, .to = TCP_SYN_SENT, .figure = "SEND / snd SYN"},
    {.from = TCP_LISTEN, .to = TCP_SYN_RECEIVED, .figure = "rcv SYN / snd SYN,ACK"},
    {.from = TCP_SYN_SENT, .to = TCP_SYN_RECEIVED, .figure = "rcv SYN / snd SYN,ACK"},
    {.from = TCP_SYN_SENT, .to = TCP_ESTABLISHED, .figure = "rcv SYN,ACK / snd ACK"},
    {.from = TCP_SYN_SENT, .to = TCP_CLOSED, .why = TCP_WHY_CLOSED_EARLY, .figure = "CLOSE"},
    {.from = TCP_SYN_RECEIVED, .to = TCP_ESTABLISHED, .figure = "rcv ACK of SYN"},
    {.from = TCP_SYN_RECEIVED, .to = TCP_FIN_WAIT_1, .figure = "CLOSE / snd FIN"},
    {.from = TCP_SYN_RECEIVED, .to = TCP_LISTEN, .why = TCP_WHY_RST_RECEIVED, .figure = "rcv RST (note 1)"},
    {.from = TCP_ESTABLISHED, .to = TCP_FIN_WAIT_1, .figure = "CLOSE / snd FIN"},
    {.from = TCP_ESTABLISHED, .to = TCP_CLOSE_WAIT, .figure = "rcv FIN / snd ACK"},
    {.from = TCP_FIN_WAIT_1, .to = TCP_FIN_WAIT_2, .figure = "rcv ACK of FIN"},
    {.from = TCP_FIN_WAIT_1, .to = TCP_CLOSING, .figure = "rcv FIN / snd ACK"},
    {.from = TCP_FIN_WAIT_1, .to = TCP_TIME_WAIT, .figure = "rcv FIN,ACK of FIN / snd ACK (note 2)"},
    {.from = TCP_FIN_WAIT_2, .to = TCP_TIME_WAIT, .figure = "rcv FIN / snd ACK"},
    {.from = TCP_CLOSE_WAIT, .to = TCP_LAST_ACK, .figure = "CLOSE / snd FIN"},
    {.from = TCP_CLOSING, .to = TCP_TIME_WAIT, .figure = "rcv ACK of FIN"},
    {.from = TCP_LAST_ACK, .to = TCP_CLOSED, .figure = "rcv ACK of FIN"},
    {.from = TCP_TIME_WAIT, .to = TCP_CLOSED, .figure = "timeout = 2MSL"},
};
#define FIGURE (sizeof figure / sizeof *figure)

static struct edge *edge_of(struct edges *edges, unsigned from, unsigned to, unsigned why)
{
    for (unsigned i = 0; i < edges->count; i++) {
        struct edge *edge = &edges->list[i];
        if (edge->from == from && edge->to == to && edge->why == why)
            return edge;
    }
    if (edges->count == EDGES_MAX) {
        edges->failed = true;
        return &edges->list[EDGES_MAX - 1];
    }
    edges->list[edges->count] = (struct edge){.from = (uint8_t)from, .to = (uint8_t)to, .why = (uint8_t)why};
    return &edges->list[edges->count++];
}

static bool through_fin_wait_2(unsigned from, unsigned between, unsigned to)
{
    return from == TCP_FIN_WAIT_1 && between == TCP_FIN_WAIT_2 && to == TCP_TIME_WAIT;
}

static void add_outcome(struct edges *edges, enum profile_id profile, unsigned event, const struct outcome *outcome)
{
    for (unsigned i = 0; i < outcome->move_count; i++) {
        struct bench_move move = outcome->moves[i];
        if (i + 1 < outcome->move_count && through_fin_wait_2(move.from, move.to, outcome->moves[i + 1].to))
            move.to = outcome->moves[++i].to; /* one segment, two steps: note 2 */
        struct edge *edge = edge_of(edges, move.from, move.to, move.why);
        if (edge->profiles == 0)
            edge->event = event;
        edge->profiles |= 1u << profile;
    }
}

static int by_state(const void *a, const void *b)
{
    const struct edge *one = a, *other = b;
    if (one->from != other->from)
        return one->from < other->from ? -1 : 1;
    if (one->why != other->why)
        return one->why < other->why ? -1 : 1;
    return (int)one->to - (int)other->to;
}

void edges_drive(struct edges *edges, unsigned profiles)
{
    memcpy(edges->list, figure, sizeof figure);
    edges->count = FIGURE;
    for (unsigned profile = 0; profile < PROFILES; profile++) {
        for (unsigned at = 0; at < SITUATIONS && (profiles & (1u << profile)) != 0; at++) {
            for (unsigned event = 0; event < events_count(); event++) {
                struct outcome outcome;
                table_play((enum profile_id)profile, (enum situation)at, event, &outcome);
                if (outcome.possible)
                    add_outcome(edges, (enum profile_id)profile, event, &outcome);
            }
        }
    }
    qsort(edges->list + FIGURE, edges->count - FIGURE, sizeof *edges->list, by_state);
}

/* ---- runs ---- */

/* Did this end come from LISTEN? Then it falls back there, as far as the figure is concerned. */
static void embryo_note(struct edges *edges, uint32_t end)
{
    if (end / 8 >= edges->embryo_bytes) {
        const size_t bytes = (end / 8 + 1) * 2;
        uint8_t *const grown = realloc(edges->embryos, bytes);
        if (grown == NULL) {
            edges->failed = true;
            return;
        }
        memset(grown + edges->embryo_bytes, 0, bytes - edges->embryo_bytes);
        edges->embryos = grown;
        edges->embryo_bytes = bytes;
    }
    edges->embryos[end / 8] |= (uint8_t)(1u << end % 8);
}

static bool is_embryo(const struct edges *edges, uint32_t end)
{
    return end / 8 < edges->embryo_bytes && (edges->embryos[end / 8] >> end % 8 & 1) != 0;
}

static void count_move(struct edges *edges, enum profile_id profile, const struct trace_event *event)
{
    const unsigned from = event->state.from;
    unsigned to = event->state.to;
    if (from == TCP_LISTEN && to == TCP_SYN_RECEIVED)
        embryo_note(edges, event->state.end);
    if (from == TCP_SYN_RECEIVED && to == TCP_CLOSED && is_embryo(edges, event->state.end))
        to = TCP_LISTEN;
    struct edge *edge = edge_of(edges, from, to, event->what);
    if (edges->last_edge < edges->count && edges->last_end == event->state.end && edges->last_cause == event->cause) {
        struct edge *before = &edges->list[edges->last_edge];
        if (before->to == from && through_fin_wait_2(before->from, from, to)) {
            before->taken[profile]--;
            edge = edge_of(edges, before->from, to, event->what);
        }
    }
    edge->taken[profile]++;
    edges->last_edge = (unsigned)(edge - edges->list);
    edges->last_end = event->state.end;
    edges->last_cause = event->cause;
}

void edges_count(struct edges *edges, const struct story *story, const struct trace *trace)
{
    if (edges->embryo_bytes > 0)
        memset(edges->embryos, 0, edges->embryo_bytes);
    edges->last_edge = EDGES_MAX;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        /* Power lost is no event of TCP; a step from a state to itself is none. */
        if (event->kind == TRACE_STATE && event->what != WHY_CRASH && event->state.from != event->state.to)
            count_move(edges, story->nodes[event->host].base, event);
    }
}

uint64_t edge_taken(const struct edge *edge, unsigned profiles)
{
    uint64_t taken = 0;
    for (unsigned profile = 0; profile < PROFILES; profile++) {
        if ((profiles & (1u << profile)) != 0)
            taken += edge->taken[profile];
    }
    return taken;
}

bool edge_can_be_taken(const struct edge *edge)
{
    return edge->from != TCP_LISTEN || edge->to != TCP_SYN_SENT;
}

const char *edge_why(const struct edge *edge)
{
    switch ((enum tcp_why)edge->why) {
    case TCP_WHY_ORDINARY:
        return edge->from == TCP_SYN_RECEIVED && edge->to == TCP_LISTEN ? "rcv SYN" : "in order";
    case TCP_WHY_RST_RECEIVED:
        return "rcv RST";
    case TCP_WHY_RST_SENT:
        return "snd RST";
    case TCP_WHY_TIMEOUT:
        return "no answer";
    case TCP_WHY_KEEPALIVE:
        return "keep-alive unanswered";
    case TCP_WHY_USER_TIMEOUT:
        return "user timeout";
    case TCP_WHY_FIN_WAIT_2:
        return "FIN_WAIT_2 limit";
    case TCP_WHY_CRASH:
        return "power lost";
    case TCP_WHY_CLOSED_EARLY:
        return "ABORT, no RST";
    case TCP_WHY_REUSED:
        return "a new SYN takes it over";
    }
    return "?";
}

void edges_free(struct edges *edges)
{
    free(edges->embryos);
    edges->embryos = NULL;
    edges->embryo_bytes = 0;
}
