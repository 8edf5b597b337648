/* See transcript.h: transcripts for people and players. */
#include <math.h>
#include <string.h>

#include "speech/transcript.h"

#define CAPTION_SECONDS_MIN 0.5 /* A shorter caption cannot be read. */

static const struct {
    enum transcript_format format;
    const char *name;
    const char *type;
} formats[] = {
    { TRANSCRIPT_TEXT, "txt", "text/plain; charset=utf-8" },
    { TRANSCRIPT_JSON, "json", "application/json" },
    { TRANSCRIPT_SRT, "srt", "application/x-subrip" },
    { TRANSCRIPT_VTT, "vtt", "text/vtt; charset=utf-8" },
};

bool transcript_format_parse(const char *name, enum transcript_format *format_out)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *format_out = formats[i].format;
            return true;
        }
    }
    return false;
}

const char *transcript_format_type(enum transcript_format format)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (formats[i].format == format) {
            return formats[i].type;
        }
    }
    return "application/octet-stream";
}

static bool is_named(const struct transcript_segment *segment)
{
    return segment->channel >= 0 && segment->speaker != NULL;
}

static void print_plain(const struct transcript *transcript, struct text *text)
{
    for (size_t i = 0; i < transcript->segment_count; i++) {
        const struct transcript_segment *segment = &transcript->segments[i];
        long seconds = lround(floor(segment->start));
        if (seconds >= 3600) {
            text_print(text, "[%ld:%02ld:%02ld] ", seconds / 3600, seconds / 60 % 60, seconds % 60);
        } else {
            text_print(text, "[%02ld:%02ld] ", seconds / 60, seconds % 60);
        }
        if (is_named(segment)) {
            text_print(text, "%s: ", segment->speaker);
        }
        text_print(text, "%s\n", segment->text);
    }
}

/* "00:01:02,345", with a point for WebVTT. */
static void print_time(struct text *text, double seconds, char point)
{
    long long ms = llround(seconds * 1000);

    text_print(text, "%02lld:%02lld:%02lld%c%03lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
               point, ms % 1000);
}

static void print_times(struct text *text, const struct transcript_segment *segment, char point)
{
    print_time(text, segment->start, point);
    text_add(text, " --> ");
    print_time(text, fmax(segment->end, segment->start + CAPTION_SECONDS_MIN), point);
    text_add_char(text, '\n');
}

/* WebVTT, 3.1: "&", "<" and ">" are markup. */
static void print_escaped(struct text *text, const char *words)
{
    for (; *words != '\0'; words++) {
        switch (*words) {
        case '&':
            text_add(text, "&amp;");
            break;
        case '<':
            text_add(text, "&lt;");
            break;
        case '>':
            text_add(text, "&gt;");
            break;
        default:
            text_add_char(text, *words);
        }
    }
}

static void print_srt(const struct transcript *transcript, struct text *text)
{
    for (size_t i = 0; i < transcript->segment_count; i++) {
        const struct transcript_segment *segment = &transcript->segments[i];
        text_print(text, "%zu\n", i + 1);
        print_times(text, segment, ',');
        if (is_named(segment)) {
            text_print(text, "%s: ", segment->speaker);
        }
        text_print(text, "%s\n\n", segment->text);
    }
}

static void print_vtt(const struct transcript *transcript, struct text *text)
{
    text_add(text, "WEBVTT\n\n");
    for (size_t i = 0; i < transcript->segment_count; i++) {
        const struct transcript_segment *segment = &transcript->segments[i];
        print_times(text, segment, '.');
        if (is_named(segment)) {
            text_add(text, "<v ");
            print_escaped(text, segment->speaker);
            text_add_char(text, '>');
        }
        print_escaped(text, segment->text);
        text_add(text, "\n\n");
    }
}

static void print_json(const struct transcript *transcript, struct text *text)
{
    AUTO(json_release) json_t *json = transcript_to_json(transcript);
    char *printed = json_dumps(json, JSON_INDENT(2) | TRANSCRIPT_JSON_FLAGS);

    if (printed != NULL) {
        text_add(text, printed);
        text_add_char(text, '\n');
        free(printed);
    }
}

void transcript_print(const struct transcript *transcript, enum transcript_format format,
                      struct text *text)
{
    switch (format) {
    case TRANSCRIPT_TEXT:
        print_plain(transcript, text);
        break;
    case TRANSCRIPT_JSON:
        print_json(transcript, text);
        break;
    case TRANSCRIPT_SRT:
        print_srt(transcript, text);
        break;
    case TRANSCRIPT_VTT:
        print_vtt(transcript, text);
        break;
    }
}
