/* SPDX-License-Identifier: MIT */
/* Two ends on a wire with a delay and a list of segments to lose; arrivals and timers in the order (time, number). */
#include <string.h>

#include "notation.h"

bool segment_is(const struct segment *seg, const char *what)
{
    if (strcmp(what, "SYN") == 0)
        return (seg->flags & TCP_SYN) != 0;
    if (strcmp(what, "FIN") == 0)
        return (seg->flags & TCP_FIN) != 0;
    if (strcmp(what, "RST") == 0)
        return (seg->flags & TCP_RST) != 0;
    if (strcmp(what, "data") == 0)
        return seg->len > 0;
    if (strcmp(what, "ACK") == 0)
        return seg->len == 0 && (seg->flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0;
    assert_string_equal(what, "any");
    return true;
}

static bool lost(struct pair *pair, const struct end *from, const struct segment *seg)
{
    bool is_lost = from->cut;
    for (uint32_t i = 0; i < pair->drop_count; i++) {
        struct wire_drop *drop = &pair->drops[i];
        if (drop->from != from || drop->count == 0 || !segment_is(seg, drop->what))
            continue;
        if (drop->skip > 0) {
            drop->skip--;
        } else {
            drop->count--;
            is_lost = true;
        }
    }
    return is_lost;
}

static void put_on_wire(struct pair *pair, struct end *from, const struct segment *seg, int64_t at_ns)
{
    assert_true(pair->wire_count < WIRE_SEGMENTS);
    pair->wire[pair->wire_count++] = (struct wire_segment){
        .at_ns = at_ns,
        .number = pair->number++,
        .to = from == &pair->client ? &pair->server : &pair->client,
        .seg = *seg,
    };
}

void wire_takes(struct pair *pair, struct end *from, const struct segment *seg)
{
    if (lost(pair, from, seg))
        pair->dropped++;
    else
        put_on_wire(pair, from, seg, pair->now + pair->delay_ns);
}

void pair_duplicates(struct pair *pair, struct end *from, uint32_t index)
{
    assert_true(index < from->sent_count);
    put_on_wire(pair, from, &from->sent[index], pair->now);
    pair_passes(pair, 0);
}

void pair_init(struct pair *pair, enum profile_id client, enum profile_id server)
{
    memset(pair, 0, sizeof *pair);
    end_init(&pair->client, client);
    end_init(&pair->server, server);
    pair->client.name = "client";
    pair->server.name = "server";
    pair->server.iss = 0x7fffff80; /* crosses the sign of a 32-bit difference */
    pair->client.irs = pair->server.iss;
    pair->server.irs = pair->client.iss;
    pair->delay_ns = 10 * NS_PER_MS;
    pair->number = 1;
    struct end *ends[] = {&pair->client, &pair->server};
    for (int i = 0; i < 2; i++) {
        ends[i]->pair = pair;
        ends[i]->now = &pair->now;
        ends[i]->next_number = &pair->number;
    }
}

void pair_opens(struct pair *pair)
{
    end_listen(&pair->server);
    end_connect(&pair->client);
    pair_passes(pair, 4 * pair->delay_ns);
    expect_state(&pair->client, TCP_ESTABLISHED);
    expect_state(&pair->server, TCP_ESTABLISHED);
    pair->server.listens = false;
    end_forget(&pair->client);
    end_forget(&pair->server);
}

void pair_drops_many(struct pair *pair, const struct end *from, const char *what, uint32_t count)
{
    assert_true(pair->drop_count < WIRE_DROPS);
    pair->drops[pair->drop_count++] = (struct wire_drop){.from = from, .what = what, .count = count};
}

void pair_drops(struct pair *pair, const struct end *from, const char *what, uint32_t nth)
{
    pair_drops_many(pair, from, what, 1);
    pair->drops[pair->drop_count - 1].skip = nth - 1;
}

/* The earliest of all that is due: an index on the wire, or -1 for the client's timer, -2 for the server's; false if nothing is. */
static bool next_event(const struct pair *pair, int64_t *at_ns, int *which)
{
    uint32_t number = UINT32_MAX;
    *at_ns = TIME_NEVER;
    for (uint32_t i = 0; i < pair->wire_count; i++) {
        const struct wire_segment *segment = &pair->wire[i];
        if (segment->at_ns < *at_ns || (segment->at_ns == *at_ns && segment->number < number)) {
            *at_ns = segment->at_ns;
            number = segment->number;
            *which = (int)i;
        }
    }
    for (int i = 0; i < 2; i++) {
        int64_t timer_ns;
        uint32_t timer_number;
        if (end_next_timer(i == 0 ? &pair->client : &pair->server, &timer_ns, &timer_number) &&
            (timer_ns < *at_ns || (timer_ns == *at_ns && timer_number < number))) {
            *at_ns = timer_ns;
            number = timer_number;
            *which = -1 - i;
        }
    }
    return *at_ns != TIME_NEVER;
}

void pair_runs_until(struct pair *pair, int64_t until_ns)
{
    int64_t at_ns;
    int which = 0;
    uint32_t steps = 0;
    while (next_event(pair, &at_ns, &which) && at_ns <= until_ns) {
        assert_true(at_ns >= pair->now && steps++ < 100000);
        pair->now = at_ns;
        if (which >= 0) {
            struct wire_segment arrival = pair->wire[which];
            pair->wire[which] = pair->wire[--pair->wire_count];
            end_arrives_segment(arrival.to, &arrival.seg);
        } else {
            end_fires(which == -1 ? &pair->client : &pair->server);
        }
    }
    pair->now = until_ns;
}

void pair_passes(struct pair *pair, int64_t ns)
{
    pair_runs_until(pair, pair->now + ns);
}

uint32_t end_sent_times(const struct end *end, const char *what)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < end->sent_count; i++)
        times += segment_is(&end->sent[i], what);
    return times;
}

int64_t end_sent_when(const struct end *end, const char *what, uint32_t nth)
{
    for (uint32_t i = 0; i < end->sent_count; i++) {
        if (segment_is(&end->sent[i], what) && --nth == 0)
            return end->sent_ns[i];
    }
    return -1;
}
