/* SPDX-License-Identifier: MIT */
/* The ladder, as a class would see it. The goldens under tests/golden/view are meant to be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "build.h"
#include "net/link.h"
#include "view/canvas.h"
#include "view/ladder_page.h"

static struct text drawn(struct build *b)
{
    struct text text = {0};
    view_ladder(&text, &b->story, &b->trace, &b->judgement, &b->options);
    assert_false(text.failed);
    return text;
}

static int widest(const char *s)
{
    int widest = 0;
    while (*s != '\0') {
        char line[2048];
        size_t length = strcspn(s, "\n");
        assert_true(length < sizeof line);
        memcpy(line, s, length);
        line[length] = '\0';
        int width = canvas_width(line);
        widest = width > widest ? width : widest;
        s += length + (s[length] == '\n');
    }
    return widest;
}

static void check(struct build *b, const char *name)
{
    struct text text = drawn(b);
    golden_check(name, &text);
    text_free(&text);
    build_done(b);
}

static void four_packets_end_a_connection_on_a_page_of_80_columns(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "Four packets end a connection");
    b.story.clock_ns = (10 * 3600 + 30 * 60) * NS_PER_S;
    build_four_packets(&b, false);
    check(&b, "four-packets-80.txt");
}

static void a_lost_ack_ends_in_a_cross_and_the_repeated_fin_is_marked(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "The final ACK is lost");
    build_four_packets(&b, true);
    check(&b, "lost-ack-80.txt");
}

static void a_wide_page_tells_windows_and_options_too(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "The final ACK is lost");
    build_four_packets(&b, true);
    b.options.width = 160;
    check(&b, "lost-ack-160.txt");
}

static void without_unicode_the_ladder_is_ascii(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "The final ACK is lost \xe2\x80\x93 again");
    build_four_packets(&b, true);
    b.options.unicode = false;
    struct text text = drawn(&b);
    for (size_t i = 0; i < text.length; i++)
        assert_true((unsigned char)text.bytes[i] < 0x80);
    text_free(&text);
    check(&b, "lost-ack-ascii.txt");
}

static void colour_adds_nothing_but_colour(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "The final ACK is lost");
    build_four_packets(&b, true);
    struct text plain = drawn(&b);
    b.options.colour = true;
    struct text coloured = drawn(&b), stripped = {0};
    for (const char *p = coloured.bytes; *p != '\0'; p++) {
        if (*p == '\033')
            p += strcspn(p, "m");
        else
            text_putc(&stripped, *p);
    }
    assert_string_equal(stripped.bytes, plain.bytes);
    assert_true(coloured.length > plain.length);
    text_free(&plain);
    text_free(&coloured);
    text_free(&stripped);
    build_done(&b);
}

static void no_line_is_wider_than_the_page(void **state)
{
    (void)state;
    for (unsigned width = 80; width <= 200; width += 8) {
        struct build b;
        build_init(&b,
                   "A title that is so long that it does not fit the narrowest page, and must go on in a second line of it, or a third");
        b.story.clock_ns = 0;
        build_four_packets(&b, true);
        b.options.width = width;
        struct text text = drawn(&b);
        assert_true(widest(text.bytes) <= (int)width);
        text_free(&text);
        build_done(&b);
    }
}

/* A mail relay stands between two others: arrows pass its lane. */
static void three_hosts_have_three_lanes_and_arrows_pass_between_them(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "Three hosts");
    build_host(&b, "printer");
    uint32_t closes = build_step(&b, CALL_CLOSE, 0);
    build_state(&b, 0, 1, TCP_CLOSED, TCP_SYN_SENT);
    build_travel(&b, 0, 2, 1, "S", 0, 0, 0);
    build_state(&b, 2, 1, TCP_CLOSED, TCP_SYN_RECEIVED);
    build_travel(&b, 2, 0, 1, "S.", 0, 0, 1);
    build_state(&b, 0, 1, TCP_SYN_SENT, TCP_ESTABLISHED);
    build_call(&b, 0, 1, closes);
    build_state(&b, 0, 1, TCP_ESTABLISHED, TCP_FIN_WAIT_1);
    build_return(&b, 0, 1, closes, 0, TCP_OK, false);
    build_travel(&b, 0, 2, 1, "F.", 1, 0, 1);
    build_state(&b, 2, 1, TCP_SYN_RECEIVED, TCP_CLOSE_WAIT);
    uint32_t lost = build_send(&b, 2, 0, 1, "R.", 1, 0, 2);
    build_drop(&b, lost, DROP_LOSS, 0);
    build_state(&b, 1, 2, TCP_CLOSED, TCP_SYN_SENT);
    build_travel(&b, 1, 2, 2, "S", 0, 0, 0);
    build_judge(&b, b.now_ns, VERDICT_OPEN);
    check(&b, "three-hosts-80.txt");
}

static void a_long_transfer_is_folded_and_full_shows_all_of_it(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "A long transfer");
    build_state(&b, 0, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_state(&b, 1, 1, TCP_CLOSED, TCP_ESTABLISHED);
    for (uint32_t i = 0; i < 3000; i++) {
        build_travel(&b, 0, 1, 1, ".", 1 + i * 1448, 1448, 1);
        if (i % 2 == 1)
            build_travel(&b, 1, 0, 1, ".", 1, 0, 1 + (i + 1) * 1448);
    }
    build_judge(&b, b.now_ns, VERDICT_OPEN);
    struct text text = drawn(&b);
    assert_true(text_line_count(&text) < 40);
    assert_non_null(strstr(text.bytes, "data segments, "));
    text_free(&text);
    b.options.full = true;
    text = drawn(&b);
    assert_true(text_line_count(&text) > 8000);
    text_free(&text);
    b.options.full = false;
    check(&b, "long-transfer-80.txt");
}

static void a_lossy_transfer_does_not_flood_either(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "A lossy transfer");
    build_state(&b, 0, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_state(&b, 1, 1, TCP_CLOSED, TCP_ESTABLISHED);
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t sent = build_send(&b, 0, 1, 1, i % 30 == 1 ? ".!" : ".", 1 + i * 1448, 1448, 1);
        if (i % 30 == 0)
            build_drop(&b, sent, DROP_LOSS, 0);
        b.now_ns += 10 * NS_PER_MS;
        if (i % 30 != 0)
            build_recv(&b, sent);
    }
    build_judge(&b, b.now_ns, VERDICT_OPEN);
    struct text text = drawn(&b);
    assert_true(text_line_count(&text) < 60);
    assert_non_null(strstr(text.bytes, " retransmitted"));
    text_free(&text);
    build_done(&b);
}

static void of_many_connections_the_first_are_shown_and_the_others_counted(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "A crowd");
    for (uint32_t conn = 1; conn <= 100; conn++) {
        build_state(&b, 0, conn, TCP_CLOSED, TCP_SYN_SENT);
        build_travel(&b, 0, 1, conn, "S", 0, 0, 0);
    }
    build_judge(&b, b.now_ns, VERDICT_OPEN);
    b.judgement.connection_count = 12;
    for (uint32_t i = 0; i < 12; i++)
        b.reports[i] = (struct connection_report){
            .conn = i + 1, .name = STORY_NONE, .host = {0, 1}, .verdict = i % 3 == 0 ? VERDICT_OPEN : VERDICT_CLEAN};
    check(&b, "crowd-80.txt");
}

static void faults_asks_and_named_connections_stand_out(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "Names, faults and a question");
    uint32_t cut = build_statement(&b, STATEMENT_CUT, 12, NULL);
    uint32_t ask = build_statement(&b, STATEMENT_ASK, 14, "Which state is the client in now?");
    b.statements[ask - 1].ask = ASK_STATE;
    uint32_t receives = build_step(&b, CALL_RECV_EOF, 0);
    build_state(&b, 0, 1, TCP_CLOSED, TCP_ESTABLISHED);
    build_name(&b, 1, "old");
    build_state(&b, 0, 2, TCP_CLOSED, TCP_SYN_SENT);
    build_name(&b, 2, "new");
    build_call(&b, 0, 1, receives);
    b.now_ns = 2 * NS_PER_S;
    build_fault(&b, cut, FAULT_CUT_BEGINS);
    uint32_t sent = build_send(&b, 0, 1, 2, "S!", 0, 0, 0);
    build_drop(&b, sent, DROP_CUT, cut);
    build_note(&b, ask, TCP_SYN_SENT);
    b.now_ns = 7 * NS_PER_S;
    build_fault(&b, cut, FAULT_CUT_ENDS);
    build_travel(&b, 1, 0, 1, "R.", 1, 0, 1);
    uint32_t closed = build_state(&b, 0, 1, TCP_ESTABLISHED, TCP_CLOSED);
    b.trace.events[closed - 1].what = WHY_RST_RECEIVED;
    build_return(&b, 0, 1, receives, 0, TCP_ECONNRESET, false);
    build_judge(&b, 600 * NS_PER_S, VERDICT_RESET);
    b.judgement.failures.count = 1;
    check(&b, "names-and-faults-80.txt");
}

/* ---- the screen of a run that goes on ---- */

static struct text screen_of(struct build *b, uint32_t count, unsigned rows)
{
    const struct judgement nothing = {.cut = true};
    struct text text = {0};
    struct trace seen = b->trace;
    seen.count = count;
    view_screen(&text, &b->story, &seen, &nothing, &b->options, rows);
    assert_false(text.failed);
    return text;
}

/* Nothing is known of what comes, and yet no column moves while it comes. */
static void a_screen_grows_line_by_line_and_its_columns_stay(void **state)
{
    static const unsigned widths[] = {80, 100, 132, 200};
    (void)state;
    for (unsigned w = 0; w < 4; w++) {
        struct build b;
        char head[512] = "";
        build_init(&b, "Four packets");
        build_four_packets(&b, true);
        b.options.width = widths[w];
        for (uint32_t count = 0; count <= b.trace.count; count++) {
            struct text text = screen_of(&b, count, 18);
            const size_t length = strcspn(text.bytes, "\n");
            assert_in_range(text_line_count(&text), 1, 18);
            assert_true(widest(text.bytes) <= (int)widths[w]);
            assert_true(length < sizeof head);
            if (count > 0)
                assert_memory_equal(head, text.bytes, length + 1);
            memcpy(head, text.bytes, length + 1);
            text_free(&text);
        }
        build_done(&b);
    }
}

/* What the story names last stands on the last line. */
static void a_screen_shows_the_newest_lines(void **state)
{
    struct build b;
    (void)state;
    build_init(&b, "Four packets");
    build_four_packets(&b, false);
    struct text all = screen_of(&b, b.trace.count, 60), few = screen_of(&b, b.trace.count, 6);
    assert_int_equal(text_line_count(&few), 6);
    const char *tail = strchr(few.bytes, '\n') + 1;
    assert_string_equal(tail, all.bytes + all.length - strlen(tail));
    text_free(&all);
    text_free(&few);
    build_done(&b);
}

/* Five hosts in eighty columns have no room for lanes. */
static void hosts_without_room_for_lanes_are_told_of_in_sentences(void **state)
{
    struct build b;
    struct story_node nodes[6];
    (void)state;
    build_init(&b, "A crowd");
    build_four_packets(&b, false);
    for (unsigned i = 0; i < 6; i++)
        nodes[i] = b.nodes[i < 2 ? i : 0];
    b.story.nodes = nodes;
    b.story.node_count = 6;
    b.options.width = 80;
    struct text text = screen_of(&b, b.trace.count, 10);
    assert_in_range(text_line_count(&text), 9, 10);
    assert_non_null(strstr(text.bytes, "client: TIME_WAIT -> CLOSED"));
    text_free(&text);
    build_done(&b);
}

/* What the scenario says in milli- or microseconds is found again; of a jitter's digits no more than keep two instants apart. */
static void times_have_as_many_decimals_as_a_reader_needs(void **state)
{
    static const struct {
        int64_t ns[4];
        int decimals;
    } pages[] = {
        {{0, 0, 20 * NS_PER_MS, 40 * NS_PER_MS}, 3},
        {{0, 1500 * NS_PER_US, 3 * NS_PER_MS, 4500 * NS_PER_US}, 6},
        {{0, 20048 * NS_PER_US, 20048 * NS_PER_US, 40096 * NS_PER_US}, 6},
        {{0, 23699123, 41806711, 57261007}, 3}, /* jitter */
        {{0, 60137600, 60137600, 60937600}, 6},
        {{0, 20000480, 20000960, 40000960}, 9}, /* a gigabit: a bare ACK takes 480 ns */
    };
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct page_decimals decimals = {0};
        for (size_t k = 0; k < 4; k++)
            page_decimals_add(&decimals, pages[i].ns[k]);
        assert_int_equal(page_decimals(&decimals), pages[i].decimals);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_packets_end_a_connection_on_a_page_of_80_columns),
        cmocka_unit_test(a_lost_ack_ends_in_a_cross_and_the_repeated_fin_is_marked),
        cmocka_unit_test(a_wide_page_tells_windows_and_options_too),
        cmocka_unit_test(without_unicode_the_ladder_is_ascii),
        cmocka_unit_test(colour_adds_nothing_but_colour),
        cmocka_unit_test(no_line_is_wider_than_the_page),
        cmocka_unit_test(three_hosts_have_three_lanes_and_arrows_pass_between_them),
        cmocka_unit_test(a_long_transfer_is_folded_and_full_shows_all_of_it),
        cmocka_unit_test(a_lossy_transfer_does_not_flood_either),
        cmocka_unit_test(of_many_connections_the_first_are_shown_and_the_others_counted),
        cmocka_unit_test(faults_asks_and_named_connections_stand_out),
        cmocka_unit_test(a_screen_grows_line_by_line_and_its_columns_stay),
        cmocka_unit_test(a_screen_shows_the_newest_lines),
        cmocka_unit_test(hosts_without_room_for_lanes_are_told_of_in_sentences),
        cmocka_unit_test(times_have_as_many_decimals_as_a_reader_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
