/* SPDX-License-Identifier: MIT */
/* What the command line said about the run that is branched: --seed, --set and --profile become lines of the branch, so that the file plays
 * alone what was seen. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/branch.h"

#define BLANKS " \t\r"
#define NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* Up to a blank, a comment or the end of the line. */
static size_t word_length(const char *at)
{
    return strcspn(at, BLANKS "#\n");
}

static const char *word_after(const char *at)
{
    at += word_length(at);
    return at + strspn(at, BLANKS);
}

static bool word_is(const char *at, const char *word)
{
    return word_length(at) == strlen(word) && strncmp(at, word, strlen(word)) == 0;
}

static const char *profile_asked(const struct scenario_options *o, const char *host)
{
    const char *profile = o->profile_all;
    for (unsigned i = 0; i < o->host_profile_count; i++) {
        if (strcmp(o->host_profiles[i].host, host) == 0)
            profile = o->host_profiles[i].profile;
    }
    return profile;
}

/* ---- lines that are given anew ---- */

static void value_text(struct text *out, const char *value)
{
    bool plain = *value != '\0' && value[strspn(value, NAME "().%:+")] == '\0';
    for (const char *c = value; *c != '\0'; c++)
        plain = plain && !((*c == '-' || *c == '+') && (c[1] == '-' || c[1] == '>' || c[1] == '\0'));
    if (plain) {
        text_puts(out, value);
        return;
    }
    text_putc(out, '"');
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            text_putc(out, '\\');
        if (*c == '\n')
            text_puts(out, "\\n");
        else
            text_putc(out, *c);
    }
    text_putc(out, '"');
}

/* The host's line with another profile: its overrides stay. They come in pairs, so a word too many is the profile. */
static void host_text(struct text *out, const char *line, const char *host, const char *profile)
{
    const char *word = word_after(word_after(line));
    unsigned words = 0;
    for (const char *at = word; word_length(at) > 0; at = word_after(at))
        words++;
    if (words % 2 != 0)
        word = word_after(word);
    text_printf(out, "    host %s  %s", host, profile);
    for (; word_length(word) > 0; word = word_after(word_after(word))) {
        const char *value = word_after(word);
        text_printf(out, "  %.*s %.*s", (int)word_length(word), word, (int)word_length(value), value);
    }
    text_putc(out, '\n');
}

static const char *line_of(const struct text *text, uint32_t number)
{
    const char *at = text->bytes;
    for (; number > 1; number--)
        at = strchr(at, '\n') + 1;
    return at + strspn(at, BLANKS);
}

void branch_given(struct text *out, const struct text *file, const struct story *story, const struct scenario_options *o)
{
    if (o->seed_given)
        text_printf(out, "    seed %" PRIu64 "\n", o->seed);
    for (unsigned i = 0; i < o->set_count; i++) {
        bool again = false;
        for (unsigned k = i + 1; k < o->set_count; k++)
            again = again || strcmp(o->sets[i].name, o->sets[k].name) == 0;
        if (again)
            continue; /* the last one counts */
        text_printf(out, "    let %s = ", o->sets[i].name);
        value_text(out, o->sets[i].value);
        text_putc(out, '\n');
    }
    for (uint32_t i = 0; i < story->node_count; i++) {
        const struct story_node *node = &story->nodes[i];
        const char *profile = node->kind == NODE_HOST ? profile_asked(o, node->name) : NULL;
        if (profile != NULL)
            host_text(out, line_of(file, node->place.line), node->name, profile);
    }
}

bool branch_gives(const struct scenario_options *o, const char *line)
{
    char name[128];
    const char *at = line + strspn(line, BLANKS), *named = word_after(at);
    snprintf(name, sizeof name, "%.*s", (int)strspn(named, NAME), named);
    if (word_is(at, "seed"))
        return o->seed_given;
    if (word_is(at, "host"))
        return profile_asked(o, name) != NULL;
    for (unsigned i = 0; i < o->set_count && word_is(at, "let"); i++) {
        if (strcmp(o->sets[i].name, name) == 0)
            return true;
    }
    return false;
}
