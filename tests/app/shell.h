/* SPDX-License-Identifier: MIT */
/* The built program, run as a user runs it: through a shell, in a folder of its own. */
#ifndef LASTACK_TESTS_APP_SHELL_H
#define LASTACK_TESTS_APP_SHELL_H

#include <stdbool.h>

#define SHELL_OUTPUT_MAX (1u << 20)

struct shell {
    char folder[64]; /* the working folder, removed at the end */
    char *out, *err; /* of the last command, NUL at the end */
    int status; /* exit status of the last command */
};

/* cmocka setup and teardown; *state becomes a struct shell. */
int shell_setup(void **state);
int shell_teardown(void **state);

/* Runs `command` with $L as the program, standard output and error caught. */
void shell(struct shell *shell, const char *command);
void shell_file(struct shell *shell, const char *name, const char *text);
bool shell_exists(struct shell *shell, const char *name);

/* Fails with both texts if the last command did not end with `status`. */
void shell_expect(struct shell *shell, const char *command, int status);
void expect_out(struct shell *shell, const char *part);
void expect_err(struct shell *shell, const char *part);

#endif
