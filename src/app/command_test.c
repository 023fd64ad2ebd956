/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/library.h"
#include "app/play.h"
#include "app/typed.h"
#include "base/duration.h"

#define SEEDS_MAX 1000000u

struct tally {
    struct text out, junit;
    bool tap, xml;
    unsigned passed, failed, number;
    enum status worst;
    uint64_t seed_first, seed_last; /* --seeds; otherwise both 0, and seeds false */
    bool seeds;
};

static void xml_text(struct text *out, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '&')
            text_puts(out, "&amp;");
        else if (c == '<')
            text_puts(out, "&lt;");
        else if (c == '>')
            text_puts(out, "&gt;");
        else if (c == '"')
            text_puts(out, "&quot;");
        else if (c < 0x20 && c != '\n' && c != '\t')
            text_putc(out, '?');
        else
            text_putc(out, (char)c);
    }
}

static void junit_case(struct tally *tally, const char *path, const char *name, bool held, const char *why)
{
    text_puts(&tally->junit, "  <testcase classname=\"");
    xml_text(&tally->junit, path);
    text_puts(&tally->junit, "\" name=\"");
    xml_text(&tally->junit, name);
    if (held) {
        text_puts(&tally->junit, "\"/>\n");
        return;
    }
    text_puts(&tally->junit, "\">\n    <failure message=\"");
    char first[256];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(why, "\n"), why);
    xml_text(&tally->junit, first);
    text_puts(&tally->junit, "\">");
    xml_text(&tally->junit, why);
    text_puts(&tally->junit, "</failure>\n  </testcase>\n");
}

/* In TAP a # begins a directive. */
static void tap_text(struct text *out, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '#' || *s == '\\')
            text_putc(out, '\\');
        text_putc(out, *s);
    }
}

static void flush(struct tally *tally)
{
    enum status status = output_write(NULL, &tally->out);
    tally->worst = status > tally->worst ? status : tally->worst;
    tally->out.length = 0;
}

/* One line of the answer; `why` is what goes to stderr, or behind the line in TAP. */
static void report(struct tally *tally, const char *path, const char *name, enum status status, const char *why)
{
    bool held = status == STATUS_HELD;
    tally->number++;
    tally->passed += held;
    tally->failed += !held;
    tally->worst = status > tally->worst ? status : tally->worst;
    if (tally->tap) {
        text_printf(&tally->out, "%sok %u - ", held ? "" : "not ", tally->number);
        tap_text(&tally->out, path);
        text_puts(&tally->out, *name != '\0' ? " " : "");
        tap_text(&tally->out, name);
        text_putc(&tally->out, '\n');
        for (const char *line = why; !held && *line != '\0';) {
            size_t length = strcspn(line, "\n");
            text_puts(&tally->out, "# ");
            text_add(&tally->out, line, length);
            text_putc(&tally->out, '\n');
            line += length + (line[length] == '\n');
        }
    } else {
        text_printf(&tally->out, "%s  %s%s%s\n", held ? "ok    " : "failed", path, *name != '\0' ? "  " : "", name);
        if (!held) {
            flush(tally); /* the line first, then what is behind it */
            fputs(why, stderr);
        }
    }
    if (tally->xml)
        junit_case(tally, path, *name != '\0' ? name : "the scenario", held, why);
}

#define SEEDS_NAMED 12u

/* One run; what failed goes to `why`. */
static enum status play_once(struct tally *tally, struct play *play, struct text *why)
{
    struct text again = {0};
    play_again(&again, play);
    enum status status = play_run(play, TIME_NEVER, again.bytes);
    if (status == STATUS_FAILED) {
        diagnostics_text(why, &play->judgement.failures, play->path, &play->file, !tally->tap && terminal_colour(2));
        text_puts(why, "again: ");
        typed_text(why, again.bytes != NULL ? again.bytes : "");
        text_puts(why, "\n\n");
    }
    text_free(&again);
    return status;
}

/* The other seeds of --seeds. Of those that fail the first is shown; all are counted. */
static enum status play_seeds(struct tally *tally, struct play *play, enum status first, struct text *why)
{
    unsigned failed = first != STATUS_HELD;
    enum status worst = first;
    struct text which = {0};
    if (failed)
        text_printf(&which, " %" PRIu64, tally->seed_first);
    for (uint64_t seed = tally->seed_first; seed < tally->seed_last && worst <= STATUS_FAILED; seed++) {
        struct text unseen = {0};
        play->options.seed = seed + 1;
        enum status status = play_read(play);
        if (status == STATUS_HELD)
            status = play_once(tally, play, failed == 0 ? why : &unseen);
        worst = status > worst ? status : worst;
        if (status != STATUS_HELD && failed++ < SEEDS_NAMED)
            text_printf(&which, " %" PRIu64, seed + 1);
        text_free(&unseen);
    }
    if (failed > 0)
        text_printf(why, "%u of %" PRIu64 " seeds failed:%s%s\n\n", failed, tally->seed_last - tally->seed_first + 1,
                    which.bytes != NULL ? which.bytes : "", failed > SEEDS_NAMED ? " ..." : "");
    text_free(&which);
    return worst;
}

/* The base (0) or a variant, with each seed. */
static enum status play_variant(struct tally *tally, struct play *play, unsigned variant)
{
    struct text name = {0}, why = {0};
    play->options.variant = (uint16_t)variant;
    if (tally->seeds)
        play->options.seed = tally->seed_first;
    enum status read = play_read(play), status = read;
    if (variant > 0)
        text_printf(&name, "variant %u", variant);
    if (variant > 0 && read == STATUS_HELD && play->story->variant_title != NULL)
        text_printf(&name, ": %s", play->story->variant_title);
    if (read == STATUS_HELD)
        status = play_once(tally, play, &why);
    if (read == STATUS_HELD && tally->seeds && status <= STATUS_FAILED) {
        status = play_seeds(tally, play, status, &why);
        text_printf(&name, "%s%" PRIu64 " seeds", variant > 0 ? ", " : "", tally->seed_last - tally->seed_first + 1);
    }
    report(tally, play->path, name.bytes != NULL ? name.bytes : "", status, why.bytes != NULL ? why.bytes : "");
    text_free(&name);
    text_free(&why);
    return read;
}

static void test_file(struct tally *tally, struct play *play, const char *path)
{
    enum status status = play_open(play, path);
    if (status != STATUS_HELD) {
        report(tally, path, "", status, "");
        return;
    }
    unsigned variants = play_variant(tally, play, 0) == STATUS_HELD ? play->story->variants : 0;
    for (unsigned k = 1; k <= variants; k++)
        play_variant(tally, play, k);
    flush(tally);
}

static void end(struct tally *tally, const char *junit)
{
    struct text file = {0};
    if (tally->tap)
        text_printf(&tally->out, "1..%u\n", tally->number);
    text_printf(&tally->out, "%s%u passed, %u failed\n", tally->tap ? "# " : "", tally->passed, tally->failed);
    flush(tally);
    if (!tally->xml)
        return;
    text_printf(&file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"lastack\" tests=\"%u\" failures=\"%u\">\n",
                tally->number, tally->failed);
    if (tally->junit.length > 0)
        text_add(&file, tally->junit.bytes, tally->junit.length);
    text_puts(&file, "</testsuite>\n");
    file.failed = file.failed || tally->junit.failed;
    enum status status = output_write(junit, &file);
    tally->worst = status > tally->worst ? status : tally->worst;
    text_free(&file);
}

/* FIRST..LAST */
static bool seeds_take(const struct arguments *arguments, struct tally *tally, struct scenario_options *options)
{
    const char *range = argument(arguments, "seeds");
    uint64_t first = 0, last = 0;
    int used = 0;
    if (range == NULL)
        return true;
    if (argument(arguments, "seed") != NULL) {
        complain("test", "--seed or --seeds, not both");
        return false;
    }
    if (strspn(range, "0123456789.") != strlen(range) || sscanf(range, "%19" SCNu64 "..%19" SCNu64 "%n", &first, &last, &used) != 2 ||
        range[used] != '\0' || last < first || last - first >= SEEDS_MAX) {
        complain("test", "--seeds takes FIRST..LAST, as 1..20, at most %u of them; not %s", SEEDS_MAX, range);
        return false;
    }
    tally->seeds = options->seed_given = true;
    tally->seed_first = first;
    tally->seed_last = last;
    return true;
}

static enum status run(const struct arguments *arguments)
{
    struct play play = {0};
    struct paths paths = {0};
    struct given given = {0};
    const char *junit = argument(arguments, "junit");
    struct tally tally = {.tap = argument(arguments, "tap") != NULL, .xml = junit != NULL};

    if (arguments->word_count == 0) {
        complain("test", "which files or folders? lastack test scenarios");
        return STATUS_WRONG;
    }
    if (!given_take(arguments, &given, &play.options) || !seeds_take(arguments, &tally, &play.options)) {
        given_free(&given);
        return STATUS_WRONG;
    }
    if (tally.tap)
        text_puts(&tally.out, "TAP version 13\n");
    for (unsigned i = 0; i < arguments->word_count; i++) {
        enum status status = library_collect(&paths, (const char *const *)&arguments->words[i], 1);
        if (status != STATUS_HELD)
            report(&tally, arguments->words[i], "", status, "");
    }
    for (unsigned i = 0; i < paths.count; i++)
        test_file(&tally, &play, paths.list[i]);
    end(&tally, junit);
    text_free(&tally.out);
    text_free(&tally.junit);
    play_free(&play);
    paths_free(&paths);
    given_free(&given);
    return tally.worst;
}

static const struct option options[] = {
    {.name = "seed", .value = "N", .help = "chance is drawn from this number, not from each file's own"},
    {.name = "seeds", .value = "FIRST..LAST", .help = "plays everything once for each of these seeds"},
    {.name = "set", .value = "NAME=VALUE", .many = true, .help = "gives a `let` another value; each file must have it"},
    {.name = "profile", .value = "[HOST=]NAME", .many = true, .help = "rfc9293, linux, freebsd or windows for every host, or for one"},
    {.name = "tap", .help = "prints the Test Anything Protocol, version 13"},
    {.name = "junit", .value = "FILE", .help = "writes a JUnit report to FILE as well"},
};

const struct command command_test = {
    .name = "test",
    .usage = "test PATH... [--seed N] [--seeds FIRST..LAST] [--set NAME=VALUE] [--profile [HOST=]NAME] [--tap] [--junit FILE]",
    .summary = "plays every scenario and variant and judges all expectations",
    .details = "A folder is searched for .scn files, those in its folders included; they are played in the order\n"
               "of their names. A PATH may be the name of a scenario or a theme of `lastack list`, or `scenarios`\n"
               "for all of them. One line each; the last line says: N passed, N failed.\n"
               "\n"
               "Exit status: 0 all held; 1 an expectation or invariant failed; 2 a file is wrong; 3 something\n"
               "outside failed; 4 a fault of lastack's own. Of several the highest.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
