/* Answers cdrapi for both APIs. The new one counts and nests groups; the old one counts flat legs.
 */
#include <string.h>

#include "simulator/query.h"
#include "simulator/state.h"

/* One answer under construction. */
struct page {
    struct simulator_reply *reply;
    const struct cdr_query *query;
    json_t *list;     /* For CDR_JSON. */
    const char *root; /* For CDR_JSON. */
    int field_count;  /* 0: each call's own. */
    long skipped;
    long taken;
};

static bool page_wants(struct page *page)
{
    if (page->skipped < page->query->offset) {
        page->skipped++;
        return false;
    }
    return page->taken < page->query->count_max;
}

static void leg_add(struct page *page, const struct book_call *call, int leg)
{
    struct text *body = &page->reply->body;

    switch (page->query->format) {
    case CDR_JSON:
        json_array_append_new(page->list, book_leg_json(call, leg, page->field_count));
        break;
    case CDR_XML:
        book_leg_xml(call, leg, page->field_count, body);
        break;
    case CDR_CSV:
        book_leg_csv(call, leg, page->field_count, body);
        break;
    }
}

static void legs_add(struct page *page, const struct book_call *call, bool is_leg_counted)
{
    for (int i = 0; i < call->leg_count; i++) {
        if (!is_leg_counted || page_wants(page)) {
            leg_add(page, call, i);
            page->taken += is_leg_counted ? 1 : 0;
        }
    }
}

static void call_add(struct page *page, const struct book_call *call)
{
    if (page->reply->is_old_api) {
        legs_add(page, call, true);
    } else if (page_wants(page)) {
        page->taken++;
        if (page->query->format == CDR_JSON) {
            json_array_append_new(page->list, book_call_json(call));
        } else {
            legs_add(page, call, false);
        }
    }
}

static void page_begin(struct page *page, int field_count)
{
    struct simulator_reply *reply = page->reply;

    switch (page->query->format) {
    case CDR_JSON:
        simulator_reply_set(reply, 200, "application/json;charset=UTF-8", "");
        break;
    case CDR_XML:
        simulator_reply_set(reply, 200, "text/xml",
                            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<root>\n");
        break;
    case CDR_CSV:
        simulator_reply_set(reply, 200, "text/csv", "");
        book_header_csv(field_count, &reply->body);
        break;
    }
}

static void page_end(struct page *page)
{
    struct simulator_reply *reply = page->reply;

    if (page->query->format == CDR_JSON) {
        AUTO(json_release) json_t *root = json_object();
        json_object_set(root, page->root, page->list);
        char *dump = json_dumps(root, JSON_COMPACT);
        text_add(&reply->body, dump != NULL ? dump : "{}");
        free(dump);
    } else if (page->query->format == CDR_XML) {
        text_add(&reply->body, "</root>\n");
    }
    reply->size = reply->body.size;
}

void simulator_cdrs_reply(struct simulator *simulator, const json_t *parameters,
                          struct simulator_reply *reply)
{
    struct cdr_query query;
    AUTO(json_release) json_t *list = json_array();
    struct page page = { .reply = reply, .query = &query, .list = list };
    const struct simulator_options *options = &simulator->options;
    bool is_empty = simulator_fault_strikes(simulator, FAULT_CDRS_EMPTY, "cdrapi", NULL);
    bool is_stuck = simulator_fault_strikes(simulator, FAULT_OFFSET_IGNORED, "cdrapi", NULL);
    bool is_refused = json_object_get(parameters, "timeFilterType") != NULL &&
                      simulator_fault_strikes(simulator, FAULT_FILTER_UNKNOWN, "cdrapi", NULL);
    int field_count = reply->is_old_api ? options->old_field_count : options->field_count;

    simulator_lock(simulator);
    time_ms now =
        time_now() + simulator_fault_value_locked(simulator, FAULT_CLOCK) * (time_ms)SECOND_MS;
    bool is_fair =
        book_query_read(parameters, now, options->utc_offset_minutes, &query) && !is_refused;
    query.offset = is_stuck ? 0 : query.offset;
    page.root = field_count == FIELD_SERVICE + 1 && reply->is_old_api ? "cdr" : "cdr_root";
    page.field_count = reply->is_old_api || query.format == CDR_CSV ? field_count : 0;
    page_begin(&page, field_count);
    for (int i = 0; is_fair && !is_empty && i < book_call_count(simulator->book); i++) {
        const struct book_call *call = book_call_get(simulator->book, i);
        if (page.taken < query.count_max && !call->is_hidden && book_query_matches(&query, call)) {
            call_add(&page, call);
        }
    }
    simulator_unlock(simulator);
    page_end(&page);
}
