/* See certificate.h. */
#include "net/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "core/encode.h"
#include "core/hash.h"

static inline void bio_release(BIO *bio)
{
    BIO_free_all(bio);
}
DEFINE_AUTO(bio_release, BIO *, NULL)

static inline void certificate_release(X509 *certificate)
{
    X509_free(certificate);
}
DEFINE_AUTO(certificate_release, X509 *, NULL)

enum { KEY_SIZE_MAX = 64 * 1024 };

static bool pin_of(X509 *certificate, char pin_out[NET_PIN_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    unsigned char *key = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);

    if (size <= 0 || size > KEY_SIZE_MAX) {
        OPENSSL_free(key);
        return false;
    }
    hash_sha256(key, (size_t)size, digest);
    OPENSSL_free(key);

    AUTO(text_clear) struct text encoded = TEXT_UP_TO(NET_PIN_SIZE);
    encode_base64(digest, sizeof digest, false, &encoded);
    IGNORE(snprintf(pin_out, NET_PIN_SIZE, "sha256//%s", text_get(&encoded)), "52 characters");
    return true;
}

/* The next line of what was printed into `bio`, without its end and without control characters. */
static void line_take(BIO *bio, char *line_out, size_t room)
{
    int size = BIO_gets(bio, line_out, (int)room);

    line_out[size > 0 ? size : 0] = '\0';
    line_out[strcspn(line_out, "\r\n")] = '\0';
    for (char *at = line_out; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?';
        }
    }
}

bool certificate_describe(const char *pem, char pin_out[NET_PIN_SIZE], char *text_out,
                          size_t text_room)
{
    AUTO(bio_release) BIO *source = BIO_new_mem_buf(pem, -1);
    AUTO(bio_release) BIO *printed = BIO_new(BIO_s_mem());
    AUTO(certificate_release)
    X509 *certificate = source != NULL ? PEM_read_bio_X509(source, NULL, NULL, NULL) : NULL;
    char subject[160] = "";
    char issuer[160] = "";
    char until[40] = "";

    if (certificate == NULL || printed == NULL || !pin_of(certificate, pin_out)) {
        return false;
    }
    IGNORE(X509_NAME_print_ex(printed, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253),
           "text for people");
    line_take(printed, subject, sizeof subject);
    IGNORE(BIO_reset(printed), "a memory BIO cannot fail here");
    IGNORE(X509_NAME_print_ex(printed, X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253),
           "text for people");
    line_take(printed, issuer, sizeof issuer);
    IGNORE(BIO_reset(printed), "a memory BIO cannot fail here");
    IGNORE(ASN1_TIME_print(printed, X509_get0_notAfter(certificate)), "text for people");
    line_take(printed, until, sizeof until);
    IGNORE(snprintf(text_out, text_room, "subject %s; issuer %s; valid until %s", subject, issuer,
                    until),
           "cut at the room there is");
    return true;
}
