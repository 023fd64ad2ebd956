/* SPDX-License-Identifier: MIT */
/* The order of events is the order of the world: (time, number), totally, whichever kind of queue keeps it. A sorted array is the
 * judge of small queues; the kinds judge each other in large ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/invariant.h"
#include "base/mix.h"
#include "sim/queue.h"

static const enum queue_kind kinds[QUEUE_KINDS] = {QUEUE_HEAP, QUEUE_WHEEL};
#define EACH_KIND(kind) \
    unsigned kind = 0; \
    kind < QUEUE_KINDS; \
    kind++

static struct queue *new_queue(enum queue_kind kind, uint32_t capacity)
{
    size_t bytes = queue_bytes(kind, capacity);
    void *memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0xA5, bytes); /* nothing may rely on fresh memory */
    return queue_init(memory, kind, capacity);
}

/* How far ahead events are pushed: as a network does, or as the worst enemy of a wheel would. */
enum spread { AT_ONCE, NEAR, NETWORK, DAYS, SPREADS };

static int64_t ahead(enum spread spread, uint64_t bits)
{
    switch (spread) {
    case AT_ONCE:
        return (int64_t)(bits % 2);
    case NEAR:
        return (int64_t)mix_below(bits, 5000);
    case NETWORK: {
        static const int64_t usual[] = {0, 10 * NS_PER_MS, 40 * NS_PER_MS, 200 * NS_PER_MS, NS_PER_S, 60 * NS_PER_S, 7200 * NS_PER_S};
        return usual[bits % 7] + (int64_t)mix_below(mix64(bits), 1000000);
    }
    case DAYS:
        return (int64_t)(bits >> (17 + bits % 47)); /* any order of magnitude up to 19 hours */
    case SPREADS:
        break;
    }
    return 0;
}

static int by_time_and_number(const void *left, const void *right)
{
    const struct queue_event *a = left, *b = right;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static void events_come_out_in_order_of_time_then_number(void **state)
{
    (void)state;
    enum { N = 3000 };
    static struct queue_event events[N];
    for (EACH_KIND(kind)) {
        for (enum spread spread = 0; spread < SPREADS; spread++) {
            struct queue *queue = new_queue(kinds[kind], N);
            for (uint32_t i = 0; i < N; i++) {
                /* Numbers are unique, and their class bits come before their order of birth. */
                uint64_t bits = mix_keyed(1, kind, spread, i);
                events[i] = (struct queue_event){ahead(spread, bits), i | (uint32_t)(bits % 3) << 30, i};
                queue_push(queue, events[i]);
            }
            assert_int_equal(queue_count(queue), N);
            qsort(events, N, sizeof *events, by_time_and_number);
            for (uint32_t i = 0; i < N; i++) {
                struct queue_event peeked, popped;
                assert_true(queue_peek(queue, &peeked));
                assert_true(queue_pop(queue, &popped));
                assert_memory_equal(&peeked, &popped, sizeof popped);
                assert_memory_equal(&popped, &events[i], sizeof popped);
            }
            struct queue_event none;
            assert_false(queue_pop(queue, &none));
            assert_false(queue_peek(queue, &none));
            free(queue);
        }
    }
}

/* Pops the earliest of both, compares, and pushes up to two events for it, for `steps` steps. */
static void play(struct queue *a, struct queue *b, enum spread spread, uint64_t seed, unsigned steps, uint32_t *number)
{
    struct queue_event left, right;
    for (unsigned i = 0; i < steps; i++) {
        uint64_t bits = mix_keyed(seed, i, spread, *number);
        if (bits % 8 == 0) { /* a look ahead turns a wheel; what is pushed after it may come earlier */
            assert_int_equal(queue_peek(a, &left), queue_peek(b, &right));
        }
        int64_t now_ns = 0;
        if (queue_pop(a, &left)) {
            assert_true(queue_pop(b, &right));
            if (left.time_ns != right.time_ns || left.number != right.number || left.target != right.target)
                assert_memory_equal(&left, &right, sizeof left);
            now_ns = left.time_ns;
            bits = mix64(bits);
            if (bits % 8 == 1 && queue_peek(a, &left) && queue_peek(b, &right))
                assert_int_equal(left.time_ns, right.time_ns);
        }
        for (unsigned k = 0; k < 1 + (bits >> 8) % 2 && queue_count(a) < queue_capacity(a); k++) {
            struct queue_event event = {now_ns + ahead(spread, mix64(bits + k)), ++*number, (uint32_t)bits};
            if (queue_front_is_later(a, event.time_ns, event.number) || queue_front_is_later(b, event.time_ns, event.number)) {
                if (queue_peek(bits % 3 == 0 ? a : b, &left))
                    assert_true(queue_before(&event, &left));
            }
            queue_push(a, event);
            queue_push(b, event);
        }
    }
    assert_int_equal(queue_count(a), queue_count(b));
}

static void every_kind_pops_the_same_sequence(void **state)
{
    (void)state;
    static const uint32_t capacities[] = {1, 2, 15, 64, 256, 257, 1000, 8192, 8193, 30000, 300000};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        for (enum spread spread = 0; spread < SPREADS; spread++) {
            struct queue *heap = new_queue(QUEUE_HEAP, capacities[i]), *wheel = new_queue(QUEUE_WHEEL, capacities[i]);
            uint32_t number = 0;
            play(heap, wheel, spread, 9, 20000, &number);
            struct queue_event left, right;
            while (queue_pop(heap, &left)) {
                assert_true(queue_pop(wheel, &right));
                assert_memory_equal(&left, &right, sizeof left);
            }
            assert_int_equal(queue_count(wheel), 0);
            free(heap);
            free(wheel);
        }
    }
}

/* The capacity is exact, whatever the times are: each in a slot of its own, all in one, filled after it was drained. */
static void a_queue_takes_its_whole_capacity(void **state)
{
    (void)state;
    static const uint32_t capacities[] = {1, 3, 16, 64, 255, 256, 1024, 5000, 40000};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        for (EACH_KIND(kind)) {
            uint32_t capacity = capacities[i], number = 0;
            struct queue *queue = new_queue(kinds[kind], capacity);
            assert_int_equal(queue_capacity(queue), capacity);
            int64_t now_ns = 0;
            for (unsigned round = 0; round < 8; round++) {
                while (queue_count(queue) < capacity) {
                    uint64_t bits = mix_keyed(4, kind, round, number);
                    queue_push(queue, (struct queue_event){now_ns + ahead((enum spread)(round % SPREADS), bits), ++number, 0});
                }
                struct queue_event event = {0};
                uint32_t take = round % 3 == 2 ? capacity : capacity / 2 + 1;
                for (uint32_t k = 0; k < take; k++) {
                    assert_true(queue_pop(queue, &event));
                    assert_true(event.time_ns >= now_ns);
                    now_ns = event.time_ns;
                }
            }
            free(queue);
        }
    }
}

static void times_reach_to_the_end_of_int64(void **state)
{
    (void)state;
    static const int64_t times[] = {TIME_NEVER, 0, TIME_NEVER - 1, 86400 * NS_PER_S, INT64_C(1) << 62, 86400 * NS_PER_S + 1, 1, TIME_NEVER};
    static const uint32_t order[] = {1, 6, 3, 5, 4, 2, 0, 7};
    static const uint32_t capacities[] = {8, 1000, 10000, 300000}; /* a wheel has another shape for each */
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        for (EACH_KIND(kind)) {
            struct queue *queue = new_queue(kinds[kind], capacities[i]);
            for (uint32_t k = 0; k < 8; k++)
                queue_push(queue, (struct queue_event){times[k], k, k});
            for (uint32_t k = 0; k < 8; k++) {
                struct queue_event event;
                assert_true(queue_pop(queue, &event));
                assert_int_equal(event.number, order[k]);
            }
            free(queue);
        }
    }
}

/* Each power of two, and one less: where a wheel's levels meet. */
static void an_event_finds_its_way_down_from_every_level(void **state)
{
    (void)state;
    static const uint32_t capacities[] = {200, 1000, 10000, 300000};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        for (EACH_KIND(kind)) {
            struct queue *queue = new_queue(kinds[kind], capacities[i]);
            struct queue_event event = {0}, last = {-1, 0, 0};
            for (uint32_t bit = 63; bit-- > 0;) {
                queue_push(queue, (struct queue_event){INT64_C(1) << bit, 2 * bit + 2, 0});
                queue_push(queue, (struct queue_event){(INT64_C(1) << bit) - 1, 2 * bit + 1, 0});
            }
            for (unsigned k = 0; k < 126; k++) {
                assert_true(queue_pop(queue, &event));
                assert_true(event.time_ns > last.time_ns || (event.time_ns == last.time_ns && event.number > last.number));
                last = event;
            }
            assert_int_equal(queue_count(queue), 0);
            free(queue);
        }
    }
}

/* A world is looked at before it is stepped (is the next event beyond `until`?), and then a person adds something earlier. */
static void what_is_pushed_after_a_look_ahead_may_still_come_first(void **state)
{
    (void)state;
    for (EACH_KIND(kind)) {
        struct queue *queue = new_queue(kinds[kind], 100);
        struct queue_event event;
        queue_push(queue, (struct queue_event){60 * NS_PER_S, 1, 0});
        assert_true(queue_peek(queue, &event));
        queue_push(queue, (struct queue_event){NS_PER_S, 3, 0});
        queue_push(queue, (struct queue_event){NS_PER_S, 2, 0});
        queue_push(queue, (struct queue_event){61 * NS_PER_S, 4, 0});
        static const uint32_t order[] = {2, 3, 1, 4};
        for (unsigned i = 0; i < 4; i++) {
            assert_true(queue_pop(queue, &event));
            assert_int_equal(event.number, order[i]);
        }
        free(queue);
    }
}

static void what_goes_on_at_once_can_tell_that_it_is_the_next(void **state)
{
    (void)state;
    for (EACH_KIND(kind)) {
        struct queue *queue = new_queue(kinds[kind], 8);
        struct queue_event event;
        queue_push(queue, (struct queue_event){1000, 5, 0});
        queue_push(queue, (struct queue_event){1000, 7, 0});
        assert_true(queue_pop(queue, &event));
        assert_true(queue_front_is_later(queue, 1000, 6));
        assert_false(queue_front_is_later(queue, 1000, 8));
        assert_true(queue_pop(queue, &event));
        assert_true(queue_front_is_later(queue, 1000, 8)); /* nothing is pending */
        queue_push(queue, (struct queue_event){NS_PER_S, 9, 0});
        assert_true(queue_front_is_later(queue, 1000, 8));
        assert_false(queue_front_is_later(queue, NS_PER_S, 10));
        free(queue);
    }
}

/* A queue and the pool through which its lanes go, in one block. */
#define POOL 400
#define TARGET_BASE 0x30000000u
struct laned {
    struct queue_link links[POOL];
    uint32_t free[POOL], free_count;
    _Alignas(64) char queue[200000];
};

static struct queue *queue_in(struct laned *laned)
{
    return (struct queue *)(void *)laned->queue;
}

static struct laned *laned_new(enum queue_kind kind, uint32_t capacity)
{
    struct laned *laned = aligned_alloc(64, sizeof *laned);
    assert_non_null(laned);
    memset(laned, 0xA5, sizeof *laned);
    assert_true(queue_bytes(kind, capacity) <= sizeof laned->queue);
    for (laned->free_count = 0; laned->free_count < POOL; laned->free_count++)
        laned->free[laned->free_count] = laned->free_count;
    queue_lanes_bind(queue_init(laned->queue, kind, capacity), &laned->links[1], TARGET_BASE + 1, sizeof laned->links[0]);
    return laned;
}

/* Elsewhere, into a larger queue of the other kind too. */
static struct laned *laned_moved(struct laned *laned, bool anew)
{
    struct laned *elsewhere = laned_new(QUEUE_HEAP, 1);
    if (anew) {
        enum queue_kind other = queue_kind_of(queue_in(laned)) == QUEUE_HEAP ? QUEUE_WHEEL : QUEUE_HEAP;
        memcpy(elsewhere, laned, offsetof(struct laned, queue));
        struct queue *to = queue_init(elsewhere->queue, other, queue_capacity(queue_in(laned)) + 10);
        queue_lanes_bind(to, &elsewhere->links[1], TARGET_BASE + 1, sizeof elsewhere->links[0]);
        queue_move(to, queue_in(laned));
    } else {
        memcpy(elsewhere, laned, sizeof *laned);
    }
    memset(laned, 0xDB, sizeof *laned);
    free(laned);
    return elsewhere;
}

/* Most events of a lane come in their order, a few come too early, and all share their times with those of the others. */
static void what_lanes_carry_comes_in_the_one_order_too(void **state)
{
    (void)state;
    for (EACH_KIND(kind)) {
        struct queue *judge = new_queue(QUEUE_HEAP, POOL);
        struct laned *laned = laned_new(kinds[kind], POOL);
        uint32_t number = 0, taken = 0;
        int64_t now_ns = 0;
        for (unsigned i = 0; i < 60000; i++) {
            uint64_t bits = mix_keyed(77, i, kind, 0);
            unsigned pushes = queue_count(judge) == 0 ? 3 : (unsigned)(bits % 3), lanes = 1 + i / 10000 * 2;
            for (; pushes > 0 && queue_count(judge) < POOL - 1 && laned->free_count != 0; pushes--) {
                bits = mix64(bits);
                struct queue_event event = {.time_ns = now_ns, .number = ++number, .target = 7};
                unsigned lane = (unsigned)(bits >> 8) % lanes;
                if (bits % 4 != 0) {
                    event.target = TARGET_BASE + laned->free[--laned->free_count];
                    event.time_ns += bits % 64 == 1 ? (int64_t)(bits >> 40) : (lane + 1) * NS_PER_MS / 4;
                    queue_push_lane(queue_in(laned), lane < QUEUE_LANES ? lane : QUEUE_NO_LANE, event,
                                    queue_link_of(queue_in(laned), event.target));
                } else {
                    event.time_ns += ahead((bits & 16) != 0 ? NETWORK : AT_ONCE, bits >> 8);
                    queue_push(queue_in(laned), event);
                }
                queue_push(judge, event);
            }
            struct queue_event left, right;
            assert_int_equal(queue_pop(judge, &left), queue_pop(queue_in(laned), &right));
            if (left.time_ns != right.time_ns || left.number != right.number || left.target != right.target)
                assert_memory_equal(&left, &right, sizeof left);
            now_ns = left.time_ns;
            if (left.target != 7) {
                laned->free[laned->free_count++] = left.target - TARGET_BASE;
                taken++;
            }
            if (i % 500 == 499)
                laned = laned_moved(laned, i % 1000 == 999);
            assert_int_equal(queue_count(judge), queue_count(queue_in(laned)));
        }
        assert_true(taken > 10000);
        free(judge);
        free(laned);
    }
}

static bool is_odd(const void *ctx, const struct queue_event *event)
{
    (void)ctx;
    return event->number % 2 != 0;
}

/* What nobody waits for any more is dropped as soon as it is met, and nothing else is. */
static void what_is_stale_may_be_dropped_on_the_way(void **state)
{
    (void)state;
    for (EACH_KIND(kind)) {
        struct queue *queue = new_queue(kinds[kind], 1000);
        for (uint32_t i = 1; i <= 1000; i++)
            queue_push(queue, (struct queue_event){1 + ahead(NETWORK, mix64(i)), i, 0});
        struct queue_event event;
        uint32_t wanted = 0;
        int64_t now_ns = 0;
        while (queue_turn(queue, is_odd, NULL)) {
            while (queue->first != QUEUE_NEAR) {
                assert_true(queue_pop(queue, &event));
                assert_true(event.time_ns >= now_ns);
                wanted += event.number % 2 == 0;
                now_ns = event.time_ns;
            }
        }
        assert_int_equal(wanted, 500);
        assert_int_equal(queue_count(queue), 0);
        free(queue);
    }
}

/* The queue lies in the world's block, and the world is copied in mid-flight. */
static void a_queue_copied_in_mid_flight_runs_on_elsewhere(void **state)
{
    (void)state;
    static const uint32_t capacities[] = {64, 1000, 10000, 50000};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        for (EACH_KIND(kind)) {
            size_t bytes = queue_bytes(kinds[kind], capacities[i]);
            struct queue *judge = new_queue(QUEUE_HEAP, capacities[i]), *queue = new_queue(kinds[kind], capacities[i]);
            uint32_t number = 0;
            for (unsigned round = 0; round < 6; round++) {
                play(judge, queue, round % 2 ? NETWORK : DAYS, 21, 3000, &number);
                struct queue *elsewhere = aligned_alloc(64, bytes);
                assert_non_null(elsewhere);
                memcpy(elsewhere, queue, bytes);
                memset(queue, 0xDB, bytes);
                free(queue);
                queue = elsewhere;
            }
            assert_int_equal(queue_kind_of(queue), kinds[kind]);
            free(judge);
            free(queue);
        }
    }
}

static void a_queue_that_is_full_moves_into_a_larger_one_of_any_kind(void **state)
{
    (void)state;
    for (EACH_KIND(from_kind)) {
        for (EACH_KIND(to_kind)) {
            struct queue *judge = new_queue(QUEUE_HEAP, 4000), *from = new_queue(kinds[from_kind], 500);
            struct queue *same = new_queue(QUEUE_HEAP, 500), *to = new_queue(kinds[to_kind], 4000);
            uint32_t number = 0;
            play(same, from, NETWORK, 33, 3000, &number);
            queue_move(judge, same);
            queue_move(to, from);
            assert_int_equal(queue_count(to), queue_count(from));
            play(judge, to, NETWORK, 34, 10000, &number);
            assert_true(queue_count(to) > 500);
            free(judge);
            free(from);
            free(same);
            free(to);
        }
    }
}

static void a_queue_is_as_small_as_was_promised(void **state)
{
    (void)state;
    assert_true(queue_bytes(QUEUE_HEAP, 64) <= 2048);
    assert_true(queue_bytes(QUEUE_WHEEL, 64) <= 50000);
    assert_true(queue_bytes(QUEUE_HEAP, 1000000) <= 16001024);
    assert_true(queue_bytes(QUEUE_WHEEL, 1000000) <= 20000000);
    assert_true(queue_bytes(QUEUE_WHEEL, 300000) <= 24 * 300000);
    for (uint32_t capacity = 1; capacity < 100000; capacity += capacity / 7 + 1) {
        for (EACH_KIND(kind)) {
            assert_int_equal(queue_bytes(kinds[kind], capacity) % 64, 0);
        }
    }
}

static jmp_buf out;
static void escape(const char *condition, const char *file, int line)
{
    (void)condition;
    (void)file;
    (void)line;
    longjmp(out, 1);
}

static void a_full_queue_and_a_time_in_the_past_are_faults_of_ours(void **state)
{
    (void)state;
    static _Alignas(64) char memory[50000];
    for (EACH_KIND(kind)) {
        assert_true(queue_bytes(kinds[kind], 1) <= sizeof memory);
        struct queue *queue = queue_init(memory, kinds[kind], 1);
        static const struct queue_event past = {9, 2, 0};
        struct queue_event event = {10, 1, 0};
        queue_push(queue, event);
        assertion_set_handler(escape);
        if (setjmp(out) == 0) {
            queue_push(queue, event);
            fail_msg("a full queue took one more");
        }
        assert_true(queue_pop(queue, &event));
        assertion_set_handler(escape);
        if (setjmp(out) == 0) {
            queue_push(queue, past);
            fail_msg("time ran backwards");
        }
        assertion_set_handler(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_in_order_of_time_then_number),
        cmocka_unit_test(every_kind_pops_the_same_sequence),
        cmocka_unit_test(a_queue_takes_its_whole_capacity),
        cmocka_unit_test(times_reach_to_the_end_of_int64),
        cmocka_unit_test(an_event_finds_its_way_down_from_every_level),
        cmocka_unit_test(what_is_pushed_after_a_look_ahead_may_still_come_first),
        cmocka_unit_test(what_goes_on_at_once_can_tell_that_it_is_the_next),
        cmocka_unit_test(what_lanes_carry_comes_in_the_one_order_too),
        cmocka_unit_test(what_is_stale_may_be_dropped_on_the_way),
        cmocka_unit_test(a_queue_copied_in_mid_flight_runs_on_elsewhere),
        cmocka_unit_test(a_queue_that_is_full_moves_into_a_larger_one_of_any_kind),
        cmocka_unit_test(a_queue_is_as_small_as_was_promised),
        cmocka_unit_test(a_full_queue_and_a_time_in_the_past_are_faults_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
