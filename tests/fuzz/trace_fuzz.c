/* SPDX-License-Identifier: MIT */
/* Whatever bytes a file has, the reader of saved traces gives a run or one error; and what it accepts, even unverified, can be judged
 * and shown. The corpus are saved runs.
 *
 *   CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
 *   build-fuzz/tests/trace-fuzz -max_total_time=60 corpus/
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/reader.h"
#include "view/saved.h"
#include "view/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(const struct saved *saved, const struct story *story, const struct trace *trace)
{
    struct judgement judgement;
    struct text text = {0};
    struct view_options options = {.width = 80, .version = saved->version};
    judge_run(&judgement, story, trace, saved->end_ns, saved->hash, saved->cut);
    view_jsonl(&text, story, trace, &judgement, &options);
    view_table(&text, story, trace, &judgement, &options);
    view_ladder(&text, story, trace, &judgement, &options);
    view_csv(&text, story, trace, &judgement, &options);
    view_mermaid(&text, story, trace, &judgement, &options);
    view_perfetto(&text, story, trace, &judgement, &options);
    view_pcapng(&text, story, trace, &judgement, &options);
    options.host = story->nodes[0].name;
    view_pcapng(&text, story, trace, &judgement, &options);
    view_packetdrill(&text, story, trace, &judgement, &options);
    if (text.failed)
        abort();
    text_free(&text);
    judgement_free(&judgement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics diagnostics = {0};
    struct saved saved = {.unverified = true};
    struct trace trace = {0};
    struct story *story = NULL;
    bool fine = saved_head(&saved, (const char *)data, size, &diagnostics);
    if (fine == (diagnostics.count > 0))
        abort();
    if (fine) {
        struct scenario_options options = {.variant = saved.variant, .seed_given = true, .seed = saved.seed};
        story = scenario_read(saved.file, saved.text, saved.text_length, &options, &diagnostics);
    }
    if (story != NULL) {
        story_draw(story, story->seed);
        diagnostics.count = 0;
        fine = saved_events(&saved, story, &trace, &diagnostics);
        if (fine == (diagnostics.count > 0))
            abort();
        if (fine)
            show(&saved, story, &trace);
    }
    trace_free(&trace);
    story_free(story);
    saved_free(&saved);
    return 0;
}
