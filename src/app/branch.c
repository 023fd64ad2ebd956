/* SPDX-License-Identifier: MIT */
#include "app/branch.h"

#include <stdio.h>
#include <string.h>

#include "net/class.h"

bool branch_open(struct branch *branch, const struct play *play)
{
    *branch = (struct branch){.variant = play->options.variant, .variants = play->story->variants, .options = play->options};
    text_add(&branch->texts[0], play->file.bytes, play->file.length);
    if (!branch->texts[0].failed)
        branch_given(&branch->given, &branch->texts[0], play->story, &branch->options);
    return !branch->texts[0].failed && !branch->given.failed;
}

void branch_free(struct branch *branch)
{
    for (unsigned i = 0; i <= branch->count; i++)
        text_free(&branch->texts[i]);
    text_free(&branch->given);
    branch->count = 0;
}

/* ---- a segment's line ---- */

/* What a reader would call the segment, and the language too. */
static uint32_t class_of(const struct trace_segment *segment, const char **name)
{
    static const struct {
        uint32_t class;
        const char *name;
    } classes[] = {{CLASS_SYN, "SYN"},   {CLASS_RST, "RST"}, {CLASS_FIN, "FIN"},
                   {CLASS_DATA, "data"}, {CLASS_ACK, "ACK"}, {CLASS_ANY, "any"}};
    unsigned i = 0;
    while (classes[i].class != CLASS_ANY && (segment->classes & classes[i].class) == 0)
        i++;
    *name = classes[i].name;
    return classes[i].class;
}

static const char *ordinal_ending(uint32_t n)
{
    if (n % 100 >= 11 && n % 100 <= 13)
        return "th";
    return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

bool branch_counts(const struct trace_event *sent, const struct trace_event *event)
{
    const char *name;
    const uint32_t class = class_of(&sent->segment, &name);
    return event->kind == TRACE_SEND && event->host == sent->host && event->peer == sent->peer && (event->segment.classes & class) == class;
}

void branch_line(char line[BRANCH_LINE], const struct story *story, const struct trace_event *sent, uint32_t ordinal)
{
    const char *name;
    (void)class_of(&sent->segment, &name);
    snprintf(line, BRANCH_LINE, "drop %u%s %s %s -> %s", (unsigned)ordinal, ordinal_ending(ordinal), name, story->nodes[sent->host].name,
             story->nodes[sent->peer].name);
}

/* ---- the text ---- */

static const char *line_after(const char *at, const char *end)
{
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    return feed != NULL ? feed + 1 : end;
}

static bool begins_variant(const char *at, const char *end)
{
    return end - at > 7 && strncmp(at, "variant", 7) == 0 && (at[7] == ' ' || at[7] == '\t' || at[7] == '"');
}

/* The length of the label that a line begins with, its colon included; 0 without. `*at` is moved there. */
static size_t label_of(const char **at)
{
    *at += strspn(*at, " \t");
    const size_t length = strspn(*at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return length > 0 && (*at)[length] == ':' ? length + 1 : 0;
}

static bool is_expect(const char *at)
{
    at += strspn(at, " \t");
    return strncmp(at, "expect", 6) == 0;
}

/* A variant that begins as that which was opened; expectations are nobody's but their variant's. */
static void variant_begin(struct text *out, const struct branch *branch, const char *line)
{
    const struct text *text = &branch->texts[0];
    const char *end = text->bytes + text->length;
    unsigned part = 0;
    text_printf(out, "\nvariant \"branch: %s\"\n", line);
    text_puts(out, branch->given.bytes != NULL ? branch->given.bytes : "");
    for (const char *at = text->bytes; at < end; at = line_after(at, end)) {
        const bool title = begins_variant(at, end);
        part += title;
        if (part > 0 && part == branch->variant && !title && !is_expect(at) && !branch_gives(&branch->options, at))
            text_add(out, at, (size_t)(line_after(at, end) - at));
    }
    if (out->length > 0 && out->bytes[out->length - 1] != '\n')
        text_putc(out, '\n');
}

bool branch_add(struct branch *branch, const char *line)
{
    const struct text *now = &branch->texts[branch->count];
    struct text *text = &branch->texts[branch->count + 1];
    *text = (struct text){0};
    text_add(text, now->bytes != NULL ? now->bytes : "", now->length);
    if (text->length > 0 && text->bytes[text->length - 1] != '\n')
        text_putc(text, '\n');
    if (branch->count == 0) {
        branch->begins = (uint32_t)text_line_count(text) + 2;
        variant_begin(text, branch, line);
    }
    text_printf(text, "    %s\n", line);
    if (text->failed) {
        text_free(text);
        return false;
    }
    snprintf(branch->lines[branch->count++], BRANCH_LINE, "%s", line);
    return true;
}

void branch_remove(struct branch *branch)
{
    text_free(&branch->texts[branch->count--]);
}

bool branch_read(const struct branch *branch, struct play *play)
{
    const struct text *now = &branch->texts[branch->count];
    struct text text = {0};
    play->options = branch->options;
    if (branch->count > 0)
        play->options = (struct scenario_options){.variant = (uint16_t)(branch->variants + 1)};
    text_add(&text, now->bytes != NULL ? now->bytes : "", now->length);
    if (text.failed) {
        text_free(&text);
        return false;
    }
    file_free(&play->file);
    play->file = (struct file){.bytes = text.bytes, .length = text.length};
    return play_parse(play);
}

/* ---- the text of one that holds ---- */

/* Where an invariant broke, the line that led to it is named: that one is not wrong. */
static bool fails(const struct judgement *judgement, uint32_t line)
{
    for (unsigned i = 0; i < judgement->failures.count && i < DIAGNOSTICS_MAX; i++) {
        if (judgement->failures.list[i].line == line && strstr(judgement->failures.list[i].message, " is broken: ") == NULL)
            return true;
    }
    return false;
}

static const struct story_step *step_at(const struct story *story, uint32_t line)
{
    for (uint32_t i = 0; i < story->step_count; i++) {
        if (story->steps[i].place.line == line)
            return &story->steps[i];
    }
    return NULL;
}

static const struct story_statement *statement_at(const struct story *story, uint32_t line)
{
    for (uint32_t i = 0; i < story->statement_count; i++) {
        if (story->statements[i].place.line == line)
            return &story->statements[i];
    }
    return NULL;
}

/* Without its `= VALUE`, which becomes a comment. */
static void call_line(struct text *out, const char *at, const char *next)
{
    const char *expects = next;
    for (const char *c = at; c + 3 <= next && *c != '#'; c++) {
        if (strncmp(c, " = ", 3) == 0)
            expects = c;
    }
    text_add(out, at, (size_t)(expects - at));
    if (expects < next)
        text_puts(out, "  # no longer");
    text_add(out, expects, (size_t)(next - expects));
}

struct holding {
    struct text out, more; /* the file as it is copied, what is to stand at its end */
    const struct branch *branch;
    const struct story *story;
    unsigned labels;
};

/* A name that no line has. */
static void label_new(struct holding *holding, char *label, size_t size)
{
    do
        snprintf(label, size, "branch%u:", ++holding->labels);
    while (strstr(holding->branch->texts[holding->branch->count].bytes, label) != NULL);
}

/* The line as the branch has it: `at` is behind the label. */
static void held_line(struct text *out, bool call, const char *at, const char *next)
{
    if (call) {
        call_line(out, at, next);
    } else {
        text_puts(out, "maybe ");
        text_add(out, at, (size_t)(next - at));
    }
    if (next[-1] != '\n')
        text_putc(out, '\n');
}

/* A line that fails. A call loses its `= VALUE`, a fault that never happened is excused. A guard whose event never comes stays: its program
 * waits for ever, and that is what the run is like. */
static void failed_line(struct holding *holding, uint32_t line, const char *at, const char *next)
{
    const struct story_statement *statement = statement_at(holding->story, line);
    const struct story_step *step = step_at(holding->story, line);
    const bool call = step != NULL && step->expects;
    const char *word = at;
    const size_t named = label_of(&word);
    char label[80];
    if (!call && (statement == NULL || statement->maybe || named >= sizeof label)) {
        text_add(&holding->out, at, (size_t)(next - at));
        return;
    }
    const char *rest = word + named + strspn(word + named, " \t");
    if (line >= holding->branch->begins) {
        text_add(&holding->out, at, (size_t)(rest - at));
        held_line(&holding->out, call, rest, next);
        return;
    }
    if (named > 0)
        snprintf(label, sizeof label, "%.*s", (int)named, word);
    else
        label_new(holding, label, sizeof label);
    text_add(&holding->out, at, (size_t)(word - at));
    text_printf(&holding->out, "%s ", label);
    text_add(&holding->out, rest, (size_t)(next - rest));
    text_printf(&holding->more, "    %s ", label);
    held_line(&holding->more, call, rest, next);
}

static bool is_declared(const struct story *story, enum invariant invariant)
{
    for (uint32_t i = 0; i < story->expect_count; i++) {
        if (story->expects[i].kind == EXPECT_BREAKS && story->expects[i].invariant == invariant)
            return true;
    }
    return false;
}

bool branch_hold(struct branch *branch, const struct play *play)
{
    const char *at = play->file.bytes, *end = at + play->file.length;
    struct holding holding = {.branch = branch, .story = play->story};
    for (uint32_t line = 1; at < end; line++) {
        const char *next = line_after(at, end);
        if (fails(&play->judgement, line))
            failed_line(&holding, line, at, next);
        else
            text_add(&holding.out, at, (size_t)(next - at));
        at = next;
    }
    text_add(&holding.out, holding.more.bytes != NULL ? holding.more.bytes : "", holding.more.length);
    for (unsigned i = 0; i < INVARIANTS; i++) {
        if (play->judgement.invariant_broken[i] && !is_declared(play->story, (enum invariant)i))
            text_printf(&holding.out, "    expect maybe breaks %s\n", invariant_name((enum invariant)i));
    }
    const bool failed = holding.out.failed || holding.more.failed;
    text_free(&holding.more);
    text_free(failed ? &holding.out : &branch->texts[branch->count]);
    if (!failed)
        branch->texts[branch->count] = holding.out;
    return !failed;
}

const struct text *branch_text(const struct branch *branch)
{
    return &branch->texts[branch->count];
}
