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

static bool option_take(const struct arguments *arguments, unsigned i, struct given *given, struct scenario_options *options)
{
    const char *name = arguments->given[i].option->name, *value = arguments->given[i].value;
    if (strcmp(name, "set") == 0) {
        struct scenario_set *set = &given->sets[options->set_count++];
        if (!pair_cut(given, value, &set->name, &set->value)) {
            complain(arguments->command->name, "--set takes NAME=VALUE, not %s", value);
            return false;
        }
    } else if (strcmp(name, "profile") == 0 && strchr(value, '=') != NULL) {
        struct scenario_host_profile *host = &given->hosts[options->host_profile_count++];
        if (!pair_cut(given, value, &host->host, &host->profile)) {
            complain(arguments->command->name, "--profile takes NAME or HOST=NAME, not %s", value);
            return false;
        }
    } else if (strcmp(name, "profile") == 0) {
        options->profile_all = value;
    }
    return true;
}

bool given_take(const struct arguments *arguments, struct given *given, struct scenario_options *options)
{
    uint64_t variant = 0;
    options->sets = given->sets;
    options->host_profiles = given->hosts;
    options->seed_given = argument(arguments, "seed") != NULL;
    if (!argument_u64(arguments, "seed", 0, UINT64_MAX, &options->seed) ||
        !argument_u64(arguments, "variant", 0, SCENARIO_VARIANTS_MAX, &variant))
        return false;
    options->variant = (uint16_t)variant;
    for (unsigned i = 0; i < arguments->given_count; i++) {
        if (!option_take(arguments, i, given, options))
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
