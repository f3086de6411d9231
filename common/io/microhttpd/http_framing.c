#include "http_framing.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && (!text[i] || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	return len > 0;
}

static bool is_field_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return true;
}

static bool decode_length(const char *text, size_t len, int64_t *ret_length)
{
	int64_t length = 0;

	if (len == 0 || len > 15)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		length = length * 10 + (text[i] - '0');
	}
	*ret_length = length;
	return true;
}

static bool named(const char *name, size_t len, const char *want)
{
	return len == strlen(want) && strncasecmp(name, want, len) == 0;
}

void http_framing_add(struct http_framing *framing, const char *name, size_t name_len, const char *value,
		      size_t value_len)
{
	framing->bytes += name_len + value_len + 4;
	if (!is_token(name, name_len) || !is_field_value(value, value_len)) {
		framing->bad_line = true;
	} else if (named(name, name_len, "Host")) {
		framing->hosts++;
		framing->bad_host |= value_len == 0 || memchr(value, ' ', value_len)
				     || memchr(value, '/', value_len) || memchr(value, '@', value_len)
				     || memchr(value, ',', value_len);
	} else if (named(name, name_len, "Content-Length")) {
		framing->lengths++;
		framing->bad_length |= !decode_length(value, value_len, &framing->length);
	} else if (named(name, name_len, "Transfer-Encoding")) {
		framing->encodings++;
		framing->bad_encoding |= !named(value, value_len, "chunked");
	} else if (named(name, name_len, "Authorization")) {
		framing->authorizations++;
	} else if (named(name, name_len, "Content-Type")) {
		framing->types++;
	} else if (named(name, name_len, "Content-Encoding")) {
		framing->is_coded |= value_len && !named(value, value_len, "identity");
	}
}

/* The first thing that is wrong, NULL when nothing is. */
static const char *framing_fault(const struct http_framing *framing, bool http10)
{
	if (framing->bad_line)
		return "A header line is malformed.";
	if (framing->hosts > 1 || framing->bad_host || (framing->hosts == 0 && !http10))
		return "Exactly one Host header is needed.";
	if (framing->lengths > 1 || framing->bad_length)
		return "Content-Length is malformed.";
	if (framing->lengths && framing->encodings)
		return "Content-Length and Transfer-Encoding exclude each other.";
	if (framing->encodings > 1 || framing->bad_encoding || (framing->encodings && http10))
		return "Transfer-Encoding is malformed.";
	if (framing->authorizations > 1)
		return "Only one Authorization header is allowed.";
	if (framing->types > 1)
		return "Only one Content-Type header is allowed.";
	return NULL;
}

int http_framing_verdict(const struct http_framing *framing, const char *version, size_t body_bytes_max,
			 const char **ret_code, const char **ret_message)
{
	bool http10 = strcmp(version, "HTTP/1.0") == 0;

	*ret_code = "bad_request";
	if (!http10 && strcmp(version, "HTTP/1.1") != 0) {
		*ret_message = "Only HTTP/1.1 and HTTP/1.0 are spoken here.";
		return 505;
	}
	*ret_message = framing_fault(framing, http10);
	if (*ret_message)
		return 400;
	if (framing->bytes > HTTP_HEADER_BYTES_MAX) {
		*ret_code = "headers_too_large";
		*ret_message = "The request headers are too large.";
		return 431;
	}
	if (framing->length > (int64_t)body_bytes_max) {
		*ret_code = "too_large";
		*ret_message = "The request body is too large.";
		return 413;
	}
	if (framing->is_coded && (framing->length || framing->encodings)) {
		*ret_code = "unsupported_media_type";
		*ret_message = "Send the body without a Content-Encoding.";
		return 415;
	}
	return 0;
}
