/* SPDX-License-Identifier: MIT */
#include "view/glossary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "net/middlebox.h"
#include "tcp/state.h"

static void count(struct glossary *glossary)
{
    for (uint32_t i = 0; i < glossary->trace->count; i++) {
        const struct trace_event *e = &glossary->trace->events[i];
        if (e->conn > glossary->conns)
            glossary->conns = e->conn;
        if (glossary_is_segment(e->kind) && e->segment.number > glossary->segments)
            glossary->segments = e->segment.number;
    }
}

void glossary_init(struct glossary *glossary, const struct story *story, const struct trace *trace)
{
    *glossary = (struct glossary){.story = story, .trace = trace};
    count(glossary);
    glossary->names = malloc(((size_t)glossary->conns + 1) * sizeof *glossary->names);
    glossary->sends = calloc((size_t)glossary->segments + 1, sizeof *glossary->sends);
    if (glossary->names == NULL || glossary->sends == NULL) {
        glossary_done(glossary);
        glossary->conns = glossary->segments = 0;
        glossary->failed = true;
        return;
    }
    for (uint32_t i = 0; i <= glossary->conns; i++)
        glossary->names[i] = STORY_NONE;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind == TRACE_NAME && e->note.value >= 0 && e->note.value < story->name_count)
            glossary->names[e->conn] = (uint16_t)e->note.value;
        else if (e->kind == TRACE_SEND || e->kind == TRACE_DUP || e->kind == TRACE_INJECT)
            glossary->sends[e->segment.number] = i + 1;
    }
}

void glossary_done(struct glossary *glossary)
{
    free(glossary->names);
    free(glossary->sends);
    glossary->names = NULL;
    glossary->sends = NULL;
}

const struct trace_event *glossary_send_of(const struct glossary *glossary, uint32_t segment)
{
    if (glossary->sends == NULL || segment > glossary->segments || glossary->sends[segment] == 0)
        return NULL;
    return &glossary->trace->events[glossary->sends[segment] - 1];
}

const char *glossary_host(const struct glossary *glossary, uint16_t node)
{
    return node < glossary->story->node_count ? glossary->story->nodes[node].name : "?";
}

void glossary_conn(struct text *out, const struct glossary *glossary, uint32_t conn)
{
    if (glossary->names != NULL && conn <= glossary->conns && glossary->names[conn] != STORY_NONE)
        text_puts(out, glossary->story->names[glossary->names[conn]]);
    else
        text_u64(out, conn);
}

uint32_t glossary_line(const struct glossary *glossary, uint32_t statement)
{
    return statement >= 1 && statement <= glossary->story->statement_count ? glossary->story->statements[statement - 1].place.line : 0;
}

static void options(struct text *out, const struct trace_segment *s)
{
    text_puts(out, " win ");
    text_u64(out, s->wnd);
    if (s->options & TCPOPT_MSS)
        text_printf(out, " mss %u", (unsigned)s->mss);
    if (s->options & TCPOPT_WSCALE)
        text_printf(out, " ws %u", (unsigned)s->wscale);
    if (s->options & TCPOPT_SACK_OK)
        text_puts(out, " sackok");
}

static void blocks(struct text *out, const struct trace_segment *s, const struct sack_block *sack)
{
    for (unsigned i = 0; i < s->sack_count && i < SEGMENT_SACK_MAX; i++)
        text_printf(out, "%s%u:%u", i == 0 ? " sack " : ",", (unsigned)sack[i].left, (unsigned)sack[i].right);
}

/* "SYN ACK", "FIN", "data 1:301": PSH is left out, as it changes nothing here; so is the ACK flag beside a payload, whose number stands
 * behind. */
static void kinds(struct text *out, const struct trace_segment *s, bool range)
{
    const char *space = "";
    static const struct {
        uint8_t flag;
        const char *name;
    } flags[] = {{TCP_SYN, "SYN"}, {TCP_FIN, "FIN"}, {TCP_RST, "RST"}};
    for (unsigned i = 0; i < 3; i++) {
        if (s->flags & flags[i].flag) {
            text_printf(out, "%s%s", space, flags[i].name);
            space = " ";
        }
    }
    if ((s->flags & TCP_ACK) && s->len == 0) {
        text_printf(out, "%sACK", space);
        space = " ";
    }
    if (s->len > 0)
        text_printf(out, "%sdata", space);
    if (s->len > 0 && range)
        text_printf(out, " %u:%u", (unsigned)s->seq, (unsigned)(s->seq + s->len));
    if (s->len == 0 && s->flags == 0)
        text_puts(out, "no flags");
}

void glossary_segment(struct text *out, const struct trace_segment *s, const struct sack_block *sack, enum glossary_detail detail)
{
    kinds(out, s, detail != GLOSSARY_KIND);
    if (detail == GLOSSARY_KIND)
        return;
    if (s->len == 0)
        text_printf(out, " seq %u", (unsigned)s->seq);
    if ((s->flags & TCP_ACK) && detail != GLOSSARY_SEQ)
        text_printf(out, " ack %u", (unsigned)s->ack);
    if (s->wnd == 0 && (s->flags & TCP_RST) == 0 && detail != GLOSSARY_ALL) /* a closed window is half the story */
        text_puts(out, " win 0");
    if (detail == GLOSSARY_SEQ || detail == GLOSSARY_ACK)
        return;
    if (s->options & TCPOPT_SACK)
        blocks(out, s, sack);
    if (detail == GLOSSARY_ALL)
        options(out, s);
}

const char *glossary_why(uint8_t why)
{
    static const char *const names[] = {
        [WHY_ORDINARY] = "ordinary",
        [WHY_RST_RECEIVED] = "rst-received",
        [WHY_RST_SENT] = "rst-sent",
        [WHY_TIMEOUT] = "timeout",
        [WHY_KEEPALIVE] = "keepalive",
        [WHY_USER_TIMEOUT] = "user-timeout",
        [WHY_FIN_WAIT_2_TIMEOUT] = "fin-wait-2-timeout",
        [WHY_CRASH] = "crash",
        [WHY_CLOSED_EARLY] = "closed-early",
        [WHY_REUSED] = "reused",
    };
    return why < sizeof names / sizeof *names ? names[why] : "?";
}

const char *glossary_flow(uint8_t what)
{
    static const char *const names[] = {
        [FLOW_NEW] = "new", [FLOW_CLOSING] = "closing", [FLOW_FORGOTTEN] = "forgotten", [FLOW_HELD] = "held"};
    return what < sizeof names / sizeof *names ? names[what] : "?";
}

void glossary_flow_text(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    text_printf(out, "%s:%u -- %s:%u %s", glossary_host(glossary, e->peer), (unsigned)e->flow.port[0], glossary_host(glossary, e->flow.to),
                (unsigned)e->flow.port[1], glossary_flow(e->what));
    if (e->what == FLOW_FORGOTTEN) {
        text_puts(out, ", silent for ");
        text_duration(out, e->flow.limit_ns);
        return;
    }
    if (e->what == FLOW_HELD && e->flow.state < BOX_STATES)
        text_printf(out, " in %s", box_state_name((enum box_state)e->flow.state));
    if (e->flow.limit_ns == TIME_NEVER) {
        text_puts(out, ", for good");
        return;
    }
    text_puts(out, ", until it is silent for ");
    text_duration(out, e->flow.limit_ns);
}

bool glossary_forgotten(const struct glossary *glossary, const struct trace_event *drop, int64_t *silence_ns)
{
    for (const struct trace_event *e = drop; e-- > glossary->trace->events;) {
        if (e->kind != TRACE_FLOW || e->host != drop->host || e->conn != drop->conn)
            continue;
        *silence_ns = e->flow.limit_ns;
        return e->what == FLOW_FORGOTTEN;
    }
    return false;
}

bool glossary_is_box(const struct glossary *glossary, uint8_t node)
{
    return node < glossary->story->node_count && glossary->story->nodes[node].kind != NODE_HOST;
}

const char *glossary_fault(uint8_t what)
{
    static const char *const names[] = {
        [FAULT_CUT_BEGINS] = "cut-begins", [FAULT_CUT_ENDS] = "cut-ends", [FAULT_CRASH] = "crash", [FAULT_BOOT] = "boot",
        [FAULT_PAUSE] = "pause",           [FAULT_RESUME] = "resume",     [FAULT_KILL] = "kill",   [FAULT_LINK] = "link",
    };
    return what < sizeof names / sizeof *names ? names[what] : "?";
}

void glossary_fault_text(struct text *out, const struct glossary *glossary, const struct trace_event *e)
{
    const struct story_statement *s =
        e->statement >= 1 && e->statement <= glossary->story->statement_count ? &glossary->story->statements[e->statement - 1] : NULL;
    const char *from = glossary_host(glossary, s != NULL ? s->from : e->host);
    const char *to = glossary_host(glossary, s != NULL ? s->to : e->peer);
    const char *arrow = s == NULL || s->both ? "--" : "->";

    switch ((enum fault_what)e->what) {
    case FAULT_CUT_BEGINS:
        text_printf(out, "cut %s %s %s begins", from, arrow, to);
        break;
    case FAULT_CUT_ENDS:
        text_printf(out, "cut %s %s %s ends", from, arrow, to);
        break;
    case FAULT_CRASH:
        text_printf(out, "%s crashes", from);
        break;
    case FAULT_BOOT:
        text_printf(out, "%s boots", from);
        break;
    case FAULT_PAUSE:
        text_printf(out, "%s is paused", from);
        break;
    case FAULT_RESUME:
        text_printf(out, "%s resumes", from);
        break;
    case FAULT_KILL:
        text_printf(out, "the programs of %s are killed", from);
        break;
    case FAULT_LINK:
        text_printf(out, "link %s %s %s changes", from, arrow, to);
        break;
    }
    if (s != NULL)
        text_printf(out, " (line %u)", (unsigned)s->place.line);
}

void glossary_spent(struct text *out, int64_t ns)
{
    const char *space = "";
    if (ns >= 3600 * NS_PER_S) {
        text_printf(out, "%" PRId64 " h", ns / (3600 * NS_PER_S));
        ns %= 3600 * NS_PER_S;
        space = " ";
    }
    if (ns >= 60 * NS_PER_S) {
        text_printf(out, "%s%" PRId64 " min", space, ns / (60 * NS_PER_S));
        ns %= 60 * NS_PER_S;
        space = " ";
    }
    if (ns == 0) {
        text_puts(out, *space == '\0' ? "0" : "");
        return;
    }
    text_puts(out, space);
    if (*space == '\0' && ns < NS_PER_S) {
        int64_t unit = ns % NS_PER_MS == 0 ? NS_PER_MS : ns % NS_PER_US == 0 ? NS_PER_US : 1;
        text_printf(out, "%" PRId64 " %s", ns / unit, unit == NS_PER_MS ? "ms" : unit == NS_PER_US ? "us" : "ns");
        return;
    }
    text_printf(out, "%" PRId64, ns / NS_PER_S);
    if (ns % NS_PER_S != 0) {
        char digits[16];
        int length = snprintf(digits, sizeof digits, "%09" PRId64, ns % NS_PER_S);
        while (length > 0 && digits[length - 1] == '0')
            digits[--length] = '\0';
        text_printf(out, ".%s", digits);
    }
    text_puts(out, " s");
}
