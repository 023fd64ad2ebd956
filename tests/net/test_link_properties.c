/* SPDX-License-Identifier: MIT */
/* What must hold on every link, whatever its words are, tried on some thousand links drawn at random: no segment is invented, none
 * arrives before it could, jitter never overtakes, and no draw depends on anything but its own key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/duration.h"
#include "base/mix.h"
#include "net/link.h"

enum { WORLDS = 2000, SEGMENTS = 60 };

/* What the story may draw for itself lies apart from what the link draws. */
static uint64_t any(uint64_t world, uint64_t what, uint64_t bound)
{
    return mix_below(mix_keyed(world, 99, what, 0), bound);
}

static uint64_t seeded(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options)
{
    const uint64_t *seed = ctx;
    return mix_below(mix_keyed(*seed, kind, subject, ordinal), options);
}

static uint32_t any_share(uint64_t world, uint64_t what)
{
    static const uint32_t usual[] = {0, 0, 1, 10000000, 400000000, 999999999, PPB_ONE};
    return usual[any(world, what, sizeof usual / sizeof *usual)];
}

static struct link_params any_link(uint64_t world)
{
    struct link_params params = {
        .delay_ns = (int64_t)any(world, 1, 20 * (uint64_t)NS_PER_MS),
        .jitter_ns = any(world, 2, 2) == 0 ? 0 : (int64_t)any(world, 3, 30 * (uint64_t)NS_PER_MS),
        .rate_bps = any(world, 4, 2) == 0 ? 0 : (int64_t)any(world, 5, 100000000) + 1000,
        .limit = (uint32_t)any(world, 6, 12),
        .loss_ppb = any_share(world, 7),
        .duplicate_ppb = any_share(world, 8),
        .reorder_ppb = any_share(world, 9),
        .corrupt_ppb = any_share(world, 10),
        .gemodel = any(world, 11, 3) == 0,
        .ge_p_ppb = any_share(world, 12),
        .ge_r_ppb = any_share(world, 13),
        .ge_h_ppb = any_share(world, 14),
        .ge_k_ppb = any_share(world, 15),
    };
    return params;
}

static struct link_orders any_orders(uint64_t world, unsigned nth)
{
    uint64_t bits = any(world, 1000 + nth, UINT64_MAX);
    struct link_orders orders = {
        .cut = bits % 29 == 0,
        .drop = bits % 31 == 0,
        .corrupt = bits % 37 == 0,
        .duplicate = bits % 41 == 0,
        .delay_ns = bits % 43 == 0 ? 300 * NS_PER_MS : 0,
        .duplicate_after_ns = bits % 3 == 0 ? 30 * NS_PER_S : 0,
    };
    return orders;
}

static int64_t any_time(uint64_t world, unsigned nth)
{
    return (int64_t)nth * NS_PER_MS + (int64_t)any(world, 5000 + nth, (uint64_t)NS_PER_MS);
}

static uint32_t any_length(uint64_t world, unsigned nth)
{
    return 40 + (uint32_t)any(world, 6000 + nth, 1470);
}

static bool same_fate(const struct link_fate *a, const struct link_fate *b)
{
    return a->lost == b->lost && a->corrupt == b->corrupt && a->copied == b->copied && a->arrival_ns == b->arrival_ns &&
           a->copy_arrival_ns == b->copy_arrival_ns;
}

static void no_segment_arrives_before_it_could(void **state)
{
    (void)state;
    for (uint64_t world = 1; world <= WORLDS; world++) {
        struct link_params params = any_link(world);
        struct link_state link = {0};
        for (unsigned i = 0; i < SEGMENTS; i++) {
            struct link_orders orders = any_orders(world, i);
            int64_t now_ns = any_time(world, i), soonest_ns = now_ns;
            struct link_fate fate = link_carry(&link, &params, 1, any_length(world, i), &orders, now_ns, seeded, &world);
            if (fate.lost != DROP_NONE) {
                assert_false(fate.copied || fate.corrupt);
                continue;
            }
            if (params.reorder_ppb == 0 && params.delay_ns > params.jitter_ns)
                soonest_ns += params.delay_ns - params.jitter_ns;
            assert_true(fate.arrival_ns >= soonest_ns + orders.delay_ns);
            assert_true(!fate.copied || fate.copy_arrival_ns >= soonest_ns || orders.duplicate);
            if (params.jitter_ns == 0 && params.rate_bps == 0 && params.reorder_ppb == 0)
                assert_int_equal(fate.arrival_ns, now_ns + params.delay_ns + orders.delay_ns);
        }
        assert_int_equal(link.ordinal, SEGMENTS);
    }
}

static void jitter_and_rate_never_overtake(void **state)
{
    (void)state;
    for (uint64_t world = 1; world <= WORLDS; world++) {
        struct link_params params = any_link(world);
        struct link_state link = {0};
        int64_t last_ns = 0;
        params.reorder_ppb = 0; /* the word that does overtake */
        for (unsigned i = 0; i < SEGMENTS; i++) {
            struct link_orders orders = any_orders(world, i);
            struct link_fate fate = link_carry(&link, &params, 1, any_length(world, i), &orders, any_time(world, i), seeded, &world);
            if (fate.lost != DROP_NONE)
                continue;
            assert_true(fate.arrival_ns - orders.delay_ns >= last_ns);
            last_ns = fate.arrival_ns - orders.delay_ns;
            if (fate.copied && !orders.duplicate) {
                assert_true(fate.copy_arrival_ns - orders.delay_ns >= last_ns);
                last_ns = fate.copy_arrival_ns - orders.delay_ns;
            }
        }
    }
}

/* Two links side by side, their segments interleaved, and each of them alone: the same fates. */
static void the_draws_of_one_link_do_not_depend_on_another(void **state)
{
    (void)state;
    for (uint64_t world = 1; world <= WORLDS / 4; world++) {
        struct link_params one = any_link(world), other = any_link(world + WORLDS);
        struct link_state together = {0}, beside = {0}, alone = {0};
        for (unsigned i = 0; i < SEGMENTS; i++) {
            struct link_orders orders = any_orders(world, i);
            int64_t now_ns = any_time(world, i);
            for (uint64_t k = 0; k < any(world, 7000 + i, 4); k++)
                link_carry(&beside, &other, 2, 40, NULL, now_ns, seeded, &world);
            struct link_fate a = link_carry(&together, &one, 1, any_length(world, i), &orders, now_ns, seeded, &world);
            struct link_fate b = link_carry(&alone, &one, 1, any_length(world, i), &orders, now_ns, seeded, &world);
            assert_true(same_fate(&a, &b));
        }
    }
}

/* What was carried before stays as it was, and the segments of the same ordinal meet the same chance. */
static void more_traffic_changes_only_later_ordinals(void **state)
{
    (void)state;
    for (uint64_t world = 1; world <= WORLDS / 4; world++) {
        struct link_params params = any_link(world);
        struct link_state few = {0}, many = {0};
        struct link_fate fates[SEGMENTS];
        unsigned added_at = (unsigned)any(world, 8000, SEGMENTS);
        params.gemodel = false; /* it has a memory, which is its purpose; so has a queue */
        params.rate_bps = 0;
        params.jitter_ns = 0;
        for (unsigned i = 0; i < SEGMENTS; i++)
            fates[i] = link_carry(&few, &params, 1, 40, NULL, any_time(world, i), seeded, &world);
        for (unsigned i = 0; i < SEGMENTS; i++) {
            int64_t now_ns = any_time(world, i < added_at ? i : i - 1);
            struct link_fate fate = link_carry(&many, &params, 1, 40, NULL, now_ns, seeded, &world);
            if (i < added_at)
                assert_true(same_fate(&fate, &fates[i]));
            assert_true(fate.lost == fates[i].lost && fate.corrupt == fates[i].corrupt && fate.copied == fates[i].copied);
        }
    }
}

/* A rule says what becomes of one segment; the weather of all the others, the one behind it included, is as it would have been. */
static void a_rule_changes_no_draw(void **state)
{
    (void)state;
    for (uint64_t world = 1; world <= WORLDS / 4; world++) {
        struct link_params params = any_link(world);
        params.rate_bps = 0; /* what is dropped leaves its place in the queue to others */
        params.jitter_ns = 0;
        struct link_state with = {0}, without = {0};
        for (unsigned i = 0; i < SEGMENTS; i++) {
            struct link_orders orders = any_orders(world, i);
            struct link_fate ruled = link_carry(&with, &params, 1, 40, &orders, any_time(world, i), seeded, &world);
            struct link_fate plain = link_carry(&without, &params, 1, 40, NULL, any_time(world, i), seeded, &world);
            if (!orders.cut && !orders.drop && !orders.corrupt && !orders.duplicate && orders.delay_ns == 0)
                assert_true(same_fate(&ruled, &plain));
        }
    }
}

/* A share is a share: over many ordinals and over many seeds. */
static void a_share_is_met_on_average(void **state)
{
    (void)state;
    struct link_params params = {.loss_ppb = 100000000, .jitter_ns = 1000, .delay_ns = 1000};
    unsigned lost = 0, by_seed = 0;
    int64_t sum_ns = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct link_state link = {0};
        for (unsigned i = 0; i < 1000; i++) {
            struct link_fate fate = link_carry(&link, &params, 5, 40, NULL, (int64_t)i * 10000, seeded, &seed);
            lost += fate.lost == DROP_LOSS;
            by_seed += i == 0 && fate.lost == DROP_LOSS;
            sum_ns += fate.lost == DROP_NONE ? fate.arrival_ns - (int64_t)i * 10000 : 1000;
        }
    }
    assert_in_range(lost, 9600, 10400);
    assert_in_range(by_seed, 2, 20);
    assert_in_range(sum_ns / 100000, 990, 1010);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_segment_arrives_before_it_could),
        cmocka_unit_test(jitter_and_rate_never_overtake),
        cmocka_unit_test(the_draws_of_one_link_do_not_depend_on_another),
        cmocka_unit_test(more_traffic_changes_only_later_ordinals),
        cmocka_unit_test(a_rule_changes_no_draw),
        cmocka_unit_test(a_share_is_met_on_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
