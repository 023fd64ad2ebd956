/* SPDX-License-Identifier: MIT */
/* The words of the language, and what is meant by those that are not. */
#include "scenario/internal.h"

#include <string.h>

#include "base/text.h"

/* ---- near misses ---- */

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool filler(char c)
{
    return c == '_' || c == '-' || c == '.';
}

/* Letters without case and without what people put between words. */
static uint32_t fold(const char *text, uint32_t length, char *out, uint32_t room)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < length && n < room; i++)
        if (!filler(text[i]))
            out[n++] = folded(text[i]);
    return n;
}

#define NEAR_LENGTH 32
#define NEAR_ERRORS 100

void near_start(const struct reader *r, struct near *near, const char *word, uint32_t length)
{
    if (r->diagnostics->count > NEAR_ERRORS) { /* nobody sees those; a file of mistakes must not take for ever */
        *near = (struct near){.word = word, .length = length};
        return;
    }
    *near = (struct near){.word = word, .length = length, .distance = length <= 2 ? 0 : length <= 4 ? 1 : length <= 7 ? 2 : 3};
    near->distance++; /* better than this */
}

void near_try(struct near *near, const char *candidate)
{
    char a[NEAR_LENGTH], b[NEAR_LENGTH];
    size_t long_length = strlen(candidate);
    if (near->distance == 0 || near->length > NEAR_LENGTH || long_length > NEAR_LENGTH)
        return;
    uint32_t length = (uint32_t)long_length;
    uint32_t m = fold(near->word, near->length, a, NEAR_LENGTH), n = fold(candidate, length, b, NEAR_LENGTH);
    if (m > n + 3 || n > m + 3 || n == 0)
        return;
    unsigned distance = word_distance(a, m, b, n);
    if (distance < near->distance && distance < n) {
        near->distance = distance;
        near->best = candidate;
    }
}

const char *near_hint(struct reader *r, const struct near *near, const char *otherwise)
{
    return near->best == NULL ? otherwise : hint(r, "did you mean %s?", near->best);
}

const char *near_of(struct reader *r, const struct word *word, const char *const *candidates, const char *otherwise)
{
    struct near near;
    if (word->kind != TOKEN_WORD)
        return otherwise;
    near_start(r, &near, word->text, word->length);
    for (; *candidates != NULL; candidates++)
        near_try(&near, *candidates);
    return near_hint(r, &near, otherwise);
}

int word_index(const struct word *word, const char *const *list)
{
    if (word->kind != TOKEN_WORD)
        return -1;
    for (int i = 0; list[i] != NULL; i++)
        if (list[i][0] == word->text[0] && strlen(list[i]) == word->length && memcmp(list[i], word->text, word->length) == 0)
            return i;
    return -1;
}

/* Words of other tools and of everyday speech, with what this language calls them. */
const char *word_shorthand(const struct word *word)
{
    static const struct {
        const char *word, *help;
    } known[] = {
        {"sendto", "write `send SIZE`, as in `send 300`"},
        {"write", "write `send SIZE`, as in `send 300`"},
        {"read", "write `recv SIZE`, or `recv until eof`"},
        {"receive", "write `recv SIZE`, or `recv until eof`"},
        {"recvfrom", "write `recv SIZE`, or `recv until eof`"},
        {"wait", "write `sleep 1s`, or a guard before the next call: `after 1s  close`"},
        {"bind", "write `connect server:80 from 40000`"},
        {"socket", "`connect` and `listen` make their sockets: write `connect server:80`"},
        {"disconnect", "write `close`"},
        {"hangup", "write `close`"},
        {"reset", "write `abort`, which is linger 0 and close"},
        {"rst", "write `abort`, which is linger 0 and close"},
        {"fin", "write `shutdown write`, or `close`"},
        {"setsockopt", "write `set nodelay on`"},
        {"linger", "write `set linger 0`"},
        {"keepalive", "write `set keepalive 60s 10s 5`"},
        {"half-close", "write `shutdown write`"},
        {"SHUT_WR", "write `shutdown write`"},
        {"SHUT_RD", "write `shutdown read`"},
        {"SHUT_RDWR", "write `shutdown both`"},
        {"partition", "write `cut client -- server  from 2s to 7s`"},
        {"block", "write `cut client -- server  from 2s to 7s`"},
        {"disconnects", "write `cut client -- server  from 2s to 7s`"},
        {"lose", "write `drop 1st FIN client -> server`"},
        {"loss", "write `link client -- server  loss 1%`, or `drop 1st FIN client -> server`"},
        {"reorder", "write `link client -- server  reorder 1%`, or `delay 1st data client -> server  by 30ms`"},
        {"dup", "write `duplicate 1st FIN client -> server`"},
        {"reboot", "write `at 3s  crash server`, then `at 5s  boot server`"},
        {"restart", "write `at 3s  crash server`, then `at 5s  boot server`"},
        {"freeze", "write `at 3s  pause server for 2s`"},
        {"heal", "a cut says when it ends: write `cut client -- server  from 2s to 7s`"},
        {"node", "write `host client  linux`"},
        {"router", "write `host router`, and a link to each of its neighbours"},
        {"server", "write `service server 80`"},
        {"client", "write `app client`"},
        {"program", "write `app client`"},
        {"process", "write `app client`"},
        {"print", "write `at 1s  say \"text\"`"},
        {"echo", "write `at 1s  say \"text\"`"},
        {"note", "write `at 1s  say \"text\"`"},
        {"assert", "write `expect client is CLOSED by 10s`"},
        {"check", "write `expect client is CLOSED by 10s`"},
        {"never", "write `expect never RST`"},
        {"title", "write `scenario \"The title\"`"},
        {"name", "write `scenario \"The title\"`"},
        {"profile", "write `host client  linux`"},
        {"version", "write `language 1`"},
        {"end", "write `stop 20min`"},
        {"duration", "write `stop 20min`"},
        {"after", "write `at 5s`, or `when client enters FIN_WAIT_1 after 5s`"},
        {"include", "the language has no includes: one file tells one story"},
        {"loop", "the language has no loops; `app client x 1000 every 10ms` starts copies"},
        {"repeat", "the language has no loops; `app client x 1000 every 10ms` starts copies"},
        {"for", "the language has no loops; `app client x 1000 every 10ms` starts copies"},
        {"if", "the language has no conditions; `when client enters FIN_WAIT_1` waits for an event"},
        {"set", "a value is `let NAME = 5s`; an option of a host stands on its line: `host client  linux  fin_timeout 10s`"},
    };
    if (word->kind != TOKEN_WORD)
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (word_is(word, known[i].word))
            return known[i].help;
    return NULL;
}

/* ---- states and errors ---- */

static bool state_of(const struct word *word, enum tcp_state *state)
{
    for (int i = 0; i < TCP_STATES; i++)
        if (word_is(word, tcp_state_name((enum tcp_state)i))) {
            *state = (enum tcp_state)i;
            return true;
        }
    return false;
}

static const char *state_hint(struct reader *r, const struct word *word)
{
    static const struct {
        const char *folded_name;
        enum tcp_state state;
    } others[] = {{"synrcvd", TCP_SYN_RECEIVED},  {"synrecv", TCP_SYN_RECEIVED}, {"newsynrecv", TCP_SYN_RECEIVED},
                  {"close", TCP_CLOSED},          {"open", TCP_ESTABLISHED},     {"estab", TCP_ESTABLISHED},
                  {"connected", TCP_ESTABLISHED}, {"tw", TCP_TIME_WAIT},         {"listening", TCP_LISTEN}};
    char text[NEAR_LENGTH];
    uint32_t length = fold(word->text, word->length, text, NEAR_LENGTH);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strlen(others[i].folded_name) == length && memcmp(others[i].folded_name, text, length) == 0)
            return hint(r, "did you mean %s?", tcp_state_name(others[i].state));
    struct near near;
    near_start(r, &near, word->text, word->length);
    for (int i = 0; i < TCP_STATES; i++)
        near_try(&near, tcp_state_name((enum tcp_state)i));
    return near_hint(
        r, &near,
        "the states are CLOSED LISTEN SYN_SENT SYN_RECEIVED ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 CLOSE_WAIT CLOSING LAST_ACK TIME_WAIT");
}

bool state_taken(struct reader *r, enum tcp_state *state)
{
    if (!state_of(&r->word, state))
        return expected(r, "a TCP state", r->word.kind == TOKEN_WORD ? state_hint(r, &r->word) : "a state is upper case: FIN_WAIT_1");
    cursor_next(r);
    return true;
}

bool errno_of(const struct word *word, enum tcp_errno *error)
{
    if (word->kind != TOKEN_WORD || word->text[0] != 'E')
        return false;
    for (int i = 1; i < TCP_ERRNOS; i++)
        if (word_is(word, tcp_errno_name((enum tcp_errno)i))) {
            *error = (enum tcp_errno)i;
            return true;
        }
    return false;
}

bool errno_taken(struct reader *r, enum tcp_errno *error, const char *what)
{
    if (errno_of(&r->word, error)) {
        cursor_next(r);
        return true;
    }
    struct near near;
    near_start(r, &near, r->word.text, r->word.kind == TOKEN_WORD ? r->word.length : 0);
    for (int i = 1; i < TCP_ERRNOS; i++)
        near_try(&near, tcp_errno_name((enum tcp_errno)i));
    near_try(&near, "eof");
    return expected(r, what, near_hint(r, &near, "errors are named as errno is: ECONNRESET, EPIPE, ETIMEDOUT"));
}
