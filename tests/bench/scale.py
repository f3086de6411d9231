"""Claim, sweep and list among the bookings of many years, against the same among few. With --large only: it takes minutes."""

import re

from asking import ask_for_refunds, take_intents, wait_refunded
from stack import Infra, eventually

from common import Line, progress, world

SMALL, LARGE = 100_000, 10_000_000
CHUNK = 500_000
BOOKINGS_OF_A_PARENT, BOOKINGS_OF_A_TEACHER = 100, 1000
UPCOMING_SLOTS = 10  # of each teacher: 1 %
READERS, READS = 20, 10
REFUNDS = 100
SWEEPS = 10
BUDGET = 1.2

# What the services send, by how it reads in pg_stat_statements, which has a $n for every constant.
GROUPS = {
    "list": r"FROM bookings b JOIN users pu .*ORDER BY",
    "claim": r"UPDATE refunds r SET .*FROM due|FROM refunds r .*r\.attempts = \$",
    "sweep": r"next_try_at <= now\(\)|ends_at <= clock_timestamp\(\)",
}


def seed_people(stack, parents, teachers):
    stack.sql(
        "INSERT INTO users (id, subject, email, display_name)"
        " SELECT n, 'bench-' || n, 'u' || n || '@families.example', 'U' FROM generate_series(1, %s) n",
        parents + teachers,
    )


def seed_chunk(stack, first, last, parents, teachers):
    """Each teacher's first slots lie ahead and are Confirmed; of those behind one in 50 was cancelled, the others are Completed."""
    stack.sql(
        f"WITH s AS (SELECT n, n / {teachers} AS slot FROM generate_series({first}::int, {last}) n),"
        f" w AS (SELECT n, CASE WHEN slot < {UPCOMING_SLOTS} THEN 1 WHEN n % 50 = 0 THEN 3 ELSE 2 END AS status,"
        f" now() + CASE WHEN slot < {UPCOMING_SLOTS} THEN interval '3 days' + slot * interval '1 hour'"
        " ELSE - slot * interval '1 hour' END AS at FROM s)"
        " INSERT INTO bookings (id, parent_id, student_id, teacher_id, title, starts_at, ends_at, status, amount_minor, currency,"
        " stripe_session_id, payment_intent, paid_at, cancelled_at, cancel_cause)"
        f" SELECT n, 1 + n % {parents}, 1 + n % {parents}, 1 + {parents} + n % {teachers}, 'Bench', at, at + interval '30 minutes', status,"
        " 4500, 'EUR', 'cs_test_b' || n, 'pi_b' || n, at - interval '5 days', CASE status WHEN 3 THEN at - interval '2 days' END,"
        " CASE status WHEN 3 THEN 'parent' END FROM w"
    )
    span = f"WHERE id BETWEEN {first} AND {last}"
    stack.sql(
        "INSERT INTO payments (payment_intent, booking_id, charge_id, amount_minor, currency, captured_at)"
        f" SELECT payment_intent, id, 'ch_b' || id, 4500, 'EUR', paid_at FROM bookings {span}"
    )
    stack.sql(
        "INSERT INTO meetings (booking_id, provider, url, state, next_try_at)"
        " SELECT id, 'template', 'https://meet.example/' || id, CASE status WHEN 3 THEN 'gone' ELSE 'ready' END, paid_at"
        f" FROM bookings {span}"
    )
    stack.sql(
        "INSERT INTO refunds (payment_intent, booking_id, cause, state, next_try_at)"
        f" SELECT payment_intent, id, 'parent', 'succeeded', cancelled_at FROM bookings {span} AND status = 3"
    )
    stack.sql(
        "INSERT INTO mails (booking_id, kind, recipient_id, booking_version, state, message_id, sent_at, next_try_at)"
        f" SELECT id, 'confirmed', parent_id, 1, 'sent', id || '@bench', paid_at, paid_at FROM bookings {span}"
    )


def seed_history(stack, count):
    """So many bookings, each paid and mailed about. References are right by construction and not checked row by row."""
    parents, teachers = count // BOOKINGS_OF_A_PARENT, count // BOOKINGS_OF_A_TEACHER
    stack.sql("SET session_replication_role = replica")
    seed_people(stack, parents, teachers)
    for first in range(1, count + 1, CHUNK):
        last = min(first + CHUNK - 1, count)
        seed_chunk(stack, first, last, parents, teachers)
        progress(f"{last} of {count} bookings")
    stack.sql("RESET session_replication_role")
    progress("VACUUM ANALYZE")
    stack.sql("VACUUM ANALYZE")
    stack.sql("CHECKPOINT")


def read_lists(stack):
    for _ in range(READS):
        for parent in range(1, READERS + 1):
            token = stack.issuer.mint(f"bench-{parent}", "Parent", email=f"u{parent}@families.example", name="U")
            answer = stack.api.get("/api/Sessions/parent/bookings?limit=20", token=token)
            assert answer.status == 200 and len(answer.data) == 20, answer.text


def statistics_of(stack, group):
    """{statement: (calls, its fastest, blocks a call)}"""
    rows = stack.sql(
        "SELECT query, calls, min_exec_time AS ms, (shared_blks_hit + shared_blks_read) / calls AS blocks FROM pg_stat_statements"
        " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return {
        r["query"]: (r["calls"], r["ms"], r["blocks"])
        for r in rows
        if r["query"].startswith(("SELECT", "WITH", "UPDATE")) and re.search(GROUPS[group], r["query"], re.DOTALL)
    }


def swept(stack):
    found = statistics_of(stack, "sweep")
    return bool(found) and all(calls >= SWEEPS for calls, _, _ in found.values())


def figures(infra, count):
    """{group: {statement: ...}} of services that read, refund and sweep beside so many bookings."""
    with world((), {"UNBOOK_REFUND_RATE": "0"}, infra=infra) as stack:
        seed_history(stack, count)
        stack.sql("CREATE EXTENSION pg_stat_statements")
        take_intents(stack, REFUNDS)
        services = [stack.start_service(name) for name in ("api", "refund-worker", "notifier", "reaper")]
        eventually(lambda: all(service.has_joined() for service in services), 30, "consumers have partitions")
        read_lists(stack)
        stack.sql("SELECT pg_stat_statements_reset()")
        read_lists(stack)
        ask_for_refunds(stack, 1, REFUNDS)
        wait_refunded(stack, 60)
        eventually(lambda: swept(stack), 60, "every sweep was made often enough", every=0.5)
        return {group: statistics_of(stack, group) for group in GROUPS}


def compare(group, few, many):
    """All statements of the kind together: one alone may take microseconds, which say nothing."""
    both = few.keys() & many.keys()
    assert both, f"no {group} was seen"
    few_ms, many_ms = (sum(found[query][1] for query in both) for found in (few, many))
    worst = max(both, key=lambda query: many[query][1] - few[query][1])
    (_, worst_few_ms, few_blocks), (_, worst_many_ms, many_blocks) = few[worst], many[worst]
    notes = [
        f"{len(both)} statements, the fastest call of each: {few_ms:.3f} ms, {many_ms:.3f} ms together; the one that grows most"
        f" {worst_few_ms:.3f} ms, {worst_many_ms:.3f} ms ({few_blocks}, {many_blocks} blocks):",
        " ".join(worst.split())[:110],
    ]
    return many_ms / few_ms, notes


def measure(_seconds, bookings=LARGE):
    settings = {"shared_preload_libraries": "pg_stat_statements", "max_wal_size": "8GB"}
    with Infra(build="release", broker="kafka", pg_settings=settings) as infra:
        few, many = (figures(infra, count) for count in (SMALL, bookings))
    for group in GROUPS:
        ratio, notes = compare(group, few[group], many[group])
        yield Line(f"{group} at {bookings} bookings / at {SMALL}", f"{ratio:.2f}", f"<= {BUDGET}", ratio <= BUDGET, notes)
