/* SPDX-License-Identifier: MIT */
/* What a run tells: an answer that could be another's is none, a call that did not return has no result, a reset that was lost is drawn;
 * and `test` with many seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

#define WORLD "host client\nhost server\nlink client -- server  delay 10ms\n"
#define SERVICE "service server 80\n    recv until eof\n    close\n"

static void an_ask_about_one_of_several_connections_must_name_it(void **state)
{
    struct shell *s = *state;
    shell_file(s, "two.scn",
               WORLD "app client\n    connect server:80\n    at 1s  close\napp client\n    at 100ms  connect server:80 as two\n"
                     "    at 1s  close\n" SERVICE "at 50ms   ask \"the only one?\" = client.state\n"
                     "at 500ms  ask \"the newer?\" = client.two.state\nat 500ms  ask \"which?\" = client.state\n");
    shell_expect(s, "$L run two.scn", 1);
    expect_err(s, "two.scn:15:1: failed: this asks about client, which had 2 connections by then: name one (seed 1)\n"
                  "   15 | at 500ms  ask \"which?\" = client.state\n"
                  "      | these have names: client.two\n");
    shell_expect(s, "sed -i '$d' two.scn && $L run two.scn --format jsonl | grep -c '\"answer\":\"ESTABLISHED\"'", 0);
    assert_string_equal(s->out, "2\n");
}

static void an_ask_by_a_name_that_comes_later_says_so(void **state)
{
    struct shell *s = *state;
    shell_file(s, "late.scn",
               WORLD "app client\n    connect server:80\n    at 3s  close\napp server\n    listen 80\n    at 1s  accept as late\n"
                     "    recv until eof\n    close\nat 5ms     ask \"before it is made\" = server.state\n"
                     "at 1500ms  ask \"with its name\" = server.late.state\nat 500ms   ask \"before\" = server.late.state\n");
    shell_expect(s, "$L run late.scn", 1);
    expect_err(s, "late.scn:14:1: failed: this asks about server.late, but the connection got that name only at 1.000s (seed 1)\n");
    expect_err(s, "connect HOST:PORT as NAME names it from the start");
    shell_expect(s, "sed -i '$d' late.scn && $L run late.scn --format jsonl | grep -o '\"answer\":\"[A-Z]*\"'", 0);
    assert_string_equal(s->out, "\"answer\":\"CLOSED\"\n\"answer\":\"ESTABLISHED\"\n");
}

static void a_call_that_the_runs_end_breaks_off_is_unfinished(void **state)
{
    struct shell *s = *state;
    shell_file(s, "cut.scn",
               WORLD
               "stop 3s\napp client\n    set keepalive 60s 10s 5\n    connect server:80\n    send 10MB\nservice server 80\n    recv 100\n");
    shell_expect(s, "$L run cut.scn --format jsonl | grep '\"call\":\"send\"'", 0);
    expect_out(s, "\"args\":[10000000],");
    expect_out(s, ",\"unfinished\":true,");
    shell_expect(s, "$L run cut.scn --format jsonl | grep -v '\"call\":\"send\"' | grep unfinished", 1);
    shell_expect(s, "$L run cut.scn --format table", 0);
    expect_out(s, " set(keepalive 1min 10s 5) = 0 ");
    expect_out(s, " return send() ... ");
    shell_expect(s, "$L run cut.scn", 0);
    expect_out(s, " so far ");
}

static void a_boxs_reset_that_is_lost_is_drawn(void **state)
{
    struct shell *s = *state;
    shell_file(s, "box.scn",
               "host client\nhost server\nfirewall fw  idle 2s  then reset\nlink client -- fw  delay 5ms\nlink fw -- server  delay 20ms\n"
               "stop 8s\napp client\n    connect server:80\n    send 10\n    at 5s  send 10\n" SERVICE
               "gone: at 4s  link fw -> client  loss 100%\nvariant \"its host is down\"\n    gone: at 5004ms  crash client\n");
    shell_expect(s, "$L run box.scn", 0);
    expect_out(s, " lost ✗━ fw: RST seq 1 ");
    shell(s, "$L run box.scn --variant 1");
    expect_out(s, "╎✗━━ fw: RST seq 1 ╌╌╌╌ ");
}

static const char lossy_scn[] = "host client\nhost server\nlink client -- server  delay 10ms  loss 30%\nlet PAUSE = 1s\napp client\n"
                                "    connect server:80\n    after $PAUSE  close\n" SERVICE "expect server sends FIN 1 times\n";

static void test_takes_seeds_values_and_profiles(void **state)
{
    struct shell *s = *state;
    shell_file(s, "lossy.scn", lossy_scn);
    shell_expect(s, "$L test lossy.scn --seeds 1..30", 1);
    assert_string_equal(s->out, "failed  lossy.scn  30 seeds\n0 passed, 1 failed\n");
    expect_err(s, " of 30 seeds failed: ");
    shell_expect(s,
                 "bad=$($L test lossy.scn --seeds 1..30 2>&1 >/dev/null | sed -n 's/.*seeds failed: \\([0-9]*\\) .*/\\1/p'); "
                 "$L test lossy.scn --seed $bad >/dev/null 2>&1; echo $?",
                 0);
    assert_string_equal(s->out, "1\n");
    shell_expect(s, "sed 's/30%/0%/' lossy.scn >fine.scn; $L test fine.scn --seeds 3..5", 0);
    assert_string_equal(s->out, "ok      fine.scn  3 seeds\n1 passed, 0 failed\n");
    shell_expect(s, "$L test fine.scn --set PAUSE=2s --profile rfc9293 --profile server=linux", 0);
    shell_expect(s, "$L test fine.scn --set WAIT=2s", 2);
    shell_expect(s, "$L test fine.scn --seeds 5..3", 2);
    shell_expect(s, "$L test fine.scn --seeds 1", 2);
    shell_expect(s, "$L test fine.scn --seeds 1..2 --seed 3", 2);
}

static void the_line_that_shows_a_failure_has_what_was_asked_for(void **state)
{
    struct shell *s = *state;
    shell_file(s, "two.scn", WORLD "let N = 1\napp client\n    connect server:80\n    send $N\n    close\n" SERVICE "expect never FIN\n");
    shell_expect(s, "$L run two.scn --set N=7 --profile server=rfc9293 --seed 4", 1);
    expect_err(s, "see it: lastack run two.scn --seed 4 --set N=7 --profile server=rfc9293");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ask_about_one_of_several_connections_must_name_it),
        cmocka_unit_test(an_ask_by_a_name_that_comes_later_says_so),
        cmocka_unit_test(a_call_that_the_runs_end_breaks_off_is_unfinished),
        cmocka_unit_test(a_boxs_reset_that_is_lost_is_drawn),
        cmocka_unit_test(test_takes_seeds_values_and_profiles),
        cmocka_unit_test(the_line_that_shows_a_failure_has_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
