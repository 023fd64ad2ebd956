/* SPDX-License-Identifier: MIT */
/* The pool of records that retransmission and reassembly queues borrow from. */
#include "tcp/internal.h"

uint32_t record_alloc(struct tcp_ctx *ctx)
{
    if (!record_left(ctx))
        return 0;
    uint32_t index = record_take(ctx);
    *record_at(ctx, index) = (struct tcp_record){0};
    return index;
}

void record_free(struct tcp_ctx *ctx, uint32_t index)
{
    ASSERT(index != 0 && *ctx->pool.used > 0);
    record_at(ctx, index)->next = *ctx->pool.free_head;
    *ctx->pool.free_head = index;
    --*ctx->pool.used;
}

void records_free(struct tcp_ctx *ctx, uint32_t *head)
{
    while (*head != 0) {
        uint32_t index = *head;
        *head = record_at(ctx, index)->next;
        record_free(ctx, index);
    }
}
