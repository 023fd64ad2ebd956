/* SPDX-License-Identifier: MIT */
/* The words of a link, which are tc-netem's. */
#include "scenario/internal.h"

#include <string.h>

#define GEMODEL_H_DEFAULT PPB_ONE /* every segment is lost in the bad state */
#define GEMODEL_K_DEFAULT 0 /* none in the good one */

static const char *const link_word_list[] = {"delay", "jitter", "loss", "duplicate", "reorder", "corrupt", "rate", "limit", "mtu", NULL};

const struct story_link *link_between(const struct reader *r, uint16_t a, uint16_t b, unsigned *direction)
{
    for (uint32_t i = 0; i < r->story->link_count; i++) {
        const struct story_link *link = &r->story->links[i];
        if ((link->a == a && link->b == b) || (link->a == b && link->b == a)) {
            *direction = link->a == a ? 0 : 1;
            return link;
        }
    }
    return NULL;
}

/* One share for the same field of each direction. */
static bool share_taken(struct reader *r, uint32_t *const fields[2], unsigned directions)
{
    struct value value;
    if (r->word.kind != TOKEN_WORD)
        return expected(r, "a share", "shares end in %: 1%, 0.02%");
    if (!value_share(r, &r->word, &value))
        return false;
    for (unsigned i = 0; i < directions; i++)
        STORE(r, *fields[i], &value);
    cursor_next(r);
    return true;
}

#define SHARE(field) share_taken(r, (uint32_t *const[2]){&params[0]->field, &params[1]->field}, directions)

/* `loss gemodel P R [H K]`: P good to bad, R bad to good, H and K the shares that are lost in the bad and in the good state (net/link.h).
 */
static bool gemodel_taken(struct reader *r, struct link_params *const params[2], unsigned directions)
{
    for (unsigned i = 0; i < directions; i++) {
        params[i]->gemodel = true;
        params[i]->loss_ppb = 0;
        params[i]->ge_h_ppb = GEMODEL_H_DEFAULT;
        params[i]->ge_k_ppb = GEMODEL_K_DEFAULT;
    }
    if (!SHARE(ge_p_ppb) || !SHARE(ge_r_ppb))
        return false;
    if (r->word.kind != TOKEN_WORD || word_index(&r->word, link_word_list) >= 0)
        return true;
    return SHARE(ge_h_ppb) && SHARE(ge_k_ppb);
}

static bool loss_taken(struct reader *r, struct link_params *const params[2], unsigned directions)
{
    if (cursor_take(r, "gemodel"))
        return gemodel_taken(r, params, directions);
    for (unsigned i = 0; i < directions; i++)
        params[i]->gemodel = false;
    return SHARE(loss_ppb);
}

static bool word_value_taken(struct reader *r, int which, struct link_params *const params[2], unsigned directions)
{
    struct value value;
    switch (which) {
    case 2:
        return loss_taken(r, params, directions);
    case 3:
        return SHARE(duplicate_ppb);
    case 4:
        return SHARE(reorder_ppb);
    case 5:
        return SHARE(corrupt_ppb);
    case 6:
        if (r->word.kind != TOKEN_WORD)
            return expected(r, "a rate", "rates end in bit kbit mbit or gbit: 10mbit");
        if (!value_rate(r, &r->word, &value))
            return false;
        if (value.low == 0)
            return report(r, r->word.place, "leave `rate` out for a link without a limit", "a rate of nothing carries nothing"), false;
        cursor_next(r);
        break;
    case 7:
        if (!count_taken(r, &value, "a number of segments", 1, UINT32_MAX))
            return false;
        break;
    case 8:
        if (!count_taken(r, &value, "an MTU", 68, 65535)) /* RFC 791: every link carries 68 bytes */
            return false;
        break;
    default:
        if (!duration_taken(r, &value, "a duration"))
            return false;
    }
    for (unsigned i = 0; i < directions; i++) {
        if (which == 0)
            STORE(r, params[i]->delay_ns, &value);
        else if (which == 1)
            STORE(r, params[i]->jitter_ns, &value);
        else if (which == 6)
            STORE(r, params[i]->rate_bps, &value);
        else if (which == 7)
            STORE(r, params[i]->limit, &value);
        else
            STORE(r, params[i]->mtu, &value);
    }
    return true;
}

bool link_words(struct reader *r, struct link_params *const params[2], unsigned directions)
{
    unsigned given = 0;
    while (!cursor_at_end(r)) {
        struct word word = r->word;
        int which = word_index(&word, link_word_list);
        if (which < 0) {
            const char *help = "links have delay jitter loss duplicate reorder corrupt rate limit mtu";
            if (word_is(&word, "latency") || word_is(&word, "rtt"))
                help = "write delay, which is one way";
            else if (word_is(&word, "bandwidth") || word_is(&word, "bw"))
                help = "write rate, as in rate 10mbit";
            else if (word_is(&word, "queue"))
                help = "write limit, which is the queue in segments";
            else
                help = near_of(r, &word, link_word_list, help);
            return expected(r, "a word of a link", help);
        }
        if ((given >> which & 1) != 0)
            return report(r, word.place, NULL, "%.*s is given twice", SHOWN(&word)), false;
        given |= 1u << which;
        cursor_next(r);
        if (!word_value_taken(r, which, params, directions))
            return false;
    }
    return true;
}
