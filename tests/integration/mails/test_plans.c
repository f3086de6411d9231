/* The statements stay quick when finished mails are many: what PostgreSQL says that it will do. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

TestSuite(plans, .init = world_make, .fini = world_end);

/* What the statements select by, as in mails.c; the rest of them follows from the row that was picked. */
#define OPEN_ROWS "m.state IN ('queued', 'sending', 'unknown') AND m.next_try_at <= now()"
#define FRESH_OF  "m.booking_id = %lld AND m.state = 'queued' AND m.attempts = 0"

static const char *plan(const char *where)
{
	char sql[1024];

	snprintf(
		sql, sizeof(sql),
		"SELECT m.id FROM mails m WHERE %s AND (m.kind <> 'confirmed' OR NOT EXISTS (SELECT 1 FROM meetings t WHERE "
		"t.booking_id = m.booking_id AND t.state = 'wanted')) ORDER BY m.next_try_at, m.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
		where);
	world_sql(
		"CREATE OR REPLACE FUNCTION pg_temp.plan(query text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE lines text := ''; "
		"line text; BEGIN FOR line IN EXECUTE 'EXPLAIN ' || query LOOP lines := lines || line || E'\\n'; END LOOP; "
		"RETURN lines; END $$");
	return world_text("SELECT pg_temp.plan($q$%s$q$)", sql);
}

static void fill(void)
{
	world_sql(
		"INSERT INTO mails (booking_id, kind, recipient_id, booking_version, state, next_try_at) SELECT %lld, 'cancelled', "
		"%lld, 1000 + n, 'sent', now() FROM generate_series(1, 20000) n ON CONFLICT DO NOTHING",
		(long long)world.booking_id, (long long)world.parent_id);
	world_sql("ANALYZE mails");
}

Test(plans, the_sweep_reads_the_index_of_open_mails)
{
	fill();
	const char *text = plan(OPEN_ROWS);

	cr_assert(strstr(text, "mails_open"), "%s", text);
	cr_assert_null(strstr(text, "Seq Scan on mails"), "%s", text);
}

Test(plans, the_bell_reads_an_index)
{
	char where[200];

	fill();
	snprintf(where, sizeof(where), FRESH_OF, (long long)world.booking_id + 1);
	const char *text = plan(where);
	cr_assert_null(strstr(text, "Seq Scan on mails"), "%s", text);
}
