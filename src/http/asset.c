/*
 * The dashboard's files, from memory. The browser's Accept-Encoding chooses between the two stored
 * forms; each form has an entity tag of its own, as RFC 9110 section 8.8.3 asks.
 */
#include "http/internal.h"

#include <string.h>
#include <zlib.h>

#include "core/memory.h"
#include "http/fields.h"

#define ASSET_SIZE_MAX (16 * MIB)

struct form {
    const char *coding; /* NULL: as it is. */
    const uint8_t *bytes;
    size_t size;
};

static const struct http_asset *asset_find(const struct http_options *options, const char *path)
{
    for (size_t i = 0; i < options->asset_count; i++) {
        if (strcmp(options->assets[i].path, path) == 0) {
            return &options->assets[i];
        }
    }
    return NULL;
}

/* The application routes its own pages: what a browser opens as one is answered with it. */
static bool is_page_wanted(struct http_request *request)
{
    const char *accept = http_request_header(request, "Accept");

    return strcmp(request->target.segments[0], "api") != 0 && accept != NULL &&
           strstr(accept, "text/html") != NULL;
}

static struct form form_choose(struct http_request *request, const struct http_asset *asset)
{
    const char *accepted = http_request_header(request, "Accept-Encoding");

    if (asset->brotli < asset->brotli_end && encoding_is_accepted(accepted, "br")) {
        return (struct form){ "br", asset->brotli, (size_t)(asset->brotli_end - asset->brotli) };
    }
    size_t size = (size_t)(asset->gzip_end - asset->gzip);
    return (struct form){ encoding_is_accepted(accepted, "gzip") ? "gzip" : NULL, asset->gzip,
                          size };
}

/* The size stands in a gzip's last four bytes (RFC 1952), as we made it. */
static uint8_t *gunzip(const uint8_t *bytes, size_t size, size_t *size_out)
{
    z_stream stream = { .next_in = (z_const Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size };

    if (size < 18) {
        return NULL;
    }
    size_t plain_size = (size_t)bytes[size - 4] | (size_t)bytes[size - 3] << 8 |
                        (size_t)bytes[size - 2] << 16 | (size_t)bytes[size - 1] << 24;
    AUTO(free) uint8_t *plain = plain_size > ASSET_SIZE_MAX ? NULL : memory_try_new(plain_size + 1);
    if (plain == NULL || inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
        return NULL;
    }
    stream.next_out = plain;
    stream.avail_out = (uInt)plain_size;
    int result = inflate(&stream, Z_FINISH);
    (void)inflateEnd(&stream);
    if (result != Z_STREAM_END) {
        return NULL;
    }
    *size_out = plain_size;
    return TAKE(plain);
}

static void form_answer(struct http_request *request, const struct http_asset *asset,
                        const struct form *form)
{
    if (form->coding != NULL) {
        http_header_add(request, "Content-Encoding", form->coding);
        request_respond(request, 200, asset->content_type,
                        MHD_create_response_from_buffer(form->size, (void *)(uintptr_t)form->bytes,
                                                        MHD_RESPMEM_PERSISTENT));
        return;
    }
    size_t size = 0;
    uint8_t *plain = gunzip(form->bytes, form->size, &size);
    request_respond(
        request, 200, asset->content_type,
        plain == NULL ? NULL : MHD_create_response_from_buffer(size, plain, MHD_RESPMEM_MUST_FREE));
}

static void asset_send(struct http_request *request, const struct http_asset *asset)
{
    struct form form = form_choose(request, asset);
    const char *known = http_request_header(request, "If-None-Match");
    const char *etag = form.coding == NULL
                           ? asset->etag
                           : arena_print(request->arena, "%s-%s", asset->etag, form.coding);

    http_header_add(request, "ETag", arena_print(request->arena, "\"%s\"", etag));
    http_header_add(request, "Vary", "Accept-Encoding");
    http_header_add(request, "Cache-Control",
                    asset->is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (known != NULL && etag_list_has(known, etag)) {
        http_answer(request, 304, NULL, NULL, 0);
    } else {
        form_answer(request, asset, &form);
    }
}

bool asset_answer(struct http_request *request)
{
    const struct http_options *options = &request->connection->server->options;
    const char *path = request->target.path;
    const struct http_asset *asset =
        asset_find(options, strcmp(path, "/") == 0 ? "/index.html" : path);
    bool is_read = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;

    if (asset == NULL && is_read && is_page_wanted(request)) {
        asset = asset_find(options, "/index.html");
    }
    if (asset == NULL) {
        return false;
    }
    if (is_read) {
        asset_send(request, asset);
    } else {
        http_answer_problem(request, 405, "method_not_allowed", "this path answers GET, HEAD");
        http_header_add(request, "Allow", "GET, HEAD");
    }
    return true;
}
