/* SPDX-License-Identifier: MIT */
#include "app/views.h"
#include "app/typed.h"

#include <string.h>
#include <unistd.h>

typedef void view_function(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                           const struct view_options *options);

#define BROWSER_MIB 32 /* a browser opens it within seconds: about fifty thousand events that are drawn */

static const struct format {
    const char *name;
    view_function *view;
    const char *host; /* the option that names a host for it; NULL: none does */
    bool binary;
    unsigned mebibytes; /* more of it nobody can open; 0: no limit */
} formats[] = {
    {"ladder", view_ladder, NULL, false, 0},
    {"table", view_table, NULL, false, 0},
    {"jsonl", view_jsonl, NULL, false, 0},
    {"svg", view_svg, NULL, false, BROWSER_MIB},
    {"html", view_html, NULL, false, BROWSER_MIB},
    {"pcapng", view_pcapng, "at", true, 0},
    {"csv", view_csv, NULL, false, 0},
    {"mermaid", view_mermaid, NULL, false, 0},
    {"perfetto", view_perfetto, NULL, false, 0},
    {"packetdrill", view_packetdrill, "of", false, 0},
};
#define FORMATS (sizeof formats / sizeof *formats)

static const char *const colours[] = {"auto", "always", "never"};

bool views_take(const struct arguments *arguments, struct views *show)
{
    const char *names[FORMATS];
    for (unsigned i = 0; i < FORMATS; i++)
        names[i] = formats[i].name;
    *show = (struct views){.command = arguments->command->name, .width = terminal_width(), .output = argument(arguments, "output")};
    show->full = argument(arguments, "full") != NULL;
    if (!argument_choice(arguments, "format", names, FORMATS, &show->format) ||
        !argument_u64(arguments, "width", VIEW_WIDTH_MIN, VIEW_WIDTH_MAX, &show->width) ||
        !argument_choice(arguments, "color", colours, 3, &show->colour))
        return false;
    const struct format *format = &formats[show->format];
    const char *const options[] = {"at", "of"};
    for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
        if (argument(arguments, options[i]) == NULL)
            continue;
        show->host = argument(arguments, options[i]);
        if (format->host == NULL || strcmp(format->host, options[i]) != 0) {
            complain(show->command, "--%s says nothing of a %s", options[i], format->name);
            return false;
        }
    }
    if (format->host != NULL && strcmp(format->host, "of") == 0 && show->host == NULL) {
        complain(show->command, "a %s is of one end: --of HOST or --of HOST.NAME", format->name);
        return false;
    }
    if (format->binary && output_is_terminal(show->output)) {
        complain(show->command, "%s is no text: say where with -o FILE", format->name);
        return false;
    }
    return true;
}

static bool host_known(const struct views *show, const struct story *story)
{
    struct text names = {0};
    bool known = show->host == NULL;
    for (uint16_t i = 0; i < story->node_count; i++) {
        if (story->nodes[i].kind != NODE_HOST)
            continue;
        size_t length = strlen(story->nodes[i].name); /* HOST.NAME: the view looks for the connection */
        known =
            known || (strncmp(story->nodes[i].name, show->host, length) == 0 && (show->host[length] == '\0' || show->host[length] == '.'));
        text_printf(&names, "%s%s", names.length > 0 ? ", " : "", story->nodes[i].name);
    }
    if (!known)
        complain(show->command, "--%s takes one of %s, not %s", formats[show->format].host, names.bytes != NULL ? names.bytes : "",
                 show->host);
    text_free(&names);
    return known;
}

/* Writes it, if somebody can open it. */
static enum status put(const struct views *show, const struct text *out, const char *path)
{
    const struct format *format = &formats[show->format];
    size_t mebibytes = out->length >> 20;
    if (format->mebibytes != 0 && mebibytes >= format->mebibytes) {
        complain(
            show->command,
            "this run as %s takes %zu MiB, and a browser opens %u: let it stop earlier, have its repetitions folded (no --full), or choose "
            "--format ladder",
            format->name, mebibytes, format->mebibytes);
        return STATUS_WRONG;
    }
    return output_write(path, out);
}

static enum status one(const struct views *show, const struct view_run *run, const struct view_options *options, const char *path)
{
    struct text out = {0};
    formats[show->format].view(&out, run->story, run->trace, run->judgement, options);
    enum status status = put(show, &out, path);
    text_free(&out);
    return status;
}

/* "captures/": a file for each host's view, and the merged one. */
static enum status folder(const struct views *show, const struct view_run *run, struct view_options *options)
{
    enum status status = output_folder(show->output);
    for (uint32_t i = 0; i <= run->story->node_count && status == STATUS_HELD; i++) {
        struct text path = {0};
        if (i < run->story->node_count && run->story->nodes[i].kind != NODE_HOST)
            continue;
        options->host = i < run->story->node_count ? run->story->nodes[i].name : NULL;
        text_printf(&path, "%s%s%s.pcapng", show->output, options->host != NULL ? "at-" : "",
                    options->host != NULL ? options->host : "merged");
        status = one(show, run, options, path.bytes);
        text_free(&path);
    }
    return status;
}

/* What the command line says of the page, and what only the caller knows. */
static struct view_options options_of(const struct views *show, const struct view_options *given)
{
    bool terminal = show->output == NULL || strcmp(show->output, "-") == 0;
    struct view_options options = *given;
    options.width = (unsigned)show->width;
    options.colour = show->colour == 1 || (show->colour == 0 && terminal && terminal_colour(STDOUT_FILENO));
    options.unicode = terminal_unicode();
    options.full = show->full;
    options.host = show->host;
    return options;
}

enum status views_write(const struct views *show, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                        const struct view_options *given)
{
    const struct view_run run = {story, trace, judgement};
    struct view_options options = options_of(show, given);
    struct text again = {0};
    if (!host_known(show, story))
        return STATUS_WRONG;
    size_t length = show->output != NULL ? strlen(show->output) : 0;
    if (length > 0 && show->output[length - 1] == '/' && formats[show->format].view == view_pcapng && show->host == NULL)
        return folder(show, &run, &options);
    typed_shown(&again, show->output, options.reproduce != NULL ? options.reproduce : "");
    options.reproduce = options.reproduce != NULL ? again.bytes : NULL;
    enum status status = one(show, &run, &options, show->output);
    text_free(&again);
    return status;
}

bool views_show_variants(const struct views *show)
{
    return formats[show->format].view == view_html;
}

enum status views_write_variants(const struct views *show, const struct view_run *runs, unsigned count, const struct view_options *given)
{
    const struct view_options options = options_of(show, given);
    struct text out = {0};
    view_html_runs(&out, runs, count, &options);
    enum status status = put(show, &out, show->output);
    text_free(&out);
    return status;
}
