/* SPDX-License-Identifier: MIT */
#include "app/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"

#define EVENTS_IN_SIGHT (PAST_EVENTS / 16) /* of so many before now the ladder may show something */

static const struct trace *trace_of(const struct stage *stage)
{
    return &stage->recent.trace;
}

static const struct trace_event *event_at(const struct stage *stage, uint32_t number)
{
    return &stage->recent.trace.events[number - 1];
}

/* ---- the engine ---- */

static void broken(struct stage *stage, enum status status, const char *fault)
{
    stage->status = status;
    stage->fault = fault;
    stage->goal = GOAL_NONE;
}

static void forget(struct stage *stage)
{
    const uint32_t forgotten = stage->recent.forgotten, ahead = stage->recent.trace.count - stage->shown;
    recent_forget(&stage->recent, PAST_EVENTS + ahead);
    stage->shown -= stage->recent.forgotten - forgotten;
    stage->next = 0;
}

static void judge(struct stage *stage)
{
    struct play *play = &stage->play;
    play_unjudge(play);
    if (stage->recent.forgotten > 0)
        return;
    judge_run(&play->judgement, play->story, trace_of(stage), world_now(play->engine.world), world_hash(play->engine.world), false);
    play->judged = true;
}

static void engine_goes_on(struct stage *stage)
{
    struct engine *engine = &stage->play.engine;
    if (stage->recent.trace.count > stage->recent.left + 2 * PAST_EVENTS)
        forget(stage);
    switch (engine_step(engine)) {
    case ENGINE_RUNNING:
        past_take(&stage->past, engine->world, &stage->recent);
        break;
    case ENGINE_ENDED:
        stage->ended = true;
        judge(stage);
        break;
    case ENGINE_NO_MEMORY:
        broken(stage, STATUS_OUTSIDE, "out of memory");
        break;
    case ENGINE_LIMIT:
        broken(stage, STATUS_OURS, "this run is larger than the program can play");
        break;
    }
    if (stage->recent.trace.failed)
        broken(stage, STATUS_OUTSIDE, "out of memory");
}

static enum status restart(struct stage *stage)
{
    enum status status = play_begin(&stage->play);
    stage->play.engine.sink = recent_keep;
    stage->play.engine.sink_ctx = &stage->recent;
    stage->recent = (struct recent){.trace = stage->recent.trace};
    stage->recent.trace.count = 0;
    stage->shown = stage->next = 0;
    stage->now_ns = 0;
    stage->ended = false;
    play_unjudge(&stage->play);
    return status;
}

/* Back to a moment that has so many events before it at most, and lies before that time. */
static void rewind_to(struct stage *stage, uint32_t events, int64_t time_ns)
{
    const struct snapshot *snapshot = past_find(&stage->past, events, time_ns);
    if (restart(stage) != STATUS_HELD) {
        broken(stage, STATUS_OUTSIDE, "out of memory");
        return;
    }
    if (snapshot == NULL || !recent_copy(&stage->recent, &snapshot->before))
        return;
    memcpy(stage->play.block, snapshot->world, snapshot->world_bytes);
    stage->play.engine.world = stage->play.block;
    stage->shown = stage->recent.trace.count;
    stage->now_ns = snapshot->now_ns;
}

/* ---- steps ---- */

/* The last event of the step after what is shown; 0: the engine has not come past it. */
static uint32_t next_end(const struct stage *stage)
{
    const struct trace *trace = trace_of(stage);
    for (uint32_t n = stage->shown + 2; n <= trace->count; n++) {
        if (trace_step_begins(trace, n))
            return n - 1;
    }
    return stage->ended ? trace->count : 0;
}

bool stage_over(const struct stage *stage)
{
    return stage->ended && stage->shown == stage->recent.trace.count;
}

static uint32_t step_of(const struct stage *stage, uint32_t number)
{
    while (number > 1 && !trace_step_begins(trace_of(stage), number))
        number--;
    return number;
}

uint32_t stage_step(const struct stage *stage)
{
    return stage->shown > stage->recent.left ? step_of(stage, stage->shown) : 0;
}

uint32_t stage_next(const struct stage *stage)
{
    return stage->next > stage->shown ? stage->shown + 1 : 0;
}

uint32_t stage_notable(const struct stage *stage)
{
    const uint32_t step = stage_step(stage);
    uint32_t notable = step;
    for (uint32_t n = step; n <= stage->shown && n != 0; n++) {
        const bool state = trace_changes_state(trace_of(stage), n, n);
        if (state || (event_at(stage, n)->kind == TRACE_DROP && notable == step))
            notable = n;
    }
    return notable;
}

int64_t stage_wait(const struct stage *stage)
{
    const uint32_t next = stage_next(stage);
    return next != 0 ? event_at(stage, next)->time_ns - stage->now_ns : TIME_NEVER;
}

const struct trace_event *stage_asks(const struct stage *stage)
{
    const uint32_t step = stage_step(stage);
    const struct story *story = stage->play.story;
    const struct trace_event *e = step != 0 ? event_at(stage, step) : NULL;
    if (e == NULL || e->kind != TRACE_NOTE || e->statement == 0 || e->statement > story->statement_count)
        return NULL;
    return story->statements[e->statement - 1].kind == STATEMENT_ASK ? e : NULL;
}

/* The run's clock stands at the end of it, which nothing marks, once everything is shown. */
static void shown_until(struct stage *stage, uint32_t number)
{
    stage->shown = number;
    stage->next = 0;
    stage->now_ns = number > 0 ? event_at(stage, number)->time_ns : 0;
    if (stage_over(stage))
        stage->now_ns = world_now(stage->play.engine.world);
}

static bool goal_reached(const struct stage *stage)
{
    switch (stage->goal) {
    case GOAL_NONE:
    case GOAL_STEP:
        return true;
    case GOAL_STATE:
        return trace_changes_state(trace_of(stage), stage_step(stage), stage->shown) || stage_asks(stage) != NULL;
    case GOAL_EVENT:
        return stage->recent.forgotten + stage->shown >= stage->goal_event;
    case GOAL_TIME:
    case GOAL_END:
        break;
    }
    return false;
}

/* What is to be done when the next step is known. */
static void next_step(struct stage *stage)
{
    const int64_t at_ns = stage->next > stage->shown ? event_at(stage, stage->shown + 1)->time_ns : TIME_NEVER;
    if (stage->goal == GOAL_TIME && at_ns > stage->goal_ns) {
        if (!stage_over(stage))
            stage->now_ns = stage->goal_ns;
        stage->goal = GOAL_NONE;
        return;
    }
    if (stage->next == stage->shown) {
        shown_until(stage, stage->shown);
        stage->next = stage->shown;
        stage->goal = GOAL_NONE;
        return;
    }
    shown_until(stage, stage->next);
    if (goal_reached(stage))
        stage->goal = GOAL_NONE;
}

bool stage_work(struct stage *stage, unsigned steps)
{
    while (stage->fault == NULL) {
        stage->next = next_end(stage);
        if (stage->next != 0 || stage->ended) {
            if (stage->goal == GOAL_NONE)
                return true;
            next_step(stage);
            continue;
        }
        if (steps-- == 0)
            return false;
        engine_goes_on(stage);
    }
    return true;
}

/* Those that are a way back without a goal of their own have it done at once. */
static void work(struct stage *stage)
{
    while (!stage_work(stage, 1u << 20))
        ;
}

void stage_stop(struct stage *stage)
{
    stage->goal = GOAL_NONE;
}

void stage_go(struct stage *stage, enum goal goal)
{
    stage->goal = goal;
}

void stage_go_to(struct stage *stage, int64_t time_ns)
{
    stage->goal = GOAL_TIME;
    stage->goal_ns = time_ns;
    if (time_ns >= stage->now_ns)
        return;
    if (stage->recent.forgotten > 0)
        rewind_to(stage, UINT32_MAX, time_ns);
    else
        shown_until(stage, 0);
}

/* ---- back ---- */

static void go_to_event(struct stage *stage, uint32_t number)
{
    stage->goal = GOAL_EVENT;
    stage->goal_event = number;
}

static void back(struct stage *stage)
{
    const uint32_t number = stage->shown;
    shown_until(stage, number > 0 ? step_of(stage, number) - 1 : 0);
    if (stage->recent.forgotten == 0 || stage->shown > stage->recent.left + EVENTS_IN_SIGHT)
        return;
    const uint32_t target = stage->recent.forgotten + stage->shown;
    rewind_to(stage, target > PAST_EVENTS / 2 ? target - PAST_EVENTS / 2 : 0, TIME_NEVER);
    go_to_event(stage, target);
    work(stage);
}

void stage_back(struct stage *stage)
{
    stage->goal = GOAL_NONE;
    back(stage);
}

void stage_back_to_state(struct stage *stage)
{
    stage->goal = GOAL_NONE;
    do
        back(stage);
    while (stage->shown > 0 && stage->fault == NULL && !trace_changes_state(trace_of(stage), stage_step(stage), stage->shown));
}

void stage_back_to_start(struct stage *stage)
{
    stage->goal = GOAL_NONE;
    if (stage->recent.forgotten > 0)
        rewind_to(stage, 0, 0);
    else
        shown_until(stage, 0);
}

/* ---- what is under way ---- */

#define FLIGHTS_BACK 65536u /* segments that a longer way would have behind it are not found */

struct arrived {
    uint32_t newest; /* number of the last segment */
    uint64_t bits[FLIGHTS_BACK / 64];
};

/* Notes that a segment has come to its end. True: that is news. */
static bool arrived_add(struct arrived *arrived, uint32_t segment)
{
    const uint32_t behind = segment <= arrived->newest ? arrived->newest - segment : 0;
    if (behind >= FLIGHTS_BACK)
        return false;
    const uint64_t bit = UINT64_C(1) << behind % 64, before = arrived->bits[behind / 64];
    arrived->bits[behind / 64] |= bit;
    return (before & bit) == 0;
}

static bool is_sent(const struct trace_event *e)
{
    return e->kind == TRACE_SEND || e->kind == TRACE_DUP || e->kind == TRACE_INJECT;
}

unsigned stage_flights(const struct stage *stage, uint32_t events[FLIGHTS_SHOWN])
{
    struct arrived arrived = {.newest = 0};
    uint32_t newest[FLIGHTS_SHOWN];
    unsigned count = 0, listed = 0;
    for (uint32_t n = stage->recent.left + 1; n <= stage->shown; n++) {
        if (is_sent(event_at(stage, n)) && event_at(stage, n)->segment.number > arrived.newest)
            arrived.newest = event_at(stage, n)->segment.number;
    }
    for (uint32_t n = stage->shown; n > stage->recent.left; n--) {
        const struct trace_event *e = event_at(stage, n);
        if (e->kind != TRACE_RECV && e->kind != TRACE_DROP && !is_sent(e))
            continue;
        if (arrived_add(&arrived, e->segment.number) && is_sent(e) && count++ < FLIGHTS_SHOWN)
            newest[listed++] = n;
    }
    for (unsigned i = 0; i < listed; i++)
        events[i] = newest[listed - 1 - i];
    return count;
}

/* ---- branches ---- */

/* Reads the branch as it is now, and begins it. */
static bool branch_begin(struct stage *stage)
{
    past_clear(&stage->past);
    if (!branch_read(&stage->branch, &stage->play))
        broken(stage, STATUS_OURS, "the branch cannot be read as a scenario");
    else if (restart(stage) != STATUS_HELD)
        broken(stage, STATUS_OUTSIDE, "out of memory");
    return stage->fault == NULL;
}

struct counting {
    struct trace_event sent;
    uint32_t until, count;
};

static void hear_counting(void *ctx, uint32_t number, const struct trace_event *first, uint32_t count)
{
    struct counting *counting = ctx;
    for (const struct trace_event *event = first; count != 0; event = trace_next(event), count--, number++) {
        if (number <= counting->until)
            counting->count += branch_counts(&counting->sent, event);
    }
}

/* The how-manieth of its class on its way is it? Not all of the run is remembered, so it is played again up to there. */
static uint32_t ordinal_of(struct stage *stage, const struct trace_event *sent, uint32_t number)
{
    struct counting counting = {.sent = *sent, .until = number};
    if (restart(stage) != STATUS_HELD)
        return 0;
    struct engine *engine = &stage->play.engine;
    engine->sink = hear_counting;
    engine->sink_ctx = &counting;
    while (world_events(engine->world) < number && engine_step(engine) == ENGINE_RUNNING)
        ;
    return counting.count;
}

bool stage_kill(struct stage *stage, uint32_t event, const char **why)
{
    const struct trace_event sent = *event_at(stage, event);
    const uint32_t number = stage->recent.forgotten + event;
    struct branch *branch = &stage->branch;
    if (sent.kind != TRACE_SEND || stage->play.story->nodes[sent.host].kind != NODE_HOST) {
        *why = "only what a host has sent can be killed, not what the network has made";
        return false;
    }
    if (branch->count == BRANCH_LINES) {
        *why = "that is enough of killing for one run";
        return false;
    }
    char line[BRANCH_LINE];
    branch_line(line, stage->play.story, &sent, ordinal_of(stage, &sent, number));
    if (!branch_add(branch, line))
        broken(stage, STATUS_OUTSIDE, "out of memory");
    else if (branch_begin(stage))
        go_to_event(stage, number + 1); /* its loss stands behind its sending */
    return true;
}

/* The branch as it is now, from its beginning to the time that was shown. */
static void branch_again(struct stage *stage)
{
    const int64_t now_ns = stage->now_ns;
    if (!branch_begin(stage))
        return;
    stage->goal = GOAL_TIME;
    stage->goal_ns = now_ns;
}

bool stage_unkill(struct stage *stage)
{
    if (stage->branch.count == 0)
        return false;
    branch_remove(&stage->branch);
    branch_again(stage);
    return true;
}

enum status stage_hold(struct stage *stage)
{
    struct play whole = {.path = stage->play.path, .options = stage->play.options};
    enum status status = STATUS_OUTSIDE;
    if (branch_read(&stage->branch, &whole))
        status = play_run(&whole, TIME_NEVER, NULL);
    if (status == STATUS_HELD || status == STATUS_FAILED) {
        status = branch_hold(&stage->branch, &whole) ? STATUS_HELD : STATUS_OUTSIDE;
        branch_again(stage);
    }
    play_free(&whole);
    return status;
}

/* ---- open and close ---- */

enum status stage_open(struct stage *stage, struct play *play)
{
    *stage = (struct stage){.play = *play};
    *play = (struct play){0};
    if (!branch_open(&stage->branch, &stage->play)) {
        complain("play", "out of memory");
        return STATUS_OUTSIDE;
    }
    return restart(stage);
}

void stage_free(struct stage *stage)
{
    play_free(&stage->play);
    trace_free(&stage->recent.trace);
    past_clear(&stage->past);
    branch_free(&stage->branch);
}
