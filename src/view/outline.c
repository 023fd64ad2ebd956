/* SPDX-License-Identifier: MIT */
#include "view/outline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/state.h"
#include "view/glossary.h"

#define CONNECTIONS_TOLD 8u /* beyond, only how many of each verdict */
#define COPIES_TOLD 4u

enum section { SECTION_VERDICT, SECTION_STATES, SECTION_END, SECTION_BYTES, SECTION_SENT, SECTION_CALLS, SECTION_FILE };
enum sent { SENT_SYN, SENT_DATA, SENT_ACK, SENT_FIN, SENT_RST, SENT_KINDS };

struct outliner {
    struct outline *out;
    struct glossary glossary;
    const struct trace *trace;
    const struct judgement *judgement;
};

static uint64_t place(uint32_t conn, enum section section, uint32_t a, uint32_t b)
{
    return (uint64_t)conn << 44 | (uint64_t)section << 40 | (uint64_t)(a & 0xFFFFFu) << 20 | (b & 0xFFFFFu);
}

/* A row without its words; NULL: out of memory. */
static struct outline_row *row(struct outline *out, uint64_t at)
{
    if (out->count == out->capacity) {
        const uint32_t capacity = out->capacity == 0 ? 64 : 2 * out->capacity;
        struct outline_row *larger = realloc(out->rows, capacity * sizeof *larger);
        if (larger == NULL) {
            out->failed = true;
            return NULL;
        }
        out->rows = larger;
        out->capacity = capacity;
    }
    out->rows[out->count] = (struct outline_row){.place = at};
    return &out->rows[out->count++];
}

/* "first: client", where there are several connections. */
static void whose(const struct outliner *o, struct outline_row *r, const struct connection_report *c, int side)
{
    if (o->glossary.conns > 1) {
        glossary_conn(&r->what, &o->glossary, c->conn);
        text_puts(&r->what, side >= 0 ? ": " : " ");
    }
    if (side >= 0)
        text_puts(&r->what, glossary_host(&o->glossary, c->host[side]));
    if (side == 1 && c->host[0] == c->host[1])
        text_puts(&r->what, " accepting");
}

/* ---- one connection ---- */

static const char *ending(const struct trace_event *e)
{
    switch ((enum state_why)e->what) {
    case WHY_ORDINARY:
        return "in order";
    case WHY_RST_RECEIVED:
        return "by a RST";
    case WHY_RST_SENT:
        return "with a RST";
    case WHY_TIMEOUT:
        return "gave up";
    case WHY_KEEPALIVE:
        return "keep-alive";
    case WHY_USER_TIMEOUT:
        return "user timeout";
    case WHY_FIN_WAIT_2_TIMEOUT:
        return "FIN_WAIT_2 over";
    case WHY_CRASH:
        return "crash";
    case WHY_CLOSED_EARLY:
        return "closed early";
    case WHY_REUSED:
        return "reused";
    }
    return "?";
}

/* How long this end was in each state, and how it ended. */
static void states(const struct outliner *o, const struct connection_report *c, unsigned side)
{
    int64_t spent[TCP_STATES] = {0}, since = 0;
    bool seen[TCP_STATES] = {false};
    uint8_t now = TCP_CLOSED;
    const struct trace_event *last = NULL;

    for (uint32_t i = 0; i < o->trace->count; i++) {
        const struct trace_event *e = &o->trace->events[i];
        if (e->kind != TRACE_STATE || e->conn != c->conn || e->state.side != side)
            continue;
        spent[now] += e->time_ns - since;
        now = e->state.to;
        since = e->time_ns;
        seen[now] = true;
        last = e;
    }
    for (unsigned s = 0; s < TCP_STATES; s++) {
        if (!seen[s] || s == TCP_CLOSED || s == TCP_LISTEN)
            continue;
        struct outline_row *r = row(o->out, place(c->conn, SECTION_STATES, side, s));
        if (r == NULL)
            return;
        whose(o, r, c, (int)side);
        text_printf(&r->what, " in %s", tcp_state_name((enum tcp_state)s));
        if (s == now)
            text_puts(&r->is, "to the end");
        else
            glossary_spent(&r->is, spent[s]);
    }
    struct outline_row *r = last != NULL ? row(o->out, place(c->conn, SECTION_END, side, 0)) : NULL;
    if (r != NULL) {
        whose(o, r, c, (int)side);
        text_puts(&r->what, " ends");
        text_puts(&r->is, now == TCP_CLOSED ? ending(last) : "not");
    }
}

static enum sent kind_of(const struct trace_segment *segment)
{
    if (segment->flags & TCP_RST)
        return SENT_RST;
    if (segment->flags & TCP_SYN)
        return SENT_SYN;
    if (segment->flags & TCP_FIN)
        return SENT_FIN;
    return segment->len > 0 ? SENT_DATA : SENT_ACK;
}

static void sent(const struct outliner *o, const struct connection_report *c, unsigned side)
{
    static const char *const names[SENT_KINDS] = {"SYN", "data", "ACK", "FIN", "RST"};
    uint32_t counts[SENT_KINDS] = {0};
    if (side == 1 && c->host[0] == c->host[1])
        return; /* one host talks to itself: the first row has both */
    for (uint32_t i = 0; i < o->trace->count; i++) {
        const struct trace_event *e = &o->trace->events[i];
        if (e->kind == TRACE_SEND && e->conn == c->conn && e->host == c->host[side])
            counts[kind_of(&e->segment)]++;
    }
    for (unsigned k = 0; k < SENT_KINDS; k++) {
        struct outline_row *r = row(o->out, place(c->conn, SECTION_SENT, side, k));
        if (r == NULL)
            return;
        whose(o, r, c, (int)side);
        text_printf(&r->what, " sends %s", names[k]);
        text_i64(&r->is, counts[k]);
    }
}

static void connection(const struct outliner *o, const struct connection_report *c)
{
    struct outline_row *r = row(o->out, place(c->conn, SECTION_VERDICT, 0, 0));
    if (r == NULL)
        return;
    whose(o, r, c, -1);
    text_puts(&r->what, "verdict");
    text_puts(&r->is, verdict_name(c->verdict));
    for (unsigned side = 0; side < 2; side++) {
        states(o, c, side);
        sent(o, c, side);
        r = c->written[side] > 0 ? row(o->out, place(c->conn, SECTION_BYTES, side, 0)) : NULL;
        if (r == NULL)
            continue;
        whose(o, r, c, (int)side);
        text_puts(&r->what, "'s bytes delivered");
        text_printf(&r->is, "%" PRIu64 " of %" PRIu64, c->delivered[side], c->written[side]);
    }
}

/* ---- all of them ---- */

static void verdicts(const struct outliner *o)
{
    uint32_t counts[VERDICTS] = {0};
    for (uint32_t i = 0; i < o->judgement->connection_count; i++)
        counts[o->judgement->connections[i].verdict]++;
    for (unsigned v = 0; v < VERDICTS; v++) {
        struct outline_row *r = counts[v] > 0 ? row(o->out, place(0, SECTION_VERDICT, 0, v)) : NULL;
        if (r == NULL)
            continue;
        text_printf(&r->what, "verdict %s", verdict_name((enum verdict)v));
        text_i64(&r->is, counts[v]);
    }
}

/* What a call came to: its return, or that it waits. The last word counts, for a drain reads often. */
static void call(const struct outliner *o, const struct trace_event *e)
{
    const struct story_step *step = glossary_step(&o->glossary, &e->call);
    if (step == NULL || e->call.copy >= COPIES_TOLD || step->call == CALL_SLEEP || step->call == CALL_EXIT)
        return;
    const uint64_t at = place(UINT32_C(0xFFFFF), SECTION_CALLS, e->call.program * COPIES_TOLD + e->call.copy, e->call.step);
    struct outline_row *r = NULL;
    for (uint32_t i = o->out->count; i-- > 0 && r == NULL;)
        r = o->out->rows[i].place == at ? &o->out->rows[i] : NULL;
    if (r == NULL && (r = row(o->out, at)) == NULL)
        return;
    if (r->what.length == 0) {
        text_printf(&r->what, "%s: ", glossary_host(&o->glossary, e->host));
        glossary_call(&r->what, &o->glossary, &e->call, false);
        text_printf(&r->what, ", line %u", (unsigned)step->place.line);
        if (e->call.copy > 0)
            text_printf(&r->what, " (%u)", (unsigned)e->call.copy + 1);
    }
    r->is.length = 0;
    if (e->kind == TRACE_RETURN && !glossary_broken_off(&e->call))
        glossary_result(&r->is, &e->call);
    else
        text_puts(&r->is, "waits");
}

static int by_place(const void *a, const void *b)
{
    const uint64_t left = ((const struct outline_row *)a)->place, right = ((const struct outline_row *)b)->place;
    return left < right ? -1 : left > right;
}

void view_outline(struct outline *outline, const struct story *story, const struct trace *trace, const struct judgement *judgement)
{
    struct outliner o = {.out = outline, .trace = trace, .judgement = judgement};
    *outline = (struct outline){.count = 0};
    glossary_init(&o.glossary, story, trace);
    if (judgement->connection_count > CONNECTIONS_TOLD)
        verdicts(&o);
    for (uint32_t i = 0; i < judgement->connection_count && judgement->connection_count <= CONNECTIONS_TOLD; i++)
        connection(&o, &judgement->connections[i]);
    for (uint32_t i = 0; i < trace->count; i++) {
        if (trace->events[i].kind == TRACE_CALL || trace->events[i].kind == TRACE_RETURN)
            call(&o, &trace->events[i]);
    }
    struct outline_row *r = row(outline, place(UINT32_C(0xFFFFF), SECTION_FILE, 0, 0));
    if (r != NULL) {
        text_puts(&r->what, "the file's expectations");
        if (judgement->failures.count > 0)
            text_printf(&r->is, "%u fail", (unsigned)judgement->failures.count);
        else
            text_puts(&r->is, "hold");
    }
    outline->failed = outline->failed || o.glossary.failed;
    if (outline->count > 0)
        qsort(outline->rows, outline->count, sizeof *outline->rows, by_place);
    glossary_done(&o.glossary);
}

void outline_free(struct outline *outline)
{
    for (uint32_t i = 0; i < outline->count; i++) {
        text_free(&outline->rows[i].what);
        text_free(&outline->rows[i].is);
    }
    free(outline->rows);
    *outline = (struct outline){.count = 0};
}

const struct outline_row *outline_at(const struct outline *outline, uint64_t at)
{
    for (uint32_t i = 0; i < outline->count; i++) {
        if (outline->rows[i].place == at)
            return &outline->rows[i];
    }
    return NULL;
}
