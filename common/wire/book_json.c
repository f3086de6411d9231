#include "book_json.h"

#include <jansson.h>
#include <string.h>

#include "json_strict.h"
#include "rfc3339.h"
#include "str.h"

/* *ret_id stays 0 when an optional field is absent or null. */
static enum err_kind take_id(const json_t *root, const char *field, bool required, int64_t *ret_id,
			     struct request_fault *fault, struct err *err)
{
	const json_t *value = json_object_get(root, field);

	*ret_id = 0;
	if (!value || json_is_null(value))
		return required ? request_refuse(fault, field, err, "This field is required.") : ERR_OK;
	if (!json_is_integer(value) || json_integer_value(value) <= 0)
		return request_refuse(fault, field, err, "The id must be a positive whole number.");
	*ret_id = json_integer_value(value);
	return ERR_OK;
}

static enum err_kind take_time(const json_t *root, struct instant *ret_at, struct request_fault *fault,
			       struct err *err)
{
	static const char field[] = "scheduledDateTime";
	const json_t *value = json_object_get(root, field);

	if (!json_is_string(value))
		return request_refuse(fault, field, err, "The start is required, as 2026-12-31T16:00:00Z.");
	if (!rfc3339_decode(json_string_value(value), ret_at))
		return request_refuse(fault, field, err,
				      "The start must be a time with its offset, as 2026-12-31T16:00:00Z.");
	return ERR_OK;
}

static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
}

static enum err_kind take_notes(const json_t *root, struct arena *arena, struct book_body *body,
				struct request_fault *fault, struct err *err)
{
	const json_t *value = json_object_get(root, "notes");
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!value || json_is_null(value))
		return ERR_OK;
	if (!text)
		return request_refuse(fault, "notes", err, "The notes must be a text.");
	if (str_count_chars(text, len) > REQUEST_TEXT_CHARACTERS_MAX)
		return request_refuse(fault, "notes", err, "The notes are too long.");
	for (size_t i = 0; i < len; i++)
		if (is_control(text[i]))
			return request_refuse(fault, "notes", err, "The notes hold control characters.");
	while (len && strchr(" \t\r\n", *text))
		text++, len--;
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	body->has_notes = true;
	if (!len)
		return ERR_OK;
	body->notes = arena_strndup(arena, text, len);
	return body->notes ? ERR_OK : err_set(err, ERR_RETRY, "no_memory", "no room for the notes");
}

/* NULL when all are known. */
static const char *unknown_field(json_t *root)
{
	static const char *const known[] = {"teacherId", "studentId", "offerId", "scheduledDateTime",
					    "notes"};
	const char *name;
	json_t *value;

	json_object_foreach(root, name, value)
	{
		bool is_known = false;

		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			is_known |= strcmp(name, known[i]) == 0;
		if (!is_known)
			return name;
	}
	return NULL;
}

static enum err_kind take_root(json_t *root, struct arena *arena, struct book_body *ret_body,
			       struct request_fault *fault, struct err *err)
{
	const char *unknown = unknown_field(root);
	struct book_body body = {0};

	if (unknown)
		return request_refuse(fault, unknown, err, "Unknown field.");
	if (take_id(root, "teacherId", true, &body.teacher_id, fault, err)
	    || take_id(root, "studentId", false, &body.student_id, fault, err)
	    || take_id(root, "offerId", false, &body.offer_id, fault, err)
	    || take_time(root, &body.scheduled_at, fault, err) || take_notes(root, arena, &body, fault, err))
		return err->kind;
	*ret_body = body;
	return ERR_OK;
}

enum err_kind book_body_decode(const char *bytes, size_t len, struct arena *arena, struct book_body *ret_body,
			       struct request_fault *ret_fault, struct err *err)
{
	enum err_kind kind;
	struct err why = {0};
	json_t *root;

	*ret_fault = (struct request_fault){0};
	if (json_strict_load(bytes, len, false, &root, &why))
		return request_refuse_json(bytes, len, ret_fault, err, "The body must be a JSON object.");
	kind = take_root(root, arena, ret_body, ret_fault, err);
	json_decref(root);
	return kind;
}
