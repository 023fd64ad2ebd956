/* SPDX-License-Identifier: MIT */
/* A run that is played under the eyes of somebody: the engine goes one step ahead of what is shown, and no further, unless it is told to.
 * A step is what trace_step_begins() says. A segment under way is killed by a line that is added to the scenario (branch.h), so that a
 * branch is a scenario like any other. Knows no terminal. */
#ifndef LASTACK_APP_STAGE_H
#define LASTACK_APP_STAGE_H

#include "app/branch.h"
#include "app/past.h"
#include "app/play.h"

#define FLIGHTS_SHOWN 8u

enum goal {
    GOAL_NONE,
    GOAL_STEP, /* the next step */
    GOAL_STATE, /* the next one in which an end changes its state, or a question is asked */
    GOAL_TIME, /* what stands at goal_ns, after everything of that instant */
    GOAL_EVENT, /* the step of event goal_event of the run */
    GOAL_END,
};

struct stage {
    struct play play; /* its engine is ahead of what is shown; judged at the end of the run, if nothing is forgotten */
    struct recent recent;
    struct past past;
    uint32_t shown; /* the last event shown: its number in recent.trace */
    uint32_t next; /* the last one of the step after it; 0: not known yet; at the end what is shown */
    int64_t now_ns;
    bool ended; /* the engine has nothing left to play */
    enum goal goal;
    int64_t goal_ns;
    uint32_t goal_event;
    enum status status; /* OUTSIDE, OURS: it cannot go on, and `fault` says why */
    const char *fault;
    struct branch branch;
};

/* `play` was read; what it holds becomes the stage's. The stage must stay where it is. */
enum status stage_open(struct stage *stage, struct play *play);
void stage_free(struct stage *stage);

/* Works towards the goal for about so many steps of the engine. True: it is reached (or the end is), and the step after it is known. */
bool stage_work(struct stage *stage, unsigned steps);
/* The goal is given up: where it stands now is what is shown. */
void stage_stop(struct stage *stage);
void stage_go(struct stage *stage, enum goal goal);
void stage_go_to(struct stage *stage, int64_t time_ns); /* forward or back */

void stage_back(struct stage *stage);
void stage_back_to_state(struct stage *stage);
void stage_back_to_start(struct stage *stage);

bool stage_over(const struct stage *stage);
/* How long until the next step; TIME_NEVER at the end. */
int64_t stage_wait(const struct stage *stage);
/* The first event of the step that is shown, of the one after it; 0: there is none, or it is not known yet. */
uint32_t stage_step(const struct stage *stage);
uint32_t stage_next(const struct stage *stage);
/* What somebody would ask about in the step that is shown: a change of state, a loss, else what it began with; 0 without a step. */
uint32_t stage_notable(const struct stage *stage);
/* The `ask` that the step shown last poses, NULL without. */
const struct trace_event *stage_asks(const struct stage *stage);

/* The segments under way: the events that sent them, oldest first: the newest FLIGHTS_SHOWN of them. Returns how many there are. */
unsigned stage_flights(const struct stage *stage, uint32_t events[FLIGHTS_SHOWN]);
/* Kills the segment that this event sent: goes on with the branch, towards the step in which it is lost. false: *why says why not. */
bool stage_kill(struct stage *stage, uint32_t event, const char **why);
/* Goes back to the scenario before the last kill, to the same time; false if there was none. */
bool stage_unkill(struct stage *stage);
/* Makes the branch, whose text is stage->branch's, a scenario that holds (branch.h); it is played to its end for that, and then to the time
 * that was shown. */
enum status stage_hold(struct stage *stage);

#endif
