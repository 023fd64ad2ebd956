/* SPDX-License-Identifier: MIT */
/* What stands in a lane: a state, a timer, what a program called and got. */
#include "tcp/state.h"
#include "view/ladder_page.h"

enum style page_cell_text(struct text *out, const struct page *page, const struct cell *cell, bool arguments)
{
    const struct ladder *ladder = page->ladder;
    const struct trace_event *e = ladder_event(ladder, cell->event);
    const struct trace_event *done = cell->kind == CELL_CALL && cell->done != 0 ? ladder_event(ladder, cell->done - 1) : e;

    if (page->name_connections && (e->conn != 0 || done->conn != 0)) {
        glossary_conn(out, ladder->glossary, e->conn != 0 ? e->conn : done->conn);
        text_puts(out, ": ");
    }
    switch ((enum cell_kind)cell->kind) {
    case CELL_STATE:
        text_puts(out, tcp_state_name((enum tcp_state)e->state.to));
        if (e->state.from == TCP_LISTEN && e->state.to == TCP_CLOSED)
            text_puts(out, " listener");
        if (e->what == WHY_RST_RECEIVED || e->what == WHY_RST_SENT)
            text_puts(out, " by RST");
        if (e->what == WHY_TIMEOUT || e->what == WHY_KEEPALIVE || e->what == WHY_USER_TIMEOUT)
            text_puts(out, ", gave up");
        if (e->what == WHY_CRASH)
            text_puts(out, ", crash");
        return STYLE_STATE;
    case CELL_TIMER:
        text_puts(out, page->canvas[0].unicode ? "◷ " : "@ ");
        text_puts(out, tcp_timer_name((enum tcp_timer)e->timer.timer));
        return STYLE_TIMER;
    case CELL_CALL:
    case CELL_RETURN:
        glossary_call(out, ladder->glossary, &e->call, arguments);
        if (cell->kind == CELL_CALL && e->call.call == CALL_DRAIN && done->kind == TRACE_RETURN && done->call.error == TCP_OK)
            return STYLE_CALL; /* its own return says nothing; its reads do */
        if (done->kind == TRACE_RETURN && glossary_broken_off(&done->call)) {
            text_puts(out, page->canvas[0].unicode ? " … " : " ... ");
            text_i64(out, done->call.value);
            text_puts(out, " so far");
        } else if (done->kind == TRACE_RETURN && e->call.call != CALL_SLEEP) {
            text_puts(out, " = ");
            glossary_result(out, &done->call);
        } else if (e->kind == TRACE_CALL && e->call.call != CALL_SLEEP && e->call.call != CALL_EXIT && e->call.step != UINT32_MAX) {
            text_puts(out, page->canvas[0].unicode ? " …" : " ...");
        }
        return done->kind == TRACE_RETURN && done->call.failed ? STYLE_LOST : STYLE_CALL;
    case CELL_NONE:
        break;
    }
    return STYLE_PLAIN;
}

int page_cell_wanted(const struct page *page, unsigned lane, bool arguments)
{
    const struct ladder *ladder = page->ladder;
    struct text text = {0};
    int wanted = 0;
    if (ladder->live) /* of a wider page half of what is more goes to the arrows */
        return CELL_COMMON + (int)(page->canvas[0].width - VIEW_WIDTH_MIN) / 4;
    for (uint32_t i = 0; i < ladder->count;) {
        const struct cell *cell = &ladder_cells(ladder, i)[lane];
        if (cell->kind != CELL_NONE && ladder->rows[i].folds == 0) {
            text.length = 0;
            page_cell_text(&text, page, cell, arguments);
            int width = text.bytes != NULL ? canvas_width(text.bytes) : 0;
            wanted = width > wanted ? width : wanted;
        }
        i += ladder->rows[i].folds > 0 ? ladder->rows[i].folds : 1;
    }
    text_free(&text);
    return wanted;
}
