/* id.c: identifiers from getrandom(2) */
#include "id.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

#define TRACE_AT  3  /* in a traceparent: where the trace id starts */
#define SPAN_AT   36 /* where the span id starts */
#define FLAGS_AT  53
#define TRACE_LEN 32
#define SPAN_LEN  16

static void random_fill(void *bytes, size_t count)
{
	unsigned char *at = bytes;

	while (count > 0) {
		ssize_t got = getrandom(at, count, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		at += got;
		count -= (size_t)got;
	}
}

static void hex_encode(const unsigned char *bytes, size_t count, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		ret_hex[2 * i] = digits[bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_hex[2 * count] = '\0';
}

uint64_t id_random(void)
{
	uint64_t value;

	random_fill(&value, sizeof(value));
	return value;
}

void id_uuid(char ret_uuid[ID_UUID_BYTES])
{
	static const unsigned char group_bytes[] = {4, 2, 2, 2, 6};
	unsigned char bytes[16];
	size_t from = 0;

	random_fill(bytes, sizeof(bytes));
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4 */
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* RFC 9562 variant */
	for (size_t i = 0; i < sizeof(group_bytes); i++) {
		if (i > 0)
			*ret_uuid++ = '-';
		hex_encode(bytes + from, group_bytes[i], ret_uuid);
		ret_uuid += (size_t)2 * group_bytes[i];
		from += group_bytes[i];
	}
}

void id_hex(char *ret_hex, size_t count)
{
	unsigned char bytes[64];

	*ret_hex = '\0';
	while (count > 0) {
		size_t step = count < sizeof(bytes) ? count : sizeof(bytes);

		random_fill(bytes, step);
		hex_encode(bytes, step, ret_hex);
		ret_hex += 2 * step;
		count -= step;
	}
}

/* W3C forbids ids that are all zeros. */
static void id_hex_nonzero(char *ret_hex, size_t count)
{
	do
		id_hex(ret_hex, count);
	while (strspn(ret_hex, "0") == 2 * count);
}

void id_traceparent(char ret_traceparent[ID_TRACEPARENT_BYTES])
{
	char trace[TRACE_LEN + 1], span[SPAN_LEN + 1];

	id_hex_nonzero(trace, TRACE_LEN / 2);
	id_hex_nonzero(span, SPAN_LEN / 2);
	snprintf(ret_traceparent, ID_TRACEPARENT_BYTES, "00-%s-%s-01", trace, span);
}

/* W3C Trace Context, section 3.2: lower-case hex, ids not all zeros, version not ff; later versions may be longer. */
static bool traceparent_is_valid(const char *text)
{
	static const char shape[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
	size_t i;

	for (i = 0; shape[i]; i++) {
		if (shape[i] == '-' ? text[i] != '-' : !text[i] || !strchr("0123456789abcdef", text[i]))
			return false;
	}
	if (strncmp(text, "ff", 2) == 0 || (strncmp(text, "00", 2) == 0 && text[i])
	    || (text[i] && text[i] != '-'))
		return false;
	return strspn(text + TRACE_AT, "0") < TRACE_LEN && strspn(text + SPAN_AT, "0") < SPAN_LEN;
}

void id_traceparent_child(const char *parent, char ret_traceparent[ID_TRACEPARENT_BYTES])
{
	char span[SPAN_LEN + 1], trace[TRACE_LEN + 1];
	bool sampled;

	if (!parent || !traceparent_is_valid(parent)) {
		id_traceparent(ret_traceparent);
		return;
	}
	/* parent and ret_traceparent may be the same storage */
	memcpy(trace, parent + TRACE_AT, TRACE_LEN);
	trace[TRACE_LEN] = '\0';
	sampled = strchr("13579bdf", parent[FLAGS_AT + 1]) != NULL;
	id_hex_nonzero(span, SPAN_LEN / 2);
	snprintf(ret_traceparent, ID_TRACEPARENT_BYTES, "00-%s-%s-0%c", trace, span, sampled ? '1' : '0');
}
