/* Wave files for tests, byte by byte. */
#ifndef TESTS_UNIT_PBX_WAVE_H
#define TESTS_UNIT_PBX_WAVE_H

#include <stdint.h>

#include "core/text.h"

static inline void wave_number(struct text *text, uint32_t value, int size)
{
    for (int i = 0; i < size; i++) {
        text_add_char(text, (char)(value >> (8 * i) & 0xff));
    }
}

/* RIFF, fmt (16 bytes) and the head of data with these sizes; the sound is the caller's. */
static inline void wave_head(struct text *text, unsigned format, unsigned block_align,
                             unsigned bits, uint32_t riff_size, uint32_t data_size)
{
    text_add(text, "RIFF");
    wave_number(text, riff_size, 4);
    text_add(text, "WAVEfmt ");
    wave_number(text, 16, 4);
    wave_number(text, format, 2);
    wave_number(text, 1, 2);
    wave_number(text, 8000, 4);
    wave_number(text, 8000 * block_align, 4);
    wave_number(text, block_align, 2);
    wave_number(text, bits, 2);
    text_add(text, "data");
    wave_number(text, data_size, 4);
}

static inline void wave_noise(struct text *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        text_add_char(text, (char)(i * 7 + 1));
    }
}

/* A whole 16-bit 8-kHz file of so many seconds, as a UCM writes it. */
static inline void wave_add(struct text *text, unsigned seconds)
{
    uint32_t size = seconds * 16000;

    wave_head(text, 1, 2, 16, 36 + size, size);
    wave_noise(text, size);
}

#endif
