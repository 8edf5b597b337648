/* Is this sound file the recording that was wanted, and all of it? Pure. For pbx/ only. */
#ifndef PBX_PROOF_H
#define PBX_PROOF_H

#include "pbx/container.h"
#include "pbx/pbx.h"

/* Judge `bytes` received bytes, of which the sender announced `announced` (-1: nothing). `wave` is
 * NULL where the container is not WAVE. REASON_NONE when nothing speaks against it; else
 * trouble_out->detail has both figures. */
enum reason proof_check(const struct pbx_wanted *wanted, const struct wave_info *wave,
                        int64_t bytes, int64_t announced, struct pbx_trouble *trouble_out);

/* The most bytes that a download of this recording may have. */
int64_t proof_size_max(const struct pbx_wanted *wanted);

#endif
