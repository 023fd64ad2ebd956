/* SPDX-License-Identifier: MIT */
#include "app/views.h"

#include <string.h>
#include <unistd.h>

typedef void view_function(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                           const struct view_options *options);

static const char *const names[] = {"ladder", "table", "jsonl", "svg"};
static view_function *const views[] = {view_ladder, view_table, view_jsonl, view_svg};
#define FORMATS (sizeof names / sizeof *names)
_Static_assert(sizeof views / sizeof *views == FORMATS, "a view a format");

static const char *const colours[] = {"auto", "always", "never"};

bool views_take(const struct arguments *arguments, struct views *show)
{
    *show = (struct views){.width = terminal_width(), .output = argument(arguments, "output")};
    show->full = argument(arguments, "full") != NULL;
    return argument_choice(arguments, "format", names, FORMATS, &show->format) &&
           argument_u64(arguments, "width", VIEW_WIDTH_MIN, VIEW_WIDTH_MAX, &show->width) &&
           argument_choice(arguments, "color", colours, 3, &show->colour);
}

enum status views_write(const struct views *show, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                        const struct view_options *given)
{
    bool terminal = show->output == NULL || strcmp(show->output, "-") == 0;
    struct view_options options = *given;
    struct text out = {0};

    options.width = (unsigned)show->width;
    options.colour = show->colour == 1 || (show->colour == 0 && terminal && terminal_colour(STDOUT_FILENO));
    options.unicode = terminal_unicode();
    options.full = show->full;
    views[show->format](&out, story, trace, judgement, &options);
    enum status status = output_write(show->output, &out);
    text_free(&out);
    return status;
}
