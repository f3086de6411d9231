/* ctl_stripe.h: what the subcommands share that look into the database and speak to Stripe. */
#ifndef CTL_STRIPE_H
#define CTL_STRIPE_H

#include "ctl_db.h"
#include "instance.h"
#include "stripe.h"

struct ctl_stripe {
	struct pg *db;
	struct pg_pool *pool; /* for the room flow; connects when it is used */
	struct stripe *stripe;
	char instance_id[INSTANCE_ID_BYTES];
	const char *meeting_url_template; /* as the reaper's */
};

/* As ctl_with_db, with Stripe beside it: a key of the other mode than the database's is refused.
 * only_reads  a database that belongs to no mode yet is left so. */
struct ctl_stripe_work {
	const char *name; /* "unbookctl refunds" */
	int64_t call_ms;  /* of the database; 0: pg.h's */
	bool only_reads;
	enum err_kind (*run)(const struct ctl_stripe *link, void *context, int *ret_code, struct err *err);
	void *context;
};
int ctl_with_stripe(const struct ctl_stripe_work *work);

#endif
