"""What the measurements share: a line of the report, a world to measure, and paid bookings in it."""

import contextlib
import pathlib
import sys
from dataclasses import dataclass, field

from stack import NAMES, Stack

PARENT_ID = 1
TEACHERS = 50


@dataclass
class Line:
    what: str
    value: str
    budget: str
    met: bool
    notes: list[str] = field(default_factory=list)


def progress(text):
    """For who watches a terminal."""
    if sys.stderr.isatty():
        print(f"  {text}", file=sys.stderr)


@contextlib.contextmanager
def world(only=NAMES, settings=None, *, durable=True, infra=None):
    """Release builds with the settings that users get, on real Kafka and a PostgreSQL that forgets nothing."""
    settings = {"UNBOOK_LOG_LEVEL": "info", **(settings or {})}
    stack = Stack(infra, build="release", compressed=False, durable=durable, settings=settings)
    with contextlib.ExitStack() as ending:
        ending.push(stack)
        yield stack.start(only=only)


def seed_bookings(stack, count):
    """count Confirmed, paid bookings with ids from 1, all of one parent; rows only, Stripe knows nothing of them."""
    stack.sql("INSERT INTO users (id, subject, email, display_name) VALUES (%s, 'bench-parent', 'p@families.example', 'P')", PARENT_ID)
    stack.sql(
        "INSERT INTO users (id, subject, email, display_name)"
        " SELECT 1 + n, 'bench-teacher-' || n, 't' || n || '@families.example', 'T' FROM generate_series(1, %s) n",
        TEACHERS,
    )
    stack.sql(
        "INSERT INTO bookings (id, parent_id, student_id, teacher_id, title, starts_at, ends_at, status, amount_minor, currency,"
        " stripe_session_id, payment_intent, paid_at)"
        " SELECT n, %s, %s, 2 + n %% %s, 'Bench', at, at + interval '30 minutes', 1, 4500, 'EUR', 'cs_test_b' || n, 'pi_b' || n, now()"
        " FROM (SELECT n, now() + interval '3 days' + (n / %s) * interval '1 hour' AS at FROM generate_series(1, %s) n) s",
        PARENT_ID,
        PARENT_ID,
        TEACHERS,
        TEACHERS,
        count,
    )
    stack.sql(
        "INSERT INTO payments (payment_intent, booking_id, charge_id, amount_minor, currency, captured_at)"
        " SELECT 'pi_b' || id, id, 'ch_b' || id, 4500, 'EUR', now() FROM bookings"
    )
    stack.sql(
        "INSERT INTO meetings (booking_id, provider, url, state, next_try_at)"
        " SELECT id, 'template', 'https://meet.example/' || id, 'ready', now() FROM bookings"
    )
    for table in ("bookings", "payments", "meetings", "users"):
        stack.sql(f"VACUUM ANALYZE {table}")
    stack.sql("CHECKPOINT")
    return stack.issuer.mint("bench-parent", "Parent", email="p@families.example", name="P")


def times_of(pid):
    """CPU time that a process has used, and that of its children who have ended, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100, (int(fields[13]) + int(fields[14])) / 100


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
