/* SPDX-License-Identifier: MIT */
/* A random world, as a scenario that anybody can run: two or three hosts with odd settings, bad weather, boxes that forget flows, segments
 * that are forged, programs that do what programs do, relays among them. At a time T the network heals and every program closes what it
 * holds. Nothing in it is promised to happen: each fault carries `maybe`, each wait a deadline, so that no program waits for another's for
 * ever. */
#ifndef LASTACK_TESTS_WORLDS_GENERATOR_H
#define LASTACK_TESTS_WORLDS_GENERATOR_H

#include "base/text.h"

/* Writes world number `index` of `seed` behind what `out` holds. The same two numbers give the same text on every machine. */
void generator_write(struct text *out, uint64_t seed, uint64_t index);

#endif
