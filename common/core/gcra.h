/* gcra.h: the generic cell rate algorithm: a bucket that fills at a steady pace, kept as the one moment at which it will be full. Pure. */
#ifndef GCRA_H
#define GCRA_H

#include <stdint.h>

/* What one process may spend: a unit comes back every interval_ms, and slack_ms' worth of them may be spent at once after a rest. */
struct gcra {
	double interval_ms;
	double slack_ms;
};

/* The share of one of so many processes in a budget of rate_per_s > 0 with that burst >= 1. */
struct gcra gcra_share(double rate_per_s, int64_t burst, int replicas);

/* 0: go, a unit is spent; else nothing was, ask again after so many ms. *full_at_ms is the bucket, 0 when new; now_ms never goes back. */
int64_t gcra_take_ms(const struct gcra *gcra, double *full_at_ms, int64_t now_ms);

#endif
