/* SPDX-License-Identifier: MIT */
/* What the script of the page must know of a run, as JSON, all of it computed here from the trace: every event in one sentence with its
 * cause and its rule, the steps, the socket tables after each of them, the moves of each end through the state diagram. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "judge/causes.h"
#include "net/class.h"
#include "tcp/state.h"
#include "view/html.h"
#include "view/rules.h"

#define RULES_MAX 256u

struct model {
    struct text *out;
    const struct svg *svg;
    const struct trace *trace;
    struct html_step *steps;
    uint32_t step_count;
    uint32_t *cell_of; /* by event: the number of the event whose words it shares; 0: it has none */
    const struct rule *rules[RULES_MAX];
    unsigned rule_count;
};

void html_string(struct text *out, const char *utf8)
{
    text_putc(out, '"');
    while (*utf8 != '\0') {
        uint32_t c = utf8_next(&utf8);
        if (c > 0xFFFF)
            text_printf(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((c - 0x10000) >> 10)), (unsigned)(0xDC00 + ((c - 0x10000) & 0x3FF)));
        else if (c < ' ' || c > 0x7E || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&')
            text_printf(out, "\\u%04x", (unsigned)c);
        else
            text_putc(out, (char)c);
    }
    text_putc(out, '"');
}

/* ---- steps ---- */

struct html_step *html_steps(const struct trace *trace, uint32_t *count)
{
    struct html_step *steps = malloc(((size_t)trace->count + 1) * sizeof *steps);
    *count = 0;
    for (uint32_t n = 1; n <= trace->count && steps != NULL; n++) {
        if (trace_step_begins(trace, n))
            steps[(*count)++] = (struct html_step){.first = n};
        steps[*count - 1].last = n;
    }
    return steps;
}

/* What a class would not have expected; NULL: nothing. */
static const char *surprise_of(const struct model *model, uint32_t number)
{
    const struct trace_event *e = &model->trace->events[number - 1];
    switch ((enum trace_kind)e->kind) {
    case TRACE_DROP:
        return "a segment is lost";
    case TRACE_DUP:
        return "a segment is doubled";
    case TRACE_INJECT:
        return "a forged segment";
    case TRACE_FAULT:
        return "a fault";
    case TRACE_SEND:
        return e->segment.flags & TCP_RST ? "a reset" : e->segment.classes & CLASS_RETRANSMISSION ? "a retransmission" : NULL;
    case TRACE_RETURN:
        return e->call.error != TCP_OK || e->call.failed ? "a call fails" : NULL;
    case TRACE_STATE:
        return e->what != WHY_ORDINARY ? "a connection ends out of order" : NULL;
    case TRACE_FLOW:
        return e->what == FLOW_FORGOTTEN ? "a box has forgotten" : NULL;
    case TRACE_RECV:
    case TRACE_TIMER:
    case TRACE_CALL:
    case TRACE_NOTE:
    case TRACE_NAME:
        break;
    }
    return NULL;
}

static bool disagreement_begins(const struct model *model, const struct html_step *step)
{
    for (uint32_t s = 0; s < model->svg->span_count; s++) {
        const struct svg_span *span = &model->svg->spans[s];
        if (span->kind == SPAN_DISAGREE && span->from + 1 >= step->first && span->from + 1 <= step->last)
            return true;
    }
    return false;
}

static const char *step_surprise(const struct model *model, const struct html_step *step)
{
    for (uint32_t n = step->first; n <= step->last; n++) {
        const char *surprise = surprise_of(model, n);
        if (surprise != NULL)
            return surprise;
    }
    return disagreement_begins(model, step) ? "the ends disagree" : NULL;
}

static void steps(struct model *model)
{
    int y = model->svg->head;
    text_puts(model->out, "\"steps\":[");
    for (uint32_t s = 0; s < model->step_count; s++) {
        const struct html_step *step = &model->steps[s];
        const char *surprise = step_surprise(model, step);
        char time[48];
        for (uint32_t n = step->first; n <= step->last; n++) {
            uint32_t line = model->svg->line_of[n - 1];
            int below = line != 0 ? model->svg->lines[line - 1].top + model->svg->lines[line - 1].height : 0;
            y = below > y ? below : y;
        }
        page_time_text(&model->svg->words, time, sizeof time, model->trace->events[step->first - 1].time_ns);
        text_printf(model->out, "%s[%u,%u,%d,\"%s\",", s > 0 ? ",\n" : "\n", (unsigned)step->first, (unsigned)step->last, y, time);
        html_string(model->out, surprise != NULL ? surprise : "");
        text_printf(model->out, ",%d]", trace_changes_state(model->trace, step->first, step->last));
    }
    text_puts(model->out, "]");
}

/* After each step, the tables of the hosts; 0 where a table is as it was. */
static void sockets(struct model *model)
{
    struct sockets *sockets = sockets_new(model->svg);
    unsigned lanes = model->svg->ladder.lanes;
    struct text *last = calloc(lanes, sizeof *last);
    text_puts(model->out, "\"sockets\":[");
    for (uint32_t s = 0; s < model->step_count && sockets != NULL && last != NULL; s++) {
        const struct html_step *step = &model->steps[s];
        for (uint32_t n = step->first; n <= step->last; n++)
            sockets_event(sockets, n);
        text_puts(model->out, s > 0 ? ",\n[" : "\n[");
        for (unsigned lane = 0; lane < lanes; lane++) {
            struct text table = {0};
            sockets_table(&table, sockets, model->svg->lanes[lane].node, model->trace->events[step->last - 1].time_ns);
            bool same = last[lane].length == table.length && last[lane].bytes != NULL && strcmp(last[lane].bytes, table.bytes) == 0;
            text_puts(model->out, lane > 0 ? "," : "");
            text_puts(model->out, same ? "0" : table.bytes != NULL ? table.bytes : "[]");
            text_free(&last[lane]);
            last[lane] = table;
        }
        text_putc(model->out, ']');
    }
    text_puts(model->out, "]");
    for (unsigned lane = 0; lane < lanes && last != NULL; lane++)
        text_free(&last[lane]);
    model->out->failed = model->out->failed || sockets == NULL || last == NULL;
    free(last);
    sockets_free(sockets);
}

/* ---- events ---- */

static int rule_index(struct model *model, const struct rule *rule)
{
    unsigned i = 0;
    if (rule == NULL)
        return -1;
    while (i < model->rule_count && strcmp(model->rules[i]->text, rule->text) != 0)
        i++;
    if (i == RULES_MAX)
        return -1;
    if (i == model->rule_count)
        model->rules[model->rule_count++] = rule;
    return (int)i;
}

/* A return shares the words of its call. */
static void cells(struct model *model)
{
    const struct svg *svg = model->svg;
    for (uint32_t l = 0; l < svg->line_count; l++) {
        if (svg->lines[l].kind == LINE_NOTE || svg->lines[l].kind == LINE_FAULT) {
            uint32_t event = svg->ladder.rows[svg->lines[l].row].event;
            model->cell_of[event] = event + 1;
        }
        if (svg->lines[l].kind != LINE_EVENTS)
            continue;
        const struct cell *cells = ladder_cells(&svg->ladder, svg->lines[l].row);
        for (unsigned lane = 0; lane < svg->ladder.lanes; lane++) {
            if (cells[lane].kind == CELL_NONE)
                continue;
            model->cell_of[cells[lane].event] = cells[lane].event + 1;
            if (cells[lane].done != 0)
                model->cell_of[cells[lane].done - 1] = cells[lane].event + 1;
        }
    }
}

static void element(struct model *model, uint32_t number)
{
    const struct trace_event *e = &model->trace->events[number - 1];
    if (glossary_is_segment(e->kind) || e->kind == TRACE_DROP)
        text_printf(model->out, "\"s%u\"", (unsigned)e->segment.number);
    else if (model->cell_of[number - 1] != 0)
        text_printf(model->out, "\"e%u\"", (unsigned)model->cell_of[number - 1]);
    else
        text_puts(model->out, "\"\"");
}

static void events(struct model *model)
{
    text_puts(model->out, "\"events\":[");
    for (uint32_t n = 1; n <= model->trace->count; n++) {
        struct text sentence = {0};
        why_sentence(&sentence, model->svg->glossary, n);
        text_printf(model->out, "%s[%" PRId64 ",%u,", n > 1 ? ",\n" : "\n", model->trace->events[n - 1].time_ns,
                    (unsigned)cause_of(model->trace, n));
        element(model, n);
        text_putc(model->out, ',');
        html_string(model->out, sentence.bytes != NULL ? sentence.bytes : "");
        text_printf(model->out, ",%d]", rule_index(model, rule_of(model->svg->glossary, n)));
        model->out->failed = model->out->failed || sentence.failed;
        text_free(&sentence);
    }
    text_puts(model->out, "],\n\"rules\":[");
    for (unsigned i = 0; i < model->rule_count; i++) {
        text_puts(model->out, i > 0 ? ",\n[" : "\n[");
        html_string(model->out, model->rules[i]->text);
        text_putc(model->out, ',');
        html_string(model->out, model->rules[i]->source);
        text_putc(model->out, ']');
    }
    text_putc(model->out, ']');
}

/* ---- what an end goes through, and what somebody says ---- */

static void moves(struct model *model)
{
    const struct svg *svg = model->svg;
    const char *comma = "";
    text_puts(model->out, "\"moves\":[");
    for (uint32_t n = 1; n <= model->trace->count; n++) {
        const struct trace_event *e = &model->trace->events[n - 1];
        unsigned lane = svg->ladder.lane_of[e->host];
        if (e->kind != TRACE_STATE || e->conn == 0 || e->conn > svg->ladder.shown || lane == LANE_NONE || e->state.from == e->state.to)
            continue;
        text_printf(model->out, "%s\n[%u,%u,%u,%u,\"%s\",\"%s\"]", comma, (unsigned)n, (unsigned)e->conn, (unsigned)(e->state.side & 1),
                    lane, tcp_state_name((enum tcp_state)e->state.from), tcp_state_name((enum tcp_state)e->state.to));
        comma = ",";
    }
    text_puts(model->out, "],\n\"connections\":[");
    for (uint32_t conn = 1; conn <= svg->glossary->conns && conn <= svg->ladder.shown; conn++) {
        struct text name = {0};
        glossary_conn(&name, svg->glossary, conn);
        text_puts(model->out, conn > 1 ? "," : "");
        html_string(model->out, name.bytes != NULL ? name.bytes : "");
        text_free(&name);
    }
    text_putc(model->out, ']');
}

static void notes(struct model *model)
{
    const char *comma = "";
    text_puts(model->out, "\"notes\":[");
    for (uint32_t n = 1; n <= model->trace->count; n++) {
        char buffer[128];
        const char *answer = NULL, *words = NULL;
        if (model->trace->events[n - 1].kind == TRACE_NOTE)
            words = svg_note(model->svg, n - 1, buffer, sizeof buffer, &answer);
        if (words == NULL)
            continue;
        text_printf(model->out, "%s\n[%u,", comma, (unsigned)n);
        html_string(model->out, words);
        text_putc(model->out, ',');
        if (answer != NULL)
            html_string(model->out, answer);
        else
            text_puts(model->out, "null");
        text_putc(model->out, ']');
        comma = ",";
    }
    text_putc(model->out, ']');
}

/* Where the lines of the ladder begin, so that paper is cut between them, and how far its parts reach. */
static void places(struct model *model)
{
    const struct svg *svg = model->svg;
    text_puts(model->out, "\"lines\":[");
    for (uint32_t l = 0; l < svg->line_count; l++)
        text_printf(model->out, "%s%d", l > 0 ? "," : "", svg->lines[l].top);
    text_puts(model->out, "],\n\"parts\":[");
    for (uint32_t p = 0; p < svg->part_count; p++)
        text_printf(model->out, "%s[%d,%d]", p > 0 ? "," : "", svg->parts[p].top, svg->parts[p].bottom);
    text_putc(model->out, ']');
}

static void hosts(struct model *model)
{
    text_puts(model->out, "\"hosts\":[");
    for (unsigned lane = 0; lane < model->svg->ladder.lanes; lane++) {
        text_puts(model->out, lane > 0 ? "," : "");
        html_string(model->out, glossary_host(model->svg->glossary, model->svg->lanes[lane].node));
    }
    text_printf(model->out, "],\n\"prefix\":\"%s\",\"bottom\":%d,\n", model->svg->prefix, model->svg->bottom);
}

void html_model(struct text *out, const struct svg *svg)
{
    static void (*const parts[])(struct model *) = {events, steps, sockets, moves, notes, places};
    struct model model = {.out = out, .svg = svg, .trace = svg->glossary->trace};
    model.steps = html_steps(model.trace, &model.step_count);
    model.cell_of = calloc((size_t)model.trace->count + 1, sizeof *model.cell_of);
    if (model.steps != NULL && model.cell_of != NULL) {
        cells(&model);
        text_puts(out, "{");
        hosts(&model);
        for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
            text_puts(out, i > 0 ? ",\n" : "");
            parts[i](&model);
        }
        text_puts(out, "}\n");
    } else {
        out->failed = true;
    }
    free(model.steps);
    free(model.cell_of);
}
