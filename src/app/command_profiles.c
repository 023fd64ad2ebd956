/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "base/duration.h"
#include "tcp/profile.h"

#define COLUMN_NAME 24u
#define COLUMN_VALUE 13u

static void value_text(struct text *out, enum profile_field field, enum profile_id id)
{
    int64_t value = profile_get(profile_defaults(id), field);
    const char *choice;
    switch (profile_field_unit(field)) {
    case UNIT_DURATION:
        if (value == TIME_NEVER)
            text_puts(out, "none");
        else
            text_duration(out, value);
        break;
    case UNIT_BYTES:
    case UNIT_COUNT:
        text_i64(out, value);
        break;
    case UNIT_SWITCH:
        text_puts(out, value != 0 ? "on" : "off");
        break;
    case UNIT_CHOICE:
        choice = profile_choice_name(field, value);
        text_puts(out, choice != NULL ? choice : "?");
        break;
    }
}

static void padded(struct text *out, const char *s, unsigned width)
{
    unsigned length = (unsigned)strlen(s);
    text_puts(out, s);
    text_repeat(out, " ", length < width ? width - length : 1);
}

static void value_padded(struct text *out, enum profile_field field, enum profile_id id)
{
    struct text value = {0};
    value_text(&value, field, id);
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

static void table(struct text *out, const enum profile_id *ids, unsigned count)
{
    padded(out, "constant", COLUMN_NAME);
    for (unsigned i = 0; i < count; i++)
        padded(out, profile_name(ids[i]), COLUMN_VALUE);
    trim(out);
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        enum profile_field field = (enum profile_field)f;
        text_putc(out, '\n');
        padded(out, profile_field_name(field), COLUMN_NAME);
        for (unsigned i = 0; i < count; i++)
            value_padded(out, field, ids[i]);
        trim(out);
        text_printf(out, "    %s\n", profile_field_help(field));
        sources(out, field, ids, count);
    }
}

static void tsv(struct text *out, const enum profile_id *ids, unsigned count)
{
    text_puts(out, "constant\tprofile\tvalue\tsource\tmeaning\n");
    for (unsigned f = 0; f < PROFILE_FIELDS; f++) {
        enum profile_field field = (enum profile_field)f;
        for (unsigned i = 0; i < count; i++) {
            text_printf(out, "%s\t%s\t", profile_field_name(field), profile_name(ids[i]));
            value_text(out, field, ids[i]);
            text_printf(out, "\t%s\t%s\n", profile_field_source(field, ids[i]), profile_field_help(field));
        }
    }
}

static bool ids_take(const struct arguments *arguments, enum profile_id *ids, unsigned *count)
{
    const char *names[PROFILES], *nearest;
    for (unsigned i = 0; i < PROFILES; i++)
        names[i] = profile_name((enum profile_id)i);
    *count = 0;
    for (unsigned i = 0; i < arguments->word_count; i++) {
        if (*count == PROFILES) {
            complain("profiles", "each profile once");
            return false;
        }
        if (!profile_find(arguments->words[i], &ids[*count])) {
            nearest = near_miss(arguments->words[i], names, PROFILES);
            complain("profiles", nearest != NULL ? "there is no profile %s; did you mean %s?" : "there is no profile %s",
                     arguments->words[i], nearest);
            return false;
        }
        (*count)++;
    }
    for (unsigned i = 0; i < PROFILES && arguments->word_count == 0; i++)
        ids[(*count)++] = (enum profile_id)i;
    return true;
}

static enum status run(const struct arguments *arguments)
{
    static const char *const formats[] = {"table", "tsv"};
    enum profile_id ids[PROFILES];
    struct text out = {0};
    unsigned count, format = 0;
    if (!ids_take(arguments, ids, &count) || !argument_choice(arguments, "format", formats, 2, &format))
        return STATUS_WRONG;
    if (format == 1)
        tsv(&out, ids, count);
    else
        table(&out, ids, count);
    enum status status = output_write(argument(arguments, "output"), &out);
    text_free(&out);
    return status;
}

static const struct option options[] = {
    {.name = "format", .value = "F", .help = "table (for people) or tsv (a line a value, tabs between)"},
    {.name = "output", .letter = 'o', .value = "FILE", .help = "writes to FILE, whole or not at all"},
};

const struct command command_profiles = {
    .name = "profiles",
    .usage = "profiles [NAME...] [--format F] [-o FILE]",
    .summary = "prints every constant of the profiles side by side, with its source",
    .details = "Each name may stand behind a host in a scenario, to override the profile's value:\n"
               "host server  linux  fin_timeout 10s\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
