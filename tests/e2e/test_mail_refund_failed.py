"""What the mail about a refund that came to nothing promises: no more than comes, and of the sum that failed."""

import email
import email.policy

import pytest
from settle_world import by_hand, tell
from stack import ctl
from stack import refunding as r

PROMISE = "You will still get your money"
REFUSED = "Your bank could not accept the refund of"


@pytest.fixture
def stack(new_stack):
    return new_stack(only=("refund-worker", "notifier"))


def stripe(stack, booking, what, **body):
    return stack.stripe.post(f"payment_intents/{booking.payment_intent}/{what}", **body)


def part(stack, booking, amount, course="succeeded"):
    stripe(stack, booking, "course", course=course)
    made = by_hand(stack, booking, amount=amount)["id"]
    tell(stack, "refund.created")
    return made


def comes_to_nothing(stack, made, status="failed", **reason):
    stack.stripe.post(f"refunds/{made}/move", status=status, **reason)
    tell(stack, "refund.failed", "refund.updated")


def read(stack, booking, *has, amount, nots=()):
    """Its one mail about a refund that failed says all this and none of those, in both parts."""
    (mail,) = stack.eventually(lambda: stack.mail.delivered(booking.parent.email), 20, "a mail")
    message = email.message_from_bytes(mail.raw, policy=email.policy.default)
    for part_of in ("plain", "html"):
        text = message.get_body((part_of,)).get_content()
        assert all(words in text for words in has), text
        assert not any(words in text for words in nots), text
    assert f"Amount: €{amount}" in message.get_body(("plain",)).get_content()


def test_nothing_is_promised_of_a_part_by_hand_when_the_bank_has_given_all_back(stack):
    booking = r.paid(stack)
    made = part(stack, booking, 3000)
    dispute = stripe(stack, booking, "dispute", amount=4500)["id"]
    stack.stripe.post(f"disputes/{dispute}/move", status="lost")
    tell(stack, "charge.dispute.created", "charge.dispute.closed")
    comes_to_nothing(stack, made)
    given = "your bank has already given the payment of €45.00 back to you"
    read(stack, booking, "The refund of €30.00", given, amount="30.00", nots=(PROMISE, REFUSED))


@pytest.mark.parametrize("counted_on", [False, True])
def test_a_part_by_hand_beside_a_settled_refund_is_promised_only_if_it_was_counted_on(stack, counted_on):
    booking = r.paid(stack)
    made = part(stack, booking, 1000) if counted_on else None
    stripe(stack, booking, "not_refundable")
    refund = r.ask(stack, booking)
    r.wait_state(stack, refund, "needs_attention")
    ctl.run(stack, "refunds", "settle", refund, "--reference", "SEPA")
    stripe(stack, booking, "not_refundable", value=False)
    comes_to_nothing(stack, made or part(stack, booking, 1000))
    if counted_on:
        read(stack, booking, REFUSED + " €10.00", PROMISE, amount="10.00")
    else:
        good = "your payment of €45.00 has been returned to you all the same"
        read(stack, booking, "The refund of €10.00", good, amount="10.00", nots=(PROMISE, REFUSED))


def test_a_dispute_that_beats_a_part_by_hand_leaves_it_to_the_bank(stack):
    booking = r.paid(stack)
    part(stack, booking, 2000, "pending")
    stripe(stack, booking, "dispute")
    tell(stack, "charge.dispute.created", "refund.failed", "refund.updated")
    read(stack, booking, REFUSED + " €20.00", "which decides where the money goes", amount="20.00", nots=(PROMISE,))


def test_what_was_withdrawn_of_a_session_that_takes_place_is_owed_by_nobody(stack):
    booking = r.paid(stack)
    comes_to_nothing(stack, part(stack, booking, 1500, "pending"), "canceled")
    withdrew = "We withdrew the refund of €15.00"
    read(stack, booking, withdrew, "No other refund follows", amount="15.00", nots=(PROMISE, REFUSED))


def test_the_amount_is_that_of_the_refund_that_failed(stack):
    """Ours beside a part by hand, and a part by hand beside ours."""
    ours, beside = r.paid(stack), r.paid(stack)
    for booking in (ours, beside):
        booking.made = part(stack, booking, 1000)
        r.wait_state(stack, r.ask(stack, booking), "succeeded")
    comes_to_nothing(stack, beside.made)
    comes_to_nothing(stack, next(f.id for f in r.made(stack, ours) if not f.by_hand))
    read(stack, beside, REFUSED + " €10.00", PROMISE, amount="10.00")
    read(stack, ours, REFUSED + " €35.00", PROMISE, amount="35.00")


def test_a_refund_of_ours_that_was_withdrawn_was_refused_by_no_bank(stack):
    booking = r.paid(stack)
    stripe(stack, booking, "course", course="pending")
    r.wait_state(stack, r.ask(stack, booking), "pending")
    comes_to_nothing(stack, r.made(stack, booking)[0].id, "canceled")
    read(stack, booking, "We withdrew the refund of €45.00", PROMISE, amount="45.00", nots=(REFUSED,))
