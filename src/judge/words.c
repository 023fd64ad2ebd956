/* SPDX-License-Identifier: MIT */
/* The words of a message. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "judge/internal.h"
#include "net/class.h"

void words_add(struct words *words, const char *format, ...)
{
    const size_t length = strlen(words->s);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words->s + length, sizeof words->s - length, format, arguments);
    va_end(arguments);
}

static struct words taken(struct text *text, const char *unit)
{
    struct words words = {""};
    words_add(&words, "%s%s", text->bytes == NULL ? "" : text->bytes, unit);
    text_free(text);
    return words;
}

struct words words_time(int64_t ns)
{
    struct text text = {0};
    text_seconds(&text, ns);
    return taken(&text, "s");
}

struct words words_duration(int64_t ns)
{
    struct text text = {0};
    text_duration(&text, ns);
    return taken(&text, "");
}

struct words words_ordinal(uint32_t n)
{
    struct words words = {""};
    const uint32_t tens = n % 100;
    const char *const ending = tens >= 11 && tens <= 13 ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
    words_add(&words, "%" PRIu32 "%s", n, ending);
    return words;
}

struct words words_classes(uint32_t classes)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{CLASS_SYN, "SYN"}, {CLASS_FIN, "FIN"},     {CLASS_RST, "RST"},         {CLASS_DATA, "data"},
                 {CLASS_ACK, "ACK"}, {CLASS_PROBE, "probe"}, {CLASS_ACK_FIN, "ACK(FIN)"}};
    struct words words = {""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((classes & names[i].bit) != 0)
            words_add(&words, "%s%s", words.s[0] == '\0' ? "" : "+", names[i].name);
    if (words.s[0] == '\0')
        words_add(&words, "any");
    return words;
}

const char *words_host(const struct story *story, unsigned host)
{
    return host < story->node_count ? story->nodes[host].name : "?";
}

struct words words_match(const struct story *story, const struct segment_match *match)
{
    struct words words = {""};
    if (match->ordinals_given) {
        if (match->ordinals.last == ORDINAL_LAST)
            words_add(&words, "every ");
        else if (match->ordinals.last != match->ordinals.first)
            words_add(&words, "%s..%s ", words_ordinal(match->ordinals.first).s, words_ordinal(match->ordinals.last).s);
        else
            words_add(&words, "%s ", words_ordinal(match->ordinals.first).s);
    }
    words_add(&words, "%s", words_classes(match->classes).s);
    if (match->from != STORY_NONE && match->to != STORY_NONE)
        words_add(&words, " %s -> %s", words_host(story, match->from), words_host(story, match->to));
    if (match->of != STORY_NONE && match->of < story->name_count)
        words_add(&words, " of %s", story->names[match->of]);
    return words;
}

struct words words_end(const struct story *story, unsigned host, unsigned name)
{
    struct words words = {""};
    words_add(&words, "%s", words_host(story, host));
    if (name != STORY_NONE && name < story->name_count)
        words_add(&words, ".%s", story->names[name]);
    return words;
}

struct words words_times(uint64_t n)
{
    struct words words = {""};
    if (n == 1 || n == 2)
        words_add(&words, "%s", n == 1 ? "once" : "twice");
    else
        words_add(&words, "%" PRIu64 " times", n);
    return words;
}

struct words words_call(const struct trace_call *call)
{
    struct words words = {""};
    if (call->error != TCP_OK)
        words_add(&words, "%s", tcp_errno_name((enum tcp_errno)call->error));
    else
        words_add(&words, "%" PRId64 "%s", call->value, call->eof && call->value != 0 ? " and then end-of-file" : "");
    return words;
}

void help_line(struct help *help, const char *format, ...)
{
    char line[sizeof help->text];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    const size_t divider = help->length > 0;
    if (length <= 0 || (size_t)length >= sizeof line || help->length + divider + (size_t)length >= sizeof help->text)
        return;
    if (divider)
        help->text[help->length++] = '\n';
    memcpy(help->text + help->length, line, (size_t)length + 1);
    help->length += (size_t)length;
}

static struct help how_to_see(const struct story *story, int64_t until_ns)
{
    struct help see = {"", 0};
    char variant[24] = "", until[sizeof(struct words) + 16] = "";
    if (story->variant > 0)
        (void)snprintf(variant, sizeof variant, " --variant %u", (unsigned)story->variant);
    if (until_ns != TIME_NEVER)
        (void)snprintf(until, sizeof until, " --until %s", words_duration(until_ns).s);
    help_line(&see, "see it: lastack run %s --seed %" PRIu64 "%s%s%s", story->file == NULL ? "FILE" : story->file, story->seed,
              story->asked == NULL ? "" : story->asked, variant, until);
    return see;
}

void judge_fail(struct judge *judge, struct place place, const struct help *help, bool hash, int64_t until_ns, const char *format, ...)
{
    struct diagnostics *failures = &judge->out->failures;
    if (failures->count >= DIAGNOSTICS_MAX) {
        failures->count++;
        return;
    }
    struct diagnostic *failure = &failures->list[failures->count++];
    *failure = (struct diagnostic){.severity = SEVERITY_FAILED, .line = place.line, .column = place.column, .width = place.width};

    char suffix[64];
    if (hash)
        (void)snprintf(suffix, sizeof suffix, " (seed %" PRIu64 ", trace %08" PRIx32 ")", judge->story->seed,
                       (uint32_t)(judge->out->hash >> 32));
    else
        (void)snprintf(suffix, sizeof suffix, " (seed %" PRIu64 ")", judge->story->seed);
    const size_t room = sizeof failure->message - strlen(suffix);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(failure->message, room, format, arguments);
    va_end(arguments);
    memcpy(failure->message + strlen(failure->message), suffix, strlen(suffix) + 1);

    /* The way to see it comes last and is never the line that is left out. */
    struct help all = help == NULL ? (struct help){"", 0} : *help;
    if (hash) {
        const struct help see = how_to_see(judge->story, until_ns);
        while (all.length > 0 && all.length + 1 + see.length >= sizeof all.text) {
            char *const last = strrchr(all.text, '\n');
            all.length = last == NULL ? 0 : (size_t)(last - all.text);
            all.text[all.length] = '\0';
        }
        help_line(&all, "%s", see.text);
    }
    memcpy(failure->help, all.text, sizeof failure->help);
}
