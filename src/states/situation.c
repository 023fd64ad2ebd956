/* SPDX-License-Identifier: MIT */
#include "states/table.h"

#include "base/duration.h"
#include "base/invariant.h"

#define WAY (10 * NS_PER_MS)

static const struct {
    enum tcp_state state;
    const char *note;
} situations[SITUATIONS] = {
    [AT_CLOSED] = {TCP_CLOSED, NULL},
    [AT_LISTEN] = {TCP_LISTEN, NULL},
    [AT_SYN_SENT] = {TCP_SYN_SENT, NULL},
    [AT_SYN_RECEIVED] = {TCP_SYN_RECEIVED, "from LISTEN"},
    [AT_SYN_RECEIVED_BOTH] = {TCP_SYN_RECEIVED, "from SYN_SENT"},
    [AT_ESTABLISHED] = {TCP_ESTABLISHED, NULL},
    [AT_FIN_WAIT_1] = {TCP_FIN_WAIT_1, "after shutdown(write)"},
    [AT_FIN_WAIT_1_ORPHAN] = {TCP_FIN_WAIT_1, "after close()"},
    [AT_FIN_WAIT_2] = {TCP_FIN_WAIT_2, "after shutdown(write)"},
    [AT_FIN_WAIT_2_ORPHAN] = {TCP_FIN_WAIT_2, "after close()"},
    [AT_CLOSE_WAIT] = {TCP_CLOSE_WAIT, NULL},
    [AT_CLOSING] = {TCP_CLOSING, "after shutdown(write)"},
    [AT_CLOSING_ORPHAN] = {TCP_CLOSING, "after close()"},
    [AT_LAST_ACK] = {TCP_LAST_ACK, "after shutdown(write)"},
    [AT_LAST_ACK_ORPHAN] = {TCP_LAST_ACK, "after close()"},
    [AT_TIME_WAIT] = {TCP_TIME_WAIT, NULL},
};

enum tcp_state situation_state(enum situation situation)
{
    return situations[situation].state;
}

const char *situation_note(enum situation situation)
{
    return situations[situation].note;
}

static void peer_says(struct bench *bench, uint8_t flags, uint32_t ack)
{
    bench_passes(bench, WAY);
    bench_arrives(bench, flags, bench_rcv_nxt(bench), ack, 0);
}

static void reach(struct bench *bench, enum situation situation)
{
    switch (situation) {
    case AT_CLOSED:
    case SITUATIONS:
        return;
    case AT_LISTEN:
        bench_listen(bench, true);
        return;
    case AT_SYN_SENT:
        bench_connect(bench);
        return;
    case AT_SYN_RECEIVED:
        reach(bench, AT_LISTEN);
        bench_syn_arrives(bench, TCP_SYN, 0, 0, true);
        return;
    case AT_SYN_RECEIVED_BOTH:
        reach(bench, AT_SYN_SENT);
        bench_passes(bench, WAY);
        bench_syn_arrives(bench, TCP_SYN, 0, 0, true);
        return;
    case AT_ESTABLISHED:
        reach(bench, AT_SYN_SENT);
        bench_passes(bench, WAY);
        bench_syn_arrives(bench, TCP_SYN | TCP_ACK, 0, 1, true);
        return;
    case AT_FIN_WAIT_1:
        reach(bench, AT_ESTABLISHED);
        bench_shutdown(bench, false, true);
        return;
    case AT_FIN_WAIT_1_ORPHAN:
        reach(bench, AT_ESTABLISHED);
        bench_close(bench);
        return;
    case AT_FIN_WAIT_2:
    case AT_FIN_WAIT_2_ORPHAN:
        reach(bench, situation == AT_FIN_WAIT_2 ? AT_FIN_WAIT_1 : AT_FIN_WAIT_1_ORPHAN);
        peer_says(bench, TCP_ACK, bench_snd_nxt(bench));
        return;
    case AT_CLOSE_WAIT:
        reach(bench, AT_ESTABLISHED);
        peer_says(bench, TCP_FIN | TCP_ACK, bench_snd_nxt(bench));
        bench_passes(bench, 500 * NS_PER_MS); /* a delayed ACK goes out meanwhile */
        return;
    case AT_CLOSING:
    case AT_CLOSING_ORPHAN:
        reach(bench, situation == AT_CLOSING ? AT_FIN_WAIT_1 : AT_FIN_WAIT_1_ORPHAN);
        peer_says(bench, TCP_FIN | TCP_ACK, bench_snd_una(bench));
        return;
    case AT_LAST_ACK:
        reach(bench, AT_CLOSE_WAIT);
        bench_shutdown(bench, false, true);
        return;
    case AT_LAST_ACK_ORPHAN:
        reach(bench, AT_CLOSE_WAIT);
        bench_close(bench);
        return;
    case AT_TIME_WAIT:
        reach(bench, AT_FIN_WAIT_2);
        peer_says(bench, TCP_FIN | TCP_ACK, bench_snd_nxt(bench));
        return;
    }
}

void situation_reach(struct bench *bench, enum profile_id profile, enum situation situation)
{
    bench_init(bench, profile);
    reach(bench, situation);
    ASSERT(bench_state(bench) == situations[situation].state);
    bench_forget(bench);
}
