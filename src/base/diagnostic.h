/* SPDX-License-Identifier: MIT */
/* A user's mistake, as a record: never printed from below src/app. */
#ifndef LASTACK_BASE_DIAGNOSTIC_H
#define LASTACK_BASE_DIAGNOSTIC_H

#include <stdint.h>

#define DIAGNOSTICS_MAX 20

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_FAILED };

struct diagnostic {
    enum severity severity;
    uint32_t line, column, width; /* 1-based; line 0: the file as a whole; width 0: no caret */
    char message[200]; /* "FINWAIT1 is not a TCP state" */
    char help[280]; /* "did you mean FIN_WAIT_1?", printed behind the caret; "" without. May hold lines, divided by \n */
};

struct diagnostics {
    uint32_t count; /* how many there were, those beyond DIAGNOSTICS_MAX included */
    struct diagnostic list[DIAGNOSTICS_MAX];
};

#endif
