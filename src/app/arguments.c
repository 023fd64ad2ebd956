/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/typed.h"
#include "base/duration.h"

void complain(const char *command, const char *format, ...)
{
    struct text message = {0};
    char plain[8192];
    va_list list;
    va_start(list, format);
    vsnprintf(plain, sizeof plain, format, list);
    va_end(list);
    typed_text(&message, plain);
    fprintf(stderr, "lastack%s%s: %s\n", command != NULL ? " " : "", command != NULL ? command : "",
            message.bytes != NULL ? message.bytes : plain);
    text_free(&message);
}

const char *near_miss(const char *word, const char *const *candidates, unsigned count)
{
    const char *nearest = NULL;
    unsigned least = (unsigned)(strlen(word) / 3 + 2);
    for (unsigned i = 0; i < count; i++) {
        unsigned distance = word_distance(word, strlen(word), candidates[i], strlen(candidates[i]));
        if (distance < least) {
            least = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

static const struct option *option_find(const struct command *command, const char *name, size_t length)
{
    for (unsigned i = 0; i < command->option_count; i++) {
        const char *candidate = command->options[i].name;
        if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
            return &command->options[i];
    }
    return NULL;
}

static const struct option *letter_find(const struct command *command, char letter)
{
    for (unsigned i = 0; i < command->option_count; i++) {
        if (command->options[i].letter != 0 && command->options[i].letter == letter)
            return &command->options[i];
    }
    return NULL;
}

static bool unknown_option(const struct command *command, const char *word)
{
    const char *names[32], *nearest;
    char plain[64];
    unsigned count = 0;
    const char *name = word + strspn(word, "-");
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(name, "="), name);
    for (; count < command->option_count && count < 32; count++)
        names[count] = command->options[count].name;
    nearest = near_miss(plain, names, count);
    if (nearest != NULL)
        complain(command->name, "there is no option %s; did you mean --%s?", word, nearest);
    else
        complain(command->name, "there is no option %s; see lastack help %s", word, command->name);
    return false;
}

static bool give(struct arguments *arguments, const struct option *option, const char *value)
{
    for (unsigned i = 0; i < arguments->given_count && !option->many; i++) {
        if (arguments->given[i].option == option) {
            complain(arguments->command->name, "--%s is given twice", option->name);
            return false;
        }
    }
    if (arguments->given_count == OPTIONS_GIVEN_MAX) {
        complain(arguments->command->name, "more than %d options", OPTIONS_GIVEN_MAX);
        return false;
    }
    arguments->given[arguments->given_count].option = option;
    arguments->given[arguments->given_count++].value = value;
    return true;
}

/* One option; *used: how many words it took. */
static bool option_parse(struct arguments *arguments, char **words, int left, int *used)
{
    const struct command *command = arguments->command;
    const char *word = words[0], *value = NULL;
    const struct option *option;

    *used = 1;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = option_find(command, word + 2, length);
        value = word[2 + length] == '=' ? word + 3 + length : NULL;
    } else {
        option = letter_find(command, word[1]);
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    if (option == NULL)
        return unknown_option(command, word);
    if (option->value == NULL) {
        if (value != NULL) {
            complain(command->name, "--%s takes no value", option->name);
            return false;
        }
        return give(arguments, option, "");
    }
    if (value == NULL) {
        if (left < 2) {
            complain(command->name, "--%s needs a value: --%s %s", option->name, option->name, option->value);
            return false;
        }
        value = words[1];
        *used = 2;
    }
    return give(arguments, option, value);
}

bool arguments_parse(struct arguments *arguments, const struct command *command, int argc, char **argv)
{
    bool options = true;
    *arguments = (struct arguments){.command = command, .words = argv};
    for (int i = 0; i < argc;) {
        int used = 1;
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!option_parse(arguments, argv + i, argc - i, &used))
                return false;
        } else {
            argv[arguments->word_count++] = argv[i];
        }
        i += used;
    }
    return true;
}

const char *argument(const struct arguments *arguments, const char *name)
{
    for (unsigned i = arguments->given_count; i > 0; i--) {
        if (strcmp(arguments->given[i - 1].option->name, name) == 0)
            return arguments->given[i - 1].value;
    }
    return NULL;
}

bool argument_u64(const struct arguments *arguments, const char *name, uint64_t low, uint64_t high, uint64_t *value)
{
    const char *word = argument(arguments, name);
    if (word == NULL)
        return true;
    errno = 0;
    char *end;
    unsigned long long number = strtoull(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0 || number < low || number > high) {
        complain(arguments->command->name, "--%s takes a number from %llu to %llu, not %s", name, (unsigned long long)low,
                 (unsigned long long)high, word);
        return false;
    }
    *value = number;
    return true;
}

bool duration_parse(const char *word, int64_t *ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"ns", 1}, {"us", NS_PER_US}, {"ms", NS_PER_MS}, {"s", NS_PER_S}, {"min", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
    size_t whole = strspn(word, "0123456789");
    size_t fraction = word[whole] == '.' ? strspn(word + whole + 1, "0123456789") : 0;
    const char *unit = word + whole + (word[whole] == '.' ? fraction + 1 : 0);
    int64_t scale = 0, sum = 0;

    for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].name) == 0)
            scale = units[i].ns;
    }
    if (strcmp(word, "0") == 0)
        scale = 1;
    if (scale == 0 || whole == 0 || (word[whole] == '.' && fraction == 0))
        return false;
    for (size_t i = 0; i < whole; i++) {
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, word[i] - '0', &sum))
            return false;
    }
    if (__builtin_mul_overflow(sum, scale, &sum))
        return false;
    for (size_t i = 0; i < fraction; i++) {
        scale /= 10;
        if (__builtin_add_overflow(sum, scale * (word[whole + 1 + i] - '0'), &sum))
            return false;
    }
    *ns = sum;
    return true;
}

bool argument_duration(const struct arguments *arguments, const char *name, int64_t *ns)
{
    const char *word = argument(arguments, name);
    if (word == NULL || duration_parse(word, ns))
        return true;
    complain(arguments->command->name, "--%s takes a time with its unit, as 500ms, 5.1s or 2min, not %s", name, word);
    return false;
}

bool argument_choice(const struct arguments *arguments, const char *name, const char *const *words, unsigned count, unsigned *index)
{
    const char *word = argument(arguments, name);
    if (word == NULL)
        return true;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            *index = i;
            return true;
        }
    }
    fprintf(stderr, "lastack %s: --%s is one of", arguments->command->name, name);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", words[i]);
    fprintf(stderr, ", not %s\n", word);
    return false;
}
