/* SPDX-License-Identifier: MIT */
/* A run that can be looked at moment by moment, forward and back, and taken elsewhere: a segment under way is killed by a line that is
 * added to the scenario, so that a branch is a scenario like any other. Knows no terminal. */
#ifndef LASTACK_APP_STAGE_H
#define LASTACK_APP_STAGE_H

#include "app/play.h"

#define FLIGHTS_SHOWN 8u
#define BRANCHES_MAX 32u

struct stage {
    struct play play; /* the whole run, of the branch that is looked at */
    uint32_t *ends; /* each moment's last event, counted from 1: one step of the engine */
    uint32_t moments;
    uint32_t at; /* moments shown so far, 0..moments */
    char *text; /* the scenario as it was opened */
    size_t length;
    char lines[BRANCHES_MAX][128]; /* the lines added */
    unsigned branches;
};

/* `play` was opened; its file and options become the stage's. */
enum status stage_open(struct stage *stage, struct play *play);
void stage_free(struct stage *stage);

uint32_t stage_events(const struct stage *stage); /* events shown so far */
int64_t stage_now(const struct stage *stage);
bool stage_over(const struct stage *stage);
/* How long until the next moment; TIME_NEVER at the end. */
int64_t stage_wait(const struct stage *stage);

void stage_forward(struct stage *stage);
void stage_back(struct stage *stage);
/* To the next (the previous) moment in which an end changes its state; else to the end (the start). */
void stage_to_state(struct stage *stage, bool forward);
/* To what stands at this time, after everything of that instant. */
void stage_to_time(struct stage *stage, int64_t time_ns);
/* The `ask` that the moment just shown poses, NULL without. */
const struct trace_event *stage_asks(const struct stage *stage);

/* The segments under way: the events that sent them, oldest first; at most FLIGHTS_SHOWN. */
unsigned stage_flights(const struct stage *stage, uint32_t *events);
/* Kills the segment that this event sent: plays the branch, and stands where it is seen to be lost. STATUS_WRONG: *why says why not. */
enum status stage_kill(struct stage *stage, uint32_t event, const char **why);
/* Goes back to the scenario before the last kill; false if there was none. */
bool stage_unkill(struct stage *stage);
/* The branch as a scenario that holds: with its lines, without the expectations that fail in it. */
void stage_scenario(struct text *out, const struct stage *stage);

#endif
