/* SPDX-License-Identifier: MIT */
#include "app/play.h"

#ifdef LASTACK_UV

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/console.h"
#include "app/stage.h"
#include "base/duration.h"
#include "view/view.h"

#define PPM INT64_C(1000000) /* a speed of 1: real time */
#define WAIT_MOST_MS 2000 /* a longer silence is not sat out */
#define WAIT_LEAST_MS 40 /* what happens at one instant is shown one after the other all the same */
#define LONGEST_WAY_MS 900 /* how long the longest link is made to take, without --speed */

enum mode { MODE_PLAY, MODE_TIME, MODE_SAVE, MODE_KILL, MODE_HELP };

struct player {
    struct console console;
    struct stage stage;
    struct given given;
    uv_timer_t pace;
    int64_t speed_ppm;
    enum mode mode;
    bool running, question; /* question: the moment's `ask` stands unanswered */
    char prompt[96]; /* what was typed */
    char message[160];
    uint32_t flights[FLIGHTS_SHOWN];
    unsigned flight_count;
    enum status status;
};

/* ---- the page ---- */

static void clipped(struct text *out, const char *line, int width)
{
    const char *at = line;
    for (int columns = 0; *at != '\0' && columns < width; columns++) {
        at++;
        while ((*at & 0xC0) == 0x80)
            at++;
    }
    text_add(out, line, (size_t)(at - line));
    text_putc(out, '\n');
}

static void line_end(struct text *out, struct text *line, int width)
{
    clipped(out, line->bytes != NULL ? line->bytes : "", width);
    out->failed = out->failed || line->failed;
    text_free(line);
}

static void speed_text(struct text *out, int64_t ppm)
{
    if (ppm >= PPM && ppm % PPM == 0)
        text_printf(out, "%" PRId64 "x", ppm / PPM);
    else if (ppm < PPM && PPM % ppm == 0)
        text_printf(out, "1/%" PRId64 "x", PPM / ppm);
    else
        text_printf(out, "%" PRId64 ".%03" PRId64 "x", ppm / PPM, ppm % PPM / 1000);
}

static void state_line(struct text *out, const struct player *player)
{
    struct text line = {0};
    const struct stage *stage = &player->stage;
    text_seconds(&line, stage_now(stage));
    text_printf(&line, " s | moment %u of %u | ", (unsigned)stage->at, (unsigned)stage->moments);
    if (stage_over(stage))
        text_puts(&line, stage->play.judgement.failures.count > 0 ? "the end, and not all held" : "the end, all held");
    else
        text_puts(&line, player->running ? "playing" : "paused");
    text_puts(&line, " | ");
    speed_text(&line, player->speed_ppm);
    if (stage->branches > 0)
        text_printf(&line, " | branch %u", stage->branches);
    line_end(out, &line, player->console.width);
}

static void flights_line(struct text *out, const struct player *player)
{
    struct text line = {0};
    text_puts(&line, player->mode == MODE_KILL ? "kill which? " : "under way: ");
    for (unsigned i = 0; i < player->flight_count; i++) {
        const struct trace_event *e = &player->stage.play.trace.events[player->flights[i] - 1];
        text_printf(&line, "%s%c ", i > 0 ? "  " : "", 'a' + (int)i);
        view_segment(&line, e);
        text_printf(&line, " -> %s", player->stage.play.story->nodes[e->peer].name);
    }
    if (player->flight_count == 0)
        text_puts(&line, "nothing");
    line_end(out, &line, player->console.width);
}

static void talk_line(struct text *out, const struct player *player)
{
    struct text line = {0};
    const struct trace_event *ask = stage_asks(&player->stage);
    switch (player->mode) {
    case MODE_TIME:
        text_printf(&line, "to which time? %s_", player->prompt);
        break;
    case MODE_SAVE:
        text_printf(&line, "save this branch as: %s_", player->prompt);
        break;
    case MODE_PLAY:
    case MODE_KILL:
    case MODE_HELP:
        if (player->question && ask != NULL)
            text_printf(&line, "? %s", player->stage.play.story->statements[ask->statement - 1].text);
        else if (player->message[0] != '\0')
            text_puts(&line, player->message);
        else if (player->stage.branches > 0)
            text_printf(&line, "branch: %s", player->stage.lines[player->stage.branches - 1]);
        break;
    }
    line_end(out, &line, player->console.width);
}

static const char *keys(const struct player *player)
{
    if (player->question)
        return "space or right: the answer";
    if (player->mode == MODE_TIME)
        return "a time as 5.1s or 200ms, then enter; escape: never mind";
    if (player->mode == MODE_SAVE)
        return "a file's name, then enter; escape: never mind";
    if (player->mode == MODE_KILL)
        return "a letter; any other key: never mind";
    return "space play, pause  arrows step  n next state  t time  k kill  ? help  q quit";
}

static const char help_page[] = "space        play, pause\n"
                                "right left   one moment forward, back\n"
                                "n p          to the next, the previous change of a state\n"
                                "0 $          to the beginning, to the end (home and end, too)\n"
                                "t            to a time: type 5.1s or 200ms, then enter\n"
                                "+ -          faster, slower\n"
                                "\n"
                                "k            kill a segment that is under way, and go on from there: a branch\n"
                                "u            undo the last kill\n"
                                "w            write the branch as a scenario\n"
                                "\n"
                                "?            this page\n"
                                "q            quit\n"
                                "\n"
                                "A moment is one arrival, timer, call or statement, and all that it causes at\n"
                                "once. Playing stops at each question of the scenario; the next key answers it.\n";

static void help(struct text *out, const struct player *player)
{
    for (const char *at = help_page; *at != '\0'; at += strcspn(at, "\n") + 1) {
        struct text line = {0};
        text_add(&line, at, strcspn(at, "\n"));
        line_end(out, &line, player->console.width);
    }
}

static void ladder(struct text *out, const struct player *player, unsigned rows)
{
    const struct play *play = &player->stage.play;
    const unsigned width = (unsigned)player->console.width;
    const struct view_options options = {.width = width < VIEW_WIDTH_MAX ? width : VIEW_WIDTH_MAX,
                                         .colour = terminal_colour(STDOUT_FILENO),
                                         .unicode = terminal_unicode(),
                                         .version = LASTACK_VERSION};
    const struct trace_event *ask = player->question ? stage_asks(&player->stage) : NULL;
    const uint32_t until = ask != NULL ? (uint32_t)(ask - play->trace.events) : stage_events(&player->stage);
    view_screen(out, play->story, &play->trace, &play->judgement, &options, until, rows);
}

static void draw(struct player *player)
{
    struct text page = {0}, body = {0};
    const unsigned height = (unsigned)player->console.height, rows = height > 8 ? height - 5 : 3;
    unsigned lines = 0;
    player->flight_count = stage_flights(&player->stage, player->flights);
    clipped(&page, player->stage.play.story->title, player->console.width);
    if (player->mode == MODE_HELP)
        help(&body, player);
    else
        ladder(&body, player, rows);
    for (size_t i = 0; i < body.length; i++)
        lines += body.bytes[i] == '\n';
    text_add(&page, body.bytes != NULL ? body.bytes : "", body.length);
    for (; lines < rows; lines++)
        text_putc(&page, '\n');
    state_line(&page, player);
    flights_line(&page, player);
    talk_line(&page, player);
    clipped(&page, keys(player), player->console.width);
    if (!page.failed && !body.failed)
        console_draw(&player->console, &page);
    text_free(&page);
    text_free(&body);
}

/* ---- pace ---- */

static void paced(uv_timer_t *timer);

static void pace(struct player *player)
{
    uv_timer_stop(&player->pace);
    if (!player->running || stage_over(&player->stage)) {
        player->running = false;
        return;
    }
    int64_t wait_ms = stage_wait(&player->stage) / player->speed_ppm; /* ns / (1e-6 x) = 1e-6 ns = ms */
    if (wait_ms > WAIT_MOST_MS)
        wait_ms = WAIT_MOST_MS;
    if (wait_ms < WAIT_LEAST_MS)
        wait_ms = WAIT_LEAST_MS;
    uv_timer_start(&player->pace, paced, (uint64_t)wait_ms, 0);
}

static void forward(struct player *player)
{
    if (player->question) {
        player->question = false;
        return;
    }
    stage_forward(&player->stage);
    player->question = stage_asks(&player->stage) != NULL;
    if (player->question)
        player->running = false;
}

static void paced(uv_timer_t *timer)
{
    struct player *player = timer->data;
    forward(player);
    pace(player);
    draw(player);
}

/* So slow that the longest link takes a second to watch. */
static int64_t speed_for(const struct story *story)
{
    int64_t way_ns = 0;
    for (uint32_t i = 0; i < story->link_count; i++) {
        for (unsigned d = 0; d < 2; d++)
            way_ns = story->links[i].dir[d].delay_ns > way_ns ? story->links[i].dir[d].delay_ns : way_ns;
    }
    int64_t ppm = way_ns / LONGEST_WAY_MS;
    for (int64_t step = 1; step <= PPM; step *= 10) {
        if (ppm <= step)
            return step;
        if (ppm <= 2 * step)
            return 2 * step;
        if (ppm <= 5 * step)
            return 5 * step;
    }
    return PPM;
}

static void speed_change(struct player *player, bool faster)
{
    int64_t ppm = player->speed_ppm;
    player->speed_ppm = faster ? (ppm < 1000 * PPM ? ppm * 2 : ppm) : (ppm > 1 ? ppm / 2 : 1);
}

/* ---- keys ---- */

static void say(struct player *player, const char *message)
{
    snprintf(player->message, sizeof player->message, "%s", message);
}

static void fatal(struct player *player, enum status status)
{
    player->status = status;
    console_close(&player->console);
}

static void time_typed(struct player *player)
{
    int64_t time_ns;
    char word[sizeof player->prompt + 1];
    snprintf(word, sizeof word, "%s%s", player->prompt, strspn(player->prompt, "0123456789.") == strlen(player->prompt) ? "s" : "");
    if (duration_parse(word, &time_ns)) {
        stage_to_time(&player->stage, time_ns);
        player->question = false;
    } else {
        say(player, "that is no time: 5.1s, 200ms, 2min");
    }
}

static void save_typed(struct player *player)
{
    struct text text = {0};
    stage_scenario(&text, &player->stage);
    if (text.failed || player->prompt[0] == '\0')
        say(player, text.failed ? "out of memory" : "no name, nothing saved");
    else if (access(player->prompt, F_OK) == 0)
        say(player, "there is a file of that name; nothing saved");
    else if (output_write(player->prompt, &text) == STATUS_HELD)
        snprintf(player->message, sizeof player->message, "saved: lastack run %s", player->prompt);
    else
        say(player, "it cannot be written");
    text_free(&text);
}

static void prompt_key(struct player *player, int key)
{
    const size_t length = strlen(player->prompt);
    const enum mode mode = player->mode;
    if (key == KEY_ESCAPE || key == KEY_ENTER) {
        player->mode = MODE_PLAY;
        if (key == KEY_ENTER && mode == MODE_TIME)
            time_typed(player);
        else if (key == KEY_ENTER)
            save_typed(player);
    } else if (key == KEY_BACKSPACE && length > 0) {
        player->prompt[length - 1] = '\0';
    } else if (key > ' ' && key < 0x7F && length + 1 < sizeof player->prompt) {
        player->prompt[length] = (char)key;
        player->prompt[length + 1] = '\0';
    }
}

static void kill_key(struct player *player, int key)
{
    const char *why = "";
    player->mode = MODE_PLAY;
    if (key < 'a' || key >= 'a' + (int)player->flight_count)
        return;
    enum status status = stage_kill(&player->stage, player->flights[key - 'a'], &why);
    if (status == STATUS_WRONG && why[0] != '\0')
        say(player, why);
    else if (status != STATUS_HELD)
        fatal(player, status);
}

static void prompt(struct player *player, enum mode mode, const char *text)
{
    player->mode = mode;
    player->running = false;
    snprintf(player->prompt, sizeof player->prompt, "%s", text);
}

static void jump(struct player *player, bool state, bool ahead)
{
    player->running = false;
    if (state)
        stage_to_state(&player->stage, ahead);
    else
        player->stage.at = ahead ? player->stage.moments : 0;
    player->question = ahead && stage_asks(&player->stage) != NULL;
}

static void play_key(struct player *player, int key)
{
    player->message[0] = '\0';
    switch (key) {
    case ' ':
        if (player->question)
            player->question = false;
        else
            player->running = !player->running && !stage_over(&player->stage);
        break;
    case KEY_RIGHT:
        player->running = false;
        forward(player);
        break;
    case KEY_LEFT:
        player->running = player->question = false;
        stage_back(&player->stage);
        break;
    case 'n':
    case 'p':
        jump(player, true, key == 'n');
        break;
    case '0':
    case '$':
    case KEY_HOME:
    case KEY_END:
        jump(player, false, key == '$' || key == KEY_END);
        break;
    case '+':
    case '-':
        speed_change(player, key == '+');
        break;
    case 't':
        prompt(player, MODE_TIME, "");
        break;
    case 'k':
        player->running = false;
        if (player->flight_count > 0)
            player->mode = MODE_KILL;
        else
            say(player, "nothing is under way");
        break;
    case 'u':
        if (!stage_unkill(&player->stage))
            say(player, "nothing was killed");
        break;
    case 'w':
        if (player->stage.branches > 0)
            prompt(player, MODE_SAVE, "branch.scn");
        else
            say(player, "kill a segment first: without a branch the scenario is the file");
        break;
    case '?':
        player->running = false;
        player->mode = MODE_HELP;
        break;
    case 'q':
    case 0x03: /* ^C */
    case 0x04: /* ^D */
        console_close(&player->console);
        break;
    default:
        break;
    }
}

static void on_key(struct console *console, int key)
{
    struct player *player = console->data;
    if (key == 0x03) {
        console_close(console);
        return;
    }
    switch (player->mode) {
    case MODE_TIME:
    case MODE_SAVE:
        prompt_key(player, key);
        break;
    case MODE_KILL:
        kill_key(player, key);
        break;
    case MODE_HELP:
        player->mode = MODE_PLAY;
        break;
    case MODE_PLAY:
        play_key(player, key);
        break;
    }
    pace(player);
    draw(player);
}

static void on_resize(struct console *console)
{
    draw(console->data);
}

/* ---- the command ---- */

/* "0.01", "2", "1/100" as parts per million. */
static bool speed_parse(const char *word, int64_t *ppm)
{
    char *end;
    const double value = strtod(word, &end);
    double divisor = 1;
    if (end != word && *end == '/')
        divisor = strtod(end + 1, &end);
    if (end == word || *end != '\0' || !(value / divisor >= 1e-6) || !(value / divisor <= 1000))
        return false;
    *ppm = (int64_t)(value / divisor * (double)PPM);
    return true;
}

static bool player_make(const struct arguments *arguments, struct player *player, struct scenario_options *options)
{
    const char *speed = argument(arguments, "speed");
    if (speed != NULL && !speed_parse(speed, &player->speed_ppm)) {
        complain("play", "--speed takes how often real time, as 2, 0.01 or 1/100, up to 1000, not %s", speed);
        return false;
    }
    if (arguments->word_count != 1) {
        complain("play", arguments->word_count == 0 ? "which file? lastack play FILE.scn" : "one file at a time");
        return false;
    }
    return given_take(arguments, &player->given, options);
}

static enum status on_stage(struct player *player)
{
    enum status status = console_open(&player->console, "play");
    if (status != STATUS_HELD)
        return status;
    player->console.data = player;
    player->console.on_key = on_key;
    player->console.on_resize = on_resize;
    uv_timer_init(&player->console.loop, &player->pace);
    player->pace.data = player;
    draw(player);
    console_run(&player->console);
    return player->console.failed ? STATUS_OUTSIDE : player->status;
}

static enum status play(const struct arguments *arguments)
{
    struct player *player = calloc(1, sizeof *player);
    struct play opened = {0};
    enum status status = STATUS_WRONG;
    if (player == NULL) {
        complain("play", "out of memory");
        return STATUS_OUTSIDE;
    }
    if (player_make(arguments, player, &opened.options)) {
        status = play_open(&opened, arguments->words[0]);
        if (status == STATUS_HELD)
            status = stage_open(&player->stage, &opened);
        if (status == STATUS_HELD && player->speed_ppm == 0)
            player->speed_ppm = speed_for(player->stage.play.story);
        if (status == STATUS_HELD)
            status = on_stage(player);
        play_free(&opened);
    }
    stage_free(&player->stage);
    given_free(&player->given);
    free(player);
    return status;
}

#else

static enum status play(const struct arguments *arguments)
{
    (void)arguments;
    complain("play", "this lastack was built without libuv; with its headers (libuv1-dev, libuv-devel) a new build has it");
    return STATUS_OUTSIDE;
}

#endif

static const struct option options[] = {
    {.name = "speed", .value = "X", .help = "so many times as fast as real time: 2, 0.01, 1/100 (as the longest link asks)"},
    GIVEN_OPTIONS,
};

const struct command command_play = {
    .name = "play",
    .usage = "play FILE [--speed X] [--seed N] [--set NAME=VALUE] [--profile [HOST=]NAME] [--variant N]",
    .summary = "plays a scenario on the terminal, moment by moment, forward and back",
    .details = "Space plays and pauses, the arrows step, n goes to the next change of a state, t to a time; k kills a\n"
               "segment that is under way and goes on from there, w writes that branch as a scenario; ? shows all\n"
               "keys. Playing stops at each `ask` of the scenario until a key asks for the answer.\n"
               "\n"
               "Exit status: 0; 2 the file or the command line is wrong; 3 there is no terminal, or no libuv.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = play,
};
