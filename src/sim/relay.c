/* SPDX-License-Identifier: MIT */
/* relay A B: one call of a program that stands between two connections, as a proxy's loop. What it does to its sockets stands in the
 * trace as the calls that it makes for it (recv, send, shutdown, abort, close; with the relay's own step), so that bytes are
 * accounted for at each end; its own CALL and RETURN are of no connection. LANGUAGE.md "Programs". */
#include "sim/sim.h"

/* The two sockets, A first. */
struct relay {
    const struct turn *turn;
    uint32_t process;
    uint32_t end[2]; /* endpoints */
};

static struct about socket_of(const struct sim *sim, uint32_t at)
{
    return about_of(endpoint_at(sim, at));
}

static void calls(struct sim *sim, uint32_t index, enum call_kind call, uint32_t at)
{
    call_put(sim, index, process_at(sim, index)->step, call, socket_of(sim, at));
}

static void returned(struct sim *sim, uint32_t index, enum call_kind call, struct about about, int64_t value, struct ending ending)
{
    return_put(sim, index, process_at(sim, index)->step, call, about, value, ending);
}

static void relay_ends(struct sim *sim, const struct turn *turn)
{
    struct process *process = process_at(sim, turn->process);
    process->wake_ns = TIME_NEVER;
    process_returns(sim, turn, ABOUT_NOTHING, process->relayed, ENDS_WELL);
}

static void lets_go(struct sim *sim, const struct relay *relay, unsigned side, enum call_kind call)
{
    const struct about about = socket_of(sim, relay->end[side]);
    calls(sim, relay->process, call, relay->end[side]);
    socket_release(sim, relay->process, (socket_id){relay->end[side]});
    if (call == CALL_ABORT)
        endpoint_abort(sim, relay->end[side]);
    else
        endpoint_close_now(sim, relay->end[side]);
    step_flush(sim);
    returned(sim, relay->process, call, about, 0, ENDS_WELL);
}

static void closes_both(struct sim *sim, const struct relay *relay)
{
    lets_go(sim, relay, 0, CALL_CLOSE);
    if (sim->status == ENGINE_RUNNING)
        lets_go(sim, relay, 1, CALL_CLOSE);
    if (sim->status == ENGINE_RUNNING)
        relay_ends(sim, relay->turn);
}

/* One end has failed, and the relay has been told: the other end's peer is told so by a reset. */
static void fails(struct sim *sim, const struct relay *relay, unsigned side)
{
    lets_go(sim, relay, side ^ 1, CALL_ABORT);
    if (sim->status == ENGINE_RUNNING)
        lets_go(sim, relay, side, CALL_CLOSE);
    if (sim->status == ENGINE_RUNNING)
        relay_ends(sim, relay->turn);
}

enum moved { MOVED_NOTHING, MOVED_BYTES, MOVED_END, MOVED_OVER }; /* OVER: the relay has ended */

/* Hands over first and reads what was taken: never more than the other side's send buffer has room for. */
static uint32_t copies(struct sim *sim, const struct relay *relay, unsigned side, uint32_t bytes, enum tcp_errno *error)
{
    uint32_t from = relay->end[side], to = relay->end[side ^ 1], sent = 0, taken, read = 0;
    do {
        taken = tcp_send(&sim->ctx, tcp_begin(sim, to), bytes - sent, error);
        sent += taken;
        tcp_end(sim);
    } while (taken != 0 && sent < bytes);
    while (read < sent) {
        struct tcp_read got = tcp_recv(&sim->ctx, tcp_begin(sim, from), sent - read);
        tcp_end(sim);
        ASSERT(got.bytes != 0);
        read += got.bytes;
    }
    return sent;
}

static enum moved passes_end(struct sim *sim, const struct relay *relay, unsigned side)
{
    uint32_t to = relay->end[side ^ 1];
    returned(sim, relay->process, CALL_RECV, socket_of(sim, relay->end[side]), 0, (struct ending){.eof = true});
    process_at(sim, relay->process)->relay_done |= (uint8_t)(1U << side);
    if (relay->turn->step->b != 0 || process_at(sim, relay->process)->relay_done == 3) {
        closes_both(sim, relay);
        return MOVED_OVER;
    }
    calls(sim, relay->process, CALL_SHUTDOWN, to);
    enum tcp_errno error = tcp_shutdown(&sim->ctx, tcp_begin(sim, to), false, true);
    tcp_end(sim);
    returned(sim, relay->process, CALL_SHUTDOWN, socket_of(sim, to), 0, ENDS_WITH(error));
    return MOVED_END;
}

/* From one side to the other, once. */
static enum moved moves(struct sim *sim, const struct relay *relay, unsigned side)
{
    struct tcb *tcb = tcb_of(sim, endpoint_at(sim, relay->end[side]));
    bool done = (process_at(sim, relay->process)->relay_done >> side & 1) != 0;
    enum tcp_errno error = TCP_OK;
    struct tcp_read ahead = tcp_peek(tcb);
    if (done || ahead.error != TCP_OK) { /* after its end only an error is news (SO_ERROR) */
        error = done ? tcp_take_error(tcb) : ahead.error;
        if (error == TCP_OK)
            return MOVED_NOTHING;
        tcp_take_error(tcb);
        returned(sim, relay->process, CALL_RECV, socket_of(sim, relay->end[side]), 0, ENDS_WITH(error));
        fails(sim, relay, side);
        return MOVED_OVER;
    }
    if (ahead.bytes == 0)
        return ahead.eof ? passes_end(sim, relay, side) : MOVED_NOTHING;
    uint32_t bytes = copies(sim, relay, side, ahead.bytes, &error);
    if (bytes != 0) {
        process_at(sim, relay->process)->relayed += bytes;
        returned(sim, relay->process, CALL_RECV, socket_of(sim, relay->end[side]), bytes, ENDS_WELL);
        returned(sim, relay->process, CALL_SEND, socket_of(sim, relay->end[side ^ 1]), bytes, ENDS_WELL);
    }
    if (error == TCP_OK)
        return bytes != 0 ? MOVED_BYTES : MOVED_NOTHING;
    returned(sim, relay->process, CALL_SEND, socket_of(sim, relay->end[side ^ 1]), 0, ENDS_WITH(error));
    fails(sim, relay, side ^ 1);
    return MOVED_OVER;
}

static void relay_waits(struct sim *sim, const struct turn *turn)
{
    struct process *process = process_at(sim, turn->process);
    if (sim->world->now_ns < process->deadline_ns) {
        process->waits = WAIT_RELAY;
        process_wake(sim, turn->process, process->deadline_ns, 0);
        return;
    }
    const struct ending late = {.error = TCP_EAGAIN, .patient = true};
    process_returns(sim, turn, ABOUT_NOTHING, process->relayed, process->relayed == 0 ? late : ENDS_WELL);
}

/* Until neither side moves. Each call makes its own waking needless. */
void relay_go(struct sim *sim, const struct turn *turn)
{
    uint32_t index = turn->process;
    const uint16_t names[2] = {turn->step->on, (uint16_t)turn->step->a};
    struct relay relay = {.turn = turn, .process = index};
    for (unsigned side = 0; side < 2; side++) {
        socket_id socket = socket_named(sim, process_at(sim, index), names[side]);
        enum tcp_errno error = socket.handle == 0 ? TCP_EBADF : (socket.handle & SOCKET_LISTENER) != 0 ? TCP_ENOTCONN : TCP_OK;
        if (error != TCP_OK) {
            process_returns(sim, turn, ABOUT_NOTHING, 0, ENDS_WITH(error));
            return;
        }
        relay.end[side] = socket.handle;
    }
    enum moved moved[2];
    do {
        for (unsigned side = 0; side < 2; side++) {
            moved[side] = moves(sim, &relay, side);
            if (moved[side] == MOVED_OVER || sim->status != ENGINE_RUNNING)
                return;
        }
    } while (moved[0] != MOVED_NOTHING || moved[1] != MOVED_NOTHING);
    process_at(sim, index)->wake_ns = TIME_NEVER; /* room made by this very call needs no waking */
    relay_waits(sim, turn);
}

void relay_begin(struct sim *sim, const struct turn *turn)
{
    struct process *process = process_at(sim, turn->process);
    turn_put(sim, turn, ABOUT_NOTHING);
    process->relayed = 0;
    process->relay_done = 0;
    process->deadline_ns = time_add(sim->world->now_ns, turn->step->within_ns);
    relay_go(sim, turn);
}
