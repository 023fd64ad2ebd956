/* SPDX-License-Identifier: MIT */
/* The page, from above: the title, the ladder, what state the playing is in, then some lines that depend on it, and the keys. */
#include "app/player.h"

#ifdef LASTACK_UV

#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "view/view.h"

#define PANEL_LINES 3u /* so many at least, so that the ladder above them does not move */
#define WIDTH_LEAST VIEW_WIDTH_MIN
#define HEIGHT_LEAST 12

/* ECMA-48: they mark what is there without them too. */
#define BOLD "\033[1m"
#define BAR "\033[7m"
#define DIM "\033[2m"
#define PLAIN "\033[m"

static void styled(struct text *out, const struct player *player, const char *style, const char *line)
{
    text_puts(out, player->colour ? style : "");
    text_puts(out, line);
    text_puts(out, player->colour ? PLAIN : "");
    text_putc(out, '\n');
}

static void add(struct text *out, struct text *part)
{
    text_add(out, part->bytes != NULL ? part->bytes : "", part->length);
    out->failed = out->failed || part->failed;
    text_free(part);
}

/* ---- the state of the playing ---- */

static void speed_text(struct text *out, int64_t ppm)
{
    if (ppm >= PPM && ppm % PPM == 0)
        text_printf(out, "%" PRId64 "x", ppm / PPM);
    else if (ppm < PPM && PPM % ppm == 0)
        text_printf(out, "1/%" PRId64 "x", PPM / ppm);
    else
        text_printf(out, "%" PRId64 ".%03" PRId64 "x", ppm / PPM, ppm % PPM / 1000);
}

/* While a silence is sat out the clock moves through it. */
static int64_t clock_ns(const struct player *player)
{
    const int64_t wait_ns = stage_wait(&player->stage);
    if (!player->running || player->wait_ms == 0 || wait_ns == TIME_NEVER)
        return player->stage.now_ns;
    const uint64_t sat_ms = uv_now(&player->console.loop.uv) - player->began_ms;
    return player->stage.now_ns + (sat_ms < player->wait_ms ? wait_ns / (int64_t)player->wait_ms * (int64_t)sat_ms : wait_ns);
}

static void how_it_goes(struct text *out, const struct player *player)
{
    const struct play *play = &player->stage.play;
    if (player->working)
        text_printf(out, "playing on, %u events; any key stops", (unsigned)world_events(play->engine.world));
    else if (stage_over(&player->stage))
        text_printf(out, "the end%s | trace %016" PRIx64,
                    !play->judged                         ? ", not judged"
                    : play->judgement.failures.count == 0 ? ", all held"
                                                          : ", and not all held",
                    world_hash(play->engine.world));
    else if (player->question)
        text_puts(out, "a question");
    else
        text_puts(out, player->running ? "playing" : "paused");
}

static void state_line(struct text *out, const struct player *player)
{
    struct text line = {0};
    text_seconds(&line, clock_ns(player) / NS_PER_US * NS_PER_US);
    text_printf(&line, " s | event %u | ", (unsigned)(player->stage.recent.forgotten + player->stage.shown));
    how_it_goes(&line, player);
    text_puts(&line, " | ");
    speed_text(&line, player->speed_ppm);
    if (player->stage.branch.count > 0)
        text_printf(&line, " | branch %u", player->stage.branch.count);
    styled(out, player, BAR, line.bytes != NULL ? line.bytes : "");
    out->failed = out->failed || line.failed;
    text_free(&line);
}

/* ---- the lines below it ---- */

static void next_line(struct text *out, const struct player *player)
{
    const struct stage *stage = &player->stage;
    const uint32_t next = stage_next(stage);
    const struct story *story = stage->play.story;
    const struct trace_event *e = next != 0 ? &stage->recent.trace.events[next - 1] : NULL;
    if (e == NULL) {
        text_puts(out, stage_over(stage) ? "next: nothing more\n" : "next:\n");
        return;
    }
    text_puts(out, "next: ");
    if (stage_wait(stage) > 0) {
        text_puts(out, "in ");
        text_duration(out, stage_wait(stage));
        text_puts(out, ", ");
    }
    if (e->kind == TRACE_NOTE && e->statement > 0 && e->statement <= story->statement_count)
        text_puts(out, story->statements[e->statement - 1].kind == STATEMENT_ASK ? "a question" : "a remark");
    else
        view_sentence(out, story, &stage->recent.trace, next);
    text_putc(out, '\n');
}

static void flight_text(struct text *out, const struct player *player, unsigned i, bool whole)
{
    const struct stage *stage = &player->stage;
    const struct trace_event *e = &stage->recent.trace.events[player->flights[i] - 1];
    view_segment(out, stage->play.story, &stage->recent.trace, player->flights[i]);
    if (whole)
        text_printf(out, "  %s", stage->play.story->nodes[e->host].name);
    text_printf(out, " -> %s", stage->play.story->nodes[e->peer].name);
}

/* As many as there is room for, the newest last. */
static void flights_line(struct text *out, const struct player *player)
{
    unsigned first = player->flights_listed;
    size_t room = (size_t)player->console.width - 30;
    for (; first > 0; first--) {
        struct text one = {0};
        flight_text(&one, player, first - 1, false);
        const size_t length = one.length + 2;
        text_free(&one);
        if (length > room && first < player->flights_listed)
            break;
        room -= length < room ? length : room;
    }
    text_puts(out, "under way: ");
    if (first + player->flights_all - player->flights_listed > 0)
        text_printf(out, "%u more, ", first + player->flights_all - player->flights_listed);
    for (unsigned i = first; i < player->flights_listed; i++) {
        text_puts(out, i > first ? ", " : "");
        flight_text(out, player, i, false);
    }
    text_puts(out, player->flights_all == 0 ? "nothing\n" : "\n");
}

static void kill_list(struct text *out, const struct player *player)
{
    for (unsigned i = 0; i < player->flights_listed; i++) {
        text_printf(out, "  %c  ", 'a' + (int)i);
        flight_text(out, player, i, true);
        text_putc(out, '\n');
    }
}

static void ordinary(struct text *out, const struct player *player)
{
    const struct branch *branch = &player->stage.branch;
    if (player->working)
        return;
    next_line(out, player);
    flights_line(out, player);
    if (player->message[0] != '\0')
        text_printf(out, "%s\n", player->message);
    else if (branch->count > 0)
        text_printf(out, "branch: %s\n", branch->lines[branch->count - 1]);
}

static void panel(struct text *out, const struct player *player)
{
    const struct trace_event *ask = player->question ? stage_asks(&player->stage) : NULL;
    struct text line = {0};
    switch (player->mode) {
    case MODE_TIME:
        text_printf(out, "to which time? %s_\n", player->prompt);
        break;
    case MODE_SAVE:
        text_printf(out, "save this branch as: %s_\n", player->prompt);
        break;
    case MODE_KILL:
        text_puts(out, "kill which of these?\n");
        kill_list(out, player);
        break;
    case MODE_PLAY:
    case MODE_HELP:
    case MODE_WHY:
        if (ask == NULL) {
            ordinary(out, player);
            break;
        }
        text_printf(&line, "? %s", player->stage.play.story->statements[ask->statement - 1].text);
        text_puts(out, player->colour ? BOLD : "");
        view_paragraph(out, line.bytes != NULL ? line.bytes : "", (unsigned)player->console.width, 2);
        text_puts(out, player->colour ? PLAIN : "");
        break;
    }
    out->failed = out->failed || line.failed;
    text_free(&line);
    for (size_t lines = text_line_count(out); lines < PANEL_LINES; lines++)
        text_putc(out, '\n');
}

static const char *keys(const struct player *player)
{
    if (player->mode == MODE_HELP || player->mode == MODE_WHY)
        return player->more ? "space or right: more; any other key: back to the ladder" : "any key: back to the ladder";
    if (player->mode == MODE_TIME)
        return "a time as 5.1s, 200ms or +1s, then enter; escape: never mind";
    if (player->mode == MODE_SAVE)
        return "a file's name, then enter; escape: never mind";
    if (player->mode == MODE_KILL)
        return "a letter; any other key: never mind";
    if (player->question)
        return "space or right: the answer";
    return "space play  arrows step  n next state  t time  y why  k kill  ? help  q quit";
}

/* ---- all of it ---- */

static const char help_page[] = "space        play, pause\n"
                                "right left   one step forward, back\n"
                                "n p          to the next, the previous change of a state\n"
                                "0 $          to the beginning, to the end (home and end, too)\n"
                                "t            to a time: type 5.1s, 200ms or +1s, then enter\n"
                                "+ -          faster, slower\n"
                                "c            with colours, without\n"
                                "\n"
                                "y            why: the chain of causes of the last change, back to its beginning\n"
                                "k            kill a segment that is under way, and go on from there: a branch\n"
                                "u            undo the last kill\n"
                                "w            write the branch as a scenario\n"
                                "\n"
                                "q            quit\n"
                                "\n"
                                "A step is one arrival, timer, call or statement, and all that it causes at\n"
                                "once. Playing and n stop at each question of the scenario; the next key\n"
                                "answers it.\n";

static const char *lines_below(const char *at, unsigned lines)
{
    for (; lines > 0; lines--)
        at = strchr(at, '\n') + 1;
    return at;
}

/* Of a part that is longer than the room for it, from line `from` as much as there is room for. Returns how many lines that is, without the
 * one that says that there are more; all are shown if that is all that are left. */
static unsigned cut(struct text *part, unsigned from, unsigned rows, bool unicode, bool *more)
{
    const unsigned lines = (unsigned)text_line_count(part), left = lines - (from < lines ? from : lines);
    *more = left > rows;
    if (part->bytes == NULL || (from == 0 && !*more))
        return left;
    const char *at = lines_below(part->bytes, lines - left);
    const unsigned shown = *more ? rows - 1 : left;
    part->length = (size_t)(lines_below(at, shown) - at);
    memmove(part->bytes, at, part->length);
    part->bytes[part->length] = '\0';
    if (*more)
        text_puts(part, unicode ? "…\n" : "...\n");
    return shown;
}

static struct view_options view_options_of(const struct player *player)
{
    const unsigned width = (unsigned)player->console.width;
    return (struct view_options){.width = width < VIEW_WIDTH_MAX ? width : VIEW_WIDTH_MAX,
                                 .colour = player->colour,
                                 .unicode = terminal_unicode(),
                                 .version = LASTACK_VERSION};
}

static void why(struct text *out, const struct player *player)
{
    const struct stage *stage = &player->stage;
    const struct view_options options = view_options_of(player);
    if (stage->recent.forgotten > 0)
        text_printf(out, "Of the newest events; number N here is event N + %u of the run.\n", (unsigned)stage->recent.forgotten);
    view_why(out, stage->play.story, &stage->recent.trace, &stage->play.judgement, &options, stage_notable(stage));
}

static void ladder(struct text *out, const struct player *player, unsigned rows)
{
    static const struct judgement nothing = {.cut = true};
    const struct stage *stage = &player->stage;
    const struct play *play = &stage->play;
    const struct view_options options = view_options_of(player);
    struct trace seen = stage->recent.trace;
    seen.count = player->question ? stage_step(stage) - 1 : stage->shown;
    view_screen(out, play->story, &seen, play->judged ? &play->judgement : &nothing, &options, rows);
}

static void title_line(struct text *out, const struct player *player)
{
    const struct story *story = player->stage.play.story;
    struct text line = {0};
    text_puts(&line, story->title);
    if (story->variant_title != NULL)
        text_printf(&line, " | variant %u: %s", (unsigned)story->variant, story->variant_title);
    styled(out, player, BOLD, line.bytes != NULL ? line.bytes : "");
    out->failed = out->failed || line.failed;
    text_free(&line);
}

static void page(struct text *out, struct player *player)
{
    const unsigned height = (unsigned)player->console.height;
    struct text below = {0}, body = {0};
    panel(&below, player);
    const unsigned rows = height > (unsigned)text_line_count(&below) + 5 ? height - (unsigned)text_line_count(&below) - 3 : 2;
    title_line(out, player);
    if (player->mode == MODE_HELP)
        text_puts(&body, help_page);
    else if (player->mode == MODE_WHY)
        why(&body, player);
    else
        ladder(&body, player, rows);
    player->page_lines = cut(&body, player->read, rows, terminal_unicode(), &player->more);
    const size_t lines = text_line_count(&body);
    add(out, &body);
    for (size_t i = lines; i < rows; i++)
        text_putc(out, '\n');
    state_line(out, player);
    add(out, &below);
    styled(out, player, DIM, keys(player));
    out->length -= out->length > 0; /* the last line feed would be one line too many */
}

void player_draw(struct player *player)
{
    const struct console *console = &player->console;
    struct text out = {0};
    player->flights_all = stage_flights(&player->stage, player->flights);
    player->flights_listed = player->flights_all < FLIGHTS_SHOWN ? player->flights_all : FLIGHTS_SHOWN;
    if (console->width < (int)WIDTH_LEAST || console->height < HEIGHT_LEAST)
        text_printf(&out, "This window has %d columns and %d lines;\na ladder needs %u and %d.\n\nq quit", console->width, console->height,
                    WIDTH_LEAST, HEIGHT_LEAST);
    else
        page(&out, player);
    if (!out.failed)
        console_draw(&player->console, &out);
    text_free(&out);
}

#endif
