/* SPDX-License-Identifier: MIT */
/* Scenario text -> struct story. The only place that knows what the language looks like. */
#ifndef LASTACK_SCENARIO_READER_H
#define LASTACK_SCENARIO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diagnostic.h"
#include "story/story.h"

#define SCENARIO_BYTES_MAX (1024u * 1024u)
#define SCENARIO_VARIANTS_MAX 100u
#define SCENARIO_NODES_MAX 250u /* a trace record has eight bits for a node */

struct scenario_host_profile {
    const char *host, *profile;
};

struct scenario_set {
    const char *name, *value;
};

/* What the command line says about a file; all zero for nothing. */
struct scenario_options {
    uint16_t variant; /* which one becomes the story; 0: the base */
    bool seed_given; /* --seed */
    uint64_t seed;
    const char *profile_all; /* --profile NAME, or NULL */
    const struct scenario_host_profile *host_profiles; /* --profile HOST=NAME */
    unsigned host_profile_count;
    const struct scenario_set *sets; /* --set NAME=VALUE */
    unsigned set_count;
};

/* Reads one variant of a file, and diagnoses the whole of it: every variant, in one go, in line order (the first
 * DIAGNOSTICS_MAX are kept). Returns NULL if there was any error. Columns and widths count characters, a tab as one.
 * `file_name` is copied; `text` need not end with NUL. The caller owns the story (story_free). */
struct story *scenario_read(const char *file_name, const char *text, size_t length, const struct scenario_options *options,
                            struct diagnostics *diagnostics);

/* The text of `lastack new`: a commented first scenario, which runs and holds. */
const char *scenario_template(void);

#endif
