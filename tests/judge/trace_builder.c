/* SPDX-License-Identifier: MIT */
#include "trace_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "net/class.h"

static const struct story_step plain_step = {.on = STORY_NONE,
                                             .name = STORY_NONE,
                                             .within_ns = TIME_NEVER,
                                             .guard = {.at_ns = TIME_NEVER, .after_ns = TIME_NEVER, .within_ns = TIME_NEVER},
                                             .place = {5, 5, 4}};

struct builder *builder_new(enum profile_id profile)
{
    static const char *const hosts[2] = {"client", "server"};
    static const enum call_kind steps[BUILDER_STEPS] = {CALL_CONNECT, CALL_SEND, CALL_RECV_EOF, CALL_SHUTDOWN, CALL_CLOSE, CALL_ABORT,
                                                        CALL_RECV,    CALL_SEND, CALL_RECV_EOF, CALL_DRAIN,    CALL_CLOSE, CALL_ABORT};
    struct builder *b = calloc(1, sizeof *b);
    b->conn = 1;
    for (unsigned i = 0; i < 2; i++) {
        b->nodes[i].name = hosts[i];
        b->nodes[i].profile = *profile_defaults(profile);
        b->programs[i] = (struct story_program){.host = (uint16_t)i, .service = i == SERVER, .port = 80, .name = STORY_NONE, .copies = 1};
        b->programs[i].first_step = i * 6;
        b->programs[i].steps = 6;
    }
    for (unsigned i = 0; i < BUILDER_STEPS; i++) {
        b->steps[i] = plain_step;
        b->steps[i].call = steps[i];
        b->steps[i].size = 100000;
        b->steps[i].how = SHUTDOWN_WRITE;
        b->steps[i].host = SERVER;
        b->steps[i].port = 80;
        b->steps[i].place.line = 10 + i;
    }
    b->names[0] = "old";
    b->names[1] = "new";
    b->story = (struct story){.file = "by-hand.scn", .title = "by hand", .seed = 7, .clock_ns = -1, .stop_ns = TIME_NEVER};
    b->story.nodes = b->nodes;
    b->story.node_count = 2;
    b->story.programs = b->programs;
    b->story.program_count = 2;
    b->story.steps = b->steps;
    b->story.step_count = BUILDER_STEPS;
    b->story.statements = b->statements;
    b->story.expects = b->expects;
    b->story.matches = b->matches;
    b->story.path_states = b->path_states;
    b->story.names = b->names;
    b->story.name_count = 2;
    return b;
}

void builder_free(struct builder *b)
{
    if (b->judged)
        judgement_free(&b->judgement);
    trace_free(&b->trace);
    free(b);
}

void at(struct builder *b, int64_t ms)
{
    b->now_ns = ms * MS;
    b->last_recv = 0;
}

uint32_t event(struct builder *b, const struct trace_event *event)
{
    struct trace_event copy = *event;
    copy.time_ns = b->now_ns;
    trace_keep(&b->trace, b->trace.count + 1, &copy, 1);
    return b->trace.count;
}

/* ---- the wire ---- */

static uint8_t flags_of(const char *letters)
{
    unsigned flags = 0;
    for (; *letters != '\0'; letters++)
        flags |= *letters == 'S' ? TCP_SYN : *letters == 'F' ? TCP_FIN : *letters == 'R' ? TCP_RST : *letters == 'P' ? TCP_PSH : TCP_ACK;
    return (uint8_t)flags;
}

/* ACK(FIN) is the observer's business (net/class.h); the tests that need it set it. */
static uint16_t classes_of(unsigned flags, uint32_t len)
{
    unsigned classes = CLASS_ANY;
    classes |= flags & TCP_SYN ? CLASS_SYN : 0;
    classes |= flags & TCP_FIN ? CLASS_FIN : 0;
    classes |= flags & TCP_RST ? CLASS_RST : 0;
    classes |= len > 0 ? CLASS_DATA : 0;
    classes |= classes == CLASS_ANY ? CLASS_ACK : 0;
    return (uint16_t)classes;
}

static struct trace_event segment_event(struct builder *b, unsigned host, const char *flags, uint32_t seq, uint32_t len, uint32_t ack,
                                        uint32_t wnd)
{
    struct trace_event sent = {
        .kind = TRACE_SEND, .host = (uint8_t)host, .peer = (uint8_t)(1 - host), .conn = b->conn, .cause = b->last_recv};
    sent.segment.number = ++b->segment_count;
    sent.segment.flags = flags_of(flags);
    sent.segment.seq = seq;
    sent.segment.len = len;
    sent.segment.ack = ack;
    sent.segment.wnd = wnd;
    sent.segment.classes = classes_of(sent.segment.flags, len);
    return sent;
}

uint32_t sends_window(struct builder *b, unsigned host, const char *flags, uint32_t seq, uint32_t len, uint32_t ack, uint32_t wnd)
{
    const struct trace_event sent = segment_event(b, host, flags, seq, len, ack, wnd);
    event(b, &sent);
    b->segments[b->segment_count % BUILDER_SEGMENTS] = sent;
    return b->segment_count;
}

uint32_t sends(struct builder *b, unsigned host, const char *flags, uint32_t seq, uint32_t len, uint32_t ack)
{
    return sends_window(b, host, flags, seq, len, ack, 65535);
}

void arrives(struct builder *b, uint32_t segment)
{
    struct trace_event recv = b->segments[segment % BUILDER_SEGMENTS];
    const uint8_t from = recv.host;
    recv.kind = TRACE_RECV;
    recv.host = recv.peer;
    recv.peer = from;
    recv.cause = b->trace.count;
    b->last_recv = event(b, &recv);
}

void injected(struct builder *b, unsigned to, const char *flags, uint32_t seq, uint32_t len, uint32_t ack)
{
    struct trace_event forged = segment_event(b, 1 - to, flags, seq, len, ack, 65535);
    b->segments[b->segment_count % BUILDER_SEGMENTS] = forged;
    forged.kind = TRACE_INJECT;
    forged.cause = 0;
    event(b, &forged);
    arrives(b, b->segment_count);
}

void dropped(struct builder *b, uint32_t segment, unsigned why, uint32_t statement)
{
    struct trace_event drop = b->segments[segment % BUILDER_SEGMENTS];
    drop.kind = TRACE_DROP;
    drop.what = (uint8_t)why;
    drop.statement = statement;
    drop.cause = b->trace.count;
    event(b, &drop);
}

uint32_t passes(struct builder *b, unsigned host, const char *flags, uint32_t seq, uint32_t len, uint32_t ack)
{
    const uint32_t segment = sends(b, host, flags, seq, len, ack);
    b->now_ns += 10 * MS;
    arrives(b, segment);
    return segment;
}

/* ---- ends and programs ---- */

static void moves(struct builder *b, unsigned host, enum tcp_state to, enum state_why why)
{
    enum tcp_state *state = &b->states[b->conn][host];
    struct trace_event move = {.kind = TRACE_STATE, .what = (uint8_t)why, .host = (uint8_t)host, .conn = b->conn, .cause = b->last_recv};
    move.state.from = (uint8_t)(*state == TCP_CLOSED && host == SERVER ? TCP_LISTEN : *state);
    move.state.to = (uint8_t)to;
    move.state.side = (uint8_t)host;
    move.state.end = b->conn * 2 + host;
    event(b, &move);
    *state = to;
}

void enters(struct builder *b, unsigned host, enum tcp_state to)
{
    moves(b, host, to, WHY_ORDINARY);
}

void ends(struct builder *b, unsigned host, enum state_why why)
{
    moves(b, host, TCP_CLOSED, why);
}

static struct trace_event call_event(struct builder *b, unsigned kind, unsigned host, enum call_kind call, uint32_t step)
{
    struct trace_event made = {.kind = (uint8_t)kind, .host = (uint8_t)host, .conn = b->conn, .cause = b->last_recv};
    made.call.program = host;
    made.call.step = step;
    made.call.call = (uint8_t)call;
    made.call.socket = b->conn * 2 + host;
    return made;
}

void calls(struct builder *b, unsigned host, enum call_kind call, uint32_t step)
{
    const struct trace_event made = call_event(b, TRACE_CALL, host, call, step);
    event(b, &made);
}

void returns(struct builder *b, unsigned host, enum call_kind call, uint32_t step, int64_t value)
{
    struct trace_event made = call_event(b, TRACE_RETURN, host, call, step);
    made.call.value = value;
    event(b, &made);
}

void returns_eof(struct builder *b, unsigned host, enum call_kind call, uint32_t step, int64_t value)
{
    struct trace_event made = call_event(b, TRACE_RETURN, host, call, step);
    made.call.value = value;
    made.call.eof = true;
    event(b, &made);
}

void returns_error(struct builder *b, unsigned host, enum call_kind call, uint32_t step, enum tcp_errno error)
{
    struct trace_event made = call_event(b, TRACE_RETURN, host, call, step);
    made.call.error = (uint8_t)error;
    event(b, &made);
}

void fault(struct builder *b, enum fault_what what, uint32_t statement, unsigned host)
{
    const struct trace_event made = {.kind = TRACE_FAULT, .what = (uint8_t)what, .host = (uint8_t)host, .statement = statement};
    event(b, &made);
}

/* ---- stories ---- */

void handshake(struct builder *b)
{
    enters(b, CLIENT, TCP_SYN_SENT);
    passes(b, CLIENT, "S", 0, 0, 0);
    enters(b, SERVER, TCP_SYN_RECEIVED);
    passes(b, SERVER, "S.", 0, 0, 1);
    enters(b, CLIENT, TCP_ESTABLISHED);
    returns(b, CLIENT, CALL_CONNECT, 0, 0);
    passes(b, CLIENT, ".", 1, 0, 1);
    enters(b, SERVER, TCP_ESTABLISHED);
}

void client_sends(struct builder *b, uint32_t bytes)
{
    calls(b, CLIENT, CALL_SEND, 1);
    returns(b, CLIENT, CALL_SEND, 1, bytes);
    passes(b, CLIENT, "P.", 1, bytes, 1);
    returns(b, SERVER, CALL_DRAIN, 9, bytes);
    passes(b, SERVER, ".", 1, 0, 1 + bytes);
}

void orderly_close(struct builder *b, uint32_t sent)
{
    const uint32_t fin = sent + 1;
    calls(b, CLIENT, CALL_CLOSE, 4);
    enters(b, CLIENT, TCP_FIN_WAIT_1);
    returns(b, CLIENT, CALL_CLOSE, 4, 0);
    passes(b, CLIENT, "F.", fin, 0, 1);
    enters(b, SERVER, TCP_CLOSE_WAIT);
    returns_eof(b, SERVER, CALL_DRAIN, 9, 0);
    passes(b, SERVER, ".", 1, 0, fin + 1);
    enters(b, CLIENT, TCP_FIN_WAIT_2);
    calls(b, SERVER, CALL_CLOSE, 10);
    enters(b, SERVER, TCP_LAST_ACK);
    returns(b, SERVER, CALL_CLOSE, 10, 0);
    passes(b, SERVER, "F.", 1, 0, fin + 1);
    enters(b, CLIENT, TCP_TIME_WAIT);
    passes(b, CLIENT, ".", fin + 1, 0, 2);
    ends(b, SERVER, WHY_ORDINARY);
}

void time_wait_ends(struct builder *b)
{
    b->now_ns += b->nodes[CLIENT].profile.time_wait;
    b->last_recv = 0;
    ends(b, CLIENT, WHY_ORDINARY);
}

void whole_life(struct builder *b)
{
    handshake(b);
    client_sends(b, 300);
    orderly_close(b, 300);
    time_wait_ends(b);
}

/* ---- judging ---- */

struct story_expect *expects(struct builder *b, enum expect_kind kind, unsigned host)
{
    struct story_expect *expect = &b->expects[b->story.expect_count++];
    *expect = (struct story_expect){.kind = kind, .host = (uint16_t)host, .name = STORY_NONE, .place = {20 + b->story.expect_count, 1, 6}};
    return expect;
}

struct segment_match *matches(struct builder *b, struct story_expect *expect, uint32_t classes, unsigned from, unsigned to)
{
    if (expect->matches++ == 0)
        expect->first_match = b->story.match_count;
    struct segment_match *match = &b->matches[b->story.match_count++];
    *match = (struct segment_match){.classes = classes, .from = (uint16_t)from, .to = (uint16_t)to, .of = STORY_NONE, .ordinals = {1, 1}};
    return match;
}

struct story_statement *states(struct builder *b, enum statement_kind kind)
{
    struct story_statement *statement = &b->statements[b->story.statement_count++];
    *statement = (struct story_statement){.kind = kind, .from = CLIENT, .to = SERVER, .ask_name = STORY_NONE, .cut_to_ns = TIME_NEVER};
    statement->segment = (struct segment_match){.from = CLIENT, .to = SERVER, .of = STORY_NONE, .ordinals = {1, 1}, .ordinals_given = true};
    statement->event.name = STORY_NONE;
    statement->place = (struct place){5, 1, 4};
    return statement;
}

const struct judgement *judged(struct builder *b)
{
    if (b->judged)
        judgement_free(&b->judgement);
    judge_run(&b->judgement, &b->story, &b->trace, b->now_ns, UINT64_C(0x9f3c11d0aabbccdd), false);
    b->judged = true;
    return &b->judgement;
}

bool breaks(struct builder *b, enum invariant invariant)
{
    return judged(b)->invariant_broken[invariant];
}

bool breaks_only(struct builder *b, enum invariant invariant)
{
    judged(b);
    for (unsigned i = 0; i < INVARIANTS; i++)
        if (b->judgement.invariant_broken[i] != (i == (unsigned)invariant))
            return false;
    return true;
}
