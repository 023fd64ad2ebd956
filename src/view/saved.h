/* SPDX-License-Identifier: MIT */
/* A trace that was saved as JSON Lines, read back: the inverse of jsonl.c, so that every view shows a saved run as it showed the run.
 * In steps, because between them the caller makes the story of the head's text:
 *
 *   saved_head()     the first line: the file, its text, the seed and what else was said of it
 *   saved_events()   the others: each becomes the very record that was written, which the hash in the end proves
 *   saved_agrees()   does the end say of the run what its events say? */
#ifndef LASTACK_VIEW_SAVED_H
#define LASTACK_VIEW_SAVED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostic.h"
#include "judge/judge.h"
#include "sim/trace.h"
#include "story/arena.h"
#include "story/story.h"

#define SAVED_WORDS_MAX 128u /* as many as a command line has */

struct saved {
    const char *bytes; /* the whole file, the caller's */
    size_t length;
    bool unverified; /* set by the caller before saved_head(): the hash is not compared, and there need be no end */

    /* the head; the strings are `strings`' */
    const char *version, *file, *text;
    size_t text_length;
    uint64_t seed;
    uint16_t variant;
    const char *sets[SAVED_WORDS_MAX], *profiles[SAVED_WORDS_MAX]; /* the words of --set and --profile */
    unsigned set_count, profile_count;

    /* the end */
    bool ended, cut;
    int64_t end_ns;
    uint64_t hash; /* of the events as they were read */
    size_t end_at; /* where its line begins */
    uint32_t end_line;

    /* where the reader is */
    struct trace_tape tape; /* what was read, for the hash */
    size_t at; /* of the next line */
    uint32_t line; /* its number, from 1 */
    struct arena *strings, *values; /* `values`: of the line in hand */
};

/* Each returns false with one error in `diagnostics`; columns count characters. */
bool saved_head(struct saved *saved, const char *bytes, size_t length, struct diagnostics *diagnostics);
bool saved_events(struct saved *saved, const struct story *story, struct trace *trace, struct diagnostics *diagnostics);
bool saved_agrees(struct saved *saved, const struct judgement *judgement, struct diagnostics *diagnostics);
void saved_free(struct saved *saved);

#endif
