/* import_edit.c: a repair plan as an edit of its line */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "import_json.h"
#include "import_load.h"
#include "json_strict.h"
#include "rfc3339.h"
#include "str.h"

const char *import_plan_encode(const struct import_booking *booking, const struct import_plan *plan,
			       struct arena *arena)
{
	char at[RFC3339_BYTES];

	if (plan->status == BOOKING_CANCELLED) {
		rfc3339_encode(plan->cancelled_at, at);
		return arena_printf(arena, "{\"status\":%d,\"cancelledAt\":\"%s\",\"cancelCause\":\"%s\"}",
				    (int)plan->status, at, cancel_cause_name(plan->cancel_cause));
	}
	return arena_printf(arena, "{\"status\":%d%s%s%s%s}", (int)plan->status,
			    instant_is_none(booking->cancelled_at) ? "" : ",\"cancelledAt\":null",
			    booking->cancel_cause == CAUSE_NONE ? "" : ",\"cancelCause\":null",
			    booking->cancelled_by ? ",\"cancelledBy\":null" : "",
			    booking->cancellation_reason ? ",\"cancellationReason\":null" : "");
}

enum err_kind import_line_edit(const char *bytes, size_t len, const char *edit, struct buf *out,
			       struct err *err)
{
	json_t *root = NULL, *change = NULL;
	char odd_status[IMPORT_ODD_BYTES]; /* the edit has another */
	enum err_kind kind = import_load(bytes, len, &root, odd_status, err);
	char *text = NULL;

	if (!kind)
		kind = json_strict_load(edit, strlen(edit), false, &change, err);
	if (!kind) {
		if (json_object_update(root, change) == 0)
			text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
		if (text)
			buf_add(out, text);
		if (!text || out->failed)
			kind = err_set(err, ERR_RETRY, "no_memory", "the edited line does not fit");
	}
	free(text);
	json_decref(change);
	json_decref(root);
	return kind;
}
