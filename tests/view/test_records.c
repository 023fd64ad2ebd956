/* SPDX-License-Identifier: MIT */
/* jsonl and table: a line a record. The keys of jsonl and their order are a published format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "net/link.h"

static void jsonl_is_schema_1(void **state)
{
    struct build b;
    struct text text = {0};
    (void)state;
    build_init(&b, "The \"final\" ACK\n");
    build_four_packets(&b, true);
    view_jsonl(&text, &b.story, &b.trace, &b.judgement, &b.options);
    golden_check("lost-ack.jsonl", &text);
    text_free(&text);
    build_done(&b);
}

static void a_segment_without_ack_has_a_null_ack_and_options_are_told_in_order(void **state)
{
    struct build b;
    struct text text = {0};
    (void)state;
    build_init(&b, "options");
    uint32_t sent = build_send(&b, 0, 1, 1, "S", 0, 0, 0);
    struct trace_event *e = &b.trace.events[sent - 1];
    e->segment.options |= TCPOPT_TS | TCPOPT_SACK;
    e->segment.tsval = 1000;
    e->segment.tsecr = 20;
    e->segment.sack_count = 2;
    e->sack[0] = (struct sack_block){35, 49};
    e->sack[1] = (struct sack_block){60, 70};
    build_judge(&b, 0, VERDICT_OPEN);
    view_jsonl(&text, &b.story, &b.trace, &b.judgement, &b.options);
    assert_non_null(strstr(
        text.bytes,
        "{\"n\":1,\"t\":0,\"cause\":null,\"kind\":\"send\",\"host\":\"client\",\"conn\":\"1\",\"seg\":1,\"to\":\"server\",\"flags\":\"S\","
        "\"seq\":0,\"ack\":null,\"len\":0,\"win\":64240,\"retransmission\":false,"
        "\"opts\":{\"mss\":1460,\"ws\":10,\"sackok\":true,\"ts\":[1000,20],\"sack\":[[35,49],[60,70]]},\"is\":[]}\n"));
    text_free(&text);
    build_done(&b);
}

static void an_error_takes_the_place_of_the_value(void **state)
{
    struct build b;
    struct text text = {0};
    (void)state;
    build_init(&b, "an error");
    uint32_t receives = build_step(&b, CALL_RECV_EOF, 0);
    build_return(&b, 0, 1, receives, 0, TCP_ECONNRESET, false);
    build_return(&b, 0, 1, receives, 300, TCP_OK, true);
    uint32_t closed = build_state(&b, 0, 1, TCP_ESTABLISHED, TCP_CLOSED);
    b.trace.events[closed - 1].what = WHY_CRASH;
    build_judge(&b, 0, VERDICT_RESET);
    view_jsonl(&text, &b.story, &b.trace, &b.judgement, &b.options);
    assert_non_null(
        strstr(text.bytes, "\"kind\":\"return\",\"host\":\"client\",\"conn\":\"1\",\"call\":\"recv\",\"error\":\"ECONNRESET\""));
    assert_non_null(strstr(text.bytes, "\"call\":\"recv\",\"value\":300,\"eof\":true"));
    assert_non_null(strstr(text.bytes, "\"from\":\"ESTABLISHED\",\"to\":\"CLOSED\",\"why\":\"crash\",\"side\":0,\"end\":0}\n"));
    assert_non_null(
        strstr(text.bytes, "{\"kind\":\"end\",\"t\":0,\"verdicts\":{\"1\":\"reset\"},\"hash\":\"9f3c11d0aabbccdd\",\"failed\":0}\n"));
    text_free(&text);
    build_done(&b);
}

static void a_connection_is_called_by_its_name_from_its_first_record_on(void **state)
{
    struct build b;
    struct text text = {0};
    (void)state;
    build_init(&b, "a name");
    build_state(&b, 0, 1, TCP_CLOSED, TCP_SYN_SENT);
    build_name(&b, 1, "old");
    build_judge(&b, 0, VERDICT_OPEN);
    view_jsonl(&text, &b.story, &b.trace, &b.judgement, &b.options);
    assert_non_null(strstr(text.bytes, "\"kind\":\"state\",\"host\":\"client\",\"conn\":\"old\""));
    assert_non_null(strstr(text.bytes, "\"verdicts\":{\"old\":\"open\"}"));
    text_free(&text);
    build_done(&b);
}

static void the_table_has_a_line_an_event(void **state)
{
    struct build b;
    struct text text = {0};
    (void)state;
    build_init(&b, "The final ACK is lost");
    build_four_packets(&b, true);
    view_table(&text, &b.story, &b.trace, &b.judgement, &b.options);
    unsigned lines = 0;
    for (size_t i = 0; i < text.length; i++)
        lines += text.bytes[i] == '\n';
    assert_int_equal(lines, b.trace.count + 3);
    golden_check("lost-ack-table.txt", &text);
    text_free(&text);
    build_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jsonl_is_schema_1),
        cmocka_unit_test(a_segment_without_ack_has_a_null_ack_and_options_are_told_in_order),
        cmocka_unit_test(an_error_takes_the_place_of_the_value),
        cmocka_unit_test(a_connection_is_called_by_its_name_from_its_first_record_on),
        cmocka_unit_test(the_table_has_a_line_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
