/* SPDX-License-Identifier: MIT */
/* What a pop and the push that follows it cost: the "hold" model, one JSON line of CPU nanoseconds a pair.
 *
 *   queue-bench [SECONDS_PER_POINT]
 *
 * N events are pending, about one a microsecond; the earliest is taken and comes back a random while later, N microseconds on
 * average. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mix.h"
#include "sim/queue.h"

static const char *const kind_names[QUEUE_KINDS] = {[QUEUE_HEAP] = "heap", [QUEUE_WHEEL] = "wheel"};

static double cpu_seconds(void)
{
    struct timespec spec;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spec);
    return (double)spec.tv_sec + (double)spec.tv_nsec * 1e-9;
}

/* Geometric with a fraction: most are short, a few sixteen times the mean. */
static int64_t gap_ns(uint32_t pending, uint32_t number)
{
    uint64_t bits = mix64(number);
    uint64_t octaves = (uint64_t)__builtin_clzll(bits | 1) * 2 + 1;
    return (int64_t)((pending * UINT64_C(1000) * octaves * (bits & 0xFFFF)) >> 17) + 1;
}

static void hold(struct queue *queue, uint32_t pending, uint32_t *number, unsigned times)
{
    struct queue_event event;
    while (times-- > 0 && queue_pop(queue, &event)) {
        event.time_ns += gap_ns(pending, *number);
        event.number = (*number)++;
        queue_push(queue, event);
    }
}

static double pair_ns(enum queue_kind kind, uint32_t pending, double seconds)
{
    void *memory = aligned_alloc(64, queue_bytes(kind, pending));
    if (memory == NULL) {
        fputs("queue-bench: out of memory\n", stderr);
        exit(3);
    }
    struct queue *queue = queue_init(memory, kind, pending);
    uint32_t number = 0;
    for (; number < pending; number++)
        queue_push(queue, (struct queue_event){gap_ns(pending, number), number, number});
    hold(queue, pending, &number, 2 * pending + 10000);

    const unsigned batch = 20000;
    double pairs = 0, begin = cpu_seconds(), end;
    do {
        hold(queue, pending, &number, batch);
        pairs += batch;
        end = cpu_seconds();
    } while (end - begin < seconds);
    free(memory);
    return (end - begin) * 1e9 / pairs;
}

static double init_ns(enum queue_kind kind, uint32_t capacity, double seconds)
{
    _Alignas(64) static char memory[32768];
    if (queue_bytes(kind, capacity) > sizeof memory)
        return 0;
    double inits = 0, begin = cpu_seconds(), end;
    do {
        for (unsigned i = 0; i < 1000; i++)
            queue_push(queue_init(memory, kind, capacity), (struct queue_event){(int64_t)i, i, i});
        inits += 1000;
        end = cpu_seconds();
    } while (end - begin < seconds);
    return (end - begin) * 1e9 / inits;
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {10, 100, 1000, 10000, 100000, 1000000};
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.2;
    printf("{\"bench\":\"queue\"");
    for (unsigned kind = 0; kind < QUEUE_KINDS; kind++) {
        printf(",\"%s\":{\"init_64_ns\":%.1f,\"bytes_64\":%zu,\"bytes_1000000\":%zu,\"pair_ns\":{", kind_names[kind],
               init_ns((enum queue_kind)kind, 64, seconds / 4), queue_bytes((enum queue_kind)kind, 64),
               queue_bytes((enum queue_kind)kind, 1000000));
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            printf("%s\"%u\":%.1f", i > 0 ? "," : "", (unsigned)sizes[i], pair_ns((enum queue_kind)kind, sizes[i], seconds));
        printf("}}");
    }
    puts("}");
    return 0;
}
