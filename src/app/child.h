/* SPDX-License-Identifier: MIT */
/* Another program, run to its end. */
#ifndef LASTACK_APP_CHILD_H
#define LASTACK_APP_CHILD_H

#include "app/app.h"

/* Runs argv[0] (found in PATH) in `folder`; its standard error is ours, its input and output are nothing. STATUS_HELD: it ran and exited
 * with 0. STATUS_OUTSIDE: it could not be started, or failed; *missing then says whether there is no such program (or no libuv). */
enum status child_run(char *const *argv, const char *folder, bool *missing);

#endif
