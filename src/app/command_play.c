/* SPDX-License-Identifier: MIT */
/* What the keys of `lastack play` do, and its pace. */
#include "app/player.h"

#ifdef LASTACK_UV

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/moment.h"
#include "app/typed.h"
#include "base/duration.h"

#define WAIT_MOST_MS 2000 /* a longer silence is not sat out */
#define WAIT_LEAST_MS 40 /* what happens at one instant is shown one after the other all the same */
#define TICK_MS 100 /* the clock is seen to move */
#define TELL_MS 250 /* how far a long way has come */
#define LONGEST_WAY_MS 900 /* how long the longest link is made to take, without --speed */
#define STEPS_AT_ONCE 20000 /* of the engine, before a key is looked for */

/* ---- pace ---- */

static void fatal(struct player *player)
{
    player->status = player->stage.status;
    console_close(&player->console);
}

static void ticked(uv_timer_t *timer);

static void tick(struct player *player)
{
    const uint64_t sat_ms = uv_now(&player->console.loop.uv) - player->began_ms;
    const uint64_t left_ms = sat_ms < player->wait_ms ? player->wait_ms - sat_ms : 0;
    uv_timer_start(&player->pace, ticked, left_ms < TICK_MS ? left_ms : TICK_MS, 0);
}

/* Sits out the silence before the next step. */
static void pace(struct player *player)
{
    uv_timer_stop(&player->pace);
    player->running = player->running && !stage_over(&player->stage);
    if (!player->running || player->working)
        return;
    int64_t wait_ms = stage_wait(&player->stage) / player->speed_ppm; /* ns / (1e-6 x) = 1e-6 ns = ms */
    if (wait_ms > WAIT_MOST_MS)
        wait_ms = WAIT_MOST_MS;
    if (wait_ms < WAIT_LEAST_MS)
        wait_ms = WAIT_LEAST_MS;
    player->wait_ms = (uint64_t)wait_ms;
    player->began_ms = uv_now(&player->console.loop.uv);
    tick(player);
}

/* The goal is reached, or given up. */
static void arrived(struct player *player)
{
    player->working = false;
    uv_idle_stop(&player->work);
    player->question = player->asks && stage_asks(&player->stage) != NULL;
    if (player->question)
        player->running = false;
    if (player->stage.fault != NULL)
        fatal(player);
}

static void worked(uv_idle_t *idle)
{
    struct player *player = idle->data;
    if (stage_work(&player->stage, STEPS_AT_ONCE)) {
        arrived(player);
        pace(player);
        player_draw(player);
    } else if (uv_hrtime() - player->drawn_ns > TELL_MS * (uint64_t)NS_PER_MS) {
        player->drawn_ns = uv_hrtime();
        player_draw(player);
    }
}

/* Most goals are near: the loop is only asked for time where one is not. */
static void work(struct player *player)
{
    const enum goal goal = player->stage.goal;
    player->question = false;
    player->asks = goal == GOAL_STEP || goal == GOAL_STATE;
    if (stage_work(&player->stage, STEPS_AT_ONCE)) {
        arrived(player);
        return;
    }
    player->working = true;
    uv_idle_start(&player->work, worked);
}

static void forward(struct player *player)
{
    if (player->question) {
        player->question = false;
        return;
    }
    stage_go(&player->stage, GOAL_STEP);
    work(player);
}

static void ticked(uv_timer_t *timer)
{
    struct player *player = timer->data;
    if (uv_now(&player->console.loop.uv) - player->began_ms < player->wait_ms) {
        tick(player);
    } else {
        forward(player);
        pace(player);
    }
    player_draw(player);
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

static void time_typed(struct player *player)
{
    struct stage *stage = &player->stage;
    struct moment moment;
    const bool further = player->prompt[0] == '+';
    const int64_t clock_ns = further ? -1 : stage->play.story->clock_ns;
    if (!moment_parse(player->prompt + further, clock_ns, &moment)) {
        say(player, clock_ns >= 0 ? "that is no time: 5.1s, 200ms, 2min, +1s, 10:30:01.123" : "that is no time: 5.1s, 200ms, 2min, +1s");
        return;
    }
    /* Here microseconds are shown at most: a time that was copied means all of its microsecond. */
    if (!further && moment.to_ns - moment.from_ns <= NS_PER_US)
        moment.from_ns = moment.to_ns - 1;
    stage_go_to(stage, further ? time_add(stage->now_ns, moment.from_ns) : moment.from_ns);
    work(player);
}

static void save_typed(struct player *player)
{
    struct text again = {0}, typed = {0};
    if (player->prompt[0] == '\0') {
        say(player, "no name, nothing saved");
    } else if (access(player->prompt, F_OK) == 0) {
        say(player, "there is a file of that name; nothing saved");
    } else if (stage_hold(&player->stage) != STATUS_HELD) {
        say(player, "the branch cannot be played to its end");
    } else if (output_write(player->prompt, branch_text(&player->stage.branch)) == STATUS_HELD) {
        play_again_as(&again, &player->stage.play, player->prompt);
        typed_text(&typed, again.bytes != NULL ? again.bytes : player->prompt);
        snprintf(player->message, sizeof player->message, "saved: %s", typed.bytes != NULL ? typed.bytes : player->prompt);
    } else {
        say(player, "it cannot be written");
    }
    text_free(&again);
    text_free(&typed);
    work(player);
}

static void prompt_key(struct player *player, int key)
{
    const size_t length = strlen(player->prompt);
    const enum mode mode = player->mode;
    if (key == KEY_CONTROL('U')) {
        player->prompt[0] = '\0';
    } else if (key == KEY_ESCAPE || key == KEY_ENTER) {
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
    if (key < 'a' || key >= 'a' + (int)player->flights_listed)
        return;
    if (stage_kill(&player->stage, player->flights[key - 'a'], &why))
        work(player);
    else
        say(player, why);
}

static void prompt(struct player *player, enum mode mode, const char *text)
{
    player->mode = mode;
    player->running = false;
    snprintf(player->prompt, sizeof player->prompt, "%s", text);
}

static void jump(struct player *player, int key)
{
    struct stage *stage = &player->stage;
    player->running = false;
    if (key == 'n' && player->question) {
        player->question = false;
        return;
    }
    if (key == 'n')
        stage_go(stage, GOAL_STATE);
    else if (key == '$' || key == KEY_END)
        stage_go(stage, GOAL_END);
    else if (key == 'p')
        stage_back_to_state(stage);
    else if (key == KEY_LEFT)
        stage_back(stage);
    else
        stage_back_to_start(stage);
    work(player);
}

static void kill_ask(struct player *player)
{
    player->running = false;
    if (player->flights_listed > 0)
        player->mode = MODE_KILL;
    else
        say(player, "nothing is under way");
}

static void unkill(struct player *player)
{
    player->running = false;
    if (stage_unkill(&player->stage))
        work(player);
    else
        say(player, "nothing was killed");
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
    case 'n':
    case 'p':
    case '0':
    case '$':
    case KEY_HOME:
    case KEY_END:
        jump(player, key);
        break;
    case '+':
    case '-':
        speed_change(player, key == '+');
        break;
    case 'c':
        player->colour = !player->colour;
        break;
    case 't':
        prompt(player, MODE_TIME, "");
        break;
    case 'k':
        kill_ask(player);
        break;
    case 'u':
        unkill(player);
        break;
    case 'w':
        if (player->stage.branch.count > 0)
            prompt(player, MODE_SAVE, "branch.scn");
        else
            say(player, "kill a segment first: without a branch the scenario is the file");
        break;
    case '?':
    case 'y':
        player->running = false;
        if (key == '?' || (stage_step(&player->stage) != 0 && !player->question))
            player->mode = key == '?' ? MODE_HELP : MODE_WHY;
        break;
    case 'q':
    case KEY_CONTROL('D'):
        console_close(&player->console);
        break;
    default:
        break;
    }
}

/* A page that is longer than the window is read on, or left. */
static void reading_key(struct player *player, int key)
{
    if (player->more && (key == ' ' || key == KEY_RIGHT || key == KEY_DOWN)) {
        player->read += player->page_lines;
        return;
    }
    player->read = 0;
    player->mode = MODE_PLAY;
}

static void on_key(struct console *console, int key)
{
    struct player *player = console->data;
    if (key == KEY_CONTROL('C')) {
        console_close(console);
        return;
    }
    if (player->working) {
        stage_stop(&player->stage);
        player->asks = false;
        return; /* it still comes to know the next step */
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
    case MODE_WHY:
        reading_key(player, key);
        break;
    case MODE_PLAY:
        play_key(player, key);
        break;
    }
    pace(player);
    player_draw(player);
}

static void on_resize(struct console *console)
{
    player_draw(console->data);
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
    struct stage *stage = &player->stage;
    enum status status = console_open(&player->console, "play");
    if (status != STATUS_HELD)
        return status;
    player->colour = terminal_colour(STDOUT_FILENO);
    player->console.data = player;
    player->console.on_key = on_key;
    player->console.on_resize = on_resize;
    uv_timer_init(&player->console.loop.uv, &player->pace);
    uv_idle_init(&player->console.loop.uv, &player->work);
    player->pace.data = player->work.data = player;
    fault_watch(stage->play.path, stage->play.story->seed, NULL, &stage->play.engine);
    work(player);
    player_draw(player);
    console_run(&player->console);
    fault_watch(NULL, 0, NULL, NULL);
    if (stage->fault != NULL)
        complain("play", "%s", stage->fault);
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
            status = play_read(&opened);
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
    return loop_missing("play");
}

#endif

static const struct option options[] = {
    {.name = "speed", .value = "X", .help = "so many times as fast as real time: 2, 0.01, 1/100 (as the longest link asks)"},
    GIVEN_OPTIONS,
};

const struct command command_play = {
    .name = "play",
    .usage = "play FILE [--speed X] [--seed N] [--set NAME=VALUE] [--profile [HOST=]NAME] [--variant N]",
    .summary = "plays a scenario on the terminal, step by step, forward and back",
    .details = "Space plays and pauses, the arrows step, n goes to the next change of a state, t to a time; k kills a\n"
               "segment that is under way and goes on from there, w writes that branch as a variant of the scenario;\n"
               "y tells why the last thing happened, ? shows all keys. Playing stops at each `ask` of the scenario until a key asks for "
               "the answer.\n"
               "The run is played as far as it is looked at, and no further: any run opens at once.\n"
               "\n"
               "Exit status: 0; 2 the file or the command line is wrong; 3 there is no terminal, or no libuv.\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = play,
};
