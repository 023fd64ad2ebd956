/* SPDX-License-Identifier: MIT */
#include "app/typed.h"

#include <string.h>

#include "app/app.h"

#define NAME "lastack"

static struct {
    struct text name;
    const char *const *commands;
} typed; /* of the process: messages come from everywhere */

void typed_shell(struct text *out, const char *word)
{
    if (*word != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=+,@%-")] == '\0') {
        text_puts(out, word);
        return;
    }
    text_putc(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            text_puts(out, "'\\''");
        else
            text_putc(out, *word);
    }
    text_putc(out, '\'');
}

void typed_init(const char *as, const char *argv0, const char *const *commands)
{
    typed.commands = commands;
    if (as == NULL || *as == '\0')
        as = argv0 != NULL && strchr(argv0, '/') != NULL ? argv0 : NAME;
    text_free(&typed.name);
    typed_shell(&typed.name, as);
}

const char *typed_name(void)
{
    return typed.name.bytes != NULL && !typed.name.failed ? typed.name.bytes : NAME;
}

static bool is_command(const char *word, size_t length)
{
    for (const char *const *name = typed.commands; name != NULL && *name != NULL; name++) {
        if (strlen(*name) == length && strncmp(*name, word, length) == 0)
            return true;
    }
    return false;
}

/* A path that ends so is none: what stands before it is no letter, and no slash. */
static bool is_suggestion(const char *message, const char *at)
{
    static const char before[] = " `(:\n";
    const char *word = at + sizeof NAME;
    return (at == message || strchr(before, at[-1]) != NULL) && is_command(word, strspn(word, "abcdefghijklmnopqrstuvwxyz"));
}

void typed_text(struct text *out, const char *message)
{
    const char *rest = message;
    for (const char *at = message; (at = strstr(at, NAME " ")) != NULL; at += sizeof NAME) {
        if (!is_suggestion(message, at))
            continue;
        text_add(out, rest, (size_t)(at - rest));
        text_puts(out, typed_name());
        rest = at + sizeof NAME - 1;
    }
    text_puts(out, rest);
}

void typed_shown(struct text *out, const char *path, const char *message)
{
    if (output_is_terminal(path))
        typed_text(out, message);
    else
        text_puts(out, message);
}
