/* SPDX-License-Identifier: MIT */
/* The keyed mixer: a draw is a pure function of what it decides, so that no draw depends on how many came before it.
 * (seed, kind, subject, ordinal) -> 64 uniform bits; a few nanoseconds. */
#ifndef LASTACK_BASE_MIX_H
#define LASTACK_BASE_MIX_H

#include <stdint.h>

/* splitmix64's finaliser (Steele, Lea, Flood 2014): a bijection with full avalanche. */
static inline uint64_t mix64(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static inline uint64_t mix_keyed(uint64_t seed, uint32_t kind, uint64_t subject, uint64_t ordinal)
{
    return mix64(mix64(mix64(seed ^ ((uint64_t)kind << 56)) ^ subject) ^ ordinal);
}

/* Uniform in 0..bound-1 from 64 uniform bits, bound >= 1 (multiply-shift; bias below 2^-32 for bound < 2^32). */
static inline uint64_t mix_below(uint64_t bits, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)bits * bound) >> 64);
}

/* A name as a key (FNV-1a over its bytes), so that a `let` is drawn by what it is called and not by where it stands. */
static inline uint64_t mix_name(const char *name)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
    return h;
}

#endif
