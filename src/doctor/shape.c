/* An examination as JSON: one shape for the API, the events and --json. */
#include "doctor/inside.h"

static json_t *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

json_t *doctor_step_json(const struct doctor_step *step)
{
    bool is_good = step->state == DOCTOR_OK || step->state == DOCTOR_WARNING;
    const char *code = reason_info(step->reason)->code;

    return json_pack("{s:s, s:s, s:b, s:s, s:I, s:s, s:o, s:o}", "name", step->name, "title",
                     step->title, "ok", is_good, "state", doctor_state_name(step->state), "ms",
                     (json_int_t)step->duration_ms, "detail", step->detail, "advice",
                     text_or_null(step->advice), "reason", text_or_null(code));
}

json_t *doctor_root_json(const struct doctor_result *result)
{
    if (result->root < 0) {
        return json_null();
    }
    const struct doctor_step *step = &result->steps[result->root];
    const struct reason_info *info = reason_info(step->reason);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "code", info->code, "message", info->message,
                     "owner", reason_owner_code(info->owner), "advice",
                     step->advice != NULL ? step->advice : info->advice, "detail", step->detail,
                     "step", step->name);
}

static json_t *facts_json(const struct doctor_facts *facts)
{
    json_t *json = json_object();
    const struct {
        const char *name, *value;
    } texts[] = {
        { "tenant", facts->tenant },
        { "pbx", facts->pbx },
        { "host", facts->host },
        { "addresses", facts->addresses },
        { "username", facts->username },
        { "api", facts->api },
        { "model", facts->model },
        { "firmware", facts->firmware },
        { "serial", facts->serial },
        { "tls_pin", facts->pin },
        { "certificate", facts->certificate },
        { "recording", facts->recording },
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_object_set_new(json, texts[i].name, text_or_null(texts[i].value));
    }
    json_object_set_new(json, "port", facts->port > 0 ? json_integer(facts->port) : json_null());
    json_object_set_new(json, "clock_ahead_s",
                        facts->is_clock_known ? json_integer(facts->clock_ahead_s) : json_null());
    return json;
}

json_t *doctor_result_json(const struct doctor_result *result)
{
    json_t *steps = json_array();
    char at[TIME_TEXT_SIZE];

    for (size_t i = 0; i < result->count; i++) {
        json_array_append_new(steps, doctor_step_json(&result->steps[i]));
    }
    return json_pack("{s:b, s:o, s:o, s:o, s:s, s:I}", "ok", result->root < 0, "root_cause",
                     doctor_root_json(result), "steps", steps, "facts", facts_json(&result->facts),
                     "at", time_print(result->at, at), "ms", (json_int_t)result->duration_ms);
}
