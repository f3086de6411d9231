/* token_claims.c: the payload of a token whose signature was found good */
#include <jansson.h>
#include <string.h>

#include "booking.h"
#include "json_strict.h"
#include "mail.h"
#include "str.h"
#include "token.h"

#define SUBJECT_BYTES_MAX 255
#define NAME_BYTES_MAX    200
#define SECONDS_MAX       100000000000 /* far beyond any date that matters, far below overflow */

static enum err_kind bad(struct err *err, const char *why)
{
	err_set(err, ERR_REJECT, "bad_token", "%s", why);
	return ERR_REJECT;
}

/* A NumericDate must be an integer here: 1.5, "1" and 1e9 are refused. Absent: *ret_s stays. */
static bool read_seconds(json_t *claims, const char *name, int64_t *ret_s, bool *ret_there)
{
	json_t *value = json_object_get(claims, name);

	*ret_there = value != NULL;
	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0
	    || json_integer_value(value) > SECONDS_MAX)
		return false;
	*ret_s = json_integer_value(value);
	return true;
}

static enum err_kind check_times(json_t *claims, const struct token_rules *rules, struct instant now,
				 struct instant *ret_expires, struct err *err)
{
	int64_t now_s = now.us / 1000000, exp_s = 0, nbf_s = 0, iat_s = 0;
	bool has_exp, has_nbf, has_iat;

	if (!read_seconds(claims, "exp", &exp_s, &has_exp) || !has_exp)
		return bad(err, "exp is missing or no integer");
	if (!read_seconds(claims, "nbf", &nbf_s, &has_nbf) || !read_seconds(claims, "iat", &iat_s, &has_iat))
		return bad(err, "nbf or iat is no integer");
	if (exp_s + rules->leeway_s <= now_s)
		return bad(err, "expired");
	if (exp_s > now_s + rules->max_age_s + rules->leeway_s)
		return bad(err, "exp lies too far ahead");
	if (nbf_s > now_s + rules->leeway_s || iat_s > now_s + rules->leeway_s)
		return bad(err, "not valid yet");
	*ret_expires = (struct instant){exp_s * 1000000};
	return ERR_OK;
}

/* value is want, or an array that holds it. */
static bool names(json_t *value, const char *want)
{
	json_t *item;
	size_t i;

	if (json_is_string(value))
		return strcmp(json_string_value(value), want) == 0;
	json_array_foreach(value, i, item) if (json_is_string(item)
					       && strcmp(json_string_value(item), want) == 0) return true;
	return false;
}

static enum err_kind check_parties(json_t *claims, const struct token_rules *rules, struct err *err)
{
	json_t *issuer = json_object_get(claims, "iss");

	if (rules->issuer
	    && (!json_is_string(issuer) || strcmp(json_string_value(issuer), rules->issuer) != 0))
		return bad(err, "another issuer");
	if (rules->audience && !names(json_object_get(claims, "aud"), rules->audience))
		return bad(err, "another audience");
	return ERR_OK;
}

static bool add_role(const char *word, unsigned *roles)
{
	static const struct {
		const char *word;
		enum role role;
	} known[] = {
		{"Parent", ROLE_PARENT},   {"Mentee", ROLE_PARENT},   {"Teacher", ROLE_TEACHER},
		{"Mentor", ROLE_TEACHER},  {"Student", ROLE_STUDENT}, {"Admin", ROLE_ADMIN},
		{"Support", ROLE_SUPPORT},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_ieq(word, known[i].word))
			*roles |= (unsigned)known[i].role;
	return true;
}

/* One claim of roles: a string or an array of strings. */
static bool read_roles(json_t *value, unsigned *roles)
{
	json_t *item;
	size_t i;

	if (!value)
		return true;
	if (json_is_string(value))
		return add_role(json_string_value(value), roles);
	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, item) if (!json_is_string(item)
					       || !add_role(json_string_value(item), roles)) return false;
	return true;
}

static bool is_plain_text(const char *text, size_t max_bytes)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len > 0 && len <= max_bytes;
}

/* The first of names (NULL-terminated) that is there; *ret_bad when it is there but is no plain string. */
static const char *read_text(json_t *claims, const char *const *wanted, size_t max_bytes, bool *ret_bad)
{
	for (; *wanted; wanted++) {
		json_t *value = json_object_get(claims, *wanted);

		if (!value)
			continue;
		if (json_is_string(value) && is_plain_text(json_string_value(value), max_bytes))
			return json_string_value(value);
		*ret_bad = true;
		return NULL;
	}
	return NULL;
}

#define SOAP "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
static const char *const subject_names[] = {"sub", "nameid", SOAP "nameidentifier", NULL};
static const char *const email_names[] = {"email", SOAP "emailaddress", NULL};
static const char *const name_names[] = {"name", "unique_name", SOAP "name", NULL};
static const char *const zone_names[] = {"zoneinfo", NULL};
static const char *const locale_names[] = {"locale", NULL};
static const char *const role_names[] = {"role", "roles",
					 "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"};

/* What only helps to create a user; a value that cannot be used counts as absent. */
static void read_person(json_t *claims, struct arena *arena, struct token_claims *ret)
{
	const char *email, *zone;
	bool ignored = false;

	email = read_text(claims, email_names, 254, &ignored);
	ret->email = email && mail_address_is_valid(email) ? arena_strdup(arena, email) : NULL;
	ret->name = arena_strdup(arena, read_text(claims, name_names, NAME_BYTES_MAX, &ignored));
	zone = read_text(claims, zone_names, 64, &ignored);
	ret->zone = arena_strdup(arena, zone);
	ret->locale = arena_strdup(arena, read_text(claims, locale_names, 35, &ignored));
}

static enum err_kind read_claims(json_t *claims, const struct token_rules *rules, struct instant now,
				 struct arena *arena, struct token_claims *ret, struct err *err)
{
	const char *subject;
	bool is_bad = false;

	if (check_times(claims, rules, now, &ret->expires_at, err) || check_parties(claims, rules, err))
		return ERR_REJECT;
	subject = read_text(claims, subject_names, SUBJECT_BYTES_MAX, &is_bad);
	if (!subject || is_bad)
		return bad(err, "no user id, or it is no string");
	for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
		if (!read_roles(json_object_get(claims, role_names[i]), &ret->roles))
			return bad(err, "roles are no strings");
	ret->subject = arena_strdup(arena, subject);
	read_person(claims, arena, ret);
	return ret->subject ? ERR_OK : bad(err, "no room");
}

enum err_kind token_decode_claims(const struct token *token, const struct token_rules *rules,
				  struct instant now, struct arena *arena, struct token_claims *ret_claims,
				  struct err *err)
{
	struct token_claims found = {0};
	struct err why = {0};
	enum err_kind kind;
	json_t *claims;

	if (json_strict_load(token->payload, token->payload_len, false, &claims, &why))
		return bad(err, why.msg);
	kind = read_claims(claims, rules, now, arena, &found, err);
	json_decref(claims);
	if (!kind)
		*ret_claims = found;
	return kind;
}
