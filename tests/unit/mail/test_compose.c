#include <criterion/criterion.h>
#include <string.h>

#include "compose_world.h"

TestSuite(compose, .init = compose_world_open, .fini = compose_world_close);

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

Test(compose, an_unpaid_booking_promises_no_money)
{
	struct mail_facts f = facts();

	f.refund_state = NULL;
	expect_not(compose(&f, MAIL_CANCELLED, 1).text, "paying");
}

Test(compose, offers_a_cancel_only_while_its_deadline_lies_ahead)
{
	static const struct {
		const char *locale, *offer, *too_soon;
	} words[] = {
		{"en", "You can cancel free of charge until 09:30",
		 "It starts too soon to be cancelled any more."},
		{"de", "können Sie kostenlos absagen", "Sie beginnt zu bald, um noch abgesagt zu werden."},
		{"es", "Puede cancelarla sin coste", "Empieza demasiado pronto para poder cancelarla."},
	};
	struct mail_facts f = facts();
	struct instant deadline = {f.booking.starts_at.us - INT64_C(86400) * 1000000};

	f.booking.status = BOOKING_CONFIRMED;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		f.recipient_locale = words[i].locale;
		for (int late = 0; late < 2; late++) {
			struct smtp_message message =
				compose_at(&f, MAIL_CONFIRMED, 1, (struct instant){deadline.us - !late});

			(late ? expect_not : expect)(message.text, words[i].offer);
			(late ? expect_not : expect)(message.html, words[i].offer);
			(late ? expect : expect_not)(message.text, words[i].too_soon);
			(late ? expect : expect_not)(message.html, words[i].too_soon);
		}
		expect_not(compose_at(&f, MAIL_CONFIRMED, 3, deadline).text, words[i].too_soon);
	}
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

	f.failed.reason = "expired_or_canceled_card";
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "the card has expired or was cancelled");
	f.failed.reason = "unknown";
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
