-- migrate:up
-- Also what the bank alone had given back in full before somebody settled it by anything else than its dispute: at least one minor unit
-- went that other way.
CREATE OR REPLACE VIEW given_back_twice AS
SELECT r.id AS refund_id, r.booking_id, r.payment_intent, r.settled_by, r.settled_reference, p.amount_minor, p.currency,
	stripe.minor AS refunded_minor, bank.minor AS charged_back_minor
FROM refunds r JOIN payments p USING (payment_intent)
CROSS JOIN LATERAL (
	SELECT coalesce(sum(s.amount_minor), 0)::bigint AS minor, coalesce(bool_or(EXISTS (
		SELECT 1 FROM booking_log l WHERE l.booking_id = r.booking_id AND l.what = 'refund_by_hand'
			AND l.detail->>'stripeRefund' = s.id AND l.at > r.settled_at)), false) AS is_later
	FROM stripe_refunds s
	WHERE s.payment_intent = r.payment_intent AND s.status NOT IN ('failed', 'canceled')
		AND strpos(coalesce(r.settled_reference, ''), s.id) = 0
) stripe
CROSS JOIN LATERAL (
	SELECT coalesce(sum(d.amount_minor) FILTER (WHERE d.status = 'lost'), 0)::bigint AS minor,
		coalesce(bool_or(d.status = 'lost' AND d.is_named), false) AS is_named,
		coalesce(bool_or(d.status IN ('won', 'warning_closed') AND d.is_named), false) AS is_void,
		coalesce(bool_or(d.status = 'lost' AND NOT d.is_named AND NOT EXISTS (
			SELECT 1 FROM booking_log l WHERE l.booking_id = r.booking_id AND l.what = 'charged_back'
				AND l.detail->>'dispute' = d.id AND l.at <= r.settled_at)), false) AS is_later
	FROM (SELECT id, status, amount_minor, strpos(coalesce(r.settled_reference, ''), id) > 0 AS is_named FROM disputes
		WHERE booking_id = r.booking_id AND payment_intent = r.payment_intent) d
) bank
WHERE r.settled_at IS NOT NULL AND NOT bank.is_void AND (stripe.is_later OR bank.is_later
	OR (stripe.minor > 0 OR bank.minor > 0) AND stripe.minor + bank.minor + CASE WHEN bank.is_named THEN 0 ELSE 1 END > p.amount_minor);

-- migrate:down
CREATE OR REPLACE VIEW given_back_twice AS
SELECT r.id AS refund_id, r.booking_id, r.payment_intent, r.settled_by, r.settled_reference, p.amount_minor, p.currency,
	stripe.minor AS refunded_minor, bank.minor AS charged_back_minor
FROM refunds r JOIN payments p USING (payment_intent)
CROSS JOIN LATERAL (
	SELECT coalesce(sum(s.amount_minor), 0)::bigint AS minor, coalesce(bool_or(EXISTS (
		SELECT 1 FROM booking_log l WHERE l.booking_id = r.booking_id AND l.what = 'refund_by_hand'
			AND l.detail->>'stripeRefund' = s.id AND l.at > r.settled_at)), false) AS is_later
	FROM stripe_refunds s
	WHERE s.payment_intent = r.payment_intent AND s.status NOT IN ('failed', 'canceled')
		AND strpos(coalesce(r.settled_reference, ''), s.id) = 0
) stripe
CROSS JOIN LATERAL (
	SELECT coalesce(sum(d.amount_minor) FILTER (WHERE d.status = 'lost'), 0)::bigint AS minor,
		coalesce(bool_or(d.status = 'lost' AND d.is_named), false) AS is_named,
		coalesce(bool_or(d.status IN ('won', 'warning_closed') AND d.is_named), false) AS is_void,
		coalesce(bool_or(d.status = 'lost' AND NOT d.is_named AND NOT EXISTS (
			SELECT 1 FROM booking_log l WHERE l.booking_id = r.booking_id AND l.what = 'charged_back'
				AND l.detail->>'dispute' = d.id AND l.at <= r.settled_at)), false) AS is_later
	FROM (SELECT id, status, amount_minor, strpos(coalesce(r.settled_reference, ''), id) > 0 AS is_named FROM disputes
		WHERE booking_id = r.booking_id AND payment_intent = r.payment_intent) d
) bank
WHERE r.settled_at IS NOT NULL AND NOT bank.is_void AND (stripe.is_later OR bank.is_later
	OR stripe.minor > 0 AND stripe.minor + bank.minor + CASE WHEN bank.is_named THEN 0 ELSE 1 END > p.amount_minor);
