/* SPDX-License-Identifier: MIT */
#include "states/page.h"

#include <string.h>

#include "base/duration.h"

/* ---- one outcome in words ---- */

static void flags_text(struct text *out, uint8_t flags)
{
    static const struct {
        uint8_t flag;
        const char *name;
    } names[] = {{TCP_SYN, "SYN "}, {TCP_FIN, "FIN "}, {TCP_RST, "RST "}, {TCP_ACK, "ACK "}};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (flags & names[i].flag)
            text_puts(out, names[i].name);
    }
}

static void segment_text(struct text *out, const struct segment *seg)
{
    if (seg->len > 0)
        text_printf(out, "%sdata %d:%d ", seg->flags & TCP_FIN ? "FIN " : "", (int32_t)seg->seq, (int32_t)(seg->seq + seg->len));
    else
        flags_text(out, seg->flags);
    if (seg->len == 0)
        text_printf(out, "seq %d ", (int32_t)seg->seq);
    if (seg->flags & TCP_ACK)
        text_printf(out, "ack %d ", (int32_t)seg->ack);
    out->length--;
}

static void sent_text(struct text *out, const struct outcome *outcome)
{
    if (outcome->sent_count == 0)
        return;
    if (outcome->sent_count > 1)
        text_printf(out, "%u x ", outcome->sent_count);
    segment_text(out, &outcome->sent[0]);
}

static void moves_text(struct text *out, const struct outcome *outcome)
{
    for (unsigned i = 0; i < outcome->move_count; i++)
        text_printf(out, "%s-> %s", i > 0 ? " " : "", tcp_state_name((enum tcp_state)outcome->moves[i].to));
}

static void told_text(struct text *out, const struct outcome *outcome)
{
    if (outcome->call && outcome->waits)
        text_puts(out, "(waits)");
    else if (outcome->call && outcome->error != TCP_OK)
        text_printf(out, "= %s", tcp_errno_name(outcome->error));
    else if (outcome->call)
        text_printf(out, "= %u%s", outcome->value, outcome->eof ? ", end-of-file" : "");
    if (outcome->connected)
        text_puts(out, "connected");
    const char *between = outcome->connected ? ", " : "";
    if (outcome->told_bytes > 0) {
        text_printf(out, "%s%u bytes", between, outcome->told_bytes);
        between = ", ";
    }
    if (outcome->told_eof)
        text_printf(out, "%send-of-file", between);
    else if (outcome->told_error != TCP_OK)
        text_printf(out, "%s%s", between, tcp_errno_name(outcome->told_error));
}

/* What happens, with the time it takes. */
static void event_text(struct text *out, unsigned event, const struct outcome *outcome)
{
    const struct event_about *about = event_about(event);
    text_puts(out, about->any_timer ? tcp_timer_name(outcome->timer) : about->name);
    if (about->group != EVENTS_TIME)
        return;
    text_puts(out, ": ");
    const int64_t ns =
        outcome->after_ns > 10 * NS_PER_S ? outcome->after_ns / NS_PER_S * NS_PER_S : outcome->after_ns / NS_PER_MS * NS_PER_MS;
    text_duration(out, ns);
}

static bool without_effect(const struct outcome *outcome)
{
    return !outcome->call && outcome->move_count == 0 && outcome->sent_count == 0 && !outcome->connected && outcome->told_bytes == 0 &&
           !outcome->told_eof && outcome->told_error == TCP_OK;
}

/* ---- the table ---- */

#define EVENT_WIDTH 32u
#define MOVE_WIDTH 31u
#define SENT_WIDTH 29u

static void column(struct text *out, size_t from, unsigned width)
{
    const size_t used = out->length - from;
    text_repeat(out, " ", used < width ? width - (unsigned)used : 1);
}

static void trim_line(struct text *out)
{
    while (out->length > 0 && out->bytes[out->length - 1] == ' ')
        out->length--;
    text_putc(out, '\n');
}

/* Without the event's name, so that two situations can be compared. */
static void effect_text(struct text *out, const struct outcome *outcome)
{
    size_t from = out->length;
    moves_text(out, outcome);
    column(out, from, MOVE_WIDTH);
    from = out->length;
    sent_text(out, outcome);
    column(out, from, SENT_WIDTH);
    told_text(out, outcome);
}

static void line(struct text *out, unsigned event, const struct outcome *outcome)
{
    const size_t from = out->length;
    text_puts(out, "  ");
    event_text(out, event, outcome);
    column(out, from, EVENT_WIDTH + 2);
    effect_text(out, outcome);
    trim_line(out);
}

static bool same_effect(const struct outcome *one, const struct outcome *other)
{
    struct text a = {0}, b = {0};
    effect_text(&a, one);
    effect_text(&b, other);
    text_i64(&a, one->after_ns);
    text_i64(&b, other->after_ns);
    const bool same = one->possible == other->possible && strcmp(a.bytes, b.bytes) == 0;
    text_free(&a);
    text_free(&b);
    return same;
}

/* "  no effect:  RST, outside the window; …", wrapped. */
static void ignored(struct text *out, const char *const *names, unsigned count)
{
    unsigned used = 0;
    for (unsigned i = 0; i < count; i++) {
        const unsigned length = (unsigned)strlen(names[i]) + 2;
        if (i == 0)
            text_puts(out, "  no effect:");
        if (used + length > 100) {
            text_puts(out, "\n            ");
            used = 0;
        }
        used += length;
        text_printf(out, " %s%s", names[i], i + 1 < count ? ";" : "\n");
    }
}

/* `base`: another situation of the same state, already shown: only what is otherwise is shown here. */
static void situation_lines(struct text *out, enum profile_id profile, enum situation at, enum situation base)
{
    const char *names[64];
    unsigned count = 0;
    for (unsigned event = 0; event < events_count(); event++) {
        struct outcome outcome, there;
        table_play(profile, at, event, &outcome);
        if (!outcome.possible)
            continue;
        if (base != at) {
            table_play(profile, base, event, &there);
            if (same_effect(&outcome, &there))
                continue;
        }
        if (without_effect(&outcome))
            names[count++] = event_about(event)->name;
        else
            line(out, event, &outcome);
    }
    ignored(out, names, count);
}

void page_table(struct text *out, enum profile_id profile)
{
    enum situation base = AT_CLOSED;
    text_printf(out, "States and events, profile %s. Numbers are relative: the SYN is 0. Calls are those of the sockets interface.\n",
                profile_name(profile));
    for (unsigned i = 0; i < SITUATIONS; i++) {
        const enum situation at = (enum situation)i;
        const bool first = i == 0 || situation_state(at) != situation_state(base);
        if (first) {
            base = at;
            size_t from = out->length + 1;
            text_printf(out, "\n%s", tcp_state_name(situation_state(at)));
            if (situation_note(at) != NULL)
                text_printf(out, ", %s", situation_note(at));
            column(out, from, EVENT_WIDTH + 2);
            from = out->length;
            text_puts(out, "becomes");
            column(out, from, MOVE_WIDTH);
            from = out->length;
            text_puts(out, "sends");
            column(out, from, SENT_WIDTH);
            text_puts(out, "its program is told\n");
        } else {
            text_printf(out, " %s, %s: what is otherwise\n", tcp_state_name(situation_state(at)), situation_note(at));
        }
        situation_lines(out, profile, at, base);
    }
}

/* ---- the matrix ---- */

static const char *const short_names[TCP_STATES] = {
    [TCP_CLOSED] = "CLOSED",     [TCP_LISTEN] = "LISTEN",    [TCP_SYN_SENT] = "SYNSENT", [TCP_SYN_RECEIVED] = "SYNRCVD",
    [TCP_ESTABLISHED] = "ESTAB", [TCP_FIN_WAIT_1] = "FINW1", [TCP_FIN_WAIT_2] = "FINW2", [TCP_CLOSE_WAIT] = "CLOSEW",
    [TCP_CLOSING] = "CLOSING",   [TCP_LAST_ACK] = "LASTACK", [TCP_TIME_WAIT] = "TIMEW",
};
#define CELL 9u

/* "+" an ACK, "!" a RST, "*" something else was sent. */
static const char *sent_mark(const struct outcome *outcome)
{
    if (outcome->sent_count == 0)
        return "";
    const uint8_t flags = outcome->sent[0].flags;
    if (flags & TCP_RST)
        return "!";
    return (flags & (TCP_SYN | TCP_FIN)) == 0 && outcome->sent[0].len == 0 ? "+" : "*";
}

static void cell(struct text *out, enum profile_id profile, enum situation at, unsigned event)
{
    struct outcome outcome;
    const size_t from = out->length;
    table_play(profile, at, event, &outcome);
    if (outcome.possible)
        text_printf(out, "%s%s",
                    outcome.move_count > 0     ? short_names[outcome.state]
                    : without_effect(&outcome) ? "."
                                               : "=",
                    sent_mark(&outcome));
    column(out, from, CELL);
}

void page_matrix(struct text *out, enum profile_id profile)
{
    static const enum situation shown[] = {AT_CLOSED,     AT_LISTEN,     AT_SYN_SENT, AT_SYN_RECEIVED, AT_ESTABLISHED, AT_FIN_WAIT_1,
                                           AT_FIN_WAIT_2, AT_CLOSE_WAIT, AT_CLOSING,  AT_LAST_ACK,     AT_TIME_WAIT};
    text_printf(out,
                "States and events, profile %s: the state afterwards; = it stays; . no effect; empty: cannot be.\n"
                "Sent: + an ACK, ! a RST, * something else. SYN_RECEIVED is from LISTEN; a program holds the socket.\n\n",
                profile_name(profile));
    text_repeat(out, " ", EVENT_WIDTH - 4);
    for (unsigned i = 0; i < TCP_STATES; i++)
        text_printf(out, "%-*s", (int)CELL, short_names[situation_state(shown[i])]);
    trim_line(out);
    for (unsigned event = 0; event < events_count(); event++) {
        const size_t from = out->length;
        text_puts(out, event_about(event)->name);
        column(out, from, EVENT_WIDTH - 4);
        for (unsigned i = 0; i < TCP_STATES; i++)
            cell(out, profile, shown[i], event);
        trim_line(out);
    }
}
