/* SPDX-License-Identifier: MIT */
/* All words of the language, by what they are: the lists that the reader itself reads with. And what editors make of them. */
#ifndef LASTACK_SCENARIO_KEYWORDS_H
#define LASTACK_SCENARIO_KEYWORDS_H

#include "base/text.h"

/* In the order in which a word that is of several kinds is called one of them. */
enum keyword_kind {
    KEYWORD_GUARD, /* at, when, maybe */
    KEYWORD_FAULT, /* cut, drop, say */
    KEYWORD_STATEMENT, /* begins a line: host, app, expect */
    KEYWORD_CALL, /* connect, close */
    KEYWORD_VERB, /* of an event or an expectation: enters, sends, path */
    KEYWORD_STATE, /* FIN_WAIT_1 */
    KEYWORD_SEGMENT, /* FIN, ACK(FIN), data */
    KEYWORD_ERROR, /* ECONNRESET */
    KEYWORD_PROFILE, /* linux */
    KEYWORD_CLAUSE, /* what stands between: from, for, of */
    KEYWORD_OPTION, /* of a link, a host or a socket: delay, fin_timeout, linger */
    KEYWORD_VALUE, /* on, eof, reno, clean, no-silent-loss */
    KEYWORD_FIELD, /* what may be asked of an end: state */
    KEYWORD_NUMBER, /* what an injected segment counts from: rcv.nxt */
    KEYWORD_UNIT, /* ms, KiB, % */
};
#define KEYWORD_KINDS (KEYWORD_UNIT + 1)

const char *keyword_kind_name(enum keyword_kind kind); /* "statement" */
/* The words of a kind, one after the other; NULL behind the last. */
const char *keyword(enum keyword_kind kind, unsigned index);
/* Is this the first time that the word stands in the table? */
bool keyword_is_first(enum keyword_kind kind, unsigned index);

/* A TextMate grammar (JSON), as Visual Studio Code, Sublime Text, JetBrains' editors and GitHub read it. */
void keywords_textmate(struct text *out);
/* A Vim syntax file. */
void keywords_vim(struct text *out);

#endif
