/* SPDX-License-Identifier: MIT */
/* A run made visible, the same way whether it was just played or read from a saved trace: the formats, their options, the page. */
#ifndef LASTACK_APP_VIEWS_H
#define LASTACK_APP_VIEWS_H

#include "app/app.h"
#include "view/view.h"

struct views {
    unsigned format, colour;
    uint64_t width;
    const char *command, *output, *host;
    bool full;
};

/* The options that every command with --format has; they stand in the command's own list of options too. */
#define VIEWS_OPTIONS \
    {.name = "format", .value = "F", .help = "ladder (for people) or another of the formats below"}, \
        {.name = "output", .letter = 'o', .value = "FILE", .help = "writes to FILE, whole or not at all"}, \
        {.name = "width", .value = "N", .help = "columns of the ladder, 80 to 200 (those of the terminal, else 80)"}, \
        {.name = "at", .value = "HOST", .help = "pcapng: what this host saw (without it: every segment once)"}, \
        {.name = "of", .value = "HOST[.NAME]", .help = "packetdrill: which end"}, \
        {.name = "color", .value = "WHEN", .help = "auto (a terminal, and NO_COLOR not set), always or never"}, \
    { \
        .name = "full", .help = "folds nothing but idle time" \
    }

/* What --help says of the formats. */
#define VIEWS_FORMATS \
    "Formats:\n" \
    "  ladder       one lane a host, arrows between them, a report: for people (the default)\n" \
    "  table        a line an event, for grep and awk\n" \
    "  jsonl        a JSON object an event, schema 1 (docs/trace.md); lastack view reads it\n" \
    "  svg          the ladder as a picture, to scale in time, with bars of states and timers\n" \
    "  html         a page to step through in a browser, one file; with all variants unless --variant names one\n" \
    "  pcapng       a capture for Wireshark; -o FOLDER/ writes one a host, and a merged one\n" \
    "  csv          a row an event (RFC 4180)\n" \
    "  mermaid      a sequence diagram for Mermaid\n" \
    "  perfetto     trace events for Perfetto and Chrome: states, timers, segments as arrows\n" \
    "  packetdrill  a script of one end (--of HOST) for packetdrill\n"

/* false: said why on stderr. */
bool views_take(const struct arguments *arguments, struct views *show);
/* Writes the view of a run. `options` has what only the caller knows: the line that repeats the run, and what it was made from. */
enum status views_write(const struct views *show, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                        const struct view_options *options);

/* A page shows several runs at once: the file as written and its variants. */
bool views_show_variants(const struct views *show);
enum status views_write_variants(const struct views *show, const struct view_run *runs, unsigned count, const struct view_options *options);

#endif
