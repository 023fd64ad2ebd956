/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* ---- hosts ---- */

static void buffers(struct generator *g)
{
    if (chance(g, 25))
        text_printf(g->out, "  rcvbuf %" PRIu64, scaled(g, 2048, 262144));
    if (chance(g, 20))
        text_printf(g->out, "  sndbuf %" PRIu64, scaled(g, 4096, 262144));
    if (chance(g, 15))
        text_printf(g->out, "  mss %" PRIu64, between(g, g->mtu < 576 || chance(g, 20) ? 88 : 500, g->mtu - 40));
}

static void options(struct generator *g)
{
    static const char *const switches[] = {"sack",
                                           "timestamps",
                                           "window_scaling",
                                           "dsack",
                                           "tlp",
                                           "rack",
                                           "rfc1337",
                                           "fin_ack_delayed",
                                           "rst_flushes_receive",
                                           "bare_fin_zero_window",
                                           "nagle_minshall",
                                           "accept_overflow_rst",
                                           "keepalive_death_rst",
                                           "close_unread_rst",
                                           "orphan_fw2_mini"};
    static const char *const cc[] = {"none", "reno", "cubic"};
    unsigned first = (unsigned)below(g, COUNT(switches));
    for (unsigned i = 0; i < COUNT(switches); i++)
        if (chance(g, i < 3 ? 12 : 4))
            text_printf(g->out, "  %s %s", switches[(first + i) % COUNT(switches)], chance(g, 60) ? "off" : "on");
    if (chance(g, 20))
        text_printf(g->out, "  cc %s", ONE_OF(g, cc));
    if (chance(g, 10))
        text_printf(g->out, "  initial_cwnd %" PRIu64, between(g, 1, 20));
}

static void patience(struct generator *g)
{
    static const char *const hz[] = {"100", "250", "1000"};
    if (chance(g, 12)) {
        text_puts(g->out, "  delack ");
        duration(g, NS_PER_MS, 400 * NS_PER_MS);
    }
    if (chance(g, 15))
        text_printf(g->out, "  orphan_retries %" PRIu64, between(g, 1, 8));
    if (chance(g, 15))
        text_printf(g->out, "  retries2 %" PRIu64, between(g, 2, 12));
    if (chance(g, 10))
        text_printf(g->out, "  syn_retries %" PRIu64, between(g, 1, 7));
    if (chance(g, 10))
        text_printf(g->out, "  synack_retries %" PRIu64, between(g, 1, 6));
    if (chance(g, 20)) {
        text_puts(g->out, "  fin_timeout ");
        duration(g, NS_PER_S, 90 * NS_PER_S);
    }
    if (!g->again && chance(g, 20)) {
        text_puts(g->out, "  time_wait ");
        duration(g, NS_PER_S, 60 * NS_PER_S);
    }
    if (!g->again && chance(g, 20))
        text_printf(g->out, "  isn %" PRIu64, UINT64_C(4294967295) - scaled(g, 1, 2 * BIG));
    if (chance(g, 10))
        text_printf(g->out, "  hz %s", ONE_OF(g, hz));
    if (chance(g, 8)) {
        text_puts(g->out, "  invalid_ratelimit ");
        duration(g, NS_PER_MS, 2 * NS_PER_S);
    }
    if (chance(g, 8))
        text_printf(g->out, "  challenge_ack_limit %" PRIu64, between(g, 1, 10));
}

static void hosts(struct generator *g)
{
    static const char *const profiles[] = {"linux", "linux", "linux", "linux", "rfc9293", "rfc9293", "rfc9293", "freebsd", "windows"};
    for (unsigned i = 0; i < g->hosts; i++) {
        text_printf(g->out, "host %s  %s", host_names[i], ONE_OF(g, profiles));
        if (chance(g, 75)) {
            buffers(g);
            options(g);
            patience(g);
        }
        text_putc(g->out, '\n');
    }
}

/* ---- boxes and links ---- */

/* What forgets a flow that is silent for longer, and what becomes of it then. */
static void boxes(struct generator *g)
{
    for (unsigned i = 0; i < g->boxes; i++) {
        text_printf(g->out, "%s %s", chance(g, 60) ? "firewall" : "nat", host_names[HOSTS_MAX + i]);
        if (chance(g, 70)) {
            text_puts(g->out, "  idle ");
            duration(g, 2 * NS_PER_S, 600 * NS_PER_S);
        }
        if (chance(g, 40)) {
            text_puts(g->out, "  closing ");
            duration(g, NS_PER_S, 120 * NS_PER_S);
        }
        text_printf(g->out, "  then %s\n", chance(g, 60) ? "drop" : "reset");
    }
}

static void loss(struct generator *g)
{
    text_puts(g->out, "  loss ");
    if (chance(g, 25)) {
        text_puts(g->out, "gemodel ");
        share(g, 150);
        text_puts(g->out, " ");
        text_printf(g->out, "%" PRIu64 "%%", between(g, 20, 80));
        if (chance(g, 50))
            text_printf(g->out, " %" PRIu64 "%% %" PRIu64 "%%", between(g, 30, 90), between(g, 0, 5));
        return;
    }
    share(g, chance(g, 40) ? 400 : 80);
}

/* Each word stands once in a line: `with_loss` false where the line has said its loss. */
static void weather(struct generator *g, bool with_loss)
{
    if (with_loss || chance(g, 30)) {
        text_puts(g->out, "  delay ");
        duration(g, 50 * NS_PER_US, 200 * NS_PER_MS);
    }
    if (chance(g, 40)) {
        text_puts(g->out, "  jitter ");
        duration(g, 50 * NS_PER_US, 60 * NS_PER_MS);
    }
    if (with_loss && chance(g, 60))
        loss(g);
    if (chance(g, 25)) {
        text_puts(g->out, "  duplicate ");
        share(g, 200);
    }
    if (chance(g, 25)) {
        text_puts(g->out, "  reorder ");
        share(g, 300);
    }
    if (chance(g, 15)) {
        text_puts(g->out, "  corrupt ");
        share(g, 100);
    }
    if (chance(g, 20)) {
        text_printf(g->out, "  rate %" PRIu64 "kbit", scaled(g, 128, 20000));
        if (chance(g, 60))
            text_printf(g->out, "  limit %" PRIu64, scaled(g, 3, 100));
    }
}

static void links(struct generator *g)
{
    for (unsigned i = 0; i < g->links; i++) {
        const char *const one = host_names[g->link[i][0]], *const other = host_names[g->link[i][1]];
        text_printf(g->out, "link %s -- %s", one, other);
        weather(g, true);
        if (g->mtu != 1500)
            text_printf(g->out, "  mtu %u", g->mtu);
        text_putc(g->out, '\n');
        if (chance(g, 25)) {
            text_printf(g->out, "link %s -> %s  loss ", one, other);
            share(g, 400);
            weather(g, false);
            text_putc(g->out, '\n');
        }
    }
}

static void links_change(struct generator *g)
{
    if (!chance(g, 20))
        return;
    const unsigned i = (unsigned)below(g, g->links);
    text_puts(g->out, "at ");
    text_duration(g->out, before_heal(g));
    text_printf(g->out, "  link %s -- %s", host_names[g->link[i][0]], host_names[g->link[i][1]]);
    weather(g, true);
    text_putc(g->out, '\n');
}

static void links_heal(struct generator *g)
{
    for (unsigned i = 0; i < g->links; i++) {
        text_puts(g->out, "at ");
        text_duration(g->out, g->heal_ns);
        text_printf(g->out, "  link %s -- %s  delay ", host_names[g->link[i][0]], host_names[g->link[i][1]]);
        duration(g, 100 * NS_PER_US, 100 * NS_PER_MS);
        text_puts(g->out, "  jitter 0  loss 0%  duplicate 0%  reorder 0%  corrupt 0%  rate 1gbit  limit 10000\n");
    }
}

/* ---- faults ---- */

static void path(struct generator *g, bool neighbours, const char *arrow)
{
    const unsigned *pair = neighbours ? g->link[below(g, g->links)] : g->talk[below(g, g->talks)];
    const unsigned turn = (unsigned)below(g, 2);
    text_printf(g->out, "%s %s %s", host_names[pair[turn]], arrow, host_names[pair[1 - turn]]);
}

static void cut(struct generator *g)
{
    static const char *const states[] = {"SYN_SENT",   "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2",
                                         "CLOSE_WAIT", "CLOSING",      "LAST_ACK",    "TIME_WAIT"};
    const char *const arrow = chance(g, 50) ? "--" : "->";
    text_puts(g->out, "maybe ");
    if (g->single && chance(g, 30)) {
        text_printf(g->out, "when %s enters %s  cut ", host_names[g->talk[0][below(g, 2)]], ONE_OF(g, states));
        path(g, true, arrow);
        text_puts(g->out, "  for ");
        duration(g, 10 * NS_PER_MS, 10 * NS_PER_S);
    } else {
        int64_t from = before_heal(g), to = from + 1 + (int64_t)below(g, (uint64_t)(g->heal_ns - from));
        text_puts(g->out, "cut ");
        path(g, true, arrow);
        text_puts(g->out, "  from ");
        text_duration(g->out, from);
        text_puts(g->out, " to ");
        text_duration(g->out, to);
    }
    text_putc(g->out, '\n');
}

static void rule(struct generator *g)
{
    static const char *const kinds[] = {"drop", "drop", "delay", "duplicate", "corrupt"};
    static const char *const segments[] = {"SYN",   "FIN", "FIN",      "RST",          "data",    "ACK",
                                           "probe", "any", "ACK(FIN)", "FIN+ACK(FIN)", "FIN+data"};
    const unsigned kind = (unsigned)below(g, COUNT(kinds));
    const uint64_t first = scaled(g, 1, 12);
    text_printf(g->out, "maybe %s ", kinds[kind]);
    if (kind < 2 && chance(g, 30))
        text_printf(g->out, "%" PRIu64 "th..%" PRIu64 "th ", first + 3, first + 3 + between(g, 1, 4));
    else if (first == 1)
        text_puts(g->out, "1st ");
    else
        text_printf(g->out, "%" PRIu64 "%s ", first, first == 2 ? "nd" : first == 3 ? "rd" : "th");
    text_printf(g->out, "%s ", ONE_OF(g, segments));
    path(g, false, "->");
    if (kind == 2) {
        text_puts(g->out, "  by ");
        duration(g, NS_PER_MS, 5 * NS_PER_S);
    } else if (kind == 3 && chance(g, 70)) {
        text_puts(g->out, "  after ");
        duration(g, NS_PER_MS, (g->again ? 10 : 30) * NS_PER_S);
    }
    text_putc(g->out, '\n');
}

/* Power lost and back, a stopped virtual machine, SIGKILL. */
static void disaster(struct generator *g)
{
    const char *const host = host_names[g->relayed && chance(g, 60) ? 1 : below(g, g->hosts)]; /* the relay in mid-flight */
    const int64_t from = before_heal(g), to = from + 1 + (int64_t)below(g, (uint64_t)(g->heal_ns - from));
    const uint64_t which = below(g, 3);
    text_puts(g->out, "maybe at ");
    text_duration(g->out, from);
    text_printf(g->out, "  %s %s", which == 0 ? "crash" : which == 1 ? "pause" : "kill", host);
    if (which == 1) {
        text_puts(g->out, " for ");
        text_duration(g->out, to - from);
    }
    text_putc(g->out, '\n');
    if (which != 0)
        return;
    text_puts(g->out, "maybe at ");
    text_duration(g->out, to);
    text_printf(g->out, "  boot %s\n", host);
}

/* Forged, and with a number that is none of the receiver's business: it must not change anything. */
static void forgery(struct generator *g)
{
    static const char *const segments[] = {"RST seq rcv.nxt-1000", "RST seq rcv.nxt+rcv.wnd+100000", "ACK seq rcv.nxt-1000",
                                           "FIN seq rcv.nxt-1000", "data seq rcv.nxt-1000 len 100"};
    text_puts(g->out, "maybe at ");
    text_duration(g->out, before_heal(g));
    text_puts(g->out, "  inject ");
    path(g, false, "->");
    text_printf(g->out, "  %s\n", ONE_OF(g, segments));
}

static void faults(struct generator *g)
{
    for (uint64_t n = g->single && chance(g, 20) ? between(g, 1, 3) : 0; n > 0; n--)
        forgery(g);
    if (chance(g, g->relayed ? 40 : 12))
        disaster(g);
    for (uint64_t n = chance(g, 50) ? between(g, 1, 3) : 0; n > 0; n--)
        cut(g);
    for (uint64_t n = chance(g, 60) ? between(g, 1, 5) : 0; n > 0; n--)
        rule(g);
}

/* ---- the whole ---- */

/* A firewall or nat in the middle of some links. */
static void boxes_between(struct generator *g)
{
    const unsigned links = g->links;
    for (unsigned i = 0; i < links; i++) {
        if (!chance(g, 12))
            continue;
        const unsigned box = HOSTS_MAX + g->boxes++;
        g->link[g->links][0] = box;
        g->link[g->links++][1] = g->link[i][1];
        g->link[i][1] = box;
    }
}

/* Two hosts, or three: in a row, where a talks to c through b; or both talk to b. */
static void places(struct generator *g)
{
    g->hosts = chance(g, 30) ? 3 : 2;
    g->links = g->hosts - 1;
    g->link[0][0] = 0;
    g->link[0][1] = 1;
    g->link[1][0] = 2;
    g->link[1][1] = 1;
    g->talk[0][0] = 0;
    g->talk[0][1] = g->hosts == 3 && chance(g, 50) ? 2 : 1;
    g->talk[1][0] = 2;
    g->talk[1][1] = 1;
    g->talks = g->hosts == 3 && g->talk[0][1] == 1 ? 2 : 1;
    g->single = g->talks == 1 && chance(g, 60);
    g->again = g->talks == 1 && chance(g, g->single ? 10 : 20);
    g->single = g->single && !g->again;
    g->relayed = g->talks == 1 && g->talk[0][1] == 2 && !g->again && chance(g, 50);
    g->single = g->single && !g->relayed;
    boxes_between(g);
}

void generator_write(struct text *out, uint64_t seed, uint64_t index)
{
    static const unsigned mtus[] = {1500, 1500, 1500, 1500, 576, 296, 9000};
    struct generator g = {.out = out, .key = mix_keyed(seed, 0, index, 0)};
    g.heal_ns = (int64_t)scaled(&g, 1000, 120000) * NS_PER_MS;
    g.mtu = mtus[below(&g, COUNT(mtus))];
    places(&g);
    text_printf(out, "# World %" PRIu64 " of seed %" PRIu64 ": at ", index, seed);
    text_duration(out, g.heal_ns);
    text_printf(out, " the network heals and all programs close.\nscenario \"world %" PRIu64 "\"\nlanguage 1\nseed %" PRIu64 "\n\n", index,
                mix64(g.key) >> 32);
    hosts(&g);
    boxes(&g);
    links(&g);
    links_change(&g);
    links_heal(&g);
    faults(&g);
    if (g.relayed)
        programs_relayed(&g);
    else if (g.single && chance(&g, 10))
        programs_simultaneous(&g);
    else if (!g.single && !g.again && g.talks == 1 && chance(&g, 50))
        programs_twice(&g);
    else
        for (unsigned k = 0; k < g.talks; k++)
            programs_simple(&g, k);
}
