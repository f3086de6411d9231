"""Disputes: what is told of them, in whatever order, holds, frees, settles or opens the refund of their payment."""


import pytest
from settle_world import about, applied, by_hand, deliver, log, refunds, row, tell
from stack import ctl
from stack import refunding as r


@pytest.fixture
def stack(new_stack):
    return new_stack(only=("refund-worker",))


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


def test_a_refund_that_two_lost_disputes_have_settled_is_owed_again_when_either_is_won(stack):
    booking = r.paid(stack)
    path = f"payment_intents/{booking.payment_intent}/dispute"
    first, second = (stack.stripe.post(path, amount=amount)["id"] for amount in (2000, 2500))
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    for dispute in (first, second):
        stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.closed")
    assert r.row(stack, refund)["settled_by"] == "stripe"
    stack.stripe.post("clock/advance", seconds=60)
    stack.stripe.post(f"disputes/{first}/move", status="won")
    tell(stack, "charge.dispute.closed")
    after = r.wait_state(stack, refund, "needs_attention")
    assert after["settled_at"] is None and not [post for post in r.posts(stack, booking) if post.status == 200]


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


def settled_elsewhere(stack, booking, reference):
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    ctl.run(stack, "refunds", "settle", refund, "--reference", reference)
    return refund


def test_a_dispute_that_is_lost_after_the_refund_was_settled_is_one_alarm_of_money_given_back_twice(stack):
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")["id"]
    refund = settled_elsewhere(stack, booking, "SEPA 1")
    worker = stack.of("refund-worker")[0]
    tell(stack, "charge.dispute.created")
    assert not r.alarms(worker, "given_back_twice")
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    for _ in range(2):
        tell(stack, "charge.dispute.closed")
    (alarm,) = [line for line in worker.log_lines() if line.get("what") == "given_back_twice"]
    assert (alarm["payment"], alarm["code"], alarm["booking"]) == (booking.payment_intent, dispute, booking.id)
    assert refund in ctl.run(stack, "verify", code=1)[0]


@pytest.mark.parametrize("reference", ["SEPA 25, the rest", "{} and SEPA 25"])
def test_what_is_won_after_the_rest_was_settled_lacks_until_it_is_given_back(stack, reference):
    """Named or not; and more than that is given back twice."""
    booking = r.paid(stack)
    dispute = stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute", amount=2000)["id"]
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.closed")
    reference = reference.format(dispute)
    refund = settled_elsewhere(stack, booking, reference)
    ctl.run(stack, "verify")
    stack.stripe.post("clock/advance", seconds=60)
    stack.stripe.post(f"disputes/{dispute}/move", status="won")
    tell(stack, "charge.dispute.closed")
    worker = stack.of("refund-worker")[0]
    assert [line["code"] for line in worker.log_lines() if line.get("code") == "dispute_won"] == ["dispute_won"]
    assert ctl.run(stack, "verify", code=1)[0] == (
        f"I1 refund {refund} of payment {booking.payment_intent} was settled by operator:ann ({reference}): of 4500 EUR 2500 went"
        " another way, Stripe gave back 0 and the bank 0, 2000 lack\n"
    )
    by_hand(stack, booking, amount=2000)
    tell(stack, "refund.created")
    ctl.run(stack, "verify")
    assert not r.alarms(worker, "given_back_twice")
    by_hand(stack, booking, amount=2500)
    tell(stack, "refund.created")
    assert r.alarms(worker, "given_back_twice") == 1
    assert "Stripe gave back 4500" in ctl.run(stack, "verify", code=1)[0]


def test_a_dispute_of_a_kept_payment_is_told_and_changes_nothing(stack):
    booking = r.paid(stack)
    stack.stripe.post(f"payment_intents/{booking.payment_intent}/dispute")
    tell(stack, "charge.dispute.created")
    assert row(stack, booking.id)["status"] == 1 and log(stack, booking.id) == ["disputed"]
