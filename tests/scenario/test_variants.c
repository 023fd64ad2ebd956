/* SPDX-License-Identifier: MIT */
/* LANGUAGE.md, Teaching: a variant inherits everything but the expect lines and replaces what it states again. */
#include "reading.h"

#include "base/duration.h"

static const char base[] = "seed 3\n"
                           "stop 1h\n"
                           "let OUTAGE = 5s\n"
                           "host client  linux  fin_timeout 7s\n"
                           "host server  linux\n"
                           "link client -- server  delay 10ms  loss 1%\n"
                           "link client -> server  loss 5%\n"
                           "app client\n"
                           "    connect server:80\n"
                           "    bye: at 1s  close\n"
                           "    sleep 1s\n"
                           "service server 80\n"
                           "    close\n"
                           "app server\n"
                           "    sleep 2s\n"
                           "storm: cut client -- server  from 2s for $OUTAGE\n"
                           "drop 1st FIN client -> server\n"
                           "at 2s  say \"two\"\n"
                           "expect client is CLOSED by 1min\n"
                           "expect breaks ends-agree\n";

static struct story *read_variant(const char *lines)
{
    char text[8192];
    snprintf(text, sizeof text, "%svariant \"one\"\n%svariant \"that uses the labels\"\n    bye: close\n    storm: none\n", base, lines);
    return read_right(text, 1);
}

static void it_inherits_all_but_the_expectations(void **state)
{
    (void)state;
    struct story *story = read_variant("    seed 3\n");
    assert_string_equal(story->variant_title, "one");
    assert_int_equal(story->variants, 2);
    assert_int_equal(story->seed, 3);
    assert_int_equal(story->stop_ns, 3600 * NS_PER_S);
    assert_int_equal(story->statement_count, 3);
    assert_int_equal(story->step_count, 5);
    assert_int_equal(story->expect_count, 0);
    assert_int_equal(story->nodes[0].profile.fin_timeout, 7 * NS_PER_S);
    assert_false(story->statements[0].maybe);
    assert_true(story->statements[2].maybe); /* an inherited say whose event does not occur is left out */
    story_free(story);
}

static void a_host_line_replaces_the_old_one_whole(void **state)
{
    (void)state;
    struct story *story = read_variant("    host client  rfc9293\n    expect client is CLOSED at 1s\n");
    assert_int_equal(story->nodes[0].profile.fin_timeout, profile_defaults(PROFILE_RFC9293)->fin_timeout);
    assert_int_equal(story->nodes[0].port_low, 49152);
    assert_int_equal(story->node_count, 2);
    assert_int_equal(story->expect_count, 1);
    story_free(story);
}

static void a_link_is_replaced_as_a_pair_and_an_arrow_changes_one_direction(void **state)
{
    (void)state;
    struct story *story = read_variant("    link server -- client  delay 50ms\n");
    assert_int_equal(story->link_count, 1);
    assert_int_equal(story->links[0].dir[0].loss_ppb, 0);
    assert_int_equal(story->links[0].dir[1].loss_ppb, 0);
    assert_int_equal(story->links[0].dir[1].delay_ns, 50 * NS_PER_MS);
    story_free(story);

    story = read_variant("    link client -> server  delay 50ms\n");
    assert_int_equal(story->links[0].dir[0].delay_ns, 50 * NS_PER_MS);
    assert_int_equal(story->links[0].dir[0].loss_ppb, 10000000); /* the base's -> line is gone, its -- line is not */
    assert_int_equal(story->links[0].dir[1].delay_ns, 10 * NS_PER_MS);
    story_free(story);
}

static void a_let_a_seed_and_a_stop_are_replaced_by_their_names(void **state)
{
    (void)state;
    struct story *story = read_variant("    let OUTAGE = 9s\n    seed 8\n    stop 20s\n");
    assert_int_equal(story->seed, 8);
    assert_int_equal(story->stop_ns, 20 * NS_PER_S);
    assert_int_equal(story->statements[0].cut_to_ns, 11 * NS_PER_S);
    story_free(story);
}

static void a_labelled_line_is_replaced_in_its_place(void **state)
{
    (void)state;
    struct story *story = read_variant("    bye: at 3s  abort\n    storm: maybe cut client -> server  from 4s to 5s\n");
    assert_int_equal(story->steps[1].call, CALL_ABORT);
    assert_int_equal(story->steps[1].guard.at_ns, 3 * NS_PER_S);
    assert_int_equal(story->steps[2].call, CALL_SLEEP);
    assert_int_equal(story->statements[0].kind, STATEMENT_CUT);
    assert_int_equal(story->statements[0].cut_from_ns, 4 * NS_PER_S);
    assert_true(story->statements[0].maybe);
    assert_string_equal(story->statements[0].label, "storm");
    assert_int_equal(story->statement_count, 3);
    story_free(story);
}

static void a_label_takes_its_line_away(void **state)
{
    (void)state;
    struct story *story = read_variant("    storm: none\n    bye: none\n    cut client -- server  from $OUTAGE\n");
    assert_int_equal(story->steps[1].call, CALL_SLEEP);
    assert_int_equal(story->programs[0].steps, 2);
    assert_int_equal(story->statements[0].kind, STATEMENT_DROP);
    assert_int_equal(story->statements[2].kind, STATEMENT_CUT); /* an unlabelled fault comes in addition, behind the others */
    story_free(story);
}

static void one_program_of_a_host_replaces_all_of_it(void **state)
{
    (void)state;
    struct story *story = read_variant("    service server 80\n        recv until eof\n        close\n");
    assert_int_equal(story->program_count, 2);
    assert_int_equal(story->programs[1].steps, 2);
    assert_int_equal(story->steps[3].call, CALL_RECV_EOF);
    story_free(story);
}

static void a_line_of_a_program_given_anew_cannot_be_replaced(void **state)
{
    (void)state;
    char text[8192];
    snprintf(text, sizeof text, "%svariant \"one\"\n    app client\n        connect server:80\n    bye: close\n    storm: none\n", base);
    read_wrong(text, 24, 5, "the variant gives this program anew in line 22, so no line of the old one can be replaced");
}

static void a_label_keeps_its_kind(void **state)
{
    (void)state;
    char text[8192];
    snprintf(text, sizeof text, "%svariant \"one\"\n    storm: none\n    bye: drop 1st FIN client -> server\n", base);
    read_wrong(text, 23, 10, "bye labels a call in line 10; another must replace it");
    snprintf(text, sizeof text, "%svariant \"one\"\n    bye: close\n    storm: close\n", base);
    read_wrong(text, 23, 12, "storm labels a fault, say or ask in line 16; another must replace it");
}

static void a_narration_beyond_a_variants_stop_is_left_out_but_a_fault_is_not(void **state)
{
    (void)state;
    static const char text[] = GROUND "at 10s  say \"ten\"\nvariant \"short\"\n    stop 5s\n";
    struct story *story = read_right(text, 1);
    assert_int_equal(story->last_named_ns, 0);
    story_free(story);
    read_wrong(GROUND "at 10s  kill client\nvariant \"short\"\n    stop 5s\n", 9, 4, "this time is beyond `stop`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_inherits_all_but_the_expectations),
        cmocka_unit_test(a_host_line_replaces_the_old_one_whole),
        cmocka_unit_test(a_link_is_replaced_as_a_pair_and_an_arrow_changes_one_direction),
        cmocka_unit_test(a_let_a_seed_and_a_stop_are_replaced_by_their_names),
        cmocka_unit_test(a_labelled_line_is_replaced_in_its_place),
        cmocka_unit_test(a_label_takes_its_line_away),
        cmocka_unit_test(one_program_of_a_host_replaces_all_of_it),
        cmocka_unit_test(a_line_of_a_program_given_anew_cannot_be_replaced),
        cmocka_unit_test(a_label_keeps_its_kind),
        cmocka_unit_test(a_narration_beyond_a_variants_stop_is_left_out_but_a_fault_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
