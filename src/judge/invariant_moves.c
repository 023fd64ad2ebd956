/* SPDX-License-Identifier: MIT */
/* legal-moves: the edges of RFC 9293 figure 5, and what must have arrived for each of them. A test for the edge alone would let a
 * LAST_ACK through that takes any ACK for the last one. */
#include "judge/invariants.h"

/* Figure 5, without what ends a connection out of order; and of each edge, what it asks of the wire. */
#define EDGE(asks) (~(uint32_t)(END_UNMADE | END_MURKY | END_MUST_RESET | (asks)))
#define SYNS (END_LACKS_SYN | END_LACKS_SYN_ACK)
#define FINS (END_LACKS_FIN | END_LACKS_FIN_ACK)
const uint32_t moves_excused[16][16] = {
    [TCP_CLOSED] = {[TCP_LISTEN] = EDGE(0), [TCP_SYN_SENT] = EDGE(0)},
    [TCP_LISTEN] = {[TCP_SYN_RECEIVED] = EDGE(END_ALWAYS), [TCP_SYN_SENT] = EDGE(0), [TCP_CLOSED] = EDGE(0)},
    [TCP_SYN_SENT] = {[TCP_ESTABLISHED] = EDGE(SYNS), [TCP_SYN_RECEIVED] = EDGE(END_ALWAYS | END_LACKS_SYN), [TCP_CLOSED] = EDGE(0)},
    [TCP_SYN_RECEIVED] = {[TCP_ESTABLISHED] = EDGE(SYNS), [TCP_FIN_WAIT_1] = EDGE(0), [TCP_LISTEN] = EDGE(0), [TCP_CLOSED] = EDGE(0)},
    [TCP_ESTABLISHED] = {[TCP_FIN_WAIT_1] = EDGE(0), [TCP_CLOSE_WAIT] = EDGE(END_LACKS_FIN)},
    [TCP_FIN_WAIT_1] =
        {[TCP_FIN_WAIT_2] = EDGE(END_LACKS_FIN_ACK), [TCP_CLOSING] = EDGE(END_LACKS_FIN), [TCP_TIME_WAIT] = EDGE(FINS)}, /* note 2 below the
                                                                                                                            figure */
    [TCP_FIN_WAIT_2] = {[TCP_TIME_WAIT] = EDGE(FINS)},
    [TCP_CLOSE_WAIT] = {[TCP_LAST_ACK] = EDGE(0)},
    [TCP_CLOSING] = {[TCP_TIME_WAIT] = EDGE(FINS)},
    [TCP_LAST_ACK] = {[TCP_CLOSED] = EDGE(END_LACKS_FIN_ACK)},
    [TCP_TIME_WAIT] = {[TCP_CLOSED] = EDGE(0)},
};

/* Out of order: a reset, a timeout, an abort that needs no segment, power lost, a four-tuple taken over (P-3). */
static bool ends_out_of_order(const struct invariants *all, const struct end_record *end, unsigned why)
{
    switch ((enum state_why)why) {
    case WHY_RST_RECEIVED:
    case WHY_RST_SENT:
    case WHY_TIMEOUT:
    case WHY_KEEPALIVE:
    case WHY_USER_TIMEOUT:
    case WHY_CRASH:
        return true;
    case WHY_FIN_WAIT_2_TIMEOUT:
        return end->state == TCP_FIN_WAIT_2;
    case WHY_REUSED:
        return end->state == TCP_TIME_WAIT;
    case WHY_CLOSED_EARLY:
    case WHY_ORDINARY:
        /* R-052; a close() that lingers may end so later than it began (W-01). */
        return end->state == TCP_CLOSING && (end->flags & END_CLOSED) != 0 &&
               (end->closed_ns == all->now_ns ||
                ((end->flags & END_CLOSING_CALL) != 0 && all->hosts[end->host].profile->linger_timeout_aborts != 0));
    }
    return false;
}

/* What the edge asks of the wire: the peer's SYN or FIN in order, an ACK of our own. NULL: all there. */
static const char *missing(const struct end_record *end, const struct end_record *peer, unsigned from, unsigned to, unsigned why,
                           int64_t now_ns)
{
    const bool fin_here = end_has_fin(end, peer) || (end->flags & END_FORGED_FIN) != 0;
    const bool ours_acked = end_fin_acked(end);
    switch ((enum tcp_state)to) {
    case TCP_SYN_RECEIVED:
        return end->got_edge >= 1 || from == TCP_LISTEN ? NULL : "no SYN had arrived";
    case TCP_ESTABLISHED:
        return end->got_edge < 1 ? "no SYN had arrived" : end->acked < 1 ? "its SYN was not acknowledged" : NULL;
    case TCP_FIN_WAIT_2:
        return ours_acked ? NULL : "its FIN was not acknowledged";
    case TCP_CLOSE_WAIT:
    case TCP_CLOSING:
        return fin_here ? NULL : "no FIN had arrived without a gap before it";
    case TCP_TIME_WAIT:
        return !fin_here ? "no FIN had arrived without a gap before it" : ours_acked ? NULL : "its FIN was not acknowledged";
    case TCP_CLOSED:
        /* An abort in the same instant may end LAST_ACK without a word. */
        return from == TCP_LAST_ACK && why == WHY_ORDINARY && !ours_acked && end->closed_ns != now_ns ? "its FIN was not acknowledged"
                                                                                                      : NULL;
    case TCP_LISTEN:
    case TCP_SYN_SENT:
    case TCP_FIN_WAIT_1:
    case TCP_LAST_ACK:
        return NULL;
    }
    return NULL;
}

static void move_broken(struct invariants *all, const struct end_record *end, unsigned from, unsigned to, const char *reason)
{
    invariant_broken(all, INVARIANT_LEGAL_MOVES, 0, "the %s went from %s to %s%s%s", invariant_host(all, end->host),
                     tcp_state_name((enum tcp_state)from), tcp_state_name((enum tcp_state)to), reason == NULL ? "" : ", although ",
                     reason == NULL ? "" : reason);
}

void moves_state(struct invariants *all, const struct conn_record *conn, unsigned side, const struct trace_event *event)
{
    const struct end_record *end = conn->end + side, *peer = conn->end + (1 - side);
    const unsigned from = event->state.from, to = event->state.to, why = event->what;
    if (from == to || from >= TCP_STATES || to >= TCP_STATES)
        return;
    if (from != end->state) {
        invariant_broken(all, INVARIANT_LEGAL_MOVES, 0, "the %s left %s, but it was in %s", invariant_host(all, end->host),
                         tcp_state_name((enum tcp_state)from), tcp_state_name((enum tcp_state)end->state));
        return;
    }
    if (moves_excused[from][to] == 0 && !(to == TCP_CLOSED && ends_out_of_order(all, end, why))) {
        move_broken(all, end, from, to, NULL);
        return;
    }
    const char *const reason = missing(end, peer, from, to, why, all->now_ns);
    if (reason != NULL)
        move_broken(all, end, from, to, reason);
}
