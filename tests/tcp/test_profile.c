/* SPDX-License-Identifier: MIT */
/* A profile is data: every constant has a name, a meaning and, for each stack, a source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "tcp/profile.h"
#include "tcp/state.h"

#define FOR_FIELDS(field) \
    for (enum profile_field field = (enum profile_field)0; field < PROFILE_FIELDS; field = (enum profile_field)(field + 1))
#define FOR_PROFILES(id) for (enum profile_id id = PROFILE_RFC9293; id < PROFILES; id = (enum profile_id)(id + 1))

static void every_field_has_a_name_and_one_line_of_help(void **state)
{
    (void)state;
    FOR_FIELDS(field)
    {
        assert_non_null(profile_field_name(field));
        if (profile_field_help(field) == NULL)
            fail_msg("%s has no help", profile_field_name(field));
        assert_null(strchr(profile_field_help(field), '\n'));
    }
}

static void every_value_names_its_source(void **state)
{
    (void)state;
    FOR_PROFILES(id)
    {
        FOR_FIELDS(field)
        {
            const char *source = profile_field_source(field, id);
            if (source == NULL || source[0] == '\0')
                fail_msg("%s of %s has no source", profile_field_name(field), profile_name(id));
        }
    }
}

static void a_field_is_found_by_its_name(void **state)
{
    (void)state;
    FOR_FIELDS(field)
    {
        enum profile_field found = PROFILE_FIELDS;
        assert_true(profile_field_find(profile_field_name(field), &found));
        assert_int_equal(found, field);
    }
    enum profile_field none = PROFILE_hz;
    assert_false(profile_field_find("fin_timeouts", &none));
    assert_int_equal(none, PROFILE_hz);
}

static void a_profile_is_found_by_its_name(void **state)
{
    (void)state;
    FOR_PROFILES(id)
    {
        enum profile_id found = PROFILE_RFC9293;
        assert_true(profile_find(profile_name(id), &found));
        assert_int_equal(found, id);
    }
    enum profile_id none = PROFILE_LINUX;
    assert_false(profile_find("Linux", &none));
    assert_int_equal(none, PROFILE_LINUX);
}

static void a_value_set_by_field_is_read_by_name(void **state)
{
    (void)state;
    struct tcp_profile profile = *profile_defaults(PROFILE_LINUX);
    FOR_FIELDS(field)
    {
        profile_set(&profile, field, 1000 + (int64_t)field);
    }
    assert_int_equal(profile.msl, 1000 + PROFILE_msl);
    assert_int_equal(profile.rto_min, 1000 + PROFILE_rto_min);
    assert_int_equal(profile.hz, 1000 + PROFILE_hz);
    assert_int_equal(profile_get(&profile, PROFILE_tw_reuse), 1000 + PROFILE_tw_reuse);
    assert_int_equal(profile_defaults(PROFILE_LINUX)->rto_min, 200 * NS_PER_MS);
}

static bool value_is_sane(enum profile_field field, int64_t value)
{
    switch (profile_field_unit(field)) {
    case UNIT_DURATION:
    case UNIT_BYTES:
    case UNIT_COUNT:
        return value >= 0;
    case UNIT_SWITCH:
        return value == 0 || value == 1;
    case UNIT_CHOICE:
        return profile_choice_name(field, value) != NULL;
    }
    return false;
}

static void every_value_lies_in_the_range_of_its_unit(void **state)
{
    (void)state;
    FOR_PROFILES(id)
    {
        FOR_FIELDS(field)
        {
            if (!value_is_sane(field, profile_get(profile_defaults(id), field)))
                fail_msg("%s of %s is out of range", profile_field_name(field), profile_name(id));
        }
    }
}

static void a_choice_has_words_up_to_its_last(void **state)
{
    (void)state;
    assert_string_equal(profile_choice_name(PROFILE_cc, 1), "reno");
    assert_string_equal(profile_choice_name(PROFILE_cc, 2), "cubic");
    assert_null(profile_choice_name(PROFILE_cc, 3));
    assert_null(profile_choice_name(PROFILE_cc, -1));
    assert_string_equal(profile_choice_name(PROFILE_abort_always_rst, 1), "unsent-data");
    assert_null(profile_choice_name(PROFILE_abort_always_rst, 2));
    assert_null(profile_choice_name(PROFILE_msl, 0));
    FOR_FIELDS(field)
    {
        if (profile_field_unit(field) == UNIT_CHOICE)
            assert_non_null(profile_choice_name(field, 0));
    }
}

/* RULES part 3: what could not be checked on a real machine says so. */
static void what_is_not_verified_says_so(void **state)
{
    (void)state;
    assert_non_null(strstr(profile_field_source(PROFILE_time_wait, PROFILE_WINDOWS), "unverified"));
    assert_non_null(strstr(profile_field_source(PROFILE_synack_retries, PROFILE_FREEBSD), "unverified"));
    assert_null(strstr(profile_field_source(PROFILE_time_wait, PROFILE_LINUX), "unverified"));
    assert_null(strstr(profile_field_source(PROFILE_time_wait, PROFILE_RFC9293), "unverified"));
}

/* R-140, FACTS 8, RULES part 3. */
static void the_stacks_differ_in_how_long_time_wait_lasts(void **state)
{
    (void)state;
    assert_int_equal(profile_defaults(PROFILE_RFC9293)->time_wait, 240 * NS_PER_S);
    assert_int_equal(profile_defaults(PROFILE_LINUX)->time_wait, 60 * NS_PER_S);
    assert_int_equal(profile_defaults(PROFILE_FREEBSD)->time_wait, 60 * NS_PER_S);
    assert_int_equal(profile_defaults(PROFILE_RFC9293)->time_wait, 2 * profile_defaults(PROFILE_RFC9293)->msl);
}

/* R2 for data at least 100 s; R-170: for a SYN at least 3 minutes. Every timeout of the profile's own, summed up to the last. */
static int64_t give_up_time(const struct tcp_profile *profile, int64_t retries)
{
    int64_t total = 0, rto = profile->rto_initial;
    for (int64_t i = 0; i <= retries; i++) {
        total += rto;
        rto = 2 * rto < profile->rto_max ? 2 * rto : profile->rto_max;
    }
    return total;
}

static void by_the_book_data_is_tried_for_100_s_and_a_syn_for_3_minutes(void **state)
{
    (void)state;
    const struct tcp_profile *rfc = profile_defaults(PROFILE_RFC9293);
    assert_true(give_up_time(rfc, rfc->retries2) >= 100 * NS_PER_S);
    assert_true(give_up_time(rfc, rfc->syn_retries) >= 180 * NS_PER_S);
    assert_true(give_up_time(rfc, rfc->synack_retries) >= 180 * NS_PER_S);
}

static void states_timers_and_errors_have_the_names_of_the_language(void **state)
{
    (void)state;
    assert_string_equal(tcp_state_name(TCP_CLOSED), "CLOSED");
    assert_string_equal(tcp_state_name(TCP_SYN_RECEIVED), "SYN_RECEIVED");
    assert_string_equal(tcp_state_name(TCP_TIME_WAIT), "TIME_WAIT");
    assert_string_equal(tcp_timer_name(TIMER_NONE), "none");
    assert_string_equal(tcp_timer_name(TIMER_TIME_WAIT), "time-wait");
    assert_string_equal(tcp_errno_name(TCP_ECONNRESET), "ECONNRESET");
    assert_string_equal(tcp_errno_name(TCP_EOPNOTSUPP), "EOPNOTSUPP");
    for (int i = 0; i < TCP_ERRNOS; i++)
        assert_non_null(tcp_errno_name((enum tcp_errno)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_has_a_name_and_one_line_of_help),
        cmocka_unit_test(every_value_names_its_source),
        cmocka_unit_test(a_field_is_found_by_its_name),
        cmocka_unit_test(a_profile_is_found_by_its_name),
        cmocka_unit_test(a_value_set_by_field_is_read_by_name),
        cmocka_unit_test(every_value_lies_in_the_range_of_its_unit),
        cmocka_unit_test(a_choice_has_words_up_to_its_last),
        cmocka_unit_test(what_is_not_verified_says_so),
        cmocka_unit_test(the_stacks_differ_in_how_long_time_wait_lasts),
        cmocka_unit_test(by_the_book_data_is_tried_for_100_s_and_a_syn_for_3_minutes),
        cmocka_unit_test(states_timers_and_errors_have_the_names_of_the_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
