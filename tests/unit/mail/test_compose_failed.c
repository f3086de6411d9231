/* What a mail says of a refund that came to nothing: ours, or one by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "compose_world.h"

TestSuite(compose_failed, .init = compose_world_open, .fini = compose_world_close);

static const char *const locales[] = {"en", "de", "es"};
#define LOCALES (sizeof locales / sizeof *locales)

/* A part of 20.00 of the 45.00, made by hand. No row: nobody has asked for a refund. */
static struct mail_facts part_by_hand(void)
{
	struct mail_facts f = facts();

	f.refund_state = NULL;
	f.failed = (struct mail_failure){.amount = {2000, "EUR"}, .reason = "declined"};
	return f;
}

/* In each language all of these stand in both parts, and none of those. */
static void expect_each(struct mail_facts f, const char *const has[LOCALES][2],
			const char *const not [LOCALES])
{
	for (size_t i = 0; i < LOCALES; i++) {
		f.recipient_locale = locales[i];
		struct smtp_message message = compose(&f, MAIL_REFUND_FAILED, 1);

		for (size_t j = 0; j < 2; j++) {
			expect(message.text, has[i][j]);
			expect(message.html, has[i][j]);
		}
		expect_not(message.text, not [i]);
		expect_not(message.html, not [i]);
	}
}

static const char *const promise[] = {"still get your money", "bekommen Ihr Geld trotzdem",
				      "Recibirá su dinero"};
static const char *const bank[] = {"could not accept", "konnte die Rückzahlung", "no pudo aceptar"};

Test(compose_failed, a_refund_is_promised_again_only_while_we_owe_it)
{
	struct mail_facts f = facts();
	struct smtp_message message;

	f.refund_state = "failed";
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

Test(compose_failed, a_part_by_hand_is_promised_by_nobody_once_the_bank_has_given_all_back)
{
	static const char *const has[][2] = {
		{"The refund of €20.00 for this session did not go through",
		 "your bank has already given the payment of €45.00 back to you"},
		{"Die Rückzahlung von 20,00\u00a0€ für diese Stunde ist nicht durchgegangen",
		 "Ihre Bank hat Ihnen die Zahlung von 45,00\u00a0€ bereits zurückgegeben"},
		{"El reembolso de 20,00\u00a0€ de esta clase no se ha realizado",
		 "su banco ya le ha devuelto el pago de 45,00\u00a0€"},
	};
	struct mail_facts f = part_by_hand();

	f.beside.charged_back_minor = 4500;
	expect_each(f, has, promise);
	expect_each(f, has, bank);
}

Test(compose_failed, a_part_by_hand_is_promised_by_nobody_once_somebody_has_settled_the_payment)
{
	static const char *const has[][2] = {
		{"The refund of €20.00", "your payment of €45.00 has been returned to you all the same"},
		{"Die Rückzahlung von 20,00\u00a0€",
		 "Ihre Zahlung von 45,00\u00a0€ wurde Ihnen trotzdem erstattet"},
		{"El reembolso de 20,00\u00a0€", "su pago de 45,00\u00a0€ se le ha devuelto igualmente"},
	};
	struct mail_facts f = part_by_hand();

	f.refund_state = "needs_attention";
	f.failed.is_made_good = true;
	expect_each(f, has, promise);
	expect_each(f, has, bank);
	f.failed.is_made_good = false; /* it was counted on */
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, promise[0]);
}

Test(compose_failed, a_part_by_hand_that_a_dispute_has_beaten_is_left_to_the_bank)
{
	static const char *const has[][2] = {
		{"could not accept the refund of €20.00", "which decides where the money goes"},
		{"konnte die Rückzahlung von 20,00\u00a0€", "die Bank entscheidet, an wen das Geld geht"},
		{"no pudo aceptar el reembolso de 20,00\u00a0€", "que decide adónde va el dinero"},
	};
	struct mail_facts f = part_by_hand();

	f.booking.status = BOOKING_CONFIRMED;
	f.failed.is_of_kept = true;
	f.beside.is_disputed = true;
	expect_each(f, has, promise);
	f.beside.is_disputed = false; /* Stripe's word about the dispute comes later */
	f.failed.reason = "charge_for_pending_refund_disputed";
	expect_each(f, has, promise);
}

Test(compose_failed, what_was_withdrawn_of_a_session_that_takes_place_is_owed_by_nobody)
{
	static const char *const has[][2] = {
		{"We withdrew the refund of €20.00", "No other refund follows"},
		{"Wir haben die Rückzahlung von 20,00\u00a0€", "Eine andere Rückzahlung folgt nicht"},
		{"Hemos retirado el reembolso de 20,00\u00a0€", "No habrá otro reembolso"},
	};
	struct mail_facts f = part_by_hand();

	f.booking.status = BOOKING_CONFIRMED;
	f.failed.reason = "merchant_request";
	f.failed.is_withdrawn = f.failed.is_of_kept = true;
	expect_each(f, has, promise);
	expect_each(f, has, bank);
	f.failed.is_withdrawn = false; /* the staff wanted it to arrive */
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, promise[0]);
}

Test(compose_failed, what_was_withdrawn_of_a_cancelled_session_was_refused_by_no_bank)
{
	static const char *const has[][2] = {
		{"We withdrew the refund of €45.00 for this session before it reached you.",
		 "still get your money"},
		{"zurückgezogen, bevor sie bei Ihnen ankam.", "bekommen Ihr Geld trotzdem"},
		{"antes de que le llegara.", "Recibirá su dinero"},
	};
	struct mail_facts f = facts();

	f.refund_state = "canceled";
	f.failed = (struct mail_failure){
		.amount = {4500, "EUR"}, .reason = "merchant_request", .is_withdrawn = true};
	expect_each(f, has, bank);
}

Test(compose_failed, what_is_sent_again_by_itself_needs_no_other_way)
{
	static const char *const has[][2] = {
		{"could not accept the refund of €20.00", "We are sending you €45.00 again"},
		{"konnte die Rückzahlung von 20,00\u00a0€", "Wir senden Ihnen 45,00\u00a0€ erneut"},
		{"no pudo aceptar el reembolso de 20,00\u00a0€", "Le enviamos de nuevo 45,00\u00a0€"},
	};
	struct mail_facts f = part_by_hand();

	f.refund_state = "requested";
	expect_each(f, has, promise);
	f.beside.charged_back_minor = 1000; /* beside what the bank gave back nothing is sent */
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, promise[0]);
}

Test(compose_failed, the_amount_is_what_failed_and_the_payment_what_was_paid)
{
	struct mail_facts f = part_by_hand();

	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "Amount: €20.00\n");
	f.refund_state = "needs_attention";
	f.beside.returned_minor = 2500;
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "Amount: €20.00\n");
	f.beside.charged_back_minor = 4500;
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "Amount: €20.00\n");
	f.beside.charged_back_minor = 0;
	f.failed.amount.minor = 0; /* unseen: then what lacks */
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "Amount: €20.00\n");
	expect(compose(&f, MAIL_CANCELLED, 1).text, "Amount: €45.00\n");
}
