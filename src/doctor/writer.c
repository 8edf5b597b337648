/* See writer.h. Pure. */
#include "doctor/writer.h"

#include <string.h>

enum { SHORT_MAX = 24 }; /* Such a cell is never broken. */

/* Self-contained: no script, nothing fetched, one column on paper. */
static const char STYLE[] =
    ":root{color-scheme:light}*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1c2430;"
    "background:#fff;max-width:1080px;margin:0 auto;padding:32px 24px 64px}"
    "h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em}"
    "h2{font-size:18px;margin:36px 0 10px;padding-bottom:6px;border-bottom:1px solid #d9dfe7}"
    "p{margin:6px 0;color:#475467}"
    ".notice{border-left:5px solid #16803c;background:#f0faf3;padding:14px 18px;margin:20px 0;"
    "border-radius:0 6px 6px 0}.notice.bad{border-color:#c0271d;background:#fdf2f1}"
    ".notice strong{display:block;font-size:17px;margin-bottom:4px}"
    ".notice p{color:#1c2430}"
    "table{border-collapse:collapse;width:100%;margin:10px 0;font-size:13.5px}"
    "th{text-align:left;font-weight:600;color:#475467;background:#f5f7fa}"
    "th,td{padding:7px 10px;border:1px solid #e1e6ed;vertical-align:top;overflow-wrap:anywhere}"
    "th,td.short,td:first-child{white-space:nowrap}"
    "tr.failed td:first-child,tr.missing td:first-child{border-left:4px solid #c0271d}"
    "tr.warning td:first-child,tr.waiting td:first-child{border-left:4px solid #b7791f}"
    "tr.ok td:first-child,tr.stored td:first-child{border-left:4px solid #16803c}"
    "tr.skipped{color:#7a8594}"
    "ol{padding-left:22px}li{margin:6px 0}"
    "@media print{body{padding:0;font-size:12px}table{font-size:10.5px}"
    "tr,.notice{break-inside:avoid}h2{break-after:avoid}}";

static void html_add(struct text *text, const char *plain)
{
    for (const char *at = plain; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            text_add(text, "&amp;");
            break;
        case '<':
            text_add(text, "&lt;");
            break;
        case '>':
            text_add(text, "&gt;");
            break;
        case '"':
            text_add(text, "&quot;");
            break;
        case '\'':
            text_add(text, "&#39;");
            break;
        default:
            text_add_char(text, (unsigned char)*at < 0x20 || *at == 0x7f ? ' ' : *at);
        }
    }
}

/* What Markdown (and the HTML within it) would take for more than a letter. Backslashes do for all
 * of CommonMark's punctuation; a line never breaks, so no block can begin. */
static void markdown_add(struct text *text, const char *plain)
{
    for (const char *at = plain; *at != '\0'; at++) {
        if (strchr("\\`*_[]<>|#~!&", *at) != NULL) {
            text_add_char(text, '\\');
        }
        text_add_char(text, (unsigned char)*at < 0x20 || *at == 0x7f ? ' ' : *at);
    }
}

static void add(struct writer *writer, const char *plain)
{
    if (plain != NULL && writer->format == DOCTOR_HTML) {
        html_add(writer->text, plain);
    } else if (plain != NULL) {
        markdown_add(writer->text, plain);
    }
}

/* Around an escaped text: what HTML wants, what Markdown wants. */
static void put(struct writer *writer, const char *html, const char *markdown)
{
    text_add(writer->text, writer->format == DOCTOR_HTML ? html : markdown);
}

static void list_end(struct writer *writer)
{
    if (writer->is_in_list) {
        writer->is_in_list = false;
        put(writer, "</ol>\n", "\n");
    }
}

void writer_begin(struct writer *writer, struct text *text, enum doctor_format format,
                  const char *title)
{
    *writer = (struct writer){ .text = text, .format = format };
    put(writer,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>",
        "# ");
    add(writer, title);
    if (format == DOCTOR_HTML) {
        text_print(text, "</title><style>%s</style></head>\n<body>\n<h1>", STYLE);
        add(writer, title);
    }
    put(writer, "</h1>\n", "\n");
}

void writer_end(struct writer *writer)
{
    list_end(writer);
    put(writer, "</body></html>\n", "");
}

void writer_heading(struct writer *writer, const char *heading)
{
    list_end(writer);
    put(writer, "<h2>", "\n## ");
    add(writer, heading);
    put(writer, "</h2>\n", "\n");
}

void writer_paragraph(struct writer *writer, const char *paragraph)
{
    list_end(writer);
    put(writer, "<p>", "\n");
    add(writer, paragraph);
    put(writer, "</p>\n", "\n");
}

void writer_notice(struct writer *writer, const char *kind, const char *headline,
                   const char *const *lines)
{
    list_end(writer);
    put(writer, "<div class=\"notice ", "\n> **");
    put(writer, kind, "");
    put(writer, "\"><strong>", "");
    add(writer, headline);
    put(writer, "</strong>", "**");
    for (size_t i = 0; lines[i] != NULL; i++) {
        put(writer, "<p>", "\n>\n> ");
        add(writer, lines[i]);
        put(writer, "</p>", "");
    }
    put(writer, "</div>\n", "\n");
}

void writer_item(struct writer *writer, const char *item)
{
    if (!writer->is_in_list) {
        writer->is_in_list = true;
        put(writer, "<ol>\n", "\n");
    }
    put(writer, "<li>", "1. ");
    add(writer, item);
    put(writer, "</li>\n", "\n");
}

void writer_table(struct writer *writer, const char *const *columns, size_t count)
{
    list_end(writer);
    put(writer, "<table><thead><tr>", "\n|");
    for (size_t i = 0; i < count; i++) {
        put(writer, "<th>", " ");
        add(writer, columns[i]);
        put(writer, "</th>", " |");
    }
    put(writer, "</tr></thead><tbody>\n", "\n|");
    for (size_t i = 0; i < count; i++) {
        put(writer, "", "---|");
    }
    put(writer, "", "\n");
}

void writer_row(struct writer *writer, const char *mark, const char *const *cells, size_t count)
{
    put(writer, "<tr class=\"", "|");
    put(writer, mark != NULL ? mark : "", "");
    put(writer, "\">", "");
    for (size_t i = 0; i < count; i++) {
        bool is_short = cells[i] != NULL && strlen(cells[i]) <= SHORT_MAX;
        put(writer, is_short ? "<td class=\"short\">" : "<td>", " ");
        add(writer, cells[i]);
        put(writer, "</td>", " |");
    }
    put(writer, "</tr>\n", "\n");
}

void writer_table_end(struct writer *writer)
{
    put(writer, "</tbody></table>\n", "");
}
