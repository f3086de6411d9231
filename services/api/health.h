/* health.h: whether PostgreSQL answers. It is looked at all the time over a connection of its own, so that a probe waits for nobody. */
#ifndef HEALTH_H
#define HEALTH_H

#include <stddef.h>

#include "err.h"

struct health;

/* Starts to look; until the first look is done, PostgreSQL counts as missing. pg_url is borrowed until health_close.
 * Errors ERR_FATAL no_memory, no_thread. */
enum err_kind health_open(const char *pg_url, struct health **ret_health, struct err *err) MUST_CHECK;

/* For a service_check: "postgres" while it is away, slow or silent, at the latest a second after it fell silent. Does not block. */
void health_missing(void *health, char *ret_text, size_t cap);

/* Waits for the look that is under way, about a second at most. NULL is fine. */
void health_close(struct health *health);

#endif
