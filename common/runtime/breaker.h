/* breaker.h: stop asking a peer that does not answer. One per dependency; thread-safe.
 * Closed: everything passes. Open: nothing does, for a time that doubles with each failed probe. Then one probe passes alone. */
#ifndef BREAKER_H
#define BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "monitor.h"

struct breaker_options {
	const char *name;          /* "stripe": metrics label; static storage */
	int failures_max;          /* opens after so many in a row; 0: 5 */
	int64_t open_min_ms;       /* first pause; 0: 1000 */
	int64_t open_max_ms;       /* longest pause; 0: 60000 */
	int64_t probe_ms;          /* a probe that reports nothing for so long is given up; 0: 60000 */
	const struct clock *clock; /* NULL: the system's */
};

/* Caller's storage. The members are the breaker's own. */
struct breaker {
	struct breaker_options options;
	struct monitor lock;
	int failures;           /* in a row */
	int openings;           /* in a row, for the pause */
	int64_t open_until_ms;  /* 0: closed */
	int64_t probe_until_ms; /* 0: no probe is out */
};

void breaker_init(struct breaker *breaker, const struct breaker_options *options);
void breaker_release(struct breaker *breaker);

/* 0: go on, and report what came of it; else ask again after so many ms. */
int64_t breaker_admit_ms(struct breaker *breaker);
/* What was admitted was not used. */
void breaker_unadmit(struct breaker *breaker);

/* Any answer at all of the peer's, a refusal included, is a success: it is there. */
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker);
/* The peer refuses our credentials: opens at once, and an operator must look. */
void breaker_refused(struct breaker *breaker);

bool breaker_is_open(struct breaker *breaker);

#endif
