/* SPDX-License-Identifier: MIT */
/* What a story needs besides its data: the names of its words, its draws, its end. */
#include "story/story.h"

#include <string.h>

#include "base/duration.h"
#include "base/invariant.h"
#include "base/mix.h"
#include "story/arena.h"

const char *invariant_name(enum invariant invariant)
{
    static const char *const names[INVARIANTS] = {
        [INVARIANT_PREFIX] = "prefix",
        [INVARIANT_NO_SILENT_LOSS] = "no-silent-loss",
        [INVARIANT_ACK_MEANS_KEPT] = "ack-means-kept",
        [INVARIANT_FIN_ONCE] = "fin-once",
        [INVARIANT_LEGAL_MOVES] = "legal-moves",
        [INVARIANT_FIN_IS_ANSWERED] = "fin-is-answered",
        [INVARIANT_ENDS_AGREE] = "ends-agree",
        [INVARIANT_NO_SOCKET_FOR_EVER] = "no-socket-for-ever",
        [INVARIANT_ORPHAN_BOUND] = "orphan-bound",
        [INVARIANT_TIME_WAIT] = "time-wait",
        [INVARIANT_NO_OLD_DUPLICATES] = "no-old-duplicates",
        [INVARIANT_RST_IS_LAWFUL] = "rst-is-lawful",
        [INVARIANT_ERRORS_ARE_TOLD] = "errors-are-told",
        [INVARIANT_COMES_TO_REST] = "comes-to-rest",
    };
    return names[invariant];
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[VERDICTS] = {
        [VERDICT_REFUSED] = "refused", [VERDICT_HALF_OPEN] = "half-open", [VERDICT_LEAKED] = "leaked", [VERDICT_OPEN] = "open",
        [VERDICT_RESET] = "reset",     [VERDICT_TIMEOUT] = "timeout",     [VERDICT_SHORT] = "short",   [VERDICT_CLEAN] = "clean",
    };
    return names[verdict];
}

static void write_draw(const struct story_let_use *use, int64_t draw)
{
    int64_t value = time_add(draw, use->plus);
    if (use->bytes == 8) {
        int64_t old;
        memcpy(&old, use->field, sizeof old);
        value = use->add ? time_add(old, value) : value;
        memcpy(use->field, &value, sizeof value);
    } else if (use->bytes == 4) {
        uint32_t narrow = (uint32_t)value;
        memcpy(use->field, &narrow, sizeof narrow);
    } else {
        ASSERT(use->bytes == 2);
        uint16_t narrow = (uint16_t)value;
        memcpy(use->field, &narrow, sizeof narrow);
    }
}

void story_draw(struct story *story, uint64_t seed)
{
    story->seed = seed;
    /* What adds to a field comes after all that set one. */
    for (unsigned adding = 0; adding < 2; adding++) {
        for (uint32_t i = 0; i < story->let_count; i++) {
            struct story_let *let = &story->lets[i];
            if (adding == 0 && !let->fixed) {
                uint64_t options = ((uint64_t)let->high - (uint64_t)let->low) / (uint64_t)let->step + 1;
                uint64_t drawn = mix_below(mix_keyed(seed, CHOOSE_LET, mix_name(let->name), 0), options);
                let->value = let->low + (int64_t)drawn * let->step;
            }
            for (uint32_t use = let->first_use; use < let->first_use + let->uses; use++)
                if (story->let_uses[use].add == (adding == 1))
                    write_draw(&story->let_uses[use], let->value);
        }
    }
}

void story_free(struct story *story)
{
    if (story != NULL)
        arena_free(story->arena);
}
