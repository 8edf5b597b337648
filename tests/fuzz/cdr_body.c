/* Any bytes as a webhook's body: what is accepted keeps the promises of cdr.h, and a leg's own
 * fields_json gives the same leg again. The first byte chooses the headers. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cdr/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const types[] = { NULL,
                                     "application/json",
                                     "application/xml",
                                     "application/x-www-form-urlencoded",
                                     "multipart/form-data",
                                     "" };
static const char *const encodings[] = { NULL, "gzip", "identity", "br" };

static void text_check(const char *text)
{
    size_t size = strlen(text);

    assert(size <= CDR_FIELD_SIZE_MAX && utf8_is_valid(text, size));
    for (size_t i = 0; i < size; i++) {
        assert(utf8_control_size(text + i, size - i) == 0);
    }
}

static void leg_check(const struct cdr_leg *leg)
{
    const char *const texts[] = {
        leg->acct_id,      leg->uniqueid,       leg->session,     leg->src,        leg->dst,
        leg->clid,         leg->caller_name,    leg->disposition, leg->userfield,  leg->action_type,
        leg->action_owner, leg->lastapp,        leg->channel,     leg->dstchannel, leg->channel_ext,
        leg->dstanswer,    leg->dstchannel_ext, leg->src_trunk,   leg->dst_trunk,  leg->sn
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        text_check(texts[i]);
    }
    assert(cdr_call_key(leg)[0] != '\0');
    assert(leg->duration_s >= -1 && leg->talk_s >= -1);
    assert(leg->is_offset_known || leg->offset_minutes == 0);
    assert(leg->recording_count <= CDR_RECORDINGS_MAX);
    assert(!leg->is_fork || leg->recording_count == 0);
    for (size_t i = 0; i < leg->recording_count; i++) {
        text_check(leg->recordings[i].path);
        assert(leg->recordings[i].path[0] != '\0' && leg->recordings[i].path[0] != '/');
        assert(strstr(leg->recordings[i].path, "..") == NULL);
    }
}

static void leg_check_again(struct arena *arena, const struct cdr_leg *leg)
{
    struct cdr_batch batch;
    struct error error;
    size_t size = strlen(leg->fields_json);

    assert(size <= CDR_FIELDS_SIZE_MAX);
    AUTO(json_release) json_t *fields = json_read(leg->fields_json, size, &error);
    assert(json_is_object(fields));
    if (json_object_get(fields, "fields_left_out") == NULL && leg->acct_id[0] != '\0' &&
        !json_is_object(json_object_get(fields, "response")) &&
        cdr_parse(arena, NULL, NULL, leg->fields_json, size, &batch, &error) &&
        batch.leg_count == 1) {
        assert(strcmp(batch.legs[0].src, leg->src) == 0);
        assert(batch.legs[0].recording_count == leg->recording_count);
        assert(strcmp(batch.legs[0].fields_json, leg->fields_json) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    AUTO(arena_free) struct arena *arena = arena_new(2 * CDR_ARENA_SIZE_MAX);
    struct cdr_batch batch;
    struct error error = { .kind = ERROR_NONE };
    const char *type = types[bytes[0] % COUNT_OF(types)];
    const char *encoding = encodings[(bytes[0] >> 4) % COUNT_OF(encodings)];

    if (!cdr_parse(arena, type, encoding, bytes + 1, size - 1, &batch, &error)) {
        assert(error.kind == ERROR_INVALID || error.kind == ERROR_LIMIT);
        assert(error.message[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < batch.leg_count; i++) {
        leg_check(&batch.legs[i]);
    }
    for (size_t i = 0; i < batch.leg_count && i < 20; i++) {
        leg_check_again(arena, &batch.legs[i]);
    }
    return 0;
}
