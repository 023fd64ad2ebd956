/* SPDX-License-Identifier: MIT */
/* A run on a terminal: what its keys do stands in command_play.c, what is drawn in player_page.c. Only in builds that have libuv. */
#ifndef LASTACK_APP_PLAYER_H
#define LASTACK_APP_PLAYER_H

#include "app/console.h"
#include "app/stage.h"

#ifdef LASTACK_UV

#define PPM INT64_C(1000000) /* a speed of 1: real time */

enum mode { MODE_PLAY, MODE_TIME, MODE_SAVE, MODE_KILL, MODE_HELP, MODE_WHY };

struct player {
    struct console console;
    struct stage stage;
    struct given given;
    uv_timer_t pace;
    uv_idle_t work; /* towards a goal that is far */
    int64_t speed_ppm;
    enum mode mode;
    bool running; /* steps follow each other by themselves */
    bool working; /* the goal is not reached yet */
    bool asks; /* a question may stand where it is reached */
    bool question; /* the step's `ask` stands unanswered */
    bool colour;
    uint64_t began_ms, wait_ms; /* of the silence that is sat out now, by the loop's clock */
    uint64_t drawn_ns; /* when the work was last told of */
    unsigned read, page_lines; /* HELP, WHY: so many lines are above what is shown; so many are shown */
    bool more; /* and there are more below */
    char prompt[96]; /* what was typed */
    char message[200];
    uint32_t flights[FLIGHTS_SHOWN];
    unsigned flights_listed, flights_all;
    enum status status;
};

void player_draw(struct player *player);

#endif

#endif
