/* SPDX-License-Identifier: MIT */
/* One end of TCP to play with, and two of them on a small wire. A test is a story: states are reached by playing, segments are
 * written and compared as RFC 9293 writes them, "<SEQ=1><ACK=301><LEN=5><CTL=FIN,ACK>", with numbers relative to each side's initial
 * sequence number (the SYN is 0). */
#ifndef LASTACK_TESTS_TCP_ENDPOINT_H
#define LASTACK_TESTS_TCP_ENDPOINT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/duration.h"
#include "tcp/tcp.h"

#define END_RECORDS 1024
#define END_SENT 1024
#define END_PATH 64
#define WIRE_SEGMENTS 512
#define WIRE_DROPS 8

enum end_kind { END_NONE, END_TCB, END_MINI };

struct end {
    const char *name;
    struct tcp_profile profile; /* may be changed before the first call */
    struct tcb tcb;
    struct tcp_mini mini;
    enum end_kind kind; /* what answers on the wire */
    bool socket; /* tcb is fresh and holds options for the next connect or listen */
    bool listens, accept_full;
    uint32_t iss, irs; /* the bases of relative numbers: own and the peer's */
    uint32_t peer_wnd; /* the window of written segments that name none */
    uint32_t link_mss;
    int64_t clock; /* used without a wire */
    int64_t *now;
    uint32_t number; /* used without a wire */
    uint32_t *next_number;
    struct tcp_sink sink;
    struct segment made; /* where TCP makes its segments */

    struct segment sent[END_SENT];
    int64_t sent_ns[END_SENT];
    uint32_t sent_count, seen; /* seen: how many a test has looked at */
    struct {
        enum tcp_state from, to;
        uint8_t why;
        int64_t at_ns;
    } path[END_PATH];
    uint32_t path_count, path_seen;
    uint32_t signals[SIGNAL_GONE + 1]; /* how often each was given */

    /* a small program */
    bool drains, closes_at_eof, closes_when_written;
    uint32_t to_write;
    uint64_t got; /* bytes that it was given */
    bool eof;
    enum tcp_errno told; /* the last error that it was told */
    uint32_t told_count;

    struct pair *pair; /* the wire, or none */
    bool cut; /* what this end sends is lost */

    struct tcp_record records[END_RECORDS];
    uint32_t free_head, used;
};

/* ---- one end, its peer being the test ---- */
void end_init(struct end *end, enum profile_id profile);
/* The socket calls. connect and the listener take the options set after end_socket. */
void end_socket(struct end *end);
void end_connect(struct end *end);
void end_listen(struct end *end);
uint32_t end_send(struct end *end, uint32_t bytes); /* what was taken; the rest goes when there is room */
enum tcp_errno end_send_error(struct end *end); /* what a send of one byte is told */
struct tcp_read end_recv(struct end *end, uint32_t max);
void end_shutdown_write(struct end *end);
void end_shutdown(struct end *end, bool read, bool write);
void end_close(struct end *end); /* close() without linger: the socket becomes an orphan */
void end_abort(struct end *end);
struct tcp_ctx end_ctx(struct end *end);
/* Work that a step left: more output after a shortage, the small program's reads and writes. The calls above do it themselves. */
void end_settle(struct end *end);

/* The peer's segment arrives. */
void end_arrives(struct end *end, const char *text);
void end_arrives_segment(struct end *end, const struct segment *seg);
/* Time passes, and the timers that are due fire. */
void end_passes(struct end *end, int64_t ns);
bool end_next_timer(const struct end *end, int64_t *at_ns, uint32_t *number);
void end_fires(struct end *end);
enum tcp_timer end_timer(const struct end *end); /* the one that fires first */

/* Reaches `state` by playing against the test: the handshake, then the calls and segments that lead there, sockets still held.
 * Afterwards nothing that was sent, signalled or passed through counts as seen yet to come. */
void end_reaches(struct end *end, enum tcp_state state);
void end_reaches_from(struct end *end, enum profile_id profile, enum tcp_state state); /* end_init first */
/* SND.NXT and RCV.NXT after end_reaches, relative. */
uint32_t end_snd_nxt(enum tcp_state state);
uint32_t end_rcv_nxt(enum tcp_state state);
#define SYNCHRONIZED_STATES \
    { \
        TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT \
    }

enum tcp_state end_state(const struct end *end);
void end_forget(struct end *end); /* what was sent and passed through so far counts as seen; counters start anew */

/* ---- looking ---- */
void end_expect_sent_(struct end *end, const char *text, const char *file, int line);
void end_expect_sent_at_(struct end *end, int64_t at_ns, const char *text, const char *file, int line);
void end_expect_silence_(struct end *end, const char *file, int line);
void end_expect_state_(const struct end *end, enum tcp_state state, const char *file, int line);
void end_expect_path_(struct end *end, const char *states, const char *file, int line);
void end_expect_read_(struct end *end, uint32_t bytes, bool eof, enum tcp_errno error, const char *file, int line);
void end_expect_timer_(const struct end *end, enum tcp_timer timer, int64_t in_ns, const char *file, int line);
/* The next segment that it sent, not yet looked at, is this one; fields that `text` does not name are WND, TS, MSS, WSCALE and PSH. */
#define expect_sent(end, text) end_expect_sent_(end, text, __FILE__, __LINE__)
#define expect_sent_at(end, at_ns, text) end_expect_sent_at_(end, at_ns, text, __FILE__, __LINE__)
/* Nothing else was sent. */
#define expect_silence(end) end_expect_silence_(end, __FILE__, __LINE__)
#define expect_state(end, state) end_expect_state_(end, state, __FILE__, __LINE__)
/* The states entered since it was last asked: "FIN_WAIT_1 FIN_WAIT_2". */
#define expect_path(end, states) end_expect_path_(end, states, __FILE__, __LINE__)
/* The program's next recv() of anything gives just this; bytes and the end: the next but one gives the end. */
#define expect_read(end, bytes, eof, error) end_expect_read_(end, bytes, eof, error, __FILE__, __LINE__)
/* The timer that fires first is this, so long from now. */
#define expect_timer(end, timer, in_ns) end_expect_timer_(end, timer, in_ns, __FILE__, __LINE__)

/* ---- two ends on a wire ---- */
struct wire_segment {
    int64_t at_ns;
    uint32_t number;
    struct end *to;
    struct segment seg;
};
struct wire_drop {
    const struct end *from;
    const char *what;
    uint32_t skip, count;
};
struct pair {
    struct end client, server;
    int64_t now;
    uint32_t number;
    int64_t delay_ns; /* one way */
    struct wire_segment wire[WIRE_SEGMENTS];
    uint32_t wire_count;
    struct wire_drop drops[WIRE_DROPS];
    uint32_t drop_count, dropped;
};

void pair_init(struct pair *pair, enum profile_id client, enum profile_id server);
/* The server listens, the client connects, and both are ESTABLISHED; what was sent so far counts as seen. */
void pair_opens(struct pair *pair);
/* The `nth` segment of that kind which leaves `from` from now on is lost: SYN, FIN, RST, data, ACK, any (as the scenario language has it).
 */
void pair_drops(struct pair *pair, const struct end *from, const char *what, uint32_t nth);
void pair_drops_many(struct pair *pair, const struct end *from, const char *what, uint32_t count);
/* An old duplicate: a copy of what `from` sent as its `index`-th arrives now. */
void pair_duplicates(struct pair *pair, struct end *from, uint32_t index);
void pair_passes(struct pair *pair, int64_t ns);
void pair_runs_until(struct pair *pair, int64_t at_ns);
bool segment_is(const struct segment *seg, const char *what);
uint32_t end_sent_times(const struct end *end, const char *what);
/* When the `nth` segment of that kind left; -1: it was not sent. */
int64_t end_sent_when(const struct end *end, const char *what, uint32_t nth);

/* A test: its name is a sentence. */
#define STORY(name) static void name(void **cmocka_state __attribute__((unused)))

#endif
