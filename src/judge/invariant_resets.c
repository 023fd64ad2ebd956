/* SPDX-License-Identifier: MIT */
/* rst-is-lawful, errors-are-told, no-old-duplicates: what one end's disaster may do to another. */
#include <inttypes.h>

#include "judge/invariants.h"

#define NUMBERS_COUNT (UINT64_C(1) << 31)

static bool within(uint32_t number, uint32_t low, uint32_t high)
{
    return !seq_after(low, number) && !seq_after(number, high);
}

static bool caused_by_last(const struct invariants *all, uint32_t cause)
{
    return cause != 0 && (cause == all->last.number || cause == all->last_state_event);
}

/* ---- no RST answers a RST; nothing is acknowledged that did not arrive ---- */

/* A RST leaves. R-077 */
void resets_answered(struct invariants *all, const struct end_record *end, const struct trace_event *event)
{
    if (caused_by_last(all, event->cause) && all->last.event->conn == event->conn && all->last.event->segment.flags & TCP_RST)
        invariant_broken(all, INVARIANT_RST_IS_LAWFUL, event->segment.number, "the %s answered a RST with a RST",
                         invariant_host(all, end->host));
}

/* An ACK leaves, beyond what had arrived. */
void resets_acknowledged(struct invariants *all, const struct end_record *end, const struct trace_segment *seg)
{
    if (end->flags & (END_FORGED_FIN | END_FORGED_ACK))
        return;
    if (all->hosts[end->host].strays)
        invariant_broken(all, INVARIANT_NO_OLD_DUPLICATES, seg->number,
                         "the %s acknowledged numbers up to %" PRIu32 "; of this incarnation only those below %" PRIu32 " had arrived",
                         invariant_host(all, end->host), seg->ack, end->got_edge);
    else
        invariant_broken(all, INVARIANT_ACK_MEANS_KEPT, seg->number,
                         "the %s acknowledged numbers up to %" PRIu32 "; without a gap only those below %" PRIu32 " had arrived",
                         invariant_host(all, end->host), seg->ack, end->got_edge);
}

/* ---- a RST is obeyed ---- */

/* RCV.NXT lies between what was acknowledged and what has arrived., L-12, L-07; in SYN_RECEIVED Linux looks at the
 * window only. */
static bool may_be_obeyed(const struct invariants *all, const struct end_record *end)
{
    const struct tcp_profile *p = all->hosts[end->host].profile;
    const struct trace_segment *rst = &all->last.event->segment;
    const uint32_t low = end->flags & END_ACKS_NOTHING ? end->got_edge : end->ack_sent, high = end->got_edge;
    const bool exact = within(rst->seq, low, high) || rst->seq == ranges_right_edge(all, end);
    /* A reset for what carried no ACK counts from nothing: its true number may lie anywhere. */
    const bool rootless = rst->seq == 0 && (rst->flags & TCP_ACK) != 0;
    const bool windowed = exact || rootless || within(rst->seq, low, seq_after(end->window_edge, high) ? end->window_edge : high);
    switch ((enum tcp_state)end->state) {
    case TCP_SYN_SENT: /* */
        return rst->flags & TCP_ACK && rst->ack >= 1 && !seq_after(rst->ack, end->sent_edge);
    case TCP_SYN_RECEIVED:
        return windowed;
    case TCP_TIME_WAIT: /* whether it may end at all is time-wait's question */
        return p->rst_in_time_wait == 1 ? exact : windowed;
    case TCP_CLOSE_WAIT:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
        return p->rfc5961 ? exact || within(rst->seq, low - 1, high) : windowed;
    case TCP_FIN_WAIT_2:
        return p->rfc5961 && !(p->orphan_fw2_mini && (end->flags & END_CLOSED) != 0) ? exact : windowed;
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1:
        return p->rfc5961 ? exact : windowed;
    case TCP_CLOSED:
    case TCP_LISTEN:
        return true;
    }
    return true;
}

static void obeyed(struct invariants *all, const struct end_record *end, const struct trace_event *event)
{
    const struct trace_event *last = all->last.event;
    const struct trace_segment *rst = &last->segment;
    if (event->cause != all->last.number || last->conn != event->conn || last->host != event->host)
        return;
    if ((rst->flags & TCP_RST) == 0)
        invariant_broken(all, INVARIANT_RST_IS_LAWFUL, 0, "the %s was reset in %s by a segment that is no RST",
                         invariant_host(all, end->host), tcp_state_name((enum tcp_state)end->state));
    else if (!may_be_obeyed(all, end))
        invariant_broken(all, INVARIANT_RST_IS_LAWFUL, 0, "the %s in %s obeyed a RST with number %" PRIu32 ", but expected %" PRIu32,
                         invariant_host(all, end->host), tcp_state_name((enum tcp_state)end->state), rst->seq, end->got_edge);
}

/* ---- state changes ---- */

/* An end that its program still holds and that did not end in order. In CLOSE_WAIT and beyond, the stream was complete, and R-075
 * and FACTS 10 let a reader see its end. */
static bool unclean(const struct end_record *end, const struct trace_event *event)
{
    const unsigned why = event->what, from = event->state.from;
    if (event->state.orphan || end->flags & END_CLOSED)
        return false;
    if (why != WHY_RST_RECEIVED && why != WHY_TIMEOUT && why != WHY_KEEPALIVE && why != WHY_USER_TIMEOUT)
        return false;
    return from == TCP_SYN_SENT || from == TCP_ESTABLISHED || from == TCP_FIN_WAIT_1 || from == TCP_FIN_WAIT_2;
}

/* By a segment of another connection. */
void resets_moved(struct invariants *all, const struct end_record *end, const struct trace_event *event)
{
    if (all->last.event->conn < event->conn && !end_gone(end))
        invariant_broken(all, INVARIANT_NO_OLD_DUPLICATES, 0,
                         "a segment of connection %u moved the %s's end of connection %u from %s to %s", (unsigned)all->last.event->conn,
                         invariant_host(all, end->host), (unsigned)event->conn, tcp_state_name((enum tcp_state)event->state.from),
                         tcp_state_name((enum tcp_state)event->state.to));
}

/* Out of order, or by a timer. */
void resets_ended(struct invariants *all, struct end_record *end, const struct trace_event *event)
{
    if (event->what == WHY_RST_RECEIVED)
        obeyed(all, end, event);
    if (event->state.to == TCP_CLOSED && unclean(end, event))
        end->flags |= END_UNCLEAN;
}

/* An end that must reset goes on instead. */
void resets_hidden(struct invariants *all, const struct end_record *end, unsigned to)
{
    if (to == TCP_FIN_WAIT_1 || to == TCP_LAST_ACK)
        invariant_broken(all, INVARIANT_ERRORS_ARE_TOLD, 0,
                         "the %s's program closed with unread bytes, and the peer is told an orderly end", invariant_host(all, end->host));
}

/* ---- calls ---- */

/* close(): is something certainly unread? L-01, R-060. A recv that has not returned may have taken it. */
void resets_closed(struct invariants *all, struct conn_record *conn, unsigned side)
{
    struct end_record *end = conn->end + side;
    const struct end_record *peer = conn->end + (1 - side);
    if (conn_murky(conn) || !all->hosts[end->host].profile->close_unread_rst)
        return;
    if (end->flags & (END_READING | END_SHUT_READ | END_CLOSED | END_FORGED_FIN | END_ACKS_NOTHING))
        return;
    if (end->state != TCP_ESTABLISHED && end->state != TCP_CLOSE_WAIT)
        return;
    uint64_t taken = end->ack_sent;
    if (taken > 0)
        taken--;
    if (taken > 0 && peer->flags & END_FIN && seq_after(end->ack_sent, peer->fin))
        taken--;
    if (taken < NUMBERS_COUNT && taken > end->delivered)
        end->flags |= END_MUST_RESET;
}

/* A call brings an error or the end. */
void resets_told(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call)
{
    struct end_record *end = conn->end + side;
    if (conn_murky(conn))
        return;
    if (call->error == TCP_ECONNRESET || call->error == TCP_ECONNREFUSED || call->error == TCP_ETIMEDOUT) {
        if (end->flags & END_TOLD)
            invariant_broken(all, INVARIANT_ERRORS_ARE_TOLD, 0, "the %s's program is told %s, but it had been told before",
                             invariant_host(all, end->host), tcp_errno_name((enum tcp_errno)call->error));
        end->flags |= END_TOLD;
    } else if (call->error == TCP_EPIPE && end_gone(end)) {
        end->flags |= END_PIPE;
    } else if (call->eof && (end->flags & (END_UNCLEAN | END_TOLD | END_PIPE | END_SHUT_READ)) == END_UNCLEAN) {
        invariant_broken(all, INVARIANT_ERRORS_ARE_TOLD, 0, "the %s's end did not end in order, and its program is shown end-of-file",
                         invariant_host(all, end->host));
    }
}

void resets_finish(struct invariants *all, struct conn_record *conn, unsigned side)
{
    const struct end_record *end = conn->end + side;
    if (conn_murky(conn) || (end->flags & (END_UNCLEAN | END_TOLD | END_PIPE | END_SHUT_READ | END_CLOSED)) != END_UNCLEAN)
        return;
    if ((end->flags & (END_READING | END_DRAINING)) == 0 || all->hosts[end->host].pauses > 0)
        return;
    all->number = end->state_event;
    invariant_broken(all, INVARIANT_ERRORS_ARE_TOLD, 0, "the %s's end did not end in order, and its program, which reads, was never told",
                     invariant_host(all, end->host));
}
