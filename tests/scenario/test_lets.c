/* SPDX-License-Identifier: MIT */
/* `let`: a value, a word, or a range that the seed draws from; and what the command line changes. */
#include "reading.h"

#include "base/duration.h"

static void a_word_stands_wherever_a_word_can_stand(void **state)
{
    (void)state;
    struct story *s = read_right("let WHO = server\nlet PORT = 80\nlet WHICH = 2nd..3rd\nlet TEXT = \"two words\"\nlet BYE = abort\n"
                                 "host client\nhost server\nlink client -- $WHO\napp client\n    connect $WHO:$PORT as old\n    $BYE old\n"
                                 "drop $WHICH FIN client -> $WHO\nsay $TEXT\nexpect $WHO.old is CLOSED at 5s\n",
                                 0);
    assert_true(s->steps[0].host == 1 && s->steps[0].port == 80 && s->steps[1].call == CALL_ABORT);
    assert_true(s->statements[0].segment.ordinals.last == 3 && s->expects[0].host == 1 && s->expects[0].name == 0);
    assert_string_equal(s->statements[1].text, "two words");
    assert_int_equal(s->let_count, 0);
    story_free(s);
}

static void a_range_is_drawn_by_the_seed_into_every_place(void **state)
{
    (void)state;
    struct story *s =
        read_right("let D = 5s..40s\nlet N = 100..200\nlet L = 1%..5%\n"
                   "host client  msl $D\nhost server\nlink client -- server  delay $D  loss $L\n"
                   "app client\n    connect server:80\n    send $N = $N\n"
                   "cut client -- server  from 3s for $D\ncut client -- server  from $D for $D\nexpect client spends $D in TIME_WAIT\n",
                   0);
    int64_t seen[2] = {0, 0};
    for (uint64_t seed = 1; seed < 300; seed++) {
        story_draw(s, seed);
        int64_t d = s->links[0].dir[0].delay_ns;
        assert_true(d >= 5 * NS_PER_S && d <= 40 * NS_PER_S && d % NS_PER_MS == 0); /* both bounds are whole ms: so is the draw */
        assert_true(s->links[0].dir[1].delay_ns == d && s->nodes[0].profile.msl == d);
        assert_true(s->statements[0].cut_to_ns == d + 3 * NS_PER_S);
        assert_true(s->statements[1].cut_from_ns == d && s->statements[1].cut_to_ns == 2 * d);
        assert_true(s->expects[0].low_ns == d && s->expects[0].high_ns == d && s->lets[0].value == d);
        assert_true(s->steps[1].size >= 100 && s->steps[1].size <= 200 && s->steps[1].expect_value == s->steps[1].size);
        assert_true(s->links[0].dir[0].loss_ppb >= 10000000 && s->links[0].dir[1].loss_ppb <= 50000000);
        seen[seed % 2] = d;
    }
    assert_true(seen[0] != seen[1]);
    assert_int_equal(s->last_named_ns, 40 * NS_PER_S);
    story_free(s);
}

static void a_draw_depends_on_the_seed_and_the_name_alone(void **state)
{
    (void)state;
    struct story *one = read_right("let D = 5s..40s\n" GROUND "cut client -- server from $D\n", 0);
    struct story *two = read_right(
        "# a comment\nlet A = 1ns..9ns\n" GROUND "cut client -- server from $A\nlet D = 5s..40s\ncut client -- server from $D\n", 0);
    assert_true(one->statements[0].cut_from_ns == two->statements[1].cut_from_ns);
    story_free(one);
    story_free(two);
}

static void a_value_takes_the_place_of_a_draw(void **state)
{
    (void)state;
    struct story *s = read_right("let D = 5ms..40ms\nhost a\nhost b\nlink a -- b  delay $D  jitter $D\nlink a -> b  delay 1ms\n"
                                 "at 1s  link a -- b  jitter 2ms\nat 2s  link b -> a  delay 3ms\n",
                                 0);
    story_draw(s, 5);
    int64_t d = s->lets[0].value;
    assert_true(s->links[0].dir[0].delay_ns == NS_PER_MS && s->links[0].dir[0].jitter_ns == d && s->links[0].dir[1].delay_ns == d);
    const struct story_statement *f = s->statements;
    assert_true(f[0].params[0].delay_ns == NS_PER_MS && f[0].params[1].delay_ns == d && f[0].params[1].jitter_ns == 2 * NS_PER_MS);
    assert_true(f[1].params[0].delay_ns == 3 * NS_PER_MS && f[1].params[0].jitter_ns == 2 * NS_PER_MS);
    story_free(s);
}

static void set_overrides_a_let_in_every_variant(void **state)
{
    (void)state;
    static const char text[] = GROUND "let D = 5s..40s\ncut client -- server from $D\nvariant \"v\"\n    let D = 1s\n";
    struct diagnostics diagnostics;
    const struct scenario_set set = {"D", "7s"}, unknown = {"E", "7s"}, wrong = {"D", "7"};
    for (uint16_t variant = 0; variant <= 1; variant++) {
        struct story *s = read_text(text, &(struct scenario_options){.variant = variant, .sets = &set, .set_count = 1}, &diagnostics);
        assert_non_null(s);
        assert_int_equal(s->statements[0].cut_from_ns, 7 * NS_PER_S);
        story_free(s);
    }
    assert_null(read_text(text, &(struct scenario_options){.sets = &unknown, .set_count = 1}, &diagnostics));
    assert_string_equal(diagnostics.list[0].message, "--set E: the file has no let of that name");
    assert_string_equal(diagnostics.list[0].help, "its lets are: D");
    assert_null(read_text(text, &(struct scenario_options){.sets = &wrong, .set_count = 1}, &diagnostics));
    assert_string_equal(diagnostics.list[0].message, "7 has no unit");
    assert_int_equal(diagnostics.list[0].line, 10);
}

static void the_command_line_chooses_seed_and_profiles(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    const struct scenario_host_profile server = {"server", "windows"}, nobody = {"nobody", "linux"}, wrong = {"server", "solaris"};
    struct scenario_options options = {
        .seed_given = true, .seed = 99, .profile_all = "rfc9293", .host_profiles = &server, .host_profile_count = 1};
    struct story *s = read_text(GROUND, &options, &diagnostics);
    assert_non_null(s);
    assert_int_equal(s->seed, 99);
    assert_int_equal(s->nodes[0].profile.time_wait, profile_defaults(PROFILE_RFC9293)->time_wait);
    assert_memory_equal(&s->nodes[1].profile, profile_defaults(PROFILE_WINDOWS), sizeof s->nodes[1].profile);
    story_free(s);
    options.host_profiles = &nobody;
    assert_null(read_text(GROUND, &options, &diagnostics));
    assert_string_equal(diagnostics.list[0].message, "--profile nobody=...: there is no such host");
    options.host_profiles = &wrong;
    assert_null(read_text(GROUND, &options, &diagnostics));
    assert_string_equal(diagnostics.list[0].message, "solaris is not a profile");
    options = (struct scenario_options){.variant = 1};
    assert_null(read_text(GROUND, &options, &diagnostics));
    assert_string_equal(diagnostics.list[0].message, "there is no variant 1: the file has 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_stands_wherever_a_word_can_stand),       cmocka_unit_test(a_range_is_drawn_by_the_seed_into_every_place),
        cmocka_unit_test(a_draw_depends_on_the_seed_and_the_name_alone), cmocka_unit_test(a_value_takes_the_place_of_a_draw),
        cmocka_unit_test(set_overrides_a_let_in_every_variant),          cmocka_unit_test(the_command_line_chooses_seed_and_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
