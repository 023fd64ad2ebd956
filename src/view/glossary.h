/* SPDX-License-Identifier: MIT */
/* The words that the views share: what a segment, a call, a connection is called. Inside the view room only. */
#ifndef LASTACK_VIEW_GLOSSARY_H
#define LASTACK_VIEW_GLOSSARY_H

#include "base/duration.h"
#include "view/view.h"

/* What a reader of single records must know of the whole run: names given late, and the sending of each segment. */
struct glossary {
    const struct story *story;
    const struct trace *trace;
    uint16_t *names; /* by connection number: story.names, or STORY_NONE */
    uint32_t *sends; /* by segment number: its SEND, DUP or INJECT, index in trace.events + 1; 0: none */
    uint32_t conns, segments; /* the highest numbers */
    bool failed; /* out of memory: names and sends are empty */
};

void glossary_init(struct glossary *glossary, const struct story *story, const struct trace *trace);
void glossary_done(struct glossary *glossary);

/* The record that sent this segment, NULL if there is none. */
const struct trace_event *glossary_send_of(const struct glossary *glossary, uint32_t segment);

const char *glossary_host(const struct glossary *glossary, uint16_t node);
/* The `as` name of the connection, else its number. */
void glossary_conn(struct text *out, const struct glossary *glossary, uint32_t conn);
/* The line of statement `index` (counted from 1) in the file; 0 without one. */
uint32_t glossary_line(const struct glossary *glossary, uint32_t statement);

/* How much of a segment is told, from all to a word. */
enum glossary_detail { GLOSSARY_ALL, GLOSSARY_SACK, GLOSSARY_ACK, GLOSSARY_SEQ, GLOSSARY_KIND };
#define GLOSSARY_DETAILS 5
/* "FIN ACK seq 301 ack 1", "data 1:301 ack 1". */
void glossary_segment(struct text *out, const struct trace_segment *segment, const struct sack_block *sack, enum glossary_detail detail);

/* "close", "recv": the name of the socket call (calls.c). */
const char *glossary_call_name(uint8_t call);
/* What a call was given, in the order of the language: words and numbers. */
struct call_argument {
    const char *word; /* NULL: the number */
    int64_t number;
    bool duration; /* the number is one of nanoseconds */
};
#define CALL_ARGUMENTS_MAX 4u
unsigned glossary_call_arguments(const struct glossary *glossary, const struct story_step *step,
                                 struct call_argument list[CALL_ARGUMENTS_MAX]);
/* "connect(server:80)", "recv()"; without its arguments "connect()". */
void glossary_call(struct text *out, const struct glossary *glossary, const struct trace_call *call, bool arguments);
/* What it gave: "0", "300 eof", "ECONNRESET", and of a recv until eof "300 ECONNRESET". */
void glossary_result(struct text *out, const struct trace_call *call);
/* The end of its process, or of the run, broke it off: it did not return, but it has moved some bytes, and `value` says how many. */
bool glossary_broken_off(const struct trace_call *call);

/* The step of the story that made this call; NULL for the process's own (exit, kill) and for a drain's reads. */
const struct story_step *glossary_step(const struct glossary *glossary, const struct trace_call *call);

const char *glossary_why(uint8_t state_why);
const char *glossary_fault(uint8_t fault_what);
/* A box refused the segment of this DROP (an event of the trace): had it forgotten the flow, and after how long a silence? False: it
 * never knew it. */
bool glossary_forgotten(const struct glossary *glossary, const struct trace_event *drop, int64_t *silence_ns);
/* Is this node a firewall or a nat? */
bool glossary_is_box(const struct glossary *glossary, uint8_t node);
/* "new", "closing", "forgotten", "held". */
const char *glossary_flow(uint8_t flow_what);
/* "client:32768 -- server:80 forgotten, silent for 350s": a line of a middlebox's table. */
void glossary_flow_text(struct text *out, const struct glossary *glossary, const struct trace_event *event);
/* "cut client -- server begins". */
void glossary_fault_text(struct text *out, const struct glossary *glossary, const struct trace_event *event);

/* How long, for people: "0", "250 us", "4.332 s", "1 min 5.457 s", "2 h 3 min". Exact. */
void glossary_spent(struct text *out, int64_t ns);

static inline bool glossary_is_segment(uint8_t kind)
{
    return kind == TRACE_SEND || kind == TRACE_RECV || kind == TRACE_DUP || kind == TRACE_INJECT;
}

#endif
