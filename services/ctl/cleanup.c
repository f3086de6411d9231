/* cleanup.c: the bug report's clean-up, done safely: a booking that was left unpaid for a day is expired at Stripe first, and Cancelled
 * only on the proof that nobody has paid and nobody can any more. What turns out paid is settled. */
#include <getopt.h>
#include <stdio.h>

#include "actor.h"
#include "checkouts.h"
#include "cleanup_unknown.h"
#include "conclude.h"
#include "ctl.h"
#include "orphan.h"
#include "release.h"
#include "str.h"
#include "stripe_checkout.h"

#define OLDER_THAN_S    86400
#define DOORBELL_MS     15000 /* as the services' default */
#define ARENA_BYTES_MAX (1u << 20)
#define COMMAND         "unbookctl cleanup"

static int usage(void)
{
	fputs("usage: unbookctl cleanup [--dry-run] [--operator <name>] [--unknown <booking>]\n\n"
	      "Ends every booking that is Pending and unpaid though it was made more than 24 hours ago. Its checkout is\n"
	      "expired at Stripe; when Stripe says that nobody has paid, the booking becomes Cancelled. Rows are never\n"
	      "deleted. One that turns out paid is settled as if its payment had been heard of: Confirmed, or given back.\n"
	      "Left alone, and said so: a hold that is not over, a delayed payment that has not decided yet, a checkout\n"
	      "that Stripe does not know (another account's key?). Safe beside running services; repeat it at will.\n"
	      "Exit code 0: none is left, 1: some are, 70: Stripe or the database did not answer about some.\n\n"
	      "  --unknown <booking> end this one alone, whose checkout Stripe does not know: look first whether the key is\n"
	      "                      of the account that took the payments. Pending, it becomes Cancelled (admin); Cancelled,\n"
	      "                      it stays so; Stripe is not asked about it again. Refused when Stripe knows the checkout\n"
	      "  --dry-run           only say what would be done: nothing is written, and Stripe is only asked\n"
	      "  --operator <name>   who does it, for the time line; default: $SUDO_USER, else $USER\n"
	      "  UNBOOK_PG_URL       PostgreSQL (or UNBOOK_PG_URL_FILE)\n"
	      "  UNBOOK_STRIPE_KEY   (or UNBOOK_STRIPE_KEY_FILE); UNBOOK_STRIPE_URL, _CONNECT_MS, _TIMEOUT_MS and\n"
	      "                      UNBOOK_MEETING_URL_TEMPLATE as the reaper's\n",
	      stdout);
	return 0;
}

struct cleaning {
	bool only_says; /* --dry-run */
	char actor[ACTOR_BYTES];
	struct arena *arena;
	int64_t ended, left, failed;
};

static void say(const struct orphan *orphan, const char *what)
{
	orphan_print(orphan);
	printf("  -> %s\n", what);
}

static enum err_kind leave(struct cleaning *c, const struct orphan *orphan, const char *why)
{
	c->left++;
	say(orphan, why);
	return ERR_OK;
}

/* This one could not be done; others may be. */
static enum err_kind fail(struct cleaning *c, const struct orphan *orphan, const struct err *why)
{
	c->failed++;
	say(orphan, "left: it failed");
	fprintf(stderr, COMMAND ": booking %lld: %s (%s)\n", (long long)orphan->booking->id, why->msg,
		why->code);
	return ERR_OK;
}

static enum err_kind done(struct cleaning *c, const struct orphan *orphan, const char *what)
{
	c->ended++;
	say(orphan, what);
	return ERR_OK;
}

static const char *settled_word(enum payment_outcome outcome)
{
	switch (outcome) {
	case PAYMENT_CONFIRM:
	case PAYMENT_REVIVE:
		return "settled: Confirmed";
	case PAYMENT_RETURN:
		return "settled: the payment is given back";
	case PAYMENT_RETURN_AND_CANCEL:
		return "settled: the payment is given back, Cancelled";
	}
	return "settled";
}

static enum err_kind say_concluded(struct cleaning *c, const struct orphan *orphan,
				   const struct concluded *concluded)
{
	switch (concluded->conclusion) {
	case CONCLUDED_SETTLED:
		return done(c, orphan, settled_word(concluded->decision.outcome));
	case CONCLUDED_RELEASED:
		return done(c, orphan,
			    concluded->cause == CAUSE_CHECKOUT_EXPIRED ? "Cancelled (checkout_expired)"
								       : "Cancelled (checkout_failed)");
	case CONCLUDED_BEFORE:
		return done(c, orphan, "somebody else has ended it meanwhile");
	case CONCLUDED_NOTHING:
		break;
	}
	return leave(c, orphan, "left: it has changed meanwhile");
}

static struct flow flow_of(const struct cleaning *c, const struct ctl_stripe *link)
{
	return (struct flow){.db = link->pool,
			     .arena = c->arena,
			     .actor = c->actor,
			     .doorbell_ms = DOORBELL_MS,
			     .meeting_url_template = link->meeting_url_template};
}

/* A booking that does not know its checkout learns it, so that what is proven of the one is true of the other. */
static enum err_kind remember(const struct ctl_stripe *link, const struct orphan *orphan, struct err *err)
{
	enum booking_status status;
	bool is_its = false;

	if (orphan->booking->stripe_session_id)
		return ERR_OK;
	if (checkouts_record_made(link->db, orphan->booking->id, orphan->checkout.id, orphan->checkout.url,
				  &status, &is_its, err))
		return err->kind;
	return is_its ? ERR_OK : err_set(err, ERR_RETRY, "other_checkout", "it has another checkout by now");
}

static enum err_kind end_seen(struct cleaning *c, const struct ctl_stripe *link, struct orphan *orphan)
{
	const struct flow flow = flow_of(c, link);
	struct stripe_answer answer;
	struct concluded concluded;
	struct err why = {0};

	if (remember(link, orphan, &why))
		return fail(c, orphan, &why);
	if (checkout_prove(&orphan->checkout) == CHECKOUT_PROVES_NOTHING
	    && stripe_close_checkout(link->stripe, orphan->checkout.id, &orphan->checkout, &answer, &why))
		return fail(c, orphan, &why);
	if (checkout_prove(&orphan->checkout) == CHECKOUT_PROVES_WAIT)
		return leave(c, orphan, "left: the payment has not decided yet");
	if (conclude_checkout(&flow, orphan->booking->id, &orphan->checkout,
			      checkout_prove(&orphan->checkout), &concluded, &why))
		return fail(c, orphan, &why);
	return say_concluded(c, orphan, &concluded);
}

/* Its hold is over, so a request that is still on its way to Stripe is refused there for its expires_at. */
static enum err_kind end_unmade(struct cleaning *c, const struct ctl_stripe *link, struct orphan *orphan)
{
	const struct flow flow = flow_of(c, link);
	const struct release_request request = {
		.booking_id = orphan->booking->id, .cause = CAUSE_CHECKOUT_FAILED, .is_closed = true};
	enum release_outcome outcome;
	struct booking booking;
	struct err why = {0};

	if (release_booking(&flow, &request, &outcome, &booking, &why))
		return fail(c, orphan, &why);
	if (outcome == RELEASED)
		return done(c, orphan, "Cancelled (checkout_failed)");
	return leave(c, orphan, "left: it has changed meanwhile");
}

static const char *plan_of(const struct orphan *orphan)
{
	if (orphan->found == ORPHAN_NEVER_MADE)
		return "would be Cancelled (checkout_failed)";
	switch (checkout_prove(&orphan->checkout)) {
	case CHECKOUT_PROVES_NOTHING:
		return "would be expired at Stripe and Cancelled (checkout_expired)";
	case CHECKOUT_PROVES_PAID:
	case CHECKOUT_PROVES_FREE:
		return "would be settled";
	case CHECKOUT_PROVES_UNPAID:
		return "would be Cancelled (checkout_expired)";
	case CHECKOUT_PROVES_FAILED:
		return "would be Cancelled (checkout_failed)";
	case CHECKOUT_PROVES_WAIT:
		break;
	}
	return "left: the payment has not decided yet";
}

static enum err_kind end_one(void *context, const struct ctl_stripe *link, struct orphan *orphan,
			     struct err *err)
{
	struct cleaning *c = context;

	(void)err;
	arena_reset(c->arena);
	if (orphan_is_held(orphan))
		return leave(c, orphan, "left: its hold is not over");
	if (orphan->found == ORPHAN_NO_ANSWER)
		return fail(c, orphan, &orphan->why);
	if (orphan->found == ORPHAN_UNKNOWN_THERE)
		return leave(c, orphan, "left: is the key of the right account? Then see --unknown");
	if (orphan->found == ORPHAN_SEEN && checkout_prove(&orphan->checkout) == CHECKOUT_PROVES_WAIT)
		return leave(c, orphan, plan_of(orphan));
	if (c->only_says)
		return done(c, orphan, plan_of(orphan));
	return orphan->found == ORPHAN_NEVER_MADE ? end_unmade(c, link, orphan) : end_seen(c, link, orphan);
}

static enum err_kind clean(const struct ctl_stripe *link, void *context, int *ret_code, struct err *err)
{
	struct cleaning *c = context;
	const struct orphan_walk walk = {
		.what = "cleaning up", .older_than_s = OLDER_THAN_S, .visit = end_one, .context = c};
	struct arena arena;
	enum err_kind kind;

	arena_init(&arena, ARENA_BYTES_MAX);
	c->arena = &arena;
	kind = orphan_walk(link, &walk, err);
	arena_release(&arena);
	fprintf(stderr, "%lld bookings %s ended, %lld left, %lld failed\n", (long long)c->ended,
		c->only_says ? "would be" : "were", (long long)c->left, (long long)c->failed);
	if (!kind && c->failed)
		kind = err_set(err, ERR_RETRY, "not_all", "it failed for %lld bookings; repeat it",
			       (long long)c->failed);
	*ret_code = c->left ? 1 : 0;
	return kind;
}

static int command(int argc, char **argv)
{
	static const struct option options[] = {
		{"dry-run", no_argument, NULL, 'd'},
		{"operator", required_argument, NULL, 'o'},
		{"unknown", required_argument, NULL, 'u'},
		{NULL, 0, NULL, 0},
	};
	struct cleaning c = {0};
	struct cleanup_unknown unknown = {0};
	const char *name = NULL;
	int option;

	if (ctl_wants_help(argc, argv))
		return usage();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			c.only_says = true;
		else if (option == 'o')
			name = optarg;
		else if (option != 'u')
			return ctl_see_help(COMMAND);
		else if (!str_to_int64(optarg, &unknown.booking_id) || unknown.booking_id < 1)
			return ctl_wrong(COMMAND, optarg, "is no booking id: a whole number from 1 on");
	}
	if (!ctl_takes_no_more(COMMAND, argc, argv, optind))
		return EX_USAGE;
	if (!c.only_says && !actor_read(COMMAND, name, c.actor))
		return ctl_see_help(COMMAND);
	unknown.only_says = c.only_says;
	unknown.actor = c.actor;
	return ctl_with_stripe(
		&(struct ctl_stripe_work){.name = COMMAND,
					  .only_reads = c.only_says,
					  .run = unknown.booking_id ? cleanup_unknown : clean,
					  .context = unknown.booking_id ? (void *)&unknown : (void *)&c});
}

const struct ctl_command ctl_cleanup = {"cleanup", "end bookings left unpaid for a day, on Stripe's word",
					command};
