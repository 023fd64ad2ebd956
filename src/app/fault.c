/* SPDX-License-Identifier: MIT */
/* A fault of ours ends the program with status 4 and with all that is needed to see it again. */
#include <stdio.h>
#include <unistd.h>

#include "app/app.h"
#include "app/typed.h"
#include "base/invariant.h"
#include "sim/engine.h"

static struct {
    const char *scenario, *line;
    uint64_t seed;
    const struct engine *engine;
    void (*leave)(void);
} watched; /* the run that is on: an assertion's handler is told nothing else */

void fault_watch(const char *scenario, uint64_t seed, const char *line, const struct engine *engine)
{
    watched.scenario = scenario;
    watched.seed = seed;
    watched.line = line;
    watched.engine = engine;
}

void fault_leaves(void (*leave)(void))
{
    watched.leave = leave;
}

static void where(void)
{
    if (watched.engine != NULL && watched.engine->world != NULL)
        fprintf(stderr, "  scenario %s, seed %llu, after event %u\n", watched.scenario, (unsigned long long)watched.seed,
                (unsigned)world_events(watched.engine->world));
    if (watched.line != NULL) {
        struct text line = {0};
        typed_text(&line, watched.line);
        fprintf(stderr, "  again: %s\n", line.bytes != NULL ? line.bytes : watched.line);
        text_free(&line);
    }
}

static void failed(const char *condition, const char *file, int line)
{
    fflush(stdout);
    if (watched.leave != NULL)
        watched.leave();
    fprintf(stderr, "lastack: a fault of ours: %s (%s:%d)\n", condition, file, line);
    where();
    fflush(stderr);
    _exit(STATUS_OURS);
}

void fault_init(void)
{
    assertion_set_handler(failed);
}

enum status fault_limit(const char *what)
{
    fprintf(stderr, "lastack: %s\n", what);
    where();
    return STATUS_OURS;
}
