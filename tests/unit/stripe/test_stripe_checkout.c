/* Checkout Sessions and events as Stripe writes them, and everything that is not quite one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stripe_checkout_object.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
	arena_release(&arena);
}

TestSuite(stripe_checkout, .init = setup, .fini = teardown);

#define MARKS "{\"booking_id\":\"7\",\"instance_id\":\"0b1c\"}"

/* A Checkout Session with these fields in the place of the usual ones. */
static char *session(const char *status, const char *paid, const char *intent, const char *more)
{
	return arena_printf(
		&arena,
		"{\"id\":\"cs_test_1\",\"object\":\"checkout.session\",\"status\":%s,\"payment_status\":%s,"
		"\"payment_intent\":%s,\"amount_total\":4500,\"currency\":\"eur\",\"livemode\":false,"
		"\"expires_at\":1700002100,\"created\":1700000000,\"url\":\"https://pay/c\",\"metadata\":" MARKS
		"%s}",
		status, paid, intent, more);
}

static enum err_kind decode(const char *text, struct checkout *ret, struct err *err)
{
	return stripe_checkout_decode(text, strlen(text), ret, err);
}

Test(stripe_checkout, an_open_one_has_a_page_and_our_marks)
{
	struct checkout checkout;
	struct err err = {0};

	cr_assert_eq(decode(session("\"open\"", "\"unpaid\"", "null", ""), &checkout, &err), ERR_OK, "%s",
		     err.msg);
	cr_assert_str_eq(checkout.id, "cs_test_1");
	cr_assert_str_eq(checkout.url, "https://pay/c");
	cr_assert_eq(checkout_prove(&checkout), CHECKOUT_PROVES_NOTHING);
	cr_assert_eq(checkout.booking_id, 7);
	cr_assert_str_eq(checkout.instance_id, "0b1c");
	cr_assert_eq(checkout.amount.minor, 4500);
	cr_assert_str_eq(checkout.amount.currency, "EUR");
	cr_assert_eq(checkout.expires_at.us, 1700002100LL * 1000000);
	cr_assert_not(checkout.is_live);
	cr_assert(instant_is_none(checkout.captured_at));
}

Test(stripe_checkout, what_was_captured_comes_from_the_expanded_payment)
{
	struct checkout checkout;
	struct err err = {0};

	cr_assert_eq(
		decode(session("\"complete\"", "\"paid\"",
			       "{\"id\":\"pi_1\",\"status\":\"succeeded\",\"amount_received\":4400,\"currency\":\"usd\","
			       "\"latest_charge\":\"ch_1\",\"created\":1700000001}",
			       ""),
		       &checkout, &err),
		ERR_OK, "%s", err.msg);
	cr_assert_str_eq(checkout.payment_intent, "pi_1");
	cr_assert_str_eq(checkout.charge_id, "ch_1");
	cr_assert_eq(checkout.amount.minor, 4400);
	cr_assert_str_eq(checkout.amount.currency, "USD");
	cr_assert_eq(checkout.captured_at.us, 1700000001LL * 1000000);
	cr_assert_eq(checkout_prove(&checkout), CHECKOUT_PROVES_PAID);
}

Test(stripe_checkout, a_delayed_method_is_awaited_until_its_payment_failed)
{
	static const struct {
		const char *status;
		enum checkout_proof proof;
	} cases[] = {{"processing", CHECKOUT_PROVES_WAIT},
		     {"requires_payment_method", CHECKOUT_PROVES_FAILED},
		     {"canceled", CHECKOUT_PROVES_FAILED}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct checkout checkout;
		struct err err = {0};
		char *intent = arena_printf(&arena, "{\"id\":\"pi_1\",\"status\":\"%s\"}", cases[i].status);

		cr_assert_eq(decode(session("\"complete\"", "\"unpaid\"", intent, ""), &checkout, &err),
			     ERR_OK, "%s", err.msg);
		cr_assert_eq(checkout_prove(&checkout), cases[i].proof, "%s", cases[i].status);
	}
}

static void refused(const char *text, const char *code, const char *field)
{
	struct checkout checkout = {.id = "untouched"};
	struct err err = {0};

	cr_assert_eq(decode(text, &checkout, &err), ERR_REJECT, "%s", text);
	cr_assert_str_eq(err.code, code, "%s: %s", text, err.code);
	if (field)
		cr_assert_not_null(strstr(err.msg, field), "%s: %s", text, err.msg);
	cr_assert_str_eq(checkout.id, "untouched");
}

Test(stripe_checkout, what_is_not_quite_one_is_refused)
{
	refused("", "not_json", NULL);
	refused("[]", "bad_object", "object");
	refused("{\"object\":\"refund\"}", "bad_object", "object");
	refused("{\"object\":\"checkout.session\",\"id\":\"pi_1\"}", "bad_object", "id");
	refused(session("\"closed\"", "\"unpaid\"", "null", ""), "bad_object", "status");
	refused(session("\"open\"", "null", "null", ""), "bad_object", "payment_status");
	refused(session("\"complete\"", "\"paid\"", "null", ""), "bad_object", "payment_intent");
	refused(session("\"complete\"", "\"paid\"", "{\"id\":\"pi_1\"}", ""), "bad_object",
		"payment_intent.status");
	refused(session("\"complete\"", "\"paid\"",
			"{\"id\":\"pi_1\",\"status\":\"succeeded\",\"amount_received\":44.5,\"currency\":\"eur\"}",
			""),
		"bad_object", "amount_received");
	refused(session("\"open\"", "\"unpaid\"", "null", ",\"status\":\"open\""), "not_json", NULL);
}

Test(stripe_checkout, marks_that_are_no_id_are_none)
{
	static const char *const marks[] = {"{}",
					    "null",
					    "{\"booking_id\":7}",
					    "{\"booking_id\":\"-7\"}",
					    "{\"booking_id\":\"07\"}",
					    "{\"booking_id\":\"7 \"}",
					    "{\"booking_id\":\"99999999999999999999\"}"};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		char *text = session("\"open\"", "\"unpaid\"", "null", "");
		char *at = strstr(text, MARKS);
		struct checkout checkout;
		struct err err = {0};

		*at = '\0';
		text = arena_printf(&arena, "%s%s%s", text, marks[i], at + strlen(MARKS));
		cr_assert_eq(decode(text, &checkout, &err), ERR_OK, "%s", err.msg);
		cr_assert_eq(checkout.booking_id, 0, "%s", marks[i]);
	}
}

Test(stripe_checkout, a_list_leaves_out_what_is_not_ours_and_does_not_read)
{
	char *good = session("\"open\"", "\"unpaid\"", "null", "");
	char *text = arena_printf(
		&arena,
		"{\"data\":[{\"object\":\"checkout.session\",\"id\":\"cs_odd\",\"mode\":\"setup\"},%s],"
		"\"has_more\":true}",
		good);
	struct stripe_checkout_page page;
	struct err err = {0};

	cr_assert_eq(stripe_checkout_page_decode(text, strlen(text), &arena, &page, &err), ERR_OK, "%s",
		     err.msg);
	cr_assert_eq(page.count, 1u);
	cr_assert(page.has_more);
	cr_assert_str_eq(page.last_id, "cs_test_1");
	text = "{\"data\":[{\"object\":\"checkout.session\",\"id\":\"cs_odd\",\"metadata\":" MARKS
	       "}],\"has_more\":false}";
	cr_assert_eq(stripe_checkout_page_decode(text, strlen(text), &arena, &page, &err), ERR_REJECT);
	text = "{\"data\":{}}";
	cr_assert_eq(stripe_checkout_page_decode(text, strlen(text), &arena, &page, &err), ERR_REJECT);
}

#define EVENT(object)                                                                                \
	"{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"refund.updated\",\"created\":1700000000," \
	"\"livemode\":false,\"data\":{\"object\":" object "}}"

Test(stripe_checkout, an_event_tells_what_it_is_about)
{
	const char *text =
		EVENT("{\"id\":\"re_1\",\"object\":\"refund\",\"status\":\"pending\",\"charge\":\"ch_1\","
		      "\"payment_intent\":{\"id\":\"pi_1\"},\"metadata\":" MARKS "}");
	struct stripe_event event;
	struct err err = {0};

	cr_assert_eq(stripe_event_decode(text, strlen(text), &arena, &event, &err), ERR_OK, "%s", err.msg);
	cr_assert_str_eq(event.id, "evt_1");
	cr_assert_str_eq(event.object_kind, "refund");
	cr_assert_str_eq(event.object_id, "re_1");
	cr_assert_str_eq(event.payment_intent, "pi_1");
	cr_assert_str_eq(event.charge_id, "ch_1");
	cr_assert_str_eq(event.status, "pending");
	cr_assert_eq(event.booking_id, 7);
	cr_assert_str_eq(
		stripe_event_encode_reference(&event, &arena),
		"{\"eventId\":\"evt_1\",\"type\":\"refund.updated\",\"objectId\":\"re_1\",\"bookingId\":7,"
		"\"created\":\"2023-11-14T22:13:20Z\",\"livemode\":false}");
	text = EVENT("{\"object\":\"charge\",\"id\":\"ch_2\"}");
	cr_assert_eq(stripe_event_decode(text, strlen(text), &arena, &event, &err), ERR_OK, "%s", err.msg);
	cr_assert_str_eq(event.charge_id, "ch_2");
	cr_assert_null(event.payment_intent);
	cr_assert_not_null(strstr(stripe_event_encode_reference(&event, &arena), "\"bookingId\":null"));
}

Test(stripe_checkout, an_object_of_a_list_is_told_of_as_its_event_would)
{
	static const struct stripe_event_mould mould = {"refund.updated", false};
	const char *text =
		"{\"data\":["
		"{\"id\":\"re_2\",\"object\":\"refund\",\"status\":\"failed\",\"created\":1700000001,"
		"\"payment_intent\":\"pi_1\",\"charge\":\"ch_1\"},"
		"{\"id\":\"re 1\",\"created\":1},{\"id\":\"re_3\"},7,"
		"{\"id\":\"re_4\",\"created\":\"1\"}],\"has_more\":false}";
	struct stripe_event_page page;
	struct stripe_event again;
	struct err err = {0};

	cr_assert_eq(stripe_object_page_decode(text, strlen(text), &mould, &arena, &page, &err), ERR_OK, "%s",
		     err.msg);
	cr_assert_eq(page.count, 1u);
	cr_assert_not(page.has_more);
	cr_assert_str_eq(page.last_id, "re_4");
	cr_assert_str_eq(page.events[0].id, "evt_unbook_re_2_failed");
	cr_assert_eq(stripe_event_decode(page.bodies[0], strlen(page.bodies[0]), &arena, &again, &err),
		     ERR_OK, "%s", err.msg);
	cr_assert_str_eq(again.id, "evt_unbook_re_2_failed");
	cr_assert_str_eq(again.type, "refund.updated");
	cr_assert_str_eq(again.object_kind, "refund");
	cr_assert_str_eq(again.object_id, "re_2");
	cr_assert_str_eq(again.payment_intent, "pi_1");
	cr_assert_str_eq(again.charge_id, "ch_1");
	cr_assert_str_eq(again.status, "failed");
	cr_assert_eq(again.created.us, 1700000001LL * 1000000);
	cr_assert_not(again.is_live);
}

Test(stripe_checkout, a_page_that_cannot_be_read_on_is_refused)
{
	static const struct stripe_event_mould mould = {"refund.updated", true};
	static const char *const texts[] = {"{}", "{\"data\":{}}", "{\"data\":[],\"has_more\":true}",
					    "{\"data\":[{\"created\":1}],\"has_more\":true}"};
	struct stripe_event_page page;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cr_expect_eq(
			stripe_object_page_decode(texts[i], strlen(texts[i]), &mould, &arena, &page, NULL),
			ERR_REJECT, "%s", texts[i]);
		cr_expect_eq(stripe_event_page_decode(texts[i], strlen(texts[i]), &arena, &page, NULL),
			     ERR_REJECT, "%s", texts[i]);
	}
}

Test(stripe_checkout, each_type_has_one_owner)
{
	cr_assert_eq(stripe_event_owner("checkout.session.completed"), STRIPE_EVENT_REAPERS);
	cr_assert_eq(stripe_event_owner("refund.failed"), STRIPE_EVENT_REFUND_WORKERS);
	cr_assert_eq(stripe_event_owner("charge.refunded"), STRIPE_EVENT_REFUND_WORKERS);
	cr_assert_eq(stripe_event_owner("charge.refund.updated"), STRIPE_EVENT_REFUND_WORKERS);
	cr_assert_eq(stripe_event_owner("charge.dispute.created"), STRIPE_EVENT_REFUND_WORKERS);
	cr_assert_eq(stripe_event_owner("charge.succeeded"), STRIPE_EVENT_NOBODYS);
	cr_assert_eq(stripe_event_owner("payment_intent.succeeded"), STRIPE_EVENT_NOBODYS);
	cr_assert_eq(stripe_event_owner(""), STRIPE_EVENT_NOBODYS);
}
