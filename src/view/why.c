/* SPDX-License-Identifier: MIT */
/* The chain of causes in sentences, from an outcome back to the call or the fault:
 *
 *    44     5.461 s  server: LAST_ACK -> CLOSED
 *                    in LAST-ACK only the acknowledgement of our FIN can come, and it deletes the connection
 *                    [RFC 9293 3.10.7.4, fifth]
 *    because
 *    43     5.461 s  server receives segment 12, ACK seq 302 ack 302
 *
 * A timer that was set again each time it ran out is told once, with how often. */
#include <inttypes.h>
#include <string.h>

#include "judge/causes.h"
#include "view/canvas.h"
#include "view/ladder_page.h"
#include "view/rules.h"

#define NUMBER 6u /* the event's number */
#define INDENT 19u
#define MISSING_SHOWN 4u
#define LINKS_SHOWN 14u /* at the outcome's end of a long chain */
#define ROOTS_SHOWN 6u /* and at its beginning */

struct why {
    struct text *out;
    const struct glossary *glossary;
    const struct causes *causes;
    unsigned width;
};

static const struct trace_event *event_at(const struct why *why, uint32_t number)
{
    return &why->glossary->trace->events[number - 1];
}

/* `text` on lines of the page's width, all but the first one indented. */
void view_paragraph(struct text *out, const char *text, unsigned width, unsigned indent)
{
    while ((unsigned)canvas_width(text) > width - indent) {
        size_t length = canvas_break(text, (int)(width - indent));
        text_add(out, text, length);
        text_putc(out, '\n');
        text_repeat(out, " ", indent);
        text += length;
        text += strspn(text, " ");
    }
    text_puts(out, text);
    text_putc(out, '\n');
}

static void segment(struct text *out, const struct trace_event *e)
{
    text_printf(out, "segment %u, ", (unsigned)e->segment.number);
    glossary_segment(out, &e->segment, e->sack, GLOSSARY_SACK);
}

static const char *drop_words(uint8_t what)
{
    switch ((enum drop_why)what) {
    case DROP_RULE:
        return "dropped as the file asks";
    case DROP_LOSS:
        return "lost by chance";
    case DROP_CUT:
        return "cut off";
    case DROP_QUEUE:
        return "dropped at a full queue";
    case DROP_CORRUPT:
        return "damaged on its way and discarded";
    case DROP_MTU:
        return "longer than the link takes";
    case DROP_FIREWALL:
        return "refused";
    case DROP_HOST_DOWN:
        return "sent to a host without power";
    case DROP_NONE:
        break;
    }
    return "lost";
}

static void died(struct text *out, const struct why *why, const struct trace_event *e)
{
    int64_t silence = 0;
    segment(out, e);
    text_printf(out, ", %s", drop_words(e->what));
    if (e->what == DROP_FIREWALL) {
        text_printf(out, " by %s", glossary_host(why->glossary, e->host));
        if (glossary_forgotten(why->glossary, e, &silence)) {
            text_puts(out, ", which had forgotten the flow after ");
            text_duration(out, silence);
            text_puts(out, " of silence");
        } else {
            text_puts(out, ", which does not know the flow");
        }
    }
    if (glossary_line(why->glossary, e->statement) != 0)
        text_printf(out, " (line %u)", (unsigned)glossary_line(why->glossary, e->statement));
}

/* A close that no program called: its process has ended, by itself or by a kill. */
static bool kernels_own(const struct why *why, const struct trace_event *e)
{
    const struct trace_event *cause = e->cause != 0 ? &why->glossary->trace->events[e->cause - 1] : NULL;
    return e->kind == TRACE_CALL && e->call.call == CALL_CLOSE && cause != NULL &&
           ((cause->kind == TRACE_FAULT && cause->what == FAULT_KILL) || (cause->kind == TRACE_CALL && cause->call.call == CALL_EXIT));
}

static void called(struct text *out, const struct why *why, const struct trace_event *e)
{
    const struct story_step *step = glossary_step(why->glossary, &e->call);
    if (kernels_own(why, e)) {
        text_printf(out, "%s's kernel closes what the program had held", glossary_host(why->glossary, e->host));
        return;
    }
    text_printf(out, "%s's program %s ", glossary_host(why->glossary, e->host), e->kind == TRACE_CALL ? "calls" : "returns from");
    glossary_call(out, why->glossary, &e->call, true);
    if (e->kind == TRACE_RETURN) {
        text_puts(out, " with ");
        glossary_result(out, &e->call);
    }
    if (step != NULL)
        text_printf(out, " (line %u)", (unsigned)step->place.line);
}

static const char *ending(uint8_t what)
{
    switch ((enum state_why)what) {
    case WHY_RST_RECEIVED:
        return ", reset by a RST";
    case WHY_RST_SENT:
        return ", sending a RST";
    case WHY_TIMEOUT:
        return ", giving up";
    case WHY_KEEPALIVE:
        return ", as no keep-alive probe was answered";
    case WHY_USER_TIMEOUT:
        return ", as the user timeout is over";
    case WHY_FIN_WAIT_2_TIMEOUT:
        return ", as FIN_WAIT_2 has lasted long enough";
    case WHY_CRASH:
        return ", as its host crashes";
    case WHY_CLOSED_EARLY:
        return ", closed before it stood";
    case WHY_REUSED:
        return ", its addresses taken by a new connection";
    case WHY_ORDINARY:
        break;
    }
    return "";
}

static void sentence(struct text *out, const struct why *why, uint32_t number)
{
    const struct trace_event *e = event_at(why, number);
    const char *host = glossary_host(why->glossary, e->host);
    switch ((enum trace_kind)e->kind) {
    case TRACE_SEND:
        text_printf(out, "%s sends ", host);
        segment(out, e);
        text_puts(out, e->segment.classes & CLASS_RETRANSMISSION ? ", again" : "");
        break;
    case TRACE_RECV:
        text_printf(out, "%s receives ", host);
        segment(out, e);
        break;
    case TRACE_DROP:
        died(out, why, e);
        break;
    case TRACE_DUP:
        text_printf(out, "the network doubles segment %u", (unsigned)e->segment.of);
        break;
    case TRACE_INJECT:
        text_printf(out, "somebody forges ");
        segment(out, e);
        break;
    case TRACE_STATE:
        text_printf(out, "%s: %s -> %s%s", host, tcp_state_name((enum tcp_state)e->state.from), tcp_state_name((enum tcp_state)e->state.to),
                    ending(e->what));
        break;
    case TRACE_TIMER:
        text_printf(out, "%s's %s timer %s", host, tcp_timer_name((enum tcp_timer)e->timer.timer),
                    e->what == TIMER_FIRED   ? "runs out"
                    : e->what == TIMER_ARMED ? "is set"
                                             : "is stopped");
        break;
    case TRACE_CALL:
    case TRACE_RETURN:
        called(out, why, e);
        break;
    case TRACE_NOTE: {
        const uint32_t s = e->statement;
        text_printf(out, "line %u speaks", (unsigned)glossary_line(why->glossary, s));
        break;
    }
    case TRACE_FAULT:
        glossary_fault_text(out, why->glossary, e);
        break;
    case TRACE_NAME:
        text_puts(out, "the connection gets its name");
        break;
    case TRACE_FLOW:
        text_printf(out, "%s: ", host);
        glossary_flow_text(out, why->glossary, e);
        break;
    }
}

static void columns(struct text *out, uint32_t number, int64_t ns)
{
    struct text time = {0};
    text_printf(out, "%*u", (int)NUMBER, (unsigned)number);
    text_seconds(&time, ns);
    text_repeat(out, " ", time.length < INDENT - NUMBER - 4 ? INDENT - NUMBER - 4 - (unsigned)time.length : 1);
    text_printf(out, "%s s  ", time.bytes != NULL ? time.bytes : "");
    out->failed = out->failed || time.failed;
    text_free(&time);
}

static void indented(const struct why *why, struct text *line)
{
    text_repeat(why->out, " ", INDENT);
    view_paragraph(why->out, line->bytes != NULL ? line->bytes : "", why->width, INDENT);
    why->out->failed = why->out->failed || line->failed;
    text_free(line);
}

static void missing(const struct why *why, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < MISSING_SHOWN; i++) {
        const struct trace_event *e = event_at(why, why->causes->missing[first + i]);
        struct text line = {0};
        text_puts(&line, "what would have stopped it died at ");
        text_seconds(&line, e->time_ns);
        text_puts(&line, " s: ");
        died(&line, why, e);
        indented(why, &line);
    }
    if (count > MISSING_SHOWN) {
        struct text line = {0};
        text_printf(&line, "and %u more", (unsigned)(count - MISSING_SHOWN));
        indented(why, &line);
    }
}

static void ran(struct text *line, const struct why *why, uint32_t number)
{
    const uint32_t armed = cause_of(why->glossary->trace, number);
    if (armed == 0)
        return;
    text_puts(line, ", set ");
    page_span(line, event_at(why, number)->time_ns - event_at(why, armed)->time_ns);
    text_puts(line, " before");
}

static void link_tell(const struct why *why, const struct causes_link *link, bool first)
{
    const struct trace_event *e = event_at(why, link->event);
    const struct rule *rule = rule_of(why->glossary, link->event);
    struct text line = {0};
    text_puts(why->out, first ? "" : "   because\n");
    columns(why->out, link->event, e->time_ns);
    sentence(&line, why, link->event);
    if (e->kind == TRACE_TIMER && e->what == TIMER_FIRED)
        ran(&line, why, link->event);
    view_paragraph(why->out, line.bytes != NULL ? line.bytes : "", why->width, INDENT);
    why->out->failed = why->out->failed || line.failed;
    text_free(&line);
    if (rule != NULL) {
        text_printf(&line, "%s [%s]", rule->text, rule->source);
        indented(why, &line);
    }
    missing(why, link->first_missing, link->missing);
}

static bool is_set(const struct why *why, uint32_t i)
{
    const struct trace_event *e = event_at(why, why->causes->links[i].event);
    return e->kind == TRACE_TIMER && e->what == TIMER_ARMED;
}

static bool is_run(const struct why *why, uint32_t i, uint8_t timer)
{
    const struct trace_event *e = event_at(why, why->causes->links[i].event);
    return e->kind == TRACE_TIMER && e->what == TIMER_FIRED && e->timer.timer == timer;
}

/* From the timer's run-out at link i: how many links belong to a series that only set the same timer again; `*last` is its first run. */
static uint32_t series(const struct why *why, uint32_t i, uint32_t *last, uint32_t *runs, uint32_t *dead)
{
    const uint8_t timer = event_at(why, why->causes->links[i].event)->timer.timer;
    uint32_t length = 1;
    *last = i;
    *runs = *dead = 0;
    for (uint32_t k = i + 1; k < why->causes->count && (is_set(why, k) || is_run(why, k, timer)); k++) {
        if (is_set(why, k))
            continue;
        *last = k;
        *runs += 1;
        *dead += why->causes->links[k].missing;
        length = k - i + 1;
    }
    return length;
}

static void series_tell(const struct why *why, uint32_t i, uint32_t last, uint32_t runs, uint32_t dead)
{
    const struct causes_link *first_run = &why->causes->links[last];
    struct text line = {0};
    link_tell(why, &why->causes->links[i], i == 0);
    if (runs == 0)
        return;
    if (runs > 1) {
        text_printf(&line, "before that it ran out %u times in a row, since ", (unsigned)runs);
        text_seconds(&line, event_at(why, first_run->event)->time_ns);
        text_printf(&line, " s; %u segments of this connection died meanwhile", (unsigned)dead);
        indented(why, &line);
    }
    link_tell(why, first_run, false);
}

/* Runs of plain arrivals and sendings in the middle of a long chain are only counted. */
static uint32_t skipped(const struct why *why, uint32_t i)
{
    if (i < LINKS_SHOWN || i + ROOTS_SHOWN >= why->causes->count)
        return 0;
    const uint32_t links = why->causes->count - ROOTS_SHOWN - i;
    const struct trace_event *late = event_at(why, why->causes->links[i].event);
    const struct trace_event *early = event_at(why, why->causes->links[i + links - 1].event);
    struct text line = {0};
    text_printf(&line, "… %u more, back from ", (unsigned)links);
    text_seconds(&line, late->time_ns);
    text_puts(&line, " s to ");
    text_seconds(&line, early->time_ns);
    text_puts(&line, " s …");
    indented(why, &line);
    return links;
}

static void chain(const struct why *why)
{
    for (uint32_t i = 0; i < why->causes->count;) {
        const struct trace_event *e = event_at(why, why->causes->links[i].event);
        uint32_t links = skipped(why, i);
        if (links == 0 && e->kind == TRACE_TIMER && e->what == TIMER_FIRED) {
            uint32_t last, runs, dead;
            links = series(why, i, &last, &runs, &dead);
            series_tell(why, i, last, runs, dead);
        } else if (links == 0) {
            if (!is_set(why, i) || i == 0)
                link_tell(why, &why->causes->links[i], i == 0);
            links = 1;
        }
        i += links;
    }
}

void view_why(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
              const struct view_options *options, uint32_t number)
{
    struct glossary glossary;
    struct causes causes;
    (void)judgement;
    glossary_init(&glossary, story, trace);
    causes_find(&causes, trace, number);
    const struct why why = {.out = out, .glossary = &glossary, .causes = &causes, .width = options->width};
    chain(&why);
    out->failed = out->failed || causes.failed || glossary.failed;
    causes_free(&causes);
    glossary_done(&glossary);
}

void view_segment(struct text *out, const struct story *story, const struct trace *trace, uint32_t number)
{
    const struct trace_event *event = &trace->events[number - 1];
    struct glossary glossary;
    glossary_init(&glossary, story, trace);
    if (glossary.conns > 1 && event->conn != 0) {
        glossary_conn(out, &glossary, event->conn);
        text_puts(out, ": ");
    }
    glossary_segment(out, &event->segment, event->sack, GLOSSARY_ACK);
    out->failed = out->failed || glossary.failed;
    glossary_done(&glossary);
}

void why_sentence(struct text *out, const struct glossary *glossary, uint32_t number)
{
    const struct why why = {.out = out, .glossary = glossary};
    sentence(out, &why, number);
}

void view_sentence(struct text *out, const struct story *story, const struct trace *trace, uint32_t number)
{
    struct glossary glossary;
    glossary_init(&glossary, story, trace);
    why_sentence(out, &glossary, number);
    out->failed = out->failed || glossary.failed;
    glossary_done(&glossary);
}
