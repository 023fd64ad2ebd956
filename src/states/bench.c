/* SPDX-License-Identifier: MIT */
#include "states/bench.h"

#include <string.h>

#include "base/duration.h"
#include "base/invariant.h"

#define BENCH_MSS 1460

/* ---- what the end does is noted down ---- */

static void on_send(void *ctx, struct segment *seg)
{
    struct bench *bench = ctx;
    if (bench->sent_count < BENCH_SENT)
        bench->sent[bench->sent_count] = *seg;
    bench->sent_count++;
    if (seg->options & TCPOPT_TS)
        bench->tsval_sent = seg->tsval;
}

static void on_state(void *ctx, enum tcp_state from, enum tcp_state to, uint8_t why)
{
    struct bench *bench = ctx;
    /* An embryo that ends leaves its listener behind: note 1 below figure 5. */
    if (to == TCP_CLOSED && bench->listens)
        to = TCP_LISTEN;
    if (bench->move_count < BENCH_MOVES)
        bench->moves[bench->move_count++] = (struct bench_move){(uint8_t)from, (uint8_t)to, why};
}

/* A call of TCP is over. */
static void hear(struct bench *bench, const struct tcp_ctx *ctx)
{
    bench->signals |= ctx->signals;
    if ((ctx->signals & 1u << SIGNAL_CONNECTED) != 0 && bench->listens) { /* accepted at once, and the listener is not needed any more */
        bench->held = true;
        bench->listens = false;
    }
    if ((ctx->signals & 1u << SIGNAL_MINI) != 0) {
        bench->mini = ctx->mini;
        bench->lives = BENCH_MINI;
    } else if ((ctx->signals & 1u << SIGNAL_GONE) != 0 && bench->lives == BENCH_TCB) {
        bench->lives = BENCH_NOTHING;
    }
}

void bench_init(struct bench *bench, enum profile_id profile)
{
    memset(bench, 0, sizeof *bench);
    bench->profile = *profile_defaults(profile);
    bench->now_ns = NS_PER_S;
    bench->number = 1;
    bench->peer_wnd = 65535;
    bench->sink = (struct tcp_sink){.ctx = bench, .place = &bench->made, .send = on_send, .state = on_state};
    for (uint32_t i = 1; i + 1 < BENCH_RECORDS; i++)
        bench->records[i].next = i + 1;
    bench->free_head = 1;
    tcp_init(&bench->tcb, &bench->profile, BENCH_MSS);
    bench->held = true;
}

static struct tcp_ctx step(struct bench *bench)
{
    return (struct tcp_ctx){
        .now_ns = bench->now_ns,
        .profile = &bench->profile,
        .sink = &bench->sink,
        .pool = {.records = bench->records, .free_head = &bench->free_head, .used = &bench->used},
        .next_number = &bench->number,
        .record_limit = BENCH_RECORDS - 1,
        .room = 64,
    };
}

enum tcp_state bench_state(const struct bench *bench)
{
    switch (bench->lives) {
    case BENCH_TCB:
        return (enum tcp_state)bench->tcb.state;
    case BENCH_MINI:
        return (enum tcp_state)bench->mini.state;
    case BENCH_NOTHING:
        break;
    }
    return bench->listens ? TCP_LISTEN : TCP_CLOSED;
}

void bench_forget(struct bench *bench)
{
    bench->move_count = bench->sent_count = bench->signals = 0;
}

uint32_t bench_snd_una(const struct bench *bench)
{
    return bench->lives == BENCH_TCB ? bench->tcb.snd.una : bench_snd_nxt(bench);
}

uint32_t bench_snd_nxt(const struct bench *bench)
{
    return bench->lives == BENCH_TCB ? bench->tcb.snd.nxt : bench->lives == BENCH_MINI ? bench->mini.snd_nxt : 0;
}

uint32_t bench_rcv_nxt(const struct bench *bench)
{
    return bench->lives == BENCH_TCB ? bench->tcb.rcv.nxt : bench->lives == BENCH_MINI ? bench->mini.rcv_nxt : 0;
}

/* ---- the program ---- */

void bench_listen(struct bench *bench, bool on)
{
    /* A listener is not a TCB: nothing of src/tcp is asked. */
    bench->listens = on;
    on_state(bench, on ? TCP_CLOSED : TCP_LISTEN, on ? TCP_LISTEN : TCP_CLOSED, TCP_WHY_ORDINARY);
    bench->held = !on;
}

void bench_connect(struct bench *bench)
{
    struct tcp_ctx ctx = step(bench);
    bench->lives = BENCH_TCB;
    tcp_open_active(&ctx, &bench->tcb, 0);
    hear(bench, &ctx);
}

enum tcp_errno bench_send(struct bench *bench, uint32_t bytes, uint32_t *taken)
{
    struct tcp_ctx ctx = step(bench);
    enum tcp_errno error;
    *taken = tcp_send(&ctx, &bench->tcb, bytes, &error);
    hear(bench, &ctx);
    return error;
}

struct tcp_read bench_recv(struct bench *bench)
{
    struct tcp_ctx ctx = step(bench);
    struct tcp_read got = tcp_recv(&ctx, &bench->tcb, UINT32_MAX);
    hear(bench, &ctx);
    return got;
}

enum tcp_errno bench_shutdown(struct bench *bench, bool read, bool write)
{
    struct tcp_ctx ctx = step(bench);
    enum tcp_errno error = tcp_shutdown(&ctx, &bench->tcb, read, write);
    hear(bench, &ctx);
    return error;
}

void bench_close(struct bench *bench)
{
    struct tcp_ctx ctx = step(bench);
    bench->held = false;
    tcp_close(&ctx, &bench->tcb);
    tcp_orphan(&ctx, &bench->tcb);
    hear(bench, &ctx);
}

void bench_abort(struct bench *bench)
{
    struct tcp_ctx ctx = step(bench);
    bench->held = false;
    tcp_abort(&ctx, &bench->tcb);
    hear(bench, &ctx);
}

/* ---- the peer ---- */

static void opens(struct bench *bench, const struct segment *syn, uint32_t iss)
{
    struct tcp_ctx ctx = step(bench);
    tcp_init(&bench->tcb, &bench->profile, BENCH_MSS);
    bench->lives = BENCH_TCB;
    bench->listens = true;
    bench->held = false;
    tcp_open_passive(&ctx, &bench->tcb, iss, syn);
    hear(bench, &ctx);
}

static void nobody_takes(struct bench *bench, const struct segment *seg)
{
    struct segment reply = {0};
    if (!bench->listens) {
        if (tcp_segment_arrives_closed(seg, &reply))
            on_send(bench, &reply);
        return;
    }
    switch (tcp_segment_arrives_listen(&bench->profile, seg, &reply)) {
    case LISTEN_IGNORE:
        break;
    case LISTEN_RESET:
        on_send(bench, &reply);
        break;
    case LISTEN_OPEN:
        opens(bench, seg, 0);
        break;
    }
}

static void arrives(struct bench *bench, const struct segment *seg)
{
    struct tcp_ctx ctx = step(bench);
    uint32_t iss = 0;
    switch (bench->lives) {
    case BENCH_NOTHING:
        nobody_takes(bench, seg);
        break;
    case BENCH_TCB:
        tcp_segment_arrives(&ctx, &bench->tcb, seg);
        hear(bench, &ctx);
        break;
    case BENCH_MINI:
        switch (tcp_mini_segment_arrives(&ctx, &bench->mini, seg, &iss)) {
        case MINI_STAYS:
            break;
        case MINI_ENDS:
            bench->lives = BENCH_NOTHING;
            break;
        case MINI_REOPENS:
            opens(bench, seg, iss);
            break;
        }
        break;
    }
}

static bool timestamps_agreed(const struct bench *bench)
{
    return bench->lives == BENCH_TCB ? bench->tcb.ts_ok : bench->lives == BENCH_MINI && bench->mini.ts_ok;
}

static void add_timestamps(const struct bench *bench, struct segment *seg)
{
    seg->options |= TCPOPT_TS;
    seg->tsval = (uint32_t)(bench->now_ns / NS_PER_MS) + 1;
    seg->tsecr = bench->tsval_sent;
}

void bench_arrives(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct segment seg = {.seq = seq, .ack = flags & TCP_ACK ? ack : 0, .len = len, .wnd = bench->peer_wnd, .flags = flags, .conn = 2};
    if (timestamps_agreed(bench) && !(flags & TCP_RST))
        add_timestamps(bench, &seg);
    arrives(bench, &seg);
}

void bench_syn_arrives(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, bool timestamps)
{
    struct segment seg = {.seq = seq,
                          .ack = flags & TCP_ACK ? ack : 0,
                          .wnd = bench->peer_wnd,
                          .flags = flags,
                          .conn = 2,
                          .options = TCPOPT_MSS | TCPOPT_WSCALE | TCPOPT_SACK_OK,
                          .mss = BENCH_MSS,
                          .wscale = 7};
    if (timestamps && bench->profile.timestamps)
        add_timestamps(bench, &seg);
    arrives(bench, &seg);
}

/* ---- time ---- */

enum tcp_timer bench_timer(const struct bench *bench, int64_t *at_ns)
{
    *at_ns = TIME_NEVER;
    if (bench->lives == BENCH_MINI) {
        *at_ns = bench->mini.at_ns;
        return bench->mini.state == TCP_TIME_WAIT ? TIMER_TIME_WAIT : TIMER_FIN_WAIT_2;
    }
    const int slot = bench->lives == BENCH_TCB ? tcp_next_slot(&bench->tcb) : -1;
    if (slot < 0)
        return TIMER_NONE;
    *at_ns = bench->tcb.slot[slot].at_ns;
    return tcp_next_timer(&bench->tcb);
}

bool bench_fires(struct bench *bench)
{
    int64_t at_ns;
    if (bench_timer(bench, &at_ns) == TIMER_NONE || at_ns == TIME_NEVER)
        return false;
    ASSERT(at_ns >= bench->now_ns);
    bench->now_ns = at_ns;
    struct tcp_ctx ctx = step(bench);
    if (bench->lives == BENCH_MINI) {
        tcp_mini_timeout(&ctx, &bench->mini);
        bench->lives = BENCH_NOTHING;
    } else {
        tcp_timeout(&ctx, &bench->tcb, (enum tcp_slot)tcp_next_slot(&bench->tcb));
        hear(bench, &ctx);
    }
    return true;
}

void bench_passes(struct bench *bench, int64_t ns)
{
    const int64_t until = time_add(bench->now_ns, ns);
    int64_t at_ns;
    while (bench_timer(bench, &at_ns) != TIMER_NONE && at_ns <= until)
        bench_fires(bench);
    bench->now_ns = until;
}
