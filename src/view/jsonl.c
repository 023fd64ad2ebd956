/* SPDX-License-Identifier: MIT */
/* JSON Lines, schema 1: a head, an object for each event, an end. The order of the keys is part of the format. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "net/class.h"
#include "net/link.h"
#include "net/middlebox.h"
#include "tcp/state.h"
#include "view/glossary.h"

static void escaped(struct text *out, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            text_printf(out, "\\%c", c);
        else if (c == '\n')
            text_puts(out, "\\n");
        else if (c == '\t')
            text_puts(out, "\\t");
        else if (c < 0x20 || c == 0x7F)
            text_printf(out, "\\u%04x", c);
        else
            text_putc(out, (char)c);
    }
}

static void string(struct text *out, const char *s)
{
    text_putc(out, '"');
    escaped(out, s);
    text_putc(out, '"');
}

static void key(struct text *out, const char *name)
{
    text_puts(out, ",\"");
    text_puts(out, name);
    text_puts(out, "\":");
}

static void key_string(struct text *out, const char *name, const char *value)
{
    key(out, name);
    string(out, value);
}

static void key_u64(struct text *out, const char *name, uint64_t value)
{
    key(out, name);
    text_u64(out, value);
}

static void key_conn(struct text *out, const struct glossary *glossary, uint32_t conn)
{
    key(out, "conn");
    if (conn == 0) {
        text_puts(out, "null");
        return;
    }
    text_putc(out, '"');
    glossary_conn(out, glossary, conn);
    text_putc(out, '"');
    if (glossary->names != NULL && conn <= glossary->conns && glossary->names[conn] != STORY_NONE) /* several may have one name */
        key_u64(out, "number", conn);
}

/* Which statement of the story, and its line in the file. */
static void key_statement(struct text *out, const struct glossary *glossary, uint32_t statement)
{
    if (statement == 0)
        return;
    key_u64(out, "statement", statement);
    if (glossary_line(glossary, statement) != 0)
        key_u64(out, "line", glossary_line(glossary, statement));
}

/* packetdrill's letters in its order. */
static void flags(struct text *out, uint8_t flags)
{
    key(out, "flags");
    text_putc(out, '"');
    if (flags & TCP_SYN)
        text_putc(out, 'S');
    if (flags & TCP_FIN)
        text_putc(out, 'F');
    if (flags & TCP_RST)
        text_putc(out, 'R');
    if (flags & TCP_PSH)
        text_putc(out, 'P');
    if (flags & TCP_ACK)
        text_putc(out, '.');
    text_putc(out, '"');
}

static void sack(struct text *out, const struct trace_event *e)
{
    text_puts(out, "\"sack\":[");
    for (unsigned i = 0; i < e->segment.sack_count && i < SEGMENT_SACK_MAX; i++)
        text_printf(out, "%s[%u,%u]", i == 0 ? "" : ",", (unsigned)e->sack[i].left, (unsigned)e->sack[i].right);
    text_putc(out, ']');
}

static void opts(struct text *out, const struct trace_event *e)
{
    const struct trace_segment *s = &e->segment;
    const char *comma = "";
    key(out, "opts");
    text_putc(out, '{');
    if (s->options & TCPOPT_MSS) {
        text_printf(out, "\"mss\":%u", (unsigned)s->mss);
        comma = ",";
    }
    if (s->options & TCPOPT_WSCALE) {
        text_printf(out, "%s\"ws\":%u", comma, (unsigned)s->wscale);
        comma = ",";
    }
    if (s->options & TCPOPT_SACK_OK) {
        text_printf(out, "%s\"sackok\":true", comma);
        comma = ",";
    }
    if (s->options & TCPOPT_TS) {
        text_printf(out, "%s\"ts\":[%u,%u]", comma, (unsigned)s->tsval, (unsigned)s->tsecr);
        comma = ",";
    }
    if (s->options & TCPOPT_SACK) {
        text_puts(out, comma);
        sack(out, e);
    }
    text_putc(out, '}');
}

/* What the language calls it; a retransmission has a key of its own. */
static void classes(struct text *out, uint16_t classes)
{
    static const struct {
        uint16_t class;
        const char *name;
    } names[] = {{CLASS_SYN, "SYN"}, {CLASS_FIN, "FIN"},     {CLASS_RST, "RST"},         {CLASS_DATA, "data"},
                 {CLASS_ACK, "ACK"}, {CLASS_PROBE, "probe"}, {CLASS_ACK_FIN, "ACK(FIN)"}};
    const char *comma = "";
    key(out, "is");
    text_putc(out, '[');
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if ((classes & names[i].class) == 0)
            continue;
        text_printf(out, "%s\"%s\"", comma, names[i].name);
        comma = ",";
    }
    text_putc(out, ']');
}

static void sent(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    const struct trace_segment *s = &e->segment;
    key_u64(out, "seg", s->number);
    key_string(out, "to", glossary_host(glossary, e->peer));
    flags(out, s->flags);
    key_u64(out, "seq", s->seq);
    key(out, "ack");
    if (s->flags & TCP_ACK)
        text_u64(out, s->ack);
    else
        text_puts(out, "null");
    key_u64(out, "len", s->len);
    key_u64(out, "win", s->wnd);
    key(out, "retransmission");
    text_puts(out, s->classes & CLASS_RETRANSMISSION ? "true" : "false");
    opts(out, e);
    classes(out, s->classes);
    key_statement(out, glossary, e->statement);
}

/* The same segment later: what differs from its sending. Numbers count from the side's SYN, which was perhaps not known then. */
static void seen_again(struct text *out, const struct glossary *glossary, const struct trace_event *e, uint32_t of)
{
    const struct trace_event *sent = glossary_send_of(glossary, of);
    if (sent == NULL)
        return;
    if (e->segment.seq != sent->segment.seq)
        key_u64(out, "seq", e->segment.seq);
    if (e->segment.ack != sent->segment.ack)
        key_u64(out, "ack", e->segment.ack);
    if (e->segment.sack_count > 0 && memcmp(e->sack, sent->sack, e->segment.sack_count * sizeof *e->sack) != 0) {
        text_putc(out, ',');
        sack(out, e);
    }
}

static void dropped(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    key_string(out, "host", glossary_host(glossary, e->host));
    key_u64(out, "seg", e->segment.number);
    key(out, "why");
    text_putc(out, '"');
    text_puts(out, drop_why_name((enum drop_why)e->what));
    if (e->what == DROP_RULE && glossary_line(glossary, e->statement) != 0)
        text_printf(out, " %u", (unsigned)glossary_line(glossary, e->statement));
    text_putc(out, '"');
    key_string(out, "to", glossary_host(glossary, e->peer));
    seen_again(out, glossary, e, e->segment.number);
    key_statement(out, glossary, e->statement);
}

static void args(struct text *out, const struct glossary *glossary, const struct story_step *step)
{
    struct call_argument list[CALL_ARGUMENTS_MAX];
    unsigned count = glossary_call_arguments(glossary, step, list);
    for (unsigned i = 0; i < count; i++) {
        text_puts(out, i > 0 ? "," : "");
        if (list[i].word != NULL)
            string(out, list[i].word);
        else
            text_i64(out, list[i].number);
    }
}

static void called(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    const struct story_step *step = glossary_step(glossary, &e->call);
    key_string(out, "host", glossary_host(glossary, e->host));
    key_conn(out, glossary, e->conn);
    key_string(out, "call", glossary_call_name(e->call.call));
    if (e->kind == TRACE_CALL) {
        key(out, "args");
        text_putc(out, '[');
        if (step != NULL)
            args(out, glossary, step);
        text_putc(out, ']');
    } else if (e->call.error != TCP_OK) {
        key_string(out, "error", tcp_errno_name((enum tcp_errno)e->call.error));
        if (e->call.value != 0) { /* what had been moved before: the program is not told */
            key(out, "bytes");
            text_i64(out, e->call.value);
        }
    } else {
        key(out, "value");
        text_i64(out, e->call.value);
        if (glossary_broken_off(&e->call))
            text_puts(out, ",\"unfinished\":true");
    }
    if (e->call.eof)
        text_puts(out, ",\"eof\":true");
    key_u64(out, "program", (uint64_t)e->call.program + 1);
    key_u64(out, "copy", e->call.copy);
    if (e->call.step != UINT32_MAX)
        key_u64(out, "step", (uint64_t)e->call.step + 1);
    if (step == NULL && (e->call.call == CALL_RECV_EOF || e->call.call == CALL_DRAIN_OFF))
        key_string(out, "form", e->call.call == CALL_RECV_EOF ? "until eof" : "off");
    if (e->call.socket != 0)
        key_u64(out, "socket", e->call.socket);
    if (e->call.failed)
        text_puts(out, ",\"failed\":true");
}

static void changed(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    key_string(out, "host", glossary_host(glossary, e->host));
    key_conn(out, glossary, e->conn);
    key_string(out, "from", tcp_state_name((enum tcp_state)e->state.from));
    key_string(out, "to", tcp_state_name((enum tcp_state)e->state.to));
    if (e->what != WHY_ORDINARY)
        key_string(out, "why", glossary_why(e->what));
    key_u64(out, "side", e->state.side);
    key_u64(out, "end", e->state.end);
    if (e->state.orphan != 0)
        text_puts(out, ",\"orphan\":true");
}

static void timer(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    static const char *const whats[] = {"armed", "fired", "stopped"};
    key_string(out, "host", glossary_host(glossary, e->host));
    key_conn(out, glossary, e->conn);
    key_string(out, "timer", tcp_timer_name((enum tcp_timer)e->timer.timer));
    key_string(out, "what", whats[e->what % 3]);
    key(out, "at");
    text_i64(out, e->timer.at_ns);
    key_u64(out, "side", e->timer.side);
}

static void noted(struct text *out, const struct glossary *glossary, const struct judgement *judgement, const struct trace_event *e)
{
    const struct story *story = glossary->story;
    if (e->statement < 1 || e->statement > story->statement_count)
        return;
    const struct story_statement *s = &story->statements[e->statement - 1];
    key_string(out, "text", s->text != NULL ? s->text : "");
    if (s->kind == STATEMENT_ASK) {
        char buffer[128];
        key_string(out, "answer", judge_answer(judgement, story, e, buffer, sizeof buffer));
        key(out, "value");
        text_i64(out, e->note.value);
    }
    key_statement(out, glossary, e->statement);
}

static void faulted(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    struct text line = {0};
    key_string(out, "what", glossary_fault(e->what));
    glossary_fault_text(&line, glossary, e);
    key_string(out, "text", line.bytes != NULL ? line.bytes : "");
    out->failed = out->failed || line.failed;
    text_free(&line);
    key_statement(out, glossary, e->statement);
}

static void address(struct text *out, const struct glossary *glossary, const char *name, uint8_t node, uint16_t port)
{
    key(out, name);
    text_printf(out, "\"%s:%u\"", glossary_host(glossary, node), (unsigned)port);
}

static void time_or_null(struct text *out, const char *name, int64_t ns)
{
    key(out, name);
    if (ns == TIME_NEVER)
        text_puts(out, "null");
    else
        text_i64(out, ns);
}

static void remembered(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    key_string(out, "host", glossary_host(glossary, e->host));
    key_conn(out, glossary, e->conn);
    key_string(out, "what", glossary_flow(e->what));
    address(out, glossary, "from", e->peer, e->flow.port[0]);
    address(out, glossary, "to", e->flow.to, e->flow.port[1]);
    key_string(out, "state", e->flow.state < BOX_STATES ? box_state_name((enum box_state)e->flow.state) : "?");
    time_or_null(out, "limit", e->flow.limit_ns);
    time_or_null(out, "at", e->flow.at_ns);
}

static const char *kind_name(uint8_t kind)
{
    static const char *const names[] = {"?",     "send", "recv",   "drop", "dup",   "inject", "state",
                                        "timer", "call", "return", "note", "fault", "name",   "flow"};
    return kind < sizeof names / sizeof *names ? names[kind] : "?";
}

static void event(struct text *out, const struct glossary *glossary, const struct judgement *judgement, uint32_t n)
{
    const struct trace_event *e = &glossary->trace->events[n - 1];
    text_printf(out, "{\"n\":%u,\"t\":%" PRId64 ",\"cause\":", (unsigned)n, e->time_ns);
    if (e->cause == 0)
        text_puts(out, "null");
    else
        text_u64(out, e->cause);
    key_string(out, "kind", kind_name(e->kind));
    switch ((enum trace_kind)e->kind) {
    case TRACE_SEND:
    case TRACE_INJECT:
        key_string(out, "host", glossary_host(glossary, e->host));
        key_conn(out, glossary, e->conn);
        sent(out, glossary, e);
        break;
    case TRACE_RECV:
        key_string(out, "host", glossary_host(glossary, e->host));
        key_conn(out, glossary, e->conn);
        key_u64(out, "seg", e->segment.number);
        key_string(out, "from", glossary_host(glossary, e->peer));
        seen_again(out, glossary, e, e->segment.number);
        break;
    case TRACE_DROP:
        dropped(out, glossary, e);
        break;
    case TRACE_DUP:
        key_u64(out, "seg", e->segment.number);
        key_u64(out, "of", e->segment.of);
        key_string(out, "host", glossary_host(glossary, e->host));
        key_string(out, "to", glossary_host(glossary, e->peer));
        seen_again(out, glossary, e, e->segment.of);
        key_statement(out, glossary, e->statement);
        break;
    case TRACE_STATE:
        changed(out, glossary, e);
        break;
    case TRACE_TIMER:
        timer(out, glossary, e);
        break;
    case TRACE_CALL:
    case TRACE_RETURN:
        called(out, glossary, e);
        break;
    case TRACE_NOTE:
        noted(out, glossary, judgement, e);
        break;
    case TRACE_FAULT:
        faulted(out, glossary, e);
        break;
    case TRACE_NAME:
        key_conn(out, glossary, e->conn);
        key_string(out, "host", glossary_host(glossary, e->host));
        break;
    case TRACE_FLOW:
        remembered(out, glossary, e);
        break;
    }
    text_puts(out, "}\n");
}

static void words(struct text *out, const char *name, const char *const *list, unsigned count)
{
    if (count == 0)
        return;
    key(out, name);
    text_putc(out, '[');
    for (unsigned i = 0; i < count; i++) {
        text_puts(out, i == 0 ? "" : ",");
        string(out, list[i]);
    }
    text_putc(out, ']');
}

/* The file itself, so that the trace is enough to know what every number means, and to play the run again. */
static void source(struct text *out, const struct story *story)
{
    if (story->lines == NULL)
        return;
    key(out, "text");
    text_putc(out, '"');
    for (uint32_t i = 0; i < story->line_count; i++) {
        escaped(out, story->lines[i]);
        text_puts(out, "\\n");
    }
    text_putc(out, '"');
}

static void head(struct text *out, const struct story *story, const struct view_options *options)
{
    const char *comma = "";
    text_puts(out, "{\"lastack\":");
    string(out, options->version);
    text_puts(out, ",\"schema\":1");
    key_string(out, "scenario", story->title);
    key_u64(out, "variant", story->variant);
    key_u64(out, "seed", story->seed);
    key(out, "hosts");
    text_putc(out, '[');
    for (unsigned i = 0; i < story->node_count; i++) {
        if (story->nodes[i].kind != NODE_HOST)
            continue;
        text_puts(out, comma);
        string(out, story->nodes[i].name);
        comma = ",";
    }
    text_putc(out, ']');
    key_string(out, "file", story->file);
    words(out, "set", options->sets, options->set_count);
    words(out, "profile", options->profiles, options->profile_count);
    source(out, story);
    text_puts(out, "}\n");
}

static void end(struct text *out, const struct glossary *glossary, const struct judgement *judgement)
{
    bool *taken = calloc((size_t)glossary->story->name_count + 1, sizeof *taken);
    text_printf(out, "{\"kind\":\"end\",\"t\":%" PRId64 ",\"verdicts\":{", judgement->end_ns);
    for (uint32_t i = 0; i < judgement->connection_count && taken != NULL; i++) {
        const struct connection_report *c = &judgement->connections[i];
        text_puts(out, i == 0 ? "\"" : ",\"");
        if (c->name < glossary->story->name_count && taken[c->name]) /* the second of that name is under its number */
            text_u64(out, c->conn);
        else
            glossary_conn(out, glossary, c->conn);
        if (c->name < glossary->story->name_count)
            taken[c->name] = true;
        text_printf(out, "\":\"%s\"", verdict_name(c->verdict));
    }
    text_printf(out, "},\"hash\":\"%016" PRIx64 "\",\"failed\":%u", judgement->hash, (unsigned)judgement->failures.count);
    text_puts(out, judgement->cut ? ",\"cut\":true}\n" : "}\n");
    out->failed = out->failed || taken == NULL;
    free(taken);
}

void view_jsonl(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                const struct view_options *options)
{
    struct glossary glossary;
    glossary_init(&glossary, story, trace);
    head(out, story, options);
    for (uint32_t n = 1; n <= trace->count; n++)
        event(out, &glossary, judgement, n);
    end(out, &glossary, judgement);
    out->failed = out->failed || glossary.failed;
    glossary_done(&glossary);
}
