/* stripe_object.c: strict decoding of Stripe's objects with jansson. */
#include "stripe_object.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "str.h"
#include "stripe_json.h"

/* Our own marks; a refund made by hand has none of them, or somebody else's. */
static void read_metadata(const json_t *metadata, struct stripe_refund *refund)
{
	const char *generation = json_string_value(json_object_get(metadata, "generation"));
	int64_t number = 0;

	stripe_json_optional(refund->refund_id, sizeof refund->refund_id,
			     json_object_get(metadata, "refund_id"));
	if (refund->refund_id[0] && generation && str_to_int64(generation, &number) && number >= 1
	    && number <= INT_MAX)
		refund->generation = (int)number;
}

/* Whose money: the PaymentIntent, or the charge where the refund has no PaymentIntent or where we asked
 * by charge. */
static enum err_kind read_source(const json_t *object, const char *of, struct stripe_refund *refund,
				 struct err *err)
{
	const char *intent = json_string_value(json_object_get(object, "payment_intent"));
	const char *charge = json_string_value(json_object_get(object, "charge"));
	const char *source = intent ? intent : charge;

	if (!source)
		return stripe_json_bad(err, "payment_intent");
	if (of && !(intent && str_eq(intent, of)) && !(charge && str_eq(charge, of)))
		return err_set(err, ERR_REJECT, "not_ours", "refund of another payment");
	if (!str_copy(refund->payment_intent, sizeof refund->payment_intent, of ? of : source))
		return stripe_json_bad(err, "payment_intent");
	return ERR_OK;
}

static enum err_kind read_refund(const json_t *object, const char *of, struct stripe_refund *ret_refund,
				 struct err *err)
{
	const json_t *amount = json_object_get(object, "amount");
	const json_t *created = json_object_get(object, "created");
	const char *currency = json_string_value(json_object_get(object, "currency"));
	const char *status = json_string_value(json_object_get(object, "status"));
	const char *type = json_string_value(json_object_get(object, "object"));
	const json_t *card = json_object_get(json_object_get(object, "destination_details"), "card");
	struct stripe_refund refund = {0};

	if (!type || !str_eq(type, "refund"))
		return stripe_json_bad(err, "object");
	if (!stripe_json_word(refund.id, sizeof refund.id, json_object_get(object, "id")))
		return stripe_json_bad(err, "id");
	if (!json_is_integer(amount) || json_integer_value(amount) <= 0)
		return stripe_json_bad(err, "amount");
	if (!currency || !money_currency_decode(currency, refund.amount.currency))
		return stripe_json_bad(err, "currency");
	if (!status || !stripe_refund_status_decode(status, &refund.status))
		return stripe_json_bad(err, "status");
	if (!json_is_integer(created) || json_integer_value(created) < 0
	    || json_integer_value(created) > INT64_MAX / 1000000)
		return stripe_json_bad(err, "created");
	if (read_source(object, of, &refund, err))
		return ERR_REJECT;
	refund.amount.minor = json_integer_value(amount);
	refund.created_at.us = json_integer_value(created) * 1000000;
	stripe_json_optional(refund.failure_reason, sizeof refund.failure_reason,
			     json_object_get(object, "failure_reason"));
	stripe_json_optional(refund.reference, sizeof refund.reference, json_object_get(card, "reference"));
	read_metadata(json_object_get(object, "metadata"), &refund);
	*ret_refund = refund;
	return ERR_OK;
}

enum err_kind stripe_refund_decode(const char *bytes, size_t len, const char *of,
				   struct stripe_refund *ret_refund, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);

	return kind ? kind : read_refund(root, of, ret_refund, err);
}

/* Somebody else's refund, in a list of the whole account. */
static bool may_be_left_out(const json_t *object, const char *of)
{
	return !of && !json_object_get(json_object_get(object, "metadata"), "refund_id");
}

enum err_kind stripe_refund_page_decode(const char *bytes, size_t len, const char *of, struct arena *arena,
					struct stripe_refund_page *ret_page, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);
	struct stripe_refund_page page = {0};
	struct stripe_json_list list;

	if (kind || stripe_json_list(root, arena, &list, err))
		return ERR_REJECT;
	page.has_more = list.has_more;
	page.last_id = list.last_id;
	page.refunds = arena_alloc(arena, (list.count + 1) * sizeof *page.refunds);
	if (!page.refunds)
		return err_set(err, ERR_REJECT, "too_large", "%zu refunds do not fit", list.count);
	for (size_t i = 0; i < list.count; i++) {
		const json_t *object = json_array_get(list.data, i);

		if (read_refund(object, of, &page.refunds[page.count], err) == ERR_OK)
			page.count++;
		else if (may_be_left_out(object, of))
			page.unread++;
		else
			return err_while(err, "refund %zu of the list", i);
	}
	*ret_page = page;
	return ERR_OK;
}

enum err_kind stripe_error_decode(const char *bytes, size_t len, struct stripe_error *ret_error,
				  struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);
	struct stripe_error error = {0};
	const json_t *object;

	if (kind)
		return kind;
	object = json_object_get(root, "error");
	if (!json_is_object(object))
		return stripe_json_bad(err, "error");
	stripe_json_optional(error.type, sizeof error.type, json_object_get(object, "type"));
	stripe_json_optional(error.code, sizeof error.code, json_object_get(object, "code"));
	stripe_json_optional(error.param, sizeof error.param, json_object_get(object, "param"));
	*ret_error = error;
	return ERR_OK;
}
