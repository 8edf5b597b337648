/*
 * What a directory of the PBX says by itself: its listing (CSV whose second column is the name,
 * below a header), and what a recording's name tells of its call. Pure; every byte is hostile.
 *
 * Forms of names, as seen on UCMs:
 *     auto-EPOCH-CALLER-CALLEE.wav          auto-EPOCH#EXTENSION-CALLER-GROUP.wav
 *     auto-EPOCHRGGROUP-CALLER-CALLEE.wav   meetme-conf-rec-ROOM-EPOCH.N….wav
 * EPOCH is the call's start in seconds of UTC; a month's folder may stand before the name.
 */
#ifndef JOBS_LISTING_H
#define JOBS_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/macros.h"
#include "core/time.h"

enum { LISTED_NUMBER_SIZE = 48, LISTED_PATH_SIZE = 300, LISTED_PATHS_MAX = 3 };

struct listed_name {
    time_ms started_at;
    char caller[LISTED_NUMBER_SIZE];    /* "" where the form has none; so the others. */
    char callee[LISTED_NUMBER_SIZE];    /* Extension, group or conference that was called. */
    char extension[LISTED_NUMBER_SIZE]; /* Who answered for the group. */
};

/* False: it has none of the forms above. */
MUST_USE bool listed_name_parse(const char *path, struct listed_name *name_out);

/* Each row's name and size (-1: not said). `row` returns false to stop. Rows whose name is empty or
 * longer than a path may be are passed over. */
void listing_walk(const char *csv, size_t size,
                  bool (*row)(void *context, const char *name, int64_t bytes), void *context);

/* Under which paths a CDR may name the file: as it is and, where it has no folder, in the folder of
 * its month, as local clocks may have it. The most likely one first. Returns how many. */
size_t listed_paths(const char *name, time_ms started_at,
                    char paths_out[LISTED_PATHS_MAX][LISTED_PATH_SIZE]);

#endif
