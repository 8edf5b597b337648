/* THE table of alarms. See alarm.h. */
#include "ledger/alarm.h"

#include <string.h>

#define MENU_API "Value-added Features > API Configuration > HTTPS API Settings (New)"
#define MENU_OUTPUT "Value-added Features > API Configuration > CDR Real-Time Output Settings"
#define MENU_HTTP "System Settings > HTTP Server"

static const struct alarm_info table[ALARM_COUNT] = {
    [ALARM_NONE] = { "", ALARM_INFO, "Nothing is the matter.", "Nothing to do." },
    [ALARM_NO_CDR] = { "no_cdr", ALARM_CRITICAL,
                       "The PBX has sent no call records for far longer than is usual at this "
                       "hour.",
                       "Make a test call. If it does not appear, check on the PBX that " MENU_OUTPUT
                       " is on and names this server, and that the PBX reaches this server; on a "
                       "holiday nothing is wrong." },
    [ALARM_YIELD_LOW] = { "yield_low", ALARM_WARNING, "Fewer recordings are stored than should be.",
                          "See what is missing and why: on the dashboard, or with: audiapro calls "
                          "list --recording missing. Each reason there has its next step." },
    [ALARM_PBX_UNREACHABLE] = { "pbx_unreachable", ALARM_CRITICAL, "The PBX cannot be reached.",
                                "Check that the PBX is up, its address in the settings, and the "
                                "firewalls and port forwarding in between (port 8089, CloudUCM "
                                "8443). Recordings are fetched by themselves as soon as it "
                                "answers." },
    [ALARM_PBX_REFUSING] = { "pbx_refusing", ALARM_CRITICAL,
                             "The PBX answers, but refuses to give recordings to this server.",
                             "Check user name, password, rights and Permitted IP(s) in " MENU_API
                             " (CloudUCM: Integrations > API Configuration), then enter them here: "
                             "audiapro tenant pbx TENANT --password." },
    [ALARM_CERTIFICATE_CHANGED] = { "certificate_changed", ALARM_CRITICAL,
                                    "The PBX shows another certificate than the confirmed one; "
                                    "nothing is sent to it.",
                                    "If the certificate was renewed or the PBX was reset "
                                    "(" MENU_HTTP "), confirm the new one: audiapro tenant pbx "
                                    "TENANT --forget-pin. Otherwise somebody stands in between." },
    [ALARM_RECONCILE_FAILING] = { "reconcile_failing", ALARM_WARNING,
                                  "The PBX's list of calls cannot be read, so calls whose webhook "
                                  "was lost are not found.",
                                  "Give the API user access to CDRs and check Permitted IP(s) "
                                  "in " MENU_API "; calls that webhooks tell are collected as "
                                  "before." },
    [ALARM_QUARANTINE] = { "quarantine", ALARM_WARNING, "Call records came that could not be read.",
                           "Look at them on the dashboard under Quarantine, and set the format to "
                           "JSON in " MENU_OUTPUT " on the PBX. They are kept as they came; the "
                           "alarm ends a day after the last one." },

    [ALARM_STORAGE_NEARLY_FULL] = { "storage_nearly_full", ALARM_CRITICAL,
                                    "The storage for recordings is nearly full.",
                                    "Make room in DATA_DIR or give it a larger disk. When it is "
                                    "full, recordings wait on the PBX, whose own clean-up may "
                                    "delete them." },
    [ALARM_STORAGE_FAILING] = { "storage_failing", ALARM_CRITICAL,
                                "The storage does not take recordings.",
                                "Check the disk of DATA_DIR and the rights on it (the system's log "
                                "says whether the disk fails). Recordings are fetched again by "
                                "themselves when it works." },
    [ALARM_BACKLOG] = { "backlog", ALARM_WARNING, "Work waits longer than it should.",
                        "See whether all roles run (GET /api/health) and the machine is not "
                        "overloaded; FETCH_WORKERS and SPEECH_WORKERS say how much is done at "
                        "once. After an import this is to be expected and ends by itself." },
    [ALARM_ROLE_SILENT] = { "role_silent", ALARM_CRITICAL, "A part of this server does not run.",
                            "Look into the server's log for why it ended; audiapro serve starts "
                            "all parts and starts a dead one again." },
    [ALARM_AUDIT_VIOLATION] = { "audit_violation", ALARM_CRITICAL,
                                "The daily audit found stored data that is not as it must be.",
                                "Run audiapro audit: it names each violation. Check the disk; "
                                "damaged recordings are fetched again where the PBX still has "
                                "them." },

    [ALARM_TEST] = { "test", ALARM_INFO, "This is a test: nothing is wrong.",
                     "Nothing to do: alarms will reach you here." },
};

const struct alarm_info *alarm_info(enum alarm alarm)
{
    return &table[(unsigned)alarm < ALARM_COUNT ? alarm : ALARM_NONE];
}

enum alarm alarm_from_code(const char *code)
{
    for (int i = 1; i < ALARM_COUNT; i++) {
        if (strcmp(table[i].code, code) == 0) {
            return (enum alarm)i;
        }
    }
    return ALARM_NONE;
}

const char *alarm_severity_code(enum alarm_severity severity)
{
    static const char *const codes[] = {
        [ALARM_INFO] = "info",
        [ALARM_WARNING] = "warning",
        [ALARM_CRITICAL] = "critical",
    };

    return codes[severity];
}
