/* SPDX-License-Identifier: MIT */
/* A long ladder in a page is drawn in parts, so that its script can leave out of sight what is out of sight: a browser that has ten
 * thousand rows to paint at each step is slow. */
#include <stdlib.h>

#include "view/svg.h"

#define LINES_MIN 600u /* a ladder of fewer lines has no parts */
#define THINGS 100u /* in a part */

bool svg_has_parts(const struct svg *svg)
{
    return svg->page && svg->line_count >= LINES_MIN;
}

static struct svg_part *open_part(struct svg *svg)
{
    if (svg->part_count == svg->part_capacity) {
        uint32_t capacity = svg->part_capacity == 0 ? 64 : svg->part_capacity * 2;
        struct svg_part *parts = realloc(svg->parts, capacity * sizeof *parts);
        if (parts == NULL) {
            svg->failed = true;
            return NULL;
        }
        svg->parts = parts;
        svg->part_capacity = capacity;
    }
    text_puts(svg->out, "<g class=\"part\">\n");
    return &svg->parts[svg->part_count++];
}

void svg_part(struct svg *svg, int top, int bottom)
{
    if (!svg_has_parts(svg) || svg->failed)
        return;
    if (svg->in_part == THINGS)
        svg_part_end(svg);
    if (svg->in_part == 0) {
        struct svg_part *part = open_part(svg);
        if (part == NULL)
            return;
        *part = (struct svg_part){.top = top, .bottom = bottom};
    }
    struct svg_part *part = &svg->parts[svg->part_count - 1];
    part->top = top < part->top ? top : part->top;
    part->bottom = bottom > part->bottom ? bottom : part->bottom;
    svg->in_part++;
}

void svg_part_end(struct svg *svg)
{
    text_puts(svg->out, svg->in_part > 0 ? "</g>\n" : "");
    svg->in_part = 0;
}
