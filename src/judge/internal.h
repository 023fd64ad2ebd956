/* SPDX-License-Identifier: MIT */
/* What the files of this room share: the index of a trace, the words of messages, and the judging of one run. */
#ifndef LASTACK_JUDGE_INTERNAL_H
#define LASTACK_JUDGE_INTERNAL_H

#include <stddef.h>

#include "base/duration.h"
#include "judge/judge.h"

/* One connection in the index. Side 0 sent the first SYN. */
struct judge_conn {
    uint32_t first_state, states; /* in index.states */
    uint32_t first_call, calls; /* in index.calls: CALL and RETURN events */
    uint16_t host[2], port[2]; /* STORY_NONE, 0: not known */
    uint16_t name;
    bool made[2]; /* this end had a state */
};

/* One copy of a program. */
struct judge_copy {
    bool acted, finished; /* it made a call; its last call has returned */
};

/* One pass over a trace: what happened to whom, so that no expectation reads the trace again. Numbers in `states`, `calls` and
 * `sends` are indices of trace->events, ascending within a group. */
struct judge_index {
    const struct story *story;
    const struct trace *trace;
    int64_t end_ns;
    uint32_t conns; /* the highest connection number */
    struct judge_conn *conn; /* 0..conns; 0: events of no connection */
    uint32_t *states, *calls, *sends;
    uint32_t send_count;
    struct judge_copy *copies;
    uint32_t *first_copy; /* of each program, and one past the last: in copies */
    bool failed; /* out of memory */
};

bool index_build(struct judge_index *index, const struct story *story, const struct trace *trace, int64_t end_ns);
void index_free(struct judge_index *index);
/* 0, 1, or 2: the connection has no end at that host. */
unsigned index_side(const struct judge_index *index, uint32_t conn, unsigned host);
/* Had this end of the connection a state before that index of the trace? NEVER_MADE: any connection that the host has an end of will do. */
#define NEVER_MADE UINT32_MAX
bool index_made(const struct judge_index *index, uint32_t conn, unsigned side, uint32_t before);
/* State event `i` of a connection. */
const struct trace_event *index_state(const struct judge_index *index, uint32_t conn, uint32_t i);
const struct trace_event *index_call(const struct judge_index *index, uint32_t conn, uint32_t i);
const struct trace_event *index_send(const struct judge_index *index, uint32_t i);
/* After everything of that instant; CLOSED before the first and after the last. */
enum tcp_state index_state_at(const struct judge_index *index, uint32_t conn, unsigned side, int64_t time_ns);
/* Does this segment, sent by a host, match? Ordinals are not looked at. */
bool index_matches(const struct judge_index *index, const struct segment_match *match, const struct trace_event *send);
bool state_is_gone(enum tcp_state state);

/* ---- judging ---- */

enum outcome { OUTCOME_HELD, OUTCOME_FAILED, OUTCOME_UNDECIDED };

struct judge {
    struct judge_index index;
    const struct story *story;
    struct judgement *out;
    struct invariants *invariants;
    bool cut;
};

/* The lines behind a message; what does not fit is left out line by line. */
struct help {
    char text[280];
    size_t length;
};
void help_line(struct help *help, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A failure at a place of the file. `until_ns`: how far to run to see it, TIME_NEVER: to the end. With `hash`, the message ends in
 * "(seed 7, trace 9f3c11d0)" and the help in how to see it; without, in "(seed 7)". */
void judge_fail(struct judge *judge, struct place place, const struct help *help, bool hash, int64_t until_ns, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Words, by value so that several fit into one message. */
struct words {
    char s[128];
};
/* Adds to the end; what does not fit is cut off. */
void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct words words_time(int64_t ns); /* 5.100s */
struct words words_duration(int64_t ns); /* 5.1s */
struct words words_ordinal(uint32_t n); /* 2nd */
struct words words_classes(uint32_t classes); /* FIN+ACK(FIN) */
struct words words_match(const struct story *story, const struct segment_match *match); /* 2nd FIN client -> server */
struct words words_end(const struct story *story, unsigned host, unsigned name); /* server.old */
struct words words_times(uint64_t n); /* once, twice, 3 times */
struct words words_call(const struct trace_call *call); /* what a call returned */
const char *words_host(const struct story *story, unsigned host);

/* How many connections of a host, or of that name there, were made before an index of the trace; the first of them, and their names. */
uint32_t judge_candidates(const struct judge_index *index, uint16_t host, uint16_t name, uint32_t before, uint32_t *first, char *names,
                          size_t size);
void names_help(const struct judge *judge, struct help *help, uint16_t host, const char *names);
/* The connection that `host` and `name` mean: 0 with the failure reported if there is none or more than one. */
uint32_t judge_resolve(struct judge *judge, const struct story_expect *expect, unsigned *side, enum outcome *outcome);

/* What became of an end at a time, and why: lines of help. */
void explain_end(const struct judge *judge, struct help *help, uint32_t conn, unsigned side, int64_t time_ns);
/* The states of an end, one after the other. */
void explain_path(const struct judge *judge, struct help *help, uint32_t conn, unsigned side);

/* One expectation each; FAILED has been reported. */
enum outcome expect_path(struct judge *judge, const struct story_expect *expect);
enum outcome expect_is(struct judge *judge, const struct story_expect *expect);
enum outcome expect_spends(struct judge *judge, const struct story_expect *expect);
enum outcome expect_never_state(struct judge *judge, const struct story_expect *expect);
enum outcome expect_holds(struct judge *judge, const struct story_expect *expect);
enum outcome expect_wire(struct judge *judge, const struct story_expect *expect);
enum outcome expect_sends(struct judge *judge, const struct story_expect *expect);
enum outcome expect_segment_time(struct judge *judge, const struct story_expect *expect);
enum outcome expect_never_segment(struct judge *judge, const struct story_expect *expect);
enum outcome expect_receives(struct judge *judge, const struct story_expect *expect);
enum outcome expect_sees(struct judge *judge, const struct story_expect *expect);
enum outcome expect_verdict(struct judge *judge, const struct story_expect *expect);
enum outcome expect_breaks(struct judge *judge, const struct story_expect *expect);

/* `= VALUE` of calls. */
void judge_calls(struct judge *judge);
/* Nothing is silent. */
void judge_silence(struct judge *judge);
/* Whom an `ask` asked about. */
void judge_asks(struct judge *judge);
/* Breaks that no expectation declares. */
void judge_invariants(struct judge *judge);
/* Fills the reports, verdicts included. */
bool judge_reports(struct judge *judge);

#endif
