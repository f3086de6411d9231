-- migrate:up
-- When it was told that this refund is pending for too long; for the generation that it is in.
ALTER TABLE refunds ADD COLUMN overdue_at timestamptz;

-- migrate:down
ALTER TABLE refunds DROP COLUMN overdue_at;
