"""F27 to F30: payments and Stripe's words about them at the worst of times, with everything running."""

import threading

WEEK_S = 7 * 24 * 3600
TABLES = ("bookings", "payments", "refunds", "mails", "booking_log")
CREATE = {"method": "POST", "path": "/v1/checkout/sessions"}
EXPIRE = {"method": "POST", "path": "/v1/checkout/sessions/*/expire"}


def at_once(*acts):
    threads = [threading.Thread(target=act, daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def try_to_pay(world, checkout):
    """Unless Stripe has closed it by then."""
    world.stack.stripe.http.post(f"/_sim/checkouts/{checkout}/pay", {})


def heard(world):
    """What Stripe had to tell has been told: until then a payment is only known there."""
    world.eventually(lambda: not world.stack.stripe.get("webhooks")["pending"], 20, "Stripe was heard")


def test_stripes_word_ten_times_backwards_and_again_after_days(new_world):
    """F27: a payment, a delayed one, one in vain and a hold that ended: each told ten times in reverse order, then once more."""
    world = new_world(only=("api", "refund-worker", "notifier", "reaper"))
    world.webhooks(mode="hold", copies=10)
    (paid, checkout), (later, slow), (vain, failing), (left, open_one) = (world.reserve() for _ in range(4))
    world.pay(checkout)
    for each, succeeded in ((slow, True), (failing, False)):
        world.pay(each, delayed=True)
        world.stack.stripe.post(f"checkouts/{each}/async", succeeded=succeeded)
    world.end_holds(left.id)
    world.eventually(lambda: world.status(left) == 3, 20, "nobody paid in time")
    world.stack.stripe.post("webhooks/release", order="reverse")
    heard(world)
    world.judge()
    assert [world.status(b) for b in (paid, later, vain, left)] == [1, 1, 3, 3]
    before = {table: world.stack.sql(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}
    for each in (checkout, slow, failing, open_one):
        for event in world.events_about(each):
            assert world.stack.stripe.post("webhooks/send", event=event, age_s=WEEK_S)["status"] == 400
            assert world.stack.stripe.post("webhooks/resend", event=event)["statuses"] == [200]
    world.judge()
    assert before == {table: world.stack.sql(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}


def test_stripes_word_comes_before_the_checkout_is_known_here(new_world):
    """F28: the answer to the creation is still on its way when the checkout is paid. It is found by our mark on it."""
    world = new_world(settings={"UNBOOK_STRIPE_TIMEOUT_MS": "20000"})
    world.webhooks()
    world.stripe_fault("barrier", name="made", when="after", **CREATE)
    calls = []
    booker = threading.Thread(target=lambda: calls.append(world.ask_for()), daemon=True)
    booker.start()
    assert world.stack.stripe.get("barriers/made?held=1&timeout_s=15")["reached"]
    (made,) = world.stack.stripe.ledger.effects("checkout_created")
    world.pay(made["checkout"])
    world.eventually(
        lambda: world.stack.one("SELECT 1 FROM bookings WHERE status = 1 AND stripe_session_id = %s", made["checkout"]),
        20,
        "confirmed, and its checkout is known",
    )
    world.stack.stripe.post("barriers/made/release")
    booker.join(20)
    assert calls[0].outcome == "ok" and calls[0].data["stripeSessionId"] == made["checkout"], calls
    world.judge()


def test_paid_while_two_reapers_and_the_parent_give_it_up(new_world):
    """F29: the expiry of every hold stands before Stripe's door; meanwhile buyers pay, parents give up, look and cancel."""
    world = new_world(workers=2)
    world.webhooks()
    held = [world.reserve() for _ in range(8)]
    world.stripe_fault("barrier", name="expiry", when="before", count=len(held), **EXPIRE)
    world.end_holds()
    assert world.stack.stripe.get("barriers/expiry?held=4&timeout_s=15")["reached"]
    acts = []
    for number, (booking, checkout) in enumerate(held):
        acts.append(lambda b=booking, c=checkout: world.client.cancel_payment(b, c))
        if number % 2:
            acts.append(lambda c=checkout: try_to_pay(world, c))
            acts.append(lambda b=booking, c=checkout: world.client.confirm_payment(b, c))
        if number % 4 == 3:
            acts.append(lambda b=booking: world.client.cancel(b, world.teacher))
    acts.append(lambda: world.stack.stripe.post("barriers/expiry/release"))
    at_once(*acts)
    world.no_stripe_faults()
    heard(world)
    world.judge(meanwhile=world.end_holds)


def test_paid_twice(new_world):
    """F30: two checkouts of one booking, both paid: at once, one after the other, and after a cancel. One payment stays, at most."""
    world = new_world()
    world.webhooks(jitter_s=0.2)
    together, one_by_one, cancelled = (world.reserve() for _ in range(3))
    second = {b.id: world.second_checkout(b.id) for b, _ in (together, one_by_one, cancelled)}
    at_once(*(lambda c=c: world.pay(c) for c in (together[1], second[together[0].id])))
    with world.open_checkout(one_by_one[1]):  # else the reaper closes it as soon as the other one has confirmed the booking
        for checkout in (second[one_by_one[0].id], one_by_one[1]):
            world.pay(checkout)
            world.eventually(lambda: world.status(one_by_one[0]) == 1, 20, "confirmed")
    world.pay(cancelled[1])
    world.cancel([cancelled[0]])
    world.pay(second[cancelled[0].id])
    heard(world)
    e = world.judge()
    assert len(e.payments) == 6 and len(e.refunds) == 4
    assert [world.status(b) for b, _ in (together, one_by_one, cancelled)] == [1, 1, 3]
