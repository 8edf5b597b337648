/*
 * The log: one line per outcome on standard error, as text or as JSON, with fields.
 *
 *     log_info("recording.stored", "call", call_id, "bytes", number, NULL);
 *
 * Library code returns errors; stages, routes and commands log each outcome once. Values are texts;
 * control characters in them are escaped, so a caller's name cannot forge a line. Never pass a
 * secret.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Once, before threads. The only global of the program. `role` is shown in every line; borrowed. */
void log_setup(enum log_level level_min, bool is_json, const char *role);

/* `event` is a dotted name; then pairs of name and value texts (a NULL value prints as empty), then
 * NULL. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_event(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_event(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)

/* A number as a text for a field: LOG_NUMBER(size). Lives until the end of the full expression's
 * block. */
#define LOG_NUMBER(number) (log_number((char[24]){ 0 }, (long long)(number)))
const char *log_number(char text_out[24], long long number);

#endif
