/* SPDX-License-Identifier: MIT */
/* One end of one connection as a packetdrill script: its calls, what comes in, what must go out, at their times. So a run can be asked of
 * a real kernel. Numbers in it are relative, as in the trace; windows that come in stand as on the wire. What a kernel may do otherwise
 * (the windows that it offers) is left open. */
#include <inttypes.h>
#include <string.h>

#include "tcp/state.h"
#include "view/glossary.h"
#include "view/packet.h"

#define LISTENER 3 /* descriptors: the first socket that the script makes, and the one that it accepts */

struct script {
    struct text *out;
    const struct glossary *glossary;
    struct packet_flows flows;
    uint32_t conn;
    uint8_t host;
    unsigned descriptor; /* of the connection */
    bool passive;
    const struct trace_event *told; /* what was sent before this has its line */
};

static void stamp(struct text *out, int64_t ns)
{
    text_printf(out, "%" PRId64 ".%06d", ns / NS_PER_S, (int)(ns % NS_PER_S / NS_PER_US));
}

/* ---- packets ---- */

static const char *comma(struct text *out, bool *first)
{
    const char *between = *first ? " <" : ",";
    (void)out;
    *first = false;
    return between;
}

/* In Linux's order, with its paddings, as packet_options() lays them out. */
static void options(struct text *out, const struct trace_event *e)
{
    const struct trace_segment *s = &e->segment;
    bool first = true;
    if (s->options & TCPOPT_MSS)
        text_printf(out, "%smss %u", comma(out, &first), (unsigned)s->mss);
    if (s->options & TCPOPT_TS)
        text_printf(out, "%s%s,TS val %u ecr %u", comma(out, &first), s->options & TCPOPT_SACK_OK ? "sackOK" : "nop,nop",
                    (unsigned)s->tsval, (unsigned)s->tsecr);
    else if (s->options & TCPOPT_SACK_OK)
        text_printf(out, "%snop,nop,sackOK", comma(out, &first));
    if (s->options & TCPOPT_WSCALE)
        text_printf(out, "%snop,wscale %u", comma(out, &first), (unsigned)s->wscale);
    for (unsigned i = 0; i < s->sack_count && i < SEGMENT_SACK_MAX; i++)
        text_printf(out, "%s%u:%u", i == 0 ? (first ? " <nop,nop,sack " : ",nop,nop,sack ") : " ", (unsigned)e->sack[i].left,
                    (unsigned)e->sack[i].right);
    if (!first || s->sack_count > 0)
        text_putc(out, '>');
}

/* Does `next` go on where `e` ends, in the same breath? */
static bool goes_on(const struct trace_event *e, const struct trace_event *next)
{
    const struct trace_segment *s = &e->segment, *t = &next->segment;
    return next->kind == TRACE_SEND && next->time_ns == e->time_ns && next->host == e->host && next->conn == e->conn && s->len > 0 &&
           t->len > 0 && t->seq == s->seq + s->len && t->ack == s->ack && (s->flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0 &&
           (t->flags & (TCP_SYN | TCP_RST)) == 0;
}

/* Data sent in one breath is one line: a kernel may hand it over in larger pieces than the wire has (TSO), and packetdrill takes several
 * pieces for one line, but not one for several. Returns the last of them, and what they make together. */
static const struct trace_event *breath(const struct script *script, const struct trace_event *e, struct trace_event *all)
{
    const struct trace *trace = script->glossary->trace;
    const struct trace_event *last = e;
    *all = *e;
    for (const struct trace_event *next = e + 1; next < trace->events + trace->count && next->time_ns == e->time_ns; next++) {
        if (next->host == e->host && (next->kind == TRACE_CALL || next->kind == TRACE_RETURN || next->kind == TRACE_RECV))
            break;
        if (!goes_on(last, next))
            continue;
        last = next;
        all->segment.len += next->segment.len;
    }
    all->segment.flags = last->segment.flags;
    return last;
}

static void packet(struct script *script, const struct trace_event *event, bool arrives)
{
    struct trace_event all;
    struct text *out = script->out;
    if (!arrives && event < script->told)
        return;
    if (!arrives)
        script->told = breath(script, event, &all) + 1;
    const struct trace_event *e = arrives ? event : &all;
    const struct trace_segment *s = &e->segment;
    stamp(out, e->time_ns);
    text_puts(out, arrives ? " < " : " > ");
    text_printf(out, "%s%s%s%s%s", s->flags & TCP_SYN ? "S" : "", s->flags & TCP_FIN ? "F" : "", s->flags & TCP_RST ? "R" : "",
                s->flags & TCP_PSH ? "P" : "", s->flags & TCP_ACK ? "." : "");
    text_printf(out, " %u:%u(%u)", (unsigned)s->seq, (unsigned)(s->seq + s->len), (unsigned)s->len);
    if (s->flags & TCP_ACK)
        text_printf(out, " ack %u", (unsigned)s->ack);
    if (arrives)
        text_printf(out, " win %u", (unsigned)packet_window(&script->flows, e));
    options(out, e);
    text_putc(out, '\n');
}

/* ---- calls ---- */

/* As strerror() says it: packetdrill wants the words. */
static const char *error_words(uint8_t error)
{
    static const char *const words[TCP_ERRNOS] = {
        [TCP_EAGAIN] = "Resource temporarily unavailable",
        [TCP_EBADF] = "Bad file descriptor",
        [TCP_EPIPE] = "Broken pipe",
        [TCP_ECONNRESET] = "Connection reset by peer",
        [TCP_ECONNREFUSED] = "Connection refused",
        [TCP_ETIMEDOUT] = "Connection timed out",
        [TCP_EADDRINUSE] = "Address already in use",
        [TCP_EADDRNOTAVAIL] = "Cannot assign requested address",
        [TCP_ENOTCONN] = "Transport endpoint is not connected",
        [TCP_EISCONN] = "Transport endpoint is already connected",
        [TCP_EINPROGRESS] = "Operation now in progress",
        [TCP_EINVAL] = "Invalid argument",
        [TCP_ECONNABORTED] = "Software caused connection abort",
        [TCP_ENETUNREACH] = "Network is unreachable",
        [TCP_EHOSTUNREACH] = "No route to host",
        [TCP_EALREADY] = "Operation already in progress",
        [TCP_EOPNOTSUPP] = "Operation not supported",
    };
    return error < TCP_ERRNOS && words[error] != NULL ? words[error] : "";
}

static void result(struct text *out, const struct trace_call *call, int64_t value)
{
    if (call->error != TCP_OK)
        text_printf(out, " = -1 %s (%s)\n", tcp_errno_name((enum tcp_errno)call->error), error_words(call->error));
    else
        text_printf(out, " = %" PRId64 "\n", value);
}

/* A script begins at 0, and has one end: its socket is there from the start. */
static void socket_make(const struct script *script)
{
    text_printf(script->out, "0.000000 socket(..., SOCK_STREAM, IPPROTO_TCP) = %d\n", LISTENER);
    if (!script->passive)
        return;
    text_printf(script->out, "+0 setsockopt(%d, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n", LISTENER);
    text_printf(script->out, "+0 bind(%d, ..., ...) = 0\n+0 listen(%d, 128) = 0\n", LISTENER, LISTENER);
}

static void set_number(struct script *script, const char *time, const char *level, const char *name, int64_t value)
{
    text_printf(script->out, "%s setsockopt(%u, %s, %s, [%" PRId64 "], 4) = 0\n", time, script->descriptor, level, name, value);
}

static void set(struct script *script, const struct story_step *step, const char *time)
{
    switch (step->option) {
    case OPTION_LINGER:
        text_printf(script->out, "%s setsockopt(%u, SOL_SOCKET, SO_LINGER, {onoff=%d, linger=%" PRId64 "}, 8) = 0\n", time,
                    script->descriptor, step->a != 0, step->a != 0 ? step->b / NS_PER_S : 0);
        break;
    case OPTION_NODELAY:
        set_number(script, time, "SOL_TCP", "TCP_NODELAY", step->a);
        break;
    case OPTION_CORK:
        set_number(script, time, "SOL_TCP", "TCP_CORK", step->a);
        break;
    case OPTION_QUICKACK:
        set_number(script, time, "SOL_TCP", "TCP_QUICKACK", step->a);
        break;
    case OPTION_REUSEADDR:
        set_number(script, time, "SOL_SOCKET", "SO_REUSEADDR", step->a);
        break;
    case OPTION_NONBLOCKING:
        text_printf(script->out, "%s fcntl(%u, F_SETFL, %s) = 0\n", time, script->descriptor,
                    step->a != 0 ? "O_RDWR|O_NONBLOCK" : "O_RDWR");
        break;
    case OPTION_KEEPALIVE:
        if (step->a != 0 && step->b != 0) {
            set_number(script, time, "SOL_TCP", "TCP_KEEPIDLE", step->b / NS_PER_S);
            set_number(script, "+0", "SOL_TCP", "TCP_KEEPINTVL", step->c / NS_PER_S);
            set_number(script, "+0", "SOL_TCP", "TCP_KEEPCNT", step->d);
        }
        set_number(script, step->a != 0 && step->b != 0 ? "+0" : time, "SOL_SOCKET", "SO_KEEPALIVE", step->a);
        break;
    case OPTION_USER_TIMEOUT:
        set_number(script, time, "SOL_TCP", "TCP_USER_TIMEOUT", step->b / NS_PER_MS);
        break;
    case OPTION_LINGER2:
        set_number(script, time, "SOL_TCP", "TCP_LINGER2", step->b < 0 ? -1 : step->b / NS_PER_S);
        break;
    case OPTION_RCVBUF:
        set_number(script, time, "SOL_SOCKET", "SO_RCVBUF", step->b);
        break;
    case OPTION_SNDBUF:
        set_number(script, time, "SOL_SOCKET", "SO_SNDBUF", step->b);
        break;
    }
}

/* What this recv, or a drain, was given: one read for the bytes, one for the end. */
static void reads(struct script *script, const struct trace_call *call, const char *time)
{
    if (call->value > 0) {
        text_printf(script->out, "%s read(%u, ..., %" PRId64 ") = %" PRId64 "\n", time, script->descriptor, call->value, call->value);
        time = "+0";
    }
    if (call->eof || call->error != TCP_OK || call->value == 0) {
        text_printf(script->out, "%s read(%u, ..., 1)", time, script->descriptor);
        result(script->out, call, 0);
    }
}

/* "0.000000", or "0.000000...0.020000" for one that has waited: it stands where it began. */
static void call_put(struct script *script, const struct trace_event *begun, const struct trace_event *done)
{
    const struct trace_call *call = &done->call;
    const struct story_step *step = glossary_step(script->glossary, call);
    struct text time = {0}, *out = script->out;
    bool receives = call->call == CALL_RECV || call->call == CALL_RECV_EOF || call->call == CALL_DRAIN;
    stamp(&time, receives || call->call == CALL_ACCEPT ? done->time_ns : begun->time_ns);
    if (!receives && call->call != CALL_ACCEPT && done->time_ns > begun->time_ns) {
        text_puts(&time, "...");
        stamp(&time, done->time_ns);
    }
    const char *t = time.bytes != NULL ? time.bytes : "";
    switch ((enum call_kind)call->call) {
    case CALL_ACCEPT:
        text_printf(out, "%s accept(%d, ..., ...) = %u\n", t, LISTENER, script->descriptor);
        break;
    case CALL_CONNECT:
        text_printf(out, "%s connect(%u, ..., ...)", t, script->descriptor);
        result(out, call, 0);
        break;
    case CALL_SEND:
        text_printf(out, "%s write(%u, ..., %" PRId64 ")", t, script->descriptor, step != NULL ? step->size : call->value);
        result(out, call, call->value);
        break;
    case CALL_RECV:
    case CALL_RECV_EOF:
    case CALL_DRAIN:
        if (done->kind == TRACE_RETURN && !(call->call == CALL_DRAIN && call->value == 0 && !call->eof && call->error == TCP_OK))
            reads(script, call, t);
        break;
    case CALL_SHUTDOWN:
        text_printf(out, "%s shutdown(%u, %s)", t, script->descriptor,
                    step == NULL || step->how == SHUTDOWN_WRITE ? "SHUT_WR"
                    : step->how == SHUTDOWN_READ                ? "SHUT_RD"
                                                                : "SHUT_RDWR");
        result(out, call, 0);
        break;
    case CALL_ABORT:
        text_printf(out, "%s setsockopt(%u, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0\n+0 close(%u)", t, script->descriptor,
                    script->descriptor);
        result(out, call, 0);
        break;
    case CALL_CLOSE:
        text_printf(out, "%s close(%u)", t, script->descriptor);
        result(out, call, 0);
        break;
    case CALL_SET:
        if (step != NULL)
            set(script, step, t);
        break;
    case CALL_LISTEN:
    case CALL_DRAIN_OFF:
    case CALL_RELAY:
    case CALL_SLEEP:
    case CALL_EXIT:
        break;
    }
    out->failed = out->failed || time.failed;
    text_free(&time);
}

/* The return of a call; the call itself where it never returned (a kernel's own close has no return, and needs none). */
static const struct trace_event *return_of(const struct trace *trace, const struct trace_event *call)
{
    for (const struct trace_event *e = call + 1; e < trace->events + trace->count; e++) {
        if (e->kind == TRACE_RETURN && e->call.program == call->call.program && e->call.copy == call->call.copy &&
            e->call.step == call->call.step && e->call.call == call->call.call)
            return e;
    }
    return call->call.call == CALL_CLOSE ? call : NULL;
}

static bool receives(const struct trace_event *e)
{
    return e->call.call == CALL_RECV || e->call.call == CALL_RECV_EOF || e->call.call == CALL_DRAIN || e->call.call == CALL_ACCEPT;
}

/* What a program says of its next socket comes before the connection has a number: it counts if that socket is this connection's. */
static bool is_ours(const struct script *script, const struct trace_event *e)
{
    const struct trace *trace = script->glossary->trace;
    if (e->host != script->host || e->conn == script->conn)
        return e->host == script->host;
    if (e->kind != TRACE_CALL || e->call.call != CALL_SET || e->conn != 0 || script->passive)
        return false;
    for (const struct trace_event *later = e + 1; later < trace->events + trace->count; later++) {
        if (later->kind == TRACE_CALL && later->call.call == CALL_CONNECT && later->call.program == e->call.program &&
            later->call.copy == e->call.copy)
            return later->conn == script->conn;
    }
    return false;
}

static void called(struct script *script, const struct trace_event *e)
{
    if (e->kind == TRACE_RETURN) {
        if (receives(e) && !(e->call.call == CALL_ACCEPT && !script->passive))
            call_put(script, e, e);
        return;
    }
    const struct trace_event *done = receives(e) ? NULL : return_of(script->glossary->trace, e);
    if (done != NULL)
        call_put(script, e, done);
    else if (!receives(e))
        text_printf(script->out, "// %s() never returns\n", glossary_call_name(e->call.call));
}

static void event(struct script *script, const struct trace_event *e)
{
    if (!is_ours(script, e))
        return;
    if (e->kind == TRACE_CALL || e->kind == TRACE_RETURN) {
        called(script, e);
    } else if (e->kind == TRACE_SEND || e->kind == TRACE_RECV) {
        packet(script, e, e->kind == TRACE_RECV);
    } else if (e->kind == TRACE_STATE) {
        text_printf(script->out, "// %s -> %s\n", tcp_state_name((enum tcp_state)e->state.from),
                    tcp_state_name((enum tcp_state)e->state.to));
    }
}

/* Was it called, or did it call? (In a simultaneous opening both have called.) */
static bool was_called(const struct trace *trace, uint32_t conn, unsigned side)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind == TRACE_STATE && e->conn == conn && e->state.side == side)
            return e->state.to != TCP_SYN_SENT;
    }
    return side == 1;
}

/* "client", "client.old": the first connection of that host, or of that name. */
static bool choose(struct script *script, const struct story *story, const struct judgement *judgement, const char *of)
{
    size_t length = strcspn(of, ".");
    for (uint32_t i = 0; i < judgement->connection_count; i++) {
        const struct connection_report *c = &judgement->connections[i];
        for (unsigned side = 0; side < 2; side++) {
            const char *host = c->host[side] < story->node_count ? story->nodes[c->host[side]].name : "";
            if (strlen(host) != length || strncmp(host, of, length) != 0)
                continue;
            if (of[length] == '.' && (c->name >= story->name_count || strcmp(story->names[c->name], of + length + 1) != 0))
                continue;
            script->conn = c->conn;
            script->host = (uint8_t)c->host[side];
            script->passive = was_called(script->glossary->trace, c->conn, side);
            script->descriptor = script->passive ? LISTENER + 1 : LISTENER;
            return true;
        }
    }
    return false;
}

void view_packetdrill(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                      const struct view_options *options)
{
    struct glossary glossary;
    struct script script = {.out = out, .glossary = &glossary, .told = trace->events};
    const char *of = options->host != NULL ? options->host : "";
    glossary_init(&glossary, story, trace);
    packet_flows_init(&script.flows, &glossary, judgement);
    text_puts(out, "// ");
    for (const char *c = story->title; *c != '\0'; c++)
        text_putc(out, *c == '\n' ? ' ' : *c);
    text_printf(out, "\n// %s, variant %u, seed %" PRIu64 ", trace %016" PRIx64 "; lastack %s\n", of, (unsigned)story->variant, story->seed,
                judgement->hash, options->version);
    if (script.flows.failed || glossary.failed)
        out->failed = true;
    else if (!choose(&script, story, judgement, of))
        text_printf(out, "// %s has no such connection\n", of);
    else
        socket_make(&script);
    for (uint32_t i = 0; i < trace->count && script.conn != 0; i++)
        event(&script, &trace->events[i]);
    packet_flows_done(&script.flows);
    glossary_done(&glossary);
}
