/* SPDX-License-Identifier: MIT */
#include "app/app.h"
#include "base/duration.h"

void constant_text(struct text *out, enum profile_field field, int64_t value)
{
    const char *choice;
    switch (profile_field_unit(field)) {
    case UNIT_DURATION:
        if (value == TIME_NEVER)
            text_puts(out, "none");
        else
            text_duration(out, value);
        break;
    case UNIT_BYTES:
    case UNIT_COUNT:
        text_i64(out, value);
        break;
    case UNIT_SWITCH:
        text_puts(out, value != 0 ? "on" : "off");
        break;
    case UNIT_CHOICE:
        choice = profile_choice_name(field, value);
        text_puts(out, choice != NULL ? choice : "?");
        break;
    }
}

bool profile_take(const char *command, const char *name, enum profile_id *id)
{
    const char *names[PROFILES], *nearest;
    if (profile_find(name, id))
        return true;
    for (unsigned i = 0; i < PROFILES; i++)
        names[i] = profile_name((enum profile_id)i);
    nearest = near_miss(name, names, PROFILES);
    complain(command, nearest != NULL ? "there is no profile %s; did you mean %s?" : "there is no profile %s", name, nearest);
    return false;
}
