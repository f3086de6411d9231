-- migrate:up
-- Where the comparison of Stripe with the tables stands: one row for each list that is read. The row paces all replicas.
CREATE TABLE heals (
	pass text PRIMARY KEY CHECK (pass IN ('events', 'payments', 'refunds', 'disputes', 'all_payments', 'all_refunds')),
	done_until timestamptz,      -- what Stripe made until then has been compared; NULL: nothing yet
	reads_from timestamptz,      -- the span that is being read, while after_id is set
	reads_until timestamptz,
	after_id text,               -- the last object of the page before
	attempts integer NOT NULL DEFAULT 0,
	failures integer NOT NULL DEFAULT 0,
	lease_token uuid,
	lease_until timestamptz,
	next_try_at timestamptz NOT NULL,
	last_error text,
	CHECK ((after_id IS NULL) = (reads_from IS NULL) AND (after_id IS NULL) = (reads_until IS NULL))
);
INSERT INTO heals (pass, next_try_at)
	SELECT pass, clock_timestamp() + interval '5 minutes'
	FROM unnest(ARRAY['events', 'payments', 'refunds', 'disputes', 'all_payments', 'all_refunds']) AS pass;

-- "Has anything been told of this dispute?"
CREATE INDEX stripe_events_disputes ON stripe_events (object_id) WHERE type LIKE 'charge.dispute.%';

-- migrate:down
DROP INDEX stripe_events_disputes;
DROP TABLE heals;
