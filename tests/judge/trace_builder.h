/* SPDX-License-Identifier: MIT */
/* A run written down by hand: two hosts, one link of 10 ms, one connection. For the judge, which sees nothing but a trace. */
#ifndef LASTACK_TESTS_TRACE_BUILDER_H
#define LASTACK_TESTS_TRACE_BUILDER_H

#include "judge/judge.h"

enum { CLIENT, SERVER };
#define BUILDER_STEPS 12
#define BUILDER_STATEMENTS 4
#define BUILDER_EXPECTS 8
#define BUILDER_SEGMENTS 512
#define MS INT64_C(1000000)

struct builder {
    struct story story;
    struct story_node nodes[2];
    struct story_program programs[2]; /* the client's, with the first six steps; the server's service, with the others */
    struct story_step steps[BUILDER_STEPS];
    struct story_statement statements[BUILDER_STATEMENTS];
    struct story_expect expects[BUILDER_EXPECTS];
    struct segment_match matches[BUILDER_EXPECTS];
    enum tcp_state path_states[16];
    const char *names[2];
    struct trace trace;
    struct judgement judgement;
    int64_t now_ns;
    uint32_t conn; /* the one that segments, states and calls are of */
    uint32_t last_recv; /* event number: the cause of what follows; 0: a program's own doing */
    uint32_t segment_count;
    struct trace_event segments[BUILDER_SEGMENTS]; /* as sent, by number */
    enum tcp_state states[3][2]; /* by conn and side */
    bool judged;
};

struct builder *builder_new(enum profile_id profile);
void builder_free(struct builder *b);

/* The clock, in ms since the beginning; what follows has no cause but the program. */
void at(struct builder *b, int64_t ms);
uint32_t event(struct builder *b, const struct trace_event *event);

/* `flags` in packetdrill's letters: "S", "S.", ".", "F.", "P.", "R", "R.". Returns the segment's number. */
uint32_t sends(struct builder *b, unsigned host, const char *flags, uint32_t seq, uint32_t len, uint32_t ack);
uint32_t sends_window(struct builder *b, unsigned host, const char *flags, uint32_t seq, uint32_t len, uint32_t ack, uint32_t wnd);
void arrives(struct builder *b, uint32_t segment);
void injected(struct builder *b, unsigned to, const char *flags, uint32_t seq, uint32_t len, uint32_t ack);
void dropped(struct builder *b, uint32_t segment, unsigned why, uint32_t statement);
/* The same, and the arrival 10 ms later. */
uint32_t passes(struct builder *b, unsigned host, const char *flags, uint32_t seq, uint32_t len, uint32_t ack);

/* The end at `host` goes on to `to`. */
void enters(struct builder *b, unsigned host, enum tcp_state to);
void ends(struct builder *b, unsigned host, enum state_why why);
void calls(struct builder *b, unsigned host, enum call_kind call, uint32_t step);
void returns(struct builder *b, unsigned host, enum call_kind call, uint32_t step, int64_t value);
void returns_eof(struct builder *b, unsigned host, enum call_kind call, uint32_t step, int64_t value);
void returns_error(struct builder *b, unsigned host, enum call_kind call, uint32_t step, enum tcp_errno error);
void fault(struct builder *b, enum fault_what what, uint32_t statement, unsigned host);

/* Stories: SYN at 0 ms, ESTABLISHED at 10 and 20 ms. */
void handshake(struct builder *b);
/* The client sends so many bytes, the server reads them; at the present time, takes 20 ms. */
void client_sends(struct builder *b, uint32_t bytes);
/* The client closes, then the server: FIN, ACK, FIN, ACK, from the present time; the client is left in TIME_WAIT. `sent`: its bytes. */
void orderly_close(struct builder *b, uint32_t sent);
/* The client's TIME_WAIT of 60 s from the present time. */
void time_wait_ends(struct builder *b);
/* All of it, with 300 bytes from client to server. */
void whole_life(struct builder *b);

struct story_expect *expects(struct builder *b, enum expect_kind kind, unsigned host);
struct segment_match *matches(struct builder *b, struct story_expect *expect, uint32_t classes, unsigned from, unsigned to);
struct story_statement *states(struct builder *b, enum statement_kind kind);

/* Judges the run as it stands; ended at the present time. */
const struct judgement *judged(struct builder *b);
bool breaks(struct builder *b, enum invariant invariant);
bool breaks_only(struct builder *b, enum invariant invariant);

#endif
