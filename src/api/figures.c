/* See figures.h. */
#include "api/figures.h"

#include "core/json.h"
#include "core/rowid.h"
#include "core/text.h"
#include "ledger/reason.h"
#include "ledger/unrecorded.h"
#include "store/collection.h"

enum { SENTENCE_SIZE_MAX = 1024 };

static void add(json_t *list, json_t *taken_item)
{
    IGNORE(json_array_append_new(list, taken_item), "memory never fails");
}

static void set(json_t *object, const char *name, json_t *taken_value)
{
    IGNORE(json_object_set_new(object, name, taken_value), "memory never fails");
}

static json_t *shape_yield(int64_t stored, int64_t expected)
{
    return expected > 0 ? json_real((double)stored / (double)expected) : json_null();
}

static json_t *shape_reason(const struct collection_reason *reason)
{
    const struct reason_info *info = reason_info(reason_from_code(reason->code));

    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s}", "code", reason->code, "count",
                     (json_int_t)reason->count, "waiting", (json_int_t)reason->waiting, "missing",
                     (json_int_t)reason->missing, "message", info->message, "owner",
                     reason_owner_code(info->owner), "advice", info->advice);
}

static json_t *shape_part(const struct collection_part *part)
{
    char id[ROW_ID_TEXT_SIZE];
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "tenant", part->tenant, "expected",
                  (json_int_t)part->expected, "stored", (json_int_t)part->stored, "waiting",
                  (json_int_t)part->waiting, "missing", (json_int_t)part->missing, "yield",
                  shape_yield(part->stored, part->expected));

    if (part->kind == COLLECTION_PBX) {
        set(json, "id", json_string(row_id_print(part->pbx_id, id)));
        set(json, "name", json_string(part->pbx));
    } else {
        set(json, part->kind == COLLECTION_TRUNK ? "trunk" : "extension", json_string(part->name));
        set(json, "pbx", json_string(part->pbx));
    }
    return json;
}

static json_t *parts_make(struct db *db, struct arena *arena, int64_t tenant_id, time_ms from_at,
                          time_ms to_at, struct error *error)
{
    static const char *const names[] = { "pbx", "extension", "trunk" };
    struct collection_part *parts = NULL;
    size_t count = 0;

    if (!collection_parts(db, arena, tenant_id, from_at, to_at, &parts, &count, error)) {
        return NULL;
    }
    json_t *json = json_pack("{s:[], s:[], s:[]}", names[0], names[1], names[2]);
    for (size_t i = 0; i < count; i++) {
        add(json_object_get(json, names[parts[i].kind]), shape_part(&parts[i]));
    }
    return json;
}

struct unrecorded {
    json_t *extensions, *trunks; /* Borrowed from the answer. */
};

static bool unrecorded_add(const struct collection_share *share, void *context)
{
    struct unrecorded *unrecorded = context;
    bool is_trunk = share->kind == COLLECTION_TRUNK;
    json_t *list = is_trunk ? unrecorded->trunks : unrecorded->extensions;
    const struct unrecorded_share said = {
        .is_trunk = is_trunk,
        .name = share->name,
        .answered = share->answered,
        .recorded = share->recorded,
        .rest_answered = share->rest_answered,
        .rest_recorded = share->rest_recorded,
    };
    AUTO(text_clear) struct text sentence = TEXT_UP_TO(SENTENCE_SIZE_MAX);

    if (json_array_size(list) < COLLECTION_PARTS_MAX && unrecorded_is_notable(&said)) {
        unrecorded_say(&said, &sentence);
        add(list,
            json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s}", is_trunk ? "trunk" : "extension",
                      share->name, "pbx", share->pbx, "tenant", share->tenant, "answered",
                      (json_int_t)share->answered, "recorded", (json_int_t)share->recorded,
                      "sentence", text_get(&sentence), "advice", unrecorded_advice(is_trunk)));
    }
    return json_array_size(unrecorded->extensions) < COLLECTION_PARTS_MAX ||
           json_array_size(unrecorded->trunks) < COLLECTION_PARTS_MAX;
}

static json_t *unrecorded_make(struct db *db, int64_t tenant_id, time_ms from_at, time_ms to_at,
                               struct error *error)
{
    struct unrecorded unrecorded = { .extensions = json_array(), .trunks = json_array() };
    AUTO(json_release)
    json_t *json =
        json_pack("{s:o, s:o}", "extensions", unrecorded.extensions, "trunks", unrecorded.trunks);

    return collection_shares(db, tenant_id, from_at, to_at, unrecorded_add, &unrecorded, error)
               ? TAKE(json)
               : NULL;
}

static bool details_add(json_t *json, struct db *db, struct arena *arena, int64_t tenant_id,
                        time_ms from_at, time_ms to_at, struct error *error)
{
    char at[TIME_TEXT_SIZE];
    json_t *parts = parts_make(db, arena, tenant_id, from_at, to_at, error);

    if (parts == NULL) {
        return false;
    }
    set(json, "missing_by", parts);
    json_t *unrecorded = unrecorded_make(db, tenant_id, from_at, to_at, error);
    if (unrecorded == NULL) {
        return false;
    }
    set(json, "unrecorded", unrecorded);
    set(json, "details_from", from_at > 0 ? json_string(time_print(from_at, at)) : json_null());
    return true;
}

json_t *figures_make(struct db *db, struct arena *arena, int64_t tenant_id, time_ms from_at,
                     time_ms to_at, time_ms now, struct error *error)
{
    struct collection counts = { 0 };
    struct collection_reason *reasons = NULL;
    size_t count = 0;
    time_ms end_at = to_at > 0 && to_at < now ? to_at : now;
    time_ms details_from_at =
        from_at > 0 || end_at < FIGURES_DETAILS_MAX ? from_at : end_at - FIGURES_DETAILS_MAX;

    if (!collection_count(db, tenant_id, from_at, to_at, &counts, error) ||
        !collection_reasons(db, arena, tenant_id, from_at, to_at, &reasons, &count, error)) {
        return NULL;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        add(list, shape_reason(&reasons[i]));
    }
    AUTO(json_release)
    json_t *json =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "calls", (json_int_t)counts.calls,
                  "not_expected", (json_int_t)counts.not_expected, "expected",
                  (json_int_t)counts.expected, "stored", (json_int_t)counts.stored, "waiting",
                  (json_int_t)counts.waiting, "missing", (json_int_t)counts.missing, "yield",
                  shape_yield(counts.stored, counts.expected), "reasons", list);
    return details_add(json, db, arena, tenant_id, details_from_at, to_at, error) ? TAKE(json)
                                                                                  : NULL;
}
