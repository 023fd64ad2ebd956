/* SPDX-License-Identifier: MIT */
/* RFC 9293 names its rules by the section and, in 3.10.7, by the check ("fifth": the ACK field). Where a stack goes its own way the rule
 * names that stack's switch instead, as `lastack profiles` does. */
#include "view/rules.h"

#include "judge/causes.h"
#include "net/class.h"
#include "tcp/state.h"

#define RULE(text, source) \
    { \
        static const struct rule rule = {text, source}; \
        return &rule; \
    }

enum tcp_state rule_state_before(const struct trace *trace, uint32_t number, uint8_t host, uint32_t conn)
{
    for (uint32_t n = number - 1; n > 0; n--) {
        const struct trace_event *e = &trace->events[n - 1];
        if (e->kind == TRACE_STATE && e->host == host && e->conn == conn && e->state.to != TCP_LISTEN)
            return (enum tcp_state)e->state.to;
    }
    return TCP_CLOSED;
}

static const struct trace_event *cause(const struct glossary *glossary, uint32_t number)
{
    uint32_t n = cause_of(glossary->trace, number);
    return n != 0 ? &glossary->trace->events[n - 1] : NULL;
}

static bool is_call(const struct trace_event *e)
{
    return e != NULL && (e->kind == TRACE_CALL || e->kind == TRACE_RETURN);
}

/* ---- changes of state ---- */

static const struct rule *opened(uint8_t from, uint8_t to)
{
    if (to == TCP_LISTEN)
        RULE("a passive OPEN makes a record in LISTEN", "RFC 9293 3.10.1");
    if (to == TCP_SYN_SENT)
        RULE("an active OPEN sends a SYN and enters SYN-SENT", "RFC 9293 3.10.1");
    if (to == TCP_SYN_RECEIVED && from == TCP_SYN_SENT)
        RULE("a SYN that meets our own SYN is answered with SYN,ACK: a simultaneous open", "RFC 9293 3.10.7.3, fourth");
    if (to == TCP_SYN_RECEIVED)
        RULE("a SYN at a listener makes a connection in SYN-RECEIVED, answered with SYN,ACK", "RFC 9293 3.10.7.2, third");
    if (from == TCP_SYN_SENT)
        RULE("a SYN,ACK that acknowledges our SYN establishes the connection", "RFC 9293 3.10.7.3, fourth");
    RULE("an ACK of our SYN establishes the connection", "RFC 9293 3.10.7.4, fifth");
}

static const struct rule *closing(uint8_t from, uint8_t to)
{
    if (to == TCP_FIN_WAIT_1)
        RULE("CLOSE queues a FIN behind all that was sent and enters FIN-WAIT-1, whether or not the FIN may leave yet", "RFC 9293 3.10.4");
    if (to == TCP_LAST_ACK)
        RULE("CLOSE after the peer's FIN queues our FIN; LAST-ACK waits for its acknowledgement", "RFC 9293 3.10.4");
    if (to == TCP_CLOSE_WAIT)
        RULE("the peer's FIN, in order, ends its direction only: ours stays open until the program closes", "RFC 9293 3.10.7.4, eighth");
    if (to == TCP_FIN_WAIT_2)
        RULE("our FIN is acknowledged; the peer's has not come", "RFC 9293 3.10.7.4, fifth");
    if (to == TCP_CLOSING)
        RULE("the peer's FIN comes before our own is acknowledged: both ends have closed at once", "RFC 9293 3.10.7.4, eighth");
    if (to == TCP_TIME_WAIT && from == TCP_CLOSING)
        RULE("our FIN is acknowledged, the peer's has been: TIME-WAIT keeps the pair of addresses for two segment lifetimes",
             "RFC 9293 3.10.7.4, fifth");
    if (to == TCP_TIME_WAIT)
        RULE("both FINs are acknowledged; who acknowledged the last one stays for two segment lifetimes to say so again",
             "RFC 9293 3.10.7.4, eighth");
    if (from == TCP_LAST_ACK)
        RULE("in LAST-ACK only the acknowledgement of our FIN can come, and it deletes the connection", "RFC 9293 3.10.7.4, fifth");
    if (from == TCP_TIME_WAIT)
        RULE("two segment lifetimes are over: no old duplicate can still be under way", "RFC 9293 3.10.8, time-wait timeout");
    if (from == TCP_LISTEN)
        RULE("CLOSE of a listener deletes it", "RFC 9293 3.10.4");
    if (from == TCP_CLOSING)
        RULE("our FIN is acknowledged, and the profile keeps no TIME-WAIT", "RFC 9293 3.10.7.4, fifth");
    RULE("the end has nothing left to do", "RFC 9293 3.3.2");
}

static const struct rule *aborted(const struct glossary *glossary, uint32_t number)
{
    const struct trace_event *why = cause(glossary, number);
    const struct trace_event *e = &glossary->trace->events[number - 1];
    if (is_call(why) && why->call.call == CALL_ABORT)
        RULE("ABORT sends a RST, throws away what is queued, and deletes the connection", "RFC 9293 3.10.5");
    if (is_call(why) && why->kind == TRACE_CALL && why->call.call == CALL_CONNECT)
        RULE("a connection that cannot be made is deleted", "RFC 9293 3.10.1");
    if (is_call(why))
        RULE("closing with unread data, or with SO_LINGER at zero, is an abort: RST instead of FIN", "RFC 9293 3.6.1; RFC 2525 2.17");
    if (why != NULL && why->kind == TRACE_TIMER)
        RULE("no answer for too long: a RST tells the peer, if it still hears, that the connection is gone",
             "RFC 9293 3.8.3; Linux keep-alive");
    if (e->state.from == TCP_FIN_WAIT_2 || e->state.from == TCP_FIN_WAIT_1)
        RULE("data arrives for a program that has closed and can never read it: RST", "RFC 9293 3.6.1; RFC 2525 2.17");
    RULE("what arrived cannot be taken any more: RST", "RFC 9293 3.5.2");
}

static const struct rule *changed(const struct glossary *glossary, uint32_t number)
{
    const struct trace_event *e = &glossary->trace->events[number - 1];
    switch ((enum state_why)e->what) {
    case WHY_ORDINARY:
        return e->state.to == TCP_LISTEN || e->state.to == TCP_SYN_SENT || e->state.to == TCP_SYN_RECEIVED || e->state.to == TCP_ESTABLISHED
                   ? opened(e->state.from, e->state.to)
                   : closing(e->state.from, e->state.to);
    case WHY_RST_RECEIVED:
        if (e->state.from == TCP_TIME_WAIT)
            RULE("a RST with the expected number ends TIME-WAIT early: an assassination", "RFC 1337; Linux tcp_rfc1337 0");
        if (e->state.from == TCP_SYN_SENT)
            RULE("a RST that acknowledges our SYN refuses the connection", "RFC 9293 3.10.7.3, second");
        if (e->state.from == TCP_SYN_RECEIVED)
            RULE("a RST in SYN-RECEIVED: a passive open goes back to listening, an active one is refused", "RFC 9293 3.10.7.4, second");
        RULE("a RST whose number is the next one expected resets the connection; what is queued is thrown away",
             "RFC 9293 3.10.7.4, second; RFC 5961 3.2");
    case WHY_RST_SENT:
        return aborted(glossary, number);
    case WHY_TIMEOUT:
        if (e->state.from == TCP_SYN_SENT || e->state.from == TCP_SYN_RECEIVED)
            RULE("nobody answers the SYN: given up after its retries", "RFC 9293 3.8.3, R2; Linux tcp_syn_retries");
        RULE("what was resent for so long is given up: nobody acknowledges it, and nobody is told by a segment",
             "RFC 9293 3.8.3, R2; Linux tcp_retries2, tcp_orphan_retries");
    case WHY_KEEPALIVE:
        RULE("so many keep-alive probes without an answer: the peer is taken for dead", "RFC 9293 3.8.4; SO_KEEPALIVE");
    case WHY_USER_TIMEOUT:
        RULE("what was sent has not been acknowledged within the user timeout", "RFC 9293 3.10.8, user timeout; TCP_USER_TIMEOUT");
    case WHY_FIN_WAIT_2_TIMEOUT:
        RULE("an end without a program waits for the peer's FIN only so long", "Linux tcp_fin_timeout; no rule of RFC 9293");
    case WHY_CRASH:
        RULE("a host that loses power forgets its connections and tells nobody", "RFC 9293 3.5.1");
    case WHY_CLOSED_EARLY:
        RULE("CLOSE before the connection stands deletes it", "RFC 9293 3.10.4, SYN-SENT");
    case WHY_REUSED:
        RULE("a newer SYN, by its number or its timestamp, may open a new incarnation over TIME-WAIT", "RFC 9293 3.6.1; RFC 6191");
    }
    return NULL;
}

/* ---- segments ---- */

static const struct rule *reset_sent(const struct glossary *glossary, uint32_t number)
{
    const struct trace_event *e = &glossary->trace->events[number - 1], *why = cause(glossary, number);
    if (why != NULL && (why->kind == TRACE_RECV || why->kind == TRACE_INJECT)) {
        const enum tcp_state state = rule_state_before(glossary->trace, number, e->host, e->conn);
        if (glossary_is_box(glossary, e->host))
            RULE("a middlebox that does not know the flow answers for the host behind it", "firewall or nat: then reset");
        if (state == TCP_SYN_SENT || state == TCP_SYN_RECEIVED)
            RULE("an acknowledgement of something never sent, before the connection stands, is answered with a RST",
                 "RFC 9293 3.10.7.3, first");
        if (state == TCP_CLOSED || state == TCP_LISTEN)
            RULE("a segment for a connection that does not exist is answered with a RST, unless it is one itself", "RFC 9293 3.10.7.1");
    }
    return aborted(glossary, number);
}

static const struct rule *resent(const struct trace_event *e, const struct trace_event *why)
{
    if (why != NULL && why->kind == TRACE_TIMER && why->timer.timer == TIMER_TAIL_LOSS_PROBE)
        RULE("the last thing sent is sent once more before the retransmission timer would: a tail loss probe", "RFC 8985 7.3");
    if (why != NULL && why->kind == TRACE_TIMER && why->timer.timer == TIMER_REORDERING)
        RULE("what should have been acknowledged by now, were it only reordered, is taken for lost", "RFC 8985 6.2");
    if (why != NULL && why->kind == TRACE_TIMER)
        RULE("the earliest segment without an acknowledgement is sent again, and the timeout doubles", "RFC 6298 5.4 to 5.6");
    if (why != NULL && why->kind == TRACE_RECV && e->segment.flags & TCP_SYN)
        RULE("a repeated SYN draws the SYN,ACK again", "RFC 9293 3.10.7.4, fourth");
    if (why != NULL && why->kind == TRACE_RECV)
        RULE("the acknowledgements show that something later arrived: what is missing is sent again at once", "RFC 5681 3.2; RFC 8985 6.2");
    return NULL;
}

static bool is_challenge(const struct trace_event *why)
{
    return why != NULL && why->kind == TRACE_RECV && why->segment.flags & (TCP_RST | TCP_SYN);
}

static const struct rule *pure_ack(const struct glossary *glossary, uint32_t number)
{
    const struct trace_event *e = &glossary->trace->events[number - 1], *why = cause(glossary, number);
    if (why != NULL && why->kind == TRACE_TIMER) {
        if (why->timer.timer == TIMER_DELAYED_ACK)
            RULE("an acknowledgement may wait for data to ride on, but not long", "RFC 9293 3.8.6.3");
        if (why->timer.timer == TIMER_PERSIST)
            RULE("a closed window is probed, lest the news of its opening be lost", "RFC 9293 3.8.6.1");
        if (why->timer.timer == TIMER_KEEPALIVE)
            RULE("a silent connection is probed with an old number, which its peer must answer", "RFC 9293 3.8.4");
    }
    if (is_call(why))
        RULE("the program has read, and the window grew enough to say so", "RFC 9293 3.8.6.2.2");
    if (rule_state_before(glossary->trace, number, e->host, e->conn) == TCP_TIME_WAIT)
        RULE("TIME-WAIT acknowledges the peer's FIN again, and begins anew", "RFC 9293 3.10.7.4, eighth");
    if (is_challenge(why) && (why->segment.flags & TCP_ACK) == 0)
        RULE("a SYN or a RST that is not exactly what was expected is only challenged: a true peer will prove itself",
             "RFC 5961 3.2, 4.2; RFC 9293 3.10.7.4");
    if (why != NULL && why->kind == TRACE_RECV && why->segment.flags & TCP_SYN)
        RULE("the SYN,ACK is acknowledged", "RFC 9293 3.10.7.3, fourth");
    if (why != NULL && why->kind == TRACE_RECV && why->segment.flags & TCP_FIN)
        RULE("a FIN is acknowledged", "RFC 9293 3.10.7.4, eighth");
    if (why != NULL && why->kind == TRACE_RECV && why->segment.len > 0)
        RULE("what has arrived is acknowledged", "RFC 9293 3.10.7.4, seventh");
    if (why != NULL && why->kind == TRACE_RECV)
        RULE("a segment with unexpected numbers is answered with what is expected", "RFC 9293 3.10.7.4, first");
    return NULL;
}

static const struct rule *sent(const struct glossary *glossary, uint32_t number)
{
    const struct trace_event *e = &glossary->trace->events[number - 1], *why = cause(glossary, number);
    const struct trace_segment *s = &e->segment;
    if (s->flags & TCP_RST)
        return reset_sent(glossary, number);
    if (s->classes & CLASS_RETRANSMISSION)
        return resent(e, why);
    if ((s->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
        RULE("a SYN is answered with SYN,ACK", "RFC 9293 3.10.7.2, third");
    if (s->flags & TCP_SYN)
        RULE("an active OPEN sends a SYN", "RFC 9293 3.10.1");
    if (s->classes & CLASS_PROBE && s->len > 0)
        RULE("a closed window is probed, lest the news of its opening be lost", "RFC 9293 3.8.6.1");
    if (s->flags & TCP_FIN && is_call(why))
        RULE("CLOSE, when nothing is left to send before it, sends the FIN", "RFC 9293 3.10.4");
    if (s->flags & TCP_FIN)
        RULE("the FIN was queued; now all before it has been sent and the window lets it go", "RFC 9293 3.10.4, 3.8.6");
    if (s->len > 0 && is_call(why))
        RULE("SEND hands over data, and the windows let it go", "RFC 9293 3.10.2");
    if (s->len > 0)
        RULE("an acknowledgement or a larger window lets queued data go", "RFC 9293 3.10.7.4, fifth; RFC 5681 3.1");
    return pure_ack(glossary, number);
}

/* ---- timers, calls, losses ---- */

static const struct rule *fired(const struct trace_event *e)
{
    switch ((enum tcp_timer)e->timer.timer) {
    case TIMER_RETRANSMISSION:
        RULE("no acknowledgement of the earliest segment came within the timeout", "RFC 6298 5.4");
    case TIMER_TAIL_LOSS_PROBE:
        RULE("no acknowledgement came within two round trips, and what the ACK of a lone segment may be delayed", "RFC 8985 7.2");
    case TIMER_REORDERING:
        RULE("the time for which a gap may be mere reordering is over", "RFC 8985 6.2");
    case TIMER_PERSIST:
        RULE("the peer's window is still closed", "RFC 9293 3.8.6.1");
    case TIMER_DELAYED_ACK:
        RULE("nothing came for the acknowledgement to ride on", "RFC 9293 3.8.6.3");
    case TIMER_KEEPALIVE:
        RULE("nothing was heard from the peer for so long", "RFC 9293 3.8.4");
    case TIMER_FIN_WAIT_2:
        RULE("the peer's FIN did not come", "Linux tcp_fin_timeout");
    case TIMER_TIME_WAIT:
        RULE("two segment lifetimes are over", "RFC 9293 3.10.8, time-wait timeout");
    case TIMER_NONE:
        break;
    }
    return NULL;
}

static const struct rule *told(const struct trace_event *e)
{
    switch ((enum tcp_errno)e->call.error) {
    case TCP_ECONNRESET:
        RULE("the program is told once that its connection was reset", "RFC 9293 3.10.7.4, second; recv(2), send(2)");
    case TCP_EPIPE:
        RULE("sending where nothing can be sent any more", "RFC 9293 3.10.2; send(2)");
    case TCP_ECONNREFUSED:
        RULE("the peer answered the SYN with a RST", "RFC 9293 3.10.7.3, second; connect(2)");
    case TCP_ETIMEDOUT:
        RULE("the connection was given up", "RFC 9293 3.8.3; tcp(7)");
    case TCP_EADDRINUSE:
        RULE("the address is taken", "bind(2), listen(2)");
    case TCP_EADDRNOTAVAIL:
        RULE("no local port is free for this peer", "connect(2); ip(7), ip_local_port_range");
    case TCP_EAGAIN:
        RULE("a call that does not wait, or waits no longer, has nothing to return", "recv(2); SO_RCVTIMEO");
    case TCP_OK:
    case TCP_EBADF:
    case TCP_ENOTCONN:
    case TCP_EISCONN:
    case TCP_EINPROGRESS:
    case TCP_EINVAL:
    case TCP_ECONNABORTED:
    case TCP_ENETUNREACH:
    case TCP_EHOSTUNREACH:
    case TCP_EALREADY:
    case TCP_EOPNOTSUPP:
        break;
    }
    return NULL;
}

static const struct rule *dropped(const struct trace_event *e)
{
    if (e->what == DROP_CORRUPT)
        RULE("a segment with a bad checksum is discarded by its receiver, silently", "RFC 9293 3.1");
    if (e->what == DROP_HOST_DOWN)
        RULE("a host without power answers nothing", "RFC 9293 3.5.1");
    return NULL;
}

const struct rule *rule_of(const struct glossary *glossary, uint32_t number)
{
    const struct trace_event *e = &glossary->trace->events[number - 1];
    switch ((enum trace_kind)e->kind) {
    case TRACE_STATE:
        return changed(glossary, number);
    case TRACE_SEND:
        return sent(glossary, number);
    case TRACE_TIMER:
        return e->what == TIMER_FIRED ? fired(e) : NULL;
    case TRACE_RETURN:
        return told(e);
    case TRACE_DROP:
        return dropped(e);
    case TRACE_RECV:
    case TRACE_DUP:
    case TRACE_INJECT:
    case TRACE_CALL:
    case TRACE_NOTE:
    case TRACE_FAULT:
    case TRACE_NAME:
    case TRACE_FLOW:
        break;
    }
    return NULL;
}
