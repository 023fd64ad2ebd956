/* SPDX-License-Identifier: MIT */
/* The small records: an orphan's FIN_WAIT_2 and TIME_WAIT (R-101, R-140 to R-152; L-05 to L-10; FACTS 7, 8). */
#include "tcp/internal.h"

#define PAWS_MSL_S 60u

static void arm(struct tcp_ctx *ctx, struct tcp_mini *mini, int64_t length_ns)
{
    mini->length_ns = length_ns;
    mini->at_ns = timer_wheel(ctx->profile, ctx->now_ns, time_add(ctx->now_ns, length_ns));
    mini->number = (*ctx->next_number)++;
}

static void send_mini_ack(struct tcp_ctx *ctx, const struct tcp_mini *mini)
{
    struct segment *seg = ctx->sink->place;
    *seg = (struct segment){.seq = mini->snd_nxt, .ack = mini->rcv_nxt, .flags = TCP_ACK, .wnd = mini->rcv_wnd};
    if (mini->ts_ok) {
        seg->options = TCPOPT_TS;
        seg->tsval = ts_now(ctx, mini->ts_offset);
        seg->tsecr = mini->ts_recent;
    }
    ctx->sink->send(ctx->sink->ctx, seg);
}

/* L-10: an ACK for a segment without data or FIN is limited to one in invalid_ratelimit. */
static void answer(struct tcp_ctx *ctx, struct tcp_mini *mini, const struct segment *seg)
{
    if ((segment_length(seg) == 0 || (seg->flags & TCP_SYN)) && ctx->profile->invalid_ratelimit != 0) {
        if (mini->oow_ack_ms != 0 && now_ms(ctx) + 1 - mini->oow_ack_ms < (uint32_t)(ctx->profile->invalid_ratelimit / NS_PER_MS))
            return;
        mini->oow_ack_ms = now_ms(ctx) + 1;
    }
    send_mini_ack(ctx, mini);
}

static enum mini_answer ends(struct tcp_ctx *ctx, const struct tcp_mini *mini, uint8_t why)
{
    ctx->sink->state(ctx->sink->ctx, (enum tcp_state)mini->state, TCP_CLOSED, why);
    return MINI_ENDS;
}

static bool paws_rejects_mini(const struct tcp_ctx *ctx, const struct tcp_mini *mini, const struct segment *seg)
{
    const uint32_t age_ms = now_ms(ctx) - mini->ts_recent_ms;
    if (seg->flags & TCP_RST) { /* RFC 7323 section 5.2 spares it; Linux does once TS.Recent is a minute old */
        if (!ctx->profile->tw_paws_binds_rst || age_ms / 1000 >= PAWS_MSL_S)
            return false;
    }
    return mini->ts_ok && mini->ts_recent_valid && (seg->options & TCPOPT_TS) != 0 && age_ms <= PAWS_IDLE_MS &&
           (int32_t)(seg->tsval - mini->ts_recent) < 0;
}

static void mini_note_timestamp(struct tcp_ctx *ctx, struct tcp_mini *mini, const struct segment *seg)
{
    if (!mini->ts_ok || (seg->options & TCPOPT_TS) == 0)
        return;
    mini->ts_recent = seg->tsval;
    mini->ts_recent_ms = now_ms(ctx);
    mini->ts_recent_valid = true;
}

static bool in_window(const struct tcp_mini *mini, const struct segment *seg)
{
    uint32_t end = seg->seq + segment_length(seg);
    uint32_t edge = mini->rcv_nxt + mini->rcv_wnd;
    return seg->seq == mini->rcv_nxt || (seq_gt(end, mini->rcv_nxt) && seq_lt(seg->seq, edge)) || (seg->seq == edge && seg->seq == end);
}

/* L-07 */
static enum mini_answer arrives_in_fin_wait_2(struct tcp_ctx *ctx, struct tcp_mini *mini, const struct segment *seg)
{
    uint32_t end = seg->seq + segment_length(seg);
    if (paws_rejects_mini(ctx, mini, seg) || !in_window(mini, seg)) {
        answer(ctx, mini, seg); /* a RST too */
        return MINI_STAYS;
    }
    if (seg->flags & TCP_RST)
        return ends(ctx, mini, TCP_WHY_RST_RECEIVED);
    if ((seg->flags & TCP_SYN) && !seq_lt(seg->seq, mini->rcv_nxt)) {
        send_reset_reply(ctx, seg);
        return ends(ctx, mini, TCP_WHY_RST_SENT);
    }
    if ((seg->flags & TCP_ACK) == 0 || !seq_gt(end, mini->rcv_nxt) || end == seg->seq)
        return MINI_STAYS;
    if ((seg->flags & TCP_FIN) == 0 || end != mini->rcv_nxt + 1) { /* new data for nobody */
        send_reset_reply(ctx, seg);
        return ends(ctx, mini, TCP_WHY_RST_SENT);
    }
    mini->rcv_nxt = end;
    mini_note_timestamp(ctx, mini, seg);
    mini->state = TCP_TIME_WAIT;
    ctx->sink->state(ctx->sink->ctx, TCP_FIN_WAIT_2, TCP_TIME_WAIT, TCP_WHY_ORDINARY);
    arm(ctx, mini, ctx->profile->time_wait);
    send_mini_ack(ctx, mini);
    return MINI_STAYS;
}

/* May this SYN open a new incarnation?, L-09, B-05. */
static bool syn_opens(const struct tcp_ctx *ctx, const struct tcp_mini *mini, const struct segment *seg)
{
    if ((seg->flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_SYN || paws_rejects_mini(ctx, mini, seg))
        return false;
    bool higher = seq_gt(seg->seq, mini->rcv_nxt);
    bool newer = mini->ts_ok && mini->ts_recent_valid && (seg->options & TCPOPT_TS) && (int32_t)(mini->ts_recent - seg->tsval) < 0;
    switch (ctx->profile->syn_in_time_wait) {
    case 1:
        return higher || newer;
    case 2:
        return higher;
    default:
        return false;
    }
}

static uint32_t next_incarnation(const struct tcp_mini *mini)
{
    uint32_t iss = mini->snd_nxt + 65535 + 2; /* above everything that the old one could have sent */
    return iss == 0 ? 1 : iss;
}

static bool reset_obeyed(const struct tcp_ctx *ctx, const struct tcp_mini *mini, const struct segment *seg)
{
    if (ctx->profile->rfc1337) /* */
        return false;
    switch (ctx->profile->rst_in_time_wait) {
    case 1:
        return seg->seq == mini->rcv_nxt;
    case 2: /* R-152 under RFC 5961: exact; without: in the window */
        return ctx->profile->rfc5961 ? seg->seq == mini->rcv_nxt : in_window(mini, seg);
    default:
        return false;
    }
}

static enum mini_answer arrives_in_time_wait(struct tcp_ctx *ctx, struct tcp_mini *mini, const struct segment *seg, uint32_t *iss)
{
    const uint32_t end = seg->seq + segment_length(seg);
    const bool rejected = paws_rejects_mini(ctx, mini, seg);
    if (seg->flags & TCP_RST) {
        if (rejected)
            return MINI_STAYS;
        if (reset_obeyed(ctx, mini, seg))
            return ends(ctx, mini, TCP_WHY_RST_RECEIVED);
        if (ctx->profile->rfc5961 && !ctx->profile->rfc1337 && ctx->profile->rst_in_time_wait == 2 && in_window(mini, seg))
            answer(ctx, mini, seg); /* */
        return MINI_STAYS;
    }
    if (syn_opens(ctx, mini, seg)) {
        if (iss == NULL &&
            ctx->profile->syn_in_time_wait == 1) { /* nobody listens: the SYN is answered, and neither limited nor restarting */
            send_mini_ack(ctx, mini);
            return MINI_STAYS;
        }
        if (iss != NULL)
            *iss = next_incarnation(mini);
        ctx->sink->state(ctx->sink->ctx, TCP_TIME_WAIT, TCP_CLOSED, TCP_WHY_REUSED);
        return MINI_REOPENS;
    }
    if ((seg->flags & TCP_SYN) && ctx->profile->syn_in_time_wait == 2)
        return MINI_STAYS; /* B-05: silence */
    if (ctx->profile->tw_restart == 1) { /* L-08, L-10 */
        if (!rejected && seg->seq == mini->rcv_nxt && seg->seq == end) {
            arm(ctx, mini, ctx->profile->time_wait);
            mini_note_timestamp(ctx, mini, seg);
            return MINI_STAYS;
        }
        if (rejected || (seg->flags & TCP_ACK))
            arm(ctx, mini, ctx->profile->time_wait);
        answer(ctx, mini, seg);
        return MINI_STAYS;
    }
    if ((seg->flags & TCP_ACK) == 0 && (seg->flags & TCP_SYN) == 0)
        return MINI_STAYS; /* */
    bool fin_again = (seg->flags & TCP_FIN) != 0 && end == mini->rcv_nxt && !rejected;
    if (fin_again) { /* the only thing that is expected; acknowledge and restart 2MSL */
        arm(ctx, mini, ctx->profile->time_wait);
        send_mini_ack(ctx, mini);
        return MINI_STAYS;
    }
    if (seg->seq == mini->rcv_nxt && seg->seq == end && seg->ack == mini->snd_nxt && (seg->flags & TCP_SYN) == 0)
        return MINI_STAYS; /* acceptable, and it says nothing new (B-06) */
    answer(ctx, mini, seg); /* */
    return MINI_STAYS;
}

enum mini_answer tcp_mini_segment_arrives(struct tcp_ctx *ctx, struct tcp_mini *mini, const struct segment *seg, uint32_t *iss)
{
    if (mini->state == TCP_FIN_WAIT_2)
        return arrives_in_fin_wait_2(ctx, mini, seg);
    return arrives_in_time_wait(ctx, mini, seg, iss);
}

/* the TCB is deleted, no segment. */
void tcp_mini_timeout(struct tcp_ctx *ctx, struct tcp_mini *mini)
{
    ends(ctx, mini, mini->state == TCP_TIME_WAIT ? TCP_WHY_ORDINARY : TCP_WHY_FIN_WAIT_2);
}

/* FACTS 8: with timestamps a port that the program chose itself may be used again at once; an automatic one as tcp_tw_reuse says. */
bool tcp_mini_may_reuse(const struct tcp_ctx *ctx, const struct tcp_mini *mini, bool bound, uint32_t *iss)
{
    if (!mini->ts_ok || !mini->ts_recent_valid || mini->state != TCP_TIME_WAIT)
        return false;
    bool old_enough = ctx->now_ns - (int64_t)mini->ts_recent_ms * NS_PER_MS > ctx->profile->tw_reuse_delay;
    if (!bound && (ctx->profile->tw_reuse != 1 || !old_enough))
        return false;
    if (bound && !ctx->profile->tw_bound_reuse)
        return false;
    *iss = next_incarnation(mini);
    return true;
}
