/* SPDX-License-Identifier: MIT */
/* A record at rest in few bytes: of each field only how it differs from what the others lead one to expect. One function walks the
 * fields of a record, in one order, for both directions. A bit for each field (it is as expected), and for one that is not, the
 * difference: seven bits a byte, small ones first, of either sign. */
#ifndef LASTACK_BASE_PACK_H
#define LASTACK_BASE_PACK_H

#include <stdbool.h>
#include <stdint.h>

struct pack {
    unsigned char *at, *end; /* the next byte; one past the last that may be used */
    unsigned char *bits; /* of the eight fields at hand */
    unsigned field; /* which of the eight comes next */
    unsigned differ; /* fields so far that are not as expected */
    bool unpacks;
    bool as_expected; /* unpacks fields of which nothing was written */
    bool failed; /* it takes more than there is room for */
};

static inline struct pack pack_begin(unsigned char *bytes, unsigned count, bool unpacks)
{
    return (struct pack){.at = bytes, .end = bytes + count, .field = 8, .unpacks = unpacks};
}

/* The next field's bit; when unpacking, whether it is set. */
static inline bool pack_bit(struct pack *pack, bool set)
{
    if (pack->as_expected)
        return false;
    if (pack->field == 8) {
        if (pack->at == pack->end) {
            pack->failed = true;
            return false;
        }
        pack->bits = pack->at++;
        pack->field = 0;
        if (!pack->unpacks)
            *pack->bits = 0;
    }
    const unsigned field = pack->field++;
    if (pack->unpacks)
        return (*pack->bits >> field & 1) != 0;
    *pack->bits = (unsigned char)(*pack->bits | (unsigned)set << field);
    pack->differ += set;
    return set;
}

static inline int64_t pack_difference(struct pack *pack, int64_t difference)
{
    uint64_t rest = 0;
    if (pack->unpacks) {
        for (unsigned shift = 0;; shift += 7) {
            const unsigned char byte = *pack->at++;
            rest |= (uint64_t)(byte & 127) << shift;
            if (byte < 128)
                break;
        }
        return (int64_t)(rest >> 1) ^ -(int64_t)(rest & 1);
    }
    rest = (uint64_t)difference << 1 ^ (uint64_t)(difference < 0 ? -1 : 0);
    do {
        if (pack->at == pack->end) {
            pack->failed = true;
            return difference;
        }
        *pack->at++ = (unsigned char)((rest & 127) | (rest > 127 ? 128 : 0));
        rest >>= 7;
    } while (rest != 0);
    return difference;
}

static inline void pack_i64(struct pack *pack, int64_t *value, int64_t expected)
{
    int64_t difference = (int64_t)((uint64_t)*value - (uint64_t)expected);
    if (pack_bit(pack, difference != 0))
        difference = pack_difference(pack, difference);
    else if (pack->unpacks)
        difference = 0;
    if (pack->unpacks)
        *value = (int64_t)((uint64_t)expected + (uint64_t)difference);
}

static inline void pack_u64(struct pack *pack, uint64_t *value, uint64_t expected)
{
    int64_t number = (int64_t)*value;
    pack_i64(pack, &number, (int64_t)expected);
    *value = (uint64_t)number;
}

/* Four bytes, whatever they are: numbers that chance has drawn. */
static inline void pack_word(struct pack *pack, uint32_t *value)
{
    uint32_t word = 0;
    if (pack->end - pack->at < 4) {
        pack->failed = true;
        return;
    }
    for (unsigned i = 0; i < 32; i += 8, pack->at++) {
        if (pack->unpacks)
            word |= (uint32_t)*pack->at << i;
        else
            *pack->at = (unsigned char)(*value >> i);
    }
    if (pack->unpacks)
        *value = word;
}

/* Differences modulo 2^32, as of sequence numbers. */
static inline void pack_u32(struct pack *pack, uint32_t *value, uint32_t expected)
{
    int64_t difference = (int32_t)(*value - expected);
    pack_i64(pack, &difference, 0);
    *value = expected + (uint32_t)difference;
}

static inline void pack_u16(struct pack *pack, uint16_t *value, uint16_t expected)
{
    uint32_t number = *value;
    pack_u32(pack, &number, expected);
    *value = (uint16_t)number;
}

static inline void pack_u8(struct pack *pack, uint8_t *value, uint8_t expected)
{
    uint32_t number = *value;
    pack_u32(pack, &number, expected);
    *value = (uint8_t)number;
}

static inline void pack_bool(struct pack *pack, bool *value, bool expected)
{
    *value = pack_bit(pack, *value != expected) != expected;
}

/* Fields that are nearly always as expected, all of them, take one bit together. Returns what pack_rare_end() needs. */
static inline struct pack pack_rare_begin(struct pack *pack)
{
    const struct pack before = *pack;
    if (!pack_bit(pack, true))
        pack->as_expected = pack->unpacks;
    pack->differ = 0;
    return before;
}

static inline void pack_rare_end(struct pack *pack, const struct pack *before)
{
    if (!pack->unpacks && pack->differ == 0) { /* back to where they began */
        *pack = *before;
        if (pack->field != 8)
            *pack->bits = (unsigned char)(*pack->bits & ~(1u << pack->field));
        pack_bit(pack, false);
    }
    pack->as_expected = false;
}

#endif
