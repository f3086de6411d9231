/* id.h: random identifiers from the kernel's generator (getrandom). Thread-safe. */
#ifndef ID_H
#define ID_H

#include <stddef.h>
#include <stdint.h>

#define ID_UUID_BYTES        37
#define ID_TRACEPARENT_BYTES 56

/* A random (version 4) UUID in canonical text. Aborts only if the kernel has no randomness at all. */
void id_uuid(char ret_uuid[ID_UUID_BYTES]);

/* count random bytes as lower-case hex; ret_hex needs 2 * count + 1 bytes. */
void id_hex(char *ret_hex, size_t count);

/* A fresh W3C traceparent "00-<32 hex>-<16 hex>-01" (W3C Trace Context, section 3.2). */
void id_traceparent(char ret_traceparent[ID_TRACEPARENT_BYTES]);

/* A child of parent: same trace id, new span id; a fresh one when parent is NULL or malformed. */
void id_traceparent_child(const char *parent, char ret_traceparent[ID_TRACEPARENT_BYTES]);

uint64_t id_random(void);

#endif
