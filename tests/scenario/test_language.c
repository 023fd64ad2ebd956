/* SPDX-License-Identifier: MIT */
/* What each statement of LANGUAGE.md becomes. */
#include "reading.h"

#include "base/duration.h"

static struct story *with(const char *lines)
{
    char text[4096];
    snprintf(text, sizeof text, GROUND "%s", lines);
    return read_right(text, 0);
}

static void a_host_has_its_profile_and_its_overrides(void **state)
{
    (void)state;
    struct story *s = read_right("host a  rfc9293  msl 1min  user_timeout off  isn 5  local_port_range 40000..40999\n"
                                 "host b  fin_timeout 1.5s  rcvbuf 8KiB  timestamps off  cc reno  tw_reuse 2\nlink a -- b\n",
                                 0);
    const struct story_node *a = &s->nodes[0], *b = &s->nodes[1];
    assert_int_equal(a->profile.msl, 60 * NS_PER_S);
    assert_int_equal(a->profile.time_wait, 120 * NS_PER_S); /* two MSL, unless it is given */
    assert_true(a->profile.user_timeout == TIME_NEVER);
    assert_true(a->isn_fixed && a->isn == 5);
    assert_true(a->port_low == 40000 && a->port_high == 40999);
    assert_int_equal(b->profile.fin_timeout, 1500 * NS_PER_MS);
    assert_int_equal(b->profile.rcvbuf, 8192); /* as the socket option counts: the endpoint doubles it */
    assert_int_equal(b->profile.timestamps, 0);
    assert_string_equal(profile_choice_name(PROFILE_cc, b->profile.cc), "reno");
    assert_int_equal(b->profile.tw_reuse, 2);
    assert_true(b->port_low == 32768 && b->port_high == 60999);
    assert_int_equal(b->profile.syn_retries, profile_defaults(PROFILE_LINUX)->syn_retries);
    assert_int_equal(b->overridden[PROFILE_fin_timeout / 32] >> (PROFILE_fin_timeout % 32) & 1, 1);
    story_free(s);
}

static void a_link_has_netems_words(void **state)
{
    (void)state;
    struct story *s = read_right("host a\nhost b\n"
                                 "link a -- b  delay 10ms  jitter 2ms  loss gemodel 1% 10%  duplicate 0.02%  reorder 3%  corrupt "
                                 "0.0000001%  rate 10mbit  limit 7  mtu 900\n"
                                 "link b -> a  loss 5%\n",
                                 0);
    const struct link_params *there = &s->links[0].dir[0], *back = &s->links[0].dir[1];
    assert_int_equal(there->delay_ns, 10 * NS_PER_MS);
    assert_int_equal(there->jitter_ns, 2 * NS_PER_MS);
    assert_true(there->gemodel && there->ge_p_ppb == 10000000 && there->ge_r_ppb == 100000000 && there->ge_h_ppb == PPB_ONE &&
                there->ge_k_ppb == 0);
    assert_int_equal(there->duplicate_ppb, 200000);
    assert_int_equal(there->corrupt_ppb, 1);
    assert_true(there->rate_bps == 10000000 && there->limit == 7 && there->mtu == 900);
    assert_true(!back->gemodel && back->loss_ppb == 50000000 && back->delay_ns == there->delay_ns);
    story_free(s);
}

static void calls_have_guards_deadlines_and_results(void **state)
{
    (void)state;
    struct story *s = read_right("host client\nhost server\nlink client -- server\n"
                                 "app client x 1000 every 10ms\n"
                                 "    at 1s  connect server:80 from 40000 as old = EINPROGRESS\n"
                                 "    when client sees eof within 30s after 1s  recv 100kB on old within 5s = 100kB\n"
                                 "    after 2min  set keepalive 60s 10s 5\n"
                                 "    set linger 0 on old\n"
                                 "    close old = 0\n"
                                 "service server 80 backlog 5 as old\n",
                                 0);
    const struct story_program *client = &s->programs[0], *server = &s->programs[1];
    assert_true(client->copies == 1000 && client->every_ns == 10 * NS_PER_MS && client->steps == 5);
    assert_true(server->service && server->port == 80 && server->backlog == 5 && server->name == 0);
    const struct story_step *step = s->steps;
    assert_true(step[0].guard.at_ns == NS_PER_S && step[0].host == 1 && step[0].port == 80 && step[0].from_port == 40000 &&
                step[0].name == 0);
    assert_true(step[0].expects && step[0].expect_error == TCP_EINPROGRESS);
    assert_true(step[1].guard.event.kind == EVENT_SEES_EOF && step[1].guard.within_ns == 30 * NS_PER_S &&
                step[1].guard.after_ns == NS_PER_S);
    assert_true(step[1].size == 100000 && step[1].within_ns == 5 * NS_PER_S && step[1].expect_value == 100000 && step[1].on == 0);
    assert_true(step[1].guard.event.name == STORY_NONE);
    assert_true(step[2].guard.after_ns == 120 * NS_PER_S && step[2].a == 1 && step[2].b == 60 * NS_PER_S && step[2].c == 10 * NS_PER_S &&
                step[2].d == 5);
    assert_true(step[3].option == OPTION_LINGER && step[3].a == 1 && step[3].b == 0 && step[3].on == 0);
    assert_true(step[4].on == 0 && step[4].expects && step[4].expect_error == TCP_OK && step[4].expect_value == 0);
    assert_true(step[4].place.line == 9 && step[4].place.column == 5 && step[4].expect_place.column == 17);
    assert_string_equal(s->names[0], "old");
    story_free(s);
}

static void faults_have_their_times_and_ordinals(void **state)
{
    (void)state;
    struct story *s = with("cut client -- server  from 2s to 7s\n"
                           "cut client -> server  from 2s\n"
                           "when client enters FIN_WAIT_1 after 1s  cut client -- server for 5s\n"
                           "maybe drop 2nd..4th FIN+data client -> server\n"
                           "drop every ACK(FIN) client -> server\n"
                           "delay FIN client -> server  by 300ms\n"
                           "duplicate 1st FIN client -> server  after 30s\n"
                           "when server sends 2nd FIN  pause server for 2s\n"
                           "at 4s  link client -> server  loss 5%\n"
                           "at 5s  link client -- server  delay 200ms\n");
    const struct story_statement *f = s->statements;
    assert_true(f[0].both && f[0].cut_from_ns == 2 * NS_PER_S && f[0].cut_to_ns == 7 * NS_PER_S && f[0].when == WHEN_START);
    assert_true(!f[1].both && f[1].cut_to_ns == TIME_NEVER);
    assert_true(f[2].when == WHEN_EVENT && f[2].after_ns == NS_PER_S && f[2].for_ns == 5 * NS_PER_S && f[2].event.state == TCP_FIN_WAIT_1);
    assert_true(f[3].maybe && f[3].segment.classes == (CLASS_FIN | CLASS_DATA) && f[3].segment.ordinals.first == 2 &&
                f[3].segment.ordinals.last == 4);
    assert_true(f[4].segment.ordinals.last == ORDINAL_LAST && f[4].segment.classes == CLASS_ACK_FIN);
    assert_true(f[5].by_ns == 300 * NS_PER_MS && f[5].segment.ordinals.last == 1 && !f[5].segment.ordinals_given);
    assert_true(f[6].by_ns == 30 * NS_PER_S && f[6].segment.from == 0 && f[6].segment.to == 1);
    assert_true(f[7].event.kind == EVENT_SENDS && f[7].event.segment.ordinals.first == 2 && f[7].event.segment.from == 1 &&
                f[7].for_ns == 2 * NS_PER_S);
    assert_true(f[8].params[0].loss_ppb == 50000000 && f[8].params[0].delay_ns == 10 * NS_PER_MS);
    assert_true(f[9].params[0].loss_ppb == 50000000 && f[9].params[0].delay_ns == 200 * NS_PER_MS && f[9].params[1].loss_ppb == 0);
    assert_true(s->last_named_ns == 7 * NS_PER_S && f[3].place.line == 12 && f[3].place.column == 1);
    story_free(s);
}

static void an_injected_segment_is_a_sum_of_the_receivers_numbers(void **state)
{
    (void)state;
    struct story *s = with("at 5s  inject client -> server  RST seq rcv.nxt+rcv.wnd-1\n"
                           "at 5s  inject client -> server  SYN seq irs-100000 ack snd.nxt len 10 win 1000 tsval old\n");
    const struct story_statement *f = s->statements;
    assert_true(f[0].seq.given && f[0].seq.plus == (BASE_RCV_NXT | BASE_RCV_WND) && f[0].seq.constant == -1 && !f[0].ack.given);
    assert_true(f[1].seq.plus == BASE_IRS && f[1].seq.constant == -100000 && f[1].ack.plus == BASE_SND_NXT && f[1].len.constant == 10);
    assert_true(f[1].wnd.constant == 1000 && f[1].tsval == TSVAL_OLD && f[1].segment.classes == CLASS_SYN);
    story_free(s);
}

static void narration_asks_for_what_the_run_knows(void **state)
{
    (void)state;
    struct story *s = with("say \"one # \\\"two\\\"\\n\"\nat 2s  ask \"Which?\" = client.timer\nat 3s  ask \"How?\" = verdict\n");
    assert_string_equal(s->statements[0].text, "one # \"two\"\n");
    assert_true(s->statements[1].ask == ASK_TIMER && s->statements[1].ask_host == 0 && s->statements[1].ask_name == STORY_NONE);
    assert_true(s->statements[2].ask == ASK_VERDICT);
    story_free(s);
}

static void expectations_keep_bounds_and_tolerances(void **state)
{
    (void)state;
    struct story *s = with("expect client path ESTABLISHED FIN_WAIT_1 CLOSED\n"
                           "expect client spends 55s..65s in TIME_WAIT\n"
                           "expect client spends 60s in TIME_WAIT +- 2s\n"
                           "expect wire FIN client -> server, ACK(FIN) server -> client\n"
                           "expect server sends FIN 2..4 times\n"
                           "expect 2nd FIN client -> server 200ms after 1st +- 1ms\n"
                           "expect server receives 300 then ECONNRESET\n"
                           "expect server holds 1000 TIME_WAIT at 2s\n"
                           "expect maybe breaks ends-agree\n"
                           "expect verdict half-open\n");
    const struct story_expect *e = s->expects;
    assert_true(e[0].states == 3 && s->path_states[e[0].first_state + 1] == TCP_FIN_WAIT_1);
    assert_true(e[1].low_ns == 55 * NS_PER_S && e[1].high_ns == 65 * NS_PER_S && e[1].tolerance_ns == 0);
    assert_true(e[2].low_ns == 60 * NS_PER_S && e[2].high_ns == 60 * NS_PER_S && e[2].tolerance_ns == 2 * NS_PER_S);
    assert_true(e[3].matches == 2 && s->matches[e[3].first_match + 1].classes == CLASS_ACK_FIN &&
                s->matches[e[3].first_match + 1].from == 1);
    assert_true(e[4].low == 2 && e[4].high == 4 && s->matches[e[4].first_match].from == 1);
    assert_true(e[5].matches == 2 && s->matches[e[5].first_match].ordinals.first == 2 &&
                s->matches[e[5].first_match + 1].ordinals.first == 1);
    assert_true(e[6].then == THEN_ERROR && e[6].error == TCP_ECONNRESET && e[6].low == 300);
    assert_true(e[7].low == 1000 && e[7].state == TCP_TIME_WAIT && e[7].at_ns == 2 * NS_PER_S);
    assert_true(e[8].kind == EXPECT_BREAKS && e[8].maybe && e[8].invariant == INVARIANT_ENDS_AGREE);
    assert_true(e[9].verdict == VERDICT_HALF_OPEN && s->last_named_ns == 2 * NS_PER_S);
    story_free(s);
}

static void the_clock_the_title_and_the_lines_are_kept(void **state)
{
    (void)state;
    struct story *s = with("clock 10:30:01.123\n");
    assert_true(s->clock_ns == ((10 * 60 + 30) * 60 + 1) * NS_PER_S + 123 * NS_PER_MS);
    assert_string_equal(s->title, "test");
    assert_string_equal(s->lines[0], "host client");
    assert_int_equal(s->line_count, 9);
    assert_true(s->stop_ns == TIME_NEVER && s->seed == 1);
    story_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_has_its_profile_and_its_overrides),
        cmocka_unit_test(a_link_has_netems_words),
        cmocka_unit_test(calls_have_guards_deadlines_and_results),
        cmocka_unit_test(faults_have_their_times_and_ordinals),
        cmocka_unit_test(an_injected_segment_is_a_sum_of_the_receivers_numbers),
        cmocka_unit_test(narration_asks_for_what_the_run_knows),
        cmocka_unit_test(expectations_keep_bounds_and_tolerances),
        cmocka_unit_test(the_clock_the_title_and_the_lines_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
