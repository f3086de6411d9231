"""F1 for what is booked, paid and given up: the webhook, reaper and book rows of the crash-point table, with everything running.

Each process dies at its point over a booking of its own; the next one finds what the last one left. The judge comes at the end.
"""

import pytest

RELEASE = ["release.after_lock", "release.before_commit", "release.after_commit"]
SETTLE = ["settle.after_lock", "settle.before_commit", "settle.after_commit"]
GIVEN_UP = ["reap.after_post", *RELEASE]
REAP = ["reap.after_claim", "reap.after_post", "reap.before_record", *RELEASE, "reap.after_record"]
EVENT = ["event.after_claim", "event.before_record", *SETTLE, "event.after_record", "event.before_applied"]


def book(world):
    assert world.ask_for().outcome == "unknown"


def pay(world):
    """Stripe tells the API, which dies over it."""
    _, checkout = world.reserve()
    world.pay(checkout)


def come_back(world):
    """Paid, and the parent is back from Stripe's page before Stripe has told anybody."""
    world.webhooks(mode="hold")
    booking, checkout = world.reserve()
    world.pay(checkout)
    assert world.client.confirm_payment(booking, checkout).outcome == "unknown"


def give_up(world):
    booking, checkout = world.reserve()
    assert world.client.cancel_payment(booking, checkout).outcome == "unknown"


def test_api_killed_over_bookings(new_world):
    world = new_world(only=("refund-worker", "notifier", "reaper"))
    acts = {"book.after_hold": book, "book.after_post": book, "webhook.after_commit": pay}
    acts.update(dict.fromkeys(SETTLE, come_back) | dict.fromkeys(GIVEN_UP, give_up))
    for point, act in acts.items():
        victim = world.crash("api", point).wait_up()
        world.webhooks(mode="on")
        act(world)
        world.died_at(victim, point)
    world.start(["api"])
    world.webhooks(mode="on")
    world.stack.stripe.post("webhooks/release")
    world.judge(meanwhile=world.end_holds)


@pytest.mark.parametrize("points", [REAP, SETTLE, EVENT], ids=["hold_over", "hold_over_and_paid", "event"])
def test_reaper_killed_over_bookings(new_world, points):
    world = new_world(only=("api", "refund-worker", "notifier"))
    for point in points:
        victim = world.crash("reaper", point)
        world.webhooks(mode="on" if points is EVENT else "hold")
        booking, checkout = world.reserve()
        if points is not REAP:
            world.pay(checkout)
        if points is not EVENT:
            world.end_holds(booking.id)
        world.died_at(victim, point)
    world.start(["reaper"])
    world.webhooks(mode="on")
    world.stack.stripe.post("webhooks/release")
    e = world.judge(meanwhile=world.end_holds)
    assert {b["status"] for b in e.bookings.values()} == {3 if points is REAP else 1}
