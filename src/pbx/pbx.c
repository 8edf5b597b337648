/* The face: which drivers exist, and what every driver may rely on. See pbx.h. */
#include "pbx/pbx.h"

#include <assert.h>

#include "pbx/driver.h"

struct pbx *pbx_open(const struct pbx_settings *settings, const struct pbx_keeper *keeper,
                     const struct net_guard *guard)
{
    assert(keeper->pin_learned != NULL && keeper->login_refused != NULL);

    /* A second maker would be chosen here, by a member of the settings. */
    const struct pbx_driver *driver = &pbx_grandstream;
    struct pbx *pbx = driver->open(guard);
    pbx->driver = driver;
    pbx->settings = settings;
    pbx->keeper = keeper;
    pbx->guard = guard;
    return pbx;
}

void pbx_close(struct pbx *pbx)
{
    if (pbx != NULL) {
        pbx->driver->close(pbx);
    }
}

bool pbx_fetch(struct pbx *pbx, const struct pbx_wanted *wanted, int file,
               struct pbx_outcome *outcome_out, struct error *error)
{
    return pbx->driver->fetch(pbx, wanted, file, outcome_out, error);
}

bool pbx_cdr_pages(struct pbx *pbx, const struct pbx_period *period,
                   bool (*page)(void *context, const char *body, size_t size), void *context,
                   struct pbx_trouble *trouble_out)
{
    return pbx->driver->cdr_pages(pbx, period, page, context, trouble_out);
}

bool pbx_record_names(struct pbx *pbx, const char *acct_id, struct pbx_names *names_out,
                      struct pbx_trouble *trouble_out)
{
    return pbx->driver->record_names(pbx, acct_id, names_out, trouble_out);
}

bool pbx_list(struct pbx *pbx, const char *directory, struct text *listing,
              struct pbx_trouble *trouble_out)
{
    return pbx->driver->list(pbx, directory, listing, trouble_out);
}

bool pbx_check(struct pbx *pbx, struct pbx_description *description_out,
               struct pbx_trouble *trouble_out)
{
    return pbx->driver->check(pbx, description_out, trouble_out);
}
