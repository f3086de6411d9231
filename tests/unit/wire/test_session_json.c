#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "session_json.h"
#include "session_refund.h"

#define HOUR_US INT64_C(3600000000)
#define NOW_US  INT64_C(1800000000000000)

static struct booking_view view;
static struct session_reader reader;

static void setup(void)
{
	view = (struct booking_view){
		.booking = {.id = 7,
			    .parent_id = 1,
			    .student_id = 2,
			    .teacher_id = 3,
			    .title = "Algebra \"one\" \\ to <one>",
			    .starts_at = {NOW_US + 72 * HOUR_US},
			    .ends_at = {NOW_US + 73 * HOUR_US},
			    .status = BOOKING_CONFIRMED,
			    .price = {4500, "EUR"},
			    .cancel_notice_s = 86400,
			    .stripe_session_id = "cs_test_1",
			    .checkout_url = "https://pay.example/1",
			    .hold_expires_at = INSTANT_NONE,
			    .checkout_closed_at = INSTANT_NONE,
			    .payment_intent = "pi_1",
			    .paid_at = {NOW_US - HOUR_US},
			    .cancelled_at = INSTANT_NONE,
			    .created_at = {NOW_US - 2 * HOUR_US},
			    .version = 1},
		.parent_name = "Petra",
		.student_name = "Stu",
		.teacher_name = "Tomás",
		.meeting_url = "https://meet.example/7",
	};
	reader = (struct session_reader){{1, ROLE_PARENT}, {-1}, {NOW_US}, "i"};
}

TestSuite(session_json, .init = setup);

static json_t *encode(void)
{
	json_error_t why;
	json_t *json;
	struct buf out;

	buf_init(&out, 65536);
	session_encode(&view, &reader, &out);
	cr_assert_not(out.failed);
	json = json_loads(out.data, JSON_REJECT_DUPLICATES, &why);
	cr_assert_not_null(json, "%s: %s", why.text, out.data);
	buf_release(&out);
	return json;
}

static const char *text(const char *name)
{
	static char value[512];
	json_t *json = encode();
	json_t *member = json_object_get(json, name);

	cr_assert_not_null(member, "no %s", name);
	snprintf(value, sizeof value, "%s", json_is_null(member) ? "null" : json_string_value(member));
	json_decref(json);
	return value;
}

static bool truth(const char *name)
{
	json_t *json = encode();
	bool value = json_is_true(json_object_get(json, name));

	json_decref(json);
	return value;
}

static void cancel(enum refund_state state)
{
	view.booking.status = BOOKING_CANCELLED;
	view.booking.cancel_cause = CAUSE_PARENT;
	view.booking.cancelled_at = (struct instant){NOW_US};
	view.has_refund = true;
	view.refund.state = state;
	view.refund.captured = view.booking.price;
	view.refund.sent_at = view.refund.updated_at = (struct instant){NOW_US};
}

static const char *refund_text(const char *name)
{
	static char value[512];
	json_t *json = encode();
	json_t *member = json_object_get(json_object_get(json, "refund"), name);

	cr_assert_not_null(member, "no refund.%s", name);
	snprintf(value, sizeof value, "%s", json_is_null(member) ? "null" : json_string_value(member));
	json_decref(json);
	return value;
}

static bool has_no_refund(void)
{
	json_t *json = encode();
	bool value = json_is_null(json_object_get(json, "refund"));

	json_decref(json);
	return value;
}

static int64_t refund_minor(void)
{
	json_t *json = encode();
	int64_t minor = json_integer_value(json_object_get(json_object_get(json, "refund"), "amountMinor"));

	json_decref(json);
	return minor;
}

Test(session_json, has_every_field_of_the_design_and_no_other)
{
	static const char *const names[] = {
		"id",          "status",          "statusName",        "parentId",
		"parentName",  "studentId",       "studentName",       "teacherId",
		"teacherName", "title",           "scheduledDateTime", "durationMinutes",
		"price",       "amountMinor",     "currency",          "googleMeetLink",
		"notes",       "stripeSessionId", "checkoutUrl",       "holdExpiresAt",
		"paidAt",      "canCancel",       "cancelDeadline",    "cancelMessage",
		"refund",      "cancelledAt",     "cancelCause",       "cancellationReason",
		"createdAt",   "calendarUid"};
	json_t *json = encode();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_expect_not_null(json_object_get(json, names[i]), "%s", names[i]);
	cr_expect_eq(json_object_size(json), sizeof names / sizeof *names);
	json_decref(json);
}

Test(session_json, status_is_a_number_and_a_word)
{
	json_t *json = encode();

	cr_assert(json_is_integer(json_object_get(json, "status")));
	cr_assert_eq(json_integer_value(json_object_get(json, "status")), 1);
	cr_assert_str_eq(json_string_value(json_object_get(json, "statusName")), "Confirmed");
	json_decref(json);
}

Test(session_json, its_calendar_uid_is_the_one_of_the_mails)
{
	cr_assert_str_eq(text("calendarUid"), "booking-7@i.unbook");
}

Test(session_json, price_has_the_currencys_decimals)
{
	struct buf out;

	buf_init(&out, 65536);
	session_encode(&view, &reader, &out);
	cr_assert_not_null(strstr(out.data, "\"price\":45.00,"));
	buf_reset(&out);
	view.booking.price = (struct money){4500, "JPY"};
	session_encode(&view, &reader, &out);
	cr_assert_not_null(strstr(out.data, "\"price\":4500,"));
	buf_release(&out);
}

Test(session_json, a_parent_may_cancel_until_the_notice)
{
	cr_assert(truth("canCancel"));
	cr_assert_str_eq(text("cancelDeadline"), "2027-01-17T08:00:00Z");
	cr_assert_str_eq(
		text("cancelMessage"),
		"You can cancel until 24 hours before the session starts. The payment is returned in full.");
	reader.now.us = view.booking.starts_at.us - 24 * HOUR_US;
	cr_assert_not(truth("canCancel"));
	cr_assert_str_eq(
		text("cancelMessage"),
		"It is too late to cancel: sessions can be cancelled until 24 hours before they start.");
}

Test(session_json, a_teacher_with_a_shorter_notice_is_told_that_one)
{
	reader = (struct session_reader){{3, ROLE_TEACHER}, {7200}, {NOW_US}, "i"};
	cr_assert_not_null(strstr(text("cancelMessage"), "until 2 hours before"));
}

Test(session_json, a_part_refunded_by_hand_is_shown_and_not_promised_again)
{
	view.beside.returned_minor = 1000;
	view.by_hand_at = (struct instant){NOW_US};
	cr_assert_str_eq(text("cancelMessage"),
			 "You can cancel until 24 hours before the session starts. What "
			 "remains of the payment is returned: €35.00.");
	cr_assert_str_eq(refund_text("status"), "by_hand");
	cr_assert_str_eq(refund_text("words"), "€10.00 of the €45.00 that was paid was returned.");
	cr_assert_eq(refund_minor(), 1000);
	cr_assert_str_eq(refund_text("expectedBy"), "2027-01-29T08:00:00Z");
	cancel(REFUND_REQUESTED);
	cr_assert_str_eq(refund_text("words"),
			 "A refund of the remaining €35.00 has been requested. €10.00 was returned before.");
	cr_assert_eq(refund_minor(), 3500);
	view.refund.state = REFUND_FAILED;
	cr_assert_not_null(strstr(refund_text("words"), "The refund of €35.00 did not go through."));
	view.beside.returned_minor = 4500;
	cr_assert_str_eq(refund_text("words"),
			 "€45.00 was returned. Banks take 5 to 10 business days to show it.");
	cr_assert_eq(refund_minor(), 4500);
	cr_assert_str_eq(refund_text("expectedBy"), "2027-01-29T08:00:00Z");
}

/* Made by hand at Stripe and not there yet: it may still fail. */
Test(session_json, a_refund_by_hand_is_called_returned_only_once_it_was)
{
	view.beside = (struct refund_beside){.returned_minor = 1000, .is_on_its_way = true};
	view.by_hand_at = (struct instant){NOW_US};
	cr_assert_str_eq(refund_text("words"), "€10.00 of the €45.00 that was paid is on its way back.");
	view.beside.charged_back_minor = 500;
	cr_assert_str_eq(refund_text("words"),
			 "The bank has given €5.00 of the €45.00 that was paid back to whoever paid. "
			 "€10.00 is already on its way.");
	view.beside.charged_back_minor = 0;
	cancel(REFUND_REQUESTED);
	cr_assert_str_eq(
		refund_text("words"),
		"A refund of the remaining €35.00 has been requested. €10.00 is already on its way.");
	view.beside.returned_minor = 4500;
	cr_assert_str_eq(refund_text("words"),
			 "€45.00 is on its way. Banks take 5 to 10 business days to show it.");
	cr_assert_str_eq(refund_text("expectedBy"), "2027-01-29T08:00:00Z");
	view.beside = (struct refund_beside){1000, false, 3500, true};
	cr_assert_str_eq(
		refund_text("words"),
		"The bank has already given €35.00 back to whoever paid, so no refund by us follows. "
		"€10.00 is already on its way.");
}

Test(session_json, a_disputed_payment_is_promised_by_nobody_but_the_bank)
{
	view.beside = (struct refund_beside){1000, true};
	cr_assert_not_null(strstr(text("cancelMessage"), "disputed with the bank"));
	for (int state = REFUND_REQUESTED; state <= REFUND_NEEDS_ATTENTION; state++) {
		bool waits = state == REFUND_REQUESTED || state == REFUND_SENDING || state == REFUND_FAILED
			     || state == REFUND_CANCELED || state == REFUND_NEEDS_ATTENTION;

		cancel((enum refund_state)state);
		cr_expect_eq(strstr(refund_text("words"), "disputed with the bank") != NULL, waits, "%d",
			     state);
		cr_expect(!waits || strcmp(refund_text("expectedBy"), "null") == 0, "%d", state);
	}
	cr_assert_str_eq(refund_text("words"),
			 "The payment is disputed with the bank, which decides where the "
			 "money goes. €10.00 was returned before.");
	view.refund.state = REFUND_SUCCEEDED;
	cr_assert_not_null(strstr(refund_text("words"), "€35.00 was returned."), "sent before the dispute");
	cr_assert_str_eq(refund_text("expectedBy"), "2027-01-29T08:00:00Z", "sent before the dispute");
}

Test(session_json, what_the_bank_has_given_back_is_owed_by_nobody)
{
	view.beside = (struct refund_beside){1000, true, 3500};
	cr_assert_not_null(strstr(text("cancelMessage"), "The bank has already given the payment back"));
	cancel(REFUND_NEEDS_ATTENTION);
	cr_assert_str_eq(refund_text("status"), "charged_back");
	cr_assert_str_eq(
		refund_text("words"),
		"The bank has already given €35.00 back to whoever paid, so no refund by us follows. "
		"€10.00 was returned before.");
	cr_assert_eq(refund_minor(), 3500);
	cr_assert_str_eq(refund_text("expectedBy"), "null");
	view.refund.state = REFUND_SUCCEEDED;
	cr_assert_not_null(strstr(refund_text("words"), "€35.00 was returned."), "sent before the dispute");
}

Test(session_json, what_the_bank_has_left_of_a_payment_goes_back_another_way)
{
	static const char words[] =
		"The bank has already given €30.00 back to whoever paid; the remaining €5.00 is "
		"returned another way, and our team sees to it. €10.00 was returned before.";
	char promised[SESSION_WORDS_BYTES];
	struct refund_promise promise;

	view.beside = (struct refund_beside){1000, false, 3000};
	cr_assert_not_null(strstr(text("cancelMessage"), "what remains is returned another way: €5.00."));
	promise = refund_promise(view.booking.price, &view.beside);
	session_promise_words(&promise, "your card", promised);
	cr_assert_str_eq(promised, words);
	for (int state = REFUND_REQUESTED; state <= REFUND_NEEDS_ATTENTION; state++) {
		bool waits = state == REFUND_REQUESTED || state == REFUND_SENDING || state == REFUND_FAILED
			     || state == REFUND_CANCELED || state == REFUND_NEEDS_ATTENTION;

		cancel((enum refund_state)state);
		cr_expect_eq(strcmp(refund_text("words"), words) == 0, waits, "%d", state);
		cr_expect(!waits || strcmp(refund_text("expectedBy"), "null") == 0, "%d", state);
	}
	cr_assert_eq(refund_minor(), 500);
	cr_assert_str_eq(refund_text("status"), "needs_attention");
	view.refund.is_settled = true;
	view.refund.settled_minor = 500;
	cr_assert_str_eq(refund_text("words"), "€5.00 was returned another way. €40.00 was returned before.");
}

Test(session_json, in_full_comes_back_what_a_refund_on_its_way_gives_back_alone)
{
	cr_assert_not(session_refunds_in_full(&view), "no refund");
	for (int state = REFUND_REQUESTED; state <= REFUND_NEEDS_ATTENTION; state++) {
		cancel((enum refund_state)state);
		cr_expect_eq(session_refunds_in_full(&view),
			     strstr(refund_text("words"), "A full refund of") || state == REFUND_SUCCEEDED,
			     "%d", state);
	}
	cancel(REFUND_SENDING);
	view.beside.returned_minor = 1000;
	cr_assert_not(session_refunds_in_full(&view), "a part before");
	view.beside = (struct refund_beside){.is_disputed = true};
	cr_assert_not(session_refunds_in_full(&view), "disputed");
	view.beside = (struct refund_beside){0};
	view.refund.is_settled = true;
	cr_assert_not(session_refunds_in_full(&view), "another way");
}

Test(session_json, a_student_reads_but_is_offered_no_cancel)
{
	reader.actor = (struct actor){2, ROLE_STUDENT};
	cr_assert_not(truth("canCancel"));
	cr_assert_str_eq(text("cancelDeadline"), "null");
	cr_assert_str_eq(text("googleMeetLink"), "https://meet.example/7");
}

Test(session_json, the_link_is_there_only_while_confirmed)
{
	cancel(REFUND_REQUESTED);
	cr_assert_str_eq(text("googleMeetLink"), "null");
}

Test(session_json, the_checkout_is_for_the_parent_alone)
{
	static const struct actor others[] = {
		{3, ROLE_TEACHER}, {2, ROLE_STUDENT}, {9, ROLE_ADMIN}, {9, ROLE_SUPPORT}};

	view.booking.status = BOOKING_PENDING;
	view.booking.hold_expires_at = (struct instant){NOW_US + HOUR_US};
	cr_assert_str_eq(text("stripeSessionId"), "cs_test_1");
	cr_assert_str_eq(text("checkoutUrl"), "https://pay.example/1");
	cr_assert_str_eq(text("holdExpiresAt"), "2027-01-15T09:00:00Z");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		reader.actor = others[i];
		cr_expect_str_eq(text("stripeSessionId"), "null", "reader %zu", i);
		cr_expect_str_eq(text("checkoutUrl"), "null", "reader %zu", i);
		cr_expect_str_eq(text("holdExpiresAt"), "null", "reader %zu", i);
	}
}

Test(session_json, a_payment_that_is_being_processed_is_said_and_cannot_be_made_again)
{
	view.booking.status = BOOKING_PENDING;
	view.booking.hold_expires_at = (struct instant){NOW_US - HOUR_US};
	view.booking.payment_awaited = true;
	cr_expect_str_eq(text("stripeSessionId"), "cs_test_1");
	cr_expect_str_eq(text("checkoutUrl"), "null");
	cr_expect_str_eq(text("holdExpiresAt"), "null");
	cr_expect_str_eq(text("cancelMessage"),
			 "The payment of this session is being processed; it can still be cancelled.");
}

Test(session_json, only_the_parent_reads_why_a_refund_failed)
{
	cancel(REFUND_FAILED);
	view.refund.failure_reason = "lost_or_stolen_card";
	cr_assert_str_eq(refund_text("failureReason"), "lost_or_stolen_card");
	reader.actor = (struct actor){3, ROLE_TEACHER};
	cr_assert_str_eq(refund_text("failureReason"), "null");
	reader.actor = (struct actor){9, ROLE_SUPPORT | ROLE_ADMIN};
	cr_assert_str_eq(refund_text("failureReason"), "null");
}

Test(session_json, a_refund_has_words_and_a_day_for_each_state)
{
	for (int state = REFUND_REQUESTED; state <= REFUND_NEEDS_ATTENTION; state++) {
		cancel((enum refund_state)state);
		cr_expect_str_eq(refund_text("status"), refund_state_name((enum refund_state)state));
		cr_expect_not_null(strstr(refund_text("words"), "€45.00"));
	}
	cancel(REFUND_SUCCEEDED); /* 2027-01-15 is a Friday: ten business days on is a Friday */
	cr_assert_str_eq(refund_text("expectedBy"), "2027-01-29T08:00:00Z");
	cancel(REFUND_REQUIRES_ACTION);
	cr_assert_str_eq(refund_text("words"),
			 "The refund of €45.00 waits for somebody to act; Stripe writes to whoever paid.");
	cr_assert_str_eq(refund_text("expectedBy"), "null");
	cancel(REFUND_FAILED);
	cr_assert_str_eq(refund_text("expectedBy"), "null");
}

Test(session_json, the_day_of_a_refund_stays_however_often_stripe_is_asked)
{
	static const enum refund_state states[] = {REFUND_REQUESTED, REFUND_SENDING, REFUND_PENDING};

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		cancel(states[i]);
		view.refund.updated_at.us += 480 * HOUR_US;
		cr_expect_str_eq(refund_text("expectedBy"), "2027-01-29T08:00:00Z");
	}
}

Test(session_json, cancelled_says_when_and_why)
{
	cancel(REFUND_PENDING);
	view.booking.cancellation_reason = "ill\n\x01";
	cr_assert_str_eq(text("cancelledAt"), "2027-01-15T08:00:00Z");
	cr_assert_str_eq(text("cancelCause"), "parent");
	cr_assert_str_eq(text("cancellationReason"), "ill\n\x01");
	cr_assert_str_eq(text("cancelMessage"), "This session has been cancelled.");
}

Test(session_json, the_reason_of_a_cancel_and_the_money_are_not_for_the_student)
{
	static const struct {
		struct actor actor;
		bool reads;
	} readers[] = {{{1, ROLE_PARENT}, true},   {{3, ROLE_TEACHER}, true},
		       {{9, ROLE_ADMIN}, true},    {{9, ROLE_SUPPORT}, true},
		       {{2, ROLE_STUDENT}, false}, {{2, ROLE_STUDENT | ROLE_PARENT}, false},
		       {{1, ROLE_STUDENT}, false}};

	cancel(REFUND_PENDING);
	view.booking.cancellation_reason = "divorce";
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		reader.actor = readers[i].actor;
		cr_expect_str_eq(text("cancellationReason"), readers[i].reads ? "divorce" : "null",
				 "reader %zu", i);
		cr_expect_eq(has_no_refund(), !readers[i].reads, "reader %zu", i);
	}
}

Test(session_json, only_the_parent_is_told_that_we_are_in_touch)
{
	static const struct actor others[] = {{3, ROLE_TEACHER}, {9, ROLE_ADMIN}, {9, ROLE_SUPPORT}};

	cancel(REFUND_FAILED);
	cr_assert_not_null(strstr(refund_text("words"), "We are in touch about another way."));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		reader.actor = others[i];
		cancel(REFUND_FAILED);
		cr_expect_str_eq(refund_text("words"),
				 "The refund of €45.00 did not go through and has to be made another way.",
				 "reader %zu", i);
		cancel(REFUND_NEEDS_ATTENTION);
		cr_expect_str_eq(refund_text("words"),
				 "The refund of €45.00 takes longer than usual and has to be looked into.",
				 "reader %zu", i);
	}
}
