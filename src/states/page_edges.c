/* SPDX-License-Identifier: MIT */
/* The diagram: its edges as lists, and for Graphviz. */
#include <inttypes.h>
#include <string.h>

#include "states/page.h"

/* ---- lists ---- */

static void edge_text(struct text *out, const struct edge *edge)
{
    char moves[64];
    struct text both = {0};
    text_printf(&both, "%s -> %s", tcp_state_name((enum tcp_state)edge->from), tcp_state_name((enum tcp_state)edge->to));
    strncpy(moves, both.bytes != NULL ? both.bytes : "", sizeof moves - 1);
    moves[sizeof moves - 1] = '\0';
    text_free(&both);
    text_printf(out, "  %-28s  %-38s", moves, edge->figure != NULL ? edge->figure : edge_why(edge));
}

static bool edge_belongs(const struct edge *edge, unsigned profiles)
{
    return edge->figure != NULL || (edge->profiles & profiles) != 0;
}

/* An edge of the figure may be taken by anybody; another, by those who have it. */
static uint64_t taken(const struct edge *edge, unsigned profiles)
{
    return edge_taken(edge, edge->figure != NULL ? profiles : profiles & edge->profiles);
}

static void profiles_text(struct text *out, unsigned profiles)
{
    for (unsigned i = 0; i < PROFILES; i++) {
        if ((profiles & (1u << i)) != 0)
            text_printf(out, " %s", profile_name((enum profile_id)i));
    }
}

static void count_text(struct text *out, const struct edge *edge, unsigned profiles)
{
    if (!edge_can_be_taken(edge))
        text_puts(out, "        -  the sockets interface has no such call");
    else
        text_printf(out, "%9" PRIu64, taken(edge, profiles));
}

static void edges_list(struct text *out, const struct edges *edges, unsigned profiles, bool counted, bool figure)
{
    for (unsigned i = 0; i < edges->count; i++) {
        const struct edge *edge = &edges->list[i];
        if ((edge->figure != NULL) != figure || !edge_belongs(edge, profiles))
            continue;
        edge_text(out, edge);
        if (counted)
            count_text(out, edge, profiles);
        if (!figure) {
            text_puts(out, counted ? "  " : "");
            profiles_text(out, edge->profiles & profiles);
        }
        while (out->length > 0 && out->bytes[out->length - 1] == ' ')
            out->length--;
        text_putc(out, '\n');
    }
}

void page_edges(struct text *out, const struct edges *edges, unsigned profiles, bool counted)
{
    text_printf(out, "The edges of RFC 9293 figure 5%s\n", counted ? ", and how often they were taken" : "");
    edges_list(out, edges, profiles, counted, true);
    text_puts(out, "\nWhat the profiles add: resets, aborts and timeouts, which the figure leaves out, and rules of their own\n");
    edges_list(out, edges, profiles, counted, false);
}

unsigned page_missing(struct text *out, const struct edges *edges, unsigned profiles)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < edges->count; i++) {
        const struct edge *edge = &edges->list[i];
        if (!edge_belongs(edge, profiles) || !edge_can_be_taken(edge) || taken(edge, profiles) > 0)
            continue;
        edge_text(out, edge);
        if (edge->figure == NULL)
            profiles_text(out, edge->profiles & profiles);
        if (edge->profiles != 0)
            text_printf(out, "  by: %s", event_about(edge->event)->name);
        text_putc(out, '\n');
        missing++;
    }
    return missing;
}

/* ---- Graphviz ---- */

static void dot_label(struct text *out, const struct edge *edge, bool counted, enum profile_id profile)
{
    const char *words = edge->figure != NULL ? edge->figure : edge_why(edge);
    for (const char *c = words; *c != '\0'; c++) {
        if (strncmp(c, " / ", 3) == 0) {
            text_puts(out, "\\n");
            c += 2;
        } else {
            text_putc(out, *c);
        }
    }
    if (counted)
        text_printf(out, " (%" PRIu64 ")", edge->taken[profile]);
}

/* The figure's second CLOSED, at the bottom, keeps the lines apart. */
static const char *dot_target(const struct edge *edge)
{
    if (edge->to == TCP_CLOSED && edge->from != TCP_LISTEN && edge->from != TCP_SYN_SENT)
        return "END";
    return tcp_state_name((enum tcp_state)edge->to);
}

/* Against the way from top to bottom. */
static bool leads_up(const struct edge *edge)
{
    return edge->from != TCP_CLOSED && edge->from <= TCP_SYN_RECEIVED && edge->to <= TCP_LISTEN;
}

static void dot_figure(struct text *out, const struct edges *edges, enum profile_id profile, bool counted)
{
    for (unsigned i = 0; i < edges->count; i++) {
        const struct edge *edge = &edges->list[i];
        if (edge->figure == NULL)
            continue;
        const bool never = counted && edge_can_be_taken(edge) && edge->taken[profile] == 0;
        text_printf(out, "  %s -> %s [label=\"", tcp_state_name((enum tcp_state)edge->from), dot_target(edge));
        dot_label(out, edge, counted, profile);
        const char *const look = never ? ", color=red, fontcolor=red" : edge->profiles == 0 ? ", color=gray, fontcolor=gray" : "";
        text_printf(out, "\"%s%s];\n", look, leads_up(edge) ? ", constraint=false" : "");
    }
}

/* One dashed line from state to state, whatever the reasons. */
static void dot_added(struct text *out, const struct edges *edges, enum profile_id profile, bool counted)
{
    for (unsigned i = 0; i < edges->count; i++) {
        const struct edge *edge = &edges->list[i];
        bool again = edge->figure != NULL || (edge->profiles & (1u << profile)) == 0;
        for (unsigned j = 0; j < i; j++) {
            const struct edge *before = &edges->list[j];
            again = again || (before->figure == NULL && (before->profiles & (1u << profile)) != 0 && before->from == edge->from &&
                              before->to == edge->to);
        }
        if (again)
            continue;
        text_printf(out, "  %s -> %s [label=\"", tcp_state_name((enum tcp_state)edge->from), dot_target(edge));
        for (unsigned j = i; j < edges->count; j++) {
            const struct edge *other = &edges->list[j];
            if (other->figure != NULL || other->from != edge->from || other->to != edge->to || (other->profiles & (1u << profile)) == 0)
                continue;
            text_puts(out, j > i ? "\\n" : "");
            dot_label(out, other, counted, profile);
        }
        text_puts(out, "\", style=dashed, color=\"#4060a0\", fontcolor=\"#4060a0\", constraint=false];\n");
    }
}

void page_dot(struct text *out, const struct edges *edges, enum profile_id profile, bool counted)
{
    text_printf(out,
                "// dot -Tsvg states.dot > states.svg\n"
                "// RFC 9293 figure 5, and dashed what profile %s adds.%s\n"
                "digraph states {\n"
                "  label=\"RFC 9293 figure 5; dashed: what profile %s adds\";\n"
                "  labelloc=b; nodesep=0.6; ranksep=0.55;\n"
                "  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=12];\n"
                "  edge [fontname=\"Helvetica\", fontsize=9];\n"
                "  END [label=\"CLOSED\"];\n"
                "  { rank=same; SYN_RECEIVED; SYN_SENT; }\n",
                profile_name(profile), counted ? " In brackets: how often the scenarios took it; red: never." : "", profile_name(profile));
    dot_figure(out, edges, profile, counted);
    dot_added(out, edges, profile, counted);
    text_puts(out, "}\n");
}
