/* SPDX-License-Identifier: MIT */
/* The table of words as editors want it: patterns, longest word first, each word in its first kind only. A name that is a word of the
 * language is coloured as one: an editor sees words, not statements. */
#include <stdlib.h>
#include <string.h>

#include "scenario/keywords.h"

#define WORDS_MAX 256u

/* How each kind looks. */
static const struct {
    const char *scope; /* TextMate's, by its naming conventions */
    const char *group; /* Vim's, see :help group-name */
} looks[KEYWORD_KINDS] = {
    [KEYWORD_GUARD] = {"keyword.control.guard", "Conditional"},
    [KEYWORD_FAULT] = {"keyword.control.fault", "Statement"},
    [KEYWORD_STATEMENT] = {"keyword.control.statement", "Statement"},
    [KEYWORD_CALL] = {"support.function.call", "Function"},
    [KEYWORD_VERB] = {"keyword.other.verb", "Keyword"},
    [KEYWORD_STATE] = {"constant.language.state", "Constant"},
    [KEYWORD_SEGMENT] = {"support.type.segment", "Type"},
    [KEYWORD_ERROR] = {"constant.language.error", "Constant"},
    [KEYWORD_PROFILE] = {"support.class.profile", "Type"},
    [KEYWORD_CLAUSE] = {"keyword.operator.word", "Keyword"},
    [KEYWORD_OPTION] = {"variable.parameter.option", "Identifier"},
    [KEYWORD_VALUE] = {"constant.language.value", "Constant"},
    [KEYWORD_FIELD] = {"variable.language.field", "Identifier"},
    [KEYWORD_NUMBER] = {"variable.language.number", "Number"},
    [KEYWORD_UNIT] = {"constant.numeric", "Number"},
};

static int longer_first(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t m = strlen(x), n = strlen(y);
    return m != n ? (m > n ? -1 : 1) : strcmp(x, y);
}

/* A field stands behind a dot, where no other kind does. */
static unsigned words_of(enum keyword_kind kind, bool behind_dot, const char *words[WORDS_MAX])
{
    unsigned count = 0;
    const char *word;
    for (unsigned i = 0; count < WORDS_MAX && (word = keyword(kind, i)) != NULL; i++)
        if (behind_dot || keyword_is_first(kind, i))
            words[count++] = word;
    if (count > 0)
        qsort(words, count, sizeof *words, longer_first);
    return count;
}

/* w1<between>w2...; what a pattern could take for a sign of its own has `escape` before it. */
static void alternatives(struct text *out, enum keyword_kind kind, const char *between, const char *signs, const char *escape,
                         bool behind_dot)
{
    const char *words[WORDS_MAX];
    unsigned count = words_of(kind, behind_dot, words);
    for (unsigned i = 0; i < count; i++) {
        text_puts(out, i > 0 ? between : "");
        for (const char *c = words[i]; *c != '\0'; c++) {
            text_puts(out, strchr(signs, *c) != NULL ? escape : "");
            text_putc(out, *c);
        }
    }
}

/* ---- TextMate ---- */

#define NAME_JSON "[A-Za-z_][A-Za-z0-9_-]*"

static void json_alternatives(struct text *out, enum keyword_kind kind)
{
    alternatives(out, kind, "|", ".()", "\\\\", kind == KEYWORD_FIELD);
}

static void json_match(struct text *out, const char *scope, const char *before, int kind, const char *after)
{
    text_printf(out, "    { \"name\": \"%s.lastack\", \"match\": \"%s", scope, before);
    if (kind >= 0)
        json_alternatives(out, (enum keyword_kind)kind);
    text_printf(out, "%s\" },\n", after);
}

void keywords_textmate(struct text *out)
{
    text_puts(out, "{\n"
                   "  \"comment\": \"Made by `lastack keywords --format textmate`; not to be edited.\",\n"
                   "  \"name\": \"lastack scenario\",\n"
                   "  \"scopeName\": \"source.lastack\",\n"
                   "  \"fileTypes\": [\"scn\"],\n"
                   "  \"patterns\": [\n"
                   "    { \"name\": \"comment.line.number-sign.lastack\", \"match\": \"#.*$\" },\n"
                   "    { \"name\": \"string.quoted.double.lastack\", \"begin\": \"\\\"\", \"end\": \"\\\"|$\", \"patterns\": [\n"
                   "      { \"name\": \"constant.character.escape.lastack\", \"match\": \"\\\\\\\\[\\\"\\\\\\\\n]\" } ] },\n");
    json_match(out, "entity.name.label", "^\\\\s*" NAME_JSON ":(?=\\\\s|$)", -1, "");
    json_match(out, "variable.other.let", "\\\\$" NAME_JSON, -1, "");
    json_match(out, "constant.numeric.ordinal", "(?<![A-Za-z0-9_])[0-9]+(?:st|nd|rd|th)(?![A-Za-z0-9_])", -1, "");
    json_match(out, "constant.numeric.clock", "(?<![A-Za-z0-9_:])[0-9]+:[0-9]+(?::[0-9]+(?:\\\\.[0-9]+)?)?(?![A-Za-z0-9_:])", -1, "");
    json_match(out, looks[KEYWORD_NUMBER].scope, "(?<![A-Za-z0-9_.])(?:", KEYWORD_NUMBER, ")(?:-[0-9]+)?(?![A-Za-z0-9_.])");
    json_match(out, looks[KEYWORD_UNIT].scope, "(?<![A-Za-z0-9_$-])-?[0-9]+(?:\\\\.[0-9]+)?(?:", KEYWORD_UNIT, ")?(?![A-Za-z0-9_])");
    json_match(out, looks[KEYWORD_FIELD].scope, "(?<=\\\\.)(?:", KEYWORD_FIELD, ")(?![A-Za-z0-9_.-])");
    for (int kind = 0; kind < KEYWORD_KINDS; kind++)
        if (kind != KEYWORD_NUMBER && kind != KEYWORD_UNIT && kind != KEYWORD_FIELD)
            json_match(out, looks[kind].scope, "(?<![A-Za-z0-9_.$-])(?:", kind, ")(?![A-Za-z0-9_.:(-])");
    text_puts(out, "    { \"name\": \"keyword.operator.lastack\", \"match\": \"->|--|\\\\+-|\\\\.\\\\.|=\" }\n"
                   "  ]\n"
                   "}\n");
}

/* ---- Vim ---- */

static void vim_kind(struct text *out, enum keyword_kind kind)
{
    text_printf(out, "syn keyword lastack%s ", looks[kind].group);
    alternatives(out, kind, " ", "", "", false);
    text_putc(out, '\n');
}

void keywords_vim(struct text *out)
{
    static const char *const groups[] = {"Conditional", "Statement", "Function", "Keyword",     "Constant", "Type",    "Number",
                                         "Identifier",  "Comment",   "String",   "SpecialChar", "Label",    "PreProc", "Operator"};
    text_puts(out, "\" Made by `lastack keywords --format vim`; not to be edited.\n"
                   "if exists(\"b:current_syntax\")\n"
                   "  finish\n"
                   "endif\n"
                   "syn case match\n"
                   "\" letters, digits, _ - ( )\n"
                   "syn iskeyword @,48-57,_,45,40,41\n"
                   "syn match lastackOperator /->\\|--\\|+-\\|\\.\\.\\|=/\n"
                   "syn match lastackNumber /\\%([A-Za-z0-9_$-]\\)\\@1<!-\\=[0-9]\\+\\%(\\.[0-9]\\+\\)\\=\\%(");
    alternatives(out, KEYWORD_UNIT, "\\|", ".", "\\", false);
    text_puts(out, "\\)\\=[A-Za-z0-9_]\\@!/\n"
                   "syn match lastackNumber /\\%([A-Za-z0-9_.]\\)\\@1<!\\%(");
    alternatives(out, KEYWORD_NUMBER, "\\|", ".", "\\", false);
    text_puts(out, "\\)\\%(-[0-9]\\+\\)\\=[A-Za-z0-9_.]\\@!/\n"
                   "syn match lastackNumber /\\%([A-Za-z0-9_]\\)\\@1<![0-9]\\+\\%(st\\|nd\\|rd\\|th\\)[A-Za-z0-9_]\\@!/\n"
                   "syn match lastackNumber /\\%([A-Za-z0-9_:]\\)\\@1<![0-9]\\+:[0-9]\\+\\%(:[0-9]\\+\\%(\\.[0-9]\\+\\)\\=\\)\\=/\n");
    for (int kind = 0; kind < KEYWORD_KINDS; kind++)
        if (kind != KEYWORD_NUMBER && kind != KEYWORD_UNIT)
            vim_kind(out, (enum keyword_kind)kind);
    text_puts(out, "syn match lastackLabel /^\\s*\\zs\\h[A-Za-z0-9_-]*:\\ze\\%(\\s\\|$\\)/\n"
                   "syn match lastackPreProc /\\$\\h[A-Za-z0-9_-]*/\n"
                   "syn match lastackSpecialChar /\\\\[\"\\\\n]/ contained\n"
                   "syn region lastackString start=/\"/ skip=/\\\\\\\\\\|\\\\\"/ end=/\"/ oneline contains=lastackSpecialChar,@Spell\n"
                   "syn match lastackComment /#.*$/ contains=@Spell\n");
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        text_printf(out, "hi def link lastack%s %s\n", groups[i], groups[i]);
    text_puts(out, "let b:current_syntax = \"lastack\"\n");
}
