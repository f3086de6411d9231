#include "settlement.h"

#include <string.h>
#include <strings.h>

/* The locale of a service is "C". */
static const char word_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

/* In any case, so that one that was copied wrongly is not taken for a word. */
static bool looks_like_id(const char *word, size_t len)
{
	static const char *const prefixes[] = {"re_", "pyr_", "dp_", "du_"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t prefix_len = strlen(prefixes[i]);

		if (len > prefix_len && strncasecmp(word, prefixes[i], prefix_len) == 0)
			return true;
	}
	return false;
}

/* The next word at or after text, *ret_len 0: none. */
static const char *next_word(const char *text, size_t *ret_len)
{
	text += strcspn(text, word_bytes);
	*ret_len = strspn(text, word_bytes);
	return text;
}

static const struct settlement_part *find(const struct settlement_case *about, const char *id, size_t len)
{
	for (size_t i = 0; i < about->count; i++) {
		const char *known = about->parts[i].id;

		if (strlen(known) == len && memcmp(known, id, len) == 0)
			return &about->parts[i];
	}
	return NULL;
}

static bool is_named(const struct settlement_case *about, const char *id)
{
	const char *word = about->reference;
	size_t len;

	for (word = next_word(word, &len); len; word = next_word(word + len, &len)) {
		if (strlen(id) == len && memcmp(id, word, len) == 0)
			return true;
	}
	return false;
}

/* *ret_says_more: something stands there beside ids. */
static void check_words(const struct settlement_case *about, struct settlement *ret, bool *ret_says_more)
{
	const char *word = about->reference;
	size_t len;

	*ret_says_more = false;
	for (word = next_word(word, &len); len; word = next_word(word + len, &len)) {
		const struct settlement_part *part = find(about, word, len);

		if (!part && !looks_like_id(word, len))
			*ret_says_more = *ret_says_more || strspn(word, "_") < len;
		if ((part && part->gave_back) || !looks_like_id(word, len) || ret->kind != SETTLEMENT_FINE)
			continue;
		ret->kind = part && part->dispute_status ? SETTLEMENT_UNFIT_DISPUTE : SETTLEMENT_UNKNOWN_ID;
		ret->part = part;
		ret->id = word;
		ret->id_len = (int)len;
	}
}

/* What gave back and stands nowhere in the reference: a dispute before a refund. */
static const struct settlement_part *find_unnamed(const struct settlement_case *about)
{
	const struct settlement_part *found = NULL;

	for (size_t i = 0; i < about->count; i++) {
		const struct settlement_part *part = &about->parts[i];

		if (part->gave_back && !is_named(about, part->id)
		    && (!found || part->dispute_status || !found->dispute_status))
			found = part;
	}
	return found;
}

static void add_up(const struct settlement_case *about, struct settlement *ret)
{
	ret->rest_minor = about->owed_minor;
	for (size_t i = 0; i < about->count; i++) {
		const struct settlement_part *part = &about->parts[i];

		if (!part->gave_back)
			continue;
		ret->rest_minor -= part->minor;
		if (is_named(about, part->id))
			ret->named_minor += part->minor;
	}
	if (ret->rest_minor < 0)
		ret->rest_minor = 0;
}

struct settlement settlement_check(const struct settlement_case *about)
{
	struct settlement ret = {.kind = SETTLEMENT_FINE};
	const struct settlement_part *unnamed;
	bool says_more;

	add_up(about, &ret);
	check_words(about, &ret, &says_more);
	if (ret.kind != SETTLEMENT_FINE)
		return ret;
	if (ret.rest_minor > 0) {
		ret.kind = says_more ? SETTLEMENT_FINE : SETTLEMENT_PART;
		return ret;
	}
	unnamed = find_unnamed(about);
	if (unnamed && (unnamed->dispute_status || says_more)) {
		ret.kind = SETTLEMENT_WHOLE;
		ret.part = unnamed;
	}
	return ret;
}
