/* SPDX-License-Identifier: MIT */
/* A run that was saved with --format jsonl, made again without playing it: from the text in its head the story, from its lines the trace,
 * from both the judgement, as if the run had just been made. */
#ifndef LASTACK_APP_RECORDED_H
#define LASTACK_APP_RECORDED_H

#include "app/play.h"
#include "view/saved.h"

struct recorded {
    struct file file; /* the caller's, who reads it; freed with the rest */
    struct given given; /* what the head says of the command line */
    struct saved saved;
};

/* JSON begins with a brace, and no scenario does. */
bool recorded_is(const struct file *file);
/* Fills `play` (zeroed). Mistakes are printed, those of the lines with their places in `path`. */
enum status recorded_rebuild(struct recorded *recorded, struct play *play, const char *command, const char *path);
void recorded_free(struct recorded *recorded);

#endif
