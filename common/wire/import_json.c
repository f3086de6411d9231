#include "import_json.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "import_fields.h"
#include "import_load.h"
#include "str.h"

#define MINUTES_MAX       527040 /* 366 days */
#define DAY_MINUTES       1440
#define AMOUNT_MINOR_MAX  INT64_C(999999999999) /* twelve digits, the most that Stripe takes in any currency */
#define ID_MAX            INT64_C(9007199254740991) /* what every JSON reader holds exactly */
#define NAME_BYTES_MAX    200
#define TEXT_BYTES_MAX    2000
#define URL_BYTES_MAX     2000
#define SUBJECT_BYTES_MAX 255

#define REQUIRED true
#define OPTIONAL false

#define AT(type, member) offsetof(struct type, member)
#define FIELD(title, kind, must, place, low, high)                                                  \
	{                                                                                           \
		.name = title, .type = FIELD_##kind, .required = must, .offset = place, .min = low, \
		.max = high                                                                         \
	}
#define STRIPE_ID(title, must, place, words)                                                      \
	{                                                                                         \
		.name = title, .type = FIELD_STRIPE, .required = must, .offset = place, .min = 4, \
		.max = 255, .prefixes = words                                                     \
	}

static const struct import_field user_fields[] = {
	FIELD("subject", LINE, REQUIRED, AT(import_user, subject), 1, SUBJECT_BYTES_MAX),
	FIELD("email", EMAIL, OPTIONAL, AT(import_user, email), 1, 254),
	FIELD("name", LINE, OPTIONAL, AT(import_user, name), 1, NAME_BYTES_MAX),
	FIELD("timeZone", LINE, OPTIONAL, AT(import_user, zone), 1, 64),
	FIELD("locale", LINE, OPTIONAL, AT(import_user, locale), 1, 35),
	FIELD("guardian", LINE, OPTIONAL, AT(import_user, guardian), 1, SUBJECT_BYTES_MAX),
};

static const struct import_field offer_fields[] = {
	FIELD("id", INT, REQUIRED, AT(import_offer, id), 1, ID_MAX),
	FIELD("teacher", LINE, REQUIRED, AT(import_offer, teacher), 1, SUBJECT_BYTES_MAX),
	FIELD("title", LINE, REQUIRED, AT(import_offer, title), 1, NAME_BYTES_MAX),
	FIELD("durationMinutes", MINUTES, REQUIRED, AT(import_offer, duration_s), 1, DAY_MINUTES),
	FIELD("amountMinor", INT, REQUIRED, AT(import_offer, price.minor), 0, AMOUNT_MINOR_MAX),
	FIELD("currency", CURRENCY, REQUIRED, AT(import_offer, price.currency), 3, 3),
	FIELD("cancelNoticeMinutes", MINUTES, OPTIONAL, AT(import_offer, cancel_notice_s), 0, MINUTES_MAX),
	FIELD("minNoticeMinutes", MINUTES, OPTIONAL, AT(import_offer, min_notice_s), 0, MINUTES_MAX),
	FIELD("active", BOOL, OPTIONAL, AT(import_offer, active), 0, 1),
};

static const struct import_field booking_fields[] = {
	FIELD("id", INT, OPTIONAL, AT(import_booking, id), 1, ID_MAX),
	FIELD("parent", LINE, REQUIRED, AT(import_booking, parent), 1, SUBJECT_BYTES_MAX),
	FIELD("student", LINE, OPTIONAL, AT(import_booking, student), 1, SUBJECT_BYTES_MAX),
	FIELD("teacher", LINE, REQUIRED, AT(import_booking, teacher), 1, SUBJECT_BYTES_MAX),
	FIELD("offer", INT, OPTIONAL, AT(import_booking, offer_id), 1, ID_MAX),
	FIELD("title", LINE, REQUIRED, AT(import_booking, title), 1, NAME_BYTES_MAX),
	FIELD("scheduledDateTime", TIME, REQUIRED, AT(import_booking, starts_at), 0, 0),
	FIELD("durationMinutes", MINUTES, REQUIRED, AT(import_booking, duration_s), 1, DAY_MINUTES),
	FIELD("status", JSON, OPTIONAL, AT(import_booking, status), 0, 60),
	FIELD("amountMinor", INT, REQUIRED, AT(import_booking, price.minor), 0, AMOUNT_MINOR_MAX),
	FIELD("currency", CURRENCY, REQUIRED, AT(import_booking, price.currency), 3, 3),
	FIELD("cancelNoticeMinutes", MINUTES, OPTIONAL, AT(import_booking, cancel_notice_s), 0, MINUTES_MAX),
	FIELD("notes", TEXT, OPTIONAL, AT(import_booking, notes), 1, TEXT_BYTES_MAX),
	FIELD("stripeSessionId", CHECKOUT, OPTIONAL, AT(import_booking, stripe_session_id), 4, 203),
	FIELD("checkoutUrl", URL, OPTIONAL, AT(import_booking, checkout_url), 1, URL_BYTES_MAX),
	FIELD("holdExpiresAt", TIME, OPTIONAL, AT(import_booking, hold_expires_at), 0, 0),
	FIELD("createdAt", TIME, REQUIRED, AT(import_booking, created_at), 0, 0),
	FIELD("cancelledAt", TIME, OPTIONAL, AT(import_booking, cancelled_at), 0, 0),
	FIELD("cancelCause", CAUSE, OPTIONAL, AT(import_booking, cancel_cause), 1, 64),
	FIELD("cancelledBy", LINE, OPTIONAL, AT(import_booking, cancelled_by), 1, SUBJECT_BYTES_MAX),
	FIELD("cancellationReason", TEXT, OPTIONAL, AT(import_booking, cancellation_reason), 1,
	      TEXT_BYTES_MAX),
	FIELD("googleMeetLink", URL, OPTIONAL, AT(import_booking, meeting_url), 1, URL_BYTES_MAX),
};

static const struct import_field payment_fields[] = {
	STRIPE_ID("paymentIntent", REQUIRED, AT(import_payment, payment_intent), "pi_"),
	STRIPE_ID("chargeId", OPTIONAL, AT(import_payment, charge_id), "ch_ py_"),
	FIELD("amountMinor", INT, REQUIRED, AT(import_payment, amount.minor), 1, AMOUNT_MINOR_MAX),
	FIELD("currency", CURRENCY, REQUIRED, AT(import_payment, amount.currency), 3, 3),
	FIELD("capturedAt", TIME, REQUIRED, AT(import_payment, captured_at), 0, 0),
	STRIPE_ID("refundId", OPTIONAL, AT(import_payment, refund_id), "re_ pyr_"),
	FIELD("refundReference", LINE, OPTIONAL, AT(import_payment, refund_reference), 1, NAME_BYTES_MAX),
	FIELD("refundedAt", TIME, OPTIONAL, AT(import_payment, refunded_at), 0, 0),
};

#define TABLE(fields, ...)                                    \
	{                                                     \
		fields, sizeof(fields) / sizeof((fields)[0]), \
		{                                             \
			__VA_ARGS__                           \
		}                                             \
	}

static const struct import_table user_table = TABLE(user_fields, "kind");
static const struct import_table offer_table = TABLE(offer_fields, "kind");
static const struct import_table booking_table = TABLE(booking_fields, "kind", "payments");
static const struct import_table payment_table = TABLE(payment_fields, NULL);

static enum err_kind decode_payments(json_t *root, struct arena *arena, struct import_booking *booking,
				     struct err *err)
{
	const json_t *array = json_object_get(root, "payments");
	size_t count = json_array_size(array);
	struct import_payment *payments;

	if (!array || json_is_null(array))
		return ERR_OK;
	if (!json_is_array(array) || count > IMPORT_PAYMENTS_MAX)
		return err_set(err, ERR_REJECT, "bad_field",
			       "payments: must be an array of at most %d objects", IMPORT_PAYMENTS_MAX);
	payments = arena_alloc(arena, (count + 1) * sizeof(*payments));
	if (!payments)
		return err_set(err, ERR_RETRY, "no_memory", "a line does not fit its arena");
	for (size_t i = 0; i < count; i++) {
		payments[i] =
			(struct import_payment){.captured_at = INSTANT_NONE, .refunded_at = INSTANT_NONE};
		if (!json_is_object(json_array_get(array, i)))
			return err_set(err, ERR_REJECT, "bad_field", "payments[%zu]: must be an object", i);
		if (import_fields_decode(json_array_get(array, i), &payment_table, arena, &payments[i], err))
			return err_while(err, "payments[%zu]", i);
	}
	booking->payment_count = (int)count;
	booking->payments = payments;
	return ERR_OK;
}

static enum err_kind decode_booking(json_t *root, struct arena *arena, struct import_booking *booking,
				    struct err *err)
{
	*booking = (struct import_booking){.cancel_notice_s = 24 * 3600,
					   .status = "",
					   .hold_expires_at = INSTANT_NONE,
					   .cancelled_at = INSTANT_NONE};
	if (import_fields_decode(root, &booking_table, arena, booking, err))
		return err->kind;
	return decode_payments(root, arena, booking, err);
}

static enum err_kind decode_kind(json_t *root, struct arena *arena, struct import_line *line, struct err *err)
{
	switch (line->kind) {
	case IMPORT_USER:
		line->user = (struct import_user){0};
		return import_fields_decode(root, &user_table, arena, &line->user, err);
	case IMPORT_OFFER:
		line->offer = (struct import_offer){
			.cancel_notice_s = 24 * 3600, .min_notice_s = 3600, .active = true};
		return import_fields_decode(root, &offer_table, arena, &line->offer, err);
	case IMPORT_BOOKING:
		return decode_booking(root, arena, &line->booking, err);
	case IMPORT_UNKNOWN:
		break;
	}
	return err_set(err, ERR_REJECT, "unknown_kind", "kind: must be \"user\", \"offer\" or \"booking\"");
}

/* What the line is about, as far as it can be told. */
static enum err_kind read_key(const json_t *root, struct arena *arena, struct import_line *line,
			      struct err *err)
{
	const char *kind = json_string_value(json_object_get(root, "kind"));
	const json_t *id = json_object_get(root, "id");
	const char *subject = json_string_value(json_object_get(root, "subject"));

	if (str_eq(kind, "user"))
		line->kind = IMPORT_USER;
	else if (str_eq(kind, "offer"))
		line->kind = IMPORT_OFFER;
	else if (str_eq(kind, "booking"))
		line->kind = IMPORT_BOOKING;
	if (line->kind == IMPORT_USER && subject && subject[0] && strlen(subject) <= SUBJECT_BYTES_MAX) {
		line->subject = arena_strdup(arena, subject);
		if (!line->subject)
			return err_set(err, ERR_RETRY, "no_memory", "a line does not fit its arena");
	}
	if ((line->kind == IMPORT_OFFER || line->kind == IMPORT_BOOKING) && json_integer_value(id) > 0
	    && json_integer_value(id) <= ID_MAX)
		line->id = json_integer_value(id);
	return ERR_OK;
}

enum err_kind import_line_decode(const char *bytes, size_t len, struct arena *arena,
				 struct import_line *ret_line, struct err *err)
{
	char odd_status[IMPORT_ODD_BYTES];
	enum err_kind kind;
	json_t *root;

	*ret_line = (struct import_line){.kind = IMPORT_UNKNOWN};
	if (len > IMPORT_LINE_BYTES_MAX)
		return err_set(err, ERR_REJECT, "too_long", "the line is longer than %d bytes",
			       IMPORT_LINE_BYTES_MAX);
	if (!str_is_utf8(bytes, len))
		return err_set(err, ERR_REJECT, "bad_utf8", "the line is not UTF-8");
	if (import_load(bytes, len, &root, odd_status, err))
		return err->kind;
	kind = read_key(root, arena, ret_line, err);
	if (!kind)
		kind = decode_kind(root, arena, ret_line, err);
	json_decref(root);
	if (!kind && odd_status[0] && ret_line->kind == IMPORT_BOOKING) {
		ret_line->booking.status = arena_strdup(arena, odd_status);
		if (!ret_line->booking.status)
			return err_set(err, ERR_RETRY, "no_memory", "a line does not fit its arena");
	}
	return kind;
}
