/* SPDX-License-Identifier: MIT */
/* An answer that could be another connection's is none: an `ask` names the connection, as an `expect` does, once the host has several;
 * and it cannot call it by a name that it gets later. */
#include "judge/internal.h"

/* When a connection was first called so: an index of the trace, its count if never. */
static uint32_t named_at(const struct judge_index *index, uint32_t conn)
{
    const struct trace *trace = index->trace;
    uint32_t at = 0;
    while (at < trace->count && (trace->events[at].kind != TRACE_NAME || trace->events[at].conn != conn))
        at++;
    return at;
}

static void judge_ask(struct judge *judge, const struct story_statement *ask, uint32_t at)
{
    const struct judge_index *index = &judge->index;
    char names[160];
    uint32_t conn = 0;
    uint32_t count = judge_candidates(index, ask->ask_host, ask->ask_name, at, &conn, names, sizeof names);
    const struct words end = words_end(judge->story, ask->ask_host, ask->ask_name);
    const int64_t time_ns = index->trace->events[at].time_ns;
    struct help help = {"", 0};
    if (count > 1) {
        names_help(judge, &help, ask->ask_host, names);
        judge_fail(judge, ask->place, &help, false, time_ns, "this asks about %s, which had %u connections by then: name one", end.s,
                   (unsigned)count);
        return;
    }
    if (count == 0 || ask->ask_name == STORY_NONE)
        return;
    const uint32_t named = named_at(index, conn);
    if (named <= at)
        return;
    help_line(&help, "a bare %s means its only connection; connect HOST:PORT as NAME names it from the start",
              words_host(judge->story, ask->ask_host));
    judge_fail(judge, ask->place, &help, false, time_ns, "this asks about %s, but the connection got that name only at %s", end.s,
               words_time(named < index->trace->count ? index->trace->events[named].time_ns : index->end_ns).s);
}

void judge_asks(struct judge *judge)
{
    const struct trace *trace = judge->index.trace;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *note = &trace->events[i];
        if (note->kind != TRACE_NOTE || note->statement == 0 || note->statement > judge->story->statement_count)
            continue;
        const struct story_statement *statement = &judge->story->statements[note->statement - 1];
        if (statement->kind == STATEMENT_ASK && statement->ask != ASK_VERDICT && statement->ask_host != STORY_NONE)
            judge_ask(judge, statement, i);
    }
}
