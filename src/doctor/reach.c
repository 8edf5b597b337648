/* The way to the PBX: settings, name, ports, certificate. Nothing here sends a credential. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "doctor/inside.h"
#include "net/url.h"
#include "pbx/trouble.h"

enum {
    PORT_APPLIANCE = 8089,
    PORT_CLOUD = 8443,
    CONNECT_WAIT_MS = 6000, /* Three SYNs: at 0, 1 and 3 s. */
    LOOK_MS = 500,
    BARE_TIMEOUT_MS = 20 * SECOND_MS,
    BARE_SIZE_MAX = 256 * 1024,
};

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static const char *tenant_name(const struct doctor *doctor)
{
    return doctor->request->tenant != NULL ? doctor->request->tenant->subdomain : "TENANT";
}

/* ---- Settings ---- */

static void port_add(struct doctor *doctor, int number, bool is_for_new, bool is_for_old)
{
    struct port *port = NULL;

    for (size_t i = 0; i < doctor->port_count; i++) {
        port = doctor->ports[i].number == number ? &doctor->ports[i] : port;
    }
    if (port == NULL) {
        if (doctor->port_count == PORTS_MAX) {
            return;
        }
        port = &doctor->ports[doctor->port_count++];
        port->number = number;
    }
    port->is_for_new = port->is_for_new || is_for_new;
    port->is_for_old = port->is_for_old || is_for_old;
}

/* Where collection looks, and (marked for neither) where the API might be instead. */
static void ports_choose(struct doctor *doctor)
{
    const struct pbx_settings *settings = &doctor->settings;
    const char *api = is_given(settings->api) ? settings->api : "auto";
    bool wants_new = strcmp(api, "old") != 0;
    bool wants_old = strcmp(api, "new") != 0;
    int old = settings->old_port > 0 ? settings->old_port : PORT_CLOUD;

    port_add(doctor, settings->port > 0 ? settings->port : PORT_APPLIANCE, wants_new,
             wants_old && settings->port > 0 && settings->old_port <= 0);
    port_add(doctor, old, false, wants_old);
    port_add(doctor, PORT_CLOUD, wants_new && settings->port <= 0, false);
    port_add(doctor, PORT_APPLIANCE, false, false);
}

static void settings_missing(struct doctor *doctor, struct finding *finding)
{
    const struct pbx_settings *settings = &doctor->settings;
    const char *missing = !is_given(settings->host)       ? "address (UCM_IP)"
                          : !is_given(settings->username) ? "user name (UCM_USERNAME)"
                                                          : "password (UCM_PASSWORD)";

    finding_fail(finding, REASON_PBX_NOT_CONFIGURED,
                 "no %s of the PBX is stored; address: %s, user name: %s, password: %s", missing,
                 is_given(settings->host) ? settings->host : "missing",
                 is_given(settings->username) ? settings->username : "missing",
                 is_given(settings->password) ? "set" : "missing");
    finding_advise(finding,
                   "Enter it: audiapro tenant pbx %s --host ADDRESS --username NAME --password (or "
                   "UCM_IP, UCM_USERNAME, UCM_PASSWORD). Name and password are those of "
                   "Value-added Features > API Configuration > HTTPS API Settings (New), not those "
                   "of the web page.",
                   tenant_name(doctor));
}

static void settings_tell(struct doctor *doctor, struct finding *finding)
{
    const struct pbx_row *pbx = doctor->request->pbx;
    const struct pbx_settings *settings = &doctor->settings;
    char at[TIME_TEXT_SIZE];

    finding_fine(finding, "tenant %s, PBX %s at %s, user %s, password set, API %s",
                 tenant_name(doctor), pbx->name, settings->host, settings->username,
                 is_given(settings->api) ? settings->api : "auto");
    if (settings->port > 0) {
        finding_add(finding, ", port %d", settings->port);
    }
    if (doctor->is_stopped) {
        finding_add(finding, "; nothing is asked of it since %s UTC: %s",
                    moment_print(pbx->stopped_at, at), pbx->stop_reason);
    }
}

static bool settings_open(struct doctor *doctor, struct finding *finding)
{
    const struct doctor_request *request = doctor->request;
    struct error error = { 0 };

    if (request->setting_problem != NULL) {
        finding_fail(finding, REASON_SETTING_INVALID, "%s", request->setting_problem);
        return false;
    }
    if (request->db == NULL) {
        finding_skip(finding, "not tried: the PBX's settings lie in the database");
        return false;
    }
    if (request->pbx == NULL) {
        finding_fail(finding, REASON_PBX_NOT_CONFIGURED, "no tenant and no PBX is stored");
        finding_advise(finding,
                       "Set UCM_IP, UCM_USERNAME and UCM_PASSWORD and start audiapro "
                       "serve; or: audiapro tenant create NAME, audiapro tenant pbx NAME.");
        return false;
    }
    keeper_init(&doctor->keeper, &doctor->worker, request->pbx, 0);
    if (!keeper_settings(&doctor->keeper, &doctor->settings, &doctor->password, &error)) {
        finding_fail(finding, REASON_SETTING_INVALID, "%s", error.message);
        finding_advise(finding,
                       "The password was sealed under another key: bring back DATA_DIR/secret.key "
                       "(or SECRET_KEY), or enter it again: audiapro tenant pbx %s --password.",
                       tenant_name(doctor));
        return false;
    }
    return true;
}

void step_configuration(struct doctor *doctor, struct finding *finding)
{
    const struct pbx_row *pbx = doctor->request->pbx;
    const struct pbx_settings *settings = &doctor->settings;
    struct error error;

    if (!settings_open(doctor, finding)) {
        return;
    }
    doctor->is_stopped = pbx->stop_reason != NULL;
    if (is_given(settings->host) && !url_host_check(settings->host, &error)) {
        finding_fail(finding, REASON_ADDRESS_INVALID, "'%s': %s", settings->host, error.message);
        finding_advise(finding,
                       "Enter only a name or an address, without https:// and without a path: "
                       "audiapro tenant pbx %s --host ADDRESS (or UCM_IP).",
                       tenant_name(doctor));
        return;
    }
    doctor->is_host_fit = is_given(settings->host);
    ports_choose(doctor);
    if (!is_given(settings->host) || !is_given(settings->username) ||
        !is_given(settings->password)) {
        settings_missing(doctor, finding);
    } else {
        settings_tell(doctor, finding);
    }
}

/* ---- Name ---- */

static const char *address_print(const struct sockaddr *address, char text_out[INET6_ADDRSTRLEN])
{
    const void *bytes =
        address->sa_family == AF_INET
            ? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
            : (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;

    text_out[0] = '\0';
    return inet_ntop(address->sa_family, bytes, text_out, INET6_ADDRSTRLEN) != NULL ? text_out
                                                                                    : "?";
}

/* Brackets are for URLs only. */
static int host_resolve(const char *host, const char *service, struct addrinfo **list_out)
{
    char bare[256];
    size_t size = strlen(host);
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

    if (size >= 2 && host[0] == '[' && size - 2 < sizeof bare) {
        (void)snprintf(bare, sizeof bare, "%.*s", (int)(size - 2), host + 1);
    } else {
        (void)snprintf(bare, sizeof bare, "%s", host);
    }
    return getaddrinfo(bare, service, &hints, list_out);
}

/* All addresses, for people; *allowed_out: how many the guard lets through. */
static const char *addresses_tell(struct doctor *doctor, const struct addrinfo *list,
                                  int *count_out, int *allowed_out)
{
    AUTO(text_clear) struct text text = TEXT_UP_TO(1024);
    const struct net_guard *guard = doctor->request->world->guard;
    char printed[INET6_ADDRSTRLEN];

    *count_out = 0;
    *allowed_out = 0;
    for (const struct addrinfo *one = list; one != NULL && *count_out < ADDRESSES_MAX;
         one = one->ai_next) {
        bool is_allowed = guard == NULL || guard_allows(guard, one->ai_addr);
        text_print(&text, "%s%s%s", *count_out > 0 ? ", " : "",
                   address_print(one->ai_addr, printed), is_allowed ? "" : " (not permitted here)");
        (*count_out)++;
        *allowed_out += is_allowed ? 1 : 0;
    }
    return arena_copy_text(doctor->arena, text_get(&text));
}

void step_dns(struct doctor *doctor, struct finding *finding)
{
    struct addrinfo *list = NULL;
    int count = 0;
    int allowed = 0;
    const char *host = doctor->settings.host;

    if (!doctor->is_host_fit) {
        finding_skip(finding, "not tried: '%s' comes first", "Settings");
        return;
    }
    int code = host_resolve(host, NULL, &list);
    if (code != 0) {
        finding_fail(finding, REASON_DNS_FAILED, "the name '%s' cannot be resolved: %s", host,
                     code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
        finding_advise(
            finding,
            "Check the spelling of '%s' (audiapro tenant pbx %s --host), and ask this "
            "machine's name server: getent hosts %s. The PBX's IP address works as well.",
            host, tenant_name(doctor), host);
        return;
    }
    const char *addresses = addresses_tell(doctor, list, &count, &allowed);
    freeaddrinfo(list);
    doctor->result->facts.addresses = addresses;
    if (allowed == 0) {
        finding_fail(finding, REASON_ADDRESS_REFUSED,
                     "'%s' leads to %s: PBX_ALLOWED_NETWORKS of this server forbids it", host,
                     addresses);
        finding_advise(finding,
                       "If that is the PBX, add its network to PBX_ALLOWED_NETWORKS (for one "
                       "address: ADDRESS/32) and start audiapro serve anew; else correct the "
                       "address: audiapro tenant pbx %s --host ADDRESS.",
                       tenant_name(doctor));
    } else if (strcmp(host, addresses) == 0) {
        finding_fine(finding, "%s is an address; no name has to be resolved", host);
    } else {
        finding_fine(finding, "%s is %s", host, addresses);
    }
}

/* ---- Ports ---- */

/* 0: connected; else an errno, ETIMEDOUT being silence. */
static int address_connect(struct doctor *doctor, const struct addrinfo *address)
{
    AUTO(file_close)
    int handle = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int64_t until_ms = time_monotonic_ms() + CONNECT_WAIT_MS;
    int code = 0;
    socklen_t size = sizeof code;

    if (handle < 0) {
        return errno;
    }
    if (connect(handle, address->ai_addr, address->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    struct pollfd poll_handle = { .fd = handle, .events = POLLOUT };
    while (time_monotonic_ms() < until_ms && !doctor_should_stop(doctor)) {
        if (poll(&poll_handle, 1, LOOK_MS) > 0) {
            return getsockopt(handle, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
        }
    }
    return ETIMEDOUT;
}

/* The first permitted address counts, and the next only when it does not answer as it should. */
static int port_connect(struct doctor *doctor, int number)
{
    const struct net_guard *guard = doctor->request->world->guard;
    struct addrinfo *list = NULL;
    char service[12];
    int result = ENETUNREACH;
    int tries = 0;

    (void)snprintf(service, sizeof service, "%d", number);
    if (host_resolve(doctor->settings.host, service, &list) != 0) {
        return result;
    }
    for (const struct addrinfo *one = list; one != NULL && tries < 2 && result != 0;
         one = one->ai_next) {
        if (guard == NULL || guard_allows(guard, one->ai_addr)) {
            result = address_connect(doctor, one);
            tries++;
        }
    }
    freeaddrinfo(list);
    return result;
}

static const char *connect_words(int code)
{
    if (code == 0) {
        return "open";
    }
    if (code == ECONNREFUSED) {
        return "closed (nothing listens there)";
    }
    if (code == ETIMEDOUT) {
        return "no answer in 6 s (as when a firewall drops it)";
    }
    return strerror(code);
}

static enum reason connect_reason(int code)
{
    return code == ECONNREFUSED                         ? REASON_CONNECT_REFUSED
           : code == ECONNRESET || code == ECONNABORTED ? REASON_CONNECTION_RESET
                                                        : REASON_CONNECT_TIMEOUT;
}

static bool is_wanted(const struct port *port)
{
    return port->is_for_new || port->is_for_old;
}

/* No wanted port is open: which trouble, and is the API perhaps at another port? */
static void ports_blame(struct doctor *doctor, struct finding *finding, int code, int elsewhere)
{
    char detail[EVIDENCE_SIZE];
    const char *tenant = tenant_name(doctor);

    memcpy(detail, finding->detail, sizeof detail);
    finding_fail(finding, connect_reason(code), "%s", detail);
    if (elsewhere > 0) {
        finding_advise(finding,
                       "Port %d of the PBX is open, but is not the one that is set: correct it "
                       "with audiapro tenant pbx %s --port %d (or UCM_PORT), or with --port 0, so "
                       "that the usual ones are tried.",
                       elsewhere, tenant, elsewhere);
    } else if (code == ETIMEDOUT) {
        finding_advise(
            finding, "Let this server through to that port in every firewall and port "
                     "forwarding on the way; on the PBX: System Settings > Security Settings > "
                     "Static Defense and Dynamic Defense. Check also that the PBX is switched on.");
    }
}

void step_tcp(struct doctor *doctor, struct finding *finding)
{
    int first_code = 0;
    int elsewhere = 0;
    bool is_any_open = false;

    finding_fine(finding, "%s", "");
    for (size_t i = 0; i < doctor->port_count; i++) {
        struct port *port = &doctor->ports[i];
        if (!is_wanted(port) && is_any_open) {
            continue; /* Only of interest where nothing else is found. */
        }
        int code = port_connect(doctor, port->number);
        port->is_open = code == 0;
        finding_add(finding, "%s%d: %s", finding->detail[0] != '\0' ? "; " : "", port->number,
                    connect_words(code));
        if (is_wanted(port)) {
            is_any_open = is_any_open || port->is_open;
            first_code = first_code == 0 ? code : first_code;
        } else if (port->is_open && elsewhere == 0) {
            elsewhere = port->number;
        }
    }
    if (!is_any_open) {
        ports_blame(doctor, finding, first_code, elsewhere);
    }
}

/* ---- Certificate ---- */

static bool reply_take(void *context, const void *bytes, size_t size)
{
    text_add_bytes(context, bytes, size);
    return true;
}

static bool should_stop(void *context)
{
    return doctor_should_stop(context);
}

bool bare_send(struct doctor *doctor, const struct port *port, const char *method,
               const char *target, const char *body, struct text *reply,
               struct net_answer *answer_out)
{
    AUTO(text_clear) struct text url = TEXT_UP_TO(1024);
    const char *pin = doctor->settings.tls_pin;
    bool has_pin = is_given(pin);
    struct net_request request = {
        .method = method,
        .content_type = body != NULL ? "application/json;charset=UTF-8" : NULL,
        .body = body,
        .body_size = body != NULL ? strlen(body) : 0,
        .tls = { .pin = has_pin && strcmp(pin, "ca") != 0 ? pin : NULL,
                 .accepts_any = !has_pin,
                 .allows_weak = doctor->settings.weak_ciphers },
        .total_timeout_ms = BARE_TIMEOUT_MS,
        .body_size_max = BARE_SIZE_MAX,
        .sink = reply_take,
        .sink_context = reply,
        .should_stop = should_stop,
        .stop_context = doctor,
    };

    url_add_base(&url, doctor->settings.host, port->number);
    text_add(&url, target);
    request.url = text_get(&url);
    bool is_sent = net_send(doctor->client, &request, answer_out);
    if (answer_out->date_at > 0) {
        doctor->date_at = answer_out->date_at;
        doctor->date_seen_at = time_now();
    }
    return is_sent;
}

/* A TCP connection came about, so silence here is not a closed way. */
static enum reason handshake_reason(const struct net_answer *answer)
{
    struct pbx_trouble trouble;
    enum reason reason = trouble_set_network(&trouble, answer);

    return reason == REASON_CONNECT_TIMEOUT || reason == REASON_CONNECT_REFUSED ? REASON_TLS_FAILED
                                                                                : reason;
}

static void certificate_changed(struct doctor *doctor, struct finding *finding,
                                const struct port *port, const struct net_answer *answer)
{
    const char *tenant = tenant_name(doctor);

    finding_fail(finding, REASON_TLS_CHANGED,
                 "port %d shows the key %s (%s); confirmed is %s. Nothing was sent", port->number,
                 answer->pin[0] != '\0' ? answer->pin : "(not shown)",
                 answer->certificate[0] != '\0' ? answer->certificate : "no certificate",
                 doctor->settings.tls_pin);
    finding_advise(finding,
                   "Compare it with the certificate in System Settings > HTTP Server of the PBX. "
                   "If it was renewed or the PBX was reset, confirm the new one: audiapro tenant "
                   "pbx %s --forget-pin (or --tls-pin %s). If not, somebody stands in between: do "
                   "not confirm it.",
                   tenant, answer->pin[0] != '\0' ? answer->pin : "PIN");
}

static void certificate_trouble(struct doctor *doctor, struct finding *finding,
                                const struct port *port, const struct net_answer *answer)
{
    enum reason reason = handshake_reason(answer);

    if (reason == REASON_TLS_CHANGED) {
        certificate_changed(doctor, finding, port, answer);
        return;
    }
    finding_fail(finding, reason, "port %d: %s", port->number, answer->detail);
    if (answer->failure == NET_CONNECT_TIMEOUT) {
        finding_add(finding, " (it takes the connection, and then says nothing)");
        finding_advise(finding,
                       "Open the PBX's web page in a browser. If that is silent as well, restart "
                       "the PBX (Maintenance > System > Reboot); else check that the port is its "
                       "HTTPS port (System Settings > HTTP Server).");
    }
    if (reason == REASON_TLS_TOO_OLD) {
        finding_advise(finding,
                       "Update the firmware (Maintenance > Upgrade); or allow this PBX its weak "
                       "ciphers: audiapro tenant pbx %s --weak-tls.",
                       tenant_name(doctor));
    }
}

static void certificate_tell(struct doctor *doctor, struct finding *finding,
                             const struct port *port, const struct net_answer *answer)
{
    struct doctor_facts *facts = &doctor->result->facts;
    const char *pin = doctor->settings.tls_pin;

    facts->certificate = arena_copy_text(doctor->arena, answer->certificate);
    facts->pin = arena_copy_text(doctor->arena, answer->pin);
    facts->is_pinned = is_given(pin);
    finding_fine(finding, "port %d shows %s; key %s", port->number, answer->certificate,
                 answer->pin);
    if (!is_given(pin)) {
        finding_add(finding, "; not confirmed yet: the key is remembered at the first contact "
                             "(to set it yourself: UCM_TLS_PIN or --tls-pin)");
    } else {
        finding_add(finding, strcmp(pin, "ca") == 0 ? "; signed by a known authority, as before"
                                                    : "; the same as was confirmed");
    }
}

/* The port that collection would go to first, when it is known. */
static bool is_hint(const struct doctor *doctor, const struct port *port)
{
    return is_given(doctor->settings.api_found) && doctor->settings.port_found == port->number;
}

/* A changed key is told whatever else was found; then what is good, at the port that collection
 * uses; then the first trouble. */
static bool tells_more(const struct doctor *doctor, const struct port *port,
                       const struct finding *found, const struct finding *told, bool is_first)
{
    if (told->reason == REASON_TLS_CHANGED || found->reason == REASON_TLS_CHANGED) {
        return told->reason != REASON_TLS_CHANGED;
    }
    return is_first || (port->is_tls && (told->state != DOCTOR_OK || is_hint(doctor, port)));
}

void step_tls(struct doctor *doctor, struct finding *finding)
{
    AUTO(text_clear) struct text reply = TEXT_UP_TO(BARE_SIZE_MAX);
    struct finding *found = arena_take(doctor->arena, sizeof *found);
    bool is_first = true;

    for (size_t i = 0; i < doctor->port_count; i++) {
        struct port *port = &doctor->ports[i];
        struct net_answer answer;
        if (!port->is_open) {
            continue;
        }
        text_reset(&reply);
        bool has_answer = bare_send(doctor, port, "GET", "/", NULL, &reply, &answer);
        port->is_tls = has_answer || (answer.pin[0] != '\0' && answer.failure != NET_TLS_CHANGED &&
                                      answer.failure != NET_TLS_UNTRUSTED);
        if (port->is_tls) {
            certificate_tell(doctor, found, port, &answer);
        } else {
            certificate_trouble(doctor, found, port, &answer);
        }
        if (tells_more(doctor, port, found, finding, is_first)) {
            *finding = *found;
        }
        is_first = false;
    }
}
