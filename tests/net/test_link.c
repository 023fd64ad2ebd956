/* SPDX-License-Identifier: MIT */
/* A link's words mean what tc-netem's do, in integers, and every draw is keyed. The driver of choices here is a table that a story
 * fills in, so that each word can be shown alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/duration.h"
#include "base/mix.h"
#include "net/link.h"

#define MS NS_PER_MS

/* What was asked, and what it is told: `answer` for each kind. */
struct driver {
    uint64_t answer[CHOOSE_PORT + 1];
    unsigned asked[CHOOSE_PORT + 1];
    uint64_t options[CHOOSE_PORT + 1], ordinal, subject;
};

static uint64_t answer(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options)
{
    struct driver *driver = ctx;
    driver->asked[kind]++;
    driver->options[kind] = options;
    driver->ordinal = ordinal;
    driver->subject = subject;
    assert_true(driver->answer[kind] < options);
    return driver->answer[kind];
}

static uint64_t seeded(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options)
{
    const uint64_t *seed = ctx;
    return mix_below(mix_keyed(*seed, kind, subject, ordinal), options);
}

static struct link_fate carry(struct link_state *state, const struct link_params *params, uint32_t bytes, int64_t now_ns,
                              const struct link_orders *orders, struct driver *driver)
{
    return link_carry(state, params, 77, bytes, orders, now_ns, answer, driver);
}

static void a_plain_link_delays_and_draws_nothing(void **state)
{
    (void)state;
    struct link_state link = {0};
    struct link_params params = {.delay_ns = 10 * MS};
    struct driver driver = {0};
    struct link_fate fate = carry(&link, &params, 40, 5 * MS, NULL, &driver);
    assert_int_equal(fate.lost, DROP_NONE);
    assert_false(fate.corrupt || fate.copied);
    assert_int_equal(fate.arrival_ns, 15 * MS);
    assert_int_equal(link.ordinal, 1);
    for (size_t i = 0; i <= CHOOSE_PORT; i++)
        assert_int_equal(driver.asked[i], 0);
}

static void a_share_is_drawn_from_a_thousand_million(void **state)
{
    (void)state;
    struct link_params params = {.loss_ppb = 10000000, .corrupt_ppb = 5, .duplicate_ppb = 6, .reorder_ppb = 7};
    struct driver driver = {.answer = {[CHOOSE_LOSS] = 9999999, [CHOOSE_CORRUPT] = 5, [CHOOSE_DUPLICATE] = 6, [CHOOSE_REORDER] = 7}};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_LOSS);
    driver.answer[CHOOSE_LOSS] = 10000000;
    struct link_fate fate = carry(&link, &params, 40, 0, NULL, &driver);
    assert_int_equal(fate.lost, DROP_NONE);
    assert_false(fate.corrupt || fate.copied);
    assert_int_equal(driver.options[CHOOSE_LOSS], PPB_ONE);
    assert_int_equal(driver.ordinal, 2);
    assert_int_equal(driver.subject, 77);
    driver.answer[CHOOSE_CORRUPT] = 4;
    driver.answer[CHOOSE_DUPLICATE] = 5;
    fate = carry(&link, &params, 40, 0, NULL, &driver);
    assert_true(fate.corrupt && fate.copied);
}

static void all_and_nothing_need_no_draw(void **state)
{
    (void)state;
    struct link_params params = {.loss_ppb = PPB_ONE};
    struct driver driver = {0};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_LOSS);
    assert_int_equal(driver.asked[CHOOSE_LOSS], 0);
}

/* Else a cut would shift every later draw. */
static void draws_are_made_whatever_the_earlier_fates_were(void **state)
{
    (void)state;
    struct link_params params = {.jitter_ns = 5, .loss_ppb = 1, .corrupt_ppb = 1, .duplicate_ppb = 1, .reorder_ppb = 1, .delay_ns = 9};
    struct driver driver = {0};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 40, 0, &(struct link_orders){.cut = true, .drop = true}, &driver).lost, DROP_CUT);
    assert_int_equal(carry(&link, &params, 40, 0, &(struct link_orders){.drop = true}, &driver).lost, DROP_RULE);
    assert_int_equal(carry(&link, &params, 1501, 0, NULL, &driver).lost, DROP_MTU);
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_LOSS);
    for (enum choice_kind kind = CHOOSE_LOSS; kind <= CHOOSE_JITTER; kind++)
        assert_int_equal(driver.asked[kind], 4);
    assert_int_equal(link.ordinal, 4);
}

static void jitter_is_uniform_on_both_sides_of_the_delay(void **state)
{
    (void)state;
    struct link_params params = {.delay_ns = 10 * MS, .jitter_ns = 2 * MS};
    struct driver driver = {0};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).arrival_ns, 8 * MS);
    assert_int_equal(driver.options[CHOOSE_JITTER], 4 * MS + 1);
    driver.answer[CHOOSE_JITTER] = (uint64_t)(4 * MS);
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).arrival_ns, 12 * MS);
    params = (struct link_params){.delay_ns = 1 * MS, .jitter_ns = 2 * MS}; /* never into the past */
    link = (struct link_state){0};
    driver.answer[CHOOSE_JITTER] = 0;
    assert_int_equal(carry(&link, &params, 40, 3 * MS, NULL, &driver).arrival_ns, 3 * MS);
}

static void jitter_never_overtakes(void **state)
{
    (void)state;
    struct link_params params = {.delay_ns = 10 * MS, .jitter_ns = 5 * MS};
    struct driver driver = {.answer = {[CHOOSE_JITTER] = (uint64_t)(10 * MS)}};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).arrival_ns, 15 * MS);
    driver.answer[CHOOSE_JITTER] = 0;
    assert_int_equal(carry(&link, &params, 40, 1 * MS, NULL, &driver).arrival_ns, 15 * MS);
    assert_int_equal(carry(&link, &params, 40, 20 * MS, NULL, &driver).arrival_ns, 25 * MS);
}

static void a_reordered_segment_takes_no_delay_and_overtakes(void **state)
{
    (void)state;
    struct link_params params = {.delay_ns = 10 * MS, .jitter_ns = 5 * MS, .reorder_ppb = 100};
    struct driver driver = {.answer = {[CHOOSE_JITTER] = (uint64_t)(5 * MS), [CHOOSE_REORDER] = 100}};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).arrival_ns, 10 * MS);
    driver.answer[CHOOSE_REORDER] = 99;
    assert_int_equal(carry(&link, &params, 40, 1 * MS, NULL, &driver).arrival_ns, 1 * MS);
    driver.answer[CHOOSE_REORDER] = 100;
    assert_int_equal(carry(&link, &params, 40, 2 * MS, NULL, &driver).arrival_ns, 12 * MS);
}

static void a_rate_spaces_segments_by_their_length(void **state)
{
    (void)state;
    struct link_params params = {.delay_ns = 10 * MS, .rate_bps = 10000000}; /* 10mbit: 0.8 us an octet */
    struct driver driver = {0};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 1500, 0, NULL, &driver).arrival_ns, 10 * MS + 1200000);
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).arrival_ns, 10 * MS + 1232000);
    assert_int_equal(carry(&link, &params, 40, 5 * MS, NULL, &driver).arrival_ns, 15 * MS + 32000); /* idle again */
    params.rate_bps = 3000000007; /* rounded up: 106.67 */
    assert_int_equal(carry(&link, &params, 40, 9 * MS, NULL, &driver).arrival_ns, 19 * MS + 107);
    params.rate_bps = INT64_MAX;
    assert_int_equal(carry(&link, &params, 1500, 10 * MS, NULL, &driver).arrival_ns, 20 * MS + 1);
    params.rate_bps = 1;
    params.mtu = UINT32_MAX;
    assert_int_equal(carry(&link, &params, UINT32_MAX, 11 * MS, NULL, &driver).arrival_ns, TIME_NEVER);
}

/* With lengths that all differ, against a list of departures: the queue of up to LINK_RUNS segments is exact. */
static void a_full_queue_drops_at_its_tail(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (uint32_t limit = 1; limit <= LINK_RUNS; limit++) {
        struct link_params params = {.delay_ns = MS, .rate_bps = 8000000000 / 1000, .limit = limit}; /* 1 us an octet */
        struct link_state link = {0};
        int64_t departures[4000], now_ns = 0;
        unsigned sent = 0, dropped = 0;
        for (unsigned i = 0; i < 4000; i++) {
            uint32_t bytes = 40 + (uint32_t)mix_below(mix_keyed(seed, 1, limit, i), 1000);
            unsigned backlog = 0;
            now_ns += (int64_t)mix_below(mix_keyed(seed, 2, limit, i), 1000000);
            for (unsigned k = sent; k > 0 && departures[k - 1] > now_ns; k--)
                backlog++;
            struct link_fate fate = link_carry(&link, &params, 1, bytes, NULL, now_ns, seeded, &seed);
            assert_int_equal(fate.lost, backlog >= limit ? DROP_QUEUE : DROP_NONE);
            if (fate.lost != DROP_NONE) {
                dropped++;
                continue;
            }
            departures[sent] = (sent > 0 && departures[sent - 1] > now_ns ? departures[sent - 1] : now_ns) + (int64_t)bytes * 1000;
            assert_int_equal(fate.arrival_ns, departures[sent] + MS);
            sent++;
        }
        assert_true(dropped > 10 && sent > 1000);
    }
}

static void a_queue_of_equal_segments_holds_exactly_its_limit(void **state)
{
    (void)state;
    struct link_params params = {.rate_bps = 8000000}; /* 1 us an octet; netem's 1000 segments */
    struct driver driver = {0};
    struct link_state link = {0};
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(carry(&link, &params, 1000, 0, NULL, &driver).lost, DROP_NONE);
    assert_int_equal(carry(&link, &params, 1000, 0, NULL, &driver).lost, DROP_QUEUE);
    assert_int_equal(carry(&link, &params, 1000, MS - 1, NULL, &driver).lost, DROP_QUEUE);
    assert_int_equal(carry(&link, &params, 1000, MS, NULL, &driver).arrival_ns, 1001 * MS); /* the first has just left */
    assert_int_equal(carry(&link, &params, 1000, MS, NULL, &driver).lost, DROP_QUEUE);
    for (unsigned i = 0; i < 500; i++)
        carry(&link, &params, 1000, 501 * MS, NULL, &driver);
    assert_int_equal(carry(&link, &params, 1000, 501 * MS, NULL, &driver).lost, DROP_QUEUE);
    assert_int_equal(carry(&link, &params, 1000, 5000 * MS, NULL, &driver).arrival_ns, 5001 * MS);
}

/* Beyond LINK_RUNS lengths the count is of mean lengths: never far off, and never negative or for ever. */
static void a_long_queue_of_many_lengths_stays_near_its_limit(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct link_params params = {.rate_bps = 8000000, .limit = 100};
    struct link_state link = {0};
    static int64_t departures[20000];
    unsigned sent = 0, wrong = 0;
    int64_t now_ns = 0;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t bytes = 40 + (uint32_t)mix_below(mix_keyed(seed, 1, 0, i), 1460);
        now_ns += (int64_t)mix_below(mix_keyed(seed, 2, 0, i), 1500000);
        unsigned backlog = 0;
        for (unsigned k = sent; k > 0 && departures[k - 1] > now_ns; k--)
            backlog++;
        struct link_fate fate = link_carry(&link, &params, 1, bytes, NULL, now_ns, seeded, &seed);
        wrong += (fate.lost == DROP_QUEUE) != (backlog >= 100);
        assert_true(backlog <= 110);
        assert_true(fate.lost == DROP_NONE || backlog >= 90);
        if (fate.lost == DROP_NONE)
            departures[sent++] = fate.arrival_ns;
    }
    assert_true(sent > 15000 && wrong < 2000);
}

static void longer_packets_than_the_mtu_are_lost(void **state)
{
    (void)state;
    struct driver driver = {0};
    struct link_state link = {0};
    struct link_params params = {0};
    assert_int_equal(carry(&link, &params, 1500, 0, NULL, &driver).lost, DROP_NONE);
    assert_int_equal(carry(&link, &params, 1501, 0, NULL, &driver).lost, DROP_MTU);
    params.mtu = 9000;
    assert_int_equal(carry(&link, &params, 9000, 0, NULL, &driver).lost, DROP_NONE);
    assert_int_equal(carry(&link, &params, 9001, 0, NULL, &driver).lost, DROP_MTU);
}

static void a_copy_follows_its_original(void **state)
{
    (void)state;
    struct link_params params = {.delay_ns = 10 * MS, .jitter_ns = 2 * MS, .duplicate_ppb = 1, .rate_bps = 8000000};
    struct driver driver = {.answer = {[CHOOSE_JITTER] = (uint64_t)(2 * MS), [CHOOSE_COPY_JITTER] = (uint64_t)(3 * MS)}};
    struct link_state link = {0};
    struct link_fate fate = carry(&link, &params, 1000, 0, NULL, &driver);
    assert_true(fate.copied);
    assert_int_equal(fate.arrival_ns, 11 * MS);
    assert_int_equal(fate.copy_arrival_ns, 13 * MS); /* transmitted too, and 1 ms of its own jitter */
    params.limit = 3; /* the two above have not left: one more, but not its copy */
    fate = carry(&link, &params, 1000, 0, NULL, &driver);
    assert_int_equal(fate.lost, DROP_NONE);
    assert_false(fate.copied);
}

static void a_rules_copy_arrives_when_the_rule_says(void **state)
{
    (void)state;
    struct link_params params = {.delay_ns = 10 * MS, .jitter_ns = 2 * MS, .rate_bps = 8000000};
    struct driver driver = {.answer = {[CHOOSE_JITTER] = (uint64_t)(2 * MS)}};
    struct link_state link = {0};
    struct link_fate fate = carry(&link, &params, 1000, 0, &(struct link_orders){.duplicate = true}, &driver);
    assert_true(fate.copied);
    assert_int_equal(fate.copy_arrival_ns, fate.arrival_ns);
    fate = carry(&link, &params, 1000, 5 * MS, &(struct link_orders){.duplicate = true, .duplicate_after_ns = 30 * NS_PER_S}, &driver);
    assert_int_equal(fate.arrival_ns, 16 * MS);
    assert_int_equal(fate.copy_arrival_ns, 5 * MS + 30 * NS_PER_S);
    assert_int_equal(link.busy_until_ns, 6 * MS); /* the old duplicate costs the link nothing */
    fate = carry(&link, &params, 1000, 7 * MS, &(struct link_orders){.duplicate = true, .drop = true}, &driver);
    assert_int_equal(fate.lost, DROP_RULE);
    assert_false(fate.copied);
}

/* One segment is held back; every other arrives as it would have without the rule. */
static void a_delay_rule_lets_later_segments_overtake_and_moves_no_other(void **state)
{
    (void)state;
    uint64_t seed = 3;
    struct link_params params = {.delay_ns = 10 * MS, .jitter_ns = 4 * MS};
    struct link_state with = {0}, without = {0};
    for (int64_t i = 0; i < 100; i++) {
        struct link_orders orders = {.delay_ns = i == 50 ? 300 * MS : 0};
        struct link_fate held = link_carry(&with, &params, 1, 40, &orders, i * MS, seeded, &seed);
        struct link_fate plain = link_carry(&without, &params, 1, 40, NULL, i * MS, seeded, &seed);
        assert_int_equal(held.arrival_ns, plain.arrival_ns + orders.delay_ns);
    }
}

static void corruption_does_not_stop_a_segment_or_its_copy(void **state)
{
    (void)state;
    struct link_params params = {.delay_ns = MS};
    struct driver driver = {0};
    struct link_state link = {0};
    struct link_fate fate = carry(&link, &params, 40, 0, &(struct link_orders){.corrupt = true, .duplicate = true}, &driver);
    assert_true(fate.corrupt && fate.copied);
    assert_int_equal(fate.lost, DROP_NONE);
    assert_int_equal(fate.arrival_ns, MS);
}

/* tc-netem(8), `loss gemodel`: p into the bad state, r out of it, then what each state loses. */
static void gemodel_judges_a_segment_by_the_state_that_it_finds(void **state)
{
    (void)state;
    struct link_params params = {.gemodel = true, .ge_p_ppb = 10, .ge_r_ppb = 20, .ge_h_ppb = PPB_ONE, .ge_k_ppb = 0};
    struct driver driver = {.answer = {[CHOOSE_GE] = 10}};
    struct link_state link = {0};
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_NONE);
    assert_false(link.ge_bad);
    driver.answer[CHOOSE_GE] = 9;
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_NONE);
    assert_true(link.ge_bad);
    driver.answer[CHOOSE_GE] = 20;
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_LOSS);
    driver.answer[CHOOSE_GE] = 19;
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_LOSS);
    assert_false(link.ge_bad);
    params.ge_k_ppb = 5;
    params.ge_h_ppb = 0;
    driver.answer[CHOOSE_GE_LOSS] = 4;
    assert_int_equal(carry(&link, &params, 40, 0, NULL, &driver).lost, DROP_LOSS);
}

static void every_reason_of_a_drop_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(drop_why_name(DROP_RULE), "rule");
    assert_string_equal(drop_why_name(DROP_LOSS), "loss");
    assert_string_equal(drop_why_name(DROP_CUT), "cut");
    assert_string_equal(drop_why_name(DROP_QUEUE), "queue");
    assert_string_equal(drop_why_name(DROP_CORRUPT), "corrupt");
    assert_string_equal(drop_why_name(DROP_MTU), "mtu");
    assert_string_equal(drop_why_name(DROP_FIREWALL), "firewall");
    assert_string_equal(drop_why_name(DROP_HOST_DOWN), "host-down");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_link_delays_and_draws_nothing),
        cmocka_unit_test(a_share_is_drawn_from_a_thousand_million),
        cmocka_unit_test(all_and_nothing_need_no_draw),
        cmocka_unit_test(draws_are_made_whatever_the_earlier_fates_were),
        cmocka_unit_test(jitter_is_uniform_on_both_sides_of_the_delay),
        cmocka_unit_test(jitter_never_overtakes),
        cmocka_unit_test(a_reordered_segment_takes_no_delay_and_overtakes),
        cmocka_unit_test(a_rate_spaces_segments_by_their_length),
        cmocka_unit_test(a_full_queue_drops_at_its_tail),
        cmocka_unit_test(a_queue_of_equal_segments_holds_exactly_its_limit),
        cmocka_unit_test(a_long_queue_of_many_lengths_stays_near_its_limit),
        cmocka_unit_test(longer_packets_than_the_mtu_are_lost),
        cmocka_unit_test(a_copy_follows_its_original),
        cmocka_unit_test(a_rules_copy_arrives_when_the_rule_says),
        cmocka_unit_test(a_delay_rule_lets_later_segments_overtake_and_moves_no_other),
        cmocka_unit_test(corruption_does_not_stop_a_segment_or_its_copy),
        cmocka_unit_test(gemodel_judges_a_segment_by_the_state_that_it_finds),
        cmocka_unit_test(every_reason_of_a_drop_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
