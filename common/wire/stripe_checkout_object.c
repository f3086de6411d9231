/* stripe_checkout_object.c: strict decoding of Checkout Sessions. */
#include "stripe_checkout_object.h"

#include <string.h>

#include "str.h"
#include "stripe_json.h"

/* Whose booking: only our own marks count, client_reference_id alone may be anybody's. */
static void read_marks(const json_t *object, struct checkout *checkout)
{
	const json_t *metadata = json_object_get(object, "metadata");

	checkout->booking_id = stripe_json_booking_id(metadata);
	stripe_json_optional(checkout->instance_id, sizeof checkout->instance_id,
			     json_object_get(metadata, "instance_id"));
}

/* What the expanded PaymentIntent tells besides its id. */
static enum err_kind read_expanded(const json_t *intent, struct checkout *checkout, struct err *err)
{
	const char *status = json_string_value(json_object_get(intent, "status"));
	const json_t *received = json_object_get(intent, "amount_received");
	const char *currency = json_string_value(json_object_get(intent, "currency"));
	const json_t *charge = json_object_get(intent, "latest_charge");

	if (!status)
		return stripe_json_bad(err, "payment_intent.status");
	checkout->payment_failed = str_eq(status, "requires_payment_method") || str_eq(status, "canceled");
	stripe_json_optional(checkout->charge_id, sizeof checkout->charge_id,
			     json_is_object(charge) ? json_object_get(charge, "id") : charge);
	if (!str_eq(status, "succeeded"))
		return ERR_OK;
	if (!json_is_integer(received) || json_integer_value(received) < 0)
		return stripe_json_bad(err, "payment_intent.amount_received");
	if (!currency || !money_currency_decode(currency, checkout->amount.currency))
		return stripe_json_bad(err, "payment_intent.currency");
	checkout->amount.minor = json_integer_value(received);
	if (!stripe_json_instant(json_object_get(intent, "created"), &checkout->captured_at))
		return stripe_json_bad(err, "payment_intent.created");
	return ERR_OK;
}

static enum err_kind read_payment(const json_t *object, struct checkout *checkout, struct err *err)
{
	const json_t *intent = json_object_get(object, "payment_intent");
	const json_t *id = json_is_object(intent) ? json_object_get(intent, "id") : intent;

	if (id && !json_is_null(id)
	    && !stripe_json_word(checkout->payment_intent, sizeof checkout->payment_intent, id))
		return stripe_json_bad(err, "payment_intent");
	if (json_is_object(intent) && read_expanded(intent, checkout, err))
		return ERR_REJECT;
	if (checkout->paid == CHECKOUT_PAID && !checkout->payment_intent[0])
		return stripe_json_bad(err, "payment_intent");
	return ERR_OK;
}

static enum err_kind read_total(const json_t *object, struct checkout *checkout, struct err *err)
{
	const json_t *total = json_object_get(object, "amount_total");
	const char *currency = json_string_value(json_object_get(object, "currency"));

	if (!json_is_integer(total) || json_integer_value(total) < 0)
		return stripe_json_bad(err, "amount_total");
	if (!currency || !money_currency_decode(currency, checkout->amount.currency))
		return stripe_json_bad(err, "currency");
	checkout->amount.minor = json_integer_value(total);
	return ERR_OK;
}

static enum err_kind read_states(const json_t *object, struct checkout *checkout, struct err *err)
{
	const char *status = json_string_value(json_object_get(object, "status"));
	const char *paid = json_string_value(json_object_get(object, "payment_status"));

	if (!status || !checkout_status_decode(status, &checkout->status))
		return stripe_json_bad(err, "status");
	if (!paid || !checkout_paid_decode(paid, &checkout->paid))
		return stripe_json_bad(err, "payment_status");
	if (!json_is_boolean(json_object_get(object, "livemode")))
		return stripe_json_bad(err, "livemode");
	checkout->is_live = json_is_true(json_object_get(object, "livemode"));
	if (!stripe_json_instant(json_object_get(object, "expires_at"), &checkout->expires_at))
		return stripe_json_bad(err, "expires_at");
	if (!stripe_json_instant(json_object_get(object, "created"), &checkout->created_at))
		return stripe_json_bad(err, "created");
	return ERR_OK;
}

static enum err_kind read_checkout(const json_t *object, struct checkout *ret_checkout, struct err *err)
{
	const char *type = json_string_value(json_object_get(object, "object"));
	struct checkout checkout = {.captured_at = INSTANT_NONE};

	if (!type || !str_eq(type, "checkout.session"))
		return stripe_json_bad(err, "object");
	if (!stripe_json_word(checkout.id, sizeof checkout.id, json_object_get(object, "id"))
	    || !checkout_id_is_valid(checkout.id))
		return stripe_json_bad(err, "id");
	stripe_json_optional(checkout.url, sizeof checkout.url, json_object_get(object, "url"));
	if (read_states(object, &checkout, err) || read_total(object, &checkout, err)
	    || read_payment(object, &checkout, err))
		return ERR_REJECT;
	read_marks(object, &checkout);
	*ret_checkout = checkout;
	return ERR_OK;
}

enum err_kind stripe_checkout_decode(const char *bytes, size_t len, struct checkout *ret_checkout,
				     struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);

	return kind ? kind : read_checkout(root, ret_checkout, err);
}

/* A list of a whole account holds other people's checkouts too: what does not read is left out, unless it names our booking. */
enum err_kind stripe_checkout_page_decode(const char *bytes, size_t len, struct arena *arena,
					  struct stripe_checkout_page *ret_page, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);
	struct stripe_checkout_page page = {0};
	struct stripe_json_list list;

	if (kind || stripe_json_list(root, arena, &list, err))
		return ERR_REJECT;
	page.has_more = list.has_more;
	page.last_id = list.last_id;
	page.checkouts = arena_alloc(arena, (list.count + 1) * sizeof *page.checkouts);
	if (!page.checkouts)
		return err_set(err, ERR_REJECT, "too_large", "%zu checkouts do not fit", list.count);
	for (size_t i = 0; i < list.count; i++) {
		const json_t *object = json_array_get(list.data, i);

		if (read_checkout(object, &page.checkouts[page.count], err) == ERR_OK)
			page.count++;
		else if (stripe_json_booking_id(json_object_get(object, "metadata")))
			return err_while(err, "checkout %zu of the list", i);
	}
	*ret_page = page;
	return ERR_OK;
}
