/* Any JSON as a transcript: what is accepted must print in every format and come back the same. */
#include <stdint.h>
#include <stdlib.h>

#include "speech/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(arena_free) struct arena *arena = arena_new(8 * MIB);
    struct error error;
    AUTO(json_release) json_t *json = json_read(bytes, size, &error);
    struct transcript transcript;

    if (json == NULL || !transcript_from_json(arena, json, &transcript, &error)) {
        return 0;
    }
    AUTO(text_clear) struct text text = TEXT_UP_TO(16 * MIB);
    transcript_print(&transcript, TRANSCRIPT_TEXT, &text);
    transcript_print(&transcript, TRANSCRIPT_SRT, &text);
    transcript_print(&transcript, TRANSCRIPT_VTT, &text);
    AUTO(json_release) json_t *again = transcript_to_json(&transcript);
    if (again == NULL || json_array_size(json_object_get(again, "segments")) !=
                             json_array_size(json_object_get(json, "segments"))) {
        abort();
    }
    return 0;
}
