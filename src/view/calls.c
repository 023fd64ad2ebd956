/* SPDX-License-Identifier: MIT */
/* Socket calls in words: for a person as "set(linger 2s)", for a program as the list of what it was given. */
#include "tcp/state.h"
#include "view/glossary.h"

const char *glossary_call_name(uint8_t call)
{
    static const char *const names[] = {
        [CALL_LISTEN] = "listen",     [CALL_ACCEPT] = "accept", [CALL_CONNECT] = "connect", [CALL_SEND] = "send",
        [CALL_RECV] = "recv",         [CALL_RECV_EOF] = "recv", [CALL_DRAIN] = "drain",     [CALL_DRAIN_OFF] = "drain",
        [CALL_SHUTDOWN] = "shutdown", [CALL_CLOSE] = "close",   [CALL_ABORT] = "abort",     [CALL_SET] = "set",
        [CALL_RELAY] = "relay",       [CALL_SLEEP] = "sleep",   [CALL_EXIT] = "exit",
    };
    return call < sizeof names / sizeof *names && names[call] != NULL ? names[call] : "call";
}

const struct story_step *glossary_step(const struct glossary *glossary, const struct trace_call *call)
{
    if (call->step >= glossary->story->step_count)
        return NULL;
    const struct story_step *step = &glossary->story->steps[call->step];
    return (uint8_t)step->call == call->call ? step : NULL;
}

/* ---- what a call was given ---- */

static struct call_argument word(const char *text)
{
    return (struct call_argument){.word = text};
}

static struct call_argument number(int64_t value)
{
    return (struct call_argument){.number = value};
}

static struct call_argument duration(int64_t ns)
{
    return (struct call_argument){.number = ns, .duration = true};
}

static unsigned option_arguments(const struct story_step *step, struct call_argument *list)
{
    static const char *const names[] = {
        [OPTION_LINGER] = "linger",       [OPTION_NODELAY] = "nodelay",
        [OPTION_CORK] = "cork",           [OPTION_QUICKACK] = "quickack",
        [OPTION_REUSEADDR] = "reuseaddr", [OPTION_NONBLOCKING] = "nonblocking",
        [OPTION_KEEPALIVE] = "keepalive", [OPTION_USER_TIMEOUT] = "user_timeout",
        [OPTION_LINGER2] = "linger2",     [OPTION_RCVBUF] = "rcvbuf",
        [OPTION_SNDBUF] = "sndbuf",
    };
    list[0] = word(names[step->option]);
    switch (step->option) {
    case OPTION_LINGER:
        list[1] = step->a == 0 ? word("off") : duration(step->b);
        return 2;
    case OPTION_KEEPALIVE:
        list[1] = step->a == 0 ? word("off") : step->b == 0 ? word("on") : duration(step->b);
        if (step->a == 0 || step->b == 0)
            return 2;
        list[2] = duration(step->c);
        list[3] = number(step->d);
        return 4;
    case OPTION_NODELAY:
    case OPTION_CORK:
    case OPTION_QUICKACK:
    case OPTION_REUSEADDR:
    case OPTION_NONBLOCKING:
        list[1] = word(step->a != 0 ? "on" : "off");
        return 2;
    case OPTION_LINGER2:
        list[1] = step->b < 0 ? number(-1) : duration(step->b);
        return 2;
    case OPTION_USER_TIMEOUT:
        list[1] = duration(step->b);
        return 2;
    case OPTION_RCVBUF:
    case OPTION_SNDBUF:
        list[1] = number(step->b);
        return 2;
    }
    return 1;
}

unsigned glossary_call_arguments(const struct glossary *glossary, const struct story_step *step,
                                 struct call_argument list[CALL_ARGUMENTS_MAX])
{
    static const char *const hows[] = {"", "read", "write", "both"};
    switch (step->call) {
    case CALL_LISTEN:
        list[0] = number(step->port);
        return 1;
    case CALL_CONNECT:
        list[0] = word(glossary_host(glossary, step->host));
        list[1] = number(step->port);
        return 2;
    case CALL_SEND:
    case CALL_RECV:
        list[0] = number(step->size);
        return 1;
    case CALL_RECV_EOF:
        list[0] = word("until eof");
        return 1;
    case CALL_DRAIN_OFF:
        list[0] = word("off");
        return 1;
    case CALL_SHUTDOWN:
        list[0] = word(hows[step->how & 3]);
        return 1;
    case CALL_SET:
        return option_arguments(step, list);
    case CALL_SLEEP:
        list[0] = duration(step->size);
        return 1;
    case CALL_RELAY:
        list[0] = word(glossary->story->names[step->on]);
        list[1] = word(glossary->story->names[step->a]);
        if (step->b != 0)
            list[2] = word("full-close");
        return step->b != 0 ? 3 : 2;
    case CALL_ACCEPT:
    case CALL_DRAIN:
    case CALL_CLOSE:
    case CALL_ABORT:
    case CALL_EXIT:
        break;
    }
    return 0;
}

void glossary_call(struct text *out, const struct glossary *glossary, const struct trace_call *call, bool arguments)
{
    const struct story_step *step = glossary_step(glossary, call);
    struct call_argument list[CALL_ARGUMENTS_MAX];
    unsigned count = step != NULL ? glossary_call_arguments(glossary, step, list) : 0;
    const char *between = call->call == CALL_CONNECT ? ":" : call->call == CALL_SET ? " " : ", ";

    if (!arguments) /* an option is half of the call's name */
        count = call->call == CALL_SET && count > 0 ? 1 : 0;
    text_puts(out, glossary_call_name(call->call));
    text_putc(out, '(');
    if (step == NULL && call->call == CALL_SHUTDOWN && arguments)
        text_puts(out, "write"); /* a relay's */
    if (call->call == CALL_RECV_EOF) /* recv(): what it returns says the rest */
        count = 0;
    for (unsigned i = 0; i < count; i++) {
        text_puts(out, i > 0 ? between : "");
        if (list[i].word != NULL)
            text_puts(out, list[i].word);
        else if (list[i].duration)
            text_duration(out, list[i].number);
        else
            text_i64(out, list[i].number);
    }
    text_putc(out, ')');
}

/* ---- what it gave ---- */

void glossary_result(struct text *out, const struct trace_call *call)
{
    bool before = call->call == CALL_RECV_EOF && call->value > 0; /* its reads before the one that failed had bytes */
    if (call->error == TCP_OK || before)
        text_i64(out, call->value);
    if (call->error != TCP_OK) {
        text_puts(out, before ? " " : "");
        text_puts(out, tcp_errno_name((enum tcp_errno)call->error));
    }
    if (call->eof)
        text_puts(out, " eof");
}

bool glossary_broken_off(const struct trace_call *call)
{
    return call->step == UINT32_MAX && (call->call == CALL_RECV || call->call == CALL_RECV_EOF || call->call == CALL_SEND);
}
