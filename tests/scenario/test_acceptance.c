/* SPDX-License-Identifier: MIT */
/* Every file of the tree is read, base and variants. */
#include <dirent.h>

#include "reading.h"

static char *file_text(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = malloc(SCENARIO_BYTES_MAX);
    assert_non_null(text);
    *length = fread(text, 1, SCENARIO_BYTES_MAX, file);
    fclose(file);
    return text;
}

static void file_is_read(const char *path)
{
    size_t length;
    char *text = file_text(path, &length);
    uint16_t variants = 0;
    for (uint16_t variant = 0; variant <= variants; variant++) {
        struct diagnostics diagnostics;
        struct scenario_options options = {.variant = variant};
        struct story *story = scenario_read(path, text, length, &options, &diagnostics);
        if (story == NULL)
            fail_msg("%s:%u:%u: %s", path, diagnostics.list[0].line, diagnostics.list[0].column, diagnostics.list[0].message);
        variants = story->variants;
        assert_int_equal(story->variant, variant);
        assert_true((story->variant_title != NULL) == (variant > 0));
        story_free(story);
    }
    free(text);
}

/* Reads all .scn files of a folder and of those in it; returns how many. */
static unsigned folder_is_read(const char *folder)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[4096];
        size_t length = strlen(entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (length > 4 && strcmp(entry->d_name + length - 4, ".scn") == 0) {
            file_is_read(path);
            count++;
        } else if (entry->d_name[0] != '.') {
            count += folder_is_read(path);
        }
    }
    closedir(dir);
    return count;
}

static void every_scenario_of_the_tree_is_read(void **state)
{
    (void)state;
    assert_true(folder_is_read(SOURCE_ROOT "/scenarios") >= 7);
}

static void every_recorded_case_is_read(void **state)
{
    (void)state;
    folder_is_read(SOURCE_ROOT "/tests/kernel");
}

static void the_first_file_that_new_gives_is_read(void **state)
{
    (void)state;
    for (uint16_t variant = 0; variant <= 2; variant++)
        story_free(read_right(scenario_template(), variant));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_of_the_tree_is_read),
        cmocka_unit_test(every_recorded_case_is_read),
        cmocka_unit_test(the_first_file_that_new_gives_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
