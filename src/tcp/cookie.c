/* SPDX-License-Identifier: MIT */
/* SYN cookies (RFC 4987 section 3.6) as Linux has them: a listener whose queue of half-open connections is full answers a SYN and
 * remembers nothing. What it must know when the ACK comes lies in the SYN-ACK: in its number the peer's number, the minute and the
 * MSS, in its timestamp the other options. */
#include "tcp/internal.h"

#define INDEX_BITS 24u
#define INDEX_MASK ((1u << INDEX_BITS) - 1)
#define MINUTES_VALID 2u

#define STAMP_SCALE 15u /* the low bits of the timestamp: the peer's window scale, 15: none; */
#define STAMP_SACK 16u /* whether it takes SACK; */
#define STAMP_BITS 64u /* a bit more is ECN's */

static const uint16_t sizes[] = {536, 1300, 1440, 1460};
#define SIZES (sizeof sizes / sizeof sizes[0])

uint32_t tcp_cookie(const struct tcp_cookie_keys *keys, const struct segment *syn)
{
    const uint32_t mss = (syn->options & TCPOPT_MSS) ? syn->mss : MSS_DEFAULT;
    uint32_t index = SIZES - 1;
    while (index > 0 && mss < sizes[index])
        index--;
    return keys->fixed + syn->seq + (keys->minute << INDEX_BITS) + ((keys->timed[0] + index) & INDEX_MASK);
}

/* What the SYN must have been to which this is the answer. False: it is the answer to no cookie of the last two minutes. */
bool tcp_cookie_read(const struct tcp_profile *profile, const struct tcp_cookie_keys *keys, const struct segment *ack, struct segment *syn)
{
    const uint32_t cookie = ack->ack - 1 - keys->fixed - (ack->seq - 1);
    const uint32_t age = (keys->minute - (cookie >> INDEX_BITS)) & (UINT32_MAX >> INDEX_BITS);
    if (age >= MINUTES_VALID)
        return false;
    const uint32_t index = (cookie - keys->timed[age]) & INDEX_MASK;
    if (index >= SIZES)
        return false;
    *syn = (struct segment){.seq = ack->seq - 1,
                            .flags = TCP_SYN,
                            .options = TCPOPT_MSS,
                            .mss = sizes[index],
                            .wnd = ack->wnd,
                            .conn = ack->conn,
                            .src_host = ack->src_host,
                            .dst_host = ack->dst_host,
                            .src_port = ack->src_port,
                            .dst_port = ack->dst_port};
    if ((ack->options & TCPOPT_TS) == 0)
        return true;
    const uint32_t stamp = ack->tsecr;
    syn->options |= TCPOPT_TS;
    syn->tsval = ack->tsval;
    if (stamp & STAMP_SACK)
        syn->options |= TCPOPT_SACK_OK;
    if ((stamp & STAMP_SCALE) != STAMP_SCALE) {
        syn->options |= TCPOPT_WSCALE;
        syn->wscale = (uint8_t)(stamp & STAMP_SCALE);
    }
    return profile->timestamps && (profile->sack || !(stamp & STAMP_SACK)) &&
           (profile->window_scaling || (stamp & STAMP_SCALE) == STAMP_SCALE);
}

/* The timestamp must not run ahead of the clock. */
static uint32_t stamp_with_options(uint32_t now, const struct segment *syn)
{
    uint32_t options = (syn->options & TCPOPT_WSCALE) ? syn->wscale : STAMP_SCALE;
    options |= (syn->options & TCPOPT_SACK_OK) ? STAMP_SACK : 0;
    const uint32_t stamp = now / STAMP_BITS * STAMP_BITS + options;
    return stamp > now ? stamp - STAMP_BITS : stamp;
}

void tcp_cookie_answer(struct tcp_ctx *ctx, struct tcb *fresh, uint32_t cookie, const struct segment *syn, struct segment *answer)
{
    struct segment known = *syn;
    if ((syn->options & TCPOPT_TS) == 0) /* there is no place for the others then */
        known.options &= TCPOPT_MSS;
    opening_passive(ctx, fresh, cookie, &known);
    fresh->state = TCP_SYN_RECEIVED;
    syn_segment(ctx, fresh, answer);
    if (answer->options & TCPOPT_TS)
        answer->tsval = stamp_with_options(answer->tsval, &known);
}

/* The answer has come: the connection begins here, without a round trip measured. */
void tcp_open_by_cookie(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t cookie, const struct segment *syn)
{
    opening_passive(ctx, tcb, cookie, syn);
    tcb->rto_us = (uint32_t)(max_i64(3 * NS_PER_S, ctx->profile->rto_initial) / NS_PER_US);
    tcb->rttvar_us = tcb->mdev_us = tcb->mdev_max_us = tcb->rto_us;
    tcp_enter_state(ctx, tcb, TCP_SYN_RECEIVED, TCP_WHY_ORDINARY);
}
