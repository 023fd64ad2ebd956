/* SPDX-License-Identifier: MIT */
#include "view/packet.h"

#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "net/link.h"
#include "tcp/state.h"

#define IP_HEADER 20u
#define TCP_HEADER 20u
#define OPTIONS_MAX 40u
#define PAYLOAD_MAX (65535u - IP_HEADER - TCP_HEADER - OPTIONS_MAX)

/* ---- connections ---- */

static uint32_t isn(const struct story *story, const struct packet_side *own, const struct packet_side *peer, int64_t now_ns)
{
    const struct story_node *node = &story->nodes[own->host];
    if (node->isn_fixed)
        return node->isn;
    uint64_t subject = mix64(mix_name(node->name) ^ own->port) + mix_name(story->nodes[peer->host].name);
    int64_t step = node->profile.isn_clock_ns;
    return (uint32_t)mix_keyed(story->seed, CHOOSE_ISN, subject, peer->port) + (step > 0 ? (uint32_t)(now_ns / step) : 0);
}

/* `taken`: by node, how many ports of its range its connections have: a host gives them in turn, as the engine does. */
static void side_begin(struct packet_side *side, const struct story *story, const struct connection_report *report, unsigned which,
                       uint32_t *taken)
{
    side->host = report->host[which] < story->node_count ? report->host[which] : 0;
    side->port = report->port[which];
    if (side->port == 0) {
        const struct story_node *node = &story->nodes[side->host];
        uint32_t low = node->port_low != 0 ? node->port_low : 32768, high = node->port_high >= low ? node->port_high : 60999;
        side->port = (uint16_t)(low + taken[side->host & UINT8_MAX]++ % (high - low + 1));
    }
}

/* A SYN tells when its side's numbers were drawn, and whether it scales. */
static void learn(struct packet_flows *flows, uint8_t (*scales)[2], bool (*drawn)[2], const struct trace_event *e)
{
    struct packet_side *sides = e->conn != 0 && e->conn < flows->count ? flows->sides[e->conn] : NULL;
    if (sides == NULL)
        return;
    unsigned side = sides[1].host == e->host && sides[0].host != e->host;
    if (e->kind != TRACE_SEND || (e->segment.flags & TCP_SYN) == 0)
        return;
    if (!drawn[e->conn][side])
        sides[side].isn = isn(flows->glossary->story, &sides[side], &sides[1 - side], e->time_ns);
    drawn[e->conn][side] = true;
    scales[e->conn][side] = (e->segment.options & TCPOPT_WSCALE) != 0 ? (uint8_t)(1 + e->segment.wscale) : 0;
}

/* Before any number is drawn: whose ports do the middleboxes know? */
static void learn_ports(struct packet_flows *flows)
{
    const struct trace *trace = flows->glossary->trace;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct trace_event *e = &trace->events[i];
        if (e->kind == TRACE_FLOW && e->conn != 0 && e->conn < flows->count && e->peer == flows->sides[e->conn][0].host)
            flows->sides[e->conn][0].port = e->flow.port[0];
    }
}

void packet_flows_init(struct packet_flows *flows, const struct glossary *glossary, const struct judgement *judgement)
{
    const struct trace *trace = glossary->trace;
    uint32_t taken[UINT8_MAX + 1] = {0};
    size_t count = (size_t)judgement->connection_count + 1;
    *flows = (struct packet_flows){.glossary = glossary, .count = judgement->connection_count + 1};
    uint8_t(*scales)[2] = calloc(count, sizeof *scales);
    bool(*drawn)[2] = calloc(count, sizeof *drawn);
    flows->sides = calloc(count, sizeof *flows->sides);
    flows->failed = scales == NULL || drawn == NULL || flows->sides == NULL;
    for (uint32_t i = 1; i < count && !flows->failed; i++) {
        for (unsigned side = 0; side < 2; side++)
            side_begin(&flows->sides[i][side], glossary->story, &judgement->connections[i - 1], side, taken);
    }
    if (!flows->failed) {
        learn_ports(flows);
        for (uint32_t i = 0; i < trace->count; i++)
            learn(flows, scales, drawn, &trace->events[i]);
    }
    for (uint32_t i = 1; i < count && !flows->failed; i++) {
        for (unsigned side = 0; side < 2 && scales[i][0] != 0 && scales[i][1] != 0; side++)
            flows->sides[i][side].shift = (uint8_t)(scales[i][side] - 1);
    }
    free(scales);
    free(drawn);
}

void packet_flows_done(struct packet_flows *flows)
{
    free(flows->sides);
    flows->sides = NULL;
}

uint32_t packet_address(uint16_t node)
{
    return UINT32_C(0x0A000001) + node;
}

unsigned packet_hops(const struct story *story, uint16_t from, uint16_t to)
{
    uint8_t distance[UINT8_MAX + 1];
    memset(distance, UINT8_MAX, sizeof distance);
    distance[from & UINT8_MAX] = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < story->link_count; i++) {
            uint8_t a = (uint8_t)story->links[i].a, b = (uint8_t)story->links[i].b;
            if (distance[a] < UINT8_MAX - 1 && distance[b] > distance[a] + 1) {
                distance[b] = (uint8_t)(distance[a] + 1);
                changed = true;
            } else if (distance[b] < UINT8_MAX - 1 && distance[a] > distance[b] + 1) {
                distance[a] = (uint8_t)(distance[b] + 1);
                changed = true;
            }
        }
    }
    unsigned links = distance[to & UINT8_MAX];
    return links == UINT8_MAX || links == 0 ? 0 : links - 1;
}

/* ---- bytes ---- */

static uint8_t *put_16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
    return to + 2;
}

static uint8_t *put_32(uint8_t *to, uint32_t value)
{
    return put_16(put_16(to, value >> 16), value);
}

/* RFC 1071. */
static uint32_t sum(uint32_t so_far, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i + 1 < length; i += 2) {
        so_far += (uint32_t)bytes[i] << 8 | bytes[i + 1];
        so_far = (so_far & 0xFFFF) + (so_far >> 16);
    }
    if (length % 2 != 0)
        so_far += (uint32_t)bytes[length - 1] << 8;
    return (so_far & 0xFFFF) + (so_far >> 16);
}

static uint16_t checksum(uint32_t sum)
{
    sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Whose numbers stand in the segment: its sender's side, 0 or 1. A middlebox speaks as the other end of whom it answers. */
static unsigned side_of(const struct packet_side *sides, const struct trace_event *sent)
{
    if (sides[0].host == sides[1].host)
        return 0;
    return sent->peer == sides[0].host ? 1 : 0;
}

/* As Linux lays them out: MSS, SACK permitted, timestamps, scale, blocks (RFC 9293 section 3.2, RFC 7323, RFC 2018). */
unsigned packet_options(uint8_t *bytes, const struct packet_flows *flows, const struct trace_event *e)
{
    const struct trace_segment *s = &e->segment;
    const struct packet_side *sides = e->conn < flows->count ? flows->sides[e->conn] : flows->sides[0];
    const struct trace_event *sent = glossary_send_of(flows->glossary, s->number);
    uint32_t base = sides[1 - side_of(sides, sent != NULL ? sent : e)].isn;
    uint8_t *to = bytes;
    if (s->options & TCPOPT_MSS)
        to = put_16(put_16(to, 0x0204), s->mss);
    if (s->options & TCPOPT_TS) {
        to = put_16(to, s->options & TCPOPT_SACK_OK ? 0x0402 : 0x0101);
        to = put_32(put_32(put_16(to, 0x080A), s->tsval), s->tsecr);
    } else if (s->options & TCPOPT_SACK_OK) {
        to = put_32(to, 0x01010402);
    }
    if (s->options & TCPOPT_WSCALE)
        to = put_32(to, UINT32_C(0x01030300) | s->wscale);
    unsigned room = (OPTIONS_MAX - (unsigned)(to - bytes)) / 8;
    unsigned blocks = s->sack_count > 0 && room > 0 ? (s->sack_count < room ? s->sack_count : room) : 0;
    if (blocks > 0 && (unsigned)(to - bytes) + 4 + 8 * blocks > OPTIONS_MAX)
        blocks--;
    if (blocks > 0)
        to = put_32(to, UINT32_C(0x01010500) | (2 + 8 * blocks));
    for (unsigned i = 0; i < blocks; i++)
        to = put_32(put_32(to, e->sack[i].left + base), e->sack[i].right + base);
    return (unsigned)(to - bytes);
}

static uint16_t window(const struct trace_segment *s, uint8_t shift)
{
    uint32_t field = (s->flags & TCP_SYN) != 0 ? s->wnd : s->wnd >> shift;
    return (uint16_t)(field < UINT16_MAX ? field : UINT16_MAX);
}

static uint8_t *tcp_header(uint8_t *to, const struct packet_flows *flows, const struct trace_event *e, const struct packet_side *from,
                           const struct packet_side *peer)
{
    const struct trace_segment *s = &e->segment;
    uint8_t options[OPTIONS_MAX];
    unsigned length = packet_options(options, flows, e);
    /* A reset for what carried no ACK counts from nothing (RFC 9293 section 3.10.7.1). */
    bool rootless = (s->flags & (TCP_RST | TCP_ACK)) == (TCP_RST | TCP_ACK) && s->seq == 0;
    to = put_16(put_16(to, from->port), peer->port);
    to = put_32(to, rootless ? 0 : s->seq + from->isn);
    to = put_32(to, (s->flags & TCP_ACK) != 0 ? s->ack + peer->isn : 0);
    *to++ = (uint8_t)((TCP_HEADER + length) / 4 << 4);
    *to++ = (uint8_t)(((s->flags & TCP_FIN) != 0) | ((s->flags & TCP_SYN) != 0) << 1 | ((s->flags & TCP_RST) != 0) << 2 |
                      ((s->flags & TCP_PSH) != 0) << 3 | ((s->flags & TCP_ACK) != 0) << 4);
    to = put_16(to, window(s, from->shift));
    to = put_32(to, 0); /* checksum, urgent pointer */
    memcpy(to, options, length);
    return to + length;
}

static uint8_t *ip_header(uint8_t *to, uint32_t length, uint32_t id, uint8_t ttl, uint32_t from, uint32_t peer)
{
    uint8_t *header = to;
    to = put_16(put_16(to, 0x4500), length);
    to = put_16(put_16(to, id), 0x4000); /* don't fragment */
    to = put_16(put_16(to, (uint32_t)ttl << 8 | 6), 0);
    to = put_32(put_32(to, from), peer);
    put_16(header + 10, checksum(sum(0, header, IP_HEADER)));
    return to;
}

/* A line of the alphabet every 32 bytes; the first byte of the stream is an a. */
static void payload(uint8_t *to, uint32_t seq, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        uint32_t place = seq - 1 + i;
        to[i] = place % 32 == 31 ? '\n' : (uint8_t)('a' + (place % 32 + place / 32) % 26);
    }
}

uint16_t packet_window(const struct packet_flows *flows, const struct trace_event *e)
{
    const struct packet_side *sides = e->conn < flows->count ? flows->sides[e->conn] : flows->sides[0];
    const struct trace_event *sent = glossary_send_of(flows->glossary, e->segment.number);
    return window(&e->segment, sides[side_of(sides, sent != NULL ? sent : e)].shift);
}

uint32_t packet_put(struct text *out, const struct packet_flows *flows, const struct trace_event *e, uint8_t ttl, bool corrupt)
{
    uint8_t bytes[IP_HEADER + TCP_HEADER + OPTIONS_MAX];
    const struct packet_side *sides = e->conn < flows->count ? flows->sides[e->conn] : flows->sides[0];
    const struct trace_event *sent = glossary_send_of(flows->glossary, e->segment.number);
    sent = sent != NULL ? sent : e;
    const struct packet_side *from = &sides[side_of(sides, sent)], *peer = &sides[1 - side_of(sides, sent)];
    uint32_t source = packet_address(e->conn != 0 ? from->host : sent->host),
             target = packet_address(e->conn != 0 ? peer->host : sent->peer);
    uint8_t *tcp = bytes + IP_HEADER, *end = tcp_header(tcp, flows, e, from, peer);
    uint32_t length = e->segment.len < PAYLOAD_MAX ? e->segment.len : PAYLOAD_MAX;
    uint32_t header = (uint32_t)(end - bytes), total = header + length;
    const struct trace_event *original = sent->kind == TRACE_DUP ? glossary_send_of(flows->glossary, sent->segment.of) : sent;

    ip_header(bytes, total, (original != NULL ? original : sent)->segment.number & 0xFFFF, ttl, source, target);
    uint8_t *data = malloc((size_t)length + 1);
    if (data == NULL) {
        out->failed = true;
        return 0;
    }
    payload(data, e->segment.seq + ((e->segment.flags & TCP_SYN) != 0), length);
    uint8_t pseudo[12];
    put_16(put_16(put_32(put_32(pseudo, source), target), 6), total - IP_HEADER);
    uint16_t check = checksum(sum(sum(sum(0, pseudo, sizeof pseudo), tcp, header - IP_HEADER), data, length));
    put_16(tcp + 16, corrupt ? (uint16_t)(check ^ 0x5555) : check);
    text_add(out, (const char *)bytes, header);
    text_add(out, (const char *)data, length);
    free(data);
    return total;
}
