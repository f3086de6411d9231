/* One line of an import file: decoded, judged, and, when its status is none of the four, repaired. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import_json.h"
#include "str.h"

#define NOW_US (INT64_C(1790000000) * 1000000)

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* The edit of the plan gives a line that decodes to what the plan says. */
static void repair(const char *bytes, size_t len, const struct import_booking *booking, struct arena *arena)
{
	struct import_line repaired;
	struct import_plan plan;
	enum booking_status status;
	struct err err = {0};
	const char *edit;
	struct buf out;

	import_booking_plan(booking, (struct instant){NOW_US}, &plan);
	edit = import_plan_encode(booking, &plan, arena);
	demand(edit != NULL);
	buf_init(&out, 16 * IMPORT_LINE_BYTES_MAX);
	demand(import_line_edit(bytes, len, edit, &out, &err) == ERR_OK);
	if (out.len <= IMPORT_LINE_BYTES_MAX) {
		demand(import_line_decode(out.data, out.len, arena, &repaired, &err) == ERR_OK);
		demand(import_status_decode(repaired.booking.status, &status) && status == plan.status);
		demand(repaired.booking.cancel_cause == plan.cancel_cause);
		demand((status == BOOKING_CANCELLED) == !instant_is_none(repaired.booking.cancelled_at));
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	enum booking_status status;
	struct import_line line;
	struct err err = {0};
	struct arena arena;

	arena_init(&arena, 1u << 20);
	if (import_line_decode(bytes, size, &arena, &line, &err)) {
		demand(err.kind == ERR_REJECT && err.code[0] && err.msg[0]);
	} else if (line.kind == IMPORT_USER) {
		demand(line.user.subject[0] && strlen(line.user.subject) <= 255);
		demand(!import_user_check(&line.user, &err) || err.code[0]);
	} else if (line.kind == IMPORT_BOOKING) {
		demand(line.booking.duration_s > 0 && line.booking.duration_s <= IMPORT_LENGTH_S_MAX);
		demand(line.booking.payment_count <= IMPORT_PAYMENTS_MAX);
		if (!import_status_decode(line.booking.status, &status))
			repair(bytes, size, &line.booking, &arena);
		else if (import_booking_check(&line.booking, (struct instant){NOW_US}, &err))
			demand(err.kind == ERR_REJECT && err.code[0]);
	} else {
		demand(line.kind == IMPORT_OFFER && line.id > 0 && line.offer.price.minor >= 0);
	}
	arena_release(&arena);
	return 0;
}
