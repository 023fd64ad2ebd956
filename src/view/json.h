/* SPDX-License-Identifier: MIT */
/* Strict JSON (RFC 8259) for the lines of a saved trace: a value becomes a tree in which every part still knows where it stood, so
 * that a mistake in a field can be shown at its place. That is why it is our own: the libraries keep no places. Inside the view room
 * only. */
#ifndef LASTACK_VIEW_JSON_H
#define LASTACK_VIEW_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "story/arena.h"

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    size_t at, width; /* where it stands: offset and bytes */
    const char *key; /* of a member of an object; NULL elsewhere */
    const char *string; /* JSON_STRING: NUL-terminated */
    size_t length;
    bool whole, negative; /* JSON_NUMBER: an integer of at most 64 bits */
    uint64_t magnitude;
    const struct json *first, *next; /* ARRAY, OBJECT: its parts, in order */
    uint32_t count; /* of them */
};

struct json_error {
    size_t at;
    const char *message;
};

/* The one value that `text` consists of; NULL: what is wrong, and where, stands in `error`. A key that comes twice (among the
 * first 64), a NUL in a string, bytes that are no UTF-8 are mistakes. */
const struct json *json_parse(struct arena *arena, const char *text, size_t length, struct json_error *error);

/* The member of that name, NULL without. */
const struct json *json_member(const struct json *object, const char *key);
const char *json_kind_name(enum json_kind kind); /* "a number", "null" */

#endif
