/* SPDX-License-Identifier: MIT */
#include "app/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "net/class.h"

/* ---- moments ---- */

static const struct trace_event *event_at(const struct stage *stage, uint32_t number)
{
    return &stage->play.trace.events[number - 1];
}

/* A step of the engine: what happens at one instant and is caused by what happens in it. */
static bool begins(const struct stage *stage, uint32_t number, uint32_t first)
{
    const struct trace_event *e = event_at(stage, number);
    return e->time_ns != event_at(stage, first)->time_ns || e->cause < first;
}

static bool moments_find(struct stage *stage)
{
    const uint32_t count = stage->play.trace.count;
    free(stage->ends);
    stage->moments = 0;
    stage->ends = malloc(((size_t)count + 1) * sizeof *stage->ends);
    if (stage->ends == NULL)
        return false;
    for (uint32_t n = 1, first = 1; n <= count; n++) {
        if (n == first || !begins(stage, n, first))
            continue;
        stage->ends[stage->moments++] = n - 1;
        first = n;
    }
    if (count > 0)
        stage->ends[stage->moments++] = count;
    return true;
}

uint32_t stage_events(const struct stage *stage)
{
    return stage->at > 0 ? stage->ends[stage->at - 1] : 0;
}

int64_t stage_now(const struct stage *stage)
{
    if (stage->at == stage->moments)
        return stage->play.judgement.end_ns;
    return stage->at > 0 ? event_at(stage, stage_events(stage))->time_ns : 0;
}

bool stage_over(const struct stage *stage)
{
    return stage->at == stage->moments;
}

int64_t stage_wait(const struct stage *stage)
{
    if (stage_over(stage))
        return TIME_NEVER;
    return event_at(stage, stage->ends[stage->at])->time_ns - stage_now(stage);
}

void stage_forward(struct stage *stage)
{
    if (stage->at < stage->moments)
        stage->at++;
}

void stage_back(struct stage *stage)
{
    if (stage->at > 0)
        stage->at--;
}

/* Does an end change its state in moment `m` (from 1)? */
static bool changes_state(const struct stage *stage, uint32_t m)
{
    for (uint32_t n = m > 1 ? stage->ends[m - 2] + 1 : 1; n <= stage->ends[m - 1]; n++) {
        if (event_at(stage, n)->kind == TRACE_STATE)
            return true;
    }
    return false;
}

void stage_to_state(struct stage *stage, bool forward)
{
    do {
        if (forward)
            stage_forward(stage);
        else
            stage_back(stage);
    } while (stage->at > 0 && stage->at < stage->moments && !changes_state(stage, stage->at));
}

void stage_to_time(struct stage *stage, int64_t time_ns)
{
    stage->at = 0;
    while (stage->at < stage->moments && event_at(stage, stage->ends[stage->at])->time_ns <= time_ns)
        stage->at++;
}

const struct trace_event *stage_asks(const struct stage *stage)
{
    const struct story *story = stage->play.story;
    if (stage->at == 0)
        return NULL;
    for (uint32_t n = stage->at > 1 ? stage->ends[stage->at - 2] + 1 : 1; n <= stage->ends[stage->at - 1]; n++) {
        const struct trace_event *e = event_at(stage, n);
        if (e->kind == TRACE_NOTE && e->statement != 0 && story->statements[e->statement - 1].kind == STATEMENT_ASK)
            return e;
    }
    return NULL;
}

/* ---- what is under way ---- */

static bool is_gone(const struct stage *stage, uint32_t segment, uint32_t after)
{
    for (uint32_t n = after + 1; n <= stage_events(stage); n++) {
        const struct trace_event *e = event_at(stage, n);
        if ((e->kind == TRACE_RECV || e->kind == TRACE_DROP) && e->segment.number == segment)
            return true;
    }
    return false;
}

/* Looks back from now, as long as something may be: past the longest way nothing is under way, but that is not known here. */
unsigned stage_flights(const struct stage *stage, uint32_t *events)
{
    unsigned count = 0;
    const uint32_t now = stage_events(stage), window = 4096;
    for (uint32_t n = now > window ? now - window : 1; n <= now && count < FLIGHTS_SHOWN; n++) {
        const struct trace_event *e = event_at(stage, n);
        if ((e->kind == TRACE_SEND || e->kind == TRACE_DUP) && !is_gone(stage, e->segment.number, n))
            events[count++] = n;
    }
    return count;
}

/* ---- branches ---- */

/* The scenario's text with the branch's lines, before the first variant, where every variant inherits them. */
static void branch_text(struct text *out, const struct stage *stage)
{
    const char *at = stage->text, *end = stage->text + stage->length;
    const char *variants = end;
    for (const char *line = at; line < end; line = memchr(line, '\n', (size_t)(end - line)) + 1) {
        if (strncmp(line, "variant", 7) == 0) {
            variants = line;
            break;
        }
        if (memchr(line, '\n', (size_t)(end - line)) == NULL)
            break;
    }
    text_add(out, at, (size_t)(variants - at));
    if (variants > at && variants[-1] != '\n')
        text_putc(out, '\n');
    for (unsigned i = 0; i < stage->branches; i++)
        text_printf(out, "%s\n", stage->lines[i]);
    text_puts(out, stage->branches > 0 && variants < end ? "\n" : "");
    text_add(out, variants, (size_t)(end - variants));
}

static enum status stage_play(struct stage *stage)
{
    struct text text = {0};
    branch_text(&text, stage);
    if (text.failed || text.bytes == NULL) {
        text_free(&text);
        complain("play", "out of memory");
        return STATUS_OUTSIDE;
    }
    file_free(&stage->play.file);
    stage->play.file = (struct file){.bytes = text.bytes, .length = text.length};
    enum status status = play_read(&stage->play);
    if (status == STATUS_HELD)
        status = play_run(&stage->play, TIME_NEVER, NULL);
    if (status != STATUS_HELD && status != STATUS_FAILED)
        return status;
    if (!moments_find(stage)) {
        complain("play", "out of memory");
        return STATUS_OUTSIDE;
    }
    return STATUS_HELD;
}

enum status stage_open(struct stage *stage, struct play *play)
{
    *stage = (struct stage){.play = *play, .length = play->file.length};
    *play = (struct play){0};
    stage->text = malloc(stage->length + 1);
    if (stage->text == NULL) {
        complain("play", "out of memory");
        return STATUS_OUTSIDE;
    }
    memcpy(stage->text, stage->play.file.bytes, stage->length);
    stage->text[stage->length] = '\0';
    return stage_play(stage);
}

void stage_free(struct stage *stage)
{
    play_free(&stage->play);
    free(stage->ends);
    free(stage->text);
    *stage = (struct stage){.ends = NULL};
}

/* What a reader would call the segment, and the language too. */
static uint32_t class_of(const struct trace_segment *segment, const char **name)
{
    static const struct {
        uint32_t class;
        const char *name;
    } classes[] = {{CLASS_SYN, "SYN"},   {CLASS_RST, "RST"}, {CLASS_FIN, "FIN"},
                   {CLASS_DATA, "data"}, {CLASS_ACK, "ACK"}, {CLASS_ANY, "any"}};
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (segment->classes & classes[i].class || classes[i].class == CLASS_ANY) {
            *name = classes[i].name;
            return classes[i].class;
        }
    }
    return 0;
}

static const char *ordinal_ending(uint32_t n)
{
    if (n % 100 >= 11 && n % 100 <= 13)
        return "th";
    return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

static void line_make(const struct stage *stage, uint32_t event, char *line, size_t size)
{
    const struct trace_event *sent = event_at(stage, event);
    const struct story_node *nodes = stage->play.story->nodes;
    const char *name = "any";
    const uint32_t class = class_of(&sent->segment, &name);
    uint32_t ordinal = 0;
    for (uint32_t n = 1; n <= event; n++) {
        const struct trace_event *e = event_at(stage, n);
        ordinal += e->kind == TRACE_SEND && e->host == sent->host && e->peer == sent->peer && (e->segment.classes & class) == class;
    }
    snprintf(line, size, "drop %u%s %s %s -> %s", (unsigned)ordinal, ordinal_ending(ordinal), name, nodes[sent->host].name,
             nodes[sent->peer].name);
}

/* The moment in which event `number` happens. */
static void stage_to_event(struct stage *stage, uint32_t number)
{
    stage->at = 0;
    while (stage->at < stage->moments && stage_events(stage) < number)
        stage->at++;
}

static void stage_to_drop(struct stage *stage, uint32_t segment)
{
    for (uint32_t n = 1; n <= stage->play.trace.count; n++) {
        if (event_at(stage, n)->kind == TRACE_DROP && event_at(stage, n)->segment.number == segment) {
            stage_to_event(stage, n);
            return;
        }
    }
}

enum status stage_kill(struct stage *stage, uint32_t event, const char **why)
{
    const struct trace_event *sent = event_at(stage, event);
    const uint32_t segment = sent->segment.number, at = stage->at;
    if (sent->kind != TRACE_SEND) {
        *why = "the network's own copy cannot be killed";
        return STATUS_WRONG;
    }
    if (stage->branches == BRANCHES_MAX) {
        *why = "that is enough of killing for one run";
        return STATUS_WRONG;
    }
    line_make(stage, event, stage->lines[stage->branches], sizeof stage->lines[0]);
    stage->branches++;
    enum status status = stage_play(stage);
    if (status != STATUS_HELD)
        return status;
    stage->at = at < stage->moments ? at : stage->moments;
    stage_to_drop(stage, segment);
    return STATUS_HELD;
}

bool stage_unkill(struct stage *stage)
{
    const int64_t now_ns = stage_now(stage);
    if (stage->branches == 0)
        return false;
    stage->branches--;
    if (stage_play(stage) != STATUS_HELD)
        return false;
    stage_to_time(stage, now_ns);
    return true;
}

/* ---- a branch as a scenario ---- */

static bool fails(const struct stage *stage, uint32_t line)
{
    const struct diagnostics *failures = &stage->play.judgement.failures;
    for (unsigned i = 0; i < failures->count && i < DIAGNOSTICS_MAX; i++) {
        if (failures->list[i].line == line)
            return true;
    }
    return false;
}

static bool is_step(const struct stage *stage, uint32_t line)
{
    const struct story *story = stage->play.story;
    for (uint32_t i = 0; i < story->step_count; i++) {
        if (story->steps[i].place.line == line)
            return true;
    }
    return false;
}

/* A call that returns something else keeps its place and loses its `= VALUE`; any other line that fails becomes a comment. */
static void failed_line(struct text *out, const struct stage *stage, uint32_t line, const char *at, size_t length)
{
    const char *expects = NULL;
    for (const char *c = at; is_step(stage, line) && c + 3 <= at + length; c++) {
        if (strncmp(c, " = ", 3) == 0)
            expects = c;
    }
    if (expects == NULL) {
        text_puts(out, "# no longer so: ");
        text_add(out, at, length);
        return;
    }
    text_add(out, at, (size_t)(expects - at));
    text_puts(out, "  # no longer");
    text_add(out, expects, length - (size_t)(expects - at));
}

static bool is_declared(const struct story *story, enum invariant invariant)
{
    for (uint32_t i = 0; i < story->expect_count; i++) {
        if (story->expects[i].kind == EXPECT_BREAKS && story->expects[i].invariant == invariant)
            return true;
    }
    return false;
}

/* What breaks in this branch is said, in the base or in the variant that is played. */
static void breaks(struct text *out, const struct stage *stage)
{
    for (unsigned i = 0; i < INVARIANTS; i++) {
        if (stage->play.judgement.invariant_broken[i] && !is_declared(stage->play.story, (enum invariant)i))
            text_printf(out, "%sexpect maybe breaks %s\n", stage->play.options.variant > 0 ? "    " : "",
                        invariant_name((enum invariant)i));
    }
}

void stage_scenario(struct text *out, const struct stage *stage)
{
    const char *at = stage->play.file.bytes, *end = at + stage->play.file.length;
    unsigned variants = 0;
    text_puts(out, "# A branch, made with lastack play\n");
    for (uint32_t line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        next = next != NULL ? next + 1 : end;
        if (strncmp(at, "variant", 7) == 0 && variants++ == stage->play.options.variant)
            breaks(out, stage);
        if (fails(stage, line))
            failed_line(out, stage, line, at, (size_t)(next - at));
        else
            text_add(out, at, (size_t)(next - at));
        at = next;
    }
    if (variants <= stage->play.options.variant)
        breaks(out, stage);
}
