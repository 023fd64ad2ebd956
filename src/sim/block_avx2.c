/* SPDX-License-Identifier: MIT */
/* Compiled for AVX2, alone in this room: called only where the processor has it. */
#include "sim/block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t block_hash_avx2(const unsigned char block[TRACE_BLOCK], uint64_t seed)
{
    return XXH3_64bits_withSeed(block, TRACE_BLOCK, seed);
}
