/* SPDX-License-Identifier: MIT */
/* The same file under several profiles: what comes out differently, and which constants make it so, found by playing. */
#include <stdlib.h>
#include <string.h>

#include "app/what_if.h"
#include "view/outline.h"

#define EFFECTS_TOLD 2u
#define TRIES_WORTH UINT64_C(50000000) /* events in all: beyond, the constants are not tried */

struct column {
    enum profile_id id;
    struct play play;
    struct outline outline;
};
struct comparison {
    struct given given;
    const char *path;
    struct column columns[PROFILES];
    unsigned count;
    bool all;
};

static bool same(const struct outline_row *a, const struct outline_row *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a->is.bytes, b->is.bytes) == 0);
}

/* How many rows of the two differ. */
static unsigned distance(const struct outline *a, const struct outline *b)
{
    unsigned different = 0;
    for (uint32_t i = 0; i < a->count; i++)
        different += !same(&a->rows[i], outline_at(b, a->rows[i].place));
    for (uint32_t i = 0; i < b->count; i++)
        different += outline_at(a, b->rows[i].place) == NULL;
    return different;
}

/* ---- the runs ---- */

/* Reads and plays the file with this column's profile on every host that was not given another. */
static enum status play_column(struct comparison *comparison, struct column *column, struct scenario_options options)
{
    struct text again = {0};
    column->play.options = options;
    column->play.options.profile_all = profile_name(column->id);
    enum status status = play_open(&column->play, comparison->path);
    if (status == STATUS_HELD)
        status = play_read(&column->play);
    if (status == STATUS_HELD) {
        play_again(&again, &column->play);
        status = play_run(&column->play, TIME_NEVER, again.bytes);
    }
    if (status == STATUS_HELD || status == STATUS_FAILED) {
        view_outline(&column->outline, column->play.story, &column->play.trace, &column->play.judgement);
        status = column->outline.failed ? STATUS_OUTSIDE : STATUS_HELD;
    }
    text_free(&again);
    return status;
}

/* ---- the table ---- */

static void pad(struct text *out, const char *words, unsigned width)
{
    const size_t length = strlen(words);
    text_puts(out, words);
    text_repeat(out, " ", (unsigned)(length < width ? width - length : 1));
}

static void line_end(struct text *out)
{
    while (out->length > 0 && out->bytes[out->length - 1] == ' ')
        out->length--;
    text_putc(out, '\n');
}

/* The next place that any column has a row for, at or beyond `from`; UINT64_MAX: none. */
static uint64_t next_place(const struct comparison *comparison, uint64_t from)
{
    uint64_t next = UINT64_MAX;
    for (unsigned c = 0; c < comparison->count; c++) {
        const struct outline *outline = &comparison->columns[c].outline;
        for (uint32_t i = 0; i < outline->count; i++) {
            if (outline->rows[i].place >= from && outline->rows[i].place < next)
                next = outline->rows[i].place;
        }
    }
    return next;
}

static const char *cell(const struct comparison *comparison, unsigned c, uint64_t place)
{
    const struct outline_row *row = outline_at(&comparison->columns[c].outline, place);
    return row != NULL ? row->is.bytes : "-";
}

static bool differs(const struct comparison *comparison, uint64_t place)
{
    for (unsigned c = 1; c < comparison->count; c++) {
        if (strcmp(cell(comparison, c, place), cell(comparison, 0, place)) != 0)
            return true;
    }
    return false;
}

static const char *what(const struct comparison *comparison, uint64_t place)
{
    const struct outline_row *row = NULL;
    for (unsigned c = 0; c < comparison->count && row == NULL; c++)
        row = outline_at(&comparison->columns[c].outline, place);
    return row != NULL ? row->what.bytes : "";
}

/* Returns how many rows are the same in all columns. */
static unsigned table(struct text *out, const struct comparison *comparison)
{
    unsigned widths[PROFILES + 1] = {0}, equal = 0;
    for (uint64_t at = next_place(comparison, 0); at != UINT64_MAX; at = next_place(comparison, at + 1)) {
        const bool shown = differs(comparison, at) || comparison->all;
        equal += !differs(comparison, at);
        for (unsigned c = 0; c <= comparison->count && shown; c++) {
            const size_t length = strlen(c == 0 ? what(comparison, at) : cell(comparison, c - 1, at));
            widths[c] = length > widths[c] ? (unsigned)length : widths[c];
        }
    }
    for (unsigned c = 0; c <= comparison->count; c++) {
        const char *head = c == 0 ? "" : profile_name(comparison->columns[c - 1].id);
        widths[c] = strlen(head) > widths[c] ? (unsigned)strlen(head) : widths[c];
        pad(out, head, widths[c] + 2);
    }
    line_end(out);
    for (uint64_t at = next_place(comparison, 0); at != UINT64_MAX; at = next_place(comparison, at + 1)) {
        if (!differs(comparison, at) && !comparison->all)
            continue;
        for (unsigned c = 0; c <= comparison->count; c++)
            pad(out, c == 0 ? what(comparison, at) : cell(comparison, c - 1, at), widths[c] + 2);
        line_end(out);
    }
    return equal;
}

/* ---- which constants ---- */

/* A constant in which another column differs from the first. */
struct constant {
    enum profile_field field;
    struct change *changes; /* one for each host */
    unsigned count;
    bool counts; /* it takes part in the difference */
    bool alone; /* it has an effect by itself */
    struct text effects;
};

/* Gives the first column's hosts this constant of column c. */
static void changes_of(const struct comparison *comparison, unsigned c, struct constant *constant)
{
    const struct story *mine = comparison->columns[0].play.story, *theirs = comparison->columns[c].play.story;
    for (uint16_t i = 0; i < mine->node_count; i++) {
        const int64_t value = profile_get(&theirs->nodes[i].profile, constant->field);
        if (mine->nodes[i].kind == NODE_HOST && profile_get(&mine->nodes[i].profile, constant->field) != value)
            constant->changes[constant->count++] =
                (struct change){.kind = CHANGE_PROFILE, .index = i, .field = constant->field, .value = value};
    }
}

/* Plays the first column's run with these changes. */
static enum status outline_with(const struct comparison *comparison, const struct change *changes, unsigned count, struct outline *outline)
{
    struct play other = {0};
    enum status status = change_play(&other, &comparison->columns[0].play, changes, count, TIME_NEVER);
    if (status == STATUS_HELD) {
        view_outline(outline, other.story, &other.trace, &other.judgement);
        status = outline->failed ? STATUS_OUTSIDE : STATUS_HELD;
    }
    play_free(&other);
    return status;
}

/* Plays it with all constants that count, and says in how many rows it differs from column c. `scratch` has room for all changes. */
static enum status distance_with(const struct comparison *comparison, unsigned c, const struct constant *constants, struct change *scratch,
                                 unsigned *rows)
{
    struct outline outline = {0};
    unsigned count = 0;
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        for (unsigned i = 0; i < constants[f].count && constants[f].counts; i++)
            scratch[count++] = constants[f].changes[i];
    }
    enum status status = outline_with(comparison, scratch, count, &outline);
    if (status == STATUS_HELD)
        *rows = distance(&comparison->columns[c].outline, &outline);
    outline_free(&outline);
    return status;
}

static void effects(struct text *out, const struct outline *before, const struct outline *after)
{
    unsigned told = 0, more = 0;
    for (uint32_t i = 0; i < before->count + after->count; i++) {
        const bool gone = i < before->count;
        const struct outline_row *row = gone ? &before->rows[i] : &after->rows[i - before->count];
        const struct outline_row *other = outline_at(gone ? after : before, row->place);
        if (gone ? same(row, other) : other != NULL)
            continue;
        if (told++ >= EFFECTS_TOLD)
            more++;
        else if (gone)
            text_printf(out, "      %s: %s, not %s\n", row->what.bytes, other != NULL ? other->is.bytes : "-", row->is.bytes);
        else
            text_printf(out, "      %s: %s, not -\n", row->what.bytes, row->is.bytes);
    }
    if (more > 0)
        text_printf(out, "      and %u more line%s\n", more, more == 1 ? "" : "s");
}

/* What each does alone. */
static enum status try_alone(const struct comparison *comparison, struct constant *constants)
{
    const struct outline *first = &comparison->columns[0].outline;
    enum status status = STATUS_HELD;
    for (unsigned f = 0; f < PROFILE_FIELDS && status == STATUS_HELD; f++) {
        struct constant *constant = &constants[f];
        struct outline outline = {0};
        if (constant->count == 0)
            continue;
        status = outline_with(comparison, constant->changes, constant->count, &outline);
        if (status == STATUS_HELD && distance(first, &outline) > 0) {
            constant->alone = true;
            effects(&constant->effects, first, &outline);
        }
        outline_free(&outline);
    }
    return status;
}

/* Takes away what can be spared, until without any of the rest some row is no longer column c's. `*whole`: with all of them none was not.
 */
static enum status spare(const struct comparison *comparison, unsigned c, struct constant *constants, struct change *scratch, bool *whole)
{
    unsigned rows = 0, taken = 1;
    for (unsigned f = 0; f < PROFILE_FIELDS; f++)
        constants[f].counts = constants[f].alone;
    enum status status = distance_with(comparison, c, constants, scratch, &rows);
    for (unsigned f = 0; f < PROFILE_FIELDS && rows > 0; f++)
        constants[f].counts = constants[f].count > 0;
    if (status == STATUS_HELD && rows > 0)
        status = distance_with(comparison, c, constants, scratch, &rows);
    *whole = rows == 0;
    while (*whole && taken > 0 && status == STATUS_HELD) {
        taken = 0;
        for (unsigned f = 0; f < PROFILE_FIELDS && status == STATUS_HELD; f++) {
            if (!constants[f].counts)
                continue;
            constants[f].counts = false;
            status = distance_with(comparison, c, constants, scratch, &rows);
            constants[f].counts = rows > 0;
            taken += rows == 0;
        }
    }
    return status;
}

static void constants_text(struct text *out, const struct comparison *comparison, unsigned c, const struct constant *constants, bool whole)
{
    const struct play *first = &comparison->columns[0].play;
    text_printf(out, "\n%s differs from %s here by%s\n", profile_name(comparison->columns[c].id), profile_name(comparison->columns[0].id),
                whole ? "" : " more than these constants");
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        const struct constant *constant = &constants[f];
        if (!constant->counts)
            continue;
        text_printf(out, "  %s ", profile_field_name(constant->field));
        constant_text(out, constant->field, constant->changes[0].value);
        text_puts(out, ", not ");
        constant_text(out, constant->field, profile_get(&first->story->nodes[constant->changes[0].index].profile, constant->field));
        text_printf(out, "\n%s",
                    constant->alone && constant->effects.bytes != NULL ? constant->effects.bytes : "      only together with others\n");
        out->failed = out->failed || constant->effects.failed;
    }
}

static enum status explain(const struct comparison *comparison, unsigned c, struct text *out)
{
    const unsigned hosts = comparison->columns[0].play.story->node_count;
    struct constant *constants = calloc(PROFILE_FIELDS, sizeof *constants);
    struct change *changes = calloc(2 * (size_t)PROFILE_FIELDS * hosts, sizeof *changes); /* theirs, and the scratch */
    bool whole = false;
    enum status status = constants != NULL && changes != NULL ? STATUS_HELD : STATUS_OUTSIDE;
    for (unsigned f = 0; f < PROFILE_FIELDS && status == STATUS_HELD; f++) {
        constants[f] = (struct constant){.field = (enum profile_field)f, .changes = changes + f * hosts};
        changes_of(comparison, c, &constants[f]);
    }
    if (status == STATUS_HELD)
        status = try_alone(comparison, constants);
    if (status == STATUS_HELD)
        status = spare(comparison, c, constants, changes + (size_t)PROFILE_FIELDS * hosts, &whole);
    if (status == STATUS_HELD)
        constants_text(out, comparison, c, constants, whole);
    for (unsigned f = 0; f < PROFILE_FIELDS && constants != NULL; f++)
        text_free(&constants[f].effects);
    free(constants);
    free(changes);
    return status;
}

static enum status explain_all(const struct comparison *comparison, struct text *out)
{
    enum status status = STATUS_HELD;
    bool any = false;
    if ((uint64_t)2 * PROFILE_FIELDS * (comparison->count - 1) * comparison->columns[0].play.trace.count > TRIES_WORTH) {
        text_puts(out, "\nWhich constants make it so was not tried: the run is long.\n");
        return STATUS_HELD;
    }
    for (unsigned c = 1; c < comparison->count && status == STATUS_HELD; c++) {
        if (distance(&comparison->columns[0].outline, &comparison->columns[c].outline) == 0)
            continue;
        status = explain(comparison, c, out);
        any = true;
    }
    if (any)
        text_printf(out,
                    "\nEach list was played: with all of it %s's run has the other's lines, and without any one of it it has not.\n"
                    "Under each constant stands what it does to %s's run alone.\n",
                    profile_name(comparison->columns[0].id), profile_name(comparison->columns[0].id));
    return status;
}

/* ---- the command ---- */

static void head(struct text *out, const struct comparison *comparison, const struct scenario_options *options)
{
    const struct play *play = &comparison->columns[0].play;
    text_printf(out, "%s%s%s\n%s, seed %llu, every host with the profile of its column", play->story->title,
                play->story->variant_title != NULL ? ": " : "", play->story->variant_title != NULL ? play->story->variant_title : "",
                play->path, (unsigned long long)play->story->seed);
    for (unsigned i = 0; i < options->host_profile_count; i++)
        text_printf(out, ", but %s %s", options->host_profiles[i].host, options->host_profiles[i].profile);
    text_puts(out, "\n\n");
}

static enum status answer(struct comparison *comparison, const struct scenario_options *options)
{
    struct text out = {0};
    enum status status = STATUS_HELD;
    unsigned different = 0;
    for (unsigned c = 0; c < comparison->count && status == STATUS_HELD; c++)
        status = play_column(comparison, &comparison->columns[c], *options);
    if (status != STATUS_HELD)
        return status;
    for (unsigned c = 1; c < comparison->count; c++)
        different += distance(&comparison->columns[0].outline, &comparison->columns[c].outline);
    head(&out, comparison, options);
    if (different == 0 && !comparison->all) {
        text_printf(&out, "No difference: %u lines are the same in all; --all shows them.\n",
                    (unsigned)comparison->columns[0].outline.count);
    } else {
        const unsigned equal = table(&out, comparison);
        if (equal > 0 && !comparison->all)
            text_printf(&out, "\n%u more line%s the same in all; --all shows them.\n", equal, equal == 1 ? " is" : "s are");
        if (different > 0)
            status = explain_all(comparison, &out);
    }
    if (status == STATUS_HELD)
        status = output_write(NULL, &out);
    text_free(&out);
    return status;
}

static bool columns_take(const struct arguments *arguments, struct comparison *comparison)
{
    for (unsigned i = 1; i < arguments->word_count; i++) {
        enum profile_id id;
        if (!profile_take("compare", arguments->words[i], &id))
            return false;
        for (unsigned c = 0; c < comparison->count; c++) {
            if (comparison->columns[c].id == id) {
                complain("compare", "each profile once");
                return false;
            }
        }
        comparison->columns[comparison->count++].id = id;
    }
    for (unsigned i = 0; i < PROFILES && arguments->word_count == 1; i++)
        comparison->columns[comparison->count++].id = (enum profile_id)i;
    if (comparison->count < 2) {
        complain("compare", "with which other profile? lastack compare FILE %s linux", profile_name(comparison->columns[0].id));
        return false;
    }
    return true;
}

static enum status compare(const struct arguments *arguments)
{
    static struct comparison comparison;
    struct scenario_options options = {0};
    enum status status = STATUS_WRONG;
    if (arguments->word_count == 0) {
        complain("compare", "which file? lastack compare FILE.scn");
        return STATUS_WRONG;
    }
    comparison.path = arguments->words[0];
    comparison.all = argument(arguments, "all") != NULL;
    if (columns_take(arguments, &comparison) && given_take(arguments, &comparison.given, &options)) {
        if (options.profile_all != NULL)
            complain("compare", "--profile is for one host, HOST=NAME; the columns are words: lastack compare FILE linux freebsd");
        else
            status = answer(&comparison, &options);
    }
    for (unsigned c = 0; c < comparison.count; c++) {
        outline_free(&comparison.columns[c].outline);
        play_free(&comparison.columns[c].play);
    }
    given_free(&comparison.given);
    return status;
}

static const struct option options[] = {
    {.name = "all", .help = "shows the lines that are the same in all profiles, too"},
    GIVEN_OPTIONS,
};

const struct command command_compare = {
    .name = "compare",
    .usage = "compare FILE [PROFILE...] [--all] [--seed N] [--set NAME=VALUE] [--profile HOST=NAME] [--variant N]",
    .summary = "plays a scenario under several profiles, says how they differ and by what",
    .details = "Every host has the profile of the column, all four without a PROFILE; --profile HOST=NAME keeps one host\n"
               "out of it. What a host's line overrides in the file stays overridden. Then it is found out, by playing,\n"
               "which constants make the first profile's run into another's: the fewest, and what each does alone.\n"
               "\n"
               "Exit status: 0 answered, whatever the file expects; 2 the file or the command line is wrong;\n"
               "3 something outside failed; 4 a fault of lastack's own.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = compare,
};
