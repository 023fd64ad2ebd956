/* SPDX-License-Identifier: MIT */
/* Chrome's trace event format, which Perfetto's viewer reads: a process a host; in it, for each of its ends, a track with its states, one
 * with its segments, one for each of its timers; a flow arrow from each departure to its arrival. Times are microseconds with three
 * decimals. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "net/link.h"
#include "tcp/state.h"
#include "view/glossary.h"

#define TRACKS 16u /* of an end: its state, its segments, its timers */
enum { TRACK_STATE, TRACK_SEGMENTS, TRACK_TIMERS };

struct end {
    int64_t since_ns, timer_ns[TCP_TIMERS]; /* -1: no such slice is open */
    uint8_t host, state;
    bool known;
};

struct sheet {
    struct text *out;
    const struct glossary *glossary;
    struct end *ends; /* by connection number, two each */
    bool begun;
};

static void string(struct text *out, const char *s)
{
    text_putc(out, '"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            text_printf(out, "\\%c", c);
        else if (c < 0x20)
            text_printf(out, "\\u%04x", c);
        else
            text_putc(out, (char)c);
    }
    text_putc(out, '"');
}

#define TRACK_FIRST 16u /* times TRACKS: above the numbers of all hosts */

/* Perfetto gives a track its name by its number alone, whatever the process: so none is at two hosts, and none is a host. */
static uint64_t track(const struct sheet *sheet, uint32_t conn, unsigned host, unsigned which)
{
    return ((uint64_t)conn * sheet->glossary->story->node_count + host + TRACK_FIRST) * TRACKS + which;
}

static void microseconds(struct text *out, const char *key, int64_t ns)
{
    text_printf(out, ",\"%s\":%" PRId64 ".%03d", key, ns / 1000, (int)(ns % 1000));
}

/* Up to the time of the event; what is particular follows. */
static void begin(struct sheet *sheet, const char *phase, const char *name, unsigned host, uint64_t tid, int64_t ns)
{
    text_puts(sheet->out, sheet->begun ? ",\n" : "\n");
    sheet->begun = true;
    text_printf(sheet->out, "{\"ph\":\"%s\",\"pid\":%u,\"tid\":%" PRIu64 ",\"name\":", phase, host + 1, tid);
    string(sheet->out, name);
    microseconds(sheet->out, "ts", ns);
}

static void slice(struct sheet *sheet, const char *name, const char *category, unsigned host, uint64_t tid, int64_t from, int64_t to)
{
    begin(sheet, "X", name, host, tid, from);
    microseconds(sheet->out, "dur", to - from);
    text_printf(sheet->out, ",\"cat\":\"%s\"", category);
}

static void named(struct sheet *sheet, const char *what, unsigned host, uint64_t tid, const char *name)
{
    begin(sheet, "M", what, host, tid, 0);
    text_puts(sheet->out, ",\"args\":{\"name\":");
    string(sheet->out, name);
    text_puts(sheet->out, "}}");
}

/* "1 segments", "old timer retransmission", once an end. */
static void tracks_name(struct sheet *sheet, const struct trace_event *e)
{
    for (unsigned which = 0; which < TRACK_TIMERS + TCP_TIMERS; which++) {
        struct text name = {0};
        if (which == TRACK_TIMERS)
            continue; /* the timer that is none */
        glossary_conn(&name, sheet->glossary, e->conn);
        text_puts(&name, which == TRACK_STATE ? " state" : which == TRACK_SEGMENTS ? " segments" : " timer ");
        if (which > TRACK_TIMERS)
            text_puts(&name, tcp_timer_name((enum tcp_timer)(which - TRACK_TIMERS)));
        named(sheet, "thread_name", e->host, track(sheet, e->conn, e->host, which), name.bytes != NULL ? name.bytes : "");
        sheet->out->failed = sheet->out->failed || name.failed;
        text_free(&name);
    }
}

static struct end *end_of(struct sheet *sheet, const struct trace_event *e, uint8_t side)
{
    struct end *end = &sheet->ends[(size_t)e->conn * 2 + (side & 1)];
    if (!end->known) {
        end->known = true;
        end->host = e->host;
        end->since_ns = -1;
        memset(end->timer_ns, 0xFF, sizeof end->timer_ns);
        tracks_name(sheet, e);
    }
    return end;
}

static void state_ends(struct sheet *sheet, struct end *end, uint32_t conn, int64_t now_ns)
{
    if (end->since_ns >= 0) {
        slice(sheet, tcp_state_name((enum tcp_state)end->state), "state", end->host, track(sheet, conn, end->host, TRACK_STATE),
              end->since_ns, now_ns);
        text_puts(sheet->out, "}");
    }
    end->since_ns = -1;
}

static void timer_ends(struct sheet *sheet, struct end *end, uint32_t conn, unsigned timer, int64_t now_ns, const char *how)
{
    if (end->timer_ns[timer] >= 0) {
        slice(sheet, tcp_timer_name((enum tcp_timer)timer), "timer", end->host, track(sheet, conn, end->host, TRACK_TIMERS + timer),
              end->timer_ns[timer], now_ns);
        text_printf(sheet->out, ",\"args\":{\"ends\":\"%s\"}}", how);
    }
    end->timer_ns[timer] = -1;
}

static void changed(struct sheet *sheet, const struct trace_event *e)
{
    struct end *end = end_of(sheet, e, e->state.side);
    state_ends(sheet, end, e->conn, e->time_ns);
    end->state = e->state.to;
    end->since_ns = e->state.to != TCP_CLOSED ? e->time_ns : -1;
}

static void timer(struct sheet *sheet, const struct trace_event *e)
{
    struct end *end = end_of(sheet, e, e->timer.side);
    unsigned which = e->timer.timer < TCP_TIMERS ? e->timer.timer : 0;
    timer_ends(sheet, end, e->conn, which, e->time_ns,
               e->what == TIMER_FIRED     ? "fired"
               : e->what == TIMER_STOPPED ? "stopped"
                                          : "armed anew");
    if (e->what == TIMER_ARMED)
        end->timer_ns[which] = e->time_ns;
}

/* A slice of a nanosecond, which the arrow is bound to. A copy departs where the network made it. */
static void segment(struct sheet *sheet, const struct trace_event *e)
{
    bool arrives = e->kind == TRACE_RECV;
    unsigned host = e->host;
    struct text name = {0};
    glossary_segment(&name, &e->segment, e->sack, GLOSSARY_SACK);
    slice(sheet, name.bytes != NULL ? name.bytes : "", arrives ? "recv" : "send", host, track(sheet, e->conn, host, TRACK_SEGMENTS),
          e->time_ns, e->time_ns + 1);
    text_printf(sheet->out, ",\"args\":{\"segment\":%u,\"win\":%u}}", (unsigned)e->segment.number, (unsigned)e->segment.wnd);
    begin(sheet, arrives ? "f" : "s", "segment", host, track(sheet, e->conn, host, TRACK_SEGMENTS), e->time_ns);
    text_printf(sheet->out, ",\"cat\":\"segment\",\"id\":%u%s}", (unsigned)e->segment.number, arrives ? ",\"bp\":\"e\"" : "");
    sheet->out->failed = sheet->out->failed || name.failed;
    text_free(&name);
}

static void instant(struct sheet *sheet, const struct trace_event *e, const struct text *name, const char *scope, uint64_t tid)
{
    begin(sheet, "i", name->bytes != NULL ? name->bytes : "", e->host, tid, e->time_ns);
    text_printf(sheet->out, ",\"s\":\"%s\"}", scope);
    sheet->out->failed = sheet->out->failed || name->failed;
}

static void told(struct sheet *sheet, const struct trace_event *e)
{
    const struct story *story = sheet->glossary->story;
    struct text name = {0};
    if (e->kind == TRACE_DROP)
        text_printf(&name, "segment %u is lost: %s", (unsigned)e->segment.number, drop_why_name((enum drop_why)e->what));
    else if (e->kind == TRACE_FAULT)
        glossary_fault_text(&name, sheet->glossary, e);
    else if (e->kind == TRACE_NOTE && e->statement >= 1 && e->statement <= story->statement_count)
        text_puts(&name, story->statements[e->statement - 1].text != NULL ? story->statements[e->statement - 1].text : "");
    else if (e->kind == TRACE_CALL || e->kind == TRACE_RETURN)
        glossary_call(&name, sheet->glossary, &e->call, true);
    if (e->kind == TRACE_RETURN) {
        text_puts(&name, " = ");
        glossary_result(&name, &e->call);
    }
    bool call = e->kind == TRACE_CALL || e->kind == TRACE_RETURN;
    instant(sheet, e, &name, e->kind == TRACE_DROP || call ? "t" : "g",
            track(sheet, e->conn, e->host, e->kind == TRACE_DROP ? TRACK_SEGMENTS : TRACK_STATE));
    text_free(&name);
}

static void event(struct sheet *sheet, const struct trace_event *e)
{
    switch ((enum trace_kind)e->kind) {
    case TRACE_SEND:
    case TRACE_RECV:
    case TRACE_DUP:
    case TRACE_INJECT:
        segment(sheet, e);
        break;
    case TRACE_STATE:
        if (e->conn != 0)
            changed(sheet, e);
        break;
    case TRACE_TIMER:
        if (e->conn != 0)
            timer(sheet, e);
        break;
    case TRACE_DROP:
    case TRACE_CALL:
    case TRACE_RETURN:
    case TRACE_NOTE:
    case TRACE_FAULT:
        told(sheet, e);
        break;
    case TRACE_NAME:
    case TRACE_FLOW:
        break;
    }
}

/* What is still open when the run ends. */
static void finish(struct sheet *sheet, int64_t end_ns)
{
    for (uint32_t conn = 1; conn <= sheet->glossary->conns; conn++) {
        for (unsigned side = 0; side < 2; side++) {
            struct end *end = &sheet->ends[(size_t)conn * 2 + side];
            if (!end->known)
                continue;
            state_ends(sheet, end, conn, end_ns);
            for (unsigned t = 0; t < TCP_TIMERS; t++)
                timer_ends(sheet, end, conn, t, end_ns, "the run's end");
        }
    }
}

void view_perfetto(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                   const struct view_options *options)
{
    struct glossary glossary;
    struct sheet sheet = {.out = out, .glossary = &glossary};
    glossary_init(&glossary, story, trace);
    sheet.ends = calloc(((size_t)glossary.conns + 1) * 2, sizeof *sheet.ends);
    if (sheet.ends == NULL || glossary.failed) {
        out->failed = true;
    } else {
        text_puts(out, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"lastack\":");
        string(out, options->version);
        text_puts(out, ",\"scenario\":");
        string(out, story->title);
        text_printf(out, ",\"seed\":\"%" PRIu64 "\",\"trace\":\"%016" PRIx64 "\"},\"traceEvents\":[", story->seed, judgement->hash);
        for (unsigned i = 0; i < story->node_count; i++)
            named(&sheet, "process_name", i, i + 1, story->nodes[i].name);
        for (uint32_t i = 0; i < trace->count; i++)
            event(&sheet, &trace->events[i]);
        finish(&sheet, judgement->end_ns);
        text_puts(out, "\n]}\n");
    }
    free(sheet.ends);
    glossary_done(&glossary);
}
