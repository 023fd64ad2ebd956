/* SPDX-License-Identifier: MIT */
/* libuv's loop as the commands that stay use it: a signal that ends the program ends the loop, so that all is left in order. */
#ifndef LASTACK_APP_LOOP_H
#define LASTACK_APP_LOOP_H

#include "app/app.h"

#ifdef LASTACK_UV
#include <uv.h>

struct loop {
    uv_loop_t uv; /* its `data` is the caller's */
    uv_signal_t stop[3]; /* INT, TERM, HUP */
};

/* 0, or libuv's error. */
int loop_open(struct loop *loop);
/* Until uv_stop, or one of the signals. */
void loop_run(struct loop *loop);
/* Closes all its handles. */
void loop_close(struct loop *loop);

#endif

/* For builds without it: says so, and returns STATUS_OUTSIDE. */
enum status loop_missing(const char *command);

#endif
