/* SPDX-License-Identifier: MIT */
/* Saved traces: what was saved is what is shown; what was damaged is refused at its place. That all views of all scenarios are the
 * same bytes is tests/saved.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shell.h"

static const char lost_scn[] = "scenario \"The final ACK is lost\"\n"
                               "let PAUSE = 1s\n"
                               "host client linux\n"
                               "host server linux\n"
                               "link client -- server delay 10ms\n"
                               "app client\n"
                               "    connect server:80 as web\n"
                               "    send 300\n"
                               "    at $PAUSE  close = 0\n"
                               "service server 80\n"
                               "    recv until eof = 300\n"
                               "    close\n"
                               "drop 1st ACK(FIN) client -> server\n"
                               "maybe at 2s  ask \"What does the client see?\" = client.sees\n"
                               "expect verdict clean of web\n";

static void save(struct shell *s)
{
    shell_file(s, "lost.scn", lost_scn);
    shell_expect(s, "$L run lost.scn --format jsonl -o t.jsonl", 0);
}

static void a_trace_is_enough_to_see_the_run(void **state)
{
    struct shell *s = *state;
    save(s);
    shell_expect(s, "$L run lost.scn -o a && mv lost.scn gone && $L view t.jsonl -o b && cmp a b && $L view - <t.jsonl | cmp - a", 0);
    assert_string_equal(s->err, "");
}

/* The seed, a let, a profile and the end by --until are of the run, not of the file. */
static void what_was_said_of_the_run_is_in_its_trace(void **state)
{
    struct shell *s = *state;
    save(s);
    shell_expect(s,
                 "o='--seed 18446744073709551615 --set PAUSE=1500ms --profile rfc9293 --profile server=freebsd --until 2100ms'; "
                 "$L run lost.scn $o -o a && $L run lost.scn $o --format jsonl -o t && $L view t -o b && cmp a b",
                 0);
    shell_expect(
        s, "grep -q '\"set\":\\[\"PAUSE=1500ms\"\\],\"profile\":\\[\"rfc9293\",\"server=freebsd\"\\]' t && grep -q '\"cut\":true' t", 0);
}

/* A run that failed is shown with what repeats it; showing it is no failure. */
static void a_failed_run_is_shown_and_view_exits_0(void **state)
{
    struct shell *s = *state;
    save(s);
    shell_expect(s, "sed 's/verdict clean/verdict reset/' lost.scn >f.scn; $L run f.scn --format jsonl -o t 2>/dev/null", 1);
    shell_expect(s, "$L view t", 0);
    expect_out(s, "lastack run f.scn --seed 1\n");
}

static void what_is_no_trace_is_refused_at_its_place(void **state)
{
    struct shell *s = *state;
    save(s);
    shell_expect(s, "$L view lost.scn", 2);
    expect_err(s, "lost.scn is a scenario, no saved trace");
    shell_expect(s, "$L view missing.jsonl", 2);
    shell_expect(s, ": >empty; $L view empty", 2);
    expect_err(s, "this file is empty");
    shell_expect(s, "$L view", 2);
    expect_err(s, "which trace?");
    shell_expect(s, "sed 's/\"schema\":1/\"schema\":2/' t.jsonl | $L view -", 2);
    expect_err(s, "only schema 1 is known");
    shell_expect(s, "sed 's/\"text\":/\"txt\":/' t.jsonl | $L view -", 2);
    expect_err(s, "does not carry its scenario");
    shell_expect(s, "sed '1s/host client linux/hst client linux/' t.jsonl | $L view -", 2);
    expect_err(s, "lost.scn:3:1: error: hst is not a statement");
    assert_string_equal(s->out, "");
}

static void a_damaged_line_is_refused_at_its_place(void **state)
{
    static const struct {
        const char *edit, *message;
    } damages[] = {
        {"2s/CLOSED/CLOSD/", "t:2:77: error: CLOSD is not a state of TCP"},
        {"3d", "error: event 2 is expected here: a line is missing, or stands elsewhere"},
        {"4s/,\"cause\":[0-9a-z]*/,\"cause\":77/", "t:4:22: error: a whole number from 1 to 2 is expected here"},
        {"/\"seg\":1,\"to\"/s/\"seq\":0/\"seq\":-1/", "error: a whole number from 0 to 4294967295 is expected here"},
        {"/\"seg\":1,\"to\"/s/\"flags\":\"S\"/\"flags\":\"X\"/", "error: flags are the letters S F R P and ."},
        {"/\"seg\":1,\"to\"/s/}$/,}/", "error: a key in quotes is expected here"},
        {"/\"seg\":1,\"to\"/s/\"mss\"/\"mms\"/", "error: mms is not an option of a segment"},
        {"/\"seg\":1,\"from\"/s/\"seg\":1/\"seg\":9/", "error: segment 9 has not been sent"},
        {"/\"seg\":1,\"to\"/s/\"host\":\"client\"/\"host\":\"nobody\"/", "error: the scenario has no host nobody"},
        {"/\"seg\":1,\"to\"/s/\"t\":0/\"t\":0.5/", "a whole number from 0 to"},
        {"s/\"win\":64240/\"win\":64241/", "error: the events above have the hash "},
        {"$s/\"clean\"/\"reset\"/", "error: by its events connection 1 is clean"},
        {"$s/\"failed\":0/\"failed\":1/", "error: by its events 0 expectations and invariants failed"},
        {"$d", "t: error: this trace has no end: it was cut off"},
        {"$p", "error: nothing stands behind the end of a trace"},
    };
    struct shell *s = *state;
    save(s);
    for (unsigned i = 0; i < sizeof damages / sizeof *damages; i++) {
        char command[256];
        (void)snprintf(command, sizeof command, "sed '%s' t.jsonl >t && $L view t", damages[i].edit);
        shell_expect(s, command, 2);
        expect_err(s, damages[i].message);
        assert_string_equal(s->out, "");
    }
}

static void unverified_shows_what_there_is(void **state)
{
    struct shell *s = *state;
    save(s);
    shell_expect(s, "head -n 20 t.jsonl | $L view - --unverified", 0);
    expect_out(s, "The final ACK is lost");
    shell_expect(s, "sed 's/\"win\":64240/\"win\":64241/' t.jsonl | $L view - --unverified --format table", 0);
    expect_out(s, "win 64241");
}

static void formats_say_what_they_lack(void **state)
{
    struct shell *s = *state;
    save(s);
    shell_expect(s, "$L view t.jsonl --format packetdrill", 2);
    expect_err(s, "--of HOST or --of HOST.NAME");
    shell_expect(s, "$L view t.jsonl --format packetdrill --of nobody", 2);
    expect_err(s, "--of takes one of client, server, not nobody");
    shell_expect(s, "$L view t.jsonl --format csv --at client", 2);
    expect_err(s, "--at says nothing of a csv");
    shell_expect(s, "$L view t.jsonl --format packetdrill --of server.web", 0);
    expect_out(s, "0.010000 < S 0:0(0)");
    shell_expect(
        s,
        "$L view t.jsonl --format pcapng --at client -o one && $L view t.jsonl --format pcapng -o all/ && cmp one all/at-client.pcapng "
        "&& [ -s all/at-server.pcapng ] && [ -s all/merged.pcapng ]",
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_is_enough_to_see_the_run),
        cmocka_unit_test(what_was_said_of_the_run_is_in_its_trace),
        cmocka_unit_test(a_failed_run_is_shown_and_view_exits_0),
        cmocka_unit_test(what_is_no_trace_is_refused_at_its_place),
        cmocka_unit_test(a_damaged_line_is_refused_at_its_place),
        cmocka_unit_test(unverified_shows_what_there_is),
        cmocka_unit_test(formats_say_what_they_lack),
    };
    return cmocka_run_group_tests(tests, shell_setup, shell_teardown);
}
