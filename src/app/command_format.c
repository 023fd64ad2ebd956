/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "app/library.h"
#include "app/play.h"
#include "scenario/format.h"

/* One file. What is not a scenario is left as it is: half of its lines would be guessed. */
static enum status format_file(struct play *play, const char *path, bool check, struct text *out)
{
    bool standard = strcmp(path, "-") == 0;
    struct text laid = {0};
    enum status status = play_open(play, path);
    if (status == STATUS_HELD)
        status = play_read(play);
    if (status != STATUS_HELD)
        return status;
    if (!scenario_format(play->file.bytes, play->file.length, &laid)) {
        text_free(&laid);
        return fault_limit("fmt would change a word of this file");
    }
    if (laid.length > SCENARIO_BYTES_MAX) {
        text_free(&laid);
        return fault_limit("laid out, this file would have more than 1 MiB");
    }
    bool same = !laid.failed && laid.length == play->file.length && memcmp(laid.bytes, play->file.bytes, laid.length) == 0;
    if (laid.failed || (!check && (standard || !same))) {
        status = output_write(path, &laid);
    } else if (check && !same) {
        text_printf(out, "%s\n", path);
        status = STATUS_FAILED;
    }
    text_free(&laid);
    return status;
}

static enum status format(const struct arguments *arguments)
{
    struct play play = {0};
    struct paths paths = {0};
    struct text out = {0};
    bool check = argument(arguments, "check") != NULL;
    if (arguments->word_count == 0) {
        complain("fmt", "which files? lastack fmt FILE.scn");
        return STATUS_WRONG;
    }
    if (arguments->word_count == 1 && strcmp(arguments->words[0], "-") == 0) {
        enum status only = format_file(&play, "-", check, &out);
        text_free(&out);
        play_free(&play);
        return only;
    }
    const char *const *words = (const char *const *)arguments->words;
    /* Only what is called by its path is written to. */
    enum status worst = check ? library_collect(&paths, words, arguments->word_count) : paths_collect(&paths, words, arguments->word_count);
    for (unsigned i = 0; worst <= STATUS_WRONG && i < paths.count; i++) {
        enum status status = format_file(&play, paths.list[i], check, &out);
        worst = status > worst ? status : worst;
    }
    enum status written = output_write(NULL, &out);
    text_free(&out);
    play_free(&play);
    paths_free(&paths);
    return written > worst ? written : worst;
}

static const struct option options[] = {
    {.name = "check", .help = "changes nothing, prints the names of the files that would change"},
};

const struct command command_format = {
    .name = "fmt",
    .usage = "fmt PATH... [--check]",
    .summary = "gives scenarios their one layout: the same words, the same story",
    .details = "A folder is searched for .scn files. Comments and blank lines between groups stay. A file is written\n"
               "whole or not at all, and not if nothing changes; one with errors is left as it is. A single - reads\n"
               "standard input and writes standard output.\n"
               "\n"
               "Exit status: 0 done; 1 with --check, a file would change; 2 a file is wrong; 3 something outside\n"
               "failed. Of several the highest.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = format,
};
