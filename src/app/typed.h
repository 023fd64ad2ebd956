/* SPDX-License-Identifier: MIT */
/* How the program was called: ./lastack in a clone, a path, or lastack. What it suggests to type begins so. What a run prints where no
 * terminal is begins with `lastack` everywhere, for its bytes are the same on any machine. */
#ifndef LASTACK_APP_TYPED_H
#define LASTACK_APP_TYPED_H

#include "base/text.h"

/* `as`: the word that was typed, if it is known (the script ./lastack says it in LASTACK_TYPED), or NULL; else argv[0], where it holds a
 * slash. `commands`: their names, NULL at the end; they must stay. */
void typed_init(const char *as, const char *argv0, const char *const *commands);
/* As a shell reads it. */
const char *typed_name(void);
/* Any word so. */
void typed_shell(struct text *out, const char *word);
/* Adds the message; each "lastack COMMAND" in it begins with that name. */
void typed_text(struct text *out, const char *message);
/* The same where what is written to `path` (NULL, "-": standard output) goes to a terminal; else the message as it is. */
void typed_shown(struct text *out, const char *path, const char *message);

#endif
