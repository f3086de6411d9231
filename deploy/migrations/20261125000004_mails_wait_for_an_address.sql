-- migrate:up
-- Mails that failed because their reader had no address; few at any time.
CREATE INDEX mails_without_address ON mails (recipient_id) WHERE state = 'failed' AND last_error = 'bad_address';

-- Whoever learns the address (a token, an import, an operator) need not know that mails wait for it. What is worth reading goes out: all but the
-- invitation to a session that is over. The 24 hours in which a mail server may refuse it for now begin again.
CREATE FUNCTION mails_queue_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE mails m SET state = 'queued', created_at = clock_timestamp(), next_try_at = clock_timestamp()
	FROM bookings b
	WHERE m.recipient_id = NEW.id AND m.state = 'failed' AND m.last_error = 'bad_address'
	AND b.id = m.booking_id AND (m.kind <> 'confirmed' OR b.ends_at > clock_timestamp());
	RETURN NULL;
END $$;
CREATE TRIGGER users_learn_address AFTER UPDATE OF email ON users
	FOR EACH ROW WHEN (NEW.email <> '' AND NEW.email IS DISTINCT FROM OLD.email)
	EXECUTE FUNCTION mails_queue_again();

-- migrate:down
DROP TRIGGER users_learn_address ON users;
DROP FUNCTION mails_queue_again();
DROP INDEX mails_without_address;
