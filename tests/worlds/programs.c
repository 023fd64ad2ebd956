/* SPDX-License-Identifier: MIT */
/* The programs of a random world. */
#include "internal.h"

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
        text_printf(g->out, " backlog %" PRIu64, between(g, 0, 2));
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
void programs_simple(struct generator *g, unsigned k)
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
void programs_twice(struct generator *g)
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
void programs_simultaneous(struct generator *g)
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
void programs_relayed(struct generator *g)
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
