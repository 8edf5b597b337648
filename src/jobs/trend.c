/* See trend.h. */
#include "jobs/trend.h"

#include <string.h>

#include "core/macros.h"
#include "ledger/reason.h"

static const double EXPECTED_MIN = 10.0;
static const time_ms SILENCE_MIN = 15 * MINUTE_MS;
static const time_ms HISTORY_MIN = 7 * DAY_MS;
static const time_ms FAILING_MIN = 10 * MINUTE_MS;
static const time_ms RECENT = 5 * MINUTE_MS;
enum { FAILURES_MIN = 3 };

/* ---- Silence ---- */

int rhythm_hour(time_ms at)
{
    return (int)(at / HOUR_MS % WEEK_HOURS);
}

double rhythm_expected(const struct rhythm *rhythm, time_ms from_at, time_ms to_at)
{
    time_ms history = rhythm->until_at - rhythm->from_at;
    double expected = 0;

    if (rhythm->from_at == 0 || history < HISTORY_MIN) {
        return 0;
    }
    double weeks = (double)history / (double)(7 * DAY_MS);
    for (time_ms at = from_at; at < to_at;) {
        time_ms hour_end = (at / HOUR_MS + 1) * HOUR_MS;
        time_ms end = hour_end < to_at ? hour_end : to_at;
        expected +=
            (double)rhythm->count[rhythm_hour(at)] / weeks * (double)(end - at) / (double)HOUR_MS;
        at = end;
    }
    return expected;
}

bool rhythm_is_broken(const struct rhythm *rhythm, time_ms last_at, time_ms now,
                      double *expected_out)
{
    /* A silence of many weeks says no more than one of four. */
    time_ms until = now - last_at < RHYTHM_DAYS * DAY_MS ? now : last_at + RHYTHM_DAYS * DAY_MS;
    double expected = rhythm_expected(rhythm, last_at, until);

    if (expected_out != NULL) {
        *expected_out = expected;
    }
    return now - last_at >= SILENCE_MIN && expected >= EXPECTED_MIN;
}

/* ---- Attempts ---- */

/* What a reason says of the PBX as a whole. What is not here is about one file, and shows that the
 * PBX does its work; ALARM_TEST stands for "says nothing". */
static const struct {
    enum reason reason;
    enum alarm alarm;
} meanings[] = {
    { REASON_ADDRESS_REFUSED, ALARM_PBX_UNREACHABLE },
    { REASON_ADDRESS_INVALID, ALARM_PBX_UNREACHABLE },
    { REASON_DNS_FAILED, ALARM_PBX_UNREACHABLE },
    { REASON_CONNECT_REFUSED, ALARM_PBX_UNREACHABLE },
    { REASON_CONNECT_TIMEOUT, ALARM_PBX_UNREACHABLE },
    { REASON_CONNECTION_RESET, ALARM_PBX_UNREACHABLE },
    { REASON_STALLED, ALARM_PBX_UNREACHABLE },
    { REASON_TLS_FAILED, ALARM_PBX_UNREACHABLE },
    { REASON_TLS_CHANGED, ALARM_CERTIFICATE_CHANGED },
    { REASON_TLS_UNTRUSTED, ALARM_PBX_REFUSING },
    { REASON_TLS_TOO_OLD, ALARM_PBX_REFUSING },
    { REASON_API_NOT_FOUND, ALARM_PBX_REFUSING },
    { REASON_REDIRECTED, ALARM_PBX_REFUSING },
    { REASON_LOGIN_REFUSED, ALARM_PBX_REFUSING },
    { REASON_LOGIN_LOCKED, ALARM_PBX_REFUSING },
    { REASON_BASIC_ONLY, ALARM_PBX_REFUSING },
    { REASON_SESSION_LOST, ALARM_PBX_REFUSING },
    { REASON_ADDRESS_NOT_PERMITTED, ALARM_PBX_REFUSING },
    { REASON_NO_PERMISSION, ALARM_PBX_REFUSING },
    { REASON_UNSUPPORTED, ALARM_PBX_REFUSING },
    { REASON_PBX_ERROR, ALARM_PBX_REFUSING },
    { REASON_THROTTLED, ALARM_TEST },
    { REASON_BUSY, ALARM_TEST },
    { REASON_INTERRUPTED, ALARM_TEST },
};

/* Requests that only lead up to the work: their success proves nothing. */
static bool is_preparation(const char *purpose)
{
    static const char *const names[] = { "challenge", "login", "probe" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strncmp(purpose, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static enum alarm attempt_meaning(const struct trend_attempt *attempt)
{
    enum reason reason = reason_from_code(attempt->reason);

    if (reason == REASON_NONE) {
        return is_preparation(attempt->purpose) ? ALARM_TEST : ALARM_NONE;
    }
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (meanings[i].reason == reason) {
            return meanings[i].alarm;
        }
    }
    return ALARM_NONE;
}

static int strength(enum alarm alarm)
{
    return alarm == ALARM_CERTIFICATE_CHANGED ? 3
           : alarm == ALARM_PBX_REFUSING      ? 2
           : alarm == ALARM_PBX_UNREACHABLE   ? 1
                                              : 0;
}

struct trend trend_judge(const struct trend_attempt *attempts, size_t count, time_ms now)
{
    struct trend trend = { .alarm = ALARM_NONE };
    time_ms newest_at = 0;

    for (size_t i = 0; i < count; i++) {
        enum alarm meaning = attempt_meaning(&attempts[i]);
        if (meaning == ALARM_NONE) {
            break;
        }
        if (meaning == ALARM_TEST) {
            continue;
        }
        newest_at = newest_at == 0 ? attempts[i].at : newest_at;
        if (strength(meaning) > strength(trend.alarm) && attempts[i].at >= newest_at - RECENT) {
            trend.alarm = meaning;
            trend.reason = attempts[i].reason;
        }
        trend.since = attempts[i].at;
        trend.count++;
    }
    bool is_early = trend.count < FAILURES_MIN || now - trend.since < FAILING_MIN;
    if (is_early && trend.alarm != ALARM_CERTIFICATE_CHANGED) {
        trend.alarm = ALARM_NONE;
    }
    return trend;
}
