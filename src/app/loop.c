/* SPDX-License-Identifier: MIT */
#include "app/loop.h"

enum status loop_missing(const char *command)
{
    complain(command, "this lastack was built without libuv; with its headers (libuv1-dev, libuv-devel) a new build has it");
    return STATUS_OUTSIDE;
}

#ifdef LASTACK_UV

#include <signal.h>

static void stopped(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

int loop_open(struct loop *loop)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    int error = uv_loop_init(&loop->uv);
    for (unsigned i = 0; i < 3 && error == 0; i++) {
        uv_signal_init(&loop->uv, &loop->stop[i]);
        error = uv_signal_start(&loop->stop[i], stopped, numbers[i]);
    }
    return error;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

static void handle_close(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_close(struct loop *loop)
{
    uv_walk(&loop->uv, handle_close, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
}

#endif
