/* Where a message may go and what stands over it, as a person may type it or a PBX be named: what
 * passes can become no other header, command or host. Input: a text, as each of them. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/memory.h"
#include "net/mail.h"
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A line's end only where a folded header goes on, and nothing but ASCII. */
static void subject_check(const char *subject)
{
    AUTO(text_clear) struct text encoded = TEXT_UP_TO(4096);

    mail_subject_encode(subject, &encoded);
    assert(!encoded.is_full);
    size_t line = strlen("Subject: ");
    for (const char *c = text_get(&encoded); *c != '\0'; c++) {
        if (*c == '\r') {
            assert(c[1] == '\n' && c[2] == ' ');
            line = 0;
            c++;
            continue;
        }
        assert((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f && ++line <= 76);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(free) char *text = memory_copy_bytes(bytes, size);
    struct error error = { 0 };

    subject_check(text);
    if (mail_address_check(text, &error)) {
        assert(strpbrk(text, "\r\n \t<>\",;:\\") == NULL && strchr(text, '@') != NULL);
        assert(strchr(text, '@') == strrchr(text, '@') && strlen(text) <= MAIL_ADDRESS_SIZE_MAX);
    }
    if (mail_server_check(text, &error)) {
        assert(strpbrk(text, "\r\n \t@?#%") == NULL && strchr(text + 8, '/') == NULL);
    }
    if (url_web_check(text, &error)) {
        size_t host = strcspn(text, ":") + 3;
        assert(strpbrk(text, "\r\n \t\\") == NULL && strlen(text) <= 2048);
        assert(memchr(text + host, '@', strcspn(text + host, "/?#")) == NULL);
    }
    return 0;
}
