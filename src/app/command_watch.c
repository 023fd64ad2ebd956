/* SPDX-License-Identifier: MIT */
#include "app/loop.h"
#include "app/play.h"
#include "app/typed.h"

#ifdef LASTACK_UV

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "view/view.h"

#define SETTLE_MS 80 /* an editor writes in several steps */

struct watcher {
    struct loop loop;
    uv_fs_event_t folder;
    uv_timer_t settle;
    uv_signal_t resize;
    struct given given;
    struct scenario_options options;
    const char *word; /* as it was given */
    char *name; /* the file's name in its folder: editors replace files, so the folder is watched */
    bool clear; /* a terminal: each time on an empty screen */
    enum status status;
};

static void report(const struct play *play, struct text *out)
{
    const struct view_options options = {
        .width = terminal_width(), .colour = terminal_colour(STDOUT_FILENO), .unicode = terminal_unicode(), .version = LASTACK_VERSION};
    struct text again = {0}, typed = {0};
    play_again(&again, play);
    typed_shown(&typed, NULL, again.bytes != NULL ? again.bytes : "");
    struct view_options with = options;
    with.reproduce = typed.bytes;
    view_ladder(out, play->story, &play->trace, &play->judgement, &with);
    out->failed = out->failed || again.failed || typed.failed;
    text_free(&again);
    text_free(&typed);
}

/* A file that is wrong, or gone for the moment, is only told of: its next writing may be right. */
static void again(struct watcher *watcher)
{
    struct play play = {.options = watcher->options};
    struct text out = {0};
    if (watcher->clear)
        text_puts(&out, "\033[H\033[2J\033[3J");
    enum status status = output_write(NULL, &out);
    out.length = 0;
    if (status == STATUS_HELD && play_open(&play, watcher->word) == STATUS_HELD && play_read(&play) == STATUS_HELD) {
        const enum status played = play_run(&play, TIME_NEVER, NULL);
        if (played == STATUS_HELD || played == STATUS_FAILED) {
            report(&play, &out);
            status = output_write(NULL, &out);
            if (played == STATUS_FAILED)
                diagnostics_print(&play.judgement.failures, play.path, &play.file);
        }
    }
    if (status != STATUS_HELD) {
        watcher->status = status;
        uv_stop(&watcher->loop.uv);
    }
    text_free(&out);
    play_free(&play);
}

static void settled(uv_timer_t *timer)
{
    again(timer->data);
}

static void changed(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct watcher *watcher = event->data;
    (void)events;
    if (status == 0 && (name == NULL || strcmp(name, watcher->name) == 0))
        uv_timer_start(&watcher->settle, settled, SETTLE_MS, 0);
}

static void resized(uv_signal_t *signal, int number)
{
    (void)number;
    again(signal->data);
}

static enum status watch_path(struct watcher *watcher, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    int error = loop_open(&watcher->loop);
    watcher->name = strdup(slash != NULL ? slash + 1 : path);
    if (folder == NULL || watcher->name == NULL)
        error = UV_ENOMEM;
    if (error == 0)
        error = uv_fs_event_init(&watcher->loop.uv, &watcher->folder);
    if (error == 0)
        error = uv_fs_event_start(&watcher->folder, changed, folder, 0);
    if (error < 0) {
        complain("watch", "cannot watch %s: %s", path, uv_strerror(error));
        free(folder);
        return STATUS_OUTSIDE;
    }
    watcher->folder.data = watcher->settle.data = watcher->resize.data = watcher;
    uv_timer_init(&watcher->loop.uv, &watcher->settle);
    uv_signal_init(&watcher->loop.uv, &watcher->resize);
    if (watcher->clear)
        uv_signal_start(&watcher->resize, resized, SIGWINCH);
    again(watcher);
    if (watcher->status == STATUS_HELD)
        loop_run(&watcher->loop);
    loop_close(&watcher->loop);
    free(folder);
    return watcher->status;
}

static enum status watch(const struct arguments *arguments)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    struct play found = {0};
    enum status status = STATUS_WRONG;
    if (watcher == NULL) {
        complain("watch", "out of memory");
        return STATUS_OUTSIDE;
    }
    if (arguments->word_count != 1) {
        complain("watch", arguments->word_count == 0 ? "which file? lastack watch FILE.scn" : "one file at a time");
    } else if (strcmp(arguments->words[0], "-") == 0) {
        complain("watch", "standard input does not change; name a file");
    } else if (given_take(arguments, &watcher->given, &watcher->options)) {
        watcher->word = arguments->words[0];
        watcher->clear = isatty(STDOUT_FILENO) == 1;
        status = play_open(&found, watcher->word);
        if (status == STATUS_HELD)
            status = watch_path(watcher, found.path);
    }
    play_free(&found);
    given_free(&watcher->given);
    free(watcher->name);
    free(watcher);
    return status;
}

#else

static enum status watch(const struct arguments *arguments)
{
    (void)arguments;
    return loop_missing("watch");
}

#endif

static const struct option options[] = {
    GIVEN_OPTIONS,
};

const struct command command_watch = {
    .name = "watch",
    .usage = "watch FILE [--seed N] [--set NAME=VALUE] [--profile [HOST=]NAME] [--variant N]",
    .summary = "plays a scenario each time its file is saved",
    .details = "Shows the ladder and the report, or what is wrong with the file, and waits for the next saving; ^C ends it.\n"
               "\n"
               "Exit status: 0; 2 the command line is wrong, or there is no such file; 3 something outside failed, or no libuv.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = watch,
};
