/* The first byte picks the style, the rest are the lines of the header; the text is also read as ranges. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "forwarded.h"

static struct address address(const char *text)
{
	struct address decoded;

	if (!address_decode(text, strlen(text), &decoded))
		abort();
	return decoded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address proxy = address("10.0.0.1"), stranger = address("192.0.2.1"), client;
	struct forwarded_lines lines = {.count = 0};
	const char *text = (const char *)data + 1;
	enum forwarded_style style;
	struct address_ranges trusted, ranges;
	char *copy;

	if (size == 0 || !address_ranges_decode("10.0.0.0/8", &trusted))
		return 0;
	style = data[0] % 2 ? FORWARDED_STANDARD : FORWARDED_X;
	copy = strndup(text, size - 1);
	(void)address_ranges_decode(copy, &ranges);
	free(copy);
	for (size_t left = size - 1; left;) {
		const char *end = memchr(text, '\n', left);
		size_t len = end ? (size_t)(end - text) : left;

		forwarded_add(&lines, text, len);
		text += len + (end != NULL);
		left -= len + (end != NULL);
	}
	(void)forwarded_client(&lines, style, &proxy, &trusted);
	client = forwarded_client(&lines, style, &stranger, &trusted);
	if (memcmp(&client, &stranger, sizeof client) != 0)
		abort();
	return 0;
}
