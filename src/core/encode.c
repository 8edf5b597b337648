/* See encode.h. */
#include "core/encode.h"

#include <ctype.h>
#include <string.h>

static const char HEX[] = "0123456789abcdef";
static const char HEX_UPPER[] = "0123456789ABCDEF";
static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char BASE64_URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const char *encode_hex(const void *bytes, size_t size, char *text_out)
{
    const uint8_t *cursor = bytes;

    for (size_t i = 0; i < size; i++) {
        text_out[2 * i] = HEX[cursor[i] >> 4];
        text_out[2 * i + 1] = HEX[cursor[i] & 15];
    }
    text_out[2 * size] = '\0';
    return text_out;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

bool decode_hex(const char *text, uint8_t *bytes_out, size_t size)
{
    if (strlen(text) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes_out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void encode_base64(const void *bytes, size_t size, bool is_url, struct text *text)
{
    const uint8_t *cursor = bytes;
    const char *alphabet = is_url ? BASE64_URL : BASE64;

    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)cursor[i] << 16;
        group |= left > 1 ? (uint32_t)cursor[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)cursor[i + 2] : 0;
        text_add_char(text, alphabet[group >> 18 & 63]);
        text_add_char(text, alphabet[group >> 12 & 63]);
        if (left > 1) {
            text_add_char(text, alphabet[group >> 6 & 63]);
        }
        if (left > 2) {
            text_add_char(text, alphabet[group & 63]);
        }
        for (size_t pad = left; pad < 3 && !is_url; pad++) {
            text_add_char(text, '=');
        }
    }
}

bool decode_base64(const char *text, size_t length, uint8_t *bytes_out, size_t *size_out)
{
    size_t size = 0;

    if (length % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group = 0;
        int padding = 0;
        for (size_t j = 0; j < 4; j++) {
            char c = text[i + j];
            const char *place = c == '\0' ? NULL : strchr(BASE64, c);
            if (c == '=' && i + 4 == length && j >= 2) {
                padding++;
            } else if (place == NULL || padding > 0) {
                return false;
            }
            group = group << 6 | (place != NULL ? (uint32_t)(place - BASE64) : 0);
        }
        for (int j = 0; j < 3 - padding; j++) {
            bytes_out[size++] = (uint8_t)(group >> (16 - 8 * j));
        }
    }
    *size_out = size;
    return true;
}

void encode_percent(const char *string, const char *keep, struct text *text)
{
    for (const char *c = string; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        bool is_plain = (byte < 0x80 && isalnum(byte)) || strchr("-._~", *c) != NULL;
        if (is_plain || strchr(keep, *c) != NULL) {
            text_add_char(text, *c);
        } else {
            text_add_char(text, '%');
            text_add_char(text, HEX_UPPER[byte >> 4]);
            text_add_char(text, HEX_UPPER[byte & 15]);
        }
    }
}

bool decode_percent(char *string, size_t *size, bool is_form)
{
    size_t out = 0;

    for (size_t i = 0; i < *size; i++) {
        char c = string[i];
        if (c == '+' && is_form) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < *size ? hex_digit(string[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(string[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        string[out++] = c;
    }
    *size = out;
    string[out] = '\0';
    return true;
}
