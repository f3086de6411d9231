"""What Stripe tells of refunds and disputes reaches the refund's row, or the booking that nobody asked to refund."""

import email
import email.policy
import json

import pytest
from settle_world import Stripe, applied, deliver, kept_for_a_person, log, mails, refunds, row
from stack import ctl
from stack import refunding as r
from stack.wait import never


@pytest.fixture
def stack(new_stack):
    return new_stack(only=("refund-worker",))


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


def test_a_dispute_stops_a_refund_that_was_never_sent(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking, doorbell=False, due="1 hour")
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    tell(stack, "charge.dispute.created", "charge.dispute.funds_withdrawn")
    after = r.row(stack, refund)
    assert after["state"] == "needs_attention" and after["failure_reason"] == "charge_disputed"
    assert not r.posts(stack, booking)
    assert "disputed" in log(stack, booking.id)
    worker = stack.of("refund-worker")[0]
    assert r.alarms(worker, "charge_disputed") == 1
    (alarm,) = [line for line in worker.log_lines() if line.get("what") == "charge_disputed"]
    assert (alarm["booking"], alarm["payment"]) == (booking.id, booking.payment_intent)
    assert alarm["code"] == dispute


@pytest.mark.parametrize("settled", [False, True])
def test_a_dispute_that_is_won_lets_the_refund_go_by_itself(stack, settled):
    """Unless an operator has settled it elsewhere meanwhile."""
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    if settled:
        stack.sql(
            "UPDATE refunds SET settled_at = now(), settled_by = 'operator:bo', settled_reference = 'x',"
            " version = version + 1"
        )
    stack.stripe.post(f"disputes/{dispute}/move", status="won")
    tell(stack, "charge.dispute.closed", "charge.dispute.funds_reinstated")
    if settled:
        assert r.row(stack, refund)["state"] == "needs_attention" and len(r.posts(stack, booking)) == 1
        return
    assert r.wait_state(stack, refund, "succeeded")["generation"] == 2
    r.check_refunded(stack, booking)
    assert log(stack, booking.id)[-3:] == ["dispute_closed", "refund_requested", "refund_succeeded"]


@pytest.mark.parametrize("refundable", [False, True])
def test_a_refund_asked_for_after_the_dispute_is_not_sent_before_it_is_won(stack, refundable):
    """Even where Stripe would take it: the bank may give the money back as well."""
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", is_charge_refundable=refundable)
    tell(stack, "charge.dispute.created")
    refund = r.ask(stack, booking)
    assert r.wait_state(stack, refund, "needs_attention")["failure_reason"] == "charge_disputed"
    assert not r.posts(stack, booking)
    stack.stripe.post(f"disputes/{dispute['id']}/move", status="won")
    tell(stack, "charge.dispute.closed")
    assert r.wait_state(stack, refund, "succeeded")["generation"] == 1
    assert len(r.posts(stack, booking)) == 1
    r.check_refunded(stack, booking)


@pytest.mark.parametrize("part", [None, 1000])
@pytest.mark.parametrize("lost_before", [False, True])
def test_a_lost_dispute_settles_the_refund_that_waits_for_it(stack, lost_before, part):
    """Whether the refund was refused before that or comes after it; the rest of a part is still owed."""
    booking = r.paid(stack)
    body = {"amount": part} if part else {}
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", **body)["id"]
    refund = None if lost_before else r.ask(stack, booking)
    if refund:
        r.wait_state(stack, refund, "needs_attention")
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.closed", "charge.dispute.created")
    refund = refund or r.ask(stack, booking)
    after = r.wait_state(stack, refund, "needs_attention")
    worker = stack.of("refund-worker")[0]
    assert sorted(what for what in log(stack, booking.id) if "dispute" in what or "charged" in what) == [
        "charged_back",
        "disputed",
    ]
    if part:
        assert after["settled_at"] is None
        assert len(r.posts(stack, booking)) == (0 if lost_before else 1), "Stripe would give the bank's part back as well"
        return
    assert (after["settled_by"], after["settled_reference"]) == ("stripe", dispute)
    assert log(stack, booking.id).count("refund_settled") == 1 and not r.made(stack, booking)
    assert r.alarms(worker, "refund_needs_attention") == (0 if lost_before else 1)


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


def test_an_inquiry_stops_nothing(stack):
    booking = r.paid(stack)
    refund = r.ask(stack, booking, doorbell=False, due="1 hour")
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", status="warning_needs_response")
    tell(stack, "charge.dispute.created")
    assert r.row(stack, refund)["state"] == "requested"
    stack.sql("UPDATE refunds SET next_try_at = clock_timestamp()")
    r.wait_state(stack, refund, "succeeded")


def test_an_inquiry_that_becomes_a_dispute_stops_what_was_not_sent(stack):
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", status="warning_needs_response")["id"]
    stack.stripe.post(f"disputes/{dispute}/move", status="needs_response")
    tell(stack, "charge.dispute.updated", "charge.dispute.created")
    assert stack.sql("SELECT status FROM disputes WHERE id = %s", dispute) == [{"status": "needs_response"}]
    refund = r.ask(stack, booking)
    assert r.wait_state(stack, refund, "needs_attention")["failure_reason"] == "charge_disputed"
    assert not r.posts(stack, booking)
    assert log(stack, booking.id)[:2] == ["disputed", "disputed"], "an inquiry, and then a dispute"


def a_refund_on_its_way_fails_of_a_dispute(stack, **part):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/course", course="pending")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "pending")
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", **part)["id"]
    tell(stack, "refund.failed", "charge.dispute.created")
    assert r.wait_state(stack, refund, "failed")["failure_reason"] == "charge_for_pending_refund_disputed"
    return booking, refund, dispute


@pytest.mark.parametrize("part", [{}, {"amount": 1000}])
def test_a_refund_that_failed_of_a_dispute_is_settled_when_the_bank_gives_all_of_it_back(stack, part):
    booking, refund, dispute = a_refund_on_its_way_fails_of_a_dispute(stack, **part)
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.closed")
    row = r.row(stack, refund)
    assert (row["settled_by"], row["settled_reference"]) == ((None, None) if part else ("stripe", dispute))
    assert len(r.posts(stack, booking)) == 1


def test_a_refund_that_failed_of_a_dispute_is_made_again_when_that_is_won(stack):
    booking, refund, dispute = a_refund_on_its_way_fails_of_a_dispute(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/course", course="succeeded")
    stack.stripe.post(f"disputes/{dispute}/move", status="won")
    tell(stack, "charge.dispute.closed")
    assert r.wait_state(stack, refund, "succeeded")["generation"] == 2
    r.check_refunded(stack, booking)


def test_a_lost_dispute_that_is_won_after_all_leaves_the_refund_to_us(stack):
    kept, booking = r.paid(stack), r.paid(stack)
    disputes = [stack.stripe.post(f"payment_intents/{b.payment_intent}/dispute")["id"] for b in (kept, booking)]
    for dispute in disputes:
        stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.closed")
    stack.sql(
        "UPDATE bookings SET status = 3, cancel_cause = 'parent', cancelled_at = clock_timestamp() WHERE id = %s", booking.id
    )
    for dispute in disputes:
        stack.stripe.post(f"disputes/{dispute}/move", status="won")
    tell(stack, "charge.dispute.closed")
    (refund,) = stack.eventually(lambda: refunds(stack, booking.id))
    r.wait_state(stack, refund["id"], "succeeded")
    r.check_refunded(stack, booking)
    assert row(stack, kept.id)["status"] == 1 and not refunds(stack, kept.id) and not r.made(stack, kept)


def test_an_open_dispute_holds_the_refund_whatever_is_told_of_another(stack):
    booking = r.paid(stack)
    path = f"payment_intents/{booking.payment_intent}/dispute"
    open_one = stack.stripe.post(path, amount=800, is_charge_refundable=True)["id"]
    other = stack.stripe.post(path, amount=1000, is_charge_refundable=True)["id"]
    stack.stripe.post(path, amount=2700, status="warning_needs_response")
    tell(stack, "charge.dispute.created")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    stack.stripe.post(f"disputes/{other}/move", status="won")
    tell(stack, "charge.dispute.closed")
    assert r.wait_state(stack, refund, "needs_attention")["failure_reason"] == "charge_disputed"
    assert not r.posts(stack, booking)
    stack.stripe.post(f"disputes/{open_one}/move", status="won")
    tell(stack, "charge.dispute.closed")
    r.wait_state(stack, refund, "succeeded")
    r.check_refunded(stack, booking)


def test_of_two_ends_of_a_dispute_the_later_counts_also_when_it_comes_first(stack):
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    stack.stripe.post("clock/advance", seconds=60)
    stack.stripe.post(f"disputes/{dispute}/move", status="won")
    for event in reversed(about(stack, "charge.dispute.closed")):
        deliver(stack, event)
        stack.eventually(lambda event=event: applied(stack, event["id"]), 20)
    assert stack.sql("SELECT status FROM disputes WHERE id = %s", dispute) == [{"status": "won"}]
    assert log(stack, booking.id) == ["dispute_closed"]
    r.wait_state(stack, r.ask(stack, booking), "succeeded")


def test_a_refund_that_a_lost_dispute_has_settled_goes_when_that_is_won_after_all(stack):
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.created", "charge.dispute.closed")
    assert r.row(stack, refund)["settled_reference"] == dispute
    stack.stripe.post("clock/advance", seconds=60)
    stack.stripe.post(f"disputes/{dispute}/move", status="won")
    tell(stack, "charge.dispute.closed")
    assert r.wait_state(stack, refund, "succeeded")["settled_at"] is None
    r.check_refunded(stack, booking)


def test_a_part_by_hand_that_fails_beside_a_refund_that_was_settled_is_told(stack):
    booking = r.paid(stack)
    part = by_hand(stack, booking, amount=1000)
    tell(stack, "refund.created")
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/not_refundable")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    ctl.run(stack, "refunds", "settle", refund, "--reference", "SEPA 35")
    stack.stripe.post(f"refunds/{part['id']}/move", status="failed", failure_reason="declined")
    tell(stack, "refund.failed", "refund.updated", "charge.refund.updated")
    assert [kind for kind, *_ in mails(stack, booking.id)] == ["refund_failed"]
    assert log(stack, booking.id).count("refund_failed") == 1
    assert r.alarms(stack.of("refund-worker")[0], "refund_failed") == 1


def test_what_the_bank_and_somebody_by_hand_have_given_back_together_is_settled(stack):
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", amount=1000)["id"]
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.closed")
    refund = r.ask(stack, booking)
    assert r.wait_state(stack, refund, "needs_attention")["settled_at"] is None
    by_hand(stack, booking, amount=3500)
    tell(stack, "refund.created")
    assert r.row(stack, refund)["settled_reference"] == dispute


def test_a_dispute_of_a_kept_payment_is_told_and_changes_nothing(stack):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")
    tell(stack, "charge.dispute.created")
    assert row(stack, booking.id)["status"] == 1 and log(stack, booking.id) == ["disputed"]


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
