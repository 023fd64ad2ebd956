/* SPDX-License-Identifier: MIT */
/* One direction of a link: (its state, the segment's size, now, draws) -> fate. Pure: the caller moves the segment.
 * Words and meanings are tc-netem's. Order of LANGUAGE.md: counted, cut, dropped, lost, corrupted, duplicated, delayed. */
#ifndef LASTACK_NET_LINK_H
#define LASTACK_NET_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/duration.h"

#define PPB_ONE UINT32_C(1000000000) /* shares are integers of parts per billion: 1 % = 10,000,000 */

struct link_params {
    int64_t delay_ns; /* one way */
    int64_t jitter_ns; /* uniform in +-jitter, both ends included, never overtaking */
    int64_t rate_bps; /* bits per second, headers (40 bytes and options) included; 0 unlimited */
    uint32_t limit; /* queue in segments (with a rate), the one in transmission included; 0: netem's default 1000 */
    uint32_t mtu; /* bytes of an IP packet; longer ones are lost; 0: 1500 */
    uint32_t loss_ppb, duplicate_ppb, reorder_ppb, corrupt_ppb;
    /* `loss gemodel P R [H K]`, Gilbert and Elliott's, with tc-netem's four numbers in its order: p good to bad, r bad to good, then
     * the share lost in the bad state (the manual's 1-h) and in the good one (its 1-k). The two that a file leaves out are 100% and
     * 0%, which the reader of the file fills in. As in the kernel's sch_netem, each segment is judged by the state in which it finds
     * the link, and the state moves on afterwards. Replaces loss_ppb. */
    bool gemodel;
    uint32_t ge_p_ppb, ge_r_ppb, ge_h_ppb, ge_k_ppb;
};

/* The segments that wait for a transmitter, as runs of equal length, oldest first. The count is exact while no more than
 * LINK_RUNS runs wait, so always for a limit up to that; beyond, the two newest runs become one of their mean length. */
#define LINK_RUNS 16

struct link_state { /* relocatable, zero-initialised */
    uint64_t ordinal; /* segments that entered: the key of every draw */
    int64_t last_arrival_ns; /* so that jitter never overtakes */
    int64_t busy_until_ns; /* the transmitter, with a rate */
    bool ge_bad;
    uint8_t first_run, runs; /* a ring; the runs end at busy_until_ns */
    uint32_t waiting; /* segments in all runs */
    int64_t since_ns; /* when the oldest run's first segment began to be sent */
    int64_t run_ns[LINK_RUNS]; /* how long each run takes */
    uint32_t run_segments[LINK_RUNS];
};

enum drop_why { DROP_NONE = 0, DROP_RULE, DROP_LOSS, DROP_CUT, DROP_QUEUE, DROP_CORRUPT, DROP_MTU, DROP_FIREWALL, DROP_HOST_DOWN };

/* One draw's kind; the key of a draw is (seed, link direction, ordinal, kind). */
enum choice_kind {
    CHOOSE_LOSS = 1,
    CHOOSE_CORRUPT,
    CHOOSE_DUPLICATE,
    CHOOSE_REORDER,
    CHOOSE_JITTER,
    CHOOSE_COPY_JITTER,
    CHOOSE_GE,
    CHOOSE_GE_LOSS,
    CHOOSE_LET,
    CHOOSE_ISN,
    CHOOSE_PORT,
    CHOOSE_COOKIE
};

/* The one door of chance: a value in 0..options-1 for what is left open. `ctx` is the driver (seeded, listed, exhaustive). */
typedef uint64_t (*choose_fn)(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options);

struct link_fate {
    enum drop_why lost; /* not DROP_NONE: the original is lost; no copy arrives either */
    bool corrupt; /* arrives with a bad checksum: the receiver discards it, and its copy too */
    bool copied; /* a second copy arrives too */
    int64_t arrival_ns, copy_arrival_ns;
};

/* What targeted rules asked of this segment before the link's own weather is drawn. */
struct link_orders {
    bool cut, drop, corrupt, duplicate;
    int64_t delay_ns; /* extra; a `delay` rule: later segments may overtake it */
    int64_t duplicate_after_ns; /* the copy arrives this long after the original was sent; 0: right behind the original */
};

/* `subject` names the link direction in the key of a draw (derived from the two nodes' names, not from file order). `orders` may be
 * NULL: none.
 *
 * Every draw that the link's words leave open is made, whatever became of the segment before; a share of 0 % or 100 % leaves nothing
 * open. The draws are keyed by the ordinal, which counts each segment that comes here, the lost ones included. A chance is drawn from
 * PPB_ONE options (below its share: yes), jitter from 2 * jitter_ns + 1.
 *
 * Arrival: after transmission (bytes * 8 / rate, rounded up) and the delay with its jitter, at or after all that left before, where
 * there is jitter. A reordered segment goes to the head of the queue as in netem: it arrives at once. A copy that the link itself
 * makes is transmitted right behind its original, has a jitter of its own, and is left out if the queue has no room for it; one that
 * a rule makes costs the link nothing. A `delay` rule delays its segment and its link-made copy only: all others arrive as they would
 * without it. */
struct link_fate link_carry(struct link_state *state, const struct link_params *params, uint64_t subject, uint32_t packet_bytes,
                            const struct link_orders *orders, int64_t now_ns, choose_fn choose, void *ctx);

/* Nothing is left open on such a link, and nothing waits there; most links are so most of the time. For a segment that no order is about,
 * of at most LINK_PLAIN_BYTES, link_carry_plain() is then all that link_carry() does. */
#define LINK_PLAIN_BYTES 1500
bool link_is_plain(const struct link_params *params);
/* It arrives then, after its delay. */
static inline void link_carry_plain(struct link_state *state, int64_t arrival_ns)
{
    state->ordinal++;
    if (arrival_ns > state->last_arrival_ns)
        state->last_arrival_ns = arrival_ns;
}

/* What a drop is called in the trace: "rule", "loss", "cut", "queue", "corrupt", "mtu", "firewall", "host-down"; "none". */
const char *drop_why_name(enum drop_why why);

#endif
