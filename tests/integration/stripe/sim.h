/* sim.h: the Stripe simulator of UNBOOK_TEST_STRIPE_URL, from a test's side. */
#ifndef SIM_H
#define SIM_H

#include "stripe.h"

/* A client of the simulator, with short deadlines. */
struct stripe *sim_client(void);
struct stripe *sim_client_at(const char *url, const char *key);
const char *sim_url(void);
const char *sim_key(void);

/* JSON to /_sim/<path>; the answer is static, until the next call. */
const char *sim_post(const char *path, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A captured payment of amount EUR cents and a fresh refund row of it. Static texts, until the next call. */
struct refund sim_refund(int64_t amount_minor);
/* The next matching request of that method to /v1/refunds about this payment goes wrong. rest: further
 * JSON members, or "". */
void sim_fault(const struct refund *refund, const char *method, const char *kind, const char *rest);

#endif
