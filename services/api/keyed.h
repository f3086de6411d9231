/* keyed.h: requests that name an Idempotency-Key. PostgreSQL knows what a key did, because its row commits with the effect; Redis answers
 * repeats sooner; what runs right now is known to the process alone and ends with it, so nothing can be left running.
 * Source: design.md section 7, faults.md 2.1. */
#ifndef KEYED_H
#define KEYED_H

#include "err.h"
#include "http_server.h"
#include "idempotency.h"

struct api;
struct keyed_table; /* the keys at work in this process; thread-safe */

enum err_kind keyed_table_new(struct keyed_table **ret_table, struct err *err) MUST_CHECK;
void keyed_table_free(struct keyed_table *table);

/* One request under a key; in its arena. */
struct keyed {
	struct keyed *next; /* in the table */
	struct idempotency_key key;
	int64_t booking_id; /* of an earlier try whose answer was lost; 0: not known, or none */
	http_handler *handler;
	bool is_passing; /* its answer: not to be remembered, although the code says never */
};

/* Run handler, or answer as an earlier request under the same key was answered; a request without a key just runs. On the handler's pool;
 * asks Redis and the database before and after it. */
void keyed_run(struct api *api, struct http_request *request, struct http_response *response,
	       http_handler *handler);

/* The refusal that this request gets may be another one next time: its key, if it has one, shall not remember it. */
void keyed_forget(const struct http_request *request);

/* The request was answered: its key is at work no longer. NULL is fine. Does not block. */
void keyed_leave(struct api *api, struct keyed *keyed);

#endif
