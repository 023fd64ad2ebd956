/* SPDX-License-Identifier: MIT */
/* prefix, no-silent-loss, ack-means-kept: what programs handed over against what programs were given. Payload is ranges, so the
 * stream that a reader gets is right when it is no longer than what was written and no longer than what arrived without a gap. */
#include <inttypes.h>

#include "judge/invariants.h"

#define NUMBERS_COUNT (UINT64_C(1) << 31) /* a stream beyond this is longer than its numbers can be compared */

/* What a step of the story sends or asks for. */
static uint64_t step_size(const struct invariants *all, uint32_t step, uint64_t without)
{
    if (step >= all->story->step_count || all->story->steps[step].size <= 0)
        return without;
    return (uint64_t)all->story->steps[step].size;
}

/* How much of the peer's stream has arrived without a gap, SYN and FIN apart. */
static uint64_t arrived_bytes(const struct end_record *end, const struct end_record *peer)
{
    uint32_t edge = end->got_edge;
    if (edge > 0)
        edge--;
    if (end_has_fin(end, peer))
        edge--;
    return edge;
}

/* A call that reads has returned: prefix; at end-of-file, no-silent-loss. */
void data_given(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_call *call)
{
    struct end_record *end = conn->end + side, *peer = conn->end + (1 - side);
    if (conn_murky(conn))
        return;
    const uint64_t most = peer->written + step_size(all, peer->send_step, 0);
    if (end->delivered > most)
        invariant_broken(all, INVARIANT_PREFIX, 0,
                         "the %s's program was given %" PRIu64 " bytes, but the %s's program has written %" PRIu64,
                         invariant_host(all, end->host), end->delivered, invariant_host(all, peer->host), most);
    else if (most < NUMBERS_COUNT && (end->flags & END_FORGED_FIN) == 0 && end->delivered > arrived_bytes(end, peer))
        invariant_broken(all, INVARIANT_PREFIX, 0,
                         "the %s's program was given %" PRIu64 " bytes, but only %" PRIu64 " had arrived without a gap",
                         invariant_host(all, end->host), end->delivered, arrived_bytes(end, peer));
    /* A reader that shut its own reading side sees an end that is its own doing; one that was told an error knows. */
    if (call->eof && (end->flags & (END_SHUT_READ | END_TOLD | END_PIPE)) == 0 && end->delivered < peer->written)
        invariant_broken(all, INVARIANT_NO_SILENT_LOSS, 0,
                         "the %s's program was shown end-of-file after %" PRIu64 " bytes; the %s's program had written %" PRIu64,
                         invariant_host(all, end->host), end->delivered, invariant_host(all, peer->host), peer->written);
}

/* The acknowledgement of `side`'s FIN has arrived there: by then the peer's TCP must have had every byte. */
void data_fin_acknowledged(struct invariants *all, struct conn_record *conn, unsigned side, const struct trace_segment *seg)
{
    struct end_record *end = conn->end + side, *peer = conn->end + (1 - side);
    end->flags &= ~(uint32_t)(END_FIN_OUT | END_LACKS_FIN_ACK);
    if (end->flags & END_FORGED_ACK || end->written >= NUMBERS_COUNT)
        return;
    if (end->fin < end->written + 1)
        invariant_broken(all, INVARIANT_ACK_MEANS_KEPT, seg->number,
                         "the %s's FIN has number %" PRIu32 ", but its program had written %" PRIu64
                         " bytes: it was acknowledged without them",
                         invariant_host(all, end->host), end->fin, end->written);
    else if (seq_after(end->fin, peer->got_edge))
        invariant_broken(all, INVARIANT_ACK_MEANS_KEPT, seg->number,
                         "the %s's FIN (number %" PRIu32 ") was acknowledged, but without a gap the %s had only what lies below %" PRIu32,
                         invariant_host(all, end->host), end->fin, invariant_host(all, peer->host), peer->got_edge);
}

uint64_t invariants_in_hand(const struct invariants *all, uint32_t conn, unsigned side)
{
    struct conn_record record;
    if (conn >= all->conn_count)
        return 0;
    conn_look(all, conn, &record);
    if (conn_murky(&record))
        return 0;
    const struct end_record *end = &record.end[side], *peer = &record.end[1 - side];
    const uint64_t arrived = arrived_bytes(end, peer);
    if ((end->flags & (END_READING | END_SHUT_READ)) != END_READING || arrived >= NUMBERS_COUNT || arrived <= end->delivered)
        return 0;
    const uint64_t taken = arrived - end->delivered, wanted = step_size(all, end->recv_step, UINT64_MAX);
    return taken < wanted ? taken : wanted;
}
