"""Bookings on their way to being paid: held, with a checkout at the simulator, and Stripe's word about them."""

import datetime
import json

import pytest
from stack.stripe_caller import Stripe

ONLY = ("reaper",)


def hold(
    stack,
    *,
    parent=None,
    teacher=None,
    starts_in="3 days",
    held="-1 second",
    checkout=True,
    amount_minor=4500,
    currency="EUR",
    **session,
):
    """A Pending booking whose hold ends that far from now, with its checkout. Returns its id and the checkout's."""
    if not parent:
        parent, teacher, _ = stack.seed.family()
    row = stack.one(
        "INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, amount_minor,"
        " currency, hold_expires_at, next_try_at)"
        " SELECT %s, %s, %s, 'Algebra', at, at + interval '1 hour', %s, %s,"
        " date_trunc('second', clock_timestamp()) + %s::interval,"
        " date_trunc('second', clock_timestamp()) + %s::interval"
        " FROM (SELECT clock_timestamp() + %s::interval AS at) t RETURNING id",
        parent.id, parent.id, teacher.id, amount_minor, currency, "1 hour", "1 hour", starts_in,
    )  # fmt: skip
    made = Stripe(stack).create(row["id"], **session)["id"] if checkout else None
    stack.sql(
        "UPDATE bookings SET stripe_session_id = %s, hold_expires_at = date_trunc('second', clock_timestamp())"
        " + %s::interval, next_try_at = clock_timestamp() + %s::interval WHERE id = %s",
        made, held, held, row["id"],
    )  # fmt: skip
    return row["id"], made


def fault(stack, **rule):
    stack.stripe.control("POST", "/_sim/faults", rule)


def ring(stack, booking_id):
    """checkout.check, as whoever releases without proof rings it."""
    stack.sql(
        "INSERT INTO outbox (aggregatetype, aggregateid, type, payload)"
        " VALUES ('checkout', %s, 'unbook.checkout.check.v1', %s)",
        str(booking_id),
        json.dumps({"bookingId": booking_id}),
    )


def deliver(stack, event, *, again=False):
    """Store an event and its reference, as the webhook does."""
    obj = event["data"]["object"]
    about = int((obj.get("metadata") or {}).get("booking_id") or 0)
    created = datetime.datetime.fromtimestamp(event["created"], datetime.UTC)
    reference = {
        "eventId": event["id"],
        "type": event["type"],
        "objectId": obj.get("id"),
        "bookingId": about or None,
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "livemode": event["livemode"],
    }
    stack.sql(
        "WITH e AS (INSERT INTO stripe_events (id, type, object_id, created, payload, next_try_at)"
        " VALUES (%s, %s, %s, %s, %s, clock_timestamp() + interval '1 second')"
        " ON CONFLICT (id) DO NOTHING RETURNING id)"
        " INSERT INTO outbox (aggregatetype, aggregateid, type, payload)"
        " SELECT 'stripe', %s, %s, %s WHERE %s OR EXISTS (SELECT 1 FROM e)",
        event["id"], event["type"], obj.get("id"), created, json.dumps(event).encode(),
        str(about or event["id"]), f"com.stripe.{event['type']}", json.dumps(reference), again,
    )  # fmt: skip
    return event["id"]


def applied(stack, event_id):
    return stack.one("SELECT * FROM stripe_events WHERE id = %s AND applied_at IS NOT NULL", event_id)


def kept_for_a_person(stack, event_id, reason):
    """It is the one dead letter."""
    letters = stack.sql("SELECT partition, convert_from(key, 'UTF8') AS key, reason FROM dead_letters")
    assert [tuple(letter.values()) for letter in letters] == [(-2, event_id, reason)]


def about(stack, *types):
    """Every event of these types so far, the oldest first."""
    return [e for e in Stripe(stack).events() if e["type"] in types]


def tell(stack, *types):
    """Deliver them and wait until they are applied."""
    for event in about(stack, *types):
        deliver(stack, event, again=True)
        stack.eventually(lambda event=event: applied(stack, event["id"]), 20)


def by_hand(stack, booking, **body):
    return stack.stripe.post(f"payment_intents/{booking.payment_intent}/refund", **body)


def row(stack, booking_id):
    return stack.one("SELECT * FROM bookings WHERE id = %s", booking_id)


def wait_status(stack, booking_id, status, timeout=15):
    stack.eventually(lambda: row(stack, booking_id)["status"] == status, timeout, f"status {status}")
    return row(stack, booking_id)


def wait_closed(stack, booking_id, timeout=15):
    stack.eventually(lambda: row(stack, booking_id)["checkout_closed_at"], timeout, "checkout closed")
    return row(stack, booking_id)


def log(stack, booking_id):
    found = stack.sql("SELECT what FROM booking_log WHERE booking_id = %s ORDER BY id", booking_id)
    return [entry["what"] for entry in found]


def mails(stack, booking_id):
    found = stack.sql("SELECT kind, recipient_id, ref FROM mails WHERE booking_id = %s ORDER BY id", booking_id)
    return [(m["kind"], m["recipient_id"]) for m in found]


def refunds(stack, booking_id):
    return stack.sql("SELECT * FROM refunds WHERE booking_id = %s ORDER BY created_at", booking_id)


def payments(stack, booking_id):
    return stack.sql("SELECT * FROM payments WHERE booking_id = %s", booking_id)


@pytest.fixture
def stack(new_stack):
    return new_stack(only=ONLY)
