/* A template (up to the first NUL) and a value (what follows): rendering ends, keeps its bound, and a value brings neither markup into
 * HTML nor control bytes into a line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"

#define OUT_BYTES_MAX 65536

static size_t count_of(const char *text, char wanted)
{
	size_t count = 0;

	for (const char *c = text; *c; c++)
		count += *c == wanted;
	return count;
}

static void check(const char *source, const struct buf *out, enum template_escape escape)
{
	if (out->len > OUT_BYTES_MAX || strlen(out->data) != out->len)
		abort();
	if (escape == TEMPLATE_HTML
	    && (count_of(out->data, '<') > count_of(source, '<')
		|| count_of(out->data, '"') > count_of(source, '"')))
		abort();
	if (escape == TEMPLATE_LINE && count_of(out->data, '\n') > count_of(source, '\n'))
		abort();
}

static void render(const char *source, const char *value, enum template_escape escape)
{
	const struct template_value values[] = {
		{.name = "a", .text = value}, {.name = "b", .text = "text"}, {.name = "none", .text = NULL}};
	struct err err = {0};
	struct buf out;

	buf_init(&out, OUT_BYTES_MAX);
	if (template_render(source, values, 3, escape, &out, &err) == ERR_OK)
		check(source, &out, escape);
	else if (err.kind != ERR_REJECT || !err.code[0])
		abort();
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 2);

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	const char *value = text + strlen(text) + 1;

	render(text, value, TEMPLATE_TEXT);
	render(text, value, TEMPLATE_HTML);
	render(text, value, TEMPLATE_LINE);
	free(text);
	return 0;
}
