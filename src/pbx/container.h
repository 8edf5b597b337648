/*
 * What kind of sound file is this, and what does its header say? Reads magic numbers and walks the
 * chunks of RIFF/WAVE (Microsoft's "Multimedia Programming Interface and Data Specifications 1.0",
 * RFC 2361 for the format tags); decodes nothing. Pure over its input; every offset is checked.
 */
#ifndef PBX_CONTAINER_H
#define PBX_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/macros.h"

/* The container by its first bytes: "wav", "mp3", "ogg", "flac", "gsff", "tar", or NULL. A tar
 * shows itself only when 263 bytes or more are given. */
const char *container_name(const uint8_t *head, size_t size);

struct wave_info {
    unsigned format; /* The tag; for WAVE_FORMAT_EXTENSIBLE (0xfffe) the tag within. */
    unsigned channels, rate, bits, block_align;
    int64_t riff_bytes;    /* The whole file by the RIFF header; -1: a streaming size. */
    int64_t data_at;       /* Where the sound begins. */
    int64_t data_declared; /* Its size by the header; -1: a streaming size (0 with sound behind it,
                              or 0xffffffff). */
    int64_t data_present;  /* What is really there, at most data_declared. */
    double seconds;        /* Of what is present; < 0: cannot be told for this format. */
};

/* Read the header of the RIFF/WAVE file of `size` bytes. False when it has no usable fmt and data
 * chunk within its first 1024 chunks, or a read fails. */
MUST_USE bool wave_read(int file, int64_t size, struct wave_info *info_out);

#endif
