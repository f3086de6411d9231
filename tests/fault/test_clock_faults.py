"""F19: clocks that are wrong by minutes or by more than a day. PostgreSQL's is the only one that decides."""

import time

import pytest
from fault_world import HEALING
from stack.wait import never

MINUTES, DAY = 600, 25 * 3600
LONG_S = 3 * DAY
REFUSED = 'unbook_webhooks_refused_total{{reason="{}"}}'


def good_for_days(world, person):
    """A token that a clock wrong by a day still takes."""
    now = int(time.time())
    person.token = world.stack.issuer.mint(person.subject, person.role, lifetime_s=LONG_S, nbf=now - LONG_S, iat=now - LONG_S)
    return person


@pytest.mark.parametrize("wrong_by", [MINUTES, -MINUTES, DAY, -DAY])
def test_the_clock_of_the_api_is_wrong(new_world, wrong_by):
    """24 hours are 24 hours all the same (I5), holds last as long as Stripe's checkouts. Webhooks are refused, which is counted, and what
    they would have told is found out without them."""
    world = new_world(only=("refund-worker", "notifier", "reaper"), settings=HEALING)
    good_for_days(world, world.parent)
    world.start(["api"], clock_wrong_by=wrong_by)
    world.webhooks()
    api = world.stack.of("api")[0]
    early = world.stack.seed.booking(world.parent, world.teacher, starts_in="24 hours 5 minutes")
    late = world.stack.seed.booking(world.parent, world.stack.seed.person("Teacher", "Tea"), starts_in="23 hours 55 minutes")
    assert world.client.cancel(early).outcome == "ok"
    assert world.client.cancel(late).code == "too_late"
    booking, checkout = world.reserve(good_for_days(world, world.stack.seed.person("Parent", "Pia")))
    held_s = world.stack.one(
        "SELECT extract(epoch FROM hold_expires_at - created_at) AS s FROM bookings WHERE id = %s", booking.id
    )["s"]
    assert 1800 < held_s <= 2100
    world.pay(checkout)
    world.heal()
    reason = "signature_too_old" if wrong_by > 0 else "signature_in_future"
    world.eventually(lambda: api.metrics().get(REFUSED.format(reason), 0) >= 1, 15, "the webhook is refused, and counted")
    world.eventually(lambda: world.status(booking) == 1, 15, "Stripe was asked")
    world.judge()


def test_the_clocks_of_workers_are_wrong(new_world):
    """Ahead and behind by a day beside each other: nothing is due sooner or later, no hold ends early, and the budget that refund workers
    share does not depend on their clocks."""
    world = new_world(only=("api",), settings={"UNBOOK_REPLICAS": "2"})
    for name, wrong_by in (("refund-worker", DAY), ("refund-worker", -DAY), ("notifier", -DAY), ("reaper", DAY)):
        world.start([name], clock_wrong_by=wrong_by)
    bookings = world.book(12)
    slow = bookings[0].payment_intent
    world.stack.stripe.post(f"payment_intents/{slow}/course", course="pending_succeeded", delay_s=1)
    world.stripe_fault("cut", effect=True, method="POST", count=3)
    (held, checkout), (paid, paid_checkout), (left, _) = (world.reserve() for _ in range(3))
    world.pay(paid_checkout)
    world.end_holds(paid.id)
    world.end_holds(left.id)
    world.cancel(bookings)
    world.judge()
    assert [world.status(b) for b in (held, paid, left)] == [0, 1, 3]
    never(lambda: world.status(held) != 0, 0.5, "a hold that is not over ends")
    world.pay(checkout)
    world.judge(meanwhile=world.end_holds)
    assert world.status(held) == 1
