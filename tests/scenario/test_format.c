/* SPDX-License-Identifier: MIT */
/* The one layout. Whoever writes a file may put blanks as they like; what comes out is the same, and it says the same. All scenarios of
 * the tree are the examples. */
#define _POSIX_C_SOURCE 200809L
#include "reading.h"
#include "scenario/format.h"

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = calloc(1, SCENARIO_BYTES_MAX + 1);
    assert_non_null(bytes);
    size_t length = fread(bytes, 1, SCENARIO_BYTES_MAX, file);
    bytes[length] = '\0';
    fclose(file);
    return bytes;
}

/* Calls `with` for each scenario below a folder of the tree. */
static void for_each(const char *folders, void (*with)(const char *path, const char *text))
{
    char command[256], path[256];
    unsigned met = 0;
    snprintf(command, sizeof command, "cd '%s' && find %s -name '*.scn' | sort", SOURCE_ROOT, folders);
    FILE *list = popen(command, "r");
    assert_non_null(list);
    while (fgets(path, sizeof path, list) != NULL) {
        char full[1024];
        path[strcspn(path, "\n")] = '\0';
        snprintf(full, sizeof full, "%s/%s", SOURCE_ROOT, path);
        char *text = slurp(full);
        with(path, text);
        free(text);
        met++;
    }
    assert_int_equal(pclose(list), 0);
    assert_true(met > 0);
}

static struct text laid_out(const char *text)
{
    struct text out = {0};
    assert_true(scenario_format(text, strlen(text), &out));
    assert_false(out.failed);
    return out;
}

static void expect_same(const char *path, const char *got, const char *wanted)
{
    if (strcmp(got, wanted) != 0)
        fail_msg("%s\ncame out as\n%s\nwanted\n%s", path, got, wanted);
}

static void lays_out_as(const char *text, const char *wanted)
{
    struct text out = laid_out(text);
    expect_same(text, out.bytes, wanted);
    text_free(&out);
}

/* ---- all scenarios ---- */

static void unchanged(const char *path, const char *text)
{
    struct text out = laid_out(text);
    expect_same(path, out.bytes, text);
    text_free(&out);
}

static void all_files_of_the_tree_are_laid_out_already(void **state)
{
    (void)state;
    for_each("scenarios tests", unchanged);
}

static void the_first_scenario_of_new_is_laid_out_already(void **state)
{
    (void)state;
    unchanged("new", scenario_template());
}

/* The # of a line's comment, or NULL. */
static const char *comment_of(const char *line, const char *end)
{
    bool string = false;
    for (; line < end; line++) {
        if (*line == '\\' && string)
            line++;
        else if (*line == '"')
            string = !string;
        else if (*line == '#' && !string)
            return line;
    }
    return NULL;
}

/* All comments of a text, one a line. */
static struct text comments_of(const char *text)
{
    struct text all = {0};
    text_puts(&all, "");
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const char *comment = comment_of(text, text + length);
        if (comment != NULL) {
            text_add(&all, comment, length - (size_t)(comment - text));
            text_putc(&all, '\n');
        }
        text += length + (text[length] == '\n');
    }
    return all;
}

static void comments_kept(const char *path, const char *text)
{
    struct text out = laid_out(text), before = comments_of(text), after = comments_of(out.bytes);
    expect_same(path, after.bytes, before.bytes);
    text_free(&out);
    text_free(&before);
    text_free(&after);
}

static void no_comment_is_lost_or_moved(void **state)
{
    (void)state;
    for_each("scenarios tests", comments_kept);
}

/* The same words as somebody else might write them: other indents, tabs, no blanks around signs, CRLF. */
static struct text untidy(const char *text)
{
    static const char *const blanks[] = {" ", "\t", "   ", " \t ", "  "};
    struct text out = {0};
    unsigned turn = 0;
    text_puts(&out, "\xEF\xBB\xBF\r\n");
    while (*text != '\0') {
        const char *end = text + strcspn(text, "\n"), *comment = comment_of(text, end), *stop = comment != NULL ? comment : end;
        const char *at = text + strspn(text, " ");
        bool string = false;
        text_repeat(&out, (at - text) % 8 == 0 ? "\t" : "   ", (unsigned)(at - text) / ((at - text) % 8 == 0 ? 8 : 4));
        for (; at < stop; at++) {
            bool sign = at[0] == ' ' && (strncmp(at + 1, "-> ", 3) == 0 || strncmp(at + 1, "-- ", 3) == 0);
            if (*at == '\\' && string)
                text_putc(&out, *at++);
            else if (*at == '"')
                string = !string;
            if (!string && sign) {
                text_add(&out, at + 1, 2);
                at += 3;
            } else if (!string && *at == ' ') {
                text_puts(&out, blanks[turn++ % 5]);
                at += strspn(at, " ") - 1;
            } else if (!string && *at == ',') {
                text_puts(&out, " ,\t");
            } else {
                text_putc(&out, *at);
            }
        }
        text_add(&out, stop, (size_t)(end - stop));
        text_puts(&out, *end == '\n' ? " \t\r\n" : "");
        text = end + (*end == '\n');
    }
    return out;
}

static void same_as_untidy(const char *path, const char *text)
{
    struct text tidy = laid_out(text), mess = untidy(text);
    struct text out = laid_out(mess.bytes);
    expect_same(path, out.bytes, tidy.bytes);
    text_free(&tidy);
    text_free(&mess);
    text_free(&out);
}

static void how_a_file_was_spaced_makes_no_difference(void **state)
{
    (void)state;
    for_each("scenarios tests", same_as_untidy);
}

/* ---- the places of wide gaps ---- */

static void a_wide_gap_stands_between_who_what_and_options(void **state)
{
    (void)state;
    lays_out_as("host a linux fin_timeout 10s timestamps off\nhost   b   rcvbuf 8KiB\n",
                "host a  linux  fin_timeout 10s  timestamps off\nhost b  rcvbuf 8KiB\n");
    lays_out_as("nat gw idle 5min closing 4min then reset\n", "nat gw  idle 5min  closing 4min  then reset\n");
    lays_out_as("link a--b delay 10ms loss gemodel 1% 5% rate 1mbit\n", "link a -- b  delay 10ms  loss gemodel 1% 5%  rate 1mbit\n");
    lays_out_as("cut a--b from 2s to 7s\ncut a->b from 2s for 5s\n", "cut a -- b  from 2s to 7s\ncut a -> b  from 2s for 5s\n");
    lays_out_as("delay 1st FIN a -> b by 3ms\nduplicate 2nd..4th FIN a -> b of x after 3s\n",
                "delay 1st FIN a -> b  by 3ms\nduplicate 2nd..4th FIN a -> b of x  after 3s\n");
    lays_out_as("at 5s inject a->b RST seq rcv.nxt+1\nat 5s inject a->b of x RST\n",
                "at 5s  inject a -> b  RST seq rcv.nxt+1\nat 5s  inject a -> b of x  RST\n");
    lays_out_as("when a sends 2nd FIN of close after 2s cut a -- b for 5s\n",
                "when a sends 2nd FIN of close after 2s  cut a -- b for 5s\n");
    lays_out_as("app a\n  x: at 1s close=0\n  when a sees eof within 3s close\n  after 1s recv 5 within 2s = 5\n",
                "app a\n    x: at 1s  close = 0\n    when a sees eof within 3s  close\n    after 1s  recv 5 within 2s = 5\n");
    lays_out_as("expect wire FIN a->b ,ACK(FIN) b->a\nexpect a spends 5s in TIME_WAIT+-2s\n",
                "expect wire FIN a -> b, ACK(FIN) b -> a\nexpect a spends 5s in TIME_WAIT +- 2s\n");
    lays_out_as("storm: maybe cut a -- b from 2s\n", "storm: maybe cut a -- b  from 2s\n");
}

static void lines_of_one_kind_stand_in_columns(void **state)
{
    (void)state;
    lays_out_as("host client linux\nhost b linux\n\nhost other linux\n", "host client  linux\nhost b       linux\n\nhost other  linux\n");
    lays_out_as("when a enters CLOSING say \"x\"\nwhen b enters TIME_WAIT say \"y\"\nwhen b enters CLOSED ask \"z\" = b.state\n",
                "when a enters CLOSING    say \"x\"\nwhen b enters TIME_WAIT  say \"y\"\nwhen b enters CLOSED     ask \"z\" = b.state\n");
    lays_out_as("at 1s say \"x\"\nwhen b enters CLOSED ask \"z\" = b.state\nat 3s cut a -- b\n",
                "at 1s                 say \"x\"\nwhen b enters CLOSED  ask \"z\" = b.state\nat 3s  cut a -- b\n");
    lays_out_as("stop 20min # one\nseed 7 # two\n\nseed 8 # three\n", "stop 20min  # one\nseed 7      # two\n\nseed 8  # three\n");
}

static void a_comment_goes_with_the_block_that_it_is_indented_like(void **state)
{
    (void)state;
    lays_out_as(
        "\n\n# top\n\n\n\napp a\n# first\n  close\n  # last\n# outside\nservice b 80\nvariant \"v\"\n # of v\n app a\n   # in a\n   close\n"
        "   # in a\n # of v\n# end\n\n",
        "# top\n\napp a\n    # first\n    close\n    # last\n# outside\nservice b 80\nvariant \"v\"\n    # of v\n    app a\n"
        "        # in a\n        close\n        # in a\n    # of v\n# end\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_files_of_the_tree_are_laid_out_already),
        cmocka_unit_test(the_first_scenario_of_new_is_laid_out_already),
        cmocka_unit_test(no_comment_is_lost_or_moved),
        cmocka_unit_test(how_a_file_was_spaced_makes_no_difference),
        cmocka_unit_test(a_wide_gap_stands_between_who_what_and_options),
        cmocka_unit_test(lines_of_one_kind_stand_in_columns),
        cmocka_unit_test(a_comment_goes_with_the_block_that_it_is_indented_like),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
