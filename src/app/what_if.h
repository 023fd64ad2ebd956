/* SPDX-License-Identifier: MIT */
/* What would have had to be different: the changes to a run that its chain of causes suggests, each of them played. */
#ifndef LASTACK_APP_WHAT_IF_H
#define LASTACK_APP_WHAT_IF_H

#include "app/play.h"
#include "judge/causes.h"

#define CHANGES_MAX 16u

enum change_kind {
    CHANGE_STATEMENT, /* without this statement of the file */
    CHANGE_STEP, /* without this step of a program */
    CHANGE_ABORT, /* close in the place of this abort */
    CHANGE_LOSS, /* without this loss by chance */
    CHANGE_PROFILE, /* with another value in this host's profile */
    CHANGE_BOX, /* with a middlebox that forgets nothing */
};

struct change {
    enum change_kind kind;
    uint32_t index; /* of the statement, the step, the node; LOSS: the number of the DROP */
    enum profile_field field; /* PROFILE */
    int64_t value;
};

/* The changes that the chain of causes suggests, in the order of the chain. */
struct changes {
    struct change list[CHANGES_MAX];
    unsigned count;
};
void changes_find(struct changes *changes, const struct play *play, const struct causes *causes);

/* "without line 10: drop 1st ACK(FIN) client -> server" */
void change_text(struct text *out, const struct play *play, const struct change *change);

/* Plays the run of `play` once more with these changes, into `other` (its file and options are set here; play_free(other) by the caller).
 */
enum status change_play(struct play *other, const struct play *play, const struct change *changes, unsigned count, int64_t until_ns);

#endif
