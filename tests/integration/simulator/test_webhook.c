/* Webhooks as a receiver sees them, the manifest, and the control port. */
#include <pthread.h>

#include "client.h"
#include "simulator/listener.h"
#include "simulator/request.h"
#include "simulator/wire.h"

enum { SEEN_MAX = 16 };

/* A plain receiver that keeps what it got and answers with `status`. */
struct receiver {
    struct listener *listener;
    pthread_mutex_t lock;
    int status;
    int count;
    char method[SEEN_MAX][12];
    char authorization[SEEN_MAX][128];
    char *body[SEEN_MAX];
    char url[64];
};

static void receiver_serve(void *context, int socket, const char *peer)
{
    struct receiver *receiver = context;
    atomic_bool never = false;
    struct wire wire = { .socket = socket, .is_stopping = &never };
    AUTO(free) struct simulator_request *request = memory_new(sizeof *request);
    char head[128];

    (void)peer;
    if (simulator_request_read(&wire, request)) {
        pthread_mutex_lock(&receiver->lock);
        if (receiver->count < SEEN_MAX) {
            int at = receiver->count++;
            IGNORE(snprintf(receiver->method[at], 12, "%s", request->method), "fits");
            IGNORE(snprintf(receiver->authorization[at], 128, "%.127s", request->authorization),
                   "cut");
            receiver->body[at] = memory_copy_text(text_get(&request->body));
        }
        IGNORE(snprintf(head, sizeof head,
                        "HTTP/1.1 %d Text\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                        receiver->status),
               "fits");
        pthread_mutex_unlock(&receiver->lock);
        IGNORE(wire_write(&wire, head, strlen(head)), "the test sees it");
    }
    simulator_request_clear(request);
    wire_end(&wire, WIRE_CLEAN);
}

static bool never_refuse(void *context)
{
    (void)context;
    return false;
}

static void receiver_start(struct receiver *receiver, int status)
{
    struct error error = { 0 };

    *receiver = (struct receiver){ .status = status };
    pthread_mutex_init(&receiver->lock, NULL);
    CHECK(simulator_listener_open("127.0.0.1", 0, receiver_serve, never_refuse, receiver,
                                  &receiver->listener, &error));
    CHECK(simulator_listener_run(receiver->listener, &error));
    IGNORE(snprintf(receiver->url, sizeof receiver->url, "http://127.0.0.1:%d/api/webhook/cdr/acme",
                    simulator_listener_port(receiver->listener)),
           "fits");
}

static void receiver_stop(struct receiver *receiver)
{
    simulator_listener_stop(receiver->listener);
    simulator_listener_close(receiver->listener);
    for (int i = 0; i < receiver->count; i++) {
        free(receiver->body[i]);
    }
    pthread_mutex_destroy(&receiver->lock);
}

static struct simulator_added ring_group_add(struct scene *scene)
{
    struct simulator_added added;

    call_must(scene->simulator,
              &(struct simulator_call){ .audio_path = scene->short_wav,
                                        .callee = "203",
                                        .group = "6400",
                                        .members = { "202" },
                                        .has_fork = true },
              &added);
    return added;
}

static void each_leg_is_one_post_of_flat_texts(void **state)
{
    struct scene scene;
    struct receiver receiver;
    struct error error = { 0 };
    int status = 0;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    struct simulator_added added = ring_group_add(&scene);
    receiver_start(&receiver, 200);
    CHECK(simulator_webhook_send(scene.simulator, added.call,
                                 &(struct simulator_webhook){ .url = receiver.url }, &status,
                                 &error));
    CHECK_NUMBER(status, 200);
    CHECK_NUMBER(receiver.count, 3);
    for (int i = 0; i < receiver.count; i++) {
        json_t *leg = json_loads(receiver.body[i], 0, NULL);
        const char *name = NULL;
        json_t *value = NULL;
        CHECK_NUMBER(json_object_size(leg), 49);
        json_object_foreach(leg, name, value)
        {
            CHECK(json_is_string(value));
        }
        CHECK_TEXT(json_text(leg, "uniqueid", ""), added.uniqueid);
        CHECK_TEXT(receiver.authorization[i], "");
        json_decref(leg);
    }
    receiver_stop(&receiver);
    scene_stop(&scene);
}

static void other_forms_and_copies_and_credentials_can_be_asked_for(void **state)
{
    struct scene scene;
    struct receiver receiver;
    struct error error = { 0 };
    int status = 0;
    struct simulator_webhook webhook = { .username = "user", .password = "word", .copies = 2 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .field_count = 32 });
    struct simulator_added added = ring_group_add(&scene);
    receiver_start(&receiver, 200);
    webhook.url = receiver.url;
    webhook.grouping = SIMULATOR_GROUPED;
    CHECK(simulator_webhook_send(scene.simulator, added.call, &webhook, &status, &error));
    CHECK_NUMBER(receiver.count, 2);
    CHECK_TEXT(receiver.body[0], receiver.body[1]);
    CHECK(strstr(receiver.body[0], "\"main_cdr\"") != NULL);
    CHECK_TEXT(receiver.authorization[0], "Basic dXNlcjp3b3Jk");
    webhook.copies = 1;
    webhook.grouping = SIMULATOR_LIST;
    CHECK(simulator_webhook_send(scene.simulator, added.call, &webhook, &status, &error));
    CHECK(receiver.body[2][0] == '[');
    webhook.format = SIMULATOR_XML;
    CHECK(simulator_webhook_send(scene.simulator, added.call, &webhook, &status, &error));
    CHECK_NUMBER(receiver.count, 6);
    CHECK(strncmp(receiver.body[3], "<?xml", 5) == 0);
    CHECK(!simulator_webhook_send(scene.simulator, 99, &webhook, &status, &error));
    CHECK_NUMBER(error.kind, ERROR_NOT_FOUND);
    receiver_stop(&receiver);
    scene_stop(&scene);
}

static void probes_are_a_get_and_an_empty_post(void **state)
{
    struct receiver receiver;
    struct error error = { 0 };
    int status = 0;

    (void)state;
    receiver_start(&receiver, 503);
    struct simulator_webhook webhook = { .url = receiver.url };
    CHECK(simulator_webhook_probe(&webhook, false, &status, &error));
    CHECK(simulator_webhook_probe(&webhook, true, &status, &error));
    CHECK_NUMBER(status, 503);
    CHECK_TEXT(receiver.method[0], "GET");
    CHECK_TEXT(receiver.method[1], "POST");
    CHECK_TEXT(receiver.body[1], "");
    receiver_stop(&receiver);
    CHECK(!simulator_webhook_probe(&webhook, true, &status, &error));
    CHECK_NUMBER(error.kind, ERROR_UNREACHABLE);
}

static void a_manifest_makes_calls_and_names_its_mistakes(void **state)
{
    struct scene scene;
    struct simulator_added added;
    struct error error = { 0 };
    char path[128];
    int count = 0;
    static const char good[] =
        "[{\"audio\":\"short.wav\",\"caller\":\"1001\",\"callee\":\"1002\",\"minutes_ago\":5,"
        "\"ring_s\":4,\"filedir\":\"queue\"},{\"caller\":\"1003\",\"members\":[\"1\",\"2\"]}]";
    static const char *const wrong[] = {
        "[{\"audio\":\"../etc/passwd\"}]",
        "[{\"audio\":\"/etc/passwd\"}]",
        "[{\"colour\":\"red\"}]",
        "[{\"audio\":\"none.wav\"}]",
        "{}",
        "[7]",
    };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    IGNORE(snprintf(path, sizeof path, "%s/calls.json", scene.folder), "fits");
    CHECK(file_write(path, good, sizeof good - 1, 0600, &error));
    CHECK(simulator_calls_load(scene.simulator, scene.folder, &count, &error));
    CHECK_NUMBER(count, 2);
    CHECK(simulator_call_get(scene.simulator, 2, &added));
    CHECK_NUMBER(added.recordings[0].bytes, SHORT_SIZE);
    CHECK_TEXT(added.recordings[0].filedir, "queue");
    CHECK(simulator_call_get(scene.simulator, 3, &added));
    CHECK_NUMBER(added.leg_count, 3);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK(file_write(path, wrong[i], strlen(wrong[i]), 0600, &error));
        CHECK(!simulator_calls_load(scene.simulator, scene.folder, &count, &error));
        CHECK(strstr(error.message, "calls.json") != NULL);
    }
    scene_stop(&scene);
}

/* A plain-HTTP request to the control port. */
static void control(struct scene *scene, const char *path, const char *post, struct answer *answer)
{
    CURL *easy = curl_easy_init();
    char url[256];

    answer_clear(answer);
    *answer = (struct answer){ .body = TEXT_UP_TO(MIB) };
    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/simulator/%s",
                    simulator_control_port(scene->simulator), path),
           "fits");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer->body);
    if (post != NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post);
    }
    answer->code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_cleanup(easy);
}

static long long control_number(struct scene *scene, const char *name)
{
    struct answer answer = { 0 };

    control(scene, "statistics", NULL, &answer);
    json_t *root = json_loads(text_get(&answer.body), 0, NULL);
    long long number = json_number(root, name, -1);
    json_decref(root);
    answer_clear(&answer);
    return number;
}

static void the_control_port_adds_calls_and_faults(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    char folder[] = "/tmp/simulator-control-XXXXXX";
    char path[128];
    struct error error = { 0 };

    (void)state;
    CHECK(mkdtemp(folder) != NULL);
    IGNORE(snprintf(path, sizeof path, "%s/a.wav", folder), "fits");
    wav_write(path, SHORT_SIZE, 3);
    scene_start(&scene, &(struct simulator_options){ .has_control = true, .audio_folder = folder });
    control(&scene, "call", "{\"audio\":\"a.wav\",\"caller\":\"1007\"}", &answer);
    CHECK_NUMBER(answer.status, 200);
    CHECK(strstr(text_get(&answer.body), "\"sha256\"") != NULL);
    CHECK_NUMBER(simulator_call_count(scene.simulator), 3);
    control(&scene, "call", "{\"audio\":\"../a.wav\"}", &answer);
    CHECK_NUMBER(answer.status, 400);
    control(&scene, "fault", "{\"name\":\"status-503\",\"count\":1}", &answer);
    CHECK_NUMBER(answer.status, 200);
    fetch(&scene, &answer);
    CHECK_NUMBER(answer.status, 503);
    CHECK_NUMBER(control_number(&scene, "faults"), 1);
    CHECK_NUMBER(control_number(&scene, "logins"), 1);
    control(&scene, "fault", "{\"name\":\"nonsense\"}", &answer);
    CHECK_NUMBER(answer.status, 400);
    control(&scene, "expire", "", &answer);
    fetch(&scene, &answer);
    CHECK_NUMBER(answer_status(&answer), -6);
    control(&scene, "nowhere", NULL, &answer);
    CHECK_NUMBER(answer.status, 404);
    answer_clear(&answer);
    scene_stop(&scene);
    CHECK(folder_remove(folder, &error));
}

/* ---- how many at once ---- */

static void *fetch_some(void *context)
{
    struct scene *scene = context;
    struct answer answer = { 0 };

    for (int i = 0; i < 20; i++) {
        fetch(scene, &answer);
        if (!answer_is_recording(&answer, &scene->call.recordings[0])) {
            return scene;
        }
    }
    answer_clear(&answer);
    return NULL;
}

static void connections_at_one_time_are_counted_without_false_alarm(void **state)
{
    struct scene scene;
    struct simulator_statistics statistics;
    pthread_t threads[2];
    void *failed = NULL;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    CHECK(fetch_some(&scene) == NULL);
    simulator_statistics_get(scene.simulator, &statistics);
    CHECK_NUMBER(statistics.connections_max, 1);
    CHECK_NUMBER(statistics.downloads, 20);
    fault_must(&scene, "drip", SIMULATOR_FOREVER, 500000); /* So that they overlap. */
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        CHECK_NUMBER(pthread_create(&threads[i], NULL, fetch_some, &scene), 0);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        pthread_join(threads[i], &failed);
        CHECK(failed == NULL);
    }
    simulator_statistics_get(scene.simulator, &statistics);
    CHECK_NUMBER(statistics.connections_max, 2);
    CHECK_NUMBER(statistics.connections_now, 0);
    scene_stop(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_leg_is_one_post_of_flat_texts),
        cmocka_unit_test(other_forms_and_copies_and_credentials_can_be_asked_for),
        cmocka_unit_test(probes_are_a_get_and_an_empty_post),
        cmocka_unit_test(a_manifest_makes_calls_and_names_its_mistakes),
        cmocka_unit_test(the_control_port_adds_calls_and_faults),
        cmocka_unit_test(connections_at_one_time_are_counted_without_false_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
