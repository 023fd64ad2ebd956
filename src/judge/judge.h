/* SPDX-License-Identifier: MIT */
/* What came of a run: verdicts, report, expectations and the fourteen invariants, judged from the programs' calls and the
 * wire alone (the trace), never from an endpoint's variables, so that a bug in TCP cannot blind them. */
#ifndef LASTACK_JUDGE_JUDGE_H
#define LASTACK_JUDGE_JUDGE_H

#include <stddef.h>

#include "base/diagnostic.h"
#include "sim/trace.h"
#include "story/story.h"

/* One connection's report. Index 0: the side that sent the first SYN. */
struct connection_report {
    uint32_t conn;
    uint16_t name; /* story.names, STORY_NONE without */
    uint16_t host[2], port[2];
    enum verdict verdict;
    uint64_t written[2]; /* bytes that this side's program handed over (send returned them) */
    uint64_t delivered[2]; /* of those, what the peer's program was given */
    int64_t held_ns[2]; /* how long this end held its socket (first state until CLOSED or the run's end) */
    int64_t disagreed_ns; /* how long one end was gone (CLOSED) and the other neither gone nor in TIME_WAIT nor never made */
};

struct judgement {
    struct connection_report *connections; /* by conn, malloc */
    uint32_t connection_count;
    struct diagnostics failures; /* SEVERITY_FAILED: expectations, invariants, what was silent; messages as LANGUAGE.md shows them */
    uint32_t held; /* expectations that held */
    int64_t end_ns;
    uint64_t hash;
    bool invariant_broken[INVARIANTS]; /* declared or not */
    bool cut; /* the run was stopped early: what comes later is not judged; and nothing is, without any report of a connection */
};

/* Judges a whole run. `until_cut`: the run was stopped early by --until: only what is decided by then is judged (no verdict-dependent
 * failures). */
void judge_run(struct judgement *out, const struct story *story, const struct trace *trace, int64_t end_ns, uint64_t hash, bool until_cut);
void judgement_free(struct judgement *judgement);
/* The answer to an `ask`, from its TRACE_NOTE: "LAST_ACK", "retransmission", "300", "eof", "clean" ... Written into `buffer` (40 bytes
 * hold any answer about one connection; several verdicts are cut off at `size`) and returned; NULL if `note` is not an ask's. */
const char *judge_answer(const struct judgement *judgement, const struct story *story, const struct trace_event *note, char *buffer,
                         size_t size);

/* The invariants as an online consumer (a trace_sink): for runs too many or too large to keep. Compact state a connection. */
struct invariants;
struct invariants *invariants_new(const struct story *story);
void invariants_reset(struct invariants *invariants, const struct story *story); /* for the next run, without allocating */
void invariants_feed(void *invariants, uint32_t number, const struct trace_event *first, uint32_t count);
/* After the last event. Returns a mask of the broken ones (bit = enum invariant). */
uint32_t invariants_end(struct invariants *invariants, int64_t end_ns);
/* The first break of each: its event, and a message for people ("the client's FIN ..."); NULL if it held. */
const char *invariants_message(const struct invariants *invariants, enum invariant invariant, uint32_t *event_number);
void invariants_free(struct invariants *invariants);
/* What they keep of connections, in bytes. */
size_t invariants_bytes_used(const struct invariants *invariants);

#endif
