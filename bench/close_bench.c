/* SPDX-License-Identifier: MIT */
/* close_bench N LOSS IDLE SEED [ROUNDS | scenario]: the workload of PERFORMANCE.md section 1, all in: timers, loss, programs, trace hash,
 * invariants. N connections, one link of 10 ms; number i opens at i * 100 us; 1000 bytes each way; the client closes first, the server on
 * end-of-file; until all TIME_WAITs are over. IDLE 1: number i closes 10 s and N * 100 us after it opened, so that all N are open at once.
 * Prints one JSON line. ROUNDS: how often it is played (for counting instructions: the difference of two runs); `scenario`: prints the
 * scenario itself, for `lastack run`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/duration.h"
#include "base/text.h"
#include "judge/judge.h"
#include "scenario/reader.h"
#include "sim/engine.h"

#define PORTS 60000u /* connections to one port of the server: local ports 1024..65535 */
#define SPACING_US 100u

static void *block_new(size_t bytes)
{
    void *block = NULL;
    return posix_memalign(&block, 64, (bytes + 63) & ~(size_t)63) == 0 ? block : NULL;
}

/* Two blocks that change places as the world grows; kept from one round to the next. */
struct blocks {
    void *block[2];
    size_t bytes[2];
};

static void *block_of(struct blocks *blocks, int which, size_t bytes)
{
    if (blocks->bytes[which] < bytes) {
        free(blocks->block[which]);
        blocks->block[which] = block_new(bytes);
        blocks->bytes[which] = blocks->block[which] != NULL ? bytes : 0;
    }
    return blocks->block[which];
}

static void *grow(void *ctx, void *old_block, size_t bytes)
{
    struct blocks *blocks = ctx;
    return block_of(blocks, old_block == blocks->block[0], bytes);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long rss_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void write_scenario(struct text *out, unsigned n, const char *loss, bool idle, const char *seed)
{
    unsigned services = (n + PORTS - 1) / PORTS, each = (n + services - 1) / services;
    text_printf(out, "scenario \"%u connections\"\nseed %s\nhost client  linux  local_port_range 1024..65535\nhost server  linux\n", n,
                seed);
    text_printf(out, "link client -- server  delay 10ms%s%s%s\n", strcmp(loss, "0") == 0 ? "" : "  loss ",
                strcmp(loss, "0") == 0 ? "" : loss, strcmp(loss, "0") == 0 ? "" : "%");
    for (unsigned s = 0; s < services; s++) {
        text_printf(out, "app client x %u every %uus\n    connect server:%u\n    send 1000\n    recv 1000\n    %s", each,
                    SPACING_US * services, 80 + s, idle ? "after " : "");
        if (idle)
            text_printf(out, "%uus  ", n * SPACING_US + 10000000u);
        text_printf(out, "close\nservice server %u\n    recv 1000\n    send 1000\n    recv until eof\n    close\n", 80 + s);
    }
}

static void percent(char *to, size_t size, const char *share)
{
    snprintf(to, size, "%.6f", atof(share) * 100);
    for (size_t end = strlen(to); end > 0 && to[end - 1] == '0'; end--)
        to[end - 1] = '\0';
    if (to[0] != '\0' && to[strlen(to) - 1] == '.')
        to[strlen(to) - 1] = '\0';
}

struct result {
    double cpu, wall;
    uint64_t segments, steps, hash;
    uint32_t events, broken;
    size_t bytes;
    bool ended;
};

static struct result play(struct story *story, struct invariants *invariants, struct blocks *blocks, enum queue_kind queue)
{
    struct result result = {.wall = seconds_of(CLOCK_MONOTONIC), .cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
    size_t bytes = world_bytes_wanted(story);
    struct engine engine = {.story = story, .sink = invariants_feed, .sink_ctx = invariants, .grow = grow, .grow_ctx = blocks};
    invariants_reset(invariants, story);
    engine.world = world_init(block_of(blocks, 0, bytes), bytes, story, queue);
    result.ended = engine_run(&engine, TIME_NEVER) == ENGINE_ENDED;
    result.broken = invariants_end(invariants, engine_end_ns(&engine));
    result.wall = seconds_of(CLOCK_MONOTONIC) - result.wall;
    result.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - result.cpu;
    result.segments = world_segments(engine.world);
    result.steps = world_steps(engine.world);
    result.events = world_events(engine.world);
    result.hash = world_hash(engine.world);
    result.bytes = world_bytes(engine.world);
    return result;
}

/* A short run is played several times, and the quickest counts: the first pays for the memory that the others find. */
static int bench(struct story *story, unsigned n, unsigned rounds)
{
    struct blocks blocks = {{NULL, NULL}, {0, 0}};
    long base_kb = rss_kb();
    struct invariants *invariants = invariants_new(story);
    struct result best = {.ended = false};
    if (rounds == 0)
        rounds = n <= 20000 ? 200000 / (n + 1) + 1 : 1;
    for (unsigned i = 0; i < rounds; i++) {
        struct result result = play(story, invariants, &blocks, n > 256 ? QUEUE_WHEEL : QUEUE_HEAP);
        if (i == 0 || result.cpu < best.cpu)
            best = result;
    }
    printf("{\"n\":%u,\"segments\":%" PRIu64 ",\"events\":%" PRIu32 ",\"steps\":%" PRIu64 ",\"cpu_s\":%.6f,\"wall_s\":%.6f,", n,
           best.segments, best.events, best.steps, best.cpu, best.wall);
    printf("\"peak_rss_kb\":%ld,\"base_rss_kb\":%ld,\"ns_per_segment\":%.1f,\"world_bytes\":%zu,\"rounds\":%u,\"broken\":%" PRIu32
           ",\"hash\":\"%016" PRIx64 "\"}\n",
           rss_kb(), base_kb, best.segments != 0 ? best.cpu * 1e9 / (double)best.segments : 0.0, best.bytes, rounds, best.broken,
           best.hash);
    invariants_free(invariants);
    free(blocks.block[0]);
    free(blocks.block[1]);
    return best.ended && best.broken == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char loss[32] = "0";
    struct text text = {0};
    struct diagnostics diagnostics = {0};
    const struct scenario_options options = {0};
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    if (argc > 2 && atof(argv[2]) > 0)
        percent(loss, sizeof loss, argv[2]);
    write_scenario(&text, n, loss, argc > 3 && atoi(argv[3]) != 0, argc > 4 ? argv[4] : "1");
    if (text.failed)
        return 1;
    if (argc > 5 && strcmp(argv[5], "scenario") == 0) {
        fputs(text.bytes, stdout);
        return 0;
    }
    struct story *story = scenario_read("close_bench.scn", text.bytes, text.length, &options, &diagnostics);
    if (story == NULL) {
        fprintf(stderr, "close_bench: line %u: %s\n", diagnostics.list[0].line, diagnostics.list[0].message);
        return 1;
    }
    story_draw(story, story->seed);
    int status = bench(story, n, argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 0);
    story_free(story);
    text_free(&text);
    return status;
}
