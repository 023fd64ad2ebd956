/* SPDX-License-Identifier: MIT */
/* Why something happened: the chain of events from an outcome back to the call or the fault with which it began. Each record of a trace
 * names the one that caused it, and a timer that ran out is followed to the record that set it; what kept that timer running, the
 * segments that died meanwhile, is the chain's other half. */
#ifndef LASTACK_JUDGE_CAUSES_H
#define LASTACK_JUDGE_CAUSES_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/trace.h"

struct causes_link {
    uint32_t event; /* its number in the trace, from 1 */
    uint32_t first_missing, missing; /* a timer that ran out: in causes.missing, the DROPs of its connection while it ran */
};

struct causes {
    struct causes_link *links; /* the outcome first */
    uint32_t count, capacity;
    uint32_t *missing; /* numbers of events */
    uint32_t missing_count, missing_capacity;
    bool failed; /* out of memory */
};

/* The number of the event that caused event `number`; for a timer that fired, the one that set it. 0: none. */
uint32_t cause_of(const struct trace *trace, uint32_t number);

/* The chain back from event `number` (1..trace->count). */
void causes_find(struct causes *causes, const struct trace *trace, uint32_t number);
void causes_free(struct causes *causes);

/* The event that a reader would ask about: the last change of state, failed call or fault up to `until_ns` (TIME_NEVER: in the whole run);
 * if there is none, the last event up to then; 0 without any. `host` and `conn` narrow it down (UINT16_MAX, 0: any). Without a time, an end
 * that came to harm goes before one that ended in order. */
uint32_t causes_outcome(const struct trace *trace, int64_t until_ns, uint16_t host, uint32_t conn);

/* Is there an event in the other trace that tells the same: the same change of state of the same end for the same reason, the same result
 * of the same call, the same fate of the same bytes? Its number, 0 without. */
uint32_t causes_same(const struct trace *trace, const struct trace_event *event, const struct trace *other);

#endif
