/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "scenario/reader.h"

/* ---- reading ---- */

/* A name that leads nowhere is the command line's mistake; a device or a privilege that is missing is not. */
static enum status cannot_read(const char *path, int error)
{
    complain(NULL, "cannot read %s: %s", path, strerror(error));
    return error == ENOENT || error == ENOTDIR || error == EISDIR || error == ENAMETOOLONG || error == ELOOP ? STATUS_WRONG
                                                                                                             : STATUS_OUTSIDE;
}

#define ROOM_FIRST (1024u * 1024u + 1u)

/* More room, up to `most`. */
static bool room_grow(struct file *file, size_t *capacity, size_t most)
{
    size_t larger = *capacity > most / 2 ? most : *capacity * 2;
    char *bytes = realloc(file->bytes, larger);
    if (bytes == NULL)
        return false;
    file->bytes = bytes;
    *capacity = larger;
    return true;
}

enum status file_read_most(const char *path, struct file *file, size_t most)
{
    size_t capacity = most < ROOM_FIRST ? most : ROOM_FIRST;
    bool standard = strcmp(path, "-") == 0;
    int error = 0, descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;

    *file = (struct file){0};
    if (descriptor < 0)
        return cannot_read(path, errno);
    if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) && (uintmax_t)about.st_size < most)
        capacity = (size_t)about.st_size + 1;
    file->bytes = malloc(capacity);
    if (file->bytes == NULL)
        error = ENOMEM;
    while (error == 0 && file->length < capacity) {
        ssize_t got = read(descriptor, file->bytes + file->length, capacity - file->length);
        if (got < 0 && errno != EINTR)
            error = errno;
        if (got == 0)
            break;
        file->length += got > 0 ? (size_t)got : 0;
        if (error == 0 && file->length == capacity && capacity < most && !room_grow(file, &capacity, most))
            error = ENOMEM;
    }
    if (!standard)
        close(descriptor);
    if (error != 0) {
        file_free(file);
        return cannot_read(path, error);
    }
    return STATUS_HELD;
}

enum status file_read(const char *path, struct file *file)
{
    return file_read_most(path, file, (size_t)SCENARIO_BYTES_MAX + 1);
}

void file_free(struct file *file)
{
    free(file->bytes);
    *file = (struct file){0};
}

/* ---- writing ---- */

static int write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(descriptor, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        bytes += put;
        length -= (size_t)put;
    }
    return 0;
}

static enum status cannot_write(const char *path, int error)
{
    complain(NULL, "cannot write %s: %s", path, strerror(error));
    return STATUS_OUTSIDE;
}

/* A pipe or a device takes the bytes as they come. */
static int write_through(const char *path, const char *bytes, size_t length)
{
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return errno;
    int error = write_all(descriptor, bytes, length);
    if (close(descriptor) != 0 && error == 0)
        error = errno;
    return error;
}

/* Beside its place first, under a name of its own, so that nobody ever finds half of it. */
static int write_beside(const char *path, mode_t mode, const char *bytes, size_t length)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0, size = strlen(path) + sizeof "..lastack-XXXXXX";
    char *name = malloc(size);
    if (name == NULL)
        return ENOMEM;
    snprintf(name, size, "%.*s.%s.lastack-XXXXXX", (int)folder, path, path + folder);
    int error = 0, descriptor = mkstemp(name);
    if (descriptor < 0) {
        error = errno;
        free(name);
        return error;
    }
    error = write_all(descriptor, bytes, length);
    if (error == 0 && fchmod(descriptor, mode) != 0)
        error = errno;
    if (close(descriptor) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(name, path) != 0)
        error = errno;
    if (error != 0)
        unlink(name);
    free(name);
    return error;
}

static mode_t mode_of_new_files(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return (mode_t)(0666 & ~mask);
}

enum status output_write(const char *path, const struct text *text)
{
    struct stat about;
    if (text->failed) {
        complain(NULL, "out of memory");
        return STATUS_OUTSIDE;
    }
    if (path == NULL || strcmp(path, "-") == 0) {
        int error = write_all(STDOUT_FILENO, text->bytes, text->length);
        return error != 0 ? cannot_write("to standard output", error) : STATUS_HELD;
    }
    bool exists = stat(path, &about) == 0;
    int error;
    if (exists && !S_ISREG(about.st_mode)) {
        error = S_ISDIR(about.st_mode) ? EISDIR : write_through(path, text->bytes, text->length);
    } else {
        char *real = exists ? realpath(path, NULL) : NULL; /* through a symbolic link, not over it */
        error = write_beside(real != NULL ? real : path, exists ? about.st_mode & 0777 : mode_of_new_files(), text->bytes, text->length);
        free(real);
    }
    return error != 0 ? cannot_write(path, error) : STATUS_HELD;
}

bool output_is_terminal(const char *path)
{
    return (path == NULL || strcmp(path, "-") == 0) && isatty(STDOUT_FILENO);
}

enum status output_folder(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return STATUS_HELD;
    return mkdir(path, 0777) == 0 ? STATUS_HELD : cannot_write(path, errno);
}

enum status output_create(const char *path, const char *bytes, size_t length)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == EEXIST) {
        complain("new", "%s exists already, and is left as it is", path);
        return STATUS_WRONG;
    }
    if (descriptor < 0)
        return cannot_write(path, errno);
    int error = write_all(descriptor, bytes, length);
    if (close(descriptor) != 0 && error == 0)
        error = errno;
    if (error != 0)
        unlink(path);
    return error != 0 ? cannot_write(path, error) : STATUS_HELD;
}

/* ---- folders ---- */

void paths_add(struct paths *paths, const char *path)
{
    if (paths->count == paths->capacity) {
        unsigned capacity = paths->capacity == 0 ? 64 : paths->capacity * 2;
        char **list = realloc(paths->list, capacity * sizeof *list);
        if (list == NULL) {
            paths->failed = true;
            return;
        }
        paths->list = list;
        paths->capacity = capacity;
    }
    char *copy = strdup(path);
    if (copy == NULL)
        paths->failed = true;
    else
        paths->list[paths->count++] = copy;
}

static bool is_scenario(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".scn") == 0;
}

static enum status folder_collect(struct paths *paths, const char *folder, unsigned depth)
{
    enum status status = STATUS_HELD;
    DIR *directory = depth > 64 ? NULL : opendir(folder);
    if (directory == NULL)
        return cannot_read(folder, depth > 64 ? ELOOP : errno);
    for (struct dirent *entry; status == STATUS_HELD && (entry = readdir(directory)) != NULL;) {
        struct stat about;
        size_t size = strlen(folder) + strlen(entry->d_name) + 2;
        char *path = malloc(size);
        if (path == NULL) {
            paths->failed = true;
            break;
        }
        snprintf(path, size, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", entry->d_name);
        bool known = entry->d_name[0] != '.' && lstat(path, &about) == 0;
        if (known && S_ISDIR(about.st_mode))
            status = folder_collect(paths, path, depth + 1);
        else if (known && is_scenario(entry->d_name))
            paths_add(paths, path);
        free(path);
    }
    closedir(directory);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void paths_sort(struct paths *paths)
{
    unsigned kept = 0;
    if (paths->count > 0)
        qsort(paths->list, paths->count, sizeof *paths->list, by_name);
    for (unsigned i = 0; i < paths->count; i++) {
        if (kept > 0 && strcmp(paths->list[kept - 1], paths->list[i]) == 0)
            free(paths->list[i]);
        else
            paths->list[kept++] = paths->list[i];
    }
    paths->count = kept;
}

static enum status path_collect(struct paths *paths, const char *word)
{
    struct stat about;
    unsigned before = paths->count;
    if (stat(word, &about) != 0)
        return cannot_read(word, errno);
    if (!S_ISDIR(about.st_mode)) {
        paths_add(paths, word);
        return STATUS_HELD;
    }
    enum status status = paths_find(paths, word);
    if (status == STATUS_HELD && paths->count == before && !paths->failed) {
        complain(NULL, "no .scn file in %s", word);
        return STATUS_WRONG;
    }
    return status;
}

enum status paths_find(struct paths *paths, const char *folder)
{
    return folder_collect(paths, folder, 0);
}

enum status paths_collect(struct paths *paths, const char *const *words, unsigned count)
{
    enum status worst = STATUS_HELD;
    for (unsigned i = 0; i < count; i++) {
        enum status status = path_collect(paths, words[i]);
        worst = status > worst ? status : worst;
    }
    if (paths->failed) {
        complain(NULL, "out of memory");
        return STATUS_OUTSIDE;
    }
    paths_sort(paths);
    return worst;
}

void paths_free(struct paths *paths)
{
    for (unsigned i = 0; i < paths->count; i++)
        free(paths->list[i]);
    free(paths->list);
    *paths = (struct paths){0};
}
