/* THE table of steps, the walk through it, and the root cause. See doctor.h. */
#include "doctor/inside.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"

#define NEEDS(step) (1U << (step))

struct row {
    const char *name;
    const char *title;
    unsigned needs; /* Steps that must not have failed or been skipped. */
    void (*run)(struct doctor *doctor, struct finding *finding);
};

/* In the order in which one failure explains the next. What needs nothing is always done. */
static const struct row table[STEP_COUNT] = {
    [STEP_CONFIGURATION] = { "configuration", "Settings", 0, step_configuration },
    [STEP_DNS] = { "dns", "Name and address", 0, step_dns },
    [STEP_TCP] = { "tcp", "Ports", NEEDS(STEP_DNS), step_tcp },
    [STEP_TLS] = { "tls", "Certificate", NEEDS(STEP_TCP), step_tls },
    [STEP_API] = { "api", "Which API answers", NEEDS(STEP_TLS), step_api },
    [STEP_CHALLENGE] = { "challenge", "Challenge", NEEDS(STEP_CONFIGURATION) | NEEDS(STEP_API),
                         step_challenge },
    [STEP_LOGIN] = { "login", "Login", NEEDS(STEP_CONFIGURATION) | NEEDS(STEP_API), step_login },
    [STEP_PERMISSIONS] = { "permissions", "Permissions", NEEDS(STEP_LOGIN), step_permissions },
    [STEP_DIRECTORY] = { "directory", "Recordings listed", NEEDS(STEP_LOGIN), step_directory },
    [STEP_CLOCK] = { "clock", "Clock", NEEDS(STEP_TLS), step_clock },
    [STEP_RECORDING] = { "recording", "One real recording", NEEDS(STEP_LOGIN), step_recording },
    [STEP_STORAGE] = { "storage", "Storage", 0, step_storage },
    [STEP_DATABASE] = { "database", "Database", 0, step_database },
    [STEP_BACKLOG] = { "backlog", "Collection at work", 0, step_backlog },
};

/* Failures that explain no other, so that any other is told first. */
static bool is_lesser(const struct doctor_step *step)
{
    return step->reason == REASON_CLOCK_SKEW;
}

int doctor_root(const struct doctor_step *steps, size_t count)
{
    int lesser = -1;

    for (size_t i = 0; i < count; i++) {
        if (steps[i].state == DOCTOR_FAILED && !is_lesser(&steps[i])) {
            return (int)i;
        }
        if (steps[i].state == DOCTOR_FAILED && lesser < 0) {
            lesser = (int)i;
        }
    }
    return lesser;
}

const char *doctor_state_name(enum doctor_state state)
{
    static const char *const names[] = { [DOCTOR_OK] = "ok",
                                         [DOCTOR_WARNING] = "warning",
                                         [DOCTOR_FAILED] = "failed",
                                         [DOCTOR_SKIPPED] = "skipped" };

    return names[state];
}

bool doctor_should_stop(struct doctor *doctor)
{
    const struct doctor_request *request = doctor->request;

    return request->should_stop != NULL && request->should_stop(request->context);
}

/* The step that this one cannot do without; STEP_COUNT: none is in the way. */
static enum step_number obstacle_of(const struct doctor *doctor, enum step_number number)
{
    const struct doctor_step *steps = doctor->result->steps;

    for (unsigned i = 0; i < number; i++) {
        bool is_done = steps[i].state == DOCTOR_OK || steps[i].state == DOCTOR_WARNING;
        if ((table[number].needs & NEEDS(i)) != 0 && !is_done) {
            return (enum step_number)i;
        }
    }
    return STEP_COUNT;
}

/* "not tried: …" names the failure itself, not what it made impossible on the way. */
static enum step_number failure_behind(const struct doctor *doctor, enum step_number obstacle)
{
    enum step_number behind = obstacle;

    while (doctor->result->steps[behind].state == DOCTOR_SKIPPED) {
        enum step_number next = obstacle_of(doctor, behind);
        if (next == STEP_COUNT) {
            break;
        }
        behind = next;
    }
    return behind;
}

static void step_run(struct doctor *doctor, enum step_number number, struct finding *finding)
{
    enum step_number obstacle = obstacle_of(doctor, number);

    if (doctor_should_stop(doctor)) {
        finding_skip(finding, "not tried: the examination was ended");
    } else if (obstacle != STEP_COUNT) {
        obstacle = failure_behind(doctor, obstacle);
        finding_skip(finding, "not tried: '%s' comes first", table[obstacle].title);
    } else {
        table[number].run(doctor, finding);
    }
}

static void step_tell(struct doctor *doctor, enum step_number number, const struct finding *finding,
                      int64_t began_ms)
{
    const struct doctor_request *request = doctor->request;
    struct doctor_step *step = &doctor->result->steps[number];
    bool is_trouble = finding->state == DOCTOR_FAILED || finding->state == DOCTOR_WARNING;
    const char *advice = finding->advice[0] != '\0'
                             ? arena_copy_text(doctor->arena, finding->advice)
                         : finding->reason != REASON_NONE ? reason_info(finding->reason)->advice
                                                          : NULL;

    *step = (struct doctor_step){
        .name = table[number].name,
        .title = table[number].title,
        .state = finding->state,
        .duration_ms = time_monotonic_ms() - began_ms,
        .detail = arena_copy_text(doctor->arena, finding->detail),
        .advice = is_trouble ? advice : NULL,
        .reason = is_trouble ? finding->reason : REASON_NONE,
    };
    doctor->result->count = number + 1;
    if (request->finished != NULL) {
        request->finished(request->context, step);
    }
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void facts_fill(struct doctor *doctor)
{
    const struct doctor_request *request = doctor->request;
    const struct pbx_description *description = &doctor->description;
    struct doctor_facts *facts = &doctor->result->facts;
    struct arena *arena = doctor->arena;

    facts->tenant = request->tenant != NULL ? request->tenant->subdomain : "";
    facts->pbx = request->pbx != NULL ? text_or_empty(request->pbx->name) : "";
    facts->host = request->pbx != NULL ? text_or_empty(request->pbx->host) : "";
    facts->username = request->pbx != NULL ? text_or_empty(request->pbx->username) : "";
    facts->model = arena_copy_text(arena, description->model);
    facts->firmware = arena_copy_text(arena, description->firmware);
    facts->serial = description->serial[0] != '\0' || request->pbx == NULL
                        ? arena_copy_text(arena, description->serial)
                        : text_or_empty(request->pbx->serial);
    facts->addresses = text_or_empty(facts->addresses);
    facts->api = text_or_empty(facts->api);
    facts->certificate = text_or_empty(facts->certificate);
    facts->pin = text_or_empty(facts->pin);
    facts->recording = text_or_empty(facts->recording);
}

void doctor_examine(const struct doctor_request *request, struct arena *arena,
                    struct doctor_result *result_out)
{
    struct doctor *doctor = arena_take(arena, sizeof *doctor);
    struct finding *finding = arena_take(arena, sizeof *finding);
    int64_t began_ms = time_monotonic_ms();

    *result_out = (struct doctor_result){ .root = -1, .at = time_now() };
    *doctor = (struct doctor){
        .request = request,
        .result = result_out,
        .arena = arena,
        .worker = { .world = request->world, .db = request->db, .arena = arena },
        .listed_count = -1,
    };
    doctor->client = net_client_new(request->world->guard);
    for (unsigned number = 0; number < STEP_COUNT; number++) {
        int64_t step_began_ms = time_monotonic_ms();
        *finding = (struct finding){ .state = DOCTOR_SKIPPED };
        if (request->begun != NULL) {
            request->begun(request->context, table[number].title);
        }
        step_run(doctor, (enum step_number)number, finding);
        step_tell(doctor, (enum step_number)number, finding, step_began_ms);
    }
    facts_fill(doctor);
    pbx_close(doctor->pbx);
    net_client_free(doctor->client);
    secret_free(doctor->password);
    result_out->root = doctor_root(result_out->steps, result_out->count);
    result_out->duration_ms = time_monotonic_ms() - began_ms;
}
