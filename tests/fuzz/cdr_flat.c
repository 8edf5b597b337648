/* Any bytes: what flat.c accepts, jansson accepts as well and reads the same; and the leg that
 * comes of it is the one that comes of jansson's tree. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cdr/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void members_compare(const struct flat *flat, const json_t *object)
{
    size_t i = 0;
    const char *name = NULL;
    size_t name_size = 0;
    json_t *value = NULL;

    assert(json_is_object(object) && json_object_size(object) == flat->count);
    json_object_keylen_foreach((json_t *)(uintptr_t)object, name, name_size, value)
    {
        const struct member *member = &flat->members[i++];
        assert(member->name_size == name_size && memcmp(member->name, name, name_size + 1) == 0);
        assert(json_is_string(value) && json_string_length(value) == member->size);
        assert(memcmp(member->text, json_string_value(value), member->size + 1) == 0);
        for (size_t at = 0; member->is_plain && at < member->size; at++) {
            assert(member->text[at] >= ' ' && member->text[at] < 0x7f);
        }
    }
}

static void legs_compare(const struct cdr_leg *left, const struct cdr_leg *right)
{
    const char *const pairs[][2] = {
        { left->acct_id, right->acct_id },
        { left->uniqueid, right->uniqueid },
        { left->session, right->session },
        { left->src, right->src },
        { left->dst, right->dst },
        { left->clid, right->clid },
        { left->caller_name, right->caller_name },
        { left->disposition, right->disposition },
        { left->userfield, right->userfield },
        { left->action_type, right->action_type },
        { left->action_owner, right->action_owner },
        { left->lastapp, right->lastapp },
        { left->channel, right->channel },
        { left->dstchannel, right->dstchannel },
        { left->channel_ext, right->channel_ext },
        { left->dstchannel_ext, right->dstchannel_ext },
        { left->dstanswer, right->dstanswer },
        { left->src_trunk, right->src_trunk },
        { left->dst_trunk, right->dst_trunk },
        { left->sn, right->sn },
        { left->fields_json, right->fields_json },
    };

    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert(strcmp(pairs[i][0], pairs[i][1]) == 0);
    }
    assert(left->direction == right->direction && left->is_fork == right->is_fork);
    assert(left->duration_s == right->duration_s && left->talk_s == right->talk_s);
    assert(left->refused_count == right->refused_count);
    assert(left->recording_count == right->recording_count);
    for (size_t i = 0; i < left->recording_count; i++) {
        assert(strcmp(left->recordings[i].path, right->recordings[i].path) == 0);
    }
}

static void ways_compare(struct arena *arena, const struct flat *flat, const json_t *object,
                         const char *source, size_t size)
{
    struct record by_flat = { .flat = flat, .session = flat_text(flat, "cdr") };
    struct record by_tree = { .object = object, .session = json_text(object, "cdr", NULL) };
    struct cdr_leg legs[2];
    struct leg_times times[2];
    struct error error;

    bool is_leg = leg_read(arena, &by_flat, source, size, &legs[0], &times[0], &error);
    assert(is_leg == leg_read(arena, &by_tree, source, size, &legs[1], &times[1], &error));
    if (is_leg) {
        legs_compare(&legs[0], &legs[1]);
        assert(memcmp(&times[0], &times[1], sizeof times[0]) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(arena_free) struct arena *arena = arena_new(CDR_ARENA_SIZE_MAX);
    struct flat flat;
    struct error error;

    if (!flat_read(arena, (const char *)bytes, size, &flat)) {
        return 0;
    }
    AUTO(json_release) json_t *object = json_read(bytes, size, &error);
    assert(object != NULL && flat.count > 0);
    members_compare(&flat, object);
    ways_compare(arena, &flat, object, (const char *)bytes, size);
    return 0;
}
