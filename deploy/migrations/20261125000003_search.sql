-- migrate:up
-- Staff look for a person by mail address or a part of the name: without regard to case in every alphabet, also where the database's own
-- locale (C) folds ASCII alone.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX users_email ON users (lower(email));
CREATE INDEX users_name ON users USING gin (lower(display_name COLLATE "und-x-icu") gin_trgm_ops);

-- migrate:down
DROP INDEX users_name, users_email;
