/* SPDX-License-Identifier: MIT */
/* `inject A -> B SEGMENT seq EXPRESSION ...`: a forged segment. */
#include "scenario/internal.h"

#include <string.h>

static const char *const sum_form = "a number is a sum of rcv.nxt rcv.wnd irs snd.una snd.nxt iss and numbers: rcv.nxt+rcv.wnd-1";

/* One term of a sum, with its sign. */
static bool term_read(struct reader *r, const struct word *term, bool minus, struct inject_number *out)
{
    int base = word_index(term, base_words);
    if (base >= 0) {
        uint32_t bit = UINT32_C(1) << base,
                 *mask = minus ? &out->minus : &out->plus; /* base_words stand in the order of enum inject_base */
        if ((*mask & bit) != 0)
            return report(r, term->place, NULL, "%.*s stands twice in this sum", SHOWN(term)), false;
        *mask |= bit;
        return true;
    }
    if (term->kind == TOKEN_WORD && term->length > 0 && term->text[0] >= '0' && term->text[0] <= '9') {
        struct value value;
        if (!value_count(r, term, "a number", 0, UINT32_MAX, &value))
            return false;
        out->constant += minus ? -value.low : value.low;
        if (value.let != NULL) {
            if (minus)
                return report(r, term->place, "write the sum with a +", "a drawn number cannot be taken away"), false;
            store_add(r, &out->constant, 8, &value, out->constant - value.low, false);
        }
        return true;
    }
    if (term->kind == TOKEN_END)
        return report(r, term->place, sum_form, "a number is missing"), false;
    return not_a(r, term, "a number", near_of(r, term, base_words, sum_form));
}

static bool sum_taken(struct reader *r, struct inject_number *out)
{
    struct word word = r->word;
    if (word.kind != TOKEN_WORD)
        return expected(r, "a number", sum_form);
    bool minus = false, drawn = false;
    uint32_t from = 0;
    out->given = true;
    if (word.text[0] == '-' || word.text[0] == '+') {
        minus = word.text[0] == '-';
        from = 1;
    }
    for (;;) {
        uint32_t end = from;
        while (end < word.length && word.text[end] != '+' && word.text[end] != '-')
            end++;
        struct word term = word_part(r, &word, from, end - from);
        drawn = drawn || (term.let != NULL && term.let->range);
        if (drawn && !(from == 0 && end == word.length))
            return report(r, term.place, "give the let a value of its own", "a number that is drawn stands alone"), false;
        if (!term_read(r, &term, minus, out))
            return false;
        if (end >= word.length)
            break;
        minus = word.text[end] == '-';
        from = end + 1;
    }
    cursor_next(r);
    return true;
}

static bool tsval_read(struct reader *r, struct story_statement *s)
{
    int which = word_index(&r->word, tsval_words);
    if (which < 0)
        return expected(r, "now, old or none", near_of(r, &r->word, tsval_words, NULL));
    s->tsval = which == 0 ? TSVAL_NOW : which == 1 ? TSVAL_OLD : TSVAL_NONE;
    cursor_next(r);
    return true;
}

bool inject_read(struct reader *r, struct story_statement *s)
{
    static const char *const form = "behind the segment may stand seq, ack, len, win and tsval: `seq rcv.nxt+100 tsval old`";
    struct inject_number *const numbers[] = {&s->seq, &s->ack, &s->len, &s->wnd};
    if (!path_taken(r, &s->from, &s->to, NULL, PATH_HOSTS))
        return false;
    if (!of_taken(r, &s->segment.of) || !segment_taken(r, &s->segment.classes, true))
        return false;
    s->segment.from = s->from;
    s->segment.to = s->to;
    s->segment.ordinals = (struct ordinals){1, 1};
    unsigned given = 0;
    while (!cursor_at_end(r)) {
        struct word word = r->word;
        int which = word_index(&word, inject_words);
        if (which < 0)
            return cursor_end(r, near_of(r, &word, inject_words, form));
        if ((given >> which & 1) != 0 || (which == 5 && s->segment.of != STORY_NONE))
            return report(r, word.place, NULL, "%.*s is given twice", SHOWN(&word)), false;
        given |= 1u << which;
        if (which == 5) {
            if (!of_taken(r, &s->segment.of))
                return false;
            continue;
        }
        cursor_next(r);
        if (!(which == 4 ? tsval_read(r, s) : sum_taken(r, numbers[which])))
            return false;
    }
    if ((s->segment.classes & CLASS_DATA) != 0 && s->len.given && s->len.plus == 0 && s->len.minus == 0 && s->len.constant == 0)
        return report(r, s->place, "write `len 100`, or another segment", "data without a byte"), false;
    return true;
}
