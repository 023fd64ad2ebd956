/* SPDX-License-Identifier: MIT */
/* Text -> lines and words. Words are divided by blanks, and by the signs = , -- -> +- wherever they stand. */
#include "scenario/internal.h"

#include <string.h>

/* The length of the UTF-8 sequence at `s` (at most `left` bytes), 0 if it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

/* The first thing that has no place in a text is the only error: the rest would be noise. */
static bool is_text(struct reader *r, const unsigned char *s, size_t length)
{
    struct place place = {1, 1, 1};
    for (size_t i = 0; i < length;) {
        if (s[i] >= ' ' && s[i] < 0x7F) {
            i++;
            place.column++;
            continue;
        }
        size_t step = utf8_length(s + i, length - i);
        if (step == 0 && i == 0 && length >= 2 && ((s[0] == 0xFF && s[1] == 0xFE) || (s[0] == 0xFE && s[1] == 0xFF)))
            return report(r, place, "save the file as UTF-8", "this is UTF-16"), false;
        if (step == 0)
            return report(r, place, "a scenario is UTF-8 text", "byte 0x%02x is not UTF-8", s[i]), false;
        if (s[i] == 0)
            return report(r, place, "a scenario is text; is this another kind of file?", "a NUL byte"), false;
        bool line_end = s[i] == '\n';
        bool blank = s[i] == '\t' || (s[i] == '\r' && (i + 1 == length || s[i + 1] == '\n'));
        if ((s[i] < ' ' || s[i] == 0x7F) && !line_end && !blank)
            return report(r, place, "only tabs and line ends are allowed beside printable characters", "control character 0x%02x", s[i]),
                   false;
        i += step;
        place.column++;
        if (line_end)
            place = (struct place){place.line + 1, 1, 1};
    }
    return true;
}

/* Where a line's words are put. */
struct scanner {
    struct reader *r;
    const char *start, *at;
    size_t room;
    uint32_t line, continuation; /* bytes so far that begin no character */
};

static struct token *add_token(struct scanner *s, enum token_kind kind, const char *from, uint32_t length)
{
    struct reader *r = s->r;
    r->tokens = arena_grow(r->working, r->tokens, r->token_count, &s->room, sizeof *r->tokens);
    struct token *token = &r->tokens[r->token_count++];
    token->kind = kind;
    token->text = from;
    token->length = length;
    token->column = (uint32_t)(from - s->start) + 1 - s->continuation;
    token->width = length;
    for (uint32_t i = 0; i < length; i++)
        if (((unsigned char)from[i] & 0xC0) == 0x80) {
            token->width--;
            s->continuation++;
        }
    return token;
}

static void scan_string(struct scanner *s)
{
    const char *end = s->at + 1;
    while (*end != '\0' && *end != '"')
        end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
    bool closed = *end == '"';
    struct token *token = add_token(s, TOKEN_STRING, s->at, (uint32_t)(end - s->at) + closed);
    if (!closed) {
        report(s->r, token_place(s->line, token), "put a \" at its end", "this string has no closing quote");
        token->kind = TOKEN_BROKEN;
    }
    s->at = end + closed;
    token->text++;
    token->length -= 1u + closed;
}

/* The sign at `c`, or 0. */
static unsigned sign_length(const char *c, enum token_kind *kind)
{
    switch (c[0]) {
    case ',':
        *kind = TOKEN_COMMA;
        return 1;
    case '=':
        *kind = TOKEN_EQUALS;
        return c[1] == '>' || c[1] == '=' ? 0 : 1;
    case '-':
        *kind = c[1] == '>' ? TOKEN_ARROW : TOKEN_BOTH_WAYS;
        return c[1] == '>' || (c[1] == '-' && c[2] != '>') ? 2 : 0;
    case '+':
        *kind = TOKEN_TOLERANCE;
        return c[1] == '-' ? 2 : 0;
    default:
        return 0;
    }
}

static bool ends_word(char c)
{
    return c == '\0' || c == ' ' || c == '\t' || c == '#' || c == '"';
}

static void scan_line(struct scanner *s, uint32_t number)
{
    struct reader *r = s->r;
    uint32_t indent = 0;
    for (; *s->at == ' ' || *s->at == '\t'; s->at++)
        indent = *s->at == '\t' ? indent / 8 * 8 + 8 : indent + 1;
    if (*s->at == '\0' || *s->at == '#')
        return;
    struct line *row = &r->rows[r->row_count++];
    *row = (struct line){.number = number, .indent = indent, .first = r->token_count};
    s->line = number;
    const char *end = s->at;
    while (*s->at != '\0' && *s->at != '#') {
        enum token_kind kind;
        unsigned sign = sign_length(s->at, &kind);
        if (*s->at == ' ' || *s->at == '\t') {
            s->at++;
            continue;
        }
        if (*s->at == '"') {
            scan_string(s);
        } else if (sign > 0) {
            add_token(s, kind, s->at, sign);
            s->at += sign;
        } else {
            const char *from = s->at++;
            while (!ends_word(*s->at) && sign_length(s->at, &kind) == 0)
                s->at++;
            add_token(s, TOKEN_WORD, from, (uint32_t)(s->at - from));
        }
        end = s->at;
    }
    row->count = r->token_count - row->first;
    add_token(s, TOKEN_END, end, 0)->width = 1;
}

bool lexer_run(struct reader *r, const char *text, size_t length)
{
    static const struct place whole = {0, 0, 0};
    if (length > SCENARIO_BYTES_MAX)
        return report(r, whole, "a scenario has at most 1 MiB", "the file has %zu bytes", length), false;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (!is_text(r, (const unsigned char *)text, length))
        return false;
    char *copy = arena_copy(r->kept, text, length);
    uint32_t count = 0;
    for (const char *c = copy; (c = memchr(c, '\n', length - (size_t)(c - copy))) != NULL; c++)
        count++;
    r->lines = arena_take(r->kept, (count + 1) * sizeof *r->lines);
    r->rows = arena_take(r->working, (count + 1) * sizeof *r->rows);
    struct scanner scanner = {.r = r};
    for (char *start = copy, *end; start < copy + length; start = end + 1) {
        end = memchr(start, '\n', length - (size_t)(start - copy));
        if (end == NULL)
            end = copy + length;
        *end = '\0';
        if (end > start && end[-1] == '\r')
            end[-1] = '\0';
        r->lines[r->line_count++] = start;
        scanner.start = scanner.at = start;
        scanner.continuation = 0;
        scan_line(&scanner, r->line_count);
    }
    return true;
}

const char *lexer_string(struct reader *r, const struct word *word)
{
    char *out = arena_take(r->arena, word->length + 1), *to = out;
    struct place place = word->place; /* of the character before this one: the opening quote is the first */
    for (uint32_t i = 0; i < word->length; i++) {
        char c = word->text[i];
        place.column += ((unsigned char)c & 0xC0) != 0x80;
        if (c == '\\' && i + 1 < word->length) {
            c = word->text[++i];
            if (c != '"' && c != '\\' && c != 'n') {
                place.width = 2;
                report(r, place, "the escapes are \\\" and \\\\ and \\n", "\\%.*s is not an escape", ((unsigned char)c & 0x80) != 0 ? 0 : 1,
                       &word->text[i]);
                return NULL;
            }
            c = c == 'n' ? '\n' : c;
            place.column++;
        }
        *to++ = c;
    }
    return out;
}
