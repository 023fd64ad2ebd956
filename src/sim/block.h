/* SPDX-License-Identifier: MIT */
/* The hash of one full block of the trace, XXH3-64: the same number whichever instructions count it out. */
#ifndef LASTACK_SIM_BLOCK_H
#define LASTACK_SIM_BLOCK_H

#include <stdint.h>

#define TRACE_BLOCK 1024

#if defined(BLOCK_AVX2)
/* For a processor that has AVX2, which does it in half the instructions. */
uint64_t block_hash_avx2(const unsigned char block[TRACE_BLOCK], uint64_t seed);
#endif

#endif
