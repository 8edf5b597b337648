/* What every command that works on the data stands on: settings, key, database, storage. Says
 * itself what is wrong. */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "config/config.h"
#include "jobs/world.h"
#include "store/db.h"

struct setup {
    struct config *config;
    struct arena *arena;
    struct vault *vault;
    struct blob *blob;
    struct net_guard guard;        /* Where PBXs may be. */
    struct net_guard notify_guard; /* Where webhooks about alarms may go. */
    struct mail_server mail;       /* url NULL: none. */
    struct db *db;                 /* Migrated. */
    struct world world;
    uint8_t csrf_key[KEY_SIZE];
};

/* Open everything for a role ("" for a command of a person). False: said on standard error. */
MUST_USE bool setup_open(const char *role, struct setup *setup_out);
/* For the doctor: open what can be opened, and say of the rest why not. An empty message: that is
 * open. `blob` and `db` stay NULL where theirs is not empty, and all where `setting`'s is not. */
struct setup_troubles {
    struct error setting, storage, database;
};
void setup_open_partly(struct setup *setup_out, struct setup_troubles *troubles_out);
void setup_close(struct setup *setup);
DEFINE_AUTO_CLEAR(setup_close, struct setup)

/* The first start: tenant, PBX and administrator from the settings; and changed UCM_* settings
 * taken over. */
MUST_USE bool setup_seed(struct setup *setup, struct error *error);

/* "audiapro: …" on standard error; returns EXIT_PROBLEM. */
int setup_problem(const struct error *error);

/* The tenant of that subdomain; NULL: said on standard error. */
struct tenant;
struct tenant *setup_tenant(struct setup *setup, const char *subdomain);

/* The call of that id, of any tenant; NULL: said on standard error. */
struct call_row;
struct call_row *setup_call(struct setup *setup, const char *id);

/* Seal a text under a name. Texts from the setup's arena. */
MUST_USE bool setup_seal(struct setup *setup, const char *name, const char *secret,
                         const char **sealed_out, struct error *error);

#endif
