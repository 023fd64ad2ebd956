/* SPDX-License-Identifier: MIT */
#include "app/console.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* xterm's control sequences, which every terminal of today knows: the other screen, and the cursor. */
#define ENTER_SCREEN "\033[?1049h\033[?25l\033[2J"
#define LEAVE_SCREEN "\033[?25h\033[?1049l"

struct writing {
    uv_write_t request;
    char bytes[];
};

static void written(uv_write_t *request, int status)
{
    struct console *console = request->handle->loop->data;
    if (status < 0)
        console->failed = true;
    free(request);
}

static void put(struct console *console, const char *bytes, size_t length)
{
    struct writing *writing = malloc(sizeof *writing + length);
    if (writing == NULL)
        return;
    memcpy(writing->bytes, bytes, length);
    uv_buf_t buffer = uv_buf_init(writing->bytes, (unsigned)length);
    if (uv_write(&writing->request, (uv_stream_t *)&console->out, &buffer, 1, written) < 0) {
        console->failed = true;
        free(writing);
    }
}

/* ---- keys ---- */

static void key(struct console *console, int code)
{
    console->on_key(console, code);
}

/* ESC [ A and ESC O A are the arrows, H and F the beginning and the end; any other sequence is skipped to its last letter. */
static void byte(struct console *console, unsigned char c)
{
    static const int arrows[] = {KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT};
    if (console->escape == 1) {
        console->escape = c == '[' || c == 'O' ? 2 : 0;
        if (console->escape == 0)
            key(console, KEY_ESCAPE);
    } else if (console->escape == 2) {
        if (c < 0x40 || c > 0x7E)
            return;
        console->escape = 0;
        if (c >= 'A' && c <= 'D')
            key(console, arrows[c - 'A']);
        else if (c == 'H' || c == 'F')
            key(console, c == 'H' ? KEY_HOME : KEY_END);
    } else if (c == 0x1B) {
        console->escape = 1;
    } else if (c == '\r' || c == '\n') {
        key(console, KEY_ENTER);
    } else if (c == 0x7F || c == 0x08) {
        key(console, KEY_BACKSPACE);
    } else {
        key(console, c);
    }
}

static void allocate(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    static char bytes[256];
    (void)handle;
    (void)wanted;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void typed(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct console *console = stream->loop->data;
    if (count < 0) {
        console->failed = true; /* the line was hung up */
        console_close(console);
        return;
    }
    for (ssize_t i = 0; i < count; i++)
        byte(console, (unsigned char)buffer->base[i]);
    if (console->escape == 1) { /* nothing came behind it: the key itself */
        console->escape = 0;
        key(console, KEY_ESCAPE);
    }
}

/* ---- signals ---- */

static void measure(struct console *console)
{
    if (uv_tty_get_winsize(&console->out, &console->width, &console->height) < 0 || console->width <= 0 || console->height <= 0) {
        console->width = 80;
        console->height = 24;
    }
}

static void resized(uv_signal_t *signal, int number)
{
    struct console *console = signal->loop->data;
    (void)number;
    measure(console);
    put(console, "\033[2J", 4);
    console->on_resize(console);
}

static void stopped(uv_signal_t *signal, int number)
{
    (void)number;
    console_close(signal->loop->data);
}

/* After a stop from outside the shell has had the terminal. */
static void goes_on(uv_signal_t *signal, int number)
{
    struct console *console = signal->loop->data;
    (void)number;
    uv_tty_set_mode(&console->in, UV_TTY_MODE_NORMAL);
    uv_tty_set_mode(&console->in, UV_TTY_MODE_RAW);
    put(console, ENTER_SCREEN, sizeof ENTER_SCREEN - 1);
    console->on_resize(console);
}

/* ---- open, run, close ---- */

enum status console_open(struct console *console, const char *command)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    if (uv_guess_handle(STDIN_FILENO) != UV_TTY || uv_guess_handle(STDOUT_FILENO) != UV_TTY) {
        complain(command, "this is played in a terminal; lastack run prints to anything");
        return STATUS_OUTSIDE;
    }
    int error = uv_loop_init(&console->loop);
    console->loop.data = console;
    if (error == 0)
        error = uv_tty_init(&console->loop, &console->in, STDIN_FILENO, 1);
    if (error == 0)
        error = uv_tty_init(&console->loop, &console->out, STDOUT_FILENO, 0);
    if (error == 0)
        error = uv_tty_set_mode(&console->in, UV_TTY_MODE_RAW);
    if (error < 0) {
        complain(command, "the terminal cannot be used: %s", uv_strerror(error));
        uv_tty_reset_mode();
        return STATUS_OUTSIDE;
    }
    measure(console);
    uv_signal_init(&console->loop, &console->resize);
    uv_signal_start(&console->resize, resized, SIGWINCH);
    uv_signal_init(&console->loop, &console->goes_on);
    uv_signal_start(&console->goes_on, goes_on, SIGCONT);
    for (unsigned i = 0; i < 3; i++) {
        uv_signal_init(&console->loop, &console->stop[i]);
        uv_signal_start(&console->stop[i], stopped, numbers[i]);
    }
    uv_read_start((uv_stream_t *)&console->in, allocate, typed);
    put(console, ENTER_SCREEN, sizeof ENTER_SCREEN - 1);
    return STATUS_HELD;
}

static void handle_close(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void console_run(struct console *console)
{
    uv_run(&console->loop, UV_RUN_DEFAULT);
    uv_tty_reset_mode(); /* while its descriptor is still open */
    uv_walk(&console->loop, handle_close, NULL);
    uv_run(&console->loop, UV_RUN_DEFAULT);
    uv_loop_close(&console->loop);
    if (write(STDOUT_FILENO, LEAVE_SCREEN, sizeof LEAVE_SCREEN - 1) < 0)
        console->failed = true;
}

void console_close(struct console *console)
{
    uv_stop(&console->loop);
}

void console_draw(struct console *console, const struct text *page)
{
    struct text out = {0};
    const char *at = page->bytes != NULL ? page->bytes : "";
    int line = 0;
    text_puts(&out, "\033[H");
    for (; *at != '\0' && line < console->height; line++) {
        size_t length = strcspn(at, "\n");
        text_puts(&out, line > 0 ? "\r\n" : "");
        text_add(&out, at, length);
        text_puts(&out, "\033[K");
        at += length + (at[length] == '\n');
    }
    text_puts(&out, "\033[J");
    if (!out.failed)
        put(console, out.bytes, out.length);
    text_free(&out);
}
