/* SPDX-License-Identifier: MIT */
/* The page: html.c puts it together, html_model.c writes what its script must know of a run, html_sockets.c what `ss -o` would say at each
 * step. page.css, page.js and page_states.svg are built into the program. Inside the view room only. */
#ifndef LASTACK_VIEW_HTML_H
#define LASTACK_VIEW_HTML_H

#include "view/svg.h"

/* ---- text ---- */

/* A JSON string; no byte of it ends a script. */
void html_string(struct text *out, const char *utf8);

/* ---- steps ---- */

/* What trace_step_begins() begins: events first..last, counted from 1. */
struct html_step {
    uint32_t first, last;
};
/* NULL: out of memory. The caller frees it. */
struct html_step *html_steps(const struct trace *trace, uint32_t *count);

/* ---- sockets ---- */

struct sockets;
struct sockets *sockets_new(const struct svg *svg);
void sockets_event(struct sockets *sockets, uint32_t number);
/* The table of one host at a time: a JSON array of rows, each of State, Recv-Q, Send-Q, Local Address:Port, Peer Address:Port, timer. */
void sockets_table(struct text *out, const struct sockets *sockets, unsigned host, int64_t now_ns);
void sockets_free(struct sockets *sockets);
/* As ss writes it: "1min3sec", "200ms", "1.200ms". */
void sockets_timer(struct text *out, int64_t ns);

/* ---- the model ---- */

void html_model(struct text *out, const struct svg *svg);

#endif
