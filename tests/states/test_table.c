/* SPDX-License-Identifier: MIT */
/* The state x event table: what driving the TCP through every pair must and must not find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "states/edges.h"

static struct outcome met(enum profile_id profile, enum situation at, const char *name)
{
    struct outcome outcome = {0};
    for (unsigned event = 0; event < events_count(); event++) {
        if (strcmp(event_about(event)->name, name) == 0)
            table_play(profile, at, event, &outcome);
    }
    assert_true(outcome.possible);
    return outcome;
}

/* All pairs of all profiles, what cannot be left out. */
static void each_pair(void (*look)(enum profile_id profile, enum situation at, unsigned event, const struct outcome *outcome))
{
    for (unsigned profile = 0; profile < PROFILES; profile++) {
        for (unsigned at = 0; at < SITUATIONS; at++) {
            for (unsigned event = 0; event < events_count(); event++) {
                struct outcome outcome;
                table_play((enum profile_id)profile, (enum situation)at, event, &outcome);
                if (outcome.possible)
                    look((enum profile_id)profile, (enum situation)at, event, &outcome);
            }
        }
    }
}

static void every_edge_of_figure_5_is_found_but_the_one_that_sockets_have_not(void **state)
{
    static struct edges edges;
    (void)state;
    edges_drive(&edges, (1u << PROFILES) - 1);
    unsigned figure = 0;
    for (unsigned i = 0; i < edges.count; i++) {
        const struct edge *edge = &edges.list[i];
        figure += edge->figure != NULL;
        if (edge->profiles != (1u << PROFILES) - 1 && edge->figure != NULL)
            assert_false(edge_can_be_taken(edge));
        assert_true(edge->figure != NULL || edge->profiles != 0);
    }
    assert_int_equal(figure, 21);
    assert_false(edges.failed);
}

static unsigned resets_answered, pairs;
/* no RST in answer to a RST. */
static void look_at_resets(enum profile_id profile, enum situation at, unsigned event, const struct outcome *outcome)
{
    (void)profile;
    (void)at;
    pairs++;
    if (strncmp(event_about(event)->name, "RST", 3) != 0)
        return;
    for (unsigned i = 0; i < outcome->sent_count && i < BENCH_SENT; i++)
        resets_answered += (outcome->sent[i].flags & TCP_RST) != 0;
}

static void no_state_answers_a_reset_with_a_reset(void **state)
{
    (void)state;
    resets_answered = pairs = 0;
    each_pair(look_at_resets);
    assert_int_equal(resets_answered, 0);
    assert_true(pairs > 1500);
}

/* A move ends where the next begins, and the last where the end is found. */
static void look_at_moves(enum profile_id profile, enum situation at, unsigned event, const struct outcome *outcome)
{
    (void)profile;
    (void)event;
    unsigned here = situation_state(at);
    for (unsigned i = 0; i < outcome->move_count; i++) {
        const bool reopened = outcome->moves[i].from == TCP_LISTEN && here == TCP_CLOSED;
        assert_true(outcome->moves[i].from == here || reopened);
        here = outcome->moves[i].to;
    }
    assert_int_equal(here, outcome->state);
}

static void moves_join_without_a_gap(void **state)
{
    (void)state;
    each_pair(look_at_moves);
}

/* T-2, R-112: the ACK and the FIN of one segment both count. */
static void one_segment_leads_from_fin_wait_1_to_time_wait(void **state)
{
    (void)state;
    const struct outcome outcome = met(PROFILE_LINUX, AT_FIN_WAIT_1, "FIN, ACK of all sent");
    assert_int_equal(outcome.state, TCP_TIME_WAIT);
    assert_int_equal(outcome.move_count, 2);
    assert_int_equal(outcome.sent_count, 1);
    assert_true(outcome.told_eof);
}

/* FACTS 14; the rows of RULES part 3 that differ. */
static void profiles_differ_where_their_systems_do(void **state)
{
    (void)state;
    assert_int_equal(met(PROFILE_LINUX, AT_CLOSE_WAIT, "RST").told_error, TCP_OK); /* the end-of-file came first */
    assert_int_equal(met(PROFILE_LINUX, AT_CLOSE_WAIT, "RST, one below RCV.NXT").state, TCP_CLOSED);
    assert_int_equal(met(PROFILE_FREEBSD, AT_CLOSE_WAIT, "RST, one below RCV.NXT").state, TCP_CLOSE_WAIT);
    assert_int_equal(met(PROFILE_LINUX, AT_TIME_WAIT, "RST").state, TCP_CLOSED);
    assert_int_equal(met(PROFILE_FREEBSD, AT_TIME_WAIT, "RST").state, TCP_TIME_WAIT);
    assert_int_equal(met(PROFILE_FREEBSD, AT_TIME_WAIT, "SYN, a lower number").sent_count, 0);
    assert_int_equal(met(PROFILE_LINUX, AT_TIME_WAIT, "SYN, a lower number").sent_count, 1);
    assert_int_equal(met(PROFILE_FREEBSD, AT_ESTABLISHED, "close(), data unread").state, TCP_FIN_WAIT_1); /* B-01 */
    assert_int_equal(met(PROFILE_LINUX, AT_ESTABLISHED, "close(), data unread").state, TCP_CLOSED); /* L-01 */
    assert_int_equal(met(PROFILE_RFC9293, AT_SYN_RECEIVED, "SYN, in the window").state, TCP_LISTEN); /* */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge_of_figure_5_is_found_but_the_one_that_sockets_have_not),
        cmocka_unit_test(no_state_answers_a_reset_with_a_reset),
        cmocka_unit_test(moves_join_without_a_gap),
        cmocka_unit_test(one_segment_leads_from_fin_wait_1_to_time_wait),
        cmocka_unit_test(profiles_differ_where_their_systems_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
