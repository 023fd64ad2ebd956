/* SPDX-License-Identifier: MIT */
/* What goes out: headers, new data and the FIN that rides on it or walks alone, retransmissions, ACKs, probes, resets. */
#include "tcp/scoreboard.h"

static void add_timestamps(const struct tcp_ctx *ctx, const struct tcb *tcb, struct segment *seg)
{
    seg->options |= TCPOPT_TS;
    seg->tsval = ts_now(ctx, tcb->ts_offset);
    seg->tsecr = tcb->ts_recent; /* 0 until one has come */
}

/* How many SACK blocks the next ACK carries: what the options leave room for (RFC 2018 section 3). */
static unsigned sack_blocks_next(const struct tcb *tcb)
{
    return min_u32(tcb->sack_count + tcb->dsack_due, tcb->ts_ok ? 3 : 4);
}

static void add_sacks(struct tcb *tcb, struct segment *seg)
{
    seg->sack_count = (uint8_t)sack_blocks_next(tcb);
    unsigned count = 0;
    if (tcb->dsack_due)
        seg->sack[count++] = (struct sack_block){tcb->dsack_left, tcb->dsack_right};
    for (unsigned i = 0; count < seg->sack_count; i++)
        seg->sack[count++] = tcb->sacks[i];
    seg->options |= TCPOPT_SACK;
    tcb->dsack_due = false;
}

/* The window field, for which `window` was selected; never shrinks what was offered before (SHLD-14, R-107). Takes note of the offer. */
static inline void add_window(struct tcb *tcb, struct segment *seg, uint32_t window)
{
    const unsigned scale = tcb->rcv_wscale;
    const uint32_t left = window_offered(tcb);
    if (window < left)
        window = window_round_up(left, scale);
    window = min_u32(window, 65535u << scale);
    tcb->rcv.wnd = window;
    tcb->rcv.wup = tcb->rcv.nxt;
    seg->wnd = window;
}

/* All but the window; of SACK blocks only those that count have a meaning, and there are none yet. */
static inline struct segment *header(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t seq, unsigned flags, uint32_t len)
{
    struct segment *seg = ctx->sink->place;
    seg->seq = seq;
    seg->ack = (flags & TCP_ACK) != 0 ? tcb->rcv.nxt : 0;
    seg->len = len;
    seg->tsval = seg->tsecr = 0;
    seg->mss = seg->classes = 0;
    seg->flags = (uint8_t)flags;
    seg->options = seg->wscale = seg->sack_count = 0;
    if (tcb->ts_ok)
        add_timestamps(ctx, tcb, seg);
    return seg;
}

static inline void depart(struct tcp_ctx *ctx, struct tcb *tcb, struct segment *seg)
{
    ack_sent(ctx, tcb);
    ctx->sink->send(ctx->sink->ctx, seg);
}

static __attribute__((noinline, cold)) void emit_rare(struct tcp_ctx *ctx, struct tcb *tcb, struct segment *seg)
{
    add_window(tcb, seg, window_select(ctx, tcb));
    if (sack_waits(tcb))
        add_sacks(tcb, seg);
    depart(ctx, tcb, seg);
}

/* A segment that acknowledges. What is rare has a way of its own to the end, so that nothing has to be kept over a call. */
static __attribute__((noinline)) void emit(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t seq, unsigned flags, uint32_t len)
{
    struct segment *seg = header(ctx, tcb, seq, flags | TCP_ACK, len);
    const uint32_t window = window_select_large(ctx->profile, tcb);
    if (__builtin_expect(window == 0 || sack_waits(tcb), 0)) {
        emit_rare(ctx, tcb, seg);
        return;
    }
    add_window(tcb, seg, window);
    depart(ctx, tcb, seg);
}

/* RFC 9293 section 3.8.6.1 and R-185: an ACK's number must lie within a window that has shrunk below SND.NXT. */
static uint32_t acceptable_seq(const struct tcb *tcb)
{
    uint32_t edge = window_edge(tcb);
    if (seq_geq(edge, tcb->snd.nxt) || (tcb->wscale_ok && tcb->snd.nxt - edge < (1u << tcb->rcv_wscale)))
        return tcb->snd.nxt;
    return edge;
}

void send_ack(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->state == TCP_CLOSED)
        return;
    emit(ctx, tcb, acceptable_seq(tcb), TCP_ACK, 0);
}

/* A zero-length segment with an old number: the peer must answer it by R-007 (SHLD-12). */
void send_probe(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t seq)
{
    emit(ctx, tcb, seq, TCP_ACK, 0);
}

/* FACTS 9: a reset of one's own stands at SND.NXT, after what is in flight; RFC 9293 gives it no ACK, Linux does (L-04). */
void send_reset_active(struct tcp_ctx *ctx, struct tcb *tcb)
{
    struct segment *seg = header(ctx, tcb, acceptable_seq(tcb), TCP_RST | (ctx->profile->active_rst_ack ? TCP_ACK : 0), 0);
    add_window(tcb, seg, window_select(ctx, tcb));
    ctx->sink->send(ctx->sink->ctx, seg);
}

void send_reset_reply(struct tcp_ctx *ctx, const struct segment *seg)
{
    struct segment *reply = ctx->sink->place;
    if (tcp_segment_arrives_closed(seg, reply))
        ctx->sink->send(ctx->sink->ctx, reply);
}

void syn_segment(const struct tcp_ctx *ctx, const struct tcb *tcb, struct segment *seg)
{
    const bool answer = tcb->state != TCP_SYN_SENT;
    const struct tcp_profile *profile = ctx->profile;
    *seg = (struct segment){
        .seq = tcb->snd.iss, .flags = (uint8_t)(TCP_SYN | (answer ? TCP_ACK : 0)), .mss = tcb->advmss, .options = TCPOPT_MSS};
    if (answer)
        seg->ack = tcb->rcv.nxt;
    if (answer ? tcb->wscale_ok : profile->window_scaling != 0) {
        seg->options |= TCPOPT_WSCALE;
        seg->wscale = tcb->rcv_wscale;
    }
    if (answer ? tcb->sack_ok : profile->sack != 0)
        seg->options |= TCPOPT_SACK_OK;
    if (answer ? tcb->ts_ok : profile->timestamps != 0)
        add_timestamps(ctx, tcb, seg);
    seg->wnd = min_u32(tcb->rcv.wnd, 65535); /* the window of a SYN is never scaled (RFC 7323 section 2.2) */
}

void send_syn(struct tcp_ctx *ctx, struct tcb *tcb, bool first)
{
    struct segment *seg = ctx->sink->place;
    syn_segment(ctx, tcb, seg);
    if (tcb->state != TCP_SYN_SENT) {
        tcb->rcv.wup = tcb->rcv.nxt;
        tcb->ack_due = tcb->ack_now = false;
    }
    if (first) {
        ASSERT(record_left(ctx));
        uint32_t index = record_take(ctx);
        *record_at(ctx, index) = (struct tcp_record){
            .seq = tcb->snd.iss, .end = tcb->snd.iss + 1, .sent_ns = ctx->now_ns, .sent = 1, .flags = RECORD_SYN, .order = ++tcb->order};
        tcb->sent_head = tcb->sent_tail = index;
        tcb->packets_out = 1;
        tcb->progress_ns = ctx->now_ns;
    }
    ctx->sink->send(ctx->sink->ctx, seg);
}

static __attribute__((noinline, cold)) uint32_t small_mss(const struct tcb *tcb)
{
    uint32_t mss = tcb->mss;
    uint32_t half = tcb->snd.max_wnd > MSS_DEFAULT ? tcb->snd.max_wnd / 2 : tcb->snd.max_wnd;
    if (half != 0)
        mss = min_u32(mss, max_u32(half, 68 - 40));
    if (sack_waits(tcb)) {
        uint32_t ranges = sack_blocks_next(tcb);
        mss = mss > 4 + 8 * ranges + 1 ? mss - (4 + 8 * ranges) : mss;
    }
    return mss;
}

/* Eff.snd.MSS (RFC 9293 section 3.7.1): what is left beside the options of a segment sent now, and not more than half of the
 * largest window that the peer ever offered. */
uint32_t current_mss(const struct tcb *tcb)
{
    if (__builtin_expect(tcb->snd.max_wnd < 2u * tcb->mss || sack_waits(tcb), 0))
        return small_mss(tcb);
    return tcb->mss;
}

static void append_record(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t index)
{
    if (tcb->sent_tail != 0)
        record_at(ctx, tcb->sent_tail)->next = index;
    else
        tcb->sent_head = index;
    tcb->sent_tail = index;
    tcb->packets_out++;
}

/* Data soon after data received, be it sent again: this end converses, and its ACKs may wait for data to ride on. */
static void note_conversation(const struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (ctx->now_ns - tcb->data_received_ns < (int64_t)tcb->ato_us * NS_PER_US && ctx->profile->quick_acks != 0)
        tcb->pingpong = 1;
}

/* The next `len` bytes that were not sent yet leave as one segment, where `mss` is a full one, and the FIN with the last of them. */
static __attribute__((noinline)) void send_segment(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t mss, uint32_t len, bool push)
{
    const uint32_t index = record_take(ctx), seq = tcb->snd.nxt;
    unsigned flags = push ? TCP_PSH : 0;
    uint32_t end = seq + len;
    if (end == tcb->snd.end) {
        flags = TCP_PSH;
        if (tcb->fin_queued && !tcb->fin_sent) {
            tcb->fin_sent = true;
            flags = TCP_PSH | TCP_FIN;
            end++;
        }
    }
    if (len > 0) {
        if (len < mss)
            tcb->snd.small = end;
        note_conversation(ctx, tcb);
    } else {
        flags &= TCP_FIN;
    }
    *record_at(ctx, index) =
        (struct tcp_record){.seq = seq, .end = end, .sent_ns = ctx->now_ns, .sent = 1, .flags = (uint16_t)flags, .order = ++tcb->order};
    append_record(ctx, tcb, index);
    tcb->snd.nxt = end;
    if (in_reduction(tcb))
        tcb->prr_out++;
    tcb->sent_ns = ctx->now_ns;
    ctx->room--;
    emit(ctx, tcb, seq, flags, len);
}

/* It leaves after a pause: nothing was in flight. */
static __attribute__((noinline, cold)) void end_pause(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len)
{
    if (tcb->packets_out == 0)
        congestion_restart_after_idle(ctx, tcb);
    if (len > 0 && packets_in_flight(tcb) == 0)
        cubic_after_pause(ctx, tcb);
}

/* False: there is no room for it. */
static inline bool send_new(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t mss, uint32_t len, bool push)
{
    if (__builtin_expect(ctx->room <= 0 || !record_left(ctx), 0)) {
        ctx->starved = true;
        return false;
    }
    if (__builtin_expect((tcb->cubic_epoch != 0 && packets_in_flight(tcb) == 0) || (tcb->packets_out == 0 && congestion_rested(ctx, tcb)),
                         0))
        end_pause(ctx, tcb, len);
    send_segment(ctx, tcb, mss, len, push);
    return true;
}

bool send_one_new(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t limit, bool push)
{
    const uint32_t mss = current_mss(tcb);
    return send_new(ctx, tcb, mss, min_u32(tcb->snd.end - tcb->snd.nxt, min_u32(mss, limit)), push);
}

/* Nagle (section 3.7.4, R-193): a small segment waits while something is unacknowledged, unless the FIN is on it. */
bool nagle_holds(const struct tcp_ctx *ctx, const struct tcb *tcb, uint32_t mss, uint32_t len, bool fin)
{
    if (fin || len == 0 || len >= mss)
        return false;
    if (tcb->cork)
        return true;
    if (tcb->nodelay || tcb->packets_out == 0)
        return false;
    return !ctx->profile->nagle_minshall || (seq_gt(tcb->snd.small, tcb->snd.una) && seq_leq(tcb->snd.small, tcb->snd.nxt));
}

static bool may_send_data(const struct tcb *tcb)
{
    switch ((enum tcp_state)tcb->state) {
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
    case TCP_FIN_WAIT_1:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
        return true;
    case TCP_CLOSED:
    case TCP_LISTEN:
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
    case TCP_FIN_WAIT_2:
    case TCP_TIME_WAIT:
        return false;
    }
    return false;
}

/* Sender's silly-window avoidance (section 3.8.6.2.1): a part that fits goes only if it is half of the largest window. False: nothing. */
static __attribute__((noinline, cold)) bool send_into_small_window(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t len, bool fin)
{
    uint32_t fits = seq_gt(window_edge(tcb), tcb->snd.nxt) ? window_edge(tcb) - tcb->snd.nxt : 0;
    bool half = fits > 0 && fits <= len && fits >= tcb->snd.max_wnd / 2 && !ctx->profile->nagle_minshall;
    bool bare_fin = len == 0 && fin && ctx->profile->bare_fin_zero_window != 0;
    return (half || bare_fin) && send_one_new(ctx, tcb, bare_fin ? 0 : fits, false);
}

/* The congestion window has room for the next `len` bytes; have the peer, and Nagle? */
static inline bool send_next(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t mss, uint32_t len, bool fin, bool push)
{
    if (__builtin_expect(seq_gt(tcb->snd.nxt + len + fin, window_edge(tcb)), 0))
        return send_into_small_window(ctx, tcb, len, fin);
    return !nagle_holds(ctx, tcb, mss, len, fin) && send_new(ctx, tcb, mss, len, push);
}

/* More than a segment. True: the congestion window, or a bunch that waits for its end, was what ended it. */
static __attribute__((noinline)) bool send_bunches(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t bunch_end)
{
    bool bunched = false;
    do {
        if (packets_in_flight(tcb) >= tcb->cwnd)
            return true;
        const uint32_t mss = current_mss(tcb), nxt = tcb->snd.nxt, left = tcb->snd.end - nxt;
        if (bunch_end == nxt) {
            uint32_t bunch = bunch_next(ctx, tcb, mss);
            if (bunch == 0)
                return true;
            bunch_end += bunch;
            bunched = bunch > mss;
        }
        const uint32_t len = min_u32(min_u32(left, bunch_end - nxt), mss);
        if (!send_next(ctx, tcb, mss, len, tcb->fin_queued && len == left, bunched && nxt + len == bunch_end))
            return false;
        if (!seq_gt(bunch_end, tcb->snd.nxt))
            bunch_end = tcb->snd.nxt;
    } while (has_unsent(tcb));
    return false;
}

/* Something is unsent. */
static __attribute__((noinline)) void send_what_may_go(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->packets_out == 0 && congestion_rested(ctx, tcb))
        congestion_restart_after_idle(ctx, tcb);
    const uint32_t order = tcb->order, nxt = tcb->snd.nxt, left = tcb->snd.end - nxt, mss = current_mss(tcb);
    bool limited = false;
    if (left > mss) {
        limited = send_bunches(ctx, tcb, nxt);
    } else { /* a short message, or only the FIN: one segment, that no bunch waits for */
        limited = packets_in_flight(tcb) >= tcb->cwnd;
        if (!limited && send_next(ctx, tcb, mss, left, tcb->fin_queued, false) && has_unsent(tcb))
            limited = send_bunches(ctx, tcb, nxt + mss);
    }
    const bool sent = tcb->order != order;
    if (sent || limited)
        congestion_sent(tcb, limited);
    if (sent)
        recovery_arm_after_send(ctx, tcb);
    else
        persist_check(ctx, tcb);
}

void tcp_output(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (has_unsent(tcb) && may_send_data(tcb)) /* most segments that arrive leave nothing to send */
        send_what_may_go(ctx, tcb);
}

int64_t persist_interval_ns(const struct tcp_ctx *ctx, const struct tcb *tcb)
{
    int64_t base = max_i64(rto_ns(tcb), ctx->profile->rto_min);
    int64_t interval = base;
    for (unsigned i = 0; i < tcb->backoff && interval < ctx->profile->rto_max; i++)
        interval *= 2;
    return min_i64(interval, ctx->profile->rto_max);
}

/* MUST-36, SHLD-29: the first probe after one retransmission timeout. Data that a cork holds back leaves by this timer too. */
void persist_check(struct tcp_ctx *ctx, struct tcb *tcb)
{
    if (tcb->packets_out == 0 && has_unsent(tcb) && !timer_runs(tcb, SLOT_RETRANSMIT) && !ctx->starved)
        timer_arm(ctx, tcb, SLOT_RETRANSMIT, TIMER_PERSIST, ctx->now_ns + persist_interval_ns(ctx, tcb));
}

/* Segments sent in small pieces may come back as one (section 3.8.6: repackaging; R-127), if nothing between was SACKed. */
static void collapse(struct tcp_ctx *ctx, struct tcb *tcb, struct tcp_record *record, uint32_t space)
{
    while (record->next != 0 && (record->flags & (RECORD_SYN | RECORD_FIN)) == 0) {
        struct tcp_record *next = record_at(ctx, record->next);
        uint32_t data = next->end - record->seq - ((next->flags & RECORD_FIN) ? 1 : 0);
        if ((next->flags & RECORD_SACKED) || data > space || seq_gt(next->end, window_edge(tcb)))
            return;
        record->end = next->end;
        record->flags |= (uint16_t)(next->flags & (RECORD_FIN | RECORD_PUSH | RECORD_EVER));
        if (next->flags & RECORD_LOST)
            tcb->lost_out--;
        if (next->flags & RECORD_RETRANS)
            tcb->retrans_out--;
        tcb->packets_out--;
        uint32_t gone = record->next;
        record->next = next->next;
        if (tcb->sent_tail == gone)
            tcb->sent_tail = (uint32_t)(record - ctx->pool.records);
        record_free(ctx, gone);
    }
}

/* Cuts a record in two at `len` bytes of payload; false if the pool is empty. */
static bool split(struct tcp_ctx *ctx, struct tcb *tcb, struct tcp_record *record, uint32_t len)
{
    if (!record_left(ctx))
        return false;
    const uint32_t index = record_take(ctx);
    struct tcp_record *rest = record_at(ctx, index);
    *rest = *record;
    rest->seq = record->seq + len;
    record->end = rest->seq;
    record->flags &= (uint16_t) ~(RECORD_FIN | RECORD_PUSH);
    record->next = index;
    if (rest->next == 0)
        tcb->sent_tail = index;
    tcb->packets_out++;
    if (rest->flags & RECORD_LOST)
        tcb->lost_out++;
    if (rest->flags & RECORD_RETRANS)
        tcb->retrans_out++;
    return true;
}

bool retransmit_record(struct tcp_ctx *ctx, struct tcb *tcb, uint32_t index)
{
    struct tcp_record *record = record_at(ctx, index);
    if (record->flags & RECORD_SYN) {
        record->sent_ns = ctx->now_ns;
        record->order = ++tcb->order;
        record->flags |= RECORD_EVER;
        record->sent++;
        send_syn(ctx, tcb, false);
        return true;
    }
    if (ctx->room <= 0) {
        ctx->starved = true;
        return false;
    }
    if (seq_lt(record->seq, tcb->snd.una)) /* partly acknowledged */
        record->seq = tcb->snd.una;
    const uint32_t mss = current_mss(tcb);
    uint32_t space = mss;
    if (seq_geq(record->seq, window_edge(tcb))) {
        if (record->seq != tcb->snd.una)
            return false; /* beyond a window that has shrunk only the front is tried */
    } else {
        space = min_u32(mss, window_edge(tcb) - record->seq);
    }
    uint32_t len = record->end - record->seq - ((record->flags & RECORD_FIN) ? 1 : 0);
    if (len > space) {
        if (!split(ctx, tcb, record, space))
            return false;
        record = record_at(ctx, index);
    } else if (len < space) {
        collapse(ctx, tcb, record, space);
    }
    len = record->end - record->seq - ((record->flags & RECORD_FIN) ? 1 : 0);
    const unsigned flags = record->flags & (len > 0 ? TCP_FIN | TCP_PSH : TCP_FIN);
    if (len > 0)
        note_conversation(ctx, tcb);
    record->sent_ns = ctx->now_ns;
    record->order = ++tcb->order;
    record->flags |= RECORD_EVER;
    record->sent++;
    if (!(record->flags & RECORD_RETRANS)) {
        record->flags |= RECORD_RETRANS;
        tcb->retrans_out++;
    }
    tcb->sent_ns = ctx->now_ns;
    ctx->room--;
    emit(ctx, tcb, record->seq, flags, len);
    return true;
}
