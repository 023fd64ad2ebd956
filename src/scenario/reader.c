/* SPDX-License-Identifier: MIT */
/* Reads a file: words, items, then each variant. Each variant is parsed in full so that every error of the file is found at
 * once; the one that was asked for becomes the story. */
#include "scenario/reader.h"

#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "scenario/internal.h"

/* ---- lines about the run as a whole ---- */

static bool seed_read(struct reader *r)
{
    uint64_t seed = 0;
    struct word word = r->word;
    if (word.kind != TOKEN_WORD)
        return expected(r, "a number", "write `seed 7`");
    for (uint32_t i = 0; i < word.length; i++) {
        if (word.text[i] < '0' || word.text[i] > '9')
            return expected(r, "a number", "a seed is a whole number: `seed 7`");
        if (__builtin_mul_overflow(seed, UINT64_C(10), &seed) || __builtin_add_overflow(seed, (uint64_t)(word.text[i] - '0'), &seed))
            return report(r, word.place, "a seed has 64 bits", "%.*s is too large", SHOWN(&word)), false;
    }
    r->story->seed = seed;
    cursor_next(r);
    return cursor_end(r, NULL);
}

/* Digits of one part of a clock, at most `length`; -1 if there is none. */
static int64_t clock_part(const struct word *word, uint32_t *at, uint32_t least, uint32_t most)
{
    int64_t value = 0;
    uint32_t n = 0;
    for (; n < most && *at < word->length && word->text[*at] >= '0' && word->text[*at] <= '9'; n++, ++*at)
        value = value * 10 + (word->text[*at] - '0');
    return n >= least ? value : -1;
}

static bool clock_read(struct reader *r)
{
    static const char *const form = "write `clock 10:30:01.123`: hours, minutes, seconds";
    struct word word = r->word;
    if (word.kind != TOKEN_WORD)
        return expected(r, "a time of day", form);
    uint32_t at = 0;
    int64_t parts[3] = {0, 0, 0}, fraction = 0;
    bool fine = true;
    for (int i = 0; i < 3 && fine; i++) {
        parts[i] = clock_part(&word, &at, i == 0 ? 1 : 2, 2);
        fine = parts[i] >= 0 && parts[i] < (i == 0 ? 24 : 60);
        if (i == 1 && at == word.length) /* seconds may be left out */
            break;
        if (i < 2)
            fine = fine && at < word.length && word.text[at++] == ':';
    }
    if (fine && at < word.length && word.text[at] == '.') {
        uint32_t from = ++at;
        fraction = clock_part(&word, &at, 1, 9);
        fine = fraction >= 0;
        for (uint32_t digits = at - from; digits < 9; digits++)
            fraction *= 10;
    }
    if (!fine || at != word.length)
        return expected(r, "a time of day", form);
    r->story->clock_ns = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * NS_PER_S + fraction;
    cursor_next(r);
    return cursor_end(r, NULL);
}

static bool stop_read(struct reader *r)
{
    const int64_t day = 24 * 3600 * NS_PER_S;
    struct value value;
    struct place place = r->word.place;
    if (!duration_taken(r, &value, "a duration"))
        return false;
    if (value.high > day)
        return report(r, place, NULL, "a run lasts at most 24h"), false;
    STORE(r, r->story->stop_ns, &value);
    r->stop_ns = value.high;
    r->stop_place = place;
    return cursor_end(r, NULL);
}

static bool language_read(struct reader *r)
{
    if (!word_is(&r->word, "1"))
        return expected(r, "a version of the language that this lastack knows", "it knows `language 1`");
    cursor_next(r);
    return cursor_end(r, NULL);
}

static bool head_read(struct reader *r)
{
    enum item_kind kind = r->item->kind;
    cursor_next(r);
    switch ((int)kind) {
    case ITEM_SCENARIO:
        return string_taken(r, &r->story->title, "a title") && cursor_end(r, NULL);
    case ITEM_LANGUAGE:
        return language_read(r);
    case ITEM_SEED:
        return seed_read(r);
    case ITEM_CLOCK:
        return clock_read(r);
    default:
        return stop_read(r);
    }
}

static void title_from_file(struct reader *r)
{
    const char *name = r->story->file, *slash = strrchr(name, '/');
    if (r->story->title != NULL)
        return;
    name = slash == NULL ? name : slash + 1;
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".scn") == 0)
        length -= 4;
    r->story->title = arena_copy(r->arena, name, length);
}

/* ---- lets ---- */

static struct let_symbol *symbol_of(struct reader *r, const char *name, struct place place, uint32_t *index)
{
    bool found;
    uint32_t *symbol = table_put(&r->table, TABLE_LET, 0, name, (uint32_t)strlen(name), &found);
    if (!found) {
        *symbol = r->let_symbol_count;
        r->let_symbols = arena_grow(r->working, r->let_symbols, r->let_symbol_count, &r->let_symbol_room, sizeof *r->let_symbols);
        r->let_symbols[r->let_symbol_count++] = (struct let_symbol){.name = name, .place = place};
    }
    *index = *symbol;
    return &r->let_symbols[*symbol];
}

static void lets_parse(struct reader *r)
{
    for (uint32_t i = 0; i < r->item_count; i++) {
        struct item *item = &r->items[i];
        if (item->kind != ITEM_LET)
            continue;
        struct let *let = let_parse(r, item);
        if (let == NULL) {
            item->kind = ITEM_BROKEN;
            mention_line(r, item);
            continue;
        }
        symbol_of(r, let->name, let->place, &let->symbol);
        item->let = let;
    }
}

static const char *lets_named(struct reader *r)
{
    char list[200] = "";
    for (uint32_t i = 0; i < r->let_symbol_count; i++) {
        if (strlen(list) + strlen(r->let_symbols[i].name) + 2 >= sizeof list)
            break;
        strcat(strcat(list, " "), r->let_symbols[i].name);
    }
    return *list == '\0' ? "it has no let" : hint(r, "its lets are:%s", list);
}

/* --set NAME=VALUE: in every variant, whatever the file says. */
static void sets_apply(struct reader *r)
{
    static const struct place nowhere = {0, 0, 0};
    for (unsigned i = 0; i < r->options->set_count; i++) {
        const char *name = r->options->sets[i].name, *text = r->options->sets[i].value;
        const uint32_t *symbol = table_find(&r->table, TABLE_LET, 0, name, (uint32_t)strlen(name));
        if (symbol == NULL) {
            report(r, nowhere, lets_named(r), "--set %.*s: the file has no let of that name", shown(name, (uint32_t)strlen(name)), name);
            continue;
        }
        struct let *let = arena_take(r->working, sizeof *let);
        let->name = r->let_symbols[*symbol].name;
        let->symbol = *symbol;
        let->token = (struct token){.text = arena_copy(r->kept, text, strlen(text)), .length = (uint32_t)strlen(text), .kind = TOKEN_WORD};
        struct word word = {.text = let->token.text, .length = let->token.length, .kind = TOKEN_WORD};
        if (word.length == 0 || word.length > 1000 || word.text[0] == '$')
            report(r, nowhere, "write --set NAME=VALUE", "--set %s: a value is missing", let->name);
        else if (value_range(r, &word, let, &let->range)) {
            r->let_symbols[*symbol].current = let;
            r->let_symbols[*symbol].set = true;
        }
    }
}

static void lets_of_variant(struct reader *r)
{
    for (uint32_t i = 0; i < r->let_symbol_count; i++)
        if (!r->let_symbols[i].set)
            r->let_symbols[i].current = NULL;
    for (uint32_t i = 0; i < r->list_count; i++) {
        const struct let *let = r->items[r->list[i].item].let;
        if (let != NULL && !r->let_symbols[let->symbol].set)
            r->let_symbols[let->symbol].current = let;
    }
}

/* The ranges of the variant, with the places that they are written to. */
static void lets_into_story(struct reader *r)
{
    struct story *story = r->story;
    story->lets = arena_take(r->arena, (r->let_symbol_count + 1) * sizeof *story->lets);
    story->let_uses = arena_take(r->arena, (r->use_count + 1) * sizeof *story->let_uses);
    uint32_t *slots = arena_take(r->working, (r->let_symbol_count + 1) * sizeof *slots);
    for (uint32_t use = 0; use < r->use_count; use++)
        if (r->uses[use].let != NULL)
            slots[r->uses[use].let->symbol]++;
    for (uint32_t i = 0; i < r->let_symbol_count; i++) {
        const struct let *let = r->let_symbols[i].current;
        uint32_t uses = slots[i];
        slots[i] = story->let_use_count;
        if (let == NULL || !let->range)
            continue;
        story->lets[story->let_count++] = (struct story_let){.name = let->name,
                                                             .unit = let->unit,
                                                             .low = let->low,
                                                             .high = let->high,
                                                             .step = let->step,
                                                             .first_use = story->let_use_count,
                                                             .uses = uses,
                                                             .fixed = false};
        story->let_use_count += uses;
    }
    for (uint32_t use = 0; use < r->use_count; use++)
        if (r->uses[use].let != NULL)
            story->let_uses[slots[r->uses[use].let->symbol]++] = r->uses[use].use;
}

/* ---- one variant ---- */

static void story_start(struct reader *r)
{
    struct story *story = r->story = arena_take(r->arena, sizeof *story);
    uint32_t nodes = 0, links = 0, programs = 0, steps = 0, statements = 0, expects = 0;
    for (uint32_t i = 0; i < r->list_count; i++) {
        enum item_kind kind = r->items[r->list[i].item].kind;
        nodes += kind == ITEM_HOST || kind == ITEM_MIDDLEBOX;
        links += kind == ITEM_LINK;
        programs += kind == ITEM_PROGRAM;
        steps += kind == ITEM_STEP;
        statements += kind == ITEM_STATEMENT;
        expects += kind == ITEM_EXPECT;
    }
    nodes = nodes < SCENARIO_NODES_MAX ? nodes : SCENARIO_NODES_MAX;
    story->nodes = arena_take(r->arena, (nodes + 1) * sizeof *story->nodes);
    story->links = arena_take(r->arena, (links + 1) * sizeof *story->links);
    story->programs = arena_take(r->arena, (programs + 1) * sizeof *story->programs);
    story->steps = arena_take(r->arena, (steps + 1) * sizeof *story->steps);
    story->statements = arena_take(r->arena, (statements + 1) * sizeof *story->statements);
    story->expects = arena_take(r->arena, (expects + 1) * sizeof *story->expects);
    story->file = arena_copy(r->arena, r->file_name, strlen(r->file_name));
    story->variant = (uint16_t)r->variant;
    story->variants = (uint16_t)r->variants;
    story->seed = 1;
    story->clock_ns = -1;
    story->stop_ns = r->stop_ns = TIME_NEVER;
    r->use_count = 0;
    r->path_state_room = r->match_room = 0;
    r->broken_program = r->broken_statement = false;
    r->talks = NULL;
}

static void heads_read(struct reader *r)
{
    for (uint32_t i = 0; i < r->list_count; i++) {
        const struct item *item = &r->items[r->list[i].item];
        if (item->kind < ITEM_SCENARIO || item->kind > ITEM_STOP)
            continue;
        cursor_set(r, item, r->list[i].inherited);
        if (!head_read(r))
            mention_line(r, item);
    }
}

static void programs_read(struct reader *r)
{
    struct story *story = r->story;
    bool header_fine = false;
    for (uint32_t i = 0; i < r->list_count; i++) {
        const struct item *item = &r->items[r->list[i].item];
        bool fine = true;
        if (item->kind == ITEM_PROGRAM) {
            struct story_program *program = &story->programs[story->program_count++];
            cursor_set(r, item, r->list[i].inherited);
            program->first_step = story->step_count;
            fine = header_fine = program_read(r, program);
            r->program_host = program->host;
        } else if (item->kind == ITEM_STEP) {
            struct story_program *program = &story->programs[story->program_count - 1];
            cursor_set(r, item, r->list[i].inherited);
            fine = header_fine && step_read(r, &story->steps[story->step_count]);
            story->step_count++;
            program->steps++;
        }
        if (!fine) {
            mention_line(r, item);
            r->broken_program = true;
        }
    }
}

static void statements_read(struct reader *r)
{
    struct story *story = r->story;
    for (uint32_t i = 0; i < r->list_count; i++) {
        const struct item *item = &r->items[r->list[i].item];
        if (item->kind != ITEM_STATEMENT)
            continue;
        cursor_set(r, item, r->list[i].inherited);
        if (statement_read(r, &story->statements[story->statement_count])) {
            story->statement_count++;
        } else {
            mention_line(r, item);
            r->broken_statement = true;
        }
    }
}

static void expects_read(struct reader *r)
{
    struct story *story = r->story;
    for (uint32_t i = 0; i < r->list_count; i++) {
        const struct item *item = &r->items[r->list[i].item];
        if (item->kind != ITEM_EXPECT)
            continue;
        cursor_set(r, item, r->list[i].inherited);
        if (expect_read(r, &story->expects[story->expect_count])) {
            story->expect_count++;
            check_same_expectation(r, item);
        } else {
            mention_line(r, item);
        }
    }
}

static void hosts_asked(struct reader *r)
{
    static const struct place nowhere = {0, 0, 0};
    for (unsigned i = 0; i < r->options->host_profile_count; i++) {
        const char *host = r->options->host_profiles[i].host;
        struct word word = {.text = host, .length = (uint32_t)strlen(host), .kind = TOKEN_WORD};
        if (node_find(r, &word) == STORY_NONE)
            report(r, nowhere, NULL, "--profile %.*s=...: there is no such host", SHOWN(&word));
    }
}

static void variant_title_read(struct reader *r, uint32_t variant)
{
    const struct item *item = &r->items[r->variant_items[variant]];
    cursor_set(r, item, false);
    cursor_next(r);
    const char *title = NULL;
    if (!string_taken(r, &title, "a title") || !cursor_end(r, NULL))
        mention_line(r, item);
    r->story->variant_title = title;
}

static void variant_read(struct reader *r, uint32_t variant)
{
    variant_list(r, variant);
    lets_of_variant(r);
    story_start(r);
    if (variant > 0)
        variant_title_read(r, variant);
    heads_read(r);
    title_from_file(r);
    world_read(r);
    if (variant == r->options->variant)
        hosts_asked(r);
    programs_read(r);
    statements_read(r);
    expects_read(r);
    check_variant(r);
    lets_into_story(r);
}

/* ---- the file ---- */

static void options_check(struct reader *r)
{
    static const struct place nowhere = {0, 0, 0};
    static const char *const help = "profiles are rfc9293, linux, freebsd and windows";
    enum profile_id id;
    const struct scenario_options *options = r->options;
    if (options->variant > r->variants)
        report(r, nowhere, NULL, "there is no variant %u: the file has %" PRIu32, (unsigned)options->variant, r->variants);
    if (options->profile_all != NULL && !profile_find(options->profile_all, &id))
        report(r, nowhere, help, "%.60s is not a profile", options->profile_all);
    for (unsigned i = 0; i < options->host_profile_count; i++)
        if (!profile_find(options->host_profiles[i].profile, &id))
            report(r, nowhere, help, "%.60s is not a profile", options->host_profiles[i].profile);
}

static bool anything_to_read(struct reader *r)
{
    static const struct place whole = {0, 0, 0};
    const char *help = "`lastack new` prints a first file to fill in";
    bool hosts = false;
    for (uint32_t i = 0; i < r->item_count; i++)
        hosts = hosts || r->items[i].kind == ITEM_HOST || r->items[i].kind == ITEM_BROKEN;
    if (r->row_count == 0)
        report(r, whole, help, "the file is empty: a scenario has hosts");
    else if (!hosts)
        report(r, whole, help, "the scenario has no hosts");
    return r->row_count > 0;
}

static struct story *file_read(struct reader *r, const char *text, size_t length)
{
    struct story *story = NULL;
    if (!lexer_run(r, text, length))
        return NULL;
    layout_run(r);
    if (!anything_to_read(r))
        return NULL;
    options_check(r);
    r->list = arena_take(r->working, (r->item_count + 1) * sizeof *r->list);
    r->arena = r->kept;
    lets_parse(r);
    sets_apply(r);
    for (uint32_t variant = 0; variant <= r->variants; variant++) {
        bool asked = variant == r->options->variant;
        if (!asked && r->passing == NULL)
            r->passing = arena_new(16 * 1024);
        r->arena = asked ? r->kept : r->passing;
        variant_read(r, variant);
        if (asked)
            story = r->story;
        else
            arena_reset(r->passing);
    }
    check_file(r);
    return story;
}

static void story_finish(struct reader *r, struct story *story)
{
    story->lines = r->lines;
    story->line_count = r->line_count;
    story->names = arena_take(r->kept, (r->name_count + 1) * sizeof *story->names);
    for (uint32_t i = 0; i < r->name_count; i++)
        story->names[story->name_count++] = r->names[i].text;
    story->arena = r->kept;
    story_draw(story, r->options->seed_given ? r->options->seed : story->seed);
}

struct story *scenario_read(const char *file_name, const char *text, size_t length, const struct scenario_options *options,
                            struct diagnostics *diagnostics)
{
    static const struct scenario_options none;
    struct reader reader = {.file_name = file_name, .options = options == NULL ? &none : options, .diagnostics = diagnostics};
    memset(diagnostics, 0, sizeof *diagnostics);
    size_t chunk = length < 64 * 1024 ? 4096 + length * 12 : 1024 * 1024;
    reader.kept = arena_new(chunk);
    reader.working = arena_new(chunk);
    table_init(&reader.table, reader.working);
    struct story *story = file_read(&reader, text, length);
    if (diagnostics->count == 0)
        story_finish(&reader, story);
    else
        arena_free(reader.kept);
    arena_free(reader.working);
    arena_free(reader.passing);
    return diagnostics->count == 0 ? story : NULL;
}
