"""F36: a long pause, then everything at once."""

BUDGET = 20  # refund requests a second, agreed with Stripe


def test_a_day_of_backlog_and_then_a_burst(new_world):
    """The refund workers were away for a day. Some requests had left before, unheard, and Stripe has forgotten their keys by now."""
    world = new_world(only=("api", "notifier", "reaper"), settings={"UNBOOK_REPLICAS": "2"})
    bookings = world.book(100)
    world.stripe_fault("hang", effect=True, method="POST", count=None)
    world.cancel(bookings[:5])
    world.start(["refund-worker"])
    ledger = world.eventually(lambda: len((made := world.stack.stripe.ledger).refunds()) == 5 and made, 20, "five were made")
    world.kill(world.stack.of("refund-worker")[0])
    world.cancel(bookings[5:])
    world.stack.sql(
        "UPDATE refunds SET created_at = created_at - interval '1 day', first_sent_at = first_sent_at - interval '1 day'"
    )
    world.stack.stripe.post("clock/advance", seconds=24 * 3600 + 60)
    world.no_stripe_faults()
    world.start(["refund-worker"], workers=2)
    e = world.judge(quiet_s=60)
    posts = e.ledger.refund_posts()[len(ledger.refund_posts()) :]
    took_s = posts[-1].real - posts[0].real
    print(f"{len(posts)} refunds in {took_s:.1f} s, at most {e.ledger.busiest_second()} in a second")
    assert len(posts) == 95, "what Stripe had made was found, not asked for once more"
    assert len(posts) >= 0.95 * BUDGET * took_s
    assert e.ledger.busiest_second() <= BUDGET + 2 and not [post for post in posts if post.status == 429]
