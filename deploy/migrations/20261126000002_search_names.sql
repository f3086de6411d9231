-- migrate:up
-- Names are found without regard to case in every alphabet, also where the database's own locale (C) folds ASCII alone.
DROP INDEX users_name;
CREATE INDEX users_name ON users USING gin (lower(display_name COLLATE "und-x-icu") gin_trgm_ops);

-- migrate:down
DROP INDEX users_name;
CREATE INDEX users_name ON users USING gin (display_name gin_trgm_ops);
