/* SPDX-License-Identifier: MIT */
/* One end, its clock, its records and its small program. The wire is in wire.c, reading and writing segments in notation.c. */
#include <string.h>

#include "endpoint.h"
#include "notation.h"

static void sink_send(void *ctx, struct segment *seg)
{
    struct end *end = ctx;
    assert_true(end->sent_count < END_SENT);
    struct segment *sent = &end->sent[end->sent_count];
    *sent = *seg;
    sent->conn = end->pair != NULL && end == &end->pair->client ? 1 : 2;
    end->sent_ns[end->sent_count++] = *end->now;
    if (end->pair != NULL)
        wire_takes(end->pair, end, sent);
}

static void sink_state(void *ctx, enum tcp_state from, enum tcp_state to, uint8_t why)
{
    struct end *end = ctx;
    assert_true(end->path_count < END_PATH);
    end->path[end->path_count].from = from;
    end->path[end->path_count].to = to;
    end->path[end->path_count].why = why;
    end->path[end->path_count++].at_ns = *end->now;
}

/* A call is over. */
static void end_hears(struct end *end, struct tcp_ctx *ctx)
{
    for (int signal = 0; signal <= SIGNAL_GONE; signal++)
        end->signals[signal] += ctx->signals >> signal & 1;
    if ((ctx->signals >> SIGNAL_MINI & 1) != 0) {
        end->mini = ctx->mini;
        end->kind = END_MINI;
    } else if ((ctx->signals >> SIGNAL_GONE & 1) != 0 && end->kind == END_TCB) {
        end->kind = END_NONE;
    }
    ctx->signals = 0;
}

struct tcp_ctx end_ctx(struct end *end)
{
    return (struct tcp_ctx){
        .now_ns = *end->now,
        .profile = &end->profile,
        .sink = &end->sink,
        .pool = {.records = end->records, .free_head = &end->free_head, .used = &end->used},
        .next_number = end->next_number,
        .record_limit = END_RECORDS - 1,
        .room = 64,
        .accept_full = end->accept_full,
    };
}

void end_init(struct end *end, enum profile_id profile)
{
    memset(end, 0, sizeof *end);
    end->name = "end";
    end->profile = *profile_defaults(profile);
    end->iss = 0xffffff00; /* every test crosses the end of the number space, sooner or later */
    end->irs = 7000;
    end->peer_wnd = 65535;
    end->link_mss = 1460;
    end->now = &end->clock;
    end->next_number = &end->number;
    end->number = 1;
    end->sink = (struct tcp_sink){.ctx = end, .place = &end->made, .send = sink_send, .state = sink_state};
    for (uint32_t i = 1; i < END_RECORDS; i++)
        end->records[i].next = i + 1 < END_RECORDS ? i + 1 : 0;
    end->free_head = 1;
}

/* What an event loop would do after each step. */
void end_settle(struct end *end)
{
    struct tcp_ctx ctx = end_ctx(end);
    while (end->drains && !end->eof) {
        struct tcp_read read = tcp_recv(&ctx, &end->tcb, UINT32_MAX);
        end_hears(end, &ctx);
        end->got += read.bytes;
        end->eof = read.eof;
        if (read.error != TCP_OK) {
            end->told = read.error;
            end->told_count++;
            break;
        }
        if (read.bytes == 0)
            break;
    }
    while (end->to_write > 0) {
        enum tcp_errno error = TCP_OK;
        uint32_t taken = tcp_send(&ctx, &end->tcb, end->to_write, &error);
        end_hears(end, &ctx);
        end->to_write = error != TCP_OK ? 0 : end->to_write - taken;
        if (taken == 0)
            break;
    }
    for (int i = 0; ctx.starved && end->kind == END_TCB && i < 1000; i++) {
        ctx = end_ctx(end);
        tcp_output(&ctx, &end->tcb);
        end_hears(end, &ctx);
    }
    if ((end->eof && end->closes_at_eof) || (end->closes_when_written && end->to_write == 0)) {
        end->closes_at_eof = end->closes_when_written = false;
        end_close(end);
    }
}

/* Runs one step with a context of its own and then what it left to do. */
#define STEP(end, call) \
    do { \
        struct tcp_ctx ctx = end_ctx(end); \
        call; \
        end_hears(end, &ctx); \
        while (ctx.starved && (end)->kind == END_TCB) { \
            ctx = end_ctx(end); \
            tcp_output(&ctx, &(end)->tcb); \
            end_hears(end, &ctx); \
        } \
        end_settle(end); \
    } while (0)

void end_socket(struct end *end)
{
    tcp_init(&end->tcb, &end->profile, end->link_mss);
    end->socket = true;
}

void end_connect(struct end *end)
{
    if (!end->socket)
        end_socket(end);
    end->socket = false;
    end->kind = END_TCB;
    STEP(end, tcp_open_active(&ctx, &end->tcb, end->iss));
}

void end_listen(struct end *end)
{
    end->listens = true;
}

uint32_t end_send(struct end *end, uint32_t bytes)
{
    enum tcp_errno error = TCP_OK;
    uint32_t taken = 0;
    STEP(end, taken = tcp_send(&ctx, &end->tcb, bytes, &error); end->to_write += bytes - taken);
    assert_string_equal(tcp_errno_name(error), "0");
    return taken;
}

enum tcp_errno end_send_error(struct end *end)
{
    enum tcp_errno error = TCP_OK;
    STEP(end, tcp_send(&ctx, &end->tcb, 1, &error));
    return error;
}

struct tcp_read end_recv(struct end *end, uint32_t max)
{
    struct tcp_read read;
    STEP(end, read = tcp_recv(&ctx, &end->tcb, max));
    return read;
}

void end_shutdown(struct end *end, bool read, bool write)
{
    STEP(end, assert_int_equal(tcp_shutdown(&ctx, &end->tcb, read, write), TCP_OK));
}

void end_shutdown_write(struct end *end)
{
    end_shutdown(end, false, true);
}

void end_close(struct end *end)
{
    end->drains = false;
    STEP(end, tcp_close(&ctx, &end->tcb); tcp_orphan(&ctx, &end->tcb));
}

void end_abort(struct end *end)
{
    end->drains = false;
    STEP(end, tcp_abort(&ctx, &end->tcb));
}

static void listener_takes(struct end *end, const struct segment *seg, const uint32_t *iss)
{
    struct segment reply = {0};
    switch (tcp_segment_arrives_listen(&end->profile, seg, &reply)) {
    case LISTEN_IGNORE:
        break;
    case LISTEN_RESET:
        sink_send(end, &reply);
        break;
    case LISTEN_OPEN:
        if (!end->socket)
            tcp_init(&end->tcb, &end->profile, end->link_mss);
        end->socket = false;
        end->kind = END_TCB;
        if (iss != NULL) {
            end->iss = *iss;
            if (end->pair != NULL)
                (end == &end->pair->client ? &end->pair->server : &end->pair->client)->irs = *iss;
        }
        STEP(end, tcp_open_passive(&ctx, &end->tcb, end->iss, seg));
        break;
    }
}

void end_arrives_segment(struct end *end, const struct segment *seg)
{
    struct segment reply = {0};
    uint32_t iss = 0;
    switch (end->kind) {
    case END_TCB:
        STEP(end, tcp_segment_arrives(&ctx, &end->tcb, seg));
        break;
    case END_MINI: {
        struct tcp_ctx ctx = end_ctx(end);
        enum mini_answer answer = tcp_mini_segment_arrives(&ctx, &end->mini, seg, end->listens ? &iss : NULL);
        if (answer != MINI_STAYS)
            end->kind = END_NONE;
        if (answer == MINI_REOPENS)
            listener_takes(end, seg, &iss);
        break;
    }
    case END_NONE:
        if (end->listens)
            listener_takes(end, seg, NULL);
        else if (tcp_segment_arrives_closed(seg, &reply))
            sink_send(end, &reply);
        break;
    }
}

void end_arrives(struct end *end, const char *text)
{
    struct segment seg = notation_read(end, text);
    end_arrives_segment(end, &seg);
}

bool end_next_timer(const struct end *end, int64_t *at_ns, uint32_t *number)
{
    int slot = -1;
    *at_ns = TIME_NEVER;
    *number = UINT32_MAX;
    switch (end->kind) {
    case END_TCB:
        slot = tcp_next_slot(&end->tcb);
        if (slot >= 0) {
            *at_ns = end->tcb.slot[slot].at_ns;
            *number = end->tcb.slot[slot].number;
        }
        break;
    case END_MINI:
        *at_ns = end->mini.at_ns;
        *number = end->mini.number;
        break;
    case END_NONE:
        break;
    }
    return *at_ns != TIME_NEVER;
}

void end_fires(struct end *end)
{
    if (end->kind == END_MINI) {
        struct tcp_ctx ctx = end_ctx(end);
        tcp_mini_timeout(&ctx, &end->mini);
        end->kind = END_NONE;
    } else {
        STEP(end, tcp_timeout(&ctx, &end->tcb, (enum tcp_slot)tcp_next_slot(&end->tcb)));
    }
}

void end_passes(struct end *end, int64_t ns)
{
    assert_null(end->pair);
    int64_t until = end->clock + ns, at_ns;
    uint32_t number, fired = 0;
    while (end_next_timer(end, &at_ns, &number) && at_ns <= until) {
        assert_true(at_ns >= end->clock && fired++ < 10000);
        end->clock = at_ns;
        end_fires(end);
    }
    end->clock = until;
}

enum tcp_timer end_timer(const struct end *end)
{
    switch (end->kind) {
    case END_TCB:
        return tcp_next_timer(&end->tcb);
    case END_MINI:
        return end->mini.state == TCP_TIME_WAIT ? TIMER_TIME_WAIT : TIMER_FIN_WAIT_2;
    case END_NONE:
        break;
    }
    return TIMER_NONE;
}

enum tcp_state end_state(const struct end *end)
{
    switch (end->kind) {
    case END_TCB:
        return (enum tcp_state)end->tcb.state;
    case END_MINI:
        return (enum tcp_state)end->mini.state;
    case END_NONE:
        break;
    }
    return end->listens ? TCP_LISTEN : TCP_CLOSED;
}

void end_forget(struct end *end)
{
    end->seen = end->sent_count;
    end->path_seen = end->path_count;
    memset(end->signals, 0, sizeof end->signals);
}

static void peer_closes_in_established(struct end *end)
{
    end_arrives(end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
    end_passes(end, 500 * NS_PER_MS); /* a delayed ACK goes out meanwhile */
}

void end_reaches(struct end *end, enum tcp_state state)
{
    switch (state) {
    case TCP_CLOSED:
        break;
    case TCP_LISTEN:
        end_listen(end);
        break;
    case TCP_SYN_SENT:
        end_connect(end);
        break;
    case TCP_SYN_RECEIVED:
        end_listen(end);
        end_arrives(end, "<SEQ=0><CTL=SYN><MSS=1460>");
        break;
    case TCP_ESTABLISHED:
        end_connect(end);
        end_arrives(end, "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>");
        break;
    case TCP_FIN_WAIT_1:
        end_reaches(end, TCP_ESTABLISHED);
        end_shutdown_write(end);
        break;
    case TCP_FIN_WAIT_2:
        end_reaches(end, TCP_FIN_WAIT_1);
        end_arrives(end, "<SEQ=1><ACK=2><CTL=ACK>");
        break;
    case TCP_CLOSE_WAIT:
        end_reaches(end, TCP_ESTABLISHED);
        peer_closes_in_established(end);
        break;
    case TCP_CLOSING:
        end_reaches(end, TCP_FIN_WAIT_1);
        end_arrives(end, "<SEQ=1><ACK=1><CTL=FIN,ACK>");
        break;
    case TCP_LAST_ACK:
        end_reaches(end, TCP_CLOSE_WAIT);
        end_shutdown_write(end);
        break;
    case TCP_TIME_WAIT:
        end_reaches(end, TCP_FIN_WAIT_2);
        end_arrives(end, "<SEQ=1><ACK=2><CTL=FIN,ACK>");
        break;
    }
    expect_state(end, state);
    end_forget(end);
}

void end_reaches_from(struct end *end, enum profile_id profile, enum tcp_state state)
{
    end_init(end, profile);
    end_reaches(end, state);
}

uint32_t end_snd_nxt(enum tcp_state state)
{
    return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT || state == TCP_SYN_SENT || state == TCP_SYN_RECEIVED ? 1 : 2;
}

uint32_t end_rcv_nxt(enum tcp_state state)
{
    return state == TCP_CLOSE_WAIT || state == TCP_CLOSING || state == TCP_LAST_ACK || state == TCP_TIME_WAIT ? 2 : 1;
}

void end_expect_sent_(struct end *end, const char *text, const char *file, int line)
{
    if (end->seen == end->sent_count)
        _fail(file, line);
    char sent[200];
    notation_write(end, &end->sent[end->seen++], text, sent, sizeof sent);
    _assert_string_equal(sent, text, file, line);
}

void end_expect_sent_at_(struct end *end, int64_t at_ns, const char *text, const char *file, int line)
{
    end_expect_sent_(end, text, file, line);
    _assert_int_equal((LargestIntegralType)end->sent_ns[end->seen - 1], (LargestIntegralType)at_ns, file, line);
}

void end_expect_silence_(struct end *end, const char *file, int line)
{
    if (end->seen == end->sent_count)
        return;
    char sent[200];
    notation_write(end, &end->sent[end->seen], "", sent, sizeof sent);
    _assert_string_equal(sent, "silence", file, line);
}

void end_expect_state_(const struct end *end, enum tcp_state state, const char *file, int line)
{
    _assert_string_equal(tcp_state_name(end_state(end)), tcp_state_name(state), file, line);
}

void end_expect_path_(struct end *end, const char *states, const char *file, int line)
{
    char path[END_PATH * 16] = "";
    for (; end->path_seen < end->path_count; end->path_seen++) {
        if (path[0] != '\0')
            strcat(path, " ");
        strcat(path, tcp_state_name(end->path[end->path_seen].to));
    }
    _assert_string_equal(path, states, file, line);
}

static void read_is(struct end *end, struct tcp_read expected, const char *file, int line)
{
    struct tcp_read peeked = tcp_peek(&end->tcb);
    struct tcp_read read = end_recv(end, UINT32_MAX);
    _assert_int_equal(read.bytes, expected.bytes, file, line);
    _assert_int_equal(read.eof, expected.eof, file, line);
    _assert_string_equal(tcp_errno_name(read.error), tcp_errno_name(expected.error), file, line);
    if (peeked.bytes != read.bytes || peeked.eof != read.eof || peeked.error != read.error)
        _fail(file, line); /* tcp_peek did not foretell it */
}

void end_expect_read_(struct end *end, uint32_t bytes, bool eof, enum tcp_errno error, const char *file, int line)
{
    read_is(end, (struct tcp_read){.bytes = bytes, .eof = eof && bytes == 0, .error = error}, file, line);
    if (eof && bytes > 0)
        read_is(end, (struct tcp_read){.eof = true}, file, line);
}

void end_expect_timer_(const struct end *end, enum tcp_timer timer, int64_t in_ns, const char *file, int line)
{
    int64_t at_ns;
    uint32_t number;
    _assert_string_equal(tcp_timer_name(end_timer(end)), tcp_timer_name(timer), file, line);
    if (end_next_timer(end, &at_ns, &number))
        _assert_int_equal((LargestIntegralType)(at_ns - *end->now), (LargestIntegralType)in_ns, file, line);
}
