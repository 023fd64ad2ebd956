/* SPDX-License-Identifier: MIT */
/* The ladder as a picture. The goldens are small and have an element a line, so that a change of the layout can be read; whether words lie
 * on each other, pictures.py sees on all scenarios. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "build.h"

static struct text drawn(struct build *b)
{
    struct text text = {0};
    view_svg(&text, &b->story, &b->trace, &b->judgement, &b->options);
    assert_false(text.failed);
    return text;
}

static void a_lost_ack_is_a_cross_and_the_repeated_fin_is_dashed(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "The final ACK is lost");
    build_four_packets(&b, true);
    struct text text = drawn(&b);
    assert_non_null(strstr(text.bytes, "class=\"cross\""));
    assert_non_null(strstr(text.bytes, "class=\"segment fin again\""));
    golden_check("lost-ack.svg", &text);
    text_free(&text);
    build_done(&b);
}

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, word)) != NULL; p += strlen(word))
        n++;
    return n;
}

static void states_and_what_was_said_are_in_the_picture_by_name(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "A <title> & \"quotes\", \xc3\xa4");
    uint32_t ask = build_statement(&b, STATEMENT_ASK, 3, "Which state is the client in now?");
    b.statements[ask - 1].ask = ASK_STATE;
    build_state(&b, 0, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_state(&b, 1, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_note(&b, ask, TCP_ESTABLISHED);
    b.now_ns = 600 * NS_PER_S;
    build_state(&b, 0, 1, TCP_ESTABLISHED, TCP_FIN_WAIT_1);
    build_judge(&b, b.now_ns, VERDICT_OPEN);
    struct text text = drawn(&b);
    assert_non_null(strstr(text.bytes, "A &#60;title&#62; &#38; &#34;quotes&#34;, &#228;"));
    assert_non_null(strstr(text.bytes, "Which state is the client in now?"));
    assert_non_null(strstr(text.bytes, "class=\"word answer\">ESTABLISHED<"));
    assert_int_equal(count(text.bytes, "class=\"state ESTABLISHED\""), 2);
    assert_non_null(strstr(text.bytes, ">&#8942; 10 min<"));
    text_free(&text);
    build_done(&b);
}

/* The line of an arrow of segment `number`: how far down it goes. */
static int fall_of(const char *text, unsigned number)
{
    char id[32];
    int x0, y0, x1, y1;
    snprintf(id, sizeof id, "id=\"s%u\"", number);
    const char *group = strstr(text, id);
    assert_non_null(group);
    const char *path = strstr(group, "<path d=\"M");
    assert_non_null(path);
    assert_int_equal(sscanf(path, "<path d=\"M%d %dL%d %d", &x0, &y0, &x1, &y1), 4);
    return y1 - y0;
}

static void equal_times_are_equal_lengths_and_twice_the_time_is_twice_the_length(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "To scale");
    build_state(&b, 0, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_state(&b, 1, 1, TCP_CLOSED, TCP_ESTABLISHED);
    for (unsigned i = 1; i <= 5; i++) {
        uint32_t sent = build_send(&b, 0, 1, 1, ".", i, 1, 1);
        b.now_ns += (i == 5 ? 20 : 10) * NS_PER_MS;
        build_recv(&b, sent);
        b.now_ns += 5 * NS_PER_S;
    }
    build_judge(&b, b.now_ns, VERDICT_OPEN);
    struct text text = drawn(&b);
    int fall = fall_of(text.bytes, 2);
    assert_true(fall > 20);
    assert_int_equal(fall_of(text.bytes, 3), fall);
    assert_int_equal(fall_of(text.bytes, 5), 2 * fall);
    text_free(&text);
    build_done(&b);
}

/* One end is gone, the other does not know: the longest line of a bug report. */
static void disagreement_is_marked_at_the_end_that_does_not_know(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "A crash");
    build_state(&b, 0, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_state(&b, 1, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_travel(&b, 0, 1, 1, ".", 1, 1, 1);
    b.now_ns = NS_PER_S;
    build_state(&b, 1, 1, TCP_ESTABLISHED, TCP_CLOSED);
    build_judge(&b, 61 * NS_PER_S, VERDICT_HALF_OPEN);
    struct text text = drawn(&b);
    assert_non_null(strstr(text.bytes, "&#9888; the ends disagree for 60 s: server is gone,"));
    assert_int_equal(count(text.bytes, "class=\"disagree\""), 1);
    text_free(&text);
    build_done(&b);
}

static void nothing_at_all_is_a_picture_too(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "Nothing");
    build_judge(&b, 0, VERDICT_OPEN);
    b.judgement.connection_count = 0;
    struct text text = drawn(&b);
    assert_non_null(strstr(text.bytes, "the run ends"));
    text_free(&text);
    build_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_ack_is_a_cross_and_the_repeated_fin_is_dashed),
        cmocka_unit_test(states_and_what_was_said_are_in_the_picture_by_name),
        cmocka_unit_test(equal_times_are_equal_lengths_and_twice_the_time_is_twice_the_length),
        cmocka_unit_test(disagreement_is_marked_at_the_end_that_does_not_know),
        cmocka_unit_test(nothing_at_all_is_a_picture_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
