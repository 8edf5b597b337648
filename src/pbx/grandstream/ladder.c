/* See ladder.h. */
#include "pbx/grandstream/ladder.h"

#include <string.h>
#include <strings.h>

#include "pbx/grandstream/names.h"

static const struct rung rungs[] = {
    { "new:monitor", RUNG_NEW_FILE, "monitor", false },
    { "new:queue", RUNG_NEW_FILE, "queue", false },
    { "new:meetme", RUNG_NEW_FILE, "meetme", false },
    { "new:emergency", RUNG_NEW_FILE, "emergency", false },
    { "new:sca", RUNG_NEW_FILE, "sca", false },
    { "new:recordinfos", RUNG_NEW_NAMES, NULL, false },
    { "new:cdrapi", RUNG_NEW_CDR, NULL, false },
    { "new:monitor+month", RUNG_NEW_FILE, "monitor", true },
    { "old:monitor+month", RUNG_OLD_FILE, "monitor", true },
    { "old:monitor", RUNG_OLD_FILE, "monitor", false },
    { "old:queue+month", RUNG_OLD_FILE, "queue", true },
    { "old:queue", RUNG_OLD_FILE, "queue", false },
    { "old:meetme+month", RUNG_OLD_FILE, "meetme", true },
    { "old:meetme", RUNG_OLD_FILE, "meetme", false },
    { "old:monitor_local+month", RUNG_OLD_FILE, "monitor_local", true },
    { "old:monitor_local", RUNG_OLD_FILE, "monitor_local", false },
};

static bool has_word(const char *text, const char *word)
{
    return text != NULL && strcasestr(text, word) != NULL;
}

const char *ladder_directory(const struct pbx_wanted *wanted)
{
    if (has_word(wanted->action_type, "FOLLOWME")) {
        return has_word(wanted->direction, "outbound") ? "queue" : "monitor";
    }
    bool is_queue =
        has_word(wanted->action_type, "QUEUE") || has_word(wanted->action_type, "TRANSFER");
    return is_queue ? "queue" : "monitor";
}

/* The part of the ladder that one recording needs, and what it has been given so far. */
struct building {
    const struct pbx_wanted *wanted;
    bool has_path, has_month;
    struct ladder *ladder;
};

static void add(struct building *building, const char *name)
{
    struct ladder *ladder = building->ladder;

    for (size_t i = 0; i < COUNT_OF(rungs); i++) {
        const struct rung *rung = &rungs[i];
        if (strcmp(rung->name, name) != 0) {
            continue;
        }
        bool is_file = rung->kind == RUNG_NEW_FILE || rung->kind == RUNG_OLD_FILE;
        if (is_file && (!building->has_path || (rung->keeps_month && !building->has_month))) {
            return;
        }
        for (size_t j = 0; j < ladder->count; j++) {
            if (ladder->rungs[j] == rung) {
                return;
            }
        }
        ladder->rungs[ladder->count++] = rung;
    }
}

static void add_new(struct building *building, bool is_queue, bool is_conference)
{
    const char *acct_id = building->wanted->acct_id;
    bool has_acct_id = acct_id != NULL && acct_id[0] != '\0';

    add(building, is_queue ? "new:queue" : "new:monitor");
    add(building, is_queue ? "new:monitor" : "new:queue");
    if (is_conference) {
        add(building, "new:meetme");
    }
    add(building, "new:emergency");
    add(building, "new:sca");
    if (has_acct_id) {
        add(building, "new:recordinfos");
        if (building->wanted->started_at > 0) {
            add(building, "new:cdrapi");
        }
    }
    add(building, "new:monitor+month");
}

static void add_old(struct building *building, bool is_queue, bool is_conference)
{
    add(building, is_queue ? "old:queue+month" : "old:monitor+month");
    add(building, is_queue ? "old:queue" : "old:monitor");
    add(building, is_queue ? "old:monitor+month" : "old:queue+month");
    add(building, is_queue ? "old:monitor" : "old:queue");
    if (is_conference) {
        add(building, "old:meetme+month");
        add(building, "old:meetme");
    }
    add(building, "old:monitor_local+month");
    add(building, "old:monitor_local");
}

static void put_first(struct ladder *ladder, const char *name)
{
    for (size_t i = 0; i < ladder->count; i++) {
        if (strcmp(ladder->rungs[i]->name, name) == 0) {
            const struct rung *rung = ladder->rungs[i];
            memmove(ladder->rungs + 1, ladder->rungs, i * sizeof *ladder->rungs);
            ladder->rungs[0] = rung;
            return;
        }
    }
}

void ladder_build(const struct pbx_wanted *wanted, bool has_new_api, bool has_old_api,
                  const char *remembered, struct ladder *ladder_out)
{
    const char *path = wanted->path != NULL ? wanted->path : "";
    struct building building = { .wanted = wanted,
                                 .has_path = path[0] != '\0',
                                 .has_month = strchr(path, '/') != NULL,
                                 .ladder = ladder_out };
    bool is_queue = strcmp(ladder_directory(wanted), "queue") == 0;
    bool is_conference = strncmp(name_base(path), "auto-", 5) != 0;

    ladder_out->count = 0;
    if (has_new_api) {
        add_new(&building, is_queue, is_conference);
    }
    if (has_old_api) {
        add_old(&building, is_queue, is_conference);
    }
    if (remembered != NULL) {
        put_first(ladder_out, remembered);
    }
}
