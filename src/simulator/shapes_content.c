/* See shapes.h: faults in what a recording consists of. They apply to downloads that succeeded. */
#include "simulator/shapes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/random.h"
#include "simulator/state.h"
#include "simulator/tar.h"

static bool size_cut(struct simulator_reply *reply, uint64_t size)
{
    if (!reply->is_recording) {
        return false;
    }
    reply->size = size < reply->size ? size : reply->size;
    return true;
}

bool shape_other_audio(struct simulator_strike *strike)
{
    struct simulator *simulator = strike->simulator;
    uint64_t wanted = strike->reply->size;
    char path[4096] = "";
    struct stat facts;

    if (!strike->reply->is_recording) {
        return false;
    }
    simulator_lock(simulator);
    for (int i = 0; i < book_recording_count(simulator->book); i++) {
        const struct book_recording *other = book_recording_get(simulator->book, i);
        bool is_better = path[0] == '\0' || other->face.bytes < wanted;
        if (other->face.bytes != wanted && is_better && strlen(other->audio_path) < sizeof path) {
            memcpy(path, other->audio_path, strlen(other->audio_path) + 1);
        }
    }
    simulator_unlock(simulator);
    int file = path[0] != '\0' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0 || fstat(file, &facts) != 0) {
        return false;
    }
    simulator_reply_clear(strike->reply);
    strike->reply->file = file;
    strike->reply->size = (uint64_t)facts.st_size;
    return true;
}

bool shape_audio_cut(struct simulator_strike *strike)
{
    return size_cut(strike->reply, strike->reply->size / 100 * (uint64_t)strike->parameter);
}

bool shape_growing(struct simulator_strike *strike)
{
    int parts = strike->total > 0 ? strike->total + 1 : 4;
    int part = strike->used < parts ? strike->used : parts - 1;

    return size_cut(strike->reply, strike->reply->size / (uint64_t)parts * (uint64_t)part);
}

bool shape_header_only(struct simulator_strike *strike)
{
    return size_cut(strike->reply, (uint64_t)strike->parameter);
}

/* Both sizes of a RIFF file whose data chunk comes right after a 16-byte format, else RIFF's only.
 */
static bool riff_sizes_patch(struct simulator_strike *strike, unsigned char byte)
{
    struct simulator_reply *reply = strike->reply;

    if (!reply->is_recording || !simulator_reply_to_memory(reply) || reply->size < 44) {
        return false;
    }
    memset(reply->body.bytes + 4, byte, 4);
    if (memcmp(reply->body.bytes + 36, "data", 4) == 0) {
        memset(reply->body.bytes + 40, byte, 4);
    }
    return true;
}

bool shape_riff_size_max(struct simulator_strike *strike)
{
    return riff_sizes_patch(strike, 0xff);
}

bool shape_riff_size_zero(struct simulator_strike *strike)
{
    return riff_sizes_patch(strike, 0);
}

bool shape_gsff(struct simulator_strike *strike)
{
    struct simulator_reply *reply = strike->reply;

    if (!reply->is_recording || !simulator_reply_to_memory(reply) || reply->size < 44) {
        return false;
    }
    /* "GSFF", 8 bytes of header as claimed, then raw samples in place of the 44 bytes of RIFF. */
    memmove(reply->body.bytes + 12, reply->body.bytes + 44, reply->size - 44);
    memcpy(reply->body.bytes, "GSFF\1\0\0\0\x40\x1f\0\0", 12);
    reply->size -= 32;
    reply->body.size = reply->size;
    return true;
}

bool shape_noise(struct simulator_strike *strike)
{
    struct simulator_reply *reply = strike->reply;

    if (!reply->is_recording || !simulator_reply_to_memory(reply) || reply->size == 0) {
        return false;
    }
    random_bytes(reply->body.bytes, (size_t)reply->size);
    reply->body.bytes[0] = (char)0x80; /* Never by chance '{', '<' or "RIFF". */
    return true;
}

static bool tar_begin(struct simulator_strike *strike)
{
    if (!strike->reply->is_recording) {
        return false;
    }
    simulator_reply_set(strike->reply, 200, "application/x-tar", "");
    return true;
}

static bool tar_finish(struct simulator_strike *strike)
{
    strike->reply->size = strike->reply->body.size;
    return true;
}

bool shape_tar_truncated(struct simulator_strike *strike)
{
    struct simulator_reply *reply = strike->reply;
    AUTO(text_clear) struct text tar = TEXT_UP_TO(REPLY_BODY_MAX);

    if (!reply->is_recording || !simulator_reply_to_memory(reply)) {
        return false;
    }
    simulator_tar_header_add(&tar, &(struct tar_member){ "recording.wav", '0', NULL, reply->size });
    text_add_bytes(&tar, text_get(&reply->body), (size_t)reply->size / 2);
    simulator_reply_set(reply, 200, "application/x-tar", "");
    text_add_bytes(&reply->body, text_get(&tar), tar.size);
    return tar_finish(strike);
}

bool shape_tar_hostile(struct simulator_strike *strike)
{
    static const struct tar_member members[] = {
        { "../../escaped.wav", '0', NULL, 4 }, { "/tmp/absolute.wav", '0', NULL, 4 },
        { "link.wav", '2', "/etc/passwd", 0 }, { "hard.wav", '1', "/etc/passwd", 0 },
        { "device.wav", '3', NULL, 0 },        { "link.wav", '0', NULL, 4 },
    };

    if (!tar_begin(strike)) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        simulator_tar_header_add(&strike->reply->body, &members[i]);
        simulator_tar_content_add(&strike->reply->body, "evil", (size_t)members[i].size);
    }
    simulator_tar_end_add(&strike->reply->body);
    return tar_finish(strike);
}

bool shape_tar_many(struct simulator_strike *strike)
{
    if (!tar_begin(strike)) {
        return false;
    }
    for (long i = 0; i < strike->parameter; i++) {
        simulator_tar_header_add(&strike->reply->body,
                                 &(struct tar_member){ "recording.wav", '0', NULL, 0 });
    }
    simulator_tar_end_add(&strike->reply->body);
    return tar_finish(strike);
}

bool shape_tar_sparse(struct simulator_strike *strike)
{
    if (!tar_begin(strike)) {
        return false;
    }
    simulator_tar_header_add(
        &strike->reply->body,
        &(struct tar_member){ "recording.wav", '0', NULL, (uint64_t)strike->parameter * GIB });
    simulator_tar_content_add(&strike->reply->body, "RIFF", 4);
    return tar_finish(strike);
}
