-- migrate:up
-- How much of a payment went another way when its refund was settled: what was captured, less what stood at Stripe and what lost disputes had
-- taken. From then on what was given back is a sum: refunds at Stripe, lost disputes, and this.
ALTER TABLE refunds ADD COLUMN settled_minor bigint NOT NULL DEFAULT 0
	CHECK (settled_minor >= 0 AND (settled_minor = 0 OR settled_at IS NOT NULL));

-- For what was settled before, as it was then: a refund that came or failed since stands in the time line; what the reference names was
-- there; and whatever was reported as given back twice goes on being it, by one minor unit at least. What the bank has settled has no part
-- that went another way.
WITH settled AS (
	SELECT r.id, r.booking_id, r.payment_intent, r.settled_at, coalesce(r.settled_reference, '') AS reference, p.amount_minor
	FROM refunds r JOIN payments p USING (payment_intent) WHERE r.settled_at IS NOT NULL AND r.settled_by <> 'stripe'
), counted AS (
	SELECT r.id, r.amount_minor - stripe.minor - bank.minor AS rest_minor
	FROM settled r
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(s.amount_minor), 0)::bigint AS minor FROM stripe_refunds s
		WHERE s.payment_intent = r.payment_intent
			AND (s.status NOT IN ('failed', 'canceled') OR EXISTS (SELECT 1 FROM booking_log l WHERE l.booking_id = r.booking_id
				AND l.what = 'refund_failed' AND l.detail->>'stripeRefund' = s.id AND l.at > r.settled_at))
			AND (strpos(r.reference, s.id) > 0 OR NOT EXISTS (SELECT 1 FROM booking_log l WHERE l.booking_id = r.booking_id
				AND l.what = 'refund_by_hand' AND l.detail->>'stripeRefund' = s.id AND l.at > r.settled_at))
	) stripe
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(d.amount_minor), 0)::bigint AS minor FROM disputes d
		WHERE d.booking_id = r.booking_id AND d.payment_intent = r.payment_intent AND (strpos(r.reference, d.id) > 0 OR 'lost' = (
			SELECT l.detail->>'status' FROM booking_log l WHERE l.booking_id = r.booking_id AND l.at <= r.settled_at
				AND l.what IN ('disputed', 'dispute_closed', 'charged_back') AND l.detail->>'dispute' = d.id
			ORDER BY (l.detail->>'status' IN ('won', 'lost')) DESC, coalesce(to_timestamp((l.detail->>'toldAt')::bigint), l.at) DESC,
				l.id DESC LIMIT 1))
	) bank
)
UPDATE refunds r SET settled_minor = greatest(c.rest_minor, CASE WHEN t.refund_id IS NULL THEN 0 ELSE 1 END)
FROM counted c LEFT JOIN given_back_twice t ON t.refund_id = c.id WHERE r.id = c.id;

DROP VIEW given_back_twice;
CREATE VIEW settled_sums AS
SELECT r.id AS refund_id, r.booking_id, r.payment_intent, r.settled_by, r.settled_reference, p.amount_minor, p.currency, r.settled_minor,
	stripe.minor AS refunded_minor, bank.minor AS charged_back_minor,
	r.settled_minor + stripe.minor + bank.minor AS given_minor, bank.is_disputed
FROM refunds r JOIN payments p USING (payment_intent)
CROSS JOIN LATERAL (
	SELECT coalesce(sum(s.amount_minor), 0)::bigint AS minor FROM stripe_refunds s
	WHERE s.payment_intent = r.payment_intent AND s.status NOT IN ('failed', 'canceled')
) stripe
CROSS JOIN LATERAL (
	SELECT coalesce(sum(d.amount_minor) FILTER (WHERE d.status = 'lost'), 0)::bigint AS minor,
		coalesce(bool_or(d.status NOT IN ('lost', 'won') AND d.status NOT LIKE 'warning%'), false) AS is_disputed
	FROM disputes d WHERE d.booking_id = r.booking_id AND d.payment_intent = r.payment_intent
) bank
WHERE r.settled_at IS NOT NULL;

-- More has gone back than was paid.
CREATE VIEW given_back_twice AS SELECT * FROM settled_sums WHERE given_minor > amount_minor;
-- Something that was counted is gone: a refund failed, or a dispute was won after all. While is_disputed the bank may still give it back.
CREATE VIEW given_back_short AS SELECT *, amount_minor - given_minor AS lacking_minor FROM settled_sums WHERE given_minor < amount_minor;

-- migrate:down
DROP VIEW given_back_short;
DROP VIEW given_back_twice;
DROP VIEW settled_sums;
CREATE VIEW given_back_twice AS
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
ALTER TABLE refunds DROP COLUMN settled_minor;
