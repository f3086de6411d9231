-- migrate:up
-- Staff look for a person by mail address or a part of the name.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX users_email ON users (lower(email));
CREATE INDEX users_name ON users USING gin (display_name gin_trgm_ops);

-- migrate:down
DROP INDEX users_name, users_email;
