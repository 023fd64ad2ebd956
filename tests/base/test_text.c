/* SPDX-License-Identifier: MIT */
/* Everything that a person reads passes through a text: times above all, and a time must say exactly what it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <string.h>

#include "base/duration.h"
#include "base/invariant.h"
#include "base/text.h"

static void assert_text(struct text *text, const char *expected)
{
    assert_false(text->failed);
    assert_string_equal(text->bytes, expected);
    assert_int_equal(text->length, strlen(expected));
    text_free(text);
}

static void a_text_grows_as_pieces_are_added(void **state)
{
    (void)state;
    struct text text = {0};
    text_puts(&text, "seq ");
    text_u64(&text, UINT64_MAX);
    text_putc(&text, ' ');
    text_i64(&text, INT64_MIN);
    text_printf(&text, " %s:%d", "server", 80);
    text_repeat(&text, "-=", 3);
    text_add(&text, "abc", 2);
    text_add(&text, NULL, 0);
    assert_text(&text, "seq 18446744073709551615 -9223372036854775808 server:80-=-=-=ab");
}

static void a_text_grows_beyond_its_first_room_without_losing_a_byte(void **state)
{
    (void)state;
    struct text text = {0};
    for (unsigned i = 0; i < 100000; i++)
        text_u64(&text, i % 10);
    text_printf(&text, "%2000s", "x");
    assert_int_equal(text.length, 102000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(text.bytes[i], '0' + (int)(i % 10));
    assert_int_equal(text.bytes[101999], 'x');
    assert_int_equal(text.bytes[102000], '\0');
    text_free(&text);
    assert_null(text.bytes);
}

static void a_failed_text_stays_as_it_was_and_is_still_freed(void **state)
{
    (void)state;
    struct text text = {0};
    text_puts(&text, "kept");
    text_add(&text, "", SIZE_MAX); /* no memory is that large */
    assert_true(text.failed);
    text_puts(&text, "late");
    text_u64(&text, 1);
    text_printf(&text, "%d", 2);
    assert_string_equal(text.bytes, "kept");
    text_free(&text);
    assert_false(text.failed);
}

static void a_duration_is_written_as_the_language_reads_it(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *written;
    } cases[] = {
        {0, "0"},
        {1, "1ns"},
        {500, "500ns"},
        {1500, "1.5us"},
        {250 * NS_PER_US, "250us"},
        {10 * NS_PER_MS, "10ms"},
        {500 * NS_PER_MS, "500ms"},
        {40 * NS_PER_MS + 1, "40.000001ms"},
        {1500 * NS_PER_MS, "1.5s"},
        {5040 * NS_PER_MS, "5.04s"},
        {90 * NS_PER_S, "90s"},
        {60 * NS_PER_S, "1min"},
        {240 * NS_PER_S, "4min"},
        {90 * 60 * NS_PER_S, "90min"},
        {3600 * NS_PER_S, "1h"},
        {24 * 3600 * NS_PER_S, "24h"},
        {61 * NS_PER_S + 1, "61.000000001s"},
        {-2 * NS_PER_MS, "-2ms"},
        {TIME_NEVER, "never"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text = {0};
        text_duration(&text, cases[i].ns);
        assert_text(&text, cases[i].written);
    }
}

static void seconds_have_three_decimals_and_more_only_where_they_count(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *written;
    } cases[] = {
        {0, "0.000"},
        {5040 * NS_PER_MS, "5.040"},
        {500 * NS_PER_US, "0.000500"},
        {1, "0.000000001"},
        {1000 * NS_PER_S, "1000.000"},
        {10 * NS_PER_MS + 120, "0.010000120"},
        {-1500 * NS_PER_MS, "-1.500"},
        {-1, "-0.000000001"},
        {TIME_NEVER, "never"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text = {0};
        text_seconds(&text, cases[i].ns);
        assert_text(&text, cases[i].written);
    }
}

static void a_sum_of_times_never_wraps(void **state)
{
    (void)state;
    assert_int_equal(time_add(1, 2), 3);
    assert_int_equal(time_add(TIME_NEVER, 0), TIME_NEVER);
    assert_int_equal(time_add(5, TIME_NEVER), TIME_NEVER);
    assert_int_equal(time_add(TIME_NEVER - 1, 5), TIME_NEVER);
}

static jmp_buf out;
static const char *seen_condition;
static void escape(const char *condition, const char *file, int line)
{
    (void)file;
    (void)line;
    seen_condition = condition;
    longjmp(out, 1);
}

static void a_failed_assertion_is_told_to_the_handler(void **state)
{
    (void)state;
    assertion_set_handler(escape);
    if (setjmp(out) == 0)
        ASSERT(sizeof(int) == 1);
    assertion_set_handler(NULL);
    assert_string_equal(seen_condition, "sizeof(int) == 1");
}

static unsigned distance(const char *a, const char *b)
{
    return word_distance(a, strlen(a), b, strlen(b));
}

static void a_word_is_as_far_from_another_as_somebody_mistyped(void **state)
{
    char longer[WORD_LONGEST + 2] = "";
    (void)state;
    memset(longer, 'x', WORD_LONGEST + 1);
    assert_int_equal(distance("close", "close"), 0);
    assert_int_equal(distance("close", "clsoe"), 1);
    assert_int_equal(distance("close", "cloze"), 1);
    assert_int_equal(distance("close", "closed"), 1);
    assert_int_equal(distance("close", "lose"), 1);
    assert_int_equal(distance("", "abort"), 5);
    assert_int_equal(distance("abort", longer), WORD_LONGEST);
}

static void lines_are_counted_by_their_ends(void **state)
{
    struct text text = {0};
    (void)state;
    assert_int_equal(text_line_count(&text), 0);
    text_puts(&text, "one\ntwo\nthree");
    assert_int_equal(text_line_count(&text), 2);
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_grows_as_pieces_are_added),
        cmocka_unit_test(a_text_grows_beyond_its_first_room_without_losing_a_byte),
        cmocka_unit_test(a_failed_text_stays_as_it_was_and_is_still_freed),
        cmocka_unit_test(a_duration_is_written_as_the_language_reads_it),
        cmocka_unit_test(seconds_have_three_decimals_and_more_only_where_they_count),
        cmocka_unit_test(a_sum_of_times_never_wraps),
        cmocka_unit_test(a_failed_assertion_is_told_to_the_handler),
        cmocka_unit_test(a_word_is_as_far_from_another_as_somebody_mistyped),
        cmocka_unit_test(lines_are_counted_by_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
