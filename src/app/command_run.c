/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/play.h"
#include "base/duration.h"
#include "view/view.h"

enum format { FORMAT_LADDER, FORMAT_TABLE, FORMAT_JSONL, FORMAT_SVG };
static const char *const formats[] = {"ladder", "table", "jsonl", "svg"};
static const char *const colours[] = {"auto", "always", "never"};

struct request {
    unsigned format, colour;
    int64_t until_ns;
    uint64_t width;
    const char *output;
    bool full;
    struct given given; /* the storage behind scenario_options */
};

static bool request_make(const struct arguments *arguments, struct request *request, struct scenario_options *options)
{
    *request = (struct request){.until_ns = TIME_NEVER, .width = terminal_width(), .output = argument(arguments, "output")};
    request->full = argument(arguments, "full") != NULL;
    if (!argument_duration(arguments, "until", &request->until_ns) || !argument_choice(arguments, "format", formats, sizeof formats / sizeof *formats, &request->format) ||
        !argument_u64(arguments, "width", VIEW_WIDTH_MIN, VIEW_WIDTH_MAX, &request->width) ||
        !argument_choice(arguments, "color", colours, 3, &request->colour))
        return false;
    if (arguments->word_count != 1) {
        complain("run", arguments->word_count == 0 ? "which file? lastack run FILE.scn" : "one file at a time; lastack test takes many");
        return false;
    }
    return given_take(arguments, &request->given, options);
}

static void view(struct text *out, const struct play *play, const struct request *request, const char *again)
{
    bool terminal = request->output == NULL || strcmp(request->output, "-") == 0;
    struct view_options options = {
        .width = (unsigned)request->width,
        .colour = request->colour == 1 || (request->colour == 0 && terminal && terminal_colour(STDOUT_FILENO)),
        .unicode = terminal_unicode(),
        .full = request->full,
        .version = LASTACK_VERSION,
        .reproduce = again,
    };
    switch ((enum format)request->format) {
    case FORMAT_LADDER:
        view_ladder(out, play->story, &play->trace, &play->judgement, &options);
        break;
    case FORMAT_TABLE:
        view_table(out, play->story, &play->trace, &play->judgement, &options);
        break;
    case FORMAT_JSONL:
        view_jsonl(out, play->story, &play->trace, &play->judgement, &options);
        break;
    case FORMAT_SVG:
        view_svg(out, play->story, &play->trace, &play->judgement, &options);
        break;
    }
}

static enum status play_and_show(struct play *play, const struct request *request)
{
    struct text again = {0}, out = {0};
    play_again(&again, play);
    enum status status = play_run(play, request->until_ns, again.bytes);
    if (status == STATUS_HELD || status == STATUS_FAILED) {
        view(&out, play, request, again.bytes);
        enum status written = output_write(request->output, &out);
        if (status == STATUS_FAILED) {
            fputc('\n', stderr);
            diagnostics_print(&play->judgement.failures, play->path, &play->file);
            fprintf(stderr, "\nagain: %s\n", again.bytes != NULL ? again.bytes : "");
        }
        status = written != STATUS_HELD ? written : status;
    }
    text_free(&out);
    text_free(&again);
    return status;
}

static enum status run(const struct arguments *arguments)
{
    struct play play = {0};
    struct request request;
    enum status status = STATUS_WRONG;
    if (request_make(arguments, &request, &play.options)) {
        status = play_open(&play, arguments->words[0]);
        if (status == STATUS_HELD)
            status = play_read(&play);
        if (status == STATUS_HELD)
            status = play_and_show(&play, &request);
        play_free(&play);
    }
    given_free(&request.given);
    return status;
}

static const struct option options[] = {
    {.name = "seed", .value = "N", .help = "chance is drawn from this number (the file's `seed`, else 1)"},
    {.name = "set", .value = "NAME=VALUE", .many = true, .help = "gives a `let` of the file another value"},
    {.name = "profile", .value = "[HOST=]NAME", .many = true, .help = "rfc9293, linux, freebsd or windows for every host, or for one"},
    {.name = "variant", .value = "N", .help = "plays the N-th variant of the file; 0 is the base"},
    {.name = "until", .value = "T", .help = "stops at this time, as 5.1s, and judges what is decided by then"},
    {.name = "format", .value = "F", .help = "ladder (for people), table (a line an event), jsonl (schema 1) or svg (a picture)"},
    {.name = "output", .letter = 'o', .value = "FILE", .help = "writes to FILE, whole or not at all"},
    {.name = "width", .value = "N", .help = "columns of the ladder, 80 to 200 (those of the terminal, else 80)"},
    {.name = "color", .value = "WHEN", .help = "auto (a terminal, and NO_COLOR not set), always or never"},
    {.name = "full", .help = "folds nothing but idle time"},
};

const struct command command_run = {
    .name = "run",
    .usage = "run FILE [--seed N] [--set NAME=VALUE] [--profile [HOST=]NAME] [--variant N] [--until T] [--format F] [-o FILE] [--width N] "
             "[--color WHEN] [--full]",
    .summary = "plays a scenario and shows every segment and state change",
    .details = "The same file and seed give the same bytes on any machine. FILE may be - for standard input,\n"
               "or a name that lastack list shows.\n"
               "The answer is on standard output, everything else on standard error.\n"
               "\n"
               "Exit status: 0 all expectations and invariants held; 1 one failed; 2 the file or the command line\n"
               "is wrong; 3 something outside failed (a full disk, a closed pipe); 4 a fault of lastack's own.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
