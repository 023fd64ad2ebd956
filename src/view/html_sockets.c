/* SPDX-License-Identifier: MIT */
/* The socket tables of the hosts as `ss -tano` prints them, followed from the trace: what was written and acknowledged, what arrived and
 * was read. A SYN and a FIN count in a queue as they do there, so that Recv-Q 1 in CLOSE-WAIT is an end-of-file that nobody has read. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/state.h"
#include "view/html.h"
#include "view/packet.h"

#define HOLES 16u

struct sock {
    bool made, fin, eof_taken, accepted;
    uint8_t state, host, peer;
    uint32_t una, sent, edge; /* acknowledged; one past the highest sent; one past what arrived without a gap */
    uint32_t early[HOLES][2]; /* what arrived beyond a gap */
    unsigned holes;
    uint64_t written, taken;
    uint64_t wanted; /* what a waiting recv will take */
    int64_t at_ns[TCP_TIMERS];
    unsigned ran[TCP_TIMERS];
};

struct listener {
    bool open;
    uint8_t host;
    uint16_t port; /* 0: not known */
    uint32_t end, backlog;
};
#define LISTENERS 16u

struct sockets {
    const struct svg *svg;
    struct sock *socks; /* two a connection */
    uint16_t *ports;
    uint32_t conns;
    struct listener listeners[LISTENERS];
    unsigned listener_count;
};

/* A port that the file leaves to the host is the one of the captures: what a middlebox has seen, or the next of the host's range. */
static bool ports_find(struct sockets *s)
{
    struct packet_flows flows;
    packet_flows_init(&flows, s->svg->glossary, s->svg->ladder.judgement);
    for (uint32_t conn = 1; conn < flows.count && conn <= s->conns && !flows.failed; conn++) {
        for (unsigned side = 0; side < 2; side++)
            s->ports[(size_t)conn * 2 + side] = flows.sides[conn][side].port;
    }
    bool found = !flows.failed;
    packet_flows_done(&flows);
    return found;
}

struct sockets *sockets_new(const struct svg *svg)
{
    struct sockets *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->svg = svg;
    s->conns = svg->ladder.shown < svg->glossary->conns ? svg->ladder.shown : svg->glossary->conns;
    s->socks = calloc(((size_t)s->conns + 1) * 2, sizeof *s->socks);
    s->ports = calloc(((size_t)s->conns + 1) * 2, sizeof *s->ports);
    if (s->socks == NULL || s->ports == NULL) {
        sockets_free(s);
        return NULL;
    }
    if (!ports_find(s)) {
        sockets_free(s);
        return NULL;
    }
    return s;
}

void sockets_free(struct sockets *s)
{
    if (s == NULL)
        return;
    free(s->socks);
    free(s->ports);
    free(s);
}

/* ---- following the trace ---- */

/* The end of a connection at a host, NULL without one. */
static struct sock *at(struct sockets *s, uint32_t conn, unsigned host)
{
    for (unsigned side = 0; side < 2 && conn != 0 && conn <= s->conns; side++) {
        struct sock *sock = &s->socks[(size_t)conn * 2 + side];
        if (sock->made && sock->host == host)
            return sock;
    }
    return NULL;
}

/* The port of a listener: of the listen() that made it, or of a service that has none yet. */
static void listener_describe(struct sockets *s, struct listener *listener, const struct trace_event *e)
{
    const struct glossary *glossary = s->svg->glossary;
    const struct story *story = glossary->story;
    const struct trace_event *cause = e->cause != 0 ? &glossary->trace->events[e->cause - 1] : NULL;
    const struct story_step *step = cause != NULL && cause->kind == TRACE_CALL ? glossary_step(glossary, &cause->call) : NULL;
    uint32_t most = story->nodes[e->host].profile.backlog_max > 0 ? (uint32_t)story->nodes[e->host].profile.backlog_max : 0;
    uint32_t backlog = step != NULL ? step->backlog : STORY_BACKLOG_MOST;
    listener->port = step != NULL ? step->port : 0;
    for (uint32_t p = 0; p < story->program_count && listener->port == 0; p++) {
        const struct story_program *program = &story->programs[p];
        bool taken = !program->service || program->host != e->host;
        for (unsigned i = 0; i < s->listener_count && !taken; i++)
            taken = s->listeners[i].open && s->listeners[i].host == e->host && s->listeners[i].port == program->port;
        listener->port = taken ? 0 : program->port;
        backlog = taken ? backlog : program->backlog;
    }
    listener->backlog = most != 0 && backlog > most ? most : backlog;
}

static void listening(struct sockets *s, const struct trace_event *e)
{
    if (e->state.to == TCP_LISTEN && s->listener_count < LISTENERS) {
        struct listener listener = {.host = e->host, .end = e->state.end};
        listener_describe(s, &listener, e);
        listener.open = true;
        s->listeners[s->listener_count++] = listener;
    }
    for (unsigned i = 0; i < s->listener_count && e->state.to == TCP_CLOSED; i++) {
        if (s->listeners[i].host == e->host && s->listeners[i].end == e->state.end)
            s->listeners[i].open = false;
    }
}

static void changed(struct sockets *s, const struct trace_event *e)
{
    if (e->conn == 0) {
        listening(s, e);
        return;
    }
    if (e->conn > s->conns || e->state.side > 1)
        return;
    struct sock *sock = &s->socks[(size_t)e->conn * 2 + e->state.side];
    if (!sock->made || sock->state == TCP_CLOSED) {
        *sock = (struct sock){.made = true, .host = e->host, .peer = e->host, .edge = 1};
        unsigned peer = s->svg->peer_lane[(size_t)e->conn * 2 + e->state.side];
        if (peer != LANE_NONE)
            sock->peer = (uint8_t)s->svg->lanes[peer].node;
        for (unsigned t = 0; t < TCP_TIMERS; t++)
            sock->at_ns[t] = TIME_NEVER;
    }
    sock->state = e->state.to;
    sock->fin = sock->fin || e->state.to == TCP_FIN_WAIT_1 || e->state.to == TCP_LAST_ACK;
}

static void timed(struct sockets *s, const struct trace_event *e)
{
    struct sock *sock = at(s, e->conn, e->host);
    if (sock == NULL || e->timer.timer >= TCP_TIMERS)
        return;
    sock->at_ns[e->timer.timer] = e->what == TIMER_ARMED ? e->timer.at_ns : TIME_NEVER;
    sock->ran[e->timer.timer] += e->what == TIMER_FIRED;
}

static void called(struct sockets *s, const struct trace_event *e)
{
    struct sock *sock = at(s, e->conn, e->host);
    const struct story_step *step = glossary_step(s->svg->glossary, &e->call);
    if (sock == NULL)
        return;
    if (e->call.call == CALL_RECV)
        sock->wanted = step != NULL && step->size > 0 ? (uint64_t)step->size : UINT64_MAX;
    else if (e->call.call == CALL_RECV_EOF || e->call.call == CALL_DRAIN)
        sock->wanted = UINT64_MAX;
}

static void returned(struct sockets *s, const struct trace_event *e)
{
    struct sock *sock = at(s, e->conn, e->host);
    if (sock == NULL)
        return;
    uint64_t bytes = e->call.error == TCP_OK && e->call.value > 0 ? (uint64_t)e->call.value : 0;
    switch ((enum call_kind)e->call.call) {
    case CALL_SEND:
        sock->written += bytes;
        break;
    case CALL_RECV:
    case CALL_RECV_EOF:
        sock->wanted = 0;
        sock->taken += bytes;
        sock->eof_taken = sock->eof_taken || e->call.eof;
        break;
    case CALL_DRAIN:
        sock->taken += bytes;
        sock->eof_taken = sock->eof_taken || e->call.eof;
        break;
    case CALL_DRAIN_OFF:
        sock->wanted = 0;
        break;
    case CALL_ACCEPT:
        sock->accepted = true;
        break;
    case CALL_LISTEN:
    case CALL_CONNECT:
    case CALL_SHUTDOWN:
    case CALL_CLOSE:
    case CALL_ABORT:
    case CALL_SET:
    case CALL_RELAY:
    case CALL_SLEEP:
    case CALL_EXIT:
        break;
    }
}

static uint32_t later(uint32_t a, uint32_t b)
{
    return (int32_t)(b - a) > 0 ? b : a;
}

static uint32_t end_of(const struct trace_segment *s)
{
    return s->seq + s->len + ((s->flags & TCP_FIN) != 0) + ((s->flags & TCP_SYN) != 0);
}

static void sent(struct sockets *s, const struct trace_event *e)
{
    struct sock *sock = at(s, e->conn, e->host);
    if (sock != NULL && !(e->segment.flags & TCP_RST))
        sock->sent = later(sock->sent, end_of(&e->segment));
}

/* What came before its turn counts when the gap is closed. */
static void close_gaps(struct sock *sock)
{
    for (unsigned i = 0; i < sock->holes;) {
        if ((int32_t)(sock->early[i][0] - sock->edge) > 0) {
            i++;
            continue;
        }
        sock->edge = later(sock->edge, sock->early[i][1]);
        sock->holes--;
        memmove(sock->early[i], sock->early[i + 1], (sock->holes - i) * sizeof *sock->early);
        i = 0;
    }
}

static void arrived(struct sockets *s, const struct trace_event *e)
{
    struct sock *sock = at(s, e->conn, e->host);
    const struct trace_segment *seg = &e->segment;
    if (sock == NULL || sock->state == TCP_CLOSED || (seg->flags & TCP_RST))
        return;
    if ((seg->flags & TCP_ACK) && (int32_t)(seg->ack - sock->una) > 0 && (int32_t)(sock->sent - seg->ack) >= 0) {
        sock->una = seg->ack;
        memset(sock->ran, 0, sizeof sock->ran);
    }
    bool carries = seg->len > 0 || (seg->flags & TCP_FIN) != 0;
    if (carries && !(seg->flags & TCP_SYN) && sock->holes + 1 < HOLES) {
        sock->early[sock->holes][0] = seg->seq;
        sock->early[sock->holes++][1] = end_of(seg);
        close_gaps(sock);
    }
}

void sockets_event(struct sockets *s, uint32_t number)
{
    const struct trace_event *e = &s->svg->glossary->trace->events[number - 1];
    switch ((enum trace_kind)e->kind) {
    case TRACE_SEND:
        sent(s, e);
        break;
    case TRACE_RECV:
        arrived(s, e);
        break;
    case TRACE_STATE:
        changed(s, e);
        break;
    case TRACE_TIMER:
        timed(s, e);
        break;
    case TRACE_CALL:
        called(s, e);
        break;
    case TRACE_RETURN:
        returned(s, e);
        break;
    case TRACE_DROP:
    case TRACE_DUP:
    case TRACE_INJECT:
    case TRACE_NOTE:
    case TRACE_FAULT:
    case TRACE_NAME:
    case TRACE_FLOW:
        break;
    }
}

/* ---- the table ---- */

static const char *ss_state(uint8_t state)
{
    static const char *const names[TCP_STATES] = {"UNCONN",     "LISTEN",     "SYN-SENT", "SYN-RECV", "ESTAB",    "FIN-WAIT-1",
                                                  "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK", "TIME-WAIT"};
    return state < TCP_STATES ? names[state] : "?";
}

/* print_ms_timer() of iproute2, as it is. */
void sockets_timer(struct text *out, int64_t ns)
{
    int64_t ms = ns / NS_PER_MS, minutes = ms / 60000, seconds = ms / 1000 % 60;
    ms %= 1000;
    if (minutes > 0) {
        ms = 0;
        seconds = minutes > 9 ? 0 : seconds;
        text_printf(out, "%" PRId64 "min", minutes);
    }
    if (seconds > 0) {
        ms = seconds > 9 ? 0 : ms;
        text_printf(out, "%" PRId64 "%s", seconds, ms > 0 ? "." : "sec");
    }
    if (ms > 0)
        text_printf(out, "%03" PRId64 "ms", ms);
}

/* A delayed ACK is not among the timers that ss shows. */
static void timer(struct text *out, const struct sock *sock, int64_t now_ns)
{
    static const struct {
        uint8_t timer;
        const char *name;
    } order[] = {{TIMER_RETRANSMISSION, "on"},   {TIMER_TAIL_LOSS_PROBE, "on"},  {TIMER_REORDERING, "on"},     {TIMER_PERSIST, "persist"},
                 {TIMER_KEEPALIVE, "keepalive"}, {TIMER_FIN_WAIT_2, "timewait"}, {TIMER_TIME_WAIT, "timewait"}};
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
        int64_t at_ns = sock->at_ns[order[i].timer];
        if (at_ns == TIME_NEVER)
            continue;
        text_printf(out, "timer:(%s,", order[i].name);
        sockets_timer(out, at_ns > now_ns ? at_ns - now_ns : 0);
        text_printf(out, ",%u)", sock->ran[order[i].timer]);
        return;
    }
}

static uint64_t recv_queue(const struct sock *sock)
{
    uint64_t has = sock->edge - 1u, took = sock->taken + sock->eof_taken;
    uint64_t left = has > took ? has - took : 0;
    return left > sock->wanted ? left - sock->wanted : 0;
}

static uint64_t send_queue(const struct sock *sock)
{
    uint64_t end = 1 + sock->written + sock->fin;
    end = sock->sent > end ? sock->sent : end;
    return end > sock->una ? end - sock->una : 0;
}

static void row(struct text *out, const char *state, uint64_t recv, uint64_t send, const char *local, const char *peer, const char *timers)
{
    text_printf(out, "%s[\"%s\",\"%" PRIu64 "\",\"%" PRIu64 "\",", out->bytes[out->length - 1] == '[' ? "" : ",", state, recv, send);
    html_string(out, local);
    text_putc(out, ',');
    html_string(out, peer);
    text_putc(out, ',');
    html_string(out, timers);
    text_putc(out, ']');
}

static void address(struct text *out, const char *host, uint16_t port)
{
    if (port != 0)
        text_printf(out, "%s:%u", host, (unsigned)port);
    else
        text_printf(out, "%s:*", host);
}

static void listener_row(struct text *out, const struct sockets *s, const struct listener *listener)
{
    struct text local = {0};
    uint64_t waiting = 0;
    for (uint32_t conn = 1; conn <= s->conns; conn++) {
        const struct sock *sock = &s->socks[(size_t)conn * 2 + 1];
        bool mine = sock->made && sock->host == listener->host && (listener->port == 0 || s->ports[(size_t)conn * 2 + 1] == listener->port);
        waiting += mine && !sock->accepted && sock->state >= TCP_ESTABLISHED;
    }
    address(&local, "0.0.0.0", listener->port);
    row(out, "LISTEN", waiting, listener->backlog, local.bytes != NULL ? local.bytes : "", "0.0.0.0:*", "");
    text_free(&local);
}

static void sock_row(struct text *out, const struct sockets *s, const struct sock *sock, size_t index, int64_t now_ns)
{
    struct text local = {0}, peer = {0}, timers = {0};
    bool queues = sock->state != TCP_SYN_RECEIVED && sock->state != TCP_TIME_WAIT;
    address(&local, glossary_host(s->svg->glossary, sock->host), s->ports[index]);
    address(&peer, glossary_host(s->svg->glossary, sock->peer), s->ports[index ^ 1]);
    timer(&timers, sock, now_ns);
    row(out, ss_state(sock->state), queues ? recv_queue(sock) : 0, queues ? send_queue(sock) : 0, local.bytes != NULL ? local.bytes : "",
        peer.bytes != NULL ? peer.bytes : "", timers.bytes != NULL ? timers.bytes : "");
    text_free(&local);
    text_free(&peer);
    text_free(&timers);
}

void sockets_table(struct text *out, const struct sockets *s, unsigned host, int64_t now_ns)
{
    text_putc(out, '[');
    for (unsigned i = 0; i < s->listener_count && !out->failed; i++) {
        if (s->listeners[i].open && s->listeners[i].host == host)
            listener_row(out, s, &s->listeners[i]);
    }
    for (size_t i = 2; i < ((size_t)s->conns + 1) * 2 && !out->failed; i++) {
        if (s->socks[i].made && s->socks[i].host == host && s->socks[i].state != TCP_CLOSED)
            sock_row(out, s, &s->socks[i], i, now_ns);
    }
    text_putc(out, ']');
}
