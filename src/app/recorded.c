/* SPDX-License-Identifier: MIT */
#include "app/recorded.h"

#include <stdlib.h>
#include <string.h>

static bool given_from(struct given *given, const struct saved *saved, struct scenario_options *options, const char *command)
{
    options->variant = saved->variant;
    options->seed_given = true;
    options->seed = saved->seed;
    for (unsigned i = 0; i < saved->set_count; i++) {
        if (!given_set(given, options, command, saved->sets[i]))
            return false;
    }
    for (unsigned i = 0; i < saved->profile_count; i++) {
        if (!given_profile(given, options, command, saved->profiles[i]))
            return false;
    }
    return true;
}

/* The story, read from the head as from a file. */
static enum status story_of(struct play *play, const struct saved *saved, const char *command, const char *path)
{
    play->path = saved->file;
    play->file.bytes = malloc(saved->text_length + 1);
    if (play->file.bytes == NULL) {
        complain(command, "out of memory");
        return STATUS_OUTSIDE;
    }
    memcpy(play->file.bytes, saved->text, saved->text_length);
    play->file.length = saved->text_length;
    enum status status = play_read(play);
    if (status == STATUS_WRONG)
        complain(command, "the scenario in %s cannot be read; it was written by lastack %s", path, saved->version);
    return status;
}

bool recorded_is(const struct file *file)
{
    return file->length > 0 && file->bytes[0] == '{';
}

enum status recorded_rebuild(struct recorded *recorded, struct play *play, const char *command, const char *path)
{
    struct saved *saved = &recorded->saved;
    struct diagnostics wrong = {0};
    if (saved_head(saved, recorded->file.bytes, recorded->file.length, &wrong)) {
        if (!given_from(&recorded->given, saved, &play->options, command))
            return STATUS_WRONG;
        enum status status = story_of(play, saved, command, path);
        if (status != STATUS_HELD)
            return status;
        if (saved_events(saved, play->story, &play->trace, &wrong)) {
            judge_run(&play->judgement, play->story, &play->trace, saved->end_ns, saved->hash, saved->cut);
            play->judged = true;
            if (saved_agrees(saved, &play->judgement, &wrong))
                return STATUS_HELD;
        }
    }
    diagnostics_print(&wrong, path, &recorded->file);
    return STATUS_WRONG;
}

void recorded_free(struct recorded *recorded)
{
    given_free(&recorded->given);
    saved_free(&recorded->saved);
    file_free(&recorded->file);
}
