#include <inttypes.h>

#include "api.h"
#include "bookings.h"
#include "flow.h"
#include "http_server.h"
#include "session_refund.h"

#define POOL_WAIT_MS 2000

struct flow api_flow(const struct api *api, const struct http_request *request)
{
	const struct caller *caller = request->user;

	/* Without memory the name is NULL, which the time line refuses, and the transaction with it. */
	return (struct flow){
		.db = api->db,
		.arena = request->arena,
		.actor = arena_printf(request->arena, "user:%" PRId64, caller->actor.user_id),
		.traceparent = request->traceparent,
		.key = caller->keyed ? &caller->keyed->key : NULL,
		.doorbell_ms = api->settings->doorbell_ms,
		.meeting_url_template = api->settings->meeting_url_template,
	};
}

bool api_refund_words(const struct api *api, const struct http_request *request, int64_t booking_id,
		      char ret_words[SESSION_WORDS_BYTES])
{
	const struct caller *caller = request->user;
	const struct bookings_reader reader = {.user_id = caller->actor.user_id,
					       .reads_all = (caller->actor.roles & ROLE_ADMIN) != 0};
	struct bookings_found found = {0};
	struct pg *db = NULL;
	bool in_full = false;
	struct err err;

	ret_words[0] = '\0';
	if (!pg_pool_take(api->db, POOL_WAIT_MS, &db, &err)
	    && !bookings_find_view(db, booking_id, &reader, request->arena, &found, &err) && found.found
	    && session_has_refund(&found.view)) {
		session_refund_words(&found.view, booking_parent_is(&found.view.booking, &caller->actor),
				     ret_words);
		in_full = session_refunds_in_full(&found.view);
	}
	pg_pool_give(api->db, db);
	return in_full;
}
