"""Refunds beside ours: somebody in the dashboard, a dispute, a charge that cannot be refunded."""

import pytest
from stack import refunding as r


@pytest.fixture(scope="module")
def stack(infra, build):
    with r.shared_stack(infra, build) as shared:
        yield shared


@pytest.fixture
def worker(stack):
    return stack.of("refund-worker")[0]


def by_hand(stack, booking, **body):
    return stack.stripe.post(f"payment_intents/{booking.payment_intent}/refund", **body)


def test_a_full_refund_made_by_hand_is_adopted(stack):
    booking = r.paid(stack)
    by_hand(stack, booking)
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    (only,) = r.made(stack, booking)
    assert only.by_hand
    (seen,) = r.seen(stack, booking)
    assert seen["id"] == only.id and seen["refund_id"] is None


def test_a_full_refund_made_by_hand_while_our_answer_was_lost_stays_the_only_one(stack):
    booking = r.paid(stack)
    r.fault(stack, booking, "barrier", name="late", when="before")
    refund = r.ask(stack, booking)
    stack.stripe.get("barriers/late?held=1&timeout_s=10")
    by_hand(stack, booking)
    stack.stripe.post("barriers/late/release")
    r.wait_state(stack, refund, "succeeded")
    assert len(r.made(stack, booking)) == 1
    r.ledger(stack).assert_never_over_refunded()


def test_ours_gives_back_what_a_partial_refund_by_hand_left(stack):
    booking = r.paid(stack, amount_minor=4500)
    by_hand(stack, booking, amount=1000)
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    assert [(f.amount_minor, f.by_hand) for f in r.made(stack, booking)] == [(1000, True), (3500, False)]
    r.ledger(stack).assert_never_over_refunded()
    assert sum(seen["amount_minor"] for seen in r.seen(stack, booking)) == 4500


def test_a_dispute_stops_a_refund_that_was_not_sent(stack, worker):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")
    before = r.alarms(worker, "refund_needs_attention")
    refund = r.ask(stack, booking)
    row = r.wait_state(stack, refund, "needs_attention")
    assert row["failure_reason"] == "charge_disputed"
    assert len(r.posts(stack, booking)) == 1
    assert r.made(stack, booking) == []
    stack.eventually(lambda: r.alarms(worker, "refund_needs_attention") > before, what="an alarm")
    alarms = [line for line in worker.log_lines() if line.get("what") == "refund_needs_attention"]
    assert [line["refund"] for line in alarms if line["booking"] == booking.id] == [refund]
    assert r.timeline(stack, booking) == ["refund_needs_attention"]


def test_a_charge_that_cannot_be_refunded_needs_an_operator(stack):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/not_refundable")
    row = r.wait_state(stack, r.ask(stack, booking), "needs_attention")
    assert row["failure_reason"] == "refused" and row["last_error"] == "charge_not_refundable"
    assert len(r.posts(stack, booking)) == 1, "no retry"


def test_a_payment_that_stripe_does_not_know_needs_an_operator(stack):
    booking = r.paid(stack)
    stack.sql(
        "INSERT INTO payments SELECT 'pi_elsewhere', booking_id, NULL, NULL, amount_minor, currency, captured_at"
        " FROM payments WHERE booking_id = %s",
        booking.id,
    )
    booking.payment_intent = "pi_elsewhere"
    row = r.wait_state(stack, r.ask(stack, booking), "needs_attention")
    assert row["last_error"] == "resource_missing"
