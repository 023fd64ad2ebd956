/* SPDX-License-Identifier: MIT */
/* What a TCB at rest has to remember is how it differs from one that has only just sent or received a little. */
#include "tcp/idle.h"

#include "base/pack.h"
#include "tcp/scoreboard.h"

#define SCALE_ORDINARY 10 /* what profiles with large buffers agree on, and the window of such a connection that has only begun */
#define WINDOW_ORDINARY (63u << SCALE_ORDINARY)

/* The program and the peer owe each other nothing. */
static bool is_quiet(const struct tcb *tcb)
{
    return tcb->state == TCP_ESTABLISHED && tcb->established_once && tcb->error == TCP_OK && !tcb->orphan && !tcb->shut_read &&
           !tcb->shut_write && !tcb->fin_queued && !tcb->fin_sent && !tcb->fin_received && !tcb->became_mini && !tcb->ack_now &&
           !tcb->ack_due && tcb->snd.una == tcb->snd.nxt && tcb->snd.nxt == tcb->snd.end && tcb->rcv.read == tcb->rcv.nxt &&
           tcb->sent_head == 0 && tcb->packets_out == 0 && tcb->ooo_head == 0 && !tcb->ooo_fin_seen && !tcb->no_space &&
           tcp_next_slot(tcb) < 0;
}

/* RFC 9293's numbers, and what was agreed. */
static void pack_numbers(struct pack *pack, struct tcb *tcb)
{
    pack_word(pack, &tcb->snd.iss);
    pack_u32(pack, &tcb->snd.una, tcb->snd.iss + 1);
    tcb->snd.nxt = tcb->snd.end = tcb->snd.una;
    pack_word(pack, &tcb->rcv.irs);
    pack_u32(pack, &tcb->rcv.nxt, tcb->rcv.irs + 1);
    tcb->rcv.read = tcb->rcv.nxt;
    pack_bool(pack, &tcb->passive, false);
    pack_bool(pack, &tcb->wscale_ok, true);
    pack_bool(pack, &tcb->ts_ok, true);
    pack_bool(pack, &tcb->sack_ok, true);
    pack_u16(pack, &tcb->advmss, 1460);
    pack_u16(pack, &tcb->mss, tcb->ts_ok ? (uint16_t)(tcb->advmss - TIMESTAMPS_BYTES) : tcb->advmss);
    pack_u16(pack, &tcb->rcv_mss, 1000);
    pack_u32(pack, &tcb->snd.wnd, WINDOW_ORDINARY);
    pack_u32(pack, &tcb->snd.max_wnd, tcb->snd.wnd);
    pack_u32(pack, &tcb->snd.wl1, tcb->rcv.nxt);
    pack_u32(pack, &tcb->rcv.wnd, WINDOW_ORDINARY);
    pack_u32(pack, &tcb->rcv.wup, tcb->rcv.nxt);
}

static void pack_times(struct pack *pack, const struct tcp_profile *profile, struct tcb *tcb)
{
    pack_i64(pack, &tcb->received_ns, 0);
    pack_u32(pack, &tcb->srtt_us, 0);
    const int64_t trip_ns = (int64_t)(tcb->srtt_us >> 3) * NS_PER_US;
    pack_i64(pack, &tcb->sent_ns, tcb->received_ns - trip_ns);
    pack_i64(pack, &tcb->data_received_ns, tcb->passive ? tcb->sent_ns : tcb->received_ns);
    pack_i64(pack, &tcb->rack_sent_ns, tcb->sent_ns);
    pack_i64(pack, &tcb->progress_ns, tcb->received_ns);
    pack_i64(pack, &tcb->rcvq_ns, tcb->data_received_ns);
    pack_i64(pack, &tcb->rcv_rtt_ns, tcb->data_received_ns);
    pack_u32(pack, &tcb->rcv_rtt_seq, tcb->rcv.nxt + tcb->rcv.wnd);
    pack_u32(pack, &tcb->rttvar_us, (uint32_t)(profile->rto_min / NS_PER_US));
    pack_u32(pack, &tcb->mdev_us, (tcb->srtt_us >> 3) * 3 / 2);
    pack_u32(pack, &tcb->mdev_max_us, tcb->rttvar_us);
    const int64_t rto_us = (int64_t)(tcb->srtt_us >> 3) + tcb->rttvar_us;
    pack_u32(pack, &tcb->rto_us, (uint32_t)(timer_ticks(profile, rto_us * NS_PER_US) / NS_PER_US));
    pack_u32(pack, &tcb->min_rtt_us, tcb->srtt_us >> 3);
    pack_u32(pack, &tcb->rack_rtt_us, tcb->srtt_us >> 3);
    pack_u32(pack, &tcb->cubic_rtt_us, tcb->min_rtt_us);
    pack_u32(pack, &tcb->hystart_round_us, (uint32_t)(tcb->received_ns / NS_PER_US));
    pack_u32(pack, &tcb->hystart_ack_us, tcb->hystart_round_us);
    pack_u32(pack, &tcb->hystart_end, tcb->snd.una);
    pack_u32(pack, &tcb->rtt_seq, tcb->snd.una);
    pack_u32(pack, &tcb->ts_recent_ms, (uint32_t)(tcb->received_ns / NS_PER_MS));
    pack_u32(pack, &tcb->ts_recent, tcb->ts_recent_ms - (uint32_t)(trip_ns / (2 * NS_PER_MS)));
    pack_u32(pack, &tcb->rcv_rtt_tsecr, tcb->ts_recent_ms - (uint32_t)(trip_ns / NS_PER_MS));
    pack_u32(pack, &tcb->rcv_rtt_us, (uint32_t)(trip_ns / NS_PER_MS) * 8000);
}

static void pack_buffers(struct pack *pack, const struct tcp_profile *profile, struct tcb *tcb)
{
    pack_u32(pack, &tcb->rcvbuf, (uint32_t)profile->rcvbuf);
    pack_u32(pack, &tcb->sndbuf, send_buffer_ordinary(profile, tcb));
    pack_u32(pack, &tcb->rcv_ssthresh, tcb->rcv.wnd);
    pack_u32(pack, &tcb->rcvq_space, 10u * tcb->mss);
    pack_u32(pack, &tcb->rcvq_seq, tcb->rcv.read);
    pack_u32(pack, &tcb->ato_us, (uint32_t)(profile->delack / NS_PER_US));
    pack_u8(pack, &tcb->rcv_ratio, 0);
    pack_u8(pack, &tcb->quick, profile->quick_acks == 0 ? 0 : (uint8_t)(profile->quick_acks - 1));
    pack_u8(pack, &tcb->pingpong, profile->quick_acks != 0);
    pack_u32(pack, &tcb->cwnd, (uint32_t)profile->initial_cwnd);
    pack_u32(pack, &tcb->max_packets_out, 1);
    pack_u32(pack, &tcb->cwnd_usage_seq, tcb->snd.una);
    pack_u32(pack, &tcb->snd.small, tcb->snd.una);
    pack_u32(pack, &tcb->order, 2);
    pack_u32(pack, &tcb->rack_order, tcb->order);
    pack_u32(pack, &tcb->rack_rtt_order, tcb->rack_order);
}

/* What a program may have set. */
static void pack_settings(struct pack *pack, struct tcb *tcb)
{
    pack_bool(pack, &tcb->nodelay, false);
    pack_bool(pack, &tcb->cork, false);
    pack_bool(pack, &tcb->rcvbuf_locked, false);
    pack_bool(pack, &tcb->sndbuf_locked, false);
    pack_bool(pack, &tcb->keepalive_on, false);
    pack_u8(pack, &tcb->keepalive_count, 0);
    pack_u32(pack, &tcb->keepalive_idle_ms, 0);
    pack_u32(pack, &tcb->keepalive_interval_ms, 0);
    pack_u32(pack, &tcb->user_timeout_ms, 0);
    uint32_t linger2 = (uint32_t)tcb->linger2_ms;
    pack_u32(pack, &linger2, 0);
    tcb->linger2_ms = (int32_t)linger2;
}

/* Windows, scales and memory that are as they were agreed. */
static void pack_agreed(struct pack *pack, struct tcb *tcb)
{
    pack_u8(pack, &tcb->snd_wscale, tcb->wscale_ok ? SCALE_ORDINARY : 0);
    pack_u8(pack, &tcb->rcv_wscale, tcb->snd_wscale);
    pack_u32(pack, &tcb->window_clamp, tcb->wscale_ok ? UINT32_MAX : 65535);
    pack_u32(pack, &tcb->ts_offset, 0);
    pack_bool(pack, &tcb->ts_recent_valid, tcb->ts_ok);
    pack_bool(pack, &tcb->rtt_seen, true);
    pack_u32(pack, &tcb->snd.wl2, tcb->snd.una);
    pack_u32(pack, &tcb->snd.piece, tcb->snd.una);
    pack_u32(pack, &tcb->rcv_memory, 0);
    pack_u16(pack, &tcb->rcv_room, 0);
    pack_u16(pack, &tcb->rcv_eaten, 0);
    pack_u16(pack, &tcb->last_seg, 0);
    pack_u8(pack, &tcb->pushed, 0);
    pack_u8(pack, &tcb->backoff, 0);
    pack_u8(pack, &tcb->retransmits, 0);
    pack_u8(pack, &tcb->probes_out, 0);
    pack_i64(pack, &tcb->probe_since_ns, 0);
    pack_bool(pack, &tcb->fin_timer_full, false);
}

/* What is left of duplicates, forgeries and gaps. */
static void pack_answers(struct pack *pack, struct tcb *tcb)
{
    pack_u8(pack, &tcb->compressed_acks, 0);
    pack_u8(pack, &tcb->dup_acks, 0);
    pack_u32(pack, &tcb->dup_ack_rcv_nxt, 0);
    pack_bool(pack, &tcb->dsack_due, false);
    pack_u32(pack, &tcb->dsack_left, 0);
    pack_u32(pack, &tcb->dsack_right, 0);
    pack_u32(pack, &tcb->oow_ack_ms, 0);
    pack_u32(pack, &tcb->challenge_ms, 0);
    pack_u32(pack, &tcb->challenge_count, 0);
    pack_u32(pack, &tcb->ooo_fin, 0);
}

/* What is left of losses. */
static void pack_losses(struct pack *pack, struct tcb *tcb)
{
    pack_u32(pack, &tcb->ssthresh, INT32_MAX);
    pack_u32(pack, &tcb->cwnd_count, 0);
    pack_bool(pack, &tcb->cwnd_limited, false);
    pack_u8(pack, &tcb->ca_state, CA_OPEN);
    pack_u32(pack, &tcb->high_seq, 0);
    pack_u32(pack, &tcb->high_sack, 0);
    pack_u32(pack, &tcb->prior_cwnd, 0);
    pack_u32(pack, &tcb->prior_ssthresh, 0);
    pack_u32(pack, &tcb->sacked_out, 0);
    pack_u32(pack, &tcb->lost_out, 0);
    pack_u32(pack, &tcb->retrans_out, 0);
    pack_u32(pack, &tcb->lost, 0);
    pack_bool(pack, &tcb->undo_possible, false);
    pack_u32(pack, &tcb->undo_marker, 0);
    uint32_t undo_retrans = (uint32_t)tcb->undo_retrans;
    pack_u32(pack, &undo_retrans, 0);
    tcb->undo_retrans = (int32_t)undo_retrans;
    pack_u32(pack, &tcb->prr_delivered, 0);
    pack_u32(pack, &tcb->prr_out, 0);
    pack_bool(pack, &tcb->tlp_out, false);
    pack_bool(pack, &tcb->tlp_retrans, false);
    pack_u32(pack, &tcb->tlp_high_seq, 0);
    pack_u32(pack, &tcb->total_retrans, 0);
    pack_u32(pack, &tcb->dsack_dups, 0);
    pack_bool(pack, &tcb->rack_advanced, true);
    pack_bool(pack, &tcb->rack_dsack_seen, false);
    pack_bool(pack, &tcb->reord_seen, false);
    pack_u8(pack, &tcb->reo_steps, 0);
    pack_u8(pack, &tcb->reo_persist, 0);
    pack_u32(pack, &tcb->reordering_degree, DUP_ACK_THRESHOLD);
    pack_bool(pack, &tcb->frto, false);
    pack_bool(pack, &tcb->stamp_valid, false);
    pack_u32(pack, &tcb->retrans_stamp, 0);
    pack_i64(pack, &tcb->first_rto_ns, 0);
}

static void pack_cubic(struct pack *pack, struct tcb *tcb)
{
    pack_u32(pack, &tcb->cubic_epoch, 0);
    pack_u32(pack, &tcb->cubic_last_max, 0);
    pack_u32(pack, &tcb->cubic_last_cwnd, 0);
    pack_u32(pack, &tcb->cubic_last_tick, 0);
    pack_u32(pack, &tcb->cubic_origin, 0);
    pack_u32(pack, &tcb->cubic_k, 0);
    pack_u32(pack, &tcb->cubic_count, 0);
    pack_u32(pack, &tcb->cubic_acked, 0);
    pack_u32(pack, &tcb->cubic_reno_cwnd, 0);
    pack_u32(pack, &tcb->hystart_rtt_us, UINT32_MAX);
    pack_u8(pack, &tcb->hystart_samples, 0);
    pack_bool(pack, &tcb->hystart_found, false);
}

static void pack_tcb(struct pack *pack, const struct tcp_profile *profile, struct tcb *tcb)
{
    static void (*const rare[])(struct pack *, struct tcb *) = {pack_settings, pack_agreed, pack_answers, pack_losses, pack_cubic};
    pack_numbers(pack, tcb);
    pack_times(pack, profile, tcb);
    pack_buffers(pack, profile, tcb);
    for (size_t i = 0; i < sizeof rare / sizeof rare[0]; i++) {
        const struct pack before = pack_rare_begin(pack);
        rare[i](pack, tcb);
        pack_rare_end(pack, &before);
    }
}

unsigned tcp_idle_pack(const struct tcb *tcb, const struct tcp_profile *profile, unsigned char *bytes, unsigned room)
{
    if (!is_quiet(tcb))
        return 0;
    struct tcb copy = *tcb;
    if (seq_lt(copy.snd.piece, copy.snd.nxt)) /* as the next SEND would do (send_buffer_room) */
        copy.snd.piece = copy.snd.nxt;
    struct pack pack = pack_begin(bytes, room, false);
    pack_tcb(&pack, profile, &copy);
    return pack.failed ? 0 : (unsigned)(pack.at - bytes);
}

void tcp_idle_unpack(unsigned char *bytes, unsigned count, const struct tcp_profile *profile, struct tcb *tcb)
{
    struct pack pack = pack_begin(bytes, count, true);
    *tcb = (struct tcb){.state = TCP_ESTABLISHED, .established_once = true};
    pack_tcb(&pack, profile, tcb);
    timers_init(tcb);
}
