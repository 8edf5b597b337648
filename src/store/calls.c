/* See calls.h. Every query carries the tenant; 0 is only ever passed for an operator. */
#include "store/calls.h"

#include <string.h>

#include "core/text.h"

enum { LIST_MAX = 200, LEGS_MAX = 500, PREVIEW_SIZE = 256 };

#define CALL_COLUMNS                                                                               \
    "call.id, call.tenant_id, call.pbx_id, tenant.subdomain, call.session, call.direction,"        \
    " call.from_number, call.to_number, call.caller_name, call.disposition, call.started_at,"      \
    " call.answered_at, call.ended_at, call.duration_s, call.talk_s"                               \
    " FROM call JOIN tenant ON tenant.id = call.tenant_id"

static void call_read(const struct db_rows *rows, struct arena *arena, struct call_row *to)
{
    *to = (struct call_row){
        .id = db_int(rows, 0),
        .tenant_id = db_int(rows, 1),
        .pbx_id = db_int(rows, 2),
        .tenant = arena_copy_text(arena, db_text(rows, 3)),
        .session = arena_copy_text(arena, db_text(rows, 4)),
        .direction = arena_copy_text(arena, db_text(rows, 5)),
        .from = arena_copy_text(arena, db_text(rows, 6)),
        .to = arena_copy_text(arena, db_text(rows, 7)),
        .caller_name = arena_copy_text(arena, db_text(rows, 8)),
        .disposition = arena_copy_text(arena, db_text(rows, 9)),
        .started_at = db_int(rows, 10),
        .answered_at = db_int(rows, 11),
        .ended_at = db_int(rows, 12),
        .duration_s = db_int_or(rows, 13, -1),
        .talk_s = db_int_or(rows, 14, -1),
    };
}

static bool calls_query(struct db *db, struct arena *arena, const char *sql,
                        const struct db_value *values, size_t value_count, struct call_row *list,
                        size_t room, size_t *count_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        call_read(&rows, arena, &list[(*count_out)++]);
    }
    return step != DB_FAILED;
}

/* $1 tenant, $2 $3 time range, $4 LIKE pattern, $5 number, $6 direction, $7 recording, $8 $9
 * cursor, $10 limit */
#define CALL_WHERE                                                                                 \
    " WHERE call.started_at >= $2 AND call.started_at < $3"                                        \
    " AND (call.started_at < $8 OR (call.started_at = $8 AND call.id < $9))"                       \
    " AND ($4 IS NULL OR call.from_number LIKE $4 ESCAPE '\\' OR call.to_number LIKE $4 ESCAPE "   \
    "'\\'"                                                                                         \
    "      OR lower(call.caller_name) LIKE lower($4) ESCAPE '\\')"                                 \
    " AND ($5 IS NULL OR call.from_number = $5 OR call.to_number = $5)"                            \
    " AND ($6 IS NULL OR call.direction = $6)"                                                     \
    " AND ($7 IS NULL"                                                                             \
    "      OR ($7 = 'not_expected' AND NOT EXISTS"                                                 \
    "          (SELECT 1 FROM recording WHERE recording.call_id = call.id) AND NOT EXISTS"         \
    "          (SELECT 1 FROM recording_also WHERE recording_also.call_id = call.id))"             \
    "      OR EXISTS (SELECT 1 FROM recording WHERE recording.call_id = call.id"                   \
    "                  AND (recording.state = $7 OR recording.reason = $7))"                       \
    "      OR EXISTS (SELECT 1 FROM recording_also JOIN recording"                                 \
    "                  ON recording.id = recording_also.recording_id"                              \
    "                  WHERE recording_also.call_id = call.id"                                     \
    "                  AND (recording.state = $7 OR recording.reason = $7)))"
#define CALL_ORDER " ORDER BY call.started_at DESC, call.id DESC LIMIT $10"

static void pattern_make(const char *text, struct text *pattern)
{
    text_add_char(pattern, '%');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '%' || *c == '_' || *c == '\\') {
            text_add_char(pattern, '\\');
        }
        text_add_char(pattern, *c);
    }
    text_add_char(pattern, '%');
}

bool call_list(struct db *db, struct arena *arena, const struct call_filter *filter,
               struct call_row **list_out, size_t *count_out, struct error *error)
{
    static const char SQL_TENANT[] =
        "SELECT " CALL_COLUMNS CALL_WHERE " AND call.tenant_id = $1" CALL_ORDER;
    static const char SQL_ALL[] = "SELECT " CALL_COLUMNS CALL_WHERE CALL_ORDER;
    AUTO(text_clear) struct text pattern = TEXT_UP_TO(1024);
    size_t room = filter->limit < LIST_MAX ? (size_t)filter->limit : LIST_MAX;

    if (filter->text != NULL) {
        pattern_make(filter->text, &pattern);
    }
    *list_out = arena_take(arena, (room + 1) * sizeof **list_out);
    return calls_query(db, arena, filter->tenant_id != 0 ? SQL_TENANT : SQL_ALL,
                       DB_VALUES(DB_INT(filter->tenant_id), DB_INT(filter->from_at),
                                 DB_INT(filter->to_at > 0 ? filter->to_at : INT64_MAX),
                                 DB_TEXT(filter->text != NULL ? text_get(&pattern) : NULL),
                                 DB_TEXT(filter->number), DB_TEXT(filter->direction),
                                 DB_TEXT(filter->recording),
                                 DB_INT(filter->before_at > 0 ? filter->before_at : INT64_MAX),
                                 DB_INT(filter->before_id), DB_INT((int64_t)room)),
                       *list_out, room, count_out, error);
}

bool call_find(struct db *db, struct arena *arena, int64_t tenant_id, int64_t id,
               struct call_row **found_out, struct error *error)
{
    static const char SQL[] =
        "SELECT " CALL_COLUMNS " WHERE call.id = $2 AND ($1 = 0 OR call.tenant_id = $1)";
    struct call_row *call = arena_take(arena, sizeof *call);
    size_t count = 0;

    if (!calls_query(db, arena, SQL, DB_VALUES(DB_INT(tenant_id), DB_INT(id)), call, 1, &count,
                     error)) {
        return false;
    }
    *found_out = count == 1 ? call : NULL;
    return true;
}

bool leg_list(struct db *db, struct arena *arena, int64_t call_id, struct leg_row **list_out,
              size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT leg.acct_id, leg.uniqueid, leg.fields,"
        " CASE WHEN leg.fields IS NULL THEN webhook.body END, webhook.content_encoding"
        " FROM leg LEFT JOIN webhook ON webhook.id = leg.webhook_id"
        " WHERE leg.call_id = $1 ORDER BY leg.started_at, leg.acct_id LIMIT 500";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    *list_out = arena_take(arena, LEGS_MAX * sizeof **list_out);
    if (!db_query(db, SQL, DB_VALUES(DB_INT(call_id)), &rows, error)) {
        return false;
    }
    while (*count_out < LEGS_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        struct leg_row *leg = &(*list_out)[(*count_out)++];
        leg->acct_id = arena_copy_text(arena, db_text(&rows, 0));
        leg->uniqueid = arena_copy_text(arena, db_text(&rows, 1));
        leg->fields = arena_copy_text(arena, db_text(&rows, 2));
        const void *body = db_blob(&rows, 3, &leg->body_size);
        leg->body = arena_copy(arena, body, leg->body_size);
        leg->content_encoding = arena_copy_text(arena, db_text(&rows, 4));
    }
    return step != DB_FAILED;
}

bool call_webhooks(struct db *db, int64_t call_id, time_ms *first_at_out, int64_t *count_out,
                   struct error *error)
{
    static const char SQL[] = "SELECT min(webhook.received_at), count(DISTINCT webhook.id) FROM leg"
                              " JOIN webhook ON webhook.id = leg.webhook_id WHERE leg.call_id = $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    if (!db_query(db, SQL, DB_VALUES(DB_INT(call_id)), &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        *first_at_out = db_int(&rows, 0);
        *count_out = db_int(&rows, 1);
    }
    return step != DB_FAILED;
}

bool quarantine_list(struct db *db, struct arena *arena, int64_t tenant_id,
                     struct quarantine_row **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT webhook.id, tenant.subdomain, received_at, content_type, quarantine,"
        " length(body), substr(body, 1, 256) FROM webhook"
        " JOIN tenant ON tenant.id = webhook.tenant_id"
        " WHERE quarantine IS NOT NULL AND ($1 = 0 OR tenant_id = $1)"
        " ORDER BY webhook.id DESC LIMIT 200";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    *list_out = arena_take(arena, LIST_MAX * sizeof **list_out);
    if (!db_query(db, SQL, DB_VALUES(DB_INT(tenant_id)), &rows, error)) {
        return false;
    }
    while (*count_out < LIST_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        struct quarantine_row *row = &(*list_out)[(*count_out)++];
        row->id = db_int(&rows, 0);
        row->tenant = arena_copy_text(arena, db_text(&rows, 1));
        row->received_at = db_int(&rows, 2);
        row->content_type = arena_copy_text(arena, db_text(&rows, 3));
        row->reason = arena_copy_text(arena, db_text(&rows, 4));
        row->size = db_int(&rows, 5);
        const void *preview = db_blob(&rows, 6, &row->preview_size);
        row->preview = arena_copy(arena, preview, row->preview_size);
    }
    return step != DB_FAILED;
}
