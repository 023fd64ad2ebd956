/* SPDX-License-Identifier: MIT */
/* What a scenario says at a fixed time it says in every variant, also where something else has happened by then. Base and variants are
 * played, and what is inherited is looked at: a `say`, or an `ask` about a timer, unacknowledged bytes or an error, at whose time an end is
 * in another state than in the base. (An `ask` for the state or the verdict is answered by the run.) */
#ifndef LASTACK_APP_NARRATION_H
#define LASTACK_APP_NARRATION_H

#include "app/play.h"

/* `play` was opened, its options ask for the base; it is left as after play_parse. Adds a warning for each line. false: something outside
 * failed, and was said. */
bool narration_check(struct play *play, struct diagnostics *warnings);

#endif
