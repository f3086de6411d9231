/* stripe_payment_object.c: strict decoding of PaymentIntents. */
#include "stripe_payment_object.h"

#include "str.h"
#include "stripe_json.h"

static enum err_kind read_received(const json_t *object, struct stripe_payment *payment, struct err *err)
{
	const json_t *received = json_object_get(object, "amount_received");
	const char *currency = json_string_value(json_object_get(object, "currency"));
	const char *status = json_string_value(json_object_get(object, "status"));

	if (!status)
		return stripe_json_bad(err, "status");
	if (!currency || !money_currency_decode(currency, payment->received.currency))
		return stripe_json_bad(err, "currency");
	payment->is_captured = str_eq(status, "succeeded");
	if (!payment->is_captured)
		return ERR_OK;
	if (!json_is_integer(received) || json_integer_value(received) < 0)
		return stripe_json_bad(err, "amount_received");
	payment->received.minor = json_integer_value(received);
	return ERR_OK;
}

static enum err_kind read_payment(const json_t *object, struct stripe_payment *ret_payment, struct err *err)
{
	const char *type = json_string_value(json_object_get(object, "object"));
	const json_t *charge = json_object_get(object, "latest_charge");
	const json_t *metadata = json_object_get(object, "metadata");
	struct stripe_payment payment = {0};

	if (!type || !str_eq(type, "payment_intent"))
		return stripe_json_bad(err, "object");
	if (!stripe_json_word(payment.id, sizeof payment.id, json_object_get(object, "id")))
		return stripe_json_bad(err, "id");
	if (!stripe_json_instant(json_object_get(object, "created"), &payment.created_at))
		return stripe_json_bad(err, "created");
	if (!json_is_boolean(json_object_get(object, "livemode")))
		return stripe_json_bad(err, "livemode");
	payment.is_live = json_is_true(json_object_get(object, "livemode"));
	if (read_received(object, &payment, err))
		return ERR_REJECT;
	stripe_json_optional(payment.charge_id, sizeof payment.charge_id,
			     json_is_object(charge) ? json_object_get(charge, "id") : charge);
	payment.booking_id = stripe_json_booking_id(metadata);
	stripe_json_optional(payment.instance_id, sizeof payment.instance_id,
			     json_object_get(metadata, "instance_id"));
	*ret_payment = payment;
	return ERR_OK;
}

enum err_kind stripe_payment_decode(const char *bytes, size_t len, struct stripe_payment *ret_payment,
				    struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);

	return kind ? kind : read_payment(root, ret_payment, err);
}

enum err_kind stripe_payment_page_decode(const char *bytes, size_t len, struct arena *arena,
					 struct stripe_payment_page *ret_page, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);
	struct stripe_payment_page page = {0};
	struct stripe_json_list list;

	if (kind || stripe_json_list(root, arena, &list, err))
		return ERR_REJECT;
	page.has_more = list.has_more;
	page.last_id = list.last_id;
	page.payments = arena_alloc(arena, (list.count + 1) * sizeof *page.payments);
	if (!page.payments)
		return err_set(err, ERR_REJECT, "too_large", "%zu payments do not fit", list.count);
	for (size_t i = 0; i < list.count; i++) {
		const json_t *object = json_array_get(list.data, i);

		if (read_payment(object, &page.payments[page.count], err) == ERR_OK)
			page.count++;
		else if (stripe_json_booking_id(json_object_get(object, "metadata")))
			return err_while(err, "payment %zu of the list", i);
		else
			page.unread++;
	}
	*ret_page = page;
	return ERR_OK;
}
