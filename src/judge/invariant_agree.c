/* SPDX-License-Identifier: MIT */
/* ends-agree, no-socket-for-ever, orphan-bound, time-wait, comes-to-rest: what must have come to an end, and when. */
#include <inttypes.h>

#include "base/duration.h"
#include "judge/invariants.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static const char *state_of(const struct end_record *end)
{
    return tcp_state_name((enum tcp_state)end->state);
}

/* ---- time-wait ---- */

/* May this cut TIME_WAIT short? What a profile declares, power lost, and an abort of the owner's. */
static bool declared_end(const struct invariants *all, const struct end_record *end, unsigned why)
{
    const struct tcp_profile *p = all->hosts[end->host].profile;
    switch ((enum state_why)why) {
    case WHY_CRASH:
    case WHY_REUSED:
        return true;
    case WHY_RST_RECEIVED:
        return p->rst_in_time_wait != 0 && !p->rfc1337;
    case WHY_ORDINARY:
    case WHY_CLOSED_EARLY:
    case WHY_RST_SENT:
        return end->closed_ns == all->now_ns;
    case WHY_TIMEOUT:
    case WHY_KEEPALIVE:
    case WHY_USER_TIMEOUT:
    case WHY_FIN_WAIT_2_TIMEOUT:
        return false;
    }
    return false;
}

void agree_time_wait(struct invariants *all, const struct end_record *end, unsigned why)
{
    const int64_t whole = all->hosts[end->host].profile->time_wait;
    const int64_t waited = all->now_ns - end->fin_acked_ns;
    if (end->fin_acked_ns < 0 || waited >= whole || declared_end(all, end, why))
        return;
    invariant_broken(all, INVARIANT_TIME_WAIT, 0,
                     "the %s left TIME_WAIT %" PRId64 " ms after its last ACK of the FIN; its profile says %" PRId64 " ms",
                     invariant_host(all, end->host), waited / NS_PER_MS, whole / NS_PER_MS);
}

/* ---- orphan-bound, no-socket-for-ever ---- */

static bool ownerless(const struct end_record *end, unsigned side)
{
    if (end->flags & END_CLOSED)
        return (end->flags & END_CLOSING_CALL) == 0;
    return end->state == TCP_SYN_RECEIVED && side == 1; /* the kernel's own, until it may be accepted */
}

/* `now_ns`: TIME_NEVER if nothing is left to happen. */
void agree_too_late(struct invariants *all, const struct conn_record *conn, unsigned side, int64_t now_ns)
{
    const struct end_record *end = conn->end + side, *peer = conn->end + (1 - side);
    if (!ownerless(end, side) || all->hosts[end->host].pauses > 0)
        return;
    const bool both = (end->flags & END_CLOSED) != 0 && (peer->flags & (END_CLOSED | END_CLOSING_CALL)) == END_CLOSED;
    const bool silent = end->heard_ns <= end->closed_ns;
    int64_t since = later(later(end->closed_ns, end->entered_ns), later(end->heard_ns, all->fault_ns));
    if (both)
        since = later(since, later(peer->closed_ns, peer->heard_ns));
    const int64_t bound = limits_bound(&all->hosts[end->host], end);
    if (bound == TIME_NEVER || (now_ns != TIME_NEVER && now_ns - since <= bound))
        return;
    if (both && !silent)
        invariant_broken(all, INVARIANT_NO_SOCKET_FOR_EVER, 0, "both programs have closed, but the %s was still in %s %" PRId64 " s later",
                         invariant_host(all, end->host), state_of(end), (all->now_ns - since) / NS_PER_S);
    else
        invariant_broken(all, INVARIANT_ORPHAN_BOUND, 0,
                         "no program holds the %s's end and nobody answers, but it was still in %s %" PRId64 " s later",
                         invariant_host(all, end->host), state_of(end), (all->now_ns - since) / NS_PER_S);
}

/* ---- comes-to-rest ---- */

void agree_storm(struct invariants *all, const struct conn_record *conn, const struct trace_segment *seg)
{
    invariant_broken(all, INVARIANT_COMES_TO_REST, seg->number, "a storm: %u ACKs of this connection answered ACKs, and nothing moved",
                     (unsigned)conn->idle_acks);
}

/* What brings something, or asks for something, leaves long after anything has moved. */
void agree_overdue(struct invariants *all, const struct conn_record *conn, unsigned side, const struct trace_segment *seg)
{
    const struct end_record *end = conn->end + side;
    const struct host_limits *host = &all->hosts[end->host];
    int64_t since = later(conn->progress_ns, all->fault_ns);
    int64_t bound = host->rest_ns;
    if (seg->classes & CLASS_PROBE) { /* may go on for as long as it is answered */
        since = later(since, end->heard_ns);
        bound = time_add(bound, host->keepalive_ns);
    } else if (end->window_seen == 0) {
        since = later(since, end->heard_ns); /* L-15 does not count while a closed window is answered for (FACTS 11) */
    }
    if (bound != TIME_NEVER && all->now_ns - since > bound)
        invariant_broken(all, INVARIANT_COMES_TO_REST, seg->number, "the %s still sends in %s, %" PRId64 " s after anything has moved",
                         invariant_host(all, end->host), state_of(end), (all->now_ns - since) / NS_PER_S);
}

/* Bytes that this end must still bring across, with no timer that would do it. */
static void stuck(struct invariants *all, const struct end_record *end, int64_t end_ns, bool quiet)
{
    const struct host_limits *host = &all->hosts[end->host];
    if (end_gone(end) || host->pauses > 0 || end->flags & (END_FORGED_ACK | END_FORGED_FIN) || end->state == TCP_TIME_WAIT)
        return;
    const bool outstanding = (end->flags & END_SILENT) == 0 && seq_after(end->sent_edge, end->acked);
    const bool closing = end->state == TCP_FIN_WAIT_1 || end->state == TCP_LAST_ACK || end->state == TCP_CLOSING;
    const bool sending = closing || end->state == TCP_ESTABLISHED || end->state == TCP_CLOSE_WAIT;
    const bool waiting = sending && (end->flags & END_FIN) == 0 && !all->corks && (closing || end->written + 1 > end->sent_edge);
    const int64_t since = later(later(end->spoke_ns, end->heard_ns), later(end->entered_ns, all->fault_ns));
    const int64_t patience = time_add(host->profile->rto_max, host->profile->rto_max);
    if ((!outstanding && !waiting) || (!quiet && (patience == TIME_NEVER || end_ns - since <= patience)))
        return;
    invariant_broken(all, INVARIANT_COMES_TO_REST, 0, "the %s in %s has %s, and no timer that would send %s",
                     invariant_host(all, end->host), state_of(end), outstanding ? "numbers that are not acknowledged" : "something to send",
                     outstanding ? "them again" : "it");
}

/* ---- when the run ends ---- */

static void ends_disagree(struct invariants *all, const struct conn_record *conn)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct end_record *gone = conn->end + side, *held = conn->end + (1 - side);
        if (((gone->flags | held->flags) & END_UNMADE) != 0 || !end_gone(gone) || end_gone(held) || held->state == TCP_TIME_WAIT)
            continue;
        all->number = gone->state_event;
        invariant_broken(all, INVARIANT_ENDS_AGREE, 0, "the %s's end is gone, and the %s still holds its own in %s",
                         invariant_host(all, gone->host), invariant_host(all, held->host), state_of(held));
    }
}

void agree_finish(struct invariants *all, struct conn_record *conn, int64_t end_ns, bool quiet, bool cut)
{
    if (!cut)
        ends_disagree(all, conn);
    if (conn_murky(conn))
        return;
    for (unsigned side = 0; side < 2; side++) {
        const struct end_record *end = conn->end + side;
        if ((end->flags & END_UNMADE) != 0)
            continue;
        all->number = end->state_event;
        if (!end_gone(end))
            agree_too_late(all, conn, side, quiet ? TIME_NEVER : end_ns);
        if (!cut)
            stuck(all, end, end_ns, quiet);
    }
}
