"""A refund from asked for to done, as Stripe's side moves on."""

import pytest
from stack import refunding as r


@pytest.fixture(scope="module")
def stack(infra, build):
    with r.shared_stack(infra, build) as shared:
        yield shared


@pytest.fixture
def worker(stack):
    return stack.of("refund-worker")[0]


def course(stack, booking, name, **options):
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/course", course=name, **options)


def refuses_to_start(stack, **settings):
    """What it says when it exits for its settings."""
    bad = stack.start_service("refund-worker", wait=False, **settings)
    assert bad.wait_exit(10) == 78
    stack.running.remove(bad)
    return bad.log_text()


def test_a_refund_is_posted_once_under_its_stored_key_and_told_to_the_world(stack, worker):
    booking = r.paid(stack)
    refund = r.ask(stack, booking)
    row = r.wait_state(stack, refund, "succeeded")
    (post,) = r.posts(stack, booking)
    assert post.key == f"refund:{refund}:1"
    assert post.params["metadata"] == {
        "refund_id": refund,
        "booking_id": str(booking.id),
        "generation": "1",
    }
    assert "amount" not in post.params
    assert r.lists(stack, booking) == [], "nothing could have arrived before the first request"
    r.check_refunded(stack, booking)
    assert (row["attempts"], row["failures"], row["generation"]) == (1, 0, 1)
    assert r.timeline(stack, booking) == ["refund_succeeded"]
    (seen,) = r.seen(stack, booking)
    assert (seen["status"], str(seen["refund_id"])) == ("succeeded", refund)
    assert seen["request_id"].startswith("req_")
    stack.eventually(lambda: not stack.sql("SELECT 1 FROM outbox"), what="the change has reached its topic")


def test_a_lost_doorbell_only_makes_it_later(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking, doorbell=False)
    r.wait_state(stack, refund, "succeeded")
    r.check_refunded(stack, booking)


def test_a_pending_refund_succeeds_when_a_poll_says_so(stack):
    booking = r.paid(stack)
    course(stack, booking, "pending")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "pending")
    (at_stripe,) = r.made(stack, booking)
    stack.eventually(lambda: len(r.lists(stack, booking)) >= 3, what="it is polled while nothing changes")
    assert r.row(stack, refund)["state"] == "pending"
    stack.stripe.post(f"refunds/{at_stripe.id}/move", status="succeeded")
    row = r.wait_state(stack, refund, "succeeded")
    assert row["failures"] == 0, "a poll is no failure"
    assert len(r.posts(stack, booking)) == 1
    assert r.timeline(stack, booking) == ["refund_pending", "refund_succeeded"]
    r.check_refunded(stack, booking)


def test_a_refund_that_waits_for_the_customer_is_polled_too(stack):
    booking = r.paid(stack)
    course(stack, booking, "requires_action")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "requires_action")
    (at_stripe,) = r.made(stack, booking)
    stack.stripe.post(f"refunds/{at_stripe.id}/move", status="succeeded")
    r.wait_state(stack, refund, "succeeded")
    assert len(r.posts(stack, booking)) == 1


def test_a_refund_that_stays_pending_for_two_weeks_alarms_once_and_stays_pending(stack, worker):
    booking = r.paid(stack)
    before = r.alarms(worker, "refund_overdue")
    course(stack, booking, "pending")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "pending")
    stack.sql("UPDATE refunds SET first_sent_at = first_sent_at - interval '14 days' WHERE id = %s", refund)
    stack.eventually(lambda: r.alarms(worker, "refund_overdue") == before + 1, what="an alarm")
    polls = r.row(stack, refund)["attempts"]
    stack.eventually(lambda: r.row(stack, refund)["attempts"] > polls + 2, what="it is polled")
    assert r.alarms(worker, "refund_overdue") == before + 1 and r.row(stack, refund)["state"] == "pending"


def test_a_refund_that_fails_later_mails_the_parent_and_alarms(stack, worker):
    booking = r.paid(stack)
    before = r.alarms(worker, "refund_failed")
    course(stack, booking, "pending")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "pending")
    (at_stripe,) = r.made(stack, booking)
    stack.stripe.post(f"refunds/{at_stripe.id}/move", status="failed", failure_reason="lost_or_stolen_card")
    row = r.wait_state(stack, refund, "failed")
    assert row["failure_reason"] == "lost_or_stolen_card"
    (mail,) = r.mails(stack, booking)
    assert (mail["recipient_id"], mail["ref"]) == (booking.parent.id, f"{refund}:{row['version']}")
    stack.eventually(lambda: r.alarms(worker, "refund_failed") == before + 1, what="an alarm")
    assert len(r.posts(stack, booking)) == 1, "nobody but an operator asks again"


def test_a_refund_that_fails_at_once_is_no_success(stack, worker):
    booking = r.paid(stack)
    course(stack, booking, "pending_failed", delay_s=0.05, failure_reason="declined")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "failed")
    assert len(r.mails(stack, booking)) == 1


def test_the_other_mode_of_stripe_refuses_to_start(stack):
    r.wait_state(stack, r.ask(stack, r.paid(stack)), "succeeded")
    assert "wrong_mode" in refuses_to_start(stack, UNBOOK_STRIPE_KEY="sk_live_unbook")


def test_settings_that_cannot_be_are_all_named_at_once(stack):
    text = refuses_to_start(
        stack, UNBOOK_STRIPE_KEY=None, UNBOOK_STRIPE_URL="ftp://x", UNBOOK_REFUND_RATE="many"
    )
    for name in ("UNBOOK_STRIPE_KEY", "UNBOOK_STRIPE_URL", "UNBOOK_REFUND_RATE"):
        assert name in text


def test_plain_http_to_somewhere_else_refuses_to_start(stack):
    assert "UNBOOK_STRIPE_URL must be https" in refuses_to_start(stack, UNBOOK_STRIPE_URL="http://192.0.2.1")
