/* SPDX-License-Identifier: MIT */
/* What can happen to an end: calls, segments, time. An event that a situation cannot meet says so by returning false. */
#include <stddef.h>

#include "base/duration.h"
#include "states/table.h"

#define FAR 100000u /* further than any window that is offered here */
#define NEAR 100u
#define BYTES 100u
#define WAY (10 * NS_PER_MS) /* what comes from the peer comes so much later */
#define DAY (24 * 3600 * NS_PER_S)

/* ---- calls ---- */

static bool has_program(enum situation at)
{
    switch (at) {
    case AT_SYN_RECEIVED: /* an embryo is nobody's yet */
    case AT_FIN_WAIT_1_ORPHAN:
    case AT_FIN_WAIT_2_ORPHAN:
    case AT_CLOSING_ORPHAN:
    case AT_LAST_ACK_ORPHAN:
    case AT_LISTEN: /* a listener has calls of its own */
    case SITUATIONS:
        return false;
    case AT_CLOSED:
    case AT_SYN_SENT:
    case AT_SYN_RECEIVED_BOTH:
    case AT_ESTABLISHED:
    case AT_FIN_WAIT_1:
    case AT_FIN_WAIT_2:
    case AT_CLOSE_WAIT:
    case AT_CLOSING:
    case AT_LAST_ACK:
    case AT_TIME_WAIT:
        return true;
    }
    return false;
}

static bool open_passive(struct bench *bench, enum situation at, struct outcome *out)
{
    bench_listen(bench, true);
    return out->call = at == AT_CLOSED;
}

static bool open_active(struct bench *bench, enum situation at, struct outcome *out)
{
    if (at != AT_CLOSED)
        return false;
    bench_connect(bench);
    return out->call = out->waits = true;
}

static bool send_some(struct bench *bench, enum situation at, struct outcome *out)
{
    out->error = bench_send(bench, BYTES, &out->value);
    return out->call = has_program(at);
}

static bool receive(struct bench *bench, enum situation at, struct outcome *out)
{
    const struct tcp_read read = bench_recv(bench);
    out->value = read.bytes;
    out->eof = read.eof;
    out->error = read.error;
    out->waits = read.bytes == 0 && !read.eof && read.error == TCP_OK;
    return out->call = has_program(at);
}

static bool shutdown_write(struct bench *bench, enum situation at, struct outcome *out)
{
    out->error = bench_shutdown(bench, false, true);
    return out->call = has_program(at);
}

static bool shutdown_read(struct bench *bench, enum situation at, struct outcome *out)
{
    out->error = bench_shutdown(bench, true, false);
    return out->call = has_program(at);
}

static bool close_it(struct bench *bench, enum situation at, struct outcome *out)
{
    if (at == AT_LISTEN)
        bench_listen(bench, false);
    else
        bench_close(bench);
    return out->call = at == AT_LISTEN || has_program(at);
}

/* Bytes have come that nobody has read. */
static bool close_unread(struct bench *bench, enum situation at, struct outcome *out)
{
    if (at != AT_ESTABLISHED && at != AT_FIN_WAIT_1 && at != AT_FIN_WAIT_2)
        return false;
    bench_arrives(bench, TCP_ACK | TCP_PSH, bench_rcv_nxt(bench), bench_snd_una(bench), BYTES);
    bench_forget(bench);
    bench_close(bench);
    return out->call = true;
}

static bool abort_it(struct bench *bench, enum situation at, struct outcome *out)
{
    bench_abort(bench);
    return out->call = has_program(at);
}

/* ---- segments ---- */

static bool segment(struct bench *bench, uint8_t flags, uint32_t above, uint32_t len)
{
    bench_arrives(bench, flags, bench_rcv_nxt(bench) + above, bench_snd_una(bench), len);
    return true;
}

/* Past the handshake, there are numbers to be right or wrong. */
static bool synchronized(enum situation at)
{
    return at != AT_CLOSED && at != AT_LISTEN && at != AT_SYN_SENT;
}

static bool outstanding(const struct bench *bench)
{
    return bench->lives == BENCH_TCB && bench->tcb.snd.una != bench->tcb.snd.nxt;
}

static bool fin_has_come(enum situation at)
{
    const enum tcp_state state = situation_state(at);
    return state == TCP_CLOSE_WAIT || state == TCP_CLOSING || state == TCP_LAST_ACK || state == TCP_TIME_WAIT;
}

static bool syn(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_syn_arrives(bench, TCP_SYN, bench_rcv_nxt(bench), 0, true);
    return !synchronized(at);
}

static bool syn_again(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_syn_arrives(bench, TCP_SYN, bench_rcv_nxt(bench) - 1, 0, true);
    return at == AT_SYN_RECEIVED || at == AT_SYN_RECEIVED_BOTH;
}

static bool syn_above(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_syn_arrives(bench, TCP_SYN, bench_rcv_nxt(bench) + FAR, 0, true);
    return synchronized(at);
}

static bool syn_in_window(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_syn_arrives(bench, TCP_SYN, bench_rcv_nxt(bench) + NEAR, 0, true);
    return synchronized(at) && at != AT_TIME_WAIT;
}

static bool syn_below(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_syn_arrives(bench, TCP_SYN, bench_rcv_nxt(bench) - FAR, 0, false);
    return synchronized(at);
}

static bool syn_ack(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_syn_arrives(bench, TCP_SYN | TCP_ACK, synchronized(at) ? bench_rcv_nxt(bench) - 1 : 0, bench_snd_nxt(bench), true);
    return true;
}

static bool syn_ack_of_nothing(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_syn_arrives(bench, TCP_SYN | TCP_ACK, 0, bench_snd_nxt(bench) + FAR, true);
    return at == AT_SYN_SENT;
}

static bool ack(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)at;
    (void)out;
    bench_arrives(bench, TCP_ACK, bench_rcv_nxt(bench), bench_snd_nxt(bench), 0);
    return true;
}

static bool ack_of_nothing_new(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)at;
    (void)out;
    return outstanding(bench) && segment(bench, TCP_ACK, 0, 0);
}

static bool ack_beyond(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_arrives(bench, TCP_ACK, bench_rcv_nxt(bench), bench_snd_nxt(bench) + NEAR, 0);
    return at != AT_CLOSED && at != AT_LISTEN;
}

static bool ack_ancient(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_arrives(bench, TCP_ACK, bench_rcv_nxt(bench), bench_snd_una(bench) - 10 * FAR, 0);
    return synchronized(at);
}

static bool probe(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_ACK, UINT32_MAX, 0);
}

static bool data(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return segment(bench, TCP_ACK | TCP_PSH, 0, BYTES) && at != AT_CLOSED;
}

static bool data_above_gap(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_ACK | TCP_PSH, NEAR, BYTES);
}

static bool data_below(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_ACK | TCP_PSH, 0 - FAR, BYTES);
}

static bool data_beyond(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_ACK | TCP_PSH, FAR, BYTES);
}

static bool fin(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)at;
    (void)out;
    return segment(bench, TCP_FIN | TCP_ACK, 0, 0);
}

static bool fin_that_acknowledges(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)at;
    (void)out;
    if (!outstanding(bench))
        return false;
    bench_arrives(bench, TCP_FIN | TCP_ACK, bench_rcv_nxt(bench), bench_snd_nxt(bench), 0);
    return true;
}

static bool fin_behind_data(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_FIN | TCP_PSH | TCP_ACK, 0, BYTES);
}

static bool fin_above_gap(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_FIN | TCP_ACK, NEAR, 0);
}

static bool fin_again(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return fin_has_come(at) && segment(bench, TCP_FIN | TCP_ACK, UINT32_MAX, 0);
}

static bool no_ack_flag(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)at;
    (void)out;
    return segment(bench, TCP_PSH, 0, BYTES);
}

static bool rst(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)at;
    (void)out;
    return segment(bench, TCP_RST, 0, 0);
}

static bool rst_ack(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_arrives(bench, TCP_RST | TCP_ACK, bench_rcv_nxt(bench), bench_snd_nxt(bench), 0);
    return at == AT_SYN_SENT;
}

static bool rst_ack_of_nothing(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    bench_arrives(bench, TCP_RST | TCP_ACK, bench_rcv_nxt(bench), bench_snd_nxt(bench) + NEAR, 0);
    return at == AT_SYN_SENT;
}

static bool rst_in_window(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_RST, NEAR, 0);
}

static bool rst_one_below(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_RST, UINT32_MAX, 0);
}

static bool rst_outside(struct bench *bench, enum situation at, struct outcome *out)
{
    (void)out;
    return synchronized(at) && segment(bench, TCP_RST, 10 * FAR, 0);
}

/* ---- time ---- */

/* Something that the peer leaves unanswered. */
static bool speaks(struct bench *bench)
{
    uint32_t taken;
    return bench_send(bench, BYTES, &taken) == TCP_OK && taken > 0;
}

static bool fires(struct bench *bench, struct outcome *out)
{
    int64_t at_ns;
    const int64_t began = bench->now_ns;
    out->timer = bench_timer(bench, &at_ns);
    if (!bench_fires(bench))
        return false;
    out->after_ns = bench->now_ns - began;
    return true;
}

/* What led here does not count. */
static bool first_timeout(struct bench *bench, struct outcome *out)
{
    bench_forget(bench);
    return fires(bench, out);
}

/* Until nothing is left to wait for, or a day has passed. */
static bool silence(struct bench *bench, struct outcome *out)
{
    const int64_t began = bench->now_ns;
    if (!first_timeout(bench, out))
        return false;
    while (bench_state(bench) != TCP_CLOSED && bench->now_ns - began < DAY && bench_fires(bench))
        ;
    out->after_ns = bench->now_ns - began;
    return true;
}

static bool timeout(struct bench *bench, enum situation at, struct outcome *out)
{
    if ((at == AT_ESTABLISHED || at == AT_CLOSE_WAIT) && !speaks(bench))
        return false;
    return first_timeout(bench, out);
}

static bool no_answer(struct bench *bench, enum situation at, struct outcome *out)
{
    if (at == AT_FIN_WAIT_2_ORPHAN || at == AT_TIME_WAIT) /* they wait for nothing: the first timeout is the last */
        return false;
    if ((at == AT_ESTABLISHED || at == AT_CLOSE_WAIT) && !speaks(bench))
        return false;
    return silence(bench, out) && bench->move_count > 0;
}

static bool user_timeout(struct bench *bench, enum situation at, struct outcome *out)
{
    if (bench->lives != BENCH_TCB || at == AT_SYN_RECEIVED || situation_state(at) == TCP_FIN_WAIT_2)
        return false;
    bench->tcb.user_timeout_ms = 0;
    struct tcp_ctx ctx = {.profile = &bench->profile};
    tcp_set_user_timeout(&ctx, &bench->tcb, 5 * NS_PER_S);
    return no_answer(bench, at, out);
}

/* Keep-alive of 10 s, three probes a second apart. */
static void keepalive_on(struct bench *bench)
{
    struct tcp_ctx ctx = {.now_ns = bench->now_ns, .profile = &bench->profile, .sink = &bench->sink, .next_number = &bench->number};
    tcp_set_keepalive(&ctx, &bench->tcb, true, 10 * NS_PER_S, NS_PER_S, 3);
}

static bool idle_with_program(enum situation at)
{
    return at == AT_ESTABLISHED || at == AT_FIN_WAIT_2 || at == AT_CLOSE_WAIT;
}

static bool keepalive(struct bench *bench, enum situation at, struct outcome *out)
{
    if (!idle_with_program(at))
        return false;
    keepalive_on(bench);
    return first_timeout(bench, out);
}

static bool keepalive_unanswered(struct bench *bench, enum situation at, struct outcome *out)
{
    if (!idle_with_program(at))
        return false;
    keepalive_on(bench);
    return silence(bench, out);
}

/* The peer has closed its window, and the program has more to say. */
static bool zero_window(struct bench *bench, enum situation at, struct outcome *out)
{
    if (at != AT_ESTABLISHED && at != AT_CLOSE_WAIT)
        return false;
    bench->peer_wnd = 0;
    segment(bench, TCP_ACK, 0, 0);
    return speaks(bench) && first_timeout(bench, out);
}

static bool delayed_ack(struct bench *bench, enum situation at, struct outcome *out)
{
    int64_t at_ns;
    if (at != AT_ESTABLISHED)
        return false;
    segment(bench, TCP_FIN | TCP_PSH | TCP_ACK, 0, BYTES);
    return bench_timer(bench, &at_ns) == TIMER_DELAYED_ACK && fires(bench, out);
}

/* ---- the list ---- */

static const struct {
    struct event_about about;
    bool (*play)(struct bench *bench, enum situation at, struct outcome *out);
} events[] = {
    {{"OPEN, passive: listen()", EVENTS_CALLS, false}, open_passive},
    {{"OPEN, active: connect()", EVENTS_CALLS, false}, open_active},
    {{"SEND: send(100)", EVENTS_CALLS, false}, send_some},
    {{"RECEIVE: recv()", EVENTS_CALLS, false}, receive},
    {{"SHUTDOWN: shutdown(write)", EVENTS_CALLS, false}, shutdown_write},
    {{"shutdown(read)", EVENTS_CALLS, false}, shutdown_read},
    {{"CLOSE: close()", EVENTS_CALLS, false}, close_it},
    {{"close(), data unread", EVENTS_CALLS, false}, close_unread},
    {{"ABORT: linger 0, close()", EVENTS_CALLS, false}, abort_it},
    {{"SYN", EVENTS_SEGMENTS, false}, syn},
    {{"SYN again", EVENTS_SEGMENTS, false}, syn_again},
    {{"SYN, a higher number", EVENTS_SEGMENTS, false}, syn_above},
    {{"SYN, in the window", EVENTS_SEGMENTS, false}, syn_in_window},
    {{"SYN, a lower number", EVENTS_SEGMENTS, false}, syn_below},
    {{"SYN ACK", EVENTS_SEGMENTS, false}, syn_ack},
    {{"SYN ACK of nothing sent", EVENTS_SEGMENTS, false}, syn_ack_of_nothing},
    {{"ACK of all that was sent", EVENTS_SEGMENTS, false}, ack},
    {{"ACK, not of the SYN or FIN", EVENTS_SEGMENTS, false}, ack_of_nothing_new},
    {{"ACK of nothing sent", EVENTS_SEGMENTS, false}, ack_beyond},
    {{"ACK, far too old", EVENTS_SEGMENTS, false}, ack_ancient},
    {{"probe: SEQ = RCV.NXT-1", EVENTS_SEGMENTS, false}, probe},
    {{"data", EVENTS_SEGMENTS, false}, data},
    {{"data, above a gap", EVENTS_SEGMENTS, false}, data_above_gap},
    {{"data, below the window", EVENTS_SEGMENTS, false}, data_below},
    {{"data, beyond the window", EVENTS_SEGMENTS, false}, data_beyond},
    {{"FIN", EVENTS_SEGMENTS, false}, fin},
    {{"FIN, ACK of all sent", EVENTS_SEGMENTS, false}, fin_that_acknowledges},
    {{"FIN behind data", EVENTS_SEGMENTS, false}, fin_behind_data},
    {{"FIN, above a gap", EVENTS_SEGMENTS, false}, fin_above_gap},
    {{"FIN again", EVENTS_SEGMENTS, false}, fin_again},
    {{"data without ACK", EVENTS_SEGMENTS, false}, no_ack_flag},
    {{"RST", EVENTS_SEGMENTS, false}, rst},
    {{"RST ACK", EVENTS_SEGMENTS, false}, rst_ack},
    {{"RST ACK of nothing sent", EVENTS_SEGMENTS, false}, rst_ack_of_nothing},
    {{"RST, in the window", EVENTS_SEGMENTS, false}, rst_in_window},
    {{"RST, one below RCV.NXT", EVENTS_SEGMENTS, false}, rst_one_below},
    {{"RST, outside the window", EVENTS_SEGMENTS, false}, rst_outside},
    {{"first timeout", EVENTS_TIME, true}, timeout},
    {{"no answer, ever", EVENTS_TIME, false}, no_answer},
    {{"user timeout of 5 s", EVENTS_TIME, false}, user_timeout},
    {{"FIN, delayed ACK", EVENTS_TIME, false}, delayed_ack},
    {{"zero window", EVENTS_TIME, false}, zero_window},
    {{"keep-alive", EVENTS_TIME, false}, keepalive},
    {{"keep-alive, no answer", EVENTS_TIME, false}, keepalive_unanswered},
};

unsigned events_count(void)
{
    return sizeof events / sizeof *events;
}

const struct event_about *event_about(unsigned event)
{
    return &events[event].about;
}

/* What the program would see if it looked, after a signal that it should. */
static void told(struct bench *bench, struct outcome *out)
{
    out->connected = (bench->signals & (1u << SIGNAL_CONNECTED)) != 0;
    if (!bench->held || (bench->signals & (1u << SIGNAL_READABLE | 1u << SIGNAL_ERROR)) == 0)
        return;
    const struct tcp_read read = bench_recv(bench);
    out->told_bytes = read.bytes;
    out->told_eof = read.eof;
    out->told_error = read.error;
    if (read.bytes > 0)
        out->told_eof = bench_recv(bench).eof;
}

void table_play(enum profile_id profile, enum situation situation, unsigned event, struct outcome *out)
{
    struct bench bench;
    *out = (struct outcome){0};
    situation_reach(&bench, profile, situation);
    if (events[event].about.group == EVENTS_SEGMENTS)
        bench_passes(&bench, WAY);
    bench_forget(&bench);
    out->possible = events[event].play(&bench, situation, out);
    out->state = bench_state(&bench);
    out->move_count = bench.move_count;
    out->sent_count = bench.sent_count;
    for (unsigned i = 0; i < BENCH_MOVES; i++)
        out->moves[i] = bench.moves[i];
    for (unsigned i = 0; i < BENCH_SENT; i++)
        out->sent[i] = bench.sent[i];
    if (!out->call)
        told(&bench, out);
}
