/*
 * The parameters of cdrapi, alike for both APIs. A UCM never says what is wrong with them: it
 * answers with an empty container, so reading them yields a plain "no".
 */
#ifndef SIMULATOR_QUERY_H
#define SIMULATOR_QUERY_H

#include <stdbool.h>

#include "simulator/book.h"

enum cdr_format { CDR_CSV, CDR_XML, CDR_JSON };

struct cdr_query {
    enum cdr_format format;
    long count_max; /* 0…1000. */
    long offset;
    const char *caller; /* NULL: any. Borrowed from the parameters. */
    const char *callee;
    const char *answered_by;
    const char *caller_name;
    time_ms start_at; /* Inclusive; `has_…` says whether given. */
    time_ms end_at;
    bool has_start;
    bool has_end;
    bool is_by_end; /* timeFilterType=End. */
    long min_s;     /* Compared with billsec. */
    long max_s;     /* -1: none. */
};

/* `parameters`: an object whose values are texts or numbers; "action" and "cookie" are passed over.
 * query_out->format is set even when the answer is false. */
MUST_USE bool book_query_read(const json_t *parameters, time_ms now, int utc_offset_minutes,
                              struct cdr_query *query_out);
/* Does any leg of the call match? */
bool book_query_matches(const struct cdr_query *query, const struct book_call *call);

/* "5300,5302-5304,5_1@": lists, ranges and wildcards; "0-0": not a number, or empty. */
bool book_number_matches(const char *list, const char *number);
/* The time forms of the reference §1.3. */
MUST_USE bool book_time_read(const char *text, time_ms now, int utc_offset_minutes,
                             time_ms *at_out);

#endif
