/*
 * The cage of the speech process. After sandbox_close() the process can compute, take memory, make
 * threads, read and write what is open already, and end; nothing else. Asking for a file is refused
 * (libc does so on its own); asking for a socket, a program, another process or more rights kills.
 * There is no way back. Linux only: seccomp, no_new_privs, resource limits.
 */
#ifndef SPEECH_SANDBOX_H
#define SPEECH_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/macros.h"

/* Built with a sanitizer, whose shadow memory takes terabytes of addresses: no limit on them then.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_IS_SANITIZED true
#endif
#endif
#ifndef SANDBOX_IS_SANITIZED
#define SANDBOX_IS_SANITIZED false
#endif

/* How much of the machine the process may use: address space (asking for more aborts), CPU seconds
 * (what was used before counts; passing them kills with SIGXCPU; another process may raise the
 * figure with prlimit()). No core dumps, no growing of files. */
MUST_USE bool sandbox_limit(size_t memory_bytes_max, unsigned cpu_seconds_max, struct error *error);

/* Close the cage: for all threads that come; call it while there is only one. */
MUST_USE bool sandbox_close(struct error *error);

#endif
