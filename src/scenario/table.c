/* SPDX-License-Identifier: MIT */
/* A hash table from (kind, scope, text) to a number. Linear probing, at most half full. */
#include <string.h>

#include "base/mix.h"
#include "scenario/internal.h"

void table_init(struct table *table, struct arena *arena)
{
    *table = (struct table){.arena = arena, .capacity = 128};
    table->entries = arena_take(arena, table->capacity * sizeof *table->entries);
}

static uint64_t hash_of(uint64_t salt, const char *text, uint32_t length)
{
    uint64_t hash = salt;
    for (; length >= 8; length -= 8, text += 8) {
        uint64_t part;
        memcpy(&part, text, sizeof part);
        hash = mix64(hash ^ part);
    }
    uint64_t rest = length;
    for (uint32_t i = 0; i < length; i++)
        rest = rest << 8 | (unsigned char)text[i];
    return mix64(hash ^ rest) | 1; /* zero marks an empty entry */
}

static struct table_entry *slot_of(const struct table *table, uint64_t salt, uint64_t hash, const char *text, uint32_t length)
{
    uint32_t mask = table->capacity - 1;
    for (uint32_t i = (uint32_t)(hash >> 32) & mask;; i = (i + 1) & mask) {
        struct table_entry *entry = &table->entries[i];
        if (entry->hash == 0)
            return entry;
        if (entry->hash == hash && entry->salt == salt && entry->length == length && memcmp(entry->text, text, length) == 0)
            return entry;
    }
}

static uint64_t salt_of(enum table_kind kind, uint32_t scope)
{
    return (uint64_t)kind << 32 | scope;
}

uint32_t *table_find(const struct table *table, enum table_kind kind, uint32_t scope, const char *text, uint32_t length)
{
    uint64_t salt = salt_of(kind, scope);
    struct table_entry *entry = slot_of(table, salt, hash_of(salt, text, length), text, length);
    return entry->hash == 0 ? NULL : &entry->value;
}

static void table_double(struct table *table)
{
    struct table old = *table;
    table->capacity *= 2;
    table->entries = arena_take(table->arena, table->capacity * sizeof *table->entries);
    for (uint32_t i = 0; i < old.capacity; i++) {
        const struct table_entry *entry = &old.entries[i];
        if (entry->hash != 0)
            *slot_of(table, entry->salt, entry->hash, entry->text, entry->length) = *entry;
    }
}

uint32_t *table_put(struct table *table, enum table_kind kind, uint32_t scope, const char *text, uint32_t length, bool *found)
{
    if (table->count * 2 >= table->capacity)
        table_double(table);
    uint64_t salt = salt_of(kind, scope), hash = hash_of(salt, text, length);
    struct table_entry *entry = slot_of(table, salt, hash, text, length);
    *found = entry->hash != 0;
    if (!*found) {
        *entry = (struct table_entry){.text = text, .length = length, .hash = hash, .salt = salt};
        table->count++;
    }
    return &entry->value;
}
