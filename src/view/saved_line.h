/* SPDX-License-Identifier: MIT */
/* One line of a saved trace, and its fields taken one after the other. The first mistake is kept with its place; after it every taker
 * gives zero, so that who takes need not look before the end. Inside the view room only. */
#ifndef LASTACK_VIEW_SAVED_LINE_H
#define LASTACK_VIEW_SAVED_LINE_H

#include "view/json.h"
#include "view/saved.h"

struct saved_line {
    struct diagnostics *diagnostics;
    const char *text;
    size_t length;
    uint32_t number;
    const struct json *root;
    bool failed;
};

/* The next line that is not empty, parsed; false at the end of the file, or with line->failed. */
bool saved_line_next(struct saved *saved, struct saved_line *line, struct diagnostics *diagnostics);

/* At a part of the line; NULL: the line as a whole. */
void saved_wrong(struct saved_line *line, const struct json *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The member `key` of the line; NULL without. */
const struct json *saved_find(const struct saved_line *line, const char *key);
/* The same, but it must be there and of that kind; else NULL with the mistake kept. */
const struct json *saved_take(struct saved_line *line, const char *key, enum json_kind kind);

/* `value` as a whole number from 0 or below, up to `most`. */
int64_t saved_integer(struct saved_line *line, const struct json *value, int64_t least, int64_t most);
uint32_t saved_u32(struct saved_line *line, const struct json *value, uint32_t most);
/* Members: a number that must be there; one that is `otherwise` if it is not. */
uint32_t saved_take_u32(struct saved_line *line, const char *key, uint32_t most);
uint32_t saved_take_u32_or(struct saved_line *line, const char *key, uint32_t most, uint32_t otherwise);
const char *saved_take_string(struct saved_line *line, const char *key);
bool saved_take_true(struct saved_line *line, const char *key); /* absent: false */

/* The index of the member's string among the names that `name_of` gives; `what` is what it should be: "a state of TCP". */
uint8_t saved_take_name(struct saved_line *line, const char *key, const char *(*name_of)(unsigned), unsigned count, const char *what);

/* One event, already known to be number trace->count + 1; `sends`, by segment number, grows. false: line->failed. */
struct saved_sends {
    uint32_t *event; /* index in trace.events + 1 of the SEND, DUP or INJECT of each segment */
    uint32_t capacity;
    bool failed; /* out of memory */
};
void saved_event(struct saved_line *line, const struct story *story, const struct trace *trace, struct saved_sends *sends,
                 struct trace_event *event);

#endif
