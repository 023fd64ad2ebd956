/* SPDX-License-Identifier: MIT */
/* One run, from a file's text to its judgement. Its memory is kept for the next. */
#ifndef LASTACK_APP_PLAY_H
#define LASTACK_APP_PLAY_H

#include "app/app.h"
#include "judge/judge.h"
#include "scenario/reader.h"
#include "sim/engine.h"

/* The storage behind scenario_options for what the command line says: --seed, --set, --profile, --variant. */
struct given {
    struct scenario_set sets[OPTIONS_GIVEN_MAX];
    struct scenario_host_profile hosts[OPTIONS_GIVEN_MAX];
    const char *set_words[OPTIONS_GIVEN_MAX], *profile_words[OPTIONS_GIVEN_MAX]; /* as they were said */
    unsigned set_count, profile_count;
    char *copies[2 * OPTIONS_GIVEN_MAX];
    unsigned copy_count;
};
/* Their options; they stand in the own list of each command that plays one file. */
#define GIVEN_OPTIONS \
    {.name = "seed", .value = "N", .help = "chance is drawn from this number (the file's `seed`, else 1)"}, \
        {.name = "set", .value = "NAME=VALUE", .many = true, .help = "gives a `let` of the file another value"}, \
        {.name = "profile", \
         .value = "[HOST=]NAME", \
         .many = true, \
         .help = "rfc9293, linux, freebsd or windows for every host, or for one"}, \
    { \
        .name = "variant", .value = "N", .help = "plays the N-th variant of the file; 0 is the base" \
    }
/* Fills in what was said; the options point into `given` (zeroed by the caller). false: said what is wrong on stderr. */
bool given_take(const struct arguments *arguments, struct given *given, struct scenario_options *options);
/* One more "NAME=VALUE", one more "[HOST=]NAME", at most OPTIONS_GIVEN_MAX of each; `command` is who complains. The word must stay. */
bool given_set(struct given *given, struct scenario_options *options, const char *command, const char *word);
bool given_profile(struct given *given, struct scenario_options *options, const char *command, const char *word);
void given_free(struct given *given);

struct play {
    const char *path; /* the caller's, or `found` */
    char *found; /* where the file of that name lies; NULL: the word was a path */
    struct file file;
    struct scenario_options options; /* the caller's */
    struct text asked; /* those that are not the seed and the variant, as the command line has them */
    struct diagnostics diagnostics; /* of the last play_read */
    struct story *story;
    struct engine engine;
    choose_fn choose; /* NULL: seeded chance */
    void *choose_ctx;
    void *block, *outgrown; /* the world's memory, and what it had before it grew */
    size_t bytes;
    struct trace trace;
    struct judgement judgement;
    bool judged;
};

/* Reads a file's text into memory: that of a path, or of a scenario's name (app/library.h). */
enum status play_open(struct play *play, const char *word);
/* The same of a file that may be larger than a scenario: a saved trace (app/recorded.h). */
enum status play_open_most(struct play *play, const char *word, size_t most);
/* The text that another has read: standard input is read once. */
enum status play_open_same(struct play *play, const struct play *from);
/* The story of the variant that the options name; its diagnostics are printed. STATUS_WRONG if there is none. */
enum status play_read(struct play *play);
/* The same, and nothing is printed; false: play->diagnostics say why, or there is no memory. */
bool play_parse(struct play *play);
/* A world at its beginning, which play->engine plays; its events go to play->trace. */
enum status play_begin(struct play *play);
/* Plays and judges it, up to `until_ns` (TIME_NEVER: to its end). `again` is the line that repeats the run. Returns STATUS_HELD or
 * STATUS_FAILED, or why there is no judgement. */
enum status play_run(struct play *play, int64_t until_ns, const char *again);
void play_unjudge(struct play *play);
/* Lets go of the story and its judgement, keeps the file and the memory. */
void play_clear(struct play *play);
void play_free(struct play *play);

/* The number of a connection by its `as` name, or by itself; 0: the run has none of that name. */
uint32_t play_connection(const struct play *play, const char *word);

/* "lastack run FILE --seed N --variant K …": what repeats the run that was read. */
void play_again(struct text *out, const struct play *play);
/* The same from a copy of the file. */
void play_again_as(struct text *out, const struct play *play, const char *path);

#endif
