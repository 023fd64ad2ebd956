/* SPDX-License-Identifier: MIT */
/* A trace made visible. Each view is a pure function of a story, its trace and what was judged of it: no clock, no terminal,
 * no hidden state; the caller says how wide the page is and whether it has colour. */
#ifndef LASTACK_VIEW_VIEW_H
#define LASTACK_VIEW_VIEW_H

#include <stdbool.h>

#include "base/text.h"
#include "judge/judge.h"
#include "sim/trace.h"
#include "story/story.h"

#define VIEW_WIDTH_MIN 80u
#define VIEW_WIDTH_MAX 200u

struct view_options {
    unsigned width; /* columns; clamped to VIEW_WIDTH_MIN..VIEW_WIDTH_MAX */
    bool colour; /* never the only signal */
    bool unicode; /* false: ASCII only */
    bool full; /* folds nothing but idle time */
    const char *version; /* for the head */
    const char *reproduce; /* the line that repeats this run, shown after a failure; NULL: none */
    /* What was said of the file from outside, so that a saved trace can say it again: the words of --set and --profile. */
    const char *const *sets, *const *profiles;
    unsigned set_count, profile_count;
    const char *host; /* pcapng: whose view; packetdrill: which end. NULL: none */
};

/* For people: one lane a host, arrows between the lanes, and the report at the end. */
void view_ladder(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options);

/* One line an event in fixed columns, for grep and awk; lines that begin with # are head and end. */
void view_table(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                const struct view_options *options);

/* JSON Lines, schema 1 (docs/trace.md, DESIGN.md). */
void view_jsonl(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                const struct view_options *options);

/* The ladder as a picture: SVG, for paper and projectors. */
void view_svg(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
              const struct view_options *options);

/* One run of several, as variants of a scenario are. */
struct view_run {
    const struct story *story;
    const struct trace *trace;
    const struct judgement *judgement;
};

/* A page to step through in a browser, one self-contained file; with several runs, a tab for each. */
void view_html(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
               const struct view_options *options);
void view_html_runs(struct text *out, const struct view_run *runs, unsigned count, const struct view_options *options);

/* A capture (pcapng): what options->host saw; without one every segment once, as it was sent. */
void view_pcapng(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options);

/* Comma-separated values, a row an event. */
void view_csv(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
              const struct view_options *options);

/* A Mermaid sequence diagram. */
void view_mermaid(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                  const struct view_options *options);

/* Chrome's trace event format, for Perfetto. */
void view_perfetto(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                   const struct view_options *options);

/* One end of a connection as a packetdrill script: options->host is HOST or HOST.NAME. */
void view_packetdrill(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                      const struct view_options *options);

/* The end block alone: each connection's verdict, bytes, how long the sockets were held, the trace hash. */
void view_report(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options);

/* The ladder of a run that goes on, as a screen shows it: the hosts' names and the newest lines, `rows` in all. `judgement` is empty as
 * long as the run is not judged. */
void view_screen(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
                 const struct view_options *options, unsigned rows);
/* Why event `number` (from 1) happened: the chain of its causes in sentences, each with the rule that ruled, back to the call or the fault
 * with which it began. */
void view_why(struct text *out, const struct story *story, const struct trace *trace, const struct judgement *judgement,
              const struct view_options *options, uint32_t number);
/* The segment of event `number` in a few words: "FIN ACK seq 301 ack 1", "old: FIN ACK seq 301 ack 1" where there are several connections.
 */
void view_segment(struct text *out, const struct story *story, const struct trace *trace, uint32_t number);
/* One event in one sentence, without its time: "server: LAST_ACK -> CLOSED". */
void view_sentence(struct text *out, const struct story *story, const struct trace *trace, uint32_t number);
/* A text on as many lines as it takes, the further ones indented. */
void view_paragraph(struct text *out, const char *text, unsigned width, unsigned indent);

#endif
