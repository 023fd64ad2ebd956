/* SPDX-License-Identifier: MIT */
/* Expectations about what was sent: wire, sends ... times, at, after, never. Injected segments and the network's copies were not
 * sent by a host. */
#include <inttypes.h>
#include <stdio.h>

#include "judge/internal.h"

static bool within_ordinals(const struct segment_match *match, uint32_t ordinal)
{
    return !match->ordinals_given || (ordinal >= match->ordinals.first && ordinal <= match->ordinals.last);
}

/* ---- wire ---- */

/* The first segment from `from` on that is of the pattern; index.send_count if none. */
static uint32_t next_match(const struct judge_index *index, const struct segment_match *match, uint32_t from)
{
    uint32_t ordinal = 0;
    for (uint32_t i = match->ordinals_given ? 0 : from; i < index->send_count; i++)
        if (index_matches(index, match, index_send(index, i)) && within_ordinals(match, ++ordinal) && i >= from)
            return i;
    return index->send_count;
}

static struct words sent_words(const struct judge *judge, const struct segment_match *match)
{
    struct segment_match all = *match;
    uint64_t count = 0;
    int64_t last = -1;
    all.ordinals_given = false;
    for (uint32_t i = 0; i < judge->index.send_count; i++) {
        const struct trace_event *send = index_send(&judge->index, i);
        if (!index_matches(&judge->index, &all, send))
            continue;
        count++;
        last = send->time_ns;
    }
    struct words words = {""};
    if (count == 0)
        words_add(&words, "none was sent");
    else
        words_add(&words, "%" PRIu64 " %s sent, the last at %s", count, count == 1 ? "was" : "were", words_time(last).s);
    return words;
}

enum outcome expect_wire(struct judge *judge, const struct story_expect *expect)
{
    const struct judge_index *index = &judge->index;
    uint32_t from = 0;
    for (uint32_t m = 0; m < expect->matches; m++) {
        const struct segment_match *match = &judge->story->matches[expect->first_match + m];
        const uint32_t found = next_match(index, match, from);
        if (found < index->send_count) {
            from = found + 1;
            continue;
        }
        if (judge->cut)
            return OUTCOME_UNDECIDED;
        struct help help = {"", 0};
        if (m > 0) {
            const struct trace_event *before = index_send(index, from - 1);
            help_line(&help, "the one before it is segment %" PRIu32 ", sent %s; after that none matches", before->segment.number,
                      words_time(before->time_ns).s);
        }
        help_line(&help, "in the whole run: %s", sent_words(judge, match).s);
        judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected on the wire, as number %" PRIu32 " of the list: %s", m + 1,
                   words_match(judge->story, match).s);
        return OUTCOME_FAILED;
    }
    return OUTCOME_HELD;
}

/* ---- sends ... times ---- */

enum outcome expect_sends(struct judge *judge, const struct story_expect *expect)
{
    const struct judge_index *index = &judge->index;
    const struct segment_match *match = &judge->story->matches[expect->first_match];
    uint64_t count = 0;
    char times[120] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < index->send_count; i++) {
        const struct trace_event *send = index_send(index, i);
        if (!index_matches(index, match, send))
            continue;
        count++;
        const int written = snprintf(times + length, sizeof times - length, "%s%s", count == 1 ? "" : ", ", words_time(send->time_ns).s);
        if (written > 0 && length + (size_t)written < sizeof times)
            length += (size_t)written;
        else
            times[length] = '\0';
    }
    if (count > expect->high || (count < expect->low && !judge->cut)) {
        struct help help = {"", 0};
        if (count == 0)
            help_line(&help, "it sent none");
        else
            help_line(&help, "it did so %s: at %s", words_times(count).s, times);
        const char *const who = words_host(judge->story, match->from != STORY_NONE ? match->from : expect->host);
        if (expect->low == expect->high)
            judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected %s to send %s %s", who, words_classes(match->classes).s,
                       words_times(expect->low).s);
        else
            judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected %s to send %s %" PRIu64 "..%" PRIu64 " times", who,
                       words_classes(match->classes).s, expect->low, expect->high);
        return OUTCOME_FAILED;
    }
    return judge->cut ? OUTCOME_UNDECIDED : OUTCOME_HELD;
}

/* ---- 1st FIN client -> server at T; 2nd FIN client -> server D after 1st ---- */

/* The `ordinal`-th of the run, NULL if there were not so many. */
static const struct trace_event *nth(const struct judge_index *index, const struct segment_match *match, uint32_t ordinal)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < index->send_count; i++)
        if (index_matches(index, match, index_send(index, i)) && ++count == ordinal)
            return index_send(index, i);
    return NULL;
}

static uint32_t first_ordinal(const struct segment_match *match)
{
    return match->ordinals_given && match->ordinals.first > 0 ? match->ordinals.first : 1;
}

static enum outcome not_sent(struct judge *judge, const struct story_expect *expect, const struct segment_match *match)
{
    if (judge->cut)
        return OUTCOME_UNDECIDED;
    struct help help = {"", 0};
    help_line(&help, "%s", sent_words(judge, match).s);
    judge_fail(judge, expect->place, &help, true, TIME_NEVER, "expected a %s", words_match(judge->story, match).s);
    return OUTCOME_FAILED;
}

enum outcome expect_segment_time(struct judge *judge, const struct story_expect *expect)
{
    const struct judge_index *index = &judge->index;
    const struct segment_match *match = &judge->story->matches[expect->first_match];
    const struct trace_event *base = NULL;
    if (expect->kind == EXPECT_SEGMENT_AFTER) {
        const struct segment_match *after = &judge->story->matches[expect->first_match + 1];
        base = nth(index, after, first_ordinal(after));
        if (base == NULL)
            return not_sent(judge, expect, after);
    }
    const int64_t low = expect->low_ns - expect->tolerance_ns, high = time_add(expect->high_ns, expect->tolerance_ns);
    const uint32_t first = first_ordinal(match), last = match->ordinals_given ? match->ordinals.last : first;
    for (uint32_t ordinal = first; ordinal <= last; ordinal++) {
        const struct trace_event *send = nth(index, match, ordinal);
        if (send == NULL && last == ORDINAL_LAST && ordinal > first)
            break; /* `every`: those that there were */
        if (send == NULL)
            return not_sent(judge, expect, match);
        const int64_t time = send->time_ns - (base == NULL ? 0 : base->time_ns);
        if (time >= low && time <= high)
            continue;
        struct help help = {"", 0};
        help_line(&help, "segment %" PRIu32 ", the %s, was sent at %s%s%s", send->segment.number, words_ordinal(ordinal).s,
                  words_time(send->time_ns).s, base == NULL ? "" : ", after ", base == NULL ? "" : words_duration(time).s);
        const bool exact = expect->low_ns == expect->high_ns;
        judge_fail(judge, expect->place, &help, true, send->time_ns, "expected %s %s%s%s%s", words_match(judge->story, match).s,
                   base == NULL ? "at " : "", base == NULL ? words_time(expect->low_ns).s : words_duration(expect->low_ns).s,
                   exact ? "" : "..", exact ? base == NULL ? "" : " after the other" : words_duration(expect->high_ns).s);
        return OUTCOME_FAILED;
    }
    return OUTCOME_HELD;
}

/* ---- never SEGMENT ---- */

/* Could this host have sent anything to that one? Only if a program of one of them connects to the other. */
static bool could_send(const struct judge *judge, unsigned from, unsigned to)
{
    const struct story *story = judge->story;
    for (uint32_t p = 0; p < story->program_count; p++) {
        for (uint32_t s = story->programs[p].first_step; s < story->programs[p].first_step + story->programs[p].steps; s++) {
            const struct story_step *step = &story->steps[s];
            if (step->call != CALL_CONNECT)
                continue;
            const unsigned host = story->programs[p].host;
            if ((host == from && (to == STORY_NONE || step->host == to)) || (step->host == from && (to == STORY_NONE || host == to)) ||
                (from == STORY_NONE && (to == STORY_NONE || step->host == to || host == to)))
                return true;
        }
    }
    return false;
}

enum outcome expect_never_segment(struct judge *judge, const struct story_expect *expect)
{
    const struct judge_index *index = &judge->index;
    const struct segment_match *match = &judge->story->matches[expect->first_match];
    bool named = match->of == STORY_NONE;
    for (uint32_t conn = 1; conn <= index->conns && !named; conn++)
        named = index->conn[conn].name == match->of;
    for (uint32_t i = 0; i < index->send_count; i++) {
        const struct trace_event *send = index_send(index, i);
        if (!index_matches(index, match, send))
            continue;
        struct help help = {"", 0};
        help_line(&help, "segment %" PRIu32 " is one: sent at %s, from %s to %s", send->segment.number, words_time(send->time_ns).s,
                  words_host(judge->story, send->host), words_host(judge->story, send->peer));
        judge_fail(judge, expect->place, &help, true, send->time_ns, "expected never %s", words_match(judge->story, match).s);
        return OUTCOME_FAILED;
    }
    if (judge->cut)
        return OUTCOME_UNDECIDED;
    if (named && could_send(judge, match->from, match->to))
        return OUTCOME_HELD;
    judge_fail(judge, expect->place, NULL, false, TIME_NEVER, "nobody could have sent %s: there was no such connection",
               words_match(judge->story, match).s);
    return OUTCOME_FAILED;
}
