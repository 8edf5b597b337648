/* How faults harm a reply. Each returns false when it does not apply to this one (and is kept). */
#ifndef SIMULATOR_SHAPES_H
#define SIMULATOR_SHAPES_H

#include <stdbool.h>

struct simulator_strike;
typedef bool simulator_shape(struct simulator_strike *strike);

/* shapes.c: the stream and the status */
simulator_shape shape_unauthorised, shape_basic_only, shape_forbidden;
simulator_shape shape_login_refused, shape_login_locked, shape_api_status;
simulator_shape shape_reset_in_header, shape_stall_in_header, shape_header_garbage;
simulator_shape shape_header_huge, shape_reset_in_body, shape_stall_in_body, shape_body_short;
simulator_shape shape_body_long, shape_length_short, shape_close_delimited;
simulator_shape shape_close_delimited_cut, shape_chunked, shape_chunk_cut, shape_chunk_malformed;
simulator_shape shape_drip, shape_slow_first_byte, shape_empty_body, shape_html_page;
simulator_shape shape_json_error, shape_wrong_type, shape_not_found, shape_too_many_requests;
simulator_shape shape_http_status, shape_redirect, shape_redirect_loop, shape_gzip_bomb;

/* shapes_content.c: the bytes of a recording */
simulator_shape shape_other_audio, shape_audio_cut, shape_growing, shape_header_only;
simulator_shape shape_riff_size_max, shape_riff_size_zero, shape_gsff, shape_noise;
simulator_shape shape_tar_truncated, shape_tar_hostile, shape_tar_many, shape_tar_sparse;

#endif
