/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* mkdtemp, realpath */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell.h"

static void slurp(struct shell *shell, const char *name, char *to)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", shell->folder, name);
    FILE *file = fopen(path, "rb");
    size_t length = file != NULL ? fread(to, 1, SHELL_OUTPUT_MAX - 1, file) : 0;
    to[length] = '\0';
    if (file != NULL)
        fclose(file);
}

int shell_setup(void **state)
{
    struct shell *s = calloc(1, sizeof *s);
    const char *program = getenv("LASTACK");
    if (s == NULL)
        return -1;
    *state = s;
    strcpy(s->folder, "/tmp/lastack-test-XXXXXX");
    s->out = calloc(1, SHELL_OUTPUT_MAX);
    s->err = calloc(1, SHELL_OUTPUT_MAX);
    if (s->out == NULL || s->err == NULL || mkdtemp(s->folder) == NULL)
        return -1;
    char *path = realpath(program != NULL ? program : "build/lastack", NULL);
    if (path == NULL) {
        print_error("no program at %s: set LASTACK\n", program != NULL ? program : "build/lastack");
        return -1;
    }
    setenv("L", path, 1);
    setenv("LASTACK_TYPED", "lastack", 1); /* as if it were in PATH */
    setenv("NO_COLOR", "", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    free(path);
    return 0;
}

int shell_teardown(void **state)
{
    struct shell *s = *state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    int status = system(command);
    free(s->out);
    free(s->err);
    free(s);
    return status == 0 ? 0 : -1;
}

void shell(struct shell *s, const char *command)
{
    char line[4096];
    int length = snprintf(line, sizeof line, "cd '%s' && mkdir -p .caught && { %s\n} >.caught/out 2>.caught/err", s->folder, command);
    assert_true(length > 0 && (size_t)length < sizeof line);
    int status = system(line);
    s->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    slurp(s, ".caught/out", s->out);
    slurp(s, ".caught/err", s->err);
}

void shell_file(struct shell *s, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

bool shell_exists(struct shell *s, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return access(path, F_OK) == 0;
}

void shell_expect(struct shell *s, const char *command, int status)
{
    shell(s, command);
    if (s->status != status)
        print_error("%s\nended with %d, not %d\n%s\n%s\n", command, s->status, status, s->out, s->err);
    assert_int_equal(s->status, status);
}

static void contains(const char *what, const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        print_error("%s has no\n%s\nit is\n%s\n", what, part, text);
    assert_non_null(strstr(text, part));
}

void expect_out(struct shell *s, const char *part)
{
    contains("standard output", s->out, part);
}

void expect_err(struct shell *s, const char *part)
{
    contains("standard error", s->err, part);
}
