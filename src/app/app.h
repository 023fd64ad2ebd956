/* SPDX-License-Identifier: MIT */
/* The command: arguments, files, terminal, exit status. The only room that does input and output. */
#ifndef LASTACK_APP_APP_H
#define LASTACK_APP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diagnostic.h"
#include "base/text.h"
#include "tcp/profile.h"

/* LANGUAGE.md, "Errors". */
enum status {
    STATUS_HELD = 0,
    STATUS_FAILED = 1, /* an expectation or an invariant */
    STATUS_WRONG = 2, /* the file or the command line */
    STATUS_OUTSIDE = 3, /* something outside: a full disk, a closed pipe, no memory */
    STATUS_OURS = 4, /* an assertion, a limit of the program */
};

/* ---- arguments ---- */

struct option {
    const char *name; /* without the dashes */
    char letter; /* -o; 0: none */
    const char *value; /* what it takes ("N"), NULL: a switch */
    bool many; /* may be given more than once */
    const char *help;
};

#define OPTIONS_GIVEN_MAX 128

struct arguments {
    const struct command *command;
    char **words; /* what is no option */
    unsigned word_count;
    struct {
        const struct option *option;
        const char *value;
    } given[OPTIONS_GIVEN_MAX];
    unsigned given_count;
};

struct command {
    const char *name, *usage, *summary, *details;
    const struct option *options;
    unsigned option_count;
    enum status (*run)(const struct arguments *arguments);
};

extern const struct command command_run;
extern const struct command command_view;
extern const struct command command_test;
extern const struct command command_play;
extern const struct command command_watch;
extern const struct command command_why;
extern const struct command command_compare;
extern const struct command command_plot;
extern const struct command command_check;
extern const struct command command_format;
extern const struct command command_new;
extern const struct command command_list;
extern const struct command command_show;
extern const struct command command_profiles;
extern const struct command command_states;
extern const struct command command_keywords;

/* Parses what follows the command's name; argv is reordered. false: said why on stderr. */
bool arguments_parse(struct arguments *arguments, const struct command *command, int argc, char **argv);
/* The last value given for the option, NULL without; for a switch "". */
const char *argument(const struct arguments *arguments, const char *name);
/* The value of an option as a number, a duration in nanoseconds, one of the words. false: said why on stderr. Without the option `*value`
 * stays. */
bool argument_u64(const struct arguments *arguments, const char *name, uint64_t low, uint64_t high, uint64_t *value);
bool argument_duration(const struct arguments *arguments, const char *name, int64_t *ns);
/* A time with its unit, as on the command line: 500ms, 5.1s, 2min, 0. */
bool duration_parse(const char *word, int64_t *ns);
bool argument_choice(const struct arguments *arguments, const char *name, const char *const *words, unsigned count, unsigned *index);
/* "lastack run: …", to stderr. */
void complain(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The candidate that is nearly `word`, or NULL. */
const char *near_miss(const char *word, const char *const *candidates, unsigned count);

/* ---- profiles ---- */

/* A constant's value as the language has it: "1min", "none", "on", "cubic". */
void constant_text(struct text *out, enum profile_field field, int64_t value);
/* false: said that there is no profile of that name; `command` is who complains. */
bool profile_take(const char *command, const char *name, enum profile_id *id);

/* ---- files ---- */

struct file {
    char *bytes;
    size_t length;
};

/* Reads at most SCENARIO_BYTES_MAX + 1 bytes, so that the reader can say that there are too many. "-" is standard input. */
enum status file_read(const char *path, struct file *file);
/* The same for at most `most` bytes. */
enum status file_read_most(const char *path, struct file *file, size_t most);
#define TRACE_FILE_BYTES_MAX ((size_t)1024 * 1024 * 1024)
void file_free(struct file *file);

/* Writes the whole text, or nothing: a regular file is made beside its place and renamed. NULL or "-": standard output. */
enum status output_write(const char *path, const struct text *text);
/* Would it be written to a terminal? */
bool output_is_terminal(const char *path);
/* Makes the folder if it is not there; its parent must be. */
enum status output_folder(const char *path);
/* The same for a file that must not exist yet. */
enum status output_create(const char *path, const char *bytes, size_t length);

/* What the paths of a `test` name: files as they are, folders searched for *.scn, sorted, each once. */
struct paths {
    char **list;
    unsigned count, capacity;
    bool failed;
};
/* What is missing, and a folder without a scenario, is said and passed over: the rest is collected. Returns the worst of all words. */
enum status paths_collect(struct paths *paths, const char *const *words, unsigned count);
enum status paths_find(struct paths *paths, const char *folder); /* a folder's, which may be none; not sorted */
void paths_add(struct paths *paths, const char *path);
void paths_sort(struct paths *paths); /* and each once */
void paths_free(struct paths *paths);

/* ---- terminal ---- */

unsigned terminal_width(void); /* of standard output; 80 where it is no terminal */
bool terminal_colour(int descriptor); /* a terminal, and NO_COLOR is not set */
bool terminal_unicode(void); /* LC_ALL, LC_CTYPE or LANG say UTF-8 */

/* ---- diagnostics ---- */

/* The list as LANGUAGE.md shows it: file, line, column, the line itself, a caret. */
void diagnostics_text(struct text *out, const struct diagnostics *diagnostics, const char *name, const struct file *file, bool colour);
/* The same, to stderr. */
void diagnostics_print(const struct diagnostics *diagnostics, const char *name, const struct file *file);

/* ---- our own mistakes ---- */

struct engine;
/* From now on a failed assertion prints `line`, which repeats the run, and the event that the engine was at; NULL: no run. */
void fault_watch(const char *scenario, uint64_t seed, const char *line, const struct engine *engine);
/* What is to be done before it says anything: a terminal is given back. NULL: nothing. */
void fault_leaves(void (*leave)(void));
void fault_init(void);
/* Says it and returns STATUS_OURS. */
enum status fault_limit(const char *what);

#endif
