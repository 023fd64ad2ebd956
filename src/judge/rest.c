/* SPDX-License-Identifier: MIT */
/* The records of connections at rest: in large worlds most connections are, most of the time, and of those that are over nothing more
 * will be heard. A whole record is lent to a connection of which something is heard; when many are lent, those of which nothing was
 * heard for a while are packed. */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/pack.h"
#include "judge/invariants.h"
#include "judge/judge.h"

#ifndef RECORDS_AT_FIRST /* so many may be lent before any is packed; 1: each at each rest, for a test */
#define RECORDS_AT_FIRST 1024
#endif
#define REST_NS (RECORDS_AT_FIRST > 1 ? NS_PER_S / 4 : INT64_C(-1))

void conn_init(struct conn_record *conn)
{
    *conn = (struct conn_record){.end = {END_NEW, END_NEW}};
}

/* ---- few bytes ---- */

/* The two ordinary states of a connection at rest: open, and over, the end that made it having closed first. What is expected of a
 * field is what it would be then. */
#define FLAGS_OPEN (END_ALWAYS | END_LACKS_FIN | END_LACKS_FIN_ACK | END_TIMESTAMPS)
#define FLAGS_OVER (END_ALWAYS | END_TIMESTAMPS | END_FIN | END_CLOSED)

static void pack_life(struct pack *pack, struct conn_record *conn, unsigned side)
{
    struct end_record *end = conn->end + side;
    const bool first = side == 0;
    pack_u8(pack, &end->host, (uint8_t)side);
    pack_u8(pack, &end->state, first ? TCP_ESTABLISHED : conn->end[0].state == TCP_ESTABLISHED ? TCP_ESTABLISHED : TCP_CLOSED);
    const bool over = end->state != TCP_ESTABLISHED;
    if (over)
        pack_u8(pack, &end->from, first ? TCP_TIME_WAIT : TCP_LAST_ACK);
    else
        pack_u8(pack, &end->from, first ? TCP_SYN_SENT : TCP_SYN_RECEIVED);
    pack_u32(pack, &end->flags, over ? FLAGS_OVER : first ? FLAGS_OPEN : FLAGS_OPEN | END_READING);
    pack_u32(pack, &end->identity, first ? 0 : conn->end[0].identity + 1);
    pack_u32(pack, &end->state_event, first ? 0 : conn->end[0].state_event);
    pack_u64(pack, &end->written, first ? 0 : conn->end[0].written);
    pack_u32(pack, &end->sent_edge, (uint32_t)end->written + (end->flags & END_FIN ? 2 : 1));
}

static void pack_times(struct pack *pack, struct conn_record *conn, unsigned side)
{
    struct end_record *end = conn->end + side;
    pack_i64(pack, &end->entered_ns, side == 0 ? conn->progress_ns : conn->end[0].heard_ns);
    const bool waited = end->state == TCP_CLOSED && end->from == TCP_TIME_WAIT;
    pack_i64(pack, &end->heard_ns,
             waited                          ? end->entered_ns - 60 * NS_PER_S
             : end->state == TCP_ESTABLISHED ? conn->progress_ns
                                             : end->entered_ns);
    pack_i64(pack, &end->spoke_ns, end->heard_ns);
    pack_i64(pack, &end->closed_ns, end->flags & END_CLOSED ? end->spoke_ns : -1);
    pack_i64(pack, &end->fin_acked_ns, end->flags & END_FIN ? end->spoke_ns : -1);
    pack_i64(pack, &end->answer_by_ns, 0);
}

static void pack_stream(struct pack *pack, struct end_record *end, const struct end_record *peer)
{
    pack_u32(pack, &end->acked, end->sent_edge);
    pack_u32(pack, &end->fin, end->flags & END_FIN ? end->sent_edge - 1 : 0);
    pack_u32(pack, &end->got_edge, peer->sent_edge);
    pack_u32(pack, &end->sure_edge, end->got_edge);
    pack_u32(pack, &end->ack_sent, end->got_edge);
    pack_u32(pack, &end->window_edge, end->ack_sent + (1u << 16));
    pack_u32(pack, &end->gaps, 0);
    pack_u32(pack, &end->send_step, NO_STEP);
    pack_u32(pack, &end->recv_step, NO_STEP);
    pack_u64(pack, &end->delivered, peer->written);
}

static void pack_conn(struct pack *pack, struct conn_record *conn)
{
    pack_i64(pack, &conn->progress_ns, 0);
    pack_u32(pack, &conn->idle_acks, 0);
    for (unsigned side = 0; side < 2; side++) {
        pack_life(pack, conn, side);
        pack_times(pack, conn, side);
    }
    for (unsigned side = 0; side < 2; side++)
        pack_stream(pack, conn->end + side, conn->end + (1 - side));
    for (unsigned side = 0; side < 2; side++) {
        struct end_record *end = conn->end + side;
        const struct end_record *peer = conn->end + (1 - side);
        pack_u32(pack, &end->window_seen, peer->window_edge - peer->ack_sent);
        pack_u32(pack, &end->ts_max, (uint32_t)(peer->spoke_ns / NS_PER_MS));
    }
}

#define REST_BYTES (sizeof((struct conn_rest *)0)->bytes)
#define SURPLUS_BYTES (sizeof((struct conn_surplus *)0)->bytes)

/* A place for what of a record does not fit; CONN_UNHEARD: no memory, and it stays whole. */
static uint32_t surplus_take(struct invariants *all)
{
    if (all->surplus_free != 0) {
        const uint32_t index = all->surplus_free - 1;
        all->surplus_free = all->surplus[index].next_free;
        return index;
    }
    if (all->surplus_count >= all->surplus_capacity) {
        const uint32_t capacity = all->surplus_capacity < 16 ? 16 : all->surplus_capacity * 2;
        struct conn_surplus *grown = realloc(all->surplus, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return CONN_UNHEARD;
        all->surplus = grown;
        all->surplus_capacity = capacity;
    }
    return all->surplus_count++;
}

static void surplus_give_back(struct invariants *all, uint32_t index)
{
    all->surplus[index].next_free = all->surplus_free;
    all->surplus_free = index + 1;
}

static bool conn_pack(struct invariants *all, struct lent_record *lent)
{
    unsigned char bytes[REST_BYTES + SURPLUS_BYTES];
    struct conn_rest *rest = &all->conns[lent->number];
    struct pack pack = pack_begin(bytes, sizeof bytes, false);
    pack_conn(&pack, &lent->conn);
    if (pack.failed)
        return false;
    if (pack.at - bytes > (ptrdiff_t)REST_BYTES) {
        const uint32_t index = surplus_take(all);
        if (index == CONN_UNHEARD)
            return false;
        memcpy(all->surplus[index].bytes, bytes + REST_BYTES, SURPLUS_BYTES);
        rest->lent = CONN_LONG + index;
    } else {
        rest->lent = 0;
    }
    memcpy(rest->bytes, bytes, REST_BYTES);
    return true;
}

static void conn_unpack(const struct invariants *all, const struct conn_rest *rest, struct conn_record *conn)
{
    unsigned char bytes[REST_BYTES + SURPLUS_BYTES];
    struct pack pack = pack_begin(bytes, sizeof bytes, true);
    memcpy(bytes, rest->bytes, REST_BYTES);
    if (rest->lent != 0)
        memcpy(bytes + REST_BYTES, all->surplus[rest->lent - CONN_LONG].bytes, SURPLUS_BYTES);
    memset(conn, 0, sizeof *conn);
    pack_conn(&pack, conn);
}

/* ---- lending ---- */

static void lent_give_back(struct invariants *all, uint32_t index)
{
    all->lent[index].number = 0;
    all->lent[index].next_free = all->lent_free;
    all->lent_free = index;
}

static void rest_many(struct invariants *all)
{
    uint32_t packed = 0;
    for (uint32_t i = 1; i < all->lent_count; i++) {
        struct lent_record *lent = &all->lent[i];
        const struct end_record *end = lent->conn.end;
        const int64_t since_ns = all->now_ns - REST_NS;
        if (lent->number == 0 || lent->conn.progress_ns >= since_ns || end[0].heard_ns >= since_ns || end[1].heard_ns >= since_ns)
            continue;
        if (!conn_pack(all, lent))
            continue;
        lent_give_back(all, i);
        packed++;
    }
    if (packed < all->lent_wanted / 4)
        all->lent_wanted += all->lent_wanted / 2 + 1;
}

static uint32_t lent_take(struct invariants *all)
{
    if (all->lent_free == 0 && all->lent_count > all->lent_wanted)
        rest_many(all);
    const uint32_t index = all->lent_free;
    if (index != 0) {
        all->lent_free = all->lent[index].next_free;
        return index;
    }
    if (all->lent_count >= all->lent_capacity) {
        const uint32_t capacity = all->lent_capacity < 16 ? 16 : all->lent_capacity * 2;
        struct lent_record *grown = realloc(all->lent, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            all->failed = true;
            return 0;
        }
        all->lent = grown;
        all->lent_capacity = capacity;
    }
    return all->lent_count++;
}

static bool conns_grow(struct invariants *all, uint32_t number)
{
    if (number >= all->conn_capacity) {
        uint32_t capacity = all->conn_capacity < 16 ? 16 : all->conn_capacity;
        while (capacity <= number && capacity <= UINT32_MAX / 2)
            capacity *= 2;
        struct conn_rest *grown = capacity > number ? realloc(all->conns, (size_t)capacity * sizeof *grown) : NULL;
        if (grown == NULL) {
            all->failed = true;
            return false;
        }
        all->conns = grown;
        all->conn_capacity = capacity;
    }
    for (; all->conn_count <= number; all->conn_count++)
        all->conns[all->conn_count].lent = CONN_UNHEARD;
    return true;
}

struct conn_record *conn_lend(struct invariants *all, uint32_t number)
{
    if (number == 0 || (number >= all->conn_count && !conns_grow(all, number)))
        return &all->nobody;
    const uint32_t index = lent_take(all);
    if (index == 0)
        return &all->nobody;
    struct lent_record *lent = &all->lent[index];
    struct conn_rest *rest = &all->conns[number];
    conn_look(all, number, &lent->conn);
    lent->number = number;
    if (rest->lent >= CONN_LONG && rest->lent != CONN_UNHEARD)
        surplus_give_back(all, rest->lent - CONN_LONG);
    rest->lent = index;
    return &lent->conn;
}

void conn_look(const struct invariants *all, uint32_t number, struct conn_record *conn)
{
    const struct conn_rest *rest = &all->conns[number];
    if (rest->lent == CONN_UNHEARD) {
        conn_init(conn);
    } else if (rest->lent == 0 || rest->lent >= CONN_LONG) {
        conn_unpack(all, rest, conn);
    } else {
        *conn = all->lent[rest->lent].conn;
    }
}

void conns_reset(struct invariants *all)
{
    all->conn_count = 0;
    all->lent_count = 1;
    all->lent_free = 0;
    all->surplus_count = all->surplus_free = 0;
    all->lent_wanted = RECORDS_AT_FIRST;
    conn_init(&all->nobody);
    conn_is_murky(&all->nobody);
    all->recent_number = 0;
    all->recent = &all->nobody;
}

size_t invariants_bytes_used(const struct invariants *all)
{
    return all->conn_count * sizeof *all->conns + all->lent_count * sizeof *all->lent + all->surplus_count * sizeof *all->surplus;
}

void conns_free(struct invariants *all)
{
    free(all->conns);
    free(all->lent);
    free(all->surplus);
}
