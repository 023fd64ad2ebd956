/* SPDX-License-Identifier: MIT */
/* A TCP segment as it stands on the wire (RFC 9293 section 3.1), without its payload: a byte of a stream is known by its
 * connection's incarnation and its sequence number, so a segment carries only a range. */
#ifndef LASTACK_TCP_SEGMENT_H
#define LASTACK_TCP_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 }; /* segment.flags */
enum { TCPOPT_MSS = 1, TCPOPT_WSCALE = 2, TCPOPT_SACK_OK = 4, TCPOPT_TS = 8, TCPOPT_SACK = 16 }; /* segment.options */
enum { SEGMENT_INJECTED = 1, SEGMENT_CORRUPT = 2, SEGMENT_COPY = 4 }; /* segment.marks */
#define SEGMENT_SACK_MAX 4

struct sack_block {
    uint32_t left, right; /* [left, right) */
};

struct segment { /* as far as sack_count in the order of a trace's record, which is copied from here */
    uint32_t number; /* `seg` in the trace: 1, 2, 3 ... in order of sending, a network's copy has one of its own. Not on the wire */
    uint32_t conn; /* whose bytes these are: the connection (incarnation) that the sender speaks for; 0 none. Not on the wire */
    uint32_t seq, ack; /* absolute sequence numbers; ack counts only with TCP_ACK */
    uint32_t len; /* payload, bytes */
    uint32_t wnd; /* the window in bytes, after the rounding that the sender's window scale forces */
    uint32_t tsval, tsecr;
    uint16_t mss;
    uint16_t classes; /* what the network's observer called it when it was sent (net/class.h). Not on the wire */
    uint8_t flags, options, wscale, sack_count;
    uint16_t dst_port, dst_host, src_port, src_host; /* hosts: node indices; stand for the two addresses */
    uint8_t marks; /* SEGMENT_* bits */
    uint8_t side; /* which end of `conn` sends it: 0 the one that sent the first SYN. Not on the wire */
    struct sack_block sack[SEGMENT_SACK_MAX];
};

/* SEG.LEN of RFC 9293: payload, one for SYN, one for FIN. */
static inline uint32_t segment_length(const struct segment *seg)
{
    return seg->len + ((seg->flags & TCP_SYN) != 0) + ((seg->flags & TCP_FIN) != 0);
}

#endif
