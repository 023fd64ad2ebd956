/* SPDX-License-Identifier: MIT */
/* A small story and its trace, put together by hand, so that a view can be looked at without an engine. */
#ifndef LASTACK_TESTS_VIEW_BUILD_H
#define LASTACK_TESTS_VIEW_BUILD_H

#include "view/view.h"

#define BUILD_STATEMENTS 16
#define BUILD_STEPS 32

struct build {
    struct story story;
    struct story_node nodes[4];
    struct story_link links[2];
    struct story_program programs[2];
    struct story_step steps[BUILD_STEPS];
    struct story_statement statements[BUILD_STATEMENTS];
    const char *names[4];
    struct trace trace;
    struct judgement judgement;
    struct connection_report reports[16];
    struct view_options options;
    int64_t now_ns;
    uint32_t segments, cause;
};

/* Two hosts, client and server, 10 ms apart; an app on the first, a service on the second. */
void build_init(struct build *b, const char *title);
void build_done(struct build *b);
uint16_t build_host(struct build *b, const char *name);

/* Each adds one record at b->now_ns and returns its number. */
uint32_t build_state(struct build *b, unsigned host, uint32_t conn, enum tcp_state from, enum tcp_state to);
/* flags as in packetdrill: "S", "S.", "F.", "P." */
uint32_t build_send(struct build *b, unsigned from, unsigned to, uint32_t conn, const char *flags, uint32_t seq, uint32_t len,
                    uint32_t ack);
uint32_t build_recv(struct build *b, uint32_t sent);
uint32_t build_drop(struct build *b, uint32_t sent, uint8_t why, uint32_t statement);
uint32_t build_timer(struct build *b, unsigned host, uint32_t conn, enum tcp_timer timer, enum timer_what what, int64_t at_ns);
uint32_t build_call(struct build *b, unsigned host, uint32_t conn, uint32_t step);
uint32_t build_return(struct build *b, unsigned host, uint32_t conn, uint32_t step, int64_t value, enum tcp_errno error, bool eof);
uint32_t build_note(struct build *b, uint32_t statement, int64_t value);
uint32_t build_fault(struct build *b, uint32_t statement, enum fault_what what);
uint32_t build_name(struct build *b, uint32_t conn, const char *name);
/* A segment and its arrival `delay` later; the clock stands there. */
void build_travel(struct build *b, unsigned from, unsigned to, uint32_t conn, const char *flags, uint32_t seq, uint32_t len, uint32_t ack);

uint32_t build_statement(struct build *b, enum statement_kind kind, uint32_t line, const char *text);
uint32_t build_step(struct build *b, enum call_kind call, int64_t size);

/* The end: what the judge would say. */
void build_judge(struct build *b, int64_t end_ns, enum verdict verdict);

/* Plays the story that the README tells: three-way handshake, 300 bytes, four packets. `lose` drops the last ACK once. */
void build_four_packets(struct build *b, bool lose);

/* Fails with both texts if `text` is not what tests/golden/view/NAME holds; with UPDATE_GOLDEN=1 in the environment it writes the file. */
void golden_check(const char *name, const struct text *text);

#endif
