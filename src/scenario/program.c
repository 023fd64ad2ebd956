/* SPDX-License-Identifier: MIT */
/* Programs: app and service lines, guards, and what stands behind every call. The calls themselves are in calls.c. */
#include <inttypes.h>

#include "base/duration.h"
#include "scenario/internal.h"

static const char *const app_form = "write `app client`, `app client x 1000 every 10ms` or `app client after boot`";
static const char *const service_form = "write `service server 80`, then if needed `backlog 10` and `as NAME`";

static bool app_read(struct reader *r, struct story_program *program)
{
    struct value value;
    if (cursor_take(r, "x")) {
        if (!count_taken(r, &value, "a number of copies", 1, 10000000))
            return false;
        STORE(r, program->copies, &value);
        if (cursor_take(r, "every")) {
            if (!duration_taken(r, &value, "a duration"))
                return false;
            STORE(r, program->every_ns, &value);
        }
    }
    if (cursor_take(r, "after")) {
        if (!cursor_require(r, "boot", app_form))
            return false;
        program->after_boot = true;
    }
    if (r->word.kind == TOKEN_WORD && r->word.text[0] >= '0' && r->word.text[0] <= '9')
        return cursor_end(r, "an app has no port; to start copies write `app client x 1000 every 10ms`");
    return cursor_end(r, app_form);
}

static bool service_read(struct reader *r, struct story_program *program)
{
    struct value value;
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "a port", service_form);
    if (!count_taken(r, &value, "a port", 1, 65535))
        return false;
    STORE(r, program->port, &value);
    while (!cursor_at_end(r)) {
        if (cursor_take(r, "backlog")) {
            if (!count_taken(r, &value, "a backlog", 0, INT32_MAX))
                return false;
            STORE(r, program->backlog, &value);
        } else if (cursor_take(r, "as")) {
            if (!name_defined(r, &program->name))
                return false;
        } else {
            return cursor_end(r, word_is(&r->word, "after") ? "a service listens again by itself when its host boots" : service_form);
        }
    }
    return true;
}

bool program_read(struct reader *r, struct story_program *program)
{
    program->service = word_is(&r->word, "service");
    program->backlog = STORY_BACKLOG_MOST;
    program->place = item_place(r, r->item);
    program->copies = 1;
    program->name = STORY_NONE;
    cursor_next(r);
    if (!host_taken(r, &program->host, "a host"))
        return false;
    if (!program->service && r->item->steps == 0)
        return report(r, program->place, "write its calls below it, indented", "this program has no calls"), false;
    return program->service ? service_read(r, program) : app_read(r, program);
}

/* ---- guards ---- */

static bool guard_event_read(struct reader *r, struct story_guard *guard)
{
    struct value value;
    if (!event_read(r, &guard->event))
        return false;
    if (cursor_take(r, "within")) {
        if (!duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, guard->within_ns, &value);
    }
    if (cursor_take(r, "after")) {
        if (!duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, guard->after_ns, &value);
    }
    if (word_is(&r->word, "within"))
        return cursor_end(r, "`within` stands before `after`");
    return true;
}

static bool guard_read(struct reader *r, struct story_guard *guard)
{
    struct value value;
    *guard = (struct story_guard){.at_ns = TIME_NEVER, .after_ns = TIME_NEVER, .within_ns = TIME_NEVER};
    if (cursor_take(r, "at")) {
        if (!time_taken(r, &value, "a time"))
            return false;
        STORE(r, guard->at_ns, &value);
    } else if (cursor_take(r, "after")) {
        if (!duration_taken(r, &value, "a duration"))
            return false;
        STORE(r, guard->after_ns, &value);
    } else if (word_is(&r->word, "when")) {
        if (!guard_event_read(r, guard))
            return false;
    }
    if (word_is(&r->word, "at") || word_is(&r->word, "after") || word_is(&r->word, "when"))
        return cursor_end(r, "one guard stands before a call");
    return true;
}

/* ---- behind a call: on NAME, as NAME, within D, = VALUE ---- */

static bool takes_on(enum call_kind call)
{
    return call != CALL_LISTEN && call != CALL_CONNECT && call != CALL_RELAY && call != CALL_SLEEP && call != CALL_EXIT;
}

static bool takes_as(enum call_kind call)
{
    return call == CALL_LISTEN || call == CALL_CONNECT || call == CALL_ACCEPT;
}

static bool takes_within(enum call_kind call)
{
    return call == CALL_RECV || call == CALL_RECV_EOF || call == CALL_RELAY;
}

static bool result_read(struct reader *r, struct story_step *step)
{
    static const char *const form = "a result is a number or an error: `= 300`, `= EPIPE`, `= 0`";
    struct value value;
    cursor_next(r);
    step->expects = true;
    step->expect_place = r->word.place;
    if (step->call == CALL_EXIT)
        return report(r, r->word.place, "leave `= VALUE` out", "exit does not return"), false;
    if (r->word.kind == TOKEN_END)
        return expected(r, "a result", form);
    if (errno_of(&r->word, &step->expect_error)) {
        cursor_next(r);
        return true;
    }
    if (word_is(&r->word, "eof"))
        return expected(r, "a result", "at the end `recv` returns 0, `recv until eof` the bytes that it got: write `= 0`");
    if (word_is(&r->word, "ok") || word_is(&r->word, "OK"))
        return expected(r, "a result", "write `= 0`");
    if (word_is(&r->word, "-1"))
        return expected(r, "a result", "a call that fails is named by its error: `= ECONNRESET`");
    if (r->word.kind == TOKEN_WORD && (r->word.text[0] < '0' || r->word.text[0] > '9')) {
        enum tcp_errno error;
        return errno_taken(r, &error, "a result");
    }
    if (!size_taken(r, &value, "a result"))
        return false;
    STORE(r, step->expect_value, &value);
    return true;
}

static const char *step_form(const struct story_step *step)
{
    switch (step->call) {
    case CALL_LISTEN:
        return "write `listen PORT`, then if needed `backlog N` and `as NAME`";
    case CALL_CONNECT:
        return "write `connect server:80`, then if needed `from 40000` and `as NAME`";
    case CALL_RECV:
    case CALL_RECV_EOF:
        return "behind it may stand `on NAME`, `within 5s` and `= VALUE`";
    case CALL_CLOSE:
    case CALL_ABORT:
        return "behind it may stand a connection's name and `= VALUE`";
    case CALL_RELAY:
        return "write `relay A B`, then if needed `full-close`, `within 5s` and `= VALUE`";
    case CALL_SLEEP:
    case CALL_EXIT:
        return NULL;
    case CALL_ACCEPT:
        return "behind it may stand `as NAME`, `on NAME` and `= VALUE`";
    case CALL_SEND:
    case CALL_DRAIN:
    case CALL_DRAIN_OFF:
    case CALL_SHUTDOWN:
    case CALL_SET:
        break;
    }
    return "behind it may stand `on NAME` and `= VALUE`";
}

static bool tail_read(struct reader *r, struct story_step *step)
{
    struct value value;
    while (!cursor_at_end(r)) {
        if (r->word.kind == TOKEN_EQUALS && !step->expects) {
            if (!result_read(r, step))
                return false;
            return cursor_end(r, "`= VALUE` stands last");
        }
        if (takes_on(step->call) && step->on == STORY_NONE && cursor_take(r, "on")) {
            if (!name_used(r, &step->on))
                return false;
        } else if (takes_as(step->call) && step->name == STORY_NONE && cursor_take(r, "as")) {
            if (!name_defined(r, &step->name))
                return false;
        } else if (takes_within(step->call) && step->within_ns == TIME_NEVER && cursor_take(r, "within")) {
            if (!duration_taken(r, &value, "a duration"))
                return false;
            STORE(r, step->within_ns, &value);
        } else if (word_is(&r->word, "within") && !takes_within(step->call)) {
            return cursor_end(r, "`within` is a deadline of recv, relay, and of a guard's event: `when client sees eof within 30s  close`");
        } else if (word_is(&r->word, "at") || word_is(&r->word, "after") || word_is(&r->word, "when")) {
            return cursor_end(r, "a guard stands before its call: `at 1s  close`");
        } else {
            return cursor_end(r, step_form(step));
        }
    }
    return true;
}

bool step_read(struct reader *r, struct story_step *step)
{
    *step = (struct story_step){.on = STORY_NONE,
                                .name = STORY_NONE,
                                .host = STORY_NONE,
                                .backlog = STORY_BACKLOG_MOST,
                                .within_ns = TIME_NEVER,
                                .place = item_place(r, r->item)};
    return guard_read(r, &step->guard) && call_read(r, step) && tail_read(r, step);
}
