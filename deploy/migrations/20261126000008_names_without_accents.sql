-- migrate:up
-- Staff type "novak" for "Novák", and the other way around. unaccent is only STABLE, because its dictionary can be exchanged: after that,
-- REINDEX INDEX users_folded_name. Parsed here once, so that the function depends on no search_path. NFC first: the dictionary knows no
-- letter that is written as two characters.
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE FUNCTION name_folded(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent('unaccent', normalize(name, NFC)) COLLATE "und-x-icu");
CREATE INDEX users_folded_name ON users USING gin (name_folded(display_name) gin_trgm_ops);
DROP INDEX users_name;

-- migrate:down
CREATE INDEX users_name ON users USING gin (lower(display_name COLLATE "und-x-icu") gin_trgm_ops);
DROP INDEX users_folded_name;
DROP FUNCTION name_folded(text);
