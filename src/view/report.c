/* SPDX-License-Identifier: MIT */
/* What came of the run, in a few lines:
 *
 *   clean      client -> server:80
 *              client -> server   300 bytes written, 300 delivered, 0 lost
 *              server -> client   nothing written
 *              socket held        client 1min 1.456s, server 5.456s
 *              ends disagreed     1min 0.001s
 *   fw         client:32768 -- server:80 forgotten, silent for 350s, at 350.095 s
 *
 *   held       10 expectations
 *   run        44 events, 8 segments, 1min 1.457s
 *   trace      9f3c11d0aabbccdd
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "view/glossary.h"

#define CONNECTIONS_SHOWN 8u /* beyond, a summary */

/* "  word       ", in colour where the word is a verdict. */
static void label(struct text *out, const struct view_options *options, const char *word, const char *colour)
{
    bool coloured = options->colour && colour != NULL;
    text_printf(out, "  %s%s%s", coloured ? colour : "", word, coloured ? "\033[0m" : "");
    text_repeat(out, " ", (unsigned)(strlen(word) < 10 ? 11 - strlen(word) : 1));
}

static const char *verdict_colour(enum verdict verdict)
{
    return verdict == VERDICT_CLEAN ? "\033[1;32m" : "\033[1;31m";
}

static void end_of(struct text *out, const struct glossary *glossary, const struct connection_report *c, unsigned side)
{
    text_puts(out, glossary_host(glossary, c->host[side]));
    if (side == 1 && c->port[side] != 0)
        text_printf(out, ":%u", (unsigned)c->port[side]);
}

static void bytes(struct text *out, uint64_t written, uint64_t delivered)
{
    if (written == 0) {
        text_puts(out, "nothing written\n");
        return;
    }
    text_printf(out, "%" PRIu64 " byte%s written, %" PRIu64 " delivered, %" PRIu64 " lost\n", written, written == 1 ? "" : "s", delivered,
                written > delivered ? written - delivered : 0);
}

/* The words of a line about a connection, filled up to the column where its facts begin. */
static void about(struct text *out, const char *words, size_t column)
{
    text_repeat(out, " ", 13);
    text_puts(out, words);
    for (size_t used = strlen(words); used < column; used++)
        text_putc(out, ' ');
}

static void connection(struct text *out, const struct glossary *glossary, const struct view_options *options,
                       const struct connection_report *c)
{
    const char *arrow = options->unicode ? "→" : "->";
    const char *names[2] = {glossary_host(glossary, c->host[0]), glossary_host(glossary, c->host[1])};
    size_t column = strlen(names[0]) + strlen(names[1]) + 6;
    column = column < 18 ? 18 : column;

    label(out, options, verdict_name(c->verdict), verdict_colour(c->verdict));
    end_of(out, glossary, c, 0);
    text_printf(out, " %s ", arrow);
    end_of(out, glossary, c, 1);
    if (glossary->conns > 1) {
        text_puts(out, ", connection ");
        glossary_conn(out, glossary, c->conn);
    }
    text_putc(out, '\n');
    for (unsigned side = 0; side < 2; side++) {
        text_printf(out, "             %s %s %s", names[side], arrow, names[1 - side]);
        text_repeat(out, " ", (unsigned)(column - strlen(names[0]) - strlen(names[1]) - (options->unicode ? 3 : 4)));
        bytes(out, c->written[side], c->delivered[side]);
    }
    about(out, "socket held", column);
    for (unsigned side = 0; side < 2; side++) {
        text_printf(out, "%s%s ", side == 0 ? "" : ", ", names[side]);
        if (c->held_ns[side] == 0)
            text_puts(out, "never");
        else
            glossary_spent(out, c->held_ns[side]);
    }
    text_putc(out, '\n');
    about(out, "ends disagreed", column);
    if (c->disagreed_ns == 0)
        text_puts(out, "never");
    else
        glossary_spent(out, c->disagreed_ns);
    text_putc(out, '\n');
}

/* Many connections: how many of each verdict, and the sums. */
static void summary(struct text *out, const struct judgement *j, const struct view_options *options)
{
    uint32_t counts[VERDICTS] = {0};
    uint64_t written[2] = {0}, delivered[2] = {0};
    int64_t held[2] = {0}, disagreed = 0;

    for (uint32_t i = 0; i < j->connection_count; i++) {
        const struct connection_report *c = &j->connections[i];
        counts[c->verdict]++;
        for (unsigned side = 0; side < 2; side++) {
            written[side] += c->written[side];
            delivered[side] += c->delivered[side];
            held[side] = c->held_ns[side] > held[side] ? c->held_ns[side] : held[side];
        }
        disagreed = c->disagreed_ns > disagreed ? c->disagreed_ns : disagreed;
    }
    for (unsigned v = 0; v < VERDICTS; v++) {
        if (counts[v] == 0)
            continue;
        label(out, options, verdict_name((enum verdict)v), verdict_colour((enum verdict)v));
        text_printf(out, "%u of %u connections\n", (unsigned)counts[v], (unsigned)j->connection_count);
    }
    text_puts(out, "             from those who opened    ");
    bytes(out, written[0], delivered[0]);
    text_puts(out, "             from those who accepted  ");
    bytes(out, written[1], delivered[1]);
    text_puts(out, "             socket held              at most ");
    glossary_spent(out, held[0] > held[1] ? held[0] : held[1]);
    text_puts(out, "\n             ends disagreed           ");
    if (disagreed == 0) {
        text_puts(out, "never\n");
        return;
    }
    text_puts(out, "at most ");
    glossary_spent(out, disagreed);
    text_putc(out, '\n');
}

/* What a middlebox has forgotten, and what its table holds in the end: a line each, of many only how many. */
static void box(struct text *out, const struct glossary *glossary, const struct view_options *options, uint8_t node)
{
    const struct trace *trace = glossary->trace;
    unsigned counts[4] = {0}, shown = 0;
    for (uint32_t i = 0; i < trace->count; i++)
        counts[trace->events[i].what & 3] += trace->events[i].kind == TRACE_FLOW && trace->events[i].host == node;
    if (counts[FLOW_FORGOTTEN] + counts[FLOW_HELD] > CONNECTIONS_SHOWN) {
        label(out, options, glossary_host(glossary, node), NULL);
        text_printf(out, "%u flows seen, %u forgotten, %u held in the end\n", counts[FLOW_NEW], counts[FLOW_FORGOTTEN], counts[FLOW_HELD]);
        return;
    }
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind != TRACE_FLOW || e->host != node || (e->what != FLOW_FORGOTTEN && e->what != FLOW_HELD))
            continue;
        label(out, options, shown++ == 0 ? glossary_host(glossary, node) : "", NULL);
        glossary_flow_text(out, glossary, e);
        if (e->flow.at_ns != TIME_NEVER) {
            text_puts(out, e->what == FLOW_HELD ? ": " : ", at ");
            glossary_spent(out, e->flow.at_ns);
        }
        text_putc(out, '\n');
    }
}

static uint64_t segments(const struct trace *trace)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < trace->count; i++)
        count += trace->events[i].kind == TRACE_SEND;
    return count;
}

static void judged(struct text *out, const struct judgement *j, const struct view_options *options)
{
    if (j->held > 0) {
        label(out, options, "held", NULL);
        text_printf(out, "%u expectation%s\n", (unsigned)j->held, j->held == 1 ? "" : "s");
    }
    if (j->failures.count > 0) {
        label(out, options, "failed", "\033[1;31m");
        text_printf(out, "%u\n", (unsigned)j->failures.count);
    }
}

void view_report(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *j,
                 const struct view_options *options)
{
    struct glossary glossary;
    glossary_init(&glossary, story, trace);
    if (j->connection_count == 0) {
        label(out, options, "nothing", NULL);
        text_puts(out, "no connection was begun\n");
    } else if (j->connection_count > CONNECTIONS_SHOWN) {
        summary(out, j, options);
    } else {
        for (uint32_t i = 0; i < j->connection_count; i++)
            connection(out, &glossary, options, &j->connections[i]);
    }
    for (uint16_t node = 0; node < story->node_count; node++) {
        if (glossary_is_box(&glossary, (uint8_t)node))
            box(out, &glossary, options, (uint8_t)node);
    }
    text_putc(out, '\n');
    judged(out, j, options);
    label(out, options, "run", NULL);
    text_printf(out, "%u events, %" PRIu64 " segments, ", (unsigned)trace->count, segments(trace));
    glossary_spent(out, j->end_ns);
    text_putc(out, '\n');
    label(out, options, "trace", NULL);
    text_printf(out, "%016" PRIx64 "\n", j->hash);
    if (j->failures.count > 0 && options->reproduce != NULL) {
        label(out, options, "again", NULL);
        text_printf(out, "%s\n", options->reproduce);
    }
    out->failed = out->failed || glossary.failed;
    glossary_done(&glossary);
}
