/* SPDX-License-Identifier: MIT */
/* Rules and expectations name segments by their meaning, and the meaning must come from headers alone: the same observer serves a
 * real wire. Each story below is a conversation between a client (node 1) and a server (node 2), told segment by segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "net/class.h"

#define ANY CLASS_ANY
#define AGAIN CLASS_RETRANSMISSION
enum { CLIENT = 1, SERVER = 2 };

struct talk {
    struct flow flow;
    uint32_t iss[3]; /* by host */
    uint32_t wnd;
};

/* Numbers as Wireshark shows them: the SYN is 0. ack -1: no ACK flag. */
static struct segment segment(const struct talk *talk, unsigned host, unsigned flags, uint32_t seq, int64_t ack, uint32_t len)
{
    unsigned peer = 3 - host;
    struct segment seg = {
        .src_host = (uint16_t)host,
        .dst_host = (uint16_t)peer,
        .src_port = host == CLIENT ? 40000 : 80,
        .dst_port = host == CLIENT ? 80 : 40000,
        .seq = talk->iss[host] + seq,
        .flags = (uint8_t)(flags | (ack >= 0 ? TCP_ACK : 0)),
        .ack = ack >= 0 ? talk->iss[peer] + (uint32_t)ack : 0,
        .len = len,
        .wnd = talk->wnd,
    };
    return seg;
}

/* Sent, and lost on the way. */
static uint32_t sends(struct talk *talk, unsigned host, unsigned flags, uint32_t seq, int64_t ack, uint32_t len)
{
    struct segment seg = segment(talk, host, flags, seq, ack, len);
    unsigned side = flow_side_of(&talk->flow, &seg);
    struct flow flow = talk->flow;
    uint32_t classes = flow_note_sent(&talk->flow, &seg);
    if (flow_is_plain(&flow.side[side], &flow.side[!side], &seg)) { /* the short way says the same */
        assert_int_equal(flow_note_plain_sent(&flow.side[side], &flow.side[!side], &seg), classes);
        assert_memory_equal(&flow, &talk->flow, sizeof flow);
    }
    return classes;
}

static void arrives(struct talk *talk, unsigned host, unsigned flags, uint32_t seq, int64_t ack, uint32_t len, unsigned marks)
{
    struct segment seg = segment(talk, host, flags, seq, ack, len);
    seg.marks = (uint8_t)marks;
    unsigned side = flow_side_of(&talk->flow, &seg);
    struct flow flow = talk->flow;
    flow_note_arrived(&talk->flow, &seg);
    if (flow_is_plain(&flow.side[side], &flow.side[!side], &seg) && (marks & (SEGMENT_INJECTED | SEGMENT_CORRUPT)) == 0) {
        flow_note_plain_arrived(&flow.side[side], &flow.side[!side], &seg);
        assert_memory_equal(&flow, &talk->flow, sizeof flow);
    }
}

/* Sent, and arrived at once. */
static uint32_t says(struct talk *talk, unsigned host, unsigned flags, uint32_t seq, int64_t ack, uint32_t len)
{
    uint32_t classes = sends(talk, host, flags, seq, ack, len);
    arrives(talk, host, flags, seq, ack, len, 0);
    return classes;
}

static struct talk opened(uint32_t client_iss, uint32_t server_iss)
{
    struct talk talk = {.iss = {0, client_iss, server_iss}, .wnd = 65535};
    struct segment syn = segment(&talk, CLIENT, TCP_SYN, 0, -1, 0);
    flow_begin(&talk.flow, &syn);
    assert_int_equal(says(&talk, CLIENT, TCP_SYN, 0, -1, 0), ANY | CLASS_SYN);
    assert_int_equal(says(&talk, SERVER, TCP_SYN, 0, 1, 0), ANY | CLASS_SYN);
    assert_int_equal(says(&talk, CLIENT, 0, 1, 1, 0), ANY | CLASS_ACK);
    return talk;
}

/* Wherever the numbers begin, also right below 2^32, where they wrap in mid-conversation. */
static const uint32_t beginnings[][2] = {
    {0, 0},           {1000, 5000},  {UINT32_MAX, UINT32_MAX},    {UINT32_MAX - 1, 7}, {UINT32_MAX - 50, UINT32_MAX - 300},
    {INT32_MAX, 100}, {1U << 31, 1}, {UINT32_MAX - 100, 1U << 31}};
#define EACH_BEGINNING(i) \
    size_t i = 0; \
    i < sizeof beginnings / sizeof *beginnings; \
    i++

static void a_whole_conversation_is_named_segment_by_segment(void **state)
{
    (void)state;
    for (EACH_BEGINNING(i)) {
        struct talk talk = opened(beginnings[i][0], beginnings[i][1]);
        assert_int_equal(says(&talk, CLIENT, TCP_PSH, 1, 1, 100), ANY | CLASS_DATA);
        assert_int_equal(says(&talk, SERVER, 0, 1, 101, 0), ANY | CLASS_ACK);
        assert_int_equal(says(&talk, SERVER, TCP_PSH, 1, 101, 300), ANY | CLASS_DATA);
        assert_int_equal(says(&talk, CLIENT, TCP_FIN, 101, 301, 0), ANY | CLASS_FIN);
        assert_int_equal(says(&talk, SERVER, 0, 301, 102, 0), ANY | CLASS_ACK | CLASS_ACK_FIN);
        assert_int_equal(says(&talk, SERVER, TCP_FIN, 301, 102, 0), ANY | CLASS_FIN);
        assert_int_equal(says(&talk, CLIENT, 0, 102, 302, 0), ANY | CLASS_ACK | CLASS_ACK_FIN);
    }
}

static void the_fin_that_answers_a_fin_is_its_acknowledgement_too(void **state)
{
    (void)state;
    struct talk talk = opened(1, 2);
    says(&talk, CLIENT, TCP_FIN, 1, 1, 0);
    assert_int_equal(says(&talk, SERVER, TCP_FIN | TCP_PSH, 1, 2, 50), ANY | CLASS_FIN | CLASS_DATA | CLASS_ACK_FIN);
}

static void what_was_sent_before_is_a_retransmission(void **state)
{
    (void)state;
    for (EACH_BEGINNING(i)) {
        struct talk talk = opened(beginnings[i][0], beginnings[i][1]);
        assert_int_equal(sends(&talk, CLIENT, TCP_SYN, 0, -1, 0), ANY | CLASS_SYN | AGAIN);
        assert_int_equal(sends(&talk, SERVER, TCP_SYN, 0, 1, 0), ANY | CLASS_SYN | AGAIN);
        assert_int_equal(sends(&talk, CLIENT, 0, 1, 1, 100), ANY | CLASS_DATA);
        assert_int_equal(sends(&talk, CLIENT, 0, 1, 1, 50), ANY | CLASS_DATA | AGAIN);
        assert_int_equal(sends(&talk, CLIENT, 0, 51, 1, 100), ANY | CLASS_DATA | AGAIN); /* begins in what was sent */
        assert_int_equal(sends(&talk, CLIENT, 0, 151, 1, 10), ANY | CLASS_DATA);
        assert_int_equal(sends(&talk, CLIENT, TCP_FIN, 161, 1, 0), ANY | CLASS_FIN);
        assert_int_equal(sends(&talk, CLIENT, TCP_FIN, 161, 1, 0), ANY | CLASS_FIN | AGAIN);
        assert_int_equal(sends(&talk, CLIENT, TCP_FIN, 151, 1, 10), ANY | CLASS_FIN | CLASS_DATA | AGAIN);
    }
}

/* A peer whose ACK was lost sends its FIN again; the ACK that answers it is again ACK(FIN), so that `drop 2nd ACK(FIN)` has a meaning. */
static void each_arrival_of_a_fin_makes_its_next_acknowledgement_ack_fin(void **state)
{
    (void)state;
    struct talk talk = opened(10, 20);
    says(&talk, SERVER, TCP_FIN, 1, 1, 0);
    assert_int_equal(sends(&talk, CLIENT, 0, 1, 2, 0), ANY | CLASS_ACK | CLASS_ACK_FIN);
    assert_int_equal(sends(&talk, CLIENT, 0, 1, 2, 0), ANY | CLASS_ACK); /* no new arrival: a mere ACK */
    assert_int_equal(says(&talk, SERVER, TCP_FIN, 1, 1, 0), ANY | CLASS_FIN | AGAIN);
    assert_int_equal(sends(&talk, CLIENT, TCP_FIN, 1, 2, 0), ANY | CLASS_FIN | CLASS_ACK_FIN);
    arrives(&talk, SERVER, TCP_FIN, 1, 1, 0, SEGMENT_COPY); /* an old duplicate is an arrival like any other */
    assert_int_equal(sends(&talk, CLIENT, 0, 2, 2, 0), ANY | CLASS_ACK | CLASS_ACK_FIN);
    sends(&talk, SERVER, TCP_FIN, 1, 1, 0); /* lost: no arrival */
    assert_int_equal(sends(&talk, CLIENT, 0, 2, 2, 0), ANY | CLASS_ACK);
    arrives(&talk, SERVER, TCP_FIN, 1, 1, 0, SEGMENT_CORRUPT); /* discarded: no arrival either */
    assert_int_equal(sends(&talk, CLIENT, 0, 2, 2, 0), ANY | CLASS_ACK);
}

/* The FIN overtakes the data before it: the duplicate ACK that it causes acknowledges less, and is not the ACK of the FIN. */
static void an_ack_short_of_the_fin_is_not_ack_fin(void **state)
{
    (void)state;
    for (EACH_BEGINNING(i)) {
        struct talk talk = opened(beginnings[i][0], beginnings[i][1]);
        sends(&talk, CLIENT, 0, 1, 1, 100);
        says(&talk, CLIENT, TCP_FIN, 101, 1, 0);
        assert_int_equal(says(&talk, SERVER, 0, 1, 1, 0), ANY | CLASS_ACK);
        assert_int_equal(says(&talk, SERVER, 0, 1, 101, 0), ANY | CLASS_ACK);
        arrives(&talk, CLIENT, 0, 1, 1, 100, 0);
        assert_int_equal(says(&talk, SERVER, 0, 1, 102, 0), ANY | CLASS_ACK | CLASS_ACK_FIN);
    }
}

static void a_reset_is_never_an_acknowledgement_and_shows_no_numbers(void **state)
{
    (void)state;
    struct talk talk = opened(10, 20);
    says(&talk, CLIENT, TCP_FIN, 1, 1, 0);
    assert_int_equal(sends(&talk, SERVER, TCP_RST, 1, 2, 0), ANY | CLASS_RST);
    assert_int_equal(sends(&talk, SERVER, TCP_RST, 90000, -1, 0), ANY | CLASS_RST);
    assert_int_equal(sends(&talk, SERVER, 0, 1, 2, 10), ANY | CLASS_DATA | CLASS_ACK_FIN);
}

/* Keep-alives and Linux's window probes carry nothing and stand one below what was sent. */
static void an_empty_segment_below_what_was_sent_is_a_probe(void **state)
{
    (void)state;
    for (EACH_BEGINNING(i)) {
        struct talk talk = opened(beginnings[i][0], beginnings[i][1]);
        assert_int_equal(sends(&talk, CLIENT, 0, 0, 1, 0), ANY | CLASS_ACK | CLASS_PROBE); /* nothing but the SYN was sent */
        says(&talk, CLIENT, 0, 1, 1, 100);
        says(&talk, SERVER, 0, 1, 101, 0);
        assert_int_equal(sends(&talk, CLIENT, 0, 101, 1, 0), ANY | CLASS_ACK);
        assert_int_equal(sends(&talk, CLIENT, 0, 100, 1, 0), ANY | CLASS_ACK | CLASS_PROBE);
        assert_int_equal(sends(&talk, CLIENT, 0, 50, 1, 0), ANY | CLASS_ACK); /* an old one, long acknowledged */
        assert_int_equal(sends(&talk, CLIENT, 0, 101, 1, 0), ANY | CLASS_ACK);
    }
}

/* RFC 9293 3.8.4 allows a keep-alive with one old octet, 3.8.6.1 a window probe with one new. */
static void a_probe_may_carry_one_octet(void **state)
{
    (void)state;
    struct talk talk = opened(10, 20);
    says(&talk, CLIENT, 0, 1, 1, 100);
    assert_int_equal(sends(&talk, CLIENT, 0, 100, 1, 1), ANY | CLASS_DATA | AGAIN); /* not acknowledged: sent for its own sake */
    talk.wnd = 0;
    says(&talk, SERVER, 0, 1, 65536, 0); /* the window's edge does not move back */
    talk.wnd = 65535;
    assert_int_equal(sends(&talk, CLIENT, 0, 100, 1, 1), ANY | CLASS_DATA | CLASS_PROBE | AGAIN);
    assert_int_equal(sends(&talk, CLIENT, 0, 101, 1, 1), ANY | CLASS_DATA);
    says(&talk, CLIENT, 0, 101, 1, 65435);
    assert_int_equal(sends(&talk, CLIENT, 0, 65536, 1, 1), ANY | CLASS_DATA | CLASS_PROBE);
    assert_int_equal(sends(&talk, CLIENT, 0, 65536, 1, 1), ANY | CLASS_DATA | CLASS_PROBE | AGAIN);
    says(&talk, SERVER, 0, 1, 65536, 0); /* the window opens */
    assert_int_equal(sends(&talk, CLIENT, 0, 65536, 1, 1), ANY | CLASS_DATA | AGAIN);
}

static void both_ends_may_open_at_once(void **state)
{
    (void)state;
    for (EACH_BEGINNING(i)) {
        struct talk talk = {.iss = {0, beginnings[i][0], beginnings[i][1]}, .wnd = 1000};
        struct segment syn = segment(&talk, CLIENT, TCP_SYN, 0, -1, 0);
        flow_begin(&talk.flow, &syn);
        assert_int_equal(sends(&talk, CLIENT, TCP_SYN, 0, -1, 0), ANY | CLASS_SYN);
        assert_int_equal(sends(&talk, SERVER, TCP_SYN, 0, -1, 0), ANY | CLASS_SYN);
        assert_int_equal(says(&talk, CLIENT, TCP_SYN, 0, 1, 0), ANY | CLASS_SYN | AGAIN);
        assert_int_equal(says(&talk, SERVER, TCP_SYN, 0, 1, 0), ANY | CLASS_SYN | AGAIN);
        assert_int_equal(says(&talk, CLIENT, 0, 1, 1, 0), ANY | CLASS_ACK);
    }
}

static void two_ends_on_one_host_are_told_by_their_ports(void **state)
{
    (void)state;
    struct segment syn = {.src_host = 1, .dst_host = 1, .src_port = 40000, .dst_port = 80, .flags = TCP_SYN};
    struct segment answer = {.src_host = 1, .dst_host = 1, .src_port = 80, .dst_port = 40000, .flags = TCP_SYN | TCP_ACK, .ack = 1};
    struct flow flow;
    flow_begin(&flow, &syn);
    assert_int_equal(flow_side_of(&flow, &syn), 0);
    assert_int_equal(flow_side_of(&flow, &answer), 1);
}

/* A forged segment comes from nobody: it must not make the real sender's next data look old. */
static void a_forged_segment_leaves_no_note(void **state)
{
    (void)state;
    struct talk talk = opened(10, 20);
    struct segment forged = segment(&talk, CLIENT, 0, 1, 1, 5000);
    forged.marks = SEGMENT_INJECTED;
    assert_int_equal(flow_note_sent(&talk.flow, &forged), ANY | CLASS_DATA);
    flow_note_arrived(&talk.flow, &forged);
    assert_int_equal(says(&talk, CLIENT, 0, 1, 1, 100), ANY | CLASS_DATA);

    forged = segment(&talk, CLIENT, TCP_SYN, 99999, -1, 0);
    forged.marks = SEGMENT_INJECTED;
    assert_int_equal(flow_note_sent(&talk.flow, &forged), ANY | CLASS_SYN);
    assert_int_equal(talk.flow.side[0].iss, 10);

    /* A FIN that the receiver cannot tell from a real one is answered as one. */
    forged = segment(&talk, CLIENT, TCP_FIN, 101, 1, 0);
    forged.marks = SEGMENT_INJECTED;
    flow_note_sent(&talk.flow, &forged);
    flow_note_arrived(&talk.flow, &forged);
    assert_int_equal(sends(&talk, SERVER, 0, 1, 102, 0), ANY | CLASS_ACK | CLASS_ACK_FIN);
    assert_false(talk.flow.side[0].known & FLOW_FIN);
    assert_int_equal(sends(&talk, CLIENT, 0, 101, 1, 10), ANY | CLASS_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_conversation_is_named_segment_by_segment),
        cmocka_unit_test(the_fin_that_answers_a_fin_is_its_acknowledgement_too),
        cmocka_unit_test(what_was_sent_before_is_a_retransmission),
        cmocka_unit_test(each_arrival_of_a_fin_makes_its_next_acknowledgement_ack_fin),
        cmocka_unit_test(an_ack_short_of_the_fin_is_not_ack_fin),
        cmocka_unit_test(a_reset_is_never_an_acknowledgement_and_shows_no_numbers),
        cmocka_unit_test(an_empty_segment_below_what_was_sent_is_a_probe),
        cmocka_unit_test(a_probe_may_carry_one_octet),
        cmocka_unit_test(both_ends_may_open_at_once),
        cmocka_unit_test(two_ends_on_one_host_are_told_by_their_ports),
        cmocka_unit_test(a_forged_segment_leaves_no_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
