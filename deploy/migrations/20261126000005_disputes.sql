-- migrate:up
-- The last word about each dispute, out of the time line: its end (won, lost) wins over whatever arrives late. Without an amount, or in
-- another currency than the payment's, it is about the whole payment.
CREATE VIEW disputes AS
SELECT DISTINCT ON (l.booking_id, p.payment_intent, l.detail->>'dispute')
	l.booking_id, p.payment_intent, l.detail->>'dispute' AS id, l.detail->>'status' AS status, l.id AS told_in,
	CASE WHEN lower(l.detail->>'currency') = lower(p.currency)
		THEN (l.detail->>'amountMinor')::bigint ELSE p.amount_minor END AS amount_minor
FROM booking_log l JOIN payments p ON p.booking_id = l.booking_id
	AND p.payment_intent = coalesce(l.detail->>'paymentIntent', p.payment_intent)
WHERE l.what IN ('disputed', 'dispute_closed', 'charged_back')
ORDER BY l.booking_id, p.payment_intent, l.detail->>'dispute', (l.detail->>'status' IN ('won', 'lost')) DESC, l.id DESC;

-- Most bookings were never disputed: each claim of a refund and each cancel asks, and finds an empty index.
CREATE INDEX booking_log_disputes ON booking_log (booking_id) WHERE what IN ('disputed', 'dispute_closed', 'charged_back');

-- migrate:down
DROP INDEX booking_log_disputes;
DROP VIEW disputes;
