-- migrate:up
-- A dispute, and a refund made by hand, may name the charge alone; the webhook asks which booking it is about.
CREATE INDEX payments_charge ON payments (charge_id) WHERE charge_id IS NOT NULL;

-- migrate:down
DROP INDEX payments_charge;
