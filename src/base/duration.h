/* SPDX-License-Identifier: MIT */
/* Time in the simulated world: signed 64-bit nanoseconds since the world began. Never a float. */
#ifndef LASTACK_BASE_DURATION_H
#define LASTACK_BASE_DURATION_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* A moment that does not come: an unarmed timer, a cut for good, no limit. */
#define TIME_NEVER INT64_MAX

/* a + b, both >= 0; TIME_NEVER if either is TIME_NEVER or the sum does not fit. */
static inline int64_t time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (a == TIME_NEVER || b == TIME_NEVER || __builtin_add_overflow(a, b, &sum))
        return TIME_NEVER;
    return sum;
}

#endif
