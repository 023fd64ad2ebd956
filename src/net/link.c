/* SPDX-License-Identifier: MIT */
#include "net/link.h"

#include <stddef.h>

#define LIMIT_DEFAULT 1000 /* tc-netem(8): limit */
#define MTU_DEFAULT LINK_PLAIN_BYTES /* Ethernet's */

/* Whose draw it is: the driver of choices and the key's part that is the same for all of a segment's draws. */
struct draws {
    choose_fn choose;
    void *ctx;
    uint64_t subject, ordinal;
};

static bool chance(const struct draws *draws, enum choice_kind kind, uint32_t share_ppb)
{
    if (share_ppb == 0 || share_ppb >= PPB_ONE)
        return share_ppb != 0; /* nothing is left open */
    return draws->choose(draws->ctx, kind, draws->subject, draws->ordinal, PPB_ONE) < share_ppb;
}

/* What jitter adds to the delay; below zero it may not outweigh it. */
static int64_t delay_with_jitter(const struct draws *draws, enum choice_kind kind, const struct link_params *params)
{
    if (params->jitter_ns <= 0)
        return params->delay_ns;
    uint64_t options = 2 * (uint64_t)params->jitter_ns + 1;
    int64_t jitter = (int64_t)draws->choose(draws->ctx, kind, draws->subject, draws->ordinal, options) - params->jitter_ns;
    int64_t delay = jitter > 0 ? time_add(params->delay_ns, jitter) : params->delay_ns + jitter;
    return delay > 0 ? delay : 0;
}

/* sch_netem's loss_gilb_ell: the state moves, and the segment is judged by the one that it found. */
static bool gilbert_elliott(struct link_state *state, const struct link_params *params, const struct draws *draws)
{
    bool found_bad = state->ge_bad;
    if (chance(draws, CHOOSE_GE, found_bad ? params->ge_r_ppb : params->ge_p_ppb))
        state->ge_bad = !found_bad;
    return chance(draws, CHOOSE_GE_LOSS, found_bad ? params->ge_h_ppb : params->ge_k_ppb);
}

static int64_t transmission_ns(uint32_t bytes, int64_t rate_bps)
{
    if (rate_bps <= 0)
        return 0;
    const uint64_t bit_ns = 8 * (uint64_t)NS_PER_S;
    uint64_t rate = (uint64_t)rate_bps;
    if (bytes <= UINT64_MAX / bit_ns / 2 && rate <= UINT64_MAX / 2)
        return (int64_t)((bytes * bit_ns + rate - 1) / rate);
    unsigned __int128 ns = ((unsigned __int128)bytes * bit_ns + rate - 1) / rate;
    return ns < (unsigned __int128)TIME_NEVER ? (int64_t)ns : TIME_NEVER;
}

/* Takes those out of the queue whose transmission has ended by now_ns. */
static void queue_drain(struct link_state *state, int64_t now_ns)
{
    if (state->busy_until_ns <= now_ns) {
        state->runs = 0;
        state->waiting = 0;
        return;
    }
    while (state->runs > 0 && state->since_ns < now_ns) {
        unsigned run = state->first_run;
        int64_t span = state->run_ns[run], elapsed = now_ns - state->since_ns;
        uint32_t segments = state->run_segments[run], sent = segments;
        if (elapsed < span)
            sent = (uint32_t)((unsigned __int128)elapsed * segments / (uint64_t)span);
        if (sent == 0)
            break;
        int64_t took = (int64_t)((unsigned __int128)span * sent / segments);
        state->since_ns += took;
        state->run_ns[run] = span - took;
        state->run_segments[run] = segments - sent;
        state->waiting -= sent;
        if (sent < segments)
            break;
        state->first_run = (uint8_t)((run + 1) % LINK_RUNS);
        state->runs--;
    }
}

static unsigned queue_run(const struct link_state *state, unsigned nth)
{
    return (state->first_run + nth) % LINK_RUNS;
}

/* One more segment that takes span_ns, behind the others; they end at busy_until_ns. */
static void queue_append(struct link_state *state, int64_t span_ns)
{
    state->waiting++;
    if (state->runs > 0) {
        unsigned newest = queue_run(state, state->runs - 1U);
        if (state->run_ns[newest] == span_ns * (int64_t)state->run_segments[newest]) {
            state->run_ns[newest] += span_ns;
            state->run_segments[newest]++;
            return;
        }
    }
    if (state->runs == LINK_RUNS) {
        unsigned older = queue_run(state, LINK_RUNS - 2), newer = queue_run(state, LINK_RUNS - 1);
        state->run_ns[older] += state->run_ns[newer];
        state->run_segments[older] += state->run_segments[newer];
        state->runs--;
    }
    unsigned run = queue_run(state, state->runs++);
    state->run_ns[run] = span_ns;
    state->run_segments[run] = 1;
}

/* Tail drop: false if the queue is full; else *sent_ns is when the last bit leaves. */
static bool transmit(struct link_state *state, const struct link_params *params, uint32_t bytes, int64_t now_ns, int64_t *sent_ns)
{
    *sent_ns = now_ns;
    int64_t span_ns = transmission_ns(bytes, params->rate_bps);
    if (span_ns == 0 && params->rate_bps <= 0)
        return true;
    queue_drain(state, now_ns);
    if (state->waiting >= (params->limit != 0 ? params->limit : LIMIT_DEFAULT))
        return false;
    if (state->runs == 0)
        state->since_ns = now_ns;
    int64_t start_ns = state->busy_until_ns > now_ns ? state->busy_until_ns : now_ns;
    *sent_ns = time_add(start_ns, span_ns);
    if (*sent_ns != TIME_NEVER)
        queue_append(state, span_ns);
    state->busy_until_ns = *sent_ns;
    return true;
}

/* When a segment sent at sent_ns arrives; none overtakes where there is jitter. Without, the delay may have changed: a new path. */
static int64_t arrive(struct link_state *state, const struct link_params *params, int64_t sent_ns, int64_t delay_ns)
{
    int64_t arrival_ns = time_add(sent_ns, delay_ns);
    if (params->jitter_ns > 0 && arrival_ns < state->last_arrival_ns)
        arrival_ns = state->last_arrival_ns;
    if (arrival_ns > state->last_arrival_ns)
        state->last_arrival_ns = arrival_ns;
    return arrival_ns;
}

bool link_is_plain(const struct link_params *params)
{
    return (params->loss_ppb | params->corrupt_ppb | params->duplicate_ppb | params->reorder_ppb) == 0 && !params->gemodel &&
           params->jitter_ns <= 0 && params->rate_bps <= 0 && params->mtu == 0 && params->delay_ns > 0;
}

static bool is_quiet(const struct link_orders *orders)
{
    return !orders->cut && !orders->drop && !orders->corrupt && !orders->duplicate && orders->delay_ns == 0;
}

struct link_fate link_carry(struct link_state *state, const struct link_params *params, uint64_t subject, uint32_t packet_bytes,
                            const struct link_orders *orders, int64_t now_ns, choose_fn choose, void *ctx)
{
    static const struct link_orders none;
    if (orders == NULL)
        orders = &none;
    struct link_fate fate = {0};
    if (link_is_plain(params) && is_quiet(orders) && packet_bytes <= LINK_PLAIN_BYTES) {
        fate.arrival_ns = time_add(now_ns, params->delay_ns);
        link_carry_plain(state, fate.arrival_ns);
        return fate;
    }
    const struct draws draws = {choose, ctx, subject, ++state->ordinal};
    /* All draws first: none may depend on what became of the segment. */
    bool lost = params->gemodel ? gilbert_elliott(state, params, &draws) : chance(&draws, CHOOSE_LOSS, params->loss_ppb);
    bool corrupt = chance(&draws, CHOOSE_CORRUPT, params->corrupt_ppb);
    bool copied = chance(&draws, CHOOSE_DUPLICATE, params->duplicate_ppb);
    bool reordered = chance(&draws, CHOOSE_REORDER, params->reorder_ppb);
    int64_t delay_ns = delay_with_jitter(&draws, CHOOSE_JITTER, params);

    if (orders->cut)
        fate.lost = DROP_CUT;
    else if (orders->drop)
        fate.lost = DROP_RULE;
    else if (packet_bytes > (params->mtu != 0 ? params->mtu : MTU_DEFAULT))
        fate.lost = DROP_MTU;
    else if (lost)
        fate.lost = DROP_LOSS;
    if (fate.lost != DROP_NONE)
        return fate;
    int64_t sent_ns = now_ns;
    if (reordered) {
        fate.arrival_ns = now_ns;
    } else {
        if (!transmit(state, params, packet_bytes, now_ns, &sent_ns)) {
            fate.lost = DROP_QUEUE;
            return fate;
        }
        fate.arrival_ns = arrive(state, params, sent_ns, delay_ns);
    }
    fate.arrival_ns = time_add(fate.arrival_ns, orders->delay_ns);
    fate.corrupt = corrupt || orders->corrupt;

    if (orders->duplicate) {
        fate.copied = true;
        fate.copy_arrival_ns = orders->duplicate_after_ns > 0 ? time_add(now_ns, orders->duplicate_after_ns) : fate.arrival_ns;
    } else if (copied && transmit(state, params, packet_bytes, now_ns, &sent_ns)) {
        fate.copied = true;
        fate.copy_arrival_ns = arrive(state, params, sent_ns, delay_with_jitter(&draws, CHOOSE_COPY_JITTER, params));
        fate.copy_arrival_ns = time_add(fate.copy_arrival_ns, orders->delay_ns);
    }
    return fate;
}

const char *drop_why_name(enum drop_why why)
{
    switch (why) {
    case DROP_NONE:
        return "none";
    case DROP_RULE:
        return "rule";
    case DROP_LOSS:
        return "loss";
    case DROP_CUT:
        return "cut";
    case DROP_QUEUE:
        return "queue";
    case DROP_CORRUPT:
        return "corrupt";
    case DROP_MTU:
        return "mtu";
    case DROP_FIREWALL:
        return "firewall";
    case DROP_HOST_DOWN:
        return "host-down";
    }
    return "none";
}
