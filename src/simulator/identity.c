/* See identity.h. Key and certificate are made with GnuTLS and pass through PEM, so that a fresh
 * one and one from a file take the same way in. */
#include "simulator/identity.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "core/encode.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/text.h"

enum { PEM_SIZE_MAX = 16 * 1024, DER_SIZE_MAX = 8 * 1024 };

static inline void key_release(gnutls_x509_privkey_t key)
{
    gnutls_x509_privkey_deinit(key);
}
DEFINE_AUTO(key_release, gnutls_x509_privkey_t, NULL)

static inline void certificate_release(gnutls_x509_crt_t certificate)
{
    gnutls_x509_crt_deinit(certificate);
}
DEFINE_AUTO(certificate_release, gnutls_x509_crt_t, NULL)

static bool certificate_fill(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
                             const char *name, time_ms from, time_ms until)
{
    unsigned char serial[8];
    random_bytes(serial, sizeof serial);
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x01); /* Positive and not zero. */

    return gnutls_x509_crt_set_version(certificate, 3) == 0 &&
           gnutls_x509_crt_set_serial(certificate, serial, sizeof serial) == 0 &&
           gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                         (unsigned)strlen(name)) == 0 &&
           gnutls_x509_crt_set_activation_time(certificate, (time_t)(from / SECOND_MS)) == 0 &&
           gnutls_x509_crt_set_expiration_time(certificate, (time_t)(until / SECOND_MS)) == 0 &&
           gnutls_x509_crt_set_key(certificate, key) == 0 &&
           gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0) == 0;
}

static bool pem_make(const char *name, time_ms from, time_ms until, struct text *pem)
{
    AUTO(key_release) gnutls_x509_privkey_t key = NULL;
    AUTO(certificate_release) gnutls_x509_crt_t certificate = NULL;
    char part[PEM_SIZE_MAX / 2];
    size_t size = sizeof part;

    if (gnutls_x509_privkey_init(&key) != 0 || gnutls_x509_crt_init(&certificate) != 0 ||
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) != 0 ||
        !certificate_fill(certificate, key, name, from, until) ||
        gnutls_x509_privkey_export(key, GNUTLS_X509_FMT_PEM, part, &size) != 0) {
        return false;
    }
    text_add_bytes(pem, part, size);
    size = sizeof part;
    if (gnutls_x509_crt_export(certificate, GNUTLS_X509_FMT_PEM, part, &size) != 0) {
        return false;
    }
    text_add_bytes(pem, part, size);
    return !pem->is_full;
}

static bool fingerprints_make(const gnutls_datum_t *pem, struct simulator_identity *identity)
{
    AUTO(certificate_release) gnutls_x509_crt_t certificate = NULL;
    AUTO(text_clear) struct text pin = TEXT_UP_TO(sizeof identity->public_key_pin);
    unsigned char der[DER_SIZE_MAX];
    unsigned char key_id[SHA256_SIZE];
    size_t der_size = sizeof der;
    size_t key_id_size = sizeof key_id;

    /* GnuTLS's "key id" with this flag is the SHA-256 of the SubjectPublicKeyInfo. */
    if (gnutls_x509_crt_init(&certificate) != 0 ||
        gnutls_x509_crt_import(certificate, pem, GNUTLS_X509_FMT_PEM) != 0 ||
        gnutls_x509_crt_export(certificate, GNUTLS_X509_FMT_DER, der, &der_size) != 0 ||
        gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, key_id, &key_id_size) !=
            0) {
        return false;
    }
    hash_sha256_text(der, der_size, identity->sha256);
    text_add(&pin, "sha256//");
    encode_base64(key_id, key_id_size, false, &pin);
    IGNORE(
        snprintf(identity->public_key_pin, sizeof identity->public_key_pin, "%s", text_get(&pin)),
        "52 characters");
    return true;
}

static bool identity_load(const char *pem_text, size_t pem_size,
                          struct simulator_identity *identity)
{
    gnutls_datum_t pem = { .data = (unsigned char *)memory_copy_bytes(pem_text, pem_size),
                           .size = (unsigned)pem_size };
    bool is_loaded = gnutls_certificate_allocate_credentials(&identity->credentials) == 0 &&
                     gnutls_certificate_set_x509_key_mem(identity->credentials, &pem, &pem,
                                                         GNUTLS_X509_FMT_PEM) == 0 &&
                     fingerprints_make(&pem, identity);

    free(pem.data);
    return is_loaded;
}

static bool pem_obtain(const char *name, time_ms from, time_ms until, const char *path,
                       struct text *pem, struct error *error)
{
    if (path != NULL) {
        AUTO(free) char *content = NULL;
        size_t size = 0;
        if (file_read(path, PEM_SIZE_MAX, &content, &size, error)) {
            text_add_bytes(pem, content, size);
            return true;
        }
        if (error->kind != ERROR_NOT_FOUND) {
            return false;
        }
        error_clear(error);
    }
    if (!pem_make(name, from, until, pem)) {
        return error_set(error, ERROR_SYSTEM, "make a certificate: GnuTLS refused");
    }
    return path == NULL || file_write(path, text_get(pem), pem->size, 0600, error);
}

bool simulator_identity_make(const char *name, time_ms from, time_ms until, const char *path,
                             struct simulator_identity *identity_out, struct error *error)
{
    AUTO(text_clear) struct text pem = TEXT_UP_TO(PEM_SIZE_MAX);
    struct simulator_identity identity = { 0 };

    if (!pem_obtain(name, from, until, path, &pem, error)) {
        return false;
    }
    if (!identity_load(text_get(&pem), pem.size, &identity)) {
        simulator_identity_clear(&identity);
        return error_set(error, ERROR_INVALID, "'%s' holds no key and certificate that fit",
                         path != NULL ? path : "the new certificate");
    }
    *identity_out = identity;
    return true;
}

void simulator_identity_clear(struct simulator_identity *identity)
{
    if (identity->credentials != NULL) {
        gnutls_certificate_free_credentials(identity->credentials);
        identity->credentials = NULL;
    }
}
