/* SPDX-License-Identifier: MIT */
/* Lines -> items: what each line is, which block and which variant it belongs to, what it replaces. */
#include <inttypes.h>
#include <string.h>

#include "scenario/internal.h"

/* The blocks that are open. */
struct blocks {
    uint32_t variant; /* item, or NO_ITEM */
    uint32_t member_indent; /* of the variant's lines; 0: none yet */
    uint32_t program; /* item, or NO_ITEM */
    uint32_t program_indent, step_indent;
};

static const struct {
    const char *word;
    enum item_kind kind;
} first_words[] = {
    {"app", ITEM_PROGRAM},         {"service", ITEM_PROGRAM},   {"expect", ITEM_EXPECT},      {"host", ITEM_HOST},
    {"link", ITEM_LINK},           {"at", ITEM_STATEMENT},      {"when", ITEM_STATEMENT},     {"drop", ITEM_STATEMENT},
    {"cut", ITEM_STATEMENT},       {"delay", ITEM_STATEMENT},   {"say", ITEM_STATEMENT},      {"ask", ITEM_STATEMENT},
    {"duplicate", ITEM_STATEMENT}, {"corrupt", ITEM_STATEMENT}, {"crash", ITEM_STATEMENT},    {"boot", ITEM_STATEMENT},
    {"pause", ITEM_STATEMENT},     {"kill", ITEM_STATEMENT},    {"inject", ITEM_STATEMENT},   {"variant", ITEM_VARIANT},
    {"scenario", ITEM_SCENARIO},   {"language", ITEM_LANGUAGE}, {"seed", ITEM_SEED},          {"clock", ITEM_CLOCK},
    {"stop", ITEM_STOP},           {"let", ITEM_LET},           {"firewall", ITEM_MIDDLEBOX}, {"nat", ITEM_MIDDLEBOX},
};

static struct word word_at(const struct reader *r, const struct item *item, uint32_t token)
{
    const struct token *t = &r->tokens[token];
    return (struct word){.text = t->text, .length = t->length, .kind = t->kind, .place = token_place(item->line, t)};
}

static enum item_kind kind_of(const struct word *word)
{
    for (size_t i = 0; i < sizeof first_words / sizeof first_words[0]; i++)
        if (word_is(word, first_words[i].word))
            return first_words[i].kind;
    return ITEM_BROKEN;
}

static struct item *add_item(struct reader *r, const struct line *row)
{
    r->items = arena_grow(r->working, r->items, r->item_count, &r->item_room, sizeof *r->items);
    struct item *item = &r->items[r->item_count++];
    *item = (struct item){.line = row->number,
                          .start = row->first,
                          .first = row->first,
                          .end = row->first + row->count,
                          .label = NO_ITEM,
                          .parent = NO_ITEM,
                          .target = NO_ITEM,
                          .program_of = NO_ITEM,
                          .next_program = NO_ITEM,
                          .replaced_by = NO_ITEM};
    return item;
}

/* ---- one line ---- */

/* `bye: maybe ...`: takes label and maybe off the front. */
static bool front_read(struct reader *r, struct item *item)
{
    struct word word = word_at(r, item, item->first);
    if (word.kind == TOKEN_WORD && word.text[word.length - 1] == ':') {
        word.length--;
        if (!is_name(word.text, word.length))
            return not_a(r, &word, "a label", "a label is letters, digits, _ and -, a letter first");
        item->label = item->first++;
        word = word_at(r, item, item->first);
        if (word.kind == TOKEN_END)
            return report(r, word.place, "a label stands in front of a line, or takes one away: `storm: none`",
                          "there is nothing behind the label"),
                   false;
        if (word_is(&word, "none")) {
            item->kind = ITEM_NONE;
            if (item->first + 1 < item->end) {
                word = word_at(r, item, item->first + 1);
                return report(r, word.place, NULL, "%.*s has no meaning here", SHOWN(&word)), false;
            }
            return true;
        }
    }
    if (word_is(&word, "maybe")) {
        item->maybe = true;
        item->first++;
    }
    return true;
}

/* A line that begins with a word which begins no statement. */
static void unknown_line(struct reader *r, const struct item *item, const struct word *word)
{
    if (word_index(word, call_words) >= 0) {
        const char *help =
            item->variant > 0
                ? "write it, indented further, under an app or service line; or give it the label of the call that it replaces"
                : "write it, indented, under an app or service line";
        report(r, word->place, help, "%.*s is a call of a program", SHOWN(word));
        return;
    }
    const char *help = word_is(word, "maybe") ? "`maybe` stands once, first in the line" : word_shorthand(word);
    if (help == NULL)
        help = near_of(r, word, statement_words,
                       word->kind == TOKEN_END
                           ? "a fault, say or ask stands behind it"
                           : "a line begins with scenario language seed clock stop let host link firewall nat app service expect variant, "
                             "or with a fault, say or ask");
    if (word->kind == TOKEN_END)
        report(r, word->place, help, "a statement is missing");
    else
        not_a(r, word, "a statement", help);
}

/* A line of the base or of a variant, but not of a program. */
static bool line_read(struct reader *r, struct item *item)
{
    if (!front_read(r, item))
        return false;
    if (item->kind == ITEM_NONE)
        return true;
    struct word word = word_at(r, item, item->first);
    if (word.kind == TOKEN_BROKEN)
        return false;
    item->kind = kind_of(&word);
    if (item->label != NO_ITEM && item->variant > 0 && item->kind != ITEM_STATEMENT) {
        item->kind = ITEM_STEP; /* what it replaces will tell */
        return true;
    }
    if (item->kind == ITEM_BROKEN)
        return unknown_line(r, item, &word), false;
    if (item->label != NO_ITEM && item->kind != ITEM_STATEMENT)
        return report(r, item_place(r, item), "a label stands in front of a call, a fault, `say` or `ask`", "%.*s takes no label",
                      SHOWN(&word)),
               false;
    if (item->maybe && item->kind != ITEM_STATEMENT) {
        const char *help = item->kind == ITEM_EXPECT ? "only `expect maybe breaks ...` is allowed"
                                                     : "`maybe` excuses a fault, `say` or `ask` that does not happen";
        return report(r, item_place(r, item), help, "%.*s takes no `maybe`", SHOWN(&word)), false;
    }
    if (item->variant > 0 && (item->kind == ITEM_SCENARIO || item->kind == ITEM_LANGUAGE || item->kind == ITEM_VARIANT))
        return report(r, word.place, "write it at the left margin", "%.*s cannot stand in a variant", SHOWN(&word)), false;
    return true;
}

static bool step_line_read(struct reader *r, struct item *item)
{
    item->kind = ITEM_STEP;
    if (!front_read(r, item))
        return false;
    if (item->maybe) {
        report(r, item_place(r, item), "`maybe` excuses a fault, `say` or `ask` that does not happen", "a call takes no `maybe`");
        return false;
    }
    if (item->kind == ITEM_NONE)
        return report(r, item_place(r, item), "leave the line out", "a label takes a line away only in a variant"), false;
    return true;
}

/* ---- blocks ---- */

static bool indented_wrongly(struct reader *r, const struct item *item, uint32_t indent, uint32_t neighbours)
{
    struct place place = item_place(r, item);
    const char *help = r->lines[item->line - 1][0] == '\t'
                           ? "a tab reaches to the next multiple of 8; lines of one block stand one below the other"
                           : "lines of one block stand one below the other";
    report(r, place, help, "this line is indented by %" PRIu32 ", the lines above it by %" PRIu32, indent, neighbours);
    return false;
}

static bool belongs_nowhere(struct reader *r, const struct item *item)
{
    struct word word = word_at(r, item, item->first);
    const char *help = "only app, service and variant have lines below them";
    if (word_index(&word, call_words) >= 0)
        help = "a call needs an app or service line above it";
    report(r, item_place(r, item), help, "this line is indented, but belongs to no block");
    return false;
}

/* Finds where the line belongs and reads it as that. */
static bool place_line(struct reader *r, struct blocks *open, uint32_t index, uint32_t indent)
{
    struct item *item = &r->items[index];
    if (indent == 0) {
        *open = (struct blocks){.variant = NO_ITEM, .program = NO_ITEM};
    } else if (open->program != NO_ITEM && indent > open->program_indent) {
        if (open->step_indent == 0)
            open->step_indent = indent;
        item->variant = r->items[open->program].variant;
        item->parent = open->program;
        r->items[open->program].steps++;
        if (indent != open->step_indent)
            return indented_wrongly(r, item, indent, open->step_indent);
        return step_line_read(r, item);
    } else if (open->variant != NO_ITEM) {
        open->program = NO_ITEM;
        item->variant = (uint16_t)r->variants;
        if (open->member_indent == 0)
            open->member_indent = indent;
        if (indent != open->member_indent)
            return indented_wrongly(r, item, indent, open->member_indent);
    } else {
        return belongs_nowhere(r, item);
    }
    bool read = line_read(r, item);
    struct word word = word_at(r, item, item->first);
    if (item->kind == ITEM_PROGRAM || word_is(&word, "app") || word_is(&word, "service")) { /* its lines are its own even if it is broken */
        open->program = index;
        open->program_indent = indent;
        open->step_indent = 0;
    }
    return read;
}

static bool variant_opened(struct reader *r, struct blocks *open, uint32_t index)
{
    struct item *item = &r->items[index];
    if (r->variants == SCENARIO_VARIANTS_MAX)
        return report(r, item_place(r, item), NULL, "a scenario has at most %u variants", SCENARIO_VARIANTS_MAX), false;
    r->variant_items[++r->variants] = index;
    *open = (struct blocks){.variant = index, .program = NO_ITEM};
    return true;
}

static void variants_check(struct reader *r)
{
    for (uint32_t v = 1; v <= r->variants; v++) {
        const uint32_t index = r->variant_items[v];
        if (index + 1 == r->item_count || r->items[index + 1].variant != v)
            report(r, item_place(r, &r->items[index]), "what it changes, and what must come of it, stands below it, indented",
                   "this variant says nothing");
    }
}

/* ---- what is stated twice, and what a variant replaces ---- */

/* Text of up to two words and a mark, as a key. */
static const char *key_of(struct reader *r, const struct token *a, const struct token *b, char mark, uint32_t *length)
{
    uint32_t b_length = b == NULL ? 0 : b->length;
    *length = a->length + b_length + 2;
    char *key = arena_take(r->working, *length);
    memcpy(key, a->text, a->length);
    key[a->length] = mark;
    if (b != NULL)
        memcpy(key + a->length + 2, b->text, b_length);
    return key;
}

static bool token_less(const struct token *a, const struct token *b)
{
    int order = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
    return order != 0 ? order < 0 : a->length < b->length;
}

static const char *pair_key(struct reader *r, const struct token *a, const struct token *b, uint32_t *length)
{
    return token_less(a, b) ? key_of(r, a, b, '-', length) : key_of(r, b, a, '-', length);
}

/* The key under which an item may stand once in each variant; NULL for those that may stand often. */
static const char *once_key(struct reader *r, const struct item *item, uint32_t *length)
{
    const struct token *word = &r->tokens[item->first], *name = word + 1;
    bool named = item->first + 1 < item->end;
    switch (item->kind) {
    case ITEM_SCENARIO:
    case ITEM_LANGUAGE:
    case ITEM_SEED:
    case ITEM_CLOCK:
    case ITEM_STOP:
        return key_of(r, word, NULL, '!', length);
    case ITEM_LET:
        return named ? key_of(r, name, NULL, '$', length) : NULL;
    case ITEM_HOST:
    case ITEM_MIDDLEBOX:
        return named ? key_of(r, name, NULL, '@', length) : NULL;
    case ITEM_LINK:
        if (item->first + 3 >= item->end || (name[1].kind != TOKEN_BOTH_WAYS && name[1].kind != TOKEN_ARROW))
            return NULL;
        return name[1].kind == TOKEN_ARROW ? key_of(r, name, name + 2, '>', length) : pair_key(r, name, name + 2, length);
    case ITEM_BROKEN:
    case ITEM_NONE:
    case ITEM_PROGRAM:
    case ITEM_STEP:
    case ITEM_STATEMENT:
    case ITEM_EXPECT:
    case ITEM_VARIANT:
        break;
    }
    return NULL;
}

static void once_check(struct reader *r, uint32_t index)
{
    struct item *item = &r->items[index];
    uint32_t length;
    const char *key = once_key(r, item, &length);
    if (key == NULL)
        return;
    if (item->kind == ITEM_LINK && r->tokens[item->first + 2].kind == TOKEN_ARROW)
        item->pair = pair_key(r, &r->tokens[item->first + 1], &r->tokens[item->first + 3], &item->pair_length);
    bool found;
    uint32_t *first = table_put(&r->table, TABLE_ONCE, item->variant, key, length, &found);
    if (found) {
        bool named = item->kind == ITEM_LET || item->kind == ITEM_HOST || item->kind == ITEM_MIDDLEBOX;
        struct word word = word_at(r, item, named ? item->first + 1 : item->first);
        if (item->kind == ITEM_LINK)
            report(r, item_place(r, item), "one line says all of a link", "this link stands in line %" PRIu32 " already",
                   r->items[*first].line);
        else
            report(r, word.place, NULL, "%.*s stands in line %" PRIu32 " already", SHOWN(&word), r->items[*first].line);
        item->kind = ITEM_BROKEN;
        return;
    }
    *first = index;
}

static void find_target(struct reader *r, struct item *item)
{
    uint32_t length;
    const char *key = once_key(r, item, &length);
    const uint32_t *target = key == NULL ? NULL : table_find(&r->table, TABLE_ONCE, 0, key, length);
    if (target != NULL)
        item->target = *target;
}

static struct word label_of(const struct reader *r, const struct item *item)
{
    struct word label = word_at(r, item, item->label);
    label.length--;
    label.place.width--;
    return label;
}

static void label_define(struct reader *r, uint32_t index)
{
    struct item *item = &r->items[index];
    struct word label = label_of(r, item);
    bool found;
    uint32_t *first = table_put(&r->table, TABLE_LABEL, 0, label.text, label.length, &found);
    if (found)
        report(r, label.place, NULL, "the label %.*s stands in line %" PRIu32 " already", SHOWN(&label), r->items[*first].line);
    else
        *first = index;
}

static const char *label_hint(struct reader *r, const struct word *label)
{
    struct near near;
    near_start(r, &near, label->text, label->length);
    for (uint32_t i = 0; i < r->item_count && near.distance > 0; i++) {
        const struct item *item = &r->items[i];
        if (item->variant > 0 || item->label == NO_ITEM)
            continue;
        struct word other = label_of(r, item);
        near_try(&near, arena_copy(r->working, other.text, other.length));
    }
    return near_hint(r, &near, "write the label in front of the line that the variant replaces");
}

/* A variant's labelled line: what it replaces says what it must be. */
static bool label_resolve(struct reader *r, struct item *item)
{
    struct word label = label_of(r, item);
    const uint32_t *target = table_find(&r->table, TABLE_LABEL, 0, label.text, label.length);
    if (target == NULL) {
        report(r, label.place, label_hint(r, &label), "no line outside the variants is labelled %.*s", SHOWN(&label));
        return false;
    }
    bool found;
    uint32_t *other = table_put(&r->table, TABLE_LABEL, item->variant, label.text, label.length, &found);
    if (found)
        return report(r, label.place, NULL, "the label %.*s stands in line %" PRIu32 " already", SHOWN(&label), r->items[*other].line),
               false;
    *other = (uint32_t)(item - r->items);
    if (item->parent != NO_ITEM) /* a step of a program that the variant gives anew: it stands for itself */
        return true;
    item->target = *target;
    struct item *base = &r->items[*target];
    base->label_used = true;
    bool call = base->kind == ITEM_STEP;
    struct word word = word_at(r, item, item->first);
    bool guard = word_is(&word, "at") || word_is(&word, "when");
    if (item->kind == ITEM_NONE || base->kind == ITEM_BROKEN)
        return true;
    if (call && (word_index(&word, call_words) >= 0 || guard || word_is(&word, "after"))) {
        if (item->maybe)
            return report(r, item_place(r, item), NULL, "a call takes no `maybe`"), false;
        item->kind = ITEM_STEP;
        return true;
    }
    if (!call && item->kind == ITEM_STATEMENT)
        return true;
    if (call && (word_index(&word, statement_words) < 0 || word_is(&word, "maybe"))) /* a misspelt call: the program's reader says so */
        return true;
    report(r, word.place, NULL, "%.*s labels %s in line %" PRIu32 "; another must replace it", SHOWN(&label),
           call ? "a call" : "a fault, say or ask", base->line);
    return false;
}

/* ---- programs of a host ---- */

static void program_link(struct reader *r, uint32_t index)
{
    struct item *item = &r->items[index];
    const struct token *host = &r->tokens[item->first + 1];
    if (item->first + 1 >= item->end)
        return;
    bool found;
    uint32_t *first = table_put(&r->table, TABLE_PROGRAMS, item->variant, host->text, host->length, &found);
    if (!found) {
        *first = index;
    } else { /* the entry of the first holds the last, so that this takes one step */
        struct item *head = &r->items[*first];
        uint32_t last = head->replaced_by == NO_ITEM ? *first : head->replaced_by;
        r->items[last].next_program = index;
        head->replaced_by = index;
    }
}

static void programs_resolve(struct reader *r)
{
    for (uint32_t i = 0; i < r->item_count; i++) {
        struct item *item = &r->items[i];
        item->replaced_by = NO_ITEM;
        if (item->kind != ITEM_PROGRAM || item->first + 1 >= item->end)
            continue;
        const struct token *host = &r->tokens[item->first + 1];
        const uint32_t *base = table_find(&r->table, TABLE_PROGRAMS, 0, host->text, host->length);
        if (base != NULL)
            item->program_of = *base;
    }
}

void layout_run(struct reader *r)
{
    struct blocks open = {.variant = NO_ITEM, .program = NO_ITEM};
    r->items = arena_take(r->working, (r->row_count + 1) * sizeof *r->items);
    r->item_room = r->row_count + 1;
    for (uint32_t i = 0; i < r->row_count; i++) {
        uint32_t index = r->item_count;
        struct item *item = add_item(r, &r->rows[i]);
        bool fine = place_line(r, &open, index, r->rows[i].indent);
        if (fine && item->kind == ITEM_VARIANT)
            fine = variant_opened(r, &open, index);
        if (!fine) {
            item->kind = ITEM_BROKEN;
            continue;
        }
        once_check(r, index);
        if (item->variant == 0 && item->label != NO_ITEM)
            label_define(r, index);
        if (item->kind == ITEM_PROGRAM)
            program_link(r, index);
        if (item->variant == 0 && item->kind == ITEM_NONE) {
            report(r, item_place(r, item), "leave the line out", "a label takes a line away only in a variant");
            item->kind = ITEM_BROKEN;
        }
    }
    variants_check(r);
    for (uint32_t i = 0; i < r->item_count; i++) {
        struct item *item = &r->items[i];
        if (item->variant > 0 && item->kind != ITEM_BROKEN) {
            find_target(r, item);
            if (item->label != NO_ITEM && !label_resolve(r, item))
                item->kind = ITEM_BROKEN;
        }
    }
    programs_resolve(r);
    for (uint32_t i = 0; i < r->item_count; i++) {
        const struct item *item = &r->items[i];
        if (item->kind == ITEM_BROKEN || (item->parent != NO_ITEM && r->items[item->parent].kind == ITEM_BROKEN))
            mention_line(r, item);
    }
}
