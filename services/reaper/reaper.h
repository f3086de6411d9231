/* reaper.h: bookings that time moves on: unpaid ones are released on Stripe's word, paid ones are settled, those that are over become
 * Completed. What a payment or a checkout means is decided by payment.h and checkout.h, and written by the room flow. */
#ifndef REAPER_H
#define REAPER_H

#include <stdatomic.h>

#include "breaker.h"
#include "checkout.h"
#include "conf.h"
#include "flow.h"
#include "settings.h"
#include "stripe_inbox.h"
#include "stripe_link.h"
#include "worker.h"

struct reaper_settings {
	struct common_settings common;
	struct worker_settings worker;
	struct stripe_settings stripe;
	char *frontend_url;
	char *meeting_url_template; /* "": sessions have no link */
	int64_t heal_ms;
	int64_t heal_after_ms;
	int64_t heal_all_ms;
};

extern const struct conf_row reaper_rows[];
extern const size_t reaper_row_count;

/* What the handlers work with. */
struct reaper {
	const struct reaper_settings *settings;
	struct stripe_link link;
	struct breaker breaker; /* of Stripe */
	struct stripe_inbox inbox;
};

/* run.c: opens everything, serves until told to stop, closes everything. context: the settings. */
enum err_kind reaper_run(void *context, struct err *err) MUST_CHECK;

/* complete.c */
struct completer {
	atomic_bool at_work; /* one job at a time: it takes batch after batch */
};
void completer_init(struct completer *completer, struct worker_handler *ret_handler);

/* hold.c: bookings whose checkout must be looked at: the hold is over, or somebody rang. */
void hold_handler_init(struct reaper *reaper, struct worker_handler *ret_handler);

/* checkout_event.c: Stripe's checkout.session.* events. */
void checkout_event_handler_init(struct reaper *reaper, struct worker_handler *ret_handler);

/* heal.c: what webhooks should have told. */
void heal_handler_init(struct reaper *reaper, struct worker_handler *ret_handler);

/* act.c: what a checkout proves, done. Blocks for the database only. */
struct act {
	struct reaper *reaper;
	struct pg_pool *db;
	const struct job *job;
	const char *actor; /* of the time line */
	int64_t booking_id;
	const struct checkout *checkout;
};
/* PAID and FREE settle, UNPAID and FAILED release; others do nothing. Errors those of settle_checkout and release_booking. */
enum err_kind act_on(const struct act *act, enum checkout_proof proof, struct err *err) MUST_CHECK;

/* Of handlers that ask Stripe: its breaker. context: the reaper. */
int64_t reaper_admit_ms(void *context);
void reaper_unadmit(void *context);

/* Is Stripe there? Tell the breaker by what was answered. */
void reaper_note(struct reaper *reaper, const struct stripe_answer *answer, const char *call);

#endif
