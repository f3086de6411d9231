/* http_framing.h: which requests are refused before anything looks at them, because two readers could disagree on where they end or
 * whom they address. The library (0.9.75) takes all of these. Source: faults.md 2.1, RFC 9112 sections 3.2, 6.1, 6.3. Pure. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEADER_BYTES_MAX 16384

/* What the header lines showed. Start from {0}, add every line, then ask. */
struct http_framing {
	int hosts, lengths, encodings, authorizations, types;
	size_t bytes;   /* of the request line, all names and values */
	int64_t length; /* Content-Length */
	bool bad_line;  /* name is no token, NUL or control byte in a value, bytes that nobody handed over */
	bool bad_length, bad_encoding, bad_host;
	bool is_coded; /* Content-Encoding: gzip and the like, which nobody here takes apart */
};

void http_framing_add(struct http_framing *framing, const char *name, size_t name_len, const char *value,
		      size_t value_len);

/* 0 when the request may go on, else the status to refuse it with (400, 413, 415, 431, 505); *ret_code and *ret_message are static. */
int http_framing_verdict(const struct http_framing *framing, const char *version, size_t body_bytes_max,
			 const char **ret_code, const char **ret_message);

#endif
