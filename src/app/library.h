/* SPDX-License-Identifier: MIT */
/* The gallery: scenarios that are found by name. One folder a theme, one file a scenario; a name is that of its file, without .scn, and
 * may have its theme in front. Folders are searched in this order, and what an earlier one has hides the same of a later one:
 *
 *   $LASTACK_SCENARIOS, alone, if it is set and not empty
 *   ./scenarios
 *   ../scenarios, from the program: build/lastack in a source tree
 *   ../share/lastack/scenarios, from the program: where `meson install` puts them (the datadir of Meson)
 */
#ifndef LASTACK_APP_LIBRARY_H
#define LASTACK_APP_LIBRARY_H

#include "app/app.h"

/* The theme of what lies in no folder. */
#define LIBRARY_NO_THEME "first"

struct library_entry {
    char *path; /* where the file is */
    char *theme, *name; /* parts of one text */
    unsigned root; /* which of the folders searched */
};

/* All scenarios, by theme and name. */
struct library {
    struct library_entry *list;
    unsigned count;
    struct text searched; /* the folders that were looked for, ", " between */
};

enum status library_open(struct library *library);
void library_free(struct library *library);

/* The file that a word of the command line means: the file of that name, or else a scenario of that name, whose path *found becomes (the
 * caller's to free; NULL: the word itself). Says why if it is neither. */
enum status library_resolve(const char *word, char **found);
/* paths_collect, where a word that is no file or folder may also be the name of a scenario or of a theme, or `scenarios` for all. */
enum status library_collect(struct paths *paths, const char *const *words, unsigned count);

#endif
