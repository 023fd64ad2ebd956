/* SPDX-License-Identifier: MIT */
/* A Mermaid sequence diagram, for a page that draws such: an arrow a segment, when it arrives or dies, notes for states, calls, faults and
 * narration. Time is order only; each line begins with its time. Timers are left out. */
#include <inttypes.h>
#include <string.h>

#include "net/link.h"
#include "tcp/state.h"
#include "view/glossary.h"

/* Mermaid ends a statement at ; and begins an entity with #. Whatever else it might read as its own becomes an entity too. */
static void escaped(struct text *out, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '\n')
            text_puts(out, "<br/>");
        else if (strchr(";#<>\"%{}[]\\`", c) != NULL || c < 0x20)
            text_printf(out, "#%u;", (unsigned)c);
        else
            text_putc(out, (char)c);
    }
}

static void line_end(struct text *out, struct text *words)
{
    escaped(out, words->bytes != NULL ? words->bytes : "");
    out->failed = out->failed || words->failed;
    text_putc(out, '\n');
    words->length = 0;
}

static void over_all(struct text *out, const struct story *story)
{
    unsigned first = story->node_count, last = 0;
    for (unsigned i = 0; i < story->node_count; i++) {
        if (story->nodes[i].kind != NODE_HOST)
            continue;
        first = i < first ? i : first;
        last = i;
    }
    if (first == last)
        text_printf(out, "    Note over h%u: ", first);
    else
        text_printf(out, "    Note over h%u,h%u: ", first, last);
}

static void stamp(struct text *words, int64_t ns)
{
    text_seconds(words, ns);
    text_putc(words, ' ');
}

/* An arrow from the sender, or, where a middlebox speaks, from it. */
static void arrow(struct text *out, struct text *words, const struct glossary *glossary, const struct trace_event *e)
{
    const struct trace_event *sent = glossary_send_of(glossary, e->segment.number);
    const struct trace_event *original = sent != NULL && sent->kind == TRACE_DUP ? glossary_send_of(glossary, sent->segment.of) : sent;
    if (original == NULL)
        return;
    text_printf(out, "    h%u%sh%u: ", (unsigned)original->host, e->kind == TRACE_DROP ? "-x" : "->>", (unsigned)original->peer);
    stamp(words, e->time_ns);
    text_puts(words, sent->kind == TRACE_DUP ? "copy: " : sent->kind == TRACE_INJECT ? "forged: " : "");
    glossary_segment(words, &e->segment, e->sack, GLOSSARY_SACK);
    if (e->kind == TRACE_DROP) {
        text_printf(words, ", lost: %s", drop_why_name((enum drop_why)e->what));
        if (glossary_line(glossary, e->statement) != 0)
            text_printf(words, " (line %u)", (unsigned)glossary_line(glossary, e->statement));
    }
    line_end(out, words);
}

static void beside(struct text *out, struct text *words, const struct trace_event *e, const struct text *what)
{
    text_printf(out, "    Note over h%u: ", (unsigned)e->host);
    stamp(words, e->time_ns);
    text_puts(words, what->bytes != NULL ? what->bytes : "");
    line_end(out, words);
}

static void note(struct text *out, struct text *words, const struct glossary *glossary, const struct judgement *judgement,
                 const struct trace_event *e)
{
    char buffer[128];
    const struct story *story = glossary->story;
    if (e->statement < 1 || e->statement > story->statement_count)
        return;
    const struct story_statement *s = &story->statements[e->statement - 1];
    over_all(out, story);
    stamp(words, e->time_ns);
    text_puts(words, s->text != NULL ? s->text : "");
    if (s->kind == STATEMENT_ASK)
        text_printf(words, "\n%s", judge_answer(judgement, story, e, buffer, sizeof buffer));
    line_end(out, words);
}

static void event(struct text *out, struct text *words, const struct glossary *glossary, const struct judgement *judgement,
                  const struct trace_event *e)
{
    struct text what = {0};
    switch ((enum trace_kind)e->kind) {
    case TRACE_RECV:
    case TRACE_DROP:
        arrow(out, words, glossary, e);
        break;
    case TRACE_STATE:
        text_puts(&what, tcp_state_name((enum tcp_state)e->state.to));
        if (e->what != WHY_ORDINARY)
            text_printf(&what, " (%s)", glossary_why(e->what));
        beside(out, words, e, &what);
        break;
    case TRACE_CALL:
    case TRACE_RETURN:
        glossary_call(&what, glossary, &e->call, true);
        if (e->kind == TRACE_RETURN) {
            text_puts(&what, " = ");
            glossary_result(&what, &e->call);
        }
        beside(out, words, e, &what);
        break;
    case TRACE_NOTE:
        note(out, words, glossary, judgement, e);
        break;
    case TRACE_FAULT:
        over_all(out, glossary->story);
        stamp(words, e->time_ns);
        glossary_fault_text(words, glossary, e);
        line_end(out, words);
        break;
    case TRACE_SEND: /* told where it arrives or dies */
    case TRACE_DUP:
    case TRACE_INJECT:
    case TRACE_TIMER:
    case TRACE_NAME:
    case TRACE_FLOW:
        break;
    }
    out->failed = out->failed || what.failed;
    text_free(&what);
}

void view_mermaid(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                  const struct view_options *options)
{
    struct glossary glossary;
    struct text words = {0};
    glossary_init(&glossary, story, trace);
    text_printf(out, "%%%% lastack %s, variant %u, seed %" PRIu64 ", trace %016" PRIx64 "\n", options->version, (unsigned)story->variant,
                story->seed, judgement->hash);
    text_puts(out, "sequenceDiagram\n    title ");
    text_puts(&words, story->title);
    line_end(out, &words);
    for (unsigned i = 0; i < story->node_count; i++) {
        text_printf(out, "    participant h%u as ", i);
        text_puts(&words, story->nodes[i].name);
        line_end(out, &words);
    }
    for (uint32_t i = 0; i < trace->count; i++)
        event(out, &words, &glossary, judgement, &trace->events[i]);
    out->failed = out->failed || glossary.failed;
    text_free(&words);
    glossary_done(&glossary);
}
