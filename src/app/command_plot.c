/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/child.h"
#include "app/recorded.h"
#include "base/duration.h"
#include "view/plot.h"

#define NAME_ROOM 512u

struct drawing {
    struct given given;
    bool wanted[PLOTS], keep;
    unsigned format; /* of formats */
    const char *folder, *of;
    uint32_t conn;
};
static const char *const formats[] = {"svg", "png"};

/* The plots that stand behind the file; without any, all. */
static bool plots_take(const struct arguments *arguments, struct drawing *drawing)
{
    const char *names[PLOTS];
    for (unsigned p = 0; p < PLOTS; p++) {
        names[p] = plot_name((enum plot)p);
        drawing->wanted[p] = arguments->word_count == 1;
    }
    for (unsigned w = 1; w < arguments->word_count; w++) {
        bool known = false;
        for (unsigned p = 0; p < PLOTS; p++) {
            if (strcmp(arguments->words[w], names[p]) == 0)
                known = drawing->wanted[p] = true;
        }
        if (!known) {
            const char *nearest = near_miss(arguments->words[w], names, PLOTS);
            complain("plot",
                     nearest != NULL ? "there is no plot %s; did you mean %s?" : "there is no plot %s: sequence, states, timers, sockets",
                     arguments->words[w], nearest);
            return false;
        }
    }
    return true;
}

static bool drawing_make(const struct arguments *arguments, struct drawing *drawing, struct scenario_options *options)
{
    *drawing = (struct drawing){.folder = argument(arguments, "output"), .of = argument(arguments, "of")};
    drawing->keep = argument(arguments, "keep") != NULL;
    if (drawing->folder == NULL)
        drawing->folder = ".";
    if (arguments->word_count == 0) {
        complain("plot", "which file? lastack plot FILE.scn, or a run that was saved");
        return false;
    }
    return plots_take(arguments, drawing) && argument_choice(arguments, "format", formats, 2, &drawing->format) &&
           given_take(arguments, &drawing->given, options);
}

/* The connection that is drawn: the first, or that of --of. */
static bool conn_find(const struct play *play, struct drawing *drawing)
{
    drawing->conn = 1;
    if (drawing->of == NULL)
        return true;
    drawing->conn = play_connection(play, drawing->of);
    if (drawing->conn == 0)
        complain("plot", "no connection is called %s", drawing->of);
    return drawing->conn != 0;
}

/* "lost-final-ack-1-states": file, variant, plot. */
static void stem(char *name, size_t size, const struct play *play, enum plot plot)
{
    const char *slash = strrchr(play->path, '/'), *base = slash != NULL ? slash + 1 : play->path;
    const size_t length = strlen(base);
    const bool scn = length > 4 && strcmp(base + length - 4, ".scn") == 0;
    char variant[16] = "";
    if (play->options.variant > 0)
        snprintf(variant, sizeof variant, "-%u", (unsigned)play->options.variant);
    if (strcmp(base, "-") == 0)
        base = "stdin";
    snprintf(name, size, "%.*s%s-%s", (int)(scn ? length - 4 : strlen(base)) % 200, base, variant, plot_name(plot));
}

static enum status file_put(const char *folder, const char *name, const char *ending, const struct text *text)
{
    char path[NAME_ROOM * 2];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    return output_write(path, text);
}

static void file_drop(const char *folder, const char *name, const char *ending)
{
    char path[NAME_ROOM * 2];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    remove(path);
}

/* gnuplot draws beside the picture's place, which then takes it: whole, or not at all. */
static enum status draw(const struct drawing *drawing, const char *name, bool *missing)
{
    char script[NAME_ROOM + 8], from[NAME_ROOM * 2], to[NAME_ROOM * 2];
    char *argv[] = {(char[]){"gnuplot"}, script, NULL};
    struct stat about;
    snprintf(script, sizeof script, "%s.gp", name);
    snprintf(from, sizeof from, "%s/%s.part", drawing->folder, name);
    snprintf(to, sizeof to, "%s/%s.%s", drawing->folder, name, formats[drawing->format]);
    enum status status = child_run(argv, drawing->folder, missing);
    if (status == STATUS_HELD && (stat(from, &about) != 0 || about.st_size == 0 || rename(from, to) != 0))
        status = STATUS_OUTSIDE;
    if (status == STATUS_HELD) {
        printf("%s\n", to);
    } else {
        remove(from);
        if (!*missing)
            complain("plot", "gnuplot did not draw %s", to);
    }
    return status;
}

static enum status plot_one(const struct play *play, const struct drawing *drawing, enum plot plot, bool *missing)
{
    struct text script = {0}, data = {0};
    char name[NAME_ROOM], data_name[NAME_ROOM + 8], picture[NAME_ROOM + 8];
    stem(name, sizeof name, play, plot);
    snprintf(data_name, sizeof data_name, "%s.dat", name);
    snprintf(picture, sizeof picture, "%s.part", name);
    plot_data(&data, play->story, &play->trace, &play->judgement, plot, drawing->conn);
    plot_head(&script, play->story, &play->trace, &play->judgement, plot, drawing->conn, data_name, picture, formats[drawing->format]);
    text_puts(&script, plot_template(plot));
    enum status status = file_put(drawing->folder, name, ".dat", &data);
    if (status == STATUS_HELD)
        status = file_put(drawing->folder, name, ".gp", &script);
    text_free(&data);
    text_free(&script);
    if (status == STATUS_HELD && !*missing)
        status = draw(drawing, name, missing);
    if (*missing) {
        printf("%s/%s.gp\n%s/%s.dat\n", drawing->folder, name, drawing->folder, name);
        return STATUS_OUTSIDE;
    }
    if (!drawing->keep) {
        file_drop(drawing->folder, name, ".gp");
        file_drop(drawing->folder, name, ".dat");
    }
    return status;
}

static enum status plot_all(const struct play *play, const struct drawing *drawing)
{
    bool missing = false;
    enum status status = output_folder(drawing->folder);
    for (unsigned p = 0; p < PLOTS && (status == STATUS_HELD || missing); p++) {
        if (drawing->wanted[p])
            status = plot_one(play, drawing, (enum plot)p, &missing);
    }
    if (missing)
        complain("plot", "there is no gnuplot here (or no libuv to start it with): its files are written, and `gnuplot NAME.gp` draws");
    return status;
}

/* The scenario is played; a saved trace was, with a seed and whatever else stands in its head. */
static enum status obtain(struct play *play, struct recorded *recorded, const struct drawing *drawing, const char *word)
{
    enum status status = play_open_most(play, word, TRACE_FILE_BYTES_MAX);
    if (status != STATUS_HELD)
        return status;
    if (recorded_is(&play->file)) {
        recorded->file = play->file;
        play->file = (struct file){0};
        if (play->options.seed_given || play->options.variant != 0 || drawing->given.set_count > 0 || drawing->given.profile_count > 0) {
            complain("plot", "%s is a run that was saved: its seed, variant, profiles and values stand in it", word);
            return STATUS_WRONG;
        }
        return recorded_rebuild(recorded, play, "plot", word);
    }
    status = play_read(play);
    return status == STATUS_HELD ? play_run(play, TIME_NEVER, NULL) : status;
}

static enum status plot(const struct arguments *arguments)
{
    struct play play = {0};
    struct recorded recorded = {.saved.unverified = argument(arguments, "unverified") != NULL};
    struct drawing drawing;
    enum status status = STATUS_WRONG;
    if (drawing_make(arguments, &drawing, &play.options)) {
        status = obtain(&play, &recorded, &drawing, arguments->words[0]);
        if (status == STATUS_HELD || status == STATUS_FAILED)
            status = conn_find(&play, &drawing) ? plot_all(&play, &drawing) : STATUS_WRONG;
        play_free(&play);
    }
    recorded_free(&recorded);
    given_free(&drawing.given);
    return fflush(stdout) == 0 ? status : STATUS_OUTSIDE;
}

static const struct option options[] = {
    {.name = "format", .value = "F", .help = "svg or png"},
    {.name = "output", .letter = 'o', .value = "FOLDER", .help = "where the pictures go (here); it is made if it is not there"},
    {.name = "of", .value = "NAME", .help = "of this connection, by its name or number (the first); sockets shows all"},
    {.name = "keep", .help = "leaves gnuplot's files, NAME.gp and NAME.dat, beside the pictures"},
    {.name = "unverified", .help = "draws also a saved run that was changed, or cut off"},
    GIVEN_OPTIONS,
};

const struct command command_plot = {
    .name = "plot",
    .usage = "plot FILE [PLOT ...] [--format F] [-o FOLDER] [--of NAME] [--keep] [--unverified] [--seed N] [--set NAME=VALUE] "
             "[--profile [HOST=]NAME] [--variant N]",
    .summary = "draws a run with gnuplot: sequence numbers, states, timers, sockets",
    .details = "PLOT is one of these; without any, all are drawn:\n"
               "  sequence   sequence numbers of both directions over time, with FINs, RSTs and losses\n"
               "  states     the states of both ends over time\n"
               "  timers     the timers: when they were set, for how long, and which ran out\n"
               "  sockets    how many sockets each host holds in which state\n"
               "FILE is a scenario, which is played, or what lastack run --format jsonl wrote; - is standard input.\n"
               "Prints the names of the files that it wrote. Without gnuplot these are NAME.gp and NAME.dat, and it says so.\n"
               "\n"
               "Exit status: 0 drawn; 2 the file or the command line is wrong; 3 something outside failed, or there is no gnuplot.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = plot,
};
