#include "request_json.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "json_strict.h"
#include "str.h"

enum body_kind { BODY_TEXT, BODY_JSON, BODY_OTHER };

enum err_kind request_refuse(struct request_fault *ret_fault, const char *field, struct err *err,
			     const char *why)
{
	if (!*field || !str_copy(ret_fault->field, sizeof ret_fault->field, field))
		(void)str_copy(ret_fault->field, sizeof ret_fault->field, "body");
	return err_set(err, ERR_REJECT, "invalid_body", "%s", why);
}

enum err_kind request_refuse_json(const char *bytes, size_t len, struct request_fault *ret_fault,
				  struct err *err, const char *otherwise)
{
	char field[sizeof ret_fault->field];
	const char *words = json_strict_explain(bytes, len, field, sizeof field);

	return request_refuse(ret_fault, field, err, words ? words : otherwise);
}

static bool media_type_is(const char *content_type, const char *want)
{
	size_t len = strcspn(content_type, "; \t");

	return len == strlen(want) && strncasecmp(content_type, want, len) == 0;
}

/* The value of the first parameter charset, without its quotes; *ret_len 0: there is none. */
static const char *charset_of(const char *content_type, size_t *ret_len)
{
	static const char name[] = "charset=";
	const char *at = strchr(content_type, ';');

	*ret_len = 0;
	for (; at; at = strchr(at, ';')) {
		at += 1 + strspn(at + 1, " \t");
		if (strncasecmp(at, name, sizeof name - 1) != 0)
			continue;
		at += sizeof name - 1;
		at += *at == '"';
		*ret_len = strcspn(at, "\"; \t");
		return at;
	}
	return NULL;
}

/* Or does not say. */
static bool is_utf8(const char *content_type)
{
	static const char utf8[] = "utf-8";
	size_t len;
	const char *charset = charset_of(content_type, &len);

	return !charset || (len == sizeof utf8 - 1 && strncasecmp(charset, utf8, len) == 0);
}

bool request_may_be_json(const char *content_type)
{
	if (!content_type || !*content_type)
		return true;
	return media_type_is(content_type, "application/json") && is_utf8(content_type);
}

static enum body_kind kind_of(const char *content_type)
{
	if (!content_type || !*content_type)
		return BODY_TEXT;
	if (!is_utf8(content_type))
		return BODY_OTHER;
	if (media_type_is(content_type, "text/plain"))
		return BODY_TEXT;
	if (media_type_is(content_type, "application/json") || media_type_is(content_type, "text/json"))
		return BODY_JSON;
	return BODY_OTHER;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **text, size_t *len)
{
	while (*len && is_space(**text)) {
		++*text;
		--*len;
	}
	while (*len && is_space((*text)[*len - 1]))
		--*len;
}

/* A reason that people may read later: bounded, UTF-8, no control bytes but line breaks and tabs. */
static enum err_kind take_reason(const char *text, size_t len, struct arena *arena, const char **ret_reason,
				 struct request_fault *fault, struct err *err)
{
	trim(&text, &len);
	if (!str_is_utf8(text, len))
		return request_refuse(fault, "reason", err, "The reason is not valid UTF-8 text.");
	if (str_count_chars(text, len) > REQUEST_TEXT_CHARACTERS_MAX)
		return request_refuse(fault, "reason", err, "The reason is too long.");
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && !is_space(text[i])) || text[i] == 0x7f)
			return request_refuse(fault, "reason", err, "The reason holds control characters.");
	*ret_reason = NULL;
	if (len == 0)
		return ERR_OK;
	*ret_reason = arena_strndup(arena, text, len);
	return *ret_reason ? ERR_OK : err_set(err, ERR_RETRY, "no_memory", "no room for the reason");
}

static enum err_kind take_value(json_t *value, struct arena *arena, const char **ret_reason,
				struct request_fault *fault, struct err *err)
{
	if (json_is_null(value))
		return ERR_OK;
	if (!json_is_string(value))
		return request_refuse(fault, "reason", err, "The reason must be a text.");
	return take_reason(json_string_value(value), json_string_length(value), arena, ret_reason, fault,
			   err);
}

static enum err_kind take_root(json_t *root, struct arena *arena, const char **ret_reason,
			       struct request_fault *fault, struct err *err)
{
	const char *name;
	json_t *value;

	*ret_reason = NULL;
	if (json_is_array(root) || json_is_number(root) || json_is_boolean(root))
		return request_refuse(fault, "", err, "The body must be empty, a text or an object.");
	if (!json_is_object(root))
		return take_value(root, arena, ret_reason, fault, err);
	json_object_foreach(root, name, value) if (strcmp(name, "reason") != 0) return request_refuse(
		fault, name, err, "Unknown field.");
	value = json_object_get(root, "reason");
	return value ? take_value(value, arena, ret_reason, fault, err) : ERR_OK;
}

enum err_kind request_decode_cancel(const struct request_body *body, struct arena *arena,
				    const char **ret_reason, struct request_fault *ret_fault, struct err *err)
{
	enum body_kind kind = kind_of(body->content_type);
	const char *text = body->bytes;
	size_t len = body->len;
	struct err why = {0};
	enum err_kind failed;
	json_t *root;

	*ret_fault = (struct request_fault){0};
	trim(&text, &len);
	if (len == 0) {
		*ret_reason = NULL;
		return ERR_OK;
	}
	if (kind == BODY_OTHER)
		return err_set(err, ERR_REJECT, "unsupported_media_type",
			       "Send JSON or plain text, in UTF-8.");
	/* Clients send JSON as text/plain too, so a plain text is one that does not look like it. */
	if (kind == BODY_TEXT && *text != '{' && *text != '[' && *text != '"'
	    && !(len == 4 && !memcmp(text, "null", 4)))
		return take_reason(text, len, arena, ret_reason, ret_fault, err);
	if (json_strict_load(text, len, true, &root, &why)) {
		if (kind == BODY_TEXT && *text == '"')
			return take_reason(text, len, arena, ret_reason, ret_fault, err);
		return request_refuse_json(text, len, ret_fault, err, "The body is not valid JSON.");
	}
	failed = take_root(root, arena, ret_reason, ret_fault, err);
	json_decref(root);
	return failed;
}
