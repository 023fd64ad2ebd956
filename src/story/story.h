/* SPDX-License-Identifier: MIT */
/* The parsed model of a scenario, one variant of it, with every word resolved: what LANGUAGE.md says, as data. No text is
 * read and none is written here. Built by src/scenario, played by src/sim, judged by src/story; constant while a world runs,
 * so that a snapshot of the world needs no copy of it. All arrays belong to the story's arena (story_free). */
#ifndef LASTACK_STORY_STORY_H
#define LASTACK_STORY_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/class.h"
#include "net/link.h"
#include "tcp/profile.h"
#include "tcp/state.h"

#define STORY_NONE UINT16_MAX /* an absent node, name, label */
#define ORDINAL_LAST UINT32_MAX

/* Where a thing stands in the file: 1-based line and column, and the width of the word. */
struct place {
    uint32_t line, column, width;
};

struct ordinals {
    uint32_t first, last; /* 1-based, inclusive; `every` is 1..ORDINAL_LAST */
};

enum node_kind { NODE_HOST, NODE_FIREWALL, NODE_NAT };

struct story_node {
    const char *name;
    enum node_kind kind;
    struct place place;
    enum profile_id base; /* hosts: the profile that was named */
    struct tcp_profile profile; /* and its constants, with this host's overrides */
    uint32_t overridden[(PROFILE_FIELDS + 31) / 32];
    uint16_t port_low, port_high; /* local_port_range */
    bool isn_fixed;
    uint32_t isn;
    int64_t idle_ns, closing_ns; /* middleboxes; TIME_NEVER where not given */
    bool reset; /* middleboxes: `then reset` */
};

struct story_link {
    uint16_t a, b; /* nodes */
    struct link_params dir[2]; /* [0] a -> b, [1] b -> a */
    struct place place;
};

/* ---- segments and events ---- */

struct segment_match { /* SEGMENT [of NAME] from -> to */
    uint32_t classes; /* all must hold (enum segment_class) */
    uint16_t from, to; /* nodes; STORY_NONE: any */
    uint16_t of; /* connection name, or STORY_NONE */
    struct ordinals ordinals;
    bool ordinals_given;
};

enum event_kind { EVENT_NONE = 0, EVENT_ENTERS, EVENT_LEAVES, EVENT_SENDS, EVENT_RECEIVES, EVENT_SEES_EOF, EVENT_SEES_ERROR };

struct story_event {
    enum event_kind kind;
    uint16_t host;
    uint16_t name; /* the connection (client.old), or STORY_NONE: the host's only one; in a guard, the program's newest */
    enum tcp_state state; /* ENTERS, LEAVES */
    enum tcp_errno error; /* SEES_ERROR */
    struct segment_match segment; /* SENDS, RECEIVES: from or to is the host, the other STORY_NONE */
    struct place place;
};

/* ---- programs ---- */

enum call_kind {
    CALL_LISTEN,
    CALL_ACCEPT,
    CALL_CONNECT,
    CALL_SEND,
    CALL_RECV,
    CALL_RECV_EOF,
    CALL_DRAIN,
    CALL_DRAIN_OFF,
    CALL_SHUTDOWN,
    CALL_CLOSE,
    CALL_ABORT,
    CALL_SET,
    CALL_RELAY,
    CALL_SLEEP,
    CALL_EXIT,
};
enum shutdown_how { SHUTDOWN_READ = 1, SHUTDOWN_WRITE = 2, SHUTDOWN_BOTH = 3 };
enum socket_option {
    OPTION_LINGER, /* a: on/off; b: ns */
    OPTION_NODELAY,
    OPTION_CORK,
    OPTION_QUICKACK,
    OPTION_REUSEADDR,
    OPTION_NONBLOCKING, /* a: on/off */
    OPTION_KEEPALIVE, /* a: on/off; b: idle ns, c: interval ns, d: count */
    OPTION_USER_TIMEOUT, /* b: ns, 0 off */
    OPTION_LINGER2, /* b: ns, or -1 */
    OPTION_RCVBUF,
    OPTION_SNDBUF, /* b: bytes */
};

struct story_guard {
    int64_t at_ns; /* `at D`; TIME_NEVER without */
    int64_t after_ns; /* `after D`: after the previous call's return, or with an event after the event; TIME_NEVER without */
    int64_t within_ns; /* the event's deadline; TIME_NEVER without */
    struct story_event event; /* EVENT_NONE without */
};

#define STORY_BACKLOG_MOST UINT32_MAX

struct story_step {
    struct story_guard guard;
    enum call_kind call;
    uint16_t on; /* connection name, or STORY_NONE: the newest socket */
    uint16_t name; /* `as NAME` of listen, accept, connect */
    uint16_t host, port, from_port; /* connect: node, port, 0 for an automatic port; listen: port */
    uint32_t backlog; /* listen; STORY_BACKLOG_MOST: as much as the host grants */
    int64_t size; /* send, recv: bytes; sleep: ns */
    int64_t within_ns; /* deadline of recv, relay; TIME_NEVER without */
    enum shutdown_how how;
    enum socket_option option;
    int64_t a, b, c, d; /* the option's value; relay: a = second connection's name, b = full-close */
    bool expects; /* `= VALUE` */
    enum tcp_errno expect_error; /* TCP_OK: expect_value */
    int64_t expect_value;
    struct place place, expect_place;
};

struct story_program {
    uint16_t host;
    bool service;
    uint16_t port; /* service */
    uint32_t backlog; /* service; likewise */
    uint16_t name; /* service ... as NAME */
    uint32_t copies; /* x N; 1 without */
    int64_t every_ns; /* copy k starts at k * every_ns */
    bool after_boot;
    uint32_t first_step, steps; /* in story.steps */
    struct place place;
};

/* ---- statements: faults, say, ask, in file order ---- */

enum statement_kind {
    STATEMENT_CUT,
    STATEMENT_DROP,
    STATEMENT_DELAY,
    STATEMENT_DUPLICATE,
    STATEMENT_CORRUPT,
    STATEMENT_CRASH,
    STATEMENT_BOOT,
    STATEMENT_PAUSE,
    STATEMENT_KILL,
    STATEMENT_LINK,
    STATEMENT_INJECT,
    STATEMENT_SAY,
    STATEMENT_ASK,
};
enum when_kind { WHEN_START, WHEN_AT, WHEN_EVENT };
enum ask_kind { ASK_STATE, ASK_TIMER, ASK_UNACKED, ASK_SEES, ASK_VERDICT };

/* A number in an inject: sum of the receiver's variables and a constant. */
enum inject_base { BASE_RCV_NXT = 1, BASE_RCV_WND = 2, BASE_IRS = 4, BASE_SND_UNA = 8, BASE_SND_NXT = 16, BASE_ISS = 32 };
struct inject_number {
    bool given;
    uint32_t plus, minus; /* masks of inject_base */
    int64_t constant;
};
enum inject_tsval { TSVAL_DEFAULT, TSVAL_NOW, TSVAL_OLD, TSVAL_NONE };

struct story_statement {
    enum statement_kind kind;
    enum when_kind when;
    int64_t at_ns; /* WHEN_AT */
    struct story_event event; /* WHEN_EVENT */
    int64_t after_ns; /* WHEN_EVENT after D; 0 without */
    bool maybe;
    uint16_t from, to; /* nodes: the path, or the host (from) of crash, boot, pause, kill */
    bool both; /* `--` */
    int64_t cut_from_ns, cut_to_ns; /* CUT with WHEN_START: the interval; cut_to TIME_NEVER for good */
    int64_t for_ns; /* CUT behind at/when: how long (TIME_NEVER: for good); PAUSE: how long */
    struct segment_match segment; /* DROP, DELAY, DUPLICATE, CORRUPT, INJECT (classes, of) */
    int64_t by_ns; /* DELAY: by; DUPLICATE: after (0 without) */
    struct link_params params[2]; /* LINK: the new parameters of from->to [0] and, if both, to->from [1] */
    struct inject_number seq, ack, wnd, len; /* INJECT */
    enum inject_tsval tsval;
    const char *text; /* SAY, ASK */
    enum ask_kind ask;
    uint16_t ask_host, ask_name; /* ASK: host; connection name or STORY_NONE */
    const char *label; /* or NULL */
    struct place place;
};

/* ---- expectations ---- */

enum invariant {
    INVARIANT_PREFIX,
    INVARIANT_NO_SILENT_LOSS,
    INVARIANT_ACK_MEANS_KEPT,
    INVARIANT_FIN_ONCE,
    INVARIANT_LEGAL_MOVES,
    INVARIANT_FIN_IS_ANSWERED,
    INVARIANT_ENDS_AGREE,
    INVARIANT_NO_SOCKET_FOR_EVER,
    INVARIANT_ORPHAN_BOUND,
    INVARIANT_TIME_WAIT,
    INVARIANT_NO_OLD_DUPLICATES,
    INVARIANT_RST_IS_LAWFUL,
    INVARIANT_ERRORS_ARE_TOLD,
    INVARIANT_COMES_TO_REST,
};
#define INVARIANTS 14
const char *invariant_name(enum invariant invariant);

enum verdict {
    VERDICT_REFUSED,
    VERDICT_HALF_OPEN,
    VERDICT_LEAKED,
    VERDICT_OPEN,
    VERDICT_RESET,
    VERDICT_TIMEOUT,
    VERDICT_SHORT,
    VERDICT_CLEAN
};
#define VERDICTS 8
const char *verdict_name(enum verdict verdict);

enum expect_kind {
    EXPECT_PATH,
    EXPECT_IS_AT,
    EXPECT_IS_BY,
    EXPECT_SPENDS,
    EXPECT_NEVER_STATE,
    EXPECT_WIRE,
    EXPECT_SENDS_TIMES,
    EXPECT_SEGMENT_AT,
    EXPECT_SEGMENT_AFTER,
    EXPECT_NEVER_SEGMENT,
    EXPECT_RECEIVES,
    EXPECT_SEES,
    EXPECT_HOLDS,
    EXPECT_VERDICT,
    EXPECT_BREAKS,
};
enum receives_then { THEN_UNSAID, THEN_EOF, THEN_NOTHING, THEN_ERROR };

struct story_expect {
    enum expect_kind kind;
    struct place place;
    uint16_t host, name; /* the end: host, connection name or STORY_NONE */
    enum tcp_state state; /* IS_*, SPENDS, NEVER_STATE, HOLDS */
    uint32_t first_state, states; /* PATH: in story.path_states */
    uint32_t first_match,
        matches; /* WIRE: in story.matches; SENDS_TIMES, SEGMENT_*, NEVER_SEGMENT: matches is 1, AFTER: 2 (which, after which) */
    int64_t at_ns, low_ns, high_ns, tolerance_ns; /* IS_AT, HOLDS: at; IS_BY: high; SPENDS, SEGMENT_AT, SEGMENT_AFTER: low..high */
    uint64_t low, high; /* SENDS_TIMES, SEES: how often; RECEIVES, HOLDS: low = how many */
    bool times_given; /* SEES with `N times` */
    enum receives_then then;
    enum tcp_errno error; /* SEES (TCP_OK: eof), RECEIVES ... then ERRNO */
    enum verdict verdict; /* VERDICT; name: `of` */
    enum invariant invariant; /* BREAKS */
    bool maybe; /* expect maybe breaks */
};

/* A `let` that is a range: its draw is written into each field that uses it (story_draw). */
enum let_unit { LET_NUMBER, LET_DURATION, LET_SHARE, LET_RATE };
struct story_let {
    const char *name;
    enum let_unit unit; /* a count or bytes; ns; parts per billion; bits per second */
    int64_t low, high; /* inclusive */
    int64_t step; /* the draw is low + a multiple of it: 1, for durations the largest of 1 ns, 1 us, 1 ms that divides both bounds */
    uint32_t first_use, uses; /* in story.let_uses */
    bool fixed; /* overridden by --set */
    int64_t value; /* what the last story_draw chose */
};

/* A field that takes a draw: the draw + plus, or that added to what the field has by another draw (`cut ... from $A for $B`). */
struct story_let_use {
    void *field; /* inside the story */
    uint8_t bytes; /* its size: 2, 4 or 8 */
    bool add;
    int64_t plus;
};

struct story {
    const char *file; /* as given on the command line */
    const char *asked; /* what the command line asks beyond seed and variant, " --set X=5s", for the line that repeats the run; or NULL */
    const char *title;
    uint16_t variant, variants; /* 0 is the base; variants counts the variant blocks of the file */
    const char *variant_title; /* NULL for the base */
    uint64_t seed;
    int64_t clock_ns; /* wall clock of time 0 in ns since midnight; -1 without */
    int64_t stop_ns; /* TIME_NEVER without a `stop` */
    int64_t last_named_ns; /* the last time that the file names: the run does not end before it */

    struct story_node *nodes;
    uint16_t node_count;
    struct story_link *links;
    uint32_t link_count;
    struct story_program *programs;
    uint32_t program_count; /* file order */
    struct story_step *steps;
    uint32_t step_count;
    struct story_statement *statements;
    uint32_t statement_count; /* file order */
    struct story_expect *expects;
    uint32_t expect_count;
    enum tcp_state *path_states;
    uint32_t path_state_count;
    struct segment_match *matches;
    uint32_t match_count;
    const char **names;
    uint16_t name_count; /* connection names */
    struct story_let *lets;
    uint32_t let_count; /* ranges only; the others are already in their places */
    struct story_let_use *let_uses;
    uint32_t let_use_count;

    const char **lines;
    uint32_t line_count; /* the file's text, for messages about a line after the run */
    void *arena; /* what story_free frees */
};

/* Draws every `let` range by `seed` (keyed by its name) and writes the values into their places. Also sets story->seed. */
void story_draw(struct story *story, uint64_t seed);
void story_free(struct story *story);

#endif
