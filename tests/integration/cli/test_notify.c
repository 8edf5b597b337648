/* Alarms on their way: signed webhooks to a receiver that answers, fails, hangs or goes; mails
 * through a real mail server; and no secret anywhere but where it belongs. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "alarms.h"
#include "core/encode.h"
#include "net/certificate.h"
#include "receiver.h"

#define MAIL_PASSWORD "canary-71c5-of-the-mail-server"

/* ---- Little helpers of this file ---- */

struct post {
    struct scene scene;
    struct receiver *receiver;
    struct text secrets; /* Every whsec_ that was shown, one a line. */
    char mail_folder[96];
    int mail_port;
    pid_t mail_pid;
};

static int post_setup(void **state)
{
    struct post *post = memory_new(sizeof *post);
    struct server *server = &post->scene.server;

    *state = post;
    scene_make(&post->scene, NULL);
    post->receiver = receiver_start();
    post->secrets = TEXT_UP_TO(64 * KIB);
    server_set(server, "WATCH_INTERVAL", "1s");
    server_set(server, "AUDIT_INTERVAL", "0");
    server_set(server, "NOTIFY_ALLOWED_NETWORKS", "127.0.0.1/32");
    server_set(server, "NOTIFY_SCHEDULE", "1s,1s,1s");
    return 0;
}

static int served_setup(void **state)
{
    IGNORE(post_setup(state), "always 0");
    server_start(&((struct post *)*state)->scene.server);
    return 0;
}

static bool folder_has(const char *folder, const char *secret)
{
    AUTO(text_clear) struct text command = TEXT_UP_TO(1024);

    text_print(&command, "grep -rqaF -e '%s' %s", secret, folder);
    return system(text_get(&command)) == 0;
}

/* No secret of a target and no password lies open in the database, its log, or the log. */
static void secrets_check(struct post *post)
{
    struct server *server = &post->scene.server;

    assert_true(log_has(server, "alarm.told"));
    for (const char *line = text_get(&post->secrets); line[0] != '\0';) {
        char secret[64];
        size_t size = strcspn(line, "\n");
        IGNORE(snprintf(secret, sizeof secret, "%.*s", (int)size, line), "fits");
        assert_false(folder_has(server->data, secret));
        assert_false(log_has(server, secret));
        line += size + (line[size] == '\n');
    }
    assert_false(folder_has(server->data, MAIL_PASSWORD));
    assert_false(log_has(server, MAIL_PASSWORD));
}

static int post_teardown(void **state)
{
    struct post *post = *state;

    if (post->mail_pid > 0) {
        (void)kill(post->mail_pid, SIGTERM);
        (void)waitpid(post->mail_pid, NULL, 0);
    }
    scene_end(&post->scene);
    receiver_stop(post->receiver);
    text_clear(&post->secrets);
    free(post);
    return 0;
}

/* A target for all alarms; its id, and where it has one its secret. */
static void target_add_json(struct post *post, const char *body, char id_out[32],
                            char secret_out[64])
{
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask(&post->scene.server, "/api/alarm-targets", body, &reply);
    if (reply.status != 201) {
        fail_msg("HTTP %ld: %s", reply.status, text_get(&reply.body));
    }
    IGNORE(snprintf(id_out, 32, "%s", text_at(reply.json, "id")), "fits");
    IGNORE(snprintf(secret_out, 64, "%s", text_at(reply.json, "secret")), "fits");
    text_print(&post->secrets, "%s%s", secret_out, secret_out[0] != '\0' ? "\n" : "");
}

static void webhook_add(struct post *post, const char *path, char id_out[32], char secret_out[64])
{
    char body[256];

    IGNORE(snprintf(body, sizeof body,
                    "{\"kind\":\"webhook\",\"address\":\"http://127.0.0.1:%d%s\"}",
                    post->receiver->port, path),
           "fits");
    target_add_json(post, body, id_out, secret_out);
}

static void email_add(struct post *post, const char *address, char id_out[32])
{
    char body[256];
    char secret[64];

    IGNORE(snprintf(body, sizeof body, "{\"kind\":\"email\",\"address\":\"%s\"}", address), "fits");
    target_add_json(post, body, id_out, secret);
    assert_string_equal(secret, "");
}

static void target_test(const struct post *post, const char *id)
{
    char path[128];
    AUTO(reply_clear) struct reply reply = { 0 };

    IGNORE(snprintf(path, sizeof path, "/api/alarm-targets/%s/test", id), "fits");
    server_ask(&post->scene.server, path, "{}", &reply);
    assert_int_equal(reply.status, 202);
}

/* Until the target's newest delivery is in that state after that many tries (-1: any number); the
 * delivery, yours to release. */
static json_t *delivery_wait(const struct post *post, const char *id, const char *state, int tries)
{
    int64_t until_ms = time_monotonic_ms() + 2 * SETTLE_MS;
    char path[128];

    IGNORE(snprintf(path, sizeof path, "/api/alarm-targets/%s/deliveries", id), "fits");
    for (;;) {
        AUTO(json_release) json_t *answer = server_get(&post->scene.server, path);
        json_t *delivery = json_at(answer, "deliveries.0");
        if (delivery != NULL && strcmp(text_at(delivery, "state"), state) == 0 &&
            (tries < 0 || json_array_size(json_at(delivery, "tries")) == (size_t)tries)) {
            return json_incref(delivery);
        }
        if (time_monotonic_ms() > until_ms) {
            AUTO(free) char *text = json_dumps(answer, JSON_INDENT(1));
            log_show(&post->scene.server);
            fail_msg("the delivery is not '%s' after %d tries: %s", state, tries, text);
        }
        time_sleep_ms(4 * LOOK_MS);
    }
}

/* Judged by OpenSSL's own HMAC, as a receiver would. */
static void signature_check(const struct received *request, const char *secret)
{
    char id[256];
    char at[256];
    char given[256];
    uint8_t key[64];
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t key_size = 0;
    unsigned digest_size = 0;
    AUTO(text_clear) struct text signed_text = TEXT_UP_TO(64 * KIB);
    AUTO(text_clear) struct text wanted = TEXT_UP_TO(256);

    IGNORE(received_header(request, "webhook-id", id), "below");
    IGNORE(received_header(request, "webhook-timestamp", at), "below");
    IGNORE(received_header(request, "webhook-signature", given), "below");
    assert_true(strncmp(id, "msg_", 4) == 0);
    assert_in_range(strtoll(at, NULL, 10), time_now() / 1000 - 60, time_now() / 1000);
    assert_true(strncmp(secret, "whsec_", 6) == 0);
    assert_true(decode_base64(secret + 6, strlen(secret) - 6, key, &key_size));
    text_print(&signed_text, "%s.%s.%s", id, at, text_get(&request->body));
    assert_non_null(HMAC(EVP_sha256(), key, (int)key_size,
                         (const unsigned char *)text_get(&signed_text), signed_text.size, digest,
                         &digest_size));
    text_add(&wanted, "v1,");
    encode_base64(digest, digest_size, false, &wanted);
    assert_string_equal(given, text_get(&wanted));
}

/* ---- Webhooks ---- */

static void an_alarm_is_told_when_raised_and_when_cleared(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    char id[32];
    char secret[64];
    char value[256];
    struct error error = { 0 };

    webhook_add(post, "/ok", id, secret);
    change(server, "INSERT INTO audit (id, tenant_id, is_whole, started_at, ended_at, "
                   "violation_count, content)"
                   " VALUES (9000000000000000001, 0, 1, 1, 1770325200000, 7, '{}');");
    const struct received *raised = received_wait(post->receiver, "/ok", 1);
    signature_check(raised, secret);
    assert_string_equal(received_header(raised, "Content-Type", value), "application/json");
    AUTO(json_release)
    json_t *message = json_read(text_get(&raised->body), raised->body.size, &error);
    assert_string_equal(text_at(message, "type"), "alarm.raised");
    assert_string_equal(text_at(message, "data.alarm.kind"), "audit_violation");
    assert_string_equal(text_at(message, "data.alarm.since"), "2026-02-05T21:00:00Z");
    assert_non_null(strstr(text_at(message, "data.alarm.detail"), "7 violations"));
    json_decref(delivery_wait(post, id, "delivered", 1));

    change(server, "UPDATE audit SET violation_count = 0;");
    const struct received *cleared = received_wait(post->receiver, "/ok", 2);
    signature_check(cleared, secret);
    AUTO(json_release)
    json_t *over = json_read(text_get(&cleared->body), cleared->body.size, &error);
    assert_string_equal(text_at(over, "type"), "alarm.cleared");
    assert_string_equal(text_at(over, "data.alarm.id"), text_at(message, "data.alarm.id"));
    assert_true(strlen(text_at(over, "data.alarm.cleared_at")) > 10);
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "delivered", 1);
    assert_string_equal(text_at(delivery, "event"), "alarm.cleared");
    assert_string_equal(text_at(delivery, "alarm_id"), text_at(message, "data.alarm.id"));
    assert_true(number_at(delivery, "tries.0.status") == 200);
    assert_string_equal(text_at(delivery, "tries.0.answer"), "fine.");
    time_sleep_ms(3 * SECOND_MS);
    assert_int_equal(received_count(post->receiver, "/ok"), 2);
    secrets_check(post);
}

/* Both tenants have an alarm; each target hears its own, the operator's hears both. */
static void targets_hear_what_is_theirs(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    static const char *const paths[] = { "/ok-default", "/ok-other", "/ok-all" };
    static const char *const tenants[] = { "default", "other", NULL };
    static const size_t wanted[] = { 1, 1, 3 };

    server_must(server, &(struct command){ .arguments = { "tenant", "create", "other" } }, NULL);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        char url[96];
        IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d%s", post->receiver->port, paths[i]),
               "fits");
        struct command command = { .arguments = { "alarms", "add", "--webhook", url, "--json" } };
        if (tenants[i] != NULL) {
            command.arguments[5] = "--tenant";
            command.arguments[6] = tenants[i];
        }
        server_must(server, &command, NULL);
    }
    change(server, "UPDATE pbx SET stop_reason = 'login_refused', stopped_at = 1770325200000;"
                   "INSERT INTO audit (id, tenant_id, is_whole, started_at, ended_at, "
                   "violation_count, content)"
                   " VALUES (9000000000000000001, 0, 1, 1, 1770325200000, 7, '{}');");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        IGNORE(received_wait(post->receiver, paths[i], wanted[i]), "it came");
    }
    time_sleep_ms(2 * SECOND_MS);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        assert_int_equal(received_count(post->receiver, paths[i]), wanted[i]);
        const char *others = i == 0 ? "\"tenant\":\"other\"" : "\"tenant\":\"default\"";
        const struct received *first = received_wait(post->receiver, paths[i], 1);
        assert_true(i == 2 || strstr(text_get(&first->body), others) == NULL);
    }
}

static void what_fails_is_tried_again_with_the_same_id(void **state)
{
    struct post *post = *state;
    char id[32];
    char secret[64];
    char first[256];
    char last[256];

    webhook_add(post, "/flaky", id, secret);
    target_test(post, id);
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "delivered", 3);
    const struct received *one = received_wait(post->receiver, "/flaky", 1);
    const struct received *three = received_wait(post->receiver, "/flaky", 3);
    assert_string_equal(received_header(one, "webhook-id", first),
                        received_header(three, "webhook-id", last));
    assert_true(three->at_ms - one->at_ms >= 2 * SECOND_MS);
    signature_check(one, secret);
    signature_check(three, secret);
    assert_true(number_at(delivery, "tries.0.status") == 500);
    assert_string_equal(text_at(delivery, "tries.0.answer"), "no. database");
    assert_true(number_at(delivery, "tries.2.status") == 200);
    secrets_check(post);
}

static void what_always_fails_is_given_up_after_the_schedule(void **state)
{
    struct post *post = *state;
    char id[32];
    char secret[64];

    webhook_add(post, "/fail", id, secret);
    target_test(post, id);
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "failed", 4);
    assert_true(json_is_null(json_object_get(delivery, "next_try_at")));
    assert_false(json_is_null(json_object_get(delivery, "settled_at")));
    time_sleep_ms(2 * SECOND_MS);
    assert_int_equal(received_count(post->receiver, "/fail"), 4);
}

static void a_redirect_is_not_followed(void **state)
{
    struct post *post = *state;
    char id[32];
    char secret[64];

    webhook_add(post, "/elsewhere", id, secret);
    target_test(post, id);
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "failed", 4);
    assert_true(number_at(delivery, "tries.0.status") == 302);
    assert_non_null(strstr(text_at(delivery, "tries.0.detail"), "not followed"));
    assert_int_equal(received_count(post->receiver, "/ok"), 0);
}

static void retry_after_is_obeyed(void **state)
{
    struct post *post = *state;
    char id[32];
    char secret[64];

    webhook_add(post, "/busy", id, secret);
    target_test(post, id);
    json_decref(delivery_wait(post, id, "delivered", 2));
    assert_true(received_wait(post->receiver, "/busy", 2)->at_ms -
                    received_wait(post->receiver, "/busy", 1)->at_ms >=
                3 * SECOND_MS);
}

static void gone_switches_the_target_off_until_a_test_is_taken(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    char id[32];
    char secret[64];
    char sql[256];

    webhook_add(post, "/gone", id, secret);
    target_test(post, id);
    json_decref(delivery_wait(post, id, "failed", 1));
    AUTO(json_release) json_t *off = server_get(server, "/api/alarm-targets");
    assert_non_null(strstr(text_at(off, "targets.0.disabled_reason"), "410"));
    change(server, "INSERT INTO audit (id, tenant_id, is_whole, started_at, ended_at, "
                   "violation_count, content)"
                   " VALUES (9000000000000000001, 0, 1, 1, 1770325200000, 7, '{}');");
    time_sleep_ms(5 * SECOND_MS);
    assert_int_equal(received_count(post->receiver, "/gone"), 1);
    assert_int_equal(server_number(server, "SELECT count(*) FROM alarm WHERE is_pending = 0", NULL),
                     1);
    /* Whoever keeps the receiver has mended it. */
    IGNORE(snprintf(sql, sizeof sql, "UPDATE alarm_target SET address = 'http://127.0.0.1:%d/ok';",
                    post->receiver->port),
           "fits");
    change(server, sql);
    target_test(post, id);
    json_decref(delivery_wait(post, id, "delivered", 1));
    AUTO(json_release) json_t *on = server_get(server, "/api/alarm-targets");
    assert_true(json_is_null(json_at(on, "targets.0.disabled_at")));
}

static void a_receiver_that_hangs_or_is_away_holds_up_nobody(void **state)
{
    struct post *post = *state;
    char hanging[32];
    char away[32];
    char fine[32];
    char secret[64];
    char body[128];

    webhook_add(post, "/hang", hanging, secret);
    webhook_add(post, "/ok", fine, secret);
    IGNORE(snprintf(body, sizeof body,
                    "{\"kind\":\"webhook\",\"address\":\"http://127.0.0.1:%d/\"}", port_free()),
           "fits");
    target_add_json(post, body, away, secret);
    target_test(post, hanging);
    IGNORE(received_wait(post->receiver, "/hang", 1), "it hangs");
    target_test(post, fine);
    target_test(post, away);
    json_decref(delivery_wait(post, fine, "delivered", 1));
    AUTO(json_release) json_t *refused = delivery_wait(post, away, "failed", 4);
    assert_true(json_is_null(json_at(refused, "tries.0.status")));
    assert_non_null(strstr(text_at(refused, "tries.0.detail"), "no answer"));
    AUTO(json_release) json_t *slow = delivery_wait(post, hanging, "waiting", 1);
    assert_in_range((uintmax_t)number_at(slow, "tries.0.duration_ms"), 19000, 25000);
}

static void a_network_that_is_not_allowed_gets_nothing(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    char id[32];
    char secret[64];

    server_set(server, "NOTIFY_ALLOWED_NETWORKS", NULL);
    server_start(server);
    webhook_add(post, "/ok", id, secret);
    target_test(post, id);
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "failed", 4);
    assert_non_null(strstr(text_at(delivery, "tries.0.detail"), "NOTIFY_ALLOWED_NETWORKS"));
    assert_int_equal(received_count(post->receiver, "/ok"), 0);
}

/* Killed between an answer and its settling, or at any moment: told in the end. */
static void a_killed_role_tells_it_all_the_same(void **state)
{
    struct post *post = *state;
    char id[32];
    char secret[64];

    webhook_add(post, "/flaky", id, secret);
    target_test(post, id);
    IGNORE(received_wait(post->receiver, "/flaky", 1), "it came");
    IGNORE(role_kill(&post->scene.server, "collect"), "it starts again");
    json_decref(delivery_wait(post, id, "delivered", -1));
}

static void a_removed_target_hears_nothing(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    char id[32];
    char secret[64];
    AUTO(text_clear) struct text output = TEXT_UP_TO(4096);

    webhook_add(post, "/fail", id, secret);
    target_test(post, id);
    IGNORE(received_wait(post->receiver, "/fail", 1), "it came");
    server_must(server, &(struct command){ .arguments = { "alarms", "remove", id } }, &output);
    size_t count = received_count(post->receiver, "/fail");
    time_sleep_ms(3 * SECOND_MS);
    assert_in_range(received_count(post->receiver, "/fail"), count, count + 1);
    assert_int_equal(server_number(server,
                                   "SELECT (SELECT count(*) FROM delivery) + (SELECT count(*)"
                                   " FROM delivery_try) + (SELECT count(*) FROM lane WHERE stage ="
                                   " 'notify') + (SELECT count(*) FROM alarm_target)",
                                   NULL),
                     0);
}

static void tests_that_nobody_takes_have_an_end(void **state)
{
    enum { WAITING_MAX = 20 };
    struct post *post = *state;
    char id[32];
    char secret[64];
    char path[128];
    AUTO(reply_clear) struct reply reply = { 0 };

    webhook_add(post, "/hang", id, secret); /* One at a time is sent: the others wait. */
    IGNORE(snprintf(path, sizeof path, "/api/alarm-targets/%s/test", id), "fits");
    for (int i = 0; i < WAITING_MAX; i++) {
        target_test(post, id);
    }
    server_ask(&post->scene.server, path, "{}", &reply);
    assert_int_equal(reply.status, 429);
    assert_string_equal(text_at(reply.json, "code"), "too_many_waiting");
    server_must(&post->scene.server, &(struct command){ .arguments = { "alarms", "remove", id } },
                NULL);
}

/* ---- Mail ---- */

static void certificate_make(const char *folder)
{
    char command[512];

    IGNORE(snprintf(command, sizeof command,
                    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
                    " -days 2 -subj /CN=mail.test -keyout %s/key.pem -out %s/cert.pem 2>/dev/null",
                    folder, folder),
           "fits");
    assert_int_equal(system(command), 0);
}

static void mail_password_set(const struct post *post, const char *password)
{
    char path[128];
    struct error error = { 0 };

    IGNORE(snprintf(path, sizeof path, "%s/password", post->mail_folder), "fits");
    assert_true(file_write(path, password, strlen(password), 0600, &error));
}

/* Its folder, its certificate, the settings that lead there. It does not run yet. */
static void mail_make(struct post *post)
{
    struct server *server = &post->scene.server;
    char path[128];
    char value[128];
    char pin[NET_PIN_SIZE];
    char text[400];
    char hex[2 * SHA256_SIZE + 1];
    uint8_t digest[64];
    size_t size = 0;
    AUTO(free) char *pem = NULL;
    struct error error = { 0 };

    IGNORE(snprintf(post->mail_folder, sizeof post->mail_folder, "%s/mail", server->folder),
           "fits");
    assert_true(folder_make(post->mail_folder, &error));
    certificate_make(post->mail_folder);
    IGNORE(snprintf(path, sizeof path, "%s/cert.pem", post->mail_folder), "fits");
    assert_true(file_read(path, 64 * KIB, &pem, &size, &error));
    assert_true(certificate_describe(pem, pin, text, sizeof text));
    assert_true(decode_base64(pin + 8, strlen(pin) - 8, digest, &size));
    post->mail_port = port_free();
    mail_password_set(post, MAIL_PASSWORD);
    IGNORE(snprintf(value, sizeof value, "smtp://127.0.0.1:%d", post->mail_port), "fits");
    server_set(server, "SMTP_URL", value);
    server_set(server, "SMTP_FROM", "audiapro@example.test");
    server_set(server, "SMTP_USERNAME", "shop");
    IGNORE(snprintf(path, sizeof path, "%s/given", post->mail_folder), "fits");
    assert_true(file_write(path, MAIL_PASSWORD, strlen(MAIL_PASSWORD), 0600, &error));
    server_set(server, "SMTP_PASSWORD_FILE", path);
    server_set(server, "SMTP_TLS_PIN", encode_hex(digest, SHA256_SIZE, hex));
}

static void mail_start(struct post *post)
{
    char port[16];
    char ready[128];
    int64_t until_ms = time_monotonic_ms() + READY_MS;

    IGNORE(snprintf(port, sizeof port, "%d", post->mail_port), "fits");
    IGNORE(snprintf(ready, sizeof ready, "%s/ready", post->mail_folder), "fits");
    post->mail_pid = fork();
    if (post->mail_pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)execl("/usr/bin/python3", "python3", "tests/integration/cli/mail_server.py",
                    post->mail_folder, port, (char *)NULL);
        _exit(127);
    }
    assert_true(post->mail_pid > 0);
    while (access(ready, F_OK) != 0) {
        if (waitpid(post->mail_pid, NULL, WNOHANG) != 0 || time_monotonic_ms() > until_ms) {
            fail_msg("the mail server does not start (Debian: python3-aiosmtpd)");
        }
        time_sleep_ms(LOOK_MS);
    }
}

static int mail_setup(void **state)
{
    IGNORE(post_setup(state), "always 0");
    struct post *post = *state;
    mail_make(post);
    mail_start(post);
    server_start(&post->scene.server);
    return 0;
}

/* Mail number `n`, envelope first; yours. */
static char *mail_wait(const struct post *post, int number)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;
    char path[128];
    char *content = NULL;
    size_t size = 0;
    struct error error = { 0 };

    IGNORE(snprintf(path, sizeof path, "%s/mail-%d", post->mail_folder, number), "fits");
    while (!file_read(path, 1 * MIB, &content, &size, &error)) {
        if (time_monotonic_ms() > until_ms) {
            log_show(&post->scene.server);
            fail_msg("mail %d did not come", number);
        }
        time_sleep_ms(LOOK_MS);
    }
    return content;
}

static void a_mail_is_delivered_over_tls_with_a_login(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    char id[32];

    email_add(post, "owner@shop.test", id);
    change(server, "UPDATE tenant SET name = 'x';"
                   "UPDATE pbx SET name = 'Gr\xc3\xbcn', stop_reason = 'login_refused',"
                   " stopped_at = 1770325200000;");
    AUTO(free) char *mail = mail_wait(post, 0);
    assert_non_null(strstr(mail, "audiapro@example.test -> owner@shop.test tls=True\n"));
    assert_non_null(strstr(mail, "\nFrom: AudiaPro <audiapro@example.test>\r\n"));
    assert_non_null(strstr(mail, "\nTo: <owner@shop.test>\r\n"));
    assert_non_null(strstr(mail, "\nSubject: =?UTF-8?B?"));
    assert_non_null(strstr(mail, "\nDate: "));
    assert_non_null(strstr(mail, "text/plain; charset=utf-8"));
    assert_non_null(strstr(mail, "2026-02-05T21:00:00Z"));
    assert_non_null(strstr(mail, "PBX Gr=C3=BCn"));
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "delivered", 1);
    char wanted[128];
    IGNORE(snprintf(wanted, sizeof wanted, "\nMessage-ID: <msg_%s@example.test>\r\n",
                    text_at(delivery, "id")),
           "fits");
    assert_non_null(strstr(mail, wanted));
    assert_true(number_at(delivery, "tries.0.status") == 250 ||
                number_at(delivery, "tries.0.status") == 221);
    secrets_check(post);
}

static void a_wrong_mail_password_is_said_and_not_hammered(void **state)
{
    struct post *post = *state;
    char id[32];
    time_ms next = 0;

    mail_password_set(post, "another-password");
    email_add(post, "owner@shop.test", id);
    target_test(post, id);
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "waiting", 1);
    assert_non_null(strstr(text_at(delivery, "tries.0.detail"), "SMTP_PASSWORD"));
    assert_true(number_at(delivery, "tries.0.status") == 535);
    assert_true(time_parse(text_at(delivery, "next_try_at"), &next));
    assert_in_range(next - time_now(), 29 * MINUTE_MS, 30 * MINUTE_MS);
    secrets_check(post);
    /* The password is corrected, and somebody tries it. */
    mail_password_set(post, MAIL_PASSWORD);
    target_test(post, id);
    json_decref(delivery_wait(post, id, "delivered", 1));
}

static void a_refused_recipient_is_final_and_a_greylisted_one_is_not(void **state)
{
    struct post *post = *state;
    char nobody[32];
    char later[32];

    email_add(post, "nobody@shop.test", nobody);
    email_add(post, "later@shop.test", later);
    target_test(post, nobody);
    target_test(post, later);
    AUTO(json_release) json_t *refused = delivery_wait(post, nobody, "failed", 1);
    assert_non_null(strstr(text_at(refused, "tries.0.detail"), "refused the recipient"));
    assert_non_null(strstr(text_at(refused, "tries.0.detail"), "no such person here"));
    assert_true(number_at(refused, "tries.0.status") == 550);
    AUTO(json_release) json_t *put_off = delivery_wait(post, later, "delivered", 2);
    assert_true(number_at(put_off, "tries.0.status") == 451);
}

static void a_mail_server_that_is_down_is_tried_again(void **state)
{
    struct post *post = *state;
    char id[32];

    mail_make(post);
    server_start(&post->scene.server);
    email_add(post, "owner@shop.test", id);
    target_test(post, id);
    AUTO(json_release) json_t *waiting = delivery_wait(post, id, "waiting", 1);
    assert_non_null(strstr(text_at(waiting, "tries.0.detail"), "does not answer"));
    mail_start(post);
    json_decref(delivery_wait(post, id, "delivered", -1));
}

static void another_key_than_the_pinned_one_gets_no_password(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    char id[32];

    mail_make(post);
    server_set(server, "SMTP_TLS_PIN",
               "0000000000000000000000000000000000000000000000000000000000000000");
    mail_start(post);
    server_start(server);
    email_add(post, "owner@shop.test", id);
    target_test(post, id);
    AUTO(json_release) json_t *delivery = delivery_wait(post, id, "failed", 4);
    assert_non_null(strstr(text_at(delivery, "tries.0.detail"), "SMTP_TLS_PIN"));
    server_stop(server);
    server_set(server, "SMTP_TLS_PIN", NULL);
    server_start(server);
    target_test(post, id);
    AUTO(json_release) json_t *untrusted = delivery_wait(post, id, "failed", 4);
    assert_non_null(strstr(text_at(untrusted, "tries.0.detail"), "not trusted"));
}

static void wrong_mail_settings_stop_the_start(void **state)
{
    struct post *post = *state;
    struct server *server = &post->scene.server;
    AUTO(text_clear) struct text errors = TEXT_UP_TO(64 * KIB);
    struct command command = { .arguments = { "alarms", "list" } };

    server_set(server, "SMTP_URL", "http://mail.test");
    assert_int_equal(server_command(server, &command, NULL, &errors), 1);
    assert_non_null(strstr(text_get(&errors), "SMTP_URL: begins with smtp://"));
    server_set(server, "SMTP_URL", "smtp://mail.test:587");
    assert_int_equal(server_command(server, &command, NULL, &errors), 1);
    assert_non_null(strstr(text_get(&errors), "SMTP_FROM: "));
    server_set(server, "SMTP_FROM", "a@b.test\nBcc: all@b.test");
    assert_int_equal(server_command(server, &command, NULL, &errors), 1);
    server_set(server, "SMTP_FROM", "a@b.test");
    assert_int_equal(server_command(server, &command, NULL, &errors), 0);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, served_setup, post_teardown)
#define UNSERVED(test) cmocka_unit_test_setup_teardown(test, post_setup, post_teardown)
#define MAILED(test) cmocka_unit_test_setup_teardown(test, mail_setup, post_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(an_alarm_is_told_when_raised_and_when_cleared),
        SERVED(targets_hear_what_is_theirs),
        SERVED(what_fails_is_tried_again_with_the_same_id),
        SERVED(what_always_fails_is_given_up_after_the_schedule),
        SERVED(a_redirect_is_not_followed),
        SERVED(retry_after_is_obeyed),
        SERVED(gone_switches_the_target_off_until_a_test_is_taken),
        SERVED(a_receiver_that_hangs_or_is_away_holds_up_nobody),
        UNSERVED(a_network_that_is_not_allowed_gets_nothing),
        SERVED(a_killed_role_tells_it_all_the_same),
        SERVED(a_removed_target_hears_nothing),
        SERVED(tests_that_nobody_takes_have_an_end),
        MAILED(a_mail_is_delivered_over_tls_with_a_login),
        MAILED(a_wrong_mail_password_is_said_and_not_hammered),
        MAILED(a_refused_recipient_is_final_and_a_greylisted_one_is_not),
        UNSERVED(a_mail_server_that_is_down_is_tried_again),
        UNSERVED(another_key_than_the_pinned_one_gets_no_password),
        UNSERVED(wrong_mail_settings_stop_the_start),
    };
    return cmocka_run_group_tests_name("cli/notify", tests, NULL, NULL);
}
