/* till.h: Pending bookings of the school, and the flows that end them. */
#ifndef TILL_H
#define TILL_H

#include "release.h"
#include "school.h"
#include "settle.h"

extern struct pg_pool *till_pool;

/* For .init and .fini. */
void till_open(void);
void till_close(void);

/* Pending, 45.00 EUR, its checkout is cs_<id>, the hold ended a second ago. */
int64_t till_pending(const char *starts_in);

/* Flows of their own arena each, so that threads may use them. */
struct flow till_flow(struct arena *arena);

struct payment till_payment(int64_t booking, int number);
/* Settle payment number of this booking; must succeed. */
struct settled till_settle(int64_t booking, const struct payment *payment);
enum release_outcome till_release(int64_t booking, enum cancel_cause cause, bool is_closed);

/* "<status> <version> <payments> <refunds> <mails> <outbox rows> <log entries>" of the booking. */
const char *till_sum(int64_t booking);
#define EXPECT_SUM(booking, wanted) cr_expect_str_eq(till_sum(booking), (wanted), "%s", till_sum(booking))

#endif
