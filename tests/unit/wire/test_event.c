/* test_event.c: what is read from the topics and what is written to them. */
#include <criterion/criterion.h>

#include "booking.h"
#include "event.h"
#include "refund.h"
#include "rfc3339.h"
#include "str.h"
#include "topic_case.h"

static struct topic_case cases[TOPIC_CASES_MAX];

static const char *text_or(const char *text)
{
	return text ? text : "(none)";
}

static const char *wanted_text(const json_t *event, const char *name)
{
	return text_or(json_string_value(json_object_get(event, name)));
}

static void check_event(const struct topic_case *it, const struct event *event)
{
	const json_t *want = json_object_get(it->expect, "event");

	cr_expect_str_eq(event->ce_type, wanted_text(want, "type"), "%s", it->name);
	cr_expect_str_eq(text_or(event->traceparent), wanted_text(want, "traceparent"), "%s", it->name);
	cr_expect_str_eq(text_or(event->refund_id), wanted_text(want, "refundId"), "%s", it->name);
	cr_expect_str_eq(text_or(event->state), wanted_text(want, "state"), "%s", it->name);
	cr_expect_str_eq(text_or(event->stripe_event_id), wanted_text(want, "stripeEventId"), "%s", it->name);
	cr_expect_eq(event->booking_id, json_integer_value(json_object_get(want, "bookingId")), "%s",
		     it->name);
	cr_expect_eq(event->version, json_integer_value(json_object_get(want, "version")), "%s", it->name);
}

static void check_refusal(const struct topic_case *it, enum err_kind kind, const struct err *err)
{
	const char *field = json_string_value(json_object_get(it->expect, "field"));

	cr_expect_eq(kind, ERR_REJECT, "%s: %s", it->name, err_kind_name(kind));
	cr_expect_str_eq(err->code, json_string_value(json_object_get(it->expect, "code")), "%s: %s",
			 it->name, err->msg);
	cr_expect(!field || strstr(err->msg, field), "%s: %s does not name %s", it->name, err->msg,
		  text_or(field));
}

Test(event, every_record_of_tests_data_topics_is_read_or_refused_as_it_says)
{
	struct arena arena;
	int count;

	arena_init(&arena, 16u << 20);
	count = topic_cases_load(UNBOOK_SOURCE_DIR "/tests/data/topics", &arena, cases);
	cr_assert_geq(count, 50);
	for (int i = 0; i < count; i++) {
		struct event event = {0};
		struct err err = {0};
		struct arena own;
		enum err_kind kind;

		arena_init(&own, 64u << 10);
		kind = event_decode(&cases[i].record, &own, &event, &err);
		if (json_object_get(cases[i].expect, "event")) {
			cr_expect_eq(kind, ERR_OK, "%s: %s %s", cases[i].name, err.code, err.msg);
			if (!kind)
				check_event(&cases[i], &event);
		} else {
			check_refusal(&cases[i], kind, &err);
		}
		arena_release(&own);
	}
	topic_cases_release(cases, count);
	arena_release(&arena);
}

static struct event decode_own(const char *topic, enum event_type type, const char *body, struct arena *arena)
{
	const char *type_name = event_type_name(type);
	const struct event_header headers[] = {
		{"ce_specversion", "1.0", 3}, {"ce_id", "1", 1}, {"ce_type", type_name, strlen(type_name)}};
	struct event_record record = {.topic = topic,
				      .value = body,
				      .value_len = strlen(body),
				      .headers = headers,
				      .header_count = 3};
	struct event event = {0};
	struct err err = {0};

	cr_assert_eq(event_decode(&record, arena, &event, &err), ERR_OK, "%s %s in %s", err.code, err.msg,
		     body);
	return event;
}

static struct booking a_booking(enum booking_status status)
{
	struct instant at = {0};

	cr_assert(rfc3339_decode("2026-11-22T16:03:52Z", &at));
	return (struct booking){.id = 41,
				.parent_id = 1,
				.student_id = 2,
				.teacher_id = 3,
				.status = status,
				.starts_at = at,
				.ends_at = at,
				.cancelled_at = status == BOOKING_CANCELLED ? at : INSTANT_NONE,
				.cancel_cause = status == BOOKING_CANCELLED ? CAUSE_TEACHER : CAUSE_NONE,
				.price = {4500, "EUR"},
				.version = 2};
}

Test(event, what_a_booking_event_tells_is_read_back)
{
	struct booking booking = a_booking(BOOKING_CANCELLED);
	struct arena arena;
	struct event event;
	char *body;

	arena_init(&arena, 64u << 10);
	body = event_encode_booking(&booking, &arena);
	cr_assert_not_null(body);
	cr_expect(strstr(body, "\"cause\":\"teacher\"")
			  && strstr(body, "\"cancelledAt\":\"2026-11-22T16:03:52Z\""),
		  "%s", body);
	event = decode_own("unbook.bookings", EVENT_BOOKING_CANCELLED, body, &arena);
	cr_expect_eq(event.booking_id, 41);
	cr_expect_eq(event.version, 2);
	cr_expect_str_eq(event.state, "Cancelled");
	arena_release(&arena);
}

Test(event, a_booking_that_was_not_cancelled_has_no_cause)
{
	struct booking booking = a_booking(BOOKING_COMPLETED);
	struct arena arena;

	arena_init(&arena, 64u << 10);
	cr_expect(strstr(event_encode_booking(&booking, &arena), "\"cause\":null"));
	arena_release(&arena);
}

Test(event, what_a_refund_event_tells_is_read_back)
{
	struct refund refund = {.id = "6f1c1f7e-6c5b-4a87-9d4e-3f5f6f0b2a11",
				.booking_id = 41,
				.payment_intent = "pi_1",
				.captured = {4500, "EUR"},
				.state = REFUND_SUCCEEDED,
				.generation = 2};
	struct arena arena;
	struct event event;
	char *body;

	arena_init(&arena, 64u << 10);
	event = decode_own("unbook.refunds", EVENT_REFUND_CHANGED,
			   event_encode_refund(&refund, "parent", 5, &arena), &arena);
	cr_expect_str_eq(event.refund_id, refund.id);
	cr_expect_str_eq(event.state, "succeeded");
	cr_expect_eq(event.version, 5);
	refund.state = REFUND_REQUESTED;
	body = event_encode_refund_requested(&refund, "parent", 3500, &arena);
	event = decode_own("unbook.refunds", EVENT_REFUND_REQUESTED, body, &arena);
	cr_expect_str_eq(event.refund_id, refund.id);
	cr_expect_eq(event.version, 1);
	cr_expect(strstr(body, "\"amountMinor\":4500,") && strstr(body, "\"restMinor\":3500"), "%s", body);
	arena_release(&arena);
}

Test(event, a_full_arena_gives_no_body)
{
	struct booking booking = a_booking(BOOKING_CONFIRMED);
	struct arena arena;

	arena_init(&arena, 16);
	cr_expect_null(event_encode_booking(&booking, &arena));
	arena_release(&arena);
}

Test(event, every_aggregate_has_its_topic)
{
	cr_expect_str_eq(event_topic_of("booking"), "unbook.bookings");
	cr_expect_str_eq(event_topic_of("refund"), "unbook.refunds");
	cr_expect_str_eq(event_topic_of("checkout"), "unbook.checkouts");
	cr_expect_str_eq(event_topic_of("stripe"), "stripe.events");
	cr_expect_null(event_topic_of("sessions"));
}
