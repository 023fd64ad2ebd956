/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/library.h"
#include "app/play.h"
#include "base/duration.h"

struct tally {
    struct text out, junit;
    bool tap, xml;
    unsigned passed, failed, number;
    enum status worst;
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

static void play_one(struct tally *tally, struct play *play, const char *name)
{
    struct text again = {0}, why = {0};
    play_again(&again, play);
    enum status status = play_run(play, TIME_NEVER, again.bytes);
    if (status == STATUS_FAILED) {
        diagnostics_text(&why, &play->judgement.failures, play->path, &play->file, !tally->tap && terminal_colour(2));
        text_printf(&why, "again: %s\n\n", again.bytes != NULL ? again.bytes : "");
    }
    report(tally, play->path, name, status, why.bytes != NULL ? why.bytes : "");
    text_free(&again);
    text_free(&why);
}

static enum status read_variant(struct play *play, uint16_t variant)
{
    play->options.variant = variant;
    return play_read(play);
}

static void test_file(struct tally *tally, struct play *play, const char *path)
{
    enum status status = play_open(play, path);
    if (status == STATUS_HELD)
        status = read_variant(play, 0);
    if (status != STATUS_HELD) {
        report(tally, path, "", status, "");
        return;
    }
    unsigned variants = play->story->variants;
    play_one(tally, play, "");
    for (unsigned k = 1; k <= variants; k++) {
        struct text name = {0};
        status = read_variant(play, (uint16_t)k);
        text_printf(&name, "variant %u", k);
        if (status == STATUS_HELD && play->story->variant_title != NULL)
            text_printf(&name, ": %s", play->story->variant_title);
        if (status == STATUS_HELD)
            play_one(tally, play, name.bytes != NULL ? name.bytes : "variant");
        else
            report(tally, path, name.bytes != NULL ? name.bytes : "variant", status, "");
        text_free(&name);
    }
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

static enum status run(const struct arguments *arguments)
{
    struct play play = {0};
    struct paths paths = {0};
    const char *junit = argument(arguments, "junit");
    struct tally tally = {.tap = argument(arguments, "tap") != NULL, .xml = junit != NULL};

    if (arguments->word_count == 0) {
        complain("test", "which files or folders? lastack test scenarios");
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
    return tally.worst;
}

static const struct option options[] = {
    {.name = "tap", .help = "prints the Test Anything Protocol, version 13"},
    {.name = "junit", .value = "FILE", .help = "writes a JUnit report to FILE as well"},
};

const struct command command_test = {
    .name = "test",
    .usage = "test PATH... [--tap] [--junit FILE]",
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
