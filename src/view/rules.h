/* SPDX-License-Identifier: MIT */
/* Which rule of TCP ruled at an event: its sentence and where it stands. Inside the view room only. */
#ifndef LASTACK_VIEW_RULES_H
#define LASTACK_VIEW_RULES_H

#include "view/glossary.h"

struct rule {
    const char *text; /* one sentence */
    const char *source; /* "RFC 9293 3.10.4", "Linux tcp_orphan_retries" */
};

/* NULL where no rule of TCP ruled: a statement of the file, an arrival, a program's own time. */
const struct rule *rule_of(const struct glossary *glossary, uint32_t number);

/* One event in one sentence, without its time. */
void why_sentence(struct text *out, const struct glossary *glossary, uint32_t number);

/* The state of this end (host, connection, side) just before event `number`; TCP_CLOSED without one. */
enum tcp_state rule_state_before(const struct trace *trace, uint32_t number, uint8_t host, uint32_t conn);

#endif
