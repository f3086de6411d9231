-- migrate:up
-- Words about a dispute come in any order: an end (won, lost) wins over an open dispute, and that over an inquiry; of two ends
-- the later, by Stripe's clock.
CREATE OR REPLACE VIEW disputes AS
SELECT DISTINCT ON (l.booking_id, p.payment_intent, l.detail->>'dispute')
	l.booking_id, p.payment_intent, l.detail->>'dispute' AS id, l.detail->>'status' AS status, l.id AS told_in,
	CASE WHEN lower(l.detail->>'currency') = lower(p.currency)
		THEN (l.detail->>'amountMinor')::bigint ELSE p.amount_minor END AS amount_minor
FROM booking_log l JOIN payments p ON p.booking_id = l.booking_id
	AND p.payment_intent = coalesce(l.detail->>'paymentIntent', p.payment_intent)
WHERE l.what IN ('disputed', 'dispute_closed', 'charged_back')
ORDER BY l.booking_id, p.payment_intent, l.detail->>'dispute', (l.detail->>'status' IN ('won', 'lost')) DESC,
	(l.detail->>'status' NOT LIKE 'warning%') DESC, coalesce(to_timestamp((l.detail->>'toldAt')::bigint), l.at) DESC, l.id DESC;

-- Disputes are decided long after they were opened: they are read again, as payments and refunds are.
ALTER TABLE heals DROP CONSTRAINT heals_pass_check;
ALTER TABLE heals ADD CONSTRAINT heals_pass_check
	CHECK (pass IN ('events', 'payments', 'refunds', 'disputes', 'all_payments', 'all_refunds', 'all_disputes'));
INSERT INTO heals (pass, next_try_at) VALUES ('all_disputes', clock_timestamp() + interval '5 minutes');

-- What was told is asked of the time line now.
DROP INDEX stripe_events_disputes;

-- migrate:down
CREATE INDEX stripe_events_disputes ON stripe_events (object_id) WHERE type LIKE 'charge.dispute.%';
DELETE FROM heals WHERE pass = 'all_disputes';
ALTER TABLE heals DROP CONSTRAINT heals_pass_check;
ALTER TABLE heals ADD CONSTRAINT heals_pass_check
	CHECK (pass IN ('events', 'payments', 'refunds', 'disputes', 'all_payments', 'all_refunds'));
CREATE OR REPLACE VIEW disputes AS
SELECT DISTINCT ON (l.booking_id, p.payment_intent, l.detail->>'dispute')
	l.booking_id, p.payment_intent, l.detail->>'dispute' AS id, l.detail->>'status' AS status, l.id AS told_in,
	CASE WHEN lower(l.detail->>'currency') = lower(p.currency)
		THEN (l.detail->>'amountMinor')::bigint ELSE p.amount_minor END AS amount_minor
FROM booking_log l JOIN payments p ON p.booking_id = l.booking_id
	AND p.payment_intent = coalesce(l.detail->>'paymentIntent', p.payment_intent)
WHERE l.what IN ('disputed', 'dispute_closed', 'charged_back')
ORDER BY l.booking_id, p.payment_intent, l.detail->>'dispute', (l.detail->>'status' IN ('won', 'lost')) DESC, l.id DESC;
