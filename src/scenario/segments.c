/* SPDX-License-Identifier: MIT */
/* Segment names and ordinals: `2nd..4th FIN+data`. */
#include <stdio.h>
#include <string.h>

#include "scenario/internal.h"

static const struct {
    const char *name;
    uint32_t class;
    bool forged; /* can be injected */
} segment_words[] = {
    {"SYN", CLASS_SYN, true}, {"FIN", CLASS_FIN, true},      {"RST", CLASS_RST, true},  {"data", CLASS_DATA, true},
    {"ACK", CLASS_ACK, true}, {"probe", CLASS_PROBE, false}, {"any", CLASS_ANY, false}, {"ACK(FIN)", CLASS_ACK_FIN, false},
};
#define SEGMENT_WORDS (sizeof segment_words / sizeof segment_words[0])

const char *segment_word(unsigned index)
{
    return index < SEGMENT_WORDS ? segment_words[index].name : NULL;
}

static bool class_of(const struct word *word, uint32_t *class, bool *forged)
{
    for (size_t i = 0; i < SEGMENT_WORDS; i++)
        if (word_is(word, segment_words[i].name)) {
            *class = segment_words[i].class;
            *forged = segment_words[i].forged;
            return true;
        }
    return false;
}

/* The word up to its first +, as a part. */
static struct word head_of(const struct word *word)
{
    struct word head = *word;
    head.length = word_find(word, "+");
    return head;
}

bool segment_looks(const struct reader *r, const struct word *word)
{
    (void)r;
    uint32_t class;
    bool forged;
    struct word head = head_of(word);
    return word->kind == TOKEN_WORD && class_of(&head, &class, &forged);
}

static const char *class_hint(struct reader *r, const struct word *word)
{
    static const char *const syn_ack[] = {"SYN-ACK", "SYNACK", "SYN_ACK", "SYN/ACK", "SYN|ACK", "synack", "syn-ack", NULL};
    static const char *const fin_ack[] = {"FIN-ACK", "FINACK", "FIN_ACK", "FIN/ACK", "FIN|ACK", "finack", "fin-ack", NULL};
    static const char *const ack_fin[] = {"ACK-FIN", "ACKFIN", "ACK_FIN", "ack(fin)", "FINACKED", "ACK(fin)", NULL};
    static const char *const payload[] = {"payload", "PSH", "PUSH", "segment", "packet", NULL};
    if (word_index(word, syn_ack) >= 0)
        return "SYN includes the SYN-ACK: write SYN server -> client";
    if (word_index(word, fin_ack) >= 0)
        return "write FIN, or FIN+ACK(FIN) for one that acknowledges the peer's FIN too";
    if (word_index(word, ack_fin) >= 0)
        return "write ACK(FIN)";
    if (word_index(word, payload) >= 0)
        return "write data, or any for every segment";
    if (word_is(word, "keepalive") || word_is(word, "keep-alive"))
        return "write probe";
    if (word_is(word, "and") || word_is(word, "to") || (word->length > 0 && word->text[0] >= '0' && word->text[0] <= '9'))
        return "several are a range: `drop 1st..2nd FIN client -> server`, or a line for each";
    struct near near;
    near_start(r, &near, word->text, word->length);
    for (size_t i = 0; i < SEGMENT_WORDS; i++)
        near_try(&near, segment_words[i].name);
    return near_hint(r, &near, "segments are SYN FIN RST data ACK probe any ACK(FIN), joined by +");
}

/* ACK means: no SYN, FIN, RST or payload. Joined with one of those it names what nobody can send. */
static bool possible(struct reader *r, const struct word *word, uint32_t classes)
{
    uint32_t others = classes & (CLASS_SYN | CLASS_FIN | CLASS_RST | CLASS_DATA);
    if ((classes & CLASS_ACK) == 0 || others == 0)
        return true;
    const char *help = (others & CLASS_SYN) != 0   ? "SYN includes the SYN-ACK: write SYN"
                       : (others & CLASS_FIN) != 0 ? "write FIN, or FIN+ACK(FIN) for one that acknowledges the peer's FIN too"
                       : (others & CLASS_RST) != 0 ? "write RST"
                                                   : "write data";
    report(r, word->place, help, "%.*s is no segment: ACK means one without SYN, FIN, RST and data", SHOWN(word));
    return false;
}

bool segment_taken(struct reader *r, uint32_t *classes, bool forged)
{
    struct word word = r->word;
    *classes = 0;
    if (word.kind != TOKEN_WORD)
        return expected(r, "a segment", "segments are SYN FIN RST data ACK probe any ACK(FIN), joined by +");
    for (uint32_t from = 0; from <= word.length;) {
        uint32_t end = from;
        while (end < word.length && word.text[end] != '+')
            end++;
        struct word part = word_part(r, &word, from, end - from);
        uint32_t class;
        bool can_be_forged;
        if (part.kind == TOKEN_END)
            return report(r, part.place, "a name stands on both sides of +", "a segment is missing"), false;
        if (!class_of(&part, &class, &can_be_forged))
            return not_a(r, &part, "a segment", part.kind == TOKEN_WORD ? class_hint(r, &part) : NULL);
        if (forged && !can_be_forged)
            return report(r, part.place, "write SYN, FIN, RST, data or ACK", "%.*s cannot be injected", SHOWN(&part)), false;
        *classes |= class;
        from = end + 1;
    }
    if (!possible(r, &word, *classes))
        return false;
    cursor_next(r);
    return true;
}

/* ---- ordinals ---- */

static const char *suffix_of(uint64_t n)
{
    if (n % 100 >= 11 && n % 100 <= 13)
        return "th";
    return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

/* One ordinal; `read` bytes of the part are its digits. */
static bool ordinal_of(struct reader *r, const struct word *part, uint32_t *out)
{
    uint64_t n = 0;
    uint32_t i = 0;
    for (; i < part->length && part->text[i] >= '0' && part->text[i] <= '9'; i++)
        n = n > UINT32_MAX ? n : n * 10 + (uint64_t)(part->text[i] - '0');
    if (i == 0)
        return not_a(r, part, "an ordinal", "ordinals are 1st 2nd 3rd 4th, 2nd..4th, every");
    if (n == 0)
        return report(r, part->place, "the first is 1st", "there is no %.*s", SHOWN(part)), false;
    if (n >= ORDINAL_LAST)
        return report(r, part->place, NULL, "%.*s is too large", SHOWN(part)), false;
    const char *suffix = suffix_of(n);
    if (part->length - i != 2 || memcmp(part->text + i, suffix, 2) != 0)
        return not_a(r, part, "an ordinal", hint(r, "did you mean %llu%s?", (unsigned long long)n, suffix));
    *out = (uint32_t)n;
    return true;
}

static bool range_meant(struct reader *r, const struct word *word)
{
    unsigned long a, b;
    char text[24] = "", tail[4];
    if (word->length < sizeof text)
        memcpy(text, word->text, word->length);
    int got = sscanf(text, "%5lu-%5lu%3s", &a, &b, tail);
    if (got < 2)
        got = sscanf(text, "%5lu%*2[a-z]-%5lu%3s", &a, &b, tail);
    if (got < 2)
        return false;
    not_a(r, word, "an ordinal", hint(r, "did you mean %lu%s..%lu%s?", a, suffix_of(a), b, suffix_of(b)));
    return true;
}

bool ordinals_taken(struct reader *r, struct ordinals *ordinals, bool *given)
{
    static const char *const spelled[] = {"first", "second", "third", "fourth", "fifth", NULL};
    const struct word word = r->word;
    *ordinals = (struct ordinals){1, 1};
    *given = false;
    if (word.kind != TOKEN_WORD)
        return true;
    if (cursor_take(r, "every")) {
        *given = true;
        ordinals->last = ORDINAL_LAST;
        return true;
    }
    int spelled_out = word_index(&word, spelled);
    if (spelled_out >= 0)
        return not_a(r, &word, "an ordinal", hint(r, "did you mean %d%s?", spelled_out + 1, suffix_of((uint64_t)spelled_out + 1)));
    if (word_is(&word, "all") || word_is(&word, "each"))
        return not_a(r, &word, "an ordinal", "did you mean every?");
    if (word.text[0] < '0' || word.text[0] > '9')
        return true;
    *given = true;
    uint32_t dots = word_find(&word, "..");
    if (dots == word.length && range_meant(r, &word))
        return false;
    struct word part = dots == word.length ? word : word_part(r, &word, 0, dots);
    if (!ordinal_of(r, &part, &ordinals->first))
        return false;
    ordinals->last = ordinals->first;
    if (dots < word.length) {
        part = word_part(r, &word, dots + 2, word.length - dots - 2);
        if (part.kind == TOKEN_END)
            return report(r, part.place, "write 2nd..4th, or every", "the end of the range is missing"), false;
        if (!ordinal_of(r, &part, &ordinals->last))
            return false;
        if (ordinals->last < ordinals->first)
            return report(r, word.place, NULL, "%.*s ends before it begins", SHOWN(&word)), false;
    }
    cursor_next(r);
    return true;
}
