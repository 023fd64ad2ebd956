/* SPDX-License-Identifier: MIT */
/* Assertions that stay on in release builds. A failed one is a fault of ours (exit status 4): the program that embeds the
 * core may set a handler, which prints the scenario, the seed and the event; without one, or if it returns, abort(). */
#ifndef LASTACK_BASE_INVARIANT_H
#define LASTACK_BASE_INVARIANT_H

typedef void (*assertion_handler)(const char *condition, const char *file, int line);

void assertion_set_handler(assertion_handler handler);
_Noreturn void assertion_failed(const char *condition, const char *file, int line);

#define ASSERT(condition) \
    do { \
        if (__builtin_expect(!(condition), 0)) \
            assertion_failed(#condition, __FILE__, __LINE__); \
    } while (0)

#endif
