"""What Stripe tells of refunds and disputes reaches the refund's row, or the booking that nobody asked to refund."""

import email
import email.policy
import json

import pytest
from settle_world import (
    about,
    applied,
    by_hand,
    deliver,
    kept_for_a_person,
    log,
    mails,
    refunds,
    row,
    tell,
)
from stack import ctl
from stack import refunding as r
from stack.wait import never


@pytest.fixture
def stack(new_stack):
    return new_stack(only=("refund-worker",))


def test_a_full_refund_by_hand_cancels_a_confirmed_booking_and_is_adopted(stack):
    booking = r.paid(stack)
    made = by_hand(stack, booking)
    tell(stack, "refund.created", "charge.refunded")
    after = row(stack, booking.id)
    assert after["status"] == 3 and after["cancel_cause"] == "admin" and after["cancelled_by"] is None
    (refund,) = refunds(stack, booking.id)
    r.wait_state(stack, refund["id"], "succeeded")
    assert refund["cause"] == "admin"
    assert [m[0] for m in mails(stack, booking.id)] == ["cancelled", "cancelled"]
    assert not r.posts(stack, booking), "it was listed, not asked for once more"
    assert log(stack, booking.id)[:3] == ["refund_by_hand", "cancelled", "refund_requested"]
    asked = stack.one("SELECT detail FROM booking_log WHERE what = 'refund_requested'")["detail"]
    assert (asked["amountMinor"], asked["byHand"]) == (4500, True)
    assert stack.one("SELECT refund_id FROM stripe_refunds WHERE id = %s", made["id"])["refund_id"] is None
    assert stack.one("SELECT state FROM meetings")["state"] == "gone"


def test_a_part_refunded_by_hand_is_a_fact_and_no_more(stack):
    booking = r.paid(stack)
    made = by_hand(stack, booking, amount=1000)
    tell(stack, "refund.created", "charge.refunded")
    assert row(stack, booking.id)["status"] == 1 and not refunds(stack, booking.id)
    (seen,) = stack.sql("SELECT * FROM stripe_refunds")
    assert seen["id"] == made["id"] and seen["amount_minor"] == 1000 and seen["status"] == "succeeded"
    assert log(stack, booking.id) == ["refund_by_hand"]


def test_parts_that_come_to_the_whole_are_a_full_refund(stack):
    booking = r.paid(stack)
    by_hand(stack, booking, amount=1000)
    by_hand(stack, booking, amount=3500)
    tell(stack, "refund.created", "charge.refunded")
    assert row(stack, booking.id)["status"] == 3 and len(refunds(stack, booking.id)) == 1
    assert log(stack, booking.id).count("refund_by_hand") == 2


def test_a_full_refund_by_hand_of_a_session_that_took_place_is_adopted_alone(stack):
    booking = r.paid(stack, status=2, starts_in="-3 hours")
    by_hand(stack, booking)
    tell(stack, "refund.created", "charge.refunded")
    assert row(stack, booking.id)["status"] == 2
    (refund,) = refunds(stack, booking.id)
    r.wait_state(stack, refund["id"], "succeeded")
    assert not r.posts(stack, booking) and not mails(stack, booking.id)


def test_a_refund_that_fails_later_mails_the_parent_and_alarms(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    (made,) = r.made(stack, booking)
    stack.stripe.post(f"refunds/{made.id}/move", status="failed", failure_reason="expired_or_canceled_card")
    tell(stack, "refund.failed", "refund.updated", "charge.refund.updated")
    after = r.wait_state(stack, refund, "failed")
    assert after["failure_reason"] == "expired_or_canceled_card"
    assert len(r.mails(stack, booking)) == 1 and r.alarms(stack.of("refund-worker")[0], "refund_failed") == 1
    tell(stack, "refund.created")  # an old word, again
    assert r.row(stack, refund)["state"] == "failed" and len(r.mails(stack, booking)) == 1


def fails(stack, made):
    stack.stripe.post(f"refunds/{made}/move", status="failed", failure_reason="unknown")
    tell(stack, "refund.failed", "refund.updated", "charge.refund.updated")


def test_each_refund_by_hand_that_fails_later_mails_the_parent_and_alarms(stack):
    """Also one that stood in for ours, which had failed; and each is made good by the next one by itself."""
    worker = stack.of("refund-worker")[0]
    adopted, replaced = r.paid(stack), r.paid(stack)
    made = by_hand(stack, adopted)["id"]
    tell(stack, "refund.created", "charge.refunded")
    (refund,) = refunds(stack, adopted.id)
    r.wait_state(stack, refund["id"], "succeeded")
    for failures in (1, 2):
        fails(stack, made)
        after = r.row(stack, refund["id"])
        assert (after["state"], after["failure_reason"]) == ("needs_attention", "adopted_refund_gone")
        assert len(r.mails(stack, adopted)) == failures
        assert r.alarms(worker, "refund_needs_attention") == failures
        made = by_hand(stack, adopted)["id"]
        tell(stack, "refund.created")
        assert r.row(stack, refund["id"])["state"] == "succeeded"
    (alarm, _) = [line for line in worker.log_lines() if line.get("what") == "refund_needs_attention"]
    assert alarm["booking"] == adopted.id

    refund = r.ask(stack, replaced)
    r.wait_state(stack, refund, "succeeded")
    fails(stack, r.made(stack, replaced)[0].id)
    assert r.row(stack, refund)["state"] == "failed" and len(r.mails(stack, replaced)) == 1
    made = by_hand(stack, replaced)["id"]
    tell(stack, "refund.created", "charge.refunded", "refund.failed")
    after = r.row(stack, refund)
    assert (after["state"], after["failure_reason"], after["generation"]) == ("succeeded", None, 1)
    assert log(stack, replaced.id)[-2:] == ["refund_by_hand", "refund_succeeded"]
    assert len(r.mails(stack, replaced)) == 1 and r.alarms(worker, "refund_failed") == 1
    fails(stack, made)
    assert r.row(stack, refund)["state"] == "failed" and len(r.mails(stack, replaced)) == 2
    assert r.alarms(worker, "refund_failed") == 2 and len(r.posts(stack, replaced)) == 1


def test_what_a_part_by_hand_that_failed_leaves_is_sent_when_an_operator_asks(stack):
    """The rest alone, under a key of its own; all refunds come to the payment, and to no more."""
    booking = r.paid(stack)
    part = by_hand(stack, booking, amount=1000)["id"]
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    fails(stack, part)
    after = r.row(stack, refund)
    assert (after["state"], after["failure_reason"]) == ("needs_attention", "refund_short")
    assert len(r.mails(stack, booking)) == 1
    said = "".join(ctl.run(stack, "refunds", "retry", refund, "--operator", "bo"))
    assert "requested, generation 2" in said
    r.wait_state(stack, refund, "succeeded")
    live = [(f.amount_minor, f.by_hand) for f in r.made(stack, booking) if f.alive]
    assert live == [(3500, False), (1000, False)]
    assert [post.key for post in r.posts(stack, booking)] == [f"refund:{refund}:{n}" for n in (1, 2)]
    r.ledger(stack).assert_never_over_refunded()
    ctl.run(stack, "verify")


def test_a_settled_refund_stays_as_it_is_whatever_is_refunded_by_hand(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    fails(stack, r.made(stack, booking)[0].id)
    stack.sql(
        "UPDATE refunds SET settled_at = now(), settled_by = 'operator:bo', settled_reference = 'x',"
        " version = version + 1"
    )
    by_hand(stack, booking)
    tell(stack, "refund.created", "charge.refunded")
    assert r.row(stack, refund)["state"] == "failed" and log(stack, booking.id)[-1] == "refund_by_hand"


def test_an_event_of_ours_applies_before_our_own_answer(stack):
    """Rule 8: the answer is lost, the event names our generation."""
    booking = r.paid(stack)
    r.fault(stack, booking, "hang", effect=True, seconds=1.2)
    refund = r.ask(stack, booking)
    stack.eventually(lambda: r.made(stack, booking), what="made")
    tell(stack, "refund.created")
    assert r.row(stack, refund)["state"] == "succeeded"
    r.wait_state(stack, refund, "succeeded")
    assert len(r.posts(stack, booking)) == 1
    r.check_refunded(stack, booking)


def test_a_pending_refund_is_moved_on_by_its_event(stack):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/course", course="pending_succeeded")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "pending")
    stack.sql("UPDATE refunds SET next_try_at = clock_timestamp() + interval '1 hour'")
    (made,) = r.made(stack, booking)
    stack.stripe.post(f"refunds/{made.id}/move", status="succeeded")
    tell(stack, "refund.updated", "charge.refund.updated")
    assert r.row(stack, refund)["state"] == "succeeded"
    assert stack.one("SELECT status FROM stripe_refunds")["status"] == "succeeded"


def test_a_refund_by_hand_of_what_was_settled_elsewhere_is_one_alarm(stack):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/not_refundable")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    ctl.run(stack, "refunds", "settle", refund, "--reference", "SEPA 1")
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/not_refundable", value=False)
    made = by_hand(stack, booking)
    tell(stack, "refund.created", "charge.refunded", "refund.created")
    worker = stack.of("refund-worker")[0]
    (alarm,) = [line for line in worker.log_lines() if line.get("what") == "given_back_twice"]
    assert (alarm["payment"], alarm["code"], alarm["booking"]) == (booking.payment_intent, made["id"], booking.id)
    assert r.alarms(worker, "given_back_twice") == 1
    assert refund in ctl.run(stack, "verify", code=1)[0]


@pytest.mark.parametrize("told", [("refund.updated",), ("refund.failed", "charge.refund.updated")])
def test_a_part_refunded_by_hand_of_a_kept_session_that_fails_later_is_told(stack, told):
    booking = r.paid(stack)
    made = by_hand(stack, booking, amount=1500)
    tell(stack, "refund.created")
    assert not mails(stack, booking.id)
    stack.stripe.post(f"refunds/{made['id']}/move", status="failed", failure_reason="lost_or_stolen_card")
    for _ in range(2):
        tell(stack, *told)
    assert log(stack, booking.id) == ["refund_by_hand", "refund_failed"] and row(stack, booking.id)["status"] == 1
    assert [kind for kind, *_ in mails(stack, booking.id)] == ["refund_failed"]
    assert r.alarms(stack.of("refund-worker")[0], "refund_failed") == 1
    stack.start_service("notifier")
    (spooled,) = stack.eventually(lambda: stack.mail.delivered(booking.parent.email))
    text = email.message_from_bytes(spooled.raw, policy=email.policy.default).get_body(("plain",)).get_content()
    assert "could not accept the refund of €15.00" in text and "lost or stolen" in text


def test_a_refund_that_a_part_by_hand_had_helped_to_settle_is_owed_again_when_that_fails(stack):
    booking = r.paid(stack)
    part = by_hand(stack, booking, amount=1000)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", amount=3500)["id"]
    tell(stack, "refund.created", "charge.dispute.created")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.closed")
    assert r.row(stack, refund)["settled_reference"] == dispute
    stack.stripe.post(f"refunds/{part['id']}/move", status="failed", failure_reason="declined")
    tell(stack, "refund.failed")
    assert r.row(stack, refund)["settled_at"] is None
    assert [kind for kind, *_ in mails(stack, booking.id)] == ["refund_failed"]


def test_a_cancel_that_had_nothing_to_give_back_owes_what_a_part_by_hand_leaves_that_fails(stack):
    """As far as the bank has not given it; told again, or of a payment that is whole, it makes no row."""
    short, whole = r.paid(stack), r.paid(stack)
    parts = []
    for booking, taken in ((short, 1500), (whole, 4500)):
        parts.append(by_hand(stack, booking, amount=3000 if booking is short else 1000))
        dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", amount=taken)["id"]
        stack.stripe.post(f"disputes/{dispute}/move", status="lost")
        tell(stack, "refund.created", "charge.dispute.closed")
        stack.sql(
            "UPDATE bookings SET status = 3, cancel_cause = 'parent', cancelled_at = clock_timestamp() WHERE id = %s",
            booking.id,
        )
    ctl.run(stack, "verify", code=1)  # the bank and a part by hand have given back more than one payment
    for part in parts:
        stack.stripe.post(f"refunds/{part['id']}/move", status="failed", failure_reason="declined")
    for _ in range(2):
        tell(stack, "refund.failed", "charge.refund.updated")
    assert not refunds(stack, whole.id)
    (refund,) = stack.eventually(lambda: refunds(stack, short.id))
    assert r.wait_state(stack, refund["id"], "needs_attention")["failure_reason"] == "charge_disputed"
    asked = stack.one("SELECT detail FROM booking_log WHERE what = 'refund_requested'")["detail"]
    assert asked["amountMinor"] == 3000 and not r.posts(stack, short)
    assert [kind for kind, *_ in mails(stack, short.id)] == ["refund_failed"]
    ctl.run(stack, "verify")


def lacks(stack, refund, minor):
    (line,) = ctl.run(stack, "verify", code=1)[0].splitlines()
    assert refund in line and line.endswith(f", {minor} lack")


@pytest.mark.parametrize("reference", ["SEPA 35", "{} and SEPA 35"])
def test_a_part_by_hand_that_fails_beside_a_refund_that_was_settled_is_told_and_lacks(stack, reference):
    booking = r.paid(stack)
    part = by_hand(stack, booking, amount=1000)
    tell(stack, "refund.created")
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/not_refundable")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    ctl.run(stack, "refunds", "settle", refund, "--reference", reference.format(part["id"]))
    stack.stripe.post(f"refunds/{part['id']}/move", status="failed", failure_reason="declined")
    tell(stack, "refund.failed", "refund.updated", "charge.refund.updated")
    worker = stack.of("refund-worker")[0]
    assert [kind for kind, *_ in mails(stack, booking.id)] == ["refund_failed"]
    assert log(stack, booking.id).count("refund_failed") == 1
    assert r.alarms(worker, "refund_failed") == 1
    lacks(stack, refund, 1000)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/not_refundable", value=False)
    by_hand(stack, booking, amount=1000)
    tell(stack, "refund.created")
    ctl.run(stack, "verify")
    assert not r.alarms(worker, "given_back_twice")


def test_a_refund_of_ours_that_fails_after_it_was_settled_with_the_rest_is_told_and_lacks(stack):
    booking = r.paid(stack)
    part = by_hand(stack, booking, amount=1000)["id"]
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    fails(stack, part)
    (ours,) = [made.id for made in r.made(stack, booking) if not made.by_hand]
    ctl.run(stack, "refunds", "settle", refund, "--reference", f"{ours} and SEPA 10")
    fails(stack, ours)
    assert len(r.mails(stack, booking)) == 2 and r.alarms(stack.of("refund-worker")[0], "refund_failed") == 1
    lacks(stack, refund, 3500)
    ctl.run(stack, "refunds", "settle", refund, "--reference", "SEPA 35")
    ctl.run(stack, "verify")


def test_somebody_elses_refund_is_none_of_our_business(stack):
    payment = stack.stripe.post("payment_intents", amount=100, currency="eur")
    stack.stripe.post(f"payment_intents/{payment['id']}/refund")
    events = about(stack, "refund.created", "charge.refunded")
    for event in events:
        deliver(stack, event)
        assert stack.eventually(lambda event=event: applied(stack, event["id"]))["last_error"] == "unknown_payment"
    assert not stack.sql("SELECT * FROM stripe_refunds")


def test_every_event_ten_times_in_reverse_ends_the_same(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "succeeded")
    before = r.row(stack, refund)
    for event in about(stack, "refund.created", "charge.refunded", "refund.updated")[::-1] * 10:
        deliver(stack, event, again=True)
    stack.eventually(lambda: not stack.sql("SELECT 1 FROM stripe_events WHERE applied_at IS NULL"), 20)
    never(lambda: r.row(stack, refund)["version"] != before["version"], 0.5)
    assert len(r.posts(stack, booking)) == 1 and not r.mails(stack, booking)


def test_an_event_without_a_payment_is_applied_with_an_alarm(stack):
    event = {"id": "evt_odd", "object": "event", "type": "refund.created", "created": 1, "livemode": False,
             "data": {"object": {"id": "re_1", "object": "refund"}}}  # fmt: skip
    deliver(stack, json.loads(json.dumps(event)))
    assert stack.eventually(lambda: applied(stack, "evt_odd"))["last_error"] == "bad_object"
    kept_for_a_person(stack, "evt_odd", "bad_object")
