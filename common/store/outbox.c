#include "outbox.h"

#include <inttypes.h>
#include <string.h>

#include "str.h"

#define ROWS 3 /* where the rows stand among the answers of outbox_take */

/* The number is "outbox" in ASCII. */
static const struct pg_stmt insert = {
	"outbox_insert",
	"INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers) VALUES"
	" ($1, $2, $3, $4, coalesce('{\"traceparent\":\"' || nullif($5::text, '') || '\"}', ''))",
	false};
static const struct pg_stmt has_rows = {"outbox_has_rows", "SELECT EXISTS (SELECT 1 FROM outbox)", true};
static const struct pg_stmt try_lock = {"outbox_try_lock",
					"SELECT pg_try_advisory_xact_lock(122550254464888)", true};
static const struct pg_stmt take = {
	"outbox_take",
	"SELECT id, aggregatetype, aggregateid, type, payload, headers, created_at FROM outbox"
	" WHERE (SELECT pg_try_advisory_xact_lock(122550254464888)) ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED",
	true};
static const struct pg_stmt delete_rows = {"outbox_delete",
					   "DELETE FROM outbox WHERE id = ANY ($1::bigint[])", false};

#define HEADERS_START "{\"traceparent\":\""

enum err_kind outbox_queue(struct pg *tx, const struct outbox_row *row, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_text(&args, row->aggregatetype);
	pg_arg_int(&args, row->booking_id);
	pg_arg_text(&args, row->type);
	pg_arg_text(&args, row->payload);
	pg_arg_text(&args, row->traceparent);
	return pg_queue(tx, &insert, &args, err);
}

enum err_kind outbox_has_rows(struct pg *db, bool *ret_has, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	enum err_kind kind = pg_one(db, &has_rows, NULL, &results, err);

	if (!kind)
		*ret_has = pg_bool(&results, 0, 0, 0);
	return kind;
}

enum err_kind outbox_take(struct pg *tx, struct pg_results *ret_rows, bool *ret_busy, struct err *err)
{
	enum err_kind kind = pg_queue_begin(tx, err);

	if (!kind)
		kind = pg_queue(tx, &try_lock, NULL, err);
	if (!kind)
		kind = pg_queue(tx, &has_rows, NULL, err);
	if (!kind)
		kind = pg_queue(tx, &take, NULL, err);
	if (!kind)
		kind = pg_run(tx, ret_rows, err);
	if (!kind)
		*ret_busy = pg_rows(ret_rows, ROWS) == 0 && !pg_bool(ret_rows, 1, 0, 0)
			    && pg_bool(ret_rows, 2, 0, 0);
	return kind;
}

int outbox_count(const struct pg_results *rows)
{
	return pg_rows(rows, ROWS);
}

void outbox_read(const struct pg_results *rows, int row, struct outbox_taken *ret)
{
	const char *headers = pg_text(rows, ROWS, row, 5);

	*ret = (struct outbox_taken){
		.id = pg_int(rows, ROWS, row, 0),
		.aggregatetype = pg_text(rows, ROWS, row, 1),
		.aggregateid = pg_text(rows, ROWS, row, 2),
		.type = pg_text(rows, ROWS, row, 3),
		.payload = pg_text(rows, ROWS, row, 4),
		.created_at = pg_instant(rows, ROWS, row, 6),
	};
	if (str_starts(headers, HEADERS_START)
	    && strlen(headers) >= strlen(HEADERS_START) + ID_TRACEPARENT_BYTES - 1)
		memcpy(ret->traceparent, headers + strlen(HEADERS_START), ID_TRACEPARENT_BYTES - 1);
}

enum err_kind outbox_finish(struct pg *tx, const int64_t *ids, size_t count, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	enum err_kind kind = ERR_OK;
	struct pg_args args = {0};
	struct buf array;

	buf_init(&array, 32 + count * 24);
	buf_add(&array, "{");
	for (size_t i = 0; i < count; i++)
		buf_addf(&array, i ? ",%" PRId64 : "%" PRId64, ids[i]);
	buf_add(&array, "}");
	if (array.failed)
		kind = err_set(err, ERR_RETRY, "no_memory", "out of memory");
	if (!kind && count) {
		pg_arg_text(&args, array.data);
		kind = pg_queue(tx, &delete_rows, &args, err);
	}
	if (!kind)
		kind = pg_queue_commit(tx, err);
	if (!kind)
		kind = pg_run(tx, &results, err);
	buf_release(&array);
	return kind;
}
