"""unbookctl retention: what is not kept for ever goes, and nothing else."""

import pytest
from stack import ctl


@pytest.fixture(scope="module")
def stack(infra, build):
    with ctl.quiet_stack(infra, build) as stack:
        yield stack


def fill(stack, name, days, **columns):
    """One row of every table that has an end, so many days old."""
    age = f"{days} days"
    stack.sql(
        "INSERT INTO stripe_events (id, type, created, received_at, payload, applied_at, next_try_at)"
        " VALUES (%s, 'refund.updated', now(), clock_timestamp() - %s::interval, 'bytes', %s, now())",
        f"evt_{name}", age, None if columns.get("open") else "2026-01-01T00:00:00Z",
    )  # fmt: skip
    stack.sql(
        "INSERT INTO idempotency_keys (user_id, key, request_sha256, created_at)"
        " SELECT id, %s, 'x', clock_timestamp() - %s::interval FROM users LIMIT 1",
        name, age,
    )  # fmt: skip
    stack.sql(
        'INSERT INTO dead_letters (topic, partition, "offset", reason, first_seen_at, redriven_at, discarded_by)'
        " VALUES (%s, 0, 0, 'x', clock_timestamp() - %s::interval, clock_timestamp() - %s::interval, %s)",
        name, f"{days + 30} days", None if columns.get("open") or columns.get("by") else age, columns.get("by"),
    )  # fmt: skip


def left(stack):
    return (
        {row["id"] for row in stack.sql("SELECT id FROM stripe_events WHERE payload IS NOT NULL")},
        {row["key"] for row in stack.sql("SELECT key FROM idempotency_keys")},
        {row["topic"] for row in stack.sql("SELECT topic FROM dead_letters")},
    )


def test_only_what_is_over_goes_and_a_dry_run_takes_nothing(stack):
    parent, teacher, _ = stack.seed.family()
    stack.seed.booking(parent, teacher, status=2, starts_in="-400 days")
    for name, days, columns in (
        ("old", 91, {}),
        ("discarded", 61, {"by": "ann"}),
        ("just_old", 90, {}),
        ("not_quite", 89, {}),
        ("month", 29, {}),
        ("open", 400, {"open": True}),
    ):
        fill(stack, name, days, **columns)
    before = left(stack)

    out, err = ctl.run(stack, "retention", "apply", "--dry-run")
    assert out.splitlines() == [
        "stripe_events: 2 payloads older than 90 days would be removed",
        "idempotency_keys: 5 rows older than 30 days would be removed",
        "dead_letters: 3 rows older than 90 days would be removed",
    ]
    assert (left(stack), err) == (before, ""), "and no bar where no terminal is"

    out, _ = ctl.run(stack, "retention", "apply", UNBOOK_STRIPE_KEY="", USER="")
    assert out == (
        "stripe_events: 2 payloads older than 90 days removed\n"
        "idempotency_keys: 5 rows older than 30 days removed\n"
        "dead_letters: 3 rows older than 90 days removed\n"
    )
    assert left(stack) == (
        {"evt_discarded", "evt_not_quite", "evt_month", "evt_open"},
        {"month"},
        {"not_quite", "month", "open"},
    )
    assert stack.one("SELECT count(*) AS n FROM stripe_events")["n"] == 6, "a repeat is still known"
    for table in ("bookings", "payments", "users"):
        assert stack.one(f"SELECT count(*) AS n FROM {table}")["n"] > 0
    assert "0 payloads" in ctl.run(stack, "retention", "apply")[0]


def test_a_long_table_goes_in_many_short_transactions(stack):
    stack.sql(
        "INSERT INTO stripe_events (id, type, created, received_at, applied_at, payload)"
        " SELECT 'evt_' || n, 'x', now(), now() - interval '91 days', now(), convert_to(repeat(md5(n::text), 20), 'UTF8')"
        " FROM generate_series(1, 20000) n"
    )
    out, _ = ctl.run(stack, "retention", "apply")
    assert out.startswith("stripe_events: 20000 payloads older than 90 days removed\n")
    longest = stack.one("SELECT max(rows) AS n FROM (SELECT count(*) AS rows FROM stripe_events GROUP BY xmin) x")
    assert longest["n"] < 5000, "none took more than its share of blocks"
    assert not stack.sql("SELECT 1 FROM stripe_events WHERE payload IS NOT NULL AND type = 'x'")


def test_wrong_arguments_and_help(stack):
    assert "usage: unbookctl retention apply" in ctl.run(stack, "retention", "--help")[0]
    for args in ((), ("x",), ("apply", "x"), ("apply", "--dry-run", "x")):
        ctl.run(stack, "retention", *args, code=64)
    ctl.run(stack, "retention", "apply", code=78, UNBOOK_PG_URL="")
