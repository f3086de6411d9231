/* topic_case.h: the folders of tests/data/topics as records. */
#ifndef TOPIC_CASE_H
#define TOPIC_CASE_H

#include <jansson.h>

#include "arena.h"
#include "event.h"

#define TOPIC_CASES_MAX   200
#define TOPIC_HEADERS_MAX 32

struct topic_case {
	char name[128];
	json_t *expect;
	const char *key; /* NULL: none */
	struct event_header headers[TOPIC_HEADERS_MAX];
	struct event_record record;
};

/* Reads every case of the directory in order of name; everything is in the arena. Aborts on a broken case. Returns how many. */
int topic_cases_load(const char *dir, struct arena *arena, struct topic_case *ret_cases);
void topic_cases_release(struct topic_case *cases, int count);

#endif
