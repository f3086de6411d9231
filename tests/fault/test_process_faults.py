"""Processes that freeze, multiply and are asked to stop."""

import threading

from fault_world import Load

POST = {"method": "POST", "path": "/v1/refunds"}
LIST = {"method": "GET", "path": "/v1/refunds"}


def barrier(world, name, **rule):
    world.stripe_fault("barrier", name=name, when="before", **rule)


def held(world, name):
    world.stack.stripe.get(f"barriers/{name}?held=1&timeout_s=15")


def release(world, name):
    world.stack.stripe.post(f"barriers/{name}/release")


def one_refund(world):
    return world.stack.one("SELECT * FROM refunds")


def test_a_worker_that_stood_still_before_its_post_does_not_post(new_world):
    """F2: frozen while it looked at Stripe. Another one refunds meanwhile; the woken one finds its lease over."""
    world = new_world(only=("api", "notifier", "reaper"), settings={"UNBOOK_STRIPE_TIMEOUT_MS": "60000"})
    (booking,) = world.book()
    world.stripe_fault("cut", effect=False, **POST)  # so that the next attempt looks first
    barrier(world, "looking", **LIST)
    sleeper = world.stack.start_service("refund-worker")
    world.cancel([booking])
    held(world, "looking")
    sleeper.sigstop()
    world.expect.kills += 1
    world.start(["refund-worker"])
    world.eventually(lambda: world.refunds("succeeded") == 1, 20, "another worker took over")
    before, posts = one_refund(world), len(world.stack.stripe.ledger.refund_posts())
    release(world, "looking")
    sleeper.sigcont()
    world.eventually(lambda: "lease" in sleeper.log_text(), 15, "the woken one says that its lease is over")
    world.judge()
    assert one_refund(world) == before, "the woken one wrote"
    assert len(world.stack.stripe.ledger.refund_posts()) == posts, "the woken one posted"


def test_a_worker_that_stood_still_after_its_post_records_nothing(new_world):
    """F2: its request is on the way while it is frozen; the other one adopts what it made, and the fence stops the late word."""
    world = new_world(only=("api", "notifier", "reaper"), settings={"UNBOOK_STRIPE_TIMEOUT_MS": "60000"})
    (booking,) = world.book()
    barrier(world, "posting", **POST)
    sleeper = world.stack.start_service("refund-worker")
    world.cancel([booking])
    held(world, "posting")
    sleeper.sigstop()
    world.expect.kills += 1
    release(world, "posting")
    world.start(["refund-worker"])
    world.eventually(lambda: world.refunds("succeeded") == 1, 20, "another worker took over")
    before = one_refund(world)
    sleeper.sigcont()
    world.eventually(lambda: "lease_lost" in sleeper.log_text(), 15, "the woken one lost its lease")
    e = world.judge()
    assert one_refund(world) == before, "the woken one wrote"
    assert len([r for r in e.log if r["what"] == "refund_succeeded"]) == 1


def test_two_of_everything(new_world):
    """F35: two relays and more, two of every worker, four callers who ask for the same at once."""
    world = new_world(workers=2, settings={"UNBOOK_REFUND_RATE": "0"})
    world.start(["api"])
    bookings = world.book(20)

    def everybody():
        for booking in bookings:
            world.client.cancel_until_answered(booking)

    callers = [threading.Thread(target=everybody, daemon=True) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
        assert not caller.is_alive()
    e = world.judge()
    assert all(call.outcome == "ok" for call in world.client.calls)
    assert len(e.ledger.refund_posts()) == len(bookings), "somebody asked Stripe twice in vain"


def test_sigterm_under_load(new_world):
    """50 cancels a second while every service in turn is stopped in an orderly way and started again: nothing lost, nothing doubled, exit
    0 in time, and no mail or refund has an unknown outcome."""
    patient = {"UNBOOK_SMTP_FINAL_MS": "15000", "UNBOOK_SMTP_STEP_MS": "15000", "UNBOOK_STRIPE_TIMEOUT_MS": "15000"}
    world = new_world(settings={"UNBOOK_REFUND_RATE": "0", "UNBOOK_LEASE_MS": "20000", **patient})
    bookings = world.book(200)
    with Load(world, bookings, per_second=50) as load:
        for name in ("refund-worker", "notifier", "api", "reaper", "refund-worker", "notifier"):
            old = world.stack.of(name)[0]
            if name == "api":
                world.stack.start_service("api")  # a second one answers meanwhile
            old.sigterm()
            assert old.wait_exit(25) == 0, f"{old.name} after SIGTERM"
            if name != "api":
                world.stack.start_service(name)
    assert load.done == len(bookings)
    e = world.judge(quiet_s=60)
    assert [m["id"] for m in e.mails if m["unknowns"]] == []
    assert max(r["failures"] for r in e.refunds.values()) == 0


def test_sigterm_during_a_stripe_call(new_world):
    """F3: what is in flight is finished, then the worker leaves."""
    world = new_world()
    (booking,) = world.book()
    world.stripe_fault("delay", seconds=0.8, **POST)
    world.cancel([booking])
    worker = world.stack.of("refund-worker")[0]
    world.eventually(lambda: world.stack.stripe.ledger.refund_posts(), 15, "the request is on its way")
    worker.sigterm()
    assert worker.wait_exit(25) == 0
    assert one_refund(world)["state"] == "succeeded"
    world.start(["refund-worker"])
    world.judge()


def test_everything_killed_at_once_and_started_again(world):
    """SIGKILL to all four services in the middle of 12 refunds, twice."""
    bookings = world.book(12)
    world.stripe_fault("delay", seconds=0.3, method="POST", count=None)
    for part in (bookings[:6], bookings[6:]):
        world.cancel(part)
        for service in [s for s in world.stack.running if s.running()]:
            world.kill(service)
        world.start(["api", "refund-worker", "notifier", "reaper"])
    world.judge()
