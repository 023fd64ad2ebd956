/* SPDX-License-Identifier: MIT */
/* Words in a picture. Nobody knows the reader's fonts, so a text is taken to be as wide as in DejaVu Sans, whose letters are the widest of
 * the usual ones (as Verdana's are): what does not touch there touches nowhere. */
#include <string.h>

#include "view/svg.h"

/* Thousandths of the size, upper bounds of a class. */
static int letter_width(uint32_t c)
{
    if (c > 0x7E)
        return glyph_columns(c) == 0 ? 0 : 1000 + 100 * (glyph_columns(c) - 1);
    if (c < ' ' || strchr("ijlI.,:;'|! ", (int)c) != NULL)
        return 405;
    if (strchr("ftr()[]/\\-\"", (int)c) != NULL)
        return 465;
    if (strchr("mMwW%@", (int)c) != NULL)
        return 1005;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("_{}?$*`", (int)c) != NULL)
        return 650;
    return c >= 'A' && c <= 'Z' ? 795 : 840;
}

int svg_text_width(const char *utf8, int size, bool bold)
{
    int64_t sum = 0;
    while (*utf8 != '\0')
        sum += letter_width(utf8_next(&utf8));
    return (int)((sum * size * (bold ? 11 : 10) + 9999) / 10000);
}

void svg_escape(struct text *out, const char *utf8)
{
    while (*utf8 != '\0') {
        uint32_t c = utf8_next(&utf8);
        if (c == '&' || c == '<' || c == '>' || c == '"' || c > 0x7E)
            text_printf(out, "&#%u;", (unsigned)c);
        else
            text_putc(out, c >= ' ' ? (char)c : ' ');
    }
}

size_t svg_break(const char *utf8, int size, int width)
{
    const char *p = utf8, *space = NULL, *fits = utf8;
    int64_t sum = 0;
    while (*p != '\0' && *p != '\n') {
        const char *here = p;
        uint32_t c = utf8_next(&p);
        sum += letter_width(c);
        if (c == ' ')
            space = here;
        if (sum * size > (int64_t)width * 1000 && here > utf8)
            return (size_t)((space != NULL && space > utf8 ? space : fits) - utf8);
        fits = p;
    }
    return (size_t)(p - utf8);
}

void svg_cut(struct text *text, int size, bool bold, int width)
{
    if (text->bytes == NULL || svg_text_width(text->bytes, size, bold) <= width)
        return;
    width = bold ? width * 10 / 11 : width;
    const char *p = text->bytes, *fits = p;
    int64_t sum = 1000; /* … */
    while (*p != '\0') {
        sum += letter_width(utf8_next(&p));
        if (sum * size > (int64_t)width * 1000)
            break;
        fits = p;
    }
    text->length = (size_t)(fits - text->bytes);
    text_puts(text, "…");
}

void svg_text(struct svg *svg, int x, int y, const char *classes, enum svg_anchor anchor, const char *utf8)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    text_printf(svg->out, "<text x=\"%d\" y=\"%d\" class=\"%s\"%s>", x, y, classes, anchors[anchor]);
    svg_escape(svg->out, utf8);
    text_puts(svg->out, "</text>\n");
}
