/* SPDX-License-Identifier: MIT */
#include "judge/causes.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "story/story.h"
#include "tcp/state.h"

static const struct trace_event *at(const struct trace *trace, uint32_t number)
{
    return &trace->events[number - 1];
}

static bool same_timer(const struct trace_event *a, const struct trace_event *b)
{
    return b->kind == TRACE_TIMER && a->host == b->host && a->conn == b->conn && a->timer.timer == b->timer.timer &&
           a->timer.side == b->timer.side;
}

uint32_t cause_of(const struct trace *trace, uint32_t number)
{
    const struct trace_event *event = at(trace, number);
    if (event->cause != 0 || event->kind != TRACE_TIMER || event->what != TIMER_FIRED)
        return event->cause;
    for (uint32_t n = number - 1; n > 0; n--) {
        if (same_timer(event, at(trace, n)))
            return at(trace, n)->what == TIMER_ARMED ? n : 0;
    }
    return 0;
}

static bool grown(void **list, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    const uint32_t wanted = *capacity == 0 ? 32 : *capacity * 2;
    void *larger = realloc(*list, wanted * size);
    if (larger == NULL)
        return false;
    *list = larger;
    *capacity = wanted;
    return true;
}

static bool link_add(struct causes *causes, uint32_t number)
{
    void *list = causes->links;
    const bool room = grown(&list, causes->count, &causes->capacity, sizeof *causes->links);
    causes->links = list;
    if (room)
        causes->links[causes->count++] = (struct causes_link){.event = number, .first_missing = causes->missing_count};
    return room;
}

static bool missing_add(struct causes *causes, uint32_t number)
{
    void *list = causes->missing;
    const bool room = grown(&list, causes->missing_count, &causes->missing_capacity, sizeof *causes->missing);
    causes->missing = list;
    if (room)
        causes->missing[causes->missing_count++] = number;
    return room;
}

/* The timers that run because something is awaited: what died of that connection between `armed` and `fired` is why it did not come. */
static bool awaits(const struct trace_event *fired)
{
    return fired->kind == TRACE_TIMER && fired->what == TIMER_FIRED && fired->timer.timer != TIMER_DELAYED_ACK &&
           fired->timer.timer != TIMER_TIME_WAIT;
}

static bool missing_find(struct causes *causes, const struct trace *trace, uint32_t armed, uint32_t fired)
{
    struct causes_link *link = &causes->links[causes->count - 1];
    for (uint32_t n = armed + 1; n < fired; n++) {
        if (at(trace, n)->kind != TRACE_DROP || at(trace, n)->conn != at(trace, fired)->conn)
            continue;
        if (!missing_add(causes, n))
            return false;
        link->missing++;
    }
    return true;
}

/* An end that did not end as its program asked. */
static bool is_harm(const struct trace_event *event)
{
    return event->kind == TRACE_STATE ? event->what != WHY_ORDINARY && event->what != WHY_REUSED && event->what != WHY_CRASH
                                      : event->kind == TRACE_RETURN && event->call.error != TCP_OK && event->call.error != TCP_EAGAIN &&
                                            event->call.error != TCP_EINPROGRESS;
}

/* An end that came to harm before its program asked: a later call is told of that, whatever made the program call. */
static uint32_t harm_before(const struct trace *trace, uint32_t number)
{
    const struct trace_event *told = at(trace, number);
    if (told->kind != TRACE_RETURN || !is_harm(told) || told->conn == 0)
        return 0;
    for (uint32_t n = number - 1; n > 0; n--) {
        const struct trace_event *e = at(trace, n);
        if (e->kind == TRACE_STATE && e->host == told->host && e->conn == told->conn)
            return is_harm(e) ? n : 0;
    }
    return 0;
}

/* A program that sends or opens of its own accord: nothing before that made it. What it does when it is told something goes further back.
 */
static bool begins(const struct trace_event *event)
{
    return event->kind == TRACE_CALL &&
           (event->call.call == CALL_SEND || event->call.call == CALL_CONNECT || event->call.call == CALL_LISTEN);
}

static uint32_t next_link(const struct trace *trace, uint32_t number)
{
    const uint32_t harm = harm_before(trace, number);
    if (harm != 0)
        return harm;
    return begins(at(trace, number)) ? 0 : cause_of(trace, number);
}

void causes_find(struct causes *causes, const struct trace *trace, uint32_t number)
{
    *causes = (struct causes){.links = NULL};
    while (number != 0) {
        if (!link_add(causes, number)) {
            causes->failed = true;
            return;
        }
        const uint32_t cause = next_link(trace, number);
        if (cause != 0 && awaits(at(trace, number)) && !missing_find(causes, trace, cause, number)) {
            causes->failed = true;
            return;
        }
        number = cause;
    }
}

void causes_free(struct causes *causes)
{
    free(causes->links);
    free(causes->missing);
    *causes = (struct causes){.links = NULL};
}

static bool is_outcome(const struct trace_event *event)
{
    return event->kind == TRACE_STATE || (event->kind == TRACE_RETURN && event->call.error != TCP_OK);
}

uint32_t causes_outcome(const struct trace *trace, int64_t until_ns, uint16_t host, uint32_t conn)
{
    uint32_t last = 0, outcome = 0, harm = 0;
    for (uint32_t n = 1; n <= trace->count && at(trace, n)->time_ns <= until_ns; n++) {
        const struct trace_event *event = at(trace, n);
        if ((host != UINT16_MAX && event->host != host) || (conn != 0 && event->conn != conn))
            continue;
        last = n;
        outcome = is_outcome(event) ? n : outcome;
        harm = is_harm(event) ? n : harm;
    }
    if (until_ns == TIME_NEVER && harm != 0)
        return harm;
    return outcome != 0 ? outcome : last;
}

/* Which one of several equal events: the call of a loop, the third resend. */
static bool alike(const struct trace_event *a, const struct trace_event *b)
{
    if (a->kind != b->kind || a->host != b->host || a->conn != b->conn)
        return false;
    switch ((enum trace_kind)a->kind) {
    case TRACE_STATE:
        return a->what == b->what && a->state.from == b->state.from && a->state.to == b->state.to && a->state.side == b->state.side;
    case TRACE_CALL:
        return a->call.program == b->call.program && a->call.copy == b->call.copy && a->call.step == b->call.step;
    case TRACE_RETURN:
        return a->call.program == b->call.program && a->call.copy == b->call.copy && a->call.step == b->call.step &&
               a->call.error == b->call.error &&
               (a->call.error != TCP_OK || (a->call.value == b->call.value && a->call.eof == b->call.eof));
    case TRACE_TIMER:
        return a->what == b->what && a->timer.timer == b->timer.timer && a->timer.side == b->timer.side;
    case TRACE_SEND:
    case TRACE_RECV:
    case TRACE_DUP:
    case TRACE_INJECT:
        return a->segment.flags == b->segment.flags && a->segment.seq == b->segment.seq && a->segment.len == b->segment.len &&
               a->segment.ack == b->segment.ack && a->segment.classes == b->segment.classes;
    case TRACE_DROP:
        return a->what == b->what && a->segment.flags == b->segment.flags && a->segment.seq == b->segment.seq &&
               a->segment.len == b->segment.len && a->segment.classes == b->segment.classes;
    case TRACE_NOTE:
    case TRACE_FAULT:
        return a->statement == b->statement && a->what == b->what;
    case TRACE_NAME:
        return a->note.value == b->note.value;
    case TRACE_FLOW:
        return a->what == b->what && a->peer == b->peer && a->flow.port[0] == b->flow.port[0];
    }
    return false;
}

uint32_t causes_same(const struct trace *trace, const struct trace_event *event, const struct trace *other)
{
    uint32_t before = 0;
    for (const struct trace_event *e = trace->events; e < event; e++)
        before += alike(event, e);
    for (uint32_t n = 1; n <= other->count; n++) {
        if (!alike(event, at(other, n)))
            continue;
        if (before == 0)
            return n;
        before--;
    }
    return 0;
}
