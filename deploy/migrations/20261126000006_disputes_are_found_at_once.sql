-- migrate:up
-- Most bookings were never disputed: each claim of a refund and each cancel asks, and finds an empty index.
CREATE INDEX booking_log_disputes ON booking_log (booking_id) WHERE what IN ('disputed', 'dispute_closed', 'charged_back');

-- migrate:down
DROP INDEX booking_log_disputes;
