/* SPDX-License-Identifier: MIT */
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
#include "net/class.h"
#include "net/link.h"

#ifndef SOURCE_ROOT
#define SOURCE_ROOT "."
#endif

uint16_t build_host(struct build *b, const char *name)
{
    b->nodes[b->story.node_count] = (struct story_node){.name = name, .kind = NODE_HOST};
    return b->story.node_count++;
}

void build_init(struct build *b, const char *title)
{
    memset(b, 0, sizeof *b);
    b->story.file = "story.scn";
    b->story.title = title;
    b->story.seed = 7;
    b->story.clock_ns = -1;
    b->story.nodes = b->nodes;
    b->story.links = b->links;
    b->story.programs = b->programs;
    b->story.steps = b->steps;
    b->story.statements = b->statements;
    b->story.names = b->names;
    build_host(b, "client");
    build_host(b, "server");
    b->links[0] = (struct story_link){.a = 0, .b = 1, .dir = {{.delay_ns = 10 * NS_PER_MS}, {.delay_ns = 10 * NS_PER_MS}}};
    b->story.link_count = 1;
    b->programs[0] = (struct story_program){.host = 0, .copies = 1};
    b->programs[1] = (struct story_program){.host = 1, .service = true, .port = 80, .copies = 1};
    b->story.program_count = 2;
    b->options = (struct view_options){.width = 80, .unicode = true, .version = "test", .reproduce = "lastack run story.scn --seed 7"};
    b->judgement.connections = b->reports;
}

void build_done(struct build *b)
{
    trace_free(&b->trace);
}

static uint32_t add(struct build *b, struct trace_event *e)
{
    e->time_ns = b->now_ns;
    trace_keep(&b->trace, b->trace.count + 1, e, 1);
    return b->trace.count;
}

uint32_t build_state(struct build *b, unsigned host, uint32_t conn, enum tcp_state from, enum tcp_state to)
{
    return add(b, &(struct trace_event){.kind = TRACE_STATE,
                                        .host = (uint8_t)host,
                                        .conn = conn,
                                        .state = {.from = (uint8_t)from, .to = (uint8_t)to, .side = host > 0}});
}

uint32_t build_send(struct build *b, unsigned from, unsigned to, uint32_t conn, const char *flags, uint32_t seq, uint32_t len, uint32_t ack)
{
    struct trace_event e = {.kind = TRACE_SEND, .host = (uint8_t)from, .peer = (uint8_t)to, .conn = conn};
    e.segment = (struct trace_segment){.number = ++b->segments, .seq = seq, .len = len, .ack = ack, .wnd = 64240, .classes = CLASS_ANY};
    for (; *flags != '\0'; flags++) {
        e.segment.flags |= (uint8_t)(*flags == 'S'   ? TCP_SYN
                                     : *flags == 'F' ? TCP_FIN
                                     : *flags == 'R' ? TCP_RST
                                     : *flags == 'P' ? TCP_PSH
                                     : *flags == '.' ? TCP_ACK
                                                     : 0);
        if (*flags == '!')
            e.segment.classes |= CLASS_RETRANSMISSION;
    }
    if (e.segment.flags & TCP_SYN) {
        e.segment.options = TCPOPT_MSS | TCPOPT_WSCALE | TCPOPT_SACK_OK;
        e.segment.mss = 1460;
        e.segment.wscale = 10;
    }
    return add(b, &e);
}

uint32_t build_recv(struct build *b, uint32_t sent)
{
    struct trace_event e = b->trace.events[sent - 1];
    uint8_t host = e.host;
    e.kind = TRACE_RECV;
    e.host = e.peer;
    e.peer = host;
    e.cause = sent;
    return add(b, &e);
}

uint32_t build_drop(struct build *b, uint32_t sent, uint8_t why, uint32_t statement)
{
    struct trace_event e = b->trace.events[sent - 1];
    e.kind = TRACE_DROP;
    e.what = why;
    e.cause = sent;
    e.statement = statement;
    return add(b, &e);
}

uint32_t build_timer(struct build *b, unsigned host, uint32_t conn, enum tcp_timer timer, enum timer_what what, int64_t at_ns)
{
    return add(b, &(struct trace_event){.kind = TRACE_TIMER,
                                        .what = (uint8_t)what,
                                        .host = (uint8_t)host,
                                        .conn = conn,
                                        .timer = {.at_ns = at_ns, .timer = (uint8_t)timer}});
}

static struct trace_event called(struct build *b, unsigned host, uint32_t conn, uint32_t step)
{
    struct trace_event e = {.host = (uint8_t)host, .conn = conn};
    e.call = (struct trace_call){.program = host < 2 ? host : 0, .step = step, .call = (uint8_t)b->steps[step].call};
    return e;
}

uint32_t build_call(struct build *b, unsigned host, uint32_t conn, uint32_t step)
{
    struct trace_event e = called(b, host, conn, step);
    e.kind = TRACE_CALL;
    return add(b, &e);
}

uint32_t build_return(struct build *b, unsigned host, uint32_t conn, uint32_t step, int64_t value, enum tcp_errno error, bool eof)
{
    struct trace_event e = called(b, host, conn, step);
    e.kind = TRACE_RETURN;
    e.call.value = value;
    e.call.error = (uint8_t)error;
    e.call.eof = eof;
    return add(b, &e);
}

uint32_t build_note(struct build *b, uint32_t statement, int64_t value)
{
    return add(b, &(struct trace_event){.kind = TRACE_NOTE, .statement = statement, .note = {.value = value}});
}

uint32_t build_fault(struct build *b, uint32_t statement, enum fault_what what)
{
    return add(b, &(struct trace_event){.kind = TRACE_FAULT, .what = (uint8_t)what, .statement = statement});
}

uint32_t build_name(struct build *b, uint32_t conn, const char *name)
{
    b->names[b->story.name_count] = name;
    return add(b, &(struct trace_event){.kind = TRACE_NAME, .conn = conn, .note = {.value = b->story.name_count++}});
}

void build_travel(struct build *b, unsigned from, unsigned to, uint32_t conn, const char *flags, uint32_t seq, uint32_t len, uint32_t ack)
{
    uint32_t sent = build_send(b, from, to, conn, flags, seq, len, ack);
    b->now_ns += b->links[0].dir[0].delay_ns;
    build_recv(b, sent);
}

uint32_t build_statement(struct build *b, enum statement_kind kind, uint32_t line, const char *text)
{
    b->statements[b->story.statement_count] = (struct story_statement){
        .kind = kind, .place = {.line = line, .column = 1}, .text = text, .from = 0, .to = 1, .both = true, .ask_name = STORY_NONE};
    return ++b->story.statement_count;
}

uint32_t build_step(struct build *b, enum call_kind call, int64_t size)
{
    b->steps[b->story.step_count] =
        (struct story_step){.call = call, .size = size, .host = 1, .port = 80, .how = SHUTDOWN_WRITE, .option = OPTION_LINGER, .a = 1};
    return b->story.step_count++;
}

void build_judge(struct build *b, int64_t end_ns, enum verdict verdict)
{
    struct judgement *j = &b->judgement;
    j->connection_count = 1;
    j->held = 10;
    j->end_ns = end_ns;
    j->hash = UINT64_C(0x9f3c11d0aabbccdd);
    b->reports[0] = (struct connection_report){.conn = 1,
                                               .name = STORY_NONE,
                                               .host = {0, 1},
                                               .port = {40000, 80},
                                               .verdict = verdict,
                                               .written = {300, 0},
                                               .delivered = {300, 0},
                                               .held_ns = {end_ns, 5 * NS_PER_S},
                                               .disagreed_ns = 0};
}

static void quick(struct build *b, unsigned host, uint32_t conn, uint32_t step, int64_t value)
{
    build_call(b, host, conn, step);
    build_return(b, host, conn, step, value, TCP_OK, false);
}

void build_four_packets(struct build *b, bool lose)
{
    uint32_t connects = build_step(b, CALL_CONNECT, 0), sends = build_step(b, CALL_SEND, 300), closes = build_step(b, CALL_CLOSE, 0);
    uint32_t receives = build_step(b, CALL_RECV_EOF, 0), server_closes = build_step(b, CALL_CLOSE, 0);
    uint32_t drop = build_statement(b, STATEMENT_DROP, 22, NULL);
    uint32_t say =
        build_statement(b, STATEMENT_SAY, 24, "FIN means: I have finished sending. It does not mean: I have finished receiving.");
    uint32_t knows = build_statement(b, STATEMENT_SAY, 25, "The server knows, and may still send.");
    const int64_t ms = NS_PER_MS, delay = b->links[0].dir[0].delay_ns;

    build_state(b, 1, 0, TCP_CLOSED, TCP_LISTEN);
    build_call(b, 0, 0, connects);
    build_state(b, 0, 1, TCP_CLOSED, TCP_SYN_SENT);
    build_travel(b, 0, 1, 1, "S", 0, 0, 0);
    build_state(b, 1, 1, TCP_CLOSED, TCP_SYN_RECEIVED);
    build_travel(b, 1, 0, 1, "S.", 0, 0, 1);
    build_state(b, 0, 1, TCP_SYN_SENT, TCP_ESTABLISHED);
    build_return(b, 0, 1, connects, 0, TCP_OK, false);
    uint32_t ack = build_send(b, 0, 1, 1, ".", 1, 0, 1);
    quick(b, 0, 1, sends, 300);
    uint32_t data = build_send(b, 0, 1, 1, "P.", 1, 300, 1);
    b->now_ns += delay;
    build_recv(b, ack);
    build_state(b, 1, 1, TCP_SYN_RECEIVED, TCP_ESTABLISHED);
    build_call(b, 1, 1, receives);
    build_recv(b, data);
    build_travel(b, 1, 0, 1, ".", 1, 0, 301);
    b->now_ns = 1123 * ms;
    build_note(b, say, 0);
    build_call(b, 0, 1, closes);
    build_state(b, 0, 1, TCP_ESTABLISHED, TCP_FIN_WAIT_1);
    uint32_t fin = build_send(b, 0, 1, 1, "F.", 301, 0, 1);
    build_return(b, 0, 1, closes, 0, TCP_OK, false);
    b->now_ns += delay;
    build_recv(b, fin);
    build_state(b, 1, 1, TCP_ESTABLISHED, TCP_CLOSE_WAIT);
    build_note(b, knows, 0);
    uint32_t ack_fin = build_send(b, 1, 0, 1, ".", 1, 0, 302);
    build_return(b, 1, 1, receives, 300, TCP_OK, true);
    b->now_ns += delay;
    build_recv(b, ack_fin);
    build_state(b, 0, 1, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2);
    b->now_ns = 5456 * ms;
    build_call(b, 1, 1, server_closes);
    build_state(b, 1, 1, TCP_CLOSE_WAIT, TCP_LAST_ACK);
    fin = build_send(b, 1, 0, 1, "F.", 1, 0, 302);
    build_return(b, 1, 1, server_closes, 0, TCP_OK, false);
    b->now_ns += delay;
    build_recv(b, fin);
    build_state(b, 0, 1, TCP_FIN_WAIT_2, TCP_TIME_WAIT);
    if (lose) {
        uint32_t lost = build_send(b, 0, 1, 1, ".", 302, 0, 2);
        build_drop(b, lost, DROP_RULE, drop);
        b->now_ns += 200 * ms - delay;
        build_timer(b, 1, 1, TIMER_RETRANSMISSION, TIMER_FIRED, b->now_ns);
        build_travel(b, 1, 0, 1, "F.!", 1, 0, 302);
    }
    build_travel(b, 0, 1, 1, ".", 302, 0, 2);
    build_state(b, 1, 1, TCP_LAST_ACK, TCP_CLOSED);
    b->now_ns += 60 * NS_PER_S - delay;
    build_timer(b, 0, 1, TIMER_TIME_WAIT, TIMER_FIRED, b->now_ns);
    build_state(b, 0, 1, TCP_TIME_WAIT, TCP_CLOSED);
    build_judge(b, b->now_ns, VERDICT_CLEAN);
}

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    if (file != NULL) {
        bytes[fread(bytes, 1, (1 << 20) - 1, file)] = '\0';
        fclose(file);
    }
    return bytes;
}

void golden_check(const char *name, const struct text *text)
{
    char path[512];
    const char *update = getenv("UPDATE_GOLDEN");
    snprintf(path, sizeof path, "%s/tests/golden/view/%s", SOURCE_ROOT, name);
    assert_false(text->failed);
    if (update != NULL && strcmp(update, "1") == 0) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(text->bytes, 1, text->length, file), text->length);
        assert_int_equal(fclose(file), 0);
        return;
    }
    char *wanted = slurp(path);
    if (strcmp(wanted, text->bytes) != 0)
        fprintf(stderr, "%s is no longer:\n%s\nit is now:\n%s\n(UPDATE_GOLDEN=1 writes the new one)\n", name, wanted, text->bytes);
    assert_true(strcmp(wanted, text->bytes) == 0);
    free(wanted);
}
