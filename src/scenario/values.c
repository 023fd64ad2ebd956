/* SPDX-License-Identifier: MIT */
/* Durations, sizes, rates, shares, counts: integers all of them, each with its unit. */
#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "scenario/internal.h"

#define VALUE_MAX (INT64_MAX / 4) /* so that a few of them can be added */

struct unit {
    const char *name;
    int64_t factor;
};
static const struct unit durations[] = {
    {"ns", 1}, {"us", NS_PER_US}, {"ms", NS_PER_MS}, {"s", NS_PER_S}, {"min", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}, {NULL, 0},
};
static const struct unit sizes[] = {
    {"", 1}, {"kB", 1000}, {"KiB", 1024}, {"MB", 1000000}, {"MiB", 1048576}, {"GB", 1000000000}, {"GiB", 1073741824}, {NULL, 0},
};
static const struct unit rates[] = {{"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}, {NULL, 0}};
static const struct unit shares[] = {{"%", PPB_ONE / 100}, {NULL, 0}};

const char *unit_word(unsigned index)
{
    static const struct unit *const all[] = {durations, sizes + 1, rates, shares}; /* sizes[0] is the plain number */
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (const struct unit *unit = all[i]; unit->name != NULL; unit++)
            if (index-- == 0)
                return unit->name;
    return NULL;
}

enum number_fault { NUMBER_FINE, NUMBER_NONE, NUMBER_NO_UNIT, NUMBER_BAD_UNIT, NUMBER_TOO_FINE, NUMBER_TOO_LARGE };

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static const struct unit *unit_find(const struct unit *units, const char *text, uint32_t length)
{
    for (; units->name != NULL; units++)
        if (strlen(units->name) == length && memcmp(units->name, text, length) == 0)
            return units;
    return NULL;
}

/* DIGITS[.DIGITS]UNIT, exactly. `digits` is how much of the text the number takes. */
static enum number_fault number_read(const char *text, uint32_t length, const struct unit *units, int64_t *out, uint32_t *digits)
{
    uint64_t whole = 0, part = 0, scale = 1;
    uint32_t i = 0;
    bool fine = true, small = true;
    for (; i < length && digit(text[i]); i++) {
        small = small && whole < UINT64_MAX / 100;
        whole = small ? whole * 10 + (uint64_t)(text[i] - '0') : whole;
    }
    if (i == 0)
        return NUMBER_NONE;
    if (i + 1 < length && text[i] == '.' && digit(text[i + 1]))
        for (i++; i < length && digit(text[i]); i++) {
            if (scale == UINT64_C(1000000000000000000))
                fine = fine && text[i] == '0';
            else {
                scale *= 10;
                part = part * 10 + (uint64_t)(text[i] - '0');
            }
        }
    *digits = i;
    const struct unit *unit = unit_find(units, text + i, length - i);
    if (unit == NULL && i == length) {
        *out = 0;
        return whole == 0 && part == 0 ? NUMBER_FINE : NUMBER_NO_UNIT;
    }
    if (unit == NULL)
        return NUMBER_BAD_UNIT;
    unsigned __int128 fraction = (unsigned __int128)part * (uint64_t)unit->factor;
    if (!fine || fraction % scale != 0)
        return NUMBER_TOO_FINE;
    unsigned __int128 total = (unsigned __int128)whole * (uint64_t)unit->factor + fraction / scale;
    if (!small || total > VALUE_MAX)
        return NUMBER_TOO_LARGE;
    *out = (int64_t)total;
    return NUMBER_FINE;
}

/* How one kind of value is called, and what is written instead of its usual mistakes. */
struct kind {
    const struct unit *units;
    enum let_unit unit;
    const char *what, *units_hint, *finest, *range_example;
    const char *no_unit; /* the unit that was probably meant */
    struct {
        const char *wrong, *right;
    } meant[14];
};

static const struct kind duration_kind = {
    durations,
    LET_DURATION,
    "a duration",
    "durations end in ns us ms s min or h: 10ms, 1.5s",
    "a nanosecond",
    "5s..40s",
    "ms",
    {{"m", "min"},
     {"sec", "s"},
     {"secs", "s"},
     {"second", "s"},
     {"seconds", "s"},
     {"S", "s"},
     {"msec", "ms"},
     {"MS", "ms"},
     {"usec", "us"},
     {"mins", "min"},
     {"minutes", "min"},
     {"minute", "min"},
     {"hour", "h"},
     {"hours", "h"}},
};
static const struct kind size_kind = {
    sizes,
    LET_NUMBER,
    "a size",
    "sizes are bytes, or end in kB KiB MB MiB GB or GiB: 300, 100kB, 64KiB",
    "a byte",
    "100..2000",
    "",
    {{"k", "kB"},
     {"K", "KiB"},
     {"KB", "kB"},
     {"kb", "kB"},
     {"kib", "KiB"},
     {"m", "MB"},
     {"M", "MB"},
     {"mb", "MB"},
     {"G", "GB"},
     {"g", "GB"},
     {"gb", "GB"},
     {"B", ""},
     {"b", ""},
     {"bytes", ""}},
};
static const struct kind rate_kind = {
    rates,
    LET_RATE,
    "a rate",
    "rates end in bit kbit mbit or gbit: 10mbit",
    "a bit a second",
    "1mbit..10mbit",
    "bit",
    {{"mbps", "mbit"},
     {"Mbps", "mbit"},
     {"Mbit", "mbit"},
     {"Mbit/s", "mbit"},
     {"mbit/s", "mbit"},
     {"Mb", "mbit"},
     {"M", "mbit"},
     {"m", "mbit"},
     {"kbps", "kbit"},
     {"Kbit", "kbit"},
     {"k", "kbit"},
     {"gbps", "gbit"},
     {"Gbit", "gbit"},
     {"bps", "bit"}},
};
static const struct kind share_kind = {
    shares,        LET_SHARE, "a share", "shares end in %: 1%, 0.02%",
    "a billionth", "1%..5%",  "%",       {{"percent", "%"}, {"pct", "%"}, {NULL, NULL}},
};

static const char *unit_hint(struct reader *r, const struct kind *kind, const struct word *word, uint32_t digits)
{
    for (size_t i = 0; i < sizeof kind->meant / sizeof kind->meant[0] && kind->meant[i].wrong != NULL; i++) {
        const char *wrong = kind->meant[i].wrong, *right = kind->meant[i].right;
        if (strlen(wrong) != word->length - digits || memcmp(word->text + digits, wrong, word->length - digits) != 0)
            continue;
        int n = (int)(digits < 24 ? digits : 24);
        if (kind == &size_kind && (wrong[0] | 0x20) == 'k' && wrong[1] == '\0')
            return hint(r, "write %.*skB (1000 bytes each) or %.*sKiB (1024)", n, word->text, n, word->text);
        if (kind == &duration_kind && strcmp(wrong, "m") == 0)
            return hint(r, "write %.*smin for minutes, %.*sms for milliseconds", n, word->text, n, word->text);
        return hint(r, "did you mean %.*s%s?", n, word->text, right);
    }
    return kind->units_hint;
}

static bool number_report(struct reader *r, const struct kind *kind, const struct word *word, enum number_fault fault, uint32_t digits)
{
    int n = (int)(digits < 24 ? digits : 24);
    switch (fault) {
    case NUMBER_FINE:
        return true;
    case NUMBER_NONE:
        if (word->length > 1 && word->text[0] == '-' && digit(word->text[1]))
            return not_a(r, word, kind->what, "it cannot be negative");
        return not_a(r, word, kind->what, kind->units_hint);
    case NUMBER_NO_UNIT:
        if (kind == &duration_kind)
            hint(r, "did you mean %.*sms, or %.*ss? %s", n, word->text, n, word->text, kind->units_hint);
        else
            hint(r, "did you mean %.*s%s? %s", n, word->text, kind->no_unit, kind->units_hint);
        report(r, word->place, r->help, "%.*s has no unit", SHOWN(word));
        return false;
    case NUMBER_BAD_UNIT:
        return not_a(r, word, kind->what, unit_hint(r, kind, word, digits));
    case NUMBER_TOO_FINE:
        report(r, word->place, hint(r, "%s is the least", kind->finest), "%.*s is too fine", SHOWN(word));
        return false;
    case NUMBER_TOO_LARGE:
        report(r, word->place, NULL, "%.*s is too large", SHOWN(word));
        return false;
    }
    return false;
}

/* Word -> value. A range stands for itself only if a let draws it. */
static bool value_read(struct reader *r, const struct kind *kind, const struct word *word, struct value *out)
{
    *out = (struct value){0, 0, NULL};
    if (word->kind != TOKEN_WORD)
        return not_a(r, word, kind->what, kind->units_hint);
    if (word->let != NULL && word->let->range && word->length == word->let->token.length) {
        if (word->let->unit != kind->unit)
            return not_a(r, word, kind->what, kind->units_hint);
        *out = (struct value){word->let->low, word->let->high, word->let};
        return true;
    }
    if (word_find(word, "..") < word->length && digit(word->text[0])) {
        report(r, word->place, hint(r, "to draw from a range, write `let NAME = %s`, and here $NAME", kind->range_example),
               "%.*s is a range, not %s", SHOWN(word), kind->what);
        return false;
    }
    uint32_t digits = 0;
    enum number_fault fault = number_read(word->text, word->length, kind->units, &out->low, &digits);
    out->high = out->low;
    return number_report(r, kind, word, fault, digits);
}

bool value_duration(struct reader *r, const struct word *word, struct value *out)
{
    return value_read(r, &duration_kind, word, out);
}

bool value_size(struct reader *r, const struct word *word, struct value *out)
{
    return value_read(r, &size_kind, word, out);
}

bool value_rate(struct reader *r, const struct word *word, struct value *out)
{
    return value_read(r, &rate_kind, word, out);
}

bool value_share(struct reader *r, const struct word *word, struct value *out)
{
    if (!value_read(r, &share_kind, word, out))
        return false;
    if (out->high > PPB_ONE)
        return report(r, word->place, "the most is 100%", "%.*s is more than everything", SHOWN(word)), false;
    return true;
}

bool value_count(struct reader *r, const struct word *word, const char *what, int64_t low, int64_t high, struct value *out)
{
    uint32_t digits = 0;
    *out = (struct value){0, 0, NULL};
    if (word->kind != TOKEN_WORD)
        return not_a(r, word, what, NULL);
    if (word->let != NULL && word->let->range && word->length == word->let->token.length) {
        if (word->let->unit != LET_NUMBER)
            return not_a(r, word, what, NULL);
        *out = (struct value){word->let->low, word->let->high, word->let};
    } else {
        static const struct unit ones[] = {{"", 1}, {NULL, 0}};
        enum number_fault fault = number_read(word->text, word->length, ones, &out->low, &digits);
        if (word_find(word, "..") < word->length && digit(word->text[0]))
            return report(r, word->place, NULL, "%.*s is a range, not %s", SHOWN(word), what), false;
        if (fault == NUMBER_TOO_LARGE)
            out->low = VALUE_MAX;
        else if (fault != NUMBER_FINE)
            return not_a(r, word, what, "a whole number stands here");
        out->high = out->low;
    }
    if (out->low < low || out->high > high) {
        report(r, word->place, high < VALUE_MAX ? hint(r, "%" PRId64 " to %" PRId64 " is possible", low, high) : NULL, "%.*s is not %s",
               SHOWN(word), what);
        return false;
    }
    return true;
}

bool value_switch(struct reader *r, const struct word *word, int64_t *on)
{
    static const char *const yes[] = {"1", "true", "yes", "On", "ON", "enable", "enabled", NULL};
    static const char *const no[] = {"0", "false", "no", "Off", "OFF", "disable", "disabled", NULL};
    *on = word_is(word, "on");
    if (*on || word_is(word, "off"))
        return true;
    return not_a(r, word, "on or off", word_index(word, yes) >= 0 ? "write on" : word_index(word, no) >= 0 ? "write off" : NULL);
}

/* ---- at the cursor ---- */

typedef bool (*value_reader)(struct reader *r, const struct word *word, struct value *out);

static bool taken(struct reader *r, value_reader read, struct value *out, const char *what, const char *help)
{
    if (r->word.kind != TOKEN_WORD)
        return expected(r, what, help);
    if (!read(r, &r->word, out))
        return false;
    cursor_next(r);
    return true;
}

bool duration_taken(struct reader *r, struct value *out, const char *what)
{
    return taken(r, value_duration, out, what, duration_kind.units_hint);
}

bool size_taken(struct reader *r, struct value *out, const char *what)
{
    return taken(r, value_size, out, what, size_kind.units_hint);
}

bool count_taken(struct reader *r, struct value *out, const char *what, int64_t low, int64_t high)
{
    if (r->word.kind != TOKEN_WORD)
        return expected(r, what, NULL);
    if (!value_count(r, &r->word, what, low, high, out))
        return false;
    cursor_next(r);
    return true;
}

bool switch_taken(struct reader *r, int64_t *on)
{
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "on or off", NULL);
    if (!value_switch(r, &r->word, on))
        return false;
    cursor_next(r);
    return true;
}

bool constant_taken(struct reader *r, int64_t *out, const char *what)
{
    struct value value;
    struct word word = r->word;
    if (!duration_taken(r, &value, what))
        return false;
    if (value.let != NULL)
        return report(r, word.place, "only a value, or --set, can stand here", "$%s is drawn from a range", value.let->name), false;
    *out = value.low;
    return true;
}

/* A or A..B as it stands in an expect. */
static bool range_taken(struct reader *r, value_reader read, struct value *low, struct value *high, const char *what)
{
    struct word word = r->word;
    uint32_t dots = word.kind == TOKEN_WORD ? word_find(&word, "..") : 0;
    if (word.kind != TOKEN_WORD || dots == word.length || (word.let != NULL && word.let->range)) {
        if (!taken(r, read, low, what, NULL))
            return false;
        *high = *low;
        return true;
    }
    struct word part = word_part(r, &word, 0, dots);
    if (!read(r, &part, low))
        return false;
    part = word_part(r, &word, dots + 2, word.length - dots - 2);
    if (part.kind == TOKEN_END)
        return report(r, part.place, NULL, "the end of the range is missing"), false;
    if (!read(r, &part, high))
        return false;
    if (low->low > high->high)
        return report(r, word.place, NULL, "%.*s ends before it begins", SHOWN(&word)), false;
    cursor_next(r);
    return true;
}

bool duration_range_taken(struct reader *r, struct value *low, struct value *high, const char *what)
{
    return range_taken(r, value_duration, low, high, what);
}

static bool any_count(struct reader *r, const struct word *word, struct value *out)
{
    return value_count(r, word, "a number", 0, VALUE_MAX, out);
}

bool count_range_taken(struct reader *r, struct value *low, struct value *high, const char *what)
{
    return range_taken(r, any_count, low, high, what);
}

/* ---- ranges to draw from ---- */

static bool kind_fits(const struct kind *kind, const struct word *part)
{
    int64_t value;
    uint32_t digits;
    enum number_fault fault = number_read(part->text, part->length, kind->units, &value, &digits);
    return fault == NUMBER_FINE || fault == NUMBER_TOO_FINE || fault == NUMBER_TOO_LARGE;
}

static int64_t step_of(enum let_unit unit, int64_t low, int64_t high)
{
    if (unit != LET_DURATION)
        return 1;
    return low % NS_PER_MS == 0 && high % NS_PER_MS == 0 ? NS_PER_MS : low % NS_PER_US == 0 && high % NS_PER_US == 0 ? NS_PER_US : 1;
}

static bool is_ordinal(const struct word *word)
{
    static const char *const suffixes[] = {"st", "nd", "rd", "th", NULL};
    uint32_t digits = 0;
    while (digits < word->length && digit(word->text[digits]))
        digits++;
    struct word suffix = {.text = word->text + digits, .length = word->length - digits, .kind = TOKEN_WORD};
    return word_index(&suffix, suffixes) >= 0;
}

bool value_range(struct reader *r, const struct word *word, struct let *let, bool *is_range)
{
    static const struct kind *const kinds[] = {&size_kind, &duration_kind, &share_kind, &rate_kind};
    uint32_t dots = word->kind == TOKEN_WORD ? word_find(word, "..") : 0;
    *is_range = false;
    if (word->kind != TOKEN_WORD || dots == word->length || dots == 0 || !digit(word->text[0]))
        return true;
    struct word low = word_part(r, word, 0, dots), high = word_part(r, word, dots + 2, word->length - dots - 2);
    if (high.kind == TOKEN_END)
        return report(r, high.place, NULL, "the end of the range is missing"), false;
    if (high.kind == TOKEN_BROKEN)
        return false;
    if (is_ordinal(&low)) /* 2nd..4th is a word like any other */
        return true;
    const struct kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && kind == NULL; i++)
        if (kind_fits(kinds[i], &low) && kind_fits(kinds[i], &high))
            kind = kinds[i];
    if (kind == NULL)
        for (size_t i = 1; i < sizeof kinds / sizeof kinds[0] && kind == NULL; i++)
            if (kind_fits(kinds[i], &low) || kind_fits(kinds[i], &high))
                kind = kinds[i];
    struct value from, to;
    kind = kind == NULL ? &duration_kind : kind;
    if (!value_read(r, kind, &low, &from) || !value_read(r, kind, &high, &to))
        return false;
    if (from.low > to.low)
        return report(r, word->place, NULL, "%.*s ends before it begins", SHOWN(word)), false;
    let->unit = kind->unit;
    let->low = from.low;
    let->high = to.low;
    let->step = step_of(kind->unit, from.low, to.low);
    *is_range = true;
    return true;
}

/* ---- times that the file names ---- */

#define DAY_NS (24 * 3600 * NS_PER_S)

bool time_named(struct reader *r, struct place place, const struct value *value, bool excused)
{
    if (value->low > DAY_NS)
        return report(r, place, NULL, "a run lasts at most 24h"), false;
    if (value->low > r->stop_ns) {
        if (excused)
            return true;
        if (r->variant > 0 && r->inherited)
            hint(r, "the variant in line %" PRIu32 " stops before it, in line %" PRIu32, r->items[r->variant_items[r->variant]].line,
                 r->stop_place.line);
        else
            hint(r, "the run stops before it, in line %" PRIu32, r->stop_place.line);
        return report(r, place, r->help, "this time is beyond `stop`"), false;
    }
    int64_t last = value->high < r->stop_ns ? value->high : r->stop_ns;
    if (last > r->story->last_named_ns)
        r->story->last_named_ns = last < DAY_NS ? last : DAY_NS;
    return true;
}

bool time_taken(struct reader *r, struct value *out, const char *what)
{
    struct place place = r->word.place;
    return duration_taken(r, out, what) && time_named(r, place, out, false);
}

/* ---- into the story ---- */

void store_add(struct reader *r, void *field, uint8_t bytes, const struct value *value, int64_t plus, bool add)
{
    r->uses = arena_grow(r->working, r->uses, r->use_count, &r->use_room, sizeof *r->uses);
    r->uses[r->use_count++] = (struct let_use){{field, bytes, add, plus}, value->let};
}
