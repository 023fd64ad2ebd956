/* SPDX-License-Identifier: MIT */
/* What the command line says about a scenario, the same for each command that plays one: --seed, --set, --profile, --variant. */
#include <stdlib.h>
#include <string.h>

#include "app/play.h"

/* NAME=VALUE cut in two; the copy is kept in `given`. */
static bool pair_cut(struct given *given, const char *word, const char **name, const char **value)
{
    char *copy = strdup(word);
    char *equals = copy != NULL ? strchr(copy, '=') : NULL;
    given->copies[given->copy_count++] = copy;
    if (equals == NULL || equals == copy)
        return false;
    *equals = '\0';
    *name = copy;
    *value = equals + 1;
    return true;
}

bool given_set(struct given *given, struct scenario_options *options, const char *command, const char *word)
{
    struct scenario_set *set = &given->sets[options->set_count];
    if (!pair_cut(given, word, &set->name, &set->value)) {
        complain(command, "--set takes NAME=VALUE, not %s", word);
        return false;
    }
    options->sets = given->sets;
    options->set_count++;
    given->set_words[given->set_count++] = word;
    return true;
}

bool given_profile(struct given *given, struct scenario_options *options, const char *command, const char *word)
{
    struct scenario_host_profile *host = &given->hosts[options->host_profile_count];
    if (strchr(word, '=') == NULL) {
        options->profile_all = word;
    } else if (pair_cut(given, word, &host->host, &host->profile)) {
        options->host_profiles = given->hosts;
        options->host_profile_count++;
    } else {
        complain(command, "--profile takes NAME or HOST=NAME, not %s", word);
        return false;
    }
    given->profile_words[given->profile_count++] = word;
    return true;
}

bool given_take(const struct arguments *arguments, struct given *given, struct scenario_options *options)
{
    uint64_t variant = 0;
    options->seed_given = argument(arguments, "seed") != NULL;
    if (!argument_u64(arguments, "seed", 0, UINT64_MAX, &options->seed) ||
        !argument_u64(arguments, "variant", 0, SCENARIO_VARIANTS_MAX, &variant))
        return false;
    options->variant = (uint16_t)variant;
    for (unsigned i = 0; i < arguments->given_count; i++) {
        const char *name = arguments->given[i].option->name, *value = arguments->given[i].value;
        if (strcmp(name, "set") == 0 && !given_set(given, options, arguments->command->name, value))
            return false;
        if (strcmp(name, "profile") == 0 && !given_profile(given, options, arguments->command->name, value))
            return false;
    }
    return true;
}

void given_free(struct given *given)
{
    for (unsigned i = 0; i < given->copy_count; i++)
        free(given->copies[i]);
    given->copy_count = 0;
}
