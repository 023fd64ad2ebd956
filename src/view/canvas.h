/* SPDX-License-Identifier: MIT */
/* One line of a page as a row of character cells, each with a style; so that lanes, arrows and words can be laid over each
 * other without counting bytes. Inside the view room only. */
#ifndef LASTACK_VIEW_CANVAS_H
#define LASTACK_VIEW_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define CANVAS_MAX 224u

enum style {
    STYLE_PLAIN,
    STYLE_DIM,
    STYLE_BOLD,
    STYLE_STATE,
    STYLE_CALL,
    STYLE_TIMER,
    STYLE_LOST,
    STYLE_RST,
    STYLE_AGAIN,
    STYLE_SAY,
    STYLE_FAULT
};

struct canvas {
    unsigned width;
    bool colour, unicode;
    uint32_t glyph[CANVAS_MAX]; /* code points; 0 behind a wide one */
    uint8_t style[CANVAS_MAX];
};

void canvas_clear(struct canvas *canvas);
/* One code point; outside of the canvas nothing happens. */
void canvas_put(struct canvas *canvas, int x, uint32_t glyph, enum style style);
void canvas_repeat(struct canvas *canvas, int from, int to, uint32_t glyph, enum style style); /* from..to, both included */
/* UTF-8; returns the column behind it. What is no text, or has no glyph in ASCII, becomes ?. */
int canvas_text(struct canvas *canvas, int x, const char *utf8, enum style style);
/* Columns that the text takes. */
int canvas_width(const char *utf8);
/* Bytes of `utf8` that fit `width` columns, at least one character, broken at a space if there is one. */
size_t canvas_break(const char *utf8, int width);
/* Adds the line without the spaces at its end, and a line feed. */
void canvas_flush(const struct canvas *canvas, struct text *out);

/* Decodes one code point and steps over it; 0xFFFD for what is no UTF-8. */
uint32_t utf8_next(const char **utf8);
/* 0 for what joins the character before it, 2 for wide ones. */
int glyph_columns(uint32_t glyph);

#endif
