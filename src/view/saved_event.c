/* SPDX-License-Identifier: MIT */
/* One line, one record: each function here undoes one of jsonl.c. What the line does not say is what the story says, or what the
 * sending of the same segment said. */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "net/class.h"
#include "net/link.h"
#include "net/middlebox.h"
#include "tcp/state.h"
#include "view/glossary.h"
#include "view/saved_line.h"

/* Numbers are given one after the other, each with an event or a few before it: more than this is no trace of ours, and would only
 * take memory. */
#define AHEAD_MAX 1024u

struct reading {
    struct saved_line *line;
    const struct story *story;
    const struct trace *trace;
    struct saved_sends *sends;
    struct trace_event *event;
    uint32_t number_max;
};

/* ---- names ---- */

static const char *state_name(unsigned i)
{
    return tcp_state_name((enum tcp_state)i);
}
static const char *timer_name(unsigned i)
{
    return tcp_timer_name((enum tcp_timer)i);
}
static const char *error_name(unsigned i)
{
    return tcp_errno_name((enum tcp_errno)i);
}
static const char *why_name(unsigned i)
{
    return glossary_why((uint8_t)i);
}
static const char *flow_name(unsigned i)
{
    return glossary_flow((uint8_t)i);
}
static const char *box_name(unsigned i)
{
    return box_state_name((enum box_state)i);
}
static const char *fault_name(unsigned i)
{
    return glossary_fault((uint8_t)i);
}
static const char *call_name(unsigned i)
{
    return glossary_call_name((uint8_t)i);
}
static const char *timer_what_name(unsigned i)
{
    static const char *const names[] = {[TIMER_ARMED] = "armed", [TIMER_FIRED] = "fired", [TIMER_STOPPED] = "stopped"};
    return names[i];
}
static const char *kind_name(unsigned i)
{
    static const char *const names[] = {"send", "recv",   "drop", "dup",   "inject", "state", "timer",
                                        "call", "return", "note", "fault", "name",   "flow"};
    return names[i];
}
#define KINDS 13u

static uint8_t node_of(struct reading *r, const struct json *value, const char *name, size_t length)
{
    for (uint16_t i = 0; i < r->story->node_count; i++) {
        if (strlen(r->story->nodes[i].name) == length && memcmp(r->story->nodes[i].name, name, length) == 0)
            return (uint8_t)i;
    }
    saved_wrong(r->line, value, "the scenario has no host %.*s", (int)(length < 40 ? length : 40), name);
    return 0;
}

static uint8_t node(struct reading *r, const char *key)
{
    const struct json *value = saved_take(r->line, key, JSON_STRING);
    return value != NULL ? node_of(r, value, value->string, value->length) : 0;
}

static bool decimal(const char *s, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;
    for (const char *c = s; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return false;
        value = value * 10 + (uint64_t)(*c - '0');
        if (value > most)
            return false;
    }
    *number = (uint32_t)value;
    return *s != '\0';
}

/* null, its number as a string, or its name with the number beside it. */
static uint32_t conn(struct reading *r)
{
    const struct json *value = saved_find(r->line, "conn");
    uint32_t number = 0;
    if (value == NULL)
        saved_wrong(r->line, NULL, "this line has no \"conn\"");
    else if (value->kind == JSON_NULL)
        return 0;
    else if (value->kind != JSON_STRING)
        saved_wrong(r->line, value, "\"conn\" is a string or null");
    else if (saved_find(r->line, "number") != NULL)
        number = saved_take_u32(r->line, "number", r->number_max);
    else if (!decimal(value->string, r->number_max, &number) || number == 0)
        saved_wrong(r->line, value, "%.40s is no connection's number, and no \"number\" stands beside it", value->string);
    return number;
}

static void host_and_conn(struct reading *r)
{
    r->event->host = node(r, "host");
    r->event->conn = conn(r);
}

static const struct story_statement *statement(struct reading *r)
{
    r->event->statement = saved_take_u32_or(r->line, "statement", r->story->statement_count, 0);
    return r->event->statement != 0 ? &r->story->statements[r->event->statement - 1] : NULL;
}

/* ---- segments ---- */

static uint8_t flags(struct reading *r)
{
    static const char letters[] = "SFRP.";
    static const uint8_t bits[] = {TCP_SYN, TCP_FIN, TCP_RST, TCP_PSH, TCP_ACK};
    const struct json *value = saved_take(r->line, "flags", JSON_STRING);
    uint8_t flags = 0;
    for (const char *c = value != NULL ? value->string : ""; *c != '\0'; c++) {
        const char *letter = strchr(letters, *c);
        if (letter == NULL)
            saved_wrong(r->line, value, "flags are the letters S F R P and .");
        else
            flags |= bits[letter - letters];
    }
    return flags;
}

static void sack(struct reading *r, const struct json *blocks)
{
    unsigned count = 0;
    if (blocks->kind != JSON_ARRAY || blocks->count > SEGMENT_SACK_MAX) {
        saved_wrong(r->line, blocks, "\"sack\" is an array of at most %u blocks", (unsigned)SEGMENT_SACK_MAX);
        return;
    }
    for (const struct json *block = blocks->first; block != NULL; block = block->next) {
        if (block->kind != JSON_ARRAY || block->count != 2) {
            saved_wrong(r->line, block, "a block is [left,right]");
            return;
        }
        r->event->sack[count].left = saved_u32(r->line, block->first, UINT32_MAX);
        r->event->sack[count++].right = saved_u32(r->line, block->first->next, UINT32_MAX);
    }
    r->event->segment.sack_count = (uint8_t)count;
}

static void timestamps(struct reading *r, const struct json *ts)
{
    struct trace_segment *s = &r->event->segment;
    if (ts->kind != JSON_ARRAY || ts->count != 2) {
        saved_wrong(r->line, ts, "\"ts\" is [value,echo]");
        return;
    }
    s->tsval = saved_u32(r->line, ts->first, UINT32_MAX);
    s->tsecr = saved_u32(r->line, ts->first->next, UINT32_MAX);
    s->options |= TCPOPT_TS;
}

static void opts(struct reading *r)
{
    const struct json *all = saved_take(r->line, "opts", JSON_OBJECT);
    struct trace_segment *s = &r->event->segment;
    for (const struct json *option = all != NULL ? all->first : NULL; option != NULL; option = option->next) {
        if (strcmp(option->key, "mss") == 0) {
            s->mss = (uint16_t)saved_u32(r->line, option, UINT16_MAX);
            s->options |= TCPOPT_MSS;
        } else if (strcmp(option->key, "ws") == 0) {
            s->wscale = (uint8_t)saved_u32(r->line, option, 14); /* RFC 7323 section 2.3 */
            s->options |= TCPOPT_WSCALE;
        } else if (strcmp(option->key, "sackok") == 0) {
            s->options |= TCPOPT_SACK_OK;
        } else if (strcmp(option->key, "ts") == 0) {
            timestamps(r, option);
        } else if (strcmp(option->key, "sack") == 0) {
            sack(r, option);
            s->options |= TCPOPT_SACK;
        } else {
            saved_wrong(r->line, option, "%.40s is not an option of a segment", option->key);
        }
    }
}

static uint16_t classes(struct reading *r)
{
    static const char *const names[] = {"SYN", "FIN", "RST", "data", "ACK", "probe", "ACK(FIN)"};
    static const uint16_t bits[] = {CLASS_SYN, CLASS_FIN, CLASS_RST, CLASS_DATA, CLASS_ACK, CLASS_PROBE, CLASS_ACK_FIN};
    const struct json *all = saved_take(r->line, "is", JSON_ARRAY);
    uint16_t classes = CLASS_ANY;
    for (const struct json *name = all != NULL ? all->first : NULL; name != NULL; name = name->next) {
        unsigned i = 0;
        while (i < 7 && (name->kind != JSON_STRING || strcmp(names[i], name->string) != 0))
            i++;
        if (i == 7)
            saved_wrong(r->line, name, "this is not the name of a kind of segment");
        else
            classes |= bits[i];
    }
    return classes | (saved_take_true(r->line, "retransmission") ? CLASS_RETRANSMISSION : 0);
}

/* A number of its own for each segment: this one is sent here. */
static void send_note(struct reading *r, uint32_t segment)
{
    struct saved_sends *sends = r->sends;
    if (segment >= sends->capacity && !r->line->failed) {
        uint32_t capacity = sends->capacity == 0 ? 4 * AHEAD_MAX : 2 * sends->capacity;
        uint32_t *event = realloc(sends->event, capacity * sizeof *event);
        if (event == NULL) {
            sends->failed = true;
            return;
        }
        memset(event + sends->capacity, 0, (capacity - sends->capacity) * sizeof *event);
        sends->event = event;
        sends->capacity = capacity;
    }
    if (r->line->failed)
        return;
    if (sends->event[segment] != 0)
        saved_wrong(r->line, saved_find(r->line, "seg"), "segment %u was sent before, in event %u", (unsigned)segment,
                    (unsigned)sends->event[segment]);
    sends->event[segment] = r->trace->count + 1;
}

static const struct trace_event *sent_before(struct reading *r, const char *key)
{
    static const struct trace_event none;
    uint32_t segment = saved_take_u32(r->line, key, r->number_max);
    if (!r->line->failed && segment < r->sends->capacity && r->sends->event[segment] != 0)
        return &r->trace->events[r->sends->event[segment] - 1];
    saved_wrong(r->line, saved_find(r->line, key), "segment %u has not been sent", (unsigned)segment);
    return &none;
}

static void sent(struct reading *r)
{
    struct trace_segment *s = &r->event->segment;
    const struct json *ack = saved_find(r->line, "ack");
    host_and_conn(r);
    r->event->peer = node(r, "to");
    s->number = saved_take_u32(r->line, "seg", r->number_max);
    s->flags = flags(r);
    s->seq = saved_take_u32(r->line, "seq", UINT32_MAX);
    if (ack == NULL || (ack->kind == JSON_NULL) != ((s->flags & TCP_ACK) == 0))
        saved_wrong(r->line, ack, "\"ack\" is a number with the ACK flag, null without");
    else if (ack->kind != JSON_NULL)
        s->ack = saved_u32(r->line, ack, UINT32_MAX);
    s->len = saved_take_u32(r->line, "len", UINT32_MAX);
    s->wnd = saved_take_u32(r->line, "win", UINT32_MAX);
    opts(r);
    s->classes = classes(r);
    statement(r);
    send_note(r, s->number);
}

/* The segment as it was sent, but for what the line says of it. */
static void again(struct reading *r, const struct trace_event *sent)
{
    const struct json *blocks = saved_find(r->line, "sack");
    struct trace_segment *s = &r->event->segment;
    *s = sent->segment;
    s->of = 0; /* only the record of the doubling says it */
    memcpy(r->event->sack, sent->sack, sizeof sent->sack);
    r->event->conn = sent->conn;
    s->seq = saved_take_u32_or(r->line, "seq", UINT32_MAX, s->seq);
    s->ack = saved_take_u32_or(r->line, "ack", UINT32_MAX, s->ack);
    if (blocks != NULL)
        sack(r, blocks);
    statement(r);
}

static void received(struct reading *r)
{
    again(r, sent_before(r, "seg"));
    host_and_conn(r);
    r->event->peer = node(r, "from");
}

/* "rule 10": the line behind it is told by the statement. */
static uint8_t drop_why(struct reading *r)
{
    const struct json *value = saved_take(r->line, "why", JSON_STRING);
    if (value == NULL)
        return 0;
    for (unsigned why = DROP_RULE; why <= DROP_HOST_DOWN; why++) {
        const char *name = drop_why_name((enum drop_why)why);
        size_t length = strlen(name);
        if (strncmp(value->string, name, length) == 0 && (value->string[length] == '\0' || value->string[length] == ' '))
            return (uint8_t)why;
    }
    saved_wrong(r->line, value, "%.40s is not a reason to lose a segment", value->string);
    return 0;
}

static void dropped(struct reading *r)
{
    again(r, sent_before(r, "seg"));
    r->event->host = node(r, "host");
    r->event->peer = node(r, "to");
    r->event->what = drop_why(r);
}

static void doubled(struct reading *r)
{
    const struct trace_event *original = sent_before(r, "of");
    again(r, original);
    r->event->host = node(r, "host");
    r->event->peer = node(r, "to");
    r->event->segment.of = original->segment.number;
    r->event->segment.number = saved_take_u32(r->line, "seg", r->number_max);
    send_note(r, r->event->segment.number);
}

/* ---- ends and programs ---- */

static void changed(struct reading *r)
{
    host_and_conn(r);
    r->event->state.from = saved_take_name(r->line, "from", state_name, TCP_STATES, "a state of TCP");
    r->event->state.to = saved_take_name(r->line, "to", state_name, TCP_STATES, "a state of TCP");
    if (saved_find(r->line, "why") != NULL)
        r->event->what = saved_take_name(r->line, "why", why_name, WHY_REUSED + 1, "a reason for a change of state");
    r->event->state.side = (uint8_t)saved_take_u32(r->line, "side", 1);
    r->event->state.end = saved_take_u32(r->line, "end", UINT32_MAX);
    r->event->state.orphan = saved_take_true(r->line, "orphan");
}

static void timer(struct reading *r)
{
    host_and_conn(r);
    r->event->timer.timer = saved_take_name(r->line, "timer", timer_name, TCP_TIMERS, "a timer");
    r->event->what = saved_take_name(r->line, "what", timer_what_name, 3, "armed, fired or stopped");
    r->event->timer.at_ns = saved_integer(r->line, saved_take(r->line, "at", JSON_NUMBER), 0, TIME_NEVER);
    r->event->timer.side = (uint8_t)saved_take_u32(r->line, "side", 1);
}

/* Two calls have two forms under one name: the step tells which, or, without one, "form". */
static uint8_t call_kind(struct reading *r, uint32_t step)
{
    uint8_t call = saved_take_name(r->line, "call", call_name, CALL_EXIT + 1, "a call");
    if (saved_find(r->line, "form") != NULL)
        return call == CALL_RECV ? CALL_RECV_EOF : call == CALL_DRAIN ? CALL_DRAIN_OFF : call;
    if (step < r->story->step_count && strcmp(call_name((unsigned)r->story->steps[step].call), call_name(call)) == 0)
        return (uint8_t)r->story->steps[step].call;
    return call;
}

static void called(struct reading *r)
{
    struct trace_call *c = &r->event->call;
    host_and_conn(r);
    c->program = saved_take_u32(r->line, "program", r->story->program_count) - 1;
    if (c->program == UINT32_MAX)
        saved_wrong(r->line, saved_find(r->line, "program"), "programs are counted from 1");
    uint32_t copies = c->program < r->story->program_count ? r->story->programs[c->program].copies : 0;
    c->copy = saved_take_u32(r->line, "copy", copies > r->number_max ? copies : r->number_max);
    c->step = saved_take_u32_or(r->line, "step", r->story->step_count, 0) - 1;
    c->call = call_kind(r, c->step);
    c->socket = saved_take_u32_or(r->line, "socket", UINT32_MAX, 0);
    if (r->event->kind == TRACE_CALL)
        return;
    if (saved_find(r->line, "error") != NULL) {
        c->error = saved_take_name(r->line, "error", error_name, TCP_ERRNOS, "an error");
        c->value = saved_integer(r->line, saved_find(r->line, "bytes"), -INT64_MAX, INT64_MAX);
    } else {
        c->value = saved_integer(r->line, saved_take(r->line, "value", JSON_NUMBER), -INT64_MAX, INT64_MAX);
    }
    c->eof = saved_take_true(r->line, "eof");
    c->failed = saved_take_true(r->line, "failed");
}

/* ---- the rest ---- */

static void noted(struct reading *r)
{
    const struct story_statement *s = statement(r);
    if (s == NULL || (s->kind != STATEMENT_SAY && s->kind != STATEMENT_ASK)) {
        saved_wrong(r->line, saved_find(r->line, "statement"), "a note is of a \"statement\", a say or an ask");
        return;
    }
    if (s->kind == STATEMENT_ASK) {
        r->event->host = (uint8_t)(s->ask_host != STORY_NONE ? s->ask_host : 0);
        r->event->note.value = saved_integer(r->line, saved_take(r->line, "value", JSON_NUMBER), -INT64_MAX, INT64_MAX);
    }
}

static void faulted(struct reading *r)
{
    const struct story_statement *s = statement(r);
    if (s == NULL || s->from == STORY_NONE) {
        saved_wrong(r->line, saved_find(r->line, "statement"), "a fault is of a \"statement\" about a host or a link");
        return;
    }
    r->event->what = saved_take_name(r->line, "what", fault_name, FAULT_LINK + 1, "a fault");
    r->event->host = (uint8_t)s->from;
    r->event->peer = (uint8_t)(s->to != STORY_NONE ? s->to : s->from);
}

static void named(struct reading *r)
{
    const struct json *value = saved_take(r->line, "conn", JSON_STRING);
    uint16_t i = 0;
    host_and_conn(r);
    while (value != NULL && i < r->story->name_count && strcmp(r->story->names[i], value->string) != 0)
        i++;
    if (value != NULL && i == r->story->name_count)
        saved_wrong(r->line, value, "the scenario has no connection %.40s", value->string);
    r->event->note.value = i;
}

/* "client:40000" */
static uint16_t address(struct reading *r, const char *key, uint8_t *host)
{
    const struct json *value = saved_take(r->line, key, JSON_STRING);
    const char *colon = value != NULL ? strrchr(value->string, ':') : NULL;
    uint32_t port = 0;
    if (value != NULL && (colon == NULL || !decimal(colon + 1, UINT16_MAX, &port)))
        saved_wrong(r->line, value, "HOST:PORT is expected here");
    else if (value != NULL)
        *host = node_of(r, value, value->string, (size_t)(colon - value->string));
    return (uint16_t)port;
}

static int64_t time_or_never(struct reading *r, const char *key)
{
    const struct json *value = saved_find(r->line, key);
    if (value != NULL && value->kind == JSON_NULL)
        return TIME_NEVER;
    return saved_integer(r->line, saved_take(r->line, key, JSON_NUMBER), 0, TIME_NEVER);
}

static void remembered(struct reading *r)
{
    host_and_conn(r);
    r->event->what = saved_take_name(r->line, "what", flow_name, FLOW_HELD + 1, "what becomes of a flow");
    r->event->flow.port[0] = address(r, "from", &r->event->peer);
    r->event->flow.port[1] = address(r, "to", &r->event->flow.to);
    r->event->flow.state = saved_take_name(r->line, "state", box_name, BOX_STATES, "a state of a flow");
    r->event->flow.limit_ns = time_or_never(r, "limit");
    r->event->flow.at_ns = time_or_never(r, "at");
}

static void kind_take(struct reading *r)
{
    switch ((enum trace_kind)r->event->kind) {
    case TRACE_SEND:
    case TRACE_INJECT:
        sent(r);
        break;
    case TRACE_RECV:
        received(r);
        break;
    case TRACE_DROP:
        dropped(r);
        break;
    case TRACE_DUP:
        doubled(r);
        break;
    case TRACE_STATE:
        changed(r);
        break;
    case TRACE_TIMER:
        timer(r);
        break;
    case TRACE_CALL:
    case TRACE_RETURN:
        called(r);
        break;
    case TRACE_NOTE:
        noted(r);
        break;
    case TRACE_FAULT:
        faulted(r);
        break;
    case TRACE_NAME:
        named(r);
        break;
    case TRACE_FLOW:
        remembered(r);
        break;
    }
}

void saved_event(struct saved_line *line, const struct story *story, const struct trace *trace, struct saved_sends *sends,
                 struct trace_event *event)
{
    struct reading r = {.line = line, .story = story, .trace = trace, .sends = sends, .event = event};
    const struct json *cause = saved_find(line, "cause");
    int64_t last_ns = trace->count > 0 ? trace->events[trace->count - 1].time_ns : 0;

    r.number_max = trace->count < UINT32_MAX / 4 ? trace->count + AHEAD_MAX : UINT32_MAX / 4;
    event->kind = (uint8_t)(1 + saved_take_name(line, "kind", kind_name, KINDS, "a kind of event"));
    event->time_ns = saved_integer(line, saved_take(line, "t", JSON_NUMBER), last_ns, TIME_NEVER - 1);
    if (cause == NULL)
        saved_wrong(line, NULL, "this line has no \"cause\"");
    else if (cause->kind != JSON_NULL)
        event->cause = (uint32_t)saved_integer(line, cause, 1, trace->count);
    if (!line->failed)
        kind_take(&r);
}
