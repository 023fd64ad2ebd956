/* SPDX-License-Identifier: MIT */
/* A terminal that is played on: keys come in one by one, a page is drawn as a whole, and it is left as it was found, however the program
 * ends or is stopped. On libuv's loop; only in builds that have libuv (LASTACK_UV). */
#ifndef LASTACK_APP_CONSOLE_H
#define LASTACK_APP_CONSOLE_H

#include "app/loop.h"

#ifdef LASTACK_UV

enum key { KEY_NONE, KEY_RIGHT = 256, KEY_LEFT, KEY_UP, KEY_DOWN, KEY_HOME, KEY_END, KEY_ESCAPE, KEY_ENTER, KEY_BACKSPACE };
#define KEY_CONTROL(letter) ((letter)&0x1F)

struct console {
    struct loop loop;
    uv_tty_t in, out;
    uv_signal_t resize, suspend, goes_on;
    int width, height;
    void (*on_key)(struct console *console, int key); /* a character, or enum key */
    void (*on_resize)(struct console *console); /* draws anew */
    void *data; /* the caller's */
    struct text drawn; /* what stands on the screen: only lines that differ are sent */
    int escape; /* how far an escape sequence has come */
    bool failed; /* the terminal is gone */
};

/* Takes the terminal. STATUS_OUTSIDE: there is none, said on stderr with `command`'s name. */
enum status console_open(struct console *console, const char *command);
/* Runs until console_close, or a signal that ends the program; then the terminal is as it was. */
void console_run(struct console *console);
void console_close(struct console *console);
/* Draws `page`, lines divided by \n, over the whole screen; what does not fit is left out. */
void console_draw(struct console *console, const struct text *page);

#endif

#endif
