/* SPDX-License-Identifier: MIT */
#include "app/child.h"

#ifdef LASTACK_UV

#include <unistd.h>
#include <uv.h>

struct child {
    uv_process_t process;
    int64_t status;
    int signal;
};

static void ended(uv_process_t *process, int64_t status, int signal)
{
    struct child *child = process->data;
    child->status = status;
    child->signal = signal;
    uv_close((uv_handle_t *)process, NULL);
}

enum status child_run(char *const *argv, const char *folder, bool *missing)
{
    uv_loop_t loop;
    struct child child = {.status = -1};
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
    const uv_process_options_t options = {
        .exit_cb = ended, .file = argv[0], .args = (char **)argv, .cwd = folder, .stdio_count = 3, .stdio = stdio};
    *missing = false;
    int error = uv_loop_init(&loop);
    if (error < 0) {
        complain(NULL, "cannot run %s: %s", argv[0], uv_strerror(error));
        return STATUS_OUTSIDE;
    }
    child.process.data = &child;
    error = uv_spawn(&loop, &child.process, &options);
    if (error < 0) {
        uv_close((uv_handle_t *)&child.process, NULL);
        *missing = error == UV_ENOENT;
        if (!*missing)
            complain(NULL, "cannot run %s: %s", argv[0], uv_strerror(error));
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return error == 0 && child.status == 0 && child.signal == 0 ? STATUS_HELD : STATUS_OUTSIDE;
}

#else

enum status child_run(char *const *argv, const char *folder, bool *missing)
{
    (void)argv;
    (void)folder;
    *missing = true;
    return STATUS_OUTSIDE;
}

#endif
