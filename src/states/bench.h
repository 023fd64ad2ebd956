/* SPDX-License-Identifier: MIT */
/* One end of TCP on a bench: the code of src/tcp, a program that calls it, a clock, and a peer whose segments are made to measure. What
 * the end does is noted down. States are reached by calls, segments and time alone. */
#ifndef LASTACK_STATES_BENCH_H
#define LASTACK_STATES_BENCH_H

#include "tcp/tcp.h"

#define BENCH_RECORDS 64
#define BENCH_MOVES 12
#define BENCH_SENT 6

enum bench_lives { BENCH_NOTHING, BENCH_TCB, BENCH_MINI };

struct bench_move {
    uint8_t from, to, why; /* enum tcp_state, enum tcp_why */
};

struct bench {
    struct tcp_profile profile; /* the profile whose constants `tcp` stands on */
    struct tcb tcb;
    struct tcp_mini mini;
    enum bench_lives lives; /* what answers on the wire */
    bool listens; /* and if nothing does, a listener */
    bool held; /* a program holds the socket */
    int64_t now_ns;
    uint32_t number; /* of timers */
    uint32_t free_head, used;
    struct tcp_record records[BENCH_RECORDS];
    struct tcp_sink sink;
    struct segment made; /* where it makes its segments */
    uint32_t tsval_sent; /* the last timestamp that the end sent: a peer echoes it */
    uint32_t peer_wnd; /* what the peer's segments offer */
    /* what the end did since bench_forget() */
    struct bench_move moves[BENCH_MOVES];
    unsigned move_count;
    struct segment sent[BENCH_SENT];
    unsigned sent_count; /* may be more than BENCH_SENT: the rest is only counted */
    unsigned signals; /* 1 << enum tcp_signal */
};

/* The bench holds pointers to itself: it must stay where it is. */
void bench_init(struct bench *bench, enum profile_id profile);
enum tcp_state bench_state(const struct bench *bench);
void bench_forget(struct bench *bench);

/* SND.UNA, SND.NXT and RCV.NXT, with 0 where nothing lives. */
uint32_t bench_snd_una(const struct bench *bench);
uint32_t bench_snd_nxt(const struct bench *bench);
uint32_t bench_rcv_nxt(const struct bench *bench);

/* ---- the program ---- */
void bench_listen(struct bench *bench, bool on);
void bench_connect(struct bench *bench);
enum tcp_errno bench_send(struct bench *bench, uint32_t bytes, uint32_t *taken);
struct tcp_read bench_recv(struct bench *bench);
enum tcp_errno bench_shutdown(struct bench *bench, bool read, bool write);
void bench_close(struct bench *bench);
void bench_abort(struct bench *bench);

/* ---- the peer ---- */
/* A segment with timestamps if they were agreed on. */
void bench_arrives(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);
/* A SYN of a later incarnation, or an older one: what only a SYN carries. */
void bench_syn_arrives(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, bool timestamps);

/* ---- time ---- */
enum tcp_timer bench_timer(const struct bench *bench, int64_t *at_ns); /* the next to fire; TIMER_NONE */
/* Waits for the next timer and lets it fire; false if none runs. */
bool bench_fires(struct bench *bench);
/* Lets time pass, and fire what falls due. */
void bench_passes(struct bench *bench, int64_t ns);

#endif
