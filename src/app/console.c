/* SPDX-License-Identifier: MIT */
#include "app/console.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* xterm's control sequences, which every terminal of today knows: the other screen, the cursor, and no new line at the right edge. */
#define ENTER_SCREEN "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE_SCREEN "\033[?7h\033[?25h\033[?1049l"

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

/* ---- the terminal taken and left ---- */

static void measure(struct console *console)
{
    if (uv_tty_get_winsize(&console->out, &console->width, &console->height) < 0 || console->width <= 0 || console->height <= 0) {
        console->width = 80;
        console->height = 24;
    }
}

static void screen_leave(void)
{
    if (write(STDOUT_FILENO, LEAVE_SCREEN, sizeof LEAVE_SCREEN - 1) < 0)
        return; /* it is gone already */
}

/* Before a fault of ours says what it is. */
static void let_go(void)
{
    uv_tty_reset_mode();
    screen_leave();
}

static void leave(struct console *console)
{
    uv_tty_set_mode(&console->in, UV_TTY_MODE_NORMAL);
    screen_leave();
}

static void enter(struct console *console)
{
    uv_tty_set_mode(&console->in, UV_TTY_MODE_NORMAL); /* the shell has had it: what libuv believes may not be so */
    if (uv_tty_set_mode(&console->in, UV_TTY_MODE_RAW) < 0)
        console->failed = true;
    put(console, ENTER_SCREEN, sizeof ENTER_SCREEN - 1);
    console->drawn.length = 0;
    measure(console);
    console->on_resize(console);
}

static void resized(uv_signal_t *signal, int number)
{
    struct console *console = signal->loop->data;
    (void)number;
    measure(console);
    put(console, "\033[2J", 4);
    console->drawn.length = 0;
    console->on_resize(console);
}

static void suspended(uv_signal_t *signal, int number);

/* As the terminal would have done: what runs here is stopped, and the shell goes on. */
static void suspend(struct console *console)
{
    leave(console);
    uv_signal_stop(&console->suspend);
    kill(0, SIGTSTP);
    uv_signal_start(&console->suspend, suspended, SIGTSTP);
    enter(console);
}

static void suspended(uv_signal_t *signal, int number)
{
    (void)number;
    suspend(signal->loop->data);
}

/* After a stop from outside the shell has had the terminal. */
static void goes_on(uv_signal_t *signal, int number)
{
    (void)number;
    enter(signal->loop->data);
}

/* ---- keys ---- */

static void key(struct console *console, int code)
{
    if (code == KEY_CONTROL('Z'))
        suspend(console);
    else
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

/* ---- open, run, close ---- */

static int terminal_open(struct console *console)
{
    int error = loop_open(&console->loop);
    console->loop.uv.data = console;
    if (error == 0)
        error = uv_tty_init(&console->loop.uv, &console->in, STDIN_FILENO, 1);
    if (error == 0)
        error = uv_tty_init(&console->loop.uv, &console->out, STDOUT_FILENO, 0);
    if (error == 0)
        error = uv_tty_set_mode(&console->in, UV_TTY_MODE_RAW);
    return error;
}

enum status console_open(struct console *console, const char *command)
{
    if (uv_guess_handle(STDIN_FILENO) != UV_TTY || uv_guess_handle(STDOUT_FILENO) != UV_TTY) {
        complain(command, "this is played in a terminal; lastack run prints to anything");
        return STATUS_OUTSIDE;
    }
    const int error = terminal_open(console);
    if (error < 0) {
        complain(command, "the terminal cannot be used: %s", uv_strerror(error));
        uv_tty_reset_mode();
        return STATUS_OUTSIDE;
    }
    measure(console);
    fault_leaves(let_go);
    uv_signal_init(&console->loop.uv, &console->resize);
    uv_signal_start(&console->resize, resized, SIGWINCH);
    uv_signal_init(&console->loop.uv, &console->suspend);
    uv_signal_start(&console->suspend, suspended, SIGTSTP);
    uv_signal_init(&console->loop.uv, &console->goes_on);
    uv_signal_start(&console->goes_on, goes_on, SIGCONT);
    uv_read_start((uv_stream_t *)&console->in, allocate, typed);
    put(console, ENTER_SCREEN, sizeof ENTER_SCREEN - 1);
    return STATUS_HELD;
}

void console_run(struct console *console)
{
    loop_run(&console->loop);
    uv_tty_reset_mode(); /* while its descriptor is still open */
    loop_close(&console->loop);
    screen_leave();
    fault_leaves(NULL);
    text_free(&console->drawn);
}

void console_close(struct console *console)
{
    uv_stop(&console->loop.uv);
}

/* ---- pages ---- */

/* Bytes of a line up to that column; what sets colours takes none. */
static size_t clipped(const char *line, int width)
{
    const char *at = line;
    for (int columns = 0; *at != '\0' && *at != '\n';) {
        if (*at == '\033') {
            at += strcspn(at, "m\n");
            at += *at == 'm';
            continue;
        }
        if (columns++ == width)
            break;
        at++;
        while ((*at & 0xC0) == 0x80)
            at++;
    }
    return (size_t)(at - line);
}

static const char *line_take(const char **at, size_t *length)
{
    const char *line = *at;
    *length = strcspn(line, "\n");
    *at += *length + (line[*length] == '\n');
    return line;
}

void console_draw(struct console *console, const struct text *page)
{
    struct text out = {0};
    const char *now = page->bytes != NULL ? page->bytes : "", *before = console->drawn.length > 0 ? console->drawn.bytes : "";
    for (int row = 1; row <= console->height && (*now != '\0' || *before != '\0'); row++) {
        size_t length, old;
        const char *line = line_take(&now, &length), *drawn = line_take(&before, &old);
        if (length == old && memcmp(line, drawn, length) == 0)
            continue;
        text_printf(&out, "\033[%d;1H", row);
        text_add(&out, line, clipped(line, console->width));
        text_puts(&out, "\033[m\033[K");
    }
    if (!out.failed && out.length > 0)
        put(console, out.bytes, out.length);
    console->drawn.length = 0;
    text_add(&console->drawn, page->bytes != NULL ? page->bytes : "", page->length);
    text_free(&out);
}
