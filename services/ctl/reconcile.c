/* reconcile.c: Stripe's payments and refunds against the tables, in both directions. */
#include <getopt.h>
#include <stdio.h>

#include "ctl.h"
#include "patience.h"
#include "reconcile.h"
#include "rfc3339.h"
#include "str.h"

#define COMMAND         "unbookctl reconcile"
#define COMPARE_MS      (3600 * 1000) /* whole days are joined */
#define ARENA_BYTES_MAX (16u << 20)
#define GRACE_S         600
#define GRACE_S_MAX     86400
#define ID_BYTES        64

static int usage(void)
{
	fputs("usage: unbookctl reconcile [--since <day or time>] [--grace-s <seconds>] [--json]\n\n"
	      "Compares what Stripe has with what the tables have, in both directions: payments and refunds that only one\n"
	      "side knows, and those whose amount, currency, status or owner differ; then what was captured and what was\n"
	      "given back per UTC day and currency, on both sides. Only reads, here and at Stripe.\n"
	      "Exit code 0: nothing differs, 1: something does, 70: it could not be found out, and nothing is printed.\n\n"
	      "  --since <time>        2026-11-18 or 2026-11-18T09:30:00Z; default: the UTC day seven days ago\n"
	      "  --grace-s <seconds>   what is younger is left to the next run, for it may be on its way; default 600\n"
	      "  --json                one JSON object; default: CSV (RFC 4180)\n"
	      "  UNBOOK_PG_URL         PostgreSQL (or UNBOOK_PG_URL_FILE); a role that may read, and make temporary tables\n"
	      "  UNBOOK_STRIPE_KEY     (or UNBOOK_STRIPE_KEY_FILE), may be restricted to reading; UNBOOK_STRIPE_URL,\n"
	      "                        _CONNECT_MS, _TIMEOUT_MS as the reaper's\n\n"
	      "Amounts are whole numbers of the currency's minor unit; a difference is Stripe's minus the tables'. `what` is\n"
	      "  not_here, not_at_stripe            only one side has it\n"
	      "  amount, currency, status           both have it, and this differs (currency: a line for each side's)\n"
	      "  other_owner                        it is of another booking, or of another payment, than the tables say\n"
	      "  given_back_twice                   a refund was settled elsewhere, and its payment went back at Stripe as well\n"
	      "`object` is payment, refund (Stripe's refund beside its row), or request: a row of refunds beside the sum of\n"
	      "its payment's refunds at Stripe. Payments and refunds of other products on the account are only counted.\n"
	      "A difference that the next run does not show was on its way.\n",
	      stdout);
	return 0;
}

static const char *payment_status(bool is_there, bool is_captured)
{
	if (!is_there)
		return NULL;
	return is_captured ? "succeeded" : "not_captured";
}

/* A difference in currency is one of both currencies. */
static void report_difference(struct reconciling *r, struct report_line line, struct money theirs,
			      struct money ours)
{
	line.stripe_minor = line.stripe_count ? theirs.minor : 0;
	line.tables_minor = line.tables_count ? ours.minor : 0;
	line.currency = line.stripe_count ? theirs.currency : ours.currency;
	if (!line.stripe_count || !line.tables_count || str_eq(theirs.currency, ours.currency)) {
		report_line(r, &line);
		return;
	}
	line.tables_count = line.tables_minor = 0;
	report_line(r, &line);
	line.stripe_count = line.stripe_minor = 0;
	line.tables_count = 1;
	line.tables_minor = ours.minor;
	line.currency = ours.currency;
	report_line(r, &line);
}

static void compare_payment(struct reconciling *r, const struct reconcile_payment_pair *pair)
{
	enum reconcile_finding finding = reconcile_payment(
		pair->is_there ? &pair->theirs : NULL, pair->is_marked, pair->is_here ? &pair->ours : NULL);

	r->foreign_payments += finding == RECONCILE_FOREIGN;
	if (!reconcile_is_difference(finding))
		return;
	report_difference(
		r,
		(struct report_line){
			.object = "payment",
			.day = pair->day,
			.id = pair->id,
			.booking_id = pair->is_here ? pair->ours.booking_id : pair->theirs.booking_id,
			.what = reconcile_finding_name(finding),
			.stripe_count = pair->is_there,
			.tables_count = pair->is_here,
			.stripe_status = payment_status(pair->is_there, pair->theirs.is_captured),
			.tables_status = payment_status(pair->is_here, true)},
		pair->theirs.received, pair->ours.amount);
}

static void compare_refund(struct reconciling *r, const struct reconcile_refund_pair *pair)
{
	enum reconcile_finding finding = reconcile_refund(
		pair->is_there ? &pair->theirs : NULL, pair->is_of_ours, pair->is_here ? &pair->ours : NULL);

	r->foreign_refunds += finding == RECONCILE_FOREIGN;
	if (!reconcile_is_difference(finding))
		return;
	report_difference(
		r,
		(struct report_line){
			.object = "refund",
			.day = pair->day,
			.id = pair->id,
			.booking_id = pair->booking_id,
			.what = reconcile_finding_name(finding),
			.stripe_count = pair->is_there,
			.tables_count = pair->is_here,
			.stripe_status =
				pair->is_there ? stripe_refund_status_name(pair->theirs.status) : NULL,
			.tables_status = pair->is_here ? stripe_refund_status_name(pair->ours.status) : NULL},
		pair->theirs.amount, pair->ours.amount);
}

/* The sum of a payment's own list of refunds, when Stripe knows the payment. */
static enum err_kind ask_list(struct reconciling *r, const struct reconcile_request *request,
			      bool *ret_is_there, int64_t *ret_live_minor, struct err *err)
{
	const struct refund refund = {.payment_intent = request->payment_intent,
				      .captured = request->captured};
	struct patience patience = {0};
	struct stripe_answer answer;
	struct refund_list list;
	enum err_kind kind;

	do
		kind = stripe_list_refunds(r->link->stripe, &refund, &list, &answer, err);
	while (patience_again(&patience, kind));
	*ret_is_there = !reconcile_is_not_there(kind, &answer);
	if (!*ret_is_there)
		return ERR_OK;
	if (kind)
		return err_while(err, "list the refunds of %.64s at Stripe", request->payment_intent);
	*ret_live_minor = list.live_minor;
	return ERR_OK;
}

/* What was seen in the window may be a part of it only: then the payment's own list tells. Of a payment that Stripe does not know
 * nothing can go back, whatever the row says. */
static enum err_kind compare_request(struct reconciling *r, const struct reconcile_request *request,
				     struct err *err)
{
	int64_t live_minor = request->live_minor;
	enum reconcile_finding finding;
	bool is_there = true;

	if (!request->is_twice && live_minor < request->captured.minor
	    && ask_list(r, request, &is_there, &live_minor, err))
		return err->kind;
	if (request->is_twice)
		finding = RECONCILE_TWICE;
	else if (!is_there)
		finding = RECONCILE_NOT_AT_STRIPE;
	else
		finding = reconcile_request(request->state, request->captured.minor, live_minor);
	if (reconcile_is_difference(finding))
		report_line(r, &(struct report_line){.object = "request",
						     .day = request->day,
						     .currency = request->captured.currency,
						     .id = request->id,
						     .booking_id = request->booking_id,
						     .what = reconcile_finding_name(finding),
						     .stripe_count = live_minor > 0,
						     .tables_count = 1,
						     .stripe_minor = live_minor,
						     .tables_minor =
							     request->is_twice ? 0 : request->captured.minor,
						     .tables_status = refund_state_name(request->state)});
	return ERR_OK;
}

static enum err_kind compare_payments(struct reconciling *r, struct err *err)
{
	struct reconcile_payment_page page = {.count = RECONCILE_PAGE_MAX};

	for (int64_t after = 0; page.count == RECONCILE_PAGE_MAX; after += page.count) {
		arena_reset(r->arena);
		if (reconcile_rows_payment_pairs(r->link->db, after, r->arena, &page, err))
			return err->kind;
		for (int i = 0; i < page.count; i++)
			compare_payment(r, &page.pairs[i]);
	}
	return ERR_OK;
}

static enum err_kind compare_refunds(struct reconciling *r, struct err *err)
{
	struct reconcile_refund_page page = {.count = RECONCILE_PAGE_MAX};

	for (int64_t after = 0; page.count == RECONCILE_PAGE_MAX; after += page.count) {
		arena_reset(r->arena);
		if (reconcile_rows_refund_pairs(r->link->db, after, r->arena, &page, err))
			return err->kind;
		for (int i = 0; i < page.count; i++)
			compare_refund(r, &page.pairs[i]);
	}
	return ERR_OK;
}

static enum err_kind compare_requests(struct reconciling *r, struct err *err)
{
	struct reconcile_request_page page = {.count = RECONCILE_PAGE_MAX};
	char after[ID_BYTES] = "";

	while (page.count == RECONCILE_PAGE_MAX) {
		const struct reconcile_walk walk = {&r->window, after, r->arena};

		arena_reset(r->arena);
		if (reconcile_rows_requests(r->link->db, &walk, &page, err))
			return err->kind;
		for (int i = 0; i < page.count; i++) {
			if (compare_request(r, &page.requests[i], err))
				return err->kind;
			(void)str_copy(after, sizeof after, page.requests[i].id);
		}
	}
	return ERR_OK;
}

static enum err_kind report_sums(struct reconciling *r, struct err *err)
{
	struct reconcile_sums sums;

	arena_reset(r->arena);
	if (reconcile_rows_sums(r->link->db, r->arena, &sums, err))
		return err->kind;
	for (int i = 0; i < sums.count; i++) {
		const struct reconcile_sum *sum = &sums.sums[i];

		report_line(r, &(struct report_line){.object = sum->object,
						     .day = sum->day,
						     .currency = sum->currency,
						     .stripe_count = sum->stripe_count,
						     .tables_count = sum->tables_count,
						     .stripe_minor = sum->stripe_minor,
						     .tables_minor = sum->tables_minor});
	}
	return ERR_OK;
}

static void say_in_short(const struct reconciling *r)
{
	char from[RFC3339_BYTES], until[RFC3339_BYTES];

	rfc3339_encode(r->window.from, from);
	rfc3339_encode(r->window.until, until);
	fprintf(stderr,
		"%s to %s: %lld differences; %lld payments and %lld refunds of others on the account\n", from,
		until, (long long)r->differences, (long long)r->foreign_payments,
		(long long)r->foreign_refunds);
	if (r->unread)
		fprintf(stderr, "%lld objects of others at Stripe do not read\n", (long long)r->unread);
	if (r->charges)
		fprintf(stderr, "%lld payments are known by their charge only and were not compared\n",
			(long long)r->charges);
}

/* What was asked for on the command line. */
struct order {
	struct instant since; /* INSTANT_NONE: the default */
	int64_t grace_s;
	bool as_json;
};

static enum err_kind reconcile_in(struct reconciling *r, const struct order *order, struct err *err)
{
	struct pg *db = r->link->db;

	if (reconcile_rows_window(db, order->since, order->grace_s, &r->window, err))
		return err->kind;
	r->window.instance_id = r->link->instance_id;
	if (r->window.from.us >= r->window.until.us)
		return err_set(err, ERR_REJECT, "empty_window", "nothing lies between --since and --grace-s");
	if (report_begin(r, err) || reconcile_gather(r, err) || reconcile_rows_pair(db, &r->window, err)
	    || reconcile_rows_count_charges(db, &r->window, &r->charges, err))
		return err->kind;
	if (compare_payments(r, err) || compare_refunds(r, err) || compare_requests(r, err)
	    || report_sums(r, err) || report_end(r, err))
		return err->kind;
	say_in_short(r);
	return ERR_OK;
}

static enum err_kind run(const struct ctl_stripe *link, void *context, int *ret_code, struct err *err)
{
	const struct order *order = context;
	struct arena arena;
	struct reconciling r = {.link = link, .arena = &arena, .as_json = order->as_json};
	enum err_kind kind;

	arena_init(&arena, ARENA_BYTES_MAX);
	kind = reconcile_in(&r, order, err);
	if (r.out)
		fclose(r.out);
	arena_release(&arena);
	*ret_code = r.differences ? 1 : 0;
	return kind;
}

/* A day is its first moment in UTC. */
static bool read_since(const char *text, struct instant *ret_at)
{
	char whole[RFC3339_BYTES];

	if (rfc3339_decode(text, ret_at))
		return true;
	return snprintf(whole, sizeof whole, "%sT00:00:00Z", text) < (int)sizeof whole
	       && rfc3339_decode(whole, ret_at);
}

/* 0, or the exit code after it was said what is wrong. */
static int read_order(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
		{"since", required_argument, NULL, 's'},
		{"grace-s", required_argument, NULL, 'g'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j') {
			order->as_json = true;
		} else if (option == 's') {
			if (!read_since(optarg, &order->since))
				return ctl_wrong(COMMAND, optarg,
						 "is neither a day (2026-01-31) nor a time in RFC 3339");
		} else if (option == 'g') {
			if (!str_to_int64(optarg, &order->grace_s) || order->grace_s < 0
			    || order->grace_s > GRACE_S_MAX)
				return ctl_wrong(COMMAND, optarg,
						 "is no number of seconds for --grace-s: 0 to 86400");
		} else {
			return ctl_see_help(COMMAND);
		}
	}
	return ctl_takes_no_more(COMMAND, argc, argv, optind) ? 0 : EX_USAGE;
}

static int command(int argc, char **argv)
{
	struct order order = {.since = INSTANT_NONE, .grace_s = GRACE_S};
	int code;

	if (ctl_wants_help(argc, argv))
		return usage();
	code = read_order(argc, argv, &order);
	if (code)
		return code;
	return ctl_with_stripe(&(struct ctl_stripe_work){
		.name = COMMAND, .call_ms = COMPARE_MS, .only_reads = true, .run = run, .context = &order});
}

const struct ctl_command ctl_reconcile = {"reconcile", "Stripe's payments and refunds against the tables",
					  command};
