/* rfc3339.h: instants as text (RFC 3339, UTC). No time zone tables: local times come from PostgreSQL. */
#ifndef RFC3339_H
#define RFC3339_H

#include <stdbool.h>
#include <stddef.h>

#include "clock.h"
#include "err.h"

#define RFC3339_BYTES 32

/* "2026-11-22T16:03:52Z", with ".123456" (no trailing zeros) only when there is a fraction. Needs RFC3339_BYTES. */
void rfc3339_encode(struct instant at, char *ret_text);

/* Accepts any offset and up to 9 fraction digits (cut to microseconds), 'T' and 'Z' in either case, a leap second as :60.
 * Years 1970 to 9999. False on anything else. */
bool rfc3339_decode(const char *text, struct instant *ret_at) MUST_CHECK;

/* Calendar parts of an instant in UTC. */
struct civil_time {
	int year, month, day; /* month 1..12, day 1..31 */
	int hour, minute, second;
	int microsecond;
	int weekday; /* 0 Monday .. 6 Sunday */
};
void civil_from_instant(struct instant at, struct civil_time *ret_civil);
struct instant instant_from_civil(const struct civil_time *civil); /* weekday ignored */

#endif
