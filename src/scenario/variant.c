/* SPDX-License-Identifier: MIT */
/* The items that a variant consists of: the base's lines in file order, each replacement at the place of what it replaces,
 * then what comes in addition. */
#include <inttypes.h>

#include "scenario/internal.h"

static void list_add(struct reader *r, uint32_t item)
{
    r->list[r->list_count++] = (struct entry){item, r->variant > 0 && r->items[item].variant == 0};
}

/* A program and its steps, those that the variant replaces included. */
static void list_program(struct reader *r, uint32_t program)
{
    list_add(r, program);
    for (uint32_t i = program + 1; i <= program + r->items[program].steps; i++) {
        uint32_t by = r->items[i].replaced_by;
        if (by == NO_ITEM)
            list_add(r, i);
        else if (r->items[by].kind != ITEM_NONE)
            list_add(r, by);
    }
}

static void list_chain(struct reader *r, uint32_t program)
{
    for (; program != NO_ITEM; program = r->items[program].next_program)
        list_program(r, program);
}

/* The variant's first program of the host whose base programs begin with `base`, or NO_ITEM. */
static uint32_t given_anew(const struct reader *r, uint32_t base)
{
    if (r->variant == 0 || base == NO_ITEM)
        return NO_ITEM;
    const struct token *host = &r->tokens[r->items[base].first + 1];
    const uint32_t *first = table_find(&r->table, TABLE_PROGRAMS, r->variant, host->text, host->length);
    return first == NULL ? NO_ITEM : *first;
}

/* A variant's `link a -- b` says all of that link: the base's lines for one direction go too. */
static bool link_restated(const struct reader *r, const struct item *item)
{
    return item->pair != NULL && table_find(&r->table, TABLE_ONCE, r->variant, item->pair, item->pair_length) != NULL;
}

static void replacements_find(struct reader *r)
{
    for (uint32_t i = 0; i < r->item_count; i++)
        r->items[i].replaced_by = NO_ITEM;
    if (r->variant == 0)
        return;
    for (uint32_t i = r->variant_items[r->variant] + 1; i < r->item_count && r->items[i].variant == r->variant; i++) {
        struct item *item = &r->items[i];
        if (item->kind == ITEM_BROKEN || item->target == NO_ITEM)
            continue;
        const struct item *base = &r->items[item->target];
        uint32_t anew = base->parent == NO_ITEM ? NO_ITEM : given_anew(r, r->items[base->parent].program_of);
        if (anew != NO_ITEM) {
            report(r, item_place(r, item), "put the call into the program that the variant gives",
                   "the variant gives this program anew in line %" PRIu32 ", so no line of the old one can be replaced",
                   r->items[anew].line);
            item->kind = ITEM_BROKEN;
            mention_line(r, item);
            continue;
        }
        r->items[item->target].replaced_by = i;
    }
}

static void list_base_item(struct reader *r, uint32_t i)
{
    const struct item *item = &r->items[i];
    uint32_t anew = item->kind == ITEM_PROGRAM ? given_anew(r, item->program_of) : NO_ITEM;
    if (anew != NO_ITEM) {
        if (item->program_of == i)
            list_chain(r, anew);
    } else if (item->kind == ITEM_PROGRAM) {
        list_program(r, i);
    } else if (item->replaced_by != NO_ITEM) {
        if (r->items[item->replaced_by].kind != ITEM_NONE)
            list_add(r, item->replaced_by);
    } else if (!(r->variant > 0 && (item->kind == ITEM_EXPECT || link_restated(r, item)))) {
        list_add(r, i);
    }
}

void variant_list(struct reader *r, uint32_t variant)
{
    r->variant = variant;
    r->list_count = 0;
    replacements_find(r);
    for (uint32_t i = 0; i < r->item_count; i++) {
        const struct item *item = &r->items[i];
        if (item->variant == 0 && item->kind > ITEM_NONE && item->kind != ITEM_STEP && item->kind != ITEM_VARIANT)
            list_base_item(r, i);
    }
    if (variant == 0)
        return;
    for (uint32_t i = r->variant_items[variant] + 1; i < r->item_count && r->items[i].variant == variant; i++) {
        const struct item *item = &r->items[i];
        if (item->kind <= ITEM_NONE || item->parent != NO_ITEM || item->target != NO_ITEM)
            continue;
        if (item->kind != ITEM_PROGRAM)
            list_add(r, i);
        else if (item->program_of == NO_ITEM)
            list_program(r, i);
    }
}
