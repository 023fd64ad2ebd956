/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/typed.h"

/* In the order in which help lists them. */
/* clang-format off */
static const struct command *const commands[] = {
    &command_run,
    &command_view,
    &command_test,
    &command_play,
    &command_watch,
    &command_why,
    &command_compare,
    &command_plot,
    &command_check,
    &command_format,
    &command_new,
    &command_list,
    &command_show,
    &command_profiles,
    &command_states,
    &command_keywords,
};
/* clang-format on */
#define COMMANDS (sizeof commands / sizeof *commands)

static const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static void help_all(struct text *out)
{
    text_printf(out, "lastack plays how TCP connections end, on simulated hosts, the same way every time.\n\nusage: %s COMMAND ...\n\n",
                typed_name());
    for (unsigned i = 0; i < COMMANDS; i++) {
        text_printf(out, "  %-10s ", commands[i]->name);
        typed_text(out, commands[i]->summary);
        text_putc(out, '\n');
    }
    typed_text(out, "  help       what a command takes: lastack help COMMAND\n"
                    "\n  --help, --version\n"
                    "\nBegin with: lastack list; lastack run four-packets; lastack new first.scn\n");
}

/* The usage line, wrapped at 80 columns, its option groups kept whole. */
static void usage(struct text *out, const struct command *command)
{
    unsigned column = (unsigned)strlen(typed_name()) + 8;
    text_printf(out, "usage: %s ", typed_name());
    for (const char *word = command->usage; *word != '\0';) {
        size_t length = strcspn(word, " ");
        if (*word == '[' && strcspn(word, " ") < strcspn(word, "]"))
            length = strcspn(word, "]") + 1;
        while (word[length] != ' ' && word[length] != '\0')
            length++;
        if (column + length > 79) {
            out->length -= 1; /* the space behind the last word */
            text_puts(out, "\n           ");
            column = 11;
        }
        text_add(out, word, length);
        text_putc(out, ' ');
        column += (unsigned)length + 1;
        word += length + strspn(word + length, " ");
    }
    out->length -= 1;
    text_putc(out, '\n');
}

static void help_one(struct text *out, const struct command *command)
{
    usage(out, command);
    text_printf(out, "\nlastack %s %s.\n", command->name, command->summary);
    if (command->option_count > 0)
        text_putc(out, '\n');
    for (unsigned i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        char left[64];
        if (option->letter != 0)
            snprintf(left, sizeof left, "-%c, --%s%s%s", option->letter, option->name, option->value != NULL ? " " : "",
                     option->value != NULL ? option->value : "");
        else
            snprintf(left, sizeof left, "--%s%s%s", option->name, option->value != NULL ? " " : "",
                     option->value != NULL ? option->value : "");
        text_printf(out, "  %-24s %s\n", left, option->help);
    }
    if (command->details != NULL) {
        text_putc(out, '\n');
        typed_text(out, command->details);
    }
}

static enum status say(struct text *text)
{
    enum status status = output_write(NULL, text);
    text_free(text);
    return status;
}

static enum status unknown_command(const char *word)
{
    const char *names[COMMANDS + 1], *nearest;
    for (unsigned i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    names[COMMANDS] = "help";
    nearest = near_miss(word, names, COMMANDS + 1);
    if (word[0] != '-' && (access(word, F_OK) == 0 || strstr(word, ".scn") != NULL))
        complain(NULL, "there is no command %s; to play a file: lastack run %s", word, word);
    else if (nearest != NULL)
        complain(NULL, "there is no command %s; did you mean %s?", word, nearest);
    else
        complain(NULL, "there is no command %s; see lastack help", word);
    return STATUS_WRONG;
}

static enum status help(int argc, char **argv)
{
    struct text text = {0};
    const struct command *command = argc > 0 ? command_find(argv[0]) : NULL;
    if (argc > 0 && command == NULL && strcmp(argv[0], "help") != 0)
        return unknown_command(argv[0]);
    if (command != NULL)
        help_one(&text, command);
    else
        help_all(&text);
    return say(&text);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static void name_take(const char *argv0)
{
    static const char *names[COMMANDS + 2];
    for (unsigned i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    names[COMMANDS] = "help";
    typed_init(getenv("LASTACK_TYPED"), argv0, names);
}

int main(int argc, char **argv)
{
    struct text text = {0};
    struct arguments arguments;
    const char *word = argc > 1 ? argv[1] : NULL;

    name_take(argv[0]);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write, status 3 */
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN); /* so is a limit on the size of files */
#endif
    fault_init();
    if (word == NULL) {
        help_all(&text);
        fputs(text.bytes != NULL ? text.bytes : "", stderr);
        text_free(&text);
        return STATUS_WRONG;
    }
    if (strcmp(word, "--version") == 0) {
        text_puts(&text, "lastack " LASTACK_VERSION "\n");
        return (int)say(&text);
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return (int)help(argc - 2, argv + 2);
    const struct command *command = command_find(word);
    if (command == NULL)
        return (int)unknown_command(word);
    if (asks_for_help(argc - 2, argv + 2)) {
        help_one(&text, command);
        return (int)say(&text);
    }
    if (!arguments_parse(&arguments, command, argc - 2, argv + 2))
        return STATUS_WRONG;
    return (int)command->run(&arguments);
}
