/* SPDX-License-Identifier: MIT */
/* Errors as records: kept in line order, each place once, the first twenty. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scenario/internal.h"

static bool before(const struct place *a, const struct diagnostic *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Has an error at this place been reported already? Every variant reads the lines that it inherits again. */
static bool seen(struct reader *r, const struct place *place, const char *message)
{
    uint32_t key[3] = {place->line, place->column, 0};
    if (place->line == 0) /* errors of the command line have no place, but a text */
        for (const char *c = message; *c != '\0'; c++)
            key[2] = key[2] * 31 + (unsigned char)*c;
    if (table_find(&r->table, TABLE_ERROR, 0, (const char *)key, sizeof key) != NULL)
        return true;
    bool found;
    table_put(&r->table, TABLE_ERROR, 0, arena_copy(r->working, (const char *)key, sizeof key), sizeof key, &found);
    return false;
}

void report(struct reader *r, struct place place, const char *help, const char *format, ...)
{
    struct diagnostics *all = r->diagnostics;
    struct diagnostic new = {.severity = SEVERITY_ERROR, .line = place.line, .column = place.column, .width = place.width};
    va_list arguments;
    va_start(arguments, format);
    if (place.line == 0)
        vsnprintf(new.message, sizeof new.message, format, arguments);
    bool again = seen(r, &place, new.message);
    if (place.line != 0 && !again)
        vsnprintf(new.message, sizeof new.message, format, arguments);
    va_end(arguments);
    if (again)
        return;
    if (help != NULL)
        snprintf(new.help, sizeof new.help, "%s", help);
    uint32_t kept = all->count < DIAGNOSTICS_MAX ? all->count : DIAGNOSTICS_MAX;
    uint32_t i = kept;
    while (i > 0 && before(&place, &all->list[i - 1]))
        i--;
    all->count++;
    if (i == DIAGNOSTICS_MAX)
        return;
    if (kept == DIAGNOSTICS_MAX)
        kept--;
    memmove(&all->list[i + 1], &all->list[i], (kept - i) * sizeof all->list[0]);
    all->list[i] = new;
}

const char *hint(struct reader *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->help, sizeof r->help, format, arguments);
    va_end(arguments);
    return r->help;
}

int shown(const char *text, uint32_t length)
{
    uint32_t most = 48;
    if (length <= most)
        return (int)length;
    while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80) /* not in the middle of a character */
        most--;
    return (int)most;
}

const char *plain_hint(const struct word *word, const char *help)
{
    static const struct {
        const char *bytes, *help;
    } known[] = {
        {"\xE2\x80\x9C", "strings stand in straight double quotes: \"text\""},
        {"\xE2\x80\x9D", "strings stand in straight double quotes: \"text\""},
        {"\xE2\x80\x9E", "strings stand in straight double quotes: \"text\""},
        {"\xE2\x86\x92", "write -> for the arrow"},
        {"\xE2\x86\x90", "an arrow points to the right: write A -> B"},
        {"\xE2\x80\x93", "write -- with two hyphens"},
        {"\xE2\x80\x94", "write -- with two hyphens"},
        {"\xC2\xB1", "write +- for a tolerance"},
        {"\xE2\x80\xA6", "write .. with two dots"},
        {"\xC2\xB5", "write us for microseconds"},
        {"\xCE\xBC", "write us for microseconds"},
        {"\xC2\xA0", "this is a no-break space; use plain ones"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (word_find(word, known[i].bytes) < word->length)
            return known[i].help;
    return help;
}

bool not_a(struct reader *r, const struct word *word, const char *what, const char *help)
{
    if (word->kind == TOKEN_BROKEN)
        return false;
    help = plain_hint(word, help);
    if (word->let != NULL) {
        char behind[200];
        snprintf(behind, sizeof behind, "%s", help == NULL ? "" : help);
        help = hint(r, "%s%s$%s is %.*s%s", behind, *behind == '\0' ? "" : "\n", word->let->name, SHOWN(&word->let->token),
                    word->let->place.line == 0 ? " by --set" : "");
    }
    if (word->kind == TOKEN_STRING)
        report(r, word->place, help, "a string is not %s", what);
    else
        report(r, word->place, help, "%.*s is not %s", SHOWN(word), what);
    return false;
}

bool expected(struct reader *r, const char *what, const char *help)
{
    if (r->word.kind == TOKEN_END) {
        report(r, r->word.place, help, "%s is missing", what);
        return false;
    }
    return not_a(r, &r->word, what, help);
}
