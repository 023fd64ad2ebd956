/* SPDX-License-Identifier: MIT */
/* replay_bench [REPLAYS]: a small scenario, one connection, ten segments, played again and again in one process, a new seed each, trace
 * hash and invariants on. Prints one JSON line: replays a second of processor time (PERFORMANCE.md G1). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "judge/judge.h"
#include "scenario/reader.h"
#include "sim/engine.h"

static const char scenario[] = "scenario \"replayed\"\n"
                               "host client  linux\n"
                               "host server  linux\n"
                               "link client -- server  delay 10ms  loss 0.1%\n"
                               "app client\n"
                               "    connect server:80\n"
                               "    send 1000\n"
                               "    recv 1000\n"
                               "    close\n"
                               "service server 80\n"
                               "    recv 1000\n"
                               "    send 1000\n"
                               "    recv until eof\n"
                               "    close\n";

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct diagnostics diagnostics = {0};
    const struct scenario_options options = {0};
    unsigned long replays = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    struct story *story = scenario_read("replay_bench.scn", scenario, sizeof scenario - 1, &options, &diagnostics);
    if (story == NULL) {
        fprintf(stderr, "replay_bench: line %u: %s\n", diagnostics.list[0].line, diagnostics.list[0].message);
        return 1;
    }
    size_t bytes = 4 * world_bytes_wanted(story);
    void *block = NULL;
    if (posix_memalign(&block, 64, bytes) != 0)
        return 1;
    struct invariants *invariants = invariants_new(story);
    uint64_t hashes = 0, events = 0, steps = 0;
    size_t used = 0;
    uint32_t broken = 0;
    double cpu = cpu_seconds();
    for (unsigned long i = 0; i < replays; i++) {
        story_draw(story, i + 1);
        invariants_reset(invariants, story);
        struct engine engine = {.story = story, .sink = invariants_feed, .sink_ctx = invariants};
        engine.world = world_init(block, bytes, story, QUEUE_HEAP);
        if (engine_run(&engine, TIME_NEVER) != ENGINE_ENDED) {
            fputs("replay_bench: a run did not end\n", stderr);
            return 1;
        }
        used = world_bytes(engine.world);
        broken |= invariants_end(invariants, engine_end_ns(&engine));
        hashes ^= world_hash(engine.world) + i;
        events += world_events(engine.world);
        steps += world_steps(engine.world);
    }
    cpu = cpu_seconds() - cpu;
    printf("{\"replays\":%lu,\"events_each\":%.1f,\"steps_each\":%.1f,\"cpu_s\":%.6f,\"replays_per_s\":%.0f,\"world_bytes\":%zu,\"broken\":"
           "%" PRIu32 ",\"hash\":\"%016" PRIx64 "\"}\n",
           replays, (double)events / (double)replays, (double)steps / (double)replays, cpu, (double)replays / cpu, used, broken, hashes);
    invariants_free(invariants);
    free(block);
    story_free(story);
    return broken == 0 ? 0 : 1;
}
