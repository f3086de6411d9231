"""An unpaid booking is released on Stripe's word, a paid one is kept, and nothing else ends a hold."""

from settle_world import (
    Stripe,
    fault,
    hold,
    log,
    mails,
    payments,
    refunds,
    ring,
    row,
    stack,  # noqa: F401
    wait_closed,
    wait_status,
)
from stack.wait import never


def test_an_abandoned_booking_is_released_and_its_checkout_expired(stack):
    booking, checkout = hold(stack)
    after = wait_status(stack, booking, 3)
    assert after["cancel_cause"] == "checkout_expired" and after["version"] == 2
    assert after["checkout_closed_at"] and after["next_try_at"] is None and after["lease_token"] is None
    assert Stripe(stack).get(checkout)["status"] == "expired"
    assert log(stack, booking) == ["released"]
    assert not mails(stack, booking) and not refunds(stack, booking)


def test_a_hold_that_is_not_over_is_left_alone_also_when_somebody_rings(stack):
    booking, checkout = hold(stack, held="1 hour")
    ring(stack, booking)
    stack.eventually(lambda: row(stack, booking)["attempts"] == 1, what="it was looked at")
    stack.eventually(lambda: row(stack, booking)["lease_token"] is None, what="and recorded")
    after = row(stack, booking)
    assert after["status"] == 0 and after["next_try_at"] >= after["hold_expires_at"]
    assert Stripe(stack).get(checkout)["status"] == "open"


def test_a_paid_booking_is_confirmed_though_no_webhook_came(stack):
    booking, checkout = hold(stack, held="1 hour")
    paid = Stripe(stack).pay(checkout)
    stack.sql("UPDATE bookings SET next_try_at = clock_timestamp() WHERE id = %s", booking)
    after = wait_status(stack, booking, 1)
    assert after["payment_intent"] == paid["payment_intent"] and after["paid_at"]
    assert after["checkout_closed_at"] and after["next_try_at"] is None
    (payment,) = payments(stack, booking)
    assert payment["charge_id"].startswith("ch_") and payment["amount_minor"] == 4500
    assert mails(stack, booking) == [("confirmed", after["parent_id"]), ("confirmed", after["teacher_id"])]
    meeting = stack.one("SELECT * FROM meetings WHERE booking_id = %s", booking)
    assert meeting["state"] == "ready" and meeting["provider"] == "template"
    assert len(meeting["url"]) == len("https://meet.example/") + 32
    assert log(stack, booking) == ["confirmed"]


def test_one_paid_in_the_last_moment_is_not_reaped(stack):
    """The hold is over here, but Stripe took the money first."""
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout)
    stack.sql(
        "UPDATE bookings SET hold_expires_at = clock_timestamp() - interval '1 second',"
        " next_try_at = clock_timestamp() WHERE id = %s",
        booking,
    )
    assert wait_status(stack, booking, 1)["payment_intent"]


def test_a_delayed_method_is_waited_for(stack):
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout, delayed=True)
    stack.sql(
        "UPDATE bookings SET hold_expires_at = clock_timestamp(), next_try_at = clock_timestamp()"
        " WHERE id = %s",
        booking,
    )
    stack.eventually(lambda: row(stack, booking)["attempts"] >= 2, what="asked again and again")
    assert (row(stack, booking)["status"], row(stack, booking)["payment_awaited"]) == (0, True)
    stack.stripe.post(f"checkouts/{checkout}/async", succeeded=True)
    assert wait_status(stack, booking, 1)["payment_intent"]


def test_nothing_to_pay_confirms_without_a_payment(stack):
    booking, checkout = hold(stack, held="1 hour", amount_minor=0)
    Stripe(stack).pay(checkout)
    ring(stack, booking)
    after = wait_status(stack, booking, 1)
    assert after["paid_at"] and after["payment_intent"] is None and not payments(stack, booking)
    assert len(mails(stack, booking)) == 2


def test_a_released_booking_whose_checkout_is_open_is_expired_until_it_is_closed(stack):
    """cancel-payment while Stripe was away: nobody may pay it for long."""
    booking, checkout = hold(stack, held="1 hour")
    fault(stack, kind="error", status=503, effect=False, path="/v1/checkout/*", count=3)
    stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = clock_timestamp(), cancel_cause = 'payment_cancelled',"
        " next_try_at = clock_timestamp() WHERE id = %s",
        booking,
    )
    after = wait_closed(stack, booking)
    assert after["status"] == 3 and after["cancel_cause"] == "payment_cancelled" and after["version"] == 1
    assert Stripe(stack).get(checkout)["status"] == "expired"


def test_who_pays_a_released_booking_gets_the_money_back_and_a_mail(stack):
    booking, checkout = hold(stack, held="1 hour")
    stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = clock_timestamp(), cancel_cause = 'payment_cancelled'"
        " WHERE id = %s",
        booking,
    )
    paid = Stripe(stack).pay(checkout)
    ring(stack, booking)
    after = wait_closed(stack, booking)
    assert after["status"] == 3 and after["payment_intent"] is None
    (refund,) = refunds(stack, booking)
    assert refund["payment_intent"] == paid["payment_intent"] and refund["cause"] == "late_payment"
    assert mails(stack, booking) == [("payment_returned", after["parent_id"])]
    assert log(stack, booking) == ["payment_returned", "refund_requested"]


def test_stripe_away_for_long_keeps_the_hold_and_then_releases_it(stack):
    booking, _ = hold(stack, held="1 hour")
    fault(stack, kind="cut", path="/v1/checkout/*", effect=False, count=None)
    stack.sql(
        "UPDATE bookings SET hold_expires_at = clock_timestamp(), next_try_at = clock_timestamp()"
        " WHERE id = %s",
        booking,
    )
    stack.eventually(lambda: row(stack, booking)["failures"] >= 3, what="asked in vain")
    assert row(stack, booking)["status"] == 0 and row(stack, booking)["last_error"]
    stack.stripe.control("DELETE", "/_sim/faults")
    assert wait_status(stack, booking, 3, timeout=60)["failures"] >= 3


def test_an_expiry_whose_answer_is_lost_is_found_done(stack):
    fault(stack, kind="cut", path="/v1/checkout/sessions/*/expire", effect=True, count=1)
    booking, _ = hold(stack)
    assert wait_status(stack, booking, 3)["cancel_cause"] == "checkout_expired"


def test_a_booking_that_never_got_a_checkout_is_released(stack):
    """T1 was committed, Stripe was never asked."""
    booking, _ = hold(stack, checkout=False)
    after = wait_status(stack, booking, 3)
    assert after["cancel_cause"] == "checkout_failed" and after["checkout_closed_at"]
    assert not stack.stripe.ledger.effects("checkout_created")


def test_a_checkout_whose_id_was_lost_is_found_by_its_key_and_expired(stack):
    """The process died between the creation and T2; the parent gave up meanwhile."""
    booking, _ = hold(stack, held="45 minutes", checkout=False)
    instance = str(stack.one("SELECT id FROM instance")["id"])
    made = Stripe(stack).create(booking, key=f"checkout:{instance}:{booking}")["id"]
    stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = clock_timestamp(), cancel_cause = 'parent',"
        " next_try_at = clock_timestamp() WHERE id = %s",
        booking,
    )
    after = wait_closed(stack, booking)
    assert after["stripe_session_id"] == made and after["cancel_cause"] == "parent"
    assert Stripe(stack).get(made)["status"] == "expired"
    assert len(stack.stripe.ledger.effects("checkout_created")) == 1


def test_a_lost_checkout_that_was_paid_is_found_in_the_list_and_confirmed(stack):
    """The key answers no more: other settings made other parameters of it."""
    booking, _ = hold(stack, held="1 hour", checkout=False)
    made = Stripe(stack).create(booking)["id"]
    Stripe(stack).pay(made)
    stack.sql(
        "UPDATE bookings SET hold_expires_at = clock_timestamp() - interval '1 second',"
        " next_try_at = clock_timestamp() WHERE id = %s",
        booking,
    )
    assert wait_status(stack, booking, 1)["stripe_session_id"] == made


def test_two_reapers_release_once(new_stack):
    stack = new_stack(only=("reaper",), workers=2)
    parent, teacher, _ = stack.seed.family()
    bookings = [
        hold(stack, parent=parent, teacher=teacher, starts_in=f"{3 + n} days", held="1 hour")[0]
        for n in range(10)
    ]
    stack.sql("UPDATE bookings SET hold_expires_at = clock_timestamp(), next_try_at = clock_timestamp()")
    for booking in bookings:
        ring(stack, booking)
    for booking in bookings:
        assert wait_status(stack, booking, 3)["version"] == 2
        assert log(stack, booking) == ["released"]


def test_a_poisoned_ring_is_a_dead_letter_and_a_forged_one_changes_nothing(stack):
    ring(stack, 999_999)
    stack.eventually(lambda: stack.one("SELECT count(*) AS n FROM dead_letters")["n"] == 1)
    booking, checkout = hold(stack, held="1 hour")
    for _ in range(5):
        ring(stack, booking)
    never(lambda: row(stack, booking)["status"] != 0, 1.5)
    assert Stripe(stack).get(checkout)["status"] == "open"
