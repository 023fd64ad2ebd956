/* SPDX-License-Identifier: MIT */
/* What the two files of the generator share: the world that is being written, and its draws. */
#ifndef LASTACK_TESTS_WORLDS_INTERNAL_H
#define LASTACK_TESTS_WORLDS_INTERNAL_H

#include "generator.h"

#include <inttypes.h>

#include "base/duration.h"
#include "base/mix.h"

#define COUNT(list) ((unsigned)(sizeof(list) / sizeof(list)[0]))
#define HOSTS_MAX 3
#define LINKS_MAX 4 /* each of two may have a box in it */
#define BIG 200000 /* bytes of the largest send */

struct generator {
    struct text *out;
    uint64_t key, drawn;
    int64_t heal_ns; /* T */
    unsigned hosts, mtu;
    unsigned link[LINKS_MAX][2]; /* neighbours: hosts, or HOSTS_MAX and up for boxes */
    unsigned links, boxes;
    unsigned talk[2][2]; /* who connects to whom */
    unsigned talks;
    bool again; /* some four-tuple is used twice: nothing that makes old duplicates dangerous by design */
    bool single; /* one connection: a bare host name is its end */
    bool relayed; /* a talks to c through a program on b */
};

static const char *const host_names[HOSTS_MAX + 2] = {"a", "b", "c", "x", "y"};

/* ---- draws ---- */

static inline uint64_t below(struct generator *g, uint64_t bound)
{
    return mix_below(mix64(g->key ^ mix64(++g->drawn)), bound);
}

static inline bool chance(struct generator *g, unsigned percent)
{
    return below(g, 100) < percent;
}

static inline uint64_t between(struct generator *g, uint64_t low, uint64_t high)
{
    return low + below(g, high - low + 1);
}

/* Every order of magnitude as likely as the next. */
static inline uint64_t scaled(struct generator *g, uint64_t low, uint64_t high)
{
    unsigned doublings = 0;
    while ((low << doublings) < high)
        doublings++;
    uint64_t from = low << below(g, doublings + 1);
    uint64_t value = from + below(g, from + 1);
    return value > high ? high : value;
}

static inline const char *one_of(struct generator *g, const char *const *list, unsigned count)
{
    return list[below(g, count)];
}
#define ONE_OF(g, list) one_of(g, list, COUNT(list))

static inline void duration(struct generator *g, int64_t low_ns, int64_t high_ns)
{
    int64_t ns = (int64_t)scaled(g, (uint64_t)low_ns, (uint64_t)high_ns);
    text_duration(g->out, ns >= 10 * NS_PER_MS ? ns / NS_PER_MS * NS_PER_MS : ns / NS_PER_US * NS_PER_US);
}

/* A moment before the network heals, whole milliseconds. */
static inline int64_t before_heal(struct generator *g)
{
    return (int64_t)below(g, (uint64_t)(g->heal_ns / NS_PER_MS)) * NS_PER_MS;
}

static inline void share(struct generator *g, unsigned tenths_max)
{
    uint64_t tenths = between(g, 1, tenths_max);
    text_printf(g->out, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10, tenths % 10);
}

/* ---- programs.c: what the hosts do until T, and then ---- */

void programs_simple(struct generator *g, unsigned k);
void programs_twice(struct generator *g);
void programs_simultaneous(struct generator *g);
void programs_relayed(struct generator *g);

#endif
