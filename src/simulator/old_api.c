/* GET /cdrapi and GET /recapi behind HTTP Digest: the old "CDR/REC" API on its own port. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/encode.h"
#include "core/memory.h"
#include "simulator/sessions.h"
#include "simulator/tar.h"

enum { NAME_CUT = 256, MEMBERS_MAX = 64, LIST_MAX = 8192 };

bool simulator_address_is_permitted(const char *list, const char *peer)
{
    AUTO(free) char *copy = memory_copy_text(list);
    char *rest = NULL;
    struct in_addr address, base, mask;

    if (inet_pton(AF_INET, peer, &address) != 1) {
        return false;
    }
    for (char *item = strtok_r(copy, ", ", &rest); item != NULL;
         item = strtok_r(NULL, ", ", &rest)) {
        char *slash = strchr(item, '/');
        if (slash == NULL) {
            continue;
        }
        *slash = '\0';
        if (inet_pton(AF_INET, item, &base) == 1 && inet_pton(AF_INET, slash + 1, &mask) == 1 &&
            (address.s_addr & mask.s_addr) == (base.s_addr & mask.s_addr)) {
            return true;
        }
    }
    return false;
}

static void not_found_reply(struct simulator_reply *reply)
{
    simulator_reply_set(reply, 404, "text/html", "<html>404 Not Found</html>\n");
}

/* One "name=value". False when it is empty, repeated or undecodable. */
static bool pair_read(json_t *parameters, char *pair)
{
    char *equals = strchr(pair, '=');
    size_t size = equals != NULL ? strlen(equals + 1) : 0;

    if (size == 0) {
        return false;
    }
    *equals = '\0';
    char *value = equals + 1;
    if (!decode_percent(value, &size, true)) {
        return false;
    }
    value[size] = '\0';
    const char *before = json_text(parameters, pair, NULL);
    bool is_list = strcmp(pair, "caller") == 0 || strcmp(pair, "callee") == 0;
    if (before != NULL && !is_list) {
        return false;
    }
    json_t *whole = before != NULL ? json_sprintf("%s,%s", before, value) : json_string(value);
    return whole != NULL && json_object_set_new(parameters, pair, whole) == 0; /* UTF-8 or not. */
}

/* The query as an object of texts; *is_fair_out: all of it could be read. */
static json_t *query_parse(const char *query, bool *is_fair_out)
{
    json_t *parameters = json_object();
    AUTO(free) char *copy = memory_copy_text(query);
    char *cursor = *query != '\0' ? copy : NULL;

    *is_fair_out = true;
    while (cursor != NULL) {
        *is_fair_out = pair_read(parameters, strsep(&cursor, "&")) && *is_fair_out;
    }
    return parameters;
}

static void listing_reply(struct simulator *simulator, const char *filedirs,
                          struct simulator_reply *reply)
{
    AUTO(free) char *copy = memory_copy_text(filedirs);
    char *rest = NULL;

    simulator_reply_set(reply, 200, "text/csv", "directory,filename,size\n");
    for (char *filedir = strtok_r(copy, "@", &rest); filedir != NULL;
         filedir = strtok_r(NULL, "@", &rest)) {
        if (!simulator_filedir_is_known(filedir)) {
            not_found_reply(reply);
            return;
        }
        simulator_listing_add(simulator, filedir, true, &reply->body);
    }
    reply->size = reply->body.size;
}

/* Names with a space or ".." are skipped; names over 256 characters are cut. */
static int names_split(char *list, char *names[MEMBERS_MAX])
{
    char *rest = NULL;
    int count = 0;

    for (char *name = strtok_r(list, "@", &rest); name != NULL && count < MEMBERS_MAX;
         name = strtok_r(NULL, "@", &rest)) {
        if (strchr(name, ' ') == NULL && strstr(name, "..") == NULL) {
            name[strnlen(name, NAME_CUT)] = '\0';
            names[count++] = name;
        }
    }
    return count;
}

static int tar_build(struct simulator *simulator, const char *filedir, char *const *names,
                     int count, struct text *tar)
{
    int found = 0;

    for (int i = 0; i < count; i++) {
        AUTO(simulator_reply_clear) struct simulator_reply one;
        simulator_reply_init(&one);
        if (simulator_recording_open(simulator, filedir, names[i], true, &one) &&
            simulator_reply_to_memory(&one)) {
            const char *slash = strrchr(names[i], '/');
            simulator_tar_header_add(
                tar,
                &(struct tar_member){ slash != NULL ? slash + 1 : names[i], '0', NULL, one.size });
            simulator_tar_content_add(tar, text_get(&one.body), one.body.size);
            found++;
        }
    }
    simulator_tar_end_add(tar);
    return found;
}

static void download_reply(struct simulator *simulator, const char *filedir, const char *filename,
                           struct simulator_reply *reply)
{
    AUTO(free) char *list = memory_copy_text(filename);
    AUTO(text_clear) struct text tar = TEXT_UP_TO(REPLY_BODY_MAX);
    char *names[MEMBERS_MAX];
    char *last_found = NULL;
    int count = names_split(list, names);
    int found = 0;

    for (int i = 0; i < count; i++) {
        if (simulator_recording_open(simulator, filedir, names[i], true, reply)) {
            last_found = names[i];
            found++;
        }
    }
    if (found == 0) {
        not_found_reply(reply);
    } else if (found == 1) {
        IGNORE(simulator_recording_open(simulator, filedir, last_found, true, reply),
               "it was there just now; else the reply stays as it was");
    } else if (tar_build(simulator, filedir, names, count, &tar) > 0 && !tar.is_full) {
        simulator_reply_set(reply, 200, "application/x-tar", "");
        text_print(&reply->headers, "Content-Disposition: attachment; filename=\"%lld.tar\"\r\n",
                   (long long)(time_now() / SECOND_MS));
        text_add_bytes(&reply->body, text_get(&tar), tar.size);
        reply->size = reply->body.size;
    }
}

static void recapi_reply(struct simulator *simulator, const json_t *parameters,
                         struct simulator_reply *reply)
{
    const char *filename = json_text(parameters, "filename", NULL);
    const char *filedir = json_text(parameters, "filedir", filename != NULL ? "monitor" : NULL);

    if (filedir == NULL) {
        simulator_reply_set(reply, 200, "text/csv", "");
        simulator_directories_list(&reply->body);
        reply->size = reply->body.size;
    } else if (filename == NULL) {
        listing_reply(simulator, filedir, reply);
    } else {
        download_reply(simulator, filedir, filename, reply);
    }
}

static void challenge_reply(struct simulator *simulator, bool is_stale,
                            struct simulator_reply *reply)
{
    char nonce[NONCE_SIZE];

    simulator_nonce_make(simulator, nonce);
    simulator_reply_set(reply, 401, "text/html", "<html>401 Unauthorized</html>\n");
    text_print(&reply->headers,
               "WWW-Authenticate: Digest realm=\"" SIMULATOR_REALM
               "\", nonce=\"%s\", qop=\"auth\", algorithm=MD5%s\r\n",
               nonce, is_stale ? ", stale=true" : "");
}

static void authorization_note(struct simulator *simulator, const char *header,
                               enum digest_verdict verdict)
{
    struct simulator_statistics *statistics = &simulator->statistics;
    bool is_digest = strncasecmp(header, "Digest ", 7) == 0;

    simulator_lock(simulator);
    statistics->digest_accepted += verdict == DIGEST_GOOD ? 1 : 0;
    statistics->digest_refused += is_digest && verdict != DIGEST_GOOD ? 1 : 0;
    statistics->logins_refused += is_digest && verdict == DIGEST_BAD ? 1 : 0;
    simulator_unlock(simulator);
}

void simulator_old_api_handle(struct simulator *simulator, const char *peer,
                              struct simulator_request *request, struct simulator_reply *reply)
{
    bool is_recapi = strcmp(request->path, "/recapi") == 0;
    bool is_cdrapi = strcmp(request->path, "/cdrapi") == 0;

    reply->is_old_api = true;
    IGNORE(snprintf(request->action, sizeof request->action, "%s",
                    is_recapi ? "recapi" : (is_cdrapi ? "cdrapi" : "other")),
           "fits");
    simulator_lock(simulator);
    simulator->statistics.recapi += is_recapi ? 1 : 0;
    simulator->statistics.cdrapi += is_cdrapi ? 1 : 0;
    simulator->statistics.other += !is_recapi && !is_cdrapi ? 1 : 0;
    simulator_unlock(simulator);
    if (!simulator_address_is_permitted(simulator->options.permitted_old, peer)) {
        simulator_reply_set(reply, 403, "text/html", "<html>403 Forbidden</html>\n");
        return;
    }
    if (simulator_fault_strikes(simulator, FAULT_NONCE_STALE, request->action, NULL)) {
        simulator_sessions_expire(simulator);
    }
    enum digest_verdict verdict = simulator_digest_judge(simulator, request);
    authorization_note(simulator, request->authorization, verdict);
    if (verdict != DIGEST_GOOD) {
        challenge_reply(simulator, verdict == DIGEST_STALE, reply);
    } else if (strcmp(request->method, "GET") != 0 || (!is_recapi && !is_cdrapi)) {
        not_found_reply(reply);
    } else {
        bool is_fair = false;
        AUTO(json_release) json_t *parameters = query_parse(request->query, &is_fair);
        if (is_recapi && !is_fair) {
            not_found_reply(reply);
        } else if (is_recapi) {
            recapi_reply(simulator, parameters, reply);
        } else {
            /* A name that no firmware knows spoils the query, but not its format. */
            json_object_set_new(parameters, is_fair ? "format" : "?",
                                json_string(json_text(parameters, "format", "csv")));
            simulator_cdrs_reply(simulator, parameters, reply);
        }
    }
}
