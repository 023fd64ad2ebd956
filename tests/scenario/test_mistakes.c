/* SPDX-License-Identifier: MIT */
/* LANGUAGE.md, Errors: every message has line and column, the width of the word, what was expected, and a near miss or the
 * exact line to write. */
#include "reading.h"

/* One line of a file, or a few, with the one error that it must give: line within the snippet, column, width, message, help. */
struct mistake {
    const char *text;
    uint32_t line, column, width;
    const char *message, *help;
};

static const struct mistake statements[] = {
#include "mistakes_statements.h"
};
static const struct mistake calls[] = {
#include "mistakes_calls.h"
};

static void check(const struct mistake *mistake, const char *file, uint32_t lines_before)
{
    struct diagnostics diagnostics;
    struct story *story = read_text(file, NULL, &diagnostics);
    const struct diagnostic *found = &diagnostics.list[0];
    if (story != NULL || diagnostics.count != 1)
        fail_msg("%u errors, not one, in: %s", diagnostics.count, mistake->text);
    if (found->line != lines_before + mistake->line || found->column != mistake->column || found->width != mistake->width ||
        strcmp(found->message, mistake->message) != 0 || strcmp(found->help, mistake->help) != 0)
        fail_msg("%s\nfound  %u:%u-%u %s | %s\nwanted %u:%u-%u %s | %s", mistake->text, found->line - lines_before, found->column,
                 found->width, found->message, found->help, mistake->line, mistake->column, mistake->width, mistake->message,
                 mistake->help);
}

static void a_mistaken_statement_is_pointed_at(void **state)
{
    (void)state;
    char file[4096];
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        snprintf(file, sizeof file, GROUND "%s\n", statements[i].text);
        check(&statements[i], file, 8);
    }
}

static void a_mistaken_call_is_pointed_at(void **state)
{
    (void)state;
    char file[4096];
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        snprintf(file, sizeof file,
                 "host client\nhost server\nlink client -- server  delay 10ms\napp client\n    connect server:80\n    %s\n"
                 "service server 80\n    close\n",
                 calls[i].text);
        check(&calls[i], file, 5);
    }
}

static void what_the_whole_file_tells(void **state)
{
    (void)state;
    read_wrong("", 0, 0, "the file is empty: a scenario has hosts");
    read_wrong("# nothing but a comment\n\n", 0, 0, "the file is empty: a scenario has hosts");
    read_wrong("seed 4\n", 0, 0, "the scenario has no hosts");
    read_wrong("host a\nhost b\nhost c\nlink a -- b\n", 3, 6, "no link reaches c");
    read_wrong("host a\nhost b\nfirewall fw idle 5s then drop\nlink a -- b\nlink a -- fw\n", 3, 10, "fw has 1 link");
    read_wrong("host a\nhost b\nhost c\nhost d\nlink a -- b\nlink c -- d\napp a\n  connect c:80\n", 8, 11, "no link leads to c");
    read_wrong("host a\nhost b\nfirewall fw idle 5s then drop\nlink a -- fw\nlink fw -- b\napp fw\n  connect a:80\n", 6, 5,
               "fw is a firewall, not a host");
    read_wrong("host a\nhost b\nlink a -> b delay 1s\nlink a -- b\n", 3, 1, "there is no such link yet");
    /* Said again in a variant, and misspelt. */
    read_wrong(GROUND "variant \"v\"\n    host clinet rfc9293\n", 10, 10, "no link reaches clinet");
    read_wrong(GROUND "variant \"v\"\n    # nothing\nvariant \"w\"\n    seed 4\n", 9, 1, "this variant says nothing");
    /* Two names for one connection, given at either end. */
    read_wrong("host a\nhost b\nlink a -- b\napp a\n  connect b:80 as x\n  close x\nservice b 80 as y\n  close y\n", 5, 3,
               "this connection is x here and y in line 7");
    /* Who never sends a byte, and who never talks. */
    read_wrong("host a\nhost b\nhost c\nlink a -- b\nlink b -- c\napp a\n  connect b:80\n  close\nexpect never RST a -> c\n", 9, 14,
               "nobody could send this");
    struct story *story =
        read_right("host a\nhost b\nlink a -- b\napp a\n  connect b:80\n  close\nexpect never RST b -> a\nexpect never RST\n", 0);
    story_free(story);
}

static void what_is_no_text_is_one_error(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    static const struct {
        const char *bytes;
        size_t length;
        uint32_t line, column;
        const char *message;
    } files[] = {
        {"host a\nho\0st", 12, 2, 3, "a NUL byte"},
        {"host a\n\xC3(", 9, 2, 1, "byte 0xc3 is not UTF-8"},
        {"\xFF\xFEh\0", 4, 1, 1, "this is UTF-16"},
        {"# \xED\xA0\x80", 5, 1, 3, "byte 0xed is not UTF-8"},
        {"# \xC3\xA9 \xF8", 6, 1, 5, "byte 0xf8 is not UTF-8"},
        {"host \x1B[1m", 9, 1, 6, "control character 0x1b"},
        {"\x7F"
         "ELF",
         4, 1, 1, "control character 0x7f"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_null(scenario_read("x", files[i].bytes, files[i].length, NULL, &diagnostics));
        assert_int_equal(diagnostics.count, 1);
        assert_string_equal(diagnostics.list[0].message, files[i].message);
        assert_int_equal(diagnostics.list[0].line, files[i].line);
        assert_int_equal(diagnostics.list[0].column, files[i].column);
    }
}

static void a_file_of_more_than_a_mebibyte_is_refused(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    size_t most = 1024 * 1024, ground = strlen(GROUND);
    char *text = malloc(most + 1);
    assert_non_null(text);
    memset(text, '\n', most + 1);
    memcpy(text, GROUND, ground);
    struct story *story = scenario_read("x", text, most, NULL, &diagnostics);
    assert_non_null(story);
    story_free(story);
    assert_null(scenario_read("x", text, most + 1, NULL, &diagnostics));
    assert_string_equal(diagnostics.list[0].message, "the file has 1048577 bytes");
    free(text);
}

static void all_errors_come_in_one_go_in_line_order_and_twenty_are_kept(void **state)
{
    (void)state;
    char text[8192] = GROUND;
    for (int i = 0; i < 30; i++)
        strcat(text, i % 2 == 0 ? "expect nobody is CLOSED at 5s\n" : "drop 1 FIN client -> server\n");
    struct diagnostics diagnostics;
    assert_null(read_text(text, NULL, &diagnostics));
    assert_int_equal(diagnostics.count, 30);
    for (uint32_t i = 0; i < DIAGNOSTICS_MAX; i++)
        assert_int_equal(diagnostics.list[i].line, 9 + i);
}

static void errors_of_every_variant_are_found_whichever_is_read(void **state)
{
    (void)state;
    static const char text[] = GROUND "variant \"one\"\n    host client linx\nvariant \"two\"\n    seed x\n";
    for (uint16_t variant = 0; variant <= 2; variant++) {
        struct diagnostics diagnostics;
        struct scenario_options options = {.variant = variant};
        assert_null(read_text(text, &options, &diagnostics));
        assert_int_equal(diagnostics.count, 2);
        assert_int_equal(diagnostics.list[0].line, 10);
        assert_int_equal(diagnostics.list[1].line, 12);
    }
}

static void one_mistake_is_one_error(void **state)
{
    (void)state;
    /* Nothing is called unused or unknown because the line that uses or defines it could not be read. */
    static const char *const texts[] = {
        GROUND "let A = 40s..5s\ncut client -- server from 1s for $A\n",
        GROUND "let A = 5s\ncut client -- server frm 1s for $A\n",
        GROUND "hots fox linux\nlink fox -- client\n",
        GROUND "host fox linx\nlink fox -- client\n",
        "host client\nhost server\nlink client -- server\napp client\n    conect server:80 as old\n    close old\nexpect client.old is "
        "CLOSED at 1s\n",
        GROUND "storm: cutt client -- server from 2s\nvariant \"calm\"\n    expect client is CLOSED at 5s\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct diagnostics diagnostics;
        assert_null(read_text(texts[i], NULL, &diagnostics));
        if (diagnostics.count != 1)
            fail_msg("%u errors, the second %s, in:\n%s", diagnostics.count, diagnostics.list[1].message, texts[i]);
    }
}

static void columns_count_characters(void **state)
{
    (void)state;
    read_wrong(GROUND "say \"\xC3\xA9t\xC3\xA9\" x\n", 9, 11, "x has no meaning here");
    read_wrong(GROUND "\xEF\xBB\xBF", 9, 1, "\xEF\xBB\xBF is not a statement");
    read_wrong("\xEF\xBB\xBFhosts client\n", 1, 1, "hosts is not a statement");
    read_wrong("host a\r\nhost b\r\nlink a -- b\r\nhots c\r\n", 4, 1, "hots is not a statement");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistaken_statement_is_pointed_at),
        cmocka_unit_test(a_mistaken_call_is_pointed_at),
        cmocka_unit_test(what_the_whole_file_tells),
        cmocka_unit_test(what_is_no_text_is_one_error),
        cmocka_unit_test(a_file_of_more_than_a_mebibyte_is_refused),
        cmocka_unit_test(all_errors_come_in_one_go_in_line_order_and_twenty_are_kept),
        cmocka_unit_test(errors_of_every_variant_are_found_whichever_is_read),
        cmocka_unit_test(one_mistake_is_one_error),
        cmocka_unit_test(columns_count_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
