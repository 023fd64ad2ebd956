/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notation.h"

static const struct {
    const char *name;
    uint8_t flag;
} controls[] = {{"SYN", TCP_SYN}, {"FIN", TCP_FIN}, {"RST", TCP_RST}, {"PSH", TCP_PSH}, {"ACK", TCP_ACK}};
#define CONTROLS (sizeof controls / sizeof controls[0])

/* The number behind "<NAME="; false if the text does not have it. */
static bool number_of(const char *text, const char *name, int64_t *value)
{
    char key[16];
    snprintf(key, sizeof key, "<%s=", name);
    const char *found = strstr(text, key);
    if (found == NULL)
        return false;
    *value = strtoll(found + strlen(key), NULL, 10);
    return true;
}

struct segment notation_read(const struct end *end, const char *text)
{
    struct segment seg = {.wnd = end->peer_wnd, .conn = 1};
    int64_t value;
    const char *control = strstr(text, "<CTL=");
    if (number_of(text, "SEQ", &value))
        seg.seq = end->irs + (uint32_t)value;
    if (number_of(text, "ACK", &value))
        seg.ack = end->iss + (uint32_t)value;
    if (number_of(text, "LEN", &value))
        seg.len = (uint32_t)value;
    if (number_of(text, "WND", &value))
        seg.wnd = (uint32_t)value;
    if (number_of(text, "MSS", &value)) {
        seg.mss = (uint16_t)value;
        seg.options |= TCPOPT_MSS;
    }
    if (number_of(text, "WSCALE", &value)) {
        seg.wscale = (uint8_t)value;
        seg.options |= TCPOPT_WSCALE;
    }
    if (number_of(text, "TS", &value)) {
        seg.tsval = (uint32_t)value;
        seg.tsecr = (uint32_t)strtoll(strchr(strstr(text, "<TS="), ',') + 1, NULL, 10);
        seg.options |= TCPOPT_TS;
    }
    if (strstr(text, "<SACK_OK>") != NULL)
        seg.options |= TCPOPT_SACK_OK;
    for (size_t i = 0; control != NULL && i < CONTROLS; i++) {
        const char *found = strstr(control, controls[i].name);
        if (found != NULL && found < strchr(control, '>'))
            seg.flags |= controls[i].flag;
    }
    return seg;
}

static size_t put(char *text, size_t size, size_t length, const char *name, int64_t value)
{
    return length + (size_t)snprintf(text + length, size - length, "<%s=%lld>", name, (long long)value);
}

void notation_write(const struct end *end, const struct segment *seg, const char *like, char *text, size_t size)
{
    size_t length = put(text, size, 0, "SEQ", (int32_t)(seg->seq - end->iss));
    if (seg->flags & TCP_ACK)
        length = put(text, size, length, "ACK", (int32_t)(seg->ack - end->irs));
    if (seg->len > 0)
        length = put(text, size, length, "LEN", seg->len);
    length += (size_t)snprintf(text + length, size - length, "<CTL=");
    const char *comma = "";
    for (size_t i = 0; i < CONTROLS; i++) {
        if ((seg->flags & controls[i].flag) == 0 || (controls[i].flag == TCP_PSH && strstr(like, "PSH") == NULL))
            continue;
        length += (size_t)snprintf(text + length, size - length, "%s%s", comma, controls[i].name);
        comma = ",";
    }
    length += (size_t)snprintf(text + length, size - length, ">");
    if (strstr(like, "<WND=") != NULL)
        length = put(text, size, length, "WND", seg->wnd);
    if (strstr(like, "<MSS=") != NULL)
        length = put(text, size, length, "MSS", seg->options & TCPOPT_MSS ? seg->mss : -1);
    if (strstr(like, "<WSCALE=") != NULL)
        length = put(text, size, length, "WSCALE", seg->options & TCPOPT_WSCALE ? seg->wscale : -1);
    if (strstr(like, "<TS=") != NULL && (seg->options & TCPOPT_TS) != 0)
        snprintf(text + length, size - length, "<TS=%u,%u>", seg->tsval, seg->tsecr);
}
