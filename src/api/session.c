/* Who may come in: webhooks by their secret, people by session, machines by token. And signing in
 * and out. */
#include <stdio.h>
#include <string.h>

#include "api/inside.h"
#include "auth/csrf.h"
#include "auth/password.h"
#include "auth/token.h"
#include "core/json.h"
#include "core/log.h"
#include "core/rowid.h"

static const char COOKIE[] = "audiapro_session";
static const time_ms SESSION_LIFE = 12 * (time_ms)HOUR_MS;

void api_failed(struct http_request *request, const struct error *error)
{
    log_error("api.failed", "path", http_request_path(request), "error", error->message, NULL);
    http_answer_problem(request, 503, "unavailable", "the database does not answer; try again");
}

/* ---- Admission ---- */

static bool webhook_admit(struct api *api, struct http_request *request)
{
    struct directory_entry entry;
    struct error error;
    bool is_found = false;
    const char *user = NULL;
    const char *secret = http_request_parameter(request, "secret");
    const char *subdomain = http_request_parameter(request, "subdomain");

    if (!directory_find(api->directory, subdomain, NULL, &entry, &is_found, &error)) {
        http_header_add(request, "Retry-After", "5");
        api_failed(request, &error);
        return false;
    }
    if (!is_found || entry.is_suspended) {
        http_answer_problem(request, 404, "unknown_tenant", "no tenant has the subdomain '%s'",
                            subdomain);
        return false;
    }
    if (secret == NULL && !http_request_basic(request, &user, &secret)) {
        secret = http_request_bearer(request);
    }
    if (!directory_admits(api->directory, &entry, secret)) {
        http_header_add(request, "WWW-Authenticate", "Basic realm=\"AudiaPro webhook\"");
        http_answer_problem(request, 401, "wrong_secret",
                            "the webhook secret is missing or wrong; it goes into the path, the "
                            "Basic password or a Bearer token");
        return false;
    }
    return true;
}

static bool account_of_request(struct api *api, struct http_request *request,
                               struct account **account_out, const char **session_out,
                               struct error *error)
{
    char hash[SHA256_TEXT_SIZE];
    const char *token = http_request_bearer(request);
    const char *session = http_request_cookie(request, COOKIE);
    struct arena *arena = http_request_arena(request);

    *account_out = NULL;
    *session_out = NULL;
    if (token == NULL && session == NULL) {
        return true;
    }
    struct db *db = pool_take(&api->pool);
    bool is_fine =
        token != NULL
            ? token_find(db, arena, token_hash(token, hash), time_now(), account_out, error)
            : session_find(db, arena, token_hash(session, hash), time_now(), account_out, error);
    pool_give(&api->pool, db);
    *session_out = token == NULL ? session : NULL;
    return is_fine;
}

static bool is_change(const struct http_request *request)
{
    const char *method = http_request_method(request);

    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

static struct visitor *visitor_make(struct http_request *request, const struct account *account,
                                    const char *session)
{
    struct visitor *visitor = arena_take(http_request_arena(request), sizeof *visitor);

    *visitor = (struct visitor){ .tenant_id = account->tenant_id,
                                 .tenant = account->tenant,
                                 .account_id = account->id,
                                 .email = account->email,
                                 .session_token = session };
    if (!role_find(account->role, &visitor->role)) {
        visitor->role = ROLE_NOBODY;
    }
    return visitor;
}

bool api_admit(struct http_request *request, const struct http_route *route, void *context)
{
    struct api *api = context;
    struct account *account = NULL;
    const char *session = NULL;
    struct error error;
    enum role need = (enum role)route->access;

    if (need == ROLE_NOBODY) {
        return true;
    }
    if (need == ROLE_WEBHOOK) {
        return webhook_admit(api, request);
    }
    if (!account_of_request(api, request, &account, &session, &error)) {
        api_failed(request, &error);
        return false;
    }
    if (account == NULL) {
        http_answer_problem(request, 401, "not_signed_in", "sign in, or send a valid API token");
        return false;
    }
    struct visitor *visitor = visitor_make(request, account, session);
    if (!role_allows(visitor->role, need)) {
        http_answer_problem(request, 403, "not_allowed", "this needs the role %s", role_name(need));
        return false;
    }
    if (is_change(request) && session != NULL &&
        !csrf_check(api->csrf_key, session, http_request_header(request, "X-CSRF-Token"))) {
        http_answer_problem(request, 403, "csrf", "the X-CSRF-Token header is missing or wrong");
        return false;
    }
    http_request_user_set(request, visitor);
    return true;
}

bool api_tenant(struct api *api, struct db *db, struct http_request *request,
                int64_t *tenant_id_out)
{
    static const char SQL[] = "SELECT id FROM tenant WHERE subdomain = $1";
    static const char SQL_ONLY[] =
        "SELECT CASE WHEN count(*) = 1 THEN min(id) ELSE 0 END FROM tenant";
    const struct visitor *visitor = http_request_user(request);
    const char *subdomain = http_request_query(request, "tenant");
    struct error error;

    (void)api;
    if (visitor->tenant_id != 0) {
        *tenant_id_out = visitor->tenant_id;
        return true;
    }
    bool is_named = subdomain != NULL && subdomain[0] != '\0';
    if (!db_run_number(db, is_named ? SQL : SQL_ONLY, DB_VALUES(DB_TEXT(subdomain)), 0,
                       tenant_id_out, &error)) {
        api_failed(request, &error);
        return false;
    }
    if (is_named && *tenant_id_out == 0) {
        http_answer_problem(request, 404, "unknown_tenant", "there is no such tenant");
        return false;
    }
    return true;
}

/* ---- Signing in ---- */

static json_t *session_shape(const struct api *api, const struct account *account,
                             const char *token)
{
    char id[ROW_ID_TEXT_SIZE];
    char csrf[CSRF_TOKEN_SIZE];

    return json_pack("{s:{s:s, s:s, s:s, s:s?}, s:s}", "user", "id", row_id_print(account->id, id),
                     "email", account->email, "role", account->role, "tenant", account->tenant,
                     "csrf_token", csrf_make(api->csrf_key, token, csrf));
}

static void cookie_set(struct http_request *request, const char *token, int64_t life_s)
{
    const char *proto = http_request_header(request, "X-Forwarded-Proto");
    bool is_tls = proto != NULL && strcmp(proto, "https") == 0;

    http_header_add(request, "Set-Cookie",
                    arena_print(http_request_arena(request),
                                "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", COOKIE,
                                token, (long long)life_s, is_tls ? "; Secure" : ""));
}

/* One throttle for the account and one for the address. False: answered. */
static bool login_throttled(struct api *api, struct http_request *request, const char *account_key,
                            const char *address_key)
{
    int64_t wait_ms = 0;
    int64_t now_ms = time_monotonic_ms();

    if (throttle_take(api->throttle, account_key, now_ms, &wait_ms) &&
        throttle_take(api->throttle, address_key, now_ms, &wait_ms)) {
        return true;
    }
    http_header_add(
        request, "Retry-After",
        arena_print(http_request_arena(request), "%lld", (long long)(wait_ms / SECOND_MS + 1)));
    http_answer_problem(request, 429, "login_throttled",
                        "too many attempts; try again in %lld minutes",
                        (long long)(wait_ms / MINUTE_MS + 1));
    return false;
}

static void login_grant(struct api *api, struct http_request *request, struct db *db,
                        const struct account *account)
{
    char token[TOKEN_SIZE];
    char hash[SHA256_TEXT_SIZE];
    struct error error;
    time_ms now = time_now();

    IGNORE(token_make("", token), "returns its argument");
    if (!session_add(db, token_hash(token, hash), account->id, http_request_peer(request), now,
                     now + SESSION_LIFE, &error)) {
        api_failed(request, &error);
        return;
    }
    log_info("login.accepted", "user", account->email, "peer", http_request_peer(request), NULL);
    cookie_set(request, token, SESSION_LIFE / SECOND_MS);
    http_answer_json(request, 200, session_shape(api, account, token));
    secret_wipe(token, sizeof token);
}

/* Takes as long for an account that is not there (NULL) as for a wrong password. */
static bool password_fits(const struct account *account, const char *password)
{
    if (account == NULL) {
        return password_check_dummy(password);
    }
    return password_check(password, account->password_hash) && !account->is_disabled;
}

static void login_try(struct api *api, struct http_request *request, const char *email,
                      const char *password)
{
    struct account *account = NULL;
    struct error error;
    struct arena *arena = http_request_arena(request);
    const char *account_key = arena_print(arena, "account/%s", email);
    const char *address_key = arena_print(arena, "address/%s", http_request_peer(request));

    if (!login_throttled(api, request, account_key, address_key)) {
        return;
    }
    struct db *db = pool_take(&api->pool);
    if (!account_find(db, arena, email, &account, &error)) {
        api_failed(request, &error);
    } else if (!password_fits(account, password)) {
        log_warn("login.refused", "user", email, "peer", http_request_peer(request), NULL);
        http_answer_problem(request, 401, "login_refused",
                            "the e-mail address or password is wrong");
    } else {
        throttle_clear(api->throttle, account_key);
        throttle_give_back(api->throttle, address_key);
        login_grant(api, request, db, account);
    }
    pool_give(&api->pool, db);
}

void session_login(struct http_request *request, void *context)
{
    struct error error;
    size_t size = 0;
    const char *body = http_request_body(request, &size);
    AUTO(json_release) json_t *json = json_read(body, size, &error);
    const char *email = json_text(json, "email", NULL);
    const char *password = json_text(json, "password", NULL);

    if (email == NULL || password == NULL || strlen(email) > 254 ||
        strlen(password) > PASSWORD_SIZE_MAX) {
        http_answer_problem(request, 400, "bad_request",
                            "send {\"email\":\"…\",\"password\":\"…\"} as JSON");
        return;
    }
    login_try(context, request, email, password);
}

void session_logout(struct http_request *request, void *context)
{
    struct api *api = context;
    const struct visitor *visitor = http_request_user(request);
    char hash[SHA256_TEXT_SIZE];
    struct error error;

    if (visitor->session_token != NULL) {
        struct db *db = pool_take(&api->pool);
        bool is_removed = session_remove(db, token_hash(visitor->session_token, hash), &error);
        pool_give(&api->pool, db);
        if (!is_removed) {
            api_failed(request, &error);
            return;
        }
    }
    cookie_set(request, "", 0);
    http_answer(request, 204, NULL, NULL, 0);
}

void session_me(struct http_request *request, void *context)
{
    const struct visitor *visitor = http_request_user(request);
    struct account account = { .id = visitor->account_id,
                               .email = visitor->email,
                               .role = role_name(visitor->role),
                               .tenant = visitor->tenant };
    const char *session = visitor->session_token != NULL ? visitor->session_token : "";

    http_answer_json(request, 200, session_shape(context, &account, session));
}
