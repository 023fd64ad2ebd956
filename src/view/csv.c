/* SPDX-License-Identifier: MIT */
/* Comma-separated values (RFC 4180): one header, a row an event, every field that a kind of event has in a column of its own, empty where
 * it has none. Times are integer nanoseconds, numbers relative, as in the trace. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "net/class.h"
#include "net/link.h"
#include "net/middlebox.h"
#include "tcp/state.h"
#include "view/glossary.h"

enum column {
    N,
    TIME,
    CAUSE,
    KIND,
    HOST,
    PEER,
    CONN,
    NUMBER,
    SEGMENT,
    OF,
    FLAGS,
    SEQ,
    ACK,
    LEN,
    WIN,
    RETRANSMISSION,
    MSS,
    WS,
    SACKOK,
    TSVAL,
    TSECR,
    SACK,
    FROM,
    TO,
    WHY,
    WHAT,
    SIDE,
    TIMER,
    AT,
    LIMIT,
    CALL,
    VALUE,
    ERROR,
    END_OF_FILE,
    PROGRAM,
    COPY,
    STATEMENT,
    LINE,
    TEXT,
    ANSWER
};
static const char *const names[] = {"n",       "time_ns", "cause",   "kind",  "host",      "peer",     "conn", "number",
                                    "segment", "of",      "flags",   "seq",   "ack",       "len",      "win",  "retransmission",
                                    "mss",     "ws",      "sackok",  "tsval", "tsecr",     "sack",     "from", "to",
                                    "why",     "what",    "side",    "timer", "at_ns",     "limit_ns", "call", "value",
                                    "error",   "eof",     "program", "copy",  "statement", "line",     "text", "answer"};
#define COLUMNS (sizeof names / sizeof *names)
_Static_assert(COLUMNS == ANSWER + 1, "a name a column");

struct row {
    struct text field[COLUMNS];
};

static void field(struct text *out, const struct text *text)
{
    const char *s = text->bytes != NULL ? text->bytes : "";
    out->failed = out->failed || text->failed;
    if (s[strcspn(s, ",\"\r\n")] == '\0') {
        text_puts(out, s);
        return;
    }
    text_putc(out, '"');
    for (; *s != '\0'; s++) {
        text_putc(out, *s);
        if (*s == '"')
            text_putc(out, '"');
    }
    text_putc(out, '"');
}

static void row_put(struct text *out, struct row *row)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        text_puts(out, i > 0 ? "," : "");
        field(out, &row->field[i]);
        if (row->field[i].length > 0)
            row->field[i].bytes[0] = '\0';
        row->field[i].length = 0;
    }
    text_puts(out, "\r\n");
}

static void word(struct row *row, enum column column, const char *text)
{
    text_puts(&row->field[column], text);
}

static void number(struct row *row, enum column column, uint64_t value)
{
    text_u64(&row->field[column], value);
}

static void time_put(struct row *row, enum column column, int64_t ns)
{
    if (ns != TIME_NEVER)
        text_i64(&row->field[column], ns);
}

static void segment(struct row *row, const struct trace_event *e)
{
    static const char letters[] = "FSRP.";
    static const uint8_t order[] = {1, 0, 2, 3, 4}; /* packetdrill's: S F R P . */
    const struct trace_segment *s = &e->segment;
    number(row, SEGMENT, s->number);
    if (e->kind == TRACE_DUP)
        number(row, OF, s->of);
    for (unsigned i = 0; i < 5; i++) {
        if (s->flags & 1u << order[i])
            text_putc(&row->field[FLAGS], letters[order[i]]);
    }
    number(row, SEQ, s->seq);
    if (s->flags & TCP_ACK)
        number(row, ACK, s->ack);
    number(row, LEN, s->len);
    number(row, WIN, s->wnd);
    word(row, RETRANSMISSION, s->classes & CLASS_RETRANSMISSION ? "true" : "false");
    if (s->options & TCPOPT_MSS)
        number(row, MSS, s->mss);
    if (s->options & TCPOPT_WSCALE)
        number(row, WS, s->wscale);
    if (s->options & TCPOPT_SACK_OK)
        word(row, SACKOK, "true");
    if (s->options & TCPOPT_TS) {
        number(row, TSVAL, s->tsval);
        number(row, TSECR, s->tsecr);
    }
    for (unsigned i = 0; i < s->sack_count && i < SEGMENT_SACK_MAX; i++)
        text_printf(&row->field[SACK], "%s%u:%u", i > 0 ? " " : "", (unsigned)e->sack[i].left, (unsigned)e->sack[i].right);
}

static void call(struct row *row, const struct glossary *glossary, const struct trace_event *e)
{
    glossary_call(&row->field[CALL], glossary, &e->call, true);
    number(row, PROGRAM, (uint64_t)e->call.program + 1);
    number(row, COPY, e->call.copy);
    if (e->kind != TRACE_RETURN)
        return;
    if (e->call.error != TCP_OK)
        word(row, ERROR, tcp_errno_name((enum tcp_errno)e->call.error));
    else
        text_i64(&row->field[VALUE], e->call.value);
    word(row, END_OF_FILE, e->call.eof ? "true" : "false");
}

static void note(struct row *row, const struct glossary *glossary, const struct judgement *judgement, const struct trace_event *e)
{
    char buffer[128];
    const struct story *story = glossary->story;
    if (e->statement < 1 || e->statement > story->statement_count)
        return;
    const struct story_statement *s = &story->statements[e->statement - 1];
    word(row, TEXT, s->text != NULL ? s->text : "");
    if (s->kind == STATEMENT_ASK)
        word(row, ANSWER, judge_answer(judgement, story, e, buffer, sizeof buffer));
}

static void flow(struct row *row, const struct glossary *glossary, const struct trace_event *e)
{
    word(row, WHAT, glossary_flow(e->what));
    text_printf(&row->field[FROM], "%s:%u", glossary_host(glossary, e->peer), (unsigned)e->flow.port[0]);
    text_printf(&row->field[TO], "%s:%u", glossary_host(glossary, e->flow.to), (unsigned)e->flow.port[1]);
    time_put(row, LIMIT, e->flow.limit_ns);
    time_put(row, AT, e->flow.at_ns);
}

static const char *fill(struct row *row, const struct glossary *glossary, const struct judgement *judgement, const struct trace_event *e)
{
    static const char *const timers[] = {"armed", "fired", "stopped"};
    switch ((enum trace_kind)e->kind) {
    case TRACE_SEND:
        segment(row, e);
        return "send";
    case TRACE_RECV:
        segment(row, e);
        return "recv";
    case TRACE_DUP:
        segment(row, e);
        return "dup";
    case TRACE_INJECT:
        segment(row, e);
        return "inject";
    case TRACE_DROP:
        segment(row, e);
        word(row, WHY, drop_why_name((enum drop_why)e->what));
        return "drop";
    case TRACE_STATE:
        word(row, FROM, tcp_state_name((enum tcp_state)e->state.from));
        word(row, TO, tcp_state_name((enum tcp_state)e->state.to));
        word(row, WHY, e->what != WHY_ORDINARY ? glossary_why(e->what) : "");
        number(row, SIDE, e->state.side);
        return "state";
    case TRACE_TIMER:
        word(row, TIMER, tcp_timer_name((enum tcp_timer)e->timer.timer));
        word(row, WHAT, timers[e->what % 3]);
        time_put(row, AT, e->timer.at_ns);
        number(row, SIDE, e->timer.side);
        return "timer";
    case TRACE_CALL:
        call(row, glossary, e);
        return "call";
    case TRACE_RETURN:
        call(row, glossary, e);
        return "return";
    case TRACE_NOTE:
        note(row, glossary, judgement, e);
        return "note";
    case TRACE_FAULT:
        word(row, WHAT, glossary_fault(e->what));
        glossary_fault_text(&row->field[TEXT], glossary, e);
        return "fault";
    case TRACE_NAME:
        return "name";
    case TRACE_FLOW:
        flow(row, glossary, e);
        return "flow";
    }
    return "";
}

static void event(struct text *out, struct row *row, const struct glossary *glossary, const struct judgement *judgement, uint32_t n)
{
    const struct trace_event *e = &glossary->trace->events[n - 1];
    number(row, N, n);
    text_i64(&row->field[TIME], e->time_ns);
    if (e->cause != 0)
        number(row, CAUSE, e->cause);
    word(row, KIND, fill(row, glossary, judgement, e));
    if (e->kind != TRACE_NOTE)
        word(row, HOST, glossary_host(glossary, e->host));
    if (glossary_is_segment(e->kind) || e->kind == TRACE_DROP)
        word(row, PEER, glossary_host(glossary, e->peer));
    if (e->conn != 0) {
        glossary_conn(&row->field[CONN], glossary, e->conn);
        number(row, NUMBER, e->conn);
    }
    if (e->statement != 0) {
        number(row, STATEMENT, e->statement);
        number(row, LINE, glossary_line(glossary, e->statement));
    }
    row_put(out, row);
}

void view_csv(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
              const struct view_options *options)
{
    struct glossary glossary;
    struct row row = {{{0}}};
    (void)options;
    glossary_init(&glossary, story, trace);
    for (unsigned i = 0; i < COLUMNS; i++)
        text_printf(out, "%s%s", i > 0 ? "," : "", names[i]);
    text_puts(out, "\r\n");
    for (uint32_t n = 1; n <= trace->count; n++)
        event(out, &row, &glossary, judgement, n);
    out->failed = out->failed || glossary.failed;
    for (unsigned i = 0; i < COLUMNS; i++)
        text_free(&row.field[i]);
    glossary_done(&glossary);
}
