/* THE table of reasons. See reason.h. */
#include "ledger/reason.h"

#include <string.h>

#include "core/macros.h"

/* Menu paths as the UCM63xx writes them; CloudUCM says Integrations for Value-added Features. */
#define MENU_API "Value-added Features > API Configuration > HTTPS API Settings (New)"
#define MENU_API_CLOUD MENU_API " (CloudUCM: Integrations > API Configuration)"
#define MENU_OLD_API "Value-added Features > API Configuration > HTTPS API Settings (Old)"
#define MENU_STORAGE "PBX Settings > Recordings Storage Settings"
#define MENU_HTTP "System Settings > HTTP Server"

enum { SCHEDULED = 0 };
enum { RETRIED = false, FINAL = true };
enum { THIS_ONE = false, WHOLE_PBX = true };

static const struct reason_info table[REASON_COUNT] = {
    [REASON_NONE] = { "", "Nothing is the matter.", "Nothing to do.", REASON_OWNER_NOBODY, RETRIED,
                      THIS_ONE, SCHEDULED },
    [REASON_WAITING_FIRST_TRY] = { "waiting_first_try", "The recording has not been asked for yet.",
                                   "Wait: the first try comes shortly after the call ends.",
                                   REASON_OWNER_NOBODY, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_PBX_NOT_CONFIGURED] = { "pbx_not_configured",
                                    "No address, user name or password of the PBX is stored.",
                                    "Enter the PBX's address and the API user of " MENU_API_CLOUD
                                    " in the settings of this product (or UCM_IP, UCM_USERNAME, "
                                    "UCM_PASSWORD).",
                                    REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, WHOLE_PBX, SCHEDULED },
    [REASON_ADDRESS_INVALID] = { "address_invalid",
                                 "The stored PBX address is not a host name or an IP address.",
                                 "Correct the PBX address in the settings: only a name or an "
                                 "address, without https:// "
                                 "and without a path.",
                                 REASON_OWNER_PBX_ADMINISTRATOR, FINAL, WHOLE_PBX, SCHEDULED },
    [REASON_ADDRESS_REFUSED] = { "address_refused",
                                 "The PBX address leads to a network that this server may not "
                                 "contact.",
                                 "Correct the PBX address, or add its network to "
                                 "PBX_ALLOWED_NETWORKS on this server.",
                                 REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_REFUSED_NAME] = { "refused_name",
                              "The call record names a file that cannot be asked for.",
                              "Look at the file name in the call record; names with '..', control "
                              "characters or more "
                              "than 256 characters are refused.",
                              REASON_OWNER_US, FINAL, THIS_ONE, SCHEDULED },
    [REASON_INTERRUPTED] = { "interrupted", "This server was stopped during the download.",
                             "Nothing to do: the download starts again.", REASON_OWNER_NOBODY,
                             RETRIED, THIS_ONE, SCHEDULED },

    [REASON_DNS_FAILED] = { "dns_failed", "The name of the PBX cannot be resolved.",
                            "Check the PBX address in the settings and the name server of this "
                            "machine.",
                            REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_CONNECT_REFUSED] = { "connect_refused",
                                 "The PBX's address answers, but nothing listens on the API port.",
                                 "Switch the API on in " MENU_API_CLOUD
                                 ", check its port (8089, CloudUCM 8443) and the port forwarding "
                                 "of the router.",
                                 REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_CONNECT_TIMEOUT] = { "connect_timeout",
                                 "Nothing answers at the PBX's address and port.",
                                 "Check that the PBX is up and that firewalls and port forwarding "
                                 "let this server reach "
                                 "port 8089 or 8443; on the PBX see System Settings > Security "
                                 "Settings.",
                                 REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_CONNECTION_RESET] = { "connection_reset", "The connection to the PBX broke off.",
                                  "Nothing to do at first: it is tried again. If it stays, check "
                                  "the line and whether "
                                  "System Settings > Security Settings > Dynamic Defense blocks "
                                  "this server.",
                                  REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_STALLED] = { "stalled", "The PBX stopped sending in the middle of the answer.",
                         "Nothing to do at first: it is tried again. If it stays, check the line "
                         "and the load of the PBX.",
                         REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_TLS_UNTRUSTED] = { "tls_untrusted",
                               "The PBX's certificate is not signed by a known authority.",
                               "Run the doctor, compare the certificate it shows with " MENU_HTTP
                               ", and confirm its pin (UCM_TLS_PIN).",
                               REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_TLS_CHANGED] = { "tls_changed",
                             "The PBX shows another certificate than the confirmed one; nothing "
                             "was sent to it.",
                             "If the certificate was renewed or the PBX was reset (" MENU_HTTP
                             "), confirm the new one in the settings; otherwise somebody stands in "
                             "between.",
                             REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_TLS_TOO_OLD] = { "tls_too_old",
                             "The PBX speaks only TLS versions or ciphers that count as broken.",
                             "Update the firmware (Maintenance > Upgrade), or allow weak ciphers "
                             "for this PBX in its "
                             "settings.",
                             REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_TLS_FAILED] = { "tls_failed", "The encrypted connection could not be set up.",
                            "Check that the port is the PBX's HTTPS port (" MENU_HTTP
                            ") and not a plain one.",
                            REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },

    [REASON_API_NOT_FOUND] = { "api_not_found",
                               "Something answers at the PBX's address, but it is not the UCM's "
                               "API.",
                               "Switch the API on in " MENU_API_CLOUD
                               " and check the port; the web page of the PBX answers where the API "
                               "is off.",
                               REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_REDIRECTED] = { "redirected",
                            "The PBX's address sends us elsewhere; that is not followed.",
                            "Enter the address and port that really answer; see " MENU_HTTP
                            " (Redirect From Port 80).",
                            REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_LOGIN_REFUSED] = { "login_refused", "The PBX refused the API user name or password.",
                               "Set user name and password in " MENU_API_CLOUD
                               " (they are not those of the web page) and enter the same here; "
                               "nothing is tried before "
                               "that, so that the account is not locked.",
                               REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, WHOLE_PBX, SCHEDULED },
    [REASON_LOGIN_LOCKED] = { "login_locked", "The PBX has locked the API login.",
                              "Unlock it in System Settings > Security Settings or wait for the "
                              "lock to end, check "
                              "the password in " MENU_API_CLOUD ", then enter it here again.",
                              REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, WHOLE_PBX, SCHEDULED },
    [REASON_BASIC_ONLY] = { "basic_only",
                            "The PBX wants the password in readable form (HTTP Basic).",
                            "Update the firmware (Maintenance > Upgrade), or allow Basic for this "
                            "PBX in its "
                            "settings; see " MENU_OLD_API ".",
                            REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_SESSION_LOST] = { "session_lost", "The PBX forgot a login that it had just accepted.",
                              "Nothing to do at first: it is tried again. If it stays, look for "
                              "another program that uses the same API user.",
                              REASON_OWNER_NOBODY, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_ADDRESS_NOT_PERMITTED] = { "address_not_permitted",
                                       "The PBX does not accept requests from this server's "
                                       "address.",
                                       "Add this server's address as address/mask to Permitted "
                                       "IP(s) in " MENU_API_CLOUD " and in " MENU_HTTP ".",
                                       REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE,
                                       SCHEDULED },
    [REASON_NO_PERMISSION] = { "no_permission", "The API user may log in but may not do this.",
                               "Give the API user access to CDR and recordings, and check "
                               "Permitted IP(s), "
                               "in " MENU_API_CLOUD ".",
                               REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, WHOLE_PBX, SCHEDULED },
    [REASON_UNSUPPORTED] = { "unsupported",
                             "The firmware of the PBX does not know the request for recordings.",
                             "Update the firmware (Maintenance > Upgrade), or switch "
                             "on " MENU_OLD_API " and set the old API's port here.",
                             REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_REQUEST_REFUSED] = { "request_refused", "The PBX says that our request is malformed.",
                                 "Report this with the attempts of the call: it is our fault.",
                                 REASON_OWNER_US, FINAL, THIS_ONE, SCHEDULED },
    [REASON_THROTTLED] = { "throttled", "The PBX asks us to slow down.",
                           "Nothing to do: it is tried again after the pause that the PBX wants.",
                           REASON_OWNER_NOBODY, RETRIED, THIS_ONE, 15 },
    [REASON_BUSY] = { "busy", "The PBX, or another of our processes, is at work on the same thing.",
                      "Nothing to do: it is tried again shortly.", REASON_OWNER_NOBODY, RETRIED,
                      THIS_ONE, 5 },
    [REASON_PBX_ERROR] = { "pbx_error", "The PBX reports a fault of its own.",
                           "Nothing to do at first: it is tried again. If it stays, restart the "
                           "PBX (Maintenance > System > Reboot) and check its storage.",
                           REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_CALLS_NOT_LISTED] = { "calls_not_listed",
                                  "The PBX answers the question for its calls with none, not even "
                                  "with one that it has told us of.",
                                  "Give the API user access to CDR in " MENU_API_CLOUD
                                  ". If the PBX's call records were deleted, nothing needs to be "
                                  "done: it ends with the next call.",
                                  REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },

    [REASON_WRONG_API] = { "wrong_api",
                           "The PBX speaks another generation of its API than the settings say.",
                           "Let this product find out by itself: audiapro tenant pbx TENANT "
                           "--api auto; or switch the wanted API on in " MENU_API_CLOUD ".",
                           REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_CLOCK_SKEW] = { "clock_skew", "The clock of the PBX and that of this server disagree.",
                            "Switch on the time server (NTP) in System Settings > Time Settings "
                            "of the PBX and check its time zone; check this server's clock with "
                            "timedatectl.",
                            REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },

    [REASON_NOT_THERE_YET] = { "not_there_yet",
                               "The PBX does not have the file in any of its folders at the "
                               "moment.",
                               "Wait: the file often comes minutes after the call. If it stays, "
                               "check that the medium "
                               "in " MENU_STORAGE
                               " is connected and which folder holds the recordings.",
                               REASON_OWNER_NOBODY, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_DELETED_ON_PBX] = { "deleted_on_pbx",
                                "The PBX no longer has the file; it was deleted or never written.",
                                "Look for it in CDR > Recordings; lengthen the time before "
                                "automatic deletion in "
                                "Maintenance > System Cleanup/Reset > Cleaner.",
                                REASON_OWNER_PBX_ADMINISTRATOR, FINAL, THIS_ONE, SCHEDULED },
    [REASON_HTML_INSTEAD_OF_AUDIO] = { "html_instead_of_audio",
                                       "The PBX sends its web page where the recording should be.",
                                       "Switch the API on in " MENU_API_CLOUD
                                       " and check the port.",
                                       REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE,
                                       SCHEDULED },
    [REASON_JSON_INSTEAD_OF_AUDIO] = { "json_instead_of_audio",
                                       "The PBX sends a message where the recording should be.",
                                       "Look at the message among the call's attempts, and report "
                                       "it if it is not clear.",
                                       REASON_OWNER_US, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_EMPTY] = { "empty", "The PBX sends a file without sound.",
                       "Wait: the PBX may still be writing it. If it stays, play the recording in "
                       "CDR > Recordings and check " MENU_STORAGE ".",
                       REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_TRUNCATED] = { "truncated", "The file ended before its own header says.",
                           "Nothing to do at first: it is tried again. If it stays, check the line "
                           "to the PBX and play the recording in CDR > Recordings.",
                           REASON_OWNER_NETWORK, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_SIZE_MISMATCH] = { "size_mismatch",
                               "The file has another size than the call record says.",
                               "Nothing to do at first: it is tried again. If it stays, play the "
                               "recording in CDR > Recordings.",
                               REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_DURATION_MISMATCH] = { "duration_mismatch",
                                   "The file has another length than the call record says.",
                                   "Nothing to do at first: it may still be growing. If it stays, "
                                   "play the recording in "
                                   "CDR > Recordings.",
                                   REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_UNKNOWN_CONTAINER] = { "unknown_container",
                                   "The file is in no sound format that we know.",
                                   "Choose WAV as the format of recordings on the PBX, and report "
                                   "the first bytes from the "
                                   "call's attempts.",
                                   REASON_OWNER_US, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_GSFF_CONTAINER] = { "gsff_container",
                                "The file is in Grandstream's own GSFF form, which nobody has "
                                "published.",
                                "Switch off the encryption of recordings in " MENU_STORAGE
                                " if it is on; otherwise report it.",
                                REASON_OWNER_PBX_ADMINISTRATOR, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_TOO_LARGE] = { "too_large",
                           "The file is far larger than the length of the call allows.",
                           "Play the recording in CDR > Recordings; report it if it is in order.",
                           REASON_OWNER_US, FINAL, THIS_ONE, SCHEDULED },

    [REASON_STORAGE_FULL] = { "storage_full", "The storage for recordings is full.",
                              "Make room in DATA_DIR or in the bucket; the recordings are then "
                              "fetched by themselves.",
                              REASON_OWNER_STORAGE, RETRIED, THIS_ONE, 5 },
    [REASON_STORAGE_REFUSED] = { "storage_refused", "The storage refuses to take the recording.",
                                 "Check the rights on DATA_DIR, or S3_BUCKET_NAME, "
                                 "S3_ACCESS_KEY_ID and the bucket's policy.",
                                 REASON_OWNER_STORAGE, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_STORAGE_FAILED] = { "storage_failed", "The storage did not take the recording.",
                                "Nothing to do at first: it is tried again. If it stays, check the "
                                "disk, or the reachability of S3_ENDPOINT_URL.",
                                REASON_OWNER_STORAGE, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_SETTING_INVALID] = { "setting_invalid", "A setting of this server cannot be used.",
                                 "Correct the setting that is named; audiapro config help lists "
                                 "what is allowed.",
                                 REASON_OWNER_SERVER, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_DATABASE_FAILED] = { "database_failed",
                                 "The database of this server cannot be read or written.",
                                 "Check the disk and the rights on DATA_DIR (or DATABASE_URL); a "
                                 "damaged database comes back from the backup.",
                                 REASON_OWNER_STORAGE, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_NOT_COLLECTING] = { "not_collecting",
                                "No process of this server fetches recordings at the moment.",
                                "Start it: audiapro serve (or audiapro serve --role collect), and "
                                "see in its log why it ended.",
                                REASON_OWNER_SERVER, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_BACKLOG] = { "backlog", "Recordings are due for longer than they should be.",
                         "See in the log of audiapro serve what holds the collect processes up; "
                         "raise FETCH_WORKERS or start another audiapro serve --role collect.",
                         REASON_OWNER_SERVER, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_STORAGE_DAMAGED] = { "storage_damaged",
                                 "The stored file was damaged or gone when it was read back.",
                                 "Nothing to do at first: it is fetched from the PBX again. If it "
                                 "happens to more than one, check the disk below DATA_DIR, or the "
                                 "bucket, and run audiapro audit.",
                                 REASON_OWNER_STORAGE, RETRIED, THIS_ONE, SCHEDULED },
    [REASON_INTERNAL_ERROR] = { "internal_error", "This product failed.",
                                "Report it with the log of this server; it is tried again.",
                                REASON_OWNER_US, RETRIED, THIS_ONE, SCHEDULED },
};

const struct reason_info *reason_info(enum reason reason)
{
    if ((unsigned)reason >= REASON_COUNT) {
        return &table[REASON_INTERNAL_ERROR];
    }
    return &table[reason];
}

enum reason reason_from_code(const char *code)
{
    for (int i = 1; i < REASON_COUNT; i++) {
        if (strcmp(table[i].code, code) == 0) {
            return (enum reason)i;
        }
    }
    return REASON_NONE;
}

static const struct {
    const char *code, *name;
} owners[] = {
    [REASON_OWNER_NOBODY] = { "nobody", "nobody" },
    [REASON_OWNER_PBX_ADMINISTRATOR] = { "pbx_administrator", "the PBX administrator" },
    [REASON_OWNER_NETWORK] = { "network", "whoever runs the network" },
    [REASON_OWNER_STORAGE] = { "storage", "whoever runs the storage" },
    [REASON_OWNER_SERVER] = { "server", "whoever runs this server" },
    [REASON_OWNER_US] = { "us", "the makers of this product" },
};

const char *reason_owner_code(enum reason_owner owner)
{
    return owners[owner].code;
}

const char *reason_owner_name(enum reason_owner owner)
{
    return owners[owner].name;
}
