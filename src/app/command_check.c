/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "app/narration.h"

/* Reads one file in all its variants, for what a variant alone may have wrong; and looks at what is said in them. */
static enum status check_file(struct play *play, const char *path, struct text *out)
{
    enum status status = play_open(play, path);
    play->options.variant = 0;
    if (status == STATUS_HELD)
        status = play_read(play);
    if (status != STATUS_HELD)
        return status;
    struct diagnostics warnings = {.count = 0};
    if (!narration_check(play, &warnings))
        return STATUS_OUTSIDE;
    diagnostics_print(&warnings, play->path, &play->file);
    unsigned variants = play->story->variants, count = (unsigned)warnings.count;
    text_printf(out, "%s: fine", play->path);
    if (variants > 0)
        text_printf(out, ", with %u variant%s", variants, variants == 1 ? "" : "s");
    if (count > 0)
        text_printf(out, " and %u warning%s", count, count == 1 ? "" : "s");
    text_putc(out, '\n');
    return STATUS_HELD;
}

static enum status check(const struct arguments *arguments)
{
    struct play play = {0};
    struct text out = {0};
    enum status worst = STATUS_HELD;
    if (arguments->word_count == 0) {
        complain("check", "which files? lastack check FILE.scn");
        return STATUS_WRONG;
    }
    for (unsigned i = 0; i < arguments->word_count; i++) {
        enum status status = check_file(&play, arguments->words[i], &out);
        worst = status > worst ? status : worst;
    }
    enum status written = output_write(NULL, &out);
    text_free(&out);
    play_free(&play);
    return written > worst ? written : worst;
}

const struct command command_check = {
    .name = "check",
    .usage = "check FILE...",
    .summary = "reads scenarios and says what is wrong with them",
    .details = "All errors of a file are reported in one go (at most 20). No expectation is judged. A warning, which does\n"
               "not change the exit status, says that a variant inherits narration of a fixed time that may not be so in\n"
               "it: base and variants are played up to there, and some end is in another state then.\n"
               "\n"
               "Exit status: 0 fine; 2 a file is wrong; 3 something outside failed.\n",
    .run = check,
};

static enum status make(const struct arguments *arguments)
{
    const char *template = scenario_template();
    if (arguments->word_count > 1) {
        complain("new", "one file at a time");
        return STATUS_WRONG;
    }
    if (arguments->word_count == 1 && strcmp(arguments->words[0], "-") != 0)
        return output_create(arguments->words[0], template, strlen(template));
    struct text out = {0};
    text_puts(&out, template);
    enum status status = output_write(NULL, &out);
    text_free(&out);
    return status;
}

const struct command command_new = {
    .name = "new",
    .usage = "new [FILE]",
    .summary = "writes a first scenario to fill in",
    .details = "It runs as it is. Without FILE it goes to standard output; a FILE that exists is left alone.\n",
    .run = make,
};
