-- migrate:up
-- Who had a dead letter applied once more: "operator:<name>", as discarded_by.
ALTER TABLE dead_letters ADD COLUMN redriven_by text;

-- migrate:down
ALTER TABLE dead_letters DROP COLUMN redriven_by;
