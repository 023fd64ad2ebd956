/* SPDX-License-Identifier: MIT */
/* view: a run that was saved, shown as run shows one. The trace has its scenario in it; from that comes the story, from the lines the
 * trace, and from both the judgement, as if the run had just been made. */
#include <stdlib.h>
#include <string.h>

#include "app/play.h"
#include "app/views.h"
#include "view/saved.h"

static bool given_from(struct given *given, const struct saved *saved, struct scenario_options *options)
{
    options->variant = saved->variant;
    options->seed_given = true;
    options->seed = saved->seed;
    for (unsigned i = 0; i < saved->set_count; i++) {
        if (!given_set(given, options, "view", saved->sets[i]))
            return false;
    }
    for (unsigned i = 0; i < saved->profile_count; i++) {
        if (!given_profile(given, options, "view", saved->profiles[i]))
            return false;
    }
    return true;
}

/* The story, read from the head as from a file. */
static enum status story_of(struct play *play, const struct saved *saved, const char *path)
{
    play->path = saved->file;
    play->file.bytes = malloc(saved->text_length + 1);
    if (play->file.bytes == NULL) {
        complain("view", "out of memory");
        return STATUS_OUTSIDE;
    }
    memcpy(play->file.bytes, saved->text, saved->text_length);
    play->file.length = saved->text_length;
    enum status status = play_read(play);
    if (status == STATUS_WRONG)
        complain("view", "the scenario in %s cannot be read; it was written by lastack %s", path, saved->version);
    return status;
}

/* The story, the trace, the judgement. */
static enum status rebuild(struct play *play, struct given *given, struct saved *saved, const char *path, const struct file *file)
{
    struct diagnostics wrong = {0};
    if (saved_head(saved, file->bytes, file->length, &wrong)) {
        if (!given_from(given, saved, &play->options))
            return STATUS_WRONG;
        enum status status = story_of(play, saved, path);
        if (status != STATUS_HELD)
            return status;
        if (saved_events(saved, play->story, &play->trace, &wrong)) {
            judge_run(&play->judgement, play->story, &play->trace, saved->end_ns, saved->hash, saved->cut);
            play->judged = true;
            if (saved_agrees(saved, &play->judgement, &wrong))
                return STATUS_HELD;
        }
    }
    diagnostics_print(&wrong, path, file);
    return STATUS_WRONG;
}

static enum status show(struct play *play, const struct given *given, const struct saved *saved, const struct views *show)
{
    struct text again = {0};
    play_again(&again, play);
    struct view_options options = {
        .version = saved->version,
        .reproduce = again.bytes,
        .sets = given->set_words,
        .set_count = given->set_count,
        .profiles = given->profile_words,
        .profile_count = given->profile_count,
    };
    enum status status = views_write(show, play->story, &play->trace, &play->judgement, &options);
    text_free(&again);
    return status;
}

static enum status view(const struct arguments *arguments)
{
    struct play play = {0};
    struct given given = {0};
    struct saved saved = {.unverified = argument(arguments, "unverified") != NULL};
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
    struct file file;
    enum status status = file_read_most(arguments->words[0], &file, TRACE_FILE_BYTES_MAX);
    if (status == STATUS_HELD)
        status = rebuild(&play, &given, &saved, arguments->words[0], &file);
    if (status == STATUS_HELD)
        status = show(&play, &given, &saved, &how);
    play_free(&play);
    given_free(&given);
    saved_free(&saved);
    file_free(&file);
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
