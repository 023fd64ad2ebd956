/* SPDX-License-Identifier: MIT */
/* The door of chance: what a scenario leaves open is drawn by a keyed hash of what it decides, so that no draw depends on how many came
 * before it, nor on anything else that the file says. */
#include "sim/sim.h"

uint64_t chance_choose(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options)
{
    const uint64_t *seed = ctx;
    return mix_below(mix_keyed(*seed, (uint32_t)kind, subject, ordinal), options);
}

/* RFC 9293 section 3.4.1 (RFC 6528): ISN = M + F(four-tuple, secret). M is the profile's clock, F a pure function of the seed and of the
 * tuple, told by the hosts' names. */
uint32_t chance_isn(const struct sim *sim, uint16_t host, tuple_t tuple)
{
    const struct story_node *node = &sim->story->nodes[host];
    if (node->isn_fixed)
        return node->isn;
    uint64_t subject = mix64(sim->hosts[host].key ^ tuple_port(tuple)) + sim->hosts[tuple_peer(tuple)].key;
    uint32_t offset = (uint32_t)mix_keyed(sim->story->seed, CHOOSE_ISN, subject, tuple_peer_port(tuple));
    int64_t step = node->profile.isn_clock_ns;
    return offset + (step > 0 ? (uint32_t)(sim->world->now_ns / step) : 0);
}
