"""Who moved which row from where to where, and when: written by triggers with PostgreSQL's clock."""

TABLE = "judge_moves"
DDL = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    n bigint GENERATED ALWAYS AS IDENTITY, kind text, id text, booking_id bigint, was text, became text, version bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    by text NOT NULL DEFAULT current_setting('application_name'));
CREATE OR REPLACE FUNCTION judge_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {TABLE} (kind, id, booking_id, was, became, version)
    VALUES ('booking', NEW.id, NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.status END, NEW.status, NEW.version);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION judge_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {TABLE} (kind, id, booking_id, was, became, version)
    VALUES ('refund', NEW.id, NEW.booking_id, CASE TG_OP WHEN 'UPDATE' THEN OLD.state END, NEW.state, NEW.version);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION judge_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {TABLE} (kind, id, was, became) VALUES ('attempts_fell', NEW.id, OLD.attempts, NEW.attempts);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION judge_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {TABLE} (kind, id) VALUES ('deleted', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER judge_booking AFTER INSERT OR UPDATE OF status ON bookings
    FOR EACH ROW EXECUTE FUNCTION judge_booking();
CREATE OR REPLACE TRIGGER judge_refund AFTER INSERT OR UPDATE OF state ON refunds
    FOR EACH ROW EXECUTE FUNCTION judge_refund();
CREATE OR REPLACE TRIGGER judge_attempts AFTER UPDATE OF attempts ON refunds
    FOR EACH ROW WHEN (NEW.attempts < OLD.attempts) EXECUTE FUNCTION judge_attempts();
CREATE OR REPLACE TRIGGER judge_attempts AFTER UPDATE OF attempts ON mails
    FOR EACH ROW WHEN (NEW.attempts < OLD.attempts) EXECUTE FUNCTION judge_attempts();
"""
KEPT = ("bookings", "payments", "refunds", "stripe_refunds", "mails", "meetings", "booking_log")


def watch(stack):
    """Install the triggers in a stack's database. Once, after start_surroundings(), better before any service."""
    stack.sql(DDL)
    for table in KEPT:
        stack.sql(
            f"CREATE OR REPLACE TRIGGER judge_deleted AFTER DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION judge_deleted()"
        )


def moves(stack):
    """All rows in order; empty when nobody watched."""
    if not stack.one("SELECT to_regclass(%s) AS t", TABLE)["t"]:
        return []
    return stack.sql(f"SELECT * FROM {TABLE} ORDER BY n")
