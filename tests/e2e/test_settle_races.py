"""F29: the buyer pays while two reapers expire, an event arrives and somebody cancels; every interleaving ends paid or free, never both."""

import threading

import pytest
from settle_world import (
    Stripe,
    deliver,
    fault,
    hold,
    log,
    payments,
    refunds,
    ring,
    row,
    wait_closed,
    wait_status,
)


@pytest.fixture
def stack(new_stack):
    return new_stack(only=("reaper",), workers=2)


def due(stack, booking):
    stack.sql(
        "UPDATE bookings SET hold_expires_at = clock_timestamp(), next_try_at = clock_timestamp() WHERE id = %s",
        booking,
    )


def check(stack, booking, checkout):
    """Whoever won: Stripe's word and ours are the same."""
    after = wait_closed(stack, booking, 20)
    at_stripe = Stripe(stack).get(checkout)
    if at_stripe["payment_status"] == "paid":
        kept = after["status"] == 1 and after["payment_intent"] == at_stripe["payment_intent"]
        assert kept != bool(refunds(stack, booking)), log(stack, booking)
        assert len(payments(stack, booking)) == 1
    else:
        assert at_stripe["status"] == "expired" and after["status"] == 3
        assert not payments(stack, booking) and not refunds(stack, booking)
    return after, at_stripe


def test_paid_while_the_expiry_is_on_its_way(stack):
    booking, checkout = hold(stack, held="1 hour")
    fault(stack, kind="barrier", name="expiry", when="before", path="/v1/checkout/sessions/*/expire")
    due(stack, booking)
    assert stack.stripe.get("barriers/expiry?held=1&timeout_s=10")["reached"]
    Stripe(stack).pay(checkout)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    wait_status(stack, booking, 1)
    stack.stripe.post("barriers/expiry/release")
    after, _ = check(stack, booking, checkout)
    assert after["status"] == 1 and log(stack, booking) == ["confirmed"]


def test_the_parent_gave_up_while_the_payment_was_on_its_way(stack):
    booking, checkout = hold(stack, held="1 hour")
    fault(stack, kind="barrier", name="look", when="after", path="/v1/checkout/sessions/*", method="GET")
    Stripe(stack).pay(checkout)
    due(stack, booking)
    assert stack.stripe.get("barriers/look?held=1&timeout_s=10")["reached"]
    stack.sql(
        "UPDATE bookings SET status = 3, cancelled_at = clock_timestamp(), cancel_cause = 'payment_cancelled',"
        " version = version + 1 WHERE id = %s",
        booking,
    )
    stack.stripe.post("barriers/look/release")
    after, _ = check(stack, booking, checkout)
    assert after["status"] == 3 and refunds(stack, booking)[0]["cause"] == "late_payment"


@pytest.mark.parametrize("seed", range(4))
def test_everything_at_once(stack, seed):
    """A buyer, two reapers, rings and events about ten bookings, at the same moment."""
    parent, teacher, _ = stack.seed.family()
    held = [
        hold(stack, parent=parent, teacher=teacher, starts_in=f"{3 + n} days", held="1 hour") for n in range(10)
    ]
    fault(stack, kind="delay", seconds=0.02 * seed, when="after", path="/v1/checkout/*", count=None)
    stripe = Stripe(stack)

    def buy():
        for _, checkout in held:
            try:
                stripe.pay(checkout)
            except RuntimeError:
                pass  # expired already

    buyer = threading.Thread(target=buy)
    buyer.start()
    for booking, _ in held[seed::2]:
        due(stack, booking)
        ring(stack, booking)
    buyer.join(30)
    for event in stripe.events():
        if event["type"].startswith("checkout.session."):
            deliver(stack, event, again=True)
    stack.sql("UPDATE bookings SET hold_expires_at = clock_timestamp(), next_try_at = clock_timestamp()"
              " WHERE status = 0")  # fmt: skip
    for booking, checkout in held:
        check(stack, booking, checkout)
        assert row(stack, booking)["status"] in (1, 3)
