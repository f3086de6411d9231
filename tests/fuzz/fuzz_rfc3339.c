/* What is read as an instant is written and read again as the same instant. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char again[RFC3339_BYTES];
	struct instant at, back;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (rfc3339_decode(text, &at)) {
		rfc3339_encode(at, again);
		if (!rfc3339_decode(again, &back) || back.us != at.us)
			abort();
	}
	free(text);
	return 0;
}
