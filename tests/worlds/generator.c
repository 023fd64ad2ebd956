/* SPDX-License-Identifier: MIT */
#include "generator.h"

#include <inttypes.h>

#include "base/duration.h"
#include "base/mix.h"

#define COUNT(list) ((unsigned)(sizeof(list) / sizeof(list)[0]))
#define HOSTS_MAX 3
#define LINKS_MAX 4 /* each of two may have a box in it */
#define BIG 200000 /* bytes of the largest send */

struct generator {
    struct text *out;
    uint64_t key, drawn;
    int64_t heal_ns; /* T */
    unsigned hosts, mtu;
    unsigned link[LINKS_MAX][2]; /* neighbours: hosts, or HOSTS_MAX and up for boxes */
    unsigned links, boxes;
    unsigned talk[2][2]; /* who connects to whom */
    unsigned talks;
    bool again; /* some four-tuple is used twice: nothing that makes old duplicates dangerous by design */
    bool single; /* one connection: a bare host name is its end */
    bool relayed; /* a talks to c through a program on b */
};

static const char *const host_names[HOSTS_MAX + 2] = {"a", "b", "c", "x", "y"};

/* ---- draws ---- */

static uint64_t below(struct generator *g, uint64_t bound)
{
    return mix_below(mix64(g->key ^ mix64(++g->drawn)), bound);
}

static bool chance(struct generator *g, unsigned percent)
{
    return below(g, 100) < percent;
}

static uint64_t between(struct generator *g, uint64_t low, uint64_t high)
{
    return low + below(g, high - low + 1);
}

/* Every order of magnitude as likely as the next. */
static uint64_t scaled(struct generator *g, uint64_t low, uint64_t high)
{
    unsigned doublings = 0;
    while ((low << doublings) < high)
        doublings++;
    uint64_t from = low << below(g, doublings + 1);
    uint64_t value = from + below(g, from + 1);
    return value > high ? high : value;
}

static const char *one_of(struct generator *g, const char *const *list, unsigned count)
{
    return list[below(g, count)];
}
#define ONE_OF(g, list) one_of(g, list, COUNT(list))

static void duration(struct generator *g, int64_t low_ns, int64_t high_ns)
{
    int64_t ns = (int64_t)scaled(g, (uint64_t)low_ns, (uint64_t)high_ns);
    text_duration(g->out, ns >= 10 * NS_PER_MS ? ns / NS_PER_MS * NS_PER_MS : ns / NS_PER_US * NS_PER_US);
}

/* A moment before the network heals, whole milliseconds. */
static int64_t before_heal(struct generator *g)
{
    return (int64_t)below(g, (uint64_t)(g->heal_ns / NS_PER_MS)) * NS_PER_MS;
}

static void share(struct generator *g, unsigned tenths_max)
{
    uint64_t tenths = between(g, 1, tenths_max);
    text_printf(g->out, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10, tenths % 10);
}

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

/* ---- programs ---- */

/* One program's part of a connection. `sends`: it may; `drains`: it does so from the start and never stops, so that whatever the
 * other sends gets through. Of the two programs of a connection one drains, or only one sends: they never wait for each other. */
struct part {
    bool sends, drains;
    unsigned self;
    const char *on; /* " on NAME", or "" */
};

static void line(struct generator *g, const char *words)
{
    text_printf(g->out, "    %s\n", words);
}

static void send_line(struct generator *g, const struct part *part)
{
    uint64_t bytes = chance(g, 30) ? between(g, 1, 3000) : chance(g, 50) ? scaled(g, 1000, 40000) : between(g, 40000, BIG);
    text_puts(g->out, "    ");
    if (chance(g, 20)) {
        text_puts(g->out, "at ");
        text_duration(g->out, before_heal(g));
        text_puts(g->out, "  ");
    } else if (chance(g, 20)) {
        text_puts(g->out, "after ");
        duration(g, NS_PER_MS, 5 * NS_PER_S);
        text_puts(g->out, "  ");
    }
    text_printf(g->out, "send %" PRIu64 "%s\n", bytes, part->on);
}

static void recv_line(struct generator *g, const struct part *part, bool draining)
{
    if (draining) {
        text_puts(g->out, "    sleep ");
    } else if (chance(g, 60)) {
        text_printf(g->out, "    recv %" PRIu64 "%s within ", scaled(g, 1, 50000), part->on);
    } else {
        text_printf(g->out, "    recv until eof%s within ", part->on);
    }
    duration(g, NS_PER_MS, 10 * NS_PER_S);
    text_putc(g->out, '\n');
}

static void set_line(struct generator *g, const struct part *part)
{
    static const char *const switches[] = {"nodelay", "cork", "quickack", "reuseaddr"};
    text_puts(g->out, "    set ");
    switch (below(g, 6)) {
    case 0:
    case 1:
        text_printf(g->out, "%s %s", ONE_OF(g, switches), chance(g, 75) ? "on" : "off");
        break;
    case 2:
        text_puts(g->out, "linger ");
        if (chance(g, 35))
            text_puts(g->out, "0");
        else
            duration(g, 10 * NS_PER_MS, 20 * NS_PER_S);
        break;
    case 3:
        text_puts(g->out, "linger2 ");
        if (chance(g, 20))
            text_puts(g->out, "-1");
        else
            duration(g, NS_PER_S, 100 * NS_PER_S);
        break;
    case 4:
        text_puts(g->out, "user_timeout ");
        duration(g, NS_PER_S, 60 * NS_PER_S);
        break;
    default:
        text_printf(g->out, "%s %" PRIu64, chance(g, 50) ? "rcvbuf" : "sndbuf", scaled(g, 2048, 131072));
    }
    text_printf(g->out, "%s\n", part->on);
}

static void wait_line(struct generator *g, const struct part *part)
{
    static const char *const states[] = {"CLOSE_WAIT", "FIN_WAIT_2", "TIME_WAIT"};
    if (*part->on != '\0' || chance(g, 50)) {
        text_puts(g->out, "    sleep ");
    } else {
        text_printf(g->out, "    when %s ", host_names[part->self]);
        if (chance(g, 60))
            text_puts(g->out, "sees eof");
        else
            text_printf(g->out, "enters %s", ONE_OF(g, states));
        text_puts(g->out, " within ");
        duration(g, 10 * NS_PER_MS, 10 * NS_PER_S);
        text_puts(g->out, "  set nodelay on\n");
        return;
    }
    duration(g, NS_PER_MS, 10 * NS_PER_S);
    text_putc(g->out, '\n');
}

static void keepalive_line(struct generator *g, const struct part *part)
{
    text_puts(g->out, "    set keepalive ");
    duration(g, NS_PER_S, 30 * NS_PER_S);
    text_putc(g->out, ' ');
    duration(g, 200 * NS_PER_MS, 5 * NS_PER_S);
    text_printf(g->out, " %" PRIu64 "%s\n", between(g, 2, 5), part->on);
}

/* A reader that shuts its reading side drains no more. Returns whether it has shut the other. */
static bool shutdown_line(struct generator *g, const struct part *part)
{
    const char *const how = part->drains || chance(g, 75) ? "write" : chance(g, 50) ? "read" : "both";
    text_printf(g->out, "    shutdown %s%s\n", how, part->on);
    return *how != 'r';
}

/* What it does until T. */
static void acts(struct generator *g, const struct part *part)
{
    bool draining = part->drains, shut = false;
    if (draining)
        text_printf(g->out, "    drain%s\n", part->on);
    for (uint64_t n = between(g, 1, 16); n > 0; n--) {
        const uint64_t what = below(g, 100);
        if (what < 45 && part->sends && (!shut || chance(g, 10))) {
            send_line(g, part);
        } else if (what < 70) {
            recv_line(g, part, draining);
        } else if (what < 77) {
            set_line(g, part);
        } else if (what < 84) {
            wait_line(g, part);
        } else if (what < 88 && !part->drains) {
            text_printf(g->out, "    drain%s%s\n", draining ? " off" : "", part->on);
            draining = !draining;
        } else if (what < 96) {
            shut = shutdown_line(g, part) || shut;
        } else if (what < 99 && *part->on == '\0') {
            static const char *const ends[] = {"abort", "close", "exit"};
            line(g, ONE_OF(g, ends));
            if (chance(g, 80)) /* what follows fails with EBADF */
                return;
        }
    }
}

static void at_heal(struct generator *g, const char *call)
{
    text_puts(g->out, "    at ");
    text_duration(g->out, g->heal_ns);
    text_printf(g->out, "  %s\n", call);
}

/* Who of the two drains, who sends. */
static void parts(struct generator *g, struct part *client, struct part *server)
{
    const uint64_t which = below(g, 4); /* 0 the client drains, 1 the server, 2 both, 3 neither */
    client->drains = which == 0 || which == 2;
    server->drains = which == 1 || which == 2;
    const bool one = which == 3 && chance(g, 50);
    client->sends = which != 3 || one;
    server->sends = which != 3 || !one;
    client->on = server->on = "";
}

static void service(struct generator *g, unsigned port, const struct part *server)
{
    text_printf(g->out, "service %s %u", host_names[server->self], port);
    if (chance(g, 10))
        text_printf(g->out, " backlog %" PRIu64, between(g, 1, 2));
    text_putc(g->out, '\n');
    keepalive_line(g, server);
    acts(g, server);
    if (g->again && chance(g, 70)) { /* the four-tuple becomes free */
        text_printf(g->out, "    when %s sees eof within ", host_names[server->self]);
        duration(g, NS_PER_S, 60 * NS_PER_S);
        text_puts(g->out, "  close\n");
    }
    at_heal(g, "close");
}

/* A service's place taken by a program that listens and accepts one. */
static void acceptor(struct generator *g, unsigned port, const struct part *server)
{
    text_printf(g->out, "app %s\n    listen %u\n", host_names[server->self], port);
    line(g, "accept");
    keepalive_line(g, server);
    acts(g, server);
    at_heal(g, "close");
    at_heal(g, "close");
}

static void connect_line(struct generator *g, const struct part *client, unsigned to, unsigned port, unsigned from, const char *name)
{
    if (chance(g, 30))
        set_line(g, client);
    text_printf(g->out, "    connect %s:%u", host_names[to], port);
    if (from != 0)
        text_printf(g->out, " from %u", from);
    if (name != NULL)
        text_printf(g->out, " as %s", name);
    text_putc(g->out, '\n');
}

static void start_late(struct generator *g)
{
    if (!chance(g, 25))
        return;
    text_puts(g->out, "    sleep ");
    duration(g, NS_PER_MS, g->heal_ns / 2);
    text_putc(g->out, '\n');
}

/* One connection; or two, one after the other, over the same four-tuple. */
static void talk_simple(struct generator *g, unsigned k)
{
    const unsigned from = g->talk[k][0], to = g->talk[k][1], port = 80 + k;
    struct part client = {.self = from}, server = {.self = to};
    parts(g, &client, &server);
    text_printf(g->out, "\napp %s", host_names[from]);
    if (!g->again && !g->single && g->talks == 1) {
        text_puts(g->out, " x 2 every ");
        duration(g, NS_PER_MS, g->heal_ns / 2);
    }
    text_putc(g->out, '\n');
    start_late(g);
    connect_line(g, &client, to, port, g->again ? 4000 : 0, NULL);
    keepalive_line(g, &client);
    acts(g, &client);
    if (g->again) {
        line(g, "close");
        text_puts(g->out, "    sleep ");
        duration(g, NS_PER_MS, 90 * NS_PER_S);
        text_putc(g->out, '\n');
        connect_line(g, &client, to, port, 4000, NULL);
        keepalive_line(g, &client);
        acts(g, &client);
    }
    at_heal(g, "close");
    text_putc(g->out, '\n');
    if (g->single && !g->again && chance(g, 15))
        acceptor(g, port, &server);
    else
        service(g, port, &server);
}

/* One program that holds two connections. */
static void talk_twice(struct generator *g)
{
    struct part client[2], server[2];
    for (unsigned k = 0; k < 2; k++) {
        client[k].self = g->talk[0][0];
        server[k].self = g->talk[k % g->talks][1];
        parts(g, &client[k], &server[k]);
        /* It waits for one while the other's peer waits for it: only a peer that drains never waits. */
        server[k].drains = true;
        client[k].drains = chance(g, 50);
        client[k].sends = true;
        server[k].sends = client[k].drains;
        client[k].on = k == 0 ? " on one" : " on two";
    }
    text_printf(g->out, "\napp %s\n", host_names[client[0].self]);
    connect_line(g, &(struct part){.on = ""}, server[0].self, 80, 0, "one");
    keepalive_line(g, &client[0]);
    connect_line(g, &(struct part){.on = ""}, server[1].self, 81, 0, "two");
    keepalive_line(g, &client[1]);
    acts(g, &client[0]);
    acts(g, &client[1]);
    at_heal(g, "close one");
    at_heal(g, "close two");
    for (unsigned k = 0; k < 2; k++) {
        text_putc(g->out, '\n');
        service(g, 80 + k, &server[k]);
    }
}

/* RFC 9293, figure 7: both begin. */
static void talk_simultaneous(struct generator *g)
{
    struct part part[2] = {{.self = g->talk[0][0]}, {.self = g->talk[0][1]}};
    parts(g, &part[0], &part[1]);
    for (unsigned side = 0; side < 2; side++) {
        text_printf(g->out, "\napp %s\n", host_names[part[side].self]);
        if (side == 1 && chance(g, 50)) {
            text_puts(g->out, "    sleep ");
            duration(g, 50 * NS_PER_US, 20 * NS_PER_MS);
            text_putc(g->out, '\n');
        }
        connect_line(g, &part[side], part[1 - side].self, 4001 - side, 4000 + side, NULL);
        keepalive_line(g, &part[side]);
        acts(g, &part[side]);
        at_heal(g, "close");
    }
}

/* Each in a program of its own on b: what comes from one goes to the other, its end too, until both have ended. */
static void talk_relayed(struct generator *g)
{
    const unsigned port = 80;
    struct part client = {.self = 0}, server = {.self = 2};
    parts(g, &client, &server);
    text_puts(g->out, "\napp a\n");
    start_late(g);
    connect_line(g, &client, 1, port, 0, "front");
    keepalive_line(g, &client);
    acts(g, &client);
    at_heal(g, "close");
    text_printf(g->out, "\nservice b %u as front\n", port);
    keepalive_line(g, &(struct part){.on = " on front"});
    connect_line(g, &(struct part){.on = ""}, 2, port + 1, 0, "back");
    keepalive_line(g, &(struct part){.on = " on back"});
    text_printf(g->out, "    relay front back%s\n\n", chance(g, 30) ? " full-close" : "");
    service(g, port + 1, &server);
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
        talk_relayed(&g);
    else if (g.single && chance(&g, 10))
        talk_simultaneous(&g);
    else if (!g.single && !g.again && g.talks == 1 && chance(&g, 50))
        talk_twice(&g);
    else
        for (unsigned k = 0; k < g.talks; k++)
            talk_simple(&g, k);
}
