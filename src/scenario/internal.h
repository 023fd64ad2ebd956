/* SPDX-License-Identifier: MIT */
/* What the files of this room share. A file is read in three moves: the lexer makes words of text, the layout makes items of
 * lines (which block, which variant, which label), and then each variant is parsed as the list of items that it consists of.
 * Every variant is parsed, so that all errors are found; only the one that was asked for is kept. */
#ifndef LASTACK_SCENARIO_INTERNAL_H
#define LASTACK_SCENARIO_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenario/reader.h"
#include "story/arena.h"

/* ---- tokens ---- */

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_STRING,
    TOKEN_COMMA,
    TOKEN_EQUALS,
    TOKEN_BOTH_WAYS,
    TOKEN_ARROW,
    TOKEN_TOLERANCE,
    TOKEN_BROKEN
};

struct token {
    const char *text; /* a string's is what stands between the quotes */
    uint32_t length, column, width;
    enum token_kind kind;
};

struct line {
    uint32_t number, indent;
    uint32_t first; /* token; the line's last one is TOKEN_END */
    uint32_t count; /* without it */
};

/* ---- lets ---- */

struct let {
    const char *name;
    struct token token; /* its value as written */
    struct place place; /* line 0: --set */
    uint32_t symbol;
    bool range;
    enum let_unit unit;
    int64_t low, high, step;
};

struct let_symbol {
    const char *name;
    struct place place; /* its first definition */
    const struct let *current; /* what it is in the variant being read, NULL: nothing */
    bool used, set; /* set: by --set, whatever the file says */
};

struct let_use {
    struct story_let_use use;
    const struct let *let; /* NULL: a later line has replaced the draw by a value */
};

/* The word at the cursor, or a part of it, with $NAME replaced by what it stands for. */
struct word {
    const char *text;
    uint32_t length;
    enum token_kind kind;
    struct place place;
    const struct let *let; /* where it came from, or NULL */
};

/* A number that a range may stand for. */
struct value {
    int64_t low, high; /* equal if there is no range */
    const struct let *let; /* the range, or NULL */
};

/* ---- items ---- */

enum item_kind {
    ITEM_BROKEN,
    ITEM_NONE,
    ITEM_SCENARIO,
    ITEM_LANGUAGE,
    ITEM_SEED,
    ITEM_CLOCK,
    ITEM_STOP,
    ITEM_LET,
    ITEM_HOST,
    ITEM_MIDDLEBOX,
    ITEM_LINK,
    ITEM_PROGRAM,
    ITEM_STEP,
    ITEM_STATEMENT,
    ITEM_EXPECT,
    ITEM_VARIANT,
};
#define NO_ITEM UINT32_MAX

struct item {
    enum item_kind kind;
    uint16_t variant; /* 0: the base */
    bool maybe;
    bool label_used; /* a base line's: a variant replaces it or takes it away */
    uint32_t line; /* its number */
    uint32_t start, first, end; /* tokens: of the line; behind label and maybe; its TOKEN_END */
    uint32_t label; /* token, or NO_ITEM */
    uint32_t parent; /* a step's program, or NO_ITEM: it replaces a labelled one */
    uint32_t steps; /* a program's steps: the items right behind it */
    uint32_t target; /* a variant's item: the base item that it replaces, or NO_ITEM */
    uint32_t program_of; /* a program: the base's first program of the same host, or NO_ITEM */
    const char *pair; /* a `link a -> b`: the key of `link a -- b` */
    uint32_t pair_length;
    uint32_t next_program; /* base and variant programs: the next of the same host and variant */
    const struct let *let;
    /* While one variant is read: */
    uint32_t replaced_by; /* NO_ITEM: itself */
};

/* One entry of the list that a variant consists of. */
struct entry {
    uint32_t item;
    bool inherited;
};

/* ---- the table: strings to numbers, of several kinds at once ---- */

/* The parameters of a link's directions after what the file says so far, and which of the draws go into them. */
struct link_now {
    const struct link_params *params[2];
    uint32_t first_use[2], last_use[2];
};

enum table_kind {
    TABLE_NAME = 1,
    TABLE_LET,
    TABLE_LABEL,
    TABLE_ONCE,
    TABLE_NODE,
    TABLE_MENTION,
    TABLE_ERROR,
    TABLE_EXPECT,
    TABLE_PROGRAMS,
    TABLE_PORT
};

struct table_entry {
    const char *text;
    uint32_t length, value;
    uint64_t hash, salt;
};

struct table {
    struct table_entry *entries;
    uint32_t count, capacity;
    struct arena *arena;
};

void table_init(struct table *table, struct arena *arena);
/* The value's place, or NULL. `scope` keeps equal texts apart (a variant's number). */
uint32_t *table_find(const struct table *table, enum table_kind kind, uint32_t scope, const char *text, uint32_t length);
/* The value's place; *found says whether it was there. `text` must live as long as the table. */
uint32_t *table_put(struct table *table, enum table_kind kind, uint32_t scope, const char *text, uint32_t length, bool *found);

struct connection_name {
    const char *text;
    struct place defined, used; /* the first of each; line 0: none */
};

struct reader {
    const char *file_name;
    const struct scenario_options *options;
    struct diagnostics *diagnostics;
    struct arena *kept; /* what the story keeps */
    struct arena *working; /* until the end of scenario_read */
    struct arena *passing; /* until the end of a variant that is not kept */
    struct table table;
    char help[280];

    const char **lines;
    uint32_t line_count;
    struct token *tokens;
    uint32_t token_count;
    struct line *rows; /* lines with words on them */
    uint32_t row_count;

    struct item *items;
    uint32_t item_count;
    size_t item_room;
    uint32_t variants;
    uint32_t variant_items[SCENARIO_VARIANTS_MAX + 1]; /* the `variant` line of each, from 1 on */

    struct let_symbol *let_symbols;
    uint32_t let_symbol_count;
    size_t let_symbol_room;
    struct connection_name *names;
    uint32_t name_count;
    size_t name_room;

    /* The variant being read. */
    uint32_t variant;
    struct arena *arena;
    struct story *story;
    struct entry *list;
    uint32_t list_count;
    struct let_use *uses;
    uint32_t use_count;
    size_t use_room, path_state_room, match_room;
    int64_t stop_ns;
    struct place stop_place;
    uint8_t *reached; /* node -> its group, by links (world.c) */
    uint32_t *link_of; /* by two nodes: the link's index + 1 (links.c) */
    struct link_now *link_now; /* by link */
    uint8_t *talks; /* by two nodes: who can send to whom; NULL: not yet asked (expect.c) */

    /* The item being read. */
    const struct item *item;
    bool inherited;
    uint32_t at; /* token of `word` */
    struct word word;
    bool broken_program; /* a program of this variant could not be read: who talks to whom is not known */
    bool broken_statement; /* the same of a fault */
    uint16_t program_host; /* while a program's steps are read */
};

/* ---- report.c ---- */

/* Records an error. `help` may be NULL. Errors at one place are reported once, whichever variants meet them. */
void report(struct reader *r, struct place place, const char *help, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Formats a help text; valid until the next call. */
const char *hint(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How much of a word a message shows: "%.*s", SHOWN(word). */
int shown(const char *text, uint32_t length);
#define SHOWN(w) shown((w)->text, (w)->length), (w)->text
/* What to write instead of a text processor's quotes, arrows and dashes; `help` if there are none. */
const char *plain_hint(const struct word *word, const char *help);
/* An error at the cursor: "X is not <what>", or "<what> is missing". Returns false. */
bool expected(struct reader *r, const char *what, const char *help);
bool not_a(struct reader *r, const struct word *word, const char *what, const char *help);

/* ---- lexer.c ---- */

/* False if the text is no text at all; that is reported. */
bool lexer_run(struct reader *r, const char *text, size_t length);
/* A string token's text with its escapes undone; NULL after an error. */
const char *lexer_string(struct reader *r, const struct word *word);

/* ---- cursor.c ---- */

void cursor_set(struct reader *r, const struct item *item, bool inherited);
void cursor_next(struct reader *r);
struct place token_place(uint32_t line, const struct token *token);
struct place item_place(const struct reader *r, const struct item *item);
bool word_is(const struct word *word, const char *text);
/* If the word is `text`: steps over it. */
bool cursor_take(struct reader *r, const char *text);
/* Requires `text` and steps over it; `help` says what the whole should look like. */
bool cursor_require(struct reader *r, const char *text, const char *help);
/* The same for a sign. */
bool cursor_require_sign(struct reader *r, enum token_kind kind, const char *text, const char *help);
/* "`text` expected, not X". Returns false. */
bool cursor_wants(struct reader *r, const char *text, const char *help);
/* Requires the line's end. */
bool cursor_end(struct reader *r, const char *help);
bool cursor_at_end(const struct reader *r);
/* A part of a word, with a let inside it resolved; kind TOKEN_BROKEN after an error. */
struct word word_part(struct reader *r, const struct word *word, uint32_t offset, uint32_t length);
/* Offset of `text` in the word, or the word's length. */
uint32_t word_find(const struct word *word, const char *text);
bool is_name(const char *text, uint32_t length);
bool string_taken(struct reader *r, const char **text, const char *what);

/* ---- keywords.c: the words that stand in lists ---- */

extern const char *const statement_words[]; /* what a line may begin with */
extern const char *const fault_words[]; /* say and ask too */
extern const char *const call_words[];
extern const char *const event_words[]; /* behind the host of an event */
extern const char *const expect_words[]; /* behind the host of an expectation */
extern const char *const link_word_list[];
extern const char *const box_words[];
extern const char *const option_words[];
extern const char *const shutdown_words[];
extern const char *const ask_words[];
extern const char *const inject_words[];
extern const char *const base_words[];
extern const char *const tsval_words[];

/* ---- words.c ---- */

struct near {
    const char *word, *best;
    uint32_t length;
    unsigned distance; /* only nearer ones count; 0: the search is over */
};
void near_start(const struct reader *r, struct near *near, const char *word, uint32_t length);
void near_try(struct near *near, const char *candidate);
/* "did you mean X?" or, without a near miss, `otherwise` (may be NULL). */
const char *near_hint(struct reader *r, const struct near *near, const char *otherwise);
const char *near_of(struct reader *r, const struct word *word, const char *const *candidates, const char *otherwise);

/* An index into a NULL-terminated list, or -1. */
int word_index(const struct word *word, const char *const *list);
/* What to write instead of a word that other tools know, or NULL. */
const char *word_shorthand(const struct word *word);

/* Each takes the word at the cursor or reports. */
bool state_taken(struct reader *r, enum tcp_state *state);
bool errno_taken(struct reader *r, enum tcp_errno *error, const char *what);
bool errno_of(const struct word *word, enum tcp_errno *error);
const char *segment_word(unsigned index); /* NULL behind the last */
bool segment_looks(const struct reader *r, const struct word *word);
bool segment_taken(struct reader *r, uint32_t *classes, bool forged);
/* Without an ordinal at the cursor: 1..1, given false. */
bool ordinals_taken(struct reader *r, struct ordinals *ordinals, bool *given);

/* ---- values.c ---- */

const char *unit_word(unsigned index); /* NULL behind the last */

bool value_duration(struct reader *r, const struct word *word, struct value *out);
bool value_size(struct reader *r, const struct word *word, struct value *out);
bool value_rate(struct reader *r, const struct word *word, struct value *out);
bool value_share(struct reader *r, const struct word *word, struct value *out);
/* A whole number in low..high; `what` names it in messages ("a port"). */
bool value_count(struct reader *r, const struct word *word, const char *what, int64_t low, int64_t high, struct value *out);
bool value_switch(struct reader *r, const struct word *word, int64_t *on);
/* The same at the cursor, stepping over it; reports "<what> is missing" at a line's end. */
bool duration_taken(struct reader *r, struct value *out, const char *what);
bool size_taken(struct reader *r, struct value *out, const char *what);
bool count_taken(struct reader *r, struct value *out, const char *what, int64_t low, int64_t high);
bool switch_taken(struct reader *r, int64_t *on);
/* A constant duration: a let's range is an error. */
bool constant_taken(struct reader *r, int64_t *out, const char *what);
/* D or D..D / N or N..N, in an expect. */
bool duration_range_taken(struct reader *r, struct value *low, struct value *high, const char *what);
bool count_range_taken(struct reader *r, struct value *low, struct value *high, const char *what);
/* Is it a range like 5s..40s? Then its unit and bounds; reports what is wrong with one. */
bool value_range(struct reader *r, const struct word *word, struct let *let, bool *is_range);
/* A time that the file names, checked against `stop`. `excused`: it may lie beyond (a narration that a variant inherits). */
bool time_taken(struct reader *r, struct value *out, const char *what);
bool time_named(struct reader *r, struct place place, const struct value *value, bool excused);

/* Puts a value into its place in the story, now or at each story_draw. */
void store_add(struct reader *r, void *field, uint8_t bytes, const struct value *value, int64_t plus, bool add);
#define STORE(r, field, from) \
    do { \
        const struct value *stored_ = (from); \
        (field) = (__typeof__(field))stored_->low; \
        if (stored_->let != NULL) \
            store_add(r, &(field), sizeof(field), stored_, 0, false); \
    } while (0)

/* ---- nodes and names (world.c, names.c) ---- */

/* A node of any kind, or a host only; steps over it. */
bool node_taken(struct reader *r, uint16_t *node);
bool host_taken(struct reader *r, uint16_t *host, const char *what);
bool node_of(struct reader *r, const struct word *word, uint16_t *node, bool host_only);
uint16_t node_find(const struct reader *r, const struct word *word);
/* HOST or HOST.NAME */
bool end_taken(struct reader *r, uint16_t *host, uint16_t *name);
bool end_of(struct reader *r, const struct word *word, uint16_t *host, uint16_t *name);
/* A -> B, or A -- B; `both` NULL: only an arrow will do. */
/* Between whom: any two nodes, two hosts, or to a host from a host or from a middlebox, which may answer with a reset. */
enum path_ends { PATH_NODES, PATH_HOSTS, PATH_TO_HOST };
bool path_taken(struct reader *r, uint16_t *from, uint16_t *to, bool *both, enum path_ends ends);
/* `as NAME` defines, everything else uses. */
bool name_defined(struct reader *r, uint16_t *name);
bool name_used(struct reader *r, uint16_t *name);
bool name_used_in(struct reader *r, const struct word *word, uint16_t *name);
/* [of NAME] */
bool of_taken(struct reader *r, uint16_t *name);
/* Marks all words of a line that could not be read, so that nothing is called unused or unknown because of it. Lines that
 * nobody knows for what they are may have defined hosts and lets too. */
void mention_line(struct reader *r, const struct item *item);
bool mentioned(const struct reader *r, const char *name);
bool maybe_defined(const struct reader *r, const struct word *word);

/* ---- the parts ---- */

void layout_run(struct reader *r);
void variant_list(struct reader *r, uint32_t variant);

struct let *let_parse(struct reader *r, const struct item *item);
void world_read(struct reader *r);
/* The words behind the path; draws into the parameters stand in r->uses from first_use on. */
bool link_words(struct reader *r, struct link_params *const params[2], const uint32_t first_use[2], unsigned directions);
void links_start(struct reader *r);
void link_add(struct reader *r, uint32_t index);
const struct story_link *link_between(const struct reader *r, uint16_t a, uint16_t b, unsigned *direction);
bool joined(const struct reader *r, uint16_t a, uint16_t b);

bool program_read(struct reader *r, struct story_program *program);
bool call_read(struct reader *r, struct story_step *step);
bool step_read(struct reader *r, struct story_step *step);
bool event_read(struct reader *r, struct story_event *event);
bool statement_read(struct reader *r, struct story_statement *statement);
bool inject_read(struct reader *r, struct story_statement *statement);
bool expect_read(struct reader *r, struct story_expect *expect);

void check_same_expectation(struct reader *r, const struct item *item);
void check_variant(struct reader *r);
void check_file(struct reader *r);

#endif
