/* See accounts.h. E-mail addresses are kept in lower case, so that one person is one row. */
#include "store/accounts.h"

#include <string.h>

enum { LIST_MAX = 10000, EMAIL_SIZE_MAX = 254, CLOCK_SKEW_MS = 5 * MINUTE_MS };

#define ACCOUNT_COLUMNS                                                                            \
    "account.id, account.tenant_id, tenant.subdomain, account.email, account.password_hash,"       \
    " account.role, account.is_disabled, account.created_at"                                       \
    " FROM account LEFT JOIN tenant ON tenant.id = account.tenant_id"

static bool email_is_plausible(const char *email)
{
    const char *at = strchr(email, '@');

    return at != NULL && at != email && at[1] != '\0' && strlen(email) <= EMAIL_SIZE_MAX &&
           strpbrk(email, " \t\r\n<>\"") == NULL;
}

bool account_add(struct db *db, const struct account *account, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO account (id, tenant_id, email, password_hash, role, created_at)"
        " VALUES ($1, $2, lower($3), $4, $5, $6) ON CONFLICT (email) DO NOTHING";
    int64_t changed = 0;

    if (!email_is_plausible(account->email)) {
        return error_set(error, ERROR_INVALID, "'%s' is no e-mail address", account->email);
    }
    if (!db_run(db, SQL,
                DB_VALUES(DB_INT(account->id),
                          account->tenant_id != 0 ? DB_INT(account->tenant_id) : DB_NULL,
                          DB_TEXT(account->email), DB_TEXT(account->password_hash),
                          DB_TEXT(account->role), DB_INT(account->created_at)),
                &changed, error)) {
        return false;
    }
    return changed == 1 ||
           error_set(error, ERROR_INVALID, "there is a user '%s' already", account->email);
}

static void account_read(const struct db_rows *rows, struct arena *arena, struct account *to)
{
    *to = (struct account){
        .id = db_int(rows, 0),
        .tenant_id = db_int(rows, 1),
        .tenant = arena_copy_text(arena, db_text(rows, 2)),
        .email = arena_copy_text(arena, db_text(rows, 3)),
        .password_hash = arena_copy_text(arena, db_text(rows, 4)),
        .role = arena_copy_text(arena, db_text(rows, 5)),
        .is_disabled = db_int(rows, 6) != 0,
        .created_at = db_int(rows, 7),
    };
}

static bool account_get(struct db *db, struct arena *arena, const char *sql,
                        const struct db_value *values, size_t value_count,
                        struct account **found_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    *found_out = NULL;
    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        *found_out = arena_take(arena, sizeof **found_out);
        account_read(&rows, arena, *found_out);
    }
    return step != DB_FAILED;
}

bool account_find(struct db *db, struct arena *arena, const char *email, struct account **found_out,
                  struct error *error)
{
    static const char SQL[] = "SELECT " ACCOUNT_COLUMNS " WHERE account.email = lower($1)";

    return account_get(db, arena, SQL, DB_VALUES(DB_TEXT(email)), found_out, error);
}

bool account_list(struct db *db, struct arena *arena, struct account **list_out, size_t *count_out,
                  struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM account";
    static const char SQL[] = "SELECT " ACCOUNT_COLUMNS " ORDER BY account.email";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    int64_t count = 0;

    *count_out = 0;
    if (!db_run_number(db, SQL_COUNT, DB_NO_VALUES, 0, &count, error) ||
        !db_query(db, SQL, DB_NO_VALUES, &rows, error)) {
        return false;
    }
    size_t room = count < LIST_MAX ? (size_t)count : LIST_MAX;
    *list_out = arena_take(arena, (room + 1) * sizeof **list_out);
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        account_read(&rows, arena, &(*list_out)[(*count_out)++]);
    }
    return step != DB_FAILED;
}

bool account_password_set(struct db *db, int64_t id, const char *password_hash, struct error *error)
{
    static const char SQL[] = "UPDATE account SET password_hash = $2 WHERE id = $1";
    static const char SQL_SESSIONS[] = "DELETE FROM session WHERE account_id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(id), DB_TEXT(password_hash)), NULL, error) &&
           db_run(db, SQL_SESSIONS, DB_VALUES(DB_INT(id)), NULL, error);
}

bool session_add(struct db *db, const char *token_hash, int64_t account_id, const char *peer,
                 time_ms now, time_ms expires_at, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO session (token_hash, account_id, created_at, seen_at, expires_at, peer)"
        " VALUES ($1, $2, $3, $3, $4, $5)";

    return db_run(db, SQL,
                  DB_VALUES(DB_TEXT(token_hash), DB_INT(account_id), DB_INT(now),
                            DB_INT(expires_at), DB_TEXT(peer)),
                  NULL, error);
}

bool session_find(struct db *db, struct arena *arena, const char *token_hash, time_ms now,
                  struct account **found_out, struct error *error)
{
    static const char SQL[] =
        "SELECT " ACCOUNT_COLUMNS " JOIN session ON session.account_id = account.id"
        " WHERE session.token_hash = $1 AND session.expires_at > $2 AND session.created_at <= $3"
        " AND account.is_disabled = 0";

    return account_get(db, arena, SQL,
                       DB_VALUES(DB_TEXT(token_hash), DB_INT(now), DB_INT(now + CLOCK_SKEW_MS)),
                       found_out, error);
}

bool token_find(struct db *db, struct arena *arena, const char *token_hash, time_ms now,
                struct account **found_out, struct error *error)
{
    static const char SQL[] =
        "SELECT api_token.id, api_token.tenant_id, tenant.subdomain, api_token.name, '',"
        " api_token.role, 0, api_token.created_at"
        " FROM api_token LEFT JOIN tenant ON tenant.id = api_token.tenant_id"
        " WHERE api_token.token_hash = $1"
        " AND (api_token.expires_at IS NULL OR api_token.expires_at > $2)";

    return account_get(db, arena, SQL, DB_VALUES(DB_TEXT(token_hash), DB_INT(now)), found_out,
                       error);
}

bool session_remove(struct db *db, const char *token_hash, struct error *error)
{
    static const char SQL[] = "DELETE FROM session WHERE token_hash = $1";

    return db_run(db, SQL, DB_VALUES(DB_TEXT(token_hash)), NULL, error);
}

bool session_sweep(struct db *db, time_ms now, struct error *error)
{
    static const char SQL[] = "DELETE FROM session WHERE expires_at <= $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(now)), NULL, error);
}

bool token_add(struct db *db, const struct token_row *token, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO api_token (id, token_hash, tenant_id, name, role, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(token->id), DB_TEXT(token->token_hash),
                            token->tenant_id != 0 ? DB_INT(token->tenant_id) : DB_NULL,
                            DB_TEXT(token->name), DB_TEXT(token->role), DB_INT(token->created_at),
                            token->expires_at > 0 ? DB_INT(token->expires_at) : DB_NULL),
                  NULL, error);
}

bool token_list(struct db *db, struct arena *arena, struct token_row **list_out, size_t *count_out,
                struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM api_token";
    static const char SQL[] =
        "SELECT api_token.id, api_token.tenant_id, tenant.subdomain, api_token.name,"
        " api_token.role, api_token.created_at, api_token.expires_at"
        " FROM api_token LEFT JOIN tenant ON tenant.id = api_token.tenant_id ORDER BY api_token.id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    int64_t count = 0;

    *count_out = 0;
    if (!db_run_number(db, SQL_COUNT, DB_NO_VALUES, 0, &count, error) ||
        !db_query(db, SQL, DB_NO_VALUES, &rows, error)) {
        return false;
    }
    size_t room = count < LIST_MAX ? (size_t)count : LIST_MAX;
    *list_out = arena_take(arena, (room + 1) * sizeof **list_out);
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        (*list_out)[(*count_out)++] = (struct token_row){
            .id = db_int(&rows, 0),
            .tenant_id = db_int(&rows, 1),
            .tenant = arena_copy_text(arena, db_text(&rows, 2)),
            .name = arena_copy_text(arena, db_text(&rows, 3)),
            .role = arena_copy_text(arena, db_text(&rows, 4)),
            .created_at = db_int(&rows, 5),
            .expires_at = db_int(&rows, 6),
        };
    }
    return step != DB_FAILED;
}

bool token_remove(struct db *db, int64_t id, bool *removed_out, struct error *error)
{
    static const char SQL[] = "DELETE FROM api_token WHERE id = $1";
    int64_t changed = 0;

    if (!db_run(db, SQL, DB_VALUES(DB_INT(id)), &changed, error)) {
        return false;
    }
    *removed_out = changed == 1;
    return true;
}
