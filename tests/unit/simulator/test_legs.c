/* What the simulator's CDRs look like: the shapes of the protocol reference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "core/file.h"
#include "core/memory.h"
#include "simulator/book.h"
#include "simulator/legs.h"

enum { SECONDS = 3, WAV_SIZE = 44 + SECONDS * 16000 };

static char wav_path[] = "/tmp/simulator-legs-XXXXXX";

static void word_put(unsigned char *at, unsigned long number, int count)
{
    for (int i = 0; i < count; i++) {
        at[i] = (unsigned char)(number >> (8 * i));
    }
}

static int wav_make(void **state)
{
    AUTO(free) unsigned char *wav = memory_new(WAV_SIZE);
    struct error error = { 0 };

    (void)state;
    memcpy(wav, "RIFF\0\0\0\0WAVEfmt ", 16);
    word_put(wav + 4, WAV_SIZE - 8, 4);
    word_put(wav + 16, 16, 4);
    word_put(wav + 20, 1, 2);
    word_put(wav + 22, 1, 2);
    word_put(wav + 24, 8000, 4);
    word_put(wav + 28, 16000, 4);
    word_put(wav + 32, 2, 2);
    word_put(wav + 34, 16, 2);
    memcpy(wav + 36, "data", 4);
    word_put(wav + 40, WAV_SIZE - 44, 4);
    int file = mkstemp(wav_path);
    bool is_written = file >= 0 && file_write_all(file, wav, WAV_SIZE, &error);
    file_close(file);
    return is_written ? 0 : -1;
}

static int wav_remove(void **state)
{
    (void)state;
    return unlink(wav_path);
}

/* 2026-02-05T21:20:41Z on a PBX six hours behind UTC, as in the reference's sample. */
static const struct book_place place = {
    .now = 1770326441000, .utc_offset_minutes = -360, .field_count = 49, .serial = "EXAMPLE00000001"
};

static const char *value(const struct book_call *call, int leg, enum cdr_field field)
{
    return call->legs[leg].values[field];
}

static const struct book_call *add(struct book *book, const struct simulator_call *call,
                                   struct simulator_added *added)
{
    struct error error = { 0 };

    if (!book_call_add(book, &place, call, added, &error)) {
        fail_msg("%s", error.message);
    }
    return book_call_get(book, added->call);
}

static void an_outbound_call_has_local_times_and_a_utc_name(void **state)
{
    struct book *book = book_new();
    struct simulator_added added;
    const struct book_call *call = add(book,
                                       &(struct simulator_call){ .audio_path = wav_path,
                                                                 .direction = "Outbound",
                                                                 .caller_name = "Front Desk",
                                                                 .trunk = "Carrier A",
                                                                 .has_description = true,
                                                                 .ring_s = 11,
                                                                 .started_at = 1770326441000 },
                                       &added);

    (void)state;
    CHECK_TEXT(value(call, 0, FIELD_START), "2026-02-05 15:20:41");
    CHECK_TEXT(value(call, 0, FIELD_ANSWER), "2026-02-05 15:20:52");
    CHECK_TEXT(value(call, 0, FIELD_END), "2026-02-05 15:20:55");
    CHECK_TEXT(value(call, 0, FIELD_DURATION), "14");
    CHECK_TEXT(value(call, 0, FIELD_BILLSEC), "3");
    CHECK_TEXT(value(call, 0, FIELD_UNIQUEID), "1770326441.84");
    CHECK_TEXT(value(call, 0, FIELD_ACCT_ID), "41");
    CHECK_TEXT(value(call, 0, FIELD_CLID), "\"Front Desk\" <1000>");
    CHECK_TEXT(value(call, 0, FIELD_RECORDFILES), "2026-02/auto-1770326441-1000-2815550100.wav@");
    CHECK_TEXT(value(call, 0, FIELD_RECORDFILES_DESC),
               "duration=3,size=48044B,start-time=1770326452@");
    CHECK_TEXT(value(call, 0, FIELD_DST_TRUNK_NAME), "Carrier A");
    CHECK_TEXT(value(call, 0, FIELD_SRC_TRUNK_NAME), "");
    CHECK(strncmp(value(call, 0, FIELD_SESSION), "1770326441", 10) == 0);
    CHECK(strstr(value(call, 0, FIELD_SESSION), "-1000") != NULL);
    CHECK_TEXT(added.recordings[0].name, "auto-1770326441-1000-2815550100.wav");
    CHECK_TEXT(added.recordings[0].filedir, "monitor");
    CHECK_NUMBER(added.recordings[0].bytes, WAV_SIZE);
    book_free(book);
}

static void a_ring_group_call_has_one_recording_on_the_answered_leg(void **state)
{
    struct book *book = book_new();
    struct simulator_added added;
    const struct book_call *call = add(book,
                                       &(struct simulator_call){ .audio_path = wav_path,
                                                                 .direction = "Inbound",
                                                                 .caller = "2815550122",
                                                                 .callee = "203",
                                                                 .group = "6400",
                                                                 .members = { "202", "204" },
                                                                 .has_fork = true,
                                                                 .started_at = 1770394547000 },
                                       &added);
    json_t *json = book_call_json(call);
    const json_t *summary = json_object_get(json, "main_cdr");

    (void)state;
    CHECK_NUMBER(call->leg_count, 4);
    for (int i = 0; i < 4; i++) {
        CHECK_TEXT(value(call, i, FIELD_UNIQUEID), added.uniqueid);
        CHECK_TEXT(value(call, i, FIELD_SESSION), added.session);
        CHECK_TEXT(value(call, i, FIELD_RECORDFILES),
                   i == 2 ? "2026-02/auto-1770394547#203-2815550122-6400.wav@" : "");
    }
    CHECK_TEXT(value(call, 0, FIELD_DISPOSITION), "NO ANSWER");
    CHECK_TEXT(value(call, 3, FIELD_LASTAPP), "ForkCDR");
    CHECK_TEXT(value(call, 3, FIELD_DISPOSITION), "ANSWERED");
    CHECK_TEXT(added.acct_id, "43");
    CHECK_NUMBER(json_object_size(json), 6);
    CHECK_NUMBER(json_object_size(summary), 49);
    CHECK_TEXT(json_text(summary, "dst", ""), "6400");
    CHECK_TEXT(json_text(summary, "action_type", ""), "RINGGROUP[6400]");
    CHECK_TEXT(json_text(summary, "recordfiles", "?"), "");
    CHECK_TEXT(json_text(json_object_get(json, "sub_cdr_3"), "AcctId", ""), "43");
    json_decref(json);
    book_free(book);
}

static void a_queue_call_names_two_recordings_in_the_queue_directory(void **state)
{
    struct book *book = book_new();
    struct simulator_added added;
    const struct book_call *call = add(book,
                                       &(struct simulator_call){ .audio_path = wav_path,
                                                                 .second_audio_path = wav_path,
                                                                 .direction = "Inbound",
                                                                 .caller = "+12815550111",
                                                                 .callee = "1003",
                                                                 .action_type = "QUEUE[6500]",
                                                                 .group = "6500",
                                                                 .started_at = 1770390005000 },
                                       &added);

    (void)state;
    CHECK_TEXT(value(call, 0, FIELD_RECORDFILES), "2026-02/auto-1770390005-+12815550111-6500.wav@"
                                                  "2026-02/auto-1770390008-1003-+12815550111.wav@");
    CHECK_NUMBER(added.recording_count, 2);
    CHECK_TEXT(added.recordings[1].filedir, "queue");
    CHECK_TEXT(value(call, 0, FIELD_BILLSEC), "6");
    book_free(book);
}

static void an_unanswered_call_names_no_recording_and_no_answer_time(void **state)
{
    struct book *book = book_new();
    struct simulator_added added;
    const struct book_call *call =
        add(book, &(struct simulator_call){ .ring_s = 20, .started_at = 1770390005000 }, &added);

    (void)state;
    CHECK_TEXT(value(call, 0, FIELD_DISPOSITION), "NO ANSWER");
    CHECK_TEXT(value(call, 0, FIELD_ANSWER), "");
    CHECK_TEXT(value(call, 0, FIELD_RECORDFILES), "");
    CHECK_TEXT(value(call, 0, FIELD_BILLSEC), "0");
    CHECK_NUMBER(added.recording_count, 0);
    book_free(book);
}

static void older_firmware_has_fewer_fields(void **state)
{
    static const int counts[] = { 22, 32, 43, 49 };
    static const char *const last[] = { "service", "dst_trunk_name", "recordfiles_desc", "sn" };
    struct book *book = book_new();
    struct simulator_added added;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        const struct book_call *call =
            add(book, &(struct simulator_call){ .field_count = counts[i] }, &added);
        json_t *leg = book_leg_json(call, 0, 0);
        json_t *group = book_call_json(call);
        CHECK_NUMBER(json_object_size(leg), counts[i]);
        CHECK(json_object_get(leg, last[i]) != NULL);
        CHECK_NUMBER(json_object_size(group), counts[i] + 1);
        CHECK(json_object_get(group, "cdr") != NULL);
        json_decref(leg);
        json_decref(group);
    }
    book_free(book);
}

static void a_call_of_no_meaning_is_refused(void **state)
{
    struct book *book = book_new();
    struct simulator_added added;
    struct error error = { 0 };

    (void)state;
    CHECK(!book_call_add(book, &place, &(struct simulator_call){ .field_count = 30 }, &added,
                         &error));
    CHECK(!book_call_add(book, &place, &(struct simulator_call){ .ring_s = -1 }, &added, &error));
    CHECK(!book_call_add(book, &place,
                         &(struct simulator_call){ .audio_path = "/nonexistent/audio.wav" }, &added,
                         &error));
    CHECK_NUMBER(book_call_count(book), 0);
    book_free(book);
}

static void two_calls_may_share_a_name_and_the_last_wins(void **state)
{
    struct book *book = book_new();
    struct simulator_added first;
    struct simulator_added second;
    struct simulator_call call = { .audio_path = wav_path, .recording_path = "2026-02/auto-1.wav" };

    (void)state;
    add(book, &call, &first);
    add(book, &call, &second);
    CHECK_NUMBER(book_recording_count(book), 2);
    CHECK(book_recording_find(book, "monitor", "auto-1.wav", false) == book_recording_get(book, 1));
    CHECK(book_recording_find(book, "monitor", "2026-02/auto-1.wav", true) != NULL);
    CHECK(book_recording_find(book, "queue", "auto-1.wav", false) == NULL);
    CHECK(book_recording_find(book, "monitor", "2026-02/auto-1.wav", false) == NULL);
    book_free(book);
}

static void xml_escapes_what_csv_leaves_bare(void **state)
{
    struct book *book = book_new();
    struct simulator_added added;
    const struct book_call *call =
        add(book, &(struct simulator_call){ .caller_name = "A & B", .field_count = 22 }, &added);
    AUTO(text_clear) struct text xml = TEXT_UP_TO(64 * KIB);
    AUTO(text_clear) struct text csv = TEXT_UP_TO(64 * KIB);

    (void)state;
    book_leg_xml(call, 0, 0, &xml);
    book_leg_csv(call, 0, 0, &csv);
    CHECK(strstr(text_get(&xml), "<clid>\"A &amp; B\" &lt;1000&gt;</clid>") != NULL);
    CHECK(strstr(text_get(&csv), ",\"A & B\" <1000>,") != NULL);
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outbound_call_has_local_times_and_a_utc_name),
        cmocka_unit_test(a_ring_group_call_has_one_recording_on_the_answered_leg),
        cmocka_unit_test(a_queue_call_names_two_recordings_in_the_queue_directory),
        cmocka_unit_test(an_unanswered_call_names_no_recording_and_no_answer_time),
        cmocka_unit_test(older_firmware_has_fewer_fields),
        cmocka_unit_test(a_call_of_no_meaning_is_refused),
        cmocka_unit_test(two_calls_may_share_a_name_and_the_last_wins),
        cmocka_unit_test(xml_escapes_what_csv_leaves_bare),
    };

    return cmocka_run_group_tests(tests, wav_make, wav_remove);
}
