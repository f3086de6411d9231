"""kill -9 of a reaper at every place where it may hurt: the next one ends it, once (faults.md section 3)."""

import pytest
from settle_world import (
    Stripe,
    deliver,
    hold,
    log,
    mails,
    payments,
    refunds,
    row,
    wait_closed,
    wait_status,
)

RELEASE = [
    "reap.after_claim",
    "reap.after_post",
    "reap.before_record",
    "release.after_lock",
    "release.before_commit",
    "release.after_commit",
    "reap.after_record",
]
SETTLE = ["settle.after_lock", "settle.before_commit", "settle.after_commit"]
EVENT = ["event.after_claim", "event.before_record", *SETTLE, "event.after_record", "event.before_applied"]
HEAL = ["heal.after_claim", "heal.before_record"]


@pytest.fixture
def dying(new_stack):
    """dying(point) -> a stack whose only reaper dies there, and a function that waits for it and starts another."""

    def make(point):
        stack = new_stack(only=("reaper",), start=False, settings={"UNBOOK_HEAL_AFTER_MS": "0"})
        stack.start(only=())
        reaper = stack.start_service("reaper", UNBOOK_CRASH_POINT=point)

        def revive():
            stack.eventually(lambda: not reaper.running(), 20, f"killed at {point}")
            assert reaper.exit_code == -9
            stack.start_service("reaper")

        return stack, revive

    return make


@pytest.mark.parametrize("point", RELEASE)
def test_a_reaper_killed_while_it_releases(dying, point):
    stack, revive = dying(point)
    booking, checkout = hold(stack)
    revive()
    after = wait_status(stack, booking, 3)
    assert wait_closed(stack, booking)["version"] == 2 and after["cancel_cause"] == "checkout_expired"
    assert Stripe(stack).get(checkout)["status"] == "expired"
    assert log(stack, booking) == ["released"] and not mails(stack, booking)


@pytest.mark.parametrize("point", EVENT)
def test_a_reaper_killed_while_it_settles(dying, point):
    stack, revive = dying(point)
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout)
    event = deliver(stack, Stripe(stack).events(checkout)[-1])
    revive()
    after = wait_status(stack, booking, 1)
    stack.eventually(
        lambda: stack.one("SELECT applied_at FROM stripe_events WHERE id = %s", event)["applied_at"],
        what="applied",
    )
    assert row(stack, booking)["version"] == 2 and after["payment_intent"]
    assert len(mails(stack, booking)) == 2 and len(payments(stack, booking)) == 1
    assert not refunds(stack, booking) and log(stack, booking) == ["confirmed"]


@pytest.mark.parametrize("point", SETTLE)
def test_a_reaper_killed_while_it_gives_back(dying, point):
    stack, revive = dying(point)
    booking, checkout = hold(stack, held="1 hour", amount_minor=4500)
    Stripe(stack).pay(checkout, amount=4000)
    deliver(stack, Stripe(stack).events(checkout)[-1])
    revive()
    assert wait_status(stack, booking, 3)["cancel_cause"] == "amount_mismatch"
    assert len(refunds(stack, booking)) == 1 and len(mails(stack, booking)) == 1


@pytest.mark.parametrize("point", HEAL)
def test_a_reaper_killed_while_it_heals(dying, point):
    stack, revive = dying(point)
    booking, checkout = hold(stack, held="1 hour")
    Stripe(stack).pay(checkout)
    stack.sql("UPDATE heals SET next_try_at = clock_timestamp() WHERE pass = 'payments'")
    revive()
    wait_status(stack, booking, 1)
    stack.eventually(lambda: stack.one("SELECT done_until FROM heals WHERE pass = 'payments'")["done_until"])
    (event,) = stack.sql("SELECT * FROM stripe_events")
    assert event["id"] == f"evt_unbook_{checkout}_complete" and len(payments(stack, booking)) == 1
