#include "keyed.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "idempotency_keys.h"
#include "keyed_cache.h"
#include "log.h"
#include "request_digest.h"

#define POOL_WAIT_MS 2000
#define HEADER       "Idempotency-Key"

struct keyed_table {
	pthread_mutex_t lock;
	struct keyed *first; /* as many as there are job threads at most */
};

enum err_kind keyed_table_new(struct keyed_table **ret_table, struct err *err)
{
	struct keyed_table *table = calloc(1, sizeof *table);

	if (!table)
		return err_set(err, ERR_FATAL, "no_memory", "no memory for the table of keys");
	pthread_mutex_init(&table->lock, NULL);
	*ret_table = table;
	return ERR_OK;
}

void keyed_table_free(struct keyed_table *table)
{
	if (!table)
		return;
	pthread_mutex_destroy(&table->lock);
	free(table);
}

/* What the table knows of the key when somebody else is at work under it; else this one is from now on. */
static struct idempotency_memory enter(struct keyed_table *table, struct keyed *keyed)
{
	struct idempotency_memory memory = {0};
	struct keyed *other;

	pthread_mutex_lock(&table->lock);
	for (other = table->first; other; other = other->next)
		if (other->key.user_id == keyed->key.user_id && str_eq(other->key.text, keyed->key.text))
			break;
	if (other) {
		memory.is_known = true;
		memory.is_same_request = memcmp(other->key.request_sha256, keyed->key.request_sha256,
						sizeof keyed->key.request_sha256)
					 == 0;
	} else {
		keyed->next = table->first;
		table->first = keyed;
	}
	pthread_mutex_unlock(&table->lock);
	return memory;
}

void keyed_leave(struct api *api, struct keyed *keyed)
{
	struct keyed **link;

	if (!keyed)
		return;
	pthread_mutex_lock(&api->keyed->lock);
	for (link = &api->keyed->first; *link; link = &(*link)->next)
		if (*link == keyed) {
			*link = keyed->next;
			break;
		}
	pthread_mutex_unlock(&api->keyed->lock);
}

/* --- answers --- */

static void answer_other(struct http_request *request, struct http_response *response)
{
	answer_error(request, response,
		     &(struct answer_error){422, "idempotency_key_reused",
					    "This Idempotency-Key was used for another request.", HEADER});
}

static void answer_running(struct http_request *request, struct http_response *response)
{
	http_response_add_header(request, response, "Retry-After", "1");
	answer_error(request, response,
		     &(struct answer_error){409, "in_progress",
					    "The first request with this Idempotency-Key is still at work.",
					    NULL});
}

static void replay(struct http_request *request, struct http_response *response,
		   const struct idempotency_found *found)
{
	buf_reset(&response->body);
	buf_add(&response->body, found->body);
	response->status = found->status;
	response->code = NULL;
	http_response_add_header(request, response, "Idempotent-Replayed", "true");
}

/* True: the request is answered. */
static bool answer_from(struct http_request *request, struct http_response *response,
			const struct idempotency_found *found, enum idempotency_verdict verdict)
{
	switch (verdict) {
	case IDEMPOTENCY_REPLAY:
		replay(request, response, found);
		return true;
	case IDEMPOTENCY_OTHER:
		answer_other(request, response);
		return true;
	case IDEMPOTENCY_TWIN:
		answer_running(request, response);
		return true;
	case IDEMPOTENCY_GO_ON:
	case IDEMPOTENCY_NEW:
		break;
	}
	return false;
}

/* --- before --- */

/* NULL: refused and answered. */
static struct keyed *take_key(const struct http_request *request, const char *header, http_handler *handler)
{
	const struct caller *caller = request->user;
	struct keyed *keyed = arena_alloc(request->arena, sizeof *keyed);
	char *text = arena_alloc(request->arena, IDEMPOTENCY_KEY_BYTES);
	const char *params[HTTP_PARAMS_MAX + 1] = {0};
	const char *content_type = http_request_header(request, "Content-Type");
	const struct request_parts parts = {.method = http_method_name(request->method),
					    .route = request->route->pattern,
					    .params = params,
					    .query = request->query,
					    .content_type = content_type ? content_type : "",
					    .body = request->body,
					    .body_len = request->body_len};

	memcpy(params, request->params, sizeof request->params);
	if (!keyed || !text || http_request_header_count(request, HEADER) != 1
	    || !idempotency_key_decode(header, text))
		return NULL;
	*keyed = (struct keyed){.key = {.user_id = caller->actor.user_id, .text = text}, .handler = handler};
	return request_digest(&parts, keyed->key.request_sha256) ? keyed : NULL;
}

static enum err_kind find(struct api *api, const struct http_request *request,
			  const struct idempotency_key *key, struct idempotency_found *ret_found,
			  struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(api->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = idempotency_keys_find(db, key, request->arena, ret_found, err);
	pg_pool_give(api->db, db);
	return kind;
}

/* True: the request is answered. */
static bool answer_from_memory(struct api *api, struct http_request *request, struct http_response *response,
			       struct keyed *keyed)
{
	struct idempotency_found found;
	struct err err = {0};

	if (keyed_cache_find(api, &keyed->key, request->arena, &found)
	    && answer_from(request, response, &found, idempotency_decide(&found.memory)))
		return true;
	if (find(api, request, &keyed->key, &found, &err)) {
		answer_database_error(request, response, &err);
		return true;
	}
	keyed->key.owns_row = idempotency_decide(&found.memory) == IDEMPOTENCY_GO_ON;
	keyed->booking_id = found.booking_id;
	return answer_from(request, response, &found, idempotency_decide(&found.memory));
}

/* --- after --- */

static void tell(const struct http_request *request, const struct err *err)
{
	char trace[ANSWER_TRACE_BYTES];

	answer_trace_id(request, trace);
	LOG(LOG_WARN, "answer not kept for its key", LOG_S("code", err->code), LOG_S("why", err->msg),
	    LOG_S("trace", trace));
}

/* *ret_is_kept false: the key's row is another's, or has an answer. */
static enum err_kind keep(struct api *api, const struct http_response *response,
			  const struct idempotency_key *key, bool *ret_is_kept, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(api->db, POOL_WAIT_MS, &db, err);

	*ret_is_kept = false;
	if (!kind)
		kind = idempotency_keys_record(db, key, response->status, response->body.data, ret_is_kept,
					       err);
	pg_pool_give(api->db, db);
	if (*ret_is_kept)
		keyed_cache_put(api, key, response->status, response->body.data);
	return kind;
}

/* Another process may have been at work under this key at the same moment: then its answer is the answer. When the database cannot be
 * asked, the effect is there all the same, and this is its answer. */
static void conclude(struct api *api, struct http_request *request, struct http_response *response)
{
	const struct keyed *keyed = ((const struct caller *)request->user)->keyed;
	const struct idempotency_key *key = &keyed->key;
	bool wants = !keyed->is_passing && idempotency_is_kept(response->status, response->code);
	struct idempotency_found found;
	struct err err = {0};
	bool is_kept = false;

	if (response->body.failed || (!wants && response->status != 500))
		return;
	if ((wants && keep(api, response, key, &is_kept, &err))
	    || (!is_kept && find(api, request, key, &found, &err)))
		tell(request, &err);
	else if (!is_kept)
		answer_from(request, response, &found, idempotency_conclude(&found.memory, key->owns_row));
}

void keyed_forget(const struct http_request *request)
{
	const struct caller *caller = request->user;

	if (caller->keyed)
		caller->keyed->is_passing = true;
}

static void go_on(void *context, struct http_request *request, struct http_response *response)
{
	struct api *api = context;
	struct keyed *keyed = ((const struct caller *)request->user)->keyed;

	keyed->handler(api, request, response);
	if (request->next) {
		keyed->handler = request->next;
		request->next = go_on;
	} else {
		conclude(api, request, response);
	}
}

void keyed_run(struct api *api, struct http_request *request, struct http_response *response,
	       http_handler *handler)
{
	const char *header = http_request_header(request, HEADER);
	struct caller *caller = request->user;
	struct idempotency_memory running;
	struct keyed *keyed;

	if (!header) {
		handler(api, request, response);
		return;
	}
	keyed = take_key(request, header, handler);
	if (!keyed) {
		answer_error(request, response,
			     &(struct answer_error){
				     400, "invalid_idempotency_key",
				     "The key must be one, of 1 to 255 printable ASCII characters.", HEADER});
		return;
	}
	running = enter(api->keyed, keyed);
	if (running.is_known) {
		(running.is_same_request ? answer_running : answer_other)(request, response);
		return;
	}
	caller->keyed = keyed;
	if (!answer_from_memory(api, request, response, keyed))
		go_on(api, request, response);
}
