/* SPDX-License-Identifier: MIT */
/* RFC 9293's notation of a segment, read and written; and the wire between two ends. */
#ifndef LASTACK_TESTS_TCP_NOTATION_H
#define LASTACK_TESTS_TCP_NOTATION_H

#include "endpoint.h"

/* What the peer of `end` sends: SEQ counts from the peer's initial number, ACK from the end's. Fields: SEQ, ACK, LEN, CTL (SYN, FIN, RST,
 * PSH, ACK), WND, TS=val,ecr, MSS, WSCALE, SACK_OK. */
struct segment notation_read(const struct end *end, const char *text);
/* What `end` sent, as SEQ, ACK, LEN, CTL, and of WND, TS, MSS, WSCALE and PSH those that `like` names. */
void notation_write(const struct end *end, const struct segment *seg, const char *like, char *text, size_t size);

void wire_takes(struct pair *pair, struct end *from, const struct segment *seg);

#endif
