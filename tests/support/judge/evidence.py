"""What there is to see at one moment, from every witness."""

import contextlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from mail_sink.reader import SpoolReader
from stack import services
from stack.wait import TimedOut, eventually
from stripe_sim.ledger import Ledger

from .history import moves
from .lives import Lives
from .wrong import about

# Design: refund states, mail states and meeting states in which something is still to be done.
# Each with the booking that waits for it.
OPEN_THINGS = {
    "outbox": "SELECT id::text, type AS why, substring(aggregateid from '^[0-9]+$')::bigint AS booking_id FROM outbox",
    "refund": "SELECT id::text, state AS why, booking_id FROM refunds"
    " WHERE state IN ('requested', 'sending', 'pending', 'requires_action')",
    "mail": "SELECT id::text, state AS why, booking_id FROM mails WHERE state IN ('queued', 'sending', 'unknown')",
    "booking over": "SELECT id::text, status::text AS why, id AS booking_id FROM bookings"
    " WHERE status = 1 AND ends_at < now()",
    "hold over": "SELECT id::text, coalesce(last_error, 'Pending') AS why, id AS booking_id FROM bookings"
    " WHERE status = 0 AND hold_expires_at < now()",
    "checkout": "SELECT id::text, coalesce(last_error, 'still payable') AS why, id AS booking_id FROM bookings"
    " WHERE status = 3 AND hold_expires_at IS NOT NULL AND checkout_closed_at IS NULL",
    "event of Stripe": "SELECT id, type || coalesce(': ' || last_error, '') AS why, NULL::bigint AS booking_id"
    " FROM stripe_events WHERE applied_at IS NULL",
}


def open_things(stack, without=()):
    """["refund 7: sending", ...], each a Wrong; of one instant, because what leaves one list enters another."""
    queries = (
        f"SELECT '{what}' AS what, * FROM ({query}) AS found" for what, query in OPEN_THINGS.items() if what not in without
    )
    return [
        about(row["booking_id"], f"{row['what']} {row['id']}: {row['why']}")
        for row in stack.sql(" UNION ALL ".join(queries))
    ]


def wait_until_quiet(stack, timeout=30.0, without=(), meanwhile=None):
    """Invariant I7: when faults stop, nothing stays open. meanwhile: called again and again. What is still open then."""
    last = []

    def quiet():
        if meanwhile:
            meanwhile()
        last[:] = open_things(stack, without)
        return not last

    with contextlib.suppress(TimedOut):
        eventually(quiet, timeout, every=0.05)
    return [about(thing.booking_id, f"I7: still open after {timeout:g} s: {thing}") for thing in last]


@dataclass
class Checkout:
    """One at Stripe. reference: our booking's id, as text."""

    id: str
    reference: str | None
    became: dict = field(default_factory=dict)  # checkout_created, _completed, _async, _expired -> the ledger's line
    paid_at: float | None = None

    def is_complete(self, until=float("inf")):
        return "checkout_completed" in self.became and self.became["checkout_completed"]["real"] <= until

    @property
    def is_open(self):
        return not {"checkout_completed", "checkout_expired"} & self.became.keys()

    @property
    def is_awaited(self):
        """A delayed method has not decided."""
        return self.is_complete() and self.became["checkout_completed"]["delayed"] and "checkout_async" not in self.became

    @property
    def has_failed(self):
        return "checkout_async" in self.became and not self.became["checkout_async"]["succeeded"]


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

    commit_slack_s = 10.0  # a transaction is over by then: longer than any time-out of ours, also when PostgreSQL stood still

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
        self.stripe_events = _stripe_events(stack)  # before the outbox, the outbox before the topics: Stripe goes on
        self.outbox = stack.sql("SELECT * FROM outbox ORDER BY id")
        self.dead_letters = stack.sql("SELECT * FROM dead_letters")
        self.moves = moves(stack)
        self.lives = Lives(self.moves)
        self.ledger = Ledger(stack.stripe.ledger_path)
        self.spool = SpoolReader(stack.mail.spool)
        self.records = read_topics(stack) if broker != "off" and stack.kafka else []
        self.stripe_events_after = _stripe_events(stack)

    @cached_property
    def _told(self):
        told = defaultdict(list)
        for call in self.calls:
            told[call.booking_id].append(call)
        return told

    def told(self, booking_id, what=None):
        """What callers were told about this booking, unless they were wrong on purpose."""
        return [c for c in self._told[booking_id] if what in (None, c.what) and not c.wrong]

    @cached_property
    def _moves_of(self):
        found = defaultdict(list)
        for move in self.moves:
            if move["kind"] == "booking":
                found[move["booking_id"]].append(move)
        return found

    def moves_of(self, booking_id):
        """How this booking's status moved, in order."""
        return self._moves_of[booking_id]

    def was_confirmed_by_us(self, booking_id):
        """And not by the test, which puts rows there as it needs them."""
        into = [move for move in self.moves_of(booking_id) if move["became"] == "1"]
        return bool(into and into[-1]["was"] and into[-1]["by"])

    @cached_property
    def captured(self):
        """Stripe's payments by PaymentIntent."""
        return self.ledger.captured_payments()

    @cached_property
    def checkouts(self):
        """Stripe's checkouts by id: what became of each, and when, by the machine's clock."""
        found = {}
        for line in self.ledger.effects():
            if line["what"].startswith("checkout_"):
                checkout = found.setdefault(line["checkout"], Checkout(line["checkout"], line["client_reference_id"]))
                checkout.became[line["what"]] = line
            elif line["what"] == "charge_captured" and line["checkout"]:
                found[line["checkout"]].paid_at = line["real"]
        return found

    @cached_property
    def _checkouts_of(self):
        found = defaultdict(list)
        for checkout in self.checkouts.values():
            found[checkout.reference].append(checkout)
        return found

    def checkouts_of(self, booking_id):
        return self._checkouts_of[str(booking_id)]

    def was_paid(self, booking_id, until=float("inf")):
        """Whether Stripe took money for it by then; what a test has paid without a checkout was always paid."""
        checkouts = self.checkouts_of(booking_id)
        if any(checkout.paid_at and checkout.paid_at <= until for checkout in checkouts):
            return True
        return not checkouts and any(p["booking_id"] == booking_id for p in self.payments.values())

    @cached_property
    def delivered(self):
        """Mails that reached somebody, by Message-ID."""
        return self.spool.by_message_id()

    def service_log_lines(self):
        return [
            line
            for name in services.NAMES
            for path in sorted(self.stack.log_dir.glob(f"{name}-*.log"))
            for line in path.read_text("utf-8", "replace").splitlines()
        ]

    @cached_property
    def _refunds_at_stripe(self):
        return self.ledger.refunds_by_payment_intent()

    def refunds_at_stripe(self, payment_intent, live=True):
        return [r for r in self._refunds_at_stripe.get(payment_intent, []) if r.alive or not live]


def _stripe_events(stack):
    return {r["id"]: r for r in stack.sql("SELECT id, type FROM stripe_events")}


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
        topics = [stack.prefix + topic for topic in services.TOPICS]
        parts = [
            TopicPartition(topic, number, OFFSET_BEGINNING)
            for topic in topics
            for number in consumer.list_topics(topic, timeout=timeout).topics[topic].partitions
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
