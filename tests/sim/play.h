/* SPDX-License-Identifier: MIT */
/* A scenario's text, played to the end and kept: what the tests of this room ask about. */
#ifndef LASTACK_TESTS_SIM_PLAY_H
#define LASTACK_TESTS_SIM_PLAY_H

#include <stddef.h>

#include "scenario/reader.h"
#include "sim/engine.h"

struct play {
    struct story *story;
    struct engine engine;
    struct trace trace;
    void *blocks[64];
    unsigned block_count;
};

/* Two Linux hosts, ten milliseconds apart, in front of the lines of a test. */
#define TWO_HOSTS \
    "host client  linux\n" \
    "host server  linux\n" \
    "link client -- server  delay 10ms\n"

struct story *play_story(const char *text);
/* A world at its beginning. */
void play_open(struct play *play, const char *text, enum queue_kind queue);
/* A block that goes when the play is closed. */
void *play_block(struct play *play, size_t bytes);
/* From the beginning to the end. */
struct play *play_whole(const char *text, enum queue_kind queue);
void play_close(struct play *play);

/* Events of one kind at a host (or at any with NULL), in order: the n-th from 1; NULL if there are fewer. */
const struct trace_event *play_event(const struct play *play, enum trace_kind kind, const char *host, unsigned nth);
unsigned play_count(const struct play *play, enum trace_kind kind, const char *host);
/* The n-th RETURN of a call. */
const struct trace_event *play_return(const struct play *play, const char *host, enum call_kind call, unsigned nth);
/* The first time that a host enters a state, or TIME_NEVER. */
int64_t play_enters(const struct play *play, const char *host, enum tcp_state state);
uint8_t play_host(const struct play *play, const char *host);

#endif
