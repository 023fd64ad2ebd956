/* SPDX-License-Identifier: MIT */
#include "tcp/idle.h"

#include "tcp/scoreboard.h"

enum {
    IDLE_WSCALE = 1,
    IDLE_TS = 2,
    IDLE_SACK = 4,
    IDLE_PASSIVE = 8,
    IDLE_NODELAY = 16,
    IDLE_CORK = 32,
    IDLE_RCVBUF_LOCKED = 64,
    IDLE_SNDBUF_LOCKED = 128,
    IDLE_TS_RECENT = 256,
    IDLE_CWND_LIMITED = 512,
};

static uint32_t clamp_of(bool wscale_ok)
{
    return wscale_ok ? UINT32_MAX : 65535;
}

/* The program and the peer owe each other nothing. */
static bool is_quiet(const struct tcb *tcb)
{
    return tcb->state == TCP_ESTABLISHED && tcb->established_once && tcb->error == TCP_OK && !tcb->orphan && !tcb->shut_read &&
           !tcb->shut_write && !tcb->fin_queued && !tcb->fin_sent && !tcb->fin_received && !tcb->became_mini && !tcb->ack_now &&
           !tcb->ack_due && tcb->pushed == 0 && tcb->snd.una == tcb->snd.nxt && tcb->snd.nxt == tcb->snd.end &&
           tcb->snd.wl2 == tcb->snd.una && tcb->rcv.wup == tcb->rcv.nxt && tcb->rcv.read == tcb->rcv.nxt && tcb->ooo_head == 0 &&
           !tcb->ooo_fin_seen && !tcb->no_space && tcp_next_slot(tcb) < 0;
}

/* Nothing was ever lost, limited or set apart from the ordinary: such a TCB has more to remember, and stays whole. */
static bool is_plain(const struct tcb *tcb)
{
    return tcb->packets_out == 0 && tcb->ca_state == CA_OPEN && !tcb->undo_possible && !tcb->tlp_out && !tcb->frto &&
           !tcb->rack_dsack_seen && !tcb->reord_seen && tcb->reo_steps <= 1 && tcb->reo_persist == 0 && tcb->total_retrans == 0 &&
           tcb->dsack_dups == 0 && tcb->reordering_degree == DUP_ACK_THRESHOLD && tcb->cubic_epoch_ms == 0 && tcb->cubic_last_max == 0 &&
           tcb->cubic_acked == 0 && tcb->backoff == 0 && tcb->retransmits == 0 && tcb->probes_out == 0 && tcb->probe_since_ns == 0 &&
           tcb->oow_ack_ms == 0 && tcb->challenge_ms == 0 && !tcb->keepalive_on && tcb->keepalive_idle_ms == 0 &&
           tcb->user_timeout_ms == 0 && tcb->linger2_ms == 0 && !tcb->dsack_due && !tcb->fin_timer_full && tcb->ts_offset == 0 &&
           tcb->window_clamp == clamp_of(tcb->wscale_ok);
}

bool tcp_idle_pack(const struct tcb *tcb, struct tcp_idle *idle)
{
    if (!is_quiet(tcb) || !tcb->rtt_seen || !is_plain(tcb))
        return false;
    *idle = (struct tcp_idle){
        .sent_ns = tcb->sent_ns,
        .received_ns = tcb->received_ns,
        .data_received_ns = tcb->data_received_ns,
        .snd_una = tcb->snd.una,
        .snd_wnd = tcb->snd.wnd,
        .snd_wl1 = tcb->snd.wl1,
        .snd_iss = tcb->snd.iss,
        .snd_max_wnd = tcb->snd.max_wnd,
        .rcv_nxt = tcb->rcv.nxt,
        .rcv_irs = tcb->rcv.irs,
        .rcv_wnd = tcb->rcv.wnd,
        .srtt_us = tcb->srtt_us,
        .rttvar_us = tcb->rttvar_us,
        .mdev_us = tcb->mdev_us,
        .mdev_max_us = tcb->mdev_max_us,
        .rtt_seq = tcb->rtt_seq,
        .rto_us = tcb->rto_us,
        .ts_recent = tcb->ts_recent,
        .ts_recent_ms = tcb->ts_recent_ms,
        .ato_us = tcb->ato_us,
        .rcvbuf = tcb->rcvbuf,
        .sndbuf = tcb->sndbuf,
        .rcv_ssthresh = tcb->rcv_ssthresh,
        .rcvq_space = tcb->rcvq_space,
        .rcvq_taken = tcb->rcv.read - tcb->rcvq_seq,
        .rcvq_ns = tcb->rcvq_ns,
        .last_seg = tcb->last_seg,
        .rcv_ratio = tcb->rcv_ratio,
        .cwnd = tcb->cwnd,
        .ssthresh = tcb->ssthresh,
        .cwnd_count = tcb->cwnd_count,
        .max_packets_out = tcb->max_packets_out,
        .cwnd_usage_seq = tcb->cwnd_usage_seq,
        .min_rtt_us = tcb->min_rtt_us,
        .rack_rtt_us = tcb->rack_rtt_us,
        .mss = tcb->mss,
        .advmss = tcb->advmss,
        .rcv_mss = tcb->rcv_mss,
        .scales = (uint8_t)(tcb->snd_wscale << 4 | tcb->rcv_wscale),
        .quick = tcb->quick,
        .pingpong = tcb->pingpong,
    };
    unsigned switches = 0;
    switches |= tcb->wscale_ok ? IDLE_WSCALE : 0;
    switches |= tcb->ts_ok ? IDLE_TS : 0;
    switches |= tcb->sack_ok ? IDLE_SACK : 0;
    switches |= tcb->passive ? IDLE_PASSIVE : 0;
    switches |= tcb->nodelay ? IDLE_NODELAY : 0;
    switches |= tcb->cork ? IDLE_CORK : 0;
    switches |= tcb->rcvbuf_locked ? IDLE_RCVBUF_LOCKED : 0;
    switches |= tcb->sndbuf_locked ? IDLE_SNDBUF_LOCKED : 0;
    switches |= tcb->ts_recent_valid ? IDLE_TS_RECENT : 0;
    switches |= tcb->cwnd_limited ? IDLE_CWND_LIMITED : 0;
    idle->switches = (uint16_t)(switches);
    return true;
}

void tcp_idle_unpack(const struct tcp_idle *idle, struct tcb *tcb)
{
    const unsigned switches = idle->switches;
    *tcb = (struct tcb){
        .state = TCP_ESTABLISHED,
        .established_once = true,
        .snd = {.una = idle->snd_una,
                .nxt = idle->snd_una,
                .wnd = idle->snd_wnd,
                .wl1 = idle->snd_wl1,
                .wl2 = idle->snd_una,
                .iss = idle->snd_iss,
                .end = idle->snd_una,
                .max_wnd = idle->snd_max_wnd,
                .piece = idle->snd_una,
                .small = idle->snd_una},
        .rcv = {.nxt = idle->rcv_nxt, .irs = idle->rcv_irs, .wup = idle->rcv_nxt, .wnd = idle->rcv_wnd, .read = idle->rcv_nxt},
        .snd_wscale = idle->scales >> 4,
        .rcv_wscale = idle->scales & 15,
        .wscale_ok = (switches & IDLE_WSCALE) != 0,
        .ts_ok = (switches & IDLE_TS) != 0,
        .sack_ok = (switches & IDLE_SACK) != 0,
        .passive = (switches & IDLE_PASSIVE) != 0,
        .nodelay = (switches & IDLE_NODELAY) != 0,
        .cork = (switches & IDLE_CORK) != 0,
        .rcvbuf_locked = (switches & IDLE_RCVBUF_LOCKED) != 0,
        .sndbuf_locked = (switches & IDLE_SNDBUF_LOCKED) != 0,
        .ts_recent_valid = (switches & IDLE_TS_RECENT) != 0,
        .cwnd_limited = (switches & IDLE_CWND_LIMITED) != 0,
        .rtt_seen = true,
        .quick = idle->quick,
        .pingpong = idle->pingpong,
        .mss = idle->mss,
        .advmss = idle->advmss,
        .rcv_mss = idle->rcv_mss,
        .srtt_us = idle->srtt_us,
        .rttvar_us = idle->rttvar_us,
        .mdev_us = idle->mdev_us,
        .mdev_max_us = idle->mdev_max_us,
        .rtt_seq = idle->rtt_seq,
        .rto_us = idle->rto_us,
        .ts_recent = idle->ts_recent,
        .ts_recent_ms = idle->ts_recent_ms,
        .ato_us = idle->ato_us,
        .rcvbuf = idle->rcvbuf,
        .sndbuf = idle->sndbuf,
        .rcv_ssthresh = idle->rcv_ssthresh,
        .rcvq_space = idle->rcvq_space,
        .rcvq_seq = idle->rcv_nxt - idle->rcvq_taken,
        .rcvq_ns = idle->rcvq_ns,
        .last_seg = idle->last_seg,
        .rcv_ratio = idle->rcv_ratio,
        .window_clamp = clamp_of((switches & IDLE_WSCALE) != 0),
        .cwnd = idle->cwnd,
        .ssthresh = idle->ssthresh,
        .cwnd_count = idle->cwnd_count,
        .max_packets_out = idle->max_packets_out,
        .cwnd_usage_seq = idle->cwnd_usage_seq,
        .min_rtt_us = idle->min_rtt_us,
        .rack_rtt_us = idle->rack_rtt_us,
        .reordering_degree = DUP_ACK_THRESHOLD,
        .high_seq = idle->snd_una,
        .sent_ns = idle->sent_ns,
        .received_ns = idle->received_ns,
        .data_received_ns = idle->data_received_ns,
    };
    for (int slot = 0; slot < TCP_SLOTS; slot++)
        timer_stop(tcb, (enum tcp_slot)slot);
}
