/* SPDX-License-Identifier: MIT */
/* A change is made to the story that was read, never to its text: a statement that is left out becomes a silent `maybe say`, a step
 * becomes `sleep 0`, so that all numbers stay what they were. A loss by chance is taken back at the door of chance. */
#include "app/what_if.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "net/link.h"

/* ---- which changes ---- */

static void add(struct changes *changes, struct change change)
{
    for (unsigned i = 0; i < changes->count; i++) {
        const struct change *old = &changes->list[i];
        if (old->kind == change.kind && old->index == change.index && old->field == change.field)
            return;
    }
    if (changes->count < CHANGES_MAX)
        changes->list[changes->count++] = change;
}

static void add_statement(struct changes *changes, uint32_t statement)
{
    if (statement != 0)
        add(changes, (struct change){.kind = CHANGE_STATEMENT, .index = statement - 1});
}

static void add_value(struct changes *changes, const struct play *play, uint16_t host, enum profile_field field, int64_t value)
{
    if (host < play->story->node_count && profile_get(&play->story->nodes[host].profile, field) != value)
        add(changes, (struct change){.kind = CHANGE_PROFILE, .index = host, .field = field, .value = value});
}

/* The power went before: whose fault was it? */
static void add_crash(struct changes *changes, const struct trace *trace, uint32_t number)
{
    const struct trace_event *down = &trace->events[number - 1];
    for (const struct trace_event *e = down; e-- > trace->events;) {
        if (e->kind == TRACE_FAULT && e->what == FAULT_CRASH && (e->host == down->host || e->host == down->peer)) {
            add_statement(changes, e->statement);
            return;
        }
    }
}

static void add_drop(struct changes *changes, const struct play *play, uint32_t number)
{
    const struct trace_event *e = &play->trace.events[number - 1];
    switch ((enum drop_why)e->what) {
    case DROP_RULE:
    case DROP_CUT:
        add_statement(changes, e->statement);
        break;
    case DROP_LOSS:
        add(changes, (struct change){.kind = CHANGE_LOSS, .index = number});
        break;
    case DROP_CORRUPT:
        add_statement(changes, e->statement);
        break;
    case DROP_FIREWALL:
        add(changes, (struct change){.kind = CHANGE_BOX, .index = e->host});
        break;
    case DROP_HOST_DOWN:
        add_crash(changes, &play->trace, number);
        break;
    case DROP_QUEUE:
    case DROP_MTU:
    case DROP_NONE:
        break;
    }
}

/* The step of the same program that set this option, before event `e`. */
static void add_option(struct changes *changes, const struct play *play, const struct trace_event *e, enum socket_option option)
{
    for (const struct trace_event *call = e; call-- > play->trace.events;) {
        if (call->kind != TRACE_CALL || call->host != e->host || call->call.call != CALL_SET || call->call.step >= play->story->step_count)
            continue;
        if (play->story->steps[call->call.step].option == option) {
            add(changes, (struct change){.kind = CHANGE_STEP, .index = call->call.step});
            return;
        }
    }
}

/* A RST of one's own: by SO_LINGER, by unread data, by data for a program that is gone. */
static void add_reset(struct changes *changes, const struct play *play, const struct trace_event *e)
{
    const struct trace_event *why = e->cause != 0 ? &play->trace.events[e->cause - 1] : NULL;
    const unsigned before = changes->count;
    add_option(changes, play, e, OPTION_LINGER);
    if (why != NULL && why->kind == TRACE_RECV) {
        add_option(changes, play, e, OPTION_LINGER2);
        add_value(changes, play, e->host, PROFILE_data_after_close_rst, 0);
    } else if (changes->count == before) {
        add_value(changes, play, e->host, PROFILE_close_unread_rst, 0);
    }
}

static void add_ending(struct changes *changes, const struct play *play, const struct trace_event *e)
{
    const struct tcp_profile *profile = &play->story->nodes[e->host].profile;
    switch ((enum state_why)e->what) {
    case WHY_FIN_WAIT_2_TIMEOUT:
        add_value(changes, play, e->host, PROFILE_fin_timeout, TIME_NEVER);
        break;
    case WHY_TIMEOUT:
        if (e->state.from == TCP_SYN_SENT)
            add_value(changes, play, e->host, PROFILE_syn_retries, 2 * profile->syn_retries);
        else if (e->state.orphan)
            add_value(changes, play, e->host, PROFILE_orphan_retries, 15);
        else
            add_value(changes, play, e->host, PROFILE_retries2, 2 * profile->retries2);
        break;
    case WHY_KEEPALIVE:
        add_option(changes, play, e, OPTION_KEEPALIVE);
        break;
    case WHY_USER_TIMEOUT:
        add_option(changes, play, e, OPTION_USER_TIMEOUT);
        add_value(changes, play, e->host, PROFILE_user_timeout, TIME_NEVER);
        break;
    case WHY_RST_SENT:
        add_reset(changes, play, e);
        break;
    case WHY_RST_RECEIVED:
        if (e->state.from == TCP_TIME_WAIT)
            add_value(changes, play, e->host, PROFILE_rfc1337, 1);
        break;
    case WHY_ORDINARY:
    case WHY_CRASH:
    case WHY_CLOSED_EARLY:
    case WHY_REUSED:
        break;
    }
}

/* A program's call: what ends something may be left out; an abort may be a close. */
static void add_call(struct changes *changes, const struct play *play, const struct trace_event *e, bool root)
{
    if (e->call.step >= play->story->step_count)
        return;
    const enum call_kind call = play->story->steps[e->call.step].call;
    if (call == CALL_ABORT)
        add(changes, (struct change){.kind = CHANGE_ABORT, .index = e->call.step});
    else if (call == CALL_CLOSE || call == CALL_SHUTDOWN || call == CALL_EXIT || (root && call == CALL_SEND))
        add(changes, (struct change){.kind = CHANGE_STEP, .index = e->call.step});
}

static void add_event(struct changes *changes, const struct play *play, uint32_t number, bool root)
{
    const struct trace_event *e = &play->trace.events[number - 1];
    switch ((enum trace_kind)e->kind) {
    case TRACE_DROP:
        add_drop(changes, play, number);
        break;
    case TRACE_DUP:
    case TRACE_INJECT:
    case TRACE_FAULT:
        add_statement(changes, e->statement);
        break;
    case TRACE_STATE:
        add_ending(changes, play, e);
        break;
    case TRACE_CALL:
        add_call(changes, play, e, root);
        break;
    case TRACE_SEND:
        if (e->segment.flags & TCP_RST && play->story->nodes[e->host].kind != NODE_HOST)
            add(changes, (struct change){.kind = CHANGE_BOX, .index = e->host});
        break;
    case TRACE_RECV:
    case TRACE_TIMER:
    case TRACE_RETURN:
    case TRACE_NOTE:
    case TRACE_NAME:
    case TRACE_FLOW:
        break;
    }
}

/* A RST on the chain says that its sender's end was gone, or went with it: the reason is that end's own. */
static void add_sender(struct changes *changes, const struct play *play, uint32_t number)
{
    const struct trace_event *rst = &play->trace.events[number - 1];
    if (rst->kind != TRACE_SEND || (rst->segment.flags & TCP_RST) == 0)
        return;
    uint32_t n = number;
    while (n < play->trace.count && play->trace.events[n].time_ns == rst->time_ns)
        n++; /* the change of state may stand behind what it sends */
    for (; n > 0; n--) {
        const struct trace_event *e = &play->trace.events[n - 1];
        if (e->kind != TRACE_STATE || e->host != rst->host || e->conn != rst->conn || e->state.to != TCP_CLOSED)
            continue;
        add_ending(changes, play, e);
        for (uint32_t c = cause_of(&play->trace, n); c != 0; c = cause_of(&play->trace, c))
            add_event(changes, play, c, false);
        return;
    }
}

void changes_find(struct changes *changes, const struct play *play, const struct causes *causes)
{
    *changes = (struct changes){.count = 0};
    for (uint32_t i = 0; i < causes->count; i++) {
        const struct causes_link *link = &causes->links[i];
        add_event(changes, play, link->event, i + 1 == causes->count);
        add_sender(changes, play, link->event);
        for (uint32_t m = 0; m < link->missing; m++)
            add_drop(changes, play, causes->missing[link->first_missing + m]);
    }
}

/* ---- in words ---- */

static void line(struct text *out, const struct story *story, const struct place *place)
{
    const char *source = place->line >= 1 && place->line <= story->line_count ? story->lines[place->line - 1] : "";
    source += strspn(source, " \t");
    size_t length = strcspn(source, "#");
    while (length > 0 && (source[length - 1] == ' ' || source[length - 1] == '\t'))
        length--;
    text_printf(out, "line %u: ", (unsigned)place->line);
    text_add(out, source, length);
}

void change_text(struct text *out, const struct play *play, const struct change *change)
{
    const struct story *story = play->story;
    switch (change->kind) {
    case CHANGE_STATEMENT:
        text_puts(out, "without ");
        line(out, story, &story->statements[change->index].place);
        break;
    case CHANGE_STEP:
        text_puts(out, "without ");
        line(out, story, &story->steps[change->index].place);
        break;
    case CHANGE_ABORT:
        text_puts(out, "with close in place of ");
        line(out, story, &story->steps[change->index].place);
        break;
    case CHANGE_LOSS: {
        const struct trace_event *e = &play->trace.events[change->index - 1];
        text_printf(out, "without the chance loss of segment %u at ", (unsigned)e->segment.number);
        text_seconds(out, e->time_ns);
        text_puts(out, " s");
        break;
    }
    case CHANGE_PROFILE:
        text_printf(out, "with %s ", profile_field_name(change->field));
        constant_text(out, change->field, change->value);
        text_printf(out, " at %s, where it is ", story->nodes[change->index].name);
        constant_text(out, change->field, profile_get(&story->nodes[change->index].profile, change->field));
        break;
    case CHANGE_BOX:
        text_printf(out, "with a %s that forgets nothing", story->nodes[change->index].name);
        break;
    }
}

/* ---- played ---- */

/* The draws that became losses, by the event that tells of each; and those that are taken back. */
struct draw {
    uint32_t event;
    enum choice_kind kind;
    uint64_t subject, ordinal;
};
struct chance {
    const struct play *play;
    uint64_t seed;
    struct draw *draws; /* each draw of a loss, as it was made; NULL: they are not written down */
    uint32_t count, capacity;
    struct draw spared[CHANGES_MAX];
    unsigned spared_count;
    bool recording, failed;
};

static void draw_note(struct chance *chance, struct draw draw)
{
    if (chance->count == chance->capacity) {
        const uint32_t capacity = chance->capacity == 0 ? 256 : 2 * chance->capacity;
        struct draw *larger = realloc(chance->draws, capacity * sizeof *larger);
        if (larger == NULL) {
            chance->failed = true;
            return;
        }
        chance->draws = larger;
        chance->capacity = capacity;
    }
    chance->draws[chance->count++] = draw;
}

/* A segment is drawn for before the record that tells of its loss is written: that will be the next one. */
static uint64_t choose(void *ctx, enum choice_kind kind, uint64_t subject, uint64_t ordinal, uint64_t options)
{
    struct chance *chance = ctx;
    if (kind == CHOOSE_LOSS || kind == CHOOSE_GE_LOSS) {
        if (chance->recording)
            draw_note(chance, (struct draw){world_events(chance->play->engine.world) + 1, kind, subject, ordinal});
        for (unsigned i = 0; i < chance->spared_count; i++) {
            const struct draw *spared = &chance->spared[i];
            if (spared->kind == kind && spared->subject == subject && spared->ordinal == ordinal)
                return options - 1;
        }
    }
    return chance_choose(&chance->seed, kind, subject, ordinal, options);
}

static void apply(struct story *story, const struct change *change)
{
    struct story_statement *statement;
    switch (change->kind) {
    case CHANGE_STATEMENT:
        statement = &story->statements[change->index];
        *statement = (struct story_statement){.kind = STATEMENT_SAY,
                                              .when = WHEN_AT,
                                              .maybe = true,
                                              .from = STORY_NONE,
                                              .to = STORY_NONE,
                                              .ask_host = STORY_NONE,
                                              .ask_name = STORY_NONE,
                                              .text = "",
                                              .place = statement->place};
        break;
    case CHANGE_STEP:
        story->steps[change->index].call = CALL_SLEEP;
        story->steps[change->index].size = 0;
        story->steps[change->index].expects = false;
        break;
    case CHANGE_ABORT:
        story->steps[change->index].call = CALL_CLOSE;
        break;
    case CHANGE_PROFILE:
        profile_set(&story->nodes[change->index].profile, change->field, change->value);
        break;
    case CHANGE_BOX:
        story->nodes[change->index].idle_ns = story->nodes[change->index].closing_ns = TIME_NEVER;
        break;
    case CHANGE_LOSS:
        break;
    }
}

static enum status read_again(struct play *other, const struct play *play)
{
    other->path = play->path;
    other->file = (struct file){.bytes = malloc(play->file.length + 1), .length = play->file.length};
    if (other->file.bytes == NULL) {
        complain("why", "out of memory");
        return STATUS_OUTSIDE;
    }
    memcpy(other->file.bytes, play->file.bytes, play->file.length);
    other->file.bytes[play->file.length] = '\0';
    other->options = play->options;
    return play_read(other);
}

/* Finds the draws that lost the segments of these changes, by playing the run as it was. */
static enum status spare(struct chance *chance, const struct play *play, const struct change *changes, unsigned count, int64_t until_ns)
{
    struct play again = {0};
    struct chance recorder = {.play = &again, .seed = play->story->seed, .recording = true};
    enum status status = read_again(&again, play);
    if (status == STATUS_HELD) {
        again.choose = choose;
        again.choose_ctx = &recorder;
        status = play_run(&again, until_ns, NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        for (uint32_t d = 0; changes[i].kind == CHANGE_LOSS && d < recorder.count; d++) {
            if (recorder.draws[d].event == changes[i].index)
                chance->spared[chance->spared_count++] = recorder.draws[d];
        }
    }
    if (recorder.failed) {
        complain("why", "out of memory");
        status = STATUS_OUTSIDE;
    }
    free(recorder.draws);
    play_free(&again);
    return status == STATUS_FAILED ? STATUS_HELD : status;
}

enum status change_play(struct play *other, const struct play *play, const struct change *changes, unsigned count, int64_t until_ns)
{
    struct chance chance = {.play = other, .seed = play->story->seed};
    bool losses = false;
    enum status status = read_again(other, play);
    for (unsigned i = 0; i < count && status == STATUS_HELD; i++) {
        apply(other->story, &changes[i]);
        losses = losses || changes[i].kind == CHANGE_LOSS;
    }
    if (status == STATUS_HELD && losses)
        status = spare(&chance, play, changes, count, until_ns);
    if (status == STATUS_HELD) {
        other->choose = choose;
        other->choose_ctx = &chance;
        status = play_run(other, until_ns, NULL);
    }
    other->choose = NULL;
    other->choose_ctx = NULL;
    return status == STATUS_FAILED ? STATUS_HELD : status;
}
