/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "app/app.h"
#include "scenario/keywords.h"

#define COLUMN_WORDS 10u
#define WIDTH 79u

static void table(struct text *out)
{
    for (int kind = 0; kind < KEYWORD_KINDS; kind++) {
        size_t line = out->length;
        const char *word;
        text_printf(out, "%-*s", (int)COLUMN_WORDS, keyword_kind_name((enum keyword_kind)kind));
        for (unsigned i = 0; (word = keyword((enum keyword_kind)kind, i)) != NULL; i++) {
            if (!keyword_is_first((enum keyword_kind)kind, i))
                continue;
            if (out->length - line + 1 + strlen(word) > WIDTH) {
                text_putc(out, '\n');
                line = out->length;
                text_repeat(out, " ", COLUMN_WORDS);
            }
            text_printf(out, " %s", word);
        }
        text_putc(out, '\n');
    }
}

static void tsv(struct text *out)
{
    const char *word;
    text_puts(out, "kind\tword\n");
    for (int kind = 0; kind < KEYWORD_KINDS; kind++)
        for (unsigned i = 0; (word = keyword((enum keyword_kind)kind, i)) != NULL; i++)
            text_printf(out, "%s\t%s\n", keyword_kind_name((enum keyword_kind)kind), word);
}

static enum status run(const struct arguments *arguments)
{
    static const char *const formats[] = {"table", "tsv", "textmate", "vim"};
    static void (*const writers[])(struct text *) = {table, tsv, keywords_textmate, keywords_vim};
    struct text out = {0};
    unsigned format = 0;
    if (!argument_choice(arguments, "format", formats, 4, &format))
        return STATUS_WRONG;
    if (arguments->word_count > 0) {
        complain("keywords", "%s has no meaning here; see lastack help keywords", arguments->words[0]);
        return STATUS_WRONG;
    }
    writers[format](&out);
    enum status status = output_write(argument(arguments, "output"), &out);
    text_free(&out);
    return status;
}

static const struct option options[] = {
    {.name = "format", .value = "F", .help = "table (for people), tsv (a line a word), textmate (a grammar, JSON) or vim"},
    {.name = "output", .letter = 'o', .value = "FILE", .help = "writes to FILE, whole or not at all"},
};

const struct command command_keywords = {
    .name = "keywords",
    .usage = "keywords [--format F] [-o FILE]",
    .summary = "prints all words of the language, by what they are; also for editors",
    .details = "The files made from it stand in docs/editors, with what an editor wants besides.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
