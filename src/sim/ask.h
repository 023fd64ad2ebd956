/* SPDX-License-Identifier: MIT */
/* The answers of `ask`, as TRACE_NOTE carries them in note.value:
 *   ASK_STATE    enum tcp_state; a socket that is gone or not yet made is CLOSED
 *   ASK_TIMER    enum tcp_timer of the one that expires first, TIMER_NONE without
 *   ASK_UNACKED  bytes of data sent and not acknowledged
 *   ASK_SEES     what the program's next recv would be told: how many bytes wait (> 0), ASK_SEES_EOF, ASK_SEES_NOTHING, or an error
 *   ASK_VERDICT  0: the judge knows, at the run's end */
#ifndef LASTACK_SIM_ASK_H
#define LASTACK_SIM_ASK_H

#include <stdint.h>

#include "story/story.h"

#define ASK_SEES_EOF INT64_C(0)
#define ASK_SEES_NOTHING INT64_C(-1)

/* The value that means an error, and back; TCP_OK if `value` is none. */
static inline int64_t ask_sees_error(enum tcp_errno error)
{
    return -1 - (int64_t)error;
}
static inline enum tcp_errno ask_sees_which_error(int64_t value)
{
    return value < ASK_SEES_NOTHING ? (enum tcp_errno)(-1 - value) : TCP_OK;
}

struct sim;
int64_t ask_answer(const struct sim *sim, const struct story_statement *statement);

#endif
