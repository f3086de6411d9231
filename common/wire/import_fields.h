/* import_fields.h: the fields of a JSON object as a table, decoded into a struct. Inside wire only. */
#ifndef IMPORT_FIELDS_H
#define IMPORT_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"

enum import_field_type {
	FIELD_LINE,     /* const char *: text without control characters */
	FIELD_TEXT,     /* const char *: the same with line breaks and tabs */
	FIELD_EMAIL,    /* const char * */
	FIELD_URL,      /* const char *: https or http, printable ASCII */
	FIELD_CHECKOUT, /* const char *: the id of a Checkout Session */
	FIELD_STRIPE,   /* const char *: an id of Stripe's with one of the prefixes */
	FIELD_JSON,     /* const char *: any value, as compact JSON, cut after max bytes */
	FIELD_INT,      /* int64_t */
	FIELD_MINUTES,  /* int64_t: whole minutes become seconds */
	FIELD_BOOL,     /* bool */
	FIELD_CURRENCY, /* char[4] */
	FIELD_TIME,     /* struct instant: RFC 3339 */
	FIELD_CAUSE,    /* enum cancel_cause */
};

struct import_field {
	const char *name;
	enum import_field_type type;
	bool required;
	size_t offset;        /* in the struct */
	int64_t min, max;     /* of a number, or of a text's bytes */
	const char *prefixes; /* FIELD_STRIPE: "re_ pyr_" */
};

struct import_table {
	const struct import_field *fields;
	size_t count;
	const char *others[2]; /* fields that the caller reads; NULL: none */
};

/* Decode object into *ret, which holds the defaults: what is not there, null or "" leaves them. Texts in the arena.
 * Errors ERR_REJECT unknown_field, missing_field, bad_field, with the field in front of the message; ERR_RETRY no_memory. */
enum err_kind import_fields_decode(json_t *object, const struct import_table *table, struct arena *arena,
				   void *ret, struct err *err) MUST_CHECK;

#endif
