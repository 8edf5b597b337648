/* Files with ranges and conditions, assets in their encodings, JSON and prepared answers. */
#include "peer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <zlib.h>

#include "core/memory.h"

enum { FILE_SIZE = 10000 };
#define MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"
#define MODIFIED_AT ((time_ms)784111777123)

static struct http_server *server;
static struct http_prepared *prepared;
static int port;
static char content[FILE_SIZE];
static uint8_t page_gzip[256];
static struct http_asset assets[3];
static int finished_count;
static int finished_status;

static int file_with(size_t size)
{
    struct error error;
    int file = memfd_create("recording", MFD_CLOEXEC);

    CHECK(file_write_all(file, content, size, &error));
    return file;
}

static void recording(struct http_request *request, void *context)
{
    bool is_plain = http_request_query(request, "plain") != NULL;

    (void)context;
    http_answer_file(request, file_with(FILE_SIZE), FILE_SIZE, "audio/wav",
                     is_plain ? NULL : "tag1", is_plain ? 0 : MODIFIED_AT);
}

static void empty_recording(struct http_request *request, void *context)
{
    (void)context;
    http_answer_file(request, file_with(0), 0, "audio/wav", "tag0", MODIFIED_AT);
}

static void value(struct http_request *request, void *context)
{
    (void)context;
    http_answer(request, 200, "text/plain", "forgotten", 9); /* The last answer counts. */
    http_header_add(request, "Cache-Control", "private");
    http_answer_json(request, 201, json_pack("{s:[i,b]}", "a", 1, 1));
}

static void no_value(struct http_request *request, void *context)
{
    (void)context;
    http_answer_json(request, 200, NULL);
}

static void again(struct http_request *request, void *context)
{
    (void)context;
    http_answer_prepared(request, prepared);
}

static void finished(struct http_request *request, int status, int64_t duration_us, void *context)
{
    (void)request;
    (void)context;
    CHECK(duration_us >= 0);
    finished_status = status;
    finished_count++;
}

static const struct http_route routes[] = {
    { "GET", "/api/recording", 0, 0, recording }, { "GET", "/api/empty", 0, 0, empty_recording },
    { "GET", "/api/value", 0, 0, value },         { "GET", "/api/no-value", 0, 0, no_value },
    { "GET", "/api/again", 0, 0, again },
};

static size_t gzip_of(const char *text, uint8_t *bytes_out, size_t room)
{
    z_stream stream = { .next_in = (z_const Bytef *)(uintptr_t)text,
                        .avail_in = (uInt)strlen(text),
                        .next_out = bytes_out,
                        .avail_out = (uInt)room };

    CHECK(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    size_t size = stream.total_out;
    CHECK(deflateEnd(&stream) == Z_OK);
    return size;
}

static int server_open(void **state)
{
    static const uint8_t brotli[] = "as if brotli";
    const uint8_t *end = page_gzip + gzip_of("<html>page</html>", page_gzip, sizeof page_gzip);
    struct error error;

    (void)state;
    for (size_t i = 0; i < FILE_SIZE; i++) {
        content[i] = (char)(i % 251);
    }
    assets[0] = (struct http_asset){
        "/index.html", "text/html; charset=utf-8", "e1", page_gzip, end, brotli, brotli + 12, false
    };
    assets[1] = (struct http_asset){
        "/a-1f.js", "text/javascript", "e2", page_gzip, end, NULL, NULL, true
    };
    assets[2] =
        (struct http_asset){ "/broken.js", "text/javascript", "e3", page_gzip, end - 9, NULL, NULL,
                             false };
    prepared = http_prepared_new(200, "application/json", "{}", 2);
    const struct http_options options = { .listen = "127.0.0.1:0",
                                          .threads = 1,
                                          .routes = routes,
                                          .route_count = COUNT_OF(routes),
                                          .assets = assets,
                                          .asset_count = COUNT_OF(assets),
                                          .finished = finished };
    if (!http_server_start(&options, &server, &error)) {
        return -1;
    }
    port = http_server_port(server);
    return 0;
}

static int server_shut(void **state)
{
    (void)state;
    http_server_stop(server);
    http_prepared_free(prepared);
    return 0;
}

static struct reply ask(const char *path, const char *headers)
{
    char request[1024];

    IGNORE(snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, headers),
           "short");
    return peer_ask(port, request);
}

static void a_file_is_sent_whole_or_in_the_part_asked_for(void **state)
{
    static const struct {
        const char *headers;
        int status;
        const char *range;
        size_t first, size;
    } rows[] = {
        { "", 200, NULL, 0, FILE_SIZE },
        { "Range: bytes=0-\r\n", 206, "bytes 0-9999/10000", 0, FILE_SIZE },
        { "Range: bytes=0-1\r\n", 206, "bytes 0-1/10000", 0, 2 }, /* Safari's first question. */
        { "Range: bytes=5000-5999\r\n", 206, "bytes 5000-5999/10000", 5000, 1000 },
        { "Range: bytes=-7\r\n", 206, "bytes 9993-9999/10000", 9993, 7 },
        { "Range: bytes=9990-20000\r\n", 206, "bytes 9990-9999/10000", 9990, 10 },
        { "Range: bytes=1-2,4-5\r\n", 200, NULL, 0, FILE_SIZE },
        { "Range: bytes=2-1\r\n", 200, NULL, 0, FILE_SIZE },
        { "Range: items=0-1\r\n", 200, NULL, 0, FILE_SIZE },
        { "Range: bytes=0-1\r\nIf-Range: \"tag1\"\r\n", 206, "bytes 0-1/10000", 0, 2 },
        { "Range: bytes=0-1\r\nIf-Range: \"tag2\"\r\n", 200, NULL, 0, FILE_SIZE },
        { "Range: bytes=0-1\r\nIf-Range: W/\"tag1\"\r\n", 200, NULL, 0, FILE_SIZE },
        { "Range: bytes=0-1\r\nIf-Range: " MODIFIED "\r\n", 206, "bytes 0-1/10000", 0, 2 },
        { "Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 200, NULL, 0,
          FILE_SIZE },
        { "If-None-Match: \"tag2\"\r\n", 200, NULL, 0, FILE_SIZE },
        { "If-None-Match: \"tag2\"\r\nIf-Modified-Since: " MODIFIED "\r\n", 200, NULL, 0,
          FILE_SIZE },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(reply_clear) struct reply reply = ask("/api/recording", rows[i].headers);
        print_message("%s\n", rows[i].headers);
        CHECK_NUMBER(reply.status, rows[i].status);
        CHECK_NUMBER(reply.body_size, rows[i].size);
        assert_memory_equal(reply.body, content + rows[i].first, rows[i].size);
        CHECK_TEXT(reply_header(&reply, "Accept-Ranges"), "bytes");
        CHECK_TEXT(reply_header(&reply, "ETag"), "\"tag1\"");
        CHECK_TEXT(reply_header(&reply, "Last-Modified"), MODIFIED);
        CHECK_TEXT(reply_header(&reply, "Content-Type"), "audio/wav");
        const char *range = reply_header(&reply, "Content-Range");
        CHECK((range == NULL) == (rows[i].range == NULL));
        if (range != NULL) {
            CHECK_TEXT(range, rows[i].range);
        }
    }
}

static void a_range_outside_the_file_cannot_be_satisfied(void **state)
{
    (void)state;
    AUTO(reply_clear) struct reply reply = ask("/api/recording", "Range: bytes=10000-\r\n");
    CHECK_NUMBER(reply.status, 416);
    CHECK_TEXT(reply_header(&reply, "Content-Range"), "bytes */10000");
    AUTO(reply_clear) struct reply empty = ask("/api/empty", "Range: bytes=0-\r\n");
    CHECK_NUMBER(empty.status, 416);
    CHECK_TEXT(reply_header(&empty, "Content-Range"), "bytes */0");
    AUTO(reply_clear) struct reply whole = ask("/api/empty", "");
    CHECK_NUMBER(whole.status, 200);
    CHECK_TEXT(reply_header(&whole, "Content-Length"), "0");
}

static void a_file_that_is_known_is_not_sent_again(void **state)
{
    static const char *const known[] = {
        "If-None-Match: \"tag1\"\r\n",
        "If-None-Match: W/\"tag1\"\r\n",
        "If-None-Match: *\r\n",
        "If-None-Match: \"x\", \"tag1\"\r\nRange: bytes=0-1\r\n",
        "If-Modified-Since: " MODIFIED "\r\n",
        "If-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        AUTO(reply_clear) struct reply reply = ask("/api/recording", known[i]);
        print_message("%s\n", known[i]);
        CHECK_NUMBER(reply.status, 304);
        CHECK_TEXT(reply_header(&reply, "ETag"), "\"tag1\"");
    }
    AUTO(reply_clear) struct reply plain = ask("/api/recording?plain", "If-None-Match: *\r\n");
    CHECK_NUMBER(plain.status, 200);
}

static void head_tells_the_size_of_a_file(void **state)
{
    (void)state;
    AUTO(reply_clear)
    struct reply reply =
        peer_ask(port, "HEAD /api/recording HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n");
    CHECK_NUMBER(reply.status, 200);
    CHECK_TEXT(reply_header(&reply, "Content-Length"), "10000");
    CHECK_NUMBER(reply.body_size, 0);
}

static void json_answers_are_compact_and_the_last_answer_counts(void **state)
{
    (void)state;
    AUTO(reply_clear) struct reply reply = ask("/api/value", "");
    CHECK_NUMBER(reply.status, 201);
    CHECK_TEXT(reply_header(&reply, "Content-Type"), "application/json");
    CHECK_TEXT(reply_header(&reply, "Cache-Control"), "private");
    CHECK_TEXT(reply.body, "{\"a\":[1,true]}");
    AUTO(reply_clear) struct reply none = ask("/api/no-value", "");
    CHECK_NUMBER(none.status, 500);
}

static void a_prepared_answer_is_given_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        AUTO(reply_clear) struct reply reply = ask("/api/again", "");
        CHECK_NUMBER(reply.status, 200);
        CHECK_TEXT(reply.body, "{}");
        CHECK_TEXT(reply_header(&reply, "X-Content-Type-Options"), "nosniff");
    }
}

static void assets_come_in_the_encoding_the_browser_takes(void **state)
{
    (void)state;
    AUTO(reply_clear) struct reply brotli = ask("/", "Accept-Encoding: gzip, deflate, br\r\n");
    CHECK_TEXT(reply_header(&brotli, "Content-Encoding"), "br");
    CHECK_TEXT(brotli.body, "as if brotli");
    CHECK_TEXT(reply_header(&brotli, "ETag"), "\"e1-br\"");
    CHECK_TEXT(reply_header(&brotli, "Vary"), "Accept-Encoding");
    CHECK_TEXT(reply_header(&brotli, "Cache-Control"), "no-cache");
    CHECK(strstr(reply_header(&brotli, "Content-Security-Policy"), "default-src 'none'; ") != NULL);

    AUTO(reply_clear) struct reply gzip = ask("/index.html", "Accept-Encoding: br;q=0, gzip\r\n");
    CHECK_TEXT(reply_header(&gzip, "Content-Encoding"), "gzip");
    assert_memory_equal(gzip.body, page_gzip, gzip.body_size);

    AUTO(reply_clear) struct reply plain = ask("/a-1f.js", "");
    CHECK(reply_header(&plain, "Content-Encoding") == NULL);
    CHECK_TEXT(plain.body, "<html>page</html>");
    CHECK_TEXT(reply_header(&plain, "Cache-Control"), "public, max-age=31536000, immutable");
    CHECK(reply_header(&plain, "Content-Security-Policy") == NULL);

    AUTO(reply_clear) struct reply broken = ask("/broken.js", "");
    CHECK_NUMBER(broken.status, 500);
}

static void an_asset_that_is_known_is_not_sent_again(void **state)
{
    (void)state;
    AUTO(reply_clear)
    struct reply known = ask("/", "Accept-Encoding: br\r\nIf-None-Match: \"e1-br\"\r\n");
    CHECK_NUMBER(known.status, 304);
    AUTO(reply_clear) struct reply other = ask("/", "If-None-Match: \"e1-br\"\r\n");
    CHECK_NUMBER(other.status, 200);
}

static void pages_of_the_application_are_its_one_page(void **state)
{
    (void)state;
    AUTO(reply_clear) struct reply page = ask("/calls/7", "Accept: text/html,*/*\r\n");
    CHECK_NUMBER(page.status, 200);
    CHECK_TEXT(page.body, "<html>page</html>");
    AUTO(reply_clear) struct reply script = ask("/gone.js", "Accept: */*\r\n");
    CHECK_NUMBER(script.status, 404);
    AUTO(reply_clear) struct reply api = ask("/api/none", "Accept: text/html\r\n");
    CHECK_NUMBER(api.status, 404);
    CHECK_NUMBER(peer_status(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), 405);
    CHECK_NUMBER(peer_status(port, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"), 413);
}

static void every_answer_is_reported_once(void **state)
{
    (void)state;
    finished_count = 0;
    AUTO(reply_clear) struct reply reply = ask("/api/none", "");
    CHECK_NUMBER(reply.status, 404);
    http_server_stop(server);
    server = NULL;
    CHECK_NUMBER(finished_count, 1);
    CHECK_NUMBER(finished_status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_sent_whole_or_in_the_part_asked_for),
        cmocka_unit_test(a_range_outside_the_file_cannot_be_satisfied),
        cmocka_unit_test(a_file_that_is_known_is_not_sent_again),
        cmocka_unit_test(head_tells_the_size_of_a_file),
        cmocka_unit_test(json_answers_are_compact_and_the_last_answer_counts),
        cmocka_unit_test(a_prepared_answer_is_given_again_and_again),
        cmocka_unit_test(assets_come_in_the_encoding_the_browser_takes),
        cmocka_unit_test(an_asset_that_is_known_is_not_sent_again),
        cmocka_unit_test(pages_of_the_application_are_its_one_page),
        cmocka_unit_test(every_answer_is_reported_once),
    };
    return cmocka_run_group_tests_name("http/answer", tests, server_open, server_shut);
}
