/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "base/duration.h"
#include "tcp/profile.h"

#define COLUMN_NAME 24u
#define COLUMN_VALUE 13u

static void padded(struct text *out, const char *s, unsigned width)
{
    unsigned length = (unsigned)strlen(s);
    text_puts(out, s);
    text_repeat(out, " ", length < width ? width - length : 1);
}

static void value_padded(struct text *out, enum profile_field field, enum profile_id id)
{
    struct text value = {0};
    constant_text(&value, field, profile_get(profile_defaults(id), field));
    padded(out, value.bytes != NULL ? value.bytes : "", COLUMN_VALUE);
    text_free(&value);
}

static void trim(struct text *out)
{
    while (out->length > 0 && out->bytes[out->length - 1] == ' ')
        out->length--;
    text_putc(out, '\n');
}

/* "    linux, windows: where the value comes from", each source once. */
static void sources(struct text *out, enum profile_field field, const enum profile_id *ids, unsigned count)
{
    bool said[PROFILES] = {false};
    for (unsigned i = 0; i < count; i++) {
        const char *source = profile_field_source(field, ids[i]);
        if (said[i])
            continue;
        text_printf(out, "    %s", profile_name(ids[i]));
        for (unsigned j = i + 1; j < count; j++) {
            if (strcmp(profile_field_source(field, ids[j]), source) == 0) {
                text_printf(out, ", %s", profile_name(ids[j]));
                said[j] = true;
            }
        }
        text_printf(out, ": %s\n", source);
    }
}

/* Which constants are shown, of which profiles. */
struct shown {
    enum profile_id ids[PROFILES];
    unsigned count;
    bool fields[PROFILE_FIELDS];
};

static void table(struct text *out, const struct shown *shown)
{
    padded(out, "constant", COLUMN_NAME);
    for (unsigned i = 0; i < shown->count; i++)
        padded(out, profile_name(shown->ids[i]), COLUMN_VALUE);
    trim(out);
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        enum profile_field field = (enum profile_field)f;
        if (!shown->fields[f])
            continue;
        text_putc(out, '\n');
        padded(out, profile_field_name(field), COLUMN_NAME);
        for (unsigned i = 0; i < shown->count; i++)
            value_padded(out, field, shown->ids[i]);
        trim(out);
        text_printf(out, "    %s\n", profile_field_help(field));
        sources(out, field, shown->ids, shown->count);
    }
}

static void tsv(struct text *out, const struct shown *shown)
{
    text_puts(out, "constant\tprofile\tvalue\tsource\tmeaning\n");
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        enum profile_field field = (enum profile_field)f;
        for (unsigned i = 0; i < shown->count && shown->fields[f]; i++) {
            text_printf(out, "%s\t%s\t", profile_field_name(field), profile_name(shown->ids[i]));
            constant_text(out, field, profile_get(profile_defaults(shown->ids[i]), field));
            text_printf(out, "\t%s\t%s\n", profile_field_source(field, shown->ids[i]), profile_field_help(field));
        }
    }
}

/* Words are profiles and constants, in any order; none of a kind means all of it. */
static bool shown_take(const struct arguments *arguments, struct shown *shown)
{
    const char *names[PROFILES + PROFILE_FIELDS], *nearest;
    bool any_field = false;
    *shown = (struct shown){.count = 0};
    for (unsigned i = 0; i < PROFILES + PROFILE_FIELDS; i++)
        names[i] = i < PROFILES ? profile_name((enum profile_id)i) : profile_field_name((enum profile_field)(i - PROFILES));
    for (unsigned i = 0; i < arguments->word_count; i++) {
        const char *word = arguments->words[i];
        enum profile_field field;
        enum profile_id id;
        if (profile_field_find(word, &field)) {
            shown->fields[field] = any_field = true;
        } else if (!profile_find(word, &id)) {
            nearest = near_miss(word, names, PROFILES + PROFILE_FIELDS);
            complain("profiles",
                     nearest != NULL ? "there is no profile and no constant %s; did you mean %s?"
                                     : "there is no profile and no constant %s",
                     word, nearest);
            return false;
        } else if (shown->count == PROFILES) {
            complain("profiles", "each profile once");
            return false;
        } else {
            shown->ids[shown->count++] = id;
        }
    }
    for (unsigned i = 0; i < PROFILES && shown->count == 0; i++)
        shown->ids[i] = (enum profile_id)i;
    shown->count = shown->count == 0 ? PROFILES : shown->count;
    for (unsigned f = 0; f < PROFILE_FIELDS && !any_field; f++)
        shown->fields[f] = true;
    return true;
}

/* Leaves those in which the profiles differ. */
static void only_differences(struct shown *shown)
{
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        bool differs = false;
        for (unsigned i = 1; i < shown->count; i++)
            differs = differs || profile_get(profile_defaults(shown->ids[i]), (enum profile_field)f) !=
                                     profile_get(profile_defaults(shown->ids[0]), (enum profile_field)f);
        shown->fields[f] = shown->fields[f] && differs;
    }
}

static enum status run(const struct arguments *arguments)
{
    static const char *const formats[] = {"table", "tsv"};
    struct shown shown;
    struct text out = {0};
    unsigned format = 0;
    if (!shown_take(arguments, &shown) || !argument_choice(arguments, "format", formats, 2, &format))
        return STATUS_WRONG;
    if (argument(arguments, "differ") != NULL)
        only_differences(&shown);
    if (format == 1)
        tsv(&out, &shown);
    else
        table(&out, &shown);
    enum status status = output_write(argument(arguments, "output"), &out);
    text_free(&out);
    return status;
}

static const struct option options[] = {
    {.name = "differ", .help = "only the constants in which these profiles differ"},
    {.name = "format", .value = "F", .help = "table (for people) or tsv (a line a value, tabs between)"},
    {.name = "output", .letter = 'o', .value = "FILE", .help = "writes to FILE, whole or not at all"},
};

const struct command command_profiles = {
    .name = "profiles",
    .usage = "profiles [NAME...] [--differ] [--format F] [-o FILE]",
    .summary = "prints every constant of the profiles side by side, with its source",
    .details = "NAME is a profile (rfc9293, linux, freebsd, windows) or a constant (rto_min); without one of a kind all\n"
               "of it is shown: lastack profiles linux freebsd --differ; lastack profiles time_wait fin_timeout\n"
               "\n"
               "Each constant may stand behind a host in a scenario, to override the profile's value:\n"
               "host server  linux  fin_timeout 10s\n"
               "What comes of the differences in one file: lastack compare FILE\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
