"""Refunds in a stack: ask for one as a cancel does; wait; judge by Stripe's ledger."""

import contextlib
import json
import uuid

from stripe_sim.ledger import Ledger

from .stack import Stack

FINAL = ("succeeded", "failed", "canceled", "needs_attention")


@contextlib.contextmanager
def shared_stack(infra, build):
    """One worker for a whole file of tests, each of which has bookings of its own."""
    stack = Stack(infra, build=build)
    with contextlib.ExitStack() as ending:
        ending.callback(stack.stop)
        yield stack.start(only=("refund-worker",))
        for worker in stack.of("refund-worker"):
            assert worker.terminate(30) == 0
        assert not stack.problems(), "\n".join(stack.problems())
        ending.callback(stack.remove)


def paid(stack, amount_minor=4500, **options):
    """A Confirmed booking that was paid at the simulator."""
    parent, teacher, _ = stack.seed.family()
    return stack.seed.booking(parent, teacher, amount_minor=amount_minor, **options)


def ask(stack, booking, *, doorbell=True, due="1 second", cause="parent"):
    """What a cancel writes of the refund: the row and, with doorbell, its event. Returns the refund's id."""
    refund_id = str(uuid.uuid4())
    event = {
        "refundId": refund_id,
        "bookingId": booking.id,
        "paymentIntent": booking.payment_intent,
        "state": "requested",
        "cause": cause,
        "amountMinor": booking.amount_minor,
        "restMinor": booking.amount_minor,
        "currency": booking.currency,
        "generation": 1,
        "version": 1,
    }
    stack.sql(
        "WITH b AS (UPDATE bookings SET status = 3, version = version + 1, cancelled_at = clock_timestamp(),"
        " cancel_cause = %s, cancelled_by = parent_id WHERE id = %s RETURNING id),"
        " r AS (INSERT INTO refunds (id, payment_intent, booking_id, cause, next_try_at)"
        " SELECT %s, %s, id, %s, clock_timestamp() + %s::interval FROM b)"
        " INSERT INTO outbox (aggregatetype, aggregateid, type, payload)"
        " SELECT 'refund', id::text, 'unbook.refund.requested.v1', %s FROM b WHERE %s",
        cause, booking.id, refund_id, booking.payment_intent, cause, due, json.dumps(event), doorbell)  # fmt: skip
    return refund_id


def row(stack, refund_id):
    return stack.one("SELECT * FROM refunds WHERE id = %s", refund_id)


def wait_state(stack, refund_id, *states, timeout=20.0):
    """The row, once it is in one of these states."""

    def there():
        found = row(stack, refund_id)
        assert found["state"] in states, f"refund is {found['state']}, last error {found['last_error']}"
        return found

    return stack.eventually(there, timeout, f"refund {refund_id} is {' or '.join(states)}")


def fault(stack, booking, kind, *, method="POST", **rule):
    """The next matching request about this booking's payment (None: any) goes wrong."""
    rule = {"kind": kind, "method": method, "path": "/v1/refunds*", **rule}
    if booking:
        rule["payment_intent"] = booking.payment_intent
    stack.stripe.control("POST", "/_sim/faults", rule)


def ledger(stack):
    return Ledger(stack.stripe.ledger_path)


def posts(stack, booking):
    """Every POST of a refund of this payment, oldest first."""
    return ledger(stack).refund_posts(booking.payment_intent)


def lists(stack, booking):
    """Every list of this payment's refunds, oldest first."""
    return [
        e
        for e in ledger(stack).exchanges()
        if e.method == "GET"
        and e.path == "/v1/refunds"
        and e.params.get("payment_intent") == booking.payment_intent
    ]


def made(stack, booking):
    """Every refund of this payment at Stripe, by hand or not, oldest first."""
    return ledger(stack).refunds_by_payment_intent().get(booking.payment_intent, [])


def check_refunded(stack, *bookings):
    """Exactly what was paid has gone back, in one refund of ours each."""
    judge = ledger(stack)
    judge.assert_never_over_refunded()
    for booking in bookings:
        judge.assert_refunded_once(booking.payment_intent)


def check_not_refunded(stack, booking):
    ledger(stack).assert_not_refunded(booking.payment_intent)


def timeline(stack, booking):
    return [
        line["what"]
        for line in stack.sql("SELECT what FROM booking_log WHERE booking_id = %s ORDER BY id", booking.id)
    ]


def alarms(worker, what):
    return worker.metrics().get(f'unbook_alarms_total{{what="{what}"}}', 0)


def seen(stack, booking):
    """What Stripe showed of this payment's refunds."""
    return stack.sql("SELECT * FROM stripe_refunds WHERE payment_intent = %s", booking.payment_intent)


def mails(stack, booking, kind="refund_failed"):
    return stack.sql("SELECT * FROM mails WHERE booking_id = %s AND kind = %s", booking.id, kind)


def forge(stack, payload, ce_type="unbook.refund.requested.v1"):
    """An event of somebody who can write into the outbox's topic, about nothing that is true."""
    stack.forged.add(json.dumps(payload).encode())
    stack.sql(
        "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('refund', '1', %s, %s)",
        ce_type, json.dumps(payload))  # fmt: skip
