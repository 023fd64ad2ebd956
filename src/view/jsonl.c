/* SPDX-License-Identifier: MIT */
/* JSON Lines, schema 1: a head, an object for each event, an end. The order of the keys is part of the format. */
#include <inttypes.h>
#include <string.h>

#include "net/class.h"
#include "net/link.h"
#include "net/middlebox.h"
#include "tcp/state.h"
#include "view/glossary.h"

static void string(struct text *out, const char *s)
{
    text_putc(out, '"');
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
        text_printf(out, "%s\"sack\":[", comma);
        for (unsigned i = 0; i < s->sack_count && i < SEGMENT_SACK_MAX; i++)
            text_printf(out, "%s[%u,%u]", i == 0 ? "" : ",", (unsigned)e->sack[i].left, (unsigned)e->sack[i].right);
        text_putc(out, ']');
    }
    text_putc(out, '}');
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
    } else {
        key(out, "value");
        text_i64(out, e->call.value);
        if (e->call.eof)
            text_puts(out, ",\"eof\":true");
        if (glossary_broken_off(&e->call))
            text_puts(out, ",\"unfinished\":true");
    }
    key_u64(out, "program", (uint64_t)e->call.program + 1);
    key_u64(out, "copy", e->call.copy);
}

static void changed(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    key_string(out, "host", glossary_host(glossary, e->host));
    key_conn(out, glossary, e->conn);
    key_string(out, "from", tcp_state_name((enum tcp_state)e->state.from));
    key_string(out, "to", tcp_state_name((enum tcp_state)e->state.to));
    if (e->what != WHY_ORDINARY)
        key_string(out, "why", glossary_why(e->what));
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
    }
}

static void faulted(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    struct text line = {0};
    key_string(out, "what", glossary_fault(e->what));
    glossary_fault_text(&line, glossary, e);
    key_string(out, "text", line.bytes != NULL ? line.bytes : "");
    out->failed = out->failed || line.failed;
    text_free(&line);
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
        break;
    case TRACE_DROP:
        dropped(out, glossary, e);
        break;
    case TRACE_DUP:
        key_u64(out, "seg", e->segment.number);
        key_u64(out, "of", e->segment.of);
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
        key_u64(out, "number", e->conn);
        break;
    case TRACE_FLOW:
        remembered(out, glossary, e);
        break;
    }
    text_puts(out, "}\n");
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
    text_puts(out, "]}\n");
}

static void end(struct text *out, const struct glossary *glossary, const struct judgement *judgement)
{
    text_printf(out, "{\"kind\":\"end\",\"t\":%" PRId64 ",\"verdicts\":{", judgement->end_ns);
    for (uint32_t i = 0; i < judgement->connection_count; i++) {
        const struct connection_report *c = &judgement->connections[i];
        text_puts(out, i == 0 ? "\"" : ",\"");
        glossary_conn(out, glossary, c->conn);
        text_printf(out, "\":\"%s\"", verdict_name(c->verdict));
    }
    text_printf(out, "},\"hash\":\"%016" PRIx64 "\",\"failed\":%u}\n", judgement->hash, (unsigned)judgement->failures.count);
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
