/* rows.h: bookings, payments and refund rows in the migrated database of UNBOOK_TEST_PG_URL. */
#ifndef ROWS_H
#define ROWS_H

#include "refunds.h"

extern struct pg *db;
extern struct arena arena;
extern struct err err;

/* For .init and .fini of a suite: opens db, empties the tables. */
void rows_setup(void);
void rows_teardown(void);
struct pg *rows_connect(void);

void rows_sql(const char *fmt, ...) PRINTF_LIKE(1, 2);
int64_t rows_int(const char *fmt, ...) PRINTF_LIKE(1, 2);

#define FIRST_ID "00000000-0000-4000-8000-000000000001"
/* Refund number i of payment pi_<i>, requested, due in due_ms. */
void rows_refund(int i, int64_t due_ms);

#define LEASE_MS 60000
extern const struct refund_lease lease;
/* Must succeed; NULL when there was nothing to claim. */
struct refund_claim *rows_claim_fresh(const char *id);
struct refund_claim *rows_claim_due(void);

#define ASSERT_OK(call) cr_assert_eq((call), ERR_OK, "%s: %s", err.code, err.msg)

#endif
