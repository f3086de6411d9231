/* world.h: one booking with its two people, in the database of UNBOOK_TEST_PG_URL. A test takes fresh ones and shares nothing. */
#ifndef WORLD_H
#define WORLD_H

#include "mails.h"

struct world {
	struct pg *db;
	struct arena arena;
	int64_t parent_id, teacher_id, booking_id;
};

extern struct world world;

/* For .init and .fini. Rows of earlier tests are made final, so that a sweep finds only what the test queued. */
void world_make(void);
void world_end(void);

void world_sql(const char *fmt, ...) PRINTF_LIKE(1, 2);
int64_t world_number(const char *fmt, ...) PRINTF_LIKE(1, 2);
const char *world_text(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A mail row that is due now; its id. */
int64_t world_mail(enum mail_kind kind, int64_t recipient_id, int64_t version);
const char *world_state(int64_t mail_id);

/* id 0 when there is nothing to claim. lease 60 s unless world_lease_ms says otherwise. */
extern int64_t world_lease_ms;
struct mail world_claim(void);
struct mail world_sweep(void);
bool world_record(const struct mail *mail, enum mail_state state);

/* As cr_assert, but shows what the store said. */
#define ASSERT_OK(call, err) cr_assert_eq((call), ERR_OK, "%s: %s", (err).code, (err).msg)

#endif
