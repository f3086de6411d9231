"""Stripe under faults with the whole system: every kind of bad answer at once, and refunds that do not come through."""

import pytest

POST = {"method": "POST", "path": "/v1/refunds"}
BAD_ANSWERS = [
    ("rate_limit", {"retry_after": 1}),
    ("rate_limit", {"code": "lock_timeout"}),
    ("key_in_use", {}),
    ("error", {"status": 500, "effect": True}),
    ("error", {"status": 500, "effect": False}),
    ("error", {"status": 502, "effect": True}),
    ("error", {"status": 504, "effect": False, "stored": "nothing"}),
    ("cut", {"effect": True}),
    ("cut", {"effect": False}),
    ("half_body", {}),
    ("html", {"effect": True}),
    ("html", {"effect": False}),
    ("wrong_json", {}),
    ("hang", {"effect": True, "seconds": 2}),
    ("hang", {"effect": False, "seconds": 2}),
]


@pytest.mark.parametrize("refuses", [True, False], ids=["stripe_refuses_twice", "stripe_would_pay_twice"])
def test_every_bad_answer_at_once(new_world, refuses):
    """F20 to F25, one booking each, two workers; also when Stripe itself would refund twice."""
    world = new_world(workers=2, settings={"UNBOOK_REFUND_RATE": "0"})
    world.stack.stripe.post("settings", refuse_over_refund=refuses)
    bookings = world.book(len(BAD_ANSWERS))
    for booking, (kind, more) in zip(bookings, BAD_ANSWERS, strict=True):
        world.stripe_fault(kind, **POST, payment_intent=booking.payment_intent, **more)
    world.cancel(bookings)
    world.judge(quiet_s=60)


def test_keys_are_forgotten_between_two_tries(new_world):
    """F25: made, answer lost, and the key pruned before the next try."""
    world = new_world(settings={"UNBOOK_BACKOFF_MIN_MS": "400"})
    world.stack.stripe.post("settings", refuse_over_refund=False)
    bookings = world.book(3)
    for booking in bookings:
        world.stripe_fault("cut", effect=True, **POST, payment_intent=booking.payment_intent)
    world.cancel(bookings)
    world.eventually(lambda: len(world.stack.stripe.ledger.refunds()) == 3, 15, "made")
    world.stack.stripe.post("keys/prune")
    world.judge()


def test_refunds_that_do_not_come_through(world):
    """F26: pending and then succeeded, pending and then failed, disputed: open, closed, or with a person; never silent."""
    slow, failing, disputed = world.book(3)
    course = "payment_intents/{}/course"
    world.stack.stripe.post(course.format(slow.payment_intent), course="pending_succeeded", delay_s=1)
    world.stack.stripe.post(
        course.format(failing.payment_intent),
        course="pending_failed",
        delay_s=1,
        failure_reason="expired_or_canceled_card",
    )
    world.stack.stripe.post(f"payment_intents/{disputed.payment_intent}/dispute")
    world.cancel([slow, failing, disputed])
    e = world.judge(attention={failing.payment_intent, disputed.payment_intent})
    told = [m for m in e.mails if m["kind"] == "refund_failed"]
    assert [m["booking_id"] for m in told] == [failing.id], told


def test_stripe_is_gone_for_a_while(new_world):
    """An outage of all calls: the breaker opens, nobody's refund is given up, all are made afterwards."""
    world = new_world(proxied=("stripe",))
    world.stack.proxies["stripe"].down()
    world.cancel(world.book(8))
    world.eventually(
        lambda: world.stack.one("SELECT sum(failures) AS n FROM refunds")["n"] >= 3, 20, "it was tried in vain"
    )
    world.stack.proxies["stripe"].heal()
    world.judge(quiet_s=60)
