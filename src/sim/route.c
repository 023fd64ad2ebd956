/* SPDX-License-Identifier: MIT */
/* Over which links a segment goes: the fewest; of equally short ways the one whose first link stands first in the file. */
#include "sim/sim.h"

#define MTU_DEFAULT 1500
#define IP_AND_TCP_HEADER 40
#define PLAIN_MOST_NS (24 * 3600 * NS_PER_S)

#define CHANNELS_ALIKE (2 * QUEUE_LANES)

/* Whatever a channel carries in order has a lane of the queue; channels of the same constant delay can share one. Of what a lane cannot
 * take in its order nothing is wrong but the time that it costs, so not all channels are looked at, and those of a large network share
 * lanes at random. */
static void channel_choose_lane(struct channel *channels, uint32_t c, const struct link_params *params)
{
    channels[c].steady_ns = params->jitter_ns <= 0 && params->rate_bps <= 0 ? params->delay_ns : -1;
    channels[c].lane = (uint8_t)(c % QUEUE_LANES);
    for (uint32_t other = 0; other < c && other < CHANNELS_ALIKE && channels[c].steady_ns >= 0; other++) {
        if (channels[other].steady_ns == channels[c].steady_ns) {
            channels[c].lane = channels[other].lane;
            return;
        }
    }
}

void channel_learn(struct channel *channels, uint32_t channel, const struct link_params *params)
{
    channels[channel].plain_ns = link_is_plain(params) && params->delay_ns <= PLAIN_MOST_NS ? params->delay_ns : -1;
    channel_choose_lane(channels, channel, params);
}

static void channels_init(struct world *world, const struct story *story)
{
    struct channel *channels = region_at(world, REGION_CHANNELS);
    for (uint32_t l = 0; l < story->link_count; l++) {
        for (uint32_t d = 0; d < 2; d++) {
            struct channel *channel = &channels[2 * l + d];
            channel->from = d == 0 ? story->links[l].a : story->links[l].b;
            channel->to = d == 0 ? story->links[l].b : story->links[l].a;
            const struct host *hosts = region_at(world, REGION_HOSTS);
            channel->subject = mix64(hosts[channel->from].key) + hosts[channel->to].key;
            channel_learn(channels, 2 * l + d, &story->links[l].dir[d]);
        }
    }
}

void route_build(struct world *world, const struct story *story)
{
    uint16_t *routes = region_at(world, REGION_ROUTES);
    uint32_t nodes = story->node_count, channel_count = 2 * story->link_count;
    const struct channel *channels = region_at(world, REGION_CHANNELS);
    channels_init(world, story);
    for (uint32_t i = 0; i < nodes * nodes; i++)
        routes[i] = ROUTE_NONE;
    for (uint32_t c = 0; c < channel_count; c++) {
        uint16_t *route = &routes[channels[c].from * nodes + channels[c].to];
        if (*route == ROUTE_NONE)
            *route = (uint16_t)c;
    }
    world->multihop = nodes > 2;
    if (!world->multihop)
        return;
    /* Breadth first from each destination: a node one further away takes the first channel to one that is reached. */
    for (uint32_t to = 0; to < nodes; to++) {
        uint32_t distance[256], reached = 1;
        for (uint32_t n = 0; n < nodes; n++)
            distance[n] = n == to ? 0 : UINT32_MAX;
        for (uint32_t round = 0; reached != 0; round++) {
            reached = 0;
            for (uint32_t c = 0; c < channel_count; c++) {
                if (distance[channels[c].to] != round || distance[channels[c].from] <= round)
                    continue;
                if (distance[channels[c].from] == UINT32_MAX) {
                    distance[channels[c].from] = round + 1;
                    routes[channels[c].from * nodes + to] = (uint16_t)c;
                    reached++;
                }
            }
        }
    }
}

const struct link_params *channel_params(const struct sim *sim, uint16_t channel)
{
    const struct channel *c = &sim->channels[channel];
    if (c->changed_by != 0)
        return &sim->story->statements[c->changed_by - 1].params[c->changed_side];
    return &sim->story->links[channel / 2].dir[channel % 2];
}

uint32_t route_mss(const struct sim *sim, uint16_t from, uint16_t to)
{
    uint16_t channel = route_next(sim, from, to);
    uint32_t mtu = channel == ROUTE_NONE ? 0 : channel_params(sim, channel)->mtu;
    if (mtu == 0)
        mtu = MTU_DEFAULT;
    return mtu > IP_AND_TCP_HEADER ? mtu - IP_AND_TCP_HEADER : 1;
}

uint32_t packet_bytes(const struct segment *seg)
{
    uint32_t options = 0;
    if (seg->options != 0) {
        options += (seg->options & TCPOPT_MSS) != 0 ? 4 : 0;
        options += (seg->options & TCPOPT_WSCALE) != 0 ? 3 : 0;
        options += (seg->options & TCPOPT_SACK_OK) != 0 ? 2 : 0;
        options += (seg->options & TCPOPT_TS) != 0 ? 10 : 0;
        options += seg->sack_count != 0 ? 2 + 8 * (uint32_t)seg->sack_count : 0;
        if (seg->sack_count != 0 && (seg->options & TCPOPT_TS) != 0)
            options += 2; /* both stand on a multiple of four of their own */
        options = (options + 3) / 4 * 4;
    }
    return IP_AND_TCP_HEADER + options + seg->len;
}
