/* stripe_object.c: strict decoding of Stripe's objects with jansson. */
#include "stripe_object.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "str.h"

#define REFUNDS_PER_PAGE_MAX 100

static void json_leave(json_t **value)
{
	json_decref(*value);
}
#define JSON_SCOPE __attribute__((cleanup(json_leave)))

/* Nesting, counted before the parser recurses into it (jansson's own limit is 2048). */
static bool is_shallow(const char *bytes, size_t len)
{
	bool in_text = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_text && bytes[i] == '\\')
			i++;
		else if (bytes[i] == '"')
			in_text = !in_text;
		else if (!in_text && (bytes[i] == '{' || bytes[i] == '['))
			depth++;
		else if (!in_text && (bytes[i] == '}' || bytes[i] == ']'))
			depth--;
		if (depth > STRIPE_DEPTH_MAX)
			return false;
	}
	return true;
}

static enum err_kind parse(const char *bytes, size_t len, json_t **ret_root, struct err *err)
{
	json_error_t why;
	json_t *root;

	if (len > STRIPE_BODY_BYTES_MAX)
		return err_set(err, ERR_REJECT, "too_large", "%zu bytes", len);
	if (!is_shallow(bytes, len))
		return err_set(err, ERR_REJECT, "not_json", "nested too deeply");
	root = json_loadb(len ? bytes : "", len, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(err, ERR_REJECT, "not_json", "line %d: %s", why.line, why.text);
	*ret_root = root;
	return ERR_OK;
}

static enum err_kind bad(struct err *err, const char *field)
{
	return err_set(err, ERR_REJECT, "bad_object", "%s", field);
}

/* Ids and words: printable, no space, and whole. */
static bool copy_word(char *dst, size_t cap, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || !text[0] || !str_is_printable(text) || strchr(text, ' ') || !str_copy(dst, cap, text)) {
		dst[0] = '\0';
		return false;
	}
	return true;
}

/* A word that need not be there: absent, null or unfit is "". */
static void copy_optional(char *dst, size_t cap, const json_t *value)
{
	if (!copy_word(dst, cap, value))
		dst[0] = '\0';
}

/* Our own marks; a refund made by hand has none of them, or somebody else's. */
static void read_metadata(const json_t *metadata, struct stripe_refund *refund)
{
	const char *generation = json_string_value(json_object_get(metadata, "generation"));
	int64_t number = 0;

	copy_optional(refund->refund_id, sizeof refund->refund_id, json_object_get(metadata, "refund_id"));
	if (refund->refund_id[0] && generation && str_to_int64(generation, &number) && number >= 1
	    && number <= INT_MAX)
		refund->generation = (int)number;
}

/* Whose money: the PaymentIntent, or the charge where the refund has no PaymentIntent or where we asked by charge. */
static enum err_kind read_source(const json_t *object, const char *of, struct stripe_refund *refund,
				 struct err *err)
{
	const char *intent = json_string_value(json_object_get(object, "payment_intent"));
	const char *charge = json_string_value(json_object_get(object, "charge"));
	const char *source = intent ? intent : charge;

	if (!source)
		return bad(err, "payment_intent");
	if (of && !(intent && str_eq(intent, of)) && !(charge && str_eq(charge, of)))
		return err_set(err, ERR_REJECT, "not_ours", "refund of another payment");
	if (!str_copy(refund->payment_intent, sizeof refund->payment_intent, of ? of : source))
		return bad(err, "payment_intent");
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
		return bad(err, "object");
	if (!copy_word(refund.id, sizeof refund.id, json_object_get(object, "id")))
		return bad(err, "id");
	if (!json_is_integer(amount) || json_integer_value(amount) <= 0)
		return bad(err, "amount");
	if (!currency || !money_currency_decode(currency, refund.amount.currency))
		return bad(err, "currency");
	if (!status || !stripe_refund_status_decode(status, &refund.status))
		return bad(err, "status");
	if (!json_is_integer(created) || json_integer_value(created) < 0
	    || json_integer_value(created) > INT64_MAX / 1000000)
		return bad(err, "created");
	if (read_source(object, of, &refund, err))
		return ERR_REJECT;
	refund.amount.minor = json_integer_value(amount);
	refund.created_at.us = json_integer_value(created) * 1000000;
	copy_optional(refund.failure_reason, sizeof refund.failure_reason,
		      json_object_get(object, "failure_reason"));
	copy_optional(refund.reference, sizeof refund.reference, json_object_get(card, "reference"));
	read_metadata(json_object_get(object, "metadata"), &refund);
	*ret_refund = refund;
	return ERR_OK;
}

enum err_kind stripe_refund_decode(const char *bytes, size_t len, const char *of,
				   struct stripe_refund *ret_refund, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = parse(bytes, len, &root, err);

	return kind ? kind : read_refund(root, of, ret_refund, err);
}

enum err_kind stripe_refund_page_decode(const char *bytes, size_t len, const char *of, struct arena *arena,
					struct stripe_refund_page *ret_page, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = parse(bytes, len, &root, err);
	const json_t *data, *has_more;
	struct stripe_refund *refunds;
	size_t count;

	if (kind)
		return kind;
	data = json_object_get(root, "data");
	has_more = json_object_get(root, "has_more");
	count = json_array_size(data);
	if (!json_is_array(data) || count > REFUNDS_PER_PAGE_MAX)
		return bad(err, "data");
	if (!json_is_boolean(has_more) || (json_is_true(has_more) && count == 0))
		return bad(err, "has_more");
	refunds = arena_alloc(arena, (count ? count : 1) * sizeof *refunds);
	if (!refunds)
		return err_set(err, ERR_REJECT, "too_large", "%zu refunds do not fit", count);
	for (size_t i = 0; i < count; i++) {
		kind = read_refund(json_array_get(data, i), of, &refunds[i], err);
		if (kind)
			return err_while(err, "refund %zu of the list", i);
	}
	*ret_page = (struct stripe_refund_page){
		.refunds = refunds, .count = count, .has_more = json_is_true(has_more)};
	return ERR_OK;
}

enum err_kind stripe_error_decode(const char *bytes, size_t len, struct stripe_error *ret_error,
				  struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = parse(bytes, len, &root, err);
	struct stripe_error error = {0};
	const json_t *object;

	if (kind)
		return kind;
	object = json_object_get(root, "error");
	if (!json_is_object(object))
		return bad(err, "error");
	copy_optional(error.type, sizeof error.type, json_object_get(object, "type"));
	copy_optional(error.code, sizeof error.code, json_object_get(object, "code"));
	*ret_error = error;
	return ERR_OK;
}
