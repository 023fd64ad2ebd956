/* SPDX-License-Identifier: MIT */
/* Nothing is silent: what only the whole variant, or the whole file, can tell. */
#include <inttypes.h>
#include <string.h>

#include "scenario/internal.h"

/* ---- a variant ---- */

/* The words of a line as one text, so that spacing does not make two expectations of one. */
static const char *words_of(struct reader *r, const struct item *item, uint32_t *length)
{
    size_t bytes = 1;
    for (uint32_t i = item->first; i < item->end; i++)
        bytes += r->tokens[i].length + 1u;
    char *text = arena_take(r->working, bytes), *to = text;
    for (uint32_t i = item->first; i < item->end; i++) {
        memcpy(to, r->tokens[i].text, r->tokens[i].length);
        to += r->tokens[i].length;
        *to++ = ' ';
    }
    *length = (uint32_t)(to - text);
    return text;
}

void check_same_expectation(struct reader *r, const struct item *item)
{
    uint32_t length;
    const char *text = words_of(r, item, &length);
    bool found;
    uint32_t *line = table_put(&r->table, TABLE_EXPECT, r->variant, text, length, &found);
    if (found)
        report(r, item_place(r, item), "leave one of them out", "this expectation stands in line %" PRIu32 " already", *line);
    else
        *line = item->line;
}

/* Two services on one port; a connection that gets one name at either end. */
static void services_check(struct reader *r)
{
    const struct story *story = r->story;
    for (uint32_t i = 0; i < story->program_count; i++) {
        const struct story_program *service = &story->programs[i];
        if (!service->service)
            continue;
        bool found;
        uint32_t *key = arena_take(r->working, 2 * sizeof *key);
        key[0] = service->host;
        key[1] = service->port;
        uint32_t *first = table_put(&r->table, TABLE_PORT, r->variant, (const char *)key, 2 * sizeof *key, &found);
        if (found)
            report(r, service->place, "one service listens on a port", "%s serves port %u in line %" PRIu32 " already",
                   story->nodes[service->host].name, (unsigned)service->port, story->programs[*first].place.line);
        else
            *first = i;
    }
    for (uint32_t i = 0; i < story->step_count; i++) {
        const struct story_step *step = &story->steps[i];
        uint32_t key[2] = {step->host, step->port};
        const uint32_t *service = table_find(&r->table, TABLE_PORT, r->variant, (const char *)key, sizeof key);
        if (step->call != CALL_CONNECT || step->name == STORY_NONE || service == NULL)
            continue;
        const struct story_program *program = &story->programs[*service];
        if (program->name != STORY_NONE && program->name != step->name)
            report(r, step->place, "a name given at either end names both", "this connection is %s here and %s in line %" PRIu32,
                   r->names[step->name].text, r->names[program->name].text, program->place.line);
    }
}

static void boots_check(struct reader *r)
{
    const struct story *story = r->story;
    bool boots[SCENARIO_NODES_MAX] = {false};
    for (uint32_t i = 0; i < story->statement_count; i++)
        if (story->statements[i].kind == STATEMENT_BOOT)
            boots[story->statements[i].from] = true;
    for (uint32_t i = 0; i < story->program_count && !r->broken_statement && !r->broken_program; i++) {
        const struct story_program *program = &story->programs[i];
        if (!program->after_boot || boots[program->host])
            continue;
        const char *host = story->nodes[program->host].name;
        report(r, program->place, hint(r, "write `at 3s  crash %s`, then `at 5s  boot %s`", host, host), "%s never boots", host);
    }
}

void check_variant(struct reader *r)
{
    if (!r->broken_program)
        services_check(r);
    boots_check(r);
}

/* ---- the file ---- */

static void labels_check(struct reader *r)
{
    for (uint32_t i = 0; i < r->item_count; i++) {
        const struct item *item = &r->items[i];
        if (item->variant > 0 || item->label == NO_ITEM || item->kind == ITEM_BROKEN || item->label_used)
            continue;
        struct place place = token_place(item->line, &r->tokens[item->label]);
        char *label = arena_copy(r->working, r->tokens[item->label].text, r->tokens[item->label].length - 1);
        place.width--;
        if (!mentioned(r, label))
            report(r, place, "a variant replaces the line by it, or takes it away; leave it out otherwise", "no variant uses the label %s",
                   label);
    }
}

static const char *name_hint(struct reader *r, const struct connection_name *name)
{
    struct near near;
    near_start(r, &near, name->text, (uint32_t)strlen(name->text));
    for (uint32_t i = 0; i < r->name_count && near.distance > 0; i++)
        if (r->names[i].defined.line != 0)
            near_try(&near, r->names[i].text);
    return near_hint(
        r, &near,
        hint(r, "name it where it is made: `connect server:80 as %.*s`", shown(name->text, (uint32_t)strlen(name->text)), name->text));
}

static void names_check(struct reader *r)
{
    for (uint32_t i = 0; i < r->name_count; i++) {
        const struct connection_name *name = &r->names[i];
        int length = shown(name->text, (uint32_t)strlen(name->text));
        if (mentioned(r, name->text))
            continue;
        if (name->defined.line == 0)
            report(r, name->used, name_hint(r, name), "no connection is called %.*s", length, name->text);
        else if (name->used.line == 0)
            report(r, name->defined, "leave `as NAME` out", "no line uses the name %.*s", length, name->text);
    }
}

static void lets_check(struct reader *r)
{
    for (uint32_t i = 0; i < r->let_symbol_count; i++) {
        const struct let_symbol *symbol = &r->let_symbols[i];
        if (!symbol->used && symbol->place.line > 0 && !mentioned(r, symbol->name))
            report(r, symbol->place, hint(r, "use it as $%s, or leave it out", symbol->name), "no line uses %s", symbol->name);
    }
}

void check_file(struct reader *r)
{
    labels_check(r);
    names_check(r);
    lets_check(r);
}
