/* SPDX-License-Identifier: MIT */
/* The lines, the head and the end. The events are in saved_event.c. */
#include "view/saved.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "view/saved_line.h"

/* ---- mistakes ---- */

static uint32_t characters(const char *text, size_t length)
{
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void wrong(struct saved_line *line, size_t at, size_t width, const char *format, va_list list)
{
    if (line->failed)
        return;
    struct diagnostic *d = &line->diagnostics->list[0];
    *d = (struct diagnostic){.severity = SEVERITY_ERROR, .line = line->number};
    at = at < line->length ? at : line->length;
    width = width < line->length - at ? width : line->length - at;
    d->column = characters(line->text, at) + 1;
    d->width = characters(line->text + at, width);
    d->width = d->width == 0 ? 1 : d->width;
    (void)vsnprintf(d->message, sizeof d->message, format, list);
    line->diagnostics->count = 1;
    line->failed = true;
}

void saved_wrong(struct saved_line *line, const struct json *at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    wrong(line, at != NULL ? at->at : 0, at != NULL ? at->width : 1, format, list);
    va_end(list);
}

static bool whole_file(struct diagnostics *diagnostics, const char *message, const char *help)
{
    struct diagnostic *d = &diagnostics->list[0];
    *d = (struct diagnostic){.severity = SEVERITY_ERROR};
    (void)snprintf(d->message, sizeof d->message, "%s", message);
    (void)snprintf(d->help, sizeof d->help, "%s", help);
    diagnostics->count = 1;
    return false;
}

/* ---- lines ---- */

bool saved_line_next(struct saved *saved, struct saved_line *line, struct diagnostics *diagnostics)
{
    *line = (struct saved_line){.diagnostics = diagnostics};
    while (saved->at < saved->length) {
        const char *start = saved->bytes + saved->at, *end = memchr(start, '\n', saved->length - saved->at);
        line->text = start;
        line->length = end != NULL ? (size_t)(end - start) : saved->length - saved->at;
        line->number = saved->line++;
        saved->at += line->length + (end != NULL);
        if (line->length > 0 && start[line->length - 1] == '\r')
            line->length--;
        if (line->length == 0)
            continue;
        struct json_error error = {0};
        arena_reset(saved->values);
        line->root = json_parse(saved->values, start, line->length, &error);
        if (line->root == NULL)
            saved_wrong(line, &(struct json){.at = error.at, .width = 1}, "%s", error.message);
        else if (line->root->kind != JSON_OBJECT)
            saved_wrong(line, line->root, "a line of a trace is an object, not %s", json_kind_name(line->root->kind));
        return !line->failed;
    }
    return false;
}

const struct json *saved_find(const struct saved_line *line, const char *key)
{
    return json_member(line->root, key);
}

const struct json *saved_take(struct saved_line *line, const char *key, enum json_kind kind)
{
    const struct json *value = saved_find(line, key);
    if (value == NULL)
        saved_wrong(line, NULL, "this line has no \"%s\"", key);
    else if (value->kind != kind)
        saved_wrong(line, value, "\"%s\" is %s, not %s", key, json_kind_name(kind), json_kind_name(value->kind));
    return line->failed ? NULL : value;
}

int64_t saved_integer(struct saved_line *line, const struct json *value, int64_t least, int64_t most)
{
    if (value == NULL || line->failed)
        return 0;
    bool fits = value->kind == JSON_NUMBER && value->whole && value->magnitude <= (uint64_t)INT64_MAX;
    int64_t number = fits ? (value->negative ? -(int64_t)value->magnitude : (int64_t)value->magnitude) : 0;
    if (fits && number >= least && number <= most)
        return number;
    saved_wrong(line, value, "a whole number from %" PRId64 " to %" PRId64 " is expected here", least, most);
    return 0;
}

uint32_t saved_u32(struct saved_line *line, const struct json *value, uint32_t most)
{
    return (uint32_t)saved_integer(line, value, 0, most);
}

uint32_t saved_take_u32(struct saved_line *line, const char *key, uint32_t most)
{
    return saved_u32(line, saved_take(line, key, JSON_NUMBER), most);
}

uint32_t saved_take_u32_or(struct saved_line *line, const char *key, uint32_t most, uint32_t otherwise)
{
    return saved_find(line, key) != NULL ? saved_take_u32(line, key, most) : otherwise;
}

const char *saved_take_string(struct saved_line *line, const char *key)
{
    const struct json *value = saved_take(line, key, JSON_STRING);
    return value != NULL ? value->string : "";
}

bool saved_take_true(struct saved_line *line, const char *key)
{
    const struct json *value = saved_find(line, key);
    if (value == NULL || value->kind == JSON_TRUE || value->kind == JSON_FALSE)
        return value != NULL && value->kind == JSON_TRUE;
    saved_wrong(line, value, "\"%s\" is true or false, not %s", key, json_kind_name(value->kind));
    return false;
}

uint8_t saved_take_name(struct saved_line *line, const char *key, const char *(*name_of)(unsigned), unsigned count, const char *what)
{
    const struct json *value = saved_take(line, key, JSON_STRING);
    if (value == NULL)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(name_of(i), value->string) == 0)
            return (uint8_t)i;
    }
    saved_wrong(line, value, "%.40s is not %s", value->string, what);
    return 0;
}

/* ---- the head ---- */

static const char *kept(struct saved *saved, struct saved_line *line, const char *key, size_t *length)
{
    const struct json *value = saved_take(line, key, JSON_STRING);
    if (value == NULL)
        return "";
    if (length != NULL)
        *length = value->length;
    return arena_copy(saved->strings, value->string, value->length);
}

static unsigned words(struct saved *saved, struct saved_line *line, const char *key, const char **list)
{
    unsigned count = 0;
    const struct json *array = saved_find(line, key) != NULL ? saved_take(line, key, JSON_ARRAY) : NULL;
    for (const struct json *word = array != NULL ? array->first : NULL; word != NULL; word = word->next) {
        if (word->kind != JSON_STRING || count == SAVED_WORDS_MAX) {
            saved_wrong(line, word, count == SAVED_WORDS_MAX ? "more than %u of \"%s\"" : "a string is expected here", SAVED_WORDS_MAX,
                        key);
            return 0;
        }
        list[count++] = arena_copy(saved->strings, word->string, word->length);
    }
    return count;
}

/* An unsigned number of all 64 bits. */
static uint64_t seed(struct saved_line *line)
{
    const struct json *value = saved_take(line, "seed", JSON_NUMBER);
    if (value != NULL && (!value->whole || value->negative))
        saved_wrong(line, value, "a seed is a whole number of at most 64 bits");
    return value != NULL ? value->magnitude : 0;
}

static void head(struct saved *saved, struct saved_line *line)
{
    if (saved_find(line, "lastack") == NULL || saved_find(line, "schema") == NULL) {
        saved_wrong(line, NULL, "a trace begins with {\"lastack\":...,\"schema\":1,...}; this is something else");
        return;
    }
    const struct json *schema = saved_take(line, "schema", JSON_NUMBER);
    if (schema != NULL && (!schema->whole || schema->negative || schema->magnitude != 1)) {
        saved_wrong(line, schema, "only schema 1 is known here: this trace is from a later lastack");
        return;
    }
    saved->version = kept(saved, line, "lastack", NULL);
    saved->variant = (uint16_t)saved_take_u32(line, "variant", UINT16_MAX);
    saved->seed = seed(line);
    if (!line->failed && saved_find(line, "text") == NULL) {
        saved_wrong(line, NULL, "this trace does not carry its scenario as \"text\": record it anew with lastack run --format jsonl");
        return;
    }
    saved->file = kept(saved, line, "file", NULL);
    saved->text = kept(saved, line, "text", &saved->text_length);
    saved->set_count = words(saved, line, "set", saved->sets);
    saved->profile_count = words(saved, line, "profile", saved->profiles);
}

bool saved_head(struct saved *saved, const char *bytes, size_t length, struct diagnostics *diagnostics)
{
    struct saved_line line;
    *saved = (struct saved){.bytes = bytes, .length = length, .line = 1, .unverified = saved->unverified};
    saved->strings = arena_new(16 * 1024);
    saved->values = arena_new(16 * 1024);
    if (saved_line_next(saved, &line, diagnostics))
        head(saved, &line);
    else if (!line.failed)
        return whole_file(diagnostics, "this file is empty: a trace begins with a line about the run", "");
    return !line.failed;
}

/* ---- the end ---- */

/* "9f3c11d0aabbccdd" */
static uint64_t hash_of(struct saved_line *line)
{
    const struct json *value = saved_take(line, "hash", JSON_STRING);
    uint64_t hash = 0;
    if (value == NULL)
        return 0;
    if (value->length != 16 || strspn(value->string, "0123456789abcdef") != 16)
        saved_wrong(line, value, "a trace hash has sixteen hexadecimal digits");
    else
        hash = strtoull(value->string, NULL, 16);
    return hash;
}

static void end(struct saved *saved, struct saved_line *line)
{
    uint64_t hash = hash_of(line);
    saved->hash = trace_tape_hash(&saved->tape);
    saved->ended = true;
    saved->end_at = (size_t)(line->text - saved->bytes);
    saved->end_line = line->number;
    saved->cut = saved_take_true(line, "cut");
    int64_t least = saved->end_ns;
    saved->end_ns = saved_integer(line, saved_take(line, "t", JSON_NUMBER), least, TIME_NEVER);
    if (!saved->unverified && !line->failed && hash != saved->hash)
        saved_wrong(line, saved_find(line, "hash"), "the events above have the hash %016" PRIx64 ": something was changed", saved->hash);
    if (line->failed && line->diagnostics->list[0].help[0] == '\0' && hash != saved->hash)
        (void)snprintf(line->diagnostics->list[0].help, sizeof line->diagnostics->list[0].help, "to see them all the same: --unverified");
}

static void event_number(struct saved_line *line, uint32_t wanted)
{
    const struct json *value = saved_take(line, "n", JSON_NUMBER);
    if (value != NULL && (!value->whole || value->negative || value->magnitude != wanted))
        saved_wrong(line, value, "event %u is expected here: a line is missing, or stands elsewhere", (unsigned)wanted);
}

static bool line_is_end(const struct saved_line *line)
{
    const struct json *kind = saved_find(line, "kind");
    return kind != NULL && kind->kind == JSON_STRING && strcmp(kind->string, "end") == 0;
}

static bool lines(struct saved *saved, const struct story *story, struct trace *trace, struct saved_sends *sends,
                  struct diagnostics *diagnostics)
{
    struct saved_line line;
    while (saved_line_next(saved, &line, diagnostics)) {
        struct trace_event event;
        memset(&event, 0, sizeof event);
        if (saved->ended) {
            saved_wrong(&line, NULL, "nothing stands behind the end of a trace");
        } else if (line_is_end(&line)) {
            end(saved, &line);
        } else {
            event_number(&line, trace->count + 1);
            saved_event(&line, story, trace, sends, &event);
            saved->end_ns = event.time_ns;
        }
        if (line.failed)
            return false;
        if (saved->ended)
            continue;
        trace_tape_add(&saved->tape, &event);
        trace_keep(trace, trace->count + 1, &event, 1);
        if (trace->failed || sends->failed)
            return whole_file(diagnostics, "out of memory", "");
    }
    return !line.failed;
}

bool saved_events(struct saved *saved, const struct story *story, struct trace *trace, struct diagnostics *diagnostics)
{
    struct saved_sends sends = {0};
    trace_tape_begin(&saved->tape);
    bool fine = lines(saved, story, trace, &sends, diagnostics);
    saved->hash = trace_tape_hash(&saved->tape);
    free(sends.event);
    if (fine && !saved->ended && !saved->unverified)
        return whole_file(diagnostics, "this trace has no end: it was cut off", "to see what there is of it: --unverified");
    saved->cut = saved->cut || !saved->ended;
    return fine;
}

bool saved_agrees(struct saved *saved, const struct judgement *judgement, struct diagnostics *diagnostics)
{
    struct saved_line line;
    if (saved->unverified || !saved->ended)
        return true;
    saved->at = saved->end_at;
    saved->line = saved->end_line;
    if (!saved_line_next(saved, &line, diagnostics))
        return false;
    const struct json *verdict = saved_take(&line, "verdicts", JSON_OBJECT), *failed = saved_find(&line, "failed");
    verdict = verdict != NULL ? verdict->first : NULL;
    for (uint32_t i = 0; i < judgement->connection_count && !line.failed; i++) {
        const char *judged = verdict_name(judgement->connections[i].verdict);
        if (verdict == NULL)
            saved_wrong(&line, saved_find(&line, "verdicts"), "there are %u connections", (unsigned)judgement->connection_count);
        else if (verdict->kind != JSON_STRING || strcmp(verdict->string, judged) != 0)
            saved_wrong(&line, verdict, "by its events connection %u is %s", (unsigned)judgement->connections[i].conn, judged);
        verdict = verdict != NULL ? verdict->next : NULL;
    }
    if (failed != NULL && saved_u32(&line, failed, UINT32_MAX) != judgement->failures.count)
        saved_wrong(&line, failed, "by its events %u expectations and invariants failed", (unsigned)judgement->failures.count);
    return !line.failed;
}

void saved_free(struct saved *saved)
{
    arena_free(saved->strings);
    arena_free(saved->values);
    saved->strings = saved->values = NULL;
}
