/* See simulator.h. Start, stop, the life of one connection, and what the face offers on the state.
 */
#include "simulator/simulator.h"

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/memory.h"
#include "simulator/state.h"

enum { STALL_MS = 600 * SECOND_MS, TEXTS_MAX = 64 * 1024 };

static const char TLS_USUAL[] = "NORMAL";
/* %COMPAT and SHA-1: what is left of TLS 1.0 in a current GnuTLS. */
static const char TLS_OLD[] = "NORMAL:-VERS-ALL:+VERS-TLS1.0:+SHA1:+SIGN-ALL:%COMPAT";

void simulator_lock(struct simulator *simulator)
{
    pthread_mutex_lock(&simulator->lock);
}

void simulator_unlock(struct simulator *simulator)
{
    pthread_mutex_unlock(&simulator->lock);
}

/* ---- one connection ---- */

static int connections_count(struct simulator *simulator)
{
    return simulator_listener_connection_count(simulator->listeners[0]) +
           simulator_listener_connection_count(simulator->listeners[1]);
}

static void connection_note(struct simulator *simulator)
{
    int now = connections_count(simulator);

    simulator_lock(simulator);
    struct simulator_statistics *statistics = &simulator->statistics;
    statistics->connections++;
    if (now > statistics->connections_max) {
        statistics->connections_max = now;
    }
    simulator_unlock(simulator);
}

static bool strikes(struct simulator *simulator, enum simulator_fault_id fault)
{
    return simulator_fault_strikes(simulator, fault, "any", NULL);
}

/* The client's first bytes are there, and stay unread. */
static void hello_await(struct wire *wire)
{
    struct pollfd watched = { .fd = wire->socket, .events = POLLIN };

    IGNORE(poll(&watched, 1, 5 * SECOND_MS), "the fault strikes either way");
}

static void stall(struct wire *wire)
{
    IGNORE(wire_wait(wire, STALL_MS), "either way it ends here");
}

/* Faults that strike before a byte is understood. True when the connection is over. */
static bool connection_is_struck(struct simulator *simulator, struct wire *wire,
                                 enum wire_end *end_out)
{
    *end_out = WIRE_RESET;
    if (strikes(simulator, FAULT_RESET_AT_ONCE)) {
        return true;
    }
    if (connections_count(simulator) > 1 && strikes(simulator, FAULT_ONE_CONNECTION)) {
        return true;
    }
    if (strikes(simulator, FAULT_SILENT)) {
        stall(wire);
        return true;
    }
    if (strikes(simulator, FAULT_RESET_IN_HANDSHAKE)) {
        hello_await(wire);
        return true;
    }
    if (strikes(simulator, FAULT_TLS_STALL)) {
        hello_await(wire);
        stall(wire);
        return true;
    }
    if (strikes(simulator, FAULT_PLAIN_HTTP)) {
        static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                                     "Content-Length: 0\r\n\r\n";
        hello_await(wire);
        *end_out = WIRE_CUT;
        IGNORE(wire_write(wire, answer, sizeof answer - 1), "the connection ends either way");
        return true;
    }
    return false;
}

static bool tls_begin(struct simulator *simulator, struct wire *wire)
{
    const struct simulator_identity *identity = &simulator->usual;

    if (strikes(simulator, FAULT_CERTIFICATE_CHANGED)) {
        identity = &simulator->changed;
    } else if (strikes(simulator, FAULT_CERTIFICATE_EXPIRED)) {
        identity = &simulator->expired;
    }
    const char *priority = strikes(simulator, FAULT_TLS_OLD) ? TLS_OLD : TLS_USUAL;
    if (!wire_handshake(wire, identity->credentials, priority)) {
        return false;
    }
    simulator_lock(simulator);
    simulator->statistics.handshakes++;
    simulator_unlock(simulator);
    return true;
}

static void request_note(struct simulator *simulator, const struct simulator_request *request)
{
    struct simulator_statistics *statistics = &simulator->statistics;
    bool is_basic = strncasecmp(request->authorization, "Basic ", 6) == 0;

    simulator_lock(simulator);
    statistics->requests++;
    statistics->basic_seen += is_basic ? 1 : 0;
    statistics->credential_bytes += strlen(request->authorization);
    if (request->authorization[0] != '\0') {
        IGNORE(snprintf(statistics->authorization_last, sizeof statistics->authorization_last, "%s",
                        is_basic ? "Basic" : request->authorization),
               "cut on purpose");
    }
    simulator_unlock(simulator);
}

static enum wire_end exchange(struct simulator *simulator, struct wire *wire, const char *peer,
                              simulator_handler *handle, bool is_faulty)
{
    AUTO(free) struct simulator_request *request = memory_new(sizeof *request);
    AUTO(simulator_reply_clear) struct simulator_reply reply;
    bool is_whole = false;

    simulator_reply_init(&reply);
    request->query = "";
    if (!simulator_request_read(wire, request)) {
        simulator_request_clear(request);
        return WIRE_CUT;
    }
    if (is_faulty) {
        request_note(simulator, request);
    }
    handle(simulator, peer, request, &reply);
    uint64_t true_size = reply.size;
    bool is_recording = reply.is_recording;
    bool is_struck = is_faulty && simulator_faults_shape(simulator, request, &reply);
    is_recording = is_recording && reply.is_recording && reply.size == true_size;
    simulator_lock(simulator);
    reply.clock_shift_ms =
        simulator_fault_value_locked(simulator, FAULT_CLOCK) * (time_ms)SECOND_MS;
    simulator_unlock(simulator);
    enum wire_end end = simulator_reply_send(wire, &reply, &is_whole);
    simulator_request_clear(request);
    if (is_struck || !is_whole) {
        simulator_challenges_abandon(simulator);
    }
    simulator_lock(simulator);
    simulator->statistics.downloads += is_recording && is_whole ? 1 : 0;
    simulator_unlock(simulator);
    return end;
}

static void api_serve(struct simulator *simulator, int socket, const char *peer,
                      simulator_handler *handle)
{
    struct wire wire = { .socket = socket, .is_stopping = &simulator->is_stopping };
    enum wire_end end = WIRE_CUT;

    connection_note(simulator);
    if (!connection_is_struck(simulator, &wire, &end) && tls_begin(simulator, &wire)) {
        end = exchange(simulator, &wire, peer, handle, true);
    } else {
        simulator_challenges_abandon(simulator);
    }
    simulator_lock(simulator);
    simulator->statistics.bytes_received += wire.received;
    simulator->statistics.bytes_sent += wire.sent;
    simulator_unlock(simulator);
    wire_end(&wire, end);
}

static void new_api_serve(void *context, int socket, const char *peer)
{
    api_serve(context, socket, peer, simulator_new_api_handle);
}

static void old_api_serve(void *context, int socket, const char *peer)
{
    api_serve(context, socket, peer, simulator_old_api_handle);
}

static void control_serve(void *context, int socket, const char *peer)
{
    struct simulator *simulator = context;
    struct wire wire = { .socket = socket, .is_stopping = &simulator->is_stopping };

    wire_end(&wire, exchange(simulator, &wire, peer, simulator_control_handle, false));
}

static bool api_should_refuse(void *context)
{
    struct simulator *simulator = context;

    simulator_lock(simulator);
    bool is_down = simulator->reboot_until_ms > time_monotonic_ms();
    simulator_unlock(simulator);
    return is_down;
}

static bool control_should_refuse(void *context)
{
    (void)context;
    return false;
}

/* ---- start and stop ---- */

static const char *text_or(struct simulator *simulator, const char *text, const char *otherwise)
{
    return arena_copy_text(simulator->texts, text != NULL ? text : otherwise);
}

static int number_or(int number, int otherwise)
{
    return number > 0 ? number : otherwise;
}

static void options_copy(struct simulator *simulator, const struct simulator_options *options)
{
    struct simulator_options *own = &simulator->options;
    static const char EVERYBODY[] = "0.0.0.0/0.0.0.0";
    bool is_new_open = options->permitted_new == NULL || options->permitted_new[0] == '\0';

    *own = *options;
    own->listen_address = text_or(simulator, options->listen_address, "127.0.0.1");
    own->username = text_or(simulator, options->username, "cdrapi");
    own->password = text_or(simulator, options->password, "s3cret");
    own->firmware = text_or(simulator, options->firmware, "1.0.33.30");
    own->model = text_or(simulator, options->model, "UCM6301");
    own->serial = text_or(simulator, options->serial, "EXAMPLE00000001");
    own->permitted_new = text_or(simulator, is_new_open ? NULL : options->permitted_new, EVERYBODY);
    own->permitted_old = text_or(simulator, options->permitted_old, EVERYBODY);
    own->certificate_file = text_or(simulator, options->certificate_file, NULL);
    own->audio_folder = text_or(simulator, options->audio_folder, NULL);
    own->cookie_life_s = number_or(options->cookie_life_s, 600);
    own->nonce_life_s = number_or(options->nonce_life_s, 300);
    own->login_tries = number_or(options->login_tries, 5);
    own->lock_s = number_or(options->lock_s, 300);
    own->field_count = number_or(options->field_count, CDR_FIELD_COUNT);
    own->old_field_count = number_or(options->old_field_count, FIELD_SERVICE + 1);
}

static bool field_count_is_known(int count)
{
    return count == 22 || count == 32 || count == 43 || count == CDR_FIELD_COUNT;
}

static bool identities_make(struct simulator *simulator, struct error *error)
{
    time_ms now = time_now();
    time_ms year_ms = 365 * DAY_MS;
    static const char NAME[] = "simulated-ucm.invalid";

    return simulator_identity_make(NAME, now - DAY_MS, now + 10 * year_ms,
                                   simulator->options.certificate_file, &simulator->usual, error) &&
           simulator_identity_make(NAME, now - DAY_MS, now + 10 * year_ms, NULL,
                                   &simulator->changed, error) &&
           simulator_identity_make(NAME, now - 2 * year_ms, now - year_ms, NULL,
                                   &simulator->expired, error);
}

static bool listeners_open(struct simulator *simulator, struct error *error)
{
    const struct simulator_options *options = &simulator->options;

    return (options->new_port == SIMULATOR_PORT_OFF ||
            simulator_listener_open(options->listen_address, options->new_port, new_api_serve,
                                    api_should_refuse, simulator, &simulator->listeners[0],
                                    error)) &&
           (options->old_port == SIMULATOR_PORT_OFF ||
            simulator_listener_open(options->listen_address, options->old_port, old_api_serve,
                                    api_should_refuse, simulator, &simulator->listeners[1],
                                    error)) &&
           (!options->has_control ||
            simulator_listener_open("127.0.0.1", options->control_port, control_serve,
                                    control_should_refuse, simulator, &simulator->listeners[2],
                                    error));
}

bool simulator_start(const struct simulator_options *options, struct simulator **simulator_out,
                     struct error *error)
{
    AUTO(simulator_stop) struct simulator *simulator = memory_new(sizeof *simulator);

    pthread_mutex_init(&simulator->lock, NULL);
    simulator->texts = arena_new(TEXTS_MAX);
    simulator->book = book_new();
    options_copy(simulator, options);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!field_count_is_known(simulator->options.field_count) ||
        !field_count_is_known(simulator->options.old_field_count)) {
        return error_set(error, ERROR_INVALID, "a CDR has 22, 32, 43 or 49 fields");
    }
    if (!identities_make(simulator, error) || !listeners_open(simulator, error)) {
        return false;
    }
    /* Only when all are there: a connection of one looks at the others. */
    for (size_t i = 0; i < COUNT_OF(simulator->listeners); i++) {
        if (!simulator_listener_run(simulator->listeners[i], error)) {
            return false;
        }
    }
    *simulator_out = TAKE(simulator);
    return true;
}

void simulator_stop(struct simulator *simulator)
{
    if (simulator == NULL) {
        return;
    }
    simulator->is_stopping = true;
    for (size_t i = 0; i < COUNT_OF(simulator->listeners); i++) {
        simulator_listener_stop(simulator->listeners[i]);
    }
    for (size_t i = 0; i < COUNT_OF(simulator->listeners); i++) {
        simulator_listener_close(simulator->listeners[i]);
    }
    simulator_identity_clear(&simulator->usual);
    simulator_identity_clear(&simulator->changed);
    simulator_identity_clear(&simulator->expired);
    book_free(simulator->book);
    arena_free(simulator->texts);
    pthread_mutex_destroy(&simulator->lock);
    free(simulator);
}

/* ---- the rest of the face ---- */

int simulator_new_port(const struct simulator *simulator)
{
    return simulator_listener_port(simulator->listeners[0]);
}

int simulator_old_port(const struct simulator *simulator)
{
    return simulator_listener_port(simulator->listeners[1]);
}

int simulator_control_port(const struct simulator *simulator)
{
    return simulator_listener_port(simulator->listeners[2]);
}

const char *simulator_public_key_pin(const struct simulator *simulator)
{
    return simulator->usual.public_key_pin;
}

const char *simulator_certificate_sha256(const struct simulator *simulator)
{
    return simulator->usual.sha256;
}

bool simulator_call_add(struct simulator *simulator, const struct simulator_call *call,
                        struct simulator_added *added_out, struct error *error)
{
    const struct simulator_options *options = &simulator->options;
    struct simulator_added added;

    simulator_lock(simulator);
    time_ms shift_ms = simulator_fault_value_locked(simulator, FAULT_CLOCK) * (time_ms)SECOND_MS;
    struct book_place place = {
        .now = time_now() + shift_ms,
        .clock_shift_ms = shift_ms,
        .utc_offset_minutes = options->utc_offset_minutes,
        .field_count = options->field_count,
        .serial = options->serial,
    };
    bool is_added = book_call_add(simulator->book, &place, call, &added, error);
    simulator_unlock(simulator);
    if (is_added && added_out != NULL) {
        *added_out = added;
    }
    return is_added;
}

bool simulator_call_name(struct simulator *simulator, int call)
{
    simulator_lock(simulator);
    bool is_named = book_call_name(simulator->book, call);
    simulator_unlock(simulator);
    return is_named;
}

int simulator_call_count(struct simulator *simulator)
{
    simulator_lock(simulator);
    int count = book_call_count(simulator->book);
    simulator_unlock(simulator);
    return count;
}

bool simulator_call_get(struct simulator *simulator, int call, struct simulator_added *added_out)
{
    simulator_lock(simulator);
    const struct book_call *found = book_call_get(simulator->book, call);
    if (found != NULL) {
        *added_out = found->face;
    }
    simulator_unlock(simulator);
    return found != NULL;
}

void simulator_statistics_get(struct simulator *simulator, struct simulator_statistics *out)
{
    int now = connections_count(simulator);

    simulator_lock(simulator);
    *out = simulator->statistics;
    simulator_unlock(simulator);
    out->connections_now = now;
}

void simulator_statistics_reset(struct simulator *simulator)
{
    simulator_lock(simulator);
    simulator->statistics = (struct simulator_statistics){ 0 };
    simulator_unlock(simulator);
}
