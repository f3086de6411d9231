"""Stripe's checkout events: once, ten times, in any order, before we know of the checkout, and forged (F27, F28, F30)."""

import json
import random

import pytest
from settle_world import (
    Stripe,
    applied,
    deliver,
    hold,
    kept_for_a_person,
    log,
    mails,
    payments,
    refunds,
    row,
    stack,  # noqa: F401
    wait_closed,
    wait_status,
)


def test_a_payment_told_by_an_event_confirms_and_mails_both(stack):
    booking, checkout = hold(stack, held="1 hour")
    paid = Stripe(stack).pay(checkout)
    (event,) = [e for e in Stripe(stack).events(checkout) if e["type"] == "checkout.session.completed"]
    deliver(stack, event)
    after = wait_status(stack, booking, 1)
    assert after["payment_intent"] == paid["payment_intent"] and after["version"] == 2
    assert mails(stack, booking) == [("confirmed", after["parent_id"]), ("confirmed", after["teacher_id"])]
    assert stack.eventually(lambda: applied(stack, event["id"]))["last_error"] is None
    assert not [call for call in stack.stripe.ledger.exchanges() if call.method == "GET"
                and "checkout" in call.path], "the verified bytes were enough"  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_duplicates_and_any_order_end_the_same(stack, seed):
    """F27: everything that Stripe tells, ten times, shuffled."""
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout)
    events = [e for e in Stripe(stack).events() if e["type"].startswith("checkout.session.")]
    # an event that is older than the state, as after a replay of days
    stale = json.loads(json.dumps(events[0]))
    stale["id"] += "stale"
    stale["data"]["object"].update(status="open", payment_status="unpaid", payment_intent=None)
    heard = [*events, stale] * 10
    random.Random(seed).shuffle(heard)
    for event in heard:
        deliver(stack, event, again=True)
    for event in {e["id"] for e in heard}:
        stack.eventually(lambda event=event: applied(stack, event), 20)
    after = row(stack, booking)
    assert after["status"] == 1 and after["version"] == 2 and len(payments(stack, booking)) == 1
    assert len(mails(stack, booking)) == 2 and not refunds(stack, booking)
    assert log(stack, booking) == ["confirmed"]


def test_an_expiry_releases_and_is_believed_for_ever(stack):
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).expire(checkout)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    after = wait_status(stack, booking, 3)
    assert after["cancel_cause"] == "checkout_expired" and after["checkout_closed_at"]


def test_an_event_before_the_checkout_is_known_is_found_by_our_marks(stack):
    """F28: T2 comes later than the webhook."""
    booking, _ = hold(stack, held="1 hour", checkout=False)
    checkout = Stripe(stack).create(booking)["id"]
    Stripe(stack).pay(checkout)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    after = wait_status(stack, booking, 1)
    assert after["stripe_session_id"] == checkout and after["checkout_closed_at"]


def test_a_second_payment_is_given_back_and_the_first_is_kept(stack):
    """F30: two checkouts, one booking; the other one is closed, too."""
    booking, first = hold(stack, held="1 hour")
    second = Stripe(stack).create(booking)["id"]
    stripe = Stripe(stack)
    paid = [stripe.pay(second)["payment_intent"], stripe.pay(first)["payment_intent"]]
    for checkout in (second, first):
        deliver(stack, stripe.events(checkout)[-1])
        stack.eventually(lambda checkout=checkout: len(payments(stack, booking)) >= 1 + (checkout == first), 15)
    after = row(stack, booking)
    assert after["status"] == 1 and after["payment_intent"] == paid[0] and after["version"] == 2
    (refund,) = refunds(stack, booking)
    assert refund["payment_intent"] == paid[1] and refund["cause"] == "second_payment"
    returned = [kind for kind, _ in mails(stack, booking)].count("payment_returned")
    assert returned == 1


def test_the_bookings_own_checkout_is_closed_when_another_one_was_paid(stack):
    booking, own = hold(stack, held="1 hour")
    other = Stripe(stack).create(booking)["id"]
    Stripe(stack).pay(other)
    deliver(stack, Stripe(stack).events(other)[-1])
    assert wait_status(stack, booking, 1)
    wait_closed(stack, booking)
    assert Stripe(stack).get(own)["status"] == "expired" and row(stack, booking)["status"] == 1


@pytest.mark.parametrize("lie", [{"amount": 4400}, {"amount": 4600}, {"currency": "usd"}])
def test_another_amount_or_currency_is_given_back_and_the_booking_cancelled(stack, lie):
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout, **lie)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    after = wait_status(stack, booking, 3)
    assert after["cancel_cause"] == "amount_mismatch" and after["payment_intent"] is None
    (refund,) = refunds(stack, booking)
    assert refund["cause"] == "amount_mismatch"
    assert mails(stack, booking) == [("payment_returned", after["parent_id"])]
    metrics = stack.of("reaper")[0].metrics()
    assert metrics['unbook_alarms_total{what="amount_mismatch"}'] == 1


def test_a_payment_after_the_start_is_given_back(stack):
    booking, checkout = hold(stack, held="1 hour", starts_in="-1 minute")
    Stripe(stack).pay(checkout)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    after = wait_status(stack, booking, 3)
    assert after["cancel_cause"] == "too_late_to_pay"
    assert refunds(stack, booking)[0]["cause"] == "too_late_to_pay"


def late_payment(stack, *, rival=False, cause="checkout_expired"):
    """Released here while Stripe had its checkout still open, sold to a rival or not, and then paid."""
    parent, teacher, _ = stack.seed.family()
    booking, checkout = hold(stack, parent=parent, teacher=teacher, held="1 hour")
    stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = clock_timestamp(), cancel_cause = %s WHERE id = %s",
        cause, booking,
    )  # fmt: skip
    if rival:
        stack.seed.booking(stack.seed.person("Parent", "Rita Rival"), teacher, starts_in="3 days 30 minutes")
    Stripe(stack).pay(checkout)
    event = deliver(stack, Stripe(stack).events(checkout)[-1])
    stack.eventually(lambda: applied(stack, event))
    return row(stack, booking)


def test_a_payment_after_an_expiry_revives_the_booking(stack):
    after = late_payment(stack)
    assert after["status"] == 1 and after["cancel_cause"] is None and after["cancelled_at"] is None
    assert len(mails(stack, after["id"])) == 2 and log(stack, after["id"]) == ["revived"]


def test_a_payment_for_a_slot_that_was_sold_to_a_rival_is_given_back(stack):
    after = late_payment(stack, rival=True)
    assert after["status"] == 3 and after["cancel_cause"] == "checkout_expired"
    assert refunds(stack, after["id"])[0]["cause"] == "late_payment"
    assert mails(stack, after["id"]) == [("payment_returned", after["parent_id"])]


def test_who_was_told_cancelled_stays_cancelled(stack):
    after = late_payment(stack, cause="parent")
    assert after["status"] == 3 and len(refunds(stack, after["id"])) == 1


def test_a_delayed_method_that_fails_releases_the_booking(stack):
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout, delayed=True)
    unpaid = deliver(stack, Stripe(stack).events(checkout)[-1])
    stack.eventually(lambda: applied(stack, unpaid))
    assert (row(stack, booking)["status"], row(stack, booking)["payment_awaited"]) == (0, True)
    stack.stripe.post(f"checkouts/{checkout}/async", succeeded=False)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    assert wait_status(stack, booking, 3)["cancel_cause"] == "checkout_failed"


def test_a_forged_record_is_a_dead_letter_and_a_lying_one_is_not_believed(stack):
    booking, checkout = hold(stack, held="1 hour")
    lie = {"eventId": "evt_forged", "type": "checkout.session.expired", "objectId": checkout,
           "bookingId": booking}  # fmt: skip
    say(stack, booking, lie)
    stack.eventually(lambda: stack.one("SELECT count(*) AS n FROM dead_letters")["n"] == 1)
    # the record of a true event, with another type in its body: the stored bytes decide
    Stripe(stack).pay(checkout)
    true = Stripe(stack).events(checkout)[-1]
    deliver(stack, true)
    say(stack, booking, {**lie, "eventId": true["id"]})
    assert wait_status(stack, booking, 1)


def say(stack, booking, lie):
    stack.forged.add(json.dumps(lie).encode())
    stack.sql(
        "INSERT INTO outbox (aggregatetype, aggregateid, type, payload)"
        " VALUES ('stripe', %s, 'com.stripe.checkout.session.expired', %s)",
        str(booking), json.dumps(lie),
    )  # fmt: skip


def test_an_unknown_checkout_is_a_dead_letter_with_an_alarm_and_another_databases_is_not(stack):
    booking, checkout = hold(stack, held="1 hour")
    elsewhere = Stripe(stack).create(booking, instance="11111111-2222-4333-8444-555555555555")["id"]
    Stripe(stack).pay(elsewhere)
    theirs = deliver(stack, Stripe(stack).events(elsewhere)[-1])
    assert stack.eventually(lambda: applied(stack, theirs))["last_error"] == "not_ours"
    event = Stripe(stack).events(elsewhere)[-1]
    event["id"] += "unmarked"
    event["data"]["object"]["metadata"] = {}
    unknown = deliver(stack, event)
    assert stack.eventually(lambda: applied(stack, unknown))["last_error"] == "unknown_checkout"
    kept_for_a_person(stack, unknown, "unknown_checkout")
    stack.sql("UPDATE stripe_events SET applied_at = NULL, next_try_at = clock_timestamp() WHERE id = %s", unknown)
    stack.eventually(lambda: applied(stack, unknown))
    kept_for_a_person(stack, unknown, "unknown_checkout")
    assert stack.of("reaper")[0].metrics()['unbook_alarms_total{what="unknown_checkout"}'] == 1
    assert row(stack, booking)["status"] == 0


@pytest.mark.parametrize("payload", [b"", b"{", b'{"id":"evt_x"}', b"\xff\xfe"])
def test_bytes_that_do_not_read_are_applied_with_an_alarm(stack, payload):
    stack.sql(
        "INSERT INTO stripe_events (id, type, created, payload, next_try_at)"
        " VALUES ('evt_x', 'checkout.session.completed', clock_timestamp(), %s, clock_timestamp())",
        payload,
    )
    reason = stack.eventually(lambda: applied(stack, "evt_x"))["last_error"]
    kept_for_a_person(stack, "evt_x", reason)
