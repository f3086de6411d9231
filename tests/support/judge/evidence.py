"""What there is to see at one moment, from every witness."""

import json
from dataclasses import dataclass, field

from mail_sink.reader import SpoolReader
from stack import services
from stack.wait import TimedOut, eventually
from stripe_sim.ledger import Ledger

from .history import moves

# Design: refund states, mail states and meeting states in which something is still to be done.
OPEN_THINGS = {
    "outbox": "SELECT id::text, type AS why FROM outbox",
    "refund": "SELECT id::text, state AS why FROM refunds"
    " WHERE state IN ('requested', 'sending', 'pending', 'requires_action')",
    "mail": "SELECT id::text, state AS why FROM mails WHERE state IN ('queued', 'sending', 'unknown')",
    "booking over": "SELECT id::text, status::text AS why FROM bookings WHERE status = 1 AND ends_at < now()",
}


def open_things(stack, without=()):
    """["refund 7: sending", ...]"""
    return [
        f"{what} {row['id']}: {row['why']}"
        for what, query in OPEN_THINGS.items()
        if what not in without
        for row in stack.sql(query)
    ]


def wait_until_quiet(stack, timeout=30.0, without=()):
    """Invariant I7: when faults stop, nothing stays open."""
    last = []

    def quiet():
        last[:] = open_things(stack, without)
        return not last

    try:
        eventually(quiet, timeout)
    except TimedOut:
        raise TimedOut(f"I7: still open after {timeout:g} s: {'; '.join(last[:8])}") from None


@dataclass
class Record:
    """One message of a topic."""

    topic: str
    type: str
    key: str
    body: dict
    raw: bytes
    headers: list = field(repr=False, default_factory=list)


class Evidence:
    """client may be None; broker "kept" reads the topics."""

    def __init__(self, stack, client=None, broker="kept"):
        self.stack = stack
        self.calls = client.calls if client else []
        self.bookings = {
            r["id"]: r
            for r in stack.sql(
                "SELECT b.*, p.email AS parent_email, t.email AS teacher_email,"
                " extract(epoch FROM starts_at - cancel_notice) AS deadline FROM bookings b"
                " JOIN users p ON p.id = b.parent_id JOIN users t ON t.id = b.teacher_id"
            )
        }
        self.payments = {r["payment_intent"]: r for r in stack.sql("SELECT * FROM payments")}
        self.refunds = {r["payment_intent"]: r for r in stack.sql("SELECT * FROM refunds")}
        self.stripe_refunds = {r["id"]: r for r in stack.sql("SELECT * FROM stripe_refunds")}
        self.mails = stack.sql("SELECT m.*, u.email FROM mails m JOIN users u ON u.id = m.recipient_id ORDER BY m.id")
        self.log = stack.sql("SELECT * FROM booking_log ORDER BY id")
        self.outbox = stack.sql("SELECT * FROM outbox ORDER BY id")
        self.dead_letters = stack.sql("SELECT * FROM dead_letters")
        self.moves = moves(stack)
        self.ledger = Ledger(stack.stripe.ledger_path)
        self.spool = SpoolReader(stack.mail.spool)
        self.records = read_topics(stack) if broker != "off" and stack.kafka else []

    def told(self, booking_id):
        """What callers were told about this booking."""
        return [c for c in self.calls if c.booking_id == booking_id]

    def service_log_lines(self):
        return [
            line
            for name in services.NAMES
            for path in sorted(self.stack.log_dir.glob(f"{name}-*.log"))
            for line in path.read_text("utf-8", "replace").splitlines()
        ]

    def refunds_at_stripe(self, payment_intent, live=True):
        found = self.ledger.refunds_by_payment_intent().get(payment_intent, [])
        return [r for r in found if r.alive or not live]


def read_topics(stack, timeout=15.0):
    """Every record that the topics of this stack hold now, from the first to the last."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": stack.kafka.bootstrap,
            "group.id": f"{stack.prefix}judge",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,
            "log_level": 0,
        }
    )
    try:
        known = consumer.list_topics(timeout=timeout).topics
        parts = [
            TopicPartition(stack.prefix + topic, number, OFFSET_BEGINNING)
            for topic in services.TOPICS
            if stack.prefix + topic in known
            for number in known[stack.prefix + topic].partitions
        ]
        return _read(consumer, parts, timeout)
    finally:
        consumer.close()


def _read(consumer, parts, timeout):
    records, at_end = [], set()

    def all_read():
        for message in consumer.consume(500, timeout=0.05):
            if message.error():
                at_end.add((message.topic(), message.partition()))
            else:
                records.append(_record(message))
        return len(at_end) >= len(parts)

    consumer.assign(parts)
    eventually(all_read, timeout, "the topics are read to their end", every=0)
    return records


def _record(message):
    headers = message.headers() or []
    text = {name: (value or b"").decode("utf-8", "replace") for name, value in headers}
    value = message.value() or b""
    try:
        body = json.loads(value)
    except (ValueError, RecursionError):  # poison of a test
        body = None
    return Record(
        message.topic(),
        text.get("ce_type", ""),
        (message.key() or b"").decode("utf-8", "replace"),
        body if isinstance(body, dict) else {},
        value,
        headers,
    )
