#include <criterion/criterion.h>
#include <string.h>

#include "compose.h"

#define TEMPLATES UNBOOK_SOURCE_DIR "/services/notifier/templates"

static struct templates *templates;
static struct arena arena;
static const struct compose_sender sender = {.address = "no-reply@example.org",
					     .name = "unbook",
					     .bookings_url = "https://school.example/"};

static void open_all(void)
{
	struct err err = {0};

	arena_init(&arena, 1024 * 1024);
	cr_assert_eq(templates_open(TEMPLATES, &templates, &err), ERR_OK, "%s", err.msg);
}

static void close_all(void)
{
	templates_close(templates);
	arena_release(&arena);
}

TestSuite(compose, .init = open_all, .fini = close_all);

/* Violin, 1 December 2026, 09:30 to 10:15 in Berlin, cancelled by the parent (user 1). */
static struct mail_facts facts(void)
{
	return (struct mail_facts){
		.booking = {.id = 7,
			    .parent_id = 1,
			    .student_id = 2,
			    .teacher_id = 3,
			    .title = "Violin <for> beginners",
			    .starts_at = {INT64_C(1796113800000000)},
			    .ends_at = {INT64_C(1796116500000000)},
			    .status = BOOKING_CANCELLED,
			    .price = {4500, "EUR"},
			    .cancel_notice_s = 86400,
			    .cancel_cause = CAUSE_PARENT,
			    .cancelled_by = 1,
			    .version = 3},
		.recipient_address = "eva@example.org",
		.recipient_name = "Eva Müller",
		.recipient_locale = "en-GB",
		.recipient_zone = "Europe/Berlin",
		.teacher_name = "Tom",
		.parent_name = "Eva Müller",
		.student_name = "Lina",
		.local_starts = {.year = 2026, .month = 12, .day = 1, .hour = 9, .minute = 30, .weekday = 1},
		.local_ends = {.year = 2026, .month = 12, .day = 1, .hour = 10, .minute = 15, .weekday = 1},
		.local_deadline =
			{.year = 2026, .month = 11, .day = 30, .hour = 9, .minute = 30, .weekday = 0},
		.utc_offset_min = 60,
		.instance_id = "i",
		.refund_state = "requested",
		.captured = {4500, "EUR"},
	};
}

static struct smtp_message compose(const struct mail_facts *f, enum mail_kind kind, int64_t recipient_id)
{
	struct mail mail = {.id = 1,
			    .booking_id = 7,
			    .kind = kind,
			    .recipient_id = recipient_id,
			    .message_id = "<m@example.org>",
			    .ref = ""};
	struct smtp_message message = {0};
	struct err err = {0};

	cr_assert_eq(compose_mail(templates, &sender, &mail, f, (struct instant){0}, &arena, &message, &err),
		     ERR_OK, "%s: %s", err.code, err.msg);
	return message;
}

static void expect(const char *text, const char *needle)
{
	cr_assert(strstr(text, needle), "\"%s\" is not in:\n%s", needle, text);
}

static void expect_not(const char *text, const char *needle)
{
	cr_assert_not(strstr(text, needle), "\"%s\" is in:\n%s", needle, text);
}

Test(compose, tells_the_parent_who_cancelled_when_it_was_and_what_comes_back)
{
	struct mail_facts f = facts();
	struct smtp_message message = compose(&f, MAIL_CANCELLED, 1);

	cr_assert_str_eq(message.subject, "Cancelled: Violin <for> beginners on Tuesday, 1 December 2026");
	expect(message.text, "Hello Eva Müller,");
	expect(message.text, "You cancelled this session.");
	expect(message.text, "We are paying the full €45.00 back");
	expect(message.text, "Tuesday, 1 December 2026, 09:30 – 10:15 (Berlin, UTC+1)");
	expect(message.text, "In UTC: 2026-12-01 08:30");
	expect(message.html, "Violin &lt;for&gt; beginners");
	expect_not(message.html, "<for>");
	expect(message.calendar, "METHOD:CANCEL");
	expect(message.calendar, "UID:booking-7@i.unbook");
	cr_assert_str_eq(message.message_id, "<m@example.org>");
}

Test(compose, tells_the_teacher_that_the_parent_cancelled_and_no_amount)
{
	struct mail_facts f = facts();
	struct smtp_message message = compose(&f, MAIL_CANCELLED, 3);

	expect(message.text, "Eva Müller cancelled this session.");
	expect(message.text, "goes back to the person who booked");
	expect_not(message.text, "45.00");
	expect_not(message.text, "You cancelled");
}

/* In no language a sentence without its subject or a label without its text. */
Test(compose, who_has_no_name_is_called_by_their_role)
{
	static const struct {
		const char *locale, *by_teacher, *by_parent, *booked;
	} cases[] = {
		{"en", "\nYour teacher cancelled this session.", "\nThe parent cancelled this session.",
		 "\nThe parent booked this session with you."},
		{"de", "\nIhre Lehrkraft hat diese Stunde abgesagt.",
		 "\nEin Elternteil hat diese Stunde abgesagt.",
		 "\nEin Elternteil hat diese Stunde bei Ihnen gebucht."},
		{"es", "\nSu profesor/a ha cancelado esta clase.",
		 "\nEl padre o la madre ha cancelado esta clase.",
		 "\nEl padre o la madre ha reservado esta clase con usted."},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mail_facts f = facts();

		f.recipient_locale = cases[i].locale;
		f.parent_name = f.teacher_name = f.student_name = f.recipient_name = "";
		struct smtp_message letters[] = {
			compose(&f, MAIL_CANCELLED, 3), compose(&f, MAIL_CONFIRMED, 3), {0}};
		f.booking.cancel_cause = CAUSE_TEACHER;
		f.booking.cancelled_by = 3;
		letters[2] = compose(&f, MAIL_CANCELLED, 1);
		expect(letters[0].text, cases[i].by_parent);
		expect(letters[1].text, cases[i].booked);
		expect(letters[2].text, cases[i].by_teacher);
		for (size_t l = 0; l < sizeof(letters) / sizeof(letters[0]); l++) {
			expect_not(letters[l].text, ": \n");
			expect_not(letters[l].html, "<p> ");
			expect_not(letters[l].html, "\"></td>");
		}
	}
}

Test(compose, an_admins_cancel_names_nobody)
{
	struct mail_facts f = facts();

	f.booking.cancel_cause = CAUSE_ADMIN;
	f.booking.cancelled_by = 9;
	expect(compose(&f, MAIL_CANCELLED, 1).text, "Our team cancelled this session.");
}

Test(compose, says_what_really_comes_back_beside_a_refund_by_hand_or_a_dispute)
{
	struct mail_facts f = facts();
	struct smtp_message message;

	f.beside.returned_minor = 1000;
	message = compose(&f, MAIL_CANCELLED, 1);
	expect(message.text, "We are paying the remaining €35.00 back");
	expect(message.text, "€10.00 of your payment was returned before.");
	expect(message.html, "We are paying the remaining €35.00 back");
	expect_not(message.text, "full");
	expect(compose(&f, MAIL_CANCELLED, 3).text, "What remains of the payment goes back");
	expect_not(compose(&f, MAIL_CANCELLED, 3).text, "€");
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "the refund of €35.00");
	f.recipient_locale = "de";
	expect(compose(&f, MAIL_CANCELLED, 1).text, "Wir zahlen die restlichen 35,00\u00a0€");
	f.recipient_locale = "es";
	expect(compose(&f, MAIL_CANCELLED, 1).text, "Le devolvemos los 35,00\u00a0€ restantes");
	f.recipient_locale = "en";
	f.beside.is_disputed = true;
	message = compose(&f, MAIL_CANCELLED, 1);
	expect(message.text, "decides where the money goes. €10.00 of it was returned before.");
	expect_not(message.text, "We are paying");
	expect_not(compose(&f, MAIL_CANCELLED, 3).text, "money");
	f.beside.returned_minor = 4500;
	expect(compose(&f, MAIL_CANCELLED, 1).text, "Your payment of €45.00 has already been returned");
}

Test(compose, a_payment_that_was_not_kept_comes_back_as_far_as_it_has_not_yet)
{
	struct mail_facts f = facts();
	struct smtp_message message = compose(&f, MAIL_PAYMENT_RETURNED, 1);

	expect(message.text, "a payment of €45.00 that this booking could not keep");
	expect(message.text, "all of it back");
	f.beside.returned_minor = 1000;
	message = compose(&f, MAIL_PAYMENT_RETURNED, 1);
	expect(message.text, "the remaining €35.00 back");
	expect(message.html, "the remaining €35.00 back");
	expect(message.text, "€10.00 of your payment was returned before.");
	expect_not(message.text, "all of it");
	f.recipient_locale = "de";
	expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, "Wir zahlen die restlichen 35,00\u00a0€");
	f.recipient_locale = "es";
	expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, "Le devolvemos los 35,00\u00a0€ restantes");
	f.recipient_locale = "en";
	f.beside.is_disputed = true;
	message = compose(&f, MAIL_PAYMENT_RETURNED, 1);
	expect(message.text, "decides where the money goes. €10.00 of it was returned before.");
	expect_not(message.text, "paying");
	f.beside.returned_minor = 4500;
	expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, "All of it has already been returned");
}

Test(compose, what_the_bank_has_given_back_is_promised_by_nobody)
{
	static const struct {
		const char *locale, *parent, *teacher;
	} words[] = {
		{"en",
		 "Your bank has already given the payment of €45.00 back to you, so no refund by us follows.",
		 "The bank has already given the payment back to the person who booked."},
		{"de", "Ihre Bank hat Ihnen die Zahlung von 45,00\u00a0€ bereits zurückgegeben",
		 "Die Bank hat die Zahlung der Person, die gebucht hat, bereits zurückgegeben."},
		{"es",
		 "Su banco ya le ha devuelto el pago de 45,00\u00a0€, así que no habrá una devolución nuestra.",
		 "El banco ya ha devuelto el pago a la persona que reservó."},
	};
	struct mail_facts f = facts();

	f.refund_state = NULL;
	f.beside.charged_back_minor = 4500;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		f.recipient_locale = words[i].locale;
		expect(compose(&f, MAIL_CANCELLED, 1).text, words[i].parent);
		expect(compose(&f, MAIL_CANCELLED, 1).html, words[i].parent);
		expect(compose(&f, MAIL_CANCELLED, 3).text, words[i].teacher);
		expect_not(compose(&f, MAIL_CANCELLED, 3).text, "45");
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, words[i].parent);
	}
}

Test(compose, what_the_bank_has_left_of_a_payment_goes_back_another_way)
{
	static const struct {
		const char *locale, *parent, *teacher;
	} words[] = {
		{"en",
		 "Your bank has already given €10.00 of your payment back to you. We return the remaining €35.00 "
		 "another way; our team sees to it.",
		 "The bank has given a part of the payment back to the person who booked."},
		{"de",
		 "Ihre Bank hat Ihnen 10,00\u00a0€ Ihrer Zahlung bereits zurückgegeben. Die restlichen 35,00\u00a0€ "
		 "zahlen wir auf anderem Weg zurück",
		 "Die Bank hat der Person, die gebucht hat, einen Teil der Zahlung zurückgegeben."},
		{"es",
		 "Su banco ya le ha devuelto 10,00\u00a0€ de su pago. Los 35,00\u00a0€ restantes se los devolvemos por "
		 "otra vía",
		 "El banco ha devuelto una parte del pago a la persona que reservó."},
	};
	struct mail_facts f = facts();

	f.beside.charged_back_minor = 1000;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		f.recipient_locale = words[i].locale;
		expect(compose(&f, MAIL_CANCELLED, 1).text, words[i].parent);
		expect(compose(&f, MAIL_CANCELLED, 1).html, words[i].parent);
		expect(compose(&f, MAIL_CANCELLED, 3).text, words[i].teacher);
		expect_not(compose(&f, MAIL_CANCELLED, 3).text, "35");
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, words[i].parent);
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).html, words[i].parent);
	}
}

Test(compose, a_failed_refund_is_promised_again_only_while_we_owe_it)
{
	struct mail_facts f = facts();
	struct smtp_message message;

	message = compose(&f, MAIL_REFUND_FAILED, 1);
	expect(message.text, "could not accept the refund of €45.00");
	expect(message.html, "You will still get your money");
	f.beside.is_disputed = true;
	message = compose(&f, MAIL_REFUND_FAILED, 1);
	expect(message.text, "could not accept the refund of €45.00");
	expect(message.html, "decides where the money goes");
	expect_not(message.text, "You will still get your money");
	f.beside.charged_back_minor = 4500;
	message = compose(&f, MAIL_REFUND_FAILED, 1);
	expect(message.text, "your bank has already given the payment of €45.00 back to you");
	expect_not(message.text, "could not accept");
	expect_not(message.text, "€0.00");
	f.beside = (struct refund_beside){.returned_minor = 4500};
	expect(compose(&f, MAIL_REFUND_FAILED, 1).html,
	       "your payment of €45.00 has been returned to you all the same");
}

Test(compose, an_unpaid_booking_promises_no_money)
{
	struct mail_facts f = facts();

	f.refund_state = NULL;
	expect_not(compose(&f, MAIL_CANCELLED, 1).text, "paying");
}

Test(compose, writes_german_and_spanish_and_falls_back_to_english)
{
	struct mail_facts f = facts();

	f.recipient_locale = "de-AT";
	struct smtp_message german = compose(&f, MAIL_CANCELLED, 1);
	expect(german.text, "45,00\u00a0€");
	expect(german.text, "Dienstag, 1. Dezember 2026, 09:30 – 10:15 Uhr");
	cr_assert_str_eq(german.language, "de");
	f.recipient_locale = "es";
	expect(compose(&f, MAIL_CANCELLED, 1).text, "martes, 1 de diciembre de 2026");
	f.recipient_locale = "xx";
	cr_assert_str_eq(compose(&f, MAIL_CANCELLED, 1).language, "en");
	f.recipient_locale = "eng";
	cr_assert_str_eq(compose(&f, MAIL_CANCELLED, 1).language, "en");
	f.recipient_locale = NULL;
	cr_assert_str_eq(compose(&f, MAIL_CANCELLED, 1).language, "en");
}

Test(compose, amounts_without_and_with_three_decimals)
{
	struct mail_facts f = facts();

	f.captured = (struct money){4500, "JPY"};
	expect(compose(&f, MAIL_CANCELLED, 1).text, "¥4,500");
	f.captured = (struct money){12345, "KWD"};
	expect(compose(&f, MAIL_CANCELLED, 1).text, "KWD\u00a012.345");
}

Test(compose, zones_of_half_hours_and_utc)
{
	struct mail_facts f = facts();

	f.recipient_zone = "Asia/Kolkata";
	f.utc_offset_min = 330;
	expect(compose(&f, MAIL_CANCELLED, 1).text, "(Kolkata, UTC+5:30)");
	f.utc_offset_min = -210;
	expect(compose(&f, MAIL_CANCELLED, 1).text, "UTC-3:30)");
	f.utc_offset_min = 0;
	expect(compose(&f, MAIL_CANCELLED, 1).text, "(UTC)");
}

Test(compose, a_failed_refund_says_why_in_words_or_not_at_all)
{
	struct mail_facts f = facts();

	f.refund_failure_reason = "expired_or_canceled_card";
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "the card has expired or was cancelled");
	f.refund_failure_reason = "unknown";
	expect_not(compose(&f, MAIL_REFUND_FAILED, 1).text, "unknown");
	cr_assert_null(compose(&f, MAIL_REFUND_FAILED, 1).calendar);
}

Test(compose, refuses_an_address_that_is_none)
{
	static const char *const bad[] = {NULL,       "",     "eva", "eva@example.org\r\nRCPT TO:<x@y>",
					  "a@b, c@d", "<a@b>"};
	struct mail mail = {
		.kind = MAIL_CANCELLED, .recipient_id = 1, .message_id = "<m@example.org>", .ref = ""};
	struct mail_facts f = facts();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct smtp_message message;
		struct err err = {0};

		f.recipient_address = bad[i];
		cr_assert_eq(compose_mail(templates, &sender, &mail, &f, (struct instant){0}, &arena,
					  &message, &err),
			     ERR_REJECT);
		cr_assert_str_eq(err.code, "bad_address");
	}
}

Test(compose, every_text_renders)
{
	struct err err = {0};

	cr_assert_eq(compose_check(templates, &sender, &err), ERR_OK, "%s", err.msg);
}
