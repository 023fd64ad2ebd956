/* SPDX-License-Identifier: MIT */
/* What a box remembers of a conversation between a client (node 1) and a server (node 2), told segment by segment, and for how long.
 * Limits that a scenario leaves out are conntrack's (RULES.md part 3, last row). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/duration.h"
#include "net/middlebox.h"

enum { CLIENT = 1, SERVER = 2 };
#define S NS_PER_S

static const struct box_limits conntrack = {.idle_ns = TIME_NEVER, .closing_ns = TIME_NEVER};
static const struct box_limits idle_350 = {.idle_ns = 350 * S, .closing_ns = TIME_NEVER};

static struct segment segment(unsigned host, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    return (struct segment){
        .src_host = (uint16_t)host,
        .dst_host = (uint16_t)(3 - host),
        .src_port = host == CLIENT ? 40000 : 80,
        .dst_port = host == CLIENT ? 80 : 40000,
        .flags = (uint8_t)flags,
        .seq = seq,
        .ack = ack,
        .len = len,
    };
}

static void passes(struct box_flow *flow, unsigned host, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct segment seg = segment(host, flags, seq, ack, len);
    box_flow_pass(flow, &seg, 10 * S);
}

static struct box_flow begun(void)
{
    struct box_flow flow;
    struct segment syn = segment(CLIENT, TCP_SYN, 100, 0, 0);
    assert_true(box_flow_begins(&syn));
    box_flow_begin(&flow, &syn, 10 * S);
    return flow;
}

static struct box_flow established(void)
{
    struct box_flow flow = begun();
    passes(&flow, SERVER, TCP_SYN | TCP_ACK, 700, 101, 0);
    passes(&flow, CLIENT, TCP_ACK, 101, 701, 0);
    assert_int_equal(flow.state, BOX_ESTABLISHED);
    return flow;
}

static void a_handshake_and_an_orderly_close_take_conntracks_states(void **state)
{
    (void)state;
    struct box_flow flow = begun();
    assert_int_equal(flow.state, BOX_SYN_SENT);
    assert_true(box_flow_limit(&flow, &conntrack) == 120 * S);
    passes(&flow, SERVER, TCP_SYN | TCP_ACK, 700, 101, 0);
    assert_int_equal(flow.state, BOX_SYN_RECV);
    assert_true(box_flow_limit(&flow, &conntrack) == 60 * S);
    passes(&flow, CLIENT, TCP_ACK, 101, 701, 0);
    assert_int_equal(flow.state, BOX_ESTABLISHED);
    assert_true(box_flow_limit(&flow, &conntrack) == 5 * 24 * 3600 * S);
    passes(&flow, CLIENT, TCP_FIN | TCP_ACK, 101, 701, 0);
    assert_int_equal(flow.state, BOX_FIN_WAIT);
    assert_true(box_flow_limit(&flow, &conntrack) == 120 * S);
    passes(&flow, SERVER, TCP_ACK, 701, 102, 0);
    assert_int_equal(flow.state, BOX_CLOSE_WAIT);
    assert_true(box_flow_limit(&flow, &conntrack) == 60 * S);
    passes(&flow, SERVER, TCP_FIN | TCP_ACK, 701, 102, 0);
    assert_int_equal(flow.state, BOX_LAST_ACK);
    assert_true(box_flow_limit(&flow, &conntrack) == 30 * S);
    passes(&flow, CLIENT, TCP_ACK, 102, 702, 0);
    assert_int_equal(flow.state, BOX_TIME_WAIT);
    assert_true(box_flow_limit(&flow, &conntrack) == 120 * S);
}

/* nf_conntrack_tcp_timeout_unacknowledged: who never hears an answer is not kept for five days. */
static void while_something_is_unacknowledged_conntrack_waits_five_minutes(void **state)
{
    (void)state;
    struct box_flow flow = established();
    passes(&flow, CLIENT, TCP_ACK, 101, 701, 10);
    assert_true(box_flow_limit(&flow, &conntrack) == 300 * S);
    assert_true(box_flow_limit(&flow, &idle_350) == 350 * S);
    passes(&flow, SERVER, TCP_ACK, 701, 111, 0);
    assert_true(box_flow_limit(&flow, &conntrack) == 5 * 24 * 3600 * S);
}

static void each_segment_that_passes_begins_the_silence_anew(void **state)
{
    (void)state;
    struct box_flow flow = established();
    assert_true(box_flow_forgets(&flow, &idle_350) == 360 * S);
    struct segment seg = segment(SERVER, TCP_ACK, 701, 101, 10);
    box_flow_pass(&flow, &seg, 300 * S);
    assert_true(box_flow_forgets(&flow, &idle_350) == 650 * S);
    seg.marks = SEGMENT_CORRUPT;
    box_flow_pass(&flow, &seg, 500 * S);
    assert_true(box_flow_forgets(&flow, &idle_350) == 650 * S);
}

/* LANGUAGE.md: "closing: the limit from the first FIN on"; without one a flow is forgotten when it was silent for `idle`. */
static void the_closing_limit_holds_from_the_first_fin_on(void **state)
{
    (void)state;
    const struct box_limits closing = {.idle_ns = 3600 * S, .closing_ns = 240 * S};
    struct box_flow flow = established();
    assert_true(box_flow_limit(&flow, &closing) == 3600 * S);
    passes(&flow, SERVER, TCP_FIN | TCP_ACK, 701, 101, 0);
    assert_true(box_flow_limit(&flow, &closing) == 240 * S);
    assert_true(box_flow_limit(&flow, &idle_350) == 350 * S);
    passes(&flow, CLIENT, TCP_ACK, 101, 702, 0);
    passes(&flow, CLIENT, TCP_FIN | TCP_ACK, 101, 702, 0);
    passes(&flow, SERVER, TCP_ACK, 702, 102, 0);
    assert_true(box_flow_limit(&flow, &closing) == 240 * S);
}

/* RFC 5961: a RST that is not exact is challenged, and the connection lives; a box that closed it then would cut it in two. */
static void only_a_reset_that_its_receiver_may_obey_closes_a_flow(void **state)
{
    (void)state;
    struct box_flow flow = established();
    passes(&flow, SERVER, TCP_RST, 900, 0, 0);
    assert_int_equal(flow.state, BOX_ESTABLISHED);
    passes(&flow, SERVER, TCP_RST, 701, 0, 0);
    assert_int_equal(flow.state, BOX_CLOSE);
    assert_true(box_flow_limit(&flow, &conntrack) == 10 * S);
    assert_true(box_flow_limit(&flow, &idle_350) == 10 * S);
}

/* I-47: the box remembers longer than the hosts do. */
static void a_syn_begins_a_finished_flow_anew_from_either_side(void **state)
{
    (void)state;
    struct box_flow flow = established();
    passes(&flow, SERVER, TCP_RST, 701, 0, 0);
    passes(&flow, SERVER, TCP_SYN, 5000, 0, 0);
    assert_int_equal(flow.state, BOX_SYN_SENT);
    assert_int_equal(flow.side[0].host, SERVER);
    passes(&flow, CLIENT, TCP_SYN | TCP_ACK, 9000, 5001, 0);
    passes(&flow, SERVER, TCP_ACK, 5001, 9001, 0);
    assert_int_equal(flow.state, BOX_ESTABLISHED);
}

static void a_syn_into_a_living_flow_counts_when_it_is_answered(void **state)
{
    (void)state;
    struct box_flow flow = established();
    passes(&flow, CLIENT, TCP_FIN | TCP_ACK, 101, 701, 0);
    passes(&flow, CLIENT, TCP_SYN, 5000, 0, 0); /* the client has rebooted */
    assert_int_equal(flow.state, BOX_FIN_WAIT);
    passes(&flow, SERVER, TCP_SYN | TCP_ACK, 9000, 5001, 0);
    assert_int_equal(flow.state, BOX_SYN_RECV);
    passes(&flow, CLIENT, TCP_ACK, 5001, 9001, 0);
    assert_int_equal(flow.state, BOX_ESTABLISHED);
    assert_true(box_flow_limit(&flow, &conntrack) == 5 * 24 * 3600 * S);
}

static void only_a_syn_begins_a_flow(void **state)
{
    (void)state;
    const unsigned others[] = {TCP_ACK, TCP_FIN | TCP_ACK, TCP_SYN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK, TCP_RST | TCP_SYN};
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct segment seg = segment(CLIENT, others[i], 1, 1, 0);
        assert_false(box_flow_begins(&seg));
    }
    struct segment corrupt = segment(CLIENT, TCP_SYN, 1, 0, 0);
    corrupt.marks = SEGMENT_CORRUPT;
    assert_false(box_flow_begins(&corrupt));
}

/* RFC 9293 section 3.10.7.1, as the other end would: its number is just what the sender expects. */
static void the_sender_of_an_unknown_segment_is_reset_in_the_other_ends_name(void **state)
{
    (void)state;
    struct segment seg = segment(SERVER, TCP_ACK, 701, 111, 10), reply;
    seg.conn = 3;
    assert_true(box_reset(&seg, &reply));
    assert_int_equal(reply.flags, TCP_RST);
    assert_int_equal(reply.seq, 111);
    assert_int_equal(reply.src_host, CLIENT);
    assert_int_equal(reply.src_port, 40000);
    assert_int_equal(reply.dst_host, SERVER);
    assert_int_equal(reply.dst_port, 80);
    assert_int_equal(reply.conn, 3);
    assert_int_equal(reply.marks, SEGMENT_INJECTED);
}

static void a_reset_is_never_answered_by_a_reset(void **state)
{
    (void)state;
    struct segment rst = segment(SERVER, TCP_RST, 701, 0, 0), corrupt = segment(SERVER, TCP_ACK, 701, 111, 0), reply;
    corrupt.marks = SEGMENT_CORRUPT;
    assert_false(box_reset(&rst, &reply));
    assert_false(box_reset(&corrupt, &reply));
}

static void numbers_are_compared_modulo_two_to_the_32(void **state)
{
    (void)state;
    struct box_flow flow;
    struct segment syn = segment(CLIENT, TCP_SYN, UINT32_MAX - 4, 0, 0);
    box_flow_begin(&flow, &syn, 0);
    passes(&flow, SERVER, TCP_SYN | TCP_ACK, 700, UINT32_MAX - 3, 0);
    passes(&flow, CLIENT, TCP_ACK, UINT32_MAX - 3, 701, 10);
    assert_true(box_flow_limit(&flow, &conntrack) == 300 * S);
    passes(&flow, SERVER, TCP_ACK, 701, 6, 0);
    assert_true(box_flow_limit(&flow, &conntrack) == 5 * 24 * 3600 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_and_an_orderly_close_take_conntracks_states),
        cmocka_unit_test(while_something_is_unacknowledged_conntrack_waits_five_minutes),
        cmocka_unit_test(each_segment_that_passes_begins_the_silence_anew),
        cmocka_unit_test(the_closing_limit_holds_from_the_first_fin_on),
        cmocka_unit_test(only_a_reset_that_its_receiver_may_obey_closes_a_flow),
        cmocka_unit_test(a_syn_begins_a_finished_flow_anew_from_either_side),
        cmocka_unit_test(a_syn_into_a_living_flow_counts_when_it_is_answered),
        cmocka_unit_test(only_a_syn_begins_a_flow),
        cmocka_unit_test(the_sender_of_an_unknown_segment_is_reset_in_the_other_ends_name),
        cmocka_unit_test(a_reset_is_never_answered_by_a_reset),
        cmocka_unit_test(numbers_are_compared_modulo_two_to_the_32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
