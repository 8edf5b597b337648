/*
 * What the speech process says to the one that started it: JSON, a line each.
 *
 *     {"audio":{"seconds":151.2,"channels":2}}     once
 *     {"progress":0.42}                            now and then
 *     {"transcript":{…}}                           the end: transcript.h's shape, or
 *     {"error":{"kind":"invalid","message":"…"}}
 */
#ifndef SPEECH_WIRE_H
#define SPEECH_WIRE_H

#include "core/error.h"
#include "core/macros.h"

enum { WIRE_AUDIO_FILE = 3, WIRE_ANSWER_FILE = 4 }; /* Open in the child. */
#define WIRE_SIZE_MAX (64 * MIB)

/* "invalid", …; ERROR_SYSTEM for a word that is not known. */
const char *wire_kind_name(enum error_kind kind);
enum error_kind wire_kind_parse(const char *name);

#endif
