/* SPDX-License-Identifier: MIT */
/* fin-once and fin-is-answered. */
#include <inttypes.h>

#include "base/duration.h"
#include "judge/invariants.h"

/* A FIN leaves, or anything behind one.. */
void fin_sent(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg, uint32_t right)
{
    struct end_record *end = conn->end + side;
    const uint32_t fin = right - 1;
    if ((end->flags & END_FIN) == 0) {
        end->flags |= END_FIN | END_FIN_OUT;
        end->fin = fin;
        if ((end->flags & END_SILENT) == 0 && seq_after(end->sent_edge, right))
            invariant_broken(all, INVARIANT_FIN_ONCE, seg->number,
                             "the %s's FIN has number %" PRIu32 ", but bytes up to %" PRIu32 " were sent before",
                             invariant_host(all, end->host), fin, end->sent_edge);
        return;
    }
    if (seg->classes & CLASS_PROBE)
        return; /* a keep-alive may carry one octet of what was sent before (MAY-6) */
    if (seg->flags & TCP_FIN && fin != end->fin)
        invariant_broken(all, INVARIANT_FIN_ONCE, seg->number, "the %s's FIN was sent with number %" PRIu32 " and now with %" PRIu32,
                         invariant_host(all, end->host), end->fin, fin);
    else if (seq_after(right, end->fin + 1) || (seg->len > 0 && seq_after(seg->seq + seg->len, end->fin)))
        invariant_broken(all, INVARIANT_FIN_ONCE, seg->number, "the %s sent numbers up to %" PRIu32 ", beyond its FIN (%" PRIu32 ")",
                         invariant_host(all, end->host), right, end->fin);
}

/* The peer's FIN has arrived. `sure`: nothing that a correct stack may do keeps it from being taken. */
void fin_arrived(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg, bool sure)
{
    struct end_record *end = conn->end + side;
    const uint32_t fin = seg->seq + seg->len;
    if (!state_synchronized(end->state) || (seg->flags & TCP_ACK) == 0)
        return;
    const bool known = (end->flags & END_ACKS_NOTHING) == 0 && seq_after(end->ack_sent, fin);
    const bool dated = (end->flags & END_TIMESTAMPS) == 0 || (seg->options & TCPOPT_TS) != 0;
    const bool newest = (end->flags & END_TIMESTAMPS) == 0 || (dated && !seq_after(end->ts_max, seg->tsval));
    const struct host_limits *host = &all->hosts[end->host];
    /* In CLOSING a repeated FIN that brings the ACK of ours is taken for that ACK alone: Linux finds it within its window, enters
     * TIME_WAIT and is done with the segment. The next one is answered. */
    if (known && end->state == TCP_CLOSING && end_fin_acked(end))
        return;
    if (known ? newest && seg->ack == end->acked : sure)
        end->flags |= END_FIN_ARRIVED;
    if (host->pauses > 0 || (end->flags & END_OWES_ACK) != 0)
        return;
    /* A repeated FIN must be answered as well, but a stack may limit how often (RFC 5961 section 7, L-14). */
    if (known ? dated && all->now_ns - end->spoke_ns > host->quiet_ns : sure) {
        end->flags |= END_OWES_ACK;
        end->answer_by_ns = time_add(all->now_ns, host->answer_ns);
    }
}

/* `side` sends an ACK while a FIN waits for one. */
void fin_acknowledged_by(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg)
{
    struct end_record *end = conn->end + side;
    const struct end_record *peer = conn->end + (1 - side);
    if ((peer->flags & END_FIN) == 0 || !seq_after(seg->ack, peer->fin))
        return;
    fin_deadline(all, end, all->now_ns);
    if (end->flags & END_FIN_ARRIVED)
        end->fin_acked_ns = all->now_ns;
    end->flags &= ~(uint32_t)(END_OWES_ACK | END_FIN_ARRIVED);
}

void fin_is_late(struct invariants *all, struct end_record *end)
{
    const int64_t allowed = all->hosts[end->host].answer_ns;
    end->flags &= ~(uint32_t)END_OWES_ACK;
    invariant_broken(all, INVARIANT_FIN_IS_ANSWERED, 0, "the FIN that arrived at the %s was not acknowledged within %" PRId64 " ms, in %s",
                     invariant_host(all, end->host), allowed / NS_PER_MS, tcp_state_name((enum tcp_state)end->state));
}
