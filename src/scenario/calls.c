/* SPDX-License-Identifier: MIT */
/* The socket calls and their arguments. */
#include "scenario/internal.h"

#include <string.h>

#include "base/duration.h"

/* ---- calls that take a place to talk to ---- */

static bool connect_read(struct reader *r, struct story_step *step)
{
    static const char *const form = "write `connect HOST:PORT`, as in `connect server:80`";
    struct word word = r->word;
    struct value port;
    if (word.kind != TOKEN_WORD)
        return expected(r, "a host and port", form);
    uint32_t colon = word_find(&word, ":");
    if (colon == word.length && node_find(r, &word) != STORY_NONE) {
        report(r, word.place, hint(r, "write `connect %.*s:80`", SHOWN(&word)), "a port is missing");
        return false;
    }
    struct word part = word_part(r, &word, 0, colon);
    if (!node_of(r, &part, &step->host, true))
        return false;
    if (step->host == r->program_host)
        return report(r, part.place, "a connection runs between two hosts", "%.*s cannot connect to itself", SHOWN(&part)), false;
    if (!joined(r, step->host, r->program_host))
        return report(r, part.place, NULL, "no link leads to %.*s", SHOWN(&part)), false;
    part = word_part(r, &word, colon + 1, word.length - colon - 1);
    if (part.kind == TOKEN_END)
        return report(r, part.place, form, "a port is missing"), false;
    if (!value_count(r, &part, "a port", 1, 65535, &port))
        return false;
    STORE(r, step->port, &port);
    cursor_next(r);
    if (cursor_take(r, "from")) {
        if (!count_taken(r, &port, "a port", 1, 65535))
            return false;
        STORE(r, step->from_port, &port);
    }
    return true;
}

static bool listen_read(struct reader *r, struct story_step *step)
{
    struct value value;
    if (!count_taken(r, &value, "a port", 1, 65535))
        return false;
    STORE(r, step->port, &value);
    if (cursor_take(r, "backlog")) {
        if (!count_taken(r, &value, "a backlog", 0, INT32_MAX))
            return false;
        STORE(r, step->backlog, &value);
    }
    return true;
}

/* ---- data ---- */

static bool bytes_taken(struct reader *r, struct story_step *step)
{
    struct value value;
    struct word word = r->word;
    if (!size_taken(r, &value, "a size"))
        return false;
    if (value.low == 0)
        return report(r, word.place, "leave the call out", "there is nothing to %s", step->call == CALL_SEND ? "send" : "receive"), false;
    STORE(r, step->size, &value);
    return true;
}

static bool recv_read(struct reader *r, struct story_step *step)
{
    static const char *const form = "write `recv 300` or `recv until eof`";
    if (r->word.kind == TOKEN_WORD && (r->word.text[0] < '0' || r->word.text[0] > '9') && r->word.let == NULL) {
        if (!word_is(&r->word, "until"))
            return expected(r, "a size", form);
        cursor_next(r);
        step->call = CALL_RECV_EOF;
        return cursor_require(r, "eof", form);
    }
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "a size", form);
    return bytes_taken(r, step);
}

static bool shutdown_read(struct reader *r, struct story_step *step)
{
    static const char *const reads[] = {"rd", "RD", "SHUT_RD", "receive", "recv", NULL};
    static const char *const writes[] = {"wr", "WR", "SHUT_WR", "send", NULL};
    static const char *const boths[] = {"rdwr", "RDWR", "SHUT_RDWR", NULL};
    int how = word_index(&r->word, shutdown_words);
    if (how < 0) {
        const char *help = word_index(&r->word, reads) >= 0    ? "write `shutdown read`"
                           : word_index(&r->word, writes) >= 0 ? "write `shutdown write`"
                           : word_index(&r->word, boths) >= 0
                               ? "write `shutdown both`"
                               : near_of(r, &r->word, shutdown_words, "write `shutdown read`, `shutdown write` or `shutdown both`");
        return expected(r, "read, write or both", help);
    }
    step->how = how == 0 ? SHUTDOWN_READ : how == 1 ? SHUTDOWN_WRITE : SHUTDOWN_BOTH;
    cursor_next(r);
    return true;
}

/* ---- set ---- */

static const char *option_hint(struct reader *r, const struct word *word)
{
    static const char *const all =
        "options are linger nodelay cork quickack reuseaddr nonblocking keepalive user_timeout linger2 rcvbuf sndbuf";
    static const struct {
        const char *prefix;
    } prefixes[] = {{"SO_"}, {"TCP_"}, {"so_"}, {"tcp_"}};
    uint32_t skip = 0;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        uint32_t length = (uint32_t)strlen(prefixes[i].prefix);
        if (word->length > length && memcmp(word->text, prefixes[i].prefix, length) == 0)
            skip = length;
    }
    struct near near;
    near_start(r, &near, word->text + skip, word->length - skip);
    for (size_t i = 0; option_words[i] != NULL; i++)
        near_try(&near, option_words[i]);
    return near_hint(r, &near, all);
}

static bool keepalive_read(struct reader *r, struct story_step *step)
{
    struct value value;
    if (cursor_take(r, "off"))
        return true;
    step->a = 1;
    if (cursor_take(r, "on")) /* the host's own numbers */
        return true;
    const char first = r->word.kind == TOKEN_WORD && r->word.length > 0 ? r->word.text[0] : '\0';
    if (strchr("0123456789$.-+", first) == NULL || first == '\0')
        return expected(r, r->word.kind == TOKEN_END ? "`on`, or the idle time," : "a duration",
                        "write `on`, or the idle time, the interval and the number of probes: `set keepalive 60s 10s 5`");
    if (!duration_taken(r, &value, "the idle time"))
        return false;
    STORE(r, step->b, &value);
    if (!duration_taken(r, &value, "the interval"))
        return false;
    STORE(r, step->c, &value);
    if (!count_taken(r, &value, "the number of probes", 1, 1000000))
        return false;
    STORE(r, step->d, &value);
    return true;
}

static bool set_read(struct reader *r, struct story_step *step)
{
    struct value value;
    int option = word_index(&r->word, option_words);
    if (option < 0)
        return expected(r, "a socket option", r->word.kind == TOKEN_WORD ? option_hint(r, &r->word) : "write `set nodelay on`");
    step->option = (enum socket_option)option; /* option_words stand in the order of the enum */
    cursor_next(r);
    switch (step->option) {
    case OPTION_LINGER:
        if (cursor_take(r, "off"))
            return true;
        if (word_is(&r->word, "on"))
            return expected(r, "a duration", "write how long: `set linger 0` or `set linger 2s`");
        step->a = 1;
        break;
    case OPTION_NODELAY:
    case OPTION_CORK:
    case OPTION_QUICKACK:
    case OPTION_REUSEADDR:
    case OPTION_NONBLOCKING:
        return switch_taken(r, &step->a);
    case OPTION_KEEPALIVE:
        return keepalive_read(r, step);
    case OPTION_LINGER2:
        if (!cursor_take(r, "-1"))
            break;
        step->b = -1;
        return true;
    case OPTION_USER_TIMEOUT:
        break;
    case OPTION_RCVBUF:
    case OPTION_SNDBUF:
        if (!size_taken(r, &value, "a size"))
            return false;
        STORE(r, step->b, &value);
        return true;
    }
    if (!duration_taken(r, &value, "a duration"))
        return false;
    STORE(r, step->b, &value);
    return true;
}

/* ---- the others ---- */

static bool named_read(struct reader *r, struct story_step *step)
{
    bool name = r->word.kind == TOKEN_WORD && !word_is(&r->word, "on") && !word_is(&r->word, "within") && !word_is(&r->word, "at") &&
                !word_is(&r->word, "after") && !word_is(&r->word, "when");
    return !name || name_used(r, &step->on);
}

static bool relay_read(struct reader *r, struct story_step *step)
{
    uint16_t other = STORY_NONE;
    struct word word = r->word;
    if (!name_used(r, &step->on))
        return false;
    if (!name_used(r, &other))
        return false;
    if (other == step->on)
        return report(r, word.place, NULL, "a relay copies between two connections"), false;
    step->a = other;
    step->b = cursor_take(r, "full-close");
    return true;
}

static bool sleep_read(struct reader *r, struct story_step *step)
{
    struct value value;
    if (!duration_taken(r, &value, "a duration"))
        return false;
    STORE(r, step->size, &value);
    return true;
}

/* `recv(300)`, as a program writes it. */
static const char *parentheses_hint(struct reader *r)
{
    /* In the order of call_words. */
    static const char *const written[] = {
        "without parentheses: `listen 80`",
        "without parentheses: `accept`",
        "without parentheses: `connect server:80`",
        "without parentheses: `send 300`",
        "without parentheses: `recv 300`, or `recv until eof`",
        "without parentheses: `drain`",
        "without parentheses: `shutdown write`",
        "without parentheses: `close`",
        "without parentheses: `abort`",
        "without parentheses: `set nodelay on`",
        "without parentheses: `relay front back`",
        "without parentheses: `sleep 1s`",
        "without parentheses: `exit`",
    };
    const char *open = r->word.kind == TOKEN_WORD ? memchr(r->word.text, '(', r->word.length) : NULL;
    if (open == NULL || open == r->word.text)
        return NULL;
    const struct word name = word_part(r, &r->word, 0, (uint32_t)(open - r->word.text));
    const int which = word_index(&name, call_words);
    return which >= 0 ? written[which] : word_shorthand(&name);
}

static bool no_call(struct reader *r)
{
    if (word_index(&r->word, statement_words) >= 0)
        return report(r, r->word.place, "write it at the left margin: it is the world's, not a program's", "%.*s is not a call",
                      SHOWN(&r->word)),
               false;
    const char *help = parentheses_hint(r);
    help = help != NULL ? help : word_shorthand(&r->word);
    return expected(r, "a call",
                    help != NULL ? help
                                 : near_of(r, &r->word, call_words,
                                           "calls are listen accept connect send recv drain shutdown close abort set relay sleep exit"));
}

bool call_read(struct reader *r, struct story_step *step)
{
    /* In the order of call_words. */
    static const enum call_kind kinds[] = {CALL_LISTEN, CALL_ACCEPT, CALL_CONNECT, CALL_SEND,  CALL_RECV,  CALL_DRAIN, CALL_SHUTDOWN,
                                           CALL_CLOSE,  CALL_ABORT,  CALL_SET,     CALL_RELAY, CALL_SLEEP, CALL_EXIT};
    int which = word_index(&r->word, call_words);
    if (which < 0)
        return no_call(r);
    step->call = kinds[which];
    cursor_next(r);
    switch (step->call) {
    case CALL_LISTEN:
        return listen_read(r, step);
    case CALL_CONNECT:
        return connect_read(r, step);
    case CALL_SEND:
        return bytes_taken(r, step);
    case CALL_RECV:
        return recv_read(r, step);
    case CALL_DRAIN:
        if (cursor_take(r, "off"))
            step->call = CALL_DRAIN_OFF;
        if (word_is(&r->word, "until") || word_is(&r->word, "for") || word_is(&r->word, "within"))
            return report(r, r->word.place, "drain returns at once; what waits is `recv until eof`, or `recv until eof within 2s`",
                          "%.*s has no meaning here", SHOWN(&r->word)),
                   false;
        return true;
    case CALL_SHUTDOWN:
        return shutdown_read(r, step);
    case CALL_CLOSE:
    case CALL_ABORT:
        return named_read(r, step);
    case CALL_SET:
        return set_read(r, step);
    case CALL_RELAY:
        return relay_read(r, step);
    case CALL_SLEEP:
        return sleep_read(r, step);
    case CALL_ACCEPT:
    case CALL_EXIT:
    case CALL_RECV_EOF:
    case CALL_DRAIN_OFF:
        break;
    }
    return true;
}
