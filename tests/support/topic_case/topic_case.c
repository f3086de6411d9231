#include "topic_case.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

static json_t *load(const char *dir, const char *name, const char *file)
{
	char path[PATH_MAX];
	json_error_t why;
	json_t *json;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	if (!json) {
		fprintf(stderr, "%s: %s\n", path, why.text);
		abort();
	}
	return json;
}

static void *take(struct arena *arena, size_t size)
{
	void *bytes = arena_alloc(arena, size + 1);

	if (!bytes)
		abort();
	return bytes;
}

static const void *from_hex(const char *hex, struct arena *arena, size_t *ret_len)
{
	size_t len = strlen(hex) / 2;
	unsigned char *bytes = take(arena, len);

	for (size_t i = 0; i < len; i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	*ret_len = len;
	return bytes;
}

static const void *from_text(const char *text, struct arena *arena, size_t *ret_len)
{
	*ret_len = strlen(text);
	return memcpy(take(arena, *ret_len), text, *ret_len);
}

static const void *value_of(const json_t *json, struct arena *arena, size_t *ret_len)
{
	const json_t *value = json_object_get(json, "value"), *repeat = json_object_get(json, "repeat");
	const char *text = json_string_value(json_object_get(json, "text"));
	const char *hex = json_string_value(json_object_get(json, "hex"));
	const void *bytes;
	char *dumped;

	if (text)
		return from_text(text, arena, ret_len);
	if (hex)
		return from_hex(hex, arena, ret_len);
	if (repeat) {
		*ret_len = (size_t)json_integer_value(json_object_get(repeat, "times"));
		return memset(take(arena, *ret_len), json_string_value(json_object_get(repeat, "text"))[0],
			      *ret_len);
	}
	if (json_is_null(value))
		return NULL;
	dumped = json_dumps(value, JSON_COMPACT);
	bytes = from_text(dumped, arena, ret_len);
	free(dumped);
	return bytes;
}

static void add_headers(struct topic_case *it, json_t *headers, bool hex, struct arena *arena)
{
	const char *name;
	json_t *value;

	json_object_foreach(headers, name, value)
	{
		struct event_header *header = &it->headers[it->record.header_count++];

		header->name = arena_strdup(arena, name);
		header->value = hex ? from_hex(json_string_value(value), arena, &header->value_len)
				    : from_text(json_string_value(value), arena, &header->value_len);
	}
}

static void read_case(const char *dir, const char *name, struct arena *arena, struct topic_case *it)
{
	json_t *json = load(dir, name, "record.json");

	*it = (struct topic_case){.expect = load(dir, name, "expect.json")};
	(void)str_copy(it->name, sizeof(it->name), name);
	it->key = arena_strdup(arena, json_string_value(json_object_get(json, "key")));
	it->record.topic = arena_strdup(arena, json_string_value(json_object_get(json, "topic")));
	it->record.value = value_of(json, arena, &it->record.value_len);
	add_headers(it, json_object_get(json, "headers"), false, arena);
	add_headers(it, json_object_get(json, "headers_hex"), true, arena);
	it->record.headers = it->headers;
	json_decref(json);
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && !strchr(entry->d_name, '.');
}

int topic_cases_load(const char *dir, struct arena *arena, struct topic_case *ret_cases)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_case, alphasort);

	if (count < 1 || count > TOPIC_CASES_MAX)
		abort();
	for (int i = 0; i < count; i++) {
		read_case(dir, entries[i]->d_name, arena, &ret_cases[i]);
		ret_cases[i].record.headers = ret_cases[i].headers;
		free(entries[i]);
	}
	free(entries);
	return count;
}

void topic_cases_release(struct topic_case *cases, int count)
{
	for (int i = 0; i < count; i++)
		json_decref(cases[i].expect);
}
