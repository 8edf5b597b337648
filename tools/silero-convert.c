/*
 * silero-convert ONNX GGML: makes the voice detector's weights readable for whisper.cpp.
 *
 * Reads the 16 kHz Silero model (an ONNX file is one protobuf message) and writes the file that
 * whisper_vad_init_from_file_with_params() loads. Only what is needed of both formats is here:
 *
 *   ONNX: Model.graph = 7; Graph.node = 1, .initializer = 5; Node.attribute = 5;
 *         Attribute.t = 5 (a tensor), .g = 6 (a graph);
 *         Tensor.dims = 1, .data_type = 2 (1: float), .name = 8, .raw_data = 9
 *   ggml: magic, name, version, window and context size, layer sizes, then per tensor: number of
 *         dimensions, length of the name, type (0: f32, 1: f16), dimensions, name, data
 *
 * Refuses whatever is not that model; a build tool, so it stops at the first trouble with status 1.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_SIZE_MAX = 16 << 20, DEPTH_MAX = 8, TENSORS_MAX = 1024 };
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct bytes {
    const uint8_t *start;
    const uint8_t *end;
};

struct tensor {
    struct bytes name;
    struct bytes data; /* Little-endian floats. */
};

static struct tensor tensors[TENSORS_MAX];
static size_t tensor_count;

static _Noreturn void stop(const char *what, const char *detail)
{
    fprintf(stderr, "silero-convert: %s%s\n", what, detail);
    exit(1);
}

static uint64_t varint_read(struct bytes *from)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (from->start == from->end) {
            break;
        }
        uint8_t byte = *from->start++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            return value;
        }
    }
    stop("the ONNX file is broken", "");
}

/* The next field of a message. *content_out is the bytes of a length-delimited one, else empty. */
static bool field_next(struct bytes *message, unsigned *number_out, uint64_t *value_out,
                       struct bytes *content_out)
{
    if (message->start == message->end) {
        return false;
    }
    uint64_t key = varint_read(message);
    size_t size = 0;

    *number_out = (unsigned)(key >> 3);
    *value_out = 0;
    switch (key & 7) {
    case WIRE_VARINT:
        *value_out = varint_read(message);
        break;
    case WIRE_FIXED64:
        size = 8;
        break;
    case WIRE_FIXED32:
        size = 4;
        break;
    case WIRE_BYTES:
        size = (size_t)varint_read(message);
        break;
    default:
        stop("the ONNX file has a field of unknown type", "");
    }
    if (size > (size_t)(message->end - message->start)) {
        stop("the ONNX file breaks off", "");
    }
    *content_out = (struct bytes){ message->start, message->start + size };
    message->start += size;
    return true;
}

static void tensor_read(struct bytes message)
{
    struct tensor tensor = { 0 };
    struct bytes content;
    unsigned number;
    uint64_t value;
    uint64_t type = 0;

    while (field_next(&message, &number, &value, &content)) {
        if (number == 2) {
            type = value;
        } else if (number == 8) {
            tensor.name = content;
        } else if (number == 9) {
            tensor.data = content;
        }
    }
    if (type == 1 && tensor.data.start != tensor.data.end) {
        if (tensor_count == TENSORS_MAX) {
            stop("the ONNX file has too many tensors", "");
        }
        tensors[tensor_count++] = tensor;
    }
}

static void graph_read(struct bytes message, int depth);

static void attribute_read(struct bytes message, int depth)
{
    struct bytes content;
    unsigned number;
    uint64_t value;

    while (field_next(&message, &number, &value, &content)) {
        if (number == 5) {
            tensor_read(content);
        } else if (number == 6) {
            graph_read(content, depth + 1);
        }
    }
}

static void graph_read(struct bytes message, int depth)
{
    struct bytes content;
    struct bytes inner;
    unsigned number;
    unsigned inner_number;
    uint64_t value;

    if (depth > DEPTH_MAX) {
        stop("the ONNX file is nested too deep", "");
    }
    while (field_next(&message, &number, &value, &content)) {
        if (number == 5) {
            tensor_read(content);
        } else if (number == 1) {
            while (field_next(&content, &inner_number, &value, &inner)) {
                if (inner_number == 5) {
                    attribute_read(inner, depth);
                }
            }
        }
    }
}

/* The first tensor whose name ends so and that has this many floats. */
static const uint8_t *tensor_find(const char *ending, size_t count)
{
    size_t length = strlen(ending);

    for (size_t i = 0; i < tensor_count; i++) {
        const struct tensor *tensor = &tensors[i];
        if ((size_t)(tensor->data.end - tensor->data.start) == 4 * count &&
            (size_t)(tensor->name.end - tensor->name.start) >= length &&
            memcmp(tensor->name.end - length, ending, length) == 0) {
            return tensor->data.start;
        }
    }
    stop("not the Silero model that is expected; it lacks ", ending);
}

static void number_write(FILE *file, uint32_t number)
{
    for (int shift = 0; shift < 32; shift += 8) {
        fputc((int)(number >> shift & 255), file);
    }
}

static uint32_t number_read(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* IEEE 754 single to half precision, to nearest, ties to even. Weights are finite and small. */
static uint16_t half_from(uint32_t single)
{
    uint16_t sign = (uint16_t)(single >> 16 & 0x8000);
    int exponent = (int)(single >> 23 & 255) - 127;
    uint32_t fraction = (single & 0x7fffff) | 0x800000;
    unsigned dropped = 13; /* Bits of the fraction that a half has no room for. */

    if (exponent > 15) {
        stop("a weight is too large for half precision", "");
    }
    if (exponent < -25) {
        return sign;
    }
    uint32_t half = 0;
    if (exponent < -14) {
        dropped += (unsigned)(-14 - exponent);
    } else {
        half = (uint32_t)(exponent + 14) << 10; /* The fraction's leading bit adds the missing 1. */
    }
    uint32_t rest = fraction & ((1U << dropped) - 1);
    uint32_t middle = 1U << (dropped - 1);
    half += fraction >> dropped;
    if (rest > middle || (rest == middle && (half & 1) != 0)) {
        half++;
    }
    return (uint16_t)(sign | half);
}

struct part {
    const char *name;
    const char *ending; /* In the ONNX file. */
    bool is_half;
    uint32_t dimension_count;
    uint32_t dimensions[3];
};

static void part_write(FILE *file, const struct part *part)
{
    size_t count = 1;

    number_write(file, part->dimension_count);
    number_write(file, (uint32_t)strlen(part->name));
    number_write(file, part->is_half ? 1 : 0);
    for (uint32_t i = 0; i < part->dimension_count; i++) {
        number_write(file, part->dimensions[i]);
        count *= part->dimensions[i];
    }
    fputs(part->name, file);
    const uint8_t *data = tensor_find(part->ending, count);
    for (size_t i = 0; i < count; i++) {
        uint32_t value = number_read(data + 4 * i);
        if (part->is_half) {
            uint16_t half = half_from(value);
            fputc(half & 255, file);
            fputc(half >> 8, file);
        } else {
            number_write(file, value);
        }
    }
}

#define ENCODER(layer, kernel, in, out)                                                            \
    { "_model.encoder." layer ".reparam_conv.weight",                                              \
      "encoder." layer ".reparam_conv.weight",                                                     \
      true,                                                                                        \
      3,                                                                                           \
      { kernel, in, out } },                                                                       \
    {                                                                                              \
        "_model.encoder." layer ".reparam_conv.bias", "encoder." layer ".reparam_conv.bias",       \
            false, 1,                                                                              \
        {                                                                                          \
            out                                                                                    \
        }                                                                                          \
    }

/* clang-format off */
static const struct part parts[] = {
    ENCODER("0", 3, 129, 128),
    ENCODER("1", 3, 128, 64),
    ENCODER("2", 3, 64, 64),
    ENCODER("3", 3, 64, 128),
    { "_model.decoder.rnn.weight_ih", "decoder.rnn.weight_ih", false, 2, { 128, 512 } },
    { "_model.decoder.rnn.weight_hh", "decoder.rnn.weight_hh", false, 2, { 128, 512 } },
    { "_model.decoder.rnn.bias_ih", "decoder.rnn.bias_ih", false, 1, { 512 } },
    { "_model.decoder.rnn.bias_hh", "decoder.rnn.bias_hh", false, 1, { 512 } },
    { "_model.decoder.decoder.2.weight", "decoder.decoder.2.weight", true, 1, { 128 } },
    { "_model.decoder.decoder.2.bias", "decoder.decoder.2.bias", false, 0, { 0 } },
    { "_model.stft.forward_basis_buffer", "forward_basis_buffer", true, 3, { 256, 1, 258 } },
};

static const uint32_t sizes[] = {
    6, 2, 0,                                            /* Version of the model. */
    512, 64,                                            /* Samples in a window, and of context. */
    4, 129, 128, 3, 128, 64, 3, 64, 64, 3, 64, 128, 3,  /* Encoder: in, out, kernel. */
    128, 128,                                           /* Recurrent layer: in, state. */
    128, 1,                                             /* Last layer: in, out. */
};
/* clang-format on */

static struct bytes file_load(const char *path)
{
    uint8_t *content = malloc(FILE_SIZE_MAX);
    FILE *file = fopen(path, "rb");

    if (file == NULL || content == NULL) {
        stop("cannot read ", path);
    }
    size_t size = fread(content, 1, FILE_SIZE_MAX, file);
    fclose(file);
    return (struct bytes){ content, content + size };
}

int main(int argc, char **argv)
{
    static const char name[] = "silero-16k";
    struct bytes content;
    unsigned number;
    uint64_t value;

    if (argc != 3) {
        fputs("usage: silero-convert ONNX GGML\n", stderr);
        return 2;
    }
    struct bytes model = file_load(argv[1]);
    while (field_next(&model, &number, &value, &content)) {
        if (number == 7) {
            graph_read(content, 0);
        }
    }
    FILE *file = fopen(argv[2], "wb");
    if (file == NULL) {
        stop("cannot write ", argv[2]);
    }
    number_write(file, 0x67676d6c); /* "ggml" */
    number_write(file, sizeof name - 1);
    fputs(name, file);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        number_write(file, sizes[i]);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        part_write(file, &parts[i]);
    }
    if (ferror(file) || fclose(file) != 0) {
        stop("cannot write ", argv[2]);
    }
    return 0;
}
