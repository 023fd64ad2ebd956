/* SPDX-License-Identifier: MIT */
#include "view/json.h"

#include <string.h>

#define DEPTH_MAX 16u
#define KEYS_COMPARED 64u /* an object with more, as the verdicts of a crowd, would take the square of its time */

struct parser {
    struct arena *arena;
    const char *text;
    size_t length, at;
    unsigned depth;
    struct json_error *error;
};

static bool value(struct parser *p, struct json *out);

static bool wrong(struct parser *p, size_t at, const char *message)
{
    p->error->at = at;
    p->error->message = message;
    return false;
}

static int peek(const struct parser *p)
{
    return p->at < p->length ? (unsigned char)p->text[p->at] : -1;
}

static void skip_blanks(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\r' || peek(p) == '\n')
        p->at++;
}

static bool digit(int c)
{
    return c >= '0' && c <= '9';
}

/* ---- strings ---- */

static int hex(int c)
{
    return digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hex_4(struct parser *p, uint32_t *code)
{
    *code = 0;
    for (unsigned i = 0; i < 4; i++, p->at++) {
        int nibble = hex(peek(p));
        if (nibble < 0)
            return wrong(p, p->at, "four hexadecimal digits follow \\u");
        *code = *code << 4 | (uint32_t)nibble;
    }
    return true;
}

static char *utf8_put(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xC0, 0xE0, 0xF0};
    *to++ = (char)(leads[more] | code >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | ((code >> (6 * more)) & 0x3F));
    return to;
}

/* Behind the backslash and the u. A pair of surrogates is one character (RFC 8259 section 7). */
static bool escape_unicode(struct parser *p, char **to)
{
    uint32_t code, low;
    size_t at = p->at - 2;
    if (!hex_4(p, &code))
        return false;
    if (code == 0)
        return wrong(p, at, "a string of a trace has no NUL");
    if (code >= 0xD800 && code < 0xDC00 && p->length - p->at >= 6 && p->text[p->at] == '\\' && p->text[p->at + 1] == 'u') {
        p->at += 2;
        if (!hex_4(p, &low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return wrong(p, at, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xD800 && code < 0xE000) {
        return wrong(p, at, "half of a surrogate pair");
    }
    *to = utf8_put(*to, code);
    return true;
}

static bool escape(struct parser *p, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    int c = peek(p);
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (c == 'u') {
        p->at++;
        return escape_unicode(p, to);
    }
    if (letter == NULL)
        return wrong(p, p->at - 1, "no escape of JSON");
    *(*to)++ = meanings[letter - letters];
    p->at++;
    return true;
}

/* Bytes of the well-formed character at `at` (RFC 3629), 0: none. */
static size_t utf8_length(const struct parser *p)
{
    const unsigned char *s = (const unsigned char *)p->text + p->at;
    size_t left = p->length - p->at;
    size_t length = s[0] < 0x80                   ? 1
                    : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                    : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
                    : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                                  : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

/* What a string becomes is never longer than what stands there. */
static size_t string_room(const struct parser *p)
{
    size_t end = p->at;
    while (end < p->length && p->text[end] != '"')
        end += p->text[end] == '\\' ? 2 : 1;
    return (end < p->length ? end : p->length) - p->at + 1;
}

static bool string(struct parser *p, const char **out, size_t *length)
{
    size_t begin = p->at++;
    char *start = arena_take(p->arena, string_room(p)), *to = start;
    while (peek(p) != '"') {
        int c = peek(p);
        if (c < 0)
            return wrong(p, begin, "a string without an end");
        if (c < 0x20)
            return wrong(p, p->at, "a control character in a string is written \\u00XX");
        if (c == '\\') {
            p->at++;
            if (!escape(p, &to))
                return false;
            continue;
        }
        size_t bytes = utf8_length(p);
        if (bytes == 0)
            return wrong(p, p->at, "this is no UTF-8");
        memcpy(to, p->text + p->at, bytes);
        to += bytes;
        p->at += bytes;
    }
    p->at++;
    *out = start;
    *length = (size_t)(to - start);
    return true;
}

/* ---- numbers and words ---- */

static bool number(struct parser *p, struct json *out)
{
    size_t begin = p->at;
    bool fits = true;
    out->kind = JSON_NUMBER;
    out->negative = peek(p) == '-';
    p->at += out->negative;
    if (!digit(peek(p)))
        return wrong(p, begin, "this is no value of JSON");
    if (peek(p) == '0' && p->at + 1 < p->length && digit((unsigned char)p->text[p->at + 1]))
        return wrong(p, begin, "a number has no leading zero");
    for (; digit(peek(p)); p->at++) {
        fits = fits && !__builtin_mul_overflow(out->magnitude, UINT64_C(10), &out->magnitude) &&
               !__builtin_add_overflow(out->magnitude, (uint64_t)(peek(p) - '0'), &out->magnitude);
    }
    out->whole = fits && (!out->negative || out->magnitude <= (uint64_t)INT64_MAX);
    if (peek(p) == '.') {
        p->at++;
        if (!digit(peek(p)))
            return wrong(p, begin, "digits follow the point of a number");
        while (digit(peek(p)))
            p->at++;
        out->whole = false;
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->at++;
        p->at += peek(p) == '+' || peek(p) == '-';
        if (!digit(peek(p)))
            return wrong(p, begin, "digits follow the e of a number");
        while (digit(peek(p)))
            p->at++;
        out->whole = false;
    }
    return true;
}

static bool word(struct parser *p, struct json *out)
{
    static const struct {
        const char *text;
        enum json_kind kind;
    } words[] = {{"null", JSON_NULL}, {"false", JSON_FALSE}, {"true", JSON_TRUE}};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].text);
        if (p->length - p->at >= length && memcmp(p->text + p->at, words[i].text, length) == 0) {
            out->kind = words[i].kind;
            p->at += length;
            return true;
        }
    }
    return wrong(p, p->at, p->at == p->length ? "the line ends in the middle of a value" : "this is no value of JSON");
}

/* ---- arrays and objects ---- */

static bool member_key(struct parser *p, const struct json *object, struct json *member)
{
    size_t at = p->at, length;
    if (peek(p) != '"')
        return wrong(p, at, p->at == p->length ? "an object without an end" : "a key in quotes is expected here");
    if (!string(p, &member->key, &length))
        return false;
    if (object->count < KEYS_COMPARED && json_member(object, member->key) != NULL)
        return wrong(p, at, "this key has come before");
    skip_blanks(p);
    if (peek(p) != ':')
        return wrong(p, p->at, "a colon is expected here");
    p->at++;
    return true;
}

static bool parts(struct parser *p, struct json *out, char close)
{
    const struct json **link = &out->first;
    p->at++;
    skip_blanks(p);
    if (peek(p) == close) {
        p->at++;
        return true;
    }
    if (++p->depth > DEPTH_MAX)
        return wrong(p, p->at - 1, "more than 16 levels deep");
    for (;;) {
        struct json *part = arena_take(p->arena, sizeof *part);
        skip_blanks(p);
        if (close == '}' && !member_key(p, out, part))
            return false;
        if (!value(p, part))
            return false;
        *link = part;
        link = &part->next;
        out->count++;
        skip_blanks(p);
        if (peek(p) == close)
            break;
        if (peek(p) != ',')
            return wrong(p, p->at, close == '}' ? "a comma or } is expected here" : "a comma or ] is expected here");
        p->at++;
    }
    p->at++;
    p->depth--;
    return true;
}

static bool value(struct parser *p, struct json *out)
{
    bool fine;
    skip_blanks(p);
    out->at = p->at;
    switch (peek(p)) {
    case '"':
        out->kind = JSON_STRING;
        fine = string(p, &out->string, &out->length);
        break;
    case '[':
        out->kind = JSON_ARRAY;
        fine = parts(p, out, ']');
        break;
    case '{':
        out->kind = JSON_OBJECT;
        fine = parts(p, out, '}');
        break;
    default:
        fine = peek(p) == '-' || digit(peek(p)) ? number(p, out) : word(p, out);
        break;
    }
    out->width = p->at - out->at;
    return fine;
}

const struct json *json_parse(struct arena *arena, const char *text, size_t length, struct json_error *error)
{
    struct parser parser = {.arena = arena, .text = text, .length = length, .error = error};
    struct json *root = arena_take(arena, sizeof *root);
    if (!value(&parser, root))
        return NULL;
    skip_blanks(&parser);
    if (parser.at < length) {
        wrong(&parser, parser.at, "something stands behind the value");
        return NULL;
    }
    return root;
}

const struct json *json_member(const struct json *object, const char *key)
{
    for (const struct json *part = object->first; part != NULL; part = part->next) {
        if (part->key != NULL && strcmp(part->key, key) == 0)
            return part;
    }
    return NULL;
}

const char *json_kind_name(enum json_kind kind)
{
    switch (kind) {
    case JSON_NULL:
        return "null";
    case JSON_FALSE:
    case JSON_TRUE:
        return "true or false";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    }
    return "?";
}
