/* SPDX-License-Identifier: MIT */
/* The one layout. It works on the words of a line and knows of the grammar only where a wide gap stands: between who is meant, what is
 * done and its options. Lines that follow one another and say the same kind of thing have their first gap, and their comments, one below
 * the other. A value of a `let` is not looked at: how a line is laid out can be read off the line. */
#include "scenario/format.h"

#include <string.h>

#include "scenario/internal.h"

#define INDENT 4u
#define GAP 2u
#define LEFT_MAX 80u /* columns; a line that is longer stands for itself, or it would push all others away */
#define WIDTH_MAX 120u

struct row {
    const struct line *line;
    uint32_t level; /* 0: the left margin; 1: in a program or a variant; 2: in a variant's program */
    uint32_t first, end; /* tokens: behind the label and `maybe`; the TOKEN_END */
    uint32_t action; /* token: the call or fault, behind its guard; `first` if there is none */
    uint32_t gap; /* token: the first that has a wide gap before it; `end` if none */
    uint32_t left, width; /* characters before the first gap (of the whole line without one); of the whole line */
    uint32_t pad, comment_pad; /* blanks before the first gap's word, and before the comment */
    const char *comment; /* from its # on, NULL: none */
};

struct layout {
    struct reader *r;
    struct row *rows;
    bool *wide; /* by token: a wide gap stands before it */
    struct text *out;
};

/* ---- where the wide gaps are ---- */

static bool is(const struct layout *l, uint32_t token, const char *text)
{
    const struct token *t = &l->r->tokens[token];
    return t->kind == TOKEN_WORD && strlen(text) == t->length && memcmp(t->text, text, t->length) == 0;
}

static bool in(const struct layout *l, uint32_t token, const char *const *list)
{
    const struct token *t = &l->r->tokens[token];
    struct word word = {.text = t->text, .length = t->length, .kind = t->kind};
    return word_index(&word, list) >= 0;
}

static void gap_at(struct layout *l, struct row *row, uint32_t token)
{
    if (token >= row->end || token <= row->line->first)
        return;
    l->wide[token] = true;
    if (token < row->gap)
        row->gap = token;
}

static void gap_before(struct layout *l, struct row *row, uint32_t from, const char *const *words)
{
    for (uint32_t i = from; i < row->end; i++)
        if (in(l, i, words))
            gap_at(l, row, i);
}

/* `host NAME  PROFILE  NAME VALUE  NAME VALUE`: the profile may be missing. */
static void host_gaps(struct layout *l, struct row *row)
{
    uint32_t first = row->first + 2;
    gap_at(l, row, first);
    if (first < row->end && (row->end - first) % 2 == 1)
        first++;
    for (; first < row->end; first += 2)
        gap_at(l, row, first);
}

/* `when HOST sends 2nd FIN of old after 2s  ...`: the first word behind the event that names a call or a fault. */
static uint32_t behind_event(const struct layout *l, const struct row *row)
{
    uint32_t i = row->first + 4;
    while (i < row->end) {
        if (is(l, i, "of") || is(l, i, "after") || is(l, i, "within"))
            i += 2;
        else if (in(l, i, call_words) || in(l, i, fault_words))
            return i;
        else
            i++;
    }
    return row->end;
}

/* What stands behind the path of a fault. */
static void fault_gaps(struct layout *l, struct row *row)
{
    uint32_t fault = row->action;
    if (is(l, fault, "cut"))
        gap_before(l, row, fault + 4, (const char *const[]){"from", NULL});
    else if (is(l, fault, "delay"))
        gap_before(l, row, fault + 4, (const char *const[]){"by", NULL});
    else if (is(l, fault, "duplicate"))
        gap_before(l, row, fault + 4, (const char *const[]){"after", NULL});
    else if (is(l, fault, "link"))
        gap_before(l, row, fault + 4, link_word_list);
    else if (is(l, fault, "inject"))
        gap_at(l, row, fault + 4 + (fault + 4 < row->end && is(l, fault + 4, "of") ? 2 : 0));
}

static void find_gaps(struct layout *l, struct row *row)
{
    uint32_t first = row->first;
    if (is(l, first, "host")) {
        host_gaps(l, row);
        return;
    }
    if (is(l, first, "firewall") || is(l, first, "nat")) {
        gap_before(l, row, first + 2, box_words);
        return;
    }
    if (is(l, first, "at") || is(l, first, "after"))
        row->action = first + 2;
    else if (is(l, first, "when"))
        row->action = behind_event(l, row);
    if (row->action >= row->end)
        row->action = first;
    if (row->action > first)
        gap_at(l, row, row->action);
    fault_gaps(l, row);
}

/* ---- rows ---- */

/* Where a row belongs, by how far it is indented compared with those above. */
struct margins {
    uint32_t indent[3]; /* of each level, as last met */
    bool in_variant, has_member; /* has_member: indent[1] is that of the variant's lines */
};

static uint32_t level_of(const struct layout *l, const struct line *line, struct margins *open)
{
    uint32_t level = line->indent == 0 ? 0 : open->in_variant && open->has_member && line->indent > open->indent[1] ? 2 : 1;
    if (level == 0)
        open->in_variant = is(l, line->first, "variant");
    open->has_member = level > 0;
    open->indent[level] = line->indent;
    return level;
}

static void label_pass(struct layout *l, struct row *row)
{
    const struct token *label = &l->r->tokens[row->first];
    if (label->kind == TOKEN_WORD && label->text[label->length - 1] == ':')
        row->first++;
    if (row->first < row->end && is(l, row->first, "maybe"))
        row->first++;
}

/* No blank stands before a comma. */
static bool blank_before(const struct layout *l, const struct row *row, uint32_t token)
{
    return token > row->line->first && l->r->tokens[token].kind != TOKEN_COMMA;
}

static void measure(struct layout *l, struct row *row)
{
    row->left = row->level * INDENT;
    for (uint32_t i = row->line->first; i < row->gap; i++)
        row->left += l->r->tokens[i].width + blank_before(l, row, i);
    row->width = row->left;
    for (uint32_t i = row->gap; i < row->end; i++)
        row->width += l->r->tokens[i].width + (l->wide[i] ? GAP : blank_before(l, row, i));
    row->pad = row->comment_pad = GAP;
}

static void rows_find(struct layout *l)
{
    struct margins open = {0};
    for (uint32_t i = 0; i < l->r->row_count; i++) {
        const struct line *line = &l->r->rows[i];
        struct row *row = &l->rows[i];
        uint32_t end = line->first + line->count;
        *row = (struct row){.line = line, .first = line->first, .end = end, .gap = end};
        row->level = level_of(l, line, &open);
        label_pass(l, row);
        row->action = row->first;
        if (row->first < end)
            find_gaps(l, row);
        measure(l, row);
        const char *behind = l->r->tokens[end].text;
        behind += strspn(behind, " \t");
        row->comment = *behind == '#' ? behind : NULL;
    }
}

/* ---- what stands one below the other ---- */

static bool same_word(const struct layout *l, uint32_t a, uint32_t b)
{
    const struct token *x = &l->r->tokens[a], *y = &l->r->tokens[b];
    return x->kind == y->kind && x->length == y->length && memcmp(x->text, y->text, x->length) == 0;
}

/* Does b stand right below a? */
static bool neighbours(const struct row *a, const struct row *b)
{
    return b->line->number == a->line->number + 1 && a->level == b->level;
}

/* The world and the narration are read as tables, faults and calls are not. */
static bool tabular(const struct layout *l, const struct row *row)
{
    static const char *const words[] = {"host", "firewall", "nat", "link", "say", "ask", NULL};
    return row->gap < row->end && row->left <= LEFT_MAX && in(l, row->action, words);
}

/* A narration is one table, whatever its lines wait for. */
static bool narrates(const struct layout *l, const struct row *row)
{
    return is(l, row->action, "say") || is(l, row->action, "ask");
}

static bool same_gap(const struct layout *l, const struct row *a, const struct row *b)
{
    if (!neighbours(a, b) || !tabular(l, a) || !tabular(l, b))
        return false;
    return (narrates(l, a) && narrates(l, b)) || (same_word(l, a->first, b->first) && same_word(l, a->action, b->action));
}

static void align_gaps(struct layout *l)
{
    for (uint32_t i = 0, end; i < l->r->row_count; i = end) {
        uint32_t most = l->rows[i].left;
        for (end = i + 1; end < l->r->row_count && same_gap(l, &l->rows[end - 1], &l->rows[end]); end++)
            most = l->rows[end].left > most ? l->rows[end].left : most;
        for (uint32_t k = i; k < end && l->rows[k].gap < l->rows[k].end; k++) {
            l->rows[k].pad += most - l->rows[k].left;
            l->rows[k].width += most - l->rows[k].left;
        }
    }
}

static bool comment_column(const struct row *row)
{
    return row->comment != NULL && row->width <= WIDTH_MAX;
}

static void align_comments(struct layout *l)
{
    for (uint32_t i = 0, end; i < l->r->row_count; i = end) {
        uint32_t most = l->rows[i].width;
        for (end = i + 1; end < l->r->row_count && comment_column(&l->rows[end - 1]) && comment_column(&l->rows[end]) &&
                          neighbours(&l->rows[end - 1], &l->rows[end]);
             end++)
            most = l->rows[end].width > most ? l->rows[end].width : most;
        for (uint32_t k = i; k < end; k++)
            l->rows[k].comment_pad += most - l->rows[k].width;
    }
}

/* ---- writing ---- */

static void comment_write(struct text *out, const char *comment)
{
    size_t length = strlen(comment);
    while (length > 0 && (comment[length - 1] == ' ' || comment[length - 1] == '\t'))
        length--;
    text_add(out, comment, length);
}

static void row_write(const struct layout *l, const struct row *row)
{
    text_repeat(l->out, " ", row->level * INDENT);
    for (uint32_t i = row->line->first; i < row->end; i++) {
        const struct token *token = &l->r->tokens[i];
        text_repeat(l->out, " ", i == row->gap ? row->pad : l->wide[i] ? GAP : blank_before(l, row, i));
        text_puts(l->out, token->kind == TOKEN_STRING ? "\"" : "");
        text_add(l->out, token->text, token->length);
        text_puts(l->out, token->kind == TOKEN_STRING ? "\"" : "");
    }
    if (row->comment != NULL) {
        text_repeat(l->out, " ", row->comment_pad);
        comment_write(l->out, row->comment);
    }
    text_putc(l->out, '\n');
}

/* A comment on a line of its own belongs to the block above as far as it is indented, or to the next line if that lies deeper. */
static uint32_t comment_level(const struct layout *l, uint32_t row, const uint32_t *open, uint32_t indent)
{
    uint32_t next = row < l->r->row_count ? l->rows[row].level : 0, level = row > 0 ? l->rows[row - 1].level : 0;
    while (level > next && open[level] > indent)
        level--;
    return level > next ? level : next;
}

static void write_all(const struct layout *l)
{
    uint32_t row = 0, open[3] = {0}; /* the indent of each level, as last met */
    bool blank = false, begun = false;
    for (uint32_t number = 1; number <= l->r->line_count; number++) {
        const char *at = l->r->lines[number - 1];
        uint32_t indent = 0;
        for (; *at == ' ' || *at == '\t'; at++)
            indent = *at == '\t' ? indent / 8 * 8 + 8 : indent + 1;
        if (*at == '\0') {
            blank = begun;
            continue;
        }
        if (blank)
            text_putc(l->out, '\n');
        blank = false;
        begun = true;
        if (*at != '#') {
            open[l->rows[row].level] = indent;
            row_write(l, &l->rows[row++]);
            continue;
        }
        text_repeat(l->out, " ", comment_level(l, row, open, indent) * INDENT);
        comment_write(l->out, at);
        text_putc(l->out, '\n');
    }
}

/* ---- the whole ---- */

static void reader_start(struct reader *r, struct diagnostics *diagnostics, size_t length)
{
    *r = (struct reader){.file_name = "", .diagnostics = diagnostics};
    memset(diagnostics, 0, sizeof *diagnostics);
    r->kept = arena_new(4096 + length);
    r->working = arena_new(4096 + length);
    table_init(&r->table, r->working);
}

static void reader_stop(struct reader *r)
{
    arena_free(r->kept);
    arena_free(r->working);
}

static bool same_rows(const struct reader *a, const struct reader *b)
{
    if (a->row_count != b->row_count || a->token_count != b->token_count)
        return false;
    for (uint32_t i = 0; i < a->row_count; i++)
        if (a->rows[i].count != b->rows[i].count)
            return false;
    for (uint32_t i = 0; i < a->token_count; i++) {
        const struct token *x = &a->tokens[i], *y = &b->tokens[i];
        if (x->kind != y->kind || x->length != y->length || memcmp(x->text, y->text, x->length) != 0)
            return false;
    }
    return true;
}

/* Reads the answer again: a layout that changed a word would change the story. */
static bool same_words(const struct reader *r, const char *text, size_t length)
{
    struct reader again;
    struct diagnostics diagnostics;
    reader_start(&again, &diagnostics, length);
    bool same = length > SCENARIO_BYTES_MAX || (lexer_run(&again, text, length) && same_rows(r, &again));
    reader_stop(&again);
    return same;
}

bool scenario_format(const char *text, size_t length, struct text *out)
{
    struct reader r;
    struct diagnostics diagnostics;
    size_t before = out->length;
    reader_start(&r, &diagnostics, length);
    bool fine = lexer_run(&r, text, length);
    if (fine) {
        struct layout layout = {.r = &r, .out = out};
        layout.rows = arena_take(r.working, (r.row_count + 1) * sizeof *layout.rows);
        layout.wide = arena_take(r.working, (r.token_count + 1) * sizeof *layout.wide);
        rows_find(&layout);
        align_gaps(&layout);
        align_comments(&layout);
        write_all(&layout);
        fine = out->failed || out->bytes == NULL || same_words(&r, out->bytes + before, out->length - before);
    }
    reader_stop(&r);
    return fine;
}
