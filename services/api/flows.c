#include <inttypes.h>

#include "api.h"
#include "flow.h"
#include "http_server.h"

struct flow api_flow(const struct api *api, const struct http_request *request)
{
	const struct caller *caller = request->user;

	/* Without memory the name is NULL, which the time line refuses, and the transaction with it. */
	return (struct flow){
		.db = api->db,
		.arena = request->arena,
		.actor = arena_printf(request->arena, "user:%" PRId64, caller->actor.user_id),
		.traceparent = request->traceparent,
		.doorbell_ms = api->settings->doorbell_ms,
		.meeting_url_template = api->settings->meeting_url_template,
	};
}
