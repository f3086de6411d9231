/* A record as text: the topic, a line per header ("name: value"), an empty line, the value. Whatever is accepted keeps its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

#define HEADERS_MAX 16

/* The line at *at without its end; moves *at behind it. NULL at the end of the input. */
static char *next_line(char **at)
{
	char *line = *at;
	char *end = line ? strchr(line, '\n') : NULL;

	if (end)
		*end = '\0';
	*at = end ? end + 1 : NULL;
	return line;
}

static void check(const struct event_record *record, struct arena *arena)
{
	struct event event = {0};
	struct err err = {0};
	enum err_kind kind = event_decode(record, arena, &event, &err);

	if (kind && (!err.code[0] || (kind != ERR_REJECT && kind != ERR_RETRY)))
		abort();
	if (kind)
		return;
	if (event.booking_id < 0 || !event.id || !event.ce_type)
		abort();
	if (event.type != EVENT_STRIPE && event.booking_id == 0)
		abort();
	if ((event.type == EVENT_REFUND_CHANGED || event.type == EVENT_REFUND_REQUESTED)
	    && strlen(event.refund_id) != 36)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_header headers[HEADERS_MAX];
	struct event_record record = {.headers = headers};
	char *text = malloc(size + 1);
	struct arena arena;
	char *at = text, *line;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	record.topic = next_line(&at);
	while ((line = next_line(&at)) && *line && record.header_count < HEADERS_MAX) {
		char *colon = strstr(line, ": ");

		if (!colon)
			continue;
		*colon = '\0';
		headers[record.header_count++] = (struct event_header){
			.name = line, .value = colon + 2, .value_len = strlen(colon + 2)};
	}
	record.value = at;
	record.value_len = at ? size - (size_t)(at - text) : 0;
	arena_init(&arena, 64u << 10);
	check(&record, &arena);
	arena_release(&arena);
	free(text);
	return 0;
}
