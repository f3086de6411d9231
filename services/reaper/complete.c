/* complete.c: a booking that is over and was not cancelled took place. Nobody is told by mail; the world is told by an event. */
#include "booking_log.h"
#include "completions.h"
#include "crash_point.h"
#include "outbox.h"
#include "reaper.h"

#define POOL_WAIT_MS 5000
#define BATCHES_MAX  100 /* per job; what is left waits for the next sweep */

static enum err_kind queue_one(struct pg *tx, const struct booking *booking, const struct job *job,
			       struct err *err)
{
	struct outbox_row row = {
		.aggregatetype = "booking",
		.booking_id = booking->id,
		.type = event_type_name(EVENT_BOOKING_COMPLETED),
		.payload = event_encode_booking(booking, job->arena),
		.traceparent = job->traceparent,
	};
	enum err_kind kind;

	if (!row.payload)
		return err_set(err, ERR_RETRY, "no_memory", "the job's arena is full");
	kind = completions_queue(tx, booking, err);
	if (!kind)
		kind = booking_log_queue(tx, booking->id, UNBOOK_SERVICE, "completed", NULL, err);
	return kind ? kind : outbox_queue(tx, &row, err);
}

/* One transaction. */
static enum err_kind complete_batch(struct pg *db, const struct job *job, int *ret_count, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct booking bookings[COMPLETIONS_MAX];
	PG_TX_SCOPE struct pg *tx = db;
	enum err_kind kind = completions_take(tx, bookings, ret_count, err);

	for (int i = 0; !kind && i < *ret_count; i++)
		kind = queue_one(tx, &bookings[i], job, err);
	if (kind || !*ret_count)
		return kind;
	kind = pg_queue_commit(tx, err);
	CRASH_POINT("complete.before_commit");
	return kind ? kind : pg_run(tx, &results, err);
}

static enum err_kind perform(void *context, struct pg_pool *pool, const struct job *job, struct err *err)
{
	struct completer *completer = context;
	int count = COMPLETIONS_MAX;
	struct pg *db = NULL;
	enum err_kind kind;

	kind = pg_pool_take(pool, POOL_WAIT_MS, &db, err);
	for (int i = 0; !kind && count == COMPLETIONS_MAX && i < BATCHES_MAX; i++)
		kind = complete_batch(db, job, &count, err);
	pg_pool_give(pool, db);
	atomic_store(&completer->at_work, false);
	return kind;
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	struct completer *completer = context;
	bool due = false;
	enum err_kind kind;

	if (atomic_load(&completer->at_work))
		return ERR_OK;
	kind = completions_are_due(db, &due, err);
	if (kind || !due)
		return kind;
	atomic_store(&completer->at_work, true);
	job->label = "bookings that are over";
	job->work = completer;
	return ERR_OK;
}

void completer_init(struct completer *completer, struct worker_handler *ret_handler)
{
	atomic_init(&completer->at_work, false);
	*ret_handler = (struct worker_handler){
		.name = "complete", .context = completer, .sweep = sweep, .perform = perform};
}
