/* SPDX-License-Identifier: MIT */
/* *Bound* (LANGUAGE, "Invariants"): how long an end may last, from its host's profile and the options that the story sets. Where a
 * stack counts retries, each may take the largest RTO; so a bound is never shorter than what a correct stack needs. */
#include <stdlib.h>

#include "base/duration.h"
#include "judge/invariants.h"

#define LINUX_RTO_MIN (200 * NS_PER_MS) /* FACTS 3: the model counts with 200 ms, whatever the real RTO is */
#define LINUX_ORPHAN_RETRIES 8 /* FACTS 3: 0 means 8 */
#define CHALLENGE_WINDOW (5 * NS_PER_S) /* RFC 5961 section 7 */

/* The largest values that any socket of the story sets: accepted sockets inherit, so the host does not matter. */
struct options {
    int64_t user_timeout, linger2, keepalive;
    bool user_timeout_off;
};

static int64_t times(int64_t count, int64_t ns)
{
    int64_t product;
    if (ns == TIME_NEVER || __builtin_mul_overflow(count < 0 ? 0 : count, ns, &product))
        return TIME_NEVER;
    return product;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t if_finite(int64_t ns)
{
    return ns == TIME_NEVER ? 0 : ns;
}

static struct options options_of(const struct story *story)
{
    struct options found = {0};
    for (uint32_t i = 0; i < story->step_count; i++) {
        const struct story_step *step = &story->steps[i];
        if (step->call != CALL_SET)
            continue;
        if (step->option == OPTION_USER_TIMEOUT) {
            found.user_timeout = larger(found.user_timeout, step->b);
            found.user_timeout_off |= step->b == 0;
        } else if (step->option == OPTION_LINGER2) {
            found.linger2 = larger(found.linger2, step->b);
        } else if (step->option == OPTION_KEEPALIVE && step->a != 0) {
            found.keepalive = larger(found.keepalive, time_add(step->b, times(step->d + 1, step->c)));
        }
    }
    return found;
}

/* The sum of `retries` + 1 timeouts that double from the initial one up to the largest. */
static int64_t backed_off(const struct tcp_profile *p, int64_t retries)
{
    int64_t sum = 0, rto = p->rto_initial, left = retries + 1;
    for (; left > 0 && rto > 0 && rto < p->rto_max / 2; left--, rto *= 2)
        sum = time_add(sum, rto);
    return time_add(sum, times(left, p->rto_max));
}

static int64_t give_up(const struct tcp_profile *p, const struct options *options, int64_t retries)
{
    if (p->give_up_by_time) { /* L-15 */
        int64_t model = retries <= 9 ? ((INT64_C(2) << larger(retries, 0)) - 1) * larger(p->rto_min, LINUX_RTO_MIN)
                                     : time_add(1023 * larger(p->rto_min, LINUX_RTO_MIN), times(retries - 9, p->rto_max));
        return larger(model, larger(if_finite(p->user_timeout), options->user_timeout));
    }
    int64_t counted = times(retries + 1, p->rto_max); /* */
    int64_t timed = options->user_timeout_off       ? TIME_NEVER
                    : p->user_timeout == TIME_NEVER ? TIME_NEVER
                                                    : larger(p->user_timeout, options->user_timeout);
    return counted < timed ? counted : timed;
}

static int64_t orphan_retries(const struct tcp_profile *p)
{
    return p->orphan_retries == 0 && p->give_up_by_time ? LINUX_ORPHAN_RETRIES : p->orphan_retries;
}

/* A timer wheel is late by up to an eighth of the timer (FACTS 1). */
static int64_t with_coarseness(const struct tcp_profile *p, int64_t ns)
{
    if (ns == TIME_NEVER || p->hz == 0)
        return ns;
    return time_add(ns, ns / 7 + 2 * (NS_PER_S / p->hz));
}

static void limits_of(struct host_limits *host, const struct tcp_profile *p, const struct options *options)
{
    const int64_t fin_wait_2 = p->fin_timeout == TIME_NEVER ? TIME_NEVER : larger(p->fin_timeout, options->linger2);
    *host = (struct host_limits){.profile = p};
    host->answer_ns = time_add(with_coarseness(p, larger(p->delack, p->delack_max)), p->jiffy);
    host->quiet_ns = larger(p->invalid_ratelimit, p->challenge_ack_limit > 0 ? CHALLENGE_WINDOW : 0);
    host->orphan_ns = with_coarseness(p, time_add(give_up(p, options, orphan_retries(p)), p->rto_max));
    host->held_ns = with_coarseness(p, time_add(give_up(p, options, p->retries2), p->rto_max));
    host->embryo_ns = larger(times(p->syn_linear_timeouts, p->rto_initial), 0);
    host->embryo_ns = time_add(host->embryo_ns, larger(backed_off(p, p->syn_retries), backed_off(p, p->synack_retries)));
    host->embryo_ns = with_coarseness(p, time_add(host->embryo_ns, p->rto_max));
    host->probes_ns = with_coarseness(p, times(orphan_retries(p) + 1, p->rto_max));
    host->fin_wait_2_ns = with_coarseness(p, fin_wait_2);
    host->time_wait_ns = with_coarseness(p, p->time_wait);
    host->keepalive_ns = larger(options->keepalive, time_add(p->keepalive_time, times(p->keepalive_probes + 1, p->keepalive_intvl)));
    host->keepalive_ns = with_coarseness(p, host->keepalive_ns);
    host->rest_ns = larger(larger(host->orphan_ns, host->held_ns), larger(host->embryo_ns, host->probes_ns));
    host->rest_ns = time_add(time_add(host->rest_ns, p->rto_max), time_add(if_finite(host->fin_wait_2_ns), if_finite(host->time_wait_ns)));
}

void limits_learn(struct invariants *all)
{
    const struct story *story = all->story;
    const struct options options = options_of(story);
    if (story->node_count > all->host_capacity) {
        struct host_limits *grown = realloc(all->hosts, story->node_count * sizeof *grown);
        if (grown == NULL) {
            all->failed = true;
            return;
        }
        all->hosts = grown;
        all->host_capacity = story->node_count;
    }
    all->host_count = story->node_count;
    all->rest_least_ns = all->bound_least_ns = TIME_NEVER;
    for (uint32_t i = 0; i < all->host_count; i++) {
        struct host_limits *host = &all->hosts[i];
        limits_of(host, &story->nodes[i].profile, &options);
        all->rest_least_ns = smaller(all->rest_least_ns, host->rest_ns);
        all->bound_least_ns = smaller(all->bound_least_ns, smaller(host->embryo_ns, host->orphan_ns));
    }
    all->corks = false;
    for (uint32_t i = 0; i < story->step_count; i++)
        all->corks |= story->steps[i].call == CALL_SET && story->steps[i].option == OPTION_CORK;
}

/* For an end as it is now. RULES P-6: where FIN_WAIT_2 has no limit, an end that is in it has none; one that is still on its way
 * there must have been acknowledged, and then it is not silent. */
int64_t limits_bound(const struct host_limits *host, const struct end_record *end)
{
    int64_t bound = end->state == TCP_SYN_SENT || end->state == TCP_SYN_RECEIVED ? host->embryo_ns : host->orphan_ns;
    if (end->window_seen == 0)
        bound = time_add(bound, host->probes_ns);
    if (end->state == TCP_FIN_WAIT_2 || host->fin_wait_2_ns != TIME_NEVER)
        bound = time_add(bound, host->fin_wait_2_ns);
    if (end->state == TCP_TIME_WAIT || host->time_wait_ns != TIME_NEVER)
        bound = time_add(bound, host->time_wait_ns);
    return bound;
}
