/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath */
#include "app/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOTS_MAX 3u
#define PATH_ROOM 4096u

/* ---- the folders ---- */

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* `beside`, seen from the folder that the program lies in: as Linux says it, or FreeBSD. False if nobody says where that is. */
static bool beside_program(const char *beside, char *path, size_t room)
{
    static const char *const links[] = {"/proc/self/exe", "/proc/curproc/file"};
    char program[PATH_ROOM];
    ssize_t length = -1;
    for (unsigned i = 0; i < 2 && length <= 0; i++)
        length = readlink(links[i], program, sizeof program - 1);
    if (length <= 0 || beside[0] == '/') {
        snprintf(path, room, "%s", beside);
        return beside[0] == '/';
    }
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return (size_t)snprintf(path, room, "%s/%s", program, beside) < room;
}

/* Adds the folder, if there is one and it was not met under another name. `shown` is what its files' paths begin with. */
static void root_add(char *roots[ROOTS_MAX], unsigned *count, struct text *searched, const char *path, bool plain)
{
    char *real = realpath(path, NULL);
    text_printf(searched, "%s%s", searched->length > 0 ? ", " : "", path);
    for (unsigned i = 0; real != NULL && i < *count; i++) {
        char *other = realpath(roots[i], NULL);
        bool same = other != NULL && strcmp(other, real) == 0;
        free(other);
        if (same) {
            free(real);
            return;
        }
    }
    if (real == NULL || !is_folder(real)) {
        free(real);
        return;
    }
    if (plain) { /* as the user would write it */
        free(real);
        real = strdup(path);
    }
    if (real != NULL)
        roots[(*count)++] = real;
}

static unsigned roots_find(char *roots[ROOTS_MAX], struct text *searched)
{
    const char *asked = getenv("LASTACK_SCENARIOS");
    char path[PATH_ROOM + 64];
    unsigned count = 0;
    if (asked != NULL && *asked != '\0') {
        root_add(roots, &count, searched, asked, true);
        return count;
    }
    root_add(roots, &count, searched, "scenarios", true);
    if (beside_program("../scenarios", path, sizeof path))
        root_add(roots, &count, searched, path, false);
    if (beside_program(LASTACK_GALLERY, path, sizeof path))
        root_add(roots, &count, searched, path, false);
    return count;
}

/* ---- what is in them ---- */

/* `path` is ROOT/THEME/NAME.scn. */
static bool entry_make(struct library_entry *entry, const char *path, size_t root_length, unsigned root)
{
    const char *inner = path + root_length;
    inner += strspn(inner, "/");
    size_t length = strlen(inner) - 4; /* .scn */
    const char *slash = NULL;
    for (const char *c = inner; c < inner + length; c++)
        slash = *c == '/' ? c : slash;
    size_t room = length + sizeof LIBRARY_NO_THEME + 2;
    *entry = (struct library_entry){.path = strdup(path), .theme = malloc(room), .root = root};
    if (entry->path == NULL || entry->theme == NULL) {
        free(entry->path);
        free(entry->theme);
        return false;
    }
    int theme = slash != NULL ? (int)(slash - inner) : 0;
    snprintf(entry->theme, room, "%.*s", theme, slash != NULL ? inner : "");
    if (slash == NULL)
        snprintf(entry->theme, room, "%s", LIBRARY_NO_THEME);
    entry->name = entry->theme + strlen(entry->theme) + 1;
    const char *name = slash != NULL ? slash + 1 : inner;
    memcpy(entry->name, name, (size_t)(inner + length - name));
    entry->name[inner + length - name] = '\0';
    return true;
}

static enum status root_collect(struct library *library, const char *root, unsigned number)
{
    struct paths paths = {0};
    enum status status = paths_find(&paths, root);
    struct library_entry *list = realloc(library->list, (library->count + paths.count + 1) * sizeof *list);
    bool fine = list != NULL;
    if (fine)
        library->list = list;
    for (unsigned i = 0; status == STATUS_HELD && fine && i < paths.count; i++) {
        fine = entry_make(&list[library->count], paths.list[i], strlen(root), number);
        library->count += fine;
    }
    paths_free(&paths);
    if (fine)
        return status;
    complain(NULL, "out of memory");
    return STATUS_OUTSIDE;
}

/* Those of no theme first. */
static int by_theme(const void *a, const void *b)
{
    const struct library_entry *x = a, *y = b;
    bool x_first = strcmp(x->theme, LIBRARY_NO_THEME) == 0, y_first = strcmp(y->theme, LIBRARY_NO_THEME) == 0;
    int order = x_first != y_first ? (x_first ? -1 : 1) : strcmp(x->theme, y->theme);
    if (order == 0)
        order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->root > y->root) - (x->root < y->root);
}

static void entry_free(struct library_entry *entry)
{
    free(entry->path);
    free(entry->theme);
}

static bool same_entry(const struct library_entry *a, const struct library_entry *b)
{
    return strcmp(a->theme, b->theme) == 0 && strcmp(a->name, b->name) == 0;
}

enum status library_open(struct library *library)
{
    char *roots[ROOTS_MAX];
    enum status status = STATUS_HELD;
    *library = (struct library){0};
    unsigned count = roots_find(roots, &library->searched), kept = 0;
    for (unsigned i = 0; i < count; i++) {
        if (status == STATUS_HELD)
            status = root_collect(library, roots[i], i);
        free(roots[i]);
    }
    if (library->count > 0)
        qsort(library->list, library->count, sizeof *library->list, by_theme);
    for (unsigned i = 0; i < library->count; i++) {
        if (kept > 0 && same_entry(&library->list[kept - 1], &library->list[i]))
            entry_free(&library->list[i]); /* hidden by an earlier folder's */
        else
            library->list[kept++] = library->list[i];
    }
    library->count = kept;
    return status;
}

void library_free(struct library *library)
{
    for (unsigned i = 0; i < library->count; i++)
        entry_free(&library->list[i]);
    free(library->list);
    text_free(&library->searched);
    *library = (struct library){0};
}

/* ---- by name ---- */

/* NAME, or THEME/NAME; the path that it has in a source tree will do. */
static bool is_called(const struct library_entry *entry, const char *word)
{
    static const char tree[] = "scenarios/";
    if (strncmp(word, tree, sizeof tree - 1) == 0)
        word += sizeof tree - 1;
    size_t length = strlen(word), theme = strlen(entry->theme), name = strlen(entry->name);
    if (length > 4 && strcmp(word + length - 4, ".scn") == 0)
        length -= 4;
    if (length == theme + 1 + name && word[theme] == '/' && memcmp(word, entry->theme, theme) == 0) {
        word += theme + 1;
        length = name;
    }
    return length == name && memcmp(word, entry->name, name) == 0;
}

/* How many of the earliest folder that has any are called so; *first is one of them. */
static unsigned called(const struct library *library, const char *word, const struct library_entry **first)
{
    unsigned count = 0;
    *first = NULL;
    for (unsigned i = 0; i < library->count; i++) {
        const struct library_entry *entry = &library->list[i];
        if (!is_called(entry, word) || (*first != NULL && entry->root > (*first)->root))
            continue;
        count = *first != NULL && entry->root == (*first)->root ? count + 1 : 1;
        *first = count == 1 ? entry : *first;
    }
    return count;
}

static enum status ambiguous(const struct library *library, const char *word, unsigned root)
{
    struct text which = {0};
    for (unsigned i = 0; i < library->count; i++) {
        const struct library_entry *entry = &library->list[i];
        if (entry->root == root && is_called(entry, word))
            text_printf(&which, "%s%s/%s", which.length > 0 ? " or " : "", entry->theme, entry->name);
    }
    complain(NULL, "%s is the name of several scenarios: write %s", word, which.bytes != NULL ? which.bytes : "its theme too");
    text_free(&which);
    return STATUS_WRONG;
}

/* Scenarios that have the word in their name, at most four; else the nearest. */
static void suggest(const struct library *library, const char *word, struct text *out)
{
    unsigned met = 0;
    const char **names = calloc(2u * library->count + 1, sizeof *names);
    for (unsigned i = 0; names != NULL && i < library->count; i++) {
        const struct library_entry *entry = &library->list[i];
        names[2 * i] = entry->name;
        names[2 * i + 1] = entry->theme;
        if (strlen(word) >= 3 && strstr(entry->name, word) != NULL && met++ < 4)
            text_printf(out, "%s%s", met > 1 ? " or " : "", entry->name);
    }
    const char *nearest = names != NULL && met == 0 ? near_miss(word, names, 2u * library->count) : NULL;
    if (nearest != NULL)
        text_puts(out, nearest);
    free(names);
}

static enum status unknown(const struct library *library, const char *word)
{
    struct text nearest = {0};
    for (unsigned i = 0; i < library->count; i++) {
        if (strcmp(library->list[i].theme, word) == 0) {
            complain(NULL, "%s is a theme, and one scenario is wanted: lastack list --theme %s", word, word);
            return STATUS_WRONG;
        }
    }
    suggest(library, word, &nearest);
    if (nearest.length > 0)
        complain(NULL, "there is no file %s and no scenario of that name; did you mean %s?", word, nearest.bytes);
    else
        complain(NULL, "there is no file %s and no scenario of that name; lastack list shows those that there are", word);
    text_free(&nearest);
    return STATUS_WRONG;
}

/* What is written like a file's name, and no scenario's, is told as one that cannot be read. */
static bool looks_like_file(const char *word)
{
    size_t length = strlen(word);
    return word[0] == '.' || word[0] == '/' || word[0] == '\0' || (length > 4 && strcmp(word + length - 4, ".scn") == 0);
}

enum status library_resolve(const char *word, char **found)
{
    struct library library;
    struct stat about;
    const struct library_entry *entry;
    *found = NULL;
    bool there = stat(word, &about) == 0;
    if (strcmp(word, "-") == 0 || word[0] == '/' || (there && !S_ISDIR(about.st_mode)))
        return STATUS_HELD;
    enum status status = library_open(&library);
    unsigned count = status == STATUS_HELD ? called(&library, word, &entry) : 0;
    if (count > 1)
        status = ambiguous(&library, word, entry->root);
    else if (count == 1)
        *found = strdup(entry->path);
    else if (status == STATUS_HELD && !there && !looks_like_file(word))
        status = unknown(&library, word);
    library_free(&library);
    return status;
}

/* All of a theme, or all; false if there is no such theme. */
static bool theme_collect(struct paths *paths, const char *word)
{
    struct library library;
    unsigned before = paths->count;
    enum status status = library_open(&library);
    for (unsigned i = 0; status == STATUS_HELD && i < library.count; i++) {
        if (strcmp(library.list[i].theme, word) == 0 || strcmp(word, "scenarios") == 0)
            paths_add(paths, library.list[i].path);
    }
    library_free(&library);
    return paths->count > before;
}

enum status library_collect(struct paths *paths, const char *const *words, unsigned count)
{
    enum status worst = STATUS_HELD;
    for (unsigned i = 0; i < count; i++) {
        enum status status = STATUS_HELD;
        struct stat about;
        char *found = NULL;
        if (stat(words[i], &about) == 0 || !theme_collect(paths, words[i])) {
            if (stat(words[i], &about) != 0)
                status = library_resolve(words[i], &found);
            if (status == STATUS_HELD)
                status = paths_collect(paths, found != NULL ? (const char *const *)&found : &words[i], 1);
        }
        free(found);
        worst = status > worst ? status : worst;
    }
    paths_sort(paths);
    return worst;
}
