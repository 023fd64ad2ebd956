/* SPDX-License-Identifier: MIT */
#include "base/invariant.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The one cell of process-wide state in the core: where a fault of ours is told. Atomic, since a sweep's threads share it. */
static _Atomic(assertion_handler) told;

void assertion_set_handler(assertion_handler handler)
{
    atomic_store(&told, handler);
}

_Noreturn void assertion_failed(const char *condition, const char *file, int line)
{
    /* Taken away first: a handler that itself fails an assertion must end, not start again. */
    assertion_handler handler = atomic_exchange(&told, (assertion_handler)NULL);
    if (handler != NULL)
        handler(condition, file, line);
    abort();
}
