/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/moment.h"
#include "app/typed.h"
#include "app/what_if.h"
#include "base/duration.h"
#include "view/outline.h"

struct question {
    struct given given;
    uint64_t event; /* 0: choose one */
    const char *at, *of; /* NULL: not given */
    uint64_t width;
};

static bool question_make(const struct arguments *arguments, struct question *question, struct scenario_options *options)
{
    memset(question, 0, sizeof *question);
    question->width = terminal_width();
    question->at = argument(arguments, "at");
    question->of = argument(arguments, "of");
    if (!argument_u64(arguments, "event", 1, UINT32_MAX, &question->event) ||
        !argument_u64(arguments, "width", VIEW_WIDTH_MIN, VIEW_WIDTH_MAX, &question->width))
        return false;
    if (question->event != 0 && (question->at != NULL || question->of != NULL)) {
        complain("why", "--event names one event; --at and --of look for one");
        return false;
    }
    if (arguments->word_count != 1) {
        complain("why", arguments->word_count == 0 ? "which file? lastack why FILE.scn" : "one file at a time");
        return false;
    }
    return given_take(arguments, &question->given, options);
}

/* HOST or HOST.NAME, as the language names an end. */
static bool end_find(const struct play *play, const char *of, uint16_t *host, uint32_t *conn)
{
    const char *names[UINT8_MAX];
    const size_t length = strcspn(of, ".");
    unsigned count = 0;
    for (uint16_t i = 0; i < play->story->node_count; i++) {
        const char *name = play->story->nodes[i].name;
        names[count++] = name;
        if (strlen(name) == length && strncmp(name, of, length) == 0)
            *host = i;
    }
    if (*host == UINT16_MAX) {
        char *word = strndup(of, length);
        const char *nearest = word != NULL ? near_miss(word, names, count) : NULL;
        complain("why", nearest != NULL ? "no host is called %s; did you mean %s?" : "no host is called %s", word != NULL ? word : of,
                 nearest);
        free(word);
        return false;
    }
    if (of[length] == '.' && (*conn = play_connection(play, of + length + 1)) == 0) {
        complain("why", "no connection is called %s", of + length + 1);
        return false;
    }
    return true;
}

/* What is asked about: the event itself, or where to look for it. */
struct target {
    struct moment moment;
    uint16_t host; /* UINT16_MAX: any */
    uint32_t conn; /* 0: any */
    uint32_t event;
    bool then; /* it happens at the time that was asked for */
};

static bool moment_find(const struct play *play, const char *at, struct moment *moment)
{
    if (moment_parse(at, play->story->clock_ns, moment))
        return true;
    if (strchr(at, ':') != NULL && play->story->clock_ns < 0)
        complain("why", "--at %s: the file has no clock; its times are seconds, as 5.1s", at);
    else
        complain("why", "--at takes a time as a view shows it, or with its unit, as 500ms, 5.1s or 2min%s, not %s",
                 play->story->clock_ns >= 0 ? ", or 10:30:01.123" : "", at);
    return false;
}

/* false: said what is wrong. */
static bool target_find(struct target *target, const struct play *play, const struct question *question)
{
    const struct trace *trace = &play->trace;
    *target = (struct target){.moment.from_ns = TIME_NEVER, .host = UINT16_MAX, .event = (uint32_t)question->event};
    if (question->event > trace->count) {
        complain("why", "this run has %u events; see them: lastack run %s --format table", (unsigned)trace->count, play->path);
        return false;
    }
    if (question->event != 0)
        return true;
    if (question->at != NULL && !moment_find(play, question->at, &target->moment))
        return false;
    if (question->of != NULL && !end_find(play, question->of, &target->host, &target->conn))
        return false;
    target->event = question->at != NULL ? moment_event(trace, &target->moment, target->host, target->conn) : 0;
    target->then = target->event != 0;
    if (!target->then)
        target->event = causes_outcome(trace, target->moment.from_ns, target->host, target->conn);
    if (target->event == 0)
        complain("why", "nothing happens%s%s up to then", question->of != NULL ? " at " : "", question->of != NULL ? question->of : "");
    return target->event != 0;
}

#define OTHERS_SHOWN 8u

static bool in_chain(const struct causes *causes, uint32_t event)
{
    for (uint32_t i = 0; i < causes->count; i++) {
        if (causes->links[i].event == event)
            return true;
    }
    return false;
}

/* What else may have been meant: the chain does not tell it, and its number asks for it. */
static void others_tell(struct text *out, const struct play *play, const struct target *target)
{
    const struct trace *trace = &play->trace;
    struct causes causes;
    unsigned told = 0;
    causes_find(&causes, trace, target->event);
    for (uint32_t n = 0; (n = moment_other(trace, &target->moment, target->host, target->conn, target->event, n)) != 0;) {
        if (in_chain(&causes, n) || told++ >= OTHERS_SHOWN)
            continue;
        text_puts(out, told == 1 ? "at that time too:\n" : "");
        text_printf(out, "  --event %u, ", (unsigned)n);
        text_seconds(out, trace->events[n - 1].time_ns);
        text_puts(out, " s: ");
        view_sentence(out, play->story, trace, n);
        text_putc(out, '\n');
    }
    if (told > OTHERS_SHOWN)
        text_printf(out, "  and %u more\n", told - OTHERS_SHOWN);
    out->failed = out->failed || causes.failed;
    causes_free(&causes);
}

/* ---- what came of it instead ---- */

static void verdict(struct text *out, const struct play *play, uint32_t conn)
{
    for (uint32_t i = 0; i < play->judgement.connection_count; i++) {
        if (play->judgement.connections[i].conn == conn)
            text_printf(out, "; verdict %s", verdict_name(play->judgement.connections[i].verdict));
    }
}

static bool same_end(const struct trace_event *a, const struct trace_event *b)
{
    if (a->kind != b->kind || a->host != b->host)
        return false;
    return a->kind == TRACE_RETURN ? a->call.program == b->call.program && a->call.copy == b->call.copy && a->call.step == b->call.step
                                   : a->kind == TRACE_STATE && a->conn == b->conn && a->state.side == b->state.side;
}

/* What the same end, or the same call, came to in the other run. */
static void instead(struct text *out, const struct play *other, const struct trace_event *outcome)
{
    uint32_t last = 0;
    for (uint32_t n = 1; n <= other->trace.count; n++)
        last = same_end(outcome, &other->trace.events[n - 1]) ? n : last;
    if (last == 0) {
        text_puts(out, "it does not happen");
        verdict(out, other, outcome->conn);
        return;
    }
    const struct trace_event *e = &other->trace.events[last - 1];
    const bool stays = e->kind == TRACE_STATE && e->state.to != TCP_CLOSED;
    if (stays)
        text_printf(out, "%s stays in %s from ", other->story->nodes[e->host].name, tcp_state_name((enum tcp_state)e->state.to));
    else
        view_sentence(out, other->story, &other->trace, last);
    text_puts(out, stays ? "" : ", at ");
    text_seconds(out, e->time_ns);
    text_puts(out, stays ? " s on" : " s");
    verdict(out, other, outcome->conn);
}

enum effect { EFFECT_PREVENTS, EFFECT_MOVES, EFFECT_NONE };

/* Plays the run with the changes and tells what became of the outcome. */
static enum status try(const struct play *play, uint32_t event, const struct change *changes, unsigned count, int64_t until_ns,
                       struct text *told, enum effect *effect)
{
    struct play other = {0};
    const struct trace_event *outcome = &play->trace.events[event - 1];
    enum status status = change_play(&other, play, changes, count, until_ns);
    if (status == STATUS_HELD) {
        const uint32_t same = causes_same(&play->trace, outcome, &other.trace);
        const int64_t time_ns = same != 0 ? other.trace.events[same - 1].time_ns : TIME_NEVER;
        *effect = same == 0 ? EFFECT_PREVENTS : time_ns != outcome->time_ns ? EFFECT_MOVES : EFFECT_NONE;
        if (*effect == EFFECT_PREVENTS)
            instead(told, &other, outcome);
        if (*effect == EFFECT_MOVES) {
            text_puts(told, "it happens at ");
            text_seconds(told, time_ns);
            text_puts(told, " s");
            verdict(told, &other, outcome->conn);
        }
    }
    play_free(&other);
    return status;
}

struct tried {
    struct text words, told;
    enum effect effect;
};

static void group(struct text *out, const struct tried *tried, unsigned count, enum effect effect, const char *head)
{
    bool any = false;
    for (unsigned i = 0; i < count; i++) {
        if (tried[i].effect != effect || tried[i].words.bytes == NULL)
            continue;
        text_printf(out, "%s  %s\n", any ? "" : head, tried[i].words.bytes);
        if (tried[i].told.bytes != NULL)
            text_printf(out, "      -> %s\n", tried[i].told.bytes);
        any = true;
    }
}

static void groups(struct text *out, const struct tried *tried, unsigned count)
{
    if (count == 0) {
        text_puts(out, "\nNothing in the file, no chance and no setting stands in this chain: it is what TCP does.\n");
        return;
    }
    group(out, tried, count, EFFECT_PREVENTS, "\nWhat would have had to be different; each was played, and the outcome is another:\n");
    group(out, tried, count, EFFECT_MOVES, "\nPlayed too, and it happens at another time:\n");
    group(out, tried, count, EFFECT_NONE, "\nPlayed too, and it happens all the same:\n");
}

/* If no single change prevents it, all of them together may. */
static enum status try_all(const struct play *play, uint32_t event, const struct changes *changes, int64_t until_ns, struct tried *tried)
{
    enum status status = STATUS_HELD;
    unsigned prevented = 0;
    for (unsigned i = 0; i < changes->count && status == STATUS_HELD; i++) {
        change_text(&tried[i].words, play, &changes->list[i]);
        status = try(play, event, &changes->list[i], 1, until_ns, &tried[i].told, &tried[i].effect);
        prevented += tried[i].effect == EFFECT_PREVENTS;
    }
    if (status == STATUS_HELD && changes->count > 1 && prevented == 0) {
        text_puts(&tried[changes->count].words, "all of these at once");
        status = try(play, event, changes->list, changes->count, until_ns, &tried[changes->count].told, &tried[changes->count].effect);
    }
    return status;
}

static enum status what_if(struct text *out, const struct play *play, uint32_t event, int64_t until_ns)
{
    struct causes causes;
    struct changes changes;
    struct tried tried[CHANGES_MAX + 1] = {{.effect = EFFECT_NONE}};
    causes_find(&causes, &play->trace, event);
    changes_find(&changes, play, &causes);
    enum status status = causes.failed ? STATUS_OUTSIDE : try_all(play, event, &changes, until_ns, tried);
    if (status == STATUS_HELD)
        groups(out, tried, changes.count > 0 ? changes.count + 1 : 0);
    for (unsigned i = 0; i <= CHANGES_MAX; i++) {
        out->failed = out->failed || tried[i].words.failed || tried[i].told.failed;
        text_free(&tried[i].words);
        text_free(&tried[i].told);
    }
    causes_free(&causes);
    return status;
}

/* Nothing may have happened that explains a run that hangs: what its programs wait for does. */
static void waits(struct text *out, const struct play *play)
{
    struct outline outline;
    bool any = false;
    view_outline(&outline, play->story, &play->trace, &play->judgement);
    for (uint32_t i = 0; i < outline.count; i++) {
        if (strcmp(outline.rows[i].is.bytes, "waits") != 0)
            continue;
        text_printf(out, "%s  %s\n", any ? "" : "\nWhen the run ends these calls still wait:\n", outline.rows[i].what.bytes);
        any = true;
    }
    out->failed = out->failed || outline.failed;
    outline_free(&outline);
}

static enum status answer(struct play *play, const struct question *question)
{
    struct text out = {0}, again = {0}, shown = {0};
    const struct view_options options = {.width = (unsigned)question->width, .unicode = terminal_unicode(), .version = LASTACK_VERSION};
    play_again(&again, play);
    enum status status = play_run(play, TIME_NEVER, again.bytes);
    if (status == STATUS_HELD || status == STATUS_FAILED) {
        struct target target;
        status = target_find(&target, play, question) ? STATUS_HELD : STATUS_WRONG;
        if (status == STATUS_HELD) {
            typed_shown(&shown, NULL, again.bytes != NULL ? again.bytes : "");
            text_printf(&out, "%s%s%s\nevent %u of %s\n", play->story->title, play->story->variant_title != NULL ? ": " : "",
                        play->story->variant_title != NULL ? play->story->variant_title : "", (unsigned)target.event,
                        shown.bytes != NULL ? shown.bytes : "");
            if (target.then)
                others_tell(&out, play, &target);
            else if (question->at != NULL)
                text_printf(&out, "nothing happens at %s; this is the last change before\n", question->at);
            text_putc(&out, '\n');
            view_why(&out, play->story, &play->trace, &play->judgement, &options, target.event);
            status = what_if(&out, play, target.event, TIME_NEVER);
            if (question->event == 0 && question->at == NULL && question->of == NULL)
                waits(&out, play);
        }
    }
    if (status == STATUS_HELD)
        status = output_write(NULL, &out);
    text_free(&out);
    text_free(&again);
    text_free(&shown);
    return status;
}

static enum status why(const struct arguments *arguments)
{
    struct play play = {0};
    struct question question;
    enum status status = STATUS_WRONG;
    if (question_make(arguments, &question, &play.options)) {
        status = play_open(&play, arguments->words[0]);
        if (status == STATUS_HELD)
            status = play_read(&play);
        if (status == STATUS_HELD)
            status = answer(&play, &question);
        play_free(&play);
    }
    given_free(&question.given);
    return status;
}

static const struct option options[] = {
    {.name = "event", .value = "N", .help = "the event with this number in --format table or jsonl"},
    {.name = "at", .value = "T", .help = "what happens at this time, as 5.1s or as a view shows it; if nothing, what had last"},
    {.name = "of", .value = "HOST[.NAME]", .help = "of this host, or of this end of a connection"},
    GIVEN_OPTIONS,
    {.name = "width", .value = "N", .help = "columns, 80 to 200 (those of the terminal, else 80)"},
};

const struct command command_why = {
    .name = "why",
    .usage = "why FILE [--event N | --at T] [--of HOST[.NAME]] [--seed N] [--set NAME=VALUE] [--profile [HOST=]NAME] [--variant N] "
             "[--width N]",
    .summary = "tells why something happened, and what would have had to be different",
    .details = "Plays the scenario and follows one event back: by --event its number, by --at what happens then (a\n"
               "change of state or failed call before all else), or if nothing does the last change of state or\n"
               "failed call up to then; without either the last one that came to harm. A time may be copied from\n"
               "a view: 5.042, 10:30:01.124 where the file has a clock. Views cut times off, so 5.042 is any\n"
               "instant that begins so, and the answer says what else happens in it.\n"
               "\n"
               "Each step is told with the rule that ruled. What the chain blames (a line of the file, a loss by\n"
               "chance, a call, a setting of a host) is then taken away, one at a time, and the run played again:\n"
               "what the answer says would have prevented it, did.\n"
               "\n"
               "Exit status: 0 answered; 2 the file or the command line is wrong; 3 something outside failed;\n"
               "4 a fault of lastack's own.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = why,
};
