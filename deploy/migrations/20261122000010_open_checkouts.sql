-- migrate:up
-- The reaper also looks at released bookings whose checkout may still be paid, so its index follows next_try_at alone: that is set
-- exactly while there is something to look at.
DROP INDEX bookings_open_checkout;
CREATE INDEX bookings_open_checkout ON bookings (next_try_at) WHERE next_try_at IS NOT NULL;

-- migrate:down
DROP INDEX bookings_open_checkout;
CREATE INDEX bookings_open_checkout ON bookings (next_try_at) WHERE status = 0;
