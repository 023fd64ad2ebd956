/* SPDX-License-Identifier: MIT */
/* A capture, as pcapng (draft-ietf-opsawg-pcapng): what tcpdump on one host would have seen, or, merged, every segment once, when it was
 * sent. Bare IPv4 packets, nanosecond stamps, an interface a host, names for the addresses; a comment on each packet that changed a state
 * or was lost. libpcap writes only the classic format, which has no comments. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "net/link.h"
#include "tcp/state.h"
#include "view/glossary.h"
#include "view/packet.h"

#define LINKTYPE_RAW 101u /* IPv4 or IPv6, no link layer */
#define TTL_FIRST 64u
#define EPOCH_S INT64_C(946684800) /* 2000-01-01 00:00:00 UTC is time 0, or its midnight with a `clock` */

enum { BLOCK_SECTION = 0x0A0D0D0A, BLOCK_INTERFACE = 1, BLOCK_NAMES = 4, BLOCK_PACKET = 6 };
enum { OPTION_END = 0, OPTION_COMMENT = 1, SECTION_APPLICATION = 4, INTERFACE_NAME = 2, INTERFACE_TSRESOL = 9, PACKET_FLAGS = 2 };

struct capture {
    struct text *out;
    const struct glossary *glossary;
    struct packet_flows flows;
    uint16_t at; /* whose view; STORY_NONE: merged */
    /* By number of event: the first change of state that it led to, and the next after a change. Index + 1; 0: none. */
    uint32_t *first, *next;
    /* By number of segment: its arrival and its loss, likewise. */
    uint32_t *arrival, *loss;
    bool failed;
};

/* ---- blocks: little-endian, padded to 32 bits, the length on both ends ---- */

static void put(struct text *out, uint64_t value, unsigned bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        text_putc(out, (char)(value & 0xFF));
}

static void pad(struct text *out, size_t length)
{
    put(out, 0, (unsigned)(-length & 3));
}

static void option(struct text *out, unsigned code, const char *bytes, size_t length)
{
    put(out, code, 2);
    put(out, length, 2);
    text_add(out, bytes, length);
    pad(out, length);
}

static void option_text(struct text *out, unsigned code, const struct text *text)
{
    if (text->length > 0)
        option(out, code, text->bytes, text->length < UINT16_MAX ? text->length : UINT16_MAX);
    out->failed = out->failed || text->failed;
}

static size_t block_begin(struct text *out, unsigned type)
{
    size_t at = out->length;
    put(out, type, 4);
    put(out, 0, 4);
    return at;
}

static void block_end(struct text *out, size_t at)
{
    uint64_t length = out->length - at + 4;
    put(out, length, 4);
    for (unsigned i = 0; i < 4 && !out->failed; i++)
        out->bytes[at + 4 + i] = (char)(length >> (8 * i));
}

static void section(const struct capture *c, const struct view_options *options)
{
    const struct story *story = c->glossary->story;
    struct text comment = {0}, application = {0};
    text_printf(&comment, "%s, variant %u, seed %" PRIu64, story->title, (unsigned)story->variant, story->seed);
    text_printf(&application, "lastack %s", options->version);
    size_t at = block_begin(c->out, BLOCK_SECTION);
    put(c->out, 0x1A2B3C4D, 4);
    put(c->out, 1, 2);
    put(c->out, 0, 2);
    put(c->out, UINT64_MAX, 8); /* the section's length is not said */
    option_text(c->out, OPTION_COMMENT, &comment);
    option_text(c->out, SECTION_APPLICATION, &application);
    put(c->out, OPTION_END, 4);
    block_end(c->out, at);
    text_free(&comment);
    text_free(&application);
}

static void interface(const struct capture *c, uint16_t node)
{
    const char *name = c->glossary->story->nodes[node].name;
    size_t at = block_begin(c->out, BLOCK_INTERFACE);
    put(c->out, LINKTYPE_RAW, 2);
    put(c->out, 0, 2);
    put(c->out, 0, 4); /* no limit of length */
    option(c->out, INTERFACE_NAME, name, strlen(name));
    option(c->out, INTERFACE_TSRESOL, "\011", 1); /* 10 to the power of -9 */
    put(c->out, OPTION_END, 4);
    block_end(c->out, at);
}

static void host_names(const struct capture *c)
{
    const struct story *story = c->glossary->story;
    size_t at = block_begin(c->out, BLOCK_NAMES);
    for (uint16_t node = 0; node < story->node_count; node++) {
        size_t length = strlen(story->nodes[node].name) + 1;
        uint32_t address = packet_address(node);
        put(c->out, 1, 2); /* IPv4 */
        put(c->out, 4 + length, 2);
        for (unsigned i = 0; i < 4; i++)
            put(c->out, address >> (24 - 8 * i), 1);
        text_add(c->out, story->nodes[node].name, length);
        pad(c->out, 4 + length);
    }
    put(c->out, 0, 4);
    block_end(c->out, at);
}

/* ---- comments ---- */

static void changes(struct text *comment, const struct capture *c, uint32_t number)
{
    for (uint32_t i = c->first[number]; i != 0; i = c->next[i]) {
        const struct trace_event *e = &c->glossary->trace->events[i - 1];
        text_printf(comment, "%s%s: %s -> %s", comment->length > 0 ? "; " : "", glossary_host(c->glossary, e->host),
                    tcp_state_name((enum tcp_state)e->state.from), tcp_state_name((enum tcp_state)e->state.to));
        if (e->what != WHY_ORDINARY)
            text_printf(comment, " (%s)", glossary_why(e->what));
    }
}

static void fate(struct text *comment, const struct capture *c, uint32_t segment)
{
    if (segment > c->glossary->segments || c->loss[segment] == 0)
        return;
    const struct trace_event *drop = &c->glossary->trace->events[c->loss[segment] - 1];
    uint32_t line = glossary_line(c->glossary, drop->statement);
    text_printf(comment, "%slost at %s: %s", comment->length > 0 ? "; " : "", glossary_host(c->glossary, drop->host),
                drop_why_name((enum drop_why)drop->what));
    if (line != 0)
        text_printf(comment, ", line %u", (unsigned)line);
}

static void comment_of(struct text *comment, const struct capture *c, uint32_t index, const struct trace_event *e)
{
    uint32_t segment = e->segment.number;
    if (e->kind == TRACE_INJECT)
        text_puts(comment, "forged");
    if (e->kind == TRACE_DUP)
        text_puts(comment, "the network's copy");
    if (e->kind == TRACE_DROP)
        text_puts(comment, "corrupt: discarded");
    changes(comment, c, index + 1);
    if (c->at == STORY_NONE && segment <= c->glossary->segments && c->arrival[segment] != 0)
        changes(comment, c, c->arrival[segment]);
    if (e->kind != TRACE_RECV && e->kind != TRACE_DROP)
        fate(comment, c, segment);
}

/* ---- packets ---- */

static uint8_t ttl_at(const struct capture *c, const struct trace_event *e, bool arrives)
{
    const struct trace_event *sent = glossary_send_of(c->glossary, e->segment.number);
    unsigned hops = arrives ? packet_hops(c->glossary->story, sent != NULL ? sent->host : e->peer, e->host) : 0;
    return (uint8_t)(hops < TTL_FIRST ? TTL_FIRST - hops : 1);
}

static void packet(struct capture *c, uint32_t index, bool arrives, uint16_t where)
{
    const struct trace_event *e = &c->glossary->trace->events[index];
    const struct story *story = c->glossary->story;
    struct text bytes = {0}, comment = {0};
    uint64_t stamp = (uint64_t)(EPOCH_S * NS_PER_S + e->time_ns + (story->clock_ns > 0 ? story->clock_ns : 0));
    uint32_t length = packet_put(&bytes, &c->flows, e, ttl_at(c, e, arrives), e->kind == TRACE_DROP);
    comment_of(&comment, c, index, e);

    size_t at = block_begin(c->out, BLOCK_PACKET);
    put(c->out, c->at == STORY_NONE ? where : 0, 4);
    put(c->out, stamp >> 32, 4);
    put(c->out, stamp & UINT32_MAX, 4);
    put(c->out, length, 4);
    put(c->out, length, 4);
    text_add(c->out, bytes.bytes, bytes.length);
    pad(c->out, bytes.length);
    option_text(c->out, OPTION_COMMENT, &comment);
    if (c->at != STORY_NONE)
        option(c->out, PACKET_FLAGS, arrives ? "\001\0\0\0" : "\002\0\0\0", 4); /* inbound, outbound */
    put(c->out, OPTION_END, 4);
    block_end(c->out, at);
    c->out->failed = c->out->failed || bytes.failed || comment.failed;
    text_free(&bytes);
    text_free(&comment);
}

static void event(struct capture *c, uint32_t index)
{
    const struct trace_event *e = &c->glossary->trace->events[index];
    bool merged = c->at == STORY_NONE;
    if (merged && (e->kind == TRACE_SEND || e->kind == TRACE_INJECT || e->kind == TRACE_DUP))
        packet(c, index, false, e->host);
    else if (!merged && e->kind == TRACE_SEND && e->host == c->at)
        packet(c, index, false, 0);
    else if (!merged && e->host == c->at && (e->kind == TRACE_RECV || (e->kind == TRACE_DROP && e->what == DROP_CORRUPT)))
        packet(c, index, true, 0);
}

/* ---- what belongs together ---- */

/* A change of state belongs to the segment whose arrival caused it; else to the one that the same step sent because of it. */
static uint32_t cause_of(const struct trace *trace, uint32_t index)
{
    const struct trace_event *e = &trace->events[index];
    if (e->cause != 0 && e->cause <= trace->count && trace->events[e->cause - 1].kind == TRACE_RECV)
        return e->cause;
    for (uint32_t i = index + 1; i < trace->count && i < index + 16 && trace->events[i].time_ns == e->time_ns; i++) {
        const struct trace_event *sent = &trace->events[i];
        if (sent->kind == TRACE_SEND && sent->host == e->host && sent->conn == e->conn && sent->cause == e->cause)
            return i + 1;
    }
    return 0;
}

static void relate(struct capture *c)
{
    const struct trace *trace = c->glossary->trace;
    for (uint32_t i = trace->count; i > 0; i--) {
        const struct trace_event *e = &trace->events[i - 1];
        uint32_t cause = e->kind == TRACE_STATE ? cause_of(trace, i - 1) : 0;
        if (cause != 0) {
            c->next[i] = c->first[cause];
            c->first[cause] = i;
        }
        if (e->kind == TRACE_RECV && e->segment.number <= c->glossary->segments)
            c->arrival[e->segment.number] = i;
        if (e->kind == TRACE_DROP && e->segment.number <= c->glossary->segments)
            c->loss[e->segment.number] = i;
    }
}

static uint16_t node_named(const struct story *story, const char *name)
{
    uint16_t node = 0;
    while (name != NULL && node < story->node_count && strcmp(story->nodes[node].name, name) != 0)
        node++;
    return name != NULL && node < story->node_count ? node : STORY_NONE;
}

static void file(struct capture *c, const struct view_options *options)
{
    relate(c);
    section(c, options);
    for (uint16_t node = 0; node < c->glossary->story->node_count; node++) {
        if (c->at == STORY_NONE || c->at == node)
            interface(c, node);
    }
    host_names(c);
    for (uint32_t i = 0; i < c->glossary->trace->count; i++)
        event(c, i);
}

void view_pcapng(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options)
{
    struct glossary glossary;
    struct capture c = {.out = out, .glossary = &glossary, .at = node_named(story, options->host)};
    glossary_init(&glossary, story, trace);
    packet_flows_init(&c.flows, &glossary, judgement);
    c.first = calloc((size_t)trace->count + 1, sizeof *c.first);
    c.next = calloc((size_t)trace->count + 1, sizeof *c.next);
    c.arrival = calloc((size_t)glossary.segments + 1, sizeof *c.arrival);
    c.loss = calloc((size_t)glossary.segments + 1, sizeof *c.loss);
    c.failed = glossary.failed || c.flows.failed || c.first == NULL || c.next == NULL || c.arrival == NULL || c.loss == NULL;
    if (!c.failed)
        file(&c, options);
    out->failed = out->failed || c.failed;
    free(c.first);
    free(c.next);
    free(c.arrival);
    free(c.loss);
    packet_flows_done(&c.flows);
    glossary_done(&glossary);
}
