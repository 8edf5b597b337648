/* See world.h. */
#include "jobs/world.h"

#include <stdio.h>

#include "core/rowid.h"

static const char *name_print(const char *kind, int64_t id, const char *what,
                              char name_out[SECRET_NAME_SIZE])
{
    char text[ROW_ID_TEXT_SIZE];

    IGNORE(snprintf(name_out, SECRET_NAME_SIZE, "%s/%s/%s", kind, row_id_print(id, text), what),
           "fits");
    return name_out;
}

const char *secret_name_webhook(int64_t tenant_id, char name_out[SECRET_NAME_SIZE])
{
    return name_print("tenant", tenant_id, "webhook_secret", name_out);
}

const char *secret_name_password(int64_t pbx_id, char name_out[SECRET_NAME_SIZE])
{
    return name_print("pbx", pbx_id, "password", name_out);
}

const char *secret_name_cookie(int64_t pbx_id, char name_out[SECRET_NAME_SIZE])
{
    return name_print("pbx", pbx_id, "cookie", name_out);
}

const char *secret_name_target(int64_t target_id, char name_out[SECRET_NAME_SIZE])
{
    return name_print("target", target_id, "secret", name_out);
}
