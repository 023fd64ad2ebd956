/* SPDX-License-Identifier: MIT */
/* A scenario in which some segments are killed: a variant of its own at the end of the file, with a line for each of them. So all that
 * stands in the file stays as it was, and the two can be compared. What the command line changed stands in the variant too. */
#ifndef LASTACK_APP_BRANCH_H
#define LASTACK_APP_BRANCH_H

#include "app/play.h"

#define BRANCH_LINES 32u
#define BRANCH_LINE 192u

struct branch {
    uint16_t variant, variants; /* the one that was opened; how many the file had then */
    struct scenario_options options; /* it was opened with these */
    struct text given; /* and what they say, as lines of the variant */
    uint32_t begins; /* the line with which the branch begins */
    struct text texts[BRANCH_LINES + 1]; /* as it was opened, with one segment killed, with two ... */
    char lines[BRANCH_LINES][BRANCH_LINE]; /* what each killing added */
    unsigned count; /* of the lines */
};

/* Keeps what was read (play_parse); what its options point to must stay. false: out of memory. */
bool branch_open(struct branch *branch, const struct play *play);
void branch_free(struct branch *branch);
/* One more line, one less. false: out of memory. */
bool branch_add(struct branch *branch, const char *line);
void branch_remove(struct branch *branch);

/* "drop 1st FIN client -> server": kills the segment that `sent` tells of. `ordinal`: the how-manieth of its class on its way. */
void branch_line(char line[BRANCH_LINE], const struct story *story, const struct trace_event *sent, uint32_t ordinal);
/* Does `event` count for that ordinal? */
bool branch_counts(const struct trace_event *sent, const struct trace_event *event);

/* Sets the file and the variant of `play` to the branch as it is now, and reads it. false: that is no scenario, or out of memory. */
bool branch_read(const struct branch *branch, struct play *play);
/* The branch was read, played and judged: from now on it leaves out what fails in it, and says what breaks. A line that it inherits gets a
 * label for that. false: out of memory. */
bool branch_hold(struct branch *branch, const struct play *play);
/* The lines that say what the options do: the seed, lets and profiles. `file` is the text that `story` was made of. */
void branch_given(struct text *out, const struct text *file, const struct story *story, const struct scenario_options *options);
/* Does one of them stand in the place of this line? */
bool branch_gives(const struct scenario_options *options, const char *line);

/* The file with the branch. */
const struct text *branch_text(const struct branch *branch);

#endif
