-- migrate:up
-- What nobody sees in a name (a zero-width space that came in with a copy) and every kind of apostrophe are taken out as well, and a final
-- sigma is a sigma: "O’Neill" is found by "oneill". What the index has is made anew.
CREATE OR REPLACE FUNCTION name_folded(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(lower(unaccent('unaccent', normalize(translate(name,
	U&'\00AD\061C\200B\200C\200D\200E\200F\202A\202B\202C\202D\202E\2060\2066\2067\2068\2069\FEFF'
	'''`\00B4\02BB\02BC\05F3\2018\2019\201B\2032\FF07', ''), NFC)) COLLATE "und-x-icu"),
	U&'\03C2''', U&'\03C3');
REINDEX INDEX users_folded_name;

-- migrate:down
CREATE OR REPLACE FUNCTION name_folded(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent('unaccent', normalize(name, NFC)) COLLATE "und-x-icu");
REINDEX INDEX users_folded_name;
