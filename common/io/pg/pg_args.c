/* pg_args.c: parameters of a statement */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "pg.h"
#include "rfc3339.h"

static_assert(RFC3339_BYTES <= sizeof(((struct pg_args *)0)->scratch[0]), "an instant must fit");

static int add(struct pg_args *args, const char *value, int length, int format)
{
	int place = args->count++;

	assert(place < PG_ARGS_MAX);
	args->values[place] = value;
	args->lengths[place] = length;
	args->formats[place] = format;
	return place;
}

void pg_arg_text(struct pg_args *args, const char *text)
{
	add(args, text, 0, 0);
}

void pg_arg_int(struct pg_args *args, int64_t value)
{
	int place = add(args, NULL, 0, 0);

	snprintf(args->scratch[place], sizeof(args->scratch[place]), "%" PRId64, value);
	args->values[place] = args->scratch[place];
}

void pg_arg_id(struct pg_args *args, int64_t id)
{
	if (id)
		pg_arg_int(args, id);
	else
		add(args, NULL, 0, 0);
}

void pg_arg_instant(struct pg_args *args, struct instant at)
{
	int place = add(args, NULL, 0, 0);

	if (instant_is_none(at))
		return;
	rfc3339_encode(at, args->scratch[place]);
	args->values[place] = args->scratch[place];
}

void pg_arg_bytes(struct pg_args *args, const void *bytes, size_t len)
{
	assert(len <= INT32_MAX);
	add(args, bytes, (int)len, 1); /* NULL is SQL NULL, also of no length */
}
