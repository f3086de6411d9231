/* What a mail says of the money, beside refunds by hand and disputes. */
#include <criterion/criterion.h>

#include "compose_world.h"

TestSuite(compose_money, .init = compose_world_open, .fini = compose_world_close);

Test(compose_money, says_what_really_comes_back_beside_a_refund_by_hand_or_a_dispute)
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
	expect(message.text, "decides where the money goes. €10.00 of your payment was returned before.");
	expect_not(message.text, "We are paying");
	expect_not(compose(&f, MAIL_CANCELLED, 3).text, "money");
	f.beside.returned_minor = 4500;
	expect(compose(&f, MAIL_CANCELLED, 1).text, "Your payment of €45.00 has already been returned");
}

Test(compose_money, a_payment_that_was_not_kept_comes_back_as_far_as_it_has_not_yet)
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
	expect(message.text, "decides where the money goes. €10.00 of your payment was returned before.");
	expect_not(message.text, "paying");
	f.beside.returned_minor = 4500;
	expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, "All of it has already been returned");
}

Test(compose_money, what_the_bank_has_given_back_is_promised_by_nobody)
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

Test(compose_money, what_the_bank_has_left_of_a_payment_goes_back_another_way)
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

/* By hand and by the bank: each sum as it was, together what was paid; the teacher's copy names none. */
Test(compose_money, a_part_by_hand_and_a_part_by_the_bank_are_told_apart)
{
	static const struct {
		const char *locale;
		struct refund_beside beside;
		const char *words;
	} cases[] = {
		{"en",
		 {.returned_minor = 1500, .charged_back_minor = 3000},
		 "Your bank has already given €30.00 of your payment of €45.00 back to you, so no refund by us "
		 "follows. €15.00 of your payment was returned before."},
		{"de",
		 {.returned_minor = 1500, .charged_back_minor = 3000},
		 "Ihre Bank hat Ihnen 30,00\u00a0€ Ihrer Zahlung von 45,00\u00a0€ bereits zurückgegeben; eine "
		 "Erstattung durch uns folgt nicht. 15,00\u00a0€ Ihrer Zahlung wurden schon zuvor erstattet."},
		{"es",
		 {.returned_minor = 1500, .charged_back_minor = 3000},
		 "Su banco ya le ha devuelto 30,00\u00a0€ de su pago de 45,00\u00a0€, así que no habrá una "
		 "devolución nuestra. De su pago ya se habían devuelto 15,00\u00a0€."},
		{"en",
		 {.returned_minor = 1500, .charged_back_minor = 4500},
		 "Your bank has already given the payment of €45.00 back to you, so no refund by us follows. €15.00 of "
		 "your payment was returned before."},
		{"de",
		 {.returned_minor = 1500, .charged_back_minor = 4500},
		 "Ihre Bank hat Ihnen die Zahlung von 45,00\u00a0€ bereits zurückgegeben; eine Erstattung durch uns "
		 "folgt nicht. 15,00\u00a0€ Ihrer Zahlung wurden schon zuvor erstattet."},
		{"es",
		 {.returned_minor = 1500, .charged_back_minor = 4500},
		 "Su banco ya le ha devuelto el pago de 45,00\u00a0€, así que no habrá una devolución nuestra. De su "
		 "pago ya se habían devuelto 15,00\u00a0€."},
		{"en",
		 {.returned_minor = 1500, .charged_back_minor = 1000},
		 "Your bank has already given €10.00 of your payment back to you. We return the remaining €20.00 "
		 "another way; our team sees to it. €15.00 of your payment was returned before."},
		{"de",
		 {.returned_minor = 1500, .charged_back_minor = 1000},
		 "Ihre Bank hat Ihnen 10,00\u00a0€ Ihrer Zahlung bereits zurückgegeben. Die restlichen "
		 "20,00\u00a0€ zahlen wir auf anderem Weg zurück; unser Team kümmert sich darum. 15,00\u00a0€ "
		 "Ihrer Zahlung wurden schon zuvor erstattet."},
		{"es",
		 {.returned_minor = 1500, .charged_back_minor = 1000},
		 "Su banco ya le ha devuelto 10,00\u00a0€ de su pago. Los 20,00\u00a0€ restantes se los "
		 "devolvemos por otra vía; nuestro equipo se ocupa de ello. De su pago ya se habían devuelto 15,00\u00a0€."},
	};
	struct mail_facts f = facts();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		f.recipient_locale = cases[i].locale;
		f.beside = cases[i].beside;
		expect(compose(&f, MAIL_CANCELLED, 1).text, cases[i].words);
		expect(compose(&f, MAIL_CANCELLED, 1).html, cases[i].words);
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, cases[i].words);
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).html, cases[i].words);
		expect_not(compose(&f, MAIL_CANCELLED, 3).text, "€");
		expect_not(compose(&f, MAIL_CANCELLED, 3).html, "€");
	}
}

Test(compose_money, a_refund_that_failed_beside_both_names_what_the_bank_gave_back)
{
	static const char *const words[][2] = {
		{"en",
		 "your bank has already given €30.00 of your payment of €45.00 back to you. €15.00 of your payment was "
		 "returned before. You need not do anything."},
		{"de",
		 "Ihre Bank hat Ihnen 30,00\u00a0€ Ihrer Zahlung von 45,00\u00a0€ bereits zurückgegeben. "
		 "15,00\u00a0€ Ihrer Zahlung wurden schon zuvor erstattet. Sie müssen nichts tun."},
		{"es",
		 "su banco ya le ha devuelto 30,00\u00a0€ de su pago de 45,00\u00a0€. De su pago ya se habían "
		 "devuelto 15,00\u00a0€. No tiene que hacer nada."},
	};
	struct mail_facts f = facts();

	f.beside = (struct refund_beside){.returned_minor = 1500, .charged_back_minor = 3000};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		f.recipient_locale = words[i][0];
		expect(compose(&f, MAIL_REFUND_FAILED, 1).text, words[i][1]);
		expect(compose(&f, MAIL_REFUND_FAILED, 1).html, words[i][1]);
	}
}

/* Made by hand at Stripe and not there yet: it may still fail. */
Test(compose_money, a_refund_by_hand_is_called_returned_only_once_it_was)
{
	static const struct {
		const char *locale, *part, *all, *teacher, *all_not_kept, *failed;
	} words[] = {
		{"en", "€15.00 of your payment is already on its way to you.",
		 "Your payment of €45.00 is already on its way back to the card or account",
		 "The payment is on its way back to the person who booked.",
		 "All of it is already on its way back to the card or account",
		 "your payment of €45.00 is on its way to you all the same."},
		{"de", "15,00\u00a0€ Ihrer Zahlung sind schon zu Ihnen unterwegs.",
		 "Ihre Zahlung von 45,00\u00a0€ ist bereits unterwegs auf die Karte oder das Konto",
		 "Die Zahlung ist zu der Person unterwegs, die gebucht hat.",
		 "Sie ist bereits vollständig unterwegs auf die Karte oder das Konto",
		 "Ihre Zahlung von 45,00\u00a0€ ist trotzdem zu Ihnen unterwegs."},
		{"es", "De su pago ya están en camino 15,00\u00a0€.",
		 "Su pago de 45,00\u00a0€ ya está en camino a la tarjeta o cuenta",
		 "El pago está en camino a la persona que reservó.",
		 "Ya está en camino por completo a la tarjeta o cuenta",
		 "su pago de 45,00\u00a0€ está en camino a usted igualmente."},
	};
	static const struct refund_beside parts[] = {{1500, false, 0, true},
						     {1500, true, 0, true},
						     {1500, false, 1000, true},
						     {1500, false, 3000, true}};
	struct mail_facts f = facts();

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		f.recipient_locale = words[i].locale;
		for (size_t j = 0; j < sizeof parts / sizeof *parts; j++) {
			f.beside = parts[j];
			expect(compose(&f, MAIL_CANCELLED, 1).text, words[i].part);
			expect(compose(&f, MAIL_CANCELLED, 1).html, words[i].part);
			expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, words[i].part);
			expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).html, words[i].part);
			expect_not(compose(&f, MAIL_CANCELLED, 3).text, "€");
		}
		f.beside = (struct refund_beside){4500, false, 0, true};
		expect(compose(&f, MAIL_CANCELLED, 1).text, words[i].all);
		expect(compose(&f, MAIL_CANCELLED, 1).html, words[i].all);
		expect(compose(&f, MAIL_CANCELLED, 3).text, words[i].teacher);
		expect(compose(&f, MAIL_CANCELLED, 3).html, words[i].teacher);
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, words[i].all_not_kept);
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).html, words[i].all_not_kept);
		expect(compose(&f, MAIL_REFUND_FAILED, 1).text, words[i].failed);
		expect(compose(&f, MAIL_REFUND_FAILED, 1).html, words[i].failed);
	}
}

/* Words that hold for a dispute about a part as well. */
Test(compose_money, a_disputed_payment_is_left_to_the_bank_whatever_part_it_is_about)
{
	static const struct {
		const char *locale, *words, *not_kept, *failed;
	} cases[] = {
		{"en",
		 "The payment of €45.00 is disputed with your bank, which decides where the money goes.",
		 "It is disputed with your bank, which decides where the money goes.",
		 "The payment is disputed with your bank, which decides where the money goes."},
		{"de",
		 "Die Zahlung von 45,00\u00a0€ ist bei Ihrer Bank strittig; die Bank entscheidet, an wen das Geld "
		 "geht.",
		 "Sie ist bei Ihrer Bank strittig; die Bank entscheidet, an wen das Geld geht.",
		 "Die Zahlung ist bei Ihrer Bank strittig; die Bank entscheidet, an wen das Geld geht."},
		{"es", "El pago de 45,00\u00a0€ está en disputa en su banco, que decide adónde va el dinero.",
		 "Está en disputa en su banco, que decide adónde va el dinero.",
		 "El pago está en disputa en su banco, que decide adónde va el dinero."},
	};
	struct mail_facts f = facts();

	f.beside.is_disputed = true;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		f.recipient_locale = cases[i].locale;
		expect(compose(&f, MAIL_CANCELLED, 1).text, cases[i].words);
		expect(compose(&f, MAIL_CANCELLED, 1).html, cases[i].words);
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).text, cases[i].not_kept);
		expect(compose(&f, MAIL_PAYMENT_RETURNED, 1).html, cases[i].not_kept);
		expect(compose(&f, MAIL_REFUND_FAILED, 1).text, cases[i].failed);
		expect(compose(&f, MAIL_REFUND_FAILED, 1).html, cases[i].failed);
	}
}

Test(compose_money, a_refund_that_failed_because_of_a_dispute_is_left_to_the_bank)
{
	struct mail_facts f = facts();

	f.refund_state = "failed";
	f.refund_failure_reason = "charge_for_pending_refund_disputed";
	f.failed.reason = f.refund_failure_reason;
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "the payment is disputed at your bank.");
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "which decides where the money goes");
	expect_not(compose(&f, MAIL_REFUND_FAILED, 1).text, "still get your money");
	expect_not(compose(&f, MAIL_REFUND_FAILED, 1).html, "still get your money");
	f.beside.charged_back_minor = 1000;
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "still get your money");
	expect_not(compose(&f, MAIL_REFUND_FAILED, 1).text, "decides");
	f.beside.charged_back_minor = 4500;
	expect(compose(&f, MAIL_REFUND_FAILED, 1).text, "your bank has already given the payment of €45.00");
	expect_not(compose(&f, MAIL_REFUND_FAILED, 1).text, "decides");
}
