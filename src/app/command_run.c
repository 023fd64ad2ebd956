/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "app/play.h"
#include "app/typed.h"
#include "app/views.h"
#include "base/duration.h"

static void failures_print(const struct play *play, const char *again)
{
    fputc('\n', stderr);
    diagnostics_print(&play->judgement.failures, play->path, &play->file);
    struct text line = {0};
    typed_text(&line, again != NULL ? again : "");
    fprintf(stderr, "\nagain: %s\n", line.bytes != NULL ? line.bytes : "");
    text_free(&line);
}

static enum status play_and_show(struct play *play, const struct given *given, const struct views *show, int64_t until_ns)
{
    struct text again = {0};
    play_again(&again, play);
    enum status status = play_run(play, until_ns, again.bytes);
    if (status == STATUS_HELD || status == STATUS_FAILED) {
        struct view_options options = {
            .version = LASTACK_VERSION,
            .reproduce = again.bytes,
            .sets = given->set_words,
            .set_count = given->set_count,
            .profiles = given->profile_words,
            .profile_count = given->profile_count,
        };
        enum status written = views_write(show, play->story, &play->trace, &play->judgement, &options);
        if (status == STATUS_FAILED)
            failures_print(play, again.bytes);
        status = written != STATUS_HELD ? written : status;
    }
    text_free(&again);
    return status;
}

/* Plays a variant of the file that `first` has read. Returns whether there is something to show; *status becomes the worst so far. */
static bool variant_play(struct play *play, const struct play *first, uint16_t variant, int64_t until_ns, enum status *status)
{
    struct text again = {0};
    play->options = first->options;
    play->options.variant = variant;
    enum status one = play_open_same(play, first);
    one = one == STATUS_HELD ? play_read(play) : one;
    if (one == STATUS_HELD) {
        play_again(&again, play);
        one = play_run(play, until_ns, again.bytes);
    }
    if (one == STATUS_FAILED)
        failures_print(play, again.bytes);
    text_free(&again);
    *status = one > *status ? one : *status;
    return one == STATUS_HELD || one == STATUS_FAILED;
}

/* The file as written and all of its variants, on one page. */
static enum status variants_show(const struct play *first, const struct views *show, int64_t until_ns)
{
    const struct view_options options = {.version = LASTACK_VERSION};
    const unsigned count = first->story->variants + 1u;
    struct play *plays = calloc(count, sizeof *plays);
    struct view_run *runs = calloc(count, sizeof *runs);
    enum status status = plays != NULL && runs != NULL ? STATUS_HELD : STATUS_OUTSIDE;
    unsigned played = 0;
    while (status <= STATUS_FAILED && played < count && variant_play(&plays[played], first, (uint16_t)played, until_ns, &status)) {
        const struct play *play = &plays[played];
        runs[played++] = (struct view_run){.story = play->story, .trace = &play->trace, .judgement = &play->judgement};
    }
    if (status <= STATUS_FAILED) {
        enum status written = views_write_variants(show, runs, count, &options);
        status = written != STATUS_HELD ? written : status;
    }
    for (unsigned i = 0; i < count && plays != NULL; i++)
        play_free(&plays[i]);
    free(plays);
    free(runs);
    return status;
}

static bool one_file(const struct arguments *arguments)
{
    if (arguments->word_count == 1)
        return true;
    complain("run", arguments->word_count == 0 ? "which file? lastack run FILE.scn" : "one file at a time; lastack test takes many");
    return false;
}

static enum status run(const struct arguments *arguments)
{
    struct play play = {0};
    struct given given = {0};
    struct views show;
    int64_t until_ns = TIME_NEVER;
    enum status status = STATUS_WRONG;
    if (given_take(arguments, &given, &play.options) && argument_duration(arguments, "until", &until_ns) && views_take(arguments, &show) &&
        one_file(arguments)) {
        status = play_open(&play, arguments->words[0]);
        if (status == STATUS_HELD)
            status = play_read(&play);
        bool variants =
            status == STATUS_HELD && views_show_variants(&show) && play.story->variants > 0 && argument(arguments, "variant") == NULL;
        if (status == STATUS_HELD)
            status = variants ? variants_show(&play, &show, until_ns) : play_and_show(&play, &given, &show, until_ns);
        play_free(&play);
    }
    given_free(&given);
    return status;
}

static const struct option options[] = {
    GIVEN_OPTIONS,
    {.name = "until", .value = "T", .help = "stops at this time, as 5.1s, and judges what is decided by then"},
    VIEWS_OPTIONS,
};

const struct command command_run = {
    .name = "run",
    .usage = "run FILE [--seed N] [--set NAME=VALUE] [--profile [HOST=]NAME] [--variant N] [--until T] [--format F] [-o FILE] [--at HOST] "
             "[--of HOST] [--width N] "
             "[--color WHEN] [--full]",
    .summary = "plays a scenario and shows every segment and state change",
    .details = "The same file and seed give the same bytes on any machine. FILE may be - for standard input,\n"
               "or a name that lastack list shows.\n"
               "The answer is on standard output, everything else on standard error.\n"
               "\n" VIEWS_FORMATS "\n"
               "Exit status: 0 all expectations and invariants held; 1 one failed; 2 the file or the command line\n"
               "is wrong; 3 something outside failed (a full disk, a closed pipe); 4 a fault of lastack's own.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
