/* SPDX-License-Identifier: MIT */
#include "app/moment.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "tcp/state.h"

#define DIGITS "0123456789"

/* ---- a time as it is written ---- */

static int64_t scaled_down(int64_t unit_ns, size_t decimals)
{
    for (; decimals > 0 && unit_ns > 1; decimals--)
        unit_ns /= 10;
    return unit_ns < NS_PER_MS ? unit_ns : NS_PER_MS; /* no view shows less than milliseconds */
}

static bool number_parse(const char *word, struct moment *moment)
{
    char text[64], unit[64];
    const size_t whole = strspn(word, DIGITS), decimals = word[whole] == '.' ? strspn(word + whole + 1, DIGITS) : 0;
    const size_t number = whole + (word[whole] == '.' ? decimals + 1 : 0);
    const char *name = word + number + strspn(word + number, " ");
    int64_t unit_ns;
    if (*name == '\0')
        name = "s";
    if (snprintf(text, sizeof text, "%.*s%s", (int)number, word, name) >= (int)sizeof text)
        return false;
    snprintf(unit, sizeof unit, "1%s", name);
    if (!duration_parse(text, &moment->from_ns) || !duration_parse(unit, &unit_ns))
        return false;
    moment->to_ns = time_add(moment->from_ns, scaled_down(unit_ns, decimals));
    return true;
}

/* Two digits below `below`. */
static bool two_parse(const char *word, int below, int *value)
{
    if (strspn(word, DIGITS) < 2)
        return false;
    *value = (word[0] - '0') * 10 + word[1] - '0';
    return *value < below;
}

static bool clock_parse(const char *word, int64_t clock_ns, struct moment *moment)
{
    const int64_t day_ns = 24 * 3600 * NS_PER_S;
    int hours, minutes, seconds;
    struct moment part = {.to_ns = NS_PER_MS};
    if (strlen(word) < 8 || word[2] != ':' || word[5] != ':' || !two_parse(word, 24, &hours) || !two_parse(word + 3, 60, &minutes) ||
        !two_parse(word + 6, 60, &seconds))
        return false;
    if (word[8] != '\0') {
        char fraction[64];
        if (word[8] != '.' || word[9] == '\0' || word[9 + strspn(word + 9, DIGITS)] != '\0' ||
            snprintf(fraction, sizeof fraction, "0%s", word + 8) >= (int)sizeof fraction || !number_parse(fraction, &part))
            return false;
    }
    int64_t ns = ((int64_t)hours * 3600 + minutes * 60 + seconds) * NS_PER_S + part.from_ns - clock_ns % day_ns;
    moment->from_ns = ns < 0 ? ns + day_ns : ns;
    moment->to_ns = moment->from_ns + (part.to_ns - part.from_ns);
    return true;
}

bool moment_parse(const char *word, int64_t clock_ns, struct moment *moment)
{
    return strchr(word, ':') != NULL ? clock_ns >= 0 && clock_parse(word, clock_ns, moment) : number_parse(word, moment);
}

/* ---- what is meant by it ---- */

enum rank { RANK_NONE, RANK_PLAIN, RANK_LOSS, RANK_OUTCOME };

/* What a reader would rather ask about. */
static enum rank rank_of(const struct trace_event *event)
{
    switch ((enum trace_kind)event->kind) {
    case TRACE_STATE:
        return RANK_OUTCOME;
    case TRACE_RETURN:
        return event->call.error != TCP_OK ? RANK_OUTCOME : RANK_PLAIN;
    case TRACE_DROP:
        return RANK_LOSS;
    case TRACE_TIMER:
        return event->what == TIMER_FIRED ? RANK_PLAIN : RANK_NONE;
    case TRACE_SEND:
    case TRACE_RECV:
    case TRACE_DUP:
    case TRACE_INJECT:
    case TRACE_CALL:
    case TRACE_FAULT:
    case TRACE_FLOW:
        return RANK_PLAIN;
    case TRACE_NOTE:
    case TRACE_NAME:
        return RANK_NONE;
    }
    return RANK_NONE;
}

static bool is_of(const struct trace_event *event, const struct moment *moment, uint16_t host, uint32_t conn)
{
    return event->time_ns >= moment->from_ns && event->time_ns < moment->to_ns && (host == UINT16_MAX || event->host == host) &&
           (conn == 0 || event->conn == conn);
}

uint32_t moment_event(const struct trace *trace, const struct moment *moment, uint16_t host, uint32_t conn)
{
    uint32_t best = 0;
    enum rank rank = RANK_NONE;
    for (uint32_t n = 1; n <= trace->count && trace->events[n - 1].time_ns < moment->to_ns; n++) {
        const struct trace_event *event = &trace->events[n - 1];
        const enum rank its = rank_of(event);
        if (best != 0 && event->time_ns != trace->events[best - 1].time_ns)
            break;
        if (its == RANK_NONE || its < rank || !is_of(event, moment, host, conn))
            continue;
        best = n;
        rank = its;
    }
    return best;
}

uint32_t moment_other(const struct trace *trace, const struct moment *moment, uint16_t host, uint32_t conn, uint32_t chosen, uint32_t after)
{
    for (uint32_t n = after + 1; n <= trace->count && trace->events[n - 1].time_ns < moment->to_ns; n++) {
        const struct trace_event *event = &trace->events[n - 1];
        if (n != chosen && is_of(event, moment, host, conn) && rank_of(event) >= rank_of(&trace->events[chosen - 1]))
            return n;
    }
    return 0;
}
