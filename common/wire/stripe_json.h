/* stripe_json.h: reading Stripe's JSON strictly: what its decoders share. Private to this room. */
#ifndef STRIPE_JSON_H
#define STRIPE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "err.h"

void stripe_json_leave(json_t **value);
#define JSON_SCOPE __attribute__((cleanup(stripe_json_leave)))

/* Refuses ERR_REJECT too_large, not_json (also: nested too deeply, duplicate keys). */
enum err_kind stripe_json_parse(const char *bytes, size_t len, json_t **ret_root, struct err *err) MUST_CHECK;

/* ERR_REJECT bad_object. */
enum err_kind stripe_json_bad(struct err *err, const char *field);

/* Ids and words: printable, no space, and whole. False, and dst is "", for anything else. */
bool stripe_json_word(char *dst, size_t cap, const json_t *value);

/* A word that need not be there: absent, null or unfit is "". */
void stripe_json_optional(char *dst, size_t cap, const json_t *value);

/* Seconds since the epoch. */
bool stripe_json_instant(const json_t *value, struct instant *ret_at) MUST_CHECK;

/* Our own marks on an object: the booking's id (0: none, or no id) and whose it is ("": nobody's). */
int64_t stripe_json_booking_id(const json_t *metadata);

/* What every list of Stripe's has. */
struct stripe_json_list {
	const json_t *data; /* an array, borrowed from root */
	size_t count;       /* at most STRIPE_JSON_LIST_MAX */
	bool has_more;
	const char *last_id; /* in the arena: where the next page begins; NULL: the page is empty */
};
#define STRIPE_JSON_LIST_MAX 100
/* ERR_REJECT bad_object: data (no list, or too long), has_more (no next page can begin anywhere). */
enum err_kind stripe_json_list(const json_t *root, struct arena *arena, struct stripe_json_list *ret_list,
			       struct err *err) MUST_CHECK;

/* An object again as JSON, in the arena; NULL when it is no object or does not fit. */
char *stripe_json_dump(const json_t *object, struct arena *arena);

#endif
