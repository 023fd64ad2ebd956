/* SPDX-License-Identifier: MIT */
/* One line an event, in fixed columns:
 *
 *   #    n          time  host      conn  kind    what
 *       12   1.000000000  client       1  send    seg 7 FIN ACK seq 301 ack 1 win 64240 to server  <11
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "net/class.h"
#include "net/link.h"
#include "tcp/state.h"
#include "view/glossary.h"

static void padded(struct text *out, const char *s, size_t width)
{
    size_t length = strlen(s);
    text_puts(out, s);
    for (; length < width; length++)
        text_putc(out, ' ');
    text_putc(out, ' ');
}

static size_t host_width(const struct story *story)
{
    size_t width = 4;
    for (unsigned i = 0; i < story->node_count; i++) {
        size_t length = strlen(story->nodes[i].name);
        width = length > width ? length : width;
    }
    return width;
}

static void segment(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    text_printf(out, "seg %u ", (unsigned)e->segment.number);
    if (e->kind == TRACE_DUP)
        text_printf(out, "copy of seg %u ", (unsigned)e->segment.of);
    glossary_segment(out, &e->segment, e->sack, GLOSSARY_ALL);
    if (e->segment.options & TCPOPT_TS)
        text_printf(out, " ts %u %u", (unsigned)e->segment.tsval, (unsigned)e->segment.tsecr);
    if (e->segment.classes & CLASS_RETRANSMISSION)
        text_puts(out, " retransmission");
    text_printf(out, e->kind == TRACE_RECV ? " from %s" : " to %s", glossary_host(glossary, e->peer));
}

static void dropped(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    uint32_t line = glossary_line(glossary, e->statement);
    text_printf(out, "seg %u %s", (unsigned)e->segment.number, drop_why_name((enum drop_why)e->what));
    if (line != 0)
        text_printf(out, " line %u", (unsigned)line);
}

static void noted(struct text *out, const struct glossary *glossary, const struct judgement *judgement, const struct trace_event *e)
{
    const struct story *story = glossary->story;
    if (e->statement < 1 || e->statement > story->statement_count)
        return;
    const struct story_statement *s = &story->statements[e->statement - 1];
    for (const char *p = s->text != NULL ? s->text : ""; *p != '\0'; p++)
        text_putc(out, *p == '\n' ? ' ' : *p);
    if (s->kind == STATEMENT_ASK) {
        char buffer[128];
        text_printf(out, " = %s", judge_answer(judgement, story, e, buffer, sizeof buffer));
    }
}

static const char *what(struct text *out, const struct glossary *glossary, const struct judgement *judgement, const struct trace_event *e)
{
    static const char *const timers[] = {"armed", "fired", "stopped"};
    switch ((enum trace_kind)e->kind) {
    case TRACE_SEND:
        segment(out, glossary, e);
        return "send";
    case TRACE_RECV:
        segment(out, glossary, e);
        return "recv";
    case TRACE_DUP:
        segment(out, glossary, e);
        return "dup";
    case TRACE_INJECT:
        segment(out, glossary, e);
        return "inject";
    case TRACE_DROP:
        dropped(out, glossary, e);
        return "drop";
    case TRACE_STATE:
        text_printf(out, "%s -> %s", tcp_state_name((enum tcp_state)e->state.from), tcp_state_name((enum tcp_state)e->state.to));
        if (e->what != WHY_ORDINARY)
            text_printf(out, " (%s)", glossary_why(e->what));
        return "state";
    case TRACE_TIMER:
        text_printf(out, "%s %s", tcp_timer_name((enum tcp_timer)e->timer.timer), timers[e->what % 3]);
        if (e->what == TIMER_ARMED)
            text_printf(out, " for %" PRId64 ".%09" PRId64, e->timer.at_ns / NS_PER_S, e->timer.at_ns % NS_PER_S);
        return "timer";
    case TRACE_CALL:
        glossary_call(out, glossary, &e->call, true);
        return "call";
    case TRACE_RETURN:
        glossary_call(out, glossary, &e->call, true);
        if (glossary_broken_off(&e->call)) {
            text_printf(out, " ... %" PRId64 " so far", e->call.value);
            return "return";
        }
        text_puts(out, " = ");
        glossary_result(out, &e->call);
        return "return";
    case TRACE_NOTE:
        noted(out, glossary, judgement, e);
        return "note";
    case TRACE_FAULT:
        glossary_fault_text(out, glossary, e);
        return "fault";
    case TRACE_NAME:
        text_puts(out, "connection ");
        text_u64(out, e->conn);
        return "name";
    case TRACE_FLOW:
        glossary_flow_text(out, glossary, e);
        return "flow";
    }
    return "?";
}

static void line(struct text *out, const struct glossary *glossary, const struct judgement *judgement, uint32_t n, size_t width)
{
    const struct trace_event *e = &glossary->trace->events[n - 1];
    struct text detail = {0}, conn = {0};
    bool nowhere = e->kind == TRACE_NOTE || e->kind == TRACE_NAME || e->kind == TRACE_FAULT;
    const char *kind = what(&detail, glossary, judgement, e);

    text_printf(out, "%6u %6" PRId64 ".%09" PRId64 "  ", (unsigned)n, e->time_ns / NS_PER_S, e->time_ns % NS_PER_S);
    padded(out, nowhere ? "-" : glossary_host(glossary, e->host), width);
    if (e->conn != 0)
        glossary_conn(&conn, glossary, e->conn);
    else
        text_putc(&conn, '-');
    padded(out, conn.bytes != NULL ? conn.bytes : "-", 5);
    padded(out, kind, 6);
    text_puts(out, detail.bytes != NULL ? detail.bytes : "");
    if (e->cause != 0)
        text_printf(out, "  <%u", (unsigned)e->cause);
    text_putc(out, '\n');
    out->failed = out->failed || detail.failed || conn.failed;
    text_free(&detail);
    text_free(&conn);
}

void view_table(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                const struct view_options *options)
{
    struct glossary glossary;
    size_t width = host_width(story);
    glossary_init(&glossary, story, trace);
    text_printf(out, "# %s, variant %u, seed %" PRIu64 ", lastack %s\n", story->title, (unsigned)story->variant, story->seed,
                options->version);
    text_puts(out, "#    n             time  ");
    padded(out, "host", width);
    text_puts(out, "conn  kind   what, and <the event that caused it\n");
    for (uint32_t n = 1; n <= trace->count; n++)
        line(out, &glossary, judgement, n, width);
    text_printf(out, "# end %" PRId64 ".%09" PRId64 " hash %016" PRIx64 " failed %u\n", judgement->end_ns / NS_PER_S,
                judgement->end_ns % NS_PER_S, judgement->hash, (unsigned)judgement->failures.count);
    out->failed = out->failed || glossary.failed;
    glossary_done(&glossary);
}
