#include "till.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct pg_pool *till_pool;

void till_open(void)
{
	static struct pg_options options;
	struct err err = {0};

	school_open();
	options = (struct pg_options){.url = getenv("UNBOOK_TEST_PG_URL"), .application = "till"};
	ASSERT_OK(pg_pool_open(&options, 8, &till_pool, &err), err);
}

void till_close(void)
{
	pg_pool_close(till_pool);
	school_close();
}

int64_t till_pending(const char *starts_in)
{
	int64_t id = school_int(school_text(
		"INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, amount_minor, currency,"
		" hold_expires_at, next_try_at) SELECT %lld, %lld, %lld, 'Algebra', at, at + interval '1 hour', 4500, 'EUR',"
		" clock_timestamp() - interval '1 second', clock_timestamp() - interval '1 second'"
		" FROM (SELECT clock_timestamp() + interval '%s' AS at) t RETURNING id",
		(long long)school.parent, (long long)school.student, (long long)school.teacher, starts_in));

	SCHOOL_SQL("UPDATE bookings SET stripe_session_id = 'cs_%lld' WHERE id = %lld", (long long)id,
		   (long long)id);
	return id;
}

struct flow till_flow(struct arena *arena)
{
	return (struct flow){.db = till_pool,
			     .arena = arena,
			     .actor = "till",
			     .doorbell_ms = 15000,
			     .meeting_url_template = "https://meet.example/{token}?lang=en"};
}

struct payment till_payment(int64_t booking, int number)
{
	return (struct payment){.payment_intent = school_text("pi_%lld_%d", (long long)booking, number),
				.stripe_session_id =
					number == 1 ? school_text("cs_%lld", (long long)booking)
						    : school_text("cs_%lld_%d", (long long)booking, number),
				.charge_id = "ch_1",
				.amount = {4500, "EUR"},
				.captured_at = INSTANT_NONE};
}

struct settled till_settle(int64_t booking, const struct payment *payment)
{
	const struct flow flow = till_flow(&school.arena);
	struct settled settled;
	struct err err = {0};

	ASSERT_OK(settle_payment(&flow, booking, payment, &settled, &err), err);
	return settled;
}

enum release_outcome till_release(int64_t booking, enum cancel_cause cause, bool is_closed)
{
	const struct flow flow = till_flow(&school.arena);
	const struct release_request request = {.booking_id = booking,
						.cause = cause,
						.stripe_session_id =
							school_text("cs_%lld", (long long)booking),
						.is_closed = is_closed};
	enum release_outcome outcome;
	struct booking after;
	struct err err = {0};

	ASSERT_OK(release_booking(&flow, &request, &outcome, &after, &err), err);
	return outcome;
}

static long long count_of(const char *table, const char *column, int64_t booking)
{
	return (long long)school_int(
		school_text("SELECT count(*) FROM %s WHERE %s = '%lld'", table, column, (long long)booking));
}

static long long of_booking(const char *column, int64_t booking)
{
	return (long long)school_int(
		school_text("SELECT %s FROM bookings WHERE id = %lld", column, (long long)booking));
}

const char *till_sum(int64_t booking)
{
	return school_text(
		"%lld %lld %lld %lld %lld %lld %lld", of_booking("status", booking),
		of_booking("version", booking), count_of("payments", "booking_id", booking),
		count_of("refunds", "booking_id", booking), count_of("mails", "booking_id", booking),
		count_of("outbox", "aggregateid", booking), count_of("booking_log", "booking_id", booking));
}
