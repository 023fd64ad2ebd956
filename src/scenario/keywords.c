/* SPDX-License-Identifier: MIT */
/* The one table of the language's words. A list stands in the order that its reader counts in; words that stand alone in the code are in
 * the lists at the end of this file, and a test finds those that are in neither. */
#include "scenario/keywords.h"

#include <string.h>

#include "scenario/internal.h"

const char *const statement_words[] = {
    "scenario", "language", "seed",   "clock",   "stop", "let",  "host",  "link",      "firewall", "nat",
    "app",      "service",  "expect", "variant", "cut",  "drop", "delay", "duplicate", "corrupt",  "crash",
    "boot",     "pause",    "kill",   "inject",  "say",  "ask",  "at",    "when",      "maybe",    NULL,
};
const char *const fault_words[] = {"cut",   "drop", "delay", "duplicate", "corrupt", "crash", "boot",
                                   "pause", "kill", "link",  "inject",    "say",     "ask",   NULL};
const char *const call_words[] = {"listen", "accept", "connect", "send",  "recv",  "drain", "shutdown",
                                  "close",  "abort",  "set",     "relay", "sleep", "exit",  NULL};
const char *const event_words[] = {"enters", "leaves", "sends", "receives", "sees", NULL};
const char *const expect_words[] = {"path", "is", "spends", "never", "sends", "receives", "sees", "holds", NULL};
const char *const link_word_list[] = {"delay", "jitter", "loss", "duplicate", "reorder", "corrupt", "rate", "limit", "mtu", NULL};
const char *const box_words[] = {"idle", "closing", "then", NULL};
const char *const option_words[] = {"linger",    "nodelay",      "cork",    "quickack", "reuseaddr", "nonblocking",
                                    "keepalive", "user_timeout", "linger2", "rcvbuf",   "sndbuf",    NULL};
const char *const shutdown_words[] = {"read", "write", "both", NULL};
const char *const ask_words[] = {"state", "timer", "unacked", "sees", NULL};
const char *const inject_words[] = {"seq", "ack", "len", "win", "tsval", "of", NULL};
const char *const base_words[] = {"rcv.nxt", "rcv.wnd", "irs", "snd.una", "snd.nxt", "iss", NULL};
const char *const tsval_words[] = {"now", "old", "none", NULL};

static const char *const guard_words[] = {"at", "when", "after", "within", "maybe", NULL};
static const char *const head_words[] = {"wire", "verdict", "breaks", NULL}; /* of an expectation without a host */
static const char *const host_words[] = {"local_port_range", "isn", NULL}; /* beside the fields of a profile */
static const char *const value_words[] = {"on", "off", "eof", "nothing", "reset", "drop", "every", "full-close", "gemodel", NULL};
static const char *const clause_words[] = {"from", "to", "for", "by", "of", "as", "x", "then", "until", "in", "times", "backlog", NULL};

/* One kind's words may stand in several lists, and in tables of other rooms. */
typedef const char *(*word_source)(unsigned index);

static const char *listed(const char *const *list, unsigned index)
{
    for (unsigned i = 0; i < index; i++)
        if (list[i] == NULL)
            return NULL;
    return list[index];
}

#define SOURCE(name, list) \
    static const char *name(unsigned index) \
    { \
        return listed(list, index); \
    }
SOURCE(from_statements, statement_words)
SOURCE(from_faults, fault_words)
SOURCE(from_guards, guard_words)
SOURCE(from_calls, call_words)
SOURCE(from_events, event_words)
SOURCE(from_expects, expect_words)
SOURCE(from_heads, head_words)
SOURCE(from_links, link_word_list)
SOURCE(from_boxes, box_words)
SOURCE(from_options, option_words)
SOURCE(from_hosts, host_words)
SOURCE(from_injects, inject_words)
SOURCE(from_shutdowns, shutdown_words)
SOURCE(from_asks, ask_words)
SOURCE(from_tsvals, tsval_words)
SOURCE(from_values, value_words)
SOURCE(from_bases, base_words)
SOURCE(from_clauses, clause_words)

static const char *from_states(unsigned index)
{
    return index < TCP_STATES ? tcp_state_name((enum tcp_state)index) : NULL;
}

static const char *from_errors(unsigned index)
{
    return index + 1 < TCP_ERRNOS ? tcp_errno_name((enum tcp_errno)(index + 1)) : NULL;
}

static const char *from_profiles(unsigned index)
{
    return index < PROFILES ? profile_name((enum profile_id)index) : NULL;
}

static const char *from_fields(unsigned index)
{
    return index < PROFILE_FIELDS ? profile_field_name((enum profile_field)index) : NULL;
}

/* The named values of the profiles' fields, one field after the other. */
static const char *from_choices(unsigned index)
{
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        const char *name;
        if (profile_field_unit((enum profile_field)f) != UNIT_CHOICE)
            continue;
        for (unsigned i = 0; (name = profile_choice_name((enum profile_field)f, i)) != NULL; i++)
            if (index-- == 0)
                return name;
    }
    return NULL;
}

static const char *from_verdicts(unsigned index)
{
    return index < VERDICTS ? verdict_name((enum verdict)index) : NULL;
}

static const char *from_invariants(unsigned index)
{
    return index < INVARIANTS ? invariant_name((enum invariant)index) : NULL;
}

#define SOURCES_MAX 8
static const struct {
    const char *name;
    word_source sources[SOURCES_MAX];
} kinds[KEYWORD_KINDS] = {
    [KEYWORD_GUARD] = {"guard", {from_guards}},
    [KEYWORD_FAULT] = {"fault", {from_faults}},
    [KEYWORD_STATEMENT] = {"statement", {from_statements}},
    [KEYWORD_CALL] = {"call", {from_calls}},
    [KEYWORD_VERB] = {"verb", {from_events, from_expects, from_heads}},
    [KEYWORD_STATE] = {"state", {from_states}},
    [KEYWORD_SEGMENT] = {"segment", {segment_word}},
    [KEYWORD_ERROR] = {"error", {from_errors}},
    [KEYWORD_PROFILE] = {"profile", {from_profiles}},
    [KEYWORD_CLAUSE] = {"clause", {from_clauses}},
    [KEYWORD_OPTION] = {"option", {from_links, from_boxes, from_options, from_fields, from_hosts, from_injects}},
    [KEYWORD_VALUE] = {"value", {from_shutdowns, from_tsvals, from_values, from_choices, from_verdicts, from_invariants}},
    [KEYWORD_FIELD] = {"field", {from_asks}},
    [KEYWORD_NUMBER] = {"number", {from_bases}},
    [KEYWORD_UNIT] = {"unit", {unit_word}},
};

const char *keyword_kind_name(enum keyword_kind kind)
{
    return kinds[kind].name;
}

const char *keyword(enum keyword_kind kind, unsigned index)
{
    for (unsigned s = 0; s < SOURCES_MAX && kinds[kind].sources[s] != NULL; s++) {
        unsigned count = 0;
        for (const char *word; (word = kinds[kind].sources[s](count)) != NULL; count++)
            if (count == index)
                return word;
        index -= count;
    }
    return NULL;
}

bool keyword_is_first(enum keyword_kind kind, unsigned index)
{
    const char *word = keyword(kind, index), *other;
    for (unsigned k = 0; k <= (unsigned)kind; k++) {
        for (unsigned i = 0; (k < (unsigned)kind || i < index) && (other = keyword((enum keyword_kind)k, i)) != NULL; i++)
            if (strcmp(other, word) == 0)
                return false;
    }
    return true;
}
