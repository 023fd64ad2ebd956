/* SPDX-License-Identifier: MIT */
/* One page for a class: the ladder, the socket tables, the state diagrams, step by step; a tab for each variant. It is one file, with the
 * style and the script in it, and asks nobody for anything. */
#include "view/html.h"

#include <inttypes.h>
#include <stdio.h>

#include "view/html_parts.h"

static void words(struct text *out, const char *utf8)
{
    svg_escape(out, utf8);
}

/* ---- above the runs ---- */

/* What the keys do, and what the ladder means. */
static void help(struct text *out)
{
    text_puts(out, "<div id=\"keys\" hidden=\"hidden\">\n<dl>\n"
                   "<dt>&#8594; &#8592;</dt><dd>a step forward, back</dd>\n"
                   "<dt>s S</dt><dd>the next, the last change of a state</dd>\n"
                   "<dt>x X</dt><dd>the next, the last surprise</dd>\n"
                   "<dt>Home End</dt><dd>to the beginning, to the end</dd>\n"
                   "<dt>a</dt><dd>all of the ladder, or only what has happened</dd>\n"
                   "<dt>w</dt><dd>the ladder over the whole width, or beside the rest</dd>\n"
                   "<dt>v V</dt><dd>the next, the last variant; two beside each other are stepped together</dd>\n"
                   "<dt>&#8593; &#8595;</dt><dd>in the ladder: from event to event; its causes light up</dd>\n"
                   "<dt>Enter</dt><dd>in the ladder: go to that event</dd>\n"
                   "<dt>t</dt><dd>light or dark</dd>\n</dl>\n");
    for (unsigned i = 0; i < SVG_KEYS; i++)
        text_printf(out, "%s%s", i == 0 ? "<p class=\"legend\">" : " ", svg_keys[i]);
    text_puts(out, "</p>\n</div>\n");
}

static void head(struct text *out, const struct view_run *runs)
{
    text_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    words(out, runs[0].story->title);
    text_puts(out, "</title>\n<style>\n");
    text_puts(out, html_page_css);
    text_puts(out, "</style>\n<noscript><style>.long{display:block}</style></noscript>\n</head>\n<body>\n<header>\n<h1 dir=\"auto\">");
    words(out, runs[0].story->title);
    text_puts(out, "</h1>\n<p class=\"source\">");
    words(out, runs[0].story->file);
    text_printf(out, ", seed %" PRIu64, runs[0].story->seed);
    text_puts(
        out,
        "</p>\n<button type=\"button\" id=\"help\" aria-expanded=\"false\" aria-controls=\"keys\" aria-keyshortcuts=\"?\">Help</button>\n"
        "<button type=\"button\" id=\"theme\" aria-keyshortcuts=\"t\">Theme: system</button>\n</header>\n");
    help(out);
}

static void run_name(struct text *out, const struct view_run *run)
{
    if (run->story->variant_title != NULL)
        words(out, run->story->variant_title);
    else
        text_puts(out, "As written");
}

/* One row, however many there are. */
static void tabs(struct text *out, const struct view_run *runs, unsigned count)
{
    if (count < 2)
        return;
    text_puts(out, "<div id=\"variants\">\n<div role=\"tablist\" aria-label=\"Variants\" id=\"tabs\">\n");
    for (unsigned i = 0; i < count; i++) {
        text_printf(out, "<button type=\"button\" role=\"tab\" id=\"tab%u\" aria-controls=\"run%u\" aria-selected=\"%s\" tabindex=\"%d\">",
                    i, i, i == 0 ? "true" : "false", i == 0 ? 0 : -1);
        run_name(out, &runs[i]);
        text_puts(out, "</button>\n");
    }
    text_puts(out, "</div>\n<label>Beside it: <select id=\"other\"><option value=\"\">nothing</option>\n");
    for (unsigned i = 0; i < count; i++) {
        text_printf(out, "<option value=\"%u\">", i);
        run_name(out, &runs[i]);
        text_puts(out, "</option>\n");
    }
    text_puts(out, "</select></label>\n</div>\n<output id=\"difference\" aria-label=\"First difference\"></output>\n");
}

/* ---- a run ---- */

static void controls(struct text *out)
{
    static const struct {
        const char *go, *key, *before, *name, *after;
    } buttons[] = {{"first", "Home", "|&#9664; ", "Beginning", ""},      {"back", "ArrowLeft", "&#9664; ", "Back", ""},
                   {"forward", "ArrowRight", "", "Forward", " &#9654;"}, {"state", "s", "", "Next state", ""},
                   {"surprise", "x", "", "Next surprise", ""},           {"last", "End", "", "End", " &#9654;|"}};
    text_puts(out, "<div class=\"controls\" role=\"group\" aria-label=\"Steps\">\n");
    for (unsigned i = 0; i < sizeof buttons / sizeof *buttons; i++)
        text_printf(out,
                    "<button type=\"button\" data-go=\"%s\" aria-keyshortcuts=\"%s\"><span aria-hidden=\"true\">%s</span>%s"
                    "<span aria-hidden=\"true\">%s</span></button>\n",
                    buttons[i].go, buttons[i].key, buttons[i].before, buttons[i].name, buttons[i].after);
    text_puts(out, "<button type=\"button\" data-go=\"all\" aria-keyshortcuts=\"a\" aria-pressed=\"false\">Show all</button>\n"
                   "<button type=\"button\" data-go=\"wide\" aria-keyshortcuts=\"w\" aria-pressed=\"false\">Ladder only</button>\n"
                   "<span class=\"where\" role=\"status\"></span>\n</div>\n");
}

static void ladder(struct text *out, struct svg *svg)
{
    text_printf(out,
                "<div class=\"ladder%s\" role=\"region\" aria-label=\"Ladder\" tabindex=\"0\">\n<div class=\"names\" aria-hidden=\"true\">",
                svg_has_parts(svg) ? " long" : "");
    svg_names(svg, out);
    text_puts(out, "</div>\n");
    svg_draw(svg, out);
    text_puts(out, "</div>\n");
}

static void side(struct text *out)
{
    text_puts(out, "<section class=\"now\">\n<h2>Now</h2>\n<div class=\"told\" aria-live=\"polite\" aria-atomic=\"true\">\n"
                   "<div class=\"card\" hidden=\"hidden\"></div>\n<ol class=\"happens\"></ol>\n</div>\n</section>\n"
                   "<section class=\"why\" hidden=\"hidden\">\n<h2>Because</h2>\n<ol class=\"causes\"></ol>\n</section>\n"
                   "<section class=\"states\">\n<h2>States <label>of connection <select class=\"connection\"></select></label></h2>\n"
                   "<div class=\"diagrams\">\n<figure><figcaption></figcaption>");
    text_puts(out, html_page_states_svg);
    text_puts(out, "</figure>\n<figure><figcaption></figcaption>");
    text_puts(out, html_page_states_svg);
    text_puts(out, "</figure>\n</div>\n</section>\n");
}

/* Every host's table, in the columns of ss. */
static void sockets(struct text *out, const struct svg *svg)
{
    text_puts(out, "<section class=\"sockets\" aria-label=\"Sockets\">\n");
    for (unsigned lane = 0; lane < svg->ladder.lanes; lane++) {
        text_puts(out, "<table>\n<caption>");
        words(out, glossary_host(svg->glossary, svg->lanes[lane].node));
        text_puts(out, "$ ss -tano</caption>\n<thead><tr><th>State</th><th>Recv-Q</th><th>Send-Q</th><th>Local Address:Port</th>"
                       "<th>Peer Address:Port</th><th>Timer</th></tr></thead>\n<tbody></tbody>\n</table>\n");
    }
    text_puts(out, "</section>\n");
}

static void report(struct text *out, const struct view_run *run, const struct view_options *options)
{
    struct view_options plain = *options;
    struct text text = {0};
    plain.colour = false;
    plain.unicode = true;
    view_report(&text, run->story, run->trace, run->judgement, &plain);
    text_puts(out, "<section class=\"report\">\n<h2>What came of it</h2>\n<pre>");
    for (const char *p = text.bytes; p != NULL && *p != '\0';) {
        const char *end = p;
        struct text line = {0};
        while (*end != '\n' && *end != '\0')
            end++;
        text_add(&line, p, (size_t)(end - p));
        text_puts(out, "<span class=\"line\">");
        words(out, line.bytes != NULL ? line.bytes : "");
        text_puts(out, "\n</span>");
        text_free(&line);
        p = end + (*end == '\n');
    }
    text_puts(out, "</pre>\n</section>\n");
    out->failed = out->failed || text.failed;
    text_free(&text);
}

static void run(struct text *out, const struct view_run *runs, unsigned index, unsigned count, const struct view_options *options)
{
    const struct view_run *one = &runs[index];
    struct glossary glossary;
    struct svg svg;
    char prefix[24];
    snprintf(prefix, sizeof prefix, "r%u-", index);
    glossary_init(&glossary, one->story, one->trace);
    if (svg_open(&svg, &glossary, one->judgement, options, prefix, true)) {
        text_printf(out, "<section class=\"run\" id=\"run%u\" style=\"--ladder:%dpx\"", index, svg.width);
        if (count > 1)
            text_printf(out, " role=\"tabpanel\" aria-labelledby=\"tab%u\"", index);
        text_puts(out, index == 0 ? ">\n" : " hidden=\"hidden\">\n");
        if (count > 1) {
            text_puts(out, "<h2 class=\"variant\" dir=\"auto\">");
            run_name(out, one);
            text_puts(out, "</h2>\n");
        }
        controls(out);
        ladder(out, &svg);
        text_puts(out, "<div class=\"side\" role=\"region\" aria-label=\"What happens\">\n");
        side(out);
        report(out, one, options);
        text_puts(out, "</div>\n");
        sockets(out, &svg);
        text_puts(out, "<script type=\"application/json\" class=\"model\">");
        html_model(out, &svg);
        text_puts(out, "</script>\n</section>\n");
    }
    out->failed = out->failed || svg.failed;
    svg_close(&svg);
    glossary_done(&glossary);
}

void view_html_runs(struct text *out, const struct view_run *runs, unsigned count, const struct view_options *options)
{
    head(out, runs);
    tabs(out, runs, count);
    text_puts(out, "<main>\n");
    for (unsigned i = 0; i < count; i++)
        run(out, runs, i, count, options);
    text_puts(out, "</main>\n<script>\n//<![CDATA[\n");
    text_puts(out, html_page_beside_js);
    text_puts(out, html_page_js);
    text_puts(out, "//]]>\n</script>\n</body>\n</html>\n");
}

void view_html(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
               const struct view_options *options)
{
    const struct view_run run = {.story = story, .trace = trace, .judgement = judgement};
    view_html_runs(out, &run, 1, options);
}
