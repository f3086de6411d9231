/* refunds.c: an operator's two exits for a refund that failed or needs attention: ask again, or settled elsewhere. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "actor.h"
#include "ctl.h"
#include "ctl_stripe.h"
#include "event.h"
#include "refunds_operator.h"
#include "str.h"

#define ARENA_BYTES_MAX (1u << 20)
#define REFERENCE_BYTES 200
#define WHY_BYTES       (3 * MONEY_TEXT_BYTES + REFERENCE_BYTES + 192)
#define COMMAND         "unbookctl refunds"

struct order {
	bool settles;
	const char *id;
	const char *reference;
	char actor[ACTOR_BYTES];
	struct stripe *stripe; /* retry only; borrowed */
	struct arena *arena;
};

static int usage(void)
{
	fputs("usage: unbookctl refunds retry <refund id> [--operator <name>]\n"
	      "       unbookctl refunds settle <refund id> --reference <text> [--operator <name>]\n\n"
	      "For a refund that is failed, canceled or needs_attention; unbookctl show prints its id.\n"
	      "  retry   lists the payment's refunds at Stripe. If they add up, takes them over; else the refund-worker asks\n"
	      "          again for what lacks: with a new key once the last one's refund is known to have failed or to be of a\n"
	      "          part, or Stripe repeats the refusal or error that it gave to the last key (it repeats it whatever has\n"
	      "          changed since)\n"
	      "  settle  notes that the money went back some other way, and how much of it: what neither stands at Stripe\n"
	      "          nor was taken by a lost dispute; nothing is sent. Once more when something of that is gone since.\n"
	      "          Refused when the reference names an id (re_, pyr_, dp_, du_) by which nothing of the payment has\n"
	      "          gone back: unknown, failed, or of a dispute that is not lost; when it names nothing but what gave\n"
	      "          back a part; and when all has gone back already, also by what it does not name\n"
	      "Both write who did it into the booking's time line. Exit code 1: not possible, and why is said.\n\n"
	      "  --reference <text>  by what the payment can be found, at most 199 printable characters\n"
	      "  --operator <name>   default: $SUDO_USER, else $USER\n"
	      "  UNBOOK_PG_URL       PostgreSQL (or UNBOOK_PG_URL_FILE)\n"
	      "  UNBOOK_STRIPE_KEY   for retry (or UNBOOK_STRIPE_KEY_FILE); UNBOOK_STRIPE_URL, _CONNECT_MS, _TIMEOUT_MS as\n"
	      "                      the refund-worker's\n",
	      stdout);
	return 0;
}

static const char was_settled[] = "was settled already; unbookctl show tells by whom";

static enum err_kind refuse(int *ret_code, const char *id, const char *why)
{
	fprintf(stderr, COMMAND ": %s %s\n", id, why);
	*ret_code = 1;
	return ERR_OK;
}

static void explain_part(const struct order *order, const struct money *captured,
			 const struct settlement *said, char ret_why[WHY_BYTES])
{
	struct money named = *captured, lacking = *captured;
	char whole[MONEY_TEXT_BYTES], gave[MONEY_TEXT_BYTES], lacks[MONEY_TEXT_BYTES];

	named.minor = said->named_minor;
	lacking.minor = said->rest_minor;
	money_to_decimal(*captured, whole);
	money_to_decimal(named, gave);
	money_to_decimal(lacking, lacks);
	(void)snprintf(
		ret_why, WHY_BYTES,
		"cannot be settled with that alone: of %s %s it gave back %s, and %s lack; a reference that also"
		" says how the rest went is taken, such as \"%s and SEPA 9\"",
		whole, captured->currency, gave, lacks, order->reference);
}

static void explain_whole(const struct settlement *said, char ret_why[WHY_BYTES])
{
	if (said->part->dispute_status)
		(void)snprintf(
			ret_why, WHY_BYTES,
			"cannot be settled so: the bank has given back what was owed, by dispute %s, which the"
			" reference does not name",
			said->part->id);
	else
		(void)snprintf(
			ret_why, WHY_BYTES,
			"cannot be settled so: all of it has gone back, by refund %s too, which the reference"
			" does not name; refunds retry takes it over",
			said->part->id);
}

/* Does the reference stand against what is known to have gone back? If not, that is said. */
static bool is_refused(const struct order *order, const struct money *captured, const struct settlement *said,
		       int *ret_code)
{
	char why[WHY_BYTES] = "";

	switch (said->kind) {
	case SETTLEMENT_FINE:
		return false;
	case SETTLEMENT_PART:
		explain_part(order, captured, said, why);
		break;
	case SETTLEMENT_UNFIT_DISPUTE:
		(void)snprintf(
			why, sizeof why,
			"cannot be settled with %.*s: that dispute is %s, and only a lost one has given the money back",
			said->id_len, said->id, said->part->dispute_status);
		break;
	case SETTLEMENT_UNKNOWN_ID:
		(void)snprintf(
			why, sizeof why,
			"cannot be settled with %.*s: no refund that stands at Stripe and no lost dispute of its payment"
			" has that id",
			said->id_len, said->id);
		break;
	case SETTLEMENT_WHOLE:
		explain_whole(said, why);
		break;
	}
	(void)refuse(ret_code, order->id, why);
	return true;
}

static enum err_kind moved_on(struct err *err)
{
	return err_set(err, ERR_RETRY, "row_changed", "the refund has moved on meanwhile; look again");
}

static enum err_kind encode_news(const struct refund_claim *row, struct refund after, struct order *order,
				 const char **ret_payload, struct err *err)
{
	*ret_payload = event_encode_refund(&after, row->cause, row->version + 1, order->arena);
	return *ret_payload ? ERR_OK : err_set(err, ERR_RETRY, "no_memory", "out of memory");
}

/* Is it one of the references that a refund was settled with? */
static bool is_among(const char *references, const char *one)
{
	size_t len = strlen(one);

	for (const char *at = references; at && *at; at++) {
		if (strncmp(at, one, len) == 0 && (!at[len] || str_starts(at + len, "; ")))
			return true;
		at = strstr(at, "; ");
		if (!at)
			return false;
		at++;
	}
	return false;
}

/* What was settled, once more. True: it stays as it is. */
static bool is_said_again(const struct order *order, const struct refund_case *found,
			  const struct settlement *said, int *ret_code)
{
	bool again = is_among(found->settled_reference, order->reference);

	if (said->rest_minor > 0 && again)
		(void)refuse(
			ret_code, order->id,
			"was settled so already, and something of it is gone since; say by a reference of its"
			" own how what lacks was given back");
	else if (again)
		puts("it was settled so already");
	else if (said->rest_minor == 0)
		(void)refuse(ret_code, order->id, was_settled);
	return again || said->rest_minor == 0;
}

static enum err_kind settle(struct pg *db, struct order *order, const struct refund_case *found,
			    int *ret_code, struct err *err)
{
	struct refund_ruling ruling = {.row = found->about.row, .actor = order->actor};
	struct settlement_case about = {.reference = order->reference,
					.owed_minor = found->about.captured.minor - found->settled_minor};
	struct refund_settling settling = {.reference = order->reference};
	struct settlement said;
	bool recorded = false;

	if (refunds_list_parts(db, &ruling.row->refund, order->arena, &about, err))
		return err->kind;
	said = settlement_check(&about);
	if (found->is_settled && is_said_again(order, found, &said, ret_code))
		return ERR_OK;
	if (is_refused(order, &found->about.captured, &said, ret_code))
		return ERR_OK;
	settling.another_way_minor = said.rest_minor;
	if (encode_news(ruling.row, ruling.row->refund, order, &ruling.event_payload, err)
	    || refunds_record_settled(db, &ruling, &settling, &recorded, err))
		return err->kind;
	if (!recorded)
		return moved_on(err);
	printf("refund %s of booking %lld: settled by %s\n", order->id, (long long)found->about.booking_id,
	       order->actor);
	return ERR_OK;
}

/* What Stripe has of this payment now, kept as facts whatever comes of it. */
static enum err_kind look(struct pg *db, const struct order *order, const struct refund_case *found,
			  struct refund_list *ret_list, struct err *err)
{
	struct stripe_answer answer;
	struct refund_seen_news news; /* what is settled cannot be retried, and a row was asked for */

	if (stripe_list_refunds(order->stripe, &found->about.row->refund, ret_list, &answer, err))
		return err_while(err, "list the refunds at Stripe");
	for (size_t i = 0; i < answer.seen_count; i++) {
		if (refund_events_record_seen(db, &found->about, &answer.seen[i], &news, err))
			return err->kind;
	}
	return ERR_OK;
}

static enum err_kind retry(struct pg *db, struct order *order, const struct refund_case *found, int *ret_code,
			   struct err *err)
{
	struct refund_ruling ruling = {.row = found->about.row, .actor = order->actor};
	struct refund after = ruling.row->refund;
	struct refund_list list = {0};
	struct refund_change change;
	bool recorded = false;

	if (look(db, order, found, &list, err))
		return err->kind;
	if (!refund_retry_next(&after, &list, &change))
		return refuse(ret_code, order->id,
			      "cannot be asked for again: its list at Stripe is not whole");
	after.state = change.state;
	after.generation = change.generation;
	if (encode_news(ruling.row, after, order, &ruling.event_payload, err)
	    || refunds_record_retry(db, &ruling, &change, &recorded, err))
		return err->kind;
	if (!recorded)
		return moved_on(err);
	printf("refund %s of booking %lld: %s, generation %d\n", order->id,
	       (long long)found->about.booking_id, refund_state_name(change.state), change.generation);
	return ERR_OK;
}

static enum err_kind rule(struct pg *db, void *context, int *ret_code, struct err *err)
{
	struct order *order = context;
	struct refund_case found;
	enum refund_state state;

	if (refunds_find_case(db, order->id, order->arena, &found, err))
		return err->kind;
	if (!found.found)
		return refuse(ret_code, order->id, "is no refund of this database");
	if (found.is_settled && !order->settles)
		return refuse(ret_code, order->id, was_settled);
	state = found.about.row->refund.state;
	if (!refund_state_is_final(state) || state == REFUND_SUCCEEDED)
		return refuse(ret_code, order->id,
			      state == REFUND_SUCCEEDED ? "has succeeded" : "is still being worked on");
	return order->settles ? settle(db, order, &found, ret_code, err)
			      : retry(db, order, &found, ret_code, err);
}

static enum err_kind rule_with_stripe(const struct ctl_stripe *link, void *context, int *ret_code,
				      struct err *err)
{
	struct order *order = context;

	order->stripe = link->stripe;
	return rule(link->db, order, ret_code, err);
}

static int run(struct order *order)
{
	if (order->settles)
		return ctl_with_db(&(struct ctl_work){.name = COMMAND, .run = rule, .context = order});
	return ctl_with_stripe(
		&(struct ctl_stripe_work){.name = COMMAND, .run = rule_with_stripe, .context = order});
}

/* 0, or the exit code after it was said what is wrong. */
static int read_order(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
		{"reference", required_argument, NULL, 'r'},
		{"operator", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	const char *name = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			order->reference = optarg;
		else if (option == 'o')
			name = optarg;
		else
			return ctl_see_help(COMMAND);
	}
	if (optind == argc)
		return ctl_wrong(COMMAND, NULL, "which refund? unbookctl show prints its id");
	order->id = argv[optind];
	if (!ctl_takes_no_more(COMMAND, argc, argv, optind + 1))
		return EX_USAGE;
	if (order->settles != (order->reference != NULL))
		return ctl_wrong(COMMAND, NULL,
				 order->settles ? "settle needs --reference <text>"
						: "--reference is for settle alone");
	if (order->reference
	    && (str_is_blank(order->reference) || strlen(order->reference) >= REFERENCE_BYTES
		|| !str_is_printable(order->reference)))
		return ctl_wrong(COMMAND, NULL,
				 "--reference must be 1 to 199 printable ASCII characters, not blank");
	if (!str_is_printable(order->id))
		return ctl_wrong(COMMAND, NULL, "a refund's id is printable characters");
	return actor_read(COMMAND, name, order->actor) ? 0 : ctl_see_help(COMMAND);
}

static int command(int argc, char **argv)
{
	struct order order = {0};
	struct arena arena;
	int code;

	if (ctl_wants_help(argc, argv))
		return usage();
	order.settles = argc > 1 && str_eq(argv[1], "settle");
	if (argc < 2 || (!order.settles && !str_eq(argv[1], "retry")))
		return ctl_wrong(COMMAND, argc < 2 ? NULL : argv[1],
				 argc < 2 ? "say retry or settle" : "is neither retry nor settle");
	code = read_order(argc - 1, argv + 1, &order);
	if (code)
		return code;
	arena_init(&arena, ARENA_BYTES_MAX);
	order.arena = &arena;
	code = run(&order);
	arena_release(&arena);
	return code;
}

const struct ctl_command ctl_refunds = {"refunds", "retry or settle a refund that needs a person", command};
