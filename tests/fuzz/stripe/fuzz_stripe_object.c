/* A body of Stripe's, through every decoder. Whatever is accepted keeps its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "stripe_object.h"
#include "stripe_payment_object.h"

static void check(const struct stripe_refund *refund)
{
	if (!refund->id[0] || !str_is_printable(refund->id) || !str_eq(refund->payment_intent, "pi_1"))
		abort();
	if (refund->amount.minor <= 0 || strlen(refund->amount.currency) != 3 || refund->generation < 0)
		abort();
	if (refund->generation && !refund->refund_id[0])
		abort();
	if (!str_is_printable(refund->failure_reason) || !str_is_printable(refund->reference))
		abort();
}

static void check_payment(const struct stripe_payment *payment)
{
	if (!payment->id[0] || !str_is_printable(payment->id) || strlen(payment->received.currency) != 3)
		abort();
	if (payment->received.minor < 0 || (payment->received.minor && !payment->is_captured))
		abort();
	if (payment->booking_id < 0 || !str_is_printable(payment->instance_id))
		abort();
}

/* As part of a whole account. */
static void check_account(const char *bytes, size_t size, struct arena *arena)
{
	struct stripe_payment_page payments = {0};
	struct stripe_refund_page refunds = {0};
	struct stripe_payment payment;

	if (stripe_payment_decode(bytes, size, &payment, NULL) == ERR_OK)
		check_payment(&payment);
	if (stripe_payment_page_decode(bytes, size, arena, &payments, NULL) == ERR_OK) {
		for (size_t i = 0; i < payments.count; i++)
			check_payment(&payments.payments[i]);
		if (payments.has_more && !payments.last_id)
			abort();
	}
	if (stripe_refund_page_decode(bytes, size, NULL, arena, &refunds, NULL) == ERR_OK) {
		for (size_t i = 0; i < refunds.count; i++)
			if (!refunds.refunds[i].payment_intent[0] || refunds.refunds[i].amount.minor <= 0)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct stripe_refund_page page = {0};
	struct stripe_error error;
	struct stripe_refund refund;
	struct arena arena;
	struct err err;

	arena_init(&arena, 256 * 1024);
	if (stripe_refund_decode(bytes, size, "pi_1", &refund, &err) == ERR_OK)
		check(&refund);
	else if (err.kind != ERR_REJECT || !err.code[0])
		abort();
	if (stripe_refund_page_decode(bytes, size, "pi_1", &arena, &page, &err) == ERR_OK) {
		for (size_t i = 0; i < page.count; i++)
			check(&page.refunds[i]);
	}
	if (stripe_error_decode(bytes, size, &error, &err) == ERR_OK
	    && (!str_is_printable(error.code) || !str_is_printable(error.type)))
		abort();
	check_account(bytes, size, &arena);
	arena_release(&arena);
	return 0;
}
