/* What a driver for one maker's phone systems must provide. For pbx/ only. */
#ifndef PBX_DRIVER_H
#define PBX_DRIVER_H

#include "pbx/pbx.h"

/* First member of every driver's struct. */
struct pbx {
    const struct pbx_driver *driver;
    const struct pbx_settings *settings;
    const struct pbx_keeper *keeper;
    const struct net_guard *guard;
};

struct pbx_driver {
    const char *name;
    /* All required; each is described at its face in pbx.h. open() sends nothing; pbx_open() fills
     * in the members of struct pbx. */
    struct pbx *(*open)(const struct net_guard *guard);
    void (*close)(struct pbx *pbx);
    bool (*fetch)(struct pbx *pbx, const struct pbx_wanted *wanted, int file,
                  struct pbx_outcome *outcome_out, struct error *error);
    bool (*cdr_pages)(struct pbx *pbx, const struct pbx_period *period,
                      bool (*page)(void *context, const char *body, size_t size), void *context,
                      struct pbx_trouble *trouble_out);
    bool (*record_names)(struct pbx *pbx, const char *acct_id, struct pbx_names *names_out,
                         struct pbx_trouble *trouble_out);
    bool (*list)(struct pbx *pbx, const char *directory, struct text *listing,
                 struct pbx_trouble *trouble_out);
    bool (*check)(struct pbx *pbx, struct pbx_description *description_out,
                  struct pbx_trouble *trouble_out);
};

extern const struct pbx_driver pbx_grandstream;

#endif
