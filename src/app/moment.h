/* SPDX-License-Identifier: MIT */
/* A time as a reader types it, or copies it from a view. Views cut times off behind the decimals that they need, so a time with few
 * decimals means all instants that begin with them. */
#ifndef LASTACK_APP_MOMENT_H
#define LASTACK_APP_MOMENT_H

#include "app/app.h"
#include "sim/trace.h"

struct moment {
    int64_t from_ns, to_ns; /* it may be any of these instants; the end is excluded, and at most a millisecond later */
};

/* 5.1s, 500ms, "5.1 s", 5.1 (seconds); 10:30:01.124 where the file has a clock (`clock_ns` >= 0). false: that is no time. */
bool moment_parse(const char *word, int64_t clock_ns, struct moment *moment);

/* What happens at that moment, at any host (UINT16_MAX) or at one, to any connection (0) or to one: at the first of its instants at which
 * something does the last change of state or failed call, else the last loss, else the last thing. 0: nothing happens then. */
uint32_t moment_event(const struct trace *trace, const struct moment *moment, uint16_t host, uint32_t conn);
/* The next event after `after` that may have been meant as well as `chosen`; 0: no other. */
uint32_t moment_other(const struct trace *trace, const struct moment *moment, uint16_t host, uint32_t conn, uint32_t chosen,
                      uint32_t after);

#endif
