/* SPDX-License-Identifier: MIT */
/* What disturbs a run from outside: faults of hosts and links, and segments that nobody sent. */
#include <stdlib.h>

#include "judge/invariants.h"

bool faults_forged(const struct invariants *all, uint32_t segment)
{
    for (uint32_t i = all->forged_count; i > 0 && all->forged[i - 1] >= segment; i--)
        if (all->forged[i - 1] == segment)
            return true;
    return false;
}

void faults_injected(struct invariants *all, const struct trace_event *event)
{
    all->fault_ns = event->time_ns;
    if (all->forged_count == all->forged_capacity) {
        uint32_t capacity = all->forged_capacity < 16 ? 16 : all->forged_capacity * 2;
        uint32_t *grown = realloc(all->forged, capacity * sizeof *grown);
        if (grown == NULL) {
            all->failed = true;
            return;
        }
        all->forged = grown;
        all->forged_capacity = capacity;
    }
    all->forged[all->forged_count++] = event->segment.number;
}

/* A host that stands still owes no answer, and one without power has no programs. */
static void host_stops(struct invariants *all, unsigned host, bool crashed)
{
    for (uint32_t i = 1; i < all->conn_count; i++) {
        struct conn_record *conn = conn_lent(all, i);
        if (conn == NULL)
            conn = conn_lend(all, i);
        for (unsigned side = 0; side < 2; side++) {
            struct end_record *end = conn->end + side;
            if (end->host != host)
                continue;
            end->flags &= ~(uint32_t)END_OWES_ACK;
            if (crashed)
                end->flags = (end->flags | END_CLOSED) & ~(uint32_t)(END_READING | END_DRAINING | END_CLOSING_CALL);
        }
    }
}

void faults_happen(struct invariants *all, const struct trace_event *event)
{
    all->fault_ns = event->time_ns;
    if (event->host >= all->host_count)
        return;
    struct host_limits *host = &all->hosts[event->host];
    switch ((enum fault_what)event->what) {
    case FAULT_PAUSE:
        host->pauses++;
        host_stops(all, event->host, false);
        break;
    case FAULT_RESUME:
        if (host->pauses > 0)
            host->pauses--;
        break;
    case FAULT_CRASH:
        host->pauses = 0;
        host_stops(all, event->host, true);
        break;
    case FAULT_CUT_BEGINS:
    case FAULT_CUT_ENDS:
    case FAULT_BOOT:
    case FAULT_KILL:
    case FAULT_LINK:
        break;
    }
}
