/* SPDX-License-Identifier: MIT */
/* Who is meant: nodes, ends of connections, connection names. Names are the whole file's, nodes a variant's. */
#include <string.h>

#include "scenario/internal.h"

/* ---- nodes ---- */

uint16_t node_find(const struct reader *r, const struct word *word)
{
    if (word->kind != TOKEN_WORD)
        return STORY_NONE;
    const uint32_t *node = table_find(&r->table, TABLE_NODE, r->variant, word->text, word->length);
    return node == NULL ? STORY_NONE : (uint16_t)*node;
}

static const char *kind_name(enum node_kind kind)
{
    return kind == NODE_FIREWALL ? "firewall" : kind == NODE_NAT ? "nat" : "host";
}

static const char *node_hint(struct reader *r, const struct word *word)
{
    struct near near;
    near_start(r, &near, word->text, word->length);
    for (uint16_t i = 0; i < r->story->node_count; i++)
        near_try(&near, r->story->nodes[i].name);
    if (near.best != NULL)
        return near_hint(r, &near, NULL);
    return is_name(word->text, word->length) ? hint(r, "a line `host %.*s` makes it one", SHOWN(word)) : NULL;
}

bool node_of(struct reader *r, const struct word *word, uint16_t *node, bool host_only)
{
    *node = node_find(r, word);
    if (*node == STORY_NONE && word->kind == TOKEN_WORD && maybe_defined(r, word))
        return false;
    if (*node == STORY_NONE)
        return not_a(r, word, "a host", word->kind == TOKEN_WORD ? node_hint(r, word) : NULL);
    enum node_kind kind = r->story->nodes[*node].kind;
    if (host_only && kind != NODE_HOST) {
        report(r, word->place, "programs, sockets and connections are a host's", "%.*s is a %s, not a host", SHOWN(word), kind_name(kind));
        return false;
    }
    return true;
}

bool host_taken(struct reader *r, uint16_t *host, const char *what)
{
    if (r->word.kind != TOKEN_WORD)
        return expected(r, what, NULL);
    if (!node_of(r, &r->word, host, true))
        return false;
    cursor_next(r);
    return true;
}

bool node_taken(struct reader *r, uint16_t *node)
{
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "a host", NULL);
    if (!node_of(r, &r->word, node, false))
        return false;
    cursor_next(r);
    return true;
}

bool path_taken(struct reader *r, uint16_t *from, uint16_t *to, bool *both, enum path_ends ends)
{
    struct word first = r->word;
    if (first.kind == TOKEN_END)
        return expected(r, "a path",
                        both == NULL ? "write which way: client -> server" : "write between whom: client -- server, or client -> server");
    if (!(ends == PATH_HOSTS ? host_taken(r, from, "a host") : node_taken(r, from)))
        return false;
    bool two_way = r->word.kind == TOKEN_BOTH_WAYS;
    if (!two_way && r->word.kind != TOKEN_ARROW) {
        const char *sign = both == NULL ? "->" : "--` or `->";
        if (word_is(&r->word, "<-") || word_is(&r->word, "<--"))
            return cursor_wants(r, sign, "an arrow points to the right: write the other host first");
        return cursor_wants(r, sign, hint(r, "write which way: %.*s -> HOST", SHOWN(&first)));
    }
    struct place sign = r->word.place;
    cursor_next(r);
    struct word second = r->word;
    if (!(ends != PATH_NODES ? host_taken(r, to, "a host") : node_taken(r, to)))
        return false;
    if (two_way && both == NULL) {
        report(r, sign, hint(r, "write %.*s -> %.*s", SHOWN(&first), SHOWN(&second)), "one direction is meant here, not both");
        return false;
    }
    if (*from == *to)
        return report(r, second.place, NULL, "a path leads from one host to another"), false;
    if (both != NULL)
        *both = two_way;
    return true;
}

/* ---- connection names ---- */

/* Words that could stand where a name stands. */
static bool reserved(const struct word *word)
{
    static const char *const words[] = {"on", "as", "of", "within", "from", "backlog", "after", "at", "when", "full-close", NULL};
    return word_index(word, words) >= 0;
}

static struct connection_name *name_entry(struct reader *r, const struct word *word, uint16_t *name)
{
    bool found;
    const char *text = word->text;
    uint32_t *index = table_put(&r->table, TABLE_NAME, 0, text, word->length, &found);
    if (!found) {
        *index = r->name_count;
        if (r->name_count >= STORY_NONE - 1u) {
            report(r, word->place, NULL, "there are too many names");
            *index = 0;
        } else {
            r->names = arena_grow(r->working, r->names, r->name_count, &r->name_room, sizeof *r->names);
            r->names[r->name_count++] = (struct connection_name){.text = arena_copy(r->kept, text, word->length)};
        }
    }
    *name = (uint16_t)*index;
    return &r->names[*index];
}

static bool name_legal(struct reader *r, const struct word *word)
{
    if (word->kind != TOKEN_WORD)
        return not_a(r, word, "a name", NULL);
    if (!is_name(word->text, word->length)) {
        bool of_host = word_find(word, ".") < word->length;
        return not_a(r, word, "a name",
                     of_host ? "the connection's name alone, without its host" : "a name is letters, digits, _ and -, a letter first");
    }
    if (reserved(word))
        return report(r, word->place, "call it something else", "%.*s is a word of the language", SHOWN(word)), false;
    return true;
}

bool name_defined(struct reader *r, uint16_t *name)
{
    if (r->word.kind == TOKEN_END)
        return expected(r, "a name", NULL);
    if (!name_legal(r, &r->word))
        return false;
    struct connection_name *entry = name_entry(r, &r->word, name);
    if (entry->defined.line == 0)
        entry->defined = r->word.place;
    cursor_next(r);
    return true;
}

bool name_used_in(struct reader *r, const struct word *word, uint16_t *name)
{
    if (!name_legal(r, word))
        return false;
    struct connection_name *entry = name_entry(r, word, name);
    if (entry->used.line == 0)
        entry->used = word->place;
    return true;
}

bool name_used(struct reader *r, uint16_t *name)
{
    if (r->word.kind == TOKEN_END)
        return expected(r, "a connection's name", NULL);
    if (!name_used_in(r, &r->word, name))
        return false;
    cursor_next(r);
    return true;
}

bool of_taken(struct reader *r, uint16_t *name)
{
    *name = STORY_NONE;
    return !cursor_take(r, "of") || name_used(r, name);
}

bool end_of(struct reader *r, const struct word *word, uint16_t *host, uint16_t *name)
{
    *name = STORY_NONE;
    uint32_t dot = word->kind == TOKEN_WORD ? word_find(word, ".") : 0;
    if (word->kind != TOKEN_WORD || dot == word->length)
        return node_of(r, word, host, true);
    struct word part = word_part(r, word, 0, dot);
    if (!node_of(r, &part, host, true))
        return false;
    part = word_part(r, word, dot + 1, word->length - dot - 1);
    if (part.kind == TOKEN_END)
        return report(r, part.place, "write HOST.NAME", "a connection's name is missing"), false;
    return name_used_in(r, &part, name);
}

bool end_taken(struct reader *r, uint16_t *host, uint16_t *name)
{
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "a host", NULL);
    if (!end_of(r, &r->word, host, name))
        return false;
    cursor_next(r);
    return true;
}

/* ---- lines that could not be read ---- */

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

void mention_line(struct reader *r, const struct item *item)
{
    for (uint32_t i = item->start; i < item->end; i++) {
        const struct token *token = &r->tokens[i];
        for (uint32_t from = 0; from < token->length;) {
            uint32_t end = from;
            while (end < token->length && name_char(token->text[end]))
                end++;
            bool found;
            if (end > from)
                *table_put(&r->table, TABLE_MENTION, 0, token->text + from, end - from, &found) |= item->kind == ITEM_BROKEN;
            from = end + 1;
        }
    }
}

bool maybe_defined(const struct reader *r, const struct word *word)
{
    const uint32_t *broken = table_find(&r->table, TABLE_MENTION, 0, word->text, word->length);
    return broken != NULL && *broken != 0;
}

bool mentioned(const struct reader *r, const char *name)
{
    return table_find(&r->table, TABLE_MENTION, 0, name, (uint32_t)strlen(name)) != NULL;
}
