#include "import_fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "booking.h"
#include "checkout.h"
#include "mail.h"
#include "money.h"
#include "rfc3339.h"
#include "str.h"

static enum err_kind bad(const struct import_field *field, struct err *err, const char *must)
{
	return err_set(err, ERR_REJECT, "bad_field", "%s: must be %s", field->name, must);
}

static bool has_control(const char *text, bool breaks_are_fine)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 && !(breaks_are_fine && strchr("\t\r\n", *text)))
			return true;
		if (*text == 0x7f)
			return true;
	}
	return false;
}

/* One of the prefixes, then letters, digits and '_' only, as every id of Stripe's. */
static bool is_stripe_id(const char *text, const char *prefixes)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

	if (text[strspn(text, plain)])
		return false;
	while (*prefixes) {
		size_t len = strcspn(prefixes, " ");

		if (strncmp(text, prefixes, len) == 0)
			return text[len] != '\0';
		prefixes += len + strspn(prefixes + len, " ");
	}
	return false;
}

static bool is_url(const char *text)
{
	size_t scheme = str_starts(text, "https://") ? 8 : str_starts(text, "http://") ? 7 : 0;

	return scheme && text[scheme] && !strchr(text, ' ') && str_is_printable(text);
}

/* NULL: the text fits its field; else what it must be. */
static const char *fault_of(const struct import_field *field, const char *text)
{
	switch (field->type) {
	case FIELD_LINE:
		return has_control(text, false) ? "one line without control characters" : NULL;
	case FIELD_TEXT:
		return has_control(text, true) ? "text without control characters" : NULL;
	case FIELD_EMAIL:
		return mail_address_is_valid(text) ? NULL : "a mail address";
	case FIELD_URL:
		return is_url(text) ? NULL : "an http or https address";
	case FIELD_CHECKOUT:
		return checkout_id_is_valid(text) ? NULL : "the id of a Checkout Session (cs_...)";
	case FIELD_STRIPE:
		return is_stripe_id(text, field->prefixes) ? NULL : "an id of Stripe's";
	case FIELD_JSON:
	case FIELD_INT:
	case FIELD_MINUTES:
	case FIELD_BOOL:
	case FIELD_CURRENCY:
	case FIELD_TIME:
	case FIELD_CAUSE:
		break;
	}
	return NULL;
}

static enum err_kind no_memory(struct err *err)
{
	return err_set(err, ERR_RETRY, "no_memory", "a line does not fit its arena");
}

static enum err_kind take_text(const struct import_field *field, const char *text, struct arena *arena,
			       void *place, struct err *err)
{
	const char *must = fault_of(field, text);
	const char *copy;

	if ((int64_t)strlen(text) > field->max)
		return err_set(err, ERR_REJECT, "bad_field", "%s: is longer than %" PRId64 " bytes",
			       field->name, field->max);
	if (must && field->type == FIELD_STRIPE)
		return err_set(err, ERR_REJECT, "bad_field", "%s: must be an id of Stripe's (%s)",
			       field->name, field->prefixes);
	if (must)
		return bad(field, err, must);
	copy = arena_strdup(arena, text);
	if (!copy)
		return no_memory(err);
	memcpy(place, &copy, sizeof(copy));
	return ERR_OK;
}

/* Any value at all, so that a status that is none can be told and counted. */
static enum err_kind take_json(const struct import_field *field, const json_t *value, struct arena *arena,
			       void *place, struct err *err)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	const char *copy = text ? arena_strndup(arena, text, (size_t)field->max) : NULL;

	free(text);
	if (!copy)
		return no_memory(err);
	memcpy(place, &copy, sizeof(copy));
	return ERR_OK;
}

static enum err_kind take_number(const struct import_field *field, const json_t *value, void *place,
				 struct err *err)
{
	int64_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < field->min || number > field->max)
		return err_set(err, ERR_REJECT, "bad_field",
			       "%s: must be a whole number from %" PRId64 " to %" PRId64, field->name,
			       field->min, field->max);
	if (field->type == FIELD_MINUTES)
		number *= 60;
	memcpy(place, &number, sizeof(number));
	return ERR_OK;
}

/* What stands as a text in JSON and as something else in the struct. */
static enum err_kind take_word(const struct import_field *field, const char *text, void *place,
			       struct err *err)
{
	if (field->type == FIELD_CURRENCY)
		return money_currency_decode(text, place) ? ERR_OK
							  : bad(field, err, "a currency of three letters");
	if (field->type == FIELD_TIME)
		return rfc3339_decode(text, place)
			       ? ERR_OK
			       : bad(field, err, "a time with its offset, as 2026-12-31T16:00:00Z");
	if (!cancel_cause_decode(text, place))
		return bad(field, err,
			   "parent, teacher, admin, payment_cancelled, checkout_expired, checkout_failed,"
			   " amount_mismatch or too_late_to_pay");
	return ERR_OK;
}

static enum err_kind take(const struct import_field *field, const json_t *value, struct arena *arena,
			  void *place, struct err *err)
{
	switch (field->type) {
	case FIELD_JSON:
		return take_json(field, value, arena, place, err);
	case FIELD_INT:
	case FIELD_MINUTES:
		return take_number(field, value, place, err);
	case FIELD_BOOL:
		if (!json_is_boolean(value))
			return bad(field, err, "true or false");
		*(bool *)place = json_is_true(value);
		return ERR_OK;
	case FIELD_CURRENCY:
	case FIELD_TIME:
	case FIELD_CAUSE:
		return json_is_string(value) ? take_word(field, json_string_value(value), place, err)
					     : bad(field, err, "a text");
	case FIELD_LINE:
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_URL:
	case FIELD_CHECKOUT:
	case FIELD_STRIPE:
		break;
	}
	return json_is_string(value) ? take_text(field, json_string_value(value), arena, place, err)
				     : bad(field, err, "a text");
}

static bool is_absent(const struct import_field *field, const json_t *value)
{
	if (field->type == FIELD_JSON)
		return !value;
	return !value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static bool is_known(const struct import_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->fields[i].name, name) == 0)
			return true;
	}
	return str_eq(name, table->others[0]) || str_eq(name, table->others[1]);
}

static enum err_kind check_names(json_t *object, const struct import_table *table, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (is_known(table, name))
			continue;
		if (strlen(name) <= 64 && str_is_printable(name))
			return err_set(err, ERR_REJECT, "unknown_field", "%s: there is no such field", name);
		return err_set(err, ERR_REJECT, "unknown_field", "a field has an unknown, odd name");
	}
	return ERR_OK;
}

enum err_kind import_fields_decode(json_t *object, const struct import_table *table, struct arena *arena,
				   void *ret, struct err *err)
{
	if (check_names(object, table, err))
		return err->kind;
	for (size_t i = 0; i < table->count; i++) {
		const struct import_field *field = &table->fields[i];
		const json_t *value = json_object_get(object, field->name);

		if (!is_absent(field, value)) {
			if (take(field, value, arena, (char *)ret + field->offset, err))
				return err->kind;
		} else if (field->required) {
			return err_set(err, ERR_REJECT, "missing_field", "%s: is required", field->name);
		}
	}
	return ERR_OK;
}
