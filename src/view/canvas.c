/* SPDX-License-Identifier: MIT */
#include "view/canvas.h"

#include <stddef.h>

uint32_t utf8_next(const char **utf8)
{
    const unsigned char *p = (const unsigned char *)*utf8;
    unsigned more = p[0] < 0x80                   ? 0
                    : p[0] >= 0xF0 && p[0] < 0xF5 ? 3
                    : p[0] >= 0xE0 && p[0] < 0xF0 ? 2
                    : p[0] >= 0xC2 && p[0] < 0xE0 ? 1
                                                  : 4;
    if (more == 4) {
        *utf8 += 1;
        return 0xFFFD;
    }
    uint32_t glyph = more == 0 ? p[0] : p[0] & (0x3Fu >> more);
    for (unsigned i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *utf8 += i;
            return 0xFFFD;
        }
        glyph = glyph << 6 | (p[i] & 0x3F);
    }
    *utf8 += more + 1;
    return glyph;
}

/* The blocks that terminals draw two columns wide, coarsely (Unicode, EastAsianWidth W and F), and the common marks without a width. */
int glyph_columns(uint32_t g)
{
    static const struct {
        uint32_t first, last;
        int columns;
    } blocks[] = {
        {0x0300, 0x036F, 0}, {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0}, {0x2E80, 0xA4CF, 2},
        {0xAC00, 0xD7A3, 2}, {0xF900, 0xFAFF, 2},   {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2}, {0xFF00, 0xFF60, 2},
        {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1FAFF, 2}, {0x20000, 0x3FFFD, 2},
    };
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        if (g >= blocks[i].first && g <= blocks[i].last)
            return blocks[i].columns;
    }
    return 1;
}

void canvas_clear(struct canvas *canvas)
{
    for (unsigned i = 0; i < canvas->width; i++) {
        canvas->glyph[i] = ' ';
        canvas->style[i] = STYLE_PLAIN;
    }
}

void canvas_put(struct canvas *canvas, int x, uint32_t glyph, enum style style)
{
    if (x < 0 || x >= (int)canvas->width)
        return;
    canvas->glyph[x] = glyph;
    canvas->style[x] = (uint8_t)style;
}

void canvas_repeat(struct canvas *canvas, int from, int to, uint32_t glyph, enum style style)
{
    for (int x = from; x <= to; x++)
        canvas_put(canvas, x, glyph, style);
}

int canvas_text(struct canvas *canvas, int x, const char *utf8, enum style style)
{
    while (*utf8 != '\0') {
        uint32_t glyph = utf8_next(&utf8);
        if (glyph < 0x20 || glyph == 0x7F || glyph == 0xFFFD || (glyph >= 0x80 && (glyph < 0xA0 || !canvas->unicode)))
            glyph = '?';
        int columns = glyph_columns(glyph);
        if (columns == 0)
            continue;
        if (columns == 2 && x + 1 >= (int)canvas->width)
            return x;
        canvas_put(canvas, x++, glyph, style);
        if (columns == 2)
            canvas_put(canvas, x++, 0, style);
    }
    return x;
}

int canvas_width(const char *utf8)
{
    int width = 0;
    while (*utf8 != '\0')
        width += glyph_columns(utf8_next(&utf8));
    return width;
}

size_t canvas_break(const char *s, int width)
{
    const char *p = s, *space = NULL;
    int used = 0;
    while (*p != '\0') {
        const char *next = p;
        used += glyph_columns(utf8_next(&next));
        if (*p == ' ' && p != s && used <= width + 1)
            space = p;
        if (used > width)
            return (size_t)((space != NULL ? space : p == s ? next : p) - s);
        p = next;
    }
    return (size_t)(p - s);
}

static void put_utf8(struct text *out, uint32_t g)
{
    char bytes[4];
    size_t length;
    if (g < 0x80) {
        text_putc(out, (char)g);
        return;
    }
    if (g < 0x800) {
        bytes[0] = (char)(0xC0 | g >> 6);
        length = 2;
    } else if (g < 0x10000) {
        bytes[0] = (char)(0xE0 | g >> 12);
        length = 3;
    } else {
        bytes[0] = (char)(0xF0 | g >> 18);
        length = 4;
    }
    for (size_t i = 1; i < length; i++)
        bytes[i] = (char)(0x80 | (g >> (6 * (length - 1 - i)) & 0x3F));
    text_add(out, bytes, length);
}

static const char *const escapes[] = {
    [STYLE_PLAIN] = "",         [STYLE_DIM] = "\033[2m",    [STYLE_BOLD] = "\033[1m",    [STYLE_STATE] = "\033[1;36m",
    [STYLE_CALL] = "\033[32m",  [STYLE_TIMER] = "\033[33m", [STYLE_LOST] = "\033[1;31m", [STYLE_RST] = "\033[1;31m",
    [STYLE_AGAIN] = "\033[33m", [STYLE_SAY] = "\033[1m",    [STYLE_FAULT] = "\033[35m",
};

void canvas_flush(const struct canvas *canvas, struct text *out)
{
    unsigned end = canvas->width;
    uint8_t style = STYLE_PLAIN;
    while (end > 0 && canvas->glyph[end - 1] == ' ')
        end--;
    for (unsigned x = 0; x < end; x++) {
        if (canvas->glyph[x] == 0)
            continue;
        if (canvas->colour && canvas->style[x] != style && (canvas->glyph[x] != ' ' || style != STYLE_PLAIN)) {
            if (style != STYLE_PLAIN)
                text_puts(out, "\033[0m");
            style = canvas->glyph[x] == ' ' ? (uint8_t)STYLE_PLAIN : canvas->style[x];
            text_puts(out, escapes[style]);
        }
        put_utf8(out, canvas->glyph[x]);
    }
    if (style != STYLE_PLAIN)
        text_puts(out, "\033[0m");
    text_putc(out, '\n');
}
