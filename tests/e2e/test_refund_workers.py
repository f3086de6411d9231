"""Several workers, stopped workers, forged doorbells."""

import re
import uuid

import pytest
from stack import refunding as r


@pytest.fixture
def stack(new_stack):
    return new_stack(only=("refund-worker",))


def test_two_workers_refund_everything_once(new_stack):
    stack = new_stack(only=("refund-worker",), workers=2, settings={"UNBOOK_REFUND_RATE": "0"})
    bookings = [r.paid(stack) for _ in range(60)]
    for i in range(0, 60, 4):  # some of them in trouble
        r.fault(stack, bookings[i], ("cut", "error", "half_body", "rate_limit")[i // 4 % 4])
    refunds = [r.ask(stack, booking, doorbell=i % 3 > 0) for i, booking in enumerate(bookings)]
    for refund in refunds:
        r.wait_state(stack, refund, "succeeded", timeout=40)
    r.check_refunded(stack, *bookings)
    attempts = stack.one("SELECT sum(attempts) AS n FROM refunds WHERE generation = 1 AND failures = 0")
    assert attempts["n"] is not None


def test_all_workers_together_keep_to_one_budget(new_stack):
    stack = new_stack(only=("refund-worker",), workers=2, settings={"UNBOOK_REFUND_RATE": "20"})
    bookings = [r.paid(stack) for _ in range(60)]
    refunds = [r.ask(stack, booking, due="1 hour") for booking in bookings]
    for refund in refunds:
        r.wait_state(stack, refund, "succeeded", timeout=30)
    posts = sorted(e.real for b in bookings for e in r.posts(stack, b))
    assert len(posts) == 60
    for first, last in zip(posts, posts[21:], strict=False):
        assert last - first >= 0.95, "never more than 20 in a second"


def test_a_worker_whose_slots_were_all_taken_takes_the_next_at_once(new_stack):
    """A pause of its consumer would cost it most of a second for each round of slots."""
    stack = new_stack(only=("refund-worker",), settings={"UNBOOK_REFUND_RATE": "0", "UNBOOK_SLOTS": "4"})
    r.fault(stack, None, "delay", seconds=0.2, when="before", count=None)
    bookings = [r.paid(stack) for _ in range(32)]
    refunds = [r.ask(stack, booking, due="1 hour") for booking in bookings]
    for refund in refunds:
        r.wait_state(stack, refund, "succeeded", timeout=30)
    posts = sorted(e.real for e in r.ledger(stack).refund_posts())
    assert len(posts) == 32
    assert posts[-1] - posts[0] < 3.5, "eight rounds of 0.2 s"


def test_a_worker_that_stood_still_longer_than_its_lease_sends_nothing(new_stack):
    """F2: the first one is stopped between its list and its post; the second takes over."""
    stack = new_stack(only=("refund-worker",), settings={"UNBOOK_STRIPE_TIMEOUT_MS": "20000"})
    booking = r.paid(stack)
    first = stack.of("refund-worker")[0]
    r.fault(stack, booking, "cut", effect=False)
    r.fault(stack, booking, "barrier", method="GET", name="list", when="after")
    refund = r.ask(stack, booking)
    stack.stripe.get("barriers/list?held=1&timeout_s=10")
    first.sigstop()
    stack.stripe.post("barriers/list/release")
    second = stack.start_service("refund-worker")
    r.wait_state(stack, refund, "succeeded", timeout=20)
    first.sigcont()
    # On a slow machine the list's own deadline is over too: then it learns from the row that another holds the refund.
    stack.eventually(lambda: re.search('"lease_(over|lost)"', first.log_text()), what="the woken one noticed")
    assert len(r.posts(stack, booking)) == 2, "the one that was cut, and the second worker's"
    r.check_refunded(stack, booking)
    assert r.timeline(stack, booking) == ["refund_succeeded"]
    assert second.running()


def test_a_forged_doorbell_pays_nobody(stack):
    booking = r.paid(stack)
    unknown = str(uuid.uuid4())
    r.forge(stack, {"refundId": unknown, "bookingId": booking.id, "paymentIntent": booking.payment_intent,
                    "state": "requested", "amountMinor": 4500, "currency": "EUR", "generation": 1, "version": 1})  # fmt: skip
    letter = stack.eventually(lambda: stack.one("SELECT * FROM dead_letters"), what="a dead letter")
    assert "unknown_refund" in letter["reason"]
    r.check_not_refunded(stack, booking)


def test_a_doorbell_that_rings_again_changes_nothing(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    for _ in range(5):
        r.forge(stack, {"refundId": refund, "bookingId": booking.id, "paymentIntent": booking.payment_intent,
                        "state": "requested", "amountMinor": 4500, "currency": "EUR", "generation": 1, "version": 1})  # fmt: skip
    other = r.paid(stack)
    r.wait_state(stack, r.ask(stack, other), "succeeded")
    stack.eventually(lambda: not stack.sql("SELECT 1 FROM outbox"))
    assert len(r.posts(stack, booking)) == 1
    assert r.row(stack, refund)["attempts"] == 1


def test_sigterm_in_the_middle_finishes_what_is_under_way(stack):
    worker = stack.of("refund-worker")[0]
    booking = r.paid(stack)
    r.fault(stack, booking, "delay", seconds=1, when="after")
    refund = r.ask(stack, booking)
    stack.eventually(lambda: len(r.made(stack, booking)) == 1)
    worker.sigterm()
    assert worker.wait_exit(25) == 0
    assert r.row(stack, refund)["state"] == "succeeded"
