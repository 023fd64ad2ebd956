/* SPDX-License-Identifier: MIT */
/* `list` and `show`: what the gallery has (app/library.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/library.h"
#include "app/play.h"

/* ---- what a line says ---- */

struct about {
    char *title; /* NULL: the file cannot be read */
    unsigned variants;
    char *head; /* the comments at its top: what is at stake, where it comes from */
    bool wanted; /* it is asked for */
};

static void about_free(struct about *about)
{
    free(about->title);
    free(about->head);
}

/* The lines before the first statement. */
static char *head_of(const struct file *file)
{
    size_t at = 0;
    while (at < file->length && (file->bytes[at] == '#' || file->bytes[at] == '\n' || file->bytes[at] == '\r')) {
        const char *end = memchr(file->bytes + at, '\n', file->length - at);
        at = end != NULL ? (size_t)(end - file->bytes) + 1 : file->length;
    }
    return strndup(file->bytes, at);
}

static enum status about_read(struct about *about, const struct library_entry *entry)
{
    struct file file;
    struct diagnostics diagnostics = {0};
    const struct scenario_options options = {0};
    *about = (struct about){0};
    enum status status = file_read(entry->path, &file);
    if (status != STATUS_HELD)
        return status;
    struct story *story = scenario_read(entry->path, file.bytes, file.length, &options, &diagnostics);
    about->head = head_of(&file);
    file_free(&file);
    if (story != NULL) {
        about->title = strdup(story->title);
        about->variants = story->variants;
    }
    story_free(story);
    return STATUS_HELD;
}

/* ---- which ---- */

/* Lower and upper case letters are one. */
static bool has(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (; text != NULL && *text != '\0'; text++) {
        if (strncasecmp(text, word, length) == 0)
            return true;
    }
    return false;
}

/* Has it all the words, in its theme, its name, its title or the comments at its top? */
static bool wanted(const struct arguments *arguments, const struct library_entry *entry, const struct about *about)
{
    const char *theme = argument(arguments, "theme");
    if (theme != NULL && strcmp(theme, entry->theme) != 0)
        return false;
    for (unsigned i = 0; i < arguments->word_count; i++) {
        const char *word = arguments->words[i];
        if (!has(entry->theme, word) && !has(entry->name, word) && !has(about->title, word) && !has(about->head, word))
            return false;
    }
    return true;
}

static bool theme_known(const struct library *library, const char *theme)
{
    const char **themes = calloc(library->count + 1, sizeof *themes), *nearest = NULL;
    bool known = false;
    for (unsigned i = 0; themes != NULL && i < library->count; i++) {
        themes[i] = library->list[i].theme;
        known = known || strcmp(themes[i], theme) == 0;
    }
    if (!known && themes != NULL)
        nearest = near_miss(theme, themes, library->count);
    if (nearest != NULL)
        complain("list", "there is no theme %s; did you mean %s?", theme, nearest);
    else if (!known)
        complain("list", "there is no theme %s", theme);
    free(themes);
    return known;
}

/* ---- the list ---- */

static void line(struct text *out, const struct library_entry *entry, const struct about *about, unsigned width, bool tsv)
{
    static const char no_title[] = "(has errors: see lastack check)";
    const char *title = about->title != NULL ? about->title : no_title;
    if (tsv) {
        text_printf(out, "%s\t%s\t%s\t%u\t%s\n", entry->theme, entry->name, title, about->variants, entry->path);
        return;
    }
    text_printf(out, "  %-*s  ", (int)width, entry->name);
    for (const char *c = title; *c != '\0'; c++)
        text_putc(out, *c == '\n' ? ' ' : *c);
    text_putc(out, '\n');
}

/* A theme's name, and what it is about: the first line of theme.txt in its folder, if there is one. */
static void theme_line(struct text *out, const struct library_entry *entry)
{
    char path[4096], about[200];
    const char *slash = strrchr(entry->path, '/');
    text_puts(out, entry->theme);
    if (slash != NULL && snprintf(path, sizeof path, "%.*s/theme.txt", (int)(slash - entry->path), entry->path) < (int)sizeof path) {
        FILE *file = fopen(path, "r");
        if (file != NULL && fgets(about, sizeof about, file) != NULL)
            text_printf(out, ": %.*s", (int)strcspn(about, "\r\n"), about);
        if (file != NULL)
            fclose(file);
    }
    text_putc(out, '\n');
}

static void entries_text(const struct library *library, const struct about *abouts, bool tsv, struct text *out)
{
    const char *theme = NULL;
    size_t width = 0;
    for (unsigned i = 0; i < library->count; i++) {
        size_t length = strlen(library->list[i].name);
        width = abouts[i].wanted && length > width ? length : width;
    }
    if (tsv)
        text_puts(out, "theme\tname\ttitle\tvariants\tpath\n");
    for (unsigned i = 0; i < library->count; i++) {
        const struct library_entry *entry = &library->list[i];
        if (!abouts[i].wanted)
            continue;
        if (!tsv && (theme == NULL || strcmp(theme, entry->theme) != 0)) {
            text_puts(out, theme != NULL ? "\n" : "");
            theme_line(out, entry);
        }
        theme = entry->theme;
        line(out, entry, &abouts[i], (unsigned)width, tsv);
    }
}

static enum status entries_list(const struct arguments *arguments, const struct library *library, bool tsv, struct text *out)
{
    enum status worst = STATUS_HELD;
    unsigned listed = 0;
    struct about *abouts = calloc(library->count + 1, sizeof *abouts);
    for (unsigned i = 0; abouts != NULL && i < library->count; i++) {
        enum status status = about_read(&abouts[i], &library->list[i]);
        abouts[i].wanted = status == STATUS_HELD && wanted(arguments, &library->list[i], &abouts[i]);
        worst = status > worst ? status : worst;
        listed += abouts[i].wanted;
    }
    if (abouts == NULL) {
        complain("list", "out of memory");
        return STATUS_OUTSIDE;
    }
    if (listed > 0) {
        entries_text(library, abouts, tsv, out);
    } else if (worst == STATUS_HELD) {
        complain("list", "no scenario has all of these words in its theme, name, title or first comment");
        worst = STATUS_WRONG;
    }
    for (unsigned i = 0; i < library->count; i++)
        about_free(&abouts[i]);
    free(abouts);
    return worst;
}

static enum status list(const struct arguments *arguments)
{
    static const char *const formats[] = {"table", "tsv"};
    struct library library;
    struct text out = {0};
    unsigned format = 0;
    const char *theme = argument(arguments, "theme");
    if (!argument_choice(arguments, "format", formats, 2, &format))
        return STATUS_WRONG;
    enum status status = library_open(&library);
    if (status == STATUS_HELD && library.count == 0) {
        complain("list", "there are no scenarios; looked for %s", library.searched.bytes != NULL ? library.searched.bytes : "them");
        status = STATUS_OUTSIDE;
    } else if (status == STATUS_HELD && theme != NULL && !theme_known(&library, theme)) {
        status = STATUS_WRONG;
    } else if (status == STATUS_HELD) {
        status = entries_list(arguments, &library, format == 1, &out);
        enum status written = status == STATUS_WRONG ? STATUS_HELD : output_write(NULL, &out);
        status = written > status ? written : status;
    }
    text_free(&out);
    library_free(&library);
    return status;
}

static const struct option list_options[] = {
    {.name = "theme", .value = "NAME", .help = "only this theme"},
    {.name = "format", .value = "F", .help = "table (for people) or tsv (theme, name, title, number of variants, path)"},
};

const struct command command_list = {
    .name = "list",
    .usage = "list [WORD...] [--theme NAME] [--format F]",
    .summary = "shows the scenarios that come with lastack, by theme",
    .details = "With words, those that have all of them in their theme, name, title or first comment (lastack list\n"
               "nginx). Every command that takes a FILE takes one of these names too (lastack run four-packets).\n"
               "\n"
               "They are looked for in ./scenarios, beside the program and where it was installed; or only in the\n"
               "folder that LASTACK_SCENARIOS in the environment names. A folder is a theme; what it is about is the\n"
               "first line of its theme.txt.\n"
               "\n"
               "Exit status: 0 done; 2 nothing is called so; 3 there are no scenarios.\n",
    .options = list_options,
    .option_count = sizeof list_options / sizeof *list_options,
    .run = list,
};

/* ---- show ---- */

static enum status show_one(const char *word, bool path, struct text *out)
{
    struct play play = {0};
    enum status status = play_open(&play, word);
    if (status == STATUS_HELD && path)
        text_printf(out, "%s\n", play.path);
    else if (status == STATUS_HELD)
        text_add(out, play.file.bytes, play.file.length);
    play_free(&play);
    return status;
}

static enum status show(const struct arguments *arguments)
{
    struct text out = {0};
    enum status worst = STATUS_HELD;
    if (arguments->word_count == 0) {
        complain("show", "which scenario? lastack list names them");
        return STATUS_WRONG;
    }
    for (unsigned i = 0; i < arguments->word_count; i++) {
        enum status status = show_one(arguments->words[i], argument(arguments, "path") != NULL, &out);
        worst = status > worst ? status : worst;
    }
    enum status written = output_write(NULL, &out);
    text_free(&out);
    return written > worst ? written : worst;
}

static const struct option show_options[] = {
    {.name = "path", .help = "prints where the file is instead"},
};

const struct command command_show = {
    .name = "show",
    .usage = "show NAME... [--path]",
    .summary = "prints a scenario of `lastack list`",
    .details = "As it stands in its file, to read or to begin one's own with: lastack show four-packets >my.scn\n"
               "\n"
               "Exit status: 0 done; 2 nothing is called so; 3 something outside failed.\n",
    .options = show_options,
    .option_count = sizeof show_options / sizeof *show_options,
    .run = show,
};
