-- migrate:up
-- Stripe's page of a Pending booking is done, and a delayed method (a bank debit) has not decided yet.
ALTER TABLE bookings ADD COLUMN payment_awaited boolean NOT NULL DEFAULT false;

-- migrate:down
ALTER TABLE bookings DROP COLUMN payment_awaited;
