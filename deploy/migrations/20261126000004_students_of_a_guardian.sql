-- migrate:up
CREATE INDEX users_guardian ON users (guardian_id) WHERE guardian_id IS NOT NULL;

-- migrate:down
DROP INDEX users_guardian;
