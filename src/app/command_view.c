/* SPDX-License-Identifier: MIT */
/* view: a run that was saved, shown as run shows one. */
#include <string.h>

#include "app/recorded.h"
#include "app/views.h"

static enum status show(struct play *play, const struct recorded *recorded, const struct views *show)
{
    struct text again = {0};
    play_again(&again, play);
    struct view_options options = {
        .version = recorded->saved.version,
        .reproduce = again.bytes,
        .sets = recorded->given.set_words,
        .set_count = recorded->given.set_count,
        .profiles = recorded->given.profile_words,
        .profile_count = recorded->given.profile_count,
    };
    enum status status = views_write(show, play->story, &play->trace, &play->judgement, &options);
    text_free(&again);
    return status;
}

static enum status view(const struct arguments *arguments)
{
    struct play play = {0};
    struct recorded recorded = {.saved.unverified = argument(arguments, "unverified") != NULL};
    struct views how;
    if (!views_take(arguments, &how))
        return STATUS_WRONG;
    if (arguments->word_count != 1) {
        complain("view", arguments->word_count == 0 ? "which trace? lastack view TRACE.jsonl" : "one trace at a time");
        return STATUS_WRONG;
    }
    const char *dot = strrchr(arguments->words[0], '.');
    if (dot != NULL && strcmp(dot, ".scn") == 0) {
        complain("view", "%s is a scenario, no saved trace; lastack run %s shows it", arguments->words[0], arguments->words[0]);
        return STATUS_WRONG;
    }
    enum status status = file_read_most(arguments->words[0], &recorded.file, TRACE_FILE_BYTES_MAX);
    if (status == STATUS_HELD)
        status = recorded_rebuild(&recorded, &play, "view", arguments->words[0]);
    if (status == STATUS_HELD)
        status = show(&play, &recorded, &how);
    play_free(&play);
    recorded_free(&recorded);
    return status;
}

static const struct option options[] = {
    VIEWS_OPTIONS,
    {.name = "unverified", .help = "shows also a trace that was changed, or cut off"},
};

const struct command command_view = {
    .name = "view",
    .usage = "view TRACE [--format F] [-o FILE] [--at HOST] [--of HOST] [--width N] [--color WHEN] [--full] [--unverified]",
    .summary = "shows a run that was saved with run --format jsonl",
    .details = "TRACE is what lastack run --format jsonl wrote; - is standard input. It has its scenario in it, so\n"
               "nothing else is needed, and every format is the same, byte for byte, as run would have given.\n"
               "The hash at its end is compared with its events.\n"
               "\n" VIEWS_FORMATS "\n"
               "Exit status: 0 it was shown, whatever came of the run; 2 the trace or the command line is wrong;\n"
               "3 something outside failed; 4 a fault of lastack's own.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = view,
};
