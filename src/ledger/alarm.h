/*
 * The alarms: one table of what can be wrong with the collection as a whole, for the watch, the
 * messages, the API, the dashboard and the command line.
 *
 * Promises: every kind has a stable code, a severity, a sentence for people and a next step with
 * the UCM's own menu path. Codes never change once released; sentences may. What is wrong with one
 * recording is a reason (reason.h), not an alarm.
 */
#ifndef LEDGER_ALARM_H
#define LEDGER_ALARM_H

enum alarm {
    ALARM_NONE = 0,
    /* Of one PBX. */
    ALARM_NO_CDR,
    ALARM_YIELD_LOW,
    ALARM_PBX_UNREACHABLE,
    ALARM_PBX_REFUSING,
    ALARM_CERTIFICATE_CHANGED,
    ALARM_RECONCILE_FAILING,
    /* Of one tenant. */
    ALARM_QUARANTINE,
    /* Of this server. */
    ALARM_STORAGE_NEARLY_FULL,
    ALARM_STORAGE_FAILING,
    ALARM_BACKLOG,
    ALARM_ROLE_SILENT,
    ALARM_AUDIT_VIOLATION,
    /* Never raised: what a target is tried with. */
    ALARM_TEST,
    ALARM_COUNT
};

enum alarm_severity {
    ALARM_INFO,
    ALARM_WARNING,  /* Look at it today. */
    ALARM_CRITICAL, /* Recordings are being lost, or will be: look at it now. */
};

struct alarm_info {
    const char *code; /* Stable, lower case with underscores; "" for ALARM_NONE. */
    enum alarm_severity severity;
    const char *message; /* One sentence: what is the matter. */
    const char *advice;  /* The next step, with the UCM's menu path where there is one. */
};

/* Never NULL; an unknown value yields the row of ALARM_NONE. */
const struct alarm_info *alarm_info(enum alarm alarm);

/* "" and unknown codes yield ALARM_NONE (codes may have gone since they were stored). */
enum alarm alarm_from_code(const char *code);

/* "info", "warning", "critical". */
const char *alarm_severity_code(enum alarm_severity severity);

#endif
