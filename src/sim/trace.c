/* SPDX-License-Identifier: MIT */
#include "sim/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/invariant.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define NO_GAP(field, from) _Static_assert(offsetof(struct trace_event, field) == (from), #field " stands without a gap");
NO_GAP(time_ns, 0)
NO_GAP(cause, 8)
NO_GAP(conn, 12)
NO_GAP(kind, 16)
NO_GAP(what, 17)
NO_GAP(host, 18)
NO_GAP(peer, 19)
NO_GAP(statement, 20)
NO_GAP(segment.number, 24)
NO_GAP(segment.of, 28)
NO_GAP(segment.seq, 32)
NO_GAP(segment.ack, 36)
NO_GAP(segment.len, 40)
NO_GAP(segment.wnd, 44)
NO_GAP(segment.tsval, 48)
NO_GAP(segment.tsecr, 52)
NO_GAP(segment.mss, 56)
NO_GAP(segment.classes, 58)
NO_GAP(segment.flags, 60)
NO_GAP(segment.options, 61)
NO_GAP(segment.wscale, 62)
NO_GAP(segment.sack_count, 63)
NO_GAP(sack, 64)
NO_GAP(state.from, 24)
NO_GAP(state.to, 25)
NO_GAP(state.side, 26)
NO_GAP(state.orphan, 27)
NO_GAP(state.end, 28)
NO_GAP(timer.at_ns, 24)
NO_GAP(timer.timer, 32)
NO_GAP(timer.side, 33)
NO_GAP(timer.zero, 34)
NO_GAP(call.value, 24)
NO_GAP(call.program, 32)
NO_GAP(call.copy, 36)
NO_GAP(call.step, 40)
NO_GAP(call.socket, 44)
NO_GAP(call.call, 48)
NO_GAP(call.error, 49)
NO_GAP(call.eof, 50)
NO_GAP(call.failed, 51)
NO_GAP(call.zero, 52)
NO_GAP(note.value, 24)
NO_GAP(flow.at_ns, 24)
NO_GAP(flow.limit_ns, 32)
NO_GAP(flow.port, 40)
NO_GAP(flow.to, 44)
NO_GAP(flow.state, 45)
NO_GAP(flow.zero, 46)
_Static_assert(sizeof(bool) == 1 && sizeof(struct sack_block) == 8 && sizeof(struct trace_event) == TRACE_BYTES_MAX, "as hashed");
_Static_assert(offsetof(struct trace_tape, bytes) % _Alignof(struct trace_event) == 0, "records can be made on the tape");

static unsigned char *put(unsigned char *to, uint64_t value, unsigned bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        *to++ = (unsigned char)value;
    return to;
}

static unsigned char *put_segment(unsigned char *to, const struct trace_event *event)
{
    const struct trace_segment *seg = &event->segment;
    const uint32_t words[] = {seg->number, seg->of, seg->seq, seg->ack, seg->len, seg->wnd, seg->tsval, seg->tsecr};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        to = put(to, words[i], 4);
    to = put(put(to, seg->mss, 2), seg->classes, 2);
    to = put(put(put(put(to, seg->flags, 1), seg->options, 1), seg->wscale, 1), seg->sack_count, 1);
    for (unsigned i = 0; i < seg->sack_count; i++)
        to = put(put(to, event->sack[i].left, 4), event->sack[i].right, 4);
    return to;
}

static unsigned char *put_call(unsigned char *to, const struct trace_call *call)
{
    to = put(to, (uint64_t)call->value, 8);
    to = put(put(put(put(to, call->program, 4), call->copy, 4), call->step, 4), call->socket, 4);
    return put(put(put(put(put(to, call->call, 1), call->error, 1), call->eof, 1), call->failed, 1), 0, 4);
}

size_t trace_canonical(const struct trace_event *event, unsigned char *bytes)
{
    ASSERT(trace_member(event) != MEMBER_SEGMENT || event->segment.sack_count <= SEGMENT_SACK_MAX);
    unsigned char *to = put(bytes, (uint64_t)event->time_ns, 8);
    to = put(put(to, event->cause, 4), event->conn, 4);
    to = put(put(put(put(to, event->kind, 1), event->what, 1), event->host, 1), event->peer, 1);
    to = put(to, event->statement, 4);
    switch (trace_member(event)) {
    case MEMBER_SEGMENT:
        to = put_segment(to, event);
        break;
    case MEMBER_STATE:
        to = put(put(put(put(to, event->state.from, 1), event->state.to, 1), event->state.side, 1), event->state.orphan, 1);
        to = put(to, event->state.end, 4);
        break;
    case MEMBER_TIMER:
        to = put(put(put(put(to, (uint64_t)event->timer.at_ns, 8), event->timer.timer, 1), event->timer.side, 1), 0, 6);
        break;
    case MEMBER_CALL:
        to = put_call(to, &event->call);
        break;
    case MEMBER_NOTE:
        to = put(to, (uint64_t)event->note.value, 8);
        break;
    case MEMBER_FLOW:
        to = put(put(to, (uint64_t)event->flow.at_ns, 8), (uint64_t)event->flow.limit_ns, 8);
        to = put(put(to, event->flow.port[0], 2), event->flow.port[1], 2);
        to = put(put(put(to, event->flow.to, 1), event->flow.state, 1), 0, 2);
        break;
    }
    return (size_t)(to - bytes);
}

void trace_tape_begin(struct trace_tape *tape)
{
    tape->hash = tape->used = 0;
}

static inline uint64_t block_hash(const unsigned char block[TRACE_BLOCK], uint64_t seed)
{
#ifdef BLOCK_AVX2
    if (__builtin_cpu_supports("avx2"))
        return block_hash_avx2(block, seed);
#endif
    return XXH3_64bits_withSeed(block, TRACE_BLOCK, seed);
}

void trace_tape_fold(struct trace_tape *tape)
{
    tape->hash = block_hash(tape->bytes, tape->hash);
    tape->used -= TRACE_BLOCK;
    memcpy(tape->bytes, tape->bytes + TRACE_BLOCK, tape->used);
}

void trace_tape_add(struct trace_tape *tape, const struct trace_event *event)
{
    tape->used += trace_canonical(event, tape->bytes + tape->used);
    if (tape->used >= TRACE_BLOCK)
        trace_tape_fold(tape);
}

uint64_t trace_tape_hash(const struct trace_tape *tape)
{
    return tape->used == 0 ? tape->hash : XXH3_64bits_withSeed(tape->bytes, tape->used, tape->hash);
}

static bool trace_grow(struct trace *trace)
{
    uint32_t capacity = 256;
    size_t bytes;
    if (trace->capacity != 0 && __builtin_mul_overflow(trace->capacity, 2U, &capacity))
        return false;
    if (__builtin_mul_overflow(capacity, sizeof *trace->events, &bytes))
        return false;
    struct trace_event *events = realloc(trace->events, bytes);
    if (events == NULL)
        return false;
    trace->events = events;
    trace->capacity = capacity;
    return true;
}

void trace_keep(void *trace, uint32_t number, const struct trace_event *first, uint32_t count)
{
    struct trace *kept = trace;
    ASSERT(number == kept->count + 1 || kept->failed);
    for (const struct trace_event *event = first; count != 0 && !kept->failed; event = trace_next(event), count--) {
        if (kept->count == kept->capacity && !trace_grow(kept)) {
            kept->failed = true;
            return;
        }
        kept->events[kept->count++] = *event;
    }
}

void trace_free(struct trace *trace)
{
    free(trace->events);
    *trace = (struct trace){0};
}

bool trace_step_begins(const struct trace *trace, uint32_t number)
{
    const struct trace_event *e = &trace->events[number - 1];
    if (number == 1 || e->time_ns != e[-1].time_ns)
        return true;
    return e->kind == TRACE_RECV || e->kind == TRACE_CALL || e->kind == TRACE_NOTE || e->kind == TRACE_FAULT || e->kind == TRACE_INJECT ||
           (e->kind == TRACE_TIMER && e->what == TIMER_FIRED);
}

bool trace_changes_state(const struct trace *trace, uint32_t first, uint32_t last)
{
    for (uint32_t n = first; n <= last; n++) {
        const struct trace_event *e = &trace->events[n - 1];
        if (e->kind == TRACE_STATE && e->conn != 0 && e->state.from != e->state.to)
            return true;
    }
    return false;
}
