/* SPDX-License-Identifier: MIT */
/* One direction of a link: (its state, the segment's size, now, draws) -> fate. Pure: the caller moves the segment.
 * Words and meanings are tc-netem's. Order of LANGUAGE.md: counted, cut, dropped, lost, corrupted, duplicated, delayed. */
#ifndef LASTACK_NET_LINK_H
#define LASTACK_NET_LINK_H

#include <stdbool.h>
#include <stdint.h>

#define PPB_ONE UINT32_C(1000000000) /* shares are integers of parts per billion: 1 % = 10,000,000 */

struct link_params {
    int64_t delay_ns;     /* one way */
    int64_t jitter_ns;    /* uniform in +-jitter, never overtaking */
    int64_t rate_bps;     /* bits per second, headers (40 bytes and options) included; 0 unlimited */
    uint32_t limit;       /* queue in segments (with a rate); 0: netem's default 1000 */
    uint32_t mtu;         /* bytes of an IP packet; longer ones are lost; 0: 1500 */
    uint32_t loss_ppb, duplicate_ppb, reorder_ppb, corrupt_ppb;
    bool gemodel;         /* Gilbert-Elliott: p good->bad, r bad->good, h loss in good (1-k in tc's words is per manual), k see link.c */
    uint32_t ge_p_ppb, ge_r_ppb, ge_h_ppb, ge_k_ppb;
};

struct link_state {       /* relocatable, zero-initialised */
    uint64_t ordinal;     /* segments that entered: the key of every draw */
    int64_t last_arrival_ns;  /* so that jitter never overtakes */
    int64_t busy_until_ns;    /* the transmitter, with a rate */
    bool ge_bad;
};

enum drop_why { DROP_NONE = 0, DROP_RULE, DROP_LOSS, DROP_CUT, DROP_QUEUE, DROP_CORRUPT, DROP_MTU, DROP_FIREWALL, DROP_HOST_DOWN };

/* One draw's kind; the key of a draw is (seed, link direction, ordinal, kind). */
enum choice_kind { CHOOSE_LOSS = 1, CHOOSE_CORRUPT, CHOOSE_DUPLICATE, CHOOSE_REORDER, CHOOSE_JITTER, CHOOSE_COPY_JITTER, CHOOSE_GE, CHOOSE_GE_LOSS, CHOOSE_LET, CHOOSE_ISN, CHOOSE_PORT };

/* The one door of chance: a value in 0..options-1 for what is left open. `ctx` is the driver (seeded, listed, exhaustive). */
typedef uint64_t (*choose_fn)(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options);

struct link_fate {
    enum drop_why lost;        /* not DROP_NONE: the original is lost; no copy arrives either */
    bool corrupt;              /* arrives with a bad checksum: the receiver discards it */
    bool copied;               /* a second copy arrives too */
    int64_t arrival_ns, copy_arrival_ns;
};

/* What targeted rules asked of this segment before the link's own weather is drawn. */
struct link_orders {
    bool cut, drop, corrupt, duplicate;
    int64_t delay_ns;          /* extra; a `delay` rule: later segments may overtake it */
    int64_t duplicate_after_ns; /* the copy arrives this long after the original was sent; 0: right behind the original */
};

/* `subject` names the link direction in the key of a draw (derived from the two nodes' names, not from file order). */
struct link_fate link_carry(struct link_state *state, const struct link_params *params, uint64_t subject, uint32_t packet_bytes,
                            const struct link_orders *orders, int64_t now_ns, choose_fn choose, void *ctx);

/* Returned by value of link_carry for the record: which why a drop has in the trace ("rule", "loss", "cut", "queue", "corrupt", "mtu", ...). */
const char *drop_why_name(enum drop_why why);

#endif
