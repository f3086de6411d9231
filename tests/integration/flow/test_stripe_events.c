#include <criterion/criterion.h>
#include <string.h>

#include "id.h"
#include "stripe_events.h"
#include "till.h"

static void open_quiet(void)
{
	till_open();
	SCHOOL_SQL("UPDATE stripe_events SET applied_at = now()");
}

TestSuite(stripe_events, .init = open_quiet, .fini = till_close, .timeout = 60);

static const char *const checkouts[] = {"checkout.session.", NULL};
static const char *const refunds[] = {"refund.", "charge.refunded", NULL};

static const char *arrive(const char *type, bool is_nobodys, bool *ret_is_new)
{
	char hex[17];
	struct stripe_event_arrival arrival = {.type = type,
					       .object_id = "cs_1",
					       .created = {1},
					       .payload = "\0{}",
					       .payload_len = 3,
					       .is_nobodys = is_nobodys,
					       .booking_id = 7,
					       .reference = "{}",
					       .doorbell_ms = 0};
	struct err err = {0};

	id_hex(hex, 8);
	arrival.id = school_text("evt_%s", hex);
	ASSERT_OK(stripe_events_record_arrival(school.pg, &arrival, ret_is_new, &err), err);
	cr_assert(*ret_is_new);
	ASSERT_OK(stripe_events_record_arrival(school.pg, &arrival, ret_is_new, &err), err);
	cr_assert_not(*ret_is_new);
	return arrival.id;
}

static struct stripe_event_claim *claim(const char *const *types, const char *id)
{
	const struct stripe_event_lease lease = {60000, types, &school.arena};
	struct stripe_event_claim *claimed = NULL;
	struct err err = {0};

	if (id)
		ASSERT_OK(stripe_events_claim(school.pg, &lease, id, &claimed, &err), err);
	else
		ASSERT_OK(stripe_events_claim_due(school.pg, &lease, &claimed, &err), err);
	return claimed;
}

Test(stripe_events, an_event_is_stored_once_with_its_bytes_and_one_outbox_row)
{
	int64_t before = school_int("SELECT count(*) FROM outbox WHERE aggregatetype = 'stripe'");
	struct stripe_event_claim *claimed;
	bool is_new;
	const char *id = arrive("checkout.session.completed", false, &is_new);

	cr_assert_eq(school_int("SELECT count(*) FROM outbox WHERE aggregatetype = 'stripe'"), before + 1);
	claimed = claim(checkouts, id);
	cr_assert_eq(claimed->payload_len, 3);
	cr_assert_eq(memcmp(claimed->payload, "\0{}", 3), 0);
	cr_assert_str_eq(claimed->type, "checkout.session.completed");
}

Test(stripe_events, only_its_owner_claims_it_and_only_once)
{
	const struct stripe_event_lease lease = {60000, checkouts, &school.arena};
	struct stripe_event_claim *claimed = NULL;
	struct err err = {0};
	bool is_new;
	const char *id = arrive("refund.updated", false, &is_new);

	cr_assert_null(claim(checkouts, id));
	cr_assert_null(claim(checkouts, NULL));
	cr_assert_not_null(claim(refunds, NULL));
	cr_assert_null(claim(refunds, id));
	ASSERT_ERR(stripe_events_claim(school.pg, &lease, "evt_forged", &claimed, &err), ERR_REJECT,
		   "unknown_event", err);
}

Test(stripe_events, a_dot_in_a_type_is_a_dot)
{
	bool is_new;

	arrive("refundXupdated", false, &is_new);
	cr_assert_null(claim(refunds, NULL));
}

Test(stripe_events, one_that_nobody_needs_is_applied_from_the_start)
{
	static const char *const any[] = {"", NULL};
	bool is_new;

	cr_assert_null(claim(any, arrive("customer.created", true, &is_new)));
}

Test(stripe_events, what_came_of_it_is_written_under_the_fence)
{
	struct stripe_event_claim *claimed, *stolen;
	struct err err = {0};
	bool is_new;
	const char *id = arrive("checkout.session.expired", false, &is_new);

	claimed = claim(checkouts, id);
	ASSERT_OK(stripe_events_record_retry(school.pg, claimed, "http_timeout", 0, &err), err);
	stolen = claim(checkouts, NULL);
	cr_assert_eq(stolen->failures, 1);
	ASSERT_OK(stripe_events_record_applied(school.pg, claimed, NULL, &err), err);
	cr_assert_eq(
		school_int(school_text(
			"SELECT count(*) FROM stripe_events WHERE id = '%s' AND applied_at IS NULL", id)),
		1);
	ASSERT_OK(stripe_events_record_applied(school.pg, stolen, "unknown_checkout", &err), err);
	cr_assert_eq(school_int(school_text(
			     "SELECT count(*) FROM stripe_events WHERE id = '%s' AND applied_at IS NOT NULL"
			     " AND last_error = 'unknown_checkout' AND next_try_at IS NULL",
			     id)),
		     1);
}
