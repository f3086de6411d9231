"""I9 and I11: the topics hold every committed fact, and neither they nor the logs hold what is nobody's business."""

import json
import re

from stack import logscan, services

from .lives import CANCELLED
from .wrong import Wrong, about

EVENT_BYTES_MAX = 16 * 1024  # ours are a tenth of that; a pattern must not run over half a megabyte of poison
OF_STRIPE = "com.stripe."
OWNED = ("checkout.session.", "refund.", "charge.refund", "charge.dispute.")  # design, section 2: who owns what
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
SECRET = re.compile(logscan.SECRETS.pattern.encode())


def check_secrets(e, expect):
    for hit in logscan.secrets(e.stack.log_dir, services.NAMES):
        yield Wrong(f"I9: in a log: {hit}")
    people = e.stack.sql("SELECT email, display_name FROM users")
    names = {p["display_name"] for p in people if p["display_name"] and len(p["display_name"]) > 3}
    addresses = {p["email"] for p in people if p["email"]}

    def private(text):
        return next((name for name in names if name in text), None) or next(
            (a for a in ADDRESS.findall(text) if a in addresses), None
        )

    for name in services.NAMES:
        for path in sorted(e.stack.log_dir.glob(f"{name}-*.log")):
            word = private(path.read_text("utf-8", "replace"))
            if word:
                yield Wrong(f"I9: {path.name} holds the name or address {word!r}")
    for record in e.records:
        whole = record.raw + b"".join((value or b"") for _, value in record.headers) + record.key.encode()
        if len(whole) > EVENT_BYTES_MAX:
            if not expect.forged:
                yield Wrong(f"I9: {record.topic} holds a record of {len(whole)} bytes")
        elif record.type and (SECRET.search(whole) or private(whole.decode("utf-8", "replace"))):
            yield Wrong(f"I9: {record.topic} holds something private: {whole[:200]!r}")


def _facts(e):
    """(event type, booking id, what identifies it) of every move that a service committed."""
    for m in e.moves:
        if not m["by"]:
            continue  # by the test itself
        if m["kind"] == "booking" and m["became"] == "1" and m["was"] in ("0", "3"):
            yield "unbook.booking.confirmed.v1", m["booking_id"], ("version", m["version"])
        elif m["kind"] == "booking" and m["became"] == "3" and m["was"] in ("0", "1"):
            yield "unbook.booking.cancelled.v1", m["booking_id"], ("version", m["version"])
        elif m["kind"] == "booking" and m["became"] == "2" and m["was"] == "1":
            yield "unbook.booking.completed.v1", m["booking_id"], ("version", m["version"])
        elif m["kind"] == "refund" and m["was"] is None:
            yield "unbook.refund.requested.v1", m["booking_id"], ("refundId", m["id"])
        elif m["kind"] == "refund" and m["became"] != m["was"] and m["became"] not in ("requested", "sending"):
            yield "unbook.refund.changed.v1", m["booking_id"], ("state", m["became"])


def check_topics(e, expect):
    """expect.broker: "kept" each fact is in its topic; "off" it waits in the outbox; "wiped" it may be gone."""
    if expect.broker == "wiped":
        return
    if expect.broker == "off":
        told = {(row["type"], int(row["aggregateid"])) for row in e.outbox}
        for kind, booking_id, what in _facts(e):
            if (kind, booking_id) not in told:
                yield about(booking_id, f"I11: {kind} of booking {booking_id} {what} is not even in the outbox")
        return
    seen = {}
    for record in e.records:
        seen.setdefault((record.type, record.body.get("bookingId")), []).append(record)
    for kind, booking_id, (name, value) in _facts(e):
        found = [r for r in seen.get((kind, booking_id), []) if str(r.body.get(name)) == str(value)]
        if not found:
            yield about(booking_id, f"I11: {kind} of booking {booking_id} ({name} {value}) never reached its topic")
        for record in found:
            if record.key != str(booking_id):
                yield about(booking_id, f"I11: {kind} of booking {booking_id} has key {record.key!r}")
    yield from _stripes_word(e)
    if not expect.forged:
        yield from _invented(e)


def _stripes_word(e):
    """What Stripe told us and a worker owns is in its topic too, or on its way."""
    told = {record.body.get("eventId") for record in e.records if record.type.startswith(OF_STRIPE)}
    told |= {json.loads(row["payload"]).get("eventId") for row in e.outbox}
    for event in e.stripe_events.values():
        if event["type"].startswith(OWNED) and event["id"] not in told:
            yield Wrong(f"I11: {event['type']} {event['id']} never reached its topic")


def _invented(e):
    """Nobody but our services wrote into these topics: an event speaks of a fact, or of what Stripe has told us."""
    if not e.moves:
        return
    facts = {(kind, booking_id) for kind, booking_id, _ in _facts(e)}
    for record in e.records:
        booking_id = record.body.get("bookingId")
        if record.type.startswith(OF_STRIPE):
            is_true = record.type == OF_STRIPE + e.stripe_events_after.get(record.body.get("eventId"), {}).get("type", "")
        elif record.type == "unbook.checkout.check.v1":
            is_true = e.lives.ever(booking_id, CANCELLED)
        else:
            is_true = (record.type, booking_id) in facts
        if not is_true:
            yield about(booking_id, f"I11: {record.type} of booking {booking_id} speaks of nothing that happened")
