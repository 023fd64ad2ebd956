/* SPDX-License-Identifier: MIT */
/* `states`: the state x event table of a profile, and the diagram with how often scenarios took each edge. */
#include <string.h>

#include "app/library.h"
#include "app/play.h"
#include "base/duration.h"
#include "states/page.h"
#include "tcp/profile.h"

enum form { FORM_TEXT, FORM_DOT };

struct asked {
    enum profile_id profile;
    unsigned profiles; /* 1 << enum profile_id */
    unsigned form;
    bool matrix, edges, count, missing;
};

static bool profile_asked(const struct arguments *arguments, struct asked *asked)
{
    const char *const name = argument(arguments, "profile");
    asked->profile = PROFILE_LINUX;
    asked->profiles = (1u << PROFILES) - 1;
    if (name == NULL)
        return true;
    if (!profile_take("states", name, &asked->profile))
        return false;
    asked->profiles = 1u << asked->profile;
    return true;
}

static bool take(const struct arguments *arguments, struct asked *asked)
{
    static const char *const formats[] = {"text", "dot"};
    if (!profile_asked(arguments, asked) || !argument_choice(arguments, "format", formats, 2, &asked->form))
        return false;
    asked->matrix = argument(arguments, "matrix") != NULL;
    asked->edges = argument(arguments, "edges") != NULL;
    asked->missing = argument(arguments, "missing") != NULL;
    asked->count = argument(arguments, "count") != NULL || asked->missing;
    if (asked->matrix && (asked->edges || asked->count || asked->form == FORM_DOT)) {
        complain("states", "--matrix shows the table, --edges, --count, --missing and dot the diagram: one of them");
        return false;
    }
    if (asked->missing && asked->form == FORM_DOT) {
        complain("states", "--missing is a list; --count --format dot draws what is missing in red");
        return false;
    }
    if (arguments->word_count > 0 && !asked->count) {
        complain("states", "to count what scenarios do: lastack states --count %s", arguments->words[0]);
        return false;
    }
    return true;
}

/* Every variant of one file. What its expectations say is `test`'s affair. */
static enum status count_file(struct edges *edges, struct play *play, const char *path)
{
    unsigned variants = 0;
    enum status status = play_open(play, path);
    for (unsigned k = 0; k <= variants && status == STATUS_HELD; k++) {
        struct text again = {0};
        play->options.variant = (uint16_t)k;
        status = play_read(play);
        if (status != STATUS_HELD)
            break;
        variants = play->story->variants;
        play_again(&again, play);
        status = play_run(play, TIME_NEVER, again.bytes);
        text_free(&again);
        if (status == STATUS_HELD || status == STATUS_FAILED) {
            edges_count(edges, play->story, &play->trace);
            status = STATUS_HELD;
        }
    }
    return status;
}

static enum status count_all(struct edges *edges, const struct arguments *arguments)
{
    static const char *const all[] = {"scenarios"};
    struct paths paths = {0};
    struct play play = {0};
    enum status worst = arguments->word_count > 0 ? library_collect(&paths, (const char *const *)arguments->words, arguments->word_count)
                                                  : library_collect(&paths, all, 1);
    for (unsigned i = 0; i < paths.count; i++) {
        const enum status status = count_file(edges, &play, paths.list[i]);
        worst = status > worst ? status : worst;
    }
    play_free(&play);
    paths_free(&paths);
    return worst;
}

static enum status diagram(struct text *out, const struct asked *asked, const struct arguments *arguments)
{
    struct edges edges = {0};
    enum status status = STATUS_HELD;
    edges_drive(&edges, asked->profiles);
    if (asked->count)
        status = count_all(&edges, arguments);
    if (edges.failed) {
        complain("states", "out of memory");
        status = STATUS_OUTSIDE;
    } else if (asked->missing) {
        const unsigned missing = page_missing(out, &edges, asked->profiles);
        text_printf(out, "%s%u edges, %u of them taken by no scenario\n", missing > 0 ? "\n" : "", edges.count - 1, missing);
        status = missing > 0 && status == STATUS_HELD ? STATUS_FAILED : status;
    } else if (asked->form == FORM_DOT) {
        page_dot(out, &edges, asked->profile, asked->count);
    } else {
        page_edges(out, &edges, asked->profiles, asked->count);
    }
    edges_free(&edges);
    return status;
}

static enum status run(const struct arguments *arguments)
{
    struct asked asked = {0};
    struct text out = {0};
    enum status status = STATUS_HELD;
    if (!take(arguments, &asked))
        return STATUS_WRONG;
    if (asked.matrix)
        page_matrix(&out, asked.profile);
    else if (asked.count || asked.edges || asked.form == FORM_DOT)
        status = diagram(&out, &asked, arguments);
    else
        page_table(&out, asked.profile);
    const enum status written = output_write(argument(arguments, "output"), &out);
    text_free(&out);
    return written > status ? written : status;
}

static const struct option options[] = {
    {.name = "profile", .value = "NAME", .help = "whose rules; linux without it, for the edges all profiles"},
    {.name = "matrix", .help = "the table in short: states across, events down"},
    {.name = "edges", .help = "the edges of the diagram: figure 5 of RFC 9293, and what is added"},
    {.name = "count", .help = "how often the scenarios in PATH took each edge, variants included"},
    {.name = "missing", .help = "only the edges that no scenario took; exit status 1 if there are any"},
    {.name = "format", .value = "F", .help = "text, or dot: the diagram for Graphviz"},
    {.name = "output", .letter = 'o', .value = "FILE", .help = "writes to FILE, whole or not at all"},
};

const struct command command_states = {
    .name = "states",
    .usage = "states [PATH...] [--profile NAME] [--matrix] [--edges] [--count] [--missing] [--format F] [-o FILE]",
    .summary = "prints the state and event table, got by driving the TCP through every pair",
    .details = "Each state is reached by playing, then meets each event: calls, segments, timeouts. Nothing of the\n"
               "table is written down anywhere: it says what this program does.\n"
               "\n"
               "--count and --missing play scenarios: those in PATH, files, folders or names of `lastack list`, or\n"
               "all that the program finds. An edge that only some profiles have must be taken by one of them.\n"
               "The diagram as a picture: lastack states --format dot | dot -Tsvg > states.svg\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
