/* SPDX-License-Identifier: MIT */
#include "sim/ask.h"

#include "sim/sim.h"

static int64_t sees(const struct tcb *tcb)
{
    struct tcp_read read = tcp_peek(tcb);
    if (read.bytes > 0)
        return read.bytes;
    if (read.eof)
        return ASK_SEES_EOF;
    return read.error != TCP_OK ? ask_sees_error(read.error) : ASK_SEES_NOTHING;
}

/* Data in flight: SYN and FIN take numbers, but they are no bytes. */
static int64_t unacked(const struct tcb *tcb)
{
    if (tcb->state == TCP_CLOSED || tcb->state == TCP_SYN_SENT || tcb->state == TCP_SYN_RECEIVED)
        return 0;
    uint32_t bytes = tcb->snd.nxt - tcb->snd.una;
    return bytes > 0 && tcb->fin_sent ? bytes - 1 : bytes;
}

static int64_t answer_of_endpoint(const struct tcb *tcb, enum ask_kind ask)
{
    switch (ask) {
    case ASK_STATE:
        return tcb->state;
    case ASK_TIMER:
        return tcp_next_timer(tcb);
    case ASK_UNACKED:
        return unacked(tcb);
    case ASK_SEES:
        return sees(tcb);
    case ASK_VERDICT:
        return 0;
    }
    return 0;
}

static int64_t answer_of_mini(const struct tcp_mini *mini, enum ask_kind ask)
{
    switch (ask) {
    case ASK_STATE:
        return mini->state;
    case ASK_TIMER:
        return mini->at_ns == TIME_NEVER ? TIMER_NONE : mini->state == TCP_TIME_WAIT ? TIMER_TIME_WAIT : TIMER_FIN_WAIT_2;
    case ASK_SEES:
        return ASK_SEES_EOF;
    case ASK_UNACKED:
    case ASK_VERDICT:
        return 0;
    }
    return 0;
}

/* The socket that a program holds may have nothing but its unread data and its error left. */
static const struct endpoint *held_of(const struct sim *sim, flow_id flow, unsigned side)
{
    for (uint32_t e = 1; e <= ends_last(sim); e++) {
        const struct endpoint *endpoint = endpoint_living(sim, e);
        if (endpoint != NULL && endpoint->flow.index == flow.index && endpoint->side == side)
            return endpoint;
    }
    return NULL;
}

int64_t ask_answer(const struct sim *sim, const struct story_statement *statement)
{
    if (statement->ask == ASK_VERDICT)
        return 0;
    flow_id flow = flow_latest(sim, statement->ask_host, STORY_NONE, statement->ask_name);
    if (flow.index == 0)
        return statement->ask == ASK_SEES ? ASK_SEES_NOTHING : 0;
    const struct connection *connection = flow_at(sim, flow);
    unsigned side = connection->flow.side[0].host == statement->ask_host ? 0 : 1;
    const struct endpoint *held = held_of(sim, flow, side);
    end_id end = connection->end[side];
    if ((end.handle & END_MINI) != 0 && (statement->ask != ASK_SEES || held == NULL))
        return answer_of_mini(&mini_at(sim, end.handle & ~END_MINI)->tcp, statement->ask);
    if (held != NULL)
        return answer_of_endpoint(tcb_of(sim, held), statement->ask);
    return statement->ask == ASK_SEES ? ASK_SEES_NOTHING : 0;
}
