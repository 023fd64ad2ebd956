/* SPDX-License-Identifier: MIT */
/* A listener that sends SYN cookies: it keeps nothing of a SYN, and makes the end when the answer comes. */
#include "base/mix.h"
#include "sim/sim.h"

#define MINUTE_NS (60 * NS_PER_S)

/* Secrets are pure functions of the seed and of the four-tuple, as the initial sequence numbers are. */
static uint32_t secret(const struct sim *sim, uint16_t host, tuple_t tuple, uint64_t minute)
{
    const uint64_t subject = mix64(sim->hosts[host].key ^ tuple_port(tuple) ^ mix64(minute)) + sim->hosts[tuple_peer(tuple)].key;
    return (uint32_t)mix_keyed(sim->story->seed, CHOOSE_COOKIE, subject, tuple_peer_port(tuple));
}

static struct tcp_cookie_keys keys_of(const struct sim *sim, uint16_t host, tuple_t tuple)
{
    const uint64_t minute = (uint64_t)(sim->world->now_ns / MINUTE_NS) + 1;
    return (struct tcp_cookie_keys){.fixed = secret(sim, host, tuple, 0),
                                    .minute = (uint32_t)minute,
                                    .timed = {secret(sim, host, tuple, minute + 1), secret(sim, host, tuple, minute)}};
}

bool cookies_wanted(const struct sim *sim, uint32_t index)
{
    const struct listener *listener = listener_at(sim, index);
    const int64_t when = sim->story->nodes[listener->host].profile.syn_cookies;
    return when == 2 || (when == 1 && listener->half_open > listener->backlog);
}

void cookie_answers(struct sim *sim, uint32_t index, const struct segment *syn)
{
    const tuple_t tuple = tuple_of(syn->dst_host, syn->dst_port, syn->src_host, syn->src_port);
    const struct tcp_cookie_keys keys = keys_of(sim, syn->dst_host, tuple);
    const uint32_t cookie = tcp_cookie(&keys, syn);
    uint8_t side;
    const flow_id flow = passive_flow(sim, syn, cookie, &side);
    if (flow.index == 0)
        return;
    /* An end for a moment: what the SYN-ACK says depends on the listener's options. */
    const uint32_t made = endpoint_new(sim, syn->dst_host, syn->src_host, listener_at(sim, index)->options);
    if (made == 0)
        return;
    struct segment answer;
    struct tcp_ctx ctx = {.now_ns = sim->world->now_ns, .profile = &sim->story->nodes[syn->dst_host].profile};
    tcp_cookie_answer(&ctx, tcb_of(sim, endpoint_at(sim, made)), cookie, syn, &answer);
    endpoint_free(sim, made);
    sim->world->next_socket--;
    struct listener *listener = listener_at(sim, index);
    if (listener->cookies_ns == TIME_NEVER || sim->world->now_ns - listener->cookies_ns > NS_PER_S)
        listener->cookies_ns = sim->world->now_ns;
    struct segment begun = *syn;
    begun.conn = flow.index;
    begun.side = side ^ 1;
    reply_add(sim, &begun, &answer);
}

/* An ACK for which there is no end. False: it answers no cookie, and is reset. */
bool cookie_opens(struct sim *sim, uint32_t index, const struct segment *ack)
{
    const struct listener *listener = listener_at(sim, index);
    const struct tcp_profile *profile = &sim->story->nodes[listener->host].profile;
    if (profile->syn_cookies == 0 || (ack->flags & (TCP_ACK | TCP_RST | TCP_SYN)) != TCP_ACK || listener->cookies_ns == TIME_NEVER ||
        sim->world->now_ns - listener->cookies_ns > 2 * MINUTE_NS)
        return false;
    const tuple_t tuple = tuple_of(ack->dst_host, ack->dst_port, ack->src_host, ack->src_port);
    const struct tcp_cookie_keys keys = keys_of(sim, ack->dst_host, tuple);
    struct segment syn;
    if (!tcp_cookie_read(profile, &keys, ack, &syn))
        return false;
    if (listener->waiting > listener->backlog)
        return true; /* L-20: without a word; whoever sent it takes the connection for open, and sends again */
    flow_id flow = {ack->conn};
    uint8_t side = 0;
    if (flow.index != 0)
        side = (uint8_t)(flow_side_of(&flow_at(sim, flow)->flow, ack) ^ 1);
    if (flow.index == 0 || flow_at(sim, flow)->end[side].handle != 0 || flow_at(sim, flow)->flow.side[side ^ 1].iss != syn.seq)
        flow = passive_flow(sim, &syn, ack->ack - 1, &side); /* nobody's: a forgery, or an old one */
    const uint32_t made = flow.index != 0 ? listener_makes(sim, index, tuple, flow, side) : 0;
    if (made == 0)
        return true;
    struct tcb *tcb = tcp_begin(sim, made);
    sim->ctx.accept_full = false;
    tcp_open_by_cookie(&sim->ctx, tcb, ack->ack - 1, &syn);
    tcp_segment_arrives(&sim->ctx, tcb, ack);
    tcp_end(sim);
    return true;
}
