/* SPDX-License-Identifier: MIT */
/* A record at rest must come back as it was: every field, of every size, however far from what was expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <string.h>

#include "base/pack.h"

struct record {
    int64_t at_ns;
    uint64_t bytes;
    uint32_t seq, edge;
    uint16_t port;
    uint8_t state;
    bool fin, ack;
    uint32_t more[4];
    uint32_t drawn, rare[2];
};

static void walk(struct pack *pack, struct record *record)
{
    pack_i64(pack, &record->at_ns, 1000);
    pack_u64(pack, &record->bytes, UINT64_MAX);
    pack_u32(pack, &record->seq, 7);
    pack_u32(pack, &record->edge, record->seq + 10);
    pack_u16(pack, &record->port, 80);
    pack_u8(pack, &record->state, 4);
    pack_bool(pack, &record->fin, false);
    pack_bool(pack, &record->ack, true);
    for (unsigned i = 0; i < 4; i++)
        pack_u32(pack, &record->more[i], 0);
    pack_word(pack, &record->drawn);
    const struct pack before = pack_rare_begin(pack);
    pack_u32(pack, &record->rare[0], 5);
    pack_u32(pack, &record->rare[1], 6);
    pack_rare_end(pack, &before);
}

/* Returns how many bytes it takes. */
static unsigned assert_comes_back(const struct record *record)
{
    unsigned char bytes[96];
    struct record copy = *record, back;
    struct pack pack = pack_begin(bytes, sizeof bytes, false);
    walk(&pack, &copy);
    assert_false(pack.failed);
    assert_memory_equal(&copy, record, sizeof copy);
    const unsigned used = (unsigned)(pack.at - bytes);
    memset(&back, 0, sizeof back);
    pack = pack_begin(bytes, used, true);
    walk(&pack, &back);
    assert_ptr_equal(pack.at, bytes + used);
    assert_memory_equal(&back, record, sizeof back);
    return used;
}

static struct record record_as_expected(void)
{
    struct record record;
    memset(&record, 0, sizeof record);
    record.at_ns = 1000;
    record.bytes = UINT64_MAX;
    record.seq = 7;
    record.edge = 17;
    record.port = 80;
    record.state = 4;
    record.ack = true;
    record.drawn = 0x89ABCDEF;
    record.rare[0] = 5;
    record.rare[1] = 6;
    return record;
}

static void a_record_that_is_as_expected_takes_a_bit_a_field(void **state)
{
    (void)state;
    const struct record record = record_as_expected();
    assert_int_equal(assert_comes_back(&record), 2 + 4); /* twelve fields, and a number that chance has drawn */
}

static void every_field_comes_back_from_either_end_of_its_range(void **state)
{
    (void)state;
    struct record record = record_as_expected();
    record.at_ns = INT64_MIN;
    record.bytes = 0;
    record.seq = UINT32_MAX;
    record.edge = 0;
    record.port = UINT16_MAX;
    record.state = 255;
    record.fin = true;
    record.ack = false;
    for (unsigned i = 0; i < 4; i++)
        record.more[i] = UINT32_C(1) << (8 * i + 7);
    assert_comes_back(&record);
    record.at_ns = INT64_MAX;
    record.bytes = UINT64_C(1) << 63;
    record.seq = 0;
    record.edge = UINT32_C(1) << 31;
    record.port = 0;
    record.state = 0;
    assert_comes_back(&record);
}

static void numbers_that_wrap_are_as_near_as_they_look(void **state)
{
    (void)state;
    struct record record = record_as_expected();
    record.seq = UINT32_MAX - 2;
    record.edge = 7; /* as expected: ten further */
    assert_int_equal(assert_comes_back(&record), 3 + 4);
}

/* Behind a group that is as expected, and behind one that is not, the next record's fields stand where they are looked for. */
static void rare_fields_take_one_bit_until_one_of_them_differs(void **state)
{
    (void)state;
    struct record record = record_as_expected();
    const unsigned without = assert_comes_back(&record);
    record.rare[1] = 7;
    assert_int_equal(assert_comes_back(&record), without + 1);
    record.rare[0] = 1000;
    assert_int_equal(assert_comes_back(&record), without + 3);
}

/* A record that does not fit stays whole: whoever packs must be told. */
static void too_little_room_is_told_wherever_it_ends(void **state)
{
    (void)state;
    struct record record = record_as_expected();
    record.at_ns = INT64_MAX;
    record.more[3] = 1;
    const unsigned needed = assert_comes_back(&record);
    for (unsigned room = 0; room <= needed; room++) {
        unsigned char bytes[32];
        struct record copy = record;
        struct pack pack = pack_begin(bytes, room, false);
        walk(&pack, &copy);
        assert_int_equal(pack.failed, room < needed);
        assert_memory_equal(&copy, &record, sizeof copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_is_as_expected_takes_a_bit_a_field),
        cmocka_unit_test(every_field_comes_back_from_either_end_of_its_range),
        cmocka_unit_test(rare_fields_take_one_bit_until_one_of_them_differs),
        cmocka_unit_test(numbers_that_wrap_are_as_near_as_they_look),
        cmocka_unit_test(too_little_room_is_told_wherever_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
