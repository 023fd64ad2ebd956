/* SPDX-License-Identifier: MIT */
/* The cursor over an item's words. A word $NAME is met as what it stands for, so that no other file knows of lets. */
#include <string.h>

#include "scenario/internal.h"

struct place token_place(uint32_t line, const struct token *token)
{
    return (struct place){line, token->column, token->width};
}

struct place item_place(const struct reader *r, const struct item *item)
{
    return token_place(item->line, &r->tokens[item->start]);
}

static const struct let *let_of(struct reader *r, const struct word *word)
{
    uint32_t *symbol = table_find(&r->table, TABLE_LET, 0, word->text + 1, word->length - 1);
    if (symbol != NULL && r->let_symbols[*symbol].current != NULL) {
        r->let_symbols[*symbol].used = true;
        return r->let_symbols[*symbol].current;
    }
    struct word name = {.text = word->text + 1, .length = word->length - 1};
    if (maybe_defined(r, &name))
        return NULL;
    struct near near;
    near_start(r, &near, word->text + 1, word->length - 1);
    for (uint32_t i = 0; i < r->let_symbol_count && near.distance > 0; i++)
        near_try(&near, r->let_symbols[i].name);
    if (near.best != NULL)
        near_hint(r, &near, NULL);
    else
        hint(r, "a `let %.*s = ...` line gives it a value", shown(word->text + 1, word->length - 1), word->text + 1);
    report(r, word->place, r->help, "no let is called %.*s", shown(word->text + 1, word->length - 1), word->text + 1);
    return NULL;
}

static void resolve(struct reader *r, struct word *word)
{
    if (word->kind != TOKEN_WORD || word->length < 2 || word->text[0] != '$')
        return;
    if (!is_name(word->text + 1, word->length - 1)) /* a composite: $HOST.old, $A..$B */
        return;
    const struct let *let = let_of(r, word);
    if (let == NULL) {
        word->kind = TOKEN_BROKEN;
        return;
    }
    word->text = let->token.text;
    word->length = let->token.length;
    word->kind = let->token.kind;
    word->let = let;
}

static void load(struct reader *r)
{
    const struct token *token = &r->tokens[r->at];
    r->word = (struct word){.text = token->text, .length = token->length, .kind = token->kind, .place = token_place(r->item->line, token)};
    resolve(r, &r->word);
}

void cursor_set(struct reader *r, const struct item *item, bool inherited)
{
    r->item = item;
    r->inherited = inherited;
    r->at = item->first;
    load(r);
}

void cursor_next(struct reader *r)
{
    if (r->word.kind == TOKEN_END)
        return;
    r->at++;
    load(r);
}

bool word_is(const struct word *word, const char *text)
{
    return word->kind == TOKEN_WORD && word->text[0] == text[0] && strlen(text) == word->length &&
           memcmp(word->text, text, word->length) == 0;
}

bool cursor_take(struct reader *r, const char *text)
{
    if (!word_is(&r->word, text))
        return false;
    cursor_next(r);
    return true;
}

bool cursor_wants(struct reader *r, const char *text, const char *help)
{
    if (r->word.kind == TOKEN_END)
        report(r, r->word.place, help, "`%s` is missing", text);
    else if (r->word.kind == TOKEN_STRING)
        report(r, r->word.place, help, "`%s` expected, not a string", text);
    else if (r->word.kind != TOKEN_BROKEN)
        report(r, r->word.place, plain_hint(&r->word, help), "`%s` expected, not %.*s", text, SHOWN(&r->word));
    return false;
}

bool cursor_require(struct reader *r, const char *text, const char *help)
{
    return cursor_take(r, text) || cursor_wants(r, text, help);
}

bool cursor_require_sign(struct reader *r, enum token_kind kind, const char *text, const char *help)
{
    if (r->word.kind != kind)
        return cursor_wants(r, text, help);
    cursor_next(r);
    return true;
}

bool cursor_at_end(const struct reader *r)
{
    return r->word.kind == TOKEN_END;
}

bool cursor_end(struct reader *r, const char *help)
{
    if (cursor_at_end(r))
        return true;
    if (r->word.kind == TOKEN_STRING)
        report(r, r->word.place, help, "a string has no meaning here");
    else if (r->word.kind != TOKEN_BROKEN)
        report(r, r->word.place, help, "%.*s has no meaning here", SHOWN(&r->word));
    return false;
}

struct word word_part(struct reader *r, const struct word *word, uint32_t offset, uint32_t length)
{
    struct word part = {.text = word->text + offset, .length = length, .kind = word->kind, .place = word->place, .let = word->let};
    if (word->let == NULL) {
        part.place.column += offset;
        part.place.width = length > 0 ? length : 1;
        resolve(r, &part);
    }
    if (length == 0 && part.kind == TOKEN_WORD)
        part.kind = TOKEN_END;
    return part;
}

uint32_t word_find(const struct word *word, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    for (uint32_t i = 0; i + length <= word->length; i++)
        if (word->text[i] == text[0] && memcmp(word->text + i, text, length) == 0)
            return i;
    return word->length;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(const char *text, uint32_t length)
{
    if (length == 0 || !is_letter(text[0]))
        return false;
    for (uint32_t i = 1; i < length; i++)
        if (!is_letter(text[i]) && !(text[i] >= '0' && text[i] <= '9') && text[i] != '-')
            return false;
    return true;
}

bool string_taken(struct reader *r, const char **text, const char *what)
{
    if (r->word.kind == TOKEN_WORD && r->word.let != NULL) {
        *text = arena_copy(r->arena, r->word.text, r->word.length);
    } else if (r->word.kind != TOKEN_STRING) {
        const char *help = "text stands in double quotes";
        if (r->word.kind == TOKEN_WORD)
            return report(r, r->word.place, help, "%s stands in double quotes", what), false;
        return expected(r, what, help);
    } else if ((*text = lexer_string(r, &r->word)) == NULL) {
        return false;
    }
    cursor_next(r);
    return true;
}
